//! The audit log: deeds, each bound to the one before by its hash, and whose mark is whose.

use sha2::{Digest as _, Sha256};

use super::{Db, Error, Tx, say};
use crate::domain::{Done, MemberId};

/// Rows that are looked through at a time.
const PAGE: i64 = 1_000;
/// What every hash begins with, so that it is none of anything else.
const DOMAIN: &[u8] = b"greenroom audit 1";

const TAKE_END: &str = "UPDATE audit_head SET n = n + 1 WHERE id = 1 RETURNING n, hash";
const SET_END: &str = "UPDATE audit_head SET hash = $1 WHERE id = 1";
const END: &str = "SELECT n, hash FROM audit_head WHERE id = 1";
const ADD: &str =
    "INSERT INTO audit (n, at, deed, by_mark, to_mark, thing, detail, hash) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
const MARK: &str = "SELECT mark FROM audit_mark WHERE member_id = $1";
const ADD_MARK: &str = "INSERT INTO audit_mark (member_id, mark) VALUES ($1, $2)";
const AFTER: &str =
    "SELECT n, at, deed, by_mark, to_mark, thing, detail, hash FROM audit WHERE n > $1 ORDER BY n LIMIT $2";
const NEWEST: &str = "SELECT n, at, deed, by_mark, to_mark, thing, detail, hash FROM audit ORDER BY n DESC LIMIT $1";

/// Every statement of this file.
pub const ALL: &[&str] = &[TAKE_END, SET_END, END, ADD, MARK, ADD_MARK, AFTER, NEWEST];

/// A row of the log.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Row {
    /// From 1, without a gap.
    pub n: i64,
    /// Milliseconds since 1970.
    pub at: i64,
    pub deed: String,
    pub by: Option<String>,
    pub to: Option<String>,
    pub thing: Option<String>,
    pub detail: Option<String>,
    /// Of this row and everything before, in hexadecimal.
    pub hash: String,
}

type Stored = (i64, i64, String, Option<String>, Option<String>, Option<String>, Option<String>, String);

fn row_of((n, at, deed, by, to, thing, detail, hash): Stored) -> Row {
    Row { n, at, deed, by, to, thing, detail, hash }
}

impl Row {
    /// The hash that this row has after one with the hash `before`.
    fn bound(&self, before: &str) -> String {
        let mut sum = Sha256::new();
        sum.update(DOMAIN);
        let mut field = |bytes: Option<&[u8]>| match bytes {
            // Every field is preceded by its length, so that none can pass for a part of the next.
            Some(bytes) => {
                sum.update([1]);
                sum.update((bytes.len() as u64).to_be_bytes());
                sum.update(bytes);
            }
            None => sum.update([0]),
        };
        field(Some(before.as_bytes()));
        field(Some(&self.n.to_be_bytes()));
        field(Some(&self.at.to_be_bytes()));
        field(Some(self.deed.as_bytes()));
        for text in [&self.by, &self.to, &self.thing, &self.detail] {
            field(text.as_ref().map(String::as_bytes));
        }
        sum.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

/// What is wrong with the log, and where first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Flaw {
    /// The row is not what its hash says, or does not follow the one before.
    #[error("row {0} was changed, or rows before it were removed, put in or exchanged")]
    Changed(i64),
    /// A number is missing.
    #[error("row {0} is missing")]
    Missing(i64),
    /// The log once went further.
    #[error("the log ends with row {0}, and once went further")]
    Cut(i64),
    /// The row that was noted elsewhere is another one now.
    #[error("row {0} is not the one that was noted")]
    Noted(i64),
}

/// Writes a deed down, in the deed's own transaction. Call it last there: others wait for their turn from here on.
pub async fn record(tx: &mut Tx, done: &Done) -> Result<(), Error> {
    let (n, before) = say(TAKE_END).fetch_one::<(i64, String)>(tx).await?;
    let by = mark(tx, done.by.as_ref()).await?;
    let to = mark(tx, done.to.as_ref()).await?;
    let (thing, detail) = (done.thing.clone(), done.detail.map(str::to_owned));
    let deed = done.deed.as_str().to_owned();
    let mut row = Row { n, at: done.at.0, deed, by, to, thing, detail, hash: String::new() };
    row.hash = row.bound(&before);
    say(ADD)
        .bind(row.n)
        .bind(row.at)
        .bind(&row.deed)
        .bind(&row.by)
        .bind(&row.to)
        .bind(&row.thing)
        .bind(&row.detail)
        .bind(&row.hash)
        .execute(tx)
        .await?;
    say(SET_END).bind(&row.hash).execute(tx).await?;
    Ok(())
}

/// The same where there may be nothing to write down.
pub async fn record_any(tx: &mut Tx, done: Option<&Done>) -> Result<(), Error> {
    match done {
        Some(done) => record(tx, done).await,
        None => Ok(()),
    }
}

/// The mark of a member, made where they have none yet: it says nothing about them.
async fn mark(tx: &mut Tx, member: Option<&MemberId>) -> Result<Option<String>, Error> {
    let Some(member) = member else { return Ok(None) };
    let known = say(MARK).bind(member.as_str()).fetch_optional::<(String,)>(tx).await?;
    if let Some((mark,)) = known {
        return Ok(Some(mark));
    }
    let mut random = [0; 8];
    getrandom::fill(&mut random).map_err(|_| Error::Unavailable("no randomness".into()))?;
    let mark: String = random.iter().map(|byte| format!("{byte:02x}")).collect();
    say(ADD_MARK).bind(member.as_str()).bind(&mark).execute(tx).await?;
    Ok(Some(mark))
}

/// The newest rows, newest first.
pub async fn newest(db: &Db, limit: i64) -> Result<Vec<Row>, Error> {
    let rows = say(NEWEST).bind(limit).read_all::<Stored>(db).await?;
    Ok(rows.into_iter().map(row_of).collect())
}

/// Goes through the whole log and returns its last row's number and hash, or the first flaw. `noted` is a row's number and
/// hash that was kept elsewhere: without one, a log that was cut off or written anew as a whole, end included, is not
/// told from an honest one.
///
/// # Errors
/// As reading does.
pub async fn verify(db: &Db, noted: Option<(i64, &str)>) -> Result<Result<(i64, String), Flaw>, Error> {
    // Read first: what is added meanwhile comes after it.
    let (end, end_hash) = say(END).read_one::<(i64, String)>(db).await?;
    let (mut last, mut hash, mut met) = (0, String::new(), noted.is_none());
    loop {
        let rows = say(AFTER).bind(last).bind(PAGE).read_all::<Stored>(db).await?;
        if rows.is_empty() {
            break;
        }
        for row in rows.into_iter().map(row_of) {
            if row.n != last + 1 {
                return Ok(Err(Flaw::Missing(last + 1)));
            }
            if row.hash != row.bound(&hash) || (row.n == end && row.hash != end_hash) {
                return Ok(Err(Flaw::Changed(row.n)));
            }
            if let Some((n, wanted)) = noted.filter(|(n, _)| *n == row.n) {
                if row.hash != wanted {
                    return Ok(Err(Flaw::Noted(n)));
                }
                met = true;
            }
            (last, hash) = (row.n, row.hash);
        }
    }
    match noted {
        _ if last < end => Ok(Err(Flaw::Cut(last))),
        Some((n, _)) if !met => Ok(Err(if n > last { Flaw::Cut(last) } else { Flaw::Noted(n) })),
        _ => Ok(Ok((last, hash))),
    }
}
