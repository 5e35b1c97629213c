//! Listening: one sync at a time, in order, as JSON.

use std::collections::HashSet;
use std::time::Duration;

use matrix_sdk::Room;
use matrix_sdk::config::{SyncSettings, SyncToken};
use matrix_sdk::deserialized_responses::{TimelineEvent, TimelineEventKind};
use matrix_sdk::room::MessagesOptions;
use matrix_sdk::ruma::api::client::filter::{Filter, FilterDefinition, RoomEventFilter, RoomFilter};
use matrix_sdk::ruma::api::client::sync::sync_events::v3::Filter as SyncFilter;
use matrix_sdk::ruma::{EventId, OwnedRoomId, RoomId, UInt};
use serde_json::Value;

use crate::{Account, Error, failed};

/// Events of a room that one sync brings, and one page of what it left out.
const TIMELINE: u32 = 50;
const PAGE: u32 = 100;
/// Pages that are looked at of what a sync left out.
const PAGES: usize = 10;

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
    /// Meant as a conversation between the two.
    pub is_direct: bool,
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
        for (room, update) in found.rooms.invited {
            let state = update.invite_state.events.iter().filter_map(|event| event.deserialize_as::<Value>().ok());
            let state: Vec<Value> = state.collect();
            let is_invite = |event: &&Value| {
                event["type"] == "m.room.member"
                    && event["state_key"] == me.as_str()
                    && event["content"]["membership"] == "invite"
            };
            let own = state.iter().find(is_invite).cloned().unwrap_or_default();
            let is_space = |event: &Value| event["type"] == "m.room.create" && event["content"]["type"] == "m.space";
            heard.invites.push(Invite {
                room: room.to_string(),
                by: own["sender"].as_str().unwrap_or_default().to_owned(),
                is_direct: own["content"]["is_direct"] == true,
                is_space: state.iter().any(is_space),
            });
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
                let (earlier, is_all) = self.left_out(&id, from, to, &me).await;
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

    /// What a sync left out of a room, oldest first, back to `to` or to where the account came in; and whether that is all.
    async fn left_out(&self, id: &RoomId, from: String, to: &str, me: &str) -> (Vec<Event>, bool) {
        let Some(room) = self.client.get_room(id) else { return (Vec::new(), false) };
        let (mut found, mut from) = (Vec::new(), from);
        for _ in 0..PAGES {
            let mut options = MessagesOptions::backward().from(Some(from.as_str()));
            options.to = Some(to.to_owned());
            options.limit = UInt::from(PAGE);
            let Ok(page) = room.messages(options).await else { break };
            let is_end = page.chunk.is_empty();
            for event in page.chunk {
                found.extend(read(id, event));
                if found.last().is_some_and(|event: &Event| event.is_join_of(me)) {
                    found.reverse();
                    return (found, true);
                }
            }
            match page.end.filter(|_| !is_end) {
                Some(end) => from = end,
                None => {
                    found.reverse();
                    return (found, true);
                }
            }
        }
        found.reverse();
        (found, false)
    }

    /// An event by its id, decrypted if its key has come meanwhile; `None`: it is not to be had.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn event(&self, room: &str, id: &str) -> Result<Option<Event>, Error> {
        let (Ok(room_id), Ok(id)) = (RoomId::parse(room), EventId::parse(id)) else { return Ok(None) };
        let Some(room) = self.client.get_room(&room_id) else { return Ok(None) };
        let found = Room::event(&room, &id, None).await.map_err(|error| failed(&error))?;
        Ok(read(&room_id, found))
    }
}

/// An event as JSON; `None`: it is none.
fn read(room: &RoomId, event: TimelineEvent) -> Option<Event> {
    let was_encrypted = !matches!(event.kind, TimelineEventKind::PlainText { .. });
    let value: Value = event.raw().deserialize_as().ok()?;
    let text = |value: &Value| value.as_str().map(str::to_owned);
    Some(Event {
        room: room.to_string(),
        id: text(&value["event_id"])?,
        sender: text(&value["sender"])?,
        kind: text(&value["type"])?,
        redacts: text(&value["redacts"]).or_else(|| text(&value["content"]["redacts"])),
        state_key: text(&value["state_key"]),
        before: value["unsigned"]["prev_content"].clone(),
        at: value["origin_server_ts"].as_i64().unwrap_or_default(),
        content: value["content"].clone(),
        was_encrypted,
    })
}
