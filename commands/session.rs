//! `/session`: times in which what a character is told here is remembered here, and for that time only.

use crate::args::PersonalityName;
use crate::conversation::Switch;
use crate::said::Said;

/// What to do with the sessions of a place.
#[derive(Clone, Debug, PartialEq, Eq, clap::Subcommand)]
pub enum Session {
    /// Show which sessions run here, and how much there is of them
    View,
    /// Have what is said here remembered for a session only
    Start {
        /// With which character; the one you talk with when left empty
        name: Option<PersonalityName>,
    },
    /// End a session; what was said in it is forgotten
    End {
        /// With which character; the one you talk with when left empty
        name: Option<PersonalityName>,
        /// on: everybody keeps what they said themselves as their own memory
        #[arg(long, value_enum, ignore_case = true, num_args = 0..=1, default_missing_value = "on")]
        keep: Option<Switch>,
    },
}

impl Session {
    pub(crate) fn words(&self) -> Vec<String> {
        match self {
            Self::View => Said::new("view").done(),
            Self::Start { name } => Said::new("start").rest(name),
            Self::End { name, keep } => Said::new("end").choice_option("keep", keep.as_ref()).rest(name),
        }
    }
}
