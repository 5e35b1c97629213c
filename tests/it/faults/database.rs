//! The database full, locked, damaged or growing; clocks that jump.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use greenroom::db::{self, Db};
use greenroom::ops::http::Readiness;
use greenroom::ops::watch;
use greenroom::platform::SendError;
use greenroom::testing::{Engine, Scratch, World, fresh_database};

use super::{BACK, SOON, all_answered, answered, judge, listens, settled};
use crate::both;

/// A message that needs pages of its own.
const LONG: usize = 60_000;
/// An hour, the jump that clocks make when they are put right.
const JUMP: Duration = Duration::from_secs(3_600);
/// SQLite's log is folded into the file before it is longer.
const LOG_MAX: u64 = 64 << 20;

/// Waits until the house says that it is ready, or that it is not.
async fn is_ready(readiness: &Readiness, ready: bool) {
    let began = Instant::now();
    while readiness.report().await.ready != ready {
        assert!(began.elapsed() < SOON, "it does not say that it is{} ready", if ready { "" } else { " not" });
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_is_said_and_goes_by_without_a_loss() {
    let world = World::on(Engine::Sqlite).await;
    world.goes_by();
    listens(&world);
    let readiness = Readiness::default();
    watch::database(&readiness, &world.db);
    world.event("robin", "#den", "@Abbey before");
    all_answered(&world).await;
    settled(&world).await;
    is_ready(&readiness, true).await;
    let pages = world.db.number("SELECT page_count FROM pragma_page_count").await.unwrap();
    world.db.limit_pages(Some(u32::try_from(pages).unwrap() + 8)).await.unwrap();
    for n in 0..6 {
        let text = format!("@Abbey number {n} {}", "long ".repeat(LONG / 5));
        world.event(&format!("member{n}"), &format!("#room{}", n % 3), text.trim());
    }
    is_ready(&readiness, false).await;
    let report = readiness.report().await;
    assert!(report.checks[0].reason.as_ref().unwrap().contains("free disk space"), "{report:?}");
    assert!(answered(&world) < 7, "there was no room for all of it");
    let stored = world.db.number("SELECT COUNT(*) FROM message WHERE member_id IS NOT NULL").await.unwrap();
    assert!(stored < 7, "what there is no room for is not taken in: {stored}");
    world.db.limit_pages(None).await.unwrap();
    let took = all_answered(&world).await;
    println!("everything answered {took:?} after there was room again");
    assert!(took < BACK, "{took:?}");
    is_ready(&readiness, true).await;
    settled(&world).await;
    let heard: Vec<_> = world.rooms.posts().into_iter().filter_map(|post| post.reply_to).collect();
    assert!(heard.len() >= 7);
    let answers = world.db.number("SELECT COUNT(*) FROM turn WHERE state IN ('done', 'failed')").await.unwrap();
    assert_eq!(answers, 7, "each ends once");
    assert_eq!(world.db.number("SELECT COUNT(*) FROM turn").await.unwrap(), 7);
    assert_eq!(world.db.number("SELECT COUNT(*) FROM message WHERE member_id IS NOT NULL").await.unwrap(), 7);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_another_program_locks_is_waited_for() {
    let world = World::on(Engine::Sqlite).await;
    world.goes_by();
    listens(&world);
    world.event("robin", "#den", "@Abbey before");
    all_answered(&world).await;
    let other = Db::open(world.url()).await.unwrap();
    let [locked, let_go] = [(); 2].map(|()| Arc::new(tokio::sync::Notify::new()));
    let (locks, until) = (locked.clone(), let_go.clone());
    let holding = other.write(move |tx| {
        Box::pin(async move {
            db::meta::set(tx, "held", "yes").await?;
            locks.notify_one();
            until.notified().await;
            Ok(())
        })
    });
    let talking = async {
        locked.notified().await;
        for n in 0..9 {
            world.event(&format!("member{n}"), &format!("#room{}", n % 3), &format!("@Abbey number {n}"));
        }
        // Longer than a write waits for its turn.
        tokio::time::sleep(Duration::from_secs(7)).await;
        assert_eq!(answered(&world), 1, "nothing is answered that is not stored");
        let_go.notify_one();
        all_answered(&world).await
    };
    let (held, took) = tokio::join!(holding, talking);
    held.unwrap();
    println!("everything answered {took:?} after the lock was gone");
    assert!(took < BACK, "{took:?}");
    settled(&world).await;
    judge(&world, "locked");
    other.close().await;
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_damaged_page_is_found_by_an_examination() {
    let scratch = Scratch::new();
    let url = fresh_database(Engine::Sqlite, &scratch).await;
    let db = Db::open(&url).await.unwrap();
    let filling = "words ".repeat(200_000);
    db.write(move |tx| Box::pin(async move { db::meta::set(tx, "filling", &filling).await })).await.unwrap();
    db.close().await;
    assert_eq!(Db::examine(&url).await.unwrap().damage, None);
    let path = scratch.path().join("greenroom.db");
    let mut bytes = std::fs::read(&path).unwrap();
    // The head of every inner page but the first, which says where everything is.
    for page in bytes.chunks_mut(4096).skip(1).step_by(3) {
        page[..16].fill(0xEE);
    }
    std::fs::write(&path, bytes).unwrap();
    match Db::examine(&url).await {
        Ok(found) => assert!(found.damage.is_some()),
        Err(error) => assert!(matches!(error, db::Error::Corrupt), "{error:?}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_log_of_sqlite_stays_small_however_much_is_written() {
    let scratch = Scratch::new();
    let db = Db::open(&fresh_database(Engine::Sqlite, &scratch).await).await.unwrap();
    let filling = Arc::<str>::from("0123456789abcdef".repeat(64 * 1024));
    let (mut written, mut longest) = (0, 0);
    // Twice what the log may hold.
    while written < 2 * LOG_MAX {
        let (key, value) = (format!("key {}", written % 7), filling.clone());
        db.write(move |tx| Box::pin(async move { db::meta::set(tx, &key, &value).await })).await.unwrap();
        written += filling.len() as u64;
        let log = std::fs::metadata(scratch.path().join("greenroom.db-wal")).map_or(0, |log| log.len());
        longest = longest.max(log);
    }
    println!("{} MiB written, the log was {} MiB at most", written >> 20, longest >> 20);
    assert!(longest > 0 && longest <= LOG_MAX, "{longest}");
    db.close().await;
}

both!(a_clock_that_jumps_an_hour_delays_no_answer, |engine| {
    let world = World::on(engine).await;
    world.goes_by();
    for (n, back) in [true, false, true].into_iter().enumerate() {
        let room = format!("#room{n}");
        // One is being answered while the clock jumps, one waits for its turn behind it.
        world.model.delay_millis.store(700, Ordering::SeqCst);
        let mut turns = world.says("robin", &room, "@Abbey one").await.turns;
        turns.extend(world.says("kim", &room, "@Abbey two").await.turns);
        tokio::time::sleep(Duration::from_millis(300)).await;
        if back {
            world.clock.set_back(JUMP)
        } else {
            world.clock.advance(JUMP)
        }
        world.model.delay_millis.store(0, Ordering::SeqCst);
        // Which takes a minute at most.
        world.ended(&turns).await;
        assert_eq!(world.heard(&room), ["Abbey: re: robin: @Abbey one", "Abbey: re: kim: @Abbey two"], "back {back}");
        settled(&world).await;
    }
    world.stop().await;
});

both!(what_waits_for_another_try_is_not_put_off_by_a_clock_that_is_set_back, |engine| {
    let world = World::on(engine).await;
    // The clock stands still: what waits a second would wait for ever.
    world.rooms.fail(vec![SendError::RateLimited { after_millis: 1 }; 4]);
    let turns = world.says("robin", "@robin", "hello").await.turns;
    let began = Instant::now();
    while world.db.number("SELECT COUNT(*) FROM turn WHERE run_at > 0").await.unwrap() == 0 {
        assert!(began.elapsed() < SOON, "it does not wait");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    // More than a sweep.
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert!(world.rooms.posts().is_empty(), "it waits");
    world.clock.set_back(JUMP);
    world.ended(&turns).await;
    assert_eq!(world.heard("@robin"), ["Abbey: re: hello"]);
    world.stop().await;
});
