//! `/data`: what the house keeps about a member, in their hands.

use std::fmt::Write as _;
use std::io::{Cursor, Write as _};

use commands::Data as DataCommand;
use serde_json::{Value, json};

use super::{Session, Stop};
use crate::db::{audit, choices, keys, ledger, memories, messages, people, presets};
use crate::domain::{Answer, Deed, Memory, Moment, PersonalityId, Refusal, Visibility};
use crate::personalities as files;
use crate::turn::prompt::written;

/// Version of the export's shape.
const VERSION: u32 = 2;

pub(super) async fn run(session: &Session<'_>, command: &DataCommand) -> Result<Answer, Stop> {
    match command {
        DataCommand::Export => export(session).await,
        DataCommand::Erase => erase(session).await,
    }
}

/// Everything that is kept about the caller and nothing about anybody else: a ZIP of JSON for programs and Markdown for
/// people.
async fn export(session: &Session<'_>) -> Result<Answer, Stop> {
    let (db, member) = (&session.turns.db, &session.person.member);
    let done = session.done(Deed::DataExported);
    db.write(move |tx| Box::pin(async move { audit::record(tx, &done).await })).await?;
    let names = session.turns.directory.names();
    let personas = people::personas(db, &member.id).await?;
    let links = people::links(db, &member.id).await?;
    let identities = people::identities(db, &member.id).await?;
    let said = messages::of_member(db, &member.id).await?;
    let remembered = memories::of_member(db, &member.id).await?;
    let entries = ledger::of_member(db, &member.id).await?;
    let keys = keys::of_member(db, &member.id).await?;
    let own_presets = presets::for_member(db, &member.id).await?;
    let chosen = choices::of_member(db, &member.id).await?;
    let quiets = choices::quiets(db, &member.id).await?;
    let limits = ledger::budgets(db).await?.into_iter().filter(|budget| budget.subject == member.id.as_str());
    let limits: Vec<String> = limits.map(|budget| session.budget_text(&budget)).collect();
    let seen = names.seen_by(&member.id);
    let own: Vec<_> =
        seen.all().into_iter().filter(|personality| personality.owner.as_ref() == Some(&member.id)).collect();
    let aliases = seen.aliases();
    let persona_name =
        |memory: &Memory| personas.iter().find(|p| p.id == memory.persona).map(|p| p.name.clone()).unwrap_or_default();
    let personality_name =
        |memory: &Memory| names.get(&memory.personality).map(|p| p.file.name.clone()).unwrap_or_default();
    let alias_of = |id: &PersonalityId| names.get(id).map(|p| p.file.name.clone()).unwrap_or_default();
    let content = json!({
        "greenroom_export": VERSION,
        "at": utc(session.turns.clock.now()),
        "member": {
            "locale": member.locale,
            "time_zone": member.time_zone,
            "accounts": identities.iter()
                .map(|identity| json!({"platform": identity.platform, "id": identity.subject})).collect::<Vec<Value>>(),
        },
        "spoken_for_as": links.iter().map(|link| json!({"key": link.key, "name": link.name, "persona": link.persona}))
            .collect::<Vec<Value>>(),
        "personas": personas.iter().map(|persona| json!({
            "name": persona.name,
            "pronouns": persona.pronouns,
            "description": persona.description,
            "is_default": persona.is_default,
        })).collect::<Vec<Value>>(),
        "personalities": own.iter().map(|personality| json!(personality.file)).collect::<Vec<Value>>(),
        "aliases": aliases.iter().filter(|alias| alias.member.is_some())
            .map(|alias| json!({"alias": alias.name, "means": alias_of(&alias.personality)})).collect::<Vec<Value>>(),
        "presets": own_presets.iter().filter(|preset| preset.owner == member.id)
            .map(|preset| json!({"name": preset.name, "values": preset.spec})).collect::<Vec<Value>>(),
        "choices": chosen.iter()
            .map(|(kind, value, with)| json!({"what": kind, "chosen": value, "with": with})).collect::<Vec<Value>>(),
        "quiet_times": quiets.iter()
            .map(|quiet| json!({"what": quiet.kind.as_str(), "until": utc(quiet.until)})).collect::<Vec<Value>>(),
        "limits": limits,
        "keys": keys.iter().map(|key| json!({
            "provider": key.provider, "model": key.model, "mask": key.mask,
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
            "reach": memory.reach.as_str(),
            "provenance": memory.provenance.as_str(),
            "is_locked": memory.is_locked,
            "flag": memory.flag,
            "said_by": memory.said_by,
            "said": memory.said,
            "answered_by": memory.answered_by,
            "answered": memory.answered,
        })).collect::<Vec<Value>>(),
        "usage": entries.iter().map(|entry| json!({
            "at": utc(entry.at),
            "kind": entry.kind,
            "model": entry.model,
            "paid_by": entry.key_source,
            "prompt_tokens": entry.prompt_tokens,
            "completion_tokens": entry.completion_tokens,
            "cost_micro_dollars": entry.cost_micros,
        })).collect::<Vec<Value>>(),
    });
    let json = serde_json::to_string_pretty(&content).expect("a value made of text and numbers is always JSON");
    let mut talk = String::from("# What was said\n");
    for said in &said {
        let at = written(said.at, session.zone(), "%Y-%m-%d %H:%M");
        let _ = write!(talk, "\n**{}** · {at} · {} {}\n\n{}\n", said.author, said.platform, said.place, said.text);
    }
    let mut memory_text = String::from("# What is remembered\n");
    for memory in &remembered {
        let at = written(memory.at, session.zone(), "%Y-%m-%d %H:%M");
        let (persona, personality) = (persona_name(memory), personality_name(memory));
        let _ = write!(memory_text, "\n## {personality} of {persona}, {at}\n\n{}\n", memory.text());
    }
    let mut files = vec![
        ("greenroom.json".to_owned(), json.into_bytes()),
        ("messages.md".to_owned(), talk.into_bytes()),
        ("memories.md".to_owned(), memory_text.into_bytes()),
    ];
    for personality in &own {
        files.push((format!("personalities/{}.md", personality.slug), files::write(&personality.file).into_bytes()));
    }
    let name = format!("greenroom-{}.zip", written(session.turns.clock.now(), "UTC", "%Y%m%d-%H%M%S"));
    let archive = zipped(&files).map_err(|error| {
        tracing::error!(error = %error, "an export cannot be packed");
        Refusal::new("refusal-internal")
    })?;
    let label = |id: &str| session.say(id, &[]);
    Ok(Answer::private(label("reply-data-exported"))
        .with(label("label-data-messages"), said.len().to_string())
        .with(label("label-data-memories"), remembered.len().to_string())
        .with(label("label-data-usage"), entries.len().to_string())
        .with_file(name, archive))
}

/// The files as one ZIP archive.
fn zipped(files: &[(String, Vec<u8>)]) -> zip::result::ZipResult<Vec<u8>> {
    let mut archive = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let options = zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Deflated);
    for (name, content) in files {
        archive.start_file(name.as_str(), options)?;
        archive.write_all(content)?;
    }
    Ok(archive.finish()?.into_inner())
}

/// Erases the caller, once they have typed the name they go by; before that, says what would go.
async fn erase(session: &Session<'_>) -> Result<Answer, Stop> {
    let (db, member) = (&session.turns.db, &session.person.member);
    let name = &session.person.persona.name;
    let names = session.turns.directory.names();
    let own = names.seen_by(&member.id).all();
    let own = own.iter().filter(|personality| personality.owner.as_ref() == Some(&member.id));
    let (private, shared): (Vec<_>, Vec<_>) =
        own.partition(|personality| personality.visibility == Visibility::Private);
    let counts = [
        ("label-data-personas", people::personas(db, &member.id).await?.len()),
        ("label-data-memories", memories::of_member(db, &member.id).await?.len()),
        ("label-data-messages", messages::of_member(db, &member.id).await?.len()),
        ("label-data-personalities", private.len()),
        ("label-data-shared", shared.len()),
    ];
    let text = session.say("reply-data-erase-ask", &[]);
    if let Some(asks) = session.confirm(name, "/data erase".into(), text)? {
        let rows = counts.into_iter().filter(|(_, count)| *count > 0);
        return Ok(rows.fold(asks, |answer, (label, count)| answer.with(session.say(label, &[]), count.to_string())));
    }
    session.turns.erase(&member.id, session.done(Deed::MemberErased)).await?;
    session.turns.directory.forget_place(&session.place);
    Ok(Answer::private(session.say("reply-data-erased", &[])))
}

fn utc(at: Moment) -> String {
    written(at, "UTC", "%Y-%m-%dT%H:%M:%S%.3fZ")
}
