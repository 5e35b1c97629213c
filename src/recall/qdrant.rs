//! Qdrant as the vector store, over gRPC: one collection per embedding space, tenants by payload.
//!
//! A search is one round trip of two queries over the same candidates (the best by vector and the best by words):
//! one scores all of them by vector, the other by words. The fusion is [`rank::best`], not the server's: RRF and
//! DBSF weigh both lists alike on the servers in use, which loses to BM25 alone, and with our own the same memories
//! come up whichever store is configured. What differs from the embedded store: words are weighed by how rare they
//! are in the whole collection instead of in the scope, and texts are compared with a typical length.
//!
//! Qdrant keeps ids, marks, vectors and hashed words; nobody's text. Collections whose name begins with the prefix
//! belong to this instance: a server shared with others needs a prefix each.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use ::qdrant_client::qdrant::{
    Condition, CountPointsBuilder, CreateCollectionBuilder, CreateFieldIndexCollectionBuilder, DeletePointsBuilder,
    Distance, FieldType, Filter, HnswConfigDiffBuilder, KeywordIndexParamsBuilder, Modifier, NamedVectors, PointStruct,
    PrefetchQuery, PrefetchQueryBuilder, Query as Scoring, QueryBatchPointsBuilder, QueryPoints, QueryPointsBuilder,
    ScoredPoint, SparseVectorParamsBuilder, SparseVectorsConfigBuilder, UpsertPointsBuilder, Value, Vector,
    VectorInput, VectorParamsBuilder, VectorsConfigBuilder, r#match::MatchValue, value::Kind, vectors_config,
};
use ::qdrant_client::{Payload, Qdrant as Client, QdrantError};
use async_trait::async_trait;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use secrecy::{ExposeSecret as _, SecretString};
use tonic::Code;
use uuid::Uuid;

use super::rank::{self, Candidate};
use super::said_once::Once;
use super::signs::{Count, Print, Question};
use super::words;
use super::{Entry, Forget, Hit, Query, RecallError, Space, VectorStore};
use crate::domain::{MemoryId, Moment, PlaceId, Reach, Scope, Tenant};

/// Longest wait for a search: an answer without memories is better than none.
pub const SEARCH_DEADLINE: Duration = Duration::from_millis(150);
/// Longest wait for anything else.
const REQUEST_DEADLINE: Duration = Duration::from_secs(20);
/// Longest wait for a connection.
const CONNECT_DEADLINE: Duration = Duration::from_secs(3);
/// Points sent in one request.
const BATCH: usize = 256;
/// Names of our collections begin with this.
const PREFIX: &str = "greenroom-";
/// Edges of a point in the search graph of its tenant. The graph over everybody is left out (`m` = 0): no search
/// looks across tenants.
const TENANT_EDGES: u64 = 16;
/// Space of the point ids.
const POINTS: Uuid = Uuid::from_u128(0x6b8f_2a51_93c4_4d0e_8f7a_1d25_c06e_94b3);

const WHAT: &str = "Qdrant";
const DENSE: &str = "dense";
const WORDS: &str = "bm25";
/// Payload field of what was spoken in a chunk, see [`Print`].
const PRINT: &str = "print";
/// Payload fields that filters use or operators look things up by.
const INDEXED: [&str; 5] = ["tenant", "memory", "place", "privacy", "at"];

/// How to reach Qdrant.
#[derive(Clone, Debug)]
pub struct QdrantSettings {
    /// gRPC URL, such as `http://127.0.0.1:6334`.
    pub url: String,
    pub api_key: Option<SecretString>,
    /// What collection names begin with.
    pub prefix: String,
    /// Longest wait for a search.
    pub search_deadline: Duration,
}

impl QdrantSettings {
    /// The usual settings for the server at `url`, without a key.
    pub fn new(url: impl Into<String>) -> Self {
        Self { url: url.into(), api_key: None, prefix: PREFIX.into(), search_deadline: SEARCH_DEADLINE }
    }
}

/// The store.
pub struct Qdrant {
    client: Client,
    prefix: String,
    search_deadline: Duration,
    /// The space the store is to be opened for: set at once, even while the server is away.
    wanted: RwLock<Option<Arc<Wanted>>>,
    preparing: tokio::sync::Mutex<()>,
}

#[derive(Debug)]
struct Wanted {
    tag: String,
    collection: String,
    dimension: usize,
    ready: AtomicBool,
}

impl Qdrant {
    /// A store on the server of `settings`. Connects when it is first used.
    ///
    /// # Errors
    /// [`RecallError::Unusable`] when the URL or key cannot be one.
    pub fn new(settings: QdrantSettings) -> Result<Self, RecallError> {
        let unusable = |what, why: &str| RecallError::Unusable { what, why: why.into() };
        let key = settings.api_key.as_ref().map(|key| key.expose_secret().to_owned());
        // Checked here because the client repeats a malformed key in its error message.
        if key.as_ref().is_some_and(|key| key.is_empty() || !key.bytes().all(|byte| byte.is_ascii_graphic())) {
            return Err(unusable("QDRANT_API_KEY", "it is empty or has characters that no key has"));
        }
        let local = ["http://127.0.0.1", "http://localhost", "http://[::1]"];
        if key.is_some() && settings.url.starts_with("http://") && !local.iter().any(|at| settings.url.starts_with(at))
        {
            tracing::warn!("QDRANT_API_KEY is sent unencrypted; use an https:// URL unless the network is yours alone");
        }
        let client = Client::from_url(&settings.url)
            .api_key(key)
            .timeout(REQUEST_DEADLINE)
            .connect_timeout(CONNECT_DEADLINE)
            // It prints to standard output, and does so from a thread of its own.
            .skip_compatibility_check()
            .build()
            .map_err(|_| unusable("QDRANT_URL", "it is no URL like http://127.0.0.1:6334"))?;
        Ok(Self {
            client,
            prefix: settings.prefix,
            search_deadline: settings.search_deadline,
            wanted: RwLock::default(),
            preparing: tokio::sync::Mutex::default(),
        })
    }

    /// The collection to work with, made ready if it was not yet.
    async fn ready(&self) -> Result<Arc<Wanted>, RecallError> {
        let wanted = self.wanted.read().unwrap_or_else(PoisonError::into_inner).clone();
        let wanted =
            wanted.ok_or_else(|| RecallError::Unavailable { what: WHAT, why: "the store was not opened".into() })?;
        if !wanted.ready.load(Ordering::Acquire) {
            let _one_at_a_time = self.preparing.lock().await;
            if !wanted.ready.load(Ordering::Acquire) {
                self.prepare(&wanted).await?;
                wanted.ready.store(true, Ordering::Release);
            }
        }
        Ok(wanted)
    }

    /// Makes or checks the collection and its indexes.
    async fn prepare(&self, wanted: &Wanted) -> Result<(), RecallError> {
        let wrong = |found: String| RecallError::WrongSpace { found, wanted: wanted.tag.clone() };
        let collections = self.collections().await?;
        for other in collections.iter().filter(|name| **name != wanted.collection) {
            if self.count_in(other, Filter::default()).await.map_err(failed)? > 0 {
                return Err(wrong(other.trim_start_matches(&self.prefix).to_owned()));
            }
        }
        if !collections.contains(&wanted.collection) {
            match self.client.create_collection(collection(wanted)).await {
                // Another process was faster.
                Err(QdrantError::ResponseError { status }) if status.code() == Code::AlreadyExists => {}
                made => {
                    made.map_err(failed)?;
                }
            }
        }
        let info = self.client.collection_info(&wanted.collection).await.map_err(failed)?.result.unwrap_or_default();
        let params = info.config.and_then(|config| config.params).unwrap_or_default();
        let dense = match params.vectors_config.and_then(|config| config.config) {
            Some(vectors_config::Config::ParamsMap(mut map)) => map.map.remove(DENSE),
            _ => None,
        };
        match dense {
            Some(dense) if dense.size == wanted.dimension as u64 => {}
            Some(dense) => return Err(wrong(format!("{} with {} dimensions", wanted.tag, dense.size))),
            None => return Err(wrong(format!("{} of another layout", wanted.tag))),
        }
        for field in INDEXED.into_iter().filter(|field| !info.payload_schema.contains_key(*field)) {
            let kind = if field == "at" { FieldType::Integer } else { FieldType::Keyword };
            let mut index = CreateFieldIndexCollectionBuilder::new(&wanted.collection, field, kind).wait(true);
            if field == "tenant" {
                index = index.field_index_params(KeywordIndexParamsBuilder::default().is_tenant(true));
            }
            self.client.create_field_index(index).await.map_err(failed)?;
        }
        Ok(())
    }

    /// Names of all collections of this instance.
    async fn collections(&self) -> Result<Vec<String>, RecallError> {
        let listed = self.client.list_collections().await.map_err(failed)?.collections;
        Ok(listed.into_iter().map(|collection| collection.name).filter(|name| name.starts_with(&self.prefix)).collect())
    }

    /// Runs `work` on the collection. One that has vanished is made anew, once: somebody cleared the store.
    async fn on_collection<T, W>(&self, work: impl Fn(Arc<Wanted>) -> W + Send) -> Result<T, RecallError>
    where
        W: Future<Output = Result<T, QdrantError>> + Send,
    {
        let wanted = self.ready().await?;
        match work(wanted.clone()).await {
            Err(QdrantError::ResponseError { status }) if status.code() == Code::NotFound => {
                tracing::warn!(
                    "the Qdrant collection is gone and is made anew; run `greenroom reindex` if nobody cleared it"
                );
                wanted.ready.store(false, Ordering::Release);
                work(self.ready().await?).await.map_err(failed)
            }
            done => done.map_err(failed),
        }
    }

    async fn count_in(&self, collection: &str, filter: Filter) -> Result<u64, QdrantError> {
        let request = CountPointsBuilder::new(collection).filter(filter).exact(true);
        Ok(self.client.count(request).await?.result.unwrap_or_default().count)
    }

    async fn find(&self, scope: &Scope, query: &Query) -> Result<Vec<Hit>, RecallError> {
        let wanted = self.ready().await?;
        if let Some(dense) = &query.dense {
            checked(&wanted, dense)?;
        }
        let requests = requests(&wanted.collection, scope, query);
        if requests.is_empty() {
            return Ok(Vec::new());
        }
        let answered = self.on_collection(|wanted| {
            let batch = QueryBatchPointsBuilder::new(&wanted.collection, requests.clone());
            async { self.client.query_batch(batch).await }
        });
        let mut results = answered.await?.result.into_iter().map(|list| list.result);
        let (first, second) = (results.next().unwrap_or_default(), results.next().unwrap_or_default());
        rank(scope, query, first, second)
    }
}

/// What carries everywhere, as points say it.
const OPEN: &[&str] = &["open"];
/// What carries where its member allowed it as well; with the words of points from before there was another kind.
const NOT_SEALED: &[&str] = &["open", "private", "direct", "closed"];

/// What a search may see: the only way to a filter for a search.
fn admitted(scope: &Scope) -> Filter {
    let tenants = scope.tenants().iter().map(|tenant| tenant.as_str().to_owned()).collect();
    let mut must = vec![is_any("tenant", tenants)];
    let far = match scope.beyond() {
        Reach::Open => Some(OPEN),
        Reach::Private => Some(NOT_SEALED),
        Reach::Sealed => None,
    };
    if let Some(far) = far {
        let far = is_any("privacy", far.iter().copied().map(str::to_owned).collect());
        let here = is_any("place", vec![scope.place().as_str().to_owned()]);
        must.push(Filter::any([far, here]).into());
    }
    Filter::all(must)
}

/// Whether `field` is exactly one of `values`. A plain string would become a full-text match as soon as it had a
/// space in it, and match too much.
fn is_any(field: &str, values: Vec<String>) -> Condition {
    Condition::matches(field, MatchValue::from(values))
}

/// The queries of a search: all candidates by vector, then all by words; only one where the other has nothing to
/// go by.
fn requests(collection: &str, scope: &Scope, query: &Query) -> Vec<QueryPoints> {
    let pool = rank::pool(query.limit) as u64;
    let terms = Question::of(&query.text).terms;
    let by_words = (!terms.is_empty()).then(|| {
        let ones = vec![1.0; terms.len()];
        (WORDS, Scoring::new_nearest(VectorInput::new_sparse(terms, ones)))
    });
    let by_vector = query.dense.clone().map(|dense| (DENSE, Scoring::new_nearest(VectorInput::new_dense(dense))));
    let scorings: Vec<_> = by_vector.into_iter().chain(by_words).collect();
    let prefetch: Vec<PrefetchQuery> = scorings
        .iter()
        .map(|(using, scoring)| {
            let prefetch = PrefetchQueryBuilder::default().query(scoring.clone()).using(*using);
            prefetch.filter(admitted(scope)).limit(pool).build()
        })
        .collect();
    let request = |(using, scoring): &(&str, Scoring)| {
        let request = QueryPointsBuilder::new(collection).query(scoring.clone()).using(*using).with_payload(true);
        let request = request.filter(admitted(scope));
        match prefetch.len() {
            1 => request.limit(pool),
            lists => request.prefetch(prefetch.clone()).limit(pool * lists as u64),
        }
    };
    scorings.iter().map(|scoring| request(scoring).build()).collect()
}

/// Puts both lists together; they may be one list when the query had only one side.
fn rank(
    scope: &Scope,
    query: &Query,
    first: Vec<ScoredPoint>,
    second: Vec<ScoredPoint>,
) -> Result<Vec<Hit>, RecallError> {
    let (by_vector, by_words) = if query.dense.is_some() { (first, second) } else { (second, first) };
    let mut found: HashMap<String, Found> = HashMap::new();
    for (list, dense) in [(by_vector, true), (by_words, false)] {
        for point in list {
            let score = point.score;
            let new = read(point)?;
            if !scope.admits(&new.hit.tenant, &new.hit.place, new.hit.reach) {
                tracing::error!("Qdrant answered with a memory outside of the scope that was asked for; left out");
                crate::ops::metrics::foreign_hit();
                continue;
            }
            let Found { hit, .. } = found.entry(new.chunk.clone()).or_insert(new);
            if dense {
                hit.dense = Some(score);
            } else if score > 0.0 {
                hit.lexical = Some(score);
            }
        }
    }
    let question = Question::of(&query.text);
    let found: Vec<Found> = found.into_values().collect();
    let spoken = |print: &Print, term: &u32| {
        let at = print.counts.binary_search_by_key(term, |count| count.term);
        at.map_or(0, |at| print.counts[at].spoken)
    };
    let counts: Vec<Vec<u16>> =
        found.iter().map(|one| question.telling.iter().map(|term| spoken(&one.print, term)).collect()).collect();
    let kin: Vec<Vec<u8>> = found.iter().map(|one| question.kin_in(&one.print)).collect();
    let candidates: Vec<Candidate<'_>> = found
        .iter()
        .zip(counts.iter().zip(&kin))
        .map(|(Found { chunk, print, hit }, (counts, kin))| Candidate {
            id: chunk,
            memory: &hit.memory,
            place: &hit.place,
            at: hit.at,
            dense: hit.dense,
            lexical: hit.lexical,
            line: print.line,
            signs: print.signs,
            is_named: question.names(&print.by),
            is_of_day: print.is_of(&question.days),
            counts,
            kin,
            says: print.says,
        })
        .collect();
    let best = rank::best(&question, &candidates, query.weights, query.limit);
    let hit = |Once { at, score, again }: Once| {
        let again = again.into_iter().map(|at| found[at].hit.memory.clone()).collect();
        Hit { score, again, ..found[at].hit.clone() }
    };
    Ok(best.into_iter().map(hit).collect())
}

/// A point as scoring needs it.
struct Found {
    chunk: String,
    print: Print,
    hit: Hit,
}

/// What a point says of its chunk.
fn read(mut point: ScoredPoint) -> Result<Found, RecallError> {
    let unusable =
        |field: &str| RecallError::Unusable { what: WHAT, why: format!("a point without a readable `{field}`") };
    let mut text = |field: &str| match point.payload.remove(field) {
        Some(Value { kind: Some(Kind::StringValue(text)) }) => Ok(text),
        _ => Err(unusable(field)),
    };
    let (chunk, memory, tenant, place) = (text("chunk")?, text("memory")?, text("tenant")?, text("place")?);
    let reach = Reach::read(&text("privacy")?);
    let print = BASE64_STANDARD.decode(text(PRINT)?).ok().and_then(|bytes| Print::from_bytes(&bytes));
    let print = print.ok_or_else(|| unusable(PRINT))?;
    let Some(Value { kind: Some(Kind::IntegerValue(at)) }) = point.payload.remove("at") else {
        return Err(unusable("at"));
    };
    let hit = Hit {
        memory: MemoryId::new(memory),
        tenant: Tenant::stored(tenant),
        place: PlaceId::new(place),
        reach,
        at: Moment(at),
        score: 0.0,
        dense: None,
        lexical: None,
        again: Vec::new(),
    };
    Ok(Found { chunk, print, hit })
}

#[async_trait]
impl VectorStore for Qdrant {
    fn name(&self) -> &'static str {
        "qdrant"
    }

    async fn open(&self, space: &Space) -> Result<(), RecallError> {
        let tag = format!("{}-w{}", space.tag(), words::REVISION);
        let wanted = Wanted {
            collection: format!("{}{tag}", self.prefix),
            tag,
            dimension: space.dimension,
            ready: false.into(),
        };
        *self.wanted.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(wanted));
        self.ready().await.map(|_| ())
    }

    async fn put(&self, entries: &[Entry]) -> Result<(), RecallError> {
        let wanted = self.ready().await?;
        for entry in entries {
            checked(&wanted, &entry.dense)?;
        }
        for batch in entries.chunks(BATCH) {
            let points: Vec<PointStruct> = batch.iter().map(point).collect();
            let written = self.on_collection(|wanted| {
                let request = UpsertPointsBuilder::new(&wanted.collection, points.clone()).wait(true);
                async { self.client.upsert_points(request).await }
            });
            written.await?;
        }
        Ok(())
    }

    async fn search(&self, scope: &Scope, query: &Query) -> Result<Vec<Hit>, RecallError> {
        let found = tokio::time::timeout(self.search_deadline, self.find(scope, query)).await;
        found.unwrap_or_else(|_| {
            let why = format!("no answer within {} ms", self.search_deadline.as_millis());
            Err(RecallError::Unavailable { what: WHAT, why })
        })
    }

    async fn forget(&self, what: &Forget) -> Result<(), RecallError> {
        let filter = match what {
            Forget::Memories(memories) if memories.is_empty() => return Ok(()),
            Forget::Memories(memories) => {
                is_any("memory", memories.iter().map(|memory| memory.as_str().to_owned()).collect())
            }
            Forget::Tenant(tenant) => is_any("tenant", vec![tenant.as_str().to_owned()]),
            Forget::All => {
                let _one_at_a_time = self.preparing.lock().await;
                for collection in self.collections().await? {
                    self.client.delete_collection(&collection).await.map_err(failed)?;
                }
                if let Some(wanted) = &*self.wanted.read().unwrap_or_else(PoisonError::into_inner) {
                    wanted.ready.store(false, Ordering::Release);
                }
                return Ok(());
            }
        };
        let deleted = self.on_collection(|wanted| {
            let points = Filter::all([filter.clone()]);
            let request = DeletePointsBuilder::new(&wanted.collection).points(points).wait(true);
            async { self.client.delete_points(request).await }
        });
        deleted.await.map(|_| ())
    }

    async fn count(&self, tenant: Option<&Tenant>) -> Result<u64, RecallError> {
        let filter = tenant.map(|tenant| Filter::all([is_any("tenant", vec![tenant.as_str().to_owned()])]));
        let filter = &filter.unwrap_or_default();
        let counted =
            self.on_collection(|wanted| async move { self.count_in(&wanted.collection, filter.clone()).await });
        counted.await
    }

    async fn check(&self) -> Result<(), RecallError> {
        let checked = tokio::time::timeout(CONNECT_DEADLINE, async {
            self.client.health_check().await.map_err(failed)?;
            self.ready().await.map(|_| ())
        });
        let late = |_| Err(RecallError::Unavailable { what: WHAT, why: "it does not answer a health check".into() });
        checked.await.unwrap_or_else(late)
    }
}

fn collection(wanted: &Wanted) -> CreateCollectionBuilder {
    let mut dense = VectorsConfigBuilder::default();
    dense.add_named_vector_params(DENSE, VectorParamsBuilder::new(wanted.dimension as u64, Distance::Cosine));
    let mut words = SparseVectorsConfigBuilder::default();
    words.add_named_vector_params(WORDS, SparseVectorParamsBuilder::default().modifier(Modifier::Idf));
    CreateCollectionBuilder::new(&wanted.collection)
        .vectors_config(dense)
        .sparse_vectors_config(words)
        .hnsw_config(HnswConfigDiffBuilder::default().m(0).payload_m(TENANT_EDGES))
}

fn point(entry: &Entry) -> PointStruct {
    let print = Print::of(&entry.text, &entry.spoken);
    let mut vectors = NamedVectors::default().add_vector(DENSE, Vector::new_dense(entry.dense.clone()));
    if !print.counts.is_empty() {
        let words = print.words();
        let weigh = |count: &Count| (count.term, rank::weight(count.all.into(), words, rank::TYPICAL_WORDS));
        let (indices, values): (Vec<u32>, Vec<f32>) = print.counts.iter().map(weigh).unzip();
        vectors = vectors.add_vector(WORDS, Vector::new_sparse(indices, values));
    }
    let mut payload = Payload::new();
    payload.insert("chunk", entry.id.as_str());
    payload.insert("memory", entry.memory.as_str());
    payload.insert(PRINT, BASE64_STANDARD.encode(print.spoken_or_day(&entry.text).to_bytes()));
    payload.insert("tenant", entry.tenant.as_str());
    payload.insert("place", entry.place.as_str());
    payload.insert("privacy", entry.reach.as_str());
    payload.insert("at", entry.at.0);
    PointStruct::new(Uuid::new_v5(&POINTS, entry.id.as_bytes()).to_string(), vectors, payload)
}

fn checked(wanted: &Wanted, dense: &[f32]) -> Result<(), RecallError> {
    if dense.len() != wanted.dimension || dense.iter().any(|value| !value.is_finite()) {
        let why = format!("a vector of {} numbers where {} finite ones belong", dense.len(), wanted.dimension);
        return Err(RecallError::Unusable { what: "the embedder", why });
    }
    Ok(())
}

fn failed(error: QdrantError) -> RecallError {
    let status = match error {
        QdrantError::ResponseError { status } | QdrantError::ResourceExhaustedError { status, .. } => status,
        // Its text can hold the request; the kind is all an operator needs.
        _ => return RecallError::Unusable { what: WHAT, why: "its answer could not be read".into() },
    };
    match status.code() {
        Code::Unauthenticated | Code::PermissionDenied => {
            RecallError::Unavailable { what: WHAT, why: "it refused the key; check QDRANT_API_KEY".into() }
        }
        Code::NotFound => {
            RecallError::Unavailable { what: WHAT, why: "the collection is gone; run `greenroom reindex`".into() }
        }
        Code::InvalidArgument | Code::FailedPrecondition | Code::OutOfRange | Code::Unimplemented => {
            RecallError::Unusable { what: WHAT, why: format!("{}: {}", status.code(), status.message()) }
        }
        code => RecallError::Unavailable { what: WHAT, why: format!("{code}: {}", status.message()) },
    }
}

#[cfg(test)]
mod tests {
    use ::qdrant_client::qdrant::PrefetchQuery;

    use super::*;
    use crate::domain::{PersonaId, PersonalityId};
    use crate::recall::Weights;

    const TENANTS: [&str; 3] = ["p:a persona:abbey", "g:abbey", "s:here:abbey"];

    fn scope() -> Scope {
        Scope::of(PersonaId::new("a persona"), PersonalityId::new("abbey"), PlaceId::new("here"))
    }

    fn query(text: &str, dense: Option<Vec<f32>>) -> Query {
        Query { text: text.into(), dense, limit: 3, weights: Weights::plain(1.0, 1.0) }
    }

    /// Whether a filter lets nothing through that is of another tenant.
    fn names_the_tenants(filter: &Option<Filter>) -> bool {
        let tenants = TENANTS.map(str::to_owned).to_vec();
        filter.as_ref().is_some_and(|filter| filter.must.contains(&is_any("tenant", tenants.clone())))
    }

    fn filtered(prefetch: &PrefetchQuery) -> bool {
        names_the_tenants(&prefetch.filter) && prefetch.prefetch.iter().all(filtered)
    }

    #[test]
    fn every_part_of_every_request_is_filtered() {
        let vector = || Some(vec![0.5; 4]);
        for (query, requests) in [
            (query("two words", vector()), 2),
            (query("two words", None), 1),
            (query("", vector()), 1),
            (query("?!", None), 0),
        ] {
            let made = super::requests("c", &scope(), &query);
            assert_eq!(made.len(), requests, "{query:?}");
            for request in made {
                assert!(names_the_tenants(&request.filter) && request.prefetch.iter().all(filtered), "{request:?}");
            }
        }
    }

    #[test]
    fn a_value_with_spaces_is_matched_whole() {
        let Filter { must, .. } = admitted(&scope());
        let text = format!("{must:?}");
        assert!(text.contains("Keywords") && !text.contains("Text("), "{text}");
    }

    #[test]
    fn a_foreign_point_is_left_out_even_if_the_server_sends_it() {
        let point = |memory: &str, tenant: &str, place: &str, privacy: &str| {
            let mut payload = Payload::new();
            for (field, value) in
                [("chunk", memory), ("memory", memory), ("tenant", tenant), ("place", place), ("privacy", privacy)]
            {
                payload.insert(field, value);
            }
            payload.insert(PRINT, BASE64_STANDARD.encode(Print::default().to_bytes()));
            payload.insert("at", 1);
            ScoredPoint { payload: payload.into(), score: 0.5, ..ScoredPoint::default() }
        };
        let points = vec![
            point("mine", TENANTS[0], "there", "open"),
            point("foreign", "p:another:abbey", "here", "open"),
            point("private", TENANTS[0], "there", "direct"),
            point("unknown", TENANTS[0], "there", "whatever"),
        ];
        let hits = rank(&scope(), &query("x", None), points, Vec::new()).unwrap();
        assert_eq!(hits.iter().map(|hit| hit.memory.as_str()).collect::<Vec<_>>(), ["mine"]);
        let broken = vec![ScoredPoint::default()];
        assert!(matches!(rank(&scope(), &query("x", None), broken, Vec::new()), Err(RecallError::Unusable { .. })));
    }
}
