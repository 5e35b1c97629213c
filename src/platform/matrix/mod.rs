//! Matrix: rooms, threads and direct conversations, encrypted or not, through one account of the house and, for characters
//! that have one, logins of their own.
//!
//! The account itself, its keys and its syncs are the package `matrix-account`; here is what is made of them.
//! Why: `docs/decisions/0005-matrix.md`.

mod buttons;
mod commands;
mod content;
mod described;
mod examine;
mod forms;
mod gateway;
mod ghosts;
mod intake;
mod invites;
mod late;
mod logins;
mod rooms;
mod send;
mod spoken;

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock, RwLock, Weak};

use dashmap::DashMap;
pub use matrix_account::Allowance;
use matrix_account::{Account, Family};
use secrecy::SecretString;
use tokio::sync::Notify;
use tokio::time::Instant;

use self::logins::Voice;
use crate::db::Db;
use crate::desk::Desk;
use crate::life::Life;
use crate::strongbox::Strongbox;
use crate::turn::Turns;

pub use examine::{Examined, examine};
pub use ghosts::{Service, made_users};
pub use invites::Inviter;
pub use logins::Login;
pub use send::LIMITS;

/// The platform's name: of its places, its accounts and its members.
pub const NAME: &str = "matrix";

/// What Matrix is connected with.
pub struct Options {
    /// `https://matrix.example`
    pub homeserver: String,
    /// `@house:example`
    pub user: String,
    pub password: Option<SecretString>,
    /// An access token and the device it is of.
    pub access: Option<(SecretString, String)>,
    /// What brings the account's secrets back, where the house does not know it itself.
    pub recovery_key: Option<SecretString>,
    /// Folder of the account's own store.
    pub store: PathBuf,
    /// File that a new recovery key is shown in, once.
    pub recovery_file: PathBuf,
    /// Whose invitations are accepted.
    pub inviters: Vec<Inviter>,
    /// Accounts of characters that do not speak through the house's.
    pub logins: Vec<Login>,
    /// Where the homeserver lets the house make users for its characters.
    pub service: Option<Service>,
    /// Folder with a store for each of those.
    pub ghosts: PathBuf,
    /// How fast the homeserver lets the account send, for answers that are shown while they are written; `None`: they are
    /// shown when they are finished.
    pub streaming: Option<Allowance>,
}

/// The house's connection to Matrix.
pub struct Matrix {
    options: Options,
    strongbox: Strongbox,
    life: Life,
    me: Weak<Self>,
    /// The house's own account.
    own: Arc<Voice>,
    /// Those of characters.
    logins: RwLock<Vec<Arc<Voice>>>,
    /// Characters that had users made for them, while another one is.
    ghosts: tokio::sync::Mutex<Vec<String>>,
    /// Everybody that the house is.
    family: Family,
    shared: logins::Shared,
    /// Why the house cannot stay on Matrix.
    fatal: OnceLock<String>,
    house: OnceLock<House>,
    /// Users that the account's owner wants to hear nothing of.
    ignored: RwLock<HashSet<String>>,
    /// When typing was last shown in a room.
    typing: DashMap<String, Instant>,
    /// Where the homeserver keeps the pictures of characters, by their files.
    pictures: DashMap<String, String>,
    late: late::Late,
    /// Told when keys may have come.
    keys_came: Notify,
    forms: forms::Forms,
    buttons: buttons::Buttons,
    describing: described::Describing,
}

/// The parts of the house that events are handed to.
struct House {
    turns: Arc<Turns>,
    desk: Arc<Desk>,
    db: Db,
}

impl Matrix {
    /// A connection that hears and says nothing before [`Self::start`].
    pub fn new(options: Options, strongbox: Strongbox, life: Life) -> Arc<Self> {
        let family = Family::default();
        let own = Arc::new(Voice::of_house(&options));
        let logins: Vec<_> = options.logins.iter().map(|login| Arc::new(Voice::of_login(login))).collect();
        [&own].into_iter().chain(&logins).for_each(|voice| family.add(&voice.user));
        Arc::new_cyclic(|me| Self {
            options,
            strongbox,
            life,
            me: me.clone(),
            own,
            logins: RwLock::new(logins),
            ghosts: tokio::sync::Mutex::default(),
            family,
            shared: logins::Shared::default(),
            fatal: OnceLock::new(),
            house: OnceLock::new(),
            ignored: RwLock::default(),
            typing: DashMap::new(),
            pictures: DashMap::new(),
            late: late::Late::default(),
            keys_came: Notify::new(),
            forms: forms::Forms::default(),
            buttons: buttons::Buttons::default(),
            describing: described::Describing::default(),
        })
    }

    /// Signs in and hands every event to the house until it stops.
    pub fn start(self: &Arc<Self>, turns: Arc<Turns>, desk: Arc<Desk>, db: Db) {
        let _ = self.house.set(House { turns, desk, db });
        for voice in self.voices() {
            let here = self.clone();
            self.life.spawn("matrix", async move { here.run(&voice).await });
        }
    }

    /// Why the house had to leave Matrix, if it had to.
    pub fn fatal(&self) -> Option<&str> {
        self.fatal.get().map(String::as_str)
    }

    /// Whether the house hears what is said.
    pub fn is_ready(&self) -> bool {
        self.own.is_ready() && self.fatal.get().is_none()
    }

    fn house(&self) -> &House {
        self.house.get().expect("events come only after the start")
    }

    /// The house's own account, if it is signed in.
    fn account(&self) -> Option<Account> {
        self.own.account()
    }

    fn give_up(&self, why: &str) {
        tracing::error!("leaving Matrix: {why}");
        let _ = self.fatal.set(why.to_owned());
        self.own.set_ready(false);
        // Whoever runs the house is to learn of it, and other platforms start again with it.
        self.life.soft().cancel();
    }
}
