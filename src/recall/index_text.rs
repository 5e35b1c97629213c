//! What of a memory is indexed: the words themselves, with who said them, when, and what they answer.
//!
//! "Yes, on Friday" alone is found by nobody; with its speaker, its date and the line before it is. How much each
//! part helps was measured: `docs/retrieval.md`. Days that the words name by how far they are off are written out
//! ([`dates`]). The text stored and shown is always the memory's own, never this.

use super::chunk::chunks;
use super::dates;
use super::said_once::{self, mark, mark_of_answer};
use super::signs::{Line, Spoken, line_id};
use crate::domain::{Memory, Moment};

/// Share of a passage, one part in this many, that the line before may fill.
const CONTEXT_SHARE: usize = 3;

/// One indexed passage: a part of a memory small enough to be embedded whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Passage {
    /// What the embedder gets.
    pub dense: String,
    /// What BM25 reads, and what the store keeps as the entry's text.
    pub lexical: String,
    /// What was spoken in it.
    pub spoken: Spoken,
}

/// A measure of text: how long a passage may be, in tokens as `count` counts them.
pub struct Measure<F> {
    pub max_tokens: usize,
    pub count: F,
}

/// The passages of a memory: what was said and what was answered apart, long ones in overlapping chunks.
///
/// `before` are the memories just before it, the nearer first, two at most. They serve as context only when they are of
/// the same tenant and place and recent, so that nothing said elsewhere can be found through this memory. The nearer
/// one's words are then part of this memory's index: forgetting it means indexing this one again.
pub fn passages<F: Fn(&str) -> usize>(memory: &Memory, before: &[&Memory], measure: &Measure<F>) -> Vec<Passage> {
    let mut lines = Vec::new();
    let mut later = memory;
    for earlier in before {
        let is_context = earlier.tenant == memory.tenant
            && earlier.place == memory.place
            && earlier.at <= later.at
            && later.at.is_of_one_stretch(earlier.at);
        if !is_context {
            break;
        }
        let answered = line(&earlier.answered_by, &earlier.answered).map(|text| (line_id(&earlier.id, true), text));
        let said = line(&earlier.said_by, &earlier.said).map(|text| (line_id(&earlier.id, false), text));
        lines.extend(answered.into_iter().chain(said));
        later = earlier;
    }
    let (day, marks) = dates::of_moment(memory.at);
    let day = format!("[{day} {marks}]");
    let mut found = Vec::new();
    let mut asked = 0;
    for (is_answer, name, words) in
        [(false, &memory.said_by, &memory.said), (true, &memory.answered_by, &memory.answered)]
    {
        let Some(text) = line(name, words) else { continue };
        let id = line_id(&memory.id, is_answer);
        let before = [0, 1].map(|at| lines.get(at).map_or(0, |(id, _): &(u32, String)| *id));
        let context = lines.first().map(|(_, text)| text.as_str());
        let named = dates::named(words, memory.at);
        let compared = said_once::Line { by: name, words, days: &named };
        let says = if is_answer { mark_of_answer(compared, asked) } else { mark(compared, context) };
        asked = says;
        let spoken = Spoken { by: name.clone(), words: words.clone(), line: Line { id, before }, says };
        side(&mut found, (&spoken, memory.at), context, &day, measure);
        lines.insert(0, (id, text));
    }
    found
}

/// `Name: words`, or nothing when nothing was said.
fn line(name: &str, words: &str) -> Option<String> {
    let words = words.trim();
    (!words.is_empty()).then(|| format!("{name}: {words}"))
}

/// The passages of one side of an exchange.
fn side<F: Fn(&str) -> usize>(
    found: &mut Vec<Passage>,
    (whole, at): (&Spoken, Moment),
    earlier: Option<&str>,
    day: &str,
    measure: &Measure<F>,
) {
    let name = &whole.by;
    let frame = (measure.count)(&format!("{day} {name}: "));
    let room = measure.max_tokens.saturating_sub(frame).max(measure.max_tokens / 2);
    // A long line before is cut, from its start: it is indexed whole with its own memory.
    let context = earlier.and_then(|earlier| chunks(earlier, room / CONTEXT_SHARE, &measure.count).into_iter().last());
    let context_tokens = context.map_or(0, &measure.count);
    for (number, chunk) in chunks(&whole.words, room - context_tokens, &measure.count).into_iter().enumerate() {
        let spoken = format!("{name}: {chunk}");
        let mut lexical = match context.filter(|_| number == 0) {
            Some(context) => format!("{day} {context}\n{spoken}"),
            None => format!("{day} {spoken}"),
        };
        let named = dates::named(chunk, at);
        if !named.is_empty() {
            lexical = format!("{lexical}\n[{}]", dates::written_out(&named));
        }
        let spoken_here = Spoken { words: chunk.to_owned(), ..whole.clone() };
        found.push(Passage { dense: spoken, lexical, spoken: spoken_here });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Detail, MemoryId, MemoryKind, PersonaId, PersonalityId, PlaceId, Provenance, Reach, Tenant};

    fn memory(place: &str, at: i64, said: &str, answered: &str) -> Memory {
        let (persona, personality) = (PersonaId::new("p"), PersonalityId::new("abbey"));
        Memory {
            id: MemoryId::new(format!("{place}-{at}")),
            kind: MemoryKind::Episode,
            detail: Detail::default(),
            tenant: Tenant::personal(&persona, &personality),
            persona,
            personality,
            place: PlaceId::new(place),
            reach: Reach::Open,
            provenance: Provenance::UserSaid,
            turn: None,
            said_by: "Mia".to_owned(),
            said: said.to_owned(),
            answered_by: "Abbey".to_owned(),
            answered: answered.to_owned(),
            at: Moment(1_683_554_160_000 + at),
            is_locked: false,
            flag: None,
        }
    }

    fn lexical(memory: &Memory, before: Option<&Memory>) -> Vec<String> {
        let measure = Measure { max_tokens: 30, count: |text: &str| text.split_whitespace().count() };
        passages(memory, &before.into_iter().collect::<Vec<_>>(), &measure)
            .into_iter()
            .map(|passage| passage.lexical)
            .collect()
    }

    #[test]
    fn each_side_carries_its_speaker_its_day_and_the_line_before() {
        let first = memory("here", 0, "When is the recital?", "On Friday, isn't it?");
        let second = memory("here", 60_000, "Yes.", "I will be there.");
        assert_eq!(
            lexical(&second, Some(&first)),
            [
                "[Monday 8 May 2023 2023.05.08 2023.05] Abbey: On Friday, isn't it?\nMia: Yes.",
                "[Monday 8 May 2023 2023.05.08 2023.05] Mia: Yes.\nAbbey: I will be there.",
            ]
        );
    }

    #[test]
    fn each_side_knows_the_two_lines_before_it() {
        let measure = Measure { max_tokens: 30, count: |text: &str| text.split_whitespace().count() };
        let lines = |memory: &Memory, before: &[&Memory]| -> Vec<Line> {
            passages(memory, before, &measure).into_iter().map(|passage| passage.spoken.line).collect()
        };
        let (first, second) = (memory("here", 0, "One.", "Two."), memory("here", 1, "Three.", ""));
        let third = memory("here", 2, "Four.", "Five.");
        let [one, two] = [false, true].map(|is_answer| line_id(&first.id, is_answer));
        let three = line_id(&second.id, false);
        let [four, five] = [false, true].map(|is_answer| line_id(&third.id, is_answer));
        assert_eq!(lines(&first, &[]), [Line { id: one, before: [0, 0] }, Line { id: two, before: [one, 0] }]);
        assert_eq!(
            lines(&third, &[&second, &first]),
            [Line { id: four, before: [three, two] }, Line { id: five, before: [four, three] }]
        );
        let elsewhere = memory("there", 1, "Three.", "");
        assert_eq!(lines(&third, &[&elsewhere, &first])[0].before, [0, 0]);
    }

    #[test]
    fn named_days_are_written_out_beside_the_words() {
        let memory = memory("here", 0, "We sang yesterday.", "And last summer!");
        let found = lexical(&memory, None);
        assert!(found[0].ends_with("Mia: We sang yesterday.\n[Sunday 7 May 2023 2023.05 2023.05.07]"), "{}", found[0]);
        assert!(found[1].ends_with("Abbey: And last summer!\n[2022.06 2022.07 2022.08]"), "{}", found[1]);
        let measure = Measure { max_tokens: 30, count: |text: &str| text.split_whitespace().count() };
        let dense: Vec<String> = passages(&memory, &[], &measure).into_iter().map(|passage| passage.dense).collect();
        assert_eq!(dense, ["Mia: We sang yesterday.", "Abbey: And last summer!"]);
    }

    #[test]
    fn words_of_another_place_or_day_are_no_context() {
        let now = memory("here", 0, "Yes.", "");
        let elsewhere = memory("there", -1_000, "A secret?", "");
        let long_ago = memory("here", -6 * 3_600_000 - 1, "Shall we?", "");
        let later = memory("here", 1, "Later words", "");
        for before in [elsewhere, long_ago, later] {
            assert_eq!(lexical(&now, Some(&before)), ["[Monday 8 May 2023 2023.05.08 2023.05] Mia: Yes."]);
        }
    }

    #[test]
    fn long_words_are_chunked_and_every_word_is_indexed() {
        let words: Vec<String> = (0..200).map(|at| format!("word{at}")).collect();
        let long = memory("here", 0, &words.join(" "), "");
        let before = memory("here", -1, &words.join(" "), "");
        let measure = Measure { max_tokens: 30, count: |text: &str| text.split_whitespace().count() };
        let found = passages(&long, &[&before], &measure);
        assert!(found.len() > 5);
        for passage in &found {
            assert!((measure.count)(&passage.lexical) <= 30, "{}", passage.lexical);
        }
        let all = found.iter().map(|passage| passage.dense.as_str()).collect::<Vec<_>>().join(" ");
        assert!(words.iter().all(|word| all.split_whitespace().any(|seen| seen == word)));
    }

    #[test]
    fn a_memory_without_words_has_no_passages() {
        assert!(lexical(&memory("here", 0, "  ", ""), None).is_empty());
    }
}
