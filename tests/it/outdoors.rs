//! The world around the real program: a chat service and a model server, both counting. Harnesses judge by what they saw.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::extract::{Path as UrlPath, State};
use axum::routing::{get, post};
use axum::{Json, Router};
use greenroom::domain::Privacy;
use greenroom::platform::fake::{Event, Post, Rooms};

/// A chat service and a model server.
pub struct Outside {
    pub rooms: Arc<Rooms>,
    /// Calls by the message that was asked.
    pub calls: Mutex<HashMap<u64, u32>>,
    /// When each message got the first part of its answer.
    pub answered_at: Mutex<HashMap<u64, Instant>>,
    /// What happens when the model is asked about a message.
    pub asked: Mutex<Option<Asked>>,
    /// How long the model takes.
    pub takes_millis: AtomicU64,
    address: SocketAddr,
}

/// Something that happens when the model is asked about a message.
type Asked = Box<dyn Fn(u64) + Send + Sync>;

impl Outside {
    pub async fn start() -> Arc<Self> {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let outside = Arc::new(Self {
            rooms: Arc::default(),
            calls: Mutex::default(),
            answered_at: Mutex::default(),
            asked: Mutex::default(),
            takes_millis: AtomicU64::new(0),
            address,
        });
        let routes = Router::new()
            .route("/events/{after}", get(events))
            .route("/send", post(send))
            .route("/v1/models", get(models))
            .route("/v1/chat/completions", post(complete))
            .with_state(outside.clone());
        #[expect(clippy::disallowed_methods, reason = "ends with the test")]
        tokio::spawn(async move { axum::serve(listener, routes).await });
        outside
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Member `n` says message `n` in a room; room 0 is a direct one.
    pub fn say(&self, n: u64, room: u64) {
        self.rooms.say(Event {
            n: 0,
            room: format!("room{room}"),
            privacy: if room == 0 { Privacy::Direct } else { Privacy::Open },
            who: format!("member{n}"),
            name: format!("Member{n}"),
            text: format!("@Abbey token{n}x"),
            at: 1_795_262_400_000 + i64::try_from(n).unwrap(),
            is_bot: false,
            reply_to: None,
            addressed: None,
        });
    }

    /// Words that the house has said.
    pub fn words(&self) -> usize {
        self.rooms.posts().iter().map(|post| post.text.split_whitespace().count()).sum()
    }
}

/// What the model answers to message `n`: every third answer is too long for one message.
pub fn answer_to(n: u64) -> String {
    let words = if n.is_multiple_of(3) { 400 } else { 3 };
    (0..words).map(|word| format!("re{n}word{word}")).collect::<Vec<_>>().join(" ")
}

/// Tokens that the model counts for message `n`: prompt and answer.
pub fn tokens_of(n: u64) -> [i64; 2] {
    [20 + n as i64, answer_to(n).split_whitespace().count() as i64]
}

async fn events(State(outside): State<Arc<Outside>>, UrlPath(after): UrlPath<u64>) -> Json<Vec<Event>> {
    Json(outside.rooms.after(after))
}

async fn send(State(outside): State<Arc<Outside>>, Json(post): Json<Post>) -> Json<String> {
    let answered = post.text.strip_prefix("re").and_then(|rest| rest.split("word").next()?.parse().ok());
    if let Some(n) = answered {
        outside.answered_at.lock().unwrap().entry(n).or_insert_with(Instant::now);
    }
    Json(outside.rooms.post(post).expect("no fault is scripted"))
}

async fn models() -> Json<serde_json::Value> {
    Json(serde_json::json!({ "object": "list", "data": [{ "id": "fake-chat", "object": "model" }] }))
}

async fn complete(
    State(outside): State<Arc<Outside>>,
    Json(request): Json<serde_json::Value>,
) -> ([(&'static str, &'static str); 1], String) {
    let last = request["messages"].as_array().and_then(|lines| lines.last()).and_then(|line| line["content"].as_str());
    let token: u64 = last
        .and_then(|text| text.rsplit("token").next())
        .and_then(|rest| rest.split('x').next())
        .and_then(|n| n.parse().ok())
        .expect("the prompt ends with the message");
    *outside.calls.lock().unwrap().entry(token).or_default() += 1;
    if let Some(asked) = &*outside.asked.lock().unwrap() {
        asked(token);
    }
    tokio::time::sleep(Duration::from_millis(outside.takes_millis.load(Ordering::SeqCst))).await;
    let mut body = String::new();
    for piece in answer_to(token).split_inclusive(' ') {
        let chunk = serde_json::json!({ "id": "1", "object": "chat.completion.chunk", "created": 1, "model": "fake-chat",
            "choices": [{ "index": 0, "delta": { "content": piece }, "finish_reason": null }] });
        body.push_str(&format!("data: {chunk}\n\n"));
    }
    let [prompt, completion] = tokens_of(token);
    let end = serde_json::json!({ "id": "1", "object": "chat.completion.chunk", "created": 1, "model": "fake-chat",
        "choices": [{ "index": 0, "delta": {}, "finish_reason": "stop" }],
        "usage": { "prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion } });
    body.push_str(&format!("data: {end}\n\ndata: [DONE]\n\n"));
    ([("content-type", "text/event-stream")], body)
}
