//! Discord's REST interface: one way to call it, and its failures sorted by what can be done about them.
//!
//! Bodies and answers are plain JSON: Discord adds fields and kinds faster than any library's types follow.

use std::time::Duration;

use anyhow::Context as _;
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderValue};
use reqwest::{Method, StatusCode};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;
use tokio::time::Instant;

use super::limits::{Limits, Seen};
use crate::ops::metrics;

/// Where Discord is, unless the settings name another address.
const HOME: &str = "https://discord.com";
/// Who asks, as Discord wants it said.
const USER_AGENT: &str = concat!("DiscordBot (Greenroom, ", env!("CARGO_PKG_VERSION"), ")");
/// Longest wait for a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Longest wait for an answer to one request.
const TIMEOUT: Duration = Duration::from_secs(10);
/// Longest wait for a request's turn under Discord's limits.
const PATIENCE: Duration = Duration::from_secs(30);

/// Why a request failed. It never says more than this: bodies may hold messages, paths hold tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RestError {
    /// Discord turned it down: the status and its own code, 0 where it gave none.
    #[error("refused with status {status}, code {code}")]
    Refused { status: u16, code: u64 },
    /// Nothing was sent, or it was turned away: not before this many milliseconds.
    #[error("rate limited for {after_millis} ms")]
    Limited { after_millis: u64 },
    /// The token is not accepted.
    #[error("the token is not accepted")]
    Unauthorized,
    /// It may have been carried out or not.
    #[error("{0}")]
    Unsure(&'static str),
}

impl RestError {
    /// Discord's own code, where it gave one.
    pub fn code(self) -> u64 {
        match self {
            Self::Refused { code, .. } => code,
            Self::Unauthorized | Self::Unsure(_) | Self::Limited { .. } => 0,
        }
    }
}

/// What to call: a method and a path below `/api/v10/`.
#[derive(Clone, Debug)]
pub struct Route {
    method: Method,
    path: String,
    /// What Discord counts together: the route with the id it is limited by.
    bucket: String,
    /// The path holds a token of its own, which stands in for ours.
    is_own_token: bool,
    /// Answers to interactions have seconds to live and are not counted against the limit of all requests.
    is_urgent: bool,
    /// What metrics call it.
    kind: &'static str,
}

impl Route {
    /// A route: `path` as it is called, `bucket` as it is counted.
    pub fn new(method: Method, path: impl Into<String>, bucket: impl Into<String>) -> Self {
        let (path, bucket) = (path.into(), bucket.into());
        Self { method, path, bucket, is_own_token: false, is_urgent: false, kind: "other" }
    }

    /// A route of a channel; `rest` is what follows its id, counted by its first word.
    pub fn channel(method: Method, channel: &str, rest: &str) -> Self {
        let counted = rest.split(['/', '?']).next().unwrap_or_default();
        let bucket = format!("{method} channels/{channel}/{counted}");
        Self { kind: "channel", ..Self::new(method, format!("channels/{channel}/{rest}"), bucket) }
    }

    /// A route of a webhook with its token.
    pub fn webhook(method: Method, id: &str, token: &str, rest: &str) -> Self {
        let bucket = format!("{method} webhooks/{id}");
        let route = Self::new(method, format!("webhooks/{id}/{token}{rest}"), bucket);
        Self { is_own_token: true, kind: "webhook", ..route }
    }

    /// The answer to an interaction.
    pub fn callback(id: &str, token: &str) -> Self {
        let path = format!("interactions/{id}/{token}/callback");
        Self { is_own_token: true, is_urgent: true, kind: "interaction", ..Self::new(Method::POST, path, "") }
    }

    /// What follows the answer to an interaction; the token dies within minutes.
    pub fn follow_up(method: Method, application: &str, token: &str, rest: &str) -> Self {
        let path = format!("webhooks/{application}/{token}{rest}");
        Self { is_own_token: true, is_urgent: true, kind: "interaction", ..Self::new(method, path, "") }
    }
}

/// A file that goes with a request.
#[derive(Clone, Debug)]
pub struct Upload {
    pub name: String,
    pub content: Vec<u8>,
}

/// A client of Discord's REST interface.
pub struct Rest {
    http: reqwest::Client,
    base: String,
    authorization: HeaderValue,
    limits: Limits,
}

impl Rest {
    /// A client for a token; `url` stands in place of `https://discord.com`.
    ///
    /// # Errors
    /// When the token has characters that no token has.
    pub fn new(token: &SecretString, url: Option<&str>) -> anyhow::Result<Self> {
        let mut authorization = HeaderValue::from_str(&format!("Bot {}", token.expose_secret().trim()))
            .ok()
            .context("DISCORD_TOKEN has characters that no token has; copy it again")?;
        authorization.set_sensitive(true);
        // Another caller may have installed it already, which is just as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .user_agent(USER_AGENT)
            .tcp_nodelay(true)
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(TIMEOUT);
        // A plain-HTTP address needs no certificate store, which may be missing and takes time to load.
        let http = if url.is_some() { http.tls_certs_only([]) } else { http };
        let http = http.build().context("setting up TLS; on a bare system, install the package `ca-certificates`")?;
        metrics::rest_begins();
        let base = format!("{}/api/v10/", url.unwrap_or(HOME).trim_end_matches('/'));
        Ok(Self { http, base, authorization, limits: Limits::default() })
    }

    /// Calls a route and returns what it answers; `Null` where it answers nothing.
    ///
    /// # Errors
    /// See [`RestError`].
    pub async fn call(&self, route: &Route, body: Option<&Value>) -> Result<Value, RestError> {
        self.call_with_files(route, body, &[]).await
    }

    /// Calls a route with files beside its body.
    ///
    /// # Errors
    /// See [`RestError`].
    pub async fn call_with_files(
        &self,
        route: &Route,
        body: Option<&Value>,
        files: &[Upload],
    ) -> Result<Value, RestError> {
        let until = Instant::now() + PATIENCE;
        loop {
            let began = Instant::now();
            let waited = self.limits.wait(&route.bucket, route.is_urgent, until).await;
            metrics::rest_waited(route.kind, began.elapsed());
            waited.map_err(|wait| RestError::Limited { after_millis: millis(wait) })?;
            let answer = self.once(route, body, files).await;
            let outcome = match &answer {
                Ok(_) => "ok",
                Err(RestError::Limited { .. }) => "limited",
                Err(RestError::Refused { .. } | RestError::Unauthorized) => "refused",
                Err(RestError::Unsure(_)) => "unsure",
            };
            metrics::rest_request(route.kind, outcome);
            match &answer {
                // What is not counted by us has to be waited out here.
                Err(RestError::Limited { after_millis }) => {
                    let again = Instant::now() + Duration::from_millis(*after_millis);
                    if again > until {
                        return answer;
                    }
                    if route.bucket.is_empty() {
                        tokio::time::sleep_until(again).await;
                    }
                }
                _ => return answer,
            }
        }
    }

    /// Fetches a file from what stands in Discord's place.
    ///
    /// # Errors
    /// See [`RestError`]; also when it is larger than `limit` bytes.
    pub async fn download(&self, url: &str, limit: usize) -> Result<Vec<u8>, RestError> {
        let broken = |_| RestError::Unsure("the connection failed");
        let answer = self.http.get(url).send().await.map_err(broken)?;
        if !answer.status().is_success() {
            return Err(RestError::Refused { status: answer.status().as_u16(), code: 0 });
        }
        let content = answer.bytes().await.map_err(broken)?;
        if content.len() > limit { Err(RestError::Refused { status: 413, code: 0 }) } else { Ok(content.to_vec()) }
    }

    async fn once(&self, route: &Route, body: Option<&Value>, files: &[Upload]) -> Result<Value, RestError> {
        let mut request = self.http.request(route.method.clone(), format!("{}{}", self.base, route.path));
        if !route.is_own_token {
            request = request.header(AUTHORIZATION, self.authorization.clone());
        }
        request = match body {
            Some(body) if !files.is_empty() => request.multipart(form(body, files)),
            Some(body) => request.json(body),
            None => request,
        };
        let answer = match request.send().await {
            Ok(answer) => answer,
            Err(error) => {
                self.limits.learn(&route.bucket, &Seen::default());
                let why = if error.is_timeout() { "no answer in time" } else { "the connection failed" };
                return Err(RestError::Unsure(why));
            }
        };
        let status = answer.status();
        let mut seen = seen(answer.headers());
        let bytes = answer.bytes().await;
        let told: Option<Value> = bytes.as_ref().ok().and_then(|bytes| serde_json::from_slice(bytes).ok());
        if status == StatusCode::TOO_MANY_REQUESTS {
            let told = told.unwrap_or_default();
            let wait = told["retry_after"].as_f64().or(seen.retry_after).unwrap_or(1.0).clamp(0.05, 3_600.0);
            seen.retry_after = Some(wait);
            seen.is_global |= told["global"] == true;
            self.limits.learn(&route.bucket, &seen);
            return Err(RestError::Limited { after_millis: millis(Duration::from_secs_f64(wait)) });
        }
        self.limits.learn(&route.bucket, &Seen { retry_after: None, ..seen });
        match (status, bytes) {
            (status, Ok(bytes)) if status.is_success() && bytes.is_empty() => Ok(Value::Null),
            (status, Ok(_)) if status.is_success() => told.ok_or(RestError::Unsure("the answer is no JSON")),
            (status, Err(_)) if status.is_success() => Err(RestError::Unsure("the answer broke off")),
            (status, _) if status.is_server_error() => Err(RestError::Unsure("Discord has trouble")),
            (StatusCode::UNAUTHORIZED, _) if !route.is_own_token => Err(RestError::Unauthorized),
            (status, _) => {
                let code = told.and_then(|told| told["code"].as_u64()).unwrap_or_default();
                Err(RestError::Refused { status: status.as_u16(), code })
            }
        }
    }
}

fn form(body: &Value, files: &[Upload]) -> reqwest::multipart::Form {
    let json = reqwest::multipart::Part::text(body.to_string());
    let json = json.mime_str("application/json").expect("a media type");
    let form = reqwest::multipart::Form::new().part("payload_json", json);
    files.iter().enumerate().fold(form, |form, (number, file)| {
        let part = reqwest::multipart::Part::bytes(file.content.clone()).file_name(file.name.clone());
        form.part(format!("files[{number}]"), part)
    })
}

/// What the headers of an answer say about limits.
fn seen(headers: &HeaderMap) -> Seen {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let number = |name: &str| text(name).and_then(|value| value.parse::<f64>().ok());
    Seen {
        limit: text("x-ratelimit-limit").and_then(|limit| limit.parse().ok()),
        remaining: text("x-ratelimit-remaining").and_then(|left| left.parse().ok()),
        reset_after: number("x-ratelimit-reset-after"),
        retry_after: number("retry-after"),
        is_global: text("x-ratelimit-global").is_some() || text("x-ratelimit-scope") == Some("global"),
    }
}

fn millis(wait: Duration) -> u64 {
    u64::try_from(wait.as_millis()).unwrap_or(u64::MAX)
}
