//! Coming into rooms and leaving them: by invitation of those who may, with a greeting that says what the house is.

use std::sync::Arc;
use std::time::Duration;

use matrix_account::{Account, Error, Event, Invite};

use super::{Matrix, NAME, commands, intake, rooms};
use crate::db::{meta, places};
use crate::domain::{COMMAND_SIGN, PlaceRef, Privacy};

/// Tries of an invitation: it may be told before the homeserver lets anybody in.
const TRIES: u32 = 6;
const FIRST_WAIT: Duration = Duration::from_millis(300);

/// Whose invitations are accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Inviter {
    Anyone,
    /// Those who run the house.
    Owners,
    /// Everybody with an account at a homeserver.
    Server(String),
    /// `@kim:example.org`
    User(String),
}

impl Inviter {
    /// Whether it is `user`, who runs the house or not.
    fn is(&self, user: &str, is_owner: bool) -> bool {
        match self {
            Self::Anyone => true,
            Self::Owners => is_owner,
            Self::Server(server) => user.split_once(':').is_some_and(|(_, of)| of == server),
            Self::User(known) => known == user,
        }
    }
}

impl Matrix {
    /// Accepts an invitation or turns it down.
    pub(super) async fn invited(&self, account: &Account, invite: &Invite) {
        let room = invite.room.as_str();
        if !self.accepts(invite).await {
            tracing::info!(room, "an invitation was turned down");
            if let Err(error) = account.leave(room).await {
                tracing::info!(error = %error, "an invitation could not be turned down");
            }
            return;
        }
        if self.is_house(account) {
            // What was said until then, only those of the house hear who are there.
            self.house_came(room);
        }
        let mut wait = FIRST_WAIT;
        for _ in 0..TRIES {
            match account.join(room, None).await {
                Ok(()) => return,
                Err(Error::SignedOut | Error::SignedOutSoftly) => return,
                Err(error) => tracing::info!(error = %error, room, "a room cannot be joined yet"),
            }
            if self.life.soft().run_until_cancelled(tokio::time::sleep(wait)).await.is_none() {
                return;
            }
            wait *= 2;
        }
        tracing::warn!(room, "a room that the house was invited to could not be joined");
    }

    async fn accepts(&self, invite: &Invite) -> bool {
        if invite.is_space {
            return false;
        }
        // The room that stands in another's place is that room.
        if self.replaced_by(&invite.room).await.flatten().is_some() {
            return true;
        }
        if self.family.has(&invite.by) {
            return true;
        }
        let turns = &self.house().turns;
        let who = intake::identity(&invite.by);
        let is_owner = turns.settings.owners.contains(&format!("{NAME}:{}", invite.by));
        let place = PlaceRef {
            platform: NAME.to_owned(),
            subject: invite.room.clone(),
            parent: None,
            privacy: Privacy::Closed,
            is_encrypted: false,
            is_adult: false,
        };
        let turned_away = self.stored("matrix invite", || turns.turned_away(&who, &place)).await;
        turned_away == Some(None) && self.options.inviters.iter().any(|inviter| inviter.is(&invite.by, is_owner))
    }

    /// The house is in a room now: it says once what it is.
    /// `false`: it leaves before that is settled.
    pub(super) async fn joined(self: &Arc<Self>, account: &Account, room: &str) -> bool {
        if self.is_house(account) {
            self.describe(account, room);
        }
        let db = &self.house().db;
        let key = format!("matrix.greeted {room}");
        let Some(replaced) = self.replaced_by(room).await else { return false };
        if let Some(old) = replaced {
            let moving = self.stored("matrix upgrade", || {
                let (old, new, greeted) = (old.clone(), room.to_owned(), key.clone());
                db.write(move |tx| {
                    Box::pin(async move {
                        places::move_to(tx, NAME, &old, &new).await?;
                        meta::set(tx, &greeted, "moved").await
                    })
                })
            });
            let is_moved = moving.await.is_some();
            self.house().turns.directory.forget_places();
            return is_moved;
        }
        let Some(_greeting) = self.shared.greets(room) else { return true };
        match self.stored("matrix greeting", || meta::get(db, &key)).await {
            None => return false,
            Some(Some(_)) => return true,
            Some(None) => {}
        }
        let Some((place, info)) = rooms::known(account, room, None).await else { return true };
        if info.is_space {
            return true;
        }
        let turns = &self.house().turns;
        let text = self.house().desk.greeting(&turns.settings.locale, place.privacy == Privacy::Direct);
        let text = commands::as_typed(&text, COMMAND_SIGN);
        if !self.say_line(account, (room, None), &text, None, &key).await {
            // Where the house may not speak, nobody is told; at a stop it is for the next start.
            return !self.life.soft().is_cancelled();
        }
        let writing = self.stored("matrix greeting", || {
            let key = key.clone();
            db.write(move |tx| Box::pin(async move { meta::set(tx, &key, "greeted").await }))
        });
        writing.await.is_some()
    }

    /// The room that another one stands in the place of, if somebody said so in it.
    /// `None`: the house leaves.
    async fn replaced_by(&self, new: &str) -> Option<Option<String>> {
        let key = format!("matrix.replaces {new}");
        self.stored("matrix upgrade", || meta::get(&self.house().db, &key)).await
    }

    /// A room was replaced by another one: the house follows, and takes along what was settled there.
    pub(super) async fn upgraded(&self, account: &Account, event: &Event) {
        let Some(new) = event.content["replacement_room"].as_str().map(str::to_owned) else { return };
        let (key, old) = (format!("matrix.replaces {new}"), event.room.clone());
        let writing = self.stored("matrix upgrade", || {
            let (key, old) = (key.clone(), old.clone());
            self.house().db.write(move |tx| Box::pin(async move { meta::set(tx, &key, &old).await }))
        });
        if writing.await.is_none() {
            return;
        }
        let server = event.sender.split_once(':').map(|(_, server)| server);
        // Where that is not allowed, an invitation follows.
        if let Err(error) = account.join(&new, server).await {
            tracing::info!(error = %error, "the room that replaces another one cannot be joined yet");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn invitations_are_accepted_from_those_who_may() {
        let kim = "@kim:example.org";
        assert!(Inviter::Anyone.is(kim, false));
        assert!(Inviter::Owners.is(kim, true) && !Inviter::Owners.is(kim, false));
        assert!(Inviter::Server("example.org".into()).is(kim, false));
        assert!(!Inviter::Server("ample.org".into()).is(kim, false));
        assert!(Inviter::User(kim.into()).is(kim, false) && !Inviter::User(kim.into()).is("@kim:evil.org", false));
        assert!(Inviter::Server("example.org:8448".into()).is("@kim:example.org:8448", false));
    }
}
