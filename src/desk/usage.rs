//! `/usage`: what a member's answers cost, as the ledger has it.

use commands::{Period, Usage};

use super::{Session, Stop};
use crate::db::ledger::{self, Sum};
use crate::domain::{Answer, Moment};

/// Entries that are a share of work for several.
const CHORE: &str = "chore";
const DAY_MILLIS: i64 = 24 * 60 * 60 * 1_000;

pub(super) async fn run(session: &Session<'_>, usage: &Usage) -> Result<Answer, Stop> {
    let period = usage.period.unwrap_or(Period::Month);
    let since = match period.days() {
        Some(days) => session.turns.clock.now().plus_millis(-i64::from(days) * DAY_MILLIS),
        None => Moment(i64::MIN),
    };
    let (db, member) = (&session.turns.db, &session.person.member.id);
    let sums = ledger::sums(db, member, since).await?;
    let (messages, memories) = ledger::stored(db, member).await?;
    let when = session.say(
        match period {
            Period::Day => "usage-period-day",
            Period::Week => "usage-period-week",
            Period::Month => "usage-period-month",
            Period::All => "usage-period-all",
        },
        &[],
    );
    let label = session.say("label-usage-storage", &[]);
    let storage = session.say("usage-storage", &[("messages", messages.into()), ("memories", memories.into())]);
    if sums.is_empty() {
        let head = session.say("reply-usage-none", &[("period", when.into())]);
        return Ok(Answer::private(head).with(label, storage));
    }
    let all = |pick: fn(&Sum) -> i64| sums.iter().map(pick).sum::<i64>();
    let answers = sums.iter().filter(|sum| sum.kind != CHORE).map(|sum| sum.entries).sum::<i64>();
    let head = session.say(
        "reply-usage",
        &[
            ("period", when.into()),
            ("answers", answers.into()),
            ("prompt", all(|sum| sum.prompt_tokens).into()),
            ("completion", all(|sum| sum.completion_tokens).into()),
            ("cost", dollars(all(|sum| sum.cost_micros)).into()),
        ],
    );
    let names = session.turns.directory.names();
    let answer = sums.iter().fold(Answer::private(head), |answer, sum| {
        let paid = session.say(
            match sum.key_source.as_str() {
                "member" => "inspect-key-member",
                "operator" => "inspect-key-operator",
                _ => "inspect-key-local",
            },
            &[],
        );
        let id = match sum.kind.as_str() {
            "lost" => "usage-row-lost",
            CHORE => "usage-row-chore",
            _ => "usage-row",
        };
        let row = session.say(
            id,
            &[
                ("answers", sum.entries.into()),
                ("prompt", sum.prompt_tokens.into()),
                ("completion", sum.completion_tokens.into()),
                ("cost", dollars(sum.cost_micros).into()),
                ("paid", paid.into()),
            ],
        );
        let name = names.get(&sum.personality).map(|personality| personality.file.name.clone());
        let head = name.map_or_else(|| sum.model.clone(), |name| format!("{name} · {}", sum.model));
        answer.with(head, row)
    });
    Ok(answer.with(label, storage))
}

/// Millionths of a dollar as dollars: cents, or more digits where a cent is too coarse.
pub(super) fn dollars(micros: i64) -> String {
    if micros == 0 || micros >= 10_000 {
        return format!("{}.{:02}", micros / 1_000_000, micros % 1_000_000 / 10_000);
    }
    format!("0.{micros:06}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_sums_are_not_rounded_away() {
        for (micros, text) in [
            (0, "0.00"),
            (7, "0.000007"),
            (9_999, "0.009999"),
            (10_000, "0.01"),
            (1_234_567, "1.23"),
            (25_000_000, "25.00"),
        ] {
            assert_eq!(dollars(micros), text);
        }
    }
}
