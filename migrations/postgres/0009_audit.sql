-- What was done to the house and to what it keeps: only ever added to, and each row bound by its hash to the one before.
-- No names and no texts: members are marks.
CREATE TABLE audit (
    n BIGINT PRIMARY KEY NOT NULL,
    at BIGINT NOT NULL,
    deed TEXT NOT NULL,
    -- Who did it; nobody: whoever runs the house, outside of any conversation, or the house by itself.
    by_mark TEXT,
    -- The member it was done to, and the id of what it was done to.
    to_mark TEXT,
    thing TEXT,
    detail TEXT,
    hash TEXT NOT NULL
);
CREATE FUNCTION audit_is_only_added_to() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the audit log is only added to';
END
$$;
CREATE TRIGGER audit_is_not_changed BEFORE UPDATE OR DELETE ON audit
    FOR EACH ROW EXECUTE FUNCTION audit_is_only_added_to();
CREATE TRIGGER audit_is_not_emptied BEFORE TRUNCATE ON audit
    FOR EACH STATEMENT EXECUTE FUNCTION audit_is_only_added_to();

-- The end of the log. Whoever adds to it changes this row first, so that two never add after the same row.
CREATE TABLE audit_head (
    id BIGINT PRIMARY KEY NOT NULL,
    n BIGINT NOT NULL,
    hash TEXT NOT NULL
);
INSERT INTO audit_head (id, n, hash) VALUES (1, 0, '');

-- Whose mark is whose: gone with the member, while the log stays whole.
CREATE TABLE audit_mark (
    member_id TEXT PRIMARY KEY NOT NULL REFERENCES member (id) ON DELETE CASCADE,
    mark TEXT NOT NULL UNIQUE
);
