//! Scoring: the one reference of every store. Pure.
//!
//! A search looks at *candidates*: the [`pool`] best chunks by vector and the [`pool`] best by words. Each is given
//! twelve numbers ([`parts`]): how alike its vector is and how many of the words it has, the same of the lines around it and
//! of the stretch of talk it is part of, what kind of talk it is, whether it is of a day that is named, and whether it has
//! words akin to those that it lacks. Each list of numbers is brought to a common scale
//! over the candidates, the weighted sum ranks them, and the best chunk of a memory stands for it, the newest of memories
//! that say the same for all of them ([`best`]). A question for what there was over time takes from several stretches of
//! talk ([`spread`]). Nothing
//! but candidates counts, not even for statistics: so a store that cannot see all chunks (a server) follows the same
//! rule as one that can, and what a scope does not admit changes nothing.

use std::cmp::Ordering;
use std::collections::{BinaryHeap, HashMap, HashSet, VecDeque};

use super::Weights;
use super::said_once::{self, Once};
use super::signs::{Line, Question, Signs};
use crate::domain::{MemoryId, Moment, PlaceId};

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
/// What a line around counts for beside the line itself, when likeness is summed up.
const NEAR_SHARE: f64 = 0.5;
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

/// A chunk that made it into one of the lists.
#[derive(Clone, Copy, Debug)]
pub struct Candidate<'a> {
    /// The chunk's id.
    pub id: &'a str,
    pub memory: &'a MemoryId,
    pub place: &'a PlaceId,
    pub at: Moment,
    /// Product with the query's vector; in every candidate or in none.
    pub dense: Option<f32>,
    /// BM25; `None` when no word of the query occurs.
    pub lexical: Option<f32>,
    pub line: Line,
    pub signs: Signs,
    /// The question names its speaker.
    pub is_named: bool,
    /// The question names a day or month, and it was said or was then.
    pub is_of_day: bool,
    /// How often each of the question's telling words was spoken in it.
    pub counts: &'a [u16],
    /// How much the nearest kin of each telling word that was spoken in it is like that word: 0 to 255.
    pub kin: &'a [u8],
    /// What its line says, see [`said_once`]; 0: nothing that another says as well.
    pub says: u64,
}

/// Numbers of a candidate.
pub const PARTS: usize = 12;

/// The numbers of every candidate, a list each, in the order of the fields of [`Weights`]. The candidates are ordered by
/// id: which of a line's chunks stands for it, and what is added up first, does not depend on how a store found them.
pub fn parts(question: &Question, candidates: &[Candidate<'_>]) -> [Vec<f64>; PARTS] {
    let list = |number: &dyn Fn(&Candidate<'_>) -> f64| candidates.iter().map(number).collect::<Vec<f64>>();
    let flag = |is_so: bool| f64::from(u8::from(is_so));
    let near = Near::of(candidates);
    let words = SpokenWords::of(question.telling.len(), candidates);
    let dense = list(&|candidate| f64::from(candidate.dense.unwrap_or_default()));
    // The lines around each, and itself as the last.
    let windows: Vec<Vec<usize>> = (0..candidates.len())
        .map(|at| {
            let mut window = near.of_line(at);
            window.push(at);
            window
        })
        .collect();
    let near_dense = windows.iter().enumerate().map(|(at, window)| {
        let around = &window[..window.len() - 1];
        let sum = dense[at] + NEAR_SHARE * around.iter().map(|at| dense[*at]).sum::<f64>();
        sum / (1.0 + NEAR_SHARE * around.len() as f64).sqrt()
    });
    let stretches = stretches(candidates);
    let of_stretch = words.scores(&stretches);
    let mut stretch = vec![0.0; candidates.len()];
    for (members, score) in stretches.iter().zip(&of_stretch) {
        members.iter().for_each(|at| stretch[*at] = *score);
    }
    [
        dense.clone(),
        list(&|candidate| f64::from(candidate.lexical.unwrap_or_default())),
        near_dense.collect(),
        words.scores(&windows),
        stretch,
        list(&|candidate| flag(candidate.is_named)),
        list(&|candidate| flag(question.asks_when && candidate.signs.dated)),
        list(&|candidate| flag(candidate.signs.asks)),
        list(&|candidate| flag(candidate.signs.own)),
        list(&|candidate| f64::from(candidate.signs.size).ln_1p()),
        list(&|candidate| flag(candidate.is_of_day)),
        list(&|candidate| words.kin(candidate)),
    ]
}

/// Which candidates are of which line.
struct Near {
    lines: Vec<Line>,
    /// Of each line: a candidate of it, the one with the smallest id where it has several.
    at: HashMap<u32, usize>,
    /// Of each line: the lines that have it among the two before them.
    after: HashMap<u32, Vec<u32>>,
}

impl Near {
    fn of(candidates: &[Candidate<'_>]) -> Self {
        let lines: Vec<Line> = candidates.iter().map(|candidate| candidate.line).collect();
        let (mut at, mut after) = (HashMap::new(), HashMap::<u32, Vec<u32>>::new());
        for (number, line) in lines.iter().enumerate().filter(|(_, line)| line.id != 0) {
            at.entry(line.id).or_insert_with(|| {
                line.before.iter().for_each(|before| after.entry(*before).or_default().push(line.id));
                number
            });
        }
        Self { lines, at, after }
    }

    /// The candidates of the two lines before and after that of candidate number `at`, one a line.
    fn of_line(&self, at: usize) -> Vec<usize> {
        let line = self.lines[at];
        if line.id == 0 {
            return Vec::new();
        }
        let after = self.after.get(&line.id).into_iter().flatten();
        let mut near: Vec<usize> = line.before.iter().chain(after).filter_map(|id| self.at.get(id).copied()).collect();
        near.sort_unstable();
        near.dedup();
        near.retain(|near| *near != at);
        near
    }
}

/// The stretches of talk that the candidates are of, as their numbers.
fn stretches(candidates: &[Candidate<'_>]) -> Vec<Vec<usize>> {
    let mut order: Vec<usize> = (0..candidates.len()).collect();
    order.sort_unstable_by_key(|at| (candidates[*at].place, candidates[*at].at));
    let mut stretches: Vec<Vec<usize>> = Vec::new();
    for at in order {
        let follows = |before: &usize| {
            let (before, now) = (&candidates[*before], &candidates[at]);
            before.place == now.place && now.at.is_of_one_stretch(before.at)
        };
        match stretches.last_mut().filter(|stretch| stretch.last().is_some_and(follows)) {
            Some(stretch) => stretch.push(at),
            None => stretches.push(vec![at]),
        }
    }
    stretches
}

/// BM25 over groups of candidates.
struct SpokenWords<'a> {
    candidates: &'a [Candidate<'a>],
    /// What each telling word is worth, by the candidates that have it.
    worth: Vec<f64>,
}

impl<'a> SpokenWords<'a> {
    fn of(words: usize, candidates: &'a [Candidate<'a>]) -> Self {
        let worth = (0..words).map(|word| {
            let containing = candidates.iter().filter(|candidate| candidate.counts[word] > 0).count();
            f64::from(idf(candidates.len(), containing))
        });
        Self { candidates, worth: worth.collect() }
    }

    /// What a candidate has of words akin to those that it lacks.
    fn kin(&self, candidate: &Candidate<'_>) -> f64 {
        let words = self.worth.iter().zip(candidate.counts).zip(candidate.kin);
        let akin = words.filter(|((_, count), _)| **count == 0);
        akin.map(|((worth, _), kin)| worth * f64::from(*kin) / f64::from(u8::MAX)).sum()
    }

    fn scores(&self, groups: &[Vec<usize>]) -> Vec<f64> {
        let length = |group: &Vec<usize>| group.iter().map(|at| f64::from(self.candidates[*at].signs.size)).sum();
        let lengths: Vec<f64> = groups.iter().map(length).collect();
        let average = lengths.iter().sum::<f64>() / groups.len().max(1) as f64;
        let (k1, b) = (f64::from(K1), f64::from(B));
        let score = |(group, length): (&Vec<usize>, &f64)| {
            let relative = if average > 0.0 { length / average } else { 1.0 };
            let hold = k1 * (1.0 - b + b * relative);
            let word = |(word, worth): (usize, &f64)| {
                let count: f64 = group.iter().map(|at| f64::from(self.candidates[*at].counts[word])).sum();
                if count > 0.0 { worth * count * (k1 + 1.0) / (count + hold) } else { 0.0 }
            };
            self.worth.iter().enumerate().map(word).sum()
        };
        groups.iter().zip(&lengths).map(score).collect()
    }
}

/// The weighted sum of lists, each in standard deviations from its mean (z-score); a flat list adds nothing.
fn fuse(lists: &[Vec<f64>], weights: &[f32]) -> Vec<f64> {
    let mut fused = vec![0f64; lists.first().map_or(0, Vec::len)];
    for (scores, weight) in lists.iter().zip(weights) {
        let count = scores.len().max(1) as f64;
        let mean = scores.iter().sum::<f64>() / count;
        let variance = scores.iter().map(|score| (score - mean).powi(2)).sum::<f64>() / count;
        let deviation = variance.sqrt();
        if deviation > FLAT && *weight != 0.0 {
            for (fused, score) in fused.iter_mut().zip(scores) {
                *fused += f64::from(*weight) * (score - mean) / deviation;
            }
        }
    }
    fused
}

/// Ranks `candidates` and returns the best one of each memory, best first, at most `limit`. Of equals the newer comes
/// first, then the smaller id. Of memories that say the same the newest stands for all.
pub fn best(question: &Question, candidates: &[Candidate<'_>], weights: Weights, limit: usize) -> Vec<Once> {
    let mut numbers: Vec<usize> = (0..candidates.len()).collect();
    numbers.sort_unstable_by_key(|at| candidates[*at].id);
    let by_id: Vec<Candidate<'_>> = numbers.iter().map(|at| candidates[*at]).collect();
    let spreads = question.gathers && weights.spread > 0.0;
    // Where several talks have a share, that one of them is a good one says little.
    let weights = if spreads { Weights { stretch: 0.0, ..weights } } else { weights };
    let fused = fuse(&parts(question, &by_id), &weights.list());
    let mut ranked: Vec<(usize, f32)> = numbers.into_iter().zip(fused.into_iter().map(|score| score as f32)).collect();
    ranked
        .sort_unstable_by(|(a, a_score), (b, b_score)| order((*a_score, &candidates[*a]), (*b_score, &candidates[*b])));
    let mut seen = HashSet::new();
    ranked.retain(|(at, _)| seen.insert(candidates[*at].memory));
    if spreads {
        ranked = spread(ranked, &stretches(candidates), weights.spread);
    }
    let mut once =
        said_once::collapse(&ranked, |at| (candidates[at].says, candidates[at].at, candidates[at].memory.as_str()));
    once.truncate(limit);
    once
}

/// Ranks anew, so that each that comes behind others of its stretch of talk is put back by `by` for each of them; of
/// equals the one that was ahead before.
fn spread(ranked: Vec<(usize, f32)>, stretches: &[Vec<usize>], by: f32) -> Vec<(usize, f32)> {
    let mut of = vec![0; stretches.iter().map(Vec::len).sum()];
    for (stretch, all) in stretches.iter().enumerate() {
        all.iter().for_each(|at| of[*at] = stretch);
    }
    // Within a stretch the order stays, so only the first that is left of each can be next.
    let mut left: Vec<VecDeque<(usize, f32)>> = vec![VecDeque::new(); stretches.len()];
    for (rank, (at, score)) in ranked.iter().enumerate() {
        left[of[*at]].push_back((rank, *score));
    }
    let mut taken = vec![0_u16; stretches.len()];
    let mut heads = BinaryHeap::with_capacity(stretches.len());
    let mut advance = |stretch: usize, heads: &mut BinaryHeap<Head>| {
        if let Some((rank, score)) = left[stretch].pop_front() {
            heads.push(Head { score: score - by * f32::from(taken[stretch]), rank, stretch });
            taken[stretch] = taken[stretch].saturating_add(1);
        }
    };
    (0..stretches.len()).for_each(|stretch| advance(stretch, &mut heads));
    let mut spread = Vec::with_capacity(ranked.len());
    while let Some(Head { score, rank, stretch }) = heads.pop() {
        spread.push((ranked[rank].0, score));
        advance(stretch, &mut heads);
    }
    spread
}

/// The first of a stretch that is left, as a heap of them is ordered: the best score, then the one that was ahead before.
#[derive(Clone, Copy, Debug)]
struct Head {
    score: f32,
    rank: usize,
    stretch: usize,
}

impl Ord for Head {
    fn cmp(&self, other: &Self) -> Ordering {
        self.score.total_cmp(&other.score).then_with(|| other.rank.cmp(&self.rank))
    }
}

impl PartialOrd for Head {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Head {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Head {}

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

    const EQUAL: Weights = Weights::plain(1.0, 1.0);

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
        assert_eq!(fuse(&[vec![1.0, 3.0], vec![10.0, 30.0]], &[1.0, 2.0]), [-3.0, 3.0]);
    }

    #[test]
    fn a_flat_list_or_one_of_no_weight_adds_nothing() {
        let only = fuse(&[vec![1.0, 2.0, 3.0]], &[1.0]);
        assert_eq!(fuse(&[vec![0.5; 3], vec![1.0, 2.0, 3.0]], &[1.0, 1.0]), only);
        assert_eq!(fuse(&[vec![9.0, 1.0, 4.0], vec![1.0, 2.0, 3.0]], &[0.0, 1.0]), only);
        assert_eq!(fuse(&[vec![0.5]], &[1.0]), [0.0]);
        assert!(fuse(&[], &[]).is_empty());
        assert!(fuse(&[vec![0.0, 1e30]], &[1.0]).iter().all(|score| score.is_finite()));
    }

    struct Talk {
        memories: Vec<MemoryId>,
        place: PlaceId,
        counts: Vec<[u16; 2]>,
    }

    impl Talk {
        /// Lines one after the other, with how often each of two words is spoken in them.
        fn of(counts: &[[u16; 2]]) -> Self {
            let memories = (0..counts.len()).map(|at| MemoryId::new(format!("m{at}"))).collect();
            Self { memories, place: PlaceId::new("here"), counts: counts.to_vec() }
        }

        fn candidates(&self) -> Vec<Candidate<'_>> {
            let number = |at: usize| u32::try_from(at).unwrap();
            let candidate = |(at, memory): (usize, &'_ MemoryId)| Candidate {
                id: "",
                memory: &self.memories[at],
                place: &self.place,
                at: Moment(memory.as_str().len() as i64),
                dense: Some(0.0),
                lexical: None,
                line: Line { id: number(at + 1), before: [number(at), number(at.saturating_sub(1))] },
                signs: Signs { size: 5, ..Signs::default() },
                is_named: false,
                is_of_day: false,
                counts: &self.counts[at],
                kin: &[0; 2],
                says: 0,
            };
            self.memories.iter().enumerate().map(candidate).collect()
        }
    }

    fn two_words() -> Question {
        Question { terms: vec![1, 2], telling: vec![1, 2], asks_when: true, ..Question::default() }
    }

    const NEAR_DENSE: usize = 2;
    const NEAR_WORDS: usize = 3;
    const STRETCH: usize = 4;
    const KIN: usize = 11;
    const HOURS_6: i64 = 6 * 3_600_000;

    #[test]
    fn words_of_the_two_lines_on_either_side_count_for_a_line() {
        let talk = Talk::of(&[[1, 0], [0, 0], [0, 1], [0, 0], [0, 0], [0, 0], [0, 0], [0, 0]]);
        let scores = &parts(&two_words(), &talk.candidates())[NEAR_WORDS];
        // Line 1 and 2 see both words, 3 and 4 the second alone; 5 and later neither.
        assert!(scores[1] > scores[3] && scores[2] > scores[4] && scores[4] > 0.0, "{scores:?}");
        assert_eq!(scores[5..], [0.0; 3]);
    }

    #[test]
    fn kin_count_where_the_word_itself_is_not_said() {
        let talk = Talk::of(&[[1, 0], [0, 0], [0, 0], [0, 1], [0, 0], [0, 0]]);
        let mut candidates = talk.candidates();
        candidates[0].kin = &[255, 0];
        candidates[1].kin = &[200, 0];
        candidates[2].kin = &[100, 0];
        let scores = &parts(&two_words(), &candidates)[KIN];
        assert!(scores[1] > scores[2] && scores[2] > 0.0, "{scores:?}");
        assert_eq!((scores[0], &scores[3..]), (0.0, &[0.0; 3][..]));
    }

    #[test]
    fn likeness_of_the_lines_around_counts_for_a_line() {
        let talk = Talk::of(&[[0, 0]; 6]);
        let mut candidates = talk.candidates();
        candidates[1].dense = Some(1.0);
        let scores = &parts(&two_words(), &candidates)[NEAR_DENSE];
        assert!(scores[1] > scores[2] && scores[2] > 0.0 && scores[3] > 0.0, "{scores:?}");
        assert_eq!(scores[4..], [0.0; 2]);
        // A chunk that knows no line has none around it.
        candidates.iter_mut().for_each(|candidate| candidate.line = Line::default());
        assert_eq!(parts(&two_words(), &candidates)[NEAR_DENSE], [0.0, 1.0, 0.0, 0.0, 0.0, 0.0]);
    }

    #[test]
    fn a_stretch_ends_with_the_place_or_a_long_pause() {
        let talk = Talk::of(&[[1, 0], [0, 0], [0, 0], [0, 0], [0, 0], [0, 0]]);
        let elsewhere = PlaceId::new("there");
        let mut candidates = talk.candidates();
        for (at, moment) in [0, HOURS_6, 2 * HOURS_6 + 1, 2, 3, 4].into_iter().enumerate() {
            candidates[at].at = Moment(moment);
        }
        candidates[3].place = &elsewhere;
        let scores = &parts(&two_words(), &candidates)[STRETCH];
        assert!(scores[0] > 0.0);
        assert_eq!(scores[..2], [scores[0]; 2]);
        assert_eq!((scores[2], scores[3], scores[4]), (0.0, 0.0, scores[0]));
    }

    #[test]
    fn each_sign_moves_a_candidate() {
        let talk = Talk::of(&[[0, 0]; 3]);
        let first = |weights: Weights, change: fn(&mut Candidate<'_>)| {
            let mut candidates = talk.candidates();
            candidates.iter_mut().for_each(|candidate| candidate.at = Moment(0));
            change(&mut candidates[1]);
            best(&two_words(), &candidates, weights, 3)[0].at
        };
        let none = Weights::plain(0.0, 0.0);
        assert_eq!(first(Weights { speaker: 1.0, ..none }, |candidate| candidate.is_named = true), 1);
        assert_eq!(first(Weights { dated: 1.0, ..none }, |candidate| candidate.signs.dated = true), 1);
        assert_ne!(first(Weights { asks: -1.0, ..none }, |candidate| candidate.signs.asks = true), 1);
        assert_eq!(first(Weights { own: 1.0, ..none }, |candidate| candidate.signs.own = true), 1);
        assert_eq!(first(Weights { size: 1.0, ..none }, |candidate| candidate.signs.size = 6), 1);
        assert_eq!(first(Weights { day: 1.0, ..none }, |candidate| candidate.is_of_day = true), 1);
        let mut candidates = talk.candidates();
        candidates[0].signs.dated = true;
        let question = Question { asks_when: false, ..two_words() };
        assert_eq!(parts(&question, &candidates)[6], [0.0; 3]);
    }

    #[test]
    fn the_order_in_which_candidates_come_changes_nothing() {
        let ids: Vec<String> = (0..6).map(|at| format!("c{at}")).collect();
        let talk = Talk::of(&[[1, 0], [0, 1], [0, 0], [2, 0], [0, 1], [0, 0]]);
        let mut candidates = talk.candidates();
        for (at, candidate) in candidates.iter_mut().enumerate() {
            candidate.id = &ids[at];
            candidate.dense = Some(0.1 * (at * at) as f32);
            // Two chunks a line.
            let line = u32::try_from(at / 2 + 1).unwrap();
            candidate.line = Line { id: line, before: [line - 1, 0] };
        }
        let ranking = |candidates: &[Candidate<'_>]| -> Vec<(String, f32)> {
            let best = best(&two_words(), candidates, Weights::DEFAULT, 6);
            best.into_iter().map(|once| (candidates[once.at].id.to_owned(), once.score)).collect()
        };
        let wanted = ranking(&candidates);
        for _ in 0..candidates.len() {
            candidates.rotate_left(1);
            assert_eq!(ranking(&candidates), wanted);
            let reversed: Vec<_> = candidates.iter().rev().copied().collect();
            assert_eq!(ranking(&reversed), wanted);
        }
    }

    #[test]
    fn a_memory_is_found_once_and_equals_come_newest_first() {
        let (a, b, c) = (MemoryId::new("a"), MemoryId::new("b"), MemoryId::new("c"));
        let place = PlaceId::new("here");
        let chunk = |id, memory, at, dense| Candidate {
            id,
            memory,
            place: &place,
            at: Moment(at),
            dense: Some(dense),
            lexical: None,
            line: Line::default(),
            signs: Signs::default(),
            is_named: false,
            is_of_day: false,
            counts: &[],
            kin: &[],
            says: 0,
        };
        let candidates = [
            chunk("a1", &a, 1, 0.9),
            chunk("a2", &a, 1, 0.8),
            chunk("b1", &b, 1, 0.5),
            chunk("c2", &c, 2, 0.5),
            chunk("c1", &c, 2, 0.5),
        ];
        let order = |limit| {
            let best = best(&Question::default(), &candidates, EQUAL, limit);
            best.into_iter().map(|once| candidates[once.at].id).collect::<Vec<_>>()
        };
        assert_eq!(order(9), ["a1", "c1", "b1"]);
        assert_eq!(order(2), ["a1", "c1"]);
        assert!(order(0).is_empty());
        assert!(best(&Question::default(), &[], EQUAL, 5).is_empty());
    }

    #[test]
    fn a_question_for_what_there_was_over_time_takes_from_several_stretches() {
        let talk = Talk::of(&[[0, 0]; 6]);
        let mut candidates = talk.candidates();
        for (at, candidate) in candidates.iter_mut().enumerate() {
            candidate.at = Moment(if at < 4 { 0 } else { 2 * HOURS_6 });
            candidate.dense = Some(1.0 - 0.1 * at as f32);
        }
        let order = |gathers: bool, spread: f32| -> Vec<usize> {
            let question = Question { gathers, ..two_words() };
            let best = best(&question, &candidates, Weights { spread, ..EQUAL }, 6);
            assert!(best.is_sorted_by(|a, b| a.score >= b.score), "{best:?}");
            best.iter().map(|once| once.at).collect()
        };
        assert_eq!(order(false, 1.0), [0, 1, 2, 3, 4, 5]);
        assert_eq!(order(true, 0.0), [0, 1, 2, 3, 4, 5]);
        assert_eq!(order(true, 1.3), [0, 1, 4, 2, 5, 3]);
        assert_eq!(order(true, 9.0), [0, 4, 1, 5, 2, 3]);
    }

    #[test]
    fn memories_that_say_the_same_leave_their_places_to_others() {
        let talk = Talk::of(&[[0, 0]; 6]);
        let mut candidates = talk.candidates();
        for (at, candidate) in candidates.iter_mut().enumerate() {
            candidate.at = Moment(at as i64);
            candidate.dense = Some(1.0 - 0.1 * at as f32);
            candidate.says = [3, 3, 3, 0, 0, 4][at];
        }
        let best = best(&two_words(), &candidates, EQUAL, 3);
        let found: Vec<(usize, Vec<usize>)> = best.iter().map(|once| (once.at, once.again.clone())).collect();
        assert_eq!(found, [(2, vec![1, 0]), (3, vec![]), (4, vec![])]);
        assert!(best[0].score > best[1].score && best[1].score > best[2].score);
    }
}
