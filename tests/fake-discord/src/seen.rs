//! What can be seen from outside.

use std::time::{Duration, Instant};

use serde_json::Value;

use crate::FakeDiscord;
use crate::gateway::Resume;
use crate::play::ACK_WITHIN;
use crate::request::{Request, id_of};
use crate::standstill::Since;
use crate::state::{Breach, Stored, World};

/// How often a condition is looked at while things happen.
const AT_MOST_EVERY: Duration = Duration::from_millis(1);

/// A message as it is now.
#[derive(Clone, Debug)]
pub struct Message {
    pub id: u64,
    pub channel: u64,
    /// The name it shows: of the webhook's message, or of the user.
    pub author_name: String,
    pub author_id: u64,
    pub webhook_id: Option<u64>,
    /// The picture that an execution of a webhook asked for.
    pub avatar_url: Option<String>,
    pub content: String,
    pub embeds: Vec<Value>,
    pub components: Vec<Value>,
    /// Names and contents.
    pub attachments: Vec<(String, Vec<u8>)>,
    pub flags: u64,
    pub reply_to: Option<u64>,
    pub nonce: Option<String>,
    /// Users that it pings.
    pub pings: Vec<u64>,
    pub pings_everyone: bool,
    pub pings_roles: Vec<u64>,
    pub edits: usize,
    pub at: Instant,
    /// The only person who sees it.
    pub ephemeral_to: Option<u64>,
    /// As Discord's API shows it.
    pub raw: Value,
}

impl World {
    fn seen_message(&self, id: u64, stored: &Stored) -> Message {
        let value = &stored.value;
        let list = |name: &str| value[name].as_array().cloned().unwrap_or_default();
        let files = list("attachments").into_iter().filter_map(|shown| self.files.get(&id_of(&shown["id"])?));
        let nonce = &value["nonce"];
        let author_id = id_of(&value["author"]["id"]).unwrap_or(0);
        let name = match self.users.get(&author_id) {
            Some(user) => user.name.clone(),
            None => value["author"]["username"].as_str().unwrap_or_default().to_owned(),
        };
        Message {
            id,
            channel: id_of(&value["channel_id"]).unwrap_or(0),
            author_name: name,
            author_id,
            webhook_id: id_of(&value["webhook_id"]),
            avatar_url: stored.avatar_url.clone(),
            content: value["content"].as_str().unwrap_or_default().to_owned(),
            embeds: list("embeds"),
            components: list("components"),
            attachments: files.map(|file| (file.name.clone(), file.bytes.clone())).collect(),
            flags: value["flags"].as_u64().unwrap_or(0),
            reply_to: id_of(&value["message_reference"]["message_id"]).filter(|_| value["type"] == 19),
            nonce: nonce.as_str().map(str::to_owned).or_else(|| nonce.as_u64().map(|nonce| nonce.to_string())),
            pings: stored.pings.users.clone(),
            pings_everyone: stored.pings.everyone,
            pings_roles: stored.pings.roles.clone(),
            edits: stored.edits,
            at: stored.at,
            ephemeral_to: stored.ephemeral_to,
            raw: self.message_view(id),
        }
    }

    /// Notes interactions whose deadline has passed.
    fn notice_missed(&mut self) {
        let missed =
            |play: &&mut crate::play::Play| play.callback.is_none() && !play.is_missed && play.age() > ACK_WITHIN;
        let lines: Vec<(u64, String)> = self
            .plays
            .values_mut()
            .filter(missed)
            .map(|play| {
                play.is_missed = true;
                let what = if play.kind == 4 { "the completion of " } else { "" };
                (play.id, format!("{what}{} was not answered within 3 s", play.title))
            })
            .collect();
        for (play, line) in lines {
            self.breach_of(play, line);
        }
    }
}

impl FakeDiscord {
    /// Messages of a channel, oldest first, with those that only one person sees.
    pub fn messages(&self, channel: u64) -> Vec<Message> {
        self.shared().look(|world| {
            let channel = channel.to_string();
            let here = world.messages.iter().filter(|(_, stored)| stored.value["channel_id"] == *channel);
            here.map(|(&id, stored)| world.seen_message(id, stored)).collect()
        })
    }

    /// A message, unless it was deleted.
    pub fn message(&self, id: u64) -> Option<Message> {
        self.shared().look(|world| world.messages.get(&id).map(|stored| world.seen_message(id, stored)))
    }

    /// Messages of the bot and its webhooks in a channel, oldest first.
    pub fn bot_messages(&self, channel: u64) -> Vec<Message> {
        let application = self.application_id().to_string();
        let bot = self.bot_id();
        let is_its = |message: &Message| message.author_id == bot || message.raw["application_id"] == *application;
        self.messages(channel).into_iter().filter(is_its).collect()
    }

    /// When the bot began to type in a channel.
    pub fn typing(&self, channel: u64) -> Vec<Instant> {
        let here =
            |world: &World| world.typing.iter().filter(|(known, _)| *known == channel).map(|(_, at)| *at).collect();
        self.shared().look(here)
    }

    /// Every request so far, oldest first.
    pub fn requests(&self) -> Vec<Request> {
        self.shared().look(|world| world.requests.clone())
    }

    /// Requests since the last time this was asked.
    pub fn take_requests(&self) -> Vec<Request> {
        self.shared().change(|world| std::mem::take(&mut world.requests))
    }

    /// Global commands as registered.
    pub fn commands(&self) -> Vec<Value> {
        self.commands_of(None)
    }

    /// Commands registered for one guild.
    pub fn guild_commands(&self, guild: u64) -> Vec<Value> {
        self.commands_of(Some(guild))
    }

    fn commands_of(&self, guild: Option<u64>) -> Vec<Value> {
        let is_here = |command: &&Value| id_of(&command["guild_id"]) == guild;
        self.shared().look(|world| world.commands.iter().filter(is_here).cloned().collect())
    }

    /// How many requests wrote commands.
    pub fn command_writes(&self) -> usize {
        self.shared().look(|world| world.command_writes)
    }

    /// Webhooks of a channel, with their tokens.
    pub fn webhooks(&self, channel: u64) -> Vec<Value> {
        self.shared().look(|world| {
            let here = world.webhooks.values().filter(|webhook| webhook.channel == channel);
            here.map(|webhook| webhook.view(Some(world.user_view(webhook.creator)), true)).collect()
        })
    }

    /// Emojis of the application.
    pub fn emojis(&self) -> Vec<Value> {
        self.shared().look(|world| world.emojis.clone())
    }

    /// Every broken rule, oldest first.
    pub fn violations(&self) -> Vec<String> {
        self.violations_of(None)
    }

    /// Broken rules since the last time this was asked.
    pub fn take_violations(&self) -> Vec<String> {
        let found = self.violations();
        self.shared().change(|world| world.breaches.clear());
        found
    }

    pub(crate) fn violations_of(&self, play: Option<u64>) -> Vec<String> {
        self.shared().quietly(|world| {
            world.notice_missed();
            let is_meant = |breach: &&Breach| play.is_none() || breach.play == play;
            let is_forgiven = |line: &str| world.forgiven.iter().any(|part| line.contains(part));
            let lines = world.breaches.iter().filter(is_meant).map(|breach| breach.line.clone());
            lines.filter(|line| !is_forgiven(line)).collect()
        })
    }

    /// Lines of violations with this text are left out: the test makes them happen on purpose.
    pub fn forgive(&self, part: &str) {
        self.shared().change(|world| world.forgiven.push(part.to_owned()));
    }

    /// Answers that count towards Discord's ban: 401, 403, and 429 unless of the shared scope.
    pub fn invalid_requests(&self) -> usize {
        self.shared().look(|world| world.invalid_requests)
    }

    /// Sessions with a connection.
    pub fn sessions(&self) -> usize {
        self.shared().look(World::live_sessions)
    }

    /// Payloads of every identify; their `token` says `right` or `wrong`.
    pub fn identifies(&self) -> Vec<Value> {
        self.shared().look(|world| world.gate.identifies.clone())
    }

    pub fn resumes(&self) -> Vec<Resume> {
        self.shared().look(|world| world.gate.resumes.clone())
    }

    /// Close codes of clients that ended their connection; `None`: without a close frame.
    pub fn close_codes(&self) -> Vec<Option<u16>> {
        self.shared().look(|world| world.gate.close_codes.clone())
    }

    /// Heartbeats so far.
    pub fn heartbeats(&self) -> usize {
        self.shared().look(|world| world.gate.heartbeats)
    }

    /// What `find` finds, as soon as it does.
    ///
    /// # Panics
    /// With a summary, when that takes longer than `within`.
    pub async fn until<T>(&self, mut find: impl FnMut(&Self) -> Option<T>, within: Duration) -> T {
        match self.wait(|| find(self), within).await {
            Some(found) => found,
            None => panic!("nothing was found within {within:?}\n{}", self.summary()),
        }
    }

    /// Waits until the bot is connected and has its guilds.
    ///
    /// # Panics
    /// When that takes more than ten seconds.
    pub async fn connected(&self) {
        self.until(|fake| (fake.sessions() > 0).then_some(()), Duration::from_secs(120)).await;
    }

    pub(crate) async fn wait<T>(&self, mut find: impl FnMut() -> Option<T>, within: Duration) -> Option<T> {
        let began = Since::now();
        loop {
            let changed = self.shared().changed.notified();
            tokio::pin!(changed);
            changed.as_mut().enable();
            if let Some(found) = find() {
                return Some(found);
            }
            let left = within.saturating_sub(began.elapsed());
            if left.is_zero() {
                return None;
            }
            let _ = tokio::time::timeout(left, changed).await;
            // What is looked for may itself ring the bell: then this keeps the loop from being a busy one.
            tokio::time::sleep(AT_MOST_EVERY).await;
        }
    }

    /// The last things that happened, for the message of a failed test.
    pub fn summary(&self) -> String {
        let violations = self.violations();
        self.shared().look(|world| {
            let tail = |lines: Vec<String>| {
                lines.iter().rev().take(25).rev().map(|line| format!("  {line}\n")).collect::<String>()
            };
            let requests = world.requests.iter().map(|request| {
                format!("{} {} -> {} {}", request.method, request.path, request.status, cut(&request.body.to_string()))
            });
            let messages = world.messages.iter().map(|(id, stored)| {
                let (author, content) = (&stored.value["author"]["username"], &stored.value["content"]);
                format!("{id} in {}: {author}: {}", stored.value["channel_id"], cut(&content.to_string()))
            });
            format!(
                "sessions: {}\nviolations:\n{}requests:\n{}messages:\n{}",
                world.live_sessions(),
                tail(violations),
                tail(requests.collect()),
                tail(messages.collect()),
            )
        })
    }
}

fn cut(text: &str) -> String {
    text.chars().take(160).collect()
}
