//! What other processes of the house do: what they tell, and what this one has to do about it.

use super::Turns;
use super::deliver::face_of;
use crate::domain::{News, PlaceId, Role, TurnState};

impl Turns {
    /// Does what a piece of news asks for.
    pub async fn hear(&self, news: News) {
        match news {
            News::Beat => {}
            News::Post { lane, from, state } => {
                let is_to_say = state == TurnState::Sending;
                if is_to_say == (self.settings.hand.role == Role::Gateway) {
                    self.doorbell.ring(&lane, &from);
                }
            }
            News::Outbox => self.recall.wake(),
            News::Changed(what) => {
                if let Err(error) = self.directory.renew(what).await {
                    crate::ops_error("reading anew", &error);
                }
            }
            News::Member(id) => self.directory.forget_member(&id),
            News::Whisper { place, to, turn, line } => {
                if let Ok(Some(place)) = self.directory.place_by_id(&place).await {
                    self.whisper_about_key(&place, &to, &turn, &line).await;
                }
            }
            News::Writing { place, slug } => self.show_writing(&place, &slug).await,
        }
    }

    /// Reads everything anew that is kept in memory: what was changed by others was not heard for sure.
    pub async fn distrust(&self) {
        if let Err(error) = self.directory.renew_all().await {
            crate::ops_error("reading anew", &error);
        }
    }

    /// Shows that a personality is writing, where this process holds the account.
    async fn show_writing(&self, place: &PlaceId, slug: &str) {
        if self.settings.hand.role != Role::Gateway {
            return;
        }
        let Ok(Some(place)) = self.directory.place_by_id(place).await else { return };
        let names = self.directory.names();
        if let (Some(platform), Some(personality)) = (self.platforms.get(&place.platform), names.of_slug(slug)) {
            platform.writing(&place, &face_of(personality), None);
        }
    }
}
