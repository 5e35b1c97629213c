//! Taking a message in: decide who answers, then store message and turns in one transaction.

use std::sync::Arc;

use super::Turns;
use super::trigger::{Decision, Here, decide};
use crate::crash;
use crate::db::messages::{self, Earlier, NewMessage};
use crate::db::turns::{self, NewTurn};
use crate::db::{self, Script};
use crate::directory::Person;
use crate::domain::{Incoming, MessageId, Place, Privacy, TurnId, holds_a_key};
use crate::model::tokens;
use crate::ops::metrics::{self, Stage};

/// What became of a message.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Received {
    /// The turns that will answer it, in order: new ones, or the one it joined.
    pub turns: Vec<TurnId>,
    /// Whether it had been stored before.
    pub is_replay: bool,
    /// It held a provider's key and was not taken: its author should be told to revoke it.
    pub held_a_key: bool,
}

impl Turns {
    /// Stores a message and the turns it asks for; durable when it returns. A replay changes nothing.
    ///
    /// # Errors
    /// Those of the database; the message is then not accepted and may be handed in again.
    pub async fn receive(&self, incoming: Incoming) -> Result<Received, db::Error> {
        crash::point("frame read");
        let started = std::time::Instant::now();
        if incoming.speaker.is_bot {
            return Ok(Received::default());
        }
        if holds_a_key(&incoming.text) {
            return Ok(Received { held_a_key: true, ..Received::default() });
        }
        let place = self.directory.place(&incoming.place).await?;
        let person = self.directory.person(&incoming.speaker.identity, &incoming.speaker.name).await?;
        let replied_to = match &incoming.reply_to {
            Some(id) => messages::speaker(&self.db, &incoming.account, id).await?,
            None => None,
        };
        let names = self.directory.names();
        let seen = names.seen_by(&person.member.id);
        // A private personality answers nobody but its owner, also when it is replied to.
        let replied_to = replied_to.filter(|id| seen.get(id).is_some());
        let here = Here {
            names: seen,
            activation: place.personality.clone().map(|id| (id, place.autorespond)),
            replied_to,
            is_direct: place.privacy == Privacy::Direct,
            mention: self.settings.mention,
        };
        let personalities = match decide(&incoming, &here) {
            Decision::Ignore => return Ok(Received::default()),
            Decision::Listen => Vec::new(),
            Decision::Answer(personalities) => personalities,
        };
        let received = self.store(incoming, &place, &person, personalities).await?;
        crash::point("message stored");
        if !received.turns.is_empty() {
            self.doorbell.ring(&place.id);
        }
        metrics::stage_took(Stage::Receive, started.elapsed());
        Ok(received)
    }

    async fn store(
        &self,
        incoming: Incoming,
        place: &Arc<Place>,
        person: &Arc<Person>,
        personalities: Vec<crate::domain::PersonalityId>,
    ) -> Result<Received, db::Error> {
        let now = self.clock.now();
        let new_ids: Vec<TurnId> = personalities.iter().map(|_| TurnId::new(self.clock.id())).collect();
        let message = NewMessage {
            id: MessageId::new(self.clock.id()),
            place: place.id.clone(),
            account: incoming.account,
            platform_id: incoming.platform_id,
            member: Some(person.member.id.clone()),
            persona: Some(person.persona.id.clone()),
            personality: None,
            turn: None,
            author_name: person.persona.name.clone(),
            tokens: i64::try_from(tokens::count(&incoming.text)).unwrap_or(i64::MAX),
            text: incoming.text,
            at: incoming.at,
        };
        let trace = incoming.trace;
        self.db
            .write(move |tx| {
                Box::pin(async move {
                    let mut message = message;
                    let (Some(member), Some(persona)) = (message.member.clone(), message.persona.clone()) else {
                        return Err(db::Error::Inconsistent {
                            table: "message",
                            column: "member_id",
                            row: String::new(),
                        });
                    };
                    let known = (message.account.as_str(), message.platform_id.as_str());
                    let queued = match messages::earlier(tx, known, &message.place, &member).await? {
                        Earlier::Message(turn) => {
                            return Ok(Received {
                                turns: turn.into_iter().collect(),
                                is_replay: true,
                                ..Received::default()
                            });
                        }
                        Earlier::Turns(queued) => queued,
                    };
                    let (mut asked, mut new) = (Vec::new(), Vec::new());
                    for (personality, id) in personalities.into_iter().zip(new_ids) {
                        // Several quick messages are answered together by the turn that still waits.
                        if let Some((_, joined)) = queued.iter().find(|(queued, _)| *queued == personality) {
                            asked.push(joined.clone());
                            continue;
                        }
                        asked.push(id.clone());
                        new.push(NewTurn {
                            id,
                            place: message.place.clone(),
                            message: message.id.clone(),
                            personality,
                            member: member.clone(),
                            persona: persona.clone(),
                            trace: trace.clone(),
                            at: now,
                        });
                    }
                    message.turn = asked.first().cloned();
                    let mut script = Script::default();
                    messages::add(&mut script, &message);
                    new.iter().for_each(|turn| turns::add(&mut script, turn));
                    script.run(tx).await?;
                    Ok(Received { turns: asked, ..Received::default() })
                })
            })
            .await
    }
}
