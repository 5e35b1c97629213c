//! The one writer: takes the write closures that have gathered, runs them in one transaction, and answers each after the
//! commit.
//!
//! SQLite's writer is a thread of its own, with the connection in its hands: a closure there never waits for the
//! database. PostgreSQL's is a task.

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};

use futures::FutureExt as _;
use sqlx::PgPool;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;

#[cfg(feature = "testing")]
use super::Failing;
use super::{Error, Tx, say};

/// How often a transaction that got entangled with another one runs again.
const TANGLES_MAX: u32 = 5;
/// Write closures that may share one commit.
const GROUP_MAX: usize = 256;
/// Write closures that may wait; further callers wait for room.
const WRITES_QUEUED: usize = 1024;
/// Writes to a shared database that are under way at once.
const WRITERS: usize = 4;

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

/// What the writer is asked for.
enum Order {
    Write(Job),
    /// Nothing more: what was asked for before is written, what comes after is not.
    Close,
}

/// What was wrong with the whole database when it was last written to; empty while all is well.
#[derive(Clone, Default)]
pub(super) struct Trouble(Arc<Mutex<Option<Error>>>);

impl Trouble {
    pub(super) fn now(&self) -> Option<Error> {
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

    pub(super) fn is_over(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

/// Where the writer is asked; it ends when the last of these is dropped.
#[derive(Clone)]
pub(super) struct Inbox(mpsc::Sender<Order>);

impl Inbox {
    /// Has `work` run in a transaction; its value once it is durable.
    pub(super) async fn write<T, F>(&self, work: F) -> Result<T, Error>
    where
        T: Send + 'static,
        F: for<'t> FnOnce(&'t mut Tx) -> Writing<'t, T> + Clone + Send + Sync + 'static,
    {
        let value = Arc::new(Mutex::new(None));
        let (done, answer) = oneshot::channel();
        let work = Box::new(Writes { work, value: Arc::clone(&value) });
        let gone = || Error::Unavailable("the writer has stopped".into());
        self.0.send(Order::Write(Job { work, done })).await.map_err(|_| gone())?;
        answer.await.map_err(|_| gone())??;
        value.lock().unwrap_or_else(PoisonError::into_inner).take().ok_or_else(gone)
    }

    /// Has the writer end, and waits until its connection is closed.
    pub(super) async fn close(&self) {
        // One that has ended already needs no order.
        let _ = self.0.send(Order::Close).await;
        self.0.closed().await;
    }
}

/// Where transactions come from.
pub(super) enum Source {
    /// The one connection that writes to a SQLite file.
    File(Tx),
    Server(PgPool),
}

pub(super) struct Writer {
    pub(super) source: Source,
    pub(super) trouble: Trouble,
    #[cfg(feature = "testing")]
    pub(super) failing: Failing,
}

impl Writer {
    /// Sets the writer to work; where several processes share the database, each write is a transaction of its own.
    ///
    /// # Errors
    /// [`Error::Unavailable`] where there is no thread for it.
    pub(super) fn start(self, is_shared: bool) -> Result<Inbox, Error> {
        let (inbox, orders) = mpsc::channel(WRITES_QUEUED);
        match &self.source {
            Source::File(_) => {
                let runtime = tokio::runtime::Handle::current();
                std::thread::Builder::new()
                    .name("writer".into())
                    .spawn(move || runtime.block_on(self.in_groups(orders)))
                    .map_err(|error| Error::Unavailable(format!("no thread can be started: {error}")))?;
            }
            Source::Server(_) => {
                #[expect(clippy::disallowed_methods, reason = "ends by itself when the last handle is dropped")]
                tokio::spawn(
                    async move { if is_shared { self.each(orders).await } else { self.in_groups(orders).await } },
                );
            }
        }
        Ok(Inbox(inbox))
    }

    /// Takes what has gathered, runs it in one transaction, commits, answers.
    async fn in_groups(mut self, mut orders: mpsc::Receiver<Order>) {
        let (mut gathered, mut group) = (Vec::with_capacity(GROUP_MAX), Vec::with_capacity(GROUP_MAX));
        let mut is_closing = false;
        while !is_closing && orders.recv_many(&mut gathered, GROUP_MAX).await > 0 {
            for order in gathered.drain(..) {
                match order {
                    Order::Write(job) => group.push(job),
                    Order::Close => {
                        is_closing = true;
                        break;
                    }
                }
            }
            self.write(&mut group).await;
        }
        // Whoever closes the database waits for the end of the orders: the connection goes first.
        drop(self);
        drop(orders);
    }

    /// Of a shared database: each write is a transaction of its own.
    async fn each(self, mut orders: mpsc::Receiver<Order>) {
        let Source::Server(pool) = self.source else { return };
        let mut writing = JoinSet::new();
        while let Some(Order::Write(job)) = orders.recv().await {
            while writing.len() >= WRITERS {
                writing.join_next().await;
            }
            let mut writer = Self {
                source: Source::Server(pool.clone()),
                trouble: self.trouble.clone(),
                #[cfg(feature = "testing")]
                failing: self.failing.clone(),
            };
            writing.spawn(async move {
                let written = writer.in_one(&[&*job.work]).await;
                let _ = job.done.send(written);
            });
            while writing.try_join_next().is_some() {}
        }
        while writing.join_next().await.is_some() {}
    }

    async fn write(&mut self, group: &mut Vec<Job>) {
        if group.is_empty() {
            return;
        }
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
    async fn in_one(&mut self, works: &[&dyn Work]) -> Result<(), Error> {
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

    async fn committed(&mut self, works: &[&dyn Work]) -> Result<(), Error> {
        let mut lent;
        let tx = match &mut self.source {
            Source::File(tx) => tx,
            Source::Server(pool) => {
                lent = Tx::Postgres(pool.acquire().await?);
                &mut lent
            }
        };
        begin(tx).await?;
        let written = async {
            for work in works {
                work.run(tx).await?;
            }
            Ok(())
        };
        // A closure that panics takes nobody else's write along.
        let written = AssertUnwindSafe(written).catch_unwind().await.unwrap_or_else(|_| {
            tracing::error!("a write panicked and was undone");
            Err(Error::Broken)
        });
        let written = match written {
            Ok(()) => say("COMMIT").execute(tx).await.map(|_| ()),
            error => error,
        };
        if written.is_err() {
            // A full disk or a lost connection ends the transaction by itself.
            let _ = say("ROLLBACK").execute(tx).await;
        }
        written
    }
}

async fn begin(tx: &mut Tx) -> Result<(), Error> {
    let begin = match tx {
        Tx::Sqlite(connection) => {
            // There is only this connection: should the last transaction not have been undone, it is now.
            if !connection.is_autocommit() {
                say("ROLLBACK").execute(tx).await?;
            }
            "BEGIN IMMEDIATE"
        }
        Tx::Postgres(_) => "BEGIN",
    };
    say(begin).execute(tx).await.map(|_| ())
}

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};
    use std::time::Duration;

    use super::*;
    use crate::db::{Db, meta};

    async fn opened(folder: &Path) -> (Db, PathBuf) {
        let path = folder.join("house.db");
        let db = Db::open(&format!("sqlite://{}", path.display())).await.unwrap();
        (db, folder.join("house.db-wal"))
    }

    async fn set(db: &Db, key: &'static str) -> Result<(), Error> {
        db.write(move |tx| Box::pin(async move { meta::set(tx, key, "set").await })).await
    }

    #[tokio::test]
    async fn a_write_that_panics_takes_nobody_elses_along() {
        let folder = tempfile::tempdir().unwrap();
        let (db, _) = opened(folder.path()).await;
        let panics = |at_once: bool| {
            db.write(move |tx| {
                assert!(!at_once, "a panic that a test asked for");
                Box::pin(async move {
                    meta::set(tx, "broken", "set").await?;
                    assert!(at_once, "a panic that a test asked for");
                    Ok(())
                })
            })
        };
        let panicking = async { [panics(false).await, panics(true).await] };
        let (one, broken, other): (_, [Result<(), _>; 2], _) =
            tokio::join!(set(&db, "one"), panicking, set(&db, "other"));
        assert!(broken.iter().all(|broken| matches!(broken, Err(Error::Broken))), "{broken:?}");
        one.unwrap();
        other.unwrap();
        set(&db, "after").await.unwrap();
        for (key, is_set) in [("one", true), ("broken", false), ("other", true), ("after", true)] {
            assert_eq!(meta::get(&db, key).await.unwrap().is_some(), is_set, "{key}");
        }
        db.close().await;
    }

    #[tokio::test]
    async fn closing_waits_for_what_was_asked_for_and_for_the_connection() {
        let folder = tempfile::tempdir().unwrap();
        let (db, log) = opened(folder.path()).await;
        set(&db, "before").await.unwrap();
        assert!(log.exists());
        let (asked, (), ()) = tokio::join!(biased; set(&db, "asked"), db.close(), db.close());
        asked.unwrap();
        assert!(!log.exists(), "the log is folded into the file");
        assert!(matches!(set(&db, "late").await, Err(Error::Unavailable(_))));
        let (db, _) = opened(folder.path()).await;
        assert!(meta::get(&db, "asked").await.unwrap().is_some());
        assert!(meta::get(&db, "late").await.unwrap().is_none());
        db.close().await;
    }

    #[tokio::test]
    async fn the_writer_ends_with_the_last_handle() {
        let folder = tempfile::tempdir().unwrap();
        let (db, log) = opened(folder.path()).await;
        let other = db.clone();
        drop(db);
        set(&other, "still").await.unwrap();
        assert!(log.exists());
        drop(other);
        for _ in 0..500 {
            if !log.exists() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("the connection is still open");
    }
}
