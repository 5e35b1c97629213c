//! Names of webhooks and threads, and pictures.

use serde_json::Value;

use super::Check;
use crate::refusal::Refusal;

const MOST_NAME: usize = 80;
/// Largest picture of a webhook, in bytes.
const LARGEST_PICTURE: usize = 10 * 1024 * 1024;

/// A webhook's name, or the one it takes for a message.
pub(crate) fn webhook(name: &str, path: &str) -> Check {
    let trimmed = name.trim();
    super::length(trimmed, path, 1, MOST_NAME)?;
    let lower = trimmed.to_lowercase();
    for word in ["clyde", "discord"] {
        if lower.contains(word) {
            let message = format!("Username cannot contain \"{word}\"");
            return Err(Refusal::form(path, "USERNAME_INVALID_CONTAINS", &message));
        }
    }
    if ["everyone", "here"].contains(&lower.as_str()) {
        let message = format!("Username cannot be \"{lower}\"");
        return Err(Refusal::form(path, "USERNAME_INVALID", &message));
    }
    Ok(())
}

pub(crate) fn thread(name: &str, path: &str) -> Check {
    super::length(name.trim(), path, 1, 100)
}

/// A picture as a data URI; null removes it.
pub(crate) fn picture(value: &Value, path: &str) -> Check {
    let Some(uri) = value.as_str() else {
        return if value.is_null() { Ok(()) } else { Err(bad_picture(path)) };
    };
    let kinds =
        ["data:image/png;base64,", "data:image/jpeg;base64,", "data:image/gif;base64,", "data:image/webp;base64,"];
    let Some(data) = kinds.iter().find_map(|kind| uri.strip_prefix(kind)) else { return Err(bad_picture(path)) };
    let is_base64 = data.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+/=".contains(&byte));
    if data.is_empty() || data.len() % 4 != 0 || !is_base64 {
        return Err(bad_picture(path));
    }
    if data.len() / 4 * 3 > LARGEST_PICTURE {
        return Err(Refusal::form(path, "BINARY_TYPE_MAX_SIZE", "File cannot be larger than 10240.0 kb."));
    }
    Ok(())
}

fn bad_picture(path: &str) -> Refusal {
    Refusal::form(path, "IMAGE_INVALID", "Invalid image data")
}

/// The address of a picture that a webhook takes for a message.
pub(crate) fn picture_url(url: &str, path: &str) -> Check {
    let is_url = ["http://", "https://"].iter().any(|scheme| url.starts_with(scheme)) && !url.contains(' ');
    if !url.is_empty() && !is_url {
        let message = "Scheme must be one of ('http', 'https').";
        return Err(Refusal::form(path, "URL_TYPE_INVALID_SCHEME", message));
    }
    super::length(url, path, 0, 2_048)
}
