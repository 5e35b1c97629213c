//! What happens when Qdrant is away, slow, broken or locked; and what only the embedded store promises.

use std::time::{Duration, Instant};

use fake_qdrant::FakeQdrant;
use greenroom::db::Db;
use greenroom::recall::{Exact, Forget, Qdrant, QdrantSettings, Query, RecallError, VectorStore};
use greenroom::testing::{Engine, Scratch, fresh_database};

use super::corpus::{self, Dice, entry, reference, scope, space, unit};
use super::{BOTH, by_words, memories, said};

/// The deadline of a search and what a loaded machine adds to it.
const ALLOWED: Duration = Duration::from_millis(150 + 1_850);

fn asking() -> Query {
    Query { dense: Some(unit(1)), ..by_words("moon", 3) }
}

fn unavailable<T: std::fmt::Debug>(answer: &Result<T, RecallError>) -> bool {
    matches!(answer, Err(RecallError::Unavailable { .. }))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_qdrant_that_goes_away_is_reported_within_the_deadline_and_used_again_when_it_is_back() {
    let mut server = FakeQdrant::start().await;
    let store = Qdrant::new(QdrantSettings::new(server.url())).unwrap();
    store.open(&space()).await.unwrap();
    store.put(&[said("ada", "m1", "blue moon", 1)]).await.unwrap();
    server.stop().await;
    for _ in 0..3 {
        let started = Instant::now();
        let answer = store.search(&scope("ada", "here"), &asking()).await;
        assert!(unavailable(&answer), "{answer:?}");
        assert!(started.elapsed() < ALLOWED, "{:?}", started.elapsed());
    }
    assert!(unavailable(&store.put(&[said("ada", "m2", "moon", 2)]).await));
    let forgotten = store.forget(&Forget::All).await;
    assert!(unavailable(&forgotten), "{forgotten:?}");
    assert!(unavailable(&store.check().await));
    server.restart().await;
    store.check().await.unwrap();
    assert_eq!(memories(&store.search(&scope("ada", "here"), &asking()).await.unwrap()), ["m1"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_that_was_away_at_the_start_opens_when_it_comes() {
    let mut server = FakeQdrant::start().await;
    let store = Qdrant::new(QdrantSettings::new(server.url())).unwrap();
    server.stop().await;
    assert!(unavailable(&store.open(&space()).await));
    assert!(unavailable(&store.search(&scope("ada", "here"), &asking()).await));
    server.restart().await;
    store.put(&[said("ada", "m1", "blue moon", 1)]).await.unwrap();
    assert_eq!(store.count(None).await.unwrap(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slow_qdrant_costs_no_more_than_the_deadline() {
    let server = FakeQdrant::start().await;
    let store = Qdrant::new(QdrantSettings::new(server.url())).unwrap();
    store.open(&space()).await.unwrap();
    store.put(&[said("ada", "m1", "blue moon", 1)]).await.unwrap();
    server.faults().delay_millis(5_000);
    let started = Instant::now();
    let answer = store.search(&scope("ada", "here"), &asking()).await;
    assert!(unavailable(&answer), "{answer:?}");
    assert!(started.elapsed() < ALLOWED, "{:?}", started.elapsed());
    server.faults().delay_millis(0);
    assert_eq!(memories(&store.search(&scope("ada", "here"), &asking()).await.unwrap()), ["m1"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn errors_of_qdrant_are_errors_and_never_an_unfiltered_search() {
    let server = FakeQdrant::start().await;
    let store = Qdrant::new(QdrantSettings::new(server.url())).unwrap();
    store.open(&space()).await.unwrap();
    store.put(&[said("bob", "m1", "blue moon", 1)]).await.unwrap();
    for fault in [fake_qdrant::Faults::refuse, fake_qdrant::Faults::fail] {
        fault(server.faults(), true);
        let before = server.faults().requests();
        let answer = store.search(&scope("ada", "here"), &asking()).await;
        assert!(unavailable(&answer), "{answer:?}");
        // The client tries the same request once more on a new connection; nothing else is asked.
        assert!(server.faults().requests() - before <= 2);
        fault(server.faults(), false);
    }
    assert!(store.search(&scope("ada", "here"), &asking()).await.unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_collection_that_vanished_is_made_again_and_filled_by_what_comes() {
    let server = FakeQdrant::start().await;
    // Making a collection takes the unoptimised engine longer than a search may.
    let settings = QdrantSettings { search_deadline: Duration::from_secs(20), ..QdrantSettings::new(server.url()) };
    let (store, other) = (Qdrant::new(settings.clone()).unwrap(), Qdrant::new(settings).unwrap());
    store.open(&space()).await.unwrap();
    other.forget(&Forget::All).await.unwrap();
    assert!(store.search(&scope("ada", "here"), &asking()).await.unwrap().is_empty());
    other.forget(&Forget::All).await.unwrap();
    assert_eq!(store.count(None).await.unwrap(), 0);
    other.forget(&Forget::All).await.unwrap();
    store.put(&[said("ada", "m1", "blue moon", 1)]).await.unwrap();
    assert_eq!(memories(&store.search(&scope("ada", "here"), &asking()).await.unwrap()), ["m1"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_is_sent_and_a_wrong_one_is_refused_without_being_repeated() {
    let server = FakeQdrant::start_with_key(Some("right-key")).await;
    let with = |key: &str| QdrantSettings { api_key: Some(key.into()), ..QdrantSettings::new(server.url()) };
    let store = Qdrant::new(with("right-key")).unwrap();
    store.open(&space()).await.unwrap();
    for settings in [with("wrong-key"), QdrantSettings::new(server.url())] {
        let error = Qdrant::new(settings).unwrap().open(&space()).await.unwrap_err();
        assert!(matches!(error, RecallError::Unavailable { .. }), "{error}");
        assert!(error.to_string().contains("QDRANT_API_KEY") && !error.to_string().contains("-key"), "{error}");
    }
    let Err(error) = Qdrant::new(with("broken\nkey")) else { panic!("a key with a line break is none") };
    assert!(!error.to_string().contains("broken"), "{error}");
    assert!(Qdrant::new(QdrantSettings::new("not a url")).is_err());
    assert!(!format!("{:?}", with("right-key")).contains("right-key"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cache_too_small_for_anything_changes_no_answer() {
    let scratch = Scratch::new();
    let db = Db::open(&fresh_database(Engine::Sqlite, &scratch).await).await.unwrap();
    let store = Exact::with_cache(db, 1);
    store.open(&space()).await.unwrap();
    let mut dice = Dice(2);
    let entries: Vec<_> = (0..5).flat_map(|who| corpus::chat(&mut dice, &format!("p{who}"), 90)).collect();
    for batch in entries.chunks(37) {
        store.put(batch).await.unwrap();
        for who in ["p0", "p3"] {
            let (scope, query) = (scope(who, "here"), corpus::question(&mut dice, &entries));
            let so_far = batch.as_ptr_range().end as usize - entries.as_ptr() as usize;
            let so_far = &entries[..so_far / size_of_val(&entries[0])];
            assert_eq!(memories(&store.search(&scope, &query).await.unwrap()), reference(so_far, &scope, &query));
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_scope_may_not_see_changes_no_score() {
    let scratch = Scratch::new();
    let db = Db::open(&fresh_database(Engine::Sqlite, &scratch).await).await.unwrap();
    let store = Exact::new(db);
    store.open(&space()).await.unwrap();
    let mut dice = Dice(4);
    let (mut hidden, open): (Vec<_>, Vec<_>) = corpus::chat(&mut dice, "ada", 80)
        .into_iter()
        .partition(|entry| !scope("ada", "here").admits(&entry.tenant, &entry.place, entry.reach));
    assert!(hidden.len() > 5 && open.len() > 20);
    store.put(&open).await.unwrap();
    let query = corpus::question(&mut dice, &open);
    let before = store.search(&scope("ada", "here"), &query).await.unwrap();
    hidden.iter_mut().for_each(|entry| entry.text = query.text.repeat(3));
    store.put(&hidden).await.unwrap();
    assert_eq!(store.search(&scope("ada", "here"), &query).await.unwrap(), before);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_opened_before_a_reindex_writes_nothing_into_the_new_space() {
    let scratch = Scratch::new();
    let db = Db::open(&fresh_database(Engine::Sqlite, &scratch).await).await.unwrap();
    let (old, new) = (Exact::new(db.clone()), Exact::new(db));
    old.open(&space()).await.unwrap();
    let mut other = space();
    other.revision = "2".into();
    new.open(&other).await.unwrap();
    let refused = old.put(&[entry("ada", "m1")]).await;
    assert!(matches!(refused, Err(RecallError::WrongSpace { .. })), "{refused:?}");
    new.put(&[entry("ada", "m1")]).await.unwrap();
    let query = Query { weights: BOTH, ..by_words("plain", 1) };
    let refused = old.search(&scope("ada", "here"), &query).await;
    assert!(matches!(refused, Err(RecallError::WrongSpace { .. })), "{refused:?}");
    assert_eq!(new.search(&scope("ada", "here"), &query).await.unwrap().len(), 1);
}
