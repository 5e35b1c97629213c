//! Messages through webhooks.

use serde_json::{Value, json};

use super::no_route;
use crate::compose::{Author, Draft};
use crate::refusal::{Answer, Refusal, Reply};
use crate::request::{Call, id, id_of};
use crate::rules::mentions::{Otherwise, Speaker};
use crate::rules::message::{self, Way};
use crate::rules::{self, components};
use crate::state::{Webhook, World};

impl World {
    /// Posts a message as the webhook, or as whoever it says it is.
    pub(super) fn execute(&mut self, call: &Call, webhook: &Webhook) -> Answer {
        call.only_query(&["wait", "thread_id", "with_components"])?;
        let mut notes = Vec::new();
        let checked = message::check(&call.body, &call.files, Way::Webhook, "", 0, &mut notes);
        self.note(call, notes);
        checked?;
        let name = rules::text(&call.body, "", "username")?;
        if let Some(name) = name {
            rules::names::webhook(name, "username")?;
        }
        let avatar_url = rules::text(&call.body, "", "avatar_url")?;
        rules::names::picture_url(avatar_url.unwrap_or_default(), "avatar_url")?;
        let is_interactive = components::flatten(&call.body["components"])
            .iter()
            .any(|component| matches!(component["type"].as_u64(), Some(2..=8)) && !component["custom_id"].is_null());
        if webhook.application != Some(self.application) && is_interactive {
            let message = "Only webhooks of an application can send interactive components.";
            return Err(Refusal::new(400, 50035, message));
        }
        let has_text = call.body["content"].is_string() || call.body["components"].is_array();
        let (target, starter) = self.target(call, webhook)?;
        let avatar = match avatar_url.filter(|url| !url.is_empty()) {
            Some(url) => Some(format!("{:032x}", u128::from(crate::state::Random::new(hash(url)).next()))),
            None => webhook.avatar.clone(),
        };
        let author = Author::Webhook {
            id: webhook.id,
            application: webhook.application,
            name: name.map_or(&*webhook.name, str::trim).to_owned(),
            avatar,
            avatar_url: avatar_url.map(str::to_owned),
        };
        let mut draft = Draft::new(target, author, call.body.clone());
        if has_text {
            let speaker = Speaker { otherwise: Otherwise::Users, may_ping_all: true, replies_to: None };
            draft.pings = self.pings_of(target, &call.body, &speaker);
        }
        draft.files = call.files.clone();
        draft.id = starter;
        let id = self.compose(draft);
        if call.is_set("wait") { Reply::ok(self.message_view(id)) } else { Reply::empty() }
    }

    /// The channel of an execution, and the id of the message where it begins a post.
    fn target(&mut self, call: &Call, webhook: &Webhook) -> Result<(u64, Option<u64>), Refusal> {
        let thread = call.id_parameter("thread_id")?;
        let name = rules::text(&call.body, "", "thread_name")?;
        let is_forum = self.channels.get(&webhook.channel).is_some_and(|channel| channel.is_forum());
        let tags = rules::list(&call.body, "", "applied_tags")?;
        rules::length(&"x".repeat(tags.len()), "applied_tags", 0, 5)?;
        match (is_forum, thread, name) {
            (true, None, None) => {
                let message = "Webhooks posted to forum channels must have a thread_name or thread_id";
                return Err(Refusal::new(400, 220001, message));
            }
            (true, Some(_), Some(_)) => {
                let message = "Webhooks posted to forum channels cannot have both a thread_name and thread_id";
                return Err(Refusal::new(400, 220002, message));
            }
            (false, _, Some(_)) => {
                let message = "Webhooks can only create threads in forum channels";
                return Err(Refusal::new(400, 220003, message));
            }
            (true, None, Some(name)) => {
                rules::names::thread(name, "thread_name")?;
                let thread = self.add_thread(webhook.channel, name.trim(), 11, webhook.id, None);
                return Ok((thread, Some(thread)));
            }
            (false, None, None) => return Ok((webhook.channel, None)),
            (_, Some(_), None) => {}
        }
        let thread = thread.unwrap_or(0);
        let found = self.channels.get(&thread).filter(|thread| thread.is_thread());
        let found = found.filter(|thread| thread.parent == Some(webhook.channel));
        let found = found.ok_or_else(|| Refusal::unknown_channel().hint("no thread of the webhook's channel"))?;
        if found.locked {
            return Err(Refusal::new(400, 160005, "Thread is locked"));
        }
        self.wake(thread);
        Ok((thread, None))
    }

    /// Reads, changes or deletes a message of the webhook.
    pub(super) fn executed(&mut self, call: &Call, webhook: &Webhook, message: &str) -> Answer {
        call.only_query(&["thread_id", "with_components"])?;
        let message = id(message, "message_id")?;
        let channel = call.id_parameter("thread_id")?.unwrap_or(webhook.channel);
        let stored = self.messages.get(&message).filter(|stored| {
            id_of(&stored.value["webhook_id"]) == Some(webhook.id)
                && id_of(&stored.value["channel_id"]) == Some(channel)
        });
        let is_elsewhere = stored.is_none() && self.messages.contains_key(&message);
        if stored.is_none() {
            let hint = if is_elsewhere { "it is in another channel or thread, or not of this webhook" } else { "" };
            return Err(Refusal::unknown_message().hint(hint));
        }
        match call.method.as_str() {
            "GET" => Reply::ok(self.message_view(message)),
            "PATCH" => {
                self.revise_checked(call, message, Way::WebhookEdit, Otherwise::Users)?;
                Reply::ok(self.message_view(message))
            }
            "DELETE" => {
                self.erase(channel, &[message], false);
                Reply::empty()
            }
            _ => Err(no_route()),
        }
    }

    /// A message of a webhook that is not the bot's own doing.
    pub(crate) fn webhook_author(&self, webhook: u64, name: &str, avatar_url: Option<String>) -> Author {
        let application = self.webhooks.get(&webhook).and_then(|webhook| webhook.application);
        let avatar = avatar_url.as_deref().map(|url| format!("{:032x}", hash(url)));
        Author::Webhook { id: webhook, application, name: name.to_owned(), avatar, avatar_url }
    }
}

fn hash(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3))
}

/// The interaction that a message answers, as the message shows it.
pub(crate) fn metadata(play: &crate::play::Play, user: Value, guild: Option<u64>) -> Value {
    json!({
        "id": play.id.to_string(), "type": play.kind, "user": user,
        "authorizing_integration_owners": {"0": guild.map_or_else(|| "0".to_owned(), |id| id.to_string())},
        "name": play.title.trim_start_matches('/'), "command_type": 1, "ephemerality_reason": 0,
    })
}
