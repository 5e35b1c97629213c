//! Gateways and workers as real processes over one PostgreSQL, killed while members talk: every message is answered
//! exactly once and in order, whoever dies. The same in one process, which SQLite serves as well.
//!
//! Small here; `GREENROOM_TEST_CLUSTER_MESSAGES=20000 ./test --test it cluster` runs it large.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::time::{Duration, Instant};

use greenroom::db::Db;
use greenroom::domain::Privacy;
use greenroom::platform::fake::Event;
use greenroom::testing::{Engine, Scratch, fresh_database};
use greenroom::vault::Vault;
use tokio::process::{Child, Command};

use crate::outdoors::{Outside, answer_to};

/// Messages of a run with kills, unless `GREENROOM_TEST_CLUSTER_MESSAGES` says otherwise.
const MESSAGES: u64 = 60;
const ROOMS: u64 = 6;
/// How long the model thinks, so that workers die while they wait for it.
const THINKS: Duration = Duration::from_millis(150);
/// Time between two kills.
const BETWEEN_KILLS: Duration = Duration::from_secs(3);
/// How long a killed process stays away.
const AWAY: Duration = Duration::from_millis(500);
/// A run that stands still for so long has hung.
const STILL: Duration = Duration::from_secs(90);

fn messages() -> u64 {
    #[expect(clippy::disallowed_methods, reason = "a switch of the tests, not a setting")]
    let messages = std::env::var("GREENROOM_TEST_CLUSTER_MESSAGES");
    messages.ok().and_then(|messages| messages.parse().ok()).unwrap_or(MESSAGES)
}

/// Time between two messages: a small run takes long enough for some kills, a large one does not take all day.
fn pause(messages: u64) -> Duration {
    if messages > 1_000 { Duration::from_millis(20) } else { Duration::from_millis(200) }
}

/// A house of several processes, with what is around it.
struct Town {
    outside: Arc<Outside>,
    scratch: Scratch,
    database: String,
    keyset: PathBuf,
}

/// One process of it.
struct Process {
    role: &'static str,
    folder: String,
    child: Child,
}

impl Town {
    async fn on(engine: Engine) -> Self {
        let scratch = Scratch::new();
        let database = fresh_database(engine, &scratch).await;
        let keyset = scratch.path().join("keyset.json");
        Vault::open(&keyset).unwrap();
        Self { outside: Outside::start().await, scratch, database, keyset }
    }

    fn command(&self, role: &str, folder: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_greenroom"));
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
            .arg(role)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true);
        command
    }

    /// Starts a process that logs into its folder.
    fn start(&self, role: &'static str, folder: &str) -> Process {
        std::fs::create_dir_all(self.scratch.path().join(folder)).unwrap();
        let log = std::fs::File::options().create(true).append(true).open(self.log(folder)).unwrap();
        let child = self.command(role, folder).stderr(log).spawn().expect("the program starts");
        Process { role, folder: folder.to_owned(), child }
    }

    fn log(&self, folder: &str) -> PathBuf {
        self.scratch.path().join(format!("{folder}.log"))
    }

    /// Waits until a process has found its place among the others.
    async fn joined(&self, folder: &str) {
        let started = Instant::now();
        while !std::fs::read_to_string(self.log(folder)).unwrap().contains("joined the house") {
            assert!(started.elapsed() < STILL, "{folder} does not join\n{}", self.logs());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// What every process said.
    fn logs(&self) -> String {
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

    /// A member says the next message, the `n`th.
    fn say(&self, n: u64) {
        let room = n % ROOMS;
        self.outside.rooms.say(Event {
            n: 0,
            room: format!("room{room}"),
            privacy: if room == 0 { Privacy::Direct } else { Privacy::Open },
            who: format!("member{n}"),
            name: format!("Member{n}"),
            text: format!("@Abbey token{n}x"),
            at: 1_795_262_400_000 + i64::try_from(n).unwrap(),
            is_bot: false,
            reply_to: None,
            addressed: None,
        });
    }

    /// Waits until the first `count` messages are answered, as long as something happens.
    async fn answered(&self, count: u64) {
        self.answered_by(count, &mut []).await;
    }

    /// As [`Self::answered`], and starts again whichever of `processes` has left.
    async fn answered_by(&self, count: u64, processes: &mut [Process]) {
        let (mut last, mut since) = (0, Instant::now());
        while !self.is_answered(count) {
            let answered = self.outside.answered_at.lock().unwrap().len();
            if answered > last {
                (last, since) = (answered, Instant::now());
            }
            assert!(since.elapsed() < STILL, "{answered} of {count} are answered\n{}", self.logs());
            self.revive(processes);
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    fn is_answered(&self, count: u64) -> bool {
        let answered = self.outside.answered_at.lock().unwrap().len();
        answered as u64 >= count && self.outside.words() >= words_of(count)
    }

    /// Starts processes again that have left: one does that loses an account because the machine stood still.
    fn revive(&self, processes: &mut [Process]) {
        for process in processes {
            if process.child.try_wait().unwrap().is_some() {
                *process = self.start(process.role, &process.folder);
            }
        }
    }

    /// Waits until whoever holds a lease is another than `not`; returns its name.
    async fn holder(&self, lease: &'static str, not: Option<&str>) -> String {
        let db = Db::open_shared(&self.database).await.unwrap();
        let started = Instant::now();
        loop {
            let held = greenroom::db::leases::held(&db).await.unwrap();
            if let Some((_, holder)) = held.into_iter().find(|(name, holder)| name == lease && Some(&**holder) != not) {
                db.close().await;
                return holder;
            }
            assert!(started.elapsed() < STILL, "nobody takes {lease}\n{}", self.logs());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Every message is answered once and in order, and remembered once.
    async fn judge(&self, count: u64) {
        let posts = self.outside.rooms.posts();
        for room in 0..ROOMS {
            let name = format!("room{room}");
            let texts = posts.iter().filter(|post| post.room == name).map(|post| post.text.as_str());
            let heard: Vec<&str> = texts.flat_map(str::split_whitespace).collect();
            let answers: Vec<String> = (0..count).filter(|n| n % ROOMS == room).map(answer_to).collect();
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

    /// Waits until nothing is left to do: what was said is settled after it is heard.
    async fn rests(&self) {
        const OPEN: &str = "SELECT (SELECT COUNT(*) FROM turn WHERE state IN ('queued', 'running', 'sending')) \
                            + (SELECT COUNT(*) FROM outbox)";
        let db = Db::open(&self.database).await.unwrap();
        let started = Instant::now();
        while db.number(OPEN).await.unwrap() > 0 {
            assert!(started.elapsed() < STILL, "something is left to do\n{}", self.logs());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        db.close().await;
    }
}

impl Process {
    /// Ends it as `kill -9` does.
    async fn kill(&mut self) {
        self.child.kill().await.unwrap();
    }

    /// Asks it to stop, and waits until it has, in order.
    async fn stop(mut self) {
        let id = self.child.id().expect("it runs");
        let asked = std::process::Command::new("kill").arg("-TERM").arg(id.to_string()).status().unwrap();
        assert!(asked.success());
        let ended = tokio::time::timeout(Duration::from_secs(40), self.child.wait()).await.expect("it stops").unwrap();
        assert!(ended.success(), "{} {ended:?}", self.folder);
    }
}

/// Words of the first `count` answers.
fn words_of(count: u64) -> usize {
    (0..count).map(|n| answer_to(n).split_whitespace().count()).sum()
}

/// Numbers that look random and are the same each time.
struct Dice(u64);

impl Dice {
    fn below(&mut self, most: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % most
    }
}

/// Members talk while processes are killed and started again, one after another.
async fn killed_while_members_talk(engine: Engine, cast: &[(&'static str, &str)]) {
    let (town, count) = (Town::on(engine).await, messages());
    *town.outside.delay.lock().unwrap() = THINKS;
    let mut processes: Vec<Process> = cast.iter().map(|(role, folder)| town.start(role, folder)).collect();
    let (mut dice, mut kills, mut said_at) = (Dice(7), 0, Vec::new());
    let mut next_kill = Instant::now() + BETWEEN_KILLS;
    let started = Instant::now();
    for n in 0..count {
        said_at.push(Instant::now());
        town.say(n);
        tokio::time::sleep(pause(count)).await;
        town.revive(&mut processes);
        if Instant::now() >= next_kill {
            let at = dice.below(processes.len());
            processes[at].kill().await;
            tokio::time::sleep(AWAY).await;
            processes[at] = town.start(processes[at].role, &processes[at].folder);
            kills += 1;
            next_kill = Instant::now() + BETWEEN_KILLS;
        }
    }
    // However fast it went, somebody died while something was under way.
    if kills == 0 {
        processes[0].kill().await;
        processes[0] = town.start(processes[0].role, &processes[0].folder);
        kills = 1;
    }
    town.answered_by(count, &mut processes).await;
    town.rests().await;
    let took = started.elapsed();
    for process in processes {
        process.stop().await;
    }
    town.judge(count).await;
    let answered_at = town.outside.answered_at.lock().unwrap().clone();
    let mut waits: Vec<u128> = (0..count).map(|n| (answered_at[&n] - said_at[n as usize]).as_millis()).collect();
    waits.sort_unstable();
    println!(
        "{engine:?}: {count} messages, {kills} kills, {} s; said to answered, ms: median {}, worst {}",
        took.as_secs(),
        waits[waits.len() / 2],
        waits[waits.len() - 1]
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn gateways_and_workers_that_are_killed_lose_nothing_and_say_nothing_twice() {
    let cast = [("gateway", "g1"), ("gateway", "g2"), ("worker", "w1"), ("worker", "w2"), ("worker", "w3")];
    killed_while_members_talk(Engine::Postgres, &cast).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_process_that_is_killed_loses_nothing_and_says_nothing_twice() {
    killed_while_members_talk(Engine::Sqlite, &[("run", "house")]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_workers_answer_is_written_by_another() {
    let town = Town::on(Engine::Postgres).await;
    let gateway = town.start("gateway", "g1");
    let mut worker = town.start("worker", "w1");
    *town.outside.delay.lock().unwrap() = Duration::from_secs(600);
    town.say(0);
    let asked = Instant::now();
    while town.outside.calls.lock().unwrap().is_empty() {
        assert!(asked.elapsed() < STILL, "nobody writes\n{}", town.logs());
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let other = town.start("worker", "w2");
    town.joined("w2").await;
    *town.outside.delay.lock().unwrap() = Duration::ZERO;
    worker.kill().await;
    let killed = Instant::now();
    town.answered(1).await;
    println!("a killed worker's answer came {} ms later", killed.elapsed().as_millis());
    town.rests().await;
    other.stop().await;
    gateway.stop().await;
    town.judge(1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_gateways_account_is_taken_by_the_one_that_stands_by() {
    let town = Town::on(Engine::Postgres).await;
    let mut first = town.start("gateway", "g1");
    let former = town.holder("account fake", None).await;
    let (second, worker) = (town.start("gateway", "g2"), town.start("worker", "w1"));
    town.joined("g2").await;
    (0..6).for_each(|n| town.say(n));
    town.answered(6).await;
    first.kill().await;
    let killed = Instant::now();
    (6..12).for_each(|n| town.say(n));
    town.answered(12).await;
    println!("a killed gateway's account spoke again {} ms later", killed.elapsed().as_millis());
    town.holder("account fake", Some(&former)).await;
    town.rests().await;
    worker.stop().await;
    second.stop().await;
    town.judge(12).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn processes_are_replaced_one_by_one_and_hand_over_what_they_hold() {
    let town = Town::on(Engine::Postgres).await;
    let mut processes = vec![town.start("gateway", "g1"), town.start("worker", "w1")];
    let mut holder = town.holder("account fake", None).await;
    let mut count = 0;
    for round in 0..2 {
        for at in 0..processes.len() {
            let role = processes[at].role;
            let next = town.start(role, &format!("{role}-{round}"));
            (count..count + 3).for_each(|n| town.say(n));
            count += 3;
            std::mem::replace(&mut processes[at], next).stop().await;
            if role == "gateway" {
                let asked = Instant::now();
                holder = town.holder("account fake", Some(&holder)).await;
                println!("a stopped gateway's account was taken {} ms later", asked.elapsed().as_millis());
            }
            town.answered(count).await;
        }
    }
    town.rests().await;
    for process in processes {
        process.stop().await;
    }
    town.judge(count).await;
    let calls = town.outside.calls.lock().unwrap().clone();
    assert!(calls.values().all(|calls| *calls == 1), "an orderly stop costs no call: {calls:?}");
}

/// What a command says that ends at once.
async fn refusal(mut command: Command) -> (Option<i32>, String) {
    let ending = command.stderr(Stdio::piped()).output();
    let output = tokio::time::timeout(STILL, ending).await.expect("it ends").unwrap();
    (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_share_a_house_is_refused_in_a_sentence() {
    let sqlite = Town::on(Engine::Sqlite).await;
    for role in ["gateway", "worker"] {
        let (code, said) = refusal(sqlite.command(role, role)).await;
        assert!(code == Some(2) && said.contains("DATABASE_URL") && said.contains(role), "{code:?} {said}");
    }
    let mut german = sqlite.command("worker", "worker");
    german.env("GREENROOM_LOCALE", "de");
    let (_, said) = refusal(german).await;
    assert!(said.contains("in einem Prozess"), "{said}");

    let town = Town::on(Engine::Postgres).await;
    let mut frontless = town.command("gateway", "g0");
    frontless.env_remove("GREENROOM_TEST_FAKE_PLATFORM");
    let (code, said) = refusal(frontless).await;
    assert!(code == Some(2) && said.contains("DISCORD_TOKEN"), "{code:?} {said}");

    let mut mute = town.command("gateway", "g0");
    mute.env_remove("LLM_BASE_URL");
    let (code, said) = refusal(mute).await;
    assert!(code == Some(2) && said.contains("LLM_BASE_URL"), "{code:?} {said}");

    let worker = town.start("worker", "w1");
    town.holder("chore vectors", None).await;
    let mut stranger = town.command("worker", "w2");
    stranger.env("GREENROOM_KEYSET", other_keyset(town.scratch.path()));
    let (code, said) = refusal(stranger).await;
    assert!(code == Some(2) && said.contains("GREENROOM_KEYSET"), "{code:?} {said}");
    worker.stop().await;
}

fn other_keyset(folder: &Path) -> PathBuf {
    let path = folder.join("other-keyset.json");
    Vault::open(&path).unwrap();
    path
}
