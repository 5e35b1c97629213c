//! Permission bits, and what a member may do where.

use crate::state::{Channel, World};

pub const ADD_REACTIONS: u64 = 1 << 6;
pub const ADMINISTRATOR: u64 = 1 << 3;
pub const MANAGE_CHANNELS: u64 = 1 << 4;
pub const MANAGE_GUILD: u64 = 1 << 5;
pub const VIEW_CHANNEL: u64 = 1 << 10;
pub const SEND_MESSAGES: u64 = 1 << 11;
pub const SEND_TTS_MESSAGES: u64 = 1 << 12;
pub const MANAGE_MESSAGES: u64 = 1 << 13;
pub const EMBED_LINKS: u64 = 1 << 14;
pub const ATTACH_FILES: u64 = 1 << 15;
pub const READ_MESSAGE_HISTORY: u64 = 1 << 16;
pub const MENTION_EVERYONE: u64 = 1 << 17;
pub const USE_EXTERNAL_EMOJIS: u64 = 1 << 18;
pub const CONNECT: u64 = 1 << 20;
pub const SPEAK: u64 = 1 << 21;
pub const CHANGE_NICKNAME: u64 = 1 << 26;
pub const MANAGE_ROLES: u64 = 1 << 28;
pub const MANAGE_WEBHOOKS: u64 = 1 << 29;
pub const USE_APPLICATION_COMMANDS: u64 = 1 << 31;
pub const MANAGE_THREADS: u64 = 1 << 34;
pub const CREATE_PUBLIC_THREADS: u64 = 1 << 35;
pub const CREATE_PRIVATE_THREADS: u64 = 1 << 36;
pub const SEND_MESSAGES_IN_THREADS: u64 = 1 << 38;
pub const SEND_VOICE_MESSAGES: u64 = 1 << 46;
pub const SEND_POLLS: u64 = 1 << 49;
pub const PIN_MESSAGES: u64 = 1 << 51;

/// Every bit that exists.
pub const ALL: u64 = (1 << 53) - 1;

/// What everybody may do in a new guild.
pub(crate) const EVERYONE: u64 = ADD_REACTIONS
    | VIEW_CHANNEL
    | SEND_MESSAGES
    | EMBED_LINKS
    | ATTACH_FILES
    | READ_MESSAGE_HISTORY
    | USE_EXTERNAL_EMOJIS
    | CONNECT
    | SPEAK
    | CHANGE_NICKNAME
    | USE_APPLICATION_COMMANDS
    | CREATE_PUBLIC_THREADS
    | SEND_MESSAGES_IN_THREADS
    | SEND_VOICE_MESSAGES
    | SEND_POLLS;

/// What the bot's own role adds: it may ping everyone, so that nothing but its care prevents that.
pub(crate) const BOT: u64 =
    MANAGE_WEBHOOKS | MANAGE_MESSAGES | MANAGE_THREADS | MENTION_EVERYONE | CREATE_PRIVATE_THREADS | PIN_MESSAGES;

/// What both may do in a direct message.
const DIRECT: u64 = ADD_REACTIONS
    | VIEW_CHANNEL
    | SEND_MESSAGES
    | EMBED_LINKS
    | ATTACH_FILES
    | READ_MESSAGE_HISTORY
    | USE_EXTERNAL_EMOJIS
    | USE_APPLICATION_COMMANDS
    | SEND_POLLS
    | SEND_VOICE_MESSAGES
    | MENTION_EVERYONE;

impl World {
    /// What `user` may do in the guild, channels aside.
    pub(crate) fn guild_permissions(&self, guild: u64, user: u64) -> u64 {
        let Some(guild) = self.guilds.get(&guild) else { return 0 };
        if guild.owner == user {
            return ALL;
        }
        let Some(member) = guild.members.get(&user) else { return 0 };
        let of = |id: &u64| guild.roles.get(id).map_or(0, |role| role.permissions);
        let bits = member.roles.iter().fold(of(&guild.id), |bits, id| bits | of(id));
        if bits & ADMINISTRATOR != 0 { ALL } else { bits }
    }

    /// What `user` may do in the channel; a thread has its parent's overwrites.
    pub(crate) fn permissions(&self, channel: &Channel, user: u64) -> u64 {
        let Some(guild_id) = channel.guild else {
            return if channel.recipient == Some(user) || user == self.bot { DIRECT } else { 0 };
        };
        let mut bits = self.guild_permissions(guild_id, user);
        if bits == ALL || bits == 0 {
            return bits;
        }
        let holder = match channel.parent.filter(|_| channel.is_thread()).and_then(|id| self.channels.get(&id)) {
            Some(parent) => parent,
            None => channel,
        };
        let mut apply = |allow: u64, deny: u64| bits = bits & !deny | allow;
        if let Some(everyone) = holder.overwrites.get(&guild_id) {
            apply(everyone.allow, everyone.deny);
        }
        let roles = &self.guilds[&guild_id].members[&user].roles;
        let (allow, deny) = roles
            .iter()
            .filter_map(|role| holder.overwrites.get(role))
            .fold((0, 0), |(allow, deny), one| (allow | one.allow, deny | one.deny));
        apply(allow, deny);
        if let Some(own) = holder.overwrites.get(&user) {
            apply(own.allow, own.deny);
        }
        let private_to_others = channel.kind == 12 && bits & MANAGE_THREADS == 0 && !channel.members.contains(&user);
        if bits & VIEW_CHANNEL == 0 || private_to_others {
            return 0;
        }
        let speaks = if channel.is_thread() { SEND_MESSAGES_IN_THREADS } else { SEND_MESSAGES };
        if bits & speaks == 0 {
            bits &= !(MENTION_EVERYONE | SEND_TTS_MESSAGES | ATTACH_FILES | EMBED_LINKS);
        }
        bits
    }

    /// The right to write into this kind of channel.
    pub(crate) fn speaking(channel: &Channel) -> (u64, &'static str) {
        if channel.is_thread() {
            (SEND_MESSAGES_IN_THREADS, "SEND_MESSAGES_IN_THREADS")
        } else {
            (SEND_MESSAGES, "SEND_MESSAGES")
        }
    }

    /// Whether the bot sees the channel.
    pub(crate) fn bot_sees(&self, channel: &Channel) -> bool {
        self.permissions(channel, self.bot) & VIEW_CHANNEL != 0
    }
}
