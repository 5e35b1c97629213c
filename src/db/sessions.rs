//! Sessions: times in which what a personality is told in a place is remembered there, and for that time only.

use super::{Db, Error, Script, Tx, memories, say};
use crate::domain::{MemberId, MemoryId, Moment, PersonaId, PersonalityId, PlaceId, Tenant};

const RUNNING: &str = "SELECT id, personality_id, started_by, started_at FROM session \
     WHERE place_id = $1 AND ended_at IS NULL ORDER BY started_at, id";
const COUNT: &str =
    "SELECT COUNT(*), COUNT(DISTINCT persona_id) FROM memory WHERE tenant = $1 AND corrected_by IS NULL";
const START: &str = "INSERT INTO session (id, place_id, personality_id, started_by, started_at) \
     VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING";
/// It changes nothing: it has whoever ends the session wait for the exchange that is being written, and the other way
/// round.
const TAKE_PART: &str = "UPDATE session SET is_kept = is_kept WHERE id = (SELECT id FROM session \
     WHERE place_id = $1 AND personality_id = $2 AND started_at <= $3 AND (ended_at IS NULL OR ended_at > $3) \
     ORDER BY started_at DESC, id DESC LIMIT 1) RETURNING ended_at, is_kept";
const END: &str = "UPDATE session SET ended_at = $2, is_kept = $3 WHERE id = $1 AND ended_at IS NULL \
     RETURNING place_id, personality_id";
const SAID: &str = "SELECT m.id, m.persona_id, m.locked_at IS NOT NULL, m.corrected_by IS NULL FROM memory m \
     WHERE m.tenant = $1 ORDER BY m.id";
const KEEP: &str = "UPDATE memory SET tenant = $2 WHERE id = $1";
const IN_PLACE: &str = "SELECT s.id FROM session s JOIN place p ON p.id = s.place_id \
     WHERE s.ended_at IS NULL AND p.platform = $1 AND (p.subject = $2 OR p.parent = $2) ORDER BY s.id";
const PURGE: &str = "DELETE FROM session WHERE ended_at < $1";

/// Every statement of this file.
pub const ALL: &[&str] = &[RUNNING, COUNT, START, TAKE_PART, END, SAID, KEEP, IN_PLACE, PURGE];

/// A session that runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Running {
    pub id: String,
    pub personality: PersonalityId,
    /// `None`: they were erased since.
    pub started_by: Option<MemberId>,
    pub started_at: Moment,
    /// Exchanges that are remembered of it.
    pub count: i64,
    /// Personas that took part in them.
    pub people: i64,
}

/// What a session means for an exchange that was begun while it ran.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// It runs: the exchange is remembered for it.
    Running,
    /// It ended, and what was said is its members' own.
    Kept,
    /// It ended, and what was said is forgotten.
    Forgotten,
}

/// What was there when a session ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ended {
    /// Exchanges that are forgotten.
    pub forgotten: i64,
    /// Exchanges that their members have for themselves now.
    pub kept: i64,
}

/// The sessions that run in a place, the one that runs for longest first.
pub async fn running(db: &Db, place: &PlaceId) -> Result<Vec<Running>, Error> {
    type RunningRow = (String, String, Option<String>, i64);
    let rows = say(RUNNING).bind(place.as_str()).read_all::<RunningRow>(db).await?;
    let mut running = Vec::with_capacity(rows.len());
    for (id, personality, started_by, started_at) in rows {
        let personality = PersonalityId::new(personality);
        let tenant = Tenant::session(place, &personality);
        let (count, people) = say(COUNT).bind(tenant.as_str()).read_one::<(i64, i64)>(db).await?;
        let (started_by, started_at) = (started_by.map(MemberId::new), Moment(started_at));
        running.push(Running { id, personality, started_by, started_at, count, people });
    }
    Ok(running)
}

/// Starts a session; `false`: one runs there already.
pub async fn start(
    tx: &mut Tx,
    id: &str,
    (place, personality): (&PlaceId, &PersonalityId),
    by: &MemberId,
    now: Moment,
) -> Result<bool, Error> {
    let started = say(START)
        .bind(id)
        .bind(place.as_str())
        .bind(personality.as_str())
        .bind(by.as_str())
        .bind(now.0)
        .execute(tx)
        .await?;
    Ok(started == 1)
}

/// The session that an exchange begun at `at` is part of, if one ran then.
pub async fn take_part(
    tx: &mut Tx,
    place: &PlaceId,
    personality: &PersonalityId,
    at: Moment,
) -> Result<Option<Part>, Error> {
    let row = say(TAKE_PART)
        .bind(place.as_str())
        .bind(personality.as_str())
        .bind(at.0)
        .fetch_optional::<(Option<i64>, bool)>(tx)
        .await?;
    Ok(row.map(|row| match row {
        (None, _) => Part::Running,
        (Some(_), true) => Part::Kept,
        (Some(_), false) => Part::Forgotten,
    }))
}

/// Ends a session, and keeps what was said in it for those who said it, or forgets it. What somebody locked is kept for
/// them in any case. `None`: it has ended already.
pub async fn end(tx: &mut Tx, id: &str, is_kept: bool, now: Moment) -> Result<Option<Ended>, Error> {
    let row = say(END).bind(id).bind(now.0).bind(is_kept).fetch_optional::<(String, String)>(tx).await?;
    let Some((place, personality)) = row else { return Ok(None) };
    let (place, personality) = (PlaceId::new(place), PersonalityId::new(personality));
    let tenant = Tenant::session(&place, &personality);
    let said = say(SAID).bind(tenant.as_str()).fetch_all::<(String, String, bool, bool)>(tx).await?;
    struct Said {
        id: MemoryId,
        chore: String,
        /// Whose it is from now on; `None`: it goes.
        own: Option<Tenant>,
        counts: bool,
    }
    let said: Vec<Said> = said
        .into_iter()
        .map(|(id, persona, is_locked, counts)| Said {
            chore: format!("session-{id}"),
            id: MemoryId::new(id),
            own: (is_kept || is_locked).then(|| Tenant::personal(&PersonaId::new(persona), &personality)),
            counts,
        })
        .collect();
    let (mut script, mut ended) = (Script::default(), Ended::default());
    for one in &said {
        memories::drop_chores(&mut script, &one.id);
        match &one.own {
            Some(own) => {
                script.add(KEEP, [one.id.as_str().into(), own.as_str().into()]);
                memories::enqueue(&mut script, &one.chore, &one.id, memories::Action::Put);
                ended.kept += i64::from(one.counts);
            }
            None => {
                memories::forget_row(&mut script, &one.id);
                memories::enqueue(&mut script, &one.chore, &one.id, memories::Action::Forget);
                ended.forgotten += i64::from(one.counts);
            }
        }
    }
    script.run(tx).await?;
    Ok(Some(ended))
}

/// Ends the sessions of a place that the house left, and of its threads, and forgets what was said in them.
pub async fn end_in(tx: &mut Tx, platform: &str, subject: &str, now: Moment) -> Result<(), Error> {
    let rows = say(IN_PLACE).bind(platform).bind(subject).fetch_all::<(String,)>(tx).await?;
    for (id,) in rows {
        end(tx, &id, false, now).await?;
    }
    Ok(())
}

/// Removes what is known of sessions that ended before `before`.
pub async fn purge(tx: &mut Tx, before: Moment) -> Result<(), Error> {
    say(PURGE).bind(before.0).execute(tx).await?;
    Ok(())
}
