//! Everything the fake knows, behind one lock.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use serde_json::Value;
use tokio::sync::Notify;

use crate::faults::Faults;
use crate::gateway::{Gate, Session};
use crate::limits::Limits;
use crate::openapi::{self, Document};
use crate::play::Play;
use crate::request::Request;
use crate::time;

/// A person, a bot, or the bot.
#[derive(Clone, Debug)]
pub(crate) struct User {
    pub id: u64,
    pub name: String,
    pub is_bot: bool,
    pub locale: String,
    pub takes_messages: bool,
}

#[derive(Clone, Debug)]
pub(crate) struct Role {
    pub id: u64,
    pub name: String,
    pub permissions: u64,
    pub mentionable: bool,
    pub managed: bool,
}

#[derive(Clone, Debug)]
pub(crate) struct Member {
    pub roles: Vec<u64>,
    pub nick: Option<String>,
    /// Milliseconds since 1970.
    pub joined: u64,
}

#[derive(Clone, Debug)]
pub(crate) struct Guild {
    pub id: u64,
    pub name: String,
    pub owner: u64,
    pub locale: String,
    pub roles: BTreeMap<u64, Role>,
    pub members: BTreeMap<u64, Member>,
    pub available: bool,
}

/// What an overwrite of a role (0) or member (1) allows and denies.
#[derive(Clone, Debug, Default)]
pub(crate) struct Overwrite {
    pub kind: u8,
    pub allow: u64,
    pub deny: u64,
}

/// A channel, a thread or a direct message.
#[derive(Clone, Debug, Default)]
pub(crate) struct Channel {
    pub id: u64,
    pub kind: u8,
    pub guild: Option<u64>,
    pub parent: Option<u64>,
    pub name: String,
    pub topic: Option<String>,
    pub nsfw: bool,
    pub overwrites: BTreeMap<u64, Overwrite>,
    pub last_message: Option<u64>,
    /// Who began the thread.
    pub owner: Option<u64>,
    pub archived: bool,
    pub locked: bool,
    /// Members of the thread.
    pub members: BTreeSet<u64>,
    pub messages: u64,
    /// The other end of a direct message.
    pub recipient: Option<u64>,
    pub applied_tags: Vec<u64>,
}

impl Channel {
    pub fn is_thread(&self) -> bool {
        matches!(self.kind, 10..=12)
    }

    /// Whether it holds posts, not messages.
    pub fn is_forum(&self) -> bool {
        matches!(self.kind, 15 | 16)
    }
}

#[derive(Clone, Debug)]
pub(crate) struct Webhook {
    pub id: u64,
    pub token: String,
    pub channel: u64,
    pub guild: u64,
    pub name: String,
    /// A hash.
    pub avatar: Option<String>,
    /// The application that made it; `None`: a person did.
    pub application: Option<u64>,
    pub creator: u64,
}

/// A message and what only the fake knows of it.
#[derive(Clone, Debug)]
pub(crate) struct Stored {
    pub value: Value,
    pub at: Instant,
    pub edits: usize,
    pub pings: Pings,
    /// The only person who sees it.
    pub ephemeral_to: Option<u64>,
    /// The picture that an execution of a webhook asked for.
    pub avatar_url: Option<String>,
}

/// Whom a message pings.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Pings {
    pub users: Vec<u64>,
    pub roles: Vec<u64>,
    pub everyone: bool,
}

/// A file that somebody uploads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    pub name: String,
    pub content_type: String,
    pub bytes: Vec<u8>,
}

impl File {
    /// A plain text.
    pub fn text(name: &str, text: &str) -> Self {
        let content_type = "text/plain; charset=utf-8".to_owned();
        Self { name: name.to_owned(), content_type, bytes: text.as_bytes().to_vec() }
    }
}

/// A broken rule.
#[derive(Clone, Debug)]
pub(crate) struct Breach {
    pub line: String,
    /// The interaction that it concerns.
    pub play: Option<u64>,
}

pub(crate) struct World {
    pub address: SocketAddr,
    pub application: u64,
    pub bot: u64,
    /// Who owns the application.
    pub developer: u64,
    pub token: String,
    pub users: BTreeMap<u64, User>,
    pub guilds: BTreeMap<u64, Guild>,
    pub channels: BTreeMap<u64, Channel>,
    pub webhooks: BTreeMap<u64, Webhook>,
    /// Webhooks that were answered with 404.
    pub dead_webhooks: BTreeSet<u64>,
    pub messages: BTreeMap<u64, Stored>,
    pub files: BTreeMap<u64, File>,
    /// Addresses of files up to this id are no longer good.
    pub files_expired_to: u64,
    /// Attachments that somebody uploaded for a command or modal.
    pub uploads: BTreeMap<u64, Value>,
    /// As Discord returns them; those of guilds have `guild_id`.
    /// Users who installed the application for themselves.
    pub installed_by: std::collections::BTreeSet<u64>,
    pub commands: Vec<Value>,
    pub command_writes: usize,
    /// New commands so far, of every guild and of all together (`None`).
    pub command_creates: BTreeMap<Option<u64>, usize>,
    pub emojis: Vec<Value>,
    pub plays: BTreeMap<u64, Play>,
    pub typing: Vec<(u64, Instant)>,
    /// Messages by channel and nonce.
    pub nonces: BTreeMap<(u64, String), (Instant, u64)>,
    pub requests: Vec<Request>,
    pub breaches: Vec<Breach>,
    pub forgiven: Vec<String>,
    pub invalid_requests: usize,
    pub sessions: Vec<Session>,
    pub gate: Gate,
    pub faults: Faults,
    pub limits: Limits,
    pub document: Option<Document>,
    last_id: u64,
    last_user_id: u64,
    last_guild_id: u64,
}

/// How old the accounts and guilds are, in milliseconds.
const A_YEAR: u64 = 365 * 86_400_000;

impl World {
    pub fn new(address: SocketAddr) -> Self {
        let mut world = Self {
            address,
            application: 0,
            bot: 0,
            developer: 0,
            token: String::new(),
            users: BTreeMap::new(),
            guilds: BTreeMap::new(),
            channels: BTreeMap::new(),
            webhooks: BTreeMap::new(),
            dead_webhooks: BTreeSet::new(),
            messages: BTreeMap::new(),
            files: BTreeMap::new(),
            files_expired_to: 0,
            uploads: BTreeMap::new(),
            installed_by: std::collections::BTreeSet::new(),
            commands: Vec::new(),
            command_writes: 0,
            command_creates: BTreeMap::new(),
            emojis: Vec::new(),
            plays: BTreeMap::new(),
            typing: Vec::new(),
            nonces: BTreeMap::new(),
            requests: Vec::new(),
            breaches: Vec::new(),
            forgiven: Vec::new(),
            invalid_requests: 0,
            sessions: Vec::new(),
            gate: Gate::default(),
            faults: Faults::default(),
            limits: Limits::default(),
            document: openapi::from_environment(),
            last_id: 0,
            last_user_id: time::snowflake(time::now() - 2 * A_YEAR),
            last_guild_id: time::snowflake(time::now() - A_YEAR),
        };
        world.application = world.user_id();
        world.bot = world.user_id();
        let secret = world.secret(44);
        let (timestamp, tail) = secret.split_at(6);
        world.token = format!("{}.{timestamp}.{tail}", base64(world.application.to_string().as_bytes()));
        world.developer = world.user_id();
        let (bot, developer) = (world.bot, world.developer);
        world.users.insert(developer, User::new(developer, "Developer", false));
        world.users.insert(bot, User::new(bot, "Greenroom", true));
        world
    }

    /// A new id of now.
    pub fn id(&mut self) -> u64 {
        self.last_id = (self.last_id + 1).max(time::snowflake(time::now()));
        self.last_id
    }

    /// A new id of a user, of long ago.
    pub fn user_id(&mut self) -> u64 {
        self.last_user_id += 1 << 22;
        self.last_user_id
    }

    /// A new id of a guild, one millisecond after the one before: neighbours fall on different shards.
    pub fn guild_id(&mut self) -> u64 {
        self.last_guild_id += 1 << 22;
        self.last_guild_id
    }

    /// Characters that nobody guesses, the same in every run of a world.
    pub fn secret(&mut self, length: usize) -> String {
        const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        let mut random = Random::new(self.id() ^ 0x5eed);
        (0..length).map(|_| char::from(LETTERS[random.below(LETTERS.len())])).collect()
    }

    pub fn breach(&mut self, line: impl Into<String>) {
        self.breaches.push(Breach { line: line.into(), play: None });
    }

    pub fn breach_of(&mut self, play: u64, line: impl Into<String>) {
        self.breaches.push(Breach { line: line.into(), play: Some(play) });
    }
}

impl User {
    pub fn new(id: u64, name: &str, is_bot: bool) -> Self {
        Self { id, name: name.to_owned(), is_bot, locale: "en-US".to_owned(), takes_messages: true }
    }
}

/// The world and the bell that rings when it changes.
pub(crate) struct Shared {
    world: Mutex<World>,
    pub changed: Notify,
}

impl Shared {
    pub fn new(world: World) -> Self {
        Self { world: Mutex::new(world), changed: Notify::new() }
    }

    /// Looks at the world.
    pub fn look<T>(&self, look: impl FnOnce(&World) -> T) -> T {
        look(&self.lock())
    }

    /// Changes the world and rings the bell.
    pub fn change<T>(&self, change: impl FnOnce(&mut World) -> T) -> T {
        let result = change(&mut self.lock());
        self.changed.notify_waiters();
        result
    }

    /// Changes what nobody waits for.
    pub fn quietly<T>(&self, change: impl FnOnce(&mut World) -> T) -> T {
        change(&mut self.lock())
    }

    fn lock(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A repeatable source of chance (SplitMix64).
#[derive(Clone, Debug)]
pub(crate) struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(limit.max(1)).unwrap_or(1)).unwrap_or(0)
    }

    /// Whether something of this probability happens now.
    pub fn happens(&mut self, probability: f64) -> bool {
        #[expect(clippy::cast_precision_loss, reason = "53 bits fit")]
        let unit = (self.next() >> 11) as f64 / (1_u64 << 53) as f64;
        unit < probability
    }
}

pub(crate) fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    bytes
        .chunks(3)
        .flat_map(|chunk| {
            let bits = chunk.iter().fold(0_u32, |bits, &byte| bits << 8 | u32::from(byte)) << (8 * (3 - chunk.len()));
            (0..=chunk.len()).map(move |at| char::from(LETTERS[(bits >> (18 - 6 * at) & 63) as usize]))
        })
        .collect()
}
