//! The real program under steady talk and steady trouble: what it needs must not grow.
//!
//! Ten seconds in the everyday run, which show only that the harness works; for figures, an optimised program in
//! `GREENROOM_TEST_PROGRAM` and `GREENROOM_TEST_SOAK_MINUTES=30 GREENROOM_TEST_SOAK_PER_SECOND=50`.

use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use fake_discord::{Cut, Disorder, FakeDiscord, Kind, RandomFaults};
use fake_llm::{Answer, FakeLlm};
use greenroom::db::Db;
use greenroom::domain::Privacy;
use greenroom::platform::fake::Event;
use tokio::process::{Child, Command};

use crate::crash::stop;
use crate::outdoors::Outside;

/// The everyday run.
const SMOKE: Duration = Duration::from_secs(10);
const SMOKE_PER_SECOND: u64 = 12;
/// One message in so many is said on Discord, which takes fewer than the rest: 45 requests a second in all.
const ON_DISCORD: u64 = 8;
/// Rooms with members of their own, channels of Discord with members who are in all of them, and how many in each.
const ROOMS: u64 = 40;
const CHANNELS: u64 = 8;
const MEMBERS: u64 = 25;
/// What the program keeps of memories, so that it is full before the program is measured.
const CACHE_MB: &str = "16";
/// One answer of the model in so many is a fault.
const FAULTY: u64 = 12;
/// How often the connection to Discord is cut.
const CUT_EVERY: Duration = Duration::from_secs(5);
/// How often the program is measured.
const SAMPLE_EVERY: Duration = Duration::from_millis(500);
/// The share of the run after which caches are full.
const WARM: f64 = 0.3;
/// Descriptors come and go with connections; more than this is a leak.
const DESCRIPTORS: u64 = 24;
/// Growth of memory that is no leak, in MiB an hour, in a run long enough to tell.
const GROWTH: f64 = 1.0;
const TELLING: Duration = Duration::from_secs(25 * 60);
/// Turns that are not done.
const OPEN_TURNS: &str = "SELECT COUNT(*) FROM turn WHERE state IN ('queued', 'running', 'sending')";
/// How long what is owed in the end may take.
const DRAIN: Duration = Duration::from_secs(120);

fn setting(name: &str) -> Option<u64> {
    #[expect(clippy::disallowed_methods, reason = "a switch of the tests, not a setting")]
    std::env::var(name).ok().and_then(|value| value.parse().ok())
}

/// What the program needs at a time.
#[derive(Clone, Copy, Debug)]
struct Sample {
    at: Duration,
    /// Resident memory in MiB.
    memory: f64,
    descriptors: u64,
}

fn sample(process: u32, at: Duration) -> Option<Sample> {
    const PAGE: f64 = 4_096.0;
    let pages = std::fs::read_to_string(format!("/proc/{process}/statm")).ok()?;
    let pages: f64 = pages.split(' ').nth(1)?.parse().ok()?;
    let descriptors = std::fs::read_dir(format!("/proc/{process}/fd")).ok()?.count() as u64;
    Some(Sample { at, memory: pages * PAGE / f64::from(1 << 20), descriptors })
}

/// Growth of memory in MiB an hour: the line that fits best.
fn growth(samples: &[Sample]) -> f64 {
    let count = samples.len() as f64;
    let hours = |sample: &Sample| sample.at.as_secs_f64() / 3_600.0;
    let (x, y) =
        (samples.iter().map(hours).sum::<f64>() / count, samples.iter().map(|s| s.memory).sum::<f64>() / count);
    let above: f64 = samples.iter().map(|sample| (hours(sample) - x) * (sample.memory - y)).sum();
    let below: f64 = samples.iter().map(|sample| (hours(sample) - x).powi(2)).sum();
    above / below
}

/// The `n`th answer of a model that fails now and then.
fn answer(n: u64, body: &serde_json::Value) -> Answer {
    match (n % FAULTY, n / FAULTY % 6) {
        (0, 0) => Answer::html(503),
        (0, 1) => Answer::break_after("Once"),
        (0, 2) => Answer::end_after("Once"),
        (0, 3) => Answer::bad_json_after("Once"),
        (0, 4) => Answer::rate_limited("0.2"),
        (0, 5) => Answer::empty(),
        _ => {
            // What is remembered stands before the message, with words of earlier ones.
            let asked =
                body["messages"].as_array().and_then(|lines| lines.last()).and_then(|line| line["content"].as_str());
            let asked = asked.and_then(|text| text.rsplit("token").next()).and_then(|rest| rest.split('x').next());
            Answer::text(&format!("This is about {}", token(asked.and_then(|n| n.parse().ok()).unwrap_or(u64::MAX))))
        }
    }
}

fn program(folder: &Path, outside: &Outside, discord: &FakeDiscord, llm: &FakeLlm) -> Child {
    let mut command = Command::new(crate::program());
    command
        .arg("run")
        .env_clear()
        .env("GREENROOM_DATA_DIR", folder)
        .env("GREENROOM_TEST_FAKE_PLATFORM", outside.url())
        .env("LLM_BASE_URL", llm.url())
        .env("LLM_MODEL", "fake-model")
        .env("DISCORD_TOKEN", discord.token())
        .env("DISCORD_API_URL", discord.url())
        .env("HTTP_ADDR", "127.0.0.1:0")
        .env("METRICS_ADDR", "127.0.0.1:0")
        .env("GREENROOM_MEMORY_CACHE_MB", CACHE_MB);
    // Whoever talks here is nobody: none of them is to be told that it is too fast.
    for limit in ["MEMBER_PER_MINUTE", "PLACE_PER_MINUTE", "PERSONALITY_PER_MINUTE", "MEMBER_WAITING", "PLACE_WAITING"]
    {
        command.env(format!("GREENROOM_{limit}"), "1000");
    }
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true).spawn().unwrap()
}

/// The words by which a message is known.
fn token(n: u64) -> String {
    format!("token{n}x")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn steady_talk_and_steady_trouble_need_no_more_in_the_end_than_in_the_beginning() {
    let whole = setting("GREENROOM_TEST_SOAK_MINUTES").map_or(SMOKE, |minutes| Duration::from_secs(minutes * 60));
    let rate = setting("GREENROOM_TEST_SOAK_PER_SECOND").unwrap_or(SMOKE_PER_SECOND);
    let (outside, discord, llm) = (Outside::start().await, FakeDiscord::start().await, FakeLlm::start().await);
    let calls = std::sync::atomic::AtomicU64::new(0);
    llm.otherwise(move |body| answer(calls.fetch_add(1, std::sync::atomic::Ordering::Relaxed), body));
    let guild = discord.guild("Town");
    let channels: Vec<u64> = (0..CHANNELS).map(|n| discord.channel(guild, &format!("room-{n}"), Kind::Text)).collect();
    let members: Vec<u64> = (0..MEMBERS).map(|n| discord.user(&format!("member{n}"))).collect();
    members.iter().for_each(|member| discord.join(guild, *member));
    for forgiven in ["rate limited", "429"] {
        discord.forgive(forgiven);
    }
    discord.identify_window(Duration::ZERO);
    let folder = tempfile::tempdir().unwrap();
    let child = program(folder.path(), &outside, &discord, &llm);
    let process = child.id().unwrap();
    discord.until(|discord| (discord.sessions() == 1).then_some(()), Duration::from_secs(60)).await;
    discord.random_faults(Some(RandomFaults { seed: 5, status_5xx: 0.02, lost: 0.02, rate_limited: 0.02 }));
    discord.disorder(Some(Disorder { seed: 6, duplicate: 0.05, swap: 0.05 }));
    let (began, mut samples, mut said, mut cuts) = (Instant::now(), Vec::new(), 0_u64, 0_u32);
    let mut tick = tokio::time::interval(Duration::from_millis(20));
    while began.elapsed() < whole {
        tick.tick().await;
        let due = (began.elapsed().as_secs_f64() * rate as f64) as u64;
        while said < due {
            let (n, who) = (said, said / ROOMS % MEMBERS);
            said += 1;
            if n % ON_DISCORD == 0 {
                let at = n / ON_DISCORD;
                let (who, channel) = (members[(at / CHANNELS % MEMBERS) as usize], channels[(at % CHANNELS) as usize]);
                discord.says(who, channel, &format!("@Abbey {}", token(n)));
                continue;
            }
            outside.rooms.say(Event {
                n: 0,
                room: format!("room{}", n % ROOMS),
                privacy: Privacy::Open,
                who: format!("member{who} of room{}", n % ROOMS),
                name: format!("member{who}"),
                text: format!("@Abbey {}", token(n)),
                at: 1_795_262_400_000 + n as i64,
                is_bot: false,
                reply_to: None,
                addressed: None,
            });
        }
        if began.elapsed() > CUT_EVERY * (cuts + 1) {
            discord.cut(if cuts % 2 == 0 { Cut::Tcp } else { Cut::Reconnect });
            cuts += 1;
        }
        if began.elapsed() > SAMPLE_EVERY * (samples.len() as u32 + 1) {
            samples.push(sample(process, began.elapsed()).expect("the program lives"));
        }
    }
    discord.random_faults(None);
    discord.disorder(None);
    let url = format!("sqlite://{}", folder.path().join("greenroom.db").display());
    let (db, ending) = (Db::open(&url).await.unwrap(), Instant::now());
    let of_rooms = outside.rooms.after(0).len();
    let taken = "SELECT COUNT(*) FROM message WHERE account = 'fake' AND member_id IS NOT NULL";
    // Chores go on and owe new vectors for as long as there is something to distil; those of the talk are made.
    let vectors = db.rows("outbox").await.unwrap();
    loop {
        let untaken = of_rooms as i64 - db.number(taken).await.unwrap();
        let open = db.number(OPEN_TURNS).await.unwrap();
        let now: HashSet<String> = db.rows("outbox").await.unwrap().into_iter().collect();
        let unmade = vectors.iter().filter(|row| now.contains(*row)).count();
        if untaken <= 0 && open == 0 && unmade == 0 {
            break;
        }
        let owed = format!("{untaken} messages are not taken, {open} turns not ended, {unmade} vectors not made");
        assert!(ending.elapsed() < DRAIN, "{owed}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let turns = db.number("SELECT COUNT(*) FROM turn").await.unwrap();
    let failed = db.number("SELECT COUNT(*) FROM turn WHERE state = 'failed'").await.unwrap();
    let lost = db.number("SELECT COUNT(*) FROM turn WHERE state NOT IN ('done', 'failed')").await.unwrap();
    db.close().await;
    stop(child).await;
    let mut heard: HashMap<String, u32> = HashMap::new();
    let texts = outside.rooms.posts().into_iter().map(|post| post.text);
    let on_discord = channels.iter().flat_map(|channel| discord.bot_messages(*channel)).map(|message| message.content);
    for text in texts.chain(on_discord) {
        for word in text.split_whitespace().filter(|word| word.starts_with("token")) {
            *heard.entry(word.to_owned()).or_default() += 1;
        }
    }
    let twice: Vec<_> = heard.iter().filter(|(_, times)| **times > 1).take(5).collect();
    let warm = &samples[(samples.len() as f64 * WARM) as usize..];
    let (first, last) = (warm.first().unwrap(), warm.last().unwrap());
    let [fewest, most] =
        [warm.iter().map(|s| s.descriptors).min().unwrap(), warm.iter().map(|s| s.descriptors).max().unwrap()];
    println!(
        "{said} messages in {whole:?}, {turns} turns of which {failed} ended with a line of the house, {cuts} cuts; drained in \
         {:?}; memory {:.1} to {:.1} MiB, growth {:.2} MiB/h; descriptors {fewest} to {most}",
        ending.elapsed(),
        first.memory,
        last.memory,
        growth(warm),
    );
    assert!(twice.is_empty(), "said twice: {twice:?}");
    assert_eq!(lost, 0, "every turn has an end");
    assert!(heard.len() as f64 > said as f64 * 0.5, "{} of {said} were answered", heard.len());
    assert!(
        most - fewest <= DESCRIPTORS && last.descriptors <= first.descriptors + DESCRIPTORS / 2,
        "{fewest} to {most}"
    );
    if whole >= TELLING {
        assert!(growth(warm) <= GROWTH, "{:.2} MiB/h", growth(warm));
    }
}

#[test]
fn growth_is_that_of_the_line() {
    let at = |secs: u64, memory: f64| Sample { at: Duration::from_secs(secs), memory, descriptors: 0 };
    let line: Vec<Sample> =
        (0..100).map(|n| at(n * 36, 50.0 + n as f64 * 0.02 + if n % 2 == 0 { 1.0 } else { -1.0 })).collect();
    assert!((growth(&line) - 2.0).abs() < 0.1, "{}", growth(&line));
}
