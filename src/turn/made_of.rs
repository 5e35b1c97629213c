//! What an answer was made of: kept with the turn, shown by `/inspect`. No text, no key.

use crate::domain::{KeySource, MemoryId};

/// One memory that was considered.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Considered {
    pub id: MemoryId,
    /// Fused score; comparable within one answer.
    pub score: f32,
    /// Cosine with the message.
    pub dense: Option<f32>,
    /// BM25 with the message.
    pub lexical: Option<f32>,
    /// Tokens it takes in the prompt.
    pub tokens: usize,
    /// Whether it is in the prompt.
    pub used: bool,
    /// Memories of the same words, newest first, that it stands for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub again: Vec<MemoryId>,
}

/// Tokens of the prompt by part.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct PromptUse {
    /// Upper bound for all parts.
    pub limit: usize,
    pub character: usize,
    pub history: usize,
    pub memories: usize,
    pub message: usize,
    /// Messages of history in the prompt.
    pub history_messages: usize,
}

impl PromptUse {
    /// Tokens of all parts.
    pub fn total(&self) -> usize {
        self.character + self.history + self.memories + self.message
    }
}

/// Milliseconds of each stage.
#[derive(Clone, Debug, Default, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Timings {
    /// Message stored until a worker took it.
    pub waited: f64,
    pub history: f64,
    pub recall: f64,
    pub prompt: f64,
    /// Call until first text.
    pub first_text: f64,
    /// Call until the end.
    pub model: f64,
}

/// The record of one answer.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct MadeOf {
    pub personality: String,
    pub preset: String,
    pub provider: String,
    pub model: String,
    pub key_source: KeySource,
    pub prompt: PromptUse,
    pub memories: Vec<Considered>,
    /// Why memories are missing, if recall did not answer.
    pub recall_failed: Option<String>,
    /// Tokens as counted by the provider, or by us.
    pub prompt_tokens: u64,
    pub completion_tokens: u64,
    /// Whether the provider counted them.
    pub counted_by_provider: bool,
    pub timings: Timings,
    pub attempt: i64,
    /// Who chose the preset: `bond`, `member`, `personality`, `house`; empty: nobody.
    #[serde(default)]
    pub preset_by: String,
    /// Who gave the instructions, likewise.
    #[serde(default)]
    pub prompt_by: String,
    /// Whether the exchange is remembered.
    #[serde(default = "yes")]
    pub remembers: bool,
    /// The line below the answer, in the member's language; not part of it.
    #[serde(default)]
    pub footer: Option<String>,
}

fn yes() -> bool {
    true
}
