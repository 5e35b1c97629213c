//! Application commands.

use serde_json::Value;

use super::{Check, at, list, only, text};
use crate::refusal::Refusal;

const LOCALES: &[&str] = &[
    "id", "da", "de", "en-GB", "en-US", "es-ES", "es-419", "fr", "hr", "it", "lt", "hu", "nl", "no", "pl", "pt-BR",
    "ro", "fi", "sv-SE", "vi", "tr", "cs", "el", "bg", "ru", "uk", "hi", "th", "zh-CN", "ja", "zh-TW", "ko",
];
const MOST_OPTIONS: usize = 25;
/// Names, descriptions and values of a command together; of every text its longest translation counts.
const MOST_CHARACTERS: usize = 8_000;
const COMMAND: &[&str] = &[
    "id",
    "name",
    "name_localizations",
    "description",
    "description_localizations",
    "options",
    "default_member_permissions",
    "dm_permission",
    "default_permission",
    "integration_types",
    "contexts",
    "type",
    "nsfw",
    "handler",
];
/// What Discord adds; a client that sends back what it read has them too.
const ADDED: &[&str] = &["application_id", "guild_id", "version"];
const OPTION: &[&str] = &[
    "type",
    "name",
    "name_localizations",
    "description",
    "description_localizations",
    "required",
    "choices",
    "options",
    "channel_types",
    "min_value",
    "max_value",
    "min_length",
    "max_length",
    "autocomplete",
    "file_types",
];

/// Every command of one place, as it would be after the request.
pub(crate) fn check_all(commands: &[Value], path: &dyn Fn(usize) -> String) -> Check {
    for (kind, most) in [(1, 100), (2, 15), (3, 15)] {
        let same: Vec<&Value> = commands.iter().filter(|command| kind_of(command) == kind).collect();
        if same.len() > most {
            let message = format!("Maximum number of application commands reached ({most}).");
            return Err(Refusal::new(400, 30032, &message));
        }
    }
    for (number, command) in commands.iter().enumerate() {
        let is_same = |other: &Value| kind_of(other) == kind_of(command) && other["name"] == command["name"];
        if commands[..number].iter().any(is_same) {
            let message = "Application command names must be unique";
            return Err(Refusal::form(&path(number), "APPLICATION_COMMANDS_DUPLICATE_NAME", message));
        }
    }
    Ok(())
}

pub(crate) fn kind_of(command: &Value) -> u64 {
    command["type"].as_u64().unwrap_or(1)
}

pub(crate) fn check(command: &Value, path: &str) -> Check {
    only(command, path, &[COMMAND, ADDED].concat())?;
    let kind = kind_of(command);
    if !(1..=3).contains(&kind) {
        return Err(Refusal::form(&at(path, "type"), "BASE_TYPE_CHOICES", "Value must be one of (1, 2, 3)."));
    }
    let is_chat = kind == 1;
    check_name(command, path, is_chat)?;
    if is_chat {
        check_description(command, path)?;
        check_options(list(command, path, "options")?, &at(path, "options"), 0)?;
        if longest(command) > MOST_CHARACTERS {
            let message = "Command exceeds maximum size (8000)";
            return Err(Refusal::form(path, "APPLICATION_COMMAND_TOO_LARGE", message));
        }
    } else if !list(command, path, "options")?.is_empty() {
        let message = "Context menu commands cannot have options";
        return Err(Refusal::form(path, "APPLICATION_COMMAND_INVALID_OPTIONS", message));
    } else if command["description"].as_str().is_some_and(|text| !text.is_empty()) {
        let message = "Context menu commands cannot have description";
        return Err(Refusal::form(path, "APPLICATION_COMMAND_INVALID_DESCRIPTION", message));
    }
    match &command["default_member_permissions"] {
        Value::Null => {}
        Value::String(bits) if bits.parse::<u64>().is_ok() => {}
        _ => return Err(Refusal::form(&at(path, "default_member_permissions"), "NUMBER_TYPE_COERCE", "Not bits.")),
    }
    Ok(())
}

fn check_name(value: &Value, path: &str, is_chat: bool) -> Check {
    let name = text(value, path, "name")?.ok_or_else(|| Refusal::required(&at(path, "name")))?;
    one_name(name, &at(path, "name"), is_chat)?;
    localized(value, path, "name_localizations", &|text, path| one_name(text, path, is_chat))
}

fn one_name(name: &str, path: &str, is_chat: bool) -> Check {
    super::length(name, path, 1, 32)?;
    if !is_chat {
        return Ok(());
    }
    // Letters and digits of any script, and the marks of Devanagari and Thai.
    let is_mark = |c: char| matches!(c, '\u{900}'..='\u{97f}' | '\u{e00}'..='\u{e7f}');
    let is_allowed = |c: char| c.is_alphanumeric() || is_mark(c) || matches!(c, '-' | '_' | '\'');
    if !name.chars().all(is_allowed) || name.chars().any(|c| c.to_lowercase().ne([c])) {
        return Err(Refusal::form(path, "APPLICATION_COMMAND_INVALID_NAME", "Command name is invalid"));
    }
    Ok(())
}

fn check_description(value: &Value, path: &str) -> Check {
    let description = text(value, path, "description")?.ok_or_else(|| Refusal::required(&at(path, "description")))?;
    super::length(description, &at(path, "description"), 1, 100)?;
    localized(value, path, "description_localizations", &|text, path| super::length(text, path, 1, 100))
}

fn localized(value: &Value, path: &str, field: &str, check: &dyn Fn(&str, &str) -> Check) -> Check {
    let Some(texts) = value[field].as_object() else { return Ok(()) };
    for (locale, text) in texts {
        let path = at(&at(path, field), locale);
        if !LOCALES.contains(&locale.as_str()) {
            return Err(Refusal::form(&path, "BASE_TYPE_CHOICES", "Value must be one of Discord's locales."));
        }
        if !text.is_null() {
            check(text.as_str().unwrap_or_default(), &path)?;
        }
    }
    Ok(())
}

/// `depth`: 0 for the options of a command, 1 within a subcommand or group, 2 within a subcommand of a group.
fn check_options(options: &[Value], path: &str, depth: usize) -> Check {
    if options.len() > MOST_OPTIONS {
        return Err(Refusal::bad_length(path, 0, MOST_OPTIONS));
    }
    let is_branch = |option: &Value| matches!(option["type"].as_u64(), Some(1 | 2));
    let branches = options.iter().filter(|option| is_branch(option)).count();
    if branches > 0 && branches < options.len() {
        let message = "Sub-command and sub-command group option types are mutually exclusive to all other types";
        return Err(Refusal::form(path, "APPLICATION_COMMAND_OPTIONS_TYPE_INVALID", message));
    }
    let mut was_optional = false;
    for (number, option) in options.iter().enumerate() {
        let path = at(path, number);
        if options[..number].iter().any(|other| other["name"] == option["name"]) {
            let message = "Option names must be unique";
            return Err(Refusal::form(&at(&path, "name"), "APPLICATION_COMMAND_OPTIONS_NAME_ALREADY_EXISTS", message));
        }
        only(option, &path, OPTION)?;
        check_name(option, &path, true)?;
        check_description(option, &path)?;
        match option["type"].as_u64() {
            Some(2) if depth == 0 => {
                let inside = list(option, &path, "options")?;
                if inside.iter().any(|option| option["type"] != 1) || inside.is_empty() {
                    let message = "A group holds subcommands only.";
                    return Err(Refusal::form(&path, "APPLICATION_COMMAND_OPTIONS_TYPE_INVALID", message));
                }
                check_options(inside, &at(&path, "options"), 1)?;
            }
            Some(1) if depth <= 1 => {
                let inside = list(option, &path, "options")?;
                if inside.iter().any(is_branch) {
                    let message = "A subcommand holds no subcommands.";
                    return Err(Refusal::form(&path, "APPLICATION_COMMAND_OPTIONS_TYPE_INVALID", message));
                }
                check_options(inside, &at(&path, "options"), 2)?;
            }
            Some(3..=11) => {
                let required = option["required"] == true;
                if required && was_optional {
                    let message = "Required options must be placed before non-required options";
                    let code = "APPLICATION_COMMAND_OPTIONS_REQUIRED_INVALID";
                    return Err(Refusal::form(&path, code, message));
                }
                was_optional |= !required;
                check_value_rules(option, &path)?;
            }
            _ => return Err(Refusal::form(&at(&path, "type"), "BASE_TYPE_CHOICES", "Not a type of option here.")),
        }
    }
    Ok(())
}

fn check_value_rules(option: &Value, path: &str) -> Check {
    let kind = option["type"].as_u64().unwrap_or(0);
    let choices = list(option, path, "choices")?;
    if choices.len() > MOST_OPTIONS {
        return Err(Refusal::bad_length(&at(path, "choices"), 0, MOST_OPTIONS));
    }
    if !choices.is_empty() && (option["autocomplete"] == true || !matches!(kind, 3 | 4 | 10)) {
        let message = "Choices go with no autocompletion, and with texts and numbers only.";
        return Err(Refusal::form(path, "APPLICATION_COMMAND_OPTIONS_CHOICES_INVALID", message));
    }
    if option["autocomplete"] == true && !matches!(kind, 3 | 4 | 10) {
        let message = "Only texts and numbers can be completed.";
        return Err(Refusal::form(path, "APPLICATION_COMMAND_OPTIONS_AUTOCOMPLETE_INVALID", message));
    }
    for (number, choice) in choices.iter().enumerate() {
        let path = at(&at(path, "choices"), number);
        check_choice(choice, &path, kind)?;
        if choices[..number].iter().any(|other| other["name"] == choice["name"]) {
            let message = "Choice names must be unique";
            return Err(Refusal::form(&path, "APPLICATION_COMMAND_OPTIONS_CHOICE_NAME_EXISTS", message));
        }
    }
    Ok(())
}

/// A choice of an option, or of an autocompletion.
pub(crate) fn check_choice(choice: &Value, path: &str, kind: u64) -> Check {
    only(choice, path, &["name", "name_localizations", "value"])?;
    super::length(text(choice, path, "name")?.unwrap_or_default(), &at(path, "name"), 1, 100)?;
    localized(choice, path, "name_localizations", &|text, path| super::length(text, path, 1, 100))?;
    let value = &choice["value"];
    let fits = match kind {
        3 => value.is_string(),
        4 => value.is_i64() || value.is_u64(),
        _ => value.is_number(),
    };
    if !fits {
        let message = "The value is not of the option's type.";
        return Err(Refusal::form(&at(path, "value"), "APPLICATION_COMMAND_OPTIONS_VALUE_INVALID", message));
    }
    super::length(value.as_str().unwrap_or("x"), &at(path, "value"), 1, 100)
}

/// Characters that count, with the longest translation of each text.
fn longest(value: &Value) -> usize {
    let of = |name: &str, translations: &str| {
        let own = value[name].as_str().map_or(0, |text| text.chars().count());
        let others = value[translations].as_object().into_iter().flat_map(|texts| texts.values());
        others.filter_map(|text| text.as_str().map(|text| text.chars().count())).fold(own, usize::max)
    };
    let mut total = of("name", "name_localizations") + of("description", "description_localizations");
    total += value["value"].as_str().map_or(0, |text| text.chars().count());
    for inside in ["options", "choices"] {
        total += value[inside].as_array().into_iter().flatten().map(longest).sum::<usize>();
    }
    total
}
