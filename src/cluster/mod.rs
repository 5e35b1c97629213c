//! More than one process for one house, over PostgreSQL: what each holds for all (`lease`), how they tell each other what
//! happened (`news`), and platforms that another process holds (`elsewhere`).
//!
//! It decides nothing about a message: that is `turn`, which asks only what role its process has. Walk:
//! `docs/architecture.md`; why notifications and no queue: `docs/decisions/0007-more-than-one-machine.md`.

mod clock;
mod elsewhere;
mod held;
mod lease;
mod news;

use std::time::Duration;

use crate::db::{self, Db, leases, meta};
use crate::domain::{Clock, Refusal};

pub use clock::SharedClock;
pub use elsewhere::Elsewhere;
pub use held::Held;
pub use lease::{Kept, Lease, Leases};
pub use news::listen;

/// How far a machine's clock may be from the database's.
const SKEW_MAX: Duration = Duration::from_secs(5);
/// Where the database keeps which keyset the house seals with.
const KEYSET: &str = "cluster.keyset";

/// Lets a process into the house, or says why not: its clock has to be near the database's, and its keyset, known by its
/// fingerprint, the one that the first process came with.
///
/// # Errors
/// Those of the database.
pub async fn admit(db: &Db, clock: &dyn Clock, fingerprint: &str) -> Result<Option<Refusal>, db::Error> {
    let before = clock.now();
    let there = leases::now(db).await?;
    let after = clock.now();
    let off = (before.0 - there.0).max(there.0 - after.0);
    let most = i64::try_from(SKEW_MAX.as_millis()).unwrap_or(i64::MAX);
    if off > most {
        return Ok(Some(Refusal::new("cannot-start-clock").arg("seconds", (off / 1_000).to_string())));
    }
    let ours = fingerprint.to_owned();
    let claiming = db.write(move |tx| Box::pin(async move { meta::set_once(tx, KEYSET, &ours).await }));
    let first = claiming.await?;
    Ok((first != fingerprint).then(|| Refusal::new("cannot-start-keyset")))
}
