//! Personalities.

use std::collections::HashMap;

use super::{Db, Error, Json, Script, Tx, json, say};
use crate::domain::{MemberId, Moment, Personality, PersonalityFile, PersonalityId, Visibility};

const LIST: &str = "SELECT id, slug, owner_id, visibility, avatar, spec FROM personality ORDER BY slug";
const MEMBERS: &str = "SELECT personality_id, member_id, role FROM personality_member ORDER BY created_at, member_id";
const ADD_MEMBER: &str = "INSERT INTO personality_member (personality_id, member_id, role, created_at) \
     VALUES ($1, $2, $3, $4) ON CONFLICT (personality_id, member_id) DO UPDATE SET role = excluded.role";
const REMOVE_MEMBER: &str = "DELETE FROM personality_member WHERE personality_id = $1 AND member_id = $2";
const PUT: &str = "INSERT INTO personality (id, slug, visibility, spec, created_at, updated_at) \
     VALUES ($1, $2, $3, $4, $5, $5) \
     ON CONFLICT (slug) DO UPDATE SET spec = excluded.spec, updated_at = excluded.updated_at";

const CREATE: &str = "INSERT INTO personality (id, slug, owner_id, visibility, avatar, spec, created_at, updated_at) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $7)";
const CHANGE: &str = "UPDATE personality SET visibility = $2, spec = $3, owner_id = $4, avatar = $5, \
     updated_at = $6 WHERE id = $1";
const FORGET_CHORES: &str = "DELETE FROM outbox WHERE memory_id IN (SELECT id FROM memory WHERE personality_id = $1)";
const FORGET_VECTORS: &str = "INSERT INTO outbox (id, memory_id, action) SELECT 'erase-' || id, id, 'forget' FROM memory \
     WHERE personality_id = $1";
const ERASE_WORDS: &str = "DELETE FROM message WHERE personality_id = $1";
const DELETE: &str = "DELETE FROM personality WHERE id = $1";

/// Every statement of this file.
pub const ALL: &[&str] = &[
    LIST,
    MEMBERS,
    ADD_MEMBER,
    REMOVE_MEMBER,
    PUT,
    CREATE,
    CHANGE,
    FORGET_CHORES,
    FORGET_VECTORS,
    ERASE_WORDS,
    DELETE,
];

fn written(visibility: Visibility) -> &'static str {
    match visibility {
        Visibility::Private => "private",
        Visibility::Shared => "shared",
        Visibility::Public => "public",
    }
}

/// Adds a member's personality.
pub async fn create(tx: &mut Tx, personality: &Personality, now: Moment) -> Result<(), Error> {
    say(CREATE)
        .bind(personality.id.as_str())
        .bind(&personality.slug)
        .bind(personality.owner.as_ref().map(MemberId::as_str))
        .bind(written(personality.visibility))
        .bind(&personality.avatar)
        .bind(json(&personality.file)?)
        .bind(now.0)
        .execute(tx)
        .await?;
    Ok(())
}

/// Changes a personality's content, owner, picture, and who may call it.
pub async fn change(tx: &mut Tx, personality: &Personality, now: Moment) -> Result<(), Error> {
    say(CHANGE)
        .bind(personality.id.as_str())
        .bind(written(personality.visibility))
        .bind(json(&personality.file)?)
        .bind(personality.owner.as_ref().map(MemberId::as_str))
        .bind(&personality.avatar)
        .bind(now.0)
        .execute(tx)
        .await?;
    Ok(())
}

/// Makes a member one of those a personality is for: somebody who looks after it, or a guest.
pub async fn add_member(
    tx: &mut Tx,
    id: &PersonalityId,
    member: &MemberId,
    is_owner: bool,
    now: Moment,
) -> Result<(), Error> {
    let role = if is_owner { "owner" } else { "guest" };
    say(ADD_MEMBER).bind(id.as_str()).bind(member.as_str()).bind(role).bind(now.0).execute(tx).await?;
    Ok(())
}

/// Takes a member off those a personality is for.
pub async fn remove_member(tx: &mut Tx, id: &PersonalityId, member: &MemberId) -> Result<(), Error> {
    say(REMOVE_MEMBER).bind(id.as_str()).bind(member.as_str()).execute(tx).await?;
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
    type Row = (String, String, Option<String>, String, Option<String>, Json<PersonalityFile>);
    let rows = say(LIST).read_all::<Row>(db).await?;
    let members = say(MEMBERS).read_all::<(String, String, String)>(db).await?;
    let mut all: Vec<Personality> = rows
        .into_iter()
        .map(|(id, slug, owner, visibility, avatar, Json(file))| Personality {
            slug,
            owner: owner.map(MemberId::new),
            visibility: match visibility.as_str() {
                "private" => Visibility::Private,
                "shared" => Visibility::Shared,
                _ => Visibility::Public,
            },
            avatar,
            ..Personality::of_file(PersonalityId::new(id), file)
        })
        .collect();
    let at: HashMap<String, usize> =
        all.iter().enumerate().map(|(at, personality)| (personality.id.to_string(), at)).collect();
    for (personality, member, role) in members {
        let Some(personality) = at.get(&personality).and_then(|at| all.get_mut(*at)) else { continue };
        let list = if role == "owner" { &mut personality.co_owners } else { &mut personality.guests };
        list.push(MemberId::new(member));
    }
    Ok(all)
}

/// Adds a personality from a file under `id`, or replaces the content of the one with its slug.
pub async fn put(tx: &mut Tx, id: &PersonalityId, file: &PersonalityFile, now: Moment) -> Result<(), Error> {
    say(PUT).bind(id.as_str()).bind(&file.slug).bind("public").bind(json(file)?).bind(now.0).execute(tx).await?;
    Ok(())
}
