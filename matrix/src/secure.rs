//! Being verified, and staying so: an identity of one's own, and the key that brings it back.

use matrix_sdk::encryption::recovery::{RecoveryError, RecoveryState};
use matrix_sdk::encryption::secret_storage::SecretStorageError;
use matrix_sdk::ruma::api::client::uiaa::{AuthData, MatrixUserIdentifier, Password, UserIdentifier};

use crate::{Account, Error, boxed, failed};

/// How far others can trust the device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trust {
    /// Its own fingerprint, for people to compare.
    pub fingerprint: String,
    /// Whether the account has an identity and this device is signed by it.
    pub is_signed: bool,
    /// Whether the secrets can be brought back with a recovery key.
    pub is_recoverable: bool,
}

/// What securing an account came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Secured {
    /// It was.
    Already,
    /// It is again, with the recovery key that was given.
    Recovered,
    /// It is now; this key brings it back, and is shown to the operator once.
    New(String),
    /// Another device made the secrets, and their key was not given.
    KeyMissing,
}

impl Account {
    /// Makes the account's identity and its recovery key, or brings them back with the key that is known.
    ///
    /// # Errors
    /// See [`Error`].
    #[boxed]
    pub async fn secure(&self, recovery_key: Option<&str>, password: Option<&str>) -> Result<Secured, Error> {
        let encryption = self.client.encryption();
        let recovery = encryption.recovery();
        if let Some(key) = recovery_key
            && recovery.state() != RecoveryState::Enabled
        {
            recovery.recover(key).await.map_err(|error| recovery_failed(&error))?;
            return Ok(Secured::Recovered);
        }
        match recovery.state() {
            RecoveryState::Enabled => {}
            RecoveryState::Incomplete => return Ok(Secured::KeyMissing),
            RecoveryState::Disabled | RecoveryState::Unknown => {
                let auth = password.zip(self.client.user_id()).map(|(password, user)| {
                    let identifier = UserIdentifier::Matrix(MatrixUserIdentifier::new(user.localpart().to_owned()));
                    AuthData::Password(Password::new(identifier, password.to_owned()))
                });
                if let Err(error) = encryption.bootstrap_cross_signing_if_needed(auth).await {
                    tracing::warn!("the account's identity could not be made: {}", failed(&error));
                }
                let key = recovery.enable().await.map_err(|error| Error::Away(error.to_string()))?;
                return Ok(Secured::New(key));
            }
        }
        Ok(Secured::Already)
    }

    /// How far others can trust this device.
    #[boxed]
    pub async fn trust(&self) -> Trust {
        let encryption = self.client.encryption();
        let device = encryption.get_own_device().await.ok().flatten();
        Trust {
            fingerprint: encryption.ed25519_key().await.unwrap_or_default(),
            is_signed: device.is_some_and(|device| device.is_cross_signed_by_owner()),
            is_recoverable: encryption.recovery().state() == RecoveryState::Enabled,
        }
    }
}

fn recovery_failed(error: &RecoveryError) -> Error {
    match error {
        RecoveryError::SecretStorage(SecretStorageError::SecretStorageKey(_)) => Error::RecoveryKey,
        RecoveryError::Sdk(error) | RecoveryError::SecretStorage(SecretStorageError::Sdk(error)) => failed(error),
        _ => Error::Away("the account's secrets could not be brought back".to_owned()),
    }
}
