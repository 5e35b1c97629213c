-- Model keys that members brought, sealed. One for each provider; the one chosen last answers.
CREATE TABLE member_key (
    id TEXT PRIMARY KEY NOT NULL,
    member_id TEXT NOT NULL REFERENCES member (id) ON DELETE CASCADE,
    provider TEXT NOT NULL,
    base_url TEXT NOT NULL,
    -- Model at that provider.
    model TEXT NOT NULL,
    sealed BLOB NOT NULL,
    -- Key of the keyset it is sealed under.
    keyset_key INTEGER NOT NULL,
    fingerprint TEXT NOT NULL,
    mask TEXT NOT NULL,
    state TEXT NOT NULL DEFAULT 'unverified',
    checked_at INTEGER,
    chosen_at INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    UNIQUE (member_id, provider)
) STRICT;
CREATE INDEX member_key_sealed ON member_key (keyset_key);
