//! `/personality`: who lives here.

use commands::Personality as PersonalityCommand;

use super::{Session, Stop};
use crate::domain::Answer;

pub(super) fn run(session: &Session<'_>, command: &PersonalityCommand) -> Result<Answer, Stop> {
    match command {
        PersonalityCommand::List => {
            let all = session.turns.directory.names().all();
            let head = if all.is_empty() { "reply-personality-none" } else { "reply-personality-list" };
            let head = session.say(head, &[]);
            Ok(all.iter().fold(Answer::public(head), |answer, personality| {
                answer.with(personality.file.name.clone(), personality.file.about.clone())
            }))
        }
        PersonalityCommand::View { name } => {
            let personality = session.named(name.as_str())?;
            let file = &personality.file;
            let mut answer = Answer::public(session.say(
                "reply-personality-view",
                &[("name", file.name.clone().into()), ("about", file.about.clone().into())],
            ))
            .with(session.say("label-personality-slug", &[]), personality.slug.clone());
            if let Some(pronouns) = &file.pronouns {
                answer = answer.with(session.say("label-personality-pronouns", &[]), pronouns.clone());
            }
            if !file.aliases.is_empty() {
                answer = answer.with(session.say("label-personality-aliases", &[]), file.aliases.join(", "));
            }
            Ok(answer)
        }
    }
}
