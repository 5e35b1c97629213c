//! What a command answers and why something is refused: neutral, rendered by each platform.

use super::TurnId;

/// One row of a command's answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    pub name: String,
    pub value: String,
}

/// A file that comes with an answer.
#[derive(Clone, PartialEq, Eq)]
pub struct File {
    /// A plain name without folders.
    pub name: String,
    pub content: Vec<u8>,
}

impl std::fmt::Debug for File {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "File({}, {} bytes)", self.name, self.content.len())
    }
}

/// What kind of thing a form asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AskKind {
    /// A line of text.
    Line,
    /// Text of several lines, where a platform can ask for that.
    Text,
    /// Not to be shown while it is typed, nor kept anywhere.
    Secret,
    /// The content of a text file.
    File,
}

/// Something that a form asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ask {
    /// Name under which it is handed back.
    pub name: &'static str,
    pub label: String,
    pub kind: AskKind,
    /// May be left as it is: nothing is handed back then.
    pub is_optional: bool,
}

impl Ask {
    /// Something that has to be given.
    pub fn new(name: &'static str, label: String, kind: AskKind) -> Self {
        Self { name, label, kind, is_optional: false }
    }

    /// A line that may be left as it is.
    pub fn optional(name: &'static str, label: String) -> Self {
        Self { name, label, kind: AskKind::Line, is_optional: true }
    }
}

/// What a command still wants to know. A platform asks for it in private and hands it back with the command's line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Form {
    pub asks: Vec<Ask>,
    /// The command's line, to be given again with what was filled in.
    pub line: String,
}

impl Form {
    /// Whether it asks for something that must not be shown or kept.
    pub fn asks_for_secret(&self) -> bool {
        self.asks.iter().any(|ask| ask.kind == AskKind::Secret)
    }
}

/// What else can be asked, for platforms with buttons; the others say it in the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Button {
    pub label: String,
    /// The command's line.
    pub line: String,
}

/// A command's answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    pub text: String,
    pub fields: Vec<Field>,
    pub file: Option<File>,
    pub form: Option<Form>,
    pub buttons: Vec<Button>,
    /// Answers of personalities that the command asked for; they come as any other.
    pub turns: Vec<TurnId>,
    /// Only the asker may see it.
    pub private: bool,
    /// Why what was asked for was not done: the id of the text that says so.
    pub refused: Option<&'static str>,
}

impl Answer {
    /// An answer that only the asker sees.
    pub fn private(text: impl Into<String>) -> Self {
        Self { text: text.into(), private: true, ..Self::default() }
    }

    /// Why something was not done; only the asker sees it.
    pub fn refusal(id: &'static str, text: impl Into<String>) -> Self {
        Self { refused: Some(id), ..Self::private(text) }
    }

    /// An answer for everyone in the place.
    pub fn public(text: impl Into<String>) -> Self {
        Self { text: text.into(), ..Self::default() }
    }

    /// The same answer with a form.
    #[must_use]
    pub fn with_form(mut self, form: Form) -> Self {
        self.form = Some(form);
        self
    }

    /// The same answer with a file.
    #[must_use]
    pub fn with_file(mut self, name: impl Into<String>, content: Vec<u8>) -> Self {
        self.file = Some(File { name: name.into(), content });
        self
    }

    /// The same answer with one more button.
    #[must_use]
    pub fn with_button(mut self, label: impl Into<String>, line: impl Into<String>) -> Self {
        self.buttons.push(Button { label: label.into(), line: line.into() });
        self
    }

    /// The same answer, with the answer of a personality to follow.
    #[must_use]
    pub fn with_turn(mut self, turn: TurnId) -> Self {
        self.turns.push(turn);
        self
    }

    /// The same answer with one more row.
    #[must_use]
    pub fn with(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.fields.push(Field { name: name.into(), value: value.into() });
        self
    }
}

/// Why a request is turned down: a Fluent id of `refusals.ftl` and its arguments.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{id}")]
pub struct Refusal {
    pub id: &'static str,
    pub args: Vec<(&'static str, String)>,
}

impl Refusal {
    /// A refusal whose text is the Fluent message `id`.
    pub fn new(id: &'static str) -> Self {
        Self { id, args: Vec::new() }
    }

    /// The same refusal with a named argument.
    #[must_use]
    pub fn arg(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.args.push((name, value.into()));
        self
    }
}
