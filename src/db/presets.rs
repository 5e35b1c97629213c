//! Members' presets.

use super::{Db, Error, Json, Tx, json, say};
use crate::domain::{MemberId, Moment, OwnPreset, PresetSpec};

const GET: &str = "SELECT id, owner_id, name, spec, offered FROM preset WHERE id = $1";
const FOR: &str =
    "SELECT id, owner_id, name, spec, offered FROM preset WHERE owner_id = $1 OR offered ORDER BY name, id";
const PUT: &str = "INSERT INTO preset (id, owner_id, name, spec, offered, created_at, updated_at) \
     VALUES ($1, $2, $3, $4, $5, $6, $6) ON CONFLICT (id) DO UPDATE SET name = excluded.name, spec = excluded.spec, \
     offered = excluded.offered, updated_at = excluded.updated_at";
const REMOVE: &str = "DELETE FROM preset WHERE id = $1";
const UNCHOOSE: &str = "DELETE FROM choice WHERE kind = 'preset' AND value = $1";

/// Every statement of this file.
pub const ALL: &[&str] = &[GET, FOR, PUT, REMOVE, UNCHOOSE];

type Row = (String, String, String, Json<PresetSpec>, bool);

fn preset_of((id, owner, name, Json(spec), offered): Row) -> OwnPreset {
    OwnPreset { id, owner: MemberId::new(owner), name, spec, offered }
}

/// A preset by id.
pub async fn get(db: &Db, id: &str) -> Result<Option<OwnPreset>, Error> {
    let row = say(GET).bind(id).read_optional::<Row>(db).await?;
    Ok(row.map(preset_of))
}

/// The presets that a member may choose: their own, and those offered to everyone.
pub async fn for_member(db: &Db, member: &MemberId) -> Result<Vec<OwnPreset>, Error> {
    let rows = say(FOR).bind(member.as_str()).read_all::<Row>(db).await?;
    Ok(rows.into_iter().map(preset_of).collect())
}

/// Adds or changes a preset.
pub async fn put(tx: &mut Tx, preset: &OwnPreset, now: Moment) -> Result<(), Error> {
    say(PUT)
        .bind(&preset.id)
        .bind(preset.owner.as_str())
        .bind(&preset.name)
        .bind(json(&preset.spec)?)
        .bind(preset.offered)
        .bind(now.0)
        .execute(tx)
        .await?;
    Ok(())
}

/// Removes a preset, and every choice of it.
pub async fn remove(tx: &mut Tx, id: &str) -> Result<(), Error> {
    say(UNCHOOSE).bind(format!("+{id}")).execute(tx).await?;
    say(REMOVE).bind(id).execute(tx).await?;
    Ok(())
}
