//! What is said in a session stays in it, and what is said in an encrypted room stays there.

use greenroom::db::memories;
use greenroom::testing::{Plan, World};

use crate::both;
use crate::folk::{Visit, moderator};

/// What is remembered when `who` asks about something after a fresh start.
async fn remembered_at(world: &World, who: &str, room: &str, text: &str) -> String {
    Visit::of(world, who, room).asks("/reset").await;
    world.remembered().await;
    world.asks(who, room, text).await;
    world.last_remembered()
}

both!(what_is_said_in_a_session_is_known_to_all_there_and_nowhere_else_and_goes_with_it, |engine| {
    let world = World::on(engine).await;
    let robin = Visit::of(&world, "robin", "!club");
    world.asks("robin", "!club", "@abbey before all this, the badger was asleep").await;
    let started = robin.asks("/session start").await;
    assert!(!started.private && started.text.contains("Abbey"), "everybody there is to know: {}", started.text);
    world.asks("robin", "!club", "@abbey in our tale the heron stole the crown").await;
    world.asks("kim", "!club", "@abbey and in our tale the otter saw it").await;

    let about = "@abbey the heron, the otter, the badger: what of them?";
    let kim = remembered_at(&world, "kim", "!club", about).await;
    assert!(kim.contains("robin said: \"@abbey in our tale the heron stole the crown\""), "{kim}");
    assert!(kim.contains("kim said: \"@abbey and in our tale the otter saw it\""), "{kim}");
    assert!(!kim.contains("badger was asleep"), "what robin said before is robin's: {kim}");
    for (who, room) in [("robin", "@robin"), ("robin", "#den"), ("robin", "!other"), ("kim", "#den")] {
        let elsewhere = remembered_at(&world, who, room, about).await;
        assert!(!elsewhere.contains("crown") && !elsewhere.contains("saw it"), "{who} {room}: {elsewhere}");
    }
    let other = remembered_at(&world, "robin", "!club", "@aviva the heron, the otter, the badger: what of them?").await;
    assert!(!other.contains("crown"), "a session is with one personality: {other}");

    let view = robin.reads("/session view").await;
    assert!(view.contains("Abbey: since 2026-11-21 12:00; 3 exchanges are remembered, by 2 people"), "{view}");
    // Lists show of a session what their reader said.
    let list = robin.reads("/memory view").await;
    assert!(list.contains("heron stole the crown") && list.contains("of the running session"), "{list}");
    assert!(!list.contains("the otter saw it"), "{list}");
    let found = robin.reads("/memory search otter").await;
    assert!(!found.contains("the otter saw it"), "{found}");
    let inspected = robin.reads("/inspect").await;
    assert!(!inspected.contains("the otter saw it"), "{inspected}");

    let ended = robin.reads("/session end").await;
    assert!(ended.contains("3 exchanges are forgotten"), "{ended}");
    world.asks("robin", "!club", "@abbey the heron, the otter: what of them?").await;
    let prompt = world.last_prompt();
    assert!(!prompt.contains("crown") && !prompt.contains("saw it"), "not in the conversation either: {prompt}");
    for who in ["robin", "kim"] {
        let after = remembered_at(&world, who, "!club", "@abbey tell of the heron and the otter in our tale").await;
        assert!(!after.contains("crown") && !after.contains("saw it"), "{who}: {after}");
    }
    // What was the member's own before is still theirs.
    assert!(
        remembered_at(&world, "robin", "!club", "@abbey is the badger asleep?").await.contains("badger was asleep")
    );
    world.remembered().await;
    assert_eq!(world.db.number("SELECT COUNT(*) FROM memory WHERE tenant LIKE 's:%'").await.unwrap(), 0);
    assert_eq!(world.db.number("SELECT COUNT(*) FROM chunk WHERE tenant LIKE 's:%'").await.unwrap(), 0);
    world.stop().await;
});

both!(a_kept_session_leaves_everybody_what_they_said_themselves, |engine| {
    let world = World::on(engine).await;
    let robin = Visit::of(&world, "robin", "#den");
    robin.asks("/session start").await;
    world.asks("robin", "#den", "@abbey in our tale the heron stole the crown").await;
    world.asks("kim", "#den", "@abbey and in our tale the otter saw it").await;
    world.remembered().await;
    let ended = robin.reads("/session end --keep").await;
    assert!(ended.contains("2 exchanges stay with those who said them"), "{ended}");
    let about = "@abbey tell of the heron and the otter in our tale";
    let robins = remembered_at(&world, "robin", "#den", about).await;
    assert!(robins.contains("heron stole the crown") && !robins.contains("the otter saw it"), "{robins}");
    let kims = remembered_at(&world, "kim", "@kim", about).await;
    assert!(kims.contains("the otter saw it") && !kims.contains("heron stole"), "{kims}");
    world.remembered().await;
    assert_eq!(world.db.number("SELECT COUNT(*) FROM chunk WHERE tenant LIKE 's:%'").await.unwrap(), 0);
    world.stop().await;
});

both!(what_somebody_locked_in_a_session_stays_theirs, |engine| {
    let world = World::on(engine).await;
    let robin = Visit::of(&world, "robin", "#den");
    robin.asks("/session start").await;
    world.asks("robin", "#den", "@abbey in our tale the heron stole the crown").await;
    world.asks("robin", "#den", "@abbey in our tale it was raining").await;
    world.remembered().await;
    let view = robin.asks("/memory view").await;
    let row = view.fields.iter().find(|row| row.value.contains("heron")).unwrap();
    robin.asks(&format!("/memory lock {}", row.name.split(' ').next().unwrap())).await;
    let ended = robin.reads("/session end").await;
    assert!(ended.contains("One exchange is forgotten. One that was locked stays"), "{ended}");
    let after = remembered_at(&world, "robin", "#den", "@abbey the heron and the rain in our tale").await;
    assert!(after.contains("heron stole the crown") && !after.contains("it was raining"), "{after}");
    world.stop().await;
});

both!(an_answer_under_way_when_a_session_ends_is_not_remembered_after_it, |engine| {
    let world = World::on(engine).await;
    let robin = Visit::of(&world, "robin", "#den");
    robin.asks("/session start").await;
    world.model.delay_millis.store(400, std::sync::atomic::Ordering::SeqCst);
    let said = world.says("robin", "#den", "@abbey in our tale the heron stole the crown").await;
    world.clock.advance(std::time::Duration::from_millis(5));
    let ended = robin.reads("/session end").await;
    assert!(ended.contains("There was nothing to forget"), "{ended}");
    world.ended(&said.turns).await;
    world.model.delay_millis.store(0, std::sync::atomic::Ordering::SeqCst);
    world.remembered().await;
    assert_eq!(world.db.number("SELECT COUNT(*) FROM memory").await.unwrap(), 0);
    world.stop().await;
});

both!(whoever_may_say_who_is_active_starts_sessions_and_whoever_started_one_ends_it, |engine| {
    let world = World::on(engine).await;
    let (robin, kim) = (Visit::of(&world, "robin", "#den"), Visit::of(&world, "kim", "#den"));
    let keeper = Visit::by(&world, moderator("mo", "#den"));
    assert!(robin.reads("/session view").await.contains("No session runs here"));
    for ends in ["/session end", "/session end --keep"] {
        let none = robin.reads(ends).await;
        assert!(
            none.contains("No session with Abbey runs here") && none.contains("/session start begins one"),
            "{none}"
        );
    }
    // A session has no name: whoever gives it one is told how it begins, and none does.
    for named in ["/session start picnic", "/session end picnic"] {
        let told = robin.reads(named).await;
        assert!(told.contains("nobody called “picnic”") && told.contains("/session start begins one"), "{told}");
    }
    assert!(robin.reads("/session view").await.contains("No session runs here"));
    robin.asks("/session start").await;
    assert!(kim.reads("/session start").await.contains("runs here already"));
    keeper.asks("/place settings --activate moderators").await;
    assert!(kim.reads("/session end").await.contains("Only those who look after this place"));
    assert!(kim.reads("/session start Aviva").await.contains("Only those who look after this place"));
    assert!(robin.reads("/session end").await.contains("is over"), "they started it");
    assert!(robin.reads("/session start").await.contains("Only those who look after this place"));
    keeper.asks("/place deny Aviva").await;
    assert!(keeper.reads("/session start Aviva").await.contains("Aviva"));
    assert!(keeper.reads("/session view").await.contains("No session runs here"), "she does not answer here");
    world.stop().await;
});

both!(a_session_goes_with_its_place_and_a_member_takes_their_part_along, |engine| {
    let world = World::on(engine).await;
    let robin = Visit::of(&world, "robin", "#den");
    robin.asks("/session start").await;
    world.asks("robin", "#den", "@abbey in our tale the heron stole the crown").await;
    world.asks("kim", "#den", "@abbey and in our tale the otter saw it").await;
    world.remembered().await;
    let erased = Visit::of(&world, "robin", "@robin").fills("/data erase", &["robin"]).await;
    assert!(erased.contains("erased"), "{erased}");
    let kims = remembered_at(&world, "kim", "#den", "@abbey tell of the heron and the otter in our tale").await;
    assert!(kims.contains("the otter saw it") && !kims.contains("heron stole"), "{kims}");
    assert!(Visit::of(&world, "kim", "#den").reads("/session view").await.contains("by one person"));
    world.turns.leave("fake", "#den").await.unwrap();
    world.remembered().await;
    assert!(Visit::of(&world, "kim", "#den").reads("/session view").await.contains("No session runs here"));
    for count in ["SELECT COUNT(*) FROM memory", "SELECT COUNT(*) FROM chunk"] {
        assert_eq!(world.db.number(count).await.unwrap(), 0, "{count}");
    }
    world.stop().await;
});

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_outlives_a_restart_and_leaves_nothing_to_distil() {
    let world = World::planned(greenroom::testing::Engine::Sqlite, Plan::default()).await;
    Visit::of(&world, "robin", "#den").asks("/session start").await;
    world.asks("robin", "#den", "@abbey in our tale the heron stole the crown").await;
    let world = world.restarted().await;
    let robin = Visit::of(&world, "robin", "#den");
    assert!(robin.reads("/session view").await.contains("one exchange is remembered"));
    assert!(robin.reads("/memory view").await.contains("of the running session"));
    world.clock.advance(std::time::Duration::from_secs(3 * 24 * 3_600));
    assert_eq!(world.distilled().await, 0, "what is said in a session is not read");
    assert!(robin.reads("/session end").await.contains("One exchange is forgotten"));
    world.stop().await;
}

both!(what_is_said_in_an_encrypted_room_stays_there_whatever_was_allowed, |engine| {
    let world = World::on(engine).await;
    let robin = Visit::of(&world, "robin", "@robin");
    world.asks("robin", "@robin-e2e", "the vault code is heronsong").await;
    world.asks("robin", "@robin-plain", "the gate code is ottersong").await;
    world.remembered().await;
    robin.asks("/settings sharing on").await;
    let about = "tell me the vault code and the gate code, heronsong, ottersong";
    let shared = remembered_at(&world, "robin", "@robin", about).await;
    assert!(shared.contains("ottersong\"") && !shared.contains("vault code is"), "{shared}");
    let sealed = remembered_at(&world, "robin", "@robin-e2e", about).await;
    assert!(sealed.contains("vault code is heronsong") && sealed.contains("gate code is ottersong"), "{sealed}");

    // Its owner sees elsewhere that there is something, and can do away with it; its words stay where they were said.
    let view = robin.asks("/memory view").await;
    let row = view.fields.iter().rfind(|row| row.value.contains("from an encrypted room")).expect("it is listed");
    assert!(view.fields.iter().all(|row| !row.value.contains("vault code is")), "{view:?}");
    assert!(row.name.contains("2026-11-21"), "{}", row.name);
    let id = row.name.split(' ').next().unwrap().to_owned();
    assert!(!robin.reads("/memory search the vault code heronsong").await.contains("vault code is"));
    for line in [format!("/memory correct {id} it is otherwise"), format!("/memory flag {id} doubtful")] {
        assert!(robin.reads(&line).await.contains("is from an encrypted room"), "{line}");
    }
    let there = Visit::of(&world, "robin", "@robin-e2e");
    assert!(there.reads("/memory view").await.contains("vault code is heronsong"));
    assert!(there.reads("/memory search heronsong").await.contains("vault code is heronsong"));
    let deleted = robin.reads(&format!("/memory delete {id}")).await;
    assert!(deleted.contains("deleted for good"), "{deleted}");
    assert!(!there.reads("/memory view").await.contains("vault code is"));
    world.stop().await;
});

both!(a_room_that_becomes_encrypted_seals_what_is_said_from_then_on_for_good, |engine| {
    let world = World::on(engine).await;
    let robin = Visit::of(&world, "robin", "@robin");
    robin.asks("/settings sharing on").await;
    let says = async |text: &str, is_encrypted: bool| {
        let mut incoming = world.event("robin", "!club", text).incoming();
        incoming.place.is_encrypted = is_encrypted;
        let received = world.turns.receive(incoming).await.unwrap();
        world.ended(&received.turns).await;
    };
    says("@abbey the first word is heronsong", false).await;
    says("@abbey the second word is ottersong", true).await;
    // A server that takes encryption back is not believed.
    says("@abbey the third word is badgersong", false).await;
    world.remembered().await;
    let known = remembered_at(&world, "robin", "@robin", "heronsong, ottersong or badgersong: which word is it?").await;
    assert!(known.contains("first word is"), "{known}");
    assert!(!known.contains("second word is") && !known.contains("third word is"), "{known}");
    let reaches = world.db.number("SELECT COUNT(*) FROM memory WHERE privacy = 'sealed'").await.unwrap();
    assert_eq!(reaches, 2);
    let scope = world.scope("robin", "abbey", "!club").await;
    assert!(memories::count(&world.db, &scope).await.unwrap() >= 3, "they are all known in that room");
    world.stop().await;
});
