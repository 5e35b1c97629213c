//! What a human writes: messages and what is done to them. In encrypted rooms all of it is encrypted that clients
//! encrypt, for every device in the room, trusted or not.

use serde_json::{Value, json};

use crate::event::Event;
use crate::http::{Refusal, encoded};
use crate::human::{Human, PATIENCE};

impl Human {
    /// Writes a text, and gives its event's id.
    ///
    /// # Panics
    /// When the homeserver refuses; [`Human::try_say`] does not.
    pub async fn say(&self, room: &str, text: &str) -> String {
        self.say_content(room, json!({"msgtype": "m.text", "body": text})).await
    }

    /// Writes a text.
    ///
    /// # Errors
    /// What the homeserver says against it, a limit among it: nothing is tried again.
    pub async fn try_say(&self, room: &str, text: &str) -> Result<String, Refusal> {
        self.try_send(room, "m.room.message", json!({"msgtype": "m.text", "body": text})).await
    }

    /// Writes an `m.room.message` with this content.
    ///
    /// # Panics
    /// When the homeserver refuses.
    pub async fn say_content(&self, room: &str, content: Value) -> String {
        self.send(room, "m.room.message", content).await
    }

    /// Sends an event of any type.
    ///
    /// # Panics
    /// When the homeserver refuses.
    pub async fn send(&self, room: &str, kind: &str, content: Value) -> String {
        let sent = self.try_send(room, kind, content).await;
        sent.unwrap_or_else(|refusal| panic!("{} cannot send {kind} to {room}: {refusal}", self.name()))
    }

    /// Sends an event of any type.
    ///
    /// # Errors
    /// What the homeserver says against it.
    pub async fn try_send(&self, room: &str, kind: &str, content: Value) -> Result<String, Refusal> {
        let sent = self.ask("send", json!({"room": room, "kind": kind, "content": content})).await?;
        Ok(event_id(&sent))
    }

    /// Writes a text that mentions a user, as clients do when a name is picked.
    ///
    /// # Panics
    /// When the homeserver refuses.
    pub async fn say_to(&self, room: &str, user: &str, text: &str) -> String {
        let pill = format!("<a href=\"https://matrix.to/#/{}\">{user}</a>: {text}", encoded(user));
        let content = json!({
            "msgtype": "m.text", "body": format!("{user}: {text}"),
            "format": "org.matrix.custom.html", "formatted_body": pill,
            "m.mentions": {"user_ids": [user]},
        });
        self.say_content(room, content).await
    }

    /// Answers a message.
    ///
    /// # Panics
    /// When the homeserver refuses.
    pub async fn reply(&self, room: &str, to: &str, text: &str) -> String {
        let content = json!({
            "msgtype": "m.text", "body": text,
            "m.mentions": self.mention_of_writer(to),
            "m.relates_to": {"m.in_reply_to": {"event_id": to}},
        });
        self.say_content(room, content).await
    }

    /// Writes in the thread that begins with `root`.
    ///
    /// # Panics
    /// When the homeserver refuses.
    pub async fn in_thread(&self, room: &str, root: &str, text: &str) -> String {
        let last = self.look(|seen| {
            let last = seen.messages(room).rfind(|message| message.thread() == Some(root));
            last.map_or_else(|| root.to_owned(), |message| message.id.clone())
        });
        let relates = json!({
            "rel_type": "m.thread", "event_id": root, "is_falling_back": true, "m.in_reply_to": {"event_id": last},
        });
        let content = json!({"msgtype": "m.text", "body": text, "m.relates_to": relates});
        self.say_content(room, content).await
    }

    /// Gives a message another text, and gives the edit's id.
    ///
    /// # Panics
    /// When the homeserver refuses.
    pub async fn edit(&self, room: &str, event: &str, text: &str) -> String {
        let content = json!({
            "msgtype": "m.text", "body": format!("* {text}"),
            "m.new_content": {"msgtype": "m.text", "body": text},
            "m.relates_to": {"rel_type": "m.replace", "event_id": event},
        });
        self.say_content(room, content).await
    }

    /// Reacts to an event. No client encrypts reactions.
    ///
    /// # Panics
    /// When the homeserver refuses.
    pub async fn react(&self, room: &str, event: &str, key: &str) -> String {
        let relates = json!({"rel_type": "m.annotation", "event_id": event, "key": key});
        self.send(room, "m.reaction", json!({"m.relates_to": relates})).await
    }

    /// Takes an event back, one's own or, with the power to do so, another's. Gives the redaction's id.
    ///
    /// # Panics
    /// When the homeserver refuses.
    pub async fn redact(&self, room: &str, event: &str) -> String {
        let path = format!("/v3/rooms/{}/redact/{}/{}", encoded(room), encoded(event), self.transaction());
        event_id(&self.done("PUT", &path, json!({})).await)
    }

    /// Begins to type; it lasts for half a minute.
    ///
    /// # Panics
    /// When the homeserver refuses.
    pub async fn types(&self, room: &str) {
        self.typing(room, json!({"typing": true, "timeout": 30_000})).await;
    }

    /// # Panics
    /// When the homeserver refuses.
    pub async fn stops_typing(&self, room: &str) {
        self.typing(room, json!({"typing": false})).await;
    }

    async fn typing(&self, room: &str, body: Value) {
        self.done("PUT", &format!("/v3/rooms/{}/typing/{}", encoded(room), encoded(self.id())), body).await;
    }

    /// Lets others know that everything up to an event was read.
    ///
    /// # Panics
    /// When the homeserver refuses.
    pub async fn reads(&self, room: &str, event: &str) {
        let path = format!("/v3/rooms/{}/receipt/m.read/{}", encoded(room), encoded(event));
        self.done("POST", &path, json!({})).await;
    }

    /// Waits for a message with this text.
    ///
    /// # Panics
    /// When it does not come.
    pub async fn hears(&self, room: &str, text: &str) -> Event {
        self.until(|seen| seen.said(room, text).cloned(), PATIENCE).await
    }

    /// A request that must be granted.
    pub(crate) async fn done(&self, method: &str, path: &str, body: Value) -> Value {
        let answer = self.call(method, path, body).await;
        answer.unwrap_or_else(|refusal| panic!("{}: {method} {path}: {refusal}", self.name()))
    }

    fn mention_of_writer(&self, event: &str) -> Value {
        let writer = self.look(|seen| seen.event(event).map(|event| event.sender.clone()));
        writer.filter(|writer| writer != self.id()).map_or_else(|| json!({}), |writer| json!({"user_ids": [writer]}))
    }
}

fn event_id(answer: &Value) -> String {
    answer["event_id"].as_str().expect("what is sent has an id").to_owned()
}
