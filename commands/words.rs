//! Splitting a typed line into words, as people type in a chat rather than in a shell.
//!
//! Quotes group words only where a word begins (or after `--option=`), so that `what's my cat's name` stays four
//! words; `#` and `\` mean nothing; the curly quotes and long dashes that phones put in are read as what was meant.

use crate::leaf::{ArgSpec, args_of};
use crate::{Misread, Source};

/// Splits a line; errs when a double quote that opens a word is never closed.
pub(crate) fn split(line: &str) -> Result<Vec<String>, Misread> {
    let chars: Vec<char> = line.chars().collect();
    let mut words = Vec::new();
    let mut at = 0;
    while at < chars.len() {
        if chars[at].is_whitespace() {
            at += 1;
            continue;
        }
        let mut word = String::new();
        if matches!(chars[at], '—' | '–') && chars.get(at + 1).is_some_and(|c| c.is_alphabetic()) {
            word.push_str("--");
            at += 1;
        }
        while at < chars.len() && !chars[at].is_whitespace() {
            let opens = word.is_empty() || (word.starts_with("--") && word.find('=') == Some(word.len() - 1));
            match quoted(&chars, at).filter(|_| opens) {
                Some(Quoted::Closed { text, after }) => {
                    word.push_str(&text);
                    at = after;
                    // A quoted word is done, also when it is empty: what follows is blank or the end.
                    break;
                }
                Some(Quoted::Open) => return Err(Misread::UnclosedQuote),
                None => {
                    word.push(chars[at]);
                    at += 1;
                }
            }
        }
        words.push(word);
    }
    Ok(words)
}

enum Quoted {
    Closed { text: String, after: usize },
    Open,
}

/// Reads the quoted text that opens at `at`, if one does. It ends at a quote followed by a blank or the end.
fn quoted(chars: &[char], at: usize) -> Option<Quoted> {
    let closers: &[char] = match chars[at] {
        '"' => &['"'],
        '“' | '„' | '”' => &['”', '“', '"'],
        '\'' => &['\''],
        _ => return None,
    };
    let is_single = chars[at] == '\'';
    let mut text = String::new();
    let mut next = at + 1;
    while let Some(&c) = chars.get(next) {
        let ends = chars.get(next + 1).is_none_or(|c| c.is_whitespace());
        if closers.contains(&c) && ends {
            return Some(Quoted::Closed { text, after: next + 1 });
        }
        let escaped = chars.get(next + 1).filter(|after| c == '\\' && !is_single && matches!(after, '"' | '\\'));
        text.push(*escaped.unwrap_or(&c));
        next += if escaped.is_some() { 2 } else { 1 };
    }
    // An apostrophe that opens a word and has no partner is just an apostrophe: 'tis.
    if is_single { None } else { Some(Quoted::Open) }
}

/// A word so that [`crate::parse`] reads it as one: in double quotes where it needs them.
pub fn quote(word: &str) -> String {
    let plain = |text: &str| {
        !text.is_empty()
            && !text.starts_with(['"', '\'', '“', '„', '”', '—', '–', '/', '!'])
            && !text.contains(char::is_whitespace)
    };
    let wrap = |text: &str| format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""));
    match word.split_once('=').filter(|(option, _)| option.starts_with("--") && plain(option)) {
        Some((option, value)) if plain(value) => format!("{option}={value}"),
        Some((option, value)) => format!("{option}={}", wrap(value)),
        None if plain(word) => word.to_owned(),
        None => wrap(word),
    }
}

/// Lower-cases command names at the front: phones begin sentences with a capital.
pub(crate) fn fold_names(grammar: &clap::Command, words: &mut [String]) {
    let mut level = grammar;
    for word in words {
        let folded = word.to_lowercase();
        let Some(next) = level.find_subcommand(&folded) else { return };
        *word = folded;
        level = next;
    }
}

fn is_name(arg: &ArgSpec) -> bool {
    let names = [Source::Personalities, Source::Personas, Source::Aliases, Source::Presets];
    !arg.is_list && arg.source.is_some_and(|source| names.contains(&source))
}

/// Free text, with spaces as they come.
fn is_text(arg: &ArgSpec) -> bool {
    arg.choices.is_empty() && arg.source.is_none() && arg.length.is_some()
}

/// Puts names and texts together that were typed without quotes: `/talk Dr. Gregor`, `… --about a wise one`. Only where
/// every further word can only be part of it.
pub(crate) fn join_name(grammar: &clap::Command, words: &mut Vec<String>) {
    let (mut level, mut depth) = (grammar, 0);
    while let Some(next) = words.get(depth).and_then(|word| level.find_subcommand(word)) {
        (level, depth) = (next, depth + 1);
    }
    let args = args_of(level);
    let positions: Vec<_> = args.iter().filter(|arg| !arg.is_option).collect();
    let is_option = |word: &String| word.starts_with("--");
    let mut end = words.iter().skip(depth).position(is_option).map_or(words.len(), |at| depth + at);
    if let Some((last, before)) = positions.split_last() {
        let start = depth + before.len();
        let comes_last = is_name(last) && before.iter().all(|arg| !arg.is_list && arg.is_required);
        if comes_last && end > start + 1 {
            let name = words[start..end].join(" ");
            words.splice(start..end, [name]);
            end = start + 1;
        }
    }
    // Once everything that has to stand by position is there, what follows an option can only be its value.
    if end - depth < positions.iter().filter(|arg| arg.is_required).count() {
        return;
    }
    while let Some(option) = words.get(end).and_then(|word| word.strip_prefix("--")) {
        let next = words.iter().skip(end + 1).position(is_option).map_or(words.len(), |at| end + 1 + at);
        let takes_words = args.iter().any(|arg| arg.is_option && arg.name == option && (is_name(arg) || is_text(arg)));
        if takes_words && next > end + 2 {
            let value = words[end + 1..next].join(" ");
            words.splice(end + 1..next, [value]);
            end += 2;
        } else {
            end = next;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Vec<String> {
        split(line).unwrap()
    }

    #[test]
    fn apostrophes_hashes_and_backslashes_are_ordinary() {
        assert_eq!(words("what's my cat's name"), ["what's", "my", "cat's", "name"]);
        assert_eq!(words("'tis #1 ¯\\_(ツ)_/¯"), ["'tis", "#1", "¯\\_(ツ)_/¯"]);
        assert_eq!(words("say 5\" nails"), ["say", "5\"", "nails"]);
    }

    #[test]
    fn quotes_group_words_where_a_word_begins() {
        assert_eq!(words("view \"Old Sage\" x"), ["view", "Old Sage", "x"]);
        assert_eq!(words("view 'Old Sage'"), ["view", "Old Sage"]);
        assert_eq!(words("edit --name=\"Ada L\" --pronouns \"\""), ["edit", "--name=Ada L", "--pronouns", ""]);
        assert_eq!(words(r#""she said \"hi\" \\o/""#), [r#"she said "hi" \o/"#]);
    }

    #[test]
    fn what_phones_make_of_quotes_and_dashes_is_understood() {
        assert_eq!(words("edit —name “Ada L”"), ["edit", "--name", "Ada L"]);
        assert_eq!(words("edit --name „Ada L“"), ["edit", "--name", "Ada L"]);
        assert_eq!(words("a — b"), ["a", "—", "b"]);
    }

    #[test]
    fn an_open_double_quote_is_pointed_out() {
        assert_eq!(split("edit --name \"Ada L"), Err(Misread::UnclosedQuote));
        assert_eq!(split("edit --name=“Ada L"), Err(Misread::UnclosedQuote));
    }
}
