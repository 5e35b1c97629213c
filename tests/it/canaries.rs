//! Members' keys leave no trace: not in files, logs, prompts, metrics or on any screen, whatever goes wrong.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Mutex;
use std::time::Duration;

use base64::Engine as _;
use fake_llm::{Answer, FakeLlm};
use greenroom::crash::ROTATION;
use greenroom::db::{Db, keys, people};
use greenroom::domain::{Clock, Identity, KeyState, MemberId, MemberKey, Moment, PersonaId, SystemClock};
use greenroom::testing::{Engine, Scratch, fresh_database};
use greenroom::vault::{Seat, Vault, key_id};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::Command;

/// Ways a provider answers, most of them badly, some with the key in their own words.
fn answers(key: &str) -> Vec<(&'static str, Answer)> {
    let echo = format!("Incorrect API key provided: {key}. You can find your key at https://example.org");
    vec![
        ("fine", Answer::text("That is good to know.")),
        ("key refused", Answer::error(401, "invalid_api_key", &echo)),
        ("key in a page", Answer::raw(403, "text/html", format!("<html>{echo}</html>").as_bytes())),
        ("no credit", Answer::refusal(402, &json!({ "error": { "message": echo, "code": 402 } }))),
        ("too many", Answer::rate_limited("1")),
        ("quota", Answer::insufficient_quota()),
        ("broken", Answer::raw(200, "text/event-stream", format!("data: {{\"oops\": \"{key}\"").as_bytes())),
        ("not JSON", Answer::raw(200, "application/json", key.as_bytes())),
        ("too long", Answer::too_long()),
        ("page", Answer::html(502)),
        ("array", Answer::array_error(400)),
        ("key as the answer", Answer::text(&format!("Your key is {key}, is it not?"))),
    ]
}

/// Every piece of 12 bytes of a key in the usual writings.
fn pieces(key: &str, all: &mut HashSet<Vec<u8>>) {
    // The beginning is the same for all; what follows is nobody else's.
    let own = &key.as_bytes()[key.len() - 24..];
    let hex = |upper: bool| -> Vec<u8> {
        own.iter()
            .flat_map(|byte| if upper { format!("{byte:02X}") } else { format!("{byte:02x}") }.into_bytes())
            .collect()
    };
    let utf16 =
        |big: bool| -> Vec<u8> { own.iter().flat_map(|&byte| if big { [0, byte] } else { [byte, 0] }).collect() };
    let reversed: Vec<u8> = own.iter().rev().copied().collect();
    let mut writings = vec![own.to_vec(), hex(true), hex(false), utf16(true), utf16(false), reversed];
    for shift in 0..3 {
        // Base64 looks different at each of three positions; its ends depend on what is beside.
        let encoded = base64::engine::general_purpose::STANDARD_NO_PAD.encode(&own[shift..]);
        writings.push(encoded.as_bytes()[..encoded.len() - 2].to_vec());
    }
    for writing in writings {
        all.extend(writing.windows(12).map(<[u8]>::to_vec));
    }
}

/// Which of these hold a piece.
fn traces<'n>(places: impl Iterator<Item = (&'n str, &'n [u8])>, pieces: &HashSet<Vec<u8>>) -> Vec<String> {
    let mut found = Vec::new();
    for (name, content) in places {
        if content.windows(12).any(|window| pieces.contains(window)) {
            found.push(name.to_owned());
        }
    }
    found
}

/// Names and contents of all files below `folder`.
fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
    let mut left = vec![PathBuf::from(folder)];
    while let Some(folder) = left.pop() {
        for path in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            if path.is_dir() {
                left.push(path);
            } else {
                found.push((path.display().to_string(), std::fs::read(&path).unwrap()));
            }
        }
    }
    found
}

fn program(data: &Path, llm: &FakeLlm, names: &[String]) -> Command {
    let mut command = Command::new(crate::program());
    let providers: Vec<String> = names.iter().map(|name| format!("{name}={}", llm.url())).collect();
    command
        .env_clear()
        .env("GREENROOM_DATA_DIR", data)
        .env("GREENROOM_PROVIDERS", providers.join(","))
        .env("LLM_BASE_URL", llm.url())
        .env("LLM_MODEL", "fake-model")
        .env("GREENROOM_LOG", "trace")
        .env("LLM_FIRST_BYTE_TIMEOUT_SECS", "2")
        .env("LLM_TIMEOUT_SECS", "4")
        .env("HTTP_ADDR", "127.0.0.1:0")
        .env("METRICS_ADDR", "127.0.0.1:0")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    command
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn twelve_providers_keys_leave_no_trace_whatever_goes_wrong() {
    let llm = FakeLlm::start().await;
    let scratch = Scratch::new();
    let data = scratch.path().join("data");
    let names: Vec<String> = (0..12).map(|n| format!("provider{n}")).collect();
    let mut all = HashSet::new();
    let mut screens = Vec::new();
    let mut requests = 0;
    for (n, name) in names.iter().enumerate() {
        let key = format!("sk-canary{n}-{}{}", SystemClock::default().id(), SystemClock::default().id());
        pieces(&key, &mut all);
        let mut input = format!("/keys set {name} --model fake-model\n{key}\n");
        // Pasted where it does not belong, in words and in commands, before and after.
        input.push_str(&format!(
            "my key is {key}\n/persona create Rook --description {key}\n/alias add {key} --to Abbey\n"
        ));
        for (what, answer) in answers(&key) {
            llm.then(answer);
            input.push_str(&format!("say something about: {what}\n/inspect\n"));
            requests += 1;
        }
        input += "/keys list\n/keys test provider0\n/usage all\n/memory view\n/data export\n/about\n";
        let mut child = program(&data, &llm, &names)
            .args(["console", "--as", &format!("Member{n}"), "--personality", "abbey"])
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).await.unwrap();
        let output = tokio::time::timeout(Duration::from_secs(120), child.wait_with_output()).await.unwrap().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(said.contains("works. From now on it answers you"), "{said}");
        assert!(said.contains("looks like a provider’s key"), "{said}");
        screens.push((format!("screen {n}"), [output.stdout, output.stderr].concat()));
        assert_eq!(llm.left(), 0, "every answer was given");
    }
    // Ended in the middle of an answer, with the log of the database not folded in; and a panic there.
    for (plan, who) in [("GREENROOM_TEST_PANIC_AT", 0), ("GREENROOM_TEST_CRASH_AT", 1)] {
        let mut child = program(&data, &llm, &names)
            .env(plan, "first text:1")
            .args(["console", "--as", &format!("Member{who}"), "--personality", "abbey"])
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(b"and once more\n").await.unwrap();
        let ended = tokio::time::timeout(Duration::from_secs(60), child.wait()).await;
        // A panicked worker leaves its turn to the next start; whoever waits for it here is not kept waiting.
        let was_killed = ended.is_err();
        if was_killed {
            child.kill().await.unwrap();
        }
        let output = child.wait_with_output().await.unwrap();
        assert!(was_killed || !output.status.success() || who == 0, "{plan}: it fell");
        screens.push((plan.to_owned(), [output.stdout, output.stderr].concat()));
    }
    assert!(data.join("greenroom.db-wal").exists(), "the database's log is among what is searched");
    // The same house with everything on, its metrics read, ended in the middle of an answer.
    let address = {
        // Free a moment ago; who else asks for a port here lets the system choose.
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        free.local_addr().unwrap().to_string()
    };
    let mut child = program(&data, &llm, &names).arg("run").env("METRICS_ADDR", &address).spawn().unwrap();
    let metrics = loop {
        match tokio::net::TcpStream::connect(&address).await {
            Ok(mut stream) => {
                stream.write_all(b"GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await.unwrap();
                let mut read = Vec::new();
                stream.read_to_end(&mut read).await.unwrap();
                break read;
            }
            Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
        }
    };
    assert!(metrics.starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(&metrics));
    child.kill().await.unwrap();
    let seen = llm.seen();
    assert!(seen.len() > requests, "{} requests", seen.len());
    let bodies: Vec<(String, Vec<u8>)> =
        seen.iter().enumerate().map(|(n, seen)| (format!("request {n}"), seen.body.to_string().into_bytes())).collect();
    let kept = files(&data);
    assert!(
        kept.iter().any(|(name, content)| name.contains("log") && content.len() > 10_000),
        "there is a log at trace"
    );
    let metrics = [("metrics".to_owned(), metrics)];
    let places = screens.iter().chain(&kept).chain(&bodies).chain(&metrics);
    let found = traces(places.map(|(name, content)| (name.as_str(), content.as_slice())), &all);
    assert_eq!(found, Vec::<String>::new());
    // The search itself finds: a file that does hold a key is noticed in every writing.
    let key = "sk-canary-abcdefghijklmnopqrstuvwxyz012345";
    let mut own = HashSet::new();
    pieces(key, &mut own);
    let encoded = base64::engine::general_purpose::STANDARD.encode(format!("x{key}y"));
    let hidden =
        [key.to_owned(), encoded, key.chars().rev().collect(), key.bytes().map(|b| format!("{b:02x}")).collect()];
    for writing in &hidden {
        assert_eq!(traces([("here", writing.as_bytes())].into_iter(), &own), ["here"], "{writing}");
    }
}

/// Rows whose keys are rotated.
const ROWS: usize = 200;

fn secret(n: usize, version: usize) -> SecretString {
    SecretString::from(format!("sk-row-{n}-version-{version}-0123456789"))
}

fn seat(key: &MemberKey) -> Seat<'_> {
    Seat { member: &key.member, provider: &key.provider, row: &key.id, base_url: &key.base_url }
}

async fn put(db: &Db, vault: &Vault, n: usize, version: usize) -> MemberKey {
    let key = MemberKey {
        id: format!("row{n:04}-{version}"),
        member: MemberId::new(format!("member{n}")),
        provider: "mine".into(),
        base_url: "https://api.example.org/v1".into(),
        model: "m".into(),
        mask: "…".into(),
        state: KeyState::Valid,
        checked_at: None,
    };
    let sealed = vault.seal(seat(&key), &secret(n, version)).unwrap();
    let (row, under) = (key.clone(), key_id(&sealed).unwrap());
    let writing = db.write(move |tx| {
        Box::pin(async move { keys::put(tx, &row, &sealed, under, "print", Moment(version as i64)).await })
    });
    writing.await.unwrap();
    key
}

/// A rotation that is killed at every point, while others read and write: nothing is unreadable at any time, nothing is
/// lost, and in the end nothing is sealed under an old key.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rotation_that_is_killed_anywhere_loses_no_key() {
    let scratch = Scratch::new();
    let database = fresh_database(Engine::Postgres, &scratch).await;
    let (db, data) = (Db::open(&database).await.unwrap(), scratch.path().join("data"));
    std::fs::create_dir_all(&data).unwrap();
    let path = data.join("keyset.json");
    let vault = Vault::open(&path).unwrap();
    // What each row's newest version is; held while it is written, so that readers know what to expect.
    let versions: Vec<tokio::sync::Mutex<usize>> = (0..ROWS).map(|_| tokio::sync::Mutex::new(0)).collect();
    for n in 0..ROWS {
        let (member, persona) = (MemberId::new(format!("member{n}")), PersonaId::new(format!("persona{n}")));
        let identity = Identity { platform: "fake".into(), subject: format!("member{n}") };
        let writing = db.write(move |tx| {
            Box::pin(async move { people::introduce(tx, &member, &identity, &persona, "x", Moment(0)).await })
        });
        writing.await.unwrap();
        put(&db, &vault, n, 0).await;
    }
    let rotate = async |crash: Option<(&str, usize)>| {
        let mut command = Command::new(crate::program());
        command.env_clear().env("GREENROOM_DATA_DIR", &data).env("DATABASE_URL", &database).args(["keys", "rotate"]);
        if let Some((point, nth)) = crash {
            command.env("GREENROOM_TEST_CRASH_AT", format!("{point}:{nth}"));
        }
        let output = command.stdin(Stdio::null()).output().await.unwrap();
        assert_eq!(output.status.success(), crash.is_none(), "{crash:?}: {}", String::from_utf8_lossy(&output.stderr));
    };
    let (done, reads) = (tokio_util::sync::CancellationToken::new(), Mutex::new(0_usize));
    let read = async |reader: usize| {
        let mut n = reader;
        while !done.is_cancelled() {
            n = (n * 31 + 7) % ROWS;
            let version = versions[n].lock().await;
            let key = keys::of_member(&db, &MemberId::new(format!("member{n}"))).await.unwrap().remove(0);
            let sealed = keys::sealed(&db, &key.id).await.unwrap().expect("the row is there");
            let opened = vault.open_sealed(seat(&key), &sealed).expect("it opens at any time");
            assert_eq!(opened.expose_secret(), secret(n, *version).expose_secret());
            *reads.lock().unwrap() += 1;
        }
    };
    let write = async |writer: usize| {
        let mut n = writer;
        while !done.is_cancelled() {
            n = (n * 17 + 3) % ROWS;
            let mut version = versions[n].lock().await;
            *version += 1;
            put(&db, &vault, n, *version).await;
            drop(version);
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let mut plans: Vec<(&str, usize)> = vec![(ROTATION[0], 1), (ROTATION[2], 1)];
    plans.extend([1, 2, 3, 5, 8, 13, 20, 30, 40, 50].map(|nth| (ROTATION[1], nth)));
    let rotating = async {
        for &(point, nth) in &plans {
            rotate(Some((point, nth))).await;
            rotate(None).await;
        }
        done.cancel();
    };
    let readers = futures::future::join_all((0..16).map(&read));
    let writers = futures::future::join_all((0..4).map(&write));
    tokio::join!(rotating, readers, writers);
    // Writers may have sealed under the key before while the last rotation ended: one more, alone, leaves nothing.
    rotate(None).await;
    let under = keys::by_keyset_key(&db).await.unwrap();
    assert_eq!(under, [(vault.primary(), ROWS as i64)]);
    for (n, version) in versions.iter().enumerate() {
        let key = keys::of_member(&db, &MemberId::new(format!("member{n}"))).await.unwrap().remove(0);
        let sealed = keys::sealed(&db, &key.id).await.unwrap().unwrap();
        let opened = vault.open_sealed(seat(&key), &sealed).unwrap();
        assert_eq!(opened.expose_secret(), secret(n, *version.lock().await).expose_secret());
    }
    println!("{} kills, {} reads, none failed", plans.len(), reads.lock().unwrap());
    db.close().await;
}
