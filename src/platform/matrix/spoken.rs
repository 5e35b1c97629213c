//! What the house says, as a message: the words for every client, the same with their looks for most, and the face.

use pulldown_cmark::{CowStr, Event, LinkType, Options, Parser, Tag, TagEnd, html};
use reqwest::Url;
use serde_json::{Value, json};

use super::content::{HOUSE_MARK, PROFILE};
use crate::domain::one_line;

/// Longest looks of a message, in bytes: an event may hold 65,536, encrypted, with the text itself.
const LOOKS_MAX: usize = 24 * 1024;

/// Longest words of an edit for clients that know no edits, in bytes: the event holds the words themselves as well.
const INSTEAD_MAX: usize = 1_000;

/// Whose mouth a message comes out of.
#[derive(Clone, Copy, Debug)]
pub struct Mouth<'a> {
    /// Names the character for good.
    pub id: &'a str,
    pub name: &'a str,
    /// `mxc://…`
    pub avatar: Option<&'a str>,
}

/// The content of a message that pings nobody: what a character says, or the house itself.
///
/// Clients that know faces of messages (MSC4144) show the character's and cut the name off again; the others show the name
/// in bold.
pub fn message(text: &str, mouth: Option<Mouth<'_>>) -> Value {
    let looks = looks(text);
    let mut content = json!({"msgtype": "m.text", "body": text, "m.mentions": {}, HOUSE_MARK: true});
    let plain = format!("<p>{}</p>", escaped(text));
    if looks.trim() != plain {
        content["format"] = "org.matrix.custom.html".into();
        content["formatted_body"] = looks.trim().into();
    }
    // Many tags, or a text of nothing but quotes: what it says matters more than how it looks.
    if content["formatted_body"].as_str().is_some_and(|looks| looks.len() > LOOKS_MAX) {
        content
            .as_object_mut()
            .expect("it is one")
            .retain(|key, _| !matches!(key.as_str(), "format" | "formatted_body"));
    }
    let Some(Mouth { name, .. }) = mouth else {
        // A line of the house asks nobody for an answer.
        content["msgtype"] = "m.notice".into();
        return content;
    };
    let name = tidy(name);
    content["body"] = format!("{name}: {text}").into();
    if looks.len() <= LOOKS_MAX {
        content["format"] = "org.matrix.custom.html".into();
        let head = format!("<strong data-mx-profile-fallback>{}: </strong>", escaped(&name));
        content["formatted_body"] = match looks.trim().strip_prefix("<p>") {
            // The name stands on the line of the first words.
            Some(rest) => format!("<p>{head}{rest}").into(),
            None => format!("{head}{}", looks.trim()).into(),
        };
    }
    content = with_face(content, mouth);
    content[PROFILE]["has_fallback"] = true.into();
    content
}

/// The content of what a character says with a login of its own: its client shows who it is.
pub fn as_itself(text: &str) -> Value {
    let mut content = message(text, None);
    content["msgtype"] = "m.text".into();
    content
}

/// The content with whose mouth it comes out of.
pub fn with_face(mut content: Value, mouth: Option<Mouth<'_>>) -> Value {
    let Some(Mouth { id, name, avatar }) = mouth else { return content };
    let mut profile = json!({"id": id, "displayname": tidy(name)});
    if let Some(avatar) = avatar {
        profile["avatar_url"] = avatar.into();
    }
    content[PROFILE] = profile;
    content
}

/// The content as what the message `id` says from now on. What it answers and the thread it is in stay as they are.
pub fn edit(content: Value, id: &str) -> Value {
    let body = content["body"].as_str().unwrap_or_default();
    let end = (0..=INSTEAD_MAX.min(body.len())).rev().find(|end| body.is_char_boundary(*end)).unwrap_or_default();
    let more = if end < body.len() { "…" } else { "" };
    json!({
        "msgtype": content["msgtype"], "body": format!("* {}{more}", &body[..end]), "m.mentions": {}, HOUSE_MARK: true,
        "m.new_content": content, "m.relates_to": {"rel_type": "m.replace", "event_id": id},
    })
}

/// A text with a small line below it.
pub fn with_footer(text: &str, footer: Option<&str>) -> String {
    footer.map_or_else(|| text.to_owned(), |footer| format!("{text}\n\n*{footer}*"))
}

/// A name on one line.
fn tidy(name: &str) -> String {
    one_line(name).into_owned()
}

/// The same as a reply, or in a thread.
pub fn related(mut content: Value, reply_to: Option<&str>, thread: Option<&str>) -> Value {
    match (reply_to, thread) {
        (reply, Some(root)) => {
            // In a thread everybody sees what is answered; the reply is for clients that know no threads.
            content["m.relates_to"] = json!({
                "rel_type": "m.thread", "event_id": root, "is_falling_back": true,
                "m.in_reply_to": {"event_id": reply.unwrap_or(root)},
            });
        }
        (Some(to), None) => content["m.relates_to"] = json!({"m.in_reply_to": {"event_id": to}}),
        (None, None) => {}
    }
    content
}

/// Markdown as the HTML that Matrix allows. What a model wrote as HTML stays text, and links lead only to web pages, never
/// to people or rooms: those would be pings.
fn looks(text: &str) -> String {
    let mut left_out = 0_usize;
    let events =
        Parser::new_ext(text, Options::ENABLE_STRIKETHROUGH | Options::ENABLE_TABLES).map(|event| match event {
            Event::Html(raw) | Event::InlineHtml(raw) => Event::Text(raw),
            Event::SoftBreak => Event::HardBreak,
            Event::Start(Tag::Image { dest_url, title, id, .. }) => {
                Event::Start(Tag::Link { link_type: LinkType::Inline, dest_url, title, id })
            }
            Event::End(TagEnd::Image) => Event::End(TagEnd::Link),
            other => other,
        });
    let events = events.filter(move |event| match event {
        Event::Start(Tag::Link { dest_url, .. }) if !is_web(dest_url) => {
            left_out += 1;
            false
        }
        Event::End(TagEnd::Link) if left_out > 0 => {
            left_out -= 1;
            false
        }
        _ => true,
    });
    let mut out = String::with_capacity(text.len() * 2);
    html::push_html(&mut out, events);
    out
}

/// Whether a link leads to a page of the web, and to nobody on Matrix, however it is written.
fn is_web(url: &CowStr<'_>) -> bool {
    let Ok(url) = Url::parse(url) else { return false };
    matches!(url.scheme(), "http" | "https")
        && url.host_str().is_some_and(|host| !host.trim_end_matches('.').ends_with("matrix.to"))
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn abbey(text: &str) -> Value {
        message(text, Some(Mouth { id: "abbey", name: "Abbey", avatar: None }))
    }

    #[test]
    fn a_character_has_a_face_and_its_name_for_those_who_show_none() {
        let said = abbey("hello **you**");
        assert_eq!((said["msgtype"].as_str(), said["body"].as_str()), (Some("m.text"), Some("Abbey: hello **you**")));
        let looks = "<p><strong data-mx-profile-fallback>Abbey: </strong>hello <strong>you</strong></p>";
        assert_eq!(said["formatted_body"], looks);
        assert_eq!(said[PROFILE], json!({"id": "abbey", "displayname": "Abbey", "has_fallback": true}));
        let code = abbey("```\nlet x = 1;\n```");
        assert!(
            code["formatted_body"]
                .as_str()
                .unwrap()
                .starts_with("<strong data-mx-profile-fallback>Abbey: </strong><pre>")
        );
    }

    #[test]
    fn the_house_itself_speaks_in_notices() {
        let said = message("All right.", None);
        assert_eq!(said, json!({"msgtype": "m.notice", "body": "All right.", "m.mentions": {}, HOUSE_MARK: true}));
    }

    #[test]
    fn a_character_with_a_login_is_shown_by_it() {
        assert_eq!(
            as_itself("hello"),
            json!({"msgtype": "m.text", "body": "hello", "m.mentions": {}, HOUSE_MARK: true})
        );
    }

    #[test]
    fn nothing_a_model_says_pings_or_becomes_html() {
        for text in [
            "@room look",
            "<a href=\"https://matrix.to/#/@kim:x\">Kim</a>",
            "[Kim](https://matrix.to/#/@kim:x)",
            "<mx-reply>x</mx-reply>",
            "![x](mxc://a/b)",
            "[x](javascript:alert(1))",
            "<script>alert(1)</script>",
        ] {
            let said = abbey(text);
            let looks = said["formatted_body"].as_str().unwrap_or_default();
            assert!(
                !looks.contains("<a href=\"https://matrix.to")
                    && !looks.contains("<script")
                    && !looks.contains("mx-reply>"),
                "{looks}"
            );
            assert!(!looks.contains("javascript") && !looks.contains("<img") && !looks.contains("mxc:"), "{looks}");
            assert_eq!(said["m.mentions"], json!({}), "{text}");
        }
        let link = abbey("[page](https://example.org/a)");
        assert!(link["formatted_body"].as_str().unwrap().contains("<a href=\"https://example.org/a\">page</a>"));
    }

    #[test]
    fn an_edit_has_the_face_and_pings_nobody() {
        let edit = edit(abbey("hello **you**"), "$1");
        assert_eq!((edit["body"].as_str(), edit["m.mentions"].clone()), (Some("* Abbey: hello **you**"), json!({})));
        assert_eq!(edit["m.relates_to"], json!({"rel_type": "m.replace", "event_id": "$1"}));
        assert_eq!(edit["m.new_content"], abbey("hello **you**"));
        assert!(edit["m.new_content"].get("m.relates_to").is_none() && edit[HOUSE_MARK] == true);
        // The words are in it twice, and an event holds only so much.
        let long = super::edit(abbey(&"語".repeat(6_000)), "$1");
        assert!(long["body"].as_str().unwrap().len() <= INSTEAD_MAX + 8, "{}", long["body"]);
        assert_eq!(long["m.new_content"], abbey(&"語".repeat(6_000)));
        assert!(long.to_string().len() * 4 / 3 < 64_000);
    }

    #[test]
    fn replies_and_threads_are_kept() {
        let reply = related(abbey("yes"), Some("$1"), None);
        assert_eq!(reply["m.relates_to"], json!({"m.in_reply_to": {"event_id": "$1"}}));
        let thread = related(abbey("yes"), None, Some("$0"));
        assert_eq!(thread["m.relates_to"]["is_falling_back"], true);
    }
}
