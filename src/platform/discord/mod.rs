//! Discord: guild channels, threads, forums and direct messages.
//!
//! Events come over twilight's gateway as plain text, in order, and are read by types of our own ([`wire`]); requests go
//! out through a client of our own ([`rest`]). Why: `docs/decisions/0004-discord.md`.

mod attached;
mod channels;
mod commands;
mod content;
mod examine;
mod faces;
mod gateway;
mod intake;
mod interactions;
mod limits;
mod names;
mod proxies;
mod rest;
mod send;
mod services;
mod starts;
mod webhooks;
mod wire;

use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use dashmap::DashMap;
use reqwest::Method;
use secrecy::SecretString;
use tokio::time::Instant;

use crate::db::Db;
use crate::desk::Desk;
use crate::life::Life;
use crate::turn::Turns;

use channels::{Channels, Known};
pub use examine::{Examined, examine};
use rest::{Rest, RestError, Route};
pub use send::LIMITS;
pub use services::OwnService;
use webhooks::Webhooks;
use wire::{Flake, flake_of};

/// The platform's name: of its places, its accounts and its members.
pub const NAME: &str = "discord";

/// What Discord is connected with.
pub struct Options {
    pub token: SecretString,
    /// In place of `https://discord.com`.
    pub api_url: Option<String>,
    /// Whether the text of messages is asked for that do not mention the house.
    pub reads_messages: bool,
    /// In place of PluralKit's own address.
    pub pluralkit_url: Option<String>,
    /// For /plu/ral, which tells nobody anything without.
    pub plural_token: Option<SecretString>,
    /// Further services with PluralKit's interface.
    pub services: Vec<OwnService>,
    /// The only guild that commands are registered in, while they are worked on.
    pub dev_guild: Option<Flake>,
    /// Where others reach the house's own pages: pictures of characters are served below it.
    pub public_url: Option<String>,
}

/// Who the house is on Discord.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Me {
    pub user: Flake,
    pub application: Flake,
}

/// The house's connection to Discord.
pub struct Discord {
    rest: Arc<Rest>,
    me: OnceLock<Me>,
    channels: Channels,
    webhooks: Webhooks,
    /// When typing was last shown in a channel.
    typing: DashMap<Flake, Instant>,
    /// Why the house cannot stay on Discord.
    fatal: OnceLock<String>,
    faces: Arc<faces::Faces>,
    proxies: proxies::Proxies,
    shards: Mutex<Vec<Arc<gateway::Listening>>>,
    /// Lines of forms and buttons.
    lines: interactions::Lines,
    options: Options,
    life: Life,
    house: OnceLock<House>,
}

/// The parts of the house that events are handed to.
struct House {
    turns: Arc<Turns>,
    desk: Arc<Desk>,
    db: Db,
}

impl Discord {
    /// A connection that sends; it hears nothing before [`Self::start`].
    ///
    /// # Errors
    /// When the token has characters that no token has.
    pub fn new(options: Options, life: Life) -> anyhow::Result<Arc<Self>> {
        let rest = Arc::new(Rest::new(&options.token, options.api_url.as_deref())?);
        let services = services::Services::new(
            options.pluralkit_url.as_deref(),
            options.plural_token.as_ref(),
            &options.services,
        )?;
        Ok(Arc::new(Self {
            rest,
            me: OnceLock::new(),
            channels: Channels::default(),
            webhooks: Webhooks::default(),
            typing: DashMap::new(),
            fatal: OnceLock::new(),
            faces: Arc::default(),
            proxies: proxies::Proxies::new(services),
            shards: Mutex::default(),
            lines: interactions::Lines::default(),
            options,
            life,
            house: OnceLock::new(),
        }))
    }

    /// Connects and hands every event to the house until it stops.
    pub fn start(self: &Arc<Self>, turns: Arc<Turns>, desk: Arc<Desk>, db: Db) {
        let _ = self.house.set(House { turns, desk, db });
        let here = self.clone();
        self.life.spawn("discord", async move { here.run().await });
    }

    /// Why the house had to leave Discord, if it had to.
    pub fn fatal(&self) -> Option<&str> {
        self.fatal.get().map(String::as_str)
    }

    /// Whether the house is connected.
    pub fn is_ready(&self) -> bool {
        let shards = self.shards.lock().unwrap_or_else(PoisonError::into_inner);
        !shards.is_empty() && shards.iter().all(|shard| shard.is_connected()) && self.fatal.get().is_none()
    }

    fn house(&self) -> &House {
        self.house.get().expect("events come only after the start")
    }

    /// Asks Discord who the house is.
    async fn introduce(&self) -> Result<Me, RestError> {
        let user = self.rest.call(&Route::new(Method::GET, "users/@me", "GET users/@me"), None).await?;
        let application =
            self.rest.call(&Route::new(Method::GET, "applications/@me", "GET applications"), None).await?;
        let id = |value: &serde_json::Value| flake_of(&value["id"]).ok_or(RestError::Unsure("an answer without an id"));
        Ok(Me { user: id(&user)?, application: id(&application)? })
    }

    /// Fetches a file that somebody sent: from Discord, or from what stands in its place.
    async fn download(&self, url: &str, limit: usize) -> anyhow::Result<Vec<u8>> {
        match &self.options.api_url {
            Some(home) if url.starts_with(home.as_str()) => Ok(self.rest.download(url, limit).await?),
            _ => Ok(self.house().turns.outside.fetch(url, limit).await?),
        }
    }

    /// A channel, asked for where it is not known yet.
    async fn channel(&self, id: Flake) -> Result<Known, RestError> {
        if let Some(known) = self.channels.get(id) {
            self.know_guild(known.guild).await?;
            return Ok(known);
        }
        let found = self.rest.call(&Route::channel(Method::GET, &id.to_string(), ""), None).await?;
        let found: wire::Channel =
            serde_json::from_value(found).map_err(|_| RestError::Unsure("the answer is no channel"))?;
        let parent = found.parent_id.filter(|parent| self.channels.get(*parent).is_none());
        self.channels.add(&wire::Channel { id, ..found });
        let known = self.channels.get(id).ok_or(RestError::Unsure("the channel is of no use"))?;
        self.know_guild(known.guild).await?;
        // A thread is as private as its parent.
        if let Some(parent) = parent.filter(|_| known.is_thread()) {
            Box::pin(self.channel(parent)).await?;
        }
        Ok(known)
    }
}

impl Discord {
    /// Learns of a guild how private it is, where a session that went on did not say.
    async fn know_guild(&self, guild: Flake) -> Result<(), RestError> {
        if guild == 0 || self.channels.knows_guild(guild) {
            return Ok(());
        }
        let route = Route::new(Method::GET, format!("guilds/{guild}"), format!("GET guilds/{guild}"));
        let found = self.rest.call(&route, None).await?;
        let found: wire::Guild =
            serde_json::from_value(found).map_err(|_| RestError::Unsure("the answer is no guild"))?;
        self.channels.add_guild(&wire::Guild { id: guild, ..found });
        Ok(())
    }
}
