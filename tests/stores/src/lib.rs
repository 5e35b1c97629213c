//! One conformance suite for every vector store: the embedded one on both engines, the Qdrant client in front of
//! the double (Qdrant's own engine), and in front of a real server where `QDRANT_TEST_URL` names one.
#![cfg(test)]

mod corpus;
mod faults;
mod homes;
mod outages;

use std::sync::Arc;

use greenroom::domain::{MemoryId, Moment, PersonaId, PersonalityId, PlaceId, Reach, Scope, Tenant};
use greenroom::recall::{Entry, Forget, Hit, Query, RecallError, Spoken, VectorStore, Weights};
use tokio::task::JoinSet;

use self::corpus::{Dice, entry, reference, scope, space, unit};
use self::homes::{Home, Kind};

const BOTH: Weights = Weights::plain(0.5, 1.0);

/// Makes one test for each store out of an async block that gets its [`Home`].
macro_rules! every_store {
    ($name:ident, |$home:ident| $body:block) => {
        mod $name {
            use super::*;

            async fn story($home: Home) $body

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn embedded_on_sqlite() {
                story(Home::of(Kind::Sqlite).await.expect("always there")).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn embedded_on_postgres() {
                story(Home::of(Kind::Postgres).await.expect("always there")).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn qdrant_double() {
                story(Home::of(Kind::Double).await.expect("always there")).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn qdrant_server() {
                if let Some(home) = Home::of(Kind::Server).await {
                    story(home).await;
                }
            }
        }
    };
}

fn by_words(text: &str, limit: usize) -> Query {
    Query { text: text.into(), dense: None, limit, weights: BOTH }
}

fn memories(hits: &[Hit]) -> Vec<&str> {
    hits.iter().map(|hit| hit.memory.as_str()).collect()
}

/// An entry of the persona `who` that says `text`, in an open place, near direction `n`.
fn said(who: &str, memory: &str, text: &str, n: u64) -> Entry {
    let spoken = Spoken { words: text.into(), ..entry(who, memory).spoken };
    Entry { text: text.into(), spoken, dense: unit(n), ..entry(who, memory) }
}

every_store!(putting_again_replaces, |home| {
    let store = home.store().await;
    let first = said("ada", "m1", "the harbour was cold", 1);
    store.put(std::slice::from_ref(&first)).await.unwrap();
    store.put(&[first.clone(), first.clone()]).await.unwrap();
    assert_eq!(store.count(None).await.unwrap(), 1);
    let moved = Entry { text: "a warm kitchen".into(), dense: unit(2), at: Moment(7), ..first };
    store.put(&[moved]).await.unwrap();
    assert_eq!(store.count(None).await.unwrap(), 1);
    let scope = scope("ada", "here");
    assert!(store.search(&scope, &by_words("harbour", 5)).await.unwrap().is_empty());
    let hits = store.search(&scope, &by_words("kitchen", 5)).await.unwrap();
    assert_eq!((memories(&hits), hits[0].at), (vec!["m1"], Moment(7)));
    // The same chunk under another tenant is gone from the first one.
    store.put(&[said("bob", "m1", "a warm kitchen", 2)]).await.unwrap();
    assert!(store.search(&scope, &by_words("kitchen", 5)).await.unwrap().is_empty());
    assert_eq!(store.count(Some(&entry("bob", "m1").tenant)).await.unwrap(), 1);
});

every_store!(the_order_is_that_of_the_reference, |home| {
    let store = home.store().await;
    let mut dice = Dice(11);
    let entries: Vec<Entry> = (0..3).flat_map(|who| corpus::chat(&mut dice, &format!("p{who}"), 400)).collect();
    store.put(&entries).await.unwrap();
    let (mut asked, mut first, mut found, mut wanted) = (0, 0, 0, 0);
    for n in 0..100 {
        let scope = scope(&format!("p{}", n % 3), ["here", "there"][n % 2]);
        let mut query = corpus::question(&mut dice, &entries);
        query.weights = [Weights::DEFAULT, BOTH, Weights::plain(1.0, 0.0), Weights::plain(0.0, 1.0)][n / 3 % 4];
        if n % 5 == 4 {
            query.dense = None;
        }
        let hits = store.search(&scope, &query).await.unwrap();
        let expected = reference(&entries, &scope, &query);
        let (hits, expected) = (memories(&hits), expected.iter().map(String::as_str).collect::<Vec<_>>());
        if home.is_embedded() {
            assert_eq!(hits, expected, "query {n}: {query:?}");
        }
        asked += 1;
        first += usize::from(hits.first() == expected.first());
        found += expected.iter().filter(|memory| hits.contains(memory)).count();
        wanted += expected.len();
    }
    let share = |part: usize, whole: usize| part as f64 / whole as f64;
    eprintln!("{}: first {:.3}, recall {:.3}", store.name(), share(first, asked), share(found, wanted));
    assert!(wanted > asked * 5, "the questions find something");
    assert!(share(first, asked) >= 0.95, "{first} of {asked} first places");
    assert!(share(found, wanted) >= 0.95, "{found} of {wanted}");
});

every_store!(a_memory_of_many_chunks_is_found_once, |home| {
    let store = home.store().await;
    let chunk = |n: u64, text: &str| Entry { id: format!("long/{n}"), ..said("ada", "long", text, n) };
    let entries = [chunk(1, "storm at sea"), chunk(2, "storm in the harbour"), said("ada", "short", "storm", 3)];
    store.put(&entries).await.unwrap();
    let query = Query { dense: Some(unit(2)), ..by_words("storm harbour", 5) };
    let hits = store.search(&scope("ada", "here"), &query).await.unwrap();
    assert_eq!(memories(&hits), ["long", "short"]);
    assert!(hits[0].dense.unwrap() > 0.99 && hits[0].lexical.unwrap() > 0.0, "{:?}", hits[0]);
});

every_store!(what_was_said_again_is_found_once_and_named, |home| {
    let store = home.store().await;
    let again = |memory: &str, at: i64, says: u64, n: u64| {
        let entry = said("ada", memory, "the harbour was cold", n);
        Entry { at: Moment(at), spoken: Spoken { says, ..entry.spoken }, ..entry }
    };
    let mut entries: Vec<Entry> = (0..30).map(|n| again(&format!("same-{n:02}"), n, 5, 1)).collect();
    entries.extend((0..9).map(|n| again(&format!("other-{n}"), 100, 0, 2 + n)));
    // Another's words are no reason to leave one's own out, nor what the scope does not admit.
    entries.push(Entry { at: Moment(99), ..said("bob", "of-bob", "the harbour was cold", 1) });
    let private = again("private", 98, 5, 1);
    entries.push(Entry { place: PlaceId::new("den"), reach: Reach::Private, ..private });
    store.put(&entries).await.unwrap();
    let query = Query { dense: Some(unit(1)), ..by_words("cold harbour", 6) };
    let hits = store.search(&scope("ada", "here"), &query).await.unwrap();
    assert_eq!((hits.len(), memories(&hits)[0]), (6, "same-29"));
    let named: Vec<&str> = hits[0].again.iter().map(MemoryId::as_str).collect();
    let wanted: Vec<String> = (0..29).rev().map(|n| format!("same-{n:02}")).collect();
    assert_eq!(named, wanted);
    assert!(hits[1..].iter().all(|hit| hit.again.is_empty() && hit.memory.as_str().starts_with("other-")));
});

every_store!(nobody_finds_what_is_not_theirs, |home| {
    let store = home.store().await;
    // Near duplicates everywhere: only the tenant tells them apart.
    let entries: Vec<Entry> = (0..20)
        .flat_map(|who| (0..50).map(move |n| (who, n)))
        .map(|(who, n)| {
            said(&format!("p{who}"), &format!("p{who}-{n}"), &format!("the lighthouse keeper sang song {n}"), n)
        })
        .collect();
    store.put(&entries).await.unwrap();
    let mut dice = Dice(5);
    let (mut foreign, mut own) = (0, 0);
    for _ in 0..home.patience(4_000, 400) {
        let (who, n) = (format!("p{}", dice.below(20)), dice.below(50) as u64);
        let text = format!("song {n} of the lighthouse");
        let dense = (dice.below(3) > 0).then(|| unit(n));
        let query = Query { text, dense, limit: 1 + dice.below(10), weights: BOTH };
        let hits = store.search(&scope(&who, "here"), &query).await.unwrap();
        assert!(hits.len() <= query.limit);
        let mine = hits.iter().filter(|hit| hit.memory.as_str().starts_with(&format!("{who}-"))).count();
        own += mine;
        foreign += hits.len() - mine;
    }
    assert_eq!(foreign, 0);
    assert!(own > 1_000, "{own}");
});

every_store!(private_words_stay_where_they_were_said, |home| {
    let store = home.store().await;
    let at = |memory: &str, place: &str, reach| Entry {
        place: PlaceId::new(place),
        reach,
        ..said("ada", memory, "the secret recipe", 1)
    };
    let entries = [
        at("dm", "dm", Reach::Private),
        at("den", "den", Reach::Private),
        at("club", "club", Reach::Open),
        at("spaced", "den with a view", Reach::Private),
        at("sealed", "vault", Reach::Sealed),
    ];
    store.put(&entries).await.unwrap();
    let seen = async |scope: Scope| {
        let query = Query { dense: Some(unit(1)), ..by_words("secret recipe", 9) };
        let mut seen: Vec<String> =
            memories(&store.search(&scope, &query).await.unwrap()).iter().map(|id| id.to_string()).collect();
        seen.sort();
        seen
    };
    assert_eq!(seen(scope("ada", "dm")).await, ["club", "dm"]);
    assert_eq!(seen(scope("ada", "den")).await, ["club", "den"]);
    assert_eq!(seen(scope("ada", "den with a view")).await, ["club", "spaced"]);
    assert_eq!(seen(scope("ada", "view")).await, ["club"]);
    let from = |scope: fn(PersonaId, PersonalityId, PlaceId) -> Scope, place: &str| {
        scope(PersonaId::new("ada"), PersonalityId::new("abbey"), PlaceId::new(place))
    };
    assert_eq!(seen(from(Scope::shared, "dm")).await, ["club", "den", "dm", "spaced"]);
    assert_eq!(seen(from(Scope::own, "dm")).await, ["club", "den", "dm", "sealed", "spaced"]);
    // No consent opens what was said in an encrypted room, and in that room it is found.
    assert_eq!(seen(scope("ada", "vault")).await, ["club", "sealed"]);
});

every_store!(canon_and_session_are_part_of_the_scope, |home| {
    let store = home.store().await;
    let abbey = PersonalityId::new("abbey");
    let session = |place: &str| Tenant::session(&PlaceId::new(place), &abbey);
    let entries = [
        said("ada", "own", "tea at five", 1),
        Entry { tenant: Tenant::global(&abbey), ..said("ada", "canon", "tea at five", 2) },
        Entry { tenant: session("here"), ..said("ada", "session", "tea at five", 3) },
        Entry { tenant: session("there"), ..said("ada", "elsewhere", "tea at five", 4) },
    ];
    store.put(&entries).await.unwrap();
    let hits = store.search(&scope("ada", "here"), &by_words("tea", 9)).await.unwrap();
    let mut found = memories(&hits);
    found.sort_unstable();
    assert_eq!(found, ["canon", "own", "session"]);
});

every_store!(what_is_forgotten_is_never_found_again, |home| {
    let store = home.store().await;
    let mut dice = Dice(3);
    let entries: Vec<Entry> = ["ada", "bob", "cy"].iter().flat_map(|who| corpus::chat(&mut dice, who, 30)).collect();
    store.put(&entries).await.unwrap();
    let everything = |who: &str| (scope(who, "here"), Query { dense: Some(unit(1)), ..by_words("", 99) });
    let (ada, query) = everything("ada");
    let ada = Scope::own(PersonaId::new("ada"), PersonalityId::new("abbey"), ada.place().clone());
    // What was said again in the same words stands with the one that is found.
    let found = async || {
        let hits = store.search(&ada, &query).await.unwrap();
        hits.into_iter().flat_map(|hit| [vec![hit.memory], hit.again].concat()).collect::<Vec<_>>()
    };
    assert_eq!(found().await.len(), 30);

    store.forget(&Forget::Memories(vec![])).await.unwrap();
    let gone = [entries[0].memory.clone(), entries[7].memory.clone(), MemoryId::new("never-was")];
    store.forget(&Forget::Memories(gone.to_vec())).await.unwrap();
    let left = found().await;
    assert_eq!(left.len(), 28);
    assert!(left.iter().all(|memory| !gone.contains(memory)));

    store.forget(&Forget::Tenant(entries[0].tenant.clone())).await.unwrap();
    assert!(store.search(&ada, &query).await.unwrap().is_empty());
    assert_eq!(store.count(Some(&entries[0].tenant)).await.unwrap(), 0);
    let others = entries.iter().filter(|entry| entry.tenant != entries[0].tenant).count();
    assert_eq!(store.count(None).await.unwrap(), others as u64);

    store.forget(&Forget::All).await.unwrap();
    assert_eq!(store.count(None).await.unwrap(), 0);
    let (bob, query) = everything("bob");
    assert!(store.search(&bob, &query).await.unwrap().is_empty());
    // It works on as an empty store.
    store.put(&entries[..1]).await.unwrap();
    assert_eq!(store.search(&ada, &query).await.unwrap().len(), 1);
});

every_store!(vectors_of_another_space_are_refused, |home| {
    let store = home.store().await;
    store.put(&[entry("ada", "m1")]).await.unwrap();
    let mut other = space();
    other.revision = "2".into();
    let late = home.unopened().await;
    let error = late.open(&other).await.unwrap_err();
    let RecallError::WrongSpace { found, wanted } = &error else { panic!("{error}") };
    assert!(found.starts_with(&space().tag()) && wanted.starts_with(&other.tag()), "{error}");
    // What a reindex does: clear away, then open.
    late.forget(&Forget::All).await.unwrap();
    late.open(&other).await.unwrap();
    assert_eq!(late.count(None).await.unwrap(), 0);
    late.put(&[entry("ada", "m1")]).await.unwrap();
    let error = home.unopened().await.open(&space()).await.unwrap_err();
    assert!(matches!(error, RecallError::WrongSpace { .. }), "{error}");
});

every_store!(an_empty_store_finds_nothing, |home| {
    let store = home.store().await;
    let query = Query { dense: Some(unit(1)), ..by_words("anything", 5) };
    assert!(store.search(&scope("ada", "here"), &query).await.unwrap().is_empty());
    assert_eq!(store.count(None).await.unwrap(), 0);
    assert_eq!(store.count(Some(&Tenant::stored("p:ada:abbey"))).await.unwrap(), 0);
    store.put(&[]).await.unwrap();
    store.check().await.unwrap();
    let unopened = home.unopened().await;
    assert!(matches!(unopened.search(&scope("ada", "here"), &query).await, Err(RecallError::Unavailable { .. })));
});

every_store!(any_text_can_be_stored_and_asked, |home| {
    let store = home.store().await;
    let texts = ["", "   ", "🙂🙃", "我喜欢猫", "नमस्ते दुनिया", "\u{0}\u{FFFF}", "'; DROP TABLE chunk; --", "É é É́"];
    let long = "a very long tale ".repeat(600);
    let howl = "a".repeat(10_000);
    let all: Vec<&str> = texts.iter().copied().chain([long.as_str(), howl.as_str()]).collect();
    let entries: Vec<Entry> =
        all.iter().enumerate().map(|(n, text)| said("ada", &format!("m{n}"), text, n as u64)).collect();
    store.put(&entries).await.unwrap();
    for (n, text) in all.iter().enumerate() {
        let query = Query { dense: Some(unit(n as u64)), ..by_words(text, 3) };
        let hits = store.search(&scope("ada", "here"), &query).await.unwrap();
        assert_eq!(memories(&hits)[0], format!("m{n}"), "{:.20}", text);
        store.search(&scope("ada", "here"), &by_words(text, 3)).await.unwrap();
    }
    let cats = store.search(&scope("ada", "here"), &by_words("喜欢", 3)).await.unwrap();
    assert_eq!(memories(&cats), ["m3"]);
    assert!(store.search(&scope("ada", "here"), &by_words("tale", 0)).await.unwrap().is_empty());
});

every_store!(vectors_that_cannot_be_are_refused, |home| {
    let store = home.store().await;
    for dense in [vec![], vec![1.0; 3], vec![f32::NAN; space().dimension]] {
        let bad = Entry { dense: dense.clone(), ..entry("ada", "m1") };
        let refused = store.put(&[entry("ada", "m2"), bad]).await;
        assert!(matches!(refused, Err(RecallError::Unusable { .. })), "{refused:?}");
        let query = Query { dense: Some(dense), ..by_words("x", 1) };
        let refused = store.search(&scope("ada", "here"), &query).await;
        assert!(matches!(refused, Err(RecallError::Unusable { .. })), "{refused:?}");
    }
    assert_eq!(store.count(None).await.unwrap(), 0);
});

every_store!(what_was_put_is_there_after_a_restart, |home| {
    let store = home.store().await;
    let mut dice = Dice(8);
    let entries = corpus::chat(&mut dice, "ada", 40);
    store.put(&entries).await.unwrap();
    store.forget(&Forget::Memories(vec![entries[3].memory.clone()])).await.unwrap();
    let query = Query { limit: 99, ..corpus::question(&mut dice, &entries) };
    let before = store.search(&scope("ada", "here"), &query).await.unwrap();
    drop(store);
    let home = home.restarted().await;
    let store = home.store().await;
    let kept = entries.iter().filter(|entry| entry.memory != entries[3].memory).count();
    assert_eq!(store.count(None).await.unwrap(), kept as u64);
    let after = store.search(&scope("ada", "here"), &query).await.unwrap();
    let (mut before, mut after) = (memories(&before), memories(&after));
    if !home.is_embedded() {
        // Qdrant counts removed texts in its word statistics until it cleans up: neighbours may change places.
        before.sort_unstable();
        after.sort_unstable();
    }
    assert_eq!(after, before);
});

every_store!(puts_searches_and_forgets_at_once_agree, |home| {
    let store = home.store().await;
    let rounds = home.patience(60, 12);
    let mut tasks = JoinSet::new();
    for who in 0..3 {
        let store: Arc<dyn VectorStore> = store.clone();
        tasks.spawn(async move {
            let name = format!("p{who}");
            let scope = scope(&name, "here");
            for n in 0..rounds {
                let kept = said(&name, &format!("{name}-kept-{n}"), "the same old song", n as u64);
                let lost = said(&name, &format!("{name}-lost-{n}"), "the same old song", n as u64);
                store.put(&[kept.clone(), lost.clone()]).await.unwrap();
                let query = Query { dense: Some(unit(n as u64)), ..by_words("song", 500) };
                let hits = store.search(&scope, &query).await.unwrap();
                assert!(hits.iter().any(|hit| hit.memory == lost.memory), "what was put is found");
                store.forget(&Forget::Memories(vec![lost.memory.clone()])).await.unwrap();
                let hits = store.search(&scope, &query).await.unwrap();
                let found = memories(&hits);
                assert!(!found.iter().any(|memory| memory.contains("lost")), "what was forgotten is not: {found:?}");
                assert_eq!(found.len(), n + 1, "nothing else went");
            }
        });
        // Others read the same tenant all the time, so that copies are made at every moment.
        let (store, scope) = (home.store().await, self::scope(&format!("p{who}"), "here"));
        tasks.spawn(async move {
            for n in 0..rounds * 3 {
                store.search(&scope, &Query { dense: Some(unit(n as u64)), ..by_words("song", 5) }).await.unwrap();
            }
        });
    }
    while let Some(done) = tasks.join_next().await {
        done.unwrap();
    }
    assert_eq!(store.count(None).await.unwrap(), 3 * rounds as u64);
});

every_store!(a_change_by_another_process_is_seen_at_once, |home| {
    let (here, there) = (home.store().await, home.store().await);
    let scope = scope("ada", "here");
    here.put(&[said("ada", "m1", "blue moon", 1), said("ada", "m2", "blue sea", 2)]).await.unwrap();
    for store in [&here, &there] {
        assert_eq!(store.search(&scope, &by_words("blue", 5)).await.unwrap().len(), 2);
    }
    there.forget(&Forget::Memories(vec![MemoryId::new("m1")])).await.unwrap();
    assert_eq!(memories(&here.search(&scope, &by_words("blue", 5)).await.unwrap()), ["m2"]);
    here.forget(&Forget::All).await.unwrap();
    assert!(there.search(&scope, &by_words("blue", 5)).await.unwrap().is_empty());
    here.put(&[said("ada", "m3", "blue sky", 3)]).await.unwrap();
    assert_eq!(memories(&there.search(&scope, &by_words("blue", 5)).await.unwrap()), ["m3"]);
});
