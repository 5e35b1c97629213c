//! Every text a person reads, in every language, through Fluent. The texts are in `locales/`, compiled in.
//!
//! Model-facing prompts are not texts in this sense: they are in `prompts/` and in personalities.

use std::collections::BTreeMap;

use anyhow::{Context, anyhow, bail};
use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource};
use include_dir::{Dir, include_dir};
use unic_langid::LanguageIdentifier;

static FILES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/locales");

/// The locale every text exists in first; the end of every fallback chain.
pub const SOURCE_LOCALE: &str = "en-US";

/// A value for a placeholder of a text.
#[derive(Clone, Debug, PartialEq)]
pub enum Arg {
    Text(String),
    Number(f64),
}

impl From<&str> for Arg {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Arg {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<usize> for Arg {
    fn from(number: usize) -> Self {
        Self::Number(number as f64)
    }
}

impl From<u64> for Arg {
    fn from(number: u64) -> Self {
        Self::Number(number as f64)
    }
}

impl From<i64> for Arg {
    fn from(number: i64) -> Self {
        Self::Number(number as f64)
    }
}

/// Placeholders and their values.
pub type Args<'a> = &'a [(&'a str, Arg)];

/// All languages, ready to speak.
pub struct Texts {
    bundles: BTreeMap<String, FluentBundle<FluentResource>>,
    fallback: String,
}

impl Default for Texts {
    fn default() -> Self {
        Self::load(SOURCE_LOCALE).expect("the compiled-in texts are complete; a test loads them")
    }
}

impl Texts {
    /// Reads the compiled-in texts. `fallback` (BCP 47) is spoken to members whose language the house does not know.
    pub fn load(fallback: &str) -> anyhow::Result<Self> {
        let mut bundles = BTreeMap::new();
        for dir in FILES.dirs() {
            let tag = dir.path().to_string_lossy().into_owned();
            let bundle = bundle(&tag, dir).with_context(|| format!("reading the texts of locales/{tag}"))?;
            bundles.insert(tag, bundle);
        }
        let known = bundles.keys().cloned().collect::<Vec<_>>().join(", ");
        if !bundles.contains_key(SOURCE_LOCALE) {
            bail!("locales/{SOURCE_LOCALE} is missing; it is the source of all texts");
        }
        let fallback = best_match(fallback, bundles.keys().map(String::as_str))
            .ok_or_else(|| anyhow!("the house does not speak {fallback:?}; set GREENROOM_LOCALE to one of {known}"))?
            .to_owned();
        Ok(Self { bundles, fallback })
    }

    /// The text `id` in `locale` (BCP 47), falling back to the same language, the house's locale, then en-US.
    ///
    /// A text that is nowhere is its id: a test proves that it cannot happen.
    pub fn say(&self, locale: &str, id: &str, args: Args<'_>) -> String {
        self.find(locale, id, None, args).unwrap_or_else(|| id.to_owned())
    }

    /// The attribute `attribute` of the text `id`, with the same fallbacks; `None` when no language has it.
    pub fn describe(&self, locale: &str, id: &str, attribute: &str) -> Option<String> {
        self.find(locale, id, Some(attribute), &[])
    }

    /// The languages the house speaks, as BCP 47 tags in alphabetical order.
    pub fn locales(&self) -> impl Iterator<Item = &str> {
        self.bundles.keys().map(String::as_str)
    }

    /// The tag the house speaks that fits `locale` best: the very tag, or another of the same language.
    pub fn matching(&self, locale: &str) -> Option<&str> {
        best_match(locale, self.locales())
    }

    fn find(&self, locale: &str, id: &str, attribute: Option<&str>, args: Args<'_>) -> Option<String> {
        let chain = [self.matching(locale), Some(self.fallback.as_str()), Some(SOURCE_LOCALE)];
        chain.into_iter().flatten().find_map(|tag| {
            let bundle = self.bundles.get(tag)?;
            let message = bundle.get_message(id)?;
            let pattern = match attribute {
                None => message.value()?,
                Some(attribute) => message.get_attribute(attribute)?.value(),
            };
            // Placeholders without a value come out as {$name}; the errors are for tests, which compare variables.
            let mut errors = Vec::new();
            Some(bundle.format_pattern(pattern, Some(&fluent(args)), &mut errors).into_owned())
        })
    }
}

fn fluent<'a>(args: Args<'a>) -> FluentArgs<'a> {
    let mut fluent = FluentArgs::with_capacity(args.len());
    for (name, value) in args {
        match value {
            Arg::Text(text) => fluent.set(*name, text.as_str()),
            Arg::Number(number) => fluent.set(*name, *number),
        }
    }
    fluent
}

fn bundle(tag: &str, dir: &Dir<'_>) -> anyhow::Result<FluentBundle<FluentResource>> {
    let id: LanguageIdentifier = tag.parse().context("the folder's name is no language tag")?;
    let mut bundle = FluentBundle::new_concurrent(vec![id]);
    // The marks around placeholders show as junk in chats and terminals.
    bundle.set_use_isolating(false);
    for file in dir.files() {
        let name = file.path().display();
        let source = file.contents_utf8().with_context(|| format!("{name} is not UTF-8"))?;
        let resource = FluentResource::try_new(source.to_owned())
            .map_err(|(_, errors)| anyhow!("{name} cannot be parsed: {errors:?}"))?;
        bundle.add_resource(resource).map_err(|errors| anyhow!("{name} repeats a text: {errors:?}"))?;
    }
    Ok(bundle)
}

/// The tag equal to `wanted`, or the first of the same language.
fn best_match<'a>(wanted: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let wanted = wanted.replace('_', "-");
    let language = |tag: &str| tag.split('-').next().unwrap_or_default().to_ascii_lowercase();
    let mut same_language = None;
    for tag in known {
        if tag.eq_ignore_ascii_case(&wanted) {
            return Some(tag);
        }
        if same_language.is_none() && language(tag) == language(&wanted) {
            same_language = Some(tag);
        }
    }
    same_language
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_language_is_found_by_tag_then_by_language_then_by_fallback() {
        let texts = Texts::load("de").unwrap();
        assert_eq!(texts.say("fr", "command-quit", &[]), "Quitter le terminal");
        assert_eq!(texts.say("fr-CA", "command-quit", &[]), "Quitter le terminal");
        assert_eq!(texts.say("es_MX", "command-quit", &[]), "Salir del terminal");
        assert_eq!(texts.say("ja", "command-quit", &[]), "Das Terminal verlassen");
        assert_eq!(texts.say("ja", "no-such-text", &[]), "no-such-text");
        assert_eq!(texts.locales().collect::<Vec<_>>(), ["de", "en-US", "es-ES", "fr"]);
    }

    #[test]
    fn numbers_choose_the_plural_and_names_stay_bare() {
        let texts = Texts::default();
        let say = |locale, count: usize| texts.say(locale, "reply-memory-deleted", &[("count", count.into())]);
        assert_eq!(say("en-US", 1), "The memory is deleted for good.");
        assert_eq!(say("de", 3), "3 Erinnerungen sind endgültig gelöscht.");
        assert_eq!(texts.say("en-US", "reply-talk", &[("name", "Abbey".into())]), "You are talking to Abbey now.");
    }

    #[test]
    fn an_unknown_fallback_names_the_setting_and_the_choices() {
        let error = Texts::load("tlh").err().unwrap().to_string();
        assert!(error.contains("GREENROOM_LOCALE") && error.contains("de, en-US, es-ES, fr"), "{error}");
    }

    #[test]
    fn arguments_are_described_in_every_language() {
        let texts = Texts::default();
        assert_eq!(texts.describe("de", "command-memory-view", "page").as_deref(), Some("Welche Seite"));
        assert_eq!(texts.describe("de", "command-memory-view", "nothing"), None);
    }
}
