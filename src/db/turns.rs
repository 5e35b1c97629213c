//! Turns and deliveries: the durable side of the queue. Every write of a worker carries its lane's epoch.

use super::{Db, Error, Json, Script, Tx, json, lanes, ledger, people, rules, say};
use crate::domain::{MemberId, MessageId, Moment, PersonaId, PersonalityId, PlaceId, Turn, TurnId, TurnState};

/// Turns that are not ended. Those of a place are few, however many it ever had: `seq >= 0`, which all are, has SQLite look
/// them up where they are kept apart, and not among all of the place.
macro_rules! open {
    () => {
        "state IN ('queued', 'running', 'sending') AND seq >= 0"
    };
}

pub(super) use open;

const ADD: &str = "INSERT INTO turn \
     (id, place_id, seq, message_id, personality_id, member_id, persona_id, trace, notice, \
     is_incognito, created_at, updated_at) \
     VALUES ($1, $2, (SELECT next_seq FROM lane WHERE id = $2), $3, $4, $5, $6, $7, $8, $9, $10, $10)";
const IS_CANCELLED: &str = "SELECT cancelled FROM turn WHERE id = $1";
const CANCEL: &str = "UPDATE turn SET cancelled = $2, updated_at = $3 \
     WHERE place_id = $1 AND state IN ('queued', 'running') AND member_id = $4";
const ANSWERED: &str = "UPDATE turn SET state = 'sending', answer = $3, failure = $4, made_of = $5, updated_at = $6, sendings = $7 \
     WHERE id = $1 AND epoch = $2 AND state = 'running' AND NOT cancelled RETURNING id";
const END: &str = "UPDATE turn SET state = $2, updated_at = $3 WHERE id = $1";
const ADD_PART: &str = "INSERT INTO delivery (turn_id, part, once_key, text, is_notice, updated_at) \
     VALUES ($1, $2, $3, $4, $5, $6)";
const PARTS: &str = "SELECT part, once_key, text, is_notice, state, platform_id FROM delivery WHERE turn_id = $1 AND part >= 0 ORDER BY part";
const PART_SENT: &str =
    "UPDATE delivery SET state = 'sent', platform_id = $3, updated_at = $4 WHERE turn_id = $1 AND part = $2";
const NOTE_DRAFT: &str = "INSERT INTO delivery (turn_id, part, once_key, text, is_notice, updated_at) \
     SELECT id, $2, $3, '', $4, $5 FROM turn \
     WHERE id = $1 AND epoch = $6 AND state = 'running' AND NOT cancelled RETURNING turn_id";
const DRAFT: &str = "SELECT once_key, platform_id FROM delivery WHERE turn_id = $1 AND part = $2";
const DRAFTING: &str = "SELECT t.personality_id FROM delivery d JOIN turn t ON t.id = d.turn_id \
     JOIN place p ON p.id = t.place_id WHERE d.platform_id = $2 AND d.part = $3 AND p.platform = $1";
const DROP_DRAFT: &str = "DELETE FROM delivery WHERE turn_id = $1 AND part = $2";
const CANCEL_DRAFTED: &str = "UPDATE turn SET cancelled = $5, updated_at = $6 WHERE state = 'running' \
     AND id IN (SELECT turn_id FROM delivery WHERE platform_id = $3 AND part = $4) \
     AND place_id IN (SELECT id FROM place WHERE platform = $1 AND (subject = $2 OR parent = $2)) RETURNING id";
const STATE: &str = "SELECT state FROM turn WHERE id = $1";
const ANSWER: &str = "SELECT answer, failure, made_of FROM turn WHERE id = $1";
const LAST: &str = "SELECT id, personality_id, failure, made_of, updated_at FROM turn \
     WHERE place_id = $1 AND member_id = $2 AND state IN ('done', 'failed') AND made_of IS NOT NULL \
     ORDER BY updated_at DESC, seq DESC LIMIT 1";
const ABOUT: &str = "SELECT t.id, t.personality_id, t.failure, t.made_of, t.updated_at FROM turn t \
     JOIN message s ON s.account = $1 AND s.platform_id = $2 AND (t.id = s.turn_id OR t.message_id = s.id) \
     WHERE t.member_id = $3 AND t.state IN ('done', 'failed') AND t.made_of IS NOT NULL \
     ORDER BY t.updated_at DESC, t.seq DESC LIMIT 1";
const CANCEL_IN: &str = "UPDATE turn SET cancelled = $3, updated_at = $4 WHERE state IN ('queued', 'running') \
     AND place_id IN (SELECT id FROM place WHERE platform = $1 AND (subject = $2 OR parent = $2)) RETURNING id";
const PLACE_OF_PART: &str = "SELECT p.subject FROM delivery d JOIN turn t ON t.id = d.turn_id \
     JOIN place p ON p.id = t.place_id WHERE d.platform_id = $2 AND d.part >= 0 AND p.platform = $1";
const OF_PART: &str = "SELECT t.id FROM delivery d JOIN turn t ON t.id = d.turn_id JOIN place p ON p.id = t.place_id \
     WHERE d.platform_id = $2 AND d.part >= 0 AND p.platform = $1";
const LAST_ENDED: &str = "SELECT id FROM turn WHERE place_id = $1 AND member_id = $2 AND state IN ('done', 'failed') \
     AND notice IS NULL \
     ORDER BY seq DESC, updated_at DESC LIMIT 1";
const ENDED: &str = "SELECT place_id, message_id, personality_id, member_id, persona_id, is_incognito, failure IS NOT NULL, \
     EXISTS (SELECT 1 FROM turn n WHERE n.place_id = turn.place_id AND n.personality_id = turn.personality_id \
     AND n.state <> 'cancelled' AND (n.seq > turn.seq OR (n.seq = turn.seq AND n.created_at > turn.created_at))) \
     FROM turn WHERE id = $1 AND state IN ('done', 'failed') AND notice IS NULL";
const ASKS_ANEW: &str = "UPDATE message SET turn_id = $2 WHERE turn_id = $1 AND personality_id IS NULL";
const REMOVE: &str = "DELETE FROM turn WHERE id = $1";
const LAST_SPOKEN_WITH: &str = "SELECT personality_id FROM turn WHERE place_id = $1 ORDER BY updated_at DESC LIMIT 1";
const LAST_ASKED_AT: &str = "SELECT MAX(updated_at) FROM turn WHERE place_id = $1";
const OF_MESSAGE: &str = "SELECT id FROM turn WHERE id = $1 OR message_id = $2";
const CANCEL_ONE: &str = "UPDATE turn SET cancelled = $2, updated_at = $3 WHERE id = $1 \
     AND state IN ('queued', 'running') AND NOT EXISTS (SELECT 1 FROM message m \
     WHERE (m.turn_id = turn.id OR m.id = turn.message_id) AND m.personality_id IS NULL AND m.deleted_at IS NULL)";
/// Every statement of this file.
pub const ALL: &[&str] = &[
    ADD,
    IS_CANCELLED,
    CANCEL,
    ANSWERED,
    END,
    ADD_PART,
    PARTS,
    PART_SENT,
    NOTE_DRAFT,
    DRAFT,
    DRAFTING,
    DROP_DRAFT,
    CANCEL_DRAFTED,
    STATE,
    ANSWER,
    LAST,
    ABOUT,
    OF_PART,
    PLACE_OF_PART,
    CANCEL_IN,
    LAST_ENDED,
    ENDED,
    ASKS_ANEW,
    REMOVE,
    LAST_SPOKEN_WITH,
    LAST_ASKED_AT,
    OF_MESSAGE,
    CANCEL_ONE,
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
    /// What to say instead of asking a model: a [`Line`] as JSON.
    pub notice: Option<String>,
    /// Said while nothing was to be remembered.
    pub is_incognito: bool,
    pub at: Moment,
}

/// One part of an answer on its way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    pub part: i64,
    pub once_key: String,
    pub text: String,
    /// A line of the house within an answer.
    pub is_notice: bool,
    pub sent_as: Option<String>,
}

/// The place of a draft among the parts of a turn: what is shown of an answer while it is written.
pub const DRAFT_PART: i64 = -1;

/// What is shown of an answer while it is written: one message, whose text changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft {
    pub once_key: String,
    /// The platform's id of the message; `None`: nobody knows whether it was sent.
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
    pub parts: Vec<Delivery>,
    /// What the call cost.
    pub cost: Cost,
    /// Whether another process says it: the lane is given up for it.
    pub is_handed_over: bool,
    /// Whether another attempt came before.
    pub is_retry: bool,
    /// The member is told with this answer that they talk with an AI.
    pub tells: Option<MemberId>,
    /// The announcement that the place is told with this answer.
    pub announces: Option<String>,
    pub place: PlaceId,
}

/// What a call cost.
#[derive(Clone, Debug)]
pub enum Cost {
    /// No model was asked by this attempt.
    NotAsked,
    /// A model was asked and turned the call down before it began.
    Free,
    /// This; and whether something had been set aside for it.
    Known(Box<ledger::NewEntry>, bool),
    /// What had been set aside, for nobody knows what became of the call.
    Lost,
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

/// Queues a turn with the message that was added last in its place.
pub fn add<'v>(script: &mut Script<'v>, turn: &'v NewTurn) {
    script.add(
        ADD,
        [
            turn.id.as_str().into(),
            turn.place.as_str().into(),
            turn.message.as_str().into(),
            turn.personality.as_str().into(),
            turn.member.as_str().into(),
            turn.persona.as_str().into(),
            (&turn.trace).into(),
            turn.notice.as_deref().into(),
            turn.is_incognito.into(),
            turn.at.0.into(),
        ],
    );
}

/// Whether a turn was withdrawn.
pub async fn is_cancelled(db: &Db, turn: &TurnId) -> Result<bool, Error> {
    let row = say(IS_CANCELLED).bind(turn.as_str()).read_optional::<(bool,)>(db).await?;
    Ok(row.is_none_or(|(cancelled,)| cancelled))
}

/// Withdraws a member's turns in a place that have no answer yet; returns how many.
pub async fn cancel(tx: &mut Tx, place: &PlaceId, member: &MemberId, now: Moment) -> Result<u64, Error> {
    say(CANCEL).bind(place.as_str()).bind(true).bind(now.0).bind(member.as_str()).execute(tx).await
}

/// Stores a turn's text and its parts: from here on it is never generated again.
///
/// # Errors
/// [`Error::Fenced`] when another worker has the lane, or the turn was withdrawn.
pub async fn answered(tx: &mut Tx, answer: &Answered, now: Moment) -> Result<(), Error> {
    // The lane before the turn, as whoever claims it takes them.
    if answer.is_handed_over {
        lanes::release(tx, &answer.place, answer.epoch).await?;
    }
    let kept = say(ANSWERED)
        .bind(answer.turn.as_str())
        .bind(answer.epoch)
        .bind(&answer.text)
        .bind(answer.failure)
        .bind(json(&answer.made_of)?)
        .bind(now.0)
        .bind(i64::from(!answer.is_handed_over))
        .fetch_optional::<(String,)>(tx)
        .await?;
    if kept.is_none() {
        return Err(Error::Fenced);
    }
    let mut script = Script::default();
    for part in &answer.parts {
        let (turn, once_key, text) = (answer.turn.as_str().into(), (&part.once_key).into(), (&part.text).into());
        script.add(ADD_PART, [turn, part.part.into(), once_key, text, part.is_notice.into(), now.0.into()]);
    }
    // What the call was allowed to use is settled by what it did use, in the same breath; what an earlier attempt had set
    // aside and nobody settled was used.
    match &answer.cost {
        Cost::NotAsked if !answer.is_retry => {}
        Cost::NotAsked | Cost::Lost => ledger::lose(&mut script, &answer.turn),
        Cost::Free => ledger::release(&mut script, &answer.turn),
        Cost::Known(entry, was_reserved) => {
            if *was_reserved {
                ledger::release(&mut script, &answer.turn);
            } else if answer.is_retry {
                ledger::lose(&mut script, &answer.turn);
            }
            ledger::add(&mut script, entry, now);
        }
    }
    if let Some(member) = &answer.tells {
        people::told(&mut script, member, now);
    }
    if let Some(announcement) = &answer.announces {
        rules::told(&mut script, announcement, &answer.place);
    }
    script.run(tx).await
}

/// Ends a turn; only after [`lanes::leave`] in the same transaction.
pub fn end<'v>(script: &mut Script<'v>, turn: &'v TurnId, state: TurnState, now: Moment) {
    script.add(END, [turn.as_str().into(), state.as_str().into(), now.0.into()]);
}

/// The parts of a turn's answer, in order.
pub async fn parts(db: &Db, turn: &TurnId) -> Result<Vec<Delivery>, Error> {
    type Row = (i64, String, String, bool, String, Option<String>);
    let rows = say(PARTS).bind(turn.as_str()).read_all::<Row>(db).await?;
    Ok(rows
        .into_iter()
        .map(|(part, once_key, text, is_notice, state, platform_id)| Delivery {
            part,
            once_key,
            text,
            is_notice,
            sent_as: platform_id.filter(|_| state == "sent"),
        })
        .collect())
}

/// Records that a part arrived as the platform's message `platform_id`.
pub fn part_sent<'v>(script: &mut Script<'v>, turn: &'v TurnId, part: i64, platform_id: &'v str, now: Moment) {
    script.add(PART_SENT, [turn.as_str().into(), part.into(), platform_id.into(), now.0.into()]);
}

/// Notes that a draft of a turn is about to be sent; `false`: the turn was withdrawn, or is another worker's.
pub async fn note_draft(tx: &mut Tx, turn: &Turn, once_key: &str, now: Moment) -> Result<bool, Error> {
    let noted = say(NOTE_DRAFT)
        .bind(turn.id.as_str())
        .bind(DRAFT_PART)
        .bind(once_key)
        .bind(false)
        .bind(now.0)
        .bind(turn.epoch)
        .fetch_optional::<(String,)>(tx)
        .await?;
    Ok(noted.is_some())
}

/// The draft of a turn, if one was or may have been sent.
pub async fn draft(db: &Db, turn: &TurnId) -> Result<Option<Draft>, Error> {
    let row = say(DRAFT).bind(turn.as_str()).bind(DRAFT_PART).read_optional::<(String, Option<String>)>(db).await?;
    Ok(row.map(|(once_key, sent_as)| Draft { once_key, sent_as }))
}

/// The personality whose unfinished answer a platform's message is.
pub async fn drafting(db: &Db, platform: &str, platform_id: &str) -> Result<Option<PersonalityId>, Error> {
    let row = say(DRAFTING).bind(platform).bind(platform_id).bind(DRAFT_PART).read_optional::<(String,)>(db).await?;
    Ok(row.map(|(id,)| PersonalityId::new(id)))
}

/// Notes that a turn has no draft any more: it became the answer, or is gone.
pub fn drop_draft<'v>(script: &mut Script<'v>, turn: &'v TurnId) {
    script.add(DROP_DRAFT, [turn.as_str().into(), DRAFT_PART.into()]);
}

/// Withdraws the turn that a platform's message is the draft of, in a place or in what hangs on it.
pub async fn cancel_drafted(
    tx: &mut Tx,
    (platform, subject): (&str, &str),
    platform_id: &str,
    now: Moment,
) -> Result<Option<TurnId>, Error> {
    let row = say(CANCEL_DRAFTED)
        .bind(platform)
        .bind(subject)
        .bind(platform_id)
        .bind(DRAFT_PART)
        .bind(true)
        .bind(now.0)
        .fetch_optional::<(String,)>(tx)
        .await?;
    Ok(row.map(|(id,)| TurnId::new(id)))
}

/// The state of a turn.
pub async fn state(db: &Db, turn: &TurnId) -> Result<Option<TurnState>, Error> {
    let row = say(STATE).bind(turn.as_str()).read_optional::<(String,)>(db).await?;
    row.map(|(state,)| {
        TurnState::read(&state).ok_or_else(|| Error::Inconsistent {
            table: "turn",
            column: "state",
            row: turn.to_string(),
        })
    })
    .transpose()
}

/// A turn's stored text, its error class if that is an apology, and what it was made of.
pub async fn answer(db: &Db, turn: &TurnId) -> Result<Option<(String, Option<String>, serde_json::Value)>, Error> {
    type Row = (Option<String>, Option<String>, Option<Json<serde_json::Value>>);
    let row = say(ANSWER).bind(turn.as_str()).read_optional::<Row>(db).await?;
    Ok(row.and_then(|(answer, failure, made_of)| {
        answer.map(|answer| (answer, failure, made_of.map_or(serde_json::Value::Null, |Json(made_of)| made_of)))
    }))
}

/// The last answer that `member` got in `place`.
pub async fn last(db: &Db, place: &PlaceId, member: &MemberId) -> Result<Option<LastAnswer>, Error> {
    let row = say(LAST).bind(place.as_str()).bind(member.as_str()).read_optional::<LastRow>(db).await?;
    Ok(row.map(last_answer))
}

/// The answer to `member` that a platform's message asked for or is part of.
pub async fn about(
    db: &Db,
    (account, platform_id): (&str, &str),
    member: &MemberId,
) -> Result<Option<LastAnswer>, Error> {
    let row = say(ABOUT).bind(account).bind(platform_id).bind(member.as_str()).read_optional::<LastRow>(db).await?;
    Ok(row.map(last_answer))
}

type LastRow = (String, String, Option<String>, Json<serde_json::Value>, i64);

fn last_answer((id, personality, failure, Json(made_of), at): LastRow) -> LastAnswer {
    LastAnswer { turn: TurnId::new(id), personality: PersonalityId::new(personality), failure, made_of, at: Moment(at) }
}

/// A turn that has ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EndedTurn {
    pub id: TurnId,
    pub place: PlaceId,
    /// The message that asked.
    pub message: MessageId,
    pub personality: PersonalityId,
    pub member: MemberId,
    pub persona: PersonaId,
    pub is_incognito: bool,
    /// It ended with a line of the house.
    pub is_notice: bool,
    /// The personality was asked something else there since.
    pub is_past: bool,
}

/// The turn whose answer a platform's message is part of.
pub async fn of_part(db: &Db, (account, platform_id): (&str, &str)) -> Result<Option<TurnId>, Error> {
    let row = say(OF_PART).bind(account).bind(platform_id).read_optional::<(String,)>(db).await?;
    Ok(row.map(|(id,)| TurnId::new(id)))
}

/// Where an answer was given that a platform's message is part of: the platform's own name of the place.
pub async fn place_of_part(db: &Db, account: &str, platform_id: &str) -> Result<Option<String>, Error> {
    let row = say(PLACE_OF_PART).bind(account).bind(platform_id).read_optional::<(String,)>(db).await?;
    Ok(row.map(|(subject,)| subject))
}

/// Withdraws every turn without an answer in a place and in what hangs on it; returns them.
pub async fn cancel_in(tx: &mut Tx, platform: &str, subject: &str, now: Moment) -> Result<Vec<TurnId>, Error> {
    let rows = say(CANCEL_IN).bind(platform).bind(subject).bind(true).bind(now.0).fetch_all::<(String,)>(tx).await?;
    Ok(rows.into_iter().map(|(id,)| TurnId::new(id)).collect())
}

/// The last turn of a member in a place that has ended.
pub async fn last_ended(db: &Db, place: &PlaceId, member: &MemberId) -> Result<Option<TurnId>, Error> {
    let row = say(LAST_ENDED).bind(place.as_str()).bind(member.as_str()).read_optional::<(String,)>(db).await?;
    Ok(row.map(|(id,)| TurnId::new(id)))
}

/// A turn, if it has ended.
pub async fn ended(db: &Db, turn: &TurnId) -> Result<Option<EndedTurn>, Error> {
    type Row = (String, String, String, String, String, bool, bool, bool);
    let row = say(ENDED).bind(turn.as_str()).read_optional::<Row>(db).await?;
    Ok(row.map(|(place, message, personality, member, persona, is_incognito, is_notice, is_past)| EndedTurn {
        id: turn.clone(),
        place: PlaceId::new(place),
        message: MessageId::new(message),
        personality: PersonalityId::new(personality),
        member: MemberId::new(member),
        persona: PersonaId::new(persona),
        is_incognito,
        is_notice,
        is_past,
    }))
}

/// Removes a turn that has ended and was taken back, with what it said.
pub fn remove<'v>(script: &mut Script<'v>, turn: &'v TurnId) {
    script.add(REMOVE, [turn.as_str().into()]);
}

/// Puts a new turn in the place of one that has ended and was taken back: a message asks a personality once.
pub fn ask_anew<'v>(script: &mut Script<'v>, ended: &'v TurnId, new: &'v NewTurn) {
    script.add(ASKS_ANEW, [ended.as_str().into(), new.id.as_str().into()]);
    script.add(REMOVE, [ended.as_str().into()]);
    add(script, new);
}

/// The personality that was asked last in a place.
pub async fn last_spoken_with(db: &Db, place: &PlaceId) -> Result<Option<PersonalityId>, Error> {
    let row = say(LAST_SPOKEN_WITH).bind(place.as_str()).read_optional::<(String,)>(db).await?;
    Ok(row.map(|(id,)| PersonalityId::new(id)))
}

/// When somebody was last asked in a place.
pub async fn last_asked_at(db: &Db, place: &PlaceId) -> Result<Option<Moment>, Error> {
    let (at,) = say(LAST_ASKED_AT).bind(place.as_str()).read_one::<(Option<i64>,)>(db).await?;
    Ok(at.map(Moment))
}

/// The turns that a message asked for or joined, or that it answers.
pub async fn of_message(db: &Db, message: &MessageId, turn: Option<&TurnId>) -> Result<Vec<TurnId>, Error> {
    let turn = turn.map_or("", TurnId::as_str);
    let rows = say(OF_MESSAGE).bind(turn).bind(message.as_str()).read_all::<(String,)>(db).await?;
    Ok(rows.into_iter().map(|(id,)| TurnId::new(id)).collect())
}

/// Withdraws a turn that nobody's message asks for any more.
pub fn cancel_unasked<'v>(script: &mut Script<'v>, turn: &'v TurnId, now: Moment) {
    script.add(CANCEL_ONE, [turn.as_str().into(), true.into(), now.0.into()]);
}
