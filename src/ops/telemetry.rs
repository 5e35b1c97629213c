//! Logs: where they go, how they look, and that nothing secret or unprintable gets into them.
//!
//! Never logs message text, prompts, answers, keys or names; [`Scrubber`] is only the second line of defence.

use std::fs::{File, OpenOptions};
use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use anyhow::Context;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use super::scrub::Scrubber;
use crate::config::{Config, LogFormat};

/// File of the console's logs, in the data directory.
pub const CONSOLE_LOG: &str = "console.log";
/// A console log larger than this is put aside at the next start, replacing the one put aside before.
const CONSOLE_LOG_MAX: u64 = 5 << 20;

/// Where log lines go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sink {
    /// Standard error: `run` and everything that talks to operators.
    Stderr,
    /// [`CONSOLE_LOG`], so that a chat in the terminal stays readable.
    ConsoleFile,
}

/// Starts logging for the whole process; later calls leave the first one in force.
///
/// # Errors
/// When the log file cannot be opened. The filter was checked when the settings were read.
pub fn start(config: &Config, sink: Sink) -> anyhow::Result<()> {
    let mut filter = EnvFilter::try_new(&config.log).context("reading GREENROOM_LOG")?;
    // These write what people say at their finest levels, whatever is asked for.
    for quiet in [
        "twilight_gateway=info",
        "tokio_websockets=info",
        "matrix_sdk=error",
        "matrix_sdk_base=error",
        "matrix_sdk_crypto=error",
    ] {
        filter = filter.add_directive(quiet.parse().expect("a directive"));
    }
    let scrubber = Scrubber::new(config.secrets());
    let (out, is_terminal) = match sink {
        Sink::Stderr => (Out::Stderr, io::stderr().is_terminal()),
        Sink::ConsoleFile => (Out::File(Arc::new(Mutex::new(console_file(&config.data_dir)?))), false),
    };
    let is_text = match config.log_format {
        LogFormat::Auto => is_terminal || sink == Sink::ConsoleFile,
        LogFormat::Text => true,
        LogFormat::Json => false,
    };
    let lines = Lines { out, scrubber, is_text };
    let registry = tracing_subscriber::registry().with(filter);
    // A second start in one process (tests) keeps the first subscriber.
    let _ = if is_text {
        registry.with(tracing_subscriber::fmt::layer().compact().with_ansi(is_terminal).with_writer(lines)).try_init()
    } else {
        registry.with(tracing_subscriber::fmt::layer().json().flatten_event(true).with_writer(lines)).try_init()
    };
    Ok(())
}

fn console_file(data_dir: &Path) -> anyhow::Result<File> {
    let path: PathBuf = data_dir.join(CONSOLE_LOG);
    if path.metadata().is_ok_and(|file| file.len() > CONSOLE_LOG_MAX) {
        std::fs::rename(&path, path.with_extension("log.old"))
            .with_context(|| format!("putting aside {}", path.display()))?;
    }
    let mut options = OpenOptions::new();
    options.create(true).append(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(&path).with_context(|| format!("opening the log {}", path.display()))
}

#[derive(Clone)]
enum Out {
    Stderr,
    File(Arc<Mutex<File>>),
}

/// Writes whole lines, scrubbed. The formatter hands over one line a call.
#[derive(Clone)]
struct Lines {
    out: Out,
    scrubber: Scrubber,
    is_text: bool,
}

impl<'a> MakeWriter<'a> for Lines {
    type Writer = Line<'a>;

    fn make_writer(&'a self) -> Self::Writer {
        Line(self)
    }
}

struct Line<'a>(&'a Lines);

impl Write for Line<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let line = clean(&String::from_utf8_lossy(bytes), &self.0.scrubber, self.0.is_text);
        match &self.0.out {
            Out::Stderr => io::stderr().lock().write_all(line.as_bytes())?,
            Out::File(file) => file
                .lock()
                .map_err(|_| io::Error::other("a thread panicked while writing a log line"))?
                .write_all(line.as_bytes())?,
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// One log line without secrets and, in text, without anything that starts a new line, steers a terminal or turns
/// the reading direction. The formatter escapes only some of that, and only in messages. Colours stay.
fn clean(line: &str, scrubber: &Scrubber, is_text: bool) -> String {
    let line = scrubber.scrub(line);
    if !is_text {
        // JSON escapes every control character itself.
        return line;
    }
    let (mut rest, end) = line.strip_suffix('\n').map_or((line.as_str(), ""), |body| (body, "\n"));
    let mut out = String::with_capacity(line.len());
    while let Some(c) = rest.chars().next() {
        let taken = match colour_at(rest) {
            Some(length) => {
                out.push_str(&rest[..length]);
                length
            }
            None if is_steering(c) => {
                out.extend(c.escape_default());
                c.len_utf8()
            }
            None => {
                out.push(c);
                c.len_utf8()
            }
        };
        rest = &rest[taken..];
    }
    out.push_str(end);
    out
}

/// Control characters but tabs, line separators, and marks that turn the reading direction.
fn is_steering(c: char) -> bool {
    let turns = matches!(c, '\u{2028}' | '\u{2029}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}');
    turns || (c.is_control() && c != '\t')
}

/// Length of the colour sequence (`ESC [ digits m`) that `text` begins with.
fn colour_at(text: &str) -> Option<usize> {
    let codes = text.strip_prefix("\u{1b}[")?;
    let end = codes.find(|c: char| !(c.is_ascii_digit() || c == ';'))?;
    codes[end..].starts_with('m').then_some(2 + end + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a subscriber like the real one writes for an event.
    fn logged(is_text: bool, event: impl FnOnce()) -> String {
        let file = Arc::new(Mutex::new(tempfile::tempfile().unwrap()));
        let scrubber = Scrubber::new(vec!["the-secret-token".into()]);
        let lines = Lines { out: Out::File(file.clone()), scrubber, is_text };
        if is_text {
            let layer = tracing_subscriber::fmt::layer().compact().with_ansi(false).with_writer(lines);
            tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), event);
        } else {
            let layer = tracing_subscriber::fmt::layer().json().flatten_event(true).with_writer(lines);
            tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), event);
        }
        use std::io::{Read, Seek};
        let mut file = file.lock().unwrap();
        file.rewind().unwrap();
        let mut text = String::new();
        file.read_to_string(&mut text).unwrap();
        text
    }

    #[test]
    fn a_field_can_neither_forge_a_line_nor_move_the_cursor() {
        let evil = "x\nERROR forged\r\x1b[2J\u{202e}gnp.exe";
        for is_text in [true, false] {
            let text = logged(is_text, || tracing::warn!(name = %evil, "a field: {evil}"));
            assert_eq!(text.matches('\n').count(), 1, "{text}");
            assert!(!text.contains('\x1b') && !text.contains('\r'), "{text:?}");
        }
        assert!(!logged(true, || tracing::warn!("{evil}")).contains('\u{202e}'));
    }

    #[test]
    fn the_formatters_colours_stay_and_nothing_else_of_a_terminals_language() {
        let cleaned = |line: &str| clean(line, &Scrubber::default(), true);
        assert_eq!(cleaned("\x1b[2;31mred\x1b[0m\ttab\n"), "\x1b[2;31mred\x1b[0m\ttab\n");
        assert_eq!(cleaned("\x1b[2J \x1b]0;title\x07 \u{9b}1m"), "\\u{1b}[2J \\u{1b}]0;title\\u{7} \\u{9b}1m");
    }

    #[test]
    fn secrets_do_not_reach_the_log_in_either_format() {
        for is_text in [true, false] {
            let text = logged(is_text, || {
                tracing::error!(url = "postgres://u:hunter22@h/db", "sk-abcdefgh123456 and the-secret-token");
            });
            for secret in ["hunter22", "abcdefgh123456", "the-secret-token"] {
                assert!(!text.contains(secret), "{text}");
            }
            assert!(text.contains("[redacted]"), "{text}");
        }
    }
}
