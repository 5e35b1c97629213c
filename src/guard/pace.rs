//! How fast: rates of answers per member, place, personality and key, and how many may wait.
//!
//! Kept by each process for itself: a rate is there to be fair for a minute, a budget to be kept for good
//! (`db::ledger`). A conversation of two programs ends here as well: neither gets more answers than a person would.

use std::time::Duration;

use dashmap::DashMap;

use crate::domain::Moment;

/// Entries kept before those that are at rest are dropped.
const ENTRIES_MAX: usize = 50_000;
/// How often somebody is told that they are too fast.
const TELL_EVERY: Duration = Duration::from_secs(60);

/// Most answers a minute, and most that may wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rates {
    pub member: u32,
    pub place: u32,
    pub personality: u32,
    pub key: u32,
    /// Unfinished answers of one member.
    pub waiting_of_member: i64,
    /// Unfinished answers in one place.
    pub waiting_in_place: i64,
}

impl Rates {
    /// No bounds at all, for benchmarks and tests of other things.
    pub const NONE: Self = Self {
        member: u32::MAX,
        place: u32::MAX,
        personality: u32::MAX,
        key: u32::MAX,
        waiting_of_member: i64::MAX,
        waiting_in_place: i64::MAX,
    };
}

/// What a rate is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Of {
    Member,
    Place,
    Personality,
    Key,
}

/// A bucket that drips: full at rest, one drop an answer.
#[derive(Clone, Copy, Debug)]
struct Bucket {
    drops: f64,
    at: Moment,
}

/// The rates of this process.
#[derive(Debug)]
pub struct Pace {
    rates: Rates,
    buckets: DashMap<(Of, String), Bucket>,
    told: DashMap<(String, String), Moment>,
}

impl Pace {
    /// Rates that nobody has used yet.
    pub fn new(rates: Rates) -> Self {
        Self { rates, buckets: DashMap::new(), told: DashMap::new() }
    }

    /// The bounds.
    pub fn rates(&self) -> Rates {
        self.rates
    }

    /// Takes one answer from each of these, or from none of them.
    ///
    /// # Errors
    /// How long to wait until all of them have one.
    pub fn take(&self, of: &[(Of, &str)], now: Moment) -> Result<(), Duration> {
        if self.buckets.len() > ENTRIES_MAX {
            self.buckets.retain(|(of, _), bucket| self.filled(*of, *bucket, now).drops < f64::from(self.rate(*of)));
        }
        let mut wait = Duration::ZERO;
        for (kind, id) in of.iter().filter(|(kind, _)| self.rate(*kind) < u32::MAX) {
            let bucket = self.bucket(*kind, id, now);
            if bucket.drops < 1.0 {
                let missing = (1.0 - bucket.drops) * 60.0 / f64::from(self.rate(*kind).max(1));
                wait = wait.max(Duration::from_secs_f64(missing));
            }
        }
        if !wait.is_zero() {
            return Err(wait);
        }
        for (kind, id) in of.iter().filter(|(kind, _)| self.rate(*kind) < u32::MAX) {
            let bucket = self.bucket(*kind, id, now);
            self.buckets.insert((*kind, (*id).to_owned()), Bucket { drops: bucket.drops - 1.0, at: now });
        }
        Ok(())
    }

    /// Whether a member may be told now that they are too fast in a place; if so, not again for a minute.
    pub fn may_tell(&self, member: &str, place: &str, now: Moment) -> bool {
        if self.told.len() > ENTRIES_MAX {
            self.told.retain(|_, at| now.millis_since(*at) < TELL_EVERY.as_millis() as i64);
        }
        let key = (member.to_owned(), place.to_owned());
        let may = self.told.get(&key).is_none_or(|at| now.millis_since(*at) >= TELL_EVERY.as_millis() as i64);
        if may {
            self.told.insert(key, now);
        }
        may
    }

    fn bucket(&self, of: Of, id: &str, now: Moment) -> Bucket {
        let known = self.buckets.get(&(of, id.to_owned())).map(|bucket| *bucket);
        known.map_or(Bucket { drops: f64::from(self.rate(of)), at: now }, |bucket| self.filled(of, bucket, now))
    }

    fn filled(&self, of: Of, bucket: Bucket, now: Moment) -> Bucket {
        let rate = f64::from(self.rate(of));
        let passed = now.millis_since(bucket.at).max(0) as f64 / 60_000.0;
        Bucket { drops: (bucket.drops + passed * rate).min(rate), at: now }
    }

    fn rate(&self, of: Of) -> u32 {
        match of {
            Of::Member => self.rates.member,
            Of::Place => self.rates.place,
            Of::Personality => self.rates.personality,
            Of::Key => self.rates.key,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_minute_gives_so_many_answers_and_a_wait_is_told_truly() {
        let pace = Pace::new(Rates { member: 6, ..Rates::NONE });
        let take = |id, at| pace.take(&[(Of::Member, id), (Of::Place, "den")], Moment(at));
        for _ in 0..6 {
            assert_eq!(take("ann", 0), Ok(()));
        }
        let wait = take("ann", 0).unwrap_err();
        assert_eq!(wait, Duration::from_secs(10));
        assert_eq!(take("bo", 0), Ok(()), "others are not slowed down");
        assert!(take("ann", 9_999).is_err());
        assert_eq!(take("ann", 10_000), Ok(()));
        assert!(take("ann", 10_001).is_err());
    }

    #[test]
    fn whoever_has_to_wait_uses_nothing_up() {
        let pace = Pace::new(Rates { member: 2, place: 1, ..Rates::NONE });
        let take = |member, place| pace.take(&[(Of::Member, member), (Of::Place, place)], Moment(0));
        assert_eq!(take("ann", "den"), Ok(()));
        for _ in 0..5 {
            assert!(take("ann", "den").is_err());
        }
        assert_eq!(take("ann", "hall"), Ok(()));
    }

    #[test]
    fn nobody_is_told_twice_within_a_minute() {
        let pace = Pace::new(Rates::NONE);
        assert!(pace.may_tell("ann", "den", Moment(0)));
        assert!(!pace.may_tell("ann", "den", Moment(59_999)));
        assert!(pace.may_tell("ann", "hall", Moment(1)));
        assert!(pace.may_tell("ann", "den", Moment(60_000)));
    }
}
