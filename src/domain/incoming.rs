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

/// Whom a message is said as, by a service that speaks for members.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proxied {
    /// Names them at the service for good, such as `pluralkit:UUID`.
    pub key: String,
    /// The name shown with the message; a persona's name when it is new.
    pub name: String,
    pub pronouns: Option<String>,
    pub description: Option<String>,
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
    /// What came with the text, in words: files, quotes. Nobody is called by it.
    pub with: String,
    /// Where the pictures are that came with it.
    pub pictures: Vec<String>,
    /// Said as somebody in particular, rather than as the persona that was chosen.
    pub proxied: Option<Proxied>,
    /// The platform's id of the message that this one stands for: what is owed for that one is not owed again.
    pub replaces: Option<String>,
    /// Whether the house itself is spoken to: whoever is active answers, without being named.
    pub calls_house: bool,
    pub at: Moment,
    /// The platform's id of the message this one replies to.
    pub reply_to: Option<String>,
    /// Slugs of personalities that are called by other means than the text, such as users that the platform mentions.
    pub called: Vec<String>,
    /// Personality slug this message is addressed to by other means than its text (the terminal's `--personality`).
    pub addressed: Option<String>,
    /// Correlation id that the platform gave the event; becomes the turn's trace id.
    pub trace: String,
}
