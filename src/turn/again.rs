//! Having an answer once more, or not at all: what was answered is taken back everywhere, and asked anew.

use super::Turns;
use crate::db::turns::{EndedTurn, NewTurn};
use crate::db::{self, Script, messages, turns};
use crate::directory::Person;
use crate::domain::{Place, PlaceRef, QuietKind, Refusal, TurnId};

/// Which answer is meant, and by whom.
#[derive(Clone, Copy)]
pub struct Asking<'a> {
    pub who: &'a Person,
    pub place: &'a Place,
    /// The place as its platform names it.
    pub named: &'a PlaceRef,
    /// The platform's id of a message of the answer; `None`: the last answer that `who` got there.
    pub message: Option<&'a str>,
    /// Whether it may be somebody else's.
    pub is_operator: bool,
}

/// Why an answer cannot be taken back.
#[derive(Debug)]
pub enum Kept {
    /// It must not be.
    Refused(Refusal),
    /// The database failed.
    Failed(db::Error),
}

impl From<Refusal> for Kept {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<db::Error> for Kept {
    fn from(error: db::Error) -> Self {
        Self::Failed(error)
    }
}

impl Turns {
    /// Takes an answer back that somebody was given. History and memory lose it as if the platform had deleted it, and so
    /// does the platform.
    ///
    /// # Errors
    /// When there is none, or it was given to somebody else.
    pub async fn unsay(&self, asking: &Asking<'_>) -> Result<(), Kept> {
        let given = self.given(asking).await?;
        self.take_back(asking.place, &given).await?;
        Ok(())
    }

    /// Has an answer given once more, in place of the former one.
    ///
    /// # Errors
    /// When there is none, it was given to somebody else, the conversation has gone on since, or it must not be asked now.
    pub async fn again(&self, asking: &Asking<'_>) -> Result<TurnId, Kept> {
        let Asking { who, place, named, is_operator, .. } = *asking;
        let given = self.given(asking).await?;
        let names = self.directory.names();
        let known = names.seen_by(&who.member.id).get(&given.personality).cloned();
        let personality = known.ok_or_else(|| Refusal::new("refusal-nothing-to-take-back"))?;
        if given.is_past {
            return Err(Refusal::new("refusal-not-the-last-answer").arg("name", personality.file.name.clone()).into());
        }
        let asked = messages::asked(&self.db, &given.id, &given.message).await?;
        if asked == 0 {
            return Err(Refusal::new("refusal-question-is-gone").into());
        }
        let parent = self.parent(named).await?;
        self.turned_down(&personality, (place, parent.as_deref()), &who.member.id, is_operator)?;
        self.take_back(place, &given).await?;
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
        let id = turn.id.clone();
        let writing = self.db.write(move |tx| {
            Box::pin(async move {
                let mut script = Script::default();
                turns::ask_anew(&mut script, &given.id, &turn);
                script.run(tx).await
            })
        });
        writing.await?;
        self.doorbell.ring(&place.id, &who.member.id);
        Ok(id)
    }

    /// The answer that is meant.
    async fn given(&self, &Asking { who, place, message, is_operator, .. }: &Asking<'_>) -> Result<EndedTurn, Kept> {
        let nothing = || Refusal::new("refusal-nothing-to-take-back");
        let turn = match message {
            Some(id) => turns::of_part(&self.db, (&place.platform, id)).await?,
            None => turns::last_ended(&self.db, &place.id, &who.member.id).await?,
        };
        let turn = turn.ok_or_else(nothing)?;
        let given = turns::ended(&self.db, &turn).await?.filter(|given| given.place == place.id).ok_or_else(nothing)?;
        if given.member != who.member.id && !is_operator {
            return Err(Refusal::new("refusal-answer-not-yours").into());
        }
        Ok(given)
    }

    async fn take_back(&self, place: &Place, given: &EndedTurn) -> Result<(), db::Error> {
        let parts = turns::parts(&self.db, &given.id).await?;
        let platform = self.platforms.get(&place.platform);
        // An announcement, or that one talks with an AI, was no part of the answer.
        for part in parts.iter().filter(|part| !part.is_notice) {
            let Some(id) = &part.sent_as else { continue };
            self.deleted(&place.platform, id).await?;
            if let Some(platform) = &platform
                && let Err(error) = platform.take_back(place, id, given.is_notice).await
            {
                tracing::warn!(error = %error, "an answer that was taken back stays where it was said");
            }
        }
        Ok(())
    }
}
