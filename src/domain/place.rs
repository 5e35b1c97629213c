//! Places: where people talk.

use super::{PersonalityId, PlaceId, Reach};

/// What commands begin with on platforms that have none of their own, where nobody chose another sign.
pub const COMMAND_SIGN: &str = "!";

/// How far words in a place carry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Privacy {
    /// A conversation between one member and the house: a DM, the terminal.
    Direct,
    /// A private channel or an encrypted or invite-only room.
    Closed,
    /// A place anybody of the community may read.
    Open,
}

impl Privacy {
    /// As the database stores it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Direct => "direct",
            Self::Closed => "closed",
            Self::Open => "open",
        }
    }

    /// Reads what [`Self::as_str`] wrote; anything else is the most private class.
    pub fn read(text: &str) -> Self {
        match text {
            "open" => Self::Open,
            "closed" => Self::Closed,
            _ => Self::Direct,
        }
    }
}

/// A place as a platform names it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PlaceRef {
    /// `console`, `discord`, `matrix`, `fake`.
    pub platform: String,
    /// The platform's own id of the place.
    pub subject: String,
    /// The platform's id of the parent place, for a thread.
    pub parent: Option<String>,
    pub privacy: Privacy,
    /// Whether only those who are in it can read what the platform carries.
    pub is_encrypted: bool,
    /// Whether the platform keeps minors out of it.
    pub is_adult: bool,
}

/// Who may decide something in a place.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Who {
    #[default]
    Everyone,
    Moderators,
}

impl Who {
    /// As the database stores it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Everyone => "everyone",
            Self::Moderators => "moderators",
        }
    }

    /// Reads what [`Self::as_str`] wrote; anything else is the narrower one.
    pub fn read(text: &str) -> Self {
        if text == "everyone" { Self::Everyone } else { Self::Moderators }
    }
}

/// A stored place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    pub id: PlaceId,
    pub platform: String,
    pub subject: String,
    pub parent: Option<String>,
    pub privacy: Privacy,
    /// Whether it is encrypted, or was ever said to be: encryption is not taken back.
    pub is_encrypted: bool,
    /// The activated personality, if any.
    pub personality: Option<PersonalityId>,
    /// Whether the activated personality answers everything here.
    pub autorespond: bool,
    /// Nobody said yet who is active here: as in the place it hangs on.
    pub follows_parent: bool,
    /// Whether the platform keeps minors out of it.
    pub is_adult: bool,
    /// Who may say which personality is active.
    pub activate_by: Who,
    /// Whether only those of [`Self::allowed`] answer.
    pub only_allowed: bool,
    pub allowed: Vec<PersonalityId>,
    pub denied: Vec<PersonalityId>,
    /// What commands begin with here, where somebody chose another sign than the usual one.
    pub prefix: Option<String>,
}

impl Place {
    /// How far what is said in it carries from now on.
    pub fn reach(&self) -> Reach {
        match (self.is_encrypted, self.privacy) {
            (true, _) => Reach::Sealed,
            (false, Privacy::Open) => Reach::Open,
            (false, Privacy::Closed | Privacy::Direct) => Reach::Private,
        }
    }

    /// Whether the rules of the place let a personality answer in it.
    pub fn admits(&self, personality: &PersonalityId) -> bool {
        !self.denied.contains(personality) && (!self.only_allowed || self.allowed.contains(personality))
    }
}
