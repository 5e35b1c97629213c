//! What `doctor` says of Matrix. It only asks: a second client of the same device would do harm.

use std::time::Duration;

use anyhow::{Context as _, bail};
use matrix_account::SavedSession;
use reqwest::{Client, StatusCode};
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};

use super::Options;
use super::gateway::{RECOVERY, SESSION, secret_of};
use crate::strongbox::Strongbox;

/// How long each question may take.
const TIMEOUT: Duration = Duration::from_secs(10);

/// What was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Examined {
    pub found: String,
    /// What is missing that the house can do without.
    pub lacks: Vec<String>,
}

/// Asks the homeserver whether it is there, takes the session, and shows the device as verified.
///
/// # Errors
/// One sentence on what does not work.
pub async fn examine(options: &Options, strongbox: Option<&Strongbox>) -> anyhow::Result<Examined> {
    // Another caller may have installed it already, which is just as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let http = Client::builder().no_proxy().timeout(TIMEOUT).build();
    let http = http.context("setting up TLS; on a bare system, install the package `ca-certificates`")?;
    let home = options.homeserver.trim_end_matches('/');
    let versions = http.get(format!("{home}/_matrix/client/versions")).send().await;
    let is_there = versions.is_ok_and(|answer| answer.status().is_success());
    if !is_there {
        bail!("{home} does not answer as a homeserver");
    }
    let saved = match strongbox {
        Some(strongbox) => {
            strongbox.open(&secret_of(SESSION, &options.user), &options.user).await.context("opening the session")?
        }
        None => None,
    };
    let saved: Option<SavedSession> = saved.and_then(|saved| serde_json::from_str(saved.expose_secret()).ok());
    let (Some(saved), Some(strongbox)) = (saved, strongbox) else {
        let found = format!("not signed in yet; the first start signs in as {}", options.user);
        return Ok(Examined { found, lacks: Vec::new() });
    };
    let token = options.access.as_ref().map_or_else(|| saved.access_token(), |(token, _)| token.expose_secret());
    let whoami = http.get(format!("{home}/_matrix/client/v3/account/whoami")).bearer_auth(token).send().await;
    let whoami = whoami.map_err(|_| anyhow::anyhow!("{home} does not answer"))?;
    if whoami.status() == StatusCode::UNAUTHORIZED {
        bail!("the homeserver does not take the session of device {} any more", saved.device());
    }
    let mut lacks = Vec::new();
    if !options.store.exists() {
        lacks.push("the folder with the device's keys is gone: the next start makes another device".to_owned());
    }
    let query = json!({"device_keys": {options.user.as_str(): []}});
    let keys = http.post(format!("{home}/_matrix/client/v3/keys/query")).bearer_auth(token).json(&query).send().await;
    let keys: Value = match keys {
        Ok(keys) => keys.json().await.unwrap_or_default(),
        Err(_) => bail!("{home} does not answer"),
    };
    if !is_verified(&keys, &options.user, saved.device()) {
        lacks.push(
            "others see the device as not verified: set MATRIX_RECOVERY_KEY, or start the house once more".to_owned(),
        );
    }
    if strongbox
        .open(&secret_of(RECOVERY, &options.user), &options.user)
        .await
        .context("opening the recovery key")?
        .is_none()
    {
        lacks.push("the house has no recovery key: a lost store could not be brought back".to_owned());
    }
    Ok(Examined { found: format!("signed in as {}, device {}", options.user, saved.device()), lacks })
}

/// Whether a device is signed by its owner's identity, as the homeserver tells it.
fn is_verified(keys: &Value, user: &str, device: &str) -> bool {
    let signatures = &keys["device_keys"][user][device]["signatures"][user];
    let own = keys["self_signing_keys"][user]["keys"].as_object();
    own.is_some_and(|own| own.keys().any(|key| signatures.get(key).is_some()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_is_verified_by_its_owners_signature_and_no_other() {
        let keys = |by: &str| {
            json!({
                "device_keys": {"@h:x": {"DEV": {"signatures": {"@h:x": {"ed25519:DEV": "s", by: "s"}}}}},
                "self_signing_keys": {"@h:x": {"keys": {"ed25519:ssk": "ssk"}}},
            })
        };
        assert!(is_verified(&keys("ed25519:ssk"), "@h:x", "DEV"));
        assert!(!is_verified(&keys("ed25519:other"), "@h:x", "DEV"));
        assert!(!is_verified(&keys("ed25519:ssk"), "@h:x", "OTHER") && !is_verified(&Value::Null, "@h:x", "DEV"));
    }
}
