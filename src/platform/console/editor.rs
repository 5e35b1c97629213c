//! Line editing on a thread of its own: history, completion of commands and names.

use std::path::PathBuf;
use std::sync::Arc;

use commands::{Completion, Source, Wanted};
use rustyline::completion::{Completer, Pair};
use rustyline::error::ReadlineError;
use rustyline::history::DefaultHistory;
use rustyline::{Context, Helper, Highlighter, Hinter, Validator};
use tokio::sync::mpsc;

use crate::directory::Directory;

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

/// The editor's thread: reads one line each time it is asked.
pub struct Editor {
    ask: std::sync::mpsc::Sender<()>,
    lines: mpsc::Receiver<Read>,
    history: PathBuf,
}

impl Editor {
    /// Starts the thread.
    pub fn start(directory: Arc<Directory>, history: PathBuf) -> anyhow::Result<Self> {
        let config = rustyline::Config::builder()
            .max_history_size(HISTORY_MAX)?
            .history_ignore_dups(true)?
            .completion_type(rustyline::CompletionType::List)
            .build();
        let mut editor = rustyline::Editor::<Words, DefaultHistory>::with_config(config)?;
        editor.set_helper(Some(Words { directory }));
        // The first start has no history yet.
        let _ = editor.load_history(&history);
        let (ask, asked) = std::sync::mpsc::channel();
        let (give, lines) = mpsc::channel(1);
        let file = history.clone();
        std::thread::Builder::new().name("line-editor".into()).spawn(move || {
            while asked.recv().is_ok() {
                let read = match editor.readline("> ") {
                    Ok(line) => {
                        let _ = editor.add_history_entry(line.as_str());
                        let _ = editor.append_history(&file);
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
    pub async fn read(&mut self) -> Read {
        if self.ask.send(()).is_err() {
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
#[derive(Helper, Highlighter, Hinter, Validator)]
struct Words {
    directory: Arc<Directory>,
}

impl Words {
    fn fitting(&self, completion: &Completion) -> Vec<Pair> {
        match &completion.wanted {
            Wanted::Words(words) => {
                words.iter().map(|word| Pair { display: word.text.clone(), replacement: word.text.clone() }).collect()
            }
            Wanted::From(Source::Personalities) => self.names(&completion.prefix, ""),
            Wanted::From(_) | Wanted::Nothing => Vec::new(),
        }
    }

    fn names(&self, prefix: &str, before: &str) -> Vec<Pair> {
        let prefix = prefix.to_lowercase();
        let all = self.directory.names().all();
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
