//! Line editing on a thread of its own: history, completion of commands and names.

use std::borrow::Cow;
use std::path::PathBuf;
use std::sync::Arc;

use commands::{Completion, Source, Wanted};
use rustyline::completion::{Completer, Pair};
use rustyline::error::ReadlineError;
use rustyline::highlight::{CmdKind, Highlighter};
use rustyline::history::DefaultHistory;
use rustyline::{Context, Helper, Hinter, Validator};
use tokio::sync::mpsc;

use crate::directory::Directory;
use crate::domain::{MemberId, holds_a_key};

/// Lines kept in the history.
const HISTORY_MAX: usize = 1_000;

/// What was typed.
pub enum Read {
    Line(String),
    /// Ctrl-C on a line.
    Interrupted,
    /// Ctrl-D, or the terminal is gone.
    End,
}

/// What stands before a line, and what the line is for.
pub struct Prompt {
    pub text: String,
    /// The line fills in a form: it is no command and is not kept in the history.
    pub is_form: bool,
    /// The line is shown as stars.
    pub is_secret: bool,
}

/// The editor's thread: reads one line each time it is asked.
pub struct Editor {
    ask: std::sync::mpsc::Sender<Prompt>,
    lines: mpsc::Receiver<Read>,
    history: PathBuf,
}

impl Editor {
    /// Starts the thread.
    pub fn start(directory: Arc<Directory>, member: MemberId, history: PathBuf) -> anyhow::Result<Self> {
        let config = rustyline::Config::builder()
            .max_history_size(HISTORY_MAX)?
            .history_ignore_dups(true)?
            .completion_type(rustyline::CompletionType::List)
            .build();
        let mut editor = rustyline::Editor::<Words, DefaultHistory>::with_config(config)?;
        editor.set_helper(Some(Words { directory, member, is_form: false, is_secret: false }));
        // The first start has no history yet.
        let _ = editor.load_history(&history);
        let (ask, asked) = std::sync::mpsc::channel::<Prompt>();
        let (give, lines) = mpsc::channel(1);
        let file = history.clone();
        std::thread::Builder::new().name("line-editor".into()).spawn(move || {
            while let Ok(prompt) = asked.recv() {
                if let Some(words) = editor.helper_mut() {
                    (words.is_form, words.is_secret) = (prompt.is_form, prompt.is_secret);
                }
                let read = match editor.readline(&prompt.text) {
                    Ok(line) => {
                        if !prompt.is_form && !holds_a_key(&line) {
                            let _ = editor.add_history_entry(line.as_str());
                            let _ = editor.append_history(&file);
                        }
                        Read::Line(line)
                    }
                    Err(ReadlineError::Interrupted) => Read::Interrupted,
                    Err(_) => Read::End,
                };
                if give.blocking_send(read).is_err() {
                    return;
                }
            }
        })?;
        Ok(Self { ask, lines, history })
    }

    /// Reads the next line.
    pub async fn read(&mut self, prompt: Prompt) -> Read {
        if self.ask.send(prompt).is_err() {
            return Read::End;
        }
        self.lines.recv().await.unwrap_or(Read::End)
    }

    /// The history file, if it could not be written.
    pub fn unsaved(&self) -> Option<&PathBuf> {
        (!self.history.exists()).then_some(&self.history)
    }
}

/// Completes commands from the grammar and names from the directory.
#[derive(Helper, Hinter, Validator)]
struct Words {
    directory: Arc<Directory>,
    member: MemberId,
    is_form: bool,
    is_secret: bool,
}

/// Those that begin with `prefix`, whatever their case.
fn starting(words: impl Iterator<Item = String>, prefix: &str) -> Vec<Pair> {
    let prefix = prefix.to_lowercase();
    let fits = words.filter(|word| word.to_lowercase().starts_with(&prefix));
    fits.map(|word| Pair { display: word.clone(), replacement: word }).collect()
}

/// Shows a secret as stars, so that neither the screen nor its scrollback keeps it.
impl Highlighter for Words {
    fn highlight<'l>(&self, line: &'l str, _: usize) -> Cow<'l, str> {
        if self.is_secret { Cow::Owned("*".repeat(line.chars().count())) } else { Cow::Borrowed(line) }
    }

    fn highlight_char(&self, _: &str, _: usize, _: CmdKind) -> bool {
        self.is_secret
    }
}

impl Words {
    fn fitting(&self, completion: &Completion) -> Vec<Pair> {
        match &completion.wanted {
            Wanted::Words(words) => {
                words.iter().map(|word| Pair { display: word.text.clone(), replacement: word.text.clone() }).collect()
            }
            Wanted::From(Source::Personalities) => self.names(&completion.prefix, ""),
            Wanted::From(Source::Aliases) => {
                let names = self.directory.names();
                let aliases = names.seen_by(&self.member).aliases().into_iter().map(|alias| alias.name.clone());
                starting(aliases, &completion.prefix)
            }
            Wanted::From(Source::Zones) => {
                starting(jiff::tz::db().available().map(|zone| zone.to_string()), &completion.prefix)
            }
            Wanted::From(_) | Wanted::Nothing => Vec::new(),
        }
    }

    fn names(&self, prefix: &str, before: &str) -> Vec<Pair> {
        let prefix = prefix.to_lowercase();
        let names = self.directory.names();
        let all = names.seen_by(&self.member).all();
        let fits = all.iter().filter(|personality| personality.file.name.to_lowercase().starts_with(&prefix));
        fits.map(|personality| {
            let name = format!("{before}{}", personality.file.name);
            Pair { display: name.clone(), replacement: name }
        })
        .collect()
    }
}

impl Completer for Words {
    type Candidate = Pair;

    fn complete(&self, line: &str, pos: usize, _: &Context<'_>) -> rustyline::Result<(usize, Vec<Pair>)> {
        if self.is_form {
            return Ok((pos, Vec::new()));
        }
        if let Some(completion) = commands::completions(line, pos) {
            return Ok((completion.start, self.fitting(&completion)));
        }
        // A mention under the cursor: `@Ab`.
        let typed = line.get(..pos).unwrap_or_default();
        let start = typed.rfind(char::is_whitespace).map_or(0, |at| at + 1);
        match typed[start..].strip_prefix('@') {
            Some(prefix) => Ok((start, self.names(prefix, "@"))),
            None => Ok((pos, Vec::new())),
        }
    }
}
