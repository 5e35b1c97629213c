//! The running conversation: starting it afresh, and whom it is with.

use crate::args::PersonalityName;

/// `/reset`: the next answer starts with an empty history; nothing is deleted.
#[derive(Clone, Debug, PartialEq, Eq, clap::Args)]
pub struct Reset {
    /// Leave empty to start afresh
    #[arg(value_enum, ignore_case = true)]
    pub step: Option<ResetStep>,
}

/// What `/reset` should do instead of starting afresh.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum ResetStep {
    /// Bring the conversation before the last reset back
    Undo,
}

impl Reset {
    pub(crate) fn words(&self) -> Vec<String> {
        match self.step {
            None => Vec::new(),
            Some(ResetStep::Undo) => vec!["undo".into()],
        }
    }
}

/// `/talk`: another personality answers from here on.
#[derive(Clone, Debug, PartialEq, Eq, clap::Args)]
pub struct Talk {
    /// Whom to talk to
    pub name: PersonalityName,
}

impl Talk {
    pub(crate) fn words(&self) -> Vec<String> {
        vec!["--".into(), self.name.to_string()]
    }
}
