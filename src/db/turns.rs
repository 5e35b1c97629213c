//! Turns, lanes and deliveries: the durable side of the queue. Every write of a worker carries its lane's epoch.

use sqlx::types::Json;

use super::{Db, Error, Tx};
use crate::domain::{
    KeySource, MemberId, MessageId, Moment, PersonaId, PersonalityId, PlaceId, Turn, TurnId, TurnState,
};
use crate::{on, on_tx};

const ADD: &str = "INSERT INTO turn \
     (id, place_id, seq, message_id, personality_id, member_id, persona_id, trace, created_at, updated_at) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9)";
const QUEUED: &str = "SELECT id FROM turn WHERE place_id = $1 AND member_id = $2 AND personality_id = $3 \
     AND state = 'queued' AND attempt = 0 ORDER BY seq LIMIT 1";
const CLAIM_LANE: &str = "INSERT INTO lane (id, owner, until, epoch) VALUES ($1, $2, $3, 1) \
     ON CONFLICT (id) DO UPDATE SET owner = excluded.owner, until = excluded.until, epoch = lane.epoch + 1 \
     WHERE lane.until < $4 OR lane.owner = excluded.owner RETURNING epoch";
const KEEP_LANE: &str = "UPDATE lane SET until = $3 WHERE id = $1 AND epoch = $2 RETURNING epoch";
const RELEASE_LANE: &str = "UPDATE lane SET until = 0 WHERE id = $1 AND epoch = $2";
const OLDEST: &str = "SELECT id, place_id, message_id, personality_id, member_id, persona_id, state, attempt, answer, \
     trace, created_at, cancelled, run_at FROM turn \
     WHERE place_id = $1 AND state IN ('queued', 'running', 'sending') ORDER BY seq LIMIT 1";
const START: &str = "UPDATE turn SET state = CASE WHEN state = 'sending' THEN state ELSE 'running' END, \
     attempt = attempt + 1, epoch = $2, updated_at = $3 WHERE id = $1";
const IS_CANCELLED: &str = "SELECT cancelled FROM turn WHERE id = $1";
const CANCEL: &str = "UPDATE turn SET cancelled = $2, updated_at = $3 \
     WHERE place_id = $1 AND state IN ('queued', 'running') AND member_id = $4";
const ANSWERED: &str = "UPDATE turn SET state = 'sending', answer = $3, failure = $4, made_of = $5, updated_at = $6 \
     WHERE id = $1 AND epoch = $2 AND state = 'running' RETURNING id";
const END: &str = "UPDATE turn SET state = $3, made_of = COALESCE($4, made_of), updated_at = $5 \
     WHERE id = $1 AND epoch = $2 AND state IN ('queued', 'running', 'sending') RETURNING id";
const LATER: &str = "UPDATE turn SET run_at = $3, updated_at = $4 WHERE id = $1 AND epoch = $2 RETURNING id";
const ADD_PART: &str = "INSERT INTO delivery (turn_id, part, once_key, text, updated_at) VALUES ($1, $2, $3, $4, $5)";
const PARTS: &str = "SELECT part, once_key, text, state, platform_id FROM delivery WHERE turn_id = $1 ORDER BY part";
const PART_SENT: &str =
    "UPDATE delivery SET state = 'sent', platform_id = $3, updated_at = $4 WHERE turn_id = $1 AND part = $2";
const LANES_WAITING: &str = "SELECT place_id FROM turn WHERE state IN ('queued', 'running', 'sending') \
     GROUP BY place_id ORDER BY MIN(created_at)";
const STATE: &str = "SELECT state, failure FROM turn WHERE id = $1";
const ANSWER: &str = "SELECT answer, failure, made_of FROM turn WHERE id = $1";
const LAST: &str = "SELECT id, personality_id, failure, made_of, updated_at FROM turn \
     WHERE place_id = $1 AND member_id = $2 AND state IN ('done', 'failed') AND made_of IS NOT NULL \
     ORDER BY updated_at DESC, seq DESC LIMIT 1";
const OPEN_COUNT: &str = "SELECT COUNT(*), MIN(created_at) FROM turn WHERE state IN ('queued', 'running', 'sending')";
const ADD_USAGE: &str = "INSERT INTO usage_entry (id, turn_id, member_id, personality_id, key_source, model, \
     prompt_tokens, completion_tokens, counted_by_provider, cost_micros, at) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";

/// Every statement of this file.
pub const ALL: &[&str] = &[
    ADD,
    QUEUED,
    CLAIM_LANE,
    KEEP_LANE,
    RELEASE_LANE,
    OLDEST,
    START,
    IS_CANCELLED,
    CANCEL,
    ANSWERED,
    END,
    LATER,
    ADD_PART,
    PARTS,
    PART_SENT,
    LANES_WAITING,
    STATE,
    ANSWER,
    LAST,
    OPEN_COUNT,
    ADD_USAGE,
];

/// A turn to queue.
#[derive(Clone, Debug)]
pub struct NewTurn {
    pub id: TurnId,
    pub place: PlaceId,
    pub message: MessageId,
    pub personality: PersonalityId,
    pub member: MemberId,
    pub persona: PersonaId,
    pub trace: String,
    pub at: Moment,
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
    /// The oldest turn was withdrawn; it is ended already.
    Withdrawn,
    /// The oldest turn, started under a new epoch.
    Turn(Box<Turn>),
}

/// One part of an answer on its way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    pub part: i64,
    pub once_key: String,
    pub text: String,
    pub sent_as: Option<String>,
}

/// The finished text of a turn, before it is sent.
#[derive(Clone, Debug)]
pub struct Answered {
    pub turn: TurnId,
    pub epoch: i64,
    pub text: String,
    /// The error class when the text is an apology.
    pub failure: Option<&'static str>,
    pub made_of: serde_json::Value,
    /// Text and once key of every part.
    pub parts: Vec<(String, String)>,
}

/// What one answer cost.
#[derive(Clone, Debug)]
pub struct NewUsage {
    pub id: String,
    pub turn: TurnId,
    pub member: MemberId,
    pub personality: PersonalityId,
    pub key_source: KeySource,
    pub model: String,
    pub prompt_tokens: i64,
    pub completion_tokens: i64,
    pub counted_by_provider: bool,
    pub cost_micros: i64,
}

/// The last answer a member got in a place, for `/inspect`.
#[derive(Clone, Debug, PartialEq)]
pub struct LastAnswer {
    pub turn: TurnId,
    pub personality: PersonalityId,
    pub failure: Option<String>,
    pub made_of: serde_json::Value,
    pub at: Moment,
}

/// Queues a turn at `seq` of its lane.
pub async fn add(tx: &mut Tx, turn: &NewTurn, seq: i64) -> Result<(), Error> {
    on_tx!(tx, c => sqlx::query(ADD)
        .bind(turn.id.as_str())
        .bind(turn.place.as_str())
        .bind(seq)
        .bind(turn.message.as_str())
        .bind(turn.personality.as_str())
        .bind(turn.member.as_str())
        .bind(turn.persona.as_str())
        .bind(&turn.trace)
        .bind(turn.at.0)
        .execute(c).await.map(|_| ()))?;
    Ok(())
}

/// A turn of this member and personality that no worker has touched yet.
pub async fn queued(
    tx: &mut Tx,
    place: &PlaceId,
    member: &MemberId,
    personality: &PersonalityId,
) -> Result<Option<TurnId>, Error> {
    let row = on_tx!(tx, c => sqlx::query_as::<_, (String,)>(QUEUED)
        .bind(place.as_str()).bind(member.as_str()).bind(personality.as_str()).fetch_optional(c).await)?;
    Ok(row.map(|(id,)| TurnId::new(id)))
}

/// Takes a lane for `owner` until `until` and starts its oldest turn under a new epoch.
pub async fn claim(tx: &mut Tx, lane: &PlaceId, owner: &str, now: Moment, until: Moment) -> Result<Claim, Error> {
    let epoch = on_tx!(tx, c => sqlx::query_as::<_, (i64,)>(CLAIM_LANE)
        .bind(lane.as_str()).bind(owner).bind(until.0).bind(now.0).fetch_optional(c).await)?;
    let Some((epoch,)) = epoch else { return Ok(Claim::Taken) };
    type Row = (String, String, String, String, String, String, String, i64, Option<String>, String, i64, bool, i64);
    let row = on_tx!(tx, c => sqlx::query_as::<_, Row>(OLDEST).bind(lane.as_str()).fetch_optional(c).await)?;
    let Some((
        id,
        place,
        message,
        personality,
        member,
        persona,
        state,
        attempt,
        answer,
        trace,
        created,
        cancelled,
        run_at,
    )) = row
    else {
        release(tx, lane, epoch).await?;
        return Ok(Claim::Empty);
    };
    let Some(state) = TurnState::read(&state) else {
        return Err(Error::Inconsistent { table: "turn", column: "state", row: id });
    };
    if run_at > now.0 {
        release(tx, lane, epoch).await?;
        return Ok(Claim::Later(Moment(run_at)));
    }
    on_tx!(tx, c => sqlx::query(START).bind(&id).bind(epoch).bind(now.0).execute(c).await.map(|_| ()))?;
    let turn = Turn {
        id: TurnId::new(id),
        place: PlaceId::new(place),
        message: MessageId::new(message),
        personality: PersonalityId::new(personality),
        member: MemberId::new(member),
        persona: PersonaId::new(persona),
        state,
        attempt: attempt + 1,
        epoch,
        answer,
        trace,
        created_at: Moment(created),
    };
    if cancelled && state != TurnState::Sending {
        end(tx, &turn.id, epoch, TurnState::Cancelled, None, now).await?;
        return Ok(Claim::Withdrawn);
    }
    Ok(Claim::Turn(Box::new(turn)))
}

/// Extends a lease; `false`: the lane was lost.
pub async fn keep(tx: &mut Tx, lane: &PlaceId, epoch: i64, until: Moment) -> Result<bool, Error> {
    let kept = on_tx!(tx, c => sqlx::query_as::<_, (i64,)>(KEEP_LANE)
        .bind(lane.as_str()).bind(epoch).bind(until.0).fetch_optional(c).await)?;
    Ok(kept.is_some())
}

/// Gives a lane up, so that anyone may take it at once.
pub async fn release(tx: &mut Tx, lane: &PlaceId, epoch: i64) -> Result<(), Error> {
    on_tx!(tx, c => sqlx::query(RELEASE_LANE).bind(lane.as_str()).bind(epoch).execute(c).await.map(|_| ()))?;
    Ok(())
}

/// Whether a turn was withdrawn.
pub async fn is_cancelled(db: &Db, turn: &TurnId) -> Result<bool, Error> {
    let row = on!(db, c => sqlx::query_as::<_, (bool,)>(IS_CANCELLED).bind(turn.as_str()).fetch_optional(c).await)?;
    Ok(row.is_none_or(|(cancelled,)| cancelled))
}

/// Withdraws a member's turns in a place that have no answer yet; returns how many.
pub async fn cancel(tx: &mut Tx, place: &PlaceId, member: &MemberId, now: Moment) -> Result<u64, Error> {
    Ok(on_tx!(tx, c => sqlx::query(CANCEL).bind(place.as_str()).bind(true).bind(now.0).bind(member.as_str())
        .execute(c).await.map(|done| done.rows_affected()))?)
}

/// Stores a turn's text and its parts: from here on it is never generated again.
///
/// # Errors
/// [`Error::Fenced`] when another worker has the lane.
pub async fn answered(tx: &mut Tx, answer: &Answered, now: Moment) -> Result<(), Error> {
    let kept = on_tx!(tx, c => sqlx::query_as::<_, (String,)>(ANSWERED)
        .bind(answer.turn.as_str())
        .bind(answer.epoch)
        .bind(&answer.text)
        .bind(answer.failure)
        .bind(Json(&answer.made_of))
        .bind(now.0)
        .fetch_optional(c).await)?;
    if kept.is_none() {
        return Err(Error::Fenced);
    }
    for (part, (text, once_key)) in (0_i64..).zip(&answer.parts) {
        on_tx!(tx, c => sqlx::query(ADD_PART)
            .bind(answer.turn.as_str()).bind(part).bind(once_key).bind(text).bind(now.0)
            .execute(c).await.map(|_| ()))?;
    }
    Ok(())
}

/// Ends a turn under its epoch.
///
/// # Errors
/// [`Error::Fenced`] when another worker has the lane.
pub async fn end(
    tx: &mut Tx,
    turn: &TurnId,
    epoch: i64,
    state: TurnState,
    made_of: Option<serde_json::Value>,
    now: Moment,
) -> Result<(), Error> {
    let ended = on_tx!(tx, c => sqlx::query_as::<_, (String,)>(END)
        .bind(turn.as_str()).bind(epoch).bind(state.as_str()).bind(made_of.map(Json)).bind(now.0)
        .fetch_optional(c).await)?;
    ended.map(|_| ()).ok_or(Error::Fenced)
}

/// Lets a turn wait until `run_at`.
///
/// # Errors
/// [`Error::Fenced`] when another worker has the lane.
pub async fn later(tx: &mut Tx, turn: &TurnId, epoch: i64, run_at: Moment, now: Moment) -> Result<(), Error> {
    let waits = on_tx!(tx, c => sqlx::query_as::<_, (String,)>(LATER)
        .bind(turn.as_str()).bind(epoch).bind(run_at.0).bind(now.0).fetch_optional(c).await)?;
    waits.map(|_| ()).ok_or(Error::Fenced)
}

/// The parts of a turn's answer, in order.
pub async fn parts(db: &Db, turn: &TurnId) -> Result<Vec<Delivery>, Error> {
    type Row = (i64, String, String, String, Option<String>);
    let rows = on!(db, c => sqlx::query_as::<_, Row>(PARTS).bind(turn.as_str()).fetch_all(c).await)?;
    Ok(rows
        .into_iter()
        .map(|(part, once_key, text, state, platform_id)| Delivery {
            part,
            once_key,
            text,
            sent_as: platform_id.filter(|_| state == "sent"),
        })
        .collect())
}

/// Records that a part arrived as the platform's message `platform_id`.
pub async fn part_sent(tx: &mut Tx, turn: &TurnId, part: i64, platform_id: &str, now: Moment) -> Result<(), Error> {
    on_tx!(tx, c => sqlx::query(PART_SENT)
        .bind(turn.as_str()).bind(part).bind(platform_id).bind(now.0).execute(c).await.map(|_| ()))?;
    Ok(())
}

/// Lanes with unfinished turns, longest waiting first.
pub async fn lanes_waiting(db: &Db) -> Result<Vec<PlaceId>, Error> {
    let rows = on!(db, c => sqlx::query_as::<_, (String,)>(LANES_WAITING).fetch_all(c).await)?;
    Ok(rows.into_iter().map(|(id,)| PlaceId::new(id)).collect())
}

/// The state of a turn and, if it ended with an apology, the error class.
pub async fn state(db: &Db, turn: &TurnId) -> Result<Option<(TurnState, Option<String>)>, Error> {
    let row = on!(db, c => sqlx::query_as::<_, (String, Option<String>)>(STATE)
        .bind(turn.as_str()).fetch_optional(c).await)?;
    row.map(|(state, failure)| {
        let state = TurnState::read(&state).ok_or_else(|| Error::Inconsistent {
            table: "turn",
            column: "state",
            row: turn.to_string(),
        })?;
        Ok((state, failure))
    })
    .transpose()
}

/// A turn's stored text, its error class if that is an apology, and what it was made of.
pub async fn answer(db: &Db, turn: &TurnId) -> Result<Option<(String, Option<String>, serde_json::Value)>, Error> {
    type Row = (Option<String>, Option<String>, Option<Json<serde_json::Value>>);
    let row = on!(db, c => sqlx::query_as::<_, Row>(ANSWER).bind(turn.as_str()).fetch_optional(c).await)?;
    Ok(row.and_then(|(answer, failure, made_of)| {
        answer.map(|answer| (answer, failure, made_of.map_or(serde_json::Value::Null, |Json(made_of)| made_of)))
    }))
}

/// The last answer that `member` got in `place`.
pub async fn last(db: &Db, place: &PlaceId, member: &MemberId) -> Result<Option<LastAnswer>, Error> {
    type Row = (String, String, Option<String>, Json<serde_json::Value>, i64);
    let row = on!(db, c => sqlx::query_as::<_, Row>(LAST)
        .bind(place.as_str()).bind(member.as_str()).fetch_optional(c).await)?;
    Ok(row.map(|(id, personality, failure, Json(made_of), at)| LastAnswer {
        turn: TurnId::new(id),
        personality: PersonalityId::new(personality),
        failure,
        made_of,
        at: Moment(at),
    }))
}

/// How many turns are unfinished, and since when the oldest waits.
pub async fn open_count(db: &Db) -> Result<(i64, Option<Moment>), Error> {
    let (count, oldest) = on!(db, c => sqlx::query_as::<_, (i64, Option<i64>)>(OPEN_COUNT).fetch_one(c).await)?;
    Ok((count, oldest.map(Moment)))
}

/// Writes what a turn cost.
pub async fn add_usage(tx: &mut Tx, usage: &NewUsage, now: Moment) -> Result<(), Error> {
    let source = match usage.key_source {
        KeySource::Local => "local",
        KeySource::Operator => "operator",
        KeySource::Member => "member",
    };
    on_tx!(tx, c => sqlx::query(ADD_USAGE)
        .bind(&usage.id)
        .bind(usage.turn.as_str())
        .bind(usage.member.as_str())
        .bind(usage.personality.as_str())
        .bind(source)
        .bind(&usage.model)
        .bind(usage.prompt_tokens)
        .bind(usage.completion_tokens)
        .bind(usage.counted_by_provider)
        .bind(usage.cost_micros)
        .bind(now.0)
        .execute(c).await.map(|_| ()))?;
    Ok(())
}
