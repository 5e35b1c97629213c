//! A scripted OpenAI-compatible server on loopback, for tests: every answer and every fault on request.
//!
//! [`FakeLlm::start`], [`FakeLlm::then`] what it should answer, point the provider at [`FakeLlm::url`], and look at
//! [`FakeLlm::seen`] afterwards. With nothing scripted it echoes. See `answer` for the faults.

mod answer;
mod embed;
mod serve;

use std::collections::VecDeque;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

pub use answer::Answer;
pub use embed::{DIMENSION, embedding};
use serde_json::Value;
use tokio::net::TcpListener;

/// A request as the server saw it.
#[derive(Clone, Debug)]
pub struct Seen {
    pub path: String,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    /// `Null` where there was none or no JSON.
    pub body: Value,
    /// When the request had arrived.
    pub at: Instant,
    /// When the first byte of the answer's body was handed out.
    pub first_byte: Option<Instant>,
}

impl Seen {
    /// A header by its name in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The last line of the prompt.
    pub fn last_line(&self) -> &str {
        last_line(&self.body)
    }
}

type Handler = dyn Fn(&Value) -> Answer + Send + Sync;

struct State {
    script: Mutex<VecDeque<Answer>>,
    otherwise: Mutex<Arc<Handler>>,
    models: Mutex<Vec<String>>,
    /// Keys that are accepted; `None`: any or none.
    keys: Mutex<Option<Vec<String>>>,
    seen: Mutex<Vec<Seen>>,
}

/// The server; it stops when this is dropped.
pub struct FakeLlm {
    address: SocketAddr,
    state: Arc<State>,
    task: tokio::task::JoinHandle<()>,
}

impl FakeLlm {
    /// Starts a server on a free port of 127.0.0.1. It echoes until something else is scripted.
    ///
    /// # Panics
    /// When no port of the loopback interface can be had.
    pub async fn start() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a free port on loopback");
        let address = listener.local_addr().expect("a bound listener has an address");
        let state = Arc::new(State {
            script: Mutex::default(),
            otherwise: Mutex::new(Arc::new(echo)),
            models: Mutex::new(vec!["fake-model".to_owned()]),
            keys: Mutex::default(),
            seen: Mutex::default(),
        });
        #[expect(clippy::disallowed_methods, reason = "a test server has no Life; it ends with its handle")]
        let task = tokio::spawn(serve::run(listener, state.clone()));
        Self { address, state, task }
    }

    /// The address of a port where nothing listens.
    ///
    /// # Panics
    /// When no port of the loopback interface can be had.
    pub async fn refusing() -> String {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a free port on loopback");
        format!("http://{}/v1", listener.local_addr().expect("a bound listener has an address"))
    }

    /// The base URL, with `/v1`.
    pub fn url(&self) -> String {
        format!("http://{}/v1", self.address)
    }

    /// The port.
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// Answers the next chat request that nothing is scripted for yet with `answer`.
    pub fn then(&self, answer: Answer) -> &Self {
        lock(&self.state.script).push_back(answer);
        self
    }

    /// Answers every chat request beyond the script with what `handler` makes of its body.
    pub fn otherwise(&self, handler: impl Fn(&Value) -> Answer + Send + Sync + 'static) -> &Self {
        *lock(&self.state.otherwise) = Arc::new(handler);
        self
    }

    /// Lists these models.
    pub fn list_models(&self, models: &[&str]) -> &Self {
        *lock(&self.state.models) = models.iter().map(|name| (*name).to_owned()).collect();
        self
    }

    /// Refuses every request that does not carry one of these keys, with 401.
    pub fn only_for(&self, keys: &[&str]) -> &Self {
        *lock(&self.state.keys) = Some(keys.iter().map(|&key| key.to_owned()).collect());
        self
    }

    /// Every request so far, oldest first.
    pub fn seen(&self) -> Vec<Seen> {
        lock(&self.state.seen).clone()
    }

    /// What has arrived since the last time this was asked.
    pub fn take_seen(&self) -> Vec<Seen> {
        std::mem::take(&mut *lock(&self.state.seen))
    }

    /// How many chat requests have arrived.
    pub fn chats(&self) -> usize {
        lock(&self.state.seen).iter().filter(|seen| seen.path.ends_with("/chat/completions")).count()
    }

    /// How many scripted answers are left.
    pub fn left(&self) -> usize {
        lock(&self.state.script).len()
    }
}

impl Drop for FakeLlm {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Answers `Echo: ` and the last line of the prompt: what the server does unless told otherwise.
pub fn echo(body: &Value) -> Answer {
    Answer::text(&format!("Echo: {}", last_line(body)))
}

fn last_line(body: &Value) -> &str {
    let last = body["messages"].as_array().and_then(|messages| messages.last());
    last.and_then(|message| message["content"].as_str()).unwrap_or_default()
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
