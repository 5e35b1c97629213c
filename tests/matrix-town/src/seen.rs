//! All that one human has seen.

use std::collections::{BTreeMap, HashMap};

use serde::Deserialize;
use serde_json::Value;

use crate::event::Event;

/// How many of the last events come with the message of a failed test.
const LAST: usize = 25;

/// A receipt: how far somebody has read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    pub room: String,
    pub user: String,
    pub event: String,
    /// `m.read` or `m.read.private`
    pub kind: String,
    /// The thread's first message, `main`, or nothing for all of the room.
    pub thread: Option<String>,
}

/// An invitation that is still open.
#[derive(Clone, Debug, PartialEq)]
pub struct Invite {
    pub room: String,
    pub sender: String,
    pub direct: bool,
    /// The events that tell about the room.
    pub state: Vec<Value>,
}

/// What a human has seen until now, of all rooms, in the order it came.
#[derive(Default)]
pub struct Seen {
    events: Vec<Event>,
    places: HashMap<String, usize>,
    state: HashMap<(String, String, String), Value>,
    typing: BTreeMap<String, Vec<String>>,
    typed: Vec<(String, String)>,
    receipts: Vec<Receipt>,
    invites: BTreeMap<String, Invite>,
    troubles: Vec<String>,
}

/// One thing that is seen, as the client tells it.
#[derive(Deserialize)]
#[serde(tag = "what", rename_all = "snake_case")]
pub(crate) enum Sight {
    Event {
        room: String,
        event: Value,
        encrypted: bool,
        readable: bool,
        #[serde(default)]
        why: Option<String>,
        #[serde(default)]
        device_key: Option<String>,
    },
    State {
        room: String,
        event: Value,
    },
    Typing {
        room: String,
        users: Vec<String>,
    },
    Receipts {
        room: String,
        content: Value,
    },
    Invite {
        room: String,
        sender: String,
        direct: bool,
        state: Vec<Value>,
    },
    Joined {
        room: String,
    },
    Left {
        room: String,
    },
    Trouble {
        text: String,
    },
}

impl Seen {
    /// Everything of a room's timeline, messages, reactions, redactions and state, in order.
    pub fn events<'a>(&'a self, room: &str) -> impl DoubleEndedIterator<Item = &'a Event> {
        self.events.iter().filter(move |event| event.room == room)
    }

    /// The messages of a room, edits among them, as they came. [`Seen::shown`] is what a reader sees.
    pub fn messages<'a>(&'a self, room: &str) -> impl DoubleEndedIterator<Item = &'a Event> {
        self.events(room).filter(|event| event.is_message())
    }

    pub fn event(&self, id: &str) -> Option<&Event> {
        self.places.get(id).map(|place| &self.events[*place])
    }

    /// The first message of a room with this text.
    pub fn said(&self, room: &str, text: &str) -> Option<&Event> {
        self.messages(room).find(|message| message.body() == text)
    }

    /// The last edit of a message by whoever wrote it.
    pub fn edit_of(&self, id: &str) -> Option<&Event> {
        let sender = self.event(id).map(|event| event.sender.as_str());
        let is_by_writer = |edit: &Event| sender.is_none_or(|sender| edit.sender == sender);
        self.events.iter().rfind(|event| event.replaces() == Some(id) && is_by_writer(event))
    }

    /// The redaction of an event.
    pub fn redaction_of(&self, id: &str) -> Option<&Event> {
        self.events.iter().find(|event| event.redacts.as_deref() == Some(id))
    }

    /// A reaction to an event.
    pub fn reaction(&self, id: &str, key: &str) -> Option<&Event> {
        self.events.iter().find(|event| event.reacts() == Some((id, key)))
    }

    /// The content of a state event, as far as it was told.
    pub fn state(&self, room: &str, kind: &str, key: &str) -> Option<&Value> {
        self.state.get(&(room.to_owned(), kind.to_owned(), key.to_owned()))
    }

    /// `join`, `invite`, `leave`, `ban` or `knock`.
    pub fn membership(&self, room: &str, user: &str) -> Option<&str> {
        self.state(room, "m.room.member", user).and_then(|content| content["membership"].as_str())
    }

    /// Who is typing now.
    pub fn typing_in(&self, room: &str) -> &[String] {
        self.typing.get(room).map_or(&[], Vec::as_slice)
    }

    /// How often somebody began to type.
    pub fn began_typing(&self, room: &str, user: &str) -> usize {
        self.typed.iter().filter(|(there, who)| there == room && who == user).count()
    }

    /// The receipts of a room, in the order they came.
    pub fn receipts<'a>(&'a self, room: &str) -> impl DoubleEndedIterator<Item = &'a Receipt> {
        self.receipts.iter().filter(move |receipt| receipt.room == room)
    }

    /// The invitations that are open.
    pub fn invites(&self) -> impl Iterator<Item = &Invite> {
        self.invites.values()
    }

    /// What went wrong in the client itself, a server that is away among it.
    pub fn troubles(&self) -> &[String] {
        &self.troubles
    }

    pub(crate) fn add(&mut self, sight: Sight) {
        match sight {
            Sight::Event { room, event: raw, encrypted, readable, why, device_key } => {
                self.keep_state(&room, &raw);
                let event = Event::of(&room, &raw);
                self.keep(Event { encrypted, readable, trouble: why, device_key, ..event });
            }
            Sight::State { room, event } => self.keep_state(&room, &event),
            Sight::Typing { room, users } => {
                let before = self.typing_in(&room);
                let began: Vec<_> = users.iter().filter(|user| !before.contains(user)).cloned().collect();
                self.typed.extend(began.into_iter().map(|user| (room.clone(), user)));
                self.typing.insert(room, users);
            }
            Sight::Receipts { room, content } => self.keep_receipts(&room, &content),
            Sight::Invite { room, sender, direct, state } => {
                self.invites.insert(room.clone(), Invite { room, sender, direct, state });
            }
            Sight::Joined { room } | Sight::Left { room } => {
                self.invites.remove(&room);
            }
            Sight::Trouble { text } => self.troubles.push(text),
        }
    }

    fn keep(&mut self, event: Event) {
        match self.places.get(&event.id) {
            // A client that was killed tells some things twice; a key that comes late makes the second telling better.
            Some(place) if event.readable && !self.events[*place].readable => self.events[*place] = event,
            Some(_) => {}
            None => {
                self.places.insert(event.id.clone(), self.events.len());
                self.events.push(event);
            }
        }
    }

    fn keep_state(&mut self, room: &str, raw: &Value) {
        if let (Some(kind), Some(key)) = (raw["type"].as_str(), raw["state_key"].as_str()) {
            self.state.insert((room.to_owned(), kind.to_owned(), key.to_owned()), raw["content"].clone());
        }
    }

    fn keep_receipts(&mut self, room: &str, content: &Value) {
        for (event, kinds) in content.as_object().into_iter().flatten() {
            for (kind, users) in kinds.as_object().into_iter().flatten() {
                for (user, receipt) in users.as_object().into_iter().flatten() {
                    let thread = receipt["thread_id"].as_str().map(str::to_owned);
                    let (room, event) = (room.to_owned(), event.clone());
                    let receipt = Receipt { room, user: user.clone(), event, kind: kind.clone(), thread };
                    if !self.receipts.contains(&receipt) {
                        self.receipts.push(receipt);
                    }
                }
            }
        }
    }

    /// The last things that were seen, for the message of a failed test.
    pub fn summary(&self) -> String {
        let last = |lines: Vec<String>| {
            lines.iter().rev().take(LAST).rev().map(|line| format!("  {line}\n")).collect::<String>()
        };
        let events = last(self.events.iter().map(Event::line).collect());
        let invites: Vec<_> = self.invites.keys().collect();
        let troubles = last(self.troubles.clone());
        format!(
            "{} events seen, the last of them:\n{events}typing: {:?}\ninvited to: {invites:?}\ntroubles:\n{troubles}",
            self.events.len(),
            self.typing,
        )
    }
}
