//! Intents, and what a session without MESSAGE_CONTENT sees of a message.

use serde_json::{Value, json};

use crate::request::id_of;
use crate::state::World;

/// Bits of `intents`.
pub(crate) struct Intent;

impl Intent {
    pub const GUILDS: u64 = 1;
    pub const GUILD_MEMBERS: u64 = 1 << 1;
    pub const GUILD_WEBHOOKS: u64 = 1 << 5;
    pub const GUILD_PRESENCES: u64 = 1 << 8;
    pub const GUILD_MESSAGES: u64 = 1 << 9;
    pub const GUILD_MESSAGE_REACTIONS: u64 = 1 << 10;
    pub const GUILD_MESSAGE_TYPING: u64 = 1 << 11;
    pub const DIRECT_MESSAGES: u64 = 1 << 12;
    pub const DIRECT_MESSAGE_REACTIONS: u64 = 1 << 13;
    pub const DIRECT_MESSAGE_TYPING: u64 = 1 << 14;
    pub const MESSAGE_CONTENT: u64 = 1 << 15;
    /// Those that must be enabled for the application.
    pub const PRIVILEGED: u64 = Self::GUILD_MEMBERS | Self::GUILD_PRESENCES | Self::MESSAGE_CONTENT;
    /// Every bit with a meaning.
    pub const ALL: u64 = 0x1_ffff | 1 << 20 | 1 << 21 | 1 << 24 | 1 << 25;
}

impl World {
    /// The message as a session or request without MESSAGE_CONTENT sees it.
    pub(crate) fn censored(&self, message: &Value) -> Value {
        let mut seen = message.clone();
        if !self.is_exempt(message) {
            strip(&mut seen);
        }
        if let Some(referenced) = message.get("referenced_message").filter(|value| value.is_object()) {
            // The message it answers is judged for itself, with the guild of the outer one.
            let mut whole = referenced.clone();
            whole["guild_id"] = message["guild_id"].clone();
            if !self.is_exempt(&whole) {
                strip(&mut seen["referenced_message"]);
            }
        }
        seen
    }

    /// Own messages, direct messages and messages that mention the bot are never censored.
    fn is_exempt(&self, message: &Value) -> bool {
        let channel = id_of(&message["channel_id"]).and_then(|id| self.channels.get(&id));
        let is_direct = channel.is_some_and(|channel| channel.guild.is_none());
        let is_own = id_of(&message["author"]["id"]) == Some(self.bot);
        let mentions = message["mentions"].as_array().map(Vec::as_slice).unwrap_or_default();
        is_direct || is_own || mentions.iter().any(|user| id_of(&user["id"]) == Some(self.bot))
    }
}

fn strip(message: &mut Value) {
    message["content"] = json!("");
    for name in ["embeds", "attachments", "components"] {
        message[name] = json!([]);
    }
    let Some(fields) = message.as_object_mut() else { return };
    fields.remove("poll");
    if let Some(Value::Array(snapshots)) = fields.get_mut("message_snapshots") {
        snapshots.iter_mut().for_each(|snapshot| strip(&mut snapshot["message"]));
    }
}
