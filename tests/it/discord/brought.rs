//! What comes with a message: text files, pictures, links to other messages; and the pictures of characters.

use std::sync::atomic::Ordering;

use fake_discord::{File, Kind, Post, Who};
use greenroom::db::personalities;
use greenroom::domain::{Identity, Moment, Personality, PictureKind};
use greenroom::model::{ErrorClass, ModelError};

use super::town::{SOON, Town};

const VIEW: u64 = 1 << 10;
const PNG: &[u8] = b"\x89PNG\r\n\x1a\n0123456789";

fn picture() -> File {
    File { name: "cat.png".into(), content_type: "image/png".into(), bytes: PNG.to_vec() }
}

/// Robin posts something and one answer comes; returns the last line of the prompt.
async fn prompt_for(town: &Town, channel: u64, post: Post) -> String {
    let before = town.said(channel).len();
    town.fake.posts(town.robin, channel, post);
    town.answers(channel, before, 1).await;
    town.settled().await;
    town.world.model.asked().pop().unwrap().lines.pop().unwrap().content
}

fn with(content: &str, attachments: Vec<File>) -> Post {
    Post { content: content.into(), attachments, ..Post::default() }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn text_files_are_read_and_others_are_named() {
    let town = Town::new().await;
    let notes = File::text("notes.md", "The heron nests by the mill.\n@Aviva should not be called.");
    let blob = File { name: "x.bin".into(), content_type: "application/octet-stream".into(), bytes: vec![0; 20] };
    let prompt = prompt_for(&town, town.lounge, with("@Abbey what does it say?", vec![notes, blob])).await;
    assert!(prompt.contains("heron nests by the mill") && prompt.contains("[file: x.bin]"), "{prompt}");
    assert_eq!(town.said(town.lounge).len(), 1, "what a file says calls nobody");
    // What is edited is read anew, with what came with it.
    let asked =
        town.fake.messages(town.lounge).into_iter().find(|one| one.content.contains("what does it say")).unwrap();
    town.fake.edits(asked.id, "@Abbey what does it really say?");
    // Too long for the whole of it, and too long for any of it.
    let long = File::text("long.txt", &"word ".repeat(4_000));
    let huge = File::text("huge.txt", &"x".repeat(300 * 1024));
    let prompt = prompt_for(&town, town.lounge, with("@Abbey and these?", vec![long, huge])).await;
    assert!(prompt.contains("the rest is left out") && prompt.contains("huge.txt is too long"), "{prompt}");
    let history = town.world.last_prompt();
    assert!(history.contains("really say?") && history.contains("heron nests"), "{history}");
    // A key in a file is a key.
    let before = town.said(town.lounge).len();
    let key = File::text("env.txt", "OPENAI_API_KEY=sk-proj-0123456789abcdefghijklmnop0123456789");
    let id = town.fake.posts(town.robin, town.lounge, with("@Abbey check this", vec![key]));
    let warned = town.answers(town.lounge, before, 1).await;
    assert!(warned[0].content.contains("key") && town.fake.message(id).is_none(), "{}", warned[0].content);
    town.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pictures_are_shown_to_models_that_see_and_named_to_others() {
    let town = Town::new().await;
    let prompt = prompt_for(&town, town.lounge, with("@Abbey look", vec![picture()])).await;
    assert!(prompt.contains("[picture: cat.png]") && prompt.contains("cannot be seen here"), "{prompt}");
    assert!(town.world.model.asked().iter().all(|request| request.pictures.is_empty()));
    town.world.model.sees.store(true, Ordering::SeqCst);
    let prompt = prompt_for(&town, town.lounge, with("@Abbey and now?", vec![picture()])).await;
    let last = town.world.model.asked().pop().unwrap();
    assert_eq!((last.pictures.len(), &*last.pictures[0].bytes, last.pictures[0].media_type), (1, PNG, "image/png"));
    assert!(!prompt.contains("cannot be seen here"), "{prompt}");
    // What only says that it is a picture is none.
    let fraud = File { bytes: b"MZ...".to_vec(), ..picture() };
    let prompt = prompt_for(&town, town.lounge, with("@Abbey this?", vec![fraud])).await;
    assert!(prompt.contains("cannot be seen here") && town.world.model.asked().pop().unwrap().pictures.is_empty());
    // A model that turns out not to see is asked without.
    town.world.model.next([Err(ModelError::new(ErrorClass::BadRequest, "no images"))]);
    let prompt = prompt_for(&town, town.lounge, with("@Abbey once more", vec![picture()])).await;
    assert!(prompt.contains("cannot be seen here") && town.world.model.asked().pop().unwrap().pictures.is_empty());
    // A deleted message leaves nothing behind.
    let kept = "SELECT COUNT(*) FROM picture";
    let before = town.world.db.number(kept).await.unwrap();
    let last = town.fake.messages(town.lounge).into_iter().rev().find(|one| !one.attachments.is_empty()).unwrap().id;
    town.fake.deletes(last);
    for _ in 0..500 {
        if town.world.db.number(kept).await.unwrap() < before {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    assert_eq!(town.world.db.number(kept).await.unwrap(), before - 1);
    town.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn linked_messages_are_read_where_everybody_here_may_read_them() {
    let town = Town::new().await;
    let open = town.fake.channel(town.guild, "news", Kind::Text);
    let back = town.fake.channel(town.guild, "back-room", Kind::Text);
    town.fake.deny(back, Who::Everyone, VIEW);
    town.fake.allow(back, Who::User(town.robin), VIEW);
    town.fake.allow(back, Who::Bot, VIEW);
    let elsewhere = town.fake.guild("Elsewhere");
    let foreign = town.fake.channel(elsewhere, "foreign", Kind::Text);
    town.fake.join(elsewhere, town.kim);
    let say = |channel: u64, text: &str| town.fake.says(town.kim, channel, text);
    let public = say(open, "the market opens at nine");
    let secret = town.fake.says(town.robin, back, "the password is swordfish");
    let other = say(foreign, "the foreign treasure");
    let link = |guild: u64, channel: u64, id: u64| format!("https://discord.com/channels/{guild}/{channel}/{id}");
    let text = format!(
        "@Abbey see {} and {} and {}",
        link(town.guild, open, public),
        link(town.guild, back, secret),
        // A channel of another server under this one's number.
        link(town.guild, foreign, other)
    );
    let prompt = prompt_for(&town, town.lounge, with(&text, Vec::new())).await;
    assert!(prompt.contains("the linked message of kim: the market opens at nine"), "{prompt}");
    assert!(!prompt.contains("swordfish") && !prompt.contains("treasure"), "{prompt}");
    let text = format!("@Abbey see https://discord.com/channels/@me/{open}/{public}");
    let prompt = prompt_for(&town, town.fake.dm(town.robin), with(&text, Vec::new())).await;
    assert!(!prompt.contains("market"), "{prompt}");
    // Within the closed channel itself it is read.
    let text = format!("@Abbey see {}", link(town.guild, back, secret));
    let prompt = prompt_for(&town, back, with(&text, Vec::new())).await;
    assert!(prompt.contains("swordfish"), "{prompt}");
    town.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pictures_of_characters_are_kept_with_discord_where_the_house_has_no_address() {
    let town = Town::at(None).await;
    let create = town.fake.slash(town.robin, town.lounge, "personality create", &[("name", "Old Sam".into())]);
    create.modal().await;
    let values = [("about", "A lighthouse keeper"), ("prompt", "You are Old Sam.")];
    town.fake.submit(town.robin, &create, &values).answered().await;
    let file = town.world.turns.avatars.put(PictureKind::Png, PNG).unwrap();
    let (directory, robin) = (&town.world.turns.directory, town.robin.to_string());
    let robin = Identity { platform: "discord".into(), subject: robin };
    let robin = directory.person(&robin, "robin").await.unwrap();
    let mut sam = Personality::clone(directory.names().seen_by(&robin.member.id).find("Old Sam").unwrap());
    sam.avatar = Some(file);
    let changing =
        town.world.db.write(move |tx| Box::pin(async move { personalities::change(tx, &sam, Moment(0)).await }));
    changing.await.unwrap();
    town.world.turns.directory.reload_names().await.unwrap();
    // The first answer does not wait for it.
    town.asks(town.robin, town.lounge, "@Old Sam are you there?", 1).await;
    town.fake.until(|fake| (!fake.emojis().is_empty()).then_some(()), SOON).await;
    for _ in 0..2 {
        let answer = town.asks(town.robin, town.lounge, "@Old Sam hello", 1).await;
        let url = answer[0].avatar_url.clone().unwrap_or_default();
        let emoji = town.fake.emojis()[0]["id"].as_str().unwrap().to_owned();
        assert_eq!(url, format!("https://cdn.discordapp.com/emojis/{emoji}.png"));
        town.settled().await;
    }
    assert_eq!(town.fake.emojis().len(), 1);
    town.close().await;
}
