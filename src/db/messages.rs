//! What was said: the stored messages of every place.

use super::{Db, Error, Tx};
use crate::domain::{MemberId, MessageId, Moment, PersonaId, PersonalityId, PlaceId, TurnId};
use crate::{on, on_tx};

const NEXT_SEQ: &str = "INSERT INTO lane (id, next_seq) VALUES ($1, 1) \
     ON CONFLICT (id) DO UPDATE SET next_seq = lane.next_seq + 1 RETURNING next_seq";
const ADD: &str = "INSERT INTO message \
     (id, place_id, seq, account, platform_id, member_id, persona_id, personality_id, turn_id, author_name, text, tokens, at) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) ON CONFLICT (account, platform_id) DO NOTHING";
const KNOWN: &str = "SELECT turn_id FROM message WHERE account = $1 AND platform_id = $2";
const BEFORE: &str = "SELECT id, seq, member_id, persona_id, personality_id, turn_id, author_name, text, tokens, at \
     FROM message WHERE place_id = $1 AND seq < $2 AND seq > $3 AND deleted_at IS NULL ORDER BY seq DESC LIMIT $4";
const BEFORE_WITH: &str = "SELECT id, seq, member_id, persona_id, personality_id, turn_id, author_name, text, tokens, at \
     FROM message m WHERE place_id = $1 AND seq < $2 AND seq > $3 AND deleted_at IS NULL AND (personality_id = $5 \
     OR EXISTS (SELECT 1 FROM turn t WHERE t.personality_id = $5 AND (t.id = m.turn_id OR t.message_id = m.id))) \
     ORDER BY seq DESC LIMIT $4";
const GET: &str = "SELECT id, seq, member_id, persona_id, personality_id, turn_id, author_name, text, tokens, at \
     FROM message WHERE id = $1 AND deleted_at IS NULL";
const PLATFORM_ID: &str = "SELECT platform_id FROM message WHERE id = $1";
const OF_TURN: &str = "SELECT id, seq, member_id, persona_id, personality_id, turn_id, author_name, text, tokens, at \
     FROM message WHERE turn_id = $1 AND deleted_at IS NULL ORDER BY seq";
const WAITING: &str = "SELECT id FROM turn WHERE place_id = $1 AND state IN ('queued', 'running', 'sending')";
const SPEAKER: &str = "SELECT personality_id FROM message WHERE account = $1 AND platform_id = $2";
const COUNT: &str = "SELECT COUNT(*) FROM message";

/// Every statement of this file.
pub const ALL: &[&str] =
    &[NEXT_SEQ, ADD, KNOWN, BEFORE, BEFORE_WITH, GET, PLATFORM_ID, OF_TURN, WAITING, SPEAKER, COUNT];

/// A message to store.
#[derive(Clone, Debug)]
pub struct NewMessage {
    pub id: MessageId,
    pub place: PlaceId,
    pub account: String,
    pub platform_id: String,
    pub member: Option<MemberId>,
    pub persona: Option<PersonaId>,
    /// The personality that says it; `None`: a person does.
    pub personality: Option<PersonalityId>,
    pub turn: Option<TurnId>,
    pub author_name: String,
    pub text: String,
    pub tokens: i64,
    pub at: Moment,
}

/// A stored message.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredMessage {
    pub id: MessageId,
    pub seq: i64,
    pub member: Option<MemberId>,
    pub persona: Option<PersonaId>,
    pub personality: Option<PersonalityId>,
    pub turn: Option<TurnId>,
    pub author_name: String,
    pub text: String,
    pub tokens: i64,
    pub at: Moment,
}

type Row = (String, i64, Option<String>, Option<String>, Option<String>, Option<String>, String, String, i64, i64);

fn message_of((id, seq, member, persona, personality, turn, author_name, text, tokens, at): Row) -> StoredMessage {
    StoredMessage {
        id: MessageId::new(id),
        seq,
        member: member.map(MemberId::new),
        persona: persona.map(PersonaId::new),
        personality: personality.map(PersonalityId::new),
        turn: turn.map(TurnId::new),
        author_name,
        text,
        tokens,
        at: Moment(at),
    }
}

/// The next place in a lane's order.
pub async fn next_seq(tx: &mut Tx, place: &PlaceId) -> Result<i64, Error> {
    let (seq,) = on_tx!(tx, c => sqlx::query_as::<_, (i64,)>(NEXT_SEQ).bind(place.as_str()).fetch_one(c).await)?;
    Ok(seq)
}

/// Stores a message at `seq`; `false`: it is stored already.
pub async fn add(tx: &mut Tx, message: &NewMessage, seq: i64) -> Result<bool, Error> {
    let added = on_tx!(tx, c => sqlx::query(ADD)
        .bind(message.id.as_str())
        .bind(message.place.as_str())
        .bind(seq)
        .bind(&message.account)
        .bind(&message.platform_id)
        .bind(message.member.as_ref().map(MemberId::as_str))
        .bind(message.persona.as_ref().map(PersonaId::as_str))
        .bind(message.personality.as_ref().map(PersonalityId::as_str))
        .bind(message.turn.as_ref().map(TurnId::as_str))
        .bind(&message.author_name)
        .bind(&message.text)
        .bind(message.tokens)
        .bind(message.at.0)
        .execute(c).await.map(|done| done.rows_affected()))?;
    Ok(added == 1)
}

/// The turn of a platform's message, if it was stored before: `Some(None)` for one that asked nothing.
pub async fn known(tx: &mut Tx, account: &str, platform_id: &str) -> Result<Option<Option<TurnId>>, Error> {
    let row = on_tx!(tx, c => sqlx::query_as::<_, (Option<String>,)>(KNOWN)
        .bind(account).bind(platform_id).fetch_optional(c).await)?;
    Ok(row.map(|(turn,)| turn.map(TurnId::new)))
}

/// Messages of a place with `after < seq < before`, newest first, at most `limit`; with `only`, those said by or to
/// that personality.
pub async fn before(
    db: &Db,
    place: &PlaceId,
    before: i64,
    after: i64,
    limit: i64,
    only: Option<&PersonalityId>,
) -> Result<Vec<StoredMessage>, Error> {
    let rows = match only {
        None => on!(db, c => sqlx::query_as::<_, Row>(BEFORE)
            .bind(place.as_str()).bind(before).bind(after).bind(limit).fetch_all(c).await)?,
        Some(personality) => on!(db, c => sqlx::query_as::<_, Row>(BEFORE_WITH)
            .bind(place.as_str()).bind(before).bind(after).bind(limit).bind(personality.as_str()).fetch_all(c).await)?,
    };
    Ok(rows.into_iter().map(message_of).collect())
}

/// A message by id, unless it was deleted.
pub async fn get(db: &Db, id: &MessageId) -> Result<Option<StoredMessage>, Error> {
    let row = on!(db, c => sqlx::query_as::<_, Row>(GET).bind(id.as_str()).fetch_optional(c).await)?;
    Ok(row.map(message_of))
}

/// The platform's id of a message.
pub async fn platform_id(db: &Db, id: &MessageId) -> Result<Option<String>, Error> {
    let row = on!(db, c => sqlx::query_as::<_, (String,)>(PLATFORM_ID).bind(id.as_str()).fetch_optional(c).await)?;
    Ok(row.map(|(id,)| id))
}

/// The messages that belong to a turn, oldest first: those that ask, then those that answer.
pub async fn of_turn(db: &Db, turn: &TurnId) -> Result<Vec<StoredMessage>, Error> {
    let rows = on!(db, c => sqlx::query_as::<_, Row>(OF_TURN).bind(turn.as_str()).fetch_all(c).await)?;
    Ok(rows.into_iter().map(message_of).collect())
}

/// Turns of a place that are not finished.
pub async fn waiting(db: &Db, place: &PlaceId) -> Result<Vec<TurnId>, Error> {
    let rows = on!(db, c => sqlx::query_as::<_, (String,)>(WAITING).bind(place.as_str()).fetch_all(c).await)?;
    Ok(rows.into_iter().map(|(id,)| TurnId::new(id)).collect())
}

/// The personality that said a platform's message.
pub async fn speaker(db: &Db, account: &str, platform_id: &str) -> Result<Option<PersonalityId>, Error> {
    let row = on!(db, c => sqlx::query_as::<_, (Option<String>,)>(SPEAKER)
        .bind(account).bind(platform_id).fetch_optional(c).await)?;
    Ok(row.and_then(|(id,)| id).map(PersonalityId::new))
}

/// How many messages are stored.
pub async fn count(db: &Db) -> Result<i64, Error> {
    let (count,) = on!(db, c => sqlx::query_as::<_, (i64,)>(COUNT).fetch_one(c).await)?;
    Ok(count)
}
