//! Any OpenAI-compatible provider: one call, its time limits, retries, circuit breaker and error classes.
//!
//! The transport is `reqwest` and a small reader of our own; of `async-openai` only the request types are used. See
//! `docs/decisions/0001-own-model-transport.md`. Nothing is read from the environment, and neither keys nor prompts
//! nor the provider's words get into errors or logs.

mod breaker;
mod classify;
mod retry;
mod sse;
mod thinking;
mod wire;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use reqwest::{Response, Url};
use secrecy::{ExposeSecret, SecretString};
use tokio::time::timeout_at;
use tokio_util::sync::CancellationToken;

use self::breaker::Breakers;
use self::classify::{MAX_ERROR_BYTES, Said};
use self::retry::Chances;
use self::wire::{Heard, Incoming};
use super::capability::{self, Accepts};
use super::{ChatRequest, ErrorClass, LlmProvider, ModelError, ModelInfo, Reply, http, providers};
use crate::config::LlmConfig;
use crate::domain::KeySource;

/// Largest answer that is not streamed, and largest list of models.
const MAX_BODY_BYTES: usize = 1024 * 1024;

/// How long bookkeeping may take to arrive once the model has said that it is finished.
const TRAILER: Duration = Duration::from_secs(2);

/// Keep-alives without content are believed for this many idle limits.
const KEEP_ALIVE_PATIENCE: u32 = 2;

/// Parameters that are given up, at most, in one call.
const MAX_CONCESSIONS: usize = 4;

/// Models whose accepted parameters are remembered, at most.
const MAX_LEARNT: usize = 256;

/// Where a provider is and who pays.
#[derive(Clone, Debug)]
pub struct Endpoint {
    /// Address up to and including `/v1`: `http` or `https`, without user, query or fragment.
    pub base_url: String,
    pub key: Option<SecretString>,
    pub key_source: KeySource,
    /// Model where a request names none; empty: the server has only one.
    pub model: String,
    /// Window where the table does not know the model, or knows better than the server is set up.
    pub context_tokens: Option<u32>,
    /// Whether the endpoint's model takes pictures; `None`: as its name says.
    pub sees: Option<bool>,
    /// Name for people; unset: the host.
    pub label: Option<String>,
}

/// How long and how much a call may take.
#[derive(Clone, Debug)]
pub struct Limits {
    pub connect: Duration,
    /// Call to first byte of the answer.
    pub first_byte: Duration,
    /// Longest gap within an answer.
    pub idle: Duration,
    /// The whole call with all its retries.
    pub total: Duration,
    /// Longest answer kept.
    pub max_answer_chars: usize,
    /// Waits before the first and the second retry.
    pub retry_waits: [Duration; 2],
    /// Longest wait for a provider that names one.
    pub longest_wait: Duration,
}

impl From<&LlmConfig> for Limits {
    fn from(config: &LlmConfig) -> Self {
        Self {
            connect: Duration::from_secs(config.connect_timeout_secs),
            first_byte: Duration::from_secs(config.first_byte_timeout_secs),
            idle: Duration::from_secs(config.idle_timeout_secs),
            total: Duration::from_secs(config.timeout_secs),
            max_answer_chars: config.max_answer_chars,
            retry_waits: [Duration::from_millis(300), Duration::from_secs(1)],
            longest_wait: Duration::from_secs(30),
        }
    }
}

/// What all users of one address share, whatever their keys.
struct Shared {
    breakers: Breakers,
    /// What a model turned out to accept, where that differs from the table.
    learnt: Mutex<HashMap<String, Accepts>>,
}

/// An OpenAI-compatible provider.
#[derive(Clone)]
pub struct OpenAi {
    client: reqwest::Client,
    chat: Url,
    models: Url,
    host: String,
    endpoint: Endpoint,
    authorization: Option<HeaderValue>,
    limits: Limits,
    shared: Arc<Shared>,
}

impl std::fmt::Debug for OpenAi {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OpenAi").field("host", &self.host).field("model", &self.endpoint.model).finish_non_exhaustive()
    }
}

impl OpenAi {
    /// A provider at `endpoint`. Errs with `BadRequest` or `KeyInvalid` where address or key cannot be used at all.
    pub fn new(endpoint: Endpoint, limits: Limits) -> Result<Self, ModelError> {
        let url = parse_base(&endpoint.base_url)?;
        let client = http::client(&url, limits.connect)
            .map_err(|error| ModelError::new(ErrorClass::BadRequest, error.to_string()))?;
        let authorization = endpoint.key.as_ref().map(bearer).transpose()?;
        let breakers = Breakers::of(match endpoint.key_source {
            KeySource::Local => "local",
            KeySource::Operator => "operator",
            // Names of providers are the operator's to choose; metrics know the usual ones.
            KeySource::Member => endpoint.label.as_deref().and_then(providers::usual).unwrap_or("other"),
        });
        Ok(Self {
            client,
            chat: below(&url, &["chat", "completions"]),
            models: below(&url, &["models"]),
            host: url.host_str().unwrap_or_default().to_owned(),
            authorization,
            endpoint,
            limits,
            shared: Arc::new(Shared { breakers, learnt: Mutex::default() }),
        })
    }

    /// The same provider with somebody's own key; connections and circuit breakers are shared.
    pub fn with_key(&self, key: SecretString, key_source: KeySource) -> Result<Self, ModelError> {
        let authorization = Some(bearer(&key)?);
        let endpoint = Endpoint { key: Some(key), key_source, ..self.endpoint.clone() };
        Ok(Self { authorization, endpoint, ..self.clone() })
    }

    /// The same provider with another model for requests that name none.
    pub fn with_model(self, model: &str) -> Self {
        Self { endpoint: Endpoint { model: model.to_owned(), ..self.endpoint }, ..self }
    }

    fn model<'a>(&'a self, asked: &'a str) -> &'a str {
        [asked, &self.endpoint.model].into_iter().find(|name| !name.is_empty()).unwrap_or("default")
    }

    fn accepts(&self, model: &str) -> Accepts {
        let learnt = self.shared.learnt.lock().unwrap_or_else(PoisonError::into_inner);
        learnt.get(model).copied().unwrap_or_else(|| Accepts::at(&self.host, model))
    }

    fn learn(&self, model: &str, accepts: Accepts) {
        let mut learnt = self.shared.learnt.lock().unwrap_or_else(PoisonError::into_inner);
        if learnt.len() < MAX_LEARNT || learnt.contains_key(model) {
            learnt.insert(model.to_owned(), accepts);
        }
    }

    fn authorized(&self, call: reqwest::RequestBuilder) -> reqwest::RequestBuilder {
        match &self.authorization {
            Some(value) => call.header(AUTHORIZATION, value.clone()),
            None => call,
        }
    }

    /// Tries until there is an answer, an error that a retry does not cure, or no chance left.
    async fn tries(&self, call: &mut Call<'_>) -> Result<Reply, ModelError> {
        let model = self.model(&call.request.model);
        let mut chances = Chances::default();
        let mut concessions = 0;
        loop {
            let permit = self.shared.breakers.admit(model, Instant::now()).map_err(|wait| ModelError {
                retry_after: Some(wait),
                ..ModelError::new(ErrorClass::Down, "the provider has failed repeatedly and is left alone for a moment")
            })?;
            call.received = 0;
            let accepts = self.accepts(model);
            let failure = match self.attempt(call, model, accepts).await {
                Ok(reply) => {
                    permit.answered();
                    return Ok(reply);
                }
                Err(failure) => failure,
            };
            if !matches!(failure.error.class, ErrorClass::Down | ErrorClass::TimedOut) {
                permit.answered();
            } else if permit.failed(Instant::now()) {
                tracing::warn!(host = self.host, "a model provider keeps failing; it is left alone for a moment");
            }
            let error = ModelError { received: call.received, ..failure.error };
            if error.received > 0 {
                return Err(error);
            }
            let less = failure.objection.filter(|_| concessions < MAX_CONCESSIONS).and_then(|p| accepts.without(p));
            if let Some(less) = less {
                concessions += 1;
                self.learn(model, less);
                continue;
            }
            match chances.wait_for(&error, &self.limits) {
                Some(wait) if Instant::now() + wait < call.deadline => tokio::time::sleep(wait).await,
                _ => return Err(error),
            }
        }
    }

    /// One request and its answer.
    async fn attempt(&self, call: &mut Call<'_>, model: &str, accepts: Accepts) -> Result<Reply, Failure> {
        let first_byte = tokio::time::Instant::now() + self.limits.first_byte;
        let send = self
            .authorized(self.client.post(self.chat.clone()))
            .header(CONTENT_TYPE, "application/json")
            .header(ACCEPT, "text/event-stream, application/json")
            .body(wire::body(call.request, model, accepts))
            .send();
        let late = || timed_out("the provider did not begin to answer in time; LLM_FIRST_BYTE_TIMEOUT_SECS");
        let mut response = timeout_at(first_byte, send).await.map_err(|_| late())?.map_err(|e| unreachable(&e))?;
        if !response.status().is_success() {
            return Err(self.refused(&mut response).await);
        }
        let kind = response.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        let mut incoming = Incoming::new(self.limits.max_answer_chars);
        if kind.contains("application/json") {
            let idle = tokio::time::Instant::now() + self.limits.idle;
            let body = timeout_at(idle, http::read_all(&mut response, MAX_BODY_BYTES))
                .await
                .map_err(|_| timed_out("the answer stopped coming; LLM_IDLE_TIMEOUT_SECS"))?
                .map_err(|error| match error {
                    http::BodyError::TooLarge => malformed("the answer is too large"),
                    http::BodyError::Broken => ModelError::new(ErrorClass::Truncated, "the connection broke").into(),
                })?;
            let value = serde_json::from_slice(&body).map_err(|_| malformed("the answer is not valid JSON"))?;
            incoming.value(&value, &mut *call.on_text)?;
        } else if kind.contains("text/html") {
            return Err(malformed("the address answers with a web page; the base URL should end in /v1"));
        } else {
            self.listen(&mut response, &mut incoming, call, first_byte).await?;
        }
        let first_text = incoming.first_text();
        let on_text = &mut *call.on_text;
        let ended = incoming.end(call.request, &mut |text: &str| {
            call.received += text.chars().count();
            on_text(text);
        })?;
        let total = call.started.elapsed();
        Ok(Reply {
            text: ended.text,
            finish: ended.finish,
            tokens: ended.tokens,
            served_model: if ended.served_model.is_empty() { model.to_owned() } else { ended.served_model },
            first_text: first_text.map_or(total, |at| at.duration_since(call.started)),
            total,
        })
    }

    /// Reads a stream until the answer is complete, cut off, or too slow.
    async fn listen(
        &self,
        response: &mut Response,
        incoming: &mut Incoming,
        call: &mut Call<'_>,
        first_byte: tokio::time::Instant,
    ) -> Result<(), Failure> {
        let mut reader = sse::Reader::default();
        let mut next_byte = first_byte;
        let mut next_part = None;
        loop {
            let finished = incoming.is_finished();
            let limit = next_part.map_or(next_byte, |part| next_byte.min(part));
            let chunk = match timeout_at(limit, response.chunk()).await {
                Ok(Ok(Some(chunk))) => chunk,
                Ok(Ok(None)) => {
                    if let Some(rest) = reader.finish() {
                        self.hear(&rest, incoming, call)?;
                    }
                    return Ok(());
                }
                // The answer is complete; only its bookkeeping is lost.
                Ok(Err(_)) | Err(_) if finished => return Ok(()),
                Ok(Err(_)) => {
                    return Err(ModelError::new(ErrorClass::Truncated, "the connection broke within the answer").into());
                }
                Err(_) if next_part.is_none() => {
                    return Err(timed_out("the provider sent no answer in time; LLM_FIRST_BYTE_TIMEOUT_SECS"));
                }
                Err(_) => return Err(timed_out("the answer stopped coming; LLM_IDLE_TIMEOUT_SECS")),
            };
            let now = tokio::time::Instant::now();
            next_part.get_or_insert(now + self.limits.idle * KEEP_ALIVE_PATIENCE);
            next_byte = now + self.limits.idle;
            let events =
                reader.push(&chunk).map_err(|sse::TooLong| malformed("one part of the answer is too large"))?;
            for event in events {
                match self.hear(&event, incoming, call)? {
                    Heard::End => return Ok(()),
                    Heard::Part => next_part = Some(now + self.limits.idle * KEEP_ALIVE_PATIENCE),
                    Heard::Nothing => {}
                }
            }
            if incoming.is_finished() {
                next_byte = now + TRAILER.min(self.limits.idle);
                next_part = Some(next_byte);
            }
        }
    }

    fn hear(&self, event: &[u8], incoming: &mut Incoming, call: &mut Call<'_>) -> Result<Heard, ModelError> {
        let heard = incoming.event(event, &mut *call.on_text);
        call.received = incoming.received();
        heard
    }

    /// The failure for an answer with a status that is none of success.
    async fn refused(&self, response: &mut Response) -> Failure {
        let status = response.status().as_u16();
        let retry_after = classify::retry_after(response.headers());
        let said = Said::read(&http::read_some(response, MAX_ERROR_BYTES, self.limits.idle).await);
        let error = ModelError { retry_after, ..classify::refusal(status, &said) };
        let objection = said.objects_to().filter(|_| error.class == ErrorClass::BadRequest);
        Failure { error, objection }
    }
}

#[async_trait]
impl LlmProvider for OpenAi {
    fn left_alone(&self) -> usize {
        self.shared.breakers.open()
    }

    fn info(&self, model: &str) -> ModelInfo {
        let model = self.model(model);
        let own = model == self.endpoint.model;
        let context = self
            .endpoint
            .context_tokens
            .filter(|_| own || capability::window(model).is_none())
            .or_else(|| capability::window(model))
            .unwrap_or(capability::UNKNOWN_CONTEXT);
        ModelInfo {
            provider: self.endpoint.label.clone().unwrap_or_else(|| self.host.clone()),
            model: model.to_owned(),
            context,
            key_source: self.endpoint.key_source,
            tiny: capability::is_tiny(model, context),
            sees: self.endpoint.sees.filter(|_| own).unwrap_or_else(|| capability::sees(model)),
        }
    }

    async fn reply(
        &self,
        request: &ChatRequest,
        on_text: &mut (dyn for<'t> FnMut(&'t str) + Send),
        cancel: &CancellationToken,
    ) -> Result<Reply, ModelError> {
        let started = Instant::now();
        let deadline = started + self.limits.total;
        let mut call = Call { request, on_text, started, deadline, received: 0 };
        let outcome = tokio::select! {
            biased;
            () = cancel.cancelled() => Err(ModelError::new(ErrorClass::Cancelled, "the call was cancelled")),
            outcome = timeout_at(deadline.into(), self.tries(&mut call)) => outcome.unwrap_or_else(|_| {
                Err(timed_out("the whole call took too long; LLM_TIMEOUT_SECS").error)
            }),
        };
        outcome.map_err(|error| ModelError { received: call.received, ..error })
    }

    async fn check(&self) -> Result<(), ModelError> {
        let by = tokio::time::Instant::now() + self.limits.first_byte;
        let send = self.authorized(self.client.get(self.models.clone())).header(ACCEPT, "application/json").send();
        let late = || timed_out("the provider does not answer in time").error;
        let mut response =
            timeout_at(by, send).await.map_err(|_| late())?.map_err(|error| unreachable(&error).error)?;
        // Not every provider lists its models; that it answers is what is asked here.
        if matches!(response.status().as_u16(), 404 | 405 | 501) {
            return Ok(());
        }
        if !response.status().is_success() {
            return Err(self.refused(&mut response).await.error);
        }
        let body = timeout_at(by, http::read_all(&mut response, MAX_BODY_BYTES)).await.map_err(|_| late())?;
        let Ok(body) = body else { return Ok(()) };
        let names = super::discover::model_names(&body).ok_or_else(|| {
            ModelError::new(ErrorClass::Malformed, "the address does not list models as an OpenAI-compatible API does")
        })?;
        let wanted = self.endpoint.model.as_str();
        let is_it = |name: &String| {
            let name = name.strip_prefix("models/").unwrap_or(name);
            name == wanted || name.strip_suffix(":latest") == Some(wanted)
        };
        if wanted.is_empty() || names.is_empty() || names.iter().any(is_it) {
            return Ok(());
        }
        Err(ModelError::new(ErrorClass::BadRequest, "the provider does not list the configured model; set LLM_MODEL"))
    }
}

/// One call as it goes through its tries.
struct Call<'a> {
    request: &'a ChatRequest,
    on_text: &'a mut (dyn FnMut(&str) + Send),
    started: Instant,
    deadline: Instant,
    /// Characters handed on.
    received: usize,
}

/// A failed attempt, and the parameter that the provider would rather not see.
struct Failure {
    error: ModelError,
    objection: Option<capability::Param>,
}

impl From<ModelError> for Failure {
    fn from(error: ModelError) -> Self {
        Self { error, objection: None }
    }
}

fn timed_out(detail: &str) -> Failure {
    ModelError::new(ErrorClass::TimedOut, detail).into()
}

fn malformed(detail: &str) -> Failure {
    ModelError::new(ErrorClass::Malformed, detail).into()
}

/// What went wrong before an answer, without the transport's own words: they name the address.
fn unreachable(error: &reqwest::Error) -> Failure {
    let detail = if error.is_connect() && error.is_timeout() {
        "no connection to the provider in time; LLM_CONNECT_TIMEOUT_SECS"
    } else if error.is_connect() {
        "no connection to the provider: nothing listens there, the name is unknown, or TLS fails"
    } else {
        "the connection to the provider broke before it answered"
    };
    ModelError::new(ErrorClass::Down, detail).into()
}

fn bearer(key: &SecretString) -> Result<HeaderValue, ModelError> {
    let mut value = HeaderValue::from_str(&format!("Bearer {}", key.expose_secret().trim()))
        .map_err(|_| ModelError::new(ErrorClass::KeyInvalid, "the key has characters that no key has"))?;
    value.set_sensitive(true);
    Ok(value)
}

/// The base address, refused where it could carry a secret into logs or cannot be called.
fn parse_base(text: &str) -> Result<Url, ModelError> {
    let refuse = |why: &str| Err(ModelError::new(ErrorClass::BadRequest, format!("the base URL {why}")));
    let Ok(url) = Url::parse(text.trim()) else {
        return refuse("cannot be read; it should look like https://api.example.org/v1");
    };
    if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() {
        return refuse("should begin with http:// or https:// and a host");
    }
    if !url.username().is_empty() || url.password().is_some() || url.query().is_some() || url.fragment().is_some() {
        return refuse("must not have a user, a password, a query or a fragment; put the key into LLM_API_KEY");
    }
    Ok(url)
}

fn below(base: &Url, segments: &[&str]) -> Url {
    let mut url = base.clone();
    url.path_segments_mut().expect("http and https addresses have a path").pop_if_empty().extend(segments);
    url
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits() -> Limits {
        Limits::from(&LlmConfig::default())
    }

    fn endpoint(base_url: &str) -> Endpoint {
        Endpoint {
            base_url: base_url.into(),
            key: Some("sk-very-secret-4711".to_owned().into()),
            key_source: KeySource::Operator,
            model: "some-model".into(),
            context_tokens: None,
            sees: None,
            label: None,
        }
    }

    #[test]
    fn addresses_that_could_leak_or_cannot_be_called_are_refused() {
        for bad in [
            "",
            "localhost",
            "ftp://x/v1",
            "https://u:p@x/v1",
            "https://x/v1?key=k",
            "https://x/v1#k",
            "file:///etc/passwd",
        ] {
            let error = OpenAi::new(endpoint(bad), limits()).unwrap_err();
            assert_eq!(error.class, ErrorClass::BadRequest, "{bad}");
        }
        for good in ["http://127.0.0.1:1/v1", "http://127.0.0.1:1/v1/"] {
            assert_eq!(
                OpenAi::new(endpoint(good), limits()).unwrap().chat.as_str(),
                "http://127.0.0.1:1/v1/chat/completions"
            );
        }
    }

    #[test]
    fn a_key_with_a_line_break_is_refused_and_no_key_is_shown() {
        let bad = Endpoint { key: Some("sk\nX-Evil: 1".to_owned().into()), ..endpoint("http://127.0.0.1:1/v1") };
        assert_eq!(OpenAi::new(bad, limits()).unwrap_err().class, ErrorClass::KeyInvalid);
        let good = endpoint("http://127.0.0.1:1/v1");
        let provider = OpenAi::new(good.clone(), limits()).unwrap();
        let shown = format!("{good:?} {provider:?} {:?}", provider.authorization);
        assert!(!shown.contains("4711"), "{shown}");
    }

    #[test]
    fn the_operators_window_is_for_the_operators_model() {
        let provider = OpenAi::new(
            Endpoint { model: "gpt-4".into(), context_tokens: Some(4_096), ..endpoint("http://127.0.0.1:1/v1") },
            limits(),
        )
        .unwrap();
        assert_eq!(provider.info("").context, 4_096);
        assert_eq!(provider.info("gpt-4o").context, 128_000);
        assert_eq!(provider.info("unheard-of").context, 4_096);
    }
}
