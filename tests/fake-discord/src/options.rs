//! Options of commands, as a person fills them in.

use serde_json::{Map, Value, json};

use crate::acts::Resolved;
use crate::request::id_of;
use crate::state::World;

/// What a person filled in.
pub(crate) struct Filled {
    pub options: Vec<Value>,
    pub resolved: Resolved,
    /// Type of the option that is being typed.
    pub focused: u64,
}

/// Checks values against the options of a command or subcommand. `typing`: the option that is being typed, so far.
pub(crate) fn fill(
    world: &World,
    channel: u64,
    path: &str,
    branch: &Value,
    values: &[(&str, Value)],
    typing: Option<(&str, &str)>,
) -> Filled {
    let known = branch["options"].as_array().map(Vec::as_slice).unwrap_or_default();
    let find = |name: &str| {
        known.iter().find(|option| option["name"] == name).unwrap_or_else(|| {
            let names: Vec<&str> = known.iter().filter_map(|option| option["name"].as_str()).collect();
            panic!("/{path} has no option {name:?}; it has {names:?}")
        })
    };
    let guild = world.channels.get(&channel).and_then(|channel| channel.guild);
    let mut filled = Filled { options: Vec::new(), resolved: Map::new(), focused: 0 };
    for (number, (name, value)) in values.iter().enumerate() {
        assert!(!values[..number].iter().any(|(other, _)| other == name), "/{path}: {name:?} is given twice");
        let option = find(name);
        let kind = option["type"].as_u64().unwrap_or(0);
        let value = sent(path, option, kind, value);
        if let Some(id) = id_of(&value).filter(|_| matches!(kind, 6..=9 | 11)) {
            resolve(world, guild, kind, id, &mut filled.resolved);
        }
        filled.options.push(json!({"name": name, "type": kind, "value": value}));
    }
    match typing {
        Some((name, partial)) => {
            let option = find(name);
            assert!(option["autocomplete"] == true, "/{path}: {name:?} is not completed");
            filled.focused = option["type"].as_u64().unwrap_or(3);
            let typed = json!({"name": name, "type": filled.focused, "value": partial, "focused": true});
            filled.options.push(typed);
        }
        None => {
            for option in known.iter().filter(|option| option["required"] == true) {
                let name = option["name"].as_str().unwrap_or_default();
                assert!(values.iter().any(|(given, _)| *given == name), "/{path}: the option {name:?} is required");
            }
        }
    }
    filled
}

/// The value as Discord sends it.
fn sent(path: &str, option: &Value, kind: u64, value: &Value) -> Value {
    let name = option["name"].as_str().unwrap_or_default();
    let wrong = || -> ! { panic!("/{path}: {value} is no value of the option {name:?} (type {kind})") };
    let (least, most) = (&option["min_value"], &option["max_value"]);
    let sent = match kind {
        3 => {
            let Some(text) = value.as_str().map(str::trim) else { wrong() };
            let length = u64::try_from(text.chars().count()).unwrap_or(u64::MAX);
            let (least, most) =
                (option["min_length"].as_u64().unwrap_or(1), option["max_length"].as_u64().unwrap_or(6_000));
            assert!((least..=most).contains(&length), "/{path}: {name:?} takes {least} to {most} characters");
            json!(text)
        }
        4 if value.is_i64() || value.is_u64() => value.clone(),
        5 if value.is_boolean() => value.clone(),
        6..=9 | 11 => match id_of(value) {
            Some(id) => json!(id.to_string()),
            None => wrong(),
        },
        10 if value.is_number() => value.clone(),
        _ => wrong(),
    };
    if let Some(number) = sent.as_f64() {
        let too_small = least.as_f64().is_some_and(|least| number < least);
        let too_big = most.as_f64().is_some_and(|most| number > most);
        assert!(!too_small && !too_big, "/{path}: {name:?} takes {least} to {most}");
    }
    let choices = option["choices"].as_array().map(Vec::as_slice).unwrap_or_default();
    if choices.is_empty() {
        return sent;
    }
    // A person picks a name; tests may give the value.
    let found = choices.iter().find(|choice| choice["value"] == sent || choice["name"] == sent);
    found.unwrap_or_else(|| panic!("/{path}: {sent} is no choice of {name:?}"))["value"].clone()
}

/// Adds what an id stands for. `kind` is the type of an option: 6 user, 7 channel, 8 role, 9 user or role, 11 file.
pub(crate) fn resolve(world: &World, guild: Option<u64>, kind: u64, id: u64, resolved: &mut Resolved) {
    let mut add = |kind: &str, value: Value| {
        let all = resolved.entry(kind).or_insert_with(|| json!({}));
        all[id.to_string()] = value;
    };
    if matches!(kind, 6 | 9) && world.users.contains_key(&id) {
        add("users", world.user_view(id));
        if let Some(guild) = guild.filter(|guild| world.guilds[guild].members.contains_key(&id)) {
            let mut member = world.member_view(guild, id);
            member["permissions"] = json!(world.guild_permissions(guild, id).to_string());
            for name in ["deaf", "mute"] {
                member.as_object_mut().map(|fields| fields.remove(name));
            }
            add("members", member);
        }
        return;
    }
    if kind == 7
        && let Some(channel) = world.channels.get(&id)
    {
        let mut view = world.channel_view(channel);
        view["permissions"] = json!(world.permissions(channel, world.bot).to_string());
        add("channels", view);
        return;
    }
    let role = guild.map_or(Value::Null, |guild| world.guilds[&guild].role_view(id));
    if matches!(kind, 8 | 9) && role.is_object() {
        add("roles", role);
        return;
    }
    match world.uploads.get(&id).filter(|_| kind == 11) {
        Some(file) => add("attachments", file.clone()),
        None => panic!("the id {id} stands for nothing that an option of type {kind} takes"),
    }
}

/// What the ids of a menu stand for.
pub(crate) fn resolve_all(world: &World, guild: Option<u64>, values: &[&str]) -> Resolved {
    let mut resolved = Map::new();
    for id in values.iter().filter_map(|value| value.parse::<u64>().ok()) {
        let kind = if world.users.contains_key(&id) {
            6
        } else if world.channels.contains_key(&id) {
            7
        } else if guild.is_some_and(|guild| world.guilds[&guild].roles.contains_key(&id)) {
            8
        } else {
            continue;
        };
        resolve(world, guild, kind, id, &mut resolved);
    }
    resolved
}
