//! `/admin`: running the house from within a conversation.

use commands::{Admin, Amount, DenyMode, DenyScope, LimitOf, LimitPer, MemberRef, PresetName, Switch};

use super::{Session, Stop, preset};
use crate::db::choices::{self, Seat};
use crate::db::{audit, ledger, people, presets, rules};
use crate::domain::{
    Answer, Budget, Chosen, Deed, Denial, DenialMode, Identity, Kind, MemberId, Payer, Period, PersonalityId, PlaceId,
    Refusal, SetBy,
};
use crate::turn::prompt::written;

/// Longest announcement, in characters.
const ANNOUNCEMENT_MAX: usize = 1_000;
/// Millionths of a dollar in a cent.
const MICROS_PER_CENT: i64 = 10_000;

pub(super) async fn run(session: &Session<'_>, command: Admin) -> Result<Answer, Stop> {
    match command {
        Admin::Status => super::status::run(session).await,
        Admin::Limits { of, per, tokens, answers, cents, member } => {
            limits(session, of.zip(per), [tokens, answers, cents], member.as_ref()).await
        }
        Admin::Deny { who, scope, mode, with, span, reason } => {
            let identity = session.identity_of(&who);
            let (place, personality) = scope_of(session, scope, with.as_ref().map(commands::PersonalityName::as_str))?;
            if crate::guard::access::is_owner(&session.turns.settings.owners, &identity) {
                return Err(Refusal::new("refusal-deny-operator").into());
            }
            let now = session.turns.clock.now();
            let denial = Denial {
                id: session.turns.clock.id(),
                who: identity,
                member: None,
                place,
                personality,
                mode: if mode == Some(DenyMode::Mute) { DenialMode::Mute } else { DenialMode::Block },
                reason: reason.map(String::from),
                until: span.map(|span| now.plus_millis(span.millis())),
            };
            let (row, by) = (denial.clone(), session.person.member.id.clone());
            let done = turned(session, Deed::MemberDenied, &denial.who, denial.place.as_ref()).await?;
            let writing = session.turns.db.write(move |tx| {
                Box::pin(async move {
                    rules::add_denial(tx, &row, &by, now).await?;
                    audit::record(tx, &done).await
                })
            });
            writing.await?;
            session.turns.directory.reload_denials().await?;
            Ok(denial_row(session, Answer::private(session.say("reply-admin-denied", &[])), &denial))
        }
        Admin::Allow { who: None, .. } => Ok(denied(session)),
        Admin::Allow { who: Some(who), scope, with } => {
            allow(session, &who, scope, with.as_ref().map(commands::PersonalityName::as_str)).await
        }
        Admin::Announce { words } => {
            let words: Vec<String> = words.into_iter().map(String::from).collect();
            let text = words.join(" ");
            if text.chars().count() > ANNOUNCEMENT_MAX {
                return Err(Refusal::new("refusal-announcement-long").arg("max", ANNOUNCEMENT_MAX.to_string()).into());
            }
            let is_back = text.is_empty();
            let (id, now) = (session.turns.clock.id(), session.turns.clock.now());
            let done = session.done(Deed::Announced).saying(if is_back { "nothing" } else { "something" });
            let writing = session.turns.db.write(move |tx| {
                Box::pin(async move {
                    let text = Some(text.as_str()).filter(|text| !text.is_empty());
                    rules::announce(tx, &id, text, now).await?;
                    audit::record(tx, &done).await
                })
            });
            writing.await?;
            session.turns.directory.reload_announcement().await?;
            let id = if is_back { "reply-admin-announced-nothing" } else { "reply-admin-announced" };
            Ok(Answer::private(session.say(id, &[])))
        }
        Admin::Model { name, offer } => model(session, name, offer).await,
    }
}

async fn limits(
    session: &Session<'_>,
    of: Option<(LimitOf, LimitPer)>,
    [tokens, answers, cents]: [Option<Amount>; 3],
    member: Option<&MemberRef>,
) -> Result<Answer, Stop> {
    let is_said = tokens.is_some() || answers.is_some() || cents.is_some();
    match of {
        Some((of, per)) if is_said => {
            let payer = match of {
                LimitOf::House => Payer::House,
                LimitOf::Member => Payer::Member,
                LimitOf::Place => Payer::Place,
                LimitOf::Owner => Payer::Owner,
            };
            let period = match per {
                LimitPer::Minute => Period::Minute,
                LimitPer::Day => Period::Day,
                LimitPer::Month => Period::Month,
            };
            let subject = match (payer, member) {
                (Payer::Member | Payer::Owner, Some(member)) => session.member(member).await?.to_string(),
                (_, None) => String::new(),
                (Payer::House | Payer::Place, Some(_)) => return Err(Refusal::new("refusal-limit-member").into()),
            };
            let all = ledger::budgets(&session.turns.db).await?;
            let known = all.into_iter().find(|known| {
                (known.payer, known.period, known.set_by) == (payer, period, SetBy::Operator)
                    && known.subject == subject
            });
            let mut budget = known.unwrap_or(Budget {
                payer,
                subject,
                period,
                set_by: SetBy::Operator,
                tokens: None,
                answers: None,
                cost_micros: None,
            });
            let set = |limit: &mut Option<i64>, amount: Option<Amount>, unit: i64| match amount {
                Some(Amount::Off) => *limit = None,
                Some(Amount::Of(number)) => *limit = Some(i64::from(number) * unit),
                None => {}
            };
            set(&mut budget.tokens, tokens, 1);
            set(&mut budget.answers, answers, 1);
            set(&mut budget.cost_micros, cents, MICROS_PER_CENT);
            session.set_budget(budget).await?;
        }
        None if is_said => return Err(Refusal::new("refusal-limit-whose").into()),
        _ => {}
    }
    let all = ledger::budgets(&session.turns.db).await?;
    let all: Vec<&Budget> = all.iter().filter(|budget| budget.set_by == SetBy::Operator).collect();
    if all.is_empty() {
        return Ok(Answer::private(session.say("reply-admin-limits-none", &[])));
    }
    let head = Answer::private(session.say("reply-admin-limits", &[("count", all.len().into())]));
    Ok(all.into_iter().fold(head, |answer, budget| limit_row(session, answer, budget)))
}

fn limit_row(session: &Session<'_>, answer: Answer, budget: &Budget) -> Answer {
    let whose = match (budget.payer, budget.subject.as_str()) {
        (Payer::House, _) => session.say("limit-of-house", &[]),
        (Payer::Member, "") => session.say("limit-of-member", &[]),
        (Payer::Place, "") => session.say("limit-of-place", &[]),
        (Payer::Owner, "") => session.say("limit-of-owner", &[]),
        (_, subject) => session.say("limit-of-one", &[("id", subject.into())]),
    };
    let per = match budget.period {
        Period::Minute => session.say("limit-per-minute", &[]),
        Period::Day => session.say("limit-per-day", &[]),
        Period::Month => session.say("limit-per-month", &[]),
    };
    answer.with(format!("{whose}, {per}"), session.budget_text(budget))
}

/// Where a denial holds; the whole house is the operator's to close.
fn scope_of(
    session: &Session<'_>,
    scope: Option<DenyScope>,
    with: Option<&str>,
) -> Result<(Option<PlaceId>, Option<PersonalityId>), Stop> {
    let personality = with.map(|name| session.named(name)).transpose()?.map(|personality| personality.id.clone());
    match scope {
        Some(DenyScope::House) if !session.is_operator() => Err(Refusal::new("refusal-not-allowed").into()),
        Some(DenyScope::House) => Ok((None, personality)),
        Some(DenyScope::Place) | None => Ok((Some(session.place.id.clone()), personality)),
    }
}

async fn allow(
    session: &Session<'_>,
    who: &MemberRef,
    scope: Option<DenyScope>,
    with: Option<&str>,
) -> Result<Answer, Stop> {
    let identity = session.identity_of(who);
    let (place, personality) = scope_of(session, scope, with)?;
    let all = session.turns.directory.denials();
    let found: Vec<String> = all
        .current(session.turns.clock.now())
        .filter(|denial| denial.who == identity && denial.place == place && denial.personality == personality)
        .map(|denial| denial.id.clone())
        .collect();
    if found.is_empty() {
        return Err(Refusal::new("refusal-not-denied").arg("who", shown(&identity)).into());
    }
    let done = turned(session, Deed::MemberAllowed, &identity, place.as_ref()).await?;
    let writing = session.turns.db.write(move |tx| {
        Box::pin(async move {
            for id in &found {
                rules::remove_denial(tx, id).await?;
            }
            audit::record(tx, &done).await
        })
    });
    writing.await?;
    session.turns.directory.reload_denials().await?;
    Ok(Answer::private(session.say("reply-admin-allowed", &[("who", shown(&identity).into())])))
}

/// Turning somebody away, or letting them in, as a deed. Whoever was never met has no mark.
async fn turned(
    session: &Session<'_>,
    deed: Deed,
    who: &Identity,
    place: Option<&PlaceId>,
) -> Result<crate::domain::Done, Stop> {
    let member = people::member(&session.turns.db, who).await?.map(|member| member.id);
    let done = session.done(deed).to(member);
    Ok(match place {
        Some(place) => done.saying("place").about(place.as_str()),
        None => done.saying("house"),
    })
}

/// Who is turned away here; operators see the whole house.
fn denied(session: &Session<'_>) -> Answer {
    let all = session.turns.directory.denials();
    let is_seen = |denial: &&Denial| session.is_operator() || denial.place.as_ref() == Some(&session.place.id);
    let seen: Vec<&Denial> = all.current(session.turns.clock.now()).filter(is_seen).collect();
    if seen.is_empty() {
        return Answer::private(session.say("reply-admin-denied-none", &[]));
    }
    let head = Answer::private(session.say("reply-admin-denied-list", &[("count", seen.len().into())]));
    seen.into_iter().fold(head, |answer, denial| denial_row(session, answer, denial))
}

fn denial_row(session: &Session<'_>, answer: Answer, denial: &Denial) -> Answer {
    let mode = session.say(if denial.mode == DenialMode::Block { "denial-block" } else { "denial-mute" }, &[]);
    let scope = session.say(if denial.place.is_some() { "denial-place" } else { "denial-house" }, &[]);
    let until = denial.until.map_or_else(
        || session.say("denial-for-good", &[]),
        |until| {
            let until = written(until, session.zone(), "%Y-%m-%d %H:%M");
            session.say("denial-until", &[("until", until.into())])
        },
    );
    let mut parts = vec![mode, scope, until];
    if let Some(personality) = &denial.personality {
        let names = session.turns.directory.names();
        parts.extend(
            names.seen_by(&session.person.member.id).get(personality).map(|personality| personality.file.name.clone()),
        );
    }
    parts.extend(denial.reason.clone());
    answer.with(shown(&denial.who), parts.join(" · "))
}

fn shown(identity: &Identity) -> String {
    format!("{}:{}", identity.platform, identity.subject)
}

async fn model(session: &Session<'_>, name: Option<PresetName>, offer: Option<Switch>) -> Result<Answer, Stop> {
    let house = Seat { member: None, personality: None };
    if let Some(name) = &name {
        let chosen = preset::chosen(session, name).await?;
        if let (Some(Chosen::Value(id)), Some(offer)) = (&chosen, offer)
            && let Some(found) = presets::get(&session.turns.db, id).await?
        {
            let changed = crate::domain::OwnPreset { offered: offer == Switch::On, ..found };
            preset::put(session, changed, "reply-preset-changed", Some(Deed::PresetOffered)).await?;
        }
        session.choose(Kind::Preset, house, chosen).await?;
    } else if offer.is_some() {
        return Err(Refusal::new("refusal-offer-which").into());
    }
    let info = session.turns.model.info("");
    // The house's own tier alone: what holds between nobody and nobody.
    let nobody = (MemberId::new(""), PersonalityId::new(""));
    let choices = choices::for_bond(&session.turns.db, &nobody.0, &nobody.1).await?;
    let chosen = match choices.decided(Kind::Preset).value() {
        Some(id) => presets::get(&session.turns.db, id).await?.map(|preset| preset.name),
        None => None,
    };
    let label = |id: &str| session.say(id, &[]);
    Ok(Answer::private(session.say("reply-admin-model", &[]))
        .with(label("label-about-model"), format!("{} ({})", info.model, info.provider))
        .with(label("label-inspect-preset"), chosen.unwrap_or_else(|| label("preset-house"))))
}
