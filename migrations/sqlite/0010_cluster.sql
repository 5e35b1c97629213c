-- What one process at a time holds for all: an account of a platform, a chore. Times are the database's own. Only
-- PostgreSQL is shared by several processes; SQLite has the table so that both schemas are the same.
CREATE TABLE lease (
    name TEXT PRIMARY KEY NOT NULL,
    holder TEXT NOT NULL,
    epoch INTEGER NOT NULL,
    until INTEGER NOT NULL
) STRICT;

-- How often it was begun to send an answer: one that another process wrote was not begun.
ALTER TABLE turn ADD COLUMN sendings INTEGER NOT NULL DEFAULT 0;
UPDATE turn SET sendings = 1 WHERE state = 'sending';
