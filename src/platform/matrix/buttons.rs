//! Reactions as buttons: below the house's own answers, and on what its characters said.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use matrix_account::{Account, Event};

use super::commands::Wish;
use super::intake::{MISSED_MAX_MILLIS, identity};
use super::{Matrix, NAME, rooms};
use crate::domain::{Button, PlaceRef};

/// What the first, second, … button is pressed with.
const NUMBERS: [&str; 5] = ["1️⃣", "2️⃣", "3️⃣", "4️⃣", "5️⃣"];
/// On an answer of a character: another one in its place, and taking it back.
const AGAIN: [&str; 2] = ["🔁", "🔄"];
const UNSAY: [&str; 3] = ["🗑", "❌", "✖"];
/// Answers whose buttons are kept.
const KEPT_MAX: usize = 1_000;

/// An answer with buttons.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Kept {
    message: String,
    room: String,
    /// The only one who may press them.
    owner: String,
    place: PlaceRef,
    lines: Vec<String>,
}

/// The house's answers with buttons, newest last.
#[derive(Default)]
pub(super) struct Buttons(Mutex<VecDeque<Kept>>);

impl Buttons {
    fn add(&self, one: Kept) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= KEPT_MAX {
            kept.pop_front();
        }
        kept.push_back(one);
    }

    /// Forgets the buttons of a message.
    pub fn remove(&self, message: &str) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).retain(|kept| kept.message != message);
    }

    /// The line of the button that was pressed, and where.
    fn pressed(&self, (room, message): (&str, &str), who: &str, key: &str) -> Option<(PlaceRef, String)> {
        let number = NUMBERS.iter().position(|number| is_same(number, key))?;
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let one = kept.iter().find(|kept| kept.room == room && kept.message == message && kept.owner == who)?;
        Some((one.place.clone(), one.lines.get(number)?.clone()))
    }
}

/// Whether two emojis are the same: some clients add that they are to be shown in colour.
fn is_same(one: &str, other: &str) -> bool {
    let plain = |text: &str| text.replace('\u{fe0f}', "");
    plain(one) == plain(other)
}

/// What the buttons of an answer are called, below it.
pub(super) fn legend(buttons: &[Button]) -> String {
    let named = buttons.iter().zip(NUMBERS).map(|(button, number)| format!("{number} {}", button.label));
    named.collect::<Vec<_>>().join(" · ")
}

impl Matrix {
    /// Puts buttons below an answer in `room` to what `owner` asked for in `place`.
    pub(super) async fn put_buttons(
        &self,
        account: &Account,
        (room, message): (&str, &str),
        (owner, place): (&str, &PlaceRef),
        buttons: &[Button],
    ) {
        let lines = buttons.iter().take(NUMBERS.len()).map(|button| button.line.clone()).collect();
        let kept = Kept {
            message: message.to_owned(),
            room: room.to_owned(),
            owner: owner.to_owned(),
            place: place.clone(),
            lines,
        };
        self.buttons.add(kept);
        for (_, number) in buttons.iter().zip(NUMBERS) {
            let content = serde_json::json!({
                "m.relates_to": {"rel_type": "m.annotation", "event_id": message, "key": number},
            });
            let once = super::send::transaction(&format!("button {number} {message}"));
            // Whoever has no button to press still has the emoji to type.
            if account.send(room, "m.reaction", content, &once).await.is_err() {
                return;
            }
        }
    }

    /// Somebody reacted to a message.
    pub(super) async fn reaction(self: &Arc<Self>, account: &Account, event: &Event) {
        if self.house().turns.clock.now().0 - event.at > MISSED_MAX_MILLIS {
            return;
        }
        let relation = &event.content["m.relates_to"];
        let (Some(message), Some(key)) = (relation["event_id"].as_str(), relation["key"].as_str()) else { return };
        let pressed = self.buttons.pressed((&event.room, message), &event.sender, key);
        let (place, line, about) = match pressed {
            Some((place, line)) => (place, line, None),
            None => {
                let is = |keys: &[&str]| keys.iter().any(|one| is_same(one, key));
                let line = if is(&AGAIN) {
                    "/again"
                } else if is(&UNSAY) {
                    "/unsay"
                } else {
                    return;
                };
                let turns = &self.house().turns;
                let subject = self.stored("matrix reaction", || turns.place_of_answer(NAME, message)).await.flatten();
                let Some(subject) = subject else { return };
                let (room, thread) = rooms::room_of(&subject);
                if room != event.room {
                    return;
                }
                let Some((place, _)) = rooms::known(account, room, thread).await else { return };
                (place, line.to_owned(), Some(message.to_owned()))
            }
        };
        let name = account.name_in(&event.room, &event.sender).await.unwrap_or_else(|| event.sender.clone());
        let is_reaction = about.is_some();
        let caller = self.caller(account, (identity(&event.sender), name), place, about).await;
        self.wished(account, (&event.room, &event.id, &event.sender), caller, Wish::Line(line), is_reaction).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Privacy;

    #[test]
    fn only_whoever_asked_presses_the_buttons_of_an_answer() {
        let buttons = Buttons::default();
        let place = PlaceRef {
            platform: NAME.into(),
            subject: "!r".into(),
            parent: None,
            privacy: Privacy::Closed,
            is_encrypted: false,
            is_adult: false,
        };
        let lines = vec!["/memory view --page 2".to_owned()];
        buttons.add(Kept {
            message: "$1".into(),
            room: "!r".into(),
            owner: "@kim:x".into(),
            place: place.clone(),
            lines,
        });
        let pressed = |who, key| buttons.pressed(("!r", "$1"), who, key).map(|(_, line)| line);
        assert_eq!(pressed("@kim:x", "1️⃣").as_deref(), Some("/memory view --page 2"));
        assert_eq!(pressed("@kim:x", "1\u{20e3}").as_deref(), Some("/memory view --page 2"));
        assert_eq!((pressed("@rob:x", "1️⃣"), pressed("@kim:x", "2️⃣"), pressed("@kim:x", "👍")), (None, None, None));
        buttons.remove("$1");
        assert_eq!(pressed("@kim:x", "1️⃣"), None);
    }
}
