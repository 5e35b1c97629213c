//! Backups of a house on SQLite: one file with its rows and pictures, taken while it serves.
//!
//! A backup is made in a folder of its own beside where it will be, and gets its name when it is whole: nothing half-made
//! is ever taken for one. The keyset is never in it.

mod pack;

use std::ffi::OsString;
use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use crate::crash;
use crate::db::{self, upkeep};
use crate::domain::{Moment, Refusal};

pub use pack::{DATABASE, Manifest, PICTURES, Part, read};
use pack::{FORMAT, write};

/// Files of the folder that a backup is made in.
const PACK: &str = "pack";
const LOCK: &str = "lock";

/// Why a backup was not made, or not taken back.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// There is a file of that name already.
    #[error("{0} is there already")]
    Taken(PathBuf),
    /// Another process is making a backup of that name.
    #[error("{0} is being made by another process")]
    Busy(PathBuf),
    /// A file cannot be read.
    #[error("{0} cannot be read: {1}")]
    NotRead(PathBuf, io::Error),
    /// A file cannot be written.
    #[error("{0} cannot be written: {1}")]
    NotWritten(PathBuf, io::Error),
    /// The file is something else.
    #[error("{0} is no backup")]
    Foreign(PathBuf),
    /// The file is cut, or was changed.
    #[error("{0} is damaged")]
    Damaged(PathBuf),
    /// A newer Greenroom packed it.
    #[error("{0} was made by Greenroom {1}")]
    Newer(PathBuf, String),
    /// The data directory is a house's already; the name of what was found there.
    #[error("{0} holds {1} already")]
    NotEmpty(PathBuf, String),
    #[error(transparent)]
    Db(#[from] db::Error),
}

impl BackupError {
    /// What to tell whoever asked; `None`: the error says it itself.
    pub fn refusal(&self) -> Option<Refusal> {
        let about = |id, path: &Path| Refusal::new(id).arg("path", path.display().to_string());
        Some(match self {
            Self::Taken(path) => about("refusal-backup-taken", path),
            Self::Busy(path) => about("refusal-backup-busy", path),
            Self::NotRead(path, why) => about("refusal-backup-not-read", path).arg("why", why.to_string()),
            Self::NotWritten(path, why) => about("refusal-backup-not-written", path).arg("why", why.to_string()),
            Self::Foreign(path) => about("refusal-backup-foreign", path),
            Self::Damaged(path) => about("refusal-backup-damaged", path),
            Self::Newer(path, version) => about("refusal-backup-newer", path).arg("version", version),
            Self::NotEmpty(path, found) => about("refusal-restore-not-empty", path).arg("found", found),
            Self::Db(_) => return None,
        })
    }

    /// Whether the command line or a setting has to change, rather than something in the world.
    pub fn is_usage(&self) -> bool {
        matches!(self, Self::Taken(_) | Self::NotEmpty(..))
    }
}

/// What a backup is made of.
#[derive(Clone, Debug)]
pub struct Source {
    /// The house's file.
    pub database: PathBuf,
    /// The folder of pictures; it may be missing.
    pub pictures: PathBuf,
    /// Newest migration of the database.
    pub schema: i64,
    /// Ids of the keyset's keys.
    pub keyset: Vec<u32>,
}

/// Makes the backup `path` of a house, which may serve meanwhile.
///
/// # Errors
/// See [`BackupError`]; nothing is left behind then.
pub async fn make(source: &Source, path: &Path, now: Moment) -> Result<Manifest, BackupError> {
    if path.symlink_metadata().is_ok() {
        return Err(BackupError::Taken(path.to_owned()));
    }
    let room = beside(path, ".partial");
    let written = |why| BackupError::NotWritten(path.to_owned(), why);
    DirBuilder::new().recursive(true).mode(0o700).create(&room).map_err(written)?;
    let lock = new_file(&room.join(LOCK), true).map_err(written)?;
    match lock.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Err(BackupError::Busy(path.to_owned())),
        Err(TryLockError::Error(why)) => return Err(written(why)),
    }
    let made = fill(source, &room, path, now).await;
    // What is left behind is only ever in the way of nobody: the next backup of this name takes it over.
    let _ = fs::remove_dir_all(&room);
    made
}

async fn fill(source: &Source, room: &Path, path: &Path, now: Moment) -> Result<Manifest, BackupError> {
    let written = |why| BackupError::NotWritten(path.to_owned(), why);
    clear(room).map_err(written)?;
    let copy = room.join(DATABASE);
    // Made here, because SQLite would let others read it.
    new_file(&copy, false).map_err(written)?;
    upkeep::copy(&source.database, &copy).await?;
    crash::point("house copied");
    let mut parts = vec![(DATABASE.to_owned(), copy)];
    for name in picture_names(&source.pictures).map_err(|why| BackupError::NotRead(source.pictures.clone(), why))? {
        let (from, to) = (source.pictures.join(&name), room.join(format!("picture.{name}")));
        match fs::copy(&from, &to) {
            Ok(_) => parts.push((format!("{PICTURES}{name}"), to)),
            // It was replaced since the rows were copied, and no character of the copy will show it.
            Err(why) if why.kind() == io::ErrorKind::NotFound => {}
            Err(why) => return Err(written(why)),
        }
    }
    let manifest = Manifest {
        format: FORMAT,
        program: env!("CARGO_PKG_VERSION").to_owned(),
        engine: "sqlite".to_owned(),
        schema: source.schema,
        made_at: now.0,
        keyset: source.keyset.clone(),
        parts: Vec::new(),
    };
    let pack = room.join(PACK);
    let manifest = write(new_file(&pack, false).map_err(written)?, manifest, &parts).map_err(written)?;
    crash::point("backup packed");
    give_name(&pack, path)?;
    crash::point("backup named");
    Ok(manifest)
}

/// Names of the pictures that houses keep.
fn picture_names(folder: &Path) -> io::Result<Vec<String>> {
    let entries = match fs::read_dir(folder) {
        Err(why) if why.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut names: Vec<String> = entries
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|name| pack::is_picture(name))
        .collect();
    names.sort();
    Ok(names)
}

/// Gives a finished file its name, never another's place.
fn give_name(file: &Path, path: &Path) -> Result<(), BackupError> {
    let written = |why| BackupError::NotWritten(path.to_owned(), why);
    match fs::hard_link(file, path) {
        Ok(()) => {}
        Err(why) if why.kind() == io::ErrorKind::AlreadyExists => return Err(BackupError::Taken(path.to_owned())),
        // Not every file system has links.
        Err(_) if path.symlink_metadata().is_err() => fs::rename(file, path).map_err(written)?,
        Err(_) => return Err(BackupError::Taken(path.to_owned())),
    }
    sync_folder_of(path).map_err(written)
}

/// Removes what a backup that was cut off left in its folder.
fn clear(room: &Path) -> io::Result<()> {
    for entry in fs::read_dir(room)? {
        let entry = entry?;
        if entry.file_name() != LOCK {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

/// `path` with more at its end.
pub(super) fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(ending);
    PathBuf::from(name)
}

/// A file for our eyes alone.
pub(super) fn new_file(path: &Path, may_be_there: bool) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).mode(0o600);
    if may_be_there {
        options.create(true).truncate(false)
    } else {
        options.create_new(true)
    };
    options.open(path)
}

/// Makes the names in the folder of `path` last.
pub(super) fn sync_folder_of(path: &Path) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder)?.sync_all()
}
