//! `/personality`: the characters of this house.

use crate::args::{
    About, Amount, MemberRef, MemoryRef, Page, PersonalityName, PresetName, Pronouns, SearchWord, Statement,
    Temperature, TokenCount, WebAddress,
};
use crate::conversation::Switch;
use crate::said::Said;

/// What to see of the characters, and what to do with one's own.
#[derive(Clone, Debug, PartialEq, Eq, clap::Subcommand)]
pub enum Personality {
    /// List the characters you can talk to
    List {
        /// Which page
        #[arg(long)]
        page: Option<Page>,
    },
    /// Find characters by name or by what they are about
    Search {
        /// What to look for
        #[arg(required = true, allow_hyphen_values = true, trailing_var_arg = true)]
        words: Vec<SearchWord>,
    },
    /// Show who a character is
    View {
        /// Which character
        name: PersonalityName,
    },
    /// Make a character of your own; you are asked who it is
    Create {
        /// What it is called
        name: PersonalityName,
    },
    /// Change a character of yours; you are asked when nothing is said
    Edit {
        /// Which character
        name: PersonalityName,
        /// What it is called from now on
        #[arg(long)]
        rename: Option<PersonalityName>,
        /// One line about it, for lists
        #[arg(long)]
        about: Option<About>,
        /// Its pronouns
        #[arg(long)]
        pronouns: Option<Pronouns>,
    },
    /// Choose how a character of yours answers; shows how it is when nothing is said
    Configure {
        /// Which character
        name: PersonalityName,
        /// The preset it answers with, or off, or inherit
        #[arg(long)]
        preset: Option<PresetName>,
        /// How freely it chooses words, 0 to 2
        #[arg(long)]
        temperature: Option<Temperature>,
        /// Longest answer, in tokens
        #[arg(long)]
        max_tokens: Option<TokenCount>,
        /// Whether it speaks only where the platform keeps minors out
        #[arg(long, value_enum, ignore_case = true)]
        adult: Option<Switch>,
        /// Whether it may remember what it is told
        #[arg(long, value_enum, ignore_case = true)]
        memory: Option<Switch>,
        /// Tokens that others may ask of your characters in a day, or off
        #[arg(long)]
        daily_tokens: Option<Amount>,
    },
    /// Choose who may talk to a character of yours, and who looks after it with you
    Share {
        /// Whom it is for
        #[arg(value_enum, ignore_case = true)]
        with: With,
        /// Which character
        name: PersonalityName,
        /// Which member, for guest, owner and without
        #[arg(long)]
        member: Option<MemberRef>,
    },
    /// Make a character of your own that starts as another one is
    Duplicate {
        /// Which character
        name: PersonalityName,
        /// What the new one is called
        #[arg(long = "as")]
        new: PersonalityName,
    },
    /// Give a character of yours a picture
    Avatar {
        /// Which character
        name: PersonalityName,
        /// Address of a picture; the picture goes when left empty
        #[arg(long)]
        url: Option<WebAddress>,
    },
    /// See what is true of a character of yours in every talk, add to it, or take something out
    Canon {
        /// Which character
        name: PersonalityName,
        /// What is true of it, in a sentence
        #[arg(long)]
        add: Option<Statement>,
        /// Id of what is to go, as the list shows it
        #[arg(long)]
        remove: Option<MemoryRef>,
    },
    /// Get a character as a file
    Export {
        /// Which character
        name: PersonalityName,
    },
    /// Make a character of your own from a file; you are asked for it
    Import,
    /// Give a character of yours to another member
    Transfer {
        /// Which character
        name: PersonalityName,
        /// To whom
        #[arg(long)]
        to: MemberRef,
    },
    /// Delete a character of yours, with all that it remembers
    Delete {
        /// Which character
        name: PersonalityName,
    },
}

/// Whom a character is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum With {
    /// Everyone of this house
    Everyone,
    /// Only those who look after it
    Nobody,
    /// One more member
    Guest,
    /// One more member, who looks after it as well
    Owner,
    /// No longer this member
    Without,
}

impl Personality {
    pub(crate) fn words(&self) -> Vec<String> {
        match self {
            Self::List { page } => Said::new("list").option("page", page.as_ref()).done(),
            Self::Search { words } => Said::new("search").rest(words),
            Self::View { name } => Said::new("view").rest([name]),
            Self::Create { name } => Said::new("create").rest([name]),
            Self::Edit { name, rename, about, pronouns } => Said::new("edit")
                .option("rename", rename.as_ref())
                .option("about", about.as_ref())
                .option("pronouns", pronouns.as_ref())
                .rest([name]),
            Self::Configure { name, preset, temperature, max_tokens, adult, memory, daily_tokens } => {
                Said::new("configure")
                    .option("preset", preset.as_ref())
                    .option("temperature", temperature.as_ref())
                    .option("max-tokens", max_tokens.as_ref())
                    .choice_option("adult", adult.as_ref())
                    .choice_option("memory", memory.as_ref())
                    .option("daily-tokens", daily_tokens.as_ref())
                    .rest([name])
            }
            Self::Share { with, name, member } => {
                Said::new("share").choice(with).option("member", member.as_ref()).rest([name])
            }
            Self::Duplicate { name, new } => Said::new("duplicate").option("as", Some(new)).rest([name]),
            Self::Avatar { name, url } => Said::new("avatar").option("url", url.as_ref()).rest([name]),
            Self::Canon { name, add, remove } => {
                Said::new("canon").option("add", add.as_ref()).option("remove", remove.as_ref()).rest([name])
            }
            Self::Export { name } => Said::new("export").rest([name]),
            Self::Import => Said::new("import").done(),
            Self::Transfer { name, to } => Said::new("transfer").option("to", Some(to)).rest([name]),
            Self::Delete { name } => Said::new("delete").rest([name]),
        }
    }
}
