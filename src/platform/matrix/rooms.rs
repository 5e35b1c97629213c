//! Rooms and threads as places, and what is known of them.

use matrix_account::{Account, RoomInfo};

use super::NAME;
use crate::domain::{PlaceRef, Privacy};

/// What stands between a room's id and the first message of a thread in it.
const THREAD: &str = "/$";

/// The subject of a place: a room, or a thread in it.
pub(super) fn subject(room: &str, thread: Option<&str>) -> String {
    thread.map_or_else(|| room.to_owned(), |root| format!("{room}/{root}"))
}

/// The room of a place's subject, and the first message of its thread.
pub(super) fn room_of(subject: &str) -> (&str, Option<&str>) {
    match subject.find(THREAD) {
        Some(at) => (&subject[..at], Some(&subject[at + 1..])),
        None => (subject, None),
    }
}

/// How far words in a room carry. What is encrypted is never open.
fn privacy(info: &RoomInfo) -> Privacy {
    match (info.is_public, info.is_encrypted) {
        (false, _) if info.members <= 2 => Privacy::Direct,
        (true, false) => Privacy::Open,
        _ => Privacy::Closed,
    }
}

/// The place of a room, or of a thread in it.
pub(super) fn place(room: &str, thread: Option<&str>, info: &RoomInfo) -> PlaceRef {
    PlaceRef {
        platform: NAME.to_owned(),
        subject: subject(room, thread),
        parent: thread.map(|_| room.to_owned()),
        privacy: privacy(info),
        is_encrypted: info.is_encrypted,
        // Matrix keeps nobody out of a room for their age.
        is_adult: false,
    }
}

/// A room as a place, as far as the account knows it.
pub(super) async fn known(account: &Account, room: &str, thread: Option<&str>) -> Option<(PlaceRef, RoomInfo)> {
    let info = account.info(room).await?;
    Some((place(room, thread, &info), info))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn info(members: u64, is_public: bool, is_encrypted: bool) -> RoomInfo {
        RoomInfo { is_encrypted, is_public, is_space: false, members }
    }

    #[test]
    fn threads_are_places_in_rooms() {
        for room in ["!abc:example.org", "!RiABz_-x", "!odd/one:example.org"] {
            assert_eq!(room_of(&subject(room, None)), (room, None));
            assert_eq!(room_of(&subject(room, Some("$root"))), (room, Some("$root")));
            let thread = place(room, Some("$root"), &info(5, true, false));
            assert_eq!(thread.parent.as_deref(), Some(room));
        }
    }

    #[test]
    fn what_is_encrypted_is_never_open() {
        for (members, is_public, is_encrypted, expected) in [
            (2, false, false, Privacy::Direct),
            (2, false, true, Privacy::Direct),
            (3, false, false, Privacy::Closed),
            (3, false, true, Privacy::Closed),
            (2, true, false, Privacy::Open),
            (9, true, false, Privacy::Open),
            (9, true, true, Privacy::Closed),
        ] {
            assert_eq!(
                privacy(&info(members, is_public, is_encrypted)),
                expected,
                "{members} {is_public} {is_encrypted}"
            );
        }
    }
}
