//! Reading one value: from a variable or its file, by its declaration, with an error that says what to do.

use crate::domain::spelling;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt::Display;
use std::io;
use std::path::Path;

use secrecy::SecretString;

use super::settings::{self, Preset, TEST_PREFIX};

/// Names with this prefix are ours: one that is not a setting is a mistake.
const PREFIX: &str = "GREENROOM_";
/// Variables within this distance of a setting's name are mentioned by `doctor`.
const SUSPICIOUSLY_NEAR: usize = 2;

/// Something wrong with one setting. Never carries the value of a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The setting's name, as the operator wrote it.
    pub setting: String,
    /// What is wrong and what to do.
    pub what: String,
}

/// Everything that is wrong with the settings, one line each.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", .problems.iter().map(|problem| format!("{} {}", problem.setting, problem.what)).collect::<Vec<_>>().join("\n"))]
pub struct SettingsError {
    /// Never empty.
    pub problems: Vec<Problem>,
}

/// The variables as given, and what was found wrong while reading them.
pub(super) struct Values {
    given: BTreeMap<String, String>,
    problems: RefCell<Vec<Problem>>,
    #[cfg(test)]
    pub(super) read: RefCell<Vec<&'static str>>,
}

impl Values {
    /// Takes the variables; secrets named by `NAME_FILE` are read through `read_file`.
    pub(super) fn new(
        vars: impl IntoIterator<Item = (String, String)>,
        read_file: &dyn Fn(&Path) -> io::Result<String>,
    ) -> Self {
        // An empty variable is how compose files and shells say "not set".
        let given: BTreeMap<_, _> = vars.into_iter().filter(|(_, value)| !value.is_empty()).collect();
        let mut values = Self {
            given,
            problems: RefCell::default(),
            #[cfg(test)]
            read: RefCell::default(),
        };
        values.read_secret_files(read_file);
        values.refuse_unknown();
        values
    }

    fn read_secret_files(&mut self, read_file: &dyn Fn(&Path) -> io::Result<String>) {
        for setting in settings::all().filter(|setting| setting.is_secret) {
            let by_file = format!("{}_FILE", setting.name);
            let Some(path) = self.given.remove(&by_file) else { continue };
            if self.given.contains_key(setting.name) {
                self.problem(&by_file, format!("and {} are both set: remove one of them", setting.name));
                continue;
            }
            match read_file(Path::new(&path)) {
                Ok(text) if text.trim_end_matches(['\r', '\n']).is_empty() => {
                    self.problem(&by_file, format!("names an empty file: put the secret into {path}"));
                }
                Ok(text) => {
                    self.given.insert(setting.name.to_owned(), text.trim_end_matches(['\r', '\n']).to_owned());
                }
                Err(error) => {
                    self.problem(&by_file, format!("names a file that cannot be read: {path}: {error}"));
                }
            }
        }
    }

    fn refuse_unknown(&self) {
        for name in self.given.keys() {
            if !name.starts_with(PREFIX) || name.starts_with(TEST_PREFIX) || settings::find(name).is_some() {
                continue;
            }
            let advice = match settings::nearest(name) {
                Some(nearest) => format!("did you mean {nearest}?"),
                None => "remove it, or see `greenroom config example` for what there is".to_owned(),
            };
            self.problem(name, format!("is not a setting: {advice}"));
        }
    }

    /// Variables that are no setting but look like a misspelt one, each with the setting it is like.
    pub(super) fn suspects(&self) -> Vec<(String, &'static str)> {
        let near = |name: &str| {
            settings::all()
                .find(|setting| spelling::distance(name, setting.name) <= SUSPICIOUSLY_NEAR)
                .map(|setting| setting.name)
        };
        self.given
            .keys()
            .filter(|name| name.contains('_') && settings::find(name).is_none() && !name.starts_with(PREFIX))
            .filter_map(|name| Some((name.clone(), near(name)?)))
            .collect()
    }

    /// Notes that `setting` is wrong; `what` follows its name in the sentence.
    pub(super) fn problem(&self, setting: &str, what: impl Into<String>) {
        self.problems.borrow_mut().push(Problem { setting: setting.to_owned(), what: what.into() });
    }

    /// The value of any variable, setting or not.
    pub(super) fn environment(&self, name: &str) -> Option<&str> {
        self.given.get(name).map(String::as_str)
    }

    /// The text of a setting, its default where it is not set.
    pub(super) fn text(&self, name: &'static str) -> Option<String> {
        #[cfg(test)]
        self.read.borrow_mut().push(name);
        let setting = settings::find(name).expect("only declared settings are read; a test reads them all");
        let value = match (self.given.get(name), setting.preset) {
            (Some(value), _) => value.as_str(),
            (None, Preset::Value(value)) => value,
            (None, Preset::Unset(_)) => return None,
        };
        // What is not UTF-8 arrives here with replacement characters.
        if value.contains('\u{FFFD}') {
            self.problem(name, "is not valid UTF-8: set it again");
        }
        let trimmed = value.trim();
        (!trimmed.is_empty()).then(|| trimmed.to_owned())
    }

    /// A secret's value.
    pub(super) fn secret(&self, name: &'static str) -> Option<SecretString> {
        self.text(name).map(SecretString::from)
    }

    /// The value as `parse` reads it; its error finishes the sentence "NAME is …: ".
    pub(super) fn parsed<T, E: Display>(
        &self,
        name: &'static str,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Option<T> {
        let text = self.text(name)?;
        match parse(&text) {
            Ok(value) => Some(value),
            Err(wanted) => {
                let is_secret = settings::find(name).is_some_and(|setting| setting.is_secret);
                let shown = if is_secret { None } else { quotable(&text) };
                let shown = shown.map_or_else(|| "is not usable".to_owned(), |shown| format!("is `{shown}`"));
                self.problem(name, format!("{shown}: {wanted}"));
                None
            }
        }
    }

    /// A whole number within bounds.
    pub(super) fn number<T>(&self, name: &'static str, least: T, most: T) -> Option<T>
    where
        T: std::str::FromStr + PartialOrd + Display + Copy,
    {
        self.parsed(name, |text| match text.parse::<T>() {
            Ok(number) if number >= least && number <= most => Ok(number),
            _ => Err(format!("give a whole number from {least} to {most}")),
        })
    }

    /// Nothing, or everything that was found wrong.
    pub(super) fn verdict(&self) -> Result<(), SettingsError> {
        let problems = self.problems.take();
        if problems.is_empty() { Ok(()) } else { Err(SettingsError { problems }) }
    }
}

/// A value as a message may show it; `None` where it might hold a secret set in the wrong place.
fn quotable(text: &str) -> Option<String> {
    /// Longest value shown; keys and addresses with passwords are longer.
    const SHOWN: usize = 40;
    let is_plain = text.chars().count() <= SHOWN && !text.chars().any(char::is_control);
    let may_be_secret = text.contains("sk-") || (text.contains("://") && text.contains('@'));
    (is_plain && !may_be_secret).then(|| text.to_owned())
}
