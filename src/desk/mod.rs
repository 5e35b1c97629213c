//! What each command does: files mirror `commands/`. A handler returns a neutral [`Answer`] or a [`Refusal`];
//! platforms render it.

mod conversation;
mod data;
mod house;
mod inspect;
mod keys;
mod memory;
mod persona;
mod personality;
mod settings;
mod usage;

use std::sync::Arc;

use commands::{Access, Command, Where};
use secrecy::SecretString;

use crate::db;
use crate::directory::Person;
use crate::domain::{Answer, Identity, Personality, Place, PlaceRef, Refusal, Scope};
use crate::guard::access;
use crate::texts::{Arg, Texts};
use crate::turn::Turns;

/// Who gives a command, and where.
#[derive(Clone, Debug)]
pub struct Caller {
    pub identity: Identity,
    /// The name shown on the platform.
    pub name: String,
    pub place: PlaceRef,
    /// Slug of the personality the caller talks with.
    pub personality: String,
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

/// One command at work: who gave it, where, and the house's parts it needs.
pub(crate) struct Session<'a> {
    turns: &'a Turns,
    caller: &'a Caller,
    person: Arc<Person>,
    place: Arc<Place>,
    locale: String,
    filled: Filled,
}

impl Desk {
    /// A desk over the pipeline's parts.
    pub fn new(turns: Arc<Turns>) -> Self {
        Self { turns }
    }

    /// Reads and answers a line such as `/memory view`.
    pub async fn line(&self, caller: &Caller, line: &str) -> Answer {
        self.filled(caller, line, Filled::default()).await
    }

    /// Answers a line whose form was filled in.
    pub async fn filled(&self, caller: &Caller, line: &str, filled: Filled) -> Answer {
        match commands::parse(line) {
            Ok(command) => self.run(caller, command, filled).await,
            Err(misread) => {
                let locale = self.locale_of(caller).await;
                let args: Vec<(&str, Arg)> =
                    misread.args().into_iter().map(|(name, value)| (name, Arg::from(value))).collect();
                Answer::private(self.turns.texts.say(&locale, misread.id(), &args))
            }
        }
    }

    /// Answers a command.
    pub async fn run(&self, caller: &Caller, command: Command, filled: Filled) -> Answer {
        let is_private = command.is_private();
        match self.answer(caller, command, filled).await {
            Ok(mut answer) => {
                answer.private |= is_private;
                answer
            }
            Err(Stop::Refused(refusal)) => {
                let locale = self.locale_of(caller).await;
                let args: Vec<(&str, Arg)> =
                    refusal.args.into_iter().map(|(name, value)| (name, Arg::from(value))).collect();
                Answer::private(self.turns.texts.say(&locale, refusal.id, &args))
            }
            Err(Stop::Failed(error)) => {
                crate::ops_error("command", &error);
                let locale = self.locale_of(caller).await;
                Answer::private(self.turns.texts.say(&locale, "refusal-internal", &[]))
            }
        }
    }

    async fn answer(&self, caller: &Caller, command: Command, filled: Filled) -> Result<Answer, Stop> {
        if command.access() == Access::Operator && !access::is_owner(&self.turns.settings.owners, &caller.identity) {
            return Err(Refusal::new("refusal-not-allowed").into());
        }
        if command.place() == Where::Terminal && caller.place.platform != "console" {
            return Err(Refusal::new("refusal-only-terminal").arg("command", command.line()).into());
        }
        let session = Session { filled, ..self.session(caller).await? };
        match command {
            Command::Memory(memory) => memory::run(&session, memory).await,
            Command::Reset(reset) => conversation::reset(&session, &reset).await,
            Command::Talk(talk) => conversation::talk(&session, &talk),
            Command::Quit => Ok(Answer::public(session.say("console-goodbye", &[]))),
            Command::Inspect => inspect::run(&session).await,
            Command::Help(help) => Ok(house::help(&session, &help)?),
            Command::About => Ok(house::about(&session)),
            Command::Personality(personality) => personality::run(&session, personality).await,
            Command::Persona(persona) => persona::run(&session, persona).await,
            Command::Settings(settings) => settings::run(&session, &settings).await,
            Command::Data(data) => data::run(&session, &data).await,
            Command::Activate(activate) => conversation::activate(&session, &activate).await,
            Command::Deactivate => conversation::deactivate(&session).await,
            Command::Autorespond(autorespond) => conversation::autorespond(&session, &autorespond).await,
            Command::Usage(usage) => usage::run(&session, &usage).await,
            Command::Keys(keys) => keys::run(&session, keys).await,
        }
    }

    async fn session<'a>(&'a self, caller: &'a Caller) -> Result<Session<'a>, db::Error> {
        let person = self.turns.directory.person(&caller.identity, &caller.name).await?;
        let place = self.turns.directory.place(&caller.place).await?;
        let locale = person.member.locale.clone().unwrap_or_else(|| self.turns.settings.locale.clone());
        Ok(Session { turns: &self.turns, caller, person, place, locale, filled: Filled::default() })
    }

    async fn locale_of(&self, caller: &Caller) -> String {
        let person = self.turns.directory.person(&caller.identity, &caller.name).await.ok();
        person.and_then(|person| person.member.locale.clone()).unwrap_or_else(|| self.turns.settings.locale.clone())
    }

    /// The texts commands are answered with.
    pub fn texts(&self) -> &Arc<Texts> {
        &self.turns.texts
    }
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
    fn own_scope(&self) -> Result<Scope, Refusal> {
        let personality = self.personality()?;
        Ok(Scope::own(self.person.persona.id.clone(), personality.id.clone(), self.place.id.clone()))
    }
}
