//! Memories and who they are for.

use super::{MemoryId, Moment, PersonaId, PersonalityId, PlaceId, Privacy, TurnId};

/// What kind of thing a memory is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MemoryKind {
    /// One exchange, word for word.
    Episode,
}

impl MemoryKind {
    /// As the database stores it.
    pub fn as_str(self) -> &'static str {
        "episode"
    }
}

/// Where a memory came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Provenance {
    /// The member's own words (and the answer to them).
    UserSaid,
    /// Brought in from another system.
    Import,
    /// How the member put right what was remembered; it beats everything derived.
    Corrected,
}

impl Provenance {
    /// As the database stores it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::UserSaid => "user_said",
            Self::Import => "import",
            Self::Corrected => "corrected",
        }
    }

    /// Reads what [`Self::as_str`] wrote.
    pub fn read(text: &str) -> Self {
        match text {
            "import" => Self::Import,
            "corrected" => Self::Corrected,
            _ => Self::UserSaid,
        }
    }
}

/// Whose memories these are: the key that every stored vector carries and every search must name.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct Tenant(String);

impl Tenant {
    /// One persona's memories with one personality.
    pub fn personal(persona: &PersonaId, personality: &PersonalityId) -> Self {
        Self(format!("p:{persona}:{personality}"))
    }

    /// The personality's own canon.
    pub fn global(personality: &PersonalityId) -> Self {
        Self(format!("g:{personality}"))
    }

    /// One place's running session with a personality.
    pub fn session(place: &PlaceId, personality: &PersonalityId) -> Self {
        Self(format!("s:{place}:{personality}"))
    }

    /// Reads a tenant that the database or a vector store returned.
    pub fn stored(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// As stores keep it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Who asks, whom, and where: the only way to search or list memories.
///
/// It admits a memory when its tenant is one of the scope's, and when the memory is from an open place or from
/// the very place that asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scope {
    persona: PersonaId,
    personality: PersonalityId,
    place: PlaceId,
    everywhere: bool,
}

impl Scope {
    /// The scope of one answer: `persona` talks with `personality` in `place`.
    pub fn of(persona: PersonaId, personality: PersonalityId, place: PlaceId) -> Self {
        Self { persona, personality, place, everywhere: false }
    }

    /// The scope that reaches the memories of every place.
    ///
    /// Only for a member looking at their own memories in private, and for members who allowed it.
    pub fn own(persona: PersonaId, personality: PersonalityId, place: PlaceId) -> Self {
        Self { persona, personality, place, everywhere: true }
    }

    /// The tenants whose memories may be seen, one to three.
    pub fn tenants(&self) -> Vec<Tenant> {
        vec![
            Tenant::personal(&self.persona, &self.personality),
            Tenant::global(&self.personality),
            Tenant::session(&self.place, &self.personality),
        ]
    }

    /// The place that asks.
    pub fn place(&self) -> &PlaceId {
        &self.place
    }

    /// Whether memories of private places elsewhere may be seen as well.
    pub fn sees_everywhere(&self) -> bool {
        self.everywhere
    }

    /// Whether a memory with these marks may be seen.
    pub fn admits(&self, tenant: &Tenant, place: &PlaceId, privacy: Privacy) -> bool {
        self.tenants().contains(tenant) && (self.everywhere || privacy == Privacy::Open || *place == self.place)
    }
}

/// A stored memory.
#[derive(Clone, Debug, PartialEq)]
pub struct Memory {
    pub id: MemoryId,
    pub kind: MemoryKind,
    pub tenant: Tenant,
    pub persona: PersonaId,
    pub personality: PersonalityId,
    pub place: PlaceId,
    pub privacy: Privacy,
    pub provenance: Provenance,
    /// The turn it was made from; `None` for imports.
    pub turn: Option<TurnId>,
    /// Who spoke, as shown then.
    pub said_by: String,
    /// What the member said, word for word.
    pub said: String,
    /// Who answered.
    pub answered_by: String,
    /// What the personality answered, word for word.
    pub answered: String,
    /// When it was said.
    pub at: Moment,
    /// Kept when many are deleted at once.
    pub is_locked: bool,
    /// What its member finds doubtful about it.
    pub flag: Option<String>,
}

impl Memory {
    /// The exchange as a reader sees it: `Name: words` lines.
    pub fn text(&self) -> String {
        if self.answered.is_empty() {
            format!("{}: {}", self.said_by, self.said)
        } else {
            format!("{}: {}\n{}: {}", self.said_by, self.said, self.answered_by, self.answered)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn private_words_stay_where_they_were_said() {
        let (persona, abbey) = (PersonaId::new("a"), PersonalityId::new("abbey"));
        let (here, there) = (PlaceId::new("here"), PlaceId::new("there"));
        let scope = Scope::of(persona.clone(), abbey.clone(), here.clone());
        let own = Tenant::personal(&persona, &abbey);
        assert!(scope.admits(&own, &here, Privacy::Direct));
        assert!(scope.admits(&own, &there, Privacy::Open));
        assert!(!scope.admits(&own, &there, Privacy::Direct));
        assert!(!scope.admits(&own, &there, Privacy::Closed));
        assert!(!scope.admits(&Tenant::personal(&PersonaId::new("b"), &abbey), &here, Privacy::Open));
        assert!(Scope::own(persona, abbey, here).admits(&own, &there, Privacy::Direct));
    }
}
