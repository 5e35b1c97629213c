//! Memories and who they are for.

use super::{MemoryId, Moment, PersonaId, PersonalityId, PlaceId, TurnId};

/// What kind of thing a memory is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MemoryKind {
    /// One exchange, word for word.
    Episode,
    /// What a stretch of talk was about.
    Summary,
    /// One statement that can be checked.
    Fact,
    /// One thing about how a persona and a personality stand to each other.
    Profile,
}

impl MemoryKind {
    /// As the database stores it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Episode => "episode",
            Self::Summary => "summary",
            Self::Fact => "fact",
            Self::Profile => "profile",
        }
    }

    /// Reads what [`Self::as_str`] wrote.
    pub fn read(text: &str) -> Self {
        match text {
            "summary" => Self::Summary,
            "fact" => Self::Fact,
            "profile" => Self::Profile,
            _ => Self::Episode,
        }
    }
}

/// What a memory of the profile is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Aspect {
    /// How far they have come: strangers, friends. There is one at a time.
    Stage,
    /// How they treat each other. There is one at a time.
    Dynamics,
    /// What the member likes, or does not.
    Preference,
    /// What somebody promised.
    Commitment,
    /// What was begun and not finished: a question, a worry, a plan.
    Thread,
    /// A joke that both know.
    Joke,
    /// Something that happened and mattered.
    Event,
    /// What the personality means to bring about.
    Goal,
    /// What the personality wants to keep in mind.
    Note,
}

impl Aspect {
    /// Whether a new one takes the place of the one before.
    pub fn is_single(self) -> bool {
        matches!(self, Self::Stage | Self::Dynamics)
    }

    /// Whether it is in every prompt; others come when the talk comes to them.
    pub fn is_always_known(self) -> bool {
        !matches!(self, Self::Joke | Self::Event)
    }
}

/// What is known of a distilled memory besides its words.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Detail {
    /// Whom or what a fact is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub about: Option<String>,
    /// What a memory of the profile is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub aspect: Option<Aspect>,
    /// How sure it is, in per cent: what members say of themselves more than what they say of others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confidence: Option<u8>,
    /// When it began to hold, or when a summed-up stretch began.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<Moment>,
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
    /// Distilled by a model of what was said.
    Inferred,
}

impl Provenance {
    /// As the database stores it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::UserSaid => "user_said",
            Self::Import => "import",
            Self::Corrected => "corrected",
            Self::Inferred => "model_inferred",
        }
    }

    /// Reads what [`Self::as_str`] wrote.
    pub fn read(text: &str) -> Self {
        match text {
            "import" => Self::Import,
            "corrected" => Self::Corrected,
            "model_inferred" => Self::Inferred,
            _ => Self::UserSaid,
        }
    }
}

/// How far a memory carries beyond the place where it was made, nearest last: what is made of several carries no
/// farther than the greatest of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Reach {
    /// Everywhere its persona talks with its personality.
    Open,
    /// Elsewhere only where its member allowed it.
    Private,
    /// Nowhere else, whatever anybody allowed: it was said in an encrypted room.
    Sealed,
}

impl Reach {
    /// As databases and vector stores keep it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Private => "private",
            Self::Sealed => "sealed",
        }
    }

    /// Reads what [`Self::as_str`] wrote, or what stood there before places could be encrypted; anything else carries
    /// nowhere.
    pub fn read(text: &str) -> Self {
        match text {
            "open" => Self::Open,
            "private" | "direct" | "closed" => Self::Private,
            _ => Self::Sealed,
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
/// It admits a memory when its tenant is one of the scope's, and when the memory is from the very place that asks or
/// carries as far as the scope looks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scope {
    persona: PersonaId,
    personality: PersonalityId,
    place: PlaceId,
    beyond: Reach,
}

impl Scope {
    /// The scope of one answer: `persona` talks with `personality` in `place`.
    pub fn of(persona: PersonaId, personality: PersonalityId, place: PlaceId) -> Self {
        Self { persona, personality, place, beyond: Reach::Open }
    }

    /// The scope that takes in what was said in private elsewhere, but for encrypted rooms.
    ///
    /// Only for members who allowed it, and for a member searching their own memories in private.
    pub fn shared(persona: PersonaId, personality: PersonalityId, place: PlaceId) -> Self {
        Self { persona, personality, place, beyond: Reach::Private }
    }

    /// The scope of a member who looks after their own memories in private, wherever they were made.
    ///
    /// The words of those that [`Memory::is_sealed_off`] are not to be shown.
    pub fn own(persona: PersonaId, personality: PersonalityId, place: PlaceId) -> Self {
        Self { persona, personality, place, beyond: Reach::Sealed }
    }

    /// The tenants whose memories may be seen, one to three.
    pub fn tenants(&self) -> Vec<Tenant> {
        vec![
            Tenant::personal(&self.persona, &self.personality),
            Tenant::global(&self.personality),
            Tenant::session(&self.place, &self.personality),
        ]
    }

    /// Who asks.
    pub fn persona(&self) -> &PersonaId {
        &self.persona
    }

    /// Who is asked.
    pub fn personality(&self) -> &PersonalityId {
        &self.personality
    }

    /// The place that asks.
    pub fn place(&self) -> &PlaceId {
        &self.place
    }

    /// How little a memory of elsewhere may carry to be seen.
    pub fn beyond(&self) -> Reach {
        self.beyond
    }

    /// Whether a memory with these marks may be seen.
    pub fn admits(&self, tenant: &Tenant, place: &PlaceId, reach: Reach) -> bool {
        self.tenants().contains(tenant) && (*place == self.place || reach <= self.beyond)
    }
}

/// A stored memory.
#[derive(Clone, Debug, PartialEq)]
pub struct Memory {
    pub id: MemoryId,
    pub kind: MemoryKind,
    /// Empty for exchanges.
    pub detail: Detail,
    pub tenant: Tenant,
    pub persona: PersonaId,
    pub personality: PersonalityId,
    pub place: PlaceId,
    pub reach: Reach,
    pub provenance: Provenance,
    /// The turn it was made from; `None` for imports.
    pub turn: Option<TurnId>,
    /// Who spoke, as shown then.
    pub said_by: String,
    /// What the member said, word for word; of a distilled memory, its statement.
    pub said: String,
    /// Who answered.
    pub answered_by: String,
    /// What the personality answered, word for word.
    pub answered: String,
    /// When it was said; of a distilled memory, when the last of what it was made from was.
    pub at: Moment,
    /// Kept when many are deleted at once.
    pub is_locked: bool,
    /// What its member finds doubtful about it.
    pub flag: Option<String>,
}

impl Memory {
    /// Whether its words are not for `place`: they were said in an encrypted room, and stay there.
    pub fn is_sealed_off(&self, place: &PlaceId) -> bool {
        self.reach == Reach::Sealed && self.place != *place
    }

    /// Whether it is of a running session.
    pub fn is_of_session(&self) -> bool {
        self.tenant == Tenant::session(&self.place, &self.personality)
    }

    /// Whether it says one thing that may turn out to be otherwise: then nothing that tells it holds any more either.
    pub fn is_statement(&self) -> bool {
        match self.kind {
            MemoryKind::Fact => true,
            MemoryKind::Profile => self.detail.aspect.is_none_or(|aspect| !aspect.is_single()),
            MemoryKind::Episode | MemoryKind::Summary => false,
        }
    }

    /// The memory as a reader sees it: an exchange as `Name: words` lines, anything distilled as its statement.
    pub fn text(&self) -> String {
        if self.kind != MemoryKind::Episode {
            self.said.clone()
        } else if self.answered.is_empty() {
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
        assert!(scope.admits(&own, &here, Reach::Private));
        assert!(scope.admits(&own, &here, Reach::Sealed));
        assert!(scope.admits(&own, &there, Reach::Open));
        assert!(!scope.admits(&own, &there, Reach::Private));
        assert!(!scope.admits(&own, &there, Reach::Sealed));
        assert!(!scope.admits(&Tenant::personal(&PersonaId::new("b"), &abbey), &here, Reach::Open));
        let shared = Scope::shared(persona.clone(), abbey.clone(), here.clone());
        assert!(shared.admits(&own, &there, Reach::Private));
        assert!(!shared.admits(&own, &there, Reach::Sealed), "no consent opens an encrypted room");
        assert!(Scope::own(persona, abbey, here).admits(&own, &there, Reach::Sealed));
    }

    #[test]
    fn what_cannot_be_read_carries_nowhere() {
        for (text, expected) in [
            ("open", Reach::Open),
            ("private", Reach::Private),
            ("direct", Reach::Private),
            ("closed", Reach::Private),
            ("sealed", Reach::Sealed),
            ("", Reach::Sealed),
            ("whatever", Reach::Sealed),
        ] {
            assert_eq!(Reach::read(text), expected, "{text}");
        }
    }
}
