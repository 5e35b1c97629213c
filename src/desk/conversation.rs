//! `/reset`, `/talk`, `/activate`, `/deactivate`, `/autorespond`: the running conversation.

use commands::{Activate, Autorespond, Reset, ResetStep, Switch, Talk};

use super::{Session, Stop};
use crate::db::places;
use crate::domain::{Answer, PersonalityId, Privacy, Refusal, Visibility, Who};
use crate::turn::Asking;

pub(super) async fn reset(session: &Session<'_>, reset: &Reset) -> Result<Answer, Stop> {
    let personality = session.personality()?;
    match reset.step {
        None => {
            let (id, place, personality, member, now) = (
                session.turns.clock.id(),
                session.place.id.clone(),
                personality.id.clone(),
                session.person.member.id.clone(),
                session.turns.clock.now(),
            );
            session
                .turns
                .db
                .write(move |tx| {
                    Box::pin(async move { places::cut_history(tx, id, &place, &personality, &member, now).await })
                })
                .await?;
            Ok(Answer::public(session.say("reply-reset-done", &[])))
        }
        Some(ResetStep::Undo) => {
            let cut = places::last_cut(&session.turns.db, &session.place.id, &personality.id).await?;
            let (id, _) = cut.ok_or_else(|| Refusal::new("refusal-reset-nothing-to-undo"))?;
            session.turns.db.write(move |tx| Box::pin(async move { places::uncut_history(tx, &id).await })).await?;
            Ok(Answer::public(session.say("reply-reset-undone", &[])))
        }
    }
}

/// Has an answer given once more.
pub(super) async fn again(session: &Session<'_>) -> Result<Answer, Stop> {
    let turn = session.turns.again(&asking(session)).await?;
    Ok(Answer::private(session.say("reply-again", &[])).with_turn(turn))
}

/// Takes an answer back.
pub(super) async fn unsay(session: &Session<'_>) -> Result<Answer, Stop> {
    session.turns.unsay(&asking(session)).await?;
    Ok(Answer::private(session.say("reply-unsaid", &[])))
}

fn asking<'s>(session: &'s Session<'_>) -> Asking<'s> {
    Asking {
        who: &session.person,
        identity: &session.caller.identity,
        place: &session.place,
        named: &session.caller.place,
        message: session.caller.message.as_deref(),
        is_operator: session.is_operator(),
    }
}

/// The terminal changes whom it talks to by itself; this says whom, or that there is nobody of that name.
pub(super) fn talk(session: &Session<'_>, talk: &Talk) -> Result<Answer, Stop> {
    let personality = session.named(talk.name.as_str())?;
    Ok(Answer::public(session.say("reply-talk", &[("name", personality.file.name.clone().into())])))
}

/// Lets a personality answer everything that is said in this place.
pub(super) async fn activate(session: &Session<'_>, activate: &Activate) -> Result<Answer, Stop> {
    may_activate(session)?;
    let personality = session.named(activate.name.as_str())?;
    if !session.place.admits(&personality.id) {
        return Err(Refusal::new("refusal-not-in-this-place").arg("name", personality.file.name.clone()).into());
    }
    if personality.file.adult && !session.place.is_adult {
        return Err(Refusal::new("refusal-adults-only").arg("name", personality.file.name.clone()).into());
    }
    if personality.visibility != Visibility::Public && session.place.privacy != Privacy::Direct {
        return Err(Refusal::new("refusal-personality-private-here").arg("name", personality.file.name.clone()).into());
    }
    set(session, Some(&personality.id), true).await?;
    Ok(Answer::public(session.say("reply-activated", &[("name", personality.file.name.clone().into())])))
}

pub(super) async fn deactivate(session: &Session<'_>) -> Result<Answer, Stop> {
    may_activate(session)?;
    active(session)?;
    set(session, None, false).await?;
    Ok(Answer::public(session.say("reply-deactivated", &[])))
}

pub(super) async fn autorespond(session: &Session<'_>, autorespond: &Autorespond) -> Result<Answer, Stop> {
    may_activate(session)?;
    let active = active(session)?;
    let is_on = autorespond.switch == Switch::On;
    set(session, Some(&active), is_on).await?;
    let names = session.turns.directory.names();
    let name = names.get(&active).map(|personality| personality.file.name.clone()).unwrap_or_default();
    let id = if is_on { "reply-autorespond-on" } else { "reply-autorespond-off" };
    Ok(Answer::public(session.say(id, &[("name", name.into())])))
}

/// Whether the place leaves it to the caller who is active.
pub(super) fn may_activate(session: &Session<'_>) -> Result<(), Refusal> {
    let is_open = session.place.activate_by == Who::Everyone;
    if is_open || session.caller.is_moderator || session.is_operator() {
        Ok(())
    } else {
        Err(Refusal::new("refusal-not-moderator"))
    }
}

/// Who is active in this place.
fn active(session: &Session<'_>) -> Result<PersonalityId, Refusal> {
    let names = session.turns.directory.names();
    // A character that the caller does not know of is nobody to them.
    let seen = names.seen_by(&session.person.member.id);
    let active = session.place.personality.clone().filter(|id| seen.get(id).is_some());
    active.ok_or_else(|| Refusal::new("refusal-nobody-active"))
}

async fn set(session: &Session<'_>, personality: Option<&PersonalityId>, autorespond: bool) -> Result<(), Stop> {
    let (place, personality) = (session.place.id.clone(), personality.cloned());
    let writing = session.turns.db.write(move |tx| {
        Box::pin(async move { places::activate(tx, &place, personality.as_ref(), autorespond).await })
    });
    writing.await?;
    session.turns.directory.forget_place(&session.place);
    Ok(())
}
