//! Gathering what an answer may be made from: history, persona, memories.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Instant;

use super::Turns;
use super::prompt::{Context, HistoryLine, Pictures, Remembered};
use crate::db::{self, layers, messages};
use crate::directory::Bond;
use crate::domain::{Aspect, Kind, Member, Moment, Place, Privacy, QuietKind, Scope, Turn, TurnId};
use crate::model::ModelInfo;
use crate::ops::metrics::Stage;
use crate::ops::traces::{self, Fact};
use crate::ops_error;

/// Messages read at a time until the token budget is reached.
const PAGE: i64 = 100;
/// Memories considered for one answer.
const MEMORIES_MAX: usize = 24;
/// What always comes along of how two stand to each other, at most.
const PROFILE_MAX: i64 = 64;
/// A message of fewer words than this is searched together with what was said just before.
const SHORT_QUERY_WORDS: usize = 4;

/// What was gathered, and how long it took.
pub struct Gathered {
    pub context: Context,
    /// What is to be answered.
    pub asked: String,
    /// What the member said of it themselves, for the memory of this exchange.
    pub said: String,
    /// Where the pictures are that came with it.
    pub pictures: Vec<String>,
    /// Why memories are missing, if recall did not answer.
    pub recall_failed: Option<String>,
    pub history_millis: f64,
    pub recall_millis: f64,
}

impl Turns {
    /// Gathers the context of a turn. `tokens` bounds how much history is read.
    pub(super) async fn gather(
        &self,
        turn: &Turn,
        place: &Place,
        info: &ModelInfo,
        (tokens, bond): (usize, &Bond),
    ) -> Result<Option<Gathered>, db::Error> {
        let started = Instant::now();
        let names = self.directory.names();
        let Some(personality) = names.get(&turn.personality).cloned() else { return Ok(None) };
        let Some(persona) = self.directory.persona(&turn.persona).await? else { return Ok(None) };
        let messages::Start { asked, said, pictures, after, open } = messages::start(&self.db, turn).await?;
        if asked.is_empty() {
            // Every message that asked was deleted.
            return Ok(None);
        }
        let (history, participants) = self.history(turn, place, (after, tokens), &open).await?;
        let history_millis = started.elapsed().as_secs_f64() * 1_000.0;

        let started = Instant::now();
        let asked_text = asked.join("\n");
        let query = query_of(&asked_text, &history);
        let (persona_id, personality_id) = (turn.persona.clone(), turn.personality.clone());
        let scope = if bond.choices.decided(Kind::Sharing).is_on(false) {
            Scope::shared(persona_id, personality_id, turn.place.clone())
        } else {
            Scope::of(persona_id, personality_id, turn.place.clone())
        };
        let is_fresh = bond.quiet(QuietKind::Fresh, self.clock.now()).is_some();
        let found = if is_fresh { Ok(Vec::new()) } else { self.recall.find(&scope, &query, MEMORIES_MAX).await };
        let facts = [Fact::Number("memories", found.as_ref().map_or(0, Vec::len) as u64)];
        traces::stage(turn, Stage::Recall, started.elapsed(), &facts);
        let (memories, recall_failed) = match found {
            Ok(found) => (found, None),
            // An answer without memories beats no answer; the writes wait in the outbox.
            Err(error) => {
                tracing::warn!(error = %error, "answering without memories");
                (Vec::new(), Some(error.to_string()))
            }
        };
        let mut profile = if is_fresh { Vec::new() } else { layers::profile(&self.db, &scope, PROFILE_MAX).await? };
        profile.retain(|memory| memory.detail.aspect.is_none_or(Aspect::is_always_known));
        let memories = memories.into_iter().map(|(memory, hit)| Remembered { memory, hit }).collect();
        let recall_millis = started.elapsed().as_secs_f64() * 1_000.0;

        let context = Context {
            personality,
            persona,
            privacy: place.privacy,
            participants,
            now: self.clock.now(),
            time_zone: self.time_zone_of(turn).await,
            history,
            memories,
            profile,
            instructions: bond.choices.decided(Kind::Prompt).value().map(str::to_owned),
            message: asked,
            pictures: Pictures { seen: 0, unseen: pictures.len() },
            is_tiny: info.tiny,
        };
        Ok(Some(Gathered {
            context,
            asked: asked_text,
            said: said.join("\n"),
            pictures,
            recall_failed,
            history_millis,
            recall_millis,
        }))
    }

    /// History after a sequence number and within so many tokens, oldest first, and who else spoke. `open` are the
    /// place's unfinished turns.
    async fn history(
        &self,
        turn: &Turn,
        place: &Place,
        (after, tokens): (i64, usize),
        open: &HashSet<TurnId>,
    ) -> Result<(Vec<HistoryLine>, Vec<String>), db::Error> {
        let only = (place.privacy == Privacy::Direct).then_some(&turn.personality);
        let (mut lines, mut others) = (Vec::new(), Vec::new());
        let (mut before, mut sum) = (i64::MAX, 0);
        let (denials, now) = (self.directory.denials(), self.clock.now());
        let mut unread = HashSet::new();
        'pages: loop {
            let page = messages::before(&self.db, &turn.place, before, after, PAGE, only).await?;
            let is_last = page.len() < PAGE as usize;
            for message in page {
                before = message.seq;
                // What waits for its own answer is not history yet.
                let is_waiting = message.turn.as_ref().is_some_and(|id| open.contains(id));
                if message.id == turn.message || (is_waiting && message.personality.is_none()) {
                    continue;
                }
                let is_own = message.personality.as_ref() == Some(&turn.personality);
                // What a blocked member said is not read along any more.
                if message.member.as_ref().is_some_and(|member| denials.blocks(member, &place.id, now)) {
                    unread.extend(message.turn);
                    continue;
                }
                let is_other = !is_own && message.member.as_ref() != Some(&turn.member);
                if is_other && !others.contains(&message.author_name) && others.len() < 12 {
                    others.push(message.author_name.clone());
                }
                let cost = usize::try_from(message.tokens).unwrap_or(usize::MAX);
                sum += cost + 6;
                lines.push(HistoryLine {
                    seq: message.seq,
                    turn: message.turn,
                    author: message.author_name,
                    is_own,
                    text: message.text,
                    tokens: cost,
                });
                if sum > tokens {
                    break 'pages;
                }
            }
            if is_last {
                break;
            }
        }
        // Nor is what was answered to them, which repeats it.
        lines.retain(|line: &HistoryLine| !line.turn.as_ref().is_some_and(|turn| unread.contains(turn)));
        lines.reverse();
        Ok((lines, others))
    }

    /// The zone a turn's member lives in.
    pub(super) async fn time_zone_of(&self, turn: &Turn) -> String {
        let member = self.member_of(turn).await;
        member.and_then(|member| member.time_zone.clone()).unwrap_or_else(|| self.settings.time_zone.clone())
    }

    /// The locale a turn's member reads.
    pub(super) async fn locale_of(&self, turn: &Turn) -> String {
        let member = self.member_of(turn).await;
        member.and_then(|member| member.locale.clone()).unwrap_or_else(|| self.settings.locale.clone())
    }

    /// Who asked; nobody when the database does not say, which costs their preferences and no answer.
    async fn member_of(&self, turn: &Turn) -> Option<Arc<Member>> {
        self.directory.member(&turn.member).await.unwrap_or_else(|error| {
            ops_error("member", &error);
            None
        })
    }

    /// Milliseconds from `earlier` to now.
    pub(super) fn millis_since(&self, earlier: Moment) -> f64 {
        self.clock.now().millis_since(earlier) as f64
    }
}

/// What to search memories for: the message, and for a short one also what the member said before.
fn query_of(asked: &str, history: &[HistoryLine]) -> String {
    if asked.split_whitespace().count() >= SHORT_QUERY_WORDS {
        return asked.to_owned();
    }
    match history.iter().rev().find(|line| !line.is_own) {
        Some(before) => format!("{asked}\n{}", before.text),
        None => asked.to_owned(),
    }
}
