//! `/persona`: how the caller wants to be seen.

use commands::Persona as PersonaCommand;

use super::{Session, Stop};
use crate::db::people;
use crate::domain::{Answer, Persona, PersonaId, Refusal};

pub(super) async fn run(session: &Session<'_>, command: PersonaCommand) -> Result<Answer, Stop> {
    match command {
        PersonaCommand::View => Ok(shown(session, &session.person.persona, "reply-persona-view")),
        PersonaCommand::Create { name, pronouns, description } => {
            let taken = personas(session).await?.iter().any(|persona| same(&persona.name, name.as_str()));
            if taken {
                return Err(Refusal::new("refusal-persona-exists").arg("name", name.as_str()).into());
            }
            let set = |text: String| (!text.is_empty()).then_some(text);
            let persona = Persona {
                id: PersonaId::new(session.turns.clock.id()),
                member: session.person.member.id.clone(),
                name: name.into(),
                pronouns: pronouns.and_then(|pronouns| set(pronouns.into())),
                description: description.and_then(|description| set(description.into())),
                is_default: false,
            };
            let (created, now) = (persona.clone(), session.turns.clock.now());
            let writing = session
                .turns
                .db
                .write(move |tx| Box::pin(async move { people::create_persona(tx, &created, now).await }));
            writing.await?;
            Ok(shown(session, &persona, "reply-persona-created"))
        }
        PersonaCommand::List => {
            let all = personas(session).await?;
            let head = Answer::private(session.say("reply-persona-list", &[("count", all.len().into())]));
            Ok(all.into_iter().fold(head, |answer, persona| {
                let id = if persona.is_default { "persona-in-use" } else { "persona-not-in-use" };
                answer.with(persona.name, session.say(id, &[]))
            }))
        }
        PersonaCommand::Use { name } => {
            let found = personas(session).await?.into_iter().find(|persona| same(&persona.name, name.as_str()));
            let persona = found.ok_or_else(|| Refusal::new("refusal-persona-not-found").arg("name", name.as_str()))?;
            let (member, id) = (session.person.member.id.clone(), persona.id.clone());
            let writing =
                session.turns.db.write(move |tx| Box::pin(async move { people::use_persona(tx, &member, &id).await }));
            writing.await?;
            session.turns.directory.forget_people();
            Ok(shown(session, &persona, "reply-persona-used"))
        }
        PersonaCommand::Edit { name, pronouns, description } => {
            if name.is_none() && pronouns.is_none() && description.is_none() {
                return Err(Refusal::new("refusal-persona-nothing-to-change").into());
            }
            let mut persona = session.person.persona.clone();
            let set = |text: String| (!text.is_empty()).then_some(text);
            if let Some(name) = name {
                let is_taken = |other: &Persona| other.id != persona.id && same(&other.name, name.as_str());
                if personas(session).await?.iter().any(is_taken) {
                    return Err(Refusal::new("refusal-persona-exists").arg("name", name.as_str()).into());
                }
                persona.name = name.into();
            }
            if let Some(pronouns) = pronouns {
                persona.pronouns = set(pronouns.into());
            }
            if let Some(description) = description {
                persona.description = set(description.into());
            }
            let edited = persona.clone();
            let written =
                session.turns.db.write(move |tx| Box::pin(async move { people::edit_persona(tx, &edited).await }));
            written.await?;
            session.turns.directory.forget_people();
            Ok(shown(session, &persona, "reply-persona-saved"))
        }
    }
}

async fn personas(session: &Session<'_>) -> Result<Vec<Persona>, Stop> {
    Ok(people::personas(&session.turns.db, &session.person.member.id).await?)
}

/// Whether two names are one to a person who types them.
fn same(a: &str, b: &str) -> bool {
    a.trim().to_lowercase() == b.trim().to_lowercase()
}

fn shown(session: &Session<'_>, persona: &Persona, head: &str) -> Answer {
    let unset = || session.say("persona-not-set", &[]);
    Answer::private(session.say(head, &[]))
        .with(session.say("label-persona-name", &[]), persona.name.clone())
        .with(session.say("label-persona-pronouns", &[]), persona.pronouns.clone().unwrap_or_else(unset))
        .with(session.say("label-persona-description", &[]), persona.description.clone().unwrap_or_else(unset))
}
