//! The command line: what can be asked of `greenroom`, and the exit codes. What each does is in [`crate::app`].
//!
//! No setting and no secret is a command-line option: other users of the machine can read those.

use std::ffi::OsString;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};

use crate::app::{self, Method};
use crate::config::{Config, SettingsError, settings};
use crate::ops::{self, CannotStart};

/// Something failed; standard error says what.
const FAILED: u8 = 1;
/// The command line or a setting is wrong; standard error names it.
pub(crate) const BAD_USAGE: u8 = 2;
/// How long threads that cannot be interrupted (reading the terminal) may hold up the exit.
const LEAVE_WITHIN: Duration = Duration::from_millis(200);

/// A self-hosted home for AI characters that live where people already talk.
#[derive(Debug, Parser)]
#[command(
    name = "greenroom",
    version,
    after_help = "Settings are environment variables: `greenroom config example` prints them all.\nExit codes: 0 fine, 1 failed, 2 bad usage or settings."
)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// What to do; [`Command::Run`] when nothing is said.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run the house: every configured front end, the workers, health and metrics
    Run,
    /// Chat in this terminal
    Console(ConsoleOptions),
    /// Bring the database's schema up to date
    Migrate,
    /// Look at every part and say what to do about what is wrong
    Doctor,
    /// Rebuild the vectors of all memories
    Reindex,
    /// About the keyset that seals members' keys
    #[command(subcommand)]
    Keys(KeysCommand),
    /// Write everything the house keeps, but its keyset, into one file; the house may serve meanwhile
    Backup {
        /// The file to make; one that is there already is left alone
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
    /// Take a backup back into an empty data directory
    Restore(RestoreOptions),
    /// What was done to the house and to what it keeps
    #[command(subcommand)]
    Audit(AuditCommand),
    /// Measure quality
    #[command(subcommand)]
    Eval(EvalCommand),
    /// About settings
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Ask the house on HTTP_ADDR whether it lives (for Docker's health check)
    Health,
}

/// Who chats, with whom, where.
#[derive(Args, Clone, Debug, Default, PartialEq, Eq)]
pub struct ConsoleOptions {
    /// The personality to talk to
    #[arg(long, value_name = "NAME")]
    pub personality: Option<String>,
    /// The name you talk under
    #[arg(long = "as", value_name = "NAME")]
    pub speaker: Option<String>,
    /// The place, so that several conversations can be kept apart
    #[arg(long, value_name = "NAME")]
    pub place: Option<String>,
}

/// What to take back, and how.
#[derive(Args, Clone, Debug, PartialEq, Eq)]
pub struct RestoreOptions {
    /// A file that `greenroom backup` or, for PostgreSQL, `pg_dump` made
    #[arg(value_name = "FILE", required_unless_present = "settle", conflicts_with = "settle")]
    pub file: Option<PathBuf>,
    /// Drop what is sealed under a keyset that is lost: members' keys, and sessions of the house's own accounts
    #[arg(long)]
    pub without_keys: bool,
    /// Nothing is unpacked: a copy of the database that was put in place by other means, such as `pg_restore`, is made
    /// fit to go on
    #[arg(long)]
    pub settle: bool,
}

/// What to measure.
#[derive(Debug, Subcommand)]
pub enum EvalCommand {
    /// Recall of the memory search over a data set of questions
    Memory(EvalMemoryOptions),
}

/// How to measure the memory search.
#[derive(Args, Clone, Debug, PartialEq, Eq)]
pub struct EvalMemoryOptions {
    /// File with conversations and questions (LoCoMo's JSON)
    #[arg(long, value_name = "FILE")]
    pub dataset: PathBuf,
    /// Numbers of memories to measure at
    #[arg(long, value_name = "K", value_delimiter = ',', default_value = "5,10,20", value_parser = at_least_one)]
    pub k: Vec<usize>,
    /// Print one JSON object instead of a table
    #[arg(long)]
    pub json: bool,
    /// How to look for memories
    #[arg(long, value_enum, default_value_t)]
    pub method: Method,
    /// Leave a part of the scoring out (again for more): vectors, words, context, near-vectors, near-words, stretch,
    /// speaker, dates, asking, self, size
    #[arg(long, value_name = "PART")]
    pub without: Vec<String>,
    /// Tokens that memories may take in the prompt
    #[arg(long, value_name = "TOKENS", default_value_t = 2_000)]
    pub budget: usize,
    /// Only these conversations, by their number from 1
    #[arg(long, value_name = "N", value_delimiter = ',')]
    pub conversations: Vec<usize>,
    /// File with evidence to put in place of the data set's own
    #[arg(long, value_name = "FILE")]
    pub corrections: Option<PathBuf>,
    /// Let the configured model answer every question from the memories, and judge the answers (two calls each)
    #[arg(long)]
    pub answers: bool,
}

/// What to do with the keyset.
#[derive(Debug, Subcommand)]
pub enum KeysCommand {
    /// Count members' keys by the key of the keyset they are sealed under
    List,
    /// Make a new key and seal every member's key anew under it; the house may serve meanwhile
    Rotate,
}

/// What to do with the audit log.
#[derive(Debug, Subcommand)]
pub enum AuditCommand {
    /// Show the newest deeds, newest first
    List {
        /// How many at most
        #[arg(long, value_name = "N", default_value_t = 50)]
        limit: u32,
        /// One JSON object a line
        #[arg(long)]
        json: bool,
    },
    /// See whether the log is as it was written; exit code 1 and the first bad row if not
    Verify {
        /// A row's number and hash, noted earlier and kept elsewhere: tells a log that was cut off or written anew
        #[arg(long, value_name = "N:HASH", value_parser = noted)]
        noted: Option<(i64, String)>,
    },
}

/// What to say about settings.
#[derive(Debug, Subcommand)]
pub enum ConfigCommand {
    /// Print every setting with its meaning, as .env.example
    Example,
}

fn noted(text: &str) -> Result<(i64, String), String> {
    let read = text.split_once(':').and_then(|(n, hash)| Some((n.parse().ok()?, hash.trim().to_lowercase())));
    let is_hash = |hash: &str| hash.len() == 64 && hash.bytes().all(|byte| byte.is_ascii_hexdigit());
    read.filter(|(n, hash)| *n > 0 && is_hash(hash))
        .ok_or_else(|| "give what `greenroom audit verify` printed: N:HASH".to_owned())
}

fn at_least_one(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(number) if number > 0 => Ok(number),
        _ => Err("give a whole number above 0".to_owned()),
    }
}

/// Does what the command line says and returns the exit code.
pub fn run(args: impl IntoIterator<Item = OsString>, vars: impl IntoIterator<Item = (String, String)>) -> ExitCode {
    let cli = match Cli::try_parse_from(args) {
        Ok(cli) => cli,
        Err(said) => {
            // Help and version come this way too. Nobody is left to tell when printing fails.
            let _ = said.print();
            return if said.use_stderr() { ExitCode::from(BAD_USAGE) } else { ExitCode::SUCCESS };
        }
    };
    let command = cli.command.unwrap_or(Command::Run);
    if let Command::Config(ConfigCommand::Example) = command {
        // A reader such as `head` may leave early.
        let _ = std::io::stdout().write_all(settings::example().as_bytes());
        return ExitCode::SUCCESS;
    }
    let result = Config::from_env(vars).map_err(anyhow::Error::from).and_then(|config| dispatch(command, config));
    result.unwrap_or_else(|error| refuse(&error))
}

fn dispatch(command: Command, config: Config) -> anyhow::Result<ExitCode> {
    if let Command::Health = command {
        return match ops::http::probe(&config.http_addr) {
            Ok(()) => Ok(ExitCode::SUCCESS),
            Err(why) => Err(anyhow::anyhow!(why)),
        };
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let result = runtime.block_on(async {
        match command {
            Command::Run => app::run(config).await,
            Command::Console(options) => app::console(config, options).await,
            Command::Migrate => app::migrate(config).await,
            Command::Doctor => app::doctor(config).await,
            Command::Reindex => app::reindex(config).await,
            Command::Keys(KeysCommand::List) => app::keys_list(config).await,
            Command::Keys(KeysCommand::Rotate) => app::keys_rotate(config).await,
            Command::Backup { file } => app::upkeep::backup(config, &file).await,
            Command::Restore(options) => app::upkeep::restore(config, options).await,
            Command::Audit(AuditCommand::List { limit, json }) => app::upkeep::audit_list(config, limit, json).await,
            Command::Audit(AuditCommand::Verify { noted }) => app::upkeep::audit_verify(config, noted).await,
            Command::Eval(EvalCommand::Memory(options)) => app::eval_memory(config, options).await,
            Command::Config(ConfigCommand::Example) | Command::Health => Ok(ExitCode::SUCCESS),
        }
    });
    runtime.shutdown_timeout(LEAVE_WITHIN);
    result
}

/// Says what is wrong, and which exit code that is.
fn refuse(error: &anyhow::Error) -> ExitCode {
    let is_usage = error.is::<SettingsError>() || error.is::<CannotStart>();
    for line in format!("{error:#}").lines() {
        let _ = writeln!(std::io::stderr(), "greenroom: {line}");
    }
    ExitCode::from(if is_usage { BAD_USAGE } else { FAILED })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Cli, clap::Error> {
        Cli::try_parse_from(line.split_whitespace())
    }

    #[test]
    fn the_grammar_is_consistent() {
        use clap::CommandFactory;
        Cli::command().debug_assert();
    }

    #[test]
    fn options_arrive() {
        let Some(Command::Console(options)) =
            parse("greenroom console --personality Ada --as Bo --place den").unwrap().command
        else {
            panic!("not a console")
        };
        let wanted =
            ConsoleOptions { personality: Some("Ada".into()), speaker: Some("Bo".into()), place: Some("den".into()) };
        assert_eq!(options, wanted);
        let Some(Command::Eval(EvalCommand::Memory(options))) = parse(
            "greenroom eval memory --dataset x.json --k 3,7 --json --method words --without dates --without size \
                 --conversations 4,5",
        )
        .unwrap()
        .command
        else {
            panic!("not an eval")
        };
        let wanted = EvalMemoryOptions {
            dataset: "x.json".into(),
            k: vec![3, 7],
            json: true,
            method: Method::Words,
            without: vec!["dates".into(), "size".into()],
            budget: 2_000,
            conversations: vec![4, 5],
            corrections: None,
            answers: false,
        };
        assert_eq!(options, wanted);
        let Some(Command::Eval(EvalCommand::Memory(options))) =
            parse("greenroom eval memory --dataset x.json").unwrap().command
        else {
            panic!("not an eval")
        };
        assert_eq!(options.k, [5, 10, 20]);
    }

    #[test]
    fn nonsense_is_refused() {
        for line in [
            "greenroom nonsense",
            "greenroom run --token x",
            "greenroom eval memory",
            "greenroom eval memory --dataset x --k 0",
            "greenroom eval memory --dataset x --method best",
            "greenroom backup",
            "greenroom restore",
            "greenroom restore x --settle",
            "greenroom audit verify --noted 3",
            "greenroom audit verify --noted 0:abc",
        ] {
            assert!(parse(line).is_err(), "{line}");
        }
    }
}
