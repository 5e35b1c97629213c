//! `/personality`: who lives here.

use commands::Personality as PersonalityCommand;

use super::{Session, Stop};
use crate::domain::Answer;

pub(super) fn run(session: &Session<'_>, command: &PersonalityCommand) -> Result<Answer, Stop> {
    match command {
        PersonalityCommand::List => {
            let head = session.say("personality-list", &[]);
            let all = session.turns.directory.names().all();
            Ok(all.iter().fold(Answer::public(head), |answer, personality| {
                answer.with(personality.file.name.clone(), personality.file.about.clone())
            }))
        }
        PersonalityCommand::View { name } => {
            let personality = session.named(name.as_str())?;
            let file = &personality.file;
            let mut answer = Answer::public(file.name.clone())
                .with(session.say("personality-slug", &[]), personality.slug.clone())
                .with(session.say("personality-about", &[]), file.about.clone());
            if let Some(pronouns) = &file.pronouns {
                answer = answer.with(session.say("persona-pronouns", &[]), pronouns.clone());
            }
            if !file.aliases.is_empty() {
                answer = answer.with(session.say("personality-aliases", &[]), file.aliases.join(", "));
            }
            Ok(answer)
        }
    }
}
