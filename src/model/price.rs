//! What calls cost: list prices of well-known models, for budgets and `/usage`. An estimate for people, not a bill.
//!
//! State of the table: 2026-04-30, list prices without discounts for caching or batches.

use super::capability::bare;
use crate::domain::KeySource;

/// The day the table was written, for `/usage` and `doctor`.
pub const AS_OF: &str = "2026-04-30";

/// Price of a million tokens in micro-dollars.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Price {
    pub prompt: i64,
    pub completion: i64,
}

/// Price from cents of a dollar a million tokens.
const fn cents(prompt: i64, completion: i64) -> Price {
    Price { prompt: prompt * 10_000, completion: completion * 10_000 }
}

/// Prices by the bare model name, which a date or `-latest` may follow; another suffix is another model.
const PRICES: &[(&str, Price)] = &[
    ("claude-3-5-haiku", cents(80, 400)),
    ("claude-3-5-sonnet", cents(300, 1_500)),
    ("claude-3-7-sonnet", cents(300, 1_500)),
    ("claude-3-haiku", cents(25, 125)),
    ("claude-haiku-4-5", cents(100, 500)),
    ("claude-haiku-4.5", cents(100, 500)),
    ("claude-opus-4", cents(1_500, 7_500)),
    ("claude-opus-4-1", cents(1_500, 7_500)),
    ("claude-opus-4.1", cents(1_500, 7_500)),
    ("claude-opus-4-5", cents(500, 2_500)),
    ("claude-opus-4-6", cents(500, 2_500)),
    ("claude-opus-4.5", cents(500, 2_500)),
    ("claude-opus-4.6", cents(500, 2_500)),
    ("claude-sonnet-4", cents(300, 1_500)),
    ("claude-sonnet-4-5", cents(300, 1_500)),
    ("claude-sonnet-4-6", cents(300, 1_500)),
    ("claude-sonnet-4.5", cents(300, 1_500)),
    ("claude-sonnet-4.6", cents(300, 1_500)),
    ("deepseek-chat", cents(28, 42)),
    ("deepseek-reasoner", cents(28, 42)),
    ("deepseek-v4-flash", cents(14, 28)),
    ("gemini-2.0-flash", cents(10, 40)),
    ("gemini-2.5-flash", cents(30, 250)),
    ("gemini-2.5-flash-lite", cents(10, 40)),
    ("gemini-2.5-pro", cents(125, 1_000)),
    ("gemini-3.1-flash-lite", cents(25, 150)),
    ("gpt-3.5-turbo", cents(50, 150)),
    ("gpt-4-turbo", cents(1_000, 3_000)),
    ("gpt-4.1", cents(200, 800)),
    ("gpt-4.1-mini", cents(40, 160)),
    ("gpt-4.1-nano", cents(10, 40)),
    ("gpt-4o", cents(250, 1_000)),
    ("gpt-4o-mini", cents(15, 60)),
    ("gpt-5", cents(125, 1_000)),
    ("gpt-5-mini", cents(25, 200)),
    ("gpt-5-nano", cents(5, 40)),
    ("gpt-5.4", cents(250, 1_500)),
    ("gpt-5.4-mini", cents(75, 450)),
    ("grok-4", cents(300, 1_500)),
    ("grok-4-fast", cents(20, 50)),
    ("mistral-large", cents(50, 150)),
    ("mistral-medium", cents(40, 200)),
    ("mistral-small", cents(10, 30)),
    ("o3", cents(200, 800)),
    ("o3-mini", cents(110, 440)),
    ("o4-mini", cents(110, 440)),
];

/// Tokens a price is for.
const MILLION: i128 = 1_000_000;

/// The list price of `model`, where the table knows it.
pub fn price(model: &str) -> Option<Price> {
    let name = bare(model);
    // OpenRouter marks what is free.
    if name.ends_with(":free") {
        return Some(Price { prompt: 0, completion: 0 });
    }
    PRICES.iter().find(|(known, _)| name.strip_prefix(known).is_some_and(is_release)).map(|(_, price)| *price)
}

/// Whether what follows a model's name only says which release of it: nothing, `-latest`, `-2024-07-18`, `-0613`.
fn is_release(rest: &str) -> bool {
    let digits = |text: &str| text.chars().take_while(char::is_ascii_digit).count();
    rest.is_empty() || rest == "-latest" || rest.strip_prefix(['-', '@']).is_some_and(|release| digits(release) >= 3)
}

/// What a call cost in micro-dollars, rounded up: nothing for a model that runs here, whatever its name; `None` for one
/// the table does not know.
pub fn cost_micros(model: &str, source: KeySource, prompt: u64, completion: u64) -> Option<i64> {
    if source == KeySource::Local {
        return Some(0);
    }
    let price = price(model)?;
    let part = |tokens: u64, price: i64| i128::from(tokens) * i128::from(price);
    let sum = part(prompt, price.prompt) + part(completion, price.completion);
    Some(i64::try_from((sum + MILLION - 1) / MILLION).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cost(model: &str, prompt: u64, completion: u64) -> Option<i64> {
        cost_micros(model, KeySource::Operator, prompt, completion)
    }

    #[test]
    fn a_call_costs_the_sum_of_both_sides_rounded_up() {
        // 3,000 tokens at $0.15 and 250 at $0.60 a million.
        assert_eq!(cost("gpt-4o-mini", 3_000, 250), Some(600));
        assert_eq!(cost("openai/gpt-4o-mini-2024-07-18", 1, 0), Some(1));
        assert_eq!(cost("gpt-4o-mini", 0, 0), Some(0));
    }

    #[test]
    fn unknown_models_have_no_price_and_free_ones_cost_nothing() {
        for unknown in ["my-own-model", "gpt-5-pro", "gpt-4o-audio-preview", ""] {
            assert_eq!(cost(unknown, 1, 1), None, "{unknown}");
        }
        assert_eq!(cost("vendor/some-model:free", 1_000, 1_000), Some(0));
    }

    #[test]
    fn absurd_counts_do_not_overflow() {
        assert_eq!(cost("claude-opus-4", u64::MAX, u64::MAX), Some(i64::MAX));
    }

    #[test]
    fn a_model_that_runs_here_is_free_whatever_it_is_called() {
        assert_eq!(cost_micros("gpt-4o", KeySource::Local, 1_000, 1_000), Some(0));
        assert_eq!(cost_micros("gpt-4o", KeySource::Member, 1_000, 0), Some(2_500));
    }
}
