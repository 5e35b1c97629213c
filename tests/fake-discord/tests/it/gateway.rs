//! The gateway: identify, intents, resume, and how connections end.

use std::time::Duration;

use fake_discord::{Cut, Disorder, FakeDiscord, Kind};
use serde_json::{Value, json};

use crate::client::{Gateway, Scene, USUAL, call};

async fn resume(fake: &FakeDiscord, session: &Value, seq: u64) -> Gateway {
    let mut gateway = Gateway::connect(fake, "/resume/").await;
    let data = json!({"token": fake.token(), "session_id": session, "seq": seq});
    gateway.send(json!({"op": 6, "d": data})).await;
    gateway
}

#[tokio::test]
async fn wrong_identifies_are_closed() {
    let fake = FakeDiscord::start().await;
    for (change, code) in [
        (json!({"token": "x"}), 4004),
        (json!({"intents": 1_u64 << 40}), 4013),
        (json!({"intents": 1 << 1}), 4014),
        (json!({"shard": [2, 2]}), 4010),
    ] {
        let mut data = json!({"token": fake.token(), "intents": USUAL, "properties": {}});
        for (name, value) in change.as_object().unwrap() {
            data[name] = value.clone();
        }
        let mut gateway = Gateway::connect(&fake, "/").await;
        gateway.send(json!({"op": 2, "d": data})).await;
        assert_eq!(gateway.next().await, json!({"close": code}), "{change}");
    }
    fake.message_content_allowed(false);
    let mut gateway = Gateway::connect(&fake, "/").await;
    gateway.identify(&fake, USUAL, json!([0, 1])).await;
    assert_eq!(gateway.next().await, json!({"close": 4014}));
    let mut gateway = Gateway::connect(&fake, "/").await;
    gateway.send(json!({"op": 3, "d": {}})).await;
    assert_eq!(gateway.next().await, json!({"close": 4003}));
    let mut gateway = Gateway::connect(&fake, "/").await;
    gateway.send(json!({"op": 1, "d": "x".repeat(4_096)})).await;
    assert_eq!(gateway.next().await, json!({"close": 4002}));
    assert_eq!(fake.violations().len(), 7);
    fake.shards(2, 1);
    let mut gateway = Gateway::connect(&fake, "/").await;
    gateway.identify(&fake, 1, json!([0, 1])).await;
    assert_eq!(gateway.next().await, json!({"close": 4011}));
    fake.session_start_limit(0);
    let told = call(&fake, "GET", "/gateway/bot", Value::Null).await.body;
    assert_eq!((told["shards"].clone(), told["session_start_limit"]["remaining"].clone()), (json!(2), json!(0)));
}

#[tokio::test]
async fn intents_decide_what_is_heard_and_content_is_censored() {
    let scene = Scene::new().await;
    let fake = &scene.fake;
    let without_content = USUAL & !(1 << 15);
    let (mut gateway, _) = Gateway::identified(fake, without_content).await;
    gateway.event("GUILD_CREATE").await;
    let said = fake.says(scene.ada, scene.channel, "secret");
    assert_eq!(gateway.event("MESSAGE_CREATE").await["content"], "");
    fake.says(scene.ada, scene.channel, &format!("hello <@{}>", fake.bot_id()));
    assert!(gateway.event("MESSAGE_CREATE").await["content"].as_str().unwrap().starts_with("hello"));
    fake.says(scene.ada, fake.dm(scene.ada), "private");
    assert_eq!(gateway.event("MESSAGE_CREATE").await["content"], "private");
    let reply =
        json!({"content": "mine", "allowed_mentions": {}, "message_reference": {"message_id": said.to_string()}});
    scene.post(reply).await;
    let own = gateway.event("MESSAGE_CREATE").await;
    assert_eq!((own["content"].clone(), own["referenced_message"]["content"].clone()), (json!("mine"), json!("")));
    fake.message_content_allowed(false);
    let got = call(fake, "GET", &format!("{}/{said}", scene.messages()), Value::Null).await;
    assert_eq!(got.body["content"], "");
    fake.types(scene.ada, scene.channel);
    assert_eq!(gateway.names().await, Vec::<String>::new());
    let mut deaf = Gateway::connect(fake, "/").await;
    fake.identify_window(Duration::ZERO);
    deaf.identify(fake, 0, json!([0, 1])).await;
    fake.says(scene.ada, scene.channel, "unheard");
    assert_eq!(deaf.names().await, ["READY"]);
    scene.clean();
}

#[tokio::test]
async fn a_resume_replays_what_was_missed() {
    let scene = Scene::new().await;
    let fake = &scene.fake;
    let (mut gateway, ready) = Gateway::identified(fake, USUAL).await;
    gateway.event("GUILD_CREATE").await;
    fake.cut(Cut::Tcp);
    assert_eq!(gateway.next().await, json!({"close": 0}));
    fake.until(|fake| (fake.sessions() == 0).then_some(()), Duration::from_secs(1)).await;
    fake.says(scene.ada, scene.channel, "one");
    fake.says(scene.ada, scene.channel, "two");
    let mut gateway = resume(fake, &ready["session_id"], 2).await;
    assert_eq!(gateway.next().await["d"]["content"], "one");
    let second = gateway.next().await;
    assert_eq!((second["d"]["content"].clone(), second["s"].clone()), (json!("two"), json!(4)));
    assert_eq!(gateway.next().await["t"], "RESUMED");
    let resumes = fake.resumes();
    assert_eq!((resumes[0].seq, resumes[0].path.as_str(), resumes[0].resumed), (2, "/resume", true));
    scene.clean();

    for (cut, code) in [(Cut::Close(4000), 4000), (Cut::Close(4009), 4009)] {
        fake.cut(cut);
        assert_eq!(gateway.next().await, json!({"close": code}));
        gateway = resume(fake, &ready["session_id"], 5).await;
        assert_eq!(gateway.event("RESUMED").await, json!({"_trace": []}));
    }
    fake.cut(Cut::Reconnect);
    assert_eq!(gateway.next().await["op"], 7);
    gateway.close(4_000).await;
    fake.until(|fake| (fake.close_codes() == [Some(4000)]).then_some(()), Duration::from_secs(1)).await;
    let mut gateway = resume(fake, &ready["session_id"], 5).await;
    gateway.event("RESUMED").await;
    fake.cut(Cut::Invalid { resumable: true });
    let invalid = gateway.next().await;
    assert_eq!((invalid["op"].clone(), invalid["d"].clone()), (json!(9), json!(true)));
    drop(gateway);
    let mut gateway = resume(fake, &ready["session_id"], 99).await;
    assert_eq!(gateway.next().await, json!({"close": 4007}));
    fake.forget_sessions();
    let mut gateway = resume(fake, &ready["session_id"], 5).await;
    let invalid = gateway.next().await;
    assert_eq!((invalid["op"].clone(), invalid["d"].clone()), (json!(9), json!(false)));
}

#[tokio::test]
async fn a_good_bye_ends_the_session() {
    let scene = Scene::new().await;
    let (gateway, ready) = Gateway::identified(&scene.fake, USUAL).await;
    gateway.close(1_000).await;
    scene.fake.until(|fake| (!fake.close_codes().is_empty()).then_some(()), Duration::from_secs(1)).await;
    let mut gateway = resume(&scene.fake, &ready["session_id"], 1).await;
    assert_eq!(gateway.next().await["op"], 9);
    scene.fake.identify_window(Duration::ZERO);
    let (gateway, _) = Gateway::identified(&scene.fake, USUAL).await;
    drop(gateway);
    scene.fake.until(|fake| (fake.close_codes().last() == Some(&None)).then_some(()), Duration::from_secs(1)).await;
}

#[tokio::test]
async fn held_events_wait_and_heartbeats_are_answered() {
    let scene = Scene::new().await;
    let fake = &scene.fake;
    let (mut gateway, ready) = Gateway::identified(fake, USUAL).await;
    gateway.event("GUILD_CREATE").await;
    gateway.send(json!({"op": 1, "d": 2})).await;
    assert_eq!(gateway.next().await["op"], 11);
    fake.withhold_acks(true);
    gateway.send(json!({"op": 1, "d": 2})).await;
    assert!(gateway.names().await.is_empty());
    assert_eq!(fake.heartbeats(), 2);
    fake.hold_events(true);
    fake.says(scene.ada, scene.channel, "held");
    assert!(gateway.names().await.is_empty());
    fake.hold_events(false);
    assert_eq!(gateway.event("MESSAGE_CREATE").await["content"], "held");
    fake.hold_events(true);
    fake.says(scene.ada, scene.channel, "lost");
    fake.cut(Cut::Close(4000));
    let mut gateway = resume(fake, &ready["session_id"], 3).await;
    assert_eq!(gateway.event("MESSAGE_CREATE").await["content"], "lost");
}

#[tokio::test]
async fn silence_and_chatter_end_a_connection() {
    let scene = Scene::new().await;
    let fake = &scene.fake;
    fake.heartbeat_interval(100);
    let (mut gateway, _) = Gateway::identified(fake, 1).await;
    gateway.event("GUILD_CREATE").await;
    assert_eq!(gateway.next().await, json!({"close": 4009}));
    assert!(fake.take_violations()[0].contains("no heartbeat"));
    fake.heartbeat_interval(60_000);
    let mut gateway = Gateway::connect(fake, "/").await;
    for _ in 0..121 {
        gateway.send(json!({"op": 1, "d": null})).await;
    }
    while gateway.next().await["close"].is_null() {}
    assert!(fake.take_violations()[0].contains("more than 120"));
}

#[tokio::test]
async fn shards_get_their_guilds_and_identify_in_turn() {
    let fake = FakeDiscord::start().await;
    fake.shards(2, 1);
    let guilds = [fake.guild("One"), fake.guild("Two")];
    let ada = fake.user("Ada");
    let mut first = Gateway::connect(&fake, "/").await;
    first.identify(&fake, USUAL, json!([0, 2])).await;
    let ready = first.event("READY").await;
    assert_eq!(ready["guilds"].as_array().unwrap().len(), 1);
    let its: u64 = ready["guilds"][0]["id"].as_str().unwrap().parse().unwrap();
    assert_eq!((its >> 22) % 2, 0);
    let mut second = Gateway::connect(&fake, "/").await;
    second.identify(&fake, USUAL, json!([1, 2])).await;
    assert_eq!(second.next().await["op"], 9);
    assert!(fake.take_violations()[0].contains("max_concurrency"));
    fake.shards(2, 2);
    let mut second = Gateway::connect(&fake, "/").await;
    second.identify(&fake, USUAL, json!([1, 2])).await;
    let other: u64 = second.event("READY").await["guilds"][0]["id"].as_str().unwrap().parse().unwrap();
    assert!(guilds.contains(&its) && guilds.contains(&other) && its != other);
    second.event("GUILD_CREATE").await;
    first.event("GUILD_CREATE").await;
    fake.join(other, ada);
    fake.says(ada, fake.channel(other, "general", Kind::Text), "hello");
    assert_eq!(second.event("MESSAGE_CREATE").await["guild_id"], other.to_string());
    fake.says(ada, fake.dm(ada), "private");
    assert_eq!(first.names().await, ["MESSAGE_CREATE"]);
    assert_eq!(fake.sessions(), 2);
    assert_eq!(fake.identifies().len(), 3);
}

#[tokio::test]
async fn disorder_doubles_and_swaps_but_loses_nothing() {
    let scene = Scene::new().await;
    let fake = &scene.fake;
    let (mut gateway, _) = Gateway::identified(fake, USUAL).await;
    gateway.event("GUILD_CREATE").await;
    fake.disorder(Some(Disorder { seed: 1, duplicate: 0.3, swap: 0.3 }));
    for number in 0..30 {
        fake.says(scene.ada, scene.channel, &number.to_string());
    }
    let mut heard = Vec::new();
    let mut last = 2;
    while let Ok(payload) = tokio::time::timeout(Duration::from_millis(400), gateway.next()).await {
        last += 1;
        assert_eq!(payload["s"], last);
        heard.push(payload["d"]["content"].as_str().unwrap().parse::<u32>().unwrap());
    }
    let mut sorted = heard.clone();
    sorted.sort_unstable();
    assert_ne!(heard, sorted);
    assert!(heard.len() > 30);
    sorted.dedup();
    assert_eq!(sorted, (0..30).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_new_identify_follows_an_invalid_session_and_new_events_come_too() {
    let scene = Scene::new().await;
    let (mut gateway, ready) = Gateway::identified(&scene.fake, USUAL).await;
    gateway.event("GUILD_CREATE").await;
    scene.fake.dispatches("SOMETHING_NEW", &json!({"a": 1}));
    assert_eq!(gateway.event("SOMETHING_NEW").await["a"], 1);
    scene.fake.cut(Cut::Invalid { resumable: false });
    assert_eq!(gateway.next().await["d"], false);
    scene.fake.identify_window(Duration::ZERO);
    gateway.identify(&scene.fake, USUAL, json!([0, 1])).await;
    assert_ne!(gateway.event("READY").await["session_id"], ready["session_id"]);
    gateway.identify(&scene.fake, USUAL, json!([0, 1])).await;
    gateway.event("GUILD_CREATE").await;
    assert_eq!(gateway.next().await, json!({"close": 4005}));
}

#[tokio::test]
async fn members_are_told_on_request() {
    let scene = Scene::new().await;
    let (mut gateway, _) = Gateway::identified(&scene.fake, USUAL).await;
    let wanted = json!([scene.ada.to_string(), "1"]);
    gateway.send(json!({"op": 8, "d": {"guild_id": scene.guild.to_string(), "user_ids": wanted, "limit": 0}})).await;
    let chunk = gateway.event("GUILD_MEMBERS_CHUNK").await;
    assert_eq!(
        (chunk["members"][0]["user"]["global_name"].clone(), chunk["not_found"].clone()),
        (json!("Ada"), json!(["1"]))
    );
}
