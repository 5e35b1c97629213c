//! Rules for the bot's own messages.

use fake_discord::{File, Kind, Post, Who, permissions};
use serde_json::{Value, json};

use crate::client::{Scene, call, exchange, text, upload};

fn with(mut body: Value, name: &str, value: Value) -> Value {
    body[name] = value;
    body
}

#[tokio::test]
async fn what_a_message_may_not_hold_is_refused() {
    let scene = Scene::new().await;
    let embed = |name: &str, value: Value| with(text("x"), "embeds", json!([{ name: value }]));
    let row = |buttons: usize| {
        let buttons: Vec<Value> = (0..buttons)
            .map(|number| json!({"type": 2, "style": 1, "label": "b", "custom_id": number.to_string()}))
            .collect();
        json!({"type": 1, "components": buttons})
    };
    let components = |list: Value| with(text("x"), "components", list);
    let button = |custom_id: String, label: String| {
        components(
            json!([{"type": 1, "components": [{"type": 2, "style": 1, "label": label, "custom_id": custom_id}]}]),
        )
    };
    let long = |length: usize| "x".repeat(length);
    let cases = [
        (text(&long(2_001)), 50035, "Must be 2000 or fewer"),
        (text("  \n "), 50006, "empty message"),
        (with(text("x"), "contents", json!(1)), 50035, "Discord knows no such field"),
        (with(text("x"), "nonce", json!(long(26))), 50035, "25 or fewer"),
        (with(text("x"), "enforce_nonce", json!(true)), 50035, "nonce"),
        (with(text("x"), "tts", json!("no")), 50035, "tts"),
        (with(text("x"), "embeds", json!(vec![json!({"title": "t"}); 11])), 50035, "embeds"),
        (embed("title", json!(long(257))), 50035, "256"),
        (embed("description", json!(long(4_097))), 50035, "4096"),
        (embed("footer", json!({"text": long(2_049)})), 50035, "2048"),
        (embed("author", json!({"name": long(257)})), 50035, "256"),
        (embed("fields", json!(vec![json!({"name": "a", "value": "b"}); 26])), 50035, "25"),
        (embed("fields", json!([{"name": "a", "value": long(1_025)}])), 50035, "1024"),
        (embed("fields", json!([{"name": "a"}])), 50035, "BASE_TYPE_REQUIRED"),
        (embed("colour", json!(1)), 50035, "Discord knows no such field"),
        (embed("color", json!(0x100_0000)), 50035, "NUMBER_TYPE_MAX"),
        (embed("url", json!("example")), 50035, "URL"),
        (with(text("x"), "embeds", json!(vec![json!({"description": long(2_001)}); 3])), 50035, "6000"),
        (components(json!(vec![row(1); 6])), 50035, "components"),
        (components(json!([row(6)])), 50035, "Must be between 1 and 5"),
        (components(json!([row(1), row(1)])), 50035, "duplicated"),
        (button(long(101), "b".to_owned()), 50035, "custom_id"),
        (button("a".to_owned(), long(81)), 50035, "80"),
        (button("a".to_owned(), String::new()), 50035, "LABEL_OR_EMOJI"),
        (components(json!([{"type": 10, "content": "a"}])), 50035, "type"),
        (with(components(json!([{"type": 10, "content": "a"}])), "flags", json!(1 << 15)), 50035, "V2"),
        (
            json!({"flags": 1 << 15, "allowed_mentions": {}, "components": [{"type": 10, "content": long(4_001)}]}),
            50035,
            "4000",
        ),
        (
            json!({"flags": 1 << 15, "allowed_mentions": {}, "components": vec![json!({"type": 14}); 41]}),
            50035,
            "must not exceed 40",
        ),
        (with(text("x"), "poll", json!({"question": {"text": "?"}, "answers": []})), 50035, "answers"),
        (with(text("x"), "attachments", json!([{"id": 0}])), 50035, "No file was uploaded"),
        (with(text("x"), "flags", json!(1 << 13)), 50160, "single audio attachment"),
    ];
    for (body, code, line) in cases {
        let answer = scene.post(body).await;
        scene.refused(&answer, 400, code, line);
    }
    assert!(scene.fake.messages(scene.channel).is_empty());
}

#[tokio::test]
async fn mentions_must_be_thought_of() {
    let scene = Scene::new().await;
    assert_eq!(scene.post(json!({"content": "hi"})).await.status, 200);
    assert!(scene.fake.take_violations()[0].contains("allowed_mentions is absent"));
    assert_eq!(scene.post(with(text("hi"), "allowed_mentions", json!({"parse": ["everyone"]}))).await.status, 200);
    assert!(scene.fake.take_violations()[0].contains("parses everyone"));
    let both = json!({"parse": ["users"], "users": ["1"]});
    scene.refused(&scene.post(with(text("x"), "allowed_mentions", both)).await, 400, 50035, "mutually exclusive");
    let unknown = json!({"parse": ["channels"]});
    scene.refused(&scene.post(with(text("x"), "allowed_mentions", unknown)).await, 400, 50035, "BASE_TYPE_CHOICES");
    let many = json!({"users": vec!["1"; 101]});
    scene.refused(&scene.post(with(text("x"), "allowed_mentions", many)).await, 400, 50035, "between 0 and 100");
}

#[tokio::test]
async fn the_same_nonce_makes_one_message() {
    let scene = Scene::new().await;
    let body = with(with(text("once"), "nonce", json!("n1")), "enforce_nonce", json!(true));
    let (first, again) = (scene.post(body.clone()).await, scene.post(body).await);
    assert_eq!((first.status, again.status), (200, 200));
    assert_eq!(first.body["id"], again.body["id"]);
    assert_eq!(first.body["nonce"], "n1");
    let loose = with(text("twice"), "nonce", json!("n2"));
    assert_ne!(scene.post(loose.clone()).await.body["id"], scene.post(loose).await.body["id"]);
    assert_eq!(scene.fake.messages(scene.channel).len(), 3);
    scene.clean();
}

#[tokio::test]
async fn replies_need_a_message_that_can_be_answered() {
    let scene = Scene::new().await;
    let first = scene.fake.says(scene.ada, scene.channel, "hello");
    let joined = scene.fake.posts(scene.ada, scene.channel, Post { system_type: Some(7), ..Default::default() });
    let reply = |id: u64| with(text("x"), "message_reference", json!({"message_id": id.to_string()}));
    let answer = scene.post(reply(first)).await;
    assert_eq!(answer.body["referenced_message"]["content"], "hello");
    assert_eq!(answer.body["type"], 19);
    scene.clean();
    scene.refused(&scene.post(reply(joined)).await, 400, 50035, "system message");
    scene.fake.deletes(first);
    scene.refused(&scene.post(reply(first)).await, 400, 50035, "REPLIES_UNKNOWN_MESSAGE");
    let mut lenient = reply(first);
    lenient["message_reference"]["fail_if_not_exists"] = json!(false);
    let answer = scene.post(lenient).await;
    assert_eq!((answer.status, answer.body["type"].clone()), (200, json!(0)));
    scene.fake.deny(scene.channel, Who::Bot, permissions::READ_MESSAGE_HISTORY);
    scene.refused(&scene.post(reply(joined)).await, 403, 160002, "without permission");
}

#[tokio::test]
async fn rights_decide_what_the_bot_does() {
    let scene = Scene::new().await;
    let (fake, channel) = (&scene.fake, scene.channel);
    let said = fake.says(scene.ada, channel, "hello");
    let one = format!("{}/{said}", scene.messages());
    let thread = fake.thread(channel, "thread");
    fake.deny(channel, Who::Bot, permissions::ATTACH_FILES | permissions::EMBED_LINKS | permissions::MANAGE_MESSAGES);
    let answer = upload(fake, "POST", &scene.messages(), text("x"), &[("a.txt", b"a")]).await;
    scene.refused(&answer, 403, 50013, "ATTACH_FILES");
    scene.refused(&scene.post(with(text("x"), "embeds", json!([{"title": "t"}]))).await, 403, 50013, "EMBED_LINKS");
    scene.refused(&call(fake, "DELETE", &one, Value::Null).await, 403, 50013, "MANAGE_MESSAGES");
    scene.refused(&call(fake, "PATCH", &one, text("mine")).await, 403, 50005, "another user");
    fake.deny(channel, Who::Bot, permissions::SEND_MESSAGES);
    scene.refused(&scene.post(text("x")).await, 403, 50013, "SEND_MESSAGES");
    let typing = format!("/channels/{channel}/typing");
    scene.refused(&call(fake, "POST", &typing, Value::Null).await, 403, 50013, "SEND_MESSAGES");
    let in_thread = format!("/channels/{thread}/messages");
    assert_eq!(call(fake, "POST", &in_thread, text("x")).await.status, 200);
    fake.deny(channel, Who::Bot, permissions::SEND_MESSAGES_IN_THREADS);
    scene.refused(&call(fake, "POST", &in_thread, text("x")).await, 403, 50013, "SEND_MESSAGES_IN_THREADS");
    fake.deny(channel, Who::Bot, permissions::READ_MESSAGE_HISTORY);
    scene.refused(&call(fake, "GET", &one, Value::Null).await, 403, 50013, "READ_MESSAGE_HISTORY");
    assert_eq!(call(fake, "GET", &scene.messages(), Value::Null).await.body, json!([]));
    fake.deny(channel, Who::Everyone, permissions::VIEW_CHANNEL);
    scene.refused(&call(fake, "GET", &scene.messages(), Value::Null).await, 403, 50001, "VIEW_CHANNEL");
    assert_eq!(fake.invalid_requests(), 9);
    fake.delete_channel(channel);
    scene.refused(&scene.post(text("x")).await, 404, 10003, "Unknown Channel");
}

#[tokio::test]
async fn forums_take_posts_and_closed_doors_take_nothing() {
    let scene = Scene::new().await;
    let fake = &scene.fake;
    let forum = fake.channel(scene.guild, "ideas", Kind::Forum);
    let answer = call(fake, "POST", &format!("/channels/{forum}/messages"), text("x")).await;
    scene.refused(&answer, 400, 50008, "non-text channel");
    let body = json!({"name": "Idea", "message": text("What if")});
    let post = call(fake, "POST", &format!("/channels/{forum}/threads"), body).await;
    assert_eq!(post.status, 201, "{post:?}");
    assert_eq!(post.body["id"], post.body["message"]["id"]);
    let direct = fake.dm(scene.ada);
    fake.closes_dms(scene.ada);
    let answer = call(fake, "POST", &format!("/channels/{direct}/messages"), text("x")).await;
    scene.refused(&answer, 403, 50007, "Cannot send messages to this user");
    let thread = fake.thread(scene.channel, "old");
    fake.archive(thread, false);
    assert_eq!(call(fake, "POST", &format!("/channels/{thread}/messages"), text("x")).await.status, 200);
    fake.bot_permissions(scene.guild, 0);
    fake.archive(thread, true);
    let answer = call(fake, "POST", &format!("/channels/{thread}/messages"), text("x")).await;
    scene.refused(&answer, 403, 160005, "locked");
}

#[tokio::test]
async fn files_come_back_as_they_were_sent() {
    let scene = Scene::new().await;
    let (fake, channel) = (&scene.fake, scene.channel);
    let body = with(text("two"), "attachments", json!([{"id": "1", "description": "the second"}]));
    let sent = upload(fake, "POST", &scene.messages(), body, &[("a.txt", b"one"), ("b.bin", &[0, 255, 13, 10])]).await;
    assert_eq!(sent.body["attachments"][1]["description"], "the second");
    let found = &fake.messages(channel)[0];
    assert_eq!(found.attachments[1], ("b.bin".to_owned(), vec![0, 255, 13, 10]));
    let url = sent.body["attachments"][0]["url"].as_str().unwrap();
    let path = url.strip_prefix(&fake.url()).unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
    assert_eq!(exchange(fake, request.into_bytes()).await.body, json!("one"));
    let one = format!("{}/{}", scene.messages(), found.id);
    let edit = with(text("one left"), "attachments", json!([{"id": sent.body["attachments"][1]["id"]}]));
    assert_eq!(call(fake, "PATCH", &one, edit).await.body["attachments"].as_array().unwrap().len(), 1);
    scene.clean();
    let big = vec![b'x'; 10 * 1024 * 1024 + 1];
    let answer = upload(fake, "POST", &scene.messages(), text("x"), &[("big", &big)]).await;
    scene.refused(&answer, 413, 40005, "10 MiB");
    let heap = vec![b'x'; 9 * 1024 * 1024];
    let answer = upload(fake, "POST", &scene.messages(), text("x"), &[("1", &heap), ("2", &heap), ("3", &heap)]).await;
    scene.refused(&answer, 413, 40005, "25 MiB");
}

#[tokio::test]
async fn history_is_read_in_pages() {
    let scene = Scene::new().await;
    let (fake, channel) = (&scene.fake, scene.channel);
    let ids: Vec<u64> = (0..6).map(|number| fake.says(scene.ada, channel, &format!("{number}"))).collect();
    let page = async |query: String| {
        let answer = call(fake, "GET", &format!("{}?{query}", scene.messages()), Value::Null).await;
        let texts =
            answer.body.as_array().unwrap().iter().map(|message| message["content"].as_str().unwrap().to_owned());
        texts.collect::<Vec<_>>().join("")
    };
    assert_eq!(page("limit=2".to_owned()).await, "54");
    assert_eq!(page(format!("limit=2&before={}", ids[4])).await, "32");
    assert_eq!(page(format!("limit=2&after={}", ids[0])).await, "21");
    assert_eq!(page(format!("limit=3&around={}", ids[3])).await, "432");
    scene.clean();
    let answer = call(fake, "GET", &format!("{}?limit=101", scene.messages()), Value::Null).await;
    scene.refused(&answer, 400, 50035, "limit");
    let answer = call(fake, "GET", &format!("{}?last=1", scene.messages()), Value::Null).await;
    scene.refused(&answer, 400, 50035, "no such parameter");
    fake.deletes(ids[0]);
    let answer = call(fake, "GET", &format!("{}/{}", scene.messages(), ids[0]), Value::Null).await;
    scene.refused(&answer, 404, 10008, "Unknown Message");
    let bulk = format!("{}/bulk-delete", scene.messages());
    let answer = call(fake, "POST", &bulk, json!({"messages": [ids[1].to_string()]})).await;
    scene.refused(&answer, 400, 50016, "2-100");
    let answer = call(fake, "POST", &bulk, json!({"messages": ["1", "2"]})).await;
    scene.refused(&answer, 400, 50034, "14 days");
}

#[tokio::test]
async fn bad_manners_are_noticed() {
    let scene = Scene::new().await;
    let fake = &scene.fake;
    let send = async |head: &str, body: &str| {
        let length = body.len();
        let request = format!("{head}\r\nhost: x\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{body}");
        exchange(fake, request.into_bytes()).await
    };
    let post = format!("POST /api/v10/channels/{}/messages HTTP/1.1", scene.channel);
    let agent = "user-agent: DiscordBot (https://example.org, 1)";
    let token = format!("authorization: Bot {}", fake.token());
    let body = text("x").to_string();
    scene.refused(&send(&format!("{post}\r\n{token}"), &body).await, 403, 40333, "User-Agent");
    scene.refused(&send(&format!("{post}\r\n{agent}"), &body).await, 401, 0, "Unauthorized");
    scene.refused(&send(&format!("{post}\r\n{agent}\r\nauthorization: Bot x"), &body).await, 401, 0, "Unauthorized");
    let bare = format!("{post}\r\n{agent}\r\nauthorization: {}", fake.token());
    scene.refused(&send(&bare, &body).await, 401, 0, "Unauthorized");
    scene.refused(&send(&format!("{post}\r\n{agent}\r\n{token}"), &body).await, 400, 50109, "without Content-Type");
    let json = "content-type: application/json";
    scene.refused(&send(&format!("{post}\r\n{agent}\r\n{token}\r\n{json}"), "{").await, 400, 50109, "no JSON");
    scene.refused(&call(fake, "GET", "/nothing/here", Value::Null).await, 404, 0, "no such route");
    scene.refused(&call(fake, "GET", "/channels/abc", Value::Null).await, 400, 50035, "not snowflake");
    let other = format!("{post}\r\nuser-agent: curl/8\r\n{token}\r\n{json}");
    assert_eq!(send(&other, &body).await.status, 200);
    assert!(fake.take_violations()[0].contains("DiscordBot"));
    fake.forgive("Unknown Channel");
    assert_eq!(call(fake, "GET", "/channels/1", Value::Null).await.status, 404);
    scene.clean();
    assert_eq!(fake.requests().last().unwrap().status, 404);
    assert_eq!(fake.invalid_requests(), 4);
}

#[tokio::test]
async fn voice_messages_need_their_metadata() {
    let scene = Scene::new().await;
    let body = json!({"flags": 1 << 13, "allowed_mentions": {}, "attachments": [{"id": "0"}]});
    let answer = upload(&scene.fake, "POST", &scene.messages(), body, &[("a.ogg", b"x")]).await;
    scene.refused(&answer, 400, 50161, "metadata");
    let entry = json!({"id": "0", "duration_secs": 1.0, "waveform": "AAAA"});
    let mut body = json!({"flags": 1 << 13, "allowed_mentions": {}, "attachments": [entry]});
    let answer = upload(&scene.fake, "POST", &scene.messages(), body.clone(), &[("a.ogg", b"x")]).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    body["content"] = json!("and words");
    let answer = upload(&scene.fake, "POST", &scene.messages(), body, &[("a.ogg", b"x")]).await;
    scene.refused(&answer, 400, 50159, "additional content");
}

#[tokio::test]
async fn reactions_and_emojis_are_kept() {
    let scene = Scene::new().await;
    let fake = &scene.fake;
    let said = fake.says(scene.ada, scene.channel, "hello");
    let react = |emoji: &str| format!("{}/{said}/reactions/{emoji}/@me", scene.messages());
    assert_eq!(call(fake, "PUT", &react("%F0%9F%91%8D"), Value::Null).await.status, 204);
    fake.reacts(scene.ada, said, "👍");
    assert_eq!(fake.message(said).unwrap().raw["reactions"][0]["count"], 2);
    scene.refused(&call(fake, "PUT", &react("thumbsup"), Value::Null).await, 400, 10014, "Unknown Emoji");
    let emojis = format!("/applications/{}/emojis", fake.application_id());
    let body = json!({"name": "wave", "image": "data:image/png;base64,AAAA"});
    assert_eq!(call(fake, "POST", &emojis, body.clone()).await.status, 201);
    scene.refused(&call(fake, "POST", &emojis, body).await, 400, 50035, "already taken");
    let body = json!({"name": "w", "image": "data:image/png;base64,AAAA"});
    scene.refused(&call(fake, "POST", &emojis, body).await, 400, 50035, "between 2 and 32");
    let body = json!({"name": "bow", "image": "AAAA"});
    scene.refused(&call(fake, "POST", &emojis, body).await, 400, 50035, "Invalid image data");
    let id = fake.emojis()[0]["id"].as_str().unwrap().to_owned();
    assert_eq!(call(fake, "DELETE", &format!("{emojis}/{id}"), Value::Null).await.status, 204);
    assert_eq!(call(fake, "GET", &emojis, Value::Null).await.body, json!({"items": []}));
}

#[test]
fn a_text_file_has_its_type() {
    assert!(File::text("a.txt", "a").content_type.starts_with("text/plain"));
}
