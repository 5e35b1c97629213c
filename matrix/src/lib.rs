//! One account on Matrix: signed in, encrypted and verified, heard in order and spoken through.
//!
//! The only place that names `matrix_sdk`. It knows rooms and events, and nothing of what is done with them: events come
//! as JSON, because what matters in them (profiles of messages, structured commands) has no types there.
//!
//! What one sync brought counts as heard only when whoever listens says so, by handing its token to the next sign-in: the SDK
//! itself stores the token before anybody has seen the events, and loses them when the process ends there.
//!
//! What waits comes [`boxed`]: the SDK's futures are hundreds of types deep, and whoever held one of them by its own type
//! would have the compiler go through all of that again for each function that waits for it.

#![recursion_limit = "256"]

mod budget;
mod family;
mod heard;
mod profile;
mod secure;
mod sign_in;
mod speak;

/// Boxes the future of a function; made for those that call themselves, and good for deep ones as well.
use async_recursion::async_recursion as boxed;

pub use budget::Allowance;
pub use family::Family;
pub use heard::{Event, Heard, Invite, Membership};
pub use secure::{Secured, Trust};
pub use sign_in::{Account, Credentials, SavedSession, SignIn, SignedIn};
pub use speak::{Attachment, RoomInfo, SendError, Sent};

/// Why something about the account failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The homeserver does not take the password or the access token.
    #[error("the homeserver does not take what it was given to sign in")]
    Unauthorized,
    /// The device was signed out, by somebody else or for good.
    #[error("the device was signed out")]
    SignedOut,
    /// The homeserver wants the password again; the device stays what it is.
    #[error("the homeserver wants the device to sign in again")]
    SignedOutSoftly,
    /// The device's keys are gone, and an access token makes no other device.
    #[error("the Matrix store is gone, and with it the keys of the device")]
    StoreLost,
    /// Away, or not what it should be. Never says what was sent.
    #[error("the homeserver does not answer as it should: {0}")]
    Away(String),
    /// The store on disk cannot be used.
    #[error("the Matrix store cannot be used: {0}")]
    Store(String),
    /// The recovery key opens nothing.
    #[error("the recovery key does not open the account's secrets")]
    RecoveryKey,
}

/// How an SDK error is taken.
fn failed(error: &matrix_sdk::Error) -> Error {
    use matrix_sdk::ruma::api::error::ErrorKind;
    match error.client_api_error_kind() {
        Some(ErrorKind::UnknownToken(info)) => {
            if info.soft_logout {
                Error::SignedOutSoftly
            } else {
                Error::SignedOut
            }
        }
        Some(ErrorKind::MissingToken | ErrorKind::Forbidden) => Error::Unauthorized,
        Some(kind) => Error::Away(kind.errcode().to_string()),
        None => Error::Away(short(error)),
    }
}

/// What kind of failure it is, without what was sent.
fn short(error: &matrix_sdk::Error) -> String {
    match error {
        matrix_sdk::Error::Http(_) => "the connection failed".to_owned(),
        other => other.to_string().chars().take(120).collect(),
    }
}
