//! Devices, and whether their owners vouch for them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use matrix_town::{Human, Synapse, canonical};
use ring::signature::{Ed25519KeyPair, KeyPair};
use serde_json::{Value, json};

use crate::{SOON, bounded, two};

/// A key of a cross-signing identity.
struct Key(Ed25519KeyPair);

impl Key {
    fn of(seed: u8) -> Self {
        Self(Ed25519KeyPair::from_seed_unchecked(&[seed; 32]).unwrap())
    }

    fn public(&self) -> String {
        STANDARD_NO_PAD.encode(self.0.public_key())
    }

    fn object(&self, user: &str, usage: &str) -> Value {
        json!({"user_id": user, "usage": [usage], "keys": {format!("ed25519:{}", self.public()): self.public()}})
    }

    fn signs(&self, mut object: Value) -> Value {
        let user = object["user_id"].as_str().unwrap().to_owned();
        object.as_object_mut().unwrap().retain(|name, _| !["signatures", "unsigned"].contains(&name.as_str()));
        let signature = STANDARD_NO_PAD.encode(self.0.sign(canonical(&object).as_bytes()));
        object["signatures"] = json!({user: {format!("ed25519:{}", self.public()): signature}});
        object
    }
}

#[tokio::test]
async fn a_device_that_its_owner_signed_is_told_from_one_that_is_not() {
    bounded(async {
        let synapse = Synapse::shared().await;
        let (alice, bob) = tokio::join!(Human::login(synapse, "alice-keys"), Human::login(synapse, "bob-keys"));
        let before = alice.keys_of(bob.id()).await;
        assert_eq!((&before.master, &before.self_signing), (&None, &None));
        let device = before.device(bob.device_id()).unwrap();
        assert_eq!((device.name.as_deref(), device.signed_by_owner), (Some("matrix-town"), false));

        let (master, signing, wrong) = (Key::of(1), Key::of(2), Key::of(3));
        let keys = json!({
            "master_key": master.object(bob.id(), "master"),
            "self_signing_key": master.signs(signing.object(bob.id(), "self_signing")),
        });
        bob.call("POST", "/v3/keys/device_signing/upload", keys).await.unwrap();
        let identity = alice.keys_of(bob.id()).await;
        assert_eq!((identity.master, identity.self_signing), (Some(master.public()), Some(signing.public())));
        assert!(!identity.devices[0].signed_by_owner);

        let query = json!({"device_keys": {bob.id(): []}});
        let told = bob.call("POST", "/v3/keys/query", query).await.unwrap();
        let device = &told["device_keys"][bob.id()][bob.device_id()];
        for (key, wanted) in [(&wrong, false), (&signing, true)] {
            let signatures = json!({bob.id(): {bob.device_id(): key.signs(device.clone())}});
            bob.call("POST", "/v3/keys/signatures/upload", signatures).await.unwrap();
            assert_eq!(alice.keys_of(bob.id()).await.devices[0].signed_by_owner, wanted);
        }
    })
    .await;
}

#[tokio::test]
async fn a_second_device_reads_what_is_said_after_it_came_and_the_rest_when_it_gets_the_keys() {
    bounded(async {
        let (alice, bob, room) = two("devices", true).await;
        alice.say(&room, "early").await;
        bob.hears(&room, "early").await;
        let phone = Human::login(Synapse::shared().await, bob.name()).await;
        assert_ne!(phone.device_id(), bob.device_id());
        alice.sees_device(bob.id(), phone.device_id()).await;
        let mut devices = alice.encrypts_for(bob.id()).await;
        devices.sort();
        let mut wanted = [bob.device_id(), phone.device_id()];
        wanted.sort_unstable();
        assert_eq!(devices, wanted);
        alice.say(&room, "late").await;
        let (one, other) = tokio::join!(bob.hears(&room, "late"), phone.hears(&room, "late"));
        assert_eq!(one.id, other.id);
        let early = phone.until(|seen| seen.events(&room).find(|event| !event.readable).cloned(), SOON).await;
        assert_eq!((early.kind.as_str(), early.trouble.is_some()), ("m.room.encrypted", true));
        bob.hands_keys_to(&phone).await;
        assert_eq!(phone.hears(&room, "early").await.id, early.id);
        let bodies: Vec<_> = phone.messages(&room).iter().map(|message| message.body().to_owned()).collect();
        assert_eq!(bodies, ["early", "late"], "it is where it was in the timeline");

        phone.stop();
        bob.delete_device(phone.device_id()).await;
        assert_eq!(alice.keys_of(bob.id()).await.devices.len(), 1);
    })
    .await;
}
