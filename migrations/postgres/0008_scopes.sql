-- Whether only those who are in a place can read what the platform carries: what is said there stays there.
ALTER TABLE place ADD COLUMN is_encrypted BOOLEAN NOT NULL DEFAULT FALSE;

-- How far a memory carries: open, private, sealed. Until now nobody noted which rooms of Matrix are encrypted: what was
-- said in private there counts as if all of them were.
UPDATE memory SET privacy = CASE WHEN place_id IN (SELECT id FROM place WHERE platform = 'matrix') THEN 'sealed' ELSE 'private' END
    WHERE privacy <> 'open';
UPDATE chunk SET privacy = CASE WHEN place_id IN (SELECT id FROM place WHERE platform = 'matrix') THEN 'sealed' ELSE 'private' END
    WHERE privacy <> 'open';

-- Times in which what a personality is told in a place is remembered there and for that time only. Ended ones are kept
-- for a while, for answers that are still under way.
CREATE TABLE session (
    id TEXT PRIMARY KEY NOT NULL,
    place_id TEXT NOT NULL REFERENCES place (id) ON DELETE CASCADE,
    personality_id TEXT NOT NULL REFERENCES personality (id) ON DELETE CASCADE,
    started_by TEXT REFERENCES member (id) ON DELETE SET NULL,
    started_at BIGINT NOT NULL,
    ended_at BIGINT,
    -- What was said in it was kept for those who said it.
    is_kept BOOLEAN NOT NULL DEFAULT FALSE
);
CREATE UNIQUE INDEX session_running ON session (place_id, personality_id) WHERE ended_at IS NULL;
CREATE INDEX session_place ON session (place_id, personality_id, started_at);
CREATE INDEX session_personality ON session (personality_id);
CREATE INDEX session_starter ON session (started_by);

-- How many characters of a message its author wrote: what follows came with them, such as a file or a quotation, and is
-- no memory of theirs. Where nothing is said, all of it is their own.
ALTER TABLE message ADD COLUMN own BIGINT;
