//! What goes wrong between the bot and Discord, on request.

use std::time::Duration;

use serde_json::{Value, json};

use crate::limits;
use crate::request::Call;
use crate::state::{Random, World};

/// Something that goes wrong for the next `times` requests that match.
#[derive(Clone, Debug, PartialEq)]
pub struct Fault {
    /// `"POST"`; empty: any.
    pub method: String,
    pub path_contains: String,
    pub kind: FaultKind,
    pub times: usize,
}

#[derive(Clone, Debug, PartialEq)]
pub enum FaultKind {
    /// Nothing happens but this status.
    Status(u16),
    /// It is done, then the connection breaks.
    LostAfterCommit,
    /// The connection breaks and nothing is done.
    Drop,
    /// It is done after this time.
    Delay(Duration),
    /// 429; the scope is `user`, `global` or `shared`, the time in seconds.
    RateLimited { retry_after: f64, scope: &'static str },
}

/// Faults by chance.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RandomFaults {
    pub seed: u64,
    /// Probability of a 500 or 503 before anything is done.
    pub status_5xx: f64,
    /// Probability of a lost answer after everything is done.
    pub lost: f64,
    /// Probability of a 429 of the shared scope.
    pub rate_limited: f64,
}

#[derive(Debug, Default)]
pub(crate) struct Faults {
    pub planned: Vec<Fault>,
    pub random: Option<(RandomFaults, Random)>,
}

/// How a request is disturbed.
pub(crate) enum Trouble {
    Drop,
    LostAfterCommit,
    Delay(Duration),
    Answer { status: u16, headers: Vec<(String, String)>, body: Value },
}

impl World {
    /// The trouble this request gets into.
    pub(crate) fn trouble(&mut self, call: &Call) -> Option<Trouble> {
        let matches = |fault: &Fault| {
            fault.times > 0
                && (fault.method.is_empty() || fault.method.eq_ignore_ascii_case(&call.method))
                && call.path.contains(&fault.path_contains)
        };
        if let Some(fault) = self.faults.planned.iter_mut().find(|fault| matches(fault)) {
            fault.times -= 1;
            let kind = fault.kind.clone();
            return Some(self.make_trouble(call, kind));
        }
        if call.is_download() {
            return None;
        }
        let (chances, random) = self.faults.random.as_mut()?;
        let kind = if random.happens(chances.status_5xx) {
            FaultKind::Status(if random.happens(0.5) { 500 } else { 503 })
        } else if random.happens(chances.lost) {
            FaultKind::LostAfterCommit
        } else if random.happens(chances.rate_limited) {
            FaultKind::RateLimited { retry_after: 0.2, scope: "shared" }
        } else {
            return None;
        };
        Some(self.make_trouble(call, kind))
    }

    fn make_trouble(&mut self, call: &Call, kind: FaultKind) -> Trouble {
        match kind {
            FaultKind::Status(status) => {
                if matches!(status, 401 | 403) {
                    self.invalid_requests += 1;
                }
                let body = match status {
                    401 => json!({"message": "401: Unauthorized", "code": 0}),
                    403 => json!({"message": "Missing Access", "code": 50001}),
                    404 => json!({"message": "404: Not Found", "code": 0}),
                    500 => json!({"message": "500: Internal Server Error", "code": 0}),
                    502 => json!("<html><body>502 Bad Gateway</body></html>"),
                    _ => json!({"message": format!("{status}"), "code": 0}),
                };
                Trouble::Answer { status, headers: Vec::new(), body }
            }
            FaultKind::LostAfterCommit => Trouble::LostAfterCommit,
            FaultKind::Drop => Trouble::Drop,
            FaultKind::Delay(wait) => Trouble::Delay(wait),
            FaultKind::RateLimited { retry_after, scope } => {
                if scope != "shared" {
                    self.invalid_requests += 1;
                }
                // A global refusal tells nothing of buckets.
                let headers = if scope == "global" {
                    Vec::new()
                } else {
                    limits::shown(&limits::bucket(call), 5, 0, Duration::from_secs_f64(retry_after))
                };
                let (headers, body) = limits::too_many(headers, retry_after, scope);
                Trouble::Answer { status: 429, headers, body }
            }
        }
    }
}

impl crate::FakeDiscord {
    /// Plans a fault.
    pub fn fault(&self, fault: Fault) {
        self.shared().change(|world| world.faults.planned.push(fault));
    }

    /// Makes faults happen by chance; `None` ends that.
    pub fn random_faults(&self, faults: Option<RandomFaults>) {
        let random = faults.map(|faults| (faults, Random::new(faults.seed)));
        self.shared().change(|world| world.faults.random = random);
    }

    /// Forgets every fault that has not happened yet.
    pub fn heal(&self) {
        self.shared().change(|world| world.faults = Faults::default());
    }
}
