//! What `run` keeps an eye on, and what it says of itself at the start.

use std::sync::Arc;
use std::time::Duration;

use super::http::Readiness;
use super::metrics::{self, Chore};
use crate::config::Config;
use crate::db::{self, Db};
use crate::domain::{Clock, Moment};
use crate::life::Life;
use crate::recall::Recall;

/// How often it is looked whether every part answers.
const CHECK_EVERY: Duration = Duration::from_secs(15);
/// How often the waiting work is counted.
const COUNT_EVERY: Duration = Duration::from_secs(10);
/// How often the database is looked through for damage.
const LOOK_THROUGH_EVERY: Duration = Duration::from_secs(24 * 3_600);

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

/// Asks the checks behind `/readyz` again and again, so that its metric is true also where nobody else asks.
pub fn readiness(life: &Life, readiness: Readiness) {
    let stop = life.soft();
    life.spawn("readiness", async move {
        let mut tick = tokio::time::interval(CHECK_EVERY);
        while stop.run_until_cancelled(tick.tick()).await.is_some() {
            let Some(report) = stop.run_until_cancelled(readiness.report()).await else { return };
            metrics::readiness(report.ready);
        }
    });
}

/// Counts the waiting work for the metrics until the soft stop. `workers` says how many are at work, and of how many.
pub fn backlog<F>(life: &Life, db: Db, clock: Arc<dyn Clock>, workers: F)
where
    F: Fn() -> (usize, usize) + Send + 'static,
{
    let stop = life.soft();
    life.spawn("backlog count", async move {
        let mut tick = tokio::time::interval(COUNT_EVERY);
        while stop.run_until_cancelled(tick.tick()).await.is_some() {
            let (busy, all) = workers();
            metrics::workers(busy, all);
            let Some(counted) = stop.run_until_cancelled(count(&db, clock.now())).await else { return };
            if let Err(error) = &counted {
                metrics::db_failed(error);
                tracing::warn!(%error, "the waiting work cannot be counted");
            }
            metrics::chore_ran(Chore::Count, counted.is_ok(), clock.now());
        }
    });
}

/// Looks a SQLite file through, now and once a day; a damaged one stops the house before more is written into it. Small
/// files were looked through before the start as well.
pub fn soundness(life: &Life, db: Db) {
    let (stop, living) = (life.soft(), life.clone());
    life.spawn("soundness", async move {
        let mut tick = tokio::time::interval(LOOK_THROUGH_EVERY);
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

async fn count(db: &Db, now: Moment) -> Result<(), db::Error> {
    metrics::backlog(&db.backlog(now).await?);
    metrics::database_size(db.size().await?);
    Ok(())
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
