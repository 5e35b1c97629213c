//! Every setting, once: [`settings`] declares name, default and meaning; [`Config`] is what the house reads.
//!
//! `greenroom config example` prints the declarations as `.env.example`. Nothing here asks the environment itself:
//! `main` hands the variables in. Secrets are never shown, neither by `Debug` nor in an error.

pub mod settings;
mod values;

use std::io;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use reqwest::Url;
use secrecy::{ExposeSecret, SecretString};

use crate::domain::slug_of;
use values::Values;
pub use values::{Problem, SettingsError};

/// File of the default database, in the data directory.
pub const DATABASE_FILE: &str = "greenroom.db";
/// Most answers generated at once.
const WORKERS_MAX: usize = 1024;
/// Most characters that one message may call.
const CALLED_MAX: usize = 10;
/// Largest rate that can be set; more is no bound.
const RATE_MAX: u32 = 1_000_000;
/// Longest time that something can be kept before it goes: a hundred years.
const DAYS_MAX: u32 = 36_500;
/// Longest wait before talk is summed up, in hours.
const HOURS_MAX: u32 = 24 * 365;
/// Longest of all waits that can be set.
const WAIT_MAX_SECS: u64 = 3_600;
/// Smallest window of a model that a personality and a message fit into, in tokens.
const CONTEXT_MIN: u32 = 512;
/// Largest window of a model that can be set, in tokens.
const CONTEXT_MAX: u32 = 10_000_000;
/// Longest answer that can be kept, in characters.
const ANSWER_MAX_CHARS: usize = 1 << 20;
const CACHE_MAX_MB: usize = 1 << 20;

/// What this instance is told to be.
#[derive(Clone, Debug)]
pub struct Config {
    /// `GREENROOM_DATA_DIR`: everything this instance keeps.
    pub data_dir: PathBuf,
    /// `DATABASE_URL`: `sqlite://PATH` or `postgres://…`; default is a file in the data directory.
    pub database_url: Option<SecretString>,
    /// `QDRANT_URL`: gRPC address; unset: the embedded store.
    pub qdrant_url: Option<String>,
    /// `QDRANT_API_KEY`.
    pub qdrant_api_key: Option<SecretString>,
    /// `GREENROOM_MEMORY_CACHE_MB`: MiB of memories that the embedded store keeps in memory.
    pub memory_cache_mb: usize,
    pub llm: LlmConfig,
    pub embeddings: EmbeddingsConfig,
    /// `GREENROOM_OPERATOR_KEY`; [`Config::operator_key`] resolves the default.
    pub operator_key: Option<OperatorKey>,
    pub distil: DistilConfig,
    /// `OWNERS`: identities `platform:subject` of the operators.
    pub owners: Vec<String>,
    /// `GREENROOM_MENTION_CHAR`.
    pub mention_char: char,
    /// `GREENROOM_WORKERS`: turns generated at once.
    pub workers: usize,
    /// `GREENROOM_LOCALE`: fallback locale.
    pub locale: String,
    /// `GREENROOM_TIME_ZONE`: IANA zone for members who chose none.
    pub time_zone: String,
    /// `GREENROOM_CALLED_AT_ONCE`: characters that one message may call.
    pub called_at_once: usize,
    pub fair: FairConfig,
    /// `GREENROOM_KEEP_MESSAGES_DAYS`: 0: for good.
    pub keep_messages_days: u32,
    /// `GREENROOM_KEEP_WORDS_DAYS`: 0: for good.
    pub keep_words_days: u32,
    /// `GREENROOM_FORGET_IDLE_DAYS`: 0: never.
    pub forget_idle_days: u32,
    /// `GREENROOM_PERSONALITIES_DIR`: the operator's own personality files, added to the built-in ones.
    pub personalities_dir: Option<PathBuf>,
    /// `GREENROOM_KEYSET`: file with the keys that seal members' keys.
    pub keyset: Option<PathBuf>,
    pub discord: DiscordConfig,
    pub matrix: MatrixConfig,
    /// `HTTP_ADDR`: health and API.
    pub http_addr: String,
    /// `METRICS_ADDR`: Prometheus.
    pub metrics_addr: String,
    pub traces: TracesConfig,
    /// `GREENROOM_LOG`: tracing filter directives.
    pub log: String,
    /// `GREENROOM_LOG_FORMAT`.
    pub log_format: LogFormat,
    /// `XDG_CACHE_HOME`, else `.cache` in `HOME`: where downloads may be kept.
    pub cache_home: Option<PathBuf>,
    /// `NO_COLOR` is set, or `TERM` is `dumb`: no colours in the terminal.
    pub no_colour: bool,
    /// Variables that are no setting but look like a misspelt one, each with the setting it is like.
    pub suspects: Vec<(String, &'static str)>,
}

/// What is made of what was said.
#[derive(Clone, Debug)]
pub struct DistilConfig {
    /// `GREENROOM_DISTIL`.
    pub is_on: bool,
    /// `LLM_CHORE_MODEL`; unset: the one that answers.
    pub model: Option<String>,
    /// `GREENROOM_SUM_UP_AFTER_HOURS`.
    pub sum_up_after_hours: u32,
}

/// What one member, place, character or key may have at a time.
#[derive(Clone, Copy, Debug)]
pub struct FairConfig {
    /// `GREENROOM_MEMBER_PER_MINUTE`.
    pub member_per_minute: u32,
    /// `GREENROOM_PLACE_PER_MINUTE`.
    pub place_per_minute: u32,
    /// `GREENROOM_PERSONALITY_PER_MINUTE`.
    pub personality_per_minute: u32,
    /// `GREENROOM_KEY_PER_MINUTE`.
    pub key_per_minute: u32,
    /// `GREENROOM_MEMBER_WAITING`.
    pub member_waiting: u32,
    /// `GREENROOM_PLACE_WAITING`.
    pub place_waiting: u32,
}

/// Where traces go.
#[derive(Clone, Debug, Default)]
pub struct TracesConfig {
    /// `OTEL_EXPORTER_OTLP_ENDPOINT`: a collector's address; unset: no traces.
    pub endpoint: Option<String>,
    /// `OTEL_EXPORTER_OTLP_HEADERS`.
    pub headers: Vec<(String, SecretString)>,
}

/// The operator's model.
#[derive(Clone, Debug)]
pub struct LlmConfig {
    /// `LLM_BASE_URL`: OpenAI-compatible, up to and including `/v1`; unset: a local server if found, else the in-process model.
    pub base_url: Option<String>,
    /// `LLM_API_KEY`.
    pub api_key: Option<SecretString>,
    /// `LLM_MODEL`.
    pub model: Option<String>,
    /// `GREENROOM_LOCAL_MODEL`: a GGUF file for the in-process model.
    pub local_model: Option<PathBuf>,
    /// `GREENROOM_PROVIDERS`: further providers that members may bring a key for, name and base URL.
    pub providers: Vec<(String, String)>,
    /// `LLM_CONTEXT_TOKENS`: window of the model where the tables do not know it.
    pub context_tokens: Option<u32>,
    /// `LLM_VISION`: whether the model takes pictures, where its name does not say.
    pub sees: Option<bool>,
    /// `LLM_CONNECT_TIMEOUT_SECS`, default 5.
    pub connect_timeout_secs: u64,
    /// `LLM_FIRST_BYTE_TIMEOUT_SECS`, default 20.
    pub first_byte_timeout_secs: u64,
    /// `LLM_IDLE_TIMEOUT_SECS`: longest gap within an answer, default 30.
    pub idle_timeout_secs: u64,
    /// `LLM_TIMEOUT_SECS`: the whole call, default 180.
    pub timeout_secs: u64,
    /// `LLM_MAX_ANSWER_CHARS`: longest answer kept, default 65,536.
    pub max_answer_chars: usize,
}

impl Default for LlmConfig {
    fn default() -> Self {
        Config::default().llm
    }
}

/// Where embeddings come from.
#[derive(Clone, Debug, Default)]
pub struct EmbeddingsConfig {
    /// `EMBEDDINGS_BASE_URL`; unset: the house embedder.
    pub base_url: Option<String>,
    /// `EMBEDDINGS_API_KEY`.
    pub api_key: Option<SecretString>,
    /// `EMBEDDINGS_MODEL`.
    pub model: Option<String>,
    /// `GREENROOM_EMBEDDER_DIR`: folder of a transformer embedder.
    pub embedder_dir: Option<PathBuf>,
}

/// The bot's account on Discord, and PluralKit's address.
#[derive(Clone, Debug, Default)]
pub struct DiscordConfig {
    /// `DISCORD_TOKEN`; unset: no Discord.
    pub token: Option<SecretString>,
    /// `DISCORD_API_URL`: in place of `https://discord.com`; loopback only.
    pub api_url: Option<String>,
    /// `DISCORD_MESSAGE_CONTENT`: whether the text of all messages is asked for.
    pub reads_messages: bool,
    /// `GREENROOM_PUBLIC_URL`: where others reach the house's pages.
    pub public_url: Option<String>,
    /// `PLURALKIT_API_URL`: in place of PluralKit's own.
    pub pluralkit_api_url: Option<String>,
    /// `PLURAL_API_TOKEN`: for /plu/ral.
    pub plural_api_token: Option<SecretString>,
    /// `DISCORD_PROXIES`: further services with PluralKit's interface: name, application id, address.
    pub proxies: Vec<(String, u64, String)>,
    /// `DISCORD_DEV_GUILD`: the only guild that commands are registered in.
    pub dev_guild: Option<u64>,
}

/// The bot's account on Matrix.
#[derive(Clone, Debug, Default)]
pub struct MatrixConfig {
    /// `MATRIX_HOMESERVER`; unset: no Matrix.
    pub homeserver: Option<String>,
    /// `MATRIX_USER`.
    pub user: Option<String>,
    /// `MATRIX_PASSWORD`.
    pub password: Option<SecretString>,
    /// `MATRIX_ACCESS_TOKEN`, of the device [`Self::device_id`].
    pub access_token: Option<SecretString>,
    /// `MATRIX_DEVICE_ID`.
    pub device_id: Option<String>,
    /// `MATRIX_RECOVERY_KEY`.
    pub recovery_key: Option<SecretString>,
    /// `MATRIX_INVITES`: `anyone`, `owners`, servers and users; empty: the bot's own server, and owners.
    pub invites: Vec<String>,
    /// `MATRIX_LOGINS`: accounts that personalities speak through.
    pub logins: Vec<MatrixLogin>,
    /// `MATRIX_APPSERVICE`: its token, and what the names of its users begin with.
    pub service: Option<(SecretString, String)>,
    /// `MATRIX_STREAMING`.
    pub streaming: MatrixStreaming,
}

/// The account of a personality on Matrix.
#[derive(Clone, Debug)]
pub struct MatrixLogin {
    pub slug: String,
    /// `@abbey:example.org`
    pub user: String,
    pub password: SecretString,
}

/// How long answers are shown on Matrix while they are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MatrixStreaming {
    /// When they are finished.
    Off,
    /// As far as a homeserver with the usual limits allows.
    #[default]
    On,
    /// As where the account has no limits.
    Fast,
}

/// Who may use the operator's model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OperatorKey {
    Everyone,
    Owners,
    Nobody,
}

/// How log lines look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// Text on a terminal, JSON elsewhere.
    Auto,
    Text,
    Json,
}

impl Config {
    /// Reads the settings from environment variables; `NAME_FILE` variants from their files.
    ///
    /// # Errors
    /// Everything that is wrong at once: values that cannot be used, and `GREENROOM_…` variables that do not exist.
    pub fn from_env(vars: impl IntoIterator<Item = (String, String)>) -> Result<Self, SettingsError> {
        Self::from_env_with(vars, &|path| std::fs::read_to_string(path))
    }

    /// [`Config::from_env`] with another way to read the files of secrets.
    ///
    /// # Errors
    /// As [`Config::from_env`].
    pub fn from_env_with(
        vars: impl IntoIterator<Item = (String, String)>,
        read_file: &dyn Fn(&Path) -> io::Result<String>,
    ) -> Result<Self, SettingsError> {
        let values = Values::new(vars, read_file);
        let config = Self::read(&values);
        values.verdict()?;
        Ok(config)
    }

    /// Takes every setting; what is missing or wrong is noted in `values` and replaced by something harmless.
    fn read(values: &Values) -> Self {
        let url = |name| values.parsed(name, |text| web_url(text).map(|_| text.trim_end_matches('/').to_owned()));
        let path = |name| values.text(name).map(PathBuf::from);
        let rate = |name| values.number(name, 1, RATE_MAX).unwrap_or(1);
        let config = Self {
            data_dir: path("GREENROOM_DATA_DIR").unwrap_or_default(),
            database_url: values.parsed("DATABASE_URL", database_url).map(SecretString::from),
            qdrant_url: url("QDRANT_URL"),
            qdrant_api_key: values.secret("QDRANT_API_KEY"),
            memory_cache_mb: values.number("GREENROOM_MEMORY_CACHE_MB", 1, CACHE_MAX_MB).unwrap_or(1),
            llm: LlmConfig {
                base_url: url("LLM_BASE_URL"),
                api_key: values.secret("LLM_API_KEY"),
                model: values.text("LLM_MODEL"),
                local_model: path("GREENROOM_LOCAL_MODEL"),
                providers: values.parsed("GREENROOM_PROVIDERS", providers).unwrap_or_default(),
                context_tokens: values.number("LLM_CONTEXT_TOKENS", CONTEXT_MIN, CONTEXT_MAX),
                sees: values.parsed("LLM_VISION", on_or_off),
                connect_timeout_secs: seconds(values, "LLM_CONNECT_TIMEOUT_SECS"),
                first_byte_timeout_secs: seconds(values, "LLM_FIRST_BYTE_TIMEOUT_SECS"),
                idle_timeout_secs: seconds(values, "LLM_IDLE_TIMEOUT_SECS"),
                timeout_secs: seconds(values, "LLM_TIMEOUT_SECS"),
                max_answer_chars: values.number("LLM_MAX_ANSWER_CHARS", 1, ANSWER_MAX_CHARS).unwrap_or(1),
            },
            embeddings: EmbeddingsConfig {
                base_url: url("EMBEDDINGS_BASE_URL"),
                api_key: values.secret("EMBEDDINGS_API_KEY"),
                model: values.text("EMBEDDINGS_MODEL"),
                embedder_dir: path("GREENROOM_EMBEDDER_DIR"),
            },
            operator_key: values.parsed("GREENROOM_OPERATOR_KEY", operator_key),
            distil: DistilConfig {
                is_on: values.parsed("GREENROOM_DISTIL", on_or_off).unwrap_or(true),
                model: values.text("LLM_CHORE_MODEL"),
                sum_up_after_hours: values.number("GREENROOM_SUM_UP_AFTER_HOURS", 1, HOURS_MAX).unwrap_or(1),
            },
            owners: values.parsed("OWNERS", owners).unwrap_or_default(),
            mention_char: values.parsed("GREENROOM_MENTION_CHAR", mention_char).unwrap_or('@'),
            workers: values.number("GREENROOM_WORKERS", 1, WORKERS_MAX).unwrap_or(1),
            locale: values.parsed("GREENROOM_LOCALE", locale).unwrap_or_default(),
            time_zone: values.parsed("GREENROOM_TIME_ZONE", time_zone).unwrap_or_default(),
            called_at_once: values.number("GREENROOM_CALLED_AT_ONCE", 1, CALLED_MAX).unwrap_or(1),
            fair: FairConfig {
                member_per_minute: rate("GREENROOM_MEMBER_PER_MINUTE"),
                place_per_minute: rate("GREENROOM_PLACE_PER_MINUTE"),
                personality_per_minute: rate("GREENROOM_PERSONALITY_PER_MINUTE"),
                key_per_minute: rate("GREENROOM_KEY_PER_MINUTE"),
                member_waiting: rate("GREENROOM_MEMBER_WAITING"),
                place_waiting: rate("GREENROOM_PLACE_WAITING"),
            },
            keep_messages_days: values.number("GREENROOM_KEEP_MESSAGES_DAYS", 0, DAYS_MAX).unwrap_or(0),
            keep_words_days: values.number("GREENROOM_KEEP_WORDS_DAYS", 0, DAYS_MAX).unwrap_or(0),
            forget_idle_days: values.number("GREENROOM_FORGET_IDLE_DAYS", 0, DAYS_MAX).unwrap_or(0),
            personalities_dir: path("GREENROOM_PERSONALITIES_DIR"),
            keyset: path("GREENROOM_KEYSET"),
            discord: DiscordConfig {
                token: values.secret("DISCORD_TOKEN"),
                api_url: values.parsed("DISCORD_API_URL", loopback_url),
                reads_messages: values.parsed("DISCORD_MESSAGE_CONTENT", on_or_off).unwrap_or(true),
                public_url: url("GREENROOM_PUBLIC_URL"),
                pluralkit_api_url: url("PLURALKIT_API_URL"),
                plural_api_token: values.secret("PLURAL_API_TOKEN"),
                proxies: values.parsed("DISCORD_PROXIES", proxies).unwrap_or_default(),
                dev_guild: values.parsed("DISCORD_DEV_GUILD", snowflake),
            },
            matrix: MatrixConfig {
                homeserver: url("MATRIX_HOMESERVER"),
                user: values.parsed("MATRIX_USER", matrix_user),
                password: values.secret("MATRIX_PASSWORD"),
                access_token: values.secret("MATRIX_ACCESS_TOKEN"),
                device_id: values.text("MATRIX_DEVICE_ID"),
                recovery_key: values.secret("MATRIX_RECOVERY_KEY"),
                invites: values.parsed("MATRIX_INVITES", invites).unwrap_or_default(),
                logins: values.parsed("MATRIX_LOGINS", matrix_logins).unwrap_or_default(),
                service: values.parsed("MATRIX_APPSERVICE", matrix_service),
                streaming: values.parsed("MATRIX_STREAMING", matrix_streaming).unwrap_or_default(),
            },
            http_addr: values.parsed("HTTP_ADDR", listen_addr).unwrap_or_default(),
            metrics_addr: values.parsed("METRICS_ADDR", listen_addr).unwrap_or_default(),
            traces: TracesConfig {
                endpoint: url("OTEL_EXPORTER_OTLP_ENDPOINT"),
                headers: values.parsed("OTEL_EXPORTER_OTLP_HEADERS", headers).unwrap_or_default(),
            },
            log: values.parsed("GREENROOM_LOG", log_filter).unwrap_or_default(),
            log_format: values.parsed("GREENROOM_LOG_FORMAT", log_format).unwrap_or(LogFormat::Auto),
            cache_home: cache_home(values),
            no_colour: no_colour(values),
            suspects: values.suspects(),
        };
        config.check_together(values);
        config
    }

    /// The rules that span several settings.
    fn check_together(&self, values: &Values) {
        if self.embeddings.base_url.is_some() && self.embeddings.model.is_none() {
            values.problem("EMBEDDINGS_MODEL", "is not set: EMBEDDINGS_BASE_URL needs the name of a model");
        }
        if self.embeddings.base_url.is_some() && self.embeddings.embedder_dir.is_some() {
            values.problem("GREENROOM_EMBEDDER_DIR", "and EMBEDDINGS_BASE_URL are both set: remove one of them");
        }
        if self.http_addr == self.metrics_addr && !self.http_addr.is_empty() && !self.http_addr.ends_with(":0") {
            values.problem("METRICS_ADDR", "is the same as HTTP_ADDR: give it another port");
        }
        let matrix = &self.matrix;
        if matrix.homeserver.is_some() && matrix.user.is_none() {
            values.problem("MATRIX_USER", "is not set: MATRIX_HOMESERVER needs an account");
        }
        if matrix.user.is_some() && matrix.homeserver.is_none() {
            values.problem("MATRIX_HOMESERVER", "is not set: MATRIX_USER needs the address of its homeserver");
        }
        if matrix.homeserver.is_some() && matrix.password.is_none() && matrix.access_token.is_none() {
            values.problem(
                "MATRIX_PASSWORD",
                "is not set: MATRIX_USER needs it, or MATRIX_ACCESS_TOKEN with MATRIX_DEVICE_ID",
            );
        }
        if matrix.homeserver.is_none() && !matrix.logins.is_empty() {
            values.problem("MATRIX_HOMESERVER", "is not set: MATRIX_LOGINS needs the address of their homeserver");
        }
        if matrix.logins.iter().any(|login| Some(&login.user) == matrix.user.as_ref()) {
            values.problem("MATRIX_LOGINS", "has the bot's own account: a personality needs another one");
        }
        if self.matrix.access_token.is_some() != self.matrix.device_id.is_some() {
            values.problem("MATRIX_ACCESS_TOKEN", "and MATRIX_DEVICE_ID belong together: set both or neither");
        }
    }

    /// The database's URL; a file in the data directory where none is set.
    pub fn database_url(&self) -> SecretString {
        self.database_url.clone().unwrap_or_else(|| {
            SecretString::from(format!("sqlite://{}", self.data_dir.join(DATABASE_FILE).to_string_lossy()))
        })
    }

    /// Where downloads are kept: `greenroom` in the user's cache directory, else `cache` in the data directory.
    pub fn cache_dir(&self) -> PathBuf {
        self.cache_home.as_ref().map_or_else(|| self.data_dir.join("cache"), |home| home.join("greenroom"))
    }

    /// Who may use the operator's model: everyone where that costs nobody money, else the owners.
    pub fn operator_key(&self) -> OperatorKey {
        let is_free = self.llm.base_url.as_deref().is_none_or(is_loopback);
        self.operator_key.unwrap_or(if is_free { OperatorKey::Everyone } else { OperatorKey::Owners })
    }

    /// Every secret that is set, so that logs can be kept free of them.
    pub fn secrets(&self) -> Vec<SecretString> {
        let password = self.database_url.as_ref().and_then(|url| {
            let url = Url::parse(url.expose_secret()).ok()?;
            url.password().map(SecretString::from)
        });
        [
            &self.qdrant_api_key,
            &self.llm.api_key,
            &self.embeddings.api_key,
            &self.discord.token,
            &self.discord.plural_api_token,
            &self.matrix.password,
            &self.matrix.access_token,
            &self.matrix.recovery_key,
            &password,
        ]
        .into_iter()
        .flatten()
        .chain(self.traces.headers.iter().map(|(_, value)| value))
        .chain(self.matrix.logins.iter().map(|login| &login.password))
        .chain(self.matrix.service.iter().map(|(token, _)| token))
        .cloned()
        .collect()
    }
}

impl Default for Config {
    /// What holds when nothing is set.
    fn default() -> Self {
        Self::from_env([]).expect("the defaults are valid; a test reads them")
    }
}

/// Whether an `http(s)` URL stays on this machine.
pub fn is_loopback(url: &str) -> bool {
    let Ok(url) = Url::parse(url) else { return false };
    match url.host_str() {
        Some("localhost") => true,
        Some(host) => host.trim_matches(['[', ']']).parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback()),
        None => false,
    }
}

fn web_url(text: &str) -> Result<Url, &'static str> {
    let url = Url::parse(text).map_err(|_| "give an address such as https://api.example.org/v1")?;
    if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() {
        return Err("give an address that starts with http:// or https://");
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("an address must not hold a name or password; there is a setting for the key");
    }
    Ok(url)
}

fn on_or_off(text: &str) -> Result<bool, &'static str> {
    match text.to_lowercase().as_str() {
        "on" => Ok(true),
        "off" => Ok(false),
        _ => Err("give on or off"),
    }
}

fn loopback_url(text: &str) -> Result<String, &'static str> {
    web_url(text)?;
    if is_loopback(text) {
        Ok(text.trim_end_matches('/').to_owned())
    } else {
        Err("only a loopback address is allowed")
    }
}

fn database_url(text: &str) -> Result<String, &'static str> {
    let has_path = |rest: &str| !rest.is_empty();
    let is_sqlite = text.strip_prefix("sqlite://").or_else(|| text.strip_prefix("sqlite:")).is_some_and(has_path);
    let is_postgres =
        (text.starts_with("postgres://") || text.starts_with("postgresql://")) && Url::parse(text).is_ok();
    if is_sqlite || is_postgres {
        Ok(text.to_owned())
    } else {
        Err("give sqlite://PATH or postgres://USER:PASSWORD@HOST/NAME (special characters percent-encoded)")
    }
}

fn operator_key(text: &str) -> Result<OperatorKey, &'static str> {
    match text {
        "everyone" => Ok(OperatorKey::Everyone),
        "owners" => Ok(OperatorKey::Owners),
        "nobody" => Ok(OperatorKey::Nobody),
        _ => Err("give everyone, owners or nobody (it says who may use the key; the key itself is LLM_API_KEY)"),
    }
}

fn owners(text: &str) -> Result<Vec<String>, String> {
    text.split(',')
        .map(str::trim)
        .filter(|owner| !owner.is_empty())
        .map(|owner| {
            let is_valid = match owner.split_once(':') {
                Some(("discord", id)) => !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_digit()),
                Some(("matrix", user)) => matrix_user(user).is_ok(),
                Some(("console", name)) => !name.is_empty(),
                _ => false,
            };
            let wanted = || "give discord:ID,matrix:@user:server,console:local".to_owned();
            if is_valid { Ok(owner.to_owned()) } else { Err(wanted()) }
        })
        .collect()
}

/// `name=https://…/v1, name=…`: no name twice.
fn providers(text: &str) -> Result<Vec<(String, String)>, String> {
    let wanted = "give NAME=URL,NAME=URL with names of small letters, digits and hyphens";
    let mut found: Vec<(String, String)> = Vec::new();
    for entry in text.split(',').map(str::trim).filter(|entry| !entry.is_empty()) {
        let (name, url) = entry.split_once('=').ok_or(wanted)?;
        let is_name = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if name.is_empty() || name.len() > 40 || !name.chars().all(is_name) {
            return Err(wanted.to_owned());
        }
        if found.iter().any(|(known, _)| known == name) {
            return Err(format!("{name} is there twice"));
        }
        web_url(url)?;
        found.push((name.to_owned(), url.trim_end_matches('/').to_owned()));
    }
    Ok(found)
}

/// `NAME=VALUE,NAME=VALUE`, values percent-encoded.
fn headers(text: &str) -> Result<Vec<(String, SecretString)>, &'static str> {
    let wanted = "give NAME=VALUE,NAME=VALUE; a comma or percent sign in a value is written %2C or %25";
    let entries = text.split(',').map(str::trim).filter(|entry| !entry.is_empty());
    let read = |entry: &str| {
        let (name, value) = entry.split_once('=').ok_or(wanted)?;
        let value = percent_decoded(value.trim()).ok_or(wanted)?;
        Ok((name.trim().to_ascii_lowercase(), SecretString::from(value)))
    };
    entries.map(read).collect()
}

fn percent_decoded(text: &str) -> Option<String> {
    let mut pieces = text.split('%');
    let mut bytes = pieces.next().unwrap_or_default().as_bytes().to_vec();
    for piece in pieces {
        let (code, rest) = piece.split_at_checked(2)?;
        bytes.push(u8::from_str_radix(code, 16).ok()?);
        bytes.extend(rest.as_bytes());
    }
    String::from_utf8(bytes).ok()
}

/// `anyone`, `owners`, `example.org`, `@kim:example.org`, with commas between.
fn invites(text: &str) -> Result<Vec<String>, &'static str> {
    let is_server = |name: &str| !name.is_empty() && name.contains(['.', ':']) || name == "localhost";
    let entries = text.split(',').map(str::trim).filter(|entry| !entry.is_empty());
    let read = |entry: &str| match entry {
        "anyone" | "owners" => Ok(entry.to_owned()),
        user if user.starts_with('@') => matrix_user(user),
        server if is_server(server) => Ok(server.to_owned()),
        _ => Err("give anyone, owners, servers and users, such as owners,example.org,@kim:example.com"),
    };
    entries.map(read).collect()
}

/// `abbey @abbey:example.org PASSWORD`, one a line; nobody twice.
fn matrix_logins(text: &str) -> Result<Vec<MatrixLogin>, String> {
    let wanted = "give one line for each login, SLUG @user:server PASSWORD";
    let mut found: Vec<MatrixLogin> = Vec::new();
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    for (at, line) in lines.enumerate() {
        let wrong = |what: &str| format!("login {}: {what}", at + 1);
        let (slug, rest) = line.split_once(char::is_whitespace).ok_or_else(|| wrong(wanted))?;
        let (user, password) = rest.trim_start().split_once(char::is_whitespace).ok_or_else(|| wrong(wanted))?;
        if slug_of(slug) != slug {
            return Err(wrong("the slug of a personality has small letters, digits and hyphens only"));
        }
        let user = matrix_user(user).map_err(wrong)?;
        if found.iter().any(|other| other.slug == slug || other.user == user) {
            return Err(wrong("its personality or its user is there twice"));
        }
        found.push(MatrixLogin { slug: slug.to_owned(), user, password: password.trim_start().into() });
    }
    Ok(found)
}

/// The registration of an application service, as far as the house needs it.
fn matrix_service(text: &str) -> Result<(SecretString, String), &'static str> {
    let registration: serde_json::Value = serde_json::from_str(text)
        .map_err(|_| "give the registration as JSON, which is YAML as well: homeservers take the same file")?;
    let token = registration["as_token"].as_str().filter(|token| !token.is_empty()).ok_or("it lacks as_token")?;
    let regex = registration["namespaces"]["users"][0]["regex"].as_str().unwrap_or_default();
    let named = regex.trim_start_matches('^').strip_prefix('@').unwrap_or_default();
    let is_plain = |c: &char| c.is_ascii_lowercase() || c.is_ascii_digit() || "_-=/".contains(*c);
    let prefix: String = named.chars().take_while(is_plain).collect();
    if prefix.is_empty() {
        return Err("the regex of its first users has to begin with a name, such as @_greenroom_.*");
    }
    Ok((token.into(), prefix))
}

fn matrix_streaming(text: &str) -> Result<MatrixStreaming, &'static str> {
    match text {
        "on" => Ok(MatrixStreaming::On),
        "off" => Ok(MatrixStreaming::Off),
        "fast" => Ok(MatrixStreaming::Fast),
        _ => Err("give on, off or fast"),
    }
}

fn matrix_user(text: &str) -> Result<String, &'static str> {
    match text.strip_prefix('@').and_then(|rest| rest.split_once(':')) {
        Some((name, server)) if !name.is_empty() && !server.is_empty() => Ok(text.to_owned()),
        _ => Err("give a full Matrix id such as @bot:example.org"),
    }
}

fn mention_char(text: &str) -> Result<char, &'static str> {
    let mut chars = text.chars();
    match (chars.next(), chars.next()) {
        (Some(c), None) if !c.is_alphanumeric() && !c.is_control() && c != '/' => Ok(c),
        _ => Err("give one character that is no letter, digit or /"),
    }
}

fn locale(text: &str) -> Result<String, &'static str> {
    unic_langid::LanguageIdentifier::from_str(text)
        .map(|_| text.to_owned())
        .map_err(|_| "give a language tag such as en-US or de")
}

fn time_zone(text: &str) -> Result<String, &'static str> {
    jiff::tz::TimeZone::get(text)
        .map(|_| text.to_owned())
        .map_err(|_| "give an IANA time zone such as Europe/Berlin or UTC")
}

/// Services that speak for members: their names, applications and addresses.
fn proxies(text: &str) -> Result<Vec<(String, u64, String)>, String> {
    let wanted = "give NAME=APPLICATION@URL,… with the application's id as Discord shows it";
    let mut found: Vec<(String, u64, String)> = Vec::new();
    for entry in text.split(',').map(str::trim).filter(|entry| !entry.is_empty()) {
        let (name, rest) = entry.split_once('=').ok_or(wanted)?;
        let (application, url) = rest.split_once('@').ok_or(wanted)?;
        let is_name = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if name.is_empty() || name.len() > 40 || !name.chars().all(is_name) {
            return Err(wanted.to_owned());
        }
        if found.iter().any(|(known, ..)| known == name) || ["pluralkit", "plural", "tupperbox"].contains(&name) {
            return Err(format!("{name} is there twice"));
        }
        let application = snowflake(application).map_err(|_| wanted)?;
        web_url(url)?;
        found.push((name.to_owned(), application, url.to_owned()));
    }
    Ok(found)
}

fn snowflake(text: &str) -> Result<u64, &'static str> {
    text.parse().ok().filter(|id| *id > 0).ok_or("give an id as Discord shows it, such as 1309206470339854336")
}

fn listen_addr(text: &str) -> Result<String, &'static str> {
    match text.rsplit_once(':') {
        Some((host, port)) if !host.is_empty() && port.parse::<u16>().is_ok() => Ok(text.to_owned()),
        _ => Err("give HOST:PORT, such as 127.0.0.1:8080"),
    }
}

fn log_filter(text: &str) -> Result<String, &'static str> {
    tracing_subscriber::EnvFilter::try_new(text)
        .map(|_| text.to_owned())
        .map_err(|_| "give tracing directives such as info,greenroom=debug")
}

fn log_format(text: &str) -> Result<LogFormat, &'static str> {
    match text {
        "auto" => Ok(LogFormat::Auto),
        "text" => Ok(LogFormat::Text),
        "json" => Ok(LogFormat::Json),
        _ => Err("give auto, text or json"),
    }
}

/// A wait in whole seconds.
fn seconds(values: &Values, name: &'static str) -> u64 {
    values.number(name, 1, WAIT_MAX_SECS).unwrap_or(1)
}

fn cache_home(values: &Values) -> Option<PathBuf> {
    let of = |name| values.environment(name).map(PathBuf::from).filter(|path| path.is_absolute());
    of("XDG_CACHE_HOME").or_else(|| Some(of("HOME")?.join(".cache")))
}

fn no_colour(values: &Values) -> bool {
    values.environment("NO_COLOR").is_some_and(|wish| !wish.is_empty())
        || values.environment("TERM").is_some_and(|term| term == "dumb")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reading_the_settings_reads_each_declared_one_once() {
        let values = Values::new([], &|_| Err(io::ErrorKind::NotFound.into()));
        Config::read(&values);
        let mut read = values.read.borrow().clone();
        let mut declared: Vec<_> = settings::all().map(|setting| setting.name).collect();
        read.sort_unstable();
        declared.sort_unstable();
        assert_eq!(read, declared);
    }

    #[test]
    fn what_the_documentation_says_of_defaults_holds() {
        let config = Config::default();
        assert_eq!(config.database_url().expose_secret(), "sqlite://./data/greenroom.db");
        assert_eq!(config.cache_dir(), Path::new("./data/cache"));
        assert_eq!((config.mention_char, config.workers, config.locale.as_str()), ('@', 8, "en-US"));
        assert_eq!(config.operator_key(), OperatorKey::Everyone);
        let llm = LlmConfig::default();
        assert_eq!(
            (llm.connect_timeout_secs, llm.first_byte_timeout_secs, llm.idle_timeout_secs, llm.timeout_secs),
            (5, 20, 30, 180)
        );
        assert_eq!(llm.max_answer_chars, 65_536);
    }

    #[test]
    fn a_paid_model_is_for_owners_unless_said_otherwise() {
        let with = |pairs: &[(&str, &str)]| {
            let pairs = pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
            Config::from_env(pairs).unwrap().operator_key()
        };
        assert_eq!(with(&[("LLM_BASE_URL", "https://api.example.org/v1")]), OperatorKey::Owners);
        assert_eq!(with(&[("LLM_BASE_URL", "http://127.0.0.1:11434/v1")]), OperatorKey::Everyone);
        assert_eq!(with(&[("LLM_BASE_URL", "http://[::1]:11434/v1")]), OperatorKey::Everyone);
        assert_eq!(with(&[("LLM_BASE_URL", "http://localhost.example.org/v1")]), OperatorKey::Owners);
        let chosen = [("LLM_BASE_URL", "https://api.example.org/v1"), ("GREENROOM_OPERATOR_KEY", "nobody")];
        assert_eq!(with(&chosen), OperatorKey::Nobody);
    }

    #[test]
    fn logins_are_read_a_line_each_and_their_passwords_are_never_shown() {
        let read = |text: &str| Config::from_env([("MATRIX_LOGINS".to_owned(), text.to_owned())]);
        let home = ["MATRIX_HOMESERVER", "MATRIX_USER", "MATRIX_PASSWORD"];
        let home = home.into_iter().zip(["https://example.org", "@house:example.org", "secret"]);
        let with_home = |text: &str| {
            let home = home.clone().map(|(name, value)| (name.to_owned(), value.to_owned()));
            Config::from_env(home.chain([("MATRIX_LOGINS".to_owned(), text.to_owned())]))
        };
        let config = with_home("# ours\nabbey @abbey:example.org  two words\n\n abi\t@abi:example.org x\n").unwrap();
        let logins: Vec<_> =
            config.matrix.logins.iter().map(|login| (login.slug.as_str(), login.user.as_str())).collect();
        assert_eq!(logins, [("abbey", "@abbey:example.org"), ("abi", "@abi:example.org")]);
        assert_eq!(config.matrix.logins[0].password.expose_secret(), "two words");
        assert!(config.secrets().iter().any(|secret| secret.expose_secret() == "two words"));
        for wrong in [
            "abbey @abbey:example.org",
            "abbey abbey hunter2",
            "Abbey @abbey:example.org hunter2",
            "abbey @a:x hunter2\nabbey @b:x hunter2",
            "abbey @a:x hunter2\nabi @a:x hunter2",
            "abbey @house:example.org hunter2",
        ] {
            let error = with_home(wrong).unwrap_err().to_string();
            assert!(error.starts_with("MATRIX_LOGINS") && !error.contains("hunter2"), "{error}");
        }
        assert!(read("abbey @abbey:example.org x").unwrap_err().to_string().contains("MATRIX_HOMESERVER"));
    }

    #[test]
    fn a_registration_says_whose_users_the_house_makes() {
        let read = |regex: &str| {
            let text = serde_json::json!({"as_token": "hunter2", "namespaces": {"users": [{"regex": regex}]}});
            matrix_service(&text.to_string()).map(|(token, prefix)| (token.expose_secret().to_owned(), prefix))
        };
        assert_eq!(read("@_greenroom_.*"), Ok(("hunter2".into(), "_greenroom_".into())));
        assert_eq!(read("^@g-.*:example\\.org$"), Ok(("hunter2".into(), "g-".into())));
        assert!(read("@.*").is_err() && read("").is_err() && matrix_service("as_token: x").is_err());
    }

    #[test]
    fn downloads_go_to_the_users_cache() {
        let cache =
            |name: &str, value: &str| Config::from_env([(name.to_owned(), value.to_owned())]).unwrap().cache_dir();
        assert_eq!(cache("XDG_CACHE_HOME", "/var/cache/me"), Path::new("/var/cache/me/greenroom"));
        assert_eq!(cache("HOME", "/home/me"), Path::new("/home/me/.cache/greenroom"));
        assert_eq!(cache("XDG_CACHE_HOME", "relative"), Path::new("./data/cache"));
    }
}
