-- Model keys that members brought, sealed. One for each provider; the one chosen last answers.
CREATE TABLE member_key (
    id TEXT PRIMARY KEY NOT NULL,
    member_id TEXT NOT NULL REFERENCES member (id) ON DELETE CASCADE,
    provider TEXT NOT NULL,
    base_url TEXT NOT NULL,
    -- Model at that provider.
    model TEXT NOT NULL,
    sealed BYTEA NOT NULL,
    -- Key of the keyset it is sealed under.
    keyset_key BIGINT NOT NULL,
    fingerprint TEXT NOT NULL,
    mask TEXT NOT NULL,
    state TEXT NOT NULL DEFAULT 'unverified',
    checked_at BIGINT,
    chosen_at BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    UNIQUE (member_id, provider)
);
CREATE INDEX member_key_sealed ON member_key (keyset_key);
