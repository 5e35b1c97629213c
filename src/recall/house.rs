//! The house embedder: a static English model compiled into the binary. Microseconds a text, nothing to download.
//!
//! `models/distil.py` makes the file, `models/README.md` describes its layout. A text's vector is the sum of its
//! tokens' vectors (their weight is in the row's scale), normalised. It reads English; other languages in Latin
//! script get a rough vector, and what it cannot read at all gets one that only equal text shares: BM25 carries
//! those. It must not learn of files, settings or the network.

use std::sync::LazyLock;

use async_trait::async_trait;

use super::wordpiece::WordPiece;
use super::{Embedder, RecallError, Side, Space};

/// The model as `models/distil.py` wrote it.
static FILE: &[u8] = include_bytes!("../../models/house-v1.bin");
/// First bytes of the file; the digit is the version of the layout.
const MAGIC: &[u8; 8] = b"GRHOUSE1";
/// Magic, dimension, number of tokens, bytes of vocabulary (each `u32`), four bytes unused, SHA-256 of the rest.
const HEADER: usize = 56;
/// Dimension of the vectors; the file must say the same.
const DIMENSION: usize = 256;
/// A mean over more tokens than this says little about any of them, so longer texts are chunked.
const MAX_TOKENS: usize = 256;
/// Squared length below which a sum of token vectors is no direction at all.
const TINY: f32 = 1e-12;

static HOUSE: LazyLock<Model> =
    LazyLock::new(|| Model::read(FILE).expect("the file compiled in is the one that the tests checked"));

struct Model {
    words: WordPiece<'static>,
    scales: Vec<f32>,
    rows: &'static [[u8; DIMENSION]],
    checksum: &'static [u8],
}

impl Model {
    fn read(file: &'static [u8]) -> Option<Self> {
        let number = |at: usize| Some(u32::from_le_bytes(file.get(at..at + 4)?.try_into().ok()?) as usize);
        if file.get(..MAGIC.len())? != MAGIC || number(8)? != DIMENSION {
            return None;
        }
        let (tokens, vocabulary) = (number(12)?, number(16)?);
        let (scales, rest) = file.get(HEADER..)?.split_at_checked(tokens * 4)?;
        let (rows, text) = rest.split_at_checked(tokens * DIMENSION)?;
        let (rows, _) = rows.as_chunks::<DIMENSION>();
        let words = WordPiece::new(std::str::from_utf8(text.get(..vocabulary)?).ok()?)?;
        if words.size() != tokens {
            return None;
        }
        let (scales, _) = scales.as_chunks::<4>();
        let scales = scales.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect();
        Some(Self { words, scales, rows, checksum: file.get(24..HEADER)? })
    }
}

/// The static model that is always there.
pub struct House {
    space: Space,
}

impl Default for House {
    fn default() -> Self {
        Self::new()
    }
}

impl House {
    /// The embedder; the first one takes a few milliseconds to index the vocabulary.
    pub fn new() -> Self {
        let revision = HOUSE.checksum[..4].iter().map(|byte| format!("{byte:02x}")).collect();
        let space = Space { model: "house-v1".to_owned(), revision, dimension: DIMENSION, query_prefix: String::new() };
        Self { space }
    }

    /// The unit vector of a text, 256 numbers; the same for queries and passages.
    pub fn vector(&self, text: &str) -> Vec<f32> {
        let model = &*HOUSE;
        let mut sum = [0f32; DIMENSION];
        model.words.ids(text, |id| {
            let scale = model.scales[id as usize];
            if scale > 0.0 {
                for (into, value) in sum.iter_mut().zip(&model.rows[id as usize]) {
                    *into += scale * f32::from(value.cast_signed());
                }
            }
        });
        let square: f32 = sum.iter().map(|x| x * x).sum();
        if square < TINY {
            return unreadable(text);
        }
        let shrink = square.sqrt().recip();
        sum.iter().map(|x| x * shrink).collect()
    }
}

/// SHA-256 of the model, whole.
#[cfg(test)]
pub(super) fn checksum() -> &'static [u8] {
    HOUSE.checksum
}

/// A unit vector for text without a known token: signs drawn from a hash, so that equal texts meet and others
/// are about orthogonal.
fn unreadable(text: &str) -> Vec<f32> {
    let side = 1.0 / (DIMENSION as f32).sqrt();
    // FNV-1a to take the text in, xorshift64* to draw the signs.
    let mut state = text
        .trim()
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3))
        | 1;
    (0..DIMENSION)
        .map(|_| {
            state ^= state >> 12;
            state ^= state << 25;
            state ^= state >> 27;
            if state.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 63 == 0 { side } else { -side }
        })
        .collect()
}

#[async_trait]
impl Embedder for House {
    fn space(&self) -> &Space {
        &self.space
    }

    fn max_tokens(&self) -> usize {
        MAX_TOKENS
    }

    fn count(&self, text: &str) -> usize {
        let mut number = 0;
        HOUSE.words.ids(text, |_| number += 1);
        number
    }

    async fn embed(&self, _: Side, texts: &[&str]) -> Result<Vec<Vec<f32>>, RecallError> {
        Ok(texts.iter().map(|text| self.vector(text)).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cosine(a: &str, b: &str) -> f32 {
        let house = House::new();
        house.vector(a).iter().zip(house.vector(b)).map(|(x, y)| x * y).sum()
    }

    #[test]
    fn the_compiled_in_file_is_whole() {
        use sha2::{Digest, Sha256};
        let model = Model::read(FILE).unwrap();
        assert_eq!(Sha256::digest(&FILE[HEADER..]).as_slice(), model.checksum);
        let expected = HEADER
            + model.scales.len() * (4 + DIMENSION)
            + u32::from_le_bytes(FILE[16..20].try_into().unwrap()) as usize;
        assert_eq!(FILE.len(), expected);
        assert!(model.scales.iter().all(|scale| scale.is_finite() && *scale >= 0.0));
    }

    #[test]
    fn tokens_are_those_of_the_teacher() {
        #[derive(serde::Deserialize)]
        struct Sample {
            text: String,
            ids: Vec<u32>,
        }
        let samples: Vec<Sample> = serde_json::from_str(include_str!("../../tests/data/wordpiece.json")).unwrap();
        assert!(samples.len() > 40);
        for sample in samples {
            let mut ids = Vec::new();
            HOUSE.words.ids(&sample.text, |id| ids.push(id));
            assert_eq!(ids, sample.ids, "{:?}", sample.text);
        }
    }

    #[test]
    fn related_sentences_are_closer_than_unrelated_ones() {
        let related = [
            ("My sister moved to Berlin last year", "Where does your sister live now?"),
            ("I'm allergic to peanuts", "Which food makes me sick?"),
            ("We adopted a puppy from the shelter", "Tell me about the dog"),
            ("He got a promotion at the bank", "How is his job going?"),
        ];
        for (at, (passage, question)) in related.iter().enumerate() {
            for (other, _) in related.iter().enumerate().filter(|(other, _)| *other != at).map(|(_, pair)| pair) {
                assert!(cosine(passage, question) > cosine(other, question), "{question} / {other}");
            }
        }
    }

    #[test]
    fn every_text_gets_a_finite_unit_vector() {
        let house = House::new();
        for text in ["", " ", "\u{0}", "🦀🦀", "ᚠᛇᚻ", "\u{301}\u{301}", "[CLS]", &"x".repeat(5_000), "hello"]
        {
            let vector = house.vector(text);
            let length: f32 = vector.iter().map(|x| x * x).sum();
            assert_eq!(vector.len(), DIMENSION);
            assert!((length - 1.0).abs() < 1e-4, "{text:?}: {length}");
        }
    }

    #[test]
    fn unreadable_texts_meet_only_themselves() {
        assert!(cosine("🦀🦀", " 🦀🦀 ") > 0.999);
        assert!(cosine("🦀🦀", "🐙").abs() < 0.4);
    }

    #[test]
    fn case_and_accents_make_no_difference() {
        assert!(cosine("Café olé", "cafe ole") > 0.999);
    }
}
