//! Stands between the house and its homeserver, and holds back or says what a homeserver seldom does.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use serde_json::{Value, json};

/// Largest body that goes through.
const BODY_MAX: usize = 16 << 20;

pub struct Proxy {
    url: String,
    home: String,
    http: reqwest::Client,
    /// Messages between devices, keys among them, stay here.
    holds_keys: AtomicBool,
    held: Mutex<Vec<Value>>,
    /// What the next syncs are answered instead.
    instead: Mutex<VecDeque<Value>>,
    syncs: AtomicUsize,
}

impl Proxy {
    /// A proxy before the homeserver at `home`; it ends with the test.
    pub async fn before(home: &str) -> Arc<Self> {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let _ = rustls::crypto::ring::default_provider().install_default();
        let proxy = Arc::new(Self {
            url: format!("http://{}", listener.local_addr().unwrap()),
            home: home.to_owned(),
            http: reqwest::Client::builder().no_proxy().build().unwrap(),
            holds_keys: AtomicBool::default(),
            held: Mutex::default(),
            instead: Mutex::default(),
            syncs: AtomicUsize::default(),
        });
        let routes = Router::new().fallback(pass).with_state(proxy.clone());
        #[expect(clippy::disallowed_methods, reason = "ends with the test")]
        tokio::spawn(async move { axum::serve(listener, routes).await });
        proxy
    }

    pub fn url(&self) -> &str {
        &self.url
    }

    /// Holds messages between devices back, or hands them on with the next sync.
    pub fn holds_keys(&self, holds: bool) {
        self.holds_keys.store(holds, Ordering::SeqCst);
    }

    /// The next sync is refused with this.
    pub fn refuses_with(&self, error: Value) {
        self.instead.lock().unwrap().push_back(error);
    }

    /// How many syncs were answered.
    pub fn syncs(&self) -> usize {
        self.syncs.load(Ordering::SeqCst)
    }
}

async fn pass(State(proxy): State<Arc<Proxy>>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let path = head.uri.path_and_query().map(ToString::to_string).unwrap_or_default();
    let is_sync = head.uri.path().ends_with("/sync");
    let instead = if is_sync { proxy.instead.lock().unwrap().pop_front() } else { None };
    if let Some(error) = instead {
        return (StatusCode::UNAUTHORIZED, axum::Json(error)).into_response();
    }
    let body = to_bytes(body, BODY_MAX).await.unwrap();
    let mut headers = HeaderMap::new();
    for name in ["authorization", "content-type"] {
        if let Some(value) = head.headers.get(name) {
            headers.insert(axum::http::HeaderName::from_static(name), value.clone());
        }
    }
    let method = reqwest::Method::from_bytes(head.method.as_str().as_bytes()).unwrap();
    let sending = proxy.http.request(method, format!("{}{path}", proxy.home)).headers(headers).body(body);
    let Ok(answer) = sending.send().await else { return StatusCode::BAD_GATEWAY.into_response() };
    let status = StatusCode::from_u16(answer.status().as_u16()).unwrap();
    let kind = answer.headers().get("content-type").cloned();
    let Ok(content) = answer.bytes().await else { return StatusCode::BAD_GATEWAY.into_response() };
    let mut content = content.to_vec();
    if is_sync && status.is_success() {
        let mut found: Value = serde_json::from_slice(&content).unwrap();
        let came = found["to_device"]["events"].as_array().cloned().unwrap_or_default();
        let mut held = proxy.held.lock().unwrap();
        held.extend(came);
        let handed = if proxy.holds_keys.load(Ordering::SeqCst) { Vec::new() } else { std::mem::take(&mut *held) };
        found["to_device"] = json!({"events": handed});
        content = serde_json::to_vec(&found).unwrap();
        proxy.syncs.fetch_add(1, Ordering::SeqCst);
    }
    let mut response = Response::new(Body::from(content));
    *response.status_mut() = status;
    if let Some(kind) = kind {
        response.headers_mut().insert("content-type", kind);
    }
    response
}
