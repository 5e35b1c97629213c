//! Listening: one sync at a time, in order, as JSON.

use std::collections::HashSet;
use std::time::Duration;

use matrix_sdk::Room;
use matrix_sdk::config::{SyncSettings, SyncToken};
use matrix_sdk::deserialized_responses::{TimelineEvent, TimelineEventKind, VerificationLevel, VerificationState};
use matrix_sdk::room::MessagesOptions;
use matrix_sdk::ruma::api::client::filter::{Filter, FilterDefinition, RoomEventFilter, RoomFilter};
use matrix_sdk::ruma::api::client::sync::sync_events::v3::Filter as SyncFilter;
use matrix_sdk::ruma::{EventId, OwnedRoomId, RoomId, UInt};
use serde_json::Value;

use crate::{Account, Error, boxed, failed};

/// Events of a room that one sync brings, and one page of what it left out.
const TIMELINE: u32 = 50;
const PAGE: u32 = 100;
/// Pages that are looked at of what a sync left out.
const PAGES: usize = 10;

/// Waits before a page is asked for again, and how often that is done: for some five minutes.
const PAGE_WAIT: Duration = Duration::from_millis(500);
const PAGE_WAIT_MAX: Duration = Duration::from_secs(20);
const PAGE_TRIES: usize = 20;

/// Something that happened in a room.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    pub room: String,
    pub id: String,
    pub sender: String,
    /// Such as `m.room.message`; `m.room.encrypted` for what could not be decrypted.
    pub kind: String,
    pub content: Value,
    pub state_key: Option<String>,
    /// What a state event changed.
    pub before: Value,
    /// The event that a redaction takes away.
    pub redacts: Option<String>,
    /// Unix milliseconds, as the sender's server says.
    pub at: i64,
    pub was_encrypted: bool,
}

impl Event {
    /// Whether its key has not come yet.
    pub fn is_undecrypted(&self) -> bool {
        self.kind == "m.room.encrypted"
    }

    /// Whether somebody came into the room by it, who was not there before.
    pub fn is_join_of(&self, user: &str) -> bool {
        self.kind == "m.room.member"
            && self.state_key.as_deref() == Some(user)
            && self.content["membership"] == "join"
            && self.before["membership"] != "join"
    }
}

/// Somebody wants the account in a room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invite {
    pub room: String,
    pub by: String,
    /// A room of rooms, where nobody talks.
    pub is_space: bool,
}

/// What became of the account's own membership.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Membership {
    Joined(String),
    /// Left, removed or banned.
    Left(String),
}

/// What one sync brought.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Heard {
    /// Where the next sync goes on, once all of this is taken in.
    pub token: String,
    pub invites: Vec<Invite>,
    pub memberships: Vec<Membership>,
    /// Of each room in order; nothing from before the account came into it.
    pub events: Vec<Event>,
    /// Rooms of which something between the last sync and this could not be had.
    pub gaps: Vec<String>,
    /// Users that the account's owner wants to hear nothing of, where that changed.
    pub ignored: Option<Vec<String>>,
    /// Whether keys may have come for what could not be decrypted.
    pub has_new_keys: bool,
}

/// What is asked for: nothing that says who is around, who types or who has read.
fn filter() -> FilterDefinition {
    let mut room = RoomFilter::with_lazy_loading();
    room.ephemeral = RoomEventFilter::ignore_all();
    room.timeline = RoomEventFilter::with_lazy_loading();
    room.timeline.limit = Some(UInt::from(TIMELINE));
    let mut filter = FilterDefinition::default();
    filter.presence = Filter::ignore_all();
    filter.room = room;
    filter
}

impl Account {
    /// Waits up to `wait` for what happened after `token`; `None`: from here on.
    ///
    /// # Errors
    /// See [`Error`]; the same may be asked again.
    #[boxed]
    pub async fn hear(&self, token: Option<&str>, wait: Duration) -> Result<Heard, Error> {
        let settings = SyncSettings::new().timeout(wait).filter(SyncFilter::FilterDefinition(filter()));
        let settings = match token {
            Some(token) => settings.token(SyncToken::Specific(token.to_owned())),
            None => settings.token(SyncToken::NoToken),
        };
        let before: HashSet<OwnedRoomId> =
            self.client.joined_rooms().iter().map(|room| room.room_id().to_owned()).collect();
        let found = self.client.sync_once(settings).await.map_err(|error| failed(&error))?;
        let mut heard =
            Heard { token: found.next_batch, has_new_keys: !found.to_device.is_empty(), ..Heard::default() };
        let me = self.user();
        for room in found.rooms.invited.keys() {
            heard.invites.extend(self.waiting(room).await);
        }
        for (room, update) in found.rooms.left {
            heard.memberships.push(Membership::Left(room.to_string()));
            let events: Vec<Event> =
                update.timeline.events.into_iter().filter_map(|event| read(&room, event)).collect();
            heard.events.extend(events.into_iter().filter(|_| token.is_some()));
        }
        for (id, update) in found.rooms.joined {
            let mut events = Vec::new();
            if let (true, Some(from), Some(to)) = (update.timeline.limited, update.timeline.prev_batch, token) {
                let (earlier, is_all) = self.left_out(&id, from, to, &me).await?;
                events = earlier;
                if !is_all {
                    heard.gaps.push(id.to_string());
                }
            }
            events.extend(update.timeline.events.into_iter().filter_map(|event| read(&id, event)));
            let joined = events.iter().rposition(|event| event.is_join_of(&me));
            if joined.is_some() || !before.contains(&id) {
                heard.memberships.push(Membership::Joined(id.to_string()));
            }
            match joined {
                Some(at) => drop(events.drain(..=at)),
                // It is in the room since this sync, and nothing says since when.
                None if !before.contains(&id) || token.is_none() => events.clear(),
                None => {}
            }
            heard.events.extend(events);
        }
        for event in found.account_data {
            let Ok(event) = event.deserialize_as::<Value>() else { continue };
            if event["type"] == "m.ignored_user_list"
                && let Some(users) = event["content"]["ignored_users"].as_object()
            {
                heard.ignored = Some(users.keys().cloned().collect());
            }
        }
        Ok(heard)
    }

    /// Invitations that wait for an answer.
    #[boxed]
    pub async fn invites(&self) -> Vec<Invite> {
        let mut invites = Vec::new();
        for room in self.client.invited_rooms() {
            invites.extend(self.waiting(room.room_id()).await);
        }
        invites
    }

    async fn waiting(&self, id: &RoomId) -> Option<Invite> {
        let room = self.client.get_room(id)?;
        let by = room.invite_details().await.ok()?.inviter_id.to_string();
        Some(Invite { room: id.to_string(), by, is_space: room.is_space() })
    }

    /// What a sync left out of a room, oldest first, back to `to` or to where the account came in; and whether that is all.
    ///
    /// # Errors
    /// When the device was signed out: it is to be asked for again by whoever signs in.
    async fn left_out(&self, id: &RoomId, from: String, to: &str, me: &str) -> Result<(Vec<Event>, bool), Error> {
        let Some(room) = self.client.get_room(id) else { return Ok((Vec::new(), false)) };
        let (mut found, mut from, mut wait) = (Vec::new(), from, PAGE_WAIT);
        let (mut pages, mut tries) = (0, 0);
        while pages < PAGES && tries < PAGE_TRIES {
            let mut options = MessagesOptions::backward().from(Some(from.as_str()));
            options.to = Some(to.to_owned());
            options.limit = UInt::from(PAGE);
            // What is not fetched now is never heard.
            let page = match room.messages(options).await.map_err(|error| failed(&error)) {
                Ok(page) => page,
                Err(error @ (Error::SignedOut | Error::SignedOutSoftly)) => return Err(error),
                // Out of the room meanwhile.
                Err(Error::Unauthorized) => break,
                Err(_) => {
                    tries += 1;
                    tokio::time::sleep(wait).await;
                    wait = (wait * 2).min(PAGE_WAIT_MAX);
                    continue;
                }
            };
            pages += 1;
            let is_end = page.chunk.is_empty();
            for event in page.chunk {
                found.extend(read(id, event));
                if found.last().is_some_and(|event: &Event| event.is_join_of(me)) {
                    found.reverse();
                    return Ok((found, true));
                }
            }
            match page.end.filter(|_| !is_end) {
                Some(end) => from = end,
                None => {
                    found.reverse();
                    return Ok((found, true));
                }
            }
        }
        found.reverse();
        Ok((found, false))
    }

    /// An event by its id, decrypted if its key has come meanwhile; `None`: it is not to be had.
    ///
    /// # Errors
    /// See [`Error`].
    #[boxed]
    pub async fn event(&self, room: &str, id: &str) -> Result<Option<Event>, Error> {
        let (Ok(room_id), Ok(id)) = (RoomId::parse(room), EventId::parse(id)) else { return Ok(None) };
        let Some(room) = self.client.get_room(&room_id) else { return Ok(None) };
        let found = Room::event(&room, &id, None).await.map_err(|error| failed(&error))?;
        Ok(read(&room_id, found))
    }
}

/// What people encrypt. Of everything else, the homeserver has to see it to say whether somebody may do it: inside a
/// message it is only somebody's word.
const ENCRYPTED: [&str; 3] = ["m.room.message", "m.sticker", "m.room.encrypted"];

/// An event as JSON; `None`: it is none, or not what it says it is.
fn read(room: &RoomId, event: TimelineEvent) -> Option<Event> {
    let was_encrypted = !matches!(event.kind, TimelineEventKind::PlainText { .. });
    let by_another = VerificationState::Unverified(VerificationLevel::MismatchedSender);
    if event.encryption_info().is_some_and(|info| info.verification_state == by_another) {
        return None;
    }
    let value: Value = event.raw().deserialize_as().ok()?;
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let kind = text(&value["type"])?;
    let is_gone = kind == "m.room.encrypted" && value["content"]["ciphertext"].is_null();
    if is_gone || (was_encrypted && !ENCRYPTED.contains(&kind.as_str())) {
        return None;
    }
    let redacts = text(&value["redacts"]).or_else(|| text(&value["content"]["redacts"]));
    Some(Event {
        room: room.to_string(),
        id: text(&value["event_id"])?,
        sender: text(&value["sender"])?,
        kind,
        redacts: redacts.filter(|_| !was_encrypted),
        state_key: text(&value["state_key"]).filter(|_| !was_encrypted),
        before: value["unsigned"]["prev_content"].clone(),
        at: value["origin_server_ts"].as_i64().unwrap_or_default(),
        content: value["content"].clone(),
        was_encrypted,
    })
}
