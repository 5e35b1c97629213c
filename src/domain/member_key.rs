//! Model keys that members bring: what may be shown of them.

use super::{MemberId, Moment};

/// What is known about a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyState {
    /// The provider took it when it was last used or tested.
    Valid,
    /// The provider does not accept it.
    Invalid,
    /// Its account has no credit.
    NoCredit,
    /// Its account asks too often, or may not use this model.
    Limited,
    /// The provider could not be asked.
    Unverified,
}

impl KeyState {
    /// Every state.
    pub const ALL: [Self; 5] = [Self::Valid, Self::Invalid, Self::NoCredit, Self::Limited, Self::Unverified];

    /// As the database stores it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Valid => "valid",
            Self::Invalid => "invalid",
            Self::NoCredit => "no_credit",
            Self::Limited => "limited",
            Self::Unverified => "unverified",
        }
    }

    /// Reads what [`Self::as_str`] wrote; anything else is not verified.
    pub fn read(text: &str) -> Self {
        Self::ALL.into_iter().find(|state| state.as_str() == text).unwrap_or(Self::Unverified)
    }
}

/// A member's key without the key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemberKey {
    pub id: String,
    pub member: MemberId,
    /// Name of the provider, such as `openrouter`.
    pub provider: String,
    /// Address the key is for; it is sent nowhere else.
    pub base_url: String,
    pub model: String,
    /// The last characters, for its owner to recognise it by.
    pub mask: String,
    pub state: KeyState,
    pub checked_at: Option<Moment>,
}
