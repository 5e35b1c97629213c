//! Messages whose keys have not come yet: waited for a while, told about once, and answered when they can be read after all.

use std::collections::{HashSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use matrix_account::{Account, Event};
use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use super::{Matrix, rooms};
use crate::db::meta;
use crate::platform::lanes::UnderWay;

/// Waits before a message is tried again where no keys came, and how long that is done.
const WAITS: [Duration; 5] = [
    Duration::from_secs(1),
    Duration::from_secs(3),
    Duration::from_secs(6),
    Duration::from_secs(15),
    Duration::from_secs(30),
];
const WAIT_MAX: Duration = Duration::from_secs(60);
/// Shortest time between two tries because keys came, of one message and of all that are kept.
const KEYS_SPACING: Duration = Duration::from_millis(200);
const LATE_SPACING: Duration = Duration::from_secs(3);
/// Messages that are waited for beyond that.
const KEPT_MAX: usize = 200;
/// What nobody could read for this long is not answered any more.
const KEPT_MILLIS: i64 = 24 * 3_600 * 1_000;
/// A room is told at most this often that something cannot be read.
const TELL_MILLIS: i64 = 6 * 3_600 * 1_000;
/// Where they are written down.
const KEY: &str = "matrix.late";

/// A message that could not be read yet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Unread {
    room: String,
    event: String,
    /// The account that heard it; empty: the house's own.
    #[serde(default)]
    user: String,
    /// When it was sent, in Unix milliseconds.
    at: i64,
}

/// What could not be read yet, and which rooms were told when.
#[derive(Debug, Default)]
pub(super) struct Late(Mutex<Kept>);

#[derive(Debug, Default)]
struct Kept {
    unread: VecDeque<Unread>,
    /// Accounts whose messages are about to be tried again.
    trying: HashSet<String>,
    told: Vec<(String, i64)>,
}

impl Late {
    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn add(&self, one: Unread) {
        let mut kept = self.kept();
        if kept.unread.contains(&one) {
            return;
        }
        if kept.unread.len() >= KEPT_MAX {
            kept.unread.pop_front();
        }
        kept.unread.push_back(one);
    }

    /// Whether there is something of `user`'s to try again, and nobody who is about to.
    fn begins(&self, user: &str) -> bool {
        let mut kept = self.kept();
        kept.unread.iter().any(|one| one.user == user) && kept.trying.insert(user.to_owned())
    }

    /// All that `user` heard and that is not too old, which is then not kept any more.
    fn take(&self, now: i64, user: &str) -> Vec<Unread> {
        let mut kept = self.kept();
        kept.trying.remove(user);
        let all = std::mem::take(&mut kept.unread).into_iter().filter(|one| now - one.at < KEPT_MILLIS);
        let (theirs, others): (Vec<_>, Vec<_>) = all.partition(|one| one.user == user);
        kept.unread = others.into();
        theirs
    }

    /// Whether a room may be told now.
    fn may_tell(&self, room: &str, now: i64) -> bool {
        let mut kept = self.kept();
        kept.told.retain(|(_, at)| now - at < TELL_MILLIS);
        if kept.told.iter().any(|(told, _)| told == room) {
            return false;
        }
        kept.told.push((room.to_owned(), now));
        true
    }
}

impl Matrix {
    /// Waits for a message's key; what comes in between is not held up by it.
    pub(super) fn wait_for_key(self: &Arc<Self>, account: &Account, event: Event, under_way: Arc<UnderWay>) {
        let (here, account) = (self.clone(), account.clone());
        self.life.spawn("matrix key", async move {
            let soft = here.life.soft();
            let (until, mut waits) = (Instant::now() + WAIT_MAX, WAITS.into_iter());
            let mut next = Instant::now() + waits.next().unwrap_or(WAIT_MAX);
            while Instant::now() < until {
                let came = here.keys_came.notified();
                let pause = async {
                    tokio::select! {
                        () = tokio::time::sleep_until(next.min(until)) => true,
                        // Keys of others come as well: not each of them is worth asking for.
                        () = async { tokio::join!(came, tokio::time::sleep(KEYS_SPACING)); } => false,
                    }
                };
                let Some(is_due) = soft.run_until_cancelled(pause).await else {
                    // Not taken in: it is heard again after the next start.
                    return std::mem::forget(under_way);
                };
                if is_due {
                    next = Instant::now() + waits.next().unwrap_or(WAIT_MAX);
                }
                if let Ok(Some(read)) = account.event(&event.room, &event.id).await
                    && !read.is_undecrypted()
                {
                    return here.happened_late(&account, read).await;
                }
            }
            let user = here.late_user(&account);
            here.late.add(Unread { room: event.room.clone(), event: event.id.clone(), user, at: event.at });
            here.keep_late().await;
            here.tell_unread(&account, &event).await;
        });
    }

    /// Tries everything again that could not be read; keys come in flocks.
    pub(super) fn try_late_soon(self: &Arc<Self>, account: &Account) {
        let user = self.late_user(account);
        if !self.late.begins(&user) {
            return;
        }
        let (here, account) = (self.clone(), account.clone());
        self.life.spawn("matrix late keys", async move {
            if here.life.soft().run_until_cancelled(tokio::time::sleep(LATE_SPACING)).await.is_none() {
                return;
            }
            for one in here.late.take(here.house().turns.clock.now().0, &user) {
                match account.event(&one.room, &one.event).await {
                    Ok(Some(read)) if !read.is_undecrypted() => {
                        here.happened_late(&account, read).await;
                    }
                    Ok(None) => {}
                    Ok(Some(_)) | Err(_) => here.late.add(one),
                }
            }
            here.keep_late().await;
        });
    }

    /// What an account is called where it is written down what could not be read.
    fn late_user(&self, account: &Account) -> String {
        if self.is_house(account) { String::new() } else { account.user() }
    }

    async fn tell_unread(&self, account: &Account, event: &Event) {
        let now = self.house().turns.clock.now().0;
        if !self.late.may_tell(&event.room, now) {
            return;
        }
        let Some((place, _)) = rooms::known(account, &event.room, None).await else { return };
        // Among others it may not have been for the house at all.
        let turns = &self.house().turns;
        if place.privacy != crate::domain::Privacy::Direct {
            let known = turns.directory.known_place(&place).await.ok().flatten();
            if known.is_none_or(|known| known.personality.is_none()) {
                return;
            }
        }
        let text = turns.texts.say(&turns.settings.locale, "matrix-unread", &[]);
        self.say_line(account, (&event.room, None), &text, Some(&event.id), &format!("unread {}", event.id)).await;
    }

    async fn keep_late(&self) {
        let text = serde_json::to_string(&self.late.kept().unread).unwrap_or_default();
        let writing = self.house().db.write(move |tx| Box::pin(async move { meta::set(tx, KEY, &text).await })).await;
        if let Err(error) = writing {
            crate::ops_error("matrix late keys", &error);
        }
    }

    /// Takes up what an earlier process could not read.
    pub(super) async fn load_late(&self) {
        let kept = meta::get(&self.house().db, KEY).await.unwrap_or_default();
        let kept: Vec<Unread> = kept.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default();
        kept.into_iter().for_each(|one| self.late.add(one));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unread(n: usize, at: i64) -> Unread {
        Unread { room: "!r".into(), event: format!("${n}"), user: String::new(), at }
    }

    #[test]
    fn what_cannot_be_read_is_kept_once_and_not_for_ever() {
        let late = Late::default();
        late.add(unread(1, 5));
        late.add(unread(1, 5));
        late.add(unread(2, KEPT_MILLIS));
        assert_eq!(late.take(KEPT_MILLIS + 6, ""), [unread(2, KEPT_MILLIS)]);
        assert!(late.take(0, "").is_empty());
        late.add(Unread { user: "@abbey:x".into(), ..unread(3, 0) });
        assert!(late.take(0, "").is_empty() && late.take(0, "@abbey:x").len() == 1);
        (0..KEPT_MAX + 5).for_each(|n| late.add(unread(n, 0)));
        assert_eq!(late.take(0, "").len(), KEPT_MAX);
    }

    #[test]
    fn a_room_is_told_once_in_six_hours() {
        let late = Late::default();
        assert!(late.may_tell("!a", 0) && !late.may_tell("!a", TELL_MILLIS - 1) && late.may_tell("!b", 1));
        assert!(late.may_tell("!a", TELL_MILLIS));
    }
}
