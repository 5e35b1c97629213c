//! What a house grows by: bytes of the database, and what distilling asks of a model, for 1,000 messages of members.
//!
//! `cargo bench --bench growth` prints a table; with `GREENROOM_TEST_POSTGRES` set it measures PostgreSQL as well. The
//! talk is made up from a few patterns, in sittings with days between them; every message is answered, and goes through
//! the whole house with the house's own embedder. The model is a script: it answers as long as people do, and of each
//! sitting it learns a few facts. Tokens are counted by the house. The same in every run but for ids.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use greenroom::config::EmbeddingsConfig;
use greenroom::model::{ChatRequest, tokens};
use greenroom::recall::open_embedder;
use greenroom::testing::{Answering, Engine, POSTGRES_SETTING, Plan, World};

/// Messages of members.
const MESSAGES: usize = 1_000;
const MEMBERS: [&str; 4] = ["robin", "kim", "lee", "sam"];
/// Messages of a sitting.
const SITTING: usize = 12;
/// Between the messages of a sitting, and between sittings.
const MINUTES: Duration = Duration::from_secs(2 * 60);
const DAYS: Duration = Duration::from_secs(30 * 3_600);
/// Long enough for a talk to have rested.
const REST: Duration = Duration::from_secs(3_600);

const THINGS: [&str; 12] = [
    "the violin",
    "our garden",
    "the night train",
    "a lighthouse",
    "chess",
    "the bakery",
    "my bicycle",
    "the choir",
    "the old harbour",
    "a telescope",
    "the library",
    "her paintings",
];
const PEOPLE: [&str; 8] =
    ["my sister Mara", "Tomas", "my boss", "the neighbour", "Aunt Ida", "Felix", "my dad", "Nora"];
const TIMES: [&str; 8] =
    ["yesterday", "last week", "on Friday", "this morning", "two weeks ago", "last summer", "in May", "tomorrow"];
const PLACES: [&str; 6] = ["Oslo", "the mountains", "Lisbon", "the office", "grandma's house", "the seaside"];

/// What was asked of the model beside answers.
#[derive(Default)]
struct Chores {
    calls: AtomicU64,
    read: AtomicU64,
    written: AtomicU64,
    by_kind: Mutex<[u64; 3]>,
}

const KINDS: [&str; 3] = ["facts and profile", "summaries", "audits"];

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    println!("| per 1,000 messages of members, answered | engine | |\n| --- | --- | --- |");
    runtime.block_on(measure(Engine::Sqlite));
    #[expect(clippy::disallowed_methods, reason = "a switch of the benchmark, not a setting")]
    let has_postgres = std::env::var(POSTGRES_SETTING).is_ok();
    if has_postgres {
        runtime.block_on(measure(Engine::Postgres));
    }
}

async fn measure(engine: Engine) {
    let chores = Arc::new(Chores::default());
    let counted = chores.clone();
    let embedder = open_embedder(&EmbeddingsConfig::default()).await.expect("the house embedder is built in");
    let model = Answering::with(move |request| Ok(reply(request, &counted)));
    let world = World::planned(engine, Plan { model, embedder, ..Plan::default() }).await;
    let empty = bytes(&world, engine).await;
    let (mut words, mut said) = (0, 0);
    while said < MESSAGES {
        let sitting = said / SITTING;
        let who = MEMBERS[sitting % MEMBERS.len()];
        // Every third sitting is where others are as well.
        let room = if sitting % 3 == 2 { "#den".to_owned() } else { format!("@{who}") };
        let call = if sitting % 3 == 2 { "@abbey " } else { "" };
        for _ in 0..SITTING.min(MESSAGES - said) {
            let text = format!("{call}{}", line(said));
            words += text.split_whitespace().count();
            world.asks(who, &room, &text).await;
            world.clock.advance(MINUTES);
            said += 1;
        }
        world.remembered().await;
        world.clock.advance(REST);
        world.distilled().await;
        world.clock.advance(DAYS);
        world.distilled().await;
        // What was asked is counted and not kept.
        world.model.take_asked();
    }
    let full = bytes(&world, engine).await;
    let number = async |sql: &'static str| world.db.number(sql).await.expect("the database counts");
    let name = format!("{engine:?}");
    let row = |what: &str, value: String| println!("| {what} | {name} | {value} |");
    let kilobytes = |bytes: i64| format!("{:.0} kB", bytes as f64 / 1_000.0);
    row("words of a message, mean", format!("{:.0}", words as f64 / said as f64));
    row("database, all of it", kilobytes(full.all - empty.all));
    row("of that the index: words and vectors", kilobytes(full.index - empty.index));
    let memories = number("SELECT COUNT(*) FROM memory").await;
    row("memories", format!("{memories}, of which {} distilled", memories - number(EXCHANGES).await));
    row("entries of the index", number("SELECT COUNT(*) FROM chunk").await.to_string());
    let get = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
    let by_kind = *chores.by_kind.lock().unwrap();
    let kinds: Vec<String> = KINDS.iter().zip(by_kind).map(|(kind, calls)| format!("{calls} {kind}")).collect();
    row("calls of a model for distilling", format!("{} ({})", get(&chores.calls), kinds.join(", ")));
    row("tokens read for it, written", format!("{}, {}", get(&chores.read), get(&chores.written)));
    world.stop().await;
}

const EXCHANGES: &str = "SELECT COUNT(*) FROM memory WHERE kind = 'episode'";

struct Bytes {
    all: i64,
    index: i64,
}

/// What the engine has allocated.
async fn bytes(world: &World, engine: Engine) -> Bytes {
    let [all, index] = match engine {
        Engine::Sqlite => [
            "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size",
            "SELECT COALESCE(SUM(pgsize), 0) FROM dbstat WHERE name IN (SELECT name FROM sqlite_master WHERE tbl_name = 'chunk')",
        ],
        Engine::Postgres => ["SELECT pg_database_size(current_database())", "SELECT pg_total_relation_size('chunk')"],
    };
    let number = async |sql: &'static str| world.db.number(sql).await.expect("the database knows its size");
    Bytes { all: number(all).await, index: number(index).await }
}

/// Message number `n`: two or three sentences, seldom the same again.
fn line(n: usize) -> String {
    // Steps without a common divisor with the lists, so that what goes together changes.
    let pick = |list: &[&'static str], step: usize| list[(n * step + n / list.len()) % list.len()];
    let (thing, other) = (pick(&THINGS, 5), pick(&THINGS, 7));
    let (who, when, place) = (pick(&PEOPLE, 3), pick(&TIMES, 5), pick(&PLACES, 1));
    match n % 6 {
        0 => format!(
            "{who} told me about {thing} {when}. I never knew that they cared so much, number {n} of such evenings."
        ),
        1 => format!("I went to {place} with {who} {when}, mostly for {thing}. It cost {} in all.", 10 + n % 90),
        2 => format!("Do you remember what I said about {thing}? I think that {who} would rather have {other}."),
        3 => "Yes, that's right.".into(),
        4 => format!(
            "I gave up {thing} and began with {other}, because {who} moved to {place} {when} and left me theirs."
        ),
        _ => format!("I'm tired today. We talked about {thing} at work, and {who} would not stop. What would you do?"),
    }
}

/// What the script answers.
fn reply(request: &ChatRequest, chores: &Chores) -> String {
    let (system, last) = (&request.lines[0].content, &request.lines[request.lines.len() - 1].content);
    let kind = if system.starts_with("You look after the memory") {
        2
    } else if system.starts_with("You keep the memory") {
        usize::from(system.contains("{\"summary\""))
    } else {
        let about = last.split_whitespace().rev().take(6).collect::<Vec<_>>().join(" ");
        return format!(
            "That sounds like a day worth telling of. I keep thinking of what you said, {about}, and of how you said it. \
             Tell me more when you like; I have the evening free and nothing better to do than listen."
        );
    };
    let text = match kind {
        0 => learned(last),
        1 => format!(
            "{{\"summary\": \"{}\"}}",
            "They talked about the week, who came along and what it cost. ".repeat(6).trim()
        ),
        _ => r#"{"same": [], "against": []}"#.to_owned(),
    };
    chores.calls.fetch_add(1, Ordering::Relaxed);
    chores.by_kind.lock().unwrap()[kind] += 1;
    let read: usize = request.lines.iter().map(|line| tokens::count(&line.content)).sum();
    chores.read.fetch_add(read as u64, Ordering::Relaxed);
    chores.written.fetch_add(tokens::count(&text) as u64, Ordering::Relaxed);
    text
}

/// A fact of every third line of the talk, in its words, and something of how the two get on.
fn learned(material: &str) -> String {
    let lines: Vec<&str> = material.lines().skip_while(|line| !line.starts_with("The talk:")).skip(1).collect();
    let facts: Vec<String> = lines
        .iter()
        .enumerate()
        .step_by(3)
        .filter_map(|(at, line)| {
            let (head, said) = line.split_once(": \"")?;
            let who = head.rsplit(' ').next()?;
            let said: Vec<&str> = said.split(['"', '.', '?']).next()?.split_whitespace().take(14).collect();
            (said.len() > 4).then(|| {
                let says = format!("{who} said so: {}", said.join(" "));
                format!(r#"{{"about": "{who}", "says": "{says}", "since": null, "from": [{}]}}"#, at + 1)
            })
        })
        .collect();
    let profile = r#"{"aspect": "dynamics", "says": "They tease each other and take their time.", "from": [1]}"#;
    format!(r#"{{"facts": [{}], "profile": [{profile}]}}"#, facts.join(", "))
}
