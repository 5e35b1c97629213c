//! Distilling: facts, a profile of the relationship and summaries, made in the background of what was said.
//!
//! Exchanges are read once for each step ([`Step`]), in one place at a time, so that whatever is made of them is for
//! exactly those whom they are for. What comes of a reading is written in one transaction with the note that it took
//! place; where an exchange was deleted or put right meanwhile, nothing is written. The words themselves stay.
//!
//! It must never make an answer wait, use a key that its member did not bring for themselves, or pass a limit.

mod asks;
pub mod outcome;

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use self::asks::Scene;
use self::outcome::{Known, Malformed, Statement};
use crate::config::OperatorKey;
use crate::crash;
use crate::db::layers::{self, Distilled, Outcome, Step, Unread};
use crate::db::ledger::{self, Account, EntryKind, NewEntry, Reservation, Reserved};
use crate::db::{self, Db, Script};
use crate::directory::Directory;
use crate::domain::{
    Clock, Detail, KeySource, Kind, Memory, MemoryId, MemoryKind, Moment, Persona, Personality, Provenance, Reach,
    Scope, TurnId,
};
use crate::guard::access;
use crate::keyring::{Keyring, KeyringError, Own};
use crate::model::{ChatLine, ChatRequest, LlmProvider, ModelError, Reply, price, tokens};
use crate::ops::metrics;
use crate::recall::Recall;
use crate::texts::Texts;

/// How often it is looked for talk to read.
const EVERY: Duration = Duration::from_secs(60);
/// Talks looked at in one go.
const TALKS_MAX: i64 = 200;
/// Exchanges that are read together, at most.
const EPISODES_MAX: i64 = 24;
/// Characters of exchanges that are read together, unless a single one has more.
const SIZE_MAX: usize = 12_000;
/// Exchanges after which they are read for facts, however the talk goes on.
const LEARN_COUNT: i64 = 6;
/// Characters after which they are.
const LEARN_SIZE: i64 = 6_000;
/// How long a talk rests before it is read for facts.
const LEARN_QUIET_MILLIS: i64 = 30 * 60 * 1_000;
/// How old an exchange becomes before it is read for facts, whatever else.
const LEARN_AGE_MILLIS: i64 = 24 * 3_600 * 1_000;
/// Exchanges that are worth summing up.
const SUM_UP_COUNT: usize = 3;
/// Facts and profile that a model is shown beside the talk.
const KNOWN_MAX: i64 = 60;
/// How long whoever took up a talk has it for themselves.
const LEASE_MILLIS: i64 = 5 * 60 * 1_000;
/// Wait after a failure; doubles with each further one.
const RETRY_MILLIS: i64 = 5 * 60 * 1_000;
/// Longest wait between tries.
const RETRY_MILLIS_MAX: i64 = 24 * 3_600 * 1_000;
/// Readings with an unusable answer after which a talk is left as it is.
const MALFORMED_MAX: i64 = 3;
/// How often facts are looked through, where there are new ones.
const AUDIT_MILLIS: i64 = 7 * 24 * 3_600 * 1_000;
/// Characters of an id that stand for it.
const SHORT_ID: usize = 6;
/// Longest answer of a model, in tokens.
const ANSWER_TOKENS: u32 = 1_500;
/// Nearness, as cosine, from which a statement says what was put right already.
const SAYS_THE_SAME: f32 = 0.85;
/// Confidence in what members say of themselves, and of others, in per cent.
const OF_ONESELF: u8 = 90;
const HEARSAY: u8 = 60;

/// What is set about distilling.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The operator's model for this; empty: the one that answers.
    pub model: String,
    /// How old an exchange becomes before it is summed up.
    pub sum_up_after: Duration,
    pub operator_key: OperatorKey,
    pub owners: Vec<String>,
    pub time_zone: String,
    pub locale: String,
}

/// What distilling works with.
pub struct Parts {
    pub db: Db,
    pub clock: Arc<dyn Clock>,
    pub directory: Arc<Directory>,
    pub model: Arc<dyn LlmProvider>,
    pub keyring: Arc<Keyring>,
    pub recall: Arc<Recall>,
    pub texts: Arc<Texts>,
    pub settings: Settings,
}

/// Makes memories of other kinds of what was said.
pub struct Distiller(Parts);

/// Why a reading came to nothing.
#[derive(Debug, thiserror::Error)]
enum Failure {
    /// Nobody pays for it now: no key, not offered, or a limit is reached.
    #[error("nobody pays for it now")]
    Unpaid,
    #[error("the model did not answer: {}", .0.class.as_str())]
    Model(ModelError),
    #[error(transparent)]
    Malformed(#[from] Malformed),
    #[error("a member's key cannot be used")]
    Key,
    #[error(transparent)]
    Recall(#[from] crate::recall::RecallError),
    #[error(transparent)]
    Db(#[from] db::Error),
}

impl Failure {
    /// As metrics name it.
    fn label(&self) -> &'static str {
        match self {
            Self::Unpaid => "unpaid",
            Self::Model(_) => "model",
            Self::Malformed(_) => "malformed",
            Self::Key => "key",
            Self::Recall(_) => "recall",
            Self::Db(db::Error::Changed) => "changed",
            Self::Db(_) => "database",
        }
    }
}

/// Whom a reading is about, and who is asked.
struct Reader {
    persona: Arc<Persona>,
    personality: Arc<Personality>,
    time_zone: String,
    model: Arc<dyn LlmProvider>,
    model_name: String,
    account: Account,
}

impl Distiller {
    /// A distiller of these parts.
    pub fn new(parts: Parts) -> Self {
        Self(parts)
    }

    /// Reads what there is to read, again and again, until `stop`.
    pub async fn run(&self, stop: CancellationToken) {
        loop {
            self.work(&stop).await;
            tokio::select! {
                () = tokio::time::sleep(EVERY) => {}
                () = stop.cancelled() => return,
            }
        }
    }

    /// Reads what is to be read now; returns how many readings there were.
    pub async fn work(&self, stop: &CancellationToken) -> usize {
        let (mut readings, mut is_done) = (0, true);
        for step in [Step::Learn, Step::SumUp, Step::Audit] {
            match self.due(step).await {
                Ok(talks) => {
                    for talk in talks {
                        if stop.is_cancelled() {
                            return readings;
                        }
                        readings += usize::from(self.take_up(step, &talk, stop).await);
                    }
                }
                Err(error) => {
                    is_done = false;
                    crate::ops_error("distilling", &error);
                }
            }
        }
        metrics::chore_ran(metrics::Chore::Distil, is_done, self.0.clock.now());
        readings
    }

    async fn due(&self, step: Step) -> Result<Vec<Unread>, db::Error> {
        let now = self.0.clock.now();
        let until = if step == Step::Audit { now.plus_millis(-AUDIT_MILLIS) } else { self.until(now) };
        let mut talks = layers::unread(&self.0.db, step, until, TALKS_MAX).await?;
        if step == Step::Learn {
            talks.retain(|talk| is_to_learn(talk, now));
        }
        Ok(talks)
    }

    /// The newest exchanges that are summed up.
    fn until(&self, now: Moment) -> Moment {
        now.plus_millis(-i64::try_from(self.0.settings.sum_up_after.as_millis()).unwrap_or(i64::MAX))
    }

    /// Reads some talk, unless somebody else does; whether a model was asked.
    async fn take_up(&self, step: Step, talk: &Unread, stop: &CancellationToken) -> bool {
        let now = self.0.clock.now();
        let (claimed, lease) = (talk.clone(), now.plus_millis(LEASE_MILLIS));
        let claiming =
            self.0.db.write(move |tx| Box::pin(async move { layers::claim(tx, step, &claimed, now, lease).await }));
        let attempt = match claiming.await {
            Ok(Some(attempt)) => attempt,
            Ok(None) => return false,
            Err(error) => {
                crate::ops_error("distilling", &error);
                return false;
            }
        };
        let read = match step {
            Step::Learn => self.learn(talk, attempt, stop).await,
            Step::SumUp => self.sum_up(talk, attempt, stop).await,
            Step::Audit => self.audit(talk, stop).await,
        };
        let failure = match read {
            Ok(asked) => {
                metrics::distilled(step.as_str(), if asked { "done" } else { "nothing" });
                self.0.recall.wake();
                return asked;
            }
            Err(failure) => failure,
        };
        metrics::distilled(step.as_str(), failure.label());
        tracing::warn!(step = step.as_str(), attempt, error = %failure, "talk was not distilled; it waits");
        let wait = (RETRY_MILLIS << attempt.clamp(0, 16)).min(RETRY_MILLIS_MAX);
        let (waiting, run_at) = (talk.clone(), self.0.clock.now().plus_millis(wait));
        let writing =
            self.0.db.write(move |tx| Box::pin(async move { layers::wait(tx, step, &waiting, run_at).await }));
        if let Err(error) = writing.await {
            crate::ops_error("distilling", &error);
        }
        !matches!(failure, Failure::Unpaid | Failure::Key)
    }

    /// Reads exchanges for facts and for the profile.
    async fn learn(&self, talk: &Unread, attempt: i64, stop: &CancellationToken) -> Result<bool, Failure> {
        let episodes = within_size(layers::episodes(&self.0.db, false, talk, EPISODES_MAX).await?);
        let read: Vec<MemoryId> = episodes.iter().map(|episode| episode.id.clone()).collect();
        let Some(reader) = self.reader(talk).await? else {
            self.write(Step::Learn, talk, &read, Outcome::default()).await?;
            return Ok(false);
        };
        // What is known here: what was said elsewhere in private is not, so that nothing of it gets into what is made.
        let scope = Scope::of(talk.persona.clone(), talk.personality.clone(), talk.place.clone());
        let known = Known {
            facts: layers::facts(&self.0.db, &scope, KNOWN_MAX).await?,
            profile: layers::profile(&self.0.db, &scope, KNOWN_MAX).await?,
        };
        let lines = asks::learn(self.scene(&reader), &episodes, &known);
        let reply = self.ask(Step::Learn, talk, &reader, lines, stop).await?;
        let statements = match outcome::learned(&reply.text, &episodes, &known) {
            Ok(statements) => statements,
            // What no model can read would cost money for ever.
            Err(Malformed) if attempt + 1 >= MALFORMED_MAX => Vec::new(),
            Err(malformed) => return Err(malformed.into()),
        };
        let outcome = self.kept(talk, &reader, (&episodes, &known), statements).await?;
        self.write(Step::Learn, talk, &read, outcome).await?;
        Ok(true)
    }

    /// Sums up the first stretch of old talk.
    async fn sum_up(&self, talk: &Unread, attempt: i64, stop: &CancellationToken) -> Result<bool, Failure> {
        let until = self.until(self.0.clock.now());
        let episodes = layers::episodes(&self.0.db, true, talk, EPISODES_MAX).await?;
        let episodes = first_stretch(within_size(episodes), until);
        let read: Vec<MemoryId> = episodes.iter().map(|episode| episode.id.clone()).collect();
        let reader = if episodes.len() < SUM_UP_COUNT { None } else { self.reader(talk).await? };
        let (Some(reader), Some(first), Some(last)) = (reader, episodes.first(), episodes.last()) else {
            self.write(Step::SumUp, talk, &read, Outcome::default()).await?;
            return Ok(false);
        };
        let lines = asks::sum_up(self.scene(&reader), &episodes);
        let reply = self.ask(Step::SumUp, talk, &reader, lines, stop).await?;
        let outcome = match outcome::summed_up(&reply.text) {
            Ok(summary) => {
                let made_from = strictest(&episodes, &[]);
                let detail = Detail { since: Some(first.at), ..Detail::default() };
                let memory = self.memory(talk, &reader, (MemoryKind::Summary, detail), made_from, summary, last.at);
                Outcome {
                    memories: vec![Distilled { memory, sources: read.clone(), outdates: Vec::new() }],
                    ..Outcome::default()
                }
            }
            Err(Malformed) if attempt + 1 >= MALFORMED_MAX => Outcome::default(),
            Err(malformed) => return Err(malformed.into()),
        };
        self.write(Step::SumUp, talk, &read, outcome).await?;
        Ok(true)
    }

    /// Looks through facts for what cannot all be true, and notes it with them; nothing is deleted.
    async fn audit(&self, talk: &Unread, stop: &CancellationToken) -> Result<bool, Failure> {
        let scope = Scope::of(talk.persona.clone(), talk.personality.clone(), talk.place.clone());
        let known = Known { facts: layers::facts(&self.0.db, &scope, KNOWN_MAX).await?, ..Known::default() };
        let Some(reader) = self.reader(talk).await? else { return Ok(false) };
        let reply = self.ask(Step::Audit, talk, &reader, asks::audit(self.scene(&reader), &known), stop).await?;
        let found = outcome::audited(&reply.text, &known)?;
        let member = self.0.directory.member(&reader.persona.member).await?;
        let locale = member.and_then(|member| member.locale.clone()).unwrap_or_else(|| self.0.settings.locale.clone());
        let pairs = found.same.iter().map(|pair| ("memory-doubt-same", pair));
        let pairs = pairs.chain(found.against.iter().map(|pair| ("memory-doubt-against", pair)));
        let doubts: Vec<(MemoryId, String)> = pairs
            .filter_map(|(text, &(one, other))| {
                let (one, other) = (known.facts.get(one)?, known.facts.get(other)?);
                // The newer is likelier to hold.
                let (older, newer) = if one.at <= other.at { (one, other) } else { (other, one) };
                let id = newer.id.as_str();
                let short = id.get(id.len().saturating_sub(SHORT_ID)..).unwrap_or(id);
                Some((older.id.clone(), self.0.texts.say(&locale, text, &[("id", short.into())])))
            })
            .collect();
        let (now, audited) = (self.0.clock.now(), talk.clone());
        let writing = self.0.db.write(move |tx| {
            let (doubts, audited) = (doubts.clone(), audited.clone());
            Box::pin(async move {
                layers::doubt(tx, &doubts).await?;
                layers::wait(tx, Step::Audit, &audited, now.plus_millis(AUDIT_MILLIS)).await
            })
        });
        writing.await?;
        Ok(true)
    }

    /// Who reads some talk; `None`: nobody does any more, because the one it is about has it switched off or is gone.
    async fn reader(&self, talk: &Unread) -> Result<Option<Reader>, Failure> {
        let Parts { directory, keyring, settings, .. } = &self.0;
        let Some(persona) = directory.persona(&talk.persona).await? else { return Ok(None) };
        let Some(personality) = directory.names().get(&talk.personality).cloned() else { return Ok(None) };
        let bond = directory.bond(&persona.member, &talk.personality).await?;
        if !bond.choices.decided(Kind::Memory).is_on(true) {
            return Ok(None);
        }
        let (model, is_own) = match keyring.own(&persona.member).await {
            Ok(Some(Own { model, .. })) => (model, true),
            Ok(None) => (self.0.model.clone(), false),
            Err(KeyringError::Db(error)) => return Err(error.into()),
            // Whoever brought a key pays with that one or with none.
            Err(_) => return Err(Failure::Key),
        };
        let model_name = if is_own { String::new() } else { settings.model.clone() };
        let info = model.info(&model_name);
        if info.tiny {
            // It cannot: what it writes is not what was said.
            return Err(Failure::Unpaid);
        }
        let identities = directory.identities(&persona.member).await?;
        let is_owner = identities.iter().any(|identity| access::is_owner(&settings.owners, identity));
        if !access::may_use(settings.operator_key, info.key_source, is_owner) {
            return Err(Failure::Unpaid);
        }
        let member = directory.member(&persona.member).await?;
        let time_zone = member.and_then(|member| member.time_zone.clone());
        Ok(Some(Reader {
            account: Account {
                member: persona.member.clone(),
                place: Some(talk.place.clone()),
                personality: talk.personality.clone(),
                owner: personality.owner.clone(),
                key_source: info.key_source,
            },
            persona,
            personality,
            time_zone: time_zone.unwrap_or_else(|| settings.time_zone.clone()),
            model,
            model_name,
        }))
    }

    fn scene<'a>(&self, reader: &'a Reader) -> Scene<'a> {
        Scene {
            personality: &reader.personality.file.name,
            persona: &reader.persona.name,
            now: self.0.clock.now(),
            time_zone: &reader.time_zone,
        }
    }

    /// Asks the model, within every limit, and counts what it used.
    async fn ask(
        &self,
        step: Step,
        talk: &Unread,
        reader: &Reader,
        lines: Vec<ChatLine>,
        stop: &CancellationToken,
    ) -> Result<Reply, Failure> {
        let request = ChatRequest {
            model: reader.model_name.clone(),
            lines,
            max_tokens: ANSWER_TOKENS,
            temperature: Some(0.0),
            ..ChatRequest::default()
        };
        let now = self.0.clock.now();
        // One a talk: what a try that never ended had set aside is counted with the next.
        let call = TurnId::new(format!("{}-{}-{}", step.as_str(), talk.tenant.as_str(), talk.place));
        let prompt = tokens::upper_bound_prompt(&request.lines) as u64;
        let source = reader.account.key_source;
        if source != KeySource::Local || self.0.directory.has_budgets() {
            let model = reader.model.info(&reader.model_name).model;
            let reservation = Reservation {
                turn: call.clone(),
                attempt: now.0,
                place: talk.place.clone(),
                account: reader.account.clone(),
                tokens: i64::try_from(prompt + u64::from(ANSWER_TOKENS)).unwrap_or(i64::MAX),
                cost_micros: price::cost_micros(&model, source, prompt, ANSWER_TOKENS.into()).unwrap_or(0),
                model,
            };
            let reserving =
                self.0.db.write(move |tx| Box::pin(async move { ledger::reserve(tx, &reservation, now).await }));
            if let Reserved::Over(..) = reserving.await? {
                return Err(Failure::Unpaid);
            }
        }
        crash::point("reading talk");
        let answer = reader.model.reply(&request, &mut |_| {}, stop).await;
        match &answer {
            Ok(reply) => {
                let (prompt, completion) = (reply.tokens.prompt, reply.tokens.completion);
                let micros = price::cost_micros(&reply.served_model, source, prompt, completion);
                metrics::call_cost(reply.tokens, source, micros);
            }
            Err(error) => metrics::model_failed(error.class),
        }
        let entry = answer.as_ref().ok().map(|reply| NewEntry {
            id: format!("{call}-{}", now.0),
            kind: EntryKind::Chore,
            turn: None,
            account: reader.account.clone(),
            model: reply.served_model.clone(),
            prompt_tokens: i64::try_from(reply.tokens.prompt).unwrap_or(i64::MAX),
            completion_tokens: i64::try_from(reply.tokens.completion).unwrap_or(i64::MAX),
            counted_by_provider: reply.tokens.by_provider,
            cost_micros: price::cost_micros(&reply.served_model, source, reply.tokens.prompt, reply.tokens.completion)
                .unwrap_or(0),
        });
        let settling = self.0.db.write(move |tx| {
            Box::pin(async move {
                let mut script = Script::default();
                match &entry {
                    Some(entry) => {
                        ledger::add(&mut script, entry, now);
                        ledger::release(&mut script, &call);
                    }
                    None => ledger::lose(&mut script, &call),
                }
                script.run(tx).await
            })
        });
        settling.await?;
        crash::point("talk read");
        answer.map_err(Failure::Model)
    }

    /// What is kept of statements: none that says again what its member put right.
    async fn kept(
        &self,
        talk: &Unread,
        reader: &Reader,
        (episodes, known): (&[Memory], &Known),
        statements: Vec<Statement>,
    ) -> Result<Outcome, Failure> {
        let wrong = layers::put_right(&self.0.db, &talk.tenant).await?;
        let known: Vec<&Memory> = known.all().collect();
        let made_from = strictest(episodes, &known);
        let mut outcome = Outcome::default();
        for statement in statements {
            let sources: Vec<MemoryId> = statement.from.iter().map(|&index| episodes[index].id.clone()).collect();
            let at = statement.from.iter().map(|&index| episodes[index].at).max().unwrap_or(talk.last);
            if let Some(same) = statement.same_as.and_then(|index| known.get(index)) {
                outcome.confirmed.push((same.id.clone(), sources, at));
                continue;
            }
            if self.0.recall.nearness(&statement.says, &wrong).await? >= SAYS_THE_SAME {
                continue;
            }
            let kind = if statement.aspect.is_some() { MemoryKind::Profile } else { MemoryKind::Fact };
            let is_own =
                statement.about.as_deref().is_none_or(|about| about.eq_ignore_ascii_case(&reader.persona.name));
            let detail = Detail {
                confidence: (kind == MemoryKind::Fact).then_some(if is_own { OF_ONESELF } else { HEARSAY }),
                about: statement.about,
                aspect: statement.aspect,
                since: statement.since.and_then(|day| start_of(day, &reader.time_zone)),
            };
            let outdates =
                statement.replaces.iter().filter_map(|&index| known.get(index)).map(|old| old.id.clone()).collect();
            let memory = self.memory(talk, reader, (kind, detail), made_from, statement.says, at);
            outcome.memories.push(Distilled { memory, sources, outdates });
        }
        Ok(outcome)
    }

    fn memory(
        &self,
        talk: &Unread,
        reader: &Reader,
        (kind, detail): (MemoryKind, Detail),
        reach: Reach,
        text: String,
        at: Moment,
    ) -> Memory {
        Memory {
            id: MemoryId::new(self.0.clock.id()),
            kind,
            detail,
            tenant: talk.tenant.clone(),
            persona: talk.persona.clone(),
            personality: talk.personality.clone(),
            place: talk.place.clone(),
            reach,
            provenance: Provenance::Inferred,
            turn: None,
            said_by: reader.persona.name.clone(),
            said: text,
            answered_by: reader.personality.file.name.clone(),
            answered: String::new(),
            at,
            is_locked: false,
            flag: None,
        }
    }

    async fn write(&self, step: Step, talk: &Unread, read: &[MemoryId], outcome: Outcome) -> Result<(), Failure> {
        let chores: Vec<String> = outcome.memories.iter().map(|_| self.0.clock.id()).collect();
        let (now, talk, read) = (self.0.clock.now(), talk.clone(), read.to_vec());
        let writing = self.0.db.write(move |tx| {
            Box::pin(async move { layers::write(tx, (step, &talk), &read, &outcome, &chores, now).await })
        });
        Ok(writing.await?)
    }
}

/// Whether some talk is read for facts now.
fn is_to_learn(talk: &Unread, now: Moment) -> bool {
    talk.count >= LEARN_COUNT
        || talk.size >= LEARN_SIZE
        || now.millis_since(talk.last) >= LEARN_QUIET_MILLIS
        || now.millis_since(talk.first) >= LEARN_AGE_MILLIS
}

/// As many of the first exchanges as are read together.
fn within_size(mut episodes: Vec<Memory>) -> Vec<Memory> {
    let mut size = 0;
    let within = episodes.iter().take_while(|episode| {
        let is_first = size == 0;
        size += episode.said.len() + episode.answered.len();
        is_first || size <= SIZE_MAX
    });
    let count = within.count();
    episodes.truncate(count);
    episodes
}

/// The exchanges until `until` before the first long pause.
fn first_stretch(mut episodes: Vec<Memory>, until: Moment) -> Vec<Memory> {
    episodes.retain(|episode| episode.at <= until);
    let pause = episodes.windows(2).position(|pair| !pair[1].at.is_of_one_stretch(pair[0].at));
    if let Some(before) = pause {
        episodes.truncate(before + 1);
    }
    episodes
}

/// For whom something is that was made from all of these: for no more than the least of them.
fn strictest(episodes: &[Memory], known: &[&Memory]) -> Reach {
    let all = episodes.iter().chain(known.iter().copied()).map(|memory| memory.reach);
    all.max().unwrap_or(Reach::Sealed)
}

fn start_of(day: jiff::civil::Date, zone: &str) -> Option<Moment> {
    let zone = jiff::tz::TimeZone::get(zone).unwrap_or(jiff::tz::TimeZone::UTC);
    Some(Moment(day.to_zoned(zone).ok()?.timestamp().as_millisecond()))
}
