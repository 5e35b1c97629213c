//! The drill: a house is filled, backed up while somebody talks to it, taken back elsewhere, and is the same house.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::Output;
use std::time::Duration;

use fake_llm::FakeLlm;
use greenroom::crash::{BACKUP, RESTORE};
use greenroom::db::{CHECKED_AT_START, Db, keys, meta};
use greenroom::domain::TurnState;
use greenroom::keyring::sweep;
use greenroom::testing::{Engine, Plan, Scratch, World, fresh_database};
use greenroom::vault::{Keyset, Vault};
use serde_json::Value;
use tokio::process::Command;

use crate::folk::Visit;
use crate::{both, leaks};

/// The program on a data directory and a database, with nothing else in its environment.
fn program(data: &Path, database: &str) -> Command {
    let mut command = Command::new(crate::program());
    command
        .env_clear()
        .env("GREENROOM_DATA_DIR", data)
        .env("DATABASE_URL", database)
        .env("LLM_BASE_URL", "http://127.0.0.1:9/v1")
        .env("LLM_MODEL", "none")
        .env("HTTP_ADDR", "127.0.0.1:0")
        .env("METRICS_ADDR", "127.0.0.1:0")
        .kill_on_drop(true);
    command
}

async fn ended(mut command: Command) -> Output {
    tokio::time::timeout(Duration::from_secs(120), command.output()).await.expect("it ends").unwrap()
}

/// Code and everything that was said.
fn said(output: &Output) -> (Option<i32>, String) {
    let text = [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes).into_owned()).concat();
    (output.status.code(), text)
}

fn sqlite_in(folder: &Path) -> String {
    format!("sqlite://{}", folder.join("greenroom.db").display())
}

/// Does what the program says to do with PostgreSQL's own tool, to the letter.
async fn does(output: &Output, tool: &str) {
    let (code, text) = said(output);
    assert_eq!(code, Some(2), "{text}");
    let line = text.lines().find(|line| line.starts_with(tool)).unwrap_or_else(|| panic!("no {tool}: {text}"));
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut folders: Vec<String> = versions.map(|entry| entry.path().join("bin").display().to_string()).collect();
    folders.push("/usr/local/bin:/usr/bin:/bin".into());
    let mut shell = Command::new("sh");
    shell.args(["-c", line]).env_clear().env("PATH", folders.join(":"));
    let done = ended(shell).await;
    assert!(done.status.success(), "{line}: {}", said(&done).1);
}

/// Backs the house up, however that is done on its engine.
async fn back_up(engine: Engine, data: &Path, database: &str, file: &Path) {
    let mut command = program(data, database);
    command.arg("backup").arg(file);
    let output = ended(command).await;
    match engine {
        Engine::Sqlite => assert_eq!(said(&output).0, Some(0), "{}", said(&output).1),
        Engine::Postgres => does(&output, "pg_dump").await,
    }
}

/// Takes a backup back into `data`; returns the address of the database.
async fn take_back(engine: Engine, data: &Scratch, file: &Path) -> String {
    let database = fresh_database(engine, data).await;
    let mut command = program(data.path(), &database);
    command.arg("restore").arg(file);
    let mut output = ended(command).await;
    if engine == Engine::Postgres {
        does(&output, "pg_restore").await;
        let mut command = program(data.path(), &database);
        command.args(["restore", "--settle"]);
        output = ended(command).await;
    }
    assert_eq!(said(&output).0, Some(0), "{}", said(&output).1);
    database
}

/// Every row of every table.
async fn everything(db: &Db) -> BTreeMap<String, Vec<String>> {
    let mut tables: Vec<String> = db.columns().await.unwrap().into_iter().map(|(table, _, _)| table).collect();
    tables.dedup();
    let mut all = BTreeMap::new();
    for table in tables {
        let rows = db.rows(&table).await.unwrap();
        all.insert(table, rows);
    }
    all
}

/// Picture of one pixel.
const PICTURE: &[u8] = b"\x89PNG\r\n\x1a\n a picture";
const KEY: &str = "sk-drill-0123456789abcdef";

/// Fills a house through what people can do.
async fn fill(world: &World) {
    let robin = Visit::of(world, "robin", "@robin");
    for line in [
        "/persona create Captain Rook --pronouns he/him",
        "/settings sharing on",
        "/settings time-zone Europe/Berlin",
        "/alias add Gramps --to Abbey",
        "/preset create calm --temperature 0.3",
        "/settings budget --tokens 900000",
    ] {
        assert!(!robin.reads(line).await.is_empty());
    }
    robin.fills("/personality create Old Sage", &["a sage", "You are an old sage who speaks in riddles."]).await;
    let kept = robin.fills("/keys set mine --model fake-model", &[KEY]).await;
    assert!(kept.contains("works"), "{kept}");
    world.asks("robin", "@robin", "the zanzibar parcel is under the stairs").await;
    world.asks("kim", "#den", "@abbey my boat is called Petrel").await;
    Visit::of(world, "owner", "@owner").asks("/admin deny mallory --scope house").await;
    let pictures = world.path().join("avatars");
    std::fs::create_dir_all(&pictures).unwrap();
    std::fs::write(pictures.join("0123456789abcdef.png"), PICTURE).unwrap();
    world.remembered().await;
}

fn plan(llm: &FakeLlm) -> Plan {
    Plan { providers: vec![("mine".to_owned(), llm.url())], ..Plan::default() }
}

both!(a_house_that_serves_is_backed_up_and_taken_back_whole, |engine| {
    let llm = FakeLlm::start().await;
    llm.only_for(&[KEY]);
    let scratch = Scratch::new();
    let database = fresh_database(engine, &scratch).await;
    let (data, elsewhere, file) = (scratch.path().to_owned(), Scratch::new(), Scratch::new());
    let file = file.path().join("house.backup");
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    let world = World::at(&database, scratch, plan(&llm)).await;
    fill(&world).await;
    let before = everything(&world.db).await;

    let is_made = std::sync::atomic::AtomicBool::new(false);
    let talking = async {
        let mut said = 0;
        while !is_made.load(std::sync::atomic::Ordering::SeqCst) || said < 3 {
            assert_eq!(world.asks("mo", "!club", &format!("@abbey number {said}")).await.len(), 1);
            said += 1;
        }
        said
    };
    let backing_up = async {
        back_up(engine, &data, &database, &file).await;
        is_made.store(true, std::sync::atomic::Ordering::SeqCst);
    };
    let (said, ()) = tokio::join!(talking, backing_up);
    assert!(said >= 3);
    if engine == Engine::Sqlite {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        let beside: Vec<_> = std::fs::read_dir(file.parent().unwrap()).unwrap().collect();
        assert_eq!(beside.len(), 1, "{beside:?}");
        let mut content = Vec::new();
        flate2::read::GzDecoder::new(std::fs::File::open(&file).unwrap()).read_to_end(&mut content).unwrap();
        let keyset: Value = serde_json::from_slice(&std::fs::read(data.join("keyset.json")).unwrap()).unwrap();
        for secret in [keyset["keys"][0]["key"].as_str().unwrap(), KEY] {
            assert!(!content.windows(secret.len()).any(|window| window == secret.as_bytes()));
        }
    }
    std::fs::copy(data.join("keyset.json"), elsewhere.path().join("keyset.json")).unwrap();
    if engine == Engine::Postgres {
        // What `backup` says to copy as well.
        let pictures = elsewhere.path().join("avatars");
        std::fs::create_dir_all(&pictures).unwrap();
        for picture in std::fs::read_dir(data.join("avatars")).unwrap().flatten() {
            std::fs::copy(picture.path(), pictures.join(picture.file_name())).unwrap();
        }
    }
    let rooms = world.rooms.clone();
    world.stop().await;
    let database = take_back(engine, &elsewhere, &file).await;
    let restored = World::at(&database, elsewhere, plan(&llm)).await;
    restored.rooms.goes_on_from(&rooms);
    let after = everything(&restored.db).await;
    assert_eq!(before.keys().collect::<Vec<_>>(), after.keys().collect::<Vec<_>>());
    let mut compared = 0;
    for (table, rows) in &before {
        // A lane's owner is let go, the log goes on, and so do what limits count and what reads talk in the background;
        // everything else that was there is there to the byte.
        for row in rows.iter().filter(|_| !["lane", "audit_head", "budget"].contains(&table.as_str())) {
            assert!(after[table].binary_search(row).is_ok(), "{table} lacks {row}");
            compared += 1;
        }
    }
    assert!(compared > 30, "{compared}");
    assert_eq!(std::fs::read(restored.path().join("avatars/0123456789abcdef.png")).unwrap(), PICTURE);

    let robin = Visit::of(&restored, "robin", "@robin");
    let heard = restored.asks("robin", "@robin", "where is the zanzibar parcel?").await;
    assert!(heard.len() == 1 && heard[0].contains("zanzibar"), "{heard:?}");
    let seen = llm.seen().pop().unwrap();
    assert_eq!(seen.header("authorization"), Some(format!("Bearer {KEY}").as_str()));
    assert!(seen.body.to_string().contains("under the stairs"), "the memory is in the prompt");
    assert!(robin.reads("/personality list").await.contains("Old Sage"));
    assert!(robin.reads("/persona list").await.contains("Captain Rook"));
    assert!(Visit::of(&restored, "mallory", "#den").reads("/about").await.contains("AI characters"));
    assert!(Visit::of(&restored, "mallory", "#den").reads("/personality list").await.contains("turned away"));
    // The keys are as good as before: sealed anew under a new key of the keyset they still open.
    let path = restored.path().join("keyset.json");
    let mut keyset = Keyset::open(&path).unwrap();
    let id = keyset.add_primary().unwrap();
    keyset.save(&path).unwrap();
    assert_eq!(sweep(&restored.db, &Vault::open(&path).unwrap()).await.unwrap(), 1);
    assert_eq!(keys::by_keyset_key(&restored.db).await.unwrap(), [(id, 1)]);
    restored.asks("robin", "@robin", "and now?").await;
    assert_eq!(llm.seen().pop().unwrap().header("authorization"), Some(format!("Bearer {KEY}").as_str()));
    restored.stop().await;
});

both!(nothing_leaks_in_a_house_that_was_taken_back, |engine| {
    let scratch = Scratch::new();
    let database = fresh_database(engine, &scratch).await;
    let (data, elsewhere, file) = (scratch.path().to_owned(), Scratch::new(), Scratch::new());
    let planned = || Plan { model: leaks::model(), ..Plan::default() };
    let world = World::at(&database, scratch, planned()).await;
    let cells = leaks::Cell::all();
    let seeds = leaks::planted(&world, &cells).await;
    let file = file.path().with_extension("backup");
    back_up(engine, &data, &database, &file).await;
    let (at, members) = (world.clock.elapsed(), world.db.number("SELECT COUNT(*) FROM member").await.unwrap());
    std::fs::copy(data.join("keyset.json"), elsewhere.path().join("keyset.json")).unwrap();
    world.stop().await;
    let database = take_back(engine, &elsewhere, &file).await;
    std::fs::remove_file(&file).unwrap();
    let restored = World::at(&database, elsewhere, planned()).await;
    restored.clock.advance(at);
    assert_eq!(restored.db.number("SELECT COUNT(*) FROM member").await.unwrap(), members);
    let now = leaks::Now { sharing: false, sessions_run: true };
    let (there, kept) = leaks::asked(&restored, &cells, &seeds, now, 240).await;
    assert!(there > 120 && kept > 240 * 4, "{there} {kept}");
    restored.stop().await;
});

both!(what_was_under_way_at_the_backup_is_not_said_again, |engine| {
    let scratch = Scratch::new();
    let database = fresh_database(engine, &scratch).await;
    let (data, elsewhere, files) = (scratch.path().to_owned(), Scratch::new(), Scratch::new());
    let file = files.path().join("house.backup");
    let world = World::at(&database, scratch, Plan::default()).await;
    world.asks("robin", "@robin", "before").await;
    world.model.delay_millis.store(3_600_000, std::sync::atomic::Ordering::SeqCst);
    let mut turns = world.says("robin", "@robin", "one that runs").await.turns;
    turns.extend(world.says("robin", "@robin", "one that waits").await.turns);
    let sent = world.says("kim", "@kim", "one that is being sent").await.turns.remove(0);
    let is_running =
        async |turn| greenroom::db::turns::state(&world.db, turn).await.unwrap() == Some(TurnState::Running);
    while !(is_running(&turns[0]).await && is_running(&sent).await) {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    world.db.run("UPDATE turn SET state = 'sending', answer = 'half' WHERE member_id = (SELECT member_id FROM identity WHERE subject = 'kim')").await.unwrap();
    world.db.run("INSERT INTO delivery (turn_id, part, once_key, text, updated_at) SELECT id, 0, 'once', 'half', 0 FROM turn WHERE state = 'sending'").await.unwrap();
    world
        .db
        .write(|tx| {
            Box::pin(async move {
                meta::set(tx, "discord.1.shard.0", "{}").await?;
                meta::set(tx, "matrix.token @house:x", "s1").await?;
                meta::set(tx, "cluster.keyset", "0123456789abcdef").await?;
                meta::set(tx, "matrix.greeted !r", "greeted").await
            })
        })
        .await
        .unwrap();
    back_up(engine, &data, &database, &file).await;
    // It falls: what it is at never ends, and nothing else is begun.
    world.life.soft().cancel();
    world.life.hard().cancel();
    let rooms = world.rooms.clone();
    drop(world);

    let database = take_back(engine, &elsewhere, &file).await;
    let restored = World::at(&database, elsewhere, Plan::default()).await;
    restored.rooms.goes_on_from(&rooms);
    assert_eq!(restored.asks("robin", "@robin", "after").await, ["Abbey: re: after"]);
    assert_eq!(restored.asks("kim", "@kim", "after").await, ["Abbey: re: after"]);
    for turn in turns.iter().chain([&sent]) {
        assert_eq!(greenroom::db::turns::state(&restored.db, turn).await.unwrap(), Some(TurnState::Cancelled));
    }
    let posts = restored.rooms.posts().len() - rooms.posts().len();
    assert_eq!(posts, 2, "{:?}", restored.rooms.posts());
    assert_eq!(meta::get(&restored.db, "discord.1.shard.0").await.unwrap(), None);
    assert_eq!(meta::get(&restored.db, "matrix.token @house:x").await.unwrap(), None);
    assert_eq!(meta::get(&restored.db, "cluster.keyset").await.unwrap(), None);
    assert_eq!(meta::get(&restored.db, "matrix.greeted !r").await.unwrap().as_deref(), Some("greeted"));
    restored.stop().await;
});

/// A house on SQLite with a few rows, a picture and a sealed key, stopped; and a backup of it.
async fn stopped_house() -> (Scratch, PathBuf) {
    let llm = FakeLlm::start().await;
    let scratch = Scratch::new();
    let data = scratch.path().to_owned();
    let world = World::at(&sqlite_in(&data), Scratch::new(), plan(&llm)).await;
    fill(&world).await;
    for file in ["keyset.json", "avatars/0123456789abcdef.png"] {
        std::fs::create_dir_all(data.join("avatars")).unwrap();
        std::fs::copy(world.path().join(file), data.join(file)).unwrap();
    }
    world.stop().await;
    let file = data.with_extension("backup");
    back_up(Engine::Sqlite, &data, &sqlite_in(&data), &file).await;
    (scratch, file)
}

/// Restores `file` into a new directory with this keyset; returns code, words, and the names of what is there then.
async fn restores(file: &Path, keyset: Option<&Path>, more: &[&str]) -> (Option<i32>, String, Vec<String>) {
    let data = Scratch::new();
    if let Some(keyset) = keyset {
        std::fs::copy(keyset, data.path().join("keyset.json")).unwrap();
    }
    let mut command = program(data.path(), &sqlite_in(data.path()));
    command.arg("restore").arg(file).args(more);
    let (code, text) = said(&ended(command).await);
    let entries = std::fs::read_dir(data.path()).unwrap().flatten();
    let mut names: Vec<String> = entries.map(|entry| entry.file_name().into_string().unwrap()).collect();
    names.retain(|name| name != "greenroom.lock" && name != "keyset.json");
    names.sort();
    (code, text, names)
}

/// What a gzipped file says; `None`: it is none.
fn unzipped(content: &[u8]) -> Option<Vec<u8>> {
    let mut plain = Vec::new();
    flate2::read::GzDecoder::new(content).read_to_end(&mut plain).ok().map(|_| plain)
}

/// The backup with its manifest changed.
fn rewritten(file: &Path, change: impl FnOnce(&mut Value)) -> Vec<u8> {
    let mut archive = tar::Archive::new(flate2::read::GzDecoder::new(std::fs::File::open(file).unwrap()));
    let mut parts: Vec<(String, Vec<u8>)> = Vec::new();
    for entry in archive.entries().unwrap() {
        let mut entry = entry.unwrap();
        let mut content = Vec::new();
        entry.read_to_end(&mut content).unwrap();
        parts.push((entry.path().unwrap().to_string_lossy().into_owned(), content));
    }
    let mut manifest: Value = serde_json::from_slice(&parts[0].1).unwrap();
    change(&mut manifest);
    parts[0].1 = serde_json::to_vec(&manifest).unwrap();
    let mut out = tar::Builder::new(flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast()));
    for (name, content) in parts {
        let mut header = tar::Header::new_gnu();
        header.set_size(content.len() as u64);
        out.append_data(&mut header, name, content.as_slice()).unwrap();
    }
    out.into_inner().unwrap().finish().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_that_is_not_whole_or_not_ours_is_refused_and_nothing_is_written() {
    let (house, file) = stopped_house().await;
    let keyset = house.path().join("keyset.json");
    let whole = std::fs::read(&file).unwrap();
    let broken = file.with_extension("broken");
    let mut tried = Vec::new();
    for n in 0..8 {
        tried
            .push((whole[..whole.len() * n / 8].to_vec(), if n == 0 { "no backup" } else { "cut off or was changed" }));
    }
    tried.push((whole[..whole.len() - 1].to_vec(), "cut off or was changed"));
    tried.push(([whole.as_slice(), b"x"].concat(), "cut off or was changed"));
    for n in 1..8 {
        let mut flipped = whole.clone();
        let at = flipped.len() * n / 8;
        flipped[at] ^= 0x10;
        // There are two ways to say the same, and then nothing was changed.
        if unzipped(&flipped) != unzipped(&whole) {
            tried.push((flipped, "cut off or was changed"));
        }
    }
    tried.push((b"hello".to_vec(), "no backup"));
    tried.push((rewritten(&file, |manifest| manifest["format"] = 2.into()), "newer Greenroom"));
    tried.push((rewritten(&file, |manifest| manifest["schema"] = 9_999.into()), "newer Greenroom"));
    tried.push((rewritten(&file, |manifest| manifest["parts"][0]["bytes"] = 1.into()), "cut off or was changed"));
    tried.push((rewritten(&file, |manifest| manifest["parts"][0]["sha256"] = "0".into()), "cut off or was changed"));
    tried.push((rewritten(&file, |manifest| manifest["parts"][1]["name"] = "avatars/../x".into()), "cut off"));
    let mut tries = 0;
    for (content, wanted) in tried {
        std::fs::write(&broken, content).unwrap();
        let (code, text, names) = restores(&broken, Some(&keyset), &[]).await;
        assert!(code == Some(1) && text.contains(wanted) && text.lines().count() == 1, "{wanted}: {code:?} {text}");
        assert_eq!(names, [""; 0], "{text}");
        tries += 1;
    }
    assert!(tries > 18, "{tries}");

    let (code, text, names) = restores(&file, None, &[]).await;
    assert!(code == Some(2) && text.contains("their keyset is not there"), "{code:?} {text}");
    assert_eq!(names, [""; 0]);
    let other = file.with_extension("keyset");
    Keyset::new().unwrap().save(&other).unwrap();
    let (code, text, names) = restores(&file, Some(&other), &[]).await;
    assert!(code == Some(2) && text.contains("does not open the keys"), "{code:?} {text}");
    assert_eq!(names, [""; 0]);
    let (code, text, names) = restores(&file, None, &["--without-keys"]).await;
    assert!(code == Some(0) && text.contains("The house is back"), "{code:?} {text}");
    assert_eq!(names, ["avatars", "greenroom.db"]);

    // Not on top of a house, nor of anything else, and not of another engine's.
    let mut command = program(house.path(), &sqlite_in(house.path()));
    command.arg("restore").arg(&file);
    let (code, text) = said(&ended(command).await);
    assert!(code == Some(2) && text.contains("is not empty"), "{code:?} {text}");
    let mut command = program(house.path(), "postgres://nobody@127.0.0.1:9/none");
    command.arg("restore").arg(&file).env("GREENROOM_LOCALE", "de");
    let (code, text) = said(&ended(command).await);
    assert!(code == Some(2) && text.contains("Haus auf SQLite"), "{code:?} {text}");
    let mut command = program(house.path(), &sqlite_in(house.path()));
    command.arg("backup").arg(&file);
    let (code, text) = said(&ended(command).await);
    assert!(code == Some(2) && text.contains("is there already"), "{code:?} {text}");
    assert_eq!(std::fs::read(&file).unwrap(), whole);
    for file in [file, broken, other] {
        std::fs::remove_file(file).unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn backing_up_an_older_or_a_newer_house_changes_nothing_in_it() {
    let scratch = Scratch::new();
    let url = sqlite_in(scratch.path());
    let db = Db::open(&url).await.unwrap();
    let newest = db.number("SELECT MAX(version) FROM _sqlx_migrations").await.unwrap();
    for (statement, wanted) in [
        ("DELETE FROM _sqlx_migrations WHERE version = (SELECT MAX(version) FROM _sqlx_migrations)", newest - 1),
        (
            "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
             VALUES (9999, 'from the future', TRUE, x'00', 0)",
            9_999,
        ),
    ] {
        db.run(statement).await.unwrap();
        let file = scratch.path().join("house.backup");
        let mut command = program(scratch.path(), &url);
        command.arg("backup").arg(&file);
        let (code, text) = said(&ended(command).await);
        if wanted > newest {
            assert!(code == Some(1) && text.contains("newer Greenroom"), "{code:?} {text}");
            assert!(!file.exists());
        } else {
            assert_eq!(code, Some(0), "{text}");
            std::fs::remove_file(&file).unwrap();
        }
        assert_eq!(db.number("SELECT MAX(version) FROM _sqlx_migrations").await.unwrap(), wanted);
    }
    db.close().await;
    let nowhere = Scratch::new();
    let mut command = program(nowhere.path(), &sqlite_in(nowhere.path()));
    command.arg("backup").arg(nowhere.path().join("house.backup"));
    let (code, text) = said(&ended(command).await);
    assert!(code == Some(2) && text.contains("no house to back up"), "{code:?} {text}");
    assert_eq!(std::fs::read_dir(nowhere.path()).unwrap().count(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_anywhere_nothing_half_made_is_taken_for_a_backup_or_a_house() {
    let (house, file) = stopped_house().await;
    let url = sqlite_in(house.path());
    let db = Db::open(&url).await.unwrap();
    let wanted = everything(&db).await;
    db.close().await;
    let crashed = |command: Command, point: &str| {
        let mut command = command;
        command.env("GREENROOM_TEST_CRASH_AT", format!("{point}:1"));
        async move { assert_eq!(ended(command).await.status.code(), None, "it is killed") }
    };
    for point in BACKUP {
        let files = Scratch::new();
        let cut = files.path().join("house.backup");
        let backup = || {
            let mut command = program(house.path(), &url);
            command.arg("backup").arg(&cut);
            command
        };
        crashed(backup(), point).await;
        assert_eq!(cut.exists(), point == "backup named", "{point}");
        if !cut.exists() {
            let again = ended(backup()).await;
            assert_eq!(said(&again).0, Some(0), "{point}: {}", said(&again).1);
            assert_eq!(std::fs::read_dir(files.path()).unwrap().count(), 1, "{point}");
        }
        let (code, text, _) = restores(&cut, Some(&house.path().join("keyset.json")), &[]).await;
        assert_eq!(code, Some(0), "{point}: {text}");
    }
    for point in RESTORE {
        let data = Scratch::new();
        let url = sqlite_in(data.path());
        std::fs::copy(house.path().join("keyset.json"), data.path().join("keyset.json")).unwrap();
        let restore = || {
            let mut command = program(data.path(), &url);
            command.arg("restore").arg(&file);
            command
        };
        crashed(restore(), point).await;
        for start in ["run", "migrate"] {
            let mut command = program(data.path(), &url);
            command.arg(start);
            let (code, text) = said(&ended(command).await);
            assert!(code == Some(2) && text.contains("a restore that was cut off"), "{point}: {code:?} {text}");
        }
        let again = ended(restore()).await;
        assert_eq!(said(&again).0, Some(0), "{point}: {}", said(&again).1);
        let db = Db::open(&url).await.unwrap();
        for (table, rows) in everything(&db).await {
            match table.as_str() {
                "lane" | "audit_head" => {}
                "audit" => assert_eq!(rows.len(), wanted[&table].len() + 1, "{point}: {table}"),
                _ => assert_eq!(rows, wanted[&table], "{point}: {table}"),
            }
        }
        db.close().await;
        assert!(data.path().join("avatars/0123456789abcdef.png").exists());
    }
    std::fs::remove_file(file).unwrap();
}

/// Fills some pages in the middle of a file with nonsense.
fn damage(path: &Path) {
    use std::io::{Seek as _, SeekFrom, Write as _};
    let mut file = std::fs::OpenOptions::new().write(true).open(path).unwrap();
    let middle = file.metadata().unwrap().len() / 2 / 4_096 * 4_096;
    file.seek(SeekFrom::Start(middle)).unwrap();
    file.write_all(&[0xA5; 3 * 4_096]).unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_damaged_file_stops_the_house_at_its_start_or_soon_after() {
    for (rows, is_small) in [(800, true), (24_000, false)] {
        let scratch = Scratch::new();
        let url = sqlite_in(scratch.path());
        let db = Db::open(&url).await.unwrap();
        db.write(move |tx| {
            Box::pin(async move {
                for n in 0..rows {
                    meta::set(tx, &format!("key {n}"), &"x".repeat(900)).await?;
                }
                Ok(())
            })
        })
        .await
        .unwrap();
        db.close().await;
        let path = scratch.path().join("greenroom.db");
        assert_eq!(path.metadata().unwrap().len() < CHECKED_AT_START, is_small);
        damage(&path);
        let before = std::fs::read(&path).unwrap();
        let mut command = program(scratch.path(), &url);
        command.arg("run");
        let (code, text) = said(&ended(command).await);
        assert_eq!(code, Some(1), "{text}");
        assert!(text.contains("is damaged") && text.contains("greenroom restore FILE"), "{text}");
        if is_small {
            assert_eq!(text.lines().count(), 1, "{text}");
            assert!(std::fs::read(&path).unwrap() == before, "the damaged file is left as it is");
        }
        let mut command = program(scratch.path(), &url);
        command.arg("backup").arg(scratch.path().join("house.backup"));
        let (code, text) = said(&ended(command).await);
        assert!(code == Some(1) && text.contains("is damaged"), "{text}");
    }
}
