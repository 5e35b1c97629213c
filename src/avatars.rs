//! Pictures of members' characters: files in the data directory, never rows of the database.

use std::io;
use std::path::PathBuf;

use axum::Router;
use axum::extract::{self, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use sha2::{Digest as _, Sha256};

use crate::domain::PictureKind;

/// The folder of pictures.
#[derive(Clone, Debug)]
pub struct Avatars(PathBuf);

impl Avatars {
    /// Pictures kept in `dir`; made with the first one.
    pub fn in_dir(dir: PathBuf) -> Self {
        Self(dir)
    }

    /// Keeps a picture; returns its file's name, which is the same for the same picture.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn put(&self, kind: PictureKind, bytes: &[u8]) -> io::Result<String> {
        let digest = Sha256::digest(bytes);
        let name: String = digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
        let name = format!("{name}.{}", kind.ending());
        std::fs::create_dir_all(&self.0)?;
        let path = self.0.join(&name);
        if !path.exists() {
            // A half-written file never has the name.
            let partial = self.0.join(format!("{name}.partial"));
            std::fs::write(&partial, bytes)?;
            std::fs::rename(partial, path)?;
        }
        Ok(name)
    }

    /// Where a picture is; `None`: the name is none that [`Self::put`] gave.
    pub fn path(&self, name: &str) -> Option<PathBuf> {
        let is_ours =
            name.len() <= 40 && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '.') && !name.contains("..");
        is_ours.then(|| self.0.join(name))
    }

    /// Names of all pictures that are kept.
    pub fn files(&self) -> Vec<String> {
        let entries = std::fs::read_dir(&self.0).into_iter().flatten().flatten();
        entries.filter_map(|entry| entry.file_name().into_string().ok()).collect()
    }

    /// Removes a picture; one that is gone already is fine.
    pub fn remove(&self, name: &str) {
        if let Some(path) = self.path(name)
            && let Err(error) = std::fs::remove_file(path)
            && error.kind() != io::ErrorKind::NotFound
        {
            tracing::warn!(error = %error, "a picture cannot be removed");
        }
    }
}

/// Serves the pictures, for platforms that show them from an address.
pub fn routes(avatars: Avatars) -> Router {
    Router::new().route("/avatars/{file}", get(picture)).with_state(avatars)
}

async fn picture(State(avatars): State<Avatars>, extract::Path(file): extract::Path<String>) -> Response {
    let content = match avatars.path(&file) {
        Some(path) => tokio::fs::read(path).await.ok(),
        None => None,
    };
    let Some((content, kind)) = content.and_then(|content| PictureKind::of(&content).map(|kind| (content, kind)))
    else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let headers = [
        (header::CONTENT_TYPE, kind.media_type()),
        // A name stands for one picture for good.
        (header::CACHE_CONTROL, "public, max-age=31536000, immutable"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    (headers, content).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_is_told_by_its_bytes_and_kept_once() {
        let dir = tempfile::tempdir().unwrap();
        let avatars = Avatars::in_dir(dir.path().join("avatars"));
        let png = [b"\x89PNG\r\n\x1a\n".as_slice(), &[0; 40]].concat();
        let kind = PictureKind::of(&png).unwrap();
        let name = avatars.put(kind, &png).unwrap();
        assert_eq!(avatars.put(kind, &png).unwrap(), name);
        assert!(name.ends_with(".png") && avatars.path(&name).unwrap().exists());
        avatars.remove(&name);
        avatars.remove(&name);
        assert!(!avatars.path(&name).unwrap().exists());
        for none in [b"<svg onload=1>".as_slice(), b"MZ", b"", b"GIF89", b"RIFFxxxxWAVE"] {
            assert_eq!(PictureKind::of(none), None);
        }
        for outside in ["../../etc/passwd", "a/b.png", "..", "a..png/"] {
            assert!(avatars.path(outside).is_none(), "{outside}");
        }
    }
}
