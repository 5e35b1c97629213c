//! The front ends that the settings name: made, and started where they are to run.

use std::path::Path;
use std::sync::Arc;

use super::{House, MATRIX_LOGINS, MATRIX_RECOVERY, MATRIX_STORE};
use crate::config::{Config, MatrixStreaming};
use crate::ops::CannotStart;
use crate::ops::http::Readiness;
use crate::platform::Platform;
use crate::platform::discord::{self, Discord};
use crate::platform::matrix::{self, Allowance, Inviter, Matrix};

type Tells<T> = Arc<dyn Fn() -> T + Send + Sync>;
type Starts = Box<dyn FnOnce(&House) + Send + Sync>;

/// One front end that is not started yet.
pub(super) struct Front {
    /// As `/readyz` names it.
    pub title: &'static str,
    /// The lease of its account, where gateways share the work.
    pub lease: &'static str,
    pub platform: Arc<dyn Platform>,
    /// Connects it and hands what is said there to the house.
    pub start: Starts,
    pub is_ready: Tells<bool>,
    /// Whether it had to leave for good.
    pub has_left: Tells<bool>,
}

impl Front {
    /// Makes `/readyz` ask for it, as long as `is_ours` says that this process is to be connected.
    pub(super) fn watched(&self, readiness: &Readiness, is_ours: impl Fn() -> bool + Send + Sync + 'static) {
        let is_ready = self.is_ready.clone();
        readiness.add(self.title, move || {
            let is_well = !is_ours() || is_ready();
            async move { if is_well { Ok(()) } else { Err("not connected yet".to_owned()) } }
        });
    }
}

/// Every front end that is configured.
pub(super) fn configured(config: &Config, house: &House) -> anyhow::Result<Vec<Front>> {
    let mut fronts = Vec::new();
    if let Some(options) = discord_options(config) {
        let made = Discord::new(options, house.life.clone()).map_err(|error| CannotStart(format!("{error:#}")))?;
        let (starts, ready, left) = (made.clone(), made.clone(), made.clone());
        fronts.push(Front {
            title: "Discord",
            lease: "account discord",
            platform: made,
            start: Box::new(move |house| starts.start(house.turns.clone(), house.desk.clone(), house.db.clone())),
            is_ready: Arc::new(move || ready.is_ready()),
            has_left: Arc::new(move || left.fatal().is_some()),
        });
    }
    if let Some(options) = matrix_options(config, &house.data_dir) {
        let made = Matrix::new(options, house.strongbox.clone(), house.life.clone());
        let (starts, ready, left) = (made.clone(), made.clone(), made.clone());
        fronts.push(Front {
            title: "Matrix",
            lease: "account matrix",
            platform: made,
            start: Box::new(move |house| starts.start(house.turns.clone(), house.desk.clone(), house.db.clone())),
            is_ready: Arc::new(move || ready.is_ready()),
            has_left: Arc::new(move || left.fatal().is_some()),
        });
    }
    #[cfg(feature = "testing")]
    fronts.extend(fake()?);
    Ok(fronts)
}

/// The fake platform, where the tests name one.
#[cfg(feature = "testing")]
fn fake() -> anyhow::Result<Option<Front>> {
    use crate::platform::fake::FakePlatform;

    let Some(url) = crate::testing::fake_platform() else { return Ok(None) };
    let made = Arc::new(FakePlatform::far(&url)?);
    let runs = made.clone();
    let start: Starts = Box::new(move |house| {
        let (turns, db) = (house.turns.clone(), house.db.clone());
        house.life.spawn("fake platform", async move {
            runs.run(&turns, &db, std::time::Duration::from_millis(20)).await;
        });
    });
    let (is_ready, has_left): (Tells<bool>, Tells<bool>) = (Arc::new(|| true), Arc::new(|| false));
    Ok(Some(Front { title: "fake platform", lease: "account fake", platform: made, start, is_ready, has_left }))
}

pub(super) fn matrix_options(config: &Config, data: &Path) -> Option<matrix::Options> {
    let settings = &config.matrix;
    let user = settings.user.clone()?;
    let inviters = settings.invites.iter().map(|inviter| match inviter.as_str() {
        "anyone" => Inviter::Anyone,
        "owners" => Inviter::Owners,
        user if user.starts_with('@') => Inviter::User(user.to_owned()),
        server => Inviter::Server(server.to_owned()),
    });
    let mut inviters: Vec<Inviter> = inviters.collect();
    if inviters.is_empty() {
        // The people the house lives among.
        let server = user.split_once(':').map(|(_, server)| Inviter::Server(server.to_owned()));
        inviters.extend(server.into_iter().chain([Inviter::Owners]));
    }
    let logins = settings.logins.iter().map(|login| matrix::Login {
        slug: login.slug.clone(),
        user: login.user.clone(),
        password: Some(login.password.clone()),
        store: data.join(MATRIX_LOGINS).join(&login.user),
    });
    Some(matrix::Options {
        homeserver: settings.homeserver.clone()?,
        password: settings.password.clone(),
        access: settings.access_token.clone().zip(settings.device_id.clone()),
        recovery_key: settings.recovery_key.clone(),
        store: data.join(MATRIX_STORE).join(&user),
        user,
        recovery_file: data.join(MATRIX_RECOVERY),
        inviters,
        logins: logins.collect(),
        service: settings.service.clone().map(|(token, prefix)| matrix::Service { token, prefix }),
        ghosts: data.join(MATRIX_LOGINS),
        streaming: match settings.streaming {
            MatrixStreaming::Off => None,
            MatrixStreaming::On => Some(Allowance::USUAL),
            MatrixStreaming::Fast => Some(Allowance::LIFTED),
        },
    })
}

pub(super) fn discord_options(config: &Config) -> Option<discord::Options> {
    let settings = &config.discord;
    Some(discord::Options {
        token: settings.token.clone()?,
        api_url: settings.api_url.clone(),
        reads_messages: settings.reads_messages,
        pluralkit_url: settings.pluralkit_api_url.clone(),
        plural_token: settings.plural_api_token.clone(),
        services: settings
            .proxies
            .iter()
            .map(|(name, application, url)| discord::OwnService {
                name: name.clone(),
                application: *application,
                url: url.clone(),
            })
            .collect(),
        dev_guild: settings.dev_guild,
        public_url: settings.public_url.clone(),
    })
}
