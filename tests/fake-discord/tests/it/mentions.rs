//! Whom messages really ping.

use fake_discord::{Message, Post, permissions};
use serde_json::{Value, json};

use crate::client::{Scene, call};

/// Users, roles and everyone that a message pings.
fn pings(message: &Message) -> (Vec<u64>, Vec<u64>, bool) {
    (message.pings.clone(), message.pings_roles.clone(), message.pings_everyone)
}

#[tokio::test]
async fn allowed_mentions_decide_for_messages() {
    let scene = Scene::new().await;
    let fake = &scene.fake;
    let role = fake.role(scene.guild, "Friends", 0);
    let content = format!("<@{0}> <@&{role}> @everyone `<@{1}>` <@99>", scene.ada, fake.bot_id());
    let ada = vec![scene.ada];
    let cases = [
        (Value::Null, (ada.clone(), vec![role], true)),
        (json!({}), (vec![], vec![], false)),
        (json!({"parse": []}), (vec![], vec![], false)),
        (json!({"parse": ["users"]}), (ada.clone(), vec![], false)),
        (json!({"parse": ["roles"]}), (vec![], vec![role], false)),
        (json!({"parse": ["everyone"]}), (vec![], vec![], true)),
        (json!({"users": [scene.ada.to_string()]}), (ada.clone(), vec![], false)),
        (json!({"users": ["1"]}), (vec![], vec![], false)),
        (json!({"roles": [role.to_string()]}), (vec![], vec![role], false)),
    ];
    for (allowed, expected) in cases {
        scene.post(json!({"content": content, "allowed_mentions": allowed})).await;
        assert_eq!(pings(fake.messages(scene.channel).last().unwrap()), expected, "{allowed}");
    }
    fake.bot_permissions(scene.guild, 0);
    scene.post(json!({"content": content})).await;
    assert_eq!(pings(fake.messages(scene.channel).last().unwrap()), (ada, vec![], false));
}

#[tokio::test]
async fn webhooks_ping_users_only_unless_told() {
    let scene = Scene::new().await;
    let fake = &scene.fake;
    let path = scene.webhook(scene.channel).await;
    let content = format!("<@{}> @everyone", scene.ada);
    call(fake, "POST", &path, json!({"content": content})).await;
    assert_eq!(pings(fake.messages(scene.channel).last().unwrap()), (vec![scene.ada], vec![], false));
    call(fake, "POST", &path, json!({"content": content, "allowed_mentions": {"parse": []}})).await;
    assert_eq!(pings(fake.messages(scene.channel).last().unwrap()), (vec![], vec![], false));
    call(fake, "POST", &path, json!({"content": content, "allowed_mentions": {"parse": ["everyone"]}})).await;
    assert_eq!(pings(fake.messages(scene.channel).last().unwrap()), (vec![], vec![], true));
    let text = json!([{"type": 10, "content": content}]);
    let parse = json!({"parse": ["users"]});
    call(fake, "POST", &path, json!({"flags": 1 << 15, "components": text, "allowed_mentions": parse})).await;
    assert_eq!(pings(fake.messages(scene.channel).last().unwrap()), (vec![scene.ada], vec![], false));
}

#[tokio::test]
async fn replies_ping_their_author_where_wanted() {
    let scene = Scene::new().await;
    let fake = &scene.fake;
    let said = fake.says(scene.ada, scene.channel, "hello");
    for (allowed, expected) in [
        (Value::Null, vec![scene.ada]),
        (json!({"parse": []}), vec![]),
        (json!({"replied_user": true}), vec![scene.ada]),
    ] {
        let reference = json!({"message_id": said.to_string()});
        scene.post(json!({"content": "x", "message_reference": reference, "allowed_mentions": allowed})).await;
        assert_eq!(fake.messages(scene.channel).last().unwrap().pings, expected, "{allowed}");
    }
    let own = fake.messages(scene.channel).last().unwrap().id;
    let reply =
        |quiet_reply: bool| Post { content: "y".to_owned(), reply_to: Some(own), quiet_reply, ..Default::default() };
    let loud = fake.posts(scene.ada, scene.channel, reply(false));
    let quiet = fake.posts(scene.ada, scene.channel, reply(true));
    assert_eq!(fake.message(loud).unwrap().pings, [fake.bot_id()]);
    assert!(fake.message(quiet).unwrap().pings.is_empty());
}

#[tokio::test]
async fn people_ping_everyone_only_with_the_right() {
    let scene = Scene::new().await;
    let fake = &scene.fake;
    let said = fake.says(scene.ada, scene.channel, "@everyone");
    assert!(!fake.message(said).unwrap().pings_everyone);
    let role = fake.role(scene.guild, "Mods", permissions::MENTION_EVERYONE);
    fake.give_role(scene.guild, scene.ada, role);
    let said = fake.says(scene.ada, scene.channel, &format!("@here <@&{role}>"));
    assert_eq!(pings(&fake.message(said).unwrap()), (vec![], vec![role], true));
}
