//! Erasing a member: at their own wish, or after a long silence.

use std::time::Duration;

use super::Turns;
use crate::db::{self, people};
use crate::domain::MemberId;

/// How often the database's log is emptied again when a reader was in the way, and the wait between.
const FOLDS: u32 = 20;
const FOLD_WAIT: Duration = Duration::from_millis(50);

impl Turns {
    /// Erases everything about a member: rows, vectors, pictures, and what the database's log still held.
    ///
    /// # Errors
    /// Those of the database; nothing is erased then.
    pub async fn erase(&self, member: &MemberId) -> Result<(), db::Error> {
        let pictures = people::avatars(&self.db, member).await?;
        let gone = member.clone();
        self.db.write(move |tx| Box::pin(async move { people::erase(tx, &gone).await })).await?;
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
