//! What is true of a character in every talk: statements of those who look after it, found like any other memory.

use commands::{MemoryRef, PersonalityName, Statement};

use super::own;
use crate::db::memories;
use crate::desk::{Session, Stop};
use crate::domain::{Answer, Detail, Memory, MemoryId, MemoryKind, Provenance, Reach, Refusal, Tenant, holds_a_key};

/// Statements that a character may have.
const STATEMENTS_MAX: i64 = 500;
/// Statements that are shown, the newest.
const SHOWN: i64 = 50;

/// Shows a character's canon, adds to it, or takes something out.
pub(super) async fn canon(
    session: &Session<'_>,
    name: &PersonalityName,
    add: Option<&Statement>,
    remove: Option<&MemoryRef>,
) -> Result<Answer, Stop> {
    let personality = own(session, name)?;
    let shown = personality.file.name.clone();
    let persona = session.person.persona.id.clone();
    let tenant = Tenant::global(&personality.id);
    let mut head = session.say("reply-canon", &[("name", shown.clone().into())]);
    if let Some(id) = remove {
        let all = memories::of_tenant(&session.turns.db, &tenant, STATEMENTS_MAX).await?;
        let mut meant = all.iter().filter(|memory| memory.id.as_str().ends_with(id.as_str()));
        let (Some(memory), None) = (meant.next(), meant.next()) else {
            return Err(Refusal::new("refusal-canon-not-found").arg("id", id.as_str()).into());
        };
        session.turns.recall.forget(&memory.id).await.map_err(|error| match error {
            crate::recall::RecallError::Db(error) => Stop::Failed(error),
            _ => Refusal::new("refusal-recall-away").into(),
        })?;
        head = session.say("reply-canon-removed", &[("name", shown.clone().into())]);
    }
    if let Some(text) = add {
        if holds_a_key(text.as_str()) {
            return Err(Refusal::new("refusal-key-in-message").into());
        }
        if memories::count_of(&session.turns.db, &tenant).await? >= STATEMENTS_MAX {
            return Err(Refusal::new("refusal-canon-full").arg("max", STATEMENTS_MAX.to_string()).into());
        }
        let (clock, now) = (&session.turns.clock, session.turns.clock.now());
        let memory = Memory {
            id: MemoryId::new(clock.id()),
            kind: MemoryKind::Fact,
            detail: Detail { about: Some(shown.clone()), ..Detail::default() },
            tenant: tenant.clone(),
            persona,
            personality: personality.id.clone(),
            place: session.place.id.clone(),
            reach: Reach::Open,
            provenance: Provenance::UserSaid,
            turn: None,
            said_by: shown.clone(),
            said: text.as_str().to_owned(),
            answered_by: shown.clone(),
            answered: String::new(),
            at: now,
            is_locked: false,
            flag: None,
        };
        let (chore, detail) = (clock.id(), memories::detail_of(&memory));
        let writing = session.turns.db.write(move |tx| {
            let (memory, chore, detail) = (memory.clone(), chore.clone(), detail.clone());
            Box::pin(async move {
                let mut script = crate::db::Script::default();
                memories::add_detailed(&mut script, &memory, detail.as_deref(), &chore, now);
                script.run(tx).await
            })
        });
        writing.await?;
        session.turns.recall.wake();
        head = session.say("reply-canon-added", &[("name", shown.clone().into())]);
    }
    let all = memories::of_tenant(&session.turns.db, &tenant, SHOWN).await?;
    if all.is_empty() {
        return Ok(Answer::private(session.say("reply-canon-none", &[("name", shown.into())])));
    }
    Ok(all.into_iter().fold(Answer::private(head), |answer, memory| {
        answer.with(MemoryRef::short(memory.id.as_str()).to_owned(), memory.said)
    }))
}
