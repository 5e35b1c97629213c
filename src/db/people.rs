//! Members, their platform identities and their personas.

use super::{Db, Error, Script, Tx, choices, say};
use crate::domain::{Identity, Member, MemberId, Moment, Persona, PersonaId};

const FIND: &str = "SELECT m.id, m.locale, m.time_zone, m.told_at FROM identity i JOIN member m ON m.id = i.member_id \
     WHERE i.platform = $1 AND i.subject = $2";
const ADD_MEMBER: &str = "INSERT INTO member (id, created_at) VALUES ($1, $2)";
const ADD_IDENTITY: &str = "INSERT INTO identity (platform, subject, member_id, created_at) VALUES ($1, $2, $3, $4)";
const ADD_PERSONA: &str =
    "INSERT INTO persona (id, member_id, name, is_default, created_at) VALUES ($1, $2, $3, $4, $5)";
const DEFAULT_PERSONA: &str = "SELECT id, member_id, name, pronouns, description, is_default FROM persona WHERE member_id = $1 AND is_default = $2";
const PERSONA: &str = "SELECT id, member_id, name, pronouns, description, is_default FROM persona WHERE id = $1";
const PERSONAS: &str = "SELECT id, member_id, name, pronouns, description, is_default FROM persona WHERE member_id = $1 ORDER BY created_at, id";
const EDIT_PERSONA: &str = "UPDATE persona SET name = $2, pronouns = $3, description = $4 WHERE id = $1";
const CREATE_PERSONA: &str = "INSERT INTO persona (id, member_id, name, pronouns, description, is_default, created_at) \
     VALUES ($1, $2, $3, $4, $5, $6, $7)";
const NO_DEFAULT: &str = "UPDATE persona SET is_default = $2 WHERE member_id = $1 AND is_default";
const MAKE_DEFAULT: &str = "UPDATE persona SET is_default = $2 WHERE id = $1";
const FORGET_CHORES: &str = "DELETE FROM outbox WHERE memory_id IN \
     (SELECT id FROM memory WHERE persona_id IN (SELECT id FROM persona WHERE member_id = $1))";
const FORGET_VECTORS: &str = "INSERT INTO outbox (id, memory_id, action) SELECT 'erase-' || id, id, 'forget' FROM memory \
     WHERE persona_id IN (SELECT id FROM persona WHERE member_id = $1)";
const ERASE_ANSWERS: &str = "DELETE FROM message WHERE personality_id IS NOT NULL \
     AND turn_id IN (SELECT id FROM turn WHERE member_id = $1)";
const ERASE_PLACES: &str = "DELETE FROM place WHERE privacy = 'direct' \
     AND id IN (SELECT place_id FROM message WHERE member_id = $1 UNION SELECT place_id FROM history_cut WHERE member_id = $1 \
     UNION SELECT place_id FROM memory WHERE persona_id IN (SELECT id FROM persona WHERE member_id = $1)) \
     AND NOT EXISTS (SELECT 1 FROM message m WHERE m.place_id = place.id AND m.member_id <> $1) \
     AND NOT EXISTS (SELECT 1 FROM memory o JOIN persona p ON p.id = o.persona_id \
     WHERE o.place_id = place.id AND p.member_id <> $1)";
const ERASE_MEMBER: &str = "DELETE FROM member WHERE id = $1";
const SET_LOCALE: &str = "UPDATE member SET locale = $2 WHERE id = $1";
const SET_TIME_ZONE: &str = "UPDATE member SET time_zone = $2 WHERE id = $1";
const PROXIED: &str = "SELECT p.id, p.member_id, p.name, p.pronouns, p.description, p.is_default FROM proxy_link l \
     JOIN persona p ON p.id = l.persona_id WHERE l.member_id = $1 AND l.proxied_as = $2";
const UNPROXIED: &str = "SELECT id FROM persona WHERE member_id = $1 AND LOWER(name) = LOWER($2) \
     AND NOT EXISTS (SELECT 1 FROM proxy_link l WHERE l.persona_id = persona.id)";
const PROXIED_AT: &str = "SELECT l.proxied_as FROM proxy_link l JOIN identity i ON i.member_id = l.member_id \
     WHERE i.platform = $1 AND i.subject = $2 ORDER BY l.proxied_as";
const LINK: &str = "INSERT INTO proxy_link (member_id, proxied_as, name, persona_id) VALUES ($1, $2, $3, $4) \
     ON CONFLICT (member_id, proxied_as) DO UPDATE SET name = excluded.name, persona_id = excluded.persona_id";
const LINKS: &str = "SELECT l.proxied_as, l.name, p.name FROM proxy_link l JOIN persona p ON p.id = l.persona_id \
     WHERE l.member_id = $1 ORDER BY l.name, l.proxied_as";
const MEMBER: &str = "SELECT id, locale, time_zone, told_at FROM member WHERE id = $1";
const TOLD: &str = "UPDATE member SET told_at = $2 WHERE id = $1 AND told_at IS NULL";
const DELETE_PERSONA: &str = "DELETE FROM persona WHERE id = $1";
const FORGET_PERSONA_CHORES: &str =
    "DELETE FROM outbox WHERE memory_id IN (SELECT id FROM memory WHERE persona_id = $1)";
const FORGET_PERSONA_VECTORS: &str = "INSERT INTO outbox (id, memory_id, action) \
     SELECT 'erase-' || id, id, 'forget' FROM memory WHERE persona_id = $1";
const FORGET_AVATARS: &str = "SELECT avatar FROM personality WHERE owner_id = $1 AND avatar IS NOT NULL";
const PASS_ON: &str = "UPDATE personality SET owner_id = (SELECT pm.member_id FROM personality_member pm \
     WHERE pm.personality_id = personality.id AND pm.role = 'owner' ORDER BY pm.created_at, pm.member_id LIMIT 1) \
     WHERE owner_id = $1 AND EXISTS (SELECT 1 FROM personality_member pm \
     WHERE pm.personality_id = personality.id AND pm.role = 'owner')";
const ORPHAN_CHORES: &str = "DELETE FROM outbox WHERE memory_id IN (SELECT id FROM memory WHERE personality_id IN \
     (SELECT id FROM personality WHERE owner_id = $1 AND visibility = 'private'))";
const ORPHAN_VECTORS: &str = "INSERT INTO outbox (id, memory_id, action) SELECT 'erase-' || id, id, 'forget' FROM memory \
     WHERE personality_id IN (SELECT id FROM personality WHERE owner_id = $1 AND visibility = 'private') \
     AND persona_id NOT IN (SELECT id FROM persona WHERE member_id = $1)";
const ORPHAN_WORDS: &str = "DELETE FROM message WHERE personality_id IN \
     (SELECT id FROM personality WHERE owner_id = $1 AND visibility = 'private')";
const ORPHAN: &str = "DELETE FROM personality WHERE owner_id = $1 AND visibility = 'private'";
const UNCHOOSE: &str = "DELETE FROM choice WHERE kind = 'preset' \
     AND value IN (SELECT '+' || id FROM preset WHERE owner_id = $1)";
const UNLIMIT: &str = "DELETE FROM budget WHERE subject = $1";
const KEEP_TURNS: &str = "UPDATE turn SET persona_id = (SELECT d.id FROM persona d, persona p \
     WHERE p.id = $1 AND d.member_id = p.member_id AND d.is_default) WHERE persona_id = $1";
const IDLE: &str = "SELECT m.id FROM member m WHERE m.created_at < $1 \
     AND NOT EXISTS (SELECT 1 FROM message s WHERE s.member_id = m.id AND s.at >= $1) \
     AND NOT EXISTS (SELECT 1 FROM ledger l WHERE l.member_id = m.id AND l.at >= $1) AND m.id > $2 ORDER BY m.id LIMIT 100";
const IDENTITIES: &str = "SELECT platform, subject FROM identity WHERE member_id = $1";
const COUNT: &str = "SELECT COUNT(*) FROM member";

/// Every statement of this file.
pub const ALL: &[&str] = &[
    FIND,
    ADD_MEMBER,
    ADD_IDENTITY,
    ADD_PERSONA,
    DEFAULT_PERSONA,
    PERSONA,
    PERSONAS,
    PROXIED,
    UNPROXIED,
    PROXIED_AT,
    LINK,
    LINKS,
    CREATE_PERSONA,
    FORGET_CHORES,
    FORGET_VECTORS,
    ERASE_ANSWERS,
    ERASE_PLACES,
    ERASE_MEMBER,
    NO_DEFAULT,
    MAKE_DEFAULT,
    EDIT_PERSONA,
    SET_LOCALE,
    SET_TIME_ZONE,
    MEMBER,
    TOLD,
    DELETE_PERSONA,
    FORGET_PERSONA_CHORES,
    FORGET_PERSONA_VECTORS,
    FORGET_AVATARS,
    PASS_ON,
    ORPHAN_CHORES,
    ORPHAN_VECTORS,
    ORPHAN_WORDS,
    ORPHAN,
    UNCHOOSE,
    UNLIMIT,
    KEEP_TURNS,
    IDLE,
    IDENTITIES,
    COUNT,
];

type PersonaRow = (String, String, String, Option<String>, Option<String>, bool);

fn persona_of((id, member, name, pronouns, description, is_default): PersonaRow) -> Persona {
    Persona { id: PersonaId::new(id), member: MemberId::new(member), name, pronouns, description, is_default }
}

/// The member behind an identity.
pub async fn member(db: &Db, identity: &Identity) -> Result<Option<Member>, Error> {
    type Row = (String, Option<String>, Option<String>, Option<i64>);
    let row = say(FIND).bind(&identity.platform).bind(&identity.subject).read_optional::<Row>(db).await?;
    Ok(row.map(|(id, locale, time_zone, told)| Member {
        id: MemberId::new(id),
        locale,
        time_zone,
        told_at: told.map(Moment),
    }))
}

/// A member by id.
pub async fn member_by_id(db: &Db, id: &MemberId) -> Result<Option<Member>, Error> {
    type Row = (String, Option<String>, Option<String>, Option<i64>);
    let row = say(MEMBER).bind(id.as_str()).read_optional::<Row>(db).await?;
    Ok(row.map(|(id, locale, time_zone, told)| Member {
        id: MemberId::new(id),
        locale,
        time_zone,
        told_at: told.map(Moment),
    }))
}

/// All personas of a member, oldest first.
pub async fn personas(db: &Db, member: &MemberId) -> Result<Vec<Persona>, Error> {
    let rows = say(PERSONAS).bind(member.as_str()).read_all::<PersonaRow>(db).await?;
    Ok(rows.into_iter().map(persona_of).collect())
}

/// The platform accounts of a member.
pub async fn identities(db: &Db, member: &MemberId) -> Result<Vec<Identity>, Error> {
    let rows = say(IDENTITIES).bind(member.as_str()).read_all::<(String, String)>(db).await?;
    Ok(rows.into_iter().map(|(platform, subject)| Identity { platform, subject }).collect())
}

/// Adds a member with one identity and a default persona of the name shown on the platform.
pub async fn introduce(
    tx: &mut Tx,
    member: &MemberId,
    identity: &Identity,
    persona: &PersonaId,
    name: &str,
    now: Moment,
) -> Result<(), Error> {
    say(ADD_MEMBER).bind(member.as_str()).bind(now.0).execute(tx).await?;
    say(ADD_IDENTITY)
        .bind(&identity.platform)
        .bind(&identity.subject)
        .bind(member.as_str())
        .bind(now.0)
        .execute(tx)
        .await?;
    say(ADD_PERSONA).bind(persona.as_str()).bind(member.as_str()).bind(name).bind(true).bind(now.0).execute(tx).await?;
    Ok(())
}

/// The member's default persona.
pub async fn default_persona(db: &Db, member: &MemberId) -> Result<Option<Persona>, Error> {
    let row = say(DEFAULT_PERSONA).bind(member.as_str()).bind(true).read_optional::<PersonaRow>(db).await?;
    Ok(row.map(persona_of))
}

/// A persona by id.
pub async fn persona(db: &Db, id: &PersonaId) -> Result<Option<Persona>, Error> {
    let row = say(PERSONA).bind(id.as_str()).read_optional::<PersonaRow>(db).await?;
    Ok(row.map(persona_of))
}

/// The persona that a member is at a service that speaks for them.
pub async fn proxied_persona(db: &Db, member: &MemberId, key: &str) -> Result<Option<Persona>, Error> {
    let row = say(PROXIED).bind(member.as_str()).bind(key).read_optional::<PersonaRow>(db).await?;
    Ok(row.map(persona_of))
}

/// The persona of a name that is nobody yet at a service that speaks for members.
pub async fn unproxied_persona(db: &Db, member: &MemberId, name: &str) -> Result<Option<PersonaId>, Error> {
    let row = say(UNPROXIED).bind(member.as_str()).bind(name).read_optional::<(String,)>(db).await?;
    Ok(row.map(|(id,)| PersonaId::new(id)))
}

/// Whom an account's member was met as through services that speak for them.
pub async fn proxied_at(db: &Db, identity: &Identity) -> Result<Vec<String>, Error> {
    let rows = say(PROXIED_AT).bind(&identity.platform).bind(&identity.subject).read_all::<(String,)>(db).await?;
    Ok(rows.into_iter().map(|(key,)| key).collect())
}

/// Whom a member speaks as at a service, and the persona that is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// Names them at the service for good, such as `pluralkit:UUID`.
    pub key: String,
    /// The name shown there.
    pub name: String,
    /// The persona's name.
    pub persona: String,
}

/// Everybody a member speaks as through services, by name.
pub async fn links(db: &Db, member: &MemberId) -> Result<Vec<Link>, Error> {
    let rows = say(LINKS).bind(member.as_str()).read_all::<(String, String, String)>(db).await?;
    Ok(rows.into_iter().map(|(key, name, persona)| Link { key, name, persona }).collect())
}

/// Makes a persona the one that its member is as `key`, shown as `name`, at a service that speaks for them.
pub async fn link(tx: &mut Tx, member: &MemberId, (key, name): (&str, &str), persona: &PersonaId) -> Result<(), Error> {
    say(LINK).bind(member.as_str()).bind(key).bind(name).bind(persona.as_str()).execute(tx).await?;
    Ok(())
}

/// Adds a persona. The name must be new to its member.
pub async fn create_persona(tx: &mut Tx, persona: &Persona, now: Moment) -> Result<(), Error> {
    say(CREATE_PERSONA)
        .bind(persona.id.as_str())
        .bind(persona.member.as_str())
        .bind(&persona.name)
        .bind(&persona.pronouns)
        .bind(&persona.description)
        .bind(persona.is_default)
        .bind(now.0)
        .execute(tx)
        .await?;
    Ok(())
}

/// Removes a member and everything about them: personas, identities, keys, usage, messages, the answers to them, places
/// that were theirs alone, and memories, whose vectors are removed through the outbox.
pub async fn erase(tx: &mut Tx, member: &MemberId) -> Result<(), Error> {
    let mut script = Script::default();
    for sql in [
        PASS_ON,
        ORPHAN_CHORES,
        FORGET_CHORES,
        FORGET_VECTORS,
        ERASE_ANSWERS,
        ERASE_PLACES,
        ORPHAN_VECTORS,
        ORPHAN_WORDS,
        ORPHAN,
        UNCHOOSE,
        UNLIMIT,
        ERASE_MEMBER,
    ] {
        script.add(sql, [member.as_str().into()]);
    }
    script.run(tx).await
}

/// Files of the pictures that a member gave their personalities.
pub async fn avatars(db: &Db, member: &MemberId) -> Result<Vec<String>, Error> {
    let rows = say(FORGET_AVATARS).bind(member.as_str()).read_all::<(String,)>(db).await?;
    Ok(rows.into_iter().map(|(file,)| file).collect())
}

/// Members after `after`, by id, who have said nothing and were answered nothing since `since`; at most 100.
pub async fn idle_since(db: &Db, since: Moment, after: &str) -> Result<Vec<MemberId>, Error> {
    let rows = say(IDLE).bind(since.0).bind(after).read_all::<(String,)>(db).await?;
    Ok(rows.into_iter().map(|(id,)| MemberId::new(id)).collect())
}

/// Records that a member was told that they talk with an AI.
pub fn told<'v>(script: &mut Script<'v>, member: &'v MemberId, now: Moment) {
    script.add(TOLD, [member.as_str().into(), now.0.into()]);
}

/// Removes a persona and everything that is remembered of it; `written` is how a choice of it is stored.
pub async fn delete_persona(tx: &mut Tx, persona: &Persona, written: &str) -> Result<(), Error> {
    let mut script = Script::default();
    choices::forget_persona(&mut script, &persona.member, written);
    for sql in [KEEP_TURNS, FORGET_PERSONA_CHORES, FORGET_PERSONA_VECTORS, DELETE_PERSONA] {
        script.add(sql, [persona.id.as_str().into()]);
    }
    script.run(tx).await
}

/// Makes a persona its member's default one.
pub async fn use_persona(tx: &mut Tx, member: &MemberId, persona: &PersonaId) -> Result<(), Error> {
    say(NO_DEFAULT).bind(member.as_str()).bind(false).execute(tx).await?;
    say(MAKE_DEFAULT).bind(persona.as_str()).bind(true).execute(tx).await?;
    Ok(())
}

/// Writes a persona's name, pronouns and description.
pub async fn edit_persona(tx: &mut Tx, persona: &Persona) -> Result<(), Error> {
    say(EDIT_PERSONA)
        .bind(persona.id.as_str())
        .bind(&persona.name)
        .bind(&persona.pronouns)
        .bind(&persona.description)
        .execute(tx)
        .await?;
    Ok(())
}

/// Sets the language a member reads, as a BCP 47 tag.
pub async fn set_locale(tx: &mut Tx, member: &MemberId, locale: &str) -> Result<(), Error> {
    say(SET_LOCALE).bind(member.as_str()).bind(locale).execute(tx).await?;
    Ok(())
}

/// Sets a member's IANA time zone.
pub async fn set_time_zone(tx: &mut Tx, member: &MemberId, zone: &str) -> Result<(), Error> {
    say(SET_TIME_ZONE).bind(member.as_str()).bind(zone).execute(tx).await?;
    Ok(())
}

/// How many members there are.
pub async fn count(db: &Db) -> Result<i64, Error> {
    let (count,) = say(COUNT).read_one::<(i64,)>(db).await?;
    Ok(count)
}
