//! The house itself: what it can do.

use crate::args::CommandWord;

/// `/help`: all commands, or one of them in detail.
#[derive(Clone, Debug, PartialEq, Eq, clap::Args)]
pub struct Help {
    /// The command to explain
    pub command: Vec<CommandWord>,
}

impl Help {
    pub(crate) fn words(&self) -> Vec<String> {
        if self.command.is_empty() {
            return Vec::new();
        }
        std::iter::once("--".into()).chain(self.command.iter().map(ToString::to_string)).collect()
    }
}
