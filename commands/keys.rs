//! `/keys`: a member's own keys for model providers. The key itself is never part of a command: it is asked for.

use crate::args::{ModelName, ProviderName};
use crate::said::Said;

/// What to do with one's keys.
#[derive(Clone, Debug, PartialEq, Eq, clap::Subcommand)]
pub enum Keys {
    /// Bring your own key; you are asked for it in private
    Set {
        /// Whose key it is
        provider: ProviderName,
        /// The model to use, as the provider names it
        #[arg(long)]
        model: Option<ModelName>,
    },
    /// Show your keys, never in full
    List,
    /// Ask the provider whether your key still works
    Test {
        /// Whose key it is
        provider: ProviderName,
    },
    /// Remove your key from this house
    Remove {
        /// Whose key it is
        provider: ProviderName,
    },
}

impl Keys {
    pub(crate) fn words(&self) -> Vec<String> {
        match self {
            Self::Set { provider, model } => Said::new("set").option("model", model.as_ref()).rest([provider]),
            Self::List => Said::new("list").done(),
            Self::Test { provider } => Said::new("test").rest([provider]),
            Self::Remove { provider } => Said::new("remove").rest([provider]),
        }
    }
}
