//! Search in the embedded store: how long it takes in tenants of different sizes among many, and whether it is exact.
//!
//! `cargo bench --bench search [-- CHUNKS]` with the number of chunks in all, 200,000 unless given. Each figure is told twice:
//! by the clock on the wall, and by the processor's time alone, which a machine that others stop at times does not lengthen.

use std::collections::HashSet;
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use greenroom::db::Db;
use greenroom::domain::{MemoryId, Moment, PersonaId, PersonalityId, PlaceId, Reach, Scope, Tenant};
use greenroom::recall::{Entry, Exact, Line, Query, Space, Spoken, VectorStore, Weights};

const DIMENSION: usize = 384;
const CHUNKS: usize = 200_000;
/// Tenants that are measured: chunks of each.
const SIZES: [usize; 3] = [10_000, 1_000, 200];
/// Chunks of each tenant that fills the store up.
const OTHERS: usize = 200;
const BATCH: usize = 1_000;
const QUERIES: usize = 2_000;
const RECALL_QUERIES: usize = 200;
const K: usize = 10;
/// Words of a chunk.
const WORDS: usize = 57;
/// Of these, spoken in the chunk itself.
const SPOKEN: usize = 27;

/// English words, frequent ones first: those that have kin, which cost look-ups.
fn vocabulary() -> &'static [&'static str] {
    static WORDS: LazyLock<Vec<&str>> = LazyLock::new(|| {
        let file = include_bytes!("../models/kin-v1.bin");
        let length = u32::from_le_bytes(file[44..48].try_into().expect("four bytes")) as usize;
        std::str::from_utf8(&file[file.len() - length..]).expect("words").lines().collect()
    });
    &WORDS
}

struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, n: usize) -> usize {
        (self.next() % n as u64) as usize
    }

    /// A unit vector in one of 32 clusters.
    fn vector(&mut self) -> Vec<f32> {
        let mut centre = Self(self.below(32) as u64 * 977);
        let number = |dice: &mut Self| (dice.next() >> 40) as f32 / (1u64 << 23) as f32 - 1.0;
        let vector: Vec<f32> = (0..DIMENSION).map(|_| 0.5 * number(&mut centre) + number(self)).collect();
        let length = vector.iter().map(|value| value * value).sum::<f32>().sqrt();
        vector.into_iter().map(|value| value / length).collect()
    }

    /// Words as people use them: few often, many seldom.
    fn text(&mut self, words: usize) -> String {
        let all = vocabulary();
        let word = |dice: &mut Self| {
            let at = (all.len() as f64).powf(dice.below(1 << 20) as f64 / f64::from(1 << 20)) as usize;
            all[at.min(all.len() - 1)]
        };
        (0..words).map(|_| word(self)).collect::<Vec<_>>().join(" ")
    }

    fn entry(&mut self, who: &str, n: usize) -> Entry {
        let words = self.text(SPOKEN);
        let number = u32::try_from(n + 1).expect("few memories");
        let line = Line { id: number, before: [number - 1, number.saturating_sub(2)] };
        Entry {
            id: format!("{who}-{n}/0"),
            memory: MemoryId::new(format!("{who}-{n}")),
            tenant: Tenant::personal(&PersonaId::new(who), &PersonalityId::new("abbey")),
            place: PlaceId::new("here"),
            reach: if self.below(4) == 0 { Reach::Private } else { Reach::Open },
            at: Moment(self.below(1_000_000) as i64),
            text: format!("{} {words}", self.text(WORDS - SPOKEN)),
            spoken: Spoken { by: ["Ada", "Abbey"][n % 2].into(), words, line, says: 0 },
            dense: self.vector(),
        }
    }

    fn query(&mut self) -> Query {
        let weights = Weights::DEFAULT;
        Query { text: self.text(12), dense: Some(self.vector()), limit: K, weights }
    }
}

fn scope(who: &str) -> Scope {
    Scope::of(PersonaId::new(who), PersonalityId::new("abbey"), PlaceId::new("here"))
}

/// Share of the K nearest by double precision that the store finds.
async fn recall(store: &Exact, who: &str, entries: &[Entry], dice: &mut Dice) -> f64 {
    let mut found = 0;
    for _ in 0..RECALL_QUERIES {
        // By vectors alone: what the scan finds, not how it is weighed.
        let query = Query { text: String::new(), weights: Weights::plain(1.0, 0.0), ..dice.query() };
        let dense = query.dense.as_deref().unwrap_or_default();
        let product =
            |entry: &Entry| dense.iter().zip(&entry.dense).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum::<f64>();
        let mut truth: Vec<(f64, &MemoryId)> = entries.iter().map(|entry| (product(entry), &entry.memory)).collect();
        truth.sort_by(|a, b| b.0.total_cmp(&a.0));
        let truth: HashSet<&MemoryId> = truth.iter().take(K).map(|(_, memory)| *memory).collect();
        let hits = store.search(&scope(who), &query).await.expect("the store answers");
        found += hits.iter().filter(|hit| truth.contains(&hit.memory)).count();
    }
    found as f64 / (RECALL_QUERIES * K.min(entries.len())) as f64
}

/// How long things took, sorted.
#[derive(Default)]
struct Times {
    wall: Vec<Duration>,
    processor: Vec<Duration>,
}

impl Times {
    fn print(&self, what: &str) {
        let [wall, processor] = [&self.wall, &self.processor].map(|took| [0.5, 0.99].map(|share| at(took, share)));
        println!(
            "{what}: p50 {:.2} ms, p99 {:.2} ms; of the processor {:.2} and {:.2}",
            wall[0], wall[1], processor[0], processor[1]
        );
    }
}

/// Time that the threads of this process have spent on a processor.
fn processor() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).expect("less than a second"))
}

/// One search of each of `queries`.
async fn times(store: &Exact, queries: impl Iterator<Item = (String, Query)>) -> Times {
    let mut took = Times::default();
    for (who, query) in queries {
        let (scope, started, worked) = (scope(&who), Instant::now(), processor());
        store.search(&scope, &query).await.expect("the store answers");
        took.wall.push(started.elapsed());
        took.processor.push(processor() - worked);
    }
    took.wall.sort();
    took.processor.sort();
    took
}

fn at(took: &[Duration], share: f64) -> f64 {
    took[((took.len() - 1) as f64 * share) as usize].as_secs_f64() * 1e3
}

/// What the machine itself is late by: the same arithmetic, again and again.
fn machine() -> Times {
    let mut took = Times::default();
    for _ in 0..QUERIES {
        let (started, worked) = (Instant::now(), processor());
        let mut sum = 0.0;
        (0..1_000_000).for_each(|n| sum = std::hint::black_box(sum + f64::from(n)));
        took.wall.push(started.elapsed());
        took.processor.push(processor() - worked);
    }
    took.wall.sort();
    took.processor.sort();
    took
}

async fn run(chunks: usize) {
    let folder = tempfile::tempdir().expect("the temporary folder is writable");
    let url = format!("sqlite://{}", folder.path().join("bench.db").display());
    let store = Exact::new(Db::open(&url).await.expect("a new database opens"));
    let space =
        Space { model: "bench".into(), revision: "1".into(), dimension: DIMENSION, query_prefix: String::new() };
    store.open(&space).await.expect("an empty store opens");

    let (mut dice, started, mut stored) = (Dice(1), Instant::now(), 0);
    let mut measured: Vec<(String, Vec<Entry>)> = Vec::new();
    for size in SIZES {
        let who = format!("size{size}");
        let entries: Vec<Entry> = (0..size).map(|n| dice.entry(&who, n)).collect();
        stored += entries.len();
        for batch in entries.chunks(BATCH) {
            store.put(batch).await.expect("the store takes chunks");
        }
        measured.push((who, entries));
    }
    let mut others = 0;
    while stored < chunks {
        let batch: Vec<Entry> = (0..BATCH).map(|n| dice.entry(&format!("other{}", others + n / OTHERS), n)).collect();
        store.put(&batch).await.expect("the store takes chunks");
        (stored, others) = (stored + BATCH, others + BATCH / OTHERS);
    }
    println!("{stored} chunks of {DIMENSION} numbers put in {:.0} s", started.elapsed().as_secs_f64());
    println!(
        "| tenant | first search ms | p50 ms | p99 ms | of the processor: p50, p99 ms | words only p50 ms | recall@{K} |"
    );
    println!("| ---: | ---: | ---: | ---: | ---: | ---: | ---: |");
    for (who, entries) in &measured {
        let store = Exact::new(Db::open(&url).await.expect("the database opens"));
        store.open(&space).await.expect("the store opens");
        let first = times(&store, std::iter::once((who.clone(), dice.query()))).await;
        let warm = times(&store, (0..QUERIES).map(|_| (who.clone(), dice.query()))).await;
        let words = times(&store, (0..QUERIES).map(|_| (who.clone(), Query { dense: None, ..dice.query() }))).await;
        let recall = recall(&store, who, entries, &mut dice).await;
        println!(
            "| {} | {:.2} | {:.3} | {:.3} | {:.3}, {:.3} | {:.3} | {recall:.4} |",
            entries.len(),
            at(&first.wall, 0.5),
            at(&warm.wall, 0.5),
            at(&warm.wall, 0.99),
            at(&warm.processor, 0.5),
            at(&warm.processor, 0.99),
            at(&words.wall, 0.5)
        );
    }
    if others > 0 {
        let mut pick = Dice(7);
        let anyone = (0..QUERIES).map(|_| (format!("other{}", pick.below(others)), dice.query()));
        let took = times(&store, anyone).await;
        took.print(&format!("any of {others} tenants of {OTHERS}, mostly not in memory"));
    }
    machine().print(&format!("the machine itself, the same arithmetic {QUERIES} times"));
}

fn main() {
    // Cargo adds flags of its own; the first number is ours.
    let chunks = std::env::args().find_map(|argument| argument.parse().ok()).unwrap_or(CHUNKS);
    tokio::runtime::Runtime::new().expect("threads can be made").block_on(run(chunks));
}
