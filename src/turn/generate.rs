//! Generating: the prompt, the model, and the finished text stored before anything is sent.

use std::time::Instant;

use tokio_util::sync::CancellationToken;

use super::made_of::{MadeOf, PromptUse, Timings};
use super::prompt::{self, Budget, Prompt};
use super::{HEARTBEAT, LEASE_MILLIS, Stopped, Stored, Turns};
use crate::crash;
use crate::db::people;
use crate::db::turns::{self, Answered, Delivery};
use crate::domain::{Moment, Place, Preset, Turn};
use crate::guard::access;
use crate::keyring::{KeyringError, Own};
use crate::model::{ChatRequest, ErrorClass, LlmProvider, ModelError, ModelInfo, Reply};
use crate::ops::metrics;
use crate::platform::{Face, Platform, split};

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
        let face = Face { name: personality.file.name.clone(), slug: personality.slug.clone() };
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
                return self.apologise(turn, place, "failure-own-key-unusable", "key_unusable", None).await;
            }
        };
        let info = model.info("");
        if !self.may_ask(turn, &info).await? {
            return self.apologise(turn, place, "refusal-model-not-offered", "not_offered", None).await;
        }
        let preset = house_preset(&info, personality.file.temperature, personality.file.max_tokens);
        let Some(gathered) = self.gather(turn, place, &info, preset.prompt_tokens as usize).await? else {
            return Err(Stopped::Cancelled);
        };
        crash::point("context gathered");
        let mut made_of = MadeOf {
            personality: personality.slug.clone(),
            preset: preset.name.clone(),
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
        };

        let stage = Stage { place, face: &face, platform: platform.as_deref() };
        let mut budget = Budget { prompt: preset.prompt_tokens as usize, memory_share: preset.memory_share };
        let mut shortened = false;
        let answer = loop {
            let building = Instant::now();
            let Prompt { lines, used, considered } = prompt::build(&gathered.context, budget);
            made_of.timings.prompt = building.elapsed().as_secs_f64() * 1_000.0;
            metrics::stage_took(metrics::Stage::Prompt, building.elapsed());
            (made_of.prompt, made_of.memories) = (used, considered);
            let request = ChatRequest {
                model: String::new(),
                lines,
                max_tokens: preset.max_tokens,
                temperature: preset.temperature,
                top_p: preset.top_p,
                stop: if info.tiny { vec![TINY_STOP.to_owned()] } else { Vec::new() },
            };
            match self.ask(turn, &*model, &request, stage, cancel).await? {
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
                metrics::tokens_spent(reply.tokens, made_of.key_source);
                let text = tidy(&reply.text, &face.name, &others_of(&gathered.context));
                if text.is_empty() {
                    let class = ErrorClass::Empty;
                    return self.apologise(turn, place, failure_text(class), class.as_str(), Some(made_of)).await;
                }
                let stored = self.store_answer(turn, place, text, None, Some(made_of)).await?;
                Ok(Stored { asked: gathered.asked, ..stored })
            }
            Err(error) => {
                tracing::warn!(
                    error.class = error.class.as_str(),
                    error.status,
                    error.detail,
                    "the model did not answer"
                );
                metrics::model_failed(error.class);
                let id = match (&own, error.class) {
                    (Some(_), ErrorClass::KeyInvalid) => "failure-own-key-invalid",
                    (Some(_), ErrorClass::NoCredit) => "failure-own-key-no-credit",
                    (Some(_), ErrorClass::BadRequest) => "failure-own-key-bad-request",
                    (_, class) => failure_text(class),
                };
                self.apologise(turn, place, id, error.class.as_str(), Some(made_of)).await
            }
        }
    }

    /// Whether this member may be answered with the key this model runs on.
    async fn may_ask(&self, turn: &Turn, info: &ModelInfo) -> Result<bool, Stopped> {
        if access::may_use(self.settings.operator_key, info.key_source, false) {
            return Ok(true);
        }
        let identities = people::identities(&self.db, &turn.member).await?;
        let is_owner = identities.iter().any(|identity| access::is_owner(&self.settings.owners, identity));
        Ok(access::may_use(self.settings.operator_key, info.key_source, is_owner))
    }

    /// Calls the model, keeping the lane meanwhile.
    async fn ask(
        &self,
        turn: &Turn,
        model: &dyn LlmProvider,
        request: &ChatRequest,
        Stage { place, face, platform }: Stage<'_>,
        cancel: &CancellationToken,
    ) -> Result<Result<Reply, ModelError>, Stopped> {
        let mut draft = String::new();
        let shows_drafts = platform.filter(|platform| platform.limits().streams);
        let mut on_text = |piece: &str| {
            crash::point("first text");
            if let Some(platform) = shows_drafts {
                draft.push_str(piece);
                platform.writing(place, face, Some(&draft));
            }
        };
        let mut reply = model.reply(request, &mut on_text, cancel);
        let mut beat = tokio::time::interval_at(tokio::time::Instant::now() + HEARTBEAT, HEARTBEAT);
        let answer = loop {
            tokio::select! {
                answer = &mut reply => break answer,
                _ = beat.tick() => {
                    if !self.keep(turn).await? {
                        return Err(Stopped::Fenced);
                    }
                    if turns::is_cancelled(&self.db, &turn.id).await? {
                        return Err(Stopped::Cancelled);
                    }
                    if let Some(platform) = platform.filter(|platform| !platform.limits().streams) {
                        platform.writing(place, face, None);
                    }
                }
            }
        };
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

    async fn keep(&self, turn: &Turn) -> Result<bool, Stopped> {
        let (lane, epoch, until) = (turn.place.clone(), turn.epoch, self.clock.now().plus_millis(LEASE_MILLIS));
        Ok(self.db.write(move |tx| Box::pin(async move { turns::keep(tx, &lane, epoch, until).await })).await?)
    }

    /// Stores the polite line of a turn that has no answer.
    pub(super) async fn apologise(
        &self,
        turn: &Turn,
        place: &Place,
        text: &'static str,
        class: &'static str,
        made_of: Option<MadeOf>,
    ) -> Result<Stored, Stopped> {
        let locale = self.locale_of(turn).await;
        let line = self.texts.say(&locale, text, &[]);
        self.store_answer(turn, place, line, Some(class), made_of).await
    }

    async fn store_answer(
        &self,
        turn: &Turn,
        place: &Place,
        text: String,
        failure: Option<&'static str>,
        made_of: Option<MadeOf>,
    ) -> Result<Stored, Stopped> {
        let limit = self.platforms.get(&place.platform).map_or(usize::MAX, |platform| platform.limits().message_len);
        let parts: Vec<Delivery> = (0..)
            .zip(split::split(&text, limit))
            .map(|(part, text)| Delivery { part, once_key: format!("{}-{part}", turn.id), text, sent_as: None })
            .collect();
        let is_notice = failure.is_some();
        let stored = Stored { text: text.clone(), is_notice, made_of, parts: parts.clone(), asked: String::new() };
        let made_of = serde_json::to_value(&stored.made_of).expect("a record of numbers and names is always JSON");
        let answer = Answered { turn: turn.id.clone(), epoch: turn.epoch, text, failure, made_of, parts };
        let now = self.clock.now();
        self.db.write(move |tx| Box::pin(async move { turns::answered(tx, &answer, now).await })).await?;
        crash::point("answer stored");
        Ok(stored)
    }
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
fn tidy(text: &str, own: &str, others: &[String]) -> String {
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
