//! Listening: one sync after the other, each taken in before the house goes on behind it.

use std::collections::VecDeque;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::sync::Arc;
use std::time::Duration;

use matrix_account::{Account, Credentials, Error, Event, Heard, Invite, SavedSession, Secured, SignIn};
use secrecy::{ExposeSecret as _, SecretString};

use super::logins::Voice;
use super::{Matrix, NAME};
use crate::crash;
use crate::db::{self, dealt, meta};
use crate::platform::lanes::{Lanes, Progress, UnderWay};
use crate::strongbox::StrongboxError;

/// Longest wait of one sync for something to happen.
const SYNC_WAIT: Duration = Duration::from_secs(30);
/// First wait before the homeserver is asked again; doubles up to [`WAIT_MAX`].
const FIRST_WAIT: Duration = Duration::from_millis(250);
const WAIT_MAX: Duration = Duration::from_secs(5);
/// How often it is written down how far everything was taken in, while there is something to write.
const WRITE_DOWN: Duration = Duration::from_millis(500);
/// Syncs that may be taken in at a time.
const OPEN_MAX: usize = 200;
/// How long a stop waits for what is being taken in.
const GOODBYE: Duration = Duration::from_secs(3);
/// Wait before the account's identity is made or brought back again.
const SECURE_AGAIN: Duration = Duration::from_secs(300);
/// What others see the device called.
pub(super) const DEVICE_NAME: &str = "Greenroom";

/// Names of the house's secrets.
pub(super) const SESSION: &str = "matrix.session";
const STORE_KEY: &str = "matrix.store";
pub(super) const RECOVERY: &str = "matrix.recovery";

/// Why listening ended.
enum Ended {
    /// The house stops.
    Leaving,
    /// The device has to sign in again.
    SignIn,
    /// Nothing helps but a person.
    Fatal(Error),
}

/// What an account signs in as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Device {
    /// The one that it was, if it was one.
    Same,
    Another,
}

/// An event on its way in; what holds it back from counting as heard.
type Waiting = (Event, Arc<UnderWay>);

/// How far the syncs were taken in.
#[derive(Default)]
struct Reached {
    progress: Arc<Progress>,
    /// Tokens of syncs that are not written down yet, by their numbers.
    tokens: VecDeque<(u64, String)>,
}

impl Reached {
    /// The token behind which everything is taken in, if there is a newer one.
    fn next(&mut self) -> Option<String> {
        let safe = self.progress.safe();
        let mut found = None;
        while self.tokens.front().is_some_and(|(number, _)| *number <= safe) {
            found = self.tokens.pop_front().map(|(_, token)| token);
        }
        found
    }
}

impl Matrix {
    /// Keeps one of the house's accounts signed in, and listens with it.
    pub(super) async fn run(self: Arc<Self>, voice: &Arc<Voice>) {
        let (soft, mut wait) = (self.life.soft(), FIRST_WAIT);
        if voice.slug.is_none() {
            self.load_ignored().await;
            self.load_late().await;
            self.load_ghosts().await;
        } else {
            // Which rooms the house itself hears has to be known first.
            while !self.own.is_ready() {
                if soft.run_until_cancelled(tokio::time::sleep(FIRST_WAIT)).await.is_none() {
                    return;
                }
            }
        }
        voice.begin();
        // A user that was made needs nobody's word to become another device, once.
        let (mut device, mut is_spare) = (Device::Same, voice.is_made());
        while !soft.is_cancelled() {
            let ended = match self.sign_in(voice, device).await {
                Ok((account, token)) => {
                    (wait, device) = (FIRST_WAIT, Device::Same);
                    tracing::info!(user = account.user(), "signed in to Matrix");
                    // The homeserver knows best what an account is called.
                    self.family.add(&account.user());
                    if voice.slug.is_some() && account.user() != voice.user {
                        return self.give_voice_up(voice, &Error::Unauthorized).await;
                    }
                    voice.signed_in(&account);
                    self.wear_own(voice);
                    self.is_used_again(voice).await;
                    let ended = self.listen(voice, &account, token).await;
                    voice.set_ready(false);
                    ended
                }
                Err(error) if fatal(&error).is_some() => Ended::Fatal(error),
                Err(error) => {
                    tracing::warn!(error = %error, user = voice.user, "Matrix cannot be signed in to; trying again");
                    Ended::SignIn
                }
            };
            match ended {
                Ended::Leaving => return,
                Ended::SignIn => {}
                Ended::Fatal(Error::SignedOut | Error::StoreLost) if is_spare => {
                    tracing::warn!(user = voice.user, "a made user's device is gone; signing in as another one");
                    (device, is_spare) = (Device::Another, false);
                }
                Ended::Fatal(error) => return self.give_voice_up(voice, &error).await,
            }
            if soft.run_until_cancelled(tokio::time::sleep(wait)).await.is_none() {
                return;
            }
            wait = (wait * 2).min(WAIT_MAX);
        }
    }

    /// Goes without an account that no waiting helps: a character speaks through the house's then.
    async fn give_voice_up(self: &Arc<Self>, voice: &Arc<Voice>, error: &Error) {
        let Some(slug) = &voice.slug else {
            return self.give_up(&fatal(error).unwrap_or_else(|| error.to_string()));
        };
        let user = &voice.user;
        if voice.is_made() {
            tracing::error!(
                error = %error, slug, user,
                "the homeserver lets the house not use a character's user, and it speaks through the house's account: \
                 see that MATRIX_APPSERVICE is the registration that the homeserver has, and that nobody locked the user"
            );
        } else {
            tracing::error!(
                error = %error, slug, user,
                "a character's login cannot be used, and it speaks through the house's account: correct its line in \
                 MATRIX_LOGINS, or delete its folder below matrix.logins in the data directory to sign in as a new device"
            );
        }
        voice.lose();
        self.tell_owners(voice).await;
    }

    /// Signs in as the device that the house was, or as a new one; and how far that one has heard.
    async fn sign_in(&self, voice: &Voice, device: Device) -> Result<(Account, Option<String>), Error> {
        let store_failed = |error: &dyn std::fmt::Display| Error::Away(error.to_string());
        let saved = self.secret(voice, SESSION).await.map_err(|error| store_failed(&error))?;
        let read = saved.map(|saved| serde_json::from_str::<SavedSession>(saved.expose_secret())).transpose();
        // A store without its session would be thrown away.
        let saved = read.map_err(|_| Error::Store("the session that was kept cannot be read".to_owned()))?;
        let saved = match saved {
            Some(lost) if device == Device::Another => {
                self.sign_out(&lost).await;
                None
            }
            saved => saved,
        };
        let credentials = match (&voice.access, &voice.password) {
            (Some((token, device)), _) => {
                Credentials::Token { token: token.expose_secret().to_owned(), device: device.clone() }
            }
            (None, Some(password)) => Credentials::Password(password.expose_secret().to_owned()),
            (None, None) => self.as_ghost(voice, saved.as_ref()).await?,
        };
        let how = SignIn {
            homeserver: self.options.homeserver.clone(),
            user: voice.user.clone(),
            credentials,
            store: voice.store.clone(),
            store_key: self.store_key(voice).await?,
            device_name: DEVICE_NAME.to_owned(),
            family: self.family.clone(),
        };
        let saved = match &how.credentials {
            // Another device was named since, or the same with a newer token.
            Credentials::Token { token, device } => {
                saved.filter(|saved| saved.device() == device).map(|saved| saved.with_token(token))
            }
            Credentials::Password(_) => saved,
        };
        let db = &self.house().db;
        let token = meta::get(db, &token_key(voice)).await.map_err(|error| store_failed(&error))?;
        let signed_in = match Account::sign_in(&how, saved.clone(), token.as_deref()).await {
            Err(Error::SignedOutSoftly) if saved.is_some() => {
                let Some(saved) = saved else { return Err(Error::Unauthorized) };
                let renewed = self.renewed(voice, &how, &saved).await?;
                Account::sign_in(&how, Some(renewed), token.as_deref()).await?
            }
            signed_in => signed_in?,
        };
        crash::point("signed in to Matrix");
        self.keep_session(voice, &signed_in.session).await?;
        if let Err(error) = signed_in.account.check().await {
            if !matches!(error, Error::SignedOutSoftly) {
                return Err(error);
            }
            let renewed = self.renewed(voice, &how, &signed_in.session).await?;
            drop(signed_in);
            let again = Account::sign_in(&how, Some(renewed), token.as_deref()).await?;
            return Ok((again.account, token));
        }
        if signed_in.is_new {
            let key = token_key(voice);
            let forgetting = db.write(move |tx| Box::pin(async move { meta::remove(tx, &key).await }));
            forgetting.await.map_err(|error| store_failed(&error))?;
        }
        let token = token.filter(|_| !signed_in.is_new);
        Ok((signed_in.account, token))
    }

    /// The same device with another access token, after it was signed out softly; kept.
    async fn renewed(&self, voice: &Voice, how: &SignIn, saved: &SavedSession) -> Result<SavedSession, Error> {
        let renewed = if voice.is_made() {
            saved.clone().with_token(&self.made_in(voice, Some(saved.device())).await?.0)
        } else {
            Account::renewed(how, saved).await?
        };
        self.keep_session(voice, &renewed).await?;
        Ok(renewed)
    }

    /// The key of the account's store, made when there is none.
    async fn store_key(&self, voice: &Voice) -> Result<[u8; 32], Error> {
        let store_failed = |error: &dyn std::fmt::Display| Error::Away(error.to_string());
        let known = self.secret(voice, STORE_KEY).await.map_err(|error| store_failed(&error))?;
        if let Some(key) = known.and_then(|known| unhex(known.expose_secret())) {
            return Ok(key);
        }
        let mut key = [0_u8; 32];
        getrandom::fill(&mut key).map_err(|error| store_failed(&error))?;
        let text: String = key.iter().map(|byte| format!("{byte:02x}")).collect();
        let text = SecretString::from(text);
        self.keep_secret(voice, STORE_KEY, &text).await.map_err(|error| store_failed(&error))?;
        Ok(key)
    }

    async fn secret(&self, voice: &Voice, name: &str) -> Result<Option<SecretString>, StrongboxError> {
        self.strongbox.open(&secret_of(name, &voice.user), &voice.user).await
    }

    async fn keep_secret(&self, voice: &Voice, name: &str, secret: &SecretString) -> Result<(), StrongboxError> {
        self.strongbox.keep(&secret_of(name, &voice.user), &voice.user, secret).await
    }

    async fn keep_session(&self, voice: &Voice, session: &SavedSession) -> Result<(), Error> {
        let text = serde_json::to_string(session).map_err(|error| Error::Store(error.to_string()))?;
        let keeping = self.keep_secret(voice, SESSION, &SecretString::from(text)).await;
        keeping.map_err(|error| Error::Away(error.to_string()))
    }

    async fn listen(self: &Arc<Self>, voice: &Voice, account: &Account, mut token: Option<String>) -> Ended {
        let (soft, mut wait, mut number) = (self.life.soft(), FIRST_WAIT, 0);
        let lanes = Arc::new(Lanes::<String, Waiting>::default());
        let mut reached = Reached::default();
        let mut writing = tokio::time::interval(WRITE_DOWN);
        writing.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut secure_at: Option<tokio::time::Instant> = Some(tokio::time::Instant::now());
        // The homeserver tells of an invitation once; those that were not settled then are known here.
        for invite in account.invites().await {
            self.answer_invite(account, invite);
        }
        loop {
            // While the database refuses, nothing more is asked for.
            while reached.tokens.len() >= OPEN_MAX {
                self.write_down(voice, &mut reached).await;
                if soft.run_until_cancelled(tokio::time::sleep(WRITE_DOWN)).await.is_none() {
                    return Ended::Leaving;
                }
            }
            // The first one only says where things stand.
            let patience = if voice.is_ready() { SYNC_WAIT } else { Duration::ZERO };
            let mut hearing = Box::pin(account.hear(token.as_deref(), patience));
            let heard = loop {
                tokio::select! {
                    heard = &mut hearing => break Some(heard),
                    _ = writing.tick(), if !reached.tokens.is_empty() => self.write_down(voice, &mut reached).await,
                    () = soft.cancelled() => break None,
                }
            };
            drop(hearing);
            let heard = match heard {
                None => break,
                Some(Ok(heard)) => heard,
                Some(Err(Error::SignedOutSoftly)) => {
                    self.write_down(voice, &mut reached).await;
                    return Ended::SignIn;
                }
                Some(Err(error)) => {
                    if fatal(&error).is_some() {
                        return Ended::Fatal(error);
                    }
                    tracing::warn!(error = %error, "the homeserver does not answer; asking again");
                    voice.set_ready(false);
                    if soft.run_until_cancelled(tokio::time::sleep(wait)).await.is_none() {
                        break;
                    }
                    wait = (wait * 2).min(WAIT_MAX);
                    continue;
                }
            };
            wait = FIRST_WAIT;
            number += 1;
            crash::point("sync heard");
            token = Some(heard.token.clone());
            reached.tokens.push_back((number, heard.token.clone()));
            let under_way = Arc::new(reached.progress.begin(number));
            self.take_in(account, heard, &lanes, &under_way).await;
            drop(under_way);
            self.write_down(voice, &mut reached).await;
            voice.set_ready(true);
            if secure_at.is_some_and(|at| tokio::time::Instant::now() >= at) {
                secure_at = (!self.secure(voice, account).await).then(|| tokio::time::Instant::now() + SECURE_AGAIN);
            }
        }
        // What was taken in until now need not be heard again.
        let settled = async {
            while !reached.progress.is_idle() {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        let _ = tokio::time::timeout(GOODBYE, settled).await;
        self.write_down(voice, &mut reached).await;
        Ended::Leaving
    }

    /// Hands everything that one sync brought to where it belongs.
    async fn take_in(
        self: &Arc<Self>,
        account: &Account,
        heard: Heard,
        lanes: &Arc<Lanes<String, Waiting>>,
        under_way: &Arc<UnderWay>,
    ) {
        // Whom the house does not want to hear, nobody of it hears.
        if let Some(ignored) = heard.ignored.filter(|_| self.is_house(account)) {
            self.ignore(ignored).await;
        }
        for room in &heard.gaps {
            tracing::warn!(room, "more was said in a room than could be caught up with");
        }
        for invite in heard.invites {
            self.answer_invite(account, invite);
        }
        for membership in heard.memberships {
            let (here, account, under_way) = (self.clone(), account.clone(), under_way.clone());
            self.life.spawn("matrix membership", async move {
                if !here.membership(&account, membership).await {
                    // Not settled: it is heard again after the next start.
                    return std::mem::forget(under_way);
                }
                drop(under_way);
            });
        }
        for event in heard.events {
            let room = event.room.clone();
            if !lanes.push(room.clone(), (event, under_way.clone())) {
                continue;
            }
            let (here, account, lanes) = (self.clone(), account.clone(), lanes.clone());
            self.life.spawn("matrix room", async move {
                while let Some((event, under_way)) = lanes.pop(&room) {
                    here.happened(&account, event, &under_way).await;
                }
            });
        }
        if heard.has_new_keys {
            self.keys_came.notify_waiters();
            self.try_late_soon(account);
        }
    }

    /// Writes down how far everything was taken in; what could not be written is heard again.
    async fn write_down(&self, voice: &Voice, reached: &mut Reached) {
        let Some(token) = reached.next() else { return };
        let key = token_key(voice);
        let writing = self.house().db.write(move |tx| Box::pin(async move { meta::set(tx, &key, &token).await }));
        if let Err(error) = writing.await {
            crate::ops_error("matrix token", &error);
        }
        crash::point("sync written down");
    }

    /// Makes the account's identity and recovery key, or brings them back; whether that is settled.
    async fn secure(&self, voice: &Voice, account: &Account) -> bool {
        let known = self.secret(voice, RECOVERY).await.ok().flatten();
        let keys = [known.as_ref(), voice.recovery_key.as_ref()];
        let password = voice.password.as_ref().map(|password| password.expose_secret());
        let mut done = Ok(Secured::KeyMissing);
        for key in keys.into_iter().flatten().map(Some).chain([None]) {
            done = account.secure(key.map(|key| key.expose_secret()), password).await;
            match (&done, key) {
                (Ok(Secured::KeyMissing) | Err(Error::RecoveryKey), _) => {}
                (Ok(Secured::Recovered), Some(key)) => {
                    if let Err(error) = self.keep_secret(voice, RECOVERY, key).await {
                        tracing::error!(error = %error, "the recovery key could not be kept");
                    }
                    break;
                }
                _ => break,
            }
        }
        match done {
            Ok(Secured::Already | Secured::Recovered) => true,
            Ok(Secured::New(key)) => {
                let key = SecretString::from(key);
                if let Err(error) = self.keep_secret(voice, RECOVERY, &key).await {
                    tracing::error!(error = %error, "the recovery key could not be kept: it is only in the file");
                }
                // A character's account can be made anew; the house has the key sealed.
                if voice.slug.is_none() {
                    self.show_recovery_key(&key);
                }
                true
            }
            Ok(Secured::KeyMissing) | Err(Error::RecoveryKey) => {
                tracing::error!(
                    user = voice.user,
                    "the account's identity was made elsewhere and cannot be used: others see this device as not \
                     verified. Set MATRIX_RECOVERY_KEY to the account's recovery key"
                );
                true
            }
            Err(error) => {
                tracing::warn!(error = %error, "the account could not be verified; trying again later");
                false
            }
        }
    }

    /// Shows a new recovery key to whoever runs the house: in a file that only they can read.
    fn show_recovery_key(&self, key: &SecretString) {
        let path = &self.options.recovery_file;
        let _ = std::fs::remove_file(path);
        let written = std::fs::OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(path)
            .and_then(|mut file| writeln!(file, "{}", key.expose_secret()));
        let path = path.display();
        match written {
            Ok(()) => tracing::warn!(
                "the Matrix account is verified now; its recovery key is in {path}. Keep it in a safe place, then delete \
                 the file: the house has a sealed copy of its own"
            ),
            Err(error) => tracing::error!(error = %error, "the recovery key could not be written to {path}"),
        }
    }

    fn answer_invite(self: &Arc<Self>, account: &Account, invite: Invite) {
        let (here, account) = (self.clone(), account.clone());
        self.life.spawn("matrix invite", async move { here.invited(&account, &invite).await });
    }

    /// Takes an event for oneself; `false`: it was dealt with before, or the house leaves.
    pub(super) async fn claims(&self, event: &str) -> bool {
        let now = self.house().turns.clock.now();
        let claiming = self.stored("matrix event", || {
            let event = event.to_owned();
            self.house().db.write(move |tx| Box::pin(async move { dealt::claim(tx, NAME, &event, now).await }))
        });
        claiming.await.unwrap_or_default()
    }

    /// Does something with the database until it is done; `None`: the house has to leave first, and hears it again.
    pub(super) async fn stored<T, F>(&self, doing: &'static str, attempt: impl Fn() -> F) -> Option<T>
    where
        F: Future<Output = Result<T, db::Error>>,
    {
        let mut wait = FIRST_WAIT;
        loop {
            match attempt().await {
                Ok(done) => return Some(done),
                Err(error) => crate::ops_error(doing, &error),
            }
            self.life.hard().run_until_cancelled(tokio::time::sleep(wait)).await?;
            wait = (wait * 2).min(WAIT_MAX);
        }
    }
}

/// Where it is kept how far an account has heard.
fn token_key(voice: &Voice) -> String {
    format!("matrix.token {}", voice.user)
}

/// The name that a secret has for this account: another account has secrets of its own.
pub(super) fn secret_of(name: &str, user: &str) -> String {
    format!("{name} {user}")
}

/// What to do about an error that no waiting helps with.
fn fatal(error: &Error) -> Option<String> {
    Some(match error {
        Error::Unauthorized => {
            "the homeserver does not take MATRIX_USER with MATRIX_PASSWORD, or MATRIX_ACCESS_TOKEN: correct them".into()
        }
        Error::SignedOut => {
            "the device was signed out. With MATRIX_PASSWORD set, delete the folder matrix in the data \
             directory to sign in as a new device; else set a new MATRIX_ACCESS_TOKEN and MATRIX_DEVICE_ID"
                .into()
        }
        Error::StoreLost => {
            "the folder matrix in the data directory is gone, and with it the device's keys: restore it, \
             or set MATRIX_PASSWORD, or a MATRIX_ACCESS_TOKEN of another device"
                .into()
        }
        Error::Store(why) => format!("the folder matrix in the data directory cannot be used: {why}"),
        Error::SignedOutSoftly | Error::Away(_) | Error::RecoveryKey => return None,
    })
}

fn unhex(text: &str) -> Option<[u8; 32]> {
    let bytes: Option<Vec<u8>> =
        (0..text.len()).step_by(2).map(|at| u8::from_str_radix(text.get(at..at + 2)?, 16).ok()).collect();
    bytes?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_read_back_as_it_was_written() {
        let text: String = (0..32_u8).map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(unhex(&text).unwrap()[31], 31);
        assert!(unhex("00").is_none() && unhex("zz").is_none() && unhex(&text[1..]).is_none());
    }

    #[test]
    fn nothing_is_written_down_before_everything_until_then_is_taken_in() {
        let mut reached = Reached::default();
        let one = reached.progress.begin(1);
        reached.tokens.push_back((1, "a".into()));
        let two = reached.progress.begin(2);
        reached.tokens.push_back((2, "b".into()));
        assert_eq!(reached.next(), None);
        drop(two);
        assert_eq!(reached.next(), None, "the first one is still under way");
        drop(one);
        assert_eq!(reached.next().as_deref(), Some("b"));
        assert_eq!(reached.next(), None);
    }
}
