//! Members' own keys: asked for in private, kept sealed, used for their owner alone.

use std::collections::HashMap;
use std::path::Path;

use fake_llm::{Answer, FakeLlm};
use greenroom::db::keys;
use greenroom::desk::{Caller, Desk, Filled};
use greenroom::domain::{Answer as Said, AskKind, Clock, KeyState, SystemClock};
use greenroom::keyring::{belong_together, sweep};
use greenroom::testing::{Engine, World};
use greenroom::vault::{Keyset, Vault};
use secrecy::SecretString;

use crate::both;
use crate::folk::{self, shown};

fn caller(who: &str) -> Caller {
    folk::caller(who, &format!("@{who}"))
}

/// A key that occurs nowhere else.
fn canary(who: &str) -> String {
    format!("sk-canary-{who}-{}", SystemClock::default().id())
}

/// Gives `/keys set` and fills in its form.
async fn brings(desk: &Desk, who: &str, line: &str, key: &str) -> Said {
    let asked = desk.line(&caller(who), line).await;
    let form = asked.form.unwrap_or_else(|| panic!("{} is no form", asked.text));
    assert!(asked.private && form.asks.len() == 1 && form.asks[0].kind == AskKind::Secret);
    let filled: Filled = vec![(form.asks[0].name, SecretString::from(key))];
    desk.filled(&caller(who), &form.line, filled).await
}

const SET: &str = "/keys set mine --model fake-model";

both!(a_key_answers_its_owner_and_is_shown_to_nobody, |engine| {
    let llm = FakeLlm::start().await;
    let (robin, kim) = (canary("robin"), canary("kim"));
    llm.only_for(&[&robin]);
    let world = World::with_provider(engine, "mine", &llm.url()).await;
    let desk = Desk::new(world.turns.clone());

    let refused = brings(&desk, "kim", SET, &kim).await;
    assert!(refused.text.contains("does not accept"), "{}", refused.text);
    assert!(shown(&desk.line(&caller("kim"), "/keys list").await).contains("no key"));

    let set = brings(&desk, "robin", SET, &format!(" \"{robin}\"\n")).await;
    assert!(set.text.contains("works"), "{}", set.text);
    let list = shown(&desk.line(&caller("robin"), "/keys list").await);
    let end = &robin[robin.len() - 4..];
    assert!(list.contains(&format!("…{end}")) && list.contains("fake-model") && list.contains("answers you"), "{list}");
    assert!(!list.contains(&robin[..16]), "{list}");

    assert_eq!(world.asks("robin", "@robin", "hello").await, ["Abbey: Echo: hello"]);
    assert_eq!(llm.seen().last().unwrap().header("authorization"), Some(format!("Bearer {robin}").as_str()));
    let inspect = shown(&desk.line(&caller("robin"), "/inspect").await);
    assert!(inspect.contains("your key") && inspect.contains("mine"), "{inspect}");
    assert_eq!(world.asks("kim", "@kim", "hello").await, ["Abbey: re: hello"], "kim has the house's model");

    let tested = desk.line(&caller("robin"), "/keys test mine").await;
    assert!(tested.text.contains("works"), "{}", tested.text);
    let removed = desk.line(&caller("robin"), "/keys remove mine").await;
    assert!(removed.text.contains("removed"), "{}", removed.text);
    assert_eq!(world.asks("robin", "@robin", "again").await, ["Abbey: re: again"]);
    assert!(desk.line(&caller("robin"), "/keys remove mine").await.text.contains("no key"));

    world.remembered().await;
    if engine == Engine::Sqlite {
        for key in [&robin, &kim] {
            assert_eq!(traces(world.path(), key), Vec::<String>::new());
        }
    }
    world.stop().await;
});

both!(a_key_that_stops_working_is_said_and_never_replaced_by_another, |engine| {
    let llm = FakeLlm::start().await;
    let world = World::with_provider(engine, "mine", &llm.url()).await;
    let desk = Desk::new(world.turns.clone());
    brings(&desk, "robin", SET, &canary("robin")).await;

    for (fault, line, state) in [
        (Answer::error(401, "invalid_api_key", "bad key"), "not accepted any more", "is not accepted"),
        (Answer::insufficient_quota(), "no credit", "no credit"),
    ] {
        llm.then(fault);
        let said = world.asks("robin", "@robin", "hello").await;
        assert!(said.len() == 1 && said[0].contains(line), "{said:?}");
        let list = shown(&desk.line(&caller("robin"), "/keys list").await);
        assert!(list.contains(state), "{list}");
    }
    assert!(world.model.asked().is_empty(), "the house's model was not asked");
    let said = world.asks("robin", "@robin", "better?").await;
    assert!(said.len() == 1 && said[0].ends_with("better?"), "{said:?}");
    assert!(shown(&desk.line(&caller("robin"), "/keys list").await).contains("works"));
    world.stop().await;
});

both!(hundreds_of_mixed_requests_each_carry_their_askers_key, |engine| {
    let llm = FakeLlm::start().await;
    let world = World::with_provider(engine, "mine", &llm.url()).await;
    // Whatever has to be tried again later is.
    world.goes_by();
    let desk = Desk::new(world.turns.clone());
    let mut keys: HashMap<String, String> = HashMap::new();
    for n in 0..MEMBERS {
        let (who, key) = (format!("member{n}"), canary(&format!("m{n}")));
        if n % 4 != 3 {
            brings(&desk, &who, SET, &key).await;
            keys.insert(who, key);
        }
    }
    // Every fifth answer fails first: retries must not change whose key it is.
    let asked = std::sync::atomic::AtomicUsize::new(0);
    llm.otherwise(move |body| match asked.fetch_add(1, std::sync::atomic::Ordering::Relaxed) % 5 {
        4 => Answer::error(503, "overloaded", "later"),
        _ => fake_llm::echo(body),
    });
    let (mut checked, mut by_the_house) = (0, 0);
    llm.take_seen();
    for evening in 0..rounds().div_ceil(EVENING) {
        let talks = (0..MEMBERS).map(|n| {
            let (world, who) = (&world, format!("member{n}"));
            // New rooms every evening: what is tried here is whose key it is, not how long a talk can get.
            let place = format!("{}{}.{evening}", if n % 2 == 0 { "#den" } else { "!club" }, n % ROOMS);
            async move {
                for round in 0..EVENING {
                    world.asks(&who, &place, &format!("@abbey from:{who}: {round}")).await;
                }
            }
        });
        futures::future::join_all(talks).await;
        for seen in llm.take_seen() {
            let who =
                seen.last_line().rsplit("from:").next().and_then(|rest| rest.split(':').next()).unwrap_or_default();
            let key = keys.get(who).unwrap_or_else(|| panic!("{who} has no key"));
            assert_eq!(seen.header("authorization"), Some(format!("Bearer {key}").as_str()), "{who}");
            checked += 1;
        }
        for request in world.model.take_asked() {
            let line = &request.lines.last().unwrap().content;
            let who = line.rsplit("from:").next().and_then(|rest| rest.split(':').next()).unwrap_or_default();
            assert!(!keys.contains_key(who), "{who} has a key and was answered by the house");
            by_the_house += 1;
        }
    }
    println!("{checked} requests, each with its asker's key; {by_the_house} by the house, none of a member with a key");
    assert!(checked >= MEMBERS * rounds() * 3 / 4, "{checked}");
    assert!(by_the_house >= MEMBERS * rounds() / 4, "{by_the_house}");
    world.stop().await;
});

const MEMBERS: usize = 24;
/// Rounds of all members; `GREENROOM_TEST_KEY_ROUNDS=4200` makes it a hundred thousand requests.
const ROUNDS: usize = 12;
/// Rounds in one room, each member at their own pace.
const EVENING: usize = 6;
/// Rooms of an evening: each has members with and without a key.
const ROOMS: usize = 10;

fn rounds() -> usize {
    #[expect(clippy::disallowed_methods, reason = "a switch of the tests, not a setting")]
    let rounds = std::env::var("GREENROOM_TEST_KEY_ROUNDS");
    rounds.ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(ROUNDS)
}

both!(bad_ways_to_bring_a_key_keep_nothing, |engine| {
    let llm = FakeLlm::start().await;
    let world = World::with_provider(engine, "mine", &llm.url()).await;
    let desk = Desk::new(world.turns.clone());
    for (line, wanted) in [
        ("/keys set nowhere", "I know:"),
        ("/keys set mine", "which model"),
        ("/keys test mine", "no key"),
        ("/keys set mine --key sk-1234567890abcdef", "not an option"),
        ("/keys set mine 1234567890abcdef", "know what to do"),
        ("/keys set mine sk-1234567890abcdef0123", "looks like a provider’s key"),
        ("/persona create Rook --description sk-1234567890abcdef0123", "looks like a provider’s key"),
    ] {
        let answer = desk.line(&caller("robin"), line).await;
        assert!(answer.form.is_none() && answer.private && answer.text.contains(wanted), "{line}: {}", answer.text);
    }
    for none in ["short", "two words here", "sk-\u{a0}abcdefgh"] {
        let answer = brings(&desk, "robin", SET, none).await;
        assert!(answer.text.contains("not what a key looks like"), "{}", answer.text);
    }
    let unknown = brings(&desk, "robin", "/keys set mine --model other", &canary("robin")).await;
    assert!(unknown.text.contains("does not know that model"), "{}", unknown.text);
    for _ in 0..4 {
        brings(&desk, "robin", "/keys set mine --model other", &canary("robin")).await;
    }
    let often = brings(&desk, "robin", SET, &canary("robin")).await;
    assert!(often.text.contains("60 min"), "{}", often.text);
    assert_eq!(world.db.number("SELECT COUNT(*) FROM member_key").await.unwrap(), 0);

    // A key that is pasted into the conversation goes nowhere.
    let received = world.says("robin", "@robin", &format!("@abbey my key is {}", canary("robin"))).await;
    assert!(received.held_a_key && received.turns.is_empty());
    assert_eq!(world.db.number("SELECT COUNT(*) FROM message").await.unwrap(), 0);
    world.stop().await;
});

both!(a_rotation_seals_every_key_anew_while_the_house_serves, |engine| {
    let llm = FakeLlm::start().await;
    let world = World::with_provider(engine, "mine", &llm.url()).await;
    let desk = Desk::new(world.turns.clone());
    let mut wanted = HashMap::new();
    for n in 0..30 {
        let (who, key) = (format!("member{n}"), canary(&format!("r{n}")));
        brings(&desk, &who, SET, &key).await;
        wanted.insert(who, key);
    }
    let path = world.path().join("keyset.json");
    let mut keyset = Keyset::open(&path).unwrap();
    let id = keyset.add_primary().unwrap();
    keyset.save(&path).unwrap();
    let vault = Vault::open(&path).unwrap();
    let serving = async {
        for n in 0..30 {
            let who = format!("member{n}");
            let said = world.asks(&who, &format!("@{who}"), "during the rotation").await;
            assert_eq!(said, ["Abbey: Echo: during the rotation"]);
        }
    };
    let (swept, ()) = tokio::join!(sweep(&world.db, &vault), serving);
    assert_eq!(swept.unwrap(), 30);
    assert_eq!(keys::by_keyset_key(&world.db).await.unwrap(), [(id, 30)]);
    assert_eq!(sweep(&world.db, &vault).await.unwrap(), 0, "a second sweep finds nothing to do");

    // Without the old key everything still opens.
    keyset.remove(1).unwrap();
    keyset.save(&path).unwrap();
    for (who, key) in &wanted {
        world.asks(who, &format!("@{who}"), "after the rotation").await;
        assert_eq!(llm.seen().last().unwrap().header("authorization"), Some(format!("Bearer {key}").as_str()));
    }
    world.stop().await;
});

#[tokio::test]
async fn a_row_that_was_moved_or_pointed_elsewhere_answers_nobody() {
    let llm = FakeLlm::start().await;
    let world = World::with_provider(Engine::Sqlite, "mine", &llm.url()).await;
    let desk = Desk::new(world.turns.clone());
    brings(&desk, "robin", SET, &canary("robin")).await;
    world.asks("kim", "@kim", "hello").await;
    let asked = llm.chats();
    world.db.number("SELECT COUNT(*) FROM member_key").await.unwrap();
    world
        .db
        .run("UPDATE member_key SET member_id = (SELECT member_id FROM identity WHERE subject = 'kim')")
        .await
        .unwrap();
    let said = world.asks("kim", "@kim", "is this my key now?").await;
    assert!(said[0].contains("can’t be opened"), "{said:?}");
    world.db.run("UPDATE member_key SET member_id = (SELECT member_id FROM identity WHERE subject = 'robin'), base_url = 'https://openrouter.ai/api/v1'").await.unwrap();
    let said = world.asks("robin", "@robin", "where does it go?").await;
    assert!(said[0].contains("can’t be opened"), "{said:?}");
    assert_eq!(llm.chats(), asked);
    assert_eq!(KeyState::read("nonsense"), KeyState::Unverified);
    world.stop().await;
}

/// Files below `folder` that hold the key, or a part of it, in any usual writing.
fn traces(folder: &Path, key: &str) -> Vec<String> {
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>().into_bytes();
    let mut needles: Vec<Vec<u8>> = key.as_bytes().windows(12).map(<[u8]>::to_vec).collect();
    needles.push(hex(key.as_bytes()));
    needles.push(key.bytes().rev().collect());
    needles.push(key.encode_utf16().flat_map(u16::to_le_bytes).collect());
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let content = std::fs::read(&path).unwrap();
        // Members' names and ids have parts in common with nothing of the key but its beginning.
        for needle in needles.iter().skip(16) {
            if content.windows(needle.len()).any(|window| window == needle.as_slice()) {
                found.push(path.display().to_string());
            }
        }
    }
    found.dedup();
    found
}

#[tokio::test]
async fn a_keyset_that_is_not_the_databases_is_noticed_before_anybody_is_told_their_key_is_broken() {
    let llm = FakeLlm::start().await;
    let world = World::with_provider(Engine::Sqlite, "mine", &llm.url()).await;
    let desk = Desk::new(world.turns.clone());
    brings(&desk, "robin", SET, &canary("robin")).await;
    let own = Vault::open(&world.path().join("keyset.json")).unwrap();
    belong_together(&world.db, &own).await.unwrap();
    let elsewhere = world.path().join("other.json");
    let mut other = Keyset::new().unwrap();
    other.add_primary().unwrap();
    other.remove(1).unwrap();
    other.save(&elsewhere).unwrap();
    let error = belong_together(&world.db, &Vault::open(&elsewhere).unwrap()).await.unwrap_err().to_string();
    assert!(error.contains("no key 1") && error.contains("restore the keyset"), "{error}");
    world.stop().await;
}
