//! What is in a message, in words: its text as the people in the channel read it, and what came with it.

use super::Me;
use super::wire::{Embed, Flake, Message};

/// Most characters of a message that another one is quoted, forwarded or embedded with.
const QUOTE_MAX: usize = 600;
/// Files and embeds of a message that are named.
const NAMED_MAX: usize = 10;

/// A message in words.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Content {
    /// What was written, mentions as names.
    pub text: String,
    /// What came with it. Nobody is called by it.
    pub with: String,
    /// Whether the house itself is mentioned.
    pub mentions_house: bool,
}

/// A message in words; `house` is who the house is.
pub fn of(message: &Message, house: Me) -> Content {
    let raw = message.content.as_deref().unwrap_or_default();
    let (text, mentions_house) = written(raw, message, house.user);
    Content { text, with: with(message, house), mentions_house }
}

/// The text with mentions, channels and custom emojis as people read them, and whether the house is mentioned.
fn written(raw: &str, message: &Message, house: Flake) -> (String, bool) {
    let (mut text, mut rest, mut mentions_house) = (String::with_capacity(raw.len()), raw, false);
    while let Some(at) = rest.find('<') {
        text.push_str(&rest[..at]);
        rest = &rest[at..];
        let token = rest.find('>').map(|end| &rest[1..end]);
        let Some(token) = token.filter(|token| token.len() <= 60 && !token.contains(char::is_whitespace)) else {
            text.push('<');
            rest = &rest[1..];
            continue;
        };
        let after = &rest[token.len() + 2..];
        if let Some(id) = token.strip_prefix("@&") {
            if id.bytes().all(|byte| byte.is_ascii_digit()) {
                text.push_str("(a role)");
            }
        } else if let Some(id) = token.strip_prefix('@').map(|id| id.trim_start_matches('!')) {
            match id.parse::<Flake>() {
                Ok(id) if id == house => mentions_house = true,
                // Without its sign: the name of a person must not call a character.
                Ok(id) => match message.mentions.iter().find(|user| user.id == id) {
                    Some(user) => text.push_str(&plain(user.shown(None))),
                    None => text.push_str("(somebody)"),
                },
                Err(_) => text.push_str(&rest[..token.len() + 2]),
            }
        } else if token.strip_prefix('#').is_some_and(|id| id.parse::<Flake>().is_ok()) {
            text.push_str("(a channel)");
        } else if let Some(emoji) = emoji(token) {
            text.push_str(emoji);
        } else {
            text.push_str(&rest[..token.len() + 2]);
        }
        rest = after;
    }
    text.push_str(rest);
    (text.trim().to_owned(), mentions_house)
}

/// A name in which nothing calls a character, whatever sign does that here.
fn plain(name: &str) -> String {
    let name: String = name.chars().filter(|c| c.is_alphanumeric() || " -_'’.".contains(*c)).collect();
    let name = name.trim_matches(|c: char| !c.is_alphanumeric());
    if name.is_empty() { "(somebody)".to_owned() } else { name.to_owned() }
}

/// `:wave:` of `:wave:123` or `a:wave:123`.
fn emoji(token: &str) -> Option<&str> {
    let name = token.strip_prefix('a').unwrap_or(token);
    let (shown, id) = name.rsplit_once(':')?;
    (shown.starts_with(':') && shown.len() > 1 && id.parse::<Flake>().is_ok())
        .then(|| &token[token.len() - name.len()..token.len() - id.len()])
}

/// What came with a message, a line for each thing.
fn with(message: &Message, house: Me) -> String {
    let mut lines = Vec::new();
    if let Some(quoted) = message.referenced_message.as_ref().filter(|_| message.replies_to().is_some()) {
        let is_ours = quoted.application_id == Some(house.application)
            || quoted.author.as_ref().is_some_and(|author| author.id == house.user);
        // What a character said is in the history already.
        if !is_ours {
            let who = quoted.author.as_ref().map_or("somebody", |author| author.shown(None));
            lines.push(format!("[in reply to {who}: {}]", quote(quoted, house.user)));
        }
    }
    for snapshot in message.message_snapshots.iter().take(1) {
        lines.push(format!("[forwarded: {}]", quote(&snapshot.message, house.user)));
    }
    lines.extend(things(message));
    lines.join("\n")
}

/// Files, stickers, polls and embeds, named honestly.
fn things(message: &Message) -> Vec<String> {
    let mut lines = Vec::new();
    for file in message.attachments.iter().take(NAMED_MAX) {
        let kind = match file.content_type.as_deref().and_then(|kind| kind.split('/').next()) {
            _ if message.is_voice() => "voice message that cannot be heard here",
            Some("image") => "picture",
            Some("video") => "video that cannot be seen here",
            Some("audio") => "sound that cannot be heard here",
            _ => "file",
        };
        let about = file.description.as_deref().map(|about| format!(", described as: {}", cut(about)));
        lines.push(format!("[{kind}: {}{}]", cut(&file.filename), about.unwrap_or_default()));
    }
    lines.extend(message.sticker_items.iter().take(NAMED_MAX).map(|sticker| format!("[sticker: {}]", sticker.name)));
    if let Some(poll) = &message.poll {
        let answers: Vec<&str> = poll.answers.iter().filter_map(|answer| answer.poll_media.text.as_deref()).collect();
        let question = poll.question.text.as_deref().unwrap_or_default();
        lines.push(cut(&format!("[poll: {question} ({})]", answers.join(", "))));
    }
    lines.extend(message.embeds.iter().take(NAMED_MAX).filter_map(embed).map(|text| format!("[embed: {text}]")));
    lines
}

fn embed(embed: &Embed) -> Option<String> {
    let fields = embed.fields.iter().map(|field| format!("{}: {}", field.name, field.value));
    let author = embed.author.as_ref().map(|author| author.name.clone());
    let parts = author.into_iter().chain(embed.title.clone()).chain(embed.description.clone()).chain(fields);
    let text = parts.filter(|part| !part.trim().is_empty()).collect::<Vec<_>>().join(" – ");
    (!text.is_empty()).then(|| cut(&text))
}

/// A message in a line, cut where it is long.
pub(super) fn quote(message: &Message, house: Flake) -> String {
    let (text, _) = written(message.content.as_deref().unwrap_or_default(), message, house);
    let things = things(message);
    let all = if text.is_empty() { things.join(" ") } else { [vec![text], things].concat().join(" ") };
    cut(&all)
}

fn cut(text: &str) -> String {
    match text.char_indices().nth(QUOTE_MAX) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn content(value: serde_json::Value) -> Content {
        of(&serde_json::from_value(value).unwrap(), Me { user: 7, application: 8 })
    }

    fn text(raw: &str) -> String {
        content(json!({"content": raw, "mentions": [{"id": "5", "username": "ada", "global_name": "Ada"}]})).text
    }

    #[test]
    fn mentions_are_read_as_people_read_them() {
        for (raw, read) in [
            ("hi <@5>, ask @abbey", "hi Ada, ask @abbey"),
            ("<@!5> and <@6>", "Ada and (somebody)"),
            ("<@&9> in <#8>", "(a role) in (a channel)"),
            ("<:wave:1> <a:dance:22>", ":wave: :dance:"),
            ("1 < 2 > 0, a <b>", "1 < 2 > 0, a <b>"),
            ("<https://example.org>", "<https://example.org>"),
            ("<@x> <:> <", "<@x> <:> <"),
            ("<t:1700000000:R>", "<t:1700000000:R>"),
        ] {
            assert_eq!(text(raw), read, "{raw}");
        }
        let sly = content(json!({"content": "hi <@5>", "mentions": [{"id": "5", "username": "@abbey &abbey"}]}));
        assert_eq!(sly.text, "hi abbey abbey");
        let house = content(json!({"content": "<@7> hello"}));
        assert!(house.mentions_house && house.text == "hello");
    }

    #[test]
    fn what_came_with_it_is_named_honestly() {
        let found = content(json!({
            "content": "look", "attachments": [
                {"filename": "cat.png", "content_type": "image/png", "description": "a cat"}, {"filename": "notes.bin"}],
            "sticker_items": [{"name": "Wumpus"}],
            "poll": {"question": {"text": "Tea?"}, "answers": [{"poll_media": {"text": "yes"}}, {"poll_media": {"text": "no"}}]},
            "embeds": [{"title": "News", "description": "Rain"}, {}],
        }));
        let lines: Vec<&str> = found.with.lines().collect();
        assert_eq!(
            lines,
            [
                "[picture: cat.png, described as: a cat]",
                "[file: notes.bin]",
                "[sticker: Wumpus]",
                "[poll: Tea? (yes, no)]",
                "[embed: News – Rain]",
            ]
        );
    }

    #[test]
    fn quotes_and_forwards_are_told_apart_from_own_words() {
        let reply = content(json!({
            "content": "what does she mean?", "message_reference": {"message_id": "3"},
            "referenced_message": {"content": "@abbey is odd", "author": {"id": "5", "username": "ada"}},
        }));
        assert_eq!(reply.with, "[in reply to ada: @abbey is odd]");
        let forward = content(json!({
            "message_reference": {"type": 1, "message_id": "3"},
            "message_snapshots": [{"message": {"content": "old news"}}],
        }));
        assert_eq!((forward.text.as_str(), forward.with.as_str()), ("", "[forwarded: old news]"));
        let long = content(json!({"message_snapshots": [{"message": {"content": "x".repeat(5_000)}}]}));
        assert!(long.with.chars().count() < QUOTE_MAX + 20);
    }
}
