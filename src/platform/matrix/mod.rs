//! Matrix: rooms, threads and direct conversations, encrypted or not, through one account of the house.
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
mod intake;
mod invites;
mod late;
mod rooms;
mod send;
mod spoken;

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock, PoisonError, RwLock};

use dashmap::DashMap;
use matrix_account::Account;
pub use matrix_account::Allowance;
use secrecy::SecretString;
use tokio::sync::Notify;
use tokio::time::Instant;

use crate::db::Db;
use crate::desk::Desk;
use crate::life::Life;
use crate::strongbox::Strongbox;
use crate::turn::Turns;

pub use examine::{Examined, examine};
pub use invites::Inviter;

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
    /// How fast the homeserver lets the account send, for answers that are shown while they are written; `None`: they are
    /// shown when they are finished.
    pub streaming: Option<Allowance>,
}

/// The house's connection to Matrix.
pub struct Matrix {
    options: Options,
    strongbox: Strongbox,
    life: Life,
    /// The account while it is signed in.
    account: RwLock<Option<Account>>,
    is_ready: AtomicBool,
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
        Arc::new(Self {
            options,
            strongbox,
            life,
            account: RwLock::default(),
            is_ready: AtomicBool::default(),
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
        let here = self.clone();
        self.life.spawn("matrix", async move { here.run().await });
    }

    /// Why the house had to leave Matrix, if it had to.
    pub fn fatal(&self) -> Option<&str> {
        self.fatal.get().map(String::as_str)
    }

    /// Whether the house hears what is said.
    pub fn is_ready(&self) -> bool {
        self.is_ready.load(Ordering::Relaxed) && self.fatal.get().is_none()
    }

    fn house(&self) -> &House {
        self.house.get().expect("events come only after the start")
    }

    /// The account, if it is signed in.
    fn account(&self) -> Option<Account> {
        self.account.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn give_up(&self, why: &str) {
        tracing::error!("leaving Matrix: {why}");
        let _ = self.fatal.set(why.to_owned());
        self.is_ready.store(false, Ordering::Relaxed);
        // Whoever runs the house is to learn of it, and other platforms start again with it.
        self.life.soft().cancel();
    }
}
