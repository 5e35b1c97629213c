//! What `doctor` says of Matrix. It only asks: a second client of the same device would do harm.

use std::fmt::Write as _;
use std::path::Path;
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

/// Asks the homeserver whether it is there, takes the sessions of the house and of characters with logins or with users
/// that were `made` for them, and shows the devices as verified.
///
/// # Errors
/// One sentence on what does not work.
pub async fn examine(options: &Options, strongbox: Option<&Strongbox>, made: &[String]) -> anyhow::Result<Examined> {
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
    let own = One {
        user: &options.user,
        store: &options.store,
        token: options.access.as_ref().map(|(token, _)| token.expose_secret()),
        verify: "set MATRIX_RECOVERY_KEY, or start the house once more",
    };
    let asking = Asking { http: &http, home, strongbox };
    let mut examined = match asking.about(&own).await? {
        None => {
            Examined { found: format!("not signed in yet; the first start signs in as {}", own.user), lacks: vec![] }
        }
        Some((device, lacks)) => Examined { found: format!("signed in as {}, device {device}", own.user), lacks },
    };
    if let Some(service) = &options.service
        && !asking.takes(service.token.expose_secret()).await?
    {
        let lack = "the homeserver does not know the registration in MATRIX_APPSERVICE: give it the same file, and start it again";
        examined.lacks.push(lack.to_owned());
    }
    let made = made.iter().filter_map(|slug| options.made(slug));
    for login in options.logins.iter().cloned().chain(made) {
        let verify = "start the house once more";
        let one = One { user: &login.user, store: &login.store, token: None, verify };
        match asking.about(&one).await {
            Ok(None) => {}
            Ok(Some((device, lacks))) => {
                let _ = write!(examined.found, "; for {} as {}, device {device}", login.slug, login.user);
                examined.lacks.extend(lacks.into_iter().map(|lack| format!("{}: {lack}", login.slug)));
            }
            Err(error) => examined.lacks.push(format!("{}: {error:#}", login.slug)),
        }
    }
    Ok(examined)
}

/// An account that is looked at.
struct One<'a> {
    user: &'a str,
    store: &'a Path,
    /// Instead of the one that was kept.
    token: Option<&'a str>,
    /// How its device is verified.
    verify: &'static str,
}

struct Asking<'a> {
    http: &'a Client,
    home: &'a str,
    strongbox: Option<&'a Strongbox>,
}

impl Asking<'_> {
    /// The device of an account and what it lacks; `None`: it is not signed in yet.
    async fn about(&self, one: &One<'_>) -> anyhow::Result<Option<(String, Vec<String>)>> {
        let Some(strongbox) = self.strongbox else { return Ok(None) };
        let saved = strongbox.open(&secret_of(SESSION, one.user), one.user).await.context("opening the session")?;
        let saved: Option<SavedSession> = saved.and_then(|saved| serde_json::from_str(saved.expose_secret()).ok());
        let Some(saved) = saved else { return Ok(None) };
        let token = one.token.unwrap_or_else(|| saved.access_token());
        if !self.takes(token).await? {
            bail!("the homeserver does not take the session of device {} any more", saved.device());
        }
        let mut lacks = Vec::new();
        if !one.store.exists() {
            lacks.push("the folder with the device's keys is gone: the next start makes another device".to_owned());
        }
        let home = self.home;
        let query = json!({"device_keys": {one.user: []}});
        let keys = self.http.post(format!("{home}/_matrix/client/v3/keys/query"));
        let keys: Value = match keys.bearer_auth(token).json(&query).send().await {
            Ok(keys) => keys.json().await.unwrap_or_default(),
            Err(_) => bail!("{home} does not answer"),
        };
        if !is_verified(&keys, one.user, saved.device()) {
            lacks.push(format!("others see the device as not verified: {}", one.verify));
        }
        let recovery = strongbox.open(&secret_of(RECOVERY, one.user), one.user).await;
        if recovery.context("opening the recovery key")?.is_none() {
            lacks.push("the house has no recovery key: a lost store could not be brought back".to_owned());
        }
        Ok(Some((saved.device().to_owned(), lacks)))
    }

    /// Whether the homeserver takes a token.
    async fn takes(&self, token: &str) -> anyhow::Result<bool> {
        let home = self.home;
        let whoami = self.http.get(format!("{home}/_matrix/client/v3/account/whoami")).bearer_auth(token).send().await;
        let status = whoami.map_err(|_| anyhow::anyhow!("{home} does not answer"))?.status();
        Ok(!matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN))
    }
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
