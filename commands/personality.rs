//! `/personality`: the characters of this house.

use crate::args::PersonalityName;

/// What to see of the characters.
#[derive(Clone, Debug, PartialEq, Eq, clap::Subcommand)]
pub enum Personality {
    /// List the characters you can talk to
    List,
    /// Show who a character is
    View {
        /// Which character
        name: PersonalityName,
    },
}

impl Personality {
    pub(crate) fn words(&self) -> Vec<String> {
        match self {
            Self::List => vec!["list".into()],
            Self::View { name } => vec!["view".into(), "--".into(), name.to_string()],
        }
    }
}
