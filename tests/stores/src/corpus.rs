//! Made-up talk, and the slow, plain computation of what a search should answer.

use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

use greenroom::domain::{MemoryId, Moment, PersonaId, PersonalityId, PlaceId, Reach, Scope, Tenant};
use greenroom::recall::words::words;
use greenroom::recall::{Entry, Line, Query, Space, Spoken, Weights, rank};

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
        spoken: Spoken { by: who.into(), words: "plain words".into(), line: Line::default(), says: 0 },
        dense: unit(1),
    }
}

/// Words that say nothing, a time or something of the speaker, what asks for a time, and words that are akin.
const SPRINKLED: [&str; 14] = [
    "the",
    "and",
    "yesterday",
    "friday",
    "I",
    "my",
    "what",
    "really?",
    "violin",
    "cello",
    "dogs",
    "puppy",
    "canine",
    "bread",
];
/// Days and a month that some of the talk is of.
const DAYS: [&str; 4] = ["2026.05.08", "2026.05.09", "2026.06.01", "2026.05"];
/// Speakers of the made-up talk.
const SPEAKERS: [&str; 3] = ["Ada Byron", "Bo", "Cy"];

/// `count` memories of `who`, about a third of them private, some of two chunks; vectors in clusters.
pub fn chat(dice: &mut Dice, who: &str, count: usize) -> Vec<Entry> {
    let mut entries = Vec::new();
    for n in 0..count {
        let place = ["here", "there"][dice.below(2)];
        let reach = [Reach::Open, Reach::Open, Reach::Private][dice.below(3)];
        for chunk in 0..1 + dice.below(5) / 4 {
            let mut said: Vec<String> = (0..20 + dice.below(75)).map(|_| dice.word()).collect();
            let sprinkled = [SPRINKLED[dice.below(SPRINKLED.len())], SPRINKLED[dice.below(SPRINKLED.len())]];
            said.extend(sprinkled.map(str::to_owned));
            let of_day = DAYS.get(dice.below(12)).map(|day| (*day).to_owned());
            // The end was spoken in the chunk itself, the rest is the line before.
            let words = said[dice.below(said.len() / 2)..].join(" ");
            let number = u32::try_from(n + 1).expect("few memories");
            let line = Line { id: number, before: [number - 1, number.saturating_sub(2)] };
            // Some of it is said again and again.
            let says = [0, 1 + dice.below(12) as u64][dice.below(3) / 2];
            let spoken = Spoken { by: SPEAKERS[dice.below(3)].into(), words, line, says };
            said.extend(of_day);
            let text = said.join(" ");
            let cluster = unit(1_000 + dice.below(12) as u64);
            let dense = normal(cluster.into_iter().map(|value| value + 0.15 * dice.number()).collect());
            entries.push(Entry {
                id: format!("{who}-{n}/{chunk}"),
                place: PlaceId::new(place),
                reach,
                at: Moment(dice.below(1_000) as i64 + (n as i64 / 20) * 7 * 3_600_000),
                text,
                spoken,
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
    text.extend(["when did", "where was", "the", "what both"][..].get(dice.below(5)).map(|asked| (*asked).to_owned()));
    text.extend(SPEAKERS.get(dice.below(6)).map(|name| name.split(' ').next().unwrap_or_default().to_owned()));
    text.extend(DAYS.get(dice.below(8)).map(|day| (*day).to_owned()));
    let dense = normal(about.dense.iter().map(|value| value + 0.15 * dice.number()).collect());
    Query { text: text.join(" "), dense: Some(dense), limit: 10, weights: Weights::DEFAULT }
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
    let mut all: Vec<usize> = candidates.iter().copied().collect();
    all.sort_by_key(|at| &seen[*at].id);
    let pool: Vec<&Entry> = all.iter().map(|at| seen[*at]).collect();
    let dense: Vec<f64> = all.iter().map(|at| dense.as_ref().map_or(0.0, |dense| dense[*at])).collect();
    let lists =
        [dense.clone(), all.iter().map(|at| lexical[*at]).collect()].into_iter().chain(signs(&pool, &dense, query));
    let gathers = query.weights.spread > 0.0 && words(&query.text).contains(&"both".to_owned());
    let weights = if gathers { Weights { stretch: 0.0, ..query.weights } } else { query.weights };
    let mut fused = vec![0f64; seen.len()];
    for (scores, weight) in lists.zip(weights.list()) {
        let count = scores.len() as f64;
        let mean = scores.iter().sum::<f64>() / count;
        let deviation = (scores.iter().map(|score| (score - mean).powi(2)).sum::<f64>() / count).sqrt();
        if deviation > 1e-9 {
            all.iter()
                .zip(&scores)
                .for_each(|(at, score)| fused[*at] += f64::from(weight) * (score - mean) / deviation);
        }
    }
    let mut ranked: Vec<usize> = candidates.into_iter().collect();
    ranked.sort_by(|a, b| order(&fused, *a, *b));
    let mut taken = HashSet::new();
    ranked.retain(|at| taken.insert(&seen[*at].memory));
    if gathers {
        let stretch_of: HashMap<&str, usize> = stretches(&pool)
            .into_iter()
            .enumerate()
            .flat_map(|(stretch, all)| all.into_iter().map(move |at| (at, stretch)))
            .map(|(at, stretch)| (pool[at].id.as_str(), stretch))
            .collect();
        let mut spread: Vec<usize> = Vec::new();
        while !ranked.is_empty() {
            let score = |at: usize| {
                let stretch = stretch_of[seen[at].id.as_str()];
                let before = spread.iter().filter(|at| stretch_of[seen[**at].id.as_str()] == stretch).count();
                fused[at] - f64::from(query.weights.spread) * before as f64
            };
            let best = ranked.iter().map(|at| score(*at)).fold(f64::NEG_INFINITY, f64::max);
            let first = ranked.iter().position(|at| score(*at) == best).expect("one of them is the best");
            spread.push(ranked.remove(first));
        }
        ranked = spread;
    }
    let mut said = HashSet::new();
    let firsts = ranked.iter().copied().filter(|at| match seen[*at].spoken.says {
        0 => true,
        says => said.insert(says),
    });
    let newest = |first: usize| match seen[first].spoken.says {
        0 => first,
        says => {
            let mut same: Vec<usize> = ranked.iter().copied().filter(|at| seen[*at].spoken.says == says).collect();
            same.sort_by(|a, b| seen[*b].at.cmp(&seen[*a].at).then(seen[*a].memory.cmp(&seen[*b].memory)));
            same[0]
        }
    };
    firsts.map(newest).map(|at| seen[at].memory.as_str().to_owned()).take(query.limit).collect()
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

/// The stretches of talk in `pool`, as numbers.
fn stretches(pool: &[&Entry]) -> Vec<Vec<usize>> {
    let (mut stretches, mut left): (Vec<Vec<usize>>, Vec<usize>) = (Vec::new(), (0..pool.len()).collect());
    left.sort_by_key(|at| (pool[*at].place.clone(), pool[*at].at));
    for at in left {
        match stretches.last_mut() {
            Some(stretch)
                if stretch.last().is_some_and(|last| {
                    pool[*last].place == pool[at].place && pool[at].at.0 - pool[*last].at.0 <= 6 * 3_600_000
                }) =>
            {
                stretch.push(at);
            }
            _ => stretches.push(vec![at]),
        }
    }
    stretches
}

/// How alike two words are, as `models/kin.py` listed it: the sprinkled ones, by their stems.
fn kin() -> &'static HashMap<(String, String), f64> {
    static KIN: LazyLock<HashMap<(String, String), f64>> = LazyLock::new(|| {
        let file = include_bytes!("../../../models/kin-v1.bin");
        let number = |at: usize| u32::from_le_bytes(file[at..at + 4].try_into().expect("four bytes")) as usize;
        let (count, kin) = (number(40), number(48));
        let listed = &file[52 + count..52 + count + 3 * kin];
        let text = std::str::from_utf8(&file[52 + count + 3 * kin..]).expect("words");
        let stems: Vec<String> = text.lines().map(|word| words(word).remove(0)).collect();
        let sprinkled: HashSet<String> = SPRINKLED.iter().flat_map(|word| words(word)).collect();
        let (mut of, mut found) = (listed.chunks(3), HashMap::new());
        for (stem, count) in stems.iter().zip(&file[52..]) {
            for entry in of.by_ref().take(usize::from(*count)) {
                let other = &stems[usize::from(entry[0]) + 256 * usize::from(entry[1])];
                if sprinkled.contains(stem) && sprinkled.contains(other) {
                    found.insert((stem.clone(), other.clone()), f64::from(entry[2]) / 255.0);
                }
            }
        }
        assert!(found.len() >= 6, "some of the sprinkled words are akin: {found:?}");
        found
    });
    &KIN
}

/// What the lines around, the stretch of talk and the signs of each of `pool` count, list by list.
fn signs(pool: &[&Entry], dense: &[f64], query: &Query) -> Vec<Vec<f64>> {
    let empty = words("the and what when did where was I my both");
    let asked: HashSet<String> = words(&query.text).into_iter().collect();
    let mut telling: Vec<&String> = asked.iter().filter(|word| !empty.contains(word)).collect();
    if telling.is_empty() {
        telling = asked.iter().collect();
    }
    let spoken: Vec<Vec<String>> = pool.iter().map(|entry| words(&entry.spoken.words)).collect();
    let size = |at: usize| spoken[at].iter().filter(|word| !empty.contains(word)).collect::<HashSet<_>>().len() as f64;
    let near = |at: usize| -> Vec<usize> {
        let line = pool[at].spoken.line;
        let is_near = |other: Line| line.before.contains(&other.id) || other.before.contains(&line.id);
        let mut lines = HashSet::new();
        let first = |at: &usize| lines.insert(pool[*at].spoken.line.id);
        (0..pool.len()).filter(first).filter(|other| line.id != 0 && is_near(pool[*other].spoken.line)).collect()
    };
    let worth = |word: &&String| {
        let with = spoken.iter().filter(|spoken| spoken.contains(*word)).count() as f64;
        (1.0 + (pool.len() as f64 - with + 0.5).max(0.0) / (with + 0.5)).ln()
    };
    let worths: Vec<f64> = telling.iter().map(worth).collect();
    let bm25 = |groups: &[Vec<usize>]| -> Vec<f64> {
        let length = |group: &Vec<usize>| group.iter().map(|at| size(*at)).sum::<f64>();
        let average = groups.iter().map(length).sum::<f64>() / groups.len() as f64;
        let score = |group: &Vec<usize>| {
            telling
                .iter()
                .zip(&worths)
                .map(|(word, idf)| {
                    let has = |at: &usize| spoken[*at].iter().filter(|other| *other == *word).count();
                    let count = group.iter().map(has).sum::<usize>() as f64;
                    idf * count * 2.2 / (count + 1.2 * (0.25 + 0.75 * length(group) / average))
                })
                .sum()
        };
        groups.iter().map(score).collect()
    };
    let akin = |at: usize| -> f64 {
        let lacking = telling.iter().zip(&worths).filter(|(word, _)| !spoken[at].contains(word));
        let like = |word: &String, other: &String| kin().get(&(word.clone(), other.clone())).copied();
        let nearest = |word: &String| spoken[at].iter().filter_map(|other| like(word, other)).fold(0.0, f64::max);
        // Most words have no kin at all.
        let lacking = lacking.filter(|(word, _)| kin().keys().any(|(one, _)| one == **word));
        lacking.map(|(word, worth)| worth * nearest(word)).sum()
    };
    let all = || 0..pool.len();
    let flags = |is_so: &dyn Fn(usize) -> bool| all().map(|at| f64::from(u8::from(is_so(at)))).collect::<Vec<f64>>();
    let near_dense = |at: usize| {
        let near = near(at);
        let sum: f64 = near.iter().map(|at| dense[*at]).sum();
        (dense[at] + 0.5 * sum) / (1.0 + 0.5 * near.len() as f64).sqrt()
    };
    let windows: Vec<Vec<usize>> = all().map(|at| near(at).into_iter().chain([at]).collect()).collect();
    let stretches = stretches(pool);
    let of_stretch = bm25(&stretches);
    let stretch =
        |at: usize| stretches.iter().zip(&of_stretch).find(|(all, _)| all.contains(&at)).map_or(0.0, |one| *one.1);
    let says = |at: usize, listed: &[&str]| spoken[at].iter().any(|word| listed.contains(&word.as_str()));
    vec![
        all().map(near_dense).collect(),
        bm25(&windows),
        all().map(stretch).collect(),
        flags(&|at| words(&pool[at].spoken.by).iter().any(|name| asked.contains(name))),
        flags(&|at| asked.contains("when") && says(at, &["yesterday", "friday"])),
        flags(&|at| pool[at].spoken.words.contains('?')),
        flags(&|at| says(at, &["i", "my"])),
        all().map(|at| size(at).ln_1p()).collect(),
        flags(&|at| words(&pool[at].text).iter().any(|word| DAYS.contains(&word.as_str()) && asked.contains(word))),
        all().map(akin).collect(),
    ]
}
