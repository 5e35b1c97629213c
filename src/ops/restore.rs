//! Taking a backup back: into an empty data directory, wholly or not at all.
//!
//! A mark stands in the directory from the first file to the last, and no house starts beside it: what was cut off is
//! neither a house nor in the way of the next try.

use std::fs::{self, DirBuilder, File};
use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use super::backup::{self, BackupError, Manifest, PICTURES, beside, new_file, sync_folder_of};
use super::datadir::{DataDir, LOCK_FILE, RESTORING};
use crate::crash;

/// What may be in an empty directory: file systems put their own there.
const LOST_AND_FOUND: &str = "lost+found";

/// Where a house goes.
#[derive(Clone, Debug)]
pub struct Target {
    /// The house's file.
    pub database: PathBuf,
    /// The folder of pictures.
    pub pictures: PathBuf,
    /// The keyset, which has to be there before: the only file that is not in the way.
    pub keyset: PathBuf,
}

/// A house that is unpacked and not in its place yet.
#[derive(Debug)]
pub struct Unpacked {
    data: DataDir,
    target: Target,
}

/// Reads a backup through and compares everything with its sums; nothing is written.
///
/// # Errors
/// What is wrong with the file.
pub fn examine(path: &Path) -> Result<Manifest, BackupError> {
    backup::read(path, |_| Ok(None))
}

impl Unpacked {
    /// Unpacks the backup at `path` beside where `target` says.
    ///
    /// # Errors
    /// See [`BackupError`]; the directory is as it was then.
    pub fn of(path: &Path, data: DataDir, target: Target) -> Result<Self, BackupError> {
        let unpacked = Self { data, target };
        unpacked.make_room()?;
        crash::point("restore begun");
        if let Err(error) = unpacked.fill(path) {
            unpacked.undo();
            return Err(error);
        }
        crash::point("house unpacked");
        Ok(unpacked)
    }

    /// The house's file while it is not in its place.
    pub fn database(&self) -> PathBuf {
        beside(&self.target.database, ".restoring")
    }

    /// Puts the house in its place: from now on it is one.
    ///
    /// # Errors
    /// [`BackupError::NotWritten`].
    pub fn put_in_place(self) -> Result<(), BackupError> {
        let put = || {
            let staged = self.database();
            File::open(&staged)?.sync_all()?;
            fs::rename(&staged, &self.target.database)?;
            sync_folder_of(&self.target.database)?;
            crash::point("house in place");
            fs::remove_file(self.mark())?;
            sync_folder_of(&self.mark())
        };
        put().map_err(|why| BackupError::NotWritten(self.target.database.clone(), why))
    }

    /// Removes everything again.
    pub fn undo(self) {
        if let Err(why) = self.clear().and_then(|()| fs::remove_file(self.mark())) {
            tracing::warn!(error = %why, "what was restored in part cannot be removed; empty the data directory");
        }
    }

    fn mark(&self) -> PathBuf {
        self.data.path().join(RESTORING)
    }

    /// Sees that nothing is in the way, and sets the mark.
    fn make_room(&self) -> Result<(), BackupError> {
        let path = self.data.path();
        let written = |why| BackupError::NotWritten(path.to_owned(), why);
        if self.mark().exists() {
            self.clear().map_err(written)?;
        }
        for entry in fs::read_dir(path).map_err(|why| BackupError::NotRead(path.to_owned(), why))? {
            let entry = entry.map_err(|why| BackupError::NotRead(path.to_owned(), why))?;
            let name = entry.file_name();
            let is_ours = [LOCK_FILE, RESTORING, LOST_AND_FOUND].iter().any(|ours| name == *ours);
            if !is_ours && entry.path() != self.target.keyset {
                return Err(BackupError::NotEmpty(path.to_owned(), name.to_string_lossy().into_owned()));
            }
        }
        if self.target.database.exists() {
            let found = self.target.database.display().to_string();
            return Err(BackupError::NotEmpty(path.to_owned(), found));
        }
        new_file(&self.mark(), true).and_then(|mark| mark.sync_all()).map_err(written)?;
        sync_folder_of(&self.mark()).map_err(written)
    }

    fn fill(&self, path: &Path) -> Result<(), BackupError> {
        backup::read(path, |part| {
            let to = match part.name.strip_prefix(PICTURES) {
                None => self.database(),
                Some(name) => {
                    let written = |why| BackupError::NotWritten(self.target.pictures.clone(), why);
                    DirBuilder::new().recursive(true).mode(0o700).create(&self.target.pictures).map_err(written)?;
                    self.target.pictures.join(name)
                }
            };
            new_file(&to, false).map(Some).map_err(|why| BackupError::NotWritten(to.clone(), why))
        })?;
        let synced = match self.target.pictures.exists() {
            true => File::open(&self.target.pictures).and_then(|folder| folder.sync_all()),
            false => Ok(()),
        };
        synced.map_err(|why| BackupError::NotWritten(self.target.pictures.clone(), why))
    }

    /// Removes what a restore may have written.
    fn clear(&self) -> io::Result<()> {
        let gone = |removed: io::Result<()>| match removed {
            Err(why) if why.kind() == io::ErrorKind::NotFound => Ok(()),
            removed => removed,
        };
        for file in [&self.target.database, &self.database()] {
            for ending in ["", "-wal", "-shm"] {
                gone(fs::remove_file(beside(file, ending)))?;
            }
        }
        gone(fs::remove_dir_all(&self.target.pictures))
    }
}
