//! The grammar of every command: what can be asked of the house, in one place for all platforms.
//!
//! Pure: text in, [`Command`] out. It knows no platform, does no I/O and speaks no language: descriptions here are
//! the en-US texts of `locales/en-US/commands.ftl` (a test keeps the two equal), and a line that cannot be read
//! becomes a [`Misread`], which names a Fluent message. To add a command: a variant in the file of its group, its
//! arms in [`Command`], its texts in `locales/`; the compiler and the tests ask for the rest.

mod admin;
mod alias;
mod args;
mod complete;
mod conversation;
mod data;
mod house;
mod keys;
mod leaf;
mod mark;
mod memory;
mod misread;
mod persona;
mod personality;
mod place;
mod preset;
mod prompt;
mod said;
mod session;
mod settings;
mod usage;
mod words;

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};

pub use admin::{Admin, DenyMode, DenyScope, LimitOf, LimitPer};
pub use alias::{Alias, Tier};
pub use args::{
    About, AliasName, Amount, BadArg, CommandWord, LocaleTag, Mark, MemberRef, MemoryRef, ModelName, Page, Percent,
    PersonaDescription, PersonaName, PersonalityName, PresetName, Pronouns, ProviderName, Reason, SearchWord, Sign,
    Source, Span, Statement, Temperature, TokenCount, WebAddress, ZoneName,
};
pub use complete::{Candidate, Completion, Wanted, completions};
pub use conversation::{Activate, Autorespond, Reset, ResetStep, Switch, Talk};
pub use data::Data;
pub use house::Help;
pub use keys::Keys;
pub use leaf::{ArgSpec, Leaf, leaves};
pub use mark::Onward;
pub use memory::Memory;
pub use misread::Misread;
pub use persona::Persona;
pub use personality::{Personality, With};
pub use place::{Place, Who};
pub use preset::{Preset, PresetValues};
pub use prompt::Prompt;
pub use session::Session;
pub use settings::{Choice, Settings};
pub use usage::{Period, Usage};
pub use words::quote;

/// Who may use a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Every member.
    Everyone,
    /// Those who look after the place, and whoever runs this house.
    Moderator,
    /// Only whoever runs this house.
    Operator,
}

/// Where a command exists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Where {
    /// On every platform.
    Everywhere,
    /// Only in the terminal.
    Terminal,
}

/// Everything that can be asked of the house.
#[derive(Clone, Debug, PartialEq, Eq, Subcommand)]
pub enum Command {
    /// See and decide what is remembered about you
    #[command(subcommand)]
    Memory(Memory),
    /// Start the conversation afresh; what was said is kept
    Reset(Reset),
    /// Show what the last answer was made of
    Inspect,
    /// Have the last answer given once more
    Again,
    /// Take the last answer back, as if it had not been said
    Unsay,
    /// Show what can be asked of the house
    Help(Help),
    /// Show what this house is and what it runs on
    About,
    /// Meet the characters of this house
    #[command(subcommand)]
    Personality(Personality),
    /// Talk to another character from here on
    Talk(Talk),
    /// Let a character answer everything that is said here
    Activate(Activate),
    /// Let nobody answer here without being called
    Deactivate,
    /// Choose whether the active character answers without being called
    Autorespond(Autorespond),
    /// Talk for a while without it being remembered for good
    #[command(subcommand)]
    Session(Session),
    /// Leave the terminal
    Quit,
    /// Say who you are
    #[command(subcommand)]
    Persona(Persona),
    /// Choose how the house treats you
    #[command(subcommand)]
    Settings(Settings),
    /// Show what your answers cost
    Usage(Usage),
    /// Bring your own key for a model
    #[command(subcommand)]
    Keys(Keys),
    /// Have what the house keeps about you
    #[command(subcommand)]
    Data(Data),
    /// Call characters by names of your own
    #[command(subcommand)]
    Alias(Alias),
    /// Choose which model answers you, and how
    #[command(subcommand)]
    Preset(Preset),
    /// Tell the characters how to answer you
    #[command(subcommand)]
    Prompt(Prompt),
    /// Look after this place
    #[command(subcommand)]
    Place(Place),
    /// Run the house
    #[command(subcommand)]
    Admin(Admin),
}

#[derive(Parser)]
#[command(name = "greenroom", no_binary_name = true, disable_help_flag = true, disable_help_subcommand = true)]
struct Line {
    #[command(subcommand)]
    command: Command,
}

/// The whole grammar; front ends walk it to register and to complete commands.
pub fn grammar() -> clap::Command {
    Line::command()
}

/// Whether a line asks for a command rather than being something to say.
pub fn is_command(line: &str) -> bool {
    line.trim_start().starts_with('/')
}

/// Reads one line such as `/memory view --page 2`; the leading `/` or `!` may be missing.
pub fn parse(line: &str) -> Result<Command, Misread> {
    let line = line.trim();
    let line = line.strip_prefix(['/', '!']).unwrap_or(line);
    parse_words(words::split(line)?)
}

/// Reads a command that a platform hands over already split: `["memory", "view", "--page=2"]`.
pub fn parse_words(mut words: Vec<String>) -> Result<Command, Misread> {
    if words.is_empty() {
        return Err(Misread::Empty);
    }
    let grammar = grammar();
    words::fold_names(&grammar, &mut words);
    words::join_name(&grammar, &mut words);
    let mut matches =
        grammar.clone().try_get_matches_from(&words).map_err(|error| Misread::of(&error, &grammar, &words))?;
    Line::from_arg_matches_mut(&mut matches)
        .map(|line| line.command)
        .map_err(|error| Misread::of(&error, &grammar, &words))
}

impl Command {
    /// Who may use it.
    pub fn access(&self) -> Access {
        match self {
            Self::Memory(_)
            | Self::Reset(_)
            | Self::Inspect
            | Self::Again
            | Self::Unsay
            | Self::Help(_)
            | Self::About
            | Self::Personality(_)
            | Self::Alias(_)
            | Self::Preset(_)
            | Self::Prompt(_)
            | Self::Talk(_)
            | Self::Quit
            | Self::Activate(_)
            | Self::Deactivate
            | Self::Autorespond(_)
            | Self::Session(_)
            | Self::Usage(_)
            | Self::Persona(_)
            | Self::Settings(_)
            | Self::Keys(_)
            | Self::Data(_) => Access::Everyone,
            Self::Place(Place::Settings { .. } | Place::Allow { .. } | Place::Deny { .. })
            | Self::Admin(Admin::Deny { .. } | Admin::Allow { .. }) => Access::Moderator,
            Self::Admin(Admin::Status | Admin::Limits { .. } | Admin::Announce { .. } | Admin::Model { .. }) => {
                Access::Operator
            }
        }
    }

    /// Where it exists.
    pub fn place(&self) -> Where {
        match self {
            Self::Talk(_) | Self::Quit => Where::Terminal,
            Self::Memory(_)
            | Self::Reset(_)
            | Self::Inspect
            | Self::Again
            | Self::Unsay
            | Self::Help(_)
            | Self::About
            | Self::Personality(_)
            | Self::Alias(_)
            | Self::Preset(_)
            | Self::Prompt(_)
            | Self::Persona(_)
            | Self::Settings(_)
            | Self::Activate(_)
            | Self::Deactivate
            | Self::Autorespond(_)
            | Self::Session(_)
            | Self::Usage(_)
            | Self::Keys(_)
            | Self::Place(_)
            | Self::Admin(_)
            | Self::Data(_) => Where::Everywhere,
        }
    }

    /// Whether only the asker may see the answer.
    pub fn is_private(&self) -> bool {
        match self {
            Self::Personality(Personality::List { .. } | Personality::Search { .. } | Personality::View { .. })
            | Self::Reset(_)
            | Self::About
            | Self::Talk(_)
            | Self::Activate(_)
            | Self::Deactivate
            | Self::Autorespond(_)
            | Self::Session(Session::Start { .. } | Session::End { .. })
            | Self::Quit => false,
            Self::Memory(_)
            | Self::Personality(_)
            | Self::Alias(_)
            | Self::Preset(_)
            | Self::Prompt(_)
            | Self::Keys(_)
            | Self::Usage(_)
            | Self::Session(Session::View)
            | Self::Inspect
            | Self::Again
            | Self::Unsay
            | Self::Help(_)
            | Self::Persona(_)
            | Self::Settings(_)
            | Self::Place(_)
            | Self::Admin(_)
            | Self::Data(_) => true,
        }
    }

    /// The command as words that [`parse_words`] reads back.
    pub fn words(&self) -> Vec<String> {
        match self {
            Self::Memory(memory) => within("memory", memory.words()),
            Self::Reset(reset) => within("reset", reset.words()),
            Self::Inspect => vec!["inspect".into()],
            Self::Again => vec!["again".into()],
            Self::Unsay => vec!["unsay".into()],
            Self::Help(help) => within("help", help.words()),
            Self::About => vec!["about".into()],
            Self::Personality(personality) => within("personality", personality.words()),
            Self::Talk(talk) => within("talk", talk.words()),
            Self::Quit => vec!["quit".into()],
            Self::Persona(persona) => within("persona", persona.words()),
            Self::Settings(settings) => within("settings", settings.words()),
            Self::Activate(activate) => within("activate", activate.words()),
            Self::Deactivate => vec!["deactivate".into()],
            Self::Autorespond(autorespond) => within("autorespond", autorespond.words()),
            Self::Session(session) => within("session", session.words()),
            Self::Usage(usage) => within("usage", usage.words()),
            Self::Keys(keys) => within("keys", keys.words()),
            Self::Data(data) => within("data", data.words()),
            Self::Alias(alias) => within("alias", alias.words()),
            Self::Preset(preset) => within("preset", preset.words()),
            Self::Prompt(prompt) => within("prompt", prompt.words()),
            Self::Place(place) => within("place", place.words()),
            Self::Admin(admin) => within("admin", admin.words()),
        }
    }

    /// The command as a person would type it: a line that [`parse`] reads back.
    pub fn line(&self) -> String {
        let words: Vec<String> = self.words().iter().map(|word| quote(word)).collect();
        format!("/{}", words.join(" "))
    }
}

fn within(group: &str, mut words: Vec<String>) -> Vec<String> {
    words.insert(0, group.to_owned());
    words
}

#[cfg(test)]
mod tests;
