//! What moderators and the operator decide: who is turned away, who may answer where, and what is announced.

use super::{Db, Error, Script, Tx, say};
use crate::domain::{Denial, DenialMode, Identity, MemberId, Moment, PersonalityId, PlaceId};

const DENIALS: &str = "SELECT d.id, d.platform, d.subject, d.place_id, d.personality_id, d.mode, d.reason, d.until, \
     i.member_id FROM denial d LEFT JOIN identity i ON i.platform = d.platform AND i.subject = d.subject \
     WHERE d.until IS NULL OR d.until > $1 ORDER BY d.created_at, d.id";
const ADD_DENIAL: &str = "INSERT INTO denial \
     (id, platform, subject, place_id, personality_id, mode, reason, until, created_by, created_at) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
const REMOVE_DENIAL: &str = "DELETE FROM denial WHERE id = $1";
const PURGE: &str = "DELETE FROM denial WHERE until <= $1";
const RULES: &str = "SELECT personality_id, is_allowed FROM place_rule WHERE place_id = $1 ORDER BY personality_id";
const SET_RULE: &str = "INSERT INTO place_rule (place_id, personality_id, is_allowed) VALUES ($1, $2, $3) \
     ON CONFLICT (place_id, personality_id) DO UPDATE SET is_allowed = excluded.is_allowed";
const ANNOUNCEMENT: &str = "SELECT id, text FROM announcement ORDER BY created_at DESC, id DESC LIMIT 1";
const TAKE_BACK: &str = "DELETE FROM announcement";
const ANNOUNCE: &str = "INSERT INTO announcement (id, text, created_at) VALUES ($1, $2, $3)";
const WAS_TOLD: &str = "SELECT COUNT(*) FROM announced WHERE announcement_id = $1 AND place_id = $2";
const TOLD: &str = "INSERT INTO announced (announcement_id, place_id) \
     SELECT a.id, p.id FROM announcement a, place p WHERE a.id = $1 AND p.id = $2 ON CONFLICT DO NOTHING";

/// Every statement of this file.
pub const ALL: &[&str] =
    &[DENIALS, ADD_DENIAL, REMOVE_DENIAL, PURGE, RULES, SET_RULE, ANNOUNCEMENT, TAKE_BACK, ANNOUNCE, WAS_TOLD, TOLD];

/// Everyone who is turned away now.
pub async fn denials(db: &Db, now: Moment) -> Result<Vec<Denial>, Error> {
    type Row =
        (String, String, String, Option<String>, Option<String>, String, Option<String>, Option<i64>, Option<String>);
    let rows = say(DENIALS).bind(now.0).read_all::<Row>(db).await?;
    let denial = |(id, platform, subject, place, personality, mode, reason, until, member): Row| Denial {
        id,
        who: Identity { platform, subject },
        member: member.map(MemberId::new),
        place: place.map(PlaceId::new),
        personality: personality.map(PersonalityId::new),
        mode: DenialMode::read(&mode),
        reason,
        until: until.map(Moment),
    };
    Ok(rows.into_iter().map(denial).collect())
}

/// Turns somebody away.
pub async fn add_denial(tx: &mut Tx, denial: &Denial, by: &MemberId, now: Moment) -> Result<(), Error> {
    say(ADD_DENIAL)
        .bind(&denial.id)
        .bind(&denial.who.platform)
        .bind(&denial.who.subject)
        .bind(denial.place.as_ref().map(PlaceId::as_str))
        .bind(denial.personality.as_ref().map(PersonalityId::as_str))
        .bind(denial.mode.as_str())
        .bind(&denial.reason)
        .bind(denial.until.map(|at| at.0))
        .bind(by.as_str())
        .bind(now.0)
        .execute(tx)
        .await?;
    Ok(())
}

/// Lets somebody in again.
pub async fn remove_denial(tx: &mut Tx, id: &str) -> Result<(), Error> {
    say(REMOVE_DENIAL).bind(id).execute(tx).await?;
    Ok(())
}

/// Removes what has ended.
pub async fn purge_denials(tx: &mut Tx, now: Moment) -> Result<(), Error> {
    say(PURGE).bind(now.0).execute(tx).await?;
    Ok(())
}

/// The personalities that may, and that may not, answer in a place.
pub async fn of_place(db: &Db, place: &PlaceId) -> Result<(Vec<PersonalityId>, Vec<PersonalityId>), Error> {
    let rows = say(RULES).bind(place.as_str()).read_all::<(String, bool)>(db).await?;
    let (allowed, denied): (Vec<_>, Vec<_>) = rows.into_iter().partition(|(_, is_allowed)| *is_allowed);
    let ids = |rows: Vec<(String, bool)>| rows.into_iter().map(|(id, _)| PersonalityId::new(id)).collect();
    Ok((ids(allowed), ids(denied)))
}

/// Lets a personality answer in a place, or not.
pub async fn set_rule(
    tx: &mut Tx,
    place: &PlaceId,
    personality: &PersonalityId,
    is_allowed: bool,
) -> Result<(), Error> {
    say(SET_RULE).bind(place.as_str()).bind(personality.as_str()).bind(is_allowed).execute(tx).await?;
    Ok(())
}

/// What is announced: id and text.
pub async fn announcement(db: &Db) -> Result<Option<(String, String)>, Error> {
    say(ANNOUNCEMENT).read_optional::<(String, String)>(db).await
}

/// Announces something in place of what was announced before; no text: nothing.
pub async fn announce(tx: &mut Tx, id: &str, text: Option<&str>, now: Moment) -> Result<(), Error> {
    say(TAKE_BACK).execute(tx).await?;
    if let Some(text) = text {
        say(ANNOUNCE).bind(id).bind(text).bind(now.0).execute(tx).await?;
    }
    Ok(())
}

/// Whether a place was told an announcement.
pub async fn was_told(db: &Db, announcement: &str, place: &PlaceId) -> Result<bool, Error> {
    let (count,) = say(WAS_TOLD).bind(announcement).bind(place.as_str()).read_one::<(i64,)>(db).await?;
    Ok(count > 0)
}

/// Records that a place was told an announcement.
pub fn told<'v>(script: &mut Script<'v>, announcement: &'v str, place: &'v PlaceId) {
    script.add(TOLD, [announcement.into(), place.as_str().into()]);
}
