//! Lanes: who works at a place's turns, and for how long. Every write of a worker carries its lane's epoch.
//!
//! One process does everything that a lane needs. Where several share the work, a worker takes a lane whose oldest turn
//! waits for its text, and a gateway one whose oldest turn is to be said; each gives the lane up when that is done.

use super::turns::open;
use super::{Db, Error, Script, Tx, ledger, say};
use crate::domain::{
    Line, MemberId, MessageId, Moment, PersonaId, PersonalityId, PlaceId, Role, Turn, TurnId, TurnState,
};

const CLAIM_LANE: &str = "INSERT INTO lane (id, owner, until, epoch) VALUES ($1, $2, $3, 1) \
     ON CONFLICT (id) DO UPDATE SET owner = excluded.owner, until = excluded.until, epoch = lane.epoch + 1 \
     WHERE lane.until < $4 OR lane.owner = excluded.owner RETURNING epoch";
/// Takes a lane whose oldest turn is a gateway's to say, or a worker's to write.
const TAKE_LANE: &str = concat!(
    "UPDATE lane SET owner = $2, until = $3, epoch = epoch + 1 \
     WHERE id = $1 AND (until < $4 OR owner = $2) AND EXISTS (SELECT 1 FROM turn WHERE id = (SELECT id FROM turn \
     WHERE place_id = $1 AND ",
    open!(),
    " ORDER BY seq, id LIMIT 1) AND ($5 = 'gateway') = (state = 'sending')) RETURNING epoch"
);
/// Changes nothing: whoever takes the lane waits for the end of this transaction, or this one for theirs.
const LOCK_LANE: &str = "UPDATE lane SET next_seq = next_seq WHERE id = $1";
const KEEP_LANE: &str = "UPDATE lane SET until = $3 WHERE id = $1 AND epoch = $2 RETURNING epoch";
const RELEASE_LANE: &str = "UPDATE lane SET until = 0 WHERE id = $1 AND epoch = $2";
const LEAVE_LANE: &str = concat!(
    "UPDATE lane SET until = CASE WHEN $4 = 'house' AND EXISTS (SELECT 1 FROM turn \
     WHERE place_id = $1 AND ",
    open!(),
    " AND id <> $3) THEN until ELSE 0 END \
     WHERE id = $1 AND epoch = $2 AND EXISTS (SELECT 1 FROM turn WHERE id = $3 AND epoch = $2 \
     AND state IN ('queued', 'running', 'sending')) RETURNING until"
);
const START_OLDEST: &str = concat!(
    "UPDATE turn SET state = CASE WHEN state = 'sending' THEN state ELSE 'running' END, \
     attempt = attempt + 1, sendings = sendings + CASE WHEN state = 'sending' THEN 1 ELSE 0 END, \
     epoch = $2, updated_at = $3 \
     WHERE id = (SELECT id FROM turn WHERE place_id = $1 AND ",
    open!(),
    " ORDER BY seq, id LIMIT 1) AND NOT (run_at > $3 AND run_at <= $4) AND (attempt < $5 OR state = 'sending') \
     AND ($6 = 'house' OR ($6 = 'gateway') = (state = 'sending')) AND (NOT cancelled OR state = 'sending' \
     OR EXISTS (SELECT 1 FROM delivery WHERE turn_id = turn.id AND part < 0)) \
     RETURNING id, message_id, personality_id, member_id, persona_id, state, attempt, sendings, trace, notice, \
     is_incognito, created_at, (SELECT platform_id FROM message WHERE message.id = turn.message_id)"
);
/// Longest wait before a turn is tried again. A later time was written before the clock was set back: it is over.
const WAIT_MAX_MILLIS: i64 = 60_000;
/// No turn is tried as often as this.
const ANY_TRIES: i64 = i64::MAX;
const OLDEST: &str = concat!(
    "SELECT id, run_at, attempt >= $2 AND state <> 'sending' FROM turn WHERE place_id = $1 AND ",
    open!(),
    " ORDER BY seq, id LIMIT 1"
);
const WITHDRAW: &str = "UPDATE turn SET state = 'cancelled', epoch = $2, updated_at = $3 \
     WHERE id = $1 AND cancelled AND state IN ('queued', 'running') RETURNING id";
const LATER: &str = "UPDATE turn SET run_at = $3, updated_at = $4 WHERE id = $1 AND epoch = $2 RETURNING id";
const WAITING: &str = "SELECT place_id, MIN(member_id) FROM turn WHERE state IN ('queued', 'running', 'sending') \
     GROUP BY place_id ORDER BY MIN(created_at)";
/// Those of [`WAITING`] that a gateway or a worker may take now: no more than one turn of a lane is to be said at a time.
const WAITING_FOR: &str = "SELECT t.place_id, MIN(t.member_id) FROM turn t JOIN lane l ON l.id = t.place_id \
     WHERE t.state IN ('queued', 'running', 'sending') AND ($1 = 'gateway') = (t.state = 'sending') \
     AND (l.until < $2 OR l.owner = $3) AND (t.state = 'sending' OR NOT EXISTS (SELECT 1 FROM turn s \
     WHERE s.place_id = t.place_id AND s.state = 'sending' AND s.state IN ('queued', 'running', 'sending') AND s.seq >= 0)) \
     GROUP BY t.place_id ORDER BY MIN(t.created_at)";
/// Every statement of this file.
pub const ALL: &[&str] = &[
    CLAIM_LANE,
    TAKE_LANE,
    LOCK_LANE,
    KEEP_LANE,
    RELEASE_LANE,
    LEAVE_LANE,
    START_OLDEST,
    OLDEST,
    WITHDRAW,
    LATER,
    WAITING,
    WAITING_FOR,
];

/// Who takes a lane.
#[derive(Clone, Debug)]
pub struct Hand {
    pub role: Role,
    /// The name of the process.
    pub owner: String,
}

/// What claiming a lane found.
#[derive(Clone, Debug, PartialEq)]
pub enum Claim {
    /// Another worker holds the lane.
    Taken,
    /// Nothing to do.
    Empty,
    /// The oldest turn waits until this moment.
    Later(Moment),
    /// The oldest turn was tried as often as was said to be left alone.
    Spared,
    /// The oldest turn had been withdrawn; it is ended now.
    Withdrawn(TurnId),
    /// The oldest turn, started under a new epoch.
    Turn(Box<Turn>),
}

/// Takes a lane until `until` and starts its oldest turn under a new epoch, where that is for `hand` to do; one that was
/// tried `but` times before or more often, and has no answer, is left alone.
pub async fn claim(
    tx: &mut Tx,
    lane: &PlaceId,
    hand: &Hand,
    now: Moment,
    until: Moment,
    but: Option<i64>,
) -> Result<Claim, Error> {
    let but = but.unwrap_or(ANY_TRIES);
    let (role, owner) = (hand.role.as_str(), hand.owner.as_str());
    let epoch = if hand.role == Role::House {
        say(CLAIM_LANE).bind(lane.as_str()).bind(owner).bind(until.0).bind(now.0).fetch_optional::<(i64,)>(tx).await?
    } else {
        say(TAKE_LANE)
            .bind(lane.as_str())
            .bind(owner)
            .bind(until.0)
            .bind(now.0)
            .bind(role)
            .fetch_optional::<(i64,)>(tx)
            .await?
    };
    let Some((epoch,)) = epoch else { return Ok(Claim::Taken) };
    type Row =
        (String, String, String, String, String, String, i64, i64, String, Option<String>, bool, i64, Option<String>);
    let started = say(START_OLDEST)
        .bind(lane.as_str())
        .bind(epoch)
        .bind(now.0)
        .bind(now.0 + WAIT_MAX_MILLIS)
        .bind(but)
        .bind(role)
        .fetch_optional::<Row>(tx)
        .await?;
    let Some((
        id,
        message,
        personality,
        member,
        persona,
        state,
        attempt,
        sendings,
        trace,
        notice,
        is_incognito,
        created,
        reply_to,
    )) = started
    else {
        return not_started(tx, lane, epoch, now, but).await;
    };
    let Some(state) = TurnState::read(&state) else {
        return Err(Error::Inconsistent { table: "turn", column: "state", row: id });
    };
    Ok(Claim::Turn(Box::new(Turn {
        id: TurnId::new(id),
        place: lane.clone(),
        message: MessageId::new(message),
        reply_to,
        personality: PersonalityId::new(personality),
        member: MemberId::new(member),
        persona: PersonaId::new(persona),
        state,
        attempt,
        is_resumed: state == TurnState::Sending && sendings > 1,
        epoch,
        notice: notice.and_then(|line| serde_json::from_str::<Line>(&line).ok()),
        is_incognito,
        trace,
        created_at: Moment(created),
    })))
}

/// Why a claimed lane has no turn to start.
async fn not_started(tx: &mut Tx, lane: &PlaceId, epoch: i64, now: Moment, but: i64) -> Result<Claim, Error> {
    let oldest = say(OLDEST).bind(lane.as_str()).bind(but).fetch_optional::<(String, i64, bool)>(tx).await?;
    let is_due = |run_at: i64| run_at <= now.0 || run_at > now.0 + WAIT_MAX_MILLIS;
    match oldest {
        Some((_, run_at, true)) if is_due(run_at) => {
            release(tx, lane, epoch).await?;
            Ok(Claim::Spared)
        }
        Some((id, run_at, false)) if is_due(run_at) => {
            let withdrawn = say(WITHDRAW).bind(&id).bind(epoch).bind(now.0).fetch_optional::<(String,)>(tx).await?;
            if withdrawn.is_none() {
                // It is for another process to go on with.
                release(tx, lane, epoch).await?;
                return Ok(Claim::Empty);
            }
            let turn = TurnId::new(id);
            let mut script = Script::default();
            ledger::lose(&mut script, &turn);
            script.run(tx).await?;
            Ok(Claim::Withdrawn(turn))
        }
        Some((_, run_at, _)) => {
            release(tx, lane, epoch).await?;
            Ok(Claim::Later(Moment(run_at)))
        }
        None => {
            release(tx, lane, epoch).await?;
            Ok(Claim::Empty)
        }
    }
}

/// Makes sure that `turn` is still this worker's to end, and gives its lane up when nothing else waits there, or others
/// share the work; returns whether it did.
///
/// # Errors
/// [`Error::Fenced`] when another worker has the lane, or the turn is gone.
pub async fn leave(tx: &mut Tx, turn: &Turn, role: Role) -> Result<bool, Error> {
    let left = say(LEAVE_LANE)
        .bind(turn.place.as_str())
        .bind(turn.epoch)
        .bind(turn.id.as_str())
        .bind(role.as_str())
        .fetch_optional::<(i64,)>(tx)
        .await?;
    let (until,) = left.ok_or(Error::Fenced)?;
    Ok(until == 0)
}

/// Keeps others from taking a lane until the transaction ends: what it sees of the lane's turns stays so.
pub async fn lock(tx: &mut Tx, lane: &PlaceId) -> Result<(), Error> {
    say(LOCK_LANE).bind(lane.as_str()).execute(tx).await?;
    Ok(())
}

/// Extends a lease; `false`: the lane was lost.
pub async fn keep(tx: &mut Tx, lane: &PlaceId, epoch: i64, until: Moment) -> Result<bool, Error> {
    let kept = say(KEEP_LANE).bind(lane.as_str()).bind(epoch).bind(until.0).fetch_optional::<(i64,)>(tx).await?;
    Ok(kept.is_some())
}

/// Gives a lane up, so that anyone may take it at once.
pub async fn release(tx: &mut Tx, lane: &PlaceId, epoch: i64) -> Result<(), Error> {
    say(RELEASE_LANE).bind(lane.as_str()).bind(epoch).execute(tx).await?;
    Ok(())
}

/// Lets a turn wait until `run_at`.
///
/// # Errors
/// [`Error::Fenced`] when another worker has the lane.
pub async fn later(tx: &mut Tx, turn: &TurnId, epoch: i64, run_at: Moment, now: Moment) -> Result<(), Error> {
    let waits =
        say(LATER).bind(turn.as_str()).bind(epoch).bind(run_at.0).bind(now.0).fetch_optional::<(String,)>(tx).await?;
    waits.map(|_| ()).ok_or(Error::Fenced)
}

/// Lanes with unfinished turns for `hand`, longest waiting first, each with somebody who waits there.
pub async fn waiting(db: &Db, hand: &Hand, now: Moment) -> Result<Vec<(PlaceId, MemberId)>, Error> {
    let rows = if hand.role == Role::House {
        say(WAITING).read_all::<(String, String)>(db).await?
    } else {
        say(WAITING_FOR).bind(hand.role.as_str()).bind(now.0).bind(&hand.owner).read_all::<(String, String)>(db).await?
    };
    Ok(rows.into_iter().map(|(place, member)| (PlaceId::new(place), MemberId::new(member))).collect())
}
