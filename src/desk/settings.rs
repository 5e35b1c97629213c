//! `/settings`: how the house treats the caller.

use commands::{Amount, Choice, PersonalityName, Settings};

use super::{Session, Stop};
use crate::db::{ledger, people};
use crate::domain::{Answer, Budget, Chosen, Kind, Payer, Period, PersonalityId, Refusal, SetBy};
use crate::turn::prompt::written;

/// Millionths of a dollar in a cent.
const MICROS_PER_CENT: i64 = 10_000;

pub(super) async fn run(session: &Session<'_>, command: &Settings) -> Result<Answer, Stop> {
    let member = session.person.member.id.clone();
    match command {
        Settings::View => view(session).await,
        Settings::Footer { choice, with } => choose(session, Kind::Footer, *choice, with.as_ref()).await,
        Settings::Memory { choice, with } => choose(session, Kind::Memory, *choice, with.as_ref()).await,
        Settings::Sharing { choice, with } => choose(session, Kind::Sharing, *choice, with.as_ref()).await,
        Settings::Budget { tokens, cents } => budget(session, *tokens, *cents).await,
        Settings::TimeZone { zone } => {
            let known = jiff::tz::TimeZone::get(zone.as_str())
                .map_err(|_| Refusal::new("refusal-zone-unknown").arg("zone", zone.as_str()))?;
            let name = known.iana_name().unwrap_or(zone.as_str()).to_owned();
            let set = name.clone();
            session
                .turns
                .db
                .write(move |tx| Box::pin(async move { people::set_time_zone(tx, &member, &set).await }))
                .await?;
            session.turns.directory.forget_people();
            let time = written(session.turns.clock.now(), &name, "%H:%M");
            Ok(Answer::private(
                session.say("reply-settings-time-zone", &[("time", time.into()), ("zone", name.into())]),
            ))
        }
        Settings::Locale { tag } => {
            let spoken: Vec<String> = session.turns.texts.locales().map(ToOwned::to_owned).collect();
            let wanted = tag.as_str().to_lowercase();
            let found = spoken
                .iter()
                .find(|locale| locale.to_lowercase() == wanted)
                .or_else(|| spoken.iter().find(|locale| locale.split('-').next() == wanted.split('-').next()))
                .ok_or_else(|| {
                    Refusal::new("refusal-locale-unknown").arg("locale", tag.as_str()).arg("locales", spoken.join(", "))
                })?
                .clone();
            let set = found.clone();
            session
                .turns
                .db
                .write(move |tx| Box::pin(async move { people::set_locale(tx, &member, &set).await }))
                .await?;
            session.turns.directory.forget_people();
            Ok(Answer::private(session.turns.texts.say(&found, "reply-settings-locale", &[])))
        }
    }
}

/// The switches of a member, with what holds where nobody decided.
const SWITCHES: [(Kind, &str, bool); 3] = [
    (Kind::Footer, "label-settings-footer", false),
    (Kind::Memory, "label-settings-memory", true),
    (Kind::Sharing, "label-settings-sharing", false),
];

async fn view(session: &Session<'_>) -> Result<Answer, Stop> {
    let mut answer = Answer::private(session.say("reply-settings-view", &[]))
        .with(session.say("label-settings-locale", &[]), session.locale.clone())
        .with(session.say("label-settings-time-zone", &[]), session.zone());
    // Without somebody to talk to, only what holds for everyone is to be seen.
    let personality = session.personality().map_or_else(|_| PersonalityId::new(""), |found| found.id.clone());
    let bond = session.turns.directory.bond(&session.person.member.id, &personality).await?;
    for (kind, label, otherwise) in SWITCHES {
        let decided = bond.choices.decided(kind);
        let is_on = session.say(if decided.is_on(otherwise) { "switch-on" } else { "switch-off" }, &[]);
        let by = session.decider(&decided, &personality);
        answer = answer.with(session.say(label, &[]), format!("{is_on} · {by}"));
    }
    let own = own_budget(session).await?;
    Ok(answer.with(session.say("label-settings-budget", &[]), session.budget_text(&own)))
}

async fn choose(
    session: &Session<'_>,
    kind: Kind,
    choice: Choice,
    with: Option<&PersonalityName>,
) -> Result<Answer, Stop> {
    let chosen = match choice {
        Choice::On => Some(Chosen::switch(true)),
        Choice::Off => Some(Chosen::switch(false)),
        Choice::Inherit => None,
    };
    session.choose(kind, session.own_seat(with)?, chosen).await?;
    view(session).await
}

async fn own_budget(session: &Session<'_>) -> Result<Budget, Stop> {
    let subject = session.person.member.id.to_string();
    let all = ledger::budgets(&session.turns.db).await?;
    let known = all.into_iter().find(|budget| {
        (budget.payer, budget.period, budget.set_by) == (Payer::Member, Period::Day, SetBy::Member)
            && budget.subject == subject
    });
    Ok(known.unwrap_or(Budget {
        payer: Payer::Member,
        subject,
        period: Period::Day,
        set_by: SetBy::Member,
        tokens: None,
        answers: None,
        cost_micros: None,
    }))
}

async fn budget(session: &Session<'_>, tokens: Option<Amount>, cents: Option<Amount>) -> Result<Answer, Stop> {
    let mut budget = own_budget(session).await?;
    let set = |limit: &mut Option<i64>, amount: Option<Amount>, unit: i64| match amount {
        Some(Amount::Off) => *limit = None,
        Some(Amount::Of(number)) => *limit = Some(i64::from(number) * unit),
        None => {}
    };
    set(&mut budget.tokens, tokens, 1);
    set(&mut budget.cost_micros, cents, MICROS_PER_CENT);
    let text = session.say("reply-settings-budget", &[("budget", session.budget_text(&budget).into())]);
    if tokens.is_some() || cents.is_some() {
        session.set_budget(budget).await?;
    }
    Ok(Answer::private(text))
}
