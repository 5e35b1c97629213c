//! The REST routes.

mod channels;
mod commands;
mod executions;
mod guilds;
mod interactions;
mod messages;
mod own;
mod threads;
mod webhooks;

pub(crate) use messages::snapshot;

use crate::refusal::{Answer, Refusal};
use crate::request::{Call, id};
use crate::rules::Check;
use crate::state::{Channel, World};

impl World {
    /// Carries a request out.
    pub(crate) fn route(&mut self, call: &Call) -> Answer {
        let parts: Vec<&str> = call.parts.iter().map(String::as_str).collect();
        let method = call.method.as_str();
        let is_own = |application: &str| application == self.application.to_string();
        match (method, parts.as_slice()) {
            ("GET", ["gateway"]) => self.gateway(),
            ("GET", ["gateway", "bot"]) => self.gateway_bot(),
            ("GET", ["applications" | "oauth2", .., "@me"]) => self.own_application(),
            ("GET", ["users", user]) => self.get_user(user),
            ("GET", ["users", "@me", "guilds"]) => self.own_guilds(),
            ("DELETE", ["users", "@me", "guilds", guild]) => self.leave_guild(id(guild, "guild_id")?),
            ("POST", ["users", "@me", "channels"]) => self.open_direct(call),
            (_, ["applications", application, ..]) if !is_own(application) => {
                Err(Refusal::new(403, 20012, "You are not authorized to perform this action on this application"))
            }
            (_, ["applications", _, "commands", rest @ ..]) => self.commands(call, None, rest),
            (_, ["applications", _, "guilds", guild, "commands", rest @ ..]) => {
                self.commands(call, Some(id(guild, "guild_id")?), rest)
            }
            (_, ["applications", _, "emojis", rest @ ..]) => self.emojis(call, rest),
            (_, ["guilds", guild, rest @ ..]) => self.guild(call, id(guild, "guild_id")?, rest),
            (_, ["channels", channel, rest @ ..]) => self.channel(call, id(channel, "channel_id")?, rest),
            (_, ["webhooks", webhook, rest @ ..]) => self.webhook(call, id(webhook, "webhook_id")?, rest),
            ("POST", ["interactions", play, token, "callback"]) => {
                self.callback(call, id(play, "interaction_id")?, token)
            }
            _ => Err(no_route()),
        }
    }

    /// The interaction that a request answers.
    pub(crate) fn play_of(&self, call: &Call) -> Option<u64> {
        let parts: Vec<&str> = call.parts.iter().map(String::as_str).collect();
        match parts.as_slice() {
            ["interactions", id, ..] => id.parse().ok().filter(|id| self.plays.contains_key(id)),
            ["webhooks", _, token, ..] => self.play_by_token(token),
            _ => None,
        }
    }

    pub(crate) fn play_by_token(&self, token: &str) -> Option<u64> {
        self.plays.values().find(|play| play.token == token).map(|play| play.id)
    }

    /// A channel that the bot sees.
    fn seen(&self, channel: u64) -> Result<&Channel, Refusal> {
        let found = self.channels.get(&channel).ok_or_else(Refusal::unknown_channel)?;
        if self.bot_sees(found) { Ok(found) } else { Err(Refusal::access().hint("VIEW_CHANNEL")) }
    }

    /// A right of the bot in a channel.
    fn require(&self, channel: &Channel, bit: u64, name: &str) -> Check {
        if self.permissions(channel, self.bot) & bit == 0 { Err(Refusal::permission(name)) } else { Ok(()) }
    }

    /// Adds a line for each of the notes about a request.
    pub(crate) fn note(&mut self, call: &Call, notes: Vec<String>) {
        for note in notes {
            let line = format!("{}: {note}", call.title());
            match self.play_of(call) {
                Some(play) => self.breach_of(play, line),
                None => self.breach(line),
            }
        }
    }
}

impl Call {
    /// Refuses parameters of the query that Discord does not know.
    fn only_query(&self, known: &[&str]) -> Check {
        match self.query.iter().find(|(name, _)| !known.contains(&name.as_str())) {
            Some((name, _)) => Err(Refusal::form(name, "FAKE_UNKNOWN_PARAMETER", "Discord knows no such parameter.")),
            None => Ok(()),
        }
    }
}

fn no_route() -> Refusal {
    Refusal::new(404, 0, "404: Not Found").hint("the fake has no such route")
}
