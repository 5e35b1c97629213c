-- Who the persona is at a service that speaks for members, such as pluralkit:UUID.
ALTER TABLE persona ADD COLUMN proxied_as TEXT;
CREATE UNIQUE INDEX persona_proxied ON persona (member_id, proxied_as) WHERE proxied_as IS NOT NULL;

-- Whether nobody said yet who is active: a thread then follows the place it hangs on.
ALTER TABLE place ADD COLUMN follows_parent BOOLEAN NOT NULL DEFAULT TRUE;
UPDATE place SET follows_parent = FALSE WHERE personality_id IS NOT NULL;
