//! The program from the outside: exit codes, the data directory, health over HTTP, signals.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use fake_llm::{Answer, FakeLlm};

/// No start or stop of an idle house takes longer.
const PATIENCE: Duration = Duration::from_secs(120);

/// The program with nothing in its environment but what a test sets.
fn greenroom(data_dir: &Path) -> Command {
    let mut command = Command::new(crate::program());
    command
        .env_clear()
        .env("GREENROOM_DATA_DIR", data_dir)
        // A closed port: no test may fetch a model, and none asks one.
        .env("LLM_BASE_URL", "http://127.0.0.1:9/v1")
        .env("LLM_MODEL", "none")
        .stdin(Stdio::null());
    command
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Two addresses on the loopback that were free a moment ago.
fn free_addresses() -> (String, String) {
    let (a, b) = (TcpListener::bind("127.0.0.1:0").unwrap(), TcpListener::bind("127.0.0.1:0").unwrap());
    (a.local_addr().unwrap().to_string(), b.local_addr().unwrap().to_string())
}

/// A running house; killed when a test gives up on it.
struct Running {
    child: Child,
    http: String,
    metrics: String,
}

impl Running {
    /// Starts `greenroom run` and waits until it is ready.
    fn start(data_dir: &Path) -> Self {
        let (http, metrics) = free_addresses();
        let mut command = greenroom(data_dir);
        command.env("HTTP_ADDR", &http).env("METRICS_ADDR", &metrics).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut running = Self { child: command.spawn().unwrap(), http, metrics };
        let began = Instant::now();
        while get(&running.http, "/readyz").is_none_or(|(status, _)| status != 200) {
            if let Some(status) = running.child.try_wait().unwrap() {
                panic!("it ended with {status}: {}", running.log());
            }
            assert!(began.elapsed() < PATIENCE, "it does not get ready");
            std::thread::sleep(Duration::from_millis(20));
        }
        running
    }

    /// Sends a signal by name.
    fn signal(&self, name: &str) {
        let sent = Command::new("kill").args([format!("-{name}"), self.child.id().to_string()]).status().unwrap();
        assert!(sent.success());
    }

    /// Waits for the end and returns the exit code.
    fn wait(&mut self) -> Option<i32> {
        let began = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.code();
            }
            assert!(began.elapsed() < PATIENCE, "it does not end");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// What it logged; only once it has ended.
    fn log(&mut self) -> String {
        let stderr = self.child.stderr.take().expect("taken once");
        BufReader::new(stderr).lines().map_while(Result::ok).collect::<Vec<_>>().join("\n")
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Status and body of a GET; `None` when nobody answers.
fn get(addr: &str, path: &str) -> Option<(u16, String)> {
    let mut stream = TcpStream::connect(addr).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(5))).ok()?;
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {addr}\r\nConnection: close\r\n\r\n").ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    let (head, body) = answer.split_once("\r\n\r\n")?;
    Some((head.split(' ').nth(1)?.parse().ok()?, body.to_owned()))
}

#[test]
fn help_and_version_are_fine_and_show_no_secret() {
    let temp = tempfile::tempdir().unwrap();
    for option in ["--help", "--version", "console --help"] {
        let output = greenroom(temp.path()).env("LLM_API_KEY", "Zq9-secret").args(option.split(' ')).output().unwrap();
        assert_eq!(output.status.code(), Some(0));
        assert!(!String::from_utf8_lossy(&output.stdout).contains("Zq9-secret"));
    }
}

#[test]
fn the_example_is_printed_whatever_else_is_wrong() {
    let temp = tempfile::tempdir().unwrap();
    let output = greenroom(temp.path()).env("GREENROOM_WORKERS", "none").args(["config", "example"]).output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(String::from_utf8(output.stdout).unwrap(), include_str!("../../.env.example"));
}

#[test]
fn bad_usage_and_bad_settings_exit_with_2() {
    let temp = tempfile::tempdir().unwrap();
    for args in [&["nonsense"][..], &["eval", "memory"], &["console", "--nonsense"]] {
        let output = greenroom(temp.path()).args(args).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{args:?}");
    }
    for command in ["run", "console", "migrate", "doctor", "reindex", "health"] {
        let output = greenroom(temp.path()).env("GREENROOM_WORKERS", "many").arg(command).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{command}");
        assert_eq!(
            said(&output),
            "greenroom: GREENROOM_WORKERS is `many`: give a whole number from 1 to 1024\n",
            "{command}"
        );
    }
    let output = greenroom(temp.path()).env("GREENROOM_DATADIR", "x").output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(said(&output).contains("did you mean GREENROOM_DATA_DIR?"));
}

#[test]
fn a_data_directory_that_cannot_be_used_is_one_sentence_and_2() {
    let temp = tempfile::tempdir().unwrap();
    let file = temp.path().join("file");
    std::fs::write(&file, "").unwrap();
    for path in [file.clone(), file.join("below")] {
        for command in ["run", "migrate"] {
            let output = greenroom(&path)
                .env("HTTP_ADDR", "127.0.0.1:0")
                .env("METRICS_ADDR", "127.0.0.1:0")
                .arg(command)
                .output()
                .unwrap();
            assert_eq!(output.status.code(), Some(2), "{}", said(&output));
            let said = said(&output);
            assert!(
                said.starts_with("greenroom: the data directory ") && said.contains("GREENROOM_DATA_DIR"),
                "{said}"
            );
            assert_eq!(said.lines().count(), 1, "{said}");
        }
    }
}

#[test]
fn a_running_house_answers_refuses_a_second_one_and_stops_on_sigterm() {
    let temp = tempfile::tempdir().unwrap();
    let data = temp.path().join("data");
    let mut house = Running::start(&data);

    assert_eq!(get(&house.http, "/healthz"), Some((200, "ok\n".to_owned())));
    let (status, body) = get(&house.http, "/readyz").unwrap();
    assert_eq!(status, 200, "{body}");
    let report: serde_json::Value = serde_json::from_str(&body).unwrap();
    assert_eq!(report["ready"], true);
    assert!(report["checks"].as_array().unwrap().iter().any(|check| check["name"] == "database"), "{report}");
    let (status, body) = get(&house.metrics, "/metrics").unwrap();
    assert_eq!(status, 200);
    assert!(body.contains("greenroom_build_info{version=\"") && body.contains("greenroom_ready 1"), "{body}");
    assert_eq!(get(&house.http, "/metrics").unwrap().0, 404, "metrics have an address of their own");

    let health = greenroom(&data).env("HTTP_ADDR", &house.http).arg("health").output().unwrap();
    assert_eq!(health.status.code(), Some(0), "{}", said(&health));

    let second = greenroom(&data).arg("run").output().unwrap();
    assert_eq!(second.status.code(), Some(2));
    assert!(said(&second).contains("in use by another greenroom"), "{}", said(&second));
    assert_eq!(said(&second).lines().count(), 1);

    let elsewhere = temp.path().join("elsewhere");
    let taken = greenroom(&elsewhere).env("HTTP_ADDR", &house.http).arg("run").output().unwrap();
    assert_eq!(taken.status.code(), Some(2));
    assert!(said(&taken).contains("HTTP_ADDR: cannot listen on"), "{}", said(&taken));

    let began = Instant::now();
    house.signal("TERM");
    let code = house.wait();
    let took = began.elapsed();
    let log = house.log();
    assert_eq!(code, Some(0), "{log}");
    assert!(took < Duration::from_secs(30), "{took:?}");
    assert!(log.lines().all(|line| serde_json::from_str::<serde_json::Value>(line).is_ok()), "{log}");
    assert!(log.contains("no front end is running"), "{log}");

    let health = greenroom(&data).env("HTTP_ADDR", &house.http).arg("health").output().unwrap();
    assert_eq!(health.status.code(), Some(1));
}

#[test]
fn sigint_stops_it_too_and_a_copied_directory_starts_elsewhere() {
    let temp = tempfile::tempdir().unwrap();
    let (data, copy) = (temp.path().join("data"), temp.path().join("copy"));
    let mut house = Running::start(&data);
    house.signal("INT");
    assert_eq!(house.wait(), Some(0));

    let copied = Command::new("cp").arg("-a").arg(&data).arg(&copy).status().unwrap();
    assert!(copied.success());
    std::fs::remove_dir_all(&data).unwrap();
    let mut house = Running::start(&copy);
    assert_eq!(get(&house.http, "/readyz").unwrap().0, 200);
    house.signal("TERM");
    assert_eq!(house.wait(), Some(0));
    assert!(!data.exists());
}

#[test]
fn migrate_makes_the_database_and_the_doctor_is_content_with_it() {
    let temp = tempfile::tempdir().unwrap();
    let data = temp.path().join("data");
    let fresh = greenroom(&data).arg("doctor").output().unwrap();
    let page = String::from_utf8_lossy(&fresh.stdout).into_owned();
    assert!(page.contains("✓ database") && page.contains("will be made"), "{page}");
    assert!(!data.exists(), "the doctor makes nothing");

    let migrated = greenroom(&data).arg("migrate").output().unwrap();
    assert_eq!(migrated.status.code(), Some(0), "{}", said(&migrated));
    assert!(data.join("greenroom.db").exists());

    let output = greenroom(&data).arg("doctor").output().unwrap();
    let page = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(page.contains("✓ database") && page.contains("is current"), "{page}");
}

#[test]
fn the_doctor_finds_what_is_wrong_and_exits_with_1() {
    let temp = tempfile::tempdir().unwrap();
    std::fs::write(temp.path().join("greenroom.db"), "no database ".repeat(1000)).unwrap();
    let output =
        greenroom(temp.path()).env("GREENROOM_LOCAL_MODEL", "/nonexistent.gguf").arg("doctor").output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let page = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(page.contains("✗ database") && page.contains("restore a backup"), "{page}");
    assert!(page.contains("GREENROOM_LOCAL_MODEL"), "{page}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn answers_are_read_and_judged_by_the_configured_model() {
    let llm = FakeLlm::start().await;
    llm.otherwise(|body| {
        let prompt = body["messages"].to_string();
        Answer::text(if prompt.contains("Right answer: A lighthouse") { "Yes." } else { "no, not at all" })
    });
    let temp = tempfile::tempdir().unwrap();
    let dataset = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/memory-small.json");
    let mut command = greenroom(temp.path());
    command.env("LLM_BASE_URL", llm.url()).env("LLM_MODEL", "fake-model");
    command.args(["eval", "memory", "--dataset", dataset, "--k", "5", "--conversations", "3", "--json"]);
    let (plain, output) = tokio::task::spawn_blocking(move || {
        let plain = command.output().unwrap();
        (plain, command.arg("--answers").output().unwrap())
    })
    .await
    .unwrap();
    let read = |output: &Output| {
        serde_json::from_slice::<serde_json::Value>(&output.stdout).unwrap_or_else(|_| panic!("{}", said(output)))
    };
    assert!(read(&plain)["answers"].is_null());
    let report = read(&output);
    assert_eq!(
        (&report["questions"], &report["answers"]["judged"], &report["answers"]["right"]),
        (&19.into(), &19.into(), &1.into())
    );
    assert_eq!(report["answers"]["by_category"]["4"]["right"], 1);
    assert_eq!(llm.chats(), 38, "two calls a question, none without --answers");
    let seen = llm.seen();
    let asked = seen.iter().find(|seen| seen.last_line().contains("What did Priya sketch")).expect("it was asked");
    let shown = asked.last_line();
    let answer = "[Monday 6 January 2025] Priya: Windy. I drew the same lighthouse every single day.";
    assert!(shown.contains(answer), "{shown}");
}

#[test]
fn a_part_or_conversation_that_there_is_not_is_named() {
    let temp = tempfile::tempdir().unwrap();
    let dataset = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/memory-small.json");
    for (option, value) in [("--without", "luck"), ("--conversations", "9")] {
        let mut command = greenroom(temp.path());
        let output = command.args(["eval", "memory", "--dataset", dataset, option, value]).output().unwrap();
        assert_eq!(output.status.code(), Some(1));
        assert!(said(&output).contains(value), "{}", said(&output));
    }
}
