//! `/settings`: how the house treats a member.

use crate::args::{LocaleTag, ZoneName};

/// What to see or choose.
#[derive(Clone, Debug, PartialEq, Eq, clap::Subcommand)]
pub enum Settings {
    /// Show your settings
    View,
    /// Choose the time zone of the dates you see
    TimeZone {
        /// A name such as Europe/Berlin
        zone: ZoneName,
    },
    /// Choose the language the house speaks to you
    Locale {
        /// A language tag such as de or en-US
        tag: LocaleTag,
    },
}

impl Settings {
    pub(crate) fn words(&self) -> Vec<String> {
        match self {
            Self::View => vec!["view".into()],
            Self::TimeZone { zone } => vec!["time-zone".into(), zone.to_string()],
            Self::Locale { tag } => vec!["locale".into(), tag.to_string()],
        }
    }
}
