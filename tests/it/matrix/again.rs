//! Answers given again or taken back, with a reaction or a command.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use greenroom::model::{ErrorClass, ModelError};
use greenroom::testing::Answering;
use matrix_town::{Event, Human};

use super::town::Town;

/// Shows that something does not happen.
const NEVER: Duration = Duration::from_secs(1);

/// A model that never says the same twice.
fn counting() -> Answering {
    let count = AtomicUsize::new(0);
    Answering::with(move |_| Ok(format!("answer {}.", count.fetch_add(1, Ordering::SeqCst) + 1)))
}

fn is_there(town: &Town, message: &str) -> bool {
    town.robin.look(|seen| seen.redaction_of(message).is_none())
}

/// Presses a reaction on an answer, or gives a command in reply to it.
async fn wishes(who: &Human, answer: &Event, how: &str) {
    if how.starts_with('!') {
        who.reply(&answer.room, &answer.id, how).await;
    } else {
        who.react(&answer.room, &answer.id, how).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_is_given_again_in_place_of_the_former_one() {
    let town = Town::with("again", counting()).await;
    let kim = town.human("kim").await;
    for (encrypted, how) in [(false, "🔁"), (true, "🔁"), (false, "!again"), (true, "!again")] {
        let room = town.group(encrypted, &[&kim]).await;
        town.asks(&room, "@abbey good morning", 1).await;
        town.settled().await;
        let first = town.asks(&room, "@abbey how was it?", 1).await.remove(0);
        town.settled().await;
        // Only whoever asked can have it again.
        kim.hears(&room, first.body()).await;
        let asked = town.world.model.asked().len();
        wishes(&kim, &first, how).await;
        tokio::time::sleep(NEVER).await;
        assert!(is_there(&town, &first.id) && town.world.model.asked().len() == asked);
        wishes(&town.robin, &first, how).await;
        town.taken_away(&first.id).await;
        let is_other = |event: &Event| event.replies_to() == first.replies_to() && event.id != first.id;
        let second = town.hears(&room, is_other).await;
        assert!(second.replies_to().is_some() && second.body().starts_with("Abbey: answer"), "{second:?}");
        town.settled().await;
        town.world.remembered().await;
        let remembered = "SELECT COUNT(*) FROM memory WHERE answered LIKE '%ANSWER%'";
        let words = |event: &Event| event.body().trim_start_matches("Abbey: ").to_owned();
        town.counts(&remembered.replace("ANSWER", &words(&first)), 0).await;
        town.counts(&remembered.replace("ANSWER", &words(&second)), 1).await;
        // The conversation goes on from the answer that stands.
        town.world.model.next([Ok("later".to_owned())]);
        town.robin.say(&room, "@abbey and then?").await;
        town.hears(&room, |event| event.body() == "Abbey: later").await;
        let prompt = town.world.last_prompt();
        assert!(prompt.contains(&words(&second)) && !prompt.contains(&words(&first)), "{prompt}");
        assert_eq!(prompt.matches("how was it?").count(), 1, "{prompt}");
        town.settled().await;
        // Only the last answer can be given again.
        let asked = town.world.model.asked().len();
        wishes(&town.robin, &second, how).await;
        tokio::time::sleep(NEVER).await;
        assert!(is_there(&town, &second.id) && town.world.model.asked().len() == asked);
    }
    town.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_that_is_taken_back_was_never_said() {
    let town = Town::with("unsaid", counting()).await;
    let kim = town.human("kim").await;
    for (encrypted, how) in [(false, "🗑"), (true, "🗑\u{fe0f}"), (false, "!unsay"), (true, "!unsay")] {
        for direct in [false, true] {
            let room = if direct { town.direct(encrypted).await } else { town.group(encrypted, &[&kim]).await };
            let first = town.asks(&room, "@abbey my boat is called Petrel", 1).await.remove(0);
            town.settled().await;
            if !direct {
                kim.hears(&room, first.body()).await;
                wishes(&kim, &first, how).await;
                tokio::time::sleep(NEVER).await;
                assert!(is_there(&town, &first.id), "it is not Kim's to take back");
            }
            wishes(&town.robin, &first, how).await;
            town.taken_away(&first.id).await;
            town.counts("SELECT COUNT(*) FROM memory", 0).await;
            let said = "SELECT COUNT(*) FROM message WHERE personality_id IS NOT NULL AND deleted_at IS NULL";
            town.counts(said, 0).await;
            town.counts("SELECT COUNT(*) FROM turn WHERE answer LIKE 'answer%'", 0).await;
        }
    }
    town.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_of_many_parts_goes_as_a_whole() {
    let town = Town::with("whole", counting()).await;
    let room = town.direct(true).await;
    for pressed in 0..3 {
        goes_as_a_whole(&town, &room, 1_500, (3, pressed)).await;
    }
    town.close().await;
}

/// An answer of so many words comes in so many parts, of which one is pressed.
async fn goes_as_a_whole(town: &Town, room: &str, words: usize, (parts, pressed): (usize, usize)) {
    town.world.model.next([Ok((0..words).map(|n| format!("word{n} ")).collect())]);
    let said = town.asks(room, "@abbey tell me", parts).await;
    town.settled().await;
    town.robin.react(room, &said[pressed].id, "🗑").await;
    for part in &said {
        town.taken_away(&part.id).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_very_long_answer_goes_with_its_file() {
    let town = Town::with("file-goes", counting()).await;
    let room = town.direct(true).await;
    goes_as_a_whole(&town, &room, 4_000, (1, 0)).await;
    town.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_a_thread_an_answer_is_given_again_where_it_was() {
    let town = Town::with("aside", counting()).await;
    let kim = town.human("kim").await;
    for encrypted in [false, true] {
        let room = town.group(encrypted, &[&kim]).await;
        let root = town.robin.say(&room, "a topic").await;
        town.robin.in_thread(&room, &root, "@abbey in here?").await;
        let first = town.answers(&room, 0, 1).await.remove(0);
        town.settled().await;
        town.robin.react(&room, &first.id, "🔁").await;
        town.taken_away(&first.id).await;
        let is_other = |event: &Event| event.body().starts_with("Abbey: answer") && event.id != first.id;
        let second = town.hears(&room, is_other).await;
        assert_eq!(second.thread(), Some(root.as_str()));
        town.settled().await;
        town.robin.react(&room, &second.id, "❌").await;
        town.taken_away(&second.id).await;
    }
    town.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failure_is_tried_again_by_the_same_reaction() {
    let town = Town::with("retry", counting()).await;
    for encrypted in [false, true] {
        let room = town.direct(encrypted).await;
        town.world.model.next([Err(ModelError::new(ErrorClass::Refused, "no"))]);
        let sorry = town.asks(&room, "@abbey hello", 1).await.remove(0);
        assert!(sorry.body().contains("declined"), "{}", sorry.body());
        town.settled().await;
        town.robin.react(&room, &sorry.id, "🔁").await;
        town.hears(&room, |event| event.body().starts_with("Abbey: answer")).await;
        town.taken_away(&sorry.id).await;
    }
    town.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_others_react_with_is_only_a_reaction() {
    let town = Town::with("others", counting()).await;
    let kim = town.human("kim").await;
    let room = town.group(true, &[&kim]).await;
    let answer = town.asks(&room, "@abbey shall we?", 1).await.remove(0);
    town.settled().await;
    kim.hears(&room, answer.body()).await;
    for key in ["❌", "🔁", "👍"] {
        kim.react(&room, &answer.id, key).await;
    }
    tokio::time::sleep(NEVER).await;
    assert!(is_there(&town, &answer.id));
    assert_eq!(town.said(&room).len(), 1, "nothing is said about it: {:#?}", town.said(&room)[1..].to_vec());
    let invited = kim.look(|seen| seen.invites().filter(|invite| invite.sender == town.house).count());
    assert_eq!(invited, 0, "nobody is written to in private for a reaction");
    town.close().await;
}
