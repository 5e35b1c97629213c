//! What people do with messages.

use serde_json::{Value, json};

use crate::FakeDiscord;
use crate::compose::{Author, Draft};
use crate::gateway::Intent;
use crate::permissions::{ATTACH_FILES, MENTION_EVERYONE, SEND_MESSAGES, VIEW_CHANNEL};
use crate::request::id_of;
use crate::rest::snapshot;
use crate::rules::mentions::{Otherwise, Speaker};
use crate::rules::message::IS_VOICE;
use crate::state::{File, Pings, World};

/// A message of a person with everything it may carry.
#[derive(Clone, Debug, Default)]
pub struct Post {
    pub content: String,
    pub reply_to: Option<u64>,
    /// The reply does not ping the author.
    pub quiet_reply: bool,
    pub attachments: Vec<File>,
    /// Names of stickers.
    pub stickers: Vec<String>,
    pub embeds: Vec<Value>,
    /// The question and its answers.
    pub poll: Option<(String, Vec<String>)>,
    pub forward_of: Option<u64>,
    /// The first attachment is a voice message.
    pub voice: bool,
    /// The type of a system message: 7 a new member, 8 a boost, 6 a pin.
    pub system_type: Option<u8>,
}

/// A webhook that is not the bot's: PluralKit's, or anybody's.
#[derive(Clone, Debug, Default)]
pub struct ForeignWebhook {
    /// `None`: a person made the webhook.
    pub application_id: Option<u64>,
    /// As made by [`FakeDiscord::webhook`], or any other id.
    pub webhook_id: u64,
    /// The name of this message.
    pub name: String,
    pub avatar: Option<String>,
}

impl World {
    fn post(&mut self, user: u64, channel: u64, post: &Post) -> u64 {
        let name = self.users.get(&user).map_or("nobody", |user| user.name.as_str());
        let found = self.channels.get(&channel).expect("the channel of a message exists");
        let rights = self.permissions(found, user);
        let (bit, right) = Self::speaking(found);
        let is_system = post.system_type.is_some();
        assert!(rights & VIEW_CHANNEL != 0, "{name} does not see the channel {}", found.name);
        assert!(rights & bit != 0 || is_system, "{name} may not write in {} ({right})", found.name);
        let is_post = found.is_forum();
        assert!(!is_post, "{} holds posts: use forum_post", found.name);
        assert!(post.attachments.is_empty() || rights & ATTACH_FILES != 0, "{name} may not attach files");
        assert!(post.content.chars().count() <= 4_000, "nobody can write more than 4000 characters");
        let (mut draft, author) = self.draft(channel, Author::User(user), post);
        let speaker = Speaker {
            otherwise: Otherwise::Everything,
            may_ping_all: rights & MENTION_EVERYONE != 0,
            replies_to: author.filter(|&author| !post.quiet_reply && author != user),
        };
        draft.pings = self.pings_of(channel, &draft.body, &speaker);
        if let Some(kind) = post.system_type {
            draft.kind = kind;
        }
        if let Some(channel) = self.channels.get_mut(&channel).filter(|channel| channel.is_thread()) {
            channel.members.insert(user);
        }
        self.wake(channel);
        self.compose(draft)
    }

    /// The message of a post, and the author it replies to.
    fn draft(&mut self, channel: u64, author: Author, post: &Post) -> (Draft, Option<u64>) {
        let mut body = json!({"content": post.content, "embeds": post.embeds});
        if let Some((question, answers)) = &post.poll {
            let answers: Vec<Value> = answers.iter().map(|text| json!({"poll_media": {"text": text}})).collect();
            body["poll"] = json!({"question": {"text": question}, "answers": answers});
        }
        if post.voice {
            body["flags"] = json!(IS_VOICE);
            body["attachments"] = json!([{"id": "0", "duration_secs": 1.5, "waveform": "AAAA"}]);
        }
        let mut draft = Draft::new(channel, author, body);
        let numbered = post.attachments.iter().enumerate();
        draft.files = numbered.map(|(number, file)| (u64::try_from(number).unwrap_or(0), file.clone())).collect();
        if !post.stickers.is_empty() {
            let stickers = post.stickers.iter();
            let items: Vec<Value> =
                stickers.map(|name| json!({"id": self.id().to_string(), "name": name, "format_type": 1})).collect();
            draft = draft.field("sticker_items", json!(items));
        }
        let reference = |world: &World, id: u64, kind: u8| {
            let of = world.messages.get(&id).expect("the message that is referred to exists").value.clone();
            let mut reference = json!({"type": kind, "message_id": id.to_string(), "channel_id": of["channel_id"]});
            let there = id_of(&of["channel_id"]).and_then(|id| world.channels.get(&id)).and_then(|there| there.guild);
            if let Some(guild) = there {
                reference["guild_id"] = json!(guild.to_string());
            }
            (reference, of)
        };
        if let Some(id) = post.forward_of {
            let (reference, of) = reference(self, id, 1);
            draft = draft.field("message_reference", reference);
            draft = draft.field("message_snapshots", json!([{"message": snapshot(&of)}]));
            draft.body["flags"] = json!(draft.body["flags"].as_u64().unwrap_or(0) | 1 << 14);
        }
        let mut replied = None;
        if let Some(id) = post.reply_to {
            let (reference, of) = reference(self, id, 0);
            assert!(of["channel_id"] == *channel.to_string(), "a reply is in the channel of the message it answers");
            draft = draft.field("message_reference", reference);
            draft.kind = 19;
            let is_webhook = of["webhook_id"].is_string() && of["interaction_metadata"].is_null();
            replied = id_of(&of["author"]["id"]).filter(|_| !is_webhook);
        }
        (draft, replied)
    }

    fn channel_of(&self, message: u64) -> u64 {
        let stored = self.messages.get(&message).expect("the message exists");
        id_of(&stored.value["channel_id"]).unwrap_or(0)
    }
}

impl FakeDiscord {
    /// Somebody writes a message.
    ///
    /// # Panics
    /// When they could not: they do not see the channel or may not write in it.
    pub fn says(&self, user: u64, channel: u64, text: &str) -> u64 {
        self.posts(user, channel, Post { content: text.to_owned(), ..Default::default() })
    }

    /// Somebody posts anything.
    ///
    /// # Panics
    /// As [`FakeDiscord::says`].
    pub fn posts(&self, user: u64, channel: u64, post: Post) -> u64 {
        self.shared().change(|world| world.post(user, channel, &post))
    }

    /// Somebody begins a post in a forum; the id is that of the thread and of its first message.
    ///
    /// # Panics
    /// When they may not.
    pub fn forum_post(&self, forum: u64, user: u64, title: &str, text: &str) -> u64 {
        self.shared().change(|world| {
            let found = world.channels.get(&forum).expect("the forum exists");
            assert!(found.is_forum(), "{} is no forum", found.name);
            let rights = world.permissions(found, user);
            assert!(rights & SEND_MESSAGES != 0, "the user may not post in {}", found.name);
            let thread = world.add_thread(forum, title, 11, user, None);
            let post = Post { content: text.to_owned(), ..Default::default() };
            let (mut draft, _) = world.draft(thread, Author::User(user), &post);
            let may_ping_all = rights & MENTION_EVERYONE != 0;
            let speaker = Speaker { otherwise: Otherwise::Everything, may_ping_all, replies_to: None };
            draft.pings = world.pings_of(thread, &draft.body, &speaker);
            draft.id = Some(thread);
            world.compose(draft)
        })
    }

    /// A webhook that is not the bot's posts a message.
    pub fn webhook_posts(&self, webhook: ForeignWebhook, channel: u64, post: Post) -> u64 {
        self.shared().change(|world| {
            let found = world.channels.get(&channel).expect("the channel of a message exists");
            let parent = if found.is_thread() { found.parent.unwrap_or(channel) } else { channel };
            let guild = found.guild.expect("webhooks are in guilds");
            if !world.webhooks.contains_key(&webhook.webhook_id) {
                let (creator, token) = (world.owner_of(channel), world.secret(68));
                let made = crate::state::Webhook {
                    id: webhook.webhook_id,
                    token,
                    channel: parent,
                    guild,
                    name: webhook.name.clone(),
                    avatar: None,
                    application: webhook.application_id,
                    creator,
                };
                world.webhooks.insert(made.id, made);
            }
            let mut author = world.webhook_author(webhook.webhook_id, &webhook.name, webhook.avatar.clone());
            if let Author::Webhook { application, .. } = &mut author {
                *application = webhook.application_id;
            }
            let (mut draft, _) = world.draft(channel, author, &post);
            let speaker = Speaker { otherwise: Otherwise::Users, may_ping_all: true, replies_to: None };
            draft.pings = world.pings_of(channel, &draft.body, &speaker);
            world.compose(draft)
        })
    }

    /// The author changes the text of a message.
    pub fn edits(&self, message: u64, text: &str) {
        self.shared().change(|world| {
            let channel = world.channel_of(message);
            let author = id_of(&world.messages[&message].value["author"]["id"]).unwrap_or(0);
            let rights = world.channels.get(&channel).map_or(0, |channel| world.permissions(channel, author));
            let body = json!({"content": text});
            let speaker = Speaker {
                otherwise: Otherwise::Everything,
                may_ping_all: rights & MENTION_EVERYONE != 0,
                replies_to: None,
            };
            let pings: Pings = world.pings_of(channel, &body, &speaker);
            world.revise(message, &body, &[], Some(pings));
        });
    }

    /// Discord adds an embed for a link: an update without an edit.
    pub fn unfurls(&self, message: u64, embed: Value) {
        self.shared().change(|world| {
            let edited = world.messages[&message].value["edited_timestamp"].clone();
            if let Some(stored) = world.messages.get_mut(&message) {
                stored.value["embeds"] = json!([embed]);
                stored.value["edited_timestamp"] = edited;
            }
            world.emit_message("MESSAGE_UPDATE", message);
        });
    }

    /// Somebody deletes a message.
    pub fn deletes(&self, message: u64) {
        self.shared().change(|world| world.erase(world.channel_of(message), &[message], false));
    }

    /// A moderator deletes messages at once.
    pub fn deletes_many(&self, channel: u64, messages: &[u64]) {
        self.shared().change(|world| world.erase(channel, messages, true));
    }

    /// Somebody reacts with a character or `name:id`.
    pub fn reacts(&self, user: u64, message: u64, emoji: &str) {
        self.shared().change(|world| world.react(user, message, emoji, true));
    }

    /// Somebody takes a reaction back.
    pub fn unreacts(&self, user: u64, message: u64, emoji: &str) {
        self.shared().change(|world| world.react(user, message, emoji, false));
    }

    /// The addresses of all attachments so far expire, as Discord's do after a day.
    pub fn expire_attachments(&self) {
        self.shared().change(|world| world.files_expired_to = world.id());
    }

    /// Somebody begins to type.
    pub fn types(&self, user: u64, channel: u64) {
        self.shared().change(|world| {
            let in_guild = Intent::GUILD_MESSAGE_TYPING;
            let audience = world.around(channel, in_guild, Intent::DIRECT_MESSAGE_TYPING);
            let seconds = crate::time::now() / 1_000;
            let mut event =
                json!({"channel_id": channel.to_string(), "user_id": user.to_string(), "timestamp": seconds});
            if let Some(guild) = audience.guild {
                event["guild_id"] = json!(guild.to_string());
                event["member"] = world.member_with_user(guild, user);
            }
            world.emit("TYPING_START", audience, &event);
        });
    }
}
