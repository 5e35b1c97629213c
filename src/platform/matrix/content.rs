//! What is in a message, in words: its text as the people in the room read it, and what came with it.

use serde_json::Value;

/// Where a message says whom it is shown as: MSC4144 under the name that clients use.
pub(super) const PROFILE: &str = "com.beeper.per_message_profile";
/// Most characters of a name or a file's name.
const NAME_MAX: usize = 120;

/// Whom a message is shown as, where its sender is not enough to say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profile {
    /// The sender's own name for it.
    pub id: String,
    pub name: String,
}

/// A message in words.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Content {
    pub text: String,
    /// What came with it. Nobody is called by it.
    pub with: String,
    /// Whether the house itself is mentioned.
    pub mentions_house: bool,
    /// The message that it replies to.
    pub reply_to: Option<String>,
    /// The first message of the thread it is in.
    pub thread: Option<String>,
    /// The message that it is a newer version of.
    pub replaces: Option<String>,
    pub profile: Option<Profile>,
}

/// A message's content in words; `house` is the account that reads it. `None`: it is nothing that somebody said, as a
/// notice, which bots answer one another with.
pub fn of(content: &Value, house: &str) -> Option<Content> {
    let relation = &content["m.relates_to"];
    let text = |value: &Value| value.as_str().filter(|text| !text.is_empty()).map(str::to_owned);
    let replaces = (relation["rel_type"] == "m.replace").then(|| text(&relation["event_id"])).flatten();
    // An edit says twice what it says: once for those who know no edits.
    let said = if replaces.is_some() { &content["m.new_content"] } else { content };
    let body = said["body"].as_str().unwrap_or_default();
    let (words, with) = match said["msgtype"].as_str()? {
        "m.text" => (body.to_owned(), String::new()),
        "m.emote" => (format!("*{body}*"), String::new()),
        "m.image" => captioned(said, "picture"),
        "m.video" => captioned(said, "video that cannot be seen here"),
        "m.audio" if said["org.matrix.msc3245.voice"].is_object() => captioned(said, "voice message that cannot be heard here"),
        "m.audio" => captioned(said, "sound that cannot be heard here"),
        "m.file" => captioned(said, "file"),
        "m.location" => (String::new(), format!("[a place: {}]", cut(body))),
        _ => return None,
    };
    let in_thread = relation["rel_type"] == "m.thread";
    // Clients that know no threads are shown a reply, which it is not.
    let reply_to = text(&relation["m.in_reply_to"]["event_id"]).filter(|_| relation["is_falling_back"] != true);
    let words = if relation["m.in_reply_to"].is_object() { without_quote(&words) } else { words };
    let profile = profile(said);
    let words = match &profile {
        Some(profile) if said[PROFILE]["has_fallback"] == true => {
            words.strip_prefix(&format!("{}: ", profile.name)).map_or(words.clone(), str::to_owned)
        }
        _ => words,
    };
    let (words, is_named) = without_house(&words, house);
    let mentions = content["m.mentions"]["user_ids"].as_array();
    Some(Content {
        text: words.trim().to_owned(),
        with,
        mentions_house: is_named || mentions.is_some_and(|users| users.iter().any(|user| user == house)),
        reply_to,
        thread: in_thread.then(|| text(&relation["event_id"])).flatten(),
        replaces,
        profile,
    })
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

fn cut(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() <= NAME_MAX { line } else { line.chars().take(NAME_MAX - 1).chain(['…']).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const HOUSE: &str = "@house:example.org";

    fn content(value: Value) -> Content {
        of(&value, HOUSE).unwrap()
    }

    #[test]
    fn words_are_read_as_people_read_them() {
        assert_eq!(content(json!({"msgtype": "m.text", "body": " hello "})).text, "hello");
        assert_eq!(content(json!({"msgtype": "m.emote", "body": "waves"})).text, "*waves*");
        assert_eq!(of(&json!({"msgtype": "m.notice", "body": "beep"}), HOUSE), None);
        assert_eq!(of(&json!({"body": "?"}), HOUSE), None);
        let called = content(json!({"msgtype": "m.text", "body": "@house:example.org: good morning"}));
        assert!(called.mentions_house && called.text == "good morning");
        let called = content(json!({"msgtype": "m.text", "body": "House: hi", "m.mentions": {"user_ids": [HOUSE]}}));
        assert!(called.mentions_house);
    }

    #[test]
    fn replies_threads_and_edits_are_told_apart() {
        let reply = content(json!({
            "msgtype": "m.text", "body": "> <@kim:example.org> old\n> words\n\nnew words",
            "m.relates_to": {"m.in_reply_to": {"event_id": "$1"}},
        }));
        assert_eq!((reply.text.as_str(), reply.reply_to.as_deref()), ("new words", Some("$1")));
        let thread = content(json!({
            "msgtype": "m.text", "body": "aside",
            "m.relates_to": {"rel_type": "m.thread", "event_id": "$0", "is_falling_back": true, "m.in_reply_to": {"event_id": "$1"}},
        }));
        assert_eq!((thread.thread.as_deref(), thread.reply_to), (Some("$0"), None));
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
        let bare = content(json!({"msgtype": "m.text", "body": "Rook: yes", PROFILE: {"id": "rook", "displayname": "Rook"}}));
        assert_eq!(bare.text, "Rook: yes");
    }

    #[test]
    fn what_came_with_it_is_named_honestly() {
        let picture = content(json!({"msgtype": "m.image", "body": "look at him", "filename": "cat.png"}));
        assert_eq!((picture.text.as_str(), picture.with.as_str()), ("look at him", "[picture: cat.png]"));
        let file = content(json!({"msgtype": "m.file", "body": "notes.txt"}));
        assert_eq!((file.text.as_str(), file.with.as_str()), ("", "[file: notes.txt]"));
    }
}
