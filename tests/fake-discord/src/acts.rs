//! What people do with commands, buttons and modals.

use std::time::Duration;

use serde_json::{Map, Value, json};

use crate::gateway::Audience;
use crate::interaction::Interaction;
use crate::options::{Filled, fill};
use crate::permissions::{ALL, USE_APPLICATION_COMMANDS, VIEW_CHANNEL};
use crate::play::Play;
use crate::request::id_of;
use crate::rules::components::flatten;
use crate::standstill::Since;
use crate::state::World;
use crate::{FakeDiscord, File};

/// Largest upload in an interaction, in bytes.
const UPLOAD_LIMIT: u64 = 10 * 1024 * 1024;

/// What a person does, before Discord makes an interaction of it.
pub(crate) struct Act {
    pub user: u64,
    pub channel: u64,
    pub kind: u8,
    pub title: String,
    pub data: Value,
    /// The message that a component or modal belongs to.
    pub target: Option<u64>,
    pub completes: u64,
}

impl World {
    /// Sends the interaction to the bot; returns its id.
    pub(crate) fn begin(&mut self, act: Act) -> u64 {
        let (id, token) = (self.id(), self.secret(120));
        let found = self.channels.get(&act.channel).expect("the channel of an interaction exists").clone();
        let user = self.users.get(&act.user).expect("the user exists").clone();
        let rights = self.permissions(&found, act.user);
        assert!(rights & VIEW_CHANNEL != 0, "{} does not see {}", user.name, found.name);
        let mut channel = self.channel_view(&found);
        channel["permissions"] = json!(rights.to_string());
        let mut payload = json!({
            "id": id.to_string(), "application_id": self.application.to_string(), "type": act.kind, "data": act.data,
            "token": token, "version": 1, "locale": user.locale, "entitlements": [], "entitlement_sku_ids": [],
            "channel": channel, "channel_id": found.id.to_string(), "attachment_size_limit": UPLOAD_LIMIT,
            "app_permissions": self.permissions(&found, self.bot).to_string(),
        });
        if let Some(guild) = found.guild {
            let mut member = self.member_with_user(guild, act.user);
            assert!(member.is_object() && member["roles"].is_array(), "{} is not in the guild", user.name);
            member["permissions"] = json!(rights.to_string());
            let locale = &self.guilds[&guild].locale;
            payload["member"] = member;
            payload["guild_id"] = json!(guild.to_string());
            payload["guild_locale"] = json!(locale);
            payload["guild"] = json!({"id": guild.to_string(), "locale": locale, "features": []});
            payload["context"] = json!(0);
            // Where the bot is no member, it was called by somebody who brought it along.
            payload["authorizing_integration_owners"] = if self.guilds[&guild].members.contains_key(&self.bot) {
                json!({"0": guild.to_string()})
            } else {
                json!({"1": act.user.to_string()})
            };
        } else {
            payload["user"] = user.view();
            payload["context"] = json!(1);
            payload["authorizing_integration_owners"] = json!({"0": "0"});
        }
        if let Some(target) = act.target.filter(|_| act.kind != 2) {
            let mut message = self.message_view(target);
            message.as_object_mut().map(|fields| fields.remove("nonce"));
            payload["message"] = message;
        }
        let play = Play {
            id,
            token,
            kind: act.kind,
            title: act.title,
            user: act.user,
            channel: act.channel,
            began: Since::now(),
            aged: Duration::ZERO,
            callback: None,
            original: None,
            is_loading: false,
            is_answered: false,
            followups: Vec::new(),
            target: act.target,
            completes: act.completes,
            is_missed: false,
        };
        self.plays.insert(id, play);
        let guild = found.guild.filter(|guild| self.guilds[guild].members.contains_key(&self.bot));
        self.emit("INTERACTION_CREATE", Audience { guild, ..Default::default() }, &payload);
        id
    }

    /// The registered command of this name that the user can use in the channel.
    fn command(&self, user: u64, channel: u64, kind: u64, name: &str) -> &Value {
        let found = self.channels.get(&channel).expect("the channel of an interaction exists");
        let same = |command: &&Value| command["name"] == name && command["type"].as_u64().unwrap_or(1) == kind;
        let here = |command: &&Value| id_of(&command["guild_id"]) == found.guild && found.guild.is_some();
        let of_guild = self.commands.iter().filter(here).find(same);
        let of_all = self.commands.iter().filter(|command| command["guild_id"].is_null()).find(same);
        let command = of_guild.or(of_all).unwrap_or_else(|| {
            let known: Vec<&str> = self.commands.iter().filter_map(|command| command["name"].as_str()).collect();
            panic!("no command {name:?} of type {kind} is registered here; there are {known:?}")
        });
        let context = u64::from(found.guild.is_none());
        if let Some(contexts) = command["contexts"].as_array() {
            assert!(contexts.iter().any(|known| *known == context), "the command {name:?} cannot be used here");
        }
        if let Some(guild) = found.guild {
            let is_member = self.guilds[&guild].members.contains_key(&self.bot);
            let is_own = command["integration_types"].as_array().is_some_and(|types| types.contains(&json!(1)));
            let brings = is_own && self.installed_by.contains(&user);
            assert!(is_member || brings, "the bot is not in the guild, so nobody sees the command {name:?}");
            let rights = self.permissions(found, user);
            let may = rights & USE_APPLICATION_COMMANDS != 0;
            assert!(may, "the user may not use commands in {}", found.name);
            let needed: u64 =
                command["default_member_permissions"].as_str().and_then(|bits| bits.parse().ok()).unwrap_or(0);
            let is_admin = command["default_member_permissions"] != "0" || self.guild_permissions(guild, user) == ALL;
            assert!(rights & needed == needed && is_admin, "the user does not see the command {name:?}: {needed:#x}");
        }
        let is_adult = command["nsfw"] == true;
        assert!(!is_adult || found.nsfw || found.guild.is_none(), "{name:?} is for age-restricted channels");
        command
    }

    /// `data` of a command: `path` is `name`, `name sub` or `name group sub`.
    fn command_data(&self, user: u64, channel: u64, path: &str, fill: &dyn Fn(&Value) -> Filled) -> (Value, Filled) {
        let mut words = path.split(' ');
        let name = words.next().unwrap_or_default();
        let command = self.command(user, channel, 1, name);
        let words: Vec<&str> = words.collect();
        let mut branch = command;
        let mut kinds = Vec::new();
        for &word in &words {
            let inside = branch["options"].as_array().map(Vec::as_slice).unwrap_or_default();
            let next =
                inside.iter().find(|option| option["name"] == word && matches!(option["type"].as_u64(), Some(1 | 2)));
            branch = next.unwrap_or_else(|| panic!("/{path}: there is no subcommand {word:?}"));
            kinds.push(branch["type"].clone());
        }
        let has_branches = branch["options"]
            .as_array()
            .is_some_and(|options| options.iter().any(|option| matches!(option["type"].as_u64(), Some(1 | 2))));
        assert!(!has_branches, "/{path}: a subcommand is missing");
        let filled = fill(branch);
        let mut options = filled.options.clone();
        for (word, kind) in words.iter().zip(kinds).rev() {
            options = vec![json!({"name": word, "type": kind, "options": options})];
        }
        let mut data = json!({"id": command["id"], "name": name, "type": 1});
        if !options.is_empty() {
            data["options"] = json!(options);
        }
        if !command["guild_id"].is_null() {
            data["guild_id"] = command["guild_id"].clone();
        }
        if !filled.resolved.is_empty() {
            data["resolved"] = json!(filled.resolved);
        }
        (data, filled)
    }

    /// The message and the component of it that a user can use.
    fn component(&self, user: u64, message: u64, custom_id: &str) -> (u64, Value) {
        let stored = self.messages.get(&message).unwrap_or_else(|| panic!("the message {message} is gone"));
        let is_seen = stored.ephemeral_to.is_none_or(|only| only == user);
        assert!(is_seen, "the message {message} is seen by another user only");
        let parts = flatten(&stored.value["components"]);
        let found = parts.iter().find(|part| part["custom_id"] == custom_id).unwrap_or_else(|| {
            let known: Vec<&str> = parts.iter().filter_map(|part| part["custom_id"].as_str()).collect();
            panic!("the message has no component {custom_id:?}; it has {known:?}")
        });
        assert!(found["disabled"] != true, "the component {custom_id:?} is disabled");
        let is_own = id_of(&stored.value["application_id"]) == Some(self.application);
        assert!(is_own || id_of(&stored.value["author"]["id"]) == Some(self.bot), "the message is not the bot's");
        (id_of(&stored.value["channel_id"]).unwrap_or(0), (*found).clone())
    }
}

impl FakeDiscord {
    fn act(&self, make: impl FnOnce(&mut World) -> Act) -> Interaction {
        let id = self.shared().change(|world| {
            let act = make(world);
            world.begin(act)
        });
        Interaction::new(self.clone(), id)
    }

    /// Somebody uses a command: `name`, `name sub` or `name group sub`. Users, channels and roles are ids, files those
    /// of [`FakeDiscord::upload`].
    ///
    /// # Panics
    /// When nobody could: the command is not registered or not for them, an option is unknown, missing or wrong.
    pub fn slash(&self, user: u64, channel: u64, path: &str, options: &[(&str, Value)]) -> Interaction {
        self.act(|world| {
            let (data, _) =
                world.command_data(user, channel, path, &|branch| fill(world, channel, path, branch, options, None));
            Act { user, channel, kind: 2, title: format!("/{path}"), data, target: None, completes: 0 }
        })
    }

    /// What the bot offers for an option that somebody is typing: names and values.
    ///
    /// # Panics
    /// When nobody could do that, or when no choices came within three seconds.
    pub async fn completes(
        &self,
        user: u64,
        channel: u64,
        path: &str,
        option: &str,
        partial: &str,
        others: &[(&str, Value)],
    ) -> Vec<(String, String)> {
        let typing = Some((option, partial));
        let interaction = self.act(|world| {
            let (data, filled) =
                world.command_data(user, channel, path, &|branch| fill(world, channel, path, branch, others, typing));
            Act { user, channel, kind: 4, title: format!("/{path}"), data, target: None, completes: filled.focused }
        });
        interaction.choices().await
    }

    /// Somebody uses a command of a message's menu.
    ///
    /// # Panics
    /// When nobody could.
    pub fn context_menu(&self, user: u64, channel: u64, name: &str, message: u64) -> Interaction {
        self.act(|world| {
            let command = world.command(user, channel, 3, name);
            let mut data = json!({
                "id": command["id"], "name": name, "type": 3, "target_id": message.to_string(),
                "resolved": {"messages": {message.to_string(): world.message_view(message)}},
            });
            if !command["guild_id"].is_null() {
                data["guild_id"] = command["guild_id"].clone();
            }
            let stored = world.messages.get(&message).expect("the message exists");
            assert!(stored.value["channel_id"] == *channel.to_string(), "the message is in another channel");
            Act { user, channel, kind: 2, title: name.to_owned(), data, target: None, completes: 0 }
        })
    }

    /// Somebody uses a command of a user's menu.
    ///
    /// # Panics
    /// When nobody could.
    pub fn user_menu(&self, user: u64, channel: u64, name: &str, target: u64) -> Interaction {
        self.act(|world| {
            let command = world.command(user, channel, 2, name);
            let resolved = json!({"users": {target.to_string(): world.user_view(target)}});
            let id = command["id"].clone();
            let data =
                json!({"id": id, "name": name, "type": 2, "target_id": target.to_string(), "resolved": resolved});
            Act { user, channel, kind: 2, title: name.to_owned(), data, target: None, completes: 0 }
        })
    }

    /// Somebody presses a button.
    ///
    /// # Panics
    /// When they do not see it or it is disabled.
    pub fn click(&self, user: u64, message: u64, custom_id: &str) -> Interaction {
        self.use_component(user, message, custom_id, None)
    }

    /// Somebody chooses from a menu.
    ///
    /// # Panics
    /// When they do not see it, it is disabled, or has no such values.
    pub fn click_select(&self, user: u64, message: u64, custom_id: &str, values: &[&str]) -> Interaction {
        self.use_component(user, message, custom_id, Some(values))
    }

    fn use_component(&self, user: u64, message: u64, custom_id: &str, values: Option<&[&str]>) -> Interaction {
        self.act(|world| {
            let (channel, component) = world.component(user, message, custom_id);
            let kind = component["type"].as_u64().unwrap_or(0);
            let mut data = json!({"component_type": kind, "custom_id": custom_id, "id": component["id"]});
            match values {
                None => assert!(kind == 2, "{custom_id:?} is a menu: use click_select"),
                Some(values) => {
                    assert!(kind != 2, "{custom_id:?} is a button: use click");
                    let (least, most) =
                        (component["min_values"].as_u64().unwrap_or(1), component["max_values"].as_u64().unwrap_or(1));
                    let count = u64::try_from(values.len()).unwrap_or(0);
                    assert!((least..=most).contains(&count), "{custom_id:?} takes {least} to {most} values");
                    if kind == 3 {
                        let options = component["options"].as_array().map(Vec::as_slice).unwrap_or_default();
                        let has = |value: &&str| options.iter().any(|option| option["value"] == **value);
                        assert!(values.iter().all(has), "{custom_id:?} has not all of {values:?}");
                    }
                    data["values"] = json!(values);
                    let guild = world.channels.get(&channel).and_then(|channel| channel.guild);
                    let resolved = crate::options::resolve_all(world, guild, values);
                    if kind != 3 {
                        data["resolved"] = json!(resolved);
                    }
                }
            }
            let title = format!("component {custom_id}");
            Act { user, channel, kind: 3, title, data, target: Some(message), completes: 0 }
        })
    }

    /// Somebody fills in the modal that an interaction opened and sends it.
    ///
    /// # Panics
    /// When nobody could: there is no modal, a field is unknown, missing, too short or too long.
    pub fn submit(&self, user: u64, opened_by: &Interaction, values: &[(&str, &str)]) -> Interaction {
        let values: Vec<(&str, Value)> = values.iter().map(|(name, value)| (*name, json!(value))).collect();
        self.submit_values(user, opened_by, &values)
    }

    /// As [`FakeDiscord::submit`], with lists for menus and files, and `true` or `false` for checkboxes.
    ///
    /// # Panics
    /// As [`FakeDiscord::submit`].
    pub fn submit_values(&self, user: u64, opened_by: &Interaction, values: &[(&str, Value)]) -> Interaction {
        self.act(|world| {
            let play = &world.plays[&opened_by.id()];
            let (kind, title) = (play.callback_type(), play.title.clone());
            assert!(kind == Some(9), "{title} opened no modal; its answer was of type {kind:?}");
            assert!(play.user == user, "the modal is on another user's screen");
            let (_, callback) = play.callback.clone().expect("it was just looked at");
            let (channel, target) = (play.channel, play.target);
            let modal = &callback["data"];
            let (components, resolved) = crate::modal::filled(world, channel, modal, values);
            let mut data = json!({"custom_id": modal["custom_id"], "components": components});
            if !resolved.is_empty() {
                data["resolved"] = json!(resolved);
            }
            let title = format!("modal {}", modal["custom_id"].as_str().unwrap_or_default());
            Act { user, channel, kind: 5, title, data, target, completes: 0 }
        })
    }

    /// A file that somebody attaches to a command or modal; the value of its option.
    pub fn upload(&self, channel: u64, file: &File) -> Value {
        self.shared().change(|world| {
            let shown = world.keep_file(channel, file, &Value::Null, true);
            let id = shown["id"].clone();
            world.uploads.insert(id_of(&id).unwrap_or(0), shown);
            id
        })
    }
}

/// Things that ids stand for, by kind and id.
pub(crate) type Resolved = Map<String, Value>;
