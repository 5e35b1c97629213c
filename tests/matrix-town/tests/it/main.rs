//! The town from inside: Synapse, and people who talk in it.

mod keys;
mod limits;
mod outages;
mod rooms;
mod talk;

use std::time::Duration;

use matrix_town::{Human, RoomOptions, Synapse};

/// How long a test waits for what has to come.
const SOON: Duration = Duration::from_secs(20);

/// Two people in a room of the shared homeserver. Their names have `story` in them: no other test may know them.
async fn two(story: &str, encrypted: bool) -> (Human, Human, String) {
    two_on(Synapse::shared().await, story, encrypted).await
}

async fn two_on(synapse: &Synapse, story: &str, encrypted: bool) -> (Human, Human, String) {
    let (alice, bob) = (format!("alice-{story}"), format!("bob-{story}"));
    let (alice, bob) = tokio::join!(Human::login(synapse, &alice), Human::login(synapse, &bob));
    let options = RoomOptions { encrypted, invite: &[bob.id()], ..RoomOptions::default() };
    let room = alice.create_room(options).await;
    assert_eq!(bob.joins_when_invited_by(alice.id()).await, room);
    alice.sees_join(&room, bob.id()).await;
    (alice, bob, room)
}

/// Ends a test that hangs.
async fn bounded(test: impl Future<Output = ()>) {
    let within = Duration::from_secs(120);
    // This alone may take longer, once.
    matrix_town::prepare().await;
    tokio::time::timeout(within, test).await.unwrap_or_else(|_| panic!("the test took longer than {within:?}"));
}
