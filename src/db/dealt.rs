//! Events of a platform that may come again and must not be dealt with twice, such as commands; and what was decided about
//! something that may be tried again.

use super::{Db, Error, Tx, say};
use crate::domain::Moment;

const CLAIM: &str =
    "INSERT INTO dealt_with (account, event, at) VALUES ($1, $2, $3) ON CONFLICT (account, event) DO NOTHING";
const LAST: &str = "SELECT event FROM dealt_with WHERE account = $1 ORDER BY event DESC LIMIT 1";
const PURGE: &str = "DELETE FROM dealt_with WHERE at < $1";

/// Every statement of this file.
pub const ALL: &[&str] = &[CLAIM, LAST, PURGE];

/// Takes an event for oneself; `false`: it was dealt with before.
pub async fn claim(tx: &mut Tx, account: &str, event: &str, now: Moment) -> Result<bool, Error> {
    let done = say(CLAIM).bind(account).bind(event).bind(now.0).execute(tx).await?;
    Ok(done == 1)
}

/// The last event of an account, in the order of their ids.
pub async fn last(db: &Db, account: &str) -> Result<Option<String>, Error> {
    let row = say(LAST).bind(account).read_optional::<(String,)>(db).await?;
    Ok(row.map(|(event,)| event))
}

/// Forgets what is older than `before`: no platform sends it again.
pub async fn purge(tx: &mut Tx, before: Moment) -> Result<(), Error> {
    say(PURGE).bind(before.0).execute(tx).await?;
    Ok(())
}
