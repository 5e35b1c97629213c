//! Platforms: where people talk. A platform knows how to speak there; it decides nothing.

pub mod console;
pub mod discord;
#[cfg(feature = "testing")]
pub mod fake;
mod files;
mod lanes;
pub mod matrix;
mod rendered;
pub mod split;

use async_trait::async_trait;

use crate::domain::{Identity, Place};

/// How the text of an unfinished answer is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Streams {
    /// Not at all.
    No,
    /// Every piece as it comes, by [`Platform::writing`].
    Live,
    /// As a message that grows by [`Platform::revise`], each time [`Platform::spares`] it.
    ByEdits,
}

/// What a platform allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Longest message, in UTF-16 code units.
    pub message_len: usize,
    /// Most messages that an answer is cut into; one that needs more is sent as a file.
    pub messages_max: usize,
    /// Whether messages can be taken away again.
    pub takes_back: bool,
    pub streams: Streams,
    /// Whether newcomers have to be told that they talk with an AI; the terminal says so by itself.
    pub discloses: bool,
}

/// Makes a send happen at most once: the same key never posts a second message.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct OnceKey(pub String);

/// Whose mouth a part comes out of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Face {
    pub name: String,
    pub slug: String,
    /// File of the picture in the data directory's avatars.
    pub avatar: Option<String>,
}

/// One message to send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    pub face: Face,
    /// Longer than [`Limits::message_len`] only where it is to be sent as a file.
    pub text: String,
    /// The platform's id of the message that is answered.
    pub reply_to: Option<String>,
    /// Position in the answer, from 0.
    pub number: usize,
    /// How many parts the answer has.
    pub of: usize,
    /// An apology of the house rather than the personality's words.
    pub is_notice: bool,
    /// A line to show small below the text; not part of what was said.
    pub footer: Option<String>,
}

/// Why a send failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    #[error("rate limited for {after_millis} ms")]
    RateLimited { after_millis: u64 },
    /// May not speak there.
    #[error("not allowed to speak there")]
    Forbidden,
    /// The place is gone.
    #[error("the place is gone")]
    Gone,
    /// May have arrived or not; sending again under the same key is safe.
    #[error("not known whether it arrived: {0}")]
    Unsure(String),
}

/// A place people talk.
#[async_trait]
pub trait Platform: Send + Sync {
    /// `console`, `discord`, `matrix`, `fake`: the `platform` of its places.
    fn name(&self) -> &'static str;
    fn limits(&self) -> Limits;
    /// Whether people there are heard now.
    fn is_connected(&self) -> bool {
        true
    }
    /// Sends one part and returns the platform's id of the message; the same `once` never sends twice.
    async fn send(&self, to: &Place, part: &Part, once: &OnceKey) -> Result<String, SendError>;
    /// Messages there that may be `part`, oldest first, after it is not known whether it arrived. Platforms where the same
    /// key never sends twice have none.
    async fn arrived(&self, _to: &Place, _part: &Part) -> Result<Vec<String>, SendError> {
        Ok(Vec::new())
    }
    /// Fetches something that came with a message, such as a picture: at most `limit` bytes.
    async fn fetch(&self, _url: &str, _limit: usize) -> Result<Vec<u8>, SendError> {
        Err(SendError::Gone)
    }
    /// Whether a message can be spared now to show how far an answer is, where [`Streams::ByEdits`]; finished answers and
    /// everything else that is said come first. What is spared once is not spared twice. `shown` is the message that it is
    /// shown as, if it is already.
    fn spares(&self, _to: &Place, _face: &Face, _shown: Option<&str>) -> bool {
        false
    }
    /// Lets a message of the house say `part` from now on, which nobody is told of; the same `once` changes it once.
    async fn revise(&self, _to: &Place, _id: &str, _part: &Part, _once: &OnceKey) -> Result<(), SendError> {
        Err(SendError::Forbidden)
    }
    /// Takes a message of the house away, as far as the platform can; `is_notice` as in the [`Part`] that it was.
    async fn take_back(&self, _to: &Place, _id: &str, _is_notice: bool) -> Result<(), SendError> {
        Ok(())
    }
    /// Tells somebody something that nobody else may read, outside the place they are in.
    async fn whisper(&self, _to: &Identity, _text: &str, _once: &OnceKey) -> Result<(), SendError> {
        Err(SendError::Forbidden)
    }
    /// Shows that an answer is being written. `draft` is the text so far where [`Streams::Live`].
    fn writing(&self, to: &Place, face: &Face, draft: Option<&str>);
}
