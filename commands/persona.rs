//! `/persona`: how a member wants to be seen.

use crate::args::{PersonaDescription, PersonaName, Pronouns};

/// What to do with one's persona.
#[derive(Clone, Debug, PartialEq, Eq, clap::Subcommand)]
pub enum Persona {
    /// Show how the characters see you
    View,
    /// Make another way to be seen
    Create {
        /// What they should call you then
        name: PersonaName,
        /// Your pronouns
        #[arg(long)]
        pronouns: Option<Pronouns>,
        /// What they should know about you
        #[arg(long)]
        description: Option<PersonaDescription>,
    },
    /// List the ways you can be seen
    List,
    /// Be seen another way from here on
    Use {
        /// Which of your personas
        name: PersonaName,
    },
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
            Self::List => vec!["list".into()],
            Self::Use { name } => vec!["use".into(), "--".into(), name.to_string()],
            Self::Create { name, pronouns, description } => {
                let mut words = vec!["create".to_owned()];
                words.extend(pronouns.iter().map(|pronouns| format!("--pronouns={pronouns}")));
                words.extend(description.iter().map(|description| format!("--description={description}")));
                words.extend(["--".to_owned(), name.to_string()]);
                words
            }
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
