-- Which answer a platform's message is part of.
CREATE INDEX delivery_sent ON delivery (platform_id) WHERE platform_id IS NOT NULL;

-- Whom a member speaks as at a service that speaks for members, such as pluralkit:UUID, and the persona that is.
CREATE TABLE proxy_link (
    member_id TEXT NOT NULL REFERENCES member (id) ON DELETE CASCADE,
    proxied_as TEXT NOT NULL,
    -- The name shown there.
    name TEXT NOT NULL,
    persona_id TEXT NOT NULL REFERENCES persona (id) ON DELETE CASCADE,
    PRIMARY KEY (member_id, proxied_as)
) STRICT;
INSERT INTO proxy_link (member_id, proxied_as, name, persona_id)
    SELECT member_id, proxied_as, name, id FROM persona WHERE proxied_as IS NOT NULL;
DROP INDEX persona_proxied;
ALTER TABLE persona DROP COLUMN proxied_as;

-- Pictures that came with a message: where they are, for models that see.
CREATE TABLE picture (
    message_id TEXT NOT NULL REFERENCES message (id) ON DELETE CASCADE,
    n INTEGER NOT NULL,
    url TEXT NOT NULL,
    PRIMARY KEY (message_id, n)
) STRICT;
