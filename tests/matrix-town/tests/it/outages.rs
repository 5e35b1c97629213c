//! The homeserver goes and comes back, and so do people's clients.

use std::time::Duration;

use matrix_town::{Limits, Synapse};

use crate::{SOON, bounded, two, two_on};

#[tokio::test]
async fn a_conversation_goes_on_after_a_restart_of_the_homeserver() {
    bounded(async {
        let synapse = Synapse::start(Limits::None).await;
        let (alice, bob, room) = two_on(&synapse, "restart", true).await;
        alice.say(&room, "before").await;
        bob.hears(&room, "before").await;

        let url = synapse.url().to_owned();
        synapse.stop().await;
        let refused = bob.try_say(&room, "is anybody there").await;
        assert_eq!(refused.unwrap_err().status, 0, "nobody answers");
        synapse.start_again().await;
        assert_eq!(synapse.url(), url);
        alice.say(&room, "after").await;
        assert!(bob.hears(&room, "after").await.encrypted);
        bob.say(&room, "so it seems").await;
        alice.hears(&room, "so it seems").await;

        synapse.pause();
        let say = alice.try_say(&room, "while it slept");
        let said = tokio::time::timeout(Duration::from_millis(500), say).await;
        assert!(said.is_err(), "nothing is answered in a pause: {said:?}");
        synapse.resume();
        bob.hears(&room, "while it slept").await;
    })
    .await;
}

#[tokio::test]
async fn a_client_that_was_killed_misses_nothing_and_reads_what_it_could_read_before() {
    bounded(async {
        let (alice, bob, room) = two("killed", true).await;
        alice.say(&room, "one").await;
        bob.hears(&room, "one").await;
        bob.stop();
        alice.say(&room, "two").await;
        bob.start_again().await;
        assert!(bob.hears(&room, "two").await.readable);
        bob.restart().await;
        bob.say(&room, "three").await;
        assert!(alice.hears(&room, "three").await.readable);
        alice.say(&room, "four").await;
        bob.hears(&room, "four").await;
        let bodies: Vec<_> = bob.messages(&room).iter().map(|message| message.body().to_owned()).collect();
        assert_eq!(bodies, ["one", "two", "three", "four"], "each is there once");
        let device = bob.look(|seen| seen.said(&room, "three").unwrap().device_key.clone());
        let keys = alice.keys_of(bob.id()).await;
        assert_eq!(device.as_deref(), keys.device(bob.device_id()).map(|device| device.curve25519.as_str()));
        assert_eq!(keys.devices.len(), 1, "it is still the same device");
        alice.until(|seen| seen.shown(&room).get(3).cloned(), SOON).await;
    })
    .await;
}
