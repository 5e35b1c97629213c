//! Taking a message in: decide who answers, then store message and turns in one transaction.

use std::sync::Arc;

use super::Turns;
use super::trigger::{Decision, Here, decide};
use crate::crash;
use crate::db::messages::{self, Earlier, NewMessage};
use crate::db::turns::{self, NewTurn};
use crate::db::{self, Script};
use crate::directory::Person;
use crate::domain::{
    DenialMode, Incoming, Line, MessageId, Persona, Personality, PersonalityId, Place, Privacy, QuietKind, Refusal,
    TurnId, holds_a_key,
};
use crate::guard::access;
use crate::guard::pace::Of;
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
    /// It is kept, but too much waits already for it to be answered: its author may be told.
    pub is_full: bool,
}

/// A personality that is asked.
#[derive(Clone)]
struct Asked {
    personality: PersonalityId,
    /// As whom.
    persona: Persona,
    /// What is said instead of an answer.
    notice: Option<Refusal>,
    is_incognito: bool,
}

impl Asked {
    /// What has to be the same for two messages to be answered together.
    fn seat(&self) -> String {
        messages::seat(&self.personality, &self.persona.id, self.is_incognito)
    }
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
        let is_operator = access::is_owner(&self.settings.owners, &incoming.speaker.identity);
        let denials = self.directory.denials();
        // Whoever runs the house cannot be locked out of it.
        let denial = denials.here(&incoming.speaker.identity, &place.id, self.clock.now()).filter(|_| !is_operator);
        if denial == Some(DenialMode::Block) {
            return Ok(Received::default());
        }
        let person = self.directory.person(&incoming.speaker.identity, &incoming.speaker.name).await?;
        let replied_to = match &incoming.reply_to {
            Some(id) => messages::speaker(&self.db, &incoming.account, id).await?,
            None => None,
        };
        let names = self.directory.names();
        let seen = names.seen_by(&person.member.id);
        // A private personality answers nobody it is not for, also when it is replied to.
        let replied_to = replied_to.filter(|id| seen.get(id).is_some());
        let here = Here {
            names: seen,
            activation: place.personality.clone().map(|id| (id, place.autorespond)),
            replied_to,
            is_direct: place.privacy == Privacy::Direct,
            mention: self.settings.mention,
            slots: self.settings.slots,
        };
        let (called, beyond) = match decide(&incoming, &here) {
            Decision::Ignore => return Ok(Received::default()),
            Decision::Answer { called, beyond } if denial.is_none() => (called, beyond),
            Decision::Listen | Decision::Answer { .. } => (Vec::new(), None),
        };
        let mut asked = Vec::with_capacity(called.len() + 1);
        for id in called {
            let is_denied = denials.from(&incoming.speaker.identity, &place.id, &id, self.clock.now());
            if is_denied && !is_operator {
                continue;
            }
            let Some(personality) = seen.get(&id) else { continue };
            if let Some(one) = self.asked(personality, &place, &person, is_operator).await? {
                asked.push(one);
            }
        }
        if let Some(personality) = beyond {
            let notice = Refusal::new("refusal-too-many-called").arg("max", self.settings.slots.to_string());
            let (member, now) = (&person.member.id, self.clock.now());
            if self.pace.may_tell(member.as_str(), place.id.as_str(), now) {
                let (persona, notice) = (person.persona.clone(), Some(notice));
                asked.push(Asked { personality, persona, notice, is_incognito: true });
            }
        }
        let received = self.store(incoming, &place, &person, (asked, is_operator)).await?;
        crash::point("message stored");
        if !received.turns.is_empty() {
            self.doorbell.ring(&place.id, &person.member.id);
        }
        metrics::stage_took(Stage::Receive, started.elapsed());
        Ok(received)
    }

    /// Whether a called personality is asked, as whom, or why it will not be; `None`: nothing is said.
    async fn asked(
        &self,
        personality: &Personality,
        place: &Place,
        person: &Person,
        is_operator: bool,
    ) -> Result<Option<Asked>, db::Error> {
        let (id, member) = (&personality.id, &person.member.id);
        let bond = self.directory.bond(member, id).await?;
        let persona = match bond.persona() {
            Some(persona) => self.directory.persona(&persona).await?.filter(|persona| persona.member == *member),
            None => None,
        };
        let persona = persona.map_or_else(|| person.persona.clone(), |persona| Persona::clone(&persona));
        let name = || personality.file.name.clone();
        let notice = if !place.admits(id) {
            Some(Refusal::new("refusal-not-in-this-place").arg("name", name()))
        } else if personality.file.adult && !place.is_adult {
            Some(Refusal::new("refusal-adults-only").arg("name", name()))
        } else if is_operator {
            None
        } else {
            let of = [(Of::Member, member.as_str()), (Of::Place, place.id.as_str()), (Of::Personality, id.as_str())];
            let taken = self.pace.take(&of, self.clock.now());
            taken.err().map(|wait| Refusal::new("refusal-too-fast").arg("seconds", wait.as_secs().max(1).to_string()))
        };
        let is_silent = notice.is_some() && !self.pace.may_tell(member.as_str(), place.id.as_str(), self.clock.now());
        let is_incognito = bond.quiet(QuietKind::Incognito, self.clock.now()).is_some();
        Ok((!is_silent).then(|| Asked { personality: id.clone(), persona, notice, is_incognito }))
    }

    async fn store(
        &self,
        incoming: Incoming,
        place: &Arc<Place>,
        person: &Arc<Person>,
        (personalities, is_operator): (Vec<Asked>, bool),
    ) -> Result<Received, db::Error> {
        let now = self.clock.now();
        let rates = self.pace.rates();
        let new_ids: Vec<TurnId> = personalities.iter().map(|_| TurnId::new(self.clock.id())).collect();
        let persona = personalities.first().map_or(&person.persona, |asked| &asked.persona);
        let member = person.member.id.clone();
        let message = NewMessage {
            id: MessageId::new(self.clock.id()),
            place: place.id.clone(),
            account: incoming.account,
            platform_id: incoming.platform_id,
            member: Some(member.clone()),
            persona: Some(persona.id.clone()),
            personality: None,
            turn: None,
            author_name: persona.name.clone(),
            tokens: i64::try_from(tokens::count(&incoming.text)).unwrap_or(i64::MAX),
            text: incoming.text,
            at: incoming.at,
        };
        let trace = incoming.trace;
        let (received, is_full) = self
            .db
            .write(move |tx| {
                Box::pin(async move {
                    let mut message = message;
                    let known = (message.account.as_str(), message.platform_id.as_str());
                    let waiting = match messages::earlier(tx, known, &message.place, &member).await? {
                        Earlier::Message(turn) => {
                            let turns = turn.into_iter().collect();
                            return Ok((Received { turns, is_replay: true, ..Received::default() }, false));
                        }
                        Earlier::Waiting(waiting) => waiting,
                    };
                    let is_full = !is_operator
                        && (waiting.of_member >= rates.waiting_of_member || waiting.in_place >= rates.waiting_in_place);
                    let (mut asked, mut new, mut left_out) = (Vec::new(), Vec::new(), false);
                    for (one, id) in personalities.into_iter().zip(new_ids) {
                        let queued = waiting.turns.iter().find(|(queued, _)| *queued == one.seat());
                        // Several quick messages are answered together by the turn that still waits.
                        if let Some((_, joined)) = queued.filter(|_| one.notice.is_none()) {
                            asked.push(joined.clone());
                            continue;
                        }
                        if is_full && one.notice.is_none() {
                            left_out = true;
                            continue;
                        }
                        let notice = one.notice.map(Line::from);
                        asked.push(id.clone());
                        new.push(NewTurn {
                            id,
                            place: message.place.clone(),
                            message: message.id.clone(),
                            personality: one.personality,
                            member: member.clone(),
                            persona: one.persona.id,
                            is_incognito: one.is_incognito,
                            notice: notice.map(|line| serde_json::to_string(&line).expect("a line is always JSON")),
                            trace: trace.clone(),
                            at: now,
                        });
                    }
                    message.turn = asked.first().cloned();
                    let mut script = Script::default();
                    messages::add(&mut script, &message);
                    new.iter().for_each(|turn| turns::add(&mut script, turn));
                    script.run(tx).await?;
                    Ok((Received { turns: asked, ..Received::default() }, left_out))
                })
            })
            .await?;
        Ok(Received { is_full, ..received })
    }
}
