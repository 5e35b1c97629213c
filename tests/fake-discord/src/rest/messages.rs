//! Messages of the bot itself, and reading those of others.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::compose::{Author, Draft};
use crate::permissions::{
    ATTACH_FILES, EMBED_LINKS, MANAGE_MESSAGES, MANAGE_THREADS, MENTION_EVERYONE, READ_MESSAGE_HISTORY,
};
use crate::refusal::{Answer, Refusal, Reply};
use crate::request::{Call, id_of};
use crate::rules::mentions::{Otherwise, Speaker};
use crate::rules::message::{self, Way};
use crate::rules::{self, Check};
use crate::state::World;
use crate::time::{made_at, now};

/// How long a nonce is remembered.
const NONCE_LIVES: Duration = Duration::from_secs(180);
/// Older messages cannot be deleted in bulk, in milliseconds.
const TWO_WEEKS: u64 = 14 * 86_400_000;

impl World {
    pub(super) fn create_message(&mut self, call: &Call, channel: u64) -> Answer {
        let found = self.seen(channel)?.clone();
        if found.is_forum() || found.kind == 4 {
            return Err(Refusal::new(400, 50008, "Cannot send messages in a non-text channel"));
        }
        let (bit, name) = Self::speaking(&found);
        self.require(&found, bit, name)?;
        let mut notes = Vec::new();
        let checked = message::check(&call.body, &call.files, Way::Create, "", 0, &mut notes);
        self.note(call, notes);
        checked?;
        if !call.files.is_empty() {
            self.require(&found, ATTACH_FILES, "ATTACH_FILES")?;
        }
        if call.body["embeds"].as_array().is_some_and(|embeds| !embeds.is_empty()) {
            self.require(&found, EMBED_LINKS, "EMBED_LINKS")?;
        }
        if found.recipient.is_some_and(|user| !self.users[&user].takes_messages) {
            return Err(Refusal::new(403, 50007, "Cannot send messages to this user"));
        }
        if found.locked && self.permissions(&found, self.bot) & MANAGE_THREADS == 0 {
            return Err(Refusal::new(403, 160005, "Thread is locked"));
        }
        if let Some(known) = self.by_nonce(channel, &call.body) {
            return Reply::ok(self.message_view(known));
        }
        let rights = self.permissions(&found, self.bot);
        let (reference, replies_to) = self.reference(call, channel)?;
        self.wake(channel);
        let speaker = Speaker {
            otherwise: Otherwise::Everything,
            may_ping_all: rights & MENTION_EVERYONE != 0,
            replies_to: replies_to.filter(|&author| author != self.bot),
        };
        let mut draft = Draft::new(channel, Author::User(self.bot), call.body.clone());
        draft.pings = self.pings_of(channel, &call.body, &speaker);
        draft.files = call.files.clone();
        if let Some((kind, fields)) = reference {
            draft.kind = kind;
            draft.fields.extend(fields);
        }
        let nonce = nonce(&call.body);
        let id = self.compose(draft);
        if let Some(nonce) = nonce {
            self.nonces.insert((channel, nonce), (Instant::now(), id));
        }
        Reply::ok(self.message_view(id))
    }

    /// The message of this nonce, where the request wants it only once.
    fn by_nonce(&self, channel: u64, body: &Value) -> Option<u64> {
        if body["enforce_nonce"] != true {
            return None;
        }
        let (at, id) = self.nonces.get(&(channel, nonce(body)?))?;
        (at.elapsed() < NONCE_LIVES && self.messages.contains_key(id)).then_some(*id)
    }

    /// Fields and type for the message it refers to, and the author a reply may ping.
    #[expect(clippy::type_complexity, reason = "one use")]
    fn reference(
        &self,
        call: &Call,
        channel: u64,
    ) -> Result<(Option<(u8, Vec<(&'static str, Value)>)>, Option<u64>), Refusal> {
        let reference = &call.body["message_reference"];
        if reference.is_null() {
            return Ok((None, None));
        }
        let path = "message_reference";
        rules::only(reference, path, &["type", "message_id", "channel_id", "guild_id", "fail_if_not_exists"])?;
        let id = id_of(&reference["message_id"]);
        let id = id.ok_or_else(|| Refusal::required("message_reference.message_id"))?;
        let stored = self.messages.get(&id).filter(|stored| stored.ephemeral_to.is_none());
        let guild = self.channels[&channel].guild.map(|id| id.to_string());
        let mut shown = json!({"type": reference["type"].as_u64().unwrap_or(0), "message_id": id.to_string()});
        if let Some(guild) = guild {
            shown["guild_id"] = json!(guild);
        }
        if reference["type"] == 1 {
            let stored = stored.ok_or_else(Refusal::unknown_message)?;
            shown["channel_id"] = stored.value["channel_id"].clone();
            let snapshot = json!([{"message": snapshot(&stored.value)}]);
            return Ok((Some((0, vec![("message_reference", shown), ("message_snapshots", snapshot)])), None));
        }
        self.require(&self.channels[&channel], READ_MESSAGE_HISTORY, "READ_MESSAGE_HISTORY")
            .map_err(|_| Refusal::new(403, 160002, "Cannot reply without permission to read message history"))?;
        let given = id_of(&reference["channel_id"]).unwrap_or(channel);
        let stored = stored.filter(|stored| id_of(&stored.value["channel_id"]) == Some(channel) && given == channel);
        shown["channel_id"] = json!(channel.to_string());
        let Some(stored) = stored else {
            return if reference["fail_if_not_exists"] == false {
                Ok((None, None))
            } else {
                Err(Refusal::form(path, "REPLIES_UNKNOWN_MESSAGE", "Unknown message"))
            };
        };
        if !matches!(stored.value["type"].as_u64(), Some(0 | 19 | 20 | 23)) {
            let message = "Cannot reply to a system message";
            return Err(Refusal::form(path, "REPLIES_CANNOT_REPLY_TO_SYSTEM_MESSAGE", message));
        }
        let is_webhook = stored.value["webhook_id"].is_string() && stored.value["interaction_metadata"].is_null();
        let author = id_of(&stored.value["author"]["id"]).filter(|_| !is_webhook);
        Ok((Some((19, vec![("message_reference", shown)])), author))
    }

    /// Opens an archived thread again.
    pub(crate) fn wake(&mut self, channel: u64) {
        if self.channels.get(&channel).is_some_and(|thread| thread.archived) {
            if let Some(thread) = self.channels.get_mut(&channel) {
                thread.archived = false;
            }
            self.emit_channel("THREAD_UPDATE", channel);
        }
    }

    pub(super) fn list_messages(&self, call: &Call, channel: u64) -> Answer {
        call.only_query(&["around", "before", "after", "limit"])?;
        let found = self.seen(channel)?;
        if self.permissions(found, self.bot) & READ_MESSAGE_HISTORY == 0 {
            return Reply::ok(json!([]));
        }
        let limit = call.parameter("limit").map_or(Some(50), |limit| limit.parse().ok());
        let limit: usize = limit.filter(|limit| (1..=100).contains(limit)).ok_or_else(|| {
            Refusal::form("limit", "NUMBER_TYPE_MAX", "int value should be less than or equal to 100.")
        })?;
        let mut ids: Vec<u64> = self
            .messages
            .iter()
            .filter(|(_, stored)| id_of(&stored.value["channel_id"]) == Some(channel))
            .filter(|(_, stored)| stored.ephemeral_to.is_none())
            .map(|(id, _)| *id)
            .collect();
        if let Some(after) = call.id_parameter("after")? {
            ids.retain(|&id| id > after);
            ids.truncate(limit);
        } else if let Some(around) = call.id_parameter("around")? {
            let middle = ids.partition_point(|&id| id < around);
            let start = middle.saturating_sub(limit / 2);
            ids = ids.into_iter().skip(start).take(limit).collect();
        } else {
            let before = call.id_parameter("before")?.unwrap_or(u64::MAX);
            ids.retain(|&id| id < before);
            ids.drain(..ids.len().saturating_sub(limit));
        }
        Reply::ok(ids.into_iter().rev().map(|id| self.message_for_get(id)).collect())
    }

    /// A message that everybody in the channel sees.
    pub(super) fn public_message(&self, channel: u64, id: u64) -> Check {
        let stored = self.messages.get(&id).filter(|stored| stored.ephemeral_to.is_none());
        match stored.is_some_and(|stored| id_of(&stored.value["channel_id"]) == Some(channel)) {
            true => Ok(()),
            false => Err(Refusal::unknown_message()),
        }
    }

    pub(super) fn get_message(&self, channel: u64, id: u64) -> Answer {
        let found = self.seen(channel)?;
        self.require(found, READ_MESSAGE_HISTORY, "READ_MESSAGE_HISTORY")?;
        self.public_message(channel, id)?;
        Reply::ok(self.message_for_get(id))
    }

    pub(super) fn edit_message(&mut self, call: &Call, channel: u64, id: u64) -> Answer {
        self.seen(channel)?;
        self.public_message(channel, id)?;
        let old = &self.messages[&id].value;
        let is_own = id_of(&old["author"]["id"]) == Some(self.bot);
        let only_flags = call.body.as_object().is_some_and(|body| body.keys().all(|name| name == "flags"));
        if !is_own && !only_flags {
            return Err(Refusal::new(403, 50005, "Cannot edit a message authored by another user"));
        }
        self.revise_checked(call, id, Way::Edit, Otherwise::Everything)?;
        Reply::ok(self.message_view(id))
    }

    /// Checks an edit and makes it.
    pub(super) fn revise_checked(&mut self, call: &Call, id: u64, way: Way, otherwise: Otherwise) -> Check {
        let stored = &self.messages[&id];
        let channel = id_of(&stored.value["channel_id"]).unwrap_or(0);
        let old_flags = stored.value["flags"].as_u64().unwrap_or(0);
        let mut merged = stored.value.clone();
        let mut notes = Vec::new();
        let checked = message::check(&call.body, &call.files, way, "", old_flags, &mut notes);
        self.note(call, notes);
        checked?;
        for (name, value) in call.body.as_object().into_iter().flatten() {
            merged[name] = value.clone();
        }
        if Self::is_hollow(&merged) && call.files.is_empty() {
            return Err(Refusal::new(400, 50006, "Cannot send an empty message"));
        }
        let changes_text = call.body["content"].is_string() || call.body["components"].is_array();
        let may_ping_all = self
            .channels
            .get(&channel)
            .is_some_and(|channel| self.permissions(channel, self.bot) & MENTION_EVERYONE != 0);
        let speaker = Speaker { otherwise, may_ping_all, replies_to: None };
        let pings = changes_text.then(|| self.pings_of(channel, &call.body, &speaker));
        self.revise(id, &call.body, &call.files, pings);
        Ok(())
    }

    pub(super) fn delete_message(&mut self, channel: u64, id: u64) -> Answer {
        let found = self.seen(channel)?;
        self.public_message(channel, id)?;
        let is_own = id_of(&self.messages[&id].value["author"]["id"]) == Some(self.bot);
        if !is_own {
            self.require(found, MANAGE_MESSAGES, "MANAGE_MESSAGES")?;
        }
        self.erase(channel, &[id], false);
        Reply::empty()
    }

    pub(super) fn delete_messages(&mut self, call: &Call, channel: u64) -> Answer {
        rules::only(&call.body, "", &["messages"])?;
        let found = self.seen(channel)?;
        self.require(found, MANAGE_MESSAGES, "MANAGE_MESSAGES")?;
        let ids: Vec<u64> = rules::list(&call.body, "", "messages")?.iter().filter_map(id_of).collect();
        if !(2..=100).contains(&ids.len()) {
            return Err(Refusal::new(
                400,
                50016,
                "Provided too few or too many messages to delete. Must provide 2-100",
            ));
        }
        if ids.iter().any(|&id| made_at(id) + TWO_WEEKS < now()) {
            let message = "You can only bulk delete messages that are under 14 days old.";
            return Err(Refusal::new(400, 50034, message));
        }
        let here: Vec<u64> = ids.into_iter().filter(|&id| self.public_message(channel, id).is_ok()).collect();
        self.erase(channel, &here, true);
        Reply::empty()
    }
}

fn nonce(body: &Value) -> Option<String> {
    match &body["nonce"] {
        Value::String(nonce) => Some(nonce.clone()),
        Value::Number(nonce) => Some(nonce.to_string()),
        _ => None,
    }
}

/// What a forward carries of a message.
pub(crate) fn snapshot(message: &Value) -> Value {
    const KEPT: &[&str] = &[
        "type",
        "content",
        "embeds",
        "attachments",
        "timestamp",
        "edited_timestamp",
        "flags",
        "mentions",
        "mention_roles",
        "sticker_items",
        "components",
    ];
    let fields = message.as_object().into_iter().flatten().filter(|(name, _)| KEPT.contains(&name.as_str()));
    fields.map(|(name, value)| (name.clone(), value.clone())).collect::<serde_json::Map<_, _>>().into()
}
