//! The terminal as a platform: one member, one place, answers as they are written.
//!
//! Interactive on a terminal; otherwise plain: one line in, one answer out, in order.

mod clean;
mod editor;
mod screen;

use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use secrecy::SecretString;
use tokio::io::{AsyncBufRead, AsyncBufReadExt as _, AsyncWrite, AsyncWriteExt as _, BufReader};

use super::{Face, Limits, OnceKey, Part, Platform, SendError, Streams};
use crate::db;
use crate::desk::{Caller, Desk, Filled};
use crate::domain::{
    Answer, Ask, AskKind, Clock, File, Form, HOST, Identity, Incoming, Place, PlaceRef, Privacy, Speaker,
};
use crate::ops::metrics;
use crate::texts::{Arg, Texts};
use crate::turn::Turns;

pub use screen::{Notices, Screen};

/// Longest line that is taken in, in bytes.
const LINE_MAX: usize = 32 * 1024;
/// Longest answer part: the terminal has no limit of its own.
const PART_MAX: usize = 1 << 20;
/// Where the terminal's conversation is, unless `--place` says otherwise.
const PLACE: &str = "main";

/// Largest file that is read, in bytes.
const FILE_MAX: u64 = 1 << 20;

/// An answer that takes longer than this is said to.
const LONG: Duration = Duration::from_secs(30);

/// Who talks with whom, where.
#[derive(Clone, Debug)]
pub struct Options {
    /// Slug of the personality.
    pub personality: String,
    /// The name the member talks under.
    pub name: String,
    /// The place's name.
    pub place: Option<String>,
    /// File of the input history.
    pub history: PathBuf,
    /// Folder for files that answers come with; made when there is one.
    pub files: PathBuf,
}

/// Who sits at the terminal under a name.
pub fn identity(name: &str) -> Identity {
    Identity { platform: "console".into(), subject: name.trim().to_lowercase() }
}

/// The terminal's connection to the house.
pub struct Terminal {
    screen: Arc<Screen>,
}

impl Terminal {
    /// A terminal that shows answers on `screen`.
    pub fn new(screen: Arc<Screen>) -> Self {
        Self { screen }
    }
}

#[async_trait]
impl Platform for Terminal {
    fn name(&self) -> &'static str {
        "console"
    }

    fn limits(&self) -> Limits {
        let streams = if self.screen.is_interactive() { Streams::Live } else { Streams::No };
        Limits { message_len: PART_MAX, messages_max: usize::MAX, takes_back: false, streams, discloses: false }
    }

    async fn send(&self, _to: &Place, part: &Part, once: &OnceKey) -> Result<String, SendError> {
        self.screen
            .answer(&part.face, &part.text, part.footer.as_deref())
            .await
            .map_err(|error| SendError::Unsure(error.to_string()))?;
        Ok(once.0.clone())
    }

    fn writing(&self, _to: &Place, face: &Face, draft: Option<&str>) {
        self.screen.writing(face, draft);
    }
}

/// One conversation in the terminal.
pub struct Conversation {
    turns: Arc<Turns>,
    desk: Arc<Desk>,
    clock: Arc<dyn Clock>,
    screen: Arc<Screen>,
    caller: Mutex<Caller>,
    /// Slug of the personality that hosts the house.
    first: String,
    /// A form that is being filled in.
    form: Mutex<Option<Filling>>,
    files: PathBuf,
    locale: String,
}

/// A form, and what was given so far.
struct Filling {
    form: Form,
    given: Filled,
    /// Fields that are done with.
    asked: usize,
}

impl Filling {
    /// What is asked for now.
    fn ask(&self) -> Option<&Ask> {
        self.form.asks.get(self.asked)
    }
}

/// Whether to go on after a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Next {
    GoOn,
    Leave,
}

impl Conversation {
    /// A conversation as `options` say.
    pub fn new(
        turns: Arc<Turns>,
        desk: Arc<Desk>,
        clock: Arc<dyn Clock>,
        screen: Arc<Screen>,
        options: &Options,
    ) -> Self {
        let identity = identity(&options.name);
        let who = identity.subject.clone();
        let place = options.place.as_deref().unwrap_or(PLACE);
        let caller = Caller {
            identity,
            name: options.name.clone(),
            place: PlaceRef {
                platform: "console".into(),
                // Each member's conversation with the house is their own.
                subject: format!("{who}/{place}"),
                parent: None,
                privacy: Privacy::Direct,
                is_encrypted: false,
                // Whoever sits at the machine runs the house.
                is_adult: true,
            },
            personality: options.personality.clone(),
            is_moderator: true,
            locale: None,
            message: None,
            persona: None,
        };
        let locale = turns.settings.locale.clone();
        Self {
            turns,
            desk,
            clock,
            screen,
            caller: Mutex::new(caller),
            first: HOST.to_owned(),
            form: Mutex::default(),
            files: options.files.clone(),
            locale,
        }
    }

    fn caller(&self) -> Caller {
        self.caller.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn say(&self, id: &str, args: &[(&str, Arg)]) -> String {
        self.texts().say(&self.locale, id, args)
    }

    fn texts(&self) -> &Arc<Texts> {
        self.desk.texts()
    }

    /// The name of the personality that is talked with.
    fn partner(&self) -> String {
        let slug = self.caller().personality;
        self.turns.directory.names().of_slug(&slug).map_or(slug, |personality| personality.file.name.clone())
    }

    /// Talks until the end of the input, a `/quit` or a stop.
    pub async fn run(self: Arc<Self>, options: &Options) -> anyhow::Result<()> {
        if std::io::stdin().is_terminal() && self.screen.is_interactive() {
            return self.interactive(options).await;
        }
        self.plain(BufReader::new(tokio::io::stdin())).await
    }

    /// Plain mode over any input.
    async fn plain(&self, mut input: impl AsyncBufRead + Unpin) -> anyhow::Result<()> {
        let soft = self.turns.life.soft();
        let mut line = Vec::new();
        loop {
            line.clear();
            let read = tokio::select! {
                read = input.read_until(b'\n', &mut line) => read?,
                () = soft.cancelled() => return Ok(()),
            };
            if read == 0 {
                return Ok(());
            }
            if self.line(&String::from_utf8_lossy(&line)).await? == Next::Leave {
                return Ok(());
            }
        }
    }

    async fn interactive(self: &Arc<Self>, options: &Options) -> anyhow::Result<()> {
        let name = self.partner();
        self.screen.notice(&self.say("console-welcome", &[("name", name.into())]));
        let soft = self.turns.life.soft();
        let caller = self.caller();
        let person = self.turns.directory.person(&caller.identity, &caller.name).await?;
        let (directory, member) = (self.turns.directory.clone(), person.member.id.clone());
        let mut editor = editor::Editor::start(directory, member, options.history.clone())?;
        loop {
            let line = tokio::select! {
                line = editor.read(self.prompt()) => line,
                () = soft.cancelled() => break,
            };
            match line {
                editor::Read::Line(line) => {
                    if self.line_or_interrupt(&line).await? == Next::Leave {
                        return Ok(());
                    }
                }
                editor::Read::Interrupted if self.form().take().is_some() => {
                    self.screen.notice(&self.say("console-form-left", &[]));
                }
                editor::Read::Interrupted => self.screen.notice(&self.say("console-leave-hint", &[])),
                editor::Read::End => break,
            }
        }
        if let Some(path) = editor.unsaved() {
            let path = path.display().to_string();
            self.screen.notice(&self.say("console-no-history", &[("path", path.into())]));
        }
        self.screen.notice(&self.say("console-goodbye", &[]));
        Ok(())
    }

    /// A line in the interactive mode: Ctrl-C withdraws the question.
    async fn line_or_interrupt(&self, line: &str) -> anyhow::Result<Next> {
        let mut answered = Box::pin(self.line(line));
        let mut long = Box::pin(tokio::time::sleep(LONG));
        loop {
            tokio::select! {
                next = &mut answered => return next,
                () = &mut long => {
                    self.screen.notice(&self.say("console-takes-longer", &[("name", self.partner().into())]));
                    long.as_mut().reset(tokio::time::Instant::now() + LONG);
                }
                interrupted = tokio::signal::ctrl_c() => {
                    interrupted?;
                    break;
                }
            }
        }
        let caller = self.caller();
        let place = self.turns.directory.place(&caller.place).await?;
        let person = self.turns.directory.person(&caller.identity, &caller.name).await?;
        self.turns.cancel(&place.id, &person.member.id).await?;
        let next = answered.await?;
        self.screen.stopped(&self.say("console-stopped", &[]));
        Ok(next)
    }

    /// One line: a command, or something to say.
    async fn line(&self, line: &str) -> anyhow::Result<Next> {
        let line = line.trim_end_matches(['\r', '\n']);
        let filling = self.form().take();
        if let Some(filling) = filling {
            return self.fill(filling, line).await;
        }
        if line.trim().is_empty() {
            return Ok(Next::GoOn);
        }
        self.find_partner().await?;
        if line.len() > LINE_MAX {
            let text = self.say("refusal-message-too-long", &[("max", LINE_MAX.into())]);
            self.screen.command(&Answer::private(text)).await?;
            return Ok(Next::GoOn);
        }
        if commands::is_command(line) { self.command(line, None).await } else { self.message(line).await }
    }

    /// Goes on with somebody else when the one who was talked with is no longer there, and says so.
    async fn find_partner(&self) -> anyhow::Result<()> {
        let caller = self.caller();
        let person = self.turns.directory.person(&caller.identity, &caller.name).await?;
        let names = self.turns.directory.names();
        let seen = names.seen_by(&person.member.id);
        if seen.find(&caller.personality).is_some() {
            return Ok(());
        }
        // A character that was deleted or given away; the one that the conversation began with, else anybody.
        let other = seen.find(&self.first).cloned().or_else(|| seen.all().into_iter().next());
        if let Some(other) = other {
            self.caller.lock().unwrap_or_else(PoisonError::into_inner).personality.clone_from(&other.slug);
            let text = self.say("reply-talk", &[("name", other.file.name.clone().into())]);
            self.screen.command(&Answer::private(text)).await?;
        }
        Ok(())
    }

    fn form(&self) -> std::sync::MutexGuard<'_, Option<Filling>> {
        self.form.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What the next line is for.
    fn prompt(&self) -> editor::Prompt {
        match self.form().as_ref().and_then(Filling::ask) {
            Some(ask) => editor::Prompt {
                text: format!("{}: ", ask.label),
                is_form: true,
                is_secret: ask.kind == AskKind::Secret,
            },
            None => editor::Prompt { text: "> ".to_owned(), is_form: false, is_secret: false },
        }
    }

    /// One field of a form. An empty line leaves the form, or the field where it may stay as it is.
    async fn fill(&self, mut filling: Filling, given: &str) -> anyhow::Result<Next> {
        let Some(ask) = filling.ask().cloned() else { return Ok(Next::GoOn) };
        if given.trim().is_empty() && !ask.is_optional {
            self.screen.command(&Answer::private(self.say("console-form-left", &[]))).await?;
            return Ok(Next::GoOn);
        }
        let content = match ask.kind {
            AskKind::File => match read_file(given.trim()).await {
                Ok(content) => content,
                Err(why) => {
                    let args = [("path", given.trim().into()), ("why", why.into())];
                    self.screen.command(&Answer::private(self.say("console-file-not-read", &args))).await?;
                    *self.form() = Some(filling);
                    return Ok(Next::GoOn);
                }
            },
            AskKind::Line | AskKind::Text | AskKind::Secret => given.to_owned(),
        };
        filling.asked += 1;
        if !content.trim().is_empty() {
            filling.given.push((ask.name, SecretString::from(content)));
        }
        if filling.ask().is_some() {
            *self.form() = Some(filling);
            return Ok(Next::GoOn);
        }
        self.command(&filling.form.line, Some(filling.given)).await
    }

    async fn command(&self, line: &str, filled: Option<Filled>) -> anyhow::Result<Next> {
        metrics::event("console", metrics::Event::Asked);
        let caller = self.caller();
        let mut answer = match filled {
            Some(filled) => self.desk.filled(&caller, line, filled).await,
            None => self.desk.line(&caller, line).await,
        };
        if let Some(form) = answer.form.take() {
            if form.asks.iter().any(|ask| ask.is_optional) {
                answer.text = format!("{} {}", answer.text, self.say("console-form-optional", &[]));
            }
            *self.form() = Some(Filling { form, given: Filled::default(), asked: 0 });
        }
        if let Some(file) = answer.file.take() {
            answer.text = format!("{}\n{}", answer.text, self.saved(&file));
        }
        let command = commands::parse(line).ok();
        if let Some(commands::Command::Talk(talk)) = &command {
            let person = self.turns.directory.person(&caller.identity, &caller.name).await?;
            let names = self.turns.directory.names();
            if let Some(personality) = names.seen_by(&person.member.id).find(talk.name.as_str()) {
                self.caller.lock().unwrap_or_else(PoisonError::into_inner).personality.clone_from(&personality.slug);
            }
        }
        self.screen.command(&answer).await?;
        for turn in &answer.turns {
            self.turns.ended(turn).await?;
        }
        Ok(if command == Some(commands::Command::Quit) { Next::Leave } else { Next::GoOn })
    }

    /// Saves a file where only its owner reads it; says where, or why not.
    fn saved(&self, file: &File) -> String {
        let path = self.files.join(&file.name);
        let shown = path.display().to_string();
        match save(&path, &file.content) {
            Ok(()) => self.say("console-file-saved", &[("path", shown.into())]),
            Err(error) => {
                self.say("console-file-not-saved", &[("path", shown.into()), ("why", error.to_string().into())])
            }
        }
    }

    async fn message(&self, line: &str) -> anyhow::Result<Next> {
        let caller = self.caller();
        let id = self.clock.id();
        let incoming = Incoming {
            account: "console".into(),
            platform_id: id.clone(),
            place: caller.place,
            speaker: Speaker { identity: caller.identity, name: caller.name, is_bot: false },
            text: line.to_owned(),
            with: String::new(),
            pictures: Vec::new(),
            proxied: None,
            replaces: None,
            calls_house: false,
            at: self.clock.now(),
            reply_to: None,
            called: Vec::new(),
            addressed: Some(caller.personality),
            trace: id,
        };
        metrics::event("console", metrics::Event::Said);
        match self.turns.receive(incoming).await {
            Ok(received) if received.held_a_key => {
                self.screen.command(&Answer::private(self.say("refusal-key-in-message", &[]))).await?;
            }
            Ok(received) if received.is_full => {
                self.screen.command(&Answer::private(self.say("refusal-queue-full", &[]))).await?;
            }
            Ok(received) => {
                for turn in &received.turns {
                    self.turns.ended(turn).await?;
                }
            }
            Err(error) => {
                crate::ops_error("receive", &error);
                let text = match error {
                    db::Error::Full => error.to_string(),
                    _ => self.say("refusal-internal", &[]),
                };
                self.screen.command(&Answer::private(text)).await?;
            }
        }
        Ok(Next::GoOn)
    }
}

/// The text of a file that is asked for.
async fn read_file(path: &str) -> Result<String, String> {
    let size = tokio::fs::metadata(path).await.map_err(|error| error.to_string())?.len();
    if size > FILE_MAX {
        return Err(format!("{size} > {FILE_MAX} bytes"));
    }
    tokio::fs::read_to_string(path).await.map_err(|error| error.to_string())
}

fn save(path: &Path, content: &[u8]) -> std::io::Result<()> {
    use std::io::Write as _;
    use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};

    if let Some(folder) = path.parent() {
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    }
    let mut file = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(content)?;
    file.sync_all()
}

/// Writes all of `text` to `out` and flushes it.
async fn write_all(out: &mut (impl AsyncWrite + Unpin), text: &str) -> std::io::Result<()> {
    out.write_all(text.as_bytes()).await?;
    out.flush().await
}
