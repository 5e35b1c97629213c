//! Events of a platform that may come again and must not be dealt with twice, such as commands.

use super::{Error, Tx};
use crate::domain::Moment;
use crate::on_tx;

const CLAIM: &str =
    "INSERT INTO dealt_with (account, event, at) VALUES ($1, $2, $3) ON CONFLICT (account, event) DO NOTHING";
const PURGE: &str = "DELETE FROM dealt_with WHERE at < $1";

/// Every statement of this file.
pub const ALL: &[&str] = &[CLAIM, PURGE];

/// Takes an event for oneself; `false`: it was dealt with before.
pub async fn claim(tx: &mut Tx, account: &str, event: &str, now: Moment) -> Result<bool, Error> {
    let done = on_tx!(tx, c => sqlx::query(CLAIM).bind(account).bind(event).bind(now.0).execute(c).await
        .map(|done| done.rows_affected()))?;
    Ok(done == 1)
}

/// Forgets what is older than `before`: no platform sends it again.
pub async fn purge(tx: &mut Tx, before: Moment) -> Result<(), Error> {
    on_tx!(tx, c => sqlx::query(PURGE).bind(before.0).execute(c).await.map(|_| ()))?;
    Ok(())
}
