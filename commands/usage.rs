//! `/usage`: what a member's answers cost.

/// `/usage`: answers, tokens and cost of a period.
#[derive(Clone, Debug, PartialEq, Eq, clap::Args)]
pub struct Usage {
    /// How far back; a month when left empty
    #[arg(value_enum, ignore_case = true)]
    pub period: Option<Period>,
}

/// How far back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Period {
    /// The last 24 hours
    Day,
    /// The last 7 days
    Week,
    /// The last 30 days
    Month,
    /// Everything
    All,
}

impl Period {
    /// Days back; `None`: everything.
    pub fn days(self) -> Option<u32> {
        match self {
            Self::Day => Some(1),
            Self::Week => Some(7),
            Self::Month => Some(30),
            Self::All => None,
        }
    }
}

impl Usage {
    pub(crate) fn words(&self) -> Vec<String> {
        let word = self.period.map(|period| match period {
            Period::Day => "day",
            Period::Week => "week",
            Period::Month => "month",
            Period::All => "all",
        });
        word.map(str::to_owned).into_iter().collect()
    }
}
