//! What comes with a message: pictures and text files, encrypted or not.

use std::sync::atomic::Ordering;

use matrix_town::Attachment;
use serde_json::json;

use super::town::Town;

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n0123456789";

/// Robin sends a file and one answer comes; returns what the model was told last.
async fn prompt_for(town: &Town, room: &str, file: Attachment<'_>) -> String {
    let before = town.said(room).len();
    town.robin.attach(room, file).await;
    town.answers(room, before, 1).await;
    town.settled().await;
    town.world.model.asked().pop().unwrap().lines.pop().unwrap().content
}

fn picture(caption: &str) -> Attachment<'_> {
    Attachment { name: "cat.png", mime: "image/png", bytes: PNG, caption: Some(caption), content: json!({}) }
}

fn text<'a>(name: &'a str, bytes: &'a [u8], caption: &'a str) -> Attachment<'a> {
    Attachment { name, mime: "text/plain", bytes, caption: Some(caption), content: json!({}) }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pictures_are_shown_to_models_that_see_and_named_to_others() {
    let town = Town::new("pictures").await;
    let kim = town.human("kim").await;
    for encrypted in [false, true] {
        let room = town.group(encrypted, &[&kim]).await;
        town.world.model.sees.store(false, Ordering::SeqCst);
        let prompt = prompt_for(&town, &room, picture("@abbey look at him")).await;
        assert!(prompt.contains("look at him") && prompt.contains("[picture: cat.png]"), "{prompt}");
        assert!(prompt.contains("cannot be seen here"), "{prompt}");
        assert!(town.world.model.asked().pop().unwrap().pictures.is_empty());
        town.world.model.sees.store(true, Ordering::SeqCst);
        let prompt = prompt_for(&town, &room, picture("@abbey and now?")).await;
        let last = town.world.model.asked().pop().unwrap();
        assert_eq!((last.pictures.len(), &*last.pictures[0].bytes, last.pictures[0].media_type), (1, PNG, "image/png"));
        assert!(!prompt.contains("cannot be seen here"), "{prompt}");
        // What only says that it is a picture is none.
        let fraud = Attachment { bytes: b"MZ...", ..picture("@abbey this?") };
        let prompt = prompt_for(&town, &room, fraud).await;
        assert!(prompt.contains("cannot be seen here"), "{prompt}");
        assert!(town.world.model.asked().pop().unwrap().pictures.is_empty());
        // What it is called calls nobody.
        let named = Attachment { name: "@aviva.png", ..picture("@abbey read the name") };
        let before = town.said(&room).len();
        prompt_for(&town, &room, named).await;
        assert_eq!(town.said(&room).len(), before + 1);
    }
    // In private it needs no words.
    let room = town.direct(true).await;
    let prompt = prompt_for(&town, &room, Attachment { caption: None, ..picture("") }).await;
    assert!(prompt.contains("[picture: cat.png]"), "{prompt}");
    assert_eq!(town.world.model.asked().pop().unwrap().pictures.len(), 1);
    town.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_picture_that_was_taken_away_is_kept_no_more() {
    let town = Town::new("gone").await;
    let room = town.direct(true).await;
    let before = town.said(&room).len();
    let id = town.robin.attach(&room, picture("@abbey look")).await;
    town.answers(&room, before, 1).await;
    town.settled().await;
    town.counts("SELECT COUNT(*) FROM picture", 1).await;
    town.robin.redact(&room, &id).await;
    town.counts("SELECT COUNT(*) FROM picture", 0).await;
    town.counts("SELECT COUNT(*) FROM message WHERE text LIKE '%cat.png%' AND deleted_at IS NULL", 0).await;
    town.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn other_files_are_named() {
    let town = Town::new("blobs").await;
    let room = town.direct(true).await;
    for (name, mime, wanted) in [
        ("x.bin", "application/octet-stream", "[file: x.bin]"),
        ("song.ogg", "audio/ogg", "[sound that cannot be heard here: song.ogg]"),
        ("film.mp4", "video/mp4", "[video that cannot be seen here: film.mp4]"),
    ] {
        let file = Attachment { name, mime, bytes: &[0; 20], caption: Some("@abbey take this"), content: json!({}) };
        let prompt = prompt_for(&town, &room, file).await;
        assert!(prompt.contains("take this") && prompt.contains(wanted), "{prompt}");
    }
    town.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn text_files_are_read() {
    let town = Town::new("notes").await;
    let kim = town.human("kim").await;
    for encrypted in [false, true] {
        let room = town.group(encrypted, &[&kim]).await;
        let notes =
            text("notes.md", b"The heron nests by the mill.\n@Aviva should not be called.", "@abbey what is it?");
        let prompt = prompt_for(&town, &room, notes).await;
        assert!(prompt.contains("heron nests by the mill") && prompt.contains("what is it?"), "{prompt}");
        assert_eq!(town.said(&room).len(), 1, "what a file says calls nobody");
        // Too long for the whole of it, and too long for any of it.
        let (long, huge) = ("word ".repeat(4_000), "x".repeat(300 * 1024));
        let prompt = prompt_for(&town, &room, text("long.txt", long.as_bytes(), "@abbey and this?")).await;
        assert!(prompt.contains("the rest is left out"), "{}", &prompt[..200.min(prompt.len())]);
        let prompt = prompt_for(&town, &room, text("huge.txt", huge.as_bytes(), "@abbey and this?")).await;
        assert!(prompt.contains("huge.txt") && !prompt.contains("xxxx"), "{}", &prompt[..200.min(prompt.len())]);
    }
    town.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_in_a_text_file_is_a_key() {
    let town = Town::new("env").await;
    let kim = town.human("kim").await;
    let room = town.group(true, &[&kim]).await;
    town.robin.set_power(&room, &town.house, 50).await;
    let key = b"OPENAI_API_KEY=sk-proj-0123456789abcdefghijklmnop0123456789";
    let id = town.robin.attach(&room, text("env.txt", key, "@abbey check this")).await;
    let warned = town.answers(&room, 0, 1).await;
    assert!(warned[0].body().contains("revoke"), "{}", warned[0].body());
    town.taken_away(&id).await;
    town.close().await;
}
