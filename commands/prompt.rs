//! `/prompt`: a member's own instructions, beside who a character is.

use crate::args::PersonalityName;
use crate::said::Said;

/// What to do with one's own instructions.
#[derive(Clone, Debug, PartialEq, Eq, clap::Subcommand)]
pub enum Prompt {
    /// Tell the characters how to answer you; you are asked what to tell them
    Set {
        /// Only this character; all of them when left empty
        #[arg(long)]
        with: Option<PersonalityName>,
    },
    /// Have no instructions at all, not even the character's or the house's
    Off {
        /// Only this character; all of them when left empty
        #[arg(long)]
        with: Option<PersonalityName>,
    },
    /// Take your own instructions back
    Clear {
        /// Only this character; all of them when left empty
        #[arg(long)]
        with: Option<PersonalityName>,
    },
    /// Show which instructions a character gets, and whose they are
    View {
        /// Which character; the one you talk to when left empty
        #[arg(long)]
        with: Option<PersonalityName>,
    },
}

impl Prompt {
    pub(crate) fn words(&self) -> Vec<String> {
        let (name, with) = match self {
            Self::Set { with } => ("set", with),
            Self::Off { with } => ("off", with),
            Self::Clear { with } => ("clear", with),
            Self::View { with } => ("view", with),
        };
        Said::new(name).option("with", with.as_ref()).done()
    }
}
