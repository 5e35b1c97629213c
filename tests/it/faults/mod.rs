//! The faults of `docs/faults.md` that no other room shows: the process, the database, and chance.

mod calls;
mod chance;
mod database;
mod page;
mod postgres;
mod process;
mod server;
mod teeth;

use std::sync::Arc;
use std::time::{Duration, Instant};

use greenroom::platform::fake::{Event, FakePlatform};
use greenroom::testing::World;

/// How long anything may take on a busy machine.
const SOON: Duration = Duration::from_secs(120);
/// How soon the house is back after its database; the goal is 5 s, the rest is for a crowded machine.
const BACK: Duration = Duration::from_secs(30);

/// A small generator: the same choices in every run.
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, n: u64) -> u64 {
        self.next() % n
    }

    fn one_in(&mut self, n: u64) -> bool {
        self.below(n) == 0
    }
}

/// Lets a house hear by itself what is said in its rooms, as a front end does: what is not stored is handed in again.
fn listens(world: &World) {
    let platform = FakePlatform::here(Arc::clone(&world.rooms));
    let (turns, db) = (Arc::clone(&world.turns), world.db.clone());
    world.life.spawn("front end", async move { platform.run(&turns, &db, Duration::from_millis(10)).await });
}

/// Waits until the answers to all that was said have been heard; how long that took.
async fn all_answered(world: &World) -> Duration {
    let began = Instant::now();
    while answered(world) < world.rooms.after(0).len() {
        assert!(began.elapsed() < SOON, "{} of {} answered", answered(world), world.rooms.after(0).len());
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    began.elapsed()
}

/// Waits until nothing is owed any more and every vector is made.
async fn settled(world: &World) {
    let (began, witness) = (Instant::now(), world.db.witness());
    // The database may be away when this is asked.
    while witness.number(crate::crash::OPEN).await.ok() != Some(0) {
        assert!(began.elapsed() < SOON, "turns or vectors are not done");
        world.turns.recall.drain().await;
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// How many messages have an answer.
fn answered(world: &World) -> usize {
    let mut causes: Vec<_> = world.rooms.posts().into_iter().filter_map(|post| post.reply_to).collect();
    causes.sort_unstable();
    causes.dedup();
    causes.len()
}

/// The name that a message has on its platform.
fn cause(event: &Event) -> String {
    format!("in-{}", event.n)
}

/// Every message of every room has its answer, once and in the order in which they were said.
fn judge(world: &World, label: &str) {
    let (events, posts) = (world.rooms.after(0), world.rooms.posts());
    let mut rooms: Vec<&str> = events.iter().map(|event| event.room.as_str()).collect();
    rooms.sort_unstable();
    rooms.dedup();
    for room in rooms {
        let asked: Vec<String> = events.iter().filter(|event| event.room == room).map(cause).collect();
        let mut heard: Vec<String> =
            posts.iter().filter(|post| post.room == room).filter_map(|post| post.reply_to.clone()).collect();
        // The parts of one answer come one after the other.
        heard.dedup();
        assert_eq!(heard, asked, "{label}: once and in order in {room}");
    }
    for post in &posts {
        let event = events.iter().find(|event| Some(cause(event)) == post.reply_to).expect("it answers something");
        let is_its_answer = post.is_notice || post.text == format!("re: {}", shown(event));
        assert!(is_its_answer, "{label}: {:?} answers {:?}", post.text, event.text);
    }
}

/// A message as the model reads it.
fn shown(event: &Event) -> String {
    if event.room.starts_with('@') { event.text.clone() } else { format!("{}: {}", event.name, event.text) }
}
