//! A belt for the logs: whatever looks like a key or a password is blotted out before a line is written.
//!
//! The braces are that nobody logs secrets in the first place. Never rely on this for text that leaves the house.

use secrecy::{ExposeSecret, SecretString};

/// What a secret is replaced with.
const BLOT: &str = "[redacted]";
/// Shortest configured secret that is searched for literally; shorter ones would blot out ordinary words.
const SECRET_MIN: usize = 8;
/// Shortest tail after a marker that is taken for a key.
const TAIL_MIN: usize = 8;
/// What keys begin with: the rest of the word after it is blotted out.
const MARKERS: [&str; 9] = ["sk-", "Bearer ", "bearer ", "Bot ", "syt_", "hf_", "gsk_", "AIza", "api_key="];

/// Replaces secrets in text.
#[derive(Clone, Default)]
pub struct Scrubber {
    secrets: Vec<SecretString>,
}

impl Scrubber {
    /// Knows `secrets` literally, besides everything that looks like a key.
    pub fn new(secrets: Vec<SecretString>) -> Self {
        let mut secrets: Vec<_> =
            secrets.into_iter().filter(|secret| secret.expose_secret().len() >= SECRET_MIN).collect();
        // Longest first: a secret that contains another must go whole.
        secrets.sort_by_key(|secret| std::cmp::Reverse(secret.expose_secret().len()));
        Self { secrets }
    }

    /// The text without secrets.
    pub fn scrub(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for secret in &self.secrets {
            if text.contains(secret.expose_secret()) {
                text = text.replace(secret.expose_secret(), BLOT);
            }
        }
        for marker in MARKERS {
            text = blot_after(&text, marker);
        }
        blot_passwords(&text)
    }
}

/// Characters that keys are made of.
fn is_key_char(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '~' | '+' | '/' | '=')
}

/// Blots out the word after each `marker` that starts a word itself.
fn blot_after(text: &str, marker: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(marker) {
        let (before, found) = rest.split_at(at);
        let tail = &found[marker.len()..];
        let end = tail.find(|c| !is_key_char(c)).unwrap_or(tail.len());
        let starts_word = !before.ends_with(|c: char| c.is_ascii_alphanumeric());
        out.push_str(before);
        out.push_str(marker);
        if starts_word && end >= TAIL_MIN {
            out.push_str(BLOT);
        } else {
            out.push_str(&tail[..end]);
        }
        rest = &tail[end..];
    }
    out.push_str(rest);
    out
}

/// Blots out the password of every `scheme://user:password@host`.
fn blot_passwords(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("://") {
        let (before, found) = rest.split_at(at + 3);
        out.push_str(before);
        let end =
            found.find(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '`' | '<' | '>')).unwrap_or(found.len());
        // A password may hold a raw `/` or `@`: the last `@` of the word ends it.
        match (found[..end].rfind('@'), found[..end].find(':')) {
            (Some(at), Some(colon)) if colon < at => {
                out.push_str(&found[..=colon]);
                out.push_str(BLOT);
                out.push_str(&found[at..end]);
            }
            _ => out.push_str(&found[..end]),
        }
        rest = &found[end..];
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_and_passwords_are_blotted_out_and_the_rest_stays() {
        let scrubber = Scrubber::new(vec!["correct horse".into(), "short".into()]);
        for (text, wanted) in [
            ("key sk-proj-abcdefgh12345678 used", "key sk-[redacted] used"),
            ("Authorization: Bearer abc.def-ghi_jkl, next", "Authorization: Bearer [redacted], next"),
            ("postgres://me:p@ss/w:rd@db:5432/house gone", "postgres://me:[redacted]@db:5432/house gone"),
            ("it was correct horse", "it was [redacted]"),
            ("a short word", "a short word"),
            ("risk-taking-is-fine and desk-lamps-are-too", "risk-taking-is-fine and desk-lamps-are-too"),
            ("https://example.org:8080/v1 ok", "https://example.org:8080/v1 ok"),
            ("sk-short", "sk-short"),
            ("{\"key\":\"sk-abcdefghijkl\",\"n\":1}", "{\"key\":\"sk-[redacted]\",\"n\":1}"),
            ("ünï sk-äöü 東京", "ünï sk-äöü 東京"),
        ] {
            assert_eq!(scrubber.scrub(text), wanted);
        }
    }

    #[test]
    fn a_secret_that_contains_another_goes_whole() {
        let scrubber = Scrubber::new(vec!["abcdefgh".into(), "abcdefgh-and-more".into()]);
        assert_eq!(scrubber.scrub("x abcdefgh-and-more x abcdefgh x"), "x [redacted] x [redacted] x");
    }
}
