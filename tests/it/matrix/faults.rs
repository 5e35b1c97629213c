//! Keys that come late, and devices that the homeserver signs out.

use std::time::Duration;

use greenroom::testing::{Answering, Engine, World};
use matrix_town::{Human, Role, RoomOptions, Synapse};
use serde_json::json;

use super::proxy::Proxy;
use super::town::{SOON, connect, options, password};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_whose_key_comes_late_is_answered_once() {
    matrix_town::prepare().await;
    let synapse = Synapse::shared().await;
    let proxy = Proxy::before(synapse.url()).await;
    synapse.register("house-late", &password("house-late"), Role::User).await;
    let (world, robin) = tokio::join!(World::on(Engine::Sqlite), Human::login(synapse, "robin-late"));
    world.goes_by();
    let mut options = options(synapse, &world, "house-late");
    options.homeserver = proxy.url().to_owned();
    let house = options.user.clone();
    let matrix = connect(&world, options).await;
    let made = RoomOptions { encrypted: true, direct: true, invite: &[&house], ..RoomOptions::default() };
    proxy.holds_keys(true);
    let room = robin.create_room(made).await;
    robin.sees_join(&room, &house).await;
    robin.say(&room, "@abbey can you read this").await;
    // It cannot, and asks no model about it.
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert!(world.model.asked().is_empty());
    proxy.holds_keys(false);
    robin.say(&room, "and this").await;
    let answered = |words: &str| {
        let (house, room, words) = (house.clone(), room.clone(), words.to_owned());
        move |seen: &matrix_town::Seen| {
            let mut said = seen.messages(&room).filter(|said| said.sender == house);
            said.any(|said| said.body().ends_with(&words)).then_some(())
        }
    };
    robin.until(answered("@abbey can you read this"), SOON).await;
    robin.until(answered("and this"), SOON).await;
    let asked = world.model.asked();
    let asked = asked.iter().filter_map(|asked| asked.lines.last());
    let asked = asked.filter(|line| line.content.contains("can you read this"));
    assert_eq!(asked.count(), 1);
    assert_eq!(matrix.fatal(), None);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn signed_out_softly_the_same_device_signs_in_again_and_signed_out_for_good_it_says_so() {
    matrix_town::prepare().await;
    let synapse = Synapse::shared().await;
    let proxy = Proxy::before(synapse.url()).await;
    synapse.register("house-soft", &password("house-soft"), Role::User).await;
    let model = Answering::default();
    let (world, robin) = tokio::join!(World::with(Engine::Sqlite, model), Human::login(synapse, "robin-soft"));
    world.goes_by();
    let mut options = options(synapse, &world, "house-soft");
    options.homeserver = proxy.url().to_owned();
    let house = options.user.clone();
    let matrix = connect(&world, options).await;
    let made = RoomOptions { encrypted: true, direct: true, invite: &[&house], ..RoomOptions::default() };
    let room = robin.create_room(made).await;
    robin.sees_join(&room, &house).await;
    let device = robin.keys_of(&house).await.devices;
    proxy.refuses_with(json!({"errcode": "M_UNKNOWN_TOKEN", "error": "expired", "soft_logout": true}));
    robin.say(&room, "@abbey are you there").await;
    let answered = |seen: &matrix_town::Seen| {
        let mut said = seen.messages(&room).filter(|said| said.sender == house);
        said.any(|said| said.body().ends_with("are you there")).then_some(())
    };
    robin.until(answered, SOON).await;
    // The first sync after it is refused, whenever that is.
    let before = proxy.syncs();
    robin.say(&room, "once more").await;
    while proxy.syncs() < before + 2 {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let after = robin.keys_of(&house).await.devices;
    assert_eq!(
        device.iter().map(|one| &one.id).collect::<Vec<_>>(),
        after.iter().map(|one| &one.id).collect::<Vec<_>>()
    );
    assert_eq!(matrix.fatal(), None);
    proxy.refuses_with(json!({"errcode": "M_UNKNOWN_TOKEN", "error": "gone", "soft_logout": false}));
    robin.say(&room, "and now").await;
    let began = std::time::Instant::now();
    while matrix.fatal().is_none() {
        assert!(began.elapsed() < SOON, "it does not notice");
        robin.say(&room, "are you there").await;
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    assert!(matrix.fatal().unwrap().contains("signed out"), "{:?}", matrix.fatal());
    assert!(world.path().join("matrix").exists(), "nothing is thrown away");
    world.stop().await;
}
