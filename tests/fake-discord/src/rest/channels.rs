//! Channels: looking at them, typing, reactions, pins.

use std::time::Instant;

use serde_json::json;

use super::no_route;
use crate::gateway::{Audience, Intent};
use crate::permissions::{
    ADD_REACTIONS, MANAGE_CHANNELS, MANAGE_MESSAGES, MANAGE_THREADS, PIN_MESSAGES, READ_MESSAGE_HISTORY,
};
use crate::refusal::{Answer, Refusal, Reply};
use crate::request::{Call, id};
use crate::rules;
use crate::state::World;

impl World {
    pub(super) fn channel(&mut self, call: &Call, channel: u64, rest: &[&str]) -> Answer {
        match (call.method.as_str(), rest) {
            ("GET", []) => Reply::ok(self.channel_view(self.seen(channel)?)),
            ("PATCH", []) => self.edit_channel(call, channel),
            ("DELETE", []) => {
                let found = self.seen(channel)?;
                let view = self.channel_view(found);
                match found.is_thread() {
                    true => self.require(found, MANAGE_THREADS, "MANAGE_THREADS")?,
                    false => self.require(found, MANAGE_CHANNELS, "MANAGE_CHANNELS")?,
                }
                self.remove_channel(channel);
                Reply::ok(view)
            }
            ("POST", ["typing"]) => {
                let found = self.seen(channel)?;
                let (bit, name) = Self::speaking(found);
                self.require(found, bit, name)?;
                if found.is_forum() {
                    return Err(Refusal::new(400, 50008, "Cannot send messages in a non-text channel"));
                }
                self.typing.push((channel, Instant::now()));
                Reply::empty()
            }
            ("POST", ["messages"]) => self.create_message(call, channel),
            ("GET", ["messages"]) => self.list_messages(call, channel),
            ("POST", ["messages", "bulk-delete"]) => self.delete_messages(call, channel),
            ("GET", ["messages", "pins"] | ["pins"]) => {
                self.seen(channel)?;
                Reply::ok(if rest.len() == 1 { json!([]) } else { json!({"items": [], "has_more": false}) })
            }
            ("PUT" | "DELETE", ["messages", "pins", message] | ["pins", message]) => {
                self.public_message(channel, id(message, "message_id")?)?;
                self.require(self.seen(channel)?, PIN_MESSAGES, "PIN_MESSAGES")?;
                Reply::empty()
            }
            ("GET", ["messages", message]) => self.get_message(channel, id(message, "message_id")?),
            ("PATCH", ["messages", message]) => self.edit_message(call, channel, id(message, "message_id")?),
            ("DELETE", ["messages", message]) => self.delete_message(channel, id(message, "message_id")?),
            (_, ["messages", message, "reactions", rest @ ..]) => {
                self.reactions(call, channel, id(message, "message_id")?, rest)
            }
            ("POST", ["messages", message, "threads"]) => {
                self.start_thread(call, channel, Some(id(message, "message_id")?))
            }
            ("POST", ["threads"]) => self.start_thread(call, channel, None),
            (_, ["thread-members", rest @ ..]) => self.thread_members(call, channel, rest),
            ("GET", ["threads", "archived", ..] | ["users", "@me", "threads", "archived", "private"]) => {
                self.archived_threads(channel)
            }
            ("POST", ["webhooks"]) => self.create_webhook(call, channel),
            ("GET", ["webhooks"]) => self.channel_webhooks(channel),
            _ => Err(no_route()),
        }
    }

    fn edit_channel(&mut self, call: &Call, channel: u64) -> Answer {
        const KNOWN: &[&str] = &[
            "name",
            "topic",
            "nsfw",
            "archived",
            "locked",
            "auto_archive_duration",
            "applied_tags",
            "rate_limit_per_user",
        ];
        rules::only(&call.body, "", KNOWN)?;
        let found = self.seen(channel)?;
        let is_thread = found.is_thread();
        match is_thread {
            true if found.owner == Some(self.bot) => {}
            true => self.require(found, MANAGE_THREADS, "MANAGE_THREADS")?,
            false => self.require(found, MANAGE_CHANNELS, "MANAGE_CHANNELS")?,
        }
        let body = &call.body;
        if let Some(name) = rules::text(body, "", "name")? {
            rules::names::thread(name, "name")?;
        }
        let Some(found) = self.channels.get_mut(&channel) else { return Err(Refusal::unknown_channel()) };
        if let Some(name) = body["name"].as_str() {
            found.name = name.to_owned();
        }
        if let Some(topic) = body["topic"].as_str() {
            found.topic = Some(topic.to_owned());
        }
        found.nsfw = body["nsfw"].as_bool().unwrap_or(found.nsfw);
        found.archived = body["archived"].as_bool().unwrap_or(found.archived);
        found.locked = body["locked"].as_bool().unwrap_or(found.locked);
        self.emit_channel(if is_thread { "THREAD_UPDATE" } else { "CHANNEL_UPDATE" }, channel);
        Reply::ok(self.channel_view(&self.channels[&channel]))
    }

    /// Tells what a channel is like now.
    pub(crate) fn emit_channel(&mut self, event: &str, channel: u64) {
        let Some(found) = self.channels.get(&channel) else { return };
        let view = self.channel_view(found);
        // Channels themselves are known to the bot whether it sees them or not; threads are not.
        let seen = found.is_thread().then_some(channel);
        let audience = Audience { guild: found.guild, channel: seen, intents: Intent::GUILDS };
        self.emit(event, audience, &view);
    }

    /// Removes a channel with its threads, webhooks and messages.
    pub(crate) fn remove_channel(&mut self, channel: u64) {
        let threads: Vec<u64> = self
            .channels
            .values()
            .filter(|known| known.parent == Some(channel) && known.is_thread())
            .map(|known| known.id)
            .collect();
        let Some(found) = self.channels.get(&channel) else { return };
        let (guild, is_thread) = (found.guild, found.is_thread());
        let audience = Audience { guild, channel: None, intents: Intent::GUILDS };
        let view = if is_thread {
            json!({
                "id": channel.to_string(), "type": found.kind, "guild_id": guild.map(|id| id.to_string()),
                "parent_id": found.parent.map(|id| id.to_string()),
            })
        } else {
            self.channel_view(found)
        };
        for gone in threads.iter().chain([&channel]) {
            self.channels.remove(gone);
            let gone = gone.to_string();
            self.messages.retain(|_, stored| stored.value["channel_id"] != *gone);
        }
        self.webhooks.retain(|_, webhook| webhook.channel != channel);
        self.emit(if is_thread { "THREAD_DELETE" } else { "CHANNEL_DELETE" }, audience, &view);
    }

    fn reactions(&mut self, call: &Call, channel: u64, message: u64, rest: &[&str]) -> Answer {
        let found = self.seen(channel)?.clone();
        self.public_message(channel, message)?;
        match (call.method.as_str(), rest) {
            ("PUT", [emoji, "@me"]) => {
                self.require(&found, READ_MESSAGE_HISTORY, "READ_MESSAGE_HISTORY")?;
                self.require(&found, ADD_REACTIONS, "ADD_REACTIONS")?;
                let is_emoji = match emoji.trim_start_matches("a:").split_once(':') {
                    Some((_, id)) => id.parse::<u64>().is_ok(),
                    None => !emoji.is_empty() && !emoji.bytes().all(|byte| byte.is_ascii_alphabetic()),
                };
                if !is_emoji {
                    return Err(Refusal::new(400, 10014, "Unknown Emoji"));
                }
                self.react(self.bot, message, emoji, true);
                Reply::empty()
            }
            ("DELETE", [emoji, "@me"]) => {
                self.react(self.bot, message, emoji, false);
                Reply::empty()
            }
            ("DELETE", [] | [_] | [_, _]) => {
                self.require(&found, MANAGE_MESSAGES, "MANAGE_MESSAGES")?;
                Reply::empty()
            }
            ("GET", [_]) => Reply::ok(json!([])),
            _ => Err(no_route()),
        }
    }

    /// Adds or removes a reaction.
    pub(crate) fn react(&mut self, user: u64, message: u64, emoji: &str, adds: bool) {
        let bot = self.bot;
        let Some(stored) = self.messages.get_mut(&message) else { return };
        let shown = crate::compose::emoji_view(emoji);
        if !stored.value["reactions"].is_array() {
            stored.value["reactions"] = json!([]);
        }
        let Some(reactions) = stored.value["reactions"].as_array_mut() else { return };
        let found = reactions.iter().position(|reaction| reaction["emoji"] == shown);
        let change = |count: u64| if adds { count + 1 } else { count.saturating_sub(1) };
        let count = change(found.map_or(0, |at| reactions[at]["count"].as_u64().unwrap_or(0)));
        let me = found.is_some_and(|at| reactions[at]["me"] == true);
        let me = if user == bot { adds } else { me };
        let reaction = json!({
            "emoji": shown, "count": count, "me": me, "me_burst": false, "burst_colors": [],
            "count_details": {"burst": 0, "normal": count},
        });
        match found {
            Some(at) if count == 0 => {
                reactions.remove(at);
            }
            Some(at) => reactions[at] = reaction,
            None if adds => reactions.push(reaction),
            None => return,
        }
        self.emit_reaction(if adds { "MESSAGE_REACTION_ADD" } else { "MESSAGE_REACTION_REMOVE" }, user, message, emoji);
    }
}
