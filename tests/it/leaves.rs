//! Every command, given by somebody who may and by somebody who may not.

use std::collections::BTreeSet;

use commands::{Access, Where};
use fake_llm::FakeLlm;
use greenroom::desk::Caller;
use greenroom::domain::{PlaceRef, Privacy};
use greenroom::testing::{Plan, World};

use crate::both;
use crate::folk::{Visit, caller, moderator};

/// A command, what its form is filled in with, and a piece of what it answers.
type Step = (&'static str, &'static [&'static str], &'static str);

/// What Robin, an ordinary member, says to the house in private, in this order. `{id}` is the memory made last.
const ROBIN: &[Step] = &[
    ("/about", &[], "AI characters"),
    ("/help memory correct", &[], "Put a memory right"),
    ("/personality list", &[], "Abbey"),
    ("/personality search aviva", &[], "Aviva"),
    ("/personality view Abbey", &[], "abbey"),
    ("/personality create Old Sage", &["a sage", "You are an old sage who speaks in riddles."], "lives here now"),
    ("/personality edit Old Sage --about a wise one", &[], "is changed"),
    ("/personality configure Old Sage --temperature 0.2", &[], "Temperature: 0.2"),
    ("/personality duplicate Old Sage --as Young Sage", &[], "Young Sage lives here now"),
    ("/personality avatar Old Sage", &[], "no picture"),
    ("/personality canon Old Sage --add \"The Old Sage has a blind cat.\"", &[], "blind cat"),
    ("/personality export Old Sage", &[], "Old Sage as a file"),
    ("/personality import", &["+++\nname = \"Iris\"\n+++\nYou are Iris, a keeper of lighthouses."], "Iris lives here"),
    ("/personality share guest Old Sage --member kim", &[], "One more member"),
    ("/personality transfer Young Sage --to kim", &["young sage"], "belongs to kim"),
    ("/personality delete Iris", &["iris"], "is deleted"),
    ("/alias add Gramps --to Old Sage", &[], "answers to “Gramps”"),
    ("/alias list", &[], "Gramps: Old Sage · yours"),
    ("/alias remove gramps", &[], "means nobody"),
    ("/persona create Captain Rook --pronouns he/him", &[], "Captain Rook"),
    ("/persona list", &[], "robin: the usual one"),
    ("/persona use Captain Rook", &[], "Abbey sees you so"),
    ("/persona view", &[], "Name: Captain Rook"),
    ("/persona edit Captain Rook", &["", "she/her", "fond of ships"], "Pronouns: she/her"),
    ("/persona use", &[], "Name: robin"),
    ("/persona link", &[], "has spoken for you here yet"),
    ("/persona default Captain Rook", &[], "Every character"),
    ("/persona default robin", &[], "Every character"),
    ("/persona delete Captain Rook", &["captain rook"], "is deleted"),
    ("/preset create cool --temperature 0.1 --memory 40", &[], "temperature 0.1, memory 40"),
    ("/preset edit cool --max-tokens 200", &[], "max-tokens 200"),
    ("/preset use cool", &[], "Abbey answers you with “cool”"),
    ("/preset default cool", &[], "Every character answers you with “cool”"),
    ("/preset list", &[], "cool · chosen by you for Abbey"),
    ("/preset export cool", &[], "to keep or to hand on"),
    ("/preset delete cool", &[], "is deleted"),
    (
        "/preset import",
        &["{\"greenroom_preset\":1,\"name\":\"warm\",\"values\":{\"temperature\":1.2}}"],
        "temperature 1.2",
    ),
    ("/prompt set", &["Answer in one sentence."], "The next answer follows"),
    ("/prompt view", &[], "Answer in one sentence."),
    ("/prompt off", &[], "No instructions"),
    ("/prompt clear", &[], "taken back"),
    ("/settings view", &[], "Being remembered: on · as the house is made"),
    ("/settings time-zone Europe/Berlin", &[], "Europe/Berlin"),
    ("/settings locale en-US", &[], "English"),
    ("/settings footer on", &[], "below answers: on · chosen by you"),
    ("/settings footer off", &[], "below answers: off · chosen by you"),
    ("/settings memory on --with Abbey", &[], "Being remembered: on · chosen by you for Abbey"),
    ("/settings sharing off", &[], "elsewhere: off · chosen by you"),
    ("/settings budget --tokens 900000", &[], "900000 tokens"),
    ("say the zanzibar parcel is under the stairs", &[], "Abbey: re:"),
    ("/inspect", &[], "is remembered"),
    ("/usage", &[], "one answer"),
    ("/memory view", &[], "zanzibar"),
    ("/memory search zanzibar", &[], "zanzibar"),
    ("/memory stats", &[], "One memory in all"),
    ("/memory flag {id} it was the attic", &[], "doubtful: it was the attic"),
    ("/memory lock {id}", &[], "is kept"),
    ("/memory unlock {id}", &[], "goes"),
    ("/memory correct {id} The zanzibar parcel is in the attic.", &[], "in the attic"),
    ("/memory delete {id}", &[], "deleted for good"),
    ("/memory incognito on --for 30m", &[], "nothing you say is remembered"),
    ("/memory fresh on", &[], "met as if"),
    ("/memory incognito off", &[], "remembered again"),
    ("/memory fresh off", &[], "used again"),
    ("say my boat is called Petrel", &[], "Abbey: re:"),
    ("/memory forget-me Abbey", &["robin"], "deleted for good"),
    ("/again", &[], "in its place"),
    ("/unsay", &[], "is taken back"),
    ("/reset", &[], "fresh start"),
    ("/reset undo", &[], "is back"),
    ("/keys set mine --model fake-model", &["sk-leaves-0123456789abcdef"], "works"),
    ("/keys list", &[], "mine"),
    ("/keys test mine", &[], "works"),
    ("/keys remove mine", &[], "is removed"),
    ("/session start", &[], "what Abbey is told here is remembered here only"),
    ("/session view", &[], "Abbey: since"),
    ("/session end Abbey --keep", &[], "There was nothing to keep"),
    ("/activate Abbey", &[], "Abbey now answers"),
    ("/autorespond off", &[], "only when called"),
    ("/deactivate", &[], "nobody answers here"),
    ("/data export", &[], "ZIP"),
    ("/data erase", &["robin"], "All of it is erased"),
];

/// What a moderator says in an open place.
const MODERATOR: &[Step] = &[
    ("/place settings --activate moderators --member-tokens 5000", &[], "Tokens of each member in a day: 5000"),
    ("/place deny Aviva", &[], "does not answer here any more"),
    ("/place allow Aviva", &[], "may answer here"),
    ("/admin deny mallory --for 2h --reason spam", &[], "fake:mallory: not read · in this place · until"),
    ("/admin allow mallory", &[], "let in again"),
];

/// What the operator says.
const OPERATOR: &[Step] = &[
    ("/admin status", &[], "Database: "),
    ("/admin limits member day --tokens 50000", &[], "Each member, in a day: 50000 tokens"),
    ("/admin limits member day --tokens off", &[], "There is no limit"),
    ("/admin announce Tomorrow the house moves.", &[], "in every place once"),
    ("/admin announce", &[], "Nothing is announced"),
    ("/preset create big --model gpt-5 --max-tokens 900", &[], "gpt-5"),
    ("/admin model big --offer on", &[], "Preset: big"),
    ("/admin model off", &[], "Preset: the house’s own"),
];

/// What only a terminal has.
const TERMINAL: &[Step] = &[("/talk Aviva", &[], "talking to Aviva"), ("/quit", &[], "Goodbye")];

/// The name of a line's command as the grammar has it.
fn leaf(line: &str) -> String {
    let words = commands::parse(line).unwrap_or_else(|misread| panic!("{line}: {misread:?}")).words();
    let path = commands::leaves().into_iter().map(|leaf| leaf.path).find(|path| words.starts_with(path));
    path.unwrap_or_else(|| panic!("{line} is no leaf")).join(" ")
}

/// Walks through steps and returns the leaves they took.
async fn walk(world: &World, visit: &Visit, steps: &[Step]) -> BTreeSet<String> {
    let mut taken = BTreeSet::new();
    let (who, room) = (visit.caller.name.clone(), visit.caller.place.subject.clone());
    for (line, values, expected) in steps {
        if let Some(said) = line.strip_prefix("say ") {
            let heard = world.asks(&who, &room, said).await.join("\n");
            assert!(heard.contains(expected), "{line}: {heard}");
            world.remembered().await;
            continue;
        }
        let mut line = (*line).to_owned();
        if line.contains("{id}") {
            let newest = visit.asks("/memory view").await;
            let id = newest.fields[0].name.split(' ').next().unwrap_or_default().to_owned();
            line = line.replace("{id}", &id);
        }
        let answer = if values.is_empty() { visit.reads(&line).await } else { visit.fills(&line, values).await };
        assert!(answer.contains(expected), "{line}: {answer}");
        assert!(!answer.contains("{$") && !answer.contains("{ $"), "{line}: {answer}");
        taken.insert(leaf(&line));
    }
    taken
}

/// Everything that anybody is asked to do above, once for each leaf.
fn one_line_each() -> Vec<(String, &'static str)> {
    let all = [ROBIN, MODERATOR, OPERATOR, TERMINAL].into_iter().flatten();
    let mut seen = BTreeSet::new();
    let lines = all.map(|(line, _, _)| *line).filter(|line| line.starts_with('/'));
    lines
        .map(|line| (leaf(&line.replace("{id}", "6q7r8s")), line))
        .filter(|(leaf, _)| seen.insert(leaf.clone()))
        .collect()
}

fn at_the_terminal() -> Caller {
    let place = PlaceRef {
        platform: "console".into(),
        subject: "you/main".into(),
        parent: None,
        privacy: Privacy::Direct,
        is_encrypted: false,
        is_adult: true,
    };
    let identity = greenroom::domain::Identity { platform: "console".into(), subject: "you".into() };
    Caller { identity, place, ..caller("you", "@you") }
}

both!(every_command_answers_those_who_may, |engine| {
    let llm = FakeLlm::start().await;
    let providers = vec![("mine".to_owned(), llm.url())];
    let world = World::planned(engine, Plan { providers, ..Plan::default() }).await;
    world.asks("kim", "@kim", "hello").await;
    let mut taken = walk(&world, &Visit::of(&world, "robin", "@robin"), ROBIN).await;
    taken.extend(walk(&world, &Visit::by(&world, moderator("mo", "#den")), MODERATOR).await);
    taken.extend(walk(&world, &Visit::of(&world, "owner", "@owner"), OPERATOR).await);
    taken.extend(walk(&world, &Visit::by(&world, at_the_terminal()), TERMINAL).await);
    let all: BTreeSet<String> = commands::leaves().iter().map(|leaf| leaf.path.join(" ")).collect();
    assert_eq!(taken, all, "each command is given once at least");
    world.stop().await;
});

both!(every_command_refuses_those_who_may_not, |engine| {
    let world = World::on(engine).await;
    let (operator, mallory) = (Visit::of(&world, "owner", "@owner"), Visit::of(&world, "mallory", "#den"));
    let lines = one_line_each();
    assert_eq!(lines.len(), commands::leaves().len());

    // A member who is neither: what moderators and operators do is not theirs, and nothing happens.
    for leaf in commands::leaves() {
        let path = leaf.path.join(" ");
        let (_, line) = lines.iter().find(|(taken, _)| *taken == path).unwrap();
        let line = line.replace("{id}", "6q7r8s");
        let answer = mallory.asks(&line).await;
        let expected = match (leaf.access, leaf.place) {
            (Access::Operator, _) => "Only whoever runs this house",
            (Access::Moderator, _) => "Only those who look after this place",
            (Access::Everyone, Where::Terminal) => "only in the terminal",
            (Access::Everyone, Where::Everywhere) => continue,
        };
        assert!(answer.private && answer.text.contains(expected), "{line}: {}", answer.text);
    }
    // A moderator is not the operator: the whole house is not theirs to close.
    let moderator = Visit::by(&world, moderator("mo", "#den"));
    for line in ["/admin deny mallory --scope house", "/admin allow mallory --scope house", "/admin status"] {
        assert!(moderator.reads(line).await.contains("Only whoever runs this house"), "{line}");
    }
    assert!(moderator.reads("/alias add Boss --to Abbey --for everyone").await.contains("Only whoever runs"));
    assert!(moderator.reads("/admin deny owner").await.contains("can’t be turned away"));

    // Somebody who was turned away gets no answer from the desk, except about their own data.
    operator.asks("/admin deny mallory --scope house").await;
    for (leaf, line) in &lines {
        let answer = mallory.reads(&line.replace("{id}", "6q7r8s")).await;
        let stays = ["about", "data export", "data erase", "quit"].contains(&leaf.as_str());
        let is_refused = answer.contains("turned away") || answer.contains("Only ") || answer.contains("only in the");
        assert_eq!(is_refused && !stays, !stays, "{line}: {answer}");
    }
    world.stop().await;
});
