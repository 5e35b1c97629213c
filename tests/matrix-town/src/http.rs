//! Requests to the homeserver, and how it refuses them.

use std::fmt;
use std::time::Duration;

use reqwest::{Client, Method};
use serde_json::Value;

/// Longer than a paused server may be paused.
const TIMEOUT: Duration = Duration::from_secs(90);

/// Why something was not done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The status of the answer; 0 when there was none.
    pub status: u16,
    /// Matrix's `errcode`, for example `M_LIMIT_EXCEEDED`.
    pub code: String,
    pub reason: String,
    /// How long to wait before the next try.
    pub retry_after: Option<Duration>,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}: {}", self.status, self.code, self.reason)?;
        self.retry_after.map_or(Ok(()), |wait| write!(f, " (again in {wait:?})"))
    }
}

impl std::error::Error for Refusal {}

impl Refusal {
    /// From the body of an error, as Matrix has it.
    pub(crate) fn of(status: u16, body: &Value) -> Self {
        Self {
            status,
            code: body["errcode"].as_str().unwrap_or("no errcode").to_owned(),
            reason: body["error"].as_str().map_or_else(|| body.to_string(), str::to_owned),
            retry_after: body["retry_after_ms"].as_u64().map(Duration::from_millis),
        }
    }
}

/// A client of the homeserver's interface. It may be used by tests one after another: it keeps no connections, which
/// would end with the runtime of the test that opened them.
#[derive(Clone)]
pub(crate) struct Http {
    base: String,
    client: Client,
}

impl Http {
    pub(crate) fn to(base: &str) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = Client::builder().no_proxy().timeout(TIMEOUT).pool_max_idle_per_host(0).build();
        Self { base: base.to_owned(), client: client.expect("nothing of a plain client can be missing") }
    }

    /// The answer to `body`, which is left out when it is null; `path` begins with a slash.
    pub(crate) async fn call(&self, method: &str, path: &str, token: &str, body: &Value) -> Result<Value, Refusal> {
        let method: Method = method.parse().expect("a method of HTTP");
        let mut request = self.client.request(method, format!("{}{path}", self.base));
        if !token.is_empty() {
            request = request.bearer_auth(token);
        }
        if !body.is_null() {
            request = request.json(body);
        }
        let unreachable = |error: reqwest::Error| Refusal {
            status: 0,
            code: "UNREACHABLE".to_owned(),
            reason: format!("{error:?}"),
            retry_after: None,
        };
        let response = request.send().await.map_err(unreachable)?;
        let status = response.status();
        let text = response.text().await.map_err(unreachable)?;
        let body = serde_json::from_str(&text).unwrap_or(Value::String(text));
        if status.is_success() { Ok(body) } else { Err(Refusal::of(status.as_u16(), &body)) }
    }

    /// Whether the server answers within `within`.
    pub(crate) async fn is_healthy(&self, within: Duration) -> bool {
        let answer = self.client.get(format!("{}/health", self.base)).timeout(within).send().await;
        answer.is_ok_and(|response| response.status().is_success())
    }
}

/// One segment of a path: ids and aliases have letters that mean something in addresses.
pub fn encoded(segment: &str) -> String {
    segment.bytes().fold(String::new(), |mut path, byte| {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            path.push(char::from(byte));
        } else {
            path.push_str(&format!("%{byte:02X}"));
        }
        path
    })
}
