//! Finding memories for an answer, and keeping the vectors in step with them through the outbox.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::dates;
use super::index_text::{Measure, passages};
use super::{Embedder, Entry, Forget, Hit, Query, RecallError, Side, VectorStore, Weights, kin};
use crate::crash;
use crate::db::ledger::{self, Account, EntryKind, NewEntry};
use crate::db::memories::{self, Action, Chore};
use crate::db::{self, Db, Script, layers, meta, people};
use crate::domain::{Clock, KeySource, Memory, MemoryId, Moment, Scope, shares};
use crate::model::price;
use crate::ops::metrics::{self, Stage};

/// Longest wait for memories where nothing else is said.
const FIND_DEADLINE: Duration = Duration::from_millis(150);
/// Chores done together.
const BATCH: i64 = 64;
/// Wait after the first failure of a chore; doubles with each further one.
const RETRY_MILLIS: i64 = 500;
/// Longest wait between tries.
const RETRY_MILLIS_MAX: i64 = 60_000;
/// How often whoever waits for an empty outbox looks.
const LOOK: Duration = Duration::from_millis(100);
/// How often the outbox is looked at without being woken.
const IDLE: Duration = Duration::from_secs(5);

/// The recall of this instance: database, embedder and store together.
pub struct Recall {
    db: Db,
    clock: Arc<dyn Clock>,
    embedder: Arc<dyn Embedder>,
    store: Arc<dyn VectorStore>,
    weights: Weights,
    /// Longest wait for memories before an answer goes on without them.
    deadline: Duration,
    wake: Notify,
    /// One works the outbox off at a time: what is being indexed and what is being forgotten must not cross.
    draining: tokio::sync::Mutex<()>,
}

impl Recall {
    /// Opens the store for the embedder's space.
    ///
    /// # Errors
    /// [`RecallError::WrongSpace`] when the store's vectors are of another space; otherwise what the store says.
    pub async fn open(
        db: Db,
        clock: Arc<dyn Clock>,
        embedder: Arc<dyn Embedder>,
        store: Arc<dyn VectorStore>,
        weights: Weights,
    ) -> Result<Self, RecallError> {
        match store.open(embedder.space()).await {
            // A store that is away comes back; until then answers go without memories and writes wait.
            Err(error @ RecallError::Unavailable { .. }) => {
                tracing::warn!(error = %error, store = store.name(), "the vector store is away; going on without");
            }
            opened => opened?,
        }
        if tokio::task::spawn_blocking(kin::load).await.is_err() {
            tracing::warn!("the table of words that are akin is read when it is first asked for");
        }
        let (deadline, wake, draining) = (FIND_DEADLINE, Notify::new(), tokio::sync::Mutex::default());
        Ok(Self { db, clock, embedder, store, weights, deadline, wake, draining })
    }

    /// The same with another longest wait for memories than 150 ms.
    #[must_use]
    pub fn waiting_up_to(self, deadline: Duration) -> Self {
        Self { deadline, ..self }
    }

    /// The store, for checks.
    pub fn store(&self) -> &Arc<dyn VectorStore> {
        &self.store
    }

    /// The embedder, for checks.
    pub fn embedder(&self) -> &Arc<dyn Embedder> {
        &self.embedder
    }

    /// The memories that `scope` admits and that fit `text` best, best first, at most `limit`.
    ///
    /// # Errors
    /// [`RecallError::Unavailable`] after 150 ms at the latest, or as long as [`Recall::waiting_up_to`] says.
    pub async fn find(&self, scope: &Scope, text: &str, limit: usize) -> Result<Vec<(Memory, Hit)>, RecallError> {
        let started = std::time::Instant::now();
        let found = tokio::time::timeout(self.deadline, self.find_now(scope, text, limit)).await;
        metrics::stage_took(Stage::Recall, started.elapsed());
        let found = found.unwrap_or_else(|_| {
            let why = format!("it took longer than {} ms", self.deadline.as_millis());
            Err(RecallError::Unavailable { what: "recall", why })
        });
        metrics::searched(found.as_ref().ok().map(Vec::len));
        found
    }

    async fn find_now(&self, scope: &Scope, text: &str, limit: usize) -> Result<Vec<(Memory, Hit)>, RecallError> {
        // An embedder that is away leaves the words, which find most of it.
        let dense = match self.embedder.embed(Side::Query, &[&first_tokens(text, &*self.embedder)]).await {
            Ok(mut vectors) => vectors.pop(),
            Err(error) => {
                tracing::warn!(error = %error, "searching by words alone");
                None
            }
        };
        let query = Query { text: with_days(text, self.clock.now()), dense, limit, weights: self.weights };
        let hits = self.store.search(scope, &query).await?;
        let ids: Vec<&MemoryId> = hits.iter().flat_map(said_by).collect();
        let mut rows: HashMap<MemoryId, Memory> = memories::many(&self.db, scope, &ids)
            .await?
            .into_iter()
            .map(|memory| (memory.id.clone(), memory))
            .collect();
        let ids: Vec<MemoryId> = rows.keys().cloned().collect();
        for id in layers::outdated(&self.db, scope, &ids.iter().collect::<Vec<_>>()).await? {
            rows.remove(&id);
        }
        // A hit whose row is gone was forgotten a moment ago; a hit that the scope does not admit is never returned. Of
        // those that say the same, the newest that holds stands for the others.
        let found = hits.into_iter().filter_map(|mut hit| {
            let holding: Vec<MemoryId> = said_by(&hit).filter(|id| rows.contains_key(*id)).cloned().collect();
            let (newest, others) = holding.split_first()?;
            let memory = rows.remove(newest)?;
            hit.again = others.to_vec();
            hit.memory.clone_from(newest);
            (hit.tenant, hit.place) = (memory.tenant.clone(), memory.place.clone());
            (hit.reach, hit.at) = (memory.reach, memory.at);
            Some((memory, hit))
        });
        Ok(found.collect())
    }

    /// How near a text is to the nearest of others, as cosine; 0 where there are none.
    ///
    /// # Errors
    /// Those of the embedder.
    pub async fn nearness(&self, text: &str, others: &[String]) -> Result<f32, RecallError> {
        if others.is_empty() {
            return Ok(0.0);
        }
        let texts: Vec<&str> = std::iter::once(text).chain(others.iter().map(String::as_str)).collect();
        let vectors = self.embedder.embed(Side::Passage, &texts).await?;
        let Some((first, others)) = vectors.split_first() else { return Ok(0.0) };
        let cosine = |other: &Vec<f32>| first.iter().zip(other).map(|(x, y)| x * y).sum::<f32>();
        Ok(others.iter().map(cosine).fold(0.0, f32::max))
    }

    /// Removes a memory: its row at once, its vectors with it.
    pub async fn forget(&self, id: &MemoryId) -> Result<(), RecallError> {
        let (chores, memory) = ([self.clock.id(), self.clock.id()], id.clone());
        self.db.write(move |tx| Box::pin(async move { memories::remove(tx, chores, &memory).await })).await?;
        self.wake();
        Ok(())
    }

    /// Says that the outbox has something new.
    pub fn wake(&self) {
        self.wake.notify_one();
    }

    /// Works the outbox off until `stop`, then once more what is there.
    pub async fn run(&self, stop: CancellationToken) {
        loop {
            self.drain().await;
            if stop.is_cancelled() {
                return;
            }
            tokio::select! {
                () = self.wake.notified() => {}
                () = tokio::time::sleep(IDLE) => {}
                () = stop.cancelled() => {}
            }
        }
    }

    /// Waits until whoever works the outbox off has done so, at most `within`.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn drained(&self, within: Duration) -> Result<(), db::Error> {
        let until = tokio::time::Instant::now() + within;
        while self.pending().await? > 0 && tokio::time::Instant::now() < until {
            tokio::time::sleep(LOOK).await;
        }
        Ok(())
    }

    /// Does all chores that are due; those that fail wait for later.
    pub async fn drain(&self) {
        let _alone = self.draining.lock().await;
        let was_done = self.work_all_off().await.inspect_err(|error| crate::ops_error("outbox", error));
        metrics::chore_ran(metrics::Chore::Index, was_done.unwrap_or(false), self.clock.now());
    }

    /// Whether everything that was due is done.
    async fn work_all_off(&self) -> Result<bool, db::Error> {
        let mut is_done = true;
        loop {
            let due = memories::due(&self.db, self.clock.now(), BATCH).await?;
            if due.is_empty() {
                return Ok(is_done);
            }
            let result = self.work_off(&due).await;
            let ids: Vec<String> = due.iter().map(|chore| chore.id.clone()).collect();
            let written = match result {
                Ok(()) => self.db.write(move |tx| Box::pin(async move { memories::done(tx, &ids).await })).await,
                Err(error) => {
                    is_done = false;
                    tracing::warn!(error = %error, chores = due.len(), "vectors wait for another try");
                    let tries = due.iter().map(|chore| chore.attempt).max().unwrap_or_default().clamp(0, 16);
                    let wait = (RETRY_MILLIS << tries).min(RETRY_MILLIS_MAX);
                    let run_at = self.clock.now().plus_millis(wait);
                    self.db.write(move |tx| Box::pin(async move { memories::retry(tx, &ids, run_at).await })).await
                }
            };
            written?;
            crash::point("chore done");
        }
    }

    async fn work_off(&self, chores: &[Chore]) -> Result<(), RecallError> {
        let put: Vec<&MemoryId> =
            chores.iter().filter(|chore| chore.action == Action::Put).map(|chore| &chore.memory).collect();
        let put = memories::stored_many(&self.db, &put).await?;
        // Removed before its vectors were made, or told to be forgotten.
        let is_gone =
            |chore: &&Chore| chore.action == Action::Forget || !put.iter().any(|memory| memory.id == chore.memory);
        let gone: Vec<MemoryId> = chores.iter().filter(is_gone).map(|chore| chore.memory.clone()).collect();
        self.index(&put).await?;
        if !gone.is_empty() {
            self.store.forget(&Forget::Memories(gone)).await?;
        }
        crash::point("vector written");
        Ok(())
    }

    /// Embeds memories and puts them into the store.
    async fn index(&self, memories: &[Memory]) -> Result<(), RecallError> {
        let mut entries = Vec::new();
        let mut embedded = Vec::new();
        let ids: Vec<&MemoryId> = memories.iter().map(|memory| &memory.id).collect();
        let previous = memories::previous(&self.db, &ids).await?;
        let nearer: Vec<&MemoryId> = previous.values().map(|memory| &memory.id).collect();
        let farther = memories::previous(&self.db, &nearer).await?;
        for memory in memories {
            let nearer = previous.get(&memory.id);
            let before: Vec<&Memory> =
                nearer.into_iter().chain(nearer.and_then(|nearer| farther.get(&nearer.id))).collect();
            let measure =
                Measure { max_tokens: self.embedder.max_tokens(), count: |text: &str| self.embedder.count(text) };
            let passages = passages(memory, &before, &measure);
            for (number, passage) in passages.into_iter().enumerate() {
                embedded.push(passage.dense);
                entries.push(Entry {
                    id: format!("{}/{number}", memory.id),
                    memory: memory.id.clone(),
                    tenant: memory.tenant.clone(),
                    place: memory.place.clone(),
                    reach: memory.reach,
                    at: memory.at,
                    text: passage.lexical,
                    spoken: passage.spoken,
                    dense: Vec::new(),
                });
            }
        }
        if entries.is_empty() {
            return Ok(());
        }
        let texts: Vec<&str> = embedded.iter().map(String::as_str).collect();
        let vectors = self.embedder.embed(Side::Passage, &texts).await?;
        self.account(memories, self.embedder.served()).await?;
        for (entry, vector) in entries.iter_mut().zip(vectors) {
            entry.dense = vector;
        }
        self.store.put(&entries).await
    }

    /// Shares what a paid embedder counted for `memories` among those they are about, by the length of their words.
    async fn account(&self, memories: &[Memory], tokens: u64) -> Result<(), RecallError> {
        if tokens == 0 {
            return Ok(());
        }
        let weights: Vec<i64> =
            memories.iter().map(|memory| self.embedder.count(&memory.text()).try_into().unwrap_or(i64::MAX)).collect();
        let shares = shares(i64::try_from(tokens).unwrap_or(i64::MAX), &weights);
        let model = self.embedder.space().model.clone();
        let mut entries = Vec::with_capacity(memories.len());
        for (memory, share) in memories.iter().zip(shares) {
            // A persona that was deleted meanwhile leaves nobody to account to.
            let Some(persona) = people::persona(&self.db, &memory.persona).await? else { continue };
            let cost = price::cost_micros(&model, KeySource::Operator, share.try_into().unwrap_or_default(), 0);
            entries.push(NewEntry {
                id: self.clock.id(),
                kind: EntryKind::Chore,
                turn: None,
                account: Account {
                    member: persona.member,
                    place: Some(memory.place.clone()),
                    personality: memory.personality.clone(),
                    owner: None,
                    key_source: KeySource::Operator,
                },
                model: model.clone(),
                prompt_tokens: share,
                completion_tokens: 0,
                counted_by_provider: true,
                cost_micros: cost.unwrap_or(0),
            });
        }
        let now = self.clock.now();
        let writing = self.db.write(move |tx| {
            Box::pin(async move {
                let mut script = Script::default();
                entries.iter().for_each(|entry| ledger::add(&mut script, entry, now));
                script.run(tx).await
            })
        });
        Ok(writing.await?)
    }

    /// Makes every vector anew, for a new embedder or a damaged store; returns how many memories were indexed.
    ///
    /// `progress` is told memories done and memories in all.
    pub async fn reindex(
        db: &Db,
        embedder: Arc<dyn Embedder>,
        store: Arc<dyn VectorStore>,
        clock: Arc<dyn Clock>,
        progress: &(dyn Fn(u64, u64) + Send + Sync),
    ) -> Result<u64, RecallError> {
        store.forget(&Forget::All).await?;
        let key = format!("recall.space.{}", store.name());
        db.write(move |tx| Box::pin(async move { meta::remove(tx, &key).await })).await?;
        store.open(embedder.space()).await?;
        let total = u64::try_from(memories::total(db).await?).unwrap_or_default();
        let (wake, draining) = (Notify::new(), tokio::sync::Mutex::default());
        let (weights, deadline) = (Weights::DEFAULT, FIND_DEADLINE);
        let recall = Self { db: db.clone(), clock, embedder, store, weights, deadline, wake, draining };
        let (mut after, mut done) = (String::new(), 0);
        loop {
            let ids = memories::ids_after(db, &after, BATCH).await?;
            let Some(last) = ids.last() else { break };
            last.as_str().clone_into(&mut after);
            let batch = memories::stored_many(db, &ids.iter().collect::<Vec<_>>()).await?;
            recall.index(&batch).await?;
            done += batch.len() as u64;
            progress(done, total);
        }
        recall.drain().await;
        Ok(done)
    }

    /// Chores that wait.
    pub async fn pending(&self) -> Result<i64, db::Error> {
        memories::pending(&self.db).await
    }
}

/// The memories that a hit stands for, newest first.
fn said_by(hit: &Hit) -> impl Iterator<Item = &MemoryId> {
    std::iter::once(&hit.memory).chain(&hit.again)
}

/// What is asked together with the days that it names, asked now.
pub(super) fn with_days(text: &str, now: Moment) -> String {
    let days = dates::marks(&dates::named(text, now));
    std::iter::once(text.to_owned()).chain(days).collect::<Vec<_>>().join(" ")
}

/// As much of a query as the embedder takes whole: for a question, its end says what is asked.
fn first_tokens(text: &str, embedder: &dyn Embedder) -> String {
    if embedder.count(text) <= embedder.max_tokens() {
        return text.to_owned();
    }
    let words: Vec<&str> = text.split_whitespace().collect();
    let mut keep = words.len();
    loop {
        keep /= 2;
        let end = words[words.len() - keep..].join(" ");
        if keep <= 1 || embedder.count(&end) <= embedder.max_tokens() {
            return end;
        }
    }
}
