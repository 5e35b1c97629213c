//! Circuit breakers, one a model: a provider that is down is left alone for a while instead of asked by everybody.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::ops::metrics;

/// Failures within [`WINDOW`] that open the circuit.
const FAILURES: usize = 5;

/// How far back failures count.
const WINDOW: Duration = Duration::from_secs(10);

/// How long an open circuit refuses calls before it lets one through.
const PAUSE: Duration = Duration::from_secs(15);

/// Circuits kept at most; model names come from members, so there must be an end.
const MAX_CIRCUITS: usize = 256;

#[derive(Debug, Default)]
struct Circuit {
    failures: Vec<Instant>,
    open_until: Option<Instant>,
    probing: bool,
}

/// The circuits of one provider.
#[derive(Clone, Debug)]
pub struct Breakers {
    circuits: Arc<Mutex<HashMap<String, Circuit>>>,
    /// The provider as metrics name it.
    provider: &'static str,
}

/// Leave to make one call; say how it went, or drop it when the call was given up.
#[derive(Debug)]
pub struct Permit {
    breakers: Breakers,
    model: String,
    probe: bool,
}

impl Breakers {
    /// Closed circuits of a provider; `provider` is one of our own words.
    pub fn of(provider: &'static str) -> Self {
        metrics::breakers(provider, 0, 0);
        Self { circuits: Arc::default(), provider }
    }

    /// Models that are left alone, or on trial after that.
    pub fn open(&self) -> usize {
        open(&self.lock())
    }

    /// Leave to call `model`, or how long to wait before asking again.
    pub fn admit(&self, model: &str, now: Instant) -> Result<Permit, Duration> {
        let mut circuits = self.lock();
        let mut probe = false;
        if let Some(circuit) = circuits.get_mut(model)
            && let Some(until) = circuit.open_until
        {
            if now < until {
                return Err(until - now);
            }
            if circuit.probing {
                return Err(PAUSE);
            }
            circuit.probing = true;
            probe = true;
        }
        Ok(Permit { breakers: self.clone(), model: model.to_owned(), probe })
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<String, Circuit>> {
        self.circuits.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn open(circuits: &HashMap<String, Circuit>) -> usize {
    circuits.values().filter(|circuit| circuit.open_until.is_some()).count()
}

impl Permit {
    /// The provider answered, if only with a refusal: the circuit closes.
    pub fn answered(self) {
        let mut circuits = self.breakers.lock();
        let before = open(&circuits);
        circuits.remove(&self.model);
        metrics::breakers(self.breakers.provider, before, open(&circuits));
    }

    /// The provider was not there. Returns whether this opened the circuit.
    pub fn failed(self, now: Instant) -> bool {
        let mut circuits = self.breakers.lock();
        let before = open(&circuits);
        if circuits.len() >= MAX_CIRCUITS && !circuits.contains_key(&self.model) {
            circuits.retain(|_, circuit| circuit.open_until.is_some_and(|until| until > now));
            if circuits.len() >= MAX_CIRCUITS {
                metrics::breakers(self.breakers.provider, before, open(&circuits));
                return false;
            }
        }
        let circuit = circuits.entry(self.model.clone()).or_default();
        circuit.failures.retain(|at| now.duration_since(*at) < WINDOW);
        circuit.failures.push(now);
        let opens = self.probe || (circuit.open_until.is_none() && circuit.failures.len() >= FAILURES);
        if opens {
            circuit.open_until = Some(now + PAUSE);
            circuit.probing = false;
            circuit.failures.clear();
            metrics::breaker_opened(self.breakers.provider);
        }
        metrics::breakers(self.breakers.provider, before, open(&circuits));
        opens
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        // After `answered` and `failed` there is no probe left to give back; a dropped call must not hold it.
        if self.probe
            && let Some(circuit) = self.breakers.lock().get_mut(&self.model)
        {
            circuit.probing = false;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A provider and the time.
    struct Scene {
        breakers: Breakers,
        now: Instant,
    }

    impl Scene {
        fn new() -> Self {
            Self { breakers: Breakers::of("other"), now: Instant::now() }
        }

        fn admit(&self) -> Result<Permit, Duration> {
            self.breakers.admit("m", self.now)
        }

        fn fail(&self) -> bool {
            self.admit().unwrap().failed(self.now)
        }

        fn opened() -> Self {
            let scene = Self::new();
            assert_eq!([(); 5].map(|()| scene.fail()), [false, false, false, false, true]);
            scene
        }
    }

    #[test]
    fn five_failures_in_ten_seconds_open_the_circuit_of_that_model_only() {
        let scene = Scene::opened();
        assert_eq!(scene.admit().unwrap_err(), PAUSE);
        assert!(scene.breakers.admit("other", scene.now).is_ok());
        assert_eq!(scene.breakers.open(), 1);
    }

    #[test]
    fn failures_that_are_spread_out_do_not_open_it() {
        let mut scene = Scene::new();
        for _ in 0..20 {
            assert!(!scene.fail());
            scene.now += Duration::from_secs(3);
        }
    }

    #[test]
    fn an_answer_in_between_starts_the_count_again() {
        let scene = Scene::new();
        for _ in 0..10 {
            assert_eq!([(); 4].map(|()| scene.fail()), [false; 4]);
            scene.admit().unwrap().answered();
        }
    }

    #[test]
    fn after_the_pause_one_call_goes_through_and_its_answer_closes_the_circuit() {
        let mut scene = Scene::opened();
        scene.now += PAUSE;
        let probe = scene.admit().unwrap();
        assert!(scene.admit().is_err());
        assert_eq!(scene.breakers.open(), 1, "on trial");
        probe.answered();
        assert_eq!(scene.breakers.open(), 0);
        assert!(scene.admit().is_ok());
        assert!(scene.admit().is_ok());
    }

    #[test]
    fn a_failed_probe_opens_it_for_another_pause() {
        let mut scene = Scene::opened();
        scene.now += PAUSE;
        assert!(scene.fail());
        assert_eq!(scene.admit().unwrap_err(), PAUSE);
        scene.now += PAUSE;
        assert!(scene.admit().is_ok());
    }

    #[test]
    fn a_probe_that_is_given_up_leaves_room_for_the_next() {
        let mut scene = Scene::opened();
        scene.now += PAUSE;
        drop(scene.admit().unwrap());
        assert!(scene.admit().is_ok());
    }

    #[test]
    fn endless_model_names_do_not_fill_memory() {
        let scene = Scene::new();
        for n in 0..10_000 {
            scene.breakers.admit(&n.to_string(), scene.now).unwrap().failed(scene.now);
        }
        assert!(scene.breakers.lock().len() <= MAX_CIRCUITS);
    }
}
