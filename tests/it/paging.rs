//! Looking through thousands of memories while more of them are made.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use greenroom::db::Script;
use greenroom::db::memories;
use greenroom::domain::{
    Clock as _, Detail, Memory, MemoryId, MemoryKind, Moment, Provenance, Reach, SystemClock, Tenant,
};
use greenroom::testing::World;

use crate::both;
use crate::folk::Visit;

/// Memories to look through; `GREENROOM_TEST_MEMORIES=10000` makes it ten thousand and prints how long a page takes.
const MEMORIES: usize = 600;

async fn add(world: &World, like: &Memory, numbers: std::ops::Range<usize>, word: &str) {
    let clock = SystemClock::default();
    let many: Vec<Memory> = numbers
        .map(|n| Memory {
            id: MemoryId::new(clock.id()),
            said: format!("{word} {n}."),
            // Several at the same time, and none in the order of their ids.
            at: Moment(like.at.0 - (n as i64 / 3) * 1_000),
            ..like.clone()
        })
        .collect();
    let chores: Vec<String> = many.iter().map(|_| clock.id()).collect();
    let writing = world.db.write(move |tx| {
        let (many, chores) = (many.clone(), chores.clone());
        Box::pin(async move {
            let mut script = Script::default();
            many.iter().zip(&chores).for_each(|(memory, chore)| memories::add(&mut script, memory, chore, memory.at));
            script.run(tx).await
        })
    });
    writing.await.unwrap();
}

both!(paging_through_memories_neither_skips_nor_repeats_while_more_are_made, |engine| {
    #[expect(clippy::disallowed_methods, reason = "a setting of the tests, not of the program")]
    let set = std::env::var("GREENROOM_TEST_MEMORIES").ok().and_then(|count| count.parse().ok());
    let count: usize = set.unwrap_or(MEMORIES);
    let world = World::on(engine).await;
    let (robin, scope) = (Visit::of(&world, "robin", "@robin"), world.scope("robin", "abbey", "@robin").await);
    world.asks("robin", "@robin", "hello").await;
    let place = scope.place().clone();
    let (persona, personality) = (scope.persona().clone(), scope.personality().clone());
    let like = Memory {
        id: MemoryId::new(""),
        kind: MemoryKind::Episode,
        detail: Detail::default(),
        tenant: Tenant::personal(&persona, &personality),
        persona,
        personality,
        place,
        reach: Reach::Private,
        provenance: Provenance::UserSaid,
        turn: None,
        said_by: "robin".into(),
        said: String::new(),
        answered_by: "Abbey".into(),
        answered: String::new(),
        at: world.turns.clock.now(),
        is_locked: false,
        flag: None,
    };
    add(&world, &like, 0..count, "memory").await;

    let (done, mut seen, mut pages) = (AtomicBool::new(false), HashMap::<String, usize>::new(), Vec::new());
    let looking = async {
        let mut line = "/memory view".to_owned();
        loop {
            let started = Instant::now();
            let answer = robin.asks(&line).await;
            pages.push(started.elapsed());
            for (_, text) in answer.fields.iter().map(|field| (&field.name, &field.value)) {
                *seen.entry(text.clone()).or_default() += 1;
            }
            let Some(next) = answer.buttons.iter().find(|button| button.label.contains("Next")) else { break };
            line = next.line.clone();
        }
        done.store(true, Ordering::SeqCst);
    };
    let writing = async {
        let mut n = 0;
        while !done.load(Ordering::SeqCst) {
            // Newer, older and in between.
            add(&world, &like, n..n + 3, "meanwhile").await;
            add(&world, &Memory { at: Moment(like.at.0 + 1_000_000), ..like.clone() }, n..n + 3, "later").await;
            n += 3;
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::join!(looking, writing);
    for n in 0..count {
        assert_eq!(seen.get(&format!("robin: memory {n}.")), Some(&1), "memory {n}");
    }
    assert!(seen.values().all(|times| *times == 1));
    pages.sort_unstable();
    let at = |share: f64| pages[((pages.len() - 1) as f64 * share) as usize];
    if set.is_some() {
        println!("{} pages: p50 {:?}, p99 {:?}, longest {:?}", pages.len(), at(0.5), at(0.99), at(1.0));
    }
    world.stop().await;
});
