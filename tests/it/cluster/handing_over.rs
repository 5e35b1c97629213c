//! What processes hand over to one another: lanes, accounts, chores.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use fake_discord::{FakeDiscord, Kind};
use fake_llm::FakeLlm;
use greenroom::testing::Engine;

use super::town::{Process, STILL, Town};
use crate::outdoors::answer_to;
use crate::watched::{free_address, get};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn processes_are_replaced_one_by_one_and_hand_over_what_they_hold() {
    let town = Town::on(Engine::Postgres).await;
    let mut processes = vec![town.start("gateway", "g0"), town.start("worker", "w0")];
    let mut holder = town.holder("account fake", None).await;
    let mut count = 0;
    for round in 0..2 {
        for at in 0..processes.len() {
            let role = processes[at].role;
            let next = town.start(role, &format!("{role}-{round}"));
            (count..count + 3).for_each(|n| town.say(n));
            count += 3;
            town.stop(std::mem::replace(&mut processes[at], next)).await;
            if role == "gateway" {
                let asked = Instant::now();
                holder = town.holder("account fake", Some(&holder)).await;
                println!("a stopped gateway's account was taken {} ms later", asked.elapsed().as_millis());
            }
            town.answered(count, &mut processes).await;
        }
    }
    town.rests().await;
    for process in processes {
        town.stop(process).await;
    }
    town.judge(count).await;
    let calls = town.outside.calls.lock().unwrap().clone();
    assert!(calls.values().all(|calls| *calls == 1), "an orderly stop costs no call: {calls:?}");
}

/// Rounds of a chore that a process has done, by its metrics.
async fn rounds(metrics: &str, chore: &str) -> u64 {
    let page = get(metrics, "/metrics").await.unwrap_or_default();
    let sample = format!("greenroom_chores_total{{chore=\"{chore}\",outcome=\"done\"}} ");
    page.lines().find_map(|line| line.strip_prefix(&sample)?.parse().ok()).unwrap_or(0)
}

/// Waits until somebody has done a chore; returns how many have.
async fn how_many_do(town: &Town, cast: &[(Process, String)], chore: &str) -> usize {
    let find = async || {
        let mut doing = 0;
        for (_, metrics) in cast {
            doing += usize::from(rounds(metrics, chore).await > 0);
        }
        (doing > 0).then_some(doing)
    };
    town.until(find, "nobody does the chore").await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_chore_is_done_by_one_process_and_by_another_once_that_has_left() {
    let (mut town, llm) = (Town::on(Engine::Postgres).await, FakeLlm::start().await);
    town.settings = vec![("EMBEDDINGS_BASE_URL", llm.url()), ("EMBEDDINGS_MODEL", "fake-embedder".into())];
    let mut cast = Vec::new();
    for (role, folder) in [("gateway", "g1"), ("gateway", "g2"), ("worker", "w1"), ("worker", "w2"), ("worker", "w3")] {
        let (metrics, mut command) = (free_address(), town.command(role, folder));
        command.env("METRICS_ADDR", &metrics);
        cast.push((town.run(role, folder, command), metrics));
    }
    for folder in ["g1", "g2", "w1", "w2", "w3"] {
        town.joined(folder).await;
    }
    // Who has made the vectors, who makes them once that has left, and who is left then.
    for count in [12, 24, 36] {
        (count - 12..count).for_each(|n| town.say(n));
        town.answered(count, &mut []).await;
        town.rests().await;
        for chore in ["index", "distil", "tidy"] {
            assert_eq!(how_many_do(&town, &cast, chore).await, 1, "{chore} after {count}\n{}", town.logs());
        }
        // The vectors of an answer are made once; what was asked is a question's vector as well.
        let texts: Vec<String> = llm.seen().iter().flat_map(|seen| embedded(&seen.body)).collect();
        let passages: Vec<&String> = texts.iter().filter(|text| text.contains("word")).collect();
        let different: HashSet<&String> = passages.iter().copied().collect();
        assert!(passages.len() == different.len() && passages.len() >= count as usize, "{passages:?} after {count}");
        let mut keeper = None;
        for (at, (_, metrics)) in cast.iter().enumerate() {
            if rounds(metrics, "index").await > 0 {
                keeper = Some(at);
            }
        }
        if count < 36 {
            let (keeper, _) = cast.remove(keeper.unwrap());
            town.stop(keeper).await;
        }
    }
    for (process, _) in cast {
        town.stop(process).await;
    }
    town.judge(36).await;
}

/// The texts of a request for embeddings.
fn embedded(body: &serde_json::Value) -> Vec<String> {
    let texts = body["input"].as_array().into_iter().flatten();
    texts.filter_map(|text| text.as_str().map(str::to_owned)).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_discord_account_is_one_gateways_and_another_goes_on_when_that_is_killed() {
    const HALF: u64 = 4;
    let fake = FakeDiscord::start().await;
    fake.identify_window(Duration::ZERO);
    let guild = fake.guild("Town");
    let lounge = fake.channel(guild, "lounge", Kind::Text);
    // What one member says quickly is answered together.
    let members: Vec<u64> = (0..2 * HALF).map(|n| fake.user(&format!("member{n}"))).collect();
    members.iter().for_each(|member| fake.join(guild, *member));
    let mut town = Town::on(Engine::Postgres).await;
    town.settings = vec![("DISCORD_TOKEN", fake.token()), ("DISCORD_API_URL", fake.url())];
    let start = |role, folder| {
        let mut command = town.command(role, folder);
        command.env_remove("GREENROOM_TEST_FAKE_PLATFORM");
        town.run(role, folder, command)
    };
    let mut first = start("gateway", "g1");
    fake.until(|fake| (fake.sessions() == 1).then_some(()), STILL).await;
    let others = [start("gateway", "g2"), start("worker", "w1"), start("worker", "w2")];
    town.joined("g2").await;
    // What the house said in answer; it tells newcomers once what they talk with.
    let said = |fake: &FakeDiscord| {
        let messages = fake.bot_messages(lounge).into_iter().filter(|message| message.ephemeral_to.is_none());
        let texts: Vec<String> = messages.map(|message| message.content).collect();
        let words = texts.iter().flat_map(|text| text.split_whitespace());
        words.filter(|word| word.starts_with("re") && word.contains("word")).map(str::to_owned).collect::<Vec<_>>()
    };
    let wanted = |count| (0..count).map(answer_to).collect::<Vec<_>>().join(" ");
    let wanted = |count| wanted(count).split(' ').map(str::to_owned).collect::<Vec<_>>();
    for count in [HALF, 2 * HALF] {
        for n in count - HALF..count {
            fake.says(members[n as usize], lounge, &format!("@Abbey token{n}x"));
        }
        let wanted = wanted(count);
        let complete = |fake: &FakeDiscord| (said(fake).len() >= wanted.len()).then(|| said(fake));
        assert!(fake.until(complete, STILL).await == wanted, "once and in order: {:?}", said(&fake));
        assert_eq!(fake.sessions(), 1);
        if count == HALF {
            first.kill().await;
        }
    }
    fake.until(|fake| (!fake.commands().is_empty()).then_some(()), STILL).await;
    let about = fake.slash(members[0], lounge, "about", &[]).answered().await;
    assert!(about[0].content.contains("AI"), "{}", about[0].content);
    for process in others {
        town.stop(process).await;
    }
    assert_eq!(said(&fake), wanted(2 * HALF));
    assert_eq!(fake.violations(), Vec::<String>::new());
}
