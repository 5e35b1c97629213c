//! The main job from the outside: the real program in the terminal's plain mode, a process for each visit. What a member
//! told weeks ago is in the prompt again, also after a move and after a reindex.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Output, Stdio};
use std::time::Duration;

use fake_llm::{Answer, FakeLlm};
use greenroom::domain::{Clock as _, Moment};
use greenroom::testing::{Scratch, World};
use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;

use crate::both;
use crate::folk::Visit;

const TOLD: &str = "My sister Mara lives in Oslo and collects lighthouses.";
const ASKED: &str = "Where does Mara live?";

/// Runs the program with `lines` as its input and returns what it printed.
async fn visit(data: &Path, llm: &FakeLlm, args: &[&str], lines: &str) -> String {
    let output = run(data, llm, &[], args, lines).await;
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

async fn run(data: &Path, llm: &FakeLlm, settings: &[(&str, &str)], args: &[&str], lines: &str) -> Output {
    let mut child = Command::new(crate::program())
        .env_clear()
        .envs(settings.iter().copied())
        .env("GREENROOM_DATA_DIR", data)
        .env("LLM_BASE_URL", llm.url())
        .env("LLM_MODEL", "fake-model")
        // Room for a few exchanges, so that the old one cannot be in the history.
        .env("LLM_CONTEXT_TOKENS", "2000")
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    // A program that ends early reads nothing.
    let _ = input.write_all(lines.as_bytes()).await;
    drop(input);
    child.wait_with_output().await.unwrap()
}

/// Asks about Mara and checks the prompt and `/inspect`.
async fn asks_about_mara(data: &Path, llm: &FakeLlm) {
    let said = visit(data, llm, &CHAT, &format!("{ASKED}\n/inspect\n")).await;
    let seen = llm.seen();
    let asked = seen.iter().rev().find(|seen| seen.last_line().contains(ASKED)).expect("the model was asked");
    let prompt = asked.last_line();
    assert!(prompt.contains("<remembered>") && prompt.contains(TOLD), "{prompt}");
    let history = asked.body["messages"].as_array().unwrap().len();
    assert!(history < 40, "the history is short: {history}");
    // The first memory that /inspect lists is the one that was told.
    assert!(said.contains("in the prompt"), "{said}");
    let short = memory_of_mara(data, llm).await;
    assert!(said.contains(&short), "{short} is in:\n{said}");
}

/// The short id of the memory, as `/memory search` shows it.
async fn memory_of_mara(data: &Path, llm: &FakeLlm) -> String {
    let found = visit(data, llm, &CHAT, "/memory search collects lighthouses Oslo\n").await;
    let line = found.lines().position(|line| line.contains(TOLD)).expect("it is found");
    let head = found.lines().nth(line - 1).expect("a head stands above");
    head.split_whitespace().next().expect("the id comes first").trim_matches(['[', ']', '#', ':']).to_owned()
}

const CHAT: [&str; 5] = ["console", "--as", "Robin", "--personality", "abbey"];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_told_is_remembered_after_twenty_exchanges_a_move_and_a_reindex() {
    let llm = FakeLlm::start().await;
    llm.otherwise(|_| Answer::text("That is good to know, thank you for telling me about it."));
    let scratch = Scratch::new();
    let (home, moved) = (scratch.path().join("home"), scratch.path().join("moved"));

    let first = visit(&home, &llm, &CHAT, &format!("{TOLD}\n")).await;
    assert!(first.contains("That is good to know"), "{first}");
    let topics = ["bread", "rain", "trains", "shoes", "chess"];
    let small_talk: String = (0..20)
        .map(|n| {
            let topic = topics[n % 5];
            format!(
                "Thought number {n}: {topic}, {} and a long day of it, with more words than it needs to have.\n",
                topics[(n + 1) % 5]
            )
        })
        .collect();
    let second = visit(&home, &llm, &CHAT, &small_talk).await;
    assert_eq!(second.matches("That is good to know").count(), 20, "{second}");

    asks_about_mara(&home, &llm).await;

    let copied = std::process::Command::new("cp").arg("-a").arg(&home).arg(&moved).status().unwrap();
    assert!(copied.success());
    std::fs::remove_dir_all(&home).unwrap();
    asks_about_mara(&moved, &llm).await;

    let said = visit(&moved, &llm, &["reindex"], "").await;
    assert!(said.contains("memories are indexed"), "{said}");
    asks_about_mara(&moved, &llm).await;
    assert!(!home.exists());

    // All of it can be taken along.
    let said = visit(&moved, &llm, &CHAT, "/data export\n").await;
    let path = said.lines().find_map(|line| line.strip_prefix("Saved as ")).expect("it says where");
    assert_eq!(std::fs::metadata(path).unwrap().permissions().mode() & 0o777, 0o600);
    let mut archive = zip::ZipArchive::new(std::fs::File::open(path).unwrap()).unwrap();
    let export: serde_json::Value = serde_json::from_reader(archive.by_name("greenroom.json").unwrap()).unwrap();
    assert_eq!(export["messages"][0]["text"], TOLD);
    assert_eq!(export["memories"][0]["said"], TOLD);
    assert_eq!(export["personas"][0]["name"], "Robin");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_embedder_is_refused_in_one_sentence_until_a_reindex() {
    let llm = FakeLlm::start().await;
    let scratch = Scratch::new();
    visit(scratch.path(), &llm, &CHAT, &format!("{TOLD}\n")).await;
    let url = llm.url();
    let other = [("EMBEDDINGS_BASE_URL", url.as_str()), ("EMBEDDINGS_MODEL", "fake-embedder")];

    let refused = run(scratch.path(), &llm, &other, &CHAT, "hello\n").await;
    let said = String::from_utf8(refused.stderr).unwrap();
    assert_eq!(refused.status.code(), Some(1), "{said}");
    assert!(said.contains("run `greenroom reindex`") && said.lines().count() == 1, "{said}");

    // Nothing was damaged: the first embedder still finds, and after a reindex the second does.
    memory_of_mara(scratch.path(), &llm).await;
    let reindexed = run(scratch.path(), &llm, &other, &["reindex"], "").await;
    assert!(reindexed.status.success());
    let found = run(scratch.path(), &llm, &other, &CHAT, "/memory search lighthouses\n").await;
    assert!(String::from_utf8(found.stdout).unwrap().contains(TOLD));
}

const DAY: Duration = Duration::from_secs(24 * 3_600);

/// How long before now the memory was made that `question` finds first, in days; and its words.
async fn first(world: &World, question: &str) -> (i64, String) {
    firsts(world, question, 1).await.pop().expect("something is found")
}

/// The same of the first few.
async fn firsts(world: &World, question: &str, limit: usize) -> Vec<(i64, String)> {
    world.remembered().await;
    let scope = world.scope("robin", "abbey", "@robin").await;
    let found = world.turns.recall.find(&scope, question, limit).await.unwrap();
    let days = |at: Moment| world.clock.now().millis_since(at) / 86_400_000;
    found.into_iter().map(|(memory, _)| (days(memory.at), memory.said)).collect()
}

both!(what_happened_on_a_day_is_found_by_any_name_of_that_day, |engine| {
    const SANG: &str = "Mara sang in the choir the day before yesterday";
    const OTHERS: [&str; 6] = [
        "Mara read to us about whales",
        "it rained, and I stayed in bed with a cold until noon",
        "Mara wrote a letter to her aunt",
        "we baked bread and Mara burnt hers",
        "the neighbour's dog barked at everybody all night",
        "Mara had a day off and slept",
    ];
    let world = World::on(engine).await;
    // From Saturday the 21st of November 2026 on; the choir sang on three Fridays, of which Robin told on Sundays.
    for day in 0..36 {
        let text = match day {
            15 | 22 | 29 => SANG.to_owned(),
            _ => format!("{}, as on day {day}", OTHERS[day % OTHERS.len()]),
        };
        world.asks("robin", "@robin", &text).await;
        world.clock.advance(DAY);
        if day == 29 {
            assert_eq!(first(&world, "Was Mara in the choir last Friday?").await, (1, SANG.to_owned()));
            // Where the day is all that tells one from the others: what was told of it, and on it.
            let mut friday = firsts(&world, "What did Mara do last Friday?", 2).await;
            friday.sort();
            let baked = "we baked bread and Mara burnt hers, as on day 27".to_owned();
            assert_eq!(friday, [(1, SANG.to_owned()), (3, baked)]);
        }
    }
    // It is Sunday the 27th of December.
    for (question, days) in [
        ("Who was in the choir on Friday 4 December?", 21),
        ("Was Mara in the choir on the 11th of December?", 14),
        ("Was Mara in the choir on 18 December 2026?", 7),
    ] {
        assert_eq!(first(&world, question).await, (days, SANG.to_owned()), "{question}");
    }
    world.stop().await;
});

both!(what_was_said_again_takes_one_place_among_the_memories_and_the_next_one_when_it_is_forgotten, |engine| {
    const AGAIN: &str = "my sister Mara keeps seven grey herons in Oslo";
    let world = World::on(engine).await;
    let robin = Visit::of(&world, "robin", "@robin");
    for sighting in 0..12 {
        world.asks("robin", "@robin", &format!("heron number {sighting} was seen at the lake near Oslo")).await;
    }
    for _ in 0..30 {
        world.clock.advance(DAY);
        world.asks("robin", "@robin", AGAIN).await;
    }
    world.remembered().await;
    robin.asks("/reset").await;
    let asks = async || {
        world.asks("robin", "@robin", "which herons are there in Oslo, and whose are they?").await;
        world.last_remembered()
    };
    let remembered = asks().await;
    assert_eq!(remembered.matches(&format!("said: \"{AGAIN}\"")).count(), 1, "{remembered}");
    assert!(remembered.contains(&format!("21 December 2026: robin said: \"{AGAIN}\"")), "the newest: {remembered}");
    for sighting in 0..12 {
        assert!(remembered.contains(&format!("heron number {sighting} was")), "{sighting}: {remembered}");
    }
    let inspected = robin.reads("/inspect").await;
    assert!(inspected.contains("repeated: said in the same words before, and taken once (29:"), "{inspected}");

    // A search shows every time it was said; without the newest, the one before it stands for the others.
    let search = robin.asks("/memory search seven grey herons of my sister Mara").await;
    let rows: Vec<_> = search.fields.iter().filter(|row| row.value.contains(AGAIN)).collect();
    assert!(rows.len() > 1, "{search:?}");
    robin.asks(&format!("/memory delete {}", rows[0].name.split(' ').next().unwrap())).await;
    world.remembered().await;
    robin.asks("/reset").await;
    let remembered = asks().await;
    assert!(remembered.contains(&format!("20 December 2026: robin said: \"{AGAIN}\"")), "{remembered}");
    assert_eq!(remembered.matches(&format!("said: \"{AGAIN}\"")).count(), 1, "{remembered}");
    world.stop().await;
});
