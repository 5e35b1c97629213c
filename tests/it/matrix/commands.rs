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
async fn clients_that_know_commands_are_told_of_them_and_may_send_them() {
    let town = Town::new("described").await;
    let kim = town.human("kim").await;
    let room = town.group(false, &[&kim]).await;
    const KIND: &str = "org.matrix.msc4391.command_description";
    let is_described = |seen: &matrix_town::Seen| {
        let mut events = seen.events(&room);
        events.any(|event| event.kind == KIND && event.content["command"] == "memory view").then_some(())
    };
    assert!(town.robin.look(|seen| is_described(seen).is_none()), "nobody gave the house the power yet");
    town.robin.set_power(&room, &town.house, 50).await;
    town.robin.until(is_described, super::town::SOON).await;
    let before = town.said(&room).len();
    let invocation = serde_json::json!({
        "msgtype": "m.text", "body": "whatever", "m.mentions": {"user_ids": [town.house]},
        "org.matrix.msc4391.command": {"command": "personality view", "arguments": {"name": "abbey"}},
    });
    town.robin.say_content(&room, invocation).await;
    let said = town.answers(&room, before, 1).await;
    assert!(said[0].body().contains("Abbey"), "{}", said[0].body());
    // Another sign than the usual one.
    town.asks(&room, "!place settings --sign ?", 1).await;
    let said = town.asks(&room, "?about", 1).await;
    assert!(said[0].body().starts_with("This is Greenroom"), "{}", said[0].body());
    town.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
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
