//! What is known of guilds' channels: just enough to say how private a place is, and little enough for many guilds.

use dashmap::DashMap;

use super::wire::{Channel, Flake, Guild, Overwrite, Role, bits};
use crate::domain::{PlaceRef, Privacy};

/// Permission to see a channel.
const VIEW: u64 = 1 << 10;
/// Permission to read what was said before.
const HISTORY: u64 = 1 << 16;
/// Permission that includes all others.
pub(super) const ADMINISTRATOR: u64 = 1 << 3;
/// Kinds of channels that need no keeping: nobody talks in a category.
const CATEGORY: u8 = 4;
/// A thread that only its members see.
const PRIVATE_THREAD: u8 = 12;
const THREADS: [u8; 3] = [10, 11, PRIVATE_THREAD];
/// A conversation of one member and the house.
const DIRECT: u8 = 1;
/// Forums and their like: every message of theirs is in a thread.
const FORUMS: [u8; 2] = [15, 16];
/// A guild that is age-restricted as a whole.
const AGE_RESTRICTED: u8 = 3;

/// A channel, as small as it goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Known {
    /// 0: a direct conversation.
    pub guild: Flake,
    /// 0: none, or a category.
    pub parent: Flake,
    pub last_message: Flake,
    pub kind: u8,
    is_adult: bool,
    /// What the channel says of everyone's seeing it; `None`: as the guild says.
    seen_by_all: Option<bool>,
    /// It keeps somebody from seeing it, or its history.
    is_narrowed: bool,
}

impl Known {
    pub fn is_thread(&self) -> bool {
        THREADS.contains(&self.kind)
    }

    pub fn is_direct(&self) -> bool {
        self.kind == DIRECT
    }

    pub fn is_forum(&self) -> bool {
        FORUMS.contains(&self.kind)
    }
}

#[derive(Clone, Copy, Debug, Default)]
struct KnownGuild {
    is_seen_by_all: bool,
    is_adult: bool,
}

/// The channels of all guilds.
#[derive(Debug, Default)]
pub struct Channels {
    channels: DashMap<Flake, Known>,
    guilds: DashMap<Flake, KnownGuild>,
}

impl Channels {
    /// Takes a guild in with all its channels.
    pub fn add_guild(&self, guild: &Guild) {
        let known = KnownGuild { is_adult: guild.nsfw_level == AGE_RESTRICTED, ..KnownGuild::default() };
        self.guilds.insert(guild.id, known);
        guild.roles.iter().for_each(|role| self.add_role(guild.id, role));
        for channel in guild.channels.iter().chain(&guild.threads) {
            self.add(&Channel { guild_id: Some(guild.id), ..channel.clone() });
        }
    }

    /// Whether it is known how private a guild is.
    pub fn knows_guild(&self, guild: Flake) -> bool {
        self.guilds.contains_key(&guild)
    }

    /// Takes in what a role may do; only everyone's matters.
    pub fn add_role(&self, guild: Flake, role: &Role) {
        if role.id == guild
            && let Some(mut known) = self.guilds.get_mut(&guild)
        {
            known.is_seen_by_all = bits(&role.permissions) & (VIEW | ADMINISTRATOR) != 0;
        }
    }

    /// Takes a channel in, new or changed.
    pub fn add(&self, channel: &Channel) {
        if channel.kind == CATEGORY {
            return;
        }
        let guild = channel.guild_id.unwrap_or_default();
        let everyone = channel.permission_overwrites.iter().find(|overwrite| overwrite.id == guild);
        let seen_by_all = everyone.and_then(|overwrite| {
            let (allow, deny) = (bits(&overwrite.allow) & VIEW != 0, bits(&overwrite.deny) & VIEW != 0);
            (allow || deny).then_some(allow)
        });
        let keeps_out = |overwrite: &Overwrite| bits(&overwrite.deny) & (VIEW | HISTORY) != 0;
        let is_narrowed = channel.permission_overwrites.iter().any(keeps_out);
        let parent = channel.parent_id.filter(|_| THREADS.contains(&channel.kind)).unwrap_or_default();
        let last_message = channel.last_message_id.unwrap_or_default();
        let is_adult = channel.nsfw;
        let kind = channel.kind;
        let known = Known { guild, parent, last_message, kind, is_adult, seen_by_all, is_narrowed };
        self.channels.insert(channel.id, known);
    }

    /// Remembers a direct conversation.
    pub fn add_direct(&self, id: Flake) {
        self.add(&Channel { id, kind: DIRECT, ..Channel::default() });
    }

    /// Notes the newest message of a channel.
    pub fn note_message(&self, channel: Flake, message: Flake) {
        if let Some(mut known) = self.channels.get_mut(&channel) {
            known.last_message = known.last_message.max(message);
        }
    }

    /// Forgets a channel.
    pub fn remove(&self, channel: Flake) {
        self.channels.remove(&channel);
    }

    /// Forgets a guild that the house has left.
    pub fn remove_guild(&self, guild: Flake) {
        self.guilds.remove(&guild);
        self.channels.retain(|_, channel| channel.guild != guild);
    }

    pub fn get(&self, channel: Flake) -> Option<Known> {
        self.channels.get(&channel).map(|known| *known)
    }

    /// Channels of a guild with messages after `after`, and the newest of them.
    pub fn newer_than(&self, guild: Flake, after: Flake) -> Vec<Flake> {
        let newer = |known: &Known| known.guild == guild && known.last_message > after && !known.is_forum();
        self.channels.iter().filter(|entry| newer(entry.value())).map(|entry| *entry.key()).collect()
    }

    /// A channel as a place of the house; `None`: it is not known.
    pub fn place(&self, channel: Flake) -> Option<PlaceRef> {
        let known = self.get(channel)?;
        let parent = if known.parent == 0 { None } else { self.get(known.parent) };
        // A thread is as private as where it hangs, and where that is not known, it is private.
        let shown = match (known.is_thread(), parent) {
            (true, parent) => parent.and_then(|parent| parent.seen_by_all.or_else(|| self.guild_shown(parent.guild))),
            (false, _) => known.seen_by_all.or_else(|| self.guild_shown(known.guild)),
        };
        let privacy = match shown {
            _ if known.is_direct() => Privacy::Direct,
            Some(true) if known.kind != PRIVATE_THREAD => Privacy::Open,
            _ => Privacy::Closed,
        };
        let of_guild = self.guilds.get(&known.guild).is_some_and(|guild| guild.is_adult);
        Some(PlaceRef {
            platform: super::NAME.to_owned(),
            subject: channel.to_string(),
            parent: (known.parent != 0).then(|| known.parent.to_string()),
            privacy,
            is_encrypted: false,
            is_adult: known.is_adult || of_guild || parent.is_some_and(|parent| parent.is_adult),
        })
    }

    /// Whether everybody who reads `here` may read `other`, as far as is known without asking.
    pub fn all_read(&self, here: Flake, other: Flake) -> bool {
        if here == other {
            return true;
        }
        let (Some(from), Some(to)) = (self.get(here), self.get(other)) else { return false };
        let (Some(here), Some(there)) = (self.place(here), self.place(other)) else { return false };
        let parent = self.get(to.parent);
        from.guild != 0
            && from.guild == to.guild
            && there.privacy == Privacy::Open
            && (here.is_adult || !there.is_adult)
            && !to.is_narrowed
            && !parent.is_some_and(|parent| parent.is_narrowed)
    }

    fn guild_shown(&self, guild: Flake) -> Option<bool> {
        self.guilds.get(&guild).map(|guild| guild.is_seen_by_all)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_all_may_read_is_of_one_server_and_keeps_nobody_out() {
        let channels = Channels::default();
        for guild in [1_u64, 2] {
            let role = Role { id: guild, permissions: json!((VIEW | HISTORY).to_string()) };
            channels.add_guild(&Guild { id: guild, roles: vec![role], ..Guild::default() });
        }
        let add = |id: Flake, guild: Flake, more: serde_json::Value| {
            let mut channel = json!({"id": id, "guild_id": guild, "type": 0});
            channel.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            channels.add(&serde_json::from_value(channel).unwrap());
        };
        add(10, 1, json!({}));
        add(11, 1, json!({}));
        add(12, 1, json!({"nsfw": true}));
        add(13, 1, json!({"permission_overwrites": [{"id": "77", "deny": VIEW.to_string()}]}));
        add(14, 1, json!({"permission_overwrites": [{"id": "1", "deny": HISTORY.to_string()}]}));
        add(15, 1, json!({"type": 11, "parent_id": "13"}));
        add(20, 2, json!({}));
        channels.add_direct(30);
        let read: Vec<Flake> =
            [10, 11, 12, 13, 14, 15, 20, 30, 99].into_iter().filter(|id| channels.all_read(10, *id)).collect();
        assert_eq!(read, [10, 11]);
        assert!(channels.all_read(12, 10) && channels.all_read(13, 13) && !channels.all_read(30, 20));
    }

    #[test]
    fn a_group_conversation_is_not_between_two() {
        let channels = Channels::default();
        let privacy = |kind: u8| {
            channels.add(&Channel { id: 5, kind, ..Channel::default() });
            channels.place(5).unwrap().privacy
        };
        assert_eq!((privacy(DIRECT), privacy(3)), (Privacy::Direct, Privacy::Closed));
    }

    fn guild() -> Channels {
        let guild: Guild = serde_json::from_value(json!({
            "id": "1", "roles": [{"id": "1", "permissions": "1024"}, {"id": "2", "permissions": "0"}],
            "channels": [
                {"id": "10", "type": 0, "last_message_id": "99"},
                {"id": "11", "type": 0, "permission_overwrites": [{"id": "1", "allow": "0", "deny": "1024"}]},
                {"id": "12", "type": 0, "nsfw": true},
                {"id": "13", "type": 4},
                {"id": "15", "type": 15},
            ],
            "threads": [
                {"id": "20", "type": 11, "parent_id": "10"}, {"id": "21", "type": 12, "parent_id": "10"},
                {"id": "22", "type": 11, "parent_id": "11"}, {"id": "23", "type": 11, "parent_id": "12"},
                {"id": "24", "type": 11, "parent_id": "77"},
            ],
        }))
        .unwrap();
        let channels = Channels::default();
        channels.add_guild(&guild);
        channels
    }

    #[test]
    fn a_place_is_as_private_as_everyone_may_see_it() {
        let channels = guild();
        let privacy = |id| channels.place(id).unwrap().privacy;
        assert_eq!([10, 11, 12].map(privacy), [Privacy::Open, Privacy::Closed, Privacy::Open]);
        assert_eq!([20, 21, 22, 24].map(privacy), [Privacy::Open, Privacy::Closed, Privacy::Closed, Privacy::Closed]);
        assert!(channels.place(23).unwrap().is_adult && !channels.place(20).unwrap().is_adult);
        assert_eq!(channels.place(20).unwrap().parent.as_deref(), Some("10"));
        channels.add_direct(30);
        assert_eq!(privacy(30), Privacy::Direct);
        assert!(channels.place(13).is_none() && channels.place(99).is_none());
    }

    #[test]
    fn changes_are_followed() {
        let channels = guild();
        channels.add_role(1, &Role { id: 1, permissions: json!("0") });
        assert_eq!(channels.place(10).unwrap().privacy, Privacy::Closed);
        assert_eq!(channels.newer_than(1, 98), [10]);
        channels.note_message(11, 120);
        assert_eq!(channels.newer_than(1, 100), [11]);
        channels.remove_guild(1);
        assert!(channels.place(10).is_none() && channels.place(20).is_none());
    }
}
