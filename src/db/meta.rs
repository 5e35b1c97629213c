//! Small facts about this instance: cursors of front ends, the embedding space, revisions.

use super::{Db, Error, Tx};
use crate::{on, on_tx};

const GET: &str = "SELECT value FROM meta WHERE key = $1";
const SET: &str =
    "INSERT INTO meta (key, value) VALUES ($1, $2) ON CONFLICT (key) DO UPDATE SET value = excluded.value";
const REMOVE: &str = "DELETE FROM meta WHERE key = $1";

/// Every statement of this file.
pub const ALL: &[&str] = &[GET, SET, REMOVE];

/// The value under `key`.
pub async fn get(db: &Db, key: &str) -> Result<Option<String>, Error> {
    let row = on!(db, c => sqlx::query_as::<_, (String,)>(GET).bind(key).fetch_optional(c).await)?;
    Ok(row.map(|(value,)| value))
}

/// Sets `key` to `value`.
pub async fn set(tx: &mut Tx, key: &str, value: &str) -> Result<(), Error> {
    on_tx!(tx, c => sqlx::query(SET).bind(key).bind(value).execute(c).await.map(|_| ()))?;
    Ok(())
}

/// Removes `key`.
pub async fn remove(tx: &mut Tx, key: &str) -> Result<(), Error> {
    on_tx!(tx, c => sqlx::query(REMOVE).bind(key).execute(c).await.map(|_| ()))?;
    Ok(())
}
