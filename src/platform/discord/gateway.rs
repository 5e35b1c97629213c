//! Listening: the shards, their sessions over restarts, and what was missed while there was none.

use std::borrow::Cow;
use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Poll;
use std::time::Duration;

use futures::StreamExt as _;
use reqwest::Method;
use secrecy::ExposeSecret as _;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;
use tokio::time::Instant;
use twilight_gateway::queue::InMemoryQueue;
use twilight_gateway::{CloseFrame, ConfigBuilder, Intents, Message as GatewayMessage, Session, Shard, ShardId};

use super::rest::{RestError, Route};
use super::starts::Starts;
use super::wire::{Channel, Deleted, Flake, Guild, Message, Role, first_of, flake_of};
use super::{Discord, Me, NAME};
use crate::db::{meta, places};
use crate::ops::metrics::{self, Connection};
use crate::platform::lanes::{Lanes, Progress, UnderWay};

/// Flags of an application that may read messages.
pub(super) const CONTENT_ALLOWED: u64 = 1 << 18;
/// The same for an application in few guilds.
pub(super) const CONTENT_LIMITED: u64 = 1 << 19;
/// First wait before Discord is asked again who we are; doubles up to [`WAIT_MAX`].
const FIRST_WAIT: Duration = Duration::from_secs(1);
const WAIT_MAX: Duration = Duration::from_secs(60);
/// How often it is written down how far a session was taken in.
const WRITE_DOWN: Duration = Duration::from_secs(2);
/// How long a stop waits for Discord to say goodbye, and for what is being taken in.
const GOODBYE: Duration = Duration::from_secs(3);
/// What was said longer ago is not answered any more.
const MISSED_MAX_MILLIS: i64 = 15 * 60 * 1_000;
/// Looked at again before the last thing that was taken in: clocks and ids are not exact.
const OVERLAP_MILLIS: i64 = 60 * 1_000;
/// Code of the frame by which Discord does not give a session, or ends it.
const INVALID_SESSION: u8 = 9;
/// How often a connection that is closing is looked at.
const POLL: Duration = Duration::from_millis(10);
/// Messages of one page, and pages of one channel, that are looked at after a gap.
const PAGE: usize = 100;
const PAGES: usize = 5;
/// Direct conversations that are looked at after a gap, those with the newest messages first.
const DIRECT_MAX: i64 = 200;

/// Close codes after which nothing helps but a person.
fn fatal(code: u16) -> Option<&'static str> {
    match code {
        4_004 => Some("DISCORD_TOKEN is not accepted: copy the bot's token again from Discord's developer portal"),
        4_010 | 4_011 => Some("Discord wants this bot in more shards: restart the house, which asks for the number"),
        4_012 => Some("Discord does not speak this version of its gateway any more: a newer Greenroom is needed"),
        4_013 => Some("Discord does not know the intents that were asked for: this version of Greenroom is too old"),
        4_014 => Some(
            "the message content intent is not switched on in Discord's developer portal (Bot, Privileged Gateway \
             Intents); switch it on, or set DISCORD_MESSAGE_CONTENT=off to be reached by mentions, replies, direct \
             messages and commands alone",
        ),
        _ => None,
    }
}

/// How the house is to connect.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
struct Plan {
    url: String,
    shards: u32,
    session_start_limit: StartLimit,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
struct StartLimit {
    total: u32,
    remaining: u32,
    /// Milliseconds.
    reset_after: u64,
    max_concurrency: u16,
}

/// A session as it is written down.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Kept {
    session: String,
    seq: u64,
    url: String,
    /// Shards there were.
    of: u32,
    /// Until when everything said was taken in, in Unix milliseconds.
    until: i64,
}

/// One frame of the gateway.
#[derive(Deserialize)]
struct Frame<'a> {
    op: u8,
    #[serde(default)]
    s: Option<u64>,
    #[serde(borrow, default)]
    t: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    d: Option<&'a RawValue>,
}

/// Something that happened in a channel, in its order.
enum Event {
    Said(Box<Message>),
    Edited(Box<Message>),
    Deleted(Vec<Flake>),
}

/// One shard at work.
pub(super) struct Listening {
    lanes: Lanes<Flake, (Event, Option<UnderWay>)>,
    progress: Arc<Progress>,
    /// Messages from before this are not looked for, in Unix milliseconds.
    missed_since: AtomicI64,
    /// Guilds in which something may have been missed, until they are told.
    missed: Mutex<HashSet<Flake>>,
    /// Places that are being caught up with.
    catching_up: AtomicUsize,
    /// When the last event came, in Unix milliseconds; 0: none yet.
    heard: AtomicI64,
    is_connected: AtomicBool,
    number: u32,
}

/// A place that is being caught up with, until this is dropped.
struct CatchingUp(Arc<Listening>);

impl CatchingUp {
    fn begin(here: &Arc<Listening>) -> Self {
        here.catching_up.fetch_add(1, Ordering::Relaxed);
        Self(here.clone())
    }
}

impl Drop for CatchingUp {
    fn drop(&mut self) {
        self.0.catching_up.fetch_sub(1, Ordering::Relaxed);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Listening {
    /// Whether this shard hears what happens.
    fn connection(&self, is_connected: bool, change: Connection) {
        // Closed again and again while Discord is away, it was lost once.
        if self.is_connected.swap(is_connected, Ordering::Relaxed) || is_connected {
            metrics::connection(NAME, change);
        }
    }

    pub(super) fn is_connected(&self) -> bool {
        self.is_connected.load(Ordering::Relaxed)
    }

    /// How far the session of a shard, one of `of`, was taken in.
    fn kept<Q>(&self, shard: &Shard<Q>, of: u32) -> Kept {
        // What was missed is missed until it is caught up with.
        let is_behind = self.catching_up.load(Ordering::Relaxed) > 0 || !lock(&self.missed).is_empty();
        let heard = self.heard.load(Ordering::Relaxed);
        let until = if is_behind || heard == 0 { self.missed_since.load(Ordering::Relaxed) } else { heard };
        Kept {
            session: shard.session().map(|session| session.id().to_owned()).unwrap_or_default(),
            seq: self.progress.safe(),
            url: shard.resume_url().unwrap_or_default().to_owned(),
            of,
            until,
        }
    }
}

impl Discord {
    pub(super) async fn run(self: Arc<Self>) {
        let Some((me, plan)) = self.plan().await else { return };
        let limit = plan.session_start_limit;
        tracing::info!(plan.shards, limit.remaining, "connecting to Discord");
        if limit.remaining < plan.shards {
            tracing::warn!(limit.remaining, "Discord allows few connections more until its day is over");
        }
        let allowed = InMemoryQueue::new(
            limit.max_concurrency.max(1),
            limit.remaining.min(limit.total),
            Duration::from_millis(limit.reset_after),
            limit.total,
        );
        let starts = Starts::new(allowed, self.life.clone());
        if let Err(error) = self.register(me).await {
            tracing::error!(error = %error, "the commands could not be registered; the former ones stay");
        }
        for number in 0..plan.shards.max(1) {
            let (here, plan, starts) = (self.clone(), plan.clone(), starts.clone());
            self.life.spawn("discord shard", async move { here.listen(me, &plan, number, starts).await });
        }
    }

    /// Learns who we are and how to connect; `None`: the house stops, or Discord will not have us.
    async fn plan(&self) -> Option<(Me, Plan)> {
        let (soft, mut wait) = (self.life.soft(), FIRST_WAIT);
        loop {
            let asked = async {
                let me = self.introduce().await?;
                let plan = self.rest.call(&Route::new(Method::GET, "gateway/bot", "GET gateway/bot"), None).await?;
                let plan = serde_json::from_value(plan).map_err(|_| RestError::Unsure("the answer is no plan"))?;
                Ok::<(Me, Plan), RestError>((me, plan))
            };
            match asked.await {
                Ok((me, plan)) => {
                    let _ = self.me.set(me);
                    return Some((me, plan));
                }
                Err(RestError::Unauthorized) => {
                    self.give_up(fatal(4_004).unwrap_or_default());
                    return None;
                }
                Err(error) => tracing::warn!(error = %error, "Discord cannot be reached; trying again"),
            }
            tokio::select! {
                () = tokio::time::sleep(wait) => wait = (wait * 2).min(WAIT_MAX),
                () = soft.cancelled() => return None,
            }
        }
    }

    /// Stops the house: only a person can help.
    pub(super) fn give_up(&self, why: &str) {
        tracing::error!(why, "the house cannot stay on Discord");
        let _ = self.fatal.set(why.to_owned());
        self.life.soft().cancel();
    }

    fn intents(&self) -> Intents {
        let usual = Intents::GUILDS | Intents::GUILD_MESSAGES | Intents::DIRECT_MESSAGES | Intents::GUILD_WEBHOOKS;
        if self.options.reads_messages { usual | Intents::MESSAGE_CONTENT } else { usual }
    }

    async fn listen(self: Arc<Self>, me: Me, plan: &Plan, number: u32, starts: Starts) {
        let key = format!("discord.{}.shard.{number}", me.application);
        let Some(kept) = self.session_of(&key).await else { return };
        let mut config = ConfigBuilder::new(self.options.token.expose_secret().to_owned(), self.intents())
            .queue(starts)
            .proxy_url(plan.url.trim_end_matches('/').to_owned());
        let here = Arc::new(Listening {
            lanes: Lanes::default(),
            progress: Arc::default(),
            missed_since: AtomicI64::new(0),
            missed: Mutex::default(),
            catching_up: AtomicUsize::new(0),
            heard: AtomicI64::new(0),
            is_connected: AtomicBool::new(false),
            number,
        });
        lock(&self.shards).push(here.clone());
        if let Some(kept) = &kept {
            here.heard.store(kept.until, Ordering::Relaxed);
            if kept.of == plan.shards && !kept.session.is_empty() {
                config = config.session(Session::new(kept.seq, kept.session.clone()));
                if !kept.url.is_empty() {
                    config = config.resume_url(kept.url.trim_end_matches('/').to_owned());
                }
                drop(here.progress.begin(kept.seq));
            }
        }
        let mut shard = Shard::with_config(ShardId::new(number, plan.shards.max(1)), config.build());
        let soft = self.life.soft();
        let mut ticks = tokio::time::interval(WRITE_DOWN);
        // From here on the house may be killed: what is said after this moment is caught up with.
        let now = self.house().turns.clock.now().0;
        let kept = kept.unwrap_or(Kept { until: now, of: plan.shards, ..Kept::default() });
        here.missed_since.store(kept.until, Ordering::Relaxed);
        self.keep(&key, &kept).await;
        let (tell, told) = tokio::sync::watch::channel(kept);
        let writer = self.clone();
        // A database that stalls must not stall the connection.
        self.life.spawn("discord session", async move { writer.write_down(&key, told).await });
        loop {
            tokio::select! {
                item = shard.next() => match item {
                    None => {
                        if !soft.is_cancelled() {
                            self.give_up("Discord ended the connection for good; see the log for its code");
                        }
                        break;
                    }
                    Some(Ok(GatewayMessage::Text(text))) => self.frame(&here, &text).await,
                    Some(Ok(GatewayMessage::Close(frame))) => {
                        let code = frame.map_or(0, |frame| frame.code);
                        here.connection(false, Connection::Lost);
                        tracing::info!(shard = number, code, "the connection to Discord was closed");
                        if let Some(why) = fatal(code) {
                            self.give_up(why);
                            break;
                        }
                    }
                    // The error's text may hold a message.
                    Some(Err(error)) => tracing::warn!(shard = number, kind = ?error_kind(&error), "the gateway failed"),
                },
                _ = ticks.tick() => {
                    self.proxies.sweep();
                    tell.send_replace(here.kept(&shard, plan.shards));
                }
                () = soft.cancelled() => {
                    self.say_goodbye(&here, &mut shard).await;
                    break;
                }
            }
        }
        let until = Instant::now() + GOODBYE;
        while !here.progress.is_idle() && Instant::now() < until {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        tell.send_replace(here.kept(&shard, plan.shards));
    }

    /// Closes a connection so that Discord keeps its session for the next start.
    async fn say_goodbye(self: &Arc<Self>, here: &Arc<Listening>, shard: &mut Shard<Starts>) {
        let until = Instant::now() + GOODBYE;
        shard.close(CloseFrame::RESUME);
        // Polled by hand: once it is closed, the shard would connect again.
        while Instant::now() < until {
            if let Poll::Ready(Some(Ok(GatewayMessage::Text(text)))) = futures::poll!(shard.next()) {
                self.frame(here, &text).await;
            }
            if !shard.state().is_identified() {
                break;
            }
            tokio::time::sleep(POLL).await;
        }
        // What was written has to leave before the connection does.
        tokio::time::sleep(POLL).await;
    }

    /// The session that was kept under `key`, once the database says; `None`: the house stops.
    async fn session_of(&self, key: &str) -> Option<Option<Kept>> {
        let soft = self.life.soft();
        loop {
            match meta::get(&self.house().db, key).await {
                Ok(kept) => return Some(kept.and_then(|kept| serde_json::from_str(&kept).ok())),
                Err(error) => crate::ops_error("discord session", &error),
            }
            soft.run_until_cancelled(tokio::time::sleep(FIRST_WAIT)).await?;
        }
    }

    /// Writes down how far a shard's session was taken in, whenever it got further.
    async fn write_down(&self, key: &str, mut told: tokio::sync::watch::Receiver<Kept>) {
        let mut written = told.borrow().clone();
        loop {
            let is_over = told.changed().await.is_err();
            let kept = told.borrow_and_update().clone();
            if kept != written && self.keep(key, &kept).await {
                written = kept;
            }
            if is_over {
                return;
            }
        }
    }

    /// Writes a session down; whether it could be.
    async fn keep(&self, key: &str, kept: &Kept) -> bool {
        let (key, value) = (key.to_owned(), serde_json::to_string(kept).expect("a session is always JSON"));
        let writing = self.house().db.write(move |tx| Box::pin(async move { meta::set(tx, &key, &value).await }));
        writing.await.inspect_err(|error| crate::ops_error("discord session", error)).is_ok()
    }

    /// Takes one frame; what needs its order goes into its lane.
    async fn frame(self: &Arc<Self>, here: &Arc<Listening>, text: &str) {
        let Ok(frame) = serde_json::from_str::<Frame>(text) else { return };
        if frame.op == INVALID_SESSION {
            metrics::connection(NAME, Connection::Refused);
        }
        let (0, Some(kind), Some(data)) = (frame.op, frame.t.as_deref(), frame.d) else { return };
        metrics::event(NAME, of_kind(kind));
        let under_way = frame.s.map(|seq| here.progress.begin(seq));
        let now = self.house().turns.clock.now().0;
        let heard_before = here.heard.swap(now, Ordering::Relaxed);
        let data = data.get();
        match kind {
            "READY" => {
                here.connection(true, Connection::Made);
                // Another session: its numbers begin anew.
                drop(under_way);
                here.progress.restart();
                drop(here.progress.begin(frame.s.unwrap_or(1)));
                tracing::info!(shard = here.number, "Discord is connected");
                // Nothing was heard before the very first session: there is nothing to catch up with.
                if heard_before > 0 {
                    let since = (heard_before - OVERLAP_MILLIS).max(now - MISSED_MAX_MILLIS);
                    here.missed_since.store(since, Ordering::Relaxed);
                    let ready: Value = serde_json::from_str(data).unwrap_or_default();
                    let guilds = ready["guilds"].as_array().into_iter().flatten();
                    *lock(&here.missed) = guilds.filter_map(|guild| flake_of(&guild["id"])).collect();
                    if here.number == 0 {
                        let catching_up = CatchingUp::begin(here);
                        let discord = self.clone();
                        let catch_up = async move { discord.catch_up_direct(&catching_up).await };
                        self.life.spawn("discord catch-up", catch_up);
                    }
                }
            }
            "RESUMED" => {
                // The session went on: nothing was missed.
                lock(&here.missed).clear();
                here.connection(true, Connection::Resumed);
                tracing::info!(shard = here.number, "the session with Discord goes on");
            }
            "GUILD_CREATE" => {
                if let Ok(guild) = serde_json::from_str::<Guild>(data) {
                    self.guild(here, &guild);
                }
            }
            "GUILD_DELETE" => {
                if let Ok(guild) = serde_json::from_str::<Guild>(data)
                    && !guild.unavailable
                {
                    self.channels.remove_guild(guild.id);
                }
            }
            "GUILD_ROLE_CREATE" | "GUILD_ROLE_UPDATE" => {
                let Ok(value) = serde_json::from_str::<Value>(data) else { return };
                if let (Some(guild), Ok(role)) =
                    (flake_of(&value["guild_id"]), serde_json::from_value::<Role>(value["role"].clone()))
                {
                    self.channels.add_role(guild, &role);
                }
            }
            "CHANNEL_CREATE" | "CHANNEL_UPDATE" | "THREAD_CREATE" | "THREAD_UPDATE" => {
                if let Ok(channel) = serde_json::from_str::<Channel>(data) {
                    self.channels.add(&channel);
                    self.webhooks.reconsider(channel.id);
                }
            }
            "CHANNEL_DELETE" | "THREAD_DELETE" => {
                if let Ok(channel) = serde_json::from_str::<Channel>(data) {
                    self.channels.remove(channel.id);
                    self.webhooks.forget(channel.id);
                }
            }
            "THREAD_LIST_SYNC" => {
                let Ok(value) = serde_json::from_str::<Value>(data) else { return };
                for thread in value["threads"].as_array().into_iter().flatten() {
                    if let Ok(thread) = serde_json::from_value::<Channel>(thread.clone()) {
                        self.channels.add(&Channel { guild_id: flake_of(&value["guild_id"]), ..thread });
                    }
                }
            }
            "WEBHOOKS_UPDATE" => {
                let channel = serde_json::from_str::<Value>(data).ok().and_then(|value| flake_of(&value["channel_id"]));
                if let Some(channel) = channel {
                    self.webhooks.reconsider(channel);
                }
            }
            "MESSAGE_CREATE" => {
                if let Ok(message) = serde_json::from_str::<Message>(data) {
                    self.channels.note_message(message.channel_id, message.id);
                    self.queue(here, message.channel_id, Event::Said(Box::new(message)), under_way);
                }
            }
            "MESSAGE_UPDATE" => {
                if let Ok(message) = serde_json::from_str::<Message>(data) {
                    self.queue(here, message.channel_id, Event::Edited(Box::new(message)), under_way);
                }
            }
            "MESSAGE_DELETE" | "MESSAGE_DELETE_BULK" => {
                if let Ok(deleted) = serde_json::from_str::<Deleted>(data) {
                    self.queue(here, deleted.channel_id, Event::Deleted(deleted.all()), under_way);
                }
            }
            "INTERACTION_CREATE" => {
                let Ok(value) = serde_json::from_str::<Value>(data) else { return };
                let discord = self.clone();
                self.life.spawn("discord interaction", async move {
                    discord.interaction(&value).await;
                    drop(under_way);
                });
            }
            _ => {}
        }
    }

    fn queue(self: &Arc<Self>, here: &Arc<Listening>, channel: Flake, event: Event, under_way: Option<UnderWay>) {
        if !here.lanes.push(channel, (event, under_way)) {
            return;
        }
        let (discord, here) = (self.clone(), here.clone());
        self.life.spawn("discord lane", async move {
            while let Some((event, under_way)) = here.lanes.pop(&channel) {
                match event {
                    Event::Said(message) => {
                        discord.said(*message, under_way).await;
                        continue;
                    }
                    Event::Edited(message) => discord.edited(*message).await,
                    Event::Deleted(ids) => discord.deleted(&ids).await,
                }
                drop(under_way);
            }
        });
    }

    fn guild(self: &Arc<Self>, here: &Arc<Listening>, guild: &Guild) {
        if guild.unavailable {
            return;
        }
        self.channels.add_guild(guild);
        // A guild that was not there before had nothing to miss.
        if !lock(&here.missed).remove(&guild.id) {
            return;
        }
        let since = here.missed_since.load(Ordering::Relaxed);
        let missed = self.channels.newer_than(guild.id, first_of(since));
        if missed.is_empty() {
            return;
        }
        let (discord, catching_up, guild) = (self.clone(), CatchingUp::begin(here), guild.id);
        self.life.spawn("discord catch-up", async move {
            for channel in missed {
                discord.catch_up(&catching_up.0, channel, Some(guild), since).await;
            }
        });
    }

    /// Takes in what was said in direct conversations while nobody listened.
    async fn catch_up_direct(self: &Arc<Self>, CatchingUp(here): &CatchingUp) {
        let since = here.missed_since.load(Ordering::Relaxed);
        let known = places::direct(&self.house().db, super::NAME, DIRECT_MAX).await.unwrap_or_default();
        for channel in known.iter().filter_map(|subject| subject.parse().ok()) {
            self.channels.add_direct(channel);
            self.catch_up(here, channel, None, since).await;
        }
    }

    /// Takes in what was said in a channel since `since`; what was taken in before is recognised.
    async fn catch_up(self: &Arc<Self>, here: &Arc<Listening>, channel: Flake, guild: Option<Flake>, since: i64) {
        let mut after = first_of(since);
        for _ in 0..PAGES {
            if self.life.soft().is_cancelled() {
                return;
            }
            let route =
                Route::channel(Method::GET, &channel.to_string(), &format!("messages?after={after}&limit={PAGE}"));
            let Ok(Value::Array(found)) = self.rest.call(&route, None).await else { return };
            let is_full = found.len() == PAGE;
            let mut found: Vec<Message> =
                found.into_iter().filter_map(|message| serde_json::from_value(message).ok()).collect();
            found.sort_unstable_by_key(|message| message.id);
            let Some(last) = found.last().map(|message| message.id) else { return };
            after = last;
            for message in found {
                let message = Message { guild_id: guild, channel_id: channel, ..message };
                self.queue(here, channel, Event::Said(Box::new(message)), None);
            }
            if !is_full {
                return;
            }
        }
        tracing::warn!("a channel had more messages than are caught up with; the newest are left out");
    }
}

/// What an event of the gateway counts as.
fn of_kind(kind: &str) -> metrics::Event {
    match kind {
        "MESSAGE_CREATE" => metrics::Event::Said,
        "MESSAGE_UPDATE" => metrics::Event::Edited,
        "MESSAGE_DELETE" | "MESSAGE_DELETE_BULK" => metrics::Event::Deleted,
        "INTERACTION_CREATE" => metrics::Event::Asked,
        _ => metrics::Event::Other,
    }
}

/// The kind of a gateway error, without what it holds.
fn error_kind(error: &twilight_gateway::error::ReceiveMessageError) -> &'static str {
    use twilight_gateway::error::ReceiveMessageErrorType as Kind;
    match error.kind() {
        Kind::Deserializing { .. } => "not read",
        Kind::Reconnect => "no connection",
        _ => "other",
    }
}
