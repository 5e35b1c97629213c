//! Time in which the machine ran: nobody misses a deadline because nothing at all went on for a while.

use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// How often is looked whether anything runs.
const LOOK: Duration = Duration::from_millis(20);
/// What a busy machine may be late by: it runs, and whoever is slow on it is slow.
const LATE_MAX: Duration = Duration::from_millis(100);

struct Watch {
    looked: Instant,
    /// Stood still, all in all.
    stood: Duration,
}

impl Watch {
    fn standing(&self) -> Duration {
        let late = self.looked.elapsed().saturating_sub(LOOK);
        if late > LATE_MAX { late } else { Duration::ZERO }
    }
}

fn watch() -> MutexGuard<'static, Watch> {
    static WATCH: OnceLock<Mutex<Watch>> = OnceLock::new();
    let watch = WATCH.get_or_init(|| {
        thread::spawn(|| {
            loop {
                thread::sleep(LOOK);
                let mut watch = watch();
                let standing = watch.standing();
                watch.stood += standing;
                watch.looked = Instant::now();
            }
        });
        Mutex::new(Watch { looked: Instant::now(), stood: Duration::ZERO })
    });
    watch.lock().unwrap_or_else(PoisonError::into_inner)
}

/// How long the machine has stood still since somebody asked first.
fn stood() -> Duration {
    let watch = watch();
    watch.stood + watch.standing()
}

/// A moment from which on the time is counted in which the machine ran.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Since {
    pub at: Instant,
    stood: Duration,
}

impl Since {
    pub fn now() -> Self {
        Self { at: Instant::now(), stood: stood() }
    }

    pub fn elapsed(&self) -> Duration {
        self.at.elapsed().saturating_sub(stood().saturating_sub(self.stood))
    }
}
