//! Kin of words: words that stand for like things, so that "instrument" finds "violin". English.
//!
//! `models/kin.py` makes the list from the house embedder's vectors, whatever embedder is in use; `models/README.md`
//! describes its layout.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::words;

/// The list as `models/kin.py` wrote it.
static FILE: &[u8] = include_bytes!("../../models/kin-v1.bin");
/// First bytes of the file; the digit is the version of the layout.
const MAGIC: &[u8; 8] = b"GRKINDS1";
/// Magic, checksum of the embedder it was made from, number of words, bytes of their text, number of kin (each `u32`).
const HEADER: usize = 52;

static TABLE: LazyLock<Table> =
    LazyLock::new(|| Table::read(FILE).expect("the file compiled in is the one that the tests checked"));

/// Reads the table now, so that nobody's question waits for it.
pub fn load() {
    LazyLock::force(&TABLE);
}

/// A word that is akin to one of several others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kin {
    pub term: u32,
    /// The number of the word it is akin to.
    pub of: usize,
    /// How much: 0 for a cosine of 0.4, 255 for one of 1.
    pub likeness: u8,
}

struct Table {
    /// Where the kin of a word are.
    of: HashMap<u32, std::ops::Range<usize>>,
    /// The words as terms, by their number.
    terms: Vec<u32>,
    /// Number (two bytes) and likeness of each kin.
    kin: &'static [[u8; 3]],
}

impl Table {
    fn read(file: &'static [u8]) -> Option<Self> {
        let number = |at: usize| Some(u32::from_le_bytes(file.get(at..at + 4)?.try_into().ok()?) as usize);
        if file.get(..MAGIC.len())? != MAGIC {
            return None;
        }
        let (all, text, kin) = (number(40)?, number(44)?, number(48)?);
        let (counts, rest) = file.get(HEADER..)?.split_at_checked(all)?;
        let (kin, rest) = rest.split_at_checked(kin * 3)?;
        let (kin, _) = kin.as_chunks::<3>();
        let terms: Vec<u32> = std::str::from_utf8(rest.get(..text)?).ok()?.split('\n').map(words::term).collect();
        let (mut of, mut from) = (HashMap::with_capacity(all), 0);
        for (term, count) in terms.iter().zip(counts) {
            let to = from + usize::from(*count);
            of.entry(*term).or_insert(from..to);
            from = to;
        }
        let is_whole = terms.len() == all && from == kin.len() && kin.iter().all(|one| number_of(one) < all);
        is_whole.then_some(Self { of, terms, kin })
    }
}

fn number_of([low, high, _]: &[u8; 3]) -> usize {
    usize::from(u16::from_le_bytes([*low, *high]))
}

/// The kin of each of `terms`.
pub fn of(terms: &[u32]) -> Vec<Kin> {
    let table = &*TABLE;
    let kin = |(of, term): (usize, &u32)| {
        let kin = table.of.get(term).map_or(&[][..], |range| &table.kin[range.clone()]);
        kin.iter().map(move |one| Kin { term: table.terms[number_of(one)], of, likeness: one[2] })
    };
    terms.iter().enumerate().flat_map(kin).collect()
}

#[cfg(test)]
mod tests {
    use super::super::house::House;
    use super::*;

    /// The kin of one word, by their stems.
    fn kin(word: &str, candidates: &[&str]) -> Vec<u8> {
        let kin = of(&[words::term(word)]);
        let likeness = |word: &&str| kin.iter().find(|one| one.term == words::term(word)).map_or(0, |one| one.likeness);
        candidates.iter().map(likeness).collect()
    }

    #[test]
    fn the_compiled_in_file_is_whole_and_of_this_embedder() {
        let table = Table::read(FILE).unwrap();
        assert_eq!(&FILE[MAGIC.len()..][..32], super::super::house::checksum());
        assert!(table.terms.len() > 14_000 && table.kin.len() > 10 * table.terms.len());
        assert!(FILE.len() < 2_000_000, "{}", FILE.len());
    }

    #[test]
    fn like_things_are_kin_and_others_are_not() {
        let likeness = kin("instrument", &["violin", "piano", "bread", "instruments"]);
        assert!(likeness[0] > 0 && likeness[1] > 0, "{likeness:?}");
        assert_eq!(likeness[2..], [0, 0], "another thing, and the word itself");
        assert!(kin("dogs", &["puppy"])[0] > kin("dogs", &["horse"])[0]);
        assert!(of(&[]).is_empty() && of(&[words::term("zxqv")]).is_empty());
    }

    #[test]
    fn likeness_is_that_of_the_embedders_vectors() {
        let house = House::new();
        // Words with one form that the embedder knows, so that the mean is its vector.
        for (one, other) in [("cello", "viola"), ("canine", "dog"), ("museum", "gallery")] {
            let cosine: f32 = house.vector(one).iter().zip(house.vector(other)).map(|(x, y)| x * y).sum();
            let listed = 0.4 + 0.6 * f32::from(kin(one, &[other])[0]) / 255.0;
            assert!((cosine - listed).abs() < 0.12, "{one} and {other}: {cosine} and {listed}");
        }
    }

    #[test]
    fn kin_say_whose_they_are() {
        let terms = [words::term("zxqv"), words::term("violin"), words::term("dog")];
        let kin = of(&terms);
        assert!(kin.iter().all(|one| one.of > 0 && one.term != terms[one.of]));
        assert!(kin.iter().any(|one| one.of == 1) && kin.iter().any(|one| one.of == 2));
    }
}
