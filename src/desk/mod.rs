//! What each command does: files mirror `commands/`. A handler returns a neutral [`Answer`] or a [`Refusal`];
//! platforms render it.

mod admin;
mod alias;
mod choose;
mod conversation;
mod data;
mod house;
mod inspect;
mod keys;
mod memory;
mod persona;
mod personality;
mod place;
mod preset;
mod prompt;
mod session;
mod settings;
mod status;
mod suggest;
mod usage;

use std::sync::Arc;

use commands::{Access, Command, MemberRef, Misread, Page, Where};
use secrecy::{ExposeSecret as _, SecretString};

use crate::db::{self, audit, ledger, people};
use crate::directory::Person;
use crate::domain::{
    Answer, Ask, AskKind, Budget, Deed, Done, Field, Form, Identity, MemberId, Memory, Payer, Persona, PersonaId,
    Personality, PersonalityId, Place, PlaceRef, Refusal, Scope, holds_a_key, one_line, slug_of,
};
use crate::guard::{access, outgoing};
use crate::texts::{Arg, Texts};
use crate::turn::prompt::written;
use crate::turn::{Stays, Turns};

/// Who gives a command, and where.
#[derive(Clone, Debug)]
pub struct Caller {
    pub identity: Identity,
    /// The name shown on the platform.
    pub name: String,
    pub place: PlaceRef,
    /// Slug of the personality the caller talks with; empty: none in particular.
    pub personality: String,
    /// Whether the platform lets them look after the place.
    pub is_moderator: bool,
    /// The language the platform speaks with them, for those who chose none here.
    pub locale: Option<String>,
    /// The platform's id of the message that the command is about.
    pub message: Option<String>,
    /// As whom, where that is not who they chose to be; somebody else's persona counts for nothing.
    pub persona: Option<PersonaId>,
}

/// Field of the forms that have something confirmed.
const CONFIRM: &str = "name";
/// Platforms that an account may be named with.
const PLATFORMS: [&str; 5] = ["discord", "matrix", "console", "pluralkit", "fake"];

/// Everything that forms ask for.
const FIELDS: [&str; 8] = [CONFIRM, keys::KEY, "pronouns", "description", "text", "file", "about", "prompt"];

/// The name of a form's field as the desk knows it.
pub fn field(name: &str) -> Option<&'static str> {
    FIELDS.into_iter().find(|field| *field == name)
}

/// What a form brought: names of its fields and what was given.
pub type Filled = Vec<(&'static str, SecretString)>;

/// Answers commands.
pub struct Desk {
    turns: Arc<Turns>,
}

/// Why a command has no answer.
pub(crate) enum Stop {
    /// The person can do something about it.
    Refused(Refusal),
    /// The database failed.
    Failed(db::Error),
}

impl From<Refusal> for Stop {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<db::Error> for Stop {
    fn from(error: db::Error) -> Self {
        Self::Failed(error)
    }
}

impl From<Stays> for Stop {
    fn from(stays: Stays) -> Self {
        match stays {
            Stays::Refused(refusal) => Self::Refused(refusal),
            Stays::Failed(error) => Self::Failed(error),
        }
    }
}

/// One command at work: who gave it, where, and the house's parts it needs.
pub(crate) struct Session<'a> {
    turns: &'a Turns,
    caller: &'a Caller,
    person: Arc<Person>,
    place: Arc<Place>,
    locale: String,
    filled: Filled,
    /// The command comes back from its form, even if nothing was filled in.
    is_back: bool,
}

impl Desk {
    /// A desk over the pipeline's parts.
    pub fn new(turns: Arc<Turns>) -> Self {
        Self { turns }
    }

    /// Reads and answers a line such as `/memory view`.
    pub async fn line(&self, caller: &Caller, line: &str) -> Answer {
        self.read(caller, line, None).await
    }

    /// Answers a line whose form was filled in.
    pub async fn filled(&self, caller: &Caller, line: &str, filled: Filled) -> Answer {
        self.read(caller, line, Some(filled)).await
    }

    /// Answers a command that a platform hands over already split.
    pub async fn words(&self, caller: &Caller, words: Vec<String>) -> Answer {
        if words.iter().any(|word| holds_a_key(word)) {
            let locale = self.locale_of(caller).await;
            return Answer::refusal(
                "refusal-key-in-message",
                self.turns.texts.say(&locale, "refusal-key-in-message", &[]),
            );
        }
        let command = commands::parse_words(words);
        self.run_read(caller, command, None).await
    }

    async fn read(&self, caller: &Caller, line: &str, filled: Option<Filled>) -> Answer {
        // A key in a command's line, or in an answer that is not asked for as a secret, goes no further.
        let is_key = |(field, given): &(&str, SecretString)| *field != keys::KEY && holds_a_key(given.expose_secret());
        if holds_a_key(line) || filled.iter().flatten().any(is_key) {
            let locale = self.locale_of(caller).await;
            return Answer::refusal(
                "refusal-key-in-message",
                self.turns.texts.say(&locale, "refusal-key-in-message", &[]),
            );
        }
        self.run_read(caller, commands::parse(line), filled).await
    }

    async fn run_read(&self, caller: &Caller, read: Result<Command, Misread>, filled: Option<Filled>) -> Answer {
        match read {
            Ok(command) => self.run(caller, command, filled).await,
            Err(misread) => {
                let locale = self.locale_of(caller).await;
                let args: Vec<(&str, Arg)> =
                    misread.args().into_iter().map(|(name, value)| (name, Arg::from(value))).collect();
                Answer::refusal(misread.id(), self.turns.texts.say(&locale, misread.id(), &args))
            }
        }
    }

    /// Answers a command.
    pub async fn run(&self, caller: &Caller, command: Command, filled: Option<Filled>) -> Answer {
        let is_private = command.is_private();
        match self.answer(caller, command, filled).await {
            Ok(mut answer) => {
                answer.private |= is_private;
                if answer.private { answer } else { harmless(answer) }
            }
            Err(Stop::Refused(refusal)) => {
                let locale = self.locale_of(caller).await;
                let args: Vec<(&str, Arg)> =
                    refusal.args.into_iter().map(|(name, value)| (name, Arg::from(value))).collect();
                Answer::refusal(refusal.id, self.turns.texts.say(&locale, refusal.id, &args))
            }
            Err(Stop::Failed(error)) => {
                crate::ops_error("command", &error);
                let locale = self.locale_of(caller).await;
                Answer::refusal("refusal-internal", self.turns.texts.say(&locale, "refusal-internal", &[]))
            }
        }
    }

    async fn answer(&self, caller: &Caller, command: Command, filled: Option<Filled>) -> Result<Answer, Stop> {
        let is_operator = access::is_owner(&self.turns.settings.owners, &caller.identity);
        match command.access() {
            Access::Operator if !is_operator => return Err(Refusal::new("refusal-not-allowed").into()),
            Access::Moderator if !is_operator && !caller.is_moderator => {
                return Err(Refusal::new("refusal-not-moderator").into());
            }
            Access::Everyone | Access::Moderator | Access::Operator => {}
        }
        if command.place() == Where::Terminal && caller.place.platform != "console" {
            return Err(Refusal::new("refusal-only-terminal").arg("command", command.line()).into());
        }
        let is_back = filled.is_some();
        let session = Session { filled: filled.unwrap_or_default(), is_back, ..self.session(caller).await? };
        // Whoever is turned away from the whole house or the place is not answered by its desk either, except about their
        // own data.
        let is_turned_away = session.turns.turned_away(&caller.identity, &caller.place).await?.is_some();
        if is_turned_away && !matches!(command, Command::Data(_) | Command::About | Command::Quit) {
            return Err(Refusal::new("refusal-denied").into());
        }
        match command {
            Command::Memory(memory) => memory::run(&session, memory).await,
            Command::Reset(reset) => conversation::reset(&session, &reset).await,
            Command::Talk(talk) => conversation::talk(&session, &talk),
            Command::Quit => Ok(Answer::public(session.say("console-goodbye", &[]))),
            Command::Inspect => inspect::run(&session).await,
            Command::Again => conversation::again(&session).await,
            Command::Unsay => conversation::unsay(&session).await,
            Command::Help(help) => Ok(house::help(&session, &help)?),
            Command::About => Ok(house::about(&session)),
            Command::Personality(personality) => personality::run(&session, personality).await,
            Command::Persona(persona) => persona::run(&session, persona).await,
            Command::Settings(settings) => settings::run(&session, &settings).await,
            Command::Data(data) => data::run(&session, &data).await,
            Command::Activate(activate) => conversation::activate(&session, &activate).await,
            Command::Deactivate => conversation::deactivate(&session).await,
            Command::Autorespond(autorespond) => conversation::autorespond(&session, &autorespond).await,
            Command::Session(command) => session::run(&session, command).await,
            Command::Usage(usage) => usage::run(&session, &usage).await,
            Command::Keys(keys) => keys::run(&session, keys).await,
            Command::Alias(alias) => alias::run(&session, &alias).await,
            Command::Preset(preset) => preset::run(&session, preset).await,
            Command::Prompt(prompt) => prompt::run(&session, prompt).await,
            Command::Place(place) => place::run(&session, &place).await,
            Command::Admin(admin) => admin::run(&session, admin).await,
        }
    }

    async fn session<'a>(&'a self, caller: &'a Caller) -> Result<Session<'a>, db::Error> {
        let person = self.turns.directory.person(&caller.identity, &caller.name).await?;
        let place = self.turns.directory.place(&caller.place).await?;
        let locale = self.spoken(person.member.locale.as_deref(), caller);
        Ok(Session { turns: &self.turns, caller, person, place, locale, filled: Filled::default(), is_back: false })
    }

    async fn locale_of(&self, caller: &Caller) -> String {
        let person = self.turns.directory.person(&caller.identity, &caller.name).await.ok();
        self.spoken(person.as_ref().and_then(|person| person.member.locale.as_deref()), caller)
    }

    /// The language to speak: the chosen one, else the platform's where the house speaks it, else the house's.
    fn spoken(&self, chosen: Option<&str>, caller: &Caller) -> String {
        let theirs = caller.locale.as_deref().and_then(|locale| self.turns.texts.matching(locale));
        chosen.or(theirs).unwrap_or(&self.turns.settings.locale).to_owned()
    }

    /// The language an account chose, or the house's; nobody is introduced for it.
    pub async fn locale_of_identity(&self, identity: &Identity) -> String {
        let member = people::member(&self.turns.db, identity).await.ok().flatten();
        member.and_then(|member| member.locale).unwrap_or_else(|| self.turns.settings.locale.clone())
    }

    /// What the house says when it comes into a room: what it is, what it keeps and how to stop that.
    pub fn greeting(&self, locale: &str, is_direct: bool) -> String {
        house::greeting(&self.turns, locale, is_direct)
    }

    /// The texts commands are answered with.
    pub fn texts(&self) -> &Arc<Texts> {
        &self.turns.texts
    }
}

/// An answer that everyone reads, without a ping or a hidden link that somebody put into a name.
fn harmless(answer: Answer) -> Answer {
    let render = |text: &str| outgoing::rendered(text, "");
    let field = |field: Field| Field { name: render(&field.name), value: render(&field.value) };
    Answer { text: render(&answer.text), fields: answer.fields.into_iter().map(field).collect(), ..answer }
}

impl Session<'_> {
    /// A text in the caller's language.
    fn say(&self, id: &str, args: &[(&str, Arg)]) -> String {
        self.turns.texts.say(&self.locale, id, args)
    }

    /// What the form brought for a field.
    fn filled(&self, name: &str) -> Option<&SecretString> {
        self.filled.iter().find(|(field, _)| *field == name).map(|(_, given)| given)
    }

    /// A page with buttons to those beside it.
    fn paged(&self, mut answer: Answer, line: &str, page: Page, pages: usize) -> Answer {
        let number = page.number() as usize;
        if number > 1 {
            let label = self.say("button-previous", &[]);
            answer = answer.with_button(label, format!("{line} --page {}", number - 1));
        }
        if number < pages {
            answer = answer.with_button(self.say("button-next", &[]), format!("{line} --page {}", number + 1));
        }
        answer
    }

    /// The caller's time zone.
    fn zone(&self) -> &str {
        self.person.member.time_zone.as_deref().unwrap_or(&self.turns.settings.time_zone)
    }

    /// The personality the caller talks with.
    fn personality(&self) -> Result<Arc<Personality>, Refusal> {
        self.named(&self.caller.personality)
    }

    /// The personality of a name.
    fn named(&self, name: &str) -> Result<Arc<Personality>, Refusal> {
        let names = self.turns.directory.names();
        let names = names.seen_by(&self.person.member.id);
        names.find(name).cloned().ok_or_else(|| {
            match names.nearest(name) {
                Some(near) => Refusal::new("refusal-personality-similar").arg("suggestion", near.file.name.clone()),
                None => Refusal::new("refusal-personality-not-found"),
            }
            .arg("name", name)
        })
    }

    /// The caller's own memories with the personality they talk with, wherever they were made: for private answers.
    /// Their words are shown by [`Self::words_of`].
    async fn own_scope(&self) -> Result<Scope, Stop> {
        let (persona, personality) = self.bond().await?;
        Ok(Scope::own(persona, personality, self.place.id.clone()))
    }

    /// The same as far as their words may be seen here: for searching.
    async fn readable_scope(&self) -> Result<Scope, Stop> {
        let (persona, personality) = self.bond().await?;
        Ok(Scope::shared(persona, personality, self.place.id.clone()))
    }

    /// As whom the caller talks, and with whom.
    async fn bond(&self) -> Result<(PersonaId, PersonalityId), Stop> {
        let personality = self.personality()?;
        Ok((self.persona_with(&personality.id).await?.id, personality.id.clone()))
    }

    /// What the caller said, where it may be seen here: what was said in an encrypted room is shown in that room only.
    fn words_of(&self, memory: &Memory) -> Option<String> {
        (!memory.is_sealed_off(&self.place.id)).then(|| one_line(&memory.said).into_owned())
    }

    /// As whom a personality sees the caller.
    async fn persona_with(&self, personality: &PersonalityId) -> Result<Persona, Stop> {
        let bond = self.turns.directory.bond(&self.person.member.id, personality).await?;
        let chosen = match self.caller.persona.clone().or_else(|| bond.persona()) {
            Some(id) => self.turns.directory.persona(&id).await?,
            None => None,
        };
        let own = chosen.filter(|persona| persona.member == self.person.member.id);
        Ok(own.map_or_else(|| self.person.persona.clone(), |persona| Persona::clone(&persona)))
    }

    /// Whether the caller runs this house.
    fn is_operator(&self) -> bool {
        access::is_owner(&self.turns.settings.owners, &self.caller.identity)
    }

    /// Whether the command comes back from its form.
    fn is_form_back(&self) -> bool {
        self.is_back
    }

    /// Has something confirmed by typing `name`: the answer that asks for it, or `None` once it was typed.
    fn confirm(&self, name: &str, line: String, text: String) -> Result<Option<Answer>, Refusal> {
        let Some(typed) = self.filled(CONFIRM) else {
            let label = self.say("form-confirm", &[("name", name.into())]);
            let form = Form { asks: vec![Ask::new(CONFIRM, label, AskKind::Line)], line };
            return Ok(Some(Answer::private(text).with_form(form)));
        };
        if typed.expose_secret().trim().to_lowercase() == name.to_lowercase() {
            Ok(None)
        } else {
            Err(Refusal::new("refusal-data-not-confirmed").arg("name", name))
        }
    }

    /// The account that a word means: `platform:account`, or an account of the caller's platform.
    fn identity_of(&self, who: &MemberRef) -> Identity {
        let word = who.as_str();
        if let Some((platform, subject)) = word.split_once(':')
            && PLATFORMS.contains(&platform)
        {
            return Identity { platform: platform.to_owned(), subject: subject.to_owned() };
        }
        let platform = self.caller.identity.platform.clone();
        let subject = if platform == "console" { word.to_lowercase() } else { word.to_owned() };
        Identity { platform, subject }
    }

    /// The member that a word means.
    async fn member(&self, who: &MemberRef) -> Result<MemberId, Stop> {
        let found = people::member(&self.turns.db, &self.identity_of(who)).await?;
        let unknown = || Refusal::new("refusal-member-unknown").arg("who", who.as_str());
        Ok(found.ok_or_else(unknown)?.id)
    }

    /// A deed of the caller, now, for the audit log.
    fn done(&self, deed: Deed) -> Done {
        Done::by(&self.person.member.id, deed, self.turns.clock.now())
    }

    /// Sets a limit.
    async fn set_budget(&self, budget: Budget) -> Result<(), Stop> {
        let id = self.turns.clock.id();
        let subject = (!budget.subject.is_empty()).then(|| budget.subject.clone());
        let done = self.done(Deed::LimitSet).saying(budget.payer.as_str());
        let done = match (budget.payer, subject) {
            (Payer::Member | Payer::Owner, Some(member)) => done.to(Some(MemberId::new(member))),
            // A place, or each member there: `PLACE/`.
            (Payer::Place, Some(place)) => done.about(place.trim_end_matches('/')),
            (Payer::House, _) | (_, None) => done,
        };
        let writing = self.turns.db.write(move |tx| {
            Box::pin(async move {
                ledger::set_budget(tx, &id, &budget).await?;
                audit::record(tx, &done).await
            })
        });
        writing.await?;
        self.turns.directory.reload_budgets().await?;
        Ok(())
    }

    /// A limit in words.
    fn budget_text(&self, budget: &Budget) -> String {
        let part = |id: &str, limit: Option<i64>| limit.map(|limit| self.say(id, &[("count", limit.into())]));
        let cost = budget.cost_micros.map(|micros| {
            let cost = usage::dollars(micros);
            self.say("limit-cost", &[("cost", cost.into())])
        });
        let parts = [part("limit-tokens", budget.tokens), part("limit-answers", budget.answers), cost];
        let said: Vec<String> = parts.into_iter().flatten().collect();
        if said.is_empty() { self.say("limit-none", &[]) } else { said.join(", ") }
    }

    /// A plain name for a file about `name`.
    fn file_name(&self, name: &str, ending: &str) -> String {
        let slug = slug_of(name);
        let at = written(self.turns.clock.now(), "UTC", "%Y%m%d-%H%M%S");
        format!("{}-{at}.{ending}", if slug.is_empty() { "greenroom" } else { &slug })
    }
}
