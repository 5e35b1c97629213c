//! Members who speak through PluralKit: one answer each, to the right person, whatever PluralKit does.

use std::time::Duration;

use fake_discord::{FakePluralKit, ForeignWebhook, Plan, Post};
use serde_json::json;

use super::town::Town;

const PLURALKIT: u64 = 466_378_653_216_014_359;
const ROOK: &str = "11111111-2222-3333-4444-555555555555";

fn webhook() -> ForeignWebhook {
    ForeignWebhook { application_id: Some(PLURALKIT), webhook_id: 77, name: "Rook".into(), ..ForeignWebhook::default() }
}

/// Robin writes `text` as Rook: PluralKit posts it anew and takes the original away.
async fn proxies(town: &Town, pluralkit: &FakePluralKit, text: &str) -> (u64, u64) {
    let original = town.fake.says(town.robin, town.lounge, &format!("R: {text}"));
    let proxied = town.fake.webhook_posts(webhook(), town.lounge, Post { content: text.into(), ..Post::default() });
    pluralkit.record(original, proxied, town.robin, ROOK, town.lounge, town.guild);
    tokio::time::sleep(Duration::from_millis(1_000)).await;
    town.fake.deletes(original);
    (original, proxied)
}

async fn personas(town: &Town) -> i64 {
    town.world.db.number("SELECT COUNT(*) FROM proxy_link").await.unwrap()
}

/// One answer, and nobody but Robin is known.
async fn one_answer(town: &Town, before: usize, what: &str) {
    town.answers(town.lounge, before, 1).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    town.settled().await;
    let said = town.said(town.lounge).len() - before;
    assert_eq!(said, 1, "{what}");
    assert_eq!(town.world.db.number("SELECT COUNT(*) FROM member").await.unwrap(), 1, "{what}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_answer_each_whatever_pluralkit_does() {
    for (what, plan) in [
        ("fine", Plan::Fine),
        ("not known at first", Plan::MissingFirst(2)),
        ("slow", Plan::Slow(Duration::from_millis(900))),
        ("rate limited", Plan::Limited(1)),
        ("down", Plan::Down),
        ("gone", Plan::Gone),
        ("member deleted", Plan::NullMember),
    ] {
        let (town, pluralkit) = Town::plural().await;
        pluralkit.system(town.robin);
        pluralkit.member(town.robin, ROOK, "Rook", Some("they/them"));
        pluralkit.plan(plan);
        for round in 0..2 {
            let before = town.said(town.lounge).len();
            proxies(&town, &pluralkit, &format!("@Abbey hello {round}")).await;
            one_answer(&town, before, &format!("{what}, {round}")).await;
        }
        let is_told = !matches!(what, "down" | "gone" | "member deleted");
        assert_eq!(personas(&town).await, i64::from(is_told), "{what}");
        assert_eq!(pluralkit.violations(), Vec::<String>::new(), "{what}");
        town.close().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_proxied_member_has_a_persona_and_memories_of_their_own() {
    let (town, pluralkit) = Town::plural().await;
    pluralkit.system(town.robin);
    pluralkit.member(town.robin, ROOK, "Rook", Some("they/them"));
    for text in ["@Abbey good morning", "@Abbey my lamp is green"] {
        let before = town.said(town.lounge).len();
        proxies(&town, &pluralkit, text).await;
        one_answer(&town, before, text).await;
    }
    town.world.remembered().await;
    let own = town
        .world
        .db
        .number("SELECT COUNT(*) FROM memory m JOIN proxy_link l ON l.persona_id = m.persona_id")
        .await
        .unwrap();
    assert!(own >= 1, "what Rook says is remembered as Rook's");
    assert!(town.world.last_prompt().contains("Rook"));
    // What Rook taught is Robin's to forget.
    let last = town.said(town.lounge).last().unwrap().id;
    let before = town.world.db.number("SELECT COUNT(*) FROM memory").await.unwrap();
    town.fake.context_menu(town.robin, town.lounge, "Forget this", last).answered().await;
    assert_eq!(town.world.db.number("SELECT COUNT(*) FROM memory").await.unwrap(), before - 1);
    // The words of Rook reach nobody else of the same account.
    let dm = town.fake.dm(town.robin);
    town.asks(town.robin, dm, "@Abbey which colour is my lamp?", 1).await;
    assert!(!town.world.last_remembered().contains("green"));
    town.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_proxied_reply_reaches_the_character_it_replies_to() {
    let (town, pluralkit) = Town::plural().await;
    pluralkit.system(town.robin);
    pluralkit.member(town.robin, ROOK, "Rook", None);
    let answer = town.asks(town.robin, town.lounge, "@Aviva hello", 1).await[0].id;
    let link = format!("https://discord.com/channels/{}/{}/{answer}", town.guild, town.lounge);
    let embed = json!({"author": {"name": "Aviva\u{2004}\u{21a9}\u{fe0f}"}, "description": format!("**[Reply to:]({link})** hi")});
    let before = town.said(town.lounge).len();
    let original = town.fake.says(town.robin, town.lounge, "R: and me?");
    let post = Post { content: "and me?".into(), embeds: vec![embed], ..Post::default() };
    let proxied = town.fake.webhook_posts(webhook(), town.lounge, post);
    pluralkit.record(original, proxied, town.robin, ROOK, town.lounge, town.guild);
    assert_eq!(town.answers(town.lounge, before, 1).await[0].author_name, "Aviva");
    town.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_members_of_one_name_stay_two() {
    const OTHER: &str = "99999999-2222-3333-4444-555555555555";
    let (town, pluralkit) = Town::plural().await;
    pluralkit.system(town.robin);
    pluralkit.member(town.robin, ROOK, "Rook", None);
    pluralkit.member(town.robin, OTHER, "Rook", None);
    for (n, member) in [ROOK, OTHER, ROOK].into_iter().enumerate() {
        let before = town.said(town.lounge).len();
        let text = format!("@Abbey number {n}");
        let proxied = town.fake.webhook_posts(webhook(), town.lounge, Post { content: text, ..Post::default() });
        pluralkit.record(n as u64 + 1, proxied, town.robin, member, town.lounge, town.guild);
        town.answers(town.lounge, before, 1).await;
    }
    assert_eq!(personas(&town).await, 2);
    town.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_only_claims_to_be_proxied_is_nobody() {
    let (town, pluralkit) = Town::plural().await;
    // Another application's webhook with a member's name.
    let forged =
        ForeignWebhook { application_id: Some(1), webhook_id: 5, name: "Rook".into(), ..ForeignWebhook::default() };
    town.fake.webhook_posts(forged, town.lounge, Post { content: "@Abbey hello".into(), ..Post::default() });
    town.asks(town.kim, town.lounge, "@Abbey hi", 1).await;
    town.settled().await;
    assert_eq!(town.said(town.lounge).len(), 1);
    assert!(pluralkit.lookups().is_empty());
    town.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn somebody_who_proxies_sometimes_is_answered_as_themselves_too() {
    let (town, pluralkit) = Town::plural().await;
    pluralkit.system(town.robin);
    pluralkit.member(town.robin, ROOK, "Rook", None);
    let before = town.said(town.lounge).len();
    proxies(&town, &pluralkit, "@Abbey as Rook").await;
    one_answer(&town, before, "as Rook").await;
    let before = town.said(town.lounge).len();
    town.fake.says(town.robin, town.lounge, "@Abbey as myself");
    let said = town.answers(town.lounge, before, 1).await;
    assert!(said[0].content.contains("as myself"));
    // Whoever never does waits for nothing.
    let mut quickest = Duration::MAX;
    for _ in 0..3 {
        let started = std::time::Instant::now();
        town.asks(town.kim, town.lounge, "@Abbey quick", 1).await;
        quickest = quickest.min(started.elapsed());
    }
    assert!(quickest < Duration::from_secs(2), "{quickest:?}");
    town.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_a_service_speaks_as_is_linked_to_a_persona_of_choice() {
    let (town, pluralkit) = Town::plural().await;
    pluralkit.system(town.robin);
    pluralkit.member(town.robin, ROOK, "Rook", None);
    proxies(&town, &pluralkit, "@Abbey hello").await;
    one_answer(&town, 0, "hello").await;
    let link =
        |options: &[(&str, serde_json::Value)]| town.fake.slash(town.robin, town.lounge, "persona link", options);
    let shown = link(&[]).answered().await;
    assert!(shown[0].content.contains("**Rook (pluralkit)** Rook"), "{}", shown[0].content);
    let made = town.fake.slash(town.robin, town.lounge, "persona create", &[("name", "Captain".into())]);
    made.answered().await;
    let linked = link(&[("name", "rook".into()), ("to", "Captain".into())]).answered().await;
    assert!(linked[0].content.contains("now see Captain") && linked[0].ephemeral_to == Some(town.robin));
    let before = town.said(town.lounge).len();
    proxies(&town, &pluralkit, "@Abbey who am I?").await;
    one_answer(&town, before, "who am I").await;
    assert!(town.world.last_prompt().contains("Captain"), "{}", town.world.last_prompt());
    let nobody = link(&[("name", "Zed".into()), ("to", "Captain".into())]).answered().await;
    assert!(nobody[0].content.contains("Nobody called Zed"), "{}", nobody[0].content);
    town.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_service_that_tells_nobody_anything_is_known_by_what_it_says() {
    const TUPPERBOX: u64 = 431_544_605_209_788_416;
    let town = Town::new().await;
    for round in 0..2 {
        let before = town.said(town.lounge).len();
        let text = format!("@Abbey round {round}");
        let original = town.fake.says(town.robin, town.lounge, &format!("r:{text}"));
        let webhook = ForeignWebhook { application_id: Some(TUPPERBOX), ..webhook() };
        town.fake.webhook_posts(webhook, town.lounge, Post { content: text, ..Post::default() });
        town.fake.deletes(original);
        one_answer(&town, before, &format!("round {round}")).await;
    }
    let links = town.fake.slash(town.robin, town.lounge, "persona link", &[]).answered().await;
    assert!(links[0].content.contains("**Rook (tupperbox)** Rook"), "{}", links[0].content);
    // Nobody wrote it: whose words these are cannot be told.
    let before = town.said(town.lounge).len();
    let webhook = ForeignWebhook { application_id: Some(TUPPERBOX), ..webhook() };
    town.fake.webhook_posts(webhook, town.lounge, Post { content: "@Abbey boo".into(), ..Post::default() });
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!(town.said(town.lounge).len(), before);
    town.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_edited_or_said_as_somebody_else_is_answered_once() {
    const WREN: &str = "99999999-2222-3333-4444-555555555555";
    let (town, pluralkit) = Town::plural().await;
    pluralkit.system(town.robin);
    pluralkit.member(town.robin, ROOK, "Rook", None);
    pluralkit.member(town.robin, WREN, "Wren", None);
    let (original, proxied) = proxies(&town, &pluralkit, "@Abbey my lamp is green").await;
    one_answer(&town, 0, "said").await;
    town.fake.edits(proxied, "@Abbey my lamp is red");
    let before = town.said(town.lounge).len();
    proxies(&town, &pluralkit, "@Abbey which colour?").await;
    one_answer(&town, before, "edited").await;
    let prompt = town.world.last_prompt();
    assert!(prompt.contains("lamp is red"), "{prompt}");
    // Another of the system says the same message anew, and PluralKit takes the former one away.
    let before = town.said(town.lounge).len();
    let (original, former) = {
        let said = proxies(&town, &pluralkit, "@Abbey hello there").await;
        one_answer(&town, before, "before").await;
        assert_ne!(said.0, original);
        said
    };
    let anew = town.fake.webhook_posts(
        ForeignWebhook { name: "Wren".into(), ..webhook() },
        town.lounge,
        Post { content: "@Abbey hello there".into(), ..Post::default() },
    );
    pluralkit.record(original, anew, town.robin, WREN, town.lounge, town.guild);
    town.fake.deletes(former);
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    town.settled().await;
    assert_eq!(town.said(town.lounge).len(), before + 1, "said as somebody else, it is the same question");
    town.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_original_that_is_gone_early_leaves_one_answer() {
    let (town, pluralkit) = Town::plural().await;
    pluralkit.system(town.robin);
    pluralkit.member(town.robin, ROOK, "Rook", None);
    for round in 0..2 {
        let before = town.said(town.lounge).len();
        let text = format!("@Abbey round {round}");
        let original = town.fake.says(town.robin, town.lounge, &format!("R: {text}"));
        town.fake.deletes(original);
        let proxied = town.fake.webhook_posts(webhook(), town.lounge, Post { content: text, ..Post::default() });
        pluralkit.record(original, proxied, town.robin, ROOK, town.lounge, town.guild);
        one_answer(&town, before, &format!("round {round}")).await;
    }
    town.close().await;
}
