//! A command's answer as text, for platforms whose messages are Markdown.

use crate::domain::Answer;

/// An answer as text: its rows with their names in bold.
pub(super) fn answer_text(answer: &Answer) -> String {
    let rows = answer.fields.iter().map(|field| {
        let name = field.name.trim().replace("**", "");
        match (name.is_empty(), field.value.trim().is_empty()) {
            (true, _) => field.value.clone(),
            (false, true) => format!("**{name}**"),
            (false, false) => format!("**{name}** {}", field.value),
        }
    });
    let all: Vec<String> =
        (!answer.text.trim().is_empty()).then(|| answer.text.clone()).into_iter().chain(rows).collect();
    all.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_stand_below_the_text_with_their_names_in_bold() {
        let answer = Answer::private("Head").with("one", "1").with("", "plain").with("two", "");
        assert_eq!(answer_text(&answer), "Head\n**one** 1\nplain\n**two**");
    }
}
