//! Members who speak through PluralKit: the message it posts for them is theirs, the one it takes away is not answered as
//! well, and whoever does not use it waits for nothing.

use std::collections::VecDeque;
use std::sync::Mutex;
use std::time::Duration;

use dashmap::DashMap;
use serde_json::Value;
use tokio::sync::oneshot;
use tokio::time::Instant;

use super::wire::{Flake, Message, flake_of};
use super::{Discord, NAME};
use crate::db::people;
use crate::domain::{Identity, Proxied};

/// PluralKit's application: Discord itself says who posted through a webhook.
const PLURALKIT: Flake = 466_378_653_216_014_359;
/// PluralKit's own interface.
const HOME: &str = "https://api.pluralkit.me/v2";
/// Who asks, as PluralKit wants it said.
const USER_AGENT: &str = concat!("Greenroom/", env!("CARGO_PKG_VERSION"), " (self-hosted chat house)");
/// How long a message of somebody who uses PluralKit may be taken away before it is answered as it is.
const HOLD: Duration = Duration::from_millis(2_500);
/// Waits before PluralKit is asked again about a message it does not know yet.
const AGAIN: [Duration; 3] = [Duration::from_millis(300), Duration::from_millis(700), Duration::from_millis(1_500)];
/// Longest wait for one answer of PluralKit.
const TIMEOUT: Duration = Duration::from_secs(2);
/// Longest time for finding out who somebody is, all tries together.
const PATIENCE: Duration = Duration::from_secs(7);
/// PluralKit takes ten questions a second.
const SPACING: Duration = Duration::from_millis(110);
/// Messages of a channel that may turn out to be taken away, and for how long.
const RECENT_MAX: usize = 12;
const RECENT_FOR: Duration = Duration::from_secs(12);
/// How long a message that was replaced is known as that: longer than it takes to be taken away.
const REPLACED_FOR: Duration = Duration::from_secs(60);
/// Most characters that show whom a message is to be said as, before and after its text.
const TAGS_MAX: usize = 40;
/// Longest wait for a question's turn.
const LINE_MAX: Duration = Duration::from_secs(3);
/// Entries of a cache before it is emptied.
const KEPT_MAX: usize = 20_000;

/// What PluralKit says about a message.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Told {
    /// The account that really wrote it.
    sender: Flake,
    /// The message that it was.
    original: Option<Flake>,
    /// Whom it was said as; a deleted one is nobody any more.
    member: Option<Proxied>,
}

/// A message that was written a moment ago.
struct Recent {
    id: Flake,
    author: Flake,
    name: String,
    content: String,
    at: Instant,
}

/// Who really wrote a message that PluralKit posted.
pub(super) struct Sender {
    pub id: Flake,
    /// Their own name, where it is known.
    pub name: Option<String>,
    pub original: Option<Flake>,
    pub member: Option<Proxied>,
}

/// What is known of members who speak through PluralKit.
pub(super) struct Proxies {
    http: reqwest::Client,
    url: String,
    /// When the next question may be asked.
    next: Mutex<Instant>,
    recent: DashMap<Flake, VecDeque<Recent>>,
    /// Messages that wait for whether they are taken away.
    held: DashMap<Flake, oneshot::Sender<()>>,
    /// Messages that were taken away in favour of others.
    replaced: DashMap<Flake, Instant>,
    /// Accounts that are known to use it, or not.
    users: DashMap<Flake, bool>,
}

/// Whether a message was posted by PluralKit for somebody.
pub(super) fn is_proxied(message: &Message) -> bool {
    message.webhook_id.is_some() && message.application_id == Some(PLURALKIT)
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
    /// Asks PluralKit at `url`, or at its own address.
    pub fn new(url: Option<&str>) -> anyhow::Result<Self> {
        let http = reqwest::Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .user_agent(USER_AGENT)
            .timeout(TIMEOUT);
        let http = if url.is_some_and(|url| url.starts_with("http:")) { http.tls_certs_only([]) } else { http };
        Ok(Self {
            http: http.build()?,
            url: url.unwrap_or(HOME).trim_end_matches('/').to_owned(),
            next: Mutex::new(Instant::now()),
            recent: DashMap::new(),
            held: DashMap::new(),
            replaced: DashMap::new(),
            users: DashMap::new(),
        })
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

    /// The message that a proxied one was, by what it says: for when PluralKit does not tell. Only one may fit: the words of
    /// one person must not be taken for those of another.
    fn guess(&self, message: &Message) -> Option<Sender> {
        let said = message.content.as_deref().unwrap_or_default().trim();
        let recent = self.recent.get(&message.channel_id)?;
        let fits = |one: &&Recent| {
            let tags = one.content.chars().count().checked_sub(said.chars().count());
            one.at.elapsed() <= RECENT_FOR
                && one.id < message.id
                && tags.is_some_and(|tags| (1..=TAGS_MAX).contains(&tags))
                && one.content.contains(said)
        };
        let mut fitting = recent.iter().rev().filter(fits);
        let one = fitting.next().filter(|_| !said.is_empty())?;
        if fitting.any(|other| other.author != one.author) {
            return None;
        }
        Some(Sender { id: one.author, name: Some(one.name.clone()), original: Some(one.id), member: None })
    }

    /// Forgets what was said too long ago to be taken away.
    pub fn sweep(&self) {
        self.recent.retain(|_, recent| {
            recent.retain(|one| one.at.elapsed() <= RECENT_FOR);
            !recent.is_empty()
        });
        self.replaced.retain(|_, at| at.elapsed() <= REPLACED_FOR);
    }

    fn name_of(&self, channel: Flake, author: Flake) -> Option<String> {
        let recent = self.recent.get(&channel)?;
        recent.iter().rev().find(|one| one.author == author).map(|one| one.name.clone())
    }

    /// Notes that a message was taken away: if it waits, it is not answered.
    pub fn taken_away(&self, id: Flake) {
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
        self.taken_away(original);
    }

    /// Waits for a question's turn; `None`: too many wait already.
    async fn turn(&self) -> Option<()> {
        let at = {
            let mut next = self.next.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            let now = Instant::now();
            let at = (*next).max(now);
            if at > now + LINE_MAX {
                return None;
            }
            *next = at + SPACING;
            at
        };
        tokio::time::sleep_until(at).await;
        Some(())
    }

    /// What PluralKit says about a message, asked as often as `tries` allows; `None`: nothing.
    async fn ask(&self, id: Flake, tries: usize) -> Option<Told> {
        let asking = async {
            for again in AGAIN.iter().map(Some).chain([None]).take(tries) {
                self.turn().await?;
                let answer = self.http.get(format!("{}/messages/{id}", self.url)).send().await;
                let wait = match answer {
                    Ok(answer) if answer.status().is_success() => {
                        return answer.bytes().await.ok().and_then(|body| told(&serde_json::from_slice(&body).ok()?));
                    }
                    // It says how long in the body, in milliseconds.
                    Ok(answer) if answer.status().as_u16() == 429 => {
                        let body = answer.bytes().await.unwrap_or_default();
                        let body: Value = serde_json::from_slice(&body).unwrap_or_default();
                        Some(Duration::from_millis(body["retry_after"].as_u64().unwrap_or(1_000).min(5_000)))
                    }
                    Ok(_) => None,
                    Err(error) => {
                        tracing::info!(is_timeout = error.is_timeout(), "PluralKit does not answer");
                        None
                    }
                };
                match (wait, again) {
                    (Some(wait), _) => tokio::time::sleep(wait).await,
                    (None, Some(again)) => tokio::time::sleep(*again).await,
                    (None, None) => {}
                }
            }
            None
        };
        tokio::time::timeout(PATIENCE, asking).await.ok().flatten()
    }
}

fn told(answer: &Value) -> Option<Told> {
    let text = |value: &Value| value.as_str().map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned);
    let member = &answer["member"];
    let proxied = text(&member["uuid"]).map(|uuid| Proxied {
        key: format!("pluralkit:{uuid}"),
        name: text(&member["display_name"]).or_else(|| text(&member["name"])).unwrap_or_else(|| uuid.clone()),
        pronouns: text(&member["pronouns"]),
        description: None,
    });
    Some(Told { sender: flake_of(&answer["sender"])?, original: flake_of(&answer["original"]), member: proxied })
}

impl Discord {
    /// Holds a message back that PluralKit may take away; `false`: it was taken away, and another stands for it.
    pub(super) async fn stands(&self, message: &Message) -> bool {
        let (give, taken) = oneshot::channel();
        self.proxies.held.insert(message.id, give);
        let is_taken = tokio::time::timeout(HOLD, taken).await.is_ok();
        self.proxies.held.remove(&message.id);
        if is_taken || self.proxies.is_replaced(message.id) {
            return false;
        }
        // It may be late with taking the message away, yet know already that it will.
        match self.proxies.ask(message.id, 1).await {
            Some(_) => {
                self.proxies.replace(message.id);
                false
            }
            None => true,
        }
    }

    /// Whether a message of somebody has to be held back at all.
    pub(super) async fn uses_proxies(&self, author: Flake) -> bool {
        if let Some(known) = self.proxies.users.get(&author) {
            return *known;
        }
        let identity = Identity { platform: NAME.to_owned(), subject: author.to_string() };
        let Ok(uses) = people::is_proxied(&self.house().db, &identity).await else { return false };
        if self.proxies.users.len() >= KEPT_MAX {
            self.proxies.users.clear();
        }
        self.proxies.users.insert(author, uses);
        uses
    }

    /// Who really wrote a message that PluralKit posted; `None`: nobody can say, so nobody is answered.
    pub(super) async fn sender(&self, message: &Message) -> Option<Sender> {
        let guess = self.proxies.guess(message);
        // PluralKit may be slow to tell, and quick to take the other message away: until it tells, that is no deletion.
        let guessed = guess.as_ref().and_then(|guess| guess.original);
        if let Some(original) = guessed {
            self.proxies.replaced.insert(original, Instant::now());
        }
        let sender = match self.proxies.ask(message.id, AGAIN.len() + 1).await {
            Some(told) => Sender {
                name: self.proxies.name_of(message.channel_id, told.sender),
                id: told.sender,
                original: told.original,
                member: told.member,
            },
            None => guess?,
        };
        if let Some(wrong) = guessed.filter(|guessed| sender.original != Some(*guessed)) {
            self.proxies.replaced.remove(&wrong);
        }
        self.proxies.users.insert(sender.id, true);
        if let Some(original) = sender.original {
            self.proxies.replace(original);
        }
        Some(sender)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn whom_a_message_was_said_as_is_kept_by_what_never_changes() {
        let answer = json!({"sender": "5", "original": "9", "member": {
            "uuid": "u-1", "id": "abcde", "name": "rook", "display_name": "Rook ✨", "pronouns": null}});
        let proxied =
            Proxied { key: "pluralkit:u-1".into(), name: "Rook ✨".into(), pronouns: None, description: None };
        assert_eq!(told(&answer), Some(Told { sender: 5, original: Some(9), member: Some(proxied) }));
        assert_eq!(
            told(&json!({"sender": "5", "member": null})),
            Some(Told { sender: 5, original: None, member: None })
        );
        assert_eq!(told(&json!({"message": "Message not found."})), None);
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
