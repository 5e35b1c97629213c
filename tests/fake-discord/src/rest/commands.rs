//! Registering commands.

use serde_json::{Value, json};

use super::no_route;
use crate::refusal::{Answer, Refusal, Reply};
use crate::request::{Call, id, id_of};
use crate::rules::commands::{check, check_all, kind_of};
use crate::state::World;

/// New commands of one guild, or of all together, within a day.
const MOST_CREATES: usize = 200;

/// Fields that a registered command always has; those of the request replace them.
fn defaults() -> Value {
    json!({
        "type": 1, "description": "", "default_member_permissions": null, "dm_permission": true, "contexts": null,
        "integration_types": [0], "nsfw": false, "name_localizations": null, "description_localizations": null,
        "default_permission": true,
    })
}

impl World {
    pub(super) fn commands(&mut self, call: &Call, guild: Option<u64>, rest: &[&str]) -> Answer {
        if guild
            .is_some_and(|guild| !self.guilds.get(&guild).is_some_and(|found| found.members.contains_key(&self.bot)))
        {
            return Err(Refusal::access());
        }
        let is_here = |command: &Value| id_of(&command["guild_id"]) == guild;
        let with_localizations = call.is_set("with_localizations");
        match (call.method.as_str(), rest) {
            ("GET", []) => {
                let here = self.commands.iter().filter(|command| is_here(command));
                Reply::ok(here.map(|command| shown(command, with_localizations)).collect())
            }
            ("PUT", []) => self.replace_commands(call, guild),
            ("POST", []) => {
                self.command_writes += 1;
                check(&call.body, "")?;
                let same = |known: &Value| {
                    is_here(known) && known["name"] == call.body["name"] && kind_of(known) == kind_of(&call.body)
                };
                let old = self.commands.iter().position(same);
                let mut all: Vec<Value> =
                    self.commands.iter().filter(|known| is_here(known) && !same(known)).cloned().collect();
                all.push(call.body.clone());
                check_all(&all, &|_| String::new())?;
                self.count_creates(guild, usize::from(old.is_none()))?;
                let command = self.registered(&call.body, guild, old.map(|at| self.commands[at].clone()));
                match old {
                    Some(at) => self.commands[at] = command.clone(),
                    None => self.commands.push(command.clone()),
                }
                Ok(Reply::Json(if old.is_some() { 200 } else { 201 }, command))
            }
            (method, [command]) => {
                let command = id(command, "command_id")?;
                let found =
                    self.commands.iter().position(|known| is_here(known) && id_of(&known["id"]) == Some(command));
                let found = found.ok_or_else(|| Refusal::new(404, 10063, "Unknown application command"))?;
                match method {
                    "GET" => Reply::ok(self.commands[found].clone()),
                    "DELETE" => {
                        self.command_writes += 1;
                        self.commands.remove(found);
                        Reply::empty()
                    }
                    "PATCH" => {
                        self.command_writes += 1;
                        let mut merged = self.commands[found].clone();
                        for (name, value) in call.body.as_object().into_iter().flatten() {
                            merged[name] = value.clone();
                        }
                        for name in ["dm_permission", "default_permission"] {
                            merged.as_object_mut().map(|fields| fields.remove(name));
                        }
                        check(&merged, "")?;
                        let old = self.commands[found].clone();
                        self.commands[found] = self.registered(&merged, guild, Some(old));
                        Reply::ok(self.commands[found].clone())
                    }
                    _ => Err(no_route()),
                }
            }
            _ => Err(no_route()),
        }
    }

    fn replace_commands(&mut self, call: &Call, guild: Option<u64>) -> Answer {
        self.command_writes += 1;
        let Some(wanted) = call.body.as_array() else {
            return Err(Refusal::form("", "LIST_TYPE_CONVERT", "Only iterables may be used in a ListType"));
        };
        for (number, command) in wanted.iter().enumerate() {
            check(command, &number.to_string())?;
        }
        check_all(wanted, &|number| number.to_string())?;
        let is_new = |command: &&Value| {
            let same = |known: &Value| known["name"] == command["name"] && kind_of(known) == kind_of(command);
            !self.commands.iter().any(|known| id_of(&known["guild_id"]) == guild && same(known))
        };
        self.count_creates(guild, wanted.iter().filter(is_new).count())?;
        let mut registered = Vec::new();
        for command in wanted {
            let same = |known: &&Value| {
                id_of(&known["guild_id"]) == guild
                    && known["name"] == command["name"]
                    && kind_of(known) == kind_of(command)
            };
            let old = self.commands.iter().find(same).cloned();
            registered.push(self.registered(command, guild, old));
        }
        self.commands.retain(|known| id_of(&known["guild_id"]) != guild);
        self.commands.extend(registered.iter().cloned());
        Reply::ok(json!(registered))
    }

    /// Counts new commands of today.
    fn count_creates(&mut self, guild: Option<u64>, new: usize) -> crate::rules::Check {
        let creates = self.command_creates.entry(guild).or_default();
        if *creates + new > MOST_CREATES {
            let message = "Max number of daily application command creates has been reached (200)";
            return Err(Refusal::new(400, 30034, message));
        }
        *creates += new;
        Ok(())
    }

    /// The command as Discord keeps it; an unchanged one keeps its version.
    fn registered(&mut self, command: &Value, guild: Option<u64>, old: Option<Value>) -> Value {
        let mut kept = defaults();
        for (name, value) in without_nulls(command).as_object().into_iter().flatten() {
            if !matches!(name.as_str(), "id" | "version" | "application_id" | "guild_id") {
                kept[name] = value.clone();
            }
        }
        kept["application_id"] = json!(self.application.to_string());
        if let Some(guild) = guild {
            kept["guild_id"] = json!(guild.to_string());
        }
        let fresh = self.id().to_string();
        kept["id"] = old.as_ref().map_or_else(|| json!(fresh), |old| old["id"].clone());
        kept["version"] = json!(fresh);
        if let Some(mut unchanged) = old {
            let version = unchanged["version"].take();
            let mut compared = kept.clone();
            compared["version"] = Value::Null;
            if compared == unchanged {
                kept["version"] = version;
            }
        }
        kept
    }
}

fn shown(command: &Value, with_localizations: bool) -> Value {
    let mut shown = command.clone();
    if !with_localizations {
        hide_localizations(&mut shown);
    }
    shown
}

fn hide_localizations(value: &mut Value) {
    if let Some(fields) = value.as_object_mut() {
        fields.retain(|name, _| !name.ends_with("_localizations"));
    }
    for inside in ["options", "choices"] {
        value.get_mut(inside).and_then(Value::as_array_mut).into_iter().flatten().for_each(hide_localizations);
    }
}

/// Discord leaves out what was null, at every depth.
fn without_nulls(value: &Value) -> Value {
    match value {
        Value::Array(list) => list.iter().map(without_nulls).collect(),
        Value::Object(fields) => {
            let kept = fields.iter().filter(|(_, value)| !value.is_null());
            Value::Object(kept.map(|(name, value)| (name.clone(), without_nulls(value))).collect())
        }
        other => other.clone(),
    }
}
