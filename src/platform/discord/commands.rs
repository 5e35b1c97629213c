//! The grammar as Discord wants it registered, and what comes back as words that the grammar reads.

use std::collections::BTreeMap;

use commands::{Access, ArgSpec, Leaf, Source, Where};
use reqwest::Method;
use serde_json::{Map, Value, json};

use super::rest::{RestError, Route};
use super::wire::{Flake, flake_of};
use super::{Discord, Me};
use crate::domain::one_line;
use crate::texts::{SOURCE_LOCALE, Texts};

/// Kinds of options.
const SUBCOMMAND: u8 = 1;
const TEXT: u8 = 3;
const NUMBER: u8 = 4;
const USER: u8 = 6;
/// Kinds of commands.
const SLASH: u8 = 1;
const ON_MESSAGE: u8 = 3;
/// Longest description, in characters.
const ABOUT_MAX: usize = 100;
/// Choices that an option may list.
const CHOICES_MAX: usize = 25;
/// Where a command can be given, and for whom the application must be installed: servers and direct messages with the
/// house, where the server installed it.
const IN_HOUSE: (&[u8], &[u8]) = (&[0, 1], &[0]);
/// Any conversation as well, for whoever installed the application for themselves.
const EVERYWHERE: (&[u8], &[u8]) = (&[0, 1, 2], &[0, 1]);
/// Commands that are about whoever gives them, rather than about where they are given.
const ANYWHERE: [&str; 12] = [
    "about",
    "alias",
    "data",
    "help",
    "keys",
    "memory",
    "persona",
    "personality",
    "preset",
    "prompt",
    "settings",
    "usage",
];
/// Who is offered a place's rules: whoever may change the channel.
const MANAGE_CHANNELS: &str = "16";

/// What the house offers on a message, besides commands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum OnMessage {
    Inspect,
    Forget,
    Again,
    Unsay,
}

impl OnMessage {
    pub const ALL: [Self; 4] = [Self::Inspect, Self::Forget, Self::Again, Self::Unsay];

    /// The Fluent message of its name.
    pub fn text_id(self) -> &'static str {
        match self {
            Self::Inspect => "menu-inspect",
            Self::Forget => "menu-forget",
            Self::Again => "menu-again",
            Self::Unsay => "menu-unsay",
        }
    }
}

/// Everything to register.
pub(super) fn registered(texts: &Texts) -> Vec<Value> {
    let mut groups: Vec<(String, Vec<Leaf>)> = Vec::new();
    for leaf in commands::leaves().into_iter().filter(|leaf| leaf.place == Where::Everywhere) {
        match groups.last_mut().filter(|(name, _)| *name == leaf.path[0]) {
            Some((_, leaves)) => leaves.push(leaf),
            None => groups.push((leaf.path[0].clone(), vec![leaf])),
        }
    }
    let mut all: Vec<Value> = groups.iter().map(|(name, leaves)| group(texts, name, leaves)).collect();
    all.extend(OnMessage::ALL.map(|menu| {
        json!({
            "type": ON_MESSAGE,
            "name": texts.say(SOURCE_LOCALE, menu.text_id(), &[]),
            "name_localizations": others(texts, |locale| Some(texts.say(locale, menu.text_id(), &[]))),
            "contexts": IN_HOUSE.0, "integration_types": IN_HOUSE.1,
        })
    }));
    all
}

fn group(texts: &Texts, name: &str, leaves: &[Leaf]) -> Value {
    let is_alone = leaves.len() == 1 && leaves[0].path.len() == 1;
    let options: Vec<Value> = if is_alone {
        arguments(texts, &leaves[0])
    } else {
        leaves
            .iter()
            .map(|leaf| {
                let mut sub = described(texts, &leaf.text_id());
                sub.insert("type".into(), SUBCOMMAND.into());
                sub.insert("name".into(), leaf.path[1].clone().into());
                sub.insert("options".into(), arguments(texts, leaf).into());
                Value::Object(sub)
            })
            .collect()
    };
    let mut command = described(texts, &format!("command-{name}"));
    command.insert("type".into(), SLASH.into());
    command.insert("name".into(), name.into());
    command.insert("options".into(), options.into());
    let (contexts, installed) = if ANYWHERE.contains(&name) { EVERYWHERE } else { IN_HOUSE };
    command.insert("contexts".into(), json!(contexts));
    command.insert("integration_types".into(), json!(installed));
    if leaves.iter().all(|leaf| leaf.access != Access::Everyone) {
        command.insert("default_member_permissions".into(), MANAGE_CHANNELS.into());
    }
    Value::Object(command)
}

fn arguments(texts: &Texts, leaf: &Leaf) -> Vec<Value> {
    leaf.args.iter().map(|arg| argument(texts, leaf, arg)).collect()
}

fn argument(texts: &Texts, leaf: &Leaf, arg: &ArgSpec) -> Value {
    let about = |locale: &str| texts.describe(locale, &leaf.text_id(), &arg.name);
    let mut option = Map::new();
    option.insert("name".into(), arg.name.clone().into());
    option.insert("description".into(), short(&about(SOURCE_LOCALE).unwrap_or_else(|| arg.about.clone())).into());
    option.insert("description_localizations".into(), others(texts, |locale| about(locale)));
    option.insert("required".into(), arg.is_required.into());
    let kind = match (arg.source, arg.range) {
        (Some(Source::Members), _) => USER,
        (_, Some(_)) => NUMBER,
        _ => TEXT,
    };
    option.insert("type".into(), kind.into());
    match (kind, arg.range, arg.length) {
        (NUMBER, Some((min, max)), _) => {
            option.insert("min_value".into(), min.into());
            option.insert("max_value".into(), max.into());
        }
        (TEXT, _, Some((min, max))) if !arg.is_list && arg.choices.is_empty() => {
            option.insert("min_length".into(), min.into());
            option.insert("max_length".into(), max.min(6_000).into());
        }
        _ => {}
    }
    if !arg.choices.is_empty() && arg.choices.len() <= CHOICES_MAX {
        let choices: Vec<Value> = arg.choices.iter().map(|choice| json!({"name": choice, "value": choice})).collect();
        option.insert("choices".into(), choices.into());
    } else if arg.source.is_some() && kind == TEXT {
        option.insert("autocomplete".into(), true.into());
    }
    Value::Object(option)
}

fn described(texts: &Texts, id: &str) -> Map<String, Value> {
    let mut described = Map::new();
    described.insert("description".into(), short(&texts.say(SOURCE_LOCALE, id, &[])).into());
    described.insert("description_localizations".into(), others(texts, |locale| Some(texts.say(locale, id, &[]))));
    described
}

/// A text in every language but the first.
fn others(texts: &Texts, say: impl Fn(&str) -> Option<String>) -> Value {
    let others = texts.locales().filter(|locale| *locale != SOURCE_LOCALE);
    let said: BTreeMap<String, String> =
        others.filter_map(|locale| Some((locale.to_owned(), short(&say(locale)?)))).collect();
    json!(said)
}

fn short(text: &str) -> String {
    let text = one_line(text);
    if text.chars().count() <= ABOUT_MAX {
        text.into_owned()
    } else {
        text.chars().take(ABOUT_MAX - 1).chain(['…']).collect()
    }
}

/// What Discord sends back of a command, without what it adds.
fn projected(command: &Value) -> Value {
    const KEPT: [&str; 17] = [
        "contexts",
        "integration_types",
        "type",
        "name",
        "value",
        "description",
        "name_localizations",
        "description_localizations",
        "options",
        "required",
        "choices",
        "autocomplete",
        "min_value",
        "max_value",
        "min_length",
        "max_length",
        "default_member_permissions",
    ];
    match command {
        Value::Object(fields) => {
            let is_something = |value: &Value| match value {
                Value::Null => false,
                Value::Bool(is_true) => *is_true,
                Value::String(text) => !text.is_empty(),
                Value::Array(list) => !list.is_empty(),
                Value::Object(map) => !map.is_empty(),
                _ => true,
            };
            let kept = fields.iter().filter(|(name, value)| KEPT.contains(&name.as_str()) && is_something(value));
            let is_language = |name: &str| name.ends_with("_localizations");
            let below = |(name, value): (&String, &Value)| {
                let value = if is_language(name) { value.clone() } else { projected(value) };
                (name.clone(), value)
            };
            Value::Object(kept.map(below).collect())
        }
        Value::Array(list) => list.iter().map(projected).collect(),
        value => value.clone(),
    }
}

/// Where commands are registered: everywhere, or in one guild while they are worked on.
pub(super) fn path(application: &str, dev_guild: Option<Flake>) -> String {
    match dev_guild {
        Some(guild) => format!("applications/{application}/guilds/{guild}/commands"),
        None => format!("applications/{application}/commands"),
    }
}

/// Everything to register there.
pub(super) fn wanted(texts: &Texts, dev_guild: Option<Flake>) -> Vec<Value> {
    let mut wanted = registered(texts);
    if dev_guild.is_some() {
        wanted.iter_mut().for_each(in_one_guild);
    }
    wanted
}

/// A command as it is registered in one guild: it is nowhere else.
fn in_one_guild(command: &mut Value) {
    if let Some(command) = command.as_object_mut() {
        command.remove("contexts");
        command.remove("integration_types");
    }
}

/// Whether Discord has exactly these commands.
pub(super) fn are_registered(there: &Value, wanted: &[Value], dev_guild: Option<Flake>) -> bool {
    let mut there = there.as_array().cloned().unwrap_or_default();
    if dev_guild.is_some() {
        there.iter_mut().for_each(in_one_guild);
    }
    let by_name = |all: &[Value]| -> BTreeMap<String, Value> {
        let named = |command: &Value| (format!("{}{}", command["type"], command["name"]), projected(command));
        all.iter().map(named).collect()
    };
    by_name(&there) == by_name(wanted)
}

impl Discord {
    /// Registers the commands where Discord has others.
    pub(super) async fn register(&self, me: Me) -> Result<(), RestError> {
        let wanted = wanted(&self.house().turns.texts, self.options.dev_guild);
        let path = path(&me.application.to_string(), self.options.dev_guild);
        let route = Route::new(Method::GET, format!("{path}?with_localizations=true"), "GET commands");
        if are_registered(&self.rest.call(&route, None).await?, &wanted, self.options.dev_guild) {
            tracing::info!(commands = wanted.len(), "the commands are registered already");
            return Ok(());
        }
        let body = Value::Array(wanted);
        self.rest.call(&Route::new(Method::PUT, path, "PUT commands"), Some(&body)).await?;
        tracing::info!(commands = body.as_array().map_or(0, Vec::len), "the commands are registered");
        Ok(())
    }
}

/// A slash command as it was given.
pub(super) struct Given<'a> {
    /// One or two names.
    pub path: Vec<&'a str>,
    /// What was given for its options.
    pub options: &'a [Value],
}

/// The path and the options of a command's data.
pub(super) fn given(data: &Value) -> Given<'_> {
    let mut path = vec![data["name"].as_str().unwrap_or_default()];
    let mut options = data["options"].as_array().map_or(&[][..], Vec::as_slice);
    while let [one] = options
        && matches!(one["type"].as_u64(), Some(1 | 2))
    {
        path.push(one["name"].as_str().unwrap_or_default());
        options = one["options"].as_array().map_or(&[][..], Vec::as_slice);
    }
    Given { path, options }
}

/// The command as words that the grammar reads; `None`: there is no such command.
pub(super) fn words(given: &Given<'_>) -> Option<Vec<String>> {
    let leaf = commands::leaves().into_iter().find(|leaf| leaf.path == given.path)?;
    let value = |arg: &ArgSpec| {
        let option = given.options.iter().find(|option| option["name"] == arg.name.as_str())?;
        Some(match &option["value"] {
            Value::String(text) if arg.source == Some(Source::Members) => format!("{}:{text}", super::NAME),
            Value::String(text) => text.clone(),
            other => other.to_string(),
        })
    };
    let mut words = leaf.path.clone();
    for arg in leaf.args.iter().filter(|arg| arg.is_option) {
        words.extend(value(arg).map(|value| format!("--{}={value}", arg.name)));
    }
    let mut standing = leaf.args.iter().filter(|arg| !arg.is_option).filter_map(|arg| {
        let value = value(arg)?;
        Some(if arg.is_list { value.split_whitespace().map(str::to_owned).collect() } else { vec![value] })
    });
    let standing: Vec<String> = standing.by_ref().flatten().collect();
    if !standing.is_empty() {
        words.push("--".to_owned());
        words.extend(standing);
    }
    Some(words)
}

/// The option somebody is typing, what they typed, and where its values come from.
pub(super) fn focused(given: &Given<'_>) -> Option<(Source, String)> {
    let option = given.options.iter().find(|option| option["focused"] == true)?;
    let leaf = commands::leaves().into_iter().find(|leaf| leaf.path == given.path)?;
    let arg = leaf.args.iter().find(|arg| option["name"] == arg.name.as_str())?;
    Some((arg.source?, option["value"].as_str().unwrap_or_default().to_owned()))
}

/// The message that something of [`OnMessage`] was chosen for, with what was chosen.
pub(super) fn on_message(texts: &Texts, data: &Value) -> Option<(OnMessage, u64)> {
    let name = data["name"].as_str()?;
    let chosen = OnMessage::ALL.into_iter().find(|menu| texts.say(SOURCE_LOCALE, menu.text_id(), &[]) == name)?;
    Some((chosen, flake_of(&data["target_id"])?))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Everything of a command that Discord counts: names, descriptions and values, the longest of all languages.
    fn size(value: &Value) -> usize {
        let own = |name: &str| {
            let text = value[name].as_str().map_or(0, |text| text.chars().count());
            let other = value[format!("{name}_localizations")].as_object();
            let longest =
                other.and_then(|others| others.values().filter_map(|text| Some(text.as_str()?.chars().count())).max());
            text.max(longest.unwrap_or_default())
        };
        let value_of = value["value"].as_str().map_or(0, |text| text.chars().count());
        let below = ["options", "choices"].iter().filter_map(|list| value[*list].as_array()).flatten().map(size);
        own("name") + own("description") + value_of + below.sum::<usize>()
    }

    #[test]
    fn discord_takes_every_command() {
        let all = registered(&Texts::default());
        assert!(all.len() <= 100);
        let is_name = |name: &str| {
            (1..=32).contains(&name.chars().count())
                && name.chars().all(|c| c.is_lowercase() || c.is_numeric() || c == '-' || c == '_')
        };
        for command in all.iter().filter(|command| command["type"] == SLASH) {
            assert!(size(command) <= 8_000, "{}: {}", command["name"], size(command));
            let mut below = vec![command];
            while let Some(one) = below.pop() {
                assert!(is_name(one["name"].as_str().unwrap()), "{}", one["name"]);
                let about = one["description"].as_str().unwrap();
                assert!((1..=100).contains(&about.chars().count()), "{} {about}", one["name"]);
                let options = one["options"].as_array().map_or(&[][..], Vec::as_slice);
                assert!(options.len() <= 25, "{}", one["name"]);
                let required: Vec<bool> = options.iter().map(|option| option["required"] == true).collect();
                assert!(required.is_sorted_by(|a, b| a >= b), "{}: required ones come first", one["name"]);
                below.extend(options);
            }
        }
    }

    #[test]
    fn no_option_asks_for_a_key() {
        let text = Value::Array(registered(&Texts::default())).to_string();
        assert!(!text.contains("\"name\":\"key\"") && !text.contains("\"name\":\"secret\""));
    }

    #[test]
    fn what_was_given_is_what_the_grammar_reads() {
        let data = json!({"name": "memory", "options": [{"type": 1, "name": "view", "options": [
            {"name": "page", "type": 4, "value": 3}]}]});
        assert_eq!(words(&given(&data)).unwrap(), ["memory", "view", "--page=3"]);
        let data = json!({"name": "memory", "options": [{"type": 1, "name": "search", "options": [
            {"name": "words", "type": 3, "value": "the --blue sister"}]}]});
        assert_eq!(words(&given(&data)).unwrap(), ["memory", "search", "--", "the", "--blue", "sister"]);
        let data = json!({"name": "admin", "options": [{"type": 1, "name": "deny", "options": [
            {"name": "who", "type": 6, "value": "42"}, {"name": "for", "type": 3, "value": "2h"}]}]});
        let words = words(&given(&data)).unwrap();
        assert_eq!(words, ["admin", "deny", "--for=2h", "--", "discord:42"]);
        assert!(commands::parse_words(words).is_ok());
        for leaf in commands::leaves().iter().filter(|leaf| leaf.place == Where::Everywhere) {
            let sub: Vec<Value> = leaf.path[1..].iter().map(|name| json!({"type": 1, "name": name})).collect();
            let data = json!({"name": leaf.path[0], "options": sub});
            assert_eq!(given(&data).path, leaf.path);
        }
    }

    #[test]
    fn what_discord_adds_makes_no_difference() {
        let ours = &registered(&Texts::default())[0];
        let mut theirs = ours.clone();
        theirs["id"] = "5".into();
        theirs["version"] = "6".into();
        theirs["nsfw"] = false.into();
        theirs["default_member_permissions"] = Value::Null;
        assert_eq!(projected(ours), projected(&theirs));
        theirs["options"][0]["description"] = "other".into();
        assert_ne!(projected(ours), projected(&theirs));
    }
}
