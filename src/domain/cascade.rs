//! Cascades: one question, four who may have decided it. The nearest decides, and "off" is a decision.

/// Who decided, nearest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Tier {
    /// The member, for this personality.
    Bond,
    /// The member, for every personality.
    Member,
    /// Whoever made the personality.
    Personality,
    /// The operator.
    House,
}

impl Tier {
    /// Nearest first.
    pub const ALL: [Self; 4] = [Self::Bond, Self::Member, Self::Personality, Self::House];

    /// Short and stable, for records.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Bond => "bond",
            Self::Member => "member",
            Self::Personality => "personality",
            Self::House => "house",
        }
    }

    fn at(self) -> usize {
        match self {
            Self::Bond => 0,
            Self::Member => 1,
            Self::Personality => 2,
            Self::House => 3,
        }
    }
}

/// What is decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Which preset answers: a preset's id.
    Preset,
    /// Instructions beside the character.
    Prompt,
    /// Whether exchanges are remembered: on unless somebody says off.
    Memory,
    /// Whether private memories may surface in other places: off unless the member says on.
    Sharing,
    /// Whether answers end with a line about the model: off unless somebody says on.
    Footer,
    /// As whom the member is seen: a persona's id. Only the member's own tiers decide it.
    Persona,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 6] = [Self::Preset, Self::Prompt, Self::Memory, Self::Sharing, Self::Footer, Self::Persona];

    /// As the database stores it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Preset => "preset",
            Self::Prompt => "prompt",
            Self::Memory => "memory",
            Self::Sharing => "sharing",
            Self::Footer => "footer",
            Self::Persona => "persona",
        }
    }

    /// Reads what [`Self::as_str`] wrote.
    pub fn read(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }

    /// Who may decide it. Nobody else's memory may be opened for a member.
    pub fn tiers(self) -> &'static [Tier] {
        match self {
            Self::Sharing | Self::Persona => &[Tier::Bond, Tier::Member],
            Self::Preset | Self::Prompt | Self::Memory | Self::Footer => &Tier::ALL,
        }
    }
}

/// What one tier chose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Chosen {
    /// Nothing, and nobody further away is asked.
    Off,
    /// This.
    Value(String),
}

impl Chosen {
    /// A switch.
    pub fn switch(on: bool) -> Self {
        if on { Self::Value("on".into()) } else { Self::Off }
    }

    /// As the database stores it.
    pub fn written(&self) -> String {
        match self {
            Self::Off => "-".into(),
            Self::Value(value) => format!("+{value}"),
        }
    }

    /// Reads what [`Self::written`] wrote.
    pub fn read(text: &str) -> Option<Self> {
        match text.split_at_checked(1)? {
            ("-", _) => Some(Self::Off),
            ("+", value) => Some(Self::Value(value.to_owned())),
            _ => None,
        }
    }
}

/// Who decided, and what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decided<'c> {
    /// `None`: nobody; what is built in holds.
    pub tier: Option<Tier>,
    pub chosen: Option<&'c Chosen>,
}

impl<'c> Decided<'c> {
    /// The value, unless it is off or nobody decided.
    pub fn value(&self) -> Option<&'c str> {
        match self.chosen {
            Some(Chosen::Value(value)) => Some(value),
            Some(Chosen::Off) | None => None,
        }
    }

    /// Whether a switch is on; `otherwise` where nobody decided.
    pub fn is_on(&self, otherwise: bool) -> bool {
        self.chosen.map_or(otherwise, |chosen| *chosen != Chosen::Off)
    }
}

/// What all tiers chose, for one member and one personality.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Choices(std::collections::HashMap<Kind, [Option<Chosen>; 4]>);

impl Choices {
    /// Notes what a tier chose; a tier that has no say is not heard.
    pub fn note(&mut self, kind: Kind, tier: Tier, chosen: Chosen) {
        if kind.tiers().contains(&tier) {
            self.0.entry(kind).or_default()[tier.at()] = Some(chosen);
        }
    }

    /// Who decides, and what.
    pub fn decided(&self, kind: Kind) -> Decided<'_> {
        let tiers = self.0.get(&kind);
        let first = |tier: &Tier| tiers.and_then(|tiers| tiers[tier.at()].as_ref()).map(|chosen| (*tier, chosen));
        match Tier::ALL.iter().find_map(first) {
            Some((tier, chosen)) => Decided { tier: Some(tier), chosen: Some(chosen) },
            None => Decided { tier: None, chosen: None },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every way in which four tiers choose nothing, off or something: 81 rows for each kind.
    #[test]
    fn the_nearest_tier_with_a_say_decides_and_off_is_a_decision() {
        for kind in Kind::ALL {
            for row in 0..81_usize {
                let mut choices = Choices::default();
                let mut expected = None;
                for (tier, power) in Tier::ALL.into_iter().zip([1, 3, 9, 27]) {
                    let chosen = match row / power % 3 {
                        0 => continue,
                        1 => Chosen::Off,
                        _ => Chosen::Value(format!("{tier:?}")),
                    };
                    choices.note(kind, tier, chosen.clone());
                    if kind.tiers().contains(&tier) && expected.is_none() {
                        expected = Some((tier, chosen));
                    }
                }
                let decided = choices.decided(kind);
                assert_eq!(decided.tier, expected.as_ref().map(|(tier, _)| *tier), "{kind:?} {row}");
                assert_eq!(decided.chosen, expected.as_ref().map(|(_, chosen)| chosen), "{kind:?} {row}");
                assert_eq!(decided.is_on(true), !matches!(expected, Some((_, Chosen::Off))), "{kind:?} {row}");
            }
        }
    }

    #[test]
    fn a_choice_reads_back() {
        for chosen in [Chosen::Off, Chosen::Value(String::new()), Chosen::Value("-".into()), Chosen::Value("é+".into())]
        {
            assert_eq!(Chosen::read(&chosen.written()), Some(chosen));
        }
        assert_eq!(Chosen::read(""), None);
        assert_eq!(Chosen::read("é"), None);
    }
}
