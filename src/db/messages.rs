//! What was said: the stored messages of every place.

use std::collections::HashSet;

use super::script::Value;
use super::turns::open;
use super::{Db, Error, Script, Tx, say};
use crate::domain::{Identity, MemberId, MessageId, Moment, PersonaId, PersonalityId, PlaceId, Turn, TurnId};

macro_rules! columns {
    () => {
        "id, seq, member_id, persona_id, personality_id, turn_id, author_name, text, tokens, at"
    };
}
macro_rules! before {
    () => {
        "WHERE place_id = $1 AND seq < $2 AND seq > $3 AND deleted_at IS NULL"
    };
}
macro_rules! with {
    () => {
        " AND (personality_id = $5 OR EXISTS (SELECT 1 FROM turn t WHERE t.personality_id = $5 \
         AND (t.id = m.turn_id OR t.message_id = m.id)))"
    };
}
macro_rules! newest {
    () => {
        " ORDER BY seq DESC LIMIT $4"
    };
}

const NEXT_SEQ: &str = "INSERT INTO lane (id, next_seq) VALUES ($1, 1) \
     ON CONFLICT (id) DO UPDATE SET next_seq = lane.next_seq + 1";
const ADD: &str = "INSERT INTO message \
     (id, place_id, seq, account, platform_id, member_id, persona_id, personality_id, turn_id, author_name, text, tokens, at, own) \
     VALUES ($1, $2, (SELECT next_seq FROM lane WHERE id = $2), $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)";
const BEFORE_TAKING: &str = concat!(
    "SELECT turn_id, NULL, 0 FROM message WHERE account = $1 AND platform_id = $2 UNION ALL \
     SELECT id, personality_id || '/' || persona_id || CASE WHEN is_incognito THEN '/i' ELSE '/' END, 0 FROM turn WHERE place_id = $3 AND member_id = $4 AND ",
    open!(),
    " AND state = 'queued' AND attempt = 0 \
     AND notice IS NULL UNION ALL SELECT NULL, 'place', COUNT(*) FROM turn WHERE place_id = $3 AND ",
    open!(),
    " \
     UNION ALL SELECT NULL, 'member', COUNT(*) FROM turn WHERE member_id = $4 AND state IN ('queued', 'running', 'sending')"
);
const BEFORE: &str = concat!("SELECT ", columns!(), " FROM message ", before!(), newest!());
const BEFORE_WITH: &str = concat!("SELECT ", columns!(), " FROM message m ", before!(), with!(), newest!());
const CONTEXT: &str = concat!(
    "SELECT 'asked', text, seq FROM message WHERE (turn_id = $1 OR id = $2) AND personality_id IS NULL \
     AND deleted_at IS NULL \
     UNION ALL SELECT 'said', CASE WHEN own IS NULL THEN text ELSE SUBSTR(text, 1, CAST(own AS INTEGER)) END, seq \
     FROM message WHERE (turn_id = $1 OR id = $2) AND personality_id IS NULL AND deleted_at IS NULL \
     UNION ALL SELECT 'picture', p.url, m.seq * 100 + p.n FROM picture p JOIN message m ON m.id = p.message_id \
     WHERE (m.turn_id = $1 OR m.id = $2) AND m.personality_id IS NULL AND m.deleted_at IS NULL \
     UNION ALL SELECT 'cut', '', (SELECT after_seq FROM history_cut WHERE place_id = $3 AND personality_id = $4 \
     ORDER BY created_at DESC, id DESC LIMIT 1) \
     UNION ALL SELECT 'open', id, 0 FROM turn WHERE place_id = $3 AND ",
    open!()
);
const OF_MEMBER: &str = "SELECT p.platform, p.subject, m.at, m.author_name, m.text FROM message m \
     JOIN place p ON p.id = m.place_id WHERE m.deleted_at IS NULL \
     AND (m.member_id = $1 OR m.turn_id IN (SELECT id FROM turn WHERE member_id = $1)) ORDER BY m.at, m.seq";
const SPEAKER: &str = "SELECT personality_id FROM message WHERE account = $1 AND platform_id = $2";
const OLD: &str = "DELETE FROM message WHERE id IN (SELECT m.id FROM message m WHERE m.at < $1 \
     AND NOT EXISTS (SELECT 1 FROM turn t WHERE (t.message_id = m.id OR t.id = m.turn_id) \
     AND t.state IN ('queued', 'running', 'sending')) ORDER BY m.id LIMIT $2)";
const ASKED: &str = "SELECT COUNT(*) FROM message WHERE (turn_id = $1 OR id = $2) AND personality_id IS NULL \
     AND deleted_at IS NULL";
const COUNT: &str = "SELECT COUNT(*) FROM message";
const FIND: &str = "SELECT id, turn_id, personality_id IS NOT NULL FROM message \
     WHERE account = $1 AND platform_id = $2 AND deleted_at IS NULL";
const PLACE_OF: &str = "SELECT p.subject FROM message m JOIN place p ON p.id = m.place_id \
     WHERE m.account = $1 AND m.platform_id = $2";
const IS_FROM: &str = "SELECT 1 FROM message m JOIN identity i ON i.member_id = m.member_id \
     WHERE m.account = $1 AND m.platform_id = $2 AND m.personality_id IS NULL AND i.platform = $3 AND i.subject = $4";
const REPLACED: &str = "SELECT m.id, t.id FROM message m JOIN turn t ON t.id = m.turn_id \
     WHERE m.account = $1 AND m.platform_id = $2 AND m.member_id = $3 AND t.state <> 'cancelled' AND NOT t.cancelled";
const EDIT: &str = "UPDATE message SET text = $2, tokens = $3, own = $4 WHERE id = $1";
const ADD_PICTURE: &str = "INSERT INTO picture (message_id, n, url) VALUES ($1, $2, $3)";
const DELETE_PICTURES: &str = "DELETE FROM picture WHERE message_id = $1";
const DELETE_ANSWERS: &str = "UPDATE message SET text = '', tokens = 0, deleted_at = $2 \
     WHERE turn_id = $1 AND personality_id IS NOT NULL AND deleted_at IS NULL";
const DELETE: &str = "UPDATE message SET text = '', tokens = 0, deleted_at = $2 WHERE id = $1";

/// Every statement of this file.
pub const ALL: &[&str] = &[
    NEXT_SEQ,
    ADD,
    BEFORE,
    BEFORE_WITH,
    BEFORE_TAKING,
    CONTEXT,
    OF_MEMBER,
    SPEAKER,
    OLD,
    ASKED,
    COUNT,
    FIND,
    REPLACED,
    EDIT,
    ADD_PICTURE,
    DELETE_PICTURES,
    DELETE_ANSWERS,
    DELETE,
    PLACE_OF,
    IS_FROM,
];

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
    /// Characters of `text` that its author wrote; `None`: all.
    pub own: Option<i64>,
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

/// Stores a message at the end of its lane.
pub fn add<'v>(script: &mut Script<'v>, message: &'v NewMessage) {
    script.add(NEXT_SEQ, [message.place.as_str().into()]);
    script.add(
        ADD,
        [
            message.id.as_str().into(),
            message.place.as_str().into(),
            (&message.account).into(),
            (&message.platform_id).into(),
            message.member.as_ref().map(MemberId::as_str).into(),
            message.persona.as_ref().map(PersonaId::as_str).into(),
            message.personality.as_ref().map(PersonalityId::as_str).into(),
            message.turn.as_ref().map(TurnId::as_str).into(),
            (&message.author_name).into(),
            (&message.text).into(),
            message.tokens.into(),
            message.at.0.into(),
            message.own.into(),
        ],
    );
}

/// What is there when a message comes in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Earlier {
    /// The message itself, and the turn it asked for or joined.
    Message(Option<TurnId>),
    /// What waits already.
    Waiting(Waiting),
}

/// What waits for an answer when a message comes in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Waiting {
    /// Turns of its member in its place that no worker has touched yet, by [`seat`].
    pub turns: Vec<(String, TurnId)>,
    /// Unfinished turns of the place.
    pub in_place: i64,
    /// Unfinished turns of the member, wherever.
    pub of_member: i64,
}

/// Who is asked, as whom, and whether it is to be remembered: messages of one seat may be answered together.
pub fn seat(personality: &PersonalityId, persona: &PersonaId, is_incognito: bool) -> String {
    format!("{personality}/{persona}{}", if is_incognito { "/i" } else { "/" })
}

/// What is there of the message `platform_id`, which `member` wrote in `place`.
pub async fn earlier(
    tx: &mut Tx,
    (account, platform_id): (&str, &str),
    place: &PlaceId,
    member: &MemberId,
) -> Result<Earlier, Error> {
    let rows = say(BEFORE_TAKING)
        .bind(account)
        .bind(platform_id)
        .bind(place.as_str())
        .bind(member.as_str())
        .fetch_all::<(Option<String>, Option<String>, i64)>(tx)
        .await?;
    let mut waiting = Waiting::default();
    for (turn, what, count) in rows {
        match (turn, what) {
            (turn, None) => return Ok(Earlier::Message(turn.map(TurnId::new))),
            (Some(turn), Some(seat)) => waiting.turns.push((seat, TurnId::new(turn))),
            (None, Some(what)) if what == "place" => waiting.in_place = count,
            (None, Some(_)) => waiting.of_member = count,
        }
    }
    Ok(Earlier::Waiting(waiting))
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
    let page = say(if only.is_some() { BEFORE_WITH } else { BEFORE });
    let page = page.bind(place.as_str()).bind(before).bind(after).bind(limit);
    let page = if let Some(personality) = only { page.bind(personality.as_str()) } else { page };
    let rows = page.read_all::<Row>(db).await?;
    Ok(rows.into_iter().map(message_of).collect())
}

/// What an answer starts from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Start {
    /// What is to be answered, oldest first: the turn's message and those that joined it, unless they were deleted.
    pub asked: Vec<String>,
    /// The same without what came with it: what its author said.
    pub said: Vec<String>,
    /// Where the pictures are that came with it, in order.
    pub pictures: Vec<String>,
    /// History begins after this sequence number.
    pub after: i64,
    /// Turns of the place that are not finished.
    pub open: HashSet<TurnId>,
}

/// What the answer of `turn` starts from.
pub async fn start(db: &Db, turn: &Turn) -> Result<Start, Error> {
    let rows = say(CONTEXT)
        .bind(turn.id.as_str())
        .bind(turn.message.as_str())
        .bind(turn.place.as_str())
        .bind(turn.personality.as_str())
        .read_all::<(String, String, Option<i64>)>(db)
        .await?;
    let (mut asked, mut said, mut pictures, mut start) = (Vec::new(), Vec::new(), Vec::new(), Start::default());
    for (what, text, seq) in rows {
        match what.as_str() {
            "asked" => asked.push((seq, text)),
            "said" => said.push((seq, text)),
            "picture" => pictures.push((seq, text)),
            "cut" => start.after = seq.unwrap_or_default(),
            _ => _ = start.open.insert(TurnId::new(text)),
        }
    }
    asked.sort_unstable();
    said.sort_unstable();
    pictures.sort_unstable();
    start.pictures = pictures.into_iter().map(|(_, url)| url).collect();
    start.asked = asked.into_iter().map(|(_, text)| text).collect();
    start.said = said.into_iter().map(|(_, text)| text).collect();
    Ok(start)
}

/// A message as its member may take it along.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    pub platform: String,
    pub place: String,
    pub at: Moment,
    pub author: String,
    pub text: String,
}

/// What a member wrote and what they were answered, oldest first.
pub async fn of_member(db: &Db, member: &MemberId) -> Result<Vec<Said>, Error> {
    type Row = (String, String, i64, String, String);
    let rows = say(OF_MEMBER).bind(member.as_str()).read_all::<Row>(db).await?;
    let said = |(platform, place, at, author, text)| Said { platform, place, at: Moment(at), author, text };
    Ok(rows.into_iter().map(said).collect())
}

/// The personality that said a platform's message.
pub async fn speaker(db: &Db, account: &str, platform_id: &str) -> Result<Option<PersonalityId>, Error> {
    let row = say(SPEAKER).bind(account).bind(platform_id).read_optional::<(Option<String>,)>(db).await?;
    Ok(row.and_then(|(id,)| id).map(PersonalityId::new))
}

/// How many messages of what a turn was asked are still there.
pub async fn asked(db: &Db, turn: &TurnId, message: &MessageId) -> Result<i64, Error> {
    let (count,) = say(ASKED).bind(turn.as_str()).bind(message.as_str()).read_one::<(i64,)>(db).await?;
    Ok(count)
}

/// Keeps where the pictures of a message are.
pub fn add_pictures<'v>(script: &mut Script<'v>, message: &'v MessageId, urls: &'v [String]) {
    for (n, url) in (0..).zip(urls) {
        script.add(ADD_PICTURE, [message.as_str().into(), Value::Number(Some(n)), url.into()]);
    }
}

/// Where a message of the platform is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    pub id: MessageId,
    /// The turn it asked for, joined or answers.
    pub turn: Option<TurnId>,
    /// Whether the house said it.
    pub is_answer: bool,
}

/// A message of the platform, unless it is not kept or was deleted.
pub async fn find(db: &Db, account: &str, platform_id: &str) -> Result<Option<Kept>, Error> {
    let row = say(FIND).bind(account).bind(platform_id).read_optional::<(String, Option<String>, bool)>(db).await?;
    Ok(row.map(|(id, turn, is_answer)| Kept { id: MessageId::new(id), turn: turn.map(TurnId::new), is_answer }))
}

/// Where a message was said, as its platform names the place.
pub async fn place_of(db: &Db, account: &str, platform_id: &str) -> Result<Option<String>, Error> {
    let row = say(PLACE_OF).bind(account).bind(platform_id).read_optional::<(String,)>(db).await?;
    Ok(row.map(|(subject,)| subject))
}

/// Whether an account of `identity`'s member wrote a message.
pub async fn is_from(db: &Db, account: &str, platform_id: &str, identity: &Identity) -> Result<bool, Error> {
    let row = say(IS_FROM)
        .bind(account)
        .bind(platform_id)
        .bind(&identity.platform)
        .bind(&identity.subject)
        .read_optional::<(i64,)>(db)
        .await?;
    Ok(row.is_some())
}

/// A member's message, also one that was deleted, and the turn it asked for, unless that was withdrawn.
pub async fn replaced(
    db: &Db,
    account: &str,
    platform_id: &str,
    member: &MemberId,
) -> Result<Option<(MessageId, TurnId)>, Error> {
    let row = say(REPLACED)
        .bind(account)
        .bind(platform_id)
        .bind(member.as_str())
        .read_optional::<(String, String)>(db)
        .await?;
    Ok(row.map(|(message, turn)| (MessageId::new(message), TurnId::new(turn))))
}

/// Writes what a message says now, and where its pictures are.
pub fn edit<'v>(
    script: &mut Script<'v>,
    message: &'v MessageId,
    (text, own, tokens): (&'v str, Option<i64>, i64),
    pictures: &'v [String],
) {
    script.add(EDIT, [message.as_str().into(), text.into(), tokens.into(), own.into()]);
    script.add(DELETE_PICTURES, [message.as_str().into()]);
    add_pictures(script, message, pictures);
}

/// Empties what was answered in a turn; the rows stay.
pub fn delete_answers<'v>(script: &mut Script<'v>, turn: &'v TurnId, now: Moment) {
    script.add(DELETE_ANSWERS, [turn.as_str().into(), now.0.into()]);
}

/// Empties a message; its row stays, so that a replay of it is recognised.
pub fn delete<'v>(script: &mut Script<'v>, message: &'v MessageId, now: Moment) {
    script.add(DELETE_PICTURES, [message.as_str().into()]);
    script.add(DELETE, [message.as_str().into(), now.0.into()]);
}

/// Removes up to `limit` messages from before `before` that nothing waits for; returns how many.
pub async fn remove_old(tx: &mut Tx, before: Moment, limit: i64) -> Result<u64, Error> {
    say(OLD).bind(before.0).bind(limit).execute(tx).await
}

/// How many messages are stored.
pub async fn count(db: &Db) -> Result<i64, Error> {
    let (count,) = say(COUNT).read_one::<(i64,)>(db).await?;
    Ok(count)
}
