//! Words that were said again: which memories say the same, and that one of them is enough.
//!
//! Two say the same when the same speaker used the same words, whatever their case, accents and signs, and meant the
//! same days by them: "yesterday" of May is not that of June. A line of few words ("Yes, please.") says what it says only
//! together with the line before, and an answer with what it answers. So a memory that is found by what was asked gives
//! way to a newer one of the same question, and one that is found by its answer does not.

use std::collections::HashMap;

use super::dates::Span;
use super::signs;
use super::words::{plain, wide_hash};
use crate::domain::Moment;

/// Telling words from which a line says something without the one before it.
const TELLING_MIN: usize = 3;

/// A line as it is compared.
#[derive(Clone, Copy, Debug)]
pub struct Line<'a> {
    pub by: &'a str,
    pub words: &'a str,
    /// The days its words name.
    pub days: &'a [Span],
}

/// What a line says, as a number that another has only if it says the same; 0: nothing that can be compared. `before` is
/// the line before it.
pub fn mark(line: Line<'_>, before: Option<&str>) -> u64 {
    let Line { by, words, days } = line;
    let said = plain(words);
    if said.is_empty() {
        return 0;
    }
    let before = before.filter(|_| signs::telling(words) < TELLING_MIN).map(plain).unwrap_or_default();
    let asks = if signs::asks(words) { "?" } else { "" };
    let days: Vec<String> = days.iter().map(|span| format!("{}/{}", span.first, span.last)).collect();
    // No part has a line break of its own.
    wide_hash(&[plain(by), said, asks.to_owned(), days.join(" "), before].join("\n")).max(1)
}

/// What an answer says together with the line it answers, which has the mark `asked`.
pub fn mark_of_answer(answer: Line<'_>, asked: u64) -> u64 {
    match mark(answer, None) {
        0 => 0,
        own => wide_hash(&format!("{asked} {own}")).max(1),
    }
}

/// One of the best memories, and those that say the same.
#[derive(Clone, Debug, PartialEq)]
pub struct Once {
    /// Number of the newest that says it.
    pub at: usize,
    /// Score of the best that says it.
    pub score: f32,
    /// Numbers of the others, newest first.
    pub again: Vec<usize>,
}

/// Leaves one of those that say the same: where the best of them stands, the newest. Of equals in time the one with the
/// smaller id. `ranked` are numbers and scores, best first, of which `key` tells what it says, when, and its id.
pub fn collapse<'a>(ranked: &[(usize, f32)], key: impl Fn(usize) -> (u64, Moment, &'a str)) -> Vec<Once> {
    let mut kept: Vec<(f32, Vec<usize>)> = Vec::with_capacity(ranked.len());
    let mut places: HashMap<u64, usize> = HashMap::new();
    for (at, score) in ranked {
        let (says, ..) = key(*at);
        if says != 0 {
            if let Some(place) = places.get(&says) {
                kept[*place].1.push(*at);
                continue;
            }
            places.insert(says, kept.len());
        }
        kept.push((*score, vec![*at]));
    }
    let newest_first = |(score, mut all): (f32, Vec<usize>)| {
        all.sort_by(|a, b| {
            let ((_, first, first_id), (_, second, second_id)) = (key(*a), key(*b));
            second.cmp(&first).then_with(|| first_id.cmp(second_id))
        });
        let at = all.remove(0);
        Once { at, score, again: all }
    };
    kept.into_iter().map(newest_first).collect()
}

#[cfg(test)]
mod tests {
    use super::super::dates::named;
    use super::*;

    const DAY: i64 = 24 * 3_600_000;

    /// The mark of what Mia says on a day, counted from some Friday, after the line `before`.
    fn says(words: &str, day: i64, before: Option<&str>) -> u64 {
        let days = named(words, Moment(1_778_198_400_000 + day * DAY));
        mark(Line { by: "Mia", words, days: &days }, before)
    }

    #[test]
    fn the_same_words_say_the_same_however_they_are_written() {
        let one = says("My sister Mara lives in Oslo.", 0, Some("Abbey: Hello"));
        assert_eq!(says("  my SISTER Mara — lives in Ósló!", 9, None), one);
        for other in ["My sister Mara lived in Oslo.", "My sister Mara lives in Oslo?", "My sister lives in Oslo."] {
            assert_ne!(says(other, 0, None), one, "{other}");
        }
        let by_another = Line { by: "Bo", words: "My sister Mara lives in Oslo.", days: &[] };
        assert_ne!(mark(by_another, None), one);
        assert_eq!(says(" … 🙂", 0, None), 0);
        assert_ne!(says("It cost 3.14 in that old shop", 0, None), says("It cost 314 in that old shop", 0, None));
    }

    #[test]
    fn the_same_words_of_another_day_say_something_else() {
        let words = "Mara sang in the choir yesterday";
        assert_eq!(says(words, 0, None), says(words, 0, None));
        assert_ne!(says(words, 0, None), says(words, 30, None));
    }

    #[test]
    fn few_words_count_with_the_line_before() {
        let after = |before| says("Yes, please.", 0, Some(before));
        assert_eq!(after("Abbey: More tea?"), after("abbey: more tea"));
        assert_ne!(after("Abbey: More tea?"), after("Abbey: Shall I call them?"));
    }

    #[test]
    fn an_answer_counts_with_what_it_answers() {
        let answer = |words| mark_of_answer(Line { by: "Abbey", words, days: &[] }, 7);
        assert_eq!(answer("I was in the garden all day"), answer("I was in the garden all day!"));
        assert_ne!(answer("I was in the garden all day"), answer("I lost my voice that day"));
        let other = mark_of_answer(Line { by: "Abbey", words: "I was in the garden all day", days: &[] }, 8);
        assert_ne!(answer("I was in the garden all day"), other);
        assert_eq!(answer(""), 0);
    }

    #[test]
    fn the_newest_stands_where_the_best_was() {
        let all = [(5, 1, "a"), (0, 2, "b"), (5, 9, "c"), (0, 3, "d"), (5, 9, "b")];
        let ranked = [(0, 4.0), (1, 3.0), (2, 2.0), (3, 1.0), (4, 0.0)];
        let once = collapse(&ranked, |at| (all[at].0, Moment(all[at].1), all[at].2));
        let wanted = [(4, 4.0, vec![2, 0]), (1, 3.0, vec![]), (3, 1.0, vec![])];
        assert_eq!(once, wanted.map(|(at, score, again)| Once { at, score, again }));
        assert!(collapse(&[], |_| (0, Moment(0), "")).is_empty());
    }
}
