//! What a command answers and why something is refused: neutral, rendered by each platform.

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

/// A command's answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    pub text: String,
    pub fields: Vec<Field>,
    pub file: Option<File>,
    /// Only the asker may see it.
    pub private: bool,
}

impl Answer {
    /// An answer that only the asker sees.
    pub fn private(text: impl Into<String>) -> Self {
        Self { text: text.into(), private: true, ..Self::default() }
    }

    /// An answer for everyone in the place.
    pub fn public(text: impl Into<String>) -> Self {
        Self { text: text.into(), ..Self::default() }
    }

    /// The same answer with a file.
    #[must_use]
    pub fn with_file(mut self, name: impl Into<String>, content: Vec<u8>) -> Self {
        self.file = Some(File { name: name.into(), content });
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
