//! Everything that the fake sends must be what twilight understands.

use std::time::Duration;

use fake_discord::{Cut, FakeDiscord, Fault, FaultKind, File, ForeignWebhook, Kind, Post, Who, permissions};
use futures::StreamExt as _;
use serde_json::{Value, json};
use twilight_gateway::{EventTypeFlags, Intents, Message, Shard, ShardId};
use twilight_http::Client;
use twilight_model::channel::message::AllowedMentions;
use twilight_model::id::Id;

use crate::client::{call, text};

fn client(fake: &FakeDiscord) -> Client {
    Client::builder().proxy(fake.address(), true).ratelimiter(None).token(fake.token()).build()
}

fn shard(fake: &FakeDiscord, intents: Intents) -> Shard {
    // Another test may have installed it already, which is just as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let config = twilight_gateway::ConfigBuilder::new(fake.token(), intents).proxy_url(fake.gateway_url()).build();
    Shard::with_config(ShardId::ONE, config)
}

/// Names of all events of the next moment; each must be understood.
async fn events(shard: &mut Shard) -> Vec<String> {
    let mut names = Vec::new();
    while let Ok(Some(message)) = tokio::time::timeout(Duration::from_millis(500), shard.next()).await {
        let Message::Text(text) = message.unwrap() else { continue };
        let payload: Value = serde_json::from_str(&text).unwrap();
        if let Some(name) = payload["t"].as_str() {
            let parsed = twilight_gateway::parse(text.clone(), EventTypeFlags::all());
            let known = parsed.unwrap_or_else(|error| panic!("{name}: {error:?}\n{text}"));
            assert!(known.is_some(), "{name} is unknown to twilight");
            names.push(name.to_owned());
        }
    }
    names
}

#[tokio::test]
async fn twilight_understands_every_event() {
    let fake = FakeDiscord::start().await;
    fake.members_allowed(true);
    let guild = fake.guild("Lounge");
    let channel = fake.channel(guild, "general", Kind::Text);
    let (forum, _voice) = (fake.channel(guild, "ideas", Kind::Forum), fake.channel(guild, "talk", Kind::Voice));
    let (ada, bob) = (fake.user("Ada"), fake.user("Bob"));
    fake.join(guild, ada);
    fake.thread(channel, "old thread");
    let application = fake.application_id();
    let commands = json!([
        {"name": "hello", "description": "Hello", "options": [{"type": 6, "name": "who", "description": "Who"},
         {"type": 7, "name": "where", "description": "Where"}, {"type": 11, "name": "what", "description": "What"},
         {"type": 3, "name": "word", "description": "Word", "autocomplete": true},
         {"type": 8, "name": "role", "description": "Role"}]},
        {"name": "Inspect", "type": 3}, {"name": "Ignore", "type": 2},
    ]);
    call(&fake, "PUT", &format!("/applications/{application}/commands"), commands).await;
    let mut shard = shard(&fake, Intents::all() - Intents::GUILD_PRESENCES);
    assert_eq!(events(&mut shard).await, ["READY", "GUILD_CREATE"]);

    fake.join(guild, bob);
    let role = fake.role(guild, "Friends", permissions::MENTION_EVERYONE);
    fake.give_role(guild, ada, role);
    fake.deny(channel, Who::User(bob), permissions::ATTACH_FILES);
    let thread = fake.thread(channel, "thread");
    let post = fake.forum_post(forum, ada, "Idea", "What if");
    let first = fake.says(ada, channel, &format!("hello <@{bob}> <@&{role}> @everyone"));
    let file = File { name: "cat.png".to_owned(), content_type: "image/png".to_owned(), bytes: vec![1, 2, 3] };
    let rich = Post {
        content: "all of it".to_owned(),
        reply_to: Some(first),
        attachments: vec![file.clone()],
        stickers: vec!["wave".to_owned()],
        embeds: vec![json!({"title": "t", "fields": [{"name": "a", "value": "b"}]})],
        poll: Some(("Tea?".to_owned(), vec!["yes".to_owned(), "no".to_owned()])),
        ..Default::default()
    };
    fake.posts(ada, channel, rich);
    fake.posts(ada, thread, Post { forward_of: Some(first), ..Default::default() });
    fake.posts(ada, channel, Post { voice: true, attachments: vec![file.clone()], ..Default::default() });
    fake.posts(ada, channel, Post { system_type: Some(7), ..Default::default() });
    let proxy = ForeignWebhook { application_id: Some(7), webhook_id: 8, name: "P".to_owned(), avatar: None };
    fake.webhook_posts(proxy, channel, Post { content: "proxied".to_owned(), ..Default::default() });
    fake.says(ada, fake.dm(ada), "in private");
    fake.edits(first, "changed");
    fake.unfurls(first, json!({"type": "link", "url": "https://example.org"}));
    fake.reacts(bob, first, "👍");
    fake.reacts(bob, first, "name:123");
    fake.unreacts(bob, first, "👍");
    fake.types(ada, channel);
    fake.webhook(channel, "Feed", None);
    let used = [
        fake.slash(
            ada,
            channel,
            "hello",
            &[
                ("who", json!(bob.to_string())),
                ("where", json!(thread.to_string())),
                ("what", fake.upload(channel, &file)),
                ("role", json!(role.to_string())),
                ("word", json!("x")),
            ],
        ),
        fake.slash(ada, fake.dm(ada), "hello", &[]),
        fake.slash(ada, thread, "hello", &[]),
        fake.context_menu(ada, channel, "Inspect", first),
        fake.user_menu(ada, channel, "Ignore", bob),
    ];
    fake.deletes(first);
    let (one, two) = (fake.says(ada, post, "1"), fake.says(ada, post, "2"));
    fake.deletes_many(post, &[one, two]);
    fake.archive(thread, false);
    fake.delete_channel(thread);
    fake.delete_channel(forum);
    fake.leave(guild, bob);
    fake.unavailable(guild);
    fake.available(guild);
    fake.remove_bot(guild);
    fake.add_bot_to(guild);
    let names = events(&mut shard).await;
    let expected = [
        "GUILD_MEMBER_ADD",
        "GUILD_MEMBER_UPDATE",
        "GUILD_MEMBER_REMOVE",
        "GUILD_ROLE_CREATE",
        "CHANNEL_UPDATE",
        "CHANNEL_DELETE",
        "THREAD_CREATE",
        "THREAD_UPDATE",
        "THREAD_DELETE",
        "MESSAGE_CREATE",
        "MESSAGE_UPDATE",
        "MESSAGE_DELETE",
        "MESSAGE_DELETE_BULK",
        "MESSAGE_REACTION_ADD",
        "MESSAGE_REACTION_REMOVE",
        "TYPING_START",
        "WEBHOOKS_UPDATE",
        "INTERACTION_CREATE",
        "GUILD_DELETE",
        "GUILD_CREATE",
    ];
    for name in expected {
        assert!(names.iter().any(|known| known == name), "{name} is missing in {names:?}");
    }
    assert_eq!(names.iter().filter(|name| *name == "INTERACTION_CREATE").count(), used.len());
}

#[tokio::test]
async fn twilight_understands_components_modals_and_completions() {
    let fake = FakeDiscord::start().await;
    let guild = fake.guild("Lounge");
    let channel = fake.channel(guild, "general", Kind::Text);
    let ada = fake.user("Ada");
    fake.join(guild, ada);
    let mut shard = shard(&fake, Intents::GUILDS | Intents::GUILD_MESSAGES);
    events(&mut shard).await;
    let application = fake.application_id();
    let option = json!({"type": 3, "name": "word", "description": "Word", "autocomplete": true});
    let commands = json!([{"name": "hello", "description": "Hello", "options": [option]}]);
    call(&fake, "PUT", &format!("/applications/{application}/commands"), commands).await;
    let row = json!({"type": 1, "components": [{"type": 2, "style": 1, "label": "Go", "custom_id": "go"}]});
    let menu = json!({"type": 1, "components": [
        {"type": 3, "custom_id": "menu", "options": [{"label": "A", "value": "a"}, {"label": "B", "value": "b"}]}]});
    let users = json!({"type": 1, "components": [{"type": 5, "custom_id": "who"}]});
    let mut body = text("Press");
    body["components"] = json!([row, menu, users]);
    let sent = call(&fake, "POST", &format!("/channels/{channel}/messages"), body).await;
    let message = sent.body["id"].as_str().unwrap().parse().unwrap();
    let clicked = fake.click(ada, message, "go");
    fake.click_select(ada, message, "menu", &["b"]);
    fake.click_select(ada, message, "who", &[&ada.to_string()]);
    let heard = {
        let completing = fake.completes(ada, channel, "hello", "word", "x", &[]);
        let hearing = events(&mut shard);
        futures::pin_mut!(completing, hearing);
        match futures::future::select(completing, hearing).await {
            futures::future::Either::Left(_) => panic!("nobody answers the completion"),
            futures::future::Either::Right((heard, _)) => heard,
        }
    };
    assert_eq!(heard.iter().filter(|name| *name == "INTERACTION_CREATE").count(), 4);

    let token = fake.interaction_token(&clicked);
    let modal = json!({"custom_id": "m", "title": "T", "components": [
        {"type": 18, "label": "Text", "component": {"type": 4, "custom_id": "a", "style": 1}},
        {"type": 18, "label": "File", "component": {"type": 19, "custom_id": "f", "required": false}},
        {"type": 18, "label": "Menu", "component": {"type": 3, "custom_id": "s", "options": [{"label": "A", "value": "a"}]}},
        {"type": 1, "components": [{"type": 4, "custom_id": "b", "style": 2, "label": "Old", "required": false}]},
        {"type": 10, "content": "a word"},
    ]});
    let path = format!("/interactions/{}/{token}/callback", clicked.id());
    assert_eq!(call(&fake, "POST", &path, json!({"type": 9, "data": modal})).await.status, 204);
    let file = fake.upload(channel, &File::text("a.txt", "hello"));
    fake.submit_values(ada, &clicked, &[("a", json!("text")), ("f", json!([file])), ("s", json!(["a"]))]);
    assert_eq!(events(&mut shard).await, ["INTERACTION_CREATE"]);
}

#[tokio::test]
async fn twilight_understands_every_answer() {
    let fake = FakeDiscord::start().await;
    let guild = fake.guild("Lounge");
    let channel = fake.channel(guild, "general", Kind::Text);
    let ada = fake.user("Ada");
    fake.join(guild, ada);
    let first = fake.says(ada, channel, "hello");
    let client = client(&fake);
    let (channel_id, guild_id) = (Id::new(channel), Id::new(guild));
    let none = AllowedMentions::default();
    client.gateway().authed().await.unwrap().model().await.unwrap();
    client.gateway().await.unwrap().model().await.unwrap();
    let application = client.current_user_application().await.unwrap().model().await.unwrap();
    assert_eq!(application.id.get(), fake.application_id());
    client.current_user().await.unwrap().model().await.unwrap();
    client.user(Id::new(ada)).await.unwrap().model().await.unwrap();
    client.channel(channel_id).await.unwrap().model().await.unwrap();
    client.guild(guild_id).await.unwrap().model().await.unwrap();
    client.guild_members(guild_id).limit(10).await.unwrap().models().await.unwrap();
    client.guild_member(guild_id, Id::new(ada)).await.unwrap().model().await.unwrap();
    client.roles(guild_id).await.unwrap().models().await.unwrap();
    client.guild_channels(guild_id).await.unwrap().models().await.unwrap();
    client.active_threads(guild_id).await.unwrap().model().await.unwrap();
    client.current_user_guilds().await.unwrap().models().await.unwrap();
    let direct = client.create_private_channel(Id::new(ada)).await.unwrap().model().await.unwrap();
    client.create_message(direct.id).content("hi").allowed_mentions(Some(&none)).await.unwrap().model().await.unwrap();
    client.create_typing_trigger(channel_id).await.unwrap();
    let attachment = twilight_model::http::attachment::Attachment::from_bytes("a.txt".to_owned(), b"hello".to_vec(), 1);
    let sent = client
        .create_message(channel_id)
        .content("answer")
        .reply(Id::new(first))
        .attachments(std::slice::from_ref(&attachment))
        .allowed_mentions(Some(&none))
        .nonce(7)
        .await
        .unwrap()
        .model()
        .await
        .unwrap();
    assert_eq!(fake.message(sent.id.get()).unwrap().attachments, [("a.txt".to_owned(), b"hello".to_vec())]);
    let update = client.update_message(channel_id, sent.id).content(Some("changed")).allowed_mentions(Some(&none));
    update.await.unwrap().model().await.unwrap();
    client.message(channel_id, sent.id).await.unwrap().model().await.unwrap();
    client.channel_messages(channel_id).limit(50).await.unwrap().models().await.unwrap();
    let emoji = twilight_http::request::channel::reaction::RequestReactionType::Unicode { name: "👍" };
    client.create_reaction(channel_id, sent.id, &emoji).await.unwrap();
    let webhook = client.create_webhook(channel_id, "Abbey").await.unwrap().model().await.unwrap();
    let token = webhook.token.clone().unwrap();
    client.channel_webhooks(channel_id).await.unwrap().models().await.unwrap();
    client.webhook(webhook.id).token(&token).await.unwrap().model().await.unwrap();
    let thread = fake.thread(channel, "thread");
    let said = client
        .execute_webhook(webhook.id, &token)
        .content("in a thread")
        .username("Abbey II")
        .avatar_url("https://example.org/a.png")
        .attachments(&[attachment])
        .allowed_mentions(Some(&none))
        .thread_id(Id::new(thread))
        .wait()
        .await
        .unwrap()
        .model()
        .await
        .unwrap();
    assert_eq!(said.channel_id.get(), thread);
    let edit = client.update_webhook_message(webhook.id, &token, said.id).thread_id(Id::new(thread));
    edit.content(Some("changed")).allowed_mentions(Some(&none)).await.unwrap().model().await.unwrap();
    client.delete_webhook_message(webhook.id, &token, said.id).thread_id(Id::new(thread)).await.unwrap();
    let started = client.create_thread_from_message(channel_id, sent.id, "on it").await.unwrap().model().await.unwrap();
    assert_eq!(started.id.get(), sent.id.get());
    client.delete_messages(channel_id, &[Id::new(first), sent.id]).await.unwrap();
    client.delete_webhook(webhook.id).await.unwrap();
    let own = client.interaction(application.id);
    let hello = own.create_global_command().chat_input("hello", "Hello").await.unwrap().model().await.unwrap();
    let all = own.set_global_commands(&[hello]).await.unwrap().models().await.unwrap();
    own.set_guild_commands(guild_id, &all).await.unwrap().models().await.unwrap();
    own.global_commands().with_localizations(true).await.unwrap().models().await.unwrap();
    assert_eq!((fake.commands().len(), fake.guild_commands(guild).len()), (1, 1));
    assert!(fake.violations().is_empty(), "{:?}", fake.violations());
}

#[tokio::test]
async fn twilight_resumes_where_it_is_told_to() {
    let fake = FakeDiscord::start().await;
    let guild = fake.guild("Lounge");
    let channel = fake.channel(guild, "general", Kind::Text);
    let ada = fake.user("Ada");
    fake.join(guild, ada);
    let mut shard = shard(&fake, Intents::GUILDS | Intents::GUILD_MESSAGES | Intents::MESSAGE_CONTENT);
    events(&mut shard).await;
    for (number, cut) in
        [Cut::Close(4000), Cut::Reconnect, Cut::Invalid { resumable: true }, Cut::Tcp].into_iter().enumerate()
    {
        fake.hold_events(true);
        fake.says(ada, channel, "missed");
        fake.cut(cut);
        fake.hold_events(false);
        let mut names = Vec::new();
        while !names.iter().any(|name| name == "RESUMED") {
            let message = tokio::time::timeout(Duration::from_secs(10), shard.next()).await.unwrap().unwrap();
            let Ok(Message::Text(text)) = message else { continue };
            let payload: Value = serde_json::from_str(&text).unwrap();
            names.extend(payload["t"].as_str().map(str::to_owned));
        }
        assert!(names.iter().any(|name| name == "MESSAGE_CREATE"), "{cut:?}: {names:?}");
        let resumes = fake.resumes();
        assert_eq!(
            (resumes.len(), resumes[number].path.as_str(), resumes[number].resumed),
            (number + 1, "/resume", true)
        );
    }
    assert_eq!(fake.identifies().len(), 1);
    assert!(fake.violations().is_empty(), "{:?}", fake.violations());
}

/// Discord tells the scope of a limit with a 429 only, and twilight 0.18 reads no header without it: so it meets one 429,
/// and waits from then on.
#[tokio::test]
async fn the_limiter_of_twilight_waits_after_one_refusal() {
    let fake = FakeDiscord::start().await;
    let guild = fake.guild("Lounge");
    let channel = fake.channel(guild, "general", Kind::Text);
    fake.rate_limits(true);
    let client = Client::builder().proxy(fake.address(), true).token(fake.token()).build();
    let none = AllowedMentions::default();
    for _ in 0..7 {
        client.create_message(Id::new(channel)).content("x").allowed_mentions(Some(&none)).await.unwrap();
    }
    let messages = fake.messages(channel);
    let waited = messages[5].at - messages[0].at;
    assert!(waited > Duration::from_millis(4_900), "{waited:?}");
    assert_eq!(fake.requests().iter().filter(|request| request.status == 429).count(), 1);
    assert!(fake.violations().is_empty(), "{:?}", fake.violations());
    let scope = "shared";
    for kind in
        [FaultKind::RateLimited { retry_after: 0.3, scope }, FaultKind::RateLimited { retry_after: 0.3, scope: "user" }]
    {
        fake.fault(Fault { method: "GET".to_owned(), path_contains: "/channels/".to_owned(), kind, times: 1 });
        let began = std::time::Instant::now();
        client.channel(Id::new(channel)).await.unwrap();
        assert!(began.elapsed() >= Duration::from_millis(300));
    }
}
