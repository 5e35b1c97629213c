//! What the tiers of a cascade chose, and what is to be quiet for a while.

use super::{Db, Error, Script, Tx, say};
use crate::domain::{Choices, Chosen, Kind, MemberId, Moment, PersonalityId, Quiet, QuietKind, Tier};

const FOR: &str = "SELECT kind, member_id IS NOT NULL, personality_id IS NOT NULL, value FROM choice \
     WHERE (member_id = $1 OR member_id IS NULL) AND (personality_id = $2 OR personality_id IS NULL)";
const CLEAR: &str = "DELETE FROM choice WHERE kind = $1 \
     AND COALESCE(member_id, '') = $2 AND COALESCE(personality_id, '') = $3";
const SET: &str = "INSERT INTO choice (id, kind, member_id, personality_id, value, updated_at) \
     VALUES ($1, $2, $3, $4, $5, $6)";
const OF_MEMBER: &str = "SELECT c.kind, c.value, p.spec FROM choice c \
     LEFT JOIN personality p ON p.id = c.personality_id WHERE c.member_id = $1 ORDER BY c.kind, c.id";
const QUIET: &str = "SELECT kind, personality_id, until FROM quiet WHERE member_id = $1";
const BE_QUIET: &str = "INSERT INTO quiet (id, kind, member_id, personality_id, until) VALUES ($1, $2, $3, $4, $5)";
const REPLACE: &str = "DELETE FROM quiet WHERE member_id = $1 AND kind = $2 AND COALESCE(personality_id, '') = $3";
const SPEAK_AGAIN: &str = "DELETE FROM quiet WHERE member_id = $1 AND kind = $2 \
     AND (CAST($3 AS TEXT) IS NULL OR personality_id = $3)";
const FORGET_PERSONA: &str = "DELETE FROM choice WHERE kind = 'persona' AND member_id = $1 AND value = $2";

/// Every statement of this file.
pub const ALL: &[&str] = &[FOR, CLEAR, SET, OF_MEMBER, QUIET, BE_QUIET, REPLACE, SPEAK_AGAIN, FORGET_PERSONA];

/// What all tiers chose for a member and a personality.
pub async fn for_bond(db: &Db, member: &MemberId, personality: &PersonalityId) -> Result<Choices, Error> {
    let rows =
        say(FOR).bind(member.as_str()).bind(personality.as_str()).read_all::<(String, bool, bool, String)>(db).await?;
    let mut choices = Choices::default();
    for (kind, of_member, of_personality, value) in rows {
        let tier = match (of_member, of_personality) {
            (true, true) => Tier::Bond,
            (true, false) => Tier::Member,
            (false, true) => Tier::Personality,
            (false, false) => Tier::House,
        };
        if let (Some(kind), Some(chosen)) = (Kind::read(&kind), Chosen::read(&value)) {
            choices.note(kind, tier, chosen);
        }
    }
    Ok(choices)
}

/// Whose choice it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seat {
    pub member: Option<MemberId>,
    pub personality: Option<PersonalityId>,
}

/// Writes what `seat` chooses; `None` leaves it to the next tier.
pub async fn set(
    tx: &mut Tx,
    id: &str,
    kind: Kind,
    seat: &Seat,
    chosen: Option<&Chosen>,
    now: Moment,
) -> Result<(), Error> {
    let member = seat.member.as_ref().map(MemberId::as_str);
    let personality = seat.personality.as_ref().map(PersonalityId::as_str);
    say(CLEAR)
        .bind(kind.as_str())
        .bind(member.unwrap_or_default())
        .bind(personality.unwrap_or_default())
        .execute(tx)
        .await?;
    let Some(chosen) = chosen else { return Ok(()) };
    say(SET)
        .bind(id)
        .bind(kind.as_str())
        .bind(member)
        .bind(personality)
        .bind(chosen.written())
        .bind(now.0)
        .execute(tx)
        .await?;
    Ok(())
}

/// What a member chose: kind, value as written, and the personality's name for one of them alone.
pub async fn of_member(db: &Db, member: &MemberId) -> Result<Vec<(String, String, Option<String>)>, Error> {
    type Row = (String, String, Option<super::Json<crate::domain::PersonalityFile>>);
    let rows = say(OF_MEMBER).bind(member.as_str()).read_all::<Row>(db).await?;
    Ok(rows.into_iter().map(|(kind, value, file)| (kind, value, file.map(|file| file.0.name))).collect())
}

/// Removes a member's choices of a persona.
pub fn forget_persona<'v>(script: &mut Script<'v>, member: &'v MemberId, written: &'v str) {
    script.add(FORGET_PERSONA, [member.as_str().into(), written.into()]);
}

/// What a member wants to be quiet, past ones included.
pub async fn quiets(db: &Db, member: &MemberId) -> Result<Vec<Quiet>, Error> {
    let rows = say(QUIET).bind(member.as_str()).read_all::<(String, Option<String>, i64)>(db).await?;
    let quiet = |(kind, personality, until): (String, Option<String>, i64)| {
        let kind = QuietKind::read(&kind)?;
        Some(Quiet { kind, personality: personality.map(PersonalityId::new), until: Moment(until) })
    };
    Ok(rows.into_iter().filter_map(quiet).collect())
}

/// Begins a quiet time in place of an earlier one of the same kind and personality.
pub async fn be_quiet(tx: &mut Tx, id: &str, member: &MemberId, quiet: &Quiet) -> Result<(), Error> {
    let personality = quiet.personality.as_ref().map(PersonalityId::as_str);
    say(REPLACE)
        .bind(member.as_str())
        .bind(quiet.kind.as_str())
        .bind(personality.unwrap_or_default())
        .execute(tx)
        .await?;
    say(BE_QUIET)
        .bind(id)
        .bind(quiet.kind.as_str())
        .bind(member.as_str())
        .bind(quiet.personality.as_ref().map(PersonalityId::as_str))
        .bind(quiet.until.0)
        .execute(tx)
        .await?;
    Ok(())
}

/// Ends a quiet time; without a personality, all of the kind.
pub async fn speak_again(
    tx: &mut Tx,
    member: &MemberId,
    kind: QuietKind,
    personality: Option<&PersonalityId>,
) -> Result<(), Error> {
    say(SPEAK_AGAIN)
        .bind(member.as_str())
        .bind(kind.as_str())
        .bind(personality.map(PersonalityId::as_str))
        .execute(tx)
        .await?;
    Ok(())
}
