//! The chunks of one tenant in memory, ready to be searched. Pure: no database, no waiting.

use std::collections::{HashMap, HashSet};
use std::mem::size_of;

use super::codes::{Codes, Probe};
use super::said_once::Once;
use super::signs::{Line, Print, Question, Signs};
use super::{Hit, Query, rank};
use crate::domain::{MemoryId, Moment, PlaceId, Reach, Scope, Tenant};

/// A chunk on its way to a shelf.
#[derive(Clone, Debug)]
pub struct Item {
    /// The chunk's id.
    pub id: String,
    pub memory: MemoryId,
    pub place: PlaceId,
    pub reach: Reach,
    pub at: Moment,
    pub print: Print,
    /// Unit vector of the shelf's dimension.
    pub dense: Vec<f32>,
}

/// What ranking needs to know of every chunk, kept small because every search reads all of it.
#[derive(Debug)]
struct Mark {
    place: u32,
    words: u32,
    reach: Reach,
}

#[derive(Debug)]
struct Row {
    id: String,
    memory: MemoryId,
    at: Moment,
    line: Line,
    says: u64,
    signs: Signs,
    /// Number of the speaker's name.
    by: u32,
}

/// A chunk that a term occurs in: how often, and how often of those it was spoken in the chunk itself.
#[derive(Clone, Copy, Debug)]
struct Posting {
    at: u32,
    all: u16,
    spoken: u16,
}

/// The chunks of one tenant.
#[derive(Debug)]
pub struct Shelf {
    tenant: Tenant,
    /// The state of the database's rows that this is a copy of.
    pub revision: i64,
    places: Vec<PlaceId>,
    /// Names of speakers, as terms.
    names: Vec<Vec<u32>>,
    marks: Vec<Mark>,
    rows: Vec<Row>,
    codes: Codes,
    /// Of each term: the chunks it occurs in, ascending.
    postings: HashMap<u32, Vec<Posting>>,
    bytes: usize,
}

impl Shelf {
    /// An empty shelf for vectors of `dimension`.
    pub fn new(tenant: Tenant, dimension: usize, revision: i64) -> Self {
        Self {
            tenant,
            revision,
            places: Vec::new(),
            names: Vec::new(),
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
        let place = number_of(&mut self.places, item.place);
        let by = number_of(&mut self.names, item.print.by);
        self.bytes += size_of::<Row>() + size_of::<Mark>() + item.id.len() + item.memory.as_str().len();
        let mut words = 0;
        for count in &item.print.counts {
            let postings = self.postings.entry(count.term).or_insert_with(|| {
                // A map entry with its vector and slack.
                self.bytes += 48;
                Vec::new()
            });
            postings.push(Posting { at, all: count.all, spoken: count.spoken });
            words += u32::from(count.all);
        }
        self.bytes += item.print.counts.len() * size_of::<Posting>() * 3 / 2;
        self.marks.push(Mark { place, words, reach: item.reach });
        self.codes.push(&item.dense);
        let Print { line, says, signs, .. } = item.print;
        self.rows.push(Row { id: item.id, memory: item.memory, at: item.at, line, says, signs, by });
    }

    /// Appends to `admitted` which chunks `scope` admits.
    fn admitted(&self, scope: &Scope, admitted: &mut Vec<bool>) {
        let here: Vec<bool> = self.places.iter().map(|place| place == scope.place()).collect();
        admitted.extend(self.marks.iter().map(|mark| mark.reach <= scope.beyond() || here[mark.place as usize]));
    }
}

/// The number of `item` in `list`, where it is put if it is new.
fn number_of<T: PartialEq>(list: &mut Vec<T>, item: T) -> u32 {
    let number = list.iter().position(|known| *known == item).unwrap_or_else(|| {
        list.push(item);
        list.len() - 1
    });
    u32::try_from(number).expect("there are no more places and names than chunks")
}

/// Several shelves seen as one list of chunks, of which only the admitted ones count: not only for what is found, but
/// for the statistics as well. So what a scope may not see changes no score.
struct Wall<'s> {
    shelves: Vec<Part<'s>>,
    /// Admitted chunks, and their words.
    all: usize,
    words: u64,
}

/// A shelf on the wall.
struct Part<'s> {
    shelf: &'s Shelf,
    /// Number of its first chunk on the wall.
    from: usize,
    admitted: Vec<bool>,
    /// Whether all of it is admitted.
    whole: bool,
}

/// Finds the memories on `shelves` that fit `query` best and that `scope` admits.
///
/// Scores are exact: the eight-bit scan only sorts out what cannot be among the best.
pub fn search(shelves: &[&Shelf], scope: &Scope, query: &Query) -> Vec<Hit> {
    let wall = Wall::new(shelves, scope);
    let pool = rank::pool(query.limit);
    let question = Question::of(&query.text);
    let lexical = wall.lexical(&question.terms);
    let mut chosen: Vec<(usize, Option<f32>)> =
        wall.first(&lexical, 0.0, pool).into_iter().map(|at| (at, None)).collect();
    if let Some(vector) = &query.dense {
        let probe = Probe::new(vector);
        let mut near = wall.near(&probe, pool);
        near.sort_unstable_by_key(|(at, _)| *at);
        chosen.retain(|(at, _)| near.binary_search_by_key(at, |(at, _)| *at).is_err());
        chosen.iter_mut().for_each(|(at, dense)| *dense = Some(wall.part(*at).score(&probe, *at)));
        chosen.extend(near.into_iter().map(|(at, score)| (at, Some(score))));
    }
    let counts = wall.spoken(&question.telling, &chosen);
    let kin = wall.kin(&question, &chosen);
    let of_day = wall.with_any(&question.days, &chosen);
    let words = question.telling.len();
    let candidates: Vec<_> = chosen
        .iter()
        .zip(of_day)
        .enumerate()
        .map(|(slot, ((at, dense), is_of_day))| {
            let of_slot = slot * words..(slot + 1) * words;
            let (part, row) = (wall.part(*at), wall.row(*at));
            rank::Candidate {
                id: &row.id,
                memory: &row.memory,
                place: part.place(*at - part.from),
                at: row.at,
                dense: *dense,
                lexical: Some(lexical[*at]).filter(|score| *score > 0.0),
                line: row.line,
                signs: row.signs,
                is_named: question.names(&part.shelf.names[row.by as usize]),
                is_of_day,
                counts: &counts[of_slot.clone()],
                kin: &kin[of_slot],
                says: row.says,
            }
        })
        .collect();
    let hit = |Once { at: candidate, score, again }: Once| {
        let part = wall.part(chosen[candidate].0);
        let at = chosen[candidate].0 - part.from;
        let (row, mark) = (&part.shelf.rows[at], &part.shelf.marks[at]);
        Hit {
            memory: row.memory.clone(),
            tenant: part.shelf.tenant.clone(),
            place: part.place(at).clone(),
            reach: mark.reach,
            at: row.at,
            score,
            dense: candidates[candidate].dense,
            lexical: candidates[candidate].lexical,
            again: again.into_iter().map(|at| candidates[at].memory.clone()).collect(),
        }
    };
    let best = rank::best(&question, &candidates, query.weights, query.limit).into_iter().map(hit);
    best.filter(|hit| scope.admits(&hit.tenant, &hit.place, hit.reach)).collect()
}

impl Part<'_> {
    /// The exact product of `probe` and the chunk that is number `at` on the wall.
    fn score(&self, probe: &Probe<'_>, at: usize) -> f32 {
        self.shelf.codes.score(probe, at - self.from)
    }

    /// Where its chunk number `at` was said.
    fn place(&self, at: usize) -> &PlaceId {
        &self.shelf.places[self.shelf.marks[at].place as usize]
    }

    /// Where `term` occurs.
    fn postings(&self, term: u32) -> &[Posting] {
        self.shelf.postings.get(&term).map_or(&[], Vec::as_slice)
    }
}

impl<'s> Wall<'s> {
    fn new(shelves: &[&'s Shelf], scope: &Scope) -> Self {
        let tenants = scope.tenants();
        let (mut parts, mut from, mut all, mut words) = (Vec::new(), 0, 0, 0);
        for shelf in shelves.iter().filter(|shelf| tenants.contains(&shelf.tenant)) {
            let mut admitted = Vec::with_capacity(shelf.len());
            shelf.admitted(scope, &mut admitted);
            let before = all;
            for (mark, admitted) in shelf.marks.iter().zip(&admitted) {
                all += usize::from(*admitted);
                words += u64::from(mark.words) * u64::from(*admitted);
            }
            parts.push(Part { shelf, from, admitted, whole: all - before == shelf.len() });
            from += shelf.len();
        }
        Self { shelves: parts, all, words }
    }

    /// Number of chunks, admitted or not.
    fn len(&self) -> usize {
        self.shelves.last().map_or(0, |part| part.from + part.shelf.len())
    }

    fn part(&self, at: usize) -> &Part<'s> {
        &self.shelves[self.shelves.partition_point(|part| part.from <= at) - 1]
    }

    fn row(&self, at: usize) -> &Row {
        let part = self.part(at);
        &part.shelf.rows[at - part.from]
    }

    /// BM25 of every chunk; 0 where no term occurs or nothing may be seen.
    fn lexical(&self, terms: &[u32]) -> Vec<f32> {
        let mut scores = vec![0f32; self.len()];
        let average = self.words as f32 / self.all.max(1) as f32;
        for term in terms {
            let containing = self.shelves.iter().map(|part| {
                let postings = part.postings(*term);
                if part.whole {
                    return postings.len();
                }
                postings.iter().filter(|posting| part.admitted[posting.at as usize]).count()
            });
            let idf = rank::idf(self.all, containing.sum());
            for part in &self.shelves {
                let scores = &mut scores[part.from..];
                for posting in part.postings(*term) {
                    let at = posting.at as usize;
                    if part.admitted[at] {
                        scores[at] += idf * rank::weight(posting.all.into(), part.shelf.marks[at].words, average);
                    }
                }
            }
        }
        scores
    }

    /// How often each of `terms` was spoken in each of the `chosen` chunks, one chunk after the other.
    fn spoken(&self, terms: &[u32], chosen: &[(usize, Option<f32>)]) -> Vec<u16> {
        let mut counts = vec![0; chosen.len() * terms.len()];
        self.each_posting(terms, chosen, |slot, number, posting| counts[slot * terms.len() + number] = posting.spoken);
        counts
    }

    /// How much the nearest kin of each telling word that was spoken in each of the `chosen` chunks is like it.
    fn kin(&self, question: &Question, chosen: &[(usize, Option<f32>)]) -> Vec<u8> {
        let (words, terms) = (question.telling.len(), question.kin.iter().map(|kin| kin.term).collect::<Vec<_>>());
        let mut nearest = vec![0; chosen.len() * words];
        self.each_posting(&terms, chosen, |slot, number, posting| {
            let kin = question.kin[number];
            let nearest = &mut nearest[slot * words + kin.of];
            if posting.spoken > 0 {
                *nearest = kin.likeness.max(*nearest);
            }
        });
        nearest
    }

    /// Whether any of `terms` occurs in each of the `chosen` chunks.
    fn with_any(&self, terms: &[u32], chosen: &[(usize, Option<f32>)]) -> Vec<bool> {
        let mut has = vec![false; chosen.len()];
        self.each_posting(terms, chosen, |slot, _, _| has[slot] = true);
        has
    }

    /// Calls `take` for every occurrence of `terms` in `chosen`: with the number of the chunk, that of the term, and how
    /// often it occurs.
    fn each_posting(
        &self,
        terms: &[u32],
        chosen: &[(usize, Option<f32>)],
        mut take: impl FnMut(usize, usize, &Posting),
    ) {
        const NOT_CHOSEN: usize = usize::MAX;
        if terms.is_empty() {
            return;
        }
        let mut slots = vec![NOT_CHOSEN; self.len()];
        chosen.iter().enumerate().for_each(|(slot, (at, _))| slots[*at] = slot);
        for (number, term) in terms.iter().enumerate() {
            for part in &self.shelves {
                for posting in part.postings(*term) {
                    let slot = slots[part.from + posting.at as usize];
                    if slot != NOT_CHOSEN {
                        take(slot, number, posting);
                    }
                }
            }
        }
    }

    /// The `pool` chunks nearest to `probe` with their exact scores, in no particular order.
    fn near(&self, probe: &Probe<'_>, pool: usize) -> Vec<(usize, f32)> {
        let mut rough = Vec::with_capacity(self.len());
        let slack = self.shelves.iter().map(|part| part.shelf.codes.scan(probe, &mut rough)).fold(0f32, f32::max);
        for part in self.shelves.iter().filter(|part| !part.whole) {
            let here = rough[part.from..].iter_mut().zip(&part.admitted);
            here.filter(|(_, admitted)| !**admitted).for_each(|(score, _)| *score = f32::NEG_INFINITY);
        }
        // Of the first by rough score, the last in truth: whatever can reach that has to be looked at.
        let mut exact = vec![f32::NEG_INFINITY; rough.len()];
        let mut least = f32::INFINITY;
        for at in self.first(&rough, f32::NEG_INFINITY, pool) {
            exact[at] = self.part(at).score(probe, at);
            least = least.min(exact[at]);
        }
        for (at, _) in rough.iter().enumerate().filter(|(_, rough)| **rough + slack >= least) {
            if exact[at] == f32::NEG_INFINITY {
                exact[at] = self.part(at).score(probe, at);
            }
        }
        self.first(&exact, f32::NEG_INFINITY, pool).into_iter().map(|at| (at, exact[at])).collect()
    }

    /// The first `pool` chunks by `scores`, of those that score more than `above`, in no particular order.
    fn first(&self, scores: &[f32], above: f32, pool: usize) -> Vec<usize> {
        let mut sorted: Vec<f32> = scores.iter().copied().filter(|score| *score > above).collect();
        let least = if sorted.len() > pool {
            *sorted.select_nth_unstable_by(pool - 1, |a, b| b.total_cmp(a)).1
        } else {
            f32::NEG_INFINITY
        };
        let mut first: Vec<usize> =
            (0..scores.len()).filter(|at| scores[*at] > above && scores[*at] >= least).collect();
        if first.len() > pool {
            // Several share the last place: the order of equals decides.
            first.select_nth_unstable_by(pool - 1, |a, b| {
                let (first, second) = (self.row(*a), self.row(*b));
                rank::ahead((scores[*a], first.at, &first.id), (scores[*b], second.at, &second.id))
            });
            first.truncate(pool);
        }
        first
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
            reach: Reach::Open,
            at: Moment(0),
            print: Print::default(),
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
            let weights = Weights::plain(1.0, 1.0);
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
        let query =
            Query { text: String::new(), dense: Some(vec![1.0, 0.0]), limit: 5, weights: Weights::plain(1.0, 1.0) };
        assert!(search(&[&shelf], &scope(), &query).is_empty());
    }
}
