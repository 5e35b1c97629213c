//! Looking at and limiting the database from tests: never part of the program. Statements that tests make are leaked.

use sqlx::{Executor as _, SqlSafeStr as _};

use super::{Db, Error, Readers, Reads as _, Tx, json, say};
use crate::domain::{MemberId, MessageId, Moment, PersonaId, PersonalityId, PlaceId, Turn, TurnId, TurnState};

const SQLITE_COLUMNS: &str = "SELECT m.name, p.name, CAST(p.\"notnull\" AS BIGINT) FROM sqlite_master m, pragma_table_info(m.name) p \
     WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%' AND m.name NOT LIKE '_sqlx_%' ORDER BY 1, 2";
const POSTGRES_COLUMNS: &str = "SELECT CAST(table_name AS TEXT), CAST(column_name AS TEXT), \
     CAST(CASE is_nullable WHEN 'NO' THEN 1 ELSE 0 END AS BIGINT) FROM information_schema.columns \
     WHERE table_schema = 'public' AND table_name NOT LIKE '\\_sqlx\\_%' ORDER BY 1, 2";
const REWIND: &str =
    "UPDATE turn SET state = 'queued', attempt = $2, run_at = 0, answer = NULL, made_of = NULL WHERE id = $1";
const TURN: &str =
    "SELECT place_id, message_id, personality_id, member_id, persona_id, created_at FROM turn WHERE id = $1";
const ECHO: &str = "SELECT $2, $1, $3, $4, CAST($5 AS TEXT), $2";
const UNDO: [&str; 4] = [
    "DELETE FROM delivery WHERE turn_id = $1",
    "DELETE FROM ledger WHERE turn_id = $1",
    "DELETE FROM memory WHERE turn_id = $1",
    "DELETE FROM message WHERE turn_id = $1 AND personality_id IS NOT NULL",
];

/// What comes back of values of every kind: the number, the text, the truth, the bytes, the JSON as text, the number.
pub type Echo = (Option<i64>, Option<String>, bool, Vec<u8>, String, Option<i64>);

impl Db {
    /// Has the engine understand a statement.
    pub async fn prepare(&self, statement: &'static str) -> Result<(), Error> {
        match self.readers()? {
            Readers::File(file) => file.run(move |connection| connection.prepare(statement).map(drop)).await,
            Readers::Server(pool) => Ok(pool.prepare(statement.into_sql_str()).await.map(|_| ())?),
        }
    }

    /// How SQLite goes about a statement, a line for each step.
    pub async fn plan(&self, statement: &str) -> Result<Vec<String>, Error> {
        let Readers::File(file) = self.readers()? else { return Ok(Vec::new()) };
        let statement = format!("EXPLAIN QUERY PLAN {statement}");
        file.run(move |connection| {
            let mut prepared = connection.prepare(&statement)?;
            let mut steps = prepared.raw_query();
            let mut plan = Vec::new();
            while let Some(step) = steps.next()? {
                plan.push(step.get("detail")?);
            }
            Ok(plan)
        })
        .await
    }

    /// Every column as (table, column, whether it must be set), sorted.
    pub async fn columns(&self) -> Result<Vec<(String, String, bool)>, Error> {
        let columns = say(self.text([SQLITE_COLUMNS, POSTGRES_COLUMNS]));
        let rows = columns.read_all::<(String, String, i64)>(self).await?;
        let mut columns: Vec<_> = rows.into_iter().map(|(table, column, set)| (table, column, set != 0)).collect();
        columns.sort();
        Ok(columns)
    }

    /// Every row of a table as text, sorted: the same for the same row on one engine.
    pub async fn rows(&self, table: &str) -> Result<Vec<String>, Error> {
        let columns = self.columns().await?.into_iter().filter(|(of, _, _)| of == table);
        let quoted: Vec<String> = columns.map(|(_, column, _)| format!("quote({column})")).collect();
        let statement = match self.engine() {
            "sqlite" => format!("SELECT {} FROM {table}", quoted.join(" || '|' || ")),
            _ => format!("SELECT CAST(t AS TEXT) FROM {table} t"),
        };
        let mut rows = say(statement.leak()).read_all::<(String,)>(self).await?;
        rows.sort();
        Ok(rows.into_iter().map(|(row,)| row).collect())
    }

    /// Bounds the size of a SQLite file in pages, as a full disk would; `None` lifts the bound. Does nothing on PostgreSQL.
    pub async fn limit_pages(&self, pages: Option<u32>) -> Result<(), Error> {
        // The limit belongs to the connection that writes.
        self.write(move |tx| {
            Box::pin(async move {
                let Tx::Sqlite(connection) = tx else { return Ok(()) };
                Ok(connection.pragma_update(None, "max_page_count", pages.unwrap_or(1_073_741_823))?)
            })
        })
        .await
    }

    /// Has the writer's connection say back a value of every kind.
    pub async fn echo(
        &self,
        (text, number): (Option<&'static str>, Option<i64>),
        truth: bool,
        bytes: &'static [u8],
        of: serde_json::Value,
    ) -> Result<Echo, Error> {
        self.write(move |tx| {
            Box::pin(async move {
                let echo = say(ECHO).bind(text).bind(number).bind(truth).bind(bytes).bind(json(&of)?);
                echo.fetch_one(tx).await
            })
        })
        .await
    }

    /// One number that `statement` selects.
    pub async fn number(&self, statement: &'static str) -> Result<i64, Error> {
        let (number,) = say(statement).read_one::<(i64,)>(self).await?;
        Ok(number)
    }

    /// Runs a statement that changes rows behind the program's back.
    pub async fn run(&self, statement: &'static str) -> Result<(), Error> {
        self.write(move |tx| {
            Box::pin(async move {
                say(statement).execute(tx).await?;
                Ok(())
            })
        })
        .await
    }

    /// Runs a statement with a name in it that only the test knows, outside of any transaction.
    pub async fn run_made(&self, statement: String) -> Result<(), Error> {
        say(statement.leak()).run(self).await.map(|_| ())
    }

    /// A turn as a worker would have it, whatever has become of it.
    pub async fn turn(&self, id: &TurnId) -> Result<Option<Turn>, Error> {
        type TurnRow = (String, String, String, String, String, i64);
        let row = say(TURN).bind(id.as_str()).read_optional::<TurnRow>(self).await?;
        Ok(row.map(|(place, message, personality, member, persona, created_at)| Turn {
            id: id.clone(),
            place: PlaceId::new(place),
            message: MessageId::new(message),
            reply_to: None,
            personality: PersonalityId::new(personality),
            member: MemberId::new(member),
            persona: PersonaId::new(persona),
            state: TurnState::Running,
            attempt: 0,
            is_resumed: false,
            epoch: 0,
            notice: None,
            is_incognito: true,
            trace: String::new(),
            created_at: Moment(created_at),
        }))
    }

    /// Puts a turn back into its lane as if it had been tried `attempt` times without an answer.
    pub async fn rewind(&self, turn: &TurnId, attempt: i64) -> Result<(), Error> {
        let turn = turn.clone();
        self.write(move |tx| {
            Box::pin(async move {
                for undo in UNDO {
                    say(undo).bind(turn.as_str()).execute(tx).await?;
                }
                say(REWIND).bind(turn.as_str()).bind(attempt).execute(tx).await?;
                Ok(())
            })
        })
        .await
    }
}
