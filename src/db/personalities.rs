//! Personalities.

use sqlx::types::Json;

use super::{Db, Error, Script, Tx};
use crate::domain::{MemberId, Moment, Personality, PersonalityFile, PersonalityId, Visibility};
use crate::{on, on_tx};

const LIST: &str = "SELECT id, slug, owner_id, visibility, spec FROM personality ORDER BY slug";
const PUT: &str = "INSERT INTO personality (id, slug, visibility, spec, created_at, updated_at) \
     VALUES ($1, $2, $3, $4, $5, $5) \
     ON CONFLICT (slug) DO UPDATE SET spec = excluded.spec, updated_at = excluded.updated_at";

const CREATE: &str = "INSERT INTO personality (id, slug, owner_id, visibility, spec, created_at, updated_at) \
     VALUES ($1, $2, $3, $4, $5, $6, $6)";
const CHANGE: &str = "UPDATE personality SET visibility = $2, spec = $3, updated_at = $4 WHERE id = $1";
const FORGET_CHORES: &str = "DELETE FROM outbox WHERE memory_id IN (SELECT id FROM memory WHERE personality_id = $1)";
const FORGET_VECTORS: &str = "INSERT INTO outbox (id, memory_id, action) SELECT 'erase-' || id, id, 'forget' FROM memory \
     WHERE personality_id = $1";
const ERASE_WORDS: &str = "DELETE FROM message WHERE personality_id = $1";
const DELETE: &str = "DELETE FROM personality WHERE id = $1";

/// Every statement of this file.
pub const ALL: &[&str] = &[LIST, PUT, CREATE, CHANGE, FORGET_CHORES, FORGET_VECTORS, ERASE_WORDS, DELETE];

fn written(visibility: Visibility) -> &'static str {
    match visibility {
        Visibility::Private => "private",
        Visibility::Shared => "shared",
        Visibility::Public => "public",
    }
}

/// Adds a member's personality.
pub async fn create(tx: &mut Tx, personality: &Personality, now: Moment) -> Result<(), Error> {
    on_tx!(tx, c => sqlx::query(CREATE).bind(personality.id.as_str()).bind(&personality.slug)
        .bind(personality.owner.as_ref().map(MemberId::as_str)).bind(written(personality.visibility))
        .bind(Json(&personality.file)).bind(now.0).execute(c).await.map(|_| ()))?;
    Ok(())
}

/// Changes a personality's content and who may call it.
pub async fn change(tx: &mut Tx, personality: &Personality, now: Moment) -> Result<(), Error> {
    on_tx!(tx, c => sqlx::query(CHANGE).bind(personality.id.as_str()).bind(written(personality.visibility))
        .bind(Json(&personality.file)).bind(now.0).execute(c).await.map(|_| ()))?;
    Ok(())
}

/// Removes a personality, what it said, and what it remembers; vectors are removed through the outbox.
pub async fn delete(tx: &mut Tx, id: &PersonalityId) -> Result<(), Error> {
    let mut script = Script::default();
    for sql in [FORGET_CHORES, FORGET_VECTORS, ERASE_WORDS, DELETE] {
        script.add(sql, [id.as_str().into()]);
    }
    script.run(tx).await
}

/// All personalities by slug.
pub async fn list(db: &Db) -> Result<Vec<Personality>, Error> {
    type Row = (String, String, Option<String>, String, Json<PersonalityFile>);
    let rows = on!(db, c => sqlx::query_as::<_, Row>(LIST).fetch_all(c).await)?;
    Ok(rows
        .into_iter()
        .map(|(id, slug, owner, visibility, Json(file))| Personality {
            id: PersonalityId::new(id),
            slug,
            owner: owner.map(MemberId::new),
            visibility: match visibility.as_str() {
                "private" => Visibility::Private,
                "shared" => Visibility::Shared,
                _ => Visibility::Public,
            },
            file,
        })
        .collect())
}

/// Adds a personality from a file under `id`, or replaces the content of the one with its slug.
pub async fn put(tx: &mut Tx, id: &PersonalityId, file: &PersonalityFile, now: Moment) -> Result<(), Error> {
    on_tx!(tx, c => sqlx::query(PUT).bind(id.as_str()).bind(&file.slug).bind("public").bind(Json(file)).bind(now.0)
        .execute(c).await.map(|_| ()))?;
    Ok(())
}
