//! Answers that are shown while they are written: one message that grows by edits and ends as the answer, or is taken away.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use fake_llm::{Answer, FakeLlm};
use greenroom::crash::STREAMING;
use greenroom::domain::{Identity, PlaceRef, Privacy};
use greenroom::model::{ErrorClass, ModelError};
use greenroom::testing::Answering;
use matrix_town::{Event, Human, Limits, Role, Seen, Shown, Synapse};
use serde_json::{Value, json};

use super::outages::{STALL_MAX, own};
use super::running::{self, Program};
use super::speaking::{HOSTILE, PROFILE, harm, words};
use super::town::{SOON, Town, password};

/// How fast these answers are written: about seventy characters a second.
const WORD_MILLIS: u64 = 100;
/// Words of an answer that takes a quarter of a minute.
const LONG: usize = 150;

/// The versions of what the house said in a room, edits among them, in order.
fn versions<'a>(seen: &'a Seen, room: &str, house: &'a str) -> impl Iterator<Item = &'a Event> {
    seen.messages(room).filter(move |event| event.sender == house)
}

/// What a reader is shown of the house in a room, without its greeting and what it tells newcomers.
fn shown(seen: &Seen, room: &str, house: &str) -> Vec<Shown> {
    let of_house = seen.shown(room).into_iter().filter(|shown| shown.sender == house);
    let is_answer = |shown: &Shown| {
        !shown.text.starts_with("Hello! This is Greenroom") && !shown.text.starts_with("Before we begin")
    };
    of_house.filter(is_answer).collect()
}

impl Town {
    /// From now on answers are written word by word, or at once.
    fn writes_slowly(&self, slowly: bool) {
        self.world.model.word_millis.store(if slowly { WORD_MILLIS } else { 0 }, Ordering::SeqCst);
    }

    /// Robin asks, and waits until a part of the answer is shown; that message.
    async fn asks_slowly(&self, room: &str, answer: &str) -> (String, Event) {
        self.writes_slowly(true);
        self.world.model.next([Ok(answer.to_owned())]);
        let question = self.robin.say(room, "@abbey tell me a story").await;
        let draft = self.hears(room, |event| event.text().starts_with("Abbey: ") && event.text().ends_with('…')).await;
        assert_eq!(draft.replaces(), None);
        (question, draft)
    }

    /// What a reader is shown of the house's answers in a room.
    fn shows(&self, room: &str) -> Vec<Shown> {
        self.robin.look(|seen| shown(seen, room, &self.house))
    }

    /// Waits until an answer is complete.
    async fn completed(&self, room: &str, answer: &str) -> Shown {
        let is_it = |seen: &Seen| shown(seen, room, &self.house).into_iter().find(|shown| shown.text == answer);
        self.robin.until(is_it, SOON).await
    }

    /// A room where newcomers know what they have to know.
    async fn met(&self, encrypted: bool, others: &[&Human]) -> String {
        self.writes_slowly(false);
        let room = self.group(encrypted, others).await;
        self.asks(&room, "@abbey good morning", 1).await;
        self.settled().await;
        room
    }

    /// Nothing is noted any more of what was shown before it was finished.
    async fn has_no_drafts(&self) {
        self.settled().await;
        self.counts("SELECT COUNT(*) FROM delivery WHERE part < 0", 0).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_long_answer_grows_and_ends_as_exactly_what_was_said() {
    let town = Town::with("grows", Answering::default()).await;
    let kim = town.human("kim").await;
    for encrypted in [false, true] {
        let room = town.met(encrypted, &[&kim]).await;
        let (question, draft) = town.asks_slowly(&room, &words(LONG)).await;
        assert_eq!(draft.replies_to(), Some(question.as_str()));
        let whole = format!("Abbey: {}", words(LONG));
        let done = town.completed(&room, &whole).await;
        town.has_no_drafts().await;
        assert!(done.id == draft.id && done.edits >= 3, "{done:?}");
        assert_eq!(town.shows(&room).len(), 2, "{:#?}", town.shows(&room));
        let all: Vec<Event> = town.robin.look(|seen| {
            let all = versions(seen, &room, &town.house);
            all.filter(|event| event.id == draft.id || event.replaces() == Some(&draft.id)).cloned().collect()
        });
        assert_eq!(all.len(), done.edits + 1);
        let mut longest = 0;
        for event in &all {
            assert_eq!((event.encrypted, harm(event)), (encrypted, Vec::new()));
            let content = if event.replaces().is_some() { &event.content["m.new_content"] } else { &event.content };
            assert_eq!(content[PROFILE]["displayname"], "Abbey");
            assert!(content[PROFILE]["has_fallback"] == true && content["m.mentions"] == json!({}), "{content}");
            let looks = content["formatted_body"].as_str().unwrap();
            assert!(looks.contains("<strong data-mx-profile-fallback>Abbey: </strong>"), "{looks}");
            let text = event.text().trim_end_matches(" …");
            assert!(whole.starts_with(text) && text.len() > longest, "{text}");
            longest = text.len();
            if event.replaces().is_some() {
                assert!(content.get("m.relates_to").is_none(), "{content}");
                assert_eq!(event.content["m.relates_to"], json!({"rel_type": "m.replace", "event_id": draft.id}));
            }
        }
        // It appeared early.
        assert!(all[0].text().len() < whole.len() / 2, "{}", all[0].text());
        // The house remembers the answer, and nothing that it was before.
        let told = town.world.db.number("SELECT COUNT(*) FROM message WHERE text LIKE 'word0 %'").await.unwrap();
        assert_eq!(told, i64::from(encrypted) + 1);
        let halves = town.world.db.number("SELECT COUNT(*) FROM message WHERE text LIKE '%…%'").await.unwrap();
        assert_eq!(halves, 0);
        // A reply to it reaches whoever said it.
        town.writes_slowly(false);
        let before = town.said(&room).len();
        town.robin.reply(&room, &draft.id, "thank you").await;
        assert!(town.answers(&room, before, 1).await[0].body().ends_with("thank you"));
    }
    town.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reply_to_what_is_still_being_written_reaches_its_speaker() {
    let town = Town::with("half-shown", Answering::default()).await;
    let kim = town.human("kim").await;
    let room = town.met(true, &[&kim]).await;
    let (_, draft) = town.asks_slowly(&room, &words(LONG)).await;
    let before = town.world.model.asked().len();
    kim.reply(&room, &draft.id, "shorter please").await;
    town.completed(&room, &format!("Abbey: {}", words(LONG))).await;
    town.writes_slowly(false);
    let answered = |seen: &Seen| (shown(seen, &room, &town.house).len() == 3).then_some(());
    town.robin.until(answered, SOON).await;
    town.has_no_drafts().await;
    assert_eq!(town.world.model.asked().len(), before + 1);
    town.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_character_with_a_login_shows_its_answer_itself_while_it_is_written() {
    let town = Town::with_logins("login-grows", &["abbey"]).await;
    let (kim, abbey) = (town.human("kim").await, town.login("abbey"));
    for encrypted in [false, true] {
        town.writes_slowly(false);
        let room = town.group(encrypted, &[&kim]).await;
        town.robin.say(&room, "@abbey good morning").await;
        let is_theirs = |event: &&Event| event.sender == abbey;
        town.robin.until(|seen| seen.messages(&room).find(is_theirs).map(|_| ()), SOON).await;
        town.settled().await;
        let by_house = town.shows(&room).len();
        let asked = town.world.model.asked().len();
        town.writes_slowly(true);
        town.world.model.next([Ok(words(LONG))]);
        town.robin.say(&room, "@abbey tell me a story").await;
        let is_draft = |event: &&Event| event.sender == abbey && event.text().ends_with('…');
        let draft = town.robin.until(|seen| seen.messages(&room).find(is_draft).cloned(), SOON).await;
        let is_whole = |seen: &Seen| shown(seen, &room, &abbey).into_iter().find(|shown| shown.text == words(LONG));
        let done = town.robin.until(is_whole, SOON).await;
        town.has_no_drafts().await;
        assert!(done.id == draft.id && done.edits >= 2, "{done:?}");
        let all: Vec<Event> = town.robin.look(|seen| versions(seen, &room, &abbey).cloned().collect());
        for event in &all {
            assert_eq!((event.encrypted, harm(event)), (encrypted, Vec::new()));
            assert!(event.content[PROFILE].is_null() && event.content["m.new_content"][PROFILE].is_null(), "{event:?}");
        }
        // The house said nothing of it, and none of its accounts heard an edit as something new.
        assert_eq!((town.shows(&room).len(), town.world.model.asked().len() - asked), (by_house, 1));
        // Taken back, it is gone with all it was.
        town.robin.react(&room, &draft.id, "🗑").await;
        town.taken_away(&draft.id).await;
        for edit in all.iter().filter(|event| event.replaces() == Some(&draft.id)) {
            town.taken_away(&edit.id).await;
        }
        town.settled().await;
    }
    town.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_character_was_saying_when_it_lost_its_account_is_said_by_the_house_once() {
    let town = Town::with_logins("login-lost-half", &["abbey"]).await;
    let (kim, abbey) = (town.human("kim").await, town.login("abbey"));
    let room = town.group(false, &[&kim]).await;
    town.robin.say(&room, "@abbey good morning").await;
    let is_theirs = |event: &&Event| event.sender == abbey;
    town.robin.until(|seen| seen.messages(&room).find(is_theirs).map(|_| ()), SOON).await;
    town.settled().await;
    // The house may take away what others say.
    town.robin.set_power(&room, &town.house, 100).await;
    town.writes_slowly(true);
    town.world.model.next([Ok(words(LONG))]);
    town.robin.say(&room, "@abbey tell me a story").await;
    let is_draft = |event: &&Event| event.sender == abbey && event.text().ends_with('…');
    let draft = town.robin.until(|seen| seen.messages(&room).find(is_draft).cloned(), SOON).await;
    let device = town.robin.keys_of(&abbey).await.devices.remove(0).id;
    let path = format!("/_synapse/admin/v2/users/{}/devices/{device}", matrix_town::encoded(&abbey));
    town.synapse.admin("DELETE", &path, json!({})).await.unwrap();
    // What happens there ends the wait of its sync.
    town.robin.say(&room, "is it quiet here?").await;
    let whole = format!("Abbey: {}", words(LONG));
    town.completed(&room, &whole).await;
    town.taken_away(&draft.id).await;
    town.has_no_drafts().await;
    let said = town.shows(&room).into_iter().filter(|shown| shown.text.contains("word0")).collect::<Vec<_>>();
    assert!(said.len() == 1 && said[0].edits == 0, "{said:#?}");
    town.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_short_answer_and_a_fast_one_are_sent_once() {
    let town = Town::with("once", Answering::default()).await;
    let kim = town.human("kim").await;
    let room = town.met(true, &[&kim]).await;
    // What can be spared is there by now.
    let (_, draft) = town.asks_slowly(&room, &words(LONG)).await;
    town.completed(&room, &format!("Abbey: {}", words(LONG))).await;
    for (slowly, count) in [(true, 14), (false, 700)] {
        town.settled().await;
        town.writes_slowly(slowly);
        town.world.model.next([Ok(words(count))]);
        let said = town.asks(&room, "@abbey and now", 1).await.remove(0);
        town.has_no_drafts().await;
        assert_eq!(said.body(), format!("Abbey: {}", words(count)));
        town.robin.say(&room, "that was all").await;
        tokio::time::sleep(Duration::from_millis(500)).await;
        let last = town.shows(&room).pop().unwrap();
        assert_eq!((last.id.as_str(), last.edits), (said.id.as_str(), 0));
        assert_ne!(last.id, draft.id);
    }
    town.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_that_was_shown_while_it_was_written_is_taken_back_with_all_it_was() {
    let town = Town::with("unsaid-edits", Answering::default()).await;
    let kim = town.human("kim").await;
    for (encrypted, how) in [(false, "🗑"), (true, "!again")] {
        let room = town.met(encrypted, &[&kim]).await;
        let (_, draft) = town.asks_slowly(&room, &words(LONG)).await;
        town.completed(&room, &format!("Abbey: {}", words(LONG))).await;
        town.settled().await;
        town.writes_slowly(false);
        let edits: Vec<String> = town.robin.look(|seen| {
            let all = versions(seen, &room, &town.house).filter(|event| event.replaces() == Some(&draft.id));
            all.map(|event| event.id.clone()).collect()
        });
        assert!(edits.len() >= 2, "{edits:?}");
        if how.starts_with('!') {
            town.robin.reply(&room, &draft.id, how).await;
        } else {
            town.robin.react(&room, &draft.id, how).await;
        }
        town.taken_away(&draft.id).await;
        for edit in &edits {
            town.taken_away(edit).await;
        }
        town.counts("SELECT COUNT(*) FROM message WHERE text LIKE 'word0 %' AND deleted_at IS NULL", 0).await;
        if how == "!again" {
            town.hears(&room, |event| event.body().contains("tell me a story") && event.id != draft.id).await;
        }
        town.settled().await;
    }
    town.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn withdrawn_in_the_middle_nothing_of_it_stands() {
    let town = Town::with("withdrawn-early", Answering::default()).await;
    let kim = town.human("kim").await;
    for (n, (encrypted, how)) in
        [(false, "question"), (true, "question"), (false, "asker"), (true, "moderator")].into_iter().enumerate()
    {
        let room = town.met(encrypted, &[&kim]).await;
        let (question, draft) = town.asks_slowly(&room, &words(4 * LONG)).await;
        match how {
            "question" => town.robin.redact(&room, &question).await,
            // Robin made the room, and looks after it.
            "moderator" => town.robin.redact(&room, &draft.id).await,
            _ => {
                let turns = &town.world.turns;
                let place = PlaceRef {
                    platform: "matrix".into(),
                    subject: room.clone(),
                    parent: None,
                    privacy: Privacy::Closed,
                    is_adult: false,
                    is_encrypted: encrypted,
                };
                let place = turns.directory.known_place(&place).await.unwrap().unwrap();
                let robin = Identity { platform: "matrix".into(), subject: town.robin.id().to_owned() };
                let robin = turns.directory.person(&robin, "robin").await.unwrap();
                assert_eq!(turns.cancel(&place.id, &robin.member.id).await.unwrap(), 1);
                String::new()
            }
        };
        let asked = Instant::now();
        town.taken_away(&draft.id).await;
        town.has_no_drafts().await;
        assert!(asked.elapsed() < Duration::from_secs(15), "it was written to its end: {how}");
        town.counts("SELECT COUNT(*) FROM turn WHERE state = 'cancelled'", n as i64 + 1).await;
        let shown = town.shows(&room);
        assert!(shown.iter().all(|shown| !shown.text.contains("word0")), "{how}: {shown:#?}");
    }
    town.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failure_in_the_middle_leaves_only_its_polite_line() {
    let town = Town::with("broken-off", Answering::default()).await;
    let kim = town.human("kim").await;
    for encrypted in [false, true] {
        let room = town.met(encrypted, &[&kim]).await;
        town.world.model.breaks_with(ModelError::new(ErrorClass::Refused, "filtered"));
        let (_, draft) = town.asks_slowly(&room, &words(LONG)).await;
        let sorry = town.hears(&room, |event| event.body().contains("declined")).await;
        assert_eq!((sorry.msgtype(), sorry.replaces()), ("m.notice", None));
        town.taken_away(&draft.id).await;
        town.has_no_drafts().await;
        let shown = town.shows(&room);
        assert!(shown.len() == 2 && shown[1].id == sorry.id, "{shown:#?}");
        // What it said meanwhile is gone as well.
        let edits: Vec<String> = town.robin.look(|seen| {
            let all = versions(seen, &room, &town.house).filter(|event| event.replaces() == Some(&draft.id));
            all.map(|event| event.id.clone()).collect()
        });
        for edit in &edits {
            town.taken_away(edit).await;
        }
    }
    town.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_version_of_an_answer_says_what_the_answer_must_not() {
    let town = Town::with("guarded", Answering::default()).await;
    let kim = town.human("kim").await;
    let key = "sk-or-v1-0123456789abcdef0123";
    let rooms = [town.met(false, &[&kim]).await, town.met(true, &[&kim]).await];
    for room in &rooms {
        town.robin.set_power(room, &town.house, 100).await;
        let hostile: Vec<String> =
            HOSTILE.iter().map(|text| text.replace("{kim}", kim.id()).replace("{room}", room)).collect();
        let between = words(30);
        let text = format!("{between} my key is {key} ok {}\n\n{between}", hostile.join(" and then\n\n"));
        town.writes_slowly(true);
        town.world.model.next([Ok(text)]);
        town.robin.say(room, "@abbey say it").await;
        town.hears(room, |event| event.text().ends_with(&between)).await;
        town.has_no_drafts().await;
    }
    let all: Vec<Event> =
        town.robin.look(|seen| rooms.iter().flat_map(|room| versions(seen, room, &town.house)).cloned().collect());
    assert!(all.iter().filter(|event| event.replaces().is_some()).count() >= 6, "{}", all.len());
    assert_eq!(all.iter().flat_map(harm).collect::<Vec<_>>(), Vec::<String>::new());
    for event in &all {
        let text = event.content.to_string();
        assert!(!text.contains("sk-or") && !text.contains("0123456789abcdef"), "{text}");
        assert!(!text.to_lowercase().contains("@room\u{20}") && !text.contains("@everyone"), "{text}");
    }
    let pings = kim.call("GET", "/v3/notifications?only=highlight", Value::Null).await.unwrap();
    let pings = pings["notifications"].as_array().cloned().unwrap_or_default();
    assert_eq!(pings.iter().filter(|ping| ping["event"]["sender"] == town.house).count(), 0);
    town.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_becomes_longer_than_one_message_goes_on_in_others_or_is_a_file() {
    let town = Town::with("longer-than-one", Answering::default()).await;
    let kim = town.human("kim").await;
    let room = town.met(true, &[&kim]).await;
    // Slowly at first; the rest comes at once.
    let rest = |lines: usize| (0..lines).map(|n| format!("line-{n}")).collect::<Vec<_>>().join("\n");
    let before = town.shows(&room).len();
    let text = format!("{}\n{}", words(100), rest(1_000));
    let (_, draft) = town.asks_slowly(&room, &text).await;
    town.hears(&room, |event| event.text().ends_with("line-999")).await;
    town.has_no_drafts().await;
    let parts = town.shows(&room).split_off(before);
    assert!(parts.len() == 2 && parts[0].id == draft.id && parts[1].edits == 0, "{parts:#?}");
    let whole: Vec<&str> =
        parts.iter().flat_map(|part| part.text.trim_start_matches("Abbey: ").split_whitespace()).collect();
    assert_eq!(whole, text.split_whitespace().collect::<Vec<_>>());
    // In a thread, where everything is a file in the end.
    let root = town.robin.say(&room, "a topic").await;
    let before = town.shows(&room).len();
    let text = format!("{}\n{}", words(100), rest(4_000));
    town.world.model.next([Ok(text.clone())]);
    town.robin.in_thread(&room, &root, "@abbey everything please").await;
    let draft = town
        .hears(&room, |event| {
            event.id != draft.id && event.text().starts_with("Abbey: word0") && event.replaces().is_none()
        })
        .await;
    assert_eq!(draft.thread(), Some(root.as_str()));
    let file = town.hears(&room, |event| event.msgtype() == "m.file").await;
    town.taken_away(&draft.id).await;
    town.has_no_drafts().await;
    assert_eq!(String::from_utf8(town.robin.open_file(&file).await).unwrap(), text);
    let shown = town.shows(&room).split_off(before);
    assert!(shown.len() == 1 && shown[0].id == file.id, "{shown:#?}");
    town.close().await;
}

/// An answer that a program writes for ten seconds.
fn slow(question: &str) -> Answer {
    Answer::text(&format!("About {question}: {} end of {question}", words(60)))
        .in_pieces(80, Duration::from_millis(125))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_while_an_answer_is_shown_there_is_one_message_in_the_end() {
    matrix_town::prepare().await;
    let synapse = Synapse::shared().await;
    let (llm, folder) = (FakeLlm::start().await, tempfile::tempdir().unwrap());
    llm.otherwise(|body| {
        let last = body["messages"].as_array().and_then(|all| all.last()).map(|last| last["content"].to_string());
        let last = last.unwrap_or_default();
        match last.split("question-").nth(1) {
            Some(name) => slow(name.chars().take_while(|c| c.is_alphanumeric()).collect::<String>().as_str()),
            None => Answer::text("Good morning."),
        }
    });
    let account = "house-half";
    synapse.register(account, &password(account), Role::User).await;
    let (house, robin) = (synapse.user_id(account), Human::login(synapse, "robin-half").await);
    let program = Program { folder: folder.path(), synapse, llm: &llm, account, more: Vec::new() };
    let running = program.start();
    let rooms = [running::room(&robin, &house, false).await, running::room(&robin, &house, true).await];
    for room in &rooms {
        robin.say(room, "@abbey good morning").await;
        let answered =
            |seen: &Seen| versions(seen, room, &house).any(|said| said.body().contains("Good morning")).then_some(());
        robin.until(answered, SOON).await;
    }
    program.stopped(running).await;
    let points = ["draft noted", "draft sent", "draft recorded", "draft revised", "draft completed"];
    assert!(points.iter().all(|point| STREAMING.contains(point)));
    let withdrawn = [("draft sent", "w1"), ("draft revised", "w2"), ("draft withdrawn", "w3")];
    let rounds = points.iter().map(|point| (*point, "")).chain(withdrawn);
    for (round, (point, withdraws)) in rounds.enumerate() {
        let room = &rooms[round % 2];
        let question = format!("n{round}{withdraws}");
        let mut falling = program.falling_at(point);
        let asked = robin.say(room, &format!("@abbey question-{question}")).await;
        if point == "draft withdrawn" {
            let begun = |seen: &Seen| {
                versions(seen, room, &house)
                    .any(|said| said.body().contains(&format!("About {question}:")))
                    .then_some(())
            };
            robin.until(begun, SOON).await;
            robin.redact(room, &asked).await;
        }
        let fell = tokio::time::timeout(SOON, falling.wait()).await;
        assert!(fell.is_ok(), "it does not come to {point}: {}", program.said());
        if !withdraws.is_empty() && point != "draft withdrawn" {
            robin.redact(room, &asked).await;
        }
        let again = program.start();
        let of_it = |seen: &Seen| -> Vec<Shown> {
            let all = shown(seen, room, &house).into_iter();
            all.filter(|shown| shown.text.contains(&format!("About {question}:")) || shown.text.ends_with('…'))
                .collect()
        };
        let whole = format!("Abbey: About {question}: {} end of {question}", words(60));
        let began = Instant::now();
        if withdraws.is_empty() {
            robin.until(|seen| of_it(seen).iter().any(|shown| shown.text == whole).then_some(()), SOON).await;
        } else {
            robin.until(|seen| of_it(seen).is_empty().then_some(()), SOON).await;
        }
        println!("killed at {point:?}{withdraws}: settled after {:?}", began.elapsed());
        tokio::time::sleep(Duration::from_secs(1)).await;
        program.stopped(again).await;
        let all = robin.look(of_it);
        let expected = usize::from(withdraws.is_empty());
        assert!(all.len() == expected && all.iter().all(|shown| shown.text == whole), "{point}: {all:#?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refusal_of_the_homeserver_stops_edits_and_the_answer_arrives() {
    let town = Town::on(own(Limits::Default).await, "refused").await;
    let kim = town.human("kim").await;
    let room = town.met(true, &[&kim]).await;
    // Until something can be spared again.
    tokio::time::sleep(Duration::from_secs(25)).await;
    let (_, draft) = town.asks_slowly(&room, &words(2 * LONG)).await;
    let before = town.world.model.last_call();
    // Somebody else uses the account's allowance up.
    let login = json!({
        "type": "m.login.password", "identifier": {"type": "m.id.user", "user": "house-refused"},
        "password": password("house-refused"),
    });
    let login = town.synapse.call("", "POST", "/_matrix/client/v3/login", login).await.unwrap();
    let token = login["access_token"].as_str().unwrap().to_owned();
    let refused = AtomicU64::new(0);
    let synapse = town.synapse;
    // Whoever goes on using it up keeps every edit out.
    let uses_up = async |user: u32| {
        for n in 0.. {
            let path = format!("/_matrix/client/v3/rooms/{room}/send/io.greenroom.test/{user}-{n}");
            if synapse.call(&token, "PUT", &path, json!({})).await.is_err() {
                refused.fetch_add(1, Ordering::SeqCst);
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let mut edits = 0;
    let written = async {
        while refused.load(Ordering::SeqCst) == 0 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        // What was on its way then is shown by now.
        tokio::time::sleep(Duration::from_secs(3)).await;
        edits = town.shows(&room).pop().unwrap().edits;
        while town.world.model.last_call() == before {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::select! {
        _ = futures::future::join(uses_up(1), uses_up(2)) => {}
        () = written => {}
    }
    let done = town.completed(&room, &format!("Abbey: {}", words(2 * LONG))).await;
    assert!(done.id == draft.id && done.edits <= edits + 2, "{} after {edits}", done.edits);
    town.has_no_drafts().await;
    // Nor is the next answer shown before it is finished.
    town.world.model.next([Ok(words(LONG))]);
    let before = town.said(&room).len();
    town.robin.say(&room, "@abbey another one").await;
    let said = town.answers(&room, before, 1).await.remove(0);
    assert_eq!(said.body(), format!("Abbey: {}", words(LONG)));
    town.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_long_answers_in_a_row_are_not_late_at_the_usual_limits() {
    let town = Town::on(own(Limits::Default).await, "ten-long").await;
    let kim = town.human("kim").await;
    let room = town.met(true, &[&kim]).await;
    // How long the machine itself takes, before any limit is near.
    let asked = Instant::now();
    town.asks(&room, "@abbey how are you", 1).await;
    let usual = asked.elapsed();
    tokio::time::sleep(Duration::from_secs(25)).await;
    let (mut late, mut shown) = (Vec::new(), Vec::new());
    town.writes_slowly(true);
    for n in 0..10 {
        let answer = format!("{} {n}", words(70));
        town.world.model.next([Ok(answer.clone())]);
        // What people may say is limited as well.
        let who = if n % 2 == 0 { &town.robin } else { &kim };
        who.say(&room, "@abbey tell us more").await;
        let done = town.completed(&room, &format!("Abbey: {answer}")).await;
        late.push(town.world.model.last_call().1.elapsed());
        shown.push(done.edits);
        town.settled().await;
    }
    println!("late: {late:?}, edits: {shown:?}");
    assert!(late.iter().all(|late| *late < usual + STALL_MAX), "{late:?} beyond {usual:?}");
    assert!(shown.iter().filter(|edits| **edits > 0).count() >= 3, "{shown:?}");
    // Neither are quick ones after them.
    town.writes_slowly(false);
    let mut waits = Vec::new();
    for n in 0..5 {
        let asked = Instant::now();
        town.asks(&room, &format!("@abbey exchange {n}"), 1).await;
        waits.push(asked.elapsed());
    }
    println!("waits: {waits:?}");
    assert!(waits.iter().all(|wait| *wait < usual + STALL_MAX), "{waits:?} beyond {usual:?}");
    town.close().await;
}
