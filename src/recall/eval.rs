//! How well memories are found: `greenroom eval memory`, in front of the real index text, embedder, store and
//! scoring.
//!
//! Every conversation is a tenant of its own in a scratch database; each of its turns is one memory. A question's
//! recall is the share of its evidence among the first k memories found. No language model takes part.

pub mod locomo;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use anyhow::Context as _;
use serde::Serialize;

use self::locomo::Conversation;
use super::index_text::{Measure, Passage, passages};
use super::{Embedder, Entry, Exact, Query, Side, VectorStore, Weights};
use crate::db::Db;
use crate::domain::{Clock as _, Memory, MemoryId, SystemClock};
use crate::model::tokens;

/// What is measured: which text is embedded, which one BM25 reads, and the weights.
#[derive(Clone, Copy)]
pub struct Setup {
    pub weights: Weights,
    pub dense: fn(&Passage) -> &str,
    pub lexical: fn(&Passage) -> &str,
}

impl Default for Setup {
    /// The product's.
    fn default() -> Self {
        Self { weights: Weights::DEFAULT, dense: |passage| &passage.dense, lexical: |passage| &passage.lexical }
    }
}

/// What came out; printed as JSON.
#[derive(Debug, Serialize)]
pub struct Report {
    /// Questions asked.
    pub questions: usize,
    /// Questions left out because their evidence is not among the turns.
    pub unresolved: usize,
    /// Mean share of a question's evidence among the first k, 0–1.
    pub recall: BTreeMap<usize, f64>,
    /// Normalised discounted cumulative gain of the first k, 0–1.
    pub ndcg: BTreeMap<usize, f64>,
    /// Recall by the data set's categories.
    pub by_category: BTreeMap<i64, Category>,
    /// Tokens that the largest k of memories take.
    pub prompt_tokens: Tokens,
    /// Embedding the question and searching.
    pub latency_ms: Latency,
}

/// One category of questions.
#[derive(Debug, Serialize)]
pub struct Category {
    pub questions: usize,
    #[serde(flatten)]
    pub recall: BTreeMap<usize, f64>,
}

#[derive(Debug, Serialize)]
pub struct Tokens {
    pub mean: f64,
    pub max: usize,
}

#[derive(Debug, Serialize)]
pub struct Latency {
    pub p50: f64,
    pub p99: f64,
}

/// Measures `dataset` with the product's setup and prints a table, or one JSON object.
///
/// # Errors
/// When the data set cannot be read, or embedder or store fail.
pub async fn run(embedder: Arc<dyn Embedder>, dataset: &Path, ks: &[usize], json: bool) -> anyhow::Result<()> {
    let conversations = locomo::load(dataset)?;
    let report = measure(&*embedder, &conversations, ks, Setup::default()).await?;
    let text = if json { serde_json::to_string(&report)? } else { report.table() };
    writeln!(std::io::stdout(), "{}", text.trim_end()).context("printing the report")
}

/// Measures conversations with `setup`, in a scratch database that is removed afterwards.
///
/// # Errors
/// When embedder or store fail.
pub async fn measure(
    embedder: &dyn Embedder,
    conversations: &[Conversation],
    ks: &[usize],
    setup: Setup,
) -> anyhow::Result<Report> {
    let scratch = Scratch::new()?;
    let db = Db::open(&format!("sqlite://{}", scratch.0.join("eval.db").display())).await?;
    let asked = ask_all(embedder, &Exact::new(db.clone()), conversations, ks, setup).await;
    db.close().await;
    Ok(Report::of(&asked?, conversations, ks))
}

/// A question with what was found.
struct Asked {
    category: i64,
    evidence: usize,
    /// Places, from 0, of the evidence among the found memories, ascending.
    places: Vec<usize>,
    tokens: usize,
    millis: f64,
}

async fn ask_all(
    embedder: &dyn Embedder,
    store: &dyn VectorStore,
    conversations: &[Conversation],
    ks: &[usize],
    setup: Setup,
) -> anyhow::Result<Vec<Asked>> {
    store.open(embedder.space()).await?;
    let limit = ks.iter().copied().max().unwrap_or(0);
    let mut asked = Vec::new();
    for conversation in conversations {
        store.put(&entries(embedder, &conversation.turns, setup).await?).await?;
        let turns: HashMap<&MemoryId, &Memory> = conversation.turns.iter().map(|turn| (&turn.id, turn)).collect();
        for question in &conversation.questions {
            let started = Instant::now();
            let dense = embedder.embed(Side::Query, &[&question.text]).await?.pop();
            let query = Query { text: question.text.clone(), dense, limit, weights: setup.weights };
            let hits = store.search(&conversation.scope, &query).await?;
            let millis = started.elapsed().as_secs_f64() * 1000.0;
            let of_evidence =
                |(place, hit): (usize, &super::Hit)| question.evidence.contains(&hit.memory).then_some(place);
            asked.push(Asked {
                category: question.category,
                evidence: question.evidence.len(),
                places: hits.iter().enumerate().filter_map(of_evidence).collect(),
                tokens: hits
                    .iter()
                    .filter_map(|hit| turns.get(&hit.memory))
                    .map(|turn| tokens::count(&turn.text()))
                    .sum(),
                millis,
            });
        }
    }
    Ok(asked)
}

/// The index of a conversation, as the product makes it.
async fn entries(embedder: &dyn Embedder, turns: &[Memory], setup: Setup) -> anyhow::Result<Vec<Entry>> {
    let measure = Measure { max_tokens: embedder.max_tokens(), count: |text: &str| embedder.count(text) };
    let mut embedded = Vec::new();
    let mut entries = Vec::new();
    for (at, turn) in turns.iter().enumerate() {
        let before = at.checked_sub(1).and_then(|before| turns.get(before));
        for (number, passage) in passages(turn, before, &measure).into_iter().enumerate() {
            embedded.push((setup.dense)(&passage).to_owned());
            entries.push(Entry {
                id: format!("{}/{number}", turn.id),
                memory: turn.id.clone(),
                tenant: turn.tenant.clone(),
                place: turn.place.clone(),
                reach: turn.reach,
                at: turn.at,
                text: (setup.lexical)(&passage).to_owned(),
                dense: Vec::new(),
            });
        }
    }
    let texts: Vec<&str> = embedded.iter().map(String::as_str).collect();
    let vectors = embedder.embed(Side::Passage, &texts).await?;
    for (entry, vector) in entries.iter_mut().zip(vectors) {
        entry.dense = vector;
    }
    Ok(entries)
}

impl Report {
    fn of(asked: &[Asked], conversations: &[Conversation], ks: &[usize]) -> Self {
        let categories: HashSet<i64> = asked.iter().map(|one| one.category).collect();
        let by_category = categories.into_iter().map(|category| {
            let of: Vec<&Asked> = asked.iter().filter(|one| one.category == category).collect();
            let recall = ks.iter().map(|k| (*k, mean(of.iter().map(|one| one.recall(*k))))).collect();
            (category, Category { questions: of.len(), recall })
        });
        let mut millis: Vec<f64> = asked.iter().map(|one| one.millis).collect();
        millis.sort_unstable_by(f64::total_cmp);
        let quantile = |share: f64| {
            let at = (millis.len().saturating_sub(1) as f64 * share).round() as usize;
            millis.get(at).copied().unwrap_or(0.0)
        };
        Self {
            questions: asked.len(),
            unresolved: conversations.iter().map(|conversation| conversation.unresolved).sum(),
            recall: ks.iter().map(|k| (*k, mean(asked.iter().map(|one| one.recall(*k))))).collect(),
            ndcg: ks.iter().map(|k| (*k, mean(asked.iter().map(|one| one.ndcg(*k))))).collect(),
            by_category: by_category.collect(),
            prompt_tokens: Tokens {
                mean: mean(asked.iter().map(|one| one.tokens as f64)),
                max: asked.iter().map(|one| one.tokens).max().unwrap_or(0),
            },
            latency_ms: Latency { p50: quantile(0.5), p99: quantile(0.99) },
        }
    }

    /// The report for people.
    pub fn table(&self) -> String {
        let mut text = format!("{} questions ({} left out: no such evidence)\n", self.questions, self.unresolved);
        // Writing to a String cannot fail.
        for (k, recall) in &self.recall {
            let _ = writeln!(text, "recall@{k:<3} {:5.1} %   ndcg@{k:<3} {:.3}", recall * 100.0, self.ndcg[k]);
        }
        for (name, category) in &self.by_category {
            let _ = write!(text, "category {name} ({} questions):", category.questions);
            for (k, recall) in &category.recall {
                let _ = write!(text, "  @{k} {:.1} %", recall * 100.0);
            }
            text.push('\n');
        }
        let (tokens, latency) = (&self.prompt_tokens, &self.latency_ms);
        let _ = writeln!(text, "prompt tokens: mean {:.0}, most {}", tokens.mean, tokens.max);
        let _ = writeln!(text, "search: p50 {:.2} ms, p99 {:.2} ms", latency.p50, latency.p99);
        text
    }
}

impl Asked {
    fn recall(&self, k: usize) -> f64 {
        self.places.iter().filter(|place| **place < k).count() as f64 / self.evidence as f64
    }

    fn ndcg(&self, k: usize) -> f64 {
        let gain = |place: usize| 1.0 / (place as f64 + 2.0).log2();
        let got: f64 = self.places.iter().filter(|place| **place < k).map(|place| gain(*place)).sum();
        got / (0..self.evidence.min(k)).map(gain).sum::<f64>()
    }
}

fn mean(numbers: impl Iterator<Item = f64>) -> f64 {
    let (sum, count) = numbers.fold((0.0, 0u32), |(sum, count), number| (sum + number, count + 1));
    sum / f64::from(count.max(1))
}

/// A folder that is removed with everything in it.
struct Scratch(PathBuf);

impl Scratch {
    fn new() -> anyhow::Result<Self> {
        let folder = std::env::temp_dir().join(format!("greenroom-eval-{}", SystemClock::default().id()));
        std::fs::create_dir(&folder).with_context(|| format!("making the scratch folder {}", folder.display()))?;
        Ok(Self(folder))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // Nothing depends on it any more; what is left the system clears away.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::super::house::House;
    use super::*;

    fn small() -> Vec<Conversation> {
        locomo::load(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/memory-small.json")).unwrap()
    }

    async fn recall_at(k: usize, weights: Weights) -> f64 {
        let setup = Setup { weights, ..Setup::default() };
        measure(&House::new(), &small(), &[k], setup).await.unwrap().recall[&k]
    }

    #[test]
    fn recall_and_gain_count_what_is_among_the_first() {
        let asked = Asked { category: 1, evidence: 2, places: vec![0, 7], tokens: 0, millis: 0.0 };
        assert_eq!((asked.recall(5), asked.recall(10)), (0.5, 1.0));
        let ideal = 1.0 + 1.0 / 3f64.log2();
        assert!((asked.ndcg(5) - 1.0 / ideal).abs() < 1e-9);
        assert!((asked.ndcg(10) - (1.0 + 1.0 / 9f64.log2()) / ideal).abs() < 1e-9);
    }

    #[tokio::test]
    async fn the_memories_of_a_small_house_are_found() {
        let (ten, twenty) = (recall_at(10, Weights::DEFAULT).await, recall_at(20, Weights::DEFAULT).await);
        assert!(ten > 0.75 && twenty > 0.9, "recall@10 fell to {ten}, recall@20 to {twenty}");
    }

    #[tokio::test]
    async fn vectors_find_what_is_asked_in_other_words() {
        let fused = recall_at(5, Weights::DEFAULT).await;
        let words = recall_at(5, Weights { dense: 0.0, lexical: 1.0 }).await;
        let vectors = recall_at(5, Weights { dense: 1.0, lexical: 0.0 }).await;
        // The questions of the small set avoid the words of their answers, so words alone do poorly.
        assert!(fused > words + 0.05, "fused {fused}, words {words}");
        assert!(vectors > 0.6, "vectors alone fell to {vectors}");
    }

    #[tokio::test]
    async fn the_report_has_the_promised_shape() {
        let report = measure(&House::new(), &small(), &[5, 10, 20], Setup::default()).await.unwrap();
        let json = serde_json::to_value(&report).unwrap();
        assert_eq!(json["questions"], 25);
        assert_eq!(json["unresolved"], 1);
        for key in ["5", "10", "20"] {
            assert!(json["recall"][key].is_f64() && json["ndcg"][key].is_f64());
            assert!(json["by_category"]["1"][key].is_f64());
        }
        assert!(json["prompt_tokens"]["mean"].as_f64().unwrap() <= json["prompt_tokens"]["max"].as_f64().unwrap());
        assert!(json["latency_ms"]["p50"].as_f64().unwrap() <= json["latency_ms"]["p99"].as_f64().unwrap());
        assert!(report.table().contains("25 questions (1 left out"));
    }
}
