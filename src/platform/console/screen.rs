//! What is shown: answers as they arrive, answers of commands, notices, progress.

use std::io::{IsTerminal as _, Write as _};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use indicatif::{ProgressBar, ProgressStyle};

use super::clean::clean;
use super::write_all;
use crate::domain::Answer;
use crate::model::Notice;
use crate::model::fetch::{MODEL_NAME, Progress};
use crate::platform::Face;
use crate::texts::Texts;

/// Colours of names, by turn; none where the terminal or the reader wants none.
const COLOURS: [&str; 6] = ["\u{1b}[36m", "\u{1b}[35m", "\u{1b}[33m", "\u{1b}[32m", "\u{1b}[34m", "\u{1b}[31m"];
const DIM: &str = "\u{1b}[2m";
const PLAIN: &str = "\u{1b}[0m";

/// The terminal's output.
pub struct Screen {
    is_interactive: bool,
    has_colours: bool,
    writing_text: String,
    state: Mutex<Written>,
}

/// What of the answer under way is on the screen.
#[derive(Default)]
struct Written {
    /// The draft as shown.
    shown: String,
    /// Whether "… is writing" is on the line.
    hint: bool,
    /// Whether the name stands before the draft.
    begun: bool,
}

impl Screen {
    /// The process's standard output; `no_colour` is the reader's wish.
    pub fn standard(texts: &Texts, locale: &str, no_colour: bool) -> Self {
        let is_interactive = std::io::stdout().is_terminal();
        Self {
            is_interactive,
            has_colours: is_interactive && !no_colour,
            writing_text: texts.say(locale, "console-writing", &[("name", "\u{0}".into())]),
            state: Mutex::default(),
        }
    }

    /// Whether drafts and hints are shown.
    pub fn is_interactive(&self) -> bool {
        self.is_interactive
    }

    fn state(&self) -> MutexGuard<'_, Written> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn name(&self, face: &Face) -> String {
        let name = clean(&face.name);
        if !self.has_colours {
            return format!("{name}: ");
        }
        let colour = COLOURS[face.slug.bytes().map(usize::from).sum::<usize>() % COLOURS.len()];
        format!("{colour}{name}{PLAIN}: ")
    }

    fn dim(&self, text: &str) -> String {
        if self.has_colours { format!("{DIM}{text}{PLAIN}") } else { text.to_owned() }
    }

    /// Shows that `face` writes, and how far the text is.
    pub fn writing(&self, face: &Face, draft: Option<&str>) {
        if !self.is_interactive {
            return;
        }
        let mut written = self.state();
        let mut out = std::io::stdout().lock();
        match draft.map(clean) {
            None if !written.begun && !written.hint => {
                let hint = self.writing_text.replace('\u{0}', &clean(&face.name));
                let _ = write!(out, "{}", self.dim(&hint));
                written.hint = true;
            }
            Some(draft) if draft.trim_start().len() > written.shown.len() => {
                let draft = draft.trim_start();
                self.begin(&mut out, &mut written, face);
                if let Some(more) = draft.strip_prefix(written.shown.as_str()) {
                    let _ = write!(out, "{more}");
                    written.shown = draft.to_owned();
                }
            }
            _ => {}
        }
        let _ = out.flush();
    }

    fn begin(&self, out: &mut impl std::io::Write, written: &mut Written, face: &Face) {
        if written.hint {
            let _ = write!(out, "\r\u{1b}[2K");
        }
        if !written.begun {
            let _ = write!(out, "{}", self.name(face));
        }
        (written.begun, written.hint) = (true, false);
    }

    /// Shows a finished answer; returns once it is written.
    pub async fn answer(&self, face: &Face, text: &str, footer: Option<&str>) -> std::io::Result<()> {
        let text = clean(text);
        let footer = footer.map(|footer| format!("{}\n", self.dim(&clean(footer)))).unwrap_or_default();
        let line = if self.is_interactive {
            let mut written = std::mem::take(&mut *self.state());
            let mut head = Vec::new();
            self.begin(&mut head, &mut written, face);
            let head = String::from_utf8_lossy(&head).into_owned();
            match text.strip_prefix(written.shown.trim_end()) {
                Some(more) => format!("{head}{more}\n"),
                // The finished text differs from the draft: it counts.
                None => format!("\n{}{text}\n", self.name(face)),
            }
        } else {
            format!("{text}\n")
        };
        write_all(&mut tokio::io::stdout(), &format!("{line}{footer}")).await
    }

    /// Ends a line that a withdrawn answer left behind.
    pub fn stopped(&self, text: &str) {
        let written = std::mem::take(&mut *self.state());
        let start = if written.hint { "\r\u{1b}[2K" } else { "\n" };
        let _ = writeln!(std::io::stdout(), "{start}{}", self.dim(text));
    }

    /// Shows what a command answers.
    pub async fn command(&self, answer: &Answer) -> std::io::Result<()> {
        write_all(&mut tokio::io::stdout(), &format!("{}\n", rendered(answer))).await
    }

    /// Says something of the house's own, beside the conversation.
    pub fn notice(&self, text: &str) {
        if self.is_interactive {
            let _ = writeln!(std::io::stdout(), "{}", self.dim(text));
        } else {
            let _ = writeln!(std::io::stderr(), "{text}");
        }
    }
}

/// Text, then rows with their names aligned; a value of several lines is indented under its name.
fn rendered(answer: &Answer) -> String {
    let mut lines: Vec<String> = Vec::new();
    if !answer.text.is_empty() {
        lines.push(clean(&answer.text));
    }
    let is_short = |name: &str| name.chars().count() <= 24;
    let width = answer.fields.iter().map(|field| field.name.chars().count()).filter(|&width| width <= 24).max();
    let width = width.unwrap_or_default();
    for field in &answer.fields {
        let (name, value) = (clean(&field.name), clean(&field.value));
        if is_short(&name) && !value.contains('\n') {
            let pad = " ".repeat(width - name.chars().count().min(width));
            lines.push(format!("  {name}{pad}  {value}").trim_end().to_owned());
        } else {
            lines.push(format!("  {name}"));
            lines.extend(value.lines().map(|line| format!("      {line}")));
        }
    }
    lines.join("\n")
}

/// Shows what the model says while it is being opened: a bar for what takes long, a line for what there is.
pub struct Notices {
    texts: Arc<Texts>,
    locale: String,
    bar: Mutex<Option<ProgressBar>>,
}

impl Notices {
    /// Notices in `locale`.
    pub fn new(texts: Arc<Texts>, locale: &str) -> Self {
        Self { texts, locale: locale.to_owned(), bar: Mutex::default() }
    }

    /// Shows one notice on standard error.
    pub fn show(&self, notice: Notice) {
        let say = |id: &str, args: &[(&str, crate::texts::Arg)]| self.texts.say(&self.locale, id, args);
        let mut bar = self.bar.lock().unwrap_or_else(PoisonError::into_inner);
        let line = |text: String| {
            let _ = writeln!(std::io::stderr(), "{text}");
        };
        match notice {
            // Whoever configured a model knows which.
            Notice::Configured { .. } | Notice::OwnFile { .. } => {}
            Notice::FoundServer { name, model, .. } => {
                line(say("console-using-server", &[("model", model.into()), ("server", name.into())]));
            }
            Notice::Fetching(progress) => {
                let bar = bar.get_or_insert_with(|| {
                    let bar = ProgressBar::new(0);
                    let style = ProgressStyle::with_template("{msg} {bar:30} {bytes}/{total_bytes} {eta}");
                    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
                    let text = say("console-fetching-model", &[("model", MODEL_NAME.into())]);
                    if !std::io::stderr().is_terminal() {
                        line(text.clone());
                    }
                    bar.set_message(text);
                    bar
                });
                match progress {
                    Progress::Bytes { done, total } => {
                        bar.set_length(total);
                        bar.set_position(done);
                    }
                    Progress::Package | Progress::Checking => bar.tick(),
                }
            }
            Notice::Tiny => {
                if let Some(bar) = bar.take() {
                    bar.finish_and_clear();
                    line(say("console-fetched-model", &[("model", MODEL_NAME.into())]));
                }
                line(say("console-tiny-model", &[("model", MODEL_NAME.into())]));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_aligned_and_long_ones_indented() {
        let answer = Answer::private("Head").with("a", "one").with("long name", "two").with("many", "x\ny");
        assert_eq!(rendered(&answer), "Head\n  a          one\n  long name  two\n  many\n      x\n      y");
    }
}
