//! Making the world: guilds, channels, people, rights.

use std::collections::BTreeMap;

use serde_json::json;

use crate::FakeDiscord;
use crate::gateway::{Audience, Intent};
use crate::permissions::{BOT, EVERYONE};
use crate::state::{Channel, Guild, Member, Overwrite, Role, User, World};
use crate::time::now;

/// What kind of channel a test wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Text,
    Voice,
    Announcement,
    Forum,
    Media,
}

/// Whom an overwrite concerns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    Bot,
    Everyone,
    User(u64),
    Role(u64),
}

impl World {
    fn add_role(&mut self, guild: u64, name: &str, permissions: u64, managed: bool) -> u64 {
        let id = self.id();
        let role = Role { id, name: name.to_owned(), permissions, mentionable: false, managed };
        if let Some(guild) = self.guilds.get_mut(&guild) {
            guild.roles.insert(id, role);
        }
        id
    }

    fn add_member(&mut self, guild: u64, user: u64) {
        let Some(found) = self.guilds.get_mut(&guild) else { return };
        found.members.insert(user, Member { roles: Vec::new(), nick: None, joined: now() });
        let mut view = self.member_with_user(guild, user);
        view["guild_id"] = json!(guild.to_string());
        self.emit("GUILD_MEMBER_ADD", Self::members_of(guild), &view);
    }

    fn members_of(guild: u64) -> Audience {
        Audience { guild: Some(guild), channel: None, intents: Intent::GUILD_MEMBERS }
    }

    /// Takes somebody out of a guild; whether they were there.
    pub(crate) fn remove_from(&mut self, guild: u64, user: u64) -> bool {
        let was_there = self.guilds.get_mut(&guild).is_some_and(|guild| guild.members.remove(&user).is_some());
        if was_there && user == self.bot {
            self.webhooks.retain(|_, webhook| webhook.guild != guild || webhook.creator != user);
            let audience = Audience { guild: Some(guild), channel: None, intents: Intent::GUILDS };
            self.emit("GUILD_DELETE", audience, &json!({"id": guild.to_string()}));
        } else if was_there {
            let event = json!({"guild_id": guild.to_string(), "user": self.user_view(user)});
            self.emit("GUILD_MEMBER_REMOVE", Self::members_of(guild), &event);
        }
        was_there
    }

    fn admit_bot(&mut self, guild: u64) {
        let bot = self.bot;
        let role = self.add_role(guild, "Greenroom", BOT, true);
        if let Some(found) = self.guilds.get_mut(&guild) {
            found.members.insert(bot, Member { roles: vec![role], nick: None, joined: now() });
        }
        self.emit_guild_create(guild);
    }

    fn emit_guild_create(&mut self, guild: u64) {
        for index in 0..self.sessions.len() {
            let session = &self.sessions[index];
            let is_its = session.shard == (guild >> 22) % session.shards && session.intents & Intent::GUILDS != 0;
            if let Some(found) = self.guilds.get(&guild).filter(|_| is_its) {
                let inside: Vec<&Channel> =
                    self.channels.values().filter(|channel| channel.guild == Some(guild)).collect();
                let view = self.guild_create(found, &inside, session.intents & Intent::GUILD_MEMBERS != 0);
                self.dispatch(index, "GUILD_CREATE", view);
            }
        }
    }

    fn emit_role(&mut self, guild: u64, role: u64, event: &str) {
        let view = self.guilds[&guild].role_view(role);
        let audience = Audience { guild: Some(guild), channel: None, intents: Intent::GUILDS };
        self.emit(event, audience, &json!({"guild_id": guild.to_string(), "role": view}));
    }

    fn overwrite(&mut self, channel: u64, who: Who, change: impl FnOnce(&mut Overwrite)) {
        let bot = self.bot;
        let found = self.channels.get_mut(&channel).expect("the channel of an overwrite exists");
        assert!(!found.is_thread(), "a thread has no overwrites; those of its parent count");
        let guild = found.guild.expect("a direct message has no overwrites");
        let (id, kind) = match who {
            Who::Bot => (bot, 1),
            Who::Everyone => (guild, 0),
            Who::User(user) => (user, 1),
            Who::Role(role) => (role, 0),
        };
        change(found.overwrites.entry(id).or_insert(Overwrite { kind, ..Default::default() }));
        self.emit_channel("CHANNEL_UPDATE", channel);
    }
}

impl FakeDiscord {
    /// A guild that the bot is in, with an owner, an `@everyone` role and the bot's own role.
    pub fn guild(&self, name: &str) -> u64 {
        let guild = self.guild_without_bot(name);
        self.add_bot_to(guild);
        guild
    }

    /// A guild that the bot has not been added to.
    pub fn guild_without_bot(&self, name: &str) -> u64 {
        self.shared().change(|world| {
            let (id, owner) = (world.guild_id(), world.user_id());
            world.users.insert(owner, User::new(owner, &format!("Owner of {name}"), false));
            let everyone =
                Role { id, name: "@everyone".to_owned(), permissions: EVERYONE, mentionable: false, managed: false };
            let member = Member { roles: Vec::new(), nick: None, joined: now() };
            world.guilds.insert(
                id,
                Guild {
                    id,
                    name: name.to_owned(),
                    owner,
                    locale: "en-US".to_owned(),
                    roles: BTreeMap::from([(id, everyone)]),
                    members: BTreeMap::from([(owner, member)]),
                    available: true,
                },
            );
            id
        })
    }

    /// The user who owns a guild and may do everything in it.
    ///
    /// # Panics
    /// When there is no such guild.
    pub fn owner(&self, guild: u64) -> u64 {
        self.shared().look(|world| world.guilds[&guild].owner)
    }

    /// A channel of a guild.
    pub fn channel(&self, guild: u64, name: &str, kind: Kind) -> u64 {
        let kind = match kind {
            Kind::Text => 0,
            Kind::Voice => 2,
            Kind::Announcement => 5,
            Kind::Forum => 15,
            Kind::Media => 16,
        };
        self.shared().change(|world| {
            let id = world.id();
            let channel = Channel { id, kind, guild: Some(guild), name: name.to_owned(), ..Default::default() };
            world.channels.insert(id, channel);
            world.emit_channel("CHANNEL_CREATE", id);
            id
        })
    }

    /// A public thread that the guild's owner begins.
    pub fn thread(&self, parent: u64, name: &str) -> u64 {
        self.shared().change(|world| {
            let kind = if world.channels[&parent].kind == 5 { 10 } else { 11 };
            let owner = world.owner_of(parent);
            world.add_thread(parent, name, kind, owner, None)
        })
    }

    /// A private thread that the guild's owner begins, with these members.
    pub fn private_thread(&self, parent: u64, name: &str, members: &[u64]) -> u64 {
        self.shared().change(|world| {
            let owner = world.owner_of(parent);
            let thread = world.add_thread(parent, name, 12, owner, None);
            world.channels.get_mut(&thread).expect("it was just made").members.extend(members);
            if members.contains(&world.bot) {
                world.emit_channel("THREAD_CREATE", thread);
            }
            thread
        })
    }

    /// Archives a thread, or locks it too.
    ///
    /// # Panics
    /// When there is no such thread.
    pub fn archive(&self, thread: u64, lock: bool) {
        self.shared().change(|world| {
            let found = world.channels.get_mut(&thread).expect("the thread exists");
            (found.archived, found.locked) = (true, lock);
            world.emit_channel("THREAD_UPDATE", thread);
        });
    }

    /// A person who is nowhere yet.
    pub fn user(&self, name: &str) -> u64 {
        self.add_user(name, false)
    }

    /// Another bot.
    pub fn other_bot(&self, name: &str) -> u64 {
        self.add_user(name, true)
    }

    fn add_user(&self, name: &str, is_bot: bool) -> u64 {
        self.shared().change(|world| {
            let id = world.user_id();
            world.users.insert(id, User::new(id, name, is_bot));
            id
        })
    }

    /// A user installs the application for themselves: its commands go where they go.
    pub fn installs(&self, user: u64) {
        self.shared().change(|world| _ = world.installed_by.insert(user));
    }

    pub fn join(&self, guild: u64, user: u64) {
        self.shared().change(|world| world.add_member(guild, user));
    }

    pub fn leave(&self, guild: u64, user: u64) {
        self.shared().change(|world| world.remove_from(guild, user));
    }

    /// The direct messages between a user and the bot.
    pub fn dm(&self, user: u64) -> u64 {
        self.shared().quietly(|world| world.direct_with(user))
    }

    /// From now on the user takes no direct messages: 50007.
    pub fn closes_dms(&self, user: u64) {
        self.shared().change(|world| {
            if let Some(user) = world.users.get_mut(&user) {
                user.takes_messages = false;
            }
        });
    }

    /// Denies rights in a channel.
    pub fn deny(&self, channel: u64, who: Who, permissions: u64) {
        self.shared().change(|world| {
            world.overwrite(channel, who, |overwrite| {
                overwrite.deny |= permissions;
                overwrite.allow &= !permissions;
            });
        });
    }

    /// Allows rights in a channel.
    pub fn allow(&self, channel: u64, who: Who, permissions: u64) {
        self.shared().change(|world| {
            world.overwrite(channel, who, |overwrite| {
                overwrite.allow |= permissions;
                overwrite.deny &= !permissions;
            });
        });
    }

    pub fn role(&self, guild: u64, name: &str, permissions: u64) -> u64 {
        self.shared().change(|world| {
            let role = world.add_role(guild, name, permissions, false);
            world.emit_role(guild, role, "GUILD_ROLE_CREATE");
            role
        })
    }

    pub fn give_role(&self, guild: u64, user: u64, role: u64) {
        self.shared().change(|world| {
            let member = world.guilds.get_mut(&guild).and_then(|guild| guild.members.get_mut(&user));
            member.expect("the user is a member").roles.push(role);
            let mut view = world.member_with_user(guild, user);
            view["guild_id"] = json!(guild.to_string());
            // The bot learns of its own roles even without the intent for members.
            let intents = if user == world.bot { 0 } else { Intent::GUILD_MEMBERS };
            world.emit("GUILD_MEMBER_UPDATE", Audience { guild: Some(guild), channel: None, intents }, &view);
        });
    }

    /// Whether everybody may ping the role; nobody may at first.
    pub fn set_mentionable(&self, guild: u64, role: u64, mentionable: bool) {
        self.shared().change(|world| {
            let found = world.guilds.get_mut(&guild).and_then(|guild| guild.roles.get_mut(&role));
            found.expect("the role exists").mentionable = mentionable;
            world.emit_role(guild, role, "GUILD_ROLE_UPDATE");
        });
    }

    /// Rights of the bot's own role from now on.
    pub fn bot_permissions(&self, guild: u64, permissions: u64) {
        self.shared().change(|world| {
            let Some(found) = world.guilds.get_mut(&guild) else { return };
            let Some(role) = found.roles.values_mut().find(|role| role.managed) else { return };
            role.permissions = permissions;
            let id = role.id;
            world.emit_role(guild, id, "GUILD_ROLE_UPDATE");
        });
    }

    pub fn set_age_restricted(&self, channel: u64, restricted: bool) {
        self.shared().change(|world| {
            if let Some(channel) = world.channels.get_mut(&channel) {
                channel.nsfw = restricted;
            }
            world.emit_channel("CHANNEL_UPDATE", channel);
        });
    }

    /// Deletes a channel or thread and all in it.
    pub fn delete_channel(&self, channel: u64) {
        self.shared().change(|world| world.remove_channel(channel));
    }

    /// Somebody deletes every webhook of a channel.
    pub fn delete_webhooks(&self, channel: u64) {
        self.shared().change(|world| {
            world.webhooks.retain(|_, webhook| webhook.channel != channel);
            world.emit_webhooks(channel);
        });
    }

    /// A webhook that the bot did not make; `application`: the one that did, none for a person.
    pub fn webhook(&self, channel: u64, name: &str, application: Option<u64>) -> u64 {
        self.shared().change(|world| {
            let creator = world.owner_of(channel);
            world.add_webhook(channel, name, application, creator)
        })
    }

    pub fn remove_bot(&self, guild: u64) {
        self.shared().change(|world| world.remove_from(guild, world.bot));
    }

    pub fn add_bot_to(&self, guild: u64) {
        self.shared().change(|world| world.admit_bot(guild));
    }

    /// The guild has an outage.
    pub fn unavailable(&self, guild: u64) {
        self.shared().change(|world| {
            let audience = Audience { guild: Some(guild), channel: None, intents: Intent::GUILDS };
            world.emit("GUILD_DELETE", audience, &json!({"id": guild.to_string(), "unavailable": true}));
            if let Some(guild) = world.guilds.get_mut(&guild) {
                guild.available = false;
            }
        });
    }

    /// The outage is over.
    pub fn available(&self, guild: u64) {
        self.shared().change(|world| {
            if let Some(guild) = world.guilds.get_mut(&guild) {
                guild.available = true;
            }
            world.emit_guild_create(guild);
        });
    }

    /// The language a user has Discord in: `de`, `pt-BR`.
    pub fn user_locale(&self, user: u64, locale: &str) {
        self.shared().change(|world| {
            if let Some(user) = world.users.get_mut(&user) {
                user.locale = locale.to_owned();
            }
        });
    }

    /// The language of a guild.
    pub fn guild_locale(&self, guild: u64, locale: &str) {
        self.shared().change(|world| {
            if let Some(guild) = world.guilds.get_mut(&guild) {
                guild.locale = locale.to_owned();
            }
        });
    }
}

impl World {
    /// The owner of the guild that a channel is in.
    pub(crate) fn owner_of(&self, channel: u64) -> u64 {
        let guild = self.channels.get(&channel).and_then(|channel| channel.guild).expect("a channel of a guild");
        self.guilds[&guild].owner
    }
}
