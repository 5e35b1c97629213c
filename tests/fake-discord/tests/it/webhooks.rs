//! Webhooks: what they may be called, where they may speak, how they end.

use fake_discord::{ForeignWebhook, Kind, Post, Who, permissions};
use serde_json::{Value, json};

use crate::client::{Gateway, Scene, USUAL, call, text, upload};

#[tokio::test]
async fn names_and_numbers_of_webhooks_are_limited() {
    let scene = Scene::new().await;
    let fake = &scene.fake;
    let path = format!("/channels/{}/webhooks", scene.channel);
    let long = "x".repeat(81);
    for (body, line) in [
        (json!({"name": long}), "between 1 and 80"),
        (json!({"name": " "}), "between 1 and 80"),
        (json!({"name": "My Discord friend"}), "cannot contain \\\"discord"),
        (json!({"name": "cLyDe"}), "cannot contain \\\"clyde"),
        (json!({"avatar": null}), "required"),
        (json!({"name": "A", "avatar": "x.png"}), "Invalid image data"),
        (json!({"name": "A", "picture": 1}), "no such field"),
    ] {
        scene.refused(&call(fake, "POST", &path, body).await, 400, 50035, line);
    }
    for _ in 0..15 {
        scene.webhook(scene.channel).await;
    }
    scene.clean();
    scene.refused(&call(fake, "POST", &path, json!({"name": "A"})).await, 400, 30007, "15");
    let thread = fake.thread(scene.channel, "thread");
    let answer = call(fake, "POST", &format!("/channels/{thread}/webhooks"), json!({"name": "A"})).await;
    scene.refused(&answer, 400, 50024, "parent channel");
    fake.deny(scene.channel, Who::Bot, permissions::MANAGE_WEBHOOKS);
    scene.refused(&call(fake, "POST", &path, json!({"name": "A"})).await, 403, 50013, "MANAGE_WEBHOOKS");
    scene.refused(&call(fake, "GET", &path, Value::Null).await, 403, 50013, "MANAGE_WEBHOOKS");
}

#[tokio::test]
async fn executions_follow_the_rules() {
    let scene = Scene::new().await;
    let fake = &scene.fake;
    let path = scene.webhook(scene.channel).await;
    let long = "x".repeat(81);
    let with = |name: &str, value: Value| {
        let mut body = text("x");
        body[name] = value;
        body
    };
    for (body, code, line) in [
        (json!({"allowed_mentions": {}}), 50006, "empty"),
        (with("username", json!(long)), 50035, "between 1 and 80"),
        (with("username", json!("discord helper")), 50035, "discord"),
        (with("avatar_url", json!("ftp://x")), 50035, "http"),
        (with("message_reference", json!({"message_id": "1"})), 50035, "no such field"),
        (with("thread_name", json!("x")), 220003, "forum"),
        (with("content", json!("x".repeat(2_001))), 50035, "2000"),
    ] {
        scene.refused(&call(fake, "POST", &path, body).await, 400, code, line);
    }
    assert_eq!(call(fake, "POST", &path, text("quiet")).await.status, 204);
    scene.clean();
    call(fake, "POST", &path, json!({"content": "x"})).await;
    assert!(fake.take_violations()[0].contains("allowed_mentions is absent"));
    let wrong = format!("{}x", &path[..path.len() - 1]);
    scene.refused(&call(fake, "POST", &wrong, text("x")).await, 401, 50027, "Token");
    let body = text("a file");
    let sent = upload(fake, "POST", &format!("{path}?wait=true"), body, &[("a.txt", b"one")]).await;
    assert_eq!((sent.status, sent.body["attachments"][0]["filename"].clone()), (200, json!("a.txt")));
}

#[tokio::test]
async fn threads_need_the_right_parameters() {
    let scene = Scene::new().await;
    let fake = &scene.fake;
    let forum = fake.channel(scene.guild, "ideas", Kind::Forum);
    let path = scene.webhook(forum).await;
    let named = json!({"content": "x", "allowed_mentions": {}, "thread_name": "Idea"});
    scene.refused(&call(fake, "POST", &path, text("x")).await, 400, 220001, "thread_name or thread_id");
    let mut long = named.clone();
    long["thread_name"] = json!("x".repeat(101));
    scene.refused(&call(fake, "POST", &path, long).await, 400, 50035, "between 1 and 100");
    let post = fake.forum_post(forum, scene.ada, "Old", "old");
    let both = format!("{path}?thread_id={post}");
    scene.refused(&call(fake, "POST", &both, named.clone()).await, 400, 220002, "both");
    let sent = call(fake, "POST", &format!("{path}?wait=true"), named).await;
    assert_eq!(sent.body["id"], sent.body["channel_id"]);
    let sent = call(fake, "POST", &format!("{both}&wait=true"), text("x")).await;
    assert_eq!(sent.body["channel_id"], post.to_string());
    let message = format!("{path}/messages/{}", sent.body["id"].as_str().unwrap());
    scene.clean();
    scene.refused(&call(fake, "PATCH", &message, text("y")).await, 404, 10008, "another channel or thread");
    let in_thread = format!("{message}?thread_id={post}");
    assert_eq!(call(fake, "PATCH", &in_thread, text("y")).await.body["content"], "y");
    assert_eq!(call(fake, "GET", &in_thread, Value::Null).await.body["content"], "y");
    assert_eq!(call(fake, "DELETE", &in_thread, Value::Null).await.status, 204);
    let other = scene.webhook(scene.channel).await;
    let answer = call(fake, "POST", &format!("{other}?thread_id={post}"), text("x")).await;
    scene.refused(&answer, 404, 10003, "no thread of the webhook's channel");
}

#[tokio::test]
async fn a_webhook_that_is_gone_is_left_alone() {
    let scene = Scene::new().await;
    let fake = &scene.fake;
    let path = scene.webhook(scene.channel).await;
    fake.delete_webhooks(scene.channel);
    scene.refused(&call(fake, "POST", &path, text("x")).await, 404, 10015, "Unknown Webhook");
    let answer = call(fake, "POST", &path, text("x")).await;
    scene.refused(&answer, 404, 10015, "used again after a 404");
}

#[tokio::test]
async fn webhooks_of_others_keep_their_tokens() {
    let scene = Scene::new().await;
    let fake = &scene.fake;
    fake.webhook(scene.channel, "Feed", None);
    fake.webhook(scene.channel, "Proxy", Some(7));
    scene.webhook(scene.channel).await;
    let listed = call(fake, "GET", &format!("/channels/{}/webhooks", scene.channel), Value::Null).await.body;
    let tokens: Vec<bool> = listed.as_array().unwrap().iter().map(|webhook| webhook["token"].is_string()).collect();
    assert_eq!(tokens, [true, false, true]);
    assert_eq!(listed[2]["application_id"], fake.application_id().to_string());
    assert_eq!(fake.webhooks(scene.channel).len(), 3);
    let own = &listed[2];
    let path = format!("/webhooks/{}", own["id"].as_str().unwrap());
    let body = json!({"name": "New", "avatar": "data:image/png;base64,AAAA"});
    let changed = call(fake, "PATCH", &path, body).await.body;
    assert_eq!((changed["name"].clone(), changed["avatar"].is_string()), (json!("New"), true));
    scene.clean();
}

#[tokio::test]
async fn messages_of_proxies_say_whose_they_are() {
    let scene = Scene::new().await;
    let fake = &scene.fake;
    let (mut gateway, _) = Gateway::identified(fake, USUAL).await;
    let proxy = ForeignWebhook { application_id: Some(466), webhook_id: 5_000, name: "Skye".to_owned(), avatar: None };
    let content = format!("hello <@{}>", fake.bot_id());
    fake.webhook_posts(proxy, scene.channel, Post { content, ..Default::default() });
    let heard = gateway.event("MESSAGE_CREATE").await;
    assert_eq!((heard["webhook_id"].clone(), heard["application_id"].clone()), (json!("5000"), json!("466")));
    assert_eq!(heard["author"]["username"], "Skye");
    assert_eq!(heard["mentions"][0]["id"], fake.bot_id().to_string());
    assert!(heard["member"].is_null());
    let plain = ForeignWebhook { webhook_id: 5_001, name: "Feed".to_owned(), ..Default::default() };
    fake.webhook_posts(plain, scene.channel, Post { content: "news".to_owned(), ..Default::default() });
    assert!(gateway.event("MESSAGE_CREATE").await["application_id"].is_null());
}
