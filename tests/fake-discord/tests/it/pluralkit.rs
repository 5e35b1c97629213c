//! The fake PluralKit.

use std::time::{Duration, Instant};

use fake_discord::{FakePluralKit, Plan};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// Status and body; 0: the connection broke.
async fn look_up(kit: &FakePluralKit, id: u64, agent: &str) -> (u16, Value) {
    let url = kit.url();
    let address = url.trim_start_matches("http://").trim_end_matches("/v2");
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = format!("GET /v2/messages/{id} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n{agent}\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut text = String::new();
    let _ = stream.read_to_string(&mut text).await;
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return (0, Value::Null) };
    (head.split(' ').nth(1).unwrap().parse().unwrap(), serde_json::from_str(body).unwrap_or_default())
}

#[tokio::test]
async fn pluralkit_tells_who_is_behind_a_message() {
    let kit = FakePluralKit::start().await;
    let agent = "user-agent: Greenroom (contact@example.org)\r\n";
    let system = kit.system(7);
    kit.member(7, "0000-1", "Skye", Some("she/her"));
    kit.record(100, 101, 7, "0000-1", 5, 6);
    let (status, body) = look_up(&kit, 101, agent).await;
    assert_eq!((status, body["sender"].clone(), body["original"].clone()), (200, json!("7"), json!("100")));
    assert_eq!((body["member"]["name"].clone(), body["system"]["id"].clone()), (json!("Skye"), json!(system)));
    assert_eq!(look_up(&kit, 100, agent).await.0, 200);
    kit.expire_originals();
    let (status, body) = look_up(&kit, 100, agent).await;
    assert_eq!((status, body["code"].clone()), (404, json!(20006)));
    assert_eq!(kit.lookups().len(), 3);
    assert!(kit.lookups()[0].2.starts_with("Greenroom"));
    assert!(kit.violations().is_empty());
    assert_eq!(look_up(&kit, 101, "").await.0, 400);
    assert!(kit.violations()[0].contains("User-Agent"));
}

#[tokio::test]
async fn pluralkit_can_be_ill() {
    let kit = FakePluralKit::start().await;
    let agent = "user-agent: x\r\n";
    kit.system(7);
    kit.member(7, "0000-1", "Skye", None);
    kit.record(100, 101, 7, "0000-1", 5, 6);
    kit.plan(Plan::MissingFirst(1));
    assert_eq!((look_up(&kit, 101, agent).await.0, look_up(&kit, 101, agent).await.0), (404, 200));
    kit.plan(Plan::Limited(1));
    let (status, body) = look_up(&kit, 101, agent).await;
    assert_eq!((status, body["retry_after"].clone()), (429, json!(250)));
    assert_eq!(look_up(&kit, 101, agent).await.0, 200);
    kit.plan(Plan::Down);
    assert_eq!(look_up(&kit, 101, agent).await.0, 500);
    kit.plan(Plan::Gone);
    assert_eq!(look_up(&kit, 101, agent).await.0, 0);
    kit.plan(Plan::NullMember);
    assert_eq!(look_up(&kit, 101, agent).await.1["member"], Value::Null);
    kit.plan(Plan::Slow(Duration::from_millis(150)));
    let began = Instant::now();
    assert_eq!(look_up(&kit, 101, agent).await.0, 200);
    assert!(began.elapsed() >= Duration::from_millis(150));
    assert!(kit.violations().is_empty());
    kit.plan(Plan::Fine);
    // Eleven within a second, as soon as the machine manages that many.
    let mut lookups = 0;
    while look_up(&kit, 101, agent).await.0 != 429 {
        lookups += 1;
        assert!(lookups < 2_000, "there is no limit");
    }
    assert!(kit.violations()[0].contains("more than ten"));
}
