//! Quiet times: for a while nothing is written down, or nothing is read.

use super::{Moment, PersonalityId};

/// What is quiet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum QuietKind {
    /// Nothing is remembered of what is said.
    Incognito,
    /// Nothing that is remembered is used.
    Fresh,
}

impl QuietKind {
    /// As the database stores it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Incognito => "incognito",
            Self::Fresh => "fresh",
        }
    }

    /// Reads what [`Self::as_str`] wrote.
    pub fn read(text: &str) -> Option<Self> {
        [Self::Incognito, Self::Fresh].into_iter().find(|kind| kind.as_str() == text)
    }
}

/// A quiet time of one member.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quiet {
    pub kind: QuietKind,
    /// Only with this personality.
    pub personality: Option<PersonalityId>,
    pub until: Moment,
}

/// When a quiet time ends that holds now with `personality`, the last of them.
pub fn quiet_until(quiets: &[Quiet], kind: QuietKind, personality: &PersonalityId, now: Moment) -> Option<Moment> {
    quiets
        .iter()
        .filter(|quiet| quiet.kind == kind && quiet.until > now)
        .filter(|quiet| quiet.personality.as_ref().is_none_or(|only| only == personality))
        .map(|quiet| quiet.until)
        .max()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quiet_time_ends_by_itself_and_keeps_to_its_personality() {
        let (abbey, aviva) = (PersonalityId::new("abbey"), PersonalityId::new("aviva"));
        let quiet = |kind, personality: Option<&PersonalityId>, until| Quiet {
            kind,
            personality: personality.cloned(),
            until: Moment(until),
        };
        let all = [quiet(QuietKind::Fresh, Some(&abbey), 50), quiet(QuietKind::Fresh, None, 20)];
        let until = |personality, now| quiet_until(&all, QuietKind::Fresh, personality, Moment(now));
        assert_eq!((until(&abbey, 0), until(&aviva, 0)), (Some(Moment(50)), Some(Moment(20))));
        assert_eq!((until(&abbey, 20), until(&aviva, 20)), (Some(Moment(50)), None));
        assert_eq!(until(&abbey, 50), None);
        assert_eq!(quiet_until(&all, QuietKind::Incognito, &abbey, Moment(0)), None);
    }
}
