//! What is said beside an answer: that it takes longer, and what is wrong with somebody's own key.

use tokio::sync::oneshot;

use super::Turns;
use crate::db::{self, post};
use crate::domain::{MemberId, News, Place, Privacy, Role, Turn, TurnId};
use crate::guard::outgoing;
use crate::platform::{Face, OnceKey, Part};

/// What the channel is told about trouble with a member's own key.
const KEY_TROUBLE: &str = "failure-own-key";

impl Turns {
    /// The line about trouble with a member's own key: where others read along, `text` is whispered to the member, and the
    /// line says only that there is trouble.
    pub(super) async fn about_key(
        &self,
        turn: &Turn,
        place: &Place,
        text: &'static str,
    ) -> Result<&'static str, db::Error> {
        if place.privacy == Privacy::Direct {
            return Ok(text);
        }
        // Many failures are one trouble.
        if !self.pace.may_tell(turn.member.as_str(), KEY_TROUBLE, self.clock.now()) {
            return Ok(KEY_TROUBLE);
        }
        if self.settings.hand.role == Role::Worker {
            let (place, to, turn) = (place.id.clone(), turn.member.clone(), turn.id.clone());
            post::tell(&self.db, &News::Whisper { place, to, turn, line: text.to_owned() }).await?;
        } else {
            self.whisper_about_key(place, &turn.member, &turn.id, text).await;
        }
        Ok(KEY_TROUBLE)
    }

    /// Tells a member in private what is wrong with their key, where this process holds the account.
    pub(super) async fn whisper_about_key(&self, place: &Place, to: &MemberId, turn: &TurnId, line: &str) {
        let identities = match self.directory.identities(to).await {
            Ok(identities) => identities,
            Err(error) => return crate::ops_error("whisper", &error),
        };
        let identity = identities.iter().find(|identity| identity.platform == place.platform).cloned();
        let (Some(platform), Some(identity)) = (self.platforms.get(&place.platform), identity) else { return };
        let text = self.texts.say(&self.locale_for(to).await, line, &[]);
        let once = OnceKey(format!("{turn}-key"));
        self.life.spawn("whisper", async move {
            if let Err(error) = platform.whisper(&identity, &text, &once).await {
                tracing::info!(error = %error, "a member could not be told in private about their key");
            }
        });
    }

    /// Tells whoever waits that the answer takes longer, where that can be taken away again: which it is once what is
    /// returned is dropped.
    pub(super) fn tell_it_takes_longer(
        &self,
        turn: &Turn,
        (place, face): (&Place, &Face),
        locale: &str,
    ) -> oneshot::Sender<()> {
        let (answered, ends) = oneshot::channel::<()>();
        let text = self.texts.say(locale, "notice-takes-longer", &[("name", face.name.clone().into())]);
        let part = Part {
            face: face.clone(),
            text: outgoing::rendered(&text, ""),
            reply_to: turn.reply_to.clone(),
            number: 0,
            // The answer is still to come.
            of: 2,
            is_notice: true,
            footer: None,
        };
        let (once, place) = (OnceKey(format!("{}-longer", turn.id)), place.clone());
        if let Some(platform) = self.platforms.get(&place.platform).filter(|platform| platform.limits().takes_back) {
            self.life.spawn("takes longer", async move {
                let Ok(id) = platform.send(&place, &part, &once).await else { return };
                let _ = ends.await;
                if let Err(error) = platform.take_back(&place, &id, true).await {
                    tracing::info!(error = %error, "a notice stays where it was said");
                }
            });
        }
        answered
    }
}
