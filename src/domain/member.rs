//! Members and their personas.

use super::{MemberId, Moment, PersonaId};

/// A platform account that belongs to a member, such as `matrix` `@ada:example.org`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Identity {
    pub platform: String,
    pub subject: String,
}

/// A person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    pub id: MemberId,
    /// BCP 47 tag the member chose, if any.
    pub locale: Option<String>,
    /// IANA time zone the member chose, if any.
    pub time_zone: Option<String>,
    /// When they were told that they talk with an AI; `None`: not yet.
    pub told_at: Option<Moment>,
}

/// How a member wants to be seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Persona {
    pub id: PersonaId,
    pub member: MemberId,
    pub name: String,
    pub pronouns: Option<String>,
    pub description: Option<String>,
    pub is_default: bool,
}
