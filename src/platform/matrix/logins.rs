//! The house's accounts: its own, and the logins of characters that have one. Which of them hears a room, which one speaks
//! there, and that it stays the same however often something is sent.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, RwLock, RwLockReadGuard};
use std::time::Duration;

use dashmap::{DashMap, DashSet};
use matrix_account::{Account, Error, Event};
use secrecy::SecretString;
use tokio::time::Instant;

use super::content::Known;
use super::send::NOT_YET_MILLIS;
use super::{Matrix, NAME, Options, intake};
use crate::db::{self, dealt, meta};
use crate::domain::{PlaceRef, Privacy};
use crate::ops::metrics::{self, Connection};
use crate::platform::{Face, OnceKey, Part, Platform as _, SendError};

/// How long an answer waits for its character to come into the room: a homeserver that says no says so at once.
const BRING_WITHIN: Duration = Duration::from_secs(15);
/// How long answers wait for their characters to sign in, from when those begin.
const COMES_WITHIN: Duration = Duration::from_secs(30);
/// Tries of that, and the pause between them: an invitation may be told before the homeserver lets anybody in.
const BRING_TRIES: u32 = 3;
const BRING_PAUSE: Duration = Duration::from_millis(300);
/// How long a character that came into a room waits for its account to know that: until the sync after the one under way.
const LET_IN_WITHIN: Duration = Duration::from_secs(5);
const LET_IN_PAUSE: Duration = Duration::from_millis(100);
/// How long a character that could not come into a room is not brought there again.
const STAYS_OUT: Duration = Duration::from_secs(600);
/// Rooms that this is remembered of, events whose hearers are, and messages whose speakers are.
const KEPT_MAX: usize = 1_000;

/// How the homeserver says that there is no such event, or none that an account may see.
const NOT_FOUND: &str = "M_NOT_FOUND";

/// The account of a personality.
#[derive(Clone, Debug)]
pub struct Login {
    pub slug: String,
    /// `@abbey:example`
    pub user: String,
    /// `None`: the homeserver lets the house in without.
    pub password: Option<SecretString>,
    /// Folder of the account's own store.
    pub store: PathBuf,
}

/// An account of the house.
pub(super) struct Voice {
    /// The personality that it is; `None`: the house itself.
    pub slug: Option<String>,
    pub user: String,
    pub password: Option<SecretString>,
    pub access: Option<(SecretString, String)>,
    pub recovery_key: Option<SecretString>,
    pub store: PathBuf,
    /// While it is signed in.
    account: RwLock<Option<Account>>,
    is_ready: AtomicBool,
    /// Nothing helps but a person.
    is_lost: AtomicBool,
    /// What it is shown as: name and picture.
    shown: Mutex<Option<String>>,
    /// When it began to sign in.
    began: OnceLock<Instant>,
    /// Whether it has heard where things stand.
    has_come: AtomicBool,
}

impl Voice {
    /// The house's own.
    pub fn of_house(options: &Options) -> Self {
        let voice = Self::silent(options.user.clone(), options.password.clone(), options.store.clone());
        Self { access: options.access.clone(), recovery_key: options.recovery_key.clone(), ..voice }
    }

    pub fn of_login(login: &Login) -> Self {
        let voice = Self::silent(login.user.clone(), login.password.clone(), login.store.clone());
        Self { slug: Some(login.slug.clone()), ..voice }
    }

    /// One that has not signed in yet.
    fn silent(user: String, password: Option<SecretString>, store: PathBuf) -> Self {
        Self {
            slug: None,
            user,
            password,
            access: None,
            recovery_key: None,
            store,
            account: RwLock::default(),
            is_ready: AtomicBool::default(),
            is_lost: AtomicBool::default(),
            shown: Mutex::default(),
            began: OnceLock::new(),
            has_come: AtomicBool::default(),
        }
    }

    /// It signs in from now on.
    pub fn begin(&self) {
        let _ = self.began.set(Instant::now());
    }

    /// Whether it is about to hear for the first time which rooms it is in.
    fn is_coming(&self) -> bool {
        let is_late = || self.began.get().is_some_and(|began| began.elapsed() >= COMES_WITHIN);
        !self.has_come.load(Ordering::Relaxed) && !self.is_lost() && !is_late()
    }

    /// Whether it is a user that the house made as an application service.
    pub fn is_made(&self) -> bool {
        self.slug.is_some() && self.password.is_none()
    }

    pub fn account(&self) -> Option<Account> {
        self.account.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub fn signed_in(&self, account: &Account) {
        *self.account.write().unwrap_or_else(PoisonError::into_inner) = Some(account.clone());
    }

    pub fn is_ready(&self) -> bool {
        self.is_ready.load(Ordering::Relaxed)
    }

    pub fn set_ready(&self, is_ready: bool) {
        if self.is_ready.swap(is_ready, Ordering::Relaxed) != is_ready {
            metrics::connection(NAME, if is_ready { Connection::Made } else { Connection::Lost });
        }
        self.has_come.fetch_or(is_ready, Ordering::Relaxed);
    }

    pub fn lose(&self) {
        self.is_lost.store(true, Ordering::Relaxed);
    }

    pub fn is_lost(&self) -> bool {
        self.is_lost.load(Ordering::Relaxed)
    }

    fn forget_look(&self) {
        *self.shown.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// Whether it is in a room and hears it, as far as its account knows.
    fn is_in(&self, room: &str) -> bool {
        !self.is_lost() && self.account().is_some_and(|account| account.is_in(room))
    }
}

/// Whose a message of the house is.
pub(super) struct Author {
    pub user: String,
    /// `None`: that account is not the house's any more.
    pub account: Option<Account>,
}

/// Events and rooms that several accounts have to do with.
#[derive(Default)]
pub(super) struct Shared {
    /// Which account deals with an event, oldest first.
    taken: Mutex<VecDeque<(String, String)>>,
    /// Which account said a message, oldest first.
    spoken: Mutex<VecDeque<(String, String)>>,
    /// When the house's own account came into rooms, in Unix milliseconds.
    came: DashMap<String, i64>,
    /// Rooms that are being greeted.
    greeting: DashSet<String>,
    /// Since when an account could not be brought into a room.
    out: DashMap<(String, String), Instant>,
}

/// That a room is being greeted, while it is kept.
pub(super) struct Greeting<'a>(&'a DashSet<String>, String);

impl Drop for Greeting<'_> {
    fn drop(&mut self) {
        self.0.remove(&self.1);
    }
}

impl Shared {
    /// Begins to greet a room; `None`: another account of the house does.
    pub fn greets(&self, room: &str) -> Option<Greeting<'_>> {
        self.greeting.insert(room.to_owned()).then(|| Greeting(&self.greeting, room.to_owned()))
    }

    fn spoke(&self, message: &str, user: &str) {
        let mut spoken = self.spoken.lock().unwrap_or_else(PoisonError::into_inner);
        if spoken.len() >= KEPT_MAX {
            spoken.pop_front();
        }
        spoken.push_back((message.to_owned(), user.to_owned()));
    }

    fn speaker(&self, message: &str) -> Option<String> {
        let spoken = self.spoken.lock().unwrap_or_else(PoisonError::into_inner);
        spoken.iter().rev().find(|(id, _)| id == message).map(|(_, user)| user.clone())
    }

    /// Takes an event for an account; `false`: another one has it.
    fn takes(&self, event: &str, user: &str) -> bool {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, by)) = taken.iter().find(|(id, _)| id == event) {
            return by == user;
        }
        if taken.len() >= KEPT_MAX {
            taken.pop_front();
        }
        taken.push_back((event.to_owned(), user.to_owned()));
        true
    }
}

impl Matrix {
    /// Whether a personality speaks through a login of its own now.
    pub fn speaks_as(&self, slug: &str) -> bool {
        self.login_of(slug).is_some_and(|voice| voice.is_ready())
    }

    fn has_logins(&self) -> bool {
        self.options.service.is_some() || !self.logins().is_empty()
    }

    fn logins(&self) -> RwLockReadGuard<'_, Vec<Arc<Voice>>> {
        self.logins.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Has one more account.
    pub(super) fn add_login(&self, voice: Arc<Voice>) {
        self.logins.write().unwrap_or_else(PoisonError::into_inner).push(voice);
    }

    pub(super) fn login_of(&self, slug: &str) -> Option<Arc<Voice>> {
        self.logins().iter().find(|voice| voice.slug.as_deref() == Some(slug)).cloned()
    }

    /// All accounts, the house's own first.
    pub(super) fn voices(&self) -> Vec<Arc<Voice>> {
        [&self.own].into_iter().chain(&*self.logins()).cloned().collect()
    }

    fn voice_of(&self, user: &str) -> Option<Arc<Voice>> {
        self.voices().into_iter().find(|voice| voice.user == user)
    }

    /// Whether it is the house's own account.
    pub(super) fn is_house(&self, account: &Account) -> bool {
        self.voice_of(&account.user()).is_none_or(|voice| voice.slug.is_none())
    }

    /// The account that hears a room and says the house's own lines there: the house's, or a login's where that one is not.
    pub(super) fn host_of(&self, room: &str) -> Option<Account> {
        let is_there = self.voices().into_iter().find(|voice| voice.is_in(room));
        is_there.and_then(|voice| voice.account()).or_else(|| self.own.account())
    }

    /// Whether none of the house's accounts is in a room.
    pub(super) fn is_gone_from(&self, room: &str) -> bool {
        !self.voices().iter().any(|voice| voice.is_in(room))
    }

    /// Notes that the house's own account came into a room.
    pub(super) fn house_came(&self, room: &str) {
        if self.has_logins() {
            if self.shared.came.len() >= KEPT_MAX {
                self.shared.came.clear();
            }
            self.shared.came.insert(room.to_owned(), self.house().turns.clock.now().0);
        }
    }

    /// Whether an account is the one that deals with what is said in a room: one of those that hear it.
    pub(super) fn is_ear(&self, account: &Account, event: &Event) -> bool {
        if !self.has_logins() {
            return true;
        }
        let me = account.user();
        // What was said before the house came, only those heard who were there; what both heard, one takes.
        let is_from_before = || self.shared.came.get(&event.room).is_some_and(|came| event.at <= *came);
        self.host_of(&event.room).is_none_or(|host| host.user() == me) || is_from_before()
    }

    /// Takes an event for an account; `false`: another one of the house deals with it.
    pub(super) fn takes(&self, account: &Account, event: &Event) -> bool {
        !self.has_logins() || self.shared.takes(&event.id, &account.user())
    }

    /// The personality that is spoken to by being in a room with its login alone.
    pub(super) fn addressed(&self, account: &Account, place: &PlaceRef) -> Option<String> {
        let is_direct = place.privacy == Privacy::Direct;
        self.voice_of(&account.user()).filter(|_| is_direct).and_then(|voice| voice.slug.clone())
    }

    /// The house's accounts as people in a room know them.
    pub(super) async fn known_as(&self, account: &Account, room: &str) -> Vec<Known> {
        let mut found = Vec::new();
        for voice in self.voices() {
            let shown = account.name_in(room, &voice.user).await;
            let name = || {
                let names = self.house().turns.directory.names();
                names.of_slug(voice.slug.as_ref()?).map(|personality| personality.file.name.clone())
            };
            let name = shown.or_else(name).unwrap_or_default();
            found.push(Known { user: voice.user.clone(), name, slug: voice.slug.clone() });
        }
        found
    }

    /// The account that says a part: decided once, and then the same for every further try, also after a restart; and whether
    /// it was decided just now, so that nothing was tried before.
    pub(super) async fn mouth(&self, room: &str, part: &Part, once: &OnceKey) -> Result<(Account, bool), SendError> {
        const NOT_YET: SendError = SendError::RateLimited { after_millis: NOT_YET_MILLIS };
        if !self.has_logins() {
            return self.own.account().map(|own| (own, false)).ok_or(NOT_YET);
        }
        // Who the house is, is not known before.
        if self.own.account().is_none() {
            return Err(NOT_YET);
        }
        let decided = self.decided(once).await.map_err(|error| unsure(&error))?;
        // An account that is gone for good says nothing any more.
        let decided = decided.as_deref().and_then(|user| self.voice_of(user)).filter(|voice| !voice.is_lost());
        if let Some(voice) = decided {
            return voice.account().map(|account| (account, false)).ok_or(NOT_YET);
        }
        let login = match self.login_of(&part.face.slug) {
            _ if part.is_notice => None,
            None => self.called_ghost(&part.face.slug).await,
            login => login,
        };
        let account = match login {
            Some(login) if login.is_coming() => return Err(NOT_YET),
            Some(login) => self.brought(&login, room).await,
            None => None,
        };
        let account = account.or_else(|| self.host_of(room)).ok_or(NOT_YET)?;
        self.decide(once, Choice::First, &account.user()).await.map_err(|error| unsure(&error))?;
        Ok((account, true))
    }

    /// Whether a character that was not let speak is in the room after all: a sync that was under way when it came in knows
    /// of its invitation only.
    pub(super) async fn is_let_in(&self, account: &Account, room: &str) -> bool {
        if self.is_house(account) || account.is_in(room) {
            return false;
        }
        let began = Instant::now();
        while !account.is_in(room) {
            if began.elapsed() > LET_IN_WITHIN {
                return false;
            }
            tokio::time::sleep(LET_IN_PAUSE).await;
        }
        true
    }

    /// Who says a part after the first try of its character was not let through; `None`: nobody else.
    pub(super) async fn instead(&self, room: &str, of: &Account, once: &OnceKey) -> Result<Option<Account>, SendError> {
        if self.is_house(of) {
            return Ok(None);
        }
        let own = self.own.account().filter(|own| own.is_in(room));
        if let Some(own) = &own {
            self.decide(once, Choice::Instead, &own.user()).await.map_err(|error| unsure(&error))?;
        }
        Ok(own)
    }

    /// The user that was decided on for what is sent under a key.
    async fn decided(&self, once: &OnceKey) -> Result<Option<String>, db::Error> {
        let last = dealt::last(&self.house().db, &mouth_key(once)).await?;
        Ok(last.and_then(|last| last.split_once(' ').map(|(_, user)| user.to_owned())))
    }

    async fn decide(&self, once: &OnceKey, choice: Choice, user: &str) -> Result<(), db::Error> {
        let (key, choice, now) = (mouth_key(once), format!("{} {user}", choice as u8), self.house().turns.clock.now());
        let deciding =
            self.house().db.write(move |tx| Box::pin(async move { dealt::claim(tx, &key, &choice, now).await }));
        deciding.await.map(|_| ())
    }

    /// The account of a character that is in a room, or comes into it now; `None`: it cannot.
    async fn brought(&self, login: &Voice, room: &str) -> Option<Account> {
        let account = login.account().filter(|_| !login.is_lost())?;
        if account.is_in(room) {
            return Some(account);
        }
        let key = (login.user.clone(), room.to_owned());
        if self.shared.out.get(&key).is_some_and(|since| since.elapsed() < STAYS_OUT) {
            return None;
        }
        let bringing = async {
            // Whoever was sent away by people is not brought back by us.
            if meta::get(&self.house().db, &away_key(&login.user, room)).await.ok()?.is_some() {
                return None;
            }
            let host = self.host_of(room)?;
            // It may be invited already, or the room may be open to everybody.
            if let Err(error) = host.invite(room, &login.user).await {
                tracing::info!(error = %error, room, "a character's login cannot be invited");
            }
            let host = host.user();
            let server = host.split_once(':').map(|(_, server)| server);
            for _ in 0..BRING_TRIES {
                if account.join(room, server).await.is_ok() {
                    return Some(());
                }
                tokio::time::sleep(BRING_PAUSE).await;
            }
            None
        };
        if tokio::time::timeout(BRING_WITHIN, bringing).await.ok().flatten().is_some() {
            self.shared.out.remove(&key);
            return Some(account);
        }
        if self.shared.out.len() >= KEPT_MAX {
            self.shared.out.retain(|_, since| since.elapsed() < STAYS_OUT);
        }
        self.shared.out.insert(key, Instant::now());
        None
    }

    /// Notes that people sent one of the characters' logins out of a room.
    pub(super) async fn sent_away(&self, account: &Account, event: &Event) {
        if !self.is_house(account) && !self.family.has(&event.sender) {
            let noting = self.stored("matrix login", || {
                let key = away_key(&account.user(), &event.room);
                self.house().db.write(move |tx| Box::pin(async move { meta::set(tx, &key, "sent away").await }))
            });
            noting.await;
        }
    }

    /// A character's login came into a room: somebody wants it there. `false`: the house leaves before that is noted.
    pub(super) async fn login_came(&self, account: &Account, room: &str) -> bool {
        self.shared.out.remove(&(account.user(), room.to_owned()));
        let noting = self.stored("matrix login", || {
            let key = away_key(&account.user(), room);
            self.house().db.write(move |tx| Box::pin(async move { meta::remove(tx, &key).await }))
        });
        noting.await.is_some()
    }

    /// Notes which account said a message.
    pub(super) fn spoke(&self, message: &str, account: &Account) {
        if self.has_logins() {
            self.shared.spoke(message, &account.user());
        }
    }

    /// The account that said a message, as far as this process knows.
    pub(super) fn speaker_of(&self, message: &str) -> Option<Account> {
        if !self.has_logins() {
            return self.own.account();
        }
        self.shared.speaker(message).and_then(|user| self.voice_of(&user)).and_then(|voice| voice.account())
    }

    /// The house's accounts that are in a room, its own first.
    pub(super) fn accounts_in(&self, room: &str) -> Vec<Account> {
        self.voices().iter().filter(|voice| voice.is_in(room)).filter_map(|voice| voice.account()).collect()
    }

    /// Whose a message of the house is.
    pub(super) async fn author(&self, room: &str, message: &str) -> Result<Author, SendError> {
        const NOT_YET: SendError = SendError::RateLimited { after_millis: NOT_YET_MILLIS };
        let user = match self.shared.speaker(message) {
            _ if !self.has_logins() => Some(self.own.user.clone()),
            Some(user) => Some(user),
            None => self.sender_of(room, message).await?,
        };
        let Some(user) = user else { return Err(SendError::Gone) };
        let voice = self.voice_of(&user).filter(|voice| !voice.is_lost());
        let account = voice.map(|voice| voice.account().ok_or(NOT_YET)).transpose()?;
        Ok(Author { user, account })
    }

    /// Who sent a message, as the homeserver says to those of the house's accounts that are there; `None`: nobody of them can
    /// see it.
    async fn sender_of(&self, room: &str, message: &str) -> Result<Option<String>, SendError> {
        let mut is_sure = true;
        for account in self.accounts_in(room) {
            match account.event(room, message).await {
                Ok(Some(said)) => return Ok(Some(said.sender)),
                Ok(None) | Err(Error::Unauthorized) => {}
                Err(Error::Away(why)) if why == NOT_FOUND => {}
                Err(_) => is_sure = false,
            }
        }
        if is_sure { Ok(None) } else { Err(SendError::Unsure("nobody says whose it is".to_owned())) }
    }

    /// The account that shows that a face writes in a room.
    pub(super) fn writer(&self, room: &str, face: &Face) -> Option<Account> {
        let login = self.login_of(&face.slug).filter(|login| !login.is_lost() && login.is_in(room));
        login.and_then(|login| login.account()).or_else(|| self.host_of(room))
    }

    /// Whether an account is the face itself.
    pub(super) fn is_itself(&self, account: &Account, face: &Face) -> bool {
        self.login_of(&face.slug).is_some_and(|login| login.user == account.user())
    }

    /// Tells those who run the house once that a character cannot use its account.
    pub(super) async fn tell_owners(self: &Arc<Self>, voice: &Voice) {
        let (turns, key) = (self.house().turns.clone(), told_key(&voice.user));
        let told = self.stored("matrix login", || meta::get(&self.house().db, &key)).await;
        if told != Some(None) {
            return;
        }
        let at = turns.clock.now().0;
        let noting = self.stored("matrix login", || {
            let key = key.clone();
            self.house().db.write(move |tx| Box::pin(async move { meta::set(tx, &key, &at.to_string()).await }))
        });
        if noting.await.is_none() {
            return;
        }
        let name = {
            let names = turns.directory.names();
            let slug = voice.slug.clone().unwrap_or_default();
            names.of_slug(&slug).map_or(slug, |personality| personality.file.name.clone())
        };
        let owners = turns.settings.owners.iter().filter_map(|owner| owner.strip_prefix(NAME)?.strip_prefix(':'));
        for owner in owners {
            let to = intake::identity(owner);
            let locale = self.house().desk.locale_of_identity(&to).await;
            let args = [("name", name.clone().into()), ("user", voice.user.clone().into())];
            let text = turns.texts.say(&locale, "matrix-login-lost", &args);
            if let Err(error) = self.whisper(&to, &text, &OnceKey(format!("{key} {at} {owner}"))).await {
                tracing::info!(error = %error, "an owner could not be told that a login cannot be used");
            }
        }
    }

    /// An account can be used: when it cannot any more, that is told again.
    pub(super) async fn is_used_again(&self, voice: &Voice) {
        if voice.slug.is_none() {
            return;
        }
        let noting = self.stored("matrix login", || {
            let key = told_key(&voice.user);
            self.house().db.write(move |tx| Box::pin(async move { meta::remove(tx, &key).await }))
        });
        noting.await;
    }

    /// Shows a login with the name and the picture of its personality, if it is not yet; nobody waits for it.
    pub(super) fn wear(self: &Arc<Self>, voice: &Arc<Voice>, face: Face) {
        let Some(account) = voice.account() else { return };
        let look = format!("{}\n{}", face.name, face.avatar.as_deref().unwrap_or_default());
        let mut shown = voice.shown.lock().unwrap_or_else(PoisonError::into_inner);
        if shown.as_ref() == Some(&look) {
            return;
        }
        *shown = Some(look.clone());
        drop(shown);
        let (here, voice, key) = (self.clone(), voice.clone(), format!("matrix.shown {}", voice.user));
        self.life.spawn("matrix look", async move {
            let db = &here.house().db;
            if meta::get(db, &key).await.ok().flatten().as_ref() == Some(&look) {
                return;
            }
            let picture = here.picture(&account, &face).await;
            if let Err(error) = account.show_as(&face.name, picture.as_deref()).await {
                voice.forget_look();
                return tracing::warn!(error = %error, "a character's login cannot be shown as it is called");
            }
            let writing = db.write(move |tx| Box::pin(async move { meta::set(tx, &key, &look).await }));
            if let Err(error) = writing.await {
                crate::ops_error("matrix look", &error);
            }
        });
    }

    /// Shows a login that was just signed in as its personality.
    pub(super) fn wear_own(self: &Arc<Self>, voice: &Arc<Voice>) {
        let Some(slug) = &voice.slug else { return };
        let names = self.house().turns.directory.names();
        match names.of_slug(slug) {
            Some(one) => {
                let face = Face { name: one.file.name.clone(), slug: slug.clone(), avatar: one.avatar.clone() };
                self.wear(voice, face);
            }
            None => tracing::warn!(slug, "MATRIX_LOGINS has a login of a personality that there is not"),
        }
    }

    /// Shows the login of a face as that face looks now.
    pub(super) fn wear_face(&self, face: &Face) {
        if let (Some(here), Some(voice)) = (self.me.upgrade(), self.login_of(&face.slug)) {
            here.wear(&voice, face.clone());
        }
    }
}

/// Which choice of a mouth it is; a later one stands.
#[derive(Clone, Copy, Debug)]
enum Choice {
    First = 1,
    /// After the first one was not let speak.
    Instead = 2,
}

/// Where the choice of a mouth is kept.
fn mouth_key(once: &OnceKey) -> String {
    format!("{NAME} mouth {}", once.0)
}

/// Where it is kept that a login was sent out of a room.
fn away_key(user: &str, room: &str) -> String {
    format!("matrix.away {user} {room}")
}

/// Where it is kept that owners know of an account that cannot be used.
fn told_key(user: &str) -> String {
    format!("matrix.login lost {user}")
}

fn unsure(error: &db::Error) -> SendError {
    SendError::Unsure(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_that_several_accounts_hear_is_taken_by_one() {
        let shared = Shared::default();
        assert!(shared.takes("$1", "@house:x") && !shared.takes("$1", "@abbey:x") && shared.takes("$2", "@abbey:x"));
        assert!(shared.takes("$1", "@house:x"), "what comes again is heard again by the same");
        (0..KEPT_MAX).for_each(|n| assert!(shared.takes(&format!("${n} more"), "@house:x")));
        assert!(shared.taken.lock().unwrap().len() <= KEPT_MAX);
    }
}
