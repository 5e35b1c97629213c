CREATE TABLE meta (
    key TEXT PRIMARY KEY NOT NULL,
    value TEXT NOT NULL
) STRICT;

CREATE TABLE member (
    id TEXT PRIMARY KEY NOT NULL,
    locale TEXT,
    time_zone TEXT,
    created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE identity (
    platform TEXT NOT NULL,
    subject TEXT NOT NULL,
    member_id TEXT NOT NULL REFERENCES member (id) ON DELETE CASCADE,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (platform, subject)
) STRICT;
CREATE INDEX identity_member ON identity (member_id);

CREATE TABLE persona (
    id TEXT PRIMARY KEY NOT NULL,
    member_id TEXT NOT NULL REFERENCES member (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    pronouns TEXT,
    description TEXT,
    is_default INTEGER NOT NULL DEFAULT 0,
    created_at INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX persona_name ON persona (member_id, name);
CREATE UNIQUE INDEX persona_default ON persona (member_id) WHERE is_default;

CREATE TABLE personality (
    id TEXT PRIMARY KEY NOT NULL,
    slug TEXT NOT NULL UNIQUE,
    owner_id TEXT REFERENCES member (id) ON DELETE SET NULL,
    visibility TEXT NOT NULL DEFAULT 'public',
    spec TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;

CREATE TABLE place (
    id TEXT PRIMARY KEY NOT NULL,
    platform TEXT NOT NULL,
    subject TEXT NOT NULL,
    parent TEXT,
    privacy TEXT NOT NULL DEFAULT 'direct',
    personality_id TEXT REFERENCES personality (id) ON DELETE SET NULL,
    autorespond INTEGER NOT NULL DEFAULT 0,
    created_at INTEGER NOT NULL,
    UNIQUE (platform, subject)
) STRICT;

-- The ordered mailbox of a place: id is the place's id.
CREATE TABLE lane (
    id TEXT PRIMARY KEY NOT NULL REFERENCES place (id) ON DELETE CASCADE,
    next_seq INTEGER NOT NULL DEFAULT 0,
    owner TEXT NOT NULL DEFAULT '',
    until INTEGER NOT NULL DEFAULT 0,
    epoch INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE TABLE message (
    id TEXT PRIMARY KEY NOT NULL,
    place_id TEXT NOT NULL REFERENCES place (id) ON DELETE CASCADE,
    seq INTEGER NOT NULL,
    account TEXT NOT NULL,
    platform_id TEXT NOT NULL,
    member_id TEXT REFERENCES member (id) ON DELETE CASCADE,
    persona_id TEXT REFERENCES persona (id) ON DELETE SET NULL,
    personality_id TEXT REFERENCES personality (id) ON DELETE SET NULL,
    -- The turn this message asks for, or the turn it answers.
    turn_id TEXT,
    author_name TEXT NOT NULL,
    text TEXT NOT NULL,
    tokens INTEGER NOT NULL DEFAULT 0,
    at INTEGER NOT NULL,
    deleted_at INTEGER,
    UNIQUE (account, platform_id)
) STRICT;
CREATE INDEX message_history ON message (place_id, seq);
CREATE INDEX message_turn ON message (turn_id);

CREATE TABLE turn (
    id TEXT PRIMARY KEY NOT NULL,
    place_id TEXT NOT NULL REFERENCES place (id) ON DELETE CASCADE,
    seq INTEGER NOT NULL,
    message_id TEXT NOT NULL REFERENCES message (id) ON DELETE CASCADE,
    personality_id TEXT NOT NULL REFERENCES personality (id) ON DELETE CASCADE,
    member_id TEXT NOT NULL REFERENCES member (id) ON DELETE CASCADE,
    persona_id TEXT NOT NULL REFERENCES persona (id) ON DELETE CASCADE,
    state TEXT NOT NULL DEFAULT 'queued',
    attempt INTEGER NOT NULL DEFAULT 0,
    epoch INTEGER NOT NULL DEFAULT 0,
    cancelled INTEGER NOT NULL DEFAULT 0,
    run_at INTEGER NOT NULL DEFAULT 0,
    answer TEXT,
    -- Error class when the turn ended with a polite line instead of an answer.
    failure TEXT,
    -- What the answer was made of (JSON), for /inspect.
    made_of TEXT,
    trace TEXT NOT NULL DEFAULT '',
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    UNIQUE (message_id, personality_id)
) STRICT;
CREATE INDEX turn_open ON turn (place_id, seq) WHERE state IN ('queued', 'running', 'sending');
CREATE INDEX turn_last ON turn (place_id, updated_at);

CREATE TABLE delivery (
    turn_id TEXT NOT NULL REFERENCES turn (id) ON DELETE CASCADE,
    part INTEGER NOT NULL,
    once_key TEXT NOT NULL UNIQUE,
    text TEXT NOT NULL,
    state TEXT NOT NULL DEFAULT 'sending',
    platform_id TEXT,
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (turn_id, part)
) STRICT;

-- Answers start from the newest cut of a place and personality; undoing a reset removes the cut.
CREATE TABLE history_cut (
    id TEXT PRIMARY KEY NOT NULL,
    place_id TEXT NOT NULL REFERENCES place (id) ON DELETE CASCADE,
    personality_id TEXT NOT NULL REFERENCES personality (id) ON DELETE CASCADE,
    member_id TEXT REFERENCES member (id) ON DELETE CASCADE,
    after_seq INTEGER NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX history_cut_place ON history_cut (place_id, personality_id, created_at);

CREATE TABLE memory (
    id TEXT PRIMARY KEY NOT NULL,
    kind TEXT NOT NULL DEFAULT 'episode',
    tenant TEXT NOT NULL,
    persona_id TEXT NOT NULL REFERENCES persona (id) ON DELETE CASCADE,
    personality_id TEXT NOT NULL REFERENCES personality (id) ON DELETE CASCADE,
    place_id TEXT NOT NULL REFERENCES place (id) ON DELETE CASCADE,
    privacy TEXT NOT NULL DEFAULT 'direct',
    provenance TEXT NOT NULL DEFAULT 'user_said',
    turn_id TEXT UNIQUE,
    said_by TEXT NOT NULL,
    said TEXT NOT NULL,
    answered_by TEXT NOT NULL,
    answered TEXT NOT NULL,
    at INTEGER NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX memory_tenant ON memory (tenant, at);

-- Work that follows a memory: 'put' makes its vectors, 'forget' removes them.
CREATE TABLE outbox (
    id TEXT PRIMARY KEY NOT NULL,
    memory_id TEXT NOT NULL,
    action TEXT NOT NULL DEFAULT 'put',
    attempt INTEGER NOT NULL DEFAULT 0,
    run_at INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX outbox_memory ON outbox (memory_id);
CREATE INDEX outbox_due ON outbox (run_at);

-- The embedded vector store: one row a chunk. Derived from memory, rebuilt by reindex.
CREATE TABLE chunk (
    id TEXT PRIMARY KEY NOT NULL,
    memory_id TEXT NOT NULL,
    tenant TEXT NOT NULL,
    place_id TEXT NOT NULL,
    privacy TEXT NOT NULL DEFAULT 'direct',
    at INTEGER NOT NULL,
    -- Hashed words with their counts; the words themselves are in memory.
    terms BLOB NOT NULL,
    space TEXT NOT NULL,
    dense BLOB NOT NULL
) STRICT;
CREATE INDEX chunk_tenant ON chunk (tenant);
CREATE INDEX chunk_memory ON chunk (memory_id);

-- Tenants that have chunks. Every change of one gives it a new revision: copies in memory are checked against it.
CREATE TABLE shelf (
    tenant TEXT PRIMARY KEY NOT NULL,
    revision INTEGER NOT NULL
) STRICT;

CREATE TABLE usage_entry (
    id TEXT PRIMARY KEY NOT NULL,
    turn_id TEXT NOT NULL UNIQUE,
    member_id TEXT NOT NULL REFERENCES member (id) ON DELETE CASCADE,
    personality_id TEXT NOT NULL,
    key_source TEXT NOT NULL,
    model TEXT NOT NULL,
    prompt_tokens INTEGER NOT NULL DEFAULT 0,
    completion_tokens INTEGER NOT NULL DEFAULT 0,
    -- Whether the provider counted the tokens or we did.
    counted_by_provider INTEGER NOT NULL DEFAULT 0,
    -- Millionths of a US dollar.
    cost_micros INTEGER NOT NULL DEFAULT 0,
    at INTEGER NOT NULL
) STRICT;
CREATE INDEX usage_member ON usage_entry (member_id, at);
