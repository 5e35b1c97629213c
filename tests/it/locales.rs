//! The texts are whole: every language says everything, and nothing is said that has no text.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use commands::Misread;
use fluent_syntax::ast::{Entry, Expression, InlineExpression, Pattern, PatternElement};
use greenroom::model::ErrorClass;
use greenroom::texts::{Arg, SOURCE_LOCALE, Texts};

/// Texts that wait for the code that will say them. Take one out when it is said; the test insists.
const AWAITED: [&str; 0] = [];

/// Longest description of a command or option that Discord takes, in characters.
const DISCORD_DESCRIPTION_MAX: usize = 100;
/// Longest sum of names, descriptions and choices of one command, counting the longest language, in characters.
const DISCORD_COMMAND_MAX: usize = 8_000;

/// What a message or attribute needs.
#[derive(Debug, Default, PartialEq, Eq)]
struct Shape {
    variables: BTreeSet<String>,
    selects: bool,
}

/// `file/id` or `file/id.attribute` and its shape.
type Locale = BTreeMap<String, Shape>;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn locales() -> BTreeMap<String, Locale> {
    let mut found = BTreeMap::new();
    for dir in fs::read_dir(root().join("locales")).unwrap() {
        let dir = dir.unwrap().path();
        if dir.is_dir() {
            let tag = dir.file_name().unwrap().to_str().unwrap().to_owned();
            found.insert(tag, read(&dir));
        }
    }
    assert!(found.len() >= 4, "{:?}", found.keys());
    found
}

fn read(dir: &Path) -> Locale {
    let mut locale = Locale::new();
    for path in fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()) {
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let source = fs::read_to_string(&path).unwrap();
        let resource = fluent_syntax::parser::parse(source.as_str())
            .unwrap_or_else(|(_, errors)| panic!("{}: {errors:?}", path.display()));
        for entry in resource.body {
            let Entry::Message(message) = entry else { continue };
            let id = format!("{name}/{}", message.id.name);
            let value = message.value.unwrap_or_else(|| panic!("{id} in {} has no value", dir.display()));
            assert!(locale.insert(id.clone(), shape(&value)).is_none(), "{id} is there twice");
            for attribute in message.attributes {
                locale.insert(format!("{id}.{}", attribute.id.name), shape(&attribute.value));
            }
        }
    }
    locale
}

fn shape(pattern: &Pattern<&str>) -> Shape {
    let mut shape = Shape::default();
    collect(pattern, &mut shape);
    shape
}

fn collect(pattern: &Pattern<&str>, shape: &mut Shape) {
    for element in &pattern.elements {
        let PatternElement::Placeable { expression } = element else { continue };
        match expression {
            Expression::Inline(inline) => variable(inline, shape),
            Expression::Select { selector, variants } => {
                shape.selects = true;
                variable(selector, shape);
                variants.iter().for_each(|variant| collect(&variant.value, shape));
            }
        }
    }
}

fn variable(inline: &InlineExpression<&str>, shape: &mut Shape) {
    if let InlineExpression::VariableReference { id } = inline {
        shape.variables.insert(id.name.to_owned());
    }
}

/// The ids of a locale without file and attributes.
fn ids(locale: &Locale) -> BTreeSet<String> {
    locale
        .keys()
        .filter(|key| !key.contains('.'))
        .map(|key| key.split_once('/').map_or(key.as_str(), |(_, id)| id).to_owned())
        .collect()
}

/// The string literals of our code that look like text ids.
fn literals() -> BTreeSet<String> {
    let mut files = Vec::new();
    for dir in ["src", "commands"] {
        rust_files(&root().join(dir), &mut files);
    }
    let mut found = BTreeSet::new();
    for file in files {
        for line in fs::read_to_string(&file).unwrap().lines() {
            for literal in line.split('"').skip(1).step_by(2) {
                let is_id = literal.contains('-')
                    && !literal.ends_with('-')
                    && literal.starts_with(|c: char| c.is_ascii_lowercase())
                    && literal.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
                if is_id {
                    found.insert(literal.to_owned());
                }
            }
        }
    }
    found
}

fn rust_files(dir: &Path, found: &mut Vec<PathBuf>) {
    for path in fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()) {
        if path.is_dir() {
            rust_files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// The ids that enums and the grammar make, rather than literals.
fn made() -> BTreeSet<String> {
    let failures = ErrorClass::ALL.iter().map(|class| format!("failure-{}", class.as_str().replace('_', "-")));
    let misread = Misread::samples().into_iter().map(|misread| misread.id().to_owned());
    let leaves = commands::leaves().into_iter().map(|leaf| leaf.text_id());
    failures.chain(misread).chain(leaves).chain(groups().into_keys()).collect()
}

/// The ids of command groups and what they are about in en-US.
fn groups() -> BTreeMap<String, String> {
    commands::grammar()
        .get_subcommands()
        .filter(|group| group.has_subcommands())
        .map(|group| (format!("command-{}", group.get_name()), group.get_about().unwrap().to_string()))
        .collect()
}

#[test]
fn every_language_says_the_same_things_with_the_same_variables() {
    let locales = locales();
    let source = &locales[SOURCE_LOCALE];
    for (tag, locale) in &locales {
        let of = |locale: &Locale| locale.keys().cloned().collect::<BTreeSet<_>>();
        let missing: Vec<_> = of(source).difference(&of(locale)).cloned().collect();
        let extra: Vec<_> = of(locale).difference(&of(source)).cloned().collect();
        assert!(missing.is_empty() && extra.is_empty(), "{tag} lacks {missing:?} and has {extra:?} of its own");
        for (id, shape) in locale {
            assert_eq!(shape.variables, source[id].variables, "{id} in {tag}");
        }
    }
}

#[test]
fn everything_that_is_said_has_a_text_and_every_text_is_said() {
    let texts = ids(&locales()[SOURCE_LOCALE]);
    let (literals, made) = (literals(), made());
    let without: Vec<_> = made.difference(&texts).collect();
    assert!(without.is_empty(), "no text for {without:?}");

    // `command-…` is left to the grammar: there are models named so.
    let families: BTreeSet<&str> =
        texts.iter().filter_map(|id| id.split('-').next()).filter(|family| *family != "command").collect();
    let unknown: Vec<_> = literals
        .iter()
        .filter(|literal| literal.split('-').next().is_some_and(|family| families.contains(family)))
        .filter(|literal| !texts.contains(*literal))
        .collect();
    assert!(unknown.is_empty(), "no text for {unknown:?}");

    let silent: BTreeSet<&str> =
        texts.iter().filter(|id| !literals.contains(*id) && !made.contains(*id)).map(String::as_str).collect();
    assert_eq!(silent, BTreeSet::from(AWAITED), "texts that nothing says, against those awaited");
}

#[test]
fn every_command_and_argument_is_described_within_discords_limits() {
    let texts = Texts::default();
    let source = &locales()[SOURCE_LOCALE];
    let mut wanted = BTreeSet::new();
    for (id, about) in groups() {
        assert_eq!(texts.say(SOURCE_LOCALE, &id, &[]), about, "the doc comment of {id} and its text");
        wanted.insert(format!("commands/{id}"));
    }
    let mut sizes: BTreeMap<String, usize> = BTreeMap::new();
    for leaf in commands::leaves() {
        let id = leaf.text_id();
        assert_eq!(texts.say(SOURCE_LOCALE, &id, &[]), leaf.about, "the doc comment of {id} and its text");
        wanted.insert(format!("commands/{id}"));
        let longest = |said: &dyn Fn(&str) -> String| -> usize {
            let lengths = texts.locales().map(|tag| {
                let said = said(tag);
                let length = said.chars().count();
                assert!((1..=DISCORD_DESCRIPTION_MAX).contains(&length), "{tag} {id}: {said}");
                length
            });
            lengths.max().unwrap()
        };
        let mut size = leaf.path.iter().map(String::len).sum::<usize>() + longest(&|tag| texts.say(tag, &id, &[]));
        for arg in &leaf.args {
            assert_eq!(texts.describe(SOURCE_LOCALE, &id, &arg.name).as_ref(), Some(&arg.about), "{id} {}", arg.name);
            let names = std::iter::once(arg.name.clone())
                .chain(arg.choices.iter().map(|choice| format!("{}-{choice}", arg.name)));
            for name in names {
                size += name.len() + longest(&|tag| texts.describe(tag, &id, &name).unwrap());
                wanted.insert(format!("commands/{id}.{name}"));
            }
        }
        *sizes.entry(leaf.path[0].clone()).or_default() += size;
    }
    for (command, size) in sizes {
        assert!(size <= DISCORD_COMMAND_MAX, "/{command} takes {size} characters");
    }
    let described: BTreeSet<String> = source.keys().filter(|id| id.starts_with("commands/")).cloned().collect();
    assert_eq!(described, wanted, "what is described, against what the grammar has");
}

#[test]
fn failures_and_misreadings_fill_every_variable_of_their_text() {
    let texts = Texts::default();
    let locales = locales();
    for (tag, locale) in &locales {
        for misread in Misread::samples() {
            let args: BTreeSet<String> = misread.args().into_iter().map(|(name, _)| name.to_owned()).collect();
            assert_eq!(locale[&format!("refusals/{}", misread.id())].variables, args, "{} in {tag}", misread.id());
            let args: Vec<(&str, Arg)> =
                misread.args().into_iter().map(|(name, _)| (name, Arg::from(format!("<{name}>")))).collect();
            let said = texts.say(tag, misread.id(), &args);
            assert!(args.iter().all(|(name, _)| said.contains(&format!("<{name}>"))), "{tag}: {said}");
        }
        for class in ErrorClass::ALL {
            let id = format!("failure-{}", class.as_str().replace('_', "-"));
            assert!(locale[&format!("refusals/{id}")].variables.is_empty(), "{id} in {tag}");
            assert_ne!(texts.say(tag, &id, &[]), id);
        }
    }
}

#[test]
fn refusals_choose_no_plural_because_their_arguments_are_text() {
    for (tag, locale) in locales() {
        let choosing: Vec<_> =
            locale.iter().filter(|(id, shape)| id.starts_with("refusals/") && shape.selects).collect();
        assert!(choosing.is_empty(), "{tag}: {choosing:?}");
    }
}

#[test]
fn a_text_in_another_language_is_not_the_english_one() {
    let texts = Texts::default();
    for id in made().iter().chain(&ids(&locales()[SOURCE_LOCALE])) {
        let english = texts.say(SOURCE_LOCALE, id, &[]);
        let words = english.split_whitespace().filter(|word| word.chars().all(char::is_alphabetic)).count();
        // Short labels are the same word in several languages; sentences never are.
        for tag in texts.locales().filter(|tag| *tag != SOURCE_LOCALE && words > 3) {
            assert_ne!(texts.say(tag, id, &[]), english, "{id} in {tag}");
        }
    }
}
