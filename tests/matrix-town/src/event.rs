//! One event of a room's timeline, as a human's client shows it.

use serde_json::Value;

/// An event that was seen in a room. What was encrypted is decrypted, if that was possible.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    pub id: String,
    pub room: String,
    pub sender: String,
    /// Its type: `m.room.message`; `m.room.encrypted` when it could not be decrypted.
    pub kind: String,
    pub content: Value,
    pub unsigned: Value,
    /// Of events that are state.
    pub state_key: Option<String>,
    /// `origin_server_ts`, in milliseconds.
    pub at: u64,
    /// Whether it came encrypted.
    pub encrypted: bool,
    /// False when it came encrypted and no key opened it.
    pub readable: bool,
    /// Why it could not be read.
    pub trouble: Option<String>,
    /// The Curve25519 key of the device that encrypted it.
    pub device_key: Option<String>,
    /// What a redaction removes.
    pub redacts: Option<String>,
}

impl Event {
    pub(crate) fn of(room: &str, raw: &Value) -> Self {
        let text = |name: &str| raw[name].as_str().map(str::to_owned);
        Self {
            id: text("event_id").unwrap_or_default(),
            room: room.to_owned(),
            sender: text("sender").unwrap_or_default(),
            kind: text("type").unwrap_or_default(),
            content: raw["content"].clone(),
            unsigned: raw["unsigned"].clone(),
            state_key: text("state_key"),
            at: raw["origin_server_ts"].as_u64().unwrap_or(0),
            encrypted: false,
            readable: true,
            trouble: None,
            device_key: None,
            // Where it is depends on the room's version.
            redacts: text("redacts").or_else(|| raw["content"]["redacts"].as_str().map(str::to_owned)),
        }
    }

    /// Whether it is an `m.room.message`, edits among them.
    pub fn is_message(&self) -> bool {
        self.kind == "m.room.message"
    }

    /// The text as it came; of an edit that of its fallback.
    pub fn body(&self) -> &str {
        self.content["body"].as_str().unwrap_or_default()
    }

    /// The text that this message has or, as an edit, gives to another.
    pub fn text(&self) -> &str {
        if self.replaces().is_some() { self.content["m.new_content"]["body"].as_str() } else { None }
            .unwrap_or_else(|| self.body())
    }

    /// `m.text`, `m.notice`, `m.file` …
    pub fn msgtype(&self) -> &str {
        self.content["msgtype"].as_str().unwrap_or_default()
    }

    /// The event that this one edits.
    pub fn replaces(&self) -> Option<&str> {
        self.related("m.replace")
    }

    /// The first message of the thread that this one is in.
    pub fn thread(&self) -> Option<&str> {
        self.related("m.thread")
    }

    /// The event that this one reacts to, and how.
    pub fn reacts(&self) -> Option<(&str, &str)> {
        self.related("m.annotation").zip(self.content["m.relates_to"]["key"].as_str())
    }

    /// The message that this one answers; in a thread only when it really does.
    pub fn replies_to(&self) -> Option<&str> {
        let relates = &self.content["m.relates_to"];
        if relates["is_falling_back"] == true {
            return None;
        }
        relates["m.in_reply_to"]["event_id"].as_str()
    }

    /// The users that it says it mentions.
    pub fn mentions(&self) -> Vec<&str> {
        let users = self.content["m.mentions"]["user_ids"].as_array();
        users.into_iter().flatten().filter_map(Value::as_str).collect()
    }

    fn related(&self, how: &str) -> Option<&str> {
        let relates = &self.content["m.relates_to"];
        if relates["rel_type"] == how { relates["event_id"].as_str() } else { None }
    }

    /// One line, for the message of a failed test.
    pub(crate) fn line(&self) -> String {
        let seal = match (self.encrypted, self.readable) {
            (false, _) => "",
            (true, true) => " (encrypted)",
            (true, false) => " (UNREADABLE)",
        };
        let what = if self.is_message() && self.content["m.relates_to"].is_null() {
            format!("{} {:?}", self.msgtype(), self.body())
        } else {
            self.trouble.clone().unwrap_or_else(|| self.content.to_string())
        };
        let what: String = what.chars().take(200).collect();
        format!("{} {} {} {}{seal} {what}", self.room, self.sender, self.kind, self.id)
    }
}
