//! What could come next in a half-typed command.

use crate::args::Source;
use crate::leaf::{ArgSpec, args_of};
use crate::{grammar, words};

/// What is being typed where the cursor is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Completion {
    /// Byte of the line where the unfinished word begins.
    pub start: usize,
    /// The unfinished word, without an opening quote.
    pub prefix: String,
    pub wanted: Wanted,
}

/// What fits there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// One of these, all beginning with the prefix.
    Words(Vec<Candidate>),
    /// Something only the front end can list.
    From(Source),
    /// Anything.
    Nothing,
}

/// A word that fits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    pub text: String,
    /// What it is, in en-US.
    pub about: String,
}

/// What is being typed at byte `pos` of `line`; `None` when the line is no command.
pub fn completions(line: &str, pos: usize) -> Option<Completion> {
    let typed = line.get(..pos)?;
    let before = typed.len() - typed.trim_start().len();
    let typed_command = typed.get(before..)?.strip_prefix('/')?;
    let offset = before + 1;
    let start = offset + word_start(typed_command);
    let raw = &typed[start..];
    let prefix = raw.trim_start_matches('"').to_owned();
    let mut done = words::split(typed.get(offset..start)?).ok()?;
    let grammar = grammar();
    words::fold_names(&grammar, &mut done);

    let mut level = &grammar;
    let mut rest = done.as_slice();
    while let Some((name, after)) = rest.split_first() {
        let Some(next) = level.find_subcommand(name) else { break };
        (level, rest) = (next, after);
    }
    let wanted = if level.has_subcommands() {
        if rest.is_empty() { Wanted::Words(commands(level, &prefix)) } else { Wanted::Nothing }
    } else {
        let wanted = argument(&args_of(level), rest, &prefix);
        match wanted {
            Wanted::From(Source::Commands) => Wanted::Words(nested(&grammar, rest, &prefix)),
            other => other,
        }
    };
    // After `--option=` only the value is being typed.
    let value_at = prefix.strip_prefix("--").and_then(|option| option.find('=')).map(|at| at + 3);
    Some(match value_at {
        Some(at) => Completion { start: start + at, prefix: prefix[at..].trim_start_matches('"').to_owned(), wanted },
        None => Completion { start, prefix, wanted },
    })
}

/// Where the unfinished word begins: at its opening quote, or after the last blank.
fn word_start(typed: &str) -> usize {
    let (mut start, mut quoted) = (0, false);
    let mut last = ' ';
    for (at, c) in typed.char_indices() {
        if c == '"' && !quoted && last.is_whitespace() {
            (start, quoted) = (at, true);
        } else if c == '"' && quoted && last != '\\' {
            quoted = false;
        } else if c.is_whitespace() && !quoted {
            start = at + c.len_utf8();
        }
        last = c;
    }
    start
}

fn commands(level: &clap::Command, prefix: &str) -> Vec<Candidate> {
    let folded = prefix.to_lowercase();
    level
        .get_subcommands()
        .filter(|command| command.get_name().starts_with(&folded))
        .map(|command| Candidate {
            text: command.get_name().to_owned(),
            about: command.get_about().map(ToString::to_string).unwrap_or_default(),
        })
        .collect()
}

/// The commands below the ones already named, for `/help memory …`.
fn nested(grammar: &clap::Command, named: &[String], prefix: &str) -> Vec<Candidate> {
    let mut level = grammar;
    for name in named {
        match level.find_subcommand(name.trim_start_matches('/')) {
            Some(next) => level = next,
            None => return Vec::new(),
        }
    }
    commands(level, prefix)
}

fn argument(args: &[ArgSpec], given: &[String], prefix: &str) -> Wanted {
    let option = |name: &str| args.iter().find(|arg| arg.is_option && arg.name == name);
    if let Some((name, value)) = prefix.strip_prefix("--").and_then(|option| option.split_once('=')) {
        return option(name).map_or(Wanted::Nothing, |arg| values(arg, value));
    }
    if let Some(arg) = given.last().and_then(|word| word.strip_prefix("--")).and_then(option) {
        return values(arg, prefix);
    }
    let mut positions = args.iter().filter(|arg| !arg.is_option);
    let mut taken = 0;
    let mut is_value = false;
    for word in given {
        match word.strip_prefix("--") {
            Some(name) => is_value = option(name).is_some(),
            None if is_value => is_value = false,
            None => taken += 1,
        }
    }
    let last = args.iter().rfind(|arg| !arg.is_option && arg.is_list);
    match positions.nth(taken).or(last).filter(|_| !prefix.starts_with('-')) {
        Some(arg) => values(arg, prefix),
        None => Wanted::Words(options(args, given, prefix)),
    }
}

fn values(arg: &ArgSpec, prefix: &str) -> Wanted {
    match arg.source {
        Some(source) => Wanted::From(source),
        None if arg.choices.is_empty() => Wanted::Nothing,
        None => Wanted::Words(
            arg.choices
                .iter()
                .filter(|choice| choice.starts_with(prefix))
                .map(|choice| Candidate { text: choice.clone(), about: String::new() })
                .collect(),
        ),
    }
}

/// Options that are not on the line yet.
fn options(args: &[ArgSpec], given: &[String], prefix: &str) -> Vec<Candidate> {
    args.iter()
        .filter(|arg| arg.is_option)
        .map(|arg| Candidate { text: format!("--{}", arg.name), about: arg.about.clone() })
        .filter(|option| option.text.starts_with(prefix))
        .filter(|option| !given.iter().any(|word| word.split('=').next() == Some(option.text.as_str())))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(line: &str) -> Vec<String> {
        match completions(line, line.len()).unwrap().wanted {
            Wanted::Words(found) => found.into_iter().map(|candidate| candidate.text).collect(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn commands_are_completed_level_by_level() {
        assert_eq!(texts("/mem"), ["memory"]);
        assert_eq!(texts("/Memory s"), ["search", "stats"]);
        assert_eq!(texts("/help memory s"), ["search", "stats"]);
        assert_eq!(texts("/reset "), ["undo"]);
        assert_eq!(completions("hello /mem", 10), None);
    }

    #[test]
    fn arguments_say_where_their_values_come_from() {
        let wanted = |line: &str| completions(line, line.len()).unwrap();
        let talk = wanted("/talk Ab");
        assert_eq!((talk.start, talk.prefix.as_str(), talk.wanted), (6, "Ab", Wanted::From(Source::Personalities)));
        let quoted = wanted("/personality view \"Old Sa");
        assert_eq!((quoted.start, quoted.prefix.as_str()), (18, "Old Sa"));
        assert_eq!(wanted("/memory delete 6q7r8s ").wanted, Wanted::From(Source::Memories));
        assert_eq!(wanted("/settings time-zone Eu").wanted, Wanted::From(Source::Zones));
        assert_eq!(wanted("/memory view --page ").wanted, Wanted::Nothing);
    }

    #[test]
    fn options_are_offered_once() {
        assert_eq!(texts("/persona edit --"), ["--name", "--pronouns", "--description"]);
        assert_eq!(texts("/persona edit Rook --name Ada "), ["--pronouns", "--description"]);
        assert_eq!(texts("/persona edit --name=Ada --p"), ["--pronouns"]);
    }

    #[test]
    fn a_cursor_in_the_middle_completes_what_is_before_it() {
        let found = completions("/mem view", 4).unwrap();
        assert_eq!((found.start, found.prefix.as_str()), (1, "mem"));
        assert_eq!(completions("/é", 2), None, "a position inside a character");
    }
}
