//! The commands as clients that know commands are told of them (MSC4391): a piece of state for each, in rooms of several where
//! somebody gave the house the power to set it.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use commands::{ArgSpec, Leaf, Source, Where};
use matrix_account::{Account, SendError};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::{Matrix, rooms};
use crate::db::meta;
use crate::domain::Privacy;
use crate::texts::Texts;

/// The kind of state that describes a command.
const KIND: &str = "org.matrix.msc4391.command_description";
/// Pause between two descriptions: a homeserver counts each as a message, and answers come first.
const PAUSE: Duration = Duration::from_secs(12);

/// Rooms that are to be told.
#[derive(Default)]
pub(super) struct Describing(Mutex<Waiting>);

#[derive(Default)]
struct Waiting {
    rooms: VecDeque<String>,
    /// Somebody works on it.
    is_busy: bool,
}

impl Describing {
    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a room; whether the caller has to see to it that somebody works on it.
    fn add(&self, room: &str) -> bool {
        let mut waiting = self.waiting();
        if !waiting.rooms.iter().any(|other| other == room) {
            waiting.rooms.push_back(room.to_owned());
        }
        !std::mem::replace(&mut waiting.is_busy, true)
    }

    fn next(&self) -> Option<String> {
        let mut waiting = self.waiting();
        let next = waiting.rooms.pop_front();
        waiting.is_busy = next.is_some();
        next
    }
}

/// A command's description, and the key it is kept under.
fn description(leaf: &Leaf, texts: &Texts, locale: &str, me: &str) -> (String, Value) {
    let name = leaf.path.join(" ");
    let key = BASE64.encode(Sha256::digest(format!("{name}{me}").as_bytes()));
    let words = |text: String| json!({"m.text": [{"body": text}]});
    let parameter = |arg: &ArgSpec| {
        let about = texts.describe(locale, &leaf.text_id(), &arg.name).unwrap_or_default();
        json!({"key": arg.name, "schema": schema(arg), "description": words(about), "optional": !arg.is_required})
    };
    let parameters: Vec<Value> = leaf.args.iter().map(parameter).collect();
    let about = words(texts.say(locale, &leaf.text_id(), &[]));
    (key, json!({"command": name, "description": about, "parameters": parameters}))
}

/// What an argument takes.
fn schema(arg: &ArgSpec) -> Value {
    let primitive = |kind: &str| json!({"schema_type": "primitive", "type": kind});
    if !arg.choices.is_empty() {
        let literal = |choice: &String| json!({"schema_type": "literal", "value": choice});
        return json!({"schema_type": "union", "variants": arg.choices.iter().map(literal).collect::<Vec<_>>()});
    }
    let one = match (arg.source, arg.range) {
        (Some(Source::Members), _) => primitive("user_id"),
        (_, Some(_)) => primitive("integer"),
        _ => primitive("string"),
    };
    if arg.is_list { json!({"schema_type": "array", "items": one}) } else { one }
}

impl Matrix {
    /// Describes the commands in a room, if that is to be done there; nobody waits for it.
    pub(super) fn describe(self: &Arc<Self>, account: &Account, room: &str) {
        if !self.describing.add(room) {
            return;
        }
        let (here, account) = (self.clone(), account.clone());
        self.life.spawn("matrix commands", async move {
            while let Some(room) = here.describing.next() {
                if here.describe_all(&account, &room).await.is_none() {
                    return;
                }
            }
        });
    }

    /// `None`: the house leaves.
    async fn describe_all(&self, account: &Account, room: &str) -> Option<()> {
        let is_among_others =
            rooms::known(account, room, None).await.is_some_and(|(place, _)| place.privacy != Privacy::Direct);
        if !is_among_others || !account.may_set(room, KIND).await {
            return Some(());
        }
        let (house, me) = (self.house(), account.user());
        let (texts, locale) = (&house.turns.texts, &house.turns.settings.locale);
        let leaves = commands::leaves().into_iter().filter(|leaf| leaf.place == Where::Everywhere);
        let all: Vec<(String, Value)> = leaves.map(|leaf| description(&leaf, texts, locale, &me)).collect();
        let key = format!("matrix.described {room}");
        let state = Value::from(all.iter().map(|(_, content)| content.clone()).collect::<Vec<_>>()).to_string();
        let state: String = Sha256::digest(state.as_bytes()).iter().take(8).map(|byte| format!("{byte:02x}")).collect();
        if meta::get(&house.db, &key).await.ok().flatten().as_deref() == Some(&state) {
            return Some(());
        }
        let soft = self.life.soft();
        for (state_key, content) in all {
            let pause = match account.set_state(room, KIND, &state_key, content).await {
                Ok(()) => PAUSE,
                Err(SendError::Limited(wait)) => wait.max(PAUSE),
                Err(SendError::Forbidden) => return Some(()),
                Err(SendError::Unsure) => PAUSE,
            };
            soft.run_until_cancelled(tokio::time::sleep(pause)).await?;
        }
        let writing = house.db.write(move |tx| Box::pin(async move { meta::set(tx, &key, &state).await }));
        if let Err(error) = writing.await {
            crate::ops_error("matrix commands", &error);
        }
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_is_described_with_what_it_takes() {
        let texts = Texts::default();
        let leaves = commands::leaves();
        let of = |path: &[&str]| {
            let leaf = leaves.iter().find(|leaf| leaf.path == path).unwrap();
            description(leaf, &texts, "en-US", "@house:example.org")
        };
        let (key, view) = of(&["memory", "view"]);
        assert_eq!(BASE64.decode(&key).unwrap().len(), 32);
        assert_eq!(
            (view["command"].as_str(), view["parameters"][0]["key"].as_str()),
            (Some("memory view"), Some("page"))
        );
        assert_eq!(view["parameters"][0]["schema"]["type"], "integer");
        assert_eq!(view["parameters"][0]["optional"], true);
        let (_, autorespond) = of(&["autorespond"]);
        assert_eq!(autorespond["parameters"][0]["schema"]["variants"][0]["value"], "on");
        let (_, search) = of(&["memory", "search"]);
        assert_eq!(search["parameters"][0]["schema"]["schema_type"], "array");
        let keys: std::collections::HashSet<String> =
            leaves.iter().map(|leaf| description(leaf, &texts, "en-US", "@h:x").0).collect();
        assert_eq!(keys.len(), leaves.len());
    }

    #[test]
    fn a_room_waits_once_and_one_works() {
        let describing = Describing::default();
        assert!(describing.add("!a") && !describing.add("!a") && !describing.add("!b"));
        assert_eq!(
            [describing.next(), describing.next(), describing.next()],
            [Some("!a".into()), Some("!b".into()), None]
        );
        assert!(describing.add("!a"));
    }
}
