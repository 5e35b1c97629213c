//! Every number the house exports, named and described once. Others call the functions here, never the macros.
//!
//! Labels have few values that we choose: no names, no ids, no text.

use std::time::Duration;

use metrics::Unit;
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle, PrometheusRecorder};

use crate::domain::{KeySource, Outcome};
use crate::life::Life;
use crate::model::{ErrorClass, TokenUse};

/// How often histograms are folded and gauges of the process are read.
const UPKEEP_EVERY: Duration = Duration::from_secs(5);
/// Upper bounds of the time histograms, in seconds: from a cached embedding to the slowest answer.
const SECONDS: [f64; 16] =
    [0.0001, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 30.0, 180.0];
/// Upper bounds of the histogram of memories found.
const HITS: [f64; 8] = [0.0, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0];

/// What a series counts as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Counter,
    Gauge,
    Histogram,
}

/// One series, as documentation, dashboard and alerts may name it.
#[derive(Clone, Copy, Debug)]
pub struct Series {
    pub name: &'static str,
    pub kind: Kind,
    pub unit: Option<Unit>,
    pub help: &'static str,
    /// Names of its labels.
    pub labels: &'static [&'static str],
}

const fn series(
    name: &'static str,
    kind: Kind,
    unit: Option<Unit>,
    labels: &'static [&'static str],
    help: &'static str,
) -> Series {
    Series { name, kind, unit, help, labels }
}

const BUILD_INFO: &str = "greenroom_build_info";
const TURNS: &str = "greenroom_turns_total";
const STAGE_SECONDS: &str = "greenroom_stage_seconds";
const QUEUE_TURNS: &str = "greenroom_queue_turns";
const QUEUE_OLDEST: &str = "greenroom_queue_oldest_seconds";
const OUTBOX_ROWS: &str = "greenroom_outbox_rows";
const TOKENS: &str = "greenroom_tokens_total";
const MODEL_ERRORS: &str = "greenroom_model_errors_total";
const DELIVERIES: &str = "greenroom_deliveries_total";
const RECALL_SEARCHES: &str = "greenroom_recall_searches_total";
const RECALL_HITS: &str = "greenroom_recall_hits";
const DISTILLED: &str = "greenroom_distilled_total";
const DB_ERRORS: &str = "greenroom_db_errors_total";
const LEASE_HELD: &str = "greenroom_lease_held";
const READY: &str = "greenroom_ready";
const RESIDENT_BYTES: &str = "process_resident_memory_bytes";
const OPEN_FDS: &str = "process_open_fds";

/// Every series there is.
pub const SERIES: &[Series] = &[
    series(BUILD_INFO, Kind::Gauge, None, &["version"], "Always 1; the label says which version runs"),
    series(TURNS, Kind::Counter, None, &["outcome"], "Turns ended: answered, apologised, cancelled"),
    series(STAGE_SECONDS, Kind::Histogram, Some(Unit::Seconds), &["stage"], "Time a turn spent in each stage"),
    series(QUEUE_TURNS, Kind::Gauge, None, &[], "Turns that are not ended"),
    series(QUEUE_OLDEST, Kind::Gauge, Some(Unit::Seconds), &[], "Age of the oldest turn that is not ended"),
    series(OUTBOX_ROWS, Kind::Gauge, None, &[], "Memories whose vectors are still to be written or removed"),
    series(TOKENS, Kind::Counter, None, &["direction", "key_source"], "Tokens paid for, prompt and completion"),
    series(MODEL_ERRORS, Kind::Counter, None, &["class"], "Failed model calls by class"),
    series(DELIVERIES, Kind::Counter, None, &["platform", "outcome"], "Message parts sent, or not"),
    series(RECALL_SEARCHES, Kind::Counter, None, &["result"], "Memory searches: hit, empty, failed"),
    series(RECALL_HITS, Kind::Histogram, None, &[], "Memories found by a search"),
    series(
        DISTILLED,
        Kind::Counter,
        None,
        &["step", "outcome"],
        "Talk read for facts or summed up, and what came of it",
    ),
    series(DB_ERRORS, Kind::Counter, None, &["kind"], "Database failures by kind"),
    series(
        LEASE_HELD,
        Kind::Gauge,
        None,
        &["lease"],
        "1 while this gateway or worker holds an account or a chore, else 0",
    ),
    series(READY, Kind::Gauge, None, &[], "1 when /readyz last said ready, else 0"),
    series(RESIDENT_BYTES, Kind::Gauge, Some(Unit::Bytes), &[], "Resident memory of the process"),
    series(OPEN_FDS, Kind::Gauge, None, &[], "Open file descriptors of the process"),
];

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
    metrics::counter!(TURNS, "outcome" => outcome_label(outcome)).increment(1);
}

fn outcome_label(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Answered => "answered",
        Outcome::Apologised => "apologised",
        Outcome::Cancelled => "cancelled",
    }
}

/// A stage of a turn took this long.
pub fn stage_took(stage: Stage, took: Duration) {
    metrics::histogram!(STAGE_SECONDS, "stage" => stage.as_str()).record(took.as_secs_f64());
}

/// The queue holds `turns` that are not ended, the oldest of this age; `outbox` memories wait for their vectors.
pub fn backlog(turns: u64, oldest: Duration, outbox: u64) {
    metrics::gauge!(QUEUE_TURNS).set(turns as f64);
    metrics::gauge!(QUEUE_OLDEST).set(oldest.as_secs_f64());
    metrics::gauge!(OUTBOX_ROWS).set(outbox as f64);
}

/// An answer cost these tokens.
pub fn tokens_spent(tokens: TokenUse, source: KeySource) {
    let source = match source {
        KeySource::Local => "local",
        KeySource::Operator => "operator",
        KeySource::Member => "member",
    };
    metrics::counter!(TOKENS, "direction" => "prompt", "key_source" => source).increment(tokens.prompt);
    metrics::counter!(TOKENS, "direction" => "completion", "key_source" => source).increment(tokens.completion);
}

/// A call of the model failed.
pub fn model_failed(class: ErrorClass) {
    metrics::counter!(MODEL_ERRORS, "class" => class.as_str()).increment(1);
}

/// A part went out, or did not.
pub fn delivered(platform: &'static str, was_sent: bool) {
    let outcome = if was_sent { "sent" } else { "failed" };
    metrics::counter!(DELIVERIES, "platform" => platform, "outcome" => outcome).increment(1);
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

/// Some talk was read for a step, or not.
pub fn distilled(step: &'static str, outcome: &'static str) {
    metrics::counter!(DISTILLED, "step" => step, "outcome" => outcome).increment(1);
}

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
        Error::Crossed => "crossed",
        Error::Changed => "changed",
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
            backlog(4, Duration::from_millis(1500), 7);
            let tokens = TokenUse { prompt: 100, completion: 20, by_provider: true };
            tokens_spent(tokens, KeySource::Operator);
            model_failed(ErrorClass::Down);
            delivered("console", true);
            searched(Some(3));
            searched(Some(0));
            searched(None);
            distilled("learn", "done");
            db_failed(&crate::db::Error::Full);
            readiness(true);
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
            "greenroom_queue_turns 4",
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
