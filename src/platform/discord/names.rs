//! Names as Discord lets webhooks have them: adjusted so that people read the same, rather than refused.

use crate::domain::one_line;

/// Longest name of a webhook, in characters.
const NAME_MAX: usize = 80;
/// Words that no name may hold.
const FORBIDDEN: [&str; 2] = ["discord", "clyde"];
/// Names that nothing may have.
const RESERVED: [&str; 3] = ["everyone", "here", "system message"];
/// Stands between two letters without being seen.
const HAIR_SPACE: char = '\u{200a}';

/// A name that Discord takes.
pub fn legal(name: &str) -> String {
    let plain: String = name
        .chars()
        .map(|c| match c {
            '@' => '＠',
            '#' => '＃',
            ':' => '：',
            '`' => '\'',
            c if c.is_control() => ' ',
            c => c,
        })
        .collect();
    let mut name = one_line(&plain).into_owned();
    for word in FORBIDDEN {
        while let Some(at) = position(&name, word) {
            let second = name[at..].char_indices().nth(1).map_or(name.len(), |(second, _)| at + second);
            name.insert(second, HAIR_SPACE);
        }
    }
    if RESERVED.contains(&name.to_lowercase().as_str()) {
        name.push('.');
    }
    let name: String = name.chars().take(NAME_MAX).collect();
    if name.trim().is_empty() { "…".to_owned() } else { name }
}

/// Where a word of ASCII letters is, whatever their case.
fn position(name: &str, word: &str) -> Option<usize> {
    name.as_bytes().windows(word.len()).position(|part| part.eq_ignore_ascii_case(word.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_adjusted_rather_than_refused() {
        assert_eq!(legal("Abbey"), "Abbey");
        assert_eq!(legal("Discord Dan"), "D\u{200a}iscord Dan");
        assert_eq!(legal("cLyDe clyde"), "c\u{200a}LyDe c\u{200a}lyde");
        assert_eq!(legal("everyone"), "everyone.");
        assert_eq!(legal("a@b #c\u{7}"), "a＠b ＃c");
        assert_eq!(legal("  "), "…");
        assert_eq!(legal(&"é".repeat(200)).chars().count(), NAME_MAX);
        assert_eq!(legal("Ünï discord"), "Ünï d\u{200a}iscord");
        for name in ["discorddiscord", "CLYDEclyde", "disclydecord"] {
            let name = legal(name).to_lowercase();
            assert!(!name.contains("discord") && !name.contains("clyde"), "{name}");
        }
    }
}
