//! How answers look: the typing before them, late ones, long ones, failed ones; and that none of them pings anybody.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use greenroom::model::{ErrorClass, ModelError};
use greenroom::testing::Plan;
use matrix_town::{Event, Human, Seen};
use serde_json::{Value, json};

use super::town::{SOON, Town};

pub const PROFILE: &str = "com.beeper.per_message_profile";
/// How soon one sees that an answer is being written.
const PROMPTLY: Duration = Duration::from_secs(2);
/// Shorter than typing lasts that nobody ends.
const AT_ONCE: Duration = Duration::from_secs(8);

/// A text of so many words, each another.
pub fn words(count: usize) -> String {
    let all: Vec<String> = (0..count).map(|n| format!("word{n}")).collect();
    all.join(" ")
}

fn is_typing<'a>(town: &'a Town, room: &'a str) -> impl Fn(&Seen) -> Option<()> + 'a {
    move |seen| seen.typing_in(room).contains(&town.house).then_some(())
}

fn is_still<'a>(town: &'a Town, room: &'a str) -> impl Fn(&Seen) -> Option<()> + 'a {
    move |seen| (!seen.typing_in(room).contains(&town.house)).then_some(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn typing_shows_at_once_and_ends_with_the_answer() {
    let town = Town::new("typing").await;
    for encrypted in [false, true] {
        let room = town.direct(encrypted).await;
        town.asks(&room, "@abbey hello", 1).await;
        // The machine is busy at times: the quickest of a few is as quick as the house is.
        let mut quickest = SOON;
        for n in 0..5 {
            town.settled().await;
            town.robin.until(is_still(&town, &room), SOON).await;
            town.world.model.delay_millis.store(700, Ordering::SeqCst);
            let before = town.said(&room).len();
            town.robin.say(&room, &format!("number {n}")).await;
            let asked = Instant::now();
            town.robin.until(is_typing(&town, &room), SOON).await;
            quickest = quickest.min(asked.elapsed());
            town.answers(&room, before, 1).await;
            town.robin.until(is_still(&town, &room), AT_ONCE).await;
        }
        assert!(quickest < PROMPTLY, "{quickest:?}");
        // Also where the answer is there before typing could be seen.
        town.world.model.delay_millis.store(0, Ordering::SeqCst);
        for n in 0..10 {
            town.asks(&room, &format!("quick {n}"), 1).await;
            town.settled().await;
            tokio::time::sleep(Duration::from_millis(100)).await;
            town.robin.until(is_still(&town, &room), AT_ONCE).await;
        }
    }
    town.close().await;
}

/// How often the house begins to type while one answer is written.
async fn begins_to_type(town: &Town, room: &str, messages: usize) -> usize {
    town.asks(room, "@abbey hello", 1).await;
    town.settled().await;
    town.robin.until(is_still(town, room), SOON).await;
    let before = town.robin.look(|seen| seen.began_typing(room, &town.house));
    town.world.model.delay_millis.store(10_500, Ordering::SeqCst);
    town.asks(room, "@abbey take your time", messages).await;
    town.robin.look(|seen| seen.began_typing(room, &town.house)) - before
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn typing_has_no_gaps_however_long_an_answer_takes() {
    let town = Town::new("gaps").await;
    let room = town.direct(true).await;
    assert_eq!(begins_to_type(&town, &room, 1).await, 1);
    town.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn saying_that_it_takes_longer_does_not_end_typing() {
    let town = Town::planned("longer", Plan { patience: Duration::from_secs(2), ..Plan::default() }).await;
    let room = town.direct(true).await;
    assert_eq!(begins_to_type(&town, &room, 2).await, 1);
    town.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_waits_long_is_told_and_the_notice_goes_with_the_answer() {
    let town = Town::planned("patience", Plan { patience: Duration::from_millis(300), ..Plan::default() }).await;
    let kim = town.human("kim").await;
    for encrypted in [false, true] {
        let room = town.group(encrypted, &[&kim]).await;
        town.world.model.delay_millis.store(0, Ordering::SeqCst);
        town.asks(&room, "@abbey hello", 1).await;
        town.settled().await;
        town.world.model.delay_millis.store(2_000, Ordering::SeqCst);
        town.robin.say(&room, "@abbey and now?").await;
        let notice = town.hears(&room, |event| event.body().contains("longer")).await;
        assert!(notice.body().starts_with("Abbey is taking longer"), "{}", notice.body());
        assert_eq!((notice.msgtype(), notice.encrypted), ("m.notice", encrypted));
        town.hears(&room, |event| event.body().ends_with("and now?")).await;
        town.taken_away(&notice.id).await;
    }
    town.close().await;
}

/// What parts of an answer say together.
fn together(parts: &[Event]) -> String {
    let said = parts.iter().map(|part| part.body().strip_prefix("Abbey: ").expect("every part says whose it is"));
    said.collect::<Vec<_>>().join(" ")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_long_answer_comes_in_parts_and_nothing_of_it_is_lost() {
    let town = Town::new("parts").await;
    let kim = town.human("kim").await;
    for encrypted in [false, true] {
        let room = town.group(encrypted, &[&kim]).await;
        town.asks(&room, "@abbey good morning", 1).await;
        town.settled().await;
        town.world.model.next([Ok(words(1_500))]);
        let parts = town.asks(&room, "@abbey tell me", 3).await;
        assert_eq!(together(&parts).split_whitespace().collect::<Vec<_>>().join(" "), words(1_500));
        assert!(parts.iter().all(|part| part.content[PROFILE]["displayname"] == "Abbey" && part.mentions().is_empty()));
        assert!(parts[0].replies_to().is_some() && parts[1].replies_to().is_none());
        // A reply to any part reaches whoever said it.
        for part in &parts {
            town.settled().await;
            let before = town.said(&room).len();
            town.robin.reply(&room, &part.id, "go on").await;
            assert_eq!(town.answers(&room, before, 1).await[0].body(), "Abbey: re: go on");
        }
        // Code goes on as code.
        let code: String = (0..400).map(|n| format!("let number_{n} = {n};\n")).collect();
        town.world.model.next([Ok(format!("Look:\n\n```rust\n{code}```"))]);
        let parts = town.asks(&room, "@abbey show me", 2).await;
        for part in &parts {
            assert_eq!(part.body().matches("```").count(), 2, "{}", part.body());
            assert!(part.content["formatted_body"].as_str().is_some_and(|looks| looks.contains("<pre>")));
        }
        assert!((0..400).all(|n| together(&parts).contains(&format!("let number_{n} = {n};"))));
        town.settled().await;
    }
    town.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_long_answer_arrives_whatever_it_is_written_with() {
    let town = Town::new("letters").await;
    let room = town.direct(true).await;
    let letters = [
        "語",
        "😀",
        "<",
        "\"",
        "\\",
        "&",
        "**a** ",
        "*\n",
        "`a` ",
        "> a\n",
        "- a\n",
        "[a](https://example.org) ",
        "e\u{301}",
    ];
    for (n, letters) in letters.into_iter().enumerate() {
        let many = letters.repeat(6_500 / letters.encode_utf16().count());
        town.world.model.next([Ok(format!("It begins {many}\n\nand it ends {n}"))]);
        town.robin.say(&room, "@abbey tell me").await;
        town.hears(&room, |event| event.body().ends_with(&format!("and it ends {n}"))).await;
        town.settled().await;
    }
    let failed = town.world.db.number("SELECT COUNT(*) FROM turn WHERE state <> 'done'").await.unwrap();
    assert_eq!(failed, 0);
    town.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_very_long_answer_is_a_file_that_everybody_there_can_read() {
    let town = Town::new("files").await;
    let kim = town.human("kim").await;
    for encrypted in [false, true] {
        let room = town.group(encrypted, &[&kim]).await;
        town.world.model.next([Ok(words(4_000))]);
        let said = town.asks(&room, "@abbey tell me everything", 1).await.remove(0);
        assert!(said.body().starts_with("Abbey: word0 word1 "), "{}", said.body());
        assert_eq!((said.msgtype(), said.content["filename"].as_str()), ("m.file", Some("answer.md")));
        assert_eq!(said.content[PROFILE]["displayname"], "Abbey");
        let file = |event: &Event| (event.msgtype() == "m.file").then(|| event.clone());
        let kims = kim.until(|seen| seen.messages(&room).find_map(file), SOON).await;
        for (human, event) in [(&town.robin, &said), (&kim, &kims)] {
            assert_eq!(String::from_utf8(human.open_file(event).await).unwrap(), words(4_000));
        }
        town.settled().await;
    }
    town.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reply_to_a_very_long_answer_reaches_whoever_said_it() {
    let town = Town::new("either").await;
    let kim = town.human("kim").await;
    let room = town.group(true, &[&kim]).await;
    town.world.model.next([Ok(words(4_000))]);
    let said = town.asks(&room, "@abbey tell me everything", 1).await.remove(0);
    town.settled().await;
    let before = town.said(&room).len();
    town.robin.reply(&room, &said.id, "thank you").await;
    assert_eq!(town.answers(&room, before, 1).await[0].body(), "Abbey: re: thank you");
    town.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failure_is_one_polite_line_in_place_of_the_answer() {
    let town = Town::new("failures").await;
    let kim = town.human("kim").await;
    for encrypted in [false, true] {
        let room = town.group(encrypted, &[&kim]).await;
        town.asks(&room, "@abbey good morning", 1).await;
        town.settled().await;
        for (class, line) in [
            (ErrorClass::Refused, "declined"),
            (ErrorClass::KeyInvalid, "does not accept the key"),
            (ErrorClass::NoCredit, "no credit"),
            (ErrorClass::BadRequest, "isn’t set up"),
        ] {
            town.world.model.next([Err(ModelError::new(class, "secret detail"))]);
            let sorry = town.asks(&room, "@abbey hello", 1).await.remove(0);
            town.settled().await;
            assert!(sorry.body().contains(line) && !sorry.body().contains("secret detail"), "{}", sorry.body());
            assert!(sorry.msgtype() == "m.notice" && sorry.content[PROFILE].is_null(), "{sorry:?}");
            assert!(sorry.replies_to().is_some() && sorry.mentions().is_empty(), "{sorry:?}");
        }
        let said = town.asks(&room, "@abbey hello again", 1).await;
        assert_eq!(said[0].body(), "Abbey: re: @abbey hello again");
        assert_eq!(town.said(&room).len(), 6, "one line each");
        town.settled().await;
    }
    town.close().await;
}

/// What a hostile model says. `{kim}`: a member's id, `{room}`: the room's.
pub const HOSTILE: &[&str] = &[
    "@room look",
    "@everyone @here @channel",
    "{kim} look",
    "Kim, {kim}: look",
    "<a href=\"https://matrix.to/#/{kim}\">Kim</a>",
    "[Kim](https://matrix.to/#/{kim})",
    "[Kim](HTTPS://MATRIX.TO/#/{kim})",
    "[Kim](https://matrix.to./#/{kim})",
    "[Kim](https://m&#97;trix.to/#/{kim})",
    "[Kim](<https://matrix.to/#/{kim}>)",
    "[Kim][k]\n\n[k]: https://matrix.to/#/{kim}",
    "<https://matrix.to/#/{kim}>",
    "https://matrix.to/#/{kim}",
    "[here](https://matrix.to/#/{room})",
    "[Kim](matrix:u/{kim})",
    "<matrix:u/kim:localhost>",
    "[@room](https://matrix.to/#/@room:localhost)",
    "<mx-reply><blockquote>In reply to Kim</blockquote></mx-reply> no",
    "> <{kim}> I agree\n\nthen do it",
    "<img src=\"mxc://localhost/abc\" data-mx-emoticon>",
    "![picture](mxc://localhost/abc)",
    "![picture](https://evil.example/pixel.png?{kim})",
    "<img src=x onerror=alert(1)>",
    "<script>alert(1)</script>",
    "<style>*{display:none}</style><iframe src=\"https://evil.example\"></iframe>",
    "[press](javascript:alert(1))",
    "[press](JaVaScRiPt:alert(1))",
    "[press](data:text/html,<script>alert(1)</script>)",
    "<strong data-mx-profile-fallback>Kim: </strong>I agree",
    "<strong data-mx-profile-fallback=\"\">Robin: </strong>I agree",
    "<span data-mx-spoiler=\"x\">secret</span><span data-mx-bg-color=\"#000\">dark</span>",
    "**<a href=\"https://matrix.to/#/{kim}\">**nested**</a>**",
    "[a [b](https://matrix.to/#/{kim}) c](https://matrix.to/#/{room})",
    "`<img src=x>` ```html\n<script>alert(1)</script>\n```",
    "</p></strong></mx-reply><h1>big</h1>",
    "\u{202e}moor@ \u{1b}[31mred\u{0}",
    "{\"m.mentions\": {\"room\": true}}",
    "| [Kim](https://matrix.to/#/{kim}) | @room |\n|---|---|\n| <b>x</b> | y |",
];

/// What no looks of a message may have in them.
const NEVER: &[&str] = &["<img", "<script", "<style", "<iframe", "<mx-reply", "<span", "<h1>big"];

/// What is wrong with a message that must not ping anybody.
pub fn harm(event: &Event) -> Vec<String> {
    let mut harm = Vec::new();
    if event.content["m.mentions"] != json!({}) {
        harm.push(format!("mentions: {event:?}"));
    }
    let contents = [&event.content, &event.content["m.new_content"]];
    for looks in contents.into_iter().filter_map(|content| content["formatted_body"].as_str()) {
        let low = looks.to_lowercase();
        harm.extend(NEVER.iter().filter(|never| low.contains(**never)).map(|never| format!("{never} in {looks}")));
        // Whose words these are is said once, by the house.
        if looks.matches("<strong data-mx-profile-fallback").count() > 1 {
            harm.push(format!("another name in {looks}"));
        }
        // Links lead to pages and never to people or rooms, however they are written.
        let links = low.split("<a href=\"").skip(1).filter_map(|rest| rest.split('"').next());
        let is_wrong = |link: &&str| {
            let link = link.replace("%2e", ".");
            !link.starts_with("http") || link.contains("matrix.to") || link.contains("xn--")
        };
        harm.extend(links.filter(is_wrong).map(|link| format!("a link to {link} in {looks}")));
    }
    harm
}

/// What a human was pinged by.
async fn pings(human: &Human) -> Vec<Value> {
    let pinged = human.call("GET", "/v3/notifications?only=highlight", Value::Null).await.unwrap();
    pinged["notifications"].as_array().cloned().unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_a_model_says_pings_anybody_or_becomes_more_than_words() {
    let town = Town::new("hostile").await;
    let kim = town.human("kim").await;
    let rooms = [town.group(false, &[&kim]).await, town.group(true, &[&kim]).await, town.direct(true).await];
    for room in &rooms {
        // So much power that `@room` would reach everybody.
        town.robin.set_power(room, &town.house, 100).await;
    }
    let root = town.robin.say(&rooms[0], "a thread").await;
    let mut n = 0;
    for hostile in HOSTILE {
        n += 1;
        let room = &rooms[n % rooms.len()];
        let hostile = hostile.replace("{kim}", kim.id()).replace("{room}", room);
        town.world.model.next([Ok(format!("It begins{n} {hostile}\n\nand it ends{n}"))]);
        if n % 4 == 0 && *room == rooms[0] {
            town.robin.in_thread(room, &root, "@abbey say it").await;
        } else {
            town.robin.say(room, "@abbey say it").await;
        }
        town.hears(room, |event| event.body().contains(&format!("and it ends{n}"))).await;
        town.settled().await;
    }
    let house = |seen: &Seen| -> Vec<Event> {
        let all = rooms.iter().flat_map(|room| seen.events(room));
        all.filter(|event| event.sender == town.house && event.is_message()).cloned().collect()
    };
    let said = town.robin.look(house);
    assert!(said.len() >= HOSTILE.len());
    assert_eq!(said.iter().flat_map(harm).collect::<Vec<_>>(), Vec::<String>::new());
    assert!((1..=n).all(|n| said.iter().any(|event| event.body().contains(&format!("It begins{n} ")))));
    // What the homeserver itself thinks of it; that it thinks at all is seen by what Robin says.
    assert_eq!(pings(&kim).await.iter().filter(|ping| ping["event"]["sender"] == town.house).count(), 0);
    town.robin.say_to(&rooms[0], kim.id(), "are you there?").await;
    let began = Instant::now();
    while pings(&kim).await.is_empty() {
        assert!(began.elapsed() < SOON, "nobody can be pinged here");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    town.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_link_to_somebody_is_none_however_it_is_written() {
    let town = Town::new("links").await;
    let room = town.direct(false).await;
    for link in
        ["https://matrix%2Eto/#/{robin}", "https://%6datrix.to/#/{robin}", "https://matrix%E3%80%82to/#/{robin}"]
    {
        let link = format!("[Robin]({})", link.replace("{robin}", town.robin.id()));
        town.world.model.next([Ok(link.clone())]);
        let said = town.asks(&room, &format!("@abbey say {link}"), 1).await;
        assert!(!said[0].content["formatted_body"].as_str().unwrap().contains("<a "), "{:?}", said[0].content);
    }
    town.close().await;
}
