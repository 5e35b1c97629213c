//! Stories and checks through the public surface: one binary, so that linking happens once.

mod audit;
mod backup;
mod canaries;
mod cli;
mod cluster;
mod config;
mod crash;
mod deploy;
mod desk;
mod discord;
mod distilling;
mod faults;
mod folk;
mod isolation;
mod keys;
mod layers;
mod leaks;
mod leases;
mod leaves;
mod ledger;
mod llm_faults;
mod locales;
mod matrix;
mod outdoors;
mod outside;
mod paging;
mod remembering;
mod rules;
mod sessions;
mod soak;
mod sql;
mod stories;
mod watched;

/// The program as processes are started of it: the one built with the tests, or another one that `GREENROOM_TEST_PROGRAM`
/// names, for long runs of an optimised build (`cargo build --release --features testing`).
fn program() -> std::path::PathBuf {
    let other = std::env::var_os("GREENROOM_TEST_PROGRAM");
    other.map_or_else(|| env!("CARGO_BIN_EXE_greenroom").into(), Into::into)
}

/// Makes one test on each database engine out of an async block that gets the engine.
#[macro_export]
macro_rules! both {
    ($(#[$meta:meta])* $name:ident, |$engine:ident| $body:block) => {
        mod $name {
            use super::*;

            async fn story($engine: greenroom::testing::Engine) $body

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn sqlite() {
                story(greenroom::testing::Engine::Sqlite).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn postgres() {
                story(greenroom::testing::Engine::Postgres).await;
            }
        }
    };
}
