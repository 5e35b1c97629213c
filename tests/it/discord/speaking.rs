//! Being called, and answering.

use fake_discord::{File, Kind, Post, Who};
use greenroom::testing::Answering;

use super::town::{SOON, Town};

/// Permission bits.
const VIEW: u64 = 1 << 10;
const MANAGE_WEBHOOKS: u64 = 1 << 29;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_character_answers_under_its_own_name() {
    let town = Town::new().await;
    let answers = town.asks(town.robin, town.lounge, "hello @Abbey!", 1).await;
    assert_eq!((answers[0].author_name.as_str(), answers[0].content.contains("hello @Abbey!")), ("Abbey", true));
    assert!(answers[0].webhook_id.is_some() && answers[0].pings.is_empty());
    // The second character speaks through the same webhook.
    let more = town.asks(town.kim, town.lounge, "@aviva and you?", 1).await;
    assert_eq!((more[0].author_name.as_str(), more[0].webhook_id), ("Aviva", answers[0].webhook_id));
    assert_eq!(town.fake.webhooks(town.lounge).len(), 1);
    assert!(!town.fake.typing(town.lounge).is_empty());
    town.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn newcomers_are_told_that_they_talk_with_an_ai_once() {
    let town = Town::new().await;
    for text in ["@Abbey hello", "@Abbey again"] {
        town.asks(town.robin, town.lounge, text, 1).await;
        town.settled().await;
    }
    let all = town.fake.bot_messages(town.lounge);
    assert_eq!(all.iter().filter(|message| message.content.contains("AI character")).count(), 1);
    assert!(
        all[0].content.contains("AI character") && all[0].webhook_id.is_none(),
        "the house says it before the answer"
    );
    town.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn people_talking_among_themselves_are_not_listened_to() {
    let town = Town::new().await;
    for text in ["how was your day", "mail me at ada@example.org", "@nobody home?"] {
        town.fake.says(town.robin, town.lounge, text);
    }
    town.asks(town.kim, town.lounge, "@Abbey hi", 1).await;
    let kept = town.world.db.number("SELECT COUNT(*) FROM message WHERE personality_id IS NULL").await.unwrap();
    let known = town.world.db.number("SELECT COUNT(*) FROM member").await.unwrap();
    assert_eq!((kept, known), (1, 1), "nothing is kept of who did not call anybody");
    // Now that somebody was called, what follows is part of the conversation.
    town.fake.says(town.robin, town.lounge, "the lamp is green");
    town.asks(town.kim, town.lounge, "@Abbey which colour?", 1).await;
    assert!(town.world.last_prompt().contains("the lamp is green"));
    town.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reply_reaches_the_character_without_its_name() {
    let town = Town::new().await;
    let answer = town.asks(town.robin, town.lounge, "@Aviva hello", 1).await[0].id;
    let before = town.said(town.lounge).len();
    town.fake.posts(
        town.kim,
        town.lounge,
        Post { content: "and me?".into(), reply_to: Some(answer), ..Post::default() },
    );
    let answers = town.answers(town.lounge, before, 1).await;
    assert_eq!(answers[0].author_name, "Aviva");
    town.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_private_whoever_was_called_last_goes_on() {
    let town = Town::new().await;
    let dm = town.fake.dm(town.robin);
    let first = town.asks(town.robin, dm, "hello", 1).await;
    assert!(first[0].content.starts_with("**Abi:** "), "{}", first[0].content);
    let called = town.asks(town.robin, dm, "@Aviva are you there?", 1).await;
    assert!(called[0].content.starts_with("**Aviva:** "));
    let on = town.asks(town.robin, dm, "good", 1).await;
    assert!(on[0].content.starts_with("**Aviva:** "), "{}", on[0].content);
    town.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn threads_and_forums_are_spoken_in_through_the_webhook_of_their_parent() {
    let town = Town::new().await;
    let thread = town.fake.thread(town.lounge, "aside");
    let answers = town.asks(town.robin, thread, "@Abbey in here", 1).await;
    assert_eq!(answers[0].author_name, "Abbey");
    let forum = town.fake.channel(town.guild, "questions", Kind::Forum);
    let post = town.fake.forum_post(forum, town.kim, "Tea", "@Abbey which tea?");
    let answers = town.answers(post, 0, 1).await;
    assert_eq!(answers[0].author_name, "Abbey");
    assert_eq!((town.fake.webhooks(town.lounge).len(), town.fake.webhooks(forum).len()), (1, 1));
    town.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_webhook_the_name_stands_before_the_text() {
    let town = Town::new().await;
    town.fake.deny(town.lounge, Who::Bot, MANAGE_WEBHOOKS);
    town.fake.forgive("MANAGE_WEBHOOKS");
    town.fake.forgive("webhooks");
    let answers = town.asks(town.robin, town.lounge, "@Abbey hello", 1).await;
    assert!(answers[0].content.starts_with("**Abbey:** ") && answers[0].webhook_id.is_none());
    assert!(answers[0].pings.is_empty());
    assert!(town.fake.bot_messages(town.lounge)[0].reply_to.is_some());
    town.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deleted_webhook_is_made_anew_once() {
    let town = Town::new().await;
    town.asks(town.robin, town.lounge, "@Abbey one", 1).await;
    town.fake.delete_webhooks(town.lounge);
    town.fake.forgive("Unknown Webhook");
    let answers = town.asks(town.robin, town.lounge, "@Abbey two", 1).await;
    assert_eq!(answers[0].author_name, "Abbey");
    assert_eq!(town.fake.webhooks(town.lounge).len(), 1);
    town.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_long_answer_comes_in_parts_in_order() {
    let long: String = (0..600).map(|n| format!("word{n} ")).collect();
    let whole = long.clone();
    let town = Town::with(Answering::with(move |_| Ok(long.clone()))).await;
    let parts = town.asks(town.robin, town.lounge, "@Abbey tell me", 3).await;
    let said: Vec<&str> = parts.iter().map(|part| part.content.as_str()).collect();
    let all = said.join(" ");
    let words = |text: &str| {
        text.split_whitespace().filter(|word| word.starts_with("word")).map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(words(&all), words(&whole));
    town.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_a_model_says_pings_anybody() {
    let hostile = "@everyone @here <@&{role}> <@{kim}> [click](https://evil.example) https://x.example";
    let town = Town::new().await;
    let role = town.fake.role(town.guild, "all", 0);
    let text = hostile.replace("{role}", &role.to_string()).replace("{kim}", &town.kim.to_string());
    let dm = town.fake.dm(town.robin);
    for channel in [town.lounge, town.fake.thread(town.lounge, "aside"), dm] {
        town.world.model.next([Ok(text.clone())]);
        let answers = town.asks(town.robin, channel, "@Abbey say it", 1).await;
        let said = &answers[0];
        assert!(said.pings.is_empty() && !said.pings_everyone && said.pings_roles.is_empty(), "{}", said.content);
    }
    town.close().await;
}

/// Answers of a hostile model; `GREENROOM_TEST_HOSTILE=1000` makes it the whole.
fn hostile(role: u64, kim: u64) -> Vec<String> {
    #[expect(clippy::disallowed_methods, reason = "a switch of the tests, not a setting")]
    let count = std::env::var("GREENROOM_TEST_HOSTILE");
    let count = count.ok().and_then(|count| count.parse().ok()).unwrap_or(120);
    let seeds = [
        "@everyone",
        "@here",
        "@\u{200b}everyone",
        "<@&ROLE>",
        "<@KIM>",
        "<@!KIM>",
        "<#1>",
        "</memory view:1>",
        "<@&1><@1>",
        "[x](https://e.example/?q=<@KIM>)",
        "![x](https://e.example/pixel.png)",
        "discord.gg/abc",
        "```\n@everyone\n```",
        "\u{202e}enoyreve@",
        "\u{1b}[31mred",
        "Robin: yes\nAbbey: no",
        "<t:1:R>",
        "||@everyone||",
        "\u{0}\u{7}bell",
        "{\"tool\": \"ban\", \"user\": \"KIM\"}",
        "https://discord.com/api/webhooks/1/abc",
        "\\@everyone",
        "**",
        "`",
        "<",
    ];
    (0..count)
        .map(|n| {
            let pick = |k: usize| seeds[(n * 7 + k * 11) % seeds.len()];
            let text = [pick(0), pick(1), pick(2)].join(if n % 3 == 0 { "\n" } else { " " });
            let text = if n % 10 == 9 { text.repeat(200) } else { text };
            text.replace("ROLE", &role.to_string()).replace("KIM", &kim.to_string())
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hostile_models_reach_nobody_on_any_path() {
    let town = Town::new().await;
    let role = town.fake.role(town.guild, "all", 0);
    town.fake.set_mentionable(town.guild, role, true);
    let plain = town.fake.channel(town.guild, "plain", Kind::Text);
    town.fake.deny(plain, Who::Bot, MANAGE_WEBHOOKS);
    town.fake.forgive("MANAGE_WEBHOOKS");
    town.fake.forgive("webhooks");
    let paths = [town.lounge, town.fake.thread(town.lounge, "aside"), plain, town.fake.dm(town.robin)];
    let outputs = hostile(role, town.kim);
    for (n, output) in outputs.iter().enumerate() {
        let channel = paths[n % paths.len()];
        town.world.model.next([Ok(output.clone())]);
        town.fake.says(town.robin, channel, "@Abbey say it");
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        town.settled().await;
    }
    town.fake.until(|fake| fake.bot_messages(paths[3]).len().checked_sub(1).map(|_| ()), SOON).await;
    town.settled().await;
    let said: Vec<_> = paths.iter().flat_map(|channel| town.fake.bot_messages(*channel)).collect();
    assert!(said.len() >= outputs.len() / 2, "{}", said.len());
    for message in &said {
        assert!(
            message.pings.is_empty() && !message.pings_everyone && message.pings_roles.is_empty(),
            "{}",
            message.content
        );
    }
    println!("{} outputs, {} messages, no ping", outputs.len(), said.len());
    town.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn other_bots_and_unknown_webhooks_are_nobody() {
    let town = Town::new().await;
    let bot = town.fake.other_bot("robot");
    town.fake.join(town.guild, bot);
    town.fake.says(bot, town.lounge, "@Abbey hello");
    let webhook = fake_discord::ForeignWebhook { name: "Feed".into(), ..Default::default() };
    town.fake.webhook_posts(webhook, town.lounge, Post { content: "@Abbey news".into(), ..Post::default() });
    town.asks(town.robin, town.lounge, "@Abbey hi", 1).await;
    town.settled().await;
    assert_eq!(town.said(town.lounge).len(), 1);
    town.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_calls_the_house_itself_gets_help_once() {
    let town = Town::new().await;
    let mention = format!("<@{}>", town.fake.bot_id());
    let help = town.asks(town.robin, town.lounge, &mention, 1).await;
    assert!(help[0].content.contains("/help") && help[0].webhook_id.is_none(), "{}", help[0].content);
    town.fake.says(town.robin, town.lounge, &mention);
    town.asks(town.kim, town.lounge, "@Abbey hi", 1).await;
    town.settled().await;
    assert_eq!(town.said(town.lounge).len(), 2, "once a minute is enough");
    town.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_active_character_answers_everything_and_threads_follow() {
    let town = Town::new().await;
    let done = town.fake.slash(town.robin, town.lounge, "activate", &[("name", "abbey".into())]).answered().await;
    assert!(done[0].content.contains("Abbey"));
    let before = town.said(town.lounge).len();
    town.fake.says(town.kim, town.lounge, "no name at all");
    assert_eq!(town.answers(town.lounge, before, 1).await[0].author_name, "Abbey");
    let thread = town.fake.thread(town.lounge, "aside");
    assert_eq!(town.asks(town.kim, thread, "here as well?", 1).await[0].author_name, "Abbey");
    town.fake.slash(town.robin, thread, "activate", &[("name", "aviva".into())]).answered().await;
    town.fake.slash(town.robin, thread, "deactivate", &[]).answered().await;
    let quiet = town.said(thread).len();
    town.fake.says(town.kim, thread, "now nobody");
    town.asks(town.kim, town.lounge, "but here", 1).await;
    town.settled().await;
    assert_eq!(town.said(thread).len(), quiet);
    town.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn edits_and_deletions_are_followed() {
    let town = Town::new().await;
    town.world.model.delay_millis.store(1_500, std::sync::atomic::Ordering::Relaxed);
    town.fake.says(town.robin, town.lounge, "@Abbey first");
    town.fake.until(|fake| (!fake.typing(town.lounge).is_empty()).then_some(()), SOON).await;
    let second = town.fake.says(town.kim, town.lounge, "@Abbey which of them?");
    let third = town.fake.says(town.robin, town.lounge, "@Aviva never mind");
    town.fake.edits(second, "@Abbey which of the lamps?");
    town.fake.deletes(third);
    town.answers(town.lounge, 0, 2).await;
    town.settled().await;
    let said: Vec<String> = town.said(town.lounge).into_iter().map(|message| message.content).collect();
    assert!(said[1].contains("which of the lamps?"), "{said:?}");
    assert_eq!(said.len(), 2, "what was taken back is not answered");
    // Deleted after the answer: it is not remembered any more.
    town.world.remembered().await;
    let learned = town.world.db.number("SELECT COUNT(*) FROM memory").await.unwrap();
    town.fake.deletes(second);
    for _ in 0..200 {
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        if town.world.db.number("SELECT COUNT(*) FROM memory").await.unwrap() < learned {
            break;
        }
    }
    assert_eq!(town.world.db.number("SELECT COUNT(*) FROM memory").await.unwrap(), learned - 1);
    town.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_came_with_a_message_is_named_and_a_quoted_name_calls_nobody() {
    let town = Town::new().await;
    town.asks(town.kim, town.lounge, "I asked @Aviva about it", 1).await;
    let other = town.fake.messages(town.lounge)[0].id;
    town.settled().await;
    let before = town.said(town.lounge).len();
    let file = File { name: "cat.png".into(), content_type: "image/png".into(), bytes: vec![1, 2, 3] };
    town.fake.posts(
        town.robin,
        town.lounge,
        Post { content: "@Abbey look".into(), reply_to: Some(other), attachments: vec![file], ..Post::default() },
    );
    let answers = town.answers(town.lounge, before, 1).await;
    assert_eq!(answers[0].author_name, "Abbey");
    let prompt = town.world.last_prompt();
    assert!(prompt.contains("cat.png") && prompt.contains("in reply to kim: I asked @Aviva about it"), "{prompt}");
    town.settled().await;
    town.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_said_in_a_closed_channel_stays_there() {
    let town = Town::new().await;
    let back = town.fake.channel(town.guild, "back-room", Kind::Text);
    town.fake.deny(back, Who::Everyone, VIEW);
    town.fake.allow(back, Who::User(town.robin), VIEW);
    town.fake.allow(back, Who::Bot, VIEW);
    town.asks(town.robin, back, "@Abbey the password is swordfish", 1).await;
    town.settled().await;
    town.world.remembered().await;
    town.asks(town.robin, town.lounge, "@Abbey what is the password?", 1).await;
    assert!(!town.world.last_prompt().contains("swordfish"));
    town.asks(town.robin, back, "@Abbey what is the password?", 1).await;
    assert!(town.world.last_prompt().contains("swordfish"));
    town.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pasted_key_is_deleted_and_its_owner_warned() {
    let town = Town::new().await;
    let said = town.asks(town.robin, town.lounge, "@Abbey my key is sk-proj-abcdefgh1234567890abcdefgh", 1).await;
    assert!(said[0].content.contains("revoke"), "{}", said[0].content);
    assert!(town.fake.messages(town.lounge).iter().all(|message| !message.content.contains("sk-proj")));
    assert_eq!(town.world.db.number("SELECT COUNT(*) FROM message").await.unwrap(), 0);
    town.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_the_content_intent_mentions_replies_and_private_words_are_answered() {
    let town = Town::without_content().await;
    let activate = town.fake.slash(town.robin, town.lounge, "activate", &[("name", "abbey".into())]);
    activate.answered().await;
    let before = town.said(town.lounge).len();
    town.fake.says(town.robin, town.lounge, "@Aviva cannot be heard");
    let mention = format!("<@{}> but this can", town.fake.bot_id());
    town.fake.says(town.robin, town.lounge, &mention);
    let said = town.answers(town.lounge, before, 1).await;
    assert!(
        said[0].content.starts_with("**Abbey:** ") && said[0].content.contains("but this can"),
        "{}",
        said[0].content
    );
    let before = town.said(town.lounge).len();
    let reply = Post { content: "and this".into(), reply_to: Some(said[0].id), ..Post::default() };
    town.fake.posts(town.kim, town.lounge, reply);
    assert!(town.answers(town.lounge, before, 1).await[0].content.contains("and this"));
    let dm = town.fake.dm(town.robin);
    assert!(town.asks(town.robin, dm, "in private", 1).await[0].content.contains("in private"));
    town.settled().await;
    assert!(
        !town
            .world
            .model
            .asked()
            .iter()
            .any(|asked| asked.lines.iter().any(|line| line.content.contains("cannot be heard")))
    );
    town.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thread_is_no_way_around_the_rules_of_its_channel() {
    let town = Town::new().await;
    let keeper = town.fake.role(town.guild, "keepers", 1 << 4);
    town.fake.give_role(town.guild, town.kim, keeper);
    town.fake.slash(town.kim, town.lounge, "place deny", &[("name", "aviva".into())]).answered().await;
    let thread = town.fake.thread(town.lounge, "aside");
    let told = town.asks(town.robin, thread, "@Aviva hello", 1).await;
    assert!(told[0].webhook_id.is_none(), "the house says that Aviva may not speak here: {}", told[0].content);
    let who = town.robin.to_string();
    town.fake.slash(town.kim, town.lounge, "admin deny", &[("who", who.into())]).answered().await;
    town.fake.says(town.robin, thread, "@Abbey hello");
    town.asks(town.kim, thread, "@Abbey are you there?", 1).await;
    town.settled().await;
    assert_eq!(town.said(thread).len(), 2);
    town.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_server_hears_nothing_until_somebody_asks() {
    let town = Town::new().await;
    let guild = town.fake.guild_without_bot("New");
    let square = town.fake.channel(guild, "square", Kind::Text);
    town.fake.join(guild, town.robin);
    town.fake.add_bot_to(guild);
    let answer = town.asks(town.robin, square, "@Abbey welcome", 1).await;
    assert_eq!(answer[0].author_name, "Abbey");
    // All that was ever said there is what a first call brings: what one talks with, and the answer.
    let said = town.fake.bot_messages(square);
    assert_eq!(said.len(), 2, "{said:?}");
    assert!(said[0].content.contains("AI character") && said[0].content.contains("/about"));
    let explains = town.fake.slash(town.robin, square, "about", &[]).answered().await;
    assert!(explains[0].content.contains("AI"), "{}", explains[0].content);
    town.close().await;
}
