//! The time that all processes of a house share: the database's, counted on by each machine's steady clock.

use std::sync::{PoisonError, RwLock};
use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;

use crate::db::{Db, leases};
use crate::domain::{Clock, Moment, SystemClock};

/// How often the database is asked for the time.
const ASK_EVERY: Duration = Duration::from_secs(3);
/// An answer that took longer says too little.
const ANSWER_MAX: Duration = Duration::from_secs(1);

/// A clock that no change of the machine's own clock moves.
pub struct SharedClock {
    set: RwLock<(Moment, Instant)>,
    ids: SystemClock,
}

impl Default for SharedClock {
    /// A clock that is at the machine's time until [`Self::ask`] sets it.
    fn default() -> Self {
        let ids = SystemClock::default();
        Self { set: RwLock::new((ids.now(), Instant::now())), ids }
    }
}

impl SharedClock {
    /// Sets the clock by the database's; where that does not answer, it goes on as it went.
    pub async fn ask(&self, db: &Db) {
        let asked = Instant::now();
        if let Ok(Ok(now)) = tokio::time::timeout(ANSWER_MAX, leases::now(db)).await {
            let at = asked + asked.elapsed() / 2;
            *self.set.write().unwrap_or_else(PoisonError::into_inner) = (now, at);
        }
    }

    /// Sets the clock again and again, until `done`.
    pub async fn keep(&self, db: &Db, done: CancellationToken) {
        while done.run_until_cancelled(tokio::time::sleep(ASK_EVERY)).await.is_some() {
            self.ask(db).await;
        }
    }
}

impl Clock for SharedClock {
    fn now(&self) -> Moment {
        let (moment, at) = *self.set.read().unwrap_or_else(PoisonError::into_inner);
        moment.plus_millis(i64::try_from(at.elapsed().as_millis()).unwrap_or(i64::MAX))
    }

    fn id(&self) -> String {
        self.ids.id()
    }
}
