//! Scoring: the one reference of every store. Pure.
//!
//! A search looks at *candidates*: the [`pool`] best chunks by vector and the [`pool`] best by words. Each list is
//! brought to a common scale over the candidates ([`fuse`]), the weighted sum ranks them, and the best chunk of a
//! memory stands for it ([`best`]). Because only the heads of the lists count, a store that cannot see all scores
//! (a server) can follow the same rule as one that can.

use std::cmp::Ordering;
use std::collections::HashSet;

use super::Weights;
use crate::domain::{MemoryId, Moment};

/// BM25: how soon further occurrences of a word stop counting.
pub const K1: f32 = 1.2;
/// BM25: how much long texts are held back.
pub const B: f32 = 0.75;
/// Words of a typical chunk, a turn with the one before: 57 in LoCoMo's conversations. Stands in for the average where
/// a store weighs a chunk before it knows the others.
pub const TYPICAL_WORDS: f32 = 57.0;
/// Fewest candidates taken from each list.
const POOL_MIN: usize = 200;
/// Candidates taken from each list for every memory wanted.
const POOL_PER_HIT: usize = 4;
/// A list whose scores differ by less than this says nothing.
const FLAT: f64 = 1e-9;

/// How many candidates each list gives when `limit` memories are wanted.
pub fn pool(limit: usize) -> usize {
    limit.saturating_mul(POOL_PER_HIT).max(POOL_MIN)
}

/// BM25: what a word is worth that occurs in `containing` of `all` chunks.
pub fn idf(all: usize, containing: usize) -> f32 {
    let (all, containing) = (all as f32, containing as f32);
    ((all - containing + 0.5) / (containing + 0.5)).max(0.0).ln_1p()
}

/// BM25: what `count` occurrences of a word weigh in a chunk of `length` words, `average` being usual.
pub fn weight(count: u32, length: u32, average: f32) -> f32 {
    let (count, length) = (count as f32, length as f32);
    let relative = if average > 0.0 { length / average } else { 1.0 };
    count * (K1 + 1.0) / (count + K1 * (1.0 - B + B * relative))
}

/// Fused scores of the candidates; `dense` and `lexical` hold one score a candidate, or none at all.
///
/// Each list is counted in standard deviations from its mean (z-score); a flat or missing list adds nothing.
pub fn fuse(dense: &[f32], lexical: &[f32], weights: Weights) -> Vec<f32> {
    let mut fused = vec![0f32; dense.len().max(lexical.len())];
    for (scores, weight) in [(dense, weights.dense), (lexical, weights.lexical)] {
        let count = scores.len().max(1) as f64;
        let mean = scores.iter().map(|score| f64::from(*score)).sum::<f64>() / count;
        let variance = scores.iter().map(|score| (f64::from(*score) - mean).powi(2)).sum::<f64>() / count;
        let deviation = variance.sqrt();
        if deviation > FLAT {
            for (fused, score) in fused.iter_mut().zip(scores) {
                *fused += weight * ((f64::from(*score) - mean) / deviation) as f32;
            }
        }
    }
    fused
}

/// A chunk that made it into one of the lists.
#[derive(Clone, Copy, Debug)]
pub struct Candidate<'a> {
    /// The chunk's id.
    pub id: &'a str,
    pub memory: &'a MemoryId,
    pub at: Moment,
    /// Product with the query's vector; in every candidate or in none.
    pub dense: Option<f32>,
    /// BM25; `None` when no word of the query occurs.
    pub lexical: Option<f32>,
}

/// Ranks `candidates` and returns the number and fused score of the best one of each memory, best first, at most
/// `limit`. Of equals the newer comes first, then the smaller id.
pub fn best(candidates: &[Candidate<'_>], weights: Weights, limit: usize) -> Vec<(usize, f32)> {
    let scores = |pick: fn(&Candidate<'_>) -> Option<f32>| -> Vec<f32> {
        if candidates.iter().all(|candidate| pick(candidate).is_none()) {
            return Vec::new();
        }
        candidates.iter().map(|candidate| pick(candidate).unwrap_or(0.0)).collect()
    };
    let fused = fuse(&scores(|candidate| candidate.dense), &scores(|candidate| candidate.lexical), weights);
    let mut ranked: Vec<(usize, f32)> = fused.into_iter().enumerate().collect();
    ranked
        .sort_unstable_by(|(a, a_score), (b, b_score)| order((*a_score, &candidates[*a]), (*b_score, &candidates[*b])));
    let mut seen = HashSet::new();
    ranked.retain(|(at, _)| seen.len() < limit && seen.insert(candidates[*at].memory));
    ranked
}

fn order(a: (f32, &Candidate<'_>), b: (f32, &Candidate<'_>)) -> Ordering {
    ahead((a.0, a.1.at, a.1.id), (b.0, b.1.at, b.1.id))
}

/// Which of two scored chunks comes first: higher score, then newer, then smaller id.
pub fn ahead(a: (f32, Moment, &str), b: (f32, Moment, &str)) -> Ordering {
    b.0.total_cmp(&a.0).then_with(|| b.1.cmp(&a.1)).then_with(|| a.2.cmp(b.2))
}

#[cfg(test)]
mod tests {
    use super::*;

    const EQUAL: Weights = Weights { dense: 1.0, lexical: 1.0 };

    #[test]
    fn rare_words_and_short_texts_weigh_more() {
        assert!(idf(100, 1) > idf(100, 50) && idf(100, 100) >= 0.0 && idf(0, 0) >= 0.0);
        assert!(weight(1, 10, 40.0) > weight(1, 100, 40.0));
        assert!(weight(5, 40, 40.0) > weight(1, 40, 40.0) && weight(1_000, 40, 40.0) < K1 + 1.0);
        assert!((weight(1, 40, 40.0) - 1.0).abs() < 1e-6);
        assert!(weight(1, 0, 0.0).is_finite());
    }

    #[test]
    fn fusion_is_a_weighted_sum_of_standard_scores() {
        let fused = fuse(&[1.0, 3.0], &[10.0, 30.0], Weights { dense: 1.0, lexical: 2.0 });
        assert_eq!(fused, [-3.0, 3.0]);
    }

    #[test]
    fn a_flat_or_missing_list_adds_nothing() {
        assert_eq!(fuse(&[0.5; 3], &[1.0, 2.0, 3.0], EQUAL), fuse(&[], &[1.0, 2.0, 3.0], EQUAL));
        assert_eq!(fuse(&[0.5; 3], &[0.0; 3], EQUAL), [0.0; 3]);
        assert_eq!(fuse(&[0.5], &[2.0], EQUAL), [0.0]);
        assert_eq!(fuse(&[], &[], EQUAL), [0f32; 0]);
        assert!(fuse(&[0.0, 1e30], &[f32::MIN_POSITIVE, 0.0], EQUAL).iter().all(|score| score.is_finite()));
    }

    #[test]
    fn a_memory_is_found_once_and_equals_come_newest_first() {
        let (a, b, c) = (MemoryId::new("a"), MemoryId::new("b"), MemoryId::new("c"));
        let chunk = |id, memory, at, dense| Candidate { id, memory, at: Moment(at), dense: Some(dense), lexical: None };
        let candidates = [
            chunk("a1", &a, 1, 0.9),
            chunk("a2", &a, 1, 0.8),
            chunk("b1", &b, 1, 0.5),
            chunk("c2", &c, 2, 0.5),
            chunk("c1", &c, 2, 0.5),
        ];
        let order =
            |limit| best(&candidates, EQUAL, limit).into_iter().map(|(at, _)| candidates[at].id).collect::<Vec<_>>();
        assert_eq!(order(9), ["a1", "c1", "b1"]);
        assert_eq!(order(2), ["a1", "c1"]);
        assert!(order(0).is_empty());
    }
}
