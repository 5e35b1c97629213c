//! A strict Discord for tests: its REST interface and its gateway on one port of the loopback interface, and the people
//! in it. What Discord refuses is refused as Discord does, and everything a bot should not do leaves a line in
//! [`FakeDiscord::violations`].

// For the long objects in json!.
#![recursion_limit = "256"]

mod acts;
mod compose;
mod faults;
mod gateway;
mod http;
mod interaction;
mod limits;
mod line;
mod modal;
mod openapi;
mod options;
mod people;
pub mod permissions;
mod play;
pub mod pluralkit;
mod refusal;
mod request;
mod rest;
mod rules;
mod seen;
mod standstill;
mod state;
mod time;
mod views;
mod world;

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::task::JoinHandle;

pub use faults::{Fault, FaultKind, RandomFaults};
pub use gateway::{Cut, Disorder, Resume};
pub use interaction::Interaction;
pub use people::{ForeignWebhook, Post};
pub use pluralkit::{FakePluralKit, PLURALKIT_APPLICATION, Plan};
pub use request::Request;
pub use seen::Message;
pub use state::File;
pub use world::{Kind, Who};

use line::Cutters;
use state::{Shared, World};

/// The server; it stops when the last handle is dropped.
#[derive(Clone)]
pub struct FakeDiscord(Arc<Server>);

struct Server {
    shared: Arc<Shared>,
    cutters: Arc<Cutters>,
    tasks: [JoinHandle<()>; 2],
}

impl FakeDiscord {
    /// Starts on a free port of 127.0.0.1, with a bot and nobody else.
    ///
    /// # Panics
    /// When no port of the loopback interface can be had.
    pub async fn start() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a free port on loopback");
        let address = listener.local_addr().expect("a bound listener has an address");
        let shared = Arc::new(Shared::new(World::new(address)));
        let cutters = Arc::new(Cutters::default());
        let lines = line::Lines::of(listener, cutters.clone());
        let released = gateway::release_now_and_then(shared.clone());
        #[expect(clippy::disallowed_methods, reason = "a test server has no Life; it ends with its handle")]
        let tasks = [tokio::spawn(http::run(lines, shared.clone())), tokio::spawn(released)];
        Self(Arc::new(Server { shared, cutters, tasks }))
    }

    /// Stops the server and cuts every connection.
    pub fn stop(&self) {
        self.0.stop();
    }

    pub(crate) fn shared(&self) -> &Shared {
        &self.0.shared
    }

    /// `http://127.0.0.1:PORT`: the REST interface is below `/api/v10`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address())
    }

    /// `127.0.0.1:PORT`
    pub fn address(&self) -> String {
        self.shared().look(|world| world.address.to_string())
    }

    /// `ws://127.0.0.1:PORT`, as `GET /gateway` tells.
    pub fn gateway_url(&self) -> String {
        format!("ws://{}", self.address())
    }

    /// The only token that is accepted, without `Bot `.
    pub fn token(&self) -> String {
        self.shared().look(|world| world.token.clone())
    }

    pub fn application_id(&self) -> u64 {
        self.shared().look(|world| world.application)
    }

    pub fn bot_id(&self) -> u64 {
        self.shared().look(|world| world.bot)
    }

    /// The user who owns the application.
    pub fn developer(&self) -> u64 {
        self.shared().look(|world| world.developer)
    }

    /// Milliseconds between heartbeats, told to every new connection.
    pub fn heartbeat_interval(&self, milliseconds: u64) {
        self.shared().change(|world| world.gate.heartbeat_interval = milliseconds);
    }

    /// Whether the application may use the intent for message content; it may at first.
    pub fn message_content_allowed(&self, allowed: bool) {
        self.allow_intent(gateway::Intent::MESSAGE_CONTENT, allowed);
    }

    /// Whether the application may use the intent for members; it may not at first.
    pub fn members_allowed(&self, allowed: bool) {
        self.allow_intent(gateway::Intent::GUILD_MEMBERS, allowed);
    }

    fn allow_intent(&self, intent: u64, allowed: bool) {
        self.shared().change(|world| {
            let privileged = &mut world.gate.privileged;
            *privileged = if allowed { *privileged | intent } else { *privileged & !intent };
        });
    }

    /// What `GET /gateway/bot` recommends and the gateway enforces.
    pub fn shards(&self, count: u64, max_concurrency: u64) {
        self.shared().change(|world| {
            world.gate.shards = count;
            world.gate.max_concurrency = max_concurrency.max(1);
        });
    }

    /// The time within which no more than `max_concurrency` sessions may begin; almost five seconds at first.
    pub fn identify_window(&self, window: Duration) {
        self.shared().change(|world| world.gate.identify_window = window);
    }

    /// How many sessions may begin today.
    pub fn session_start_limit(&self, remaining: u64) {
        self.shared().change(|world| world.gate.starts_left = remaining);
    }

    /// Refuses the next sessions that begin, as Discord does on a bad day: each with an invalid session.
    pub fn refuse_sessions(&self, count: u64) {
        self.shared().change(|world| world.gate.refusals_left = count);
    }
}

impl Server {
    fn stop(&self) {
        self.tasks.iter().for_each(JoinHandle::abort);
        self.shared.change(|world| world.sessions.clear());
        self.cutters.cut_all();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop();
    }
}
