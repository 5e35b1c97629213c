//! Discord's rate limits, kept before they are met: 50 requests a second in all, and what each route's answers say.
//!
//! Requests of a route go in the order they came. A route that nothing is known of yet sends one request and waits for
//! what its answer says.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use dashmap::DashMap;
use tokio::time::Instant;

/// Requests a second that Discord takes in all; a little under its 50, for clocks differ.
const PER_SECOND: u32 = 45;
/// Routes that are kept before the quiet ones are let go.
const ROUTES_MAX: usize = 4_096;
/// How long a request without an answer counts as under way.
const UNANSWERED: Duration = Duration::from_secs(10);

/// What an answer said about limits; durations in seconds.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Seen {
    pub limit: Option<u32>,
    pub remaining: Option<u32>,
    pub reset_after: Option<f64>,
    /// Set where the request was turned away.
    pub retry_after: Option<f64>,
    pub is_global: bool,
}

/// A window of requests that are counted together.
#[derive(Debug)]
struct Window {
    /// Requests in a window; `None`: not known yet, or not limited.
    limit: Option<u32>,
    remaining: u32,
    ends: Instant,
    is_known: bool,
    /// Turned away until then: nothing that comes back sooner changes that.
    closed_until: Instant,
}

#[derive(Debug)]
struct Bucket {
    /// Held by the one whose turn it is: the others wait in the order they came.
    line: tokio::sync::Mutex<()>,
    window: Mutex<Window>,
}

#[derive(Debug)]
struct All {
    left: u32,
    second_ends: Instant,
    /// Nothing goes out before this.
    closed_until: Instant,
}

/// The limits of one client.
#[derive(Debug)]
pub struct Limits {
    buckets: DashMap<String, Arc<Bucket>>,
    all: Mutex<All>,
}

impl Default for Limits {
    fn default() -> Self {
        let now = Instant::now();
        Self {
            buckets: DashMap::new(),
            all: Mutex::new(All { left: PER_SECOND, second_ends: now + Duration::from_secs(1), closed_until: now }),
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Limits {
    /// Waits until a request of `bucket` may go out; an empty bucket is not counted. Urgent ones do not count among all.
    ///
    /// # Errors
    /// How long it would take, when that is later than `until`.
    pub async fn wait(&self, bucket: &str, is_urgent: bool, until: Instant) -> Result<(), Duration> {
        if !bucket.is_empty() {
            let bucket = self.bucket(bucket);
            let turn = tokio::time::timeout_at(until, bucket.line.lock()).await;
            let _turn = turn.map_err(|_| Duration::from_secs(1))?;
            while let Some(free) = bucket.take(Instant::now()) {
                sleep_until(free, until).await?;
            }
        }
        while let Some(free) = self.take_one(is_urgent, Instant::now()) {
            sleep_until(free, until).await?;
        }
        Ok(())
    }

    /// Takes in what an answer said.
    pub fn learn(&self, bucket: &str, seen: &Seen) {
        let now = Instant::now();
        if let Some(wait) = seen.retry_after.filter(|_| seen.is_global) {
            lock(&self.all).closed_until = now + Duration::from_secs_f64(wait);
        } else if !bucket.is_empty() {
            self.bucket(bucket).learn(seen, now);
        }
    }

    fn bucket(&self, name: &str) -> Arc<Bucket> {
        if let Some(known) = self.buckets.get(name) {
            return Arc::clone(&known);
        }
        if self.buckets.len() >= ROUTES_MAX {
            let now = Instant::now();
            self.buckets.retain(|_, bucket| Arc::strong_count(bucket) > 1 || lock(&bucket.window).ends > now);
        }
        Arc::clone(&self.buckets.entry(name.to_owned()).or_insert_with(|| Arc::new(Bucket::new(Instant::now()))))
    }

    /// Takes one of the requests of this second, or says when there will be one.
    fn take_one(&self, is_urgent: bool, now: Instant) -> Option<Instant> {
        // Answers to interactions are exempt.
        if is_urgent {
            return None;
        }
        let mut all = lock(&self.all);
        if all.closed_until > now {
            return Some(all.closed_until);
        }
        if all.second_ends <= now {
            (all.left, all.second_ends) = (PER_SECOND, now + Duration::from_secs(1));
        }
        if all.left == 0 {
            return Some(all.second_ends);
        }
        all.left -= 1;
        None
    }
}

impl Bucket {
    fn new(now: Instant) -> Self {
        let window = Window { limit: None, remaining: 1, ends: now, is_known: false, closed_until: now };
        Self { line: tokio::sync::Mutex::new(()), window: Mutex::new(window) }
    }

    /// Takes one request of the window, or says when to look again.
    fn take(&self, now: Instant) -> Option<Instant> {
        let mut window = lock(&self.window);
        if window.closed_until > now {
            return Some(window.closed_until);
        }
        if window.is_known && window.limit.is_none() && window.ends <= now {
            return None;
        }
        if window.ends <= now {
            window.remaining = window.limit.unwrap_or(1);
            // Until an answer says when the window ends, this one counts as under way.
            window.ends = now + UNANSWERED;
        }
        if window.remaining == 0 {
            // Answers may come before the window ends and say more.
            return Some(window.ends.min(now + Duration::from_millis(20)));
        }
        window.remaining -= 1;
        None
    }

    fn learn(&self, seen: &Seen, now: Instant) {
        let mut window = lock(&self.window);
        window.is_known = true;
        if let Some(wait) = seen.retry_after {
            window.closed_until = now + Duration::from_secs_f64(wait);
            (window.remaining, window.ends) = (0, window.closed_until);
            return;
        }
        let (Some(limit), Some(remaining), Some(reset)) = (seen.limit, seen.remaining, seen.reset_after) else {
            if seen.limit.is_none() && window.limit.is_none() {
                window.ends = now;
            }
            return;
        };
        let ends = now + Duration::from_secs_f64(reset.clamp(0.0, 3_600.0));
        // Answers may overtake one another: within a window the fewest left is the truth.
        let is_same = window.limit.is_some() && ends <= window.ends + Duration::from_millis(500);
        window.remaining = if is_same { window.remaining.min(remaining) } else { remaining };
        (window.limit, window.ends) = (Some(limit), ends);
    }
}

async fn sleep_until(free: Instant, until: Instant) -> Result<(), Duration> {
    if free > until {
        return Err(free.saturating_duration_since(Instant::now()));
    }
    tokio::time::sleep_until(free).await;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(limit: u32, remaining: u32, reset: f64) -> Seen {
        Seen { limit: Some(limit), remaining: Some(remaining), reset_after: Some(reset), ..Seen::default() }
    }

    async fn took(limits: &Limits, bucket: &str) -> f64 {
        let started = Instant::now();
        limits.wait(bucket, false, started + Duration::from_secs(60)).await.unwrap();
        started.elapsed().as_secs_f64()
    }

    #[tokio::test(start_paused = true)]
    async fn a_route_waits_for_its_window_before_discord_has_to_say_so() {
        let limits = Limits::default();
        for left in (0..5).rev() {
            assert!(took(&limits, "a").await < 0.1);
            limits.learn("a", &answer(5, left, 5.0));
        }
        assert!((4.0..5.2).contains(&took(&limits, "a").await));
        assert!(took(&limits, "b").await < 0.1, "another route has a window of its own");
    }

    #[tokio::test(start_paused = true)]
    async fn a_route_without_limits_is_not_held_back() {
        let limits = Limits::default();
        for _ in 0..20 {
            assert!(took(&limits, "a").await < 0.1);
            limits.learn("a", &Seen::default());
        }
    }

    #[tokio::test(start_paused = true)]
    async fn being_turned_away_once_is_enough() {
        let limits = Limits::default();
        took(&limits, "a").await;
        limits.learn("a", &Seen { retry_after: Some(2.0), ..Seen::default() });
        assert!((1.9..2.2).contains(&took(&limits, "a").await));
        limits.learn("a", &Seen { retry_after: Some(3.0), is_global: true, ..Seen::default() });
        assert!((2.9..3.2).contains(&took(&limits, "c").await), "a global limit holds for every route");
        limits.learn("a", &Seen { retry_after: Some(3.0), is_global: true, ..Seen::default() });
        assert!(limits.wait("", true, Instant::now()).await.is_ok(), "answers to interactions are exempt");
    }

    #[tokio::test(start_paused = true)]
    async fn all_requests_together_stay_under_the_limit_of_a_second() {
        let limits = Limits::default();
        let started = Instant::now();
        for n in 0..PER_SECOND * 2 + 1 {
            took(&limits, &format!("route {n}")).await;
        }
        assert!(started.elapsed() >= Duration::from_secs(2));
        let until = Instant::now();
        assert!(limits.wait("", true, until).await.is_ok(), "answers to interactions do not wait");
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_would_wait_too_long_is_told_how_long() {
        let limits = Limits::default();
        limits.learn("a", &Seen { retry_after: Some(100.0), is_global: true, ..Seen::default() });
        let wait = limits.wait("a", false, Instant::now() + Duration::from_secs(30)).await;
        assert!(wait.unwrap_err() > Duration::from_secs(90));
    }
}
