//! `/session`: times in which what a personality is told in a place is remembered there, and for that time only.

use std::sync::Arc;

use commands::{PersonalityName, Session as SessionCommand, Switch};

use super::conversation::may_activate;
use super::{Session, Stop};
use crate::db::{places, sessions};
use crate::domain::{Answer, Personality, Refusal};
use crate::texts::Arg;
use crate::turn::prompt::written;

pub(super) async fn run(session: &Session<'_>, command: SessionCommand) -> Result<Answer, Stop> {
    match command {
        SessionCommand::View => view(session).await,
        SessionCommand::Start { name } => start(session, name.as_ref()).await,
        SessionCommand::End { name, keep } => end(session, name.as_ref(), keep == Some(Switch::On)).await,
    }
}

/// With whom: the one that is named, else the one the caller talks with.
fn with(session: &Session<'_>, name: Option<&PersonalityName>) -> Result<Arc<Personality>, Refusal> {
    let Some(name) = name else { return session.personality() };
    // Who gives the session a name of its own is told that it takes that of a personality.
    session.named(name.as_str()).map_err(|refusal| match refusal.id {
        "refusal-personality-not-found" => Refusal::new("refusal-session-name").arg("name", name.as_str()),
        _ => refusal,
    })
}

fn named(personality: &Personality) -> (&'static str, Arg) {
    ("name", personality.file.name.clone().into())
}

async fn view(session: &Session<'_>) -> Result<Answer, Stop> {
    let running = sessions::running(&session.turns.db, &session.place.id).await?;
    let names = session.turns.directory.names();
    let seen = names.seen_by(&session.person.member.id);
    let shown: Vec<(String, String)> = running
        .into_iter()
        .filter_map(|one| {
            let personality = seen.get(&one.personality)?;
            let since = written(one.started_at, session.zone(), "%Y-%m-%d %H:%M");
            let args = [("since", since.into()), ("count", one.count.into()), ("people", one.people.into())];
            Some((personality.file.name.clone(), session.say("session-row", &args)))
        })
        .collect();
    let head = if shown.is_empty() { "reply-session-none" } else { "reply-session-view" };
    let head = Answer::private(session.say(head, &[]));
    Ok(shown.into_iter().fold(head, |answer, (name, row)| answer.with(name, row)))
}

async fn start(session: &Session<'_>, name: Option<&PersonalityName>) -> Result<Answer, Stop> {
    may_activate(session)?;
    let personality = with(session, name)?;
    if !session.place.admits(&personality.id) {
        return Err(Refusal::new("refusal-not-in-this-place").arg("name", personality.file.name.clone()).into());
    }
    let (clock, member) = (&session.turns.clock, session.person.member.id.clone());
    let (id, now, place, with) = (clock.id(), clock.now(), session.place.id.clone(), personality.id.clone());
    let writing = session
        .turns
        .db
        .write(move |tx| Box::pin(async move { sessions::start(tx, &id, (&place, &with), &member, now).await }));
    if !writing.await? {
        return Err(Refusal::new("refusal-session-running").arg("name", personality.file.name.clone()).into());
    }
    Ok(Answer::public(session.say("reply-session-started", &[named(&personality)])))
}

async fn end(session: &Session<'_>, name: Option<&PersonalityName>, is_kept: bool) -> Result<Answer, Stop> {
    let personality = with(session, name)?;
    let none = || Refusal::new("refusal-session-none").arg("name", personality.file.name.clone());
    let running = sessions::running(&session.turns.db, &session.place.id).await?;
    let running = running.into_iter().find(|one| one.personality == personality.id);
    // Whoever started it ends it as well, whatever the place leaves to whom meanwhile.
    let is_starter = running.as_ref().is_some_and(|one| one.started_by.as_ref() == Some(&session.person.member.id));
    if !is_starter {
        may_activate(session)?;
    }
    let running = running.ok_or_else(none)?;
    let (clock, member) = (&session.turns.clock, session.person.member.id.clone());
    let (cut, now, place, with) = (clock.id(), clock.now(), session.place.id.clone(), personality.id.clone());
    let writing = session.turns.db.write(move |tx| {
        Box::pin(async move {
            let ended = sessions::end(tx, &running.id, is_kept, now).await?;
            if ended.is_some() && !is_kept {
                // What is forgotten is not to go on in the conversation either.
                places::cut_history(tx, cut, &place, &with, &member, now).await?;
            }
            Ok(ended)
        })
    });
    let ended = writing.await?.ok_or_else(none)?;
    session.turns.recall.wake();
    let args = [named(&personality), ("kept", ended.kept.into()), ("forgotten", ended.forgotten.into())];
    let text = if is_kept { "reply-session-kept" } else { "reply-session-forgotten" };
    Ok(Answer::public(session.say(text, &args)))
}
