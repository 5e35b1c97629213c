-- What one process at a time holds for all: an account of a platform, a chore. Times are the database's own.
CREATE TABLE lease (
    name TEXT PRIMARY KEY NOT NULL,
    holder TEXT NOT NULL,
    epoch BIGINT NOT NULL,
    until BIGINT NOT NULL
);

-- How often it was begun to send an answer: one that another process wrote was not begun.
ALTER TABLE turn ADD COLUMN sendings BIGINT NOT NULL DEFAULT 0;
UPDATE turn SET sendings = 1 WHERE state = 'sending';

-- News for the other processes, sent with the change itself: the first word says what it is (src/domain/news.rs).
CREATE FUNCTION greenroom_tell() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('greenroom', TG_ARGV[0]);
    RETURN NULL;
END $$;

CREATE FUNCTION greenroom_tell_member() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('greenroom', 'member ' || OLD.id);
    RETURN NULL;
END $$;

-- A turn that is new, that was written, or that ended before another one of its lane.
CREATE FUNCTION greenroom_tell_turn() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    next_member TEXT := NEW.member_id;
BEGIN
    IF NEW.state NOT IN ('queued', 'sending') THEN
        SELECT member_id INTO next_member FROM turn WHERE place_id = NEW.place_id
            AND state IN ('queued', 'running', 'sending') ORDER BY seq, id LIMIT 1;
        IF next_member IS NULL THEN
            RETURN NULL;
        END IF;
    END IF;
    PERFORM pg_notify('greenroom', 'post ' || NEW.state || ' ' || NEW.place_id || ' ' || next_member);
    RETURN NULL;
END $$;

CREATE TRIGGER turn_new AFTER INSERT ON turn FOR EACH ROW EXECUTE FUNCTION greenroom_tell_turn();
CREATE TRIGGER turn_moved AFTER UPDATE OF state ON turn FOR EACH ROW
    WHEN (NEW.state <> OLD.state AND NEW.state <> 'running') EXECUTE FUNCTION greenroom_tell_turn();
CREATE TRIGGER outbox_new AFTER INSERT ON outbox FOR EACH STATEMENT EXECUTE FUNCTION greenroom_tell('outbox');

CREATE TRIGGER personality_changed AFTER INSERT OR UPDATE OR DELETE ON personality
    FOR EACH STATEMENT EXECUTE FUNCTION greenroom_tell('changed names');
CREATE TRIGGER personality_member_changed AFTER INSERT OR UPDATE OR DELETE ON personality_member
    FOR EACH STATEMENT EXECUTE FUNCTION greenroom_tell('changed names');
CREATE TRIGGER alias_changed AFTER INSERT OR UPDATE OR DELETE ON alias
    FOR EACH STATEMENT EXECUTE FUNCTION greenroom_tell('changed names');
CREATE TRIGGER choice_changed AFTER INSERT OR UPDATE OR DELETE ON choice
    FOR EACH STATEMENT EXECUTE FUNCTION greenroom_tell('changed bonds');
CREATE TRIGGER quiet_changed AFTER INSERT OR UPDATE OR DELETE ON quiet
    FOR EACH STATEMENT EXECUTE FUNCTION greenroom_tell('changed bonds');
CREATE TRIGGER persona_changed AFTER UPDATE OR DELETE ON persona
    FOR EACH STATEMENT EXECUTE FUNCTION greenroom_tell('changed people');
CREATE TRIGGER identity_changed AFTER UPDATE OR DELETE ON identity
    FOR EACH STATEMENT EXECUTE FUNCTION greenroom_tell('changed people');
CREATE TRIGGER proxy_link_changed AFTER UPDATE OR DELETE ON proxy_link
    FOR EACH STATEMENT EXECUTE FUNCTION greenroom_tell('changed people');
CREATE TRIGGER member_changed AFTER UPDATE ON member FOR EACH ROW EXECUTE FUNCTION greenroom_tell_member();
CREATE TRIGGER member_gone AFTER DELETE ON member
    FOR EACH STATEMENT EXECUTE FUNCTION greenroom_tell('changed people');
CREATE TRIGGER place_changed AFTER UPDATE OR DELETE ON place
    FOR EACH STATEMENT EXECUTE FUNCTION greenroom_tell('changed places');
CREATE TRIGGER place_rule_changed AFTER INSERT OR UPDATE OR DELETE ON place_rule
    FOR EACH STATEMENT EXECUTE FUNCTION greenroom_tell('changed places');
CREATE TRIGGER denial_changed AFTER INSERT OR UPDATE OR DELETE ON denial
    FOR EACH STATEMENT EXECUTE FUNCTION greenroom_tell('changed denials');
CREATE TRIGGER announcement_changed AFTER INSERT OR UPDATE OR DELETE ON announcement
    FOR EACH STATEMENT EXECUTE FUNCTION greenroom_tell('changed announcement');
-- Whether there are any is kept in memory; what they are is read when they are used, which changes them.
CREATE TRIGGER budget_changed AFTER INSERT OR DELETE ON budget
    FOR EACH STATEMENT EXECUTE FUNCTION greenroom_tell('changed budgets');
