//! What operators ask of the database: how much waits, and whether it is sound. Changes nothing.

use std::str::FromStr;
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgPoolOptions};

use super::readers::Readers;
use super::sqlite::NOTHING_SET;
use super::{Db, Error, POSTGRES_MIGRATIONS, SQLITE_MIGRATIONS, meta, migrator, opening, say, sqlite_path};
use crate::domain::{Moment, made_at};

/// How long an examination waits for a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// What is written and removed again to see whether a database that refused writes takes them.
const PROBE: &str = "health.probe";
/// Characters of it: more than fits into the gaps of a full database, about what an exchange takes.
const PROBE_LEN: usize = 64 * 1024;

/// Work that has been accepted and is not done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Backlog {
    /// Turns that no worker has taken up.
    pub queued: u64,
    /// Turns whose answer is being made.
    pub running: u64,
    /// Turns whose answer is stored and being sent.
    pub sending: u64,
    /// Age of the oldest turn that is not ended; zero when there is none.
    pub oldest: Duration,
    /// Memories whose vectors are still to be written or removed.
    pub outbox: u64,
    /// How long the oldest of them has waited; zero when there is none.
    pub outbox_oldest: Duration,
}

impl Backlog {
    /// Turns that are not ended.
    pub fn turns(&self) -> u64 {
        self.queued + self.running + self.sending
    }
}

/// What an examination found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Examination {
    /// Newest migration that was applied; `None`: there is no database yet.
    pub schema: Option<i64>,
    /// Newest migration this build has.
    pub wanted: i64,
    /// What SQLite's quick check complains of.
    pub damage: Option<String>,
    /// Time of the last change to a turn.
    pub last_change: Option<Moment>,
}

const OPEN_TURNS: &str =
    "SELECT state, COUNT(*), MIN(created_at) FROM turn WHERE state IN ('queued', 'running', 'sending') GROUP BY state";
const OUTBOX: &str = "SELECT COUNT(*), COALESCE(MIN(id), '') FROM outbox";
const SIZE_SQLITE: &str = "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()";
const SIZE_POSTGRES: &str = "SELECT pg_database_size(CURRENT_DATABASE())";

/// Statements of both engines.
pub const ALL: &[&str] = &[OPEN_TURNS, OUTBOX];

/// Statements that differ: SQLite's, PostgreSQL's.
pub const SPLIT: &[[&str; 2]] = &[[SIZE_SQLITE, SIZE_POSTGRES]];

const LAST_CHANGE: &str = "SELECT COALESCE(MAX(updated_at), 0) FROM turn";
const SCHEMA: &str = "SELECT COALESCE(MAX(version), 0) FROM _sqlx_migrations WHERE success";
const HAS_SCHEMA_SQLITE: &str = "SELECT COUNT(*) FROM sqlite_master WHERE name = '_sqlx_migrations'";
const HAS_SCHEMA_POSTGRES: &str = "SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = CURRENT_SCHEMA() AND table_name = '_sqlx_migrations'";
const QUICK_CHECK: &str = "PRAGMA quick_check(1)";

impl Db {
    /// Whether the database answers and takes what is written: a trivial read, and a write as well for as long as the last
    /// one failed for a reason that would meet any.
    ///
    /// # Errors
    /// As reading and writing do.
    pub async fn ping(&self) -> Result<(), Error> {
        say("SELECT CAST(1 AS BIGINT)").read_one::<(i64,)>(self).await?;
        if self.trouble.now().is_none() {
            return Ok(());
        }
        let filling = "0".repeat(PROBE_LEN);
        self.write(move |tx| Box::pin(async move { meta::set(tx, PROBE, &filling).await })).await?;
        self.write(|tx| Box::pin(async move { meta::remove(tx, PROBE).await })).await?;
        self.trouble.is_over();
        Ok(())
    }

    /// What waits at `now`.
    ///
    /// # Errors
    /// As reading does.
    pub async fn backlog(&self, now: Moment) -> Result<Backlog, Error> {
        let turns = say(OPEN_TURNS).read_all::<(String, i64, i64)>(self).await?;
        let (outbox, first) = say(OUTBOX).read_one::<(i64, String)>(self).await?;
        let count = |number: i64| u64::try_from(number).unwrap_or(0);
        let in_state =
            |state: &str| turns.iter().find(|(name, ..)| name == state).map_or(0, |(_, turns, _)| count(*turns));
        let age =
            |since: Option<i64>| Duration::from_millis(since.map_or(0, |since| count(now.0.saturating_sub(since))));
        Ok(Backlog {
            queued: in_state("queued"),
            running: in_state("running"),
            sending: in_state("sending"),
            oldest: age(turns.iter().map(|(.., oldest)| *oldest).min()),
            outbox: count(outbox),
            // A row has no time of its own but its id, which begins with it.
            outbox_oldest: age(made_at(&first).map(|at| at.0)),
        })
    }

    /// Size of the database, in bytes.
    ///
    /// # Errors
    /// As reading does.
    pub async fn size(&self) -> Result<u64, Error> {
        let (bytes,) = say(self.text([SIZE_SQLITE, SIZE_POSTGRES])).read_one::<(i64,)>(self).await?;
        Ok(u64::try_from(bytes).unwrap_or(0))
    }

    /// Newest migration that this build has for the engine of `url`.
    pub fn newest_schema(url: &str) -> i64 {
        newest(if sqlite_path(url).is_some() { &SQLITE_MIGRATIONS } else { &POSTGRES_MIGRATIONS })
    }

    /// Looks at the database at `url` without creating, migrating or changing it.
    ///
    /// # Errors
    /// As opening and reading do.
    pub async fn examine(url: &str) -> Result<Examination, Error> {
        let patient = match sqlite_path(url) {
            Some(path) if !path.exists() => {
                let wanted = newest(&SQLITE_MIGRATIONS);
                return Ok(Examination { schema: None, wanted, damage: None, last_change: None });
            }
            Some(path) => Readers::of_file(&path, NOTHING_SET),
            None => {
                let options = PgConnectOptions::from_str(url)
                    .map_err(|_| Error::Unavailable("DATABASE_URL is not a postgres:// URL".into()))?;
                let pool = PgPoolOptions::new().max_connections(1).acquire_timeout(CONNECT_TIMEOUT);
                Readers::Server(pool.connect_with(options).await.map_err(opening)?)
            }
        };
        let found = examined(&patient).await;
        patient.close().await;
        found
    }
}

async fn examined(patient: &Readers) -> Result<Examination, Error> {
    let (wanted, has_schema, damage) = match patient {
        Readers::File(_) => {
            let (said,) = say(QUICK_CHECK).read_one::<(String,)>(patient).await?;
            (newest(&SQLITE_MIGRATIONS), HAS_SCHEMA_SQLITE, (said != "ok").then_some(said))
        }
        Readers::Server(_) => (newest(&POSTGRES_MIGRATIONS), HAS_SCHEMA_POSTGRES, None),
    };
    let (tables,) = say(has_schema).read_one::<(i64,)>(patient).await?;
    if tables == 0 || damage.is_some() {
        let schema = damage.is_some().then_some(0);
        return Ok(Examination { schema, wanted, damage, last_change: None });
    }
    let (schema,) = say(SCHEMA).read_one::<(i64,)>(patient).await?;
    // An older schema may lack the table or column.
    let last = say(LAST_CHANGE).read_one::<(i64,)>(patient).await;
    let last_change = last.ok().map(|(at,)| Moment(at)).filter(|at| at.0 > 0);
    Ok(Examination { schema: Some(schema), wanted, damage, last_change })
}

/// Number of the newest migration of an engine.
fn newest(files: &'static include_dir::Dir<'static>) -> i64 {
    migrator(files).iter().map(|migration| migration.version).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_examination_changes_nothing_and_knows_new_from_current() {
        let temp = tempfile::tempdir().unwrap();
        let path = temp.path().join("house.db");
        let url = format!("sqlite://{}", path.display());
        let found = Db::examine(&url).await.unwrap();
        assert_eq!(found.schema, None);
        assert!(found.wanted >= 1 && !path.exists());

        let db = Db::open(&url).await.unwrap();
        let found = Db::examine(&url).await.unwrap();
        assert_eq!((found.schema, found.damage, found.last_change), (Some(found.wanted), None, None));
        assert_eq!(db.backlog(Moment(5)).await.unwrap(), Backlog::default());
        db.close().await;
    }

    #[tokio::test]
    async fn a_file_that_is_no_database_is_called_damaged() {
        let temp = tempfile::tempdir().unwrap();
        let path = temp.path().join("house.db");
        std::fs::write(&path, "not a database ".repeat(500)).unwrap();
        let error = Db::examine(&format!("sqlite://{}", path.display())).await.unwrap_err();
        assert!(matches!(error, Error::Corrupt), "{error}");
    }
}
