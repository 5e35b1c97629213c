//! Embeddings from an OpenAI-compatible `/embeddings` endpoint, as the operator configured it.
//!
//! Every timeout, retry and error class is ours. It must not log or report texts, keys or answers: errors carry a
//! status and a next step only.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use base64::Engine;
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderValue, RETRY_AFTER};
use reqwest::{StatusCode, Url};
use secrecy::{ExposeSecret, SecretString};

use super::{Embedder, RecallError, Side, Space};

/// Time to reach the endpoint.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Time for one batch, retries included.
const TOTAL_TIMEOUT: Duration = Duration::from_secs(15);
/// Waits before the second and the third attempt.
const RETRY_WAITS: [Duration; 2] = [Duration::from_millis(250), Duration::from_secs(1)];
/// The longest `Retry-After` that is obeyed rather than given up on.
const LONGEST_RETRY_AFTER: Duration = Duration::from_secs(5);
/// Texts in one request: more than this some servers refuse.
const BATCH: usize = 64;
/// Largest answer read: 64 vectors of 8,192 numbers written out fit.
const MAX_ANSWER_BYTES: usize = 16 << 20;
/// The window of the smallest models in common use (bge, e5); longer texts are chunked.
const MAX_TOKENS: usize = 512;
/// What errors call it.
const WHAT: &str = "the embeddings endpoint";

/// Where the endpoint is and what it is to run.
#[derive(Clone, Debug)]
pub struct Settings {
    /// `EMBEDDINGS_BASE_URL`, up to and including `/v1`.
    pub base_url: String,
    /// `EMBEDDINGS_API_KEY`.
    pub api_key: Option<SecretString>,
    /// `EMBEDDINGS_MODEL`.
    pub model: String,
}

/// An embedder behind HTTP.
pub struct Endpoint {
    client: reqwest::Client,
    url: Url,
    headers: HeaderMap,
    space: Space,
    /// Tokens of passages that were served and not yet accounted for.
    served: AtomicU64,
}

#[derive(serde::Serialize)]
struct Ask<'a> {
    model: &'a str,
    input: &'a [&'a str],
}

#[derive(serde::Deserialize)]
struct Answer {
    data: Vec<Item>,
    usage: Option<Usage>,
}

#[derive(serde::Deserialize)]
struct Usage {
    #[serde(default)]
    prompt_tokens: u64,
}

/// Unit vectors in the order of the texts, and the tokens they were counted as.
type Served = (Vec<Vec<f32>>, u64);

#[derive(serde::Deserialize)]
struct Item {
    index: Option<usize>,
    embedding: Numbers,
}

/// A vector as servers write it: numbers, or base64 of little-endian `f32`.
#[derive(serde::Deserialize)]
#[serde(untagged)]
enum Numbers {
    Floats(Vec<f32>),
    Base64(String),
}

/// How one attempt failed.
enum Failure {
    /// Worth another attempt, after this long if the server said so.
    Passing(String, Option<Duration>),
    Final(RecallError),
}

impl Endpoint {
    /// Connects and asks for one vector, which tells the dimension.
    pub async fn open(settings: &Settings) -> Result<Self, RecallError> {
        // Another part of the program may have installed it already; either is fine.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let address = format!("{}/embeddings", settings.base_url.trim_end_matches('/'));
        let url = Url::parse(&address)
            .ok()
            .filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
            .ok_or_else(|| unusable("EMBEDDINGS_BASE_URL is not an http(s) address"))?;
        let mut headers = HeaderMap::new();
        if let Some(key) = &settings.api_key {
            let mut value = HeaderValue::from_str(&format!("Bearer {}", key.expose_secret()))
                .map_err(|_| unusable("EMBEDDINGS_API_KEY has characters that a header cannot carry"))?;
            value.set_sensitive(true);
            headers.insert(AUTHORIZATION, value);
        }
        let client = reqwest::Client::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(TOTAL_TIMEOUT)
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .build()
            .map_err(|error| unavailable(format!("the HTTP client cannot be built: {error}")))?;
        let space = Space {
            model: settings.model.clone(),
            revision: "api".to_owned(),
            dimension: 0,
            query_prefix: String::new(),
        };
        let mut endpoint = Self { client, url, headers, space, served: AtomicU64::new(0) };
        let (probe, _) = endpoint.batch(&["dimension"]).await?;
        endpoint.space.dimension = probe.first().map_or(0, Vec::len);
        Ok(endpoint)
    }

    /// One request with its retries.
    async fn batch(&self, texts: &[&str]) -> Result<Served, RecallError> {
        let tries = async {
            let mut waits = RETRY_WAITS.iter();
            loop {
                let (why, asked) = match self.attempt(texts).await {
                    Ok(served) => return Ok(served),
                    Err(Failure::Final(error)) => return Err(error),
                    Err(Failure::Passing(why, asked)) => (why, asked),
                };
                match waits.next() {
                    Some(wait) if asked.is_none_or(|asked| asked <= LONGEST_RETRY_AFTER) => {
                        tokio::time::sleep(asked.unwrap_or(*wait)).await;
                    }
                    _ => return Err(unavailable(why)),
                }
            }
        };
        tokio::time::timeout(TOTAL_TIMEOUT, tries)
            .await
            .unwrap_or_else(|_| Err(unavailable(format!("no answer within {} s", TOTAL_TIMEOUT.as_secs()))))
    }

    async fn attempt(&self, texts: &[&str]) -> Result<Served, Failure> {
        let ask = Ask { model: &self.space.model, input: texts };
        let sent = self.client.post(self.url.clone()).headers(self.headers.clone()).json(&ask).send().await;
        let mut response = sent.map_err(|error| Failure::Passing(plain(&error), None))?;
        let status = response.status();
        if status == StatusCode::TOO_MANY_REQUESTS || status.is_server_error() {
            let seconds = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.parse().ok());
            return Err(Failure::Passing(format!("it answered {status}"), seconds.map(Duration::from_secs)));
        }
        if !status.is_success() {
            return Err(Failure::Final(refused(status)));
        }
        let mut body = Vec::new();
        while let Some(part) = response.chunk().await.map_err(|error| Failure::Passing(plain(&error), None))? {
            if body.len() + part.len() > MAX_ANSWER_BYTES {
                return Err(Failure::Final(unusable("the answer is too large")));
            }
            body.extend_from_slice(&part);
        }
        read(&body, texts.len(), self.space.dimension).map_err(Failure::Final)
    }
}

/// What an answer holds; `dimension` 0 takes any.
fn read(body: &[u8], texts: usize, dimension: usize) -> Result<Served, RecallError> {
    // The parser's message can quote the answer, so only its place is passed on.
    let answer: Answer = serde_json::from_slice(body)
        .map_err(|error| unusable(&format!("not an embeddings answer (at line {})", error.line())))?;
    if answer.data.len() != texts {
        return Err(unusable(&format!("{} vectors for {texts} texts", answer.data.len())));
    }
    let mut vectors: Vec<Option<Vec<f32>>> = vec![None; texts];
    let mut expected = dimension;
    for (at, item) in answer.data.into_iter().enumerate() {
        let vector = match item.embedding {
            Numbers::Floats(numbers) => numbers,
            Numbers::Base64(text) => decode(&text)?,
        };
        if expected == 0 {
            expected = vector.len();
        }
        if vector.is_empty() || vector.len() != expected {
            return Err(unusable(&format!("a vector of {} numbers where {expected} are due", vector.len())));
        }
        let slot = vectors
            .get_mut(item.index.unwrap_or(at))
            .filter(|slot| slot.is_none())
            .ok_or_else(|| unusable("vectors are numbered wrongly"))?;
        *slot = Some(unit(vector)?);
    }
    // As many vectors as texts, no slot filled twice: none is empty.
    Ok((vectors.into_iter().flatten().collect(), answer.usage.map_or(0, |usage| usage.prompt_tokens)))
}

fn decode(text: &str) -> Result<Vec<f32>, RecallError> {
    let bytes = base64::engine::general_purpose::STANDARD
        .decode(text)
        .map_err(|_| unusable("a vector is neither numbers nor base64"))?;
    let (numbers, rest) = bytes.as_chunks::<4>();
    if !rest.is_empty() {
        return Err(unusable("a base64 vector is cut short"));
    }
    Ok(numbers.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect())
}

fn unit(mut vector: Vec<f32>) -> Result<Vec<f32>, RecallError> {
    let length = vector.iter().map(|x| f64::from(*x).powi(2)).sum::<f64>().sqrt();
    if !length.is_finite() || length == 0.0 {
        return Err(unusable("a vector has no direction"));
    }
    vector.iter_mut().for_each(|x| *x = (f64::from(*x) / length) as f32);
    Ok(vector)
}

fn unavailable(why: String) -> RecallError {
    RecallError::Unavailable { what: WHAT, why }
}

fn unusable(why: &str) -> RecallError {
    RecallError::Unusable { what: WHAT, why: why.to_owned() }
}

fn refused(status: StatusCode) -> RecallError {
    let hint = match status {
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => "; check EMBEDDINGS_API_KEY",
        StatusCode::NOT_FOUND => "; check EMBEDDINGS_BASE_URL (up to and including /v1) and EMBEDDINGS_MODEL",
        StatusCode::BAD_REQUEST => "; check EMBEDDINGS_MODEL",
        _ => "",
    };
    unusable(&format!("it answered {status}{hint}"))
}

/// A transport error without the address, which may carry credentials.
fn plain(error: &reqwest::Error) -> String {
    let what = if error.is_connect() {
        "no connection; check EMBEDDINGS_BASE_URL and that the server runs"
    } else if error.is_timeout() {
        "no answer in time"
    } else {
        "the connection broke"
    };
    what.to_owned()
}

#[async_trait]
impl Embedder for Endpoint {
    fn space(&self) -> &Space {
        &self.space
    }

    fn max_tokens(&self) -> usize {
        MAX_TOKENS
    }

    /// An estimate on the high side: a token for every three bytes of ASCII, two for any other character.
    fn count(&self, text: &str) -> usize {
        let ascii = text.bytes().filter(u8::is_ascii).count();
        let others = text.chars().filter(|c| !c.is_ascii()).count();
        ascii.div_ceil(3) + 2 * others
    }

    async fn embed(&self, side: Side, texts: &[&str]) -> Result<Vec<Vec<f32>>, RecallError> {
        let mut vectors = Vec::with_capacity(texts.len());
        for batch in texts.chunks(BATCH) {
            let (served, tokens) = self.batch(batch).await?;
            vectors.extend(served);
            if side == Side::Passage {
                self.served.fetch_add(tokens, Ordering::Relaxed);
            }
        }
        Ok(vectors)
    }

    fn served(&self) -> u64 {
        self.served.swap(0, Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use axum::Router;
    use axum::extract::State;
    use axum::http::HeaderMap as Headers;
    use axum::response::{IntoResponse, Response};
    use axum::routing::post;
    use serde_json::{Value, json};

    use super::*;
    use crate::life::Life;

    /// A request's body and its authorization.
    type Request = (Value, Option<String>);
    type Reply = Box<dyn Fn(usize, &Value) -> Response + Send + Sync>;

    #[derive(Clone)]
    struct Server {
        reply: Arc<Reply>,
        asked: Arc<Mutex<Vec<Request>>>,
    }

    async fn answer(State(server): State<Server>, headers: Headers, body: String) -> Response {
        let body: Value = serde_json::from_str(&body).unwrap();
        let key = headers.get("authorization").map(|value| value.to_str().unwrap().to_owned());
        let number = {
            let mut asked = server.asked.lock().unwrap();
            asked.push((body.clone(), key));
            asked.len()
        };
        (server.reply)(number, &body)
    }

    /// A server on loopback whose answer to the n-th request (from 1) is `reply(n, body)`.
    async fn serve(reply: impl Fn(usize, &Value) -> Response + Send + Sync + 'static) -> (Settings, Server) {
        let server = Server { reply: Arc::new(Box::new(reply)), asked: Arc::default() };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base_url = format!("http://{}/v1/", listener.local_addr().unwrap());
        let app = Router::new().route("/v1/embeddings", post(answer)).with_state(server.clone());
        Life::default().spawn("test server", async move { axum::serve(listener, app).await.unwrap() });
        (Settings { base_url, api_key: Some("sk-test".into()), model: "tiny".into() }, server)
    }

    /// Vectors `[n, 4]` where n is the number at the end of the text, listed backwards.
    fn backwards(body: &Value) -> Response {
        let texts = body["input"].as_array().unwrap();
        let item = |(index, text): (usize, &Value)| {
            let number: f32 =
                text.as_str().unwrap().trim_start_matches(|c: char| !c.is_ascii_digit()).parse().unwrap_or(3.0);
            json!({"index": index, "embedding": [number, 4.0]})
        };
        let data: Vec<Value> = texts.iter().enumerate().map(item).rev().collect();
        axum::Json(json!({ "data": data })).into_response()
    }

    #[tokio::test]
    async fn vectors_come_back_normalised_in_the_order_of_the_texts() {
        let (settings, server) = serve(|_, body| backwards(body)).await;
        let endpoint = Endpoint::open(&settings).await.unwrap();
        assert_eq!(endpoint.space().dimension, 2);
        let vectors = endpoint.embed(Side::Query, &["a 0", "b 3"]).await.unwrap();
        assert_eq!(vectors, [vec![0.0, 1.0], vec![0.6, 0.8]]);
        let asked = server.asked.lock().unwrap();
        assert_eq!(asked[1], (json!({"model": "tiny", "input": ["a 0", "b 3"]}), Some("Bearer sk-test".to_owned())));
    }

    #[tokio::test]
    async fn many_texts_go_in_batches_of_64() {
        let (settings, server) = serve(|_, body| backwards(body)).await;
        let endpoint = Endpoint::open(&settings).await.unwrap();
        let texts: Vec<String> = (0..130).map(|at| format!("t {at}")).collect();
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        let vectors = endpoint.embed(Side::Passage, &texts).await.unwrap();
        assert_eq!(vectors.len(), 130);
        assert!(vectors.windows(2).all(|pair| pair[0][0] < pair[1][0]));
        let sizes: Vec<usize> =
            server.asked.lock().unwrap().iter().map(|(body, _)| body["input"].as_array().unwrap().len()).collect();
        assert_eq!(sizes, [1, 64, 64, 2]);
    }

    #[tokio::test]
    async fn base64_vectors_are_read() {
        let text =
            base64::engine::general_purpose::STANDARD.encode([0f32.to_le_bytes(), (-2f32).to_le_bytes()].concat());
        let (settings, _) =
            serve(move |_, _| axum::Json(json!({"data": [{"index": 0, "embedding": text}]})).into_response()).await;
        let endpoint = Endpoint::open(&settings).await.unwrap();
        assert_eq!(endpoint.embed(Side::Query, &["x"]).await.unwrap(), [vec![0.0, -1.0]]);
    }

    #[tokio::test]
    async fn passing_failures_are_tried_again_and_lasting_ones_are_not() {
        let (settings, server) = serve(|number, body| match number {
            1 => StatusCode::SERVICE_UNAVAILABLE.into_response(),
            2 => (StatusCode::TOO_MANY_REQUESTS, [("retry-after", "0")]).into_response(),
            3 => backwards(body),
            _ => (StatusCode::UNAUTHORIZED, "you sent: secret text").into_response(),
        })
        .await;
        let endpoint = Endpoint::open(&settings).await.unwrap();
        let error = endpoint.embed(Side::Query, &["x"]).await.unwrap_err();
        assert_eq!(
            error.to_string(),
            "the embeddings endpoint gave an unusable answer: it answered 401 Unauthorized; check EMBEDDINGS_API_KEY"
        );
        assert_eq!(server.asked.lock().unwrap().len(), 4);
    }

    #[tokio::test]
    async fn it_gives_up_after_two_retries_or_when_told_to_wait_long() {
        let (settings, server) = serve(|_, _| StatusCode::BAD_GATEWAY.into_response()).await;
        assert!(matches!(Endpoint::open(&settings).await, Err(RecallError::Unavailable { .. })));
        assert_eq!(server.asked.lock().unwrap().len(), 3);
        let (settings, server) =
            serve(|_, _| (StatusCode::TOO_MANY_REQUESTS, [("retry-after", "3600")]).into_response()).await;
        assert!(matches!(Endpoint::open(&settings).await, Err(RecallError::Unavailable { .. })));
        assert_eq!(server.asked.lock().unwrap().len(), 1);
    }

    #[tokio::test]
    async fn answers_that_cannot_be_right_are_refused() {
        let answers = [
            json!({"data": []}),
            json!({"data": [{"index": 1, "embedding": [1.0]}]}),
            json!({"data": [{"index": 0, "embedding": []}]}),
            json!({"data": [{"index": 0, "embedding": [0.0, 0.0]}]}),
            json!({"data": [{"index": 0, "embedding": "???"}]}),
            json!({"oops": 1}),
        ];
        for answer in answers {
            let body = serde_json::to_vec(&answer).unwrap();
            assert!(matches!(read(&body, 1, 0), Err(RecallError::Unusable { .. })), "{answer}");
        }
        let two = json!({"data": [{"index": 0, "embedding": [1.0]}, {"index": 0, "embedding": [1.0]}]});
        assert!(read(&serde_json::to_vec(&two).unwrap(), 2, 0).is_err());
        assert!(read(br#"{"data":[{"embedding":[1.0,2.0]}]}"#, 1, 3).is_err());
    }

    #[tokio::test]
    async fn a_server_that_is_not_there_is_unavailable() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base_url = format!("http://{}/v1", listener.local_addr().unwrap());
        drop(listener);
        let settings = Settings { base_url, api_key: None, model: "m".into() };
        let error = Endpoint::open(&settings).await.err().unwrap();
        assert!(matches!(&error, RecallError::Unavailable { why, .. } if !why.contains("127.0.0.1")), "{error}");
    }
}
