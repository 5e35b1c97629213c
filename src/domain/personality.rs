//! Personalities: the AI characters.

use super::{MemberId, PersonalityId};

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
}

/// A stored personality.
#[derive(Clone, Debug, PartialEq)]
pub struct Personality {
    pub id: PersonalityId,
    pub slug: String,
    pub owner: Option<MemberId>,
    pub visibility: Visibility,
    pub file: PersonalityFile,
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
