//! Settling: what was said, what it cost and what is remembered, with the end of the turn in one transaction.

use super::deliver::Delivered;
use super::{Ended, Stopped, Stored, Turns};
use crate::crash;
use crate::db::messages::{self, NewMessage};
use crate::db::sessions::{self, Part};
use crate::db::turns;
use crate::db::{Script, memories};
use crate::domain::{
    Detail, Memory, MemoryId, MemoryKind, MessageId, Outcome, Place, Provenance, Tenant, Turn, TurnState,
};
use crate::model::tokens;
use crate::ops::metrics::{self, Stage};
use crate::ops::traces;

impl Turns {
    /// Ends a delivered turn.
    pub(super) async fn settle(
        &self,
        turn: &Turn,
        place: &Place,
        stored: Stored,
        delivered: Delivered,
    ) -> Result<Ended, Stopped> {
        let started = std::time::Instant::now();
        let is_answer = !stored.is_notice;
        let (sent, arrived) = match delivered {
            Delivered::All(sent) => (sent, true),
            Delivered::Nowhere => (Vec::new(), false),
        };
        let names = self.directory.names();
        let own_name = names.get(&turn.personality).map(|p| p.file.name.clone()).unwrap_or_default();
        let said: Vec<NewMessage> = sent
            .iter()
            .filter(|part| is_answer && !part.is_notice)
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
                own: None,
                tokens: i64::try_from(tokens::count(&part.text)).unwrap_or(i64::MAX),
                at: self.clock.now(),
            })
            .collect();
        let memory = {
            let remembers = stored.made_of.as_ref().is_none_or(|made_of| made_of.remembers);
            let is_kept = is_answer && arrived && remembers;
            if is_kept { self.episode(turn, place, &own_name, stored).await? } else { None }
        };
        let state = if is_answer && arrived { TurnState::Done } else { TurnState::Failed };
        let remembers = memory.is_some();
        let (ending, now, chore) = (turn.clone(), self.clock.now(), self.clock.id());
        let forgotten = self.forgotten.clone();
        let had_draft = turn.attempt > 1 || self.drafts.contains_key(&turn.id);
        let writing = self.db.write(move |tx| {
            Box::pin(async move {
                // First the fence: nothing below is written by a worker that lost the lane.
                let lane_is_empty = turns::leave(tx, &ending).await?;
                let mut memory = memory;
                if let Some(exchange) = &mut memory {
                    match sessions::take_part(tx, &exchange.place, &exchange.personality, exchange.at).await? {
                        Some(Part::Running) => {
                            exchange.tenant = Tenant::session(&exchange.place, &exchange.personality);
                        }
                        Some(Part::Forgotten) => memory = None,
                        Some(Part::Kept) | None => {}
                    }
                }
                let mut script = Script::default();
                turns::end(&mut script, &ending.id, state, now);
                for part in &sent {
                    turns::part_sent(&mut script, &ending.id, part.part, &part.platform_id, now);
                }
                // What was shown of it while it was written has become the answer.
                if had_draft {
                    turns::drop_draft(&mut script, &ending.id);
                }
                said.iter().for_each(|message| messages::add(&mut script, message));
                // Asked for as it is written: a deletion comes either before, or finds the memory.
                if let Some(memory) = memory.as_ref().filter(|_| !forgotten.contains_key(&ending.id)) {
                    memories::add(&mut script, memory, &chore, now);
                }
                script.run(tx).await?;
                Ok(lane_is_empty)
            })
        });
        let lane_is_empty = writing.await?;
        crash::point("turn settled");
        self.drafts.remove(&turn.id);
        if remembers {
            self.recall.wake();
        }
        let outcome = if is_answer { Outcome::Answered } else { Outcome::Apologised };
        metrics::turn_ended(outcome);
        metrics::stage_took(Stage::Settle, started.elapsed());
        traces::stage(turn, Stage::Settle, started.elapsed(), &[]);
        traces::ended(turn, outcome.as_str(), self.clock.now());
        tracing::info!(?outcome, duration_ms = self.millis_since(turn.created_at), "turn ended");
        Ok(Ended { state, lane_is_empty })
    }

    /// The exchange as a memory.
    async fn episode(
        &self,
        turn: &Turn,
        place: &Place,
        own_name: &str,
        stored: Stored,
    ) -> Result<Option<Memory>, Stopped> {
        if stored.said.trim().is_empty() {
            return Ok(None);
        }
        let said_by = self.directory.persona(&turn.persona).await?.map(|p| p.name.clone()).unwrap_or_default();
        Ok(Some(Memory {
            id: MemoryId::new(self.clock.id()),
            kind: MemoryKind::Episode,
            detail: Detail::default(),
            tenant: Tenant::personal(&turn.persona, &turn.personality),
            persona: turn.persona.clone(),
            personality: turn.personality.clone(),
            place: turn.place.clone(),
            reach: place.reach(),
            provenance: Provenance::UserSaid,
            turn: Some(turn.id.clone()),
            said_by,
            said: stored.said,
            answered_by: own_name.to_owned(),
            answered: stored.text,
            at: turn.created_at,
            is_locked: false,
            flag: None,
        }))
    }
}
