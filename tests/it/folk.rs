//! Members as the tests know them: who gives a command, what they are shown, how they fill in a form.

use std::io::Read as _;

use greenroom::desk::{Caller, Desk, Filled};
use greenroom::domain::{Answer, Form, Identity, PlaceRef, Privacy};
use greenroom::platform::fake::is_encrypted;
use greenroom::testing::World;
use secrecy::SecretString;

/// `who` at the desk of a room: `@…` is direct, `!…` closed, others open; `18+` in its name keeps minors
/// out, `e2e` means that it is encrypted.
pub fn caller(who: &str, room: &str) -> Caller {
    let privacy = match room.as_bytes().first() {
        Some(b'@') => Privacy::Direct,
        Some(b'!') => Privacy::Closed,
        _ => Privacy::Open,
    };
    let is_adult = room.contains("18+");
    Caller {
        identity: Identity { platform: "fake".into(), subject: who.into() },
        name: who.into(),
        place: PlaceRef {
            platform: "fake".into(),
            subject: room.into(),
            parent: None,
            privacy,
            is_encrypted: is_encrypted(room),
            is_adult,
        },
        personality: "abbey".into(),
        is_moderator: false,
        locale: None,
        message: None,
        persona: None,
    }
}

/// The same, looking after the room.
pub fn moderator(who: &str, room: &str) -> Caller {
    Caller { is_moderator: true, ..caller(who, room) }
}

/// Everything an answer shows.
pub fn shown(answer: &Answer) -> String {
    let rows: Vec<String> = answer.fields.iter().map(|field| format!("{}: {}", field.name, field.value)).collect();
    format!("{}\n{}", answer.text, rows.join("\n"))
}

/// The fields of a form with these values, in order; an empty one is left out.
pub fn fills(form: &Form, values: &[&str]) -> Filled {
    let given = form.asks.iter().zip(values).filter(|(_, value)| !value.is_empty());
    given.map(|(ask, value)| (ask.name, SecretString::from(*value))).collect()
}

/// A member at the desk.
pub struct Visit {
    desk: Desk,
    pub caller: Caller,
}

impl Visit {
    /// `who` goes to the desk of a room.
    pub fn of(world: &World, who: &str, room: &str) -> Self {
        Self { desk: Desk::new(world.turns.clone()), caller: caller(who, room) }
    }

    /// Somebody else's way of going there.
    pub fn by(world: &World, caller: Caller) -> Self {
        Self { desk: Desk::new(world.turns.clone()), caller }
    }

    /// Gives a command.
    pub async fn asks(&self, line: &str) -> Answer {
        self.desk.line(&self.caller, line).await
    }

    /// Gives a command and reads the whole answer.
    pub async fn reads(&self, line: &str) -> String {
        shown(&self.asks(line).await)
    }

    /// Gives a command that asks, and fills in its form.
    pub async fn fills(&self, line: &str, values: &[&str]) -> String {
        let asked = self.asks(line).await;
        let form = asked.form.unwrap_or_else(|| panic!("{line} asks nothing: {}", asked.text));
        shown(&self.desk.filled(&self.caller, &form.line, fills(&form, values)).await)
    }

    /// The files of the member's export, by name.
    pub async fn export(&self) -> Vec<(String, String)> {
        let file = self.asks("/data export").await.file.expect("an export is a file");
        let mut archive = zip::ZipArchive::new(std::io::Cursor::new(file.content)).expect("it is a ZIP");
        let names: Vec<String> = archive.file_names().map(|name| name.unwrap().into_owned()).collect();
        let mut read = |name: &String| {
            let mut text = String::new();
            archive.by_name(name).unwrap().read_to_string(&mut text).unwrap();
            (name.clone(), text)
        };
        names.iter().map(&mut read).collect()
    }

    /// The export for programs.
    pub async fn exported(&self) -> serde_json::Value {
        let files = self.export().await;
        let (_, json) = files.iter().find(|(name, _)| name == "greenroom.json").expect("it holds JSON");
        serde_json::from_str(json).unwrap()
    }
}
