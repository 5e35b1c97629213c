//! What Discord sends, as far as the house needs it: tolerant of everything else, so that nothing new drops an event.

use serde::{Deserialize, Deserializer};
use serde_json::Value;

/// A snowflake: Discord's ids, in order of their making.
pub type Flake = u64;
/// Milliseconds of Discord's first moment since that of Unix.
const EPOCH_MILLIS: u64 = 1_420_070_400_000;

/// When an id was made, in Unix milliseconds.
pub fn made_at(id: Flake) -> i64 {
    i64::try_from((id >> 22) + EPOCH_MILLIS).unwrap_or(i64::MAX)
}

/// The smallest id that may be made at a Unix time in milliseconds.
pub fn first_of(millis: i64) -> Flake {
    u64::try_from(millis).unwrap_or_default().saturating_sub(EPOCH_MILLIS) << 22
}

/// Reads an id that is written as text or as a number.
fn flake<'de, D: Deserializer<'de>>(from: D) -> Result<Flake, D::Error> {
    Ok(flake_of(&Value::deserialize(from)?).unwrap_or_default())
}

fn maybe_flake<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Flake>, D::Error> {
    Ok(flake_of(&Value::deserialize(from)?))
}

/// The id in a value; `None` where there is none.
pub fn flake_of(value: &Value) -> Option<Flake> {
    value.as_str().and_then(|text| text.parse().ok()).or_else(|| value.as_u64())
}

/// Reads what it can of a list and leaves out what it cannot.
fn lenient<'de, D: Deserializer<'de>, T: serde::de::DeserializeOwned>(from: D) -> Result<Vec<T>, D::Error> {
    let list = Value::deserialize(from)?;
    let Value::Array(list) = list else { return Ok(Vec::new()) };
    Ok(list.into_iter().filter_map(|one| serde_json::from_value(one).ok()).collect())
}

/// Somebody with an account.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct User {
    #[serde(deserialize_with = "flake")]
    pub id: Flake,
    pub username: String,
    pub global_name: Option<String>,
    pub bot: bool,
    /// Only with mentions: as a member of the guild.
    pub member: Option<Box<Member>>,
}

/// Somebody as a member of a guild.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Member {
    pub nick: Option<String>,
    /// Only with interactions.
    pub user: Option<User>,
    /// What they may do in the channel, only with interactions.
    pub permissions: Option<String>,
}

impl User {
    /// The name that others see.
    pub fn shown<'a>(&'a self, member: Option<&'a Member>) -> &'a str {
        let nick = member.or(self.member.as_deref()).and_then(|member| member.nick.as_deref());
        nick.or(self.global_name.as_deref()).unwrap_or(&self.username)
    }
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Reference {
    #[serde(deserialize_with = "maybe_flake")]
    pub message_id: Option<Flake>,
    /// 1: a forward.
    #[serde(rename = "type")]
    pub kind: u64,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Attachment {
    pub filename: String,
    pub content_type: Option<String>,
    pub description: Option<String>,
    pub size: u64,
    pub url: String,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Embed {
    pub title: Option<String>,
    pub description: Option<String>,
    pub author: Option<Named>,
    pub fields: Vec<EmbedField>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct EmbedField {
    pub name: String,
    pub value: String,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Named {
    pub name: String,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Poll {
    pub question: PollText,
    #[serde(deserialize_with = "lenient")]
    pub answers: Vec<PollAnswer>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct PollAnswer {
    pub poll_media: PollText,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct PollText {
    pub text: Option<String>,
}

/// A copy of a message that was forwarded.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Snapshot {
    pub message: Box<Message>,
}

/// A message, new or edited. Of an edit, only what changed is there.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Message {
    #[serde(deserialize_with = "flake")]
    pub id: Flake,
    #[serde(deserialize_with = "flake")]
    pub channel_id: Flake,
    #[serde(deserialize_with = "maybe_flake")]
    pub guild_id: Option<Flake>,
    pub author: Option<User>,
    pub member: Option<Member>,
    pub content: Option<String>,
    #[serde(deserialize_with = "maybe_flake")]
    pub webhook_id: Option<Flake>,
    #[serde(deserialize_with = "maybe_flake")]
    pub application_id: Option<Flake>,
    #[serde(rename = "type")]
    pub kind: u64,
    pub flags: u64,
    pub edited_timestamp: Option<String>,
    pub message_reference: Option<Reference>,
    pub referenced_message: Option<Box<Message>>,
    #[serde(deserialize_with = "lenient")]
    pub message_snapshots: Vec<Snapshot>,
    #[serde(deserialize_with = "lenient")]
    pub mentions: Vec<User>,
    #[serde(deserialize_with = "lenient")]
    pub attachments: Vec<Attachment>,
    #[serde(deserialize_with = "lenient")]
    pub embeds: Vec<Embed>,
    #[serde(deserialize_with = "lenient")]
    pub sticker_items: Vec<Named>,
    pub poll: Option<Poll>,
}

/// Kinds of messages that somebody wrote: plain ones, replies, and answers to commands.
const WRITTEN: [u64; 4] = [0, 19, 20, 23];
/// Flag of a voice message.
const IS_VOICE: u64 = 1 << 13;

impl Message {
    /// Whether somebody wrote it, rather than Discord.
    pub fn is_written(&self) -> bool {
        WRITTEN.contains(&self.kind)
    }

    pub fn is_voice(&self) -> bool {
        self.flags & IS_VOICE != 0
    }

    /// The message it replies to; a forward replies to nothing.
    pub fn replies_to(&self) -> Option<Flake> {
        self.message_reference.as_ref().filter(|reference| reference.kind == 0).and_then(|to| to.message_id)
    }
}

/// Messages that were deleted, one or many.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Deleted {
    #[serde(deserialize_with = "flake")]
    pub id: Flake,
    pub ids: Vec<String>,
    #[serde(deserialize_with = "flake")]
    pub channel_id: Flake,
}

impl Deleted {
    /// All of them.
    pub fn all(&self) -> Vec<Flake> {
        let many = self.ids.iter().filter_map(|id| id.parse().ok());
        many.chain((self.id != 0).then_some(self.id)).collect()
    }
}

/// Who may do what in a channel, for one role or member.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Overwrite {
    #[serde(deserialize_with = "flake")]
    pub id: Flake,
    pub allow: Value,
    pub deny: Value,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Channel {
    #[serde(deserialize_with = "flake")]
    pub id: Flake,
    #[serde(deserialize_with = "maybe_flake")]
    pub guild_id: Option<Flake>,
    #[serde(deserialize_with = "maybe_flake")]
    pub parent_id: Option<Flake>,
    #[serde(deserialize_with = "maybe_flake")]
    pub last_message_id: Option<Flake>,
    #[serde(rename = "type")]
    pub kind: u8,
    pub nsfw: bool,
    pub name: Option<String>,
    #[serde(deserialize_with = "lenient")]
    pub permission_overwrites: Vec<Overwrite>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Role {
    #[serde(deserialize_with = "flake")]
    pub id: Flake,
    pub permissions: Value,
}

/// A guild as it is told when the session begins.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Guild {
    #[serde(deserialize_with = "flake")]
    pub id: Flake,
    pub unavailable: bool,
    /// 3: age-restricted as a whole.
    pub nsfw_level: u8,
    #[serde(deserialize_with = "lenient")]
    pub channels: Vec<Channel>,
    #[serde(deserialize_with = "lenient")]
    pub threads: Vec<Channel>,
    #[serde(deserialize_with = "lenient")]
    pub roles: Vec<Role>,
}

/// Permission bits written as text or as a number.
pub fn bits(value: &Value) -> u64 {
    flake_of(value).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_tell_when_they_were_made() {
        let id = 175_928_847_299_117_063;
        assert_eq!(made_at(id), 1_462_015_105_796);
        assert!(first_of(1_462_015_105_796) <= id && first_of(1_462_015_105_797) > id);
        assert_eq!(first_of(-5), 0);
    }

    #[test]
    fn what_nobody_knows_yet_drops_no_message() {
        let text = r#"{"id":"5","channel_id":7,"type":46,"content":null,"embeds":[3,{"title":"t"}],"mentions":"?",
            "components":[{"type":99}],"author":{"id":"9","username":"ada","global_name":null,"clan":{}}}"#;
        let message: Message = serde_json::from_str(text).unwrap();
        assert_eq!((message.id, message.channel_id, message.embeds.len()), (5, 7, 1));
        assert!(!message.is_written() && message.mentions.is_empty());
        assert_eq!(message.author.unwrap().shown(None), "ada");
    }

    #[test]
    fn deletions_are_one_or_many() {
        let one: Deleted = serde_json::from_str(r#"{"id":"4","channel_id":"1"}"#).unwrap();
        let many: Deleted = serde_json::from_str(r#"{"ids":["4","5"],"channel_id":"1"}"#).unwrap();
        assert_eq!((one.all(), many.all()), (vec![4], vec![4, 5]));
    }
}
