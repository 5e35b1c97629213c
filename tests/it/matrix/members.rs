//! Who is heard and as whom, which rooms the house comes into, and what becomes of it where it has to go.

use std::sync::atomic::Ordering;
use std::time::Duration;

use greenroom::platform::matrix::Inviter;
use greenroom::testing::{Answering, Plan};
use matrix_town::{Event, Human, RoomOptions, encoded};
use serde_json::{Value, json};

use super::town::Town;

const PROFILE: &str = "com.beeper.per_message_profile";

/// What somebody's client writes while they are shown as Rook.
fn as_rook(id: &str, text: &str) -> Value {
    json!({
        "msgtype": "m.text", "body": format!("Rook: {text}"), "m.mentions": {},
        "format": "org.matrix.custom.html",
        "formatted_body": format!("<strong data-mx-profile-fallback>Rook: </strong>{text}"),
        PROFILE: {"id": id, "displayname": "Rook", "has_fallback": true},
    })
}

/// Somebody speaks as Rook and is answered.
async fn rook_asks(town: &Town, who: &Human, room: &str, id: &str, text: &str) -> Event {
    let before = town.said(room).len();
    who.say_content(room, as_rook(id, text)).await;
    let answer = town.answers(room, before, 1).await.remove(0);
    town.settled().await;
    town.world.remembered().await;
    answer
}

/// What the model was told of `text` last: the whole line.
fn line_with(town: &Town, text: &str) -> String {
    let prompt = town.world.last_prompt();
    prompt.lines().rfind(|line| line.contains(text)).unwrap_or_else(|| panic!("{text}: {prompt}")).to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_a_message_is_shown_as_is_a_persona_with_memories_of_their_own() {
    let town = Town::new("profile").await;
    let kim = town.human("kim").await;
    for encrypted in [false, true] {
        let room = town.group(encrypted, &[&kim]).await;
        rook_asks(&town, &town.robin, &room, "rook", "@abbey my lamp is green").await;
        let line = line_with(&town, "my lamp is green");
        assert!(line.starts_with("Rook: ") && !line.contains("Rook: Rook: "), "{line}");
        // The same name with another of Robin's profiles, or with another member's, is somebody else.
        for (n, (who, id)) in [(&town.robin, "rook-2"), (&kim, "rook")].into_iter().enumerate() {
            town.asks(&room, "!reset", 1).await;
            rook_asks(&town, who, &room, id, &format!("@abbey {n} which colour is my lamp?")).await;
            assert!(!town.world.last_remembered().contains("green"), "{}", town.world.last_remembered());
        }
        // Neither does Robin get what was said as Rook.
        town.asks(&room, "!reset", 1).await;
        town.asks(&room, "@abbey which colour is my lamp?", 1).await;
        assert!(!town.world.last_remembered().contains("green"), "{}", town.world.last_remembered());
        town.settled().await;
        town.asks(&room, "!reset", 1).await;
        rook_asks(&town, &town.robin, &room, "rook", "@abbey which colour is my lamp?").await;
        assert!(town.world.last_remembered().contains("green"), "{}", town.world.last_remembered());
    }
    town.counts("SELECT COUNT(*) FROM proxy_link", 3).await;
    town.counts("SELECT COUNT(*) FROM member", 2).await;
    // Whose messages those are is told, and can be changed, as with every service that speaks for members.
    let private = town.direct(true).await;
    let links = town.asks(&private, "!persona link", 1).await;
    assert!(links[0].body().contains("Rook"), "{}", links[0].body());
    town.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn notices_ignored_people_and_the_house_itself_are_not_answered() {
    let town = Town::new("unheard").await;
    let (kim, lee) = (town.human("kim").await, town.human("lee").await);
    let rooms = [town.group(false, &[&kim, &lee]).await, town.group(true, &[&kim, &lee]).await];
    let list = format!("/v3/user/{}/account_data/m.ignored_user_list", encoded(&town.house));
    town.as_house("PUT", &list, json!({"ignored_users": {lee.id(): {}}})).await;
    for room in &rooms {
        kim.say_content(room, json!({"msgtype": "m.notice", "body": "@abbey beep"})).await;
        lee.say(room, "@abbey from lee").await;
        lee.say(room, "!about").await;
        // Names in an answer call nobody, and neither does what the house says.
        town.world.model.next([Ok("@aviva what do you think? @abbey !about".to_owned())]);
        town.asks(room, "@abbey hello", 1).await;
        town.asks(room, "@abbey hello again", 1).await;
        town.settled().await;
        assert_eq!(town.said(room).len(), 2, "{:#?}", town.said(room));
    }
    assert_eq!(town.world.model.asked().len(), 4);
    town.counts("SELECT COUNT(*) FROM message WHERE text LIKE '%from lee%' OR text LIKE '%beep%'", 0).await;
    // Heard again, Lee is answered.
    town.as_house("PUT", &list, json!({"ignored_users": {}})).await;
    town.counts("SELECT COUNT(*) FROM meta WHERE key = 'matrix.ignored' AND value = '[]'", 1).await;
    let before = town.said(&rooms[1]).len();
    lee.say(&rooms[1], "@abbey and now?").await;
    assert_eq!(town.answers(&rooms[1], before, 1).await[0].body(), "Abbey: re: @abbey and now?");
    town.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_the_house_is_shown_out_nothing_more_is_said() {
    let town = Town::new("shown-out").await;
    let kim = town.human("kim").await;
    for ban in [false, true] {
        let room = town.group(true, &[&kim]).await;
        town.world.model.delay_millis.store(0, Ordering::SeqCst);
        town.asks(&room, "@abbey hello", 1).await;
        town.settled().await;
        town.world.model.delay_millis.store(20_000, Ordering::SeqCst);
        let asked = town.world.model.asked().len();
        town.robin.say(&room, "@abbey are you still there?").await;
        town.asked(asked + 1).await;
        if ban {
            town.robin.ban(&room, &town.house).await;
        } else {
            town.robin.kick(&room, &town.house).await;
        }
        // What was being written is left.
        let gone = std::time::Instant::now();
        town.settled().await;
        assert!(gone.elapsed() < Duration::from_secs(15), "the answer was written to its end");
        town.counts("SELECT COUNT(*) FROM turn WHERE state = 'cancelled'", i64::from(ban) + 1).await;
        town.world.model.delay_millis.store(0, Ordering::SeqCst);
        // Invited again it goes on, without what it could not say, and without another greeting.
        if ban {
            town.robin.unban(&room, &town.house).await;
        }
        town.robin.invite(&room, &town.house).await;
        town.robin.sees_join(&room, &town.house).await;
        assert_eq!(town.asks(&room, "@abbey welcome back", 1).await[0].body(), "Abbey: re: @abbey welcome back");
        let greetings = |seen: &matrix_town::Seen| {
            seen.messages(&room).filter(|event| event.body().starts_with("Hello! This is Greenroom")).count()
        };
        assert_eq!((town.said(&room).len(), town.robin.look(greetings)), (2, 1), "{:#?}", town.said(&room));
    }
    town.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_somebody_changes_is_still_said_as_whoever_said_it() {
    let town = Town::new("changed").await;
    let kim = town.human("kim").await;
    let room = town.group(true, &[&kim]).await;
    let said = town.robin.say_content(&room, as_rook("rook", "@abbey my lamp is green")).await;
    town.answers(&room, 0, 1).await;
    town.settled().await;
    let new = as_rook("rook", "@abbey my lamp is red");
    let mut edit = new.clone();
    edit["body"] = format!("* {}", new["body"].as_str().unwrap()).into();
    edit["m.new_content"] = new;
    edit["m.relates_to"] = json!({"rel_type": "m.replace", "event_id": said});
    town.robin.say_content(&room, edit).await;
    town.counts("SELECT COUNT(*) FROM message WHERE text LIKE '%is red%'", 1).await;
    rook_asks(&town, &town.robin, &room, "rook", "@abbey which colour?").await;
    let line = line_with(&town, "is red");
    assert!(line.starts_with("Rook: @abbey my lamp"), "{line}");
    assert!(!town.world.last_prompt().contains("Rook: Rook"), "{}", town.world.last_prompt());
    town.close().await;
}

/// Somebody makes a room and invites the house.
async fn invites(who: &Human, house: &str, options: RoomOptions<'_>) -> String {
    let room = who.create_room(options).await;
    who.invite(&room, house).await;
    room
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn invitations_are_followed_by_policy_and_spaces_never_joined() {
    let plan = Plan { owners: vec!["matrix:@robin-policy:localhost".into()], ..Plan::default() };
    let inviters =
        [Inviter::Owners, Inviter::User("@kim-policy:localhost".into()), Inviter::Server("elsewhere.example".into())];
    let town = Town::inviting("policy", plan, inviters.into()).await;
    let (kim, lee) = (town.human("kim").await, town.human("lee").await);
    for encrypted in [false, true] {
        for direct in [false, true] {
            let options = RoomOptions { encrypted, direct, ..RoomOptions::default() };
            let refused = invites(&lee, &town.house, options).await;
            town.is_without_house(&lee, &refused).await;
            for who in [&town.robin, &kim] {
                let room = invites(who, &town.house, options).await;
                who.sees_join(&room, &town.house).await;
            }
        }
    }
    // Somebody who is in a room that the house is in does not get it into others by that.
    let shared = town.group(true, &[&kim, &lee]).await;
    town.asks(&shared, "@abbey hello", 1).await;
    let refused = invites(&lee, &town.house, RoomOptions::default()).await;
    town.is_without_house(&lee, &refused).await;
    let space = RoomOptions { kind: Some("m.space"), ..RoomOptions::default() };
    let space = invites(&town.robin, &town.house, space).await;
    town.is_without_house(&town.robin, &space).await;
    // Whoever is turned away from all of the house cannot invite it.
    town.asks(&shared, &format!("!admin deny matrix:{} --scope house", kim.id()), 1).await;
    let refused = invites(&kim, &town.house, RoomOptions::default()).await;
    town.is_without_house(&kim, &refused).await;
    town.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everybody_of_a_server_may_invite_where_that_is_the_policy() {
    let town = Town::inviting("server", Plan::default(), vec![Inviter::Server("localhost".into())]).await;
    let lee = town.human("lee").await;
    let room = invites(&lee, &town.house, RoomOptions { encrypted: true, ..RoomOptions::default() }).await;
    lee.sees_join(&room, &town.house).await;
    town.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_room_that_moves_takes_whoever_is_active_along() {
    let town = Town::new("upgrade").await;
    let kim = town.human("kim").await;
    for public in [false, true] {
        let options = RoomOptions { public, encrypted: !public, version: Some("10"), ..RoomOptions::default() };
        let old = invites(&town.robin, &town.house, options).await;
        town.robin.sees_join(&old, &town.house).await;
        town.robin.invite(&old, kim.id()).await;
        kim.join(&old).await;
        town.robin.sees_join(&old, kim.id()).await;
        town.asks(&old, "!activate abbey", 1).await;
        assert_eq!(town.asks(&old, "no name at all", 1).await[0].body(), "Abbey: re: no name at all");
        town.settled().await;
        let new = town.robin.upgrade_room(&old, "12").await;
        if !public {
            town.robin.invite(&new, &town.house).await;
            town.robin.invite(&new, kim.id()).await;
        }
        kim.join(&new).await;
        for who in [&town.robin, &kim] {
            who.sees_join(&new, &town.house).await;
        }
        let said = town.asks(&new, "and here?", 1).await;
        assert_eq!((said[0].body(), said[0].encrypted), ("Abbey: re: and here?", !public));
        let prompt = town.world.last_prompt();
        assert!(prompt.contains("no name at all"), "the conversation goes on: {prompt}");
        let before = town.said(&new).len();
        kim.say(&new, "me too?").await;
        assert_eq!(town.answers(&new, before, 1).await[0].body(), "Abbey: re: me too?");
        let is_greeting = |event: &&Event| event.body().starts_with("Hello! This is Greenroom");
        assert!(!town.robin.messages(&new).iter().any(|event| is_greeting(&event)), "nobody is greeted twice");
        town.settled().await;
    }
    town.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_said_before_the_house_came_is_nothing_to_it() {
    let town = Town::with("before", Answering::default()).await;
    let kim = town.human("kim").await;
    for encrypted in [false, true] {
        for public in [false, true] {
            let options = RoomOptions { encrypted, public, invite: &[kim.id()], ..RoomOptions::default() };
            let room = town.robin.create_room(options).await;
            kim.join(&room).await;
            town.robin.sees_join(&room, kim.id()).await;
            town.robin.say(&room, "the treasure is under the oak").await;
            kim.say(&room, "@abbey is it really?").await;
            town.robin.hears(&room, "@abbey is it really?").await;
            town.robin.invite(&room, &town.house).await;
            town.robin.sees_join(&room, &town.house).await;
            let said = town.asks(&room, "@abbey where is the treasure?", 1).await;
            assert!(said[0].body().contains("where is the treasure?"), "{}", said[0].body());
            town.settled().await;
            assert!(!town.world.last_prompt().contains("oak"), "{}", town.world.last_prompt());
            assert_eq!(town.said(&room).len(), 1);
        }
    }
    town.counts("SELECT COUNT(*) FROM message WHERE text LIKE '%oak%' OR text LIKE '%really%'", 0).await;
    town.close().await;
}
