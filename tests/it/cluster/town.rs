//! A house of several processes, and the world around them.

use std::path::PathBuf;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use greenroom::db::Db;
use greenroom::testing::{Engine, Scratch, fresh_database};
use greenroom::vault::Vault;
use tokio::process::{Child, Command};

use crate::crash::OPEN;
use crate::outdoors::{Outside, answer_to};

/// A run that stands still for so long has hung.
pub const STILL: Duration = Duration::from_secs(90);
/// How often something that is waited for is looked at.
const LOOK: Duration = Duration::from_millis(20);
/// What a process says that left because another has its account: one does whose machine stood still for too long.
const LOST: &str = "lost: another process has it";

pub struct Town {
    pub outside: Arc<Outside>,
    pub scratch: Scratch,
    /// Rooms that members talk in.
    pub rooms: u64,
    /// Settings of every process besides those that each needs.
    pub settings: Vec<(&'static str, String)>,
    database: String,
    keyset: PathBuf,
}

/// One process of the house.
pub struct Process {
    pub role: &'static str,
    pub folder: String,
    child: Child,
}

impl Town {
    pub async fn on(engine: Engine) -> Self {
        let scratch = Scratch::new();
        let database = fresh_database(engine, &scratch).await;
        let keyset = scratch.path().join("keyset.json");
        Vault::open(&keyset).unwrap();
        Self { outside: Outside::start().await, scratch, rooms: 6, settings: Vec::new(), database, keyset }
    }

    pub fn command(&self, role: &str, folder: &str) -> Command {
        let mut command = Command::new(crate::program());
        command
            .env_clear()
            .env("GREENROOM_DATA_DIR", self.scratch.path().join(folder))
            .env("GREENROOM_KEYSET", &self.keyset)
            .env("DATABASE_URL", &self.database)
            .env("LLM_BASE_URL", format!("{}/v1", self.outside.url()))
            .env("LLM_MODEL", "fake-chat")
            .env("HTTP_ADDR", "127.0.0.1:0")
            .env("METRICS_ADDR", "127.0.0.1:0")
            .env("GREENROOM_TEST_FAKE_PLATFORM", self.outside.url())
            // Everybody talks at once here, also after nobody listened for a while.
            .envs(["MEMBER_PER_MINUTE", "PLACE_PER_MINUTE", "PERSONALITY_PER_MINUTE", "PLACE_WAITING"].map(unlimited))
            .envs(self.settings.iter().map(|(name, value)| (*name, value)))
            .arg(role)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true);
        command
    }

    /// Starts a process that logs into its folder.
    pub fn start(&self, role: &'static str, folder: &str) -> Process {
        self.run(role, folder, self.command(role, folder))
    }

    /// Starts a process as `command` says.
    pub fn run(&self, role: &'static str, folder: &str, mut command: Command) -> Process {
        std::fs::create_dir_all(self.scratch.path().join(folder)).unwrap();
        let log = std::fs::File::options().create(true).append(true).open(self.log(folder)).unwrap();
        let child = command.stderr(log).spawn().expect("the program starts");
        Process { role, folder: folder.to_owned(), child }
    }

    fn log(&self, folder: &str) -> PathBuf {
        self.scratch.path().join(format!("{folder}.log"))
    }

    /// Whether a process said something.
    fn has_said(&self, folder: &str, what: &str) -> bool {
        std::fs::read_to_string(self.log(folder)).unwrap_or_default().contains(what)
    }

    /// Waits until a process has found its place among the others.
    pub async fn joined(&self, folder: &str) {
        self.until(async || self.has_said(folder, "joined the house").then_some(()), "it does not join").await;
    }

    /// Waits until `find` finds something.
    pub async fn until<T>(&self, mut find: impl AsyncFnMut() -> Option<T>, why: &str) -> T {
        let started = Instant::now();
        loop {
            if let Some(found) = find().await {
                return found;
            }
            assert!(started.elapsed() < STILL, "{why}\n{}", self.logs());
            tokio::time::sleep(LOOK).await;
        }
    }

    /// What every process said at last.
    pub fn logs(&self) -> String {
        let mut logs = String::new();
        for entry in std::fs::read_dir(self.scratch.path()).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|extension| extension == "log") {
                let text = std::fs::read_to_string(&path).unwrap_or_default();
                let last: Vec<&str> = text.lines().rev().take(40).collect();
                logs.push_str(&format!("\n== {}\n", path.display()));
                last.iter().rev().for_each(|line| logs.push_str(&format!("{line}\n")));
            }
        }
        logs
    }

    /// Lets the model take so long.
    pub fn thinks(&self, delay: Duration) {
        self.outside.takes_millis.store(delay.as_millis() as u64, Ordering::SeqCst);
    }

    /// A member says the next message, the `n`th.
    pub fn say(&self, n: u64) {
        self.outside.say(n, n % self.rooms);
    }

    /// Waits until the first `count` messages are answered, as long as something happens; starts again whichever of
    /// `processes` has left.
    pub async fn answered(&self, count: u64, processes: &mut [Process]) {
        let (mut last, mut since) = (0, Instant::now());
        while !self.is_answered(count) {
            let answered = self.outside.answered_at.lock().unwrap().len();
            if answered > last {
                (last, since) = (answered, Instant::now());
            }
            assert!(since.elapsed() < STILL, "{answered} of {count} are answered\n{}", self.logs());
            self.revive(processes);
            tokio::time::sleep(LOOK).await;
        }
    }

    fn is_answered(&self, count: u64) -> bool {
        let answered = self.outside.answered_at.lock().unwrap().len();
        answered as u64 >= count && self.outside.words() >= words_of(count)
    }

    /// Starts processes again that left because another has their account.
    pub fn revive(&self, processes: &mut [Process]) {
        for process in processes {
            if process.child.try_wait().unwrap().is_some() {
                let folder = &process.folder;
                assert!(self.has_said(folder, LOST), "{folder} left\n{}", self.logs());
                *process = self.start(process.role, folder);
            }
        }
    }

    /// Asks a process to stop, and waits until it has, in order.
    pub async fn stop(&self, mut process: Process) {
        process.signal("-TERM");
        let ended = tokio::time::timeout(STILL, process.child.wait()).await.expect("it stops").unwrap();
        let folder = &process.folder;
        assert!(ended.success() || self.has_said(folder, LOST), "{folder}: {ended:?}\n{}", self.logs());
    }

    /// Waits until whoever holds a lease is another than `not`; returns its name.
    pub async fn holder(&self, lease: &'static str, not: Option<&str>) -> String {
        let db = Db::open_shared(&self.database).await.unwrap();
        let find = async || {
            let held = greenroom::db::leases::held(&db).await.unwrap();
            held.into_iter().find(|(name, holder)| name == lease && Some(&**holder) != not)
        };
        let (_, holder) = self.until(find, "nobody takes the lease").await;
        db.close().await;
        holder
    }

    /// Waits until nothing is left to do: what was said is settled after it is heard.
    pub async fn rests(&self) {
        let db = Db::open(&self.database).await.unwrap();
        let find = async || (db.number(OPEN).await.unwrap() == 0).then_some(());
        self.until(find, "something is left to do").await;
        db.close().await;
    }

    /// Changes something in the database.
    pub async fn change(&self, statement: &'static str) {
        let db = Db::open(&self.database).await.unwrap();
        db.run(statement).await.unwrap();
        db.close().await;
    }

    /// Every message is answered once and in order, and remembered once.
    pub async fn judge(&self, count: u64) {
        let posts = self.outside.rooms.posts();
        for room in 0..self.rooms {
            let name = format!("room{room}");
            let texts = posts.iter().filter(|post| post.room == name).map(|post| post.text.as_str());
            let heard: Vec<&str> = texts.flat_map(str::split_whitespace).collect();
            let answers: Vec<String> = (0..count).filter(|n| n % self.rooms == room).map(answer_to).collect();
            let wanted: Vec<&str> = answers.iter().flat_map(|text| text.split_whitespace()).collect();
            let differs = heard.iter().zip(&wanted).position(|(heard, wanted)| heard != wanted);
            assert!(heard == wanted, "{name}: {} words, not {}, from {differs:?}", heard.len(), wanted.len());
        }
        let db = Db::open(&self.database).await.unwrap();
        let number = async |statement| db.number(statement).await.unwrap();
        let total = i64::try_from(count).unwrap();
        assert_eq!(number("SELECT COUNT(*) FROM message WHERE member_id IS NOT NULL").await, total, "messages");
        assert_eq!(number("SELECT COUNT(*) FROM turn WHERE state = 'done'").await, total, "turns");
        assert_eq!(number("SELECT COUNT(*) FROM memory").await, total, "memories");
        assert_eq!(number("SELECT COUNT(DISTINCT turn_id) FROM memory").await, total, "memories of turns");
        assert_eq!(number("SELECT COUNT(*) FROM outbox").await, 0, "outbox");
        assert_eq!(number("SELECT COUNT(DISTINCT memory_id) FROM chunk").await, total, "vectors");
        db.close().await;
    }
}

impl Process {
    /// Sends it a signal, such as `-STOP`, if it still runs.
    pub fn signal(&self, signal: &str) {
        if let Some(id) = self.child.id() {
            let sent = std::process::Command::new("kill").arg(signal).arg(id.to_string()).status().unwrap();
            assert!(sent.success());
        }
    }

    /// Ends it as `kill -9` does.
    pub async fn kill(&mut self) {
        // It may have left by itself.
        let _ = self.child.kill().await;
    }
}

/// A rate that nobody reaches.
fn unlimited(rate: &str) -> (String, &'static str) {
    (format!("GREENROOM_{rate}"), "1000000")
}

/// Words of the first `count` answers.
fn words_of(count: u64) -> usize {
    (0..count).map(|n| answer_to(n).split_whitespace().count()).sum()
}
