//! From Matrix' events to the house's messages: who said what where, and as whom.

use std::sync::{Arc, PoisonError};
use std::time::Duration;

use matrix_account::{Account, Event, Membership};
use serde_json::Value;

use super::content::{self, Content, TextFile};
use super::{Matrix, NAME, commands, rooms};
use crate::db::meta;
use crate::domain::{COMMAND_SIGN, Identity, Incoming, Moment, PlaceRef, Privacy, Proxied, Speaker, holds_a_key};
use crate::ops::metrics;
use crate::platform::files;
use crate::platform::lanes::UnderWay;
use crate::turn::Received;

/// What was said longer ago is not answered any more.
pub(super) const MISSED_MAX_MILLIS: i64 = 15 * 60 * 1_000;
/// How long is waited for what came with a message: the room waits with it, and the homeserver may have to fetch it from
/// another.
const READ_WITHIN: Duration = Duration::from_secs(15);
/// Most characters of a message that is replied to.
const QUOTE_MAX: usize = 500;
/// Where users are kept that nothing is to be heard of.
const IGNORED: &str = "matrix.ignored";

/// A message on its way in, with what is known of where it was said.
pub(super) struct Said {
    pub event: Event,
    pub content: Content,
    pub place: PlaceRef,
    pub speaker: Speaker,
}

impl Said {
    /// The room it was said in.
    pub fn room(&self) -> &str {
        &self.event.room
    }

    /// Whether nobody else is there.
    pub fn is_direct(&self) -> bool {
        self.place.privacy == Privacy::Direct
    }
}

/// Who has an account.
pub(super) fn identity(user: &str) -> Identity {
    Identity { platform: NAME.to_owned(), subject: user.to_owned() }
}

impl Matrix {
    /// Takes in what happened in a room.
    pub(super) async fn happened(self: &Arc<Self>, account: &Account, event: Event, under_way: &Arc<UnderWay>) {
        // No homeserver gives a room such an id; in a place's name it would stand for a thread.
        if event.room.contains('/') {
            return;
        }
        metrics::event(
            NAME,
            match event.kind.as_str() {
                "m.room.message" | "m.sticker" | "m.room.encrypted" => metrics::Event::Said,
                "m.room.redaction" => metrics::Event::Deleted,
                "m.reaction" => metrics::Event::Asked,
                _ => metrics::Event::Other,
            },
        );
        let is_state = event.state_key.as_deref() == Some("");
        match event.kind.as_str() {
            "m.room.redaction" => self.taken_away(&event).await,
            "m.room.member" => self.member_changed(account, &event).await,
            "m.room.power_levels" if is_state && self.is_house(account) => self.describe(account, &event.room),
            "m.room.tombstone" if is_state && self.is_ear(account, &event) => self.upgraded(account, &event).await,
            // Whatever one of the house's accounts says is nobody's to answer.
            _ if self.family.has(&event.sender) || self.is_ignored(&event.sender) => {}
            _ if !self.is_ear(account, &event) => {}
            "m.room.encrypted" => self.wait_for_key(account, event, under_way.clone()),
            "m.room.message" | "m.sticker" if self.takes(account, &event) => self.message(account, event, true).await,
            "m.reaction" if self.takes(account, &event) => self.reaction(account, &event).await,
            _ => {}
        }
    }

    /// Takes in what could not be read when it came.
    pub(super) async fn happened_late(self: &Arc<Self>, account: &Account, event: Event) {
        if matches!(event.kind.as_str(), "m.room.message" | "m.sticker") && self.takes(account, &event) {
            self.message(account, event, false).await;
        }
    }

    /// Takes in a message; one that was said long ago is not answered where `has_limit`.
    async fn message(self: &Arc<Self>, account: &Account, event: Event, has_limit: bool) {
        let ours = self.known_as(account, &event.room).await;
        let Some(content) = content::of(&event, &ours) else { return };
        let Some((place, info)) = rooms::known(account, &event.room, content.thread.as_deref()).await else { return };
        // Where people encrypt, what is not encrypted was not said by them.
        if info.is_space || (info.is_encrypted && !event.was_encrypted) {
            return;
        }
        let shown = account.name_in(&event.room, &event.sender).await;
        let shown = shown.unwrap_or_else(|| local_part(&event.sender).to_owned());
        let speaker = Speaker { identity: identity(&event.sender), name: shown, is_bot: false };
        let said = Said { event, content, place, speaker };
        if let Some(original) = said.content.replaces.clone() {
            return self.edited(account, &said, &original).await;
        }
        if has_limit && self.house().turns.clock.now().0 - said.event.at > MISSED_MAX_MILLIS {
            return;
        }
        if self.fills_in(account, &said).await || self.was_a_secret(account, &said).await {
            return;
        }
        if holds_a_key(&said.content.text) {
            return self.warn_of_key(account, &said).await;
        }
        match commands::read(&said, &self.prefix(&said.place).await) {
            commands::Read::Command(wish) => self.command(account, &said, wish).await,
            commands::Read::ForOthers => {}
            commands::Read::Talk => self.talk(account, &said).await,
        }
    }

    /// Hands in what somebody said.
    async fn talk(self: &Arc<Self>, account: &Account, said: &Said) {
        let incoming = Incoming { addressed: self.addressed(account, &said.place), ..incoming(said) };
        let incoming = self.with_more(account, said, incoming).await;
        let Some(received) = self.hand_in(incoming).await else { return };
        if !received.turns.is_empty() && !received.is_replay {
            let (account, room, id) = (account.clone(), said.room().to_owned(), said.event.id.clone());
            self.life.spawn("matrix receipt", async move { account.read_up_to(&room, &id).await });
        }
        self.respond(account, said, &received).await;
    }

    /// A message with what has to be fetched to be read, if anybody is to read it.
    async fn with_more(&self, account: &Account, said: &Said, incoming: Incoming) -> Incoming {
        let content = &said.content;
        let has_more = content.text_file.is_some() || content.reply_to.is_some();
        // What cannot be said now is said by handing it in.
        if !has_more || !self.house().turns.hears(&incoming).await.unwrap_or(true) {
            return incoming;
        }
        let mut lines = Vec::new();
        let reading = async {
            if let Some(original) = &content.reply_to {
                lines.extend(self.quote(account, said, original).await);
            }
            if let Some(file) = &content.text_file {
                lines.extend(read_file(account, file).await);
            }
        };
        if tokio::time::timeout(READ_WITHIN, reading).await.is_err() {
            tracing::info!("what came with a message could not be read in time");
        }
        let all = std::iter::once(incoming.with).chain(lines).filter(|line| !line.is_empty());
        Incoming { with: all.collect::<Vec<_>>().join("\n"), ..incoming }
    }

    /// What is replied to, where that is nothing of the house's own.
    async fn quote(&self, account: &Account, said: &Said, original: &str) -> Option<String> {
        let event = account.event(said.room(), original).await.ok().flatten()?;
        // What a character said is in the history already.
        if self.family.has(&event.sender) || event.is_undecrypted() || self.is_ignored(&event.sender) {
            return None;
        }
        let turned_away = self.house().turns.turned_away(&identity(&event.sender), &said.place).await.ok()?;
        let name = account.name_in(&event.room, &event.sender).await;
        let name = name.unwrap_or_else(|| local_part(&event.sender).to_owned());
        let quoted = content::of(&event, &[])?;
        let text = with_more(&quoted);
        let text = text.char_indices().nth(QUOTE_MAX).map_or(text.clone(), |(end, _)| format!("{}…", &text[..end]));
        let line = format!("[in reply to {name}: {text}]");
        (turned_away.is_none() && !holds_a_key(&line)).then_some(line)
    }

    /// Hands a message in until it is stored; `None`: the house has to leave first, and hears it again.
    async fn hand_in(&self, incoming: Incoming) -> Option<Received> {
        if incoming.text.is_empty() && incoming.with.is_empty() && !incoming.calls_house && incoming.called.is_empty() {
            return None;
        }
        self.stored("matrix message", || self.house().turns.receive(incoming.clone())).await
    }

    /// Takes a message with a key away, as far as that is allowed, and tells its author to revoke the key.
    pub(super) async fn warn_of_key(&self, account: &Account, said: &Said) {
        self.respond(account, said, &Received { held_a_key: true, ..Received::default() }).await;
    }

    /// What is said at once about a message that was handed in.
    async fn respond(&self, account: &Account, said: &Said, received: &Received) {
        let (turns, who) = (&self.house().turns, &said.speaker.identity);
        let id = if received.held_a_key {
            // Gone from the room before anything else; where that is not allowed, its author is told to do it.
            if self.unsay(account, said).await { "matrix-key-removed" } else { "matrix-key-stays" }
        } else if received.is_full {
            "refusal-queue-full"
        } else if said.content.calls_house
            && received.turns.is_empty()
            && !received.is_replay
            && !received.is_turned_away
        {
            "reply-house-called"
        } else {
            return;
        };
        if !turns.pace.may_tell(&who.subject, &format!("{id} in {}", said.room()), turns.clock.now()) {
            return;
        }
        let locale = self.house().desk.locale_of_identity(who).await;
        let text = turns.texts.say(&locale, id, &[("mention", turns.settings.mention.to_string().into())]);
        let text = commands::as_typed(&text, &self.prefix(&said.place).await);
        let once = format!("{id} {}", said.event.id);
        self.say_line(account, (said.room(), said.content.thread.as_deref()), &text, Some(&said.event.id), &once).await;
    }

    /// Takes a message away that holds what nobody should read; whether that could be done.
    pub(super) async fn unsay(&self, account: &Account, said: &Said) -> bool {
        if !account.may_redact(said.room()).await {
            return false;
        }
        let once = format!("unsay {}", said.event.id);
        let done = account.redact(said.room(), &said.event.id, &super::send::transaction(&once)).await;
        if let Err(error) = &done {
            tracing::info!(error = %error, "a message that held a key could not be taken away");
        }
        done.is_ok()
    }

    /// Takes in what a message says now. Nobody changes what somebody else said, whatever their client sends.
    async fn edited(&self, account: &Account, said: &Said, original: &str) {
        let turns = &self.house().turns;
        let who = &said.speaker.identity;
        let is_theirs = self.stored("matrix edit", || turns.is_from(NAME, original, who)).await.unwrap_or_default();
        if !is_theirs || !self.is_in(said.room(), original).await {
            return;
        }
        let (text, with, pictures) = (&said.content.text, &said.content.with, &said.content.pictures);
        let editing =
            self.stored("matrix edit", || turns.edited(NAME, original, (text.clone(), with.clone()), pictures.clone()));
        if editing.await == Some(true) {
            self.warn_of_key(account, said).await;
        }
    }

    /// Whether a message that is kept was said in a room; one room's people change nothing in another.
    async fn is_in(&self, room: &str, message: &str) -> bool {
        let turns = &self.house().turns;
        let place = self.stored("matrix place", || turns.place_of_message(NAME, message)).await.flatten();
        place.is_some_and(|place| rooms::room_of(&place).0 == room)
    }

    /// A message was taken away, by its author or by whoever looks after the room.
    async fn taken_away(&self, event: &Event) {
        let Some(id) = &event.redacts else { return };
        self.buttons.remove(id);
        if self.is_in(&event.room, id).await {
            self.stored("matrix redaction", || self.house().turns.deleted(NAME, id)).await;
        } else {
            self.stored("matrix redaction", || self.house().turns.draft_taken_away(NAME, &event.room, id)).await;
        }
    }

    /// Somebody came or went.
    async fn member_changed(&self, account: &Account, event: &Event) {
        let (Some(who), membership) = (&event.state_key, &event.content["membership"]) else { return };
        if !(membership == "leave" || membership == "ban") {
            return;
        }
        if *who == account.user() {
            return self.sent_away(account, event).await;
        }
        let Some(info) = account.info(&event.room).await else { return };
        if info.members <= 1 {
            tracing::info!(room = event.room, "leaving a room where nobody is left");
            if let Err(error) = account.leave(&event.room).await {
                tracing::warn!(error = %error, "an empty room could not be left");
            }
        }
    }

    /// One of the house's accounts came into a room, or is no longer there; `false`: the house leaves before that is settled.
    pub(super) async fn membership(self: &Arc<Self>, account: &Account, membership: Membership) -> bool {
        match membership {
            Membership::Joined(room) => {
                if self.is_house(account) {
                    self.house_came(&room);
                } else if !self.login_came(account, &room).await {
                    return false;
                }
                // Whoever hears the room speaks for the house.
                let is_host = self.host_of(&room).is_some_and(|host| host.user() == account.user());
                !is_host || self.joined(account, &room).await
            }
            Membership::Left(room) if !self.is_gone_from(&room) => true,
            Membership::Left(room) => {
                self.stored("matrix leaving", || self.house().turns.leave(NAME, &room)).await.is_some()
            }
        }
    }

    /// What a command begins with in a place.
    pub(super) async fn prefix(&self, named: &PlaceRef) -> String {
        let directory = &self.house().turns.directory;
        let room = named.parent.as_ref().unwrap_or(&named.subject);
        let home = PlaceRef { subject: room.clone(), parent: None, ..named.clone() };
        let known = directory.known_place(&home).await.ok().flatten();
        known.and_then(|place| place.prefix.clone()).unwrap_or_else(|| COMMAND_SIGN.to_owned())
    }

    fn is_ignored(&self, user: &str) -> bool {
        self.ignored.read().unwrap_or_else(PoisonError::into_inner).contains(user)
    }

    /// Hears nothing more of these users.
    pub(super) async fn ignore(&self, users: Vec<String>) {
        let text = Value::from(users.clone()).to_string();
        let writing = self.house().db.write(move |tx| Box::pin(async move { meta::set(tx, IGNORED, &text).await }));
        if let Err(error) = writing.await {
            crate::ops_error("matrix ignored users", &error);
        }
        *self.ignored.write().unwrap_or_else(PoisonError::into_inner) = users.into_iter().collect();
    }

    pub(super) async fn load_ignored(&self) {
        let kept = meta::get(&self.house().db, IGNORED).await.unwrap_or_default();
        let users: Vec<String> = kept.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default();
        *self.ignored.write().unwrap_or_else(PoisonError::into_inner) = users.into_iter().collect();
    }
}

/// A message as the house takes it in.
pub(super) fn incoming(said: &Said) -> Incoming {
    let content = &said.content;
    let proxied = content.profile.as_ref().map(|profile| Proxied {
        key: format!("{NAME}:{}", profile.id),
        name: profile.name.clone(),
        pronouns: None,
        description: None,
    });
    Incoming {
        account: NAME.to_owned(),
        platform_id: said.event.id.clone(),
        place: said.place.clone(),
        speaker: said.speaker.clone(),
        text: content.text.clone(),
        with: content.with.clone(),
        pictures: content.pictures.clone(),
        proxied,
        replaces: None,
        calls_house: content.calls_house,
        at: Moment(said.event.at),
        reply_to: content.reply_to.clone(),
        called: content.called.clone(),
        addressed: None,
        trace: format!("matrix-{}", said.event.id),
    }
}

/// What a text file holds; `None`: it cannot be read, and is only named.
async fn read_file(account: &Account, file: &TextFile) -> Option<String> {
    if file.is_long {
        return Some(files::too_long(&file.name));
    }
    files::in_words(&file.name, account.download(&file.source).await.ok()?)
}

/// The words of a message and what came with it.
fn with_more(content: &Content) -> String {
    let all = [content.text.as_str(), content.with.as_str()];
    all.into_iter().filter(|text| !text.is_empty()).collect::<Vec<_>>().join("\n")
}

/// What stands before the server in a user's id.
pub(super) fn local_part(user: &str) -> &str {
    user.trim_start_matches('@').split(':').next().unwrap_or(user)
}
