//! What is done to a house from outside: backing it up and taking a backup back.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use reqwest::Url;
use secrecy::ExposeSecret as _;

use super::{AVATARS, keyset_path_in};
use crate::cli::{BAD_USAGE, RestoreOptions};
use crate::config::Config;
use crate::crash;
use crate::db::audit::{self, Flaw};
use crate::db::{self, Db, sqlite_path, upkeep};
use crate::domain::{Clock as _, Deed, Done, Moment, Refusal, SystemClock};
use crate::keyring::{self, KeyringError};
use crate::ops::CannotStart;
use crate::ops::backup::{self, BackupError, Source};
use crate::ops::datadir::DataDir;
use crate::ops::restore::{self, Target, Unpacked};
use crate::ops::telemetry::{self, Sink};
use crate::strongbox::{self, StrongboxError};
use crate::texts::{Arg, Texts};
use crate::turn::prompt::written;
use crate::vault::{Keyset, Vault};

/// Facts that say how far front ends have listened, by how they begin. A copy of a house listens anew: what was said
/// meanwhile was answered by the one it was copied from.
const HEARD: [&str; 4] = ["discord.", "matrix.token ", "matrix.late", "fake.cursor"];

/// What a PostgreSQL address may say to PostgreSQL's own tools; the rest is the driver's.
const LIBPQ: [&str; 8] = ["host", "port", "user", "dbname", "sslmode", "sslrootcert", "sslcert", "sslkey"];

/// The words of the command line.
struct Voice<'a> {
    texts: Texts,
    locale: &'a str,
}

impl<'a> Voice<'a> {
    fn of(config: &'a Config) -> anyhow::Result<Self> {
        Ok(Self { texts: Texts::load(&config.locale)?, locale: &config.locale })
    }

    fn say(&self, id: &str, args: &[(&str, Arg)]) -> String {
        self.texts.say(self.locale, id, args)
    }

    fn refuse(&self, refusal: &Refusal) -> String {
        let args: Vec<(&str, Arg)> =
            refusal.args.iter().map(|(name, value)| (*name, Arg::from(value.as_str()))).collect();
        self.say(refusal.id, &args)
    }

    /// What ended a backup or a restore, in words.
    fn error(&self, error: BackupError) -> anyhow::Error {
        match error.refusal() {
            Some(refusal) if error.is_usage() => CannotStart(self.refuse(&refusal)).into(),
            Some(refusal) => anyhow::anyhow!(self.refuse(&refusal)),
            None => error.into(),
        }
    }
}

/// `greenroom backup FILE`: one file with everything the house keeps but its keyset. Migrates nothing.
///
/// # Errors
/// One sentence on what could not be read or written; on PostgreSQL, what to run instead.
pub async fn backup(config: Config, file: &Path) -> anyhow::Result<ExitCode> {
    telemetry::start(&config, Sink::Stderr)?;
    let voice = Voice::of(&config)?;
    let url = config.database_url();
    let pictures = config.data_dir.join(AVATARS);
    let Some(database) = sqlite_path(url.expose_secret()) else {
        let line =
            format!("pg_dump --format=custom --no-owner --file={} {}", quoted(file), spoken(url.expose_secret()));
        let args = [("line", line.into()), ("pictures", pictures.display().to_string().into())];
        return instead(&voice.say("console-backup-postgres", &args));
    };
    let found = Db::examine(url.expose_secret()).await.context("looking at the database")?;
    let Some(schema) = found.schema else {
        let refusal = Refusal::new("refusal-backup-no-house").arg("path", database.display().to_string());
        return Err(CannotStart(voice.refuse(&refusal)).into());
    };
    if found.damage.is_some() {
        return Err(db::Error::Corrupt.into());
    }
    if schema > found.wanted {
        return Err(db::Error::Newer(schema).into());
    }
    let keyset = keyset_path_in(&config, &config.data_dir);
    let ids = if keyset.exists() { Keyset::open(&keyset).context("opening the keyset")?.ids() } else { Vec::new() };
    if schema == found.wanted {
        // First, so that the backup has it as well. An older house has no log yet, and is not changed.
        let db = Db::open(url.expose_secret()).await.context("opening the database")?;
        note(&db, Done::of_house(Deed::BackedUp, SystemClock::default().now())).await?;
        db.close().await;
    }
    let source = Source { database, pictures, schema, keyset: ids };
    backup::make(&source, file, SystemClock::default().now()).await.map_err(|error| voice.error(error))?;
    let args = [("path", file.display().to_string().into()), ("keyset", keyset.display().to_string().into())];
    writeln!(std::io::stdout(), "{}", voice.say("console-backup-made", &args))?;
    Ok(ExitCode::SUCCESS)
}

/// `greenroom restore FILE`: a backup, taken back into an empty data directory and made fit to go on.
///
/// # Errors
/// One sentence on what is wrong with the file, the directory or the keyset, and nothing is written then; on PostgreSQL,
/// what to run instead.
pub async fn restore(config: Config, options: RestoreOptions) -> anyhow::Result<ExitCode> {
    telemetry::start(&config, Sink::Stderr)?;
    let voice = Voice::of(&config)?;
    let url = config.database_url();
    let Some(file) = options.file else {
        let _data = DataDir::take(&config.data_dir)?;
        let db = Db::open(url.expose_secret()).await.context("opening the database")?;
        let ended = settle(&config, &voice, &db, options.without_keys).await;
        db.close().await;
        return done(&config, &voice, ended?);
    };
    let Some(database) = sqlite_path(url.expose_secret()) else {
        return postgres(&config, &voice, &file);
    };
    let manifest = restore::examine(&file).map_err(|error| voice.error(error))?;
    if manifest.schema > Db::newest_schema(url.expose_secret()) {
        return Err(voice.error(BackupError::Newer(file, manifest.program)));
    }
    let data = DataDir::take_to_restore(&config.data_dir)?;
    let target =
        Target { database, pictures: data.path().join(AVATARS), keyset: keyset_path_in(&config, &config.data_dir) };
    let unpacked = Unpacked::of(&file, data, target).map_err(|error| voice.error(error))?;
    let settled = async {
        let db =
            Db::open(&format!("sqlite://{}", unpacked.database().display())).await.context("opening the backup")?;
        let settled = settle(&config, &voice, &db, options.without_keys).await;
        db.close().await;
        settled
    };
    let ended = match settled.await {
        Ok(ended) => ended,
        Err(error) => {
            unpacked.undo();
            return Err(error);
        }
    };
    crash::point("house settled");
    unpacked.put_in_place().map_err(|error| voice.error(error))?;
    done(&config, &voice, ended)
}

/// Says what to run where the database is PostgreSQL's.
fn postgres(config: &Config, voice: &Voice<'_>, file: &Path) -> anyhow::Result<ExitCode> {
    // A house that moves from one engine to the other is more than a restore.
    if restore::examine(file).is_ok() {
        return Err(CannotStart(voice.refuse(&Refusal::new("refusal-restore-engine"))).into());
    }
    let url = config.database_url();
    let line = format!(
        "pg_restore --no-owner --exit-on-error --single-transaction --dbname={} {}",
        spoken(url.expose_secret()),
        quoted(file)
    );
    instead(&voice.say("console-restore-postgres", &[("line", line.into())]))
}

/// Says what to run instead: lines that can be copied.
fn instead(text: &str) -> anyhow::Result<ExitCode> {
    writeln!(std::io::stdout(), "{text}")?;
    Ok(ExitCode::from(BAD_USAGE))
}

/// Makes a copied house fit to go on; returns how many turns were under way in it.
async fn settle(config: &Config, voice: &Voice<'_>, db: &Db, without_keys: bool) -> anyhow::Result<u64> {
    if !without_keys && upkeep::sealed(db).await? > 0 {
        opens(&keyset_path_in(config, &config.data_dir), voice, db).await?;
    }
    let now = SystemClock::default().now();
    let writing = db.write(move |tx| {
        Box::pin(async move {
            if without_keys {
                upkeep::drop_sealed(tx).await?;
                audit::record(tx, &Done::of_house(Deed::SealedDropped, now)).await?;
            }
            let ended = upkeep::settle(tx, &HEARD, now).await?;
            audit::record(tx, &Done::of_house(Deed::Restored, now)).await?;
            Ok(ended)
        })
    });
    Ok(writing.await?)
}

/// Writes down a deed that changes no row.
pub(super) async fn note(db: &Db, done: Done) -> Result<(), db::Error> {
    db.write(move |tx| Box::pin(async move { audit::record(tx, &done).await })).await
}

/// `greenroom audit list`: the newest deeds.
///
/// # Errors
/// When the database cannot be read.
pub async fn audit_list(config: Config, limit: u32, json: bool) -> anyhow::Result<ExitCode> {
    let db = opened(&config).await?;
    let rows = audit::newest(&db, i64::from(limit)).await?;
    db.close().await;
    let mut out = std::io::stdout();
    for row in rows {
        if json {
            writeln!(out, "{}", serde_json::to_string(&row)?)?;
        } else {
            let at = written(Moment(row.at), &config.time_zone, "%Y-%m-%d %H:%M:%S");
            let [by, to, thing, detail] = [row.by, row.to, row.thing, row.detail].map(Option::unwrap_or_default);
            let by = if by.is_empty() { "house".to_owned() } else { by };
            let more: Vec<String> = [("to", to), ("on", thing), ("as", detail)]
                .into_iter()
                .filter(|(_, value)| !value.is_empty())
                .map(|(name, value)| format!("{name}={value}"))
                .collect();
            writeln!(out, "{} {at} {} by={by} {}", row.n, row.deed, more.join(" "))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// `greenroom audit verify`: whether the log is as it was written.
///
/// # Errors
/// When the database cannot be read.
pub async fn audit_verify(config: Config, noted: Option<(i64, String)>) -> anyhow::Result<ExitCode> {
    let voice = Voice::of(&config)?;
    let db = opened(&config).await?;
    let found = audit::verify(&db, noted.as_ref().map(|(n, hash)| (*n, hash.as_str()))).await?;
    db.close().await;
    let (id, n, code) = match &found {
        Ok((n, _)) => ("console-audit-whole", *n, ExitCode::SUCCESS),
        Err(Flaw::Changed(n)) => ("console-audit-changed", *n, ExitCode::FAILURE),
        Err(Flaw::Missing(n)) => ("console-audit-missing", *n, ExitCode::FAILURE),
        Err(Flaw::Cut(n)) => ("console-audit-cut", *n, ExitCode::FAILURE),
        Err(Flaw::Noted(n)) => ("console-audit-noted", *n, ExitCode::FAILURE),
    };
    let mut out = std::io::stdout();
    writeln!(out, "{}", voice.say(id, &[("n", n.to_string().into())]))?;
    if let Ok((n, hash)) = &found
        && *n > 0
    {
        writeln!(out, "{n}:{hash}")?;
    }
    Ok(code)
}

/// The database as it is: no command that only looks brings a schema up to date.
async fn opened(config: &Config) -> anyhow::Result<Db> {
    let url = config.database_url();
    let found = Db::examine(url.expose_secret()).await.context("looking at the database")?;
    match found.schema {
        Some(schema) if schema >= found.wanted => {
            Ok(Db::open(url.expose_secret()).await.context("opening the database")?)
        }
        Some(_) => {
            Err(CannotStart("the database is older than this version: run `greenroom migrate` first".into()).into())
        }
        None => {
            Err(CannotStart("there is no database yet: GREENROOM_DATA_DIR or DATABASE_URL names another".into()).into())
        }
    }
}

/// Sees that the keyset at `path` opens everything that is sealed.
async fn opens(path: &Path, voice: &Voice<'_>, db: &Db) -> anyhow::Result<()> {
    let refuse = |id| {
        let refusal = Refusal::new(id).arg("path", path.display().to_string());
        anyhow::Error::from(CannotStart(voice.refuse(&refusal)))
    };
    if !path.exists() {
        return Err(refuse("refusal-restore-no-keyset"));
    }
    let vault = Vault::open(path).context("opening the keyset")?;
    match keyring::opens_all(db, &vault).await {
        Err(KeyringError::Vault(_)) => return Err(refuse("refusal-restore-wrong-keyset")),
        opened => opened?,
    }
    match strongbox::opens_all(db, &vault).await {
        Err(StrongboxError::Vault(_)) => Err(refuse("refusal-restore-wrong-keyset")),
        opened => Ok(opened?),
    }
}

fn done(config: &Config, voice: &Voice<'_>, ended: u64) -> anyhow::Result<ExitCode> {
    let mut out = std::io::stdout();
    let ended = i64::try_from(ended).unwrap_or(i64::MAX);
    writeln!(out, "{}", voice.say("console-restored", &[("count", Arg::from(ended))]))?;
    if config.qdrant_url.is_some() {
        writeln!(out, "{}", voice.say("console-restored-reindex", &[]))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// A file's name as a shell takes it.
fn quoted(path: &Path) -> String {
    shell_word(&std::path::absolute(path).unwrap_or_else(|_| PathBuf::from(path)).to_string_lossy())
}

/// The address of a PostgreSQL database as a shell takes it, without the password, which `pg_dump` asks for or finds in
/// `~/.pgpass`.
fn spoken(url: &str) -> String {
    let Ok(mut url) = Url::parse(url) else { return "\"$DATABASE_URL\"".to_owned() };
    // Only addresses without a host refuse that, and those have no password.
    let _ = url.set_password(None);
    let kept: Vec<(String, String)> = url
        .query_pairs()
        .filter(|(name, _)| LIBPQ.contains(&name.as_ref()))
        .map(|(a, b)| (a.into(), b.into()))
        .collect();
    url.set_query(None);
    if !kept.is_empty() {
        url.query_pairs_mut().extend_pairs(kept);
    }
    shell_word(url.as_str())
}

fn shell_word(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_password_and_no_drivers_option_is_in_what_is_to_be_run() {
        let url = "postgres://kim:secret@db.example.org:5433/house?sslmode=require&statement-cache-capacity=9";
        assert_eq!(spoken(url), "'postgres://kim@db.example.org:5433/house?sslmode=require'");
        assert_eq!(spoken("postgres://localhost/house"), "'postgres://localhost/house'");
        assert_eq!(quoted(Path::new("/a b/it's")), r"'/a b/it'\''s'");
    }
}
