//! `/persona`: how a member wants to be seen.

use crate::args::{PersonaDescription, PersonaName, Pronouns};

/// What to do with one's persona.
#[derive(Clone, Debug, PartialEq, Eq, clap::Subcommand)]
pub enum Persona {
    /// Show how the characters see you
    View,
    /// Change how the characters see you
    Edit {
        /// What they should call you
        #[arg(long)]
        name: Option<PersonaName>,
        /// Your pronouns
        #[arg(long)]
        pronouns: Option<Pronouns>,
        /// What they should know about you
        #[arg(long)]
        description: Option<PersonaDescription>,
    },
}

impl Persona {
    pub(crate) fn words(&self) -> Vec<String> {
        match self {
            Self::View => vec!["view".into()],
            Self::Edit { name, pronouns, description } => {
                let mut words = vec!["edit".to_owned()];
                words.extend(name.iter().map(|name| format!("--name={name}")));
                words.extend(pronouns.iter().map(|pronouns| format!("--pronouns={pronouns}")));
                words.extend(description.iter().map(|description| format!("--description={description}")));
                words
            }
        }
    }
}
