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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "each answer that finds no private room makes one"]
async fn private_answers_that_come_at_once_come_in_one_room() {
    let town = Town::new("at-once").await;
    let kim = town.human("kim").await;
    let room = town.group(true, &[&kim]).await;
    let lines = ["!help", "!keys list", "!persona list"];
    for line in lines {
        kim.say(&room, line).await;
    }
    town.answers(&room, 0, lines.len()).await;
    let invited = kim.look(|seen| seen.invites().filter(|invite| invite.sender == town.house).count());
    assert_eq!(invited, 1);
    town.close().await;
}
