//! The embedded vector store: chunks in the database, an exact search over a copy of each tenant in memory.
//!
//! The answer is what a full-precision scan would find (recall 1.0); see [`shelf::search`]. Copies are kept in a
//! bounded cache and are never trusted: each search first reads the revisions of its tenants, which every change
//! renews in its own transaction, in this process or another. So nothing forgotten comes back from a cache.

use std::collections::HashMap;
use std::hash::{BuildHasher as _, RandomState};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard};

use async_trait::async_trait;

use super::shelf::{self, Item, Shelf};
use super::signs::Print;
use super::words;
use super::{Entry, Forget, Hit, Query, RecallError, Space, VectorStore};
use crate::db::chunks::{self, Chunk, Loaded, Revised};
use crate::db::{self, Db};
use crate::domain::{MemoryId, Moment, PlaceId, Reach, Scope, Tenant};

/// Bytes of tenants' copies kept in memory where nothing else is said, unless the largest alone takes more.
pub const CACHE_BYTES: usize = 64 << 20;
/// Products of a scan that are done on the spot (a few hundred microseconds); longer ones move to a blocking thread.
const INLINE_PRODUCTS: usize = 16_384 * 384;
/// Rows that are read into a copy on the spot.
const INLINE_ROWS: usize = 64;
/// Locks that order the changes and loads of tenants; tenants share them by hash.
const GATES: usize = 64;

const WHAT: &str = "the embedded vector store";

type Shared = Arc<RwLock<Shelf>>;

/// The embedded store.
pub struct Exact {
    db: Db,
    opened: RwLock<Option<Arc<Opened>>>,
    cache: Mutex<Cache>,
    gates: Vec<tokio::sync::Mutex<()>>,
    hasher: RandomState,
}

/// The space the store was opened for.
struct Opened {
    tag: String,
    dimension: usize,
}

#[derive(Default)]
struct Cache {
    slots: HashMap<Tenant, Slot>,
    limit: usize,
    bytes: usize,
    ticks: u64,
}

struct Slot {
    shelf: Shared,
    bytes: usize,
    used: u64,
}

impl Exact {
    /// A store in `db` with the usual cache.
    pub fn new(db: Db) -> Self {
        Self::with_cache(db, CACHE_BYTES)
    }

    /// A store in `db` that keeps `bytes` of copies in memory.
    pub fn with_cache(db: Db, bytes: usize) -> Self {
        Self {
            db,
            opened: RwLock::default(),
            cache: Mutex::new(Cache { limit: bytes, ..Cache::default() }),
            gates: (0..GATES).map(|_| tokio::sync::Mutex::default()).collect(),
            hasher: RandomState::new(),
        }
    }

    fn opened(&self) -> Result<Arc<Opened>, RecallError> {
        let opened = self.opened.read().unwrap_or_else(PoisonError::into_inner).clone();
        opened.ok_or_else(|| RecallError::Unavailable { what: WHAT, why: "it was not opened".into() })
    }

    fn cache(&self) -> MutexGuard<'_, Cache> {
        // Consistent between statements: after a panic a copy may be missing, never wrong.
        self.cache.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn gate(&self, tenant: &str) -> usize {
        (self.hasher.hash_one(tenant) % GATES as u64) as usize
    }

    /// A copy of `tenant` at `revision` or newer; `None` when the tenant is empty by now.
    async fn shelf(&self, opened: &Opened, tenant: &Tenant, revision: i64) -> Result<Option<Shared>, RecallError> {
        if let Some(shelf) = self.cache().get(tenant, revision) {
            return Ok(Some(shelf));
        }
        // A change of ours may be about to bring the copy up to date: wait for it, then look again.
        let _gate = self.gates[self.gate(tenant.as_str())].lock().await;
        let now = chunks::revisions(&self.db, [tenant; 3]).await?;
        let Some((_, revision)) = now.first() else { return Ok(None) };
        if let Some(shelf) = self.cache().get(tenant, *revision) {
            return Ok(Some(shelf));
        }
        let rows = chunks::load(&self.db, tenant).await?;
        let Some(first) = rows.first() else { return Ok(None) };
        if let Some(other) = rows.iter().find(|row| row.space != opened.tag) {
            return Err(RecallError::WrongSpace { found: other.space.clone(), wanted: opened.tag.clone() });
        }
        let (empty, few) = (Shelf::new(tenant.clone(), opened.dimension, first.revision), rows.len() <= INLINE_ROWS);
        let shelf = if few { fill(empty, rows)? } else { off_the_runtime(move || fill(empty, rows)).await?? };
        Ok(Some(self.cache().insert(tenant.clone(), shelf)))
    }

    /// Brings the copy of a tenant to what was just committed, or drops it.
    fn follow(&self, revised: &Revised, items: Vec<Item>) {
        let tenant = Tenant::stored(revised.tenant.clone());
        let Some(shelf) = self.cache().slots.get(&tenant).map(|slot| slot.shelf.clone()) else { return };
        let bytes = {
            let mut shelf = shelf.write().unwrap_or_else(PoisonError::into_inner);
            if Some(shelf.revision) != revised.before || items.is_empty() || shelf.holds_any(&items) {
                None
            } else {
                items.into_iter().for_each(|item| shelf.push(item));
                shelf.revision = revised.after;
                Some(shelf.bytes())
            }
        };
        match bytes {
            Some(bytes) => self.cache().resize(&tenant, bytes),
            None => self.cache().remove(&tenant),
        }
    }

    fn checked(&self, opened: &Opened, dense: &[f32]) -> Result<(), RecallError> {
        if dense.len() != opened.dimension || dense.iter().any(|value| !value.is_finite()) {
            let why = format!("a vector of {} numbers where {} finite ones belong", dense.len(), opened.dimension);
            return Err(RecallError::Unusable { what: "the embedder", why });
        }
        Ok(())
    }
}

#[async_trait]
impl VectorStore for Exact {
    fn name(&self) -> &'static str {
        "embedded"
    }

    async fn open(&self, space: &Space) -> Result<(), RecallError> {
        let tag = format!("{}-w{}", space.tag(), words::REVISION);
        let claim = tag.clone();
        let other = self.db.write(|tx| Box::pin(async move { chunks::claim_space(tx, &claim).await })).await?;
        if let Some(found) = other {
            return Err(RecallError::WrongSpace { found, wanted: tag });
        }
        let opened = Opened { tag, dimension: space.dimension };
        *self.opened.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(opened));
        self.cache().clear();
        Ok(())
    }

    async fn put(&self, entries: &[Entry]) -> Result<(), RecallError> {
        let opened = self.opened()?;
        for entry in entries {
            self.checked(&opened, &entry.dense)?;
        }
        // Of entries with one id the last counts, as when they are put one after the other.
        let last: HashMap<&str, &Entry> = entries.iter().map(|entry| (entry.id.as_str(), entry)).collect();
        let (mut rows, mut items) = (Vec::new(), HashMap::<String, Vec<Item>>::new());
        for entry in last.into_values() {
            let print = Print::of(&entry.text, &entry.spoken);
            rows.push(row(entry, &print));
            items.entry(entry.tenant.as_str().to_owned()).or_default().push(item(entry, print));
        }
        let mut gates: Vec<usize> = items.keys().map(|tenant| self.gate(tenant)).collect();
        gates.sort_unstable();
        gates.dedup();
        let mut held = Vec::with_capacity(gates.len());
        for gate in gates {
            held.push(self.gates[gate].lock().await);
        }
        let tag = opened.tag.clone();
        let written = self.db.write(move |tx| {
            Box::pin(async move {
                // Another process may have made the rows anew for another embedder since this one opened them.
                match chunks::recorded_space(tx).await? {
                    Some(found) if found != tag => Ok(Err(found)),
                    _ => chunks::put(tx, &tag, &rows, &mut fresh_revision).await.map(Ok),
                }
            })
        });
        let revised = written.await?.map_err(|found| RecallError::WrongSpace { found, wanted: opened.tag.clone() })?;
        for revised in &revised {
            self.follow(revised, items.remove(&revised.tenant).unwrap_or_default());
        }
        Ok(())
    }

    async fn search(&self, scope: &Scope, query: &Query) -> Result<Vec<Hit>, RecallError> {
        let opened = self.opened()?;
        if let Some(dense) = &query.dense {
            self.checked(&opened, dense)?;
        }
        let tenants = scope.tenants();
        let [a, b, c] = [0, 1, 2].map(|at| tenants.get(at).unwrap_or(&tenants[0]));
        let revisions = chunks::revisions(&self.db, [a, b, c]).await?;
        let mut shelves: Vec<Shared> = Vec::with_capacity(tenants.len());
        for tenant in &tenants {
            match revisions.iter().find(|(stored, _)| stored == tenant.as_str()) {
                Some((_, revision)) => shelves.extend(self.shelf(&opened, tenant, *revision).await?),
                // Emptied, perhaps by another process: what was forgotten is not to linger in memory either.
                None => self.cache().remove(tenant),
            }
        }
        let products: usize = shelves.iter().map(|shelf| read(shelf).len() * opened.dimension).sum();
        if products <= INLINE_PRODUCTS {
            return Ok(search(&shelves, scope, query));
        }
        let (scope, query) = (scope.clone(), query.clone());
        off_the_runtime(move || search(&shelves, &scope, &query)).await
    }

    async fn forget(&self, what: &Forget) -> Result<(), RecallError> {
        match what.clone() {
            Forget::Memories(memories) => {
                let written = self.db.write(move |tx| {
                    Box::pin(async move { chunks::forget_memories(tx, &memories, &mut fresh_revision).await })
                });
                for revised in written.await? {
                    self.cache().remove(&Tenant::stored(revised.tenant));
                }
            }
            Forget::Tenant(tenant) => {
                let gone = tenant.clone();
                self.db
                    .write(move |tx| {
                        Box::pin(async move { chunks::forget_tenant(tx, &gone, &mut fresh_revision).await })
                    })
                    .await?;
                self.cache().remove(&tenant);
            }
            Forget::All => {
                self.db.write(|tx| Box::pin(async move { chunks::forget_all(tx).await })).await?;
                self.cache().clear();
            }
        }
        Ok(())
    }

    async fn count(&self, tenant: Option<&Tenant>) -> Result<u64, RecallError> {
        Ok(chunks::count(&self.db, tenant).await?)
    }

    async fn check(&self) -> Result<(), RecallError> {
        self.opened()?;
        Ok(self.db.ping().await?)
    }
}

impl Cache {
    fn get(&mut self, tenant: &Tenant, revision: i64) -> Option<Shared> {
        self.ticks += 1;
        let slot = self.slots.get_mut(tenant)?;
        slot.used = self.ticks;
        let current = read(&slot.shelf).revision == revision;
        current.then(|| slot.shelf.clone())
    }

    fn insert(&mut self, tenant: Tenant, shelf: Shelf) -> Shared {
        self.remove(&tenant);
        self.ticks += 1;
        let bytes = shelf.bytes();
        let shelf = Arc::new(RwLock::new(shelf));
        self.slots.insert(tenant.clone(), Slot { shelf: shelf.clone(), bytes, used: self.ticks });
        self.bytes += bytes;
        self.make_room(&tenant);
        shelf
    }

    fn resize(&mut self, tenant: &Tenant, bytes: usize) {
        if let Some(slot) = self.slots.get_mut(tenant) {
            self.bytes = self.bytes - slot.bytes + bytes;
            slot.bytes = bytes;
            self.make_room(tenant);
        }
    }

    /// Drops the copies that were not used for longest, but never that of `keep`.
    fn make_room(&mut self, keep: &Tenant) {
        while self.bytes > self.limit {
            let oldest = self.slots.iter().filter(|(tenant, _)| *tenant != keep).min_by_key(|(_, slot)| slot.used);
            let Some(oldest) = oldest.map(|(tenant, _)| tenant.clone()) else { return };
            self.remove(&oldest);
        }
    }

    fn remove(&mut self, tenant: &Tenant) {
        if let Some(slot) = self.slots.remove(tenant) {
            self.bytes -= slot.bytes;
        }
    }

    fn clear(&mut self) {
        self.slots.clear();
        self.bytes = 0;
    }
}

fn read(shelf: &Shared) -> RwLockReadGuard<'_, Shelf> {
    shelf.read().unwrap_or_else(PoisonError::into_inner)
}

fn search(shelves: &[Shared], scope: &Scope, query: &Query) -> Vec<Hit> {
    let guards: Vec<_> = shelves.iter().map(read).collect();
    shelf::search(&guards.iter().map(|guard| &**guard).collect::<Vec<_>>(), scope, query)
}

async fn off_the_runtime<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, RecallError> {
    let stopped = |_| RecallError::Unavailable { what: WHAT, why: "the search was cut off".into() };
    tokio::task::spawn_blocking(work).await.map_err(stopped)
}

/// A revision that no state of any tenant had before.
fn fresh_revision() -> i64 {
    let mut bytes = [0; 8];
    getrandom::fill(&mut bytes).expect("the operating system has a random source");
    i64::from_le_bytes(bytes)
}

fn row(entry: &Entry, print: &Print) -> Chunk {
    Chunk {
        id: entry.id.clone(),
        memory: entry.memory.as_str().to_owned(),
        tenant: entry.tenant.as_str().to_owned(),
        place: entry.place.as_str().to_owned(),
        reach: entry.reach.as_str(),
        at: entry.at.0,
        terms: print.to_bytes(),
        dense: entry.dense.iter().flat_map(|value| value.to_le_bytes()).collect(),
    }
}

fn item(entry: &Entry, print: Print) -> Item {
    Item {
        id: entry.id.clone(),
        memory: entry.memory.clone(),
        place: entry.place.clone(),
        reach: entry.reach,
        at: entry.at,
        print,
        dense: entry.dense.clone(),
    }
}

fn fill(mut shelf: Shelf, rows: Vec<Loaded>) -> Result<Shelf, RecallError> {
    for row in rows {
        let wrong = |column| db::Error::Inconsistent { table: "chunk", column, row: row.id.clone() };
        let print = Print::from_bytes(&row.terms).ok_or_else(|| wrong("terms"))?;
        let (numbers, rest) = row.dense.as_chunks::<4>();
        if numbers.len() != shelf.dimension() || !rest.is_empty() {
            return Err(wrong("dense").into());
        }
        shelf.push(Item {
            memory: MemoryId::new(row.memory_id),
            place: PlaceId::new(row.place_id),
            reach: Reach::read(&row.reach),
            at: Moment(row.at),
            print,
            dense: numbers.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect(),
            id: row.id,
        });
    }
    Ok(shelf)
}
