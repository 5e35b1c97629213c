//! `/alias`: other names that characters answer to.

use commands::{Alias as AliasCommand, AliasName, PersonalityName, Tier};

use super::{Session, Stop};
use crate::db::aliases;
use crate::domain::{Alias, Answer, Refusal};

/// Aliases that one member may have.
const OWN_MAX: usize = 200;

pub(super) async fn run(session: &Session<'_>, command: &AliasCommand) -> Result<Answer, Stop> {
    match command {
        AliasCommand::Add { alias, to, tier } => add(session, alias, to, tier.unwrap_or(Tier::Me)).await,
        AliasCommand::Remove { alias, tier } => remove(session, alias, tier.unwrap_or(Tier::Me)).await,
        AliasCommand::List => Ok(list(session)),
    }
}

async fn add(session: &Session<'_>, name: &AliasName, to: &PersonalityName, tier: Tier) -> Result<Answer, Stop> {
    may_change(session, tier)?;
    let personality = session.named(to.as_str())?;
    let names = session.turns.directory.names();
    let member = &session.person.member.id;
    let seen = names.seen_by(member);
    // A name or slug beats every alias: such an alias would never be heard.
    let shadow = if tier == Tier::Everyone { names.public().named(name.as_str()) } else { seen.named(name.as_str()) };
    if let Some(shadow) = shadow {
        return Err(Refusal::new("refusal-alias-is-a-name")
            .arg("alias", name.as_str())
            .arg("name", shadow.file.name.clone())
            .into());
    }
    if let Some(taken) = seen.alias(name.as_str(), tier == Tier::Everyone) {
        let whom = names.get(&taken.personality).map(|p| p.file.name.clone()).unwrap_or_default();
        let id = if tier == Tier::Everyone { "refusal-alias-taken-everyone" } else { "refusal-alias-taken" };
        return Err(Refusal::new(id).arg("alias", taken.name.clone()).arg("name", whom).into());
    }
    let own = seen.aliases().into_iter().filter(|alias| alias.member.is_some()).count();
    if tier == Tier::Me && own >= OWN_MAX {
        return Err(Refusal::new("refusal-alias-too-many").arg("max", OWN_MAX.to_string()).into());
    }
    let alias = Alias {
        id: session.turns.clock.id(),
        name: name.as_str().to_owned(),
        personality: personality.id.clone(),
        member: (tier == Tier::Me).then(|| member.clone()),
    };
    let now = session.turns.clock.now();
    let added = session.turns.db.write(move |tx| Box::pin(async move { aliases::add(tx, &alias, now).await })).await?;
    if !added {
        // Somebody was a moment faster.
        return Err(Refusal::new("refusal-alias-taken-everyone")
            .arg("alias", name.as_str())
            .arg("name", personality.file.name.clone())
            .into());
    }
    session.turns.directory.reload_names().await?;
    let names = session.turns.directory.names();
    let other = names.seen_by(member).alias(name.as_str(), tier == Tier::Me);
    let id = match (tier, other) {
        (Tier::Everyone, _) => "reply-alias-added-everyone",
        (Tier::Me, None) => "reply-alias-added",
        // Their own comes first from here on.
        (Tier::Me, Some(_)) => "reply-alias-added-over",
    };
    let args = [("alias", name.as_str().into()), ("name", personality.file.name.clone().into())];
    Ok(Answer::private(session.say(id, &args)))
}

async fn remove(session: &Session<'_>, name: &AliasName, tier: Tier) -> Result<Answer, Stop> {
    may_change(session, tier)?;
    let names = session.turns.directory.names();
    let found = names.seen_by(&session.person.member.id).alias(name.as_str(), tier == Tier::Everyone);
    let found = found.ok_or_else(|| Refusal::new("refusal-alias-unknown").arg("alias", name.as_str()))?;
    let id = found.id.clone();
    session.turns.db.write(move |tx| Box::pin(async move { aliases::remove(tx, &id).await })).await?;
    session.turns.directory.reload_names().await?;
    Ok(Answer::private(session.say("reply-alias-removed", &[("alias", found.name.clone().into())])))
}

fn list(session: &Session<'_>) -> Answer {
    let names = session.turns.directory.names();
    let seen = names.seen_by(&session.person.member.id);
    let aliases = seen.aliases();
    if aliases.is_empty() {
        return Answer::private(session.say("reply-alias-none", &[]));
    }
    let head = Answer::private(session.say("reply-alias-list", &[("count", aliases.len().into())]));
    aliases.into_iter().fold(head, |answer, alias| {
        let name = seen.get(&alias.personality).map(|p| p.file.name.clone()).unwrap_or_default();
        let is_shadowed = seen.find(&alias.name).is_none_or(|found| found.id != alias.personality);
        let id = match (alias.member.is_some(), is_shadowed) {
            (_, true) => "alias-row-shadowed",
            (true, _) => "alias-row-own",
            (false, _) => "alias-row-everyone",
        };
        answer.with(alias.name.clone(), session.say(id, &[("name", name.into())]))
    })
}

fn may_change(session: &Session<'_>, tier: Tier) -> Result<(), Refusal> {
    if tier == Tier::Everyone && !session.is_operator() { Err(Refusal::new("refusal-not-allowed")) } else { Ok(()) }
}
