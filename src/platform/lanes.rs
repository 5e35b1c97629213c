//! Events in order: those of one place one after the other, those of different places beside each other; and how far
//! the stream of a session has been taken in for good.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Queues by place. A queue exists while somebody works on it.
#[derive(Debug)]
pub struct Lanes<K, T>(Mutex<HashMap<K, VecDeque<T>>>);

impl<K, T> Default for Lanes<K, T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<K: Eq + Hash, T> Lanes<K, T> {
    /// Adds to the end of a place's queue; whether the caller has to see to it that somebody works on it.
    pub fn push(&self, place: K, one: T) -> bool {
        let mut lanes = lock(&self.0);
        let is_new = !lanes.contains_key(&place);
        lanes.entry(place).or_default().push_back(one);
        is_new
    }

    /// The next of a place; `None`: there is nothing more, and the caller's work on it is over.
    pub fn pop(&self, place: &K) -> Option<T> {
        let mut lanes = lock(&self.0);
        let next = lanes.get_mut(place)?.pop_front();
        if next.is_none() {
            lanes.remove(place);
        }
        next
    }
}

#[derive(Debug, Default)]
struct Reached {
    under_way: BTreeSet<u64>,
    latest: u64,
}

/// How far a session's events are taken in: whatever comes after may be lost with this process, and is to be sent again.
#[derive(Debug, Default)]
pub struct Progress(Mutex<Reached>);

/// An event that is being taken in; it counts as done when this is dropped.
#[derive(Debug)]
pub struct UnderWay {
    progress: Arc<Progress>,
    seq: u64,
}

impl Progress {
    /// Notes that an event came.
    pub fn begin(self: &Arc<Self>, seq: u64) -> UnderWay {
        let mut reached = lock(&self.0);
        reached.under_way.insert(seq);
        reached.latest = reached.latest.max(seq);
        UnderWay { progress: self.clone(), seq }
    }

    /// The last event before which all are taken in.
    pub fn safe(&self) -> u64 {
        let reached = lock(&self.0);
        reached.under_way.first().map_or(reached.latest, |first| first - 1)
    }

    /// Begins anew with another session.
    pub fn restart(&self) {
        *lock(&self.0) = Reached::default();
    }

    /// Whether nothing is being taken in.
    pub fn is_idle(&self) -> bool {
        lock(&self.0).under_way.is_empty()
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        lock(&self.progress.0).under_way.remove(&self.seq);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_channel_has_one_worker_at_a_time() {
        let lanes = Lanes::default();
        assert!(lanes.push(1, 'a') && !lanes.push(1, 'b') && lanes.push(2, 'c'));
        assert_eq!((lanes.pop(&1), lanes.pop(&1), lanes.pop(&1)), (Some('a'), Some('b'), None));
        assert!(lanes.push(1, 'd'));
        assert_eq!(lanes.pop(&9), None);
    }

    #[test]
    fn progress_stops_before_what_is_under_way() {
        let progress = Arc::new(Progress::default());
        let (one, two, three) = (progress.begin(1), progress.begin(2), progress.begin(3));
        drop(two);
        assert_eq!(progress.safe(), 0);
        drop(one);
        assert_eq!((progress.safe(), progress.is_idle()), (2, false));
        drop(three);
        assert_eq!((progress.safe(), progress.is_idle()), (3, true));
    }
}
