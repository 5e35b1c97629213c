//! Reactions as buttons below the house's own answers.

use std::time::Duration;

use greenroom::desk::{Caller, Desk};
use greenroom::domain::{Identity, PlaceRef, Privacy};
use matrix_town::Event;

use super::town::{SOON, Town};

const NEXT: &str = "1️⃣";
/// On pages that have one before and one after them.
const FORWARD: &str = "2️⃣";

/// More characters, so that their list has pages.
async fn many_characters(town: &Town, count: usize) {
    let place = PlaceRef {
        platform: "matrix".into(),
        subject: "!desk".into(),
        parent: None,
        privacy: Privacy::Direct,
        is_encrypted: false,
        is_adult: false,
    };
    let caller = Caller {
        identity: Identity { platform: "matrix".into(), subject: town.robin.id().into() },
        name: "robin".into(),
        place,
        personality: "abbey".into(),
        is_moderator: false,
        locale: None,
        message: None,
        persona: None,
    };
    let desk = Desk::new(town.world.turns.clone());
    for n in 0..count {
        let given = vec![("about", "One of many".into()), ("prompt", "You are one of many.".into())];
        let made = desk.filled(&caller, &format!("/personality create Zoe{n:02}"), given).await;
        assert!(made.refused.is_none(), "{}", made.text);
        let shared = desk.line(&caller, &format!("/personality share everyone Zoe{n:02}")).await;
        assert!(shared.refused.is_none(), "{}", shared.text);
    }
}

/// Waits until the house has put a button on a message.
async fn has_button(town: &Town, message: &Event, key: &str) {
    let is_there =
        |seen: &matrix_town::Seen| seen.reaction(&message.id, key).filter(|one| one.sender == town.house).map(|_| ());
    town.robin.until(is_there, SOON).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn long_lists_are_turned_over_by_whoever_asked() {
    let town = Town::new("pages").await;
    let kim = town.human("kim").await;
    many_characters(&town, 35).await;
    for encrypted in [false, true] {
        let room = town.group(encrypted, &[&kim]).await;
        let first = town.asks(&room, "!personality list", 1).await.remove(0);
        assert!(first.body().contains("Zoe00") && first.body().contains(&format!("{NEXT} Next")), "{}", first.body());
        has_button(&town, &first, NEXT).await;
        // Others, and other emoji, turn nothing.
        kim.hears(&room, first.body()).await;
        kim.react(&room, &first.id, NEXT).await;
        town.robin.react(&room, &first.id, "👍").await;
        town.robin.react(&room, &first.id, "3️⃣").await;
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert_eq!(town.said(&room).len(), 1);
        let before = town.robin.messages(&room).len();
        town.robin.react(&room, &first.id, NEXT).await;
        let turned = |seen: &matrix_town::Seen| {
            seen.messages(&room).skip(before).find(|event| event.text().contains("Zoe20")).cloned()
        };
        let second = town.robin.until(turned, SOON).await;
        assert!(!second.text().contains("Zoe00") && second.text().contains("Previous"), "{}", second.text());
        has_button(&town, &second, NEXT).await;
        has_button(&town, &second, FORWARD).await;
        // From there it goes on.
        let before = town.robin.messages(&room).len();
        town.robin.react(&room, &second.id, FORWARD).await;
        let last = |seen: &matrix_town::Seen| {
            seen.messages(&room).skip(before).any(|event| event.text().contains("Zoe34")).then_some(())
        };
        town.robin.until(last, SOON).await;
    }
    town.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_private_is_turned_over_in_private() {
    let town = Town::new("leaves").await;
    let kim = town.human("kim").await;
    let room = town.group(true, &[&kim]).await;
    for n in 0..12 {
        town.asks(&room, &format!("@abbey number {n}"), 1).await;
    }
    town.settled().await;
    let before = town.said(&room).len();
    town.robin.say(&room, "!memory view").await;
    let private = town.robin.joins_when_invited_by(&town.house).await;
    let first = town.hears(&private, |event| event.body().contains("number 11")).await;
    has_button(&town, &first, NEXT).await;
    town.robin.react(&private, &first.id, NEXT).await;
    let turned = |seen: &matrix_town::Seen| {
        seen.messages(&private).any(|event| event.id != first.id && event.text().contains("number 0")).then_some(())
    };
    town.robin.until(turned, SOON).await;
    let said = town.said(&room).split_off(before);
    assert!(said.iter().all(|event| !event.body().contains("number")), "{said:#?}");
    town.close().await;
}
