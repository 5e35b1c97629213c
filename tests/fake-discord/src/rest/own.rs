//! What the bot asks about itself, and about users.

use serde_json::{Value, json};

use crate::refusal::{Answer, Refusal, Reply};
use crate::request::{Call, id, id_of};
use crate::rules;
use crate::state::{Channel, World};

/// Application emojis at most.
const MOST_EMOJIS: usize = 2_000;

impl World {
    fn gateway_url(&self) -> String {
        format!("ws://{}", self.address)
    }

    pub(super) fn gateway(&self) -> Answer {
        Reply::ok(json!({"url": self.gateway_url()}))
    }

    pub(super) fn gateway_bot(&self) -> Answer {
        let limit = json!({
            "total": 1_000, "remaining": self.gate.starts_left, "reset_after": 14_400_000,
            "max_concurrency": self.gate.max_concurrency,
        });
        Reply::ok(json!({"url": self.gateway_url(), "shards": self.gate.shards, "session_start_limit": limit}))
    }

    pub(super) fn own_application(&self) -> Answer {
        Reply::ok(self.application_view())
    }

    pub(super) fn get_user(&self, user: &str) -> Answer {
        if user == "@me" {
            return Reply::ok(self.own_view());
        }
        match self.user_view(id(user, "user_id")?) {
            Value::Null => Err(Refusal::new(404, 10013, "Unknown User")),
            view => Reply::ok(view),
        }
    }

    pub(super) fn own_guilds(&self) -> Answer {
        let mine = self.guilds.values().filter(|guild| guild.members.contains_key(&self.bot)).map(|guild| {
            json!({
                "id": guild.id.to_string(), "name": guild.name, "icon": null, "banner": null, "owner": false,
                "permissions": self.guild_permissions(guild.id, self.bot).to_string(), "features": [],
            })
        });
        Reply::ok(mine.collect())
    }

    pub(super) fn leave_guild(&mut self, guild: u64) -> Answer {
        if self.remove_from(guild, self.bot) { Reply::empty() } else { Err(Refusal::new(404, 10004, "Unknown Guild")) }
    }

    pub(super) fn open_direct(&mut self, call: &Call) -> Answer {
        rules::only(&call.body, "", &["recipient_id"])?;
        let user = id_of(&call.body["recipient_id"]).ok_or_else(|| Refusal::required("recipient_id"))?;
        if !self.users.contains_key(&user) || user == self.bot {
            return Err(Refusal::form("recipient_id", "INVALID_RECIPIENT", "Invalid Recipient(s)"));
        }
        let channel = self.direct_with(user);
        Reply::ok(self.channel_view(&self.channels[&channel]))
    }

    /// The direct messages with a user, made when there were none.
    pub(crate) fn direct_with(&mut self, user: u64) -> u64 {
        let known = self.channels.values().find(|channel| channel.recipient == Some(user)).map(|channel| channel.id);
        known.unwrap_or_else(|| {
            let id = self.id();
            let channel = Channel { id, kind: 1, recipient: Some(user), ..Default::default() };
            self.channels.insert(id, channel);
            id
        })
    }

    pub(super) fn emojis(&mut self, call: &Call, rest: &[&str]) -> Answer {
        match (call.method.as_str(), rest) {
            ("GET", []) => Reply::ok(json!({"items": self.emojis})),
            ("POST", []) => {
                rules::only(&call.body, "", &["name", "image"])?;
                let name = emoji_name(call)?;
                if call.body["image"].is_null() {
                    return Err(Refusal::required("image"));
                }
                rules::names::picture(&call.body["image"], "image")?;
                if self.emojis.len() >= MOST_EMOJIS {
                    return Err(Refusal::new(400, 30008, "Maximum number of emojis reached (2000)"));
                }
                if self.emojis.iter().any(|emoji| emoji["name"] == *name) {
                    let message = "This name is already taken";
                    return Err(Refusal::form("name", "APPLICATION_EMOJI_NAME_ALREADY_TAKEN", message));
                }
                let emoji = json!({
                    "id": self.id().to_string(), "name": name, "roles": [], "user": self.user_view(self.bot),
                    "require_colons": true, "managed": false, "animated": false, "available": true,
                });
                self.emojis.push(emoji.clone());
                Ok(Reply::Json(201, emoji))
            }
            (method, [emoji]) => {
                let emoji = id(emoji, "emoji_id")?;
                let unknown = || Refusal::new(404, 10014, "Unknown Emoji");
                let found = self.emojis.iter().position(|known| id_of(&known["id"]) == Some(emoji));
                let found = found.ok_or_else(unknown)?;
                match method {
                    "GET" => Reply::ok(self.emojis[found].clone()),
                    "PATCH" => {
                        rules::only(&call.body, "", &["name"])?;
                        self.emojis[found]["name"] = json!(emoji_name(call)?);
                        Reply::ok(self.emojis[found].clone())
                    }
                    "DELETE" => {
                        self.emojis.remove(found);
                        Reply::empty()
                    }
                    _ => Err(super::no_route()),
                }
            }
            _ => Err(super::no_route()),
        }
    }
}

fn emoji_name(call: &Call) -> Result<String, Refusal> {
    let name = rules::text(&call.body, "", "name")?.unwrap_or_default();
    rules::length(name, "name", 2, 32)?;
    if !name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
        let message = "String value did not match validation regex.";
        return Err(Refusal::form("name", "STRING_TYPE_REGEX", message));
    }
    Ok(name.to_owned())
}
