//! Where a list goes on: a mark that stays true while entries come and go.

use crate::args::{BadArg, Mark};

/// Which way a list goes on from a mark.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Onward {
    Older,
    Newer,
}

impl Mark {
    /// The mark behind an entry of a time (milliseconds) and an id.
    pub fn at(onward: Onward, at: i64, id: &str) -> Self {
        let sign = match onward {
            Onward::Older => 'o',
            Onward::Newer => 'n',
        };
        Self::stored(format!("{sign}{at}-{id}"))
    }

    /// Which way, and the time and id of the entry.
    pub fn parts(&self) -> (Onward, i64, &str) {
        // Only what `read` took is in a mark.
        let (head, id) = self.as_str().split_once('-').unwrap_or((self.as_str(), ""));
        let onward = if head.starts_with('n') { Onward::Newer } else { Onward::Older };
        (onward, head.get(1..).and_then(|at| at.parse().ok()).unwrap_or(i64::MAX), id)
    }
}

/// Reads what [`Mark::at`] wrote.
pub(crate) fn read(text: &str) -> Result<String, BadArg> {
    let text = text.trim().to_lowercase();
    let is_mark = text.strip_prefix(['o', 'n']).and_then(|rest| rest.split_once('-')).is_some_and(|(at, id)| {
        at.parse::<i64>().is_ok_and(|at| at >= 0)
            && (1..=64).contains(&id.len())
            && id.bytes().all(|b| b.is_ascii_alphanumeric())
    });
    if is_mark { Ok(text) } else { Err(BadArg::Mark) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_is_read_back_as_it_was_written() {
        let mark = Mark::at(Onward::Newer, 1_795_262_400_000, "01kc3vq7h9tc1c");
        assert_eq!(mark.to_string().parse::<Mark>().as_ref(), Ok(&mark));
        assert_eq!(mark.parts(), (Onward::Newer, 1_795_262_400_000, "01kc3vq7h9tc1c"));
        for wrong in ["", "o", "o-", "o1", "x1-a", "o1-", "o1-a b", "o-1-a", "o1-ä"] {
            assert_eq!(wrong.parse::<Mark>(), Err(BadArg::Mark), "{wrong}");
        }
    }
}
