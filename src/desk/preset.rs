//! `/preset`: which model answers, and how.

use commands::{Preset as PresetCommand, PresetName, PresetValues};
use secrecy::ExposeSecret as _;

use super::{Session, Stop};
use crate::db::choices::Seat;
use crate::db::{audit, presets};
use crate::domain::{Answer, Ask, AskKind, Chosen, Deed, Form, Kind, OwnPreset, PresetSpec, Refusal};

/// Field of the form that takes a file.
const FILE: &str = "file";
/// Presets that one member may have.
const OWN_MAX: usize = 50;
/// Words that are choices themselves and no names.
const OFF: &str = "off";
const INHERIT: &str = "inherit";
/// Version of an exported preset's shape.
const VERSION: u32 = 1;

/// A preset as a file.
#[derive(serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct PresetFile {
    greenroom_preset: u32,
    name: String,
    values: PresetSpec,
}

pub(super) async fn run(session: &Session<'_>, command: PresetCommand) -> Result<Answer, Stop> {
    match command {
        PresetCommand::Create { name, values } => {
            let preset = fresh(session, name.as_str(), spec_of(PresetSpec::default(), &values)).await?;
            put(session, preset, "reply-preset-created", None).await
        }
        PresetCommand::Edit { name, values } => {
            let mut preset = own(session, &name).await?;
            if values.is_empty() {
                return Err(Refusal::new("refusal-preset-nothing-to-change").into());
            }
            preset.spec = spec_of(preset.spec, &values);
            put(session, preset, "reply-preset-changed", None).await
        }
        PresetCommand::List => list(session).await,
        PresetCommand::Use { name, with } => {
            let personality = match &with {
                Some(with) => session.named(with.as_str())?,
                None => session.personality()?,
            };
            let seat =
                Seat { member: Some(session.person.member.id.clone()), personality: Some(personality.id.clone()) };
            let chosen = chosen(session, &name).await?;
            let id = reply(chosen.as_ref(), "reply-preset-used", "reply-preset-off", "reply-preset-inherited");
            session.choose(Kind::Preset, seat, chosen).await?;
            let args = [("preset", name.as_str().into()), ("name", personality.file.name.clone().into())];
            Ok(Answer::private(session.say(id, &args)))
        }
        PresetCommand::Default { name } => {
            let chosen = chosen(session, &name).await?;
            let id = reply(
                chosen.as_ref(),
                "reply-preset-default",
                "reply-preset-default-off",
                "reply-preset-default-inherited",
            );
            session.choose(Kind::Preset, session.own_seat(None)?, chosen).await?;
            Ok(Answer::private(session.say(id, &[("preset", name.as_str().into())])))
        }
        PresetCommand::Export { name } => {
            let preset = found(session, &name).await?;
            let file = PresetFile { greenroom_preset: VERSION, name: preset.name.clone(), values: preset.spec.clone() };
            let content = serde_json::to_vec_pretty(&file).expect("a preset is always JSON");
            let text = session.say("reply-preset-exported", &[("preset", preset.name.clone().into())]);
            Ok(Answer::private(text).with_file(session.file_name(&preset.name, "json"), content))
        }
        PresetCommand::Import => import(session).await,
        PresetCommand::Delete { name } => {
            let preset = own(session, &name).await?;
            let id = preset.id.clone();
            session.turns.db.write(move |tx| Box::pin(async move { presets::remove(tx, &id).await })).await?;
            session.turns.directory.forget_bonds();
            Ok(Answer::private(session.say("reply-preset-deleted", &[("preset", preset.name.into())])))
        }
    }
}

/// What a name chooses: a preset, nothing at all, or to leave it to the next tier.
pub(super) async fn chosen(session: &Session<'_>, name: &PresetName) -> Result<Option<Chosen>, Stop> {
    match name.as_str().to_lowercase().as_str() {
        OFF => Ok(Some(Chosen::Off)),
        INHERIT => Ok(None),
        _ => Ok(Some(Chosen::Value(found(session, name).await?.id))),
    }
}

fn reply(chosen: Option<&Chosen>, used: &'static str, off: &'static str, inherited: &'static str) -> &'static str {
    match chosen {
        Some(Chosen::Value(_)) => used,
        Some(Chosen::Off) => off,
        None => inherited,
    }
}

async fn list(session: &Session<'_>) -> Result<Answer, Stop> {
    let all = presets::for_member(&session.turns.db, &session.person.member.id).await?;
    let mut answer = if all.is_empty() {
        Answer::private(session.say("reply-preset-none", &[]))
    } else {
        Answer::private(session.say("reply-preset-list", &[("count", all.len().into())]))
    };
    for preset in &all {
        let is_own = preset.owner == session.person.member.id;
        let id = if is_own { "preset-row-own" } else { "preset-row-offered" };
        answer = answer.with(preset.name.clone(), session.say(id, &[("values", values_of(&preset.spec).into())]));
    }
    if let Ok(personality) = session.personality() {
        let bond = session.turns.directory.bond(&session.person.member.id, &personality.id).await?;
        let decided = bond.choices.decided(Kind::Preset);
        let name = match decided.value() {
            Some(id) => presets::get(&session.turns.db, id).await?.map(|preset| preset.name),
            None => None,
        };
        let name = name.unwrap_or_else(|| session.say("preset-house", &[]));
        let by = session.decider(&decided, &personality.id);
        let label = session.say("label-preset-answering", &[("name", personality.file.name.clone().into())]);
        answer = answer.with(label, session.say("preset-answering", &[("preset", name.into()), ("by", by.into())]));
    }
    Ok(answer)
}

/// What a preset says, as it is written in a command.
fn values_of(spec: &PresetSpec) -> String {
    let percent = |share: f32| format!("{:.0}", share * 100.0);
    let parts = [
        spec.model.clone(),
        spec.temperature.map(|value| format!("temperature {value}")),
        spec.top_p.map(|value| format!("top-p {}", percent(value))),
        spec.max_tokens.map(|value| format!("max-tokens {value}")),
        spec.context_tokens.map(|value| format!("context {value}")),
        spec.memory_share.map(|value| format!("memory {}", percent(value))),
    ];
    let said: Vec<String> = parts.into_iter().flatten().collect();
    if said.is_empty() { "–".to_owned() } else { said.join(", ") }
}

async fn import(session: &Session<'_>) -> Result<Answer, Stop> {
    let Some(content) = session.filled(FILE) else {
        let ask = Ask::new(FILE, session.say("form-preset-file", &[]), AskKind::File);
        let form = Form { asks: vec![ask], line: "/preset import".into() };
        return Ok(Answer::private(session.say("reply-preset-import-ask", &[])).with_form(form));
    };
    let unreadable = || Refusal::new("refusal-preset-file");
    let file: PresetFile = serde_json::from_str(content.expose_secret()).map_err(|_| unreadable())?;
    let name: PresetName = file.name.parse().map_err(|_| unreadable())?;
    if file.greenroom_preset != VERSION || !file.values.is_sound() {
        return Err(unreadable().into());
    }
    let preset = fresh(session, name.as_str(), file.values).await?;
    put(session, preset, "reply-preset-created", None).await
}

/// A preset that is not there yet.
async fn fresh(session: &Session<'_>, name: &str, spec: PresetSpec) -> Result<OwnPreset, Stop> {
    if [OFF, INHERIT].contains(&name.to_lowercase().as_str()) {
        return Err(Refusal::new("refusal-preset-reserved").arg("preset", name).into());
    }
    let all = presets::for_member(&session.turns.db, &session.person.member.id).await?;
    if all.iter().any(|preset| preset.name.to_lowercase() == name.to_lowercase()) {
        return Err(Refusal::new("refusal-preset-exists").arg("preset", name).into());
    }
    if all.iter().filter(|preset| preset.owner == session.person.member.id).count() >= OWN_MAX {
        return Err(Refusal::new("refusal-preset-too-many").arg("max", OWN_MAX.to_string()).into());
    }
    Ok(OwnPreset {
        id: session.turns.clock.id(),
        owner: session.person.member.id.clone(),
        name: name.to_owned(),
        spec,
        offered: false,
    })
}

/// A preset that the caller may choose.
pub(super) async fn found(session: &Session<'_>, name: &PresetName) -> Result<OwnPreset, Stop> {
    let all = presets::for_member(&session.turns.db, &session.person.member.id).await?;
    let wanted = name.as_str().to_lowercase();
    let mut fitting: Vec<OwnPreset> = all.into_iter().filter(|preset| preset.name.to_lowercase() == wanted).collect();
    fitting.sort_by_key(|preset| preset.owner != session.person.member.id);
    let first = fitting.into_iter().next();
    Ok(first.ok_or_else(|| Refusal::new("refusal-preset-unknown").arg("preset", name.as_str()))?)
}

/// A preset that the caller may change.
async fn own(session: &Session<'_>, name: &PresetName) -> Result<OwnPreset, Stop> {
    let preset = found(session, name).await?;
    if preset.owner == session.person.member.id || session.is_operator() {
        Ok(preset)
    } else {
        Err(Refusal::new("refusal-preset-not-yours").arg("preset", preset.name).into())
    }
}

/// Writes a preset, and down what that is beyond its owner's own affair.
pub(super) async fn put(
    session: &Session<'_>,
    preset: OwnPreset,
    reply: &str,
    deed: Option<Deed>,
) -> Result<Answer, Stop> {
    let args = [("preset", preset.name.clone().into()), ("values", values_of(&preset.spec).into())];
    let answer = Answer::private(session.say(reply, &args));
    let now = session.turns.clock.now();
    let offers = if preset.offered { "on" } else { "off" };
    let done = deed.map(|deed| session.done(deed).about(preset.id.clone()).saying(offers));
    let writing = session.turns.db.write(move |tx| {
        Box::pin(async move {
            presets::put(tx, &preset, now).await?;
            audit::record_any(tx, done.as_ref()).await
        })
    });
    writing.await?;
    Ok(answer)
}

fn spec_of(before: PresetSpec, values: &PresetValues) -> PresetSpec {
    let share = |percent: commands::Percent| percent.get() as f32 / 100.0;
    PresetSpec {
        model: values.model.as_ref().map(|model| model.as_str().to_owned()).or(before.model),
        temperature: values.temperature.map(commands::Temperature::get).or(before.temperature),
        top_p: values.top_p.map(share).or(before.top_p),
        max_tokens: values.max_tokens.map(commands::TokenCount::get).or(before.max_tokens),
        context_tokens: values.context.map(commands::TokenCount::get).or(before.context_tokens),
        memory_share: values.memory.map(share).or(before.memory_share),
    }
}
