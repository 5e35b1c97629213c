//! Modals, as a person fills them in.

use serde_json::{Map, Value, json};

use crate::acts::Resolved;
use crate::options::{resolve, resolve_all};
use crate::request::id_of;
use crate::rules::components::flatten;
use crate::state::World;

/// Components of a submission, and what their ids stand for.
pub(crate) fn filled(world: &World, channel: u64, modal: &Value, values: &[(&str, Value)]) -> (Vec<Value>, Resolved) {
    let parts = flatten(&modal["components"]);
    for (name, _) in values {
        let known: Vec<&str> = parts.iter().filter_map(|part| part["custom_id"].as_str()).collect();
        assert!(known.contains(name), "the modal has no field {name:?}; it has {known:?}");
    }
    let guild = world.channels.get(&channel).and_then(|channel| channel.guild);
    let mut resolved = Map::new();
    let mut number = 0;
    let mut next = || {
        number += 1;
        number
    };
    let components = modal["components"].as_array().into_iter().flatten().map(|outer| {
        let id = next();
        match outer["type"].as_u64() {
            Some(1) => {
                let inner = field(world, guild, &outer["components"][0], next(), values, &mut resolved);
                json!({"type": 1, "id": id, "components": [inner]})
            }
            Some(18) => {
                let inner = field(world, guild, &outer["component"], next(), values, &mut resolved);
                json!({"type": 18, "id": id, "component": inner})
            }
            kind => json!({"type": kind, "id": id}),
        }
    });
    (components.collect(), resolved)
}

fn field(
    world: &World,
    guild: Option<u64>,
    component: &Value,
    id: u64,
    values: &[(&str, Value)],
    resolved: &mut Resolved,
) -> Value {
    let name = component["custom_id"].as_str().unwrap_or_default();
    let kind = component["type"].as_u64().unwrap_or(0);
    let given = values.iter().find(|(known, _)| *known == name).map(|(_, value)| value.clone());
    let mut filled = json!({"type": kind, "id": id, "custom_id": name});
    let is_required = component["required"] != false;
    if kind == 4 {
        let text = given.unwrap_or_else(|| component["value"].clone());
        let text = text.as_str().unwrap_or_default();
        let length = u64::try_from(text.chars().count()).unwrap_or(u64::MAX);
        assert!(!is_required || !text.trim().is_empty(), "the field {name:?} of the modal is required");
        let (least, most) =
            (component["min_length"].as_u64().unwrap_or(0), component["max_length"].as_u64().unwrap_or(4_000));
        let fits = (least..=most).contains(&length) || length == 0 && !is_required;
        assert!(fits, "the field {name:?} takes {least} to {most} characters, not {length}");
        filled["value"] = json!(text);
        return filled;
    }
    if kind == 23 {
        filled["value"] = json!(given == Some(json!(true)));
        return filled;
    }
    let list: Vec<String> = match given {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::Array(list)) => list.iter().map(plain).collect(),
        Some(one) => vec![plain(&one)],
    };
    let count = u64::try_from(list.len()).unwrap_or(0);
    let (least, most) = (component["min_values"].as_u64().unwrap_or(1), component["max_values"].as_u64().unwrap_or(1));
    let fits = (least..=most).contains(&count) || count == 0 && !is_required;
    assert!(fits, "the field {name:?} takes {least} to {most} values, not {count}");
    if matches!(kind, 3 | 21 | 22) {
        let options = component["options"].as_array().map(Vec::as_slice).unwrap_or_default();
        let has = |value: &String| options.iter().any(|option| option["value"] == **value);
        assert!(list.iter().all(has), "the field {name:?} has not all of {list:?}");
    } else if kind == 19 {
        let ids = list.iter().filter_map(|id| id.parse().ok());
        ids.for_each(|id| resolve(world, guild, 11, id, resolved));
    } else {
        let values: Vec<&str> = list.iter().map(String::as_str).collect();
        for (kind, things) in resolve_all(world, guild, &values) {
            let all = resolved.entry(kind).or_insert_with(|| json!({}));
            for (id, thing) in things.as_object().into_iter().flatten() {
                all[id] = thing.clone();
            }
        }
    }
    if kind == 21 {
        filled["value"] = json!(list.first());
    } else {
        filled["values"] = json!(list);
    }
    filled
}

fn plain(value: &Value) -> String {
    id_of(value).map(|id| id.to_string()).or_else(|| value.as_str().map(str::to_owned)).unwrap_or_default()
}
