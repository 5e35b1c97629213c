//! The HTTP side: routes, recording, and playing an answer's steps.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Request, State as Extracted};
use axum::response::Response;
use axum::routing::{get, post};
use futures::StreamExt as _;
use futures::stream::{self, BoxStream};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::answer::{Answer, Kind, Step, Text, delta, done, event, finish};
use crate::embed::{DIMENSION, embedding};
use crate::{Seen, State, lock};

/// Largest request that is read.
const MAX_REQUEST_BYTES: usize = 8 * 1024 * 1024;

pub(crate) async fn run(listener: TcpListener, state: Arc<State>) {
    let routes = Router::new()
        .route("/v1/chat/completions", post(chat))
        .route("/v1/embeddings", post(embeddings))
        .route("/v1/models", get(models))
        .with_state(state);
    // An error here is the listener's end, which is the test's end.
    let _ = axum::serve(listener, routes).await;
}

async fn record(state: &State, request: Request) -> (usize, Value) {
    let (parts, body) = request.into_parts();
    let bytes = axum::body::to_bytes(body, MAX_REQUEST_BYTES).await.unwrap_or_default();
    let body: Value = serde_json::from_slice(&bytes).unwrap_or_default();
    let header = |(name, value): (&axum::http::HeaderName, &axum::http::HeaderValue)| {
        (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned())
    };
    let seen = Seen {
        path: parts.uri.path().to_owned(),
        headers: parts.headers.iter().map(header).collect(),
        body: body.clone(),
        at: Instant::now(),
        first_byte: None,
    };
    let mut all = lock(&state.seen);
    all.push(seen);
    (all.len() - 1, body)
}

async fn chat(Extracted(state): Extracted<Arc<State>>, request: Request) -> Response {
    let (number, body) = record(&state, request).await;
    if !is_accepted(&state, number) {
        return refused();
    }
    let scripted = lock(&state.script).pop_front();
    let otherwise = lock(&state.otherwise).clone();
    let answer = scripted.unwrap_or_else(|| otherwise(&body));
    tokio::time::sleep(answer.before).await;
    let streams = body["stream"] == true;
    let wants_usage = body["stream_options"]["include_usage"] == true;
    let Answer { status, mut headers, kind, .. } = answer;
    let steps = match kind {
        Kind::Steps(steps) => steps,
        Kind::Text(text) if streams => {
            headers.push(("content-type".into(), "text/event-stream".into()));
            streamed(&text, wants_usage)
        }
        Kind::Text(text) => {
            headers.push(("content-type".into(), "application/json".into()));
            vec![Step::Wait(text.every), Step::Send(whole(&text).to_string().into_bytes())]
        }
    };
    let mut response = Response::builder().status(status);
    for (name, value) in headers {
        response = response.header(name, value);
    }
    response.body(Body::from_stream(play(steps, state, number))).expect("scripted statuses and headers are valid")
}

/// Whether a recorded request carries a key that is accepted.
fn is_accepted(state: &State, number: usize) -> bool {
    let keys = lock(&state.keys).clone();
    keys.is_none_or(|keys| {
        let seen = lock(&state.seen);
        let given = seen[number].header("authorization").and_then(|value| value.strip_prefix("Bearer "));
        given.is_some_and(|given| keys.iter().any(|key| key == given))
    })
}

fn refused() -> Response {
    let body = json!({"error": {"message": "Incorrect API key provided", "code": "invalid_api_key"}});
    Response::builder()
        .status(401)
        .header("content-type", "application/json")
        .body(Body::from(body.to_string()))
        .expect("a fixed answer is valid")
}

/// The frames of the steps; notes when the first goes out.
fn play(steps: Vec<Step>, state: Arc<State>, number: usize) -> BoxStream<'static, Result<Bytes, &'static str>> {
    let frames = stream::iter(steps).flat_map(|step| match step {
        Step::Send(bytes) => stream::iter([Ok(Bytes::from(bytes))]).boxed(),
        Step::Wait(wait) => stream::once(tokio::time::sleep(wait)).filter_map(|()| async { None }).boxed(),
        Step::Repeat(bytes, every) => {
            let bytes = Bytes::from(bytes);
            stream::unfold(bytes, move |bytes| async move {
                pause(every).await;
                Some((Ok(bytes.clone()), bytes))
            })
            .boxed()
        }
        Step::Break => stream::iter([Err("broken on purpose")]).boxed(),
    });
    let mut is_first = true;
    frames
        .inspect(move |_| {
            if std::mem::take(&mut is_first)
                && let Some(seen) = lock(&state.seen).get_mut(number)
            {
                seen.first_byte = Some(Instant::now());
            }
        })
        .boxed()
}

async fn pause(every: Duration) {
    if every.is_zero() {
        tokio::task::yield_now().await;
    } else {
        tokio::time::sleep(every).await;
    }
}

fn streamed(text: &Text, wants_usage: bool) -> Vec<Step> {
    let role = json!({"model": "fake-model", "choices": [{"delta": {"role": "assistant", "content": null}}]});
    let mut steps = vec![Step::Send(event(&role))];
    let chars: Vec<char> = text.text.chars().collect();
    for piece in chars.chunks(chars.len().div_ceil(text.pieces).max(1)) {
        if !text.every.is_zero() {
            steps.push(Step::Wait(text.every));
        }
        steps.push(Step::Send(delta(&piece.iter().collect::<String>())));
    }
    steps.push(Step::Send(finish(text.finish)));
    if let Some(usage) = text.usage.as_ref().filter(|_| wants_usage) {
        steps.push(Step::Send(event(&json!({"choices": [], "usage": usage}))));
    }
    steps.push(Step::Send(done()));
    steps
}

fn whole(text: &Text) -> Value {
    json!({
        "id": "chatcmpl-fake", "object": "chat.completion", "created": 0, "model": "fake-model",
        "choices": [{"index": 0, "message": {"role": "assistant", "content": text.text}, "finish_reason": text.finish}],
        "usage": text.usage,
    })
}

fn json_response(value: &Value) -> Result<Response, Infallible> {
    let response = Response::builder().header("content-type", "application/json").body(Body::from(value.to_string()));
    Ok(response.expect("a fixed header is valid"))
}

async fn models(Extracted(state): Extracted<Arc<State>>, request: Request) -> Result<Response, Infallible> {
    let (number, _) = record(&state, request).await;
    if !is_accepted(&state, number) {
        return Ok(refused());
    }
    let models: Vec<Value> =
        lock(&state.models).iter().map(|name| json!({"id": name, "object": "model", "owned_by": "fake"})).collect();
    json_response(&json!({"object": "list", "data": models}))
}

async fn embeddings(Extracted(state): Extracted<Arc<State>>, request: Request) -> Result<Response, Infallible> {
    let (_, body) = record(&state, request).await;
    let texts: Vec<&str> = match &body["input"] {
        Value::String(text) => vec![text],
        Value::Array(texts) => texts.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    let dimension = body["dimensions"].as_u64().and_then(|n| usize::try_from(n).ok()).unwrap_or(DIMENSION);
    let data: Vec<Value> = texts
        .iter()
        .enumerate()
        .map(|(index, text)| json!({"object": "embedding", "index": index, "embedding": embedding(text, dimension)}))
        .collect();
    let tokens: usize = texts.iter().map(|text| text.split_whitespace().count()).sum();
    json_response(&json!({
        "object": "list", "model": body["model"], "data": data,
        "usage": {"prompt_tokens": tokens, "total_tokens": tokens},
    }))
}
