//! Made-up talk, and the slow, plain computation of what a search should answer.

use std::collections::{HashMap, HashSet};

use greenroom::domain::{MemoryId, Moment, PersonaId, PersonalityId, PlaceId, Reach, Scope, Tenant};
use greenroom::recall::words::words;
use greenroom::recall::{Entry, Query, Space, Weights, rank};

const DIMENSION: usize = 48;
/// Different words of the made-up language.
const VOCABULARY: usize = 400;

/// A small generator: the same choices in every run.
pub struct Dice(pub u64);

impl Dice {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    pub fn below(&mut self, n: usize) -> usize {
        (self.next() % n as u64) as usize
    }

    /// Evenly between -1 and 1.
    fn number(&mut self) -> f32 {
        (self.next() >> 40) as f32 / (1u64 << 23) as f32 - 1.0
    }

    /// Few words often, many seldom, as people talk.
    fn word(&mut self) -> String {
        let at = (VOCABULARY as f64).powf(self.below(1_000_000) as f64 / 1e6) as usize;
        format!("w{at}")
    }
}

pub fn space() -> Space {
    Space { model: "made-up".into(), revision: "1".into(), dimension: DIMENSION, query_prefix: String::new() }
}

pub fn scope(who: &str, place: &str) -> Scope {
    Scope::of(PersonaId::new(who), PersonalityId::new("abbey"), PlaceId::new(place))
}

/// The direction number `n`, of length 1.
pub fn unit(n: u64) -> Vec<f32> {
    let mut dice = Dice(n.wrapping_mul(0xA24B_AED4_963E_E407));
    normal((0..DIMENSION).map(|_| dice.number()).collect())
}

fn normal(mut vector: Vec<f32>) -> Vec<f32> {
    let length = vector.iter().map(|value| value * value).sum::<f32>().sqrt();
    vector.iter_mut().for_each(|value| *value /= length);
    vector
}

/// An entry of one chunk, in an open place.
pub fn entry(who: &str, memory: &str) -> Entry {
    Entry {
        id: format!("{memory}/0"),
        memory: MemoryId::new(memory),
        tenant: Tenant::personal(&PersonaId::new(who), &PersonalityId::new("abbey")),
        place: PlaceId::new("here"),
        reach: Reach::Open,
        at: Moment(1),
        text: "plain words".into(),
        dense: unit(1),
    }
}

/// `count` memories of `who`, about a third of them private, some of two chunks; vectors in clusters.
pub fn chat(dice: &mut Dice, who: &str, count: usize) -> Vec<Entry> {
    let mut entries = Vec::new();
    for n in 0..count {
        let place = ["here", "there"][dice.below(2)];
        let reach = [Reach::Open, Reach::Open, Reach::Private][dice.below(3)];
        for chunk in 0..1 + dice.below(5) / 4 {
            let text = (0..20 + dice.below(75)).map(|_| dice.word()).collect::<Vec<_>>().join(" ");
            let cluster = unit(1_000 + dice.below(12) as u64);
            let dense = normal(cluster.into_iter().map(|value| value + 0.15 * dice.number()).collect());
            entries.push(Entry {
                id: format!("{who}-{n}/{chunk}"),
                place: PlaceId::new(place),
                reach,
                at: Moment(dice.below(1_000) as i64),
                text,
                dense,
                ..entry(who, &format!("{who}-{n}"))
            });
        }
    }
    entries
}

/// A question in the words of one of `entries`, towards its direction.
pub fn question(dice: &mut Dice, entries: &[Entry]) -> Query {
    let about = &entries[dice.below(entries.len())];
    let said: Vec<&str> = about.text.split(' ').collect();
    let mut text: Vec<String> = (0..3).map(|_| said[dice.below(said.len())].to_owned()).collect();
    text.extend((0..2).map(|_| dice.word()));
    let dense = normal(about.dense.iter().map(|value| value + 0.15 * dice.number()).collect());
    Query { text: text.join(" "), dense: Some(dense), limit: 10, weights: Weights { dense: 0.5, lexical: 1.0 } }
}

/// What a search must answer, worked out in double precision and without any index.
pub fn reference(entries: &[Entry], scope: &Scope, query: &Query) -> Vec<String> {
    let seen: Vec<&Entry> =
        entries.iter().filter(|entry| scope.admits(&entry.tenant, &entry.place, entry.reach)).collect();
    let pool = rank::pool(query.limit);
    let lexical = bm25(&seen, &query.text);
    let dense: Option<Vec<f64>> = query.dense.as_ref().map(|dense| {
        let product = |entry: &Entry| dense.iter().zip(&entry.dense).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum();
        seen.iter().map(|entry| product(entry)).collect()
    });
    let order = |scores: &[f64], a: usize, b: usize| {
        let (first, second) = (seen[a], seen[b]);
        scores[b].total_cmp(&scores[a]).then(second.at.cmp(&first.at)).then(first.id.cmp(&second.id))
    };
    let head = |scores: &[f64], mut all: Vec<usize>| {
        all.sort_by(|a, b| order(scores, *a, *b));
        all.truncate(pool);
        all
    };
    let mut candidates: HashSet<usize> =
        head(&lexical, (0..seen.len()).filter(|at| lexical[*at] > 0.0).collect()).into_iter().collect();
    candidates.extend(dense.iter().flat_map(|dense| head(dense, (0..seen.len()).collect())));
    let mut fused = vec![0f64; seen.len()];
    for (scores, weight) in
        dense.iter().map(|dense| (dense, query.weights.dense)).chain([(&lexical, query.weights.lexical)])
    {
        let count = candidates.len() as f64;
        let mean = candidates.iter().map(|at| scores[*at]).sum::<f64>() / count;
        let deviation = (candidates.iter().map(|at| (scores[*at] - mean).powi(2)).sum::<f64>() / count).sqrt();
        if deviation > 1e-9 {
            candidates.iter().for_each(|at| fused[*at] += f64::from(weight) * (scores[*at] - mean) / deviation);
        }
    }
    let mut ranked: Vec<usize> = candidates.into_iter().collect();
    ranked.sort_by(|a, b| order(&fused, *a, *b));
    let mut taken = HashSet::new();
    let memories = ranked.into_iter().map(|at| seen[at].memory.as_str().to_owned());
    memories.filter(|memory| taken.insert(memory.clone())).take(query.limit).collect()
}

fn bm25(seen: &[&Entry], question: &str) -> Vec<f64> {
    let texts: Vec<Vec<String>> = seen.iter().map(|entry| words(&entry.text)).collect();
    let average = texts.iter().map(Vec::len).sum::<usize>() as f64 / texts.len().max(1) as f64;
    let asked: HashSet<String> = words(question).into_iter().collect();
    let mut containing: HashMap<&str, f64> = HashMap::new();
    for text in &texts {
        let distinct: HashSet<&str> = text.iter().map(String::as_str).collect();
        distinct.into_iter().for_each(|word| *containing.entry(word).or_default() += 1.0);
    }
    let score = |text: &Vec<String>| {
        asked
            .iter()
            .map(|word| {
                let count = text.iter().filter(|other| *other == word).count() as f64;
                let with = containing.get(word.as_str()).copied().unwrap_or_default();
                let idf = (1.0 + (texts.len() as f64 - with + 0.5) / (with + 0.5)).ln();
                idf * count * 2.2 / (count + 1.2 * (0.25 + 0.75 * text.len() as f64 / average))
            })
            .sum()
    };
    texts.iter().map(score).collect()
}
