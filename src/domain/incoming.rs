//! What a platform hands in: one message as it arrived.

use super::{Identity, Moment, PlaceRef};

/// Who said a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Speaker {
    pub identity: Identity,
    /// The name shown on the platform; becomes the first persona's name.
    pub name: String,
    /// A bot, an unknown webhook or the house itself: never answered.
    pub is_bot: bool,
}

/// A message from a platform. Unique by `account` and `platform_id`: replays are recognised.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Incoming {
    /// The bot account that received it.
    pub account: String,
    /// The platform's id of the message.
    pub platform_id: String,
    pub place: PlaceRef,
    pub speaker: Speaker,
    pub text: String,
    pub at: Moment,
    /// The platform's id of the message this one replies to.
    pub reply_to: Option<String>,
    /// Personality slug this message is addressed to by other means than its text (the terminal's `--personality`).
    pub addressed: Option<String>,
    /// Correlation id that the platform gave the event; becomes the turn's trace id.
    pub trace: String,
}
