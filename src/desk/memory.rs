//! `/memory`: see, search and delete what is remembered.

use commands::{Memory as MemoryCommand, MemoryRef, Page};

use super::{Session, Stop};
use crate::db::memories;
use crate::domain::{Answer, Memory, Provenance, Refusal};
use crate::turn::prompt::written;

/// Memories on a page.
const PAGE: usize = 10;
/// Memories a search shows.
const FOUND_MAX: usize = 10;
/// Characters of each side of an exchange that a list shows.
const SHOWN_CHARS: usize = 160;

pub(super) async fn run(session: &Session<'_>, command: MemoryCommand) -> Result<Answer, Stop> {
    match command {
        MemoryCommand::View { page } => view(session, page.unwrap_or(Page::FIRST)).await,
        MemoryCommand::Search { words } => {
            let words: Vec<String> = words.into_iter().map(String::from).collect();
            search(session, &words.join(" ")).await
        }
        MemoryCommand::Delete { ids } => delete(session, &ids).await,
    }
}

async fn view(session: &Session<'_>, page: Page) -> Result<Answer, Stop> {
    let scope = session.own_scope()?;
    let total = usize::try_from(memories::count(&session.turns.db, &scope).await?).unwrap_or_default();
    if total == 0 {
        return Ok(Answer::private(session.say("reply-memory-none", &[])));
    }
    let pages = total.div_ceil(PAGE);
    if page.number() as usize > pages {
        return Err(Refusal::new("refusal-page-beyond").arg("pages", pages.to_string()).into());
    }
    let skip = i64::try_from(page.skip(PAGE)).unwrap_or(i64::MAX);
    let shown = memories::page(&session.turns.db, &scope, PAGE as i64, skip).await?;
    let head = session.say(
        "reply-memory-page",
        &[("count", total.into()), ("page", (page.number() as usize).into()), ("pages", pages.into())],
    );
    let mut answer = shown.iter().fold(Answer::private(head), |answer, memory| row(session, answer, memory));
    if (page.number() as usize) < pages {
        let command = format!("/memory view --page {}", page.number() + 1);
        answer.text = format!("{} {}", answer.text, session.say("reply-memory-more", &[("command", command.into())]));
    }
    Ok(answer)
}

async fn search(session: &Session<'_>, words: &str) -> Result<Answer, Stop> {
    let scope = session.own_scope()?;
    let found = session.turns.recall.find(&scope, words, FOUND_MAX).await.map_err(|error| {
        tracing::warn!(error = %error, "a memory search failed");
        Refusal::new("refusal-recall-away")
    })?;
    if found.is_empty() {
        return Ok(Answer::private(session.say("reply-memory-not-found", &[("words", words.into())])));
    }
    let head = session.say("reply-memory-found", &[("count", found.len().into()), ("words", words.into())]);
    Ok(found.iter().fold(Answer::private(head), |answer, (memory, _)| row(session, answer, memory)))
}

async fn delete(session: &Session<'_>, ids: &[MemoryRef]) -> Result<Answer, Stop> {
    let scope = session.own_scope()?;
    // First all are found, then all are deleted: a mistyped id deletes nothing.
    let mut found = Vec::with_capacity(ids.len());
    for id in ids {
        match memories::ending(&session.turns.db, &scope, id.as_str()).await?.as_slice() {
            [] => return Err(Refusal::new("refusal-memory-not-found").arg("id", id.as_str()).into()),
            [memory] => found.push(memory.id.clone()),
            _ => return Err(Refusal::new("refusal-memory-ambiguous").arg("id", id.as_str()).into()),
        }
    }
    found.sort();
    found.dedup();
    for id in &found {
        session.turns.recall.forget(id).await.map_err(|error| match error {
            crate::recall::RecallError::Db(error) => Stop::Failed(error),
            _ => Refusal::new("refusal-recall-away").into(),
        })?;
    }
    Ok(Answer::private(session.say("reply-memory-deleted", &[("count", found.len().into())])))
}

/// One memory of a list: its short id and date, then both sides.
fn row(session: &Session<'_>, answer: Answer, memory: &Memory) -> Answer {
    let origin = session.say(
        match memory.provenance {
            Provenance::UserSaid => "memory-origin-user-said",
            Provenance::Import => "memory-origin-import",
        },
        &[],
    );
    let head = session.say(
        "reply-memory-entry",
        &[
            ("id", MemoryRef::short(memory.id.as_str()).into()),
            ("when", written(memory.at, session.zone(), "%Y-%m-%d %H:%M").into()),
            ("personality", memory.answered_by.clone().into()),
            ("origin", origin.into()),
        ],
    );
    let said = format!("{}: {}", memory.said_by, shown(&memory.said));
    let text = match memory.answered.as_str() {
        "" => said,
        answered => format!("{said}\n{}: {}", memory.answered_by, shown(answered)),
    };
    answer.with(head, text)
}

fn shown(text: &str) -> String {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match text.char_indices().nth(SHOWN_CHARS) {
        Some((end, _)) => format!("{}…", text[..end].trim_end()),
        None => text,
    }
}
