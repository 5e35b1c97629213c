//! `/memory`: what is remembered, in the hands of the one it is about.

use crate::args::{MemoryRef, Page, SearchWord};

/// What to do with one's memories.
#[derive(Clone, Debug, PartialEq, Eq, clap::Subcommand)]
pub enum Memory {
    /// Show what is remembered about you, newest first
    View {
        /// Which page
        #[arg(long)]
        page: Option<Page>,
    },
    /// Find memories by words or by meaning
    Search {
        /// What to look for
        #[arg(required = true, allow_hyphen_values = true, trailing_var_arg = true)]
        words: Vec<SearchWord>,
    },
    /// Delete memories for good
    Delete {
        /// Ids as the list shows them
        #[arg(required = true)]
        ids: Vec<MemoryRef>,
    },
}

impl Memory {
    pub(crate) fn words(&self) -> Vec<String> {
        match self {
            Self::View { page: None } => vec!["view".into()],
            Self::View { page: Some(page) } => vec!["view".into(), format!("--page={page}")],
            Self::Search { words } => {
                ["search", "--"].map(String::from).into_iter().chain(words.iter().map(ToString::to_string)).collect()
            }
            Self::Delete { ids } => {
                std::iter::once("delete".into()).chain(ids.iter().map(ToString::to_string)).collect()
            }
        }
    }
}
