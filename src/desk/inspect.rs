//! `/inspect`: what the last answer was made of. Never shows key material or anybody else's words.

use commands::MemoryRef;

use super::{Session, Stop};
use crate::db::{memories, turns};
use crate::domain::{Answer, KeySource, Refusal};
use crate::turn::made_of::{Considered, MadeOf};

/// Considered memories that are shown.
const SHOWN: usize = 12;
/// Characters of a memory that are shown.
const SHOWN_CHARS: usize = 90;

pub(super) async fn run(session: &Session<'_>) -> Result<Answer, Stop> {
    let last = turns::last(&session.turns.db, &session.place.id, &session.person.member.id).await?;
    let last = last.ok_or_else(|| Refusal::new("refusal-nothing-to-inspect"))?;
    let made_of: MadeOf =
        serde_json::from_value(last.made_of).map_err(|_| Refusal::new("refusal-nothing-to-inspect"))?;
    let names = session.turns.directory.names();
    let name = names.get(&last.personality).map_or(made_of.personality.clone(), |p| p.file.name.clone());
    let say = |id: &str| session.say(id, &[]);
    let key = say(match made_of.key_source {
        KeySource::Local => "inspect-key-local",
        KeySource::Operator => "inspect-key-operator",
        KeySource::Member => "inspect-key-member",
    });
    let used = &made_of.prompt;
    let spent = session.say(
        "inspect-prompt-parts",
        &[
            ("total", (used.character + used.history + used.memories + used.message).into()),
            ("limit", used.limit.into()),
            ("character", used.character.into()),
            ("history", used.history.into()),
            ("messages", used.history_messages.into()),
            ("memories", used.memories.into()),
            ("message", used.message.into()),
        ],
    );
    let times = &made_of.timings;
    let ms = |millis: f64| crate::texts::Arg::from(format!("{millis:.1}"));
    let timing = session.say(
        "inspect-timing-parts",
        &[
            ("waited", ms(times.waited)),
            ("history", ms(times.history)),
            ("recall", ms(times.recall)),
            ("prompt", ms(times.prompt)),
            ("first", ms(times.first_text)),
            ("model", ms(times.model)),
        ],
    );
    let mut answer = Answer::private(session.say("inspect-title", &[("name", name.into())]))
        .with(say("inspect-model"), format!("{} ({})", made_of.model, made_of.provider))
        .with(say("inspect-key"), key)
        .with(say("inspect-preset"), made_of.preset.clone())
        .with(say("inspect-prompt"), spent)
        .with(
            say("inspect-tokens"),
            session.say(
                "inspect-token-parts",
                &[
                    ("prompt", usize::try_from(made_of.prompt_tokens).unwrap_or(usize::MAX).into()),
                    ("completion", usize::try_from(made_of.completion_tokens).unwrap_or(usize::MAX).into()),
                ],
            ),
        )
        .with(say("inspect-timing"), timing);
    if let Some(class) = &last.failure {
        answer = answer.with(say("inspect-failure"), class.clone());
    }
    if made_of.recall_failed.is_some() {
        answer = answer.with(say("inspect-memories"), say("inspect-recall-away"));
    } else {
        let memories = considered(session, &made_of.memories).await?;
        answer = answer.with(say("inspect-memories"), memories);
    }
    Ok(answer)
}

/// The considered memories, best first, one a line.
async fn considered(session: &Session<'_>, all: &[Considered]) -> Result<String, Stop> {
    if all.is_empty() {
        return Ok(session.say("inspect-no-memories", &[]));
    }
    let scope = session.own_scope()?;
    let mut lines = Vec::with_capacity(all.len().min(SHOWN));
    for memory in all.iter().take(SHOWN) {
        let score = |score: Option<f32>| score.map_or_else(|| "–".to_owned(), |score| format!("{score:.2}"));
        let text = match memories::get(&session.turns.db, &scope, &memory.id).await? {
            Some(memory) => {
                let said = memory.said.split_whitespace().collect::<Vec<_>>().join(" ");
                let shown: String = said.chars().take(SHOWN_CHARS).collect();
                let more = if shown.len() < said.len() { "…" } else { "" };
                format!("{}: {shown}{more}", memory.said_by)
            }
            None => session.say("inspect-memory-gone", &[]),
        };
        lines.push(session.say(
            if memory.used { "inspect-memory-used" } else { "inspect-memory-unused" },
            &[
                ("id", MemoryRef::short(memory.id.as_str()).into()),
                ("score", format!("{:.2}", memory.score).into()),
                ("dense", score(memory.dense).into()),
                ("lexical", score(memory.lexical).into()),
                ("tokens", memory.tokens.into()),
                ("text", text.into()),
            ],
        ));
    }
    Ok(lines.join("\n"))
}
