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
    let weigh = |dense, lexical| Weights { dense, lexical };
    println!("{:54} {:>20} {:>20} {:>20}   by category @5/@10/@20", "@5 @10 @20:", "tune", "held out", "all");
    for (name, embedder) in &embedders {
        let mut setups = vec![
            ("words alone, spoken", Setup { weights: weigh(0.0, 1.0), dense: spoken, lexical: spoken }),
            ("words alone, context", Setup { weights: weigh(0.0, 1.0), dense: spoken, lexical: context }),
            ("vectors alone, spoken", Setup { weights: weigh(1.0, 0.0), dense: spoken, lexical: context }),
            ("vectors alone, context", Setup { weights: weigh(1.0, 0.0), dense: context, lexical: context }),
        ];
        for dense in [0.3, 0.5, 0.75, 1.0, 1.5] {
            setups.push((
                "vectors spoken + words context",
                Setup { weights: weigh(dense, 1.0), dense: spoken, lexical: context },
            ));
            setups.push((
                "vectors context + words context",
                Setup { weights: weigh(dense, 1.0), dense: context, lexical: context },
            ));
            setups.push((
                "vectors context + words spoken",
                Setup { weights: weigh(dense, 1.0), dense: context, lexical: spoken },
            ));
        }
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
            let title = format!("{name}: {what} ({} : {})", setup.weights.dense, setup.weights.lexical);
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
