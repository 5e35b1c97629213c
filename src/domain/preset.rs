//! Presets: model, sampling, and the limits of context and memory.

/// What one answer may use. Sizes are in tokens of the model.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Preset {
    /// Shown by `/inspect`.
    pub name: String,
    /// Model name as the provider knows it; empty: the provider's default.
    pub model: String,
    pub temperature: Option<f32>,
    pub top_p: Option<f32>,
    /// Upper bound of the answer.
    pub max_tokens: u32,
    /// Upper bound of the whole prompt.
    pub prompt_tokens: u32,
    /// Share of the prompt that memories may take, 0.0–1.0.
    pub memory_share: f32,
}
