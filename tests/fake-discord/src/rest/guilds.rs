//! Guilds, members and roles.

use serde_json::{Value, json};

use super::no_route;
use crate::refusal::{Answer, Refusal, Reply};
use crate::request::{Call, id};
use crate::rules;
use crate::state::World;

impl World {
    pub(super) fn guild(&mut self, call: &Call, guild: u64, rest: &[&str]) -> Answer {
        let found = self.guilds.get(&guild).ok_or_else(|| Refusal::new(404, 10004, "Unknown Guild"))?;
        if !found.members.contains_key(&self.bot) {
            return Err(Refusal::access());
        }
        match (call.method.as_str(), rest) {
            ("GET", []) => Reply::ok(self.guild_view(found)),
            ("GET", ["channels"]) => {
                let inside = self.channels.values().filter(|channel| channel.guild == Some(guild));
                let channels = inside.filter(|channel| !channel.is_thread() && self.bot_sees(channel));
                Reply::ok(channels.map(|channel| self.channel_view(channel)).collect())
            }
            ("GET", ["roles"]) => Reply::ok(json!(found.role_views())),
            ("GET", ["roles", role]) => match found.role_view(id(role, "role_id")?) {
                Value::Null => Err(Refusal::new(404, 10011, "Unknown Role")),
                role => Reply::ok(role),
            },
            ("GET", ["members"]) => {
                call.only_query(&["limit", "after"])?;
                let after = call.id_parameter("after")?.unwrap_or(0);
                let limit: usize = call.parameter("limit").and_then(|limit| limit.parse().ok()).unwrap_or(1);
                let members = found.members.keys().filter(|&&user| user > after).take(limit);
                Reply::ok(members.map(|&user| self.member_with_user(guild, user)).collect())
            }
            ("GET", ["members", user]) => {
                let user = id(user, "user_id")?;
                match found.members.contains_key(&user) {
                    true => Reply::ok(self.member_with_user(guild, user)),
                    false => Err(Refusal::new(404, 10007, "Unknown Member")),
                }
            }
            ("PATCH", ["members", "@me"]) => {
                rules::only(&call.body, "", &["nick", "avatar", "banner", "bio"])?;
                let nick = rules::text(&call.body, "", "nick")?.map(str::to_owned);
                rules::length(nick.as_deref().unwrap_or_default(), "nick", 0, 32)?;
                let bot = self.bot;
                if let Some(member) = self.guilds.get_mut(&guild).and_then(|guild| guild.members.get_mut(&bot)) {
                    member.nick = nick;
                }
                Reply::ok(self.member_with_user(guild, bot))
            }
            ("GET", ["threads", "active"]) => self.active_threads(guild),
            ("GET", ["webhooks"]) => self.guild_webhooks(guild),
            ("GET", ["emojis" | "stickers" | "invites" | "scheduled-events"]) => Reply::ok(json!([])),
            _ => Err(no_route()),
        }
    }
}
