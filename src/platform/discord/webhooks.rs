//! The webhooks that characters speak through: one for each channel, for all of them, found again after a restart.

use std::sync::Arc;
use std::time::Duration;

use dashmap::DashMap;
use reqwest::Method;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::rest::{Rest, RestError, Route};
use super::wire::{Flake, flake_of};

/// What the webhook itself is called; each message has its character's name.
const NAME: &str = "Greenroom";
/// How long a channel that lets us have no webhook is not asked again.
const REFUSED_FOR: Duration = Duration::from_secs(300);
/// Channels that are kept before the cache is emptied.
const KEPT_MAX: usize = 20_000;

/// A webhook: whoever knows its token may speak through it.
#[derive(Clone)]
pub struct Webhook {
    pub id: Flake,
    token: String,
}

impl std::fmt::Debug for Webhook {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Webhook({})", self.id)
    }
}

impl Webhook {
    /// A route of this webhook; `rest` follows its token.
    pub fn route(&self, method: Method, rest: &str) -> Route {
        Route::webhook(method, &self.id.to_string(), &self.token, rest)
    }
}

#[derive(Clone, Debug, Default)]
enum State {
    #[default]
    Unknown,
    Have(Webhook),
    /// The channel lets us have none.
    Refused(Instant),
}

/// The webhooks of all channels.
#[derive(Default)]
pub struct Webhooks(DashMap<Flake, Arc<tokio::sync::Mutex<State>>>);

impl Webhooks {
    /// The webhook of a channel, found or made; `None`: the channel lets us have none.
    ///
    /// # Errors
    /// Those of Discord, other than that it is not allowed.
    pub async fn of(&self, rest: &Rest, application: Flake, channel: Flake) -> Result<Option<Webhook>, RestError> {
        if self.0.len() >= KEPT_MAX {
            self.0.retain(|_, state| Arc::strong_count(state) > 1);
        }
        let state = Arc::clone(&self.0.entry(channel).or_default());
        // Whoever comes second waits for what the first one finds.
        let mut state = state.lock().await;
        match &*state {
            State::Have(webhook) => return Ok(Some(webhook.clone())),
            State::Refused(at) if at.elapsed() < REFUSED_FOR => return Ok(None),
            State::Refused(_) | State::Unknown => {}
        }
        match found_or_made(rest, application, channel).await {
            Ok(webhook) => {
                *state = State::Have(webhook.clone());
                Ok(Some(webhook))
            }
            // Not allowed, or fifteen of others are there already.
            Err(RestError::Refused { status, code }) if status == 403 || code == 30_007 || status == 400 => {
                tracing::info!(code, "no webhook can be had in a channel; characters speak with their name before it");
                *state = State::Refused(Instant::now());
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    /// Forgets the webhook of a channel: it is gone, or something about it changed.
    pub fn forget(&self, channel: Flake) {
        self.0.remove(&channel);
    }

    /// Asks again the next time where there was none to be had: something about the channel changed.
    pub fn reconsider(&self, channel: Flake) {
        let Some(state) = self.0.get(&channel).map(|state| Arc::clone(&state)) else { return };
        // Whoever holds it is finding out just now.
        let Ok(mut state) = state.try_lock() else { return };
        if matches!(&*state, State::Refused(_)) {
            *state = State::Unknown;
        }
    }

    /// Forgets a webhook that is known to be gone, unless another has taken its place meanwhile.
    pub async fn forget_this(&self, channel: Flake, gone: &Webhook) {
        let Some(state) = self.0.get(&channel).map(|state| Arc::clone(&state)) else { return };
        let mut state = state.lock().await;
        if matches!(&*state, State::Have(known) if known.id == gone.id) {
            *state = State::Unknown;
        }
    }
}

async fn found_or_made(rest: &Rest, application: Flake, channel: Flake) -> Result<Webhook, RestError> {
    let channel = channel.to_string();
    let there = rest.call(&Route::channel(Method::GET, &channel, "webhooks"), None).await?;
    let ours = |webhook: &&Value| flake_of(&webhook["application_id"]) == Some(application);
    if let Some(webhook) = there.as_array().into_iter().flatten().filter(ours).find_map(webhook_of) {
        return Ok(webhook);
    }
    let made = rest.call(&Route::channel(Method::POST, &channel, "webhooks"), Some(&json!({"name": NAME}))).await?;
    webhook_of(&made).ok_or(RestError::Unsure("a webhook without a token"))
}

fn webhook_of(value: &Value) -> Option<Webhook> {
    let (id, token) = (flake_of(&value["id"])?, value["token"].as_str()?);
    Some(Webhook { id, token: token.to_owned() })
}
