//! Matrix end to end, over a real homeserver on loopback, with the real program: from somebody's message to the request
//! that reaches the model, and its memory idle in many rooms (`-- --rooms`). The first includes the person's client, the
//! homeserver and the way to the model, which answers at once. `GREENROOM_BENCH_PROGRAM` names another build of the
//! program than the bench's own, so that the bench itself need not be optimised, which takes long:
//!
//! ```sh
//! cargo build --release
//! GREENROOM_BENCH_PROGRAM=target/release/greenroom cargo bench --workspace --profile dev --bench matrix
//! ```

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use fake_llm::FakeLlm;
use matrix_town::{Human, Limits, Role, RoomOptions, Synapse};

const ROUNDS: usize = 100;
const WARM_UP: usize = 10;
/// Between two messages: people do not write without one.
const PAUSE: Duration = Duration::from_secs(1);
/// Rooms of the memory run.
const ROOMS: usize = 50;
const SOON: Duration = Duration::from_secs(60);

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    if std::env::args().any(|arg| arg == "--rooms") {
        runtime.block_on(rooms());
    } else {
        runtime.block_on(answers());
    }
}

/// The program as the account `house`; it falls when it is dropped.
struct House(Child);

impl House {
    fn start(folder: &Path, synapse: &Synapse, model: &str) -> Self {
        let other = std::env::var_os("GREENROOM_BENCH_PROGRAM");
        let program = other.unwrap_or_else(|| env!("CARGO_BIN_EXE_greenroom").into());
        let started = Command::new(program)
            .arg("run")
            .env_clear()
            .env("GREENROOM_DATA_DIR", folder)
            .env("LLM_BASE_URL", model)
            .env("LLM_MODEL", "fake-model")
            .env("MATRIX_HOMESERVER", synapse.url())
            .env("MATRIX_USER", synapse.user_id("house"))
            .env("MATRIX_PASSWORD", "pass")
            // Nobody types as fast as this bench.
            .env("GREENROOM_MEMBER_PER_MINUTE", "600")
            .env("GREENROOM_PLACE_PER_MINUTE", "600")
            .env("HTTP_ADDR", "127.0.0.1:0")
            .env("METRICS_ADDR", "127.0.0.1:0")
            .stderr(Stdio::null())
            .spawn();
        Self(started.unwrap())
    }

    /// Resident memory in MB.
    fn resident(&self) -> f64 {
        let statm = std::fs::read_to_string(format!("/proc/{}/statm", self.0.id())).unwrap();
        statm.split_whitespace().nth(1).unwrap().parse::<f64>().unwrap() * 4_096.0 / 1e6
    }
}

impl Drop for House {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

async fn answers() {
    matrix_town::prepare().await;
    let synapse = Synapse::start(Limits::None).await;
    synapse.register("house", "pass", Role::User).await;
    let (house, robin) = (synapse.user_id("house"), Human::login(&synapse, "robin").await);
    let (model, folder) = (FakeLlm::start().await, tempfile::tempdir().unwrap());
    let asked = Arc::new(Mutex::new(Instant::now()));
    let last = asked.clone();
    model.otherwise(move |body| {
        *last.lock().unwrap() = Instant::now();
        fake_llm::echo(body)
    });
    let running = House::start(folder.path(), &synapse, &model.url());
    for encrypted in [false, true] {
        let options = RoomOptions { encrypted, direct: true, invite: &[&house], ..RoomOptions::default() };
        let room = robin.create_room(options).await;
        robin.sees_join(&room, &house).await;
        let (mut to_model, mut to_room) = (Vec::new(), Vec::new());
        for round in 0..ROUNDS + WARM_UP {
            let words = format!("question {encrypted}-{round}.");
            let said = Instant::now();
            robin.say(&room, &format!("@abbey {words}")).await;
            let is_it = |seen: &matrix_town::Seen| {
                let is_answer = |event: &matrix_town::Event| event.sender == house && event.body().contains(&words);
                seen.messages(&room).any(is_answer).then(Instant::now)
            };
            let arrived = robin.until(is_it, SOON).await;
            let asked = *asked.lock().unwrap();
            if round >= WARM_UP {
                to_model.push(asked - said);
                to_room.push(arrived - asked);
            }
            tokio::time::sleep(PAUSE).await;
        }
        let kind = if encrypted { "encrypted" } else { "plain" };
        print(&format!("{kind}: somebody's message → model request"), to_model);
        print(&format!("{kind}: the model's request → the answer in their client"), to_room);
    }
    println!("resident after that: {:.1} MB", running.resident());
}

fn print(what: &str, mut times: Vec<Duration>) {
    times.sort_unstable();
    let at = |share: usize| times[times.len() * share / 100].as_secs_f64() * 1e3;
    println!("{what}: p50 {:.1} ms, p99 {:.1} ms", at(50), at(99));
}

/// Resident memory in no room and in many.
async fn rooms() {
    matrix_town::prepare().await;
    let synapse = Synapse::start(Limits::None).await;
    synapse.register("house", "pass", Role::User).await;
    let (house, robin) = (synapse.user_id("house"), Human::login(&synapse, "robin").await);
    let folder = tempfile::tempdir().unwrap();
    let start = || House::start(folder.path(), &synapse, "http://127.0.0.1:9/v1");
    let running = start();
    tokio::time::sleep(Duration::from_secs(15)).await;
    println!("in no room: {:.1} MB resident", running.resident());
    for n in 0..ROOMS {
        let options = RoomOptions { encrypted: n % 2 == 0, invite: &[&house], ..RoomOptions::default() };
        let room = robin.create_room(options).await;
        robin.sees_join(&room, &house).await;
    }
    tokio::time::sleep(Duration::from_secs(10)).await;
    println!("after coming into {ROOMS} rooms: {:.1} MB resident", running.resident());
    drop(running);
    let running = start();
    tokio::time::sleep(Duration::from_secs(20)).await;
    println!("started anew in {ROOMS} rooms, half of them encrypted, idle: {:.1} MB resident", running.resident());
}
