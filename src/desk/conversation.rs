//! `/reset` and `/talk`: the running conversation.

use commands::{Reset, ResetStep, Talk};

use super::{Session, Stop};
use crate::db::places;
use crate::domain::{Answer, Refusal};

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

/// The terminal changes whom it talks to by itself; this says whom, or that there is nobody of that name.
pub(super) fn talk(session: &Session<'_>, talk: &Talk) -> Result<Answer, Stop> {
    let personality = session.named(talk.name.as_str())?;
    Ok(Answer::public(session.say("reply-talk", &[("name", personality.file.name.clone().into())])))
}
