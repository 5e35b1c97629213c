//! Small facts about this instance: cursors of front ends, the embedding space, revisions.

use super::{Db, Error, Tx, say};

const GET: &str = "SELECT value FROM meta WHERE key = $1";
const SET: &str =
    "INSERT INTO meta (key, value) VALUES ($1, $2) ON CONFLICT (key) DO UPDATE SET value = excluded.value";
const SET_ONCE: &str = "INSERT INTO meta (key, value) VALUES ($1, $2) \
     ON CONFLICT (key) DO UPDATE SET value = meta.value RETURNING value";
const REMOVE: &str = "DELETE FROM meta WHERE key = $1";

/// Every statement of this file.
pub const ALL: &[&str] = &[GET, SET, SET_ONCE, REMOVE];

/// The value under `key`.
pub async fn get(db: &Db, key: &str) -> Result<Option<String>, Error> {
    let row = say(GET).bind(key).read_optional::<(String,)>(db).await?;
    Ok(row.map(|(value,)| value))
}

/// Sets `key` to `value`.
pub async fn set(tx: &mut Tx, key: &str, value: &str) -> Result<(), Error> {
    say(SET).bind(key).bind(value).execute(tx).await?;
    Ok(())
}

/// Sets `key` where nothing is under it yet; what is under it then.
pub async fn set_once(tx: &mut Tx, key: &str, value: &str) -> Result<String, Error> {
    let (value,) = say(SET_ONCE).bind(key).bind(value).fetch_one::<(String,)>(tx).await?;
    Ok(value)
}

/// Removes `key`.
pub async fn remove(tx: &mut Tx, key: &str) -> Result<(), Error> {
    say(REMOVE).bind(key).execute(tx).await?;
    Ok(())
}
