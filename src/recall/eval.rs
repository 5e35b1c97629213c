//! How well memories are found: `greenroom eval memory`, in front of the real index text, embedder, store and
//! scoring.
//!
//! Every conversation is a tenant of its own in a scratch database; each of its turns is one memory. A question's
//! recall is the share of its evidence among the first k memories found, of those that fit into a budget of tokens. No
//! language model takes part, unless answers are asked for ([`answers`]).

pub mod answers;
pub mod locomo;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context as _, bail};
use serde::Serialize;

use self::answers::{Answers, Examiner};
use self::locomo::Conversation;
use super::index_text::{Measure, Passage, passages};
use super::keeper::with_days;
use super::{Embedder, Entry, Exact, Query, Side, VectorStore, Weights};
use crate::db::Db;
use crate::domain::{Clock as _, Memory, MemoryId, Moment, SystemClock};
use crate::model::{LlmProvider, tokens};

/// What the prompt adds to the words of a memory: its date and quotes.
const QUOTED: &str = "- 30 September 2025: said: \"\"\n";
/// Left out of the index text by this name: the date and the line before.
const CONTEXT: &str = "context";
/// And by this: that questions for what there was over time take from several talks.
const SPREAD: &str = "spread";

/// How to look for memories.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Method {
    /// As the house does
    #[default]
    Product,
    /// The newest, whatever is asked
    Last,
    /// By likeness of vectors alone
    Dense,
    /// By words alone
    Words,
}

/// What to measure, and how to print it.
#[derive(Clone, Debug)]
pub struct Options {
    pub dataset: PathBuf,
    /// Evidence to put in place of the data set's own.
    pub corrections: Option<PathBuf>,
    /// Numbers of conversations, from 1; all if empty.
    pub conversations: Vec<usize>,
    pub ks: Vec<usize>,
    pub method: Method,
    /// Names of parts to leave out.
    pub without: Vec<String>,
    /// Tokens that memories may take in the prompt.
    pub budget: usize,
    pub json: bool,
}

/// What is measured: which text is embedded, which one BM25 reads, and how what they find is put together.
#[derive(Clone, Copy)]
pub struct Setup {
    pub method: Method,
    pub weights: Weights,
    pub dense: fn(&Passage) -> &str,
    pub lexical: fn(&Passage) -> &str,
    /// Tokens that memories may take in the prompt.
    pub budget: usize,
}

impl Default for Setup {
    /// The product's.
    fn default() -> Self {
        Self {
            method: Method::Product,
            weights: Weights::DEFAULT,
            dense: |passage| &passage.dense,
            lexical: |passage| &passage.lexical,
            budget: usize::MAX,
        }
    }
}

impl Setup {
    /// The setup that options ask for.
    ///
    /// # Errors
    /// When a part to leave out does not exist.
    pub fn of(options: &Options) -> anyhow::Result<Self> {
        let mut setup = Self { method: options.method, budget: options.budget, ..Self::default() };
        match options.method {
            Method::Product | Method::Last => {}
            Method::Dense => setup.weights = Weights::plain(1.0, 0.0),
            Method::Words => setup.weights = Weights::plain(0.0, 1.0),
        }
        for name in &options.without {
            let mut parts = setup.weights.named();
            if name == CONTEXT {
                setup.lexical = |passage| &passage.dense;
            } else if name == SPREAD {
                setup.weights.spread = 0.0;
            } else if let Some((_, weight)) = parts.iter_mut().find(|(known, _)| known == name) {
                **weight = 0.0;
            } else {
                let known: Vec<&str> = parts.iter().map(|(known, _)| *known).chain([CONTEXT, SPREAD]).collect();
                bail!("there is no part `{name}` to leave out; there are {}", known.join(", "));
            }
        }
        Ok(setup)
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
    /// What a model made of the memories, where one was asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub answers: Option<Answers>,
}

/// One category of questions.
#[derive(Debug, Serialize)]
pub struct Category {
    pub questions: usize,
    #[serde(flatten)]
    pub recall: BTreeMap<usize, f64>,
    pub ndcg: BTreeMap<usize, f64>,
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

/// Measures a data set and prints a table, or one JSON object. With a `reader`, questions are answered and judged.
///
/// # Errors
/// When the data set cannot be read, an option names nothing, or embedder, store or model fail.
pub async fn run(
    embedder: Arc<dyn Embedder>,
    options: &Options,
    reader: Option<Arc<dyn LlmProvider>>,
) -> anyhow::Result<()> {
    let mut conversations = locomo::load(&options.dataset)?;
    if let Some(file) = &options.corrections {
        locomo::correct(&mut conversations, file)?;
    }
    if let Some(number) = options.conversations.iter().find(|number| **number == 0 || **number > conversations.len()) {
        bail!("there is no conversation {number}; the data set has {}", conversations.len());
    }
    let mut number = 0;
    conversations.retain(|_| {
        number += 1;
        options.conversations.is_empty() || options.conversations.contains(&number)
    });
    let examiner = reader.map(Examiner::new);
    let report = measure_with(&*embedder, &conversations, &options.ks, Setup::of(options)?, examiner.as_ref()).await?;
    let text = if options.json { serde_json::to_string(&report)? } else { report.table() };
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
    measure_with(embedder, conversations, ks, setup, None).await
}

/// Like [`measure`], and lets `examiner` answer each question from what was found.
///
/// # Errors
/// When embedder, store or model fail.
pub async fn measure_with(
    embedder: &dyn Embedder,
    conversations: &[Conversation],
    ks: &[usize],
    setup: Setup,
    examiner: Option<&Examiner>,
) -> anyhow::Result<Report> {
    let scratch = Scratch::new()?;
    let db = Db::open(&format!("sqlite://{}", scratch.0.join("eval.db").display())).await?;
    let store = Exact::new(db.clone());
    let mut answers = examiner.map(|_| Answers::default());
    let asked = async {
        store.open(embedder.space()).await?;
        let limit = ks.iter().copied().max().unwrap_or(0);
        let mut asked = Vec::new();
        for conversation in conversations {
            store.put(&entries(embedder, &conversation.turns, setup).await?).await?;
            for question in &conversation.questions {
                let (one, memories) = ask(embedder, &store, (conversation, question), limit, setup).await?;
                if let (Some(examiner), Some(answers)) = (examiner, &mut answers) {
                    examiner.examine(question, &memories, answers).await?;
                }
                asked.push(one);
            }
        }
        anyhow::Ok(asked)
    };
    let asked = asked.await;
    db.close().await;
    Ok(Report::of(&asked?, conversations, ks, answers))
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

/// Looks for the memories that answer a question, as many as `limit` and as fit into the budget, best first.
async fn ask<'c>(
    embedder: &dyn Embedder,
    store: &dyn VectorStore,
    (conversation, question): (&'c Conversation, &locomo::Question),
    limit: usize,
    setup: Setup,
) -> anyhow::Result<(Asked, Vec<&'c Memory>)> {
    let turns: HashMap<&MemoryId, &Memory> = conversation.turns.iter().map(|turn| (&turn.id, turn)).collect();
    let started = Instant::now();
    let found: Vec<MemoryId> = if setup.method == Method::Last {
        conversation.turns.iter().rev().take(limit).map(|turn| turn.id.clone()).collect()
    } else {
        let dense = embedder.embed(Side::Query, &[&question.text]).await?.pop();
        // Asked on the last day of the talk.
        let now = conversation.turns.last().map_or(Moment(0), |turn| turn.at);
        let query = Query { text: with_days(&question.text, now), dense, limit, weights: setup.weights };
        let hits = store.search(&conversation.scope, &query).await?;
        hits.into_iter().map(|hit| hit.memory).collect()
    };
    let millis = started.elapsed().as_secs_f64() * 1000.0;
    let mut sum = 0;
    let mut memories = Vec::new();
    for memory in found.iter().filter_map(|id| turns.get(id).copied()) {
        let cost = tokens::count(&memory.text()) + tokens::count(QUOTED);
        if sum + cost <= setup.budget {
            sum += cost;
            memories.push(memory);
        }
    }
    let place = |(place, memory): (usize, &&Memory)| question.evidence.contains(&memory.id).then_some(place);
    let asked = Asked {
        category: question.category,
        evidence: question.evidence.len(),
        places: memories.iter().enumerate().filter_map(place).collect(),
        tokens: sum,
        millis,
    };
    Ok((asked, memories))
}

/// The index of a conversation, as the product makes it.
async fn entries(embedder: &dyn Embedder, turns: &[Memory], setup: Setup) -> anyhow::Result<Vec<Entry>> {
    let measure = Measure { max_tokens: embedder.max_tokens(), count: |text: &str| embedder.count(text) };
    let mut embedded = Vec::new();
    let mut entries = Vec::new();
    for (at, turn) in turns.iter().enumerate() {
        let before: Vec<&Memory> = turns[at.saturating_sub(2)..at].iter().rev().collect();
        for (number, passage) in passages(turn, &before, &measure).into_iter().enumerate() {
            embedded.push((setup.dense)(&passage).to_owned());
            entries.push(Entry {
                id: format!("{}/{number}", turn.id),
                memory: turn.id.clone(),
                tenant: turn.tenant.clone(),
                place: turn.place.clone(),
                reach: turn.reach,
                at: turn.at,
                text: (setup.lexical)(&passage).to_owned(),
                spoken: passage.spoken.clone(),
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
    fn of(asked: &[Asked], conversations: &[Conversation], ks: &[usize], answers: Option<Answers>) -> Self {
        let categories: HashSet<i64> = asked.iter().map(|one| one.category).collect();
        let by_category = categories.into_iter().map(|category| {
            let of: Vec<&Asked> = asked.iter().filter(|one| one.category == category).collect();
            let recall = ks.iter().map(|k| (*k, mean(of.iter().map(|one| one.recall(*k))))).collect();
            let ndcg = ks.iter().map(|k| (*k, mean(of.iter().map(|one| one.ndcg(*k))))).collect();
            (category, Category { questions: of.len(), recall, ndcg })
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
            answers,
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
                let _ = write!(text, "  @{k} {:.1} % (ndcg {:.3})", recall * 100.0, category.ndcg[k]);
            }
            text.push('\n');
        }
        let (tokens, latency) = (&self.prompt_tokens, &self.latency_ms);
        let _ = writeln!(text, "prompt tokens: mean {:.0}, most {}", tokens.mean, tokens.max);
        let _ = writeln!(text, "search: p50 {:.2} ms, p99 {:.2} ms", latency.p50, latency.p99);
        if let Some(answers) = &self.answers {
            let _ = writeln!(text, "answers: {} of {} judged right", answers.right, answers.judged);
            for (category, of) in &answers.by_category {
                let _ = writeln!(text, "  category {category}: {} of {}", of.right, of.judged);
            }
        }
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
    use std::path::Path;

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
        assert!(ten > 0.83 && twenty > 0.93, "recall@10 fell to {ten}, recall@20 to {twenty}");
    }

    #[tokio::test]
    async fn vectors_find_what_is_asked_in_other_words() {
        let fused = recall_at(5, Weights::DEFAULT).await;
        let words = recall_at(5, Weights::plain(0.0, 1.0)).await;
        let vectors = recall_at(5, Weights::plain(1.0, 0.0)).await;
        // The questions of the small set avoid the words of their answers, so words alone do poorly.
        assert!(fused > words + 0.05, "fused {fused}, words {words}");
        assert!(vectors > 0.5, "vectors alone fell to {vectors}");
    }

    #[tokio::test]
    async fn the_report_has_the_promised_shape() {
        let report = measure(&House::new(), &small(), &[5, 10, 20], Setup::default()).await.unwrap();
        let json = serde_json::to_value(&report).unwrap();
        assert_eq!(json["questions"], 60);
        assert_eq!(json["unresolved"], 2);
        for key in ["5", "10", "20"] {
            assert!(json["recall"][key].is_f64() && json["ndcg"][key].is_f64());
            assert!(json["by_category"]["1"][key].is_f64() && json["by_category"]["1"]["ndcg"][key].is_f64());
        }
        assert!(json["prompt_tokens"]["mean"].as_f64().unwrap() <= json["prompt_tokens"]["max"].as_f64().unwrap());
        assert!(json["latency_ms"]["p50"].as_f64().unwrap() <= json["latency_ms"]["p99"].as_f64().unwrap());
        assert!(report.table().contains("60 questions (2 left out"));
    }

    async fn report(options: &Options) -> Report {
        measure(&House::new(), &small(), &options.ks, Setup::of(options).unwrap()).await.unwrap()
    }

    fn options() -> Options {
        Options {
            dataset: PathBuf::new(),
            corrections: None,
            conversations: Vec::new(),
            ks: vec![5, 10, 20],
            method: Method::Product,
            without: Vec::new(),
            budget: 2_000,
            json: false,
        }
    }

    #[tokio::test]
    async fn every_way_of_looking_is_worse_than_the_product() {
        let product = report(&options()).await;
        assert!(product.prompt_tokens.max <= 2_000);
        for method in [Method::Last, Method::Dense, Method::Words] {
            let other = report(&Options { method, ..options() }).await;
            assert!(other.recall[&10] < product.recall[&10], "{method:?}: {}", other.recall[&10]);
        }
        for part in ["near-words", "asking", "speaker", "context"] {
            let other = report(&Options { without: vec![part.into()], ..options() }).await;
            assert!(other.ndcg[&20] != product.ndcg[&20], "{part} changes nothing");
        }
        let error = Setup::of(&Options { without: vec!["luck".into()], ..options() }).err().unwrap().to_string();
        assert!(error.contains("`luck`") && error.contains("near-words") && error.contains("context"), "{error}");
    }

    #[tokio::test]
    async fn what_does_not_fit_into_the_budget_is_not_found() {
        let whole = report(&options()).await;
        let half = report(&Options { budget: 150, ..options() }).await;
        assert!(half.prompt_tokens.max <= 150 && half.prompt_tokens.mean > 75.0, "{:?}", half.prompt_tokens);
        assert!(half.recall[&20] < whole.recall[&20] && half.recall[&20] > 0.3, "{}", half.recall[&20]);
        assert_eq!(report(&Options { budget: 0, ..options() }).await.recall[&20], 0.0);
    }
}
