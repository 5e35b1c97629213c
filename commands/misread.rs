//! Why a line is not a command, in terms a person can act on. Never clap's own words.

use clap::error::{ContextKind, ContextValue, ErrorKind};

use crate::args::BadArg;
use crate::leaf::args_of;

/// Longest piece of the line that a message repeats, in characters.
const GIVEN_MAX: usize = 60;

/// A line that cannot be read as a command; its Fluent message is [`Misread::id`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Misread {
    /// Nothing but a slash.
    Empty,
    /// A double quote opens a word and is never closed.
    UnclosedQuote,
    /// No command of that name.
    UnknownCommand { given: String },
    /// No command of that name, but one that looks like it.
    SimilarCommand { given: String, suggestion: String },
    /// A group without saying which of its commands.
    Incomplete { command: String, choices: String },
    /// No option of that name.
    UnknownOption { given: String, usage: String },
    /// No option of that name, but one that looks like it.
    SimilarOption { given: String, suggestion: String },
    /// More words than the command takes.
    Surplus { given: String, usage: String },
    /// A required argument is not there.
    MissingArgument { argument: String, usage: String },
    /// An option without its value.
    MissingValue { argument: String, usage: String },
    /// An option given twice.
    Repeated { argument: String, usage: String },
    /// Not one of the values there are.
    BadChoice { given: String, choices: String },
    /// A value that cannot be what the argument means.
    BadValue { argument: String, given: String, why: BadArg },
    /// Anything else.
    Unclear { usage: String },
}

impl Misread {
    /// One of each, for completeness checks; [`Misread::BadValue`] stands for all of [`BadArg::ALL`].
    pub fn samples() -> Vec<Self> {
        let text = String::new;
        let mut all = vec![
            Self::Empty,
            Self::UnclosedQuote,
            Self::UnknownCommand { given: text() },
            Self::SimilarCommand { given: text(), suggestion: text() },
            Self::Incomplete { command: text(), choices: text() },
            Self::UnknownOption { given: text(), usage: text() },
            Self::SimilarOption { given: text(), suggestion: text() },
            Self::Surplus { given: text(), usage: text() },
            Self::MissingArgument { argument: text(), usage: text() },
            Self::MissingValue { argument: text(), usage: text() },
            Self::Repeated { argument: text(), usage: text() },
            Self::BadChoice { given: text(), choices: text() },
            Self::Unclear { usage: text() },
        ];
        all.extend(BadArg::ALL.map(|why| Self::BadValue { argument: text(), given: text(), why }));
        all
    }

    /// The Fluent message that explains it.
    pub fn id(&self) -> &'static str {
        match self {
            Self::Empty => "misread-empty",
            Self::UnclosedQuote => "misread-unclosed-quote",
            Self::UnknownCommand { .. } => "misread-unknown-command",
            Self::SimilarCommand { .. } => "misread-similar-command",
            Self::Incomplete { .. } => "misread-incomplete",
            Self::UnknownOption { .. } => "misread-unknown-option",
            Self::SimilarOption { .. } => "misread-similar-option",
            Self::Surplus { .. } => "misread-surplus",
            Self::MissingArgument { .. } => "misread-missing-argument",
            Self::MissingValue { .. } => "misread-missing-value",
            Self::Repeated { .. } => "misread-repeated",
            Self::BadChoice { .. } => "misread-bad-choice",
            Self::BadValue { why, .. } => why.id(),
            Self::Unclear { .. } => "misread-unclear",
        }
    }

    /// The arguments of the message.
    pub fn args(&self) -> Vec<(&'static str, String)> {
        match self.clone() {
            Self::Empty | Self::UnclosedQuote => Vec::new(),
            Self::UnknownCommand { given } => vec![("given", given)],
            Self::SimilarCommand { given, suggestion } | Self::SimilarOption { given, suggestion } => {
                vec![("given", given), ("suggestion", suggestion)]
            }
            Self::Incomplete { command, choices } => vec![("command", command), ("choices", choices)],
            Self::UnknownOption { given, usage } | Self::Surplus { given, usage } => {
                vec![("given", given), ("usage", usage)]
            }
            Self::MissingArgument { argument, usage }
            | Self::MissingValue { argument, usage }
            | Self::Repeated { argument, usage } => vec![("argument", argument), ("usage", usage)],
            Self::BadChoice { given, choices } => vec![("given", given), ("choices", choices)],
            Self::BadValue { argument, given, why } => {
                let mut args = vec![("argument", argument), ("given", given)];
                if let BadArg::Length { max } = why {
                    args.push(("max", max.to_string()));
                }
                args
            }
            Self::Unclear { usage } => vec![("usage", usage)],
        }
    }

    pub(crate) fn of(error: &clap::Error, grammar: &clap::Command, words: &[String]) -> Self {
        let here = Here::of(grammar, words);
        let context = |kind| error.get(kind).map(text_of).unwrap_or_default();
        let argument = || bare(&context(ContextKind::InvalidArg));
        let usage = || here.usage();
        match error.kind() {
            ErrorKind::InvalidSubcommand => {
                let given = cut(&here.with(&context(ContextKind::InvalidSubcommand)));
                match context(ContextKind::SuggestedSubcommand) {
                    suggestion if suggestion.is_empty() && !here.path.is_empty() => {
                        Self::Incomplete { command: here.with(""), choices: here.choices() }
                    }
                    suggestion if suggestion.is_empty() => Self::UnknownCommand { given },
                    suggestion => Self::SimilarCommand { given, suggestion: here.with(&suggestion) },
                }
            }
            ErrorKind::MissingSubcommand | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
                Self::Incomplete { command: here.with(""), choices: here.choices() }
            }
            ErrorKind::UnknownArgument => {
                let given = cut(&context(ContextKind::InvalidArg));
                match context(ContextKind::SuggestedArg) {
                    _ if !given.starts_with('-') => Self::Surplus { given, usage: usage() },
                    suggestion if suggestion.is_empty() => Self::UnknownOption { given, usage: usage() },
                    suggestion => Self::SimilarOption { given, suggestion },
                }
            }
            ErrorKind::MissingRequiredArgument => Self::MissingArgument { argument: argument(), usage: usage() },
            ErrorKind::InvalidValue => match context(ContextKind::InvalidValue) {
                given if given.is_empty() => Self::MissingValue { argument: argument(), usage: usage() },
                given => Self::BadChoice { given: cut(&given), choices: context(ContextKind::ValidValue) },
            },
            ErrorKind::TooFewValues | ErrorKind::WrongNumberOfValues | ErrorKind::NoEquals => {
                Self::MissingValue { argument: argument(), usage: usage() }
            }
            ErrorKind::TooManyValues => {
                Self::Surplus { given: cut(&context(ContextKind::InvalidValue)), usage: usage() }
            }
            ErrorKind::ArgumentConflict => Self::Repeated { argument: argument(), usage: usage() },
            ErrorKind::ValueValidation => {
                let given = cut(&context(ContextKind::InvalidValue));
                match std::error::Error::source(error).and_then(|why| why.downcast_ref()) {
                    Some(why) => Self::BadValue { argument: argument(), given, why: *why },
                    None => Self::Unclear { usage: usage() },
                }
            }
            _ => Self::Unclear { usage: usage() },
        }
    }
}

/// How far into the grammar a line got.
struct Here<'a> {
    path: Vec<&'a str>,
    level: &'a clap::Command,
}

impl<'a> Here<'a> {
    fn of(grammar: &'a clap::Command, words: &[String]) -> Self {
        let mut here = Here { path: Vec::new(), level: grammar };
        for word in words {
            let Some(next) = here.level.find_subcommand(word) else { break };
            here.path.push(next.get_name());
            here.level = next;
        }
        here
    }

    /// The command so far and one more name: `/memory view`.
    fn with(&self, name: &str) -> String {
        format!("/{} {name}", self.path.join(" ")).replace("/ ", "/").trim_end().to_owned()
    }

    fn choices(&self) -> String {
        let names: Vec<String> = self.level.get_subcommands().map(|next| self.with(next.get_name())).collect();
        names.join(", ")
    }

    fn usage(&self) -> String {
        let args: Vec<String> = args_of(self.level).iter().map(|arg| format!(" {}", arg.usage())).collect();
        format!("{}{}", self.with(""), args.concat())
    }
}

fn text_of(value: &ContextValue) -> String {
    match value {
        ContextValue::String(text) => text.clone(),
        ContextValue::Strings(texts) => texts.join(", "),
        _ => String::new(),
    }
}

/// `--page <PAGE>` and `<NAME>...` as a person calls them: `page`, `name`.
fn bare(argument: &str) -> String {
    let first = argument.split([' ', ',', '=']).next().unwrap_or_default();
    first.trim_matches(['-', '<', '>', '[', ']', '.']).to_lowercase().replace('_', "-")
}

fn cut(given: &str) -> String {
    let clean: String = given.chars().filter(|c| !c.is_control()).take(GIVEN_MAX).collect();
    if given.chars().count() > GIVEN_MAX { format!("{clean}…") } else { clean }
}
