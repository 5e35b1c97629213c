//! What a human does about rooms and the people in them.

use serde_json::{Map, Value, json};

use crate::http::encoded;
use crate::human::{Human, PATIENCE};

/// A room to be made. Its version is the homeserver's default, 12: its id has no server in it, and whoever made it
/// may do everything.
#[derive(Clone, Copy, Debug, Default)]
pub struct RoomOptions<'a> {
    pub encrypted: bool,
    /// A conversation between two; it is also noted in the maker's account, as clients do.
    pub direct: bool,
    /// Whoever wants may join.
    pub public: bool,
    pub name: Option<&'a str>,
    pub topic: Option<&'a str>,
    /// The part of its alias before the colon.
    pub alias: Option<&'a str>,
    /// Ids of users.
    pub invite: &'a [&'a str],
    pub version: Option<&'a str>,
    /// `m.space` for a space.
    pub kind: Option<&'a str>,
}

impl RoomOptions<'_> {
    fn request(&self) -> Value {
        let mut request = json!({
            "preset": if self.public { "public_chat" } else { "private_chat" },
            "invite": self.invite,
            "is_direct": self.direct,
            "initial_state": [],
            "creation_content": {},
        });
        if self.encrypted {
            let algorithm = json!({"algorithm": "m.megolm.v1.aes-sha2"});
            request["initial_state"] = json!([{"type": "m.room.encryption", "state_key": "", "content": algorithm}]);
        }
        let words = [
            ("name", self.name),
            ("topic", self.topic),
            ("room_alias_name", self.alias),
            ("room_version", self.version),
        ];
        for (name, word) in words {
            if let Some(word) = word {
                request[name] = json!(word);
            }
        }
        if let Some(kind) = self.kind {
            request["creation_content"]["type"] = json!(kind);
        }
        request
    }
}

impl Human {
    /// Makes a room, waits until the client knows it, and gives its id.
    ///
    /// # Panics
    /// When the homeserver refuses.
    pub async fn create_room(&self, options: RoomOptions<'_>) -> String {
        let made = self.done("POST", "/v3/createRoom", options.request()).await;
        let room = made["room_id"].as_str().expect("a room has an id").to_owned();
        self.knows(json!({"room": room, "encrypted": options.encrypted})).await;
        if options.direct {
            let mut direct = self.account_data("m.direct").await;
            for user in options.invite {
                let rooms = direct.entry(*user).or_insert_with(|| json!([]));
                rooms.as_array_mut().expect("m.direct has lists of rooms").push(json!(room));
            }
            self.set_account_data("m.direct", Value::Object(direct)).await;
        }
        room
    }

    /// Joins by id or alias, waits until the client knows the room, and gives its id.
    ///
    /// # Panics
    /// When the homeserver refuses.
    pub async fn join(&self, room: &str) -> String {
        let joined = self.done("POST", &format!("/v3/join/{}", encoded(room)), json!({})).await;
        let room = joined["room_id"].as_str().expect("a room has an id").to_owned();
        self.knows(json!({"room": room})).await;
        room
    }

    /// Waits for an invitation from somebody, and follows it.
    ///
    /// # Panics
    /// When none comes.
    pub async fn joins_when_invited_by(&self, user: &str) -> String {
        let invited = self.until(
            |seen| seen.invites().find(|invite| invite.sender == user).map(|invite| invite.room.clone()),
            PATIENCE,
        );
        self.join(&invited.await).await
    }

    /// Waits until the client has seen that somebody is in a room. In an encrypted room what is said before cannot be
    /// read by whoever comes.
    ///
    /// # Panics
    /// When nobody comes.
    pub async fn sees_join(&self, room: &str, user: &str) {
        self.knows(json!({"room": room, "member": user})).await;
    }

    async fn knows(&self, what: Value) {
        let known = self.ask("knows", what).await;
        known.unwrap_or_else(|refusal| panic!("{}: {refusal}\n{}", self.name(), self.look(|seen| seen.summary())));
    }

    /// # Panics
    /// When the homeserver refuses.
    pub async fn leave(&self, room: &str) {
        self.in_room("leave", room, json!({})).await;
    }

    /// # Panics
    /// When the homeserver refuses.
    pub async fn invite(&self, room: &str, user: &str) {
        self.in_room("invite", room, json!({"user_id": user})).await;
    }

    /// # Panics
    /// When the homeserver refuses.
    pub async fn kick(&self, room: &str, user: &str) {
        self.in_room("kick", room, json!({"user_id": user})).await;
    }

    /// # Panics
    /// When the homeserver refuses.
    pub async fn ban(&self, room: &str, user: &str) {
        self.in_room("ban", room, json!({"user_id": user})).await;
    }

    /// # Panics
    /// When the homeserver refuses.
    pub async fn unban(&self, room: &str, user: &str) {
        self.in_room("unban", room, json!({"user_id": user})).await;
    }

    /// Moves a room to another version, and gives the new room's id. Nobody is taken along.
    ///
    /// # Panics
    /// When the homeserver refuses.
    pub async fn upgrade_room(&self, room: &str, version: &str) -> String {
        let upgraded = self.in_room("upgrade", room, json!({"new_version": version})).await;
        let new = upgraded["replacement_room"].as_str().expect("an upgrade makes a room").to_owned();
        self.knows(json!({"room": new})).await;
        new
    }

    async fn in_room(&self, act: &str, room: &str, body: Value) -> Value {
        self.done("POST", &format!("/v3/rooms/{}/{act}", encoded(room)), body).await
    }

    /// Sets a piece of a room's state, and gives the event's id.
    ///
    /// # Panics
    /// When the homeserver refuses.
    pub async fn send_state(&self, room: &str, (kind, key): (&str, &str), content: Value) -> String {
        let sent = self.done("PUT", &state(room, kind, key), content).await;
        if kind == "m.room.encryption" {
            self.knows(json!({"room": room, "encrypted": true})).await;
        }
        sent["event_id"].as_str().expect("what is sent has an id").to_owned()
    }

    /// Gives a user power in a room: 50 moderates, 100 does nearly everything.
    ///
    /// # Panics
    /// When the homeserver refuses; it does for those who made a room of version 12.
    pub async fn set_power(&self, room: &str, user: &str, level: i64) {
        let kind = ("m.room.power_levels", "");
        let mut levels = self.done("GET", &state(room, kind.0, kind.1), Value::Null).await;
        levels["users"][user] = json!(level);
        self.send_state(room, kind, levels).await;
    }

    /// Sees no more of a user, anywhere. The homeserver keeps them away; the user is not told.
    ///
    /// # Panics
    /// When the homeserver refuses.
    pub async fn ignore(&self, user: &str) {
        let mut list = self.account_data("m.ignored_user_list").await;
        list.entry("ignored_users").or_insert_with(|| json!({}))[user] = json!({});
        self.set_account_data("m.ignored_user_list", Value::Object(list)).await;
    }

    /// Sees a user again.
    ///
    /// # Panics
    /// When the homeserver refuses.
    pub async fn unignore(&self, user: &str) {
        let mut list = self.account_data("m.ignored_user_list").await;
        if let Some(users) = list.get_mut("ignored_users").and_then(Value::as_object_mut) {
            users.remove(user);
        }
        self.set_account_data("m.ignored_user_list", Value::Object(list)).await;
    }

    /// What the account keeps under a name; empty when there is nothing.
    async fn account_data(&self, kind: &str) -> Map<String, Value> {
        match self.call("GET", &self.account_data_path(kind), Value::Null).await {
            Ok(Value::Object(data)) => data,
            Err(refusal) if refusal.status == 404 => Map::new(),
            other => panic!("{}: {kind}: {other:?}", self.name()),
        }
    }

    async fn set_account_data(&self, kind: &str, data: Value) {
        self.done("PUT", &self.account_data_path(kind), data).await;
    }

    fn account_data_path(&self, kind: &str) -> String {
        format!("/v3/user/{}/account_data/{}", encoded(self.id()), encoded(kind))
    }
}

fn state(room: &str, kind: &str, key: &str) -> String {
    format!("/v3/rooms/{}/state/{}/{}", encoded(room), encoded(kind), encoded(key))
}
