//! Who answers a message: a pure decision.

use std::sync::Arc;

use crate::directory::Seen;
use crate::domain::{Incoming, Personality, PersonalityId};

/// Words a mentioned name may have.
const NAME_WORDS_MAX: usize = 4;

/// What is known about the place and the message.
pub struct Here<'a> {
    /// As the member who writes sees them.
    pub names: Seen<'a>,
    /// The personality activated in the place, and whether it answers everything.
    pub activation: Option<(PersonalityId, bool)>,
    /// The personality whose message is replied to.
    pub replied_to: Option<PersonalityId>,
    /// Whether the place is a conversation of one member and the house.
    pub is_direct: bool,
    /// What starts a textual mention.
    pub mention: char,
    /// Personalities that one message may call.
    pub slots: usize,
}

/// What to do with a message.
#[derive(Clone, Debug, PartialEq)]
pub enum Decision {
    /// Keep it as history; nobody answers.
    Listen,
    /// Do not even keep it.
    Ignore,
    /// These answer, in this order, each once.
    Answer {
        called: Vec<PersonalityId>,
        /// The first who was called beyond what one message may call.
        beyond: Option<PersonalityId>,
    },
}

/// Decides who answers: the reply's target, then the activated personality, then whom the
/// platform says to be called, then mentions in text order; in a direct
/// place, if none of these, the addressed one.
pub fn decide(incoming: &Incoming, here: &Here<'_>) -> Decision {
    if incoming.speaker.is_bot {
        return Decision::Ignore;
    }
    let mut slots: Vec<PersonalityId> = Vec::new();
    let mut beyond = None;
    let mut call = |id: &PersonalityId| {
        if slots.contains(id) {
            return;
        }
        if slots.len() < here.slots {
            slots.push(id.clone());
        } else if beyond.is_none() {
            beyond = Some(id.clone());
        }
    };
    if let Some(id) = &here.replied_to {
        call(id);
    }
    if let Some((id, autorespond)) = &here.activation
        && (*autorespond || incoming.calls_house)
    {
        call(id);
    }
    let by_platform = incoming.called.iter().filter_map(|slug| here.names.named(slug));
    for personality in by_platform.chain(mentions(&incoming.text, here.mention, here.names)) {
        call(&personality.id);
    }
    if slots.is_empty()
        && here.is_direct
        && let Some(personality) = incoming.addressed.as_deref().and_then(|slug| here.names.find(slug))
    {
        slots.push(personality.id.clone());
    }
    if slots.is_empty() { Decision::Listen } else { Decision::Answer { called: slots, beyond } }
}

/// The personalities a text mentions, in text order; the longest name wins.
pub(super) fn mentions<'n>(text: &str, mention: char, names: Seen<'n>) -> Vec<&'n Arc<Personality>> {
    let mut found = Vec::new();
    let mut rest = text;
    let mut before: Option<char> = None;
    while let Some(at) = rest.find(mention) {
        before = rest[..at].chars().next_back().or(before);
        let after = &rest[at + mention.len_utf8()..];
        // `ada@example.org` is no mention, and `<@123>` is an id of the platform's own.
        let starts_here = before.is_none_or(|c| !c.is_alphanumeric() && c != '<');
        let used = if starts_here { longest_name(after, mention, names) } else { None };
        if let Some((personality, length)) = used {
            found.push(personality);
            rest = &after[length..];
        } else {
            rest = after;
        }
        before = Some(mention);
    }
    found
}

/// The longest name at the start of `text`, and how many bytes it took.
fn longest_name<'n>(text: &str, mention: char, names: Seen<'n>) -> Option<(&'n Arc<Personality>, usize)> {
    let mut ends = Vec::with_capacity(NAME_WORDS_MAX);
    let mut in_word = false;
    for (at, c) in text.char_indices() {
        // Another mention ends the name as a line does.
        if c == '\n' || c == mention {
            if in_word {
                ends.push(at);
            }
            in_word = false;
            break;
        }
        if c.is_whitespace() {
            if in_word {
                ends.push(at);
                if ends.len() == NAME_WORDS_MAX {
                    in_word = false;
                    break;
                }
            } else if ends.is_empty() {
                // `@ name`: a mention has no space after its sign.
                return None;
            }
            in_word = false;
        } else {
            in_word = true;
        }
    }
    if in_word {
        ends.push(text.len());
    }
    ends.iter().rev().find_map(|&end| {
        let words = &text[..end];
        spellings(words).find_map(|name| names.find(name)).map(|personality| (personality, end))
    })
}

/// The ways to read a mentioned name: as it stands, without what surrounds it, without a possessive.
fn spellings(words: &str) -> impl Iterator<Item = &str> {
    let unwrapped = words.trim_matches(|c: char| matches!(c, '*' | '_' | '~' | '`' | '|' | '"' | '(' | ')'));
    let bare = unwrapped.trim_end_matches(|c: char| !c.is_alphanumeric());
    let possessive = ["'s", "’s", "'", "’"].into_iter().find_map(|end| bare.strip_suffix(end)).unwrap_or(bare);
    let possessive = possessive.trim_end_matches(|c: char| !c.is_alphanumeric());
    [words, unwrapped, bare, possessive].into_iter().filter(|name| !name.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::directory::Names;
    use crate::domain::{Identity, Moment, PersonalityFile, PlaceRef, Privacy, Speaker};

    fn names(list: &[&str]) -> Names {
        Names::new(
            list.iter()
                .map(|name| {
                    let slug = crate::domain::slug_of(name);
                    let file = PersonalityFile { name: (*name).into(), slug, ..PersonalityFile::default() };
                    Personality::of_file(PersonalityId::new(*name), file)
                })
                .collect(),
            Vec::new(),
        )
    }

    fn message(text: &str) -> Incoming {
        Incoming {
            account: "a".into(),
            platform_id: "1".into(),
            place: PlaceRef {
                platform: "fake".into(),
                subject: "den".into(),
                parent: None,
                privacy: Privacy::Open,
                is_encrypted: false,
                is_adult: false,
            },
            speaker: Speaker {
                identity: Identity { platform: "fake".into(), subject: "robin".into() },
                name: "Robin".into(),
                is_bot: false,
            },
            text: text.into(),
            with: String::new(),
            pictures: Vec::new(),
            proxied: None,
            replaces: None,
            calls_house: false,
            at: Moment(0),
            reply_to: None,
            called: Vec::new(),
            addressed: None,
            trace: String::new(),
        }
    }

    /// A place where nobody is active and room is for five answers.
    fn here(names: &Names) -> Here<'_> {
        Here { names: names.public(), activation: None, replied_to: None, is_direct: false, mention: '@', slots: 5 }
    }

    fn called(text: &str) -> Vec<String> {
        let names = names(&["Bambi", "Bambi Prime", "Lilith", "Dr. Gregor", "Dr.", "Ann", "Bo", "Cy", "Di"]);
        let here = here(&names);
        match decide(&message(text), &here) {
            Decision::Answer { called, .. } => called.iter().map(|id| id.as_str().to_owned()).collect(),
            Decision::Listen => Vec::new(),
            Decision::Ignore => panic!("ignored"),
        }
    }

    #[test]
    fn names_are_found_however_they_are_written() {
        let table: &[(&str, &[&str])] = &[
            ("hi @Bambi Prime, how are you", &["Bambi Prime"]),
            ("hi @Bambi primate", &["Bambi"]),
            ("@Lilith's hat", &["Lilith"]),
            ("@Lilith’s hat", &["Lilith"]),
            ("**@Lilith** and _@bambi_!", &["Lilith", "Bambi"]),
            ("ask @Dr. Gregor.", &["Dr. Gregor"]),
            ("ask @Dr.", &["Dr."]),
            ("@BAMBI?!", &["Bambi"]),
            ("mail ada@Lilith please", &[]),
            ("<@123456789> hello", &[]),
            ("@ Lilith", &[]),
            ("@Lilith @lilith @Bambi", &["Lilith", "Bambi"]),
            ("@Bambi-Prime", &["Bambi Prime"]),
            ("@Ann @Bo @Cy @Di @Lilith @Bambi", &["Ann", "Bo", "Cy", "Di", "Lilith"]),
            ("nothing here @nobody", &[]),
            ("@", &[]),
            ("@Bambi\nPrime", &["Bambi"]),
        ];
        for (text, expected) in table {
            assert_eq!(&called(text), expected, "{text}");
        }
    }

    #[test]
    fn whoever_is_called_beyond_the_slots_is_named() {
        let names = names(&["Ann", "Bo", "Cy"]);
        let here = Here { slots: 1, ..here(&names) };
        let (called, beyond) = (vec![PersonalityId::new("Ann")], Some(PersonalityId::new("Bo")));
        assert_eq!(decide(&message("@Ann @Ann @Bo @Cy"), &here), Decision::Answer { called, beyond });
    }

    #[test]
    fn a_reply_comes_before_the_activated_one_before_mentions() {
        let names = names(&["Ann", "Bo", "Cy"]);
        let activation = Some((PersonalityId::new("Bo"), true));
        let here = Here { activation, replied_to: Some(PersonalityId::new("Cy")), ..here(&names) };
        let ids = ["Cy", "Bo", "Ann"].map(PersonalityId::new).to_vec();
        assert_eq!(decide(&message("@Ann hi"), &here), Decision::Answer { called: ids, beyond: None });
    }

    #[test]
    fn whom_the_platform_says_to_be_called_comes_before_the_text() {
        let names = names(&["Ann", "Bo"]);
        let here = here(&names);
        let incoming = Incoming { called: vec!["bo".into(), "nobody".into()], ..message("@Ann and @Bo") };
        let called = ["Bo", "Ann"].map(PersonalityId::new).to_vec();
        assert_eq!(decide(&incoming, &here), Decision::Answer { called, beyond: None });
    }

    #[test]
    fn an_activation_without_autorespond_stays_silent() {
        let names = names(&["Ann"]);
        let activation = Some((PersonalityId::new("Ann"), false));
        let here = Here { activation, ..here(&names) };
        assert_eq!(decide(&message("hi all"), &here), Decision::Listen);
    }

    #[test]
    fn in_private_the_addressed_one_answers_unless_another_is_called() {
        let names = names(&["Ann", "Bo"]);
        let here = Here { is_direct: true, ..here(&names) };
        let mut incoming = message("hi");
        incoming.addressed = Some("ann".into());
        let only = |name: &str| Decision::Answer { called: vec![PersonalityId::new(name)], beyond: None };
        assert_eq!(decide(&incoming, &here), only("Ann"));
        incoming.text = "@Bo hi".into();
        assert_eq!(decide(&incoming, &here), only("Bo"));
        incoming.speaker.is_bot = true;
        assert_eq!(decide(&incoming, &here), Decision::Ignore);
    }
}
