//! Settling: what was said, what it cost and what is remembered, with the end of the turn in one transaction.

use super::deliver::Delivered;
use super::made_of::MadeOf;
use super::{Stopped, Turns};
use crate::crash;
use crate::db::memories;
use crate::db::messages::{self, NewMessage};
use crate::db::turns::{self, NewUsage};
use crate::domain::{Memory, MemoryId, MemoryKind, MessageId, Outcome, Place, Provenance, Tenant, Turn, TurnState};
use crate::model::{price, tokens};
use crate::ops::metrics::{self, Stage};

impl Turns {
    /// Ends a delivered turn.
    pub(super) async fn settle(&self, turn: &Turn, delivered: Delivered) -> Result<(), Stopped> {
        let started = std::time::Instant::now();
        let Some(place) = self.directory.place_by_id(&turn.place).await? else { return Err(Stopped::Cancelled) };
        let (answer, failure, made_of) = turns::answer(&self.db, &turn.id).await?.ok_or(Stopped::Fenced)?;
        let made_of: Option<MadeOf> = serde_json::from_value(made_of).ok();
        let is_answer = failure.is_none();
        let (sent, arrived) = match delivered {
            Delivered::All(sent) => (sent, true),
            Delivered::Nowhere => (Vec::new(), false),
        };
        let names = self.directory.names();
        let own_name = names.get(&turn.personality).map(|p| p.file.name.clone()).unwrap_or_default();
        let said: Vec<NewMessage> = sent
            .iter()
            .filter(|_| is_answer)
            .map(|part| NewMessage {
                id: MessageId::new(self.clock.id()),
                place: turn.place.clone(),
                account: place.platform.clone(),
                platform_id: part.platform_id.clone(),
                member: None,
                persona: None,
                personality: Some(turn.personality.clone()),
                turn: Some(turn.id.clone()),
                author_name: own_name.clone(),
                text: part.text.clone(),
                tokens: i64::try_from(tokens::count(&part.text)).unwrap_or(i64::MAX),
                at: self.clock.now(),
            })
            .collect();
        let memory = if is_answer && arrived { self.episode(turn, &place, &own_name, answer).await? } else { None };
        let usage = made_of.as_ref().filter(|made_of| made_of.completion_tokens > 0).map(|made_of| NewUsage {
            id: self.clock.id(),
            turn: turn.id.clone(),
            member: turn.member.clone(),
            personality: turn.personality.clone(),
            key_source: made_of.key_source,
            model: made_of.model.clone(),
            prompt_tokens: i64::try_from(made_of.prompt_tokens).unwrap_or(i64::MAX),
            completion_tokens: i64::try_from(made_of.completion_tokens).unwrap_or(i64::MAX),
            counted_by_provider: made_of.counted_by_provider,
            cost_micros: price::cost_micros(
                &made_of.model,
                made_of.key_source,
                made_of.prompt_tokens,
                made_of.completion_tokens,
            )
            .unwrap_or(0),
        });
        let state = if is_answer && arrived { TurnState::Done } else { TurnState::Failed };
        let remembers = memory.is_some();
        let (turn_id, epoch, now, chore) = (turn.id.clone(), turn.epoch, self.clock.now(), self.clock.id());
        self.db
            .write(move |tx| {
                Box::pin(async move {
                    // First the fence: nothing below is written by a worker that lost the lane.
                    turns::end(tx, &turn_id, epoch, state, None, now).await?;
                    for part in &sent {
                        turns::part_sent(tx, &turn_id, part.part, &part.platform_id, now).await?;
                    }
                    for message in &said {
                        let seq = messages::next_seq(tx, &message.place).await?;
                        messages::add(tx, message, seq).await?;
                    }
                    if let Some(memory) = &memory {
                        memories::add(tx, memory, &chore, now).await?;
                    }
                    if let Some(usage) = &usage {
                        turns::add_usage(tx, usage, now).await?;
                    }
                    Ok(())
                })
            })
            .await?;
        crash::point("turn settled");
        if remembers {
            self.recall.wake();
        }
        let outcome = if is_answer { Outcome::Answered } else { Outcome::Apologised };
        metrics::turn_ended(outcome);
        metrics::stage_took(Stage::Settle, started.elapsed());
        tracing::info!(?outcome, duration_ms = self.millis_since(turn.created_at), "turn ended");
        Ok(())
    }

    /// The exchange as a memory.
    async fn episode(
        &self,
        turn: &Turn,
        place: &Place,
        own_name: &str,
        answer: String,
    ) -> Result<Option<Memory>, Stopped> {
        let said = self.asked(turn).await?.join("\n");
        if said.trim().is_empty() {
            return Ok(None);
        }
        let said_by = self.directory.persona(&turn.persona).await?.map(|p| p.name.clone()).unwrap_or_default();
        Ok(Some(Memory {
            id: MemoryId::new(self.clock.id()),
            kind: MemoryKind::Episode,
            tenant: Tenant::personal(&turn.persona, &turn.personality),
            persona: turn.persona.clone(),
            personality: turn.personality.clone(),
            place: turn.place.clone(),
            privacy: place.privacy,
            provenance: Provenance::UserSaid,
            turn: Some(turn.id.clone()),
            said_by,
            said,
            answered_by: own_name.to_owned(),
            answered: answer,
            at: turn.created_at,
        }))
    }
}
