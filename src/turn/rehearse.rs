//! The prompt that a message would be answered with now, for tests: nobody is asked, nothing is said or written.

use super::Turns;
use super::generate::house_preset;
use super::prompt::{self, Budget, Prompt};
use crate::db::{self, places};
use crate::domain::TurnId;

impl Turns {
    /// The prompt of a turn, and why memories are missing from it, if they are. `None`: what asked is gone.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn rehearse(&self, turn: &TurnId) -> Result<Option<(Prompt, Option<String>)>, db::Error> {
        let Some(turn) = self.db.turn(turn).await? else { return Ok(None) };
        let Some(place) = places::get(&self.db, &turn.place).await? else { return Ok(None) };
        let info = self.model.info("");
        let preset = house_preset(&info, None, None);
        let bond = self.directory.bond(&turn.member, &turn.personality).await?;
        let tokens = preset.prompt_tokens as usize;
        let Some(gathered) = self.gather(&turn, &place, &info, (tokens, &bond)).await? else { return Ok(None) };
        let budget = Budget { prompt: tokens, memory_share: preset.memory_share };
        Ok(Some((prompt::build(&gathered.context, budget), gathered.recall_failed)))
    }
}
