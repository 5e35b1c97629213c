//! A Python program of ours that ends when it is no longer wanted.

use std::fs::{self, File};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

/// How many bytes of a log come with a panic.
const TAIL_BYTES: usize = 4000;

/// Between two looks whether a process has ended.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// A child; it is killed when this is dropped. It also ends by itself when its standard input does, which happens when
/// this process is killed.
pub(crate) struct Process {
    child: Child,
}

impl Process {
    /// Runs `script` in `folder` with nothing of this environment but the path, its errors written to `log`.
    pub(crate) fn start(python: &Path, script: &Path, folder: &Path, log: &Path) -> Self {
        let log = File::options().create(true).append(true).open(log).expect("the temporary folder can be written to");
        let path = std::env::var_os("PATH").unwrap_or_default();
        let child = Command::new(python)
            .arg("-I")
            .arg(script)
            .arg(folder)
            .current_dir(folder)
            .env_clear()
            .env("PATH", path)
            .env("LANG", "C.UTF-8")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn();
        Self { child: child.unwrap_or_else(|error| panic!("cannot start {}: {error}", python.display())) }
    }

    /// Its standard input and output. Once only.
    pub(crate) fn pipes(&mut self) -> (ChildStdin, ChildStdout) {
        let pipes = self.child.stdin.take().zip(self.child.stdout.take());
        pipes.expect("both are piped, and asked for once")
    }

    pub(crate) fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().expect("a child of ours can be waited for")
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).expect("a child that was not waited for can be signalled");
    }

    /// Asks it to end, and kills it when that takes longer than `grace`.
    pub(crate) async fn stop(mut self, grace: Duration) {
        if self.ended().is_some() {
            return;
        }
        self.signal(Signal::TERM);
        // One that is paused would not hear it.
        self.signal(Signal::CONT);
        let until = Instant::now() + grace;
        while self.ended().is_none() && Instant::now() < until {
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The end of a log, for the message of a failed test.
pub(crate) fn tail(log: &Path) -> String {
    let bytes = fs::read(log).unwrap_or_default();
    String::from_utf8_lossy(&bytes[bytes.len().saturating_sub(TAIL_BYTES)..]).into_owned()
}
