//! Which failures are worth another try, and after which wait.

use std::time::Duration;

use super::Limits;
use crate::model::{ErrorClass, ModelError};

/// The retries that a call has left.
#[derive(Default)]
pub struct Chances {
    down: usize,
    garbled: bool,
    limited: bool,
}

impl Chances {
    /// How long to wait before the next try after `error`; `None`: it is final.
    pub fn wait_for(&mut self, error: &ModelError, limits: &Limits) -> Option<Duration> {
        let asked = error.retry_after.unwrap_or_default();
        let wait = match error.class {
            ErrorClass::Down => {
                let wait = *limits.retry_waits.get(self.down)?;
                self.down += 1;
                wait
            }
            ErrorClass::Truncated | ErrorClass::Malformed if !self.garbled => {
                self.garbled = true;
                limits.retry_waits[0]
            }
            ErrorClass::RateLimited if !self.limited => {
                self.limited = true;
                if error.retry_after.is_some() { Duration::ZERO } else { limits.retry_waits[1] }
            }
            _ => return None,
        };
        (asked <= limits.longest_wait).then(|| jittered(wait).max(asked))
    }
}

/// `wait` and up to a fifth more, so that those who failed together do not come back together.
fn jittered(wait: Duration) -> Duration {
    let random = getrandom::u32().unwrap_or_default();
    wait + wait.mul_f64(0.2 * f64::from(random) / f64::from(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::LlmConfig;

    #[test]
    fn retries_follow_the_rules() {
        let limits = Limits::from(&LlmConfig::default());
        let mut chances = Chances::default();
        let mut wait = |class, retry_after: Option<u64>| {
            let retry_after = retry_after.map(Duration::from_secs);
            chances.wait_for(&ModelError { retry_after, ..ModelError::new(class, "") }, &limits)
        };
        let first = wait(ErrorClass::Down, None).unwrap();
        assert!((Duration::from_millis(300)..=Duration::from_millis(360)).contains(&first));
        let second = wait(ErrorClass::Down, None).unwrap();
        assert!((Duration::from_secs(1)..=Duration::from_millis(1200)).contains(&second));
        assert_eq!(wait(ErrorClass::Down, None), None);
        assert_eq!(wait(ErrorClass::RateLimited, Some(7)), Some(Duration::from_secs(7)));
        assert_eq!(wait(ErrorClass::RateLimited, Some(1)), None);
        assert!(wait(ErrorClass::Malformed, None).is_some());
        assert_eq!(wait(ErrorClass::Truncated, None), None);
        for class in ErrorClass::ALL {
            assert_eq!(wait(class, None), None, "{class:?}");
        }
        let mut fresh = Chances::default();
        let long =
            ModelError { retry_after: Some(Duration::from_secs(31)), ..ModelError::new(ErrorClass::RateLimited, "") };
        assert_eq!(fresh.wait_for(&long, &limits), None);
    }
}
