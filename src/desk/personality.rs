//! `/personality`: who lives here, and members' own characters.

use std::sync::Arc;

use commands::{About, Command, Personality as PersonalityCommand, PersonalityName, Pronouns, With};
use secrecy::ExposeSecret as _;

use super::{Session, Stop};
use crate::db::personalities;
use crate::domain::{Answer, Ask, Form, Personality, PersonalityFile, PersonalityId, Refusal, Visibility, slug_of};
use crate::guard::access;

/// Fields of the forms.
const ABOUT: &str = "about";
const PROMPT: &str = "prompt";
const CONFIRM: &str = "name";
/// Longest character, in characters.
const PROMPT_MAX: usize = 8_000;
/// Shortest character, in characters.
const PROMPT_MIN: usize = 10;
/// Characters of a character that a model too small for all of it is told.
const BRIEF_MAX: usize = 400;
/// Characters that one member may have.
const OWN_MAX: usize = 50;

pub(super) async fn run(session: &Session<'_>, command: PersonalityCommand) -> Result<Answer, Stop> {
    match &command {
        PersonalityCommand::Create { name } => create(session, name).await,
        PersonalityCommand::Edit { name, about, pronouns } => {
            edit(session, name, about.as_ref(), pronouns.as_ref()).await
        }
        PersonalityCommand::Share { with, name } => share(session, *with, name).await,
        PersonalityCommand::Delete { name } => delete(session, name).await,
        PersonalityCommand::List => {
            let names = session.turns.directory.names();
            let all = names.seen_by(&session.person.member.id).all();
            let head = if all.is_empty() { "reply-personality-none" } else { "reply-personality-list" };
            let head = session.say(head, &[]);
            Ok(all.iter().fold(Answer::public(head), |answer, personality| {
                let about = &personality.file.about;
                let shown = match personality.visibility {
                    Visibility::Public => about.clone(),
                    _ => session.say("personality-private", &[("about", about.clone().into())]),
                };
                answer.with(personality.file.name.clone(), shown.trim().to_owned())
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

async fn create(session: &Session<'_>, name: &PersonalityName) -> Result<Answer, Stop> {
    let member = &session.person.member.id;
    let names = session.turns.directory.names();
    if let Some(taken) = names.seen_by(member).find(name.as_str()) {
        return Err(Refusal::new("refusal-personality-exists").arg("name", taken.file.name.clone()).into());
    }
    if names.seen_by(member).all().iter().filter(|own| own.owner.as_ref() == Some(member)).count() >= OWN_MAX {
        return Err(Refusal::new("refusal-personality-too-many").arg("max", OWN_MAX.to_string()).into());
    }
    let (Some(about), Some(prompt)) = (session.filled(ABOUT), session.filled(PROMPT)) else {
        let command = Command::Personality(PersonalityCommand::Create { name: name.clone() });
        let text = session.say("reply-personality-ask", &[("name", name.as_str().into())]);
        let asks = [ABOUT, PROMPT].map(|field| ask(session, field, name.as_str())).to_vec();
        return Ok(Answer::private(text).with_form(Form { asks, line: command.line() }));
    };
    let about: About = about.expose_secret().parse().map_err(|_| Refusal::new("refusal-personality-about"))?;
    let prompt = character(prompt.expose_secret())?;
    let id = session.turns.clock.id();
    // An operator's file may get any slug one day; a member's has a part that no file has.
    let slug = format!("{}-{}", slug_of(name.as_str()), &id[id.len().saturating_sub(6)..]);
    let slug = slug.trim_start_matches('-').to_owned();
    let personality = Personality {
        id: PersonalityId::new(id),
        slug: slug.clone(),
        owner: Some(member.clone()),
        visibility: Visibility::Private,
        file: PersonalityFile {
            name: name.as_str().to_owned(),
            slug,
            about: about.into(),
            brief: brief(&prompt),
            prompt,
            ..PersonalityFile::default()
        },
    };
    let (row, now) = (personality.clone(), session.turns.clock.now());
    session.turns.db.write(move |tx| Box::pin(async move { personalities::create(tx, &row, now).await })).await?;
    session.turns.directory.reload_names().await?;
    Ok(Answer::private(session.say("reply-personality-created", &[("name", personality.file.name.into())])))
}

/// Changes what the line names; with nothing named, asks for the character anew.
async fn edit(
    session: &Session<'_>,
    name: &PersonalityName,
    about: Option<&About>,
    pronouns: Option<&Pronouns>,
) -> Result<Answer, Stop> {
    let mut personality = own(session, name)?;
    if about.is_none() && pronouns.is_none() {
        let Some(prompt) = session.filled(PROMPT) else {
            let command =
                Command::Personality(PersonalityCommand::Edit { name: name.clone(), about: None, pronouns: None });
            let now = session.say("reply-personality-now", &[("name", personality.file.name.clone().into())]);
            let form = Form { asks: vec![ask(session, PROMPT, name.as_str())], line: command.line() };
            return Ok(Answer::private(format!("{now}\n{}", personality.file.prompt)).with_form(form));
        };
        personality.file.prompt = character(prompt.expose_secret())?;
        personality.file.brief = brief(&personality.file.prompt);
    }
    if let Some(about) = about {
        about.as_str().clone_into(&mut personality.file.about);
    }
    if let Some(pronouns) = pronouns {
        personality.file.pronouns = Some(pronouns.as_str().to_owned()).filter(|pronouns| !pronouns.is_empty());
    }
    change(session, personality, "reply-personality-changed").await
}

async fn share(session: &Session<'_>, with: With, name: &PersonalityName) -> Result<Answer, Stop> {
    let mut personality = own(session, name)?;
    let (visibility, reply) = match with {
        With::Everyone => (Visibility::Public, "reply-personality-shared"),
        With::Nobody => (Visibility::Private, "reply-personality-unshared"),
    };
    let names = session.turns.directory.names();
    let is_taken = names.public().find(&personality.file.name).is_some_and(|other| other.id != personality.id);
    if visibility == Visibility::Public && is_taken {
        return Err(Refusal::new("refusal-personality-exists").arg("name", personality.file.name).into());
    }
    personality.visibility = visibility;
    change(session, personality, reply).await
}

async fn delete(session: &Session<'_>, name: &PersonalityName) -> Result<Answer, Stop> {
    let personality = own(session, name)?;
    let shown = personality.file.name.clone();
    let Some(typed) = session.filled(CONFIRM) else {
        let command = Command::Personality(PersonalityCommand::Delete { name: name.clone() });
        let text = session.say("reply-personality-delete-ask", &[("name", shown.clone().into())]);
        let form = Form { asks: vec![ask(session, CONFIRM, &shown)], line: command.line() };
        return Ok(Answer::private(text).with_form(form));
    };
    if typed.expose_secret().trim().to_lowercase() != shown.to_lowercase() {
        return Err(Refusal::new("refusal-data-not-confirmed").arg("name", shown).into());
    }
    let id = personality.id.clone();
    session.turns.db.write(move |tx| Box::pin(async move { personalities::delete(tx, &id).await })).await?;
    session.turns.directory.reload_names().await?;
    session.turns.directory.forget_places();
    session.turns.recall.wake();
    Ok(Answer::private(session.say("reply-personality-deleted", &[("name", shown.into())])))
}

async fn change(session: &Session<'_>, personality: Personality, reply: &str) -> Result<Answer, Stop> {
    let name = personality.file.name.clone();
    let now = session.turns.clock.now();
    session
        .turns
        .db
        .write(move |tx| Box::pin(async move { personalities::change(tx, &personality, now).await }))
        .await?;
    session.turns.directory.reload_names().await?;
    Ok(Answer::private(session.say(reply, &[("name", name.into())])))
}

/// A personality that the caller may change: their own, or any member's for an operator. Files are changed as files.
fn own(session: &Session<'_>, name: &PersonalityName) -> Result<Personality, Refusal> {
    let personality: Arc<Personality> = session.named(name.as_str())?;
    let is_operator = access::is_owner(&session.turns.settings.owners, &session.caller.identity);
    let is_own = personality.owner.as_ref() == Some(&session.person.member.id);
    if is_own || (is_operator && personality.owner.is_some()) {
        return Ok(Personality::clone(&personality));
    }
    Err(Refusal::new("refusal-personality-not-yours").arg("name", personality.file.name.clone()))
}

fn ask(session: &Session<'_>, field: &'static str, name: &str) -> Ask {
    let id = match field {
        ABOUT => "form-personality-about",
        PROMPT => "form-personality-prompt",
        _ => "form-data-erase",
    };
    Ask { name: field, label: session.say(id, &[("name", name.into())]), is_secret: false }
}

fn character(text: &str) -> Result<String, Refusal> {
    let text = text.trim();
    match text.chars().count() {
        PROMPT_MIN..=PROMPT_MAX => Ok(text.to_owned()),
        _ => Err(Refusal::new("refusal-personality-prompt")
            .arg("min", PROMPT_MIN.to_string())
            .arg("max", PROMPT_MAX.to_string())),
    }
}

/// The beginning of a character, to the end of a sentence where there is one.
fn brief(prompt: &str) -> String {
    let Some((end, _)) = prompt.char_indices().nth(BRIEF_MAX) else { return prompt.to_owned() };
    let start = &prompt[..end];
    let sentence = start.rfind(['.', '!', '?']).map_or(end, |at| at + 1);
    start[..sentence].to_owned()
}
