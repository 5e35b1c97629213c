//! `/place`: what holds where people talk.

use std::sync::Arc;

use commands::{Amount, Place as PlaceCommand, Switch, Who as WhoArg};

use super::{Session, Stop};
use crate::db::{audit, ledger, places, rules};
use crate::domain::{Answer, Budget, COMMAND_SIGN, Deed, Payer, Period, PersonalityId, Place, PlaceRef, SetBy, Who};

pub(super) async fn run(session: &Session<'_>, command: &PlaceCommand) -> Result<Answer, Stop> {
    match command {
        PlaceCommand::Settings { activate, only_allowed, member_tokens, all_tokens, sign } => {
            if activate.is_some() || only_allowed.is_some() {
                let activate_by = activate.map_or(session.place.activate_by, |who| match who {
                    WhoArg::Everyone => Who::Everyone,
                    WhoArg::Moderators => Who::Moderators,
                });
                let only_allowed = only_allowed.map_or(session.place.only_allowed, |switch| switch == Switch::On);
                let place = session.place.id.clone();
                let done = session.done(Deed::PlaceRulesSet).about(place.as_str());
                let writing = session.turns.db.write(move |tx| {
                    Box::pin(async move {
                        places::set_rules(tx, &place, activate_by, only_allowed).await?;
                        audit::record(tx, &done).await
                    })
                });
                writing.await?;
                session.turns.directory.forget_place(&session.place);
            }
            if let Some(sign) = sign {
                // A thread has none of its own.
                let home = home(session).await?;
                let (id, sign) = (home.id.clone(), (sign.as_str() != COMMAND_SIGN).then(|| sign.to_string()));
                let writing = session
                    .turns
                    .db
                    .write(move |tx| Box::pin(async move { places::set_prefix(tx, &id, sign.as_deref()).await }));
                writing.await?;
                session.turns.directory.forget_place(&home);
            }
            if let Some(amount) = member_tokens {
                limit(session, format!("{}/", session.place.id), *amount).await?;
            }
            if let Some(amount) = all_tokens {
                limit(session, session.place.id.to_string(), *amount).await?;
            }
            view(session).await
        }
        PlaceCommand::Allow { name } => rule(session, name.as_str(), true).await,
        PlaceCommand::Deny { name } => rule(session, name.as_str(), false).await,
    }
}

/// The place that a thread hangs on, else the place itself.
async fn home(session: &Session<'_>) -> Result<Arc<Place>, Stop> {
    let named = &session.caller.place;
    let Some(parent) = &named.parent else { return Ok(session.place.clone()) };
    let parent = PlaceRef { subject: parent.clone(), parent: None, ..named.clone() };
    Ok(session.turns.directory.place(&parent).await?)
}

async fn limit(session: &Session<'_>, subject: String, amount: Amount) -> Result<(), Stop> {
    let tokens = match amount {
        Amount::Off => None,
        Amount::Of(tokens) => Some(i64::from(tokens)),
    };
    let budget = Budget {
        payer: Payer::Place,
        subject,
        period: Period::Day,
        set_by: SetBy::Moderator,
        tokens,
        answers: None,
        cost_micros: None,
    };
    session.set_budget(budget).await
}

async fn rule(session: &Session<'_>, name: &str, is_allowed: bool) -> Result<Answer, Stop> {
    let personality = session.named(name)?;
    let (place, id) = (session.place.id.clone(), personality.id.clone());
    let done = session.done(Deed::PlaceCharacterSet).about(id.as_str());
    let done = done.saying(if is_allowed { "allowed" } else { "denied" });
    let writing = session.turns.db.write(move |tx| {
        Box::pin(async move {
            rules::set_rule(tx, &place, &id, is_allowed).await?;
            audit::record(tx, &done).await
        })
    });
    writing.await?;
    if !is_allowed && session.place.personality.as_ref() == Some(&personality.id) {
        let place = session.place.id.clone();
        session
            .turns
            .db
            .write(move |tx| Box::pin(async move { places::activate(tx, &place, None, false).await }))
            .await?;
    }
    session.turns.directory.forget_place(&session.place);
    let id = if is_allowed { "reply-place-allowed" } else { "reply-place-denied" };
    Ok(Answer::private(session.say(id, &[("name", personality.file.name.clone().into())])))
}

async fn view(session: &Session<'_>) -> Result<Answer, Stop> {
    let place = session.turns.directory.place(&session.caller.place).await?;
    let names = session.turns.directory.names();
    let seen = names.seen_by(&session.person.member.id);
    let listed = |ids: &[PersonalityId]| {
        let shown: Vec<String> =
            ids.iter().filter_map(|id| seen.get(id)).map(|personality| personality.file.name.clone()).collect();
        if shown.is_empty() { session.say("place-nobody", &[]) } else { shown.join(", ") }
    };
    let budgets = ledger::budgets(&session.turns.db).await?;
    let limit = |subject: String| {
        let budget = budgets.iter().find(|budget| budget.payer == Payer::Place && budget.subject == subject);
        budget
            .and_then(|budget| budget.tokens)
            .map_or_else(|| session.say("limit-none", &[]), |tokens| tokens.to_string())
    };
    let who = match place.activate_by {
        Who::Everyone => session.say("place-everyone", &[]),
        Who::Moderators => session.say("place-moderators", &[]),
    };
    let only = session.say(if place.only_allowed { "switch-on" } else { "switch-off" }, &[]);
    let active = place.personality.as_ref().map(|id| listed(std::slice::from_ref(id)));
    let label = |id: &str| session.say(id, &[]);
    let mut answer = Answer::private(session.say("reply-place-settings", &[]));
    if place.platform == "matrix" {
        let sign = home(session).await?.prefix.clone().unwrap_or_else(|| COMMAND_SIGN.to_owned());
        answer = answer.with(label("label-place-sign"), sign);
    }
    Ok(answer
        .with(label("label-place-active"), active.unwrap_or_else(|| label("place-nobody")))
        .with(label("label-place-activate"), who)
        .with(label("label-place-only-allowed"), only)
        .with(label("label-place-allowed"), listed(&place.allowed))
        .with(label("label-place-denied"), listed(&place.denied))
        .with(label("label-place-member-tokens"), limit(format!("{}/", place.id)))
        .with(label("label-place-all"), limit(place.id.to_string())))
}
