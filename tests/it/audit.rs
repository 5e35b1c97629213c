//! The audit log: what it holds, what it never holds, that nothing in it can be changed without being found, and that
//! two processes never write after the same row.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Output;
use std::time::Duration;

use fake_llm::FakeLlm;
use greenroom::db::audit::{self, Flaw};
use greenroom::db::{Db, meta};
use greenroom::domain::{Deed, Done, Moment};
use greenroom::testing::{Engine, Plan, Scratch, World, fresh_database};
use tokio::process::Command;

use crate::both;
use crate::folk::{Visit, moderator};

/// A log of `count` deeds of the house.
async fn log_of(engine: Engine, scratch: &Scratch, count: i64) -> (Db, String) {
    let url = fresh_database(engine, scratch).await;
    let db = Db::open(&url).await.unwrap();
    for n in 0..count {
        let done = Done::of_house(Deed::LimitSet, Moment(n)).about(format!("thing {n}"));
        db.write(move |tx| Box::pin(async move { audit::record(tx, &done).await })).await.unwrap();
    }
    (db, url)
}

/// What somebody does who may change tables.
async fn behind_the_back(db: &Db, engine: Engine, statements: &[&'static str]) {
    let off: &[&'static str] = match engine {
        Engine::Sqlite => &[
            "DROP TRIGGER audit_is_not_changed",
            "DROP TRIGGER audit_is_not_shortened",
            "DROP TRIGGER audit_is_not_replaced",
        ],
        Engine::Postgres => &["DROP TRIGGER audit_is_not_changed ON audit"],
    };
    for statement in off.iter().chain(statements) {
        db.run(statement).await.unwrap_or_else(|error| panic!("{statement}: {error:?}"));
    }
}

both!(rows_are_added_and_never_changed, |engine| {
    let scratch = Scratch::new();
    let (db, _) = log_of(engine, &scratch, 3).await;
    for statement in [
        "UPDATE audit SET deed = 'other' WHERE n = 2",
        "UPDATE audit SET at = at",
        "DELETE FROM audit WHERE n = 3",
        "DELETE FROM audit",
    ] {
        assert!(db.run(statement).await.is_err(), "{statement}");
    }
    let more = match engine {
        Engine::Sqlite => "INSERT OR REPLACE INTO audit (n, at, deed, hash) VALUES (2, 0, 'other', '')",
        Engine::Postgres => "TRUNCATE audit",
    };
    assert!(db.run(more).await.is_err(), "{more}");
    assert_eq!(audit::verify(&db, None).await.unwrap().unwrap().0, 3);
    db.close().await;
});

both!(whatever_is_changed_behind_its_back_is_found, |engine| {
    let swap = "UPDATE audit SET n = CASE n WHEN 3 THEN 40 WHEN 4 THEN 3 END WHERE n IN (3, 4)";
    let tried: [(&[&'static str], Flaw); 9] = [
        (&["UPDATE audit SET deed = 'key_removed' WHERE n = 4"], Flaw::Changed(4)),
        (&["UPDATE audit SET at = 7 WHERE n = 1"], Flaw::Changed(1)),
        (&["UPDATE audit SET thing = NULL, detail = 'thing 2' WHERE n = 3"], Flaw::Changed(3)),
        (&["UPDATE audit SET hash = (SELECT hash FROM audit WHERE n = 2) WHERE n = 6"], Flaw::Changed(6)),
        (&["DELETE FROM audit WHERE n = 3"], Flaw::Missing(3)),
        (&["DELETE FROM audit WHERE n = 3", "UPDATE audit SET n = 3 WHERE n = 6"], Flaw::Changed(3)),
        (&[swap, "UPDATE audit SET n = 4 WHERE n = 40"], Flaw::Changed(3)),
        (&["INSERT INTO audit (n, at, deed, hash) SELECT 7, at, deed, hash FROM audit WHERE n = 6"], Flaw::Changed(7)),
        (&["DELETE FROM audit WHERE n > 4"], Flaw::Cut(4)),
    ];
    for (statements, wanted) in tried {
        let scratch = Scratch::new();
        let (db, _) = log_of(engine, &scratch, 6).await;
        assert_eq!(audit::verify(&db, None).await.unwrap().map(|(n, _)| n), Ok(6));
        behind_the_back(&db, engine, statements).await;
        assert_eq!(audit::verify(&db, None).await.unwrap(), Err(wanted), "{statements:?}");
        db.close().await;
    }
});

both!(a_log_that_was_cut_off_with_its_end_is_told_by_what_was_noted, |engine| {
    let scratch = Scratch::new();
    let (db, url) = log_of(engine, &scratch, 6).await;
    let noted = audit::verify(&db, None).await.unwrap().unwrap();
    let earlier = audit::newest(&db, 6).await.unwrap().pop().unwrap();
    assert_eq!(audit::verify(&db, Some((1, &earlier.hash))).await.unwrap().map(|(n, _)| n), Ok(6));
    let verify = async |noted: Option<String>| {
        let mut command = Command::new(crate::program());
        command.env_clear().env("GREENROOM_DATA_DIR", scratch.path().join("data")).env("DATABASE_URL", &url);
        command.args(["audit", "verify"]);
        if let Some(noted) = noted {
            command.args(["--noted", &noted]);
        }
        let Output { status, stdout, stderr } = command.output().await.unwrap();
        (status.code(), [stdout, stderr].map(|text| String::from_utf8(text).unwrap()).concat())
    };
    let (code, said) = verify(None).await;
    let last = said.lines().last().unwrap().to_owned();
    assert!(code == Some(0) && last == format!("6:{}", noted.1), "{said}");

    behind_the_back(
        &db,
        engine,
        &[
            "DELETE FROM audit WHERE n > 4",
            "UPDATE audit_head SET n = 4, hash = (SELECT hash FROM audit WHERE n = 4) WHERE id = 1",
        ],
    )
    .await;
    // A cut that reaches the end's own row as well is not told from an honest log...
    assert_eq!(verify(None).await.0, Some(0));
    // ...but by whoever noted how far it went.
    let (code, said) = verify(Some(last.clone())).await;
    assert!(code == Some(1) && said.contains("ends with row 4"), "{said}");
    for n in 0..2 {
        let done = Done::of_house(Deed::Announced, Moment(n));
        db.write(move |tx| Box::pin(async move { audit::record(tx, &done).await })).await.unwrap();
    }
    let (code, said) = verify(Some(last)).await;
    assert!(code == Some(1) && said.contains("Row 6 is not the one that was noted"), "{said}");
    assert_eq!(verify(Some("6:xyz".into())).await.0, Some(2));
    db.close().await;
});

both!(two_processes_never_write_after_the_same_row, |engine| {
    let scratch = Scratch::new();
    let (db, url) = log_of(engine, &scratch, 0).await;
    let other = Db::open(&url).await.unwrap();
    let writes = (0..60).map(|n: i64| {
        let db = if n % 2 == 0 { db.clone() } else { other.clone() };
        async move {
            let done = Done::of_house(Deed::LimitSet, Moment(n));
            db.write(move |tx| Box::pin(async move { audit::record(tx, &done).await })).await
        }
    });
    for written in futures::future::join_all(writes).await {
        written.unwrap();
    }
    assert_eq!(audit::verify(&db, None).await.unwrap().map(|(n, _)| n), Ok(60));
    // What is undone leaves no row and no gap.
    let done = Done::of_house(Deed::LimitSet, Moment(0));
    let undone = db.write(move |tx| {
        Box::pin(async move {
            audit::record(tx, &done).await?;
            Err::<(), _>(greenroom::db::Error::Fenced)
        })
    });
    assert!(undone.await.is_err());
    assert_eq!(audit::verify(&db, None).await.unwrap().map(|(n, _)| n), Ok(60));
    db.close().await;
    other.close().await;
});

both!(two_deeds_that_wait_for_each_other_are_both_done, |engine| {
    let scratch = Scratch::new();
    let (db, url) = log_of(engine, &scratch, 0).await;
    let other = Db::open(&url).await.unwrap();
    db.write(|tx| Box::pin(async move { meta::set(tx, "both", "0").await })).await.unwrap();
    // Long enough for each to hold what the other one wants next.
    const HOLDS: Duration = Duration::from_millis(400);
    let log_first = db.write(|tx| {
        Box::pin(async move {
            audit::record(tx, &Done::of_house(Deed::Announced, Moment(1))).await?;
            tokio::time::sleep(HOLDS).await;
            meta::set(tx, "both", "1").await
        })
    });
    let log_last = other.write(|tx| {
        Box::pin(async move {
            meta::set(tx, "both", "2").await?;
            tokio::time::sleep(HOLDS).await;
            audit::record(tx, &Done::of_house(Deed::Announced, Moment(2))).await
        })
    });
    let (first, last) = tokio::join!(log_first, log_last);
    first.unwrap();
    last.unwrap();
    assert_eq!(audit::verify(&db, None).await.unwrap().map(|(n, _)| n), Ok(2));
    db.close().await;
    other.close().await;
});

both!(an_erasure_takes_the_mark_and_leaves_the_log_whole, |engine| {
    let world = World::on(engine).await;
    let (robin, kim) = (Visit::of(&world, "robin", "@robin"), Visit::of(&world, "kim", "@kim"));
    robin.asks("/settings sharing on").await;
    kim.asks("/settings sharing on").await;
    robin.asks("/data export").await;
    let rows = audit::newest(&world.db, 10).await.unwrap();
    assert_eq!(rows.len(), 3);
    let mark = rows[0].by.clone().unwrap();
    assert_eq!(rows[2].by.as_ref(), Some(&mark), "a member has one mark");
    assert_ne!(rows[1].by.as_ref(), Some(&mark));
    assert_eq!(world.db.number("SELECT COUNT(*) FROM audit_mark").await.unwrap(), 2);
    robin.fills("/data erase", &["robin"]).await;
    assert_eq!(world.db.number("SELECT COUNT(*) FROM audit_mark").await.unwrap(), 1);
    let rows = audit::newest(&world.db, 10).await.unwrap();
    assert_eq!((rows[0].deed.as_str(), rows[0].by.as_ref()), ("member_erased", Some(&mark)));
    assert_eq!(audit::verify(&world.db, None).await.unwrap().map(|(n, _)| n), Ok(4));
    // Who comes back is somebody else to it.
    robin.asks("/settings sharing on").await;
    assert_ne!(audit::newest(&world.db, 1).await.unwrap()[0].by.as_ref(), Some(&mark));
    world.stop().await;
});

both!(every_deed_is_written_down_without_names_or_texts, |engine| {
    let llm = FakeLlm::start().await;
    // What the world has goes with it; the database stays.
    let (scratch, house) = (Scratch::new(), Scratch::new());
    let url = fresh_database(engine, &house).await;
    let data = scratch.path().to_owned();
    let plan = Plan { providers: vec![("mine".to_owned(), llm.url())], ..Plan::default() };
    let world = World::at(&url, scratch, plan).await;
    let (robin, owner) = (Visit::of(&world, "robin", "@robin"), Visit::of(&world, "owner", "@owner"));
    let mo = Visit::by(&world, moderator("mo", "#den"));
    for who in ["kim", "mallory"] {
        world.asks(who, &format!("@{who}"), "hello").await;
    }
    for (line, values) in [
        ("/settings sharing on", &[][..]),
        ("/settings memory off", &[]),
        ("/settings footer on", &[]),
        ("/memory incognito on --for 30m", &[]),
        ("/memory fresh on", &[]),
        ("/personality create Old Sage", &["a sage", "You are an old sage who speaks in riddles."]),
        ("/personality share guest Old Sage --member kim", &[]),
        ("/personality create Iris", &["a keeper", "You are Iris, a keeper of lighthouses."]),
        ("/personality transfer Iris --to kim", &["iris"]),
        ("/personality delete Old Sage", &["old sage"]),
        ("/keys set mine --model fake-model", &["sk-audit-0123456789abcdef"]),
        ("/keys set mine --model fake-model", &["sk-audit-fedcba9876543210"]),
        ("/keys remove mine", &[]),
        ("/keys remove mine", &[]),
        ("/data export", &[]),
    ] {
        if values.is_empty() {
            robin.reads(line).await
        } else {
            robin.fills(line, values).await
        };
    }
    for line in ["/place settings --activate moderators", "/place deny Aviva", "/admin deny stranger"] {
        mo.reads(line).await;
    }
    for line in [
        "/admin limits member day --tokens 50000",
        "/admin limits member day --tokens 70000 --member kim",
        "/admin deny mallory --scope house --reason spamming",
        "/admin allow mallory --scope house",
        "/admin announce Tomorrow the house moves.",
        "/preset create big --model gpt-5",
        "/admin model big --offer on",
    ] {
        owner.reads(line).await;
    }
    robin.fills("/data erase", &["robin"]).await;
    let run = async |data: &Path, args: &[&str]| {
        let mut command = Command::new(crate::program());
        command.env_clear().env("GREENROOM_DATA_DIR", data).env("DATABASE_URL", &url).args(args);
        let Output { status, stdout, stderr } = command.output().await.unwrap();
        (status.code(), [stdout, stderr].map(|text| String::from_utf8(text).unwrap()).concat())
    };
    assert_eq!(run(&data, &["keys", "rotate"]).await.0, Some(0));
    let file = data.join("house.backup");
    let (code, said) = run(&data, &["backup", file.to_str().unwrap()]).await;
    assert_eq!(code, Some(if engine == Engine::Sqlite { 0 } else { 2 }), "{said}");
    let known = world.db.rows("persona").await.unwrap().len();
    assert!(known > 2);
    world.stop().await;
    // Without a file, what is settled is the house itself.
    let (code, said) = run(house.path(), &["restore", "--settle", "--without-keys"]).await;
    assert_eq!(code, Some(0), "{said}");

    let (code, list) = run(house.path(), &["audit", "list", "--json", "--limit", "1000"]).await;
    assert_eq!(code, Some(0), "{list}");
    let rows: Vec<serde_json::Value> = list.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let mut seen: BTreeSet<&str> = rows.iter().map(|row| row["deed"].as_str().unwrap()).collect();
    if engine == Engine::Postgres {
        // There pg_dump makes the backup.
        assert!(seen.insert("backed_up"));
    }
    let all: BTreeSet<&str> = Deed::ALL.into_iter().map(Deed::as_str).collect();
    assert_eq!(seen, all);
    // What is a matter of taste, or was refused, is no deed.
    assert_eq!(rows.iter().filter(|row| row["deed"] == "key_removed").count(), 1);
    assert_eq!(rows.iter().filter(|row| row["deed"] == "incognito_set").count(), 1);
    let lower = list.to_lowercase();
    // Long enough not to be in an id by chance.
    for word in ["robin", "mallory", "stranger", "old sage", "aviva", "spamming", "moves", "sk-audit", "gpt-5"] {
        assert!(!lower.contains(word), "{word}: {list}");
    }
    let db = Db::open(&url).await.unwrap();
    // Ids are the only words of that length in a member's row.
    let members = db.rows("member").await.unwrap().join("\n");
    let ids: Vec<&str> = members.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| word.len() == 26).collect();
    assert!(ids.len() > 2 && ids.iter().all(|id| !list.contains(id)), "{ids:?}");
    db.close().await;
    let (code, said) = run(house.path(), &["audit", "list", "--limit", "2"]).await;
    assert!(code == Some(0) && said.lines().count() == 2 && said.contains(" restored by=house"), "{said}");
    assert_eq!(run(house.path(), &["audit", "verify"]).await.0, Some(0));
});
