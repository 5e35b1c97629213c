//! Messages: how they come to be, change, look and go.

use std::time::Instant;

use serde_json::{Value, json};

use crate::gateway::{Audience, Intent};
use crate::request::id_of;
use crate::rules::components::flatten;
use crate::rules::mentions::Speaker;
use crate::state::{File, Pings, Stored, World};
use crate::time::{iso, now};

/// Who wrote a message.
#[derive(Clone, Debug)]
pub(crate) enum Author {
    User(u64),
    Webhook { id: u64, application: Option<u64>, name: String, avatar: Option<String>, avatar_url: Option<String> },
}

/// A message before it exists.
#[derive(Debug)]
pub(crate) struct Draft {
    pub channel: u64,
    pub author: Author,
    pub kind: u8,
    /// content, embeds, components, flags, nonce, poll, tts, and what the sender says of its attachments.
    pub body: Value,
    pub files: Vec<(u64, File)>,
    /// Further fields of the message, as they are.
    pub fields: Vec<(&'static str, Value)>,
    pub pings: Pings,
    pub ephemeral_to: Option<u64>,
    /// Of the first message of a post in a forum.
    pub id: Option<u64>,
}

impl Draft {
    pub fn new(channel: u64, author: Author, body: Value) -> Self {
        Self {
            channel,
            author,
            kind: 0,
            body,
            files: Vec::new(),
            fields: Vec::new(),
            pings: Pings::default(),
            ephemeral_to: None,
            id: None,
        }
    }

    pub fn field(mut self, name: &'static str, value: Value) -> Self {
        self.fields.push((name, value));
        self
    }
}

/// The text of a body that can mention somebody.
pub(crate) fn speech(body: &Value) -> String {
    let mut text = body["content"].as_str().unwrap_or_default().trim().to_owned();
    for component in flatten(&body["components"]).iter().filter(|component| component["type"] == 10) {
        text.push('\n');
        text.push_str(component["content"].as_str().unwrap_or_default());
    }
    text
}

impl World {
    /// Whom the text would ping if nothing but the sender's rights decided.
    pub(crate) fn pings_of(&self, channel: u64, body: &Value, speaker: &Speaker) -> Pings {
        let guild = self.channels.get(&channel).and_then(|channel| channel.guild);
        self.pings(guild, &speech(body), &body["allowed_mentions"], speaker)
    }

    /// Puts a message into its channel and tells everybody.
    pub(crate) fn compose(&mut self, draft: Draft) -> u64 {
        let id = draft.id.unwrap_or_else(|| self.id());
        let attachments = self.keep_files(draft.channel, &draft.files, &draft.body, draft.ephemeral_to.is_some());
        let body = &draft.body;
        let or_empty = |name: &str| if body[name].is_array() { body[name].clone() } else { json!([]) };
        let (author, webhook, avatar_url) = match &draft.author {
            Author::User(user) => (self.user_view(*user), None, None),
            Author::Webhook { id, application, name, avatar, avatar_url } => {
                let author = json!({
                    "id": id.to_string(), "username": name, "discriminator": "0000", "avatar": avatar, "bot": true,
                    "global_name": null, "public_flags": 0, "flags": 0, "primary_guild": null, "clan": null,
                });
                (author, Some((*id, *application)), avatar_url.clone())
            }
        };
        let mut value = json!({
            "id": id.to_string(), "channel_id": draft.channel.to_string(), "type": draft.kind, "author": author,
            "content": body["content"].as_str().unwrap_or_default().trim(), "timestamp": iso(now()),
            "edited_timestamp": null, "tts": body["tts"] == true, "mention_everyone": false, "mentions": [],
            "mention_roles": [], "attachments": attachments, "embeds": shown_embeds(&or_empty("embeds")),
            "components": shown_components(&or_empty("components"), &mut 0), "pinned": false,
            "flags": body["flags"].as_u64().unwrap_or(0),
        });
        if let Some((id, application)) = webhook {
            value["webhook_id"] = json!(id.to_string());
            if let Some(application) = application {
                value["application_id"] = json!(application.to_string());
            }
        }
        if !body["nonce"].is_null() {
            value["nonce"] = body["nonce"].clone();
        }
        if body["poll"].is_object() {
            value["poll"] = shown_poll(&body["poll"]);
        }
        for (name, field) in draft.fields {
            value[name] = field;
        }
        self.note_pings(&mut value, &draft.pings);
        let stored = Stored {
            value,
            at: Instant::now(),
            edits: 0,
            pings: draft.pings,
            ephemeral_to: draft.ephemeral_to,
            avatar_url,
        };
        self.messages.insert(id, stored);
        if draft.ephemeral_to.is_none() {
            if let Some(channel) = self.channels.get_mut(&draft.channel) {
                channel.last_message = Some(id);
                channel.messages += 1;
            }
            self.emit_message("MESSAGE_CREATE", id);
        }
        id
    }

    fn note_pings(&self, value: &mut Value, pings: &Pings) {
        value["mention_everyone"] = json!(pings.everyone);
        value["mentions"] = pings.users.iter().map(|&user| self.user_view(user)).collect();
        value["mention_roles"] = json!(pings.roles.iter().map(u64::to_string).collect::<Vec<_>>());
    }

    fn keep_files(&mut self, channel: u64, files: &[(u64, File)], body: &Value, is_ephemeral: bool) -> Vec<Value> {
        let mut shown = Vec::new();
        for (number, file) in files {
            let entries = body["attachments"].as_array().map(Vec::as_slice).unwrap_or_default();
            let entry = entries.iter().find(|entry| id_of(&entry["id"]) == Some(*number)).cloned().unwrap_or_default();
            shown.push(self.keep_file(channel, file, &entry, is_ephemeral));
        }
        shown
    }

    /// Stores a file; returns its attachment. `entry`: what the uploader said of it.
    pub(crate) fn keep_file(&mut self, channel: u64, file: &File, entry: &Value, is_ephemeral: bool) -> Value {
        let id = self.id();
        let name = entry["filename"].as_str().unwrap_or(&file.name).replace(' ', "_");
        let expiry = now() / 1_000 + 86_400;
        let url = format!(
            "http://{}/attachments/{channel}/{id}/{name}?ex={expiry:x}&is={:x}&hm={:064x}&",
            self.address,
            expiry - 86_400,
            id
        );
        self.files.insert(id, File { name: name.clone(), ..file.clone() });
        let mut shown = json!({
            "id": id.to_string(), "filename": name, "size": file.bytes.len(), "url": url, "proxy_url": url,
            "content_type": file.content_type, "content_scan_version": 0,
        });
        for field in ["description", "duration_secs", "waveform", "title"] {
            if !entry[field].is_null() {
                shown[field] = entry[field].clone();
            }
        }
        if file.content_type.starts_with("image/") {
            shown["width"] = json!(64);
            shown["height"] = json!(64);
        }
        if is_ephemeral {
            shown["ephemeral"] = json!(true);
        }
        shown
    }

    /// Changes a message: every field of `body` that is there replaces the old one.
    pub(crate) fn revise(&mut self, id: u64, body: &Value, files: &[(u64, File)], pings: Option<Pings>) {
        let Some(stored) = self.messages.get(&id) else { return };
        let channel = id_of(&stored.value["channel_id"]).unwrap_or(0);
        let is_ephemeral = stored.ephemeral_to.is_some();
        let mut value = stored.value.clone();
        let fresh = self.keep_files(channel, files, body, is_ephemeral);
        if let Some(content) = body.get("content") {
            value["content"] = json!(content.as_str().unwrap_or_default().trim());
        }
        if let Some(embeds) = body.get("embeds") {
            value["embeds"] = shown_embeds(&if embeds.is_null() { json!([]) } else { embeds.clone() });
        }
        if let Some(components) = body.get("components") {
            let components = if components.is_null() { json!([]) } else { components.clone() };
            value["components"] = shown_components(&components, &mut 0);
        }
        if let Some(flags) = body["flags"].as_u64() {
            let kept = value["flags"].as_u64().unwrap_or(0) & !crate::rules::message::SUPPRESS_EMBEDS;
            value["flags"] = json!(kept | flags);
        }
        if body.get("attachments").is_some() || !fresh.is_empty() {
            let kept_ids = body["attachments"].as_array().cloned();
            let old = value["attachments"].as_array().cloned().unwrap_or_default();
            let keeps = |attachment: &&Value| match &kept_ids {
                Some(ids) => ids.iter().any(|entry| id_of(&entry["id"]) == id_of(&attachment["id"])),
                None => body.get("attachments").is_none(),
            };
            let kept: Vec<Value> = old.iter().filter(keeps).cloned().chain(fresh).collect();
            value["attachments"] = json!(kept);
        }
        if let Some(pings) = &pings {
            self.note_pings(&mut value, pings);
        }
        value["edited_timestamp"] = json!(iso(now()));
        let Some(stored) = self.messages.get_mut(&id) else { return };
        stored.value = value;
        stored.edits += 1;
        if !is_ephemeral {
            self.emit_message("MESSAGE_UPDATE", id);
        }
    }

    /// Whether a message of these parts says anything.
    pub(crate) fn is_hollow(value: &Value) -> bool {
        let is_empty = |name: &str| value[name].as_array().is_none_or(Vec::is_empty);
        let lists = ["embeds", "components", "attachments", "sticker_items", "message_snapshots"];
        value["content"].as_str().unwrap_or_default().trim().is_empty()
            && lists.iter().all(|name| is_empty(name))
            && value["poll"].is_null()
    }

    /// The message with the one it refers to.
    pub(crate) fn message_view(&self, id: u64) -> Value {
        let Some(stored) = self.messages.get(&id) else { return Value::Null };
        let mut view = stored.value.clone();
        let reference = &view["message_reference"];
        if reference.is_object() && reference["type"].as_u64().unwrap_or(0) == 0 {
            let referenced = id_of(&reference["message_id"]).and_then(|id| self.messages.get(&id));
            view["referenced_message"] = referenced.map_or(Value::Null, |message| {
                let mut value = message.value.clone();
                value.as_object_mut().map(|fields| fields.remove("nonce"));
                value
            });
        }
        view
    }

    /// The message as a GET shows it.
    pub(crate) fn message_for_get(&self, id: u64) -> Value {
        let mut view = self.message_view(id);
        view.as_object_mut().map(|fields| fields.remove("nonce"));
        if self.gate.privileged & Intent::MESSAGE_CONTENT == 0 { self.censored(&view) } else { view }
    }

    pub(crate) fn emit_message(&mut self, event: &str, id: u64) {
        let mut view = self.message_view(id);
        let channel = id_of(&view["channel_id"]).unwrap_or(0);
        let Some(found) = self.channels.get(&channel) else { return };
        view["channel_type"] = json!(found.kind);
        if let Some(guild) = found.guild {
            view["guild_id"] = json!(guild.to_string());
            let author = id_of(&view["author"]["id"]).unwrap_or(0);
            if view["webhook_id"].is_null() || author == self.bot {
                let member = self.member_view(guild, author);
                if !member.is_null() {
                    view["member"] = member;
                }
            }
            for mention in view["mentions"].as_array_mut().into_iter().flatten() {
                let user = id_of(&mention["id"]).unwrap_or(0);
                let member = self.member_view(guild, user);
                if !member.is_null() {
                    mention["member"] = member;
                }
            }
        }
        if event == "MESSAGE_UPDATE" {
            view.as_object_mut().map(|fields| fields.remove("nonce"));
        }
        let audience = self.around(channel, Intent::GUILD_MESSAGES, Intent::DIRECT_MESSAGES);
        self.emit(event, audience, &view);
    }

    /// Removes messages of a channel and tells everybody, in one event or in one for each.
    pub(crate) fn erase(&mut self, channel: u64, ids: &[u64], in_bulk: bool) {
        let audience = self.around(channel, Intent::GUILD_MESSAGES, Intent::DIRECT_MESSAGES);
        let mut gone = Vec::new();
        for id in ids {
            if let Some(stored) = self.messages.remove(id)
                && stored.ephemeral_to.is_none()
            {
                gone.push(id.to_string());
            }
        }
        let guild = audience.guild.map(|id| id.to_string());
        let with_guild = |mut event: Value| {
            if let Some(guild) = &guild {
                event["guild_id"] = json!(guild);
            }
            event
        };
        if in_bulk && !gone.is_empty() {
            let event = with_guild(json!({"ids": gone, "channel_id": channel.to_string()}));
            self.emit("MESSAGE_DELETE_BULK", audience, &event);
        } else {
            for id in gone {
                let event = with_guild(json!({"id": id, "channel_id": channel.to_string()}));
                self.emit("MESSAGE_DELETE", audience, &event);
            }
        }
    }

    /// Tells that somebody reacted or no longer does.
    pub(crate) fn emit_reaction(&mut self, event: &str, user: u64, message: u64, emoji: &str) {
        let Some(stored) = self.messages.get(&message) else { return };
        let channel = id_of(&stored.value["channel_id"]).unwrap_or(0);
        let author = stored.value["author"]["id"].clone();
        let in_guild = Intent::GUILD_MESSAGE_REACTIONS;
        let audience: Audience = self.around(channel, in_guild, Intent::DIRECT_MESSAGE_REACTIONS);
        let mut data = json!({
            "user_id": user.to_string(), "channel_id": channel.to_string(), "message_id": message.to_string(),
            "emoji": emoji_view(emoji), "burst": false, "type": 0,
        });
        if event == "MESSAGE_REACTION_ADD" {
            data["message_author_id"] = author;
            data["burst_colors"] = json!([]);
        }
        if let Some(guild) = audience.guild {
            data["guild_id"] = json!(guild.to_string());
            if event == "MESSAGE_REACTION_ADD" {
                data["member"] = self.member_with_user(guild, user);
            }
        }
        self.emit(event, audience, &data);
    }
}

/// `name:id` or a character.
pub(crate) fn emoji_view(emoji: &str) -> Value {
    match emoji.trim_start_matches("a:").split_once(':') {
        Some((name, id)) => json!({"name": name, "id": id, "animated": emoji.starts_with("a:")}),
        None => json!({"name": emoji, "id": null}),
    }
}

fn shown_embeds(embeds: &Value) -> Value {
    let shown = embeds.as_array().into_iter().flatten().map(|embed| {
        let mut embed = embed.clone();
        if embed["type"].is_null() {
            embed["type"] = json!("rich");
        }
        if let Some(fields) = embed.as_object_mut() {
            fields.retain(|_, value| !value.is_null());
        }
        for field in embed.get_mut("fields").and_then(Value::as_array_mut).into_iter().flatten() {
            field["inline"] = json!(field["inline"] == true);
        }
        embed
    });
    shown.collect()
}

/// Components with the ids that Discord numbers them by.
fn shown_components(components: &Value, last: &mut u64) -> Value {
    let shown = components.as_array().into_iter().flatten().map(|component| {
        let mut component = component.clone();
        *last += 1;
        if component["id"].as_u64().unwrap_or(0) == 0 {
            component["id"] = json!(*last);
        }
        if component["components"].is_array() {
            component["components"] = shown_components(&component["components"], last);
        }
        if component["accessory"].is_object() {
            component["accessory"] = shown_components(&json!([component["accessory"]]), last)[0].clone();
        }
        if let Some(fields) = component.as_object_mut() {
            fields.retain(|_, value| !value.is_null());
        }
        component
    });
    shown.collect()
}

fn shown_poll(poll: &Value) -> Value {
    let answers = poll["answers"].as_array().into_iter().flatten().enumerate();
    let hours = poll["duration"].as_u64().unwrap_or(24);
    json!({
        "question": poll["question"],
        "answers": answers.map(|(number, answer)| {
            json!({"answer_id": number + 1, "poll_media": answer["poll_media"]})
        }).collect::<Vec<_>>(),
        "expiry": iso(now() + hours * 3_600_000), "allow_multiselect": poll["allow_multiselect"] == true,
        "layout_type": 1, "results": {"answer_counts": [], "is_finalized": false},
    })
}
