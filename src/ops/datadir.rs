//! The data directory: made for us alone, and used by one process at a time.
//!
//! It holds no path of itself: copied elsewhere while the house is stopped, it works there.

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use super::CannotStart;

/// The file whose lock says "in use". Its content does not matter; it may stay behind.
pub const LOCK_FILE: &str = "greenroom.lock";
/// The file that stands there while a backup is taken back: what is there then is no house.
pub const RESTORING: &str = "restore.unfinished";

/// The data directory, ours until this is dropped.
#[derive(Debug)]
pub struct DataDir {
    path: PathBuf,
    /// The lock goes with the open file, so that even a killed process leaves none behind.
    _lock: File,
}

impl DataDir {
    /// Makes the directory where it is missing and takes it for this process.
    ///
    /// # Errors
    /// One sentence: it cannot be made, read or written, another process has it, or it holds half a house.
    pub fn take(path: &Path) -> Result<Self, CannotStart> {
        let taken = Self::take_to_restore(path)?;
        if path.join(RESTORING).exists() {
            return Err(CannotStart(format!(
                "the data directory {} holds a restore that was cut off: run it again, or empty the directory",
                path.display()
            )));
        }
        Ok(taken)
    }

    /// The same for whoever takes a backup back.
    ///
    /// # Errors
    /// One sentence: it cannot be made, read or written, or another process has it.
    pub fn take_to_restore(path: &Path) -> Result<Self, CannotStart> {
        make(path).map_err(|error| refused(path, "cannot be made", &error))?;
        // Opening the lock file for writing does not show whether names can be listed.
        std::fs::read_dir(path).map_err(|error| refused(path, "cannot be read", &error))?;
        let mut options = OpenOptions::new();
        options.create(true).write(true).truncate(false);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let lock = options.open(path.join(LOCK_FILE)).map_err(|error| refused(path, "cannot be written", &error))?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { path: path.to_owned(), _lock: lock }),
            Err(TryLockError::WouldBlock) => Err(CannotStart(format!(
                "the data directory {} is in use by another greenroom: stop that one, or set GREENROOM_DATA_DIR to another directory",
                path.display()
            ))),
            Err(TryLockError::Error(error)) => Err(refused(path, "cannot be locked", &error)),
        }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

/// Whether some process has the directory now.
///
/// # Errors
/// When the lock file is there but cannot be opened.
pub fn is_in_use(path: &Path) -> io::Result<bool> {
    match OpenOptions::new().write(true).open(path.join(LOCK_FILE)) {
        Ok(file) => Ok(matches!(file.try_lock(), Err(TryLockError::WouldBlock))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

fn make(path: &Path) -> io::Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

fn refused(path: &Path, what: &str, error: &io::Error) -> CannotStart {
    CannotStart(format!(
        "the data directory {} {what} ({error}): give this user access to it, or set GREENROOM_DATA_DIR to another directory",
        path.display()
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_directory_is_made_for_us_alone() {
        let temp = tempfile::tempdir().unwrap();
        let path = temp.path().join("a/b");
        let taken = DataDir::take(&path).unwrap();
        assert_eq!(taken.path(), path);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o700);
            assert_eq!(path.join(LOCK_FILE).metadata().unwrap().permissions().mode() & 0o777, 0o600);
        }
    }

    #[test]
    fn only_one_has_it_at_a_time_and_a_copy_is_another() {
        let temp = tempfile::tempdir().unwrap();
        let (path, copy) = (temp.path().join("house"), temp.path().join("copy"));
        let taken = DataDir::take(&path).unwrap();
        assert!(is_in_use(&path).unwrap());
        let error = DataDir::take(&path).unwrap_err().to_string();
        assert!(error.contains("in use by another greenroom") && error.contains("GREENROOM_DATA_DIR"), "{error}");

        std::fs::create_dir(&copy).unwrap();
        std::fs::copy(path.join(LOCK_FILE), copy.join(LOCK_FILE)).unwrap();
        DataDir::take(&copy).unwrap();

        drop(taken);
        assert!(!is_in_use(&path).unwrap());
        DataDir::take(&path).unwrap();
    }

    #[test]
    fn a_file_in_its_place_is_one_sentence() {
        let temp = tempfile::tempdir().unwrap();
        let path = temp.path().join("file");
        std::fs::write(&path, "").unwrap();
        let error = DataDir::take(&path).unwrap_err().to_string();
        assert!(error.contains("cannot be made") && error.contains("GREENROOM_DATA_DIR"), "{error}");
        assert!(!error.contains('\n'));
    }
}
