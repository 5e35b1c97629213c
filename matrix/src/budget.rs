//! What an account may still send before its homeserver refuses, and how much of that nobody misses. Pure.

use std::time::{Duration, Instant};

/// Nothing is spared for so long after a refusal, on top of what the homeserver asked for.
const COOL_DOWN: Duration = Duration::from_secs(30);
/// Each refusal makes the pause between two spared messages so many times longer, up to [`PAUSE_MAX`].
const BACK_OFF: u32 = 2;
const PAUSE_MAX: Duration = Duration::from_secs(60);
/// Each spared message makes it shorter again by this.
const RECOVERY: Duration = Duration::from_millis(500);

/// How fast a homeserver lets an account send.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Allowance {
    /// Messages at once.
    burst: f64,
    /// Messages a second after that.
    per_second: f64,
    /// Messages that are never spared: answers that finish, and whatever else is said, find them there.
    kept: f64,
    /// Shortest pause between two spared messages.
    pause: Duration,
}

impl Allowance {
    /// What Synapse allows when its operator says nothing (`rc_message`). Two can be spared of a full burst, and then one in
    /// five seconds: what would be lost otherwise, because the burst is full.
    pub const USUAL: Self = Self { burst: 10.0, per_second: 0.2, kept: 8.0, pause: Duration::from_secs(2) };
    /// Where the operator has lifted the limits of the account.
    pub const LIFTED: Self = Self { burst: 40.0, per_second: 4.0, kept: 20.0, pause: Duration::from_secs(1) };
}

/// An account's account of what it sends.
#[derive(Clone, Debug)]
pub(crate) struct Budget {
    of: Allowance,
    /// Messages that the homeserver still takes.
    left: f64,
    at: Instant,
    closed_until: Instant,
    pause: Duration,
    spared_at: Option<Instant>,
}

impl Budget {
    /// Of an account of which nothing is known: what was sent before may have used up everything that can be spared.
    pub(crate) fn new(now: Instant) -> Self {
        let of = Allowance::USUAL;
        Self { of, left: of.kept, at: now, closed_until: now, pause: of.pause, spared_at: None }
    }

    fn fill(&mut self, now: Instant) {
        let since = now.saturating_duration_since(self.at).as_secs_f64();
        self.left = (self.left + since * self.of.per_second).min(self.of.burst);
        self.at = now;
    }

    /// Something was sent, whatever it was.
    pub(crate) fn spent(&mut self, now: Instant) {
        self.fill(now);
        self.left = (self.left - 1.0).max(0.0);
    }

    /// The homeserver refused something and wants to be left alone for `wait`.
    pub(crate) fn refused(&mut self, now: Instant, wait: Duration) {
        self.fill(now);
        self.left = 0.0;
        self.closed_until = self.closed_until.max(now + wait + COOL_DOWN);
        self.pause = (self.pause * BACK_OFF).min(PAUSE_MAX);
    }

    /// Whether a message can be spared now, where the homeserver allows `of`; what is granted counts as taken.
    pub(crate) fn spares(&mut self, now: Instant, of: Allowance) -> bool {
        self.fill(now);
        self.of = of;
        self.pause = self.pause.max(of.pause);
        let is_too_soon = self.spared_at.is_some_and(|at| now < at + self.pause);
        if now < self.closed_until || is_too_soon || self.left < of.kept + 1.0 {
            return false;
        }
        self.spared_at = Some(now);
        self.pause = self.pause.saturating_sub(RECOVERY).max(of.pause);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A clock in seconds, and a budget that is full.
    struct Day {
        start: Instant,
        budget: Budget,
    }

    impl Day {
        fn new() -> Self {
            let start = Instant::now();
            let mut budget = Budget::new(start);
            budget.left = Allowance::USUAL.burst;
            Self { start, budget }
        }

        fn at(&self, second: f64) -> Instant {
            self.start + Duration::from_secs_f64(second)
        }

        /// Asks each tenth of a second from one second to another; when it was granted, and sent.
        fn granted(&mut self, from: f64, to: f64, of: Allowance) -> Vec<f64> {
            let mut granted = Vec::new();
            for tenth in (from * 10.0) as u32..(to * 10.0) as u32 {
                let second = f64::from(tenth) / 10.0;
                if self.budget.spares(self.at(second), of) {
                    self.budget.spent(self.at(second));
                    granted.push(second);
                }
            }
            granted
        }
    }

    #[test]
    fn two_of_a_full_burst_are_spared_and_then_one_in_five_seconds() {
        let mut day = Day::new();
        let granted = day.granted(0.0, 30.0, Allowance::USUAL);
        assert_eq!(granted[..2], [0.0, 2.0]);
        assert!(granted.windows(2).skip(1).all(|two| two[1] - two[0] >= 2.9), "{granted:?}");
        assert!((7..=8).contains(&granted.len()), "{granted:?}");
        // Whatever happened, what finishes an answer and what others are told finds its place.
        assert!(day.budget.left >= Allowance::USUAL.kept, "{:?}", day.budget);
    }

    #[test]
    fn whatever_else_is_said_comes_first() {
        let mut day = Day::new();
        for _ in 0..3 {
            day.budget.spent(day.at(0.0));
        }
        assert_eq!(day.granted(0.0, 9.5, Allowance::USUAL), [] as [f64; 0]);
        assert_eq!(day.granted(10.0, 11.0, Allowance::USUAL).len(), 1);
    }

    #[test]
    fn nothing_is_known_at_first() {
        let start = Instant::now();
        let mut budget = Budget::new(start);
        assert!(!budget.spares(start, Allowance::USUAL));
        assert!(budget.spares(start + Duration::from_millis(5_100), Allowance::USUAL));
    }

    #[test]
    fn a_refusal_stops_it_for_as_long_as_was_asked_and_a_while_longer() {
        let mut day = Day::new();
        day.budget.refused(day.at(0.0), Duration::from_secs(100));
        assert_eq!(day.granted(0.0, 129.9, Allowance::USUAL), [] as [f64; 0]);
        assert_eq!(day.granted(130.0, 131.0, Allowance::USUAL), [130.0]);
        // A shorter one does not shorten it.
        day.budget.refused(day.at(140.0), Duration::from_secs(100));
        day.budget.refused(day.at(141.0), Duration::ZERO);
        assert_eq!(day.granted(141.0, 269.9, Allowance::USUAL), [] as [f64; 0]);
    }

    #[test]
    fn the_pause_doubles_with_each_refusal_and_shortens_step_by_step() {
        let mut day = Day::new();
        for _ in 0..3 {
            day.budget.refused(day.at(0.0), Duration::ZERO);
        }
        assert_eq!(day.budget.pause, Duration::from_secs(16));
        let granted = day.granted(1_000.0, 1_400.0, Allowance::USUAL);
        let pauses: Vec<f64> = granted.windows(2).map(|two| two[1] - two[0]).collect();
        assert!((pauses[0] - 15.5).abs() < 0.2 && (pauses[1] - 15.0).abs() < 0.2, "{pauses:?}");
        assert!(pauses.last().unwrap() < &6.0, "{pauses:?}");
        for _ in 0..20 {
            day.budget.refused(day.at(1_400.0), Duration::ZERO);
        }
        assert_eq!(day.budget.pause, PAUSE_MAX);
    }

    #[test]
    fn where_limits_are_lifted_it_goes_on_each_second() {
        let mut day = Day::new();
        day.granted(0.0, 0.1, Allowance::LIFTED);
        assert!(day.granted(10.0, 40.0, Allowance::LIFTED).len() >= 29);
    }
}
