//! Text as terms: what BM25 counts, for the embedded store and for Qdrant's sparse vectors alike.
//!
//! Terms are hashes, so that stores keep no second copy of anybody's words. A change here makes stored terms
//! stale: raise [`REVISION`], as for one in [`super::signs`], [`super::dates`] or [`super::said_once`].

use std::collections::HashMap;
use std::sync::LazyLock;

use rust_stemmers::{Algorithm, Stemmer};
use unicode_normalization::UnicodeNormalization as _;
use unicode_segmentation::UnicodeSegmentation as _;

/// Revision of this file's rules; stores record it beside the embedding space.
pub const REVISION: u32 = 4;
/// Longest word that counts, in characters; the rest of a longer one is noise (keys, hashes, howls).
const WORD_MAX: usize = 48;

static ENGLISH: LazyLock<Stemmer> = LazyLock::new(|| Stemmer::create(Algorithm::English));

/// The terms of a text and how often each occurs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Terms {
    /// Term and count, ascending by term.
    pub counts: Vec<(u32, u32)>,
}

impl Terms {
    /// The terms of `text`.
    pub fn of(text: &str) -> Self {
        let mut counts: HashMap<u32, u32> = HashMap::new();
        each_word(text, |word| *counts.entry(hash(word)).or_default() += 1);
        let mut counts: Vec<_> = counts.into_iter().collect();
        counts.sort_unstable();
        Self { counts }
    }
}

/// The normalised words of `text`, in order: lower-case, without accents, English endings taken off.
///
/// Scripts that write without spaces come as pairs of characters.
pub fn words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    each_word(text, |word| words.push(word.to_owned()));
    words
}

fn each_word(text: &str, mut take: impl FnMut(&str)) {
    let mut run: Vec<char> = Vec::new();
    for piece in fold(text).split_word_bounds() {
        if piece.chars().next().is_some_and(is_unspaced) {
            run.extend(piece.chars());
            continue;
        }
        pairs(&mut run, &mut take);
        if !piece.contains(char::is_alphanumeric) {
            continue;
        }
        // "end.Next" is two words, "3.14" is one.
        if piece.contains(|c: char| c.is_ascii_digit()) {
            take(cut(piece));
        } else {
            piece.split(['.', ':', '_', '·']).filter(|word| !word.is_empty()).for_each(|word| take(&stem(cut(word))));
        }
    }
    pairs(&mut run, &mut take);
}

/// Compatibility forms unified, lower-case, Latin, Greek and Cyrillic accents off.
fn fold(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    let mut plain = String::with_capacity(text.len());
    for c in text.nfkd().filter(|c| !matches!(c, '\u{300}'..='\u{36F}' | '\u{200B}'..='\u{200D}' | '\u{AD}')) {
        match c {
            'ß' | 'ẞ' => plain.push_str("ss"),
            'æ' | 'Æ' => plain.push_str("ae"),
            'œ' | 'Œ' => plain.push_str("oe"),
            'ø' | 'Ø' => plain.push('o'),
            'ł' | 'Ł' => plain.push('l'),
            'đ' | 'Đ' | 'ð' | 'Ð' => plain.push('d'),
            'þ' | 'Þ' => plain.push_str("th"),
            'ı' => plain.push('i'),
            'ς' => plain.push('σ'),
            '’' | 'ʼ' => plain.push('\''),
            c => plain.extend(c.to_lowercase()),
        }
    }
    plain.nfc().collect()
}

/// Han, kana and the scripts of South-East Asia that put no space between words.
fn is_unspaced(c: char) -> bool {
    matches!(c,
        '\u{0E01}'..='\u{0EFF}' | '\u{1000}'..='\u{109F}' | '\u{1780}'..='\u{17FF}'
        | '\u{3005}'..='\u{3007}' | '\u{3040}'..='\u{30FF}' | '\u{31F0}'..='\u{31FF}'
        | '\u{3400}'..='\u{4DBF}' | '\u{4E00}'..='\u{9FFF}' | '\u{F900}'..='\u{FAFF}' | '\u{20000}'..='\u{3FFFF}')
}

/// Gives the pairs of neighbours in `run` (its one character, if it has only one) and empties it.
fn pairs(run: &mut Vec<char>, take: &mut impl FnMut(&str)) {
    if let [alone] = run[..] {
        take(alone.encode_utf8(&mut [0; 4]));
    }
    for pair in run.windows(2) {
        take(&String::from_iter(pair));
    }
    run.clear();
}

fn cut(word: &str) -> &str {
    word.char_indices().nth(WORD_MAX).map_or(word, |(end, _)| &word[..end])
}

fn stem(word: &str) -> std::borrow::Cow<'_, str> {
    if word.is_ascii() { ENGLISH.stem(word) } else { word.into() }
}

/// The words of `text` as they were said, with single spaces between and nothing else: without case, accents and signs.
pub(super) fn plain(text: &str) -> String {
    let folded = fold(text);
    let words: Vec<&str> = folded.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
    words.join(" ")
}

/// The term of a single word in lower case and without accents.
pub(super) fn term(word: &str) -> u32 {
    hash(&stem(word))
}

/// FNV-1a, 64 bits folded to 32: stable across versions and machines.
pub(super) fn hash(word: &str) -> u32 {
    let wide = wide_hash(word);
    (wide ^ (wide >> 32)) as u32
}

/// FNV-1a, 64 bits.
pub(super) fn wide_hash(text: &str) -> u64 {
    text.bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_meet_across_case_accents_and_endings() {
        assert_eq!(words("Anna’s CATS were running, naïvely!"), ["anna", "cat", "were", "run", "naiv"]);
        assert_eq!(words("Crème BRÛLÉE"), words("creme brulee"));
        assert_eq!(words("Straße Łódź Ångström ﬁne"), words("strasse lodz angstrom fine"));
        assert_eq!(words("walked walks walking"), ["walk"; 3]);
    }

    #[test]
    fn numbers_and_names_are_kept() {
        assert_eq!(
            words("R2D2 paid 1,003.14 at 10:30, call +49-170 99"),
            ["r2d2", "paid", "1,003.14", "at", "10", "30", "call", "49", "170", "99"]
        );
        assert_eq!(words("snake_case end.Next"), ["snake", "case", "end", "next"]);
    }

    #[test]
    fn other_scripts_are_not_harmed() {
        assert_eq!(words("Привет, Ёлка"), ["привет", "елка"]);
        assert_eq!(words("नमस्ते दुनिया"), ["नमस्ते", "दुनिया"]);
        assert_eq!(words("한국어 공부"), ["한국어", "공부"]);
        assert_eq!(words("我喜欢猫"), ["我喜", "喜欢", "欢猫"]);
        assert_eq!(words("猫 cat 東京タワー"), ["猫", "cat", "東京", "京タ", "タワ", "ワー"]);
        assert_eq!(words("ﾀﾜｰ"), words("タワー"));
        assert!(!words("สวัสดีครับ").is_empty());
    }

    #[test]
    fn any_text_makes_terms() {
        for text in ["", "   ", "🙂🙂", "a", "the the the", &"x".repeat(10_000), "\u{0}\u{FFFF}é́́", "١٢٣ שלום"]
        {
            let terms = Terms::of(text);
            assert!(terms.counts.is_sorted_by(|a, b| a.0 < b.0), "{text:?}");
            assert_eq!(terms.counts.iter().map(|(_, count)| *count as usize).sum::<usize>(), words(text).len());
        }
        assert_eq!(Terms::of("the the cat").counts.iter().map(|(_, count)| *count).max(), Some(2));
    }
}
