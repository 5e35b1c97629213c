//! `/settings`: how the house treats a member.

use crate::args::{Amount, LocaleTag, PersonalityName, ZoneName};
use crate::said::Said;

/// What to see or choose.
#[derive(Clone, Debug, PartialEq, Eq, clap::Subcommand)]
pub enum Settings {
    /// Show your settings, and who decided each
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
    /// Choose whether answers end with a line about the model
    Footer {
        /// on, off, or inherit for no choice of your own
        #[arg(value_enum, ignore_case = true)]
        choice: Choice,
        /// Only with this character
        #[arg(long)]
        with: Option<PersonalityName>,
    },
    /// Choose whether you are remembered at all
    Memory {
        /// on, off, or inherit for no choice of your own
        #[arg(value_enum, ignore_case = true)]
        choice: Choice,
        /// Only with this character
        #[arg(long)]
        with: Option<PersonalityName>,
    },
    /// Choose whether what you say in private may be remembered elsewhere
    Sharing {
        /// on, off, or inherit for no choice of your own
        #[arg(value_enum, ignore_case = true)]
        choice: Choice,
        /// Only with this character
        #[arg(long)]
        with: Option<PersonalityName>,
    },
    /// Choose how much your own answers may use in a day; shows it when left empty
    Budget {
        /// Tokens, or off
        #[arg(long)]
        tokens: Option<Amount>,
        /// Cents of a dollar by list prices, or off
        #[arg(long)]
        cents: Option<Amount>,
    },
}

/// A choice that may be left to others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Choice {
    /// Yes
    On,
    /// No
    Off,
    /// As the next one decides
    Inherit,
}

impl Settings {
    pub(crate) fn words(&self) -> Vec<String> {
        let chosen = |name, choice: &Choice, with: &Option<PersonalityName>| {
            Said::new(name).choice(choice).option("with", with.as_ref()).done()
        };
        match self {
            Self::View => Said::new("view").done(),
            Self::TimeZone { zone } => Said::new("time-zone").word(zone).done(),
            Self::Locale { tag } => Said::new("locale").word(tag).done(),
            Self::Footer { choice, with } => chosen("footer", choice, with),
            Self::Memory { choice, with } => chosen("memory", choice, with),
            Self::Sharing { choice, with } => chosen("sharing", choice, with),
            Self::Budget { tokens, cents } => {
                Said::new("budget").option("tokens", tokens.as_ref()).option("cents", cents.as_ref()).done()
            }
        }
    }
}
