//! Failures of the database on request, for tests: never part of the program.

use std::sync::atomic::{AtomicI64, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use super::{Db, Error};

/// When a call fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// Nothing was done.
    Before,
    /// What it wrote is durable, only nobody was told: a connection that broke during the commit. Reads fail before.
    After,
}

/// Which calls of a database fail.
#[derive(Clone, Default)]
pub struct Failing(Arc<Plan>);

#[derive(Default)]
struct Plan {
    /// Calls until one fails; none does at 0 and below.
    left: AtomicI64,
    when: Mutex<Option<When>>,
    calls: AtomicU32,
}

fn broken() -> Error {
    Error::Unavailable("planned by a test".into())
}

impl Failing {
    fn when(&self) -> Option<When> {
        *self.0.when.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether this is the call that fails.
    fn is_now(&self) -> bool {
        self.0.left.load(Ordering::SeqCst) > 0 && self.0.left.fetch_sub(1, Ordering::SeqCst) == 1
    }

    pub(super) fn before_reading(&self) -> Result<(), Error> {
        self.0.calls.fetch_add(1, Ordering::SeqCst);
        if self.is_now() { Err(broken()) } else { Ok(()) }
    }

    pub(super) fn before_writing(&self) -> Result<(), Error> {
        self.0.calls.fetch_add(1, Ordering::SeqCst);
        let fails = self.when() == Some(When::Before) && self.is_now();
        if fails { Err(broken()) } else { Ok(()) }
    }

    pub(super) fn after_writing(&self, written: &Result<(), Error>) -> Result<(), Error> {
        let fails = written.is_ok() && self.when() == Some(When::After) && self.is_now();
        if fails { Err(broken()) } else { Ok(()) }
    }
}

impl Db {
    /// Lets the `nth` call from now on fail, reads and transactions counted together, from 1.
    pub fn fail(&self, nth: u32, when: When) {
        *self.failing.0.when.lock().unwrap_or_else(PoisonError::into_inner) = Some(when);
        self.failing.0.left.store(nth.into(), Ordering::SeqCst);
    }

    /// Calls off the failure that was planned; whether it had come.
    pub fn heal(&self) -> bool {
        self.failing.0.left.swap(0, Ordering::SeqCst) <= 0
    }

    /// How many calls there were so far, reads and transactions counted together.
    pub fn calls(&self) -> u32 {
        self.failing.0.calls.load(Ordering::SeqCst)
    }

    /// The same database for one who only looks: reads that count for nothing and never fail on request.
    #[must_use]
    pub fn witness(&self) -> Self {
        Self { failing: Failing::default(), ..self.clone() }
    }
}
