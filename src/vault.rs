//! Sealing members' keys: a random data key per row, wrapped by a key of the keyset, both bound to where the row belongs.
//!
//! Format 1, in bytes: `1 | algorithm 1 | keyset key id 4 | nonce 12 | wrapped data key 48 | nonce 12 | sealed key | tag 16`.
//! The associated data names member, provider, row and address, so that a row moved to another member, or pointed at
//! another server, does not open. The format follows `docs/decisions/0003-sealing-keys.md`.

mod keyset;

use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::digest::{SHA256, digest};
use ring::hmac;
use secrecy::{ExposeSecret as _, SecretString};
use zeroize::Zeroizing;

pub use keyset::{Keyset, KeysetError};

use crate::domain::MemberId;

const FORMAT: u8 = 1;
const AES_GCM: u8 = 1;
const KEY_LEN: usize = 32;
const TAG_LEN: usize = 16;
const WRAPPED_LEN: usize = KEY_LEN + TAG_LEN;
/// Bytes before the sealed key.
const HEAD_LEN: usize = 1 + 1 + 4 + NONCE_LEN + WRAPPED_LEN + NONCE_LEN;
/// Longest key that is sealed, in bytes; the longest of any provider is far below.
pub const SECRET_MAX: usize = 4_096;

/// Where a sealed key belongs. All of it is authenticated.
#[derive(Clone, Copy, Debug)]
pub struct Seat<'a> {
    pub member: &'a MemberId,
    /// `openrouter`, `openai`, …
    pub provider: &'a str,
    /// Id of the row.
    pub row: &'a str,
    /// Address the key is sent to.
    pub base_url: &'a str,
}

/// Why a sealed key does not open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VaultError {
    /// Cut, of another version, or not ours.
    #[error("the sealed key has an unknown format")]
    Format,
    /// Sealed under a key that the keyset does not have (any more).
    #[error("the keyset has no key {0}; restore the keyset file that belongs to this database")]
    NoKey(u32),
    /// Changed, or moved to where it does not belong.
    #[error("the sealed key was changed or does not belong here")]
    Refused,
    /// Too long to be a key.
    #[error("the key is longer than {SECRET_MAX} bytes")]
    TooLong,
    /// The operating system gives no random numbers.
    #[error("no randomness")]
    Random,
}

/// The keyset in use, read again when its file changes, so that a rotation reaches a running house.
pub struct Vault {
    path: PathBuf,
    read: RwLock<(Arc<Keyset>, Option<Stamp>)>,
}

impl std::fmt::Debug for Vault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Vault").field("path", &self.path).finish_non_exhaustive()
    }
}

impl Vault {
    /// Opens the keyset at `path`, made when there is none.
    ///
    /// # Errors
    /// One sentence on what is wrong with the file.
    pub fn open(path: &Path) -> Result<Self, KeysetError> {
        let keyset = Keyset::open_or_make(path)?;
        Ok(Self { path: path.to_owned(), read: RwLock::new((Arc::new(keyset), stamp(path))) })
    }

    /// The keyset as its file has it now; a file that cannot be read leaves the one in use.
    fn keyset(&self) -> Arc<Keyset> {
        let now = stamp(&self.path);
        {
            let read = self.read.read().unwrap_or_else(PoisonError::into_inner);
            if read.1 == now {
                return Arc::clone(&read.0);
            }
        }
        let mut read = self.read.write().unwrap_or_else(PoisonError::into_inner);
        match Keyset::open(&self.path) {
            Ok(keyset) => *read = (Arc::new(keyset), now),
            Err(error) => {
                tracing::error!(error = %error, "the keyset file changed and cannot be read; going on with what was read before")
            }
        }
        Arc::clone(&read.0)
    }

    /// Id of the keyset key that new rows are sealed under.
    pub fn primary(&self) -> u32 {
        self.keyset().primary()
    }

    /// Ids of the keyset's keys, oldest first.
    pub fn key_ids(&self) -> Vec<u32> {
        self.keyset().ids()
    }

    /// Seals `secret` for `seat`.
    ///
    /// # Errors
    /// [`VaultError::TooLong`], [`VaultError::Random`].
    pub fn seal(&self, seat: Seat<'_>, secret: &SecretString) -> Result<Vec<u8>, VaultError> {
        if secret.expose_secret().len() > SECRET_MAX {
            return Err(VaultError::TooLong);
        }
        let keyset = self.keyset();
        let id = keyset.primary();
        let kek = keyset.key(id).ok_or(VaultError::NoKey(id))?;
        let mut data_key = Zeroizing::new([0_u8; KEY_LEN]);
        fill(&mut *data_key)?;

        let mut blob = vec![FORMAT, AES_GCM];
        blob.extend(id.to_be_bytes());
        put(&mut blob, kek, &wrap_place(seat, id), &*data_key)?;
        put(&mut blob, &data_key, &data_place(seat, id), secret.expose_secret().as_bytes())?;
        Ok(blob)
    }

    /// Opens what [`Self::seal`] made for the same seat.
    ///
    /// # Errors
    /// [`VaultError::Format`], [`VaultError::NoKey`], [`VaultError::Refused`].
    pub fn open_sealed(&self, seat: Seat<'_>, blob: &[u8]) -> Result<SecretString, VaultError> {
        let id = key_id(blob)?;
        let keyset = self.keyset();
        let kek = keyset.key(id).ok_or(VaultError::NoKey(id))?;
        let data_key = unwrapped(seat, id, kek, blob)?;
        let data_key: Zeroizing<[u8; KEY_LEN]> =
            Zeroizing::new(data_key.as_slice().try_into().map_err(|_| VaultError::Refused)?);
        let plain = take(&blob[HEAD_LEN - NONCE_LEN..], &data_key, &data_place(seat, id))?;
        let text = std::str::from_utf8(&plain).map_err(|_| VaultError::Refused)?;
        Ok(SecretString::from(text))
    }

    /// The same key sealed under the primary key of the keyset; `None` when it is already.
    ///
    /// # Errors
    /// As [`Self::open_sealed`].
    pub fn resealed(&self, seat: Seat<'_>, blob: &[u8]) -> Result<Option<Vec<u8>>, VaultError> {
        if key_id(blob)? == self.primary() {
            return Ok(None);
        }
        self.seal(seat, &self.open_sealed(seat, blob)?).map(Some)
    }

    /// Tells whether two keys are the same without keeping either: 16 hexadecimal digits.
    pub fn fingerprint(&self, provider: &str, secret: &SecretString) -> String {
        let keyset = self.keyset();
        let key = hmac::Key::new(hmac::HMAC_SHA256, keyset.fingerprint_key());
        let mut context = hmac::Context::with_key(&key);
        for part in [provider, secret.expose_secret()] {
            context.update(&length(part));
            context.update(part.as_bytes());
        }
        context.sign().as_ref()[..8].iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

/// The last four characters of a key, for its owner to recognise it by; nothing of a short one.
pub fn masked(secret: &SecretString) -> String {
    let text = secret.expose_secret();
    let characters = text.chars().count();
    if characters < 16 {
        return "…".to_owned();
    }
    format!("…{}", text.chars().skip(characters - 4).collect::<String>())
}

/// Id of the keyset key a row is sealed under.
///
/// # Errors
/// [`VaultError::Format`].
pub fn key_id(blob: &[u8]) -> Result<u32, VaultError> {
    match blob {
        [FORMAT, AES_GCM, a, b, c, d, ..]
            if (HEAD_LEN + TAG_LEN..=HEAD_LEN + TAG_LEN + SECRET_MAX).contains(&blob.len()) =>
        {
            Ok(u32::from_be_bytes([*a, *b, *c, *d]))
        }
        _ => Err(VaultError::Format),
    }
}

/// What tells one state of a file from the next: a file that is replaced gets another inode, within whatever moment.
type Stamp = (u64, i64, i64);

fn stamp(path: &Path) -> Option<Stamp> {
    std::fs::metadata(path).map(|meta| (meta.ino(), meta.mtime(), meta.mtime_nsec())).ok()
}

fn fill(bytes: &mut [u8]) -> Result<(), VaultError> {
    getrandom::fill(bytes).map_err(|_| VaultError::Random)
}

fn cipher(key: &[u8; KEY_LEN]) -> LessSafeKey {
    LessSafeKey::new(UnboundKey::new(&AES_256_GCM, key).expect("the key has the cipher's length"))
}

/// Appends a fresh nonce and `plain`, sealed.
fn put(blob: &mut Vec<u8>, key: &[u8; KEY_LEN], place: &[u8], plain: &[u8]) -> Result<(), VaultError> {
    let mut nonce = [0; NONCE_LEN];
    fill(&mut nonce)?;
    let mut sealed = Zeroizing::new(plain.to_vec());
    sealed.reserve(TAG_LEN);
    cipher(key)
        .seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::from(place), &mut *sealed)
        .map_err(|_| VaultError::TooLong)?;
    blob.extend(nonce);
    blob.extend_from_slice(&sealed);
    Ok(())
}

/// Opens a nonce and what is sealed behind it.
fn take(sealed: &[u8], key: &[u8; KEY_LEN], place: &[u8]) -> Result<Zeroizing<Vec<u8>>, VaultError> {
    let (nonce, sealed) = sealed.split_at_checked(NONCE_LEN).ok_or(VaultError::Format)?;
    let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| VaultError::Format)?;
    let mut plain = Zeroizing::new(sealed.to_vec());
    let length = cipher(key).open_in_place(nonce, Aad::from(place), &mut plain).map_err(|_| VaultError::Refused)?.len();
    plain.truncate(length);
    Ok(plain)
}

fn unwrapped(seat: Seat<'_>, id: u32, kek: &[u8; KEY_LEN], blob: &[u8]) -> Result<Zeroizing<Vec<u8>>, VaultError> {
    take(&blob[6..6 + NONCE_LEN + WRAPPED_LEN], kek, &wrap_place(seat, id))
}

/// Every part with its length before it, so that no two different seats read the same.
fn place_of(parts: &[&[u8]], id: u32) -> Vec<u8> {
    let mut place = Vec::with_capacity(128);
    for part in parts {
        place.extend((part.len() as u64).to_be_bytes());
        place.extend_from_slice(part);
    }
    place.extend(id.to_be_bytes());
    place
}

fn wrap_place(seat: Seat<'_>, id: u32) -> Vec<u8> {
    place_of(&[b"greenroom/key/wrap/1", seat.row.as_bytes()], id)
}

fn data_place(seat: Seat<'_>, id: u32) -> Vec<u8> {
    let address = digest(&SHA256, seat.base_url.as_bytes());
    let parts = [
        b"greenroom/key/data/1".as_slice(),
        seat.member.as_str().as_bytes(),
        seat.provider.as_bytes(),
        seat.row.as_bytes(),
        address.as_ref(),
    ];
    place_of(&parts, id)
}

fn length(text: &str) -> [u8; 8] {
    (text.len() as u64).to_be_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Room {
        folder: PathBuf,
        vault: Vault,
    }

    impl Room {
        fn new() -> Self {
            let mut name = [0; 8];
            getrandom::fill(&mut name).unwrap();
            let name: String = name.iter().map(|byte| format!("{byte:02x}")).collect();
            let folder = std::env::temp_dir().join(format!("greenroom-vault-{name}"));
            std::fs::create_dir_all(&folder).unwrap();
            let vault = Vault::open(&folder.join("keyset.json")).unwrap();
            Self { folder, vault }
        }
    }

    impl Drop for Room {
        fn drop(&mut self) {
            let _ = std::fs::remove_dir_all(&self.folder);
        }
    }

    fn secret(n: usize) -> SecretString {
        SecretString::from(format!("sk-test-{n:04}-{}", "x".repeat(n % 90)))
    }

    const URL: &str = "https://api.example.org/v1";

    #[test]
    fn what_is_sealed_opens_in_its_seat_and_shows_nothing() {
        let room = Room::new();
        let member = MemberId::new("m1");
        let seat = Seat { member: &member, provider: "openai", row: "r1", base_url: URL };
        let blob = room.vault.seal(seat, &secret(1)).unwrap();
        assert_eq!(room.vault.open_sealed(seat, &blob).unwrap().expose_secret(), secret(1).expose_secret());
        assert_eq!(blob.len(), HEAD_LEN + TAG_LEN + secret(1).expose_secret().len());
        assert!(!blob.windows(8).any(|window| window == &secret(1).expose_secret().as_bytes()[..8]));
        assert_ne!(room.vault.seal(seat, &secret(1)).unwrap(), blob, "never the same twice");
        assert_eq!(
            room.vault.seal(seat, &SecretString::from("k".repeat(SECRET_MAX + 1))).unwrap_err(),
            VaultError::TooLong
        );
    }

    #[test]
    fn no_flipped_bit_opens() {
        let room = Room::new();
        let member = MemberId::new("m1");
        let mut flips = 0;
        for n in 0..BLOBS {
            let row = format!("r{n}");
            let seat = Seat { member: &member, provider: "openai", row: &row, base_url: URL };
            let blob = room.vault.seal(seat, &secret(n)).unwrap();
            for bit in 0..blob.len() * 8 {
                let mut changed = blob.clone();
                changed[bit / 8] ^= 1 << (bit % 8);
                assert!(room.vault.open_sealed(seat, &changed).is_err(), "blob {n}, bit {bit}");
                flips += 1;
            }
        }
        assert!(flips > 150_000, "{flips}");
    }

    /// Enough for 150,000 flips.
    const BLOBS: usize = 140;

    #[test]
    fn no_row_opens_in_another_seat() {
        let room = Room::new();
        let seats: Vec<(MemberId, &str, String, String)> = (0..SEATS)
            .map(|n| {
                let (member, provider) = (MemberId::new(format!("m{}", n / 8)), ["openai", "groq"][n % 2]);
                (member, provider, format!("r{}", n / 2 % 4), format!("https://{}.example.org/v1", n % 3))
            })
            .collect();
        let seat = |n: usize| {
            let (member, provider, row, base_url) = &seats[n];
            Seat { member, provider, row, base_url }
        };
        let sealed: Vec<_> = (0..seats.len()).map(|n| room.vault.seal(seat(n), &secret(n)).unwrap()).collect();
        let mut swaps = 0;
        for (from, blob) in sealed.iter().enumerate() {
            for to in 0..seats.len() {
                let opened = room.vault.open_sealed(seat(to), blob);
                assert_eq!(opened.is_ok(), seats[from] == seats[to], "{from} in {to}");
                swaps += 1;
            }
            for elsewhere in ["https://api.example.org/v2", "http://127.0.0.1/v1", ""] {
                let moved = Seat { base_url: elsewhere, ..seat(from) };
                assert_eq!(room.vault.open_sealed(moved, blob).unwrap_err(), VaultError::Refused);
            }
        }
        assert!(swaps >= 120_000);
    }

    /// Enough for 120,000 swaps.
    const SEATS: usize = 350;

    /// Small here; `GREENROOM_TEST_NONCES=10000000` makes it large.
    #[test]
    fn no_nonce_comes_twice_under_eight_threads() {
        #[expect(clippy::disallowed_methods, reason = "a switch of the tests, not a setting")]
        let wanted = std::env::var("GREENROOM_TEST_NONCES").ok().and_then(|count| count.parse().ok()).unwrap_or(80_000);
        let room = Room::new();
        let nonces = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..8)
                .map(|_| {
                    scope.spawn(|| {
                        let member = MemberId::new("m1");
                        let seat = Seat { member: &member, provider: "openai", row: "r1", base_url: URL };
                        let mut nonces = Vec::with_capacity(wanted / 4);
                        for _ in 0..wanted / 16 {
                            let blob = room.vault.seal(seat, &secret(1)).unwrap();
                            // The nonce of the wrapped key, and that of the key's text.
                            let second = HEAD_LEN - NONCE_LEN;
                            nonces.push(<[u8; NONCE_LEN]>::try_from(&blob[6..6 + NONCE_LEN]).unwrap());
                            nonces.push(<[u8; NONCE_LEN]>::try_from(&blob[second..HEAD_LEN]).unwrap());
                        }
                        nonces
                    })
                })
                .collect();
            threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect::<Vec<_>>()
        });
        let (mut sorted, count) = (nonces, wanted / 16 * 16);
        assert_eq!(sorted.len(), count);
        sorted.sort_unstable();
        assert!(sorted.windows(2).all(|pair| pair[0] != pair[1]));
    }

    /// Wycheproof's AES-GCM file through the functions above, where `GREENROOM_TEST_WYCHEPROOF` names it.
    #[test]
    fn wycheproofs_answers_hold() {
        #[expect(clippy::disallowed_methods, reason = "a file of the tests, not a setting")]
        let Ok(path) = std::env::var("GREENROOM_TEST_WYCHEPROOF") else {
            println!(
                "GREENROOM_TEST_WYCHEPROOF names no aes_gcm_test.json: only the answers written down here are checked"
            );
            return;
        };
        let file: serde_json::Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
        let (mut valid, mut invalid) = (0, 0);
        for group in file["testGroups"].as_array().unwrap() {
            if (group["keySize"].as_u64(), group["ivSize"].as_u64(), group["tagSize"].as_u64())
                != (Some(256), Some(96), Some(128))
            {
                continue;
            }
            for test in group["tests"].as_array().unwrap() {
                let bytes = |field: &str| hex(test[field].as_str().unwrap());
                let key: [u8; KEY_LEN] = bytes("key").try_into().unwrap();
                let sealed = [bytes("iv"), bytes("ct"), bytes("tag")].concat();
                let opened = take(&sealed, &key, &bytes("aad"));
                if test["result"] == "valid" {
                    assert_eq!(*opened.unwrap(), bytes("msg"), "{}", test["tcId"]);
                    valid += 1;
                } else {
                    assert_eq!(opened.unwrap_err(), VaultError::Refused, "{}", test["tcId"]);
                    invalid += 1;
                }
            }
        }
        println!("Wycheproof: {valid} valid and {invalid} invalid cases");
        assert!(valid > 30 && invalid > 20);
    }

    fn hex(text: &str) -> Vec<u8> {
        (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
    }

    #[test]
    fn what_is_shown_of_a_vault_is_where_its_keyset_lies() {
        let room = Room::new();
        let shown = format!("{:?}", room.vault);
        assert!(shown.starts_with("Vault") && shown.contains("keyset.json") && shown.ends_with(".. }"), "{shown}");
    }

    #[test]
    fn parts_of_a_seat_do_not_run_into_each_other() {
        let (a, b) = (MemberId::new("ab"), MemberId::new("a"));
        let seat = |member, provider| Seat { member, provider, row: "r", base_url: URL };
        assert_ne!(data_place(seat(&a, "c"), 1), data_place(seat(&b, "bc"), 1));
    }

    /// Written before a part of `n` bytes.
    fn long(n: u8) -> [u8; 8] {
        [0, 0, 0, 0, 0, 0, 0, n]
    }

    #[test]
    fn the_places_of_format_1_name_every_part_with_its_length() {
        let member = MemberId::new("m1");
        let seat = Seat { member: &member, provider: "openai", row: "r1", base_url: URL };
        let wrap: [&[u8]; 5] = [&long(20), b"greenroom/key/wrap/1", &long(2), b"r1", &[0, 0, 1, 2]];
        assert_eq!(wrap_place(seat, 0x102), wrap.concat());
        let address = digest(&SHA256, URL.as_bytes());
        let data: [&[u8]; 11] = [
            &long(20),
            b"greenroom/key/data/1",
            &long(2),
            b"m1",
            &long(6),
            b"openai",
            &long(2),
            b"r1",
            &long(32),
            address.as_ref(),
            &[0, 0, 1, 2],
        ];
        assert_eq!(data_place(seat, 0x102), data.concat());
    }

    #[test]
    fn halves_of_two_rows_make_no_row() {
        let room = Room::new();
        let member = MemberId::new("m1");
        let seat = |row| Seat { member: &member, provider: "openai", row, base_url: URL };
        let (one, two) = (seat("r1"), seat("r2"));
        let sealed = [one, two].map(|seat| room.vault.seal(seat, &secret(1)).unwrap());
        let wrapped = HEAD_LEN - NONCE_LEN;
        for (head, tail) in [(0, 1), (1, 0)] {
            let composed = [&sealed[head][..wrapped], &sealed[tail][wrapped..]].concat();
            for seat in [one, two] {
                assert_eq!(room.vault.open_sealed(seat, &composed).unwrap_err(), VaultError::Refused);
            }
        }
    }

    /// Even where somebody came by a row's data key, and seals with it what belongs in another row.
    #[test]
    fn a_wrapped_key_opens_only_in_its_row_and_under_its_id() {
        let room = Room::new();
        let member = MemberId::new("m1");
        let seat = |row| Seat { member: &member, provider: "openai", row, base_url: URL };
        let (one, two) = (seat("r1"), seat("r2"));
        let keyset = room.vault.keyset();
        let kek = keyset.key(1).unwrap();
        let blob = room.vault.seal(one, &secret(1)).unwrap();
        let data_key = unwrapped(one, 1, kek, &blob).unwrap();
        assert_eq!(unwrapped(two, 1, kek, &blob).unwrap_err(), VaultError::Refused);
        assert_eq!(unwrapped(one, 2, kek, &blob).unwrap_err(), VaultError::Refused, "one key under two ids");

        let data_key: [u8; KEY_LEN] = data_key.as_slice().try_into().unwrap();
        for (seat, opens) in [(one, true), (two, false)] {
            let mut forged = blob[..HEAD_LEN - NONCE_LEN].to_vec();
            put(&mut forged, &data_key, &data_place(seat, 1), b"forged").unwrap();
            assert_eq!(room.vault.open_sealed(seat, &forged).is_ok(), opens, "{}", seat.row);
        }
    }

    #[test]
    fn the_shortest_and_the_longest_key_open_and_nothing_beyond_them_does() {
        let room = Room::new();
        let member = MemberId::new("m1");
        let seat = Seat { member: &member, provider: "openai", row: "r1", base_url: URL };
        let sealed = |length| room.vault.seal(seat, &SecretString::from("k".repeat(length))).unwrap();
        let (mut shortest, mut longest) = (sealed(0), sealed(SECRET_MAX));
        assert!(room.vault.open_sealed(seat, &shortest).is_ok() && room.vault.open_sealed(seat, &longest).is_ok());
        shortest.pop();
        longest.push(0);
        for blob in [shortest, longest] {
            assert_eq!(room.vault.open_sealed(seat, &blob).unwrap_err(), VaultError::Format);
        }
    }

    #[test]
    fn anything_else_is_refused_without_a_panic() {
        let room = Room::new();
        let member = MemberId::new("m1");
        let seat = Seat { member: &member, provider: "openai", row: "r1", base_url: URL };
        let blob = room.vault.seal(seat, &secret(40)).unwrap();
        for end in 0..blob.len() {
            assert!(room.vault.open_sealed(seat, &blob[..end]).is_err());
        }
        for longer in [1, 16, 5_000] {
            let mut longer_blob = blob.clone();
            longer_blob.extend(vec![0; longer]);
            assert!(room.vault.open_sealed(seat, &longer_blob).is_err());
        }
        let mut random = vec![0; 200];
        for n in 0..20_000 {
            getrandom::fill(&mut random).unwrap();
            if n % 2 == 0 {
                random[..6].copy_from_slice(&blob[..6]);
            }
            assert!(room.vault.open_sealed(seat, &random).is_err());
        }
        let mut other_key = blob;
        other_key[5] = 9;
        assert_eq!(room.vault.open_sealed(seat, &other_key).unwrap_err(), VaultError::NoKey(9));
    }

    #[test]
    fn a_rotation_reaches_a_running_vault_and_old_rows_still_open() {
        let room = Room::new();
        let member = MemberId::new("m1");
        let seat = Seat { member: &member, provider: "openai", row: "r1", base_url: URL };
        let old = room.vault.seal(seat, &secret(1)).unwrap();
        let print = room.vault.fingerprint("openai", &secret(1));
        assert_eq!(room.vault.resealed(seat, &old).unwrap(), None);

        let path = room.folder.join("keyset.json");
        let mut keyset = Keyset::open(&path).unwrap();
        let id = keyset.add_primary().unwrap();
        keyset.save(&path).unwrap();

        assert_eq!(room.vault.primary(), id);
        assert_eq!(room.vault.key_ids(), [1, id]);
        let new = room.vault.resealed(seat, &old).unwrap().expect("sealed anew");
        assert_eq!((key_id(&old).unwrap(), key_id(&new).unwrap()), (1, id));
        for blob in [&old, &new] {
            assert_eq!(room.vault.open_sealed(seat, blob).unwrap().expose_secret(), secret(1).expose_secret());
        }
        assert_eq!(room.vault.fingerprint("openai", &secret(1)), print, "a fingerprint outlives a rotation");

        let mut keyset = Keyset::open(&path).unwrap();
        keyset.remove(1).unwrap();
        keyset.save(&path).unwrap();
        assert_eq!(room.vault.open_sealed(seat, &old).unwrap_err(), VaultError::NoKey(1));
        assert!(room.vault.open_sealed(seat, &new).is_ok());
    }

    #[test]
    fn a_fingerprint_is_of_provider_and_key_each_with_its_length() {
        let room = Room::new();
        let parts: [&[u8]; 4] = [&long(6), b"openai", &long(8), b"sk-short"];
        let key = hmac::Key::new(hmac::HMAC_SHA256, room.vault.keyset().fingerprint_key());
        let print = hex(&room.vault.fingerprint("openai", &SecretString::from("sk-short")));
        assert_eq!(print, hmac::sign(&key, &parts.concat()).as_ref()[..8]);
    }

    #[test]
    fn a_fingerprint_tells_keys_and_providers_apart_and_a_mask_shows_four_characters() {
        let room = Room::new();
        let print = |provider, n| room.vault.fingerprint(provider, &secret(n));
        assert_eq!(print("openai", 1), print("openai", 1));
        assert_ne!(print("openai", 1), print("openai", 2));
        assert_ne!(print("openai", 1), print("groq", 1));
        assert_eq!(print("openai", 1).len(), 16);
        assert_ne!(
            Room::new().vault.fingerprint("openai", &secret(1)),
            print("openai", 1),
            "another house, another print"
        );
        assert_eq!(masked(&SecretString::from("sk-or-v1-0123456789abcdef")), "…cdef");
        assert_eq!(masked(&SecretString::from("sk-short")), "…");
        assert_eq!(masked(&SecretString::from("0123456789abcde")), "…");
        assert_eq!(masked(&SecretString::from("0123456789abcdef")), "…cdef");
    }

    /// NIST's and Wycheproof's AES-256-GCM cases through the functions above.
    #[test]
    fn known_answers_hold() {
        // McGrew and Viega, test cases 13 and 14, then 16.
        let zeros = [0; KEY_LEN];
        let nothing = [vec![0; NONCE_LEN], hex("530f8afbc74536b9a963b4f1c4cb738b")].concat();
        assert_eq!(*take(&nothing, &zeros, &[]).unwrap(), Vec::<u8>::new());
        let block =
            [vec![0; NONCE_LEN], hex("cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919")].concat();
        assert_eq!(*take(&block, &zeros, &[]).unwrap(), vec![0; 16]);
        let key: [u8; KEY_LEN] =
            hex("feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308").try_into().unwrap();
        let place = hex("feedfacedeadbeeffeedfacedeadbeefabaddad2");
        let plain = hex(
            "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39",
        );
        let sealed = [
            hex("cafebabefacedbaddecaf888"),
            hex(
                "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662",
            ),
            hex("76fc6ece0f4e1768cddf8853bb2d551b"),
        ]
        .concat();
        assert_eq!(*take(&sealed, &key, &place).unwrap(), plain);
        let mut other = place;
        other[0] ^= 1;
        assert_eq!(take(&sealed, &key, &other).unwrap_err(), VaultError::Refused);
    }
}
