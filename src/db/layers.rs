//! What is distilled of exchanges: where each part came from, what no longer holds, and which talk is still to be read.

use std::collections::HashSet;

use super::memories::{self, Row, memory, memory_of, seen};
use super::script::{fetch_listed, listed, read_listed};
use super::{Db, Error, Script, Tx, say};
use crate::domain::{Memory, MemoryId, Moment, PersonaId, PersonalityId, PlaceId, Reach, Scope, Tenant};

// `kind <> 'episode'` says to SQLite that the index of distilled memories holds all of them.
const PROFILE: &str = memory!(
    "WHERE tenant IN ($1, $2, $3) AND kind <> 'episode' AND kind = 'profile' AND corrected_by IS NULL AND ",
    seen!(),
    " ORDER BY at DESC, id DESC LIMIT $6"
);
const FACTS: &str = memory!(
    "WHERE tenant IN ($1, $2, $3) AND kind <> 'episode' AND kind = 'fact' AND corrected_by IS NULL AND ",
    seen!(),
    " ORDER BY at DESC, id DESC LIMIT $6"
);
const OUTDATED: [&str; 2] = listed!(
    "SELECT o.memory_id, m.tenant, m.place_id, m.privacy FROM memory_outdated o JOIN memory m ON m.id = o.by_id \
     WHERE m.corrected_by IS NULL AND o.memory_id IN "
);
const DERIVED: [&str; 2] = listed!("SELECT DISTINCT memory_id FROM memory_source WHERE source_id IN ");
const SOURCES: [&str; 2] = listed!("SELECT DISTINCT source_id FROM memory_source WHERE memory_id IN ");
const SUMMARIES: [&str; 2] = listed!(
    "SELECT DISTINCT s.memory_id FROM memory_source s JOIN memory m ON m.id = s.memory_id \
     WHERE m.kind = 'summary' AND s.source_id IN "
);
const ADD_SOURCE: &str =
    "INSERT INTO memory_source (memory_id, source_id) VALUES ($1, $2) ON CONFLICT (memory_id, source_id) DO NOTHING";
const OUTDATE: &str =
    "INSERT INTO memory_outdated (memory_id, by_id) VALUES ($1, $2) ON CONFLICT (memory_id, by_id) DO NOTHING";
const REFRESH: &str = "UPDATE memory SET at = $2 WHERE id = $1 AND at < $2";
const UNLEARNED: &str = "SELECT tenant, place_id, persona_id, personality_id, COUNT(*), \
     CAST(SUM(LENGTH(said) + LENGTH(answered)) AS BIGINT), MIN(at), MAX(at) FROM memory \
     WHERE kind = 'episode' AND learned_at IS NULL AND corrected_by IS NULL AND tenant LIKE 'p:%' \
     GROUP BY tenant, place_id, persona_id, personality_id ORDER BY 7 LIMIT $1";
const UNSUMMED: &str = "SELECT tenant, place_id, persona_id, personality_id, COUNT(*), \
     CAST(SUM(LENGTH(said) + LENGTH(answered)) AS BIGINT), MIN(at), MAX(at) FROM memory \
     WHERE kind = 'episode' AND summed_at IS NULL AND corrected_by IS NULL AND tenant LIKE 'p:%' AND at <= $2 \
     GROUP BY tenant, place_id, persona_id, personality_id ORDER BY 7 LIMIT $1";
const TO_LEARN: &str = memory!(
    "WHERE tenant = $1 AND place_id = $2 AND kind = 'episode' AND learned_at IS NULL AND corrected_by IS NULL \
     ORDER BY at, id LIMIT $3"
);
const TO_SUM_UP: &str = memory!(
    "WHERE tenant = $1 AND place_id = $2 AND kind = 'episode' AND summed_at IS NULL AND corrected_by IS NULL \
     ORDER BY at, id LIMIT $3"
);
const LEARNED: &str = "UPDATE memory SET learned_at = $2 WHERE id = $1 AND learned_at IS NULL AND corrected_by IS NULL";
const SUMMED: &str = "UPDATE memory SET summed_at = $2 WHERE id = $1 AND summed_at IS NULL AND corrected_by IS NULL";
const TOLD_OTHERWISE: &str = "SELECT m.id FROM memory m WHERE m.kind = 'episode' AND m.at < $1 \
     AND m.learned_at IS NOT NULL AND m.summed_at IS NOT NULL AND m.locked_at IS NULL \
     AND EXISTS (SELECT 1 FROM memory_source s JOIN memory d ON d.id = s.memory_id \
     WHERE s.source_id = m.id AND d.kind = 'summary') ORDER BY m.at, m.id LIMIT $2";
const STATEMENTS: &str = "SELECT tenant, place_id, persona_id, personality_id, COUNT(*), \
     CAST(SUM(LENGTH(said)) AS BIGINT), MIN(at), MAX(created_at) FROM memory \
     WHERE kind = 'fact' AND corrected_by IS NULL AND tenant LIKE 'p:%' \
     GROUP BY tenant, place_id, persona_id, personality_id \
     HAVING COUNT(*) >= $3 AND MAX(created_at) >= $2 ORDER BY 8 LIMIT $1";
const DOUBT: &str = "UPDATE memory SET flag = $2 WHERE id = $1 AND flag IS NULL";
const PUT_RIGHT: &str = "SELECT said FROM memory WHERE tenant = $1 AND kind <> 'episode' AND corrected_by IS NOT NULL \
     ORDER BY at DESC, id DESC LIMIT $2";
const CLAIM: &str = "INSERT INTO distilling (step, tenant, place_id, persona_id, run_at) VALUES ($1, $2, $3, $4, $5) \
     ON CONFLICT (step, tenant, place_id) DO UPDATE SET attempt = distilling.attempt + 1, run_at = excluded.run_at \
     WHERE distilling.run_at <= $6 RETURNING attempt";
const WAIT: &str = "UPDATE distilling SET run_at = $4 WHERE step = $1 AND tenant = $2 AND place_id = $3";
const DONE: &str = "DELETE FROM distilling WHERE step = $1 AND tenant = $2 AND place_id = $3";

/// Statements whose text differs between SQLite and PostgreSQL.
pub const SPLIT: &[[&str; 2]] = &[OUTDATED, DERIVED, SOURCES, SUMMARIES];

/// Every other statement of this file.
pub const ALL: &[&str] = &[
    PROFILE,
    FACTS,
    ADD_SOURCE,
    OUTDATE,
    REFRESH,
    UNLEARNED,
    UNSUMMED,
    TO_LEARN,
    TO_SUM_UP,
    LEARNED,
    SUMMED,
    CLAIM,
    WAIT,
    DONE,
    PUT_RIGHT,
    TOLD_OTHERWISE,
    STATEMENTS,
    DOUBT,
];

/// Old wordings that are looked at.
const PUT_RIGHT_MAX: i64 = 200;

/// What talk is read for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Step {
    /// For facts, and for how two stand to each other.
    Learn,
    /// For what it was about.
    SumUp,
    /// What is known is read once more, for what cannot all be true.
    Audit,
}

impl Step {
    /// As the database stores it, and as metrics name it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Learn => "learn",
            Self::SumUp => "sum_up",
            Self::Audit => "audit",
        }
    }
}

/// Talk of one persona with one personality in one place that nothing was distilled of yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unread {
    pub tenant: Tenant,
    pub place: PlaceId,
    pub persona: PersonaId,
    pub personality: PersonalityId,
    /// Exchanges.
    pub count: i64,
    /// Characters of all of them.
    pub size: i64,
    pub first: Moment,
    pub last: Moment,
}

/// Facts of one persona with one personality in one place that are looked at together, at least.
const STATEMENTS_MIN: i64 = 4;

/// Talk that `step` has not read, that of whom waits longest first; for [`Step::SumUp`] only exchanges until `until`, for
/// [`Step::Audit`] facts where there are new ones since `until`.
pub async fn unread(db: &Db, step: Step, until: Moment, limit: i64) -> Result<Vec<Unread>, Error> {
    type UnreadRow = (String, String, String, String, i64, i64, i64, i64);
    let rows: Vec<UnreadRow> = match step {
        Step::Learn => say(UNLEARNED).bind(limit).read_all::<UnreadRow>(db).await?,
        Step::SumUp => say(UNSUMMED).bind(limit).bind(until.0).read_all::<UnreadRow>(db).await?,
        Step::Audit => say(STATEMENTS).bind(limit).bind(until.0).bind(STATEMENTS_MIN).read_all::<UnreadRow>(db).await?,
    };
    let unread = |(tenant, place, persona, personality, count, size, first, last): UnreadRow| Unread {
        tenant: Tenant::stored(tenant),
        place: PlaceId::new(place),
        persona: PersonaId::new(persona),
        personality: PersonalityId::new(personality),
        count,
        size,
        first: Moment(first),
        last: Moment(last),
    };
    Ok(rows.into_iter().map(unread).collect())
}

/// The exchanges of some talk that were not read for facts (or not summed up), oldest first.
pub async fn episodes(db: &Db, is_summed: bool, talk: &Unread, limit: i64) -> Result<Vec<Memory>, Error> {
    let sql = if is_summed { TO_SUM_UP } else { TO_LEARN };
    let rows = say(sql).bind(talk.tenant.as_str()).bind(talk.place.as_str()).bind(limit).read_all::<Row>(db).await?;
    Ok(rows.into_iter().map(memory_of).collect())
}

/// Takes up some talk until `lease`, unless somebody else has it or it waits; returns how often it was taken up before.
pub async fn claim(tx: &mut Tx, step: Step, talk: &Unread, now: Moment, lease: Moment) -> Result<Option<i64>, Error> {
    let row = say(CLAIM)
        .bind(step.as_str())
        .bind(talk.tenant.as_str())
        .bind(talk.place.as_str())
        .bind(talk.persona.as_str())
        .bind(lease.0)
        .bind(now.0)
        .fetch_optional::<(i64,)>(tx)
        .await?;
    Ok(row.map(|(attempt,)| attempt))
}

/// Lets some talk wait until `run_at`.
pub async fn wait(tx: &mut Tx, step: Step, talk: &Unread, run_at: Moment) -> Result<(), Error> {
    say(WAIT)
        .bind(step.as_str())
        .bind(talk.tenant.as_str())
        .bind(talk.place.as_str())
        .bind(run_at.0)
        .execute(tx)
        .await?;
    Ok(())
}

/// A distilled memory as it is written: its row, what it was made from, and what it takes the place of.
#[derive(Clone, Debug)]
pub struct Distilled {
    pub memory: Memory,
    pub sources: Vec<MemoryId>,
    /// What no longer holds because of it.
    pub outdates: Vec<MemoryId>,
}

/// What came of reading some exchanges.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    pub memories: Vec<Distilled>,
    /// What was known already and was said again: with what it was made from this time, and when.
    pub confirmed: Vec<(MemoryId, Vec<MemoryId>, Moment)>,
}

/// Writes what came of reading `read`, and that it was read. `chores` are ids for as many outbox rows as there are
/// memories.
///
/// A statement outdates, with what it takes the place of, whatever tells that as well.
///
/// # Errors
/// [`Error::Changed`] when some of `read` is gone, was put right, or was read by somebody else meanwhile.
pub async fn write(
    tx: &mut Tx,
    (step, talk): (Step, &Unread),
    read: &[MemoryId],
    outcome: &Outcome,
    chores: &[String],
    now: Moment,
) -> Result<(), Error> {
    let mark = if step == Step::SumUp { SUMMED } else { LEARNED };
    for id in read {
        let marked = say(mark).bind(id.as_str()).bind(now.0).execute(tx).await?;
        if marked != 1 {
            return Err(Error::Changed);
        }
    }
    let mut outdated = Vec::with_capacity(outcome.memories.len());
    for distilled in &outcome.memories {
        let mut ids = distilled.outdates.clone();
        if !ids.is_empty() && distilled.memory.is_statement() {
            ids.extend(told_in(tx, &distilled.outdates).await?);
        }
        // What it was made from itself still tells how it is.
        ids.retain(|id| !distilled.sources.contains(id));
        outdated.push(ids);
    }
    let details: Vec<Option<String>> =
        outcome.memories.iter().map(|distilled| memories::detail_of(&distilled.memory)).collect();
    let mut script = Script::default();
    for (((distilled, outdated), detail), chore) in outcome.memories.iter().zip(&outdated).zip(&details).zip(chores) {
        let id = distilled.memory.id.as_str();
        memories::add_detailed(&mut script, &distilled.memory, detail.as_deref(), chore, now);
        for source in &distilled.sources {
            script.add(ADD_SOURCE, [id.into(), source.as_str().into()]);
        }
        for outdated in outdated {
            script.add(OUTDATE, [outdated.as_str().into(), id.into()]);
        }
    }
    for (id, sources, at) in &outcome.confirmed {
        script.add(REFRESH, [id.as_str().into(), at.0.into()]);
        for source in sources {
            script.add(ADD_SOURCE, [id.as_str().into(), source.as_str().into()]);
        }
    }
    script.add(DONE, [step.as_str().into(), talk.tenant.as_str().into(), talk.place.as_str().into()]);
    script.run(tx).await
}

/// Marks what `by` took the place of.
pub async fn outdate(tx: &mut Tx, ids: &[MemoryId], by: &MemoryId) -> Result<(), Error> {
    let mut script = Script::default();
    for id in ids.iter().filter(|id| *id != by) {
        script.add(OUTDATE, [id.as_str().into(), by.as_str().into()]);
    }
    script.run(tx).await
}

/// What was made from any of `ids`, directly or over something in between; not `ids` themselves.
pub async fn derived(tx: &mut Tx, ids: &[MemoryId]) -> Result<Vec<MemoryId>, Error> {
    reached(tx, DERIVED, ids).await
}

/// Where statements are told as well: the exchanges that they were made from, and the summaries of those.
pub async fn told_in(tx: &mut Tx, ids: &[MemoryId]) -> Result<Vec<MemoryId>, Error> {
    let mut told = reached(tx, SOURCES, ids).await?;
    let list: Vec<&str> = told.iter().map(MemoryId::as_str).collect();
    let rows: Vec<(String,)> = fetch_listed(tx, SUMMARIES, &list).await?;
    told.extend(rows.into_iter().map(|(id,)| MemoryId::new(id)));
    Ok(told)
}

async fn reached(tx: &mut Tx, sql: [&'static str; 2], ids: &[MemoryId]) -> Result<Vec<MemoryId>, Error> {
    let mut seen: HashSet<MemoryId> = ids.iter().cloned().collect();
    let (mut from, mut reached) = (ids.to_vec(), Vec::new());
    while !from.is_empty() {
        let list: Vec<&str> = from.iter().map(MemoryId::as_str).collect();
        let rows: Vec<(String,)> = fetch_listed(tx, sql, &list).await?;
        from = rows.into_iter().map(|(id,)| MemoryId::new(id)).filter(|id| seen.insert(id.clone())).collect();
        reached.extend(from.iter().cloned());
    }
    Ok(reached)
}

/// The ids among `ids` that no longer hold for `scope`: something newer that it admits took their place.
pub async fn outdated(db: &Db, scope: &Scope, ids: &[&MemoryId]) -> Result<HashSet<MemoryId>, Error> {
    type OutdatedRow = (String, String, String, String);
    let ids: Vec<&str> = ids.iter().map(|id| id.as_str()).collect();
    let rows = read_listed::<OutdatedRow>(db, OUTDATED, &ids).await?;
    let holds = |(_, tenant, place, reach): &OutdatedRow| {
        scope.admits(&Tenant::stored(tenant), &PlaceId::new(place), Reach::read(reach))
    };
    Ok(rows.iter().filter(|row| holds(row)).map(|(id, ..)| MemoryId::new(id)).collect())
}

/// The profile that `scope` admits, newest first, at most `limit`.
pub async fn profile(db: &Db, scope: &Scope, limit: i64) -> Result<Vec<Memory>, Error> {
    holding(db, PROFILE, scope, limit).await
}

/// The facts that `scope` admits, newest first, at most `limit`.
pub async fn facts(db: &Db, scope: &Scope, limit: i64) -> Result<Vec<Memory>, Error> {
    holding(db, FACTS, scope, limit).await
}

/// Notes what may be wrong with facts, where nothing is noted yet.
pub async fn doubt(tx: &mut Tx, doubts: &[(MemoryId, String)]) -> Result<(), Error> {
    let mut script = Script::default();
    for (id, reason) in doubts {
        script.add(DOUBT, [id.as_str().into(), reason.into()]);
    }
    script.run(tx).await
}

/// Exchanges of before `before` that are told by a summary as well, and that nobody locked; at most `limit`.
pub async fn told_otherwise(db: &Db, before: Moment, limit: i64) -> Result<Vec<MemoryId>, Error> {
    let rows = say(TOLD_OTHERWISE).bind(before.0).bind(limit).read_all::<(String,)>(db).await?;
    Ok(rows.into_iter().map(|(id,)| MemoryId::new(id)).collect())
}

/// The statements of a tenant that were put right, in their old words, newest first.
pub async fn put_right(db: &Db, tenant: &Tenant) -> Result<Vec<String>, Error> {
    let rows = say(PUT_RIGHT).bind(tenant.as_str()).bind(PUT_RIGHT_MAX).read_all::<(String,)>(db).await?;
    Ok(rows.into_iter().map(|(said,)| said).collect())
}

async fn holding(db: &Db, sql: &'static str, scope: &Scope, limit: i64) -> Result<Vec<Memory>, Error> {
    let [one, two, three] = memories::three(scope);
    let rows = say(sql)
        .bind(&one)
        .bind(&two)
        .bind(&three)
        .bind(scope.place().as_str())
        .bind(memories::looks(scope))
        .bind(limit)
        .read_all::<Row>(db)
        .await?;
    let mut found: Vec<Memory> = rows.into_iter().map(memory_of).collect();
    found.retain(|memory| scope.admits(&memory.tenant, &memory.place, memory.reach));
    if found.is_empty() {
        return Ok(found);
    }
    let outdated = outdated(db, scope, &found.iter().map(|memory| &memory.id).collect::<Vec<_>>()).await?;
    found.retain(|memory| !outdated.contains(&memory.id));
    Ok(found)
}
