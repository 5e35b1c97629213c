//! Making, changing and deleting a member's own characters.

use commands::{About, Command, Personality as PersonalityCommand, PersonalityName, Pronouns};
use secrecy::ExposeSecret as _;

use super::{change, discard, own};
use crate::db::{audit, personalities};
use crate::desk::{Session, Stop};
use crate::domain::{
    Answer, Ask, AskKind, Deed, Form, Personality, PersonalityFile, PersonalityId, Refusal, Visibility, holds_a_key,
    slug_of,
};
use crate::personalities as files;

/// Fields of the forms.
const ABOUT: &str = "about";
const PROMPT: &str = "prompt";
const FILE: &str = "file";
/// Longest character, in characters.
const PROMPT_MAX: usize = 8_000;
/// Shortest character, in characters.
const PROMPT_MIN: usize = 10;
/// Characters of a character that a model too small for all of it is told.
const BRIEF_MAX: usize = 400;
/// Characters that one member may have.
const OWN_MAX: usize = 50;

/// What is to be changed about a character.
pub(super) struct Changes {
    pub rename: Option<PersonalityName>,
    pub about: Option<About>,
    pub pronouns: Option<Pronouns>,
}

pub(super) async fn create(session: &Session<'_>, name: &PersonalityName) -> Result<Answer, Stop> {
    is_free(session, name.as_str(), None)?;
    let (Some(about), Some(prompt)) = (session.filled(ABOUT), session.filled(PROMPT)) else {
        let command = Command::Personality(PersonalityCommand::Create { name: name.clone() });
        let text = session.say("reply-personality-ask", &[("name", name.as_str().into())]);
        let asks = vec![
            Ask::new(ABOUT, session.say("form-personality-about", &[("name", name.as_str().into())]), AskKind::Line),
            ask_prompt(session, name.as_str()),
        ];
        return Ok(Answer::private(text).with_form(Form { asks, line: command.line() }));
    };
    let about: About = about.expose_secret().parse().map_err(|_| Refusal::new("refusal-personality-about"))?;
    let prompt = character(prompt.expose_secret())?;
    let file = PersonalityFile {
        name: name.as_str().to_owned(),
        about: about.into(),
        brief: brief(&prompt),
        prompt,
        ..PersonalityFile::default()
    };
    add(session, file, "reply-personality-created").await
}

pub(super) async fn duplicate(
    session: &Session<'_>,
    name: &PersonalityName,
    new: &PersonalityName,
) -> Result<Answer, Stop> {
    let source = session.named(name.as_str())?;
    is_free(session, new.as_str(), None)?;
    // Who somebody else's character is told to be stays between it and its owners.
    let may_copy = source.owner.is_none() || source.is_of(&session.person.member.id);
    if !may_copy {
        return Err(Refusal::new("refusal-personality-not-yours").arg("name", source.file.name.clone()).into());
    }
    let file = PersonalityFile { name: new.as_str().to_owned(), aliases: Vec::new(), ..source.file.clone() };
    add(session, file, "reply-personality-created").await
}

pub(super) async fn import(session: &Session<'_>) -> Result<Answer, Stop> {
    let Some(content) = session.filled(FILE) else {
        let ask = Ask::new(FILE, session.say("form-personality-file", &[]), AskKind::File);
        let form = Form { asks: vec![ask], line: "/personality import".into() };
        return Ok(Answer::private(session.say("reply-personality-import-ask", &[])).with_form(form));
    };
    let read = files::import(content.expose_secret());
    let mut file = read.map_err(|why| Refusal::new("refusal-personality-file").arg("why", format!("{why:#}")))?;
    is_free(session, &file.name.clone(), None)?;
    file.prompt = character(&file.prompt)?;
    if file.brief.is_empty() {
        file.brief = brief(&file.prompt);
    }
    // All of it is told to a model, with every message.
    let told = file.prompt.len() + file.examples.iter().map(|(asked, said)| asked.len() + said.len()).sum::<usize>();
    if told > 2 * PROMPT_MAX || file.greeting.len() > PROMPT_MAX || file.brief.len() > PROMPT_MAX {
        return Err(Refusal::new("refusal-personality-prompt")
            .arg("min", PROMPT_MIN.to_string())
            .arg("max", PROMPT_MAX.to_string())
            .into());
    }
    // What it is called by others is for them to say.
    file.aliases.clear();
    add(session, file, "reply-personality-created").await
}

/// Adds a character of the caller's own, for them alone.
async fn add(session: &Session<'_>, file: PersonalityFile, reply: &str) -> Result<Answer, Stop> {
    let member = &session.person.member.id;
    let id = session.turns.clock.id();
    // An operator's file may get any slug one day; a member's has a part that no file has.
    let slug = format!("{}-{}", slug_of(&file.name), &id[id.len().saturating_sub(6)..]);
    let slug = slug.trim_start_matches('-').to_owned();
    let personality = Personality {
        owner: Some(member.clone()),
        visibility: Visibility::Private,
        ..Personality::of_file(PersonalityId::new(id), PersonalityFile { slug, ..file })
    };
    let (row, now) = (personality.clone(), session.turns.clock.now());
    let done = session.done(Deed::CharacterMade).about(row.id.as_str());
    let writing = session.turns.db.write(move |tx| {
        Box::pin(async move {
            personalities::create(tx, &row, now).await?;
            audit::record(tx, &done).await
        })
    });
    writing.await?;
    session.turns.directory.reload_names().await?;
    Ok(Answer::private(session.say(reply, &[("name", personality.file.name.into())])))
}

/// Changes what the line names; with nothing named, asks for the character anew.
pub(super) async fn edit(session: &Session<'_>, name: &PersonalityName, changes: Changes) -> Result<Answer, Stop> {
    let mut personality = own(session, name)?;
    if changes.rename.is_none() && changes.about.is_none() && changes.pronouns.is_none() {
        let Some(prompt) = session.filled(PROMPT) else {
            let command = Command::Personality(PersonalityCommand::Edit {
                name: name.clone(),
                rename: None,
                about: None,
                pronouns: None,
            });
            let now = session.say("reply-personality-now", &[("name", personality.file.name.clone().into())]);
            let form = Form { asks: vec![ask_prompt(session, name.as_str())], line: command.line() };
            return Ok(Answer::private(format!("{now}\n{}", personality.file.prompt)).with_form(form));
        };
        personality.file.prompt = character(prompt.expose_secret())?;
        personality.file.brief = brief(&personality.file.prompt);
    }
    if let Some(rename) = changes.rename {
        is_free(session, rename.as_str(), Some(&personality))?;
        personality.file.name = rename.as_str().to_owned();
    }
    if let Some(about) = changes.about {
        about.as_str().clone_into(&mut personality.file.about);
    }
    if let Some(pronouns) = changes.pronouns {
        personality.file.pronouns = Some(pronouns.as_str().to_owned()).filter(|pronouns| !pronouns.is_empty());
    }
    let shown = personality.file.name.clone();
    change(session, personality).await?;
    Ok(Answer::private(session.say("reply-personality-changed", &[("name", shown.into())])))
}

pub(super) async fn delete(session: &Session<'_>, name: &PersonalityName) -> Result<Answer, Stop> {
    let personality = own(session, name)?;
    let shown = personality.file.name.clone();
    let line = Command::Personality(PersonalityCommand::Delete { name: name.clone() }).line();
    let text = session.say("reply-personality-delete-ask", &[("name", shown.clone().into())]);
    if let Some(asks) = session.confirm(&shown, line, text)? {
        return Ok(asks);
    }
    let id = personality.id.clone();
    let done = session.done(Deed::CharacterDeleted).about(id.as_str());
    let writing = session.turns.db.write(move |tx| {
        Box::pin(async move {
            personalities::delete(tx, &id).await?;
            audit::record(tx, &done).await
        })
    });
    writing.await?;
    session.turns.directory.reload_names().await?;
    session.turns.directory.forget_places();
    session.turns.recall.wake();
    if let Some(picture) = &personality.avatar {
        discard(session, picture);
    }
    Ok(Answer::private(session.say("reply-personality-deleted", &[("name", shown.into())])))
}

/// Whether a name can be given to a character of the caller's: nobody they see has it, and they have room for one more.
fn is_free(session: &Session<'_>, name: &str, but: Option<&Personality>) -> Result<(), Refusal> {
    let member = &session.person.member.id;
    let names = session.turns.directory.names();
    let seen = names.seen_by(member);
    if let Some(taken) = seen.named(name).filter(|taken| but.is_none_or(|but| but.id != taken.id)) {
        return Err(Refusal::new("refusal-personality-exists").arg("name", taken.file.name.clone()));
    }
    // A name that everyone calls must stay one person's.
    let is_public = but.is_some_and(|but| but.visibility == Visibility::Public);
    if is_public && names.public().find(name).is_some_and(|taken| but.is_none_or(|but| but.id != taken.id)) {
        return Err(Refusal::new("refusal-personality-exists").arg("name", name));
    }
    let own = seen.all().iter().filter(|own| own.owner.as_ref() == Some(member)).count();
    if but.is_none() && own >= OWN_MAX {
        return Err(Refusal::new("refusal-personality-too-many").arg("max", OWN_MAX.to_string()));
    }
    Ok(())
}

fn ask_prompt(session: &Session<'_>, name: &str) -> Ask {
    Ask::new(PROMPT, session.say("form-personality-prompt", &[("name", name.into())]), AskKind::Text)
}

fn character(text: &str) -> Result<String, Refusal> {
    let text = text.trim();
    if holds_a_key(text) {
        return Err(Refusal::new("refusal-key-in-message"));
    }
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
