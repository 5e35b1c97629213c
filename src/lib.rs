//! Greenroom: a self-hosted home for AI characters.
//!
//! Start reading at `docs/architecture.md`; a message's way through the house is `turn`.

pub mod app;
pub mod avatars;
pub mod cli;
pub mod cluster;
pub mod config;
pub mod crash;
pub mod db;
pub mod desk;
pub mod directory;
pub mod distil;
pub mod domain;
pub mod guard;
pub mod keyring;
pub mod life;
pub mod model;
pub mod ops;
pub mod outside;
pub mod personalities;
pub mod platform;
pub mod queue;
pub mod recall;
pub mod strongbox;
#[cfg(feature = "testing")]
pub mod testing;
pub mod texts;
pub mod turn;
pub mod vault;

/// Reports a failed database operation once, where it is handled.
pub(crate) fn ops_error(doing: &'static str, error: &db::Error) {
    ops::metrics::db_failed(error);
    let cause = std::error::Error::source(error).map(ToString::to_string);
    tracing::error!(doing, error = %error, cause, "the database failed");
}
