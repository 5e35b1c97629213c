//! What people notice, told as stories.

use std::sync::atomic::Ordering;
use std::time::Duration;

use greenroom::domain::TurnState;
use greenroom::model::{ErrorClass, ModelError};
use greenroom::platform::SendError;
use greenroom::testing::{Answering, World};

use crate::both;

both!(a_called_personality_answers_once, |engine| {
    let world = World::on(engine).await;
    assert_eq!(world.asks("robin", "#den", "hi @Abbey").await, ["Abbey: re: robin: hi @Abbey"]);
    assert_eq!(world.heard("#den").len(), 1);
    world.stop().await;
});

both!(a_replayed_message_changes_nothing, |engine| {
    let world = World::on(engine).await;
    let event = world.event("robin", "#den", "hi @Abbey");
    let first = world.turns.receive(event.incoming()).await.unwrap();
    let second = world.turns.receive(event.incoming()).await.unwrap();
    assert!(second.is_replay);
    assert_eq!(first.turns, second.turns);
    world.ended(&first.turns).await;
    world.turns.receive(event.incoming()).await.unwrap();
    world.ended(&first.turns).await;
    assert_eq!(world.heard("#den").len(), 1);
    world.stop().await;
});

both!(a_lane_keeps_its_order, |engine| {
    let world = World::on(engine).await;
    let mut turns = Vec::new();
    for n in 0..30 {
        turns.extend(world.says(&format!("member{n}"), "#den", &format!("@Abbey number {n}")).await.turns);
    }
    world.ended(&turns).await;
    let expected: Vec<String> = (0..30).map(|n| format!("Abbey: re: member{n}: @Abbey number {n}")).collect();
    assert_eq!(world.heard("#den"), expected);
    world.stop().await;
});

both!(quick_messages_of_one_member_are_answered_together, |engine| {
    let world = World::on(engine).await;
    world.model.delay_millis.store(300, Ordering::SeqCst);
    let mut turns = world.says("robin", "@robin", "one").await.turns;
    // The first is being answered; the next three wait and become one turn.
    while world.model.asked().is_empty() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    for text in ["two", "three", "four"] {
        turns.extend(world.says("robin", "@robin", text).await.turns);
    }
    world.ended(&turns).await;
    assert_eq!(world.heard("@robin"), ["Abbey: re: one", "Abbey: re: four"]);
    assert!(world.last_prompt().contains("two\nthree\nfour"), "{}", world.last_prompt());
    world.stop().await;
});

both!(several_called_personalities_answer_in_the_order_called, |engine| {
    let world = World::on(engine).await;
    let heard = world.asks("robin", "#den", "@Aviva and @Abbey, hello").await;
    let faces: Vec<&str> = heard.iter().filter_map(|line| line.split(':').next()).collect();
    assert_eq!(faces, ["Aviva", "Abbey"]);
    world.stop().await;
});

both!(a_failed_model_call_ends_in_one_polite_line_and_nothing_is_remembered, |engine| {
    let world = World::on(engine).await;
    for class in ErrorClass::ALL.into_iter().filter(|class| *class != ErrorClass::Cancelled) {
        let failures = [class, class].map(|class| Err(ModelError::new(class, "scripted")));
        // A prompt that was too long is tried once more, shorter.
        let tries = if class == ErrorClass::TooLong { 2 } else { 1 };
        world.model.next(failures.into_iter().take(tries));
        let heard = world.asks("robin", "@robin", "hello").await;
        assert_eq!(heard.len(), 1, "{class:?}");
        assert!(!heard[0].contains("scripted"), "{heard:?}");
        let posts = world.rooms.posts();
        assert!(posts.last().unwrap().is_notice, "{class:?}");
    }
    world.remembered().await;
    let scope = world.scope("robin", "abbey", "@robin").await;
    assert_eq!(greenroom::db::memories::count(&world.db, &scope).await.unwrap(), 0);
    assert_eq!(world.asks("robin", "@robin", "still there?").await, ["Abbey: re: still there?"]);
    world.stop().await;
});

both!(a_prompt_that_was_too_long_is_tried_again_shorter, |engine| {
    let world = World::on(engine).await;
    for n in 0..40 {
        world.asks("robin", "@robin", &format!("{n} {}", "many words to fill the history ".repeat(30))).await;
    }
    world.model.next([Err(ModelError::new(ErrorClass::TooLong, "over the window"))]);
    assert_eq!(world.asks("robin", "@robin", "short").await, ["Abbey: re: short"]);
    let asked = world.model.asked();
    let size = |at: usize| asked[at].lines.iter().map(|line| line.content.len()).sum::<usize>();
    assert!(size(asked.len() - 1) < size(asked.len() - 2));
    world.stop().await;
});

both!(an_unsure_send_is_repeated_under_its_key_and_heard_once, |engine| {
    let world = World::on(engine).await;
    let unsure = || SendError::Unsure("reset".into());
    world.rooms.fail(vec![unsure(), unsure(), SendError::RateLimited { after_millis: 20 }]);
    assert_eq!(world.asks("robin", "@robin", "hello").await, ["Abbey: re: hello"]);
    assert_eq!(world.rooms.posts()[0].repeats, 2);
    world.stop().await;
});

both!(a_closed_place_ends_the_turn_without_a_retry_loop, |engine| {
    let world = World::on(engine).await;
    world.rooms.fail(vec![SendError::Gone]);
    let received = world.says("robin", "#den", "@Abbey hello").await;
    world.ended(&received.turns).await;
    assert_eq!(world.turns.ended(&received.turns[0]).await.unwrap(), TurnState::Failed);
    assert!(world.heard("#den").is_empty());
    assert_eq!(world.asks("robin", "#den", "@Abbey again").await.len(), 1);
    world.stop().await;
});

both!(a_long_answer_arrives_in_parts_and_whole, |engine| {
    let long: String = (0..900).map(|n| format!("word{n} ")).collect();
    let said = long.trim().to_owned();
    let world = World::with(engine, Answering::with(move |_| Ok(said.clone()))).await;
    let heard = world.asks("robin", "@robin", "tell me everything").await;
    assert!(heard.len() > 1);
    let whole: Vec<&str> =
        heard.iter().flat_map(|part| part.trim_start_matches("Abbey: ").split_whitespace()).collect();
    assert_eq!(whole, long.split_whitespace().collect::<Vec<_>>());
    world.stop().await;
});

both!(withdrawing_stops_a_running_answer_and_frees_the_lane, |engine| {
    let world = World::on(engine).await;
    world.model.delay_millis.store(60_000, Ordering::SeqCst);
    let received = world.says("robin", "@robin", "a long question").await;
    while world.model.asked().is_empty() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let scope = world.scope("robin", "abbey", "@robin").await;
    let member = greenroom::domain::Identity { platform: "fake".into(), subject: "robin".into() };
    let person = world.turns.directory.person(&member, "robin").await.unwrap();
    assert_eq!(world.turns.cancel(scope.place(), &person.member.id).await.unwrap(), 1);
    world.ended(&received.turns).await;
    assert!(world.heard("@robin").is_empty());
    world.model.delay_millis.store(0, Ordering::SeqCst);
    assert_eq!(world.asks("robin", "@robin", "next").await, ["Abbey: re: next"]);
    world.stop().await;
});

both!(what_was_said_is_remembered_after_it_left_the_history, |engine| {
    let world = World::on(engine).await;
    world.asks("robin", "@robin", "My sister Mara lives in Oslo and collects lighthouses.").await;
    for n in 0..20 {
        world.clock.advance(Duration::from_secs(3_600));
        world.asks("robin", "@robin", &format!("Unrelated talk number {n}: {}", "bread and rain ".repeat(200))).await;
    }
    world.remembered().await;
    world.asks("robin", "@robin", "What does my sister Mara collect?").await;
    let remembered = world.last_remembered();
    assert!(remembered.contains("lives in Oslo and collects lighthouses"), "{remembered}");
    let asked = world.model.asked();
    let lines = &asked.last().unwrap().lines;
    let in_history = lines[..lines.len() - 1].iter().filter(|line| line.content.contains("lighthouses")).count();
    assert_eq!(in_history, 0, "it has left the history");
    world.stop().await;
});

both!(history_and_memory_do_not_repeat_each_other, |engine| {
    let world = World::on(engine).await;
    world.asks("robin", "@robin", "My sister Mara lives in Oslo.").await;
    world.remembered().await;
    world.asks("robin", "@robin", "Where does my sister Mara live?").await;
    assert_eq!(world.last_prompt().matches("lives in Oslo").count(), 2, "the line and its echo, both as history");
    assert_eq!(world.last_remembered(), "");
    world.stop().await;
});

both!(a_private_word_does_not_surface_elsewhere, |engine| {
    let world = World::on(engine).await;
    world.asks("robin", "@robin", "My secret garden is in Aldgate.").await;
    world.asks("robin", "!club", "@Abbey the club meets in Barbican.").await;
    world.asks("robin", "#den", "@Abbey the den is in Camden.").await;
    world.remembered().await;
    world.asks("robin", "#other", "@Abbey garden club den: where is the secret garden, Aldgate Barbican Camden?").await;
    let remembered = world.last_remembered();
    assert!(remembered.contains("Camden"), "{remembered}");
    assert!(!remembered.contains("Aldgate") && !remembered.contains("Barbican"), "{remembered}");
    world.stop().await;
});

both!(two_personalities_in_private_have_their_own_history, |engine| {
    let world = World::on(engine).await;
    world.asks("robin", "@robin", "only for abbey: plum").await;
    world.asks("robin", "@robin", "@Aviva only for aviva: quince").await;
    assert!(!world.last_prompt().contains("plum"), "{}", world.last_prompt());
    world.asks("robin", "@robin", "back to abbey").await;
    assert!(world.last_prompt().contains("plum") && !world.last_prompt().contains("quince"));
    world.stop().await;
});

both!(a_poisonous_turn_is_given_up_and_the_lane_flows_on, |engine| {
    let world = World::on(engine).await;
    let received = world.says("robin", "@robin", "poison").await;
    world.ended(&received.turns).await;
    // As if the turn had taken its worker with it five times.
    let turn = received.turns[0].clone();
    world.db.rewind(&turn, 5).await.unwrap();
    let later = world.asks("robin", "@robin", "next").await;
    assert_eq!(later.last().map(String::as_str), Some("Abbey: re: next"));
    assert_eq!(world.turns.ended(&turn).await.unwrap(), TurnState::Failed);
    world.stop().await;
});

both!(a_deleted_memory_is_gone_from_every_search_at_once_and_from_its_neighbours_words, |engine| {
    let world = World::on(engine).await;
    world.asks("robin", "@robin", "The zanzibar parcel is under the stairs.").await;
    world.asks("robin", "@robin", "Good night then.").await;
    world.remembered().await;
    let scope = world.scope("robin", "abbey", "@robin").await;
    let found = world.turns.recall.find(&scope, "zanzibar", 10).await.unwrap();
    let parcel = found.iter().find(|(memory, _)| memory.said.contains("zanzibar")).unwrap().0.id.clone();
    world.turns.recall.forget(&parcel).await.unwrap();
    let words_of = |found: Vec<(greenroom::domain::Memory, greenroom::recall::Hit)>| {
        found.into_iter().filter(|(_, hit)| hit.lexical.is_some()).map(|(memory, _)| memory.said).collect::<Vec<_>>()
    };
    let at_once = world.turns.recall.find(&scope, "zanzibar", 10).await.unwrap();
    assert!(at_once.iter().all(|(memory, _)| memory.id != parcel));
    world.remembered().await;
    let later = words_of(world.turns.recall.find(&scope, "zanzibar", 10).await.unwrap());
    assert!(later.is_empty(), "no index holds its words: {later:?}");
    world.stop().await;
});

both!(what_was_read_but_left_out_of_the_prompt_may_be_remembered, |engine| {
    let world = World::on(engine).await;
    world.asks("robin", "@robin", "My sister Mara lives in Oslo and collects lighthouses.").await;
    // More than the prompt holds by a little, so that the first exchange is read and then left out.
    for n in 0..9 {
        world.asks("robin", "@robin", &format!("Talk number {n}: {}", "bread and rain ".repeat(155))).await;
    }
    world.remembered().await;
    world.asks("robin", "@robin", "What does my sister Mara collect?").await;
    let asked = world.model.asked();
    let whole = asked.last().unwrap().lines.iter().any(|line| line.content.contains("collects lighthouses"));
    assert!(whole, "in the history or remembered, but there");
    world.stop().await;
});
