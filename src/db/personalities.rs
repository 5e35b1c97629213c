//! Personalities.

use sqlx::types::Json;

use super::{Db, Error, Tx};
use crate::domain::{MemberId, Moment, Personality, PersonalityFile, PersonalityId, Visibility};
use crate::{on, on_tx};

const LIST: &str = "SELECT id, slug, owner_id, visibility, spec FROM personality ORDER BY slug";
const PUT: &str = "INSERT INTO personality (id, slug, visibility, spec, created_at, updated_at) \
     VALUES ($1, $2, $3, $4, $5, $5) \
     ON CONFLICT (slug) DO UPDATE SET spec = excluded.spec, updated_at = excluded.updated_at";

/// Every statement of this file.
pub const ALL: &[&str] = &[LIST, PUT];

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
