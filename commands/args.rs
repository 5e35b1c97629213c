//! The kinds of argument. The type says what a value means; each front end derives from it how to ask for one
//! (a Discord option kind, a completion source), so nothing is annotated twice.

use std::any::TypeId;
use std::fmt;
use std::str::FromStr;

/// Where the possible values of an argument come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// The personalities the member may call.
    Personalities,
    /// The member's own personas.
    Personas,
    /// The member's own memories.
    Memories,
    /// The languages the house speaks.
    Locales,
    /// The time zones of the world.
    Zones,
    /// The commands.
    Commands,
    /// The providers that keys are taken for.
    Providers,
}

/// Why a value cannot be what its argument means; its Fluent message is [`BadArg::id`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BadArg {
    /// Empty, or longer than this many characters.
    Length { max: usize },
    /// Line breaks or control characters in a one-line text.
    OneLine,
    /// Not a page number.
    Page,
    /// Cannot be the id of a memory.
    Memory,
    /// Cannot be a language tag.
    Locale,
    /// Cannot be a time zone name.
    Zone,
}

impl BadArg {
    /// One of each, for completeness checks.
    pub const ALL: [Self; 6] =
        [Self::Length { max: 1 }, Self::OneLine, Self::Page, Self::Memory, Self::Locale, Self::Zone];

    /// The Fluent message that explains it.
    pub fn id(self) -> &'static str {
        match self {
            Self::Length { .. } => "misread-value-length",
            Self::OneLine => "misread-value-one-line",
            Self::Page => "misread-value-page",
            Self::Memory => "misread-value-memory",
            Self::Locale => "misread-value-locale",
            Self::Zone => "misread-value-zone",
        }
    }
}

impl fmt::Display for BadArg {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.id())
    }
}

impl std::error::Error for BadArg {}

macro_rules! texts {
    ($($(#[$doc:meta])* $name:ident($read:expr)),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// The checked text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = BadArg;

            fn from_str(text: &str) -> Result<Self, BadArg> {
                let read: fn(&str) -> Result<String, BadArg> = $read;
                read(text).map(Self)
            }
        }

        impl TryFrom<String> for $name {
            type Error = BadArg;

            fn try_from(text: String) -> Result<Self, BadArg> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(text: $name) -> String {
                text.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    )+};
}

/// Longest name of a personality or persona, in characters: what Discord allows a webhook.
const NAME_MAX: usize = 80;
/// Longest pronouns, in characters.
const PRONOUNS_MAX: usize = 40;
/// Longest description of a persona, in characters.
const DESCRIPTION_MAX: usize = 1_000;
/// Longest search word, in characters; a whole phrase in quotes counts as one.
const WORD_MAX: usize = 500;
/// Fewest characters of a memory's id that may stand for the whole.
const MEMORY_REF_MIN: usize = 6;
/// Characters of a whole id.
const ID_LEN: usize = 26;
/// Longest language tag anybody uses, in characters.
const LOCALE_MAX: usize = 35;
/// Longest name in the time zone database with room to spare, in characters.
const ZONE_MAX: usize = 64;

/// Longest line about a character, in characters.
const ABOUT_MAX: usize = 200;
/// Longest name of a provider, in characters.
const PROVIDER_MAX: usize = 40;
/// Longest name of a model, in characters.
const MODEL_MAX: usize = 200;

texts! {
    /// A name or slug by which somebody means a personality, 1–80 characters.
    PersonalityName(|text| one_line(text, 1, NAME_MAX)),
    /// The name a member goes by, 1–80 characters.
    PersonaName(|text| one_line(text, 1, NAME_MAX)),
    /// Pronouns, up to 40 characters; empty takes them away.
    Pronouns(|text| one_line(text, 0, PRONOUNS_MAX)),
    /// What a character should know about a member, up to 1,000 characters; empty takes it away.
    PersonaDescription(|text| within(text.trim(), 0, DESCRIPTION_MAX)),
    /// A word (or quoted phrase) to look for.
    SearchWord(|text| within(text.trim(), 1, WORD_MAX)),
    /// A word of a command's name, as in `/help memory view`.
    CommandWord(|text| one_line(text.trim_start_matches(|c: char| c == '/' || c.is_whitespace()), 1, NAME_MAX).map(|word| word.to_lowercase())),
    /// A memory's id as lists show it: the whole id or its last characters, at least 6, lower-case.
    MemoryRef(memory_ref),
    /// A language tag such as `de` or `en-US`; whether the house speaks it is decided elsewhere.
    LocaleTag(locale_tag),
    /// A name such as `Europe/Berlin`; whether it exists is decided elsewhere.
    ZoneName(zone_name),
    /// The name of a provider, such as `openrouter`, 1–40 characters.
    ProviderName(|text| one_line(text, 1, PROVIDER_MAX).map(|name| name.to_lowercase())),
    /// One line about a character, up to 200 characters; empty takes it away.
    About(|text| one_line(text, 0, ABOUT_MAX)),
    /// The name of a model as its provider writes it, 1–200 characters.
    ModelName(|text| one_line(text, 1, MODEL_MAX)),
}

impl MemoryRef {
    /// The short form of a memory's id that lists show and [`MemoryRef`] reads back.
    pub fn short(id: &str) -> &str {
        // Ids begin with their time: only the end tells neighbours apart.
        let start = id.len().saturating_sub(MEMORY_REF_MIN);
        id.get(start..).unwrap_or(id)
    }
}

/// A page of a list, from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct Page(u32);

impl Page {
    /// The first page.
    pub const FIRST: Self = Self(1);
    /// Far beyond any list; keeps arithmetic with page sizes in range.
    pub const MAX: u32 = 100_000;

    /// Page number, from 1.
    pub fn number(self) -> u32 {
        self.0
    }

    /// How many entries come before this page when each holds `size`.
    pub fn skip(self, size: usize) -> usize {
        (self.0 as usize - 1).saturating_mul(size)
    }
}

impl FromStr for Page {
    type Err = BadArg;

    fn from_str(text: &str) -> Result<Self, BadArg> {
        match text.trim().parse() {
            Ok(number @ 1..=Self::MAX) => Ok(Self(number)),
            _ => Err(BadArg::Page),
        }
    }
}

impl fmt::Display for Page {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The types of argument that carry a meaning.
pub(crate) fn known_types() -> [TypeId; 12] {
    [
        TypeId::of::<PersonalityName>(),
        TypeId::of::<PersonaName>(),
        TypeId::of::<Pronouns>(),
        TypeId::of::<PersonaDescription>(),
        TypeId::of::<CommandWord>(),
        TypeId::of::<MemoryRef>(),
        TypeId::of::<LocaleTag>(),
        TypeId::of::<ZoneName>(),
        TypeId::of::<ProviderName>(),
        TypeId::of::<ModelName>(),
        TypeId::of::<About>(),
        TypeId::of::<Page>(),
    ]
}

/// Where the values of an argument of this type come from; `None`: anybody's guess.
pub(crate) fn source_of(id: TypeId) -> Option<Source> {
    [
        (TypeId::of::<PersonalityName>(), Source::Personalities),
        (TypeId::of::<PersonaName>(), Source::Personas),
        (TypeId::of::<MemoryRef>(), Source::Memories),
        (TypeId::of::<LocaleTag>(), Source::Locales),
        (TypeId::of::<ZoneName>(), Source::Zones),
        (TypeId::of::<CommandWord>(), Source::Commands),
        (TypeId::of::<ProviderName>(), Source::Providers),
    ]
    .into_iter()
    .find_map(|(of, source)| (of == id).then_some(source))
}

/// Whether an argument of this type is a whole number, and its smallest and largest value.
pub(crate) fn range_of(id: TypeId) -> Option<(u32, u32)> {
    (id == TypeId::of::<Page>()).then_some((1, Page::MAX))
}

/// Fewest and most characters an argument of this type may have.
pub(crate) fn length_of(id: TypeId) -> Option<(usize, usize)> {
    [
        (TypeId::of::<PersonalityName>(), (1, NAME_MAX)),
        (TypeId::of::<PersonaName>(), (1, NAME_MAX)),
        (TypeId::of::<Pronouns>(), (0, PRONOUNS_MAX)),
        (TypeId::of::<PersonaDescription>(), (0, DESCRIPTION_MAX)),
        (TypeId::of::<LocaleTag>(), (2, LOCALE_MAX)),
        (TypeId::of::<ZoneName>(), (1, ZONE_MAX)),
        (TypeId::of::<ProviderName>(), (1, PROVIDER_MAX)),
        (TypeId::of::<ModelName>(), (1, MODEL_MAX)),
        (TypeId::of::<About>(), (0, ABOUT_MAX)),
    ]
    .into_iter()
    .find_map(|(of, lengths)| (of == id).then_some(lengths))
}

fn within(text: &str, min: usize, max: usize) -> Result<String, BadArg> {
    match text.chars().count() {
        count if count < min || count > max => Err(BadArg::Length { max }),
        _ => Ok(text.to_owned()),
    }
}

fn one_line(text: &str, min: usize, max: usize) -> Result<String, BadArg> {
    let text = text.trim();
    if text.chars().any(char::is_control) {
        return Err(BadArg::OneLine);
    }
    within(text, min, max)
}

fn memory_ref(text: &str) -> Result<String, BadArg> {
    let text = text.trim().trim_start_matches('#').to_lowercase();
    let fits = (MEMORY_REF_MIN..=ID_LEN).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric());
    if fits { Ok(text) } else { Err(BadArg::Memory) }
}

fn locale_tag(text: &str) -> Result<String, BadArg> {
    let text = text.trim().replace('_', "-");
    let fits = text.len() <= LOCALE_MAX
        && text.split('-').all(|part| (1..=8).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphanumeric()))
        && text.split('-').next().is_some_and(|language| {
            (2..=3).contains(&language.len()) && language.bytes().all(|b| b.is_ascii_alphabetic())
        });
    if fits { Ok(text) } else { Err(BadArg::Locale) }
}

fn zone_name(text: &str) -> Result<String, BadArg> {
    let text = text.trim().replace(' ', "_");
    let fits = (1..=ZONE_MAX).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"/_+-".contains(&b))
        && text.bytes().next().is_some_and(|b| b.is_ascii_alphabetic());
    if fits { Ok(text) } else { Err(BadArg::Zone) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_that_cannot_be_meant_are_named_as_such() {
        assert_eq!("0".parse::<Page>(), Err(BadArg::Page));
        assert_eq!("two".parse::<Page>(), Err(BadArg::Page));
        assert_eq!("#abc".parse::<MemoryRef>(), Err(BadArg::Memory));
        assert_eq!("ab cdefg".parse::<MemoryRef>(), Err(BadArg::Memory));
        assert_eq!("german".parse::<LocaleTag>(), Err(BadArg::Locale));
        assert_eq!("-".parse::<LocaleTag>(), Err(BadArg::Locale));
        assert_eq!("../etc".parse::<ZoneName>(), Err(BadArg::Zone));
        assert_eq!("Ada\nLovelace".parse::<PersonaName>(), Err(BadArg::OneLine));
        assert_eq!("".parse::<PersonaName>(), Err(BadArg::Length { max: 80 }));
        assert_eq!("x".repeat(41).parse::<Pronouns>(), Err(BadArg::Length { max: 40 }));
    }

    #[test]
    fn small_differences_of_spelling_do_not_matter() {
        assert_eq!("#0ABCdef".parse::<MemoryRef>().unwrap().as_str(), "0abcdef");
        assert_eq!("de_DE".parse::<LocaleTag>().unwrap().as_str(), "de-DE");
        assert_eq!("America/New York".parse::<ZoneName>().unwrap().as_str(), "America/New_York");
        assert_eq!("/Memory".parse::<CommandWord>().unwrap().as_str(), "memory");
        assert_eq!("".parse::<Pronouns>().unwrap().as_str(), "");
    }

    #[test]
    fn the_short_form_of_an_id_reads_back() {
        let short = MemoryRef::short("01jd3f9x6t7c8k2m4n5p6q7r8s");
        assert_eq!(short, "6q7r8s");
        assert_eq!(short.parse::<MemoryRef>().unwrap().as_str(), short);
    }

    #[test]
    fn a_page_knows_what_comes_before_it() {
        assert_eq!(Page::FIRST.skip(10), 0);
        assert_eq!("3".parse::<Page>().unwrap().skip(10), 20);
    }
}
