//! Erasing a member: at their own wish, or after a long silence.

use std::time::Duration;

use super::Turns;
use crate::db::{self, audit, dealt, layers, memories, messages, people, rules, sessions};
use crate::domain::{Deed, Done, MemberId};
use crate::guard::access;
use crate::ops::metrics::{self, Chore};

/// How often the database's log is emptied again when a reader was in the way, and the wait between.
const FOLDS: u32 = 20;
const FOLD_WAIT: Duration = Duration::from_millis(50);

/// Messages removed in one transaction.
const BATCH: i64 = 500;
/// How long events that were dealt with are known again: no platform sends one again after that.
const DEALT_MILLIS: i64 = 14 * 24 * 3_600 * 1_000;
/// How often it is looked for what has been kept long enough.
const EVERY: Duration = Duration::from_secs(3_600);

/// How long things are kept; `None`: for good.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Retention {
    /// Messages, for the conversation.
    pub messages: Option<Duration>,
    /// The words of exchanges that were summed up; what was made of them stays.
    pub words: Option<Duration>,
    /// Members who say nothing, with everything about them.
    pub idle_members: Option<Duration>,
}

impl Turns {
    /// Removes what has been kept long enough, now and every hour, until the house stops.
    pub async fn keep_tidy(&self, retention: Retention) {
        let soft = self.life.soft();
        while !soft.is_cancelled() {
            let tidied = self.tidy(retention).await;
            if let Err(error) = &tidied {
                crate::ops_error("retention", error);
            }
            metrics::chore_ran(Chore::Tidy, tidied.is_ok(), self.clock.now());
            tokio::select! {
                () = tokio::time::sleep(EVERY) => {}
                () = soft.cancelled() => {}
            }
        }
    }

    /// Removes what has been kept long enough; returns how many messages and members went. Operators are never erased.
    ///
    /// # Errors
    /// Those of the database; what was removed before stays removed.
    pub async fn tidy(&self, retention: Retention) -> Result<(u64, u64), db::Error> {
        let before =
            |span: Duration| self.clock.now().plus_millis(-i64::try_from(span.as_millis()).unwrap_or(i64::MAX));
        let (mut messages, mut members) = (0, 0);
        let now = self.clock.now();
        let forgets = now.plus_millis(-DEALT_MILLIS);
        let purging = self.db.write(move |tx| {
            Box::pin(async move {
                rules::purge_denials(tx, now).await?;
                sessions::purge(tx, forgets).await?;
                dealt::purge(tx, forgets).await
            })
        });
        purging.await?;
        if let Some(before) = retention.messages.map(before) {
            loop {
                let removing =
                    self.db.write(move |tx| Box::pin(async move { messages::remove_old(tx, before, BATCH).await }));
                let removed = removing.await?;
                messages += removed;
                if removed < BATCH as u64 {
                    break;
                }
            }
        }
        if let Some(before) = retention.words.map(before) {
            loop {
                let old = layers::told_otherwise(&self.db, before, BATCH).await?;
                let removed = old.len();
                let chores: Vec<[String; 2]> = old.iter().map(|_| [self.clock.id(), self.clock.id()]).collect();
                let removing = self.db.write(move |tx| {
                    let (old, chores) = (old.clone(), chores.clone());
                    Box::pin(async move {
                        for (id, chores) in old.iter().zip(chores) {
                            memories::remove_words(tx, chores, id).await?;
                        }
                        Ok(())
                    })
                });
                removing.await?;
                if removed < BATCH as usize {
                    break;
                }
            }
            self.recall.wake();
        }
        if let Some(since) = retention.idle_members.map(before) {
            let mut after = String::new();
            loop {
                let idle = people::idle_since(&self.db, since, &after).await?;
                let Some(last) = idle.last() else { break };
                after = last.to_string();
                for member in &idle {
                    let identities = self.directory.identities(member).await?;
                    if !identities.iter().any(|identity| access::is_owner(&self.settings.owners, identity)) {
                        let done = Done::of_house(Deed::MemberErased, self.clock.now()).to(Some(member.clone()));
                        self.erase(member, done.saying("idle")).await?;
                        members += 1;
                    }
                }
            }
        }
        if messages + members > 0 {
            tracing::info!(messages, members, "what had been kept long enough is removed");
        }
        Ok((messages, members))
    }

    /// Erases everything about a member: rows, vectors, pictures, and what the database's log still held. That it was
    /// done stays in the audit log.
    ///
    /// # Errors
    /// Those of the database; nothing is erased then.
    pub async fn erase(&self, member: &MemberId, done: Done) -> Result<(), db::Error> {
        let pictures = people::avatars(&self.db, member).await?;
        let gone = member.clone();
        let writing = self.db.write(move |tx| {
            Box::pin(async move {
                // While there is somebody to have a mark.
                audit::record(tx, &done).await?;
                people::erase(tx, &gone).await
            })
        });
        writing.await?;
        self.directory.forget_people();
        self.directory.forget_places();
        self.directory.reload_names().await?;
        self.directory.reload_denials().await?;
        let names = self.directory.names();
        pictures.iter().filter(|picture| !names.uses_picture(picture)).for_each(|picture| self.avatars.remove(picture));
        // The vectors go with the memories if the store is there; else the outbox keeps trying.
        self.recall.drain().await;
        for _ in 0..FOLDS {
            if self.db.fold_log().await? {
                break;
            }
            tokio::time::sleep(FOLD_WAIT).await;
        }
        tracing::info!("a member was erased");
        Ok(())
    }
}
