//! Splitting long text under a platform's limit: at paragraphs, lines, sentences or words, with code fences closed and
//! opened again. Pure.

/// Shortest limit that leaves room for text beside a fence.
const LIMIT_MIN: usize = 64;
/// What closes a code block at the end of a part.
const CLOSE: &str = "\n```";
/// Longest opening line of a code block that is repeated; a longer one is no language name.
const OPEN_MAX: usize = 24;

/// The parts of `text`, each at most `limit` UTF-16 code units (at least 64).
///
/// Nothing is lost: without the fences that were added, the parts joined are the text, but for the white space at which
/// it was cut.
pub fn split(text: &str, limit: usize) -> Vec<String> {
    let limit = limit.max(LIMIT_MIN);
    let text = text.trim_end();
    let mut parts = Vec::new();
    let mut rest = text;
    // The opening line of the code block that the next part starts in.
    let mut open: Option<String> = None;
    while !rest.is_empty() {
        let head = open.as_ref().map(|line| format!("{line}\n")).unwrap_or_default();
        if len(&head) + len(rest) <= limit {
            parts.push(format!("{head}{rest}"));
            break;
        }
        let room = limit - len(&head) - len(CLOSE);
        let cut = cut_at(rest, room);
        let (taken, after) = rest.split_at(cut);
        let taken = taken.trim_end_matches(['\n', ' ']);
        open = fence_after(open, taken);
        let tail = if open.is_some() { CLOSE } else { "" };
        if !taken.is_empty() {
            parts.push(format!("{head}{taken}{tail}"));
        }
        rest = after.trim_start_matches(if open.is_some() { ['\n', '\n'] } else { ['\n', ' '] });
    }
    parts
}

/// The text with the code block closed that it ends in, if it ends in one; and whether it did.
pub fn closed(text: &str) -> (String, bool) {
    let is_open = fence_after(None, text).is_some();
    (format!("{text}{}", if is_open { CLOSE } else { "" }), is_open)
}

/// UTF-16 code units of a text.
pub fn len(text: &str) -> usize {
    text.encode_utf16().count()
}

/// Byte at which to cut so that what is before fits into `room` UTF-16 units: the best break in its second half, or the
/// last word, or the last character.
fn cut_at(text: &str, room: usize) -> usize {
    let mut units = 0;
    let mut end = text.len();
    for (at, c) in text.char_indices() {
        units += c.len_utf16();
        if units > room {
            end = at;
            break;
        }
    }
    let window = &text[..end];
    let half = floor(window, end / 2);
    let paragraphs = || window.rmatch_indices("\n\n").map(|(at, found)| at + found.len());
    let lines = || window.rmatch_indices('\n').map(|(at, found)| at + found.len());
    let sentences = || {
        window.rmatch_indices(['.', '!', '?', '。']).filter_map(|(at, found)| sentence_end(window, at + found.len()))
    };
    let words = || window.rmatch_indices([' ', '\n']).map(|(at, found)| at + found.len());
    let good = |at: &usize| *at >= half && !inside_link(text, *at);
    let nice = paragraphs().find(good).or_else(|| lines().find(good)).or_else(|| sentences().find(good));
    // Nothing nice in the second half: the last word outside a link, else the last word, else within a word, but never
    // within a character.
    nice.or_else(|| words().find(|at| !inside_link(text, *at))).or_else(|| words().next()).unwrap_or(end)
}

/// The end of a sentence whose mark ends at `at`, if white space follows it.
fn sentence_end(text: &str, at: usize) -> Option<usize> {
    text[at..].starts_with(' ').then_some(at + 1)
}

fn floor(text: &str, mut at: usize) -> usize {
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

/// Whether byte `at` lies between the brackets of `[text](address)`.
fn inside_link(text: &str, at: usize) -> bool {
    let before = &text[..at];
    let line = before.rfind('\n').map_or(0, |at| at + 1);
    match before[line..].rfind('[') {
        Some(open) => {
            let link = &text[line + open..];
            let end = link.find("](").and_then(|middle| link[middle..].find(')').map(|end| middle + end));
            end.is_some_and(|end| line + open + end >= at)
        }
        None => false,
    }
}

/// The opening line of the code block in which `taken` ends, if it ends in one.
fn fence_after(open: Option<String>, taken: &str) -> Option<String> {
    taken.lines().fold(open, |open, line| {
        let line = line.trim_start();
        match (&open, line.starts_with("```")) {
            (None, true) if !line[3..].contains("```") => Some(short_opening(line)),
            (Some(_), true) => None,
            _ => open,
        }
    })
}

fn short_opening(line: &str) -> String {
    let line = line.trim_end();
    if line.len() <= OPEN_MAX { line.to_owned() } else { "```".to_owned() }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_short_text_is_one_part_and_an_empty_one_none() {
        assert_eq!(split("hello", 2_000), ["hello"]);
        assert!(split("", 2_000).is_empty());
    }

    #[test]
    fn paragraphs_are_kept_whole_where_they_fit() {
        let text = format!("{}\n\n{}", "a".repeat(60), "b".repeat(60));
        assert_eq!(split(&text, 100), ["a".repeat(60), "b".repeat(60)]);
    }

    #[test]
    fn a_code_block_is_closed_and_opened_again_in_its_language() {
        let code: String = (0..60).map(|n| format!("let x{n} = {n};\n")).collect();
        let parts = split(&format!("Look:\n```rust\n{code}```\nThat is all."), 300);
        assert!(parts.len() > 2);
        for part in &parts {
            assert_eq!(part.matches("```").count() % 2, 0, "{part}");
            assert!(len(part) <= 300);
        }
        assert!(parts[1].starts_with("```rust\nlet x"), "{}", parts[1]);
        assert!(parts.last().unwrap().ends_with("That is all."));
    }

    #[test]
    fn a_link_is_not_cut() {
        let text = format!("{} [a long link text of many words](https://example.org/a/b/c) end", "word ".repeat(14));
        for part in split(&text, 100) {
            assert_eq!(part.matches('[').count(), part.matches("](").count(), "{part}");
        }
    }

    #[test]
    fn emoji_count_as_platforms_count_them() {
        let parts = split(&"😀".repeat(100), 64);
        assert!(parts.iter().all(|part| len(part) <= 64));
        assert_eq!(parts.concat().chars().count(), 100);
    }

    proptest! {
        #[test]
        fn nothing_is_lost_and_no_part_is_too_long(text in "([a-zA-Zäß😀.,!? ]{0,30}(\n|\n\n|```\n|```rs\n)?){0,40}", limit in 64usize..400) {
            let parts = split(&text, limit);
            for part in &parts {
                prop_assert!(len(part) <= limit, "{} > {limit}", len(part));
            }
            // Fences that were added name a language again, and a long word may be cut within a fence: the letters of
            // the language are left out on both sides.
            let counts = |c: &char| (c.is_alphanumeric() && !matches!(c, 'r' | 's')) || *c == '😀';
            let letters = |text: &str| text.chars().filter(counts).collect::<String>();
            prop_assert_eq!(letters(&parts.join("\n")), letters(&text));
        }
    }
}
