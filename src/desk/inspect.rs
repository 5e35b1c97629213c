//! `/inspect`: what the last answer was made of. Never shows key material or anybody else's words.

use commands::MemoryRef;

use super::{Session, Stop};
use crate::db::{memories, turns};
use crate::domain::{Answer, KeySource, Refusal};
use crate::texts::Arg;
use crate::turn::made_of::{Considered, MadeOf};

/// Considered memories that are shown.
const SHOWN: usize = 12;
/// Characters of a memory that are shown.
const SHOWN_CHARS: usize = 90;
/// Memories of the same words that are named.
const AGAIN_SHOWN: usize = 6;

pub(super) async fn run(session: &Session<'_>) -> Result<Answer, Stop> {
    let (db, member) = (&session.turns.db, &session.person.member.id);
    let last = match &session.caller.message {
        Some(message) => turns::about(db, (&session.place.platform, message), member).await?,
        None => turns::last(db, &session.place.id, member).await?,
    };
    let last = last.ok_or_else(|| Refusal::new("refusal-inspect-nothing"))?;
    let made_of: MadeOf = serde_json::from_value(last.made_of).map_err(|_| Refusal::new("refusal-inspect-nothing"))?;
    let names = session.turns.directory.names();
    let name = names.get(&last.personality).map_or(made_of.personality.clone(), |p| p.file.name.clone());
    let say = |id: &str| session.say(id, &[]);
    let key = say(match made_of.key_source {
        KeySource::Local => "inspect-key-local",
        KeySource::Operator => "inspect-key-operator",
        KeySource::Member => "inspect-key-member",
    });
    let used = &made_of.prompt;
    let budget = session.say(
        "inspect-budget-parts",
        &[
            ("total", used.total().into()),
            ("limit", used.limit.into()),
            ("character", used.character.into()),
            ("history", used.history.into()),
            ("memories", used.memories.into()),
            ("message", used.message.into()),
        ],
    );
    let times = &made_of.timings;
    let seconds = |millis: f64| Arg::from(format!("{:.2}", millis / 1_000.0));
    let whole = times.waited + times.history + times.recall + times.prompt + times.model;
    let time = session.say("inspect-time", &[("total", seconds(whole)), ("first", seconds(times.first_text))]);
    let own = times.waited + times.history + times.recall + times.prompt;
    let own = session.say("inspect-time-own", &[("millis", format!("{own:.1}").into())]);
    let tokens = session.say(
        if made_of.counted_by_provider { "inspect-tokens" } else { "inspect-tokens-counted" },
        &[("prompt", number(made_of.prompt_tokens)), ("completion", number(made_of.completion_tokens))],
    );
    let decided = |tier: &str| {
        let id = match tier {
            "bond" => "decided-bond",
            "member" => "decided-member",
            "personality" => "decided-personality",
            "house" => "decided-house",
            _ => "decided-nobody",
        };
        session.say(id, &[("name", name.clone().into())])
    };
    let by = |what: &str, tier: &str| format!("{what} · {}", decided(tier));
    let remembered = say(if made_of.remembers { "inspect-remembered" } else { "inspect-not-remembered" });
    let mut answer = Answer::private(say("reply-inspect"))
        .with(say("label-inspect-personality"), name.clone())
        .with(say("label-inspect-persona"), session.persona_with(&last.personality).await?.name)
        .with(say("label-inspect-model"), made_of.model.clone())
        .with(say("label-inspect-provider"), made_of.provider.clone())
        .with(say("label-inspect-key"), key)
        .with(say("label-inspect-preset"), by(&made_of.preset, &made_of.preset_by))
        .with(say("label-inspect-budget"), budget)
        .with(say("label-inspect-prompt"), decided(&made_of.prompt_by))
        .with(say("label-inspect-remembered"), remembered)
        .with(say("label-inspect-history"), used.history_messages.to_string())
        .with(say("label-inspect-tokens"), tokens)
        .with(say("label-inspect-time"), format!("{time}; {own}"))
        .with(say("label-inspect-trace"), last.turn.to_string());
    if let Some(class) = &last.failure {
        answer = answer.with(say("label-inspect-failure"), class.replace('_', " "));
    }
    if made_of.recall_failed.is_some() {
        return Ok(answer.with(say("label-inspect-memories"), say("inspect-recall-away")));
    }
    let in_prompt = made_of.memories.iter().filter(|memory| memory.used).count();
    let count = match in_prompt {
        0 => say("inspect-none"),
        some => some.to_string(),
    };
    considered(session, answer.with(say("label-inspect-memories"), count), &made_of.memories).await
}

fn number(count: u64) -> Arg {
    Arg::from(i64::try_from(count).unwrap_or(i64::MAX))
}

/// The considered memories, best first, one a row.
async fn considered(session: &Session<'_>, mut answer: Answer, all: &[Considered]) -> Result<Answer, Stop> {
    let scope = session.own_scope().await?;
    let used_first = all.iter().filter(|memory| memory.used).chain(all.iter().filter(|memory| !memory.used));
    for memory in used_first.take(SHOWN) {
        let score = |score: Option<f32>| score.map_or_else(|| "–".to_owned(), |score| format!("{score:.2}"));
        let text = match memories::get(&session.turns.db, &scope, &memory.id).await? {
            Some(memory) if memory.persona != *scope.persona() => session.say("inspect-memory-of-another", &[]),
            Some(memory) => match session.words_of(&memory) {
                Some(said) => {
                    let shown: String = said.chars().take(SHOWN_CHARS).collect();
                    let more = if shown.len() < said.len() { "…" } else { "" };
                    format!("{}: {shown}{more}", memory.said_by)
                }
                None => session.say("memory-sealed-short", &[]),
            },
            None => session.say("inspect-memory-gone", &[]),
        };
        let id = MemoryRef::short(memory.id.as_str());
        let scores = session.say(
            if memory.used { "inspect-memory-used" } else { "inspect-memory-unused" },
            &[
                ("score", format!("{:.2}", memory.score).into()),
                ("dense", score(memory.dense).into()),
                ("lexical", score(memory.lexical).into()),
                ("tokens", memory.tokens.into()),
            ],
        );
        let again: Vec<&str> = memory.again.iter().map(|id| MemoryRef::short(id.as_str())).collect();
        let repeated = match again.as_slice() {
            [] => String::new(),
            all => {
                let more = if all.len() > AGAIN_SHOWN { ", …" } else { "" };
                let ids = format!("{}{more}", all[..all.len().min(AGAIN_SHOWN)].join(", "));
                let args = [("count", all.len().into()), ("ids", ids.into())];
                format!("\n{}", session.say("inspect-memory-repeated", &args))
            }
        };
        let row = format!("{scores}\n{text}{repeated}");
        answer = answer.with(session.say("label-inspect-memory", &[("id", id.into())]), row);
    }
    Ok(answer)
}
