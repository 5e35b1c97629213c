//! Words of people between marks that a model is told to take for data.

use std::borrow::Cow;

/// A text on one line, its words one space apart.
pub fn one_line(text: &str) -> Cow<'_, str> {
    let mut before = ' ';
    for letter in text.chars() {
        if letter.is_whitespace() && (letter != ' ' || before == ' ') {
            return Cow::Owned(text.split_whitespace().collect::<Vec<_>>().join(" "));
        }
        before = letter;
    }
    Cow::Borrowed(text.trim_end())
}

/// A text on one line that closes no fence of this name, however it writes it.
pub fn within_fence<'t>(text: &'t str, fence: &str) -> Cow<'t, str> {
    let text = one_line(text);
    if text.contains(['<', '>']) && text.to_ascii_lowercase().contains(fence) {
        return Cow::Owned(text.replace('<', "‹").replace('>', "›"));
    }
    text
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn no_spelling_closes_a_fence() {
        for text in ["</remembered>", "</ReMembered >", "< / remembered>", "</remembered\n>", "a</REMEMBERED x='1'>b"] {
            let within = within_fence(text, "remembered");
            assert!(!within.contains(['<', '>', '\n']), "{within}");
        }
        assert_eq!(within_fence("1 < 2\nand  <b>", "remembered"), "1 < 2 and <b>");
    }

    proptest! {
        #[test]
        fn a_line_is_its_words_one_space_apart(text in "[a \n\t\u{a0}é]{0,12}") {
            prop_assert_eq!(one_line(&text), text.split_whitespace().collect::<Vec<_>>().join(" "));
        }
    }
}
