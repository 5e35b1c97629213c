//! Two people talk, in a plain room and in an encrypted one.

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures::FutureExt;
use matrix_town::{Attachment, Seen};
use serde_json::json;

use crate::{SOON, bounded, two};

async fn everything_said_is_heard(story: &str, encrypted: bool) {
    let (alice, bob, room) = two(story, encrypted).await;
    let room = room.as_str();

    let hello = alice.say(room, "hello Bob").await;
    let heard = bob.hears(room, "hello Bob").await;
    assert_eq!((heard.id.as_str(), heard.sender.as_str()), (hello.as_str(), alice.id()));
    assert_eq!((heard.encrypted, heard.readable), (encrypted, true));
    assert_eq!((heard.msgtype(), heard.device_key.is_some()), ("m.text", encrypted));
    assert!(heard.at > 1_700_000_000_000, "{}", heard.at);

    bob.types(room).await;
    alice.until(|seen| seen.typing_in(room).contains(&bob.id().to_owned()).then_some(()), SOON).await;
    let answer = bob.reply(room, &hello, "hello Alice").await;
    let heard = alice.hears(room, "hello Alice").await;
    assert_eq!((heard.replies_to(), heard.mentions()), (Some(hello.as_str()), vec![alice.id()]));
    assert_eq!(heard.encrypted, encrypted);
    bob.stops_typing(room).await;
    alice.until(|seen| seen.typing_in(room).is_empty().then_some(()), SOON).await;
    assert_eq!(alice.look(|seen| seen.began_typing(room, bob.id())), 1);

    alice.reads(room, &answer).await;
    let read = bob.until(|seen| seen.receipts(room).rfind(|receipt| receipt.event == answer).cloned(), SOON).await;
    assert_eq!((read.user.as_str(), read.kind.as_str()), (alice.id(), "m.read"));

    let first = alice.in_thread(room, &hello, "aside").await;
    let second = bob.in_thread(room, &hello, "aside too").await;
    let heard = alice.hears(room, "aside too").await;
    assert_eq!((heard.thread(), heard.replies_to()), (Some(hello.as_str()), None));
    let last = |seen: &Seen| seen.event(&second).map(|event| event.content["m.relates_to"].clone());
    let last = alice.until(last, SOON).await;
    assert!([&first, &hello].iter().any(|id| last["m.in_reply_to"]["event_id"] == id.as_str()), "{last}");

    let mention = alice.say_to(room, bob.id(), "psst").await;
    let heard = bob.until(|seen| seen.event(&mention).cloned(), SOON).await;
    assert_eq!(heard.mentions(), [bob.id()]);

    alice.edit(room, &hello, "hello, dear Bob").await;
    bob.react(room, &hello, "👋").await;
    let shown = |seen: &Seen| {
        let shown = seen.shown(room).into_iter().find(|shown| shown.id == hello);
        shown.filter(|shown| shown.edits == 1 && shown.reactions.len() == 1)
    };
    let shown = bob.until(shown, SOON).await;
    assert_eq!(shown.text, "hello, dear Bob");
    assert_eq!(shown.reactions, [(bob.id().to_owned(), "👋".to_owned())]);
    assert!(bob.look(|seen| seen.edit_of(&hello).is_some_and(|edit| edit.encrypted == encrypted)));

    let redaction = alice.redact(room, &mention).await;
    let redacted = bob.until(|seen| seen.redaction_of(&mention).cloned(), SOON).await;
    assert_eq!((redacted.id.as_str(), redacted.encrypted), (redaction.as_str(), false));
    assert!(bob.look(|seen| seen.shown(room).iter().all(|shown| shown.id != mention)));
}

#[tokio::test]
async fn everything_said_in_a_plain_room_is_heard() {
    bounded(everything_said_is_heard("plain", false)).await;
}

#[tokio::test]
async fn everything_said_in_an_encrypted_room_is_heard_and_encrypted() {
    bounded(everything_said_is_heard("sealed", true)).await;
}

#[tokio::test]
async fn a_file_arrives_as_it_was_sent_and_the_server_of_an_encrypted_room_cannot_read_it() {
    bounded(async {
        let bytes: Vec<u8> = (0..70_000_u32).flat_map(u32::to_le_bytes).collect();
        for encrypted in [false, true] {
            let (alice, bob, room) = two(if encrypted { "file-sealed" } else { "file" }, encrypted).await;
            let file = Attachment { name: "numbers.png", mime: "image/png", bytes: &bytes, ..Attachment::default() };
            let sent = alice.attach(&room, Attachment { caption: Some("look"), ..file }).await;
            let heard = bob.until(|seen| seen.event(&sent).cloned(), SOON).await;
            assert_eq!((heard.msgtype(), heard.body()), ("m.image", "look"));
            assert_eq!(heard.content["filename"], "numbers.png");
            assert_eq!(heard.content["info"], json!({"mimetype": "image/png", "size": bytes.len()}));
            assert_eq!(heard.content["file"]["url"].is_string(), encrypted, "{heard:?}");
            assert_eq!(bob.open_file(&heard).await, bytes);
            if encrypted {
                let mut sealed = heard.clone();
                sealed.content["url"] = sealed.content["file"]["url"].take();
                sealed.content["file"] = json!(null);
                assert_ne!(bob.open_file(&sealed).await, bytes, "it lies encrypted on the server");
            }
        }
    })
    .await;
}

#[tokio::test]
async fn who_waits_in_vain_is_told_what_was_seen_instead() {
    bounded(async {
        let (alice, bob, room) = two("vain", true).await;
        alice.say(&room, "something else").await;
        bob.hears(&room, "something else").await;
        let waiting = bob.until(|seen| seen.said(&room, "never said").cloned(), Duration::from_millis(50));
        let panic = AssertUnwindSafe(waiting).catch_unwind().await.unwrap_err();
        let message = panic.downcast_ref::<String>().unwrap();
        for part in ["bob-vain did not see it within 50ms", "m.text \"something else\"", "(encrypted)", &room] {
            assert!(message.contains(part), "{part} is not in {message}");
        }
    })
    .await;
}
