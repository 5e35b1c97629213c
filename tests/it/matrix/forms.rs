//! What the house asks for: one thing after the other, in private; and keys, which it takes nowhere else.

use std::path::Path;

use fake_llm::FakeLlm;
use greenroom::testing::Plan;
use matrix_town::{Event, Human, encoded};
use serde_json::json;

use super::town::Town;

const KEY: &str = "sk-test-0123456789abcdef0123";

/// A question of a form.
fn asks_for<'a>(what: &'a str) -> impl Fn(&Event) -> bool + 'a {
    move |event| event.body().contains(what) && event.body().contains("next message")
}

/// The room of Robin and the house that was made for what is private.
async fn private_room(town: &Town) -> String {
    let room = town.robin.joins_when_invited_by(&town.house).await;
    town.robin.sees_join(&room, &town.house).await;
    room
}

/// Files below a folder with this text in them, as it stands.
fn traces(folder: &Path, text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(traces(&path, text));
        } else if std::fs::read(&path).unwrap().windows(text.len()).any(|window| window == text.as_bytes()) {
            found.push(path.display().to_string());
        }
    }
    found
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_character_is_made_in_private_one_question_after_the_other() {
    let town = Town::new("create").await;
    let kim = town.human("kim").await;
    for (encrypted, name) in [(false, "Old Sam"), (true, "Young Sam")] {
        let room = town.group(encrypted, &[&kim]).await;
        town.robin.say(&room, &format!("!personality create {name}")).await;
        let private = if encrypted {
            let rooms = town.robin.call("GET", "/v3/joined_rooms", serde_json::Value::Null).await.unwrap();
            assert_eq!(rooms["joined_rooms"].as_array().unwrap().len(), 3, "the private room is the same");
            town.robin.look(|seen| {
                let asked = |room: &&str| seen.messages(room).any(|event| asks_for("in one line")(event));
                let rooms = rooms["joined_rooms"].as_array().unwrap().iter().filter_map(|room| room.as_str());
                rooms.into_iter().find(asked).unwrap().to_owned()
            })
        } else {
            private_room(&town).await
        };
        let question = town.hears(&private, asks_for(&format!("{name} in one line"))).await;
        assert_eq!((question.msgtype(), question.readable), ("m.notice", true));
        town.robin.say(&private, "A lighthouse keeper").await;
        town.hears(&private, asks_for(&format!("Who {name} is"))).await;
        town.robin.say(&private, &format!("You are {name}.\nYou keep the lighthouse.")).await;
        town.hears(&private, |event| event.body().contains(&format!("{name} lives here now"))).await;
        town.settled().await;
        assert!(town.world.model.asked().is_empty(), "what is filled in is not said to anybody");
        assert_eq!(town.said(&room).len(), 1, "others see only that there was an answer: {:#?}", town.said(&room));
        // With nobody else there, it is asked where it was wished for, and the new one can be called there.
        let said = town.asks(&private, &format!("@{name} good evening"), 1).await;
        assert!(said[0].body().starts_with(&format!("{name}: ")), "{}", said[0].body());
        town.settled().await;
        town.world.model.take_asked();
    }
    town.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_form_keeps_what_is_left_out_and_can_be_left() {
    let town = Town::new("persona").await;
    for (n, encrypted) in [false, true].into_iter().enumerate() {
        let room = town.direct(encrypted).await;
        town.asks(&room, &format!("!persona create Wren{n} --pronouns they/them"), 1).await;
        let ask = town.asks(&room, &format!("!persona edit Wren{n}"), 1).await.remove(0);
        assert!(asks_for("call you")(&ask), "{}", ask.body());
        assert!(asks_for("pronouns")(&town.asks(&room, "!keep", 1).await[0]));
        assert!(asks_for("know about you")(&town.asks(&room, "!keep", 1).await[0]));
        town.asks(&room, "Keeps bees", 1).await;
        let kept = format!(
            "SELECT COUNT(*) FROM persona WHERE name = 'Wren{n}' AND pronouns = 'they/them' AND description = 'Keeps bees'"
        );
        town.counts(&kept, 1).await;
        // Left, it changes nothing; and what is said next is said to somebody again.
        town.asks(&room, &format!("!persona edit Wren{n}"), 1).await;
        town.asks(&room, "Robber", 1).await;
        assert_eq!(town.asks(&room, "!cancel", 1).await[0].body(), "Left as it was.");
        town.counts(&kept, 1).await;
        // Another command leaves it as well.
        town.asks(&room, &format!("!persona edit Wren{n}"), 1).await;
        assert!(town.asks(&room, "!about", 1).await[0].body().contains("Greenroom"));
        assert_eq!(town.asks(&room, "@abbey hello", 1).await[0].body(), "Abbey: re: @abbey hello");
        town.counts(&kept, 1).await;
    }
    town.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_form_says_one_thing_about_what_keeps_what_is_there() {
    let town = Town::new("hyphen").await;
    let room = town.direct(true).await;
    for line in ["!persona edit", "!personality create Sam"] {
        let ask = town.asks(&room, line, 1).await.remove(0);
        // Nobody can send an empty line here.
        assert!(!ask.body().contains("empty line"), "{}", ask.body());
        town.asks(&room, "!cancel", 1).await;
    }
    town.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_asked_for_among_others_is_given_in_an_encrypted_room_of_two_and_taken_away_there() {
    let llm = FakeLlm::start().await;
    let town = Town::planned("keys", Plan { providers: vec![("mine".into(), llm.url())], ..Plan::default() }).await;
    let kim = town.human("kim").await;
    let room = town.group(false, &[&kim]).await;
    // An unencrypted room of the two does not do.
    let plain = town.direct(false).await;
    let refused = town.asks(&plain, "!keys set mine --model fake-model", 1).await;
    assert!(refused[0].body().contains("I take keys only in an encrypted conversation"), "{}", refused[0].body());
    town.robin.say(&room, "!keys set mine --model fake-model").await;
    let private = private_room(&town).await;
    assert!(town.robin.look(|seen| seen.state(&private, "m.room.encryption", "").is_some()));
    let members = format!("/v3/rooms/{}/joined_members", encoded(&private));
    let members = town.robin.call("GET", &members, json!(null)).await.unwrap();
    assert_eq!(members["joined"].as_object().unwrap().len(), 2);
    let question = town.hears(&private, asks_for("Your key for mine")).await;
    assert!(question.encrypted && question.readable);
    let key = town.robin.say(&private, KEY).await;
    town.taken_away(&key).await;
    let done = town.hears(&private, |event| event.body().contains("works")).await;
    assert!(!done.body().contains(KEY) && done.body().contains("0123"), "{}", done.body());
    town.counts("SELECT COUNT(*) FROM member_key", 1).await;
    let said = town.asks(&room, "@abbey hello", 1).await;
    assert!(said[0].body().starts_with("Abbey: "), "{}", said[0].body());
    assert_eq!(llm.seen().last().unwrap().header("authorization"), Some(format!("Bearer {KEY}").as_str()));
    town.settled().await;
    assert_eq!(traces(town.world.path(), KEY), Vec::<String>::new());
    town.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_that_may_not_be_taken_away_is_its_owners_to_delete() {
    let llm = FakeLlm::start().await;
    let town = Town::planned("keeps", Plan { providers: vec![("mine".into(), llm.url())], ..Plan::default() }).await;
    let room = town.direct(true).await;
    let asked = town.asks(&room, "!keys set mine --model fake-model", 1).await;
    assert!(asks_for("Your key for mine")(&asked[0]), "{}", asked[0].body());
    let said = town.asks(&room, KEY, 2).await;
    assert!(said[0].body().contains("delete it yourself"), "{}", said[0].body());
    assert!(said[1].body().contains("works") && !said[1].body().contains(KEY), "{}", said[1].body());
    town.counts("SELECT COUNT(*) FROM member_key", 1).await;
    assert_eq!(traces(town.world.path(), KEY), Vec::<String>::new());
    town.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_is_not_taken_any_more_once_somebody_else_is_there() {
    let llm = FakeLlm::start().await;
    let town = Town::planned("joined", Plan { providers: vec![("mine".into(), llm.url())], ..Plan::default() }).await;
    let kim = town.human("kim").await;
    let room = town.direct(true).await;
    town.asks(&room, "!keys set mine --model fake-model", 1).await;
    town.robin.invite(&room, kim.id()).await;
    kim.join(&room).await;
    town.robin.sees_join(&room, kim.id()).await;
    let said = town.asks(&room, KEY, 1).await;
    assert!(said[0].body().contains("revoke"), "{}", said[0].body());
    town.counts("SELECT COUNT(*) FROM member_key", 0).await;
    town.close().await;
}

/// Somebody pastes a key, and what the house says about it.
async fn pastes(town: &Town, who: &Human, room: &str, text: &str) -> (String, Event) {
    let before = town.said(room).len();
    let id = who.say(room, text).await;
    (id, town.answers(room, before, 1).await.remove(0))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pasted_key_is_taken_away_where_that_is_allowed_and_kept_nowhere() {
    let town = Town::new("pasted").await;
    let (kim, lee) = (town.human("kim").await, town.human("lee").await);
    for encrypted in [false, true] {
        let room = town.group(encrypted, &[&kim, &lee]).await;
        town.asks(&room, "@abbey hello", 1).await;
        town.settled().await;
        let (id, warned) = pastes(&town, &kim, &room, &format!("@abbey my key is {KEY}")).await;
        assert!(warned.body().contains("delete it yourself") && warned.body().contains("revoke"), "{}", warned.body());
        assert_eq!(warned.replies_to(), Some(id.as_str()));
        town.robin.set_power(&room, &town.house, 50).await;
        let (id, warned) = pastes(&town, &lee, &room, &format!("who wants {KEY}?")).await;
        assert!(warned.body().contains("took it away") && warned.body().contains("revoke"), "{}", warned.body());
        town.taken_away(&id).await;
        // What a message becomes is looked at as well.
        let innocent = town.robin.say(&room, "@abbey listen").await;
        town.hears(&room, |event| event.body() == "Abbey: re: @abbey listen").await;
        town.settled().await;
        let before = town.said(&room).len();
        let edit = town.robin.edit(&room, &innocent, &format!("@abbey listen: {KEY}")).await;
        let warned = town.answers(&room, before, 1).await.remove(0);
        assert!(warned.body().contains("revoke"), "{}", warned.body());
        town.taken_away(&edit).await;
        town.settled().await;
    }
    town.counts("SELECT COUNT(*) FROM message WHERE text LIKE '%sk-test%'", 0).await;
    assert_eq!(traces(town.world.path(), KEY), Vec::<String>::new());
    assert!(town.world.model.asked().iter().all(|asked| asked.lines.iter().all(|line| !line.content.contains(KEY))));
    town.close().await;
}
