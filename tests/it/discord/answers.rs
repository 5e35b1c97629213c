//! What becomes of answers: given again, taken back, slow, very long, or not to be had.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use fake_discord::Post;
use fake_llm::{Answer, FakeLlm};
use greenroom::testing::{Answering, Plan};

use super::town::{SOON, Town};

/// How long Discord shows typing.
const TYPING: Duration = Duration::from_secs(10);

/// A model that never says the same twice.
fn counting() -> Answering {
    let count = AtomicUsize::new(0);
    Answering::with(move |_| Ok(format!("answer {}", count.fetch_add(1, Ordering::SeqCst) + 1)))
}

async fn memories(town: &Town) -> i64 {
    town.world.db.number("SELECT COUNT(*) FROM memory").await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_is_given_again_in_place_of_the_former_one() {
    let town = Town::with(counting()).await;
    let first = town.asks(town.robin, town.lounge, "@Abbey how was it?", 1).await[0].id;
    town.settled().await;
    town.fake.context_menu(town.robin, town.lounge, "Answer again", first).answered().await;
    town.fake.until(|fake| fake.message(first).is_none().then_some(()), SOON).await;
    let said = town.answers(town.lounge, 0, 1).await;
    assert_eq!((said[0].content.as_str(), said[0].author_name.as_str()), ("answer 2", "Abbey"));
    town.settled().await;
    town.world.remembered().await;
    assert_eq!(memories(&town).await, 1, "the former exchange is remembered no more");
    // The conversation goes on from the answer that stands.
    town.asks(town.robin, town.lounge, "@Abbey and then?", 1).await;
    let prompt = town.world.last_prompt();
    assert!(prompt.contains("answer 2") && !prompt.contains("answer 1"), "{prompt}");
    assert_eq!(prompt.matches("how was it?").count(), 1, "{prompt}");
    // Only the last answer can be given again, and only by whoever asked.
    let past = town.fake.context_menu(town.robin, town.lounge, "Answer again", said[0].id).answered().await;
    assert!(past[0].content.contains("has gone on since"), "{}", past[0].content);
    let last = town.said(town.lounge).last().unwrap().id;
    // Nor by somebody who is kept from the character since.
    let keeper = town.fake.role(town.guild, "keepers", 1 << 4);
    town.fake.give_role(town.guild, town.kim, keeper);
    let deny = [("who", town.robin.to_string().into()), ("with", "abbey".into())];
    town.fake.slash(town.kim, town.lounge, "admin deny", &deny).answered().await;
    let denied = town.fake.context_menu(town.robin, town.lounge, "Answer again", last).answered().await;
    assert!(town.fake.message(last).is_some(), "{}", denied[0].content);
    let other = town.fake.context_menu(town.kim, town.lounge, "Answer again", last).answered().await;
    assert!(other[0].content.contains("somebody else"), "{}", other[0].content);
    assert_eq!(other[0].ephemeral_to, Some(town.kim));
    town.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_that_is_taken_back_was_never_said() {
    let town = Town::with(counting()).await;
    let dm = town.fake.dm(town.robin);
    for channel in [town.lounge, town.fake.thread(town.lounge, "aside"), dm] {
        let first = town.asks(town.robin, channel, "@Abbey my boat is called Petrel", 1).await[0].id;
        town.settled().await;
        if channel != dm {
            town.fake.context_menu(town.kim, channel, "Take this back", first).answered().await;
            assert!(town.fake.message(first).is_some(), "it is not Kim's to take back");
        }
        town.fake.context_menu(town.robin, channel, "Take this back", first).answered().await;
        town.fake.until(|fake| fake.message(first).is_none().then_some(()), SOON).await;
        assert_eq!(memories(&town).await, 0);
        let said = "SELECT COUNT(*) FROM message WHERE personality_id IS NOT NULL AND deleted_at IS NULL";
        assert_eq!(town.world.db.number(said).await.unwrap(), 0);
        let kept = "SELECT COUNT(*) FROM turn WHERE answer LIKE '%Petrel%' OR answer LIKE 'answer%'";
        assert_eq!(town.world.db.number(kept).await.unwrap(), 0);
    }
    let none = town.fake.slash(town.kim, town.lounge, "unsay", &[]).answered().await;
    assert!(none[0].content.contains("no answer here"), "{}", none[0].content);
    town.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failure_is_tried_again_by_the_same_menu() {
    let town = Town::new().await;
    town.world.model.next([Err(greenroom::model::ModelError::new(greenroom::model::ErrorClass::Refused, "no"))]);
    let sorry = town.asks(town.robin, town.lounge, "@Abbey hello", 1).await[0].clone();
    assert!(sorry.content.contains("declined"), "{}", sorry.content);
    town.settled().await;
    town.fake.context_menu(town.robin, town.lounge, "Answer again", sorry.id).answered().await;
    let answer = town.fake.until(|_| town.said(town.lounge).into_iter().find(|one| one.id != sorry.id), SOON).await;
    assert!(answer.content.contains("@Abbey hello"), "{}", answer.content);
    assert!(town.fake.message(sorry.id).is_none());
    town.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn typing_shows_at_once_and_until_the_answer_is_there() {
    let town = Town::new().await;
    town.asks(town.robin, town.lounge, "@Abbey hello", 1).await;
    town.world.model.delay_millis.store(10_500, Ordering::SeqCst);
    let before = town.fake.typing(town.lounge).len();
    // Typing that is still shown is not asked for again.
    tokio::time::sleep(Duration::from_secs(8)).await;
    let asked = Instant::now();
    town.asks(town.robin, town.lounge, "@Abbey take your time", 1).await;
    let answered = Instant::now();
    let shown = town.fake.typing(town.lounge).split_off(before);
    assert!(shown[0].duration_since(asked) < Duration::from_secs(3), "{:?}", shown[0].duration_since(asked));
    let ends = shown.iter().skip(1).copied().chain([answered]);
    for (from, to) in shown.iter().zip(ends) {
        assert!(to.duration_since(*from) < TYPING, "a gap of {:?}", to.duration_since(*from));
    }
    town.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_waits_long_is_told_and_the_notice_goes_with_the_answer() {
    let town = Town::planned(Plan { patience: Duration::from_millis(300), ..Plan::default() }).await;
    town.asks(town.robin, town.lounge, "@Abbey hello", 1).await;
    town.settled().await;
    town.world.model.delay_millis.store(1_500, Ordering::SeqCst);
    town.fake.says(town.robin, town.lounge, "@Abbey and now?");
    let notice = town
        .fake
        .until(|fake| fake.bot_messages(town.lounge).into_iter().find(|one| one.content.contains("longer")), SOON)
        .await;
    assert!(notice.webhook_id.is_none() && notice.content.starts_with("Abbey is taking longer"));
    town.fake.until(|fake| fake.message(notice.id).is_none().then_some(()), SOON).await;
    let said = town.answers(town.lounge, 1, 1).await;
    assert!(said[0].content.contains("and now?"), "{}", said[0].content);
    town.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_very_long_answer_is_a_file_and_nothing_of_it_is_lost() {
    let long: String = (0..1_500).map(|n| format!("word{n} ")).collect();
    let whole = long.trim().to_owned();
    let town = Town::with(Answering::with(move |_| Ok(long.clone()))).await;
    let dm = town.fake.dm(town.robin);
    for channel in [town.lounge, dm] {
        let answers = town.asks(town.robin, channel, "@Abbey tell me everything", 1).await;
        assert!(answers[0].content.contains("word0 word1"), "{}", answers[0].content);
        let [(name, content)] = answers[0].attachments.as_slice() else { panic!("one file") };
        assert_eq!((name.as_str(), String::from_utf8_lossy(content).trim()), ("answer.md", whole.as_str()));
        town.settled().await;
        // A reply to it reaches whoever said it, and all of it is history.
        let before = town.said(channel).len();
        let reply = Post { content: "thank you".into(), reply_to: Some(answers[0].id), ..Post::default() };
        town.fake.posts(town.robin, channel, reply);
        town.answers(channel, before, 1).await;
        assert!(town.world.last_prompt().contains("word1499"));
        town.settled().await;
    }
    town.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn trouble_with_a_key_is_for_its_owner_alone() {
    let llm = FakeLlm::start().await;
    let town = Town::planned(Plan { providers: vec![("mine".into(), llm.url())], ..Plan::default() }).await;
    let options = [("provider", "mine".into()), ("model", "fake-model".into())];
    let set = town.fake.slash(town.robin, town.lounge, "keys set", &options);
    set.modal().await;
    town.fake.submit(town.robin, &set, &[("key", "sk-test-0123456789abcdef0123")]).answered().await;
    llm.then(Answer::insufficient_quota());
    let told = town.asks(town.robin, town.lounge, "@Abbey hello", 1).await;
    assert!(told[0].content.contains("in private") && !told[0].content.contains("credit"), "{}", told[0].content);
    let dm = town.fake.dm(town.robin);
    let whispered = town.answers(dm, 0, 1).await;
    assert!(whispered[0].content.contains("no credit"), "{}", whispered[0].content);
    town.settled().await;
    // Whoever takes no private messages still finds it in the list.
    town.fake.closes_dms(town.robin);
    town.fake.forgive("Cannot send messages to this user");
    llm.then(Answer::insufficient_quota());
    let before = town.said(town.lounge).len();
    town.fake.says(town.robin, town.lounge, "@Abbey again");
    town.answers(town.lounge, before, 1).await;
    let list = town.fake.slash(town.robin, town.lounge, "keys list", &[]).answered().await;
    assert!(list[0].content.contains("credit"), "{}", list[0].content);
    town.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_very_long_answer_comes_in_many_messages_where_no_file_may_be_sent() {
    const ATTACH: u64 = 1 << 15;
    const MANAGE_WEBHOOKS: u64 = 1 << 29;
    let long: String = (0..1_500).map(|n| format!("word{n} ")).collect();
    let town = Town::with(Answering::with(move |_| Ok(long.clone()))).await;
    town.fake.deny(town.lounge, fake_discord::Who::Bot, ATTACH | MANAGE_WEBHOOKS);
    ["ATTACH_FILES", "MANAGE_WEBHOOKS", "webhooks"].iter().for_each(|part| town.fake.forgive(part));
    town.fake.says(town.robin, town.lounge, "@Abbey tell me everything");
    let whole = |_: &fake_discord::FakeDiscord| {
        let said: Vec<String> = town.said(town.lounge).iter().map(|one| one.content.clone()).collect();
        let said = said.join(" ");
        (0..1_500).all(|n| said.contains(&format!("word{n}"))).then_some(())
    };
    town.fake.until(whole, SOON).await;
    town.close().await;
}
