//! The doorbell of one process: a channel of lane ids, a set of those at work, and a slow sweep for what is due later.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use dashmap::DashMap;
use tokio::sync::{Mutex, Semaphore, mpsc};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::{Doorbell, LaneWorker};
use crate::domain::PlaceId;

/// How often lanes with unfinished turns are looked for without a ring: delayed retries, and rings that were lost.
const SWEEP: Duration = Duration::from_secs(1);

/// Where a lane stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Post {
    /// Rung, waiting for a worker.
    Waiting,
    /// At work.
    AtWork,
    /// At work, and rung again meanwhile.
    RungAgain,
}

/// Rings within one process.
pub struct LocalDoorbell {
    ring: mpsc::UnboundedSender<PlaceId>,
    rung: Mutex<mpsc::UnboundedReceiver<PlaceId>>,
    lanes: Arc<DashMap<PlaceId, Post>>,
    workers: usize,
}

impl LocalDoorbell {
    /// A doorbell that lets `workers` lanes be worked at once.
    pub fn new(workers: usize) -> Self {
        let (ring, rung) = mpsc::unbounded_channel();
        Self { ring, rung: Mutex::new(rung), lanes: Arc::default(), workers: workers.max(1) }
    }
}

#[async_trait]
impl Doorbell for LocalDoorbell {
    fn ring(&self, lane: &PlaceId) {
        let mut is_new = false;
        self.lanes
            .entry(lane.clone())
            .and_modify(|post| {
                if *post == Post::AtWork {
                    *post = Post::RungAgain;
                }
            })
            .or_insert_with(|| {
                is_new = true;
                Post::Waiting
            });
        if is_new {
            // Each lane is in the channel once at most, so it is bounded by the number of lanes.
            let _ = self.ring.send(lane.clone());
        }
    }

    async fn answer(&self, worker: Arc<dyn LaneWorker>, stop: CancellationToken) {
        let mut rung = self.rung.lock().await;
        let permits = Arc::new(Semaphore::new(self.workers));
        let mut at_work = JoinSet::new();
        let mut sweep = tokio::time::interval(SWEEP);
        sweep.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            let lane = tokio::select! {
                biased;
                () = stop.cancelled() => break,
                Some(lane) = rung.recv() => lane,
                _ = sweep.tick() => {
                    for lane in worker.waiting().await {
                        self.ring(&lane);
                    }
                    while at_work.try_join_next().is_some() {}
                    continue;
                }
            };
            let permit = tokio::select! {
                () = stop.cancelled() => break,
                permit = Arc::clone(&permits).acquire_owned() => permit,
            };
            let Ok(permit) = permit else { break };
            let (worker, lanes) = (Arc::clone(&worker), Arc::clone(&self.lanes));
            at_work.spawn(async move {
                loop {
                    lanes.insert(lane.clone(), Post::AtWork);
                    worker.work(&lane).await;
                    if lanes.remove_if(&lane, |_, post| *post == Post::AtWork).is_some() {
                        break;
                    }
                }
                drop(permit);
            });
        }
        while at_work.join_next().await.is_some() {}
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    struct Counting {
        at_once: AtomicUsize,
        most: AtomicUsize,
        worked: DashMap<PlaceId, usize>,
    }

    #[async_trait]
    impl LaneWorker for Counting {
        async fn work(&self, lane: &PlaceId) {
            let now = self.at_once.fetch_add(1, Ordering::SeqCst) + 1;
            self.most.fetch_max(now, Ordering::SeqCst);
            tokio::task::yield_now().await;
            *self.worked.entry(lane.clone()).or_default() += 1;
            self.at_once.fetch_sub(1, Ordering::SeqCst);
        }

        async fn waiting(&self) -> Vec<PlaceId> {
            Vec::new()
        }
    }

    #[tokio::test]
    async fn every_rung_lane_is_worked_and_never_more_than_the_workers_at_once() {
        let bell = Arc::new(LocalDoorbell::new(3));
        let worker = Arc::new(Counting { at_once: 0.into(), most: 0.into(), worked: DashMap::new() });
        let stop = CancellationToken::new();
        let mut answering = JoinSet::new();
        let (ours, theirs, until) = (Arc::clone(&bell), Arc::clone(&worker), stop.clone());
        answering.spawn(async move { ours.answer(theirs, until).await });
        for n in 0..200 {
            bell.ring(&PlaceId::new(format!("lane {}", n % 50)));
        }
        while worker.worked.len() < 50 {
            tokio::task::yield_now().await;
        }
        stop.cancel();
        answering.join_all().await;
        assert_eq!(worker.worked.len(), 50);
        assert!(worker.most.load(Ordering::SeqCst) <= 3);
    }
}
