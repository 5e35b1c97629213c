//! What providers and models can take: parameters, windows, size. A starting point, not a law: `openai` learns from
//! refusals, and `LLM_CONTEXT_TOKENS` overrides the window.
//!
//! State of the tables: 2026-04-30.

/// An optional parameter of a chat request that some providers refuse.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Param {
    StreamOptions,
    MaxTokens,
    Temperature,
    TopP,
    Stop,
}

/// How the limit of the answer is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LimitName {
    MaxTokens,
    MaxCompletionTokens,
    /// Neither name is taken: no limit is sent.
    Neither,
}

/// Which optional parameters a model at a provider accepts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Accepts {
    /// `stream_options.include_usage`.
    pub stream_options: bool,
    pub limit: LimitName,
    pub temperature: bool,
    /// Highest temperature; higher ones are lowered to it.
    pub max_temperature: f32,
    pub top_p: bool,
    /// Most stop texts; 0: the parameter is refused.
    pub stops: usize,
}

impl Accepts {
    /// What a server that follows the protocol accepts.
    const ALL: Self = Self {
        stream_options: true,
        limit: LimitName::MaxTokens,
        temperature: true,
        max_temperature: 2.0,
        top_p: true,
        stops: 4,
    };

    /// What is known of `model` at `host` before the first call.
    pub fn at(host: &str, model: &str) -> Self {
        let is = |domain: &str| host == domain || host.strip_suffix(domain).is_some_and(|rest| rest.ends_with('.'));
        let name = bare(model);
        let starts = |prefixes: &[&str]| prefixes.iter().any(|prefix| name.starts_with(prefix));
        let mut accepts = Self::ALL;
        if is("openai.com") || is("openai.azure.com") {
            accepts.limit = LimitName::MaxCompletionTokens;
            // Reasoning models take no sampling parameters.
            if starts(&["o1", "o3", "o4", "gpt-5", "gpt-6"]) && !name.contains("chat") {
                accepts = Self { temperature: false, top_p: false, stops: 0, ..accepts };
            }
        } else if is("anthropic.com") {
            // Newer models refuse temperature and top_p together.
            accepts = Self { max_temperature: 1.0, top_p: false, ..accepts };
        } else if is("mistral.ai") {
            // Refuses fields it does not know; sends usage unasked.
            accepts = Self { stream_options: false, max_temperature: 1.5, ..accepts };
        } else if is("groq.com") || is("cerebras.ai") {
            accepts.limit = LimitName::MaxCompletionTokens;
        } else if is("x.ai") {
            if starts(&["grok-3-mini", "grok-4"]) {
                accepts.stops = 0;
            }
        } else if is("perplexity.ai") {
            accepts = Self { stream_options: false, stops: 0, max_temperature: 1.9, ..accepts };
        } else if is("cohere.ai") || is("cohere.com") {
            accepts = Self { stream_options: false, max_temperature: 1.0, ..accepts };
        }
        accepts
    }

    /// The same after the provider refused `param`; `None` when there is nothing left to change about it.
    pub fn without(self, param: Param) -> Option<Self> {
        let changed = match param {
            Param::StreamOptions => Self { stream_options: false, ..self },
            Param::MaxTokens => Self {
                limit: match self.limit {
                    LimitName::MaxTokens => LimitName::MaxCompletionTokens,
                    LimitName::MaxCompletionTokens | LimitName::Neither => LimitName::Neither,
                },
                ..self
            },
            Param::Temperature => Self { temperature: false, ..self },
            Param::TopP => Self { top_p: false, ..self },
            Param::Stop => Self { stops: 0, ..self },
        };
        (changed != self).then_some(changed)
    }
}

/// How names of models begin that take pictures.
const SEEING: &[&str] = &[
    "chatgpt-4o",
    "claude",
    "gemini",
    "gemma-3",
    "gemma3",
    "gpt-4-turbo",
    "gpt-4.1",
    "gpt-4o",
    "gpt-5",
    "gpt-6",
    "grok-4",
    "llama-4",
    "llama4",
    "llava",
    "minicpm-v",
    "mistral-medium-3",
    "mistral-small-3.1",
    "mistral-small-3.2",
    "moondream",
    "o1",
    "o3",
    "o4",
    "pixtral",
    "qwen3.5",
];
/// Those among them that do not.
const BLIND: &[&str] = &["gemma-3-1b", "gemma3:1b", "o1-mini", "o1-preview", "o3-mini", "claude-2", "claude-instant"];

/// Whether a model is known to take pictures.
pub fn sees(model: &str) -> bool {
    let name = bare(model);
    let starts = |prefixes: &[&str]| prefixes.iter().any(|prefix| name.starts_with(prefix));
    let says = ["vision", "-vl", "multimodal"].iter().any(|part| name.contains(part));
    says || (starts(SEEING) && !starts(BLIND))
}

/// Window of a model nobody knows.
pub const UNKNOWN_CONTEXT: u32 = 8_192;

/// Window below which a model counts as tiny.
const TINY_CONTEXT: u32 = 2_049;

/// Windows by how the bare model name starts; the longest match counts.
const WINDOWS: &[(&str, u32)] = &[
    ("chatgpt-4o", 128_000),
    ("claude", 200_000),
    ("codestral", 256_000),
    ("command-a", 256_000),
    ("command-r", 128_000),
    ("deepseek", 128_000),
    ("deepseek-v4", 1_000_000),
    ("devstral", 128_000),
    ("gemini", 1_048_576),
    ("gemini-1.5-pro", 2_097_152),
    ("gemma-2", 8_192),
    ("gemma-3", 131_072),
    ("gemma-3-1b", 32_768),
    ("gemma2", 8_192),
    ("gemma3", 131_072),
    ("gemma3:1b", 32_768),
    ("glm-4", 128_000),
    ("glm-4.6", 200_000),
    ("gpt-3.5-turbo", 16_385),
    ("gpt-4", 8_192),
    ("gpt-4-turbo", 128_000),
    ("gpt-4.1", 1_047_576),
    ("gpt-4o", 128_000),
    ("gpt-5", 400_000),
    ("gpt-5-chat", 128_000),
    ("gpt-5.4", 1_050_000),
    ("gpt-5.4-mini", 400_000),
    ("gpt-oss", 131_072),
    ("grok-3", 131_072),
    ("grok-4", 256_000),
    ("grok-4-fast", 2_000_000),
    ("kimi-k2", 262_144),
    ("llama-3", 8_192),
    ("llama-3.1", 131_072),
    ("llama-3.2", 131_072),
    ("llama-3.3", 131_072),
    ("llama3", 8_192),
    ("llama3.1", 131_072),
    ("llama3.2", 131_072),
    ("llama3.3", 131_072),
    ("meta-llama-3.1", 131_072),
    ("ministral", 131_072),
    ("mistral", 32_768),
    ("mistral-large", 131_072),
    ("mistral-medium", 131_072),
    ("mistral-nemo", 131_072),
    ("mistral-small", 32_768),
    ("mistral-small-3", 131_072),
    ("mixtral-8x22b", 65_536),
    ("mixtral-8x7b", 32_768),
    ("o1", 200_000),
    ("o3", 200_000),
    ("o4", 200_000),
    ("phi-3", 4_096),
    ("phi-4", 16_384),
    ("phi3", 4_096),
    ("phi4", 16_384),
    ("pixtral", 131_072),
    ("qwen2.5", 32_768),
    ("qwen3", 32_768),
    ("qwen3-235b-a22b-2507", 262_144),
    ("qwen3-30b-a3b-instruct-2507", 262_144),
    ("sonar", 128_000),
    ("tinyllama", 2_048),
];

/// The window of `model`, prompt and answer together, where the table knows it.
pub fn window(model: &str) -> Option<u32> {
    longest_prefix(WINDOWS, &bare(model)).copied()
}

/// Whether `model` with this window is too small for long prompts.
pub fn is_tiny(model: &str, context: u32) -> bool {
    let name = bare(model);
    context < TINY_CONTEXT
        || parameters(&name).is_some_and(|billions| billions < 0.9)
        || ["tinyllama", "smollm2:135m", "smollm2:360m", "smollm-135m"].iter().any(|tiny| name.starts_with(tiny))
}

/// The size a model name tells, in billions of parameters: `0.5b`, `135m`.
fn parameters(name: &str) -> Option<f32> {
    name.split(|c: char| !c.is_ascii_alphanumeric() && c != '.').find_map(|part| {
        let (number, unit) = part.split_at_checked(part.len().checked_sub(1)?)?;
        let size: f32 = number.parse().ok()?;
        match unit {
            "b" => Some(size),
            "m" => Some(size / 1_000.0),
            _ => None,
        }
    })
}

/// A model name without vendor path and in lower case: `openai/GPT-4o` is `gpt-4o`.
pub(super) fn bare(model: &str) -> String {
    model.rsplit('/').next().unwrap_or(model).to_lowercase()
}

/// The entry whose key is the longest prefix of `name`.
pub(super) fn longest_prefix<'a, T>(table: &'a [(&str, T)], name: &str) -> Option<&'a T> {
    table.iter().filter(|(prefix, _)| name.starts_with(prefix)).max_by_key(|(prefix, _)| prefix.len()).map(|(_, v)| v)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_specific_window_counts() {
        assert_eq!(window("gpt-4"), Some(8_192));
        assert_eq!(window("openai/gpt-4o-mini"), Some(128_000));
        assert_eq!(window("gpt-4.1-nano"), Some(1_047_576));
        assert_eq!(window("anthropic/claude-sonnet-4.6"), Some(200_000));
        assert_eq!(window("my-own-model"), None);
    }

    #[test]
    fn small_models_are_told_by_their_name_or_window() {
        assert!(is_tiny("qwen2.5:0.5b-instruct", 32_768));
        assert!(is_tiny("SmolLM2-135M-Instruct", 8_192));
        assert!(is_tiny("gemma-3-270m-it", 32_768));
        assert!(is_tiny("whatever", 2_048));
        assert!(!is_tiny("llama3.2:1b", 131_072));
        assert!(!is_tiny("gpt-4o-mini", 128_000));
        assert!(!is_tiny("qwen2.5:7b", 4_096));
    }

    #[test]
    fn hosts_are_matched_by_domain_and_not_by_ending() {
        assert_eq!(Accepts::at("api.openai.com", "gpt-4o").limit, LimitName::MaxCompletionTokens);
        assert_eq!(Accepts::at("evilopenai.com", "gpt-4o").limit, LimitName::MaxTokens);
        assert!(!Accepts::at("api.openai.com", "gpt-5-mini").temperature);
        assert!(Accepts::at("api.openai.com", "gpt-5-chat-latest").temperature);
        assert!(!Accepts::at("api.mistral.ai", "mistral-small-latest").stream_options);
        assert_eq!(Accepts::at("127.0.0.1", "llama3"), Accepts::ALL);
    }

    #[test]
    fn giving_up_parameters_comes_to_an_end() {
        for param in [Param::StreamOptions, Param::MaxTokens, Param::Temperature, Param::TopP, Param::Stop] {
            let mut accepts = Accepts::ALL;
            let mut steps = 0;
            while let Some(less) = accepts.without(param) {
                accepts = less;
                steps += 1;
            }
            assert!((1..=2).contains(&steps), "{param:?} took {steps} steps");
        }
    }
}
