//! Which weights and which index text find the most: `cargo bench --bench retrieval -- DATASET [FOLDER]`.
//!
//! DATASET is a file in LoCoMo's format (without one, the small set of the tests), FOLDER a transformer embedder to
//! put beside the house embedder. Weights are to be picked on the first three conversations ("tune") and judged on
//! the others ("held out"). `docs/retrieval.md` has the figures.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use greenroom::config::EmbeddingsConfig;
use greenroom::recall::eval::{Setup, locomo, measure};
use greenroom::recall::index_text::Passage;
use greenroom::recall::rank::PARTS;
use greenroom::recall::{Embedder, Weights, open_embedder};

/// Conversations that weights are picked on.
const TUNE: usize = 3;
/// Numbers of memories measured at.
const KS: [usize; 3] = [5, 10, 20];

type Pick = fn(&Passage) -> &str;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let mut files = std::env::args().skip(1).filter(|argument| !argument.starts_with('-')).map(PathBuf::from);
    let small = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/memory-small.json");
    let dataset = files.next().unwrap_or(small);
    let house = open_embedder(&EmbeddingsConfig::default()).await?;
    let mut embedders: Vec<(&str, Arc<dyn Embedder>)> = vec![("house", house)];
    if let Some(folder) = files.next() {
        let config = EmbeddingsConfig { embedder_dir: Some(folder), ..EmbeddingsConfig::default() };
        embedders.push(("transformer", open_embedder(&config).await?));
    }
    let conversations = locomo::load(&dataset)?;
    let (tune, held_out) = conversations.split_at(TUNE.min(conversations.len()));
    let spoken: Pick = |passage| &passage.dense;
    let context: Pick = |passage| &passage.lexical;
    let weigh = |dense, lexical| Weights::plain(dense, lexical);
    println!("{:54} {:>20} {:>20} {:>20}   by category @5/@10/@20", "@5 @10 @20:", "tune", "held out", "all");
    for (name, embedder) in &embedders {
        let plain = |weights, dense, lexical| Setup { weights, dense, lexical, ..Setup::default() };
        let mut setups = vec![
            ("words alone, spoken".to_owned(), plain(weigh(0.0, 1.0), spoken, spoken)),
            ("words alone, context".to_owned(), plain(weigh(0.0, 1.0), spoken, context)),
            ("vectors alone, spoken".to_owned(), plain(weigh(1.0, 0.0), spoken, context)),
            ("vectors alone, context".to_owned(), plain(weigh(1.0, 0.0), context, context)),
        ];
        for dense in [0.5, 0.75, 1.0] {
            setups.push((format!("vectors + words, {dense} : 1"), plain(weigh(dense, 1.0), spoken, context)));
        }
        setups.push(("product".to_owned(), Setup::default()));
        for part in 0..PARTS {
            let mut weights = Weights::DEFAULT;
            let mut parts = weights.named();
            let (name, weight) = &mut parts[part];
            **weight = 0.0;
            let title = format!("product without {name}");
            setups.push((title, Setup { weights, ..Setup::default() }));
        }
        setups.push(("product without context".to_owned(), Setup { lexical: spoken, ..Setup::default() }));
        setups.push(("product, vectors of context".to_owned(), Setup { dense: context, ..Setup::default() }));
        for (what, setup) in setups {
            let mut columns = Vec::new();
            for part in [tune, held_out] {
                let report = measure(&**embedder, part, &KS, setup).await?;
                columns.push(KS.map(|k| report.recall[&k] * 100.0).map(|share| format!("{share:.1}")).join(" "));
            }
            let all = measure(&**embedder, &conversations, &KS, setup).await?;
            columns.push(KS.map(|k| all.recall[&k] * 100.0).map(|share| format!("{share:.1}")).join(" "));
            let by_category: Vec<String> = all
                .by_category
                .iter()
                .map(|(name, category)| {
                    let shares = KS.map(|k| format!("{:.1}", category.recall[&k] * 100.0));
                    format!("{name}:{}", shares.join("/"))
                })
                .collect();
            let title = format!("{name}: {what}");
            println!(
                "{title:54} {:>20} {:>20} {:>20}   {}  ndcg@10 {:.3} p50 {:.2} ms p99 {:.2} ms",
                columns[0],
                columns[1],
                columns[2],
                by_category.join(" "),
                all.ndcg[&10],
                all.latency_ms.p50,
                all.latency_ms.p99
            );
        }
    }
    Ok(())
}
