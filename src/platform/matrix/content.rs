//! What is in a message, in words: its text as the people in the room read it, and what came with it.

use matrix_account::Event;
use serde_json::Value;

use crate::domain::one_line;
use crate::platform::files::{self, TEXT_FILE_MAX};

/// Where a message says whom it is shown as: MSC4144 under the name that clients use.
pub(super) const PROFILE: &str = "com.beeper.per_message_profile";
/// Marks what a house says, for other houses.
pub(super) const HOUSE_MARK: &str = "io.greenroom.house";
/// Where a message says which command it is.
const COMMAND: &str = "org.matrix.msc4391.command";
/// Most characters of a name or a file's name.
const NAME_MAX: usize = 120;

/// Whom a message is shown as, where its sender is not enough to say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profile {
    /// The sender's own name for it.
    pub id: String,
    pub name: String,
}

/// A file of text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TextFile {
    pub name: String,
    /// As of [`Content::pictures`].
    pub source: String,
    /// Longer than what is read.
    pub is_long: bool,
}

/// A message in words.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Content {
    pub text: String,
    /// What came with it. Nobody is called by it.
    pub with: String,
    /// Where the pictures are that came with it: `mxc://…`, or JSON with the keys where they are encrypted.
    pub pictures: Vec<String>,
    /// A file of text that came with it.
    pub text_file: Option<TextFile>,
    /// Whether the house itself is spoken to.
    pub calls_house: bool,
    /// Slugs of personalities whose logins are spoken to.
    pub called: Vec<String>,
    /// The message that it replies to.
    pub reply_to: Option<String>,
    /// The first message of the thread it is in.
    pub thread: Option<String>,
    /// The message that it is a newer version of.
    pub replaces: Option<String>,
    pub profile: Option<Profile>,
    /// A command as clients that know commands send it (MSC4391).
    pub command: Option<Value>,
}

/// One of the house's accounts, as people in a room know it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    pub user: String,
    /// The name that it has in the room.
    pub name: String,
    /// The personality that it is; `None`: the house itself.
    pub slug: Option<String>,
}

/// A message's content in words, for the house's accounts. `None`: it is nothing that somebody said, as a notice, which bots
/// answer one another with.
pub fn of(event: &Event, ours: &[Known]) -> Option<Content> {
    let content = &event.content;
    // Another house's characters, or its lines: two houses would talk for ever.
    if content.get(HOUSE_MARK).is_some() {
        return None;
    }
    let relation = &content["m.relates_to"];
    let text = |value: &Value| value.as_str().filter(|text| !text.is_empty()).map(str::to_owned);
    let replaces = (relation["rel_type"] == "m.replace").then(|| text(&relation["event_id"])).flatten();
    // An edit says twice what it says: once for those who know no edits.
    let said = if replaces.is_some() { &content["m.new_content"] } else { content };
    let body = said["body"].as_str().unwrap_or_default();
    let kind = if event.kind == "m.sticker" { "m.sticker" } else { said["msgtype"].as_str()? };
    let (words, with) = match kind {
        "m.text" => (body.to_owned(), String::new()),
        "m.emote" => (format!("*{body}*"), String::new()),
        "m.sticker" => (String::new(), format!("[sticker: {}]", cut(body))),
        "m.image" => captioned(said, "picture"),
        "m.video" => captioned(said, "video that cannot be seen here"),
        "m.audio" if said["org.matrix.msc3245.voice"].is_object() => {
            captioned(said, "voice message that cannot be heard here")
        }
        "m.audio" => captioned(said, "sound that cannot be heard here"),
        "m.file" => captioned(said, "file"),
        "m.location" => (String::new(), format!("[a place: {}]", cut(body))),
        _ => return None,
    };
    let in_thread = relation["rel_type"] == "m.thread";
    let mentions = content["m.mentions"]["user_ids"].as_array();
    let is_meant = |one: &Known| mentions.is_some_and(|users| users.iter().any(|user| *user == one.user));
    let is_mentioned = ours.iter().any(is_meant);
    // Clients that know no threads are shown a reply, which it is not, unless the house is told that it is meant.
    let before = text(&relation["m.in_reply_to"]["event_id"]);
    let reply_to = before.clone().filter(|_| relation["is_falling_back"] != true || is_mentioned);
    let words = if before.is_some() { without_quote(&words) } else { words };
    let profile = profile(said);
    let words = match &profile {
        Some(profile) if said[PROFILE]["has_fallback"] == true => {
            words.strip_prefix(&format!("{}: ", profile.name)).map_or(words.clone(), str::to_owned)
        }
        _ => words,
    };
    let (mut words, mut calls_house, mut called) = (words, false, Vec::new());
    for one in ours {
        let is_meant = is_meant(one);
        match &one.slug {
            None => {
                let (without, is_named) = without_house(&words, &one.user);
                words = if is_meant { without_name(without, &one.name) } else { without };
                // Whoever replies mentions whom they reply to, which is the house whoever spoke.
                calls_house = is_named || (is_meant && reply_to.is_none());
            }
            Some(slug) if is_meant || words.contains(&one.user) => {
                words = without_name(words.replace(&one.user, &one.name), &one.name);
                called.push(slug.clone());
            }
            Some(_) => {}
        }
    }
    let source = source(said);
    Some(Content {
        text: words.trim().to_owned(),
        with,
        pictures: source.iter().filter(|_| kind == "m.image" && is_shown(said)).cloned().collect(),
        text_file: source.filter(|_| kind == "m.file").and_then(|source| text_file(said, source)),
        calls_house,
        called,
        reply_to,
        thread: in_thread.then(|| text(&relation["event_id"])).flatten().filter(|root| root.starts_with('$')),
        replaces,
        profile,
        command: said.get(COMMAND).filter(|_| is_mentioned || mentions.is_none()).cloned(),
    })
}

/// Where a message's file is.
fn source(said: &Value) -> Option<String> {
    if said["file"].is_object() { Some(said["file"].to_string()) } else { said["url"].as_str().map(str::to_owned) }
}

/// Whether models that see can be shown a picture.
fn is_shown(said: &Value) -> bool {
    let kind = said["info"]["mimetype"].as_str().unwrap_or_default();
    ["image/png", "image/jpeg", "image/gif", "image/webp"].contains(&kind)
}

fn text_file(said: &Value, source: String) -> Option<TextFile> {
    let name = said["filename"].as_str().or_else(|| said["body"].as_str()).unwrap_or_default();
    let is_text = files::is_text(said["info"]["mimetype"].as_str().unwrap_or_default(), name);
    let size = said["info"]["size"].as_u64();
    is_text.then(|| TextFile { name: cut(name), source, is_long: size.is_none_or(|size| size > TEXT_FILE_MAX) })
}

/// The caption of a file, if it has one, and what the file is.
fn captioned(said: &Value, what: &str) -> (String, String) {
    let body = said["body"].as_str().unwrap_or_default();
    match said["filename"].as_str() {
        Some(name) if name != body => (body.to_owned(), format!("[{what}: {}]", cut(name))),
        _ => (String::new(), format!("[{what}: {}]", cut(body))),
    }
}

fn profile(said: &Value) -> Option<Profile> {
    let shown = &said[PROFILE];
    let id = shown["id"].as_str().filter(|id| !id.is_empty() && id.len() <= 255)?;
    let name = shown["displayname"].as_str().map(str::trim).filter(|name| !name.is_empty())?;
    Some(Profile { id: id.to_owned(), name: cut(name) })
}

/// A body without the quote that older clients put before a reply.
fn without_quote(body: &str) -> String {
    if !body.starts_with("> ") {
        return body.to_owned();
    }
    let rest = body.lines().skip_while(|line| line.starts_with("> ") || *line == ">");
    rest.collect::<Vec<_>>().join("\n").trim_start_matches('\n').to_owned()
}

/// A body without the house's own id, and whether it was there.
fn without_house(body: &str, house: &str) -> (String, bool) {
    if house.is_empty() || !body.contains(house) {
        return (body.to_owned(), false);
    }
    let without = body.replace(house, "");
    (without.trim_start_matches([':', ',', ' ']).to_owned(), true)
}

/// A body without the name of the house that clients put before it for a mention.
fn without_name(body: String, name: &str) -> String {
    let after = if name.is_empty() { None } else { body.trim_start().strip_prefix(name) };
    let Some(after) = after.filter(|after| !after.starts_with(char::is_alphanumeric)) else { return body };
    after.trim_start_matches([':', ',', ' ']).to_owned()
}

fn cut(text: &str) -> String {
    let line = one_line(text);
    if line.chars().count() <= NAME_MAX {
        line.into_owned()
    } else {
        line.chars().take(NAME_MAX - 1).chain(['…']).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const HOUSE: &str = "@house:example.org";
    const ABBEY: &str = "@abbey:example.org";

    fn read(content: Value) -> Option<Content> {
        let event = Event {
            room: "!r".into(),
            id: "$e".into(),
            sender: "@kim:example.org".into(),
            kind: "m.room.message".into(),
            content,
            state_key: None,
            before: Value::Null,
            redacts: None,
            at: 0,
            was_encrypted: false,
        };
        let known = |user: &str, name: &str, slug: Option<&str>| Known {
            user: user.to_owned(),
            name: name.to_owned(),
            slug: slug.map(str::to_owned),
        };
        of(&event, &[known(HOUSE, "The House", None), known(ABBEY, "Abbey", Some("abbey"))])
    }

    fn content(value: Value) -> Content {
        read(value).unwrap()
    }

    #[test]
    fn words_are_read_as_people_read_them() {
        assert_eq!(content(json!({"msgtype": "m.text", "body": " hello "})).text, "hello");
        assert_eq!(content(json!({"msgtype": "m.emote", "body": "waves"})).text, "*waves*");
        assert_eq!(read(json!({"msgtype": "m.notice", "body": "beep"})), None);
        assert_eq!(read(json!({"body": "?"})), None);
        assert_eq!(read(json!({"msgtype": "m.text", "body": "Abbey: hi", HOUSE_MARK: true})), None);
        let called = content(json!({"msgtype": "m.text", "body": "@house:example.org: good morning"}));
        assert!(called.calls_house && called.text == "good morning");
        let called =
            content(json!({"msgtype": "m.text", "body": "The House: hi", "m.mentions": {"user_ids": [HOUSE]}}));
        assert!(called.calls_house && called.text == "hi");
        let named = content(json!({"msgtype": "m.text", "body": "The House: hi"}));
        assert!(!named.calls_house && named.text == "The House: hi");
    }

    #[test]
    fn whoever_mentions_a_login_calls_its_character() {
        let read = |body: &str, users: &[&str]| {
            let content = content(json!({"msgtype": "m.text", "body": body, "m.mentions": {"user_ids": users}}));
            (content.text, content.called, content.calls_house)
        };
        let abbey = || vec!["abbey".to_owned()];
        assert_eq!(read("Abbey: hi", &[ABBEY]), ("hi".into(), abbey(), false));
        assert_eq!(read("@abbey:example.org: hi", &[ABBEY]), ("hi".into(), abbey(), false));
        assert_eq!(read("ask @abbey:example.org, please", &[]), ("ask Abbey, please".into(), abbey(), false));
        assert_eq!(read("Abbey: hi", &[]), ("Abbey: hi".into(), Vec::new(), false));
        assert_eq!(read("The House: and Abbey", &[HOUSE, ABBEY]), ("and Abbey".into(), abbey(), true));
    }

    #[test]
    fn replies_threads_and_edits_are_told_apart() {
        let reply = content(json!({
            "msgtype": "m.text", "body": "> <@kim:example.org> old\n> words\n\nnew words",
            "m.relates_to": {"m.in_reply_to": {"event_id": "$1"}},
        }));
        assert_eq!((reply.text.as_str(), reply.reply_to.as_deref()), ("new words", Some("$1")));
        let to_us = content(json!({
            "msgtype": "m.text", "body": "and then?", "m.mentions": {"user_ids": [HOUSE]},
            "m.relates_to": {"m.in_reply_to": {"event_id": "$1"}},
        }));
        assert!(!to_us.calls_house, "whoever replies to a character calls that one");
        let thread = content(json!({
            "msgtype": "m.text", "body": "aside",
            "m.relates_to": {"rel_type": "m.thread", "event_id": "$0", "is_falling_back": true, "m.in_reply_to": {"event_id": "$1"}},
        }));
        assert_eq!((thread.thread.as_deref(), thread.reply_to), (Some("$0"), None));
        let meant = content(json!({
            "msgtype": "m.text", "body": "aside", "m.mentions": {"user_ids": [HOUSE]},
            "m.relates_to": {"rel_type": "m.thread", "event_id": "$0", "is_falling_back": true, "m.in_reply_to": {"event_id": "$1"}},
        }));
        assert_eq!((meant.reply_to.as_deref(), meant.calls_house), (Some("$1"), false));
        let edit = content(json!({
            "msgtype": "m.text", "body": "* better", "m.new_content": {"msgtype": "m.text", "body": "better"},
            "m.relates_to": {"rel_type": "m.replace", "event_id": "$1"},
        }));
        assert_eq!((edit.text.as_str(), edit.replaces.as_deref()), ("better", Some("$1")));
    }

    #[test]
    fn a_message_may_be_somebody_in_particulars() {
        let shown = content(json!({
            "msgtype": "m.text", "body": "Rook: the lamp is green",
            PROFILE: {"id": "rook", "displayname": "Rook", "has_fallback": true},
        }));
        assert_eq!(shown.text, "the lamp is green");
        assert_eq!(shown.profile, Some(Profile { id: "rook".into(), name: "Rook".into() }));
        let bare =
            content(json!({"msgtype": "m.text", "body": "Rook: yes", PROFILE: {"id": "rook", "displayname": "Rook"}}));
        assert_eq!(bare.text, "Rook: yes");
    }

    #[test]
    fn what_came_with_it_is_named_honestly() {
        let picture = content(json!({"msgtype": "m.image", "body": "look at him", "filename": "cat.png"}));
        assert_eq!((picture.text.as_str(), picture.with.as_str()), ("look at him", "[picture: cat.png]"));
        let file = content(json!({"msgtype": "m.file", "body": "notes.txt", "url": "mxc://x/1",
            "info": {"mimetype": "text/plain", "size": 10}}));
        assert_eq!((file.text.as_str(), file.with.as_str()), ("", "[file: notes.txt]"));
        let read = TextFile { name: "notes.txt".into(), source: "mxc://x/1".into(), is_long: false };
        assert_eq!(file.text_file, Some(read));
        let large = content(json!({"msgtype": "m.file", "body": "log.txt", "url": "mxc://x/1",
            "info": {"mimetype": "text/plain", "size": 10_000_000}}));
        assert!(large.text_file.unwrap().is_long);
        let secret = content(json!({"msgtype": "m.image", "body": "cat.png", "file": {"url": "mxc://x/2"},
            "info": {"mimetype": "image/png"}}));
        assert_eq!(secret.pictures, [r#"{"url":"mxc://x/2"}"#]);
    }
}
