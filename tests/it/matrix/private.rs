//! What stays where it was said; and questions that come while an answer is written, or change before it is.

use std::sync::atomic::Ordering;

use greenroom::testing::Answering;

use super::town::Town;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_said_in_a_closed_room_surfaces_in_no_other() {
    let town = Town::with("closed", Answering::default()).await;
    let kim = town.human("kim").await;
    let rooms = [
        town.direct(true).await,
        town.direct(false).await,
        town.group(true, &[&kim]).await,
        town.group(false, &[&kim]).await,
    ];
    for (n, room) in rooms.iter().enumerate() {
        town.asks(room, &format!("@abbey the password of room {n} is swordfish{n}"), 1).await;
        town.settled().await;
    }
    town.world.remembered().await;
    for (n, room) in rooms.iter().enumerate() {
        town.asks(room, "!reset", 1).await;
        town.asks(room, "@abbey what is the password of the room?", 1).await;
        let remembered = town.world.last_remembered();
        assert!(remembered.contains(&format!("swordfish{n}")), "{n}: {remembered}");
        let others = (0..rooms.len()).filter(|other| *other != n);
        let prompt = town.world.last_prompt();
        assert!(others.into_iter().all(|other| !prompt.contains(&format!("swordfish{other}"))), "{n}: {prompt}");
        town.settled().await;
    }
    town.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_room_that_is_closed_later_keeps_what_was_said_since() {
    let town = Town::with("sealed", Answering::default()).await;
    let kim = town.human("kim").await;
    let options = matrix_town::RoomOptions { public: true, ..Default::default() };
    let (open, other) = (town.robin.create_room(options).await, town.robin.create_room(options).await);
    for room in [&open, &other] {
        kim.join(room).await;
        town.robin.invite(room, &town.house).await;
        town.robin.sees_join(room, &town.house).await;
    }
    // From an open room a memory goes anywhere.
    town.asks(&open, "@abbey the market opens at nine", 1).await;
    town.settled().await;
    town.world.remembered().await;
    town.asks(&other, "@abbey when does the market open?", 1).await;
    assert!(town.world.last_remembered().contains("nine"), "{}", town.world.last_prompt());
    town.settled().await;
    // Encrypted from now on, it keeps what it hears.
    let algorithm = serde_json::json!({"algorithm": "m.megolm.v1.aes-sha2"});
    town.robin.send_state(&open, ("m.room.encryption", ""), algorithm).await;
    let said = town.asks(&open, "@abbey the password is swordfish", 1).await;
    assert!(said[0].encrypted, "what follows is encrypted");
    town.settled().await;
    town.world.remembered().await;
    town.asks(&other, "@abbey what is the password?", 1).await;
    assert!(!town.world.last_prompt().contains("swordfish"), "{}", town.world.last_prompt());
    town.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reply_in_a_thread_is_answered_there() {
    let town = Town::new("threads").await;
    let kim = town.human("kim").await;
    for encrypted in [false, true] {
        let room = town.group(encrypted, &[&kim]).await;
        let root = town.robin.say(&room, "a topic").await;
        town.robin.in_thread(&room, &root, "@aviva in here?").await;
        let first = town.answers(&room, 0, 1).await.remove(0);
        assert_eq!(first.thread(), Some(root.as_str()));
        town.settled().await;
        let relates = serde_json::json!({
            "rel_type": "m.thread", "event_id": root, "is_falling_back": false, "m.in_reply_to": {"event_id": first.id},
        });
        let reply = serde_json::json!({"msgtype": "m.text", "body": "and why?", "m.mentions": {"user_ids": [town.house]}, "m.relates_to": relates});
        town.robin.say_content(&room, reply).await;
        let said = town.answers(&room, 1, 1).await;
        assert_eq!((said[0].body(), said[0].thread()), ("Aviva: re: and why?", Some(root.as_str())));
        town.settled().await;
        // An answer in the room can become the beginning of a thread.
        let first = town.asks(&room, "@abbey hello", 1).await.remove(0);
        town.settled().await;
        town.robin.in_thread(&room, &first.id, "@abbey an aside").await;
        let said = town.answers(&room, 3, 1).await;
        assert_eq!((said[0].body(), said[0].thread()), ("Abbey: re: @abbey an aside", Some(first.id.as_str())));
        // A command in a thread is answered there as well, and so is what the house says about it.
        let before = town.said(&room).len();
        town.robin.in_thread(&room, &first.id, "!about").await;
        assert_eq!(town.answers(&room, before, 1).await[0].thread(), Some(first.id.as_str()));
    }
    town.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_house_says_about_something_in_a_thread_is_said_there() {
    let town = Town::new("lines").await;
    let kim = town.human("kim").await;
    let room = town.group(true, &[&kim]).await;
    let root = town.robin.say(&room, "a topic").await;
    // Its name with nothing else, a key, and what is answered in private.
    let house = format!("{} ", town.house);
    for (n, text) in [house.as_str(), "my key is sk-test-0123456789abcdef0123", "!help"].into_iter().enumerate() {
        town.robin.in_thread(&room, &root, text).await;
        let said = town.answers(&room, n, 1).await;
        assert_eq!(said[0].thread(), Some(root.as_str()), "{}", said[0].body());
    }
    town.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_comes_while_an_answer_is_written_is_answered_together() {
    let town = Town::new("together").await;
    let kim = town.human("kim").await;
    for encrypted in [false, true] {
        let room = town.group(encrypted, &[&kim]).await;
        let asked = town.world.model.asked().len();
        town.world.model.delay_millis.store(3_000, Ordering::SeqCst);
        town.robin.say(&room, "@abbey first").await;
        town.asked(asked + 1).await;
        for n in 0..3 {
            town.robin.say(&room, &format!("@abbey quick {n}")).await;
        }
        town.answers(&room, 0, 1).await;
        town.world.model.delay_millis.store(0, Ordering::SeqCst);
        town.answers(&room, 1, 1).await;
        town.settled().await;
        assert_eq!((town.said(&room).len(), town.world.model.asked().len()), (2, asked + 2));
        let prompt = town.world.last_prompt();
        assert!((0..3).all(|n| prompt.contains(&format!("quick {n}"))), "{prompt}");
    }
    town.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_question_that_was_taken_away_is_not_answered() {
    let town = Town::new("withdrawn").await;
    let kim = town.human("kim").await;
    for encrypted in [false, true] {
        let room = town.group(encrypted, &[&kim]).await;
        // One that is being answered, one that waits.
        let asked = town.world.model.asked().len();
        town.world.model.delay_millis.store(4_000, Ordering::SeqCst);
        let running = town.robin.say(&room, "@abbey the first").await;
        town.asked(asked + 1).await;
        let waiting = kim.say(&room, "@abbey the second").await;
        town.robin.hears(&room, "@abbey the second").await;
        kim.redact(&room, &waiting).await;
        town.robin.redact(&room, &running).await;
        town.settled().await;
        town.world.model.delay_millis.store(0, Ordering::SeqCst);
        assert_eq!(town.asks(&room, "@abbey the third", 1).await[0].body(), "Abbey: re: @abbey the third");
        town.settled().await;
        assert_eq!(town.said(&room).len(), 1, "{:#?}", town.said(&room));
        let prompt = town.world.last_prompt();
        assert!(!prompt.contains("the first") && !prompt.contains("the second"), "{prompt}");
        let typing = |seen: &matrix_town::Seen| (!seen.typing_in(&room).contains(&town.house)).then_some(());
        town.robin.until(typing, std::time::Duration::from_secs(4)).await;
    }
    town.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_question_that_was_changed_in_time_is_answered_as_it_is_now() {
    let town = Town::new("edited").await;
    let kim = town.human("kim").await;
    for encrypted in [false, true] {
        let room = town.group(encrypted, &[&kim]).await;
        let asked = town.world.model.asked().len();
        town.world.model.delay_millis.store(4_000, Ordering::SeqCst);
        town.robin.say(&room, "@abbey hello").await;
        town.asked(asked + 1).await;
        let second = kim.say(&room, "@abbey which of them?").await;
        kim.edit(&room, &second, "@abbey which of the lamps?").await;
        town.answers(&room, 0, 1).await;
        town.world.model.delay_millis.store(0, Ordering::SeqCst);
        let said = town.answers(&room, 1, 1).await;
        assert_eq!(said[0].body(), "Abbey: re: @abbey which of the lamps?");
        town.settled().await;
        assert!(!town.world.last_prompt().contains("of them"), "{}", town.world.last_prompt());
        assert_eq!(town.said(&room).len(), 2, "an edit is no further question");
    }
    town.close().await;
}
