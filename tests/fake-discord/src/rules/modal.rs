//! Modals.

use serde_json::Value;

use super::components::{Counted, kind, select, text_display, wrong_kind};
use super::{Check, at, list, only, text};
use crate::refusal::Refusal;

pub(crate) fn check(data: &Value, path: &str) -> Check {
    only(data, path, &["custom_id", "title", "components"])?;
    super::length(text(data, path, "custom_id")?.unwrap_or_default(), &at(path, "custom_id"), 1, 100)?;
    super::length(text(data, path, "title")?.unwrap_or_default(), &at(path, "title"), 1, 45)?;
    let components = list(data, path, "components")?;
    let path = at(path, "components");
    super::length(&"x".repeat(components.len()), &path, 1, 5)?;
    let mut counted = Counted::default();
    for (number, component) in components.iter().enumerate() {
        let path = at(&path, number);
        match kind(component, &path)? {
            1 => {
                only(component, &path, &["type", "id", "components"])?;
                let inside = list(component, &path, "components")?;
                let path = at(&path, "components");
                super::length(&"x".repeat(inside.len()), &path, 1, 1)?;
                let path = at(&path, 0);
                if kind(&inside[0], &path)? != 4 {
                    return Err(wrong_kind(&path));
                }
                super::length(text(&inside[0], &path, "label")?.unwrap_or_default(), &at(&path, "label"), 1, 45)?;
                text_input(&inside[0], &path, &mut counted)?;
            }
            10 => text_display(component, &path, &mut counted)?,
            18 => label(component, &path, &mut counted)?,
            _ => return Err(wrong_kind(&path)),
        }
    }
    Ok(())
}

fn label(label: &Value, path: &str, counted: &mut Counted) -> Check {
    only(label, path, &["type", "id", "label", "description", "component"])?;
    super::length(text(label, path, "label")?.unwrap_or_default(), &at(path, "label"), 1, 45)?;
    super::length(text(label, path, "description")?.unwrap_or_default(), &at(path, "description"), 0, 100)?;
    let (inner, path) = (&label["component"], at(path, "component"));
    match kind(inner, &path)? {
        4 if !inner["label"].is_null() => {
            let message = "A text input within a label has no label of its own.";
            Err(Refusal::form(&at(&path, "label"), "TEXT_INPUT_LABEL_IN_LABEL", message))
        }
        4 => text_input(inner, &path, counted),
        3 | 5..=8 => select(inner, &path, counted),
        19 => {
            only(inner, &path, &["type", "id", "custom_id", "min_values", "max_values", "required", "file_types"])?;
            let most = inner["max_values"].as_u64().unwrap_or(1);
            if !(1..=10).contains(&most) || inner["min_values"].as_u64().unwrap_or(1) > most {
                return Err(Refusal::form(&at(&path, "max_values"), "NUMBER_TYPE_MAX", "Must be between 1 and 10."));
            }
            counted.custom_id(inner, &path)
        }
        21..=23 => counted.custom_id(inner, &path),
        _ => Err(wrong_kind(&path)),
    }
}

fn text_input(input: &Value, path: &str, counted: &mut Counted) -> Check {
    const KNOWN: &[&str] =
        &["type", "id", "custom_id", "style", "label", "min_length", "max_length", "required", "value", "placeholder"];
    only(input, path, KNOWN)?;
    counted.custom_id(input, path)?;
    if !matches!(input["style"].as_u64(), Some(1 | 2)) {
        return Err(Refusal::form(&at(path, "style"), "BASE_TYPE_CHOICES", "Value must be one of (1, 2)."));
    }
    let (least, most) = (input["min_length"].as_u64().unwrap_or(0), input["max_length"].as_u64().unwrap_or(4_000));
    if least > 4_000 || !(1..=4_000).contains(&most) || least > most {
        return Err(Refusal::form(&at(path, "max_length"), "NUMBER_TYPE_MAX", "Must be between 1 and 4000."));
    }
    super::length(text(input, path, "placeholder")?.unwrap_or_default(), &at(path, "placeholder"), 0, 100)?;
    let value = text(input, path, "value")?.unwrap_or_default();
    let most = usize::try_from(most).unwrap_or(4_000);
    let least = if value.is_empty() { 0 } else { usize::try_from(least).unwrap_or(0) };
    super::length(value, &at(path, "value"), least, most)
}
