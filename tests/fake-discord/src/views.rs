//! Things as Discord shows them.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::state::{Channel, Guild, Role, User, Webhook, World};
use crate::time::{iso, made_at};

impl User {
    pub fn view(&self) -> Value {
        json!({
            "id": self.id.to_string(), "username": self.name.to_lowercase().replace(' ', "_"), "global_name": self.name,
            "discriminator": "0", "avatar": null, "bot": self.is_bot, "system": false, "public_flags": 0, "flags": 0,
            "banner": null, "accent_color": null, "avatar_decoration_data": null, "collectibles": null,
            "primary_guild": null, "clan": null, "display_name_styles": null,
        })
    }
}

impl Role {
    fn view(&self, guild: u64, position: usize) -> Value {
        json!({
            "id": self.id.to_string(), "name": if self.id == guild { "@everyone" } else { &self.name },
            "permissions": self.permissions.to_string(), "position": position, "color": 0,
            "colors": {"primary_color": 0, "secondary_color": null, "tertiary_color": null}, "hoist": false,
            "managed": self.managed, "mentionable": self.mentionable, "icon": null, "unicode_emoji": null, "flags": 0,
            "description": null,
        })
    }
}

impl Guild {
    pub fn role_views(&self) -> Vec<Value> {
        self.roles.values().enumerate().map(|(position, role)| role.view(self.id, position)).collect()
    }

    pub fn role_view(&self, role: u64) -> Value {
        let found = self.roles.values().enumerate().find(|(_, known)| known.id == role);
        found.map_or(Value::Null, |(position, role)| role.view(self.id, position))
    }
}

impl Webhook {
    /// `sees_token`: whether the application that asks may execute it.
    pub fn view(&self, creator: Option<Value>, sees_token: bool) -> Value {
        let mut view = json!({
            "id": self.id.to_string(), "type": 1, "name": self.name, "avatar": self.avatar,
            "channel_id": self.channel.to_string(), "guild_id": self.guild.to_string(),
            "application_id": self.application.map(|id| id.to_string()),
        });
        if let Some(creator) = creator {
            view["user"] = creator;
        }
        if sees_token {
            view["token"] = json!(self.token);
            view["url"] = json!(format!("https://discord.com/api/webhooks/{}/{}", self.id, self.token));
        }
        view
    }
}

impl World {
    /// `Null` for nobody.
    pub fn user_view(&self, id: u64) -> Value {
        self.users.get(&id).map_or(Value::Null, User::view)
    }

    /// The bot as it sees itself.
    pub fn own_view(&self) -> Value {
        let mut view = self.user_view(self.bot);
        for (name, value) in [("mfa_enabled", json!(true)), ("verified", json!(true)), ("email", Value::Null)] {
            view[name] = value;
        }
        view["locale"] = json!("en-US");
        view
    }

    /// The member without its user; `Null` for a stranger.
    pub fn member_view(&self, guild: u64, user: u64) -> Value {
        let Some(member) = self.guilds.get(&guild).and_then(|guild| guild.members.get(&user)) else {
            return Value::Null;
        };
        json!({
            "roles": member.roles.iter().map(u64::to_string).collect::<Vec<_>>(), "nick": member.nick,
            "joined_at": iso(member.joined), "premium_since": null, "avatar": null, "banner": null, "deaf": false,
            "mute": false, "flags": 0, "pending": false, "communication_disabled_until": null,
            "avatar_decoration_data": null, "collectibles": null, "display_name_styles": null, "bio": "",
        })
    }

    pub fn member_with_user(&self, guild: u64, user: u64) -> Value {
        let mut view = self.member_view(guild, user);
        view["user"] = self.user_view(user);
        view
    }

    pub fn channel_view(&self, channel: &Channel) -> Value {
        let mut view = json!({
            "id": channel.id.to_string(), "type": channel.kind, "flags": 0,
            "last_message_id": channel.last_message.map(|id| id.to_string()),
        });
        if let Some(recipient) = channel.recipient {
            view["recipients"] = json!([self.user_view(recipient)]);
            return view;
        }
        let id_or_null = |id: Option<u64>| json!(id.map(|id| id.to_string()));
        view["guild_id"] = id_or_null(channel.guild);
        view["name"] = json!(channel.name);
        view["parent_id"] = id_or_null(channel.parent);
        view["rate_limit_per_user"] = json!(0);
        if channel.is_thread() {
            self.add_thread_fields(channel, &mut view);
            return view;
        }
        view["topic"] = json!(channel.topic);
        view["nsfw"] = json!(channel.nsfw);
        view["position"] = json!(0);
        let overwrites = channel.overwrites.iter().map(|(id, overwrite)| {
            let (allow, deny) = (overwrite.allow.to_string(), overwrite.deny.to_string());
            json!({"id": id.to_string(), "type": overwrite.kind, "allow": allow, "deny": deny})
        });
        view["permission_overwrites"] = overwrites.collect();
        if channel.is_forum() {
            view["available_tags"] = json!([]);
            view["default_reaction_emoji"] = Value::Null;
            view["default_sort_order"] = Value::Null;
            view["default_forum_layout"] = json!(0);
        }
        if channel.kind == 2 {
            view["bitrate"] = json!(64_000);
            view["user_limit"] = json!(0);
            view["rtc_region"] = Value::Null;
        }
        view
    }

    fn add_thread_fields(&self, channel: &Channel, view: &mut Value) {
        let began = iso(made_at(channel.id));
        view["owner_id"] = json!(channel.owner.map(|id| id.to_string()));
        view["message_count"] = json!(channel.messages);
        view["total_message_sent"] = json!(channel.messages);
        view["member_count"] = json!(channel.members.len().min(50));
        view["thread_metadata"] = json!({
            "archived": channel.archived, "locked": channel.locked, "auto_archive_duration": 4_320,
            "archive_timestamp": began, "create_timestamp": began,
        });
        if channel.kind == 12 {
            view["thread_metadata"]["invitable"] = json!(true);
        }
        if channel.parent.and_then(|id| self.channels.get(&id)).is_some_and(Channel::is_forum) {
            view["applied_tags"] = json!(channel.applied_tags.iter().map(u64::to_string).collect::<Vec<_>>());
        }
        if channel.members.contains(&self.bot) {
            view["member"] = json!({
                "id": channel.id.to_string(), "user_id": self.bot.to_string(), "join_timestamp": began, "flags": 1,
            });
        }
    }

    /// The guild as GET shows it.
    pub fn guild_view(&self, guild: &Guild) -> Value {
        json!({
            "id": guild.id.to_string(), "name": guild.name, "icon": null, "splash": null, "discovery_splash": null,
            "owner_id": guild.owner.to_string(), "afk_channel_id": null, "afk_timeout": 300, "widget_enabled": false,
            "widget_channel_id": null, "verification_level": 0, "default_message_notifications": 0,
            "explicit_content_filter": 0, "roles": guild.role_views(), "emojis": [], "stickers": [], "features": [],
            "mfa_level": 0, "application_id": null, "system_channel_id": null, "system_channel_flags": 0,
            "rules_channel_id": null, "max_presences": null, "max_members": 500_000, "vanity_url_code": null,
            "description": null, "banner": null, "premium_tier": 0, "premium_subscription_count": 0,
            "preferred_locale": guild.locale, "public_updates_channel_id": null, "nsfw_level": 0,
            "premium_progress_bar_enabled": false, "safety_alerts_channel_id": null, "max_video_channel_users": 25,
            "max_stage_video_channel_users": 50, "region": "deprecated", "home_header": null, "hub_type": null,
            "incidents_data": null, "inventory_settings": null, "latest_onboarding_question_id": null,
        })
    }

    /// The channels and threads of every guild.
    pub fn inside(&self) -> BTreeMap<u64, Vec<&Channel>> {
        let mut inside = BTreeMap::<u64, Vec<&Channel>>::new();
        for channel in self.channels.values() {
            if let Some(guild) = channel.guild {
                inside.entry(guild).or_default().push(channel);
            }
        }
        inside
    }

    /// The guild with the channels `inside` it, as GUILD_CREATE shows it; `all_members`: whether the session may know them.
    pub fn guild_create(&self, guild: &Guild, inside: &[&Channel], all_members: bool) -> Value {
        let mut view = self.guild_view(guild);
        let inside = || inside.iter().copied();
        let channels = inside().filter(|channel| !channel.is_thread()).map(|channel| {
            let mut view = self.channel_view(channel);
            // Channels within GUILD_CREATE do not repeat their guild.
            view.as_object_mut().map(|view| view.remove("guild_id"));
            view
        });
        view["channels"] = channels.collect();
        let threads = inside().filter(|channel| channel.is_thread() && !channel.archived && self.bot_sees(channel));
        view["threads"] = threads.map(|thread| self.channel_view(thread)).collect();
        let members = guild.members.keys().filter(|&&user| all_members || user == self.bot);
        view["members"] = members.map(|&user| self.member_with_user(guild.id, user)).collect();
        view["member_count"] = json!(guild.members.len());
        view["joined_at"] = json!(guild.members.get(&self.bot).map(|member| iso(member.joined)));
        view["large"] = json!(false);
        view["unavailable"] = json!(false);
        view["lazy"] = json!(true);
        view["version"] = json!(1);
        for name in ["presences", "voice_states", "stage_instances", "guild_scheduled_events", "soundboard_sounds"] {
            view[name] = json!([]);
        }
        view
    }

    pub fn application_view(&self) -> Value {
        json!({
            "id": self.application.to_string(), "name": "Greenroom", "icon": null, "description": "", "type": null,
            "summary": "", "bot_public": true, "bot_require_code_grant": false, "verify_key": "0".repeat(64),
            "flags": self.gate.application_flags(), "owner": self.user_view(self.developer), "team": null, "hook": true,
            "redirect_uris": [], "interactions_endpoint_url": null, "role_connections_verification_url": null,
            "bot": self.user_view(self.bot), "integration_types_config": {"0": {}}, "is_monetized": false,
            "approximate_guild_count": self.guilds.len(), "approximate_user_install_count": 0, "rpc_origins": [],
            "event_webhooks_url": null, "event_webhooks_status": 1, "approximate_user_authorization_count": 0,
        })
    }
}
