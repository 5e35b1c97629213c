//! The account against a real homeserver, with people who are other programs.

use std::path::Path;
use std::time::{Duration, Instant};

use matrix_account::{Account, Credentials, Error, Event, Family, SavedSession, Secured, SignIn, SignedIn};
use matrix_town::{Human, Role, RoomOptions, Synapse};
use serde_json::json;

const SOON: Duration = Duration::from_secs(120);
const WAIT: Duration = Duration::from_secs(2);

fn how(synapse: &Synapse, name: &str, store: &Path) -> SignIn {
    SignIn {
        homeserver: synapse.url().to_owned(),
        user: synapse.user_id(name),
        credentials: Credentials::Password(format!("{name}-pass")),
        store: store.join("store"),
        store_key: [7; 32],
        device_name: "House".into(),
        family: Family::default(),
    }
}

/// The account as it hears.
struct Ear {
    account: Account,
    saved: SavedSession,
    token: Option<String>,
    events: Vec<Event>,
}

impl Ear {
    async fn signed_in(synapse: &Synapse, name: &str, store: &Path) -> Self {
        synapse.register(name, &format!("{name}-pass"), Role::User).await;
        let SignedIn { account, session: saved, .. } =
            Account::sign_in(&how(synapse, name, store), None, None).await.unwrap();
        Self { account, saved, token: None, events: Vec::new() }
    }

    /// Starts again where `token` says, in a new process's place.
    async fn again(self, synapse: &Synapse, name: &str, store: &Path, token: Option<String>) -> Self {
        let saved = self.saved.clone();
        drop(self.account);
        let SignedIn { account, session: saved, is_new } =
            Account::sign_in(&how(synapse, name, store), Some(saved), token.as_deref()).await.unwrap();
        assert!(!is_new);
        Self { account, saved, token, events: Vec::new() }
    }

    /// Listens until something is heard.
    async fn until<T>(&mut self, mut find: impl FnMut(&[Event]) -> Option<T>) -> T {
        let began = Instant::now();
        loop {
            if let Some(found) = find(&self.events) {
                return found;
            }
            assert!(began.elapsed() < SOON, "nothing was heard of it: {:?}", self.events);
            self.hear().await;
        }
    }

    async fn hear(&mut self) {
        let heard = self.account.hear(self.token.as_deref(), WAIT).await.unwrap();
        for invite in &heard.invites {
            self.account.join(&invite.room, None).await.unwrap();
        }
        self.events.extend(heard.events);
        self.token = Some(heard.token);
    }

    async fn hears(&mut self, text: &str) -> Event {
        self.until(|events| events.iter().find(|event| event.content["body"] == text).cloned()).await
    }
}

/// A room of a person and the account.
async fn room(human: &Human, ear: &mut Ear, encrypted: bool) -> String {
    let me = ear.account.user();
    let options = RoomOptions { encrypted, invite: &[&me], ..RoomOptions::default() };
    let room = human.create_room(options).await;
    let there = room.clone();
    while !ear.account.rooms().contains(&there) {
        ear.hear().await;
    }
    human.sees_join(&room, &me).await;
    room
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_hears_and_speaks_in_plain_and_encrypted_rooms() {
    matrix_town::prepare().await;
    let synapse = Synapse::shared().await;
    let folder = tempfile::tempdir().unwrap();
    let alice = Human::login(synapse, "alice-speaks").await;
    let mut house = Ear::signed_in(synapse, "house-speaks", folder.path()).await;
    for encrypted in [false, true] {
        let room = room(&alice, &mut house, encrypted).await;
        alice.say(&room, "hello house").await;
        let heard = house
            .until(|events| {
                events.iter().rev().find(|event| event.content["body"] == "hello house" && event.room == room).cloned()
            })
            .await;
        assert_eq!((heard.was_encrypted, heard.sender.as_str()), (encrypted, alice.id()));
        let info = house.account.info(&room).await.unwrap();
        assert_eq!((info.is_encrypted, info.members, info.is_public), (encrypted, 2, false));
        assert!(
            house.account.is_alone_with(&room, alice.id()).await
                && !house.account.is_alone_with(&room, "@kim:localhost").await
        );
        let content = json!({"msgtype": "m.text", "body": "hello alice"});
        let first = house.account.send(&room, "m.room.message", content.clone(), "t1").await.unwrap();
        // The same transaction arrives once.
        let again = house.account.send(&room, "m.room.message", content, "t1").await.unwrap();
        assert_eq!(first, again);
        let said = alice.hears(&room, "hello alice").await;
        assert_eq!((said.id.as_str(), said.encrypted), (first.id.as_str(), encrypted));
        house.account.redact(&room, &first.id, "t2").await.unwrap();
        alice.until(|seen| seen.redaction_of(&first.id).map(|_| ()), SOON).await;
        house.events.clear();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_heard_and_not_taken_in_is_heard_again() {
    matrix_town::prepare().await;
    let synapse = Synapse::shared().await;
    let folder = tempfile::tempdir().unwrap();
    let alice = Human::login(synapse, "alice-again").await;
    let mut house = Ear::signed_in(synapse, "house-again", folder.path()).await;
    for encrypted in [false, true] {
        let room = room(&alice, &mut house, encrypted).await;
        house.hear().await;
        let before = house.token.clone();
        let text = format!("remember me {encrypted}");
        alice.say(&room, &text).await;
        house.hears(&text).await;
        // The process ends here: nothing of it was written down.
        let device = house.saved.device().to_owned();
        house = house.again(synapse, "house-again", folder.path(), before).await;
        let heard = house.hears(&text).await;
        assert!(!heard.is_undecrypted() && heard.was_encrypted == encrypted);
        assert_eq!(house.saved.device(), device, "a restart makes no other device");
    }
    let devices = alice.keys_of(&house.account.user()).await.devices;
    assert_eq!(devices.len(), 1, "{devices:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_is_verified_and_the_recovery_key_brings_that_back() {
    matrix_town::prepare().await;
    let synapse = Synapse::shared().await;
    let (folder, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let alice = Human::login(synapse, "alice-trust").await;
    let mut house = Ear::signed_in(synapse, "house-trust", folder.path()).await;
    house.hear().await;
    let Secured::New(key) = house.account.secure(None, Some("house-trust-pass")).await.unwrap() else {
        panic!("a new account has no secrets yet")
    };
    house.hear().await;
    let trust = house.account.trust().await;
    assert!(trust.is_signed && trust.is_recoverable && !trust.fingerprint.is_empty(), "{trust:?}");
    let seen = alice.keys_of(&house.account.user()).await;
    assert!(seen.devices.iter().all(|device| device.signed_by_owner), "{seen:?}");
    assert_eq!(house.account.secure(Some(&key), None).await.unwrap(), Secured::Already);
    // The store is lost: another device, verified by the key that was kept.
    let lost = house.saved.clone();
    drop(house.account);
    let again = Account::sign_in(&how(synapse, "house-trust", other.path()), Some(lost), None).await.unwrap();
    assert!(again.is_new, "another device, because the keys of the former are gone");
    let SignedIn { account, session: saved, .. } = again;
    let mut house = Ear { account, saved, token: None, events: Vec::new() };
    house.hear().await;
    assert_eq!(house.account.secure(None, None).await.unwrap(), Secured::KeyMissing);
    assert!(matches!(house.account.secure(Some("EsTc not a key"), None).await, Err(Error::RecoveryKey)));
    assert_eq!(house.account.secure(Some(&key), None).await.unwrap(), Secured::Recovered);
    house.hear().await;
    assert!(house.account.trust().await.is_signed);
    let room = room(&alice, &mut house, true).await;
    alice.say(&room, "still you?").await;
    assert!(house.hears("still you?").await.was_encrypted);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_password_is_said_as_that() {
    matrix_town::prepare().await;
    let synapse = Synapse::shared().await;
    let folder = tempfile::tempdir().unwrap();
    synapse.register("house-wrong", "right", Role::User).await;
    let refused = Account::sign_in(&how(synapse, "house-wrong", folder.path()), None, None).await;
    assert!(matches!(refused, Err(Error::Unauthorized)), "{refused:?}");
}
