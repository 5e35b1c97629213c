//! Other names of personalities.

use super::{Db, Error, Tx, say};
use crate::domain::{Alias, MemberId, Moment, PersonalityId};

const LIST: &str = "SELECT id, name, personality_id, member_id FROM alias ORDER BY folded, id";
const ADD: &str = "INSERT INTO alias (id, name, folded, personality_id, member_id, created_at) \
     VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING";
const REMOVE: &str = "DELETE FROM alias WHERE id = $1";

/// Every statement of this file.
pub const ALL: &[&str] = &[LIST, ADD, REMOVE];

/// All aliases.
pub async fn list(db: &Db) -> Result<Vec<Alias>, Error> {
    type Row = (String, String, String, Option<String>);
    let rows = say(LIST).read_all::<Row>(db).await?;
    let alias = |(id, name, personality, member): Row| Alias {
        id,
        name,
        personality: PersonalityId::new(personality),
        member: member.map(MemberId::new),
    };
    Ok(rows.into_iter().map(alias).collect())
}

/// Adds an alias; `false`: its tier has one of that name.
pub async fn add(tx: &mut Tx, alias: &Alias, now: Moment) -> Result<bool, Error> {
    let added = say(ADD)
        .bind(&alias.id)
        .bind(&alias.name)
        .bind(alias.folded())
        .bind(alias.personality.as_str())
        .bind(alias.member.as_ref().map(MemberId::as_str))
        .bind(now.0)
        .execute(tx)
        .await?;
    Ok(added == 1)
}

/// Removes an alias.
pub async fn remove(tx: &mut Tx, id: &str) -> Result<(), Error> {
    say(REMOVE).bind(id).execute(tx).await?;
    Ok(())
}
