//! The grammar laid out for front ends: every command that can be run, and what it takes.

use clap::builder::ValueRange;

use crate::args::{length_of, range_of, source_of};
use crate::{Access, Source, Where, grammar, parse_words};

/// A command that can be run: `/memory search`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leaf {
    /// One or two names: `["memory", "search"]`.
    pub path: Vec<String>,
    /// What it does, in en-US.
    pub about: String,
    /// Required ones first.
    pub args: Vec<ArgSpec>,
    pub access: Access,
    pub place: Where,
    pub is_private: bool,
}

/// An argument of a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArgSpec {
    /// Its name: of the option, or of what stands at this position.
    pub name: String,
    /// What it is for, in en-US.
    pub about: String,
    pub is_required: bool,
    /// Whether it is given as `--name value` rather than by position.
    pub is_option: bool,
    /// Whether several values may follow one another.
    pub is_list: bool,
    /// The only values it takes; empty: others.
    pub choices: Vec<String>,
    pub source: Option<Source>,
    /// Smallest and largest value of a whole number.
    pub range: Option<(u32, u32)>,
    /// Fewest and most characters.
    pub length: Option<(usize, usize)>,
}

impl Leaf {
    /// The Fluent message that describes it: `command-memory-search`, its attributes the arguments.
    pub fn text_id(&self) -> String {
        format!("command-{}", self.path.join("-"))
    }

    /// How it is typed: `/memory search <words…>`.
    pub fn usage(&self) -> String {
        let mut usage = format!("/{}", self.path.join(" "));
        for arg in &self.args {
            usage.push(' ');
            usage.push_str(&arg.usage());
        }
        usage
    }
}

impl ArgSpec {
    fn of(arg: &clap::Arg) -> Self {
        let id = arg.get_value_parser().type_id();
        let choices: Vec<String> =
            arg.get_possible_values().iter().map(|choice| choice.get_name().to_owned()).collect();
        // `AnyValueId` can be compared with a `TypeId` but not turned into one.
        let known = crate::args::known_types().into_iter().find(|known| id == *known);
        Self {
            name: arg.get_long().map_or_else(|| arg.get_id().as_str().replace('_', "-"), str::to_owned),
            about: arg.get_help().map(ToString::to_string).unwrap_or_default(),
            is_required: arg.is_required_set(),
            is_option: !arg.is_positional(),
            is_list: arg.get_num_args().unwrap_or(ValueRange::SINGLE).max_values() > 1,
            choices,
            source: known.and_then(source_of),
            range: known.and_then(range_of),
            length: known.and_then(length_of),
        }
    }

    pub(crate) fn usage(&self) -> String {
        let dots = if self.is_list { "…" } else { "" };
        let value = if self.choices.is_empty() { format!("<{}{dots}>", self.name) } else { self.choices.join("|") };
        match (self.is_option, self.is_required) {
            (true, true) => format!("--{} {value}", self.name),
            (true, false) => format!("[--{} {value}]", self.name),
            (false, true) => value,
            (false, false) => format!("[{}]", value.trim_matches(['<', '>'])),
        }
    }

    /// A value that the argument takes.
    pub(crate) fn sample(&self) -> String {
        match (self.choices.first(), self.source, self.range) {
            (Some(choice), _, _) => choice.clone(),
            (_, Some(Source::Memories), _) => "6q7r8s".into(),
            (_, Some(Source::Locales), _) => "de".into(),
            (_, Some(Source::Zones), _) => "Europe/Berlin".into(),
            (_, Some(Source::Providers), _) => "openrouter".into(),
            (_, Some(Source::Members), _) => "console:robin".into(),
            (_, _, Some((min, _))) => min.to_string(),
            _ => "abbey".into(),
        }
    }
}

/// Every command that can be run, in the order of the grammar.
pub fn leaves() -> Vec<Leaf> {
    let mut found = Vec::new();
    walk(&grammar(), &mut Vec::new(), &mut found);
    found
}

fn walk(level: &clap::Command, path: &mut Vec<String>, found: &mut Vec<Leaf>) {
    for command in level.get_subcommands() {
        path.push(command.get_name().to_owned());
        if command.has_subcommands() {
            walk(command, path, found);
        } else {
            found.push(leaf(command, path));
        }
        path.pop();
    }
}

fn leaf(command: &clap::Command, path: &[String]) -> Leaf {
    let args = args_of(command);
    let mut words = path.to_vec();
    for arg in args.iter().filter(|arg| arg.is_required) {
        if arg.is_option {
            words.push(format!("--{}={}", arg.name, arg.sample()));
        } else {
            words.push(arg.sample());
        }
    }
    // Access and place are asked of a real command, so that they are decided in one place.
    let sample = parse_words(words).expect("a command takes samples of its required arguments; a test walks all");
    Leaf {
        path: path.to_vec(),
        about: command.get_about().map(ToString::to_string).unwrap_or_default(),
        args,
        access: sample.access(),
        place: sample.place(),
        is_private: sample.is_private(),
    }
}

/// The arguments of a command, required ones first.
pub(crate) fn args_of(command: &clap::Command) -> Vec<ArgSpec> {
    let mut args: Vec<ArgSpec> = command.get_arguments().map(ArgSpec::of).collect();
    args.sort_by_key(|arg| !arg.is_required);
    args
}
