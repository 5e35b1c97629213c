//! A key pasted into the conversation: recognised before anything is stored, asked or remembered.

/// How the keys of well-known providers begin, and the fewest characters of one.
const BEGINNINGS: [(&str, usize); 8] =
    [("sk-", 20), ("sk_", 20), ("AIza", 35), ("gsk_", 20), ("xai-", 20), ("hf_", 20), ("r8_", 20), ("github_pat_", 30)];

/// Whether `text` holds a word that looks like a provider's key.
pub fn holds_a_key(text: &str) -> bool {
    let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    text.split(|c: char| !is_part(c)).any(|word| {
        BEGINNINGS
            .iter()
            .any(|(start, least)| word.len() >= *least && word.starts_with(start) && is_mixed(&word[start.len()..]))
    })
}

/// Keys have digits among their letters; words joined by hyphens do not.
fn is_mixed(rest: &str) -> bool {
    rest.bytes().any(|byte| byte.is_ascii_digit()) && rest.bytes().any(|byte| byte.is_ascii_alphabetic())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_recognised_and_ordinary_words_are_not() {
        for text in [
            "my key is sk-or-v1-0123456789abcdef0123",
            "sk-ant-api03-AbCdEf0123456789xyz",
            "use (AIzaSyA1234567890abcdefghijklmnopqrstu)",
            "gsk_abc123abc123abc123abc",
            "\"xai-9f8e7d6c5b4a39281706\"",
        ] {
            assert!(holds_a_key(text), "{text}");
        }
        for text in [
            "sk-learn is a library for people-who-like-hyphens",
            "the sk-dialect-of-the-north-and-south",
            "AIza",
            "order 66 for xai-",
            "https://example.org/sk-12",
        ] {
            assert!(!holds_a_key(text), "{text}");
        }
    }
}
