//! Faults and rate limits.

use std::time::{Duration, Instant};

use fake_discord::{Fault, FaultKind, File, Post, RandomFaults};
use serde_json::{Value, json};

use crate::client::{Scene, call, exchange, text};

fn fault(kind: FaultKind) -> Fault {
    Fault { method: "POST".to_owned(), path_contains: "/messages".to_owned(), kind, times: 1 }
}

#[tokio::test]
async fn planned_faults_happen_as_often_as_planned() {
    let scene = Scene::new().await;
    let fake = &scene.fake;
    let count = || fake.messages(scene.channel).len();
    fake.fault(Fault { times: 2, ..fault(FaultKind::Status(503)) });
    assert_eq!(scene.post(text("a")).await.status, 503);
    assert_eq!(call(fake, "GET", "/users/@me", Value::Null).await.status, 200);
    assert_eq!(scene.post(text("a")).await.status, 503);
    assert_eq!((scene.post(text("a")).await.status, count()), (200, 1));
    fake.fault(fault(FaultKind::LostAfterCommit));
    assert_eq!((scene.post(text("b")).await.status, count()), (0, 2));
    fake.fault(fault(FaultKind::Drop));
    assert_eq!((scene.post(text("c")).await.status, count()), (0, 2));
    fake.fault(fault(FaultKind::Delay(Duration::from_millis(200))));
    let began = Instant::now();
    assert_eq!((scene.post(text("d")).await.status, count()), (200, 3));
    assert!(began.elapsed() >= Duration::from_millis(200));
    fake.fault(fault(FaultKind::RateLimited { retry_after: 0.7, scope: "user" }));
    let limited = scene.post(text("e")).await;
    assert_eq!((limited.status, limited.body["retry_after"].clone()), (429, json!(0.7)));
    assert_eq!((limited.header("retry-after"), limited.header("x-ratelimit-scope")), (Some("1"), Some("user")));
    fake.fault(fault(FaultKind::RateLimited { retry_after: 0.1, scope: "global" }));
    let limited = scene.post(text("e")).await;
    assert_eq!((limited.body["global"].clone(), limited.header("x-ratelimit-global")), (json!(true), Some("true")));
    fake.fault(fault(FaultKind::RateLimited { retry_after: 0.1, scope: "shared" }));
    scene.post(text("e")).await;
    assert_eq!((fake.invalid_requests(), count()), (2, 3));
    fake.fault(fault(FaultKind::Status(502)));
    assert!(scene.post(text("f")).await.body.as_str().unwrap().contains("Bad Gateway"));
    scene.clean();
}

#[tokio::test]
async fn downloads_fail_and_expire_too() {
    let scene = Scene::new().await;
    let fake = &scene.fake;
    let attachments = vec![File::text("a.txt", "words")];
    let said = fake.posts(scene.ada, scene.channel, Post { attachments, ..Default::default() });
    let url = fake.message(said).unwrap().raw["attachments"][0]["url"].as_str().unwrap().to_owned();
    let request = format!("GET {} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n", &url[fake.url().len()..]);
    let get = async || exchange(fake, request.clone().into_bytes()).await.status;
    fake.fault(Fault {
        method: String::new(),
        path_contains: "/attachments/".to_owned(),
        kind: FaultKind::Drop,
        times: 1,
    });
    assert_eq!((get().await, get().await), (0, 200));
    fake.expire_attachments();
    assert_eq!(get().await, 404);
    assert_eq!(fake.message(said).unwrap().attachments[0].1, b"words");
    scene.clean();
}

#[tokio::test]
async fn a_nonce_saves_a_lost_answer() {
    let scene = Scene::new().await;
    let mut body = text("once");
    body["nonce"] = json!("n");
    body["enforce_nonce"] = json!(true);
    scene.fake.fault(fault(FaultKind::LostAfterCommit));
    assert_eq!(scene.post(body.clone()).await.status, 0);
    assert_eq!(scene.post(body).await.status, 200);
    assert_eq!(scene.fake.messages(scene.channel).len(), 1);
}

#[tokio::test]
async fn chance_brings_faults_of_every_kind() {
    let scene = Scene::new().await;
    scene.fake.random_faults(Some(RandomFaults { seed: 3, status_5xx: 0.2, lost: 0.2, rate_limited: 0.2 }));
    let mut seen = Vec::new();
    for number in 0..80 {
        seen.push(scene.post(text(&number.to_string())).await.status);
    }
    for status in [0, 200, 429, 500, 503] {
        assert!(seen.contains(&status), "{status} is not in {seen:?}");
    }
    scene.fake.random_faults(None);
    assert_eq!(scene.post(text("calm")).await.status, 200);
    scene.clean();
}

#[tokio::test]
async fn buckets_fill_and_empty() {
    let scene = Scene::new().await;
    let fake = &scene.fake;
    fake.rate_limits(true);
    for left in (0..5).rev() {
        let sent = scene.post(text("x")).await;
        assert_eq!((sent.status, sent.header("x-ratelimit-remaining")), (200, Some(left.to_string().as_str())));
        assert_eq!(sent.header("x-ratelimit-limit"), Some("5"));
    }
    let limited = scene.post(text("x")).await;
    assert_eq!((limited.status, limited.header("x-ratelimit-scope")), (429, Some("user")));
    let wait = limited.body["retry_after"].as_f64().unwrap();
    assert!(wait > 3.0 && wait <= 5.0, "{wait}");
    scene.clean();
    scene.post(text("x")).await;
    assert!(fake.take_violations()[0].contains("before retry_after"));
    assert_eq!(fake.invalid_requests(), 2);
    let path = scene.webhook(scene.channel).await;
    let mut statuses = Vec::new();
    for _ in 0..6 {
        statuses.push(call(fake, "POST", &path, text("x")).await.status);
    }
    assert_eq!(statuses, [204, 204, 204, 204, 204, 429]);
    let buckets: Vec<String> = fake.requests().into_iter().map(|request| request.bucket).collect();
    assert_eq!(buckets[0], format!("POST /channels/{}/messages", scene.channel));
    fake.rate_limits(false);
    assert_eq!(call(fake, "POST", &path, text("x")).await.header("x-ratelimit-limit"), None);
}

#[tokio::test]
async fn the_whole_bot_has_fifty_a_second() {
    let scene = Scene::new().await;
    scene.fake.rate_limits(true);
    let paths: Vec<String> = (0..8).map(|number| format!("/guilds/{}/members?limit={number}", scene.guild)).collect();
    let mut global = false;
    let routes = ["/users/@me", "/applications/@me", "/users/@me/guilds", "/gateway/bot", &paths[0]];
    for round in 0..60 {
        let answer = call(&scene.fake, "GET", routes[round % routes.len()], Value::Null).await;
        global |= answer.body["global"] == true;
    }
    assert!(global);
}
