//! The running conversation: starting it afresh, whom it is with, and who answers in a place without being called.

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

/// `/activate`: a personality answers everything that is said in this place.
#[derive(Clone, Debug, PartialEq, Eq, clap::Args)]
pub struct Activate {
    /// Who answers here
    pub name: PersonalityName,
}

impl Activate {
    pub(crate) fn words(&self) -> Vec<String> {
        vec!["--".into(), self.name.to_string()]
    }
}

/// `/autorespond`: whether the active personality answers without being called.
#[derive(Clone, Debug, PartialEq, Eq, clap::Args)]
pub struct Autorespond {
    /// on or off
    #[arg(value_enum, ignore_case = true)]
    pub switch: Switch,
}

/// On or off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Switch {
    /// Answer everything
    On,
    /// Answer only when called
    Off,
}

impl Autorespond {
    pub(crate) fn words(&self) -> Vec<String> {
        vec![match self.switch {
            Switch::On => "on".into(),
            Switch::Off => "off".into(),
        }]
    }
}
