-- What was done to the house and to what it keeps: only ever added to, and each row bound by its hash to the one before.
-- No names and no texts: members are marks.
CREATE TABLE audit (
    n INTEGER PRIMARY KEY NOT NULL,
    at INTEGER NOT NULL,
    deed TEXT NOT NULL,
    -- Who did it; nobody: whoever runs the house, outside of any conversation, or the house by itself.
    by_mark TEXT,
    -- The member it was done to, and the id of what it was done to.
    to_mark TEXT,
    thing TEXT,
    detail TEXT,
    hash TEXT NOT NULL
) STRICT;
CREATE TRIGGER audit_is_not_changed BEFORE UPDATE ON audit
    BEGIN SELECT RAISE(ABORT, 'the audit log is only added to'); END;
CREATE TRIGGER audit_is_not_shortened BEFORE DELETE ON audit
    BEGIN SELECT RAISE(ABORT, 'the audit log is only added to'); END;
-- A row that replaces another is no deletion to SQLite.
CREATE TRIGGER audit_is_not_replaced BEFORE INSERT ON audit WHEN EXISTS (SELECT 1 FROM audit WHERE n = NEW.n)
    BEGIN SELECT RAISE(ABORT, 'the audit log is only added to'); END;

-- The end of the log. Whoever adds to it changes this row first, so that two never add after the same row.
CREATE TABLE audit_head (
    id INTEGER PRIMARY KEY NOT NULL,
    n INTEGER NOT NULL,
    hash TEXT NOT NULL
) STRICT;
INSERT INTO audit_head (id, n, hash) VALUES (1, 0, '');

-- Whose mark is whose: gone with the member, while the log stays whole.
CREATE TABLE audit_mark (
    member_id TEXT PRIMARY KEY NOT NULL REFERENCES member (id) ON DELETE CASCADE,
    mark TEXT NOT NULL UNIQUE
) STRICT;
