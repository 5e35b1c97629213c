//! Having an answer once more, or not at all: what was answered is taken back everywhere, and asked anew.

use super::Turns;
use crate::db::turns::{EndedTurn, NewTurn};
use crate::db::{self, Script, memories, messages, turns};
use crate::directory::Person;
use crate::domain::{Identity, Place, PlaceRef, QuietKind, Refusal, TurnId};
use crate::ops::traces;
use crate::platform::SendError;

/// Which answer is meant, and by whom.
#[derive(Clone, Copy)]
pub struct Asking<'a> {
    pub who: &'a Person,
    /// The account that they ask with.
    pub identity: &'a Identity,
    pub place: &'a Place,
    /// The place as its platform names it.
    pub named: &'a PlaceRef,
    /// The platform's id of a message of the answer; `None`: the last answer that `who` got there.
    pub message: Option<&'a str>,
    pub is_operator: bool,
}

/// Why an answer stays.
#[derive(Debug)]
pub enum Stays {
    /// It must not be taken back, or not now.
    Refused(Refusal),
    /// The database failed.
    Failed(db::Error),
}

impl From<Refusal> for Stays {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<db::Error> for Stays {
    fn from(error: db::Error) -> Self {
        Self::Failed(error)
    }
}

impl Turns {
    /// Takes an answer back that somebody was given: the platform, the conversation and the memory lose it. Operators may
    /// take anybody's back.
    ///
    /// # Errors
    /// When there is none, or it was given to somebody else.
    pub async fn unsay(&self, asking: &Asking<'_>) -> Result<(), Stays> {
        let given = self.given(asking).await?;
        if given.member != asking.who.member.id && !asking.is_operator {
            return Err(Refusal::new("refusal-answer-not-yours").into());
        }
        self.take_back(asking.place, given, None).await
    }

    /// Has an answer given once more, in place of the former one, to whoever asked for that.
    ///
    /// # Errors
    /// When there is none, it was given to somebody else, the conversation has gone on since, or it must not be asked now.
    pub async fn again(&self, asking: &Asking<'_>) -> Result<TurnId, Stays> {
        let Asking { who, place, named, is_operator, .. } = *asking;
        let given = self.given(asking).await?;
        // Whoever asks pays: nobody has others answered again.
        if given.member != who.member.id {
            return Err(Refusal::new("refusal-answer-not-yours").into());
        }
        let names = self.directory.names();
        let known = names.seen_by(&who.member.id).get(&given.personality).cloned();
        let personality = known.ok_or_else(|| Refusal::new("refusal-nothing-to-take-back"))?;
        if self.is_kept_from(asking.identity, place, &personality.id) {
            return Err(Refusal::new("refusal-denied").into());
        }
        if given.is_past {
            return Err(Refusal::new("refusal-not-the-last-answer").arg("name", personality.file.name.clone()).into());
        }
        if messages::asked(&self.db, &given.id, &given.message).await? == 0 {
            return Err(Refusal::new("refusal-question-is-gone").into());
        }
        let parent = self.parent(named).await?;
        self.admit(&personality, (place, parent.as_deref()), &who.member.id, is_operator)?;
        let bond = self.directory.bond(&who.member.id, &given.personality).await?;
        let now = self.clock.now();
        let turn = NewTurn {
            id: TurnId::new(self.clock.id()),
            place: given.place.clone(),
            message: given.message.clone(),
            personality: given.personality.clone(),
            member: given.member.clone(),
            persona: given.persona.clone(),
            trace: format!("again-{}", given.id),
            notice: None,
            is_incognito: given.is_incognito || bond.quiet(QuietKind::Incognito, now).is_some(),
            at: now,
        };
        let (id, trace, started) = (turn.id.clone(), turn.trace.clone(), std::time::Instant::now());
        self.take_back(place, given, Some(turn)).await?;
        traces::received(&trace, started.elapsed());
        self.doorbell.ring(&place.id, &who.member.id);
        Ok(id)
    }

    /// The answer that is meant.
    async fn given(&self, &Asking { who, place, message, .. }: &Asking<'_>) -> Result<EndedTurn, Stays> {
        let turn = match message {
            Some(id) => turns::of_part(&self.db, (&place.platform, id)).await?,
            None => turns::last_ended(&self.db, &place.id, &who.member.id).await?,
        };
        let given = match turn {
            Some(turn) => turns::ended(&self.db, &turn).await?,
            None => None,
        };
        let given = given.filter(|given| given.place == place.id);
        Ok(given.ok_or_else(|| Refusal::new("refusal-nothing-to-take-back"))?)
    }

    /// Takes an answer back, and puts another turn in its place. Killed in between, the same can be asked again.
    async fn take_back(&self, place: &Place, given: EndedTurn, instead: Option<NewTurn>) -> Result<(), Stays> {
        let parts = turns::parts(&self.db, &given.id).await?;
        let platform = self.platforms.get(&place.platform);
        // An announcement, or that one talks with an AI, was no part of the answer.
        for id in parts.iter().filter(|part| !part.is_notice).filter_map(|part| part.sent_as.as_ref()) {
            let Some(platform) = &platform else { break };
            match platform.take_back(place, id, given.is_notice).await {
                Ok(()) => {}
                Err(error @ (SendError::Forbidden | SendError::Gone)) => {
                    tracing::info!(error = %error, "an answer that was taken back stays where it was said");
                }
                Err(SendError::RateLimited { .. } | SendError::Unsure(_)) => {
                    return Err(Refusal::new("refusal-not-taken-back").into());
                }
            }
        }
        // Whoever settles it after this writes no memory of it.
        self.forget(&given.id);
        let (now, chores) = (self.clock.now(), [self.clock.id(), self.clock.id()]);
        let writing = self.db.write(move |tx| {
            Box::pin(async move {
                // What was locked is kept from others, not from whoever wants it unsaid.
                let learned = memories::of_turn(tx, &given.id, false).await?;
                if let Some(memory) = &learned {
                    memories::remove(tx, chores, memory).await?;
                }
                let mut script = Script::default();
                messages::delete_answers(&mut script, &given.id, now);
                match &instead {
                    Some(turn) => turns::ask_anew(&mut script, &given.id, turn),
                    None => turns::remove(&mut script, &given.id),
                }
                script.run(tx).await?;
                Ok(learned.is_some())
            })
        });
        if writing.await? {
            self.recall.wake();
        }
        Ok(())
    }
}
