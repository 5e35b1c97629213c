//! PostgreSQL brought down, cut off, out of connections or turned read-only in the middle of talk.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use greenroom::db::Db;
use greenroom::ops::http::Readiness;
use greenroom::ops::watch;
use greenroom::testing::{Answering, Engine, Outdoors, Plan, Scratch, World, fresh_database};

use super::server::Server;
use super::{BACK, SOON, all_answered, judge, listens, settled};

/// Every other connection to this database.
const CUT_OFF: &str = "SELECT CAST(COUNT(pg_terminate_backend(pid)) AS BIGINT) FROM pg_stat_activity \
     WHERE datname = CURRENT_DATABASE() AND pid <> pg_backend_pid()";

/// Says something in each of `rooms` rooms, `times` times, with a pause after each round.
async fn talk(world: &World, rooms: usize, times: usize, pause: Duration) {
    let before = world.rooms.after(0).len();
    for n in before..before + rooms * times {
        let room = format!("#room{}", n % rooms);
        world.event(&format!("member{n}"), &room, &format!("@Abbey number {n}"));
        if n % rooms == 0 {
            tokio::time::sleep(pause).await;
        }
    }
}

/// Nothing is left open, and everything is remembered and accounted once.
async fn judge_rows(world: &World, label: &str) {
    settled(world).await;
    judge(world, label);
    let said = world.rooms.after(0).len() as i64;
    let count = async |statement| world.db.number(statement).await.unwrap();
    assert_eq!(count("SELECT COUNT(*) FROM turn WHERE state = 'done'").await, said, "{label}: turns");
    assert_eq!(count("SELECT COUNT(*) FROM memory").await, said, "{label}: memories");
    assert_eq!(count("SELECT COUNT(DISTINCT memory_id) FROM chunk").await, said, "{label}: vectors");
    assert_eq!(count("SELECT COUNT(*) FROM ledger WHERE kind = 'answer'").await, said, "{label}: ledger");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_postgres_that_falls_in_mid_talk_loses_and_doubles_nothing_and_is_used_again_at_once() {
    let mut server = Server::start();
    let outdoors = Outdoors::at(&server.url(), Scratch::new(), Answering::default());
    let world = World::among(outdoors, Plan::default()).await;
    world.goes_by();
    world.model.delay_millis.store(50, Ordering::SeqCst);
    listens(&world);
    talk(&world, 4, 2, Duration::ZERO).await;
    all_answered(&world).await;
    for round in 0..3 {
        talk(&world, 4, 3, Duration::from_millis(15)).await;
        server.falls();
        // Some is said while it is away.
        talk(&world, 4, 1, Duration::from_millis(100)).await;
        server.start_again();
        let took = all_answered(&world).await;
        println!("round {round}: everything answered {took:?} after the server was back");
        assert!(took < BACK, "{took:?}");
    }
    judge_rows(&world, "a server that falls").await;
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_that_the_server_ends_anywhere_cost_nothing() {
    let world = World::on(Engine::Postgres).await;
    world.goes_by();
    world.model.delay_millis.store(20, Ordering::SeqCst);
    listens(&world);
    let other = Db::open(world.url()).await.unwrap();
    let mut ended = 0;
    for _ in 0..15 {
        talk(&world, 4, 2, Duration::from_millis(7)).await;
        ended += other.number(CUT_OFF).await.unwrap_or(0);
        tokio::time::sleep(Duration::from_millis(30)).await;
    }
    assert!(ended >= 15, "{ended} connections were ended");
    all_answered(&world).await;
    judge_rows(&world, "connections that end").await;
    println!("{ended} connections were ended in the middle of {} messages", world.rooms.after(0).len());
    other.close().await;
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_postgres_that_only_reads_for_a_while_is_said_and_waited_for() {
    let world = World::on(Engine::Postgres).await;
    world.goes_by();
    listens(&world);
    let readiness = Readiness::default();
    watch::database(&readiness, &world.db);
    talk(&world, 2, 1, Duration::ZERO).await;
    all_answered(&world).await;
    assert!(readiness.report().await.ready);
    // From another database: in this one a new connection may not even turn it back.
    let elsewhere = Db::open(&fresh_database(Engine::Postgres, &Scratch::new()).await).await.unwrap();
    let name = world.url().rsplit('/').next().unwrap().to_owned();
    let only_reads = async |on: bool| {
        let turns = format!("ALTER DATABASE {name} SET default_transaction_read_only = {on}");
        elsewhere.run_made(turns).await.unwrap();
        let ends = format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'");
        elsewhere.run_made(ends).await.unwrap();
    };
    only_reads(true).await;
    talk(&world, 2, 2, Duration::from_millis(50)).await;
    let began = Instant::now();
    while readiness.report().await.ready {
        assert!(began.elapsed() < SOON, "it does not say that it is not ready");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    only_reads(false).await;
    let took = all_answered(&world).await;
    println!("everything answered {took:?} after it could be written to again");
    assert!(took < BACK, "{took:?}");
    while !readiness.report().await.ready {
        assert!(began.elapsed() < SOON, "it does not say that it is ready again");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    judge_rows(&world, "a server that only reads").await;
    elsewhere.close().await;
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pool_without_a_free_connection_is_waited_for() {
    let world = World::on(Engine::Postgres).await;
    world.goes_by();
    listens(&world);
    let (began, witness) = (Instant::now(), world.db.witness());
    // More slow readers than there are connections.
    let readers = (0..12).map(|_| witness.number("SELECT CAST(COUNT(*) AS BIGINT) FROM (SELECT pg_sleep(2)) AS slept"));
    let (read, ()) = tokio::join!(futures::future::join_all(readers), talk(&world, 3, 2, Duration::from_millis(50)));
    assert!(read.iter().all(|read| *read.as_ref().unwrap() == 1) && began.elapsed() >= Duration::from_secs(3));
    all_answered(&world).await;
    judge_rows(&world, "no free connection").await;
    world.stop().await;
}
