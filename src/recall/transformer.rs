//! A BERT-family transformer embedder through candle, from a folder the operator names.
//!
//! The folder holds `config.json`, `tokenizer.json` and `model.safetensors` as published, and may hold a
//! `greenroom.json` (see [`Manifest`]) that says how the model wants to be used; well-known models need none.
//! Nothing is ever downloaded here. Work runs on the blocking pool, one batch at a time: candle uses every core
//! by itself.

use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use candle_core::{DType, Device, Tensor};
use candle_nn::VarBuilder;
use candle_transformers::models::{bert, xlm_roberta};
use sha2::{Digest, Sha256};
use tokenizers::{Tokenizer, TruncationDirection};
use tokio::sync::Semaphore;

use super::{Embedder, RecallError, Side, Space};

/// Tokens in one batch, padding included: bounds memory (attention is square in a text's length).
const BATCH_TOKENS: usize = 4096;
/// Largest weights file that is loaded: above every small model, below what makes a small server swap.
const MAX_WEIGHTS_BYTES: u64 = 2 << 30;
/// What errors call it.
const WHAT: &str = "the transformer embedder";

/// How token vectors become one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Pooling {
    /// Their mean.
    Mean,
    /// The first one's.
    Cls,
}

/// `greenroom.json`: how a model wants to be used. Left-out fields take what is known of the model, else the
/// defaults: mean pooling, no prefixes, the model's own window.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Manifest {
    pub pooling: Option<Pooling>,
    pub query_prefix: Option<String>,
    pub passage_prefix: Option<String>,
    /// Longest input in tokens, prefix and special tokens included.
    pub max_tokens: Option<usize>,
}

impl Manifest {
    /// What the publishers of well-known models say, by the name of the folder or of the model.
    fn known(name: &str) -> Self {
        let name = name.to_ascii_lowercase();
        let of = |pooling, query: &str, passage: &str, max_tokens| Self {
            pooling: Some(pooling),
            query_prefix: Some(query.to_owned()),
            passage_prefix: Some(passage.to_owned()),
            max_tokens: Some(max_tokens),
        };
        if name.contains("all-minilm-l6-v2") {
            of(Pooling::Mean, "", "", 256)
        } else if name.contains("bge-") && name.contains("-en") {
            of(Pooling::Cls, "Represent this sentence for searching relevant passages: ", "", 512)
        } else if name.contains("multilingual-e5") || name.contains("e5-small") || name.contains("e5-base") {
            of(Pooling::Mean, "query: ", "passage: ", 512)
        } else {
            Self::default()
        }
    }

    /// This manifest with `other` where it says nothing.
    fn or(self, other: Self) -> Self {
        Self {
            pooling: self.pooling.or(other.pooling),
            query_prefix: self.query_prefix.or(other.query_prefix),
            passage_prefix: self.passage_prefix.or(other.passage_prefix),
            max_tokens: self.max_tokens.or(other.max_tokens),
        }
    }
}

enum Network {
    Bert(bert::BertModel),
    XlmRoberta(xlm_roberta::XLMRobertaModel),
}

struct Model {
    network: Network,
    tokenizer: Tokenizer,
    pooling: Pooling,
    query_prefix: String,
    passage_prefix: String,
    pad: u32,
    /// Longest input in tokens, prefix and special tokens included.
    window: usize,
}

/// The transformer embedder.
pub struct Transformer {
    model: Arc<Model>,
    turns: Arc<Semaphore>,
    space: Space,
    /// Longest text, without prefix.
    max_tokens: usize,
}

/// The parts of `config.json` that decide how the rest is read.
#[derive(serde::Deserialize)]
struct Kind {
    model_type: Option<String>,
    #[serde(default, rename = "_name_or_path")]
    name: String,
    hidden_size: usize,
    max_position_embeddings: usize,
    #[serde(default)]
    pad_token_id: u32,
}

/// `1_Pooling/config.json` of sentence-transformers.
#[derive(Default, serde::Deserialize)]
struct PoolingFile {
    #[serde(default)]
    pooling_mode_cls_token: bool,
    #[serde(default)]
    pooling_mode_mean_tokens: bool,
}

impl Transformer {
    /// Loads a folder; takes a moment and the memory of the weights, so call it off the async threads.
    pub fn load(folder: &Path) -> Result<Self, RecallError> {
        let config = read(folder, "config.json")?;
        let kind: Kind = parse(&config, "config.json")?;
        let weights_file = folder.join("model.safetensors");
        let size = std::fs::metadata(&weights_file).map_err(|error| missing("model.safetensors", &error))?.len();
        if size > MAX_WEIGHTS_BYTES {
            return Err(unusable(format!("model.safetensors has {size} bytes, more than {MAX_WEIGHTS_BYTES}")));
        }
        let weights = read(folder, "model.safetensors")?;
        let folder_name = folder.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let manifest = manifest(folder, &folder_name, &kind)?;
        let pooling = manifest.pooling.unwrap_or(Pooling::Mean);
        let query_prefix = manifest.query_prefix.unwrap_or_default();
        let passage_prefix = manifest.passage_prefix.unwrap_or_default();

        // Everything that changes a passage's vector is in the revision; the query prefix is in the space itself.
        let digest =
            Sha256::new().chain_update(&weights).chain_update(format!("{pooling:?} {passage_prefix}")).finalize();
        let revision = digest[..4].iter().map(|byte| format!("{byte:02x}")).collect();

        let roberta = kind.model_type.as_deref() == Some("xlm-roberta");
        let builder = VarBuilder::from_buffered_safetensors(weights, DType::F32, &Device::Cpu).map_err(broken)?;
        let network = match kind.model_type.as_deref() {
            Some("bert") | None => {
                let config: bert::Config = parse(&config, "config.json")?;
                Network::Bert(bert::BertModel::load(builder, &config).map_err(broken)?)
            }
            Some("xlm-roberta") => {
                let config: xlm_roberta::Config = parse(&config, "config.json")?;
                Network::XlmRoberta(xlm_roberta::XLMRobertaModel::new(&config, builder).map_err(broken)?)
            }
            Some(other) => {
                return Err(unusable(format!("its model_type is {other}; bert and xlm-roberta can be used")));
            }
        };

        // RoBERTa counts positions from its padding token's id, which takes those places from the window.
        let positions =
            kind.max_position_embeddings.saturating_sub(if roberta { kind.pad_token_id as usize + 1 } else { 0 });
        let window = manifest.max_tokens.unwrap_or(positions).min(positions);
        let mut tokenizer = Tokenizer::from_bytes(read(folder, "tokenizer.json")?).map_err(broken)?;
        // Published files bake in padding to a fixed length (four times the work) and a short truncation.
        tokenizer.with_padding(None);
        tokenizer.with_truncation(None).map_err(broken)?;
        let bare = tokens(&tokenizer, "");
        let prefix = tokens(&tokenizer, &query_prefix).max(tokens(&tokenizer, &passage_prefix));
        let max_tokens = window.saturating_sub(prefix - bare);
        if max_tokens <= bare {
            return Err(unusable(format!("max_tokens {window} leaves no room for text")));
        }
        let space =
            Space { model: folder_name, revision, dimension: kind.hidden_size, query_prefix: query_prefix.clone() };
        let pad = kind.pad_token_id;
        let model = Model { network, tokenizer, pooling, query_prefix, passage_prefix, pad, window };
        let loaded = Self { model: Arc::new(model), turns: Arc::new(Semaphore::new(1)), space, max_tokens };
        loaded.model.embed(Side::Query, &["ready".to_owned()])?;
        Ok(loaded)
    }
}

impl Model {
    fn embed(&self, side: Side, texts: &[String]) -> Result<Vec<Vec<f32>>, RecallError> {
        let prefix = match side {
            Side::Query => &self.query_prefix,
            Side::Passage => &self.passage_prefix,
        };
        let mut rows = Vec::with_capacity(texts.len());
        for text in texts {
            let mut encoding = self.tokenizer.encode(format!("{prefix}{text}"), true).map_err(broken)?;
            // Memories come in chunks that fit; a query that is too long is understood by its start.
            encoding.truncate(self.window, 0, TruncationDirection::Right);
            rows.push(encoding.get_ids().to_vec());
        }
        // Texts of like length go together, so that little is padding.
        let mut order: Vec<usize> = (0..rows.len()).collect();
        order.sort_by_key(|at| rows[*at].len());
        let mut vectors = vec![Vec::new(); rows.len()];
        let mut rest = order.as_slice();
        while !rest.is_empty() {
            let fits = |number: usize| number * rows[rest[number - 1]].len() <= BATCH_TOKENS;
            let number = (2..=rest.len()).take_while(|number| fits(*number)).last().unwrap_or(1);
            let (batch, later) = rest.split_at(number);
            let batch_rows: Vec<&[u32]> = batch.iter().map(|at| rows[*at].as_slice()).collect();
            for (at, vector) in batch.iter().zip(self.run(&batch_rows).map_err(broken)?) {
                if !vector.iter().all(|x| x.is_finite()) {
                    return Err(unusable("a vector is not finite; the weights are broken".to_owned()));
                }
                vectors[*at] = vector;
            }
            rest = later;
        }
        Ok(vectors)
    }

    /// Unit vectors of a batch of token ids.
    fn run(&self, rows: &[&[u32]]) -> candle_core::Result<Vec<Vec<f32>>> {
        let longest = rows.iter().map(|row| row.len()).max().unwrap_or(0);
        let pad = |row: &&[u32], fill: u32| {
            let mut row = row.to_vec();
            row.resize(longest, fill);
            row
        };
        let shape = (rows.len(), longest);
        let ids: Vec<u32> = rows.iter().flat_map(|row| pad(row, self.pad)).collect();
        let ones: Vec<Vec<u32>> = rows.iter().map(|row| vec![1; row.len()]).collect();
        let mask: Vec<u32> = ones.iter().flat_map(|row| pad(&row.as_slice(), 0)).collect();
        let ids = Tensor::from_vec(ids, shape, &Device::Cpu)?;
        let mask = Tensor::from_vec(mask, shape, &Device::Cpu)?;
        let kinds = ids.zeros_like()?;
        let states = match &self.network {
            Network::Bert(network) => network.forward(&ids, &kinds, Some(&mask))?,
            Network::XlmRoberta(network) => network.forward(&ids, &mask, &kinds, None, None, None)?,
        };
        let pooled = match self.pooling {
            Pooling::Cls => states.narrow(1, 0, 1)?.squeeze(1)?,
            Pooling::Mean => {
                let mask = mask.to_dtype(DType::F32)?.unsqueeze(2)?;
                states.broadcast_mul(&mask)?.sum(1)?.broadcast_div(&mask.sum(1)?)?
            }
        };
        let length = pooled.sqr()?.sum_keepdim(1)?.sqrt()?;
        pooled.broadcast_div(&length)?.to_vec2()
    }
}

/// Tokens of a text, special ones included.
fn tokens(tokenizer: &Tokenizer, text: &str) -> usize {
    // A text that cannot be tokenized is refused by `embed`; its bytes are more than its tokens.
    tokenizer.encode_fast(text, true).map_or(text.len(), |encoding| encoding.len())
}

fn manifest(folder: &Path, folder_name: &str, kind: &Kind) -> Result<Manifest, RecallError> {
    let own = match std::fs::read(folder.join("greenroom.json")) {
        Ok(bytes) => parse(&bytes, "greenroom.json")?,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Manifest::default(),
        Err(error) => return Err(missing("greenroom.json", &error)),
    };
    let published: PoolingFile = std::fs::read(folder.join("1_Pooling/config.json"))
        .ok()
        .and_then(|bytes| serde_json::from_slice(&bytes).ok())
        .unwrap_or_default();
    let pooling = match published {
        PoolingFile { pooling_mode_cls_token: true, .. } => Some(Pooling::Cls),
        PoolingFile { pooling_mode_mean_tokens: true, .. } => Some(Pooling::Mean),
        _ => None,
    };
    let known = Manifest::known(folder_name).or(Manifest::known(&kind.name));
    Ok(own.or(known).or(Manifest { pooling, ..Manifest::default() }))
}

fn read(folder: &Path, name: &'static str) -> Result<Vec<u8>, RecallError> {
    std::fs::read(folder.join(name)).map_err(|error| missing(name, &error))
}

fn parse<T: serde::de::DeserializeOwned>(bytes: &[u8], name: &str) -> Result<T, RecallError> {
    serde_json::from_slice(bytes).map_err(|error| unusable(format!("{name}: {error}")))
}

fn missing(name: &str, error: &std::io::Error) -> RecallError {
    unusable(format!("{name} in the folder of GREENROOM_EMBEDDER_DIR cannot be read: {error}"))
}

fn unusable(why: String) -> RecallError {
    RecallError::Unusable { what: WHAT, why }
}

fn broken(error: impl std::fmt::Display) -> RecallError {
    unusable(error.to_string())
}

#[async_trait]
impl Embedder for Transformer {
    fn space(&self) -> &Space {
        &self.space
    }

    fn max_tokens(&self) -> usize {
        self.max_tokens
    }

    fn count(&self, text: &str) -> usize {
        tokens(&self.model.tokenizer, text)
    }

    async fn embed(&self, side: Side, texts: &[&str]) -> Result<Vec<Vec<f32>>, RecallError> {
        let texts: Vec<String> = texts.iter().map(|text| (*text).to_owned()).collect();
        let model = Arc::clone(&self.model);
        let turn = Arc::clone(&self.turns).acquire_owned().await.map_err(broken)?;
        let work = move || {
            let _turn = turn;
            model.embed(side, &texts)
        };
        tokio::task::spawn_blocking(work).await.map_err(broken)?
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use serde_json::json;

    use super::*;

    /// A folder with a random BERT of two layers and 16 dimensions; the same weights every time.
    fn folder(name: &str, extra: &[(&str, serde_json::Value)]) -> (tempfile::TempDir, std::path::PathBuf) {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join(name);
        std::fs::create_dir(&folder).unwrap();
        let words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "cat", "sits", "outside", "query", ":", "the", "man"];
        let (width, inner, positions) = (16, 32, 24);
        let config = json!({
            "model_type": "bert", "vocab_size": words.len(), "hidden_size": width, "num_hidden_layers": 2,
            "num_attention_heads": 2, "intermediate_size": inner, "hidden_act": "gelu", "hidden_dropout_prob": 0.1,
            "max_position_embeddings": positions, "type_vocab_size": 2, "initializer_range": 0.02,
            "layer_norm_eps": 1e-12, "pad_token_id": 0
        });
        std::fs::write(folder.join("config.json"), config.to_string()).unwrap();
        let vocab: HashMap<&str, usize> = words.iter().enumerate().map(|(id, word)| (*word, id)).collect();
        let tokenizer = json!({
            "version": "1.0",
            "truncation": {"max_length": 5, "strategy": "LongestFirst", "stride": 0, "direction": "Right"},
            "padding": {"strategy": {"Fixed": 20}, "direction": "Right", "pad_to_multiple_of": null, "pad_id": 0,
                "pad_type_id": 0, "pad_token": "[PAD]"},
            "added_tokens": [], "normalizer": {"type": "BertNormalizer", "clean_text": true,
                "handle_chinese_chars": true, "strip_accents": null, "lowercase": true},
            "pre_tokenizer": {"type": "BertPreTokenizer"},
            "post_processor": {"type": "BertProcessing", "sep": ["[SEP]", 3], "cls": ["[CLS]", 2]},
            "decoder": null,
            "model": {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##",
                "max_input_chars_per_word": 100, "vocab": vocab}
        });
        std::fs::write(folder.join("tokenizer.json"), tokenizer.to_string()).unwrap();
        let mut state = 7u64;
        let mut weights: HashMap<String, Tensor> = HashMap::new();
        let mut add = |name: String, shape: &[usize]| {
            let numbers: Vec<f32> = (0..shape.iter().product::<usize>())
                .map(|_| {
                    state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                    (state >> 40) as f32 / (1u64 << 24) as f32 - 0.5
                })
                .collect();
            weights.insert(name, Tensor::from_vec(numbers, shape, &Device::Cpu).unwrap());
        };
        let e = "embeddings";
        add(format!("{e}.word_embeddings.weight"), &[words.len(), width]);
        add(format!("{e}.position_embeddings.weight"), &[positions, width]);
        add(format!("{e}.token_type_embeddings.weight"), &[2, width]);
        let mut norms = vec![e.to_owned()];
        for layer in 0..2 {
            let l = format!("encoder.layer.{layer}");
            for (name, rows, columns) in [
                ("attention.self.query", width, width),
                ("attention.self.key", width, width),
                ("attention.self.value", width, width),
                ("attention.output.dense", width, width),
                ("intermediate.dense", inner, width),
                ("output.dense", width, inner),
            ] {
                add(format!("{l}.{name}.weight"), &[rows, columns]);
                add(format!("{l}.{name}.bias"), &[rows]);
            }
            norms.extend([format!("{l}.attention.output"), format!("{l}.output")]);
        }
        for norm in norms {
            add(format!("{norm}.LayerNorm.weight"), &[width]);
            add(format!("{norm}.LayerNorm.bias"), &[width]);
        }
        candle_core::safetensors::save(&weights, folder.join("model.safetensors")).unwrap();
        for (file, value) in extra {
            std::fs::write(folder.join(file), value.to_string()).unwrap();
        }
        (root, folder)
    }

    fn cosine(a: &[f32], b: &[f32]) -> f32 {
        a.iter().zip(b).map(|(x, y)| x * y).sum()
    }

    #[tokio::test]
    async fn vectors_are_units_and_do_not_depend_on_the_batch() {
        let (_root, folder) = folder("tiny", &[]);
        let embedder = Transformer::load(&folder).unwrap();
        assert_eq!((embedder.space().dimension, embedder.max_tokens()), (16, 24));
        let texts = ["cat sits outside the man cat sits outside", "cat", "the man sits"];
        let together = embedder.embed(Side::Passage, &texts).await.unwrap();
        for (text, vector) in texts.iter().zip(&together) {
            let alone = embedder.embed(Side::Passage, &[text]).await.unwrap();
            assert!((cosine(vector, vector) - 1.0).abs() < 1e-5);
            assert!(cosine(vector, &alone[0]) > 0.99999, "padding shows in {text:?}");
        }
        assert!(cosine(&together[0], &together[1]) < 0.999);
    }

    #[tokio::test]
    async fn baked_in_truncation_is_lifted_and_overlong_text_is_survived() {
        let (_root, folder) = folder("tiny", &[]);
        let embedder = Transformer::load(&folder).unwrap();
        assert_eq!(embedder.count("cat sits outside the man cat"), 8);
        let long = "cat ".repeat(100);
        let texts = ["the cat sits outside man", "the cat sits cat the", long.as_str()];
        let vectors = embedder.embed(Side::Passage, &texts).await.unwrap();
        assert!(cosine(&vectors[0], &vectors[1]) < 0.9999, "words beyond the baked-in five tokens count");
    }

    #[tokio::test]
    async fn prefixes_are_put_before_their_side_and_cost_room() {
        let manifest = json!({"query_prefix": "query: ", "pooling": "mean", "max_tokens": 12});
        let (_root, with) = folder("tiny", &[("greenroom.json", manifest)]);
        let (_plain_root, without) = folder("tiny", &[]);
        let (with, without) = (Transformer::load(&with).unwrap(), Transformer::load(&without).unwrap());
        let asked = with.embed(Side::Query, &["the cat"]).await.unwrap();
        let spelled = without.embed(Side::Query, &["query: the cat"]).await.unwrap();
        assert!(cosine(&asked[0], &spelled[0]) > 0.99999);
        let passage = with.embed(Side::Passage, &["the cat"]).await.unwrap();
        assert!(cosine(&asked[0], &passage[0]) < 0.9999);
        assert_eq!(with.max_tokens(), 10);
        assert_ne!(with.space(), without.space());
    }

    #[tokio::test]
    async fn pooling_changes_the_vectors_and_the_space() {
        let (_root, cls) = folder("tiny", &[("greenroom.json", json!({"pooling": "cls"}))]);
        let (_mean_root, mean) = folder("tiny", &[]);
        let (cls, mean) = (Transformer::load(&cls).unwrap(), Transformer::load(&mean).unwrap());
        let texts = ["the cat sits"];
        let (a, b) = (cls.embed(Side::Query, &texts).await.unwrap(), mean.embed(Side::Query, &texts).await.unwrap());
        assert!(cosine(&a[0], &b[0]) < 0.9999);
        assert_ne!(cls.space().revision, mean.space().revision);
    }

    #[test]
    fn well_known_models_are_recognised_by_name() {
        let bge = Manifest::known("bge-small-en-v1.5");
        assert_eq!(bge.pooling, Some(Pooling::Cls));
        assert_eq!(bge.query_prefix.unwrap(), "Represent this sentence for searching relevant passages: ");
        assert_eq!(Manifest::known("intfloat/multilingual-e5-small").passage_prefix.unwrap(), "passage: ");
        assert_eq!(Manifest::known("all-MiniLM-L6-v2").max_tokens, Some(256));
        assert_eq!(Manifest::known("something"), Manifest::default());
    }

    #[test]
    fn a_folder_that_cannot_be_used_says_what_is_wrong() {
        let why = |folder: &Path| Transformer::load(folder).err().unwrap().to_string();
        let (_root, folder) = folder("tiny", &[("greenroom.json", json!({"poling": "cls"}))]);
        assert!(why(&folder).contains("greenroom.json: unknown field `poling`"), "{}", why(&folder));
        std::fs::remove_file(folder.join("greenroom.json")).unwrap();
        std::fs::write(folder.join("model.safetensors"), "not weights").unwrap();
        assert!(why(&folder).contains("the transformer embedder gave an unusable answer"));
        std::fs::remove_file(folder.join("model.safetensors")).unwrap();
        assert!(why(&folder).contains("model.safetensors in the folder of GREENROOM_EMBEDDER_DIR cannot be read"));
    }
}
