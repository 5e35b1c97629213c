//! Recall: finding the memories that matter. SQL rows are the truth; vectors are derived and rebuildable.
//!
//! Every search names a [`Scope`]; every hit is checked against it again before it is returned.

pub mod chunk;
mod codes;
pub mod dates;
pub mod endpoint;
pub mod eval;
mod exact;
pub mod house;
pub mod index_text;
mod keeper;
mod kin;
mod qdrant;
pub mod rank;
pub mod said_once;
mod shelf;
pub mod signs;
#[cfg(feature = "local-model")]
pub mod transformer;
mod wordpiece;
pub mod words;

use std::sync::Arc;

use async_trait::async_trait;

pub use exact::Exact;
pub use keeper::Recall;
pub use qdrant::{Qdrant, QdrantSettings};
pub use signs::{Line, Spoken};

use crate::config::{Config, EmbeddingsConfig};
use crate::db::Db;
use crate::domain::{MemoryId, Moment, PlaceId, Reach, Scope, Tenant};

/// An embedding space: vectors of different spaces never meet.
#[derive(Clone, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub struct Space {
    /// Model name.
    pub model: String,
    /// Revision or checksum of the model.
    pub revision: String,
    pub dimension: usize,
    /// Prefix put before queries, part of what makes spaces differ.
    pub query_prefix: String,
}

impl Space {
    /// Short stable name: what the database and collection names carry.
    pub fn tag(&self) -> String {
        let plain = |text: &str| {
            text.chars()
                .map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' })
                .collect::<String>()
        };
        let prefix = if self.query_prefix.is_empty() { "" } else { "-q" };
        format!("{}-{}-{}{prefix}", plain(&self.model), plain(&self.revision), self.dimension)
    }
}

/// Which side of a search a text is on; some models prefix them differently.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    Query,
    Passage,
}

/// Turns texts into unit vectors of one space.
#[async_trait]
pub trait Embedder: Send + Sync {
    /// The space of every vector this embedder returns.
    fn space(&self) -> &Space;
    /// Longest text, in tokens, that is embedded whole; longer ones must be chunked first.
    fn max_tokens(&self) -> usize;
    /// Tokens of a text as this embedder counts them (an upper bound where it cannot know).
    fn count(&self, text: &str) -> usize;
    /// One unit vector of `space().dimension` a text, in order.
    async fn embed(&self, side: Side, texts: &[&str]) -> Result<Vec<Vec<f32>>, RecallError>;
    /// Tokens of passages that somebody else embedded since this was asked last, as they counted them.
    fn served(&self) -> u64 {
        0
    }
}

/// A chunk of a memory as a store keeps it.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// Derived from the memory id and the chunk number: putting it again replaces it.
    pub id: String,
    pub memory: MemoryId,
    pub tenant: Tenant,
    pub place: PlaceId,
    pub reach: Reach,
    pub at: Moment,
    /// The indexed text, with speaker, date and context.
    pub text: String,
    /// What of it was spoken in this chunk itself.
    pub spoken: Spoken,
    /// Unit vector of the store's space.
    pub dense: Vec<f32>,
}

/// What to look for.
#[derive(Clone, Debug, PartialEq)]
pub struct Query {
    pub text: String,
    /// Unit vector of the store's space; `None`: lexical only.
    pub dense: Option<Vec<f32>>,
    /// How many memories to return.
    pub limit: usize,
    pub weights: Weights,
}

/// What each part of a score counts for. Parts are in standard deviations over the candidates, see [`rank`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Weights {
    /// Likeness of vectors.
    pub dense: f32,
    /// BM25 over the indexed text.
    pub lexical: f32,
    /// Likeness of vectors of the lines around.
    pub near_dense: f32,
    /// BM25 over what was spoken in the lines around.
    pub near_lexical: f32,
    /// BM25 over the stretch of talk.
    pub stretch: f32,
    /// The question names the speaker.
    pub speaker: f32,
    /// The question asks for a time, and one is said.
    pub dated: f32,
    /// A question is among it.
    pub asks: f32,
    /// The speaker speaks of themselves.
    pub own: f32,
    /// How much is said.
    pub size: f32,
    /// The question names a day or month, and it was said or was then.
    pub day: f32,
    /// Words akin to those that are asked for, where these are not said.
    pub kin: f32,
    /// How far one is put back for each other of its stretch of talk before it, where a question asks for what there was
    /// over time; 0: nothing is different about such questions.
    pub spread: f32,
}

impl Weights {
    /// Measured; see `docs/retrieval.md`.
    pub const DEFAULT: Self = Self {
        dense: 0.3,
        lexical: 1.0,
        near_dense: 1.0,
        near_lexical: 1.0,
        stretch: 0.6,
        speaker: 1.0,
        dated: 1.7,
        asks: -1.0,
        own: 0.8,
        size: 0.6,
        day: 1.0,
        kin: 0.5,
        spread: 0.6,
    };

    /// The weights by name, in the order of [`rank::parts`].
    pub fn named(&mut self) -> [(&'static str, &mut f32); rank::PARTS] {
        [
            ("vectors", &mut self.dense),
            ("words", &mut self.lexical),
            ("near-vectors", &mut self.near_dense),
            ("near-words", &mut self.near_lexical),
            ("stretch", &mut self.stretch),
            ("speaker", &mut self.speaker),
            ("dates", &mut self.dated),
            ("asking", &mut self.asks),
            ("self", &mut self.own),
            ("size", &mut self.size),
            ("day", &mut self.day),
            ("kin", &mut self.kin),
        ]
    }

    /// The weights in the order of [`rank::parts`].
    pub fn list(mut self) -> [f32; rank::PARTS] {
        self.named().map(|(_, weight)| *weight)
    }

    /// Only likeness of vectors and BM25.
    pub const fn plain(dense: f32, lexical: f32) -> Self {
        Self {
            dense,
            lexical,
            near_dense: 0.0,
            near_lexical: 0.0,
            stretch: 0.0,
            speaker: 0.0,
            dated: 0.0,
            asks: 0.0,
            own: 0.0,
            size: 0.0,
            day: 0.0,
            kin: 0.0,
            spread: 0.0,
        }
    }
}

/// A found memory (its best chunk), best first.
#[derive(Clone, Debug, PartialEq)]
pub struct Hit {
    pub memory: MemoryId,
    pub tenant: Tenant,
    pub place: PlaceId,
    pub reach: Reach,
    pub at: Moment,
    /// Fused score; only comparable within one answer.
    pub score: f32,
    /// Cosine with the query; `None` when not scored densely.
    pub dense: Option<f32>,
    /// BM25; `None` when no query word occurs.
    pub lexical: Option<f32>,
    /// Memories that say the same in the same words, newest first; this is the newest of all.
    pub again: Vec<MemoryId>,
}

/// What to remove from a store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Forget {
    Memories(Vec<MemoryId>),
    Tenant(Tenant),
    /// Everything, before a reindex.
    All,
}

/// Keeps chunks and finds them.
#[async_trait]
pub trait VectorStore: Send + Sync {
    /// Short name: `embedded`, `qdrant`.
    fn name(&self) -> &'static str;
    /// Makes the store ready for `space`; errs when it holds another one's vectors.
    async fn open(&self, space: &Space) -> Result<(), RecallError>;
    /// Adds or replaces chunks; durable when it returns.
    async fn put(&self, entries: &[Entry]) -> Result<(), RecallError>;
    /// The best memories that `scope` admits. Never more than `query.limit`, never one twice, nor two that say the same.
    async fn search(&self, scope: &Scope, query: &Query) -> Result<Vec<Hit>, RecallError>;
    /// Removes chunks; gone from every later search when it returns.
    async fn forget(&self, what: &Forget) -> Result<(), RecallError>;
    /// Number of chunks in a tenant, or in all.
    async fn count(&self, tenant: Option<&Tenant>) -> Result<u64, RecallError>;
    /// Whether the store answers.
    async fn check(&self) -> Result<(), RecallError>;
}

/// The store that the settings ask for: Qdrant where `QDRANT_URL` is set, else the embedded one. It still has to
/// be opened for an embedder's space.
///
/// # Errors
/// [`RecallError::Unusable`] when a setting cannot be used. A server that is away is no error here.
pub async fn open_store(config: &Config, db: &Db) -> Result<Arc<dyn VectorStore>, RecallError> {
    let Some(url) = &config.qdrant_url else {
        return Ok(Arc::new(Exact::with_cache(db.clone(), config.memory_cache_mb << 20)));
    };
    let settings = QdrantSettings { api_key: config.qdrant_api_key.clone(), ..QdrantSettings::new(url) };
    Ok(Arc::new(Qdrant::new(settings)?))
}

/// Why recall failed.
#[derive(Debug, thiserror::Error)]
pub enum RecallError {
    /// The vectors on hand are of another space.
    #[error(
        "the stored vectors are of the embedding space {found}, but {wanted} is configured; run `greenroom reindex`"
    )]
    WrongSpace { found: String, wanted: String },
    /// The store or embedder cannot be reached or does not answer in time; try again later.
    #[error("{what} is not available: {why}")]
    Unavailable { what: &'static str, why: String },
    /// It answered something that cannot be right.
    #[error("{what} gave an unusable answer: {why}")]
    Unusable { what: &'static str, why: String },
    #[error("reading or writing recall data")]
    Db(#[from] crate::db::Error),
}

/// The embedder that the settings ask for: the endpoint if there is one, else a transformer's folder, else the house's.
pub async fn open_embedder(config: &EmbeddingsConfig) -> Result<Arc<dyn Embedder>, RecallError> {
    if let Some(base_url) = &config.base_url {
        let model = config.model.clone().ok_or_else(|| RecallError::Unusable {
            what: "EMBEDDINGS_BASE_URL",
            why: "it needs a model; set EMBEDDINGS_MODEL to a name that the endpoint knows".to_owned(),
        })?;
        let settings = endpoint::Settings { base_url: base_url.clone(), api_key: config.api_key.clone(), model };
        return Ok(Arc::new(endpoint::Endpoint::open(&settings).await?));
    }
    if let Some(folder) = &config.embedder_dir {
        return open_transformer(folder.clone()).await;
    }
    Ok(Arc::new(house::House::new()))
}

#[cfg(feature = "local-model")]
async fn open_transformer(folder: std::path::PathBuf) -> Result<Arc<dyn Embedder>, RecallError> {
    let load = move || transformer::Transformer::load(&folder);
    let loaded = tokio::task::spawn_blocking(load).await.map_err(|error| RecallError::Unusable {
        what: "the transformer embedder",
        why: format!("loading it panicked: {error}"),
    })??;
    Ok(Arc::new(loaded))
}

#[cfg(not(feature = "local-model"))]
async fn open_transformer(_: std::path::PathBuf) -> Result<Arc<dyn Embedder>, RecallError> {
    Err(RecallError::Unusable {
        what: "GREENROOM_EMBEDDER_DIR",
        why: "this binary is built without the feature local-model; unset it or use another build".to_owned(),
    })
}
