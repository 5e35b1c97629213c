//! Embeds.

use serde_json::Value;

use super::{Check, at, list, only, text};
use crate::refusal::Refusal;

const MOST: usize = 10;
/// Characters of all embeds of a message together.
const MOST_CHARACTERS: usize = 6_000;
const MOST_FIELDS: usize = 25;
const EMBED: &[&str] = &[
    "title",
    "type",
    "description",
    "url",
    "timestamp",
    "color",
    "footer",
    "image",
    "thumbnail",
    "author",
    "fields",
    "video",
    "provider",
];

pub(crate) fn check(body: &Value, path: &str) -> Check {
    let embeds = list(body, path, "embeds")?;
    let path = at(path, "embeds");
    if embeds.len() > MOST {
        return Err(Refusal::bad_length(&path, 0, MOST));
    }
    let mut total = 0;
    for (number, embed) in embeds.iter().enumerate() {
        total += one(embed, &at(&path, number))?;
    }
    if total > MOST_CHARACTERS {
        let message = "Embed size exceeds maximum size of 6000";
        return Err(Refusal::form(&path, "MAX_EMBED_SIZE_EXCEEDED", message));
    }
    Ok(())
}

/// Characters of the embed.
fn one(embed: &Value, path: &str) -> Result<usize, Refusal> {
    only(embed, path, EMBED)?;
    let mut total = 0;
    let mut limited = |value: &Value, path: &str, field: &str, most: usize, required: bool| -> Check {
        let found = text(value, path, field)?.map(str::trim).unwrap_or_default();
        if required && found.is_empty() {
            return Err(Refusal::required(&at(path, field)));
        }
        total += found.chars().count();
        super::length(found, &at(path, field), 0, most)
    };
    limited(embed, path, "title", 256, false)?;
    limited(embed, path, "description", 4_096, false)?;
    if embed["footer"].is_object() {
        only(&embed["footer"], &at(path, "footer"), &["text", "icon_url", "proxy_icon_url"])?;
        limited(&embed["footer"], &at(path, "footer"), "text", 2_048, true)?;
    }
    if embed["author"].is_object() {
        only(&embed["author"], &at(path, "author"), &["name", "url", "icon_url", "proxy_icon_url"])?;
        limited(&embed["author"], &at(path, "author"), "name", 256, true)?;
    }
    let fields = list(embed, path, "fields")?;
    if fields.len() > MOST_FIELDS {
        return Err(Refusal::bad_length(&at(path, "fields"), 0, MOST_FIELDS));
    }
    for (number, field) in fields.iter().enumerate() {
        let path = at(&at(path, "fields"), number);
        only(field, &path, &["name", "value", "inline"])?;
        limited(field, &path, "name", 256, true)?;
        limited(field, &path, "value", 1_024, true)?;
    }
    if let Some(color) = embed["color"].as_i64().filter(|color| !(0..=0xff_ffff).contains(color)) {
        let message = format!("int value should be less than or equal to 16777215, not {color}.");
        return Err(Refusal::form(&at(path, "color"), "NUMBER_TYPE_MAX", &message));
    }
    for name in ["url", "image", "thumbnail"] {
        let value = if name == "url" { &embed["url"] } else { &embed[name]["url"] };
        let is_url = value
            .as_str()
            .is_none_or(|url| ["http://", "https://", "attachment://"].iter().any(|scheme| url.starts_with(scheme)));
        if !is_url {
            return Err(Refusal::form(&at(path, name), "URL_TYPE_INVALID_URL", "Not a well formed URL."));
        }
    }
    let has_media = ["image", "thumbnail", "video"].iter().any(|name| embed[name].is_object());
    if total == 0 && !has_media {
        return Err(Refusal::form(path, "BASE_TYPE_REQUIRED", "This field is required").hint("an empty embed"));
    }
    Ok(total)
}
