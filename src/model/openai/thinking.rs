//! Takes the spoken-aloud thinking of reasoning models out of their answers.

/// Leaves out the `<think>…</think>` block that reasoning models on local servers open their answer with.
#[derive(Debug, Default)]
pub enum Thinking {
    /// Nothing but a possible beginning of the tag has arrived.
    #[default]
    Unknown,
    /// So far held back: white space and a prefix of the tag.
    Maybe(String),
    /// Inside; the last few bytes, to recognise the end across parts.
    Inside(String),
    /// Past it, but still before the first letter.
    After,
    /// The answer proper.
    Over,
}

/// Opens the block.
const THINK: &str = "<think>";
/// Closes the block.
const THOUGHT: &str = "</think>";

/// White space that is held back, at most, before the answer is taken for one without thinking.
const MAX_HELD: usize = 64;

impl Thinking {
    /// What of the next part is answer.
    pub fn filter(&mut self, text: &str) -> String {
        match std::mem::take(self) {
            Self::Over => {
                *self = Self::Over;
                text.to_owned()
            }
            Self::Unknown => self.open(text.to_owned()),
            Self::Maybe(held) => self.open(held + text),
            Self::Inside(tail) => self.inside(tail + text),
            Self::After => self.after(text),
        }
    }

    fn open(&mut self, held: String) -> String {
        let start = held.trim_start();
        if let Some(thought) = start.strip_prefix(THINK) {
            return self.inside(thought.to_owned());
        }
        if THINK.starts_with(start) && held.len() <= MAX_HELD {
            *self = Self::Maybe(held);
            return String::new();
        }
        *self = Self::Over;
        held
    }

    fn inside(&mut self, text: String) -> String {
        if let Some(end) = text.find(THOUGHT) {
            return self.after(&text[end + THOUGHT.len()..]);
        }
        let keep = text.char_indices().rev().map(|(at, _)| at).find(|at| text.len() - at >= THOUGHT.len() - 1);
        *self = Self::Inside(text[keep.unwrap_or(0)..].to_owned());
        String::new()
    }

    fn after(&mut self, text: &str) -> String {
        let start = text.trim_start();
        *self = if start.is_empty() { Self::After } else { Self::Over };
        start.to_owned()
    }

    /// What was held back and turned out to be text.
    pub fn release(&mut self) -> String {
        match std::mem::replace(self, Self::Over) {
            Self::Maybe(held) => held,
            _ => String::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn shown(parts: &[&str]) -> String {
        let mut thinking = Thinking::default();
        let mut shown: String = parts.iter().map(|part| thinking.filter(part)).collect();
        shown.push_str(&thinking.release());
        shown
    }

    #[test]
    fn only_a_block_at_the_beginning_is_left_out() {
        assert_eq!(shown(&["<think>hm</think>\n\nYes"]), "Yes");
        assert_eq!(shown(&["\n<thi", "nk>hm</", "think> ", " Yes <think>no</think>"]), "Yes <think>no</think>");
        assert_eq!(shown(&["Well, <think>"]), "Well, <think>");
        assert_eq!(shown(&["<thin", "g>"]), "<thing>");
        assert_eq!(shown(&["<think>never done"]), "");
    }

    #[test]
    fn long_thinking_is_not_kept() {
        let mut thinking = Thinking::default();
        assert_eq!(thinking.filter("<think>"), "");
        for _ in 0..10_000 {
            assert_eq!(thinking.filter("ö\u{1F914}hm "), "");
        }
        assert!(matches!(&thinking, Thinking::Inside(tail) if tail.len() < 32));
        assert_eq!(thinking.filter("</think>Yes"), "Yes");
    }

    proptest! {
        #[test]
        fn where_the_parts_are_split_makes_no_difference(
            text in "[ \n]{0,2}(<think>)?[a-zö<>/ ]{0,8}(</think>)?[a-z <]{0,8}", cut in 0usize..40,
        ) {
            let cut = text.char_indices().map(|(at, _)| at).nth(cut).unwrap_or(text.len());
            prop_assert_eq!(shown(&[&text]), shown(&[&text[..cut], &text[cut..]]));
        }
    }
}
