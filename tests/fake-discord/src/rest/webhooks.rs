//! Webhooks as things: made, listed, changed, deleted.

use serde_json::{Value, json};

use super::no_route;
use crate::gateway::{Audience, Intent};
use crate::permissions::MANAGE_WEBHOOKS;
use crate::refusal::{Answer, Refusal, Reply};
use crate::request::{Call, id_of};
use crate::rules;
use crate::state::{Webhook, World};

/// Webhooks of one channel.
const MOST_IN_CHANNEL: usize = 15;

impl World {
    pub(super) fn webhook(&mut self, call: &Call, webhook: u64, rest: &[&str]) -> Answer {
        let method = call.method.as_str();
        if webhook == self.application
            && let [token, rest @ ..] = rest
        {
            return self.followup(call, token, rest);
        }
        let found = self.webhooks.get(&webhook).cloned().ok_or_else(Refusal::unknown_webhook)?;
        match (method, rest) {
            ("GET", []) => {
                self.manage(found.channel)?;
                Reply::ok(self.webhook_view(&found))
            }
            ("PATCH", []) => {
                self.manage(found.channel)?;
                self.edit_webhook(call, webhook, &["name", "avatar", "channel_id"])
            }
            ("DELETE", []) => {
                self.manage(found.channel)?;
                self.remove_webhook(webhook);
                Reply::empty()
            }
            (_, [token, ..]) if *token != found.token => Err(Refusal::new(401, 50027, "Invalid Webhook Token")),
            ("GET", [_]) => Reply::ok(found.view(None, true)),
            ("PATCH", [_]) => self.edit_webhook(call, webhook, &["name", "avatar"]),
            ("DELETE", [_]) => {
                self.remove_webhook(webhook);
                Reply::empty()
            }
            ("POST", [_]) => self.execute(call, &found),
            (_, [_, "messages", message]) => self.executed(call, &found, message),
            _ => Err(no_route()),
        }
    }

    /// The right to manage webhooks where they are.
    fn manage(&self, channel: u64) -> rules::Check {
        self.require(self.seen(channel)?, MANAGE_WEBHOOKS, "MANAGE_WEBHOOKS")
    }

    /// Tokens of webhooks that another application made are not shown.
    fn webhook_view(&self, webhook: &Webhook) -> Value {
        let sees_token = webhook.application.is_none_or(|application| application == self.application);
        webhook.view(Some(self.user_view(webhook.creator)), sees_token)
    }

    pub(super) fn create_webhook(&mut self, call: &Call, channel: u64) -> Answer {
        rules::only(&call.body, "", &["name", "avatar"])?;
        let found = self.seen(channel)?.clone();
        self.require(&found, MANAGE_WEBHOOKS, "MANAGE_WEBHOOKS")?;
        if found.is_thread() || found.guild.is_none() {
            let refusal = Refusal::new(400, 50024, "Cannot execute action on this channel type");
            return Err(refusal.hint("webhooks belong to the parent channel"));
        }
        let name = rules::text(&call.body, "", "name")?.ok_or_else(|| Refusal::required("name"))?;
        rules::names::webhook(name, "name")?;
        rules::names::picture(&call.body["avatar"], "avatar")?;
        if self.webhooks.values().filter(|webhook| webhook.channel == channel).count() >= MOST_IN_CHANNEL {
            return Err(Refusal::new(400, 30007, "Maximum number of webhooks reached (15)"));
        }
        let (application, bot) = (self.application, self.bot);
        let id = self.add_webhook(channel, name.trim(), Some(application), bot);
        if call.body["avatar"].is_string() {
            let hash = format!("{id:032x}");
            if let Some(webhook) = self.webhooks.get_mut(&id) {
                webhook.avatar = Some(hash);
            }
        }
        Reply::ok(self.webhook_view(&self.webhooks[&id]))
    }

    /// Makes a webhook and tells that those of the channel changed.
    pub(crate) fn add_webhook(&mut self, channel: u64, name: &str, application: Option<u64>, creator: u64) -> u64 {
        let (id, token) = (self.id(), self.secret(68));
        let guild = self.channels.get(&channel).and_then(|channel| channel.guild).unwrap_or(0);
        let name = name.to_owned();
        self.webhooks.insert(id, Webhook { id, token, channel, guild, name, avatar: None, application, creator });
        self.emit_webhooks(channel);
        id
    }

    pub(crate) fn remove_webhook(&mut self, webhook: u64) {
        if let Some(webhook) = self.webhooks.remove(&webhook) {
            self.emit_webhooks(webhook.channel);
        }
    }

    pub(crate) fn emit_webhooks(&mut self, channel: u64) {
        let Some(guild) = self.channels.get(&channel).and_then(|channel| channel.guild) else { return };
        let audience = Audience { guild: Some(guild), channel: Some(channel), intents: Intent::GUILD_WEBHOOKS };
        let event = json!({"guild_id": guild.to_string(), "channel_id": channel.to_string()});
        self.emit("WEBHOOKS_UPDATE", audience, &event);
    }

    fn edit_webhook(&mut self, call: &Call, id: u64, known: &[&str]) -> Answer {
        rules::only(&call.body, "", known)?;
        let name = rules::text(&call.body, "", "name")?;
        if let Some(name) = name {
            rules::names::webhook(name, "name")?;
        }
        rules::names::picture(&call.body["avatar"], "avatar")?;
        let moved_to = id_of(&call.body["channel_id"]);
        if let Some(channel) = moved_to {
            self.manage(channel)?;
            if self.webhooks.values().filter(|webhook| webhook.channel == channel).count() >= MOST_IN_CHANNEL {
                return Err(Refusal::new(400, 30007, "Maximum number of webhooks reached (15)"));
            }
        }
        let fresh = self.id();
        let Some(webhook) = self.webhooks.get_mut(&id) else { return Err(Refusal::unknown_webhook()) };
        let before = webhook.channel;
        if let Some(name) = name {
            webhook.name = name.trim().to_owned();
        }
        match call.body.get("avatar") {
            Some(Value::Null) => webhook.avatar = None,
            Some(_) => webhook.avatar = Some(format!("{fresh:032x}")),
            None => {}
        }
        webhook.channel = moved_to.unwrap_or(before);
        self.emit_webhooks(before);
        if let Some(channel) = moved_to.filter(|&channel| channel != before) {
            self.emit_webhooks(channel);
        }
        let webhook = &self.webhooks[&id];
        Reply::ok(if call.parts.len() > 2 { webhook.view(None, true) } else { self.webhook_view(webhook) })
    }

    pub(super) fn channel_webhooks(&self, channel: u64) -> Answer {
        self.manage(channel)?;
        let here = self.webhooks.values().filter(|webhook| webhook.channel == channel);
        Reply::ok(here.map(|webhook| self.webhook_view(webhook)).collect())
    }

    pub(super) fn guild_webhooks(&self, guild: u64) -> Answer {
        if self.guild_permissions(guild, self.bot) & MANAGE_WEBHOOKS == 0 {
            return Err(Refusal::permission("MANAGE_WEBHOOKS"));
        }
        let here = self.webhooks.values().filter(|webhook| webhook.guild == guild);
        Reply::ok(here.map(|webhook| self.webhook_view(webhook)).collect())
    }
}
