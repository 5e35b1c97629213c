-- What is distilled of exchanges: summaries, facts and the profile of a relationship are memories of other kinds.
-- More about one of them (JSON): whom it is about, how sure it is, since when it holds.
ALTER TABLE memory ADD COLUMN detail TEXT;
-- When an exchange was read for facts, and when it was summed up.
ALTER TABLE memory ADD COLUMN learned_at BIGINT;
ALTER TABLE memory ADD COLUMN summed_at BIGINT;
CREATE INDEX memory_unlearned ON memory (tenant, place_id, at) WHERE kind = 'episode' AND learned_at IS NULL;
CREATE INDEX memory_unsummed ON memory (tenant, place_id, at) WHERE kind = 'episode' AND summed_at IS NULL;
CREATE INDEX memory_distilled ON memory (tenant, kind, at) WHERE kind <> 'episode';

-- What a memory was distilled from.
CREATE TABLE memory_source (
    memory_id TEXT NOT NULL REFERENCES memory (id) ON DELETE CASCADE,
    source_id TEXT NOT NULL REFERENCES memory (id) ON DELETE CASCADE,
    PRIMARY KEY (memory_id, source_id)
);
CREATE INDEX memory_source_source ON memory_source (source_id);

-- What no longer holds wherever the newer memory may be seen.
CREATE TABLE memory_outdated (
    memory_id TEXT NOT NULL REFERENCES memory (id) ON DELETE CASCADE,
    by_id TEXT NOT NULL REFERENCES memory (id) ON DELETE CASCADE,
    PRIMARY KEY (memory_id, by_id)
);
CREATE INDEX memory_outdated_by ON memory_outdated (by_id);

-- Stretches of talk that are being distilled, or whose distilling failed: nobody takes one up before its time.
CREATE TABLE distilling (
    step TEXT NOT NULL,
    tenant TEXT NOT NULL,
    place_id TEXT NOT NULL REFERENCES place (id) ON DELETE CASCADE,
    persona_id TEXT NOT NULL REFERENCES persona (id) ON DELETE CASCADE,
    attempt BIGINT NOT NULL DEFAULT 0,
    run_at BIGINT NOT NULL,
    PRIMARY KEY (step, tenant, place_id)
);
CREATE INDEX distilling_place ON distilling (place_id);
CREATE INDEX distilling_persona ON distilling (persona_id);
