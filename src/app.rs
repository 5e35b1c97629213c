//! The composition root: the only place that names implementations. Builds a [`House`] from settings and runs it.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use secrecy::ExposeSecret as _;
use tokio_util::sync::CancellationToken;

use crate::config::Config;
use crate::db::Db;
use crate::desk::Desk;
use crate::directory::Directory;
use crate::domain::{Clock, PersonalityFile, SystemClock};
use crate::life::Life;
use crate::model::{LlmProvider, Notice};
use crate::ops::datadir::DataDir;
use crate::queue::local::LocalDoorbell;
use crate::recall::{Recall, Weights};
use crate::texts::Texts;
use crate::turn::{Parts, Platforms, TurnSettings, Turns};

/// File of the data directory that names this instance in leases, so that a restart takes its own lanes back at once.
const INSTANCE_FILE: &str = "instance";

/// Everything that makes up a running house.
pub struct House {
    pub db: Db,
    pub clock: Arc<dyn Clock>,
    pub texts: Arc<Texts>,
    pub directory: Arc<Directory>,
    pub model: Arc<dyn LlmProvider>,
    pub recall: Arc<Recall>,
    pub platforms: Platforms,
    pub turns: Arc<Turns>,
    pub desk: Arc<Desk>,
    pub life: Life,
    workers_done: CancellationToken,
}

impl House {
    /// Opens database, recall, model and pipeline; nothing runs yet.
    ///
    /// # Errors
    /// One sentence that says what could not be opened and what to do.
    pub async fn open(
        config: &Config,
        data: &DataDir,
        texts: Arc<Texts>,
        say: &(dyn Fn(Notice) + Send + Sync),
    ) -> anyhow::Result<Self> {
        let life = Life::default();
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::default());
        let db = Db::open(config.database_url().expose_secret()).await.context("opening the database")?;
        let directory = Arc::new(Directory::open(db.clone(), clock.clone(), personality_files(config)?).await?);
        let embedder = crate::recall::open_embedder(&config.embeddings).await.context("opening the embedder")?;
        let store = crate::recall::open_store(config, &db).await.context("opening the vector store")?;
        let recall = Recall::open(db.clone(), clock.clone(), embedder, store, Weights::DEFAULT).await?;
        let recall = Arc::new(recall);
        let model = crate::model::open(&config.llm, &config.cache_dir(), say).await.context("opening the model")?;
        let platforms = Platforms::default();
        let turns = Turns::new(Parts {
            db: db.clone(),
            clock: clock.clone(),
            directory: directory.clone(),
            model: model.clone(),
            recall: recall.clone(),
            platforms: platforms.clone(),
            texts: texts.clone(),
            doorbell: Arc::new(LocalDoorbell::new(config.workers)),
            life: life.clone(),
            settings: TurnSettings {
                owner: instance(data.path(), &*clock)?,
                mention: config.mention_char,
                time_zone: config.time_zone.clone(),
                locale: config.locale.clone(),
                owners: config.owners.clone(),
                operator_key: config.operator_key(),
            },
        });
        let desk = Arc::new(Desk::new(turns.clone()));
        let workers_done = CancellationToken::new();
        Ok(Self { db, clock, texts, directory, model, recall, platforms, turns, desk, life, workers_done })
    }

    /// Starts the workers and the keeper of the vectors.
    pub fn start(&self) {
        let (turns, soft, done) = (self.turns.clone(), self.life.soft(), self.workers_done.clone());
        self.life.spawn("lanes", async move {
            let doorbell = turns.doorbell.clone();
            doorbell.answer(turns, soft).await;
            done.cancel();
        });
        // The keeper goes on until the last turn has settled, so that a clean stop leaves no vector unmade.
        let (recall, done) = (self.recall.clone(), self.workers_done.clone());
        self.life.spawn("recall", async move { recall.run(done).await });
        let (turns, soft) = (self.turns.clone(), self.life.soft());
        self.life.spawn("gauges", async move { gauges(&turns, soft).await });
    }

    /// Stops everything within the grace period; whether all ended by itself.
    pub async fn stop(&self) -> bool {
        let ended = self.life.stop().await;
        self.db.close().await;
        ended
    }
}

/// How often queue depths are measured.
const GAUGES: Duration = Duration::from_secs(5);

async fn gauges(turns: &Turns, stop: CancellationToken) {
    while !stop.is_cancelled() {
        if let Ok((open, oldest)) = crate::db::turns::open_count(&turns.db).await {
            metrics::gauge!("greenroom_turns_open").set(open as f64);
            let age = oldest.map_or(0, |oldest| turns.clock.now().millis_since(oldest));
            metrics::gauge!("greenroom_turn_oldest_seconds").set(age as f64 / 1_000.0);
        }
        if let Ok(pending) = turns.recall.pending().await {
            metrics::gauge!("greenroom_outbox_pending").set(pending as f64);
        }
        tokio::select! {
            () = tokio::time::sleep(GAUGES) => {}
            () = stop.cancelled() => {}
        }
    }
}

/// The built-in personalities and the operator's own; an own file replaces the built-in one of its slug.
fn personality_files(config: &Config) -> anyhow::Result<Vec<PersonalityFile>> {
    let mut files = crate::personalities::load_builtin()?;
    if let Some(folder) = &config.personalities_dir {
        for own in crate::personalities::load_dir(folder)? {
            files.retain(|file| file.slug != own.slug);
            files.push(own);
        }
    }
    Ok(files)
}

/// The name of this instance, made once per data directory.
fn instance(data: &Path, clock: &dyn Clock) -> anyhow::Result<String> {
    let path = data.join(INSTANCE_FILE);
    match std::fs::read_to_string(&path) {
        Ok(name) if !name.trim().is_empty() => Ok(name.trim().to_owned()),
        _ => {
            let name = clock.id();
            std::fs::write(&path, &name).with_context(|| format!("writing {}", path.display()))?;
            Ok(name)
        }
    }
}
