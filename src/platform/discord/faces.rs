//! Pictures of characters, where Discord can show them: at the house's own public address, else kept with Discord itself
//! as emojis of the application, whose addresses are public and stay.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use reqwest::Method;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::rest::{Rest, RestError, Route};
use super::wire::{Flake, flake_of};
use super::{Discord, Me};
use crate::avatars::Avatars;
use crate::domain::PictureKind;
use crate::platform::Face;

/// Where Discord shows emojis.
const EMOJIS: &str = "https://cdn.discordapp.com/emojis";
/// Largest picture that Discord takes as an emoji, in bytes.
const EMOJI_BYTES_MAX: usize = 256 * 1024;
/// Longest name of an emoji.
const NAME_MAX: usize = 32;
/// What names of our emojis begin with.
const OURS: &str = "gr";
/// How long it takes until a picture that could not be kept is offered again.
const AGAIN_AFTER: Duration = Duration::from_secs(600);

/// The pictures that Discord keeps for us.
#[derive(Default)]
pub(super) struct Faces(Mutex<Kept>);

#[derive(Default)]
struct Kept {
    /// Emojis by their names.
    known: HashMap<String, Flake>,
    /// Whether Discord said which there are.
    is_told: bool,
    /// Names of pictures that are being made, or could not be a while ago.
    tried: HashMap<String, Instant>,
}

impl Faces {
    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The emoji's name of a picture's file: the same picture has the same.
fn name_of(file: &str) -> String {
    let stem = file.split('.').next().unwrap_or_default();
    format!("{OURS}{stem}").chars().filter(|c| c.is_ascii_alphanumeric()).take(NAME_MAX).collect()
}

/// Whether an emoji is one of ours: operators may have others.
fn is_ours(name: &str) -> bool {
    name.len() == NAME_MAX && name.strip_prefix(OURS).is_some_and(|hex| hex.chars().all(|c| c.is_ascii_hexdigit()))
}

impl Discord {
    /// Where others see the picture of a face; `None`: it has none, or nowhere to show it yet. Nobody waits for Discord to
    /// take a picture: what was not there is there the next time.
    pub(super) fn avatar_url(&self, me: Me, face: &Face) -> Option<String> {
        let file = face.avatar.as_deref()?;
        if let Some(home) = &self.options.public_url {
            return Some(format!("{}/avatars/{file}", home.trim_end_matches('/')));
        }
        let name = name_of(file);
        {
            let mut kept = self.faces.kept();
            if let Some(id) = kept.known.get(&name) {
                return Some(format!("{EMOJIS}/{id}.png"));
            }
            if kept.tried.get(&name).is_some_and(|at| at.elapsed() < AGAIN_AFTER) {
                return None;
            }
            kept.tried.insert(name.clone(), Instant::now());
        }
        let (faces, rest, avatars) = (self.faces.clone(), self.rest.clone(), self.house().turns.avatars.clone());
        let file = file.to_owned();
        self.life.spawn("discord picture", async move {
            if let Err(error) = keep(&faces, &rest, me, &avatars, (&name, &file)).await {
                tracing::info!(error = %error, "Discord does not keep a picture; its character speaks without for now");
            }
        });
        None
    }
}

/// Has Discord keep a picture, unless it does already; pictures that nobody has any more are taken away on the occasion.
async fn keep(
    faces: &Faces,
    rest: &Rest,
    me: Me,
    avatars: &Avatars,
    (name, file): (&str, &str),
) -> Result<(), RestError> {
    let path = format!("applications/{}/emojis", me.application);
    if !faces.kept().is_told {
        let there = rest.call(&Route::new(Method::GET, path.clone(), "GET emojis"), None).await?;
        let named = |emoji: &Value| Some((emoji["name"].as_str()?.to_owned(), flake_of(&emoji["id"])?));
        let there: HashMap<String, Flake> = there["items"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(named)
            .filter(|(name, _)| is_ours(name))
            .collect();
        let used: HashSet<String> = avatars.files().iter().map(|file| name_of(file)).collect();
        let (there, unused): (HashMap<_, _>, HashMap<_, _>) =
            there.into_iter().partition(|(name, _)| used.contains(name));
        {
            let mut kept = faces.kept();
            kept.known.extend(there);
            kept.is_told = true;
        }
        for id in unused.into_values() {
            rest.call(&Route::new(Method::DELETE, format!("{path}/{id}"), "DELETE emojis"), None).await?;
        }
    }
    if faces.kept().known.contains_key(name) {
        return Ok(());
    }
    let Some(image) = image(avatars, file).await else { return Ok(()) };
    let body = json!({"name": name, "image": image});
    let made = rest.call(&Route::new(Method::POST, path, "POST emojis"), Some(&body)).await?;
    let id = flake_of(&made["id"]).ok_or(RestError::Unsure("an emoji without an id"))?;
    faces.kept().known.insert(name.to_owned(), id);
    Ok(())
}

/// A picture as Discord takes it; `None`: it is gone, or too large.
async fn image(avatars: &Avatars, file: &str) -> Option<String> {
    let content = tokio::fs::read(avatars.path(file)?).await.ok()?;
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
