//! How long the house embedder takes a text: `cargo bench --bench embed [-- FOLDER]`.
//!
//! With the FOLDER of a transformer, that one is timed as well, and the cosine of a known pair of sentences is
//! printed: 0.0363 for all-MiniLM-L6-v2.

use std::hint::black_box;
use std::time::Instant;

use greenroom::config::EmbeddingsConfig;
use greenroom::recall::house::House;
use greenroom::recall::{Embedder as _, Side, open_embedder};

/// Texts embedded for one measurement.
const ROUNDS: usize = 20_000;

/// Texts that a transformer, a thousand times slower, embeds for one measurement.
const TRANSFORMER_ROUNDS: usize = 40;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let started = Instant::now();
    let house = House::new();
    println!("opening the model: {:.1} ms", started.elapsed().as_secs_f64() * 1000.0);
    let turn = "My sister moved to Berlin last spring and started a small bakery near the river; she says the \
                sourdough sells out before ten every morning, which she never expected.";
    let texts = [
        ("short", "Where does my sister live?".to_owned()),
        ("a turn", turn.to_owned()),
        ("accents", turn.replace('e', "é")),
        ("a page", turn.repeat(20)),
    ];
    println!("{:10} {:>8} {:>12} {:>14}", "text", "tokens", "µs a text", "texts a second");
    for (name, text) in &texts {
        let rounds = ROUNDS / text.len().div_ceil(200);
        let started = Instant::now();
        for _ in 0..rounds {
            black_box(house.vector(black_box(text)));
        }
        let micros = started.elapsed().as_secs_f64() * 1e6 / rounds as f64;
        println!("{name:10} {:>8} {micros:>12.2} {:>14.0}", house.count(text), 1e6 / micros);
    }
    let Some(folder) = std::env::args().skip(1).find(|argument| !argument.starts_with('-')) else { return Ok(()) };
    let started = Instant::now();
    let config = EmbeddingsConfig { embedder_dir: Some(folder.into()), ..EmbeddingsConfig::default() };
    let transformer = open_embedder(&config).await?;
    println!("opening {}: {:.0} ms", transformer.space().tag(), started.elapsed().as_secs_f64() * 1000.0);
    let pair = transformer.embed(Side::Passage, &["The cat sits outside", "A man is playing guitar"]).await?;
    println!("cosine of the known pair: {:.4}", pair[0].iter().zip(&pair[1]).map(|(a, b)| a * b).sum::<f32>());
    for (name, text) in &texts[..2] {
        let started = Instant::now();
        for _ in 0..TRANSFORMER_ROUNDS {
            black_box(transformer.embed(Side::Query, &[text]).await?);
        }
        let micros = started.elapsed().as_secs_f64() * 1e6 / TRANSFORMER_ROUNDS as f64;
        println!("{name:10} {:>8} {micros:>12.0} {:>14.1}", transformer.count(text), 1e6 / micros);
    }
    Ok(())
}
