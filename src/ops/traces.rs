//! Traces of turns for an OpenTelemetry collector: off unless a collector is set, and never in a turn's way.
//!
//! A turn's spans share one trace, also over a restart: ids come from the turn's own. A span holds times, numbers and
//! words of ours, no text, name, id of a person or key; the types of [`Fact`] see to that.

use std::sync::OnceLock;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, InstrumentationScope, KeyValue};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use opentelemetry_proto::tonic::trace::v1::status::StatusCode;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span, Status};
use prost::Message as _;
use reqwest::Url;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use secrecy::ExposeSecret as _;
use sha2::{Digest as _, Sha256};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::CannotStart;
use super::metrics::{self, SpanOutcome, Stage};
use crate::config::TracesConfig;
use crate::domain::{Moment, Turn};
use crate::model::http;

/// Spans that wait for the collector at most; more are dropped and counted.
const WAITING_MAX: usize = 2_048;
/// Spans that are sent together.
const BATCH: usize = 512;
/// How long spans are gathered before they are sent.
const GATHER: Duration = Duration::from_millis(500);
/// Longest wait for a connection to the collector, and for its answer.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
const TIMEOUT: Duration = Duration::from_secs(5);
/// How long a stop waits for the collector to take what is left.
const GOODBYE: Duration = Duration::from_secs(2);
/// What follows the address of a collector.
const PATH: &str = "/v1/traces";

/// The span of a call of the model.
const MODEL: &str = "model";

/// Where spans wait; unset while traces are off.
static WAITING: OnceLock<mpsc::Sender<Span>> = OnceLock::new();

/// Something that a span says beside its times.
#[derive(Clone, Copy, Debug)]
pub enum Fact {
    Number(&'static str, u64),
    Word(&'static str, &'static str),
}

/// Whether spans are made at all.
pub fn is_on() -> bool {
    WAITING.get().is_some()
}

/// A message of the trace `trace` was taken in within `took`: the first span of every turn that answers it.
pub fn received(trace: &str, took: Duration) {
    hand_over(|| {
        let (trace_id, root) = ids(trace);
        Span { trace_id, span_id: root, kind: SpanKind::Consumer.into(), ..span(Stage::Receive.as_str(), took, &[]) }
    });
}

/// A stage of a turn ended and took this long.
pub fn stage(turn: &Turn, stage: Stage, took: Duration, facts: &[Fact]) {
    let name = if stage == Stage::ModelTotal { MODEL } else { stage.as_str() };
    part(turn, name, took, facts);
}

/// A worker took a turn up that had waited this long.
pub fn waited(turn: &Turn, waited: Duration) {
    part(turn, "wait", waited, &[]);
}

/// The model did not answer a turn within `took`; `class` says why.
pub fn model_failed(turn: &Turn, class: &'static str, took: Duration) {
    hand_over(|| Span {
        status: Some(Status { message: class.to_owned(), code: StatusCode::Error.into() }),
        ..of_turn(turn, MODEL, took, &[])
    });
}

fn part(turn: &Turn, name: &'static str, took: Duration, facts: &[Fact]) {
    hand_over(|| of_turn(turn, name, took, facts));
}

/// A turn ended.
pub fn ended(turn: &Turn, outcome: &'static str, now: Moment) {
    hand_over(|| {
        let took = Duration::from_millis(u64::try_from(now.millis_since(turn.created_at)).unwrap_or(0));
        let (trace_id, root) = ids(&turn.trace);
        let facts =
            [Fact::Word("outcome", outcome), Fact::Number("attempts", u64::try_from(turn.attempt).unwrap_or(0))];
        Span { trace_id, parent_span_id: root, span_id: id_of(turn), ..span("turn", took, &facts) }
    });
}

fn of_turn(turn: &Turn, name: &'static str, took: Duration, facts: &[Fact]) -> Span {
    let mut own = vec![0; 8];
    // Without a random source the span goes without an id of its own, which collectors turn away: nothing else suffers.
    let _ = getrandom::fill(&mut own);
    Span { trace_id: ids(&turn.trace).0, parent_span_id: id_of(turn), span_id: own, ..span(name, took, facts) }
}

/// A span that ends now.
fn span(name: &'static str, took: Duration, facts: &[Fact]) -> Span {
    #[expect(clippy::disallowed_methods, reason = "spans are finer than the clock's milliseconds, and decide nothing")]
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let nanos = |time: Duration| u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
    Span {
        name: name.to_owned(),
        kind: SpanKind::Internal.into(),
        start_time_unix_nano: nanos(now.saturating_sub(took)),
        end_time_unix_nano: nanos(now),
        attributes: facts.iter().map(attribute).collect(),
        ..Span::default()
    }
}

fn attribute(fact: &Fact) -> KeyValue {
    match fact {
        Fact::Number(key, number) => pair(key, Value::IntValue(i64::try_from(*number).unwrap_or(i64::MAX))),
        Fact::Word(key, word) => pair(key, Value::StringValue((*word).to_owned())),
    }
}

fn pair(key: &str, value: Value) -> KeyValue {
    KeyValue { key: key.to_owned(), value: Some(AnyValue { value: Some(value) }), ..KeyValue::default() }
}

/// The ids of a trace and of its first span.
fn ids(trace: &str) -> (Vec<u8>, Vec<u8>) {
    let hash = Sha256::digest(trace.as_bytes());
    (hash[..16].to_vec(), hash[16..24].to_vec())
}

/// The id of a turn's span.
fn id_of(turn: &Turn) -> Vec<u8> {
    Sha256::digest(turn.id.as_str().as_bytes())[..8].to_vec()
}

/// Puts a span where it waits for the collector; costs next to nothing while traces are off, and never waits.
fn hand_over(made: impl FnOnce() -> Span) {
    if let Some(waiting) = WAITING.get()
        && waiting.try_send(made()).is_err()
    {
        metrics::spans(SpanOutcome::Dropped, 1);
    }
}

/// Sends spans to the collector.
pub struct Exporter {
    client: reqwest::Client,
    url: Url,
    headers: HeaderMap,
    waiting: mpsc::Receiver<Span>,
    /// The collector took what it was sent last.
    is_well: bool,
}

impl Exporter {
    /// Begins to gather spans, where a collector is set.
    ///
    /// # Errors
    /// When what is set cannot be used; the text names the setting.
    pub fn open(config: &TracesConfig) -> Result<Option<Self>, CannotStart> {
        let Some(endpoint) = &config.endpoint else { return Ok(None) };
        let (tell, waiting) = mpsc::channel(WAITING_MAX);
        let exporter = Self::to(endpoint, config, waiting)?;
        // Opened twice in one process (tests), the first one goes on.
        Ok(WAITING.set(tell).is_ok().then_some(exporter))
    }

    fn to(endpoint: &str, config: &TracesConfig, waiting: mpsc::Receiver<Span>) -> Result<Self, CannotStart> {
        let unusable = |why: &str| CannotStart(format!("OTEL_EXPORTER_OTLP_ENDPOINT cannot be used: {why}"));
        let url = Url::parse(&format!("{endpoint}{PATH}")).map_err(|error| unusable(&error.to_string()))?;
        let client = http::client(&url, CONNECT_TIMEOUT).map_err(|error| unusable(&error.to_string()))?;
        let mut headers = HeaderMap::new();
        for (name, value) in &config.headers {
            let header =
                HeaderName::try_from(name.as_str()).ok().zip(HeaderValue::from_str(value.expose_secret()).ok());
            let Some((name, mut value)) = header else {
                return Err(CannotStart("OTEL_EXPORTER_OTLP_HEADERS holds what cannot be a header".to_owned()));
            };
            value.set_sensitive(true);
            headers.insert(name, value);
        }
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/x-protobuf"));
        Ok(Self { client, url, headers, waiting, is_well: true })
    }

    /// Sends what comes until `done`, and then what is left.
    pub async fn run(mut self, done: CancellationToken) {
        let mut batch = Vec::new();
        while done.run_until_cancelled(self.waiting.recv_many(&mut batch, BATCH)).await.is_some() {
            // More of the same turn is about to come.
            if done.run_until_cancelled(tokio::time::sleep(GATHER)).await.is_none() {
                break;
            }
            self.fill(&mut batch);
            self.send(std::mem::take(&mut batch)).await;
        }
        let rest = async {
            self.fill(&mut batch);
            while !batch.is_empty() {
                self.send(std::mem::take(&mut batch)).await;
                self.fill(&mut batch);
            }
        };
        let _ = tokio::time::timeout(GOODBYE, rest).await;
    }

    fn fill(&mut self, batch: &mut Vec<Span>) {
        while batch.len() < BATCH
            && let Ok(span) = self.waiting.try_recv()
        {
            batch.push(span);
        }
    }

    /// Sends spans once: those that the collector does not take are lost, and counted.
    async fn send(&mut self, spans: Vec<Span>) {
        let count = spans.len();
        let body = request(spans).encode_to_vec();
        let sending =
            self.client.post(self.url.clone()).headers(self.headers.clone()).timeout(TIMEOUT).body(body).send();
        let was_taken = match sending.await {
            Ok(answer) => answer.status().is_success(),
            Err(_) => false,
        };
        if was_taken != self.is_well {
            self.is_well = was_taken;
            match was_taken {
                true => tracing::info!("the collector of traces takes them again"),
                false => tracing::warn!("the collector of traces does not take them; what it misses is lost"),
            }
        }
        metrics::spans(if was_taken { SpanOutcome::Exported } else { SpanOutcome::Failed }, count);
    }
}

fn request(spans: Vec<Span>) -> ExportTraceServiceRequest {
    let word = |key: &str, value: &str| pair(key, Value::StringValue(value.to_owned()));
    let version = env!("CARGO_PKG_VERSION");
    let scope = InstrumentationScope { name: "greenroom".into(), version: version.into(), ..Default::default() };
    ExportTraceServiceRequest {
        resource_spans: vec![ResourceSpans {
            resource: Some(Resource {
                attributes: vec![word("service.name", "greenroom"), word("service.version", version)],
                ..Resource::default()
            }),
            scope_spans: vec![ScopeSpans { scope: Some(scope), spans, ..ScopeSpans::default() }],
            ..ResourceSpans::default()
        }],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_turn_has_the_same_ids_whenever_and_wherever_they_are_made() {
        let (trace, root) = ids("discord-1");
        assert_eq!((trace.len(), root.len()), (16, 8));
        assert_eq!(ids("discord-1"), (trace.clone(), root.clone()));
        assert_ne!(ids("discord-2").0, trace);
        assert_ne!(ids("discord-2").1, root);
    }

    #[tokio::test]
    async fn a_collector_that_hangs_holds_up_a_stop_for_seconds_at_most() {
        let hanging = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", hanging.local_addr().unwrap());
        let (tell, waiting) = mpsc::channel(4);
        let exporter = Exporter::to(&endpoint, &TracesConfig::default(), waiting).unwrap();
        let spans = || span("turn", Duration::from_millis(3), &[Fact::Number("attempts", 1)]);
        (0..4).for_each(|_| tell.try_send(spans()).unwrap());
        assert!(tell.try_send(spans()).is_err(), "what has no room to wait is not waited for");
        let done = CancellationToken::new();
        done.cancel();
        let ended = tokio::time::timeout(GOODBYE * 5, exporter.run(done)).await;
        assert!(ended.is_ok(), "it waits for the collector");
    }

    #[test]
    fn headers_that_cannot_be_sent_are_told_by_the_setting_and_not_shown() {
        let headers = vec![("authorization".to_owned(), "s3cret\n".to_owned().into())];
        let config = TracesConfig { endpoint: None, headers };
        let (_, waiting) = mpsc::channel(1);
        let error = Exporter::to("http://127.0.0.1:9", &config, waiting).err().unwrap().to_string();
        assert!(error.contains("OTEL_EXPORTER_OTLP_HEADERS") && !error.contains("s3cret"), "{error}");
    }
}
