//! Named points at which the crash harness ends the process, as `kill -9` would: no destructor, no flush.
//!
//! Without the feature `testing` a point is nothing.

/// Every point on a message's way, in order.
pub const POINTS: [&str; 14] = [
    "frame read",
    "message stored",
    "frame acknowledged",
    "lane claimed",
    "context gathered",
    "first text",
    "answer complete",
    "answer stored",
    "part sent",
    "part recorded",
    "all parts sent",
    "turn settled",
    "vector written",
    "chore done",
];

/// Every point on the way of a rotation of the keyset.
pub const ROTATION: [&str; 3] = ["keyset saved", "row sealed anew", "rows swept"];

/// Every point of distilling talk.
pub const DISTILLING: [&str; 2] = ["reading talk", "talk read"];

/// Every point of listening on Matrix.
pub const MATRIX: [&str; 3] = ["signed in to Matrix", "sync heard", "sync written down"];

/// Every point of showing an answer while it is written.
pub const STREAMING: [&str; 6] =
    ["draft noted", "draft sent", "draft recorded", "draft revised", "draft completed", "draft withdrawn"];

/// Every point of making a backup.
pub const BACKUP: [&str; 3] = ["house copied", "backup packed", "backup named"];

/// Every point of taking a backup back.
pub const RESTORE: [&str; 4] = ["restore begun", "house unpacked", "house settled", "house in place"];

#[cfg(feature = "testing")]
mod plan {
    use std::sync::OnceLock;
    use std::sync::atomic::{AtomicU32, Ordering};

    /// What happens when a point is reached.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum Fall {
        /// The process ends.
        Process,
        /// The task panics.
        Task,
    }

    static PLAN: OnceLock<(String, AtomicU32, Fall)> = OnceLock::new();

    /// Lets something fall when `name` is reached for the `nth` time (from 1). Only the first plan counts.
    pub fn at(name: &str, nth: u32, fall: Fall) {
        let _ = PLAN.set((name.to_owned(), AtomicU32::new(nth), fall));
    }

    pub(super) fn reached(name: &str) {
        if let Some((planned, left, fall)) = PLAN.get()
            && planned == name
            && left.fetch_sub(1, Ordering::SeqCst) == 1
        {
            match fall {
                Fall::Process => std::process::abort(),
                Fall::Task => panic!("planned at {name}"),
            }
        }
    }
}

#[cfg(feature = "testing")]
pub use plan::{Fall, at};

/// Says that the point `name` is reached.
#[inline]
pub fn point(name: &'static str) {
    debug_assert!(
        [&POINTS[..], &ROTATION, &DISTILLING, &MATRIX, &STREAMING, &BACKUP, &RESTORE]
            .into_iter()
            .flatten()
            .any(|known| *known == name),
        "{name} is in no list of points"
    );
    #[cfg(feature = "testing")]
    plan::reached(name);
}
