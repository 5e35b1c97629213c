//! The line to a human's client: requests go down it, answers and what is seen come up.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{ChildStdin, ChildStdout, ExitStatus};
use std::sync::{Arc, Mutex, PoisonError};

use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::{Notify, oneshot};

use crate::http::Refusal;
use crate::process::Process;
use crate::seen::{Seen, Sight};

pub(crate) type Answer = Result<Value, Refusal>;

type Waiting = Arc<Mutex<HashMap<u64, oneshot::Sender<Answer>>>>;

/// What a human has seen, and the bell that rings when that is more.
#[derive(Default)]
pub(crate) struct Sights {
    seen: Mutex<Seen>,
    pub(crate) more: Notify,
}

impl Sights {
    pub(crate) fn look<T>(&self, look: impl FnOnce(&Seen) -> T) -> T {
        look(&self.seen.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn add(&self, sight: Sight) {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).add(sight);
        self.more.notify_waiters();
    }
}

/// A running client.
pub(crate) struct Line {
    // First, so that it is killed: a client whose requests end would go by itself.
    process: Process,
    requests: ChildStdin,
    waiting: Waiting,
    last: u64,
}

/// One line from the client.
#[derive(Deserialize)]
struct FromClient {
    id: Option<u64>,
    #[serde(default)]
    ok: Value,
    #[serde(default)]
    error: Value,
    event: Option<Sight>,
}

impl Line {
    pub(crate) fn open(python: &Path, folder: &Path, sights: &Arc<Sights>) -> Self {
        let mut process = Process::start(python, &folder.join("human.py"), folder, &log_in(folder));
        let (requests, answers) = process.pipes();
        let waiting = Waiting::default();
        let (heard, sights) = (waiting.clone(), sights.clone());
        // It ends with the client. A thread, because clients outlive the runtimes of tests.
        std::thread::spawn(move || listen(answers, &heard, &sights));
        Self { process, requests, waiting, last: 0 }
    }

    /// How the client ended, if it did.
    pub(crate) fn ended(&mut self) -> Option<ExitStatus> {
        self.process.ended()
    }

    /// Sends a request; the answer never comes when the client has ended.
    pub(crate) fn ask(&mut self, act: &str, request: Value) -> oneshot::Receiver<Answer> {
        let (sender, receiver) = oneshot::channel();
        self.last += 1;
        let mut request = request;
        request["id"] = json!(self.last);
        request["do"] = json!(act);
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).insert(self.last, sender);
        if writeln!(self.requests, "{request}").is_err() {
            self.waiting.lock().unwrap_or_else(PoisonError::into_inner).clear();
        }
        receiver
    }
}

/// Where a client writes its errors.
pub(crate) fn log_in(folder: &Path) -> PathBuf {
    folder.join("human.log")
}

fn listen(answers: ChildStdout, waiting: &Waiting, sights: &Sights) {
    for line in BufReader::new(answers).lines() {
        let Ok(line) = line else { break };
        let line: FromClient =
            serde_json::from_str(&line).unwrap_or_else(|error| panic!("a line of human.py: {error}\n{line}"));
        if let Some(sight) = line.event {
            sights.add(sight);
        }
        let asked = line.id.and_then(|id| waiting.lock().unwrap_or_else(PoisonError::into_inner).remove(&id));
        if let Some(asked) = asked {
            let status = line.error["status"].as_u64().and_then(|status| u16::try_from(status).ok()).unwrap_or(0);
            let answer = if line.error.is_null() { Ok(line.ok) } else { Err(Refusal::of(status, &line.error)) };
            // Whoever asked may have stopped waiting.
            let _ = asked.send(answer);
        }
    }
    waiting.lock().unwrap_or_else(PoisonError::into_inner).clear();
}

#[cfg(test)]
impl Line {
    /// Ends the requests as the end of this process would, and tells whether the client ends too.
    pub(crate) async fn cut(self) -> bool {
        let Self { mut process, requests, .. } = self;
        drop(requests);
        let mut looks = 0;
        while process.ended().is_none() && looks < 200 {
            looks += 1;
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
        process.ended().is_some()
    }
}
