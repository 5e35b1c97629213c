//! Speaking: through the channel's webhook under the character's name, or with the name before the text.

use std::time::Duration;

use async_trait::async_trait;
use reqwest::Method;
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};
use tokio::time::Instant;

use super::rest::{RestError, Route, Upload};
use super::webhooks::Webhook;
use super::wire::{Flake, flake_of};
use super::{Discord, Me, NAME, names};
use crate::domain::{Identity, Place};
use crate::platform::{Face, Limits, OnceKey, Part, Platform, SendError, Streams, split};

/// Longest message, in characters.
const MESSAGE_MAX: usize = 2_000;
/// Longest part of an answer: room is left for a name before it and a line below it.
const PART_MAX: usize = 1_880;
/// Messages that an answer is cut into; a longer one becomes a file.
const PARTS_MAX: usize = 5;
/// Longest beginning of an answer that is shown above its file.
const BEGINNING_MAX: usize = 600;
/// Name of that file.
const ANSWER_FILE: &str = "answer.md";
/// Discord shows typing for ten seconds.
const TYPING_AGAIN: Duration = Duration::from_secs(8);
/// Wait before another try when Discord does not know us yet.
const NOT_YET_MILLIS: u64 = 500;
/// Wait before another try when Discord does not take our token any more.
const NO_TOKEN_MILLIS: u64 = 10_000;
/// Messages that are looked through for one that may have arrived.
const READ_BACK: usize = 100;
/// Pages of them that are looked through from the question on.
const READ_BACK_PAGES: usize = 5;
/// Channels whose typing is remembered before the list is emptied.
const TYPING_KEPT: usize = 10_000;

const UNKNOWN_CHANNEL: u64 = 10_003;
const UNKNOWN_MESSAGE: u64 = 10_008;
const UNKNOWN_WEBHOOK: u64 = 10_015;
const NO_PERMISSION: u64 = 50_013;

/// Nobody is ever pinged by what the house says.
pub(super) fn nobody() -> Value {
    json!({"parse": [], "replied_user": false})
}

/// How an error of a send is taken.
fn send_error(error: RestError) -> SendError {
    match error {
        RestError::Limited { after_millis } => SendError::RateLimited { after_millis },
        RestError::Unsure(why) => SendError::Unsure(why.to_owned()),
        RestError::Refused { code: UNKNOWN_CHANNEL, .. } | RestError::Refused { status: 404, .. } => SendError::Gone,
        RestError::Refused { .. } => SendError::Forbidden,
        // Somebody has to give the house another token; until then the answer waits.
        RestError::Unauthorized => SendError::RateLimited { after_millis: NO_TOKEN_MILLIS },
    }
}

/// The text with the line below it, where there is room.
fn with_footer(text: &str, footer: Option<&str>) -> String {
    match footer {
        Some(footer) if text.chars().count() + footer.chars().count() + 4 <= MESSAGE_MAX => {
            format!("{text}\n-# {footer}")
        }
        _ => text.to_owned(),
    }
}

/// What is shown of a part, and the file that holds all of it where it is too long for a message.
fn shown(part: &Part) -> (Part, Option<Upload>) {
    if part.text.encode_utf16().count() <= PART_MAX {
        return (part.clone(), None);
    }
    let beginning = split::split(&part.text, BEGINNING_MAX).into_iter().next().unwrap_or_default();
    let file = Upload { name: ANSWER_FILE.into(), content: part.text.clone().into_bytes() };
    (Part { text: format!("{beginning}\n…"), ..part.clone() }, Some(file))
}

/// What a part says where the character's name has to stand before it.
fn with_name(part: &Part) -> String {
    let text = with_footer(&part.text, part.footer.as_deref());
    if part.is_notice || part.face.name.is_empty() {
        return text;
    }
    let name = part.face.name.replace(['*', '_', '`', '~', '|', '\n'], " ");
    let named = format!("**{}:** {text}", name.trim());
    if named.chars().count() <= MESSAGE_MAX { named } else { text }
}

/// What Discord knows a message by, so that it makes it once: at most 25 characters.
fn nonce(once: &OnceKey) -> String {
    Sha256::digest(once.0.as_bytes()).iter().take(12).map(|byte| format!("{byte:02x}")).collect()
}

impl Discord {
    fn me(&self) -> Result<Me, SendError> {
        self.me.get().copied().ok_or(SendError::RateLimited { after_millis: NOT_YET_MILLIS })
    }

    /// The webhook that characters speak through in a channel, and the thread they speak in; `None`: there is none to be
    /// had.
    async fn mouth(&self, me: Me, channel: Flake) -> Result<Option<(Webhook, Flake, Option<Flake>)>, SendError> {
        let known = self.channel(channel).await.map_err(send_error)?;
        if known.is_direct() {
            return Ok(None);
        }
        let (home, thread) = if known.is_thread() { (known.parent, Some(channel)) } else { (channel, None) };
        let webhook = self.webhooks.of(&self.rest, me.application, home).await.map_err(send_error)?;
        Ok(webhook.map(|webhook| (webhook, home, thread)))
    }

    /// Speaks through a webhook; `None`: it cannot be done that way here.
    async fn by_webhook(
        &self,
        me: Me,
        (webhook, thread): (&Webhook, Option<Flake>),
        (part, file): (&Part, &[Upload]),
    ) -> Result<Option<String>, RestError> {
        let query = thread.map_or_else(|| "?wait=true".to_owned(), |thread| format!("?wait=true&thread_id={thread}"));
        let mut body = Map::new();
        body.insert("content".into(), with_footer(&part.text, part.footer.as_deref()).into());
        body.insert("username".into(), names::legal(&part.face.name).into());
        body.insert("allowed_mentions".into(), nobody());
        if let Some(url) = self.avatar_url(me, &part.face) {
            body.insert("avatar_url".into(), url.into());
        }
        let route = webhook.route(Method::POST, &query);
        let sent = self.rest.call_with_files(&route, Some(&Value::Object(body)), file).await?;
        Ok(flake_of(&sent["id"]).map(|id| id.to_string()))
    }

    /// Speaks as the house itself.
    async fn plainly(
        &self,
        channel: Flake,
        (part, file): (&Part, &[Upload]),
        once: &OnceKey,
    ) -> Result<String, RestError> {
        let mut body = json!({
            "content": with_name(part),
            "allowed_mentions": nobody(),
            "nonce": nonce(once),
            "enforce_nonce": true,
        });
        if let Some(to) = part.reply_to.as_deref().filter(|_| part.number == 0) {
            body["message_reference"] = json!({"message_id": to, "fail_if_not_exists": false});
        }
        let route = Route::channel(Method::POST, &channel.to_string(), "messages");
        let sent = self.rest.call_with_files(&route, Some(&body), file).await?;
        flake_of(&sent["id"]).map(|id| id.to_string()).ok_or(RestError::Unsure("a message without an id"))
    }

    /// Says a long text in as many messages as it takes; returns the first.
    async fn in_many(&self, channel: Flake, whole: &Part, once: &OnceKey) -> Result<String, RestError> {
        let mut first = None;
        for (n, text) in split::split(&whole.text, PART_MAX).into_iter().enumerate() {
            let part = Part { text, ..whole.clone() };
            let id = self.plainly(channel, (&part, &[]), &OnceKey(format!("{}-{n}", once.0))).await?;
            first.get_or_insert(id);
        }
        first.ok_or(RestError::Unsure("nothing to say"))
    }

    /// Says a line of the house in a channel, to nobody in particular or in reply to a message.
    pub(super) async fn say(&self, channel: Flake, text: &str, reply_to: Option<Flake>) -> Result<(), RestError> {
        let mut body = json!({"content": text, "allowed_mentions": nobody()});
        if let Some(to) = reply_to {
            body["message_reference"] = json!({"message_id": to.to_string(), "fail_if_not_exists": false});
        }
        self.rest.call(&Route::channel(Method::POST, &channel.to_string(), "messages"), Some(&body)).await.map(|_| ())
    }
}

fn channel_of(place: &Place) -> Result<Flake, SendError> {
    place.subject.parse().map_err(|_| SendError::Gone)
}

#[async_trait]
impl Platform for Discord {
    fn name(&self) -> &'static str {
        NAME
    }

    fn is_connected(&self) -> bool {
        self.is_ready()
    }

    fn limits(&self) -> Limits {
        Limits {
            message_len: PART_MAX,
            messages_max: PARTS_MAX,
            takes_back: true,
            streams: Streams::No,
            discloses: true,
        }
    }

    async fn send(&self, to: &Place, part: &Part, once: &OnceKey) -> Result<String, SendError> {
        let (me, channel) = (self.me()?, channel_of(to)?);
        let whole = part;
        let (part, file) = shown(whole);
        let (part, file) = (&part, file.as_slice());
        // A line of the house comes from the house.
        // Without the intent, a reply to a webhook's message would not reach us: the house has to be the one replied to.
        let is_plain = part.is_notice || !self.options.reads_messages;
        let mut mouth = if is_plain { None } else { self.mouth(me, channel).await? };
        let mut is_again = false;
        while let Some((webhook, home, thread)) = mouth.take() {
            match self.by_webhook(me, (&webhook, thread), (part, file)).await {
                Ok(Some(id)) => return Ok(id),
                Ok(None) => return Err(SendError::Unsure("a message without an id".to_owned())),
                // Somebody deleted it: one other is made, and only one.
                Err(error) if error.code() == UNKNOWN_WEBHOOK && !is_again => {
                    is_again = true;
                    self.webhooks.forget_this(home, &webhook).await;
                    mouth = self.mouth(me, channel).await?;
                }
                Err(error @ RestError::Refused { code: UNKNOWN_CHANNEL, .. }) => return Err(send_error(error)),
                // It is not taken that way: the house says it with the name before it.
                Err(RestError::Refused { status, code }) => {
                    tracing::warn!(status, code, "a webhook was refused; saying it plainly");
                }
                Err(error) => return Err(send_error(error)),
            }
        }
        let said = match self.plainly(channel, (part, file), once).await {
            // It may attach no files there: then it takes many messages.
            Err(RestError::Refused { status: 403, code: NO_PERMISSION }) if !file.is_empty() => {
                self.in_many(channel, whole, once).await
            }
            said => said,
        };
        said.map_err(|error| {
            if error == RestError::Unauthorized {
                self.give_up("DISCORD_TOKEN is not accepted any more: copy the bot's token again from Discord's developer portal");
            }
            send_error(error)
        })
    }

    async fn arrived(&self, to: &Place, part: &Part) -> Result<Vec<String>, SendError> {
        let (me, channel) = (self.me()?, channel_of(to)?);
        let (part, _) = shown(part);
        let part = &part;
        let said = [with_footer(&part.text, part.footer.as_deref()), with_name(part)];
        let (mut ids, mut after) = (Vec::new(), part.reply_to.as_deref().and_then(|id| id.parse::<Flake>().ok()));
        let is_it = |message: &&Value| {
            let is_ours = flake_of(&message["application_id"]) == Some(me.application)
                || flake_of(&message["author"]["id"]) == Some(me.user);
            is_ours
                && said.iter().any(|said| message["content"].as_str().is_some_and(|text| text.trim() == said.trim()))
        };
        for _ in 0..READ_BACK_PAGES {
            let from = after.map(|id| format!("&after={id}")).unwrap_or_default();
            let route = Route::channel(Method::GET, &channel.to_string(), &format!("messages?limit={READ_BACK}{from}"));
            let found = self.rest.call(&route, None).await.map_err(send_error)?;
            let found = found.as_array().map_or(&[][..], Vec::as_slice);
            ids.extend(found.iter().filter(is_it).filter_map(|message| flake_of(&message["id"])));
            if found.len() < READ_BACK || after.is_none() {
                break;
            }
            after = found.iter().filter_map(|message| flake_of(&message["id"])).max();
        }
        ids.sort_unstable();
        Ok(ids.into_iter().map(|id| id.to_string()).collect())
    }

    async fn fetch(&self, url: &str, limit: usize) -> Result<Vec<u8>, SendError> {
        self.download(url, limit).await.map_err(|_| SendError::Gone)
    }

    async fn take_back(&self, to: &Place, id: &str, is_notice: bool) -> Result<(), SendError> {
        let (me, channel) = (self.me()?, channel_of(to)?);
        let is_plain = is_notice || !self.options.reads_messages;
        let mouth = if is_plain { None } else { self.mouth(me, channel).await? };
        // What was said through the webhook is the webhook's to take away, and what the house said is the house's.
        if let Some((webhook, _, thread)) = mouth {
            let query = thread.map(|thread| format!("?thread_id={thread}")).unwrap_or_default();
            match self.rest.call(&webhook.route(Method::DELETE, &format!("/messages/{id}{query}")), None).await {
                Err(RestError::Refused { .. }) => {}
                done => return done.map(|_| ()).map_err(send_error),
            }
        }
        let route = Route::channel(Method::DELETE, &channel.to_string(), &format!("messages/{id}"));
        match self.rest.call(&route, None).await {
            Err(error) if error.code() == UNKNOWN_MESSAGE => Ok(()),
            done => done.map(|_| ()).map_err(send_error),
        }
    }

    async fn whisper(&self, to: &Identity, text: &str, once: &OnceKey) -> Result<(), SendError> {
        let route = Route::new(Method::POST, "users/@me/channels", "POST users/@me/channels");
        let opened = self.rest.call(&route, Some(&json!({"recipient_id": to.subject}))).await.map_err(send_error)?;
        let channel = flake_of(&opened["id"]).ok_or(SendError::Forbidden)?;
        let body = json!({"content": text, "allowed_mentions": nobody(), "nonce": nonce(once), "enforce_nonce": true});
        let route = Route::channel(Method::POST, &channel.to_string(), "messages");
        self.rest.call(&route, Some(&body)).await.map(|_| ()).map_err(send_error)
    }

    fn writing(&self, to: &Place, face: &Face, _draft: Option<&str>) {
        let Ok(channel) = channel_of(to) else { return };
        // By the time of the answer its picture is there.
        if let Some(me) = self.me.get() {
            self.avatar_url(*me, face);
        }
        if self.typing.get(&channel).is_some_and(|at| at.elapsed() < TYPING_AGAIN) {
            return;
        }
        if self.typing.len() >= TYPING_KEPT {
            self.typing.retain(|_, at| at.elapsed() < TYPING_AGAIN);
        }
        self.typing.insert(channel, Instant::now());
        let route = Route::channel(Method::POST, &channel.to_string(), "typing");
        let rest = self.rest.clone();
        self.life.spawn("discord typing", async move {
            // Whoever may not write here learns that from the answer itself.
            let _ = rest.call(&route, None).await;
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(name: &str, text: &str, footer: Option<&str>) -> Part {
        Part {
            face: Face { name: name.into(), slug: String::new(), avatar: None },
            text: text.into(),
            reply_to: None,
            number: 0,
            of: 1,
            is_notice: false,
            footer: footer.map(str::to_owned),
        }
    }

    #[test]
    fn names_and_footers_never_make_a_message_too_long() {
        assert_eq!(with_name(&part("Abbey", "Hi", Some("small"))), "**Abbey:** Hi\n-# small");
        assert_eq!(with_name(&part("A*b", "Hi", None)), "**A b:** Hi");
        assert_eq!(with_name(&Part { is_notice: true, ..part("Abbey", "Sorry", None) }), "Sorry");
        for (name, footer) in [("n".repeat(80), "f".repeat(300)), ("n".repeat(300), String::new())] {
            let long = part(&name, &"x".repeat(PART_MAX), Some(&footer));
            assert!(with_name(&long).chars().count() <= MESSAGE_MAX);
        }
    }

    #[test]
    fn a_nonce_is_short_and_its_own() {
        let nonces = ["a-0", "a-1", "b-0"].map(|key| nonce(&OnceKey(key.into())));
        assert!(nonces.iter().all(|nonce| nonce.len() <= 25));
        assert_eq!(nonces.iter().collect::<std::collections::HashSet<_>>().len(), 3);
    }
}
