//! Personalities: the AI characters.

use super::{MemberId, PersonalityId};

/// Slug of the built-in personality that answers where nobody else is asked for.
pub const HOST: &str = "abi";

/// Who may find and call a personality.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Visibility {
    Private,
    Shared,
    #[default]
    Public,
}

/// The content of a personality file, whatever its storage.
#[derive(Clone, Debug, Default, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PersonalityFile {
    /// The name people call.
    pub name: String,
    /// Stable id in commands and files: lower-case letters, digits, hyphens.
    #[serde(default)]
    pub slug: String,
    /// One line for lists.
    #[serde(default)]
    pub about: String,
    #[serde(default)]
    pub pronouns: Option<String>,
    /// Other names it answers to.
    #[serde(default)]
    pub aliases: Vec<String>,
    /// What it says first in an empty place; empty: nothing.
    #[serde(default)]
    pub greeting: String,
    /// A few sentences of prompt for models too small for `prompt`.
    #[serde(default)]
    pub brief: String,
    /// The character, in prose: the body of the file.
    #[serde(default)]
    pub prompt: String,
    /// Example exchanges: member line, then answer.
    #[serde(default)]
    pub examples: Vec<(String, String)>,
    /// Sampling temperature, 0.0–2.0.
    #[serde(default)]
    pub temperature: Option<f32>,
    /// Upper bound of answer tokens.
    #[serde(default)]
    pub max_tokens: Option<u32>,
    /// Speaks only where the platform keeps minors out.
    #[serde(default, skip_serializing_if = "is_false")]
    pub adult: bool,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over a reference")]
fn is_false(value: &bool) -> bool {
    !value
}

/// A stored personality.
#[derive(Clone, Debug, PartialEq)]
pub struct Personality {
    pub id: PersonalityId,
    pub slug: String,
    pub owner: Option<MemberId>,
    /// Who looks after it beside the owner.
    pub co_owners: Vec<MemberId>,
    /// Who may talk to it while it is not public.
    pub guests: Vec<MemberId>,
    pub visibility: Visibility,
    /// File of its picture, among the avatars of the data directory.
    pub avatar: Option<String>,
    pub file: PersonalityFile,
}

impl Personality {
    /// A public personality of nobody, as files define one.
    pub fn of_file(id: PersonalityId, file: PersonalityFile) -> Self {
        Self {
            id,
            slug: file.slug.clone(),
            owner: None,
            co_owners: Vec::new(),
            guests: Vec::new(),
            visibility: Visibility::Public,
            avatar: None,
            file,
        }
    }

    /// Whether `member` looks after it.
    pub fn is_of(&self, member: &MemberId) -> bool {
        self.owner.as_ref() == Some(member) || self.co_owners.contains(member)
    }

    /// Whether `member` may talk to it.
    pub fn is_for(&self, member: &MemberId) -> bool {
        self.visibility == Visibility::Public || self.is_of(member) || self.guests.contains(member)
    }
}

/// Another name of a personality.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alias {
    pub id: String,
    pub name: String,
    pub personality: PersonalityId,
    /// Whose it is; `None`: everyone's.
    pub member: Option<MemberId>,
}

impl Alias {
    /// The name as names are compared.
    pub fn folded(&self) -> String {
        self.name.trim().to_lowercase()
    }
}

/// The slug of a name: lower-case ASCII letters and digits, runs of anything else as one hyphen.
///
/// Empty when the name has no letter or digit that survives.
pub fn slug_of(name: &str) -> String {
    let mut slug = String::new();
    for c in name.chars().flat_map(char::to_lowercase) {
        if c.is_ascii_alphanumeric() {
            slug.push(c);
        } else if !slug.is_empty() && !slug.ends_with('-') {
            slug.push('-');
        }
    }
    slug.truncate(32);
    slug.truncate(slug.trim_end_matches('-').len());
    slug
}
