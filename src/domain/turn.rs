//! Turns: one reply owed.

use super::{MemberId, MessageId, Moment, PersonaId, PersonalityId, PlaceId, TurnId};

/// Where a turn stands. Each arrow is one transaction: queued → running → sending → done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TurnState {
    /// Waiting in its lane.
    Queued,
    /// A worker is generating.
    Running,
    /// The text is stored; parts are going out.
    Sending,
    /// Delivered and remembered.
    Done,
    /// Ended with a polite line instead of an answer.
    Failed,
    /// Withdrawn before an answer.
    Cancelled,
}

impl TurnState {
    /// As the database stores it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Sending => "sending",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }

    /// Reads what [`Self::as_str`] wrote.
    pub fn read(text: &str) -> Option<Self> {
        [Self::Queued, Self::Running, Self::Sending, Self::Done, Self::Failed, Self::Cancelled]
            .into_iter()
            .find(|state| state.as_str() == text)
    }
}

/// How a turn ended, for the metrics and the outcome column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    Answered,
    Apologised,
    Cancelled,
}

impl Outcome {
    /// As metrics and traces name it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Answered => "answered",
            Self::Apologised => "apologised",
            Self::Cancelled => "cancelled",
        }
    }
}

/// Whose key paid for an answer. Never the key itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeySource {
    /// The model runs here or on a loopback address; no key.
    Local,
    /// The operator's key.
    Operator,
    /// The member's own key.
    Member,
}

impl KeySource {
    /// As the database stores it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Local => "local",
            Self::Operator => "operator",
            Self::Member => "member",
        }
    }
}

/// A line of the house to be said in place of an answer: a Fluent id and its arguments.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Line {
    pub id: String,
    pub args: Vec<(String, String)>,
}

impl From<super::Refusal> for Line {
    fn from(refusal: super::Refusal) -> Self {
        let args = refusal.args.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        Self { id: refusal.id.to_owned(), args }
    }
}

/// A claimed turn.
#[derive(Clone, Debug, PartialEq)]
pub struct Turn {
    pub id: TurnId,
    pub place: PlaceId,
    /// The message that asked.
    pub message: MessageId,
    /// The platform's id of that message.
    pub reply_to: Option<String>,
    pub personality: PersonalityId,
    pub member: MemberId,
    pub persona: PersonaId,
    pub state: TurnState,
    /// How often a worker has taken it up.
    pub attempt: i64,
    /// Fencing token of the lane lease it runs under.
    pub epoch: i64,
    /// What to say instead of asking a model.
    pub notice: Option<Line>,
    /// Said while nothing was to be remembered.
    pub is_incognito: bool,
    /// Correlation id from event to memory write.
    pub trace: String,
    pub created_at: Moment,
}
