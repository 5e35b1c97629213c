//! Components of messages.

use serde_json::Value;

use super::{Check, at, list, only, text};
use crate::refusal::Refusal;

const MOST_ROWS: usize = 5;
const MOST_IN_V2: usize = 40;
/// Characters of all text displays together.
const MOST_TEXT: usize = 4_000;
pub(crate) const IS_V2: u64 = 1 << 15;

/// What was counted on the way through a tree of components.
#[derive(Default)]
pub(crate) struct Counted {
    ids: Vec<String>,
    pub components: usize,
    text: usize,
}

impl Counted {
    pub fn custom_id(&mut self, component: &Value, path: &str) -> Check {
        let path = at(path, "custom_id");
        let id = component["custom_id"].as_str().ok_or_else(|| Refusal::required(&path))?;
        super::length(id, &path, 1, 100)?;
        if self.ids.iter().any(|known| known == id) {
            let message = "Component custom id cannot be duplicated";
            return Err(Refusal::form(&path, "COMPONENT_CUSTOM_ID_DUPLICATED", message));
        }
        self.ids.push(id.to_owned());
        Ok(())
    }
}

pub(crate) fn check(body: &Value, path: &str, is_v2: bool) -> Check {
    let components = list(body, path, "components")?;
    let path = at(path, "components");
    if !is_v2 && components.len() > MOST_ROWS {
        return Err(Refusal::bad_length(&path, 0, MOST_ROWS));
    }
    let mut counted = Counted::default();
    for (number, component) in components.iter().enumerate() {
        let path = at(&path, number);
        match kind(component, &path)? {
            1 => row(component, &path, &mut counted)?,
            9 | 10 | 12 | 13 | 14 | 17 if is_v2 => layout(component, &path, &mut counted)?,
            _ => return Err(wrong_kind(&path)),
        }
    }
    if counted.components > MOST_IN_V2 {
        let message = "The total number of components must not exceed 40";
        return Err(Refusal::form(&path, "COMPONENT_MAX_TOTAL_COMPONENTS_EXCEEDED", message));
    }
    if counted.text > MOST_TEXT {
        let message = "Components displayable text size exceeds maximum size of 4000";
        return Err(Refusal::form(&path, "COMPONENT_DISPLAYABLE_TEXT_SIZE_EXCEEDED", message));
    }
    Ok(())
}

pub(crate) fn kind(component: &Value, path: &str) -> Result<u64, Refusal> {
    component["type"].as_u64().ok_or_else(|| Refusal::required(&at(path, "type")))
}

pub(crate) fn wrong_kind(path: &str) -> Refusal {
    let message = "Value of field \"type\" is not one that is allowed here.";
    Refusal::form(&at(path, "type"), "UNION_TYPE_CHOICES", message)
}

fn row(row: &Value, path: &str, counted: &mut Counted) -> Check {
    only(row, path, &["type", "id", "components"])?;
    counted.components += 1;
    let inside = list(row, path, "components")?;
    let path = at(path, "components");
    super::length(&"x".repeat(inside.len()), &path, 1, 5)?;
    let selects = inside.iter().filter(|component| component["type"] != 2).count();
    if selects > 0 && inside.len() > 1 {
        return Err(Refusal::bad_length(&path, 1, 1).hint("a select menu fills its row"));
    }
    for (number, component) in inside.iter().enumerate() {
        let path = at(&path, number);
        match kind(component, &path)? {
            2 => button(component, &path, counted)?,
            3 | 5..=8 => select(component, &path, counted)?,
            _ => return Err(wrong_kind(&path)),
        }
    }
    Ok(())
}

fn button(button: &Value, path: &str, counted: &mut Counted) -> Check {
    only(button, path, &["type", "id", "style", "label", "emoji", "custom_id", "sku_id", "url", "disabled"])?;
    counted.components += 1;
    let label = text(button, path, "label")?;
    super::length(label.unwrap_or_default(), &at(path, "label"), 0, 80)?;
    match button["style"].as_u64() {
        Some(1..=4) => counted.custom_id(button, path)?,
        Some(5) => {
            let url = text(button, path, "url")?.ok_or_else(|| Refusal::required(&at(path, "url")))?;
            super::length(url, &at(path, "url"), 1, 512)?;
            if !["http://", "https://", "discord://"].iter().any(|scheme| url.starts_with(scheme)) {
                let message = "Scheme must be one of ('http', 'https', 'discord').";
                return Err(Refusal::form(&at(path, "url"), "URL_TYPE_INVALID_SCHEME", message));
            }
            if !button["custom_id"].is_null() {
                let message = "A custom id and url cannot both be specified";
                return Err(Refusal::form(path, "BUTTON_COMPONENT_CUSTOM_ID_AND_URL", message));
            }
        }
        Some(6) if button["sku_id"].is_string() => return Ok(()),
        _ => {
            return Err(Refusal::form(
                &at(path, "style"),
                "BASE_TYPE_CHOICES",
                "Value must be one of (1, 2, 3, 4, 5, 6).",
            ));
        }
    }
    if label.is_none_or(str::is_empty) && button["emoji"].is_null() {
        return Err(Refusal::form(path, "BUTTON_COMPONENT_LABEL_OR_EMOJI", "A button needs a label or an emoji."));
    }
    Ok(())
}

/// A select menu in a message or a modal.
pub(crate) fn select(select: &Value, path: &str, counted: &mut Counted) -> Check {
    const KNOWN: &[&str] = &[
        "type",
        "id",
        "custom_id",
        "options",
        "placeholder",
        "min_values",
        "max_values",
        "disabled",
        "default_values",
        "channel_types",
        "required",
    ];
    only(select, path, KNOWN)?;
    counted.components += 1;
    counted.custom_id(select, path)?;
    super::length(text(select, path, "placeholder")?.unwrap_or_default(), &at(path, "placeholder"), 0, 150)?;
    let (least, most) = (select["min_values"].as_u64().unwrap_or(1), select["max_values"].as_u64().unwrap_or(1));
    if least > 25 || !(1..=25).contains(&most) || least > most {
        return Err(Refusal::form(&at(path, "max_values"), "NUMBER_TYPE_MAX", "min_values and max_values are wrong."));
    }
    if select["type"] != 3 {
        return Ok(());
    }
    let options = list(select, path, "options")?;
    let path = at(path, "options");
    super::length(&"x".repeat(options.len()), &path, 1, 25)?;
    let mut values: Vec<&str> = Vec::new();
    for (number, option) in options.iter().enumerate() {
        let path = at(&path, number);
        only(option, &path, &["label", "value", "description", "emoji", "default"])?;
        super::length(text(option, &path, "label")?.unwrap_or_default(), &at(&path, "label"), 1, 100)?;
        super::length(text(option, &path, "description")?.unwrap_or_default(), &at(&path, "description"), 0, 100)?;
        let value = text(option, &path, "value")?.unwrap_or_default();
        super::length(value, &at(&path, "value"), 1, 100)?;
        if values.contains(&value) {
            let message = "The specified option value is already used";
            return Err(Refusal::form(&at(&path, "value"), "SELECT_COMPONENT_OPTION_VALUE_DUPLICATED", message));
        }
        values.push(value);
    }
    Ok(())
}

fn layout(component: &Value, path: &str, counted: &mut Counted) -> Check {
    counted.components += 1;
    match kind(component, path)? {
        1 => {
            counted.components -= 1;
            row(component, path, counted)
        }
        9 => {
            only(component, path, &["type", "id", "components", "accessory"])?;
            let texts = list(component, path, "components")?;
            super::length(&"x".repeat(texts.len()), &at(path, "components"), 1, 3)?;
            for (number, text) in texts.iter().enumerate() {
                let path = at(&at(path, "components"), number);
                if kind(text, &path)? != 10 {
                    return Err(wrong_kind(&path));
                }
                layout(text, &path, counted)?;
            }
            let accessory = at(path, "accessory");
            match component["accessory"]["type"].as_u64() {
                Some(2) => button(&component["accessory"], &accessory, counted),
                Some(11) => {
                    counted.components += 1;
                    only(&component["accessory"], &accessory, &["type", "id", "media", "description", "spoiler"])
                }
                _ => Err(Refusal::required(&accessory)),
            }
        }
        10 => text_display(component, path, counted),
        12 => {
            only(component, path, &["type", "id", "items"])?;
            super::length(&"x".repeat(list(component, path, "items")?.len()), &at(path, "items"), 1, 10)
        }
        13 => only(component, path, &["type", "id", "file", "spoiler"]),
        14 => only(component, path, &["type", "id", "divider", "spacing"]),
        17 => {
            only(component, path, &["type", "id", "components", "accent_color", "spoiler"])?;
            for (number, inner) in list(component, path, "components")?.iter().enumerate() {
                let path = at(&at(path, "components"), number);
                if kind(inner, &path)? == 17 {
                    return Err(wrong_kind(&path));
                }
                layout(inner, &path, counted)?;
            }
            Ok(())
        }
        _ => Err(wrong_kind(path)),
    }
}

/// A text display in a message or a modal.
pub(crate) fn text_display(component: &Value, path: &str, counted: &mut Counted) -> Check {
    only(component, path, &["type", "id", "content"])?;
    let content = text(component, path, "content")?.unwrap_or_default();
    counted.text += content.chars().count();
    super::length(content, &at(path, "content"), 1, MOST_TEXT)
}

/// Every component of the tree, outer ones first.
pub(crate) fn flatten(components: &Value) -> Vec<&Value> {
    let mut found = Vec::new();
    for component in components.as_array().map(Vec::as_slice).unwrap_or_default() {
        found.push(component);
        found.extend(flatten(&component["components"]));
        for one in ["accessory", "component"] {
            if component[one].is_object() {
                found.push(&component[one]);
            }
        }
    }
    found
}
