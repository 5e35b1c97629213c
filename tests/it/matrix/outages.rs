//! The homeserver away, slow to take messages, or started anew.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use matrix_town::{Limits, Synapse};

use super::town::Town;

/// What the limits that homeservers come with may add to a wait.
pub const STALL_MAX: Duration = Duration::from_secs(3);
/// Exchanges that no limit touches, because the burst is full before them: they tell how long the machine itself takes.
const UNTOUCHED: usize = 3;
/// How soon the house is back after its homeserver.
const BACK_WITHIN: Duration = Duration::from_secs(10);

/// A homeserver of this test's own; it ends with the process.
pub async fn own(limits: Limits) -> &'static Synapse {
    matrix_town::prepare().await;
    Box::leak(Box::new(Synapse::start(limits).await))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_homeserver_that_is_started_anew_loses_and_doubles_nothing() {
    let town = Town::on(own(Limits::None).await, "outage").await;
    for encrypted in [false, true] {
        let room = town.direct(encrypted).await;
        town.asks(&room, "@abbey hello", 1).await;
        for round in 0..3 {
            // It goes while an answer is being written.
            town.world.model.delay_millis.store(1_500, Ordering::SeqCst);
            let before = town.said(&room).len();
            town.robin.say(&room, &format!("before {round}")).await;
            tokio::time::sleep(Duration::from_millis(500)).await;
            town.synapse.stop().await;
            tokio::time::sleep(Duration::from_secs(2)).await;
            town.world.model.delay_millis.store(0, Ordering::SeqCst);
            town.synapse.start_again().await;
            let back = Instant::now();
            town.robin.say(&room, &format!("after {round}")).await;
            let said = town.answers(&room, before, 2).await;
            assert!(back.elapsed() < BACK_WITHIN, "back after {:?}", back.elapsed());
            println!("encrypted {encrypted}: back after {:?}", back.elapsed());
            town.settled().await;
            let mut words: Vec<&str> = said.iter().map(|said| said.body()).collect();
            words.sort_unstable();
            assert_eq!(words, [format!("Abbey: re: after {round}"), format!("Abbey: re: before {round}")]);
            assert_eq!(town.said(&room).len(), before + 2);
        }
    }
    town.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_exchanges_in_a_row_do_not_stall_at_the_usual_limits() {
    let town = Town::on(own(Limits::Default).await, "limits").await;
    let kim = town.human("kim").await;
    let room = town.group(true, &[&kim]).await;
    town.asks(&room, "@abbey hello", 1).await;
    // The greeting and the first answer were messages as well: a homeserver allows ten at once, and one more in five seconds.
    tokio::time::sleep(Duration::from_secs(20)).await;
    let mut waits = Vec::new();
    for n in 0..10 {
        let asked = Instant::now();
        town.asks(&room, &format!("@abbey exchange {n}"), 1).await;
        waits.push(asked.elapsed());
    }
    println!("waits: {waits:?}");
    let usual = waits[..UNTOUCHED].iter().max().unwrap();
    assert!(waits.iter().all(|wait| *wait < *usual + STALL_MAX), "{waits:?}");
    // Beyond them it waits as it is told, and nothing is lost.
    let before = town.said(&room).len();
    kim.say(&room, "@abbey one more").await;
    let said = town.answers(&room, before, 1).await;
    assert_eq!(said[0].body(), "Abbey: re: @abbey one more");
    town.close().await;
}
