//! Places, and the cuts that `/reset` makes in their history.

use super::{Db, Error, Tx, rules, say};
use crate::domain::{MemberId, Moment, PersonalityId, Place, PlaceId, PlaceRef, Privacy, Who};

const FIND: &str = "SELECT id, platform, subject, parent, privacy, personality_id, autorespond, is_adult, activate_by, \
     only_allowed, follows_parent, prefix, is_encrypted FROM place WHERE platform = $1 AND subject = $2";
const GET: &str = "SELECT id, platform, subject, parent, privacy, personality_id, autorespond, is_adult, activate_by, \
     only_allowed, follows_parent, prefix, is_encrypted FROM place WHERE id = $1";
const ADD: &str = "INSERT INTO place (id, platform, subject, parent, privacy, is_adult, created_at, is_encrypted) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (platform, subject) DO NOTHING";
const SET_SHOWN: &str = "UPDATE place SET is_adult = $2, privacy = $3, is_encrypted = is_encrypted OR $4 WHERE id = $1";
const SET_RULES: &str = "UPDATE place SET activate_by = $2, only_allowed = $3 WHERE id = $1";
const ACTIVATE: &str = "UPDATE place SET personality_id = $2, autorespond = $3, follows_parent = $4 WHERE id = $1";
const CUT: &str = "INSERT INTO history_cut (id, place_id, personality_id, member_id, after_seq, created_at) \
     SELECT CAST($1 AS TEXT), CAST($2 AS TEXT), CAST($3 AS TEXT), CAST($4 AS TEXT), COALESCE(MAX(seq), 0), CAST($5 AS BIGINT) FROM message WHERE place_id = $2";
const LAST_CUT: &str = "SELECT id, after_seq FROM history_cut \
     WHERE place_id = $1 AND personality_id = $2 ORDER BY created_at DESC, id DESC LIMIT 1";
const DIRECT: &str = "SELECT p.subject FROM place p \
     WHERE p.platform = $1 AND p.privacy = 'direct' ORDER BY COALESCE((SELECT MAX(updated_at) FROM turn WHERE place_id = p.id), 0) DESC, p.id LIMIT $2";
const SET_PREFIX: &str = "UPDATE place SET prefix = $2 WHERE id = $1";
const MOVE_TO: &str = "UPDATE place SET subject = $3 WHERE platform = $1 AND subject = $2 \
     AND NOT EXISTS (SELECT 1 FROM place WHERE platform = $1 AND subject = $3)";
const UNCUT: &str = "DELETE FROM history_cut WHERE id = $1";

/// Every statement of this file.
pub const ALL: &[&str] =
    &[FIND, GET, ADD, SET_SHOWN, SET_RULES, ACTIVATE, CUT, LAST_CUT, UNCUT, DIRECT, SET_PREFIX, MOVE_TO];

type Row = (
    String,
    String,
    String,
    Option<String>,
    String,
    Option<String>,
    bool,
    bool,
    String,
    bool,
    bool,
    Option<String>,
    bool,
);

async fn place_of(
    db: &Db,
    (
        id,
        platform,
        subject,
        parent,
        privacy,
        personality,
        autorespond,
        is_adult,
        activate_by,
        only_allowed,
        follows,
        prefix,
        is_encrypted,
    ): Row,
) -> Result<Place, Error> {
    let id = PlaceId::new(id);
    let (allowed, denied) = rules::of_place(db, &id).await?;
    Ok(Place {
        id,
        platform,
        subject,
        parent,
        privacy: Privacy::read(&privacy),
        is_encrypted,
        personality: personality.map(PersonalityId::new),
        autorespond,
        follows_parent: follows,
        is_adult,
        activate_by: Who::read(&activate_by),
        only_allowed,
        allowed,
        denied,
        prefix,
    })
}

/// The place a platform names.
pub async fn find(db: &Db, platform: &str, subject: &str) -> Result<Option<Place>, Error> {
    let row = say(FIND).bind(platform).bind(subject).read_optional::<Row>(db).await?;
    match row {
        Some(row) => Ok(Some(place_of(db, row).await?)),
        None => Ok(None),
    }
}

/// Direct conversations on a platform, those with the newest answers first.
pub async fn direct(db: &Db, platform: &str, limit: i64) -> Result<Vec<String>, Error> {
    let rows = say(DIRECT).bind(platform).bind(limit).read_all::<(String,)>(db).await?;
    Ok(rows.into_iter().map(|(subject,)| subject).collect())
}

/// A place by id.
pub async fn get(db: &Db, id: &PlaceId) -> Result<Option<Place>, Error> {
    let row = say(GET).bind(id.as_str()).read_optional::<Row>(db).await?;
    match row {
        Some(row) => Ok(Some(place_of(db, row).await?)),
        None => Ok(None),
    }
}

/// Adds a place under `id` unless the platform's place is known already.
pub async fn add(tx: &mut Tx, id: &PlaceId, place: &PlaceRef, now: Moment) -> Result<(), Error> {
    say(ADD)
        .bind(id.as_str())
        .bind(&place.platform)
        .bind(&place.subject)
        .bind(&place.parent)
        .bind(place.privacy.as_str())
        .bind(place.is_adult)
        .bind(now.0)
        .bind(place.is_encrypted)
        .execute(tx)
        .await?;
    Ok(())
}

/// Records how private a place is now, and whether the platform keeps minors out of it. What was encrypted once stays so.
pub async fn set_shown(tx: &mut Tx, place: &PlaceId, shown: &PlaceRef) -> Result<(), Error> {
    say(SET_SHOWN)
        .bind(place.as_str())
        .bind(shown.is_adult)
        .bind(shown.privacy.as_str())
        .bind(shown.is_encrypted)
        .execute(tx)
        .await?;
    Ok(())
}

/// Sets who may activate a personality, and whether only allowed ones answer.
pub async fn set_rules(tx: &mut Tx, place: &PlaceId, activate_by: Who, only_allowed: bool) -> Result<(), Error> {
    say(SET_RULES).bind(place.as_str()).bind(activate_by.as_str()).bind(only_allowed).execute(tx).await?;
    Ok(())
}

/// Sets what commands begin with in a place; `None`: the usual sign.
pub async fn set_prefix(tx: &mut Tx, place: &PlaceId, prefix: Option<&str>) -> Result<(), Error> {
    say(SET_PREFIX).bind(place.as_str()).bind(prefix).execute(tx).await?;
    Ok(())
}

/// Takes everything of a place along to the one that stands in its place, unless that is known already.
pub async fn move_to(tx: &mut Tx, platform: &str, old: &str, new: &str) -> Result<(), Error> {
    say(MOVE_TO).bind(platform).bind(old).bind(new).execute(tx).await?;
    Ok(())
}

/// Sets who is active in a place, and whether they answer without being called.
pub async fn activate(
    tx: &mut Tx,
    place: &PlaceId,
    personality: Option<&PersonalityId>,
    autorespond: bool,
) -> Result<(), Error> {
    say(ACTIVATE)
        .bind(place.as_str())
        .bind(personality.map(PersonalityId::as_str))
        .bind(autorespond)
        .bind(false)
        .execute(tx)
        .await?;
    Ok(())
}

/// Makes the next answers of `personality` in `place` start from an empty history. What was said stays stored.
pub async fn cut_history(
    tx: &mut Tx,
    id: String,
    place: &PlaceId,
    personality: &PersonalityId,
    member: &MemberId,
    now: Moment,
) -> Result<(), Error> {
    say(CUT)
        .bind(id)
        .bind(place.as_str())
        .bind(personality.as_str())
        .bind(member.as_str())
        .bind(now.0)
        .execute(tx)
        .await?;
    Ok(())
}

/// The newest cut of a place and personality: its id, and the last sequence number it hides.
pub async fn last_cut(db: &Db, place: &PlaceId, personality: &PersonalityId) -> Result<Option<(String, i64)>, Error> {
    say(LAST_CUT).bind(place.as_str()).bind(personality.as_str()).read_optional::<(String, i64)>(db).await
}

/// Takes a cut back.
pub async fn uncut_history(tx: &mut Tx, id: &str) -> Result<(), Error> {
    say(UNCUT).bind(id).execute(tx).await?;
    Ok(())
}
