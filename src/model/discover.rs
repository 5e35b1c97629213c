//! Finds a model server that somebody already runs on this machine: Ollama, llama.cpp, LM Studio. Loopback only.
//!
//! Looks at fixed ports for a moment and believes only an answer that lists models: one of the ports is Greenroom's own.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use reqwest::{Client, Url};
use serde_json::Value;

use super::{capability, http};

/// How long the whole search takes at most.
const SEARCH: Duration = Duration::from_millis(300);

/// Largest answer of a server that is read.
const MAX_LIST_BYTES: usize = 256 * 1024;

/// Window that Ollama and LM Studio give a model unless they are told otherwise; more is cut off without a word.
const USUAL_WINDOW: u32 = 4_096;

/// A server that may be running here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// Name for people.
    pub name: &'static str,
    pub port: u16,
    /// Path that tells the window it was started with, and the JSON pointer to it there.
    window: Option<(&'static str, &'static str)>,
}

impl Candidate {
    /// A server that calls itself `name` at `port`.
    pub const fn new(name: &'static str, port: u16) -> Self {
        Self { name, port, window: None }
    }

    /// llama.cpp's own server at `port`: it tells its window.
    pub const fn llama_cpp(port: u16) -> Self {
        Self { name: "llama.cpp", port, window: Some(("/props", "/default_generation_settings/n_ctx")) }
    }
}

/// Where servers listen unless told otherwise, in the order of preference.
pub const USUAL: [Candidate; 3] =
    [Candidate::new("Ollama", 11434), Candidate::llama_cpp(8080), Candidate::new("LM Studio", 1234)];

/// A server that answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    pub name: &'static str,
    /// Address up to and including `/v1`.
    pub base_url: String,
    /// The model to use.
    pub model: String,
    /// Everything it lists.
    pub models: Vec<String>,
    /// Tokens of prompt and answer together, as the server is set up.
    pub context: u32,
}

/// The first of `candidates` that has a chat model, `wanted` if one has that.
pub async fn find(candidates: &[Candidate], wanted: Option<&str>) -> Option<Found> {
    let any = Url::parse("http://127.0.0.1").expect("a fixed address");
    let client = http::client(&any, SEARCH).ok()?;
    let asked = candidates
        .iter()
        .map(|candidate| async { tokio::time::timeout(SEARCH, ask(&client, *candidate, wanted)).await.ok().flatten() });
    let mut found: Vec<Found> = futures::future::join_all(asked).await.into_iter().flatten().collect();
    let best = found.iter().position(|found| wanted == Some(found.model.as_str())).unwrap_or(0);
    (!found.is_empty()).then(|| found.swap_remove(best))
}

async fn ask(client: &Client, candidate: Candidate, wanted: Option<&str>) -> Option<Found> {
    let origin = format!("http://{}", SocketAddr::from((Ipv4Addr::LOCALHOST, candidate.port)));
    let (list, window) = futures::join!(get(client, format!("{origin}/v1/models")), async {
        let (path, pointer) = candidate.window?;
        let props: Value = serde_json::from_slice(&get(client, format!("{origin}{path}")).await?).ok()?;
        props.pointer(pointer)?.as_u64().and_then(|window| u32::try_from(window).ok())
    });
    let models = model_names(&list?)?;
    let model = wanted
        .filter(|wanted| models.iter().any(|name| name == wanted))
        .or_else(|| pick(&models))
        .map(ToOwned::to_owned)?;
    let context = window
        .filter(|window| *window > 0)
        .unwrap_or_else(|| capability::window(&model).map_or(USUAL_WINDOW, |window| window.min(USUAL_WINDOW)));
    Some(Found { name: candidate.name, base_url: format!("{origin}/v1"), model, models, context })
}

async fn get(client: &Client, url: String) -> Option<Vec<u8>> {
    let mut response = client.get(url).send().await.ok()?;
    if !response.status().is_success() {
        return None;
    }
    http::read_all(&mut response, MAX_LIST_BYTES).await.ok()
}

/// The names in an answer to `GET /v1/models`; `None` when it is no such answer.
pub fn model_names(body: &[u8]) -> Option<Vec<String>> {
    let value: Value = serde_json::from_slice(body).ok()?;
    let list = value.get("data").unwrap_or(&value).as_array()?;
    list.iter().map(|model| Some(model.get("id")?.as_str()?.to_owned())).collect()
}

/// The model to chat with: not one for embeddings, speech or images; not a tiny or a code model if there is another.
pub fn pick(models: &[String]) -> Option<&str> {
    const NOT_FOR_CHAT: [&str; 14] = [
        "embed",
        "bge-",
        "minilm",
        "e5-",
        "gte-",
        "rerank",
        "whisper",
        "tts",
        "clip",
        "ocr",
        "guard",
        "diffusion",
        "moderation",
        "transcribe",
    ];
    let talks = |name: &&String| !NOT_FOR_CHAT.iter().any(|mark| name.to_lowercase().contains(mark));
    // The first of the best: servers list what was used last, or the only one they have.
    models
        .iter()
        .filter(talks)
        .min_by_key(|name| (capability::is_tiny(name, u32::MAX), name.to_lowercase().contains("code")))
        .map(String::as_str)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn a_model_that_can_chat_is_picked() {
        for (models, best) in [
            (names(&["nomic-embed-text:latest", "llama3.2:latest"]), Some("llama3.2:latest")),
            (names(&["qwen2.5-coder:7b", "smollm2:135m", "mistral:7b"]), Some("mistral:7b")),
            (names(&["smollm2:135m"]), Some("smollm2:135m")),
            (names(&["qwen2.5-coder:7b"]), Some("qwen2.5-coder:7b")),
            (names(&["b", "a"]), Some("b")),
            (names(&["mxbai-embed-large", "bge-m3:latest"]), None),
            (names(&[]), None),
        ] {
            assert_eq!(pick(&models), best, "{models:?}");
        }
    }

    #[test]
    fn only_a_list_of_models_is_taken_for_one() {
        assert_eq!(model_names(br#"{"object":"list","data":[{"id":"a"},{"id":"b"}]}"#), Some(names(&["a", "b"])));
        assert_eq!(model_names(br#"{"data":[]}"#), Some(Vec::new()));
        for other in [r#"{"status":"ok"}"#, "ok", "<html></html>", r#"{"data":[{"name":"a"}]}"#, r#"{"data":{}}"#] {
            assert_eq!(model_names(other.as_bytes()), None, "{other}");
        }
    }
}
