//! Cutting long text so that an embedder sees all of it: nothing is ever silently cut off.

use std::ops::Range;

use unicode_segmentation::UnicodeSegmentation;

/// Share of a chunk, one in this many, that is repeated at the start of the next one: a thought that crosses the
/// cut is whole in one of them.
const OVERLAP_SHARE: usize = 8;

/// Cuts `text` into pieces that `count` measures as at most `max_tokens`, in order, overlapping by about an eighth.
///
/// Cuts fall between sentences where they can, else between words, else (a word longer than a chunk) within one.
/// A text that fits is returned whole; blank text gives nothing. `count` must not shrink when text is added;
/// only a single character can exceed the limit, when it alone counts for more.
pub fn chunks(text: &str, max_tokens: usize, count: impl Fn(&str) -> usize) -> Vec<&str> {
    let text = text.trim();
    if text.is_empty() {
        return Vec::new();
    }
    let max_tokens = max_tokens.max(1);
    if count(text) <= max_tokens {
        return vec![text];
    }
    let units = units(text, max_tokens, &count);
    let measure = |first: usize, last: usize| count(text[units[first].start..units[last].end].trim());
    let mut found = Vec::new();
    // Units before `fresh` are in a chunk already; those from `first` on are repeated.
    let (mut first, mut fresh) = (0, 0);
    while fresh < units.len() {
        // The piece is measured whole each time: tokens of parts do not always add up.
        let mut last = longest(fresh, units.len() - 1, |last| measure(first, last) <= max_tokens);
        if last + 1 < units.len() {
            // Prefer the end of a sentence, unless that wastes half of the room.
            let halfway = fresh.max(first + (last - first) / 2);
            last = (halfway..=last).rev().find(|at| units[*at].ends_sentence).unwrap_or(last);
        }
        let piece = text[units[first].start..units[last].end].trim();
        if !piece.is_empty() {
            found.push(piece);
        }
        fresh = last + 1;
        first = fresh;
        while fresh < units.len()
            && first > 0
            && measure(first - 1, last) <= max_tokens / OVERLAP_SHARE
            && measure(first - 1, fresh) <= max_tokens
        {
            first -= 1;
        }
    }
    found
}

/// The last of `from..=to` for which `fits` holds, by galloping and halving; `from` when none does.
fn longest(from: usize, to: usize, fits: impl Fn(usize) -> bool) -> usize {
    let (mut good, mut step) = (from, 1);
    let mut bad = to + 1;
    while good + step < bad {
        if fits(good + step) {
            good += step;
            step *= 2;
        } else {
            bad = good + step;
        }
    }
    while bad - good > 1 {
        let middle = good + (bad - good) / 2;
        if fits(middle) { good = middle } else { bad = middle }
    }
    good
}

/// The smallest part that is kept together: a word with the space after it, in bytes of the text.
struct Unit {
    start: usize,
    end: usize,
    ends_sentence: bool,
}

/// The units that together are the whole text.
fn units(text: &str, max_tokens: usize, count: &impl Fn(&str) -> usize) -> Vec<Unit> {
    let mut sentence_ends =
        text.split_sentence_bound_indices().map(|(start, sentence)| start + sentence.len()).peekable();
    let (mut units, mut start) = (Vec::new(), 0);
    for word in text.split_inclusive(char::is_whitespace) {
        let end = start + word.len();
        while sentence_ends.next_if(|bound| *bound < end).is_some() {}
        if count(word.trim()) <= max_tokens {
            units.push(Unit { start, end, ends_sentence: sentence_ends.peek() == Some(&end) });
        } else {
            units.extend(parts(text, start..end, max_tokens, count));
        }
        start = end;
    }
    units
}

/// Cuts a word that alone is too long, between characters.
fn parts(text: &str, word: Range<usize>, max_tokens: usize, count: &impl Fn(&str) -> usize) -> Vec<Unit> {
    let ends: Vec<usize> = text[word.clone()].char_indices().map(|(at, c)| word.start + at + c.len_utf8()).collect();
    let (mut units, mut start, mut first) = (Vec::new(), word.start, 0);
    while first < ends.len() {
        let last = longest(first, ends.len() - 1, |at| count(text[start..ends[at]].trim()) <= max_tokens);
        units.push(Unit { start, end: ends[last], ends_sentence: false });
        start = ends[last];
        first = last + 1;
    }
    units
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use proptest::prelude::*;

    use super::*;

    /// A token for every three characters of a word, begun or whole.
    fn count(text: &str) -> usize {
        text.split_whitespace().map(|word| word.chars().count().div_ceil(3)).sum()
    }

    #[test]
    fn a_text_that_fits_is_whole_and_blank_text_is_nothing() {
        assert_eq!(chunks("  Hello there. ", 10, count), ["Hello there."]);
        assert!(chunks(" \n ", 10, count).is_empty());
    }

    #[test]
    fn cuts_fall_between_sentences_and_overlap() {
        let text = "One two six ten. Red tan sky sea. Fox cat dog hen.";
        assert_eq!(chunks(text, 9, count), ["One two six ten.", "Red tan sky sea.", "Fox cat dog hen."]);
        let long = "aa bb cc dd ee ff gg hh ii jj kk ll mm nn oo pp qq rr ss tt";
        assert_eq!(chunks(long, 16, count), ["aa bb cc dd ee ff gg hh ii jj kk ll mm nn oo pp", "oo pp qq rr ss tt"]);
    }

    #[test]
    fn a_monster_is_cut_without_losing_a_character() {
        let monster = "x".repeat(100);
        let found = chunks(&monster, 8, count);
        assert!(found.iter().all(|chunk| count(chunk) <= 8));
        assert!(found.iter().map(|chunk| chunk.len()).sum::<usize>() >= 100);
    }

    proptest! {
        #[test]
        fn every_word_is_in_a_chunk_and_no_chunk_is_too_long(
            text in "([a-zäß中🦀]{1,9}[ .!?\n]{1,2}){0,120}",
            max_tokens in 3usize..40,
        ) {
            let found = chunks(&text, max_tokens, count);
            for chunk in &found {
                prop_assert!(count(chunk) <= max_tokens, "{chunk:?}");
            }
            let seen: HashSet<&str> = found.iter().flat_map(|chunk| chunk.split_whitespace()).collect();
            for word in text.split_whitespace().filter(|word| count(word) <= max_tokens) {
                prop_assert!(seen.contains(word), "{word:?} is in no chunk");
            }
        }

        #[test]
        fn chunks_leave_no_gap(text in "[a-z .]{0,400}", max_tokens in 1usize..12) {
            let found = chunks(&text, max_tokens, count);
            let start_of = |chunk: &str| chunk.as_ptr() as usize - text.as_ptr() as usize;
            let mut covered = 0;
            for chunk in found {
                let start = start_of(chunk);
                prop_assert!(start <= covered || text[covered..start].trim().is_empty());
                prop_assert!(start + chunk.len() > covered, "a chunk adds nothing");
                covered = start + chunk.len();
            }
            prop_assert!(text[covered..].trim().is_empty());
        }
    }
}
