//! The real program told to stop, killed while it stops, brought down by one message, and killed while it migrates.

use std::collections::BTreeSet;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use greenroom::db::Db;
use greenroom::testing::{Scratch, fresh_database};
use tokio::process::{Child, Command};

use crate::both;
use crate::crash::{DEADLINE, MESSAGES, OPEN, ROOMS, all_words, judge, program, said, stop};
use crate::outdoors::{Outside, answer_to};

/// The message that ends the program, and how often it may.
const POISON: u64 = 5;
const DEATHS: u32 = 5;
/// How much later a migration is killed than the one before it.
const LATER: f64 = 1.1;
/// A stop takes no longer than this.
const GRACE: Duration = Duration::from_secs(25 + 5);

fn signal(child: u32, name: &str) {
    let sent = std::process::Command::new("kill").arg(format!("-{name}")).arg(child.to_string()).status().unwrap();
    assert!(sent.success() || name == "KILL", "{name}");
}

/// Waits until the model has been asked about so many messages.
async fn asked(outside: &Outside, many: usize) {
    let began = Instant::now();
    while outside.calls.lock().unwrap().len() < many {
        assert!(began.elapsed() < DEADLINE, "the model is not asked");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// Waits until the program has said all there is to say and owes nothing, and stops it.
async fn finishes(child: Child, outside: &Outside, database: &str) {
    let began = Instant::now();
    while outside.words() < all_words() {
        assert!(began.elapsed() < DEADLINE, "{} of {} words", outside.words(), all_words());
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let db = Db::open(database).await.unwrap();
    while db.number(OPEN).await.unwrap() > 0 {
        assert!(began.elapsed() < DEADLINE, "turns or vectors are not done");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    db.close().await;
    stop(child).await;
}

both!(told_to_stop_five_times_and_then_killed_it_loses_and_doubles_nothing, |engine| {
    let scratch = Scratch::new();
    let (database, data) = (fresh_database(engine, &scratch).await, scratch.path().join("data"));
    let outside = Outside::start().await;
    outside.takes_millis.store(1_500, Ordering::SeqCst);
    outside.say_everything(1, ROOMS);
    for round in 0..2 {
        let child = program(&data, &database, &outside, None);
        let id = child.id().unwrap();
        asked(&outside, 2 + round).await;
        for _ in 0..5 {
            signal(id, "TERM");
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
        signal(id, "KILL");
        said(child).await;
    }
    outside.takes_millis.store(0, Ordering::SeqCst);
    let child = program(&data, &database, &outside, None);
    finishes(child, &outside, &database).await;
    judge(&outside, ROOMS, "stopped and killed");
    let calls = outside.calls.lock().unwrap().clone();
    assert!(calls.values().all(|&calls| calls <= 3), "one call each and one more for each kill: {calls:?}");
});

both!(told_to_stop_it_says_what_it_was_about_to_say_and_leaves, |engine| {
    let scratch = Scratch::new();
    let (database, data) = (fresh_database(engine, &scratch).await, scratch.path().join("data"));
    let outside = Outside::start().await;
    outside.takes_millis.store(1_500, Ordering::SeqCst);
    outside.say_everything(2, ROOMS);
    let child = program(&data, &database, &outside, None);
    asked(&outside, 2).await;
    let began = Instant::now();
    stop(child).await;
    println!("stopped after {:?}", began.elapsed());
    assert!(began.elapsed() < GRACE, "{:?}", began.elapsed());
    let calls = outside.calls.lock().unwrap().clone();
    let answered: BTreeSet<u64> = outside
        .rooms
        .posts()
        .iter()
        .filter_map(|post| post.reply_to.as_ref()?.strip_prefix("in-")?.parse().ok())
        .collect();
    let begun: BTreeSet<u64> = calls.keys().map(|n| n + 1).collect();
    assert_eq!(answered, begun, "what it had asked the model it has said");
    assert!((begun.len() as u64) < ROOMS * MESSAGES, "nothing new was begun");
    let child = program(&data, &database, &outside, None);
    outside.takes_millis.store(0, Ordering::SeqCst);
    finishes(child, &outside, &database).await;
    judge(&outside, ROOMS, "stopped");
    assert!(outside.calls.lock().unwrap().values().all(|&calls| calls == 1), "nothing was paid for twice");
});

both!(a_message_that_brings_the_program_down_is_given_up_and_the_others_are_answered, |engine| {
    let scratch = Scratch::new();
    let (database, data) = (fresh_database(engine, &scratch).await, scratch.path().join("data"));
    let outside = Outside::start().await;
    // Slow enough that others are under way whenever it falls.
    outside.takes_millis.store(300, Ordering::SeqCst);
    let running = Arc::new(AtomicU32::new(0));
    let victim = Arc::clone(&running);
    *outside.asked.lock().unwrap() = Some(Box::new(move |n| {
        if n == POISON {
            signal(victim.load(Ordering::SeqCst), "KILL");
        }
    }));
    outside.say_everything(3, ROOMS);
    let expected = all_words() - answer_to(POISON).split_whitespace().count();
    let (began, mut deaths) = (Instant::now(), 0);
    let child = loop {
        let mut child = program(&data, &database, &outside, None);
        running.store(child.id().unwrap(), Ordering::SeqCst);
        let has_fallen = loop {
            assert!(began.elapsed() < 2 * DEADLINE, "after {deaths} deaths {} of {expected} words", outside.words());
            if child.try_wait().unwrap().is_some() {
                break true;
            }
            if outside.words() > expected {
                break false;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        };
        if !has_fallen {
            break child;
        }
        deaths += 1;
        assert!(deaths <= DEATHS, "it falls again and again: {}", said(child).await);
    };
    assert_eq!(deaths, DEATHS);
    let db = Db::open(&database).await.unwrap();
    while db.number(OPEN).await.unwrap() > 0 {
        assert!(began.elapsed() < 2 * DEADLINE, "turns or vectors are not done");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    stop(child).await;
    let posts = outside.rooms.posts();
    let notices: Vec<_> = posts.iter().filter(|post| post.is_notice).map(|post| post.reply_to.clone()).collect();
    assert_eq!(notices, [Some(format!("in-{}", POISON + 1))], "one line of the house, about that message alone");
    for n in (0..ROOMS * MESSAGES).filter(|n| *n != POISON) {
        let heard: Vec<&str> = posts
            .iter()
            .filter(|post| post.reply_to.as_deref() == Some(&format!("in-{}", n + 1)))
            .flat_map(|post| post.text.split_whitespace())
            .collect();
        let answer = answer_to(n);
        assert!(heard == answer.split_whitespace().collect::<Vec<_>>(), "message {n}: {heard:?}");
    }
    assert_eq!(db.number("SELECT COUNT(*) FROM turn WHERE state = 'failed'").await.unwrap(), 1);
    db.close().await;
});

both!(a_migration_that_is_killed_anywhere_goes_on_and_leaves_nothing_half_made, |engine| {
    let (scratch, whole) = (Scratch::new(), Scratch::new());
    let (database, whole) = (fresh_database(engine, &scratch).await, fresh_database(engine, &whole).await);
    let data = scratch.path().join("data");
    let migrate = || {
        let mut command = Command::new(crate::program());
        command.env_clear().env("GREENROOM_DATA_DIR", &data).env("DATABASE_URL", &database).arg("migrate");
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).kill_on_drop(true).spawn().unwrap()
    };
    let (began, mut kills, mut wait) = (Instant::now(), 0, Duration::from_millis(10));
    // Each time a little later, so that a migration more is done, until one comes through.
    loop {
        assert!(began.elapsed() < 2 * DEADLINE, "it does not come through");
        let mut child = migrate();
        if let Ok(ended) = tokio::time::timeout(wait, child.wait()).await {
            assert!(ended.unwrap().success(), "after {kills} kills: {}", said(child).await);
            break;
        }
        child.kill().await.unwrap();
        kills += 1;
        wait = wait.mul_f64(LATER);
    }
    println!("{kills} kills before a migration came through");
    assert!(kills > 0);
    let (db, whole) = (Db::open(&database).await.unwrap(), Db::open(&whole).await.unwrap());
    assert_eq!(db.columns().await.unwrap(), whole.columns().await.unwrap());
    for table in ["SELECT COUNT(*) FROM _sqlx_migrations WHERE success", "SELECT MAX(version) FROM _sqlx_migrations"] {
        assert_eq!(db.number(table).await.unwrap(), whole.number(table).await.unwrap());
    }
    assert_eq!(Db::examine(&database).await.unwrap().damage, None);
    db.close().await;
    whole.close().await;
});
