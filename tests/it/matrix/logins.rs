//! Characters that own a login: users like others, beside the house's account.

use std::sync::Arc;
use std::time::Duration;

use greenroom::domain::{PictureKind, Place, PlaceRef, Privacy};
use greenroom::platform::matrix::Service;
use greenroom::platform::{Face, OnceKey, Part, Platform as _};
use matrix_town::{Event, Human, RoomOptions, Setup, Synapse};
use serde_json::{Value, json};

use super::town::{SOON, Town};

const PROFILE: &str = "com.beeper.per_message_profile";
const GREETING: &str = "Hello! This is Greenroom";
/// Shows that something does not happen.
const NEVER: Duration = Duration::from_secs(1);

/// Waits until somebody sees that a user has said something.
async fn says(human: &Human, room: &str, user: &str, body: &str) -> Event {
    let said = |event: &&Event| event.sender == user && event.body() == body;
    human.until(|seen| seen.messages(room).find(said).cloned(), SOON).await
}

/// How much a user said in a room, as somebody saw it.
fn much(human: &Human, room: &str, user: &str) -> usize {
    human.look(|seen| seen.messages(room).filter(|event| event.sender == user).count())
}

/// An unencrypted group, as the house knows it.
async fn place(town: &Town, room: &str) -> Arc<Place> {
    let named = PlaceRef {
        platform: "matrix".into(),
        subject: room.into(),
        parent: None,
        privacy: Privacy::Closed,
        is_adult: false,
        is_encrypted: false,
    };
    town.world.turns.directory.place(&named).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_character_with_a_login_answers_as_that_user() {
    let town = Town::with_logins("login-speaks", &["abbey"]).await;
    let (kim, abbey) = (town.human("kim").await, town.login("abbey"));
    for encrypted in [false, true] {
        let room = town.group(encrypted, &[&kim]).await;
        // Who is called comes into the room and speaks; readable for everybody.
        town.robin.say(&room, "@abbey hello").await;
        for human in [&town.robin, &kim] {
            let answer = says(human, &room, &abbey, "re: @abbey hello").await;
            assert_eq!((answer.msgtype(), answer.encrypted), ("m.text", encrypted));
            assert!(answer.content[PROFILE].is_null() && answer.mentions().is_empty(), "{answer:?}");
        }
        // The others speak through the house.
        let said = town.asks(&room, "@aviva hello", 1).await;
        assert_eq!(said.last().unwrap().body(), "Aviva: re: @aviva hello");
        assert_eq!(said.last().unwrap().content[PROFILE]["displayname"], "Aviva");
        // Mentioned as any user is, it is called; a reply to it reaches it.
        town.robin.say_to(&room, &abbey, "good morning").await;
        says(&town.robin, &room, &abbey, "re: good morning").await;
        let mention = json!({"msgtype": "m.text", "body": "Abbey: tea?", "m.mentions": {"user_ids": [abbey]}});
        kim.say_content(&room, mention).await;
        let answer = says(&kim, &room, &abbey, "re: tea?").await;
        kim.reply(&room, &answer.id, "with milk?").await;
        says(&town.robin, &room, &abbey, "re: with milk?").await;
        town.settled().await;
        assert_eq!(much(&town.robin, &room, &abbey), 4);
    }
    let profile = town.robin.call("GET", &format!("/v3/profile/{}", matrix_town::encoded(&abbey)), Value::Null).await;
    assert_eq!(profile.unwrap()["displayname"], "Abbey");
    town.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_conversation_with_a_login_alone_is_one_with_its_character() {
    let town = Town::with_logins("login-alone", &["abbey"]).await;
    let abbey = town.login("abbey");
    for encrypted in [false, true] {
        let options = RoomOptions { encrypted, direct: true, invite: &[&abbey], ..RoomOptions::default() };
        let room = town.robin.create_room(options).await;
        town.robin.sees_join(&room, &abbey).await;
        town.robin.say(&room, "hello").await;
        let answer = says(&town.robin, &room, &abbey, "re: hello").await;
        assert!(answer.content[PROFILE].is_null() && answer.replies_to().is_none(), "{answer:?}");
        // Commands work there, and others may be called: the house itself is not there.
        town.robin.say(&room, "!memory view").await;
        let is_answer = |event: &&Event| {
            event.sender == abbey && event.msgtype() == "m.notice" && !event.body().starts_with(GREETING)
        };
        town.robin.until(|seen| seen.messages(&room).rfind(is_answer).map(|_| ()), SOON).await;
        town.robin.say(&room, "@aviva hello").await;
        let other = says(&town.robin, &room, &abbey, "Aviva: re: @aviva hello").await;
        assert_eq!(other.content[PROFILE]["displayname"], "Aviva");
        // Whoever answered last does not take the character's place.
        town.robin.say(&room, "and you?").await;
        says(&town.robin, &room, &abbey, "re: and you?").await;
        assert_eq!(much(&town.robin, &room, &town.house), 0);
    }
    town.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_room_without_the_house_is_greeted_once_by_the_character_that_is_there() {
    let town = Town::with_logins("login-greets", &["abbey"]).await;
    let (kim, abbey) = (town.human("kim").await, town.login("abbey"));
    for direct in [true, false] {
        let others: &[&str] = if direct { &[] } else { &[kim.id()] };
        let invite: Vec<&str> = [abbey.as_str()].into_iter().chain(others.iter().copied()).collect();
        let room = town.robin.create_room(RoomOptions { direct, invite: &invite, ..RoomOptions::default() }).await;
        if !direct {
            kim.join(&room).await;
        }
        let greetings = |seen: &matrix_town::Seen| -> Vec<Event> {
            seen.messages(&room).filter(|event| event.body().starts_with(GREETING)).cloned().collect()
        };
        let greeting = town.robin.until(|seen| greetings(seen).pop(), SOON).await;
        assert_eq!((&greeting.sender, greeting.msgtype()), (&abbey, "m.notice"));
        let way = if direct { "Just write" } else { "I hear only" };
        assert!(greeting.body().contains(way), "{}", greeting.body());
        // The house that comes later, and the character that comes again, say nothing of it any more.
        town.robin.invite(&room, &town.house).await;
        town.robin.sees_join(&room, &town.house).await;
        town.robin.kick(&room, &abbey).await;
        town.robin.invite(&room, &abbey).await;
        town.robin.sees_join(&room, &abbey).await;
        town.robin.say(&room, "@abbey hello").await;
        says(&town.robin, &room, &abbey, "re: @abbey hello").await;
        town.settled().await;
        tokio::time::sleep(NEVER).await;
        assert_eq!(town.robin.look(greetings), [greeting]);
    }
    town.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_login_types_and_is_shown_with_the_picture_of_its_character() {
    let town = Town::with_logins("login-looks", &["abbey"]).await;
    let (kim, abbey) = (town.human("kim").await, town.login("abbey"));
    let room = town.group(true, &[&kim]).await;
    town.robin.say(&room, "@abbey hello").await;
    says(&town.robin, &room, &abbey, "re: @abbey hello").await;
    town.settled().await;
    let types = |user: &str| town.robin.look(|seen| seen.began_typing(&room, user));
    let (by_house, by_abbey) = (types(&town.house), types(&abbey));
    town.world.model.delay_millis.store(1_500, std::sync::atomic::Ordering::SeqCst);
    town.robin.say(&room, "@abbey and now?").await;
    town.robin.until(|seen| seen.typing_in(&room).contains(&abbey).then_some(()), SOON).await;
    says(&town.robin, &room, &abbey, "re: @abbey and now?").await;
    town.robin.until(|seen| seen.typing_in(&room).is_empty().then_some(()), SOON).await;
    assert_eq!((types(&town.house), types(&abbey)), (by_house, by_abbey + 1));
    // Its picture is its own, and everybody has it.
    let picture = b"\x89PNG\r\n\x1a\n of Abbey";
    let file = town.world.turns.avatars.put(PictureKind::of(picture).unwrap(), picture).unwrap();
    let place = place(&town, &room).await;
    let part = Part {
        face: Face { name: "Abbey".into(), slug: "abbey".into(), avatar: Some(file) },
        text: "with a picture".into(),
        reply_to: None,
        number: 0,
        of: 1,
        is_notice: false,
        footer: None,
    };
    town.matrix.send(&place, &part, &OnceKey("with a picture".into())).await.unwrap();
    let said = says(&kim, &room, &abbey, "with a picture").await;
    assert!(said.content[PROFILE].is_null(), "{said:?}");
    let began = std::time::Instant::now();
    loop {
        let path = format!("/v3/profile/{}", matrix_town::encoded(&abbey));
        let profile = town.robin.call("GET", &path, Value::Null).await.unwrap();
        assert_eq!(profile["displayname"], "Abbey");
        if profile["avatar_url"].as_str().is_some_and(|url| url.starts_with("mxc://")) {
            break;
        }
        assert!(began.elapsed() < SOON, "no picture: {profile}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    town.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn owners_are_told_once_that_a_character_lost_its_account() {
    let town = Town::with_logins("login-lost", &["abbey"]).await;
    let (kim, abbey) = (town.human("kim").await, town.login("abbey"));
    let room = town.group(false, &[&kim]).await;
    town.robin.say(&room, "@abbey hello").await;
    says(&town.robin, &room, &abbey, "re: @abbey hello").await;
    town.settled().await;
    let device = town.robin.keys_of(&abbey).await.devices.remove(0).id;
    let path = format!("/_synapse/admin/v2/users/{}/devices/{device}", matrix_town::encoded(&abbey));
    town.synapse.admin("DELETE", &path, json!({})).await.unwrap();
    // What happens there ends the wait of its sync.
    town.robin.say(&room, "is it quiet here?").await;
    let began = std::time::Instant::now();
    while town.matrix.speaks_as("abbey") {
        assert!(began.elapsed() < SOON, "nobody notices that the account is lost");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let told = town.robin.joins_when_invited_by(&town.house).await;
    let lost = format!("The Matrix account {abbey} of Abbey cannot be used any more.");
    let is_it = |event: &&Event| event.sender == town.house && event.body().starts_with(&lost);
    let note = town.robin.until(|seen| seen.messages(&told).find(is_it).cloned(), SOON).await;
    assert!(note.encrypted && note.body().contains("greenroom doctor"), "{note:?}");
    // It goes on through the house, and nobody is told again.
    town.robin.say(&room, "@abbey are you there?").await;
    says(&town.robin, &room, &town.house, "Abbey: re: @abbey are you there?").await;
    town.settled().await;
    tokio::time::sleep(NEVER).await;
    assert_eq!(town.robin.look(|seen| seen.messages(&told).filter(is_it).count()), 1);
    assert!(!town.matrix.speaks_as("abbey"));
    town.counts("SELECT COUNT(*) FROM meta WHERE key LIKE 'matrix.login lost %'", 1).await;
    town.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn characters_with_logins_do_not_answer_each_other() {
    let town = Town::with_logins("login-two", &["abbey", "abi"]).await;
    let (abbey, abi) = (town.login("abbey"), town.login("abi"));
    for encrypted in [false, true] {
        let asked = town.world.model.asked().len();
        let room = town.direct(encrypted).await;
        town.robin.say(&room, "@abbey @abi who is there?").await;
        for user in [&abbey, &abi] {
            says(&town.robin, &room, user, "re: @abbey @abi who is there?").await;
        }
        // With both in the room Robin is still alone with the house: everything is answered, by who spoke last.
        town.robin.say(&room, "and now?").await;
        says(&town.robin, &room, &abi, "re: and now?").await;
        town.settled().await;
        assert_eq!((much(&town.robin, &room, &abbey), much(&town.robin, &room, &abi)), (1, 2));
        assert_eq!(town.world.model.asked().len() - asked, 3);
        // Nobody is left: none of them stays.
        town.robin.leave(&room).await;
        for user in [&town.house, &abbey, &abi] {
            let path = format!("/_synapse/admin/v1/rooms/{}/members", matrix_town::encoded(&room));
            let began = std::time::Instant::now();
            loop {
                let members = town.synapse.admin("GET", &path, Value::Null).await.unwrap_or_default();
                let members = members["members"].as_array().cloned().unwrap_or_default();
                if !members.iter().any(|member| member == user.as_str()) {
                    break;
                }
                assert!(began.elapsed() < SOON, "{user} stays");
                tokio::time::sleep(std::time::Duration::from_millis(50)).await;
            }
        }
    }
    town.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_part_is_said_by_one_mouth_however_often_it_is_sent() {
    let town = Town::with_logins("login-once", &["abbey"]).await;
    let (kim, abbey) = (town.human("kim").await, town.login("abbey"));
    let room = town.group(false, &[&kim]).await;
    town.robin.ban(&room, &abbey).await;
    let place = place(&town, &room).await;
    let part = |text: &str| Part {
        face: Face { name: "Abbey".into(), slug: "abbey".into(), avatar: None },
        text: text.into(),
        reply_to: None,
        number: 0,
        of: 1,
        is_notice: false,
        footer: None,
    };
    // Where its character may not come, the house says it.
    let (first, key) = (part("first"), OnceKey("once first".into()));
    let id = town.matrix.send(&place, &first, &key).await.unwrap();
    assert_eq!(says(&town.robin, &room, &town.house, "Abbey: first").await.id, id);
    town.robin.unban(&room, &abbey).await;
    town.robin.invite(&room, &abbey).await;
    town.robin.sees_join(&room, &abbey).await;
    let away = "SELECT COUNT(*) FROM meta WHERE key LIKE 'matrix.away %'";
    town.counts(away, 0).await;
    // The character is there now, and still it was the house that said it.
    assert_eq!(town.matrix.send(&place, &first, &key).await.unwrap(), id);
    let (second, key) = (part("second"), OnceKey("once second".into()));
    let id = town.matrix.send(&place, &second, &key).await.unwrap();
    assert_eq!(says(&town.robin, &room, &abbey, "second").await.id, id);
    assert_eq!(town.matrix.send(&place, &second, &key).await.unwrap(), id);
    // Sent away, it says nothing again, and nobody says it in its place.
    town.robin.kick(&room, &abbey).await;
    town.counts(away, 1).await;
    assert!(town.matrix.send(&place, &second, &key).await.is_err());
    // What is new is said by the house: who was sent away is not brought back.
    town.matrix.send(&place, &part("third"), &OnceKey("once third".into())).await.unwrap();
    says(&town.robin, &room, &town.house, "Abbey: third").await;
    assert_eq!((much(&town.robin, &room, &abbey), town.said(&room).len()), (1, 2));
    // What a character said is taken away by itself.
    town.matrix.take_back(&place, &id, false).await.unwrap_err();
    town.robin.invite(&room, &abbey).await;
    town.counts(away, 0).await;
    town.matrix.take_back(&place, &id, false).await.unwrap();
    town.taken_away(&id).await;
    town.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_application_service_gives_a_called_character_a_user() {
    matrix_town::prepare().await;
    let registration = json!({
        "id": "greenroom", "url": null, "as_token": "token-of-the-house", "hs_token": "token-of-the-town",
        "sender_localpart": "_greenroom", "rate_limited": false,
        "namespaces": {"users": [{"exclusive": true, "regex": "@_greenroom_.*"}], "rooms": [], "aliases": []},
    });
    let setup = Setup { appservices: vec![registration.to_string()], ..Setup::default() };
    let synapse: &'static Synapse = Box::leak(Box::new(Synapse::with(setup).await));
    let service = Service { token: "token-of-the-house".into(), prefix: "_greenroom_".into() };
    let town = Town::with_service(synapse, "service", service).await;
    let (kim, abbey) = (town.human("kim").await, synapse.user_id("_greenroom_abbey"));
    for encrypted in [false, true] {
        let room = town.group(encrypted, &[&kim]).await;
        town.robin.say(&room, "@abbey hello").await;
        for human in [&town.robin, &kim] {
            let answer = says(human, &room, &abbey, "re: @abbey hello").await;
            assert!(answer.content[PROFILE].is_null() && answer.encrypted == encrypted, "{answer:?}");
        }
        town.robin.say_to(&room, &abbey, "good morning").await;
        says(&town.robin, &room, &abbey, "re: good morning").await;
        town.settled().await;
        assert_eq!(much(&town.robin, &room, &abbey), 2);
    }
    // Nobody has a user who was not called.
    let path = format!("/_synapse/admin/v2/users/{}", matrix_town::encoded(&synapse.user_id("_greenroom_aviva")));
    assert!(synapse.admin("GET", &path, Value::Null).await.is_err());
    town.close().await;
    synapse.stop().await;
}
