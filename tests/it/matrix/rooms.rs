//! Coming, going, and what a room is.

use super::town::Town;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_room_is_greeted_once_and_an_empty_one_is_left() {
    let town = Town::new("greeted").await;
    let room = town.direct(true).await;
    let greeting = town.hears(&room, |event| event.body().starts_with("Hello! This is Greenroom")).await;
    assert_eq!(greeting.msgtype(), "m.notice");
    assert!(greeting.encrypted && greeting.body().contains("!memory forget-me"), "{}", greeting.body());
    assert!(greeting.body().contains("answering (test)"), "the provider is named: {}", greeting.body());
    town.robin.leave(&room).await;
    for _ in 0..200 {
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        let path = format!("/_synapse/admin/v1/rooms/{}/members", matrix_town::encoded(&room));
        let members = town.synapse.admin("GET", &path, serde_json::Value::Null).await;
        if members.is_err() || members.is_ok_and(|members| members["total"] == 0) {
            return town.close().await;
        }
    }
    panic!("the house stays in a room where nobody is");
}
