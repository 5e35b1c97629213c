//! Who may do what among processes that share a house: roles, lanes, leases, and what is kept in memory.

use std::sync::Arc;
use std::time::Duration;

use greenroom::cluster;
use greenroom::db::lanes::{self, Claim, Hand};
use greenroom::db::post::Post;
use greenroom::db::turns::{self, Answered, Cost};
use greenroom::db::{self, Db, leases};
use greenroom::domain::{Clock as _, Copied, Identity, Moment, News, PlaceId, Role, SystemClock, Turn};
use greenroom::testing::{Engine, Scratch, TestClock, World, fresh_database};
use tokio_util::sync::CancellationToken;

use crate::both;

const SPAN: i64 = 10_000;

fn hand(role: Role, owner: &str) -> Hand {
    Hand { role, owner: owner.to_owned() }
}

async fn claims(db: &Db, lane: &PlaceId, hand: Hand, now: Moment) -> Claim {
    let (lane, until) = (lane.clone(), now.plus_millis(SPAN));
    db.write(move |tx| Box::pin(async move { lanes::claim(tx, &lane, &hand, now, until, None).await })).await.unwrap()
}

fn turn_of(claim: Claim) -> Turn {
    let Claim::Turn(turn) = claim else { panic!("{claim:?}") };
    *turn
}

async fn writes(db: &Db, turn: &Turn, now: Moment) -> Result<(), db::Error> {
    let answer = Answered {
        turn: turn.id.clone(),
        epoch: turn.epoch,
        text: "an answer".to_owned(),
        failure: None,
        made_of: serde_json::Value::Null,
        parts: Vec::new(),
        cost: Cost::NotAsked,
        is_handed_over: true,
        is_retry: false,
        tells: None,
        announces: None,
        place: turn.place.clone(),
    };
    db.write(move |tx| Box::pin(async move { turns::answered(tx, &answer, now).await })).await
}

/// A house that has stopped, with one message in it that nobody has answered.
async fn asked(engine: Engine) -> (World, PlaceId) {
    let world = World::on(engine).await;
    world.life.soft().cancel();
    // The lanes stand still; taking a message in does not need them.
    world.says("ann", "room", "@abbey hello").await;
    let lanes = lanes::waiting(&world.db, &hand(Role::House, "any"), world.clock.now()).await.unwrap();
    assert_eq!(lanes.len(), 1);
    (world, lanes[0].0.clone())
}

both!(a_worker_writes_a_turn_and_a_gateway_says_it, |engine| {
    let (world, lane) = asked(engine).await;
    let (db, now) = (&world.db, world.clock.now());
    let (gateway, worker) = (hand(Role::Gateway, "g"), hand(Role::Worker, "w"));
    assert_eq!(claims(db, &lane, gateway.clone(), now).await, Claim::Taken, "nothing is to be said yet");
    assert_eq!(lanes::waiting(db, &gateway, now).await.unwrap(), []);
    assert_eq!(lanes::waiting(db, &worker, now).await.unwrap().len(), 1);
    let turn = turn_of(claims(db, &lane, worker.clone(), now).await);
    writes(db, &turn, now).await.unwrap();
    assert_eq!(claims(db, &lane, worker.clone(), now).await, Claim::Taken, "it is to be said first");
    assert_eq!(lanes::waiting(db, &worker, now).await.unwrap(), []);
    assert_eq!(lanes::waiting(db, &gateway, now).await.unwrap().len(), 1);
    let first = turn_of(claims(db, &lane, gateway.clone(), now).await);
    assert!(!first.is_resumed && first.epoch > turn.epoch, "{first:?}");
    let again = turn_of(claims(db, &lane, gateway, now).await);
    assert!(again.is_resumed, "something of it may have been sent");
});

both!(a_worker_that_lost_its_lane_writes_nothing, |engine| {
    let (world, lane) = asked(engine).await;
    let (db, now) = (&world.db, world.clock.now());
    let slow = turn_of(claims(db, &lane, hand(Role::Worker, "slow"), now).await);
    assert_eq!(claims(db, &lane, hand(Role::Worker, "quick"), now).await, Claim::Taken);
    let later = now.plus_millis(SPAN + 1);
    let taken = turn_of(claims(db, &lane, hand(Role::Worker, "quick"), later).await);
    assert_eq!((taken.id.clone(), taken.attempt), (slow.id.clone(), 2));
    assert!(matches!(writes(db, &slow, later).await, Err(db::Error::Fenced)), "an answer");
    let late = slow.clone();
    let leaving = db.write(move |tx| Box::pin(async move { lanes::leave(tx, &late, Role::Worker).await }));
    assert!(matches!(leaving.await, Err(db::Error::Fenced)), "an end");
    let late = slow.clone();
    let waiting =
        db.write(move |tx| Box::pin(async move { lanes::later(tx, &late.id, late.epoch, later, later).await }));
    assert!(matches!(waiting.await, Err(db::Error::Fenced)), "a wait");
    let keeping = db.write(move |tx| Box::pin(async move { lanes::keep(tx, &slow.place, slow.epoch, later).await }));
    assert!(!keeping.await.unwrap(), "a lease");
    writes(db, &taken, later).await.unwrap();
    assert!(matches!(writes(db, &taken, later).await, Err(db::Error::Fenced)), "an answer is written once");
});

both!(a_lease_is_one_holders_until_it_runs_out_or_is_given_back, |engine| {
    let scratch = Scratch::new();
    let db = Db::open(&fresh_database(engine, &scratch).await).await.unwrap();
    let take = async |holder| leases::take(&db, "account x", holder, SPAN).await.unwrap();
    assert_eq!(take("one").await, Some(1));
    assert_eq!(take("two").await, None);
    assert_eq!(take("one").await, None, "a process takes a lease once");
    assert_eq!(leases::held(&db).await.unwrap(), [("account x".to_owned(), "one".to_owned())]);
    assert!(leases::keep(&db, "account x", ("one", 1), SPAN).await.unwrap());
    leases::give_back(&db, "account x", ("one", 1)).await.unwrap();
    assert_eq!(take("two").await, Some(2));
    assert!(!leases::keep(&db, "account x", ("one", 1), SPAN).await.unwrap(), "it is another's");
    leases::give_back(&db, "account x", ("one", 1)).await.unwrap();
    assert!(leases::keep(&db, "account x", ("two", 2), -1).await.unwrap(), "whoever lost it gives nothing back");
    let started = std::time::Instant::now();
    while take("one").await.is_none() {
        assert!(started.elapsed() < Duration::from_secs(30), "it does not run out");
    }
    db.close().await;
});

#[tokio::test]
async fn a_machine_whose_clock_is_wrong_is_not_let_in() {
    let scratch = Scratch::new();
    let db = Db::open_shared(&fresh_database(Engine::Postgres, &scratch).await).await.unwrap();
    let wrong = TestClock::default();
    wrong.advance(Duration::from_secs(400 * 24 * 3_600));
    let refusal = cluster::admit(&db, &wrong, "same").await.unwrap().expect("it is refused");
    assert_eq!(refusal.id, "cannot-start-clock");
    let machine = SystemClock::default();
    assert_eq!(cluster::admit(&db, &machine, "same").await.unwrap(), None);
    assert_eq!(cluster::admit(&db, &machine, "same").await.unwrap(), None);
    let refusal = cluster::admit(&db, &machine, "other").await.unwrap().expect("it is refused");
    assert_eq!(refusal.id, "cannot-start-keyset");
    db.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_another_process_changes_is_heard() {
    let world = World::on(Engine::Postgres).await;
    let stop = CancellationToken::new();
    let (turns, until) = (Arc::clone(&world.turns), stop.clone());
    world.life.spawn("news", async move { cluster::listen(turns, until).await });
    let identity = Identity { platform: "fake".into(), subject: "ann".into() };
    let directory = &world.turns.directory;
    assert_eq!(directory.person(&identity, "Ann").await.unwrap().persona.name, "Ann");
    let mut post = Post::open(&world.db).await.unwrap();
    world.db.run("UPDATE persona SET name = 'Anna'").await.unwrap();
    let started = std::time::Instant::now();
    while directory.person(&identity, "Ann").await.unwrap().persona.name != "Anna" {
        assert!(started.elapsed() < Duration::from_secs(30), "it is not heard");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let told = async { while post.next().await.unwrap() != News::Changed(Copied::People) {} };
    tokio::time::timeout(Duration::from_secs(30), told).await.expect("it is told at once, not only looked for");
    // A database is closed when nobody holds a connection any more.
    drop(post);
    stop.cancel();
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn news_that_does_not_arrive_is_found_after_a_while() {
    const HANG_UP: &str = "SELECT COUNT(*) FROM (SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
        WHERE datname = current_database() AND query LIKE 'LISTEN%') AS ended";
    let world = World::on(Engine::Postgres).await;
    let stop = CancellationToken::new();
    let (turns, until) = (Arc::clone(&world.turns), stop.clone());
    world.life.spawn("news", async move { cluster::listen(turns, until).await });
    let identity = Identity { platform: "fake".into(), subject: "ann".into() };
    let directory = &world.turns.directory;
    let name = async || directory.person(&identity, "Ann").await.unwrap().persona.name.clone();
    let comes = async |wanted: &str, within: Duration| {
        let started = std::time::Instant::now();
        while name().await != wanted {
            assert!(started.elapsed() < within, "{wanted} is not found");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        println!("{wanted} after {:?}", started.elapsed());
    };
    let mut post = Post::open(&world.db).await.unwrap();
    while post.next().await.unwrap() != News::Beat {}
    assert_eq!(name().await, "Ann");
    // From here on nobody is told.
    world.db.run("DROP TRIGGER persona_changed ON persona").await.unwrap();
    world.db.run("UPDATE persona SET name = 'Anna'").await.unwrap();
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(name().await, "Ann", "without news what is in memory holds");
    // The connection breaks: what it should have brought may be lost.
    assert!(world.db.number(HANG_UP).await.unwrap() > 0);
    comes("Anna", Duration::from_secs(30)).await;
    // It stands again, and does not bring everything.
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert_eq!(name().await, "Anna");
    world.db.run("UPDATE persona SET name = 'Annie'").await.unwrap();
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(name().await, "Anna", "without news what is in memory holds");
    comes("Annie", Duration::from_secs(90)).await;
    drop(post);
    stop.cancel();
    world.stop().await;
}
