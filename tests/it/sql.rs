//! Every statement on both engines, and both schemas beside each other.

use std::sync::Arc;

use greenroom::db::{self, Db};
use greenroom::testing::{Engine, Scratch, fresh_database};

use crate::both;

/// Every statement that both engines understand.
const COMMON: [&[&str]; 23] = [
    db::aliases::ALL,
    db::audit::ALL,
    db::choices::ALL,
    db::chunks::ALL,
    db::dealt::ALL,
    db::health::ALL,
    db::keys::ALL,
    db::ledger::ALL,
    db::lanes::ALL,
    db::layers::ALL,
    db::leases::ALL,
    db::memories::ALL,
    db::messages::ALL,
    db::meta::ALL,
    db::people::ALL,
    db::personalities::ALL,
    db::places::ALL,
    db::presets::ALL,
    db::rules::ALL,
    db::secrets::ALL,
    db::sessions::ALL,
    db::turns::ALL,
    db::upkeep::ALL,
];

/// Of turns that are not ended, which are few.
const OF_OPEN: &str = "state IN ('queued', 'running', 'sending')";
/// Of what was distilled.
const OF_DISTILLED: [&str; 2] = ["kind = 'profile'", "kind = 'fact'"];
/// Lookups among everything that a place or a member ever asked, or all that a tenant remembers.
const AMONG_ALL: [&str; 4] = ["INDEX turn_last", "INDEX turn_member", "INDEX memory_tenant (tenant=?)", "SCAN turn"];

#[tokio::test]
async fn what_is_few_is_not_looked_for_among_all() {
    let scratch = Scratch::new();
    let db = Db::open(&fresh_database(Engine::Sqlite, &scratch).await).await.unwrap();
    let mut checked = 0;
    for statement in COMMON.into_iter().flatten() {
        if !statement.contains(OF_OPEN) && !OF_DISTILLED.iter().any(|of| statement.contains(of)) {
            continue;
        }
        let plan = db.plan(statement).await.unwrap();
        let is_among_all = |step: &str| AMONG_ALL.iter().any(|all| step.contains(all)) && !step.contains("turn_open");
        let among_all = plan.iter().find(|step| is_among_all(step));
        assert_eq!(among_all, None, "{statement}\n{plan:#?}");
        checked += 1;
    }
    assert!(checked >= 12, "{checked}");
    db.close().await;
}

both!(every_statement_is_understood, |engine| {
    let scratch = Scratch::new();
    let db = Db::open(&fresh_database(engine, &scratch).await).await.unwrap();
    let split = [db::chunks::SPLIT, db::health::SPLIT, db::layers::SPLIT, db::leases::SPLIT, db::memories::SPLIT];
    let split = split.into_iter().flatten().map(|&[sqlite, postgres]| match engine {
        Engine::Sqlite => sqlite,
        Engine::Postgres => postgres,
    });
    let mut checked = 0;
    for statement in COMMON.into_iter().flatten().copied().chain(split) {
        db.prepare(statement).await.unwrap_or_else(|error| panic!("{statement}\n{error:?}"));
        checked += 1;
    }
    assert!(checked > 50, "{checked}");
    db.close().await;
});

both!(values_of_every_kind_come_back_as_they_were, |engine| {
    let scratch = Scratch::new();
    let db = Db::open(&fresh_database(engine, &scratch).await).await.unwrap();
    let json = serde_json::json!({"key": ["it's", 1.5, null, true], "ä": {}});
    for (text, number) in [(Some("it's ä \u{1F98A}"), Some(i64::MIN)), (Some(""), None), (None, Some(0)), (None, None)]
    {
        for (truth, bytes) in [(true, &[0, 255, 39][..]), (false, &[])] {
            let (again, said, is_true, read, written, number_too) =
                db.echo((text, number), truth, bytes, json.clone()).await.unwrap();
            assert_eq!((said.as_deref(), again, number_too), (text, number, number));
            assert_eq!((is_true, read.as_slice()), (truth, bytes));
            assert_eq!(serde_json::from_str::<serde_json::Value>(&written).unwrap(), json);
        }
    }
    db.close().await;
});

#[tokio::test]
async fn both_schemas_are_the_same() {
    let scratch = Scratch::new();
    let sqlite = Db::open(&fresh_database(Engine::Sqlite, &scratch).await).await.unwrap();
    let postgres = Db::open(&fresh_database(Engine::Postgres, &scratch).await).await.unwrap();
    let (ours, theirs) = (sqlite.columns().await.unwrap(), postgres.columns().await.unwrap());
    assert!(ours.len() > 80, "{}", ours.len());
    assert_eq!(ours, theirs);
}

#[test]
fn migrations_have_the_same_names_for_both_engines() {
    let names = |folder: &str| {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations").join(folder);
        let mut names: Vec<_> = std::fs::read_dir(path).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        names
    };
    assert_eq!(names("sqlite"), names("postgres"));
    assert!(!names("sqlite").is_empty());
}

#[tokio::test]
async fn a_full_disk_is_said_plainly_and_loses_nothing() {
    let scratch = Scratch::new();
    let db = Db::open(&fresh_database(Engine::Sqlite, &scratch).await).await.unwrap();
    db.limit_pages(Some(80)).await.unwrap();
    let big = "x".repeat(20_000);
    let mut written = 0;
    let error = loop {
        let (key, value) = (format!("key {written}"), big.clone());
        let set = db.write(move |tx| Box::pin(async move { db::meta::set(tx, &key, &value).await })).await;
        match set {
            Ok(()) => written += 1,
            Err(error) => break error,
        }
        assert!(written < 100, "the limit holds");
    };
    assert!(matches!(error, db::Error::Full), "{error:?}");
    for n in 0..written {
        assert_eq!(db::meta::get(&db, &format!("key {n}")).await.unwrap().as_deref(), Some(big.as_str()));
    }
    db.limit_pages(None).await.unwrap();
    db.write(move |tx| Box::pin(async move { db::meta::set(tx, "after", &big).await })).await.unwrap();
}

#[tokio::test]
async fn a_file_that_is_no_database_is_refused_and_left_alone() {
    let scratch = Scratch::new();
    let path = scratch.path().join("greenroom.db");
    std::fs::write(&path, "this is no database, only text that is long enough to be looked at".repeat(100)).unwrap();
    let before = std::fs::read(&path).unwrap();
    let error = Db::open(&format!("sqlite://{}", path.display())).await.err().expect("it is refused");
    assert!(matches!(error, db::Error::Corrupt), "{error:?}");
    assert_eq!(std::fs::read(&path).unwrap(), before);
}

#[tokio::test]
async fn a_failed_write_undoes_itself_alone() {
    let scratch = Scratch::new();
    let db = Db::open(&fresh_database(Engine::Sqlite, &scratch).await).await.unwrap();
    let writes = (0..60).map(|n| {
        let db = db.clone();
        async move {
            db.write(move |tx| {
                Box::pin(async move {
                    db::meta::set(tx, &format!("key {n}"), "set").await?;
                    if n % 3 == 0 { Err(db::Error::Fenced) } else { Ok(()) }
                })
            })
            .await
        }
    });
    let results = futures::future::join_all(writes).await;
    for (n, result) in results.into_iter().enumerate() {
        assert_eq!(result.is_err(), n % 3 == 0, "{n}");
        let stored = db::meta::get(&db, &format!("key {n}")).await.unwrap();
        assert_eq!(stored.is_none(), n % 3 == 0, "{n}");
    }
}

#[tokio::test]
async fn a_locked_database_waits_and_then_says_so() {
    let scratch = Scratch::new();
    let url = fresh_database(Engine::Sqlite, &scratch).await;
    let (db, other) = (Db::open(&url).await.unwrap(), Db::open(&url).await.unwrap());
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
    let trying = async {
        locked.notified().await;
        let error = db.write(|tx| Box::pin(async move { db::meta::set(tx, "mine", "no").await })).await.unwrap_err();
        assert!(matches!(error, db::Error::Busy), "{error:?}");
        let_go.notify_one();
    };
    let (held, ()) = tokio::join!(holding, trying);
    held.unwrap();
    db.write(|tx| Box::pin(async move { db::meta::set(tx, "mine", "yes").await })).await.unwrap();
    assert_eq!(db::meta::get(&db, "mine").await.unwrap().as_deref(), Some("yes"));
}
