//! Rooms, and who is in them.

use matrix_town::{Human, RoomOptions, Seen, Synapse};
use serde_json::json;

use crate::{SOON, bounded, two};

fn membership(room: &str, user: &str, wanted: &str) -> impl Fn(&Seen) -> Option<()> {
    move |seen| (seen.membership(room, user) == Some(wanted)).then_some(())
}

#[tokio::test]
async fn who_is_kicked_banned_or_leaves_is_out_and_can_come_back_when_invited() {
    bounded(async {
        let (alice, bob, room) = two("doors", true).await;
        let room = room.as_str();
        alice.kick(room, bob.id()).await;
        bob.until(membership(room, bob.id(), "leave"), SOON).await;
        let refused = bob.try_say(room, "hello?").await;
        assert_eq!(refused.unwrap_err().code, "NOT_IN_ROOM");

        alice.invite(room, bob.id()).await;
        bob.joins_when_invited_by(alice.id()).await;
        alice.sees_join(room, bob.id()).await;
        alice.say(room, "welcome back").await;
        assert!(bob.hears(room, "welcome back").await.encrypted);
        assert_eq!(bob.look(|seen| seen.invites().count()), 0);

        bob.leave(room).await;
        alice.until(membership(room, bob.id(), "leave"), SOON).await;
        alice.ban(room, bob.id()).await;
        alice.until(membership(room, bob.id(), "ban"), SOON).await;
        let refused = bob.call("POST", &format!("/v3/join/{}", matrix_town::encoded(room)), json!({})).await;
        assert_eq!(refused.unwrap_err().status, 403);
        alice.unban(room, bob.id()).await;
    })
    .await;
}

#[tokio::test]
async fn a_direct_room_is_one_and_is_noted() {
    bounded(async {
        let synapse = Synapse::shared().await;
        let (alice, bob) = tokio::join!(Human::login(synapse, "alice-direct"), Human::login(synapse, "bob-direct"));
        let options = RoomOptions { direct: true, encrypted: true, invite: &[bob.id()], ..RoomOptions::default() };
        let room = alice.create_room(options).await;
        let invite = bob.until(|seen| seen.invites().next().cloned(), SOON).await;
        assert_eq!((invite.room.as_str(), invite.sender.as_str(), invite.direct), (room.as_str(), alice.id(), true));
        let path = format!("/v3/user/{}/account_data/m.direct", alice.id());
        let direct = alice.call("GET", &path, json!(null)).await.unwrap();
        assert_eq!(direct, json!({bob.id(): [room]}));
    })
    .await;
}

#[tokio::test]
async fn power_and_state_are_seen_by_others_and_upgrades_leave_a_sign() {
    bounded(async {
        let (alice, bob, room) = two("power", false).await;
        let room = room.as_str();
        let topic = json!({"topic": "lighthouses"});
        let path = format!("/v3/rooms/{}/state/m.room.topic/", matrix_town::encoded(room));
        assert_eq!(bob.call("PUT", &path, topic.clone()).await.unwrap_err().code, "M_FORBIDDEN");
        alice.set_power(room, bob.id(), 50).await;
        bob.send_state(room, ("m.room.topic", ""), topic.clone()).await;
        alice.until(|seen| (seen.state(room, "m.room.topic", "") == Some(&topic)).then_some(()), SOON).await;

        alice.send_state(room, ("m.room.encryption", ""), json!({"algorithm": "m.megolm.v1.aes-sha2"})).await;
        alice.say(room, "from now on sealed").await;
        assert!(bob.hears(room, "from now on sealed").await.encrypted);

        let new = alice.upgrade_room(room, "11").await;
        let tombstone = bob.until(|seen| seen.state(room, "m.room.tombstone", "").cloned(), SOON).await;
        assert_eq!(tombstone["replacement_room"], new.as_str());
    })
    .await;
}

#[tokio::test]
async fn who_is_ignored_is_not_seen() {
    bounded(async {
        let (alice, bob, room) = two("ignored", false).await;
        bob.ignore(alice.id()).await;
        alice.say(&room, "can you hear me").await;
        bob.say(&room, "nobody here").await;
        bob.hears(&room, "nobody here").await;
        assert!(bob.look(|seen| seen.said(&room, "can you hear me").is_none()));
        bob.unignore(alice.id()).await;
        alice.say(&room, "and now").await;
        bob.hears(&room, "and now").await;
    })
    .await;
}
