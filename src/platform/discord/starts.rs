//! When a shard may begin a session. Discord resets the token of a bot that uses its allowance for a day up, so one that
//! is refused again and again asks more and more rarely.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::Instant;
use twilight_gateway::queue::{InMemoryQueue, Queue};

use crate::life::Life;

/// Sessions in a row that a shard may begin as soon as Discord's own pace allows, though none of them held.
const FREE: u32 = 2;
/// Wait before the next; doubles up to [`WAIT_MAX`], which makes less than 200 a day.
const WAIT: Duration = Duration::from_secs(5);
const WAIT_MAX: Duration = Duration::from_secs(600);
/// A session that was there for so long held, whatever ended it.
const HOLDS: Duration = Duration::from_secs(60);
/// From this wait on an operator wants to know.
const WORTH_SAYING: Duration = Duration::from_secs(40);

/// The queue of all shards: Discord's pace, and a shard's own patience before it.
#[derive(Clone)]
pub(super) struct Starts {
    allowed: InMemoryQueue,
    rows: Arc<Mutex<HashMap<u32, Row>>>,
    life: Life,
}

/// A shard's sessions of which none held.
#[derive(Clone, Copy, Debug, Default)]
struct Row {
    length: u32,
    /// When the last one could begin.
    began: Option<Instant>,
    /// When the next one may begin, once it was asked for.
    due: Option<Instant>,
}

impl Row {
    /// When the session that is asked for now may begin. Asked for again before it did, it is due no later.
    fn asked(&mut self, now: Instant) -> Instant {
        if let Some(due) = self.due {
            return due;
        }
        if self.began.is_some_and(|began| now.duration_since(began) >= HOLDS) {
            self.length = 0;
        }
        *self.due.insert(now + wait(self.length))
    }

    fn began(&mut self, now: Instant) {
        *self = Self { length: self.length.saturating_add(1), began: Some(now), due: None };
    }
}

/// How long a shard waits after as many sessions that did not hold.
fn wait(row: u32) -> Duration {
    match row.checked_sub(FREE) {
        None => Duration::ZERO,
        Some(more) => WAIT.saturating_mul(1 << more.min(16)).min(WAIT_MAX),
    }
}

impl Starts {
    pub(super) fn new(allowed: InMemoryQueue, life: Life) -> Self {
        Self { allowed, rows: Arc::default(), life }
    }

    fn row<T>(&self, shard: u32, change: impl FnOnce(&mut Row) -> T) -> T {
        change(self.rows.lock().unwrap_or_else(PoisonError::into_inner).entry(shard).or_default())
    }
}

impl Queue for Starts {
    fn enqueue(&self, shard: u32) -> oneshot::Receiver<()> {
        let (begin, begins) = oneshot::channel();
        let due = self.row(shard, |row| row.asked(Instant::now()));
        let wait = due.saturating_duration_since(Instant::now());
        if wait >= WORTH_SAYING {
            tracing::warn!(
                shard,
                seconds = wait.as_secs(),
                "Discord ends every session soon; the next one has to wait"
            );
        }
        let (starts, soft) = (self.clone(), self.life.soft());
        self.life.spawn("discord session start", async move {
            let allowed = async {
                tokio::time::sleep_until(due).await;
                // The connection it was for may be gone by now, and another one has asked.
                if begin.is_closed() {
                    return;
                }
                if starts.allowed.enqueue(shard).await.is_ok() && begin.send(()).is_ok() {
                    starts.row(shard, |row| row.began(Instant::now()));
                }
            };
            soft.run_until_cancelled(allowed).await;
        });
        begins
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sessions that one shard begins within `time`, each ended after `held`.
    fn begun(time: Duration, held: Duration) -> u32 {
        let (start, mut row, mut begun) = (Instant::now(), Row::default(), 0);
        let mut now = start;
        loop {
            now = row.asked(now);
            if now - start > time {
                return begun;
            }
            row.began(now);
            begun += 1;
            now += held;
        }
    }

    #[test]
    fn a_shard_that_is_refused_all_day_begins_less_than_200_sessions() {
        const DAY: Duration = Duration::from_secs(24 * 3_600);
        assert!((100..200).contains(&begun(DAY, Duration::ZERO)), "{}", begun(DAY, Duration::ZERO));
        assert!((100..200).contains(&begun(DAY, HOLDS - Duration::from_secs(1))));
    }

    #[test]
    fn a_session_that_held_is_followed_by_one_without_a_wait() {
        let mut row = Row::default();
        let mut now = Instant::now();
        for wanted in [0, 0, 5, 10, 20, 40, 80, 160, 320, 600, 600] {
            let due = row.asked(now);
            assert_eq!((due - now).as_secs(), wanted);
            assert_eq!(row.asked(now + Duration::from_secs(3)), due, "asked again by another connection");
            row.began(due);
            now = due + Duration::from_secs(3);
        }
        now += HOLDS;
        assert_eq!(row.asked(now), now);
    }
}
