//! Writing a command out as words that the parser reads back.

use std::fmt::Display;

use clap::ValueEnum;

/// The words of one command: its name, its options, then what stands by position.
pub(crate) struct Said(Vec<String>);

impl Said {
    /// A command named `name`.
    pub(crate) fn new(name: &str) -> Self {
        Self(vec![name.to_owned()])
    }

    /// `--name=value`, where there is a value.
    pub(crate) fn option(mut self, name: &str, value: Option<&impl Display>) -> Self {
        self.0.extend(value.map(|value| format!("--{name}={value}")));
        self
    }

    /// `--name=choice`, where one is chosen.
    pub(crate) fn choice_option(self, name: &str, value: Option<&impl ValueEnum>) -> Self {
        let value = value.map(choice);
        self.option(name, value.as_ref())
    }

    /// A choice by position.
    pub(crate) fn choice(mut self, value: &impl ValueEnum) -> Self {
        self.0.push(choice(value));
        self
    }

    /// A word by position that cannot be taken for an option.
    pub(crate) fn word(mut self, value: &impl Display) -> Self {
        self.0.push(value.to_string());
        self
    }

    /// Everything else by position: the last call, for nothing after it is an option.
    pub(crate) fn rest<'w, T: Display + 'w>(mut self, values: impl IntoIterator<Item = &'w T>) -> Vec<String> {
        let values: Vec<String> = values.into_iter().map(ToString::to_string).collect();
        if !values.is_empty() {
            self.0.push("--".to_owned());
            self.0.extend(values);
        }
        self.0
    }

    /// The words as they are.
    pub(crate) fn done(self) -> Vec<String> {
        self.0
    }
}

fn choice(value: &impl ValueEnum) -> String {
    value.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
}
