//! The database: one SQL text for SQLite and PostgreSQL, readers, and one writer that commits in groups.
//!
//! Every write goes through [`Db::write`]: closures that arrive while a commit is under way share the next one, and are
//! answered only after the commit. When one of a group fails, the group is undone and each runs again by itself, so
//! that nobody pays for savepoints and nobody for another's failure. Whoever reads asks by single statements
//! (`readers.rs`). Both say them with `say` (`script.rs`). Nothing outside `db` names `sqlx` or `rusqlite`.
//!
//! PostgreSQL is asked through `sqlx`; SQLite through `rusqlite` (`sqlite.rs`), because `sqlx` hands each of its statements
//! and rows to a thread of its own and waits for the answer, which costs more than most statements do. Migrations of both
//! are those of `sqlx`; they share one `libsqlite3-sys`.
//!
//! Where several processes share a database, each write commits by itself: a group would lock many lanes at once, in an
//! order that another process's group need not follow.

pub mod aliases;
pub mod audit;
pub mod choices;
pub mod chunks;
pub mod dealt;
#[cfg(feature = "testing")]
mod failing;
pub mod health;
#[cfg(feature = "testing")]
mod inspect;
pub mod keys;
pub mod lanes;
pub mod layers;
pub mod leases;
pub mod ledger;
pub mod memories;
pub mod messages;
pub mod meta;
pub mod people;
pub mod personalities;
pub mod places;
pub mod post;
pub mod presets;
mod readers;
pub mod rules;
mod script;
pub mod secrets;
pub mod sessions;
mod sqlite;
pub mod turns;
pub mod upkeep;
mod writer;

use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use include_dir::{Dir, include_dir};
use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::pool::PoolConnection;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, PgPool, Postgres, SqlSafeStr};

#[cfg(feature = "testing")]
pub use failing::{Failing, When};
pub use health::{Backlog, Examination};
use readers::{Readers, Reads};
pub use script::Script;
use script::{Json, json, say};
pub use writer::Writing;
use writer::{Inbox, Source, Trouble, Writer};

static SQLITE_MIGRATIONS: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/migrations/sqlite");
static POSTGRES_MIGRATIONS: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/migrations/postgres");

/// How long a writer waits for another process's lock before it gives up.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// A connection to PostgreSQL that rested longer is tested before it is used.
const TRUSTED_IDLE: Duration = Duration::from_secs(2);
/// Size from which a SQLite file is not looked through before the house starts, but while it runs: 16 MB take about as
/// long as everything else at a start.
pub const CHECKED_AT_START: u64 = 16 << 20;
/// Connections to PostgreSQL that read.
const POSTGRES_READERS: u32 = 8;

/// A write transaction in progress.
pub enum Tx {
    Sqlite(rusqlite::Connection),
    Postgres(PoolConnection<Postgres>),
}

/// A database failure, in words an operator can act on.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No room left; nothing was written.
    #[error("the database is full: free disk space (or raise its size limit); nothing was lost")]
    Full,
    /// Another process holds the lock.
    #[error("the database is locked by another program; close it and try again")]
    Busy,
    /// The file is damaged.
    #[error(
        "the database file is damaged, and nothing was changed: restore a backup into an empty data directory with \
         `greenroom restore FILE`"
    )]
    Corrupt,
    /// Not reachable or not to be opened.
    #[error("the database cannot be opened: {0}")]
    Unavailable(String),
    /// Made by a newer Greenroom.
    #[error("the database was made by a newer Greenroom (schema {0}); install that version or restore an older backup")]
    Newer(i64),
    /// A row that no code of ours writes.
    #[error("inconsistent row in {table}.{column} ({row})")]
    Inconsistent { table: &'static str, column: &'static str, row: String },
    /// A worker lost its lane to another; its write was dropped.
    #[error("the lane was taken over; this worker's write was dropped")]
    Fenced,
    /// What was to be written was made from rows that are no longer as they were read; nothing was written.
    #[error("what was read changed meanwhile; nothing was written")]
    Changed,
    /// The write itself panicked; nothing was written.
    #[error("a write broke off because of a fault in the program; nothing was written")]
    Broken,
    /// Anything else, in the words of the engine's driver.
    #[error("the database refused a statement")]
    Other(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        match &error {
            sqlx::Error::Database(inner) => {
                let (code, message) = (inner.code().unwrap_or_default(), inner.message());
                // A code of PostgreSQL has five characters, one of SQLite's is a number with fewer.
                if code.len() < 5 {
                    let trouble = code.parse().ok().and_then(|code| sqlite::trouble(code, message));
                    return trouble.unwrap_or_else(|| Self::Other(error.into()));
                }
                match &*code {
                    "53100" => Self::Full,
                    // Shut down, starting, too many connections, the connection lost, or a server that only reads.
                    "57P01" | "57P02" | "57P03" | "53300" | "25006" => Self::Unavailable(message.to_owned()),
                    code if code.starts_with("08") => Self::Unavailable(message.to_owned()),
                    _ => Self::Other(error.into()),
                }
            }
            sqlx::Error::Io(_) | sqlx::Error::Tls(_) | sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed => {
                Self::Unavailable(error.to_string())
            }
            _ => Self::Other(error.into()),
        }
    }
}

impl Error {
    /// Whether the same call may succeed in a moment.
    pub fn is_passing(&self) -> bool {
        matches!(self, Self::Full | Self::Busy | Self::Unavailable(_))
    }

    /// Whether PostgreSQL ended a transaction for the sake of another: it may well succeed the next time.
    fn is_tangle(&self) -> bool {
        let Self::Other(error) = self else { return false };
        let Some(sqlx::Error::Database(error)) = error.downcast_ref() else { return false };
        matches!(error.code().as_deref(), Some("40001" | "40P01"))
    }

    /// The same error when it would meet any write just now; `None` for one that a single write brought about.
    fn of_the_database(&self) -> Option<Self> {
        match self {
            Self::Full => Some(Self::Full),
            Self::Busy => Some(Self::Busy),
            Self::Corrupt => Some(Self::Corrupt),
            Self::Unavailable(why) => Some(Self::Unavailable(why.clone())),
            Self::Newer(_)
            | Self::Inconsistent { .. }
            | Self::Fenced
            | Self::Changed
            | Self::Broken
            | Self::Other(_) => None,
        }
    }
}

/// A handle to the database; cheap to clone.
#[derive(Clone)]
pub struct Db {
    readers: Readers,
    writer: Inbox,
    trouble: Trouble,
    #[cfg(feature = "testing")]
    failing: Failing,
}

impl Db {
    /// Opens (and creates) the database at `url` and brings its schema up to date.
    ///
    /// `url` is `sqlite://PATH` or `postgres://…`.
    ///
    /// # Errors
    /// [`Error::Unavailable`], [`Error::Corrupt`], [`Error::Newer`], [`Error::Full`], [`Error::Busy`].
    pub async fn open(url: &str) -> Result<Self, Error> {
        let Some(path) = sqlite_path(url) else {
            return Self::over_server(open_postgres(url).await?, false);
        };
        let connection = sqlite::open(&path).await?;
        let readers = Readers::of_file(&path, sqlite::READING);
        if is_below(&path, CHECKED_AT_START) {
            upkeep::check(&readers).await?;
        }
        migrate_file(&path).await?;
        Self::over(readers, Source::File(Tx::Sqlite(connection)), false)
    }

    /// Opens a PostgreSQL database that other processes use as well.
    ///
    /// # Errors
    /// As [`Self::open`], and [`Error::Unavailable`] for SQLite.
    pub async fn open_shared(url: &str) -> Result<Self, Error> {
        if sqlite_path(url).is_some() {
            return Err(Error::Unavailable("SQLite serves one process".into()));
        }
        Self::over_server(open_postgres(url).await?, true)
    }

    fn over_server(pool: PgPool, is_shared: bool) -> Result<Self, Error> {
        Self::over(Readers::Server(pool.clone()), Source::Server(pool), is_shared)
    }

    /// A handle to a database that is ready, and the writer behind it.
    fn over(readers: Readers, source: Source, is_shared: bool) -> Result<Self, Error> {
        let trouble = Trouble::default();
        #[cfg(feature = "testing")]
        let failing = Failing::default();
        let writer = Writer {
            source,
            trouble: trouble.clone(),
            #[cfg(feature = "testing")]
            failing: failing.clone(),
        };
        Ok(Self {
            readers,
            writer: writer.start(is_shared)?,
            trouble,
            #[cfg(feature = "testing")]
            failing,
        })
    }

    /// `sqlite` or `postgres`.
    pub fn engine(&self) -> &'static str {
        self.text(["sqlite", "postgres"])
    }

    /// Of a text for SQLite and one for PostgreSQL, that of the engine in use.
    fn text(&self, [sqlite, postgres]: [&'static str; 2]) -> &'static str {
        match self.readers {
            Readers::File(_) => sqlite,
            Readers::Server(_) => postgres,
        }
    }

    /// Runs `work` in a transaction and returns once it is durable. An error undoes all of it.
    ///
    /// `work` may run more than once, but for the last time without a trace: it must depend on nothing but what it captured.
    ///
    /// # Errors
    /// Those of `work`; [`Error::Full`], [`Error::Busy`], [`Error::Unavailable`] of the commit; [`Error::Broken`] where
    /// `work` panics.
    pub async fn write<T, F>(&self, work: F) -> Result<T, Error>
    where
        T: Send + 'static,
        F: for<'t> FnOnce(&'t mut Tx) -> Writing<'t, T> + Clone + Send + Sync + 'static,
    {
        self.writer.write(work).await
    }

    /// Whether the pages of a SQLite file hang together: reads all of it. PostgreSQL looks after its own.
    ///
    /// # Errors
    /// [`Error::Corrupt`] when they do not, and as reading does.
    pub async fn check(&self) -> Result<(), Error> {
        upkeep::check(&self.readers).await
    }

    /// Folds SQLite's log into the file and empties it, so that what was deleted is in neither. Does nothing on
    /// PostgreSQL; returns whether the log is empty now, which a reader may prevent for a moment.
    pub async fn fold_log(&self) -> Result<bool, Error> {
        let Readers::File(_) = &self.readers else { return Ok(true) };
        let folding = say("PRAGMA wal_checkpoint(TRUNCATE)");
        let (busy, _, _) = folding.read_one::<(i64, i64, i64)>(&self.readers).await?;
        Ok(busy == 0)
    }

    /// Closes every connection after the writes under way; SQLite folds its log into the file.
    pub async fn close(&self) {
        self.readers.close().await;
        self.writer.close().await;
    }
}

/// The file of a `sqlite:` URL; `None` for other URLs.
pub fn sqlite_path(url: &str) -> Option<PathBuf> {
    url.strip_prefix("sqlite://").or_else(|| url.strip_prefix("sqlite:")).map(PathBuf::from)
}

/// Whether the file is there and smaller than `bytes`.
fn is_below(path: &Path, bytes: u64) -> bool {
    path.metadata().is_ok_and(|file| file.len() < bytes)
}

/// Makes an empty database on the PostgreSQL server of the admin URL `url`, for tests.
#[cfg(feature = "testing")]
pub async fn create_database(url: &str, name: &str) -> Result<(), Error> {
    let pool = PgPoolOptions::new().max_connections(1).connect(url).await.map_err(opening)?;
    sqlx::query(AssertSqlSafe(format!("CREATE DATABASE {name}"))).execute(&pool).await?;
    pool.close().await;
    Ok(())
}

fn opening(error: impl Into<Error>) -> Error {
    match error.into() {
        Error::Other(error) => Error::Unavailable(error.to_string()),
        error => error,
    }
}

/// A server, its schema up to date.
async fn open_postgres(url: &str) -> Result<PgPool, Error> {
    let options = PgConnectOptions::from_str(url)
        .map_err(|_| Error::Unavailable("DATABASE_URL is neither sqlite://PATH nor a postgres:// URL".into()))?
        .application_name("greenroom")
        .disable_statement_logging();
    let pool = PgPoolOptions::new()
        .max_connections(POSTGRES_READERS + 1)
        .acquire_timeout(Duration::from_secs(10))
        .test_before_acquire(false)
        .before_acquire(|connection, meta| {
            Box::pin(async move {
                // A server may hang up on a connection that rests; one that was just used is as good as tested.
                if meta.idle_for > TRUSTED_IDLE {
                    connection.ping().await?;
                }
                Ok(true)
            })
        })
        .connect_with(options)
        .await
        .map_err(opening)?;
    migrator(&POSTGRES_MIGRATIONS).run(&pool).await.map_err(migrating)?;
    Ok(pool)
}

/// The migrations of one engine, from the files compiled in.
fn migrator(files: &'static Dir<'static>) -> Migrator {
    let migrations = files
        .files()
        .filter_map(|file| {
            let name = file.path().file_stem()?.to_str()?;
            let (version, description) = name.split_once('_')?;
            Some(Migration::new(
                version.parse().ok()?,
                description.replace('_', " ").into(),
                MigrationType::Simple,
                AssertSqlSafe(file.contents_utf8()?.to_owned()).into_sql_str(),
                false,
            ))
        })
        .collect();
    Migrator::with_migrations(migrations)
}

async fn migrate_file(path: &Path) -> Result<(), Error> {
    let options = SqliteConnectOptions::new().filename(path).busy_timeout(BUSY_TIMEOUT).disable_statement_logging();
    let mut connection = options.connect().await.map_err(opening)?;
    let done = migrator(&SQLITE_MIGRATIONS).run(&mut connection).await.map_err(migrating);
    connection.close().await?;
    done
}

fn migrating(error: sqlx::migrate::MigrateError) -> Error {
    match error {
        sqlx::migrate::MigrateError::VersionMissing(version) => Error::Newer(version),
        sqlx::migrate::MigrateError::Execute(error) => error.into(),
        sqlx::migrate::MigrateError::ExecuteMigration(error, _) => error.into(),
        error => Error::Other(error.into()),
    }
}
