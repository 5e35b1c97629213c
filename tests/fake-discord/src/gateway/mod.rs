//! The gateway: sessions, what they may see, and the connections that carry them.

mod connection;
mod deliver;
mod intents;

use std::time::{Duration, Instant};

use serde_json::Value;
use tokio::sync::mpsc::UnboundedSender;

pub(crate) use connection::connect;
pub(crate) use deliver::{Audience, release_now_and_then};
pub use deliver::{Cut, Disorder};
pub(crate) use intents::Intent;

use crate::state::Random;

/// What the world hands to a connection.
#[derive(Debug)]
pub(crate) enum Out {
    Text(String),
    Close(u16, &'static str),
    /// Ends it without a close frame.
    Cut,
}

/// A resume that a client tried.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resume {
    pub session_id: String,
    pub seq: u64,
    /// The path of the connection: `/resume` where the client uses `resume_gateway_url`.
    pub path: String,
    /// Whether the session was still there.
    pub resumed: bool,
}

/// A dispatch that was numbered for a session.
#[derive(Clone, Debug)]
pub(crate) struct Logged {
    pub seq: u64,
    /// Empty: never sent again.
    pub frame: String,
}

/// A session; it outlives its connections.
#[derive(Debug)]
pub(crate) struct Session {
    pub id: String,
    pub shard: u64,
    pub shards: u64,
    pub intents: u64,
    pub log: Vec<Logged>,
    /// The last number that went out.
    pub sent: u64,
    pub live: Option<UnboundedSender<Out>>,
    /// Tells connections of the same session apart.
    pub connection: u64,
    /// A dispatch that waits to be overtaken by the next.
    pub held_back: Option<(String, Value)>,
}

/// What the gateway is set to and has seen.
#[derive(Debug)]
pub(crate) struct Gate {
    pub heartbeat_interval: u64,
    /// Privileged intents that the application may use.
    pub privileged: u64,
    pub withholds_acks: bool,
    pub holds_events: bool,
    pub disorder: Option<(Disorder, Random)>,
    pub shards: u64,
    pub max_concurrency: u64,
    /// Within this time no more than `max_concurrency` sessions may begin.
    pub identify_window: Duration,
    pub starts_left: u64,
    /// Sessions that are refused before one is let in again.
    pub refusals_left: u64,
    pub identifies: Vec<Value>,
    /// Sessions that began lately, and their shards.
    pub starts: Vec<(Instant, u64)>,
    pub resumes: Vec<Resume>,
    pub close_codes: Vec<Option<u16>>,
    pub heartbeats: usize,
    pub connections: u64,
}

impl Default for Gate {
    fn default() -> Self {
        Self {
            heartbeat_interval: 41_250,
            privileged: Intent::MESSAGE_CONTENT,
            withholds_acks: false,
            holds_events: false,
            disorder: None,
            shards: 1,
            max_concurrency: 1,
            identify_window: Duration::from_millis(4_900),
            starts_left: 1_000,
            refusals_left: 0,
            identifies: Vec::new(),
            starts: Vec::new(),
            resumes: Vec::new(),
            close_codes: Vec::new(),
            heartbeats: 0,
            connections: 0,
        }
    }
}

impl Gate {
    /// Flags of the application that follow from its privileged intents; it is small, so they are the limited ones.
    pub fn application_flags(&self) -> u64 {
        let flag = |intent: u64, flag: u64| if self.privileged & intent == 0 { 0 } else { flag };
        flag(Intent::MESSAGE_CONTENT, 1 << 19)
            | flag(Intent::GUILD_MEMBERS, 1 << 15)
            | flag(Intent::GUILD_PRESENCES, 1 << 13)
    }
}
