//! Files in messages. In encrypted rooms the client encrypts them.

use std::fs;
use std::path::PathBuf;

use serde_json::{Value, json};

use crate::event::Event;
use crate::http::Refusal;
use crate::human::Human;

/// A file to be sent.
#[derive(Clone, Debug, Default)]
pub struct Attachment<'a> {
    pub name: &'a str,
    /// For example `image/png`, which makes the message an `m.image`.
    pub mime: &'a str,
    pub bytes: &'a [u8],
    /// The text that goes with it.
    pub caption: Option<&'a str>,
    /// Whatever else the message's content has to have, a relation or the mark of a voice message.
    pub content: Value,
}

impl Human {
    /// Uploads a file and sends it, and gives the event's id.
    ///
    /// # Panics
    /// When the homeserver refuses.
    pub async fn attach(&self, room: &str, file: Attachment<'_>) -> String {
        let name = file.name.to_owned();
        let attached = self.try_attach(room, file).await;
        attached.unwrap_or_else(|refusal| panic!("{} cannot send {name}: {refusal}", self.name()))
    }

    /// Uploads a file and sends it.
    ///
    /// # Errors
    /// What the homeserver says against it.
    pub async fn try_attach(&self, room: &str, file: Attachment<'_>) -> Result<String, Refusal> {
        let path = self.scratch();
        fs::write(&path, file.bytes).expect("the temporary folder can be written to");
        let request = json!({"room": room, "path": path, "name": file.name, "mime": file.mime});
        let mut content = self.ask("upload", request).await?;
        let msgtype = match file.mime.split('/').next() {
            Some(kind @ ("image" | "audio" | "video")) => format!("m.{kind}"),
            _ => "m.file".to_owned(),
        };
        content["msgtype"] = json!(msgtype);
        content["body"] = json!(file.caption.unwrap_or(file.name));
        content["filename"] = json!(file.name);
        for (name, value) in file.content.as_object().into_iter().flatten() {
            content[name] = value.clone();
        }
        self.try_send(room, "m.room.message", content).await
    }

    /// The bytes of the file in a message, decrypted.
    ///
    /// # Panics
    /// When there is no file, or it cannot be had or decrypted.
    pub async fn open_file(&self, message: &Event) -> Vec<u8> {
        let path = self.scratch();
        let fetched = self.ask("fetch", json!({"content": message.content, "path": path})).await;
        fetched.unwrap_or_else(|refusal| panic!("{} cannot open {}: {refusal}", self.name(), message.line()));
        fs::read(&path).expect("the client wrote the file")
    }

    fn scratch(&self) -> PathBuf {
        self.folder().join(self.transaction())
    }
}
