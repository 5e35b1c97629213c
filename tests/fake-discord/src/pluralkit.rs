//! A strict PluralKit: who is behind a proxied message.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::extract::{ConnectInfo, Path, State};
use axum::http::HeaderMap;
use axum::response::Response;
use axum::routing::get;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::line::{Cutters, Lines, OwnLine};
use crate::time::{iso, made_at};

/// The application that owns PluralKit's webhooks.
pub const PLURALKIT_APPLICATION: u64 = 466_378_653_216_014_359;

/// Lookups of messages within a second.
const MOST_PER_SECOND: usize = 10;

/// How PluralKit is doing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Plan {
    #[default]
    Fine,
    /// The first lookups of each message find nothing: the row lags behind the message.
    MissingFirst(usize),
    /// Every answer takes this long.
    Slow(Duration),
    /// The next lookups are refused with 429.
    Limited(usize),
    /// Every answer is 500.
    Down,
    /// The connection breaks.
    Gone,
    /// The member was deleted since.
    NullMember,
}

struct Row {
    original: u64,
    proxied: u64,
    sender: u64,
    member: String,
    channel: u64,
    guild: u64,
}

#[derive(Default)]
struct Kit {
    plan: Plan,
    systems: BTreeMap<u64, Value>,
    members: BTreeMap<String, Value>,
    rows: Vec<Row>,
    /// Message, time and User-Agent of each lookup.
    lookups: Vec<(u64, Instant, String)>,
    /// How often a message was looked up in vain under [`Plan::MissingFirst`].
    missed: BTreeMap<u64, usize>,
    /// Whether originals are too old to be found.
    originals_expired: bool,
    violations: Vec<String>,
}

type Shared = Arc<Mutex<Kit>>;

/// The server; it stops when the last handle is dropped.
#[derive(Clone)]
pub struct FakePluralKit(Arc<Server>);

struct Server {
    address: SocketAddr,
    kit: Shared,
    cutters: Arc<Cutters>,
    task: JoinHandle<()>,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
        self.cutters.cut_all();
    }
}

impl FakePluralKit {
    /// Starts on a free port of 127.0.0.1 and knows nobody.
    ///
    /// # Panics
    /// When no port of the loopback interface can be had.
    pub async fn start() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a free port on loopback");
        let address = listener.local_addr().expect("a bound listener has an address");
        let kit = Shared::default();
        let cutters = Arc::new(Cutters::default());
        let routes = Router::new().route("/v2/messages/{id}", get(lookup)).fallback(unknown).with_state(kit.clone());
        let service = routes.into_make_service_with_connect_info::<OwnLine>();
        let lines = Lines::of(listener, cutters.clone());
        #[expect(clippy::disallowed_methods, reason = "a test server has no Life; it ends with its handle")]
        let task = tokio::spawn(async move {
            // An error here is the listener's end, which is the test's end.
            let _ = axum::serve(lines, service).await;
        });
        Self(Arc::new(Server { address, kit, cutters, task }))
    }

    fn kit(&self) -> MutexGuard<'_, Kit> {
        lock(&self.0.kit)
    }

    /// The base URL, with `/v2`.
    pub fn url(&self) -> String {
        format!("http://{}/v2", self.0.address)
    }

    /// Gives a user a system; returns its five letters.
    pub fn system(&self, sender: u64) -> String {
        let mut kit = self.kit();
        let id = letters(kit.systems.len());
        let system = json!({
            "id": id, "uuid": uuid(sender), "name": format!("System {id}"), "description": null, "tag": null,
            "pronouns": null, "avatar_url": null, "banner": null, "color": null, "created": null, "webhook_url": null,
            "privacy": null,
        });
        kit.systems.insert(sender, system);
        id
    }

    /// Adds a member to the system of a user.
    pub fn member(&self, sender: u64, uuid: &str, name: &str, pronouns: Option<&str>) {
        let mut kit = self.kit();
        assert!(kit.systems.contains_key(&sender), "the user {sender} has a system before it has members");
        let id = letters(1_000 + kit.members.len());
        let member = json!({
            "id": id, "uuid": uuid, "name": name, "display_name": null, "color": null, "birthday": null,
            "pronouns": pronouns, "avatar_url": null, "webhook_avatar_url": null, "banner": null, "description": null,
            "created": null, "proxy_tags": [{"prefix": "x:", "suffix": null}], "keep_proxy": false, "tts": false,
            "autoproxy_enabled": null, "message_count": null, "last_message_timestamp": null, "privacy": null,
        });
        kit.members.insert(uuid.to_owned(), member);
    }

    /// Remembers that `original` of `sender` was replaced by `proxied`.
    pub fn record(&self, original: u64, proxied: u64, sender: u64, member: &str, channel: u64, guild: u64) {
        let member = member.to_owned();
        self.kit().rows.push(Row { original, proxied, sender, member, channel, guild });
    }

    /// Forgets a proxied message, as after its deletion.
    pub fn forget(&self, proxied: u64) {
        self.kit().rows.retain(|row| row.proxied != proxied);
    }

    /// From now on messages are found by their proxied id only, as after thirty minutes.
    pub fn expire_originals(&self) {
        self.kit().originals_expired = true;
    }

    pub fn plan(&self, plan: Plan) {
        let mut kit = self.kit();
        kit.plan = plan;
        kit.missed.clear();
    }

    /// Message, time and User-Agent of each lookup so far.
    pub fn lookups(&self) -> Vec<(u64, Instant, String)> {
        self.kit().lookups.clone()
    }

    /// Broken rules: no User-Agent, more than ten lookups within a second, routes that do not exist.
    pub fn violations(&self) -> Vec<String> {
        self.kit().violations.clone()
    }
}

fn lock(kit: &Mutex<Kit>) -> MutexGuard<'_, Kit> {
    kit.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn unknown(State(kit): State<Shared>, request: axum::extract::Request) -> Response {
    lock(&kit).violations.push(format!("{} {}: no such route", request.method(), request.uri().path()));
    answer(404, &json!({"message": "404: Not Found", "code": 0}))
}

async fn lookup(
    State(kit): State<Shared>,
    ConnectInfo(line): ConnectInfo<OwnLine>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Response {
    let agent = headers.get("user-agent").and_then(|agent| agent.to_str().ok()).unwrap_or_default().to_owned();
    let (plan, result) = {
        let mut kit = lock(&kit);
        let result = kit.lookup(&id, &agent);
        (kit.plan, result)
    };
    match plan {
        Plan::Slow(wait) => tokio::time::sleep(wait).await,
        Plan::Gone => {
            line.0.cut();
            std::future::pending::<()>().await;
        }
        _ => {}
    }
    answer(result.0, &result.1)
}

fn answer(status: u16, body: &Value) -> Response {
    let response = Response::builder().status(status).header("content-type", "application/json");
    let body = if body.is_null() { Body::empty() } else { Body::from(body.to_string()) };
    response.body(body).expect("statuses of the fake are valid")
}

impl Kit {
    fn lookup(&mut self, id: &str, agent: &str) -> (u16, Value) {
        if agent.is_empty() {
            self.violations.push(format!("GET /messages/{id}: no User-Agent"));
            return (400, Value::Null);
        }
        let not_found = (404, json!({"message": "Message not found.", "code": 20006}));
        let Ok(id) = id.parse::<u64>() else { return (400, json!({"message": "400: Bad Request", "code": 0})) };
        let now = Instant::now();
        let within_second = self.lookups.iter().filter(|(_, at, _)| now - *at < Duration::from_secs(1)).count();
        self.lookups.push((id, now, agent.to_owned()));
        if within_second >= MOST_PER_SECOND {
            self.violations.push("more than ten lookups within a second".to_owned());
            return limited();
        }
        match &mut self.plan {
            Plan::Down => return (500, json!({"message": "500: Internal Server Error", "code": 0})),
            Plan::Limited(left) if *left > 0 => {
                *left -= 1;
                return limited();
            }
            Plan::MissingFirst(times) => {
                let missed = self.missed.entry(id).or_default();
                if *missed < *times {
                    *missed += 1;
                    return not_found;
                }
            }
            _ => {}
        }
        let is_meant = |row: &&Row| row.proxied == id || row.original == id && !self.originals_expired;
        let Some(row) = self.rows.iter().find(is_meant) else { return not_found };
        let member = self.members.get(&row.member).filter(|_| self.plan != Plan::NullMember);
        let system = self.systems.get(&row.sender);
        (
            200,
            json!({
                "timestamp": iso(made_at(row.proxied)), "id": row.proxied.to_string(), "original": row.original.to_string(),
                "sender": row.sender.to_string(), "channel": row.channel.to_string(), "guild": row.guild.to_string(),
                "system": system, "member": member,
            }),
        )
    }
}

/// 429 as PluralKit sends it: the time is in milliseconds and stands in the body alone.
fn limited() -> (u16, Value) {
    (429, json!({"message": "429: too many requests", "retry_after": 250, "code": 0}))
}

fn letters(mut number: usize) -> String {
    let letter = |number: usize| char::from(b'a' + u8::try_from(number % 26).unwrap_or(0));
    let mut id = String::new();
    for _ in 0..5 {
        id.push(letter(number));
        number /= 26;
    }
    id
}

fn uuid(seed: u64) -> String {
    format!("00000000-0000-4000-8000-{:012x}", seed & 0xffff_ffff_ffff)
}
