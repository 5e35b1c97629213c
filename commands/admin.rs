//! `/admin`: running the house from within a conversation.

use crate::args::{Amount, MemberRef, PersonalityName, PresetName, Reason, SearchWord, Span};
use crate::conversation::Switch;
use crate::said::Said;

/// What to see or decide.
#[derive(Clone, Debug, PartialEq, Eq, clap::Subcommand)]
pub enum Admin {
    /// Show how the house is doing
    Status,
    /// Show or set what may be used; what is over a limit is turned down, never billed
    Limits {
        /// Whose limit
        #[arg(value_enum, ignore_case = true, requires = "per")]
        of: Option<LimitOf>,
        /// In which time
        #[arg(value_enum, ignore_case = true)]
        per: Option<LimitPer>,
        /// Tokens, or off
        #[arg(long)]
        tokens: Option<Amount>,
        /// Answers, or off
        #[arg(long)]
        answers: Option<Amount>,
        /// Cents of a dollar by list prices, or off
        #[arg(long)]
        cents: Option<Amount>,
        /// Only this member
        #[arg(long)]
        member: Option<MemberRef>,
    },
    /// Turn a member away
    Deny {
        /// Whom
        who: MemberRef,
        /// Where; here when left empty
        #[arg(long, value_enum, ignore_case = true)]
        scope: Option<DenyScope>,
        /// What it does; block when left empty
        #[arg(long, value_enum, ignore_case = true)]
        mode: Option<DenyMode>,
        /// Only from this character
        #[arg(long)]
        with: Option<PersonalityName>,
        /// For how long, such as 30m, 2h or 7d; for good when left empty
        #[arg(long = "for")]
        span: Option<Span>,
        /// Why, for other moderators
        #[arg(long)]
        reason: Option<Reason>,
    },
    /// Let a member in again, or list who is turned away
    Allow {
        /// Whom; a list when left empty
        who: Option<MemberRef>,
        /// Where; here when left empty
        #[arg(long, value_enum, ignore_case = true)]
        scope: Option<DenyScope>,
        /// Only to this character
        #[arg(long)]
        with: Option<PersonalityName>,
    },
    /// Tell every place something, once, with its next answer
    Announce {
        /// What to tell; the last announcement goes when left empty
        #[arg(allow_hyphen_values = true, trailing_var_arg = true)]
        words: Vec<SearchWord>,
    },
    /// Show or choose the preset that answers where nobody chose another
    Model {
        /// A preset of yours, or off for the house's own
        name: Option<PresetName>,
        /// Whether everyone may choose it for themselves
        #[arg(long, value_enum, ignore_case = true)]
        offer: Option<Switch>,
    },
}

/// Whose limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, clap::ValueEnum)]
pub enum LimitOf {
    /// Everything that this house pays for
    House,
    /// Every member
    Member,
    /// Every place
    Place,
    /// Everyone who made characters, for what those are asked
    Owner,
}

/// In which time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, clap::ValueEnum)]
pub enum LimitPer {
    /// 60 seconds
    Minute,
    /// 24 hours
    Day,
    /// 30 days
    Month,
}

/// Where somebody is turned away.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum DenyScope {
    /// In this place
    Place,
    /// In the whole house
    House,
}

/// What turning away does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum DenyMode {
    /// What they say is not even read
    Block,
    /// What they say is read along, and nobody answers
    Mute,
}

impl Admin {
    pub(crate) fn words(&self) -> Vec<String> {
        match self {
            Self::Status => Said::new("status").done(),
            Self::Limits { of, per, tokens, answers, cents, member } => {
                let mut said = Said::new("limits");
                if let Some(of) = of {
                    said = said.choice(of);
                }
                if let Some(per) = per {
                    said = said.choice(per);
                }
                said.option("tokens", tokens.as_ref())
                    .option("answers", answers.as_ref())
                    .option("cents", cents.as_ref())
                    .option("member", member.as_ref())
                    .done()
            }
            Self::Deny { who, scope, mode, with, span, reason } => Said::new("deny")
                .choice_option("scope", scope.as_ref())
                .choice_option("mode", mode.as_ref())
                .option("with", with.as_ref())
                .option("for", span.as_ref())
                .option("reason", reason.as_ref())
                .rest([who]),
            Self::Allow { who, scope, with } => {
                Said::new("allow").choice_option("scope", scope.as_ref()).option("with", with.as_ref()).rest(who)
            }
            Self::Announce { words } => Said::new("announce").rest(words),
            Self::Model { name, offer } => Said::new("model").choice_option("offer", offer.as_ref()).rest(name),
        }
    }
}
