//! What members say to the house, as they would: commands through the desk, and what changes by them.

use std::time::Duration;

use greenroom::desk::Desk;
use greenroom::testing::{Engine, Plan, World};
use secrecy::SecretString;

use crate::both;
use crate::folk::{Visit, caller, fills, shown};

both!(an_active_character_answers_everything_until_told_otherwise, |engine| {
    let world = World::on(engine).await;
    let desk = Desk::new(world.turns.clone());
    let robin = caller("robin", "#den");
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
    let robin = caller("robin", "@robin");
    world.asks("robin", "@robin", "my bicycle is green").await;
    let created = desk.line(&robin, "/persona create Captain Rook --pronouns he/him").await;
    assert!(shown(&created).contains("Captain Rook") && shown(&created).contains("he/him"), "{}", shown(&created));
    assert!(shown(&desk.line(&robin, "/persona create \"captain rook\"").await).contains("already"));
    assert!(shown(&desk.line(&robin, "/persona edit --name \"Captain Rook\"").await).contains("already"));
    assert!(shown(&desk.line(&robin, "/persona use nobody").await).contains("no persona called"));
    assert!(shown(&desk.line(&robin, "/persona list").await).contains("robin: the usual one · for Abbey"));

    desk.line(&robin, "/persona use captain rook").await;
    assert!(shown(&desk.line(&robin, "/persona list").await).contains("Captain Rook: for Abbey"));
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
    let robin = caller("robin", "@robin");
    assert!(shown(&desk.line(&robin, "/usage").await).contains("no answers"));
    for n in 0..3 {
        world.asks("robin", "@robin", &format!("message {n}")).await;
    }
    world.asks("kim", "@kim", "somebody else's").await;
    let counted = async |column: &'static str| world.db.number(column).await.unwrap().to_string();
    let prompt = counted(
        "SELECT CAST(SUM(prompt_tokens) AS BIGINT) FROM ledger u JOIN identity i ON i.member_id = u.member_id \
         WHERE i.subject = 'robin'",
    )
    .await;
    let usage = shown(&desk.line(&robin, "/usage week").await);
    assert!(usage.contains("3 answers") && usage.contains(&format!("{prompt} in")), "{prompt}: {usage}");
    assert!(usage.contains("Abbey · answering: 3") && usage.contains("nobody"), "{usage}");

    world.clock.advance(std::time::Duration::from_secs(8 * 24 * 3_600));
    assert!(shown(&desk.line(&robin, "/usage week").await).contains("no answers"));
    assert!(shown(&desk.line(&robin, "/usage all").await).contains("3 answers"));
    assert!(shown(&desk.line(&robin, "/usage never").await).contains("day, week, month, all"));
    world.stop().await;
});

both!(a_member_makes_a_character_that_only_they_can_call_until_they_share_it, |engine| {
    let world = World::on(engine).await;
    let desk = Desk::new(world.turns.clone());
    let (robin, kim) = (caller("robin", "@robin"), caller("kim", "@kim"));
    let form = desk.line(&robin, "/personality create Old Sage").await.form.expect("two questions");
    for (values, wanted) in [
        (["a sage", "short"], "10 to 8000"),
        ([&"long ".repeat(50), "You are an old sage who speaks in riddles."], "at most 200"),
    ] {
        let answer = desk.filled(&robin, &form.line, fills(&form, &values)).await;
        assert!(answer.text.contains(wanted), "{}", answer.text);
    }
    let filled = fills(&form, &["a sage of few words", "You are an old sage who speaks in riddles."]);
    let made = desk.filled(&robin, &form.line, filled).await;
    assert!(made.private && made.text.contains("Old Sage lives here now"), "{}", made.text);
    assert!(shown(&desk.line(&robin, "/personality create old sage").await).contains("already"));

    assert_eq!(world.asks("robin", "#den", "@Old Sage, what is time?").await.len(), 1);
    assert!(world.last_prompt().contains("speaks in riddles"));
    assert!(world.asks("kim", "#den", "@Old Sage, and for me?").await.is_empty(), "it is robin's alone");
    assert!(
        shown(&desk.line(&robin, "/personality list").await).contains("Old Sage: a sage of few words (yours alone)")
    );
    for line in ["/personality list", "/personality view Old Sage", "/talk Old Sage", "/help"] {
        let answer = shown(&desk.line(&kim, line).await);
        assert!(!answer.contains("few words"), "{line}: {answer}");
    }
    assert!(shown(&desk.line(&kim, "/personality delete Old Sage").await).contains("nobody called"));
    let open = caller("robin", "#den");
    assert!(shown(&desk.line(&open, "/activate Old Sage").await).contains("is private"));

    assert!(desk.line(&robin, "/personality share everyone Old Sage").await.text.contains("Everyone"));
    assert_eq!(world.asks("kim", "#den", "@Old Sage, and for me?").await.len(), 1);
    for line in ["/personality edit Old Sage --about mine", "/personality share nobody Old Sage"] {
        assert!(shown(&desk.line(&kim, line).await).contains("not yours"), "{line}");
    }
    assert!(shown(&desk.line(&kim, "/personality delete abbey").await).contains("not yours"));

    desk.line(&robin, "/personality edit Old Sage --pronouns they/them").await;
    let edit = desk.line(&robin, "/personality edit Old Sage").await;
    assert!(edit.text.contains("speaks in riddles"), "{}", edit.text);
    let form = edit.form.expect("one question");
    desk.filled(&robin, &form.line, fills(&form, &["You are a young sage who speaks plainly."])).await;
    world.asks("robin", "#den", "@Old Sage, once more?").await;
    assert!(world.last_prompt().contains("speaks plainly") && !world.last_prompt().contains("riddles"));

    world.remembered().await;
    let form = desk.line(&robin, "/personality delete Old Sage").await.form.expect("it is to be confirmed");
    let gone = desk.filled(&robin, &form.line, fills(&form, &["old sage"])).await;
    assert!(gone.text.contains("is deleted"), "{}", gone.text);
    world.remembered().await;
    assert!(world.asks("robin", "#den", "@Old Sage?").await.is_empty());
    assert_eq!(world.db.number("SELECT COUNT(*) FROM memory").await.unwrap(), 0);
    assert_eq!(world.db.number("SELECT COUNT(*) FROM chunk").await.unwrap(), 0);
    world.stop().await;
});

both!(who_is_erased_is_gone_from_everywhere_and_nobody_else_is, |engine| {
    let world = World::on(engine).await;
    let desk = Desk::new(world.turns.clone());
    let word = |who: usize, place: &str| format!("canaryword{who}{place}ofmine");
    for who in 0..MEMBERS {
        let (name, private) = (format!("member{who}"), format!("@member{who}"));
        world.asks(&name, &private, &format!("@abbey I tell you {}", word(who, "alone"))).await;
        world.asks(&name, "#den", &format!("@aviva I tell all {}", word(who, "open"))).await;
    }
    world.remembered().await;
    for who in (0..MEMBERS).step_by(2) {
        let (name, private) = (format!("member{who}"), format!("@member{who}"));
        let caller = caller(&name, &private);
        let asked = desk.line(&caller, "/data erase").await;
        assert!(
            asked.private && shown(&asked).contains("Memories: 2") && shown(&asked).contains("answers: 4"),
            "{}",
            shown(&asked)
        );
        let form = asked.form.expect("it is to be confirmed");
        let fill = |typed: &str| vec![(form.asks[0].name, SecretString::from(typed))];
        let wrong = desk.filled(&caller, &form.line, fill("yes")).await;
        assert!(wrong.text.contains("nothing was erased"), "{}", wrong.text);
        let done = desk.filled(&caller, &form.line, fill(&name)).await;
        assert!(done.text.contains("erased"), "{}", done.text);
    }
    world.remembered().await;
    let export = async |who: usize| {
        let name = format!("member{who}");
        let files = Visit::of(&world, &name, &format!("@{name}")).export().await;
        files.into_iter().map(|(_, text)| text).collect::<String>()
    };
    let files = if engine == Engine::Sqlite { contents(world.path()) } else { Vec::new() };
    for who in 0..MEMBERS {
        let export = export(who).await;
        for place in ["alone", "open"] {
            let (word, is_kept) = (word(who, place), who % 2 == 1);
            assert_eq!(export.contains(&word), is_kept, "{word}");
            let traces = files.iter().filter(|(_, content)| holds(content, &word)).count();
            assert_eq!(traces > 0, is_kept && engine == Engine::Sqlite, "{word}");
        }
    }
    let left = (MEMBERS / 2) as i64;
    for (table, count) in [
        ("SELECT COUNT(*) FROM memory", left * 2),
        ("SELECT COUNT(DISTINCT memory_id) FROM chunk", left * 2),
        ("SELECT COUNT(*) FROM turn", left * 2),
        ("SELECT COUNT(*) FROM ledger WHERE member_id IS NOT NULL", left * 2),
        ("SELECT COUNT(*) FROM ledger", left * 4),
        ("SELECT COUNT(*) FROM message", left * 4),
    ] {
        assert_eq!(world.db.number(table).await.unwrap(), count, "{table}");
    }
    // Whoever comes back is new, and the place works again.
    let again = world.asks("member0", "@member0", "@abbey do you know me?").await;
    assert_eq!(again.len(), 1);
    assert_eq!(world.last_remembered(), "");
    world.stop().await;
});

const MEMBERS: usize = 50;

/// Names and bytes of the files of a folder.
fn contents(folder: &std::path::Path) -> Vec<(String, Vec<u8>)> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.map(|path| (path.display().to_string(), std::fs::read(&path).unwrap())).collect()
}

fn holds(content: &[u8], word: &str) -> bool {
    content.windows(word.len()).any(|window| window == word.as_bytes())
}

both!(operators_see_what_runs_who_waits_and_what_was_last_done, |engine| {
    let world = World::planned(engine, Plan { workers: 3, ..Plan::default() }).await;
    world.asks("kim", "@kim", "hello").await;
    let operator = Visit::of(&world, "owner", "@owner");
    let page = operator.reads("/admin status").await;
    assert!(page.contains("Memories waiting for the index: 1, the oldest for"), "{page}");
    world.remembered().await;
    let page = operator.reads("/admin status").await;
    for said in [
        "Role: everything in one process",
        "Running for: 0 d 0 h",
        "Front ends: fake: works",
        "Answers owed: none · queued 0, being answered 0, being sent 0",
        " of 3 busy",
        "Memories waiting for the index: none",
        "iB",
        "Models left alone after failures: none",
        "index of memories: 2026-11-",
    ] {
        assert!(page.contains(said), "{said} is not in {page}");
    }
    // Nobody works any more: what is said waits.
    world.life.soft().cancel();
    world.says("kim", "@kim", "are you there?").await;
    world.clock.advance(Duration::from_secs(90));
    let page = operator.reads("/admin status").await;
    assert!(page.contains("Answers owed: 1, the oldest for 90 s · queued 1, being answered 0"), "{page}");
    world.stop().await;
});
