//! `/keys`: a member's own keys for model providers.

use commands::{Command, Keys as KeysCommand, ModelName, ProviderName};

use super::{Session, Stop};
use crate::domain::{Answer, Ask, AskKind, Form, KeyState, MemberKey, Refusal};
use crate::keyring::KeyringError;
use crate::model::providers::Provider;
use crate::turn::prompt::written;

/// Name of the form's only field.
pub(super) const KEY: &str = "key";

pub(super) async fn run(session: &Session<'_>, command: KeysCommand) -> Result<Answer, Stop> {
    match command {
        KeysCommand::Set { provider, model } => set(session, provider, model).await,
        KeysCommand::List => list(session).await,
        KeysCommand::Test { provider } => test(session, &provider).await,
        KeysCommand::Remove { provider } => {
            let name =
                found(session, &provider).map_or_else(|_| provider.to_string(), |provider| provider.name.clone());
            let member = &session.person.member.id;
            if session.turns.keyring.remove(member, &name).await.map_err(|error| stop(error, &name))? {
                Ok(Answer::private(session.say("reply-keys-removed", &[("provider", name.into())])))
            } else {
                Err(none(&name).into())
            }
        }
    }
}

/// Takes the key that the form brought, or hands out the form.
async fn set(session: &Session<'_>, name: ProviderName, model: Option<ModelName>) -> Result<Answer, Stop> {
    let provider = found(session, &name)?;
    let chosen = model.as_ref().map_or(provider.model.as_str(), ModelName::as_str).to_owned();
    if chosen.is_empty() {
        return Err(Refusal::new("refusal-keys-no-model").arg("provider", provider.name.clone()).into());
    }
    let Some(secret) = session.filled(KEY) else {
        let form = Form {
            asks: vec![Ask::new(
                KEY,
                session.say("form-keys-key", &[("provider", provider.name.clone().into())]),
                AskKind::Secret,
            )],
            line: Command::Keys(KeysCommand::Set { provider: name, model }).line(),
        };
        let text =
            session.say("reply-keys-ask", &[("provider", provider.name.clone().into()), ("model", chosen.into())]);
        return Ok(Answer::private(text).with_form(form));
    };
    let key = session
        .turns
        .keyring
        .set(&session.person.member.id, provider, &chosen, secret.clone())
        .await
        .map_err(|error| stop(error, &provider.name))?;
    let id = if key.state == KeyState::Unverified { "reply-keys-set-unverified" } else { "reply-keys-set" };
    Ok(row(session, Answer::private(session.say(id, &[("provider", key.provider.clone().into())])), &key, true))
}

async fn list(session: &Session<'_>) -> Result<Answer, Stop> {
    let keys = session.turns.keyring.list(&session.person.member.id).await.map_err(|error| stop(error, ""))?;
    let providers = session.turns.keyring.providers().all();
    let names: Vec<&str> = providers.iter().map(|provider| provider.name.as_str()).collect();
    if keys.is_empty() {
        return Ok(Answer::private(session.say("reply-keys-none", &[("providers", names.join(", ").into())])));
    }
    let head = Answer::private(session.say("reply-keys", &[("count", keys.len().into())]));
    Ok(keys.iter().enumerate().fold(head, |answer, (number, key)| row(session, answer, key, number == 0)))
}

async fn test(session: &Session<'_>, name: &ProviderName) -> Result<Answer, Stop> {
    let keys = session.turns.keyring.list(&session.person.member.id).await.map_err(|error| stop(error, ""))?;
    let Some(key) = keys.iter().find(|key| key.provider == name.as_str()) else {
        return Err(none(name.as_str()).into());
    };
    let state = session.turns.keyring.test(key).await.map_err(|error| stop(error, &key.provider))?;
    let text = session.say(state_text(state), &[]);
    Ok(Answer::private(
        session.say("reply-keys-tested", &[("provider", key.provider.clone().into()), ("state", text.into())]),
    ))
}

/// One key: provider, its last characters, model, what is known, and whether it answers.
fn row(session: &Session<'_>, answer: Answer, key: &MemberKey, answers: bool) -> Answer {
    let checked = match key.checked_at {
        Some(at) => written(at, session.zone(), "%Y-%m-%d %H:%M"),
        None => session.say("keys-never-checked", &[]),
    };
    let id = if answers { "keys-row-answering" } else { "keys-row" };
    let state = session.say(state_text(key.state), &[]);
    let args = [
        ("mask", key.mask.clone().into()),
        ("model", key.model.clone().into()),
        ("state", state.into()),
        ("checked", checked.into()),
    ];
    answer.with(key.provider.clone(), session.say(id, &args))
}

fn state_text(state: KeyState) -> &'static str {
    match state {
        KeyState::Valid => "keys-state-valid",
        KeyState::Invalid => "keys-state-invalid",
        KeyState::NoCredit => "keys-state-no-credit",
        KeyState::Limited => "keys-state-limited",
        KeyState::Unverified => "keys-state-unverified",
    }
}

fn found<'s>(session: &'s Session<'_>, name: &ProviderName) -> Result<&'s Provider, Refusal> {
    let providers = session.turns.keyring.providers();
    providers.find(name.as_str()).ok_or_else(|| {
        let names: Vec<&str> = providers.all().iter().map(|provider| provider.name.as_str()).collect();
        Refusal::new("refusal-keys-provider-unknown").arg("provider", name.as_str()).arg("providers", names.join(", "))
    })
}

fn none(provider: &str) -> Refusal {
    Refusal::new("refusal-keys-none").arg("provider", provider)
}

fn stop(error: KeyringError, provider: &str) -> Stop {
    match error {
        KeyringError::NotAKey => Refusal::new("refusal-keys-not-a-key").into(),
        KeyringError::TooOften(wait) => {
            Refusal::new("refusal-keys-too-often").arg("minutes", wait.as_secs().div_ceil(60).to_string()).into()
        }
        KeyringError::Refused => Refusal::new("refusal-keys-refused").arg("provider", provider).into(),
        KeyringError::UnknownModel => Refusal::new("refusal-keys-model-unknown").arg("provider", provider).into(),
        KeyringError::Db(error) => Stop::Failed(error),
        error @ (KeyringError::Vault(_) | KeyringError::Model(_)) => {
            tracing::error!(error = %error, "a key cannot be handled");
            Refusal::new("refusal-keys-unusable").arg("provider", provider).into()
        }
    }
}
