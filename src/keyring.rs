//! Members' own model keys: taken in, tested, sealed, and opened for one answer at a time.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use secrecy::{ExposeSecret as _, SecretString};

use crate::crash;
use crate::db::{self, Db, audit, keys};
use crate::domain::{Clock, Deed, Done, KeyState, MemberId, MemberKey, Moment};
use crate::model::providers::{Provider, Providers};
use crate::model::{ErrorClass, LlmProvider, ModelError};
use crate::vault::{self, Seat, Vault, VaultError};

/// Keys that a member may try in [`TRIES_WITHIN`]: a house is no checker of stolen keys.
const TRIES_MAX: usize = 5;
const TRIES_WITHIN: Duration = Duration::from_secs(3_600);
/// Members whose tries are kept, at most.
const TRIERS_MAX: usize = 10_000;
/// Longest wait for a provider while a key is tested.
const TEST_TIMEOUT: Duration = Duration::from_secs(10);
/// Shortest key, in characters.
const KEY_MIN: usize = 8;
/// Rows that a rotation seals anew in one go.
const SWEEP: i64 = 500;

/// Why a key was not taken, tested or opened.
#[derive(Debug, thiserror::Error)]
pub enum KeyringError {
    /// Not what a key looks like.
    #[error("this is not what a key looks like")]
    NotAKey,
    /// Too many tries.
    #[error("too many keys were tried; the next one in {} minutes", .0.as_secs().div_ceil(60))]
    TooOften(Duration),
    /// The provider refuses the key.
    #[error("the provider does not accept the key")]
    Refused,
    /// The provider does not know the model.
    #[error("the provider does not know the model")]
    UnknownModel,
    #[error(transparent)]
    Vault(#[from] VaultError),
    #[error(transparent)]
    Model(#[from] ModelError),
    #[error(transparent)]
    Db(#[from] db::Error),
}

/// A member's key, opened: what answers, and what is known of the key.
pub struct Own {
    pub model: Arc<dyn LlmProvider>,
    pub key: MemberKey,
}

/// The keys of all members.
pub struct Keyring {
    db: Db,
    clock: Arc<dyn Clock>,
    vault: Arc<Vault>,
    providers: Providers,
    tries: Mutex<HashMap<MemberId, VecDeque<Moment>>>,
}

impl Keyring {
    /// A keyring over the database.
    pub fn new(db: Db, clock: Arc<dyn Clock>, vault: Arc<Vault>, providers: Providers) -> Self {
        Self { db, clock, vault, providers, tries: Mutex::default() }
    }

    /// The providers that keys are taken for.
    pub fn providers(&self) -> &Providers {
        &self.providers
    }

    /// Tests a key and keeps it in place of the one the member had for the provider; it answers from now on.
    ///
    /// A provider that cannot be reached leaves the key unverified.
    ///
    /// # Errors
    /// [`KeyringError::NotAKey`], [`KeyringError::TooOften`], [`KeyringError::Refused`],
    /// [`KeyringError::UnknownModel`]; nothing is kept then.
    pub async fn set(
        &self,
        member: &MemberId,
        provider: &Provider,
        model: &str,
        secret: SecretString,
    ) -> Result<MemberKey, KeyringError> {
        let secret = tidied(&secret)?;
        self.count_try(member)?;
        let state = self.tested(&provider.name, &provider.base_url, model, secret.clone()).await?;
        let now = self.clock.now();
        let key = MemberKey {
            id: self.clock.id(),
            member: member.clone(),
            provider: provider.name.clone(),
            base_url: provider.base_url.clone(),
            model: model.to_owned(),
            mask: vault::masked(&secret),
            state,
            checked_at: (state != KeyState::Unverified).then_some(now),
        };
        let sealed = self.vault.seal(seat(&key), &secret)?;
        let (under, fingerprint) = (vault::key_id(&sealed)?, self.vault.fingerprint(&key.provider, &secret));
        let row = key.clone();
        let is_change = self.list(member).await?.iter().any(|known| known.provider == key.provider);
        let deed = if is_change { Deed::KeyChanged } else { Deed::KeyAdded };
        let done = Done::by(member, deed, now).about(key.id.clone());
        let writing = self.db.write(move |tx| {
            Box::pin(async move {
                keys::put(tx, &row, &sealed, under, &fingerprint, now).await?;
                audit::record(tx, &done).await
            })
        });
        writing.await?;
        Ok(key)
    }

    /// The member's keys, the one that answers first.
    ///
    /// # Errors
    /// [`KeyringError::Db`].
    pub async fn list(&self, member: &MemberId) -> Result<Vec<MemberKey>, KeyringError> {
        Ok(keys::of_member(&self.db, member).await?)
    }

    /// Asks the provider about a key that is kept.
    ///
    /// # Errors
    /// [`KeyringError::TooOften`], [`KeyringError::Vault`], [`KeyringError::UnknownModel`].
    pub async fn test(&self, key: &MemberKey) -> Result<KeyState, KeyringError> {
        self.count_try(&key.member)?;
        let secret = self.open(key).await?;
        let state = match self.tested(&key.provider, &key.base_url, &key.model, secret).await {
            Err(KeyringError::Refused) => KeyState::Invalid,
            state => state?,
        };
        self.note(key, state).await?;
        Ok(state)
    }

    /// Removes the member's key for a provider; `false`: there was none.
    ///
    /// # Errors
    /// [`KeyringError::Db`].
    pub async fn remove(&self, member: &MemberId, provider: &str) -> Result<bool, KeyringError> {
        let (member, provider) = (member.clone(), provider.to_owned());
        let done = Done::by(&member, Deed::KeyRemoved, self.clock.now());
        let writing = self.db.write(move |tx| {
            Box::pin(async move {
                let is_removed = keys::remove(tx, &member, &provider).await?;
                if is_removed {
                    audit::record(tx, &done).await?;
                }
                Ok(is_removed)
            })
        });
        Ok(writing.await?)
    }

    /// The key that answers a member, opened; `None`: they brought none.
    ///
    /// # Errors
    /// [`KeyringError::Vault`], [`KeyringError::Model`], [`KeyringError::Db`].
    pub async fn own(&self, member: &MemberId) -> Result<Option<Own>, KeyringError> {
        let Some(key) = keys::of_member(&self.db, member).await?.into_iter().next() else { return Ok(None) };
        let secret = self.open(&key).await?;
        let model = self.providers.with_key(&key.provider, &key.base_url, &key.model, secret)?;
        Ok(Some(Own { model, key }))
    }

    /// Records what an answer taught about its key.
    ///
    /// # Errors
    /// [`KeyringError::Db`].
    pub async fn learn(&self, key: &MemberKey, outcome: Result<(), ErrorClass>) -> Result<(), KeyringError> {
        let state = match outcome {
            Ok(()) => KeyState::Valid,
            Err(ErrorClass::KeyInvalid) => KeyState::Invalid,
            Err(ErrorClass::NoCredit) => KeyState::NoCredit,
            Err(_) => return Ok(()),
        };
        if state == key.state { Ok(()) } else { self.note(key, state).await }
    }

    async fn note(&self, key: &MemberKey, state: KeyState) -> Result<(), KeyringError> {
        let (id, now) = (key.id.clone(), self.clock.now());
        Ok(self.db.write(move |tx| Box::pin(async move { keys::set_state(tx, &id, state, now).await })).await?)
    }

    async fn open(&self, key: &MemberKey) -> Result<SecretString, KeyringError> {
        let sealed = keys::sealed(&self.db, &key.id).await?.ok_or(VaultError::Refused)?;
        Ok(self.vault.open_sealed(seat(key), &sealed)?)
    }

    /// A call that costs nothing.
    async fn tested(
        &self,
        provider: &str,
        base_url: &str,
        model: &str,
        secret: SecretString,
    ) -> Result<KeyState, KeyringError> {
        let there = self.providers.with_key(provider, base_url, model, secret)?;
        let Ok(answer) = tokio::time::timeout(TEST_TIMEOUT, there.check()).await else {
            return Ok(KeyState::Unverified);
        };
        match answer.map_err(|error| error.class) {
            Ok(()) => Ok(KeyState::Valid),
            Err(ErrorClass::KeyInvalid) => Err(KeyringError::Refused),
            Err(ErrorClass::NoCredit) => Ok(KeyState::NoCredit),
            Err(ErrorClass::RateLimited) => Ok(KeyState::Limited),
            Err(ErrorClass::BadRequest) => Err(KeyringError::UnknownModel),
            Err(_) => Ok(KeyState::Unverified),
        }
    }

    fn count_try(&self, member: &MemberId) -> Result<(), KeyringError> {
        let now = self.clock.now();
        let mut all = self.tries.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= TRIERS_MAX {
            all.clear();
        }
        let tries = all.entry(member.clone()).or_default();
        let window = i64::try_from(TRIES_WITHIN.as_millis()).unwrap_or(i64::MAX);
        while tries.front().is_some_and(|at| now.millis_since(*at) >= window) {
            tries.pop_front();
        }
        match tries.front() {
            Some(oldest) if tries.len() >= TRIES_MAX => {
                let wait = window - now.millis_since(*oldest);
                Err(KeyringError::TooOften(Duration::from_millis(u64::try_from(wait).unwrap_or_default())))
            }
            _ => {
                tries.push_back(now);
                Ok(())
            }
        }
    }
}

/// Makes sure that every row can be opened with the keyset at hand: a database and a keyset that do not belong together
/// are told apart before anybody's key is called broken.
///
/// # Errors
/// [`VaultError::NoKey`] with the id of the keyset key that is missing.
pub async fn belong_together(db: &Db, vault: &Vault) -> Result<(), KeyringError> {
    let ids = vault.key_ids();
    match keys::by_keyset_key(db).await?.into_iter().find(|(under, _)| !ids.contains(under)) {
        Some((under, _)) => Err(VaultError::NoKey(under).into()),
        None => Ok(()),
    }
}

/// Opens every member's key once, so that a keyset that is not the database's is noticed even where its ids are the same.
///
/// # Errors
/// [`KeyringError::Vault`] for the first one that does not open.
pub async fn opens_all(db: &Db, vault: &Vault) -> Result<(), KeyringError> {
    let mut after = String::new();
    loop {
        // No key of a keyset has the id 0.
        let rows = keys::not_under(db, 0, &after, SWEEP).await?;
        let Some(last) = rows.last() else { return Ok(()) };
        after.clone_from(&last.id);
        for key in &rows {
            if let Some(sealed) = keys::sealed(db, &key.id).await? {
                vault.open_sealed(seat(key), &sealed)?;
            }
        }
    }
}

/// Seals every row under the keyset's primary key; returns how many were sealed anew. Safe beside a running house and
/// after a crash: a row that changed meanwhile is left to the next round.
///
/// # Errors
/// [`KeyringError::Vault`] names the keyset key that is missing; rows sealed before it stay sealed anew.
pub async fn sweep(db: &Db, vault: &Vault) -> Result<u64, KeyringError> {
    let (mut after, mut swept) = (String::new(), 0);
    loop {
        let rows = keys::not_under(db, vault.primary(), &after, SWEEP).await?;
        let Some(last) = rows.last() else { return Ok(swept) };
        after.clone_from(&last.id);
        for key in &rows {
            let Some(old) = keys::sealed(db, &key.id).await? else { continue };
            let Some(new) = vault.resealed(seat(key), &old)? else { continue };
            let (id, under) = (key.id.clone(), vault::key_id(&new)?);
            let writing = db.write(move |tx| Box::pin(async move { keys::reseal(tx, &id, &old, &new, under).await }));
            swept += u64::from(writing.await?);
            crash::point("row sealed anew");
        }
    }
}

fn seat(key: &MemberKey) -> Seat<'_> {
    Seat { member: &key.member, provider: &key.provider, row: &key.id, base_url: &key.base_url }
}

/// A key as pasted, without what surrounds it.
fn tidied(secret: &SecretString) -> Result<SecretString, KeyringError> {
    let text = secret.expose_secret().trim().trim_matches(['"', '\'', '`']);
    let text = text.strip_prefix("Bearer ").unwrap_or(text).trim();
    let fits = (KEY_MIN..=vault::SECRET_MAX).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
    if fits { Ok(SecretString::from(text)) } else { Err(KeyringError::NotAKey) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pasted_key_loses_what_surrounds_it_and_nothing_else_is_taken() {
        let tidy = |text: &str| tidied(&SecretString::from(text)).map(|key| key.expose_secret().to_owned()).ok();
        assert_eq!(tidy("  \"sk-or-v1-abc123\"\n").as_deref(), Some("sk-or-v1-abc123"));
        assert_eq!(tidy("Bearer sk-or-v1-abc123").as_deref(), Some("sk-or-v1-abc123"));
        for none in ["", "short", "two words here", "sk-ключ-123456", "line\nbreak-in-key", &"k".repeat(5_000)] {
            assert_eq!(tidy(none), None, "{none}");
        }
    }
}
