//! `/alias`: other names that characters answer to.

use crate::args::{AliasName, PersonalityName};
use crate::said::Said;

/// What to do with other names.
#[derive(Clone, Debug, PartialEq, Eq, clap::Subcommand)]
pub enum Alias {
    /// Call a character by another name
    Add {
        /// The other name
        alias: AliasName,
        /// Which character it means
        #[arg(long)]
        to: PersonalityName,
        /// Who may use it; only you when left empty
        #[arg(long = "for", value_enum, ignore_case = true)]
        tier: Option<Tier>,
    },
    /// Take another name back
    Remove {
        /// The other name
        alias: AliasName,
        /// Whose name it is; yours when left empty
        #[arg(long = "for", value_enum, ignore_case = true)]
        tier: Option<Tier>,
    },
    /// List the other names that you can use
    List,
}

/// Whom a name is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Tier {
    /// The one who made it
    Me,
    /// Everyone of this house
    Everyone,
}

impl Alias {
    pub(crate) fn words(&self) -> Vec<String> {
        match self {
            Self::Add { alias, to, tier } => {
                Said::new("add").option("to", Some(to)).choice_option("for", tier.as_ref()).rest([alias])
            }
            Self::Remove { alias, tier } => Said::new("remove").choice_option("for", tier.as_ref()).rest([alias]),
            Self::List => Said::new("list").done(),
        }
    }
}
