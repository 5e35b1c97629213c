//! The keyset file: the keys that wrap every row's own key, one of them primary. JSON, readable by its owner alone.

use std::io::Write as _;
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use super::KEY_LEN;

/// Version of the file.
const FORMAT: u32 = 1;

/// Why a keyset cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KeysetError {
    #[error("the keyset {path} cannot be used: {why}")]
    Io { path: PathBuf, why: std::io::Error },
    #[error("the keyset {path} can be read by others; make it yours alone: chmod 600 {path}")]
    Open { path: PathBuf },
    #[error("the keyset {path} is damaged ({why}); restore it from its backup")]
    Damaged { path: PathBuf, why: &'static str },
    #[error("key {0} is not in the keyset, or it is the primary one")]
    NotRemovable(u32),
    #[error("no randomness")]
    Random,
}

type Key = Zeroizing<[u8; KEY_LEN]>;

/// The keys that wrap keys.
pub struct Keyset {
    primary: u32,
    keys: Vec<(u32, Key)>,
    fingerprint: Key,
}

impl std::fmt::Debug for Keyset {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Keyset").field("primary", &self.primary).field("ids", &self.ids()).finish_non_exhaustive()
    }
}

#[derive(serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    format: u32,
    primary: u32,
    keys: Vec<FileKey>,
    fingerprint_key: Zeroizing<String>,
}

#[derive(serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct FileKey {
    id: u32,
    key: Zeroizing<String>,
}

impl Keyset {
    /// A keyset with one key.
    ///
    /// # Errors
    /// [`KeysetError::Random`].
    pub fn new() -> Result<Self, KeysetError> {
        Ok(Self { primary: 1, keys: vec![(1, random()?)], fingerprint: random()? })
    }

    /// The keyset of the file at `path`, which is made when it is not there.
    ///
    /// # Errors
    /// Any but [`KeysetError::NotRemovable`].
    pub fn open_or_make(path: &Path) -> Result<Self, KeysetError> {
        if !path.exists() {
            Self::new()?.save(path)?;
        }
        Self::open(path)
    }

    /// The keyset of the file at `path`.
    ///
    /// # Errors
    /// [`KeysetError::Io`], [`KeysetError::Open`], [`KeysetError::Damaged`].
    pub fn open(path: &Path) -> Result<Self, KeysetError> {
        let io = |why| KeysetError::Io { path: path.to_owned(), why };
        let damaged = |why| KeysetError::Damaged { path: path.to_owned(), why };
        let mode = std::fs::metadata(path).map_err(io)?.permissions().mode();
        if mode & 0o077 != 0 {
            return Err(KeysetError::Open { path: path.to_owned() });
        }
        let text = Zeroizing::new(std::fs::read_to_string(path).map_err(io)?);
        let file: File = serde_json::from_str(&text).map_err(|_| damaged("it is no keyset"))?;
        if file.format != FORMAT {
            return Err(damaged("it was written by another version"));
        }
        let key = |text: &str| -> Result<Key, KeysetError> {
            let bytes = Zeroizing::new(STANDARD.decode(text).map_err(|_| damaged("a key is not base64"))?);
            let key: [u8; KEY_LEN] = bytes.as_slice().try_into().map_err(|_| damaged("a key is not 32 bytes long"))?;
            if key == [0; KEY_LEN] {
                return Err(damaged("a key is all zeros"));
            }
            Ok(Zeroizing::new(key))
        };
        let mut keys = Vec::with_capacity(file.keys.len());
        for entry in &file.keys {
            if keys.iter().any(|(id, _)| *id == entry.id) {
                return Err(damaged("two keys have the same id"));
            }
            keys.push((entry.id, key(&entry.key)?));
        }
        if !keys.iter().any(|(id, _)| *id == file.primary) {
            return Err(damaged("the primary key is missing"));
        }
        Ok(Self { primary: file.primary, keys, fingerprint: key(&file.fingerprint_key)? })
    }

    /// Writes the file, whole or not at all.
    ///
    /// # Errors
    /// [`KeysetError::Io`].
    pub fn save(&self, path: &Path) -> Result<(), KeysetError> {
        let text = |key: &Key| Zeroizing::new(STANDARD.encode(**key));
        let file = File {
            format: FORMAT,
            primary: self.primary,
            keys: self.keys.iter().map(|(id, key)| FileKey { id: *id, key: text(key) }).collect(),
            fingerprint_key: text(&self.fingerprint),
        };
        let content = Zeroizing::new(serde_json::to_vec_pretty(&file).expect("text and numbers are always JSON"));
        let beside = path.with_extension("new");
        let write = || -> std::io::Result<()> {
            let _ = std::fs::remove_file(&beside);
            let mut out = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&beside)?;
            out.write_all(&content)?;
            out.sync_all()?;
            std::fs::rename(&beside, path)?;
            folder_of(path).map_or(Ok(()), |folder| std::fs::File::open(folder)?.sync_all())
        };
        write().map_err(|why| KeysetError::Io { path: path.to_owned(), why })
    }

    /// Id of the key that new rows are sealed under.
    pub fn primary(&self) -> u32 {
        self.primary
    }

    /// Ids of all keys, oldest first.
    pub fn ids(&self) -> Vec<u32> {
        self.keys.iter().map(|(id, _)| *id).collect()
    }

    pub(super) fn key(&self, id: u32) -> Option<&[u8; KEY_LEN]> {
        self.keys.iter().find(|(known, _)| *known == id).map(|(_, key)| &**key)
    }

    pub(super) fn fingerprint_key(&self) -> &[u8; KEY_LEN] {
        &self.fingerprint
    }

    /// Adds a key and makes it the primary one; returns its id.
    ///
    /// # Errors
    /// [`KeysetError::Random`].
    pub fn add_primary(&mut self) -> Result<u32, KeysetError> {
        let id = self.ids().into_iter().max().unwrap_or_default() + 1;
        self.keys.push((id, random()?));
        self.primary = id;
        Ok(id)
    }

    /// Takes a key out for good. Only when no row is sealed under it any more.
    ///
    /// # Errors
    /// [`KeysetError::NotRemovable`] for the primary key and for one that is not there.
    pub fn remove(&mut self, id: u32) -> Result<(), KeysetError> {
        let before = self.keys.len();
        self.keys.retain(|(known, _)| *known != id || id == self.primary);
        if self.keys.len() == before { Err(KeysetError::NotRemovable(id)) } else { Ok(()) }
    }
}

/// The folder that `path` names; none for a bare file name.
fn folder_of(path: &Path) -> Option<&Path> {
    path.parent().filter(|folder| !folder.as_os_str().is_empty())
}

fn random() -> Result<Key, KeysetError> {
    let mut key = Zeroizing::new([0; KEY_LEN]);
    getrandom::fill(&mut *key).map_err(|_| KeysetError::Random)?;
    Ok(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scratch(name: &str) -> PathBuf {
        let mut random = [0; 8];
        getrandom::fill(&mut random).unwrap();
        let random: String = random.iter().map(|byte| format!("{byte:02x}")).collect();
        std::env::temp_dir().join(format!("greenroom-keyset-{name}-{random}"))
    }

    #[test]
    fn a_keyset_is_made_once_for_its_owner_alone_and_shows_no_key() {
        let path = scratch("made");
        let made = Keyset::open_or_make(&path).unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        let again = Keyset::open_or_make(&path).unwrap();
        assert_eq!(made.key(1), again.key(1));
        assert_eq!(format!("{made:?}"), "Keyset { primary: 1, ids: [1], .. }");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
        let error = Keyset::open(&path).unwrap_err().to_string();
        assert!(error.contains("chmod 600"), "{error}");
        std::fs::remove_file(&path).unwrap();
    }

    #[test]
    fn damage_is_named_and_nothing_is_written_over_it() {
        let path = scratch("damaged");
        let zero = STANDARD.encode([0_u8; KEY_LEN]);
        let good = STANDARD.encode([7_u8; KEY_LEN]);
        let short = STANDARD.encode([7_u8; 16]);
        let file = |primary: u32, keys: &[(u32, &str)]| {
            let keys: Vec<_> = keys.iter().map(|(id, key)| serde_json::json!({"id": id, "key": key})).collect();
            serde_json::json!({"format": 1, "primary": primary, "keys": keys, "fingerprint_key": good}).to_string()
        };
        let cases = [
            ("no keyset at all".to_owned(), "no keyset"),
            (String::new(), "no keyset"),
            (file(1, &[(1, &zero)]), "zeros"),
            (file(1, &[(1, &short)]), "32 bytes"),
            (file(1, &[(1, "!")]), "base64"),
            (file(1, &[(1, &good), (1, &good)]), "same id"),
            (file(2, &[(1, &good)]), "primary"),
            (file(1, &[(1, &good)]).replace("\"format\":1", "\"format\":2"), "another version"),
        ];
        for (content, why) in cases {
            std::fs::write(&path, &content).unwrap();
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
            let error = Keyset::open_or_make(&path).unwrap_err().to_string();
            assert!(error.contains(why), "{why}: {error}");
            assert!(!error.contains(&good));
            assert_eq!(std::fs::read_to_string(&path).unwrap(), content);
        }
        std::fs::remove_file(&path).unwrap();
    }

    #[test]
    fn a_bare_file_name_names_no_folder() {
        assert_eq!(folder_of(Path::new("/data/keyset.json")), Some(Path::new("/data")));
        assert_eq!(folder_of(Path::new("keyset.json")), None);
    }

    #[test]
    fn the_primary_key_stays() {
        let mut keyset = Keyset::new().unwrap();
        assert!(keyset.remove(1).is_err());
        assert_eq!(keyset.add_primary().unwrap(), 2);
        assert_eq!((keyset.primary(), keyset.ids()), (2, vec![1, 2]));
        assert!(keyset.remove(2).is_err() && keyset.remove(5).is_err());
        keyset.remove(1).unwrap();
        assert_eq!(keyset.add_primary().unwrap(), 3, "an id is not used again while a newer one is there");
    }
}
