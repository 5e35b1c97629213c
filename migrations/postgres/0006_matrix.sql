-- What the house itself keeps sealed: sessions and recovery keys of its own accounts, such as matrix.session.
CREATE TABLE house_secret (
    name TEXT PRIMARY KEY,
    -- Where it is used.
    address TEXT NOT NULL,
    sealed BYTEA NOT NULL,
    keyset_key BIGINT NOT NULL
);

-- Events of a platform that may come again and must not be dealt with twice, such as commands.
CREATE TABLE dealt_with (
    account TEXT NOT NULL,
    event TEXT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (account, event)
);
CREATE INDEX dealt_with_at ON dealt_with (at);

-- What commands begin with in a place, where somebody chose another sign than the usual one.
ALTER TABLE place ADD COLUMN prefix TEXT;
