//! The devices of users, and whether their owners vouch for them: what makes a client show a red shield or none.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use ring::signature::{ED25519, UnparsedPublicKey};
use serde_json::{Value, json};

use crate::http::encoded;
use crate::human::Human;

/// Keys have no padding, but whoever writes one is not to be thrown out for it.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// A device as the homeserver tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Device {
    pub id: String,
    pub name: Option<String>,
    /// What encrypts: [`Event::device_key`](crate::Event::device_key) is one of these.
    pub curve25519: String,
    pub ed25519: String,
    /// Whether its owner's self-signing key has signed it, and the signature is right.
    pub signed_by_owner: bool,
}

/// What the homeserver tells about a user's keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The public master key, if the user has a cross-signing identity.
    pub master: Option<String>,
    /// The public self-signing key, if the master key has signed it.
    pub self_signing: Option<String>,
    pub devices: Vec<Device>,
}

impl Identity {
    pub fn device(&self, id: &str) -> Option<&Device> {
        self.devices.iter().find(|device| device.id == id)
    }
}

impl Human {
    /// The keys of a user, asked for now.
    ///
    /// # Panics
    /// When the homeserver refuses.
    pub async fn keys_of(&self, user: &str) -> Identity {
        let answer = self.done("POST", "/v3/keys/query", json!({"device_keys": {user: []}})).await;
        let master = key_of(&answer["master_keys"][user]);
        let signing = &answer["self_signing_keys"][user];
        let self_signing =
            key_of(signing).filter(|_| master.as_ref().is_some_and(|master| is_signed(signing, user, master)));
        let devices = answer["device_keys"][user].as_object().into_iter().flatten();
        let devices = devices.map(|(id, keys)| {
            let key = |kind: &str| text(&keys["keys"][format!("{kind}:{id}")]).unwrap_or_default();
            Device {
                id: id.clone(),
                name: text(&keys["unsigned"]["device_display_name"]),
                curve25519: key("curve25519"),
                ed25519: key("ed25519"),
                signed_by_owner: self_signing.as_ref().is_some_and(|signing| is_signed(keys, user, signing)),
            }
        });
        Identity { master, devices: devices.collect(), self_signing }
    }

    /// The ids of the devices that this human's client encrypts for when it writes to a user, itself left out.
    ///
    /// # Panics
    /// When the client has ended.
    pub async fn encrypts_for(&self, user: &str) -> Vec<String> {
        let devices = self.ask("devices", json!({"user": user})).await;
        let devices = devices.unwrap_or_else(|refusal| panic!("{}: devices of {user}: {refusal}", self.name()));
        devices.as_array().into_iter().flatten().filter_map(text).collect()
    }

    /// Waits until this human's client encrypts for a device when it writes to a user. Whatever is written before that
    /// cannot be read there.
    ///
    /// # Panics
    /// When the device does not come.
    pub async fn sees_device(&self, user: &str, device: &str) {
        let seen = self.ask("knows_device", json!({"user": user, "device": device})).await;
        seen.unwrap_or_else(|refusal| panic!("{}: {refusal}", self.name()));
    }

    /// Gives another device every key that this one has, as an export and import in its settings would. What could not
    /// be read there is read then.
    ///
    /// # Panics
    /// When one of the clients cannot do it.
    pub async fn hands_keys_to(&self, other: &Human) {
        let keys = json!({"path": self.folder().join(self.transaction()), "passphrase": "of the town"});
        for (who, act) in [(self, "export_keys"), (other, "import_keys")] {
            let done = who.ask(act, keys.clone()).await;
            done.unwrap_or_else(|refusal| panic!("{}: {act}: {refusal}", who.name()));
        }
    }

    /// Ends a device of this human, this one or another, as a logout in its settings would.
    ///
    /// # Panics
    /// When the homeserver refuses.
    pub async fn delete_device(&self, id: &str) {
        let password = json!({
            "type": "m.login.password", "identifier": {"type": "m.id.user", "user": self.id()},
            "password": self.password(),
        });
        self.done("DELETE", &format!("/v3/devices/{}", encoded(id)), json!({"auth": password})).await;
    }
}

fn text(value: &Value) -> Option<String> {
    value.as_str().map(str::to_owned)
}

/// The only key of a cross-signing key's object.
fn key_of(object: &Value) -> Option<String> {
    object["keys"].as_object().and_then(|keys| keys.values().next()).and_then(text)
}

/// Whether `object` has a right signature of `user` by the key with this public part.
fn is_signed(object: &Value, user: &str, key: &str) -> bool {
    let signature = object["signatures"][user][format!("ed25519:{key}")].as_str();
    let mut signed = object.clone();
    if let Some(parts) = signed.as_object_mut() {
        parts.remove("signatures");
        parts.remove("unsigned");
    }
    let bytes = |text: &str| LENIENT.decode(text).ok();
    let checked = signature.and_then(bytes).zip(bytes(key)).map(|(signature, key)| {
        UnparsedPublicKey::new(&ED25519, key).verify(canonical(&signed).as_bytes(), &signature).is_ok()
    });
    checked.unwrap_or(false)
}

/// JSON as it is signed: no spaces, names in order.
pub fn canonical(value: &Value) -> String {
    match value {
        Value::Object(parts) => {
            let parts: BTreeMap<_, _> = parts.iter().collect();
            let parts: Vec<_> =
                parts.iter().map(|(name, value)| format!("{}:{}", json!(name), canonical(value))).collect();
            format!("{{{}}}", parts.join(","))
        }
        Value::Array(items) => format!("[{}]", items.iter().map(canonical).collect::<Vec<_>>().join(",")),
        other => other.to_string(),
    }
}
