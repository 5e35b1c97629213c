//! Who is answered, how it looks, and what edits and redactions do.

use super::town::Town;

const PROFILE: &str = "com.beeper.per_message_profile";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_member_is_answered_in_private_with_a_face() {
    let town = Town::new("private").await;
    for encrypted in [false, true] {
        let room = town.direct(encrypted).await;
        let said = town.asks(&room, "@abbey hello", 1).await;
        let answer = &said[0];
        assert_eq!(
            (answer.body(), answer.msgtype(), answer.encrypted),
            ("Abbey: re: @abbey hello", "m.text", encrypted)
        );
        assert_eq!(answer.content[PROFILE]["displayname"], "Abbey");
        assert_eq!(answer.replies_to(), None, "with nobody else there, everything is an answer");
        // Whoever answered last goes on.
        let said = town.asks(&room, "and again", 1).await;
        assert_eq!(said[0].body(), "Abbey: re: and again");
    }
    town.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn among_others_only_whoever_is_called_answers() {
    let town = Town::new("called").await;
    let kim = town.human("kim").await;
    for encrypted in [false, true] {
        let room = town.group(encrypted, &[&kim]).await;
        kim.say(&room, "we talk among ourselves").await;
        // Newcomers are told first that they talk with an AI.
        town.asks(&room, "@aviva hello", 1).await;
        let said = town.asks(&room, "@aviva what do you think?", 1).await;
        let answer = &said[0];
        assert_eq!(answer.body(), "Aviva: re: @aviva what do you think?");
        assert!(answer.replies_to().is_some() && answer.mentions().is_empty(), "{answer:?}");
        // A reply calls whoever is replied to.
        let before = town.said(&room).len();
        kim.hears(&room, answer.body()).await;
        kim.reply(&room, &answer.id, "why?").await;
        let said = town.answers(&room, before, 1).await;
        assert_eq!(said[0].body(), "Aviva: re: why?");
        assert_eq!(town.said(&room).len(), before + 1);
        // In a thread it is answered there.
        let before = town.said(&room).len();
        let root = town.robin.say(&room, "a new topic").await;
        town.robin.in_thread(&room, &root, "@abi in here?").await;
        let said = town.answers(&room, before, 1).await;
        assert_eq!((said[0].body(), said[0].thread()), ("Abi: re: @abi in here?", Some(root.as_str())));
    }
    town.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_taken_away_is_forgotten_and_edits_are_by_their_author_only() {
    let town = Town::new("changes").await;
    let kim = town.human("kim").await;
    let room = town.group(true, &[&kim]).await;
    let said = town.robin.say(&room, "@abbey the password is tulip").await;
    let answer = town.answers(&room, 0, 1).await.remove(0);
    town.settled().await;
    // Nobody changes what somebody else said.
    kim.hears(&room, "@abbey the password is tulip").await;
    kim.edit(&room, &said, "@abbey the password is rose").await;
    town.robin.edit(&room, &said, "@abbey the password is daisy").await;
    for _ in 0..200 {
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        if town.world.db.number("SELECT COUNT(*) FROM message WHERE text LIKE '%daisy%'").await.unwrap() == 1 {
            break;
        }
    }
    let db = &town.world.db;
    let kept = [
        db.number("SELECT COUNT(*) FROM message WHERE personality_id IS NULL AND text LIKE '%daisy%'").await.unwrap(),
        db.number("SELECT COUNT(*) FROM message WHERE personality_id IS NULL AND text LIKE '%tulip%'").await.unwrap(),
        db.number("SELECT COUNT(*) FROM message WHERE personality_id IS NULL AND text LIKE '%rose%'").await.unwrap(),
    ];
    assert_eq!(kept, [1, 0, 0]);
    // Taken away, it is gone: message, memory and the exchange.
    assert_eq!(town.world.db.number("SELECT COUNT(*) FROM memory").await.unwrap(), 1);
    town.robin.redact(&room, &said).await;
    for _ in 0..200 {
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        if town.world.db.number("SELECT COUNT(*) FROM memory").await.unwrap() == 0 {
            break;
        }
    }
    assert_eq!(town.world.db.number("SELECT COUNT(*) FROM memory").await.unwrap(), 0);
    assert!(!answer.id.is_empty());
    town.close().await;
}
