//! Connections to a SQLite file, on which a statement is a plain call.

use std::path::Path;

use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{CachedStatement, Connection, OpenFlags, ToSql};

use super::script::{Columns, Statement, Value};
use super::{BUSY_TIMEOUT, Error, opening};

/// What a connection is set to.
pub(super) type Pragmas = &'static [(&'static str, &'static str)];

/// A file is looked at as it is.
pub(super) const NOTHING_SET: Pragmas = &[];

/// The house's own connections, with pages kept of so many KiB, given as SQLite takes them: below zero. The log is folded
/// into the file when it has 4,000 pages, 16 MiB.
macro_rules! with_cache {
    ($kib:literal) => {
        &[
            ("journal_mode", "WAL"),
            ("synchronous", "FULL"),
            ("foreign_keys", "ON"),
            ("secure_delete", "ON"),
            ("temp_store", "MEMORY"),
            ("wal_autocheckpoint", "4000"),
            ("cache_size", $kib),
        ]
    };
}

pub(super) const WRITING: Pragmas = with_cache!("-16384");
/// What a reader keeps is stale with each commit of the writer.
pub(super) const READING: Pragmas = with_cache!("-4096");
/// Statements that a connection keeps prepared: there are fewer.
const STATEMENTS_KEPT: usize = 512;

/// Opens a file, or creates it, to write to it.
pub(super) async fn open(path: &Path) -> Result<Connection, Error> {
    let path = path.to_owned();
    match tokio::task::spawn_blocking(move || opened(&path, WRITING, true)).await {
        Ok(opened) => opened.map_err(opening),
        Err(_) => Err(Error::Unavailable("opening it broke off".into())),
    }
}

/// A connection to a file, set to `pragmas`; `creates`: a file that is not there is made.
pub(super) fn opened(path: &Path, pragmas: Pragmas, creates: bool) -> rusqlite::Result<Connection> {
    let mut flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    flags.set(OpenFlags::SQLITE_OPEN_CREATE, creates);
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    for (name, value) in pragmas {
        connection.execute_batch(&format!("PRAGMA {name} = {value}"))?;
    }
    connection.set_prepared_statement_cache_capacity(STATEMENTS_KEPT);
    Ok(connection)
}

/// What an error code means that SQLite gives for a file rather than for a statement; `message` is what it says.
pub(super) fn trouble(code: i32, message: &str) -> Option<Error> {
    Some(match code {
        13 => Error::Full,
        code if matches!(code & 0xFF, 5 | 6) => Error::Busy,
        11 | 26 | 267 | 523 | 779 => Error::Corrupt,
        8 | 14 | 270 | 526 | 782 => Error::Unavailable(message.to_owned()),
        _ => return None,
    })
}

impl From<rusqlite::Error> for Error {
    fn from(error: rusqlite::Error) -> Self {
        let trouble = error.sqlite_error().and_then(|inner| trouble(inner.extended_code, &error.to_string()));
        trouble.unwrap_or_else(|| Self::Other(error.into()))
    }
}

impl ToSql for Value<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Text(None) | Self::Number(None) => ValueRef::Null,
            Self::Text(Some(text)) => ValueRef::Text(text.as_bytes()),
            Self::Number(Some(number)) => ValueRef::Integer(*number),
            Self::Truth(truth) => ValueRef::Integer(i64::from(*truth)),
            Self::Bytes(bytes) => ValueRef::Blob(bytes),
            Self::Json(json) => ValueRef::Text(json.get().as_bytes()),
        }))
    }
}

/// Runs a statement to its end; how many rows it changed.
pub(super) fn execute(connection: &Connection, statement: &Statement<'_>) -> rusqlite::Result<u64> {
    let mut prepared = prepared(connection, statement)?;
    let mut rows = prepared.raw_query();
    while rows.next()?.is_some() {}
    Ok(connection.changes())
}

/// The rows of a statement.
pub(super) fn rows<R: Columns>(connection: &Connection, statement: &Statement<'_>) -> rusqlite::Result<Vec<R>> {
    let mut prepared = prepared(connection, statement)?;
    let (mut rows, mut read) = (prepared.raw_query(), Vec::new());
    // To its end: one that changes rows has not changed them before.
    while let Some(row) = rows.next()? {
        read.push(R::try_from(row)?);
    }
    Ok(read)
}

/// A statement with its values in place.
fn prepared<'c>(connection: &'c Connection, statement: &Statement<'_>) -> rusqlite::Result<CachedStatement<'c>> {
    let values = &statement.values;
    let mut prepared = connection.prepare_cached(statement.sql)?;
    for index in 1..=prepared.parameter_count() {
        // To SQLite `$2` is a name: the parameter that comes first in the text is its first.
        let number = prepared.parameter_name(index).and_then(|name| name.strip_prefix('$')?.parse::<usize>().ok());
        let value = number.and_then(|number| values.get(number.checked_sub(1)?));
        let value = value.ok_or(rusqlite::Error::InvalidParameterCount(values.len(), index))?;
        prepared.raw_bind_parameter(index, value)?;
    }
    Ok(prepared)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::db::script::{json, say};

    fn scratch() -> Connection {
        let connection = Connection::open_in_memory().unwrap();
        connection.execute_batch("CREATE TABLE thing (id INTEGER PRIMARY KEY, n INTEGER) STRICT").unwrap();
        connection
    }

    #[test]
    fn every_kind_of_value_is_stored_as_what_it_is() {
        let connection = scratch();
        let kind = |value: Value<'_>| {
            let statement = say("SELECT typeof($1), quote($1)").bind(value);
            rows::<(String, String)>(&connection, &statement).unwrap().remove(0)
        };
        let is = |kind: &str, value: &str| (kind.to_owned(), value.to_owned());
        assert_eq!(kind("it's".into()), is("text", "'it''s'"));
        assert_eq!(kind(String::new().into()), is("text", "''"));
        assert_eq!(kind(None::<&str>.into()), is("null", "NULL"));
        assert_eq!(kind((&Some("text".to_owned())).into()), is("text", "'text'"));
        assert_eq!(kind(i64::MIN.into()), is("integer", "-9223372036854775808"));
        assert_eq!(kind(None::<i64>.into()), is("null", "NULL"));
        assert_eq!(kind(true.into()), is("integer", "1"));
        assert_eq!(kind(false.into()), is("integer", "0"));
        assert_eq!(kind(b"\x00\xFF".as_slice().into()), is("blob", "X'00FF'"));
        assert_eq!(kind(b"".as_slice().into()), is("blob", "X''"));
        assert_eq!(kind(json(&["a"]).unwrap()), is("text", r#"'["a"]'"#));
    }

    #[test]
    fn every_kind_of_column_is_read() {
        let connection = scratch();
        let statement = say("SELECT 'text', NULL, 7, NULL, 1, 0, X'00FF', 1 = 1");
        type Row = (String, Option<String>, i64, Option<i64>, bool, bool, Vec<u8>, bool);
        let read = rows::<Row>(&connection, &statement).unwrap();
        assert_eq!(read, [("text".into(), None, 7, None, true, false, vec![0, 255], true)]);
        let error = rows::<(i64,)>(&connection, &say("SELECT $1").bind("what was said")).unwrap_err();
        assert!(!format!("{error} {error:?}").contains("what was said"), "{error:?}");
    }

    #[test]
    fn values_go_by_their_numbers() {
        let connection = scratch();
        let statement = say("SELECT $2, $1, $2").bind("first").bind(2_i64);
        let read = rows::<(i64, String, i64)>(&connection, &statement).unwrap();
        assert_eq!(read, [(2, "first".to_owned(), 2)]);
        let error = rows::<(i64,)>(&connection, &say("SELECT $2").bind(1_i64)).unwrap_err();
        assert!(matches!(error, rusqlite::Error::InvalidParameterCount(1, 1)), "{error:?}");
        let read =
            rows::<(String, i64, String)>(&connection, &say("SELECT $1, $2, $1").bind("kept").bind(3_i64)).unwrap();
        assert_eq!(read, [("kept".to_owned(), 3, "kept".to_owned())], "nothing is left of the values before");
    }

    #[test]
    fn a_statement_says_how_many_rows_it_changed() {
        let connection = scratch();
        let add = "INSERT INTO thing (n) VALUES ($1)";
        for n in 0..3_i64 {
            assert_eq!(execute(&connection, &say(add).bind(n)).unwrap(), 1);
        }
        assert_eq!(execute(&connection, &say("UPDATE thing SET n = n + 1 WHERE n > 0")).unwrap(), 2);
        assert_eq!(execute(&connection, &say("UPDATE thing SET n = 0 WHERE n > 9")).unwrap(), 0);
        let changed = rows::<(i64,)>(&connection, &say("UPDATE thing SET n = 9 RETURNING id")).unwrap();
        assert_eq!(changed, [(1,), (2,), (3,)]);
        assert_eq!(execute(&connection, &say("DELETE FROM thing WHERE n = 9 RETURNING id")).unwrap(), 3);
    }

    #[test]
    fn what_is_wrong_with_a_file_is_told_from_what_is_wrong_with_a_statement() {
        let told = |code: i32| Error::from(rusqlite::Error::SqliteFailure(rusqlite::ffi::Error::new(code), None));
        assert!(matches!(told(13), Error::Full));
        // Locked, in its plain and its extended codes: by a recovery, a snapshot, a shared cache.
        for code in [5, 6, 261, 517, 773, 262] {
            assert!(matches!(told(code), Error::Busy), "{code}");
        }
        for code in [11, 26, 267, 523, 779] {
            assert!(matches!(told(code), Error::Corrupt), "{code}");
        }
        for code in [8, 14, 270, 526, 782] {
            assert!(matches!(told(code), Error::Unavailable(_)), "{code}");
        }
        // A constraint, and one of uniqueness.
        for code in [1, 19, 2067] {
            assert!(matches!(told(code), Error::Other(_)), "{code}");
        }
    }

    #[tokio::test]
    async fn the_writers_connection_is_set_as_it_should_be() {
        let scratch = tempfile::tempdir().unwrap();
        let connection = open(&scratch.path().join("house.db")).await.unwrap();
        let said = |pragma| match connection.pragma_query_value(None, pragma, |row| row.get(0)).unwrap() {
            rusqlite::types::Value::Text(text) => text,
            rusqlite::types::Value::Integer(number) => number.to_string(),
            other => panic!("{pragma}: {other:?}"),
        };
        let pragmas = ["journal_mode", "synchronous", "foreign_keys", "secure_delete", "temp_store", "cache_size"];
        assert_eq!(pragmas.map(said), ["wal", "2", "1", "1", "2", "-16384"]);
        assert_eq!(["busy_timeout", "wal_autocheckpoint"].map(said), ["5000", "4000"]);
        let error = open(&scratch.path().join("nowhere").join("house.db")).await.unwrap_err();
        assert!(matches!(error, Error::Unavailable(_)), "{error:?}");
    }
}
