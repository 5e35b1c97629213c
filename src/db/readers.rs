//! The readers: each statement is a transaction of its own, on a connection that nobody else has meanwhile.
//!
//! A SQLite file is read on the runtime's blocking threads: one hand-over there and back for all rows of a statement.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rusqlite::Connection;
use sqlx::{PgPool, Postgres};
use tokio::sync::Semaphore;

use super::script::{Columns, Statement};
use super::sqlite::{self, Pragmas};
use super::{Db, Error};

/// Connections to one file that read.
const READERS: usize = 4;

/// Where statements are read.
#[derive(Clone)]
pub(super) enum Readers {
    File(Arc<File>),
    Server(PgPool),
}

/// The readers of a SQLite file.
pub(super) struct File {
    path: PathBuf,
    pragmas: Pragmas,
    /// Connections that nobody uses just now; more are opened as they are needed.
    idle: Mutex<Vec<Connection>>,
    free: Arc<Semaphore>,
}

impl Readers {
    /// Readers of a file that is there, set to `pragmas`.
    pub(super) fn of_file(path: &Path, pragmas: Pragmas) -> Self {
        let free = Arc::new(Semaphore::new(READERS));
        Self::File(Arc::new(File { path: path.to_owned(), pragmas, idle: Mutex::default(), free }))
    }

    /// The rows of a statement.
    pub(super) async fn rows<R: Columns + 'static>(&self, statement: Statement<'_>) -> Result<Vec<R>, Error> {
        match self {
            Self::File(file) => {
                let statement = statement.owned();
                file.run(move |connection| sqlite::rows(connection, &statement)).await
            }
            Self::Server(pool) => {
                let query = sqlx::query_as_with::<Postgres, R, _>(statement.sql, statement.arguments()?);
                Ok(query.fetch_all(pool).await?)
            }
        }
    }

    /// Runs a statement to its end; how many rows it changed.
    pub(super) async fn execute(&self, statement: Statement<'_>) -> Result<u64, Error> {
        match self {
            Self::File(file) => {
                let statement = statement.owned();
                file.run(move |connection| sqlite::execute(connection, &statement)).await
            }
            Self::Server(pool) => {
                let query = sqlx::query_with::<Postgres, _>(statement.sql, statement.arguments()?);
                Ok(query.execute(pool).await?.rows_affected())
            }
        }
    }

    /// Closes every connection after the statements under way; later ones fail.
    pub(super) async fn close(&self) {
        match self {
            Self::File(file) => {
                // Whoever closes them twice finds none.
                let all = u32::try_from(READERS).unwrap_or(u32::MAX);
                let turns = file.free.acquire_many(all).await;
                file.free.close();
                file.idle().clear();
                drop(turns);
            }
            Self::Server(pool) => pool.close().await,
        }
    }
}

impl File {
    fn idle(&self) -> MutexGuard<'_, Vec<Connection>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs `work` on a connection, off the runtime.
    pub(super) async fn run<T, F>(self: &Arc<Self>, work: F) -> Result<T, Error>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    {
        let turn = Arc::clone(&self.free).acquire_owned().await;
        let turn = turn.map_err(|_| Error::Unavailable("it is closed".into()))?;
        let file = Arc::clone(self);
        let ran = tokio::task::spawn_blocking(move || {
            let idle = file.idle().pop();
            let connection = idle.map_or_else(|| sqlite::opened(&file.path, file.pragmas, false), Ok)?;
            let done = work(&connection);
            file.idle().push(connection);
            drop(turn);
            done
        });
        Ok(ran.await.map_err(|_| Error::Broken)??)
    }
}

/// Something with readers.
pub(super) trait Reads {
    /// # Errors
    /// [`Error::Unavailable`] where a test asked for it.
    fn readers(&self) -> Result<&Readers, Error>;
}

impl Reads for Readers {
    fn readers(&self) -> Result<&Readers, Error> {
        Ok(self)
    }
}

impl Reads for Db {
    fn readers(&self) -> Result<&Readers, Error> {
        #[cfg(feature = "testing")]
        self.failing.before_reading()?;
        Ok(&self.readers)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::db::script::say;
    use crate::db::sqlite::NOTHING_SET;

    fn house() -> (tempfile::TempDir, Readers) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("house.db");
        let connection = sqlite::opened(&path, NOTHING_SET, true).unwrap();
        connection.execute_batch("CREATE TABLE thing (n INTEGER) STRICT").unwrap();
        (folder, Readers::of_file(&path, NOTHING_SET))
    }

    #[tokio::test]
    async fn more_may_read_at_once_than_there_are_connections() {
        let (_folder, readers) = house();
        let reads = (0..50_i64).map(|n| say("SELECT $1 + 1").bind(n).read_one::<(i64,)>(&readers));
        let read = futures::future::join_all(reads).await;
        assert!(read.into_iter().enumerate().all(|(n, read)| read.unwrap().0 == n as i64 + 1));
        let Readers::File(file) = &readers else { unreachable!() };
        assert!((1..=READERS).contains(&file.idle().len()));
    }

    #[tokio::test]
    async fn one_that_panics_takes_no_place_away() {
        let (_folder, readers) = house();
        let Readers::File(file) = &readers else { unreachable!() };
        for _ in 0..2 * READERS {
            let broken = file.run::<(), _>(|_| panic!("a panic that a test asked for")).await;
            assert!(matches!(broken, Err(Error::Broken)), "{broken:?}");
        }
        assert_eq!(say("SELECT 7").read_one::<(i64,)>(&readers).await.unwrap(), (7,));
    }

    #[tokio::test]
    async fn nothing_is_read_after_the_end() {
        let (_folder, readers) = house();
        let (read, ()) = tokio::join!(biased; say("SELECT 7").read_one::<(i64,)>(&readers), readers.close());
        assert_eq!(read.unwrap(), (7,));
        readers.close().await;
        let Readers::File(file) = &readers else { unreachable!() };
        assert!(file.idle().is_empty());
        let late = say("SELECT 7").read_one::<(i64,)>(&readers).await;
        assert!(matches!(late, Err(Error::Unavailable(_))), "{late:?}");
    }

    #[tokio::test]
    async fn a_file_that_is_not_there_is_not_made() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("house.db");
        let read = say("SELECT 7").read_one::<(i64,)>(&Readers::of_file(&path, NOTHING_SET)).await;
        assert!(matches!(read, Err(Error::Unavailable(_))), "{read:?}");
        assert!(!path.exists());
    }
}
