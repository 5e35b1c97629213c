//! `/data`: what the house keeps about a member, in their hands.

use std::time::Duration;

use commands::Data as DataCommand;
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};

use super::{Session, Stop};
use crate::db::{memories, messages, people, turns};
use crate::domain::{Answer, Ask, Form, Memory, Moment, Refusal};
use crate::turn::prompt::written;

/// Name of the field that confirms an erasure.
const CONFIRM: &str = "name";
/// How often the database's log is emptied again when a reader was in the way, and the wait between.
const FOLDS: u32 = 20;
const FOLD_WAIT: Duration = Duration::from_millis(50);
/// Version of the export's shape.
const VERSION: u32 = 1;

pub(super) async fn run(session: &Session<'_>, command: &DataCommand) -> Result<Answer, Stop> {
    match command {
        DataCommand::Export => export(session).await,
        DataCommand::Erase => erase(session).await,
    }
}

/// Everything that is kept about the caller and nothing about anybody else, as one JSON file.
async fn export(session: &Session<'_>) -> Result<Answer, Stop> {
    let (db, member) = (&session.turns.db, &session.person.member);
    let names = session.turns.directory.names();
    let personas = people::personas(db, &member.id).await?;
    let identities = people::identities(db, &member.id).await?;
    let said = messages::of_member(db, &member.id).await?;
    let remembered = memories::of_member(db, &member.id).await?;
    let usage = turns::usage_of(db, &member.id).await?;
    let persona_name =
        |memory: &Memory| personas.iter().find(|p| p.id == memory.persona).map(|p| p.name.clone()).unwrap_or_default();
    let personality_name =
        |memory: &Memory| names.get(&memory.personality).map(|p| p.file.name.clone()).unwrap_or_default();
    let content = json!({
        "greenroom_export": VERSION,
        "at": utc(session.turns.clock.now()),
        "member": {
            "locale": member.locale,
            "time_zone": member.time_zone,
            "accounts": identities.iter()
                .map(|identity| json!({"platform": identity.platform, "id": identity.subject})).collect::<Vec<Value>>(),
        },
        "personas": personas.iter().map(|persona| json!({
            "name": persona.name,
            "pronouns": persona.pronouns,
            "description": persona.description,
            "is_default": persona.is_default,
        })).collect::<Vec<Value>>(),
        "messages": said.iter().map(|said| json!({
            "platform": said.platform,
            "place": said.place,
            "at": utc(said.at),
            "author": said.author,
            "text": said.text,
        })).collect::<Vec<Value>>(),
        "memories": remembered.iter().map(|memory| json!({
            "id": memory.id.as_str(),
            "at": utc(memory.at),
            "persona": persona_name(memory),
            "personality": personality_name(memory),
            "privacy": memory.privacy.as_str(),
            "provenance": memory.provenance.as_str(),
            "said_by": memory.said_by,
            "said": memory.said,
            "answered_by": memory.answered_by,
            "answered": memory.answered,
        })).collect::<Vec<Value>>(),
        "usage": usage.iter().map(|usage| json!({
            "at": utc(usage.at),
            "model": usage.model,
            "paid_by": usage.key_source,
            "prompt_tokens": usage.prompt_tokens,
            "completion_tokens": usage.completion_tokens,
            "cost_micro_dollars": usage.cost_micros,
        })).collect::<Vec<Value>>(),
    });
    let text = session.say(
        "reply-data-exported",
        &[("messages", said.len().into()), ("memories", remembered.len().into()), ("answers", usage.len().into())],
    );
    let name = format!("greenroom-{}.json", written(session.turns.clock.now(), "UTC", "%Y%m%d-%H%M%S"));
    let content = serde_json::to_vec_pretty(&content).expect("a value made of text and numbers is always JSON");
    Ok(Answer::private(text).with_file(name, content))
}

/// Erases the caller, once they have typed the name they go by; before that, says what would go.
async fn erase(session: &Session<'_>) -> Result<Answer, Stop> {
    let (db, member) = (&session.turns.db, &session.person.member);
    let name = &session.person.persona.name;
    let Some(typed) = session.filled(CONFIRM) else {
        let counts = [
            ("personas", people::personas(db, &member.id).await?.len()),
            ("memories", memories::of_member(db, &member.id).await?.len()),
            ("messages", messages::of_member(db, &member.id).await?.len()),
        ];
        let text = session.say("reply-data-erase-ask", &counts.map(|(name, count)| (name, count.into())));
        let ask = Ask {
            name: CONFIRM,
            label: session.say("form-data-erase", &[("name", name.clone().into())]),
            is_secret: false,
        };
        return Ok(Answer::private(text).with_form(Form { asks: vec![ask], line: "/data erase".into() }));
    };
    if typed.expose_secret().trim().to_lowercase() != name.to_lowercase() {
        return Err(Refusal::new("refusal-data-not-confirmed").arg("name", name.clone()).into());
    }
    let gone = member.id.clone();
    db.write(move |tx| Box::pin(async move { people::erase(tx, &gone).await })).await?;
    session.turns.directory.forget_people();
    session.turns.directory.forget_place(&session.place);
    // The vectors go with the memories if the store is there; else the outbox keeps trying.
    session.turns.recall.drain().await;
    for _ in 0..FOLDS {
        if db.fold_log().await? {
            break;
        }
        tokio::time::sleep(FOLD_WAIT).await;
    }
    tracing::info!("a member was erased at their own wish");
    Ok(Answer::private(session.say("reply-data-erased", &[])))
}

fn utc(at: Moment) -> String {
    written(at, "UTC", "%Y-%m-%dT%H:%M:%S%.3fZ")
}
