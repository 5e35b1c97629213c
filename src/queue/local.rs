//! The doorbell of one process: a line of members with their lanes, a set of those at work, and a slow sweep for what is
//! due later. One member keeps a share of the workers busy at most, so that a flood of theirs delays nobody else.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use dashmap::DashMap;
use tokio::sync::{Notify, Semaphore};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::{Doorbell, LaneWorker};
use crate::domain::{MemberId, PlaceId};

/// How often lanes with unfinished turns are looked for without a ring: delayed retries, and rings that were lost.
const SWEEP: Duration = Duration::from_secs(1);

/// Share of the workers that the lanes of one member may keep busy: one in so many, at least one worker.
const SHARE: usize = 4;

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

/// Who waits: members in turn, each with their lanes in order.
#[derive(Default)]
struct Line {
    members: VecDeque<MemberId>,
    lanes: HashMap<MemberId, VecDeque<PlaceId>>,
    /// Lanes at work, by member.
    busy: HashMap<MemberId, usize>,
}

impl Line {
    fn add(&mut self, lane: PlaceId, from: MemberId) {
        let lanes = self.lanes.entry(from.clone()).or_default();
        if lanes.is_empty() {
            self.members.push_back(from);
        }
        lanes.push_back(lane);
    }

    /// The next lane, of the member who has waited longest among those who keep fewer than `most` workers busy.
    fn next(&mut self, most: usize) -> Option<(PlaceId, MemberId)> {
        let busy = |member: &MemberId| self.busy.get(member).copied().unwrap_or_default();
        let at = self.members.iter().position(|member| busy(member) < most)?;
        let member = self.members.remove(at)?;
        let lanes = self.lanes.get_mut(&member)?;
        let lane = lanes.pop_front()?;
        if lanes.is_empty() {
            self.lanes.remove(&member);
        } else {
            self.members.push_back(member.clone());
        }
        *self.busy.entry(member.clone()).or_default() += 1;
        Some((lane, member))
    }

    fn done(&mut self, member: &MemberId) {
        if let Some(busy) = self.busy.get_mut(member) {
            *busy -= 1;
            if *busy == 0 {
                self.busy.remove(member);
            }
        }
    }
}

/// Rings within one process.
pub struct LocalDoorbell {
    line: Arc<Mutex<Line>>,
    rung: Arc<Notify>,
    lanes: Arc<DashMap<PlaceId, Post>>,
    workers: usize,
}

impl LocalDoorbell {
    /// A doorbell that lets `workers` lanes be worked at once.
    pub fn new(workers: usize) -> Self {
        Self { line: Arc::default(), rung: Arc::default(), lanes: Arc::default(), workers: workers.max(1) }
    }
}

impl LocalDoorbell {
    /// Rings for everything that is due.
    async fn sweep(&self, worker: &dyn LaneWorker) {
        for (lane, from) in worker.waiting().await {
            self.ring(&lane, &from);
        }
    }
}

/// One lane at work.
struct Shift {
    line: Arc<Mutex<Line>>,
    lanes: Arc<DashMap<PlaceId, Post>>,
    rung: Arc<Notify>,
    lane: PlaceId,
    member: MemberId,
    /// The lane was left in order; otherwise the work panicked.
    is_over: bool,
}

impl Drop for Shift {
    fn drop(&mut self) {
        if !self.is_over {
            self.lanes.remove(&self.lane);
        }
        locked(&self.line).done(&self.member);
        self.rung.notify_one();
    }
}

fn locked(line: &Mutex<Line>) -> MutexGuard<'_, Line> {
    line.lock().unwrap_or_else(PoisonError::into_inner)
}

#[async_trait]
impl Doorbell for LocalDoorbell {
    fn ring(&self, lane: &PlaceId, from: &MemberId) {
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
            // Each lane is in the line once at most, so it is bounded by the number of lanes.
            locked(&self.line).add(lane.clone(), from.clone());
            self.rung.notify_one();
        }
    }

    async fn answer(&self, worker: Arc<dyn LaneWorker>, stop: CancellationToken) {
        let most = (self.workers / SHARE).max(1);
        let permits = Arc::new(Semaphore::new(self.workers));
        let mut at_work = JoinSet::new();
        let mut sweep = tokio::time::interval(SWEEP);
        sweep.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            let permit = tokio::select! {
                biased;
                () = stop.cancelled() => break,
                _ = sweep.tick() => {
                    self.sweep(&*worker).await;
                    while at_work.try_join_next().is_some() {}
                    continue;
                }
                permit = Arc::clone(&permits).acquire_owned() => permit,
            };
            let Ok(permit) = permit else { break };
            let next = loop {
                let next = locked(&self.line).next(most);
                if next.is_some() {
                    break next;
                }
                tokio::select! {
                    biased;
                    () = stop.cancelled() => break None,
                    () = self.rung.notified() => {}
                    _ = sweep.tick() => self.sweep(&*worker).await,
                }
            };
            let Some((lane, member)) = next else { break };
            let (worker, lanes) = (Arc::clone(&worker), Arc::clone(&self.lanes));
            let (line, rung) = (Arc::clone(&self.line), Arc::clone(&self.rung));
            while at_work.try_join_next().is_some() {}
            at_work.spawn(async move {
                // Also when the work panics, the member has their share back and the lane can be rung again.
                let mut shift = Shift { line, lanes, rung, lane, member, is_over: false };
                loop {
                    shift.lanes.insert(shift.lane.clone(), Post::AtWork);
                    worker.work(&shift.lane).await;
                    if shift.lanes.remove_if(&shift.lane, |_, post| *post == Post::AtWork).is_some() {
                        break;
                    }
                }
                shift.is_over = true;
                drop(permit);
            });
        }
        while at_work.join_next().await.is_some() {}
    }

    fn busy(&self) -> (usize, usize) {
        (locked(&self.line).busy.values().sum(), self.workers)
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

        async fn waiting(&self) -> Vec<(PlaceId, MemberId)> {
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
            bell.ring(&PlaceId::new(format!("lane {}", n % 50)), &MemberId::new(format!("member {}", n % 7)));
        }
        while worker.worked.len() < 50 {
            tokio::task::yield_now().await;
        }
        stop.cancel();
        answering.join_all().await;
        assert_eq!(worker.worked.len(), 50);
        assert!(worker.most.load(Ordering::SeqCst) <= 3);
    }

    #[test]
    fn members_take_turns_and_one_member_leaves_workers_to_others() {
        let mut line = Line::default();
        let [flood, ann] = ["flood", "ann"].map(MemberId::new);
        (0..100).for_each(|n| line.add(PlaceId::new(format!("flood {n}")), flood.clone()));
        line.add(PlaceId::new("ann"), ann.clone());
        let next = |line: &mut Line| line.next(2).map(|(lane, _)| lane.to_string());
        assert_eq!(next(&mut line).as_deref(), Some("flood 0"));
        assert_eq!(next(&mut line).as_deref(), Some("ann"));
        assert_eq!(next(&mut line).as_deref(), Some("flood 1"));
        assert_eq!(next(&mut line), None, "the flood keeps its share busy");
        line.done(&flood);
        assert_eq!(next(&mut line).as_deref(), Some("flood 2"));
    }
}
