//! Speaking: every message once, however often it is sent.

use std::time::Duration;

use async_trait::async_trait;
use matrix_account::{Account, SendError as Refused};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tokio::time::Instant;

use super::logins::Author;
use super::spoken::{self, Mouth};
use super::{Matrix, NAME, rooms};
use crate::domain::{Identity, PictureKind, Place, Privacy};
use crate::platform::{Face, Limits, OnceKey, Part, Platform, SendError, Streams, split};

/// Longest message, in UTF-16 code units: with its looks, and encrypted, it stays within what an event may hold.
const PART_MAX: usize = 6_000;
/// Messages that an answer is cut into before it becomes a file.
const PARTS_MAX: usize = 4;
/// What is shown of an answer whose whole is a file.
const BEGINNING_MAX: usize = 1_000;
/// Name of an answer that is a file.
const ANSWER_FILE: &str = "answer.md";
/// Wait while the account is not signed in.
pub(super) const NOT_YET_MILLIS: u64 = 500;
/// How long typing is shown, and how long before it is shown again.
const TYPING: Duration = Duration::from_secs(10);
const TYPING_AGAIN: Duration = Duration::from_secs(5);
/// Rooms whose typing is remembered.
const TYPING_KEPT: usize = 1_000;
/// Tries of a line of the house, and the longest wait between two.
const LINE_TRIES: u32 = 5;
const LINE_WAIT_MAX: Duration = Duration::from_secs(30);
/// Largest picture of a face, in bytes.
const PICTURE_MAX: usize = 1 << 20;

/// What the homeserver knows a message by, so that it takes it once.
pub(super) fn transaction(once: &str) -> String {
    Sha256::digest(once.as_bytes()).iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}

fn send_error(error: Refused) -> SendError {
    match error {
        Refused::Limited(wait) => {
            SendError::RateLimited { after_millis: u64::try_from(wait.as_millis()).unwrap_or(u64::MAX) }
        }
        Refused::Forbidden => SendError::Forbidden,
        Refused::Unsure => SendError::Unsure("the homeserver did not say so".to_owned()),
    }
}

impl Matrix {
    fn signed_in(&self) -> Result<Account, SendError> {
        self.account().ok_or(SendError::RateLimited { after_millis: NOT_YET_MILLIS })
    }

    /// Says something of the house's own, which nobody waits for: tried a few times; the message's id if it arrived.
    pub(super) async fn say(&self, account: &Account, room: &str, content: Value, once: &str) -> Option<String> {
        let mut wait = Duration::from_millis(500);
        for _ in 0..LINE_TRIES {
            let pause = match account.send(room, "m.room.message", content.clone(), &transaction(once)).await {
                Ok(sent) => return Some(sent.id),
                Err(Refused::Forbidden) => break,
                Err(Refused::Limited(wait)) => wait.min(LINE_WAIT_MAX),
                Err(Refused::Unsure) => wait,
            };
            self.life.soft().run_until_cancelled(tokio::time::sleep(pause)).await?;
            wait *= 2;
        }
        tracing::warn!(room, "a line of the house could not be said");
        None
    }

    /// Says a line of the house in a room or a thread of it, in reply to a message or not; whether it arrived.
    pub(super) async fn say_line(
        &self,
        account: &Account,
        (room, thread): (&str, Option<&str>),
        text: &str,
        reply_to: Option<&str>,
        once: &str,
    ) -> bool {
        let content = spoken::related(spoken::message(text, None), reply_to, thread);
        self.say(account, room, content, once).await.is_some()
    }

    /// Puts a file into a room.
    pub(super) async fn say_file(&self, account: &Account, room: &str, (name, bytes): (&str, Vec<u8>), once: &str) {
        let caption = json!({"body": name, "m.mentions": {}});
        match with_file(account, room, caption, (name, bytes)).await {
            Ok(content) => {
                self.say(account, room, content, once).await;
            }
            Err(error) => tracing::warn!(error = %error, "a file could not be stored with the homeserver"),
        }
    }

    /// Says a part with one of the house's accounts, in a room or a thread of it.
    async fn say_part(
        &self,
        account: &Account,
        (room, thread): (&str, Option<&str>),
        (part, reply_to): (&Part, Option<&str>),
        once: &OnceKey,
    ) -> Result<String, SendError> {
        let is_long = part.text.encode_utf16().count() > PART_MAX;
        let content = if is_long {
            let beginning = split::split(&part.text, BEGINNING_MAX).into_iter().next().unwrap_or_default();
            let whole = (ANSWER_FILE, part.text.clone().into_bytes());
            let caption = self.in_face(account, &format!("{beginning}\n…"), part).await;
            with_file(account, room, caption, whole).await.map_err(send_error)?
        } else {
            self.in_face(account, &spoken::with_footer(&part.text, part.footer.as_deref()), part).await
        };
        let content = spoken::related(content, reply_to, thread);
        let sent = account.send(room, "m.room.message", content, &transaction(&once.0)).await.map_err(send_error)?;
        self.spoke(&sent.id, account);
        if self.is_itself(account, &part.face) && !part.is_notice {
            self.wear_face(&part.face);
        }
        Ok(sent.id)
    }

    /// A text as what an account says of a part: with its face, where the account is not that face itself.
    async fn in_face(&self, account: &Account, text: &str, part: &Part) -> Value {
        let is_face = !part.is_notice && !part.face.name.is_empty();
        if is_face && self.is_itself(account, &part.face) {
            return spoken::as_itself(text);
        }
        let picture = self.picture(account, &part.face).await;
        let mouth = Mouth { id: &part.face.slug, name: &part.face.name, avatar: picture.as_deref() };
        spoken::message(text, is_face.then_some(mouth))
    }

    /// Takes a message away: whose it is does, or one of the house's accounts that has the power; which one.
    async fn redact(&self, author: Author, room: &str, id: &str) -> Result<Account, SendError> {
        let once = transaction(&format!("take back {id}"));
        if let Some(account) = author.account {
            match account.redact(room, id, &once).await {
                Err(Refused::Forbidden) => {}
                done => return done.map(|()| account).map_err(send_error),
            }
        }
        for account in self.accounts_in(room).into_iter().filter(|account| account.user() != author.user) {
            if !account.may_redact(room).await {
                continue;
            }
            match account.redact(room, id, &once).await {
                Err(Refused::Forbidden) => {}
                done => return done.map(|()| account).map_err(send_error),
            }
        }
        Err(SendError::Forbidden)
    }

    /// Nothing is written any more where the last part of an answer was said.
    fn said(&self, account: Account, room: &str, part: &Part) {
        if part.number + 1 < part.of {
            return;
        }
        // A character that came into the room only now was shown typing by whoever is there.
        let host = self.host_of(room).filter(|host| host.user() != account.user());
        for typist in [Some(account), host].into_iter().flatten() {
            if self.typing.remove(&typing_key(room, &typist)).is_some() {
                let room = room.to_owned();
                self.life.spawn("matrix typing", async move { typist.typing(&room, None).await });
            }
        }
    }

    /// Where the homeserver keeps the picture of a face; `None`: it has none, or it cannot be kept now.
    pub(super) async fn picture(&self, account: &Account, face: &Face) -> Option<String> {
        let file = face.avatar.as_deref()?;
        if let Some(known) = self.pictures.get(file) {
            return Some(known.clone());
        }
        let path = self.house.get()?.turns.avatars.path(file)?;
        let content = tokio::fs::read(path).await.ok().filter(|content| content.len() <= PICTURE_MAX)?;
        let kind = PictureKind::of(&content)?.media_type();
        let url = account.upload(kind, content).await.ok()?;
        self.pictures.insert(file.to_owned(), url.clone());
        Some(url)
    }
}

/// Under which it is kept that an account types in a room.
fn typing_key(room: &str, account: &Account) -> String {
    format!("{room} {}", account.user())
}

/// A message with a file that it is the caption of: one message, which is answered and taken away as one.
async fn with_file(
    account: &Account,
    room: &str,
    mut caption: Value,
    (name, bytes): (&str, Vec<u8>),
) -> Result<Value, Refused> {
    let kind = if name.ends_with(".json") { "application/json" } else { "text/plain" };
    let attached = account.attach(room, kind, bytes).await?;
    if let (Some(content), Some(source)) = (caption.as_object_mut(), attached.source.as_object()) {
        content.insert("msgtype".into(), "m.file".into());
        content.insert("filename".into(), name.into());
        content.insert("info".into(), json!({"mimetype": kind, "size": attached.size}));
        content.extend(source.clone());
    }
    Ok(caption)
}

#[async_trait]
impl Platform for Matrix {
    fn name(&self) -> &'static str {
        NAME
    }

    fn is_connected(&self) -> bool {
        self.is_ready()
    }

    fn limits(&self) -> Limits {
        let streams = if self.options.streaming.is_some() { Streams::ByEdits } else { Streams::No };
        Limits { message_len: PART_MAX, messages_max: PARTS_MAX, takes_back: true, streams, discloses: true }
    }

    async fn send(&self, to: &Place, part: &Part, once: &OnceKey) -> Result<String, SendError> {
        let (room, thread) = rooms::room_of(&to.subject);
        // With nobody else there, everything said is an answer.
        let reply_to = part.reply_to.as_deref().filter(|_| part.number == 0 && to.privacy != Privacy::Direct);
        let (mut account, is_first) = self.mouth(room, part, once).await?;
        let mut sent = self.say_part(&account, (room, thread), (part, reply_to), once).await;
        if is_first && matches!(sent, Err(SendError::Forbidden)) && self.is_let_in(&account, room).await {
            sent = self.say_part(&account, (room, thread), (part, reply_to), once).await;
        }
        // What was tried before may have arrived: nobody else says it again.
        if is_first
            && matches!(sent, Err(SendError::Forbidden))
            && let Some(instead) = self.instead(room, &account, once).await?
        {
            sent = self.say_part(&instead, (room, thread), (part, reply_to), once).await;
            account = instead;
        }
        let id = sent?;
        self.said(account, room, part);
        Ok(id)
    }

    fn spares(&self, to: &Place, face: &Face, shown: Option<&str>) -> bool {
        let Some(allowance) = self.options.streaming else { return false };
        let (room, _) = rooms::room_of(&to.subject);
        let account = match shown {
            Some(id) => self.speaker_of(id),
            None => self.writer(room, face),
        };
        account.is_some_and(|account| account.spares(allowance))
    }

    async fn revise(&self, to: &Place, id: &str, part: &Part, once: &OnceKey) -> Result<(), SendError> {
        let (room, _) = rooms::room_of(&to.subject);
        // An edit by anybody else is none: it would be another message.
        let account = self.author(room, id).await?.account.ok_or(SendError::Forbidden)?;
        let text = spoken::with_footer(&part.text, part.footer.as_deref());
        let content = spoken::edit(self.in_face(&account, &text, part).await, id);
        account.send(room, "m.room.message", content, &transaction(&once.0)).await.map_err(send_error)?;
        self.said(account, room, part);
        Ok(())
    }

    async fn fetch(&self, url: &str, limit: usize) -> Result<Vec<u8>, SendError> {
        let content = self.signed_in()?.download(url).await.map_err(|_| SendError::Gone)?;
        if content.len() > limit { Err(SendError::Gone) } else { Ok(content) }
    }

    async fn take_back(&self, to: &Place, id: &str, _is_notice: bool) -> Result<(), SendError> {
        let (room, _) = rooms::room_of(&to.subject);
        // What it said before it was edited is in the room as well, for whoever looks for it. A message that is gone has no edits
        // that could be asked for.
        let author = self.author(room, id).await?;
        let reader = author.account.clone().or_else(|| self.host_of(room));
        let edits = match reader {
            Some(reader) => reader.edits_of(room, id, &author.user).await,
            None => Vec::new(),
        };
        let taker = self.redact(author, room, id).await?;
        if !edits.is_empty() {
            let room = room.to_owned();
            self.life.spawn("matrix edits", async move {
                for id in edits {
                    if let Err(error) = taker.redact(&room, &id, &transaction(&format!("take back {id}"))).await {
                        tracing::info!(error = %error, "an edit of a message that is gone stays in the room");
                    }
                }
            });
        }
        Ok(())
    }

    async fn whisper(&self, to: &Identity, text: &str, once: &OnceKey) -> Result<(), SendError> {
        let account = self.signed_in()?;
        let room = account.direct_room(&to.subject, false).await;
        let room = room.map_err(|error| SendError::Unsure(error.to_string()))?;
        let content = spoken::message(text, None);
        account.send(&room, "m.room.message", content, &transaction(&once.0)).await.map(|_| ()).map_err(send_error)
    }

    fn writing(&self, to: &Place, face: &Face, _draft: Option<&str>) {
        let (room, _) = rooms::room_of(&to.subject);
        let Some(account) = self.writer(room, face) else { return };
        let key = typing_key(room, &account);
        if self.typing.get(&key).is_some_and(|at| at.elapsed() < TYPING_AGAIN) {
            return;
        }
        if self.typing.len() >= TYPING_KEPT {
            self.typing.retain(|_, at| at.elapsed() < TYPING_AGAIN);
        }
        self.typing.insert(key, Instant::now());
        let room = room.to_owned();
        self.life.spawn("matrix typing", async move { account.typing(&room, Some(TYPING)).await });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_transaction_is_the_same_for_the_same_and_says_nothing() {
        assert_eq!(transaction("a-0"), transaction("a-0"));
        assert_ne!(transaction("a-0"), transaction("a-1"));
        assert!(transaction(&"x".repeat(500)).len() == 32);
    }
}
