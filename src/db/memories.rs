//! Memories, and the outbox that makes and removes their vectors.

use std::collections::HashMap;

use super::script::{listed, read_listed};
use super::{Db, Error, Script, Tx, layers, say};
use crate::domain::{
    Detail, MemberId, Memory, MemoryId, MemoryKind, Moment, PersonaId, PersonalityId, PlaceId, Provenance, Reach,
    Scope, Tenant, TurnId,
};

/// The columns of a [`Row`]. A row has as many as a tuple may have: what distilled memories have more goes with the kind.
macro_rules! columns {
    () => {
        "id, kind || ' ' || COALESCE(detail, ''), tenant, persona_id, personality_id, place_id, privacy, provenance, \
         turn_id, said_by, said, answered_by, answered, at, locked_at, flag"
    };
}

/// A statement that reads memories.
macro_rules! memory {
    ($($rest:expr),+) => {
        concat!("SELECT ", $crate::db::memories::columns!(), " FROM memory ", $($rest),+)
    };
}

/// Which memories a scope sees: `$4` is the place that asks, `$5` how far it looks ([`looks`]).
macro_rules! seen {
    () => {
        "(place_id = $4 OR CASE privacy WHEN 'open' THEN 0 WHEN 'private' THEN 1 ELSE 2 END <= CAST($5 AS BIGINT))"
    };
}

/// Which memories a scope's reader is shown: `$1` to `$3` are its tenants, the third that of a running session, of which
/// they see what `$6`, their own persona, said themselves; `$4` and `$5` are those of [`seen`].
macro_rules! shown {
    () => {
        concat!("tenant IN ($1, $2, $3) AND (tenant <> $3 OR persona_id = $6) AND corrected_by IS NULL AND ", seen!())
    };
}

pub(super) use {columns, memory, seen};

const ADD: &str = "INSERT INTO memory (id, kind, detail, tenant, persona_id, personality_id, place_id, privacy, \
     provenance, turn_id, said_by, said, answered_by, answered, at, created_at) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)";
const GET: &str = memory!("WHERE id = $1");
const MANY: [&str; 2] = listed!(concat!("SELECT ", columns!(), " FROM memory WHERE corrected_by IS NULL AND id IN "));
const PREVIOUS: [&str; 2] = listed!(
    "SELECT m.id, (SELECT b.id FROM memory b WHERE b.tenant = m.tenant AND b.place_id = m.place_id \
     AND b.kind = 'episode' AND b.corrected_by IS NULL AND (b.at, b.id) < (m.at, m.id) ORDER BY b.at DESC, b.id DESC LIMIT 1) FROM memory m \
     WHERE m.kind = 'episode' AND m.id IN "
);
const OF_MEMBER: &str = memory!("WHERE persona_id IN (SELECT id FROM persona WHERE member_id = $1) ORDER BY at, id");
const PAGE: &str = memory!("WHERE ", shown!(), " ORDER BY at DESC, id DESC LIMIT $7 OFFSET $8");
const COUNT: &str = concat!("SELECT COUNT(*) FROM memory WHERE ", shown!());
const OF_TENANT: &str = memory!("WHERE tenant = $1 AND corrected_by IS NULL ORDER BY at DESC, id DESC LIMIT $2");
const COUNT_OF: &str = "SELECT COUNT(*) FROM memory WHERE tenant = $1 AND corrected_by IS NULL";
const OLDER: &str = memory!("WHERE ", shown!(), " AND (at, id) < ($7, $8) ORDER BY at DESC, id DESC LIMIT $9");
const NEWER: &str = memory!("WHERE ", shown!(), " AND (at, id) > ($7, $8) ORDER BY at, id LIMIT $9");
const COUNT_NEWER: &str = concat!("SELECT COUNT(*) FROM memory WHERE ", shown!(), " AND (at, id) > ($7, $8)");
const ENDING: &str = memory!("WHERE ", shown!(), " AND id LIKE $7 LIMIT 2");
const REMOVE: &str = "DELETE FROM memory WHERE id = $1";
const ALL_IDS: &str = "SELECT id FROM memory WHERE id > $1 ORDER BY id LIMIT $2";
const TOTAL: &str = "SELECT COUNT(*) FROM memory";
const ENQUEUE: &str = "INSERT INTO outbox (id, memory_id, action) VALUES ($1, $2, $3)";
const DUE: &str = "SELECT id, memory_id, action, attempt FROM outbox \
     WHERE NOT (run_at > $1 AND run_at <= $3) ORDER BY id LIMIT $2";
/// Longest wait before a chore is tried again. A later time was written before the clock was set back: it is over.
const WAIT_MAX_MILLIS: i64 = 60_000;
const NEXT_DUE: &str = "SELECT MIN(run_at) FROM outbox";
const DONE: &str = "DELETE FROM outbox WHERE id = $1";
const RETRY: &str = "UPDATE outbox SET attempt = attempt + 1, run_at = $2 WHERE id = $1";
const PENDING: &str = "SELECT COUNT(*) FROM outbox";
const AFTER: &str = "SELECT n.id FROM memory m JOIN memory n ON n.tenant = m.tenant AND n.place_id = m.place_id \
     WHERE m.id = $1 AND m.kind = 'episode' AND n.kind = 'episode' AND n.corrected_by IS NULL AND (n.at > m.at OR (n.at = m.at AND n.id > m.id)) ORDER BY n.at, n.id LIMIT 1";
const LOCK: &str = "UPDATE memory SET locked_at = $2 WHERE id = $1";
const FLAG: &str = "UPDATE memory SET flag = $2 WHERE id = $1";
const CORRECTED: &str = "UPDATE memory SET corrected_by = $2 WHERE id = $1";
const CORRECTIONS: &str = "SELECT id FROM memory WHERE corrected_by = $1";
const UNLOCKED: &str = "SELECT id FROM memory WHERE locked_at IS NULL AND tenant NOT LIKE 'g:%' \
     AND persona_id IN (SELECT id FROM persona WHERE member_id = $1) \
     AND (CAST($2 AS TEXT) IS NULL OR personality_id = $2) ORDER BY id";
const STATS: &str = "SELECT personality_id, persona_id, COUNT(*), \
     CAST(SUM(CASE WHEN locked_at IS NULL THEN 0 ELSE 1 END) AS BIGINT), \
     CAST(SUM(CASE WHEN flag IS NULL THEN 0 ELSE 1 END) AS BIGINT), \
     CAST(SUM(LENGTH(said) + LENGTH(answered)) AS BIGINT), MIN(at), MAX(at) FROM memory \
     WHERE corrected_by IS NULL AND tenant NOT LIKE 'g:%' AND persona_id IN (SELECT id FROM persona WHERE member_id = $1) \
     GROUP BY personality_id, persona_id ORDER BY 3 DESC, 1, 2";
const OF_MESSAGE: &str = "SELECT m.id, p.slug, m.persona_id FROM memory m JOIN personality p ON p.id = m.personality_id \
     JOIN turn t ON t.id = m.turn_id JOIN message s ON t.id = s.turn_id OR t.message_id = s.id \
     WHERE s.account = $1 AND s.platform_id = $2 AND s.deleted_at IS NULL ORDER BY m.id";
const OF_TURN: &str = "SELECT id FROM memory WHERE turn_id = $1 AND (locked_at IS NULL OR NOT $2)";
const CLEAR_OUTBOX: &str = "DELETE FROM outbox WHERE memory_id = $1";

/// Statements whose text differs between SQLite and PostgreSQL.
pub const SPLIT: &[[&str; 2]] = &[MANY, PREVIOUS];

/// Every other statement of this file.
pub const ALL: &[&str] = &[
    ADD,
    AFTER,
    ENDING,
    GET,
    OF_MEMBER,
    PAGE,
    OF_TENANT,
    COUNT_OF,
    OLDER,
    NEWER,
    COUNT_NEWER,
    COUNT,
    REMOVE,
    ALL_IDS,
    TOTAL,
    ENQUEUE,
    DUE,
    NEXT_DUE,
    DONE,
    RETRY,
    PENDING,
    CLEAR_OUTBOX,
    OF_TURN,
    OF_MESSAGE,
    LOCK,
    FLAG,
    CORRECTED,
    CORRECTIONS,
    UNLOCKED,
    STATS,
];

pub(super) type Row = (
    String,
    String,
    String,
    String,
    String,
    String,
    String,
    String,
    Option<String>,
    String,
    String,
    String,
    String,
    i64,
    Option<i64>,
    Option<String>,
);

pub(super) fn memory_of(
    (
        id,
        kind,
        tenant,
        persona,
        personality,
        place,
        reach,
        provenance,
        turn,
        said_by,
        said,
        answered_by,
        answered,
        at,
        locked,
        flag,
    ): Row,
) -> Memory {
    let (kind, detail) = kind.split_once(' ').unwrap_or((&kind, ""));
    Memory {
        id: MemoryId::new(id),
        kind: MemoryKind::read(kind),
        // What cannot be read says nothing more about the memory.
        detail: serde_json::from_str(detail).unwrap_or_default(),
        tenant: Tenant::stored(tenant),
        persona: PersonaId::new(persona),
        personality: PersonalityId::new(personality),
        place: PlaceId::new(place),
        reach: Reach::read(&reach),
        provenance: Provenance::read(&provenance),
        turn: turn.map(TurnId::new),
        said_by,
        said,
        answered_by,
        answered,
        at: Moment(at),
        is_locked: locked.is_some(),
        flag,
    }
}

/// What an outbox row asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Make the vectors of a memory.
    Put,
    /// Remove the vectors of a memory.
    Forget,
}

/// One row of the outbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chore {
    pub id: String,
    pub memory: MemoryId,
    pub action: Action,
    /// How often it failed.
    pub attempt: i64,
}

/// A memory's detail as the database stores it; exchanges have none.
pub fn detail_of(memory: &Memory) -> Option<String> {
    (memory.detail != Detail::default()).then(|| serde_json::to_string(&memory.detail).unwrap_or_default())
}

/// Stores an exchange and asks for its vectors.
pub fn add<'v>(script: &mut Script<'v>, memory: &'v Memory, chore: &'v str, now: Moment) {
    add_detailed(script, memory, None, chore, now);
}

/// Stores a memory of any kind, with its [`detail_of`], and asks for its vectors.
pub fn add_detailed<'v>(
    script: &mut Script<'v>,
    memory: &'v Memory,
    detail: Option<&'v str>,
    chore: &'v str,
    now: Moment,
) {
    script.add(
        ADD,
        [
            memory.id.as_str().into(),
            memory.kind.as_str().into(),
            detail.into(),
            memory.tenant.as_str().into(),
            memory.persona.as_str().into(),
            memory.personality.as_str().into(),
            memory.place.as_str().into(),
            memory.reach.as_str().into(),
            memory.provenance.as_str().into(),
            memory.turn.as_ref().map(TurnId::as_str).into(),
            (&memory.said_by).into(),
            (&memory.said).into(),
            (&memory.answered_by).into(),
            (&memory.answered).into(),
            memory.at.0.into(),
            now.0.into(),
        ],
    );
    enqueue(script, chore, &memory.id, Action::Put);
}

/// Puts a chore into the outbox.
pub fn enqueue<'v>(script: &mut Script<'v>, chore: &'v str, memory: &'v MemoryId, action: Action) {
    let action = match action {
        Action::Put => "put",
        Action::Forget => "forget",
    };
    script.add(ENQUEUE, [chore.into(), memory.as_str().into(), action.into()]);
}

/// Takes back what the outbox was to do about a memory.
pub(super) fn drop_chores<'v>(script: &mut Script<'v>, memory: &'v MemoryId) {
    script.add(CLEAR_OUTBOX, [memory.as_str().into()]);
}

/// Removes the row of a memory from which nothing was distilled.
pub(super) fn forget_row<'v>(script: &mut Script<'v>, memory: &'v MemoryId) {
    script.add(REMOVE, [memory.as_str().into()]);
}

/// A memory by id that `scope` admits; `None` also when it exists but is not for the asker.
pub async fn get(db: &Db, scope: &Scope, id: &MemoryId) -> Result<Option<Memory>, Error> {
    Ok(stored(db, id).await?.filter(|memory| scope.admits(&memory.tenant, &memory.place, memory.reach)))
}

/// Memories by id that `scope` admits, in no order.
pub async fn many(db: &Db, scope: &Scope, ids: &[&MemoryId]) -> Result<Vec<Memory>, Error> {
    let memories = stored_many(db, ids).await?.into_iter();
    Ok(memories.filter(|memory| scope.admits(&memory.tenant, &memory.place, memory.reach)).collect())
}

/// Memories by id, in no order, for the house's own bookkeeping: never shown to anyone.
pub async fn stored_many(db: &Db, ids: &[&MemoryId]) -> Result<Vec<Memory>, Error> {
    let ids: Vec<&str> = ids.iter().map(|id| id.as_str()).collect();
    let rows = read_listed::<Row>(db, MANY, &ids).await?;
    Ok(rows.into_iter().map(memory_of).collect())
}

/// A memory by id, for the house's own bookkeeping: never shown to anyone.
pub async fn stored(db: &Db, id: &MemoryId) -> Result<Option<Memory>, Error> {
    let row = say(GET).bind(id.as_str()).read_optional::<Row>(db).await?;
    Ok(row.map(memory_of))
}

/// For each of `ids`, the memory of the same tenant and place that was made just before it, where there is one.
pub async fn previous(db: &Db, ids: &[&MemoryId]) -> Result<HashMap<MemoryId, Memory>, Error> {
    let ids: Vec<&str> = ids.iter().map(|id| id.as_str()).collect();
    let pairs = read_listed::<(String, Option<String>)>(db, PREVIOUS, &ids).await?;
    let pairs: Vec<(MemoryId, MemoryId)> = pairs
        .into_iter()
        .filter_map(|(id, previous)| previous.map(|previous| (MemoryId::new(id), MemoryId::new(previous))))
        .collect();
    let wanted: Vec<&MemoryId> = pairs.iter().map(|(_, previous)| previous).collect();
    let found: HashMap<MemoryId, Memory> =
        stored_many(db, &wanted).await?.into_iter().map(|memory| (memory.id.clone(), memory)).collect();
    Ok(pairs.into_iter().filter_map(|(id, previous)| found.get(&previous).map(|memory| (id, memory.clone()))).collect())
}

/// The tenants of a scope whose memories are of talk: not what is true of a character for everybody.
fn of_talk(scope: &Scope) -> [String; 3] {
    let [personal, _, session] = three(scope);
    [personal.clone(), personal, session]
}

/// The three tenants of a scope; a scope has never more.
pub(super) fn three(scope: &Scope) -> [String; 3] {
    let mut tenants = scope.tenants().into_iter().map(|tenant| tenant.as_str().to_owned());
    std::array::from_fn(|_| tenants.next().unwrap_or_default())
}

/// How far a scope looks, as [`seen`] counts it.
pub(super) fn looks(scope: &Scope) -> i64 {
    match scope.beyond() {
        Reach::Open => 0,
        Reach::Private => 1,
        Reach::Sealed => 2,
    }
}

/// Memories that `scope` admits, newest first; of a running session only what its own persona said.
pub async fn page(db: &Db, scope: &Scope, limit: i64, offset: i64) -> Result<Vec<Memory>, Error> {
    let [one, two, three] = of_talk(scope);
    let rows = say(PAGE)
        .bind(&one)
        .bind(&two)
        .bind(&three)
        .bind(scope.place().as_str())
        .bind(looks(scope))
        .bind(scope.persona().as_str())
        .bind(limit)
        .bind(offset)
        .read_all::<Row>(db)
        .await?;
    let memories = rows.into_iter().map(memory_of);
    Ok(memories.filter(|memory| scope.admits(&memory.tenant, &memory.place, memory.reach)).collect())
}

/// Memories that `scope` admits and that are older than an entry of this time and id, or newer, those nearest to it;
/// newest first.
pub async fn page_from(
    db: &Db,
    scope: &Scope,
    is_newer: bool,
    (at, id): (Moment, &str),
    limit: i64,
) -> Result<Vec<Memory>, Error> {
    let [one, two, three] = of_talk(scope);
    let sql = if is_newer { NEWER } else { OLDER };
    let rows = say(sql)
        .bind(&one)
        .bind(&two)
        .bind(&three)
        .bind(scope.place().as_str())
        .bind(looks(scope))
        .bind(scope.persona().as_str())
        .bind(at.0)
        .bind(id)
        .bind(limit)
        .read_all::<Row>(db)
        .await?;
    let mut memories: Vec<Memory> = rows.into_iter().map(memory_of).collect();
    memories.retain(|memory| scope.admits(&memory.tenant, &memory.place, memory.reach));
    if is_newer {
        memories.reverse();
    }
    Ok(memories)
}

/// How many memories that `scope` admits are newer than one.
pub async fn count_newer(db: &Db, scope: &Scope, memory: &Memory) -> Result<i64, Error> {
    let [one, two, three] = of_talk(scope);
    let (count,) = say(COUNT_NEWER)
        .bind(&one)
        .bind(&two)
        .bind(&three)
        .bind(scope.place().as_str())
        .bind(looks(scope))
        .bind(scope.persona().as_str())
        .bind(memory.at.0)
        .bind(memory.id.as_str())
        .read_one::<(i64,)>(db)
        .await?;
    Ok(count)
}

/// Memories that `scope` admits whose id ends like this; at most two, enough to tell "one" from "several".
///
/// `end` must be lower-case letters and digits.
pub async fn ending(db: &Db, scope: &Scope, end: &str) -> Result<Vec<Memory>, Error> {
    let [one, two, three] = of_talk(scope);
    let pattern = format!("%{}", end.replace(|c: char| !c.is_ascii_alphanumeric(), ""));
    let rows = say(ENDING)
        .bind(&one)
        .bind(&two)
        .bind(&three)
        .bind(scope.place().as_str())
        .bind(looks(scope))
        .bind(scope.persona().as_str())
        .bind(pattern)
        .read_all::<Row>(db)
        .await?;
    let memories = rows.into_iter().map(memory_of);
    Ok(memories.filter(|memory| scope.admits(&memory.tenant, &memory.place, memory.reach)).collect())
}

/// Every memory about a member, with whichever persona and personality it was made, oldest first.
pub async fn of_member(db: &Db, member: &MemberId) -> Result<Vec<Memory>, Error> {
    let rows = say(OF_MEMBER).bind(member.as_str()).read_all::<Row>(db).await?;
    Ok(rows.into_iter().map(memory_of).collect())
}

/// The memories of one tenant, newest first, at most `limit`.
pub async fn of_tenant(db: &Db, tenant: &Tenant, limit: i64) -> Result<Vec<Memory>, Error> {
    let rows = say(OF_TENANT).bind(tenant.as_str()).bind(limit).read_all::<Row>(db).await?;
    Ok(rows.into_iter().map(memory_of).collect())
}

/// How many memories one tenant has.
pub async fn count_of(db: &Db, tenant: &Tenant) -> Result<i64, Error> {
    let (count,) = say(COUNT_OF).bind(tenant.as_str()).read_one::<(i64,)>(db).await?;
    Ok(count)
}

/// How many memories `scope` admits.
pub async fn count(db: &Db, scope: &Scope) -> Result<i64, Error> {
    let [one, two, three] = of_talk(scope);
    let (count,) = say(COUNT)
        .bind(&one)
        .bind(&two)
        .bind(&three)
        .bind(scope.place().as_str())
        .bind(looks(scope))
        .bind(scope.persona().as_str())
        .read_one::<(i64,)>(db)
        .await?;
    Ok(count)
}

/// Removes a memory, and everything distilled from it, and asks for their vectors' removal. `chores` are ids for two
/// outbox rows.
///
/// The memory after it was indexed together with its words, so that one is indexed again.
pub async fn remove(tx: &mut Tx, chores: [String; 2], id: &MemoryId) -> Result<(), Error> {
    let derived = layers::derived(tx, std::slice::from_ref(id)).await?;
    remove_with(tx, chores, id, &derived).await
}

/// Removes an exchange and leaves what was distilled from it. `chores` are ids for two outbox rows.
pub async fn remove_words(tx: &mut Tx, chores: [String; 2], id: &MemoryId) -> Result<(), Error> {
    remove_with(tx, chores, id, &[]).await
}

async fn remove_with(tx: &mut Tx, chores: [String; 2], id: &MemoryId, derived: &[MemoryId]) -> Result<(), Error> {
    // There is one such chore a memory at most, so that its id may say which.
    let forgets: Vec<String> = derived.iter().map(|derived| format!("derived-{derived}")).collect();
    let after = say(AFTER).bind(id.as_str()).fetch_optional::<(String,)>(tx).await?;
    let after = after.map(|(after,)| MemoryId::new(after));
    let [forget, put] = &chores;
    let mut script = Script::default();
    for (derived, forget) in derived.iter().zip(&forgets) {
        script.add(CLEAR_OUTBOX, [derived.as_str().into()]);
        script.add(REMOVE, [derived.as_str().into()]);
        enqueue(&mut script, forget, derived, Action::Forget);
    }
    script.add(CLEAR_OUTBOX, [id.as_str().into()]);
    script.add(REMOVE, [id.as_str().into()]);
    enqueue(&mut script, forget, id, Action::Forget);
    if let Some(after) = &after {
        enqueue(&mut script, put, after, Action::Put);
    }
    script.run(tx).await
}

/// Something that was learned from an exchange.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Learned {
    pub id: MemoryId,
    /// The slug of the personality that learned it.
    pub by: String,
    /// Of whom.
    pub of: PersonaId,
}

/// What was learned from the exchange that a platform's message is part of.
pub async fn of_message(db: &Db, account: &str, platform_id: &str) -> Result<Vec<Learned>, Error> {
    let rows = say(OF_MESSAGE).bind(account).bind(platform_id).read_all::<(String, String, String)>(db).await?;
    let learned = |(id, by, of)| Learned { id: MemoryId::new(id), by, of: PersonaId::new(of) };
    Ok(rows.into_iter().map(learned).collect())
}

/// What was learned from a turn; not what its member locked, where `keeps_locked`.
pub async fn of_turn(tx: &mut Tx, turn: &TurnId, keeps_locked: bool) -> Result<Option<MemoryId>, Error> {
    let row = say(OF_TURN).bind(turn.as_str()).bind(keeps_locked).fetch_optional::<(String,)>(tx).await?;
    Ok(row.map(|(id,)| MemoryId::new(id)))
}

/// Puts `correction` in the place of the memory `id`, whose words no search finds from here on; nor those of what was
/// distilled from it, or of what it was distilled from. `chores` are ids for three outbox rows.
pub async fn correct(
    tx: &mut Tx,
    chores: [String; 3],
    id: &MemoryId,
    correction: &Memory,
    now: Moment,
) -> Result<(), Error> {
    let after = say(AFTER).bind(id.as_str()).fetch_optional::<(String,)>(tx).await?;
    let after = after.map(|(after,)| MemoryId::new(after));
    let [put, forget, again] = &chores;
    let mut of_same = layers::derived(tx, std::slice::from_ref(id)).await?;
    if correction.is_statement() {
        of_same.extend(layers::told_in(tx, std::slice::from_ref(id)).await?);
    }
    let detail = detail_of(correction);
    let mut script = Script::default();
    add_detailed(&mut script, correction, detail.as_deref(), put, now);
    if correction.is_locked {
        script.add(LOCK, [correction.id.as_str().into(), now.0.into()]);
    }
    script.add(CORRECTED, [id.as_str().into(), correction.id.as_str().into()]);
    script.add(CLEAR_OUTBOX, [id.as_str().into()]);
    enqueue(&mut script, forget, id, Action::Forget);
    if let Some(after) = after.as_ref().filter(|after| **after != correction.id) {
        enqueue(&mut script, again, after, Action::Put);
    }
    script.run(tx).await?;
    layers::outdate(tx, &of_same, &correction.id).await
}

/// The memories that `id` was put in the place of, directly.
pub async fn corrected_by(db: &Db, id: &MemoryId) -> Result<Vec<MemoryId>, Error> {
    let rows = say(CORRECTIONS).bind(id.as_str()).read_all::<(String,)>(db).await?;
    Ok(rows.into_iter().map(|(id,)| MemoryId::new(id)).collect())
}

/// Locks memories since `at`, or unlocks them.
pub async fn lock(tx: &mut Tx, ids: &[MemoryId], at: Option<Moment>) -> Result<(), Error> {
    for id in ids {
        say(LOCK).bind(id.as_str()).bind(at.map(|at| at.0)).execute(tx).await?;
    }
    Ok(())
}

/// Notes what is doubtful about a memory; `None`: nothing any more.
pub async fn flag(tx: &mut Tx, id: &MemoryId, reason: Option<&str>) -> Result<(), Error> {
    say(FLAG).bind(id.as_str()).bind(reason).execute(tx).await?;
    Ok(())
}

/// Everything about a member that is not locked, with one personality or with all, what was put right included.
pub async fn unlocked(db: &Db, member: &MemberId, personality: Option<&PersonalityId>) -> Result<Vec<MemoryId>, Error> {
    let rows = say(UNLOCKED)
        .bind(member.as_str())
        .bind(personality.map(PersonalityId::as_str))
        .read_all::<(String,)>(db)
        .await?;
    Ok(rows.into_iter().map(|(id,)| MemoryId::new(id)).collect())
}

/// How much a personality remembers of a persona.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stats {
    pub personality: PersonalityId,
    pub persona: PersonaId,
    pub count: i64,
    pub locked: i64,
    pub flagged: i64,
    /// Characters of all of them.
    pub size: i64,
    pub first: Moment,
    pub last: Moment,
}

/// How much is remembered of a member, by personality and persona, most first.
pub async fn stats(db: &Db, member: &MemberId) -> Result<Vec<Stats>, Error> {
    type StatsRow = (String, String, i64, i64, i64, i64, i64, i64);
    let rows = say(STATS).bind(member.as_str()).read_all::<StatsRow>(db).await?;
    let stats = |(personality, persona, count, locked, flagged, size, first, last): StatsRow| Stats {
        personality: PersonalityId::new(personality),
        persona: PersonaId::new(persona),
        count,
        locked,
        flagged,
        size,
        first: Moment(first),
        last: Moment(last),
    };
    Ok(rows.into_iter().map(stats).collect())
}

/// Ids of all memories after `after`, in order, for a reindex.
pub async fn ids_after(db: &Db, after: &str, limit: i64) -> Result<Vec<MemoryId>, Error> {
    let rows = say(ALL_IDS).bind(after).bind(limit).read_all::<(String,)>(db).await?;
    Ok(rows.into_iter().map(|(id,)| MemoryId::new(id)).collect())
}

/// How many memories there are.
pub async fn total(db: &Db) -> Result<i64, Error> {
    let (count,) = say(TOTAL).read_one::<(i64,)>(db).await?;
    Ok(count)
}

/// Chores that are due, oldest first.
pub async fn due(db: &Db, now: Moment, limit: i64) -> Result<Vec<Chore>, Error> {
    type ChoreRow = (String, String, String, i64);
    let rows = say(DUE).bind(now.0).bind(limit).bind(now.0 + WAIT_MAX_MILLIS).read_all::<ChoreRow>(db).await?;
    Ok(rows
        .into_iter()
        .map(|(id, memory, action, attempt)| Chore {
            id,
            memory: MemoryId::new(memory),
            action: if action == "forget" { Action::Forget } else { Action::Put },
            attempt,
        })
        .collect())
}

/// When the next chore is due.
pub async fn next_due(db: &Db) -> Result<Option<Moment>, Error> {
    let (at,) = say(NEXT_DUE).read_one::<(Option<i64>,)>(db).await?;
    Ok(at.map(Moment))
}

/// Removes finished chores.
pub async fn done(tx: &mut Tx, chores: &[String]) -> Result<(), Error> {
    let mut script = Script::default();
    chores.iter().for_each(|chore| script.add(DONE, [chore.into()]));
    script.run(tx).await
}

/// Lets failed chores wait until `run_at`.
pub async fn retry(tx: &mut Tx, chores: &[String], run_at: Moment) -> Result<(), Error> {
    let mut script = Script::default();
    chores.iter().for_each(|chore| script.add(RETRY, [chore.into(), run_at.0.into()]));
    script.run(tx).await
}

/// How many chores wait.
pub async fn pending(db: &Db) -> Result<i64, Error> {
    let (count,) = say(PENDING).read_one::<(i64,)>(db).await?;
    Ok(count)
}
