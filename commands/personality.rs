//! `/personality`: the characters of this house.

use crate::args::{About, PersonalityName, Pronouns};

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
    /// Make a character of your own; you are asked who it is
    Create {
        /// What it is called
        name: PersonalityName,
    },
    /// Change a character of yours
    Edit {
        /// Which character
        name: PersonalityName,
        /// One line about it, for lists
        #[arg(long)]
        about: Option<About>,
        /// Its pronouns
        #[arg(long)]
        pronouns: Option<Pronouns>,
    },
    /// Choose who may talk to a character of yours
    Share {
        /// Everyone of this house, or only you
        #[arg(value_enum, ignore_case = true)]
        with: With,
        /// Which character
        name: PersonalityName,
    },
    /// Delete a character of yours, with all that it remembers
    Delete {
        /// Which character
        name: PersonalityName,
    },
}

/// Who may talk to a character.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum With {
    /// Everyone of this house
    Everyone,
    /// Only its owner
    Nobody,
}

impl Personality {
    pub(crate) fn words(&self) -> Vec<String> {
        match self {
            Self::List => vec!["list".into()],
            Self::View { name } => vec!["view".into(), "--".into(), name.to_string()],
            Self::Create { name } => vec!["create".into(), "--".into(), name.to_string()],
            Self::Edit { name, about, pronouns } => {
                let mut words = vec!["edit".to_owned()];
                words.extend(about.iter().map(|about| format!("--about={about}")));
                words.extend(pronouns.iter().map(|pronouns| format!("--pronouns={pronouns}")));
                words.extend(["--".to_owned(), name.to_string()]);
                words
            }
            Self::Share { with, name } => {
                let with = match with {
                    With::Everyone => "everyone",
                    With::Nobody => "nobody",
                };
                vec!["share".into(), with.into(), "--".into(), name.to_string()]
            }
            Self::Delete { name } => vec!["delete".into(), "--".into(), name.to_string()],
        }
    }
}
