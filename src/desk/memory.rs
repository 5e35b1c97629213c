//! `/memory`: what is remembered, in the hands of the one it is about.

use std::collections::HashMap;

use commands::{
    Command, Mark, Memory as MemoryCommand, MemoryRef, Onward, Page, PersonalityName, SearchWord, Span, Switch,
};
use secrecy::ExposeSecret as _;

use super::{Session, Stop};
use crate::db::{audit, choices, layers, memories, people};
use crate::domain::{
    Answer, Ask, AskKind, Deed, Done, Form, Memory, MemoryId, MemoryKind, Moment, Provenance, Quiet, QuietKind,
    Refusal, Tenant, holds_a_key, one_line,
};
use crate::turn::prompt::written;

/// Memories on a page.
const PAGE: usize = 10;
/// Memories a search shows.
const FOUND_MAX: usize = 10;
/// Field of the form that puts a memory right.
const TEXT: &str = "text";
/// Longest correction, in characters.
const TEXT_MAX: usize = 2_000;
/// Longest reason to doubt a memory, in characters.
const REASON_MAX: usize = 200;
/// How long a quiet time lasts that nobody gave a length.
const QUIET: Span = Span::minutes(60);
/// Characters of each side of an exchange that a list shows.
const SHOWN_CHARS: usize = 160;

pub(super) async fn run(session: &Session<'_>, command: MemoryCommand) -> Result<Answer, Stop> {
    match command {
        MemoryCommand::View { page, from } => view(session, page.unwrap_or(Page::FIRST), from).await,
        MemoryCommand::Search { words } => search(session, &joined(words)).await,
        MemoryCommand::Delete { ids } => delete(session, &ids).await,
        MemoryCommand::Correct { id, words } => correct(session, &id, joined(words)).await,
        MemoryCommand::Flag { id, words } => flag(session, &id, joined(words)).await,
        MemoryCommand::Lock { ids } => lock(session, &ids, true).await,
        MemoryCommand::Unlock { ids } => lock(session, &ids, false).await,
        MemoryCommand::Stats => stats(session).await,
        MemoryCommand::Incognito { switch, span, with } => {
            quiet(session, QuietKind::Incognito, switch, span, with.as_ref()).await
        }
        MemoryCommand::Fresh { switch, span, with } => {
            quiet(session, QuietKind::Fresh, switch, span, with.as_ref()).await
        }
        MemoryCommand::ForgetMe { name } => forget_me(session, name).await,
    }
}

fn joined(words: Vec<SearchWord>) -> String {
    let words: Vec<String> = words.into_iter().map(String::from).collect();
    words.join(" ")
}

async fn view(session: &Session<'_>, page: Page, from: Option<Mark>) -> Result<Answer, Stop> {
    let (db, scope) = (&session.turns.db, session.own_scope().await?);
    let total = usize::try_from(memories::count(db, &scope).await?).unwrap_or_default();
    if total == 0 {
        return Ok(Answer::private(session.say("reply-memory-none", &[])));
    }
    let pages = total.div_ceil(PAGE);
    if page.number() as usize > pages {
        return Err(Refusal::new("refusal-page-beyond").arg("pages", pages.to_string()).into());
    }
    // One more than is shown tells whether there is a next page: counts are of a moment ago.
    let limit = PAGE as i64 + 1;
    let first = memories::page(db, &scope, limit, 0);
    let mut shown = match from.as_ref().map(Mark::parts) {
        Some((onward, at, id)) => {
            let is_newer = onward == Onward::Newer;
            let found = if is_newer { PAGE as i64 } else { limit };
            let shown = memories::page_from(db, &scope, is_newer, (Moment(at), id), found).await?;
            // Towards the end of a list there is always a whole page: its first.
            if shown.is_empty() || (is_newer && shown.len() < PAGE) { first.await? } else { shown }
        }
        None => {
            let skip = i64::try_from(page.skip(PAGE)).unwrap_or(i64::MAX);
            memories::page(db, &scope, limit, skip).await?
        }
    };
    let came_back = matches!(from.as_ref().map(Mark::parts), Some((Onward::Newer, ..)));
    let is_more = came_back || shown.len() > PAGE;
    shown.truncate(PAGE);
    let (Some(newest), Some(oldest)) = (shown.first(), shown.last()) else {
        return Ok(Answer::private(session.say("reply-memory-none", &[])));
    };
    let before = usize::try_from(memories::count_newer(db, &scope, newest).await?).unwrap_or_default();
    let number = before.div_ceil(PAGE) + 1;
    let head = session.say(
        "reply-memory-page",
        &[("count", total.into()), ("page", number.into()), ("pages", pages.max(number).into())],
    );
    let ids: Vec<&MemoryId> = shown.iter().map(|memory| &memory.id).collect();
    let outdated = layers::outdated(db, &scope, &ids).await?;
    let mut answer = shown.iter().fold(Answer::private(head), |answer, memory| {
        let marks = outdated.contains(&memory.id).then(|| session.say("memory-outdated", &[]));
        marked_row(session, answer, memory, marks.into_iter().collect())
    });
    // From entry to entry rather than by number: what comes and goes meanwhile shifts no page.
    let onward = |onward, memory: &Memory| {
        let from = Mark::at(onward, memory.at.0, memory.id.as_str());
        Command::Memory(MemoryCommand::View { page: None, from: Some(from) }).line()
    };
    if before > 0 {
        answer = answer.with_button(session.say("button-previous", &[]), onward(Onward::Newer, newest));
    }
    if is_more {
        let typed = format!("/memory view --page {}", number + 1);
        let more = session.say("reply-memory-more", &[("command", typed.into())]);
        answer.text = format!("{} {more}", answer.text);
        answer = answer.with_button(session.say("button-next", &[]), onward(Onward::Older, oldest));
    }
    Ok(answer)
}

async fn search(session: &Session<'_>, words: &str) -> Result<Answer, Stop> {
    let scope = session.readable_scope().await?;
    let found = session.turns.recall.find(&scope, words, FOUND_MAX).await.map_err(|error| {
        tracing::warn!(error = %error, "a memory search failed");
        Refusal::new("refusal-recall-away")
    })?;
    // Whoever looks for something to forget it is shown every time that it was said.
    let again: Vec<&MemoryId> = found.iter().flat_map(|(_, hit)| &hit.again).collect();
    let again = memories::many(&session.turns.db, &scope, &again).await?;
    let mut again: HashMap<MemoryId, Memory> = again.into_iter().map(|memory| (memory.id.clone(), memory)).collect();
    let all = found.into_iter().flat_map(|(memory, hit)| {
        let others: Vec<Memory> = hit.again.iter().filter_map(|id| again.remove(id)).collect();
        std::iter::once(memory).chain(others)
    });
    // What others said in a running session is not the caller's to look through.
    let is_own = |memory: &Memory| !memory.is_of_session() || memory.persona == *scope.persona();
    let found: Vec<Memory> = all.filter(is_own).take(FOUND_MAX).collect();
    if found.is_empty() {
        return Ok(Answer::private(session.say("reply-memory-not-found", &[("words", words.into())])));
    }
    let head = session.say("reply-memory-found", &[("count", found.len().into()), ("words", words.into())]);
    Ok(found.iter().fold(Answer::private(head), |answer, memory| row(session, answer, memory)))
}

/// The memories of these ids, all or none.
async fn named(session: &Session<'_>, ids: &[MemoryRef]) -> Result<Vec<Memory>, Stop> {
    let scope = session.own_scope().await?;
    let mut found: Vec<Memory> = Vec::with_capacity(ids.len());
    for id in ids {
        match memories::ending(&session.turns.db, &scope, id.as_str()).await?.as_slice() {
            [] => return Err(Refusal::new("refusal-memory-not-found").arg("id", id.as_str()).into()),
            // What belongs to everyone of a character is not one member's to change.
            [memory] if !memory.is_of_session() && memory.tenant != own_of(memory) => {
                return Err(Refusal::new("refusal-memory-not-found").arg("id", id.as_str()).into());
            }
            [memory] => found.push(memory.clone()),
            _ => return Err(Refusal::new("refusal-memory-ambiguous").arg("id", id.as_str()).into()),
        }
    }
    found.sort_by(|a, b| a.id.cmp(&b.id));
    found.dedup_by(|a, b| a.id == b.id);
    Ok(found)
}

fn own_of(memory: &Memory) -> Tenant {
    Tenant::personal(&memory.persona, &memory.personality)
}

/// The memory of this id, to write about its words: those of an encrypted room are written about there.
async fn named_one(session: &Session<'_>, id: &MemoryRef) -> Result<Memory, Stop> {
    let mut found = named(session, std::slice::from_ref(id)).await?;
    let memory = found.pop().ok_or_else(|| Refusal::new("refusal-memory-not-found").arg("id", id.as_str()))?;
    if memory.is_sealed_off(&session.place.id) {
        return Err(Refusal::new("refusal-memory-sealed").arg("id", id.as_str()).into());
    }
    Ok(memory)
}

async fn delete(session: &Session<'_>, ids: &[MemoryRef]) -> Result<Answer, Stop> {
    // First all are found, then all are deleted: a mistyped id deletes nothing.
    let found = named(session, ids).await?;
    for memory in &found {
        erase(session, &memory.id).await?;
    }
    Ok(Answer::private(session.say("reply-memory-deleted", &[("count", found.len().into())])))
}

/// Deletes a memory for good, and with it what it was put in the place of.
async fn erase(session: &Session<'_>, id: &MemoryId) -> Result<(), Stop> {
    let mut gone = vec![id.clone()];
    let mut at = 0;
    while let Some(id) = gone.get(at).cloned() {
        gone.extend(memories::corrected_by(&session.turns.db, &id).await?);
        at += 1;
    }
    for id in &gone {
        session.turns.recall.forget(id).await.map_err(|error| match error {
            crate::recall::RecallError::Db(error) => Stop::Failed(error),
            _ => Refusal::new("refusal-recall-away").into(),
        })?;
    }
    Ok(())
}

async fn correct(session: &Session<'_>, id: &MemoryRef, words: String) -> Result<Answer, Stop> {
    let memory = named_one(session, id).await?;
    let given = session.filled(TEXT).map(|text| text.expose_secret().trim().to_owned());
    let text = if words.trim().is_empty() { given.unwrap_or_default() } else { words.trim().to_owned() };
    if text.is_empty() {
        let ask = Ask::new(TEXT, session.say("form-memory-correct", &[]), AskKind::Text);
        let command = Command::Memory(MemoryCommand::Correct { id: id.clone(), words: Vec::new() });
        let form = Form { asks: vec![ask], line: command.line() };
        let head = Answer::private(session.say("reply-memory-correct-ask", &[]));
        return Ok(row(session, head, &memory).with_form(form));
    }
    if text.chars().count() > TEXT_MAX {
        return Err(Refusal::new("refusal-memory-text").arg("max", TEXT_MAX.to_string()).into());
    }
    if holds_a_key(&text) {
        return Err(Refusal::new("refusal-key-in-message").into());
    }
    let correction = Memory {
        id: MemoryId::new(session.turns.clock.id()),
        provenance: Provenance::Corrected,
        turn: None,
        said: text,
        answered: String::new(),
        flag: None,
        ..memory.clone()
    };
    let (clock, now) = (&session.turns.clock, session.turns.clock.now());
    let (row_of, chores) = (correction.clone(), [clock.id(), clock.id(), clock.id()]);
    session
        .turns
        .db
        .write(move |tx| Box::pin(async move { memories::correct(tx, chores, &memory.id, &row_of, now).await }))
        .await?;
    session.turns.recall.wake();
    Ok(row(session, Answer::private(session.say("reply-memory-corrected", &[])), &correction))
}

async fn flag(session: &Session<'_>, id: &MemoryRef, reason: String) -> Result<Answer, Stop> {
    let memory = named_one(session, id).await?;
    let reason = Some(reason.trim().to_owned()).filter(|reason| !reason.is_empty());
    if reason.as_ref().is_some_and(|reason| reason.chars().count() > REASON_MAX) {
        return Err(Refusal::new("refusal-memory-reason").arg("max", REASON_MAX.to_string()).into());
    }
    let (id, set) = (memory.id.clone(), reason.clone());
    session.turns.db.write(move |tx| Box::pin(async move { memories::flag(tx, &id, set.as_deref()).await })).await?;
    let text = if reason.is_some() { "reply-memory-flagged" } else { "reply-memory-unflagged" };
    Ok(row(session, Answer::private(session.say(text, &[])), &Memory { flag: reason, ..memory }))
}

async fn lock(session: &Session<'_>, ids: &[MemoryRef], is_locked: bool) -> Result<Answer, Stop> {
    let found = named(session, ids).await?;
    let count = found.len();
    let ids: Vec<MemoryId> = found.into_iter().map(|memory| memory.id).collect();
    let at = is_locked.then(|| session.turns.clock.now());
    session.turns.db.write(move |tx| Box::pin(async move { memories::lock(tx, &ids, at).await })).await?;
    let id = if is_locked { "reply-memory-locked" } else { "reply-memory-unlocked" };
    Ok(Answer::private(session.say(id, &[("count", count.into())])))
}

async fn stats(session: &Session<'_>) -> Result<Answer, Stop> {
    let all = memories::stats(&session.turns.db, &session.person.member.id).await?;
    if all.is_empty() {
        return Ok(Answer::private(session.say("reply-memory-none", &[])));
    }
    let personas = people::personas(&session.turns.db, &session.person.member.id).await?;
    let names = session.turns.directory.names();
    let total: i64 = all.iter().map(|stats| stats.count).sum();
    let head = Answer::private(session.say("reply-memory-stats", &[("count", total.into())]));
    Ok(all.iter().fold(head, |answer, stats| {
        let personality = names.get(&stats.personality).map(|p| p.file.name.clone()).unwrap_or_default();
        let persona = personas.iter().find(|p| p.id == stats.persona).map(|p| p.name.clone()).unwrap_or_default();
        let day = |at| written(at, session.zone(), "%Y-%m-%d");
        let args = [
            ("count", stats.count.into()),
            ("locked", stats.locked.into()),
            ("flagged", stats.flagged.into()),
            ("size", stats.size.into()),
            ("first", day(stats.first).into()),
            ("last", day(stats.last).into()),
        ];
        answer.with(format!("{personality} · {persona}"), session.say("memory-stats-row", &args))
    }))
}

/// Begins or ends a quiet time, or says how it is.
async fn quiet(
    session: &Session<'_>,
    kind: QuietKind,
    switch: Option<Switch>,
    span: Option<Span>,
    with: Option<&PersonalityName>,
) -> Result<Answer, Stop> {
    let personality = with.map(|name| session.named(name.as_str())).transpose()?;
    let (member, now) = (session.person.member.id.clone(), session.turns.clock.now());
    let only = personality.as_ref().map(|personality| personality.id.clone());
    let only_id = only.as_ref().map(ToString::to_string);
    let [on, off, none, some] = match kind {
        QuietKind::Incognito => {
            ["reply-incognito-on", "reply-incognito-off", "reply-incognito-none", "reply-incognito-some"]
        }
        QuietKind::Fresh => ["reply-fresh-on", "reply-fresh-off", "reply-fresh-none", "reply-fresh-some"],
    };
    match switch {
        Some(Switch::On) => {
            let until = now.plus_millis(span.unwrap_or(QUIET).millis());
            let (id, quiet) = (session.turns.clock.id(), Quiet { kind, personality: only, until });
            let done = hushed(session, kind, only_id.as_deref(), "on");
            let writing = session.turns.db.write(move |tx| {
                Box::pin(async move {
                    choices::be_quiet(tx, &id, &member, &quiet).await?;
                    audit::record_any(tx, done.as_ref()).await
                })
            });
            writing.await?;
            session.turns.directory.forget_bonds();
            let until = written(until, session.zone(), "%Y-%m-%d %H:%M");
            Ok(Answer::private(session.say(on, &[("until", until.into())])))
        }
        Some(Switch::Off) => {
            let done = hushed(session, kind, only_id.as_deref(), "off");
            let writing = session.turns.db.write(move |tx| {
                Box::pin(async move {
                    choices::speak_again(tx, &member, kind, only.as_ref()).await?;
                    audit::record_any(tx, done.as_ref()).await
                })
            });
            writing.await?;
            session.turns.directory.forget_bonds();
            Ok(Answer::private(session.say(off, &[])))
        }
        None => {
            let all = choices::quiets(&session.turns.db, &member).await?;
            let current: Vec<&Quiet> = all.iter().filter(|quiet| quiet.kind == kind && quiet.until > now).collect();
            if current.is_empty() {
                return Ok(Answer::private(session.say(none, &[])));
            }
            let names = session.turns.directory.names();
            let everyone = || session.say("quiet-everyone", &[]);
            Ok(current.into_iter().fold(Answer::private(session.say(some, &[])), |answer, quiet| {
                let name = quiet.personality.as_ref().and_then(|id| names.get(id)).map(|p| p.file.name.clone());
                answer.with(name.unwrap_or_else(everyone), written(quiet.until, session.zone(), "%Y-%m-%d %H:%M"))
            }))
        }
    }
}

/// That nothing is remembered for a while, or again, as a deed; `None`: only answers are made otherwise.
fn hushed(session: &Session<'_>, kind: QuietKind, only: Option<&str>, switch: &'static str) -> Option<Done> {
    let done = (kind == QuietKind::Incognito).then(|| session.done(Deed::IncognitoSet).saying(switch))?;
    Some(match only {
        Some(personality) => done.about(personality),
        None => done,
    })
}

async fn forget_me(session: &Session<'_>, name: Option<PersonalityName>) -> Result<Answer, Stop> {
    let personality = name.as_ref().map(|name| session.named(name.as_str())).transpose()?;
    let member = &session.person.member.id;
    let only = personality.as_ref().map(|personality| personality.id.clone());
    let gone = memories::unlocked(&session.turns.db, member, only.as_ref()).await?;
    if gone.is_empty() {
        return Ok(Answer::private(session.say("reply-memory-none", &[])));
    }
    let typed = &session.person.persona.name;
    let text = match &personality {
        Some(personality) => session.say(
            "reply-forget-me-ask-one",
            &[("count", gone.len().into()), ("name", personality.file.name.clone().into())],
        ),
        None => session.say("reply-forget-me-ask", &[("count", gone.len().into())]),
    };
    let line = Command::Memory(MemoryCommand::ForgetMe { name }).line();
    if let Some(asks) = session.confirm(typed, line, text)? {
        return Ok(asks);
    }
    for id in &gone {
        erase(session, id).await?;
    }
    Ok(Answer::private(session.say("reply-memory-deleted", &[("count", gone.len().into())])))
}

/// One memory of a list: its short id and date, then both sides.
fn row(session: &Session<'_>, answer: Answer, memory: &Memory) -> Answer {
    marked_row(session, answer, memory, Vec::new())
}

/// The same with further marks behind its date.
fn marked_row(session: &Session<'_>, answer: Answer, memory: &Memory, mut marks: Vec<String>) -> Answer {
    let origin = session.say(
        match memory.provenance {
            Provenance::UserSaid => "memory-origin-user-said",
            Provenance::Import => "memory-origin-import",
            Provenance::Corrected => "memory-origin-corrected",
            Provenance::Inferred => "memory-origin-inferred",
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
    let is_sealed_off = memory.is_sealed_off(&session.place.id);
    let said = match memory.kind {
        MemoryKind::Episode => format!("{}: {}", memory.said_by, shown(&memory.said)),
        MemoryKind::Fact | MemoryKind::Profile | MemoryKind::Summary => shown(&memory.said),
    };
    let text = match memory.answered.as_str() {
        _ if is_sealed_off => session.say("memory-sealed", &[("kind", memory.kind.as_str().into())]),
        "" => said,
        answered => format!("{said}\n{}: {}", memory.answered_by, shown(answered)),
    };
    if memory.is_of_session() {
        marks.push(session.say("memory-of-session", &[]));
    }
    if memory.is_locked {
        marks.push(session.say("memory-locked", &[]));
    }
    if let Some(reason) = memory.flag.as_ref().filter(|_| !is_sealed_off) {
        marks.push(session.say("memory-flagged", &[("reason", reason.clone().into())]));
    }
    let head = std::iter::once(head).chain(marks).collect::<Vec<_>>().join(" · ");
    answer.with(head, text)
}

fn shown(text: &str) -> String {
    let text = one_line(text);
    match text.char_indices().nth(SHOWN_CHARS) {
        Some((end, _)) => format!("{}…", text[..end].trim_end()),
        None => text.into_owned(),
    }
}
