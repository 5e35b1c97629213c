//! Time and ids from outside: one seam for determinism.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

/// A point in time: milliseconds since the Unix epoch, UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct Moment(pub i64);

/// Talk of one place is one stretch until it pauses for longer than this: later, people talk of something else.
const STRETCH_GAP_MILLIS: i64 = 6 * 60 * 60 * 1_000;

impl Moment {
    /// This moment moved by `millis` (negative: back).
    pub fn plus_millis(self, millis: i64) -> Self {
        Self(self.0.saturating_add(millis))
    }

    /// Milliseconds from `earlier` to this moment, never negative.
    pub fn millis_since(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0).max(0)
    }

    /// Whether what is said in a place at this moment goes on from what was said there at `earlier`.
    pub fn is_of_one_stretch(self, earlier: Self) -> bool {
        self.millis_since(earlier) <= STRETCH_GAP_MILLIS
    }

    /// This moment in an IANA zone, written by a `strftime` format; UTC when the zone is unknown.
    pub fn written(self, zone: &str, format: &str) -> String {
        let time = jiff::Timestamp::from_millisecond(self.0).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
        let zone = jiff::tz::TimeZone::get(zone).unwrap_or(jiff::tz::TimeZone::UTC);
        time.to_zoned(zone).strftime(format).to_string()
    }

    /// The day of this moment in a zone, in plain words: `Saturday, 21 November 2026`.
    pub fn day(self, zone: &str) -> String {
        self.written(zone, "%A, %-d %B %Y")
    }
}

/// Where time and new ids come from.
pub trait Clock: Send + Sync {
    /// The current time.
    fn now(&self) -> Moment;
    /// A new id: 26 characters, unique, sortable by the time it was made.
    fn id(&self) -> String;
}

/// The machine's clock and random source.
#[derive(Default)]
pub struct SystemClock {
    last: AtomicU64,
}

const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// 48 bits of milliseconds and 80 of randomness in Crockford base32, as a ULID.
pub(crate) fn ulid(millis: u64, random: u128) -> String {
    let value = (u128::from(millis & 0xFFFF_FFFF_FFFF) << 80) | (random & ((1 << 80) - 1));
    (0..26).rev().map(|at| char::from(ALPHABET[((value >> (at * 5)) & 31) as usize])).collect()
}

/// When an id was made; `None` where it is none of ours.
pub fn made_at(id: &str) -> Option<Moment> {
    let digit = |c: u8| ALPHABET.iter().position(|known| *known == c);
    let time = id.as_bytes().get(..10).filter(|_| id.len() == 26)?;
    let millis = time.iter().try_fold(0_i64, |millis, c| Some(millis << 5 | i64::try_from(digit(*c)?).ok()?))?;
    Some(Moment(millis))
}

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the machine's clock")]
    fn now(&self) -> Moment {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Moment(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
    }

    fn id(&self) -> String {
        // Ids of one process are strictly increasing even within a millisecond and when the clock steps back:
        // the high bits are a counter seeded by time.
        let now = (self.now().0.max(0) as u64) << 8;
        let mut last = self.last.load(Ordering::Relaxed);
        let tick = loop {
            let next = now.max(last + 1);
            match self.last.compare_exchange_weak(last, next, Ordering::Relaxed, Ordering::Relaxed) {
                Ok(_) => break next,
                Err(seen) => last = seen,
            }
        };
        let mut bytes = [0u8; 16];
        getrandom::fill(&mut bytes).expect("the operating system has a random source");
        let random = (u128::from(tick & 0xFF) << 72) | (u128::from_le_bytes(bytes) & ((1 << 72) - 1));
        ulid(tick >> 8, random)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_26_characters_and_strictly_increasing() {
        let clock = SystemClock::default();
        let ids: Vec<String> = (0..5_000).map(|_| clock.id()).collect();
        assert!(ids.iter().all(|id| id.len() == 26));
        assert!(ids.windows(2).all(|pair| pair[0] < pair[1]));
    }

    #[test]
    fn an_id_tells_when_it_was_made() {
        let clock = SystemClock::default();
        let (before, made, after) = (clock.now(), made_at(&clock.id()).unwrap(), clock.now());
        // Ids made within one millisecond may run a little ahead of it.
        assert!(before <= made && made.0 <= after.0 + 1, "{before:?} {made:?} {after:?}");
        assert_eq!(made_at("vectors"), None);
        assert_eq!(made_at("01j-is-not-one-of-our-own-"), None);
    }
}
