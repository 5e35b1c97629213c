//! From Discord's messages to the house's: who said what where, and as whom.

use std::sync::Arc;
use std::time::Duration;

use reqwest::Method;

use super::rest::{RestError, Route};
use super::wire::{Flake, Message, User, made_at};
use super::{Discord, Me, NAME, attached, content, proxies};
use crate::domain::{Identity, Incoming, Moment, PlaceRef, Speaker};
use crate::platform::lanes::UnderWay;
use crate::turn::Received;

/// Wait before another try while the database or Discord refuses; doubles with each up to [`WAIT_MAX`].
const FIRST_WAIT: Duration = Duration::from_millis(200);
const WAIT_MAX: Duration = Duration::from_secs(5);

/// A text with others below it, those that say something.
fn joined(text: String, more: impl IntoIterator<Item = String>) -> String {
    let all = std::iter::once(text).chain(more).filter(|text| !text.is_empty());
    all.collect::<Vec<_>>().join("\n")
}

impl Discord {
    /// Hands in a message that somebody wrote.
    ///
    /// It counts as taken in once `under_way` is dropped, which is after it is stored.
    pub(super) async fn said(self: &Arc<Self>, message: Message, under_way: Option<UnderWay>) {
        let Some(me) = self.me.get().copied() else { return };
        let Some(author) = message.author.clone() else { return };
        if !message.is_written() || author.id == me.user || message.application_id == Some(me.application) {
            return;
        }
        if self.proxies.services.of(&message).is_some() {
            let here = self.clone();
            // Finding out who it was may take seconds: the others in the channel do not wait for that.
            return self.life.spawn("discord proxy", async move {
                here.proxied(me, message).await;
                drop(under_way);
            });
        }
        // Other bots and webhooks are nobody to talk with.
        if author.bot || message.webhook_id.is_some() {
            return;
        }
        let name = author.shown(message.member.as_ref()).to_owned();
        if message.guild_id.is_some() {
            self.proxies.note(&message, author.id, &name);
            if let Some(service) = self.uses_proxies(author.id).await {
                let here = self.clone();
                return self.life.spawn("discord hold", async move {
                    if here.stands(&message, &service).await {
                        here.take_in(me, message, &author).await;
                    }
                    drop(under_way);
                });
            }
        }
        self.take_in(me, message, &author).await;
        drop(under_way);
    }

    async fn take_in(&self, me: Me, message: Message, author: &User) {
        let Some(place) = self.place(&message).await else { return };
        let incoming = self.incoming(me, &message, author, place);
        let incoming = self.with_more(me, &message, incoming).await;
        let calls_house = incoming.calls_house;
        let Some(received) = self.hand_in(incoming).await else { return };
        self.respond(&message, author, calls_house, &received).await;
    }

    /// Hands in a message that was posted for somebody, as theirs.
    async fn proxied(&self, me: Me, message: Message) {
        let Some(sender) = self.sender(&message).await else {
            tracing::info!("nobody can say who a proxied message is from; it is not answered");
            return;
        };
        let (message, replies_to) = proxies::without_reply(message);
        let Some(place) = self.place(&message).await else { return };
        let shown = message.author.as_ref().map(|author| author.username.clone()).unwrap_or_default();
        let name = sender.name.unwrap_or(shown);
        let author = User { id: sender.id, username: name, ..User::default() };
        let incoming = Incoming {
            proxied: sender.member,
            replaces: sender.original.map(|id| id.to_string()),
            reply_to: replies_to.map(|id| id.to_string()),
            ..self.incoming(me, &message, &author, place)
        };
        let incoming = self.with_more(me, &message, incoming).await;
        let calls_house = incoming.calls_house;
        let Some(received) = self.hand_in(incoming).await else { return };
        self.respond(&message, &author, calls_house, &received).await;
    }

    /// A message with what has to be fetched to be read, if anybody is to read it.
    async fn with_more(&self, me: Me, message: &Message, incoming: Incoming) -> Incoming {
        // What cannot be said now is said by handing it in.
        if !attached::has_more(message) || !self.house().turns.hears(&incoming).await.unwrap_or(true) {
            return incoming;
        }
        let more = self.read_along(me, message, &incoming.place).await;
        Incoming { with: joined(incoming.with, more), ..incoming }
    }

    /// Where a message was said; `None`: nobody can say.
    pub(super) async fn place(&self, message: &Message) -> Option<PlaceRef> {
        if message.guild_id.is_none() && self.channels.get(message.channel_id).is_none() {
            self.channels.add_direct(message.channel_id);
        }
        let mut wait = FIRST_WAIT;
        loop {
            match self.channel(message.channel_id).await {
                Ok(_) => return self.channels.place(message.channel_id),
                Err(error @ (RestError::Refused { .. } | RestError::Unauthorized)) => {
                    tracing::warn!(error = %error, "a message came from a channel that cannot be seen");
                    return None;
                }
                Err(error) => {
                    tracing::warn!(error = %error, "Discord does not say where a message came from; asking again")
                }
            }
            self.pause(&mut wait).await?;
        }
    }

    /// A message as the house takes it in.
    pub(super) fn incoming(&self, me: Me, message: &Message, author: &User, place: PlaceRef) -> Incoming {
        let content = content::of(message, me);
        Incoming {
            account: NAME.to_owned(),
            platform_id: message.id.to_string(),
            place,
            speaker: Speaker {
                identity: Identity { platform: NAME.to_owned(), subject: author.id.to_string() },
                name: author.shown(message.member.as_ref()).to_owned(),
                is_bot: false,
            },
            text: content.text,
            with: content.with,
            pictures: attached::pictures(message),
            proxied: None,
            replaces: None,
            calls_house: content.mentions_house,
            at: Moment(made_at(message.id)),
            reply_to: message.replies_to().map(|id| id.to_string()),
            called: Vec::new(),
            addressed: None,
            trace: format!("discord-{}", message.id),
        }
    }

    /// Hands a message in until it is stored; `None`: the house has to leave first, and hears it again.
    pub(super) async fn hand_in(&self, incoming: Incoming) -> Option<Received> {
        // A message with nothing in it: Discord keeps its text from us, or there is none.
        if incoming.text.is_empty() && incoming.with.is_empty() && !incoming.calls_house {
            return None;
        }
        let mut wait = FIRST_WAIT;
        loop {
            match self.house().turns.receive(incoming.clone()).await {
                Ok(received) => return Some(received),
                Err(error) => crate::ops_error("discord message", &error),
            }
            self.pause(&mut wait).await?;
        }
    }

    /// Waits before another try, longer each time; `None`: the house leaves.
    async fn pause(&self, wait: &mut Duration) -> Option<()> {
        self.life.hard().run_until_cancelled(tokio::time::sleep(*wait)).await?;
        *wait = (*wait * 2).min(WAIT_MAX);
        Some(())
    }

    /// What is said at once about a message that was handed in.
    pub(super) async fn respond(&self, message: &Message, author: &User, calls_house: bool, received: &Received) {
        let id = if received.held_a_key {
            self.unsay(message).await;
            "refusal-key-in-message"
        } else if received.is_full {
            "refusal-queue-full"
        } else if calls_house && received.turns.is_empty() && !received.is_replay && !received.is_turned_away {
            "reply-house-called"
        } else {
            return;
        };
        let (turns, now) = (&self.house().turns, self.house().turns.clock.now());
        let (who, place) = (author.id.to_string(), format!("{id} in {}", message.channel_id));
        if !turns.pace.may_tell(&who, &place, now) {
            return;
        }
        let identity = Identity { platform: NAME.to_owned(), subject: who };
        let locale = self.house().desk.locale_of_identity(&identity).await;
        let text = turns.texts.say(&locale, id, &[("mention", turns.settings.mention.to_string().into())]);
        if let Err(error) = self.say(message.channel_id, &text, Some(message.id)).await {
            tracing::warn!(error = %error, "a notice could not be said");
        }
    }

    /// Deletes a message that holds a key, where that is allowed.
    async fn unsay(&self, message: &Message) {
        let rest = format!("messages/{}", message.id);
        let route = Route::channel(Method::DELETE, &message.channel_id.to_string(), &rest);
        if let Err(error) = self.rest.call(&route, None).await {
            tracing::info!(error = %error, "a message that held a key could not be deleted");
        }
    }

    /// Takes in what a message says now.
    pub(super) async fn edited(&self, message: Message) {
        let Some(me) = self.me.get().copied() else { return };
        // Without a time it was no person's edit: Discord unfurled a link.
        if message.edited_timestamp.is_none() || message.content.is_none() {
            return;
        }
        if message.application_id == Some(me.application)
            || message.author.as_ref().is_some_and(|author| author.id == me.user)
        {
            return;
        }
        let (message, _) = proxies::without_reply(message);
        let content = content::of(&message, me);
        // Without the intent Discord says that a message changed, and not to what.
        if content.text.is_empty() && content.with.is_empty() {
            return;
        }
        let id = message.id.to_string();
        let mut more = Vec::new();
        if attached::has_more(&message)
            && self.house().turns.keeps(NAME, &id).await.unwrap_or(false)
            && let Some(place) = self.place(&message).await
        {
            more = self.read_along(me, &message, &place).await;
        }
        let said = (content.text, joined(content.with, more));
        match self.house().turns.edited(NAME, &id, said, attached::pictures(&message)).await {
            Ok(true) => {
                let author = message.author.clone().unwrap_or_default();
                let held_a_key = Received { held_a_key: true, ..Received::default() };
                self.respond(&message, &author, false, &held_a_key).await;
            }
            Ok(false) => {}
            Err(error) => crate::ops_error("discord edit", &error),
        }
    }

    /// Takes messages back that were deleted.
    pub(super) async fn deleted(&self, ids: &[Flake]) {
        for id in ids {
            self.proxies.taken_away(*id);
            // Taken away in favour of another message: what was asked is asked still.
            if self.proxies.is_replaced(*id) {
                continue;
            }
            if let Err(error) = self.house().turns.deleted(NAME, &id.to_string()).await {
                crate::ops_error("discord deletion", &error);
            }
        }
    }
}
