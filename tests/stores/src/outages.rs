//! A whole house whose Qdrant is away, slow or broken: it answers without memories, in time, and loses none.

use std::sync::Arc;
use std::time::{Duration, Instant};

use fake_qdrant::FakeQdrant;
use greenroom::recall::{Qdrant, QdrantSettings, VectorStore};
use greenroom::testing::{Engine, Plan, World};

use super::by_words;

/// How long an answer waits for memories, as in a house.
const SEARCH_FOR: Duration = Duration::from_millis(150);
/// What half of the answers without memories take at most on a crowded machine: far less than a slow server would.
const IN_TIME: Duration = Duration::from_secs(3);
/// The double's engine is built without optimisation.
const PATIENT: Duration = Duration::from_secs(20);
/// What a slow server takes.
const SLOW_MILLIS: u64 = 5_000;
/// The longest wait of a memory whose vectors could not be written.
const LONGEST_WAIT: Duration = Duration::from_secs(61);
/// Exchanges while the server is away.
const EXCHANGES: usize = 12;

/// How a server fails, and is well again.
type Switch = fn(&fake_qdrant::Faults, bool);

async fn house(server: &FakeQdrant) -> (World, Arc<dyn VectorStore>) {
    let store: Arc<dyn VectorStore> = Arc::new(Qdrant::new(QdrantSettings::new(server.url())).unwrap());
    (house_with(store.clone()).await, store)
}

async fn house_with(store: Arc<dyn VectorStore>) -> World {
    let plan = Plan { store: Some(store), search_for: SEARCH_FOR, ..Plan::default() };
    World::planned(Engine::Sqlite, plan).await
}

/// Talks while the store cannot be used: the answers come in time and without memories.
async fn talks(world: &World, label: &str, drains: bool) {
    let mut took = Vec::new();
    for n in 0..EXCHANGES {
        let asked = Instant::now();
        let heard = world.asks("robin", "@robin", &format!("word{n} of the {label} is kept")).await;
        took.push(asked.elapsed());
        assert_eq!(heard, [format!("Abbey: re: word{n} of the {label} is kept")]);
        assert_eq!(world.last_remembered(), "", "{label}");
        if drains {
            world.turns.recall.drain().await;
        }
    }
    took.sort();
    println!("{label}: an answer takes {:?}, the slowest {:?}", took[EXCHANGES / 2], took[EXCHANGES - 1]);
    assert!(took[EXCHANGES / 2] < IN_TIME, "{label}: {took:?}");
}

/// Talks, and tries in vain to make the vectors: they are kept for later.
async fn talks_without(world: &World, label: &str) {
    talks(world, label, true).await;
    let waiting = world.turns.recall.pending().await.unwrap();
    assert_eq!(waiting, EXCHANGES as i64, "{label}: every memory waits");
}

/// Makes the vectors that wait, and finds each of them.
async fn remembers_all(world: &World, (store, url): (&dyn VectorStore, String), label: &str, so_far: u64) {
    let began = Instant::now();
    for _ in 0..20 {
        world.clock.advance(LONGEST_WAIT);
        world.turns.recall.drain().await;
        if world.turns.recall.pending().await.unwrap() == 0 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(world.turns.recall.pending().await.unwrap(), 0, "{label}: nothing waits any more");
    println!("{label}: {EXCHANGES} memories written {:?} after the store was back", began.elapsed());
    assert!(store.count(None).await.unwrap() >= so_far, "{label}: there are vectors of each");
    // Asked by one with more patience than an answer has: the double is slow.
    let patient = Qdrant::new(QdrantSettings { search_deadline: PATIENT, ..QdrantSettings::new(url) }).unwrap();
    patient.open(world.turns.recall.embedder().space()).await.unwrap();
    let scope = world.scope("robin", "abbey", "@robin").await;
    let found = patient.search(&scope, &by_words(label, 100)).await.unwrap();
    assert!(found.len() >= EXCHANGES, "{label}: {} of {EXCHANGES} are found", found.len());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_qdrant_the_house_answers_in_time_and_remembers_everything_afterwards() {
    let server = FakeQdrant::start().await;
    let (world, store) = house(&server).await;
    let slow: Switch = |faults, on| faults.delay_millis(if on { SLOW_MILLIS } else { 0 });
    let kinds: [(&str, Switch); 3] =
        [("refusal", fake_qdrant::Faults::refuse), ("failure", fake_qdrant::Faults::fail), ("slowness", slow)];
    for (n, (label, switch)) in kinds.into_iter().enumerate() {
        switch(server.faults(), true);
        if label == "slowness" {
            // Writing waits longer than asking does; the vectors are left to the time after.
            talks(&world, label, false).await;
        } else {
            talks_without(&world, label).await;
        }
        switch(server.faults(), false);
        remembers_all(&world, (&*store, server.url()), label, ((n + 1) * EXCHANGES) as u64).await;
    }
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_qdrant_that_was_stopped_in_mid_talk_is_filled_when_it_is_back() {
    let mut server = FakeQdrant::start().await;
    let (world, store) = house(&server).await;
    world.asks("robin", "@robin", "before it went").await;
    world.remembered().await;
    server.stop().await;
    talks_without(&world, "stop").await;
    server.restart().await;
    remembers_all(&world, (&*store, server.url()), "stop", EXCHANGES as u64 + 1).await;
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_house_that_starts_without_its_qdrant_answers_and_fills_it_later() {
    let mut server = FakeQdrant::start().await;
    let url = server.url();
    server.stop().await;
    let store: Arc<dyn VectorStore> = Arc::new(Qdrant::new(QdrantSettings::new(url)).unwrap());
    let world = house_with(store.clone()).await;
    talks_without(&world, "start").await;
    server.restart().await;
    remembers_all(&world, (&*store, server.url()), "start", EXCHANGES as u64).await;
    world.stop().await;
}
