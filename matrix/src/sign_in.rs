//! Signing in, once for good: the same device comes back after every restart.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex as StdMutex};
use std::time::{Duration, Instant};

use matrix_sdk::authentication::matrix::MatrixSession;
use matrix_sdk::config::RequestConfig;
use matrix_sdk::encryption::{BackupDownloadStrategy, EncryptionSettings};
use matrix_sdk::ruma::{OwnedDeviceId, OwnedRoomId, OwnedUserId, UserId};
use matrix_sdk::store::{RoomLoadSettings, StateStoreDataKey, StateStoreDataValue};
use matrix_sdk::{Client, SessionMeta, SessionTokens, SqliteStoreConfig};
use serde::{Deserialize, Serialize};
use tokio::sync::{Mutex, Semaphore};

use crate::budget::Budget;
use crate::{Error, Family, boxed, failed};

/// How often a request is tried again when the network fails.
const RETRIES: usize = 3;
/// Longest wait for one answer, a sync's own wait apart.
const TIMEOUT: Duration = Duration::from_secs(30);
/// Files that are fetched at a time.
const DOWNLOADS: usize = 2;
/// File of the SDK's store without which the device has no keys.
const CRYPTO_STORE: &str = "matrix-sdk-crypto.sqlite3";

/// What an account is signed in with.
#[derive(Clone)]
pub enum Credentials {
    Password(String),
    /// An access token and the device it belongs to.
    Token {
        token: String,
        device: String,
    },
}

/// Where and as whom to sign in.
#[derive(Clone)]
pub struct SignIn {
    /// `https://matrix.example`
    pub homeserver: String,
    /// `@house:example`, or the local part.
    pub user: String,
    pub credentials: Credentials,
    /// Folder of the SDK's own store.
    pub store: PathBuf,
    /// Seals the store.
    pub store_key: [u8; 32],
    /// What others see the device called.
    pub device_name: String,
    /// Accounts that it belongs to.
    pub family: Family,
}

/// A session to be taken up again.
#[derive(Clone, Serialize, Deserialize)]
pub struct SavedSession(MatrixSession);

impl std::fmt::Debug for SavedSession {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SavedSession({})", self.0.meta.device_id)
    }
}

impl SavedSession {
    /// The device it is of.
    pub fn device(&self) -> &str {
        self.0.meta.device_id.as_str()
    }

    /// What the homeserver knows the device by.
    pub fn access_token(&self) -> &str {
        &self.0.tokens.access_token
    }

    /// The same device with another access token.
    #[must_use]
    pub fn with_token(mut self, token: &str) -> Self {
        token.clone_into(&mut self.0.tokens.access_token);
        self
    }
}

/// What signing in came to.
#[derive(Clone, Debug)]
pub struct SignedIn {
    pub account: Account,
    /// To be saved before anything else is done.
    pub session: SavedSession,
    /// Nothing was heard by this device yet.
    pub is_new: bool,
}

/// A signed-in account.
#[derive(Clone)]
pub struct Account {
    pub(crate) client: Client,
    /// Direct rooms that this process made.
    pub(crate) direct: Arc<Mutex<HashMap<OwnedRoomId, OwnedUserId>>>,
    pub(crate) downloads: Arc<Semaphore>,
    pub(crate) family: Family,
    pub(crate) budget: Arc<StdMutex<Budget>>,
}

impl std::fmt::Debug for Account {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Account({:?})", self.client.user_id())
    }
}

impl Account {
    /// Signs in, or takes `saved` up again where it had heard everything up to `token`.
    ///
    /// A device whose store is lost cannot read anything any more: another is made in its place, and the lost one is
    /// signed out.
    ///
    /// # Errors
    /// See [`Error`].
    #[boxed]
    pub async fn sign_in(how: &SignIn, saved: Option<SavedSession>, token: Option<&str>) -> Result<SignedIn, Error> {
        let store_failed = |error: &dyn std::fmt::Display| Error::Store(error.to_string());
        let has_store = how.store.join(CRYPTO_STORE).exists();
        let (saved, lost) = if has_store { (saved, None) } else { (None, saved) };
        if lost.is_some() && matches!(how.credentials, Credentials::Token { .. }) {
            return Err(Error::StoreLost);
        }
        // A store without a session is of a device that never was: everything in it is of no use.
        if saved.is_none() && how.store.exists() {
            std::fs::remove_dir_all(&how.store).map_err(|error| store_failed(&error))?;
        }
        std::fs::create_dir_all(&how.store).map_err(|error| store_failed(&error))?;
        let client = Client::builder()
            .homeserver_url(&how.homeserver)
            // Where the operator says it is, also when it calls itself by another address.
            .respect_login_well_known(false)
            .sqlite_store_with_config_and_cache_path(
                SqliteStoreConfig::new(&how.store).key(Some(&how.store_key)),
                None::<PathBuf>,
            )
            .request_config(requests())
            .with_encryption_settings(EncryptionSettings {
                auto_enable_cross_signing: true,
                auto_enable_backups: true,
                backup_download_strategy: BackupDownloadStrategy::AfterDecryptionFailure,
            })
            .build()
            .await
            .map_err(|error| store_failed(&error))?;
        if let Some(token) = token.filter(|_| saved.is_some()) {
            // The SDK's own token may be of events that nobody has seen; and it drops a sync that it believes to have had.
            client
                .state_store()
                .set_kv_data(StateStoreDataKey::SyncToken, StateStoreDataValue::SyncToken(token.to_owned()))
                .await
                .map_err(|error| store_failed(&error))?;
        }
        let is_new = saved.is_none();
        let session = match (saved, &how.credentials) {
            (Some(saved), _) => Some(saved.0),
            (None, Credentials::Token { token, device }) => {
                let user_id = UserId::parse(&how.user).map_err(|_| Error::Unauthorized)?;
                let meta = SessionMeta { user_id, device_id: OwnedDeviceId::from(device.as_str()) };
                let tokens = SessionTokens { access_token: token.clone(), refresh_token: None };
                Some(MatrixSession { meta, tokens })
            }
            (None, Credentials::Password(_)) => None,
        };
        match (session, &how.credentials) {
            (Some(session), _) => client.restore_session(session).await.map_err(|error| failed(&error))?,
            (None, Credentials::Password(password)) => {
                let login = client.matrix_auth().login_username(&how.user, password);
                login.initial_device_display_name(&how.device_name).send().await.map_err(|error| failed(&error))?;
            }
            (None, Credentials::Token { .. }) => return Err(Error::Unauthorized),
        }
        client.encryption().wait_for_e2ee_initialization_tasks().await;
        let session = client.matrix_auth().session().ok_or(Error::Unauthorized)?;
        if let Some(lost) = lost {
            sign_out(how, lost).await;
        }
        Ok(SignedIn {
            account: Self {
                client,
                direct: Arc::default(),
                downloads: Arc::new(Semaphore::new(DOWNLOADS)),
                family: how.family.clone(),
                budget: Arc::new(StdMutex::new(Budget::new(Instant::now()))),
            },
            session: SavedSession(session),
            is_new,
        })
    }

    /// Gives the same device a new access token, after the homeserver signed it out softly.
    ///
    /// # Errors
    /// See [`Error`].
    #[boxed]
    pub async fn renewed(how: &SignIn, saved: &SavedSession) -> Result<SavedSession, Error> {
        let Credentials::Password(password) = &how.credentials else { return Err(Error::SignedOut) };
        let client = bare(how).await?;
        let login = client.matrix_auth().login_username(&how.user, password).device_id(saved.device());
        login.send().await.map_err(|error| failed(&error))?;
        client.matrix_auth().session().map(SavedSession).ok_or(Error::Unauthorized)
    }

    /// `@house:example`
    pub fn user(&self) -> String {
        self.client.user_id().map(ToString::to_string).unwrap_or_default()
    }

    /// Whether the homeserver still takes the session.
    ///
    /// # Errors
    /// See [`Error`].
    #[boxed]
    pub async fn check(&self) -> Result<(), Error> {
        self.client.whoami().await.map(|_| ()).map_err(|error| failed(&error.into()))
    }
}

fn requests() -> RequestConfig {
    RequestConfig::new().retry_limit(RETRIES).timeout(TIMEOUT)
}

/// A client without a store.
async fn bare(how: &SignIn) -> Result<Client, Error> {
    let building = Client::builder()
        .homeserver_url(&how.homeserver)
        .respect_login_well_known(false)
        .request_config(requests())
        .build();
    building.await.map_err(|error| Error::Away(error.to_string()))
}

/// Signs a device out that cannot be used any more; it is no harm where that fails.
async fn sign_out(how: &SignIn, lost: SavedSession) {
    let signing_out = async {
        let client = bare(how).await?;
        let auth = client.matrix_auth();
        auth.restore_session(lost.0, RoomLoadSettings::default()).await.map_err(|error| failed(&error))?;
        auth.logout().await.map(|_| ()).map_err(|error| failed(&error.into()))
    };
    if let Err(error) = signing_out.await {
        tracing::info!("the device whose store was lost could not be signed out: {error}");
    }
}
