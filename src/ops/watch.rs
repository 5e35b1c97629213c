//! What `run` keeps an eye on, and what it says of itself at the start.

use std::sync::Arc;
use std::time::Duration;

use super::{http::Readiness, metrics};
use crate::config::Config;
use crate::db::{self, Db};
use crate::domain::Clock;
use crate::life::Life;
use crate::recall::Recall;

/// How often the waiting work is counted.
const COUNT_EVERY: Duration = Duration::from_secs(10);

/// How often the database is looked through for damage.
const CHECK_EVERY: Duration = Duration::from_secs(24 * 3_600);

/// Makes `/readyz` ask the database.
pub fn database(readiness: &Readiness, db: &Db) {
    let db = db.clone();
    readiness.add("database", move || {
        let db = db.clone();
        async move { db.ping().await.inspect_err(metrics::db_failed).map_err(|error| error.to_string()) }
    });
}

/// Makes `/readyz` ask the vector store.
pub fn recall(readiness: &Readiness, recall: &Arc<Recall>) {
    let recall = recall.clone();
    readiness.add("vector store", move || {
        let recall = recall.clone();
        async move { recall.store().check().await.map_err(|error| error.to_string()) }
    });
}

/// Counts the waiting work for the metrics until the soft stop.
pub fn backlog(life: &Life, db: Db, clock: Arc<dyn Clock>) {
    let stop = life.soft();
    life.spawn("backlog count", async move {
        let mut tick = tokio::time::interval(COUNT_EVERY);
        while stop.run_until_cancelled(tick.tick()).await.is_some() {
            match stop.run_until_cancelled(db.backlog(clock.now())).await {
                Some(Ok(found)) => metrics::backlog(found.turns, found.oldest, found.outbox),
                Some(Err(error)) => {
                    metrics::db_failed(&error);
                    tracing::warn!(%error, "the waiting work cannot be counted");
                }
                None => {}
            }
        }
    });
}

/// Looks a SQLite file through, now and once a day; a damaged one stops the house before more is written into it. Small
/// files were looked through before the start as well.
pub fn soundness(life: &Life, db: Db) {
    let (stop, living) = (life.soft(), life.clone());
    life.spawn("soundness", async move {
        let mut tick = tokio::time::interval(CHECK_EVERY);
        while stop.run_until_cancelled(tick.tick()).await.is_some() {
            match stop.run_until_cancelled(db.check()).await {
                Some(Err(error @ db::Error::Corrupt)) => {
                    metrics::db_failed(&error);
                    tracing::error!(%error, "the house stops");
                    living.fail();
                }
                Some(Err(error)) => {
                    metrics::db_failed(&error);
                    tracing::warn!(%error, "the database cannot be looked through");
                }
                Some(Ok(())) | None => {}
            }
        }
    });
}

/// Says what runs and what does not.
pub fn announce(config: &Config, front_ends: usize) {
    tracing::info!(
        version = env!("CARGO_PKG_VERSION"),
        http = config.http_addr,
        metrics = config.metrics_addr,
        "greenroom is up"
    );
    for (name, nearest) in &config.suspects {
        tracing::warn!(variable = name, "not a setting, but close to one: did you mean {nearest}?");
    }
    if front_ends == 0 {
        tracing::warn!(
            "no front end is running: set DISCORD_TOKEN for Discord, MATRIX_HOMESERVER and MATRIX_USER for Matrix, or chat with \
             `greenroom console`"
        );
    }
}
