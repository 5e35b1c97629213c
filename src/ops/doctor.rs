//! `greenroom doctor`: looks at every part of the house and says what to do about what is wrong.
//!
//! Each part is looked at by itself, so that one that cannot even be opened does not hide the others.
//! Nothing is repaired here.

use std::fmt::Display;
use std::future::Future;
use std::io::{self, Write};
use std::path::Path;
use std::time::Duration;

use secrecy::ExposeSecret;

use super::datadir;
use super::scrub::Scrubber;
use crate::config::{self, Config};
use crate::db::{Db, Error};
use crate::domain::{Clock, Moment};
use crate::model::LlmProvider;
use crate::recall::{Embedder, Side, VectorStore};

/// Free space below which the next weeks are in danger.
const SPACE_LOW: u64 = 1 << 30;
/// Free space below which the database may fail at any moment.
const SPACE_OUT: u64 = 50 << 20;
/// Chunks above which an exact scan stops being a good idea.
const CHUNKS_MANY: u64 = 100_000;
/// How long a store or embedder may take to answer.
const PART_TIMEOUT: Duration = Duration::from_secs(5);
/// How long a model may take to answer.
const MODEL_TIMEOUT: Duration = Duration::from_secs(15);
/// No clock that is right shows a time before this: 1 November 2026.
const BUILT_AFTER: Moment = Moment(1_793_491_200_000);
/// How far the newest row may lie in the future before the clock is called wrong.
const CLOCK_SLACK_MILLIS: i64 = 5 * 60 * 1000;
/// How far a vector's length may be from 1.
const UNIT_SLACK: f32 = 0.01;

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Health {
    Ok,
    /// Works, but somebody should look at it.
    Warn,
    /// Does not work.
    Bad,
}

/// What was found in one part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    pub name: &'static str,
    pub health: Health,
    pub found: String,
    /// The next step; `None` when all is well.
    pub what_to_do: Option<String>,
}

impl Check {
    /// All is well.
    pub fn ok(name: &'static str, found: impl Display) -> Self {
        Self { name, health: Health::Ok, found: found.to_string(), what_to_do: None }
    }

    /// Works, but `what_to_do` should be done.
    pub fn warn(name: &'static str, found: impl Display, what_to_do: impl Display) -> Self {
        Self { name, health: Health::Warn, found: found.to_string(), what_to_do: Some(what_to_do.to_string()) }
    }

    /// Does not work until `what_to_do` is done.
    pub fn bad(name: &'static str, found: impl Display, what_to_do: impl Display) -> Self {
        Self { name, health: Health::Bad, found: found.to_string(), what_to_do: Some(what_to_do.to_string()) }
    }
}

/// Everything that needs no part of the house to be built: settings, data directory, database, clock.
pub async fn house(config: &Config, clock: &dyn Clock) -> Vec<Check> {
    let mut checks = settings(config);
    checks.extend(data_dir(&config.data_dir));
    let (database, last_change) = database(config).await;
    checks.push(database);
    checks.push(self::clock(clock.now(), last_change));
    checks
}

/// What can be said of the settings beyond that each can be read.
pub fn settings(config: &Config) -> Vec<Check> {
    const NAME: &str = "settings";
    let mut checks = Vec::new();
    for (name, nearest) in &config.suspects {
        checks.push(Check::warn(NAME, format!("{name} is set, but is no setting"), format!("did you mean {nearest}?")));
    }
    let urls = [
        ("LLM_BASE_URL", &config.llm.base_url, config.llm.api_key.is_some()),
        ("EMBEDDINGS_BASE_URL", &config.embeddings.base_url, config.embeddings.api_key.is_some()),
        ("QDRANT_URL", &config.qdrant_url, config.qdrant_api_key.is_some()),
    ];
    for (name, url, has_key) in urls {
        if let Some(url) = url
            && has_key
            && url.starts_with("http://")
            && !config::is_loopback(url)
        {
            checks.push(Check::warn(
                NAME,
                format!("{name} is not encrypted: the key travels in the open"),
                "use https://",
            ));
        }
    }
    let paths = [
        ("GREENROOM_LOCAL_MODEL", &config.llm.local_model, "file"),
        ("GREENROOM_EMBEDDER_DIR", &config.embeddings.embedder_dir, "folder"),
        ("GREENROOM_PERSONALITIES_DIR", &config.personalities_dir, "folder"),
    ];
    for (name, path, kind) in paths {
        let Some(path) = path else { continue };
        let is_there = if kind == "file" { path.is_file() } else { path.is_dir() };
        if !is_there {
            checks.push(Check::bad(
                NAME,
                format!("{name}: there is no {kind} {}", path.display()),
                format!("correct or remove {name}"),
            ));
        }
    }
    if checks.is_empty() {
        checks.push(Check::ok(NAME, "every setting can be used"));
    }
    checks
}

/// The data directory: there, ours, not full.
pub fn data_dir(path: &Path) -> Vec<Check> {
    const NAME: &str = "data directory";
    if !path.exists() {
        return vec![Check::ok(NAME, format!("{} will be made at the first start", path.display()))];
    }
    let advice = "give this user access to it, or set GREENROOM_DATA_DIR to another directory";
    if !path.is_dir() {
        return vec![Check::bad(NAME, format!("{} is not a directory", path.display()), advice)];
    }
    let wanted = rustix::fs::Access::READ_OK | rustix::fs::Access::WRITE_OK | rustix::fs::Access::EXEC_OK;
    if let Err(error) = rustix::fs::access(path, wanted) {
        return vec![Check::bad(NAME, format!("{} cannot be used: {error}", path.display()), advice)];
    }
    let mut checks = Vec::new();
    #[cfg(unix)]
    if let Ok(metadata) = path.metadata() {
        use std::os::unix::fs::PermissionsExt;
        let mode = metadata.permissions().mode() & 0o777;
        if mode & 0o077 != 0 {
            let found = format!("{} is open to other users (mode {mode:03o})", path.display());
            checks.push(Check::warn(NAME, found, format!("chmod 700 {}", path.display())));
        }
    }
    match rustix::fs::statvfs(path) {
        Ok(space) => checks.extend(free_space(space.f_bavail.saturating_mul(space.f_frsize))),
        Err(error) => {
            checks.push(Check::warn(NAME, format!("free space cannot be read: {error}"), "check it yourself"))
        }
    }
    match datadir::is_in_use(path) {
        Ok(in_use) if checks.is_empty() => {
            let state = if in_use { "in use by a running greenroom" } else { "free" };
            checks.push(Check::ok(NAME, format!("{} can be written; {state}", path.display())));
        }
        Ok(_) => {}
        Err(error) => checks.push(Check::bad(NAME, format!("its lock file cannot be opened: {error}"), advice)),
    }
    checks
}

/// A complaint when space is short.
fn free_space(bytes: u64) -> Option<Check> {
    const NAME: &str = "free space";
    let found = format!("{} MB left for the data directory", bytes >> 20);
    if bytes < SPACE_OUT {
        Some(Check::bad(NAME, found, "free disk space before the database fails"))
    } else {
        (bytes < SPACE_LOW).then(|| Check::warn(NAME, found, "free some disk space"))
    }
}

/// The database: opens, is sound, has this build's schema. Also returns when a turn last changed.
pub async fn database(config: &Config) -> (Check, Option<Moment>) {
    const NAME: &str = "database";
    let url = config.database_url();
    let engine = if crate::db::sqlite_path(url.expose_secret()).is_some() { "SQLite" } else { "PostgreSQL" };
    match Db::examine(url.expose_secret()).await {
        Ok(found) => (examined(engine, &found), found.last_change),
        Err(error) => {
            let scrubber = Scrubber::new(config.secrets());
            let what_to_do = match error {
                Error::Corrupt => "restore a backup; the damaged file was not touched",
                Error::Busy => "wait for the other program, or stop it",
                _ => "check DATABASE_URL, and that the database runs and lets this user in",
            };
            (Check::bad(NAME, scrubber.scrub(&error.to_string()), what_to_do), None)
        }
    }
}

fn examined(engine: &str, found: &crate::db::Examination) -> Check {
    const NAME: &str = "database";
    let wanted = found.wanted;
    match (found.schema, &found.damage) {
        (_, Some(damage)) => Check::bad(NAME, format!("damaged: {damage}"), "restore a backup; nothing was touched"),
        (None, None) => Check::ok(NAME, format!("{engine}: will be made at the first start")),
        (Some(schema), None) if schema < wanted => Check::warn(
            NAME,
            format!("{engine}: schema {schema}, this build has {wanted}"),
            "run `greenroom migrate` (after a backup)",
        ),
        (Some(schema), None) if schema > wanted => Check::bad(
            NAME,
            format!("{engine}: schema {schema} was made by a newer Greenroom; this build has {wanted}"),
            "install that version, or restore an older backup",
        ),
        (Some(schema), None) => Check::ok(NAME, format!("{engine}: sound, schema {schema} is current")),
    }
}

/// The clock: not in the past, neither absolutely nor before what the database holds.
pub fn clock(now: Moment, last_change: Option<Moment>) -> Check {
    const NAME: &str = "clock";
    const WHAT_TO_DO: &str = "set the system's clock (time synchronisation)";
    let ahead = last_change.map_or(0, |last| last.0.saturating_sub(now.0));
    if now < BUILT_AFTER {
        Check::bad(NAME, "shows a time before this program was written", WHAT_TO_DO)
    } else if ahead > CLOCK_SLACK_MILLIS {
        Check::bad(NAME, format!("is {} s behind the newest row of the database", ahead / 1000), WHAT_TO_DO)
    } else {
        Check::ok(NAME, "plausible")
    }
}

/// The vector store; `Err`: why it could not be built. `advises_qdrant` where it scans exactly.
pub async fn store(store: Result<&dyn VectorStore, String>, advises_qdrant: bool) -> Check {
    const NAME: &str = "memory store";
    const WHAT_TO_DO: &str =
        "check QDRANT_URL and QDRANT_API_KEY and that Qdrant runs, or unset them for the embedded store";
    let store = match store {
        Ok(store) => store,
        Err(why) => return Check::bad(NAME, why, WHAT_TO_DO),
    };
    let counted = within(PART_TIMEOUT, async {
        store.check().await?;
        store.count(None).await
    });
    match counted.await {
        Ok(chunks) if chunks > CHUNKS_MANY && advises_qdrant => Check::warn(
            NAME,
            format!("{}: {chunks} chunks", store.name()),
            "above 100,000 a Qdrant server is faster: set QDRANT_URL, then run `greenroom reindex`",
        ),
        Ok(chunks) => Check::ok(NAME, format!("{}: answers, {chunks} chunks", store.name())),
        Err(why) => Check::bad(NAME, format!("{}: {why}", store.name()), WHAT_TO_DO),
    }
}

/// The embedder: answers with unit vectors of its space, and the store's vectors are of that space.
pub async fn embedder(embedder: Result<&dyn Embedder, String>, store: Option<&dyn VectorStore>) -> Check {
    const NAME: &str = "embedder";
    const WHAT_TO_DO: &str = "check EMBEDDINGS_BASE_URL, EMBEDDINGS_MODEL and GREENROOM_EMBEDDER_DIR";
    let embedder = match embedder {
        Ok(embedder) => embedder,
        Err(why) => return Check::bad(NAME, why, WHAT_TO_DO),
    };
    let space = embedder.space();
    let vectors = match within(PART_TIMEOUT, embedder.embed(Side::Query, &["a house with many rooms"])).await {
        Ok(vectors) => vectors,
        Err(why) => return Check::bad(NAME, format!("{}: {why}", space.model), WHAT_TO_DO),
    };
    let length = |vector: &[f32]| vector.iter().map(|x| x * x).sum::<f32>().sqrt();
    match vectors.as_slice() {
        [vector] if vector.len() == space.dimension && (length(vector) - 1.0).abs() < UNIT_SLACK => {}
        _ => {
            return Check::bad(
                NAME,
                format!("{}: gives no unit vectors of {} dimensions", space.model, space.dimension),
                WHAT_TO_DO,
            );
        }
    }
    if let Some(store) = store
        && let Err(why) = within(PART_TIMEOUT, store.open(space)).await
    {
        return Check::bad(NAME, why, "run `greenroom reindex`, or go back to the former embedder");
    }
    Check::ok(NAME, format!("{}, {} dimensions", space.model, space.dimension))
}

/// The model that answers; `Err`: why it could not be built.
pub async fn model(model: Result<&dyn LlmProvider, String>) -> Check {
    const NAME: &str = "model";
    const WHAT_TO_DO: &str = "check LLM_BASE_URL, LLM_API_KEY and LLM_MODEL";
    let model = match model {
        Ok(model) => model,
        Err(why) => return Check::bad(NAME, why, WHAT_TO_DO),
    };
    let info = model.info("");
    let found = format!("{} at {}", info.model, info.provider);
    match within(MODEL_TIMEOUT, model.check()).await {
        Ok(()) if info.tiny => Check::warn(
            NAME,
            format!("{found}: works, but is too small to be clever"),
            "for a better one set LLM_BASE_URL, or start Ollama",
        ),
        Ok(()) => Check::ok(NAME, found),
        Err(why) => Check::bad(NAME, format!("{found}: {why}"), WHAT_TO_DO),
    }
}

/// The result in time, its error in words.
async fn within<T, E: Display>(limit: Duration, work: impl Future<Output = Result<T, E>>) -> Result<T, String> {
    match tokio::time::timeout(limit, work).await {
        Ok(result) => result.map_err(|error| error.to_string()),
        Err(_) => Err(format!("no answer within {} s", limit.as_secs())),
    }
}

/// Whether anything does not work: exit code 1.
pub fn is_bad(checks: &[Check]) -> bool {
    checks.iter().any(|check| check.health == Health::Bad)
}

/// Writes the findings, one a line, with the next step below where there is one.
///
/// # Errors
/// As writing does.
pub fn print(checks: &[Check], out: &mut impl Write) -> io::Result<()> {
    let width = checks.iter().map(|check| check.name.len()).max().unwrap_or(0);
    for check in checks {
        let mark = match check.health {
            Health::Ok => '✓',
            Health::Warn => '!',
            Health::Bad => '✗',
        };
        writeln!(out, "{mark} {:width$}  {}", check.name, check.found)?;
        if let Some(step) = &check.what_to_do {
            writeln!(out, "  {:width$}  → {step}", "")?;
        }
    }
    let bad = checks.iter().filter(|check| check.health == Health::Bad).count();
    let warn = checks.iter().filter(|check| check.health == Health::Warn).count();
    match (bad, warn) {
        (0, 0) => writeln!(out, "\nAll is well."),
        (0, _) => writeln!(out, "\nEverything works; {warn} to look at."),
        _ => writeln!(out, "\n{bad} wrong, {warn} to look at."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::db::Examination;

    fn config(vars: &[(&str, &str)]) -> Config {
        Config::from_env(vars.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))).unwrap()
    }

    #[test]
    fn the_page_is_aligned_and_names_the_next_step() {
        let checks = [
            Check::ok("clock", "plausible"),
            Check::warn("data directory", "open to others", "chmod 700 data"),
            Check::bad("model", "gone", "start it"),
        ];
        let mut page = Vec::new();
        print(&checks, &mut page).unwrap();
        insta::assert_snapshot!(String::from_utf8(page).unwrap(), @r"
        ✓ clock           plausible
        ! data directory  open to others
                          → chmod 700 data
        ✗ model           gone
                          → start it

        1 wrong, 1 to look at.
        ");
        assert!(is_bad(&checks) && !is_bad(&checks[..2]));
    }

    #[test]
    fn a_key_in_the_open_a_missing_folder_and_a_near_name_are_noticed() {
        let config = config(&[
            ("LLM_BASE_URL", "http://192.0.2.1/v1"),
            ("LLM_API_KEY", "sk-0123456789"),
            ("GREENROOM_EMBEDDER_DIR", "/nonexistent/embedder"),
            ("LLM_BASEURL", "x"),
        ]);
        let found: Vec<_> = settings(&config).into_iter().map(|check| (check.health, check.found)).collect();
        assert_eq!(found.len(), 3, "{found:?}");
        assert!(found[0].1.contains("LLM_BASEURL"));
        assert!(found[1].1.contains("in the open") && found[2].0 == Health::Bad);
        assert!(!format!("{found:?}").contains("0123456789"));
    }

    #[test]
    fn a_clock_that_went_back_is_wrong() {
        let now = Moment(BUILT_AFTER.0 + 1_000_000_000);
        assert_eq!(clock(now, None).health, Health::Ok);
        assert_eq!(clock(now, Some(now.plus_millis(1_000))).health, Health::Ok);
        assert_eq!(clock(now, Some(now.plus_millis(CLOCK_SLACK_MILLIS + 1))).health, Health::Bad);
        assert_eq!(clock(Moment(0), None).health, Health::Bad);
    }

    #[test]
    fn space_is_judged_by_what_is_left() {
        assert_eq!(free_space(SPACE_OUT - 1).map(|check| check.health), Some(Health::Bad));
        assert_eq!(free_space(SPACE_LOW - 1).map(|check| check.health), Some(Health::Warn));
        assert_eq!(free_space(SPACE_LOW), None);
    }

    #[test]
    fn each_state_of_the_schema_has_its_advice() {
        let check = |schema, damage: Option<&str>| {
            let damage = damage.map(str::to_owned);
            examined("SQLite", &Examination { schema, wanted: 3, damage, last_change: None })
        };
        assert_eq!(check(None, None).health, Health::Ok);
        assert_eq!(check(Some(3), None).health, Health::Ok);
        assert!(check(Some(2), None).what_to_do.unwrap().contains("migrate"));
        assert_eq!(check(Some(4), None).health, Health::Bad);
        assert_eq!(check(Some(3), Some("page 7")).health, Health::Bad);
    }

    #[tokio::test]
    async fn a_database_out_of_reach_is_reported_without_its_password() {
        let config = config(&[("DATABASE_URL", "postgres://me:hunter22@127.0.0.1:1/house")]);
        let (check, _) = database(&config).await;
        assert_eq!(check.health, Health::Bad);
        assert!(!format!("{check:?}").contains("hunter22"), "{check:?}");
    }

    #[tokio::test]
    async fn parts_that_cannot_be_built_are_reported_like_any_other() {
        for check in [
            store(Err("no store".into()), true).await,
            embedder(Err("no embedder".into()), None).await,
            model(Err("no model".into())).await,
        ] {
            assert_eq!(check.health, Health::Bad);
            assert!(check.found.starts_with("no ") && check.what_to_do.is_some());
        }
    }
}
