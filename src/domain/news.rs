//! What the processes of one house tell each other. News may be lost or come twice: whoever hears it looks.

use super::{MemberId, PlaceId, TurnId, TurnState};

/// Rows that processes keep copies of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Copied {
    /// Personalities and aliases.
    Names,
    /// Choices and quiet times.
    Bonds,
    /// Members' personas and accounts.
    People,
    Places,
    Denials,
    Announcement,
    Budgets,
}

impl Copied {
    const ALL: [(&'static str, Self); 7] = [
        ("names", Self::Names),
        ("bonds", Self::Bonds),
        ("people", Self::People),
        ("places", Self::Places),
        ("denials", Self::Denials),
        ("announcement", Self::Announcement),
        ("budgets", Self::Budgets),
    ];
}

/// One piece of news.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum News {
    /// News arrives: whatever else happened would have arrived.
    Beat,
    /// A lane has post of this member; the state of its turn says for whom.
    Post { lane: PlaceId, from: MemberId, state: TurnState },
    /// The outbox has something new.
    Outbox,
    /// Copies of these rows are old.
    Changed(Copied),
    /// What is known of a member's settings is old.
    Member(MemberId),
    /// A member is to be told in private what is wrong with their key: the line's id, and the turn that it came up in.
    Whisper { place: PlaceId, to: MemberId, turn: TurnId, line: String },
    /// A personality, named by its slug, is writing an answer in a place.
    Writing { place: PlaceId, slug: String },
}

impl News {
    /// Reads what [`Self::written`] or a trigger of the database wrote; `None`: a newer process wrote it.
    pub fn read(text: &str) -> Option<Self> {
        let words: Vec<&str> = text.split(' ').collect();
        let news = match *words.as_slice() {
            ["beat"] => Self::Beat,
            ["outbox"] => Self::Outbox,
            ["changed", what] => Self::Changed(Copied::ALL.into_iter().find(|(name, _)| *name == what)?.1),
            ["member", id] => Self::Member(MemberId::new(id)),
            ["writing", place, slug] => Self::Writing { place: PlaceId::new(place), slug: slug.to_owned() },
            ["whisper", place, to, turn, line] => Self::Whisper {
                place: PlaceId::new(place),
                to: MemberId::new(to),
                turn: TurnId::new(turn),
                line: line.to_owned(),
            },
            ["post", state, lane, from] => {
                Self::Post { lane: PlaceId::new(lane), from: MemberId::new(from), state: TurnState::read(state)? }
            }
            _ => return None,
        };
        Some(news)
    }

    /// As it travels: words with a blank between.
    pub fn written(&self) -> String {
        match self {
            Self::Beat => "beat".to_owned(),
            Self::Outbox => "outbox".to_owned(),
            Self::Changed(what) => {
                let name = Copied::ALL.iter().find(|(_, known)| known == what).map_or("", |(name, _)| name);
                format!("changed {name}")
            }
            Self::Member(id) => format!("member {id}"),
            Self::Writing { place, slug } => format!("writing {place} {slug}"),
            Self::Whisper { place, to, turn, line } => format!("whisper {place} {to} {turn} {line}"),
            Self::Post { lane, from, state } => format!("post {} {lane} {from}", state.as_str()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn news_is_read_as_it_was_written() {
        let post = News::Post { lane: PlaceId::new("p"), from: MemberId::new("m"), state: TurnState::Sending };
        let writing = News::Writing { place: PlaceId::new("p"), slug: "abbey".into() };
        let (place, to) = (PlaceId::new("p"), MemberId::new("m"));
        let whisper = News::Whisper { place, to, turn: TurnId::new("t"), line: "said".into() };
        let changed = Copied::ALL.map(|(_, what)| News::Changed(what));
        let others = [News::Beat, News::Outbox, News::Member(MemberId::new("m")), post, writing, whisper];
        for news in others.into_iter().chain(changed) {
            assert_eq!(News::read(&news.written()), Some(news));
        }
        for text in ["", "changed", "changed nothing", "post queued p", "post odd p m", "beat it", "newer thing"] {
            assert_eq!(News::read(text), None, "{text}");
        }
    }
}
