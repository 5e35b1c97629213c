//! Leases: what one process at a time holds for all. Only the database's clock counts; those of machines may differ.

use super::{Db, Error, say};
use crate::domain::Moment;

/// The two texts, for SQLite and PostgreSQL, of a statement that needs the database's own time between its pieces.
macro_rules! timed {
    ($first:literal $(, $next:literal)+) => {
        [
            concat!($first $(, "CAST(unixepoch('subsec') * 1000 AS INTEGER)", $next)+),
            concat!($first $(, "CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT)", $next)+),
        ]
    };
}

/// Takes a lease that nobody holds; whoever held it before is fenced by the new epoch.
const TAKE: [&str; 2] = timed!(
    "INSERT INTO lease (name, holder, epoch, until) VALUES ($1, $2, 1, ",
    " + $3) ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, epoch = lease.epoch + 1, until = excluded.until \
     WHERE lease.until < ",
    " RETURNING epoch"
);
/// A lease that ran out and that nobody took is still its holder's.
const KEEP: [&str; 2] =
    timed!("UPDATE lease SET until = ", " + $4 WHERE name = $1 AND holder = $2 AND epoch = $3 RETURNING epoch");
const GIVE_BACK: &str = "UPDATE lease SET until = 0 WHERE name = $1 AND holder = $2 AND epoch = $3";
const HELD: [&str; 2] = timed!("SELECT name, holder FROM lease WHERE until >= ", " ORDER BY name");
const NOW: [&str; 2] = timed!("SELECT ", "");
/// Every statement of this file.
pub const ALL: &[&str] = &[GIVE_BACK];
/// Every statement of this file that has a text for each engine.
pub const SPLIT: &[[&str; 2]] = &[TAKE, KEEP, HELD, NOW];

/// Takes a lease for `millis`; its epoch, or `None` where another holds it.
///
/// # Errors
/// Those of the database.
pub async fn take(db: &Db, name: &str, holder: &str, millis: i64) -> Result<Option<i64>, Error> {
    let sql = db.text(TAKE);
    let row = say(sql).bind(name).bind(holder).bind(millis).read_optional::<(i64,)>(db).await?;
    Ok(row.map(|(epoch,)| epoch))
}

/// Holds a lease for `millis` more; `false`: another took it.
///
/// # Errors
/// Those of the database.
pub async fn keep(db: &Db, name: &str, (holder, epoch): (&str, i64), millis: i64) -> Result<bool, Error> {
    let sql = db.text(KEEP);
    let row = say(sql).bind(name).bind(holder).bind(epoch).bind(millis).read_optional::<(i64,)>(db).await?;
    Ok(row.is_some())
}

/// Gives a lease back, so that another may take it at once.
///
/// # Errors
/// Those of the database.
pub async fn give_back(db: &Db, name: &str, (holder, epoch): (&str, i64)) -> Result<(), Error> {
    say(GIVE_BACK).bind(name).bind(holder).bind(epoch).run(db).await.map(|_| ())
}

/// The leases that are held, and by whom.
///
/// # Errors
/// Those of the database.
pub async fn held(db: &Db) -> Result<Vec<(String, String)>, Error> {
    let sql = db.text(HELD);
    say(sql).read_all::<(String, String)>(db).await
}

/// The database's time.
///
/// # Errors
/// Those of the database.
pub async fn now(db: &Db) -> Result<Moment, Error> {
    let sql = db.text(NOW);
    let (now,) = say(sql).read_one::<(i64,)>(db).await?;
    Ok(Moment(now))
}
