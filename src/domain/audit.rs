//! What is written into the audit log: deeds that change who may do what, who pays, or what is kept.

use super::{MemberId, Moment};

/// Something that was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deed {
    /// A limit was set or lifted.
    LimitSet,
    /// Somebody was turned away.
    MemberDenied,
    /// Somebody was let in again.
    MemberAllowed,
    /// Something was announced, or nothing any more.
    Announced,
    /// The house's preset was chosen.
    HouseModelChosen,
    /// A preset was offered to everyone, or not any more.
    PresetOffered,
    /// Who may activate characters in a place, or whether only allowed ones answer.
    PlaceRulesSet,
    /// A character may, or may not, answer in a place.
    PlaceCharacterSet,
    /// A key was brought.
    KeyAdded,
    /// A key took the place of another.
    KeyChanged,
    /// A key was taken back.
    KeyRemoved,
    /// Keys were sealed anew.
    KeysRotated,
    /// A member's data were handed out to them.
    DataExported,
    /// A member was erased.
    MemberErased,
    /// Whether what is said in private may be remembered elsewhere.
    SharingChosen,
    /// Whether anything is remembered.
    MemoryChosen,
    /// Nothing is remembered for a while, or again.
    IncognitoSet,
    /// A character was made.
    CharacterMade,
    /// Who a character is for.
    CharacterShared,
    /// A character was given to another member.
    CharacterTransferred,
    /// A character was deleted.
    CharacterDeleted,
    /// A backup was made.
    BackedUp,
    /// A backup was taken back.
    Restored,
    /// Everything that was sealed was given up.
    SealedDropped,
}

impl Deed {
    /// Every deed.
    pub const ALL: [Self; 24] = [
        Self::LimitSet,
        Self::MemberDenied,
        Self::MemberAllowed,
        Self::Announced,
        Self::HouseModelChosen,
        Self::PresetOffered,
        Self::PlaceRulesSet,
        Self::PlaceCharacterSet,
        Self::KeyAdded,
        Self::KeyChanged,
        Self::KeyRemoved,
        Self::KeysRotated,
        Self::DataExported,
        Self::MemberErased,
        Self::SharingChosen,
        Self::MemoryChosen,
        Self::IncognitoSet,
        Self::CharacterMade,
        Self::CharacterShared,
        Self::CharacterTransferred,
        Self::CharacterDeleted,
        Self::BackedUp,
        Self::Restored,
        Self::SealedDropped,
    ];

    /// As the log has it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::LimitSet => "limit_set",
            Self::MemberDenied => "member_denied",
            Self::MemberAllowed => "member_allowed",
            Self::Announced => "announced",
            Self::HouseModelChosen => "house_model_chosen",
            Self::PresetOffered => "preset_offered",
            Self::PlaceRulesSet => "place_rules_set",
            Self::PlaceCharacterSet => "place_character_set",
            Self::KeyAdded => "key_added",
            Self::KeyChanged => "key_changed",
            Self::KeyRemoved => "key_removed",
            Self::KeysRotated => "keys_rotated",
            Self::DataExported => "data_exported",
            Self::MemberErased => "member_erased",
            Self::SharingChosen => "sharing_chosen",
            Self::MemoryChosen => "memory_chosen",
            Self::IncognitoSet => "incognito_set",
            Self::CharacterMade => "character_made",
            Self::CharacterShared => "character_shared",
            Self::CharacterTransferred => "character_transferred",
            Self::CharacterDeleted => "character_deleted",
            Self::BackedUp => "backed_up",
            Self::Restored => "restored",
            Self::SealedDropped => "sealed_dropped",
        }
    }
}

/// A deed to be written down.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Done {
    pub deed: Deed,
    /// Who did it; `None`: whoever runs the house, outside of any conversation, or the house by itself.
    pub by: Option<MemberId>,
    /// The member it was done to, where that is another.
    pub to: Option<MemberId>,
    /// Id of what it was done to.
    pub thing: Option<String>,
    /// More about it, in a word of ours.
    pub detail: Option<&'static str>,
    pub at: Moment,
}

impl Done {
    /// A deed of a member.
    pub fn by(member: &MemberId, deed: Deed, at: Moment) -> Self {
        Self { by: Some(member.clone()), ..Self::of_house(deed, at) }
    }

    /// A deed of whoever runs the house, or of the house itself.
    pub fn of_house(deed: Deed, at: Moment) -> Self {
        Self { deed, by: None, to: None, thing: None, detail: None, at }
    }

    /// Done to somebody.
    #[must_use]
    pub fn to(self, member: Option<MemberId>) -> Self {
        Self { to: member, ..self }
    }

    /// Done to something.
    #[must_use]
    pub fn about(self, id: impl Into<String>) -> Self {
        Self { thing: Some(id.into()), ..self }
    }

    /// With more about it.
    #[must_use]
    pub fn saying(self, detail: &'static str) -> Self {
        Self { detail: Some(detail), ..self }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_deed_has_a_word_of_its_own() {
        let words: BTreeSet<&str> = Deed::ALL.into_iter().map(Deed::as_str).collect();
        assert_eq!(words.len(), Deed::ALL.len());
    }
}
