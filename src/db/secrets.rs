//! What the house itself keeps sealed: sessions and keys of its own accounts.

use super::{Db, Error, Tx, say};

const GET: &str = "SELECT name, address, sealed FROM house_secret WHERE name = $1";
const PUT: &str = "INSERT INTO house_secret (name, address, sealed, keyset_key) VALUES ($1, $2, $3, $4) \
     ON CONFLICT (name) DO UPDATE SET address = excluded.address, sealed = excluded.sealed, keyset_key = excluded.keyset_key";
const NOT_UNDER: &str = "SELECT name, address, sealed FROM house_secret WHERE keyset_key <> $1 ORDER BY name";
const RESEAL: &str = "UPDATE house_secret SET sealed = $3, keyset_key = $4 WHERE name = $1 AND sealed = $2";

/// Every statement of this file.
pub const ALL: &[&str] = &[GET, PUT, NOT_UNDER, RESEAL];

/// A sealed secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sealed {
    /// `matrix.session`, …
    pub name: String,
    /// Where it is used.
    pub address: String,
    pub sealed: Vec<u8>,
}

fn sealed_of((name, address, sealed): (String, String, Vec<u8>)) -> Sealed {
    Sealed { name, address, sealed }
}

/// The secret of a name.
pub async fn get(db: &Db, name: &str) -> Result<Option<Sealed>, Error> {
    let row = say(GET).bind(name).read_optional::<(String, String, Vec<u8>)>(db).await?;
    Ok(row.map(sealed_of))
}

/// Stores a secret in place of the one that had its name.
pub async fn put(tx: &mut Tx, secret: &Sealed, keyset_key: u32) -> Result<(), Error> {
    say(PUT)
        .bind(&secret.name)
        .bind(&secret.address)
        .bind(&secret.sealed)
        .bind(i64::from(keyset_key))
        .execute(tx)
        .await?;
    Ok(())
}

/// Secrets that are sealed under another key of the keyset than `keyset_key`.
pub async fn not_under(db: &Db, keyset_key: u32) -> Result<Vec<Sealed>, Error> {
    let rows = say(NOT_UNDER).bind(i64::from(keyset_key)).read_all::<(String, String, Vec<u8>)>(db).await?;
    Ok(rows.into_iter().map(sealed_of).collect())
}

/// Puts `new` in the place of a secret; `false`: it was changed meanwhile and keeps what it has.
pub async fn reseal(tx: &mut Tx, secret: &Sealed, new: &[u8], keyset_key: u32) -> Result<bool, Error> {
    let done =
        say(RESEAL).bind(&secret.name).bind(&secret.sealed).bind(new).bind(i64::from(keyset_key)).execute(tx).await?;
    Ok(done == 1)
}
