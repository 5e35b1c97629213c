//! Matrix end to end, over a real homeserver on loopback: from somebody's message to the model's request, and the memory of
//! the real program idle in many rooms (`-- --rooms`). The first includes the person's client and the homeserver.

use std::sync::Arc;
use std::time::{Duration, Instant};

use greenroom::desk::Desk;
use greenroom::platform::matrix::{Inviter, Matrix, Options};
use greenroom::testing::{Engine, World};
use matrix_town::{Human, Limits, Role, RoomOptions, Synapse};

const ROUNDS: usize = 100;
const WARM_UP: usize = 10;
/// Rooms of the memory run.
const ROOMS: usize = 50;
const SOON: Duration = Duration::from_secs(60);

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    if std::env::args().any(|arg| arg == "--rooms") {
        runtime.block_on(rooms());
    } else {
        runtime.block_on(run());
    }
}

async fn run() {
    matrix_town::prepare().await;
    let synapse = Synapse::start(Limits::None).await;
    synapse.register("house", "pass", Role::User).await;
    let (world, robin) = (World::on(Engine::Sqlite).await, Human::login(&synapse, "robin").await);
    world.goes_by();
    let options = Options {
        homeserver: synapse.url().to_owned(),
        user: synapse.user_id("house"),
        password: Some("pass".into()),
        access: None,
        recovery_key: None,
        store: world.path().join("matrix"),
        recovery_file: world.path().join("recovery"),
        inviters: vec![Inviter::Anyone],
        logins: Vec::new(),
        service: None,
        ghosts: world.path().join("matrix.logins"),
        streaming: None,
    };
    let house = options.user.clone();
    let matrix = Matrix::new(options, world.strongbox.clone(), world.life.clone());
    world.turns.platforms.add(matrix.clone());
    matrix.start(world.turns.clone(), Arc::new(Desk::new(world.turns.clone())), world.db.clone());
    for encrypted in [false, true] {
        let options = RoomOptions { encrypted, direct: true, invite: &[&house], ..RoomOptions::default() };
        let room = robin.create_room(options).await;
        robin.sees_join(&room, &house).await;
        let (mut to_model, mut to_room) = (Vec::new(), Vec::new());
        for round in 0..ROUNDS + WARM_UP {
            let words = format!("answer {round}:");
            world.model.next([Ok(words.clone())]);
            let said = Instant::now();
            robin.say(&room, &format!("@abbey question {round}")).await;
            let is_it = |seen: &matrix_town::Seen| {
                seen.messages(&room).any(|event| event.body() == format!("Abbey: {words}")).then(Instant::now)
            };
            let arrived = robin.until(is_it, SOON).await;
            let (asked, answered) = world.model.last_call();
            if round >= WARM_UP {
                to_model.push(asked - said);
                to_room.push(arrived.saturating_duration_since(answered));
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        let kind = if encrypted { "encrypted" } else { "plain" };
        print(&format!("{kind}: somebody's message → model request"), to_model);
        print(&format!("{kind}: the model's last word → the answer in their client"), to_room);
    }
    world.stop().await;
}

fn print(what: &str, mut times: Vec<Duration>) {
    times.sort_unstable();
    let at = |share: usize| times[times.len() * share / 100].as_secs_f64() * 1e3;
    println!("{what}: p50 {:.1} ms, p99 {:.1} ms", at(50), at(99));
}

/// Resident memory of the real program in no room and in many.
async fn rooms() {
    matrix_town::prepare().await;
    let synapse = Synapse::start(Limits::None).await;
    synapse.register("house", "pass", Role::User).await;
    let (house, robin) = (synapse.user_id("house"), Human::login(&synapse, "robin").await);
    let folder = tempfile::tempdir().unwrap();
    let start = || {
        std::process::Command::new(env!("CARGO_BIN_EXE_greenroom"))
            .env("GREENROOM_DATA_DIR", folder.path())
            .env("LLM_BASE_URL", "http://127.0.0.1:9/v1")
            .env("LLM_MODEL", "none")
            .env("MATRIX_HOMESERVER", synapse.url())
            .env("MATRIX_USER", &house)
            .env("MATRIX_PASSWORD", "pass")
            .env("HTTP_ADDR", "127.0.0.1:0")
            .env("METRICS_ADDR", "127.0.0.1:0")
            .stderr(std::process::Stdio::null())
            .spawn()
            .unwrap()
    };
    let resident = |id: u32| {
        let statm = std::fs::read_to_string(format!("/proc/{id}/statm")).unwrap();
        statm.split_whitespace().nth(1).unwrap().parse::<f64>().unwrap() * 4_096.0 / 1e6
    };
    let stop = |mut house: std::process::Child| {
        house.kill().unwrap();
        house.wait().unwrap();
    };
    let running = start();
    tokio::time::sleep(Duration::from_secs(15)).await;
    println!("in no room: {:.1} MB resident", resident(running.id()));
    for n in 0..ROOMS {
        let options = RoomOptions { encrypted: n % 2 == 0, invite: &[&house], ..RoomOptions::default() };
        let room = robin.create_room(options).await;
        robin.sees_join(&room, &house).await;
    }
    tokio::time::sleep(Duration::from_secs(10)).await;
    println!("after coming into {ROOMS} rooms: {:.1} MB resident", resident(running.id()));
    stop(running);
    let running = start();
    tokio::time::sleep(Duration::from_secs(20)).await;
    println!("started anew in {ROOMS} rooms, half of them encrypted, idle: {:.1} MB resident", resident(running.id()));
    stop(running);
}
