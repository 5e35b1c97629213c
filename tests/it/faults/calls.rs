//! Each call of the database fails once, one after the other, before it did anything or after it was durable.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use futures::future::join_all;
use greenroom::db::When;
use greenroom::testing::{Engine, World};

use super::{all_answered, judge, listens, settled};
use crate::both;

/// Houses that share the calls.
const HOUSES: u32 = 8;
/// Fewer calls for a message would mean that they are not counted.
const CALLS_MIN: u32 = 12;
/// How long the database is away in the middle of an answer: longer than a heartbeat.
const AWAY: Duration = Duration::from_secs(5);

/// Lets somebody nobody knows ask in a room that nobody knows, and waits until nothing of it is owed.
async fn asks(world: &World, nth: u32) {
    world.event(&format!("member{nth}"), &format!("#room{nth}"), &format!("@Abbey number {nth}"));
    all_answered(world).await;
    settled(world).await;
}

/// How many calls one message makes.
async fn calls(engine: Engine) -> u32 {
    let world = World::on(engine).await;
    listens(&world);
    asks(&world, 0).await;
    let before = world.db.calls();
    asks(&world, 1).await;
    let calls = world.db.calls() - before;
    world.stop().await;
    calls
}

/// Has every [`HOUSES`]th call of a message's way fail, from the `first` on.
async fn share(engine: Engine, when: When, first: u32, calls: u32) {
    let world = World::on(engine).await;
    world.goes_by();
    listens(&world);
    for nth in (first..=calls).step_by(HOUSES as usize) {
        world.db.fail(nth, when);
        asks(&world, nth).await;
        world.db.heal();
    }
    let label = format!("{engine:?} {when:?} from {first}");
    judge(&world, &label);
    let said = world.rooms.after(0).len() as i64;
    let count = async |statement| world.db.number(statement).await.unwrap();
    assert_eq!(count("SELECT COUNT(*) FROM turn WHERE state = 'done'").await, said, "{label}: turns");
    assert_eq!(count("SELECT COUNT(DISTINCT turn_id) FROM memory").await, said, "{label}: memories of turns");
    assert_eq!(count("SELECT COUNT(*) FROM memory").await, said, "{label}: memories");
    assert_eq!(count("SELECT COUNT(DISTINCT memory_id) FROM chunk").await, said, "{label}: vectors");
    assert_eq!(count("SELECT COUNT(*) FROM ledger WHERE kind = 'answer'").await, said, "{label}: ledger");
    assert_eq!(count("SELECT COUNT(*) FROM reservation").await, 0, "{label}: reservations");
    world.stop().await;
}

both!(whichever_call_of_the_database_fails_every_message_is_answered_once, |engine| {
    let calls = calls(engine).await;
    println!("{engine:?}: {calls} calls for a message");
    assert!(calls >= CALLS_MIN, "{calls}");
    for when in [When::Before, When::After] {
        join_all((1..=HOUSES).map(|first| share(engine, when, first, calls))).await;
    }
});

both!(an_answer_that_is_being_made_outlives_a_database_that_is_away, |engine| {
    let world = World::on(engine).await;
    world.goes_by();
    world.model.delay_millis.store((AWAY + Duration::from_secs(1)).as_millis() as u64, Ordering::SeqCst);
    let received = world.says("robin", "@robin", "hello").await;
    while world.model.asked().is_empty() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let (began, mut failed) = (Instant::now(), 0);
    world.db.fail(1, When::Before);
    while began.elapsed() < AWAY {
        tokio::time::sleep(Duration::from_millis(10)).await;
        failed += u32::from(world.db.heal());
        world.db.fail(1, When::Before);
    }
    world.db.heal();
    println!("{engine:?}: {failed} calls failed while the answer was made");
    assert!(failed > 0, "heartbeats and sweeps met it");
    world.ended(&received.turns).await;
    assert_eq!(world.model.asked().len(), 1, "it was paid for once");
    assert_eq!(world.heard("@robin"), ["Abbey: re: hello"]);
    world.stop().await;
});
