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
    /// The other names the member may use.
    Aliases,
    /// The presets the member may use.
    Presets,
    /// The members of this house.
    Members,
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
    /// Cannot be a length of time.
    Span,
    /// Not a whole number that fits, nor `off`.
    Amount,
    /// Not a whole number that fits.
    Number,
    /// Not a temperature.
    Temperature,
    /// Cannot be a member.
    Member,
    /// Not an address on the web.
    Address,
    /// Letters, digits or spaces where a sign is wanted.
    Sign,
    /// No mark that a list gave.
    Mark,
}

impl BadArg {
    /// One of each, for completeness checks.
    pub const ALL: [Self; 14] = [
        Self::Length { max: 1 },
        Self::OneLine,
        Self::Page,
        Self::Memory,
        Self::Locale,
        Self::Zone,
        Self::Span,
        Self::Amount,
        Self::Number,
        Self::Temperature,
        Self::Member,
        Self::Address,
        Self::Sign,
        Self::Mark,
    ];

    /// The Fluent message that explains it.
    pub fn id(self) -> &'static str {
        match self {
            Self::Length { .. } => "misread-value-length",
            Self::OneLine => "misread-value-one-line",
            Self::Page => "misread-value-page",
            Self::Memory => "misread-value-memory",
            Self::Locale => "misread-value-locale",
            Self::Zone => "misread-value-zone",
            Self::Span => "misread-value-span",
            Self::Amount => "misread-value-amount",
            Self::Number => "misread-value-number",
            Self::Temperature => "misread-value-temperature",
            Self::Member => "misread-value-member",
            Self::Address => "misread-value-address",
            Self::Sign => "misread-value-sign",
            Self::Mark => "misread-value-mark",
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
/// Longest name of an account, in characters: Matrix allows 255.
const MEMBER_MAX: usize = 300;
/// Shortest and longest statement, in characters.
const STATEMENT_MIN: usize = 3;
const STATEMENT_MAX: usize = 300;
/// Longest sign, in characters.
const SIGN_MAX: usize = 3;
/// Longest address, in characters.
const ADDRESS_MAX: usize = 2_000;

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
    /// Another name of a personality, 1–80 characters.
    AliasName(|text| one_line(text.trim_start_matches('@'), 1, NAME_MAX)),
    /// The name of a preset, 1–80 characters.
    PresetName(|text| one_line(text, 1, NAME_MAX)),
    /// A member: `platform:account`, or an account of the platform at hand, a mention's brackets removed.
    MemberRef(member_ref),
    /// Why somebody is turned away, up to 200 characters.
    Reason(|text| one_line(text, 1, ABOUT_MAX)),
    /// An `https://` address, up to 2,000 characters; whether it may be called is decided elsewhere.
    WebAddress(web_address),
    /// What commands begin with: one to three characters that are no letters, digits, spaces or `/`.
    Sign(sign),
    /// One statement, 3–300 characters.
    Statement(|text| one_line(text, STATEMENT_MIN, STATEMENT_MAX)),
    /// Where a list goes on, as its buttons write it.
    Mark(crate::mark::read),
}

impl Mark {
    /// A mark of our own making.
    pub(crate) fn stored(text: String) -> Self {
        Self(text)
    }
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

/// A whole number that stands for a quantity, or `off`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Amount {
    /// No limit.
    Off,
    /// At most this many.
    Of(u32),
}

impl Amount {
    /// Largest quantity.
    pub const MAX: u32 = 1_000_000_000;
}

impl FromStr for Amount {
    type Err = BadArg;

    fn from_str(text: &str) -> Result<Self, BadArg> {
        let text = text.trim().to_lowercase();
        if text == "off" {
            return Ok(Self::Off);
        }
        let number: u32 = text.replace(['_', ',', '.', '\u{202f}', ' '], "").parse().map_err(|_| BadArg::Amount)?;
        if number <= Self::MAX { Ok(Self::Of(number)) } else { Err(BadArg::Amount) }
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Off => f.write_str("off"),
            Self::Of(number) => number.fmt(f),
        }
    }
}

macro_rules! numbers {
    ($($(#[$doc:meta])* $name:ident($min:expr, $max:expr)),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub struct $name(u32);

        impl $name {
            /// The number.
            pub fn get(self) -> u32 {
                self.0
            }
        }

        impl FromStr for $name {
            type Err = BadArg;

            fn from_str(text: &str) -> Result<Self, BadArg> {
                match text.trim().trim_end_matches('%').trim_end().parse() {
                    Ok(number @ $min..=$max) => Ok(Self(number)),
                    _ => Err(BadArg::Number),
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    )+};
}

/// Most tokens that a preset may name.
const TOKENS_MAX: u32 = 2_000_000;

numbers! {
    /// A number of tokens.
    TokenCount(16, TOKENS_MAX),
    /// A share in hundredths.
    Percent(0, 100),
}

/// How freely a model chooses words: 0.00–2.00, kept in hundredths.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Temperature(u16);

impl Temperature {
    /// As models take it.
    pub fn get(self) -> f32 {
        f32::from(self.0) / 100.0
    }
}

impl FromStr for Temperature {
    type Err = BadArg;

    fn from_str(text: &str) -> Result<Self, BadArg> {
        let value: f32 = text.trim().replace(',', ".").parse().map_err(|_| BadArg::Temperature)?;
        // NaN is in no range.
        if (0.0..=2.0).contains(&value) { Ok(Self((value * 100.0).round() as u16)) } else { Err(BadArg::Temperature) }
    }
}

impl fmt::Display for Temperature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:02}", self.0 / 100, self.0 % 100)
    }
}

/// A length of time such as `30m`, `2h`, `7d` or `4w`: a minute to a year.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Span(u32);

impl Span {
    /// Longest, in minutes: a year.
    const MAX_MINUTES: u32 = 366 * 24 * 60;
    /// Units and their minutes, largest first.
    const UNITS: [(char, u32); 4] = [('w', 7 * 24 * 60), ('d', 24 * 60), ('h', 60), ('m', 1)];

    /// A span of so many minutes.
    pub const fn minutes(minutes: u32) -> Self {
        Self(minutes)
    }

    /// In milliseconds.
    pub fn millis(self) -> i64 {
        i64::from(self.0) * 60_000
    }
}

impl FromStr for Span {
    type Err = BadArg;

    fn from_str(text: &str) -> Result<Self, BadArg> {
        let text = text.trim().to_lowercase().replace(' ', "");
        let unit = text.chars().last().ok_or(BadArg::Span)?;
        let (_, minutes) = Self::UNITS.into_iter().find(|(known, _)| *known == unit).ok_or(BadArg::Span)?;
        let number: u32 = text[..text.len() - 1].parse().map_err(|_| BadArg::Span)?;
        match number.checked_mul(minutes) {
            Some(span @ 1..=Self::MAX_MINUTES) => Ok(Self(span)),
            _ => Err(BadArg::Span),
        }
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (unit, minutes) =
            Self::UNITS.into_iter().find(|(_, minutes)| self.0.is_multiple_of(*minutes)).unwrap_or(('m', 1));
        write!(f, "{}{unit}", self.0 / minutes)
    }
}

/// The types of argument that carry a meaning.
pub(crate) fn known_types() -> [TypeId; 23] {
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
        TypeId::of::<AliasName>(),
        TypeId::of::<PresetName>(),
        TypeId::of::<MemberRef>(),
        TypeId::of::<Reason>(),
        TypeId::of::<WebAddress>(),
        TypeId::of::<Sign>(),
        TypeId::of::<Amount>(),
        TypeId::of::<TokenCount>(),
        TypeId::of::<Percent>(),
        TypeId::of::<Temperature>(),
        TypeId::of::<Span>(),
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
        (TypeId::of::<AliasName>(), Source::Aliases),
        (TypeId::of::<PresetName>(), Source::Presets),
        (TypeId::of::<MemberRef>(), Source::Members),
    ]
    .into_iter()
    .find_map(|(of, source)| (of == id).then_some(source))
}

/// Whether an argument of this type is a whole number, and its smallest and largest value.
pub(crate) fn range_of(id: TypeId) -> Option<(u32, u32)> {
    [
        (TypeId::of::<Page>(), (1, Page::MAX)),
        (TypeId::of::<TokenCount>(), (16, TOKENS_MAX)),
        (TypeId::of::<Percent>(), (0, 100)),
    ]
    .into_iter()
    .find_map(|(of, range)| (of == id).then_some(range))
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
        (TypeId::of::<AliasName>(), (1, NAME_MAX)),
        (TypeId::of::<PresetName>(), (1, NAME_MAX)),
        (TypeId::of::<MemberRef>(), (1, MEMBER_MAX)),
        (TypeId::of::<Reason>(), (1, ABOUT_MAX)),
        (TypeId::of::<WebAddress>(), (1, ADDRESS_MAX)),
        (TypeId::of::<Sign>(), (1, SIGN_MAX)),
        (TypeId::of::<Statement>(), (STATEMENT_MIN, STATEMENT_MAX)),
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

fn member_ref(text: &str) -> Result<String, BadArg> {
    // `<@123>` and `<@!123>` are how Discord writes a mention.
    let text = text.trim();
    let text =
        text.strip_prefix("<@").and_then(|id| id.strip_suffix('>')).map_or(text, |id| id.trim_start_matches('!'));
    let fits = (1..=MEMBER_MAX).contains(&text.chars().count())
        && !text.chars().any(|c| c.is_control())
        && !text.starts_with('-');
    if fits { Ok(text.to_owned()) } else { Err(BadArg::Member) }
}

fn web_address(text: &str) -> Result<String, BadArg> {
    let text = text.trim();
    let fits = text.len() <= ADDRESS_MAX
        && text.get(..8).is_some_and(|start| start.eq_ignore_ascii_case("https://"))
        && text.len() > 8
        && !text.chars().any(|c| c.is_whitespace() || c.is_control());
    if fits { Ok(text.to_owned()) } else { Err(BadArg::Address) }
}

fn sign(text: &str) -> Result<String, BadArg> {
    let is_sign = |c: char| !c.is_alphanumeric() && !c.is_whitespace() && !c.is_control() && c != '/';
    let fits = (1..=SIGN_MAX).contains(&text.chars().count()) && text.chars().all(is_sign);
    if fits { Ok(text.to_owned()) } else { Err(BadArg::Sign) }
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
