//! BERT's uncased tokenization, allocation-shy: what the house embedder reads text with.
//!
//! It must give exactly the ids that the `tokenizers` crate gives for `bert-base-uncased` (without the special
//! tokens); `tests/data/wordpiece.json` holds samples of that. Only the house embedder uses it: transformers
//! bring a tokenizer of their own.

use unicode_normalization::UnicodeNormalization;
use unicode_properties::{GeneralCategory, GeneralCategoryGroup, UnicodeGeneralCategory};

/// Words of more characters are one unknown token, as in BERT.
const MAX_WORD_CHARS: usize = 100;
/// Slots of the hash table: a power of two, above twice the 30,522 pieces.
const SLOTS: usize = 1 << 16;
/// An unused slot.
const EMPTY: u32 = u32::MAX;
/// Start and factor of FNV-1a in 64 bits.
const FNV_START: u64 = 0xcbf2_9ce4_8422_2325;
const FNV_FACTOR: u64 = 0x0000_0100_0000_01b3;

/// A vocabulary of word pieces over borrowed text.
pub struct WordPiece<'a> {
    pieces: Vec<&'a [u8]>,
    slots: Box<[u32]>,
    unknown: u32,
}

fn fnv(mut hash: u64, bytes: &[u8]) -> u64 {
    for byte in bytes {
        hash = (hash ^ u64::from(*byte)).wrapping_mul(FNV_FACTOR);
    }
    hash
}

fn slot_of(hash: u64) -> usize {
    // The low bits of FNV are its weakest; fold the high ones in.
    ((hash ^ (hash >> 32)) as usize) & (SLOTS - 1)
}

impl<'a> WordPiece<'a> {
    /// Reads a vocabulary: one piece a line, the line number is the id. `None` when it is too large or has no
    /// `[UNK]`.
    pub fn new(vocabulary: &'a str) -> Option<Self> {
        let pieces: Vec<&[u8]> = vocabulary.lines().map(str::as_bytes).collect();
        if pieces.len() > SLOTS / 2 {
            return None;
        }
        let unknown = u32::try_from(pieces.iter().position(|piece| *piece == b"[UNK]")?).ok()?;
        let mut slots = vec![EMPTY; SLOTS].into_boxed_slice();
        for (id, piece) in (0u32..).zip(&pieces) {
            let mut slot = slot_of(fnv(FNV_START, piece));
            while slots[slot] != EMPTY {
                slot = (slot + 1) & (SLOTS - 1);
            }
            slots[slot] = id;
        }
        Some(Self { pieces, slots, unknown })
    }

    /// Number of pieces.
    pub fn size(&self) -> usize {
        self.pieces.len()
    }

    /// The id of `piece`, or of `##piece` within a word.
    fn find(&self, piece: &[u8], within: bool) -> Option<u32> {
        let start = if within { fnv(FNV_START, b"##") } else { FNV_START };
        let mut slot = slot_of(fnv(start, piece));
        loop {
            let id = self.slots[slot];
            if id == EMPTY {
                return None;
            }
            let known = self.pieces[id as usize];
            let same = if within { known.strip_prefix(b"##") == Some(piece) } else { known == piece };
            if same {
                return Some(id);
            }
            slot = (slot + 1) & (SLOTS - 1);
        }
    }

    /// Calls `each` with the id of every piece of `text`, in order.
    pub fn ids(&self, text: &str, mut each: impl FnMut(u32)) {
        let mut word = Word::default();
        if text.is_ascii() {
            for byte in text.bytes() {
                let c = char::from(byte.to_ascii_lowercase());
                if byte.is_ascii_alphanumeric() {
                    word.push(c);
                } else if byte.is_ascii_punctuation() {
                    self.flush(&mut word, &mut each);
                    word.push(c);
                    self.flush(&mut word, &mut each);
                } else if !is_control(c) {
                    self.flush(&mut word, &mut each);
                }
            }
        } else {
            let clean = text.chars().filter(|c| !is_control(*c) && !matches!(c, '\0' | '\u{fffd}'));
            let plain = clean.nfd().filter(|c| c.general_category() != GeneralCategory::NonspacingMark);
            for c in plain.flat_map(char::to_lowercase) {
                if c.is_whitespace() {
                    self.flush(&mut word, &mut each);
                } else if is_ideograph(c) || is_punctuation(c) {
                    self.flush(&mut word, &mut each);
                    word.push(c);
                    self.flush(&mut word, &mut each);
                } else {
                    word.push(c);
                }
            }
        }
        self.flush(&mut word, &mut each);
    }

    /// Cuts the finished word into the longest pieces from the left; one unknown token when that fails.
    fn flush(&self, word: &mut Word, each: &mut impl FnMut(u32)) {
        if word.text.is_empty() {
            return;
        }
        let text = word.text.as_str();
        if word.chars > MAX_WORD_CHARS {
            each(self.unknown);
            word.clear();
            return;
        }
        // A word has at most MAX_WORD_CHARS pieces; ids are held back until it is known that it can be cut.
        let mut found = [0u32; MAX_WORD_CHARS];
        let (mut number, mut start) = (0, 0);
        while start < text.len() {
            let mut end = text.len();
            let piece = loop {
                if end <= start {
                    break None;
                }
                if text.is_char_boundary(end)
                    && let Some(id) = self.find(&text.as_bytes()[start..end], start > 0)
                {
                    break Some(id);
                }
                end -= 1;
            };
            let Some(id) = piece else {
                each(self.unknown);
                word.clear();
                return;
            };
            found[number] = id;
            number += 1;
            start = end;
        }
        found[..number].iter().copied().for_each(each);
        word.clear();
    }
}

#[derive(Default)]
struct Word {
    text: String,
    chars: usize,
}

impl Word {
    fn push(&mut self, c: char) {
        // A monster without spaces becomes one unknown token anyway: do not hoard it.
        if self.chars <= MAX_WORD_CHARS {
            self.text.push(c);
        }
        self.chars += 1;
    }

    fn clear(&mut self) {
        self.text.clear();
        self.chars = 0;
    }
}

fn is_control(c: char) -> bool {
    match c {
        '\t' | '\n' | '\r' => false,
        c if c.is_ascii() => c.is_ascii_control(),
        // Unassigned code points stay: which ones are unassigned depends on the age of the tables.
        c => {
            c.general_category_group() == GeneralCategoryGroup::Other
                && c.general_category() != GeneralCategory::Unassigned
        }
    }
}

fn is_punctuation(c: char) -> bool {
    c.is_ascii_punctuation() || c.general_category_group() == GeneralCategoryGroup::Punctuation
}

/// The blocks that BERT splits into single characters.
fn is_ideograph(c: char) -> bool {
    matches!(u32::from(c),
        0x4E00..=0x9FFF | 0x3400..=0x4DBF | 0x20000..=0x2A6DF | 0x2A700..=0x2B73F | 0x2B740..=0x2B81F
        | 0x2B920..=0x2CEAF | 0xF900..=0xFAFF | 0x2F800..=0x2FA1F)
}

#[cfg(test)]
mod tests {
    use super::*;

    const WORDS: &str = "[PAD]\n[UNK]\nplay\n##ing\n##ed\n.\ncafe\n中\nun\n##play";

    fn ids(text: &str) -> Vec<u32> {
        let mut ids = Vec::new();
        WordPiece::new(WORDS).unwrap().ids(text, |id| ids.push(id));
        ids
    }

    #[test]
    fn words_are_cut_into_the_longest_known_pieces() {
        assert_eq!(ids("Playing unplayed."), [2, 3, 8, 9, 4, 5]);
    }

    #[test]
    fn accents_fall_and_ideographs_stand_alone() {
        assert_eq!(ids("CAFÉ中play\u{200d}ing"), [6, 7, 2, 3]);
    }

    #[test]
    fn what_cannot_be_cut_or_is_a_monster_is_one_unknown() {
        assert_eq!(ids("xyz playx"), [1, 1]);
        assert_eq!(ids(&"play".repeat(26)), [1]);
        assert_eq!(ids(" \t\r\n\u{7}"), [] as [u32; 0]);
    }

    #[test]
    fn a_vocabulary_without_an_unknown_token_is_refused() {
        assert!(WordPiece::new("a\nb").is_none());
    }
}
