//! Opens the model that the settings ask for, or the best there is without settings.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;

use super::openai::{Endpoint, Limits, OpenAi};
use super::{LlmProvider, discover, fetch};
use crate::config::{LlmConfig, is_loopback};
use crate::domain::KeySource;

/// A server here may have to load gigabytes before its first word; it is waited for at least this long.
const LOCAL_FIRST_BYTE: Duration = Duration::from_secs(120);

/// What people should know about the model that was opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notice {
    /// The configured provider answers.
    Configured {
        /// Host of the provider.
        provider: String,
        model: String,
    },
    /// A server was found on this machine and is used.
    FoundServer { name: &'static str, base_url: String, model: String },
    /// The model file of the settings runs in this process.
    OwnFile { path: PathBuf },
    /// The tiny model is being fetched, once.
    Fetching(fetch::Progress),
    /// The tiny model runs in this process: it shows how the house works and is not clever.
    Tiny,
}

/// Opens the configured provider; else the configured model file; else a server found on this machine; else the tiny
/// model, which is fetched into `cache_dir` on first use.
///
/// # Errors
/// When what is configured cannot be used, or nothing is configured, found or to be fetched; the text says what to do.
pub async fn open(
    config: &LlmConfig,
    cache_dir: &Path,
    say: &(dyn Fn(Notice) + Send + Sync),
) -> anyhow::Result<Arc<dyn LlmProvider>> {
    let limits = Limits::from(config);
    if let Some(base_url) = &config.base_url {
        let endpoint = Endpoint {
            base_url: base_url.clone(),
            key: config.api_key.clone(),
            key_source: if is_loopback(base_url) { KeySource::Local } else { KeySource::Operator },
            model: config.model.clone().unwrap_or_default(),
            context_tokens: config.context_tokens,
            sees: config.sees,
            label: None,
        };
        let provider = OpenAi::new(endpoint, limits).context("setting up the provider at LLM_BASE_URL")?;
        let info = provider.info("");
        say(Notice::Configured { provider: info.provider, model: info.model });
        return Ok(Arc::new(provider));
    }
    if let Some(path) = &config.local_model {
        let model = run_file(path)?;
        say(Notice::OwnFile { path: path.clone() });
        return Ok(model);
    }
    if let Some(found) = discover::find(&discover::USUAL, config.model.as_deref()).await {
        let provider = at_server(&found, config, limits)?;
        say(Notice::FoundServer { name: found.name, base_url: found.base_url, model: found.model });
        return Ok(Arc::new(provider));
    }
    run_tiny(cache_dir, say).await
}

fn at_server(found: &discover::Found, config: &LlmConfig, limits: Limits) -> anyhow::Result<OpenAi> {
    let endpoint = Endpoint {
        base_url: found.base_url.clone(),
        // A key of the operator's is for the provider it was made for, which this is not.
        key: None,
        key_source: KeySource::Local,
        model: found.model.clone(),
        context_tokens: Some(config.context_tokens.unwrap_or(found.context)),
        sees: config.sees,
        label: Some(found.name.to_owned()),
    };
    let limits = Limits { first_byte: limits.first_byte.max(LOCAL_FIRST_BYTE), ..limits };
    OpenAi::new(endpoint, limits).with_context(|| format!("setting up {} on this machine", found.name))
}

#[cfg(feature = "local-model")]
async fn run_tiny(cache_dir: &Path, say: &(dyn Fn(Notice) + Send + Sync)) -> anyhow::Result<Arc<dyn LlmProvider>> {
    let progress = |progress| say(Notice::Fetching(progress));
    let path = fetch::model_file(&cache_dir.join("models"), &progress).await?;
    let model = run_file(&path)?;
    say(Notice::Tiny);
    Ok(model)
}

#[cfg(feature = "local-model")]
fn run_file(path: &Path) -> anyhow::Result<Arc<dyn LlmProvider>> {
    Ok(Arc::new(super::local::LocalModel::open(path).context("opening the in-process model")?))
}

#[cfg(not(feature = "local-model"))]
async fn run_tiny(_: &Path, _: &(dyn Fn(Notice) + Send + Sync)) -> anyhow::Result<Arc<dyn LlmProvider>> {
    anyhow::bail!(
        "no model: this build has none of its own and no server was found on this machine; set LLM_BASE_URL, or start Ollama"
    )
}

#[cfg(not(feature = "local-model"))]
fn run_file(_: &Path) -> anyhow::Result<Arc<dyn LlmProvider>> {
    anyhow::bail!("GREENROOM_LOCAL_MODEL is set, but this build cannot run models (feature `local-model`)")
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    async fn opened(config: LlmConfig) -> (anyhow::Result<Arc<dyn LlmProvider>>, Vec<Notice>) {
        let notices = Mutex::new(Vec::new());
        let model = open(&config, Path::new("/nowhere"), &|notice| notices.lock().unwrap().push(notice)).await;
        (model, notices.into_inner().unwrap())
    }

    #[tokio::test]
    async fn a_configured_address_is_used_and_never_searched_around() {
        let config = LlmConfig {
            base_url: Some("http://192.0.2.7:4000/v1".into()),
            model: Some("big-one".into()),
            context_tokens: Some(16_000),
            ..LlmConfig::default()
        };
        let (model, notices) = opened(config).await;
        let info = model.unwrap().info("");
        assert_eq!((info.provider.as_str(), info.model.as_str(), info.context), ("192.0.2.7", "big-one", 16_000));
        assert_eq!(info.key_source, KeySource::Operator);
        assert_eq!(notices, [Notice::Configured { provider: "192.0.2.7".into(), model: "big-one".into() }]);
    }

    #[tokio::test]
    async fn settings_that_cannot_work_are_errors_and_not_replaced() {
        let bad_url = LlmConfig { base_url: Some("https://u:pw@x/v1".into()), ..LlmConfig::default() };
        let (model, notices) = opened(bad_url).await;
        let shown = format!("{:#}", model.err().unwrap());
        assert!(shown.contains("LLM_BASE_URL") && !shown.contains("pw"), "{shown}");
        assert!(notices.is_empty());
        let bad_file = LlmConfig { local_model: Some("/nowhere/model.gguf".into()), ..LlmConfig::default() };
        let (model, _) = opened(bad_file).await;
        assert!(format!("{:#}", model.err().unwrap()).contains("GREENROOM_LOCAL_MODEL"));
    }

    #[test]
    fn a_found_server_gets_no_key_and_time_to_load() {
        let found = discover::Found {
            name: "Ollama",
            base_url: "http://127.0.0.1:11434/v1".into(),
            model: "llama3.2".into(),
            models: Vec::new(),
            context: 4_096,
        };
        let config = LlmConfig { api_key: Some("sk-4711".to_owned().into()), ..LlmConfig::default() };
        let info = at_server(&found, &config, Limits::from(&config)).unwrap().info("");
        assert_eq!((info.provider.as_str(), info.context, info.key_source), ("Ollama", 4_096, KeySource::Local));
    }
}
