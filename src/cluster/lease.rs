//! What one process at a time holds for all: an account of a platform, a chore.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;

use crate::db::{Db, leases};
use crate::ops::metrics;

/// How long a lease lasts that nobody renews: so long an account is silent whose process died.
const LEASE: Duration = Duration::from_secs(10);
/// How often it is renewed.
const RENEW: Duration = Duration::from_secs(3);
/// How often whoever stands by looks whether it is free.
const LOOK: Duration = Duration::from_secs(1);
/// So long before a lease may be another's, nothing is begun under it any more.
const MARGIN: Duration = Duration::from_secs(2);

/// One lease that this process took.
pub struct Lease {
    db: Db,
    name: &'static str,
    holder: String,
    epoch: i64,
    /// Until when nobody else can have it, by this machine's steady clock: counted from before the database was asked.
    until: Mutex<Instant>,
}

impl Lease {
    /// Whether something may be begun that only the holder may do.
    pub fn is_ours(&self) -> bool {
        Instant::now() + MARGIN < self.until()
    }

    fn until(&self) -> Instant {
        *self.until.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Renews it until another has taken it, which only happens after a time in which the database was out of reach.
    async fn lost(&self) {
        let mut wait = RENEW;
        loop {
            tokio::time::sleep(wait).await;
            let asked = Instant::now();
            let keeping = leases::keep(&self.db, self.name, (&self.holder, self.epoch), millis(LEASE));
            match tokio::time::timeout(RENEW, keeping).await {
                Ok(Ok(true)) => {
                    *self.until.lock().unwrap_or_else(PoisonError::into_inner) = asked + LEASE;
                    wait = RENEW;
                }
                Ok(Ok(false)) => return,
                Ok(Err(error)) => {
                    metrics::db_failed(&error);
                    tracing::warn!(lease = self.name, %error, "a lease is not renewed");
                    wait = LOOK;
                }
                Err(_) => {
                    tracing::warn!(lease = self.name, "a lease is not renewed: the database does not answer");
                    wait = LOOK;
                }
            }
        }
    }

    /// Ends when the lease may be another's.
    async fn ran_out(&self) {
        while self.is_ours() {
            tokio::time::sleep(LOOK / 2).await;
        }
    }

    async fn give_back(&self) {
        metrics::lease_held(self.name, false);
        let giving = leases::give_back(&self.db, self.name, (&self.holder, self.epoch));
        match tokio::time::timeout(RENEW, giving).await {
            Ok(Ok(())) => tracing::info!(lease = self.name, "given back"),
            Ok(Err(error)) => crate::ops_error("giving a lease back", &error),
            Err(_) => tracing::warn!(lease = self.name, "not given back: the database does not answer"),
        }
    }
}

/// How holding something ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kept {
    /// With the work, or before it began.
    ToTheEnd,
    /// Another process has it.
    Lost,
}

/// Takes leases for one process.
#[derive(Clone)]
pub struct Leases {
    db: Db,
    holder: String,
}

impl Leases {
    /// For the process that is called `holder`.
    pub fn new(db: Db, holder: String) -> Self {
        Self { db, holder }
    }

    /// Waits for the lease `name`, does `work` under it, and gives it back. While the database cannot be asked, it goes on:
    /// nobody else can take it then, and [`Lease::is_ours`] says what may not be begun.
    pub async fn account<F>(
        &self,
        name: &'static str,
        stop: &CancellationToken,
        work: impl FnOnce(Arc<Lease>) -> F,
    ) -> Kept
    where
        F: Future<Output = ()>,
    {
        let Some(lease) = self.taken(name, stop).await else { return Kept::ToTheEnd };
        let kept = tokio::select! {
            () = work(lease.clone()) => Kept::ToTheEnd,
            () = lease.lost() => Kept::Lost,
        };
        if kept == Kept::Lost {
            metrics::lease_held(name, false);
            tracing::error!(lease = name, "lost: another process has it");
        } else {
            lease.give_back().await;
        }
        kept
    }

    /// Does a chore whenever the lease `name` is this process's, until `stop`: all over again each time it comes back.
    pub async fn chore<F>(&self, name: &'static str, stop: &CancellationToken, work: impl Fn() -> F)
    where
        F: Future<Output = ()>,
    {
        while let Some(lease) = self.taken(name, stop).await {
            tokio::select! {
                () = work() => return lease.give_back().await,
                () = lease.lost() => {}
                () = lease.ran_out() => {}
            }
            metrics::lease_held(name, false);
            tracing::warn!(lease = name, "lost: the chore is another process's now");
        }
    }

    /// The lease, as soon as it is free; `None`: it was not until `stop`.
    async fn taken(&self, name: &'static str, stop: &CancellationToken) -> Option<Arc<Lease>> {
        metrics::lease_held(name, false);
        let mut is_first = true;
        while !stop.is_cancelled() {
            let asked = Instant::now();
            match leases::take(&self.db, name, &self.holder, millis(LEASE)).await {
                Ok(Some(epoch)) => {
                    metrics::lease_held(name, true);
                    tracing::info!(lease = name, epoch, "taken");
                    let until = Mutex::new(asked + LEASE);
                    return Some(Arc::new(Lease {
                        db: self.db.clone(),
                        name,
                        holder: self.holder.clone(),
                        epoch,
                        until,
                    }));
                }
                Ok(None) if is_first => tracing::info!(lease = name, "another process has it; standing by"),
                Ok(None) => {}
                Err(error) => crate::ops_error("taking a lease", &error),
            }
            is_first = false;
            stop.run_until_cancelled(tokio::time::sleep(LOOK)).await?;
        }
        None
    }
}

fn millis(span: Duration) -> i64 {
    i64::try_from(span.as_millis()).unwrap_or(i64::MAX)
}
