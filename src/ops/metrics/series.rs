//! The series that the house exports: name, kind, labels and meaning. Documentation, dashboard and alerts name these only.

use metrics::Unit;

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

const fn counter(name: &'static str, labels: &'static [&'static str], help: &'static str) -> Series {
    Series { name, kind: Kind::Counter, unit: None, help, labels }
}

const fn gauge(name: &'static str, labels: &'static [&'static str], help: &'static str) -> Series {
    Series { name, kind: Kind::Gauge, unit: None, help, labels }
}

const fn histogram(name: &'static str, labels: &'static [&'static str], help: &'static str) -> Series {
    Series { name, kind: Kind::Histogram, unit: None, help, labels }
}

const fn in_unit(unit: Unit, series: Series) -> Series {
    Series { unit: Some(unit), ..series }
}

pub(super) const BUILD_INFO: &str = "greenroom_build_info";
pub(super) const READY: &str = "greenroom_ready";
pub(super) const TURNS: &str = "greenroom_turns_total";
pub(super) const STAGE_SECONDS: &str = "greenroom_stage_seconds";
pub(super) const QUEUE_TURNS: &str = "greenroom_queue_turns";
pub(super) const QUEUE_OLDEST: &str = "greenroom_queue_oldest_seconds";
pub(super) const WORKERS: &str = "greenroom_workers";
pub(super) const WORKERS_BUSY: &str = "greenroom_workers_busy";
pub(super) const OUTBOX_ROWS: &str = "greenroom_outbox_rows";
pub(super) const OUTBOX_OLDEST: &str = "greenroom_outbox_oldest_seconds";
pub(super) const TOKENS: &str = "greenroom_tokens_total";
pub(super) const COST: &str = "greenroom_cost_micros_total";
pub(super) const MODEL_ERRORS: &str = "greenroom_model_errors_total";
pub(super) const BREAKERS_OPEN: &str = "greenroom_breakers_open";
pub(super) const BREAKER_OPENINGS: &str = "greenroom_breaker_openings_total";
pub(super) const DELIVERIES: &str = "greenroom_deliveries_total";
pub(super) const DELIVERIES_RETRIED: &str = "greenroom_deliveries_retried_total";
pub(super) const EVENTS: &str = "greenroom_events_total";
pub(super) const CONNECTIONS: &str = "greenroom_connections_total";
pub(super) const REST_REQUESTS: &str = "greenroom_rest_requests_total";
pub(super) const REST_WAIT: &str = "greenroom_rest_wait_seconds";
pub(super) const RECALL_SEARCHES: &str = "greenroom_recall_searches_total";
pub(super) const RECALL_HITS: &str = "greenroom_recall_hits";
pub(super) const RECALL_FOREIGN: &str = "greenroom_recall_foreign_total";
pub(super) const DISTILLED: &str = "greenroom_distilled_total";
pub(super) const CHORES: &str = "greenroom_chores_total";
pub(super) const CHORE_SUCCESS: &str = "greenroom_chore_success_timestamp_seconds";
pub(super) const DB_ERRORS: &str = "greenroom_db_errors_total";
pub(super) const DB_BYTES: &str = "greenroom_database_bytes";
pub(super) const LEASE_HELD: &str = "greenroom_lease_held";
pub(super) const SPANS: &str = "greenroom_spans_total";
pub(super) const RESIDENT_BYTES: &str = "process_resident_memory_bytes";
pub(super) const OPEN_FDS: &str = "process_open_fds";

/// Every series there is.
pub const SERIES: &[Series] = &[
    gauge(BUILD_INFO, &["version"], "Always 1; the label says which version runs"),
    gauge(READY, &[], "1 when /readyz last said ready, else 0"),
    counter(TURNS, &["outcome"], "Turns ended: answered, apologised, cancelled"),
    in_unit(Unit::Seconds, histogram(STAGE_SECONDS, &["stage"], "Time a turn spent in each stage")),
    gauge(QUEUE_TURNS, &["state"], "Turns that are not ended: queued, running, sending"),
    in_unit(Unit::Seconds, gauge(QUEUE_OLDEST, &[], "Age of the oldest turn that is not ended")),
    gauge(WORKERS, &[], "Turns that may be worked on at once"),
    gauge(WORKERS_BUSY, &[], "Lanes that are being worked on"),
    gauge(OUTBOX_ROWS, &[], "Memories whose vectors are still to be written or removed"),
    in_unit(Unit::Seconds, gauge(OUTBOX_OLDEST, &[], "How long the oldest of them has waited")),
    counter(TOKENS, &["direction", "key_source"], "Tokens paid for, prompt and completion"),
    counter(COST, &["key_source"], "Millionths of a dollar that calls cost by list prices"),
    counter(MODEL_ERRORS, &["class"], "Failed model calls by class"),
    gauge(BREAKERS_OPEN, &["provider"], "Models of a provider that are left alone because calls kept failing"),
    counter(BREAKER_OPENINGS, &["provider"], "How often a model began to be left alone"),
    counter(DELIVERIES, &["platform", "outcome"], "Message parts sent, or not"),
    counter(DELIVERIES_RETRIED, &["platform", "why"], "Sends that had to be tried again: rate_limited, unsure"),
    counter(EVENTS, &["platform", "kind"], "Events that platforms brought"),
    counter(CONNECTIONS, &["platform", "change"], "Connections to platforms made, resumed, refused and lost"),
    counter(REST_REQUESTS, &["route", "outcome"], "Requests to Discord: ok, limited, refused, unsure"),
    in_unit(Unit::Seconds, histogram(REST_WAIT, &["route"], "Time requests to Discord waited for its rate limits")),
    counter(RECALL_SEARCHES, &["result"], "Memory searches: hit, empty, failed"),
    histogram(RECALL_HITS, &[], "Memories found by a search"),
    counter(RECALL_FOREIGN, &[], "Hits of a store that the search did not admit; they were thrown away"),
    counter(DISTILLED, &["step", "outcome"], "Talk read for facts or summed up, and what came of it"),
    counter(CHORES, &["chore", "outcome"], "Rounds of recurring work: done, failed"),
    in_unit(
        Unit::Seconds,
        gauge(CHORE_SUCCESS, &["chore"], "When a round of recurring work last ended well, in Unix time; 0: not yet"),
    ),
    counter(DB_ERRORS, &["kind"], "Database failures by kind"),
    in_unit(Unit::Bytes, gauge(DB_BYTES, &[], "Size of the database")),
    gauge(LEASE_HELD, &["lease"], "1 while this gateway or worker holds an account or a chore, else 0"),
    counter(SPANS, &["outcome"], "Spans of traces: exported, failed, dropped"),
    in_unit(Unit::Bytes, gauge(RESIDENT_BYTES, &[], "Resident memory of the process")),
    gauge(OPEN_FDS, &[], "Open file descriptors of the process"),
];
