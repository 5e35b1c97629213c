//! The real program, watched as operators watch it: a real Prometheus asks what every panel of the dashboard shows, a
//! collector is sent the spans of a turn.

use std::collections::{BTreeMap, BTreeSet};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::routing::post;
use fake_discord::{FakeDiscord, Kind};
use fake_llm::{Answer, FakeLlm, echo};
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message as _;
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::{Child, Command};

/// How long a panel may stay empty, on a machine that is busy with other things.
const PATIENCE: Duration = Duration::from_secs(180);
/// How often Prometheus looks, and somebody says something.
const EVERY: Duration = Duration::from_secs(1);
/// What Grafana puts in place of its variable, about.
const RATE_INTERVAL: &str = "1m";

/// Folder with `prometheus` and `promtool`.
pub fn prometheus() -> PathBuf {
    #[expect(clippy::disallowed_methods, reason = "a setting of the tests, not of the program")]
    let folder = std::env::var("GREENROOM_TEST_PROMETHEUS");
    folder.map(PathBuf::from).expect(
        "GREENROOM_TEST_PROMETHEUS names no folder with prometheus and promtool; run the tests with ./test, which \
         fetches them, or install Prometheus",
    )
}

/// An address on the loopback that was free a moment ago.
pub fn free_address() -> String {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string()
}

/// A house on a fake Discord, with people in it.
struct House {
    fake: FakeDiscord,
    llm: FakeLlm,
    lounge: u64,
    robin: u64,
    metrics: String,
    said: u64,
    program: Child,
    _folder: tempfile::TempDir,
}

impl House {
    async fn start(settings: &[(&str, &str)]) -> Self {
        let (fake, llm) = (FakeDiscord::start().await, FakeLlm::start().await);
        let guild = fake.guild("Town");
        let (lounge, robin) = (fake.channel(guild, "lounge", Kind::Text), fake.user("robin"));
        fake.join(guild, robin);
        let (folder, metrics) = (tempfile::tempdir().unwrap(), free_address());
        let program = Command::new(crate::program())
            .arg("run")
            .env_clear()
            .env("GREENROOM_DATA_DIR", folder.path().join("data"))
            .env("LLM_BASE_URL", llm.url())
            .env("LLM_MODEL", "fake-model")
            .env("DISCORD_TOKEN", fake.token())
            .env("DISCORD_API_URL", fake.url())
            .env("HTTP_ADDR", "127.0.0.1:0")
            .env("METRICS_ADDR", &metrics)
            // Somebody is talking all the time here.
            .envs([("GREENROOM_MEMBER_PER_MINUTE", "1000"), ("GREENROOM_PLACE_PER_MINUTE", "1000")])
            .envs(settings.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        fake.until(|fake| (fake.sessions() > 0).then_some(()), PATIENCE).await;
        Self { fake, llm, lounge, robin, metrics, said: 0, program, _folder: folder }
    }

    /// Robin says something; returns the word that the answer will hold.
    fn says(&mut self, text: &str) -> String {
        self.said += 1;
        let word = format!("token{}x", self.said);
        self.fake.says(self.robin, self.lounge, &format!("@Abbey {text} {word}"));
        word
    }

    /// Robin says something and has the answer.
    async fn asks(&mut self, text: &str) {
        let word = self.says(text);
        let lounge = self.lounge;
        let is_answered = |fake: &FakeDiscord| {
            fake.bot_messages(lounge).iter().any(|message| message.content.contains(&word)).then_some(())
        };
        self.fake.until(is_answered, PATIENCE).await;
    }

    /// Asks it to stop, and returns its exit code and how long that took.
    async fn stop(mut self) -> (Option<i32>, Duration) {
        let (id, began) = (self.program.id().unwrap().to_string(), Instant::now());
        assert!(std::process::Command::new("kill").arg(id).status().unwrap().success());
        let ended = tokio::time::timeout(PATIENCE, self.program.wait()).await.expect("it stops").unwrap();
        (ended.code(), began.elapsed())
    }
}

/// The body of a GET.
pub async fn get(addr: &str, path: &str) -> Option<String> {
    let mut stream = tokio::net::TcpStream::connect(addr).await.ok()?;
    // The older version of HTTP answers in one piece.
    stream.write_all(format!("GET {path} HTTP/1.0\r\nHost: {addr}\r\n\r\n").as_bytes()).await.ok()?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.ok()?;
    let answer = String::from_utf8(answer).ok()?;
    answer.split_once("\r\n\r\n").map(|(_, body)| body.to_owned())
}

/// A Prometheus that watches a house by the rules that are shipped.
struct Watcher {
    addr: String,
    folder: tempfile::TempDir,
    _program: Child,
}

impl Watcher {
    fn start(watched: &str) -> Self {
        let (addr, folder) = (free_address(), tempfile::tempdir().unwrap());
        let rules = Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy/prometheus/rules.yaml");
        let config = folder.path().join("prometheus.yaml");
        std::fs::write(
            &config,
            format!(
                "global: {{ scrape_interval: {0}s, evaluation_interval: {0}s }}\nrule_files: ['{1}']\nscrape_configs:\n  \
                 - job_name: greenroom\n    static_configs: [{{ targets: ['{watched}'] }}]\n",
                EVERY.as_secs(),
                rules.display()
            ),
        )
        .unwrap();
        let log = std::fs::File::create(folder.path().join("log")).unwrap();
        let program = Command::new(prometheus().join("prometheus"))
            .arg(format!("--config.file={}", config.display()))
            .arg(format!("--storage.tsdb.path={}", folder.path().join("data").display()))
            .arg(format!("--web.listen-address={addr}"))
            .arg("--log.level=warn")
            .current_dir(folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        Self { addr, folder, _program: program }
    }

    async fn asks(&self, path: &str) -> Option<Value> {
        serde_json::from_str(&get(&self.addr, path).await?).ok()
    }

    /// The numbers that an expression has now; not those that are none.
    async fn numbers(&self, expr: &str) -> Result<Vec<f64>, String> {
        let expr: String = expr.bytes().map(|byte| format!("%{byte:02X}")).collect();
        let Some(answer) = self.asks(&format!("/api/v1/query?query={expr}")).await else { return Ok(Vec::new()) };
        if answer["status"] != "success" {
            return Err(answer.to_string());
        }
        let result = answer["data"]["result"].as_array().cloned().unwrap_or_default();
        let number =
            |sample: &Value| sample["value"][1].as_str()?.parse::<f64>().ok().filter(|value| value.is_finite());
        Ok(result.iter().filter_map(number).collect())
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }
}

/// Panels of the dashboard, each with its expressions.
fn panels() -> Vec<(String, Vec<String>)> {
    let dashboard: Value = serde_json::from_str(include_str!("../../deploy/grafana/greenroom.json")).unwrap();
    let panels = dashboard["panels"].as_array().unwrap().iter().filter(|panel| panel["type"] != "row");
    panels
        .map(|panel| {
            let exprs = panel["targets"].as_array().unwrap().iter();
            let exprs = exprs.map(|target| target["expr"].as_str().unwrap().replace("$__rate_interval", RATE_INTERVAL));
            (panel["title"].as_str().unwrap().to_owned(), exprs.collect())
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_panel_of_the_dashboard_has_data_once_people_talk() {
    let mut house = House::start(&[]).await;
    let watcher = Watcher::start(&house.metrics);
    // Some calls fail, as calls do.
    house.llm.then(Answer::error(400, "bad", "no such thing")).otherwise(echo);
    let mut empty: BTreeMap<String, Vec<String>> = panels().into_iter().collect();
    assert!(empty.len() >= 25, "{}", empty.len());
    let began = Instant::now();
    while !empty.is_empty() {
        assert!(
            began.elapsed() < PATIENCE,
            "without data after {} messages: {empty:#?}\n{:?}\n{}",
            house.said,
            get(&house.metrics, "/metrics").await,
            watcher.log()
        );
        house.says("are you there?");
        tokio::time::sleep(EVERY).await;
        let mut still = BTreeMap::new();
        for (title, exprs) in empty {
            let mut missing = Vec::new();
            for expr in exprs {
                match watcher.numbers(&expr).await {
                    Ok(numbers) if !numbers.is_empty() => {}
                    Ok(_) => missing.push(expr),
                    Err(error) => panic!("{title}: {expr}: {error}"),
                }
            }
            if !missing.is_empty() {
                still.insert(title, missing);
            }
        }
        empty = still;
    }
    // What was said shows: not only zeros.
    for expr in [
        "sum(greenroom_turns_total{outcome=\"answered\"})",
        "sum(greenroom_turns_total{outcome=\"apologised\"})",
        "sum(greenroom_events_total{platform=\"discord\",kind=\"said\"})",
        "sum(greenroom_connections_total{platform=\"discord\",change=\"made\"})",
        "sum(greenroom_rest_requests_total{route=\"webhook\",outcome=\"ok\"})",
        "sum(greenroom_tokens_total)",
        "greenroom_ready",
    ] {
        // Whether everything answers is looked at from time to time, and first while Discord is still away.
        while watcher.numbers(expr).await.unwrap().iter().sum::<f64>() <= 0.0 {
            assert!(began.elapsed() < PATIENCE, "{expr} stays at zero");
            tokio::time::sleep(EVERY).await;
        }
    }
    // The rules are understood by the same Prometheus, and nothing is wrong with a house that is well.
    let rules = watcher.asks("/api/v1/rules").await.unwrap();
    let groups = rules["data"]["groups"].as_array().unwrap();
    let rules: Vec<&Value> = groups.iter().flat_map(|group| group["rules"].as_array().unwrap()).collect();
    assert!(rules.len() >= 10, "{rules:?}");
    for rule in rules {
        assert!(rule["lastError"].is_null() && rule["health"] != "err", "{rule}");
        assert!(rule["state"] != "firing" || rule["name"] == "ModelFails", "{rule}");
    }
    let (code, _) = house.stop().await;
    assert_eq!(code, Some(0));
}

/// What a collector was sent.
#[derive(Default)]
struct Collected {
    bodies: Mutex<Vec<Vec<u8>>>,
    headers: Mutex<Vec<HeaderMap>>,
}

impl Collected {
    fn spans(&self) -> Vec<Span> {
        let bodies = self.bodies.lock().unwrap();
        let requests =
            bodies.iter().map(|body| ExportTraceServiceRequest::decode(body.as_slice()).expect("it is OTLP"));
        let scopes = requests.flat_map(|request| request.resource_spans).flat_map(|resource| resource.scope_spans);
        scopes.flat_map(|scope| scope.spans).collect()
    }
}

async fn collector() -> (String, Arc<Collected>) {
    async fn take(State(collected): State<Arc<Collected>>, headers: HeaderMap, body: Bytes) {
        collected.bodies.lock().unwrap().push(body.to_vec());
        collected.headers.lock().unwrap().push(headers);
    }
    let collected = Arc::new(Collected::default());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let routes = Router::new().route("/v1/traces", post(take)).with_state(collected.clone());
    #[expect(clippy::disallowed_methods, reason = "ends with the test")]
    tokio::spawn(async move { axum::serve(listener, routes).await });
    (format!("http://{address}"), collected)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_collector_sees_a_turn_from_its_message_to_its_end_and_nothing_that_was_said() {
    let (endpoint, collected) = collector().await;
    let settings = [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint.as_str()),
        ("OTEL_EXPORTER_OTLP_HEADERS", "authorization=Bearer%20s3cret-of-collector"),
    ];
    let mut house = House::start(&settings).await;
    house.asks("the zanzibar parcel is under the stairs").await;
    let (robin, lounge) = (house.robin.to_string(), house.lounge.to_string());
    // A stop sends what is left.
    let (code, _) = house.stop().await;
    assert_eq!(code, Some(0));

    let spans = collected.spans();
    let turn = spans.iter().find(|span| span.name == "turn").expect("a turn was told of");
    let of_trace: Vec<&Span> = spans.iter().filter(|span| span.trace_id == turn.trace_id).collect();
    let names: BTreeSet<&str> = of_trace.iter().map(|span| span.name.as_str()).collect();
    let expected = ["receive", "wait", "context", "recall", "prompt", "model", "deliver", "settle", "turn"];
    assert_eq!(names, BTreeSet::from(expected));
    let receive = of_trace.iter().find(|span| span.name == "receive").unwrap();
    assert_eq!((receive.trace_id.len(), receive.span_id.len(), receive.parent_span_id.len()), (16, 8, 0));
    assert_eq!(turn.parent_span_id, receive.span_id);
    for span in &of_trace {
        assert!(span.start_time_unix_nano <= span.end_time_unix_nano && span.span_id.len() == 8, "{span:?}");
        if !["receive", "turn"].contains(&span.name.as_str()) {
            assert_eq!(span.parent_span_id, turn.span_id, "{span:?}");
        }
    }
    let ids: BTreeSet<&[u8]> = of_trace.iter().map(|span| span.span_id.as_slice()).collect();
    assert_eq!(ids.len(), of_trace.len(), "every span has an id of its own");
    let ends = |name: &str| of_trace.iter().find(|span| span.name == name).unwrap().end_time_unix_nano;
    let order = ["receive", "context", "prompt", "model", "deliver", "settle"].map(ends);
    assert!(order.is_sorted(), "{order:?}");

    let headers = collected.headers.lock().unwrap();
    assert!(headers.iter().all(|headers| headers["content-type"] == "application/x-protobuf"));
    assert!(headers.iter().all(|headers| headers["authorization"] == "Bearer s3cret-of-collector"));
    for body in collected.bodies.lock().unwrap().iter() {
        let text = String::from_utf8_lossy(body).to_lowercase();
        for told in ["zanzibar", "token1x", "robin", "abbey", "lounge", "town", "fake-model", &robin, &lounge, "s3cret"]
        {
            assert!(!text.contains(told), "{told} is in {text}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_collector_that_is_away_or_hangs_holds_up_neither_answers_nor_a_stop() {
    let away = format!("http://{}", free_address());
    // It accepts and never says anything.
    let hanging = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let hangs = format!("http://{}", hanging.local_addr().unwrap());
    for (endpoint, is_away) in [(away, true), (hangs, false)] {
        let mut house = House::start(&[("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint.as_str())]).await;
        house.asks("are you there?").await;
        let began = Instant::now();
        // One that hangs has taken nothing yet, and has lost nothing.
        loop {
            let metrics = get(&house.metrics, "/metrics").await.unwrap_or_default();
            let lost = metrics.lines().find_map(|line| line.strip_prefix("greenroom_spans_total{outcome=\"failed\"} "));
            if !is_away || lost.is_some_and(|lost| lost != "0") {
                break;
            }
            assert!(began.elapsed() < PATIENCE, "{metrics}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        house.asks("and now?").await;
        let (code, took) = house.stop().await;
        assert_eq!(code, Some(0));
        assert!(took < greenroom::life::GRACE, "{took:?}");
    }
}
