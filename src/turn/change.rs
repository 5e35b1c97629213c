//! What happens when a message is changed or taken back after it came in.

use super::Turns;
use super::receive::with_more;
use crate::db::{self, Script, memories, messages, sessions, turns};
use crate::domain::{Identity, TurnId, holds_a_key};
use crate::model::tokens;

impl Turns {
    /// Whether a message of the platform is kept.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn keeps(&self, account: &str, platform_id: &str) -> Result<bool, db::Error> {
        Ok(messages::find(&self.db, account, platform_id).await?.is_some())
    }

    /// Takes in what a message says now, and what comes with it: an answer that is not begun yet answers that, and history shows it. A message that
    /// was not kept stays unknown. Returns whether it holds a provider's key, and is forgotten for that.
    ///
    /// # Errors
    /// Those of the database; nothing is changed then.
    pub async fn edited(
        &self,
        account: &str,
        platform_id: &str,
        (text, with): (String, String),
        pictures: Vec<String>,
    ) -> Result<bool, db::Error> {
        let (text, own) = with_more(text, &with);
        if holds_a_key(&text) {
            self.deleted(account, platform_id).await?;
            return Ok(true);
        }
        let Some(message) = messages::find(&self.db, account, platform_id).await? else { return Ok(false) };
        let count = i64::try_from(tokens::count(&text)).unwrap_or(i64::MAX);
        let writing = self.db.write(move |tx| {
            Box::pin(async move {
                let mut script = Script::default();
                messages::edit(&mut script, &message.id, (&text, own, count), &pictures);
                script.run(tx).await
            })
        });
        writing.await?;
        Ok(false)
    }

    /// Takes a message back: nobody answers it any more, history loses it, and so does memory, with the exchange that it
    /// was part of. The same holds for a message of the house that somebody deleted.
    ///
    /// # Errors
    /// Those of the database; nothing is changed then.
    pub async fn deleted(&self, account: &str, platform_id: &str) -> Result<(), db::Error> {
        let Some(message) = messages::find(&self.db, account, platform_id).await? else { return Ok(()) };
        let asked = turns::of_message(&self.db, &message.id, message.turn.as_ref()).await?;
        // Whoever settles one of these after this writes no memory of it.
        asked.iter().for_each(|turn| self.forget(turn));
        let chores: Vec<[String; 2]> = asked.iter().map(|_| [self.clock.id(), self.clock.id()]).collect();
        let (turns_of, now, keeps_locked) = (asked.clone(), self.clock.now(), message.is_answer);
        let writing = self.db.write(move |tx| {
            Box::pin(async move {
                let mut script = Script::default();
                messages::delete(&mut script, &message.id, now);
                turns_of.iter().for_each(|turn| turns::cancel_unasked(&mut script, turn, now));
                script.run(tx).await?;
                let mut forgets = false;
                for (turn, chores) in turns_of.iter().zip(chores) {
                    // What a member locked goes with their own words only.
                    if let Some(id) = memories::of_turn(tx, turn, keeps_locked).await? {
                        memories::remove(tx, chores, &id).await?;
                        forgets = true;
                    }
                }
                Ok(forgets)
            })
        });
        let forgets = writing.await?;
        if forgets {
            self.recall.wake();
        }
        self.stop_cancelled(&asked).await
    }

    /// A message of the platform was taken away by somebody: if it was what is shown of an answer that is being written,
    /// nobody wants that answer. `subject` is the place, or what it hangs on.
    ///
    /// # Errors
    /// Those of the database; nothing is changed then.
    pub async fn draft_taken_away(&self, platform: &str, subject: &str, id: &str) -> Result<(), db::Error> {
        let (platform, subject, id) = (platform.to_owned(), subject.to_owned(), id.to_owned());
        let now = self.clock.now();
        let writing = self
            .db
            .write(move |tx| Box::pin(async move { turns::cancel_drafted(tx, (&platform, &subject), &id, now).await }));
        let withdrawn: Vec<TurnId> = writing.await?.into_iter().collect();
        self.stop_cancelled(&withdrawn).await
    }

    /// Whether a message of the platform was written by an account of somebody.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn is_from(&self, account: &str, platform_id: &str, who: &Identity) -> Result<bool, db::Error> {
        messages::is_from(&self.db, account, platform_id, who).await
    }

    /// Where a message was said that is kept, as the platform names the place.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn place_of_message(&self, account: &str, platform_id: &str) -> Result<Option<String>, db::Error> {
        messages::place_of(&self.db, account, platform_id).await
    }

    /// Where an answer was given that a platform's message is part of, as the platform names the place.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn place_of_answer(&self, account: &str, platform_id: &str) -> Result<Option<String>, db::Error> {
        turns::place_of_part(&self.db, account, platform_id).await
    }

    /// The house is no longer in a place: nobody is answered there, nor in its threads, until it comes back.
    /// What was said in sessions that ran there is forgotten.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn leave(&self, platform: &str, subject: &str) -> Result<(), db::Error> {
        let (platform, subject, now) = (platform.to_owned(), subject.to_owned(), self.clock.now());
        let writing = self.db.write(move |tx| {
            Box::pin(async move {
                sessions::end_in(tx, &platform, &subject, now).await?;
                turns::cancel_in(tx, &platform, &subject, now).await
            })
        });
        let withdrawn = writing.await?;
        self.recall.wake();
        self.stop_cancelled(&withdrawn).await
    }

    /// Notes that a turn's exchange is not to be remembered any more.
    pub(super) fn forget(&self, turn: &TurnId) {
        /// Turns that are kept in mind before those that ended long ago are let go.
        const KEPT_MAX: usize = 10_000;
        if self.forgotten.len() >= KEPT_MAX {
            self.forgotten.clear();
        }
        self.forgotten.insert(turn.clone(), ());
    }

    /// Ends the work on turns that were withdrawn meanwhile.
    async fn stop_cancelled(&self, asked: &[TurnId]) -> Result<(), db::Error> {
        for turn in asked {
            let Some(running) = self.running.get(turn).map(|running| running.value().clone()) else { continue };
            if turns::is_cancelled(&self.db, turn).await? {
                running.cancel();
            }
        }
        Ok(())
    }
}
