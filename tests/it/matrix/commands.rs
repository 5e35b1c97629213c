//! Commands, private answers, forms and buttons.

use super::town::Town;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_command_is_answered_where_it_belongs() {
    let town = Town::new("commands").await;
    let kim = town.human("kim").await;
    let room = town.group(true, &[&kim]).await;
    let said = town.asks(&room, "!about", 1).await;
    assert!(said[0].body().starts_with("This is Greenroom"), "{}", said[0].body());
    assert_eq!(said[0].msgtype(), "m.notice");
    // What is for the asker alone comes in private.
    let said = town.asks(&room, "!help", 1).await;
    assert_eq!(said[0].body(), "I have answered you in private.");
    let private = town.robin.joins_when_invited_by(&town.house).await;
    let help = town.hears(&private, |event| event.body().contains("!memory")).await;
    assert!(help.encrypted && help.readable, "{help:?}");
    town.close().await;
}
