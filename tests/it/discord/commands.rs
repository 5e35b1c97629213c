//! Commands, forms and buttons.

use std::time::Duration;

use fake_discord::Kind;
use greenroom::testing::Plan;
use serde_json::json;

use super::town::{SOON, Town};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn commands_are_registered_once_and_only_when_they_changed() {
    let town = Town::new().await;
    assert!(town.fake.commands().iter().any(|command| command["name"] == "memory"));
    assert_eq!(town.fake.command_writes(), 1);
    town.fake.identify_window(Duration::ZERO);
    let again = super::town::connect(&town.fake, &town.world, true, None);
    town.fake.until(|fake| (fake.identifies().len() >= 2).then_some(()), SOON).await;
    assert_eq!(town.fake.command_writes(), 1);
    drop(again);
    town.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn private_answers_are_seen_by_their_asker_alone() {
    let town = Town::new().await;
    let help = town.fake.slash(town.robin, town.lounge, "help", &[]);
    assert!(help.acked().await < Duration::from_secs(3), "Discord waits no longer");
    let answer = help.answered().await;
    assert_eq!(answer[0].ephemeral_to, Some(town.robin));
    assert!(answer[0].content.contains("**/memory**"), "{}", answer[0].content);
    let about = town.fake.slash(town.kim, town.lounge, "about", &[]).answered().await;
    assert!(about[0].ephemeral_to.is_none() && about[0].content.contains("AI"));
    town.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_member_reads_their_own_language() {
    let town = Town::new().await;
    town.fake.user_locale(town.kim, "de");
    let answer = town.fake.slash(town.kim, town.lounge, "memory view", &[]).answered().await;
    assert!(answer[0].content.contains("gemerkt"), "{}", answer[0].content);
    town.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn names_are_completed_while_they_are_typed() {
    let town = Town::new().await;
    let offered = town.fake.completes(town.robin, town.lounge, "personality view", "name", "av", &[]).await;
    assert_eq!(offered, [("Aviva".to_owned(), "aviva".to_owned())]);
    let zones = town.fake.completes(town.robin, town.lounge, "settings time-zone", "zone", "berl", &[]).await;
    assert!(zones.iter().any(|(_, value)| value == "Europe/Berlin"), "{zones:?}");
    let none = town.fake.completes(town.robin, town.lounge, "personality view", "name", "zzzz", &[]).await;
    assert!(none.is_empty());
    town.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_is_asked_for_by_a_form_and_never_by_an_option() {
    let llm = fake_llm::FakeLlm::start().await;
    let plan = Plan { providers: vec![("mine".into(), llm.url())], ..Plan::default() };
    let town = Town::planned(plan).await;
    let set = town.fake.slash(
        town.robin,
        town.lounge,
        "keys set",
        &[("provider", "mine".into()), ("model", "fake-model".into())],
    );
    let form = set.modal().await;
    assert!(form["title"].as_str().unwrap().starts_with("/keys set"), "{form}");
    let key = "sk-test-0123456789abcdef0123";
    let done = town.fake.submit(town.robin, &set, &[("key", key)]).answered().await;
    assert_eq!(done[0].ephemeral_to, Some(town.robin));
    assert!(!done[0].content.contains(key) && done[0].content.contains("0123"), "{}", done[0].content);
    town.asks(town.robin, town.lounge, "@Abbey hello", 1).await;
    assert_eq!(llm.seen().last().unwrap().header("authorization"), Some(format!("Bearer {key}").as_str()));
    town.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_character_is_made_with_a_form() {
    let town = Town::new().await;
    let create = town.fake.slash(town.robin, town.lounge, "personality create", &[("name", "Old Sam".into())]);
    create.modal().await;
    let values = [("about", "A lighthouse keeper"), ("prompt", "You are Old Sam.\nYou keep the lighthouse.")];
    let done = town.fake.submit(town.robin, &create, &values).answered().await;
    assert!(done[0].content.contains("Old Sam"), "{}", done[0].content);
    assert_eq!(town.asks(town.robin, town.lounge, "@Old Sam good evening", 1).await[0].author_name, "Old Sam");
    town.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn moderators_look_after_their_place() {
    let town = Town::new().await;
    let keeper = town.fake.role(town.guild, "keepers", 1 << 4);
    town.fake.give_role(town.guild, town.kim, keeper);
    town.fake.slash(town.kim, town.lounge, "place deny", &[("name", "aviva".into())]).answered().await;
    let told = town.asks(town.robin, town.lounge, "@Aviva hello", 1).await;
    assert!(told[0].webhook_id.is_none(), "the house says it itself");
    town.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn long_lists_are_turned_over_with_buttons() {
    let town = Town::new().await;
    for n in 0..14 {
        town.asks(town.robin, town.lounge, &format!("@Abbey number {n}"), 1).await;
    }
    town.settled().await;
    let options = [];
    let view = town.fake.slash(town.robin, town.lounge, "memory view", &options);
    let first = view.answered().await;
    let next = first[0].components[0]["components"][0]["custom_id"].as_str().unwrap().to_owned();
    let turned = town.fake.click(town.robin, first[0].id, &next);
    turned.acked().await;
    let message = town
        .fake
        .until(|fake| fake.message(first[0].id).filter(|message| message.content != first[0].content), SOON)
        .await;
    assert!(message.content.contains("number 0") || message.content.contains("2 "), "{}", message.content);
    town.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_an_answer_was_made_of_and_what_it_taught_is_asked_on_the_message() {
    let town = Town::new().await;
    let answer = town.asks(town.robin, town.lounge, "@Abbey I like tea", 1).await[0].id;
    town.settled().await;
    let made_of = town.fake.context_menu(town.robin, town.lounge, "Inspect", answer).answered().await;
    assert!(
        made_of[0].ephemeral_to == Some(town.robin) && made_of[0].content.contains("Abbey"),
        "{}",
        made_of[0].content
    );
    let others = town.fake.context_menu(town.kim, town.lounge, "Inspect", answer).answered().await;
    assert!(!others[0].content.contains("Prompt"), "{}", others[0].content);
    town.fake.context_menu(town.kim, town.lounge, "Forget this", answer).answered().await;
    assert_eq!(town.world.db.number("SELECT COUNT(*) FROM memory").await.unwrap(), 1, "it is not Kim's to forget");
    town.fake.context_menu(town.robin, town.lounge, "Forget this", answer).answered().await;
    assert_eq!(town.world.db.number("SELECT COUNT(*) FROM memory").await.unwrap(), 0);
    town.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn adults_only_characters_stay_where_minors_are_kept_out() {
    let town = Town::new().await;
    let cellar = town.fake.channel(town.guild, "cellar", Kind::Text);
    town.fake.set_age_restricted(cellar, true);
    let create = town.fake.slash(town.robin, town.lounge, "personality create", &[("name", "Rook".into())]);
    create.modal().await;
    town.fake
        .submit(town.robin, &create, &[("about", "Dark"), ("prompt", "You are Rook, a dark bird.")])
        .answered()
        .await;
    let adult = [("name", json!("rook")), ("adult", json!("on"))];
    town.fake.slash(town.robin, town.lounge, "personality configure", &adult).answered().await;
    let refused = town.asks(town.robin, town.lounge, "@Rook hello", 1).await;
    assert!(refused[0].webhook_id.is_none(), "{}", refused[0].content);
    assert_eq!(town.asks(town.robin, cellar, "@Rook hello", 1).await[0].author_name, "Rook");
    town.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_brings_the_house_along_is_answered_in_private() {
    let town = Town::new().await;
    let elsewhere = town.fake.guild_without_bot("Elsewhere");
    let square = town.fake.channel(elsewhere, "square", Kind::Text);
    town.fake.join(elsewhere, town.robin);
    town.fake.installs(town.robin);
    for command in ["about", "settings view", "personality list"] {
        let answer = town.fake.slash(town.robin, square, command, &[]).answered().await;
        assert_eq!(answer[0].ephemeral_to, Some(town.robin), "{command}");
    }
    // What is about a place stays where the house is at home.
    let commands = town.fake.commands();
    let of = |name: &str| commands.iter().find(|command| command["name"] == name).unwrap()["integration_types"].clone();
    assert_eq!((of("memory"), of("activate"), of("place")), (json!([0, 1]), json!([0]), json!([0])));
    town.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_is_turned_away_is_offered_and_told_nothing() {
    let town = Town::new().await;
    let keeper = town.fake.role(town.guild, "keepers", 1 << 4);
    town.fake.give_role(town.guild, town.kim, keeper);
    town.fake.slash(town.kim, town.lounge, "admin deny", &[("who", town.robin.to_string().into())]).answered().await;
    let offered = town.fake.completes(town.robin, town.lounge, "personality view", "name", "a", &[]).await;
    assert!(offered.is_empty(), "{offered:?}");
    town.fake.says(town.robin, town.lounge, &format!("<@{}>", town.fake.bot_id()));
    town.fake.says(town.robin, town.lounge, "@Abbey hello?");
    town.asks(town.kim, town.lounge, "@Abbey hi", 1).await;
    town.settled().await;
    assert_eq!(town.said(town.lounge).len(), 1);
    town.close().await;
}
