//! Text files that come with messages.

/// Largest file of text that is read, in bytes, and how much of it, in characters.
pub(super) const TEXT_FILE_MAX: u64 = 256 * 1024;
const CHARS_MAX: usize = 8_000;
/// Endings of text files that platforms give no kind, or another.
const TEXT_ENDINGS: [&str; 24] = [
    "c", "cfg", "conf", "cpp", "css", "csv", "go", "html", "ini", "java", "js", "json", "kt", "log", "md", "py", "rb",
    "rs", "sh", "sql", "toml", "ts", "txt", "yaml",
];

/// Whether a file of this media type and name holds text.
pub(super) fn is_text(kind: &str, name: &str) -> bool {
    let ending = name.rsplit_once('.').map(|(_, ending)| ending.to_lowercase());
    kind.starts_with("text/")
        || kind.starts_with("application/json")
        || ending.is_some_and(|ending| TEXT_ENDINGS.contains(&ending.as_str()))
}

/// What stands for a file that is too long.
pub(super) fn too_long(name: &str) -> String {
    format!("[{name} is too long to be read here]")
}

/// What a text file holds, in words; `None`: it is no text.
pub(super) fn in_words(name: &str, content: Vec<u8>) -> Option<String> {
    let text = String::from_utf8(content).ok()?.replace('\0', "");
    let cut = text.char_indices().nth(CHARS_MAX).map(|(end, _)| end);
    let (shown, rest) =
        (&text[..cut.unwrap_or(text.len())], if cut.is_some() { " (the rest is left out)" } else { "" });
    Some(format!("[what {name} holds{rest}:]\n{}\n[end of {name}]", shown.trim_end()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_told_by_their_kind_or_ending_and_read_up_to_a_limit() {
        assert!(
            is_text("text/plain; charset=utf-8", "b") && is_text("", "notes.md") && is_text("application/json", "x")
        );
        assert!(!is_text("application/octet-stream", "x.bin") && !is_text("image/svg+xml", "c.svg"));
        assert_eq!(in_words("a.txt", b"one\n".to_vec()).unwrap(), "[what a.txt holds:]\none\n[end of a.txt]");
        assert!(in_words("a.txt", vec![0xff]).is_none());
        let long = in_words("a.txt", vec![b'x'; 9_000]).unwrap();
        assert!(long.contains("(the rest is left out)") && long.len() < CHARS_MAX + 100);
    }
}
