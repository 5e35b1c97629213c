//! Members who speak through PluralKit or the like: the message it posts for them is theirs, the one it takes away is not answered as
//! well, and whoever does not use it waits for nothing.

use std::collections::VecDeque;
use std::time::Duration;

use dashmap::DashMap;
use tokio::sync::oneshot;
use tokio::time::Instant;

use super::services::{AGAIN, Services};
use super::wire::{Flake, Message};
use super::{Discord, NAME};
use crate::db::people;
use crate::domain::{Identity, Proxied};

/// How long a message of somebody who uses PluralKit may be taken away before it is answered as it is.
const HOLD: Duration = Duration::from_millis(2_500);
/// Messages of a channel that may turn out to be taken away, and for how long.
const RECENT_MAX: usize = 12;
const RECENT_FOR: Duration = Duration::from_secs(12);
/// How long a message that was replaced is known as that: longer than it takes to be taken away.
const REPLACED_FOR: Duration = Duration::from_secs(60);
/// Most characters that show whom a message is to be said as, before and after its text.
const TAGS_MAX: usize = 40;
/// The same where there is some on both sides.
const BOTH_MAX: usize = 6;
/// How soon a message goes that another was posted for.
const GOES_WITHIN: Duration = Duration::from_secs(4);
/// Entries of a cache before it is emptied.
const KEPT_MAX: usize = 20_000;

/// A message that was written a moment ago.
struct Recent {
    id: Flake,
    author: Flake,
    name: String,
    content: String,
    at: Instant,
}

/// Who really wrote a message that a service posted.
pub(super) struct Sender {
    pub id: Flake,
    /// Their own name, where it is known.
    pub name: Option<String>,
    pub original: Option<Flake>,
    pub member: Option<Proxied>,
}

/// What is known of members who speak through services.
pub(super) struct Proxies {
    pub services: Services,
    recent: DashMap<Flake, VecDeque<Recent>>,
    /// Messages that wait for whether they are taken away.
    held: DashMap<Flake, oneshot::Sender<()>>,
    /// Messages that are known to go only once they are gone.
    awaited: DashMap<Flake, oneshot::Sender<()>>,
    /// Messages that were taken away a moment ago.
    gone: DashMap<Flake, Instant>,
    /// Messages that were taken away in favour of others.
    replaced: DashMap<Flake, Instant>,
    /// What a service posted last for an original: posted anew, as somebody else, it stands for that.
    posted: DashMap<Flake, Flake>,
    /// Accounts that are known to use a service, by its name, or none.
    users: DashMap<Flake, Option<String>>,
}

/// Whether `written` is `said` with what shows whom it is said as: before it, after it, or a little on both sides.
fn is_around(said: &str, written: &str) -> bool {
    let is_short = |tags: &str, most: usize| tags.chars().count() <= most;
    let around = |(at, _): (usize, &str)| {
        let (before, after) = (&written[..at], &written[at + said.len()..]);
        match (before.is_empty(), after.is_empty()) {
            (true, tags) | (tags, true) if !tags => is_short(before, TAGS_MAX) && is_short(after, TAGS_MAX),
            (false, false) => is_short(before, BOTH_MAX) && is_short(after, BOTH_MAX),
            _ => false,
        }
    };
    !said.is_empty() && written.match_indices(said).any(around)
}

/// The message that somebody replied to through PluralKit, which says so in an embed; and the message without it.
pub(super) fn without_reply(mut message: Message) -> (Message, Option<Flake>) {
    let replied = message.embeds.iter().position(|embed| {
        let is_reply = embed.author.as_ref().is_some_and(|author| author.name.ends_with("\u{21a9}\u{fe0f}"));
        is_reply && embed.description.as_deref().is_some_and(|text| text.starts_with("**[Reply to:]("))
    });
    let Some(at) = replied else { return (message, None) };
    let embed = message.embeds.remove(at);
    let link = embed.description.as_deref().and_then(|text| text.split_once("](")?.1.split_once(')'));
    let to = link.and_then(|(link, _)| link.rsplit('/').next()?.parse().ok());
    (message, to)
}

impl Proxies {
    pub fn new(services: Services) -> Self {
        Self {
            services,
            recent: DashMap::new(),
            held: DashMap::new(),
            awaited: DashMap::new(),
            gone: DashMap::new(),
            posted: DashMap::new(),
            replaced: DashMap::new(),
            users: DashMap::new(),
        }
    }

    /// Notes a message that may turn out to be taken away.
    pub fn note(&self, message: &Message, author: Flake, name: &str) {
        if self.recent.len() >= KEPT_MAX {
            self.recent.clear();
        }
        let mut recent = self.recent.entry(message.channel_id).or_default();
        while recent.len() >= RECENT_MAX || recent.front().is_some_and(|one| one.at.elapsed() > RECENT_FOR) {
            recent.pop_front();
        }
        let content = message.content.clone().unwrap_or_default();
        recent.push_back(Recent { id: message.id, author, name: name.to_owned(), content, at: Instant::now() });
    }

    /// The message that a proxied one was, by what it says: for when a service does not tell. Only one person's may fit: the
    /// words of one must not be taken for those of another.
    fn guess(&self, message: &Message) -> Option<Sender> {
        let said = message.content.as_deref().unwrap_or_default().trim();
        let recent = self.recent.get(&message.channel_id)?;
        let of_late = || recent.iter().rev().filter(|one| one.at.elapsed() <= RECENT_FOR && one.id < message.id);
        // What is said without anything around it was written so, by whoever is spoken for at all times.
        let mut exact = of_late().filter(|one| one.content.trim() == said).peekable();
        let fitting: Vec<&Recent> = match exact.peek() {
            Some(_) => exact.collect(),
            None => of_late().filter(|one| is_around(said, &one.content)).collect(),
        };
        let one = fitting.first().filter(|_| !said.is_empty())?;
        if fitting.iter().any(|other| other.author != one.author) {
            return None;
        }
        Some(Sender { id: one.author, name: Some(one.name.clone()), original: Some(one.id), member: None })
    }

    /// Whether a message is taken away, or was a moment ago.
    async fn goes(&self, id: Flake) -> bool {
        let (give, taken) = oneshot::channel();
        self.awaited.insert(id, give);
        let goes = self.gone.contains_key(&id) || tokio::time::timeout(GOES_WITHIN, taken).await.is_ok();
        self.awaited.remove(&id);
        goes
    }

    /// Forgets what was said too long ago to be taken away.
    pub fn sweep(&self) {
        self.recent.retain(|_, recent| {
            recent.retain(|one| one.at.elapsed() <= RECENT_FOR);
            !recent.is_empty()
        });
        self.replaced.retain(|_, at| at.elapsed() <= REPLACED_FOR);
        self.gone.retain(|_, at| at.elapsed() <= RECENT_FOR);
    }

    fn name_of(&self, channel: Flake, author: Flake) -> Option<String> {
        let recent = self.recent.get(&channel)?;
        recent.iter().rev().find(|one| one.author == author).map(|one| one.name.clone())
    }

    /// Notes that a message was taken away: if it waits, it is not answered.
    pub fn taken_away(&self, id: Flake) {
        if self.gone.len() >= KEPT_MAX {
            self.gone.clear();
        }
        self.gone.insert(id, Instant::now());
        self.answer(id);
        if let Some((_, awaited)) = self.awaited.remove(&id) {
            let _ = awaited.send(());
        }
    }

    /// Tells whoever holds a message that it is not to be answered.
    fn answer(&self, id: Flake) {
        if let Some((_, held)) = self.held.remove(&id) {
            let _ = held.send(());
        }
    }

    /// Whether a message was taken away in favour of another, which is the one that counts.
    pub fn is_replaced(&self, id: Flake) -> bool {
        self.replaced.get(&id).is_some_and(|at| at.elapsed() <= REPLACED_FOR)
    }

    fn replace(&self, original: Flake) {
        self.replaced.insert(original, Instant::now());
        self.answer(original);
    }
}

impl Discord {
    /// Holds a message back that a service may take away; `false`: it was taken away, and another stands for it.
    pub(super) async fn stands(&self, message: &Message, service: &str) -> bool {
        let (give, taken) = oneshot::channel();
        self.proxies.held.insert(message.id, give);
        let is_taken = tokio::time::timeout(HOLD, taken).await.is_ok();
        self.proxies.held.remove(&message.id);
        if is_taken || self.proxies.is_replaced(message.id) {
            return false;
        }
        // It may be late with taking the message away, yet know already that it will.
        let services = &self.proxies.services;
        let told = match services.of_key(service) {
            Some(service) => services.ask(service, message.id, 1).await,
            None => None,
        };
        match told {
            Some(_) => {
                self.proxies.replace(message.id);
                false
            }
            None => true,
        }
    }

    /// The service that speaks for somebody at times, whose messages have to be held back for it.
    pub(super) async fn uses_proxies(&self, author: Flake) -> Option<String> {
        if let Some(known) = self.proxies.users.get(&author) {
            return known.clone();
        }
        let identity = Identity { platform: NAME.to_owned(), subject: author.to_string() };
        let keys = people::proxied_at(&self.house().db, &identity).await.ok()?;
        let mut services: Vec<_> = keys.iter().filter_map(|key| self.proxies.services.of_key(key)).collect();
        // Of several, one that can be asked.
        services.sort_by_key(|service| !service.tells());
        let service = services.first().map(|service| service.name.clone());
        if self.proxies.users.len() >= KEPT_MAX {
            self.proxies.users.clear();
        }
        self.proxies.users.insert(author, service.clone());
        service
    }

    /// Who really wrote a message that a service posted; `None`: nobody can say, so nobody is answered.
    pub(super) async fn sender(&self, message: &Message) -> Option<Sender> {
        let service = self.proxies.services.of(message)?;
        let guess = self.proxies.guess(message);
        // PluralKit may be slow to tell, and quick to take the other message away: until it tells, that is no deletion.
        let guessed = guess.as_ref().and_then(|guess| guess.original);
        if let Some(original) = guessed {
            self.proxies.replaced.insert(original, Instant::now());
        }
        let sender = match self.proxies.services.ask(service, message.id, AGAIN.len() + 1).await {
            Some(told) => Sender {
                name: self.proxies.name_of(message.channel_id, told.sender),
                id: told.sender,
                original: told.original,
                member: told.member,
            },
            None => {
                let shown = message.author.as_ref().map(|author| author.username.as_str());
                // It is that only if it is taken away for it.
                let is_it = match guessed {
                    Some(original) => self.proxies.goes(original).await,
                    None => false,
                };
                if !is_it {
                    guessed.inspect(|wrong| _ = self.proxies.replaced.remove(wrong));
                    return None;
                }
                Sender { member: shown.and_then(|name| service.by_name(name)), ..guess? }
            }
        };
        if let Some(wrong) = guessed.filter(|guessed| sender.original != Some(*guessed)) {
            self.proxies.replaced.remove(&wrong);
        }
        self.proxies.users.insert(sender.id, Some(service.name.clone()));
        let Some(original) = sender.original else { return Some(sender) };
        self.proxies.replace(original);
        if self.proxies.posted.len() >= KEPT_MAX {
            self.proxies.posted.clear();
        }
        // An event that comes again is no other message.
        let former = self.proxies.posted.insert(original, message.id).filter(|former| *former < message.id);
        if let Some(former) = former {
            self.proxies.replace(former);
        }
        Some(Sender { original: former.or(sender.original), ..sender })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_was_said_is_found_in_what_was_written() {
        for (written, is_it) in [
            ("R: hello", true),
            ("hello -R", true),
            ("[hello]", true),
            ("hello", false),
            ("@Abbey hello there", false),
            ("well, hello", true),
            ("", false),
        ] {
            assert_eq!(is_around("hello", written), is_it, "{written}");
        }
    }

    #[test]
    fn a_proxied_reply_is_read_from_its_embed() {
        let embed = json!({"author": {"name": "Abbey\u{2004}\u{21a9}\u{fe0f}"},
            "description": "**[Reply to:](https://discord.com/channels/1/2/345)** hello"});
        let message: Message = serde_json::from_value(json!({"embeds": [embed, {"title": "x"}]})).unwrap();
        let (message, to) = without_reply(message);
        assert_eq!((message.embeds.len(), to), (1, Some(345)));
        let plain: Message = serde_json::from_value(json!({"embeds": [{"title": "x"}]})).unwrap();
        assert_eq!(without_reply(plain).1, None);
    }
}
