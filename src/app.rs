//! The composition root: the only place that names implementations. Builds a [`House`] from settings and runs it.

pub mod upkeep;

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Context as _;
use secrecy::ExposeSecret as _;
use tokio_util::sync::CancellationToken;

use crate::avatars::{self, Avatars};
use crate::cli::{ConsoleOptions, EvalMemoryOptions};
use crate::config::{Config, FairConfig, MatrixStreaming};
use crate::crash;
use crate::db::Db;
use crate::desk::Desk;
use crate::directory::Directory;
use crate::distil::{self, Distiller};
use crate::domain::{Clock, Deed, Done, PersonalityFile, SystemClock};
use crate::guard::pace::{Pace, Rates};
use crate::keyring::{self, Keyring};
use crate::life::{Ending, Life};
use crate::model::providers::Providers;
use crate::model::{LlmProvider, Notice, discover};
use crate::ops::CannotStart;
use crate::ops::datadir::DataDir;
use crate::ops::telemetry::{self, Sink};
use crate::ops::traces::Exporter;
use crate::ops::{doctor as examination, dumps, http, metrics, watch};
use crate::outside::{Outside, Rules};
use crate::platform::console::{self, Conversation, Notices, Screen, Terminal};
use crate::platform::discord::{self, Discord};
use crate::platform::matrix::{self, Allowance, Inviter, Matrix};
use crate::queue::local::LocalDoorbell;
pub use crate::recall::eval::Method;
use crate::recall::{Recall, Weights, eval};
use crate::strongbox::{self, Strongbox};
use crate::texts::Texts;
use crate::turn::{Parts, Platforms, Retention, TurnSettings, Turns};
use crate::vault::{Keyset, Vault};

/// File of the data directory that names this instance in leases, so that a restart takes its own lanes back at once.
const INSTANCE_FILE: &str = "instance";

/// Folder of the data directory with the Matrix account's own store, and file that shows its recovery key once.
const MATRIX_STORE: &str = "matrix";
const MATRIX_RECOVERY: &str = "matrix.recovery-key";
/// Folder of the data directory with a store for each account of a personality.
const MATRIX_LOGINS: &str = "matrix.logins";
/// Folder of the data directory with the pictures of members' characters.
const AVATARS: &str = "avatars";
/// File of the data directory with the keyset, unless the settings name another.
const KEYSET_FILE: &str = "keyset.json";
/// File of the data directory that keeps what was typed in the terminal.
const INPUT_HISTORY: &str = "input-history";
/// Folder of the data directory for files that were asked for in the terminal.
const FILES: &str = "files";
/// The name of whoever sits at the terminal and gives none.
const YOU: &str = "You";

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
    strongbox: Strongbox,
    distiller: Option<Arc<Distiller>>,
    traces: Mutex<Option<Exporter>>,
    retention: Retention,
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
        life: Life,
        say: &(dyn Fn(Notice) + Send + Sync),
    ) -> anyhow::Result<Self> {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::default());
        let db = Db::open(config.database_url().expose_secret()).await.context("opening the database")?;
        let directory = Arc::new(Directory::open(db.clone(), clock.clone(), personality_files(config)?).await?);
        let embedder = crate::recall::open_embedder(&config.embeddings).await.context("opening the embedder")?;
        let store = crate::recall::open_store(config, &db).await.context("opening the vector store")?;
        let recall = Recall::open(db.clone(), clock.clone(), embedder, store, Weights::DEFAULT).await?;
        let recall = Arc::new(recall);
        let model = crate::model::open(&config.llm, &config.cache_dir(), say).await.context("opening the model")?;
        let vault = Arc::new(Vault::open(&keyset_path(config, data)).context("opening the keyset")?);
        keyring::belong_together(&db, &vault).await.context("opening members' keys")?;
        let strongbox = Strongbox::new(db.clone(), vault.clone());
        let keyring = Arc::new(Keyring::new(db.clone(), clock.clone(), vault, Providers::new(&config.llm)));
        let distiller = config.distil.is_on.then(|| {
            Arc::new(Distiller::new(distil::Parts {
                db: db.clone(),
                clock: clock.clone(),
                directory: directory.clone(),
                model: model.clone(),
                keyring: keyring.clone(),
                recall: recall.clone(),
                texts: texts.clone(),
                settings: distil_settings(config),
            }))
        });
        let platforms = Platforms::default();
        let turns = Turns::new(Parts {
            db: db.clone(),
            clock: clock.clone(),
            directory: directory.clone(),
            model: model.clone(),
            recall: recall.clone(),
            keyring,
            platforms: platforms.clone(),
            texts: texts.clone(),
            doorbell: Arc::new(LocalDoorbell::new(config.workers)),
            life: life.clone(),
            pace: Pace::new(rates(&config.fair)),
            avatars: Avatars::in_dir(data.path().join(AVATARS)),
            outside: Outside::new(Rules::STRICT),
            settings: TurnSettings {
                owner: instance(data.path(), &*clock)?,
                mention: config.mention_char,
                time_zone: config.time_zone.clone(),
                locale: config.locale.clone(),
                owners: config.owners.clone(),
                operator_key: config.operator_key(),
                slots: config.called_at_once,
                patience: TurnSettings::PATIENCE,
            },
        });
        let desk = Arc::new(Desk::new(turns.clone()));
        let workers_done = CancellationToken::new();
        Ok(Self {
            db,
            clock,
            texts,
            directory,
            model,
            recall,
            platforms,
            turns,
            desk,
            life,
            strongbox,
            distiller,
            traces: Mutex::new(Exporter::open(&config.traces)?),
            retention: retention(config),
            workers_done,
        })
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
        // So does whoever tells of them.
        if let Some(traces) = self.traces.lock().unwrap_or_else(PoisonError::into_inner).take() {
            let done = self.workers_done.clone();
            self.life.spawn("traces", async move { traces.run(done).await });
        }
        if let Some(distiller) = self.distiller.clone() {
            let soft = self.life.soft();
            self.life.spawn("distilling", async move { distiller.run(soft).await });
        }
        let (turns, retention) = (self.turns.clone(), self.retention);
        self.life.spawn("retention", async move { turns.keep_tidy(retention).await });
        let doorbell = self.turns.doorbell.clone();
        watch::backlog(&self.life, self.db.clone(), self.clock.clone(), move || doorbell.busy());
        watch::soundness(&self.life, self.db.clone());
    }

    /// Stops everything within the grace period. What was cut off is stored and resumed, so that it is no failure.
    pub async fn stop(&self) -> ExitCode {
        let ending = self.life.stop().await;
        self.db.close().await;
        tracing::info!(?ending, "stopped");
        if ending == Ending::Broken { ExitCode::FAILURE } else { ExitCode::SUCCESS }
    }
}

fn retention(config: &Config) -> Retention {
    let days = |days: u32| (days > 0).then(|| Duration::from_secs(u64::from(days) * 24 * 3_600));
    Retention {
        messages: days(config.keep_messages_days),
        words: days(config.keep_words_days),
        idle_members: days(config.forget_idle_days),
    }
}

fn distil_settings(config: &Config) -> distil::Settings {
    distil::Settings {
        model: config.distil.model.clone().unwrap_or_default(),
        sum_up_after: Duration::from_secs(u64::from(config.distil.sum_up_after_hours) * 3_600),
        operator_key: config.operator_key(),
        owners: config.owners.clone(),
        time_zone: config.time_zone.clone(),
        locale: config.locale.clone(),
    }
}

fn rates(fair: &FairConfig) -> Rates {
    Rates {
        member: fair.member_per_minute,
        place: fair.place_per_minute,
        personality: fair.personality_per_minute,
        key: fair.key_per_minute,
        waiting_of_member: fair.member_waiting.into(),
        waiting_in_place: fair.place_waiting.into(),
    }
}

/// `greenroom run`: everything that is configured, until a signal.
///
/// # Errors
/// When something cannot start.
pub async fn run(config: Config) -> anyhow::Result<ExitCode> {
    telemetry::start(&config, Sink::Stderr)?;
    dumps::forbid();
    let data = DataDir::take(&config.data_dir)?;
    let health = http::bind("HTTP_ADDR", &config.http_addr).await?;
    let exposition = http::bind("METRICS_ADDR", &config.metrics_addr).await?;
    let texts = Arc::new(Texts::load(&config.locale)?);
    let life = Life::default();
    life.heed_signals().context("listening for signals")?;
    let exporter = metrics::start(&life)?;
    let readiness = http::Readiness::default();
    // Opening may take minutes when a model is fetched: who asks meanwhile is told that the house is starting.
    let pages = http::health_routes(readiness.clone(), &life)
        .merge(avatars::routes(Avatars::in_dir(data.path().join(AVATARS))));
    http::serve(&life, "health", health, pages);
    http::serve(&life, "metrics", exposition, http::metrics_routes(exporter));
    let soft = life.soft();
    let log = |notice| tracing::info!(?notice, "model");
    let house = tokio::select! {
        house = House::open(&config, &data, texts, life, &log) => house?,
        // Nothing runs yet: a stop during a long fetch just leaves.
        () = soft.cancelled() => return Ok(ExitCode::SUCCESS),
    };
    watch::database(&readiness, &house.db);
    watch::recall(&readiness, &house.recall);
    // Before the lanes: what waits for delivery finds its platform connected.
    let discord = discord(&config, &house)?;
    let matrix = matrix(&config, &data, &house);
    let fronts = usize::from(discord.is_some()) + usize::from(matrix.is_some()) + front_ends(&house)?;
    if let Some(matrix) = &matrix {
        let matrix = matrix.clone();
        readiness.add("Matrix", move || {
            let is_ready = matrix.is_ready();
            async move { if is_ready { Ok(()) } else { Err("not connected yet".to_owned()) } }
        });
    }
    if let Some(discord) = &discord {
        let discord = discord.clone();
        readiness.add("Discord", move || {
            let is_ready = discord.is_ready();
            async move { if is_ready { Ok(()) } else { Err("not connected yet".to_owned()) } }
        });
    }
    house.start();
    watch::readiness(&house.life, readiness);
    watch::announce(&config, fronts);
    house.life.soft().cancelled().await;
    let code = house.stop().await;
    let has_left = discord.is_some_and(|discord| discord.fatal().is_some())
        || matrix.is_some_and(|matrix| matrix.fatal().is_some());
    Ok(if has_left { ExitCode::FAILURE } else { code })
}

/// Connects Matrix, where a homeserver is set.
fn matrix(config: &Config, data: &DataDir, house: &House) -> Option<Arc<Matrix>> {
    let options = matrix_options(config, data.path())?;
    let matrix = Matrix::new(options, house.strongbox.clone(), house.life.clone());
    house.platforms.add(matrix.clone());
    matrix.start(house.turns.clone(), house.desk.clone(), house.db.clone());
    Some(matrix)
}

fn matrix_options(config: &Config, data: &Path) -> Option<matrix::Options> {
    let settings = &config.matrix;
    let user = settings.user.clone()?;
    let inviters = settings.invites.iter().map(|inviter| match inviter.as_str() {
        "anyone" => Inviter::Anyone,
        "owners" => Inviter::Owners,
        user if user.starts_with('@') => Inviter::User(user.to_owned()),
        server => Inviter::Server(server.to_owned()),
    });
    let mut inviters: Vec<Inviter> = inviters.collect();
    if inviters.is_empty() {
        // The people the house lives among.
        let server = user.split_once(':').map(|(_, server)| Inviter::Server(server.to_owned()));
        inviters.extend(server.into_iter().chain([Inviter::Owners]));
    }
    let logins = settings.logins.iter().map(|login| matrix::Login {
        slug: login.slug.clone(),
        user: login.user.clone(),
        password: Some(login.password.clone()),
        store: data.join(MATRIX_LOGINS).join(&login.user),
    });
    Some(matrix::Options {
        homeserver: settings.homeserver.clone()?,
        password: settings.password.clone(),
        access: settings.access_token.clone().zip(settings.device_id.clone()),
        recovery_key: settings.recovery_key.clone(),
        store: data.join(MATRIX_STORE).join(&user),
        user,
        recovery_file: data.join(MATRIX_RECOVERY),
        inviters,
        logins: logins.collect(),
        service: settings.service.clone().map(|(token, prefix)| matrix::Service { token, prefix }),
        ghosts: data.join(MATRIX_LOGINS),
        streaming: match settings.streaming {
            MatrixStreaming::Off => None,
            MatrixStreaming::On => Some(Allowance::USUAL),
            MatrixStreaming::Fast => Some(Allowance::LIFTED),
        },
    })
}

/// Connects Discord, where a token is set.
fn discord(config: &Config, house: &House) -> anyhow::Result<Option<Arc<Discord>>> {
    let Some(options) = discord_options(config) else { return Ok(None) };
    let discord = Discord::new(options, house.life.clone()).map_err(|error| CannotStart(format!("{error:#}")))?;
    house.platforms.add(discord.clone());
    discord.start(house.turns.clone(), house.desk.clone(), house.db.clone());
    Ok(Some(discord))
}

fn discord_options(config: &Config) -> Option<discord::Options> {
    let settings = &config.discord;
    Some(discord::Options {
        token: settings.token.clone()?,
        api_url: settings.api_url.clone(),
        reads_messages: settings.reads_messages,
        pluralkit_url: settings.pluralkit_api_url.clone(),
        plural_token: settings.plural_api_token.clone(),
        services: settings
            .proxies
            .iter()
            .map(|(name, application, url)| discord::OwnService {
                name: name.clone(),
                application: *application,
                url: url.clone(),
            })
            .collect(),
        dev_guild: settings.dev_guild,
        public_url: settings.public_url.clone(),
    })
}

/// Connects what is configured and returns how many front ends run.
#[cfg(not(feature = "testing"))]
fn front_ends(_house: &House) -> anyhow::Result<usize> {
    Ok(0)
}

/// Connects the fake platform where the tests name one, and returns how many front ends run.
#[cfg(feature = "testing")]
fn front_ends(house: &House) -> anyhow::Result<usize> {
    use crate::platform::fake::FakePlatform;

    let Some(url) = crate::testing::fake_platform() else { return Ok(0) };
    let platform = Arc::new(FakePlatform::far(&url)?);
    house.platforms.add(platform.clone());
    let (turns, db) = (house.turns.clone(), house.db.clone());
    house.life.spawn("fake platform", async move {
        platform.run(&turns, &db, std::time::Duration::from_millis(20)).await;
    });
    Ok(1)
}

/// `greenroom console`: a chat in the terminal.
///
/// # Errors
/// When something cannot start.
pub async fn console(config: Config, options: ConsoleOptions) -> anyhow::Result<ExitCode> {
    let data = DataDir::take(&config.data_dir)?;
    // The log of a chat is a file in the data directory, so that the chat stays readable.
    telemetry::start(&config, Sink::ConsoleFile)?;
    dumps::forbid();
    let texts = Arc::new(Texts::load(&config.locale)?);
    let notices = Notices::new(texts.clone(), &config.locale);
    let house = House::open(&config, &data, texts.clone(), Life::default(), &|notice| notices.show(notice)).await?;
    let wanted = options.personality.as_deref().unwrap_or(crate::domain::HOST);
    let speaker = options.speaker.clone().unwrap_or_else(|| YOU.to_owned());
    let person = house.directory.person(&console::identity(&speaker), &speaker).await?;
    let Some(personality) = house.directory.names().seen_by(&person.member.id).find(wanted).cloned() else {
        let text = texts.say(&config.locale, "refusal-personality-not-found", &[("name", wanted.into())]);
        return Err(CannotStart(text).into());
    };
    let options = console::Options {
        personality: personality.slug.clone(),
        name: speaker,
        place: options.place,
        history: data.path().join(INPUT_HISTORY),
        files: data.path().join(FILES),
    };
    let screen = Arc::new(Screen::standard(&texts, &config.locale, config.no_colour));
    house.platforms.add(Arc::new(Terminal::new(screen.clone())));
    house.start();
    let conversation =
        Conversation::new(house.turns.clone(), house.desk.clone(), house.clock.clone(), screen, &options);
    let talked = Arc::new(conversation).run(&options).await;
    let code = house.stop().await;
    talked?;
    Ok(code)
}

/// `greenroom migrate`: brings the schema up to date.
///
/// # Errors
/// When the database cannot be opened or migrated.
pub async fn migrate(config: Config) -> anyhow::Result<ExitCode> {
    telemetry::start(&config, Sink::Stderr)?;
    let _data = DataDir::take(&config.data_dir)?;
    let db = Db::open(config.database_url().expose_secret()).await.context("migrating the database")?;
    let engine = db.engine();
    db.close().await;
    writeln!(std::io::stdout(), "The database ({engine}) is up to date.")?;
    Ok(ExitCode::SUCCESS)
}

/// `greenroom doctor`: looks at every part; exit code 1 when one does not work.
///
/// # Errors
/// When the findings cannot be printed.
pub async fn doctor(config: Config) -> anyhow::Result<ExitCode> {
    let mut checks = examination::house(&config, &SystemClock::default()).await;
    let is_there = |url: &str| crate::db::sqlite_path(url).is_none_or(|path| path.exists());
    let embedder = crate::recall::open_embedder(&config.embeddings).await.map_err(|error| error.to_string());
    let url = config.database_url();
    // A database that is not made yet has no store to look at.
    if is_there(url.expose_secret())
        && !examination::is_bad(&checks)
        && let Ok(db) = Db::open(url.expose_secret()).await
    {
        let store = crate::recall::open_store(&config, &db).await.map_err(|error| error.to_string());
        let store = store.as_deref().map_err(Clone::clone);
        // The embedder's check opens the store for its space.
        checks.push(examination::embedder(embedder.as_deref().map_err(Clone::clone), store.clone().ok()).await);
        checks.push(examination::store(store, config.qdrant_url.is_none()).await);
        checks.push(keys_check(&config, &db).await);
        if let Some(options) = matrix_options(&config, &config.data_dir) {
            let keyset = keyset_path_in(&config, &config.data_dir);
            let vault = if keyset.exists() { Vault::open(&keyset).ok() } else { None };
            let strongbox = vault.map(|vault| Strongbox::new(db.clone(), Arc::new(vault)));
            let made = matrix::made_users(&db).await.unwrap_or_default();
            checks.push(matrix_check(&options, strongbox.as_ref(), &made).await);
        }
        db.close().await;
    } else {
        checks.push(examination::embedder(embedder.as_deref().map_err(Clone::clone), None).await);
        if let Some(options) = matrix_options(&config, &config.data_dir) {
            checks.push(matrix_check(&options, None, &[]).await);
        }
    }
    checks.push(model_check(&config).await);
    if let Some(options) = discord_options(&config) {
        let texts = Texts::load(&config.locale)?;
        checks.push(match discord::examine(&options, &texts).await {
            Ok(discord::Examined { found, lacks }) if lacks.is_empty() => examination::Check::ok("Discord", found),
            Ok(discord::Examined { found, lacks }) => {
                let fix = "give the bot's role there what it lacks";
                examination::Check::warn("Discord", format!("{found}; {}", lacks.join("; ")), fix)
            }
            Err(error) => {
                let fix = "look at the bot's page in Discord's developer portal";
                examination::Check::bad("Discord", format!("{error:#}"), fix)
            }
        });
    }
    examination::print(&checks, &mut std::io::stdout())?;
    Ok(if examination::is_bad(&checks) { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// Asks the homeserver about the account and its device.
async fn matrix_check(options: &matrix::Options, strongbox: Option<&Strongbox>, made: &[String]) -> examination::Check {
    match matrix::examine(options, strongbox, made).await {
        Ok(matrix::Examined { found, lacks }) if lacks.is_empty() => examination::Check::ok("Matrix", found),
        Ok(matrix::Examined { found, lacks }) => {
            let fix = "docs/operations.md says how an account is verified";
            examination::Check::warn("Matrix", format!("{found}; {}", lacks.join("; ")), fix)
        }
        Err(error) => {
            let fix = "look at MATRIX_HOMESERVER, MATRIX_USER and the account's devices";
            examination::Check::bad("Matrix", format!("{error:#}"), fix)
        }
    }
}

/// Looks at the keyset, if there is one yet, and whether it belongs to the database.
async fn keys_check(config: &Config, db: &Db) -> examination::Check {
    let path = keyset_path_in(config, &config.data_dir);
    if !path.exists() && crate::db::keys::by_keyset_key(db).await.is_ok_and(|counts| counts.is_empty()) {
        return examination::Check::ok("keys", "no keyset yet; one is made at the first start");
    }
    let vault = match Keyset::open(&path).and_then(|_| Vault::open(&path)) {
        Ok(vault) => vault,
        Err(error) => return examination::Check::bad("keys", error.to_string(), "restore the keyset from its backup"),
    };
    match keyring::belong_together(db, &vault).await {
        Ok(()) => {
            examination::Check::ok("keys", format!("the keyset opens every member's key; primary {}", vault.primary()))
        }
        Err(error) => {
            examination::Check::bad("keys", error.to_string(), "restore the keyset that belongs to this database")
        }
    }
}

/// Looks at the model without fetching one.
async fn model_check(config: &Config) -> examination::Check {
    let llm = &config.llm;
    let is_chosen = llm.base_url.is_some() || llm.local_model.is_some();
    if !is_chosen && discover::find(&discover::USUAL, llm.model.as_deref()).await.is_none() {
        let file = config.cache_dir().join("models").join(crate::model::fetch::MODEL_FILE);
        let found = if file.exists() { "is here" } else { "will be fetched at the first start" };
        return examination::Check::ok("model", format!("no server found; the small in-process model {found}"));
    }
    let model = crate::model::open(llm, &config.cache_dir(), &|_| {}).await.map_err(|error| format!("{error:#}"));
    examination::model(model.as_deref().map_err(Clone::clone)).await
}

/// `greenroom reindex`: makes the vectors of all memories anew.
///
/// # Errors
/// When the database, the embedder or the store fails.
pub async fn reindex(config: Config) -> anyhow::Result<ExitCode> {
    telemetry::start(&config, Sink::Stderr)?;
    let _data = DataDir::take(&config.data_dir)?;
    let db = Db::open(config.database_url().expose_secret()).await.context("opening the database")?;
    let embedder = crate::recall::open_embedder(&config.embeddings).await.context("opening the embedder")?;
    let store = crate::recall::open_store(&config, &db).await.context("opening the vector store")?;
    let bar = indicatif::ProgressBar::new(0);
    let progress = |done: u64, total: u64| {
        bar.set_length(total);
        bar.set_position(done);
    };
    let done = Recall::reindex(&db, embedder, store, Arc::new(SystemClock::default()), &progress).await?;
    bar.finish_and_clear();
    db.close().await;
    writeln!(std::io::stdout(), "{done} memories are indexed.")?;
    Ok(ExitCode::SUCCESS)
}

/// `greenroom keys list`: how many members' keys are sealed under each key of the keyset.
///
/// # Errors
/// When the database or the keyset cannot be opened.
pub async fn keys_list(config: Config) -> anyhow::Result<ExitCode> {
    let path = keyset_path_in(&config, &config.data_dir);
    let keyset = Keyset::open(&path).context("opening the keyset")?;
    let db = Db::open(config.database_url().expose_secret()).await.context("opening the database")?;
    let counts = crate::db::keys::by_keyset_key(&db).await?;
    db.close().await;
    let mut out = std::io::stdout();
    for id in keyset.ids() {
        let count = counts.iter().find(|(under, _)| *under == id).map_or(0, |(_, count)| *count);
        let primary = if id == keyset.primary() { ", primary" } else { "" };
        writeln!(out, "key {id}{primary}: {count} keys sealed")?;
    }
    let lost: Vec<_> = counts.iter().filter(|(under, _)| !keyset.ids().contains(under)).collect();
    for (id, count) in &lost {
        writeln!(out, "key {id} is MISSING: {count} keys cannot be opened; restore the keyset from its backup")?;
    }
    Ok(if lost.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// `greenroom keys rotate`: a new primary key, and every row sealed anew under it. Safe while the house serves.
///
/// # Errors
/// When the keyset cannot be written, or a row cannot be opened; running it again goes on where it stopped.
pub async fn keys_rotate(config: Config) -> anyhow::Result<ExitCode> {
    let path = keyset_path_in(&config, &config.data_dir);
    let mut keyset = Keyset::open(&path).context("opening the keyset")?;
    let db = Db::open(config.database_url().expose_secret()).await.context("opening the database")?;
    let counts = crate::db::keys::by_keyset_key(&db).await?;
    // A rotation that was cut off goes on; a finished one begins anew.
    let is_unfinished = keyset.ids().len() > 1 && counts.iter().any(|(under, _)| *under != keyset.primary());
    if !is_unfinished {
        // Keys that nothing is sealed under have served.
        for id in keyset.ids() {
            if id != keyset.primary() && !counts.iter().any(|(under, _)| *under == id) {
                keyset.remove(id)?;
            }
        }
        keyset.add_primary()?;
        keyset.save(&path)?;
        crash::point("keyset saved");
    }
    let vault = Vault::open(&path)?;
    let swept = keyring::sweep(&db, &vault).await.context("sealing the rows anew")?
        + strongbox::sweep(&db, &vault).await.context("sealing the house's own secrets anew")?;
    crash::point("rows swept");
    upkeep::note(
        &db,
        Done::of_house(Deed::KeysRotated, SystemClock::default().now()).about(keyset.primary().to_string()),
    )
    .await?;
    db.close().await;
    writeln!(
        std::io::stdout(),
        "{swept} keys are sealed under key {}. The key before it stays in the keyset until the next rotation; \
         back the keyset up now, apart from the database.",
        keyset.primary()
    )?;
    Ok(ExitCode::SUCCESS)
}

fn keyset_path(config: &Config, data: &DataDir) -> PathBuf {
    keyset_path_in(config, data.path())
}

fn keyset_path_in(config: &Config, data: &Path) -> PathBuf {
    config.keyset.clone().unwrap_or_else(|| data.join(KEYSET_FILE))
}

/// `greenroom eval memory`: measures the memory search.
///
/// # Errors
/// When the data set cannot be read, an option names nothing, or the model does not answer.
pub async fn eval_memory(config: Config, options: EvalMemoryOptions) -> anyhow::Result<ExitCode> {
    let embedder = crate::recall::open_embedder(&config.embeddings).await.context("opening the embedder")?;
    let reader = match options.answers {
        true => Some(crate::model::open(&config.llm, &config.cache_dir(), &|_| {}).await.context("opening the model")?),
        false => None,
    };
    let options = eval::Options {
        dataset: options.dataset,
        corrections: options.corrections,
        conversations: options.conversations,
        ks: options.k,
        method: options.method,
        without: options.without,
        budget: options.budget,
        json: options.json,
    };
    eval::run(embedder, &options, reader).await?;
    Ok(ExitCode::SUCCESS)
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
