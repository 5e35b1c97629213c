//! Users that the homeserver lets the house make for its characters, as an application service: one for each that is called.

use std::sync::Arc;
use std::time::Duration;

use matrix_account::{Credentials, Error, SavedSession};
use reqwest::{Client, StatusCode};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Value, json};
use tokio::time::Instant;

use super::logins::{Login, Voice};
use super::{Matrix, NAME};
use crate::db::meta;

/// Longest wait for one answer of the homeserver.
const TIMEOUT: Duration = Duration::from_secs(10);
/// How long an answer waits for its character's user to be made.
const MADE_WITHIN: Duration = Duration::from_secs(15);
/// Users that are made at most: each is one more sync, and one more device that messages are encrypted for.
const GHOSTS_MAX: usize = 50;
/// Where it is kept which characters have one.
const GHOSTS: &str = "matrix.ghosts";

/// What the homeserver lets the house do.
#[derive(Clone, Debug)]
pub struct Service {
    pub token: SecretString,
    /// What the names of its users begin with.
    pub prefix: String,
}

impl Matrix {
    /// Takes up the users that were made before.
    pub(super) async fn load_ghosts(self: &Arc<Self>) {
        let kept = meta::get(&self.house().db, GHOSTS).await.unwrap_or_default();
        let slugs: Vec<String> = kept.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default();
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
        let service = self.options.service.as_ref()?;
        let (_, server) = self.own.user.split_once(':')?;
        let user = format!("@{}{slug}:{server}", service.prefix);
        let store = self.options.ghosts.join(&user);
        let login = Login { slug: slug.to_owned(), user, password: None, store };
        Some(Arc::new(Voice::of_login(&login)))
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
        if let Some(saved) = saved.filter(|_| voice.store.exists()) {
            return Ok(Credentials::Token {
                token: saved.access_token().to_owned(),
                device: saved.device().to_owned(),
            });
        }
        let local = voice.user.trim_start_matches('@').split(':').next().unwrap_or_default();
        let kind = "m.login.application_service";
        let registered =
            self.asked(service, "register", json!({"type": kind, "username": local, "inhibit_login": true})).await?;
        if !registered.0.is_success() && registered.1["errcode"] != "M_USER_IN_USE" {
            return Err(Error::Unauthorized);
        }
        let login = json!({
            "type": kind, "identifier": {"type": "m.id.user", "user": local}, "initial_device_display_name": "Greenroom",
        });
        let (status, found) = self.asked(service, "login", login).await?;
        match (found["access_token"].as_str(), found["device_id"].as_str()) {
            (Some(token), Some(device)) if status.is_success() => {
                Ok(Credentials::Token { token: token.to_owned(), device: device.to_owned() })
            }
            _ => Err(Error::Unauthorized),
        }
    }

    /// Asks the homeserver for something as the application service.
    async fn asked(&self, service: &Service, path: &str, body: Value) -> Result<(StatusCode, Value), Error> {
        // Another caller may have installed it already, which is just as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let away = |error: reqwest::Error| Error::Away(error.without_url().to_string());
        let http = Client::builder().no_proxy().timeout(TIMEOUT).build().map_err(away)?;
        let home = self.options.homeserver.trim_end_matches('/');
        let asking = http.post(format!("{home}/_matrix/client/v3/{path}"));
        let answer = asking.bearer_auth(service.token.expose_secret()).json(&body).send().await.map_err(away)?;
        let status = answer.status();
        if status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS {
            return Err(Error::Away(status.to_string()));
        }
        Ok((status, answer.json().await.map_err(away)?))
    }
}
