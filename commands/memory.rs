//! `/memory`: what is remembered, in the hands of the one it is about.

use crate::args::{Mark, MemoryRef, Page, PersonalityName, SearchWord, Span};
use crate::conversation::Switch;
use crate::said::Said;

/// What to do with one's memories.
#[derive(Clone, Debug, PartialEq, Eq, clap::Subcommand)]
pub enum Memory {
    /// Show what is remembered about you, newest first
    View {
        /// Which page
        #[arg(long)]
        page: Option<Page>,
        /// Where to go on; the buttons below a page fill it in
        #[arg(long)]
        from: Option<Mark>,
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
    /// Put a memory right; the old wording is never used again
    Correct {
        /// Its id as the list shows it
        id: MemoryRef,
        /// How it really is; you are asked when left empty
        #[arg(allow_hyphen_values = true, trailing_var_arg = true)]
        words: Vec<SearchWord>,
    },
    /// Mark a memory as doubtful
    Flag {
        /// Its id as the list shows it
        id: MemoryRef,
        /// What is wrong with it; the mark goes when left empty
        #[arg(allow_hyphen_values = true, trailing_var_arg = true)]
        words: Vec<SearchWord>,
    },
    /// Keep memories when many are deleted at once
    Lock {
        /// Ids as the list shows them
        #[arg(required = true)]
        ids: Vec<MemoryRef>,
    },
    /// Let locked memories go with the others
    Unlock {
        /// Ids as the list shows them
        #[arg(required = true)]
        ids: Vec<MemoryRef>,
    },
    /// Show how much is remembered about you, and by whom
    Stats,
    /// Have nothing written down for a while
    Incognito {
        /// on or off; shows how it is when left empty
        #[arg(value_enum, ignore_case = true)]
        switch: Option<Switch>,
        /// For how long, such as 30m or 2h; an hour when left empty
        #[arg(long = "for")]
        span: Option<Span>,
        /// Only with this character
        #[arg(long)]
        with: Option<PersonalityName>,
    },
    /// Be met without memories for a while
    Fresh {
        /// on or off; shows how it is when left empty
        #[arg(value_enum, ignore_case = true)]
        switch: Option<Switch>,
        /// For how long, such as 30m or 2h; an hour when left empty
        #[arg(long = "for")]
        span: Option<Span>,
        /// Only with this character
        #[arg(long)]
        with: Option<PersonalityName>,
    },
    /// Delete everything a character remembers of you, but for what is locked
    ForgetMe {
        /// Which character; all of them when left empty
        name: Option<PersonalityName>,
    },
}

impl Memory {
    pub(crate) fn words(&self) -> Vec<String> {
        let quiet = |name, switch: &Option<Switch>, span: &Option<Span>, with: &Option<PersonalityName>| {
            let said = Said::new(name).option("for", span.as_ref()).option("with", with.as_ref());
            match switch {
                Some(switch) => said.choice(switch).done(),
                None => said.done(),
            }
        };
        match self {
            Self::View { page, from } => {
                Said::new("view").option("page", page.as_ref()).option("from", from.as_ref()).done()
            }
            Self::Search { words } => Said::new("search").rest(words),
            Self::Delete { ids } => Said::new("delete").rest(ids),
            Self::Correct { id, words } => Said::new("correct").word(id).rest(words),
            Self::Flag { id, words } => Said::new("flag").word(id).rest(words),
            Self::Lock { ids } => Said::new("lock").rest(ids),
            Self::Unlock { ids } => Said::new("unlock").rest(ids),
            Self::Stats => Said::new("stats").done(),
            Self::Incognito { switch, span, with } => quiet("incognito", switch, span, with),
            Self::Fresh { switch, span, with } => quiet("fresh", switch, span, with),
            Self::ForgetMe { name } => Said::new("forget-me").rest(name),
        }
    }
}
