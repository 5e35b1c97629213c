//! What members say to the house, as they would: commands through the desk, and what changes by them.

use greenroom::desk::{Caller, Desk};
use greenroom::domain::{Answer, Identity, PlaceRef, Privacy};
use greenroom::testing::World;

use crate::both;

fn caller(who: &str, room: &str, privacy: Privacy) -> Caller {
    Caller {
        identity: Identity { platform: "fake".into(), subject: who.into() },
        name: who.into(),
        place: PlaceRef { platform: "fake".into(), subject: room.into(), parent: None, privacy },
        personality: "abbey".into(),
    }
}

fn shown(answer: &Answer) -> String {
    let rows: Vec<String> = answer.fields.iter().map(|field| format!("{}: {}", field.name, field.value)).collect();
    format!("{}\n{}", answer.text, rows.join("\n"))
}

both!(an_active_character_answers_everything_until_told_otherwise, |engine| {
    let world = World::on(engine).await;
    let desk = Desk::new(world.turns.clone());
    let robin = caller("robin", "#den", Privacy::Open);
    assert!(world.asks("robin", "#den", "anybody?").await.is_empty());
    assert!(shown(&desk.line(&robin, "/autorespond on").await).contains("Nobody is active"));
    assert!(shown(&desk.line(&robin, "/deactivate").await).contains("Nobody is active"));
    assert!(shown(&desk.line(&robin, "/activate avvia").await).contains("Did you mean Aviva?"));

    let answer = desk.line(&robin, "/activate aviva").await;
    assert!(!answer.private && answer.text.contains("Aviva now answers"), "{}", answer.text);
    assert_eq!(world.asks("kim", "#den", "anybody?").await, ["Aviva: re: kim: anybody?"]);
    assert!(world.asks("kim", "#other", "anybody?").await.is_empty(), "another place is another matter");

    desk.line(&robin, "/autorespond off").await;
    assert!(world.asks("kim", "#den", "still there?").await.is_empty());
    assert_eq!(world.asks("kim", "#den", "@aviva still there?").await.len(), 1);
    desk.line(&robin, "/autorespond on").await;
    assert_eq!(world.asks("kim", "#den", "and now?").await.len(), 1);
    desk.line(&robin, "/deactivate").await;
    assert!(world.asks("kim", "#den", "gone?").await.is_empty());
    world.stop().await;
});

both!(each_persona_is_seen_and_remembered_by_itself, |engine| {
    let world = World::on(engine).await;
    let desk = Desk::new(world.turns.clone());
    let robin = caller("robin", "@robin", Privacy::Direct);
    world.asks("robin", "@robin", "my bicycle is green").await;
    let created = desk.line(&robin, "/persona create \"Captain Rook\" --pronouns he/him").await;
    assert!(shown(&created).contains("Captain Rook") && shown(&created).contains("he/him"), "{}", shown(&created));
    assert!(shown(&desk.line(&robin, "/persona create \"captain rook\"").await).contains("already"));
    assert!(shown(&desk.line(&robin, "/persona edit --name \"Captain Rook\"").await).contains("already"));
    assert!(shown(&desk.line(&robin, "/persona use nobody").await).contains("no persona called"));
    assert!(shown(&desk.line(&robin, "/persona list").await).contains("robin: in use"));

    desk.line(&robin, "/persona use \"captain rook\"").await;
    assert!(shown(&desk.line(&robin, "/persona list").await).contains("Captain Rook: in use"));
    world.asks("robin", "@robin", "what colour is my bicycle?").await;
    world.remembered().await;
    assert!(world.last_prompt().contains("Captain Rook"), "{}", world.last_prompt());
    assert_eq!(world.last_remembered(), "", "the other persona's memories stay with it");

    desk.line(&robin, "/reset").await;
    desk.line(&robin, "/persona use robin").await;
    world.asks("robin", "@robin", "what colour is my bicycle?").await;
    assert!(world.last_remembered().contains("my bicycle is green"), "{}", world.last_prompt());
    world.stop().await;
});

both!(usage_is_what_the_ledger_says, |engine| {
    let world = World::on(engine).await;
    let desk = Desk::new(world.turns.clone());
    let robin = caller("robin", "@robin", Privacy::Direct);
    assert!(shown(&desk.line(&robin, "/usage").await).contains("no answers"));
    for n in 0..3 {
        world.asks("robin", "@robin", &format!("message {n}")).await;
    }
    world.asks("kim", "@kim", "somebody else's").await;
    let counted = async |column: &'static str| world.db.number(column).await.unwrap().to_string();
    let prompt = counted(
        "SELECT CAST(SUM(prompt_tokens) AS BIGINT) FROM usage_entry u JOIN identity i ON i.member_id = u.member_id \
         WHERE i.subject = 'robin'",
    )
    .await;
    let usage = shown(&desk.line(&robin, "/usage week").await);
    assert!(usage.contains("3 answers") && usage.contains(&format!("{prompt} in")), "{prompt}: {usage}");
    assert!(usage.contains("answering: 3") && usage.contains("nobody"), "{usage}");

    world.clock.advance(std::time::Duration::from_secs(8 * 24 * 3_600));
    assert!(shown(&desk.line(&robin, "/usage week").await).contains("no answers"));
    assert!(shown(&desk.line(&robin, "/usage all").await).contains("3 answers"));
    assert!(shown(&desk.line(&robin, "/usage never").await).contains("day, week, month, all"));
    world.stop().await;
});
