//! Starting and stopping: every background task, the signals, and the grace period.

use std::future::Future;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::domain::Role;

/// How long a graceful stop may take before work is cut off.
pub const GRACE: Duration = Duration::from_secs(25);
/// How long tasks that were cut off may take to let go.
const LETTING_GO: Duration = Duration::from_secs(1);

/// How everything ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// Every task by itself.
    Finished,
    /// Some tasks were cut off; what they had accepted is stored and goes on with the next start.
    CutOff,
    /// A task panicked, or found something badly wrong.
    Broken,
}

/// The life of the process: a soft stop (finish what you do), a hard stop (leave now), and all tasks.
#[derive(Clone)]
pub struct Life {
    role: Role,
    began: Instant,
    soft: CancellationToken,
    hard: CancellationToken,
    tasks: TaskTracker,
    broken: Arc<AtomicBool>,
}

impl Default for Life {
    fn default() -> Self {
        Self::of(Role::default())
    }
}

impl Life {
    /// The life of a process that does this.
    pub fn of(role: Role) -> Self {
        Self {
            role,
            began: Instant::now(),
            soft: CancellationToken::default(),
            hard: CancellationToken::default(),
            tasks: TaskTracker::default(),
            broken: Arc::default(),
        }
    }

    /// What this process does.
    pub fn role(&self) -> Role {
        self.role
    }

    /// How long the process has run.
    pub fn age(&self) -> Duration {
        self.began.elapsed()
    }

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
        let (soft, broken) = (self.soft.clone(), self.broken.clone());
        #[expect(clippy::disallowed_methods, reason = "the place that spawns")]
        let handle = tokio::spawn(task);
        self.tasks.spawn(async move {
            if let Err(error) = handle.await
                && error.is_panic()
            {
                tracing::error!(task = name, "a task panicked; stopping");
                broken.store(true, Ordering::Relaxed);
                soft.cancel();
            }
        });
    }

    /// Begins the soft stop of a house that must not go on; it ends as after a panic.
    pub fn fail(&self) {
        self.broken.store(true, Ordering::Relaxed);
        self.soft.cancel();
    }

    /// From now on, SIGTERM or SIGINT begins the soft stop, and the second of them the hard one.
    ///
    /// # Errors
    /// When the operating system refuses the handlers.
    pub fn heed_signals(&self) -> io::Result<()> {
        let (soft, hard) = (self.soft.clone(), self.hard.clone());
        let mut signals = Signals::listen()?;
        #[expect(clippy::disallowed_methods, reason = "waits for a signal that may never come: no stop waits for it")]
        tokio::spawn(async move {
            signals.next().await;
            tracing::info!(grace_secs = GRACE.as_secs(), "stopping; signal again to leave at once");
            soft.cancel();
            signals.next().await;
            hard.cancel();
        });
        Ok(())
    }

    /// Asks everything to stop, waits [`GRACE`] at most or until the hard stop, then cuts off what is left.
    pub async fn stop(&self) -> Ending {
        self.stop_within(GRACE).await
    }

    async fn stop_within(&self, grace: Duration) -> Ending {
        self.soft.cancel();
        self.tasks.close();
        let finished = tokio::select! {
            () = self.tasks.wait() => true,
            () = self.hard.cancelled() => false,
            () = tokio::time::sleep(grace) => false,
        };
        self.hard.cancel();
        if !finished {
            tracing::warn!(tasks = self.tasks.len(), "cutting off what has not finished");
            let _ = tokio::time::timeout(LETTING_GO, self.tasks.wait()).await;
        }
        match (self.broken.load(Ordering::Relaxed), finished) {
            (true, _) => Ending::Broken,
            (false, true) => Ending::Finished,
            (false, false) => Ending::CutOff,
        }
    }
}

#[cfg(unix)]
struct Signals {
    terminate: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    fn listen() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    fn listen() -> io::Result<Self> {
        Ok(Self)
    }

    async fn next(&mut self) {
        // Without a handler there is nothing to wait for; the process is then ended by the system.
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_stop_waits_for_work_that_finishes() {
        let life = Life::default();
        let done = Arc::new(AtomicBool::new(false));
        let (flag, soft) = (done.clone(), life.soft());
        life.spawn("worker", async move {
            soft.cancelled().await;
            tokio::time::sleep(Duration::from_millis(100)).await;
            flag.store(true, Ordering::Relaxed);
        });
        assert_eq!(life.stop().await, Ending::Finished);
        assert!(done.load(Ordering::Relaxed));
    }

    #[tokio::test]
    async fn a_stop_cuts_off_what_outlasts_the_grace() {
        let life = Life::default();
        let hard = life.hard();
        life.spawn("stubborn", async move { hard.cancelled().await });
        assert_eq!(life.stop_within(Duration::from_millis(50)).await, Ending::CutOff);
        assert!(life.hard().is_cancelled());
        assert!(life.tasks.is_empty());
    }

    #[tokio::test]
    async fn a_hard_stop_ends_the_waiting() {
        let life = Life::default();
        life.spawn("stuck", std::future::pending());
        let began = tokio::time::Instant::now();
        life.hard().cancel();
        assert_eq!(life.stop().await, Ending::CutOff);
        assert!(began.elapsed() < GRACE / 2);
    }

    #[tokio::test]
    async fn a_house_that_must_not_go_on_stops_and_is_not_clean() {
        let life = Life::default();
        let soft = life.soft();
        life.spawn("worker", async move { soft.cancelled().await });
        life.fail();
        assert_eq!(life.stop().await, Ending::Broken);
    }

    #[tokio::test]
    async fn a_panic_in_a_task_stops_the_house_and_is_not_clean() {
        let life = Life::default();
        life.spawn("broken", async { panic!("a panic that a test asked for") });
        life.soft().cancelled().await;
        assert_eq!(life.stop().await, Ending::Broken);
    }
}
