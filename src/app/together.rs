//! Gateways and workers: what a process has and does that shares a house with others.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::Context as _;
use secrecy::{ExposeSecret as _, SecretString};

use super::House;
use super::fronts::{Front, discord_options, matrix_options};
use crate::cluster::{self, Elsewhere, Held, Kept, Leases, SharedClock};
use crate::config::Config;
use crate::db::{Db, leases, meta, sqlite_path};
use crate::domain::{Clock, Refusal, Role, SystemClock};
use crate::ops::CannotStart;
use crate::ops::doctor::Check;
use crate::ops::http::Readiness;
use crate::platform::{discord, matrix};
use crate::texts::{Arg, Texts};
use crate::vault::Vault;

/// Answers that a gateway says at once: it mostly waits for the platform.
const SAID_AT_ONCE: usize = 64;
/// Where the database keeps which data directory has the store of the Matrix account's device.
const MATRIX_HOME: &str = "cluster.matrix-home";

/// What a process that shares the work has besides.
pub(super) struct Shared {
    /// Another one at each start: what a former process held under its own is not this one's.
    pub name: String,
    clock: Arc<SharedClock>,
    leases: Leases,
}

impl Shared {
    pub(super) fn clock(&self) -> Arc<dyn Clock> {
        self.clock.clone()
    }
}

/// Whether the settings allow a process of this role.
///
/// # Errors
/// One sentence: what is missing.
pub(super) fn may_be(role: Role, config: &Config, texts: &Texts) -> Result<(), CannotStart> {
    if role == Role::House {
        return Ok(());
    }
    if sqlite_path(config.database_url().expose_secret()).is_some() {
        return Err(refused(&Refusal::new("cannot-start-sqlite").arg("role", role.as_str().to_owned()), config, texts));
    }
    // A gateway as well: it says which model sees the words.
    if config.llm.base_url.is_none() {
        return Err(refused(&Refusal::new("cannot-start-no-model"), config, texts));
    }
    #[cfg(feature = "testing")]
    let has_fake = crate::testing::fake_platform().is_some();
    #[cfg(not(feature = "testing"))]
    let has_fake = false;
    let has_front = discord_options(config).is_some() || matrix_options(config, &config.data_dir).is_some() || has_fake;
    if role == Role::Gateway && !has_front {
        return Err(refused(&Refusal::new("cannot-start-no-front"), config, texts));
    }
    Ok(())
}

fn refused(refusal: &Refusal, config: &Config, texts: &Texts) -> CannotStart {
    let args: Vec<(&str, Arg)> = refusal.args.iter().map(|(name, value)| (*name, Arg::from(value.clone()))).collect();
    CannotStart(texts.say(&config.locale, refusal.id, &args))
}

/// Opens the database that the processes share, and joins the house.
///
/// # Errors
/// When the database cannot be opened, or one sentence on why this process does not belong to the others.
pub(super) async fn joined(config: &Config, keyset: &Path, texts: &Texts) -> anyhow::Result<(Db, Shared)> {
    let db = Db::open_shared(config.database_url().expose_secret()).await.context("opening the database")?;
    let machine = SystemClock::default();
    let vault = Vault::open(keyset).context("opening the keyset")?;
    let fingerprint = vault.fingerprint("house", &SecretString::from("which keyset"));
    if let Some(refusal) = cluster::admit(&db, &machine, &fingerprint).await.context("joining the house")? {
        return Err(refused(&refusal, config, texts).into());
    }
    let clock = Arc::new(SharedClock::default());
    clock.ask(&db).await;
    let name = machine.id();
    tracing::info!(process = name, "joined the house");
    let leases = Leases::new(db.clone(), name.clone());
    Ok((db, Shared { name, clock, leases }))
}

/// Lanes that a process works at once.
pub(super) fn at_once(role: Role, workers: usize) -> usize {
    if role == Role::Gateway { SAID_AT_ONCE } else { workers }
}

/// Starts what goes on in a process that shares the work: each chore is done by one process at a time.
pub(super) fn start(house: &House, shared: &Shared) {
    let (clock, db, done) = (shared.clock.clone(), house.db.clone(), house.workers_done.clone());
    house.life.spawn("shared clock", async move { clock.keep(&db, done).await });
    let (turns, done) = (house.turns.clone(), house.workers_done.clone());
    house.life.spawn("news", async move { cluster::listen(turns, done).await });
    let (leases, soft) = (shared.leases.clone(), house.life.soft());
    if house.turns.settings.hand.role == Role::Gateway {
        // Where the pictures are, which go with their members.
        let (turns, retention) = (house.turns.clone(), house.retention);
        house.life.spawn("retention", async move {
            leases.chore("chore retention", &soft, || turns.keep_tidy(retention)).await;
        });
        return;
    }
    if let Some(distiller) = house.distiller.clone() {
        let (leases, soft) = (leases.clone(), soft.clone());
        house.life.spawn("distilling", async move {
            leases.chore("chore distilling", &soft, || distiller.run(soft.clone())).await;
        });
    }
    let (recall, done) = (house.recall.clone(), house.workers_done.clone());
    house.life.spawn("recall", async move {
        leases.chore("chore vectors", &soft, || recall.run(done.clone())).await;
    });
}

/// The platforms that gateways hold, for a process that writes for them.
pub(super) fn write_for(house: &House) {
    let mut all = vec![(discord::NAME, discord::LIMITS), (matrix::NAME, matrix::LIMITS)];
    #[cfg(feature = "testing")]
    all.push((crate::platform::fake::NAME, crate::platform::fake::LIMITS));
    for (name, limits) in all {
        let platform = Elsewhere::new(name, limits, house.db.clone(), house.life.clone());
        house.platforms.add(Arc::new(platform));
    }
}

/// Has each front end connect as soon as its account is this process's; another gateway may hold it until then. One that
/// loses an account stops: whoever starts it again lets it stand by.
///
/// # Errors
/// One sentence, where the account's device belongs to another data directory.
pub(super) async fn hold(
    house: &Arc<House>,
    fronts: Vec<Front>,
    readiness: &Readiness,
    was_lost: &Arc<AtomicBool>,
) -> anyhow::Result<()> {
    let Some(shared) = &house.shared else { return Ok(()) };
    for front in fronts {
        if front.platform.name() == matrix::NAME {
            has_the_device(house).await?;
        }
        let is_ours = Arc::new(AtomicBool::new(false));
        let watching = is_ours.clone();
        front.watched(readiness, move || watching.load(Ordering::SeqCst));
        let (leases, house, was_lost) = (shared.leases.clone(), house.clone(), was_lost.clone());
        let (soft, done) = (house.life.soft(), house.workers_done.clone());
        let life = house.life.clone();
        life.spawn("account", async move {
            let Front { lease: name, platform, start, .. } = front;
            let working = |lease| async {
                house.platforms.add(Arc::new(Held::new(platform, lease)));
                start(&house);
                is_ours.store(true, Ordering::SeqCst);
                // What is accepted is said before another may come.
                done.cancelled().await;
            };
            if leases.account(name, &soft, working).await == Kept::Lost {
                was_lost.store(true, Ordering::SeqCst);
                soft.cancel();
            }
        });
    }
    Ok(())
}

/// What gateways and workers hold at the moment; `None`: there are none.
pub(super) async fn examined(db: &Db) -> Option<Check> {
    let held = match leases::held(db).await {
        Ok(held) if held.is_empty() => return None,
        Ok(held) => held,
        Err(error) => return Some(Check::bad("processes", error.to_string(), "look at the database")),
    };
    let names: Vec<&str> = held.iter().map(|(name, _)| name.as_str()).collect();
    let mut holders: Vec<&str> = held.iter().map(|(_, holder)| holder.as_str()).collect();
    holders.sort_unstable();
    holders.dedup();
    let found = format!("gateways and workers share the work; {} of them hold: {}", holders.len(), names.join(", "));
    Some(Check::ok("processes", found))
}

/// Makes sure that the store of the Matrix account's device is in this process's data directory, or that there is none yet.
async fn has_the_device(house: &House) -> anyhow::Result<()> {
    let ours = super::instance(&house.data_dir, &*house.clock)?;
    let claimed = ours.clone();
    let claiming = house.db.write(move |tx| Box::pin(async move { meta::set_once(tx, MATRIX_HOME, &claimed).await }));
    if claiming.await? != ours {
        let locale = &house.turns.settings.locale;
        return Err(CannotStart(house.texts.say(locale, "cannot-start-matrix-elsewhere", &[])).into());
    }
    Ok(())
}
