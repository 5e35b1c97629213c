//! Generating: the prompt, the model, and the finished text stored before anything is sent.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use futures::future::BoxFuture;
use tokio_util::sync::CancellationToken;

use super::deliver::face_of;
use super::made_of::{MadeOf, PromptUse, Timings};
use super::prompt::{self, Prompt};
use super::stream::{self, Pace, Showed, Voices};
use super::{HEARTBEAT, Stopped, Stored, Turns, pictures};
use crate::crash;
use crate::db::ledger::{self, Account, EntryKind, NewEntry, Reservation, Reserved};
use crate::db::turns::{self, Cost};
use crate::db::{self, lanes, presets};
use crate::directory::Bond;
use crate::domain::{
    Budget, Chosen, KeySource, Kind, Line, Moment, OwnPreset, Payer, Personality, Place, Preset, QuietKind, Refusal,
    SetBy, Tier, Turn,
};
use crate::guard::pace::Of;
use crate::guard::{access, outgoing};
use crate::keyring::{KeyringError, Own};
use crate::model::{ChatRequest, ErrorClass, LlmProvider, ModelError, ModelInfo, Reply, price, tokens};
use crate::ops::metrics;
use crate::ops::traces::{self, Fact};
use crate::platform::{Face, Platform, Streams};

/// Prompt of a model too small for the whole character.
const TINY_PROMPT_TOKENS: u32 = 900;
/// Answer of such a model.
const TINY_ANSWER_TOKENS: u32 = 160;
/// Where the answer of such a model ends: after a blank line it goes on with words that nobody asked for.
const TINY_STOP: &str = "\n\n";
/// Prompt of any other model, where its window allows.
const PROMPT_TOKENS: u32 = 8_000;
/// Answer of any other model.
const ANSWER_TOKENS: u32 = 1_200;
/// Share of the prompt that memories may take.
const MEMORY_SHARE: f32 = 0.25;
/// Characters of a token, where an answer broke off and nobody counted.
const CHARS_PER_TOKEN: u64 = 3;
/// How often it is looked whether an answer under way is to be shown.
const LOOK: Duration = Duration::from_millis(250);
/// A prompt that was too long is built once more with this share of its budget.
const SHORTER: f32 = 0.7;

/// The house's preset for a model.
pub fn house_preset(info: &ModelInfo, temperature: Option<f32>, max_tokens: Option<u32>) -> Preset {
    let (name, prompt, answer) = if info.tiny {
        ("tiny", TINY_PROMPT_TOKENS, TINY_ANSWER_TOKENS)
    } else {
        ("house", PROMPT_TOKENS, ANSWER_TOKENS)
    };
    let max_tokens = max_tokens.map_or(answer, |own| own.min(answer)).min(info.context / 2).max(16);
    Preset {
        name: name.into(),
        model: info.model.clone(),
        temperature,
        top_p: None,
        max_tokens,
        prompt_tokens: prompt.min(info.context.saturating_sub(max_tokens)),
        memory_share: MEMORY_SHARE,
    }
}

/// Where an answer is being written, and under which face.
#[derive(Clone, Copy)]
struct Stage<'a> {
    place: &'a Place,
    face: &'a Face,
    platform: Option<&'a dyn Platform>,
    /// Where it may be shown by edits while it is written.
    by_edits: Option<(&'a dyn Platform, Voices<'a>)>,
}

impl Turns {
    /// Generates a turn's answer, or the apology for not having one, and stores it.
    pub(super) async fn generate(
        &self,
        turn: &Turn,
        place: &Place,
        started: Moment,
        cancel: &CancellationToken,
    ) -> Result<Stored, Stopped> {
        let names = self.directory.names();
        let Some(personality) = names.get(&turn.personality) else { return Err(Stopped::Cancelled) };
        if let Some(line) = &turn.notice {
            return self.say_instead(turn, place, line.clone(), "notice", None, Cost::NotAsked).await;
        }
        let face = face_of(personality);
        let platform = self.platforms.get(&place.platform);
        if let Some(platform) = &platform {
            platform.writing(place, &face, None);
        }
        let (model, own) = match self.keyring.own(&turn.member).await {
            Ok(Some(Own { model, key })) => (model, Some(key)),
            Ok(None) => (self.model.clone(), None),
            Err(KeyringError::Db(error)) => return Err(error.into()),
            // Whoever brought a key is never answered with another one, which somebody else would pay for.
            Err(error) => {
                tracing::error!(error = %error, "a member's key cannot be used");
                let text = self.about_key(turn, place, "failure-own-key-unusable").await?;
                return self.apologise(turn, place, text, "key_unusable", None).await;
            }
        };
        if let Some(key) = &own
            && let Err(wait) = self.pace.take(&[(Of::Key, &key.id)], self.clock.now())
        {
            let line = Refusal::new("refusal-too-fast").arg("seconds", wait.as_secs().max(1).to_string()).into();
            return self.say_instead(turn, place, line, "too_fast", None, Cost::NotAsked).await;
        }
        let is_owner = self.is_owner(turn).await?;
        let bond = self.directory.bond(&turn.member, &turn.personality).await?;
        let (preset, info) = self.preset(turn, personality, &bond, (&*model, own.is_some(), is_owner)).await?;
        if !access::may_use(self.settings.operator_key, info.key_source, is_owner) {
            return self.apologise(turn, place, "refusal-model-not-offered", "not_offered", None).await;
        }
        let gathering = Instant::now();
        let Some(mut gathered) = self.gather(turn, place, &info, (preset.prompt_tokens as usize, &bond)).await? else {
            return Err(Stopped::Cancelled);
        };
        let mut pictures = match &platform {
            Some(platform) if info.sees => {
                let fetching = pictures::fetched(&**platform, &gathered.pictures, preset.prompt_tokens as usize);
                cancel.run_until_cancelled(fetching).await.unwrap_or_default()
            }
            _ => Vec::new(),
        };
        gathered.context.pictures = pictures::seen(&pictures, &gathered.pictures);
        metrics::stage_took(metrics::Stage::Context, gathering.elapsed());
        traces::stage(turn, metrics::Stage::Context, gathering.elapsed(), &[]);
        crash::point("context gathered");
        let by = |kind| bond.choices.decided(kind).tier.map(Tier::as_str).unwrap_or_default().to_owned();
        let mut made_of = MadeOf {
            personality: personality.slug.clone(),
            preset: preset.name.clone(),
            preset_by: by(Kind::Preset),
            prompt_by: by(Kind::Prompt),
            provider: info.provider.clone(),
            model: info.model.clone(),
            key_source: info.key_source,
            prompt: PromptUse::default(),
            memories: Vec::new(),
            recall_failed: gathered.recall_failed.clone(),
            prompt_tokens: 0,
            completion_tokens: 0,
            counted_by_provider: false,
            timings: Timings {
                waited: started.millis_since(turn.created_at) as f64,
                history: gathered.history_millis,
                recall: gathered.recall_millis,
                ..Timings::default()
            },
            attempt: turn.attempt,
            remembers: !turn.is_incognito
                && bond.choices.decided(Kind::Memory).is_on(true)
                && bond.quiet(QuietKind::Incognito, self.clock.now()).is_none(),
            footer: None,
        };
        let account = Account {
            member: turn.member.clone(),
            place: Some(turn.place.clone()),
            personality: turn.personality.clone(),
            owner: personality.owner.clone(),
            key_source: info.key_source,
        };
        let mut reserved = false;

        let others = others_of(&gathered.context);
        let by_edits = match platform.as_deref().filter(|platform| platform.limits().streams == Streams::ByEdits) {
            // What the house has to say first would come after it; and what an earlier attempt showed is completed.
            Some(platform) if turn.attempt == 1 => {
                let (tells, news) = self.says_first(turn, Some(platform.limits())).await?;
                let voices = Voices { own: &face.name, others: &others, asked: &gathered.asked };
                (tells.is_none() && news.is_none()).then_some((platform, voices))
            }
            _ => None,
        };
        let mut pace = Pace::new(preset.max_tokens);
        let stage = Stage { place, face: &face, platform: platform.as_deref(), by_edits };
        let mut budget = prompt::Budget { prompt: preset.prompt_tokens as usize, memory_share: preset.memory_share };
        let mut shortened = false;
        let asking = Instant::now();
        let answer = loop {
            let building = Instant::now();
            let Prompt { lines, used, considered } = prompt::build(&gathered.context, budget);
            made_of.timings.prompt = building.elapsed().as_secs_f64() * 1_000.0;
            metrics::stage_took(metrics::Stage::Prompt, building.elapsed());
            traces::stage(turn, metrics::Stage::Prompt, building.elapsed(), &[]);
            (made_of.prompt, made_of.memories) = (used, considered);
            let request = ChatRequest {
                model: preset.model.clone(),
                lines,
                pictures: pictures.clone(),
                max_tokens: preset.max_tokens,
                temperature: preset.temperature,
                top_p: preset.top_p,
                stop: if info.tiny { vec![TINY_STOP.to_owned()] } else { Vec::new() },
            };
            if !reserved && self.reserves(info.key_source) {
                if let Reserved::Over(budget, from) = self.reserve(turn, &account, &info.model, &request).await? {
                    let line = self.over(turn, &budget, from).await;
                    return self.say_instead(turn, place, line, "over_budget", Some(made_of), Cost::NotAsked).await;
                }
                reserved = true;
            }
            match self.ask(turn, &*model, &request, (stage, &mut pace), cancel).await? {
                // Not every model takes pictures that its name says it does, nor as many bytes.
                Err(error)
                    if matches!(error.class, ErrorClass::BadRequest | ErrorClass::TooLong) && !pictures.is_empty() =>
                {
                    tracing::warn!(error.class = error.class.as_str(), "asking again without the pictures");
                    pictures.clear();
                    gathered.context.pictures = pictures::seen(&pictures, &gathered.pictures);
                }
                Err(error) if error.class == ErrorClass::TooLong && !shortened => {
                    tracing::warn!(tokens = made_of.prompt.limit, "the prompt was over the model's window; shortening");
                    budget.prompt = (budget.prompt as f32 * SHORTER) as usize;
                    shortened = true;
                }
                answer => break answer,
            }
        };
        if let Some(key) = &own {
            let outcome = answer.as_ref().map(|_| ()).map_err(|error| error.class);
            if let Err(error) = self.keyring.learn(key, outcome).await {
                tracing::warn!(error = %error, "what was learnt about a key is not recorded");
            }
        }
        match answer {
            Ok(reply) => {
                crash::point("answer complete");
                made_of.timings.first_text = reply.first_text.as_secs_f64() * 1_000.0;
                made_of.timings.model = reply.total.as_secs_f64() * 1_000.0;
                (made_of.prompt_tokens, made_of.completion_tokens) = (reply.tokens.prompt, reply.tokens.completion);
                made_of.counted_by_provider = reply.tokens.by_provider;
                made_of.model = if reply.served_model.is_empty() { made_of.model } else { reply.served_model.clone() };
                metrics::stage_took(metrics::Stage::ModelFirstByte, reply.first_text);
                metrics::stage_took(metrics::Stage::ModelTotal, reply.total);
                let (prompt, completion) = (reply.tokens.prompt, reply.tokens.completion);
                let micros = price::cost_micros(&made_of.model, made_of.key_source, prompt, completion);
                metrics::call_cost(reply.tokens, made_of.key_source, micros);
                let facts = [
                    Fact::Word("key_source", made_of.key_source.as_str()),
                    Fact::Number("first_byte_ms", reply.first_text.as_millis() as u64),
                    Fact::Number("prompt_tokens", prompt),
                    Fact::Number("completion_tokens", completion),
                ];
                traces::stage(turn, metrics::Stage::ModelTotal, reply.total, &facts);
                let cost = cost_of(turn, account, &made_of, reserved);
                let text = tidy(&reply.text, &face.name, &others);
                let text = outgoing::rendered(&text, &gathered.asked).trim().to_owned();
                if text.is_empty() {
                    let (class, line) = (ErrorClass::Empty, Refusal::new(failure_text(ErrorClass::Empty)).into());
                    return self.say_instead(turn, place, line, class.as_str(), Some(made_of), cost).await;
                }
                made_of.footer = self.footer(turn, &bond, &made_of).await;
                let stored = self.store_answer(turn, place, text, None, Some(made_of), cost).await?;
                Ok(Stored { said: gathered.said, ..stored })
            }
            Err(error) => {
                tracing::warn!(
                    error.class = error.class.as_str(),
                    error.status,
                    error.detail,
                    "the model did not answer"
                );
                metrics::model_failed(error.class);
                traces::model_failed(turn, error.class.as_str(), asking.elapsed());
                let id = match (&own, error.class) {
                    (Some(_), ErrorClass::KeyInvalid) => Some("failure-own-key-invalid"),
                    (Some(_), ErrorClass::NoCredit) => Some("failure-own-key-no-credit"),
                    (Some(_), ErrorClass::BadRequest) => Some("failure-own-key-bad-request"),
                    _ => None,
                };
                let id = match id {
                    Some(id) => self.about_key(turn, place, id).await?,
                    None => failure_text(error.class),
                };
                let cost = match error.class {
                    ErrorClass::KeyInvalid
                    | ErrorClass::NoCredit
                    | ErrorClass::RateLimited
                    | ErrorClass::TooLong
                    | ErrorClass::BadRequest
                    | ErrorClass::Down
                        if error.received == 0 =>
                    {
                        Cost::Free
                    }
                    // The provider may have worked on it and charges for it: refused, empty, broken off, too late.
                    _ if reserved => Cost::Lost,
                    _ if error.received == 0 => Cost::Free,
                    _ => {
                        made_of.prompt_tokens = made_of.prompt.total() as u64;
                        made_of.completion_tokens = (error.received as u64).div_ceil(CHARS_PER_TOKEN);
                        cost_of(turn, account, &made_of, reserved)
                    }
                };
                let line = Refusal::new(id).into();
                self.say_instead(turn, place, line, error.class.as_str(), Some(made_of), cost).await
            }
        }
    }

    /// The preset that answers, and what is known of its model.
    ///
    /// A model that the operator pays for or runs is chosen by the operator: others may choose it only where it is
    /// offered to them. A member's own key answers with the model that the member chose.
    async fn preset(
        &self,
        turn: &Turn,
        personality: &Personality,
        bond: &Bond,
        (model, has_key, is_owner): (&dyn LlmProvider, bool, bool),
    ) -> Result<(Preset, ModelInfo), Stopped> {
        let file = &personality.file;
        let decided = bond.choices.decided(Kind::Preset);
        let chosen = match decided.value() {
            Some(id) => presets::get(&self.db, id).await?,
            None => None,
        };
        let is_members = matches!(decided.tier, Some(Tier::Bond | Tier::Member));
        let may_choose = |preset: &OwnPreset| {
            preset.offered
                || match decided.tier {
                    Some(Tier::Bond | Tier::Member) => preset.owner == turn.member,
                    Some(Tier::Personality) => personality.is_of(&preset.owner),
                    Some(Tier::House) => true,
                    None => false,
                }
        };
        let Some(chosen) = chosen.filter(may_choose) else {
            let info = model.info("");
            // "Off" is the house's preset as it is, not what the personality asks for.
            let is_off = decided.chosen == Some(&Chosen::Off);
            let (temperature, tokens) = if is_off { (None, None) } else { (file.temperature, file.max_tokens) };
            return Ok((Preset { model: String::new(), ..house_preset(&info, temperature, tokens) }, info));
        };
        let may_name =
            if has_key { is_members } else { chosen.offered || is_owner || decided.tier == Some(Tier::House) };
        let name = chosen.spec.model.clone().filter(|_| may_name).unwrap_or_default();
        let info = model.info(&name);
        // What the personality asks for comes before the house's preset, and after one's own.
        let by_house = decided.tier == Some(Tier::House);
        let house = house_preset(&info, file.temperature.filter(|_| !by_house), file.max_tokens.filter(|_| !by_house));
        // Longer than the house's is for those who pay for it, or were offered it.
        let mut spec = chosen.spec.clone();
        if !may_name {
            spec.max_tokens = spec.max_tokens.map(|tokens| tokens.min(house.max_tokens));
            spec.context_tokens = spec.context_tokens.map(|tokens| tokens.min(house.prompt_tokens));
        }
        let mut preset = spec.over(house, &chosen.name, info.context);
        if by_house {
            preset.temperature = file.temperature.or(preset.temperature);
            preset.max_tokens = file.max_tokens.map_or(preset.max_tokens, |own| own.min(preset.max_tokens));
        }
        Ok((Preset { model: name, ..preset }, info))
    }

    /// Whether a call is set aside before it is made: where it costs somebody money, or anybody set a limit.
    fn reserves(&self, key_source: KeySource) -> bool {
        key_source != KeySource::Local || self.directory.has_budgets()
    }

    /// Sets aside what a call can use at most.
    async fn reserve(
        &self,
        turn: &Turn,
        account: &Account,
        model: &str,
        request: &ChatRequest,
    ) -> Result<Reserved, Stopped> {
        let pictures = request.pictures.len() * tokens::PER_PICTURE;
        let prompt = (tokens::upper_bound_prompt(&request.lines) + pictures) as u64;
        let answer = u64::from(request.max_tokens);
        let reservation = Reservation {
            turn: turn.id.clone(),
            attempt: turn.attempt,
            place: turn.place.clone(),
            account: account.clone(),
            model: model.to_owned(),
            tokens: i64::try_from(prompt + answer).unwrap_or(i64::MAX),
            cost_micros: price::cost_micros(model, account.key_source, prompt, answer).unwrap_or(0),
        };
        let now = self.clock.now();
        let writing = self.db.write(move |tx| Box::pin(async move { ledger::reserve(tx, &reservation, now).await }));
        Ok(writing.await?)
    }

    /// The line about a limit that is reached.
    async fn over(&self, turn: &Turn, budget: &Budget, from: Moment) -> Line {
        let id = match (budget.payer, budget.set_by) {
            (_, SetBy::Member) => "refusal-over-own-budget",
            (Payer::Member, _) => "refusal-over-member-budget",
            (Payer::Place, _) => "refusal-over-place-budget",
            (Payer::Owner, _) => "refusal-over-owner-budget",
            (Payer::House, _) => "refusal-over-house-budget",
        };
        let when = prompt::written(from, &self.time_zone_of(turn).await, "%Y-%m-%d %H:%M");
        Refusal::new(id).arg("when", when).into()
    }

    /// The line below an answer: what is quiet now, and the model where the member wants to know.
    async fn footer(&self, turn: &Turn, bond: &Bond, made_of: &MadeOf) -> Option<String> {
        let now = self.clock.now();
        let mut parts = Vec::new();
        if bond.choices.decided(Kind::Footer).is_on(false) {
            parts.push(format!("{} · {}", made_of.model, made_of.preset));
        }
        for (kind, id) in [(QuietKind::Incognito, "footer-incognito"), (QuietKind::Fresh, "footer-fresh")] {
            if let Some(until) = bond.quiet(kind, now) {
                let until = prompt::written(until, &self.time_zone_of(turn).await, "%H:%M");
                parts.push(self.texts.say(&self.locale_of(turn).await, id, &[("until", until.into())]));
            }
        }
        (!parts.is_empty()).then(|| outgoing::rendered(&parts.join(" · "), ""))
    }

    /// Whether the member of a turn is one of the operators.
    async fn is_owner(&self, turn: &Turn) -> Result<bool, Stopped> {
        let identities = self.directory.identities(&turn.member).await?;
        Ok(identities.iter().any(|identity| access::is_owner(&self.settings.owners, identity)))
    }

    /// Calls the model, keeping the lane meanwhile.
    async fn ask(
        &self,
        turn: &Turn,
        model: &dyn LlmProvider,
        request: &ChatRequest,
        (Stage { place, face, platform, by_edits }, pace): (Stage<'_>, &mut Pace),
        cancel: &CancellationToken,
    ) -> Result<Result<Reply, ModelError>, Stopped> {
        let draft = Mutex::new(String::new());
        let live = platform.filter(|platform| platform.limits().streams == Streams::Live);
        let mut on_text = |piece: &str| {
            crash::point("first text");
            if live.is_some() || by_edits.is_some() {
                let mut draft = draft.lock().unwrap_or_else(PoisonError::into_inner);
                draft.push_str(piece);
                if let Some(platform) = live {
                    platform.writing(place, face, Some(&draft));
                }
            }
        };
        let mut patience = std::pin::pin!(tokio::time::sleep(self.settings.patience));
        let tells = platform.is_some_and(|platform| platform.limits().takes_back);
        let mut told = None;
        let mut reply = model.reply(request, &mut on_text, cancel);
        let mut beat = tokio::time::interval_at(tokio::time::Instant::now() + HEARTBEAT, HEARTBEAT);
        // The lease was taken with the turn, or a moment ago by the attempt before this one.
        let mut kept = Instant::now();
        let mut look = tokio::time::interval(LOOK);
        look.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut showing: Option<BoxFuture<'_, Result<Showed, Stopped>>> = None;
        let mut answered = None;
        let answer = loop {
            // What is on its way to be shown arrives before the answer does, or would be shown in its place.
            if showing.is_none()
                && let Some(answer) = answered.take()
            {
                break answer;
            }
            tokio::select! {
                answer = &mut reply, if answered.is_none() => answered = Some(answer),
                showed = async { showing.as_mut().expect("only where there is one").await }, if showing.is_some() => {
                    showing = None;
                    if showed? == Showed::NoMore {
                        pace.stop();
                    }
                }
                _ = look.tick(), if by_edits.is_some() && showing.is_none() && answered.is_none() => {
                    let shown = self.drafts.get(&turn.id).and_then(|draft| draft.sent_as.clone());
                    let spares = |platform: &dyn Platform| platform.spares(place, face, shown.as_deref());
                    if let Some((platform, voices)) = by_edits
                        && let Some((text, number)) = shown_now(&draft, pace, platform, (voices, spares))
                    {
                        showing = Some(Box::pin(self.show(turn, (platform, place, face), text, number)));
                    }
                }
                () = &mut patience, if tells && told.is_none() && pace.times() == 0 => {
                    let locale = self.locale_of(turn).await;
                    told = Some(self.tell_it_takes_longer(turn, (place, face), &locale));
                }
                _ = beat.tick() => {
                    match self.keep(turn).await {
                        Ok(true) => kept = Instant::now(),
                        Ok(false) => return Err(Stopped::Fenced),
                        // An answer that is being paid for outlives a database that is away for a moment: until the lease
                        // is over, nobody else takes the lane.
                        Err(error) if kept.elapsed() < self.outlives() => crate::ops_error("heartbeat", &error),
                        Err(error) => return Err(error.into()),
                    }
                    match turns::is_cancelled(&self.db, &turn.id).await {
                        Ok(true) => return Err(Stopped::Cancelled),
                        Ok(false) => {}
                        Err(error) => crate::ops_error("heartbeat", &error),
                    }
                    if let Some(platform) = platform.filter(|_| live.is_none()) {
                        platform.writing(place, face, None);
                    }
                }
            }
        };
        drop(told);
        match answer {
            Err(error) if error.class == ErrorClass::Cancelled => {
                if self.life.hard().is_cancelled() {
                    Err(Stopped::Leaving)
                } else {
                    Err(Stopped::Cancelled)
                }
            }
            answer => Ok(answer),
        }
    }

    async fn keep(&self, turn: &Turn) -> Result<bool, db::Error> {
        let (lane, epoch, until) = (turn.place.clone(), turn.epoch, self.clock.now().plus_millis(self.lease_millis()));
        self.db.write(move |tx| Box::pin(async move { lanes::keep(tx, &lane, epoch, until).await })).await
    }
}

/// What is to be shown now of an answer under way, if anything, and how often it was shown before.
fn shown_now(
    draft: &Mutex<String>,
    pace: &mut Pace,
    platform: &dyn Platform,
    (voices, spares): (Voices<'_>, impl Fn(&dyn Platform) -> bool),
) -> Option<(String, u32)> {
    let draft = draft.lock().unwrap_or_else(PoisonError::into_inner);
    let written = draft.chars().count();
    if !pace.wants(Instant::now(), written) {
        return None;
    }
    let Some(text) = stream::partial(&draft, voices, platform.limits().message_len) else {
        // Nothing that can be shown yet, or already more than one message holds.
        pace.showed(written);
        return None;
    };
    if !spares(platform) {
        return None;
    }
    let number = pace.times();
    pace.showed(written);
    Some((text, number))
}

/// The ledger's entry for a call.
fn cost_of(turn: &Turn, account: Account, made_of: &MadeOf, was_reserved: bool) -> Cost {
    let count = |tokens: u64| i64::try_from(tokens).unwrap_or(i64::MAX);
    let (prompt, completion) = (made_of.prompt_tokens, made_of.completion_tokens);
    let cost = price::cost_micros(&made_of.model, made_of.key_source, prompt, completion);
    let entry = NewEntry {
        id: format!("{}-{}", turn.id, turn.attempt),
        kind: EntryKind::Answer,
        turn: Some(turn.id.clone()),
        account,
        model: made_of.model.clone(),
        prompt_tokens: count(prompt),
        completion_tokens: count(completion),
        counted_by_provider: made_of.counted_by_provider,
        cost_micros: cost.unwrap_or(0),
    };
    Cost::Known(Box::new(entry), was_reserved)
}

/// The Fluent id of a failure's line.
pub fn failure_text(class: ErrorClass) -> &'static str {
    match class {
        ErrorClass::KeyInvalid => "failure-key-invalid",
        ErrorClass::NoCredit => "failure-no-credit",
        ErrorClass::RateLimited => "failure-rate-limited",
        ErrorClass::TooLong => "failure-too-long",
        ErrorClass::Refused => "failure-refused",
        ErrorClass::Empty => "failure-empty",
        ErrorClass::TimedOut => "failure-timed-out",
        ErrorClass::Down => "failure-down",
        ErrorClass::Truncated => "failure-truncated",
        ErrorClass::Malformed => "failure-malformed",
        ErrorClass::BadRequest => "failure-bad-request",
        ErrorClass::Cancelled => "failure-cancelled",
    }
}

/// Everyone whose lines the personality must not write.
fn others_of(context: &prompt::Context) -> Vec<String> {
    let mut others = vec![context.persona.name.clone()];
    others.extend(context.participants.iter().cloned());
    others
}

/// The answer without what is not the personality's to say: a leading own name, and anything from a line on that
/// starts with somebody else's.
pub(super) fn tidy(text: &str, own: &str, others: &[String]) -> String {
    let mut text = text.trim();
    for start in [format!("{own}:"), format!("**{own}:**"), format!("**{own}**:")] {
        if let Some(rest) = strip_prefix_any_case(text, &start) {
            text = rest.trim_start();
        }
    }
    let mut end = text.len();
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        if at > 0 && others.iter().any(|name| strip_prefix_any_case(line, &format!("{name}:")).is_some()) {
            end = at;
            break;
        }
        at += line.len();
    }
    text[..end].trim().to_owned()
}

fn strip_prefix_any_case<'t>(text: &'t str, prefix: &str) -> Option<&'t str> {
    let head = text.get(..prefix.len())?;
    head.eq_ignore_ascii_case(prefix).then(|| &text[prefix.len()..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobodys_words_come_out_of_the_wrong_mouth() {
        let others = ["Robin".to_owned(), "Zoë".to_owned()];
        let table = [
            ("Abbey: hello", "hello"),
            ("**abbey:** hello", "hello"),
            ("hello\nRobin: I said that\nAbbey: no", "hello"),
            ("hello\nZoë: hm", "hello"),
            ("About Robin: she is nice", "About Robin: she is nice"),
            ("Robins: are birds", "Robins: are birds"),
            ("  \n", ""),
        ];
        for (given, wanted) in table {
            assert_eq!(tidy(given, "Abbey", &others), wanted, "{given}");
        }
    }
}
