//! Presets: model, sampling, and the limits of context and memory.

use super::MemberId;

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

/// What somebody's preset says; what it leaves out is the house's. An explicit 0 is a value.
#[derive(Clone, Debug, Default, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PresetSpec {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// 0.0–2.0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub temperature: Option<f32>,
    /// 0.0–1.0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub top_p: Option<f32>,
    /// Longest answer, in tokens.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_tokens: Option<u32>,
    /// Longest prompt, in tokens.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub context_tokens: Option<u32>,
    /// Share of the prompt for memories, 0.0–1.0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory_share: Option<f32>,
}

/// Shortest answer and prompt a preset may ask for, in tokens.
const ANSWER_MIN: u32 = 16;
const PROMPT_MIN: u32 = 256;

impl PresetSpec {
    /// The house's preset with what this one says, within a window of `context` tokens.
    pub fn over(&self, house: Preset, name: &str, context: u32) -> Preset {
        let max_tokens = self.max_tokens.unwrap_or(house.max_tokens).clamp(ANSWER_MIN, (context / 2).max(ANSWER_MIN));
        let room = context.saturating_sub(max_tokens);
        let wanted = self.context_tokens.unwrap_or(house.prompt_tokens);
        Preset {
            name: name.to_owned(),
            model: house.model,
            temperature: self.temperature.or(house.temperature),
            top_p: self.top_p.or(house.top_p),
            max_tokens,
            prompt_tokens: wanted.max(PROMPT_MIN).min(room),
            memory_share: self.memory_share.unwrap_or(house.memory_share),
        }
    }

    /// Whether every value is within its limits; for what comes from a file.
    pub fn is_sound(&self) -> bool {
        let within = |value: Option<f32>, most: f32| value.is_none_or(|value| (0.0..=most).contains(&value));
        within(self.temperature, 2.0)
            && within(self.top_p, 1.0)
            && within(self.memory_share, 1.0)
            && self.max_tokens.is_none_or(|tokens| (ANSWER_MIN..=2_000_000).contains(&tokens))
            && self.context_tokens.is_none_or(|tokens| (ANSWER_MIN..=2_000_000).contains(&tokens))
            && self
                .model
                .as_ref()
                .is_none_or(|model| (1..=200).contains(&model.chars().count()) && !model.chars().any(char::is_control))
    }
}

/// A stored preset.
#[derive(Clone, Debug, PartialEq)]
pub struct OwnPreset {
    pub id: String,
    pub owner: MemberId,
    pub name: String,
    pub spec: PresetSpec,
    /// Whether everyone of the house may choose it, its model included.
    pub offered: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn house() -> Preset {
        Preset {
            name: "house".into(),
            model: "m".into(),
            temperature: Some(0.7),
            top_p: None,
            max_tokens: 1_200,
            prompt_tokens: 8_000,
            memory_share: 0.25,
        }
    }

    #[test]
    fn what_is_left_out_is_the_houses_and_zero_is_a_value() {
        let spec = PresetSpec { temperature: Some(0.0), memory_share: Some(0.0), ..PresetSpec::default() };
        let preset = spec.over(house(), "cool", 32_000);
        assert_eq!((preset.temperature, preset.memory_share), (Some(0.0), 0.0));
        assert_eq!((preset.max_tokens, preset.prompt_tokens, preset.name.as_str()), (1_200, 8_000, "cool"));
    }

    #[test]
    fn prompt_and_answer_fit_the_window_whatever_is_asked_for() {
        for context in [300_u32, 2_048, 8_192, 200_000] {
            for tokens in [0, 1, 500, 100_000, u32::MAX] {
                let spec =
                    PresetSpec { max_tokens: Some(tokens), context_tokens: Some(tokens), ..PresetSpec::default() };
                let preset = spec.over(house(), "x", context);
                assert!(preset.max_tokens + preset.prompt_tokens <= context, "{context} {tokens} {preset:?}");
                assert!(preset.max_tokens >= ANSWER_MIN);
            }
        }
    }

    #[test]
    fn a_file_with_impossible_values_is_not_sound() {
        for bad in [r#"{"temperature":9}"#, r#"{"top_p":-1}"#, r#"{"max_tokens":1}"#, r#"{"model":""}"#] {
            assert!(!serde_json::from_str::<PresetSpec>(bad).unwrap().is_sound(), "{bad}");
        }
        assert!(serde_json::from_str::<PresetSpec>(r#"{"surprise":1}"#).is_err());
        assert!(PresetSpec::default().is_sound());
    }
}
