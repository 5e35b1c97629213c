//! The house's own secrets, sealed in the database: sessions and recovery keys of its accounts.

use std::sync::Arc;

use secrecy::SecretString;

use crate::db::secrets::{self, Sealed};
use crate::db::{self, Db};
use crate::domain::MemberId;
use crate::vault::{self, Seat, Vault, VaultError};

/// Stands where a member's id would: the house is nobody's.
const HOUSE: &str = "house";

/// Why a secret could not be kept or opened.
#[derive(Debug, thiserror::Error)]
pub enum StrongboxError {
    #[error(transparent)]
    Vault(#[from] VaultError),
    #[error(transparent)]
    Db(#[from] db::Error),
}

/// Secrets by name.
#[derive(Clone)]
pub struct Strongbox {
    db: Db,
    vault: Arc<Vault>,
}

impl Strongbox {
    /// Secrets in `db`, sealed by `vault`.
    pub fn new(db: Db, vault: Arc<Vault>) -> Self {
        Self { db, vault }
    }

    /// The secret of a name, for use at `address`; `None`: there is none, or it is for use elsewhere.
    ///
    /// # Errors
    /// See [`StrongboxError`].
    pub async fn open(&self, name: &str, address: &str) -> Result<Option<SecretString>, StrongboxError> {
        let found = secrets::get(&self.db, name).await?.filter(|found| found.address == address);
        let open =
            |found: Sealed| sealed_for(&found.name, &found.address, |seat| self.vault.open_sealed(seat, &found.sealed));
        Ok(found.map(open).transpose()?)
    }

    /// Keeps a secret in place of the one that had its name.
    ///
    /// # Errors
    /// See [`StrongboxError`].
    pub async fn keep(&self, name: &str, address: &str, secret: &SecretString) -> Result<(), StrongboxError> {
        let sealed = sealed_for(name, address, |seat| self.vault.seal(seat, secret))?;
        let under = vault::key_id(&sealed)?;
        let row = Sealed { name: name.to_owned(), address: address.to_owned(), sealed };
        self.db.write(move |tx| Box::pin(async move { secrets::put(tx, &row, under).await })).await?;
        Ok(())
    }
}

/// Opens every secret once.
///
/// # Errors
/// [`StrongboxError::Vault`] for the first one that does not open.
pub async fn opens_all(db: &Db, vault: &Vault) -> Result<(), StrongboxError> {
    // No key of a keyset has the id 0.
    for kept in secrets::not_under(db, 0).await? {
        sealed_for(&kept.name, &kept.address, |seat| vault.open_sealed(seat, &kept.sealed))?;
    }
    Ok(())
}

/// Seals every secret under the keyset's primary key; returns how many were sealed anew.
///
/// # Errors
/// See [`StrongboxError`].
pub async fn sweep(db: &Db, vault: &Vault) -> Result<u64, StrongboxError> {
    let mut swept = 0;
    for old in secrets::not_under(db, vault.primary()).await? {
        let Some(new) = sealed_for(&old.name, &old.address, |seat| vault.resealed(seat, &old.sealed))? else {
            continue;
        };
        let under = vault::key_id(&new)?;
        let writing = db.write(move |tx| Box::pin(async move { secrets::reseal(tx, &old, &new, under).await }));
        swept += u64::from(writing.await?);
    }
    Ok(swept)
}

fn sealed_for<T>(
    name: &str,
    address: &str,
    with: impl FnOnce(Seat<'_>) -> Result<T, VaultError>,
) -> Result<T, VaultError> {
    with(Seat { member: &MemberId::new(HOUSE), provider: name, row: name, base_url: address })
}
