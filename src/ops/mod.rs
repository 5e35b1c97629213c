//! Running the house: logs, metrics, traces, health, the data directory, backups, and the doctor.
//!
//! Knows the traits, never an implementation: `app` hands those in.

pub mod backup;
pub mod datadir;
pub mod doctor;
pub mod dumps;
pub mod http;
pub mod memory;
pub mod metrics;
pub mod restore;
pub mod scrub;
pub mod telemetry;
pub mod traces;
pub mod watch;

/// Why the house cannot start: one sentence that names the setting and what to do. Exit code 2.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct CannotStart(pub String);
