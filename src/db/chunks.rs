//! The embedded vector store's rows: chunks, and the revision of each tenant that has any.
//!
//! Every change of a tenant's chunks gives it a new revision in the same transaction, *before* it touches the
//! chunks: the revision's row is the lock that orders writers, and what readers check their copies against.

use std::collections::HashMap;

use super::script::{fetch_listed, listed};
use super::{Db, Error, Script, Tx, say};
use crate::domain::{MemoryId, Tenant};

const SPACE_KEY: &str = "recall.space.embedded";

const PUT: &str = "INSERT INTO chunk (id, memory_id, tenant, place_id, privacy, at, terms, space, dense)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
    ON CONFLICT (id) DO UPDATE SET memory_id = excluded.memory_id, tenant = excluded.tenant,
        place_id = excluded.place_id, privacy = excluded.privacy, at = excluded.at, terms = excluded.terms,
        space = excluded.space, dense = excluded.dense";
const TENANTS_OF_CHUNKS: [&str; 2] = listed!("SELECT id, tenant FROM chunk WHERE id IN ");
const REVISIONS_OF: [&str; 2] = listed!("SELECT tenant, revision FROM shelf WHERE tenant IN ");
const REVISIONS: &str = "SELECT tenant, revision FROM shelf WHERE tenant IN ($1, $2, $3)";
const REVISE: &str = "INSERT INTO shelf (tenant, revision) VALUES ($1, $2)
    ON CONFLICT (tenant) DO UPDATE SET revision = excluded.revision";
const TIDY: &str = "DELETE FROM shelf WHERE tenant = $1 AND NOT EXISTS (SELECT 1 FROM chunk WHERE tenant = $1)";
const LOAD: &str = "SELECT shelf.revision, chunk.space, chunk.id, chunk.memory_id, chunk.place_id, chunk.privacy,
        chunk.at, chunk.terms, chunk.dense
    FROM shelf JOIN chunk ON chunk.tenant = shelf.tenant WHERE shelf.tenant = $1";
const TENANTS_OF: &str = "SELECT DISTINCT tenant FROM chunk WHERE memory_id = $1";
const FORGET_MEMORY: &str = "DELETE FROM chunk WHERE memory_id = $1";
const FORGET_TENANT: &str = "DELETE FROM chunk WHERE tenant = $1";
const FORGET_SHELF: &str = "DELETE FROM shelf WHERE tenant = $1";
const FORGET_ALL: &str = "DELETE FROM chunk";
const FORGET_SHELVES: &str = "DELETE FROM shelf";
const COUNT: &str = "SELECT COUNT(*) FROM chunk";
const COUNT_TENANT: &str = "SELECT COUNT(*) FROM chunk WHERE tenant = $1";
const SPACE: &str = "SELECT value FROM meta WHERE key = $1";
const SET_SPACE: &str =
    "INSERT INTO meta (key, value) VALUES ($1, $2) ON CONFLICT (key) DO UPDATE SET value = excluded.value";
const OTHER_SPACE: &str = "SELECT space FROM chunk WHERE space <> $1 LIMIT 1";

/// Every statement of this file.
pub const ALL: &[&str] = &[
    PUT,
    REVISIONS,
    REVISE,
    TIDY,
    LOAD,
    TENANTS_OF,
    FORGET_MEMORY,
    FORGET_TENANT,
    FORGET_SHELF,
    FORGET_ALL,
    FORGET_SHELVES,
    COUNT,
    COUNT_TENANT,
    SPACE,
    SET_SPACE,
    OTHER_SPACE,
];

/// Statements whose text differs between SQLite and PostgreSQL.
pub const SPLIT: &[[&str; 2]] = &[TENANTS_OF_CHUNKS, REVISIONS_OF];

/// A row of `chunk`.
#[derive(Clone, Debug)]
pub struct Chunk {
    pub id: String,
    pub memory: String,
    pub tenant: String,
    pub place: String,
    pub reach: &'static str,
    pub at: i64,
    pub terms: Vec<u8>,
    /// Numbers of four bytes, little-endian.
    pub dense: Vec<u8>,
}

/// A row of `chunk` as read, with its tenant's revision and its space.
#[derive(Debug)]
pub struct Loaded {
    pub revision: i64,
    pub space: String,
    pub id: String,
    pub memory_id: String,
    pub place_id: String,
    pub reach: String,
    pub at: i64,
    pub terms: Vec<u8>,
    pub dense: Vec<u8>,
}

/// A tenant that was changed: the revision before (if it had chunks), and after.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Revised {
    pub tenant: String,
    pub before: Option<i64>,
    pub after: i64,
}

/// Makes `space` the space of all rows; returns the other space if there are rows of one.
pub async fn claim_space(tx: &mut Tx, space: &str) -> Result<Option<String>, Error> {
    if recorded_space(tx).await?.as_deref() == Some(space) {
        return Ok(None);
    }
    let other = say(OTHER_SPACE).bind(space).fetch_optional::<(String,)>(tx).await?;
    if let Some((other,)) = other {
        return Ok(Some(other));
    }
    say(SET_SPACE).bind(SPACE_KEY).bind(space).execute(tx).await?;
    Ok(None)
}

/// The space that the rows are of, once one was claimed.
pub async fn recorded_space(tx: &mut Tx) -> Result<Option<String>, Error> {
    let row = say(SPACE).bind(SPACE_KEY).fetch_optional::<(String,)>(tx).await?;
    Ok(row.map(|(space,)| space))
}

/// Adds or replaces `chunks`, all of `space`; every tenant touched gets a revision out of `fresh`.
pub async fn put(
    tx: &mut Tx,
    space: &str,
    chunks: &[Chunk],
    fresh: &mut (dyn FnMut() -> i64 + Send),
) -> Result<Vec<Revised>, Error> {
    let ids: Vec<&str> = chunks.iter().map(|chunk| chunk.id.as_str()).collect();
    let stored = fetch_listed::<(String, String)>(tx, TENANTS_OF_CHUNKS, &ids).await?;
    // A chunk that moves house leaves a shelf behind that must not keep it.
    let moved = |(id, tenant): &(String, String)| chunks.iter().any(|chunk| chunk.id == *id && chunk.tenant != *tenant);
    let left: Vec<String> = stored.into_iter().filter(moved).map(|(_, tenant)| tenant).collect();
    let tenants = chunks.iter().map(|chunk| chunk.tenant.clone()).chain(left.iter().cloned()).collect();
    let revised = revise(tx, tenants, fresh).await?;
    let mut script = Script::default();
    for chunk in chunks {
        script.add(
            PUT,
            [
                (&chunk.id).into(),
                (&chunk.memory).into(),
                (&chunk.tenant).into(),
                (&chunk.place).into(),
                chunk.reach.into(),
                chunk.at.into(),
                chunk.terms.as_slice().into(),
                space.into(),
                chunk.dense.as_slice().into(),
            ],
        );
    }
    left.iter().for_each(|tenant| script.add(TIDY, [tenant.into()]));
    script.run(tx).await?;
    Ok(revised)
}

/// Removes the chunks of `memories`.
pub async fn forget_memories(
    tx: &mut Tx,
    memories: &[MemoryId],
    fresh: &mut (dyn FnMut() -> i64 + Send),
) -> Result<Vec<Revised>, Error> {
    let mut tenants = Vec::new();
    for memory in memories {
        let rows = say(TENANTS_OF).bind(memory.as_str()).fetch_all::<(String,)>(tx).await?;
        tenants.extend(rows.into_iter().map(|(tenant,)| tenant));
    }
    let revised = revise(tx, tenants, fresh).await?;
    for memory in memories {
        say(FORGET_MEMORY).bind(memory.as_str()).execute(tx).await?;
    }
    tidy(tx, &revised).await?;
    Ok(revised)
}

/// Removes the chunks of `tenant`.
pub async fn forget_tenant(tx: &mut Tx, tenant: &Tenant, fresh: &mut (dyn FnMut() -> i64 + Send)) -> Result<(), Error> {
    revise(tx, vec![tenant.as_str().to_owned()], fresh).await?;
    for sql in [FORGET_TENANT, FORGET_SHELF] {
        say(sql).bind(tenant.as_str()).execute(tx).await?;
    }
    Ok(())
}

/// Removes every chunk.
pub async fn forget_all(tx: &mut Tx) -> Result<(), Error> {
    for sql in [FORGET_ALL, FORGET_SHELVES] {
        say(sql).execute(tx).await?;
    }
    Ok(())
}

/// Gives each of `tenants` a new revision, in an order that all writers share.
async fn revise(
    tx: &mut Tx,
    mut tenants: Vec<String>,
    fresh: &mut (dyn FnMut() -> i64 + Send),
) -> Result<Vec<Revised>, Error> {
    tenants.sort_unstable();
    tenants.dedup();
    let listed: Vec<&str> = tenants.iter().map(String::as_str).collect();
    let before: HashMap<String, i64> = fetch_listed(tx, REVISIONS_OF, &listed).await?.into_iter().collect();
    let revised: Vec<Revised> = tenants
        .into_iter()
        .map(|tenant| Revised { before: before.get(&tenant).copied(), tenant, after: fresh() })
        .collect();
    let mut script = Script::default();
    revised.iter().for_each(|revised| script.add(REVISE, [(&revised.tenant).into(), revised.after.into()]));
    script.run(tx).await?;
    Ok(revised)
}

/// Takes the revisions of tenants away that have no chunks left.
async fn tidy(tx: &mut Tx, revised: &[Revised]) -> Result<(), Error> {
    for Revised { tenant, .. } in revised {
        say(TIDY).bind(tenant).execute(tx).await?;
    }
    Ok(())
}

/// The revisions of those of three tenants that have chunks.
pub async fn revisions(db: &Db, tenants: [&Tenant; 3]) -> Result<Vec<(String, i64)>, Error> {
    let [a, b, c] = tenants.map(Tenant::as_str);
    say(REVISIONS).bind(a).bind(b).bind(c).read_all::<(String, i64)>(db).await
}

type LoadedRow = (i64, String, String, String, String, String, i64, Vec<u8>, Vec<u8>);

/// The chunks of a tenant, all of one revision.
pub async fn load(db: &Db, tenant: &Tenant) -> Result<Vec<Loaded>, Error> {
    let rows = say(LOAD).bind(tenant.as_str()).read_all::<LoadedRow>(db).await?;
    let read = |(revision, space, id, memory_id, place_id, reach, at, terms, dense): LoadedRow| Loaded {
        revision,
        space,
        id,
        memory_id,
        place_id,
        reach,
        at,
        terms,
        dense,
    };
    Ok(rows.into_iter().map(read).collect())
}

/// Number of chunks of `tenant`, or of all.
pub async fn count(db: &Db, tenant: Option<&Tenant>) -> Result<u64, Error> {
    let (count,) = match tenant {
        Some(tenant) => say(COUNT_TENANT).bind(tenant.as_str()).read_one::<(i64,)>(db).await?,
        None => say(COUNT).read_one::<(i64,)>(db).await?,
    };
    Ok(u64::try_from(count).unwrap_or_default())
}
