//! `/persona`: how the caller wants to be seen.

use commands::Persona as PersonaCommand;

use super::{Session, Stop};
use crate::db::people;
use crate::domain::{Answer, Persona, Refusal};

pub(super) async fn run(session: &Session<'_>, command: PersonaCommand) -> Result<Answer, Stop> {
    match command {
        PersonaCommand::View => Ok(shown(session, &session.person.persona, "reply-persona-view")),
        PersonaCommand::Edit { name, pronouns, description } => {
            if name.is_none() && pronouns.is_none() && description.is_none() {
                return Err(Refusal::new("refusal-persona-nothing-to-change").into());
            }
            let mut persona = session.person.persona.clone();
            let set = |text: String| (!text.is_empty()).then_some(text);
            if let Some(name) = name {
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

fn shown(session: &Session<'_>, persona: &Persona, head: &str) -> Answer {
    let unset = || session.say("persona-not-set", &[]);
    Answer::private(session.say(head, &[]))
        .with(session.say("label-persona-name", &[]), persona.name.clone())
        .with(session.say("label-persona-pronouns", &[]), persona.pronouns.clone().unwrap_or_else(unset))
        .with(session.say("label-persona-description", &[]), persona.description.clone().unwrap_or_else(unset))
}
