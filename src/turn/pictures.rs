//! Pictures that came with what is to be answered, fetched for models that see.

use std::time::Duration;

use super::prompt::Pictures;
use crate::domain::PictureKind;
use crate::model::{Picture, tokens};
use crate::platform::Platform;

/// Pictures that go with one prompt, and the size of all of them in bytes.
const COUNT_MAX: usize = 4;
const BYTES_MAX: usize = 8 * 1024 * 1024;
/// How long is waited for them.
const WITHIN: Duration = Duration::from_secs(5);

/// The pictures at some addresses, as far as they can be had, are pictures, and leave room for words in a prompt of
/// `prompt_tokens`.
pub(super) async fn fetched(platform: &dyn Platform, urls: &[String], prompt_tokens: usize) -> Vec<Picture> {
    let count = (prompt_tokens / 2 / tokens::PER_PICTURE).clamp(1, COUNT_MAX);
    let fetching = urls.iter().take(count).map(|url| async {
        let bytes = tokio::time::timeout(WITHIN, platform.fetch(url, BYTES_MAX / count)).await.ok()?.ok()?;
        let media_type = PictureKind::of(&bytes)?.media_type();
        Some(Picture { media_type, bytes: bytes.into() })
    });
    futures::future::join_all(fetching).await.into_iter().flatten().collect()
}

/// How many of the pictures at `urls` are seen.
pub(super) fn seen(pictures: &[Picture], urls: &[String]) -> Pictures {
    Pictures { seen: pictures.len(), unseen: urls.len() - pictures.len() }
}
