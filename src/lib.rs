//! Greenroom: a self-hosted home for AI characters.
//!
//! Start reading at `docs/architecture.md`; a message's way through the house is `turn`.

pub mod config;
pub mod db;
pub mod domain;
pub mod life;
pub mod model;
pub mod platform;
pub mod queue;
pub mod recall;
pub mod texts;
