//! Personality files: TOML front matter between `+++` lines, then the prompt in prose.
//!
//! The built-in ones are in `personalities/`, compiled in; an operator's own are in a folder. Reading is strict: a
//! mistake stops the start with the file, the line or key, and what to do about it.

mod card;

use std::fmt::Write as _;
use std::path::Path;

use anyhow::{Context, anyhow, bail, ensure};
use include_dir::{Dir, include_dir};

use crate::domain::spelling::distance;
use crate::domain::{PersonalityFile, slug_of};

static BUILT_IN: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/personalities");

/// The line before and after the front matter.
const FENCE: &str = "+++";
/// Largest personality file, in bytes; the longest prompt that still makes sense is far below.
const FILE_MAX: u64 = 256 * 1024;
/// Longest name, in characters: what Discord allows a webhook.
const NAME_MAX: usize = 80;
/// Longest slug, in characters.
const SLUG_MAX: usize = 32;
/// Longest line for lists, in characters.
const ABOUT_MAX: usize = 100;
/// Differences beyond this are no typing mistake.
const FAR: usize = 4;
/// What the front matter may say.
const KEYS: [&str; 11] = [
    "name",
    "slug",
    "about",
    "pronouns",
    "aliases",
    "greeting",
    "brief",
    "examples",
    "temperature",
    "max_tokens",
    "adult",
];

/// The characters that come with the house, in alphabetical order of their files.
///
/// # Errors
/// When one of the compiled-in files is broken; a test loads them all.
pub fn load_builtin() -> anyhow::Result<Vec<PersonalityFile>> {
    let mut sources = Vec::new();
    for file in BUILT_IN.files().filter(|file| is_personality(file.path())) {
        let name = format!("personalities/{}", file.path().display());
        let text = file.contents_utf8().with_context(|| format!("{name} is not UTF-8; save it as UTF-8"))?;
        sources.push((name, text.to_owned()));
    }
    read_all(sources)
}

/// The characters in the folder `dir`: every `*.md` in it but `README.md`, in alphabetical order.
///
/// # Errors
/// When the folder cannot be read, a file is broken, or two files define the same name or slug.
pub fn load_dir(dir: &Path) -> anyhow::Result<Vec<PersonalityFile>> {
    let shown = dir.display();
    let advice = || format!("reading the folder {shown}; create it or change GREENROOM_PERSONALITIES_DIR");
    let mut sources = Vec::new();
    for entry in std::fs::read_dir(dir).with_context(advice)? {
        let path = entry.with_context(advice)?.path();
        if !is_personality(&path) || !path.is_file() {
            continue;
        }
        let name = path.display().to_string();
        let size = std::fs::metadata(&path).with_context(|| format!("reading {name}"))?.len();
        ensure!(size <= FILE_MAX, "{name} has {size} bytes, more than the {FILE_MAX} allowed; shorten it");
        let bytes = std::fs::read(&path).with_context(|| format!("reading {name}"))?;
        let text = String::from_utf8(bytes).map_err(|_| anyhow!("{name} is not UTF-8; save it as UTF-8"))?;
        sources.push((name, text));
    }
    read_all(sources)
}

/// Whether a file of this name holds a personality.
fn is_personality(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    name.ends_with(".md") && !name.starts_with('.') && !name.eq_ignore_ascii_case("README.md")
}

fn read_all(mut sources: Vec<(String, String)>) -> anyhow::Result<Vec<PersonalityFile>> {
    sources.sort();
    let mut read: Vec<(String, PersonalityFile)> = Vec::new();
    for (name, text) in sources {
        let file = parse(&name, &text)?;
        for (other, known) in &read {
            ensure!(
                known.slug != file.slug,
                "{name} and {other} both have the slug \"{}\"; give one of them another `slug`",
                file.slug
            );
            ensure!(
                known.name.to_lowercase() != file.name.to_lowercase(),
                "{name} and {other} both have the name \"{}\"; give one of them another `name`",
                file.name
            );
        }
        read.push((name, file));
    }
    Ok(read.into_iter().map(|(_, file)| file).collect())
}

/// Reads the text of one personality file; `name` is what errors call it.
///
/// # Errors
/// When the front matter is missing or broken, a key is unknown, or a value is out of its limits.
pub fn parse(name: &str, text: &str) -> anyhow::Result<PersonalityFile> {
    let text = text.trim_start_matches('\u{feff}').replace("\r\n", "\n");
    let rest = text
        .strip_prefix(FENCE)
        .and_then(|rest| rest.trim_start_matches([' ', '\t']).strip_prefix('\n'))
        .ok_or_else(|| anyhow!("{name}, line 1: begin the file with a line `{FENCE}` before its settings"))?;
    let mut at = 0;
    let end = rest
        .split_inclusive('\n')
        .find_map(|line| {
            let start = at;
            at += line.len();
            (line.trim_end() == FENCE).then_some(start)
        })
        .ok_or_else(|| anyhow!("{name}: end the settings with a line `{FENCE}` before the prompt"))?;
    let front = &rest[..end];
    check_keys(name, front)?;
    let mut file: PersonalityFile = toml::from_str(front).map_err(|error| broken(name, front, &error))?;
    file.prompt = rest[at..].trim().to_owned();
    if file.slug.is_empty() {
        file.slug = slug_of(&file.name);
    }
    check_values(&file).with_context(|| format!("{name}: unusable settings"))?;
    Ok(file)
}

/// Reads a character from somewhere else: a personality file, or a character card (V1, V2 or V3) as JSON.
///
/// # Errors
/// When it is neither, or a value is out of its limits.
pub fn import(text: &str) -> anyhow::Result<PersonalityFile> {
    if text.trim_start_matches('\u{feff}').trim_start().starts_with('{') {
        let file = card::read(text)?;
        check_values(&file).context("unusable card")?;
        return Ok(file);
    }
    parse("the file", text)
}

/// A character as a personality file: [`parse`] reads it back.
pub fn write(file: &PersonalityFile) -> String {
    // Every JSON string is a TOML string.
    let quoted = |text: &str| serde_json::Value::from(text).to_string();
    let mut text = format!("{FENCE}\nname = {}\n", quoted(&file.name));
    let mut line = |key: &str, value: String| {
        let _ = writeln!(text, "{key} = {value}");
    };
    for (key, value) in
        [("slug", &file.slug), ("about", &file.about), ("greeting", &file.greeting), ("brief", &file.brief)]
    {
        if !value.is_empty() {
            line(key, quoted(value));
        }
    }
    if let Some(pronouns) = &file.pronouns {
        line("pronouns", quoted(pronouns));
    }
    if !file.aliases.is_empty() {
        line("aliases", format!("[{}]", file.aliases.iter().map(|alias| quoted(alias)).collect::<Vec<_>>().join(", ")));
    }
    if !file.examples.is_empty() {
        let pair = |(asked, answered): &(String, String)| format!("[{}, {}]", quoted(asked), quoted(answered));
        line("examples", format!("[{}]", file.examples.iter().map(pair).collect::<Vec<_>>().join(", ")));
    }
    if let Some(temperature) = file.temperature {
        line("temperature", format!("{temperature:?}"));
    }
    if let Some(tokens) = file.max_tokens {
        line("max_tokens", tokens.to_string());
    }
    if file.adult {
        line("adult", "true".to_owned());
    }
    format!("{text}{FENCE}\n\n{}\n", file.prompt)
}

fn check_keys(name: &str, front: &str) -> anyhow::Result<()> {
    let table: toml::Table = front.parse().map_err(|error| broken(name, front, &error))?;
    let Some(key) = table.keys().find(|key| !KEYS.contains(&key.as_str())) else { return Ok(()) };
    let starts = |line: &str| {
        let line = line.trim_start_matches([' ', '\t', '"', '\'', '[']);
        line.strip_prefix(key.as_str()).is_some_and(|rest| !rest.starts_with(|c: char| c.is_alphanumeric() || c == '_'))
    };
    // The first line is the fence.
    let line = front.lines().position(starts).map_or_else(String::new, |at| format!(", line {}", at + 2));
    if key == "prompt" {
        bail!("{name}{line}: remove `prompt`; the prompt is the text after the second `{FENCE}`");
    }
    let nearest = KEYS.iter().map(|known| (distance(key, known), known)).min().filter(|(far, _)| *far <= FAR);
    let hint = nearest.map_or_else(String::new, |(_, known)| format!("did you mean `{known}`? "));
    bail!("{name}{line}: unknown key `{key}`; {hint}known keys are {}", KEYS.join(", "))
}

/// A syntax or type error with its line in the file.
fn broken(name: &str, front: &str, error: &toml::de::Error) -> anyhow::Error {
    let line = error.span().and_then(|span| front.get(..span.start)).map_or_else(String::new, |before| {
        // Lines count from 1, and the first is the fence.
        format!(", line {}", before.matches('\n').count() + 2)
    });
    anyhow!("{name}{line}: {}", error.message())
}

fn check_values(file: &PersonalityFile) -> anyhow::Result<()> {
    let count = |text: &str| text.chars().count();
    let one_line = |key: &str, text: &str, max: usize| {
        let fits = count(text) <= max && !text.chars().any(char::is_control);
        if fits { Ok(()) } else { Err(anyhow!("`{key}` must be one line of at most {max} characters")) }
    };
    ensure!(!file.name.trim().is_empty(), "`name` must not be empty; it is what people call");
    one_line("name", &file.name, NAME_MAX)?;
    ensure!(
        !file.slug.is_empty() && file.slug.len() <= SLUG_MAX && slug_of(&file.slug) == file.slug,
        "`slug` must be 1 to {SLUG_MAX} lower-case letters, digits and single hyphens, such as \"old-sage\""
    );
    one_line("about", &file.about, ABOUT_MAX)?;
    one_line("pronouns", file.pronouns.as_deref().unwrap_or_default(), NAME_MAX)?;
    for alias in &file.aliases {
        ensure!(!alias.trim().is_empty(), "`aliases` must not have an empty one; remove it");
        one_line("aliases", alias, NAME_MAX)?;
    }
    ensure!(!file.prompt.is_empty(), "the prompt is missing; write it after the second `{FENCE}`");
    for (said, answered) in &file.examples {
        ensure!(
            !said.trim().is_empty() && !answered.trim().is_empty(),
            "`examples` must be pairs of a line and its answer, neither of them empty"
        );
    }
    let warm = file.temperature.is_none_or(|temperature| (0.0..=2.0).contains(&temperature));
    ensure!(warm, "`temperature` must be between 0.0 and 2.0");
    ensure!(file.max_tokens != Some(0), "`max_tokens` must be at least 1; remove it for the default");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(text: &str) -> String {
        format!("{:#}", parse("bob.md", text).unwrap_err())
    }

    #[test]
    fn the_built_in_characters_are_whole_and_fit_small_models() {
        let files = load_builtin().unwrap();
        let slugs: Vec<&str> = files.iter().map(|file| file.slug.as_str()).collect();
        assert_eq!(slugs, ["abbey", "abi", "aviva"]);
        for file in &files {
            let words = |text: &str| text.split_whitespace().count();
            assert!((250..=450).contains(&words(&file.prompt)), "{} has {}", file.name, words(&file.prompt));
            assert!((1..=60).contains(&words(&file.brief)), "{}", file.name);
            assert!((2..=4).contains(&file.examples.len()), "{}", file.name);
            assert!(!file.about.is_empty() && !file.greeting.is_empty() && file.pronouns.is_some());
        }
    }

    #[test]
    fn the_host_names_only_commands_that_exist() {
        let names: Vec<String> = commands::leaves().iter().map(|leaf| format!("/{}", leaf.path.join(" "))).collect();
        for file in load_builtin().unwrap() {
            let answers = file.examples.iter().map(|(_, answer)| answer.as_str());
            for text in answers.chain([file.prompt.as_str()]) {
                for quoted in text.split('`').skip(1).step_by(2).filter(|quoted| quoted.starts_with('/')) {
                    let known = commands::parse(quoted).is_ok() || names.iter().any(|name| name == quoted);
                    assert!(known, "{}: {quoted}", file.name);
                }
            }
        }
    }

    #[test]
    fn a_file_is_its_settings_and_its_prompt() {
        let text = "\u{feff}+++\r\nname = \"Old Sage\"\r\nexamples = [[\"hi\", \"Sit.\"]]\r\n+++\r\n\r\nYou are old.\r\n+++\r\n";
        let file = parse("sage.md", text).unwrap();
        assert_eq!((file.name.as_str(), file.slug.as_str()), ("Old Sage", "old-sage"));
        assert_eq!(file.prompt, "You are old.\n+++");
        assert_eq!(file.examples, [("hi".to_owned(), "Sit.".to_owned())]);
    }

    #[test]
    fn mistakes_are_named_with_file_line_and_remedy() {
        assert_eq!(error("You are Bob."), "bob.md, line 1: begin the file with a line `+++` before its settings");
        assert_eq!(error("+++\nname = \"Bob\"\n"), "bob.md: end the settings with a line `+++` before the prompt");
        let unknown = error("+++\nname = \"Bob\"\ngreetings = \"Hi\"\n+++\nx");
        assert!(unknown.starts_with("bob.md, line 3: unknown key `greetings`; did you mean `greeting`?"), "{unknown}");
        assert!(error("+++\nname = \"Bob\nabout = 1\n+++\nx").starts_with("bob.md, line 2: "));
        assert!(error("+++\nname = \"Bob\"\nmax_tokens = \"many\"\n+++\nx").starts_with("bob.md, line 3: "));
        assert!(error("+++\nname = \"Bob\"\nprompt = \"x\"\n+++\nx").contains("after the second"));
        assert!(error("+++\nabout = \"x\"\n+++\nx").contains("name"));
        assert!(error("+++\nname = \"Bob\"\n+++\n").contains("the prompt is missing"));
        assert!(error("+++\nname = \"Bob\"\nslug = \"Bob!\"\n+++\nx").contains("`slug` must be"));
        assert!(error("+++\nname = \"Боб\"\n+++\nx").contains("`slug` must be"));
        assert!(error("+++\nname = \"Bob\"\ntemperature = 3.0\n+++\nx").contains("between 0.0 and 2.0"));
        assert!(error("+++\nname = \"Bob\"\nexamples = [[\"hi\", \"\"]]\n+++\nx").contains("pairs"));
    }

    #[test]
    fn every_key_of_a_personality_can_be_written() {
        let all = serde_json::to_value(PersonalityFile { adult: true, ..PersonalityFile::default() }).unwrap();
        let mut keys: Vec<&str> = all.as_object().unwrap().keys().map(String::as_str).collect();
        keys.retain(|key| *key != "prompt");
        let mut known = KEYS.to_vec();
        keys.sort_unstable();
        known.sort_unstable();
        assert_eq!(keys, known);
    }

    #[test]
    fn a_folder_is_read_without_its_readme_and_without_doubles() {
        let dir = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| std::fs::write(dir.path().join(name), text).unwrap();
        write("README.md", "Our characters.");
        write("notes.txt", "nothing");
        write("b.md", "+++\nname = \"Bob\"\n+++\nYou are Bob.");
        write("a.md", "+++\nname = \"Ada\"\n+++\nYou are Ada.");
        let names: Vec<String> = load_dir(dir.path()).unwrap().into_iter().map(|file| file.name).collect();
        assert_eq!(names, ["Ada", "Bob"]);
        write("c.md", "+++\nname = \"Robert\"\nslug = \"bob\"\n+++\nYou are Bob.");
        let doubled = load_dir(dir.path()).unwrap_err().to_string();
        assert!(doubled.contains("b.md") && doubled.contains("c.md") && doubled.contains("`slug`"), "{doubled}");
        std::fs::remove_file(dir.path().join("c.md")).unwrap();
        write("d.md", &"x".repeat(300_000));
        assert!(load_dir(dir.path()).unwrap_err().to_string().contains("shorten it"));
        let missing = load_dir(&dir.path().join("nowhere")).unwrap_err().to_string();
        assert!(missing.contains("GREENROOM_PERSONALITIES_DIR"), "{missing}");
    }
}
