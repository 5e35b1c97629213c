//! Users that the homeserver lets the house make for its characters, as an application service: one for each that is called.

use std::sync::Arc;
use std::time::Duration;

use matrix_account::{Credentials, Error, SavedSession};
use reqwest::{Client, StatusCode};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Value, json};
use tokio::time::Instant;

use super::gateway::DEVICE_NAME;
use super::intake::local_part;
use super::logins::{Login, Voice};
use super::{Matrix, NAME, Options};
use crate::db::{self, Db, meta};

/// Longest wait for one answer of the homeserver.
const TIMEOUT: Duration = Duration::from_secs(10);
/// How long an answer waits for its character's user to be made.
const MADE_WITHIN: Duration = Duration::from_secs(15);
/// Users that are made at most: each is one more sync, and one more device that messages are encrypted for.
const GHOSTS_MAX: usize = 50;
/// Where it is kept which characters have one.
const GHOSTS: &str = "matrix.ghosts";

/// How an application service signs its users in.
const LOGIN: &str = "m.login.application_service";

/// What the homeserver lets the house do.
#[derive(Clone, Debug)]
pub struct Service {
    pub token: SecretString,
    /// What the names of its users begin with.
    pub prefix: String,
}

impl Options {
    /// The user that a character would have; `None`: the homeserver makes none for the house.
    pub(super) fn made(&self, slug: &str) -> Option<Login> {
        let service = self.service.as_ref()?;
        let (_, server) = self.user.split_once(':')?;
        let user = format!("@{}{slug}:{server}", service.prefix);
        let store = self.ghosts.join(&user);
        Some(Login { slug: slug.to_owned(), user, password: None, store })
    }
}

/// Slugs of the characters that had users made for them.
///
/// # Errors
/// Those of the database.
pub async fn made_users(db: &Db) -> Result<Vec<String>, db::Error> {
    let kept = meta::get(db, GHOSTS).await?;
    Ok(kept.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default())
}

impl Matrix {
    /// Takes up the users that were made before.
    pub(super) async fn load_ghosts(self: &Arc<Self>) {
        let Some(slugs) = self.stored("matrix ghosts", || made_users(&self.house().db)).await else { return };
        self.ghosts.lock().await.clone_from(&slugs);
        for slug in slugs {
            if let Some(voice) = self.ghost(&slug) {
                self.enter(voice);
            }
        }
    }

    /// A character's user, made now if it may have one; `None`: it has none.
    pub(super) async fn called_ghost(&self, slug: &str) -> Option<Arc<Voice>> {
        let here = self.me.upgrade()?;
        let is_public = self.house().turns.directory.names().public().named(slug).is_some_and(|one| one.slug == slug);
        let voice = self.ghost(slug).filter(|_| is_public)?;
        let mut slugs = self.ghosts.lock().await;
        // Somebody else may have called it meanwhile.
        if let Some(known) = self.login_of(slug) {
            return Some(known);
        }
        if slugs.len() >= GHOSTS_MAX {
            return None;
        }
        slugs.push(slug.to_owned());
        let text = Value::from(slugs.clone()).to_string();
        let writing = self.house().db.write(move |tx| Box::pin(async move { meta::set(tx, GHOSTS, &text).await }));
        if let Err(error) = writing.await {
            crate::ops_error("matrix ghosts", &error);
            slugs.pop();
            return None;
        }
        here.enter(voice.clone());
        drop(slugs);
        let began = Instant::now();
        while !voice.is_ready() && !voice.is_lost() && began.elapsed() < MADE_WITHIN {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        Some(voice)
    }

    /// The user that a character would have; `None`: the homeserver makes none for the house.
    fn ghost(&self, slug: &str) -> Option<Arc<Voice>> {
        Some(Arc::new(Voice::of_login(&self.options.made(slug)?)))
    }

    /// Goes on as one more account.
    fn enter(self: &Arc<Self>, voice: Arc<Voice>) {
        if voice.slug.as_deref().is_some_and(|slug| self.login_of(slug).is_some()) {
            return;
        }
        self.family.add(&voice.user);
        self.add_login(voice.clone());
        let here = self.clone();
        self.life.spawn(NAME, async move { here.run(&voice).await });
    }

    /// What a character's user signs in with: as the device that it was, or as another one.
    pub(super) async fn as_ghost(&self, voice: &Voice, saved: Option<&SavedSession>) -> Result<Credentials, Error> {
        let Some(service) = &self.options.service else { return Err(Error::Unauthorized) };
        if let Some(saved) = saved {
            return Ok(Credentials::Token {
                token: saved.access_token().to_owned(),
                device: saved.device().to_owned(),
            });
        }
        let account = json!({"type": LOGIN, "username": local_part(&voice.user), "inhibit_login": true});
        let (status, found) = self.asked(service.token.expose_secret(), "register", account).await?;
        if !status.is_success() && found["errcode"] != "M_USER_IN_USE" {
            return Err(refused("to make the user", &found));
        }
        let (token, device) = self.made_in(voice, None).await?;
        Ok(Credentials::Token { token, device })
    }

    /// Signs a character's user in, as `device` or as a new one: its access token, and the device.
    pub(super) async fn made_in(&self, voice: &Voice, device: Option<&str>) -> Result<(String, String), Error> {
        let Some(service) = &self.options.service else { return Err(Error::Unauthorized) };
        let mut login = json!({
            "type": LOGIN, "identifier": {"type": "m.id.user", "user": local_part(&voice.user)},
            "initial_device_display_name": DEVICE_NAME,
        });
        if let Some(device) = device {
            login["device_id"] = device.into();
        }
        let (status, found) = self.asked(service.token.expose_secret(), "login", login).await?;
        match (found["access_token"].as_str(), found["device_id"].as_str()) {
            (Some(token), Some(device)) if status.is_success() => Ok((token.to_owned(), device.to_owned())),
            _ => Err(refused("to sign in", &found)),
        }
    }

    /// Signs out a device that cannot be used any more; it is no harm where that fails.
    pub(super) async fn sign_out(&self, lost: &SavedSession) {
        if let Err(error) = self.asked(lost.access_token(), "logout", json!({})).await {
            tracing::info!(error = %error, "a made user's lost device could not be signed out");
        }
    }

    /// Asks the homeserver for something, as whoever a token is of.
    async fn asked(&self, token: &str, path: &str, body: Value) -> Result<(StatusCode, Value), Error> {
        // Another caller may have installed it already, which is just as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let away = |error: reqwest::Error| Error::Away(error.without_url().to_string());
        let http = Client::builder().no_proxy().timeout(TIMEOUT).build().map_err(away)?;
        let home = self.options.homeserver.trim_end_matches('/');
        let asking = http.post(format!("{home}/_matrix/client/v3/{path}"));
        let answer = asking.bearer_auth(token).json(&body).send().await.map_err(away)?;
        let status = answer.status();
        if status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS {
            return Err(Error::Away(status.to_string()));
        }
        Ok((status, answer.json().await.map_err(away)?))
    }
}

/// The homeserver said no; its code says why, and nothing of what was sent.
fn refused(what: &str, answer: &Value) -> Error {
    let code = answer["errcode"].as_str().unwrap_or("no reason");
    tracing::warn!(code, "the homeserver does not let the application service {what}");
    Error::Unauthorized
}
