//! What goes wrong between Discord and the house: nothing is lost, nothing is said twice.

use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant};

use fake_discord::{Cut, Disorder, FakeDiscord, Fault, FaultKind, Kind, RandomFaults};
use greenroom::testing::{Answering, Engine, World};

use super::town::{SOON, Town, connect};

/// How many there are of something: as many as a switch says, which makes it the whole, else so many.
fn count(switch: &str, everyday: usize) -> usize {
    #[expect(clippy::disallowed_methods, reason = "a switch of the tests, not a setting")]
    let count = std::env::var(switch);
    count.ok().and_then(|count| count.parse().ok()).unwrap_or(everyday)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cut_connection_goes_on_where_it_was() {
    let town = Town::new().await;
    town.asks(town.robin, town.lounge, "@Abbey zero", 1).await;
    for (n, cut) in
        [Cut::Tcp, Cut::Close(4_000), Cut::Reconnect, Cut::Invalid { resumable: true }].into_iter().enumerate()
    {
        let before = town.said(town.lounge).len();
        town.fake.hold_events(true);
        town.fake.says(town.robin, town.lounge, &format!("@Abbey missed {n}"));
        town.fake.cut(cut);
        town.fake.hold_events(false);
        town.answers(town.lounge, before, 1).await;
        town.settled().await;
        assert_eq!(town.said(town.lounge).len(), before + 1, "after cut {n}");
    }
    assert!(town.fake.resumes().len() >= 3 && town.fake.resumes().iter().all(|resume| resume.path.contains("resume")));
    town.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restart_takes_the_session_up_again() {
    let fake = FakeDiscord::start().await;
    let guild = fake.guild("Town");
    let (lounge, robin) = (fake.channel(guild, "lounge", Kind::Text), fake.user("robin"));
    fake.join(guild, robin);
    let world = World::on(Engine::Sqlite).await;
    connect(&fake, &world, true, None);
    fake.connected().await;
    fake.says(robin, lounge, "@Abbey one");
    fake.until(|fake| (fake.bot_messages(lounge).len() >= 2).then_some(()), SOON).await;
    let again = world.restarted().await;
    assert!(fake.close_codes().iter().all(|code| !matches!(code, Some(1_000 | 1_001))), "{:?}", fake.close_codes());
    fake.says(robin, lounge, "@Abbey two");
    connect(&fake, &again, true, None);
    fake.until(|fake| (fake.bot_messages(lounge).len() >= 3).then_some(()), SOON).await;
    let open = again.db.number("SELECT COUNT(*) FROM place WHERE privacy = 'open'").await.unwrap();
    assert_eq!(open, 1, "a session that goes on says nothing of its guilds, and yet the channel is as open as it was");
    assert_eq!(
        (fake.identifies().len(), fake.resumes().len()),
        (1, 1),
        "{:?} {:?}",
        fake.resumes(),
        fake.close_codes()
    );
    assert_eq!(fake.violations(), Vec::<String>::new());
    again.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_missed_without_a_session_is_caught_up_with() {
    let town = Town::new().await;
    let dm = town.fake.dm(town.kim);
    town.asks(town.robin, town.lounge, "@Abbey one", 1).await;
    town.asks(town.kim, dm, "hello", 1).await;
    town.settled().await;
    // The house has to have written down that it was there.
    tokio::time::sleep(Duration::from_millis(2_500)).await;
    let (fake, lounge, robin, kim) = (town.fake.clone(), town.lounge, town.robin, town.kim);
    let again = town.world.restarted().await;
    fake.forget_sessions();
    fake.identify_window(Duration::ZERO);
    fake.says(robin, lounge, "@Abbey two");
    fake.says(robin, lounge, "nobody in particular");
    fake.says(kim, dm, "are you back?");
    let before = fake.bot_messages(lounge).len();
    connect(&fake, &again, true, None);
    fake.until(|fake| (fake.bot_messages(lounge).len() > before).then_some(()), SOON).await;
    fake.until(
        |fake| fake.bot_messages(dm).last().filter(|last| last.content.contains("are you back?")).map(|_| ()),
        SOON,
    )
    .await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(fake.bot_messages(lounge).len(), before + 1);
    assert_eq!(fake.violations(), Vec::<String>::new());
    again.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_that_is_lost_while_the_house_runs_is_caught_up_with() {
    let town = Town::new().await;
    town.asks(town.robin, town.lounge, "@Abbey one", 1).await;
    town.settled().await;
    town.fake.identify_window(Duration::ZERO);
    town.fake.hold_events(true);
    town.fake.says(town.robin, town.lounge, "@Abbey unheard");
    town.fake.forget_sessions();
    town.fake.cut(Cut::Tcp);
    let before = town.said(town.lounge).len();
    town.fake.hold_events(false);
    let said = town.answers(town.lounge, before, 1).await;
    assert!(said[0].content.contains("unheard"));
    town.settled().await;
    assert_eq!(town.said(town.lounge).len(), before + 1, "what was heard before is not answered again");
    assert_eq!(town.fake.identifies().len(), 2);
    town.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_send_that_arrived_without_our_learning_of_it_is_found_again() {
    let town = Town::new().await;
    town.asks(town.robin, town.lounge, "@Abbey first", 1).await;
    let dm = town.fake.dm(town.kim);
    for (channel, who, path) in [(town.lounge, town.robin, "/webhooks/"), (dm, town.kim, "/messages")] {
        town.settled().await;
        let before = town.fake.bot_messages(channel).len();
        let lost =
            Fault { method: "POST".into(), path_contains: path.into(), kind: FaultKind::LostAfterCommit, times: 1 };
        town.fake.fault(lost);
        town.fake.says(who, channel, "@Abbey again");
        town.answers(channel, town.said(channel).len(), 1).await;
        town.settled().await;
        let said = town.fake.bot_messages(channel).split_off(before);
        let answers = said.iter().filter(|message| message.content.contains("again")).count();
        assert_eq!(answers, 1, "{said:?}");
    }
    town.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn random_faults_lose_nothing_and_double_nothing() {
    let town = Town::with(Answering::with(|request| {
        let line = &request.lines.last().unwrap().content;
        Ok(format!("answer {}", line.rsplit("number ").next().unwrap_or_default().trim()))
    }))
    .await;
    town.fake.forgive("rate limited");
    town.fake.forgive("429");
    let channels: Vec<u64> = (0..10).map(|n| town.fake.channel(town.guild, &format!("room-{n}"), Kind::Text)).collect();
    for channel in &channels {
        town.asks(town.robin, *channel, "@Abbey number start", 1).await;
    }
    town.fake.random_faults(Some(RandomFaults { seed: 7, status_5xx: 0.03, lost: 0.03, rate_limited: 0.02 }));
    town.fake.disorder(Some(Disorder { seed: 9, duplicate: 0.1, swap: 0.1 }));
    let all = count("GREENROOM_TEST_DISCORD_MESSAGES", 200);
    let mut asked: HashMap<u64, Vec<String>> = HashMap::new();
    for n in 0..all {
        let channel = channels[n % channels.len()];
        let before = town.said(channel).len();
        town.fake.says(town.robin, channel, &format!("@Abbey number {n}"));
        asked.entry(channel).or_default().push(format!("answer {n}"));
        if n % 97 == 50 {
            town.fake.cut(if n % 2 == 0 { Cut::Tcp } else { Cut::Reconnect });
        }
        // One question at a time in a channel: several are answered together.
        if n % channels.len() == channels.len() - 1 {
            town.answers(channel, before, 1).await;
            town.settled().await;
        }
    }
    town.settled().await;
    town.fake.random_faults(None);
    town.fake.disorder(None);
    for channel in &channels {
        let said: Vec<String> = town.said(*channel).into_iter().skip(1).map(|message| message.content).collect();
        assert_eq!(said, asked[channel]);
    }
    let requests = town.fake.requests().len();
    println!("{all} messages, {requests} requests, {} invalid", town.fake.invalid_requests());
    town.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_that_is_dead_without_saying_so_is_noticed() {
    let town = Town::new().await;
    town.asks(town.robin, town.lounge, "@Abbey one", 1).await;
    town.fake.heartbeat_interval(500);
    town.fake.cut(Cut::Reconnect);
    town.fake.until(|fake| (!fake.resumes().is_empty()).then_some(()), SOON).await;
    town.fake.withhold_acks(true);
    town.fake.until(|fake| (fake.resumes().len() >= 2).then_some(()), SOON).await;
    town.fake.withhold_acks(false);
    town.asks(town.robin, town.lounge, "@Abbey two", 1).await;
    town.settled().await;
    assert_eq!(town.said(town.lounge).len(), 2);
    assert_eq!(town.fake.identifies().len(), 1, "the session went on");
    town.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_shards_begin_as_fast_as_discord_allows_and_no_faster() {
    let fake = FakeDiscord::start().await;
    fake.shards(4, 2);
    let robin = fake.user("robin");
    let lounges: Vec<u64> = (0..12)
        .map(|n| {
            let guild = fake.guild(&format!("Town {n}"));
            fake.join(guild, robin);
            fake.channel(guild, "lounge", Kind::Text)
        })
        .collect();
    let world = World::on(Engine::Sqlite).await;
    connect(&fake, &world, true, None);
    fake.until(|fake| (fake.sessions() == 4).then_some(()), SOON).await;
    let mut shards: Vec<String> = fake.identifies().iter().map(|identify| identify["shard"].to_string()).collect();
    shards.sort_unstable();
    assert_eq!(shards, ["[0,4]", "[1,4]", "[2,4]", "[3,4]"]);
    for lounge in &lounges {
        fake.says(robin, *lounge, "@Abbey hello");
    }
    let answers = |fake: &FakeDiscord| {
        let said = |lounge: &u64| fake.bot_messages(*lounge).iter().filter(|one| one.webhook_id.is_some()).count();
        lounges.iter().all(|lounge| said(lounge) == 1).then_some(())
    };
    fake.until(answers, SOON).await;
    assert_eq!(fake.violations(), Vec::<String>::new());
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sessions_that_are_refused_are_asked_for_more_and_more_rarely() {
    const REFUSED: u64 = 4;
    let town = Town::new().await;
    town.asks(town.robin, town.lounge, "@Abbey one", 1).await;
    town.settled().await;
    town.fake.refuse_sessions(REFUSED);
    town.fake.says(town.robin, town.lounge, "@Abbey unheard");
    town.fake.forget_sessions();
    let before = town.said(town.lounge).len();
    let cut = Instant::now();
    town.fake.cut(Cut::Tcp);
    let mut asked = Vec::new();
    while asked.len() < REFUSED as usize + 1 {
        town.fake.until(|fake| (fake.identifies().len() > 1 + asked.len()).then_some(()), SOON).await;
        asked.push(cut.elapsed());
    }
    // Discord's own pace is one in five seconds; ours comes before it, and doubles from the third on.
    assert!(asked[3] - asked[2] >= Duration::from_secs(9), "{asked:?}");
    assert!(asked[4] - asked[3] >= Duration::from_secs(19), "{asked:?}");
    town.answers(town.lounge, before, 1).await;
    town.settled().await;
    assert_eq!(town.said(town.lounge).len(), before + 1, "what was said meanwhile is answered once");
    town.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_channels_are_read_back_within_discords_limits() {
    const GUILDS: usize = 2;
    const CHANNELS: usize = 1_000;
    let town = Town::new().await;
    town.asks(town.robin, town.lounge, "@Abbey one", 1).await;
    let dm = town.fake.dm(town.kim);
    town.asks(town.kim, dm, "hello", 1).await;
    let channels: Vec<u64> = (0..GUILDS)
        .flat_map(|n| {
            let guild = town.fake.guild(&format!("Large town {n}"));
            town.fake.join(guild, town.robin);
            let channel = |at| town.fake.channel(guild, &format!("room-{at}"), Kind::Text);
            (0..CHANNELS / GUILDS).map(channel).collect::<Vec<_>>()
        })
        .collect();
    town.settled().await;
    // The house has to have written down that it was there.
    tokio::time::sleep(Duration::from_millis(2_500)).await;
    let (fake, robin, kim) = (town.fake.clone(), town.robin, town.kim);
    let again = town.world.restarted().await;
    fake.forget_sessions();
    fake.identify_window(Duration::ZERO);
    for channel in &channels {
        fake.says(robin, *channel, "nobody in particular");
    }
    let last = *channels.last().unwrap();
    fake.says(robin, last, "@Abbey are you back?");
    fake.says(kim, dm, "and here?");
    fake.take_requests();
    let (connected, directs) = (Instant::now(), fake.bot_messages(dm).len());
    connect(&fake, &again, true, None);
    fake.until(|fake| (fake.bot_messages(dm).len() > directs).then_some(()), SOON).await;
    let direct = connected.elapsed();
    fake.until(|fake| (!fake.bot_messages(last).is_empty()).then_some(()), SOON).await;
    let wanted: HashSet<String> = channels.iter().map(|channel| format!("/channels/{channel}/messages")).collect();
    let are_read = |fake: &FakeDiscord| {
        let read = fake.requests().into_iter().filter(|request| request.method == "GET" && request.status == 200);
        let read: HashSet<String> = read.map(|request| request.path).collect();
        wanted.is_subset(&read).then_some(())
    };
    fake.until(are_read, SOON).await;
    println!("read back after {:?}, the direct conversation answered after {direct:?}", connected.elapsed());
    assert_eq!(fake.invalid_requests(), 0);
    assert_eq!(fake.violations(), Vec::<String>::new());
    again.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn commands_are_acknowledged_while_the_database_stands_still() {
    /// Longer than Discord waits.
    const STANDS_STILL: &str = "DO $$ BEGIN \
        LOCK TABLE member, identity, place, message, turn, personality, memory IN ACCESS EXCLUSIVE MODE; \
        PERFORM pg_sleep(5); END $$";
    let town = Town::on(Engine::Postgres).await;
    let before = town.asks(town.robin, town.lounge, "@Abbey one", 1).await;
    town.settled().await;
    let db = town.world.db.clone();
    town.world.life.spawn("standstill", async move { db.run(STANDS_STILL).await.unwrap() });
    tokio::time::sleep(Duration::from_millis(500)).await;
    let asked = [
        town.fake.slash(town.robin, town.lounge, "memory view", &[]),
        town.fake.slash(town.kim, town.lounge, "memory view", &[]),
        town.fake.context_menu(town.robin, town.lounge, "Forget this", before[0].id),
    ];
    for one in &asked {
        let acked = one.acked().await;
        println!("acknowledged after {acked:?}");
        assert_eq!(one.callback().await["type"], 5, "it is only announced");
    }
    for one in &asked {
        let said = one.answered().await;
        assert!(!said[0].content.is_empty() && one.violations().is_empty(), "{said:?} {:?}", one.violations());
    }
    town.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn none_of_many_commands_in_a_row_is_answered_too_late() {
    let town = Town::new().await;
    town.asks(town.robin, town.lounge, "@Abbey one", 1).await;
    let asks = count("GREENROOM_TEST_DISCORD_COMMANDS", 100);
    let mut slowest = Duration::ZERO;
    for n in 0..asks {
        let (who, what) = ([town.robin, town.kim][n % 2], ["memory view", "help", "about"][n % 3]);
        let asked = town.fake.slash(who, town.lounge, what, &[]);
        slowest = slowest.max(asked.acked().await);
        let said = asked.answered().await;
        assert!(!said.is_empty() && asked.violations().is_empty(), "{n}: {said:?} {:?}", asked.violations());
    }
    println!("{asks} commands, the slowest acknowledged after {slowest:?}");
    town.close().await;
}
