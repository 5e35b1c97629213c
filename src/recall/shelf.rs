//! The chunks of one tenant in memory, ready to be searched. Pure: no database, no waiting.

use std::collections::{HashMap, HashSet};
use std::mem::size_of;

use super::codes::{Codes, Probe};
use super::words::Terms;
use super::{Hit, Query, rank};
use crate::domain::{MemoryId, Moment, PlaceId, Privacy, Scope, Tenant};

/// A chunk on its way to a shelf.
#[derive(Clone, Debug)]
pub struct Item {
    /// The chunk's id.
    pub id: String,
    pub memory: MemoryId,
    pub place: PlaceId,
    pub privacy: Privacy,
    pub at: Moment,
    pub terms: Terms,
    /// Unit vector of the shelf's dimension.
    pub dense: Vec<f32>,
}

/// What ranking needs to know of every chunk, kept small because every search reads all of it.
#[derive(Debug)]
struct Mark {
    place: u32,
    words: u32,
    open: bool,
}

#[derive(Debug)]
struct Row {
    id: String,
    memory: MemoryId,
    privacy: Privacy,
    at: Moment,
}

/// The chunks of one tenant.
#[derive(Debug)]
pub struct Shelf {
    tenant: Tenant,
    /// The state of the database's rows that this is a copy of.
    pub revision: i64,
    places: Vec<PlaceId>,
    marks: Vec<Mark>,
    rows: Vec<Row>,
    codes: Codes,
    /// Of each term: the chunks it occurs in, ascending, and how often.
    postings: HashMap<u32, Vec<(u32, u32)>>,
    bytes: usize,
}

impl Shelf {
    /// An empty shelf for vectors of `dimension`.
    pub fn new(tenant: Tenant, dimension: usize, revision: i64) -> Self {
        Self {
            tenant,
            revision,
            places: Vec::new(),
            marks: Vec::new(),
            rows: Vec::new(),
            codes: Codes::new(dimension),
            postings: HashMap::new(),
            bytes: 0,
        }
    }

    /// Number of chunks.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Numbers of a vector.
    pub fn dimension(&self) -> usize {
        self.codes.dimension()
    }

    /// About how many bytes it takes.
    pub fn bytes(&self) -> usize {
        self.bytes + self.codes.bytes()
    }

    /// Whether any of `items` is here already.
    pub fn holds_any(&self, items: &[Item]) -> bool {
        let ids: HashSet<&str> = items.iter().map(|item| item.id.as_str()).collect();
        self.rows.iter().any(|row| ids.contains(row.id.as_str()))
    }

    /// Adds a chunk that is not here yet.
    pub fn push(&mut self, item: Item) {
        let at = u32::try_from(self.rows.len()).expect("memory ends long before four billion chunks");
        let place = self.places.iter().position(|place| *place == item.place).unwrap_or_else(|| {
            self.places.push(item.place);
            self.places.len() - 1
        });
        self.bytes += size_of::<Row>() + size_of::<Mark>() + item.id.len() + item.memory.as_str().len();
        for (term, count) in &item.terms.counts {
            let postings = self.postings.entry(*term).or_insert_with(|| {
                // A map entry with its vector and slack.
                self.bytes += 48;
                Vec::new()
            });
            postings.push((at, *count));
        }
        self.bytes += item.terms.counts.len() * size_of::<(u32, u32)>() * 3 / 2;
        self.marks.push(Mark {
            place: u32::try_from(place).expect("there are no more places than chunks"),
            words: item.terms.len(),
            open: item.privacy == Privacy::Open,
        });
        self.codes.push(&item.dense);
        self.rows.push(Row { id: item.id, memory: item.memory, privacy: item.privacy, at: item.at });
    }

    /// Which chunks `scope` admits.
    fn admitted(&self, scope: &Scope, admitted: &mut Vec<bool>) {
        let here: Vec<bool> =
            self.places.iter().map(|place| scope.sees_everywhere() || place == scope.place()).collect();
        admitted.extend(self.marks.iter().map(|mark| mark.open || here[mark.place as usize]));
    }
}

/// Several shelves seen as one list of chunks.
struct Wall<'s> {
    /// Shelves with the number of their first chunk.
    shelves: Vec<(usize, &'s Shelf)>,
    /// Which chunks may be seen at all. Nothing else counts: not for scores, and not for statistics.
    admitted: Vec<bool>,
}

/// Finds the memories on `shelves` that fit `query` best and that `scope` admits.
///
/// Scores are exact: the eight-bit scan only sorts out what cannot be among the best.
pub fn search(shelves: &[&Shelf], scope: &Scope, query: &Query) -> Vec<Hit> {
    let wall = Wall::new(shelves, scope);
    let pool = rank::pool(query.limit);
    let lexical = wall.lexical(&Terms::of(&query.text));
    let matching = (0..lexical.len()).filter(|at| lexical[*at] > 0.0).map(|at| (lexical[at], at)).collect();
    let mut chosen = wall.first(matching, pool);
    let mut dense: HashMap<usize, f32> = HashMap::new();
    if let Some(vector) = &query.dense {
        let probe = Probe::new(vector);
        let near = wall.first(wall.near(&probe, pool), pool);
        dense.extend(near.iter().map(|(score, at)| (*at, *score)));
        for (_, at) in &chosen {
            dense.entry(*at).or_insert_with(|| wall.shelf(*at).1.codes.score(&probe, at - wall.shelf(*at).0));
        }
        let words: HashSet<usize> = chosen.iter().map(|(_, at)| *at).collect();
        chosen.extend(near.into_iter().filter(|(_, at)| !words.contains(at)));
    }
    let candidates: Vec<_> = chosen
        .iter()
        .map(|(_, at)| {
            let row = wall.row(*at);
            rank::Candidate {
                id: &row.id,
                memory: &row.memory,
                at: row.at,
                dense: dense.get(at).copied(),
                lexical: Some(lexical[*at]).filter(|score| *score > 0.0),
            }
        })
        .collect();
    rank::best(&candidates, query.weights, query.limit)
        .into_iter()
        .map(|(candidate, score)| {
            let (from, shelf) = wall.shelf(chosen[candidate].1);
            let at = chosen[candidate].1 - from;
            let row = &shelf.rows[at];
            Hit {
                memory: row.memory.clone(),
                tenant: shelf.tenant.clone(),
                place: shelf.places[shelf.marks[at].place as usize].clone(),
                privacy: row.privacy,
                at: row.at,
                score,
                dense: candidates[candidate].dense,
                lexical: candidates[candidate].lexical,
            }
        })
        .filter(|hit| scope.admits(&hit.tenant, &hit.place, hit.privacy))
        .collect()
}

impl<'s> Wall<'s> {
    fn new(shelves: &[&'s Shelf], scope: &Scope) -> Self {
        let mut wall = Self { shelves: Vec::new(), admitted: Vec::new() };
        let tenants = scope.tenants();
        for shelf in shelves.iter().filter(|shelf| tenants.contains(&shelf.tenant)) {
            wall.shelves.push((wall.admitted.len(), shelf));
            shelf.admitted(scope, &mut wall.admitted);
        }
        wall
    }

    fn shelf(&self, at: usize) -> (usize, &'s Shelf) {
        let after = self.shelves.partition_point(|(from, _)| *from <= at);
        self.shelves[after - 1]
    }

    fn row(&self, at: usize) -> &'s Row {
        let (from, shelf) = self.shelf(at);
        &shelf.rows[at - from]
    }

    /// BM25 of every chunk; 0 where no term occurs.
    fn lexical(&self, terms: &Terms) -> Vec<f32> {
        let mut scores = vec![0f32; self.admitted.len()];
        let (mut all, mut words) = (0usize, 0u64);
        for (from, shelf) in &self.shelves {
            for (mark, admitted) in shelf.marks.iter().zip(&self.admitted[*from..]) {
                all += usize::from(*admitted);
                words += u64::from(mark.words) * u64::from(*admitted);
            }
        }
        let average = words as f32 / all.max(1) as f32;
        for (term, _) in &terms.counts {
            let postings = || {
                self.shelves.iter().flat_map(|(from, shelf)| {
                    let postings = shelf.postings.get(term).map_or(&[][..], Vec::as_slice);
                    postings.iter().map(move |(at, count)| (*from + *at as usize, *count, &shelf.marks[*at as usize]))
                })
            };
            let containing = postings().filter(|(at, ..)| self.admitted[*at]).count();
            let idf = rank::idf(all, containing);
            for (at, count, mark) in postings().filter(|(at, ..)| self.admitted[*at]) {
                scores[at] += idf * rank::weight(count, mark.words, average);
            }
        }
        scores
    }

    /// Exact scores of all chunks that can be among the `pool` nearest.
    fn near(&self, probe: &Probe<'_>, pool: usize) -> Vec<(f32, usize)> {
        let mut scores = Vec::with_capacity(self.admitted.len());
        let slack = self.shelves.iter().map(|(_, shelf)| shelf.codes.scan(probe, &mut scores)).fold(0f32, f32::max);
        let mut sorted: Vec<f32> =
            scores.iter().zip(&self.admitted).filter(|(_, admitted)| **admitted).map(|(score, _)| *score).collect();
        let least = if sorted.len() > pool {
            let (_, last, _) = sorted.select_nth_unstable_by(pool - 1, |a, b| b.total_cmp(a));
            // Either of two scores can be off by the slack, in opposite directions.
            *last - 2.0 * slack
        } else {
            f32::NEG_INFINITY
        };
        let mut near = Vec::new();
        for (from, shelf) in &self.shelves {
            let here = scores[*from..].iter().zip(&self.admitted[*from..]).take(shelf.len()).enumerate();
            for (at, _) in here.filter(|(_, (score, admitted))| **admitted && **score >= least) {
                near.push((shelf.codes.score(probe, at), from + at));
            }
        }
        near
    }

    /// The first `pool` of `scored`, in no particular order.
    fn first(&self, mut scored: Vec<(f32, usize)>, pool: usize) -> Vec<(f32, usize)> {
        if scored.len() > pool {
            scored.select_nth_unstable_by(pool - 1, |a, b| {
                b.0.total_cmp(&a.0).then_with(|| {
                    let (a, b) = (self.row(a.1), self.row(b.1));
                    rank::ahead((0.0, a.at, &a.id), (0.0, b.at, &b.id))
                })
            });
            scored.truncate(pool);
        }
        scored
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{PersonaId, PersonalityId};
    use crate::recall::Weights;

    const DIMENSION: usize = 96;
    const CHUNKS: usize = 4_000;
    const K: usize = 10;

    struct Dice(u64);

    impl Dice {
        /// Evenly between -1 and 1.
        fn number(&mut self) -> f32 {
            self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (self.0 >> 40) as f32 / (1u64 << 23) as f32 - 1.0
        }

        fn near(&mut self, centre: &[f32], spread: f32) -> Vec<f32> {
            let vector: Vec<f32> = centre.iter().map(|value| value + spread * self.number()).collect();
            let length = vector.iter().map(|value| value * value).sum::<f32>().sqrt();
            vector.into_iter().map(|value| value / length).collect()
        }
    }

    fn scope() -> Scope {
        Scope::of(PersonaId::new("ada"), PersonalityId::new("abbey"), PlaceId::new("here"))
    }

    fn item(n: usize, dense: Vec<f32>) -> Item {
        Item {
            id: format!("c{n:05}"),
            memory: MemoryId::new(format!("m{n:05}")),
            place: PlaceId::new("here"),
            privacy: Privacy::Open,
            at: Moment(0),
            terms: Terms::default(),
            dense,
        }
    }

    /// Share of the true K nearest that a search by vector finds, over many queries.
    fn recall(spread: f32) -> f64 {
        let mut dice = Dice(9);
        let origin = vec![0.0; DIMENSION];
        let centres: Vec<Vec<f32>> = (0..20).map(|_| dice.near(&origin, 1.0)).collect();
        let vectors: Vec<Vec<f32>> = (0..CHUNKS).map(|n| dice.near(&centres[n % centres.len()], spread)).collect();
        let mut shelf = Shelf::new(scope().tenants()[0].clone(), DIMENSION, 1);
        vectors.iter().enumerate().for_each(|(n, vector)| shelf.push(item(n, vector.clone())));
        let (mut found, queries) = (0, 60);
        for n in 0..queries {
            let asked = dice.near(&centres[n % centres.len()], spread);
            let mut truth: Vec<(f64, usize)> = vectors
                .iter()
                .enumerate()
                .map(|(n, vector)| (asked.iter().zip(vector).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum(), n))
                .collect();
            truth.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
            let weights = Weights { dense: 1.0, lexical: 1.0 };
            let hits =
                search(&[&shelf], &scope(), &Query { text: String::new(), dense: Some(asked), limit: K, weights });
            let wanted = |hit: &&Hit| truth[..K].iter().any(|(_, n)| hit.memory.as_str() == format!("m{n:05}"));
            found += hits.iter().filter(wanted).count();
        }
        found as f64 / (queries * K) as f64
    }

    #[test]
    fn eight_bits_lose_nothing_among_random_vectors() {
        assert_eq!(recall(100.0), 1.0);
    }

    #[test]
    fn eight_bits_lose_nothing_among_near_duplicates() {
        assert_eq!(recall(0.01), 1.0);
    }

    #[test]
    fn a_shelf_of_another_tenant_is_not_looked_at() {
        let mut shelf = Shelf::new(Tenant::stored("p:bob:abbey"), 2, 1);
        shelf.push(item(1, vec![1.0, 0.0]));
        let query = Query {
            text: String::new(),
            dense: Some(vec![1.0, 0.0]),
            limit: 5,
            weights: Weights { dense: 1.0, lexical: 1.0 },
        };
        assert!(search(&[&shelf], &scope(), &query).is_empty());
    }
}
