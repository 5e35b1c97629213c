//! A human at a Matrix client: how it comes, goes and looks. What it does is in `acts.rs` and `conduct.rs`.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::event::Event;
use crate::http::{Http, Refusal};
use crate::line::{Line, Sights, log_in};
use crate::process::tail;
use crate::seen::Seen;
use crate::synapse::{Role, Synapse, random_name};

/// How long a client may take for one request; it tries thrice for twenty seconds when a server does not answer.
const ANSWER_WITHIN: Duration = Duration::from_secs(180);

/// How long what has to come may take, where a test names no time itself.
pub(crate) const PATIENCE: Duration = Duration::from_secs(120);

/// The least time between two looks at what was seen.
const LOOK_EVERY: Duration = Duration::from_millis(1);

/// A user on a device of its own. Its client reads along all the time; it ends when this is dropped.
pub struct Human {
    // Before the folder: a running client would miss it.
    line: Mutex<Option<Line>>,
    sights: Arc<Sights>,
    folder: TempDir,
    python: PathBuf,
    http: Http,
    base: String,
    name: String,
    password: String,
    user_id: String,
    device_id: String,
    token: String,
    /// Makes the ids of transactions differ, also from those of a human before with the same device.
    run: String,
    transactions: AtomicU64,
}

impl Human {
    /// Logs in on a new device, after registering the name if nobody has it.
    ///
    /// # Panics
    /// When the homeserver refuses.
    pub async fn login(synapse: &Synapse, name: &str) -> Self {
        let password = format!("{name} of the town");
        match synapse.try_register(name, &password, Role::User).await {
            Err(refusal) if refusal.code != "M_USER_IN_USE" => panic!("registering {name}: {refusal}"),
            Ok(_) | Err(_) => Self::with_password(synapse, name, &password).await,
        }
    }

    /// Logs in on a new device of a user who is registered.
    ///
    /// # Panics
    /// When the homeserver refuses.
    pub async fn with_password(synapse: &Synapse, name: &str, password: &str) -> Self {
        let folder = tempfile::Builder::new().prefix("matrix-human-").tempdir().expect("a temporary folder");
        fs::write(folder.path().join("human.py"), include_str!("human.py")).expect("the folder can be written to");
        let mut human = Self {
            line: Mutex::new(None),
            sights: Arc::default(),
            folder,
            python: synapse.python.clone(),
            http: Http::to(synapse.url()),
            base: synapse.url().to_owned(),
            name: name.to_owned(),
            password: password.to_owned(),
            user_id: String::new(),
            device_id: String::new(),
            token: String::new(),
            run: random_name(),
            transactions: AtomicU64::new(0),
        };
        human.open();
        let login = json!({"base": human.base, "user": name, "password": password});
        let account = human.ask("login", login).await;
        let account = account.unwrap_or_else(|refusal| panic!("{name} cannot log in: {refusal}"));
        let part = |part: &str| account[part].as_str().unwrap_or_else(|| panic!("no {part} in {account}")).to_owned();
        (human.user_id, human.device_id, human.token) = (part("user_id"), part("device_id"), part("access_token"));
        human
    }

    /// `@name:server`
    pub fn id(&self) -> &str {
        &self.user_id
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    pub fn device_id(&self) -> &str {
        &self.device_id
    }

    pub fn access_token(&self) -> &str {
        &self.token
    }

    /// Kills the client, as a crash or a flat battery would. What comes meanwhile is seen after
    /// [`Human::start_again`].
    pub fn stop(&self) {
        drop(self.line().take());
    }

    /// Starts the client with the store that it had.
    ///
    /// # Panics
    /// When it is running, or does not start.
    pub async fn start_again(&self) {
        assert!(self.line().is_none(), "the client of {} is running already", self.name);
        self.open();
        let device = json!({"base": self.base, "user_id": self.user_id, "device_id": self.device_id, "access_token": self.token});
        let resumed = self.ask("resume", device).await;
        resumed.unwrap_or_else(|refusal| panic!("{} cannot come back: {refusal}\n{}", self.name, self.log()));
    }

    /// Kills the client and starts it with the same store.
    ///
    /// # Panics
    /// When it does not start.
    pub async fn restart(&self) {
        self.stop();
        self.start_again().await;
    }

    /// A look at what was seen until now.
    pub fn look<T>(&self, look: impl FnOnce(&Seen) -> T) -> T {
        self.sights.look(look)
    }

    /// All messages of a room that were seen, edits among them, in order.
    pub fn messages(&self, room: &str) -> Vec<Event> {
        self.look(|seen| seen.messages(room).cloned().collect())
    }

    /// Who is typing in a room now.
    pub fn typing_in(&self, room: &str) -> Vec<String> {
        self.look(|seen| seen.typing_in(room).to_vec())
    }

    /// Waits until something is found in what was seen. `find` must not use this human.
    ///
    /// # Panics
    /// When nothing is found in time, with what was seen.
    pub async fn until<T>(&self, mut find: impl FnMut(&Seen) -> Option<T>, within: Duration) -> T {
        let until = tokio::time::Instant::now() + within;
        loop {
            let more = self.sights.more.notified();
            tokio::pin!(more);
            more.as_mut().enable();
            if let Some(found) = self.look(&mut find) {
                return found;
            }
            if tokio::time::timeout_at(until, more).await.is_err() {
                let summary = self.look(Seen::summary);
                panic!("{} did not see it within {within:?}\n{summary}{}", self.name, self.log());
            }
            // Events come in flocks.
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    /// A request to the homeserver with this human's token; `path` begins behind `/_matrix/client`, and ids in it are
    /// [`encoded`](crate::encoded). A body of null is left out.
    ///
    /// # Errors
    /// What the homeserver says against it.
    pub async fn call(&self, method: &str, path: &str, body: Value) -> Result<Value, Refusal> {
        self.http.call(method, &format!("/_matrix/client{path}"), &self.token, &body).await
    }

    /// Asks the client for something.
    pub(crate) async fn ask(&self, act: &str, request: Value) -> Result<Value, Refusal> {
        let answer = {
            let mut line = self.line();
            let line = line.as_mut().unwrap_or_else(|| panic!("the client of {} is stopped", self.name));
            line.ask(act, request)
        };
        match tokio::time::timeout(ANSWER_WITHIN, answer).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(_)) => {
                let ended = self.line().as_mut().and_then(Line::ended);
                panic!("the client of {} ended ({ended:?}) while asked to {act}\n{}", self.name, self.log());
            }
            Err(_) => panic!("the client of {} took too long to {act}\n{}", self.name, self.log()),
        }
    }

    /// Something that no request of this user had before.
    pub(crate) fn transaction(&self) -> String {
        format!("{}-{}", self.run, self.transactions.fetch_add(1, Ordering::Relaxed))
    }

    pub(crate) fn password(&self) -> &str {
        &self.password
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    fn open(&self) {
        *self.line() = Some(Line::open(&self.python, self.folder.path(), &self.sights));
    }

    fn log(&self) -> String {
        tail(&log_in(self.folder.path()))
    }

    fn line(&self) -> MutexGuard<'_, Option<Line>> {
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
impl Human {
    /// Whether the client ends when its line does.
    pub(crate) async fn loses_its_line(&self) -> bool {
        let line = self.line().take();
        line.expect("it is running").cut().await
    }
}
