//! What comes with a message and has to be fetched to be read: text files, and messages that are linked to.

use std::time::Duration;

use reqwest::Method;

use super::content;
use super::rest::Route;
use super::wire::{Attachment, Flake, Message};
use super::{Discord, Me, NAME};
use crate::domain::{Identity, PlaceRef, holds_a_key};
use crate::platform::files::{self, TEXT_FILE_MAX};

/// Text files that are read of one message.
const FILES_MAX: usize = 3;
/// Linked messages that are read.
const LINKS_MAX: usize = 3;
/// How long is waited for all of it: the channel waits with the message.
const WITHIN: Duration = Duration::from_secs(5);
/// Where links to messages point to.
const HOMES: [&str; 4] = [
    "https://discord.com/channels/",
    "https://ptb.discord.com/channels/",
    "https://canary.discord.com/channels/",
    "https://discordapp.com/channels/",
];

/// Whether anything of a message has to be fetched to be read.
pub(super) fn has_more(message: &Message) -> bool {
    message.attachments.iter().any(is_text) || !links(message.content.as_deref().unwrap_or_default()).is_empty()
}

/// Where the pictures of a message are.
pub(super) fn pictures(message: &Message) -> Vec<String> {
    let is_picture = |file: &&Attachment| {
        matches!(
            file.content_type.as_deref().map(|kind| kind.split(';').next().unwrap_or_default()),
            Some("image/png" | "image/jpeg" | "image/gif" | "image/webp")
        )
    };
    message.attachments.iter().filter(is_picture).map(|file| file.url.clone()).collect()
}

/// Whether a file holds text.
fn is_text(file: &Attachment) -> bool {
    files::is_text(file.content_type.as_deref().unwrap_or_default(), &file.filename)
}

/// A message that a text links to: its server (`None`: a direct conversation), channel and id.
type Link = (Option<Flake>, Flake, Flake);

/// The messages that a text links to, each once.
fn links(text: &str) -> Vec<Link> {
    let mut found: Vec<Link> = Vec::new();
    for home in HOMES {
        for (at, _) in text.match_indices(home) {
            let path = &text[at + home.len()..];
            let path =
                &path[..path.find(|c: char| !c.is_ascii_alphanumeric() && !"/@".contains(c)).unwrap_or(path.len())];
            let mut parts = path.split('/');
            let guild = parts.next().unwrap_or_default();
            let ids = (parts.next().and_then(|id| id.parse().ok()), parts.next().and_then(|id| id.parse().ok()));
            let (Some(channel), Some(message)) = ids else { continue };
            let guild = guild.parse().ok();
            if !found.contains(&(guild, channel, message)) {
                found.push((guild, channel, message));
            }
        }
    }
    found
}

impl Discord {
    /// What has to be fetched of a message to be read, a text for each thing.
    pub(super) async fn read_along(&self, me: Me, message: &Message, place: &PlaceRef) -> Vec<String> {
        let files: Vec<&Attachment> = message.attachments.iter().filter(|file| is_text(file)).take(FILES_MAX).collect();
        let links: Vec<Link> =
            links(message.content.as_deref().unwrap_or_default()).into_iter().take(LINKS_MAX).collect();
        let mut lines = Vec::new();
        let reading = async {
            for file in files {
                lines.extend(self.read_file(file).await);
            }
            for link in links {
                lines.extend(self.read_link(me, message, place, link).await);
            }
        };
        if tokio::time::timeout(WITHIN, reading).await.is_err() {
            tracing::info!("what came with a message could not be read in time");
        }
        lines
    }

    /// What a text file holds; `None`: it cannot be read, and is only named.
    async fn read_file(&self, file: &Attachment) -> Option<String> {
        if file.size > TEXT_FILE_MAX {
            return Some(files::too_long(&file.filename));
        }
        let content = self.download(&file.url, TEXT_FILE_MAX as usize).await.ok()?;
        files::in_words(&file.filename, content)
    }

    /// What a linked message says; `None`: whoever linked it may not be able to read it themselves, or it is gone.
    async fn read_link(
        &self,
        me: Me,
        message: &Message,
        place: &PlaceRef,
        (guild, channel, id): Link,
    ) -> Option<String> {
        if guild != message.guild_id || !self.channels.all_read(message.channel_id, channel) {
            return None;
        }
        let route = Route::channel(Method::GET, &channel.to_string(), &format!("messages/{id}"));
        let found = self.rest.call(&route, None).await.ok()?;
        let found: Message = serde_json::from_value(found).ok()?;
        let author = found.author.clone().unwrap_or_default();
        let identity = Identity { platform: NAME.to_owned(), subject: author.id.to_string() };
        // Whoever is turned away is not read by a link either.
        if self.house().turns.turned_away(&identity, place).await.ok()?.is_some() {
            return None;
        }
        let line = format!("[the linked message of {}: {}]", author.shown(None), content::quote(&found, me.user));
        (!holds_a_key(&line)).then_some(line)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn links_are_found_wherever_they_stand() {
        let text = "see <https://discord.com/channels/1/2/3>, https://ptb.discord.com/channels/@me/4/5! \
                    https://discord.com/channels/1/2/3 https://discord.com/channels/1/2 https://evil.example/channels/1/2/3";
        assert_eq!(links(text), [(Some(1), 2, 3), (None, 4, 5)]);
    }

    #[test]
    fn texts_and_pictures_are_told_apart() {
        let message: Message = serde_json::from_value(json!({"attachments": [
            {"filename": "a.png", "content_type": "image/png", "url": "u1"},
            {"filename": "notes.md", "url": "u2"}, {"filename": "x.bin", "content_type": "application/octet-stream"},
            {"filename": "b", "content_type": "text/plain; charset=utf-8"}, {"filename": "c.svg", "content_type": "image/svg+xml"},
        ]}))
        .unwrap();
        assert_eq!(pictures(&message), ["u1"]);
        let texts: Vec<bool> = message.attachments.iter().map(is_text).collect();
        assert_eq!(texts, [false, true, false, true, false]);
    }
}
