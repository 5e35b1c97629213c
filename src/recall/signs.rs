//! What scoring knows of a chunk beside its vector: its words, which of them were spoken in it, and a few signs of
//! what kind of talk it is. Worked out once, when a chunk is stored, and kept as hashes and bits.
//!
//! The lists of words are English. Talk in other languages goes without those signs and loses nothing else.

use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

use super::dates;
use super::kin::{self, Kin};
use super::words::{Terms, hash, words};
use crate::domain::MemoryId;

/// Words that say nothing of what is asked, by their stems. A question of nothing else keeps them.
const EMPTY_WORDS: &str = "a an the of to in on at for with by from as is are was were be been being do does did doing \
    have has had having i you he she it we they me him her us them my your his its our their this that these those and \
    or but if so than too very can could will would shall should may might must not no nor what which who whom whose \
    when where why how about into over after before up down out off again then once here there all any both each few \
    more most other some such only own same just am don't didn't isn't";
/// Words by which people say when something was or will be.
const TIME_WORDS: &str = "yesterday today tomorrow tonight ago last next day week weekend month year monday tuesday \
    wednesday thursday friday saturday sunday january february march april june july august september october \
    november december night morning recently soon since";
/// Words of somebody who speaks of themselves.
const OWN_WORDS: &str = "i me my mine myself i'm i've i'll i'd we our us we're we've";
/// What follows "which" or "what" when a time is asked for.
const TIMES_ASKED: [&str; 6] = ["year", "month", "day", "date", "time", "week"];
/// What follows "how" then.
const LENGTHS_ASKED: [&str; 2] = ["long", "often"];
/// Words of a question for what there was over time.
const OVER_TIME: [&str; 3] = ["has", "have", "both"];

static EMPTY: LazyLock<HashSet<u32>> = LazyLock::new(|| set(EMPTY_WORDS));
static TIME: LazyLock<HashSet<u32>> = LazyLock::new(|| set(TIME_WORDS));

fn set(list: &str) -> HashSet<u32> {
    Terms::of(list).counts.into_iter().map(|(term, _)| term).collect()
}

/// Signs of a chunk that do not depend on what is asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Signs {
    /// A question is among it.
    pub asks: bool,
    /// It says when something was or will be.
    pub dated: bool,
    /// Its speaker speaks of themselves.
    pub own: bool,
    /// Different words of its own that say something.
    pub size: u16,
}

/// A word of a chunk: how often it is in the text that is searched, and how often of those it was spoken in the chunk
/// itself rather than in the line before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Count {
    pub term: u32,
    pub all: u16,
    pub spoken: u16,
}

/// What was spoken in a chunk itself, and where in the talk that is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Spoken {
    /// Who spoke.
    pub by: String,
    /// The words, without the name and without the line before.
    pub words: String,
    pub line: Line,
    /// What its line says, see [`super::said_once`]; 0: nothing that another could say as well.
    pub says: u64,
}

/// The place of a line in its talk, see [`line_id`]; 0: none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Line {
    pub id: u32,
    /// The two lines before it, the nearer first.
    pub before: [u32; 2],
}

/// The number of a side of a memory, told apart from all others of a tenant. Two may share one where there are very
/// many; then a chunk has one neighbour too many, of those that the asker may see anyway.
pub fn line_id(memory: &MemoryId, is_answer: bool) -> u32 {
    hash(&format!("{memory} {is_answer}")).max(1)
}

/// The words and signs of a chunk.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Print {
    pub signs: Signs,
    pub line: Line,
    /// As in [`Spoken`].
    pub says: u64,
    /// The speaker's name, as terms.
    pub by: Vec<u32>,
    /// Ascending by term.
    pub counts: Vec<Count>,
}

impl Print {
    /// The print of a chunk that is found by the words of `text`.
    pub fn of(text: &str, spoken: &Spoken) -> Self {
        let Spoken { by, words: spoken, line, says } = spoken;
        let all = Terms::of(text);
        let own: HashMap<u32, u32> = Terms::of(spoken).counts.into_iter().collect();
        let small = |count: u32| u16::try_from(count).unwrap_or(u16::MAX);
        let count = |(term, all): &(u32, u32)| Count {
            term: *term,
            all: small(*all),
            spoken: small(own.get(term).copied().unwrap_or_default()),
        };
        let mut by: Vec<u32> = words(by).iter().map(|word| hash(word)).collect();
        by.truncate(usize::from(u8::MAX));
        let signs = Signs {
            asks: asks(spoken),
            dated: own.keys().any(|term| TIME.contains(term)),
            own: plain(spoken).any(|word| OWN_WORDS.split(' ').any(|own| own == word)),
            size: small(telling_of(own.keys()).try_into().unwrap_or(u32::MAX)),
        };
        Self { signs, line: *line, says: *says, by, counts: all.counts.iter().map(count).collect() }
    }

    /// Number of words in the text that is searched.
    pub fn words(&self) -> u32 {
        self.counts.iter().map(|count| u32::from(count.all)).sum()
    }

    /// The same with only the words that were spoken in the chunk itself, and the days among those of `text`, which it is
    /// found by.
    pub fn spoken_or_day(mut self, text: &str) -> Self {
        let days = days_in(text);
        self.counts.retain(|count| count.spoken > 0 || days.contains(&count.term));
        self
    }

    /// Whether it is of one of these days: said then, or of what was then.
    pub fn is_of(&self, days: &[u32]) -> bool {
        days.iter().any(|day| self.counts.binary_search_by_key(day, |count| count.term).is_ok())
    }

    /// As stores keep it: twenty-four bytes, four a term of the name, eight a word.
    pub fn to_bytes(&self) -> Vec<u8> {
        let Signs { asks, dated, own, size } = self.signs;
        let bits = u8::from(asks) | u8::from(dated) << 1 | u8::from(own) << 2;
        let names = u8::try_from(self.by.len()).unwrap_or(u8::MAX);
        let mut bytes = vec![bits, names];
        bytes.extend(size.to_le_bytes());
        [self.line.id, self.line.before[0], self.line.before[1]].iter().for_each(|id| bytes.extend(id.to_le_bytes()));
        bytes.extend(self.says.to_le_bytes());
        self.by.iter().take(usize::from(names)).for_each(|term| bytes.extend(term.to_le_bytes()));
        for Count { term, all, spoken } in &self.counts {
            bytes.extend(term.to_le_bytes());
            bytes.extend(all.to_le_bytes());
            bytes.extend(spoken.to_le_bytes());
        }
        bytes
    }

    /// Reads what [`Self::to_bytes`] wrote; `None` for anything else.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (&[bits, names, low, high], rest) = bytes.split_first_chunk()?;
        let (lines, rest) = rest.split_first_chunk::<12>()?;
        let (lines, _) = lines.as_chunks::<4>();
        let [id, nearer, farther] = [0, 1, 2].map(|at| u32::from_le_bytes(lines[at]));
        let line = Line { id, before: [nearer, farther] };
        let (says, rest) = rest.split_first_chunk::<8>()?;
        let (names, rest) = rest.split_at_checked(usize::from(names) * 4)?;
        let (names, _) = names.as_chunks::<4>();
        let (words, left) = rest.as_chunks::<8>();
        let count = |&[a, b, c, d, e, f, g, h]: &[u8; 8]| Count {
            term: u32::from_le_bytes([a, b, c, d]),
            all: u16::from_le_bytes([e, f]),
            spoken: u16::from_le_bytes([g, h]),
        };
        let counts: Vec<Count> = words.iter().map(count).collect();
        let signs = Signs {
            asks: bits & 1 != 0,
            dated: bits & 2 != 0,
            own: bits & 4 != 0,
            size: u16::from_le_bytes([low, high]),
        };
        let by = names.iter().map(|bytes| u32::from_le_bytes(*bytes)).collect();
        (bits < 8 && left.is_empty() && counts.is_sorted_by(|a, b| a.term < b.term)).then_some(Self {
            signs,
            line,
            says: u64::from_le_bytes(*says),
            by,
            counts,
        })
    }
}

/// What is asked, as scoring reads it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Question {
    /// All its words, each once, ascending.
    pub terms: Vec<u32>,
    /// Those that say something; all of them where none does.
    pub telling: Vec<u32>,
    /// Words akin to the telling ones.
    pub kin: Vec<Kin>,
    /// It asks for a time.
    pub asks_when: bool,
    /// It asks for what there was over time ("what has she painted", "how many"), which several talks have a share in.
    pub gathers: bool,
    /// Marks of the days and months that it names, ascending.
    pub days: Vec<u32>,
}

impl Question {
    /// Reads a question, or whatever else is searched for.
    pub fn of(text: &str) -> Self {
        let terms: Vec<u32> = Terms::of(text).counts.into_iter().map(|(term, _)| term).collect();
        let mut telling: Vec<u32> = terms.iter().copied().filter(|term| !EMPTY.contains(term)).collect();
        if telling.is_empty() {
            telling.clone_from(&terms);
        }
        let said: Vec<String> = plain(text).collect();
        let follows = |pair: &[String], first: &str, second: &[&str]| pair[0] == first && second.contains(&&*pair[1]);
        let asks_when = said.iter().any(|word| word == "when")
            || said.windows(2).any(|pair| {
                follows(pair, "how", &LENGTHS_ASKED)
                    || follows(pair, "what", &TIMES_ASKED)
                    || follows(pair, "which", &TIMES_ASKED)
            });
        let gathers = !asks_when
            && (said.iter().any(|word| OVER_TIME.contains(&&**word))
                || said.windows(2).any(|pair| follows(pair, "how", &["many"])));
        // Those that say nothing say nothing for others either.
        let kin = kin::of(&telling).into_iter().filter(|kin| !EMPTY.contains(&kin.term)).collect();
        Self { terms, telling, kin, asks_when, gathers, days: days_in(text) }
    }

    /// How much the nearest kin of each telling word that was spoken in a chunk is like that word.
    pub fn kin_in(&self, print: &Print) -> Vec<u8> {
        let mut nearest = vec![0; self.telling.len()];
        for kin in &self.kin {
            let at = print.counts.binary_search_by_key(&kin.term, |count| count.term);
            if at.is_ok_and(|at| print.counts[at].spoken > 0) {
                nearest[kin.of] = kin.likeness.max(nearest[kin.of]);
            }
        }
        nearest
    }

    /// Whether the question names the speaker `by`.
    pub fn names(&self, by: &[u32]) -> bool {
        by.iter().any(|term| self.terms.binary_search(term).is_ok())
    }
}

/// The marks of days and months in a text, as terms, ascending.
fn days_in(text: &str) -> Vec<u32> {
    let mut days: Vec<u32> = words(text).iter().filter(|word| dates::is_mark(word)).map(|word| hash(word)).collect();
    days.sort_unstable();
    days.dedup();
    days
}

/// Whether a question is among what was spoken.
pub(super) fn asks(spoken: &str) -> bool {
    spoken.contains(['?', '？', '؟'])
}

/// How many different words of a text say something.
pub(super) fn telling(text: &str) -> usize {
    telling_of(Terms::of(text).counts.iter().map(|(term, _)| term))
}

fn telling_of<'t>(terms: impl Iterator<Item = &'t u32>) -> usize {
    terms.filter(|term| !EMPTY.contains(term)).count()
}

/// The words of a text in lower case, endings and all.
fn plain(text: &str) -> impl Iterator<Item = String> + '_ {
    text.split(|c: char| !c.is_alphanumeric() && c != '\'' && c != '’')
        .filter(|word| !word.is_empty())
        .map(|word| word.to_lowercase().replace('’', "'"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn print(text: &str, by: &str, words: &str) -> Print {
        let line = Line { id: 7, before: [6, 0] };
        Print::of(text, &Spoken { by: by.into(), words: words.into(), line, says: u64::MAX - 1 })
    }

    #[test]
    fn a_print_tells_what_was_spoken_from_what_came_before() {
        let print = print("[Monday 8 May 2023] Bo: A cat?\nMia: My cat, a cat!", "Mia", "My cat, a cat!");
        let count = |word: &str| {
            let term = hash(&words(word)[0]);
            print.counts.iter().find(|count| count.term == term).map(|count| (count.all, count.spoken))
        };
        assert_eq!(count("cats"), Some((3, 2)));
        assert_eq!(count("monday"), Some((1, 0)));
        assert_eq!(count("dog"), None);
        assert_eq!(print.signs, Signs { asks: false, dated: false, own: true, size: 1 });
        assert_eq!((&print.by, print.line), (&vec![hash("mia")], Line { id: 7, before: [6, 0] }));
        assert_eq!(print.words(), 12);
        let spoken = print.clone().spoken_or_day("");
        assert_eq!((spoken.counts.len(), spoken.signs, spoken.by), (3, print.signs, print.by));
    }

    #[test]
    fn signs_are_read_from_what_was_spoken() {
        let signs = |spoken: &str| print(spoken, "", spoken).signs;
        assert!(signs("Where is it?").asks && signs("どこ？").asks && !signs("There.").asks);
        assert!(signs("Last Friday, I think").dated && !signs("At the door").dated);
        assert!(signs("I’m home").own && signs("it is OUR house").own && !signs("Mine_s a 'myth'").dated);
        assert_eq!(signs("the of and").size, 0);
    }

    #[test]
    fn any_print_survives_the_store() {
        for (text, by) in [("", ""), ("a b c a", "Anna Maria"), ("我喜欢猫 cat", "猫"), (&*"x y ".repeat(70_000), "z")]
        {
            let print = print(text, by, text);
            assert_eq!(Print::from_bytes(&print.to_bytes()), Some(print));
        }
        let many = print("", &"w x y z ".repeat(200), "");
        assert_eq!(Print::from_bytes(&many.to_bytes()), Some(many));
        let whole = Print::default().to_bytes();
        assert_eq!((whole.len(), Print::from_bytes(&whole)), (24, Some(Print::default())));
        for (at, byte) in [(0, 8), (1, 1)] {
            let mut broken = whole.clone();
            broken[at] = byte;
            assert_eq!(Print::from_bytes(&broken), None);
        }
        assert_eq!(Print::from_bytes(&whole[1..]), None);
        assert_eq!(Print::from_bytes(&[whole, vec![0]].concat()), None);
    }

    #[test]
    fn both_sides_of_a_memory_are_lines_of_their_own() {
        let (one, two) = (MemoryId::new("one"), MemoryId::new("two"));
        let lines: HashSet<u32> =
            [(&one, false), (&one, true), (&two, false)].map(|(id, is_answer)| line_id(id, is_answer)).into();
        assert_eq!(lines.len(), 3);
    }

    #[test]
    fn a_question_is_read_for_what_it_asks() {
        for text in ["When did Mia move?", "how long was it", "Since when?", "In which Year was that?"] {
            assert!(Question::of(text).asks_when, "{text}");
        }
        for text in ["Where does Mia live?", "how is she", "what a long day", "whenever"] {
            assert!(!Question::of(text).asks_when, "{text}");
        }
        for text in ["What has Mia painted?", "How many cats are there?", "Where have both been?"] {
            assert!(Question::of(text).gathers, "{text}");
        }
        for text in ["When has she left?", "What did Mia paint?", "many cats", "how is she"] {
            assert!(!Question::of(text).gathers, "{text}");
        }
        assert_eq!(Question::of("What was on it? 2026.05.08 2026.05").days.len(), 2);
        assert!(Question::of("the 3.14 of 2026, 2026.5.8, 10.10.2026 and 2026.05.08.1").days.is_empty());
        let question = Question::of("What did Mia do with the cats?");
        let mut telling = vec![hash("mia"), hash("cat")];
        telling.sort_unstable();
        assert_eq!(question.telling, telling);
        assert!(question.names(&[7, hash("mia")]) && !question.names(&[hash("bo")]) && !question.names(&[]));
        assert_eq!(Question::of("what was it").telling.len(), 3);
        assert_eq!(Question::of(""), Question::default());
    }
}
