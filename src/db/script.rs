//! Statements: one text with its values for both engines, and several of them in order.
//!
//! Those of a write are plain calls on the writer's own connection to SQLite, and nothing is waited for; PostgreSQL is
//! asked through its driver.

use std::borrow::Cow;

use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ValueRef};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use sqlx::error::BoxDynError;
use sqlx::postgres::{PgArguments, PgRow};
use sqlx::postgres::{PgTypeInfo, PgValueRef};
use sqlx::{Arguments as _, Decode, FromRow, Postgres, Type};

use super::readers::Reads;
use super::{Db, Error, Tx, sqlite};

/// A bound value.
#[derive(Clone, Debug)]
pub(super) enum Value<'v> {
    Text(Option<Cow<'v, str>>),
    Number(Option<i64>),
    Truth(bool),
    Bytes(Cow<'v, [u8]>),
    /// Text to SQLite, `JSONB` to PostgreSQL.
    Json(Box<RawValue>),
}

impl<'v> From<&'v str> for Value<'v> {
    fn from(text: &'v str) -> Self {
        Self::Text(Some(text.into()))
    }
}

impl<'v> From<&'v String> for Value<'v> {
    fn from(text: &'v String) -> Self {
        Self::Text(Some(text.into()))
    }
}

impl From<String> for Value<'_> {
    fn from(text: String) -> Self {
        Self::Text(Some(text.into()))
    }
}

impl<'v> From<Option<&'v str>> for Value<'v> {
    fn from(text: Option<&'v str>) -> Self {
        Self::Text(text.map(Cow::from))
    }
}

impl<'v> From<&'v Option<String>> for Value<'v> {
    fn from(text: &'v Option<String>) -> Self {
        text.as_deref().into()
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
        Self::Bytes(bytes.into())
    }
}

impl<'v> From<&'v Vec<u8>> for Value<'v> {
    fn from(bytes: &'v Vec<u8>) -> Self {
        Self::Bytes(bytes.into())
    }
}

/// Something as JSON.
///
/// # Errors
/// [`Error::Other`] where it has no such form.
pub(super) fn json<'v>(of: &impl Serialize) -> Result<Value<'v>, Error> {
    serde_json::value::to_raw_value(of).map(Value::Json).map_err(|error| Error::Other(error.into()))
}

/// A column that holds JSON.
pub(super) struct Json<T>(pub(super) T);

impl<T: DeserializeOwned> FromSql for Json<T> {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let text = value.as_bytes()?;
        serde_json::from_slice(text).map(Self).map_err(|error| FromSqlError::Other(error.into()))
    }
}

impl<T> Type<Postgres> for Json<T> {
    fn type_info() -> PgTypeInfo {
        <sqlx::types::Json<T> as Type<Postgres>>::type_info()
    }

    fn compatible(of: &PgTypeInfo) -> bool {
        <sqlx::types::Json<T> as Type<Postgres>>::compatible(of)
    }
}

impl<'r, T: DeserializeOwned + 'r> Decode<'r, Postgres> for Json<T> {
    fn decode(value: PgValueRef<'r>) -> Result<Self, BoxDynError> {
        <sqlx::types::Json<T> as Decode<'r, Postgres>>::decode(value).map(|json| Self(json.0))
    }
}

/// What a row is read as on both engines: a tuple.
pub(super) trait Columns:
    for<'r> FromRow<'r, PgRow> + for<'r> TryFrom<&'r rusqlite::Row<'r>, Error = rusqlite::Error> + Send + Unpin
{
}

impl<R> Columns for R where
    R: for<'r> FromRow<'r, PgRow> + for<'r> TryFrom<&'r rusqlite::Row<'r>, Error = rusqlite::Error> + Send + Unpin
{
}

/// A statement with its values.
#[derive(Clone, Debug)]
pub(super) struct Statement<'v> {
    pub(super) sql: &'static str,
    pub(super) values: Vec<Value<'v>>,
}

/// A statement that has no values yet.
pub(super) fn say<'v>(sql: &'static str) -> Statement<'v> {
    Statement { sql, values: Vec::new() }
}

impl<'v> Statement<'v> {
    /// Adds a value: the first is `$1`.
    pub(super) fn bind(mut self, value: impl Into<Value<'v>>) -> Self {
        self.values.push(value.into());
        self
    }

    /// Runs it; how many rows it changed.
    pub(super) async fn execute(self, tx: &mut Tx) -> Result<u64, Error> {
        match tx {
            Tx::Sqlite(connection) => Ok(sqlite::execute(connection, &self)?),
            Tx::Postgres(connection) => {
                let query = sqlx::query_with::<Postgres, _>(self.sql, self.arguments()?);
                Ok(query.execute(&mut **connection).await?.rows_affected())
            }
        }
    }

    /// Its rows.
    pub(super) async fn fetch_all<R: Columns>(self, tx: &mut Tx) -> Result<Vec<R>, Error> {
        match tx {
            Tx::Sqlite(connection) => Ok(sqlite::rows(connection, &self)?),
            Tx::Postgres(connection) => {
                let query = sqlx::query_as_with::<Postgres, R, _>(self.sql, self.arguments()?);
                Ok(query.fetch_all(&mut **connection).await?)
            }
        }
    }

    /// Its first row, if it has any.
    pub(super) async fn fetch_optional<R: Columns>(self, tx: &mut Tx) -> Result<Option<R>, Error> {
        match tx {
            Tx::Sqlite(connection) => Ok(sqlite::rows(connection, &self)?.into_iter().next()),
            Tx::Postgres(connection) => {
                let query = sqlx::query_as_with::<Postgres, R, _>(self.sql, self.arguments()?);
                Ok(query.fetch_optional(&mut **connection).await?)
            }
        }
    }

    /// The first row of one that always has one.
    pub(super) async fn fetch_one<R: Columns>(self, tx: &mut Tx) -> Result<R, Error> {
        self.fetch_optional(tx).await?.ok_or_else(|| sqlx::Error::RowNotFound.into())
    }

    /// Its rows, read outside of any transaction.
    pub(super) async fn read_all<R: Columns + 'static>(self, from: &impl Reads) -> Result<Vec<R>, Error> {
        from.readers()?.rows(self).await
    }

    /// Its first row, if it has any, read outside of any transaction.
    pub(super) async fn read_optional<R: Columns + 'static>(self, from: &impl Reads) -> Result<Option<R>, Error> {
        Ok(self.read_all(from).await?.into_iter().next())
    }

    /// The first row of one that always has one, read outside of any transaction.
    pub(super) async fn read_one<R: Columns + 'static>(self, from: &impl Reads) -> Result<R, Error> {
        self.read_optional(from).await?.ok_or_else(|| sqlx::Error::RowNotFound.into())
    }

    /// Runs it as a transaction of its own; how many rows it changed.
    pub(super) async fn run(self, on: &impl Reads) -> Result<u64, Error> {
        on.readers()?.execute(self).await
    }

    /// The same with values of its own.
    pub(super) fn owned(self) -> Statement<'static> {
        let owned = |value| match value {
            Value::Text(text) => Value::Text(text.map(|text| Cow::Owned(text.into_owned()))),
            Value::Bytes(bytes) => Value::Bytes(Cow::Owned(bytes.into_owned())),
            Value::Number(number) => Value::Number(number),
            Value::Truth(truth) => Value::Truth(truth),
            Value::Json(json) => Value::Json(json),
        };
        Statement { sql: self.sql, values: self.values.into_iter().map(owned).collect() }
    }

    /// The values as PostgreSQL's driver takes them: it is told the type of a NULL as well.
    pub(super) fn arguments(&self) -> Result<PgArguments, sqlx::Error> {
        let mut arguments = PgArguments::default();
        for value in &self.values {
            let added = match value {
                Value::Text(text) => arguments.add(text.as_deref()),
                Value::Number(number) => arguments.add(*number),
                Value::Truth(truth) => arguments.add(*truth),
                Value::Bytes(bytes) => arguments.add(&**bytes),
                Value::Json(json) => arguments.add(sqlx::types::Json(json)),
            };
            added.map_err(sqlx::Error::Encode)?;
        }
        Ok(arguments)
    }
}

/// Statements in order. None gives rows back.
#[derive(Default)]
pub struct Script<'v>(Vec<Statement<'v>>);

impl<'v> Script<'v> {
    /// Adds a statement; `$1` is the first of `values`.
    pub(super) fn add<const N: usize>(&mut self, sql: &'static str, values: [Value<'v>; N]) {
        self.0.push(Statement { sql, values: values.into() });
    }

    /// Runs everything added.
    ///
    /// # Errors
    /// That of the first statement that fails; those after it have not run.
    pub async fn run(self, tx: &mut Tx) -> Result<(), Error> {
        for statement in self.0 {
            statement.execute(tx).await?;
        }
        Ok(())
    }
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
pub(super) async fn fetch_listed<R: Columns>(
    tx: &mut Tx,
    [sqlite, postgres]: [&'static str; 2],
    items: &[&str],
) -> Result<Vec<R>, Error> {
    let sql = match tx {
        Tx::Sqlite(_) => sqlite,
        Tx::Postgres(_) => postgres,
    };
    say(sql).bind(list_of(items)).fetch_all(tx).await
}

/// The same, read outside of any transaction.
pub(super) async fn read_listed<R: Columns + 'static>(
    db: &Db,
    texts: [&'static str; 2],
    items: &[&str],
) -> Result<Vec<R>, Error> {
    say(db.text(texts)).bind(list_of(items)).read_all(db).await
}
