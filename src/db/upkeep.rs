//! Copies of a house: taking one while it is in use, and making one fit to go on as the house. And whether a file is sound.

use std::path::Path;

use super::readers::Readers;
use super::sqlite::NOTHING_SET;
use super::{Db, Error, Tx, say};
use crate::domain::Moment;

const COPY: &str = "VACUUM INTO $1";
const QUICK_CHECK: &str = "PRAGMA quick_check(1)";
const END_TURNS: &str = "UPDATE turn SET state = 'cancelled', cancelled = $1, updated_at = $2 \
     WHERE state IN ('queued', 'running', 'sending')";
const DROP_DRAFTS: &str = "DELETE FROM delivery WHERE part < 0";
const LOSE_CALLS: &str = "INSERT INTO ledger (id, kind, turn_id, member_id, place_id, personality_id, owner_id, key_source, \
     model, prompt_tokens, completion_tokens, counted_by_provider, cost_micros, at) \
     SELECT turn_id || '-' || CAST(attempt AS TEXT), 'lost', turn_id, member_id, place_id, personality_id, owner_id, \
     key_source, model, tokens, 0, $1, cost_micros, at FROM reservation WHERE TRUE ON CONFLICT (id) DO NOTHING";
const RELEASE_CALLS: &str = "DELETE FROM reservation";
const LEAVE_LANES: &str = "UPDATE lane SET owner = '', until = 0";
const FORGET_FACTS: &str = "DELETE FROM meta WHERE substr(key, 1, LENGTH(CAST($1 AS TEXT))) = $1";
const DROP_KEYS: &str = "DELETE FROM member_key";
const DROP_SECRETS: &str = "DELETE FROM house_secret";
const SEALED: &str = "SELECT (SELECT COUNT(*) FROM member_key) + (SELECT COUNT(*) FROM house_secret)";

/// Every statement of this file that both engines know.
pub const ALL: &[&str] =
    &[END_TURNS, DROP_DRAFTS, LOSE_CALLS, RELEASE_CALLS, LEAVE_LANES, FORGET_FACTS, DROP_KEYS, DROP_SECRETS, SEALED];

/// Writes what the SQLite file `house` holds at one moment into the empty file `copy`, while others read and write it.
///
/// # Errors
/// As opening and reading do; [`Error::Full`] where `copy` has no room.
pub async fn copy(house: &Path, copy: &Path) -> Result<(), Error> {
    let house = Readers::of_file(house, NOTHING_SET);
    let copied = say(COPY).bind(copy.to_string_lossy().into_owned()).run(&house).await;
    house.close().await;
    copied.map(|_| ())
}

/// Makes a copied house fit to go on, for nobody knows what became of what was under way in the one it was copied from:
/// turns end unanswered, calls count as used, and the facts of `meta` that begin like one of `stale` are forgotten. Returns
/// how many turns ended.
pub async fn settle(tx: &mut Tx, stale: &[&str], now: Moment) -> Result<u64, Error> {
    let ended = say(END_TURNS).bind(true).bind(now.0).execute(tx).await?;
    say(DROP_DRAFTS).execute(tx).await?;
    say(LOSE_CALLS).bind(false).execute(tx).await?;
    say(RELEASE_CALLS).execute(tx).await?;
    say(LEAVE_LANES).execute(tx).await?;
    for prefix in stale {
        say(FORGET_FACTS).bind(*prefix).execute(tx).await?;
    }
    Ok(ended)
}

/// How much is sealed: members' keys and the house's own secrets.
pub async fn sealed(db: &Db) -> Result<u64, Error> {
    let (count,) = say(SEALED).read_one::<(i64,)>(db).await?;
    Ok(u64::try_from(count).unwrap_or_default())
}

/// Removes everything that is sealed.
pub async fn drop_sealed(tx: &mut Tx) -> Result<(), Error> {
    say(DROP_KEYS).execute(tx).await?;
    say(DROP_SECRETS).execute(tx).await?;
    Ok(())
}

/// Whether the pages of a SQLite file hang together; PostgreSQL looks after its own.
///
/// # Errors
/// [`Error::Corrupt`] when they do not, and as reading does.
pub(super) async fn check(readers: &Readers) -> Result<(), Error> {
    let Readers::File(_) = readers else { return Ok(()) };
    let (said,) = say(QUICK_CHECK).read_one::<(String,)>(readers).await?;
    if said == "ok" { Ok(()) } else { Err(Error::Corrupt) }
}
