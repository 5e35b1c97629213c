//! Discord's rules for what a request carries.

pub(crate) mod commands;
pub(crate) mod components;
pub(crate) mod embeds;
pub(crate) mod mentions;
pub(crate) mod message;
pub(crate) mod modal;
pub(crate) mod names;

use serde_json::Value;

use crate::refusal::Refusal;

/// What a rule says.
pub(crate) type Check = Result<(), Refusal>;

/// A dotted path of a field within another.
pub(crate) fn at(path: &str, field: impl std::fmt::Display) -> String {
    if path.is_empty() { field.to_string() } else { format!("{path}.{field}") }
}

/// Refuses fields that Discord does not know; Discord itself ignores them, and so a typing error lives long.
pub(crate) fn only(value: &Value, path: &str, known: &[&str]) -> Check {
    let Some(fields) = value.as_object() else {
        return if value.is_null() { Ok(()) } else { Err(not_an_object(path)) };
    };
    match fields.keys().find(|name| !known.contains(&name.as_str())) {
        Some(name) => {
            let error = Refusal::form(&at(path, name), "FAKE_UNKNOWN_FIELD", "Discord knows no such field.");
            Err(error.hint("Discord would ignore it"))
        }
        None => Ok(()),
    }
}

fn not_an_object(path: &str) -> Refusal {
    Refusal::form(path, "MODEL_TYPE_CONVERT", "Only dictionaries may be used in a ModelType")
}

/// The text of an optional field; an error for anything else but null.
pub(crate) fn text<'a>(value: &'a Value, path: &str, field: &str) -> Result<Option<&'a str>, Refusal> {
    match &value[field] {
        Value::Null => Ok(None),
        Value::String(text) => Ok(Some(text)),
        _ => Err(Refusal::form(&at(path, field), "STRING_TYPE_CONVERT", "Could not interpret value as string.")),
    }
}

/// The list of an optional field; an error for anything else but null.
pub(crate) fn list<'a>(value: &'a Value, path: &str, field: &str) -> Result<&'a [Value], Refusal> {
    match &value[field] {
        Value::Null => Ok(&[]),
        Value::Array(list) => Ok(list),
        _ => Err(Refusal::form(&at(path, field), "LIST_TYPE_CONVERT", "Only iterables may be used in a ListType")),
    }
}

/// The flag of an optional field; an error for anything else but null.
pub(crate) fn flag(value: &Value, path: &str, field: &str) -> Result<bool, Refusal> {
    match &value[field] {
        Value::Null => Ok(false),
        Value::Bool(flag) => Ok(*flag),
        _ => Err(Refusal::form(&at(path, field), "BOOLEAN_TYPE_CONVERT", "Must be either true or false.")),
    }
}

/// A text with a least and a most length in characters.
pub(crate) fn length(text: &str, path: &str, least: usize, most: usize) -> Check {
    let length = text.chars().count();
    if length > most && least == 0 {
        return Err(Refusal::too_long(path, most));
    }
    if length < least || length > most { Err(Refusal::bad_length(path, least, most)) } else { Ok(()) }
}
