//! The virtualenv with Synapse and the humans' client. It is made once for every change of `requirements.txt` and kept
//! in the user's cache; tests that need it at the same time wait for whoever makes it.

use std::env::var_os;
use std::fs::{self, File};
use std::panic::resume_unwind;
use std::path::{Path, PathBuf};
use std::process::Command;

use ring::digest;

const REQUIREMENTS: &str = include_str!("../requirements.txt");

/// Written last: without it the folder is a failed attempt.
const DONE: &str = "greenroom-ready";

/// Makes the virtualenv if that was not done before: for tests that must end within a time of their own.
///
/// # Panics
/// When it cannot be made, with what has to be done about it.
pub async fn prepare() {
    python().await;
}

/// The Python interpreter that has everything of `requirements.txt`.
///
/// # Panics
/// When the virtualenv cannot be made, with what has to be done about it.
pub(crate) async fn python() -> PathBuf {
    let made = tokio::task::spawn_blocking(|| python_in(&folder())).await;
    made.unwrap_or_else(|error| resume_unwind(error.into_panic()))
}

fn folder() -> PathBuf {
    let cache = var_os("XDG_CACHE_HOME").filter(|path| !path.is_empty()).map(PathBuf::from);
    let cache = cache.or_else(|| var_os("HOME").map(|home| Path::new(&home).join(".cache")));
    let cache = cache.expect("set XDG_CACHE_HOME or HOME: the virtualenv of the Matrix tests is kept there");
    let digest = digest::digest(&digest::SHA256, REQUIREMENTS.as_bytes());
    let hash: String = digest.as_ref().iter().take(6).map(|byte| format!("{byte:02x}")).collect();
    cache.join("greenroom").join(format!("matrix-venv-{hash}"))
}

fn python_in(folder: &Path) -> PathBuf {
    let python = folder.join("bin/python");
    // The interpreter is a link that dangles after an upgrade of the system's Python.
    let is_there = || folder.join(DONE).exists() && python.exists();
    if is_there() {
        return python;
    }
    let parent = folder.parent().expect("the folder is below the cache");
    fs::create_dir_all(parent).unwrap_or_else(|error| panic!("cannot make {}: {error}", parent.display()));
    let lock = folder.with_extension("lock");
    let locked = File::create(&lock).and_then(|file| file.lock().map(|()| file));
    let _held = locked.unwrap_or_else(|error| panic!("cannot lock {}: {error}", lock.display()));
    if !is_there() {
        make(folder, &python);
    }
    python
}

fn make(folder: &Path, python: &Path) {
    let _ = fs::remove_dir_all(folder);
    run(Command::new("python3").args(["-m", "venv"]).arg(folder), "install Python 3.10 or newer, with its venv module");
    let requirements = folder.join("requirements.txt");
    fs::write(&requirements, REQUIREMENTS).expect("the virtualenv's folder can be written to");
    run(
        Command::new(python)
            .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--only-binary", ":all:", "-r"])
            .arg(&requirements),
        "pip needs its index, and wheels for this Python and machine: check the network and pip's settings, then try again",
    );
    fs::write(folder.join(DONE), "").expect("the virtualenv's folder can be written to");
}

fn run(command: &mut Command, advice: &str) {
    let output = command
        .output()
        .unwrap_or_else(|error| panic!("the virtualenv of the Matrix tests: {command:?}: {error}\n{advice}"));
    assert!(
        output.status.success(),
        "the virtualenv of the Matrix tests: {command:?}: {}\n{}{}\n{advice}",
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
}
