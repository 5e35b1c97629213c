//! The real program, ended as by `kill -9` at every named point: every accepted message is answered exactly once and
//! in order, no stored answer is generated again, no memory is lost or doubled.
//!
//! The harness judges from the outside: by what the chat service and the model server saw, and, after a clean stop,
//! by the database. Small here; `GREENROOM_CRASH_SEEDS=20 ./test --test it crash` runs it large.

use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use greenroom::crash::POINTS;
use greenroom::db::{Db, ledger};
use greenroom::domain::{Budget, Payer, Period, SetBy};
use greenroom::testing::{Engine, Scratch, fresh_database};
use tokio::process::{Child, Command};

use crate::outdoors::{Outside, answer_to, tokens_of};

/// Seeds a point is tried with in CI.
const SEEDS: u64 = 1;
/// Rooms and messages in each.
pub const ROOMS: u64 = 3;
pub const MESSAGES: u64 = 4;
/// After this long with everything answered, a point is not reached any more.
const SETTLED: Duration = Duration::from_secs(2);
/// A run that takes longer has hung.
pub const DEADLINE: Duration = Duration::from_secs(180);

/// Turns and chores that are not done.
pub const OPEN: &str = "SELECT (SELECT COUNT(*) FROM turn WHERE state IN ('queued', 'running', 'sending')) \
                        + (SELECT COUNT(*) FROM outbox)";

impl Outside {
    /// Members say everything there is to say, spread over `rooms` rooms.
    pub fn say_everything(&self, seed: u64, rooms: u64) {
        for n in 0..ROOMS * MESSAGES {
            self.say(n, (n * 7 + seed) % rooms);
        }
    }
}

/// Words of all answers.
pub fn all_words() -> usize {
    (0..ROOMS * MESSAGES).map(|n| answer_to(n).split_whitespace().count()).sum()
}

pub fn program(data: &Path, database: &str, outside: &Outside, crash: Option<(&str, u64)>) -> Child {
    let mut command = Command::new(crate::program());
    command
        .env_clear()
        .env("GREENROOM_DATA_DIR", data)
        .env("DATABASE_URL", database)
        .env("LLM_BASE_URL", format!("{}/v1", outside.url()))
        .env("LLM_MODEL", "fake-chat")
        .env("HTTP_ADDR", "127.0.0.1:0")
        .env("METRICS_ADDR", "127.0.0.1:0")
        .env("GREENROOM_TEST_FAKE_PLATFORM", outside.url())
        .arg("run")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    if let Some((point, nth)) = crash {
        command.env("GREENROOM_TEST_CRASH_AT", format!("{point}:{nth}"));
    }
    command.spawn().expect("the program starts")
}

/// The how-manieth time a point is reached that a seed crashes at: some points are passed by few messages only.
fn nth(point: &str, seed: u64) -> u64 {
    match point {
        "part recorded" | "vector written" | "chore done" => 1,
        _ => 1 + seed % (ROOMS * MESSAGES / 2),
    }
}

/// Runs the story of one seed with crashes at `points`, one after another; returns milliseconds from the last start to
/// the first answer after it.
async fn run(engine: Engine, seed: u64, points: &[&str]) -> Option<u128> {
    let scratch = Scratch::new();
    let database = fresh_database(engine, &scratch).await;
    let data = scratch.path().join("data");
    let outside = Outside::start().await;
    outside.say_everything(seed, ROOMS);
    let label = format!("{engine:?} seed {seed} {points:?}");
    limit_everything(&database).await;
    for (crash, point) in points.iter().enumerate() {
        let mut child = program(&data, &database, &outside, Some((point, nth(point, seed))));
        let started = Instant::now();
        let reached = loop {
            if child.try_wait().unwrap().is_some() {
                break true;
            }
            if started.elapsed() > DEADLINE || (outside.words() == all_words() && started.elapsed() > SETTLED) {
                break false;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        };
        if !reached {
            // A second crash may find everything done; the first one never does.
            let _ = child.kill().await;
            assert!(crash > 0, "{label}: the point was not reached: {}", said(child).await);
        }
    }
    let before = outside.words();
    let mut child = program(&data, &database, &outside, None);
    let (started, mut recovered) = (Instant::now(), None);
    while outside.words() < all_words() {
        if outside.words() > before && recovered.is_none() {
            recovered = Some(started.elapsed().as_millis());
        }
        if started.elapsed() > DEADLINE || child.try_wait().unwrap().is_some() {
            let _ = child.kill().await;
            panic!("{label}: {} of {} words: {}", outside.words(), all_words(), said(child).await);
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let total = (ROOMS * MESSAGES) as i64;
    let db = Db::open(&database).await.unwrap();
    let count = async |statement| db.number(statement).await.unwrap();
    // What had been said before the last crash is still to be settled; a stop would leave that to the next start.
    while count(OPEN).await > 0 {
        assert!(started.elapsed() < DEADLINE, "{label}: turns or vectors are not done");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    stop(child).await;
    judge(&outside, ROOMS, &label);
    assert_eq!(count("SELECT COUNT(*) FROM turn WHERE state = 'done'").await, total, "{label}: turns");
    assert_eq!(count("SELECT COUNT(*) FROM memory").await, total, "{label}: memories");
    assert_eq!(count("SELECT COUNT(DISTINCT turn_id) FROM memory").await, total, "{label}: memories of turns");
    assert_eq!(count("SELECT COUNT(*) FROM outbox").await, 0, "{label}: outbox");
    assert_eq!(count("SELECT COUNT(DISTINCT memory_id) FROM chunk").await, total, "{label}: vectors");
    assert_eq!(count("SELECT COUNT(*) FROM message WHERE member_id IS NOT NULL").await, total, "{label}: messages");
    judge_the_ledger(&db, &outside, &label).await;
    db.close().await;
    recovered
}

/// Sets a limit that nothing reaches, so that every call is set aside before it is made.
async fn limit_everything(database: &str) {
    let db = Db::open(database).await.unwrap();
    let budget = Budget {
        payer: Payer::House,
        subject: String::new(),
        period: Period::Month,
        set_by: SetBy::Operator,
        tokens: Some(1_000_000_000),
        answers: None,
        cost_micros: None,
    };
    db.write(move |tx| Box::pin(async move { ledger::set_budget(tx, "all", &budget).await })).await.unwrap();
    db.close().await;
}

/// Every answer costs what the model itself counted, to the token and once; a call that a crash cut off is counted at
/// what it could have cost at most, never at nothing.
async fn judge_the_ledger(db: &Db, outside: &Outside, label: &str) {
    let count = async |statement| db.number(statement).await.unwrap();
    let calls = outside.calls.lock().unwrap().clone();
    let once: i64 = (0..ROOMS * MESSAGES).map(|n| tokens_of(n).iter().sum::<i64>()).sum();
    let again: i64 = calls.iter().map(|(n, calls)| i64::from(calls - 1) * tokens_of(*n).iter().sum::<i64>()).sum();
    let lost_calls: i64 = calls.values().map(|calls| i64::from(calls - 1)).sum();
    assert_eq!(
        count("SELECT CAST(SUM(prompt_tokens + completion_tokens) AS BIGINT) FROM ledger WHERE kind = 'answer'").await,
        once,
        "{label}: what answers cost"
    );
    let lost = count("SELECT COUNT(*) FROM ledger WHERE kind = 'lost'").await;
    assert!(lost >= lost_calls, "{label}: {lost} lost calls in the ledger, {lost_calls} seen by the model");
    let lost = count(
        "SELECT CAST(COALESCE(SUM(prompt_tokens + completion_tokens), 0) AS BIGINT) FROM ledger WHERE kind = 'lost'",
    )
    .await;
    assert!(lost >= again, "{label}: {lost} lost tokens in the ledger, {again} seen by the model");
    assert_eq!(count("SELECT COUNT(*) FROM reservation").await, 0, "{label}: reservations");
}

/// What the program said before it ended.
pub async fn said(child: Child) -> String {
    let output = child.wait_with_output().await.map(|output| output.stderr).unwrap_or_default();
    String::from_utf8_lossy(&output).into_owned()
}

/// Asks the program to stop and waits until it has.
pub async fn stop(mut child: Child) {
    let id = child.id().expect("it runs");
    let asked = std::process::Command::new("kill").arg("-TERM").arg(id.to_string()).status().unwrap();
    assert!(asked.success());
    let ended = tokio::time::timeout(DEADLINE, child.wait()).await.expect("it stops").unwrap();
    assert!(ended.success(), "{ended:?}");
}

pub fn judge(outside: &Outside, rooms: u64, label: &str) {
    let posts = outside.rooms.posts();
    for room in (0..rooms).map(|room| format!("room{room}")) {
        let asked = outside.rooms.after(0).into_iter().filter(|event| event.room == room);
        let expected: Vec<String> = asked.map(|event| answer_to(event.n - 1)).collect();
        let heard: Vec<&str> = posts.iter().filter(|post| post.room == room).map(|post| post.text.as_str()).collect();
        let words = |texts: &[&str]| {
            texts.iter().flat_map(|text| text.split_whitespace()).map(String::from).collect::<Vec<_>>()
        };
        let expected: Vec<&str> = expected.iter().map(String::as_str).collect();
        assert!(words(&heard) == words(&expected), "{label}: exactly once and in order in {room}: {heard:?}");
    }
}

/// Every point, once and twice in a row.
fn plans() -> Vec<Vec<&'static str>> {
    POINTS.iter().flat_map(|&point| [vec![point], vec![point, point]]).collect()
}

fn seeds() -> u64 {
    #[expect(clippy::disallowed_methods, reason = "a switch of the tests, not a setting")]
    let seeds = std::env::var("GREENROOM_CRASH_SEEDS");
    seeds.ok().and_then(|seeds| seeds.parse().ok()).unwrap_or(SEEDS)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_anywhere_every_message_is_answered_once_and_in_order_on_sqlite() {
    let mut recoveries = Vec::new();
    for seed in 0..seeds() {
        for plan in plans() {
            recoveries.extend(run(Engine::Sqlite, seed, &plan).await);
        }
    }
    recoveries.sort_unstable();
    println!(
        "{} runs; start to first recovered answer, ms: median {:?}, worst {:?}",
        plans().len() as u64 * seeds(),
        recoveries.get(recoveries.len() / 2),
        recoveries.last()
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_anywhere_every_message_is_answered_once_and_in_order_on_postgres() {
    for point in POINTS {
        run(Engine::Postgres, 1, &[point]).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stored_answer_is_never_generated_again() {
    for point in ["answer stored", "part sent", "part recorded", "all parts sent", "turn settled"] {
        let scratch = Scratch::new();
        let outside = Outside::start().await;
        outside.say_everything(0, 1);
        let database = fresh_database(Engine::Sqlite, &scratch).await;
        let data = scratch.path().join("data");
        let mut child = program(&data, &database, &outside, Some((point, nth(point, 2))));
        tokio::time::timeout(DEADLINE, child.wait()).await.expect("the point is reached").unwrap();
        let child = program(&data, &database, &outside, None);
        let started = Instant::now();
        while outside.words() < all_words() && started.elapsed() < DEADLINE {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        stop(child).await;
        judge(&outside, 1, point);
        let calls = outside.calls.lock().unwrap().clone();
        assert!(calls.values().all(|&calls| calls == 1), "{point}: {calls:?}");
    }
}
