//! Processes that are killed, one after another or for good.
//!
//! Small here; `GREENROOM_TEST_CLUSTER_MESSAGES=20000 ./test --test it cluster::kills` runs it large, with an
//! optimised program in `GREENROOM_TEST_PROGRAM` if one is at hand.

use std::time::{Duration, Instant};

use greenroom::testing::Engine;

use super::town::{Process, Town};

/// Messages of a run with kills, unless `GREENROOM_TEST_CLUSTER_MESSAGES` says otherwise.
const MESSAGES: u64 = 60;
/// Messages in each room of a large run.
const IN_A_ROOM: u64 = 100;
/// How long the model thinks, so that workers die while they wait for it.
const THINKS: Duration = Duration::from_millis(150);
/// Time between two kills.
const BETWEEN_KILLS: Duration = Duration::from_secs(3);
/// How long a killed process stays away.
const AWAY: Duration = Duration::from_millis(500);
/// How long a process stands still: longer than anything it holds.
const STANDSTILL: Duration = Duration::from_secs(13);
/// How soon another process goes on with what a killed one held: a lease, and a look at it.
const RECOVERY: Duration = Duration::from_secs(15);
/// Kills of which the quickest recovery counts: the machine may stand still during one.
const TRIES: u64 = 3;

fn messages() -> u64 {
    #[expect(clippy::disallowed_methods, reason = "a switch of the tests, not a setting")]
    let messages = std::env::var("GREENROOM_TEST_CLUSTER_MESSAGES");
    messages.ok().and_then(|messages| messages.parse().ok()).unwrap_or(MESSAGES)
}

/// Time between two messages: a small run takes long enough for some kills, a large one does not take all day.
fn pause(messages: u64) -> Duration {
    if messages > 1_000 { Duration::from_millis(20) } else { Duration::from_millis(200) }
}

/// Numbers that look random and are the same each time.
struct Dice(u64);

impl Dice {
    fn below(&mut self, most: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % most
    }
}

/// Members talk while processes are killed and started again, until everything is answered.
async fn killed_while_members_talk(engine: Engine, cast: &[(&'static str, &str)]) {
    let (mut town, count) = (Town::on(engine).await, messages());
    town.rooms = town.rooms.max(count / IN_A_ROOM);
    town.thinks(THINKS);
    let mut processes: Vec<Process> = cast.iter().map(|(role, folder)| town.start(role, folder)).collect();
    let (mut dice, mut kills, mut said_at) = (Dice(7), 0, Vec::new());
    let started = Instant::now();
    let mut next_kill = started + BETWEEN_KILLS;
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
    town.answered(count, &mut processes).await;
    town.rests().await;
    let took = started.elapsed();
    for process in processes {
        town.stop(process).await;
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
async fn whoever_stands_still_longer_than_its_leases_says_and_writes_nothing_after_it() {
    const WHILE_AWAY: u64 = 12;
    let town = Town::on(Engine::Postgres).await;
    town.thinks(THINKS);
    let cast = [("gateway", "g1"), ("gateway", "g2"), ("worker", "w1"), ("worker", "w2")];
    let mut processes: Vec<Process> = cast.iter().map(|(role, folder)| town.start(role, folder)).collect();
    for (_, folder) in cast {
        town.joined(folder).await;
    }
    let mut count = 0;
    // Each in turn, whatever it holds, in the middle of what it does.
    for at in 0..processes.len() {
        (count..count + WHILE_AWAY).for_each(|n| town.say(n));
        count += WHILE_AWAY;
        tokio::time::sleep(2 * THINKS).await;
        processes[at].signal("-STOP");
        tokio::time::sleep(AWAY).await;
        (count..count + WHILE_AWAY).for_each(|n| town.say(n));
        count += WHILE_AWAY;
        tokio::time::sleep(STANDSTILL).await;
        processes[at].signal("-CONT");
        town.answered(count, &mut processes).await;
    }
    town.rests().await;
    for process in processes {
        town.stop(process).await;
    }
    town.judge(count).await;
}

/// Whether a recovery was as quick as it has to be; of several tries the last one says so.
fn is_quick(what: &str, n: u64, killed: Instant) -> bool {
    let took = killed.elapsed();
    println!("{what} {} ms after the kill", took.as_millis());
    assert!(took <= RECOVERY || n + 1 < TRIES, "{what} only {took:?} after the kill");
    took <= RECOVERY
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_workers_lane_is_answered_by_another_within_fifteen_seconds() {
    let town = Town::on(Engine::Postgres).await;
    let gateway = town.start("gateway", "g1");
    let mut worker = town.start("worker", "w0");
    let mut count = 0;
    for n in 0..TRIES {
        town.thinks(Duration::from_secs(600));
        town.say(n);
        let is_asked = async || town.outside.calls.lock().unwrap().contains_key(&n).then_some(());
        town.until(is_asked, "nobody writes").await;
        let next = format!("w{}", n + 1);
        let other = town.start("worker", &next);
        town.joined(&next).await;
        town.thinks(Duration::ZERO);
        worker.kill().await;
        let killed = Instant::now();
        worker = other;
        count = n + 1;
        town.answered(count, &mut []).await;
        if is_quick("a killed worker's answer came", n, killed) {
            break;
        }
    }
    town.rests().await;
    town.stop(worker).await;
    town.stop(gateway).await;
    town.judge(count).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_gateways_account_speaks_again_within_fifteen_seconds() {
    const FEW: u64 = 6;
    let town = Town::on(Engine::Postgres).await;
    let worker = town.start("worker", "w1");
    let mut gateway = town.start("gateway", "g0");
    let mut holder = town.holder("account fake", None).await;
    let mut count = 0;
    for n in 0..TRIES {
        let next = format!("g{}", n + 1);
        let other = town.start("gateway", &next);
        town.joined(&next).await;
        (count..count + FEW).for_each(|n| town.say(n));
        town.answered(count + FEW, &mut []).await;
        gateway.kill().await;
        let killed = Instant::now();
        gateway = other;
        (count + FEW..count + 2 * FEW).for_each(|n| town.say(n));
        count += 2 * FEW;
        town.answered(count, &mut []).await;
        holder = town.holder("account fake", Some(&holder)).await;
        if is_quick("a killed gateway's account had answered everybody", n, killed) {
            break;
        }
    }
    town.rests().await;
    town.stop(worker).await;
    town.stop(gateway).await;
    town.judge(count).await;
}
