//! Pictures of characters, where Discord can show them: at the house's own public address, else kept with Discord itself
//! as emojis of the application, whose addresses are public and stay.

use std::collections::HashMap;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use reqwest::Method;
use serde_json::{Value, json};
use tokio::sync::Mutex;
use tokio::time::Instant;

use super::rest::{RestError, Route};
use super::wire::{Flake, flake_of};
use super::{Discord, Me};
use crate::domain::PictureKind;
use crate::platform::Face;

/// Where Discord shows emojis.
const EMOJIS: &str = "https://cdn.discordapp.com/emojis";
/// Largest picture that Discord takes as an emoji, in bytes.
const EMOJI_BYTES_MAX: usize = 256 * 1024;
/// Longest name of an emoji.
const NAME_MAX: usize = 32;
/// How long it takes until a picture that was refused is offered again.
const REFUSED_FOR: Duration = Duration::from_secs(3_600);

/// The pictures that Discord keeps for us.
#[derive(Default)]
pub(super) struct Faces(Mutex<Kept>);

#[derive(Default)]
struct Kept {
    /// Emojis by their names; `None`: not asked yet.
    known: Option<HashMap<String, Flake>>,
    /// Names of pictures that were refused.
    refused: HashMap<String, Instant>,
}

/// The emoji's name of a picture's file: the same picture has the same.
fn name_of(file: &str) -> String {
    let stem = file.split('.').next().unwrap_or_default();
    format!("gr{stem}").chars().filter(|c| c.is_ascii_alphanumeric()).take(NAME_MAX).collect()
}

impl Discord {
    /// Where others see the picture of a face; `None`: it has none, or nowhere to show it.
    pub(super) async fn avatar_url(&self, me: Me, face: &Face) -> Option<String> {
        let file = face.avatar.as_deref()?;
        if let Some(home) = &self.options.public_url {
            return Some(format!("{}/avatars/{file}", home.trim_end_matches('/')));
        }
        match self.emoji(me, file).await {
            Ok(id) => id.map(|id| format!("{EMOJIS}/{id}.png")),
            Err(error) => {
                tracing::info!(error = %error, "Discord does not keep a picture; the character speaks without");
                None
            }
        }
    }

    /// The emoji of a picture, made where there is none.
    async fn emoji(&self, me: Me, file: &str) -> Result<Option<Flake>, RestError> {
        let name = name_of(file);
        // Whoever comes second waits for what the first one makes.
        let mut kept = self.faces.0.lock().await;
        let path = format!("applications/{}/emojis", me.application);
        if kept.known.is_none() {
            let there = self.rest.call(&Route::new(Method::GET, path.clone(), "GET emojis"), None).await?;
            let named = |emoji: &Value| Some((emoji["name"].as_str()?.to_owned(), flake_of(&emoji["id"])?));
            kept.known = Some(there["items"].as_array().into_iter().flatten().filter_map(named).collect());
        }
        if let Some(id) = kept.known.as_ref().and_then(|known| known.get(&name)) {
            return Ok(Some(*id));
        }
        if kept.refused.get(&name).is_some_and(|at| at.elapsed() < REFUSED_FOR) {
            return Ok(None);
        }
        let Some(image) = self.image(file).await else {
            kept.refused.insert(name, Instant::now());
            return Ok(None);
        };
        let body = json!({"name": name, "image": image});
        match self.rest.call(&Route::new(Method::POST, path, "POST emojis"), Some(&body)).await {
            Ok(made) => {
                let id = flake_of(&made["id"]).ok_or(RestError::Unsure("an emoji without an id"))?;
                kept.known.get_or_insert_default().insert(name, id);
                Ok(Some(id))
            }
            Err(error @ RestError::Refused { .. }) => {
                kept.refused.insert(name, Instant::now());
                Err(error)
            }
            Err(error) => Err(error),
        }
    }

    /// A picture as Discord takes it; `None`: it is gone, or too large.
    async fn image(&self, file: &str) -> Option<String> {
        let content = tokio::fs::read(self.house().turns.avatars.path(file)?).await.ok()?;
        if content.len() > EMOJI_BYTES_MAX {
            tracing::warn!(
                bytes = content.len(),
                "a picture is too large for Discord to keep; give a smaller one, or set GREENROOM_PUBLIC_URL"
            );
            return None;
        }
        let kind = PictureKind::of(&content)?.media_type();
        Some(format!("data:{kind};base64,{}", BASE64.encode(content)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_has_a_name_that_discord_takes() {
        let name = name_of("0123456789abcdef0123456789abcdef.png");
        assert!(
            name.len() == NAME_MAX && name.starts_with("gr0123") && name.chars().all(|c| c.is_ascii_alphanumeric())
        );
    }
}
