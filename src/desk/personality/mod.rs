//! `/personality`: who lives here, and members' own characters.

mod canon;
mod make;
mod share;

use std::sync::Arc;

use commands::{
    Amount, Page, Personality as PersonalityCommand, PersonalityName, PresetName, Switch, Temperature, TokenCount,
    WebAddress,
};

use super::{Session, Stop, preset};
use crate::db::choices::{self, Seat};
use crate::db::{ledger, personalities, presets};
use crate::domain::PictureKind;
use crate::domain::{Answer, Budget, Chosen, Kind, MemberId, Payer, Period, Personality, Refusal, SetBy, Visibility};
use crate::outside::OutsideError;
use crate::personalities as files;

/// Characters on a page.
const PAGE: usize = 15;
/// Largest picture, in bytes.
const PICTURE_MAX: usize = 5 << 20;

pub(super) async fn run(session: &Session<'_>, command: PersonalityCommand) -> Result<Answer, Stop> {
    match command {
        PersonalityCommand::List { page } => Ok(list(session, page.unwrap_or(Page::FIRST))?),
        PersonalityCommand::Search { words } => {
            let words: Vec<String> = words.into_iter().map(String::from).collect();
            Ok(search(session, &words.join(" ")))
        }
        PersonalityCommand::View { name } => view(session, &name),
        PersonalityCommand::Create { name } => make::create(session, &name).await,
        PersonalityCommand::Edit { name, rename, about, pronouns } => {
            make::edit(session, &name, make::Changes { rename, about, pronouns }).await
        }
        PersonalityCommand::Configure { name, preset, temperature, max_tokens, adult, memory, daily_tokens } => {
            let changes = Configured { preset, temperature, max_tokens, adult, memory, daily_tokens };
            configure(session, &name, changes).await
        }
        PersonalityCommand::Share { with, name, member } => share::share(session, with, &name, member.as_ref()).await,
        PersonalityCommand::Transfer { name, to } => share::transfer(session, &name, &to).await,
        PersonalityCommand::Duplicate { name, new } => make::duplicate(session, &name, &new).await,
        PersonalityCommand::Avatar { name, url } => avatar(session, &name, url.as_ref()).await,
        PersonalityCommand::Canon { name, add, remove } => {
            canon::canon(session, &name, add.as_ref(), remove.as_ref()).await
        }
        PersonalityCommand::Export { name } => export(session, &name),
        PersonalityCommand::Import => make::import(session).await,
        PersonalityCommand::Delete { name } => make::delete(session, &name).await,
    }
}

fn list(session: &Session<'_>, page: Page) -> Result<Answer, Refusal> {
    let names = session.turns.directory.names();
    let all = names.seen_by(&session.person.member.id).all();
    if all.is_empty() {
        return Ok(Answer::public(session.say("reply-personality-none", &[])));
    }
    let pages = all.len().div_ceil(PAGE);
    if page.number() as usize > pages {
        return Err(Refusal::new("refusal-page-beyond").arg("pages", pages.to_string()));
    }
    let mut head = session.say("reply-personality-list", &[]);
    if (page.number() as usize) < pages {
        let command = format!("/personality list --page {}", page.number() + 1);
        head = format!("{head} {}", session.say("reply-memory-more", &[("command", command.into())]));
    }
    let shown = all.iter().skip(page.skip(PAGE)).take(PAGE);
    let answer = shown.fold(answer(session, head), |answer, personality| row(session, answer, personality));
    Ok(session.paged(answer, "/personality list", page, pages))
}

fn search(session: &Session<'_>, words: &str) -> Answer {
    let names = session.turns.directory.names();
    let all = names.seen_by(&session.person.member.id).all();
    let wanted: Vec<String> = words.to_lowercase().split_whitespace().map(str::to_owned).collect();
    let fits = |personality: &&Arc<Personality>| {
        let file = &personality.file;
        let text =
            format!("{} {} {} {}", file.name, personality.slug, file.about, file.aliases.join(" ")).to_lowercase();
        wanted.iter().all(|word| text.contains(word))
    };
    let found: Vec<&Arc<Personality>> = all.iter().filter(fits).take(PAGE).collect();
    if found.is_empty() {
        return Answer::public(session.say("reply-personality-not-found", &[("words", words.into())]));
    }
    let head = session.say("reply-personality-found", &[("words", words.into())]);
    found.into_iter().fold(answer(session, head), |answer, personality| row(session, answer, personality))
}

/// A list may name characters that are not for everyone: then only the asker sees it.
fn answer(session: &Session<'_>, head: String) -> Answer {
    let names = session.turns.directory.names();
    let all = names.seen_by(&session.person.member.id).all();
    let is_open = all.iter().all(|personality| personality.visibility == Visibility::Public);
    if is_open { Answer::public(head) } else { Answer::private(head) }
}

fn row(session: &Session<'_>, answer: Answer, personality: &Personality) -> Answer {
    let about = personality.file.about.clone();
    let id = match (personality.visibility, personality.is_of(&session.person.member.id)) {
        (Visibility::Public, _) => return answer.with(personality.file.name.clone(), about),
        (Visibility::Private, _) => "personality-private",
        (Visibility::Shared, true) => "personality-shared",
        (Visibility::Shared, false) => "personality-guest",
    };
    answer.with(personality.file.name.clone(), session.say(id, &[("about", about.into())]).trim().to_owned())
}

fn view(session: &Session<'_>, name: &PersonalityName) -> Result<Answer, Stop> {
    let personality = session.named(name.as_str())?;
    let file = &personality.file;
    let head = session
        .say("reply-personality-view", &[("name", file.name.clone().into()), ("about", file.about.clone().into())]);
    let label = |id: &str| session.say(id, &[]);
    let mut answer = match personality.visibility {
        Visibility::Public => Answer::public(head),
        Visibility::Private | Visibility::Shared => Answer::private(head),
    }
    .with(label("label-personality-slug"), personality.slug.clone());
    if let Some(pronouns) = &file.pronouns {
        answer = answer.with(label("label-personality-pronouns"), pronouns.clone());
    }
    if !file.aliases.is_empty() {
        answer = answer.with(label("label-personality-aliases"), file.aliases.join(", "));
    }
    if file.adult {
        answer = answer.with(label("label-personality-adult"), label("switch-on"));
    }
    // Who a character is told to be is its owners' business.
    if personality.is_of(&session.person.member.id) {
        answer.private = true;
        answer = answer.with(label("label-personality-prompt"), file.prompt.clone());
    }
    Ok(answer)
}

/// What is to be changed about how a character answers.
struct Configured {
    preset: Option<PresetName>,
    temperature: Option<Temperature>,
    max_tokens: Option<TokenCount>,
    adult: Option<Switch>,
    memory: Option<Switch>,
    daily_tokens: Option<Amount>,
}

async fn configure(session: &Session<'_>, name: &PersonalityName, changes: Configured) -> Result<Answer, Stop> {
    let mut personality = own(session, name)?;
    let before = personality.file.clone();
    if let Some(temperature) = changes.temperature {
        personality.file.temperature = Some(temperature.get());
    }
    if let Some(tokens) = changes.max_tokens {
        personality.file.max_tokens = Some(tokens.get());
    }
    if let Some(adult) = changes.adult {
        personality.file.adult = adult == Switch::On;
    }
    let seat = || Seat { member: None, personality: Some(personality.id.clone()) };
    if let Some(name) = &changes.preset {
        let chosen = preset::chosen(session, name).await?;
        session.choose(Kind::Preset, seat(), chosen).await?;
    }
    if let Some(memory) = changes.memory {
        session.choose(Kind::Memory, seat(), Some(Chosen::switch(memory == Switch::On))).await?;
    }
    if let (Some(amount), Some(owner)) = (changes.daily_tokens, &personality.owner) {
        // It is one limit for all that somebody made, and theirs to set.
        if *owner != session.person.member.id && !session.is_operator() {
            return Err(Refusal::new("refusal-personality-not-yours").arg("name", personality.file.name).into());
        }
        let mut budget = daily(owner);
        budget.tokens = match amount {
            Amount::Off => None,
            Amount::Of(tokens) => Some(i64::from(tokens)),
        };
        session.set_budget(budget).await?;
    }
    if personality.file != before {
        change(session, personality.clone()).await?;
    }
    configured(session, &personality).await
}

/// What others may ask the characters of `owner` for in a day, as the owner sets it.
fn daily(owner: &MemberId) -> Budget {
    Budget {
        payer: Payer::Owner,
        subject: owner.to_string(),
        period: Period::Day,
        set_by: SetBy::Owner,
        tokens: None,
        answers: None,
        cost_micros: None,
    }
}

async fn configured(session: &Session<'_>, personality: &Personality) -> Result<Answer, Stop> {
    let db = &session.turns.db;
    // The character's own tier: what holds between it and nobody.
    let choices = choices::for_bond(db, &MemberId::new(""), &personality.id).await?;
    let (chosen, memory) = (choices.decided(Kind::Preset), choices.decided(Kind::Memory));
    let preset = match chosen.value() {
        Some(id) => presets::get(db, id).await?.map(|preset| preset.name),
        None => None,
    };
    let budgets = ledger::budgets(db).await?;
    let wanted = personality.owner.as_ref().map(daily);
    let budget = wanted.and_then(|wanted| {
        let is_it = |known: &Budget| {
            (known.payer, known.period, known.set_by, &known.subject)
                == (wanted.payer, wanted.period, wanted.set_by, &wanted.subject)
        };
        budgets.into_iter().find(is_it)
    });
    let label = |id: &str| session.say(id, &[]);
    let switch = |on: bool| label(if on { "switch-on" } else { "switch-off" });
    let house = || label("preset-house");
    let file = &personality.file;
    let head = session.say("reply-personality-configured", &[("name", file.name.clone().into())]);
    Ok(Answer::private(head)
        .with(label("label-inspect-preset"), preset.unwrap_or_else(house))
        .with(label("label-personality-temperature"), file.temperature.map_or_else(house, |value| value.to_string()))
        .with(label("label-personality-max-tokens"), file.max_tokens.map_or_else(house, |value| value.to_string()))
        .with(label("label-personality-adult"), switch(file.adult))
        .with(label("label-personality-memory"), switch(memory.is_on(true)))
        .with(
            label("label-personality-daily"),
            budget.map_or_else(|| label("limit-none"), |budget| session.budget_text(&budget)),
        ))
}

async fn avatar(session: &Session<'_>, name: &PersonalityName, url: Option<&WebAddress>) -> Result<Answer, Stop> {
    own(session, name)?;
    let avatars = &session.turns.avatars;
    let (picture, reply) = match url {
        None => (None, "reply-personality-avatar-gone"),
        Some(url) => {
            let fetched = session.turns.outside.fetch(url.as_str(), PICTURE_MAX).await;
            let bytes = fetched.map_err(|error| match error {
                OutsideError::NotAllowed => Refusal::new("refusal-address-not-allowed"),
                OutsideError::TooLarge => {
                    Refusal::new("refusal-picture-large").arg("max", (PICTURE_MAX >> 20).to_string())
                }
                OutsideError::Unreachable
                | OutsideError::TimedOut
                | OutsideError::Status(_)
                | OutsideError::TooManyHops => Refusal::new("refusal-address-unreachable"),
            })?;
            let kind = PictureKind::of(&bytes).ok_or_else(|| Refusal::new("refusal-picture-kind"))?;
            let kept = avatars.put(kind, &bytes).map_err(|error| {
                tracing::error!(error = %error, "a picture cannot be kept");
                Refusal::new("refusal-internal")
            })?;
            (Some(kept), "reply-personality-avatar")
        }
    };
    // Fetching takes a while: what the character is now, and whose, is asked again.
    let personality = own(session, name)?;
    let before = personality.avatar.clone();
    let shown = personality.file.name.clone();
    change(session, Personality { avatar: picture.clone(), ..personality }).await?;
    if let Some(before) = before.filter(|before| picture.as_ref() != Some(before)) {
        discard(session, &before);
    }
    Ok(Answer::private(session.say(reply, &[("name", shown.into())])))
}

/// Removes a picture that no character has any more.
fn discard(session: &Session<'_>, picture: &str) {
    if !session.turns.directory.names().uses_picture(picture) {
        session.turns.avatars.remove(picture);
    }
}

fn export(session: &Session<'_>, name: &PersonalityName) -> Result<Answer, Stop> {
    let personality = session.named(name.as_str())?;
    if !personality.is_of(&session.person.member.id) && !session.is_operator() {
        return Err(Refusal::new("refusal-personality-not-yours").arg("name", personality.file.name.clone()).into());
    }
    let text = session.say("reply-personality-exported", &[("name", personality.file.name.clone().into())]);
    let content = files::write(&personality.file).into_bytes();
    Ok(Answer::private(text).with_file(session.file_name(&personality.file.name, "md"), content))
}

async fn change(session: &Session<'_>, personality: Personality) -> Result<(), Stop> {
    let now = session.turns.clock.now();
    session
        .turns
        .db
        .write(move |tx| Box::pin(async move { personalities::change(tx, &personality, now).await }))
        .await?;
    session.turns.directory.reload_names().await?;
    Ok(())
}

/// A personality that the caller may change: one they look after, or any member's for an operator. Files are changed as
/// files.
fn own(session: &Session<'_>, name: &PersonalityName) -> Result<Personality, Refusal> {
    let personality: Arc<Personality> = session.named(name.as_str())?;
    let may_change = personality.is_of(&session.person.member.id) || session.is_operator();
    if may_change && personality.owner.is_some() {
        return Ok(Personality::clone(&personality));
    }
    Err(Refusal::new("refusal-personality-not-yours").arg("name", personality.file.name.clone()))
}
