//! The file of a backup: a gzipped tar archive. It begins with `manifest.json`, which names every part that follows, in
//! order, with its size and SHA-256.

use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::bufread::GzDecoder;
use flate2::write::GzEncoder;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::BackupError;

/// Version of the archive.
pub(super) const FORMAT: u32 = 1;
/// The database among the parts.
pub const DATABASE: &str = "greenroom.db";
/// What the names of pictures begin with.
pub const PICTURES: &str = "avatars/";

const MANIFEST: &str = "manifest.json";
/// Longest manifest that is read, in bytes: a hundred thousand pictures fit.
const MANIFEST_MAX: u64 = 16 << 20;
/// Most that may follow the last part, in bytes: the end of an archive is a kilobyte.
const END_MAX: u64 = 64 << 10;
/// Bytes that are copied at a time.
const CHUNK: usize = 64 << 10;
/// Longest name of a picture.
const NAME_MAX: usize = 40;

/// What a backup says of itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// Version of the archive.
    pub format: u32,
    /// Version of the program that made it.
    pub program: String,
    /// The database's engine.
    pub engine: String,
    /// Newest migration of the database.
    pub schema: i64,
    /// Milliseconds since 1970.
    pub made_at: i64,
    /// Ids of the keyset's keys; the keys themselves are nowhere in it.
    pub keyset: Vec<u32>,
    /// What follows.
    pub parts: Vec<Part>,
}

/// One file in a backup.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    pub name: String,
    pub bytes: u64,
    /// In hexadecimal.
    pub sha256: String,
}

/// What every format says of itself.
#[derive(Deserialize)]
struct Head {
    format: u32,
    #[serde(default)]
    program: String,
}

/// Whether a file's name is one that houses give pictures.
pub(super) fn is_picture(name: &str) -> bool {
    let is_plain = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '.');
    is_plain && name.len() <= NAME_MAX && !name.starts_with('.') && !name.contains("..") && !name.ends_with(".partial")
}

/// Writes `parts` into `out`, which lasts when this returns.
pub(super) fn write(out: File, mut manifest: Manifest, parts: &[(String, PathBuf)]) -> io::Result<Manifest> {
    for (name, path) in parts {
        let (bytes, sha256) = summed(&mut File::open(path)?)?;
        manifest.parts.push(Part { name: name.clone(), bytes, sha256 });
    }
    let mut archive = tar::Builder::new(GzEncoder::new(BufWriter::new(out), Compression::fast()));
    let head = serde_json::to_vec_pretty(&manifest)?;
    append(&mut archive, MANIFEST, head.len() as u64, head.as_slice())?;
    for (part, (_, path)) in manifest.parts.iter().zip(parts) {
        append(&mut archive, &part.name, part.bytes, File::open(path)?.take(part.bytes))?;
    }
    let mut out = archive.into_inner()?.finish()?;
    out.flush()?;
    out.get_ref().sync_all()?;
    Ok(manifest)
}

fn append<W: Write>(archive: &mut tar::Builder<W>, name: &str, bytes: u64, content: impl Read) -> io::Result<()> {
    let mut header = tar::Header::new_gnu();
    header.set_size(bytes);
    header.set_mode(0o600);
    header.set_entry_type(tar::EntryType::Regular);
    archive.append_data(&mut header, name, content)
}

/// Size and sum of what a reader gives.
fn summed(from: &mut impl Read) -> io::Result<(u64, String)> {
    let (mut bytes, mut sum, mut chunk) = (0, Sha256::new(), vec![0; CHUNK]);
    loop {
        match from.read(&mut chunk)? {
            0 => return Ok((bytes, hex(&sum.finalize()))),
            read => {
                sum.update(&chunk[..read]);
                bytes += read as u64;
            }
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Reads the backup at `path` from one end to the other and compares everything with its manifest; what `room` gives a
/// file for is written into it, and lasts when this returns.
///
/// # Errors
/// Any but [`BackupError::Taken`], [`BackupError::Busy`] and [`BackupError::NotEmpty`].
pub fn read(
    path: &Path,
    room: impl FnMut(&Part) -> Result<Option<File>, BackupError>,
) -> Result<Manifest, BackupError> {
    let file = File::open(path).map_err(|why| BackupError::NotRead(path.to_owned(), why))?;
    let mut magic = [0; 2];
    let mut beginning = File::open(path).map_err(|why| BackupError::NotRead(path.to_owned(), why))?;
    if beginning.read_exact(&mut magic).is_err() || magic != [0x1f, 0x8b] {
        return Err(BackupError::Foreign(path.to_owned()));
    }
    unpack(path, file, room)
}

fn unpack(
    path: &Path,
    file: File,
    mut room: impl FnMut(&Part) -> Result<Option<File>, BackupError>,
) -> Result<Manifest, BackupError> {
    let damaged = || BackupError::Damaged(path.to_owned());
    let mut archive = tar::Archive::new(GzDecoder::new(BufReader::new(file)));
    let manifest = {
        let mut entries = archive.entries().map_err(|_| damaged())?;
        let mut first = entries.next().ok_or_else(damaged)?.map_err(|_| damaged())?;
        let manifest = manifest_of(path, &mut first)?;
        for part in &manifest.parts {
            let mut entry = entries.next().ok_or_else(damaged)?.map_err(|_| damaged())?;
            if !is_of(&entry, part) {
                return Err(damaged());
            }
            let out = room(part)?;
            if copied(path, &mut entry, out.as_ref())? != (part.bytes, part.sha256.clone()) {
                return Err(damaged());
            }
        }
        if entries.next().is_some() {
            return Err(damaged());
        }
        manifest
    };
    // The sum of the whole archive comes last.
    let mut rest = archive.into_inner();
    let left = io::copy(&mut rest.by_ref().take(END_MAX), &mut io::sink()).map_err(|_| damaged())?;
    let mut file = rest.into_inner();
    if left >= END_MAX || file.read(&mut [0]).map_err(|_| damaged())? > 0 {
        return Err(damaged());
    }
    Ok(manifest)
}

fn manifest_of<R: Read>(path: &Path, entry: &mut tar::Entry<'_, R>) -> Result<Manifest, BackupError> {
    if entry.path_bytes().as_ref() != MANIFEST.as_bytes() || entry.size() > MANIFEST_MAX {
        return Err(BackupError::Foreign(path.to_owned()));
    }
    let mut text = Vec::new();
    entry.read_to_end(&mut text).map_err(|_| BackupError::Damaged(path.to_owned()))?;
    let foreign = |_| BackupError::Foreign(path.to_owned());
    let head: Head = serde_json::from_slice(&text).map_err(foreign)?;
    if head.format > FORMAT {
        return Err(BackupError::Newer(path.to_owned(), head.program));
    }
    let manifest: Manifest = serde_json::from_slice(&text).map_err(foreign)?;
    let is_known = |part: &Part| part.name == DATABASE || part.name.strip_prefix(PICTURES).is_some_and(is_picture);
    let has_house = manifest.parts.first().is_some_and(|part| part.name == DATABASE);
    let is_sound = has_house && manifest.parts.iter().all(is_known);
    if is_sound { Ok(manifest) } else { Err(BackupError::Damaged(path.to_owned())) }
}

fn is_of<R: Read>(entry: &tar::Entry<'_, R>, part: &Part) -> bool {
    let is_file = entry.header().entry_type().is_file();
    is_file && entry.path_bytes().as_ref() == part.name.as_bytes() && entry.size() == part.bytes
}

/// Copies what is read, and returns its size and sum.
fn copied(path: &Path, from: &mut impl Read, to: Option<&File>) -> Result<(u64, String), BackupError> {
    let written = |why| BackupError::NotWritten(path.to_owned(), why);
    let (mut bytes, mut sum, mut chunk) = (0, Sha256::new(), vec![0; CHUNK]);
    loop {
        let read = from.read(&mut chunk).map_err(|_| BackupError::Damaged(path.to_owned()))?;
        if read == 0 {
            break;
        }
        sum.update(&chunk[..read]);
        bytes += read as u64;
        if let Some(mut to) = to {
            to.write_all(&chunk[..read]).map_err(written)?;
        }
    }
    if let Some(to) = to {
        to.sync_all().map_err(written)?;
    }
    Ok((bytes, hex(&sum.finalize())))
}
