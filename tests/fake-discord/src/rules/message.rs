//! Messages: content, files, flags and polls.

use serde_json::Value;

use super::components::IS_V2;
use super::{Check, at, components, embeds, flag, list, mentions, only, text};
use crate::refusal::Refusal;
use crate::request::id_of;
use crate::state::File;

const MOST_CONTENT: usize = 2_000;
const MOST_FILES: usize = 10;
const LARGEST_FILE: usize = 10 * 1024 * 1024;
pub(crate) const LARGEST_REQUEST: usize = 25 * 1024 * 1024;
pub(crate) const SUPPRESS_EMBEDS: u64 = 1 << 2;
pub(crate) const EPHEMERAL: u64 = 1 << 6;
pub(crate) const LOADING: u64 = 1 << 7;
pub(crate) const SUPPRESS_NOTIFICATIONS: u64 = 1 << 12;
pub(crate) const IS_VOICE: u64 = 1 << 13;

/// What kind of request carries the message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    Create,
    Edit,
    Webhook,
    WebhookEdit,
    Callback,
    FollowUp,
}

impl Way {
    fn fields(self) -> &'static [&'static str] {
        match self {
            Self::Create => &[
                "content",
                "nonce",
                "tts",
                "embeds",
                "allowed_mentions",
                "message_reference",
                "components",
                "sticker_ids",
                "attachments",
                "flags",
                "enforce_nonce",
                "poll",
                "shared_client_theme",
            ],
            Self::Edit => &["content", "embeds", "flags", "allowed_mentions", "components", "attachments"],
            Self::Webhook => &[
                "content",
                "username",
                "avatar_url",
                "tts",
                "embeds",
                "allowed_mentions",
                "components",
                "attachments",
                "flags",
                "thread_name",
                "applied_tags",
                "poll",
            ],
            Self::WebhookEdit => {
                &["content", "embeds", "flags", "allowed_mentions", "components", "attachments", "poll"]
            }
            Self::Callback | Self::FollowUp => {
                &["tts", "content", "embeds", "allowed_mentions", "flags", "components", "attachments", "poll"]
            }
        }
    }

    pub fn is_edit(self) -> bool {
        matches!(self, Self::Edit | Self::WebhookEdit)
    }

    fn flags(self) -> u64 {
        let common = SUPPRESS_EMBEDS | SUPPRESS_NOTIFICATIONS | IS_V2;
        match self {
            Self::Create => common | IS_VOICE,
            Self::Webhook => common,
            Self::Edit | Self::WebhookEdit => SUPPRESS_EMBEDS | IS_V2,
            Self::Callback | Self::FollowUp => common | EPHEMERAL | IS_VOICE,
        }
    }
}

/// Checks everything in a message that needs no look at the world. `old_flags` are those of the message it edits.
pub(crate) fn check(
    body: &Value,
    files: &[(u64, File)],
    way: Way,
    path: &str,
    old_flags: u64,
    notes: &mut Vec<String>,
) -> Check {
    only(body, path, way.fields())?;
    let content = text(body, path, "content")?.map(str::trim).unwrap_or_default();
    super::length(content, &at(path, "content"), 0, MOST_CONTENT)?;
    let flags = body["flags"].as_u64().unwrap_or(0);
    if !body["flags"].is_null() && !body["flags"].is_u64() {
        return Err(Refusal::form(&at(path, "flags"), "NUMBER_TYPE_COERCE", "Value is not int."));
    }
    if flags & !way.flags() != 0 {
        notes.push(format!("flags {flags} hold some that cannot be set here"));
    }
    let is_v2 = (flags | old_flags) & IS_V2 != 0;
    embeds::check(body, path)?;
    components::check(body, path, is_v2)?;
    flag(body, path, "tts")?;
    flag(body, path, "enforce_nonce")?;
    if is_v2 {
        for name in ["content", "embeds", "poll", "sticker_ids"] {
            let is_set = match &body[name] {
                Value::Null => false,
                Value::String(text) => !text.is_empty(),
                Value::Array(list) => !list.is_empty(),
                _ => true,
            };
            if is_set {
                let message = format!("The '{name}' field cannot be used when using MessageFlags.IS_COMPONENTS_V2");
                let code = "MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2";
                return Err(Refusal::form(&at(path, name), code, &message));
            }
        }
    }
    let may_ping = !content.is_empty() || (is_v2 && !body["components"].is_null());
    if !way.is_edit() || may_ping || !body["allowed_mentions"].is_null() {
        mentions::check(body, path, notes)?;
    }
    check_nonce(body, path)?;
    check_poll(body, path)?;
    check_files(body, files, path, flags)?;
    let is_empty = |name: &str| match &body[name] {
        Value::Null => true,
        Value::Array(list) => list.is_empty(),
        _ => false,
    };
    let carries = ["embeds", "components", "sticker_ids", "poll"].iter().any(|name| !is_empty(name));
    let is_forward = body["message_reference"]["type"] == 1;
    if !way.is_edit() && content.is_empty() && !carries && files.is_empty() && !is_forward {
        return Err(Refusal::new(400, 50006, "Cannot send an empty message"));
    }
    Ok(())
}

fn check_nonce(body: &Value, path: &str) -> Check {
    match &body["nonce"] {
        Value::Null if body["enforce_nonce"] == true => Err(Refusal::required(&at(path, "nonce"))),
        Value::Null | Value::Number(_) => Ok(()),
        Value::String(nonce) => super::length(nonce, &at(path, "nonce"), 0, 25),
        _ => Err(Refusal::form(&at(path, "nonce"), "STRING_TYPE_CONVERT", "Could not interpret value as string.")),
    }
}

fn check_poll(body: &Value, path: &str) -> Check {
    let poll = &body["poll"];
    if poll.is_null() {
        return Ok(());
    }
    let path = at(path, "poll");
    only(poll, &path, &["question", "answers", "duration", "allow_multiselect", "layout_type"])?;
    let question = poll["question"]["text"].as_str().unwrap_or_default();
    super::length(question, &at(&path, "question.text"), 1, 300)?;
    let answers = list(poll, &path, "answers")?;
    super::length(&"x".repeat(answers.len()), &at(&path, "answers"), 1, 10)?;
    for (number, answer) in answers.iter().enumerate() {
        let text = answer["poll_media"]["text"].as_str().unwrap_or_default();
        super::length(text, &at(&path, format!("answers.{number}.poll_media.text")), 1, 55)?;
    }
    if !(1..=768).contains(&poll["duration"].as_u64().unwrap_or(24)) {
        return Err(Refusal::form(&at(&path, "duration"), "NUMBER_TYPE_MAX", "Must be between 1 and 768."));
    }
    Ok(())
}

fn check_files(body: &Value, files: &[(u64, File)], path: &str, flags: u64) -> Check {
    const KNOWN: &[&str] = &[
        "id",
        "filename",
        "title",
        "description",
        "content_type",
        "size",
        "url",
        "proxy_url",
        "height",
        "width",
        "ephemeral",
        "duration_secs",
        "waveform",
        "flags",
        "is_remix",
    ];
    if files.len() > MOST_FILES {
        return Err(Refusal::new(400, 30015, "Maximum number of attachments in a message reached (10)"));
    }
    if files.iter().any(|(_, file)| file.bytes.len() > LARGEST_FILE) {
        return Err(Refusal::new(413, 40005, "Request entity too large").hint("a file of more than 10 MiB"));
    }
    let listed = list(body, path, "attachments")?;
    super::length(&"x".repeat(listed.len()), &at(path, "attachments"), 0, MOST_FILES)?;
    for (number, entry) in listed.iter().enumerate() {
        let path = at(&at(path, "attachments"), number);
        only(entry, &path, KNOWN)?;
        super::length(text(entry, &path, "description")?.unwrap_or_default(), &at(&path, "description"), 0, 1_024)?;
        let id = id_of(&entry["id"]).ok_or_else(|| Refusal::required(&at(&path, "id")))?;
        // Small numbers are those of uploaded files, large ones attachments that an edit keeps.
        if id < 1_000 && !files.iter().any(|(number, _)| *number == id) {
            let message = format!("No file was uploaded for the attachment {id}.");
            return Err(Refusal::form(&path, "ATTACHMENT_NOT_FOUND", &message));
        }
    }
    if flags & IS_VOICE == 0 {
        return Ok(());
    }
    let is_audio = files.len() == 1 && files[0].1.content_type.starts_with("audio/");
    let described =
        listed.first().is_some_and(|entry| entry["duration_secs"].is_number() && entry["waveform"].is_string());
    match (is_audio, described, body["content"].as_str().unwrap_or_default()) {
        (true, true, "") => Ok(()),
        (true, true, _) => Err(Refusal::new(400, 50159, "Voice messages do not support additional content.")),
        (true, false, _) => Err(Refusal::new(400, 50161, "Voice messages must have supporting metadata.")),
        (false, ..) => Err(Refusal::new(400, 50160, "Voice messages must have a single audio attachment.")),
    }
}
