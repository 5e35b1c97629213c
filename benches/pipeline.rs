//! The house's own share of an answer: what it adds before and after the model, and how many messages it carries.
//!
//! `cargo bench --bench pipeline` prints a table; with `GREENROOM_TEST_POSTGRES` set it measures PostgreSQL as well.
//! Machines are noisy: compare rows of one run, not runs.

use std::sync::Arc;
use std::time::{Duration, Instant};

use greenroom::domain::{
    Detail, MemberId, Memory, MemoryId, MemoryKind, Moment, Persona, PersonaId, Personality, PersonalityFile,
    PersonalityId, PlaceId, Privacy, Provenance, Reach, Tenant,
};
use greenroom::recall::Hit;
use greenroom::testing::{Answering, Engine, POSTGRES_SETTING, World};
use greenroom::turn::prompt::{Budget, Context, HistoryLine, Remembered, build};

/// Memories of the member who asks.
const MEMORIES: usize = 1_000;
/// Rooms with a history of 60 messages, and the questions asked in each.
const ASKED_ROOMS: usize = 40;
const ASKED: usize = 10;
/// The throughput run: members who talk at once, the rooms of each, and what they say in one; with the answers, a room
/// comes to a history of 60 messages.
const TALKERS: usize = 64;
const ROOMS: usize = 6;
const SAID: usize = 30;

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    println!("| what | engine | p50 | p99 | rate |\n| --- | --- | --- | --- | --- |");
    assembly();
    let mut engines = vec![Engine::Sqlite];
    #[expect(clippy::disallowed_methods, reason = "a switch of the benchmark, not a setting")]
    let has_postgres = std::env::var(POSTGRES_SETTING).is_ok();
    if has_postgres {
        engines.push(Engine::Postgres);
    }
    for engine in engines {
        if !std::env::args().any(|a| a == "--throughput") {
            runtime.block_on(overhead(engine));
        }
        runtime.block_on(throughput(engine));
    }
}

fn row(what: &str, engine: &str, mut samples: Vec<Duration>) {
    samples.sort_unstable();
    let at = |share: f64| samples[((samples.len() - 1) as f64 * share) as usize].as_secs_f64() * 1_000.0;
    println!("| {what} | {engine} | {:.3} ms | {:.3} ms | |", at(0.5), at(0.99));
}

/// Message event to model request, and last token to delivery request.
async fn overhead(engine: Engine) {
    let world = World::with(engine, Answering::with(|_| Ok("a short answer to that".into()))).await;
    let words = ["harbour", "violin", "cousin", "lighthouse", "winter", "recipe", "bicycle", "doctor"];
    for n in 0..MEMORIES {
        let text = format!("note {n}: the {} and the {} of {}", words[n % 8], words[(n / 8) % 8], n * 7);
        world.asks("robin", &format!("@robin{}", n / 30), &text).await;
    }
    world.remembered().await;
    let (mut before, mut after, mut whole) = (Vec::new(), Vec::new(), Vec::new());
    for n in 0..ASKED_ROOMS * ASKED {
        // The rooms above hold 30 exchanges each; those that are left are filled here.
        let room = format!("@robin{}", n / ASKED);
        if n % ASKED == 0 {
            for n in world.heard(&room).len()..30 {
                world.asks("robin", &room, &format!("small talk {n}")).await;
            }
        }
        let started = Instant::now();
        let received = world.says("robin", &room, &format!("what did I say about the {}?", words[n % 8])).await;
        world.ended(&received.turns).await;
        whole.push(started.elapsed());
        let (called, answered) = world.model.last_call();
        before.push(called - started);
        after.push(world.rooms.last_post_at().expect("it answered") - answered);
    }
    let engine = format!("{engine:?}");
    row("message event → model request, 60 messages, 1,000 memories", &engine, before);
    row("last token → delivery request", &engine, after);
    row("message event → turn settled", &engine, whole);
    world.stop().await;
}

/// Durable messages a second with an instant model: every message stored, answered, delivered, remembered.
async fn throughput(engine: Engine) {
    let world = Arc::new(World::with(engine, Answering::with(|_| Ok("noted".into()))).await);
    for talker in 0..TALKERS {
        world.asks(&format!("member{talker}"), "@warm-up", "warm up").await;
    }
    let started = Instant::now();
    let talks = (0..TALKERS).map(|talker| {
        let world = world.clone();
        #[expect(clippy::disallowed_methods, reason = "awaited below")]
        tokio::spawn(async move {
            let who = format!("member{talker}");
            for room in (0..ROOMS).map(|room| format!("@room{talker}-{room}")) {
                for n in 0..SAID {
                    let received = world.says(&who, &room, &format!("message {n} of many")).await;
                    world.ended(&received.turns).await;
                }
            }
        })
    });
    for talk in talks.collect::<Vec<_>>() {
        talk.await.expect("a talk ends");
    }
    let settled = started.elapsed();
    world.remembered().await;
    let indexed = started.elapsed();
    let rate = |took: Duration| (TALKERS * ROOMS * SAID) as f64 / took.as_secs_f64();
    println!("| durable messages answered, {TALKERS} at once | {engine:?} | | | {:.0}/s |", rate(settled));
    println!("| the same with every vector written | {engine:?} | | | {:.0}/s |", rate(indexed));
    let Ok(world) = Arc::try_unwrap(world) else { panic!("all talks have ended") };
    world.stop().await;
}

/// A prompt of 8,000 tokens.
fn assembly() {
    let text = "some words of a talk about the weather, the garden and the neighbours ".repeat(6);
    let memory = |n: usize| Remembered {
        memory: Memory {
            id: MemoryId::new(format!("m{n}")),
            kind: MemoryKind::Episode,
            detail: Detail::default(),
            tenant: Tenant::stored("t"),
            persona: PersonaId::new("p"),
            personality: PersonalityId::new("abbey"),
            place: PlaceId::new("here"),
            reach: Reach::Private,
            provenance: Provenance::UserSaid,
            turn: None,
            said_by: "Robin".into(),
            said: text.clone(),
            answered_by: "Abbey".into(),
            answered: text.clone(),
            at: Moment(n as i64 * 86_400_000),
            is_locked: false,
            flag: None,
        },
        hit: Hit {
            memory: MemoryId::new(format!("m{n}")),
            tenant: Tenant::stored("t"),
            place: PlaceId::new("here"),
            reach: Reach::Private,
            at: Moment(0),
            score: 1.0,
            dense: None,
            lexical: None,
            again: Vec::new(),
        },
    };
    let context = Context {
        personality: Arc::new(Personality::of_file(
            PersonalityId::new("abbey"),
            PersonalityFile { name: "Abbey".into(), prompt: text.repeat(5), ..PersonalityFile::default() },
        )),
        persona: Arc::new(Persona {
            id: PersonaId::new("p"),
            member: MemberId::new("m"),
            name: "Robin".into(),
            pronouns: None,
            description: None,
            is_default: true,
        }),
        privacy: Privacy::Direct,
        participants: Vec::new(),
        now: Moment(1_795_262_400_000),
        time_zone: "UTC".into(),
        history: (0..60)
            .map(|n| HistoryLine {
                seq: n,
                turn: None,
                author: "Robin".into(),
                is_own: n % 2 == 1,
                text: text.clone(),
                tokens: 80,
            })
            .collect(),
        memories: (0..20).map(memory).collect(),
        profile: Vec::new(),
        instructions: None,
        message: vec!["what did I say about the garden?".into()],
        pictures: greenroom::turn::prompt::Pictures::default(),
        is_tiny: false,
    };
    let budget = Budget { prompt: 8_000, memory_share: 0.25 };
    let samples = (0..2_000)
        .map(|_| {
            let started = Instant::now();
            std::hint::black_box(build(std::hint::black_box(&context), budget));
            started.elapsed()
        })
        .collect();
    row("prompt assembly, 8,000 tokens", "", samples);
}
