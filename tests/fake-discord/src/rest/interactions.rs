//! Answers to interactions: the callback, the original and what follows.

use std::time::Instant;

use serde_json::{Value, json};

use super::executions::metadata;
use super::no_route;
use crate::compose::{Author, Draft};
use crate::permissions::MENTION_EVERYONE;
use crate::play::{ACK_WITHIN, Play, TOKEN_LIVES};
use crate::refusal::{Answer, Refusal, Reply};
use crate::request::{Call, id};
use crate::rules::commands::check_choice;
use crate::rules::mentions::{Otherwise, Speaker};
use crate::rules::message::{self, EPHEMERAL, LOADING, Way};
use crate::rules::{self, Check};
use crate::state::{File, World};

/// Choices of an autocompletion.
const MOST_CHOICES: usize = 25;

impl World {
    pub(super) fn callback(&mut self, call: &Call, play: u64, token: &str) -> Answer {
        call.only_query(&["with_response"])?;
        let unknown = || Refusal::new(404, 10062, "Unknown interaction");
        let found = self.plays.get(&play).filter(|found| found.token == token).cloned().ok_or_else(unknown)?;
        if found.callback.is_some() {
            return Err(Refusal::new(400, 40060, "Interaction has already been acknowledged."));
        }
        if found.age() > ACK_WITHIN {
            return Err(unknown().hint(format!("{} was answered after {:?}", found.title, found.age())));
        }
        rules::only(&call.body, "", &["type", "data"])?;
        let kind = call.body["type"].as_u64().ok_or_else(|| Refusal::required("type"))?;
        let fits = match (kind, found.kind) {
            (8, completes) => completes == 4,
            (4 | 5, kind) => kind != 4,
            (6 | 7, kind) => kind == 3 || kind == 5 && found.target.is_some(),
            (9, kind) => matches!(kind, 2 | 3),
            _ => false,
        };
        if !fits {
            let message =
                format!("Interaction callback type {kind} is invalid for an interaction of type {}.", found.kind);
            return Err(Refusal::form("type", "INTERACTION_CALLBACK_TYPE_INVALID", &message));
        }
        let message = self.carry_out(call, &found, kind)?;
        if let Some(play) = self.plays.get_mut(&play) {
            play.callback = Some((Instant::now(), call.body.clone()));
            play.original = message.or(play.original);
            play.is_loading = kind == 5;
            play.is_answered = matches!(kind, 4 | 7);
        }
        if !call.is_set("with_response") {
            return Reply::empty();
        }
        let mut body = json!({"interaction": {
            "id": found.id.to_string(), "type": found.kind, "response_message_loading": kind == 5,
            "response_message_ephemeral": message.is_some_and(|id| self.messages[&id].ephemeral_to.is_some()),
        }});
        if let Some(id) = message {
            body["interaction"]["response_message_id"] = json!(id.to_string());
            body["resource"] = json!({"type": kind, "message": self.message_view(id)});
        }
        Reply::ok(body)
    }

    /// Does what the callback says; the message that it made or changed.
    fn carry_out(&mut self, call: &Call, play: &Play, kind: u64) -> Result<Option<u64>, Refusal> {
        let data = &call.body["data"];
        match kind {
            4 => {
                self.check_answer(call, data, &call.files, Way::Callback, "data")?;
                Ok(Some(self.answer_play(play, data, &call.files)))
            }
            5 => {
                rules::only(data, "data", &["flags"])
                    .map_err(|refusal| refusal.hint("a deferral carries only flags"))?;
                let flags = data["flags"].as_u64().unwrap_or(0);
                if flags & !EPHEMERAL != 0 {
                    let note = "a deferral may be ephemeral and nothing else; other flags go on the edit".to_owned();
                    self.note(call, vec![note]);
                }
                let loading = json!({"content": "", "flags": flags & EPHEMERAL | LOADING});
                Ok(Some(self.answer_play(play, &loading, &[])))
            }
            6 => Ok(play.target),
            7 => {
                let target = play.target.ok_or_else(Refusal::unknown_message)?;
                let old_flags = self.messages.get(&target).and_then(|stored| stored.value["flags"].as_u64());
                let mut notes = Vec::new();
                let way = Way::WebhookEdit;
                let checked = message::check(data, &call.files, way, "data", old_flags.unwrap_or(0), &mut notes);
                self.note(call, notes);
                checked?;
                let pings = (data["content"].is_string() || data["components"].is_array())
                    .then(|| self.pings_of(play.channel, data, &self.speaker(play.channel)));
                self.revise(target, data, &call.files, pings);
                Ok(Some(target))
            }
            8 => {
                rules::only(data, "data", &["choices"])?;
                let choices = rules::list(data, "data", "choices")?;
                rules::length(&"x".repeat(choices.len()), "data.choices", 0, MOST_CHOICES)?;
                for (number, choice) in choices.iter().enumerate() {
                    check_choice(choice, &format!("data.choices.{number}"), play.completes)?;
                }
                Ok(None)
            }
            _ => {
                rules::modal::check(data, "data")?;
                Ok(None)
            }
        }
    }

    fn check_answer(&mut self, call: &Call, data: &Value, files: &[(u64, File)], way: Way, path: &str) -> Check {
        let mut notes = Vec::new();
        let checked = message::check(data, files, way, path, 0, &mut notes);
        self.note(call, notes);
        checked
    }

    fn speaker(&self, channel: u64) -> Speaker {
        let rights = self.channels.get(&channel).map_or(0, |channel| self.permissions(channel, self.bot));
        let may_ping_all = rights & MENTION_EVERYONE != 0;
        Speaker { otherwise: Otherwise::Users, may_ping_all, replies_to: None }
    }

    /// A new message that answers an interaction.
    fn answer_play(&mut self, play: &Play, data: &Value, files: &[(u64, File)]) -> u64 {
        let guild = self.channels.get(&play.channel).and_then(|channel| channel.guild);
        let application = json!(self.application.to_string());
        let shown = metadata(play, self.user_view(play.user), guild);
        let mut draft = Draft::new(play.channel, Author::User(self.bot), data.clone())
            .field("application_id", application.clone())
            .field("webhook_id", application)
            .field("interaction_metadata", shown);
        draft.kind = match play.kind {
            2 if play.title.starts_with('/') => 20,
            2 => 23,
            _ => 0,
        };
        draft.files = files.to_vec();
        draft.pings = self.pings_of(play.channel, data, &self.speaker(play.channel));
        if data["flags"].as_u64().unwrap_or(0) & EPHEMERAL != 0 {
            draft.ephemeral_to = Some(play.user);
        }
        self.compose(draft)
    }

    /// Requests to `/webhooks/{application}/{token}`.
    pub(super) fn followup(&mut self, call: &Call, token: &str, rest: &[&str]) -> Answer {
        let play = self.play_by_token(token).ok_or_else(Refusal::unknown_webhook)?;
        let play = self.plays[&play].clone();
        if play.age() > TOKEN_LIVES {
            return Err(Refusal::new(401, 50027, "Invalid Webhook Token").hint("15 minutes are over"));
        }
        match (call.method.as_str(), rest) {
            ("POST", []) => {
                call.only_query(&["wait", "thread_id", "with_components"])?;
                if play.callback.is_none() {
                    return Err(Refusal::unknown_webhook().hint("a follow-up before the first answer"));
                }
                self.check_answer(call, &call.body, &call.files, Way::FollowUp, "")?;
                let id = self.follow(&play, call);
                Reply::ok(self.message_view(id))
            }
            (method, ["messages", message]) => {
                let id = match *message {
                    "@original" => play.original.ok_or_else(Refusal::unknown_message)?,
                    other => id(other, "message_id")?,
                };
                if !play.messages().contains(&id) || !self.messages.contains_key(&id) {
                    return Err(Refusal::unknown_message());
                }
                match method {
                    "GET" => Reply::ok(self.message_view(id)),
                    "PATCH" => {
                        call.only_query(&["thread_id", "with_components"])?;
                        self.revise_checked(call, id, Way::WebhookEdit, Otherwise::Users)?;
                        self.loaded(&play, id);
                        Reply::ok(self.message_view(id))
                    }
                    "DELETE" => {
                        self.erase(play.channel, &[id], false);
                        Reply::empty()
                    }
                    _ => Err(no_route()),
                }
            }
            _ => Err(no_route()),
        }
    }

    /// A further message; the first one after a deferral takes the place of the deferral.
    fn follow(&mut self, play: &Play, call: &Call) -> u64 {
        if let Some(original) = play.original.filter(|_| play.is_loading) {
            let mut body = call.body.clone();
            body.as_object_mut().map(|fields| fields.remove("flags"));
            let pings = self.pings_of(play.channel, &body, &self.speaker(play.channel));
            self.revise(original, &body, &call.files, Some(pings));
            self.loaded(play, original);
            return original;
        }
        let id = self.answer_play(play, &call.body, &call.files);
        if let Some(play) = self.plays.get_mut(&play.id) {
            play.followups.push(id);
            play.is_answered = true;
        }
        id
    }

    /// The original says something now.
    fn loaded(&mut self, play: &Play, id: u64) {
        if let Some(stored) = self.messages.get_mut(&id) {
            let flags = stored.value["flags"].as_u64().unwrap_or(0) & !LOADING;
            stored.value["flags"] = json!(flags);
        }
        if let Some(play) = self.plays.get_mut(&play.id) {
            if play.original == Some(id) {
                play.is_loading = false;
            }
            play.is_answered = true;
        }
    }
}
