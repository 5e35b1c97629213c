//! Whom a message may ping, and whom it does.

use serde_json::Value;

use super::{at, list, only};
use crate::refusal::Refusal;
use crate::request::id_of;
use crate::state::{Pings, World};

/// Ids of each kind in `allowed_mentions`.
const MOST_IDS: usize = 100;

/// What is parsed where `allowed_mentions` is absent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Otherwise {
    /// Users, roles and everyone: messages of bots and people.
    Everything,
    /// Webhooks and answers to interactions.
    Users,
}

/// Checks `allowed_mentions`; what is allowed but unwise goes to `notes`.
pub(crate) fn check(body: &Value, path: &str, notes: &mut Vec<String>) -> Result<(), Refusal> {
    let allowed = &body["allowed_mentions"];
    let path = at(path, "allowed_mentions");
    if allowed.is_null() {
        notes.push("allowed_mentions is absent".to_owned());
        return Ok(());
    }
    only(allowed, &path, &["parse", "users", "roles", "replied_user"])?;
    let parse = list(allowed, &path, "parse")?;
    for kind in parse {
        if !matches!(kind.as_str(), Some("users" | "roles" | "everyone")) {
            let message = "Value must be one of ('everyone', 'roles', 'users').";
            return Err(Refusal::form(&at(&path, "parse"), "BASE_TYPE_CHOICES", message));
        }
    }
    if parse.iter().any(|kind| kind == "everyone") {
        notes.push("allowed_mentions parses everyone".to_owned());
    }
    for kind in ["users", "roles"] {
        let ids = list(allowed, &path, kind)?;
        if ids.len() > MOST_IDS {
            return Err(Refusal::bad_length(&at(&path, kind), 0, MOST_IDS));
        }
        if ids.iter().any(|id| id_of(id).is_none()) {
            return Err(Refusal::form(&at(&path, kind), "NUMBER_TYPE_COERCE", "Value is not snowflake."));
        }
        if !ids.is_empty() && parse.iter().any(|parsed| parsed == kind) {
            let message = format!("parse:[\"{kind}\"] and {kind}: [ids...] are mutually exclusive.");
            return Err(Refusal::form(&path, "MESSAGE_ALLOWED_MENTIONS_PARSE_EXCLUSIVE", &message));
        }
    }
    Ok(())
}

/// What a text mentions, code aside.
#[derive(Debug, Default, PartialEq, Eq)]
struct Mentioned {
    users: Vec<u64>,
    roles: Vec<u64>,
    everyone: bool,
}

fn mentioned(text: &str) -> Mentioned {
    let text = without_code(text);
    let mut found = Mentioned { everyone: text.contains("@everyone") || text.contains("@here"), ..Default::default() };
    for (start, _) in text.match_indices("<@") {
        let Some((inside, _)) = text[start + 2..].split_once('>') else { continue };
        let (ids, digits) = match inside.strip_prefix('&') {
            Some(role) => (&mut found.roles, role),
            None => (&mut found.users, inside.strip_prefix('!').unwrap_or(inside)),
        };
        if let Ok(id) = digits.parse()
            && !ids.contains(&id)
        {
            ids.push(id);
        }
    }
    found
}

/// The text without code blocks and code spans, in which nothing is a mention.
fn without_code(text: &str) -> String {
    let mut kept = String::new();
    let mut rest = text;
    while let Some(start) = rest.find('`') {
        kept.push_str(&rest[..start]);
        let ticks = rest[start..].bytes().take_while(|&byte| byte == b'`').count();
        let fence = &rest[start..start + ticks];
        let after = &rest[start + ticks..];
        match after.find(fence) {
            Some(end) => rest = &after[end + ticks..],
            None => {
                kept.push_str(fence);
                rest = after;
            }
        }
    }
    kept + rest
}

/// What decides over pings beside the text.
pub(crate) struct Speaker {
    pub otherwise: Otherwise,
    /// May ping everyone and every role.
    pub may_ping_all: bool,
    /// The author of the message it replies to.
    pub replies_to: Option<u64>,
}

impl World {
    /// Whom a message with this text really pings.
    pub(crate) fn pings(&self, guild: Option<u64>, text: &str, allowed: &Value, speaker: &Speaker) -> Pings {
        let mentioned = mentioned(text);
        let is_absent = allowed.is_null();
        let parses = |kind: &str| match (is_absent, speaker.otherwise) {
            (true, Otherwise::Everything) => true,
            (true, Otherwise::Users) => kind == "users",
            (false, _) => allowed["parse"].as_array().is_some_and(|parse| parse.iter().any(|known| known == kind)),
        };
        let lists = |kind: &str, id: u64| {
            allowed[kind].as_array().is_some_and(|ids| ids.iter().any(|known| id_of(known) == Some(id)))
        };
        let mut users: Vec<u64> = mentioned.users.into_iter().filter(|id| self.users.contains_key(id)).collect();
        users.retain(|&id| parses("users") || lists("users", id));
        let pings_author = is_absent && speaker.otherwise == Otherwise::Everything || allowed["replied_user"] == true;
        if let Some(author) = speaker.replies_to.filter(|author| pings_author && !users.contains(author)) {
            users.push(author);
        }
        let roles = guild.and_then(|guild| self.guilds.get(&guild)).map(|guild| &guild.roles);
        let may_ping_role = |id: &u64| {
            roles.and_then(|roles| roles.get(id)).is_some_and(|role| role.mentionable || speaker.may_ping_all)
        };
        let mut pinged_roles: Vec<u64> = mentioned.roles.into_iter().filter(may_ping_role).collect();
        pinged_roles.retain(|&id| parses("roles") || lists("roles", id));
        let everyone = mentioned.everyone && speaker.may_ping_all && parses("everyone");
        Pings { users, roles: pinged_roles, everyone }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mentions_in_code_are_none() {
        let found = mentioned("<@1> `<@2>` ```\n@everyone <@&3>\n``` <@!4> <@&5> <#6> <@1> ` @here");
        assert_eq!(found, Mentioned { users: vec![1, 4], roles: vec![5], everyone: true });
    }
}
