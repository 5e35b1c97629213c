//! Listening: one sync at a time, in order, as JSON.

use std::time::Duration;

use matrix_sdk::config::{SyncSettings, SyncToken};
use matrix_sdk::deserialized_responses::{TimelineEvent, TimelineEventKind};
use matrix_sdk::ruma::{EventId, RoomId};
use serde_json::Value;

use crate::{Account, Error, failed};

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
}

/// Somebody wants the account in a room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invite {
    pub room: String,
    pub by: String,
    /// Meant as a conversation between the two.
    pub is_direct: bool,
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
    /// Of each room in order.
    pub events: Vec<Event>,
    /// Rooms of which something between the last sync and this was left out.
    pub gaps: Vec<String>,
    /// Users that the account's owner wants to hear nothing of, where that changed.
    pub ignored: Option<Vec<String>>,
}

impl Account {
    /// Waits up to `wait` for what happened after `token`; `None`: from here on.
    ///
    /// # Errors
    /// See [`Error`]; the same may be asked again.
    pub async fn hear(&self, token: Option<&str>, wait: Duration) -> Result<Heard, Error> {
        let settings = SyncSettings::new().timeout(wait);
        let settings = match token {
            Some(token) => settings.token(SyncToken::Specific(token.to_owned())),
            None => settings.token(SyncToken::NoToken),
        };
        let found = self.client.sync_once(settings).await.map_err(|error| failed(&error))?;
        let mut heard = Heard { token: found.next_batch, ..Heard::default() };
        let me = self.user();
        for (room, update) in found.rooms.invited {
            let state = update.invite_state.events.iter().filter_map(|event| event.deserialize_as::<Value>().ok());
            let own = state.into_iter().find(|event| {
                event["type"] == "m.room.member"
                    && event["state_key"] == me.as_str()
                    && event["content"]["membership"] == "invite"
            });
            let own = own.unwrap_or_default();
            heard.invites.push(Invite {
                room: room.to_string(),
                by: own["sender"].as_str().unwrap_or_default().to_owned(),
                is_direct: own["content"]["is_direct"] == true,
            });
        }
        for (room, update) in found.rooms.left {
            heard.memberships.push(Membership::Left(room.to_string()));
            heard.events.extend(update.timeline.events.into_iter().filter_map(|event| read(&room, event)));
        }
        for (room, update) in found.rooms.joined {
            if update.timeline.limited {
                heard.gaps.push(room.to_string());
            }
            let events: Vec<Event> =
                update.timeline.events.into_iter().filter_map(|event| read(&room, event)).collect();
            let is_join = |event: &Event| {
                event.kind == "m.room.member"
                    && event.state_key.as_deref() == Some(&me)
                    && event.content["membership"] == "join"
            };
            if events.iter().any(is_join) {
                heard.memberships.push(Membership::Joined(room.to_string()));
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

    /// An event by its id, decrypted if its key has come meanwhile.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn event(&self, room: &str, id: &str) -> Result<Option<Event>, Error> {
        let (Ok(room_id), Ok(id)) = (RoomId::parse(room), EventId::parse(id)) else { return Ok(None) };
        let Some(room) = self.client.get_room(&room_id) else { return Ok(None) };
        let found = room.event(&id, None).await.map_err(|error| failed(&error))?;
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
        at: value["origin_server_ts"].as_i64().unwrap_or_default(),
        content: value["content"].clone(),
        was_encrypted,
    })
}
