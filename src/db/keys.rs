//! Members' sealed keys.

use super::{Db, Error, Tx, say};
use crate::domain::{KeyState, MemberId, MemberKey, Moment};

const PUT: &str = "INSERT INTO member_key (id, member_id, provider, base_url, model, sealed, keyset_key, fingerprint, \
     mask, state, checked_at, chosen_at, created_at) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $12) \
     ON CONFLICT (member_id, provider) DO UPDATE SET id = excluded.id, base_url = excluded.base_url, \
     model = excluded.model, sealed = excluded.sealed, keyset_key = excluded.keyset_key, \
     fingerprint = excluded.fingerprint, mask = excluded.mask, state = excluded.state, \
     checked_at = excluded.checked_at, chosen_at = excluded.chosen_at, created_at = excluded.created_at";
const OF_MEMBER: &str = "SELECT id, member_id, provider, base_url, model, mask, state, checked_at FROM member_key \
     WHERE member_id = $1 ORDER BY chosen_at DESC, id DESC";
const SEALED: &str = "SELECT sealed FROM member_key WHERE id = $1";
const SET_STATE: &str = "UPDATE member_key SET state = $2, checked_at = $3 WHERE id = $1";
const REMOVE: &str = "DELETE FROM member_key WHERE member_id = $1 AND provider = $2";
const NOT_UNDER: &str = "SELECT id, member_id, provider, base_url, model, mask, state, checked_at FROM member_key \
     WHERE keyset_key <> $1 AND id > $2 ORDER BY id LIMIT $3";
const RESEAL: &str = "UPDATE member_key SET sealed = $3, keyset_key = $4 WHERE id = $1 AND sealed = $2";
const BY_KEYSET_KEY: &str = "SELECT keyset_key, COUNT(*) FROM (SELECT keyset_key FROM member_key \
     UNION ALL SELECT keyset_key FROM house_secret) AS kept GROUP BY keyset_key ORDER BY keyset_key";

/// Every statement of this file.
pub const ALL: &[&str] = &[PUT, OF_MEMBER, SEALED, SET_STATE, REMOVE, NOT_UNDER, RESEAL, BY_KEYSET_KEY];

type Row = (String, String, String, String, String, String, String, Option<i64>);

fn key_of((id, member, provider, base_url, model, mask, state, checked_at): Row) -> MemberKey {
    MemberKey {
        id,
        member: MemberId::new(member),
        provider,
        base_url,
        model,
        mask,
        state: KeyState::read(&state),
        checked_at: checked_at.map(Moment),
    }
}

/// Stores a key in place of the one its member had for the provider, and chooses it.
pub async fn put(
    tx: &mut Tx,
    key: &MemberKey,
    sealed: &[u8],
    keyset_key: u32,
    fingerprint: &str,
    now: Moment,
) -> Result<(), Error> {
    say(PUT)
        .bind(&key.id)
        .bind(key.member.as_str())
        .bind(&key.provider)
        .bind(&key.base_url)
        .bind(&key.model)
        .bind(sealed)
        .bind(i64::from(keyset_key))
        .bind(fingerprint)
        .bind(&key.mask)
        .bind(key.state.as_str())
        .bind(key.checked_at.map(|at| at.0))
        .bind(now.0)
        .execute(tx)
        .await?;
    Ok(())
}

/// A member's keys, the one that answers first.
pub async fn of_member(db: &Db, member: &MemberId) -> Result<Vec<MemberKey>, Error> {
    let rows = say(OF_MEMBER).bind(member.as_str()).read_all::<Row>(db).await?;
    Ok(rows.into_iter().map(key_of).collect())
}

/// The sealed bytes of a key.
pub async fn sealed(db: &Db, id: &str) -> Result<Option<Vec<u8>>, Error> {
    let row = say(SEALED).bind(id).read_optional::<(Vec<u8>,)>(db).await?;
    Ok(row.map(|(sealed,)| sealed))
}

/// Records what was learnt about a key.
pub async fn set_state(tx: &mut Tx, id: &str, state: KeyState, now: Moment) -> Result<(), Error> {
    say(SET_STATE).bind(id).bind(state.as_str()).bind(now.0).execute(tx).await?;
    Ok(())
}

/// Removes a member's key for a provider; `false`: there was none.
pub async fn remove(tx: &mut Tx, member: &MemberId, provider: &str) -> Result<bool, Error> {
    let removed = say(REMOVE).bind(member.as_str()).bind(provider).execute(tx).await?;
    Ok(removed > 0)
}

/// Keys after `after`, by id, that are sealed under another key of the keyset than `keyset_key`.
pub async fn not_under(db: &Db, keyset_key: u32, after: &str, limit: i64) -> Result<Vec<MemberKey>, Error> {
    let rows = say(NOT_UNDER).bind(i64::from(keyset_key)).bind(after).bind(limit).read_all::<Row>(db).await?;
    Ok(rows.into_iter().map(key_of).collect())
}

/// Puts `new` in the place of `old`; `false`: the key was changed meanwhile and keeps what it has.
pub async fn reseal(tx: &mut Tx, id: &str, old: &[u8], new: &[u8], keyset_key: u32) -> Result<bool, Error> {
    let done = say(RESEAL).bind(id).bind(old).bind(new).bind(i64::from(keyset_key)).execute(tx).await?;
    Ok(done == 1)
}

/// How much is sealed under each key of the keyset: members' keys and what the house itself keeps.
pub async fn by_keyset_key(db: &Db) -> Result<Vec<(u32, i64)>, Error> {
    let rows = say(BY_KEYSET_KEY).read_all::<(i64, i64)>(db).await?;
    Ok(rows.into_iter().map(|(id, count)| (u32::try_from(id).unwrap_or_default(), count)).collect())
}
