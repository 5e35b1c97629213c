//! Counts tokens for budgets and for providers that do not. Linear in the length of the text, whatever the text.
//!
//! The count is that of one widespread vocabulary (o200k). Other models differ by some percent, so budgets keep a
//! margin. The table, a few megabytes, is built on first use.

use std::hash::{BuildHasher as _, RandomState};
use std::sync::LazyLock;

use dashmap::DashMap;

use super::ChatLine;

/// Tokens a chat template spends on each line beside its text.
const PER_LINE: usize = 4;

/// Tokens a chat template spends on opening the answer.
const PER_PROMPT: usize = 3;

/// Texts of at least this many bytes are counted once: characters and memories come back with every prompt.
const KEPT_FROM: usize = 64;

/// Counts that are kept, a few dozen bytes each, before all are dropped and kept anew.
const KEPT_MAX: usize = 16_384;

/// Counts by a keyed fingerprint that nobody outside can predict, so that no text is made to pass for another.
static KEPT: LazyLock<(RandomState, DashMap<u64, usize>)> = LazyLock::new(Default::default);

/// The number of tokens of `text`.
///
/// Never more than its bytes, and never zero for a text that is not empty.
pub fn count(text: &str) -> usize {
    if text.len() < KEPT_FROM {
        return count_anew(text);
    }
    let (keys, kept) = &*KEPT;
    let fingerprint = keys.hash_one(text);
    if let Some(count) = kept.get(&fingerprint) {
        return *count;
    }
    let count = count_anew(text);
    if kept.len() >= KEPT_MAX {
        kept.clear();
    }
    kept.insert(fingerprint, count);
    count
}

fn count_anew(text: &str) -> usize {
    if text.is_empty() { 0 } else { bpe_openai::o200k_base().count(text) }
}

/// A bound of [`count`] that costs nothing: a token has at least one byte.
pub fn upper_bound(text: &str) -> usize {
    text.len()
}

/// The number of tokens of a whole prompt, template included.
pub fn count_prompt(lines: &[ChatLine]) -> usize {
    lines.iter().map(|line| count(&line.content) + PER_LINE).sum::<usize>() + PER_PROMPT
}

/// What a picture costs at most with the providers that say so, in tokens.
pub const PER_PICTURE: usize = 1_600;

/// A bound of [`count_prompt`] that costs nothing.
pub fn upper_bound_prompt(lines: &[ChatLine]) -> usize {
    lines.iter().map(|line| upper_bound(&line.content) + PER_LINE).sum::<usize>() + PER_PROMPT
}

/// Builds the table now, so that the first member does not wait for it; call it off the async threads.
pub fn warm() {
    count("a");
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use proptest::prelude::*;

    use super::*;
    use crate::model::Role;

    #[test]
    fn known_texts_have_their_known_counts() {
        assert_eq!(count(""), 0);
        assert_eq!(count("hello world"), 2);
        assert_eq!(count("The capital of France is Paris."), 7);
    }

    #[test]
    fn a_megabyte_of_anything_is_counted_in_linear_time() {
        warm();
        let cases = [
            ("x", "x"),
            ("^", "^"),
            ("space", " "),
            ("newline", "\n"),
            ("space and newline", " \n"),
            ("emoji", "\u{1F468}\u{200D}\u{1F469}\u{200D}\u{1F467}"),
            ("combining", "e\u{301}\u{302}\u{303}"),
            ("upper", "A"),
            ("digits", "7"),
            ("ideographs", "\u{6F22}"),
            ("apostrophes", "'s"),
            ("zalgo", "\u{489}"),
        ];
        for (name, unit) in cases {
            let small = unit.repeat(128 * 1024 / unit.len());
            let large = unit.repeat(1024 * 1024 / unit.len());
            let time = |text: &str| {
                let start = Instant::now();
                let tokens = count_anew(text);
                assert!(tokens > 0 && tokens <= upper_bound(text), "{name}");
                start.elapsed()
            };
            let (small, large) = (time(&small), time(&large).min(time(&large)));
            // Eight times the text; quadratic work would be 64 times as long. The floor absorbs a busy machine.
            let allowed = (small * 24).max(Duration::from_millis(1_500));
            assert!(large < allowed, "{name}: 128 KiB took {small:?}, 1 MiB {large:?}");
        }
    }

    #[test]
    fn a_text_that_comes_back_has_the_same_count() {
        let texts: Vec<String> = (0..KEPT_MAX + 50).map(|n| format!("{n} {}", "and so on ".repeat(8))).collect();
        let first: Vec<usize> = texts.iter().map(|text| count(text)).collect();
        assert!(texts.iter().zip(&first).all(|(text, &first)| count(text) == first && count_anew(text) == first));
        assert!(KEPT.1.len() <= KEPT_MAX + 8);
    }

    #[test]
    fn many_threads_count_at_once() {
        std::thread::scope(|scope| {
            let counts: Vec<_> = (0..8).map(|_| scope.spawn(|| count("one two three four"))).collect();
            assert!(counts.into_iter().all(|count| count.join().unwrap() == 4));
        });
    }

    #[test]
    fn a_prompt_costs_its_lines_and_its_template() {
        let lines = [ChatLine { role: Role::User, content: "hello world".into() }];
        assert_eq!(count_prompt(&lines), 2 + PER_LINE + PER_PROMPT);
        assert!(upper_bound_prompt(&lines) >= count_prompt(&lines));
    }

    proptest! {
        #[test]
        fn the_bound_holds(text in "\\PC{0,200}") {
            prop_assert!(count(&text) <= upper_bound(&text));
            prop_assert!(text.is_empty() || count(&text) > 0);
        }
    }
}
