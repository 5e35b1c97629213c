//! Threads and posts in forums.

use serde_json::{Value, json};

use super::no_route;
use crate::compose::{Author, Draft};
use crate::gateway::{Audience, Intent};
use crate::permissions::{
    CREATE_PRIVATE_THREADS, CREATE_PUBLIC_THREADS, MENTION_EVERYONE, SEND_MESSAGES, SEND_MESSAGES_IN_THREADS,
};
use crate::refusal::{Answer, Refusal, Reply};
use crate::request::{Call, id};
use crate::rules::mentions::{Otherwise, Speaker};
use crate::rules::message::{self, Way};
use crate::rules::{self, Check};
use crate::state::{Channel, World};
use crate::time::{iso, made_at};

impl World {
    pub(super) fn start_thread(&mut self, call: &Call, channel: u64, message: Option<u64>) -> Answer {
        const KNOWN: &[&str] =
            &["name", "auto_archive_duration", "rate_limit_per_user", "type", "invitable", "message", "applied_tags"];
        rules::only(&call.body, "", KNOWN)?;
        let parent = self.seen(channel)?.clone();
        let name = rules::text(&call.body, "", "name")?.unwrap_or_default().trim().to_owned();
        rules::names::thread(&name, "name")?;
        check_duration(&call.body)?;
        if parent.is_forum() {
            return self.start_post(call, &parent, &name);
        }
        if !matches!(parent.kind, 0 | 5) {
            return Err(Refusal::new(400, 50024, "Cannot execute action on this channel type"));
        }
        let kind = match (message, call.body["type"].as_u64()) {
            (Some(_), _) => {
                if parent.kind == 5 {
                    10
                } else {
                    11
                }
            }
            (None, Some(kind @ 10..=12)) => u8::try_from(kind).unwrap_or(11),
            (None, _) => 12,
        };
        let (bit, right) = match kind {
            12 => (CREATE_PRIVATE_THREADS, "CREATE_PRIVATE_THREADS"),
            _ => (CREATE_PUBLIC_THREADS, "CREATE_PUBLIC_THREADS"),
        };
        self.require(&parent, bit, right)?;
        if let Some(message) = message {
            self.public_message(channel, message)?;
            if self.channels.contains_key(&message) {
                return Err(Refusal::new(400, 160004, "A thread has already been created for this message"));
            }
        }
        let thread = self.add_thread(channel, &name, kind, self.bot, message);
        Ok(Reply::Json(201, self.channel_view(&self.channels[&thread])))
    }

    fn start_post(&mut self, call: &Call, parent: &Channel, name: &str) -> Answer {
        self.require(parent, SEND_MESSAGES, "SEND_MESSAGES")?;
        let inner = &call.body["message"];
        if !inner.is_object() {
            return Err(Refusal::required("message"));
        }
        let mut notes = Vec::new();
        let checked = message::check(inner, &call.files, Way::Create, "message", 0, &mut notes);
        self.note(call, notes);
        checked?;
        let may_ping_all = self.permissions(parent, self.bot) & MENTION_EVERYONE != 0;
        let speaker = Speaker { otherwise: Otherwise::Everything, may_ping_all, replies_to: None };
        let thread = self.add_thread(parent.id, name, 11, self.bot, None);
        let mut draft = Draft::new(thread, Author::User(self.bot), inner.clone());
        draft.pings = self.pings_of(thread, inner, &speaker);
        draft.files = call.files.clone();
        draft.id = Some(thread);
        self.compose(draft);
        let mut view = self.channel_view(&self.channels[&thread]);
        view["message"] = self.message_view(thread);
        Ok(Reply::Json(201, view))
    }

    /// Makes a thread and tells; its id is that of the message it hangs on, where there is one.
    pub(crate) fn add_thread(&mut self, parent: u64, name: &str, kind: u8, owner: u64, message: Option<u64>) -> u64 {
        let id = message.unwrap_or_else(|| self.id());
        let (guild, nsfw) = self.channels.get(&parent).map_or((None, false), |parent| (parent.guild, parent.nsfw));
        let thread = Channel {
            id,
            kind,
            guild,
            parent: Some(parent),
            name: name.to_owned(),
            owner: Some(owner),
            members: [owner].into(),
            nsfw,
            ..Default::default()
        };
        let mut view = self.channel_view(&thread);
        view["newly_created"] = json!(true);
        self.channels.insert(id, thread);
        if let Some(parent) = self.channels.get_mut(&parent).filter(|parent| parent.is_forum()) {
            parent.last_message = Some(id);
        }
        if let Some(stored) = message.and_then(|id| self.messages.get_mut(&id)) {
            stored.value["thread"] = view.clone();
            stored.value["flags"] = json!(stored.value["flags"].as_u64().unwrap_or(0) | 1 << 5);
        }
        let audience = Audience { guild, channel: Some(id), intents: Intent::GUILDS };
        self.emit("THREAD_CREATE", audience, &view);
        id
    }

    pub(super) fn thread_members(&mut self, call: &Call, thread: u64, rest: &[&str]) -> Answer {
        let found = self.seen(thread)?;
        if !found.is_thread() {
            return Err(Refusal::new(400, 50024, "Cannot execute action on this channel type"));
        }
        let view = |user: u64| {
            let since = iso(made_at(thread));
            json!({"id": thread.to_string(), "user_id": user.to_string(), "join_timestamp": since, "flags": 0})
        };
        match (call.method.as_str(), rest) {
            ("GET", []) => Reply::ok(found.members.iter().map(|&user| view(user)).collect()),
            ("PUT" | "DELETE", [user]) => {
                let user = if *user == "@me" { self.bot } else { id(user, "user_id")? };
                self.require(found, SEND_MESSAGES_IN_THREADS, "SEND_MESSAGES_IN_THREADS")?;
                let adds = call.method == "PUT";
                if let Some(found) = self.channels.get_mut(&thread) {
                    if adds {
                        found.members.insert(user)
                    } else {
                        found.members.remove(&user)
                    };
                }
                Reply::empty()
            }
            ("GET", [user]) => {
                let user = if *user == "@me" { self.bot } else { id(user, "user_id")? };
                match found.members.contains(&user) {
                    true => Reply::ok(view(user)),
                    false => Err(Refusal::new(404, 10007, "Unknown Member")),
                }
            }
            _ => Err(no_route()),
        }
    }

    pub(super) fn archived_threads(&self, channel: u64) -> Answer {
        self.seen(channel)?;
        let threads = self.channels.values().filter(|known| {
            known.parent == Some(channel) && known.is_thread() && known.archived && self.bot_sees(known)
        });
        let threads: Vec<Value> = threads.map(|thread| self.channel_view(thread)).collect();
        Reply::ok(json!({"threads": threads, "members": [], "has_more": false}))
    }

    /// Threads of a guild that are not archived.
    pub(super) fn active_threads(&self, guild: u64) -> Answer {
        let threads = self
            .channels
            .values()
            .filter(|known| known.guild == Some(guild) && known.is_thread() && !known.archived && self.bot_sees(known));
        let threads: Vec<Value> = threads.map(|thread| self.channel_view(thread)).collect();
        Reply::ok(json!({"threads": threads, "members": [], "has_more": false}))
    }
}

fn check_duration(body: &Value) -> Check {
    match body["auto_archive_duration"].as_u64() {
        None | Some(60 | 1_440 | 4_320 | 10_080) => Ok(()),
        Some(_) => {
            let message = "Value must be one of (60, 1440, 4320, 10080).";
            Err(Refusal::form("auto_archive_duration", "BASE_TYPE_CHOICES", message))
        }
    }
}
