//! What a reader sees: messages after their edits, without those that were taken back.

use std::collections::HashSet;

use serde_json::Value;

use crate::event::Event;
use crate::seen::Seen;

/// A message as a client shows it now.
#[derive(Clone, Debug, PartialEq)]
pub struct Shown {
    pub id: String,
    pub sender: String,
    /// The text of the last edit.
    pub text: String,
    /// The content of the last edit.
    pub content: Value,
    /// How often it was edited.
    pub edits: usize,
    /// Who reacted, and how.
    pub reactions: Vec<(String, String)>,
    pub thread: Option<String>,
}

impl Seen {
    /// The messages of a room as they are shown now, in the order they were written.
    pub fn shown(&self, room: &str) -> Vec<Shown> {
        let gone: HashSet<_> = self.events(room).filter_map(|event| event.redacts.as_deref()).collect();
        let is_shown = |event: &&Event| !gone.contains(event.id.as_str());
        let mut shown: Vec<Shown> = Vec::new();
        for event in self.events(room).filter(is_shown) {
            let of = |id: &str| shown.iter().position(|shown| shown.id == id);
            if let Some((target, key)) = event.reacts() {
                if let Some(at) = of(target) {
                    shown[at].reactions.push((event.sender.clone(), key.to_owned()));
                }
            } else if let Some(target) = event.replaces() {
                // Nobody edits what another wrote.
                if let Some(at) = of(target).filter(|at| shown[*at].sender == event.sender) {
                    let edited = &mut shown[at];
                    edited.text = event.text().to_owned();
                    edited.content = event.content["m.new_content"].clone();
                    edited.edits += 1;
                }
            } else if event.is_message() && event.content["msgtype"].is_string() {
                shown.push(Shown {
                    id: event.id.clone(),
                    sender: event.sender.clone(),
                    text: event.body().to_owned(),
                    content: event.content.clone(),
                    edits: 0,
                    reactions: Vec::new(),
                    thread: event.thread().map(str::to_owned),
                });
            }
        }
        shown
    }
}
