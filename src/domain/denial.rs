//! Who is turned away, where, and how.

use super::{Identity, MemberId, Moment, PersonalityId, PlaceId};

/// What turning away does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum DenialMode {
    /// What they say is read along, and nobody answers.
    Mute,
    /// What they say is not even read.
    Block,
}

impl DenialMode {
    /// As the database stores it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Mute => "mute",
            Self::Block => "block",
        }
    }

    /// Reads what [`Self::as_str`] wrote; anything else is the stricter one.
    pub fn read(text: &str) -> Self {
        if text == "mute" { Self::Mute } else { Self::Block }
    }
}

/// One entry of the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Denial {
    pub id: String,
    pub who: Identity,
    /// The member behind it, where there is one.
    pub member: Option<MemberId>,
    /// Only there; `None`: in the whole house.
    pub place: Option<PlaceId>,
    /// Only by this personality.
    pub personality: Option<PersonalityId>,
    pub mode: DenialMode,
    pub reason: Option<String>,
    /// When it ends; `None`: never.
    pub until: Option<Moment>,
}

/// Everyone who is turned away.
#[derive(Clone, Debug, Default)]
pub struct Denials(Vec<Denial>);

impl Denials {
    /// The list of these.
    pub fn new(all: Vec<Denial>) -> Self {
        Self(all)
    }

    /// Whether nobody is turned away anywhere.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The strictest entry that holds now for `who` in `place`, for every personality.
    pub fn here(&self, who: &Identity, place: &PlaceId, now: Moment) -> Option<DenialMode> {
        self.hold(who, place, now).filter(|denial| denial.personality.is_none()).map(|denial| denial.mode).max()
    }

    /// Whether `who` is turned away from one personality in `place`.
    pub fn from(&self, who: &Identity, place: &PlaceId, personality: &PersonalityId, now: Moment) -> bool {
        self.hold(who, place, now).any(|denial| denial.personality.as_ref() == Some(personality))
    }

    /// Whether what a member said in `place` is not to be read.
    pub fn blocks(&self, member: &MemberId, place: &PlaceId, now: Moment) -> bool {
        self.current(now).any(|denial| {
            denial.member.as_ref() == Some(member)
                && denial.mode == DenialMode::Block
                && denial.personality.is_none()
                && denial.place.as_ref().is_none_or(|there| there == place)
        })
    }

    /// All entries that hold now.
    pub fn current(&self, now: Moment) -> impl Iterator<Item = &Denial> {
        self.0.iter().filter(move |denial| denial.until.is_none_or(|until| until > now))
    }

    fn hold<'d>(&'d self, who: &'d Identity, place: &'d PlaceId, now: Moment) -> impl Iterator<Item = &'d Denial> {
        self.current(now)
            .filter(move |denial| denial.who == *who && denial.place.as_ref().is_none_or(|there| there == place))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_denial_holds_for_its_place_its_time_and_its_personality() {
        let robin = Identity { platform: "fake".into(), subject: "robin".into() };
        let (here, there) = (PlaceId::new("here"), PlaceId::new("there"));
        let denial = |place: Option<&PlaceId>, personality: Option<&str>, mode, until| Denial {
            id: String::new(),
            who: robin.clone(),
            member: Some(MemberId::new("robin")),
            place: place.cloned(),
            personality: personality.map(PersonalityId::new),
            mode,
            reason: None,
            until,
        };
        let list = Denials::new(vec![
            denial(Some(&here), None, DenialMode::Mute, Some(Moment(100))),
            denial(None, Some("abbey"), DenialMode::Block, None),
            denial(Some(&here), None, DenialMode::Block, Some(Moment(50))),
        ]);
        let kim = Identity { platform: "fake".into(), subject: "kim".into() };
        assert_eq!(list.here(&robin, &here, Moment(49)), Some(DenialMode::Block));
        assert_eq!(list.here(&robin, &here, Moment(50)), Some(DenialMode::Mute));
        assert_eq!(list.here(&robin, &here, Moment(100)), None);
        assert_eq!(list.here(&robin, &there, Moment(0)), None);
        assert_eq!(list.here(&kim, &here, Moment(0)), None);
        assert!(list.blocks(&MemberId::new("robin"), &here, Moment(0)));
        assert!(!list.blocks(&MemberId::new("robin"), &here, Moment(60)), "muted only");
        assert!(!list.blocks(&MemberId::new("robin"), &there, Moment(0)));
        assert!(list.from(&robin, &there, &PersonalityId::new("abbey"), Moment(9_999)));
        assert!(!list.from(&robin, &there, &PersonalityId::new("aviva"), Moment(0)));
    }
}
