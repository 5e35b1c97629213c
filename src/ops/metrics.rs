//! Every number the house exports, named and described once. Others call the functions here, never the macros.
//!
//! Labels have few values that we choose: no names, no ids, no text.

mod series;

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use metrics::Unit;
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle, PrometheusRecorder};

use crate::db::Backlog;
use crate::domain::{KeySource, Moment, Outcome};
use crate::life::Life;
use crate::model::{ErrorClass, TokenUse};
use series::*;
pub use series::{Kind, SERIES, Series};

/// How often histograms are folded and gauges of the process are read.
const UPKEEP_EVERY: Duration = Duration::from_secs(5);
/// Upper bounds of the time histograms, in seconds: from a cached embedding to the slowest answer.
const SECONDS: [f64; 16] =
    [0.0001, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 30.0, 180.0];
/// Upper bounds of the histogram of memories found.
const HITS: [f64; 8] = [0.0, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0];

/// The stages of a turn, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    Receive,
    Context,
    Recall,
    Prompt,
    /// Call of the model to its first text.
    ModelFirstByte,
    /// Call of the model to the end of its answer.
    ModelTotal,
    Deliver,
    Settle,
}

impl Stage {
    /// Every stage.
    pub const ALL: [Self; 8] = [
        Self::Receive,
        Self::Context,
        Self::Recall,
        Self::Prompt,
        Self::ModelFirstByte,
        Self::ModelTotal,
        Self::Deliver,
        Self::Settle,
    ];

    /// The value of the label `stage`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Receive => "receive",
            Self::Context => "context",
            Self::Recall => "recall",
            Self::Prompt => "prompt",
            Self::ModelFirstByte => "model_first_byte",
            Self::ModelTotal => "model_total",
            Self::Deliver => "deliver",
            Self::Settle => "settle",
        }
    }
}

/// A turn ended.
pub fn turn_ended(outcome: Outcome) {
    metrics::counter!(TURNS, "outcome" => outcome.as_str()).increment(1);
}

/// A stage of a turn took this long.
pub fn stage_took(stage: Stage, took: Duration) {
    metrics::histogram!(STAGE_SECONDS, "stage" => stage.as_str()).record(took.as_secs_f64());
}

/// So much waits.
pub fn backlog(waiting: &Backlog) {
    for (state, turns) in [("queued", waiting.queued), ("running", waiting.running), ("sending", waiting.sending)] {
        metrics::gauge!(QUEUE_TURNS, "state" => state).set(turns as f64);
    }
    metrics::gauge!(QUEUE_OLDEST).set(waiting.oldest.as_secs_f64());
    metrics::gauge!(OUTBOX_ROWS).set(waiting.outbox as f64);
    metrics::gauge!(OUTBOX_OLDEST).set(waiting.outbox_oldest.as_secs_f64());
}

/// So many of the workers are at work.
pub fn workers(busy: usize, all: usize) {
    metrics::gauge!(WORKERS_BUSY).set(busy as f64);
    metrics::gauge!(WORKERS).set(all as f64);
}

/// The database has this size.
pub fn database_size(bytes: u64) {
    metrics::gauge!(DB_BYTES).set(bytes as f64);
}

/// A call of the model cost these tokens, and so many millionths of a dollar where its price is known.
pub fn call_cost(tokens: TokenUse, source: KeySource, micros: Option<i64>) {
    let source = source.as_str();
    metrics::counter!(TOKENS, "direction" => "prompt", "key_source" => source).increment(tokens.prompt);
    metrics::counter!(TOKENS, "direction" => "completion", "key_source" => source).increment(tokens.completion);
    let micros = micros.and_then(|micros| u64::try_from(micros).ok()).unwrap_or(0);
    metrics::counter!(COST, "key_source" => source).increment(micros);
}

/// A call of the model failed.
pub fn model_failed(class: ErrorClass) {
    metrics::counter!(MODEL_ERRORS, "class" => class.as_str()).increment(1);
}

/// The number of models of a provider that are left alone changed from `before` to `now`; `provider` is one of our own
/// words, which several providers may share.
pub fn breakers(provider: &'static str, before: usize, now: usize) {
    metrics::gauge!(BREAKERS_OPEN, "provider" => provider).increment(now as f64 - before as f64);
    metrics::counter!(BREAKER_OPENINGS, "provider" => provider).increment(0);
}

/// A model of a provider began to be left alone.
pub fn breaker_opened(provider: &'static str) {
    metrics::counter!(BREAKER_OPENINGS, "provider" => provider).increment(1);
}

/// A part went out, or did not.
pub fn delivered(platform: &'static str, was_sent: bool) {
    let outcome = if was_sent { "sent" } else { "failed" };
    metrics::counter!(DELIVERIES, "platform" => platform, "outcome" => outcome).increment(1);
}

/// A part has to be sent again: it was turned away for now, or it is not known whether it arrived.
pub fn delivery_retried(platform: &'static str, was_limited: bool) {
    let why = if was_limited { "rate_limited" } else { "unsure" };
    metrics::counter!(DELIVERIES_RETRIED, "platform" => platform, "why" => why).increment(1);
}

/// What a platform brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    Said,
    Edited,
    Deleted,
    /// A command, a button, a form.
    Asked,
    /// About places and people.
    Other,
}

impl Event {
    /// The value of the label `kind`.
    fn as_str(self) -> &'static str {
        match self {
            Self::Said => "said",
            Self::Edited => "edited",
            Self::Deleted => "deleted",
            Self::Asked => "asked",
            Self::Other => "other",
        }
    }
}

/// A platform brought an event.
pub fn event(platform: &'static str, event: Event) {
    metrics::counter!(EVENTS, "platform" => platform, "kind" => event.as_str()).increment(1);
}

/// What became of a connection to a platform.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Connection {
    Made,
    /// The session before went on.
    Resumed,
    /// A session that was asked for was not given.
    Refused,
    Lost,
}

/// A connection to a platform changed.
pub fn connection(platform: &'static str, change: Connection) {
    let change = match change {
        Connection::Made => "made",
        Connection::Resumed => "resumed",
        Connection::Refused => "refused",
        Connection::Lost => "lost",
    };
    metrics::counter!(CONNECTIONS, "platform" => platform, "change" => change).increment(1);
}

/// Values of the labels of requests to Discord.
const REST_ROUTES: [&str; 4] = ["channel", "webhook", "interaction", "other"];
const REST_OUTCOMES: [&str; 4] = ["ok", "limited", "refused", "unsure"];

/// There is a client of Discord: its requests are counted from zero, as [`begin_at_zero`] does.
pub fn rest_begins() {
    for (route, outcome) in REST_ROUTES.into_iter().flat_map(|route| REST_OUTCOMES.map(|outcome| (route, outcome))) {
        metrics::counter!(REST_REQUESTS, "route" => route, "outcome" => outcome).increment(0);
    }
}

/// A request to Discord on a kind of route ended.
pub fn rest_request(route: &'static str, outcome: &'static str) {
    metrics::counter!(REST_REQUESTS, "route" => route, "outcome" => outcome).increment(1);
}

/// A request to Discord on a kind of route waited for its rate limits.
pub fn rest_waited(route: &'static str, waited: Duration) {
    metrics::histogram!(REST_WAIT, "route" => route).record(waited.as_secs_f64());
}

/// A memory search found so many; `None`: it failed.
pub fn searched(hits: Option<usize>) {
    let result = match hits {
        None => "failed",
        Some(0) => "empty",
        Some(_) => "hit",
    };
    metrics::counter!(RECALL_SEARCHES, "result" => result).increment(1);
    if let Some(hits) = hits {
        metrics::histogram!(RECALL_HITS).record(hits as f64);
    }
}

/// A store found something that the search does not admit.
pub fn foreign_hit() {
    metrics::counter!(RECALL_FOREIGN).increment(1);
}

/// Some talk was read for a step, or not.
pub fn distilled(step: &'static str, outcome: &'static str) {
    metrics::counter!(DISTILLED, "step" => step, "outcome" => outcome).increment(1);
}

/// Work that comes again and again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Chore {
    /// Counting what waits.
    Count,
    /// Making the vectors of memories.
    Index,
    /// Reading talk for facts and summaries.
    Distil,
    /// Removing what has been kept long enough.
    Tidy,
}

impl Chore {
    /// Every one of them.
    pub const ALL: [Self; 4] = [Self::Count, Self::Index, Self::Distil, Self::Tidy];

    /// The value of the label `chore`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Count => "count",
            Self::Index => "index",
            Self::Distil => "distil",
            Self::Tidy => "tidy",
        }
    }
}

/// When each chore last ended well in this process, in milliseconds; 0: not yet. Beside the recorder, which cannot be asked.
static LAST_SUCCESS: [AtomicI64; Chore::ALL.len()] = [const { AtomicI64::new(0) }; Chore::ALL.len()];

/// A round of a chore ended at `now`.
pub fn chore_ran(chore: Chore, was_done: bool, now: Moment) {
    let outcome = if was_done { "done" } else { "failed" };
    metrics::counter!(CHORES, "chore" => chore.as_str(), "outcome" => outcome).increment(1);
    if was_done {
        LAST_SUCCESS[chore as usize].store(now.0, Ordering::Relaxed);
        metrics::gauge!(CHORE_SUCCESS, "chore" => chore.as_str()).set(now.0 as f64 / 1_000.0);
    }
}

/// When a chore last ended well in this process.
pub fn last_success(chore: Chore) -> Option<Moment> {
    let at = LAST_SUCCESS[chore as usize].load(Ordering::Relaxed);
    (at != 0).then_some(Moment(at))
}

/// What became of spans of traces.
pub fn spans(outcome: SpanOutcome, count: usize) {
    let outcome = match outcome {
        SpanOutcome::Exported => "exported",
        SpanOutcome::Failed => "failed",
        SpanOutcome::Dropped => "dropped",
    };
    metrics::counter!(SPANS, "outcome" => outcome).increment(count as u64);
}

/// What became of a span.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SpanOutcome {
    Exported,
    /// The collector did not take it.
    Failed,
    /// There was no room for it to wait.
    Dropped,
}

/// The values of the label `kind` of database failures.
const DB_KINDS: [&str; 10] =
    ["full", "busy", "corrupt", "unavailable", "newer", "inconsistent", "fenced", "changed", "broken", "other"];

/// The database failed.
pub fn db_failed(error: &crate::db::Error) {
    use crate::db::Error;
    let kind = match error {
        Error::Full => "full",
        Error::Busy => "busy",
        Error::Corrupt => "corrupt",
        Error::Unavailable(_) => "unavailable",
        Error::Newer(_) => "newer",
        Error::Inconsistent { .. } => "inconsistent",
        Error::Fenced => "fenced",
        Error::Changed => "changed",
        Error::Broken => "broken",
        Error::Other(_) => "other",
    };
    metrics::counter!(DB_ERRORS, "kind" => kind).increment(1);
}

/// Whether this process holds a lease.
pub fn lease_held(name: &'static str, is_held: bool) {
    metrics::gauge!(LEASE_HELD, "lease" => name).set(if is_held { 1.0 } else { 0.0 });
}

/// What `/readyz` said last.
pub fn readiness(is_ready: bool) {
    metrics::gauge!(READY).set(if is_ready { 1.0 } else { 0.0 });
}

/// Renders what has been counted, for `/metrics`.
#[derive(Clone)]
pub struct Exporter(PrometheusHandle);

impl Exporter {
    /// The text Prometheus reads.
    pub fn render(&self) -> String {
        self.0.render()
    }
}

/// Starts counting for the whole process.
///
/// # Errors
/// When another recorder is in place already.
pub fn start(life: &Life) -> anyhow::Result<Exporter> {
    let recorder = recorder()?;
    let exporter = Exporter(recorder.handle());
    metrics::set_global_recorder(recorder).map_err(|_| anyhow::anyhow!("metrics were started twice"))?;
    describe();
    begin_at_zero();
    // Without upkeep, histograms grow from scrape to scrape.
    let (handle, stop) = (exporter.0.clone(), life.soft());
    life.spawn("metrics upkeep", async move {
        let mut tick = tokio::time::interval(UPKEEP_EVERY);
        while stop.run_until_cancelled(tick.tick()).await.is_some() {
            process_gauges();
            handle.run_upkeep();
        }
    });
    Ok(exporter)
}

fn recorder() -> anyhow::Result<PrometheusRecorder> {
    Ok(PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Full(STAGE_SECONDS.to_owned()), &SECONDS)?
        .set_buckets_for_metric(Matcher::Full(REST_WAIT.to_owned()), &SECONDS)?
        .set_buckets_for_metric(Matcher::Full(RECALL_HITS.to_owned()), &HITS)?
        .build_recorder())
}

fn describe() {
    for series in SERIES {
        let unit = series.unit.unwrap_or(Unit::Count);
        match series.kind {
            Kind::Counter => metrics::describe_counter!(series.name, unit, series.help),
            Kind::Gauge => metrics::describe_gauge!(series.name, unit, series.help),
            Kind::Histogram => metrics::describe_histogram!(series.name, unit, series.help),
        }
    }
    metrics::gauge!(BUILD_INFO, "version" => env!("CARGO_PKG_VERSION")).set(1.0);
}

/// Makes the counters that failures are told by, at zero: the first failure of a series that was not there before would
/// be no increase to Prometheus.
fn begin_at_zero() {
    for outcome in ["answered", "apologised", "cancelled"] {
        metrics::counter!(TURNS, "outcome" => outcome).increment(0);
    }
    for class in ErrorClass::ALL {
        metrics::counter!(MODEL_ERRORS, "class" => class.as_str()).increment(0);
    }
    for result in ["hit", "empty", "failed"] {
        metrics::counter!(RECALL_SEARCHES, "result" => result).increment(0);
    }
    for kind in DB_KINDS {
        metrics::counter!(DB_ERRORS, "kind" => kind).increment(0);
    }
    for chore in Chore::ALL {
        for outcome in ["done", "failed"] {
            metrics::counter!(CHORES, "chore" => chore.as_str(), "outcome" => outcome).increment(0);
        }
    }
    for outcome in [SpanOutcome::Exported, SpanOutcome::Failed, SpanOutcome::Dropped] {
        spans(outcome, 0);
    }
    for step in ["learn", "sum_up", "audit"] {
        for outcome in ["done", "nothing"] {
            metrics::counter!(DISTILLED, "step" => step, "outcome" => outcome).increment(0);
        }
    }
    metrics::counter!(RECALL_FOREIGN).increment(0);
}

/// A platform is there: what can fail about it is counted from zero, as [`begin_at_zero`] does.
pub fn platform_added(platform: &'static str) {
    for outcome in ["sent", "failed"] {
        metrics::counter!(DELIVERIES, "platform" => platform, "outcome" => outcome).increment(0);
    }
    for why in ["rate_limited", "unsure"] {
        metrics::counter!(DELIVERIES_RETRIED, "platform" => platform, "why" => why).increment(0);
    }
    for change in ["made", "resumed", "lost"] {
        metrics::counter!(CONNECTIONS, "platform" => platform, "change" => change).increment(0);
    }
}

/// Reads what Linux says of this process; elsewhere the two gauges stay away.
fn process_gauges() {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let kilobytes = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))
        .and_then(|rest| rest.trim().strip_suffix(" kB")?.trim().parse::<f64>().ok());
    if let Some(kilobytes) = kilobytes {
        metrics::gauge!(RESIDENT_BYTES).set(kilobytes * 1024.0);
    }
    if let Ok(files) = std::fs::read_dir("/proc/self/fd") {
        metrics::gauge!(OPEN_FDS).set(files.count() as f64);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Calls every function here and returns what Prometheus would read.
    fn everything() -> String {
        let recorder = recorder().unwrap();
        let handle = recorder.handle();
        metrics::with_local_recorder(&recorder, || {
            describe();
            for outcome in [Outcome::Answered, Outcome::Apologised, Outcome::Cancelled] {
                turn_ended(outcome);
            }
            for stage in Stage::ALL {
                stage_took(stage, Duration::from_millis(3));
            }
            lease_held("account discord", true);
            backlog(&Backlog {
                queued: 1,
                running: 2,
                sending: 1,
                oldest: Duration::from_millis(1500),
                outbox: 7,
                outbox_oldest: Duration::from_secs(9),
            });
            workers(3, 8);
            database_size(4_096);
            let tokens = TokenUse { prompt: 100, completion: 20, by_provider: true };
            call_cost(tokens, KeySource::Operator, Some(1_500));
            call_cost(tokens, KeySource::Local, None);
            model_failed(ErrorClass::Down);
            breakers("operator", 0, 3);
            breakers("operator", 3, 1);
            breaker_opened("operator");
            delivered("console", true);
            delivery_retried("fake", true);
            event("discord", Event::Said);
            connection("discord", Connection::Resumed);
            platform_added("matrix");
            rest_begins();
            rest_request("webhook", "ok");
            rest_waited("webhook", Duration::from_millis(20));
            foreign_hit();
            chore_ran(Chore::Tidy, true, Moment(1_795_262_400_500));
            chore_ran(Chore::Index, false, Moment(1_795_262_400_500));
            spans(SpanOutcome::Dropped, 3);
            searched(Some(3));
            searched(Some(0));
            searched(None);
            distilled("learn", "done");
            db_failed(&crate::db::Error::Full);
            readiness(true);
            begin_at_zero();
            process_gauges();
        });
        handle.render()
    }

    #[test]
    fn every_declared_series_is_exported_with_its_kind_and_labels_and_no_other() {
        let text = everything();
        for series in SERIES {
            let kind = match series.kind {
                Kind::Counter => "counter",
                Kind::Gauge => "gauge",
                Kind::Histogram => "histogram",
            };
            assert!(text.contains(&format!("# TYPE {} {kind}\n", series.name)), "{}\n{text}", series.name);
            assert!(text.contains(&format!("# HELP {} {}\n", series.name, series.help)), "{}", series.name);
            let suffix = if series.kind == Kind::Histogram { "_count" } else { "" };
            let name = format!("{}{suffix}", series.name);
            let line =
                text.lines().find(|line| line.strip_prefix(&name).is_some_and(|rest| rest.starts_with(['{', ' '])));
            let line = line.unwrap_or_else(|| panic!("no sample of {name}"));
            for label in series.labels {
                assert!(line.contains(&format!("{label}=\"")), "{line} lacks {label}");
            }
        }
        let types = text.lines().filter(|line| line.starts_with("# TYPE")).count();
        assert_eq!(types, SERIES.len());
    }

    #[test]
    fn values_arrive_as_given() {
        let text = everything();
        for line in [
            "greenroom_queue_turns{state=\"running\"} 2",
            "greenroom_workers_busy 3",
            "greenroom_breakers_open{provider=\"operator\"} 1",
            "greenroom_outbox_oldest_seconds 9",
            "greenroom_cost_micros_total{key_source=\"operator\"} 1500",
            "greenroom_chores_total{chore=\"index\",outcome=\"failed\"} 1",
            "greenroom_chore_success_timestamp_seconds{chore=\"tidy\"} 1795262400.5",
            "greenroom_spans_total{outcome=\"dropped\"} 3",
            "greenroom_queue_oldest_seconds 1.5",
            "greenroom_outbox_rows 7",
            "greenroom_recall_searches_total{result=\"failed\"} 1",
            "greenroom_recall_hits_count 2",
            "greenroom_recall_hits_sum 3",
            "greenroom_tokens_total{direction=\"completion\",key_source=\"operator\"} 20",
            "greenroom_stage_seconds_bucket{stage=\"recall\",le=\"0.0025\"} 0",
            "greenroom_stage_seconds_bucket{stage=\"recall\",le=\"0.005\"} 1",
        ] {
            assert!(text.lines().any(|found| found == line), "{line} is not in\n{text}");
        }
    }
}
