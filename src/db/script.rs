//! Statements that go to the database in one go.
//!
//! SQLite's driver hands each statement to a thread of its own and waits for the answer, which costs more than most
//! statements do. There a script is sent as one text; on PostgreSQL its statements follow one another.

use std::fmt::Write as _;

use sqlx::postgres::PgRow;
use sqlx::sqlite::SqliteRow;
use sqlx::{AssertSqlSafe, FromRow};

use super::{Error, Tx};

/// A bound value.
#[derive(Clone, Debug)]
pub(super) enum Value<'v> {
    Text(Option<&'v str>),
    Number(Option<i64>),
    Truth(bool),
    Bytes(&'v [u8]),
}

impl<'v> From<&'v str> for Value<'v> {
    fn from(text: &'v str) -> Self {
        Self::Text(Some(text))
    }
}

impl<'v> From<&'v String> for Value<'v> {
    fn from(text: &'v String) -> Self {
        Self::Text(Some(text))
    }
}

impl<'v> From<Option<&'v str>> for Value<'v> {
    fn from(text: Option<&'v str>) -> Self {
        Self::Text(text)
    }
}

impl From<i64> for Value<'_> {
    fn from(number: i64) -> Self {
        Self::Number(Some(number))
    }
}

impl From<Option<i64>> for Value<'_> {
    fn from(number: Option<i64>) -> Self {
        Self::Number(number)
    }
}

impl From<bool> for Value<'_> {
    fn from(truth: bool) -> Self {
        Self::Truth(truth)
    }
}

impl<'v> From<&'v [u8]> for Value<'v> {
    fn from(bytes: &'v [u8]) -> Self {
        Self::Bytes(bytes)
    }
}

/// Statements with their values, in order. None gives rows back.
#[derive(Default)]
pub struct Script<'v>(Vec<(&'static str, Vec<Value<'v>>)>);

impl<'v> Script<'v> {
    /// Adds a statement; `$1` is the first of `values`.
    pub(super) fn add<const N: usize>(&mut self, sql: &'static str, values: [Value<'v>; N]) {
        self.0.push((sql, values.into()));
    }

    /// Runs everything added.
    ///
    /// # Errors
    /// That of the first statement that fails; those after it have not run.
    pub async fn run(self, tx: &mut Tx) -> Result<(), Error> {
        match tx {
            Tx::Sqlite(connection) => {
                for some in self.0.chunks(STATEMENTS_MAX) {
                    let text = joined(some.iter().map(|(sql, values)| (*sql, values.len())));
                    let mut query = sqlx::query(AssertSqlSafe(text));
                    for value in some.iter().flat_map(|(_, values)| values) {
                        query = match value {
                            Value::Text(text) => query.bind(*text),
                            Value::Number(number) => query.bind(*number),
                            Value::Truth(truth) => query.bind(*truth),
                            Value::Bytes(bytes) => query.bind(*bytes),
                        };
                    }
                    query.execute(&mut **connection).await?;
                }
            }
            Tx::Postgres(connection) => {
                for (sql, values) in self.0 {
                    let mut query = sqlx::query(sql);
                    for value in values {
                        query = match value {
                            Value::Text(text) => query.bind(text),
                            Value::Number(number) => query.bind(number),
                            Value::Truth(truth) => query.bind(truth),
                            Value::Bytes(bytes) => query.bind(bytes),
                        };
                    }
                    query.execute(&mut **connection).await?;
                }
            }
        }
        Ok(())
    }
}

/// Statements sent together: SQLite takes 32,766 values at most, and each text is prepared once and kept.
const STATEMENTS_MAX: usize = 16;

/// One text of several statements, each with the number of its values: `$1` of the second follows the last of the first.
fn joined(statements: impl Iterator<Item = (&'static str, usize)>) -> String {
    let (mut text, mut before) = (String::with_capacity(1_024), 0);
    for (sql, values) in statements {
        let mut pieces = sql.split('$');
        text.push_str(pieces.next().unwrap_or_default());
        for piece in pieces {
            let digits = piece.bytes().take_while(u8::is_ascii_digit).count();
            let number = piece[..digits].parse::<usize>().unwrap_or_default();
            let _ = write!(text, "${}{}", number + before, &piece[digits..]);
        }
        text.push_str(";\n");
        before += values;
    }
    text
}

/// The two texts, for SQLite and PostgreSQL, of a statement that ends in a list: they have no common way to bind one.
/// The list is `$1`, bound by [`list_of`].
macro_rules! listed {
    ($sql:expr) => {
        [
            concat!($sql, "(SELECT value FROM json_each($1))"),
            concat!($sql, "(SELECT jsonb_array_elements_text(CAST($1 AS JSONB)))"),
        ]
    };
}

pub(super) use listed;

/// The value of a statement's list.
pub(super) fn list_of(items: &[&str]) -> String {
    serde_json::Value::from(items).to_string()
}

/// The rows of a statement made with [`listed!`].
pub(super) async fn fetch_listed<R>(
    tx: &mut Tx,
    [sqlite, postgres]: [&'static str; 2],
    items: &[&str],
) -> Result<Vec<R>, Error>
where
    R: for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow> + Send + Unpin,
{
    let list = list_of(items);
    Ok(match tx {
        Tx::Sqlite(connection) => sqlx::query_as(sqlite).bind(list).fetch_all(&mut **connection).await?,
        Tx::Postgres(connection) => sqlx::query_as(postgres).bind(list).fetch_all(&mut **connection).await?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_numbered_on() {
        let text =
            joined([("DELETE FROM a WHERE b = $1 AND (c = $2 OR d = $1)", 2), ("UPDATE e SET f = $1", 1)].into_iter());
        assert_eq!(text, "DELETE FROM a WHERE b = $1 AND (c = $2 OR d = $1);\nUPDATE e SET f = $3;\n");
    }
}
