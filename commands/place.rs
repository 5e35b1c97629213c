//! `/place`: what holds where people talk, for those who look after the place.

use crate::args::{Amount, PersonalityName, Sign};
use crate::conversation::Switch;
use crate::said::Said;

/// What to see or decide here.
#[derive(Clone, Debug, PartialEq, Eq, clap::Subcommand)]
pub enum Place {
    /// Show or set what holds in this place
    Settings {
        /// Who may say which character is active here
        #[arg(long, value_enum, ignore_case = true)]
        activate: Option<Who>,
        /// Whether only characters that were allowed answer here
        #[arg(long, value_enum, ignore_case = true)]
        only_allowed: Option<Switch>,
        /// Tokens that one member may use here in a day, or off
        #[arg(long)]
        member_tokens: Option<Amount>,
        /// Tokens that all may use here in a day, or off
        #[arg(long)]
        all_tokens: Option<Amount>,
        /// What commands begin with here on Matrix, such as !
        #[arg(long)]
        sign: Option<Sign>,
    },
    /// Let a character answer here
    Allow {
        /// Which character
        name: PersonalityName,
    },
    /// Keep a character from answering here
    Deny {
        /// Which character
        name: PersonalityName,
    },
}

/// Who may do something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Who {
    /// Every member
    Everyone,
    /// Those who look after the place
    Moderators,
}

impl Place {
    pub(crate) fn words(&self) -> Vec<String> {
        match self {
            Self::Settings { activate, only_allowed, member_tokens, all_tokens, sign } => Said::new("settings")
                .choice_option("activate", activate.as_ref())
                .choice_option("only-allowed", only_allowed.as_ref())
                .option("member-tokens", member_tokens.as_ref())
                .option("all-tokens", all_tokens.as_ref())
                .option("sign", sign.as_ref())
                .done(),
            Self::Allow { name } => Said::new("allow").rest([name]),
            Self::Deny { name } => Said::new("deny").rest([name]),
        }
    }
}
