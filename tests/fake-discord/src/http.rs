//! The door: every request comes in here, is checked, recorded and answered.

use std::sync::Arc;
use std::time::Instant;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::ws::WebSocketUpgrade;
use axum::extract::{ConnectInfo, FromRequestParts as _, State};
use axum::http::{HeaderMap, Request as HttpRequest};
use axum::response::Response;
use serde_json::{Value, json};

use crate::faults::Trouble;
use crate::gateway;
use crate::limits;
use crate::line::{Lines, OwnLine};
use crate::refusal::{Refusal, Reply};
use crate::request::{Call, Request};
use crate::rules::message::LARGEST_REQUEST;
use crate::state::{Shared, World};

/// Largest body that is read at all, in bytes.
const MOST_READ: usize = 64 * 1024 * 1024;

/// Serves until it is dropped.
pub(crate) async fn run(lines: Lines, shared: Arc<Shared>) {
    let service = Router::new().fallback(enter).with_state(shared).into_make_service_with_connect_info::<OwnLine>();
    // An error here is the listener's end, which is the test's end.
    let _ = axum::serve(lines, service).await;
}

async fn enter(
    State(shared): State<Arc<Shared>>,
    ConnectInfo(line): ConnectInfo<OwnLine>,
    request: HttpRequest<Body>,
) -> Response {
    let (mut parts, body) = request.into_parts();
    let path = parts.uri.path().to_owned();
    let query = parts.uri.query().unwrap_or_default().to_owned();
    if parts.headers.contains_key("upgrade") {
        return match WebSocketUpgrade::from_request_parts(&mut parts, &shared).await {
            Ok(upgrade) => {
                let path = if path.len() > 1 { path.trim_end_matches('/').to_owned() } else { path };
                upgrade.on_upgrade(move |socket| gateway::connect(socket, shared, path, query))
            }
            Err(refused) => axum::response::IntoResponse::into_response(refused),
        };
    }
    let bytes = axum::body::to_bytes(body, MOST_READ).await.unwrap_or_default();
    let method = parts.method.as_str();
    let call = Call::read(method, without_version(&path), &query, parts.headers, bytes).await;
    let at = Instant::now();
    let is_download = call.is_download();
    let trouble = shared.change(|world| world.trouble(&call));
    let (status, headers, reply) = match trouble {
        Some(Trouble::Drop) => {
            shared.change(|world| world.record(&call, 0, at));
            return hang_up(&line).await;
        }
        Some(Trouble::Delay(wait)) => {
            tokio::time::sleep(wait).await;
            if is_download {
                return attachment(&shared, &call, at);
            }
            shared.change(|world| world.answer(&call, at))
        }
        Some(Trouble::LostAfterCommit) => {
            if !is_download {
                shared.change(|world| world.answer(&call, at));
            }
            return hang_up(&line).await;
        }
        Some(Trouble::Answer { status, headers, body }) => {
            shared.change(|world| world.record(&call, status, at));
            (status, headers, body)
        }
        None if is_download => return attachment(&shared, &call, at),
        None => shared.change(|world| world.answer(&call, at)),
    };
    respond(status, headers, reply)
}

/// The path without `/api` and `/v10`.
fn without_version(path: &str) -> &str {
    path.strip_prefix("/api/v10").or_else(|| path.strip_prefix("/api")).unwrap_or(path)
}

/// Ends the connection; the response is never seen.
async fn hang_up(line: &OwnLine) -> Response {
    line.0.cut();
    std::future::pending().await
}

fn respond(status: u16, headers: Vec<(String, String)>, body: Value) -> Response {
    let mut response = Response::builder().status(status);
    for (name, value) in headers {
        response = response.header(name, value);
    }
    if body.is_null() {
        return response.body(Body::empty()).expect("statuses and headers of the fake are valid");
    }
    // A text stands for the page of a proxy in front of Discord.
    let (content_type, body) = match body {
        Value::String(page) => ("text/html", page),
        body => ("application/json", body.to_string()),
    };
    let response = response.header("content-type", content_type);
    response.body(Body::from(body)).expect("statuses and headers of the fake are valid")
}

fn attachment(shared: &Shared, call: &Call, at: Instant) -> Response {
    let id = call.parts.get(2).and_then(|id| id.parse::<u64>().ok());
    let file = shared.change(|world| {
        let file = id.filter(|&id| id > world.files_expired_to).and_then(|id| world.files.get(&id).cloned());
        world.record(call, if file.is_some() { 200 } else { 404 }, at);
        file
    });
    match file {
        Some(file) => Response::builder()
            .header("content-type", file.content_type)
            .body(Body::from(Bytes::from(file.bytes)))
            .unwrap_or_default(),
        None => respond(404, Vec::new(), json!({"message": "This content is no longer available."})),
    }
}

/// Whether the path carries its own token, so that no Authorization is needed.
fn has_own_token(call: &Call) -> bool {
    match call.parts.first().map(String::as_str) {
        Some("interactions") => true,
        Some("webhooks") => call.parts.len() >= 3,
        Some("gateway") => call.parts.len() == 1,
        _ => false,
    }
}

impl World {
    /// Status, headers and body of the answer; records the request and what was wrong with it.
    fn answer(&mut self, call: &Call, at: Instant) -> (u16, Vec<(String, String)>, Value) {
        self.check_manners(call);
        let (allowed, headers) = self.limit(call);
        if let Err((retry_after, scope)) = allowed {
            if scope != "shared" {
                self.invalid_requests += 1;
            }
            self.record(call, 429, at);
            let (headers, body) = limits::too_many(headers, retry_after, scope);
            return (429, headers, body);
        }
        let result = self.admit(call).and_then(|()| self.route(call));
        if result.is_ok() {
            self.validate(call);
        }
        let (status, body) = match result {
            Ok(Reply::Json(status, body)) => (status, body),
            Ok(Reply::Empty) => (204, Value::Null),
            Err(refusal) => {
                self.note_refusal(call, &refusal);
                (refusal.status, refusal.body())
            }
        };
        self.record(call, status, at);
        (status, headers, body)
    }

    fn note_refusal(&mut self, call: &Call, refusal: &Refusal) {
        if matches!(refusal.status, 401 | 403) {
            self.invalid_requests += 1;
        }
        let line = format!("{}: {}", call.title(), refusal.line());
        match self.play_of(call) {
            Some(play) => self.breach_of(play, line),
            None => self.breach(line),
        }
        let is_webhook = call.parts.first().is_some_and(|part| part == "webhooks");
        if refusal.code == 10015
            && is_webhook
            && let Some(id) = call.parts.get(1).and_then(|id| id.parse().ok())
        {
            self.dead_webhooks.insert(id);
        }
    }

    /// What Discord asks of every client but does not always refuse.
    fn check_manners(&mut self, call: &Call) {
        let agent = call.header("user-agent").unwrap_or_default();
        if !agent.starts_with("DiscordBot (") {
            self.breach(format!("{}: User-Agent {agent:?} is not DiscordBot (url, version)", call.title()));
        }
        let is_webhook = call.parts.first().is_some_and(|part| part == "webhooks");
        let webhook = call.parts.get(1).and_then(|id| id.parse::<u64>().ok());
        if webhook.is_some_and(|id| is_webhook && self.dead_webhooks.contains(&id)) {
            self.breach(format!("{}: the webhook is used again after a 404", call.title()));
        }
    }

    fn admit(&mut self, call: &Call) -> Result<(), Refusal> {
        if call.header("user-agent").is_none_or(str::is_empty) {
            return Err(Refusal::new(403, 40333, "internal network error").hint("no User-Agent"));
        }
        let authorization = call.header("authorization");
        let is_right = authorization.and_then(|value| value.strip_prefix("Bot ")) == Some(&self.token);
        if !is_right && (authorization.is_some() || !has_own_token(call)) {
            return Err(Refusal::new(401, 0, "401: Unauthorized"));
        }
        if call.size > LARGEST_REQUEST {
            return Err(Refusal::new(413, 40005, "Request entity too large").hint("more than 25 MiB"));
        }
        if let Some(what) = &call.malformed {
            return Err(Refusal::new(400, 50109, "The request body contains invalid JSON.").hint(what.clone()));
        }
        Ok(())
    }

    /// Keeps what arrived and how it was answered.
    fn record(&mut self, call: &Call, status: u16, at: Instant) {
        let request = Request {
            method: call.method.clone(),
            path: call.path.clone(),
            query: call.query.clone(),
            body: call.body.clone(),
            files: call.files.iter().map(|(_, file)| file.name.clone()).collect(),
            status,
            at,
            bucket: limits::bucket(call),
            headers: headers(&call.headers),
        };
        self.requests.push(request);
    }
}

fn headers(headers: &HeaderMap) -> Vec<(String, String)> {
    let of = |(name, value): (&axum::http::HeaderName, &axum::http::HeaderValue)| {
        (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned())
    };
    headers.iter().map(of).collect()
}
