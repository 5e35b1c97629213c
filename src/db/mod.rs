//! The database: one SQL text for SQLite and PostgreSQL, two typed pools, one writer that commits in groups.
//!
//! Every write goes through [`Db::write`]: closures that arrive while a commit is under way share the next one, and are
//! answered only after the commit. When one of a group fails, the group is undone and each runs again by itself, so
//! that nobody pays for savepoints and nobody for another's failure. Reads use [`on!`] on the pool.
//! Nothing outside `db` names `sqlx`.
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
pub mod rules;
mod script;
pub mod secrets;
pub mod sessions;
pub mod turns;
pub mod upkeep;

use std::future::Future;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::str::FromStr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use include_dir::{Dir, include_dir};
use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::pool::PoolConnection;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, PgPool, Postgres, SqlSafeStr, Sqlite, SqlitePool};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;

#[cfg(feature = "testing")]
pub use failing::{Failing, When};
pub use health::{Backlog, Examination};
pub use script::Script;

static SQLITE_MIGRATIONS: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/migrations/sqlite");
static POSTGRES_MIGRATIONS: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/migrations/postgres");

/// How often a transaction that got entangled with another one runs again.
const TANGLES_MAX: u32 = 5;
/// How long a writer waits for another process's lock before it gives up.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// Write closures that may share one commit.
const GROUP_MAX: usize = 256;
/// Write closures that may wait; further callers wait for room.
const WRITES_QUEUED: usize = 1024;
/// Page cache of each connection to SQLite: 16 MiB at most, filled as needed.
const SQLITE_CACHE: &str = "-16384";
/// Pages of SQLite's log before they are folded into the file: 16 MiB.
const SQLITE_CHECKPOINT: &str = "4000";
/// Readers of one SQLite file.
const SQLITE_READERS: u32 = 4;
/// A connection to PostgreSQL that rested longer is tested before it is used.
const TRUSTED_IDLE: Duration = Duration::from_secs(2);
/// Size from which a SQLite file is not looked through before the house starts, but while it runs: 16 MB take about as
/// long as everything else at a start.
pub const CHECKED_AT_START: u64 = 16 << 20;
/// Connections to PostgreSQL that read.
const POSTGRES_READERS: u32 = 8;

/// Writes to a shared database that are under way at once.
const WRITERS: usize = 4;

/// Either engine's pool.
#[derive(Clone, Debug)]
pub enum Pool {
    Sqlite(SqlitePool),
    Postgres(PgPool),
}

/// A write transaction in progress.
pub enum Tx {
    Sqlite(PoolConnection<Sqlite>),
    Postgres(PoolConnection<Postgres>),
}

/// Runs `$body` with `$c` bound to the pool of the engine in use: compiled once for each.
#[macro_export]
macro_rules! on {
    ($db:expr, $c:ident => $body:expr) => {
        match $db.pool() {
            $crate::db::Pool::Sqlite($c) => $body,
            $crate::db::Pool::Postgres($c) => $body,
        }
    };
}

/// Runs `$body` with `$c` bound to the connection of a [`Tx`]: compiled once for each engine.
#[macro_export]
macro_rules! on_tx {
    ($tx:expr, $c:ident => $body:expr) => {
        match $tx {
            $crate::db::Tx::Sqlite(connection) => {
                let $c = &mut **connection;
                $body
            }
            $crate::db::Tx::Postgres(connection) => {
                let $c = &mut **connection;
                $body
            }
        }
    };
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
    /// Anything else.
    #[error("the database refused a statement")]
    Other(#[source] sqlx::Error),
}

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        match &error {
            sqlx::Error::Database(inner) => match (inner.code().as_deref(), inner.message()) {
                (Some("53100" | "13"), _) => Self::Full,
                (Some(code), _)
                    if code.parse::<i64>().is_ok_and(|code| matches!(code & 0xFF, 5 | 6)) && code.len() < 5 =>
                {
                    Self::Busy
                }
                (Some("11" | "26" | "267" | "523" | "779"), _) => Self::Corrupt,
                (Some("14" | "270" | "526" | "782" | "8"), message) => Self::Unavailable(message.to_owned()),
                // Shut down, starting, too many connections, the connection lost, or a server that only reads.
                (Some("57P01" | "57P02" | "57P03" | "53300" | "25006"), message) => {
                    Self::Unavailable(message.to_owned())
                }
                (Some(code), message) if code.len() == 5 && code.starts_with("08") => {
                    Self::Unavailable(message.to_owned())
                }
                (_, message) if message.contains("disk is full") => Self::Full,
                _ => Self::Other(error),
            },
            sqlx::Error::Io(_) | sqlx::Error::Tls(_) | sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed => {
                Self::Unavailable(error.to_string())
            }
            _ => Self::Other(error),
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
        let Self::Other(sqlx::Error::Database(error)) = self else { return false };
        matches!(error.code().as_deref(), Some("40001" | "40P01"))
    }

    /// The same error when it would meet any write just now; `None` for one that a single write brought about.
    fn of_the_database(&self) -> Option<Self> {
        match self {
            Self::Full => Some(Self::Full),
            Self::Busy => Some(Self::Busy),
            Self::Corrupt => Some(Self::Corrupt),
            Self::Unavailable(why) => Some(Self::Unavailable(why.clone())),
            Self::Newer(_) | Self::Inconsistent { .. } | Self::Fenced | Self::Changed | Self::Other(_) => None,
        }
    }
}

/// A future of a write closure.
pub type Writing<'t, T> = Pin<Box<dyn Future<Output = Result<T, Error>> + Send + 't>>;

/// A write closure with a place for its value, able to run more than once.
trait Work: Send + Sync {
    fn run<'t>(&self, tx: &'t mut Tx) -> Writing<'t, ()>;
}

struct Writes<T, F> {
    work: F,
    value: Arc<Mutex<Option<T>>>,
}

impl<T, F> Work for Writes<T, F>
where
    T: Send + 'static,
    F: for<'t> FnOnce(&'t mut Tx) -> Writing<'t, T> + Clone + Send + Sync,
{
    fn run<'t>(&self, tx: &'t mut Tx) -> Writing<'t, ()> {
        let (writing, value) = (self.work.clone()(tx), Arc::clone(&self.value));
        Box::pin(async move {
            let written = writing.await?;
            *value.lock().unwrap_or_else(PoisonError::into_inner) = Some(written);
            Ok(())
        })
    }
}

struct Job {
    work: Box<dyn Work>,
    done: oneshot::Sender<Result<(), Error>>,
}

/// A handle to the database; cheap to clone.
#[derive(Clone)]
pub struct Db {
    pool: Pool,
    /// Where the writer writes; on PostgreSQL the same pool.
    writers: Pool,
    writer: mpsc::Sender<Job>,
    trouble: Trouble,
    #[cfg(feature = "testing")]
    failing: Failing,
}

/// What was wrong with the whole database when it was last written to; empty while all is well.
#[derive(Clone, Default)]
struct Trouble(Arc<Mutex<Option<Error>>>);

impl Trouble {
    fn now(&self) -> Option<Error> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).as_ref().and_then(Error::of_the_database)
    }

    /// Learns from a transaction. A failure that one write brought about says nothing of the database; nor is there room
    /// for much because there was room for a little.
    fn learn(&self, written: &Result<(), Error>) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match written.as_ref().err().and_then(Error::of_the_database) {
            Some(trouble) => *known = Some(trouble),
            None if written.is_ok() && !matches!(*known, Some(Error::Full)) => *known = None,
            None => {}
        }
    }

    fn is_over(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

/// What the writer works with.
struct Writer {
    pool: Pool,
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
        let (pool, writers) = match sqlite_path(url) {
            Some(path) => {
                let (readers, writer) = open_sqlite(&path).await?;
                (Pool::Sqlite(readers), Pool::Sqlite(writer))
            }
            None => {
                let pool = open_postgres(url).await?;
                (Pool::Postgres(pool.clone()), Pool::Postgres(pool))
            }
        };
        if sqlite_path(url).is_some_and(|path| is_below(&path, CHECKED_AT_START)) {
            upkeep::check(&writers).await?;
        }
        migrate(&writers).await?;
        Ok(Self::over(pool, writers, false))
    }

    /// Opens a PostgreSQL database that other processes use as well.
    ///
    /// # Errors
    /// As [`Self::open`], and [`Error::Unavailable`] for SQLite.
    pub async fn open_shared(url: &str) -> Result<Self, Error> {
        if sqlite_path(url).is_some() {
            return Err(Error::Unavailable("SQLite serves one process".into()));
        }
        let pool = Pool::Postgres(open_postgres(url).await?);
        migrate(&pool).await?;
        Ok(Self::over(pool.clone(), pool, true))
    }

    /// A handle to pools that are ready, and the writer behind it.
    fn over(pool: Pool, writers: Pool, is_shared: bool) -> Self {
        let (writer, jobs) = mpsc::channel(WRITES_QUEUED);
        let trouble = Trouble::default();
        #[cfg(feature = "testing")]
        let failing = Failing::default();
        let writes = Writer {
            pool: writers.clone(),
            trouble: trouble.clone(),
            #[cfg(feature = "testing")]
            failing: failing.clone(),
        };
        #[expect(clippy::disallowed_methods, reason = "ends by itself when the last handle is dropped")]
        tokio::spawn(async move { if is_shared { writes.each(jobs).await } else { writes.in_groups(jobs).await } });
        Self {
            pool,
            writers,
            writer,
            trouble,
            #[cfg(feature = "testing")]
            failing,
        }
    }

    /// The pool to read from, for [`on!`].
    pub fn pool(&self) -> &Pool {
        #[cfg(feature = "testing")]
        if let Some(broken) = self.failing.instead_of_reading() {
            return broken;
        }
        &self.pool
    }

    /// `sqlite` or `postgres`.
    pub fn engine(&self) -> &'static str {
        match self.pool {
            Pool::Sqlite(_) => "sqlite",
            Pool::Postgres(_) => "postgres",
        }
    }

    /// Runs `work` in a transaction and returns once it is durable. An error undoes all of it.
    ///
    /// `work` may run more than once, but for the last time without a trace: it must depend on nothing but what it captured.
    ///
    /// # Errors
    /// Those of `work`, and [`Error::Full`], [`Error::Busy`], [`Error::Unavailable`] of the commit.
    pub async fn write<T, F>(&self, work: F) -> Result<T, Error>
    where
        T: Send + 'static,
        F: for<'t> FnOnce(&'t mut Tx) -> Writing<'t, T> + Clone + Send + Sync + 'static,
    {
        let value = Arc::new(Mutex::new(None));
        let (done, answer) = oneshot::channel();
        let work = Box::new(Writes { work, value: Arc::clone(&value) });
        let gone = || Error::Unavailable("the writer has stopped".into());
        self.writer.send(Job { work, done }).await.map_err(|_| gone())?;
        answer.await.map_err(|_| gone())??;
        value.lock().unwrap_or_else(PoisonError::into_inner).take().ok_or_else(gone)
    }

    /// Whether the pages of a SQLite file hang together: reads all of it. PostgreSQL looks after its own.
    ///
    /// # Errors
    /// [`Error::Corrupt`] when they do not, and as reading does.
    pub async fn check(&self) -> Result<(), Error> {
        upkeep::check(&self.pool).await
    }

    /// Folds SQLite's log into the file and empties it, so that what was deleted is in neither. Does nothing on
    /// PostgreSQL; returns whether the log is empty now, which a reader may prevent for a moment.
    pub async fn fold_log(&self) -> Result<bool, Error> {
        let Pool::Sqlite(pool) = &self.pool else { return Ok(true) };
        let (busy, _, _) =
            sqlx::query_as::<_, (i64, i64, i64)>("PRAGMA wal_checkpoint(TRUNCATE)").fetch_one(pool).await?;
        Ok(busy == 0)
    }

    /// Closes every connection after the writes under way; SQLite folds its log into the file.
    pub async fn close(&self) {
        for pool in [&self.pool, &self.writers] {
            match pool {
                Pool::Sqlite(pool) => pool.close().await,
                Pool::Postgres(pool) => pool.close().await,
            }
        }
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

async fn open_sqlite(path: &Path) -> Result<(SqlitePool, SqlitePool), Error> {
    let options = SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(BUSY_TIMEOUT)
        .pragma("secure_delete", "ON")
        .pragma("temp_store", "MEMORY")
        .pragma("cache_size", SQLITE_CACHE)
        .pragma("wal_autocheckpoint", SQLITE_CHECKPOINT)
        .optimize_on_close(false, None)
        .disable_statement_logging();
    let writer = SqlitePoolOptions::new()
        .max_connections(1)
        .test_before_acquire(false)
        .connect_with(options.clone())
        .await
        .map_err(opening)?;
    // A file does not hang up between two reads.
    let readers = SqlitePoolOptions::new()
        .max_connections(SQLITE_READERS)
        .test_before_acquire(false)
        .connect_lazy_with(options.create_if_missing(false));
    Ok((readers, writer))
}

/// Makes an empty database on the PostgreSQL server of the admin URL `url`, for tests.
#[cfg(feature = "testing")]
pub async fn create_database(url: &str, name: &str) -> Result<(), Error> {
    let pool = PgPoolOptions::new().max_connections(1).connect(url).await.map_err(opening)?;
    sqlx::query(AssertSqlSafe(format!("CREATE DATABASE {name}"))).execute(&pool).await?;
    pool.close().await;
    Ok(())
}

fn opening(error: sqlx::Error) -> Error {
    match Error::from(error) {
        Error::Other(error) => Error::Unavailable(error.to_string()),
        error => error,
    }
}

async fn open_postgres(url: &str) -> Result<PgPool, Error> {
    let options = PgConnectOptions::from_str(url)
        .map_err(|_| Error::Unavailable("DATABASE_URL is neither sqlite://PATH nor a postgres:// URL".into()))?
        .application_name("greenroom")
        .disable_statement_logging();
    PgPoolOptions::new()
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
        .map_err(opening)
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

async fn migrate(pool: &Pool) -> Result<(), Error> {
    let done = match pool {
        Pool::Sqlite(pool) => migrator(&SQLITE_MIGRATIONS).run(pool).await,
        Pool::Postgres(pool) => migrator(&POSTGRES_MIGRATIONS).run(pool).await,
    };
    done.map_err(|error| match error {
        sqlx::migrate::MigrateError::VersionMissing(version) => Error::Newer(version),
        sqlx::migrate::MigrateError::Execute(error) => error.into(),
        sqlx::migrate::MigrateError::ExecuteMigration(error, _) => error.into(),
        error => Error::Other(sqlx::Error::Migrate(Box::new(error))),
    })
}

impl Writer {
    /// Takes what has gathered, runs it in one transaction, commits, answers.
    async fn in_groups(self, mut jobs: mpsc::Receiver<Job>) {
        let mut group = Vec::with_capacity(GROUP_MAX);
        while jobs.recv_many(&mut group, GROUP_MAX).await > 0 {
            self.write(&mut group).await;
        }
        if let Pool::Sqlite(pool) = self.pool {
            pool.close().await;
        }
    }

    /// Of a shared database: each write is a transaction of its own.
    async fn each(self, mut jobs: mpsc::Receiver<Job>) {
        let writer = Arc::new(self);
        let mut writing = JoinSet::new();
        while let Some(job) = jobs.recv().await {
            while writing.len() >= WRITERS {
                writing.join_next().await;
            }
            let writer = Arc::clone(&writer);
            writing.spawn(async move {
                let written = writer.in_one(&[&*job.work]).await;
                let _ = job.done.send(written);
            });
            while writing.try_join_next().is_some() {}
        }
        while writing.join_next().await.is_some() {}
    }

    async fn write(&self, group: &mut Vec<Job>) {
        let written = {
            let works: Vec<&dyn Work> = group.iter().map(|job| &*job.work).collect();
            self.in_one(&works).await
        };
        // A write that was alone has had its try.
        if group.len() == 1 {
            if let Some(job) = group.pop() {
                let _ = job.done.send(written);
            }
            return;
        }
        for job in group.drain(..) {
            let _ = job.done.send(match &written {
                Ok(()) => Ok(()),
                Err(error) => match error.of_the_database() {
                    Some(error) => Err(error),
                    None => self.in_one(&[&*job.work]).await,
                },
            });
        }
    }

    /// Runs `works` in one transaction; an error undoes all of it. Where PostgreSQL ends it because it and another one waited
    /// for each other, it runs again.
    async fn in_one(&self, works: &[&dyn Work]) -> Result<(), Error> {
        #[cfg(feature = "testing")]
        self.failing.before_writing()?;
        let mut written = self.committed(works).await;
        for _ in 0..TANGLES_MAX {
            if !written.as_ref().is_err_and(Error::is_tangle) {
                break;
            }
            tracing::debug!("two transactions waited for each other");
            written = self.committed(works).await;
        }
        self.trouble.learn(&written);
        #[cfg(feature = "testing")]
        self.failing.after_writing(&written)?;
        written
    }

    async fn committed(&self, works: &[&dyn Work]) -> Result<(), Error> {
        let mut tx = begin(&self.pool).await?;
        let written = async {
            for work in works {
                work.run(&mut tx).await?;
            }
            Ok(())
        };
        let written = match written.await {
            Ok(()) => command(&mut tx, "COMMIT").await,
            error => error,
        };
        if written.is_err() {
            // A full disk or a lost connection ends the transaction by itself.
            let _ = command(&mut tx, "ROLLBACK").await;
        }
        written
    }
}

async fn begin(pool: &Pool) -> Result<Tx, Error> {
    let mut tx = match pool {
        Pool::Sqlite(pool) => Tx::Sqlite(pool.acquire().await?),
        Pool::Postgres(pool) => Tx::Postgres(pool.acquire().await?),
    };
    let begin = match tx {
        Tx::Sqlite(_) => "BEGIN IMMEDIATE",
        Tx::Postgres(_) => "BEGIN",
    };
    command(&mut tx, begin).await?;
    Ok(tx)
}

async fn command(tx: &mut Tx, sql: &'static str) -> Result<(), Error> {
    on_tx!(tx, c => sqlx::query(sql).execute(c).await.map(|_| ()).map_err(Error::from))
}
