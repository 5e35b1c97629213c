-- Other names that personalities answer to: one member's own, or everyone's where no member is named.
CREATE TABLE alias (
    id TEXT PRIMARY KEY NOT NULL,
    name TEXT NOT NULL,
    -- The name as it is compared: lower-case.
    folded TEXT NOT NULL,
    personality_id TEXT NOT NULL REFERENCES personality (id) ON DELETE CASCADE,
    member_id TEXT REFERENCES member (id) ON DELETE CASCADE,
    created_at INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX alias_own ON alias (member_id, folded) WHERE member_id IS NOT NULL;
CREATE UNIQUE INDEX alias_everyone ON alias (folded) WHERE member_id IS NULL;
CREATE INDEX alias_personality ON alias (personality_id);

CREATE TABLE preset (
    id TEXT PRIMARY KEY NOT NULL,
    owner_id TEXT NOT NULL REFERENCES member (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    spec TEXT NOT NULL,
    -- Whether everyone of the house may choose it.
    offered INTEGER NOT NULL DEFAULT 0,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    UNIQUE (owner_id, name)
) STRICT;

-- What was chosen at one tier of a cascade: which tier it is follows from who is named.
CREATE TABLE choice (
    id TEXT PRIMARY KEY NOT NULL,
    kind TEXT NOT NULL,
    member_id TEXT REFERENCES member (id) ON DELETE CASCADE,
    personality_id TEXT REFERENCES personality (id) ON DELETE CASCADE,
    value TEXT NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX choice_bond ON choice (member_id, personality_id, kind)
    WHERE member_id IS NOT NULL AND personality_id IS NOT NULL;
CREATE UNIQUE INDEX choice_member ON choice (member_id, kind) WHERE member_id IS NOT NULL AND personality_id IS NULL;
CREATE UNIQUE INDEX choice_personality ON choice (personality_id, kind)
    WHERE member_id IS NULL AND personality_id IS NOT NULL;
CREATE UNIQUE INDEX choice_house ON choice (kind) WHERE member_id IS NULL AND personality_id IS NULL;

-- Who else a personality is for: those who look after it as well, and guests.
CREATE TABLE personality_member (
    personality_id TEXT NOT NULL REFERENCES personality (id) ON DELETE CASCADE,
    member_id TEXT NOT NULL REFERENCES member (id) ON DELETE CASCADE,
    role TEXT NOT NULL DEFAULT 'guest',
    created_at INTEGER NOT NULL,
    PRIMARY KEY (personality_id, member_id)
) STRICT;
CREATE INDEX personality_member_member ON personality_member (member_id);

-- While it lasts, nothing is written down (incognito) or read (fresh); with every personality where none is named.
CREATE TABLE quiet (
    id TEXT PRIMARY KEY NOT NULL,
    kind TEXT NOT NULL,
    member_id TEXT NOT NULL REFERENCES member (id) ON DELETE CASCADE,
    personality_id TEXT REFERENCES personality (id) ON DELETE CASCADE,
    until INTEGER NOT NULL
) STRICT;
CREATE INDEX quiet_member ON quiet (member_id);

-- Who is turned away: everywhere, or in one place, or by one personality.
CREATE TABLE denial (
    id TEXT PRIMARY KEY NOT NULL,
    platform TEXT NOT NULL,
    subject TEXT NOT NULL,
    place_id TEXT REFERENCES place (id) ON DELETE CASCADE,
    personality_id TEXT REFERENCES personality (id) ON DELETE CASCADE,
    mode TEXT NOT NULL DEFAULT 'block',
    reason TEXT,
    until INTEGER,
    created_by TEXT REFERENCES member (id) ON DELETE SET NULL,
    created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX denial_subject ON denial (platform, subject);

-- Personalities that may, or may not, answer in a place.
CREATE TABLE place_rule (
    place_id TEXT NOT NULL REFERENCES place (id) ON DELETE CASCADE,
    personality_id TEXT NOT NULL REFERENCES personality (id) ON DELETE CASCADE,
    is_allowed INTEGER NOT NULL DEFAULT 1,
    PRIMARY KEY (place_id, personality_id)
) STRICT;

-- Who may activate a personality, whether only allowed ones answer, and whether the platform keeps minors out.
ALTER TABLE place ADD COLUMN activate_by TEXT NOT NULL DEFAULT 'everyone';
ALTER TABLE place ADD COLUMN only_allowed INTEGER NOT NULL DEFAULT 0;
ALTER TABLE place ADD COLUMN is_adult INTEGER NOT NULL DEFAULT 0;

-- When a member was told that they talk with an AI.
ALTER TABLE member ADD COLUMN told_at INTEGER;

-- File of the picture in the data directory's avatars.
ALTER TABLE personality ADD COLUMN avatar TEXT;

ALTER TABLE memory ADD COLUMN locked_at INTEGER;
-- What its member finds doubtful about it.
ALTER TABLE memory ADD COLUMN flag TEXT;
-- The correction that holds instead: it is never found again, and stays for the record.
ALTER TABLE memory ADD COLUMN corrected_by TEXT;

-- The line to say instead of asking a model: a text id and its arguments (JSON).
ALTER TABLE turn ADD COLUMN notice TEXT;
-- Said while nothing was to be remembered.
ALTER TABLE turn ADD COLUMN is_incognito INTEGER NOT NULL DEFAULT 0;
-- A line of the house within an answer, rather than the personality's words.
ALTER TABLE delivery ADD COLUMN is_notice INTEGER NOT NULL DEFAULT 0;

-- Told once in every place, with its next answer.
CREATE TABLE announcement (
    id TEXT PRIMARY KEY NOT NULL,
    text TEXT NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;
CREATE TABLE announced (
    announcement_id TEXT NOT NULL REFERENCES announcement (id) ON DELETE CASCADE,
    place_id TEXT NOT NULL REFERENCES place (id) ON DELETE CASCADE,
    PRIMARY KEY (announcement_id, place_id)
) STRICT;

-- Most that may be used in a time. No subject: each one of the kind.
CREATE TABLE budget (
    id TEXT PRIMARY KEY NOT NULL,
    payer TEXT NOT NULL,
    subject TEXT NOT NULL DEFAULT '',
    period TEXT NOT NULL,
    -- The operator, a moderator, an owner or the member themselves: each sets a limit of their own, and all hold.
    set_by TEXT NOT NULL,
    tokens INTEGER,
    answers INTEGER,
    cost_micros INTEGER,
    -- Changed by whoever reserves, so that two never count at once.
    touched INTEGER NOT NULL DEFAULT 0,
    UNIQUE (payer, subject, period, set_by)
) STRICT;

-- What calls under way may use at most: counted as used until they are settled.
CREATE TABLE reservation (
    turn_id TEXT PRIMARY KEY NOT NULL,
    attempt INTEGER NOT NULL,
    member_id TEXT REFERENCES member (id) ON DELETE SET NULL,
    place_id TEXT NOT NULL,
    owner_id TEXT REFERENCES member (id) ON DELETE SET NULL,
    personality_id TEXT NOT NULL,
    key_source TEXT NOT NULL,
    model TEXT NOT NULL,
    tokens INTEGER NOT NULL,
    cost_micros INTEGER NOT NULL,
    at INTEGER NOT NULL
) STRICT;
CREATE INDEX reservation_member ON reservation (member_id);

-- The ledger anew: a turn may have several entries, and chores have no turn.
CREATE TABLE ledger (
    id TEXT PRIMARY KEY NOT NULL,
    -- 'answer'; 'lost': a call whose answer never came back, at what it may have cost; 'chore': a share of one.
    kind TEXT NOT NULL DEFAULT 'answer',
    turn_id TEXT,
    -- Nobody any more once the member is erased: what the house spent stays spent.
    member_id TEXT REFERENCES member (id) ON DELETE SET NULL,
    place_id TEXT,
    personality_id TEXT NOT NULL,
    -- Who made the personality.
    owner_id TEXT REFERENCES member (id) ON DELETE SET NULL,
    key_source TEXT NOT NULL,
    -- The model that answered, as its provider named it.
    model TEXT NOT NULL,
    prompt_tokens INTEGER NOT NULL DEFAULT 0,
    completion_tokens INTEGER NOT NULL DEFAULT 0,
    counted_by_provider INTEGER NOT NULL DEFAULT 0,
    -- Millionths of a US dollar.
    cost_micros INTEGER NOT NULL DEFAULT 0,
    at INTEGER NOT NULL
) STRICT;
INSERT INTO ledger (id, turn_id, member_id, personality_id, key_source, model, prompt_tokens, completion_tokens,
    counted_by_provider, cost_micros, at)
    SELECT id, turn_id, member_id, personality_id, key_source, model, prompt_tokens, completion_tokens,
    counted_by_provider, cost_micros, at FROM usage_entry;
DROP TABLE usage_entry;
CREATE INDEX ledger_member ON ledger (member_id, at);
CREATE INDEX ledger_place ON ledger (place_id, at);
CREATE INDEX ledger_owner ON ledger (owner_id, at) WHERE owner_id IS NOT NULL;
CREATE INDEX ledger_at ON ledger (at);

CREATE INDEX message_member ON message (member_id, at);
CREATE INDEX turn_member ON turn (member_id);
CREATE INDEX turn_open_member ON turn (member_id) WHERE state IN ('queued', 'running', 'sending');
