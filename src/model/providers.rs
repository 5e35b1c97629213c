//! The providers that members may bring a key for, and connections to them.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use secrecy::SecretString;

use super::openai::{Endpoint, Limits, OpenAi};
use super::{ErrorClass, LlmProvider, ModelError};
use crate::config::LlmConfig;
use crate::domain::KeySource;

/// A provider by name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Provider {
    /// As commands write it.
    pub name: String,
    /// OpenAI-compatible, up to and including the version.
    pub base_url: String,
    /// Model for members who name none; empty: they have to.
    pub model: String,
}

/// Name, address and usual model of the providers that are built in.
const BUILT_IN: [(&str, &str, &str); 8] = [
    ("openrouter", "https://openrouter.ai/api/v1", "openrouter/auto"),
    ("openai", "https://api.openai.com/v1", "gpt-4o-mini"),
    ("anthropic", "https://api.anthropic.com/v1", "claude-haiku-4-5"),
    ("google", "https://generativelanguage.googleapis.com/v1beta/openai", "gemini-2.5-flash"),
    ("mistral", "https://api.mistral.ai/v1", "mistral-small-latest"),
    ("groq", "https://api.groq.com/openai/v1", "llama-3.3-70b-versatile"),
    ("deepseek", "https://api.deepseek.com/v1", "deepseek-chat"),
    ("xai", "https://api.x.ai/v1", "grok-4"),
];

/// The name of a built-in provider, for metrics.
pub(super) fn usual(name: &str) -> Option<&'static str> {
    BUILT_IN.into_iter().map(|(usual, ..)| usual).find(|usual| *usual == name)
}

/// The providers of this house.
pub struct Providers {
    known: Vec<Provider>,
    limits: Limits,
    /// Connections by address, shared by everyone's keys.
    open: Mutex<HashMap<String, OpenAi>>,
}

impl Providers {
    /// The built-in providers and the operator's own, which may replace built-in ones.
    pub fn new(config: &LlmConfig) -> Self {
        let mut known: Vec<Provider> = BUILT_IN
            .into_iter()
            .map(|(name, base_url, model)| Provider {
                name: name.into(),
                base_url: base_url.into(),
                model: model.into(),
            })
            .collect();
        for (name, base_url) in &config.providers {
            known.retain(|provider| provider.name != *name);
            known.push(Provider { name: name.clone(), base_url: base_url.clone(), model: String::new() });
        }
        Self { known, limits: Limits::from(config), open: Mutex::default() }
    }

    /// All of them.
    pub fn all(&self) -> &[Provider] {
        &self.known
    }

    /// The provider of a name, whatever its case.
    pub fn find(&self, name: &str) -> Option<&Provider> {
        self.known.iter().find(|provider| provider.name.eq_ignore_ascii_case(name.trim()))
    }

    /// Providers that were called for members, with models that are left alone because calls kept failing.
    pub fn left_alone(&self) -> Vec<(String, usize)> {
        let open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let of = |base_url: &String| self.known.iter().find(|provider| provider.base_url == *base_url);
        let mut found: Vec<(String, usize)> = open
            .iter()
            .filter_map(|(base_url, at)| Some((of(base_url)?.name.clone(), at.left_alone())))
            .filter(|(_, models)| *models > 0)
            .collect();
        found.sort();
        found
    }

    /// The provider at `base_url`, paid with a member's key.
    ///
    /// # Errors
    /// `BadRequest` or `KeyInvalid` where the address or the key cannot be used at all.
    pub fn with_key(
        &self,
        name: &str,
        base_url: &str,
        model: &str,
        key: SecretString,
    ) -> Result<Arc<dyn LlmProvider>, ModelError> {
        // An address that the operator took away is not called any more, whoever still has a key for it.
        if !self.known.iter().any(|provider| provider.base_url == base_url) {
            return Err(ModelError::new(ErrorClass::BadRequest, "the provider is not offered any more"));
        }
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let at = match open.get(base_url) {
            Some(at) => at.clone(),
            None => {
                let endpoint = Endpoint {
                    base_url: base_url.to_owned(),
                    key: None,
                    key_source: KeySource::Member,
                    model: String::new(),
                    context_tokens: None,
                    sees: None,
                    label: Some(name.to_owned()),
                };
                let at = OpenAi::new(endpoint, self.limits.clone())?;
                open.insert(base_url.to_owned(), at.clone());
                at
            }
        };
        Ok(Arc::new(at.with_key(key, KeySource::Member)?.with_model(model)))
    }
}
