//! Every setting, once: name, default, meaning. `greenroom config example` prints this as `.env.example`.

use std::path::PathBuf;

use secrecy::SecretString;

/// What this instance is told to be.
#[derive(Clone, Debug)]
pub struct Config {
    /// `GREENROOM_DATA_DIR`: everything this instance keeps.
    pub data_dir: PathBuf,
    /// `DATABASE_URL`: `sqlite://PATH` or `postgres://…`; default is a file in the data directory.
    pub database_url: Option<SecretString>,
    /// `QDRANT_URL`: gRPC address; unset: the embedded store.
    pub qdrant_url: Option<String>,
    /// `QDRANT_API_KEY`.
    pub qdrant_api_key: Option<SecretString>,
    pub llm: LlmConfig,
    pub embeddings: EmbeddingsConfig,
    /// `OWNERS`: identities `platform:subject` of the operators.
    pub owners: Vec<String>,
    /// `GREENROOM_MENTION_CHAR`.
    pub mention_char: char,
    /// `GREENROOM_WORKERS`: turns generated at once.
    pub workers: usize,
    /// `GREENROOM_LOCALE`: fallback locale.
    pub locale: String,
    /// `GREENROOM_TIME_ZONE`: IANA zone for members who chose none.
    pub time_zone: String,
    /// `GREENROOM_PERSONALITIES_DIR`: the operator's own personality files, added to the built-in ones.
    pub personalities_dir: Option<PathBuf>,
    /// `HTTP_ADDR`: health and API.
    pub http_addr: String,
    /// `METRICS_ADDR`: Prometheus.
    pub metrics_addr: String,
}

/// The operator's model.
#[derive(Clone, Debug)]
pub struct LlmConfig {
    /// `LLM_BASE_URL`: OpenAI-compatible, up to and including `/v1`; unset: a local server if found, else the in-process model.
    pub base_url: Option<String>,
    /// `LLM_API_KEY`.
    pub api_key: Option<SecretString>,
    /// `LLM_MODEL`.
    pub model: Option<String>,
    /// `GREENROOM_LOCAL_MODEL`: a GGUF file for the in-process model.
    pub local_model: Option<PathBuf>,
    /// `LLM_CONTEXT_TOKENS`: window of the model where the tables do not know it.
    pub context_tokens: Option<u32>,
    /// `LLM_CONNECT_TIMEOUT_SECS`, default 5.
    pub connect_timeout_secs: u64,
    /// `LLM_FIRST_BYTE_TIMEOUT_SECS`, default 20.
    pub first_byte_timeout_secs: u64,
    /// `LLM_IDLE_TIMEOUT_SECS`: longest gap within an answer, default 30.
    pub idle_timeout_secs: u64,
    /// `LLM_TIMEOUT_SECS`: the whole call, default 180.
    pub timeout_secs: u64,
    /// `LLM_MAX_ANSWER_CHARS`: longest answer kept, default 65,536.
    pub max_answer_chars: usize,
}

/// Where embeddings come from.
#[derive(Clone, Debug, Default)]
pub struct EmbeddingsConfig {
    /// `EMBEDDINGS_BASE_URL`; unset: the house embedder.
    pub base_url: Option<String>,
    /// `EMBEDDINGS_API_KEY`.
    pub api_key: Option<SecretString>,
    /// `EMBEDDINGS_MODEL`.
    pub model: Option<String>,
    /// `GREENROOM_EMBEDDER_DIR`: folder of a transformer embedder.
    pub embedder_dir: Option<PathBuf>,
}
