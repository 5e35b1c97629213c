//! Starting and stopping: every background task, the signals, and the grace period.

use std::future::Future;
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// How long a graceful stop may take before work is cut off.
pub const GRACE: Duration = Duration::from_secs(25);

/// The life of the process: a soft stop (finish what you do), a hard stop (leave now), and all tasks.
#[derive(Clone, Default)]
pub struct Life {
    soft: CancellationToken,
    hard: CancellationToken,
    tasks: TaskTracker,
}

impl Life {
    /// Cancelled when intake should stop and work should be finished.
    pub fn soft(&self) -> CancellationToken {
        self.soft.clone()
    }

    /// Cancelled when the grace period is over.
    pub fn hard(&self) -> CancellationToken {
        self.hard.clone()
    }

    /// Runs a task that a stop waits for. A panic in it stops the house: something is badly wrong.
    pub fn spawn<F>(&self, name: &'static str, task: F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let soft = self.soft.clone();
        #[expect(clippy::disallowed_methods, reason = "the one place that spawns")]
        let handle = tokio::spawn(task);
        self.tasks.spawn(async move {
            if let Err(error) = handle.await
                && error.is_panic()
            {
                tracing::error!(task = name, "a task panicked; stopping");
                soft.cancel();
            }
        });
    }

    /// Asks everything to stop, waits [`GRACE`] at most, then cuts off what is left.
    ///
    /// Returns whether everything ended by itself.
    pub async fn stop(&self) -> bool {
        self.soft.cancel();
        self.tasks.close();
        let finished = tokio::time::timeout(GRACE, self.tasks.wait()).await.is_ok();
        self.hard.cancel();
        finished
    }
}
