//! Interactions as the fake remembers them.

use std::time::{Duration, Instant};

use serde_json::Value;

use crate::standstill::Since;

/// The first answer must come within this.
pub(crate) const ACK_WITHIN: Duration = Duration::from_secs(3);

/// After this the token is worth nothing.
pub(crate) const TOKEN_LIVES: Duration = Duration::from_secs(15 * 60);

/// What a person did, and how the bot answered.
#[derive(Clone, Debug)]
pub(crate) struct Play {
    pub id: u64,
    pub token: String,
    /// 2 command, 3 component, 4 autocompletion, 5 modal.
    pub kind: u8,
    /// For lines about it: `/memory view`, `button x`.
    pub title: String,
    pub user: u64,
    pub channel: u64,
    pub began: Since,
    /// How much older a test made it.
    pub aged: Duration,
    /// The first callback: when, and what it said.
    pub callback: Option<(Instant, Value)>,
    /// The message of the first answer.
    pub original: Option<u64>,
    /// Whether the original still says only that an answer will come.
    pub is_loading: bool,
    /// Whether something other than a deferral is there.
    pub is_answered: bool,
    pub followups: Vec<u64>,
    /// The message that the component or modal belongs to.
    pub target: Option<u64>,
    /// Type of the option that is being completed.
    pub completes: u64,
    /// Whether its missed deadline was noted.
    pub is_missed: bool,
}

impl Play {
    /// Time since the act in which the machine ran.
    pub fn age(&self) -> Duration {
        self.began.elapsed() + self.aged
    }

    /// The type of the first callback.
    pub fn callback_type(&self) -> Option<u64> {
        self.callback.as_ref().and_then(|(_, body)| body["type"].as_u64())
    }

    /// Every message that answers it, oldest first.
    pub fn messages(&self) -> Vec<u64> {
        self.original.iter().chain(&self.followups).copied().collect()
    }
}
