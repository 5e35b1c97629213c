//! The world itself: what people can do, and what the bot hears of it.

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use fake_discord::{FakeDiscord, File, Kind, Post, Who, permissions};
use serde_json::json;

use crate::client::{Gateway, Scene, USUAL};

fn panics(act: impl FnOnce()) -> bool {
    std::panic::catch_unwind(AssertUnwindSafe(act)).is_err()
}

#[tokio::test]
async fn people_need_rights_like_anybody() {
    let scene = Scene::new().await;
    let fake = &scene.fake;
    let stranger = fake.user("Stranger");
    assert!(panics(|| _ = fake.says(stranger, scene.channel, "hello")));
    fake.deny(scene.channel, Who::Everyone, permissions::SEND_MESSAGES);
    assert!(panics(|| _ = fake.says(scene.ada, scene.channel, "hello")));
    fake.allow(scene.channel, Who::User(scene.ada), permissions::SEND_MESSAGES);
    fake.says(scene.ada, scene.channel, "hello");
    fake.says(fake.owner(scene.guild), scene.channel, "I own this");
    let role = fake.role(scene.guild, "Muted", 0);
    fake.deny(scene.channel, Who::User(scene.ada), permissions::SEND_MESSAGES);
    fake.give_role(scene.guild, scene.ada, role);
    fake.allow(scene.channel, Who::Role(role), permissions::SEND_MESSAGES);
    assert!(panics(|| _ = fake.says(scene.ada, scene.channel, "the member's overwrite wins")));
    let secret = fake.private_thread(scene.channel, "secret", &[]);
    assert!(panics(|| _ = fake.says(scene.ada, secret, "hello")));
}

#[tokio::test]
async fn the_bot_hears_only_where_it_sees() {
    let scene = Scene::new().await;
    let fake = &scene.fake;
    let (mut gateway, _) = Gateway::identified(fake, USUAL).await;
    gateway.event("GUILD_CREATE").await;
    fake.deny(scene.channel, Who::Bot, permissions::VIEW_CHANNEL);
    gateway.event("CHANNEL_UPDATE").await;
    fake.says(scene.ada, scene.channel, "behind its back");
    let thread = fake.thread(scene.channel, "hidden");
    assert!(gateway.names().await.is_empty());
    fake.allow(scene.channel, Who::Bot, permissions::VIEW_CHANNEL);
    fake.says(scene.ada, thread, "seen");
    assert_eq!(gateway.names().await, ["CHANNEL_UPDATE", "MESSAGE_CREATE"]);
    fake.remove_bot(scene.guild);
    assert_eq!(gateway.event("GUILD_DELETE").await, json!({"id": scene.guild.to_string()}));
    fake.says(scene.ada, scene.channel, "gone");
    assert!(gateway.names().await.is_empty());
    fake.add_bot_to(scene.guild);
    assert_eq!(gateway.event("GUILD_CREATE").await["unavailable"], false);
    fake.unavailable(scene.guild);
    assert_eq!(gateway.event("GUILD_DELETE").await["unavailable"], true);
    fake.available(scene.guild);
    gateway.event("GUILD_CREATE").await;
    let private = fake.private_thread(scene.channel, "with the bot", &[fake.bot_id(), scene.ada]);
    fake.says(scene.ada, private, "psst");
    assert_eq!(gateway.event("MESSAGE_CREATE").await["channel_id"], private.to_string());
}

#[tokio::test]
async fn edits_deletions_and_embeds_are_told() {
    let scene = Scene::new().await;
    let fake = &scene.fake;
    let (mut gateway, _) = Gateway::identified(fake, USUAL).await;
    let said = fake.says(scene.ada, scene.channel, "one");
    fake.unfurls(said, json!({"type": "link", "url": "https://example.org"}));
    let unfurled = gateway.event("MESSAGE_UPDATE").await;
    assert!(unfurled["edited_timestamp"].is_null());
    fake.edits(said, "two");
    let edited = gateway.event("MESSAGE_UPDATE").await;
    assert_eq!((edited["content"].clone(), edited["edited_timestamp"].is_string()), (json!("two"), true));
    assert_eq!(fake.message(said).unwrap().edits, 1);
    fake.deletes(said);
    assert_eq!(gateway.event("MESSAGE_DELETE").await["id"], said.to_string());
    assert!(fake.message(said).is_none());
    let ids = [fake.says(scene.ada, scene.channel, "a"), fake.says(scene.ada, scene.channel, "b")];
    fake.deletes_many(scene.channel, &ids);
    assert_eq!(gateway.event("MESSAGE_DELETE_BULK").await["ids"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn posts_carry_what_people_attach() {
    let scene = Scene::new().await;
    let fake = &scene.fake;
    let (mut gateway, _) = Gateway::identified(fake, USUAL).await;
    let attachments = vec![File::text("note.txt", "words")];
    let first = fake.posts(scene.ada, scene.channel, Post { attachments, ..Default::default() });
    let heard = gateway.event("MESSAGE_CREATE").await;
    assert!(heard["attachments"][0]["url"].as_str().unwrap().starts_with(&format!("{}/attachments/", fake.url())));
    fake.posts(scene.ada, scene.channel, Post { forward_of: Some(first), ..Default::default() });
    let heard = gateway.event("MESSAGE_CREATE").await;
    assert_eq!(heard["message_snapshots"][0]["message"]["attachments"][0]["filename"], "note.txt");
    assert_eq!((heard["message_reference"]["type"].clone(), heard["content"].clone()), (json!(1), json!("")));
    let forum = fake.channel(scene.guild, "ideas", Kind::Forum);
    let post = fake.forum_post(forum, scene.ada, "Idea", "What if");
    let made = gateway.event("THREAD_CREATE").await;
    assert_eq!((made["id"].clone(), made["newly_created"].clone()), (json!(post.to_string()), json!(true)));
    assert_eq!(gateway.event("MESSAGE_CREATE").await["id"], post.to_string());
}

#[tokio::test]
async fn waiting_ends_with_the_find_or_with_a_summary() {
    let scene = Scene::new().await;
    let fake = &scene.fake;
    let late = async {
        tokio::time::sleep(Duration::from_millis(50)).await;
        fake.says(scene.ada, scene.channel, "here");
    };
    let found = fake.until(|fake| fake.messages(scene.channel).pop(), Duration::from_secs(5));
    assert_eq!(futures::join!(found, late).0.content, "here");
    assert!(fake.summary().contains("here"));
}

#[tokio::test]
async fn a_stopped_server_takes_no_more_requests() {
    let fake = FakeDiscord::start().await;
    let (mut gateway, _) = Gateway::identified(&fake, USUAL).await;
    fake.stop();
    assert_eq!(gateway.next().await, json!({"close": 0}));
    let address = fake.address();
    let gone = async || tokio::net::TcpStream::connect(&address).await.is_err();
    for _ in 0..50 {
        if gone().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("the port is still open");
}
