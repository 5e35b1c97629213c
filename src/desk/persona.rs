//! `/persona`: how the caller wants to be seen.

use commands::{Command, Persona as PersonaCommand, PersonaDescription, PersonaName, PersonalityName, Pronouns};
use secrecy::ExposeSecret as _;

use super::{Session, Stop};
use crate::db::people;
use crate::domain::{Answer, Ask, Chosen, Form, Kind, Persona, PersonaId, Refusal};

/// Fields of the form.
const NAME: &str = "name";
const PRONOUNS: &str = "pronouns";
const DESCRIPTION: &str = "description";
/// Personas that one member may have.
const OWN_MAX: usize = 50;

pub(super) async fn run(session: &Session<'_>, command: PersonaCommand) -> Result<Answer, Stop> {
    match command {
        PersonaCommand::View { name } => {
            let persona = found_or_used(session, name.as_ref()).await?;
            Ok(shown(session, &persona, "reply-persona-view"))
        }
        PersonaCommand::Create { name, pronouns, description } => create(session, name, pronouns, description).await,
        PersonaCommand::List => list(session).await,
        PersonaCommand::Default { name } => {
            let persona = found(session, &name).await?;
            let (member, id) = (session.person.member.id.clone(), persona.id.clone());
            let writing =
                session.turns.db.write(move |tx| Box::pin(async move { people::use_persona(tx, &member, &id).await }));
            writing.await?;
            session.turns.directory.forget_people();
            Ok(shown(session, &persona, "reply-persona-default"))
        }
        PersonaCommand::Use { name, with } => use_with(session, name.as_ref(), with.as_ref()).await,
        PersonaCommand::Edit { persona, name, pronouns, description } => {
            edit(session, persona, Changes { name, pronouns, description }).await
        }
        PersonaCommand::Link { name, to } => link(session, name.as_ref(), to.as_ref()).await,
        PersonaCommand::Delete { name } => delete(session, &name).await,
    }
}

/// Who the caller is at services that speak for members: shown, or changed.
async fn link(session: &Session<'_>, name: Option<&PersonaName>, to: Option<&PersonaName>) -> Result<Answer, Stop> {
    let (db, member) = (&session.turns.db, &session.person.member.id);
    let mut links = people::links(db, member).await?;
    if let Some(name) = name {
        links.retain(|link| same(&link.name, name.as_str()) || same(&link.key, name.as_str()));
        if links.is_empty() {
            return Err(Refusal::new("refusal-persona-not-linked").arg("name", name.as_str()).into());
        }
    }
    let Some(to) = to else {
        let head = Answer::private(session.say("reply-persona-links", &[("count", links.len().into())]));
        return Ok(links.into_iter().fold(head, |answer, link| {
            let service = link.key.split(':').next().unwrap_or_default();
            answer.with(format!("{} ({service})", link.name), link.persona)
        }));
    };
    let link = match links.as_slice() {
        _ if name.is_none() => return Err(Refusal::new("refusal-persona-link-whom").into()),
        [link] => link.clone(),
        several => {
            let keys: Vec<&str> = several.iter().map(|link| link.key.as_str()).collect();
            return Err(Refusal::new("refusal-persona-link-which").arg("keys", keys.join(", ")).into());
        }
    };
    let persona = found(session, to).await?;
    let (member, id, shown) = (member.clone(), persona.id.clone(), link.name.clone());
    let writing = session
        .turns
        .db
        .write(move |tx| Box::pin(async move { people::link(tx, &member, (&link.key, &link.name), &id).await }));
    writing.await?;
    session.turns.directory.forget_people();
    let args = [("name", shown.into()), ("persona", persona.name.clone().into())];
    Ok(rows(session, Answer::private(session.say("reply-persona-linked", &args)), &persona))
}

/// What is to be changed about a persona.
struct Changes {
    name: Option<PersonaName>,
    pronouns: Option<Pronouns>,
    description: Option<PersonaDescription>,
}

async fn create(
    session: &Session<'_>,
    name: PersonaName,
    pronouns: Option<Pronouns>,
    description: Option<PersonaDescription>,
) -> Result<Answer, Stop> {
    let all = personas(session).await?;
    if all.iter().any(|persona| same(&persona.name, name.as_str())) {
        return Err(Refusal::new("refusal-persona-exists").arg("name", name.as_str()).into());
    }
    if all.len() >= OWN_MAX {
        return Err(Refusal::new("refusal-persona-too-many").arg("max", OWN_MAX.to_string()).into());
    }
    let persona = Persona {
        id: PersonaId::new(session.turns.clock.id()),
        member: session.person.member.id.clone(),
        name: name.into(),
        pronouns: pronouns.and_then(|pronouns| set(pronouns.into())),
        description: description.and_then(|description| set(description.into())),
        is_default: false,
    };
    let (created, now) = (persona.clone(), session.turns.clock.now());
    let writing =
        session.turns.db.write(move |tx| Box::pin(async move { people::create_persona(tx, &created, now).await }));
    writing.await?;
    Ok(shown(session, &persona, "reply-persona-created"))
}

async fn list(session: &Session<'_>) -> Result<Answer, Stop> {
    let all = personas(session).await?;
    let head = Answer::private(session.say("reply-persona-list", &[("count", all.len().into())]));
    let used = match session.personality() {
        Ok(personality) => Some((session.persona_with(&personality.id).await?.id, personality.file.name.clone())),
        Err(_) => None,
    };
    Ok(all.into_iter().fold(head, |answer, persona| {
        let mut marks = Vec::new();
        if persona.is_default {
            marks.push(session.say("persona-usual", &[]));
        }
        if let Some((_, name)) = used.as_ref().filter(|(id, _)| *id == persona.id) {
            marks.push(session.say("persona-in-use", &[("name", name.clone().into())]));
        }
        let marks = if marks.is_empty() { session.say("persona-not-in-use", &[]) } else { marks.join(" · ") };
        answer.with(persona.name, marks)
    }))
}

/// One character sees the caller as this persona; without a name, as the usual one again.
async fn use_with(
    session: &Session<'_>,
    name: Option<&PersonaName>,
    with: Option<&PersonalityName>,
) -> Result<Answer, Stop> {
    let personality = match with {
        Some(with) => session.named(with.as_str())?,
        None => session.personality()?,
    };
    let persona = match name {
        Some(name) => Some(found(session, name).await?),
        None => None,
    };
    let chosen = persona.as_ref().map(|persona| Chosen::Value(persona.id.to_string()));
    let seat = crate::db::choices::Seat {
        member: Some(session.person.member.id.clone()),
        personality: Some(personality.id.clone()),
    };
    session.choose(Kind::Persona, seat, chosen).await?;
    let persona = persona.unwrap_or_else(|| session.person.persona.clone());
    let head = session.say("reply-persona-used", &[("name", personality.file.name.clone().into())]);
    Ok(rows(session, Answer::private(head), &persona))
}

async fn edit(session: &Session<'_>, which: Option<PersonaName>, changes: Changes) -> Result<Answer, Stop> {
    let mut persona = found_or_used(session, which.as_ref()).await?;
    let Changes { mut name, mut pronouns, mut description } = changes;
    if name.is_none() && pronouns.is_none() && description.is_none() {
        if session.filled.is_empty() && !session.is_form_back() {
            let ask = |field: &'static str, id: &str| Ask::optional(field, session.say(id, &[]));
            let form = Form {
                asks: vec![
                    ask(NAME, "form-persona-name"),
                    ask(PRONOUNS, "form-persona-pronouns"),
                    ask(DESCRIPTION, "form-persona-description"),
                ],
                line: Command::Persona(PersonaCommand::Edit {
                    persona: Some(persona.name.parse().map_err(|_| Refusal::new("refusal-persona-name"))?),
                    name: None,
                    pronouns: None,
                    description: None,
                })
                .line(),
            };
            let head = session.say("reply-persona-edit-ask", &[]);
            return Ok(rows(session, Answer::private(head), &persona).with_form(form));
        }
        let given = |field: &str| session.filled(field).map(|given| given.expose_secret().trim().to_owned());
        // A hyphen alone takes a field away; an empty line keeps it.
        let text = |field: &str| given(field).map(|text| if text == "-" { String::new() } else { text });
        name = given(NAME).map(|name| name.parse()).transpose().map_err(|_| Refusal::new("refusal-persona-name"))?;
        pronouns = text(PRONOUNS)
            .map(|text| text.parse())
            .transpose()
            .map_err(|_| Refusal::new("refusal-persona-pronouns"))?;
        description = text(DESCRIPTION)
            .map(|text| text.parse())
            .transpose()
            .map_err(|_| Refusal::new("refusal-persona-description"))?;
        if name.is_none() && pronouns.is_none() && description.is_none() {
            return Err(Refusal::new("refusal-persona-nothing-to-change").into());
        }
    }
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
    let written = session.turns.db.write(move |tx| Box::pin(async move { people::edit_persona(tx, &edited).await }));
    written.await?;
    session.turns.directory.forget_people();
    Ok(shown(session, &persona, "reply-persona-saved"))
}

async fn delete(session: &Session<'_>, name: &PersonaName) -> Result<Answer, Stop> {
    let persona = found(session, name).await?;
    if persona.is_default {
        return Err(Refusal::new("refusal-persona-is-default").arg("name", persona.name).into());
    }
    let line = Command::Persona(PersonaCommand::Delete { name: name.clone() }).line();
    let text = session.say("reply-persona-delete-ask", &[("name", persona.name.clone().into())]);
    if let Some(asks) = session.confirm(&persona.name, line, text)? {
        return Ok(asks);
    }
    let (gone, written) = (persona.clone(), Chosen::Value(persona.id.to_string()).written());
    session
        .turns
        .db
        .write(move |tx| Box::pin(async move { people::delete_persona(tx, &gone, &written).await }))
        .await?;
    session.turns.directory.forget_people();
    session.turns.recall.wake();
    Ok(Answer::private(session.say("reply-persona-deleted", &[("name", persona.name.into())])))
}

async fn personas(session: &Session<'_>) -> Result<Vec<Persona>, Stop> {
    Ok(people::personas(&session.turns.db, &session.person.member.id).await?)
}

async fn found(session: &Session<'_>, name: &PersonaName) -> Result<Persona, Stop> {
    let found = personas(session).await?.into_iter().find(|persona| same(&persona.name, name.as_str()));
    Ok(found.ok_or_else(|| Refusal::new("refusal-persona-not-found").arg("name", name.as_str()))?)
}

/// The persona of a name, or the one in use here.
async fn found_or_used(session: &Session<'_>, name: Option<&PersonaName>) -> Result<Persona, Stop> {
    match (name, session.personality()) {
        (Some(name), _) => found(session, name).await,
        (None, Ok(personality)) => session.persona_with(&personality.id).await,
        (None, Err(_)) => Ok(session.person.persona.clone()),
    }
}

fn set(text: String) -> Option<String> {
    (!text.is_empty()).then_some(text)
}

/// Whether two names are one to a person who types them.
fn same(a: &str, b: &str) -> bool {
    a.trim().to_lowercase() == b.trim().to_lowercase()
}

fn shown(session: &Session<'_>, persona: &Persona, head: &str) -> Answer {
    rows(session, Answer::private(session.say(head, &[])), persona)
}

fn rows(session: &Session<'_>, answer: Answer, persona: &Persona) -> Answer {
    let unset = || session.say("persona-not-set", &[]);
    answer
        .with(session.say("label-persona-name", &[]), persona.name.clone())
        .with(session.say("label-persona-pronouns", &[]), persona.pronouns.clone().unwrap_or_else(unset))
        .with(session.say("label-persona-description", &[]), persona.description.clone().unwrap_or_else(unset))
}
