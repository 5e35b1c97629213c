//! The homeserver.

use std::fs;
use std::net::{Ipv4Addr, TcpListener};
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use ring::hmac;
use ring::rand::{SecureRandom, SystemRandom};
use rustix::process::Signal;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::sync::OnceCell;

use crate::config::{self, Limits, SERVER_NAME, Setup};
use crate::http::{Http, Refusal};
use crate::process::{Process, tail};
use crate::venv;

/// How long Synapse may take until it answers; it needs four seconds on a machine with nothing else to do.
const START_WITHIN: Duration = Duration::from_secs(240);

/// How long Synapse may take to end in order.
const STOP_WITHIN: Duration = Duration::from_secs(60);

/// Between two looks whether it answers.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// Ports below those that systems give to outgoing connections, so that ours is still free after a restart.
const PORTS: std::ops::Range<u16> = 18_000..32_000;

/// The account that does what only administrators may.
const WARDEN: &str = "warden";

/// Whether a user administers the homeserver.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    User,
    Admin,
}

/// A user as registration gives it, logged in on a device.
#[derive(Clone, Debug)]
pub struct Account {
    pub user_id: String,
    pub device_id: String,
    pub access_token: String,
}

/// A homeserver with its data in a temporary folder. It ends when this is dropped.
pub struct Synapse {
    // Before the folder: a running server would miss it.
    process: Mutex<Option<Process>>,
    pub(crate) python: PathBuf,
    folder: TempDir,
    url: String,
    secret: String,
    http: Http,
    warden: String,
}

impl Synapse {
    /// Starts one on a free port of 127.0.0.1, with nobody but an administrator in it.
    ///
    /// # Panics
    /// When its virtualenv cannot be made, or it does not start; with its log.
    pub async fn start(limits: Limits) -> Self {
        Self::with(Setup { limits, ..Setup::default() }).await
    }

    /// The one without limits that the tests of a binary share. Names of users have to be different in each test.
    ///
    /// # Panics
    /// When it does not start, or a test before stopped it.
    pub async fn shared() -> &'static Self {
        static SHARED: OnceCell<Synapse> = OnceCell::const_new();
        let shared = SHARED.get_or_init(|| Self::start(Limits::None)).await;
        assert!(shared.process().is_some(), "a test that stops its homeserver has to start one of its own");
        shared
    }

    /// # Panics
    /// As [`Synapse::start`].
    pub async fn with(setup: Setup) -> Self {
        let python = venv::python().await;
        let folder = tempfile::Builder::new().prefix("matrix-town-").tempdir().expect("a temporary folder");
        let secret = random_name();
        let port = free_port();
        let url = format!("http://127.0.0.1:{port}");
        let path = |name: &str| folder.path().join(name);
        let write = |name: &str, text: &str| {
            fs::write(path(name), text).expect("the temporary folder can be written to");
            name.to_owned()
        };
        let appservices = setup.appservices.iter().enumerate();
        let appservices: Vec<_> =
            appservices.map(|(at, registration)| write(&format!("appservice-{at}.yaml"), registration)).collect();
        write("homeserver.yaml", &config::homeserver(&setup, port, &secret, &appservices).to_string());
        write("log.yaml", &config::logging(&path("synapse.log")).to_string());
        write("serve.py", include_str!("serve.py"));
        let http = Http::to(&url);
        let process = Mutex::new(None);
        let mut synapse = Self { process, python, folder, url, secret, http, warden: String::new() };
        synapse.start_again().await;
        // That it knows our secret shows that no other server took the port.
        synapse.warden = synapse.register(WARDEN, "of the town", Role::Admin).await.access_token;
        synapse
    }

    /// `http://127.0.0.1:PORT`; the same after a restart.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The part of ids behind the colon.
    pub fn server_name(&self) -> &str {
        SERVER_NAME
    }

    /// `@name:server`
    pub fn user_id(&self, name: &str) -> String {
        format!("@{name}:{SERVER_NAME}")
    }

    /// The token of an administrator.
    pub fn admin_token(&self) -> &str {
        &self.warden
    }

    /// A request of an administrator: `path` begins with `/_synapse/admin/`, or with another interface.
    ///
    /// # Errors
    /// What Synapse says against it.
    pub async fn admin(&self, method: &str, path: &str, body: Value) -> Result<Value, Refusal> {
        self.call(&self.warden, method, path, body).await
    }

    /// A request with any token, an application service's for example; with none when it is empty.
    ///
    /// # Errors
    /// What Synapse says against it.
    pub async fn call(&self, token: &str, method: &str, path: &str, body: Value) -> Result<Value, Refusal> {
        self.http.call(method, path, token, &body).await
    }

    /// Registers a user, whose name must be new.
    ///
    /// # Panics
    /// When Synapse refuses.
    pub async fn register(&self, name: &str, password: &str, role: Role) -> Account {
        self.try_register(name, password, role).await.unwrap_or_else(|refusal| panic!("registering {name}: {refusal}"))
    }

    pub(crate) async fn try_register(&self, name: &str, password: &str, role: Role) -> Result<Account, Refusal> {
        let path = "/_synapse/admin/v1/register";
        let nonce = self.http.call("GET", path, "", &Value::Null).await?;
        let nonce = nonce["nonce"].as_str().expect("Synapse gives a nonce");
        let word = if role == Role::Admin { "admin" } else { "notadmin" };
        let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, self.secret.as_bytes());
        let mac = hmac::sign(&key, [nonce, name, password, word].join("\0").as_bytes());
        let body = json!({
            "nonce": nonce, "username": name, "password": password, "admin": role == Role::Admin, "mac": hex(mac.as_ref()),
        });
        let made = self.http.call("POST", path, "", &body).await?;
        let part = |name: &str| made[name].as_str().unwrap_or_else(|| panic!("no {name} in {made}")).to_owned();
        Ok(Account { user_id: part("user_id"), device_id: part("device_id"), access_token: part("access_token") })
    }

    /// Ends it in order and starts it again with the same data and port.
    ///
    /// # Panics
    /// When it does not start.
    pub async fn restart(&self) {
        self.stop().await;
        self.start_again().await;
    }

    /// Ends it in order; nobody answers on its port until [`Synapse::start_again`].
    pub async fn stop(&self) {
        let process = self.process().take();
        if let Some(process) = process {
            process.stop(STOP_WITHIN).await;
        }
    }

    /// Starts it with the data it had, and waits until it answers.
    ///
    /// # Panics
    /// When it is running, or does not start.
    pub async fn start_again(&self) {
        let folder = self.folder.path();
        let output = folder.join("output.log");
        {
            let mut process = self.process();
            assert!(process.is_none(), "the homeserver is running already");
            *process = Some(Process::start(&self.python, &folder.join("serve.py"), folder, &output));
        }
        let until = Instant::now() + START_WITHIN;
        while !self.http.is_healthy(Duration::from_secs(2)).await {
            let ended = self.process().as_mut().and_then(Process::ended);
            assert!(ended.is_none() && Instant::now() < until, "Synapse did not start ({ended:?})\n{}", self.log());
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    /// Takes its time away (SIGSTOP): connections stay open, and are accepted, but nothing is answered.
    ///
    /// # Panics
    /// When it is stopped.
    pub fn pause(&self) {
        self.running(|process| process.signal(Signal::STOP));
    }

    /// Gives its time back after [`Synapse::pause`].
    ///
    /// # Panics
    /// When it is stopped.
    pub fn resume(&self) {
        self.running(|process| process.signal(Signal::CONT));
    }

    /// The end of what it logged, warnings and worse.
    pub fn log(&self) -> String {
        let of = |name| tail(&self.folder.path().join(name));
        of("synapse.log") + &of("output.log")
    }

    fn running(&self, act: impl FnOnce(&Process)) {
        act(self.process().as_ref().expect("the homeserver is stopped"));
    }

    fn process(&self) -> MutexGuard<'_, Option<Process>> {
        self.process.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A port where nobody listens.
fn free_port() -> u16 {
    let is_free = |port: &u16| TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_ok();
    let mut ports = std::iter::repeat_with(|| {
        let [high, low] = random();
        PORTS.start + u16::from_be_bytes([high, low]) % (PORTS.end - PORTS.start)
    });
    ports.by_ref().take(1000).find(is_free).expect("one of a thousand ports of 127.0.0.1 is free")
}

fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    SystemRandom::new().fill(&mut bytes).expect("the system has randomness");
    bytes
}

/// A secret, or a name that nobody else has.
pub(crate) fn random_name() -> String {
    hex(&random::<8>())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::human::Human;

    #[tokio::test]
    async fn programs_end_when_whoever_started_them_is_gone() {
        let synapse = Synapse::start(Limits::None).await;
        let human = Human::login(&synapse, "alice").await;
        let mut process = synapse.process().take().unwrap();
        // What the system does to the pipes of a process that is killed.
        drop(process.pipes());
        let until = Instant::now() + Duration::from_secs(60);
        while process.ended().is_none() || synapse.folder.path().exists() {
            assert!(Instant::now() < until, "the homeserver or its folder is still there");
            tokio::time::sleep(LOOK_EVERY).await;
        }
        assert!(human.loses_its_line().await && !human.folder().exists(), "the client or its folder is still there");
    }
}
