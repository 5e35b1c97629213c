//! `/persona`: how a member wants to be seen.

use crate::args::{PersonaDescription, PersonaName, PersonalityName, Pronouns};
use crate::said::Said;

/// What to do with one's personas.
#[derive(Clone, Debug, PartialEq, Eq, clap::Subcommand)]
pub enum Persona {
    /// Show how the characters see you
    View {
        /// Which of your personas; the one in use here when left empty
        name: Option<PersonaName>,
    },
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
    /// Choose how every character sees you
    Default {
        /// Which of your personas
        name: PersonaName,
    },
    /// Choose how one character sees you
    Use {
        /// Which of your personas; the usual one when left empty
        name: Option<PersonaName>,
        /// Which character; the one you talk to when left empty
        #[arg(long)]
        with: Option<PersonalityName>,
    },
    /// Change how the characters see you; you are asked when nothing is said
    Edit {
        /// Which of your personas; the one in use here when left empty
        persona: Option<PersonaName>,
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
    /// Show or choose who you are when a service such as PluralKit speaks for you
    Link {
        /// The name you speak under there; all of them when left empty
        name: Option<PersonaName>,
        /// Which of your personas that is
        #[arg(long)]
        to: Option<PersonaName>,
    },
    /// Delete a persona, with all that is remembered of it
    Delete {
        /// Which of your personas
        name: PersonaName,
    },
}

impl Persona {
    pub(crate) fn words(&self) -> Vec<String> {
        match self {
            Self::View { name } => Said::new("view").rest(name),
            Self::List => Said::new("list").done(),
            Self::Default { name } => Said::new("default").rest([name]),
            Self::Use { name, with } => Said::new("use").option("with", with.as_ref()).rest(name),
            Self::Create { name, pronouns, description } => Said::new("create")
                .option("pronouns", pronouns.as_ref())
                .option("description", description.as_ref())
                .rest([name]),
            Self::Edit { persona, name, pronouns, description } => Said::new("edit")
                .option("name", name.as_ref())
                .option("pronouns", pronouns.as_ref())
                .option("description", description.as_ref())
                .rest(persona),
            Self::Link { name, to } => Said::new("link").option("to", to.as_ref()).rest(name),
            Self::Delete { name } => Said::new("delete").rest([name]),
        }
    }
}
