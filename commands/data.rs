//! `/data`: what the house keeps about a member, in their hands.

/// What to do with one's data.
#[derive(Clone, Debug, PartialEq, Eq, clap::Subcommand)]
pub enum Data {
    /// Get everything that is kept about you, as a file
    Export,
    /// Erase everything that is kept about you; you are asked to confirm it
    Erase,
}

impl Data {
    pub(crate) fn words(&self) -> Vec<String> {
        match self {
            Self::Export => vec!["export".into()],
            Self::Erase => vec!["erase".into()],
        }
    }
}
