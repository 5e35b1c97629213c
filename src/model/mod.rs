//! Language models: one trait, its real implementations, and what they need: token counts, prices, error classes.
//!
//! Never logs a prompt, an answer or a key.

pub mod capability;
pub mod discover;
pub mod fetch;
pub mod http;
#[cfg(feature = "local-model")]
pub mod local;
mod open;
pub mod openai;
pub mod price;
pub mod providers;
#[cfg(all(unix, feature = "local-model"))]
pub mod threads;
pub mod tokens;

pub use self::open::{Notice, open};

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tokio_util::sync::CancellationToken;

use crate::domain::KeySource;

/// Who says a line of the prompt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    System,
    User,
    Assistant,
}

/// One line of the prompt.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct ChatLine {
    pub role: Role,
    pub content: String,
}

/// A picture that goes with the last line of a prompt.
#[derive(Clone, PartialEq, Eq)]
pub struct Picture {
    /// Such as `image/png`.
    pub media_type: &'static str,
    pub bytes: Arc<[u8]>,
}

impl std::fmt::Debug for Picture {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Picture({}, {} bytes)", self.media_type, self.bytes.len())
    }
}

/// What a model is asked.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ChatRequest {
    /// Model name as the provider knows it; empty: the provider's default.
    pub model: String,
    pub lines: Vec<ChatLine>,
    /// Shown with the last line, to models that see.
    pub pictures: Vec<Picture>,
    /// Upper bound of the answer, in tokens.
    pub max_tokens: u32,
    pub temperature: Option<f32>,
    pub top_p: Option<f32>,
    /// Texts that end the answer; at most 4.
    pub stop: Vec<String>,
}

/// Tokens of one call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TokenUse {
    pub prompt: u64,
    pub completion: u64,
    /// Whether the provider reported these; otherwise we counted.
    pub by_provider: bool,
}

/// Why a complete answer ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Finish {
    /// The model was done.
    Stop,
    /// `max_tokens` was reached.
    Length,
}

/// A complete answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Reply {
    pub text: String,
    pub finish: Finish,
    pub tokens: TokenUse,
    /// The model that answered, as the provider named it.
    pub served_model: String,
    /// Call to first text.
    pub first_text: Duration,
    /// Call to end.
    pub total: Duration,
}

/// The classes of failure, each with its own line to people (`failure-…` in `refusals.ftl`) and rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrorClass {
    /// 401, 403: the key is not accepted. No retry.
    KeyInvalid,
    /// 402, `insufficient_quota`. No retry.
    NoCredit,
    /// 429 that a wait may cure.
    RateLimited,
    /// The prompt is over the model's window. One retry with a shorter prompt.
    TooLong,
    /// Content filter or policy refusal. No retry, not remembered.
    Refused,
    /// The model said nothing.
    Empty,
    /// A phase took longer than its limit.
    TimedOut,
    /// Not reachable, or 5xx.
    Down,
    /// The stream ended in the middle of the answer.
    Truncated,
    /// The answer cannot be read.
    Malformed,
    /// The provider does not know the model, or rejects the request as such.
    BadRequest,
    /// Cancelled by us.
    Cancelled,
}

impl ErrorClass {
    /// Every class, for completeness checks.
    pub const ALL: [Self; 12] = [
        Self::KeyInvalid,
        Self::NoCredit,
        Self::RateLimited,
        Self::TooLong,
        Self::Refused,
        Self::Empty,
        Self::TimedOut,
        Self::Down,
        Self::Truncated,
        Self::Malformed,
        Self::BadRequest,
        Self::Cancelled,
    ];

    /// As the database and metrics write it; the Fluent id is `failure-` and this with hyphens.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::KeyInvalid => "key_invalid",
            Self::NoCredit => "no_credit",
            Self::RateLimited => "rate_limited",
            Self::TooLong => "too_long",
            Self::Refused => "refused",
            Self::Empty => "empty",
            Self::TimedOut => "timed_out",
            Self::Down => "down",
            Self::Truncated => "truncated",
            Self::Malformed => "malformed",
            Self::BadRequest => "bad_request",
            Self::Cancelled => "cancelled",
        }
    }
}

/// A failed call. `detail` is ours and free of keys, prompts and the provider's words.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{}: {detail}", class.as_str())]
pub struct ModelError {
    pub class: ErrorClass,
    /// HTTP status, where there was one.
    pub status: Option<u16>,
    /// How long the provider asked us to wait.
    pub retry_after: Option<Duration>,
    pub detail: String,
    /// Characters of answer that had arrived.
    pub received: usize,
}

impl ModelError {
    /// An error of `class` with our own words.
    pub fn new(class: ErrorClass, detail: impl Into<String>) -> Self {
        Self { class, status: None, retry_after: None, detail: detail.into(), received: 0 }
    }
}

/// What is known about the model that will answer.
#[derive(Clone, Debug, PartialEq)]
pub struct ModelInfo {
    /// Provider's name for people: `in-process`, `ollama`, `api.example.org`.
    pub provider: String,
    pub model: String,
    /// Tokens of prompt and answer together.
    pub context: u32,
    pub key_source: KeySource,
    /// Too small for long prompts: gets the brief personality and little history.
    pub tiny: bool,
    /// Whether it takes pictures.
    pub sees: bool,
}

/// Something that answers prompts.
#[async_trait]
pub trait LlmProvider: Send + Sync {
    /// What is known of the model named `model` (empty: the default one).
    fn info(&self, model: &str) -> ModelInfo;

    /// Answers, handing each piece of text to `on_text` as it arrives.
    ///
    /// A retry inside starts over only when nothing has been handed on yet. Returns the whole text at the end;
    /// text that was handed on before an error is not an answer.
    async fn reply(
        &self,
        request: &ChatRequest,
        on_text: &mut (dyn for<'t> FnMut(&'t str) + Send),
        cancel: &CancellationToken,
    ) -> Result<Reply, ModelError>;

    /// Models that are left alone for a while because calls kept failing.
    fn left_alone(&self) -> usize {
        0
    }

    /// Whether the provider can be reached and knows the model; for `doctor` and `/readyz`.
    async fn check(&self) -> Result<(), ModelError>;
}
