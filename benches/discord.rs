//! Discord end to end, against the strict double on loopback: from somebody's message to the model's request, and from
//! the model's last word to the message in the channel. Both include the double and the loopback.

use std::sync::Arc;
use std::time::{Duration, Instant};

use fake_discord::{FakeDiscord, Kind};
use greenroom::db::personalities;
use greenroom::desk::Desk;
use greenroom::domain::{Moment, Personality, PersonalityFile, PersonalityId};
use greenroom::platform::discord::{Discord, Options};
use greenroom::testing::{Engine, World};

const ROUNDS: usize = 400;
const WARM_UP: usize = 40;

/// Personalities of the completion run.
const PERSONALITIES: usize = 10_000;
/// Guilds of the memory run, and channels of each.
const GUILDS: usize = 10_000;
const CHANNELS: usize = 20;

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    if std::env::args().any(|arg| arg == "--guilds") {
        runtime.block_on(guilds());
    } else if std::env::args().any(|arg| arg == "--completion") {
        runtime.block_on(completion());
    } else {
        runtime.block_on(run());
    }
}

/// Resident memory of the real program with few and with many guilds.
async fn guilds() {
    let mut resident = Vec::new();
    for count in [1, GUILDS] {
        let fake = FakeDiscord::start().await;
        // Discord gives a shard 2,500 guilds at most.
        fake.shards(count.div_ceil(2_500) as u64, 16);
        for n in 0..count {
            let guild = fake.guild(&format!("Town {n}"));
            (0..CHANNELS).for_each(|m| _ = fake.channel(guild, &format!("room-{m}"), Kind::Text));
        }
        let folder = tempfile::tempdir().unwrap();
        let mut house = std::process::Command::new(env!("CARGO_BIN_EXE_greenroom"))
            .env("GREENROOM_DATA_DIR", folder.path())
            .env("LLM_BASE_URL", "http://127.0.0.1:9/v1")
            .env("LLM_MODEL", "none")
            .env("DISCORD_TOKEN", fake.token())
            .env("DISCORD_API_URL", fake.url())
            .env("HTTP_ADDR", "127.0.0.1:0")
            .env("METRICS_ADDR", "127.0.0.1:0")
            .stderr(std::process::Stdio::null())
            .spawn()
            .unwrap();
        let shards = count.div_ceil(2_500);
        fake.until(|fake| (fake.sessions() == shards).then_some(()), Duration::from_secs(120)).await;
        tokio::time::sleep(Duration::from_secs(20)).await;
        let statm = std::fs::read_to_string(format!("/proc/{}/statm", house.id())).unwrap();
        let pages: f64 = statm.split_whitespace().nth(1).unwrap().parse().unwrap();
        resident.push(pages * 4_096.0 / 1e6);
        house.kill().unwrap();
        house.wait().unwrap();
        println!("{count} guilds of {CHANNELS} channels: {:.1} MB resident", resident[resident.len() - 1]);
    }
    println!("{:.2} MB for each 1,000 guilds", (resident[1] - resident[0]) / (GUILDS as f64 / 1_000.0));
}

/// Completion of a name among many personalities: from the key stroke to the choices.
async fn completion() {
    let (fake, world, lounge, robin) = town().await;
    let creating = world.db.write(|tx| {
        Box::pin(async move {
            for n in 0..PERSONALITIES {
                let name = format!("{} {n}", ["Ada", "Bertram", "Cleo", "Dorian", "Elke"][n % 5]);
                let file =
                    PersonalityFile { slug: format!("one-{n}"), name, prompt: "You are.".into(), ..Default::default() };
                let one = Personality::of_file(PersonalityId::new(format!("p{n}")), file);
                personalities::create(tx, &one, Moment(0)).await?;
            }
            Ok(())
        })
    });
    creating.await.unwrap();
    world.turns.directory.reload_names().await.unwrap();
    let mut times = Vec::new();
    for round in 0..ROUNDS {
        let typed = ["a", "cleo 12", "7", "dorian", "zzzz"][round % 5];
        let began = Instant::now();
        let offered = fake.completes(robin, lounge, "personality view", "name", typed, &[]).await;
        times.push(began.elapsed());
        assert!(offered.len() <= 25 && (typed == "zzzz" || !offered.is_empty()));
    }
    print(&format!("completion among {PERSONALITIES} personalities"), times);
    world.stop().await;
}

async fn town() -> (FakeDiscord, World, u64, u64) {
    let fake = FakeDiscord::start().await;
    let guild = fake.guild("Town");
    let (lounge, robin) = (fake.channel(guild, "lounge", Kind::Text), fake.user("robin"));
    fake.join(guild, robin);
    let world = World::on(Engine::Sqlite).await;
    let options = Options {
        token: fake.token().into(),
        api_url: Some(fake.url()),
        reads_messages: true,
        pluralkit_url: None,
        plural_token: None,
        services: Vec::new(),
        dev_guild: None,
        public_url: None,
    };
    let house = Discord::new(options, world.life.clone()).unwrap();
    world.turns.platforms.add(house.clone());
    house.start(world.turns.clone(), Arc::new(Desk::new(world.turns.clone())), world.db.clone());
    fake.connected().await;
    fake.until(|fake| (!fake.commands().is_empty()).then_some(()), Duration::from_secs(20)).await;
    (fake, world, lounge, robin)
}

async fn run() {
    let (fake, world, lounge, robin) = town().await;
    let (mut to_model, mut to_channel) = (Vec::new(), Vec::new());
    for round in 0..ROUNDS + WARM_UP {
        let words = format!("answer {round}:");
        world.model.next([Ok(words.clone())]);
        let said = Instant::now();
        fake.says(robin, lounge, &format!("@Abbey question {round}"));
        let is_it = |fake: &FakeDiscord| {
            fake.bot_messages(lounge).last().filter(|last| last.content == words).map(|last| last.at)
        };
        let arrived = fake.until(is_it, Duration::from_secs(20)).await;
        let (asked, answered) = world.model.last_call();
        if round >= WARM_UP {
            to_model.push(asked - said);
            to_channel.push(arrived.saturating_duration_since(answered));
        }
        // The house keeps to 45 requests a second: faster rounds would measure that.
        tokio::time::sleep(Duration::from_millis(25)).await;
        while world
            .db
            .number("SELECT COUNT(*) FROM turn WHERE state IN ('queued', 'running', 'sending')")
            .await
            .unwrap()
            > 0
        {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
    print("message -> model request", to_model);
    print("last word -> message in the channel", to_channel);
    world.stop().await;
}

fn print(what: &str, mut times: Vec<Duration>) {
    times.sort_unstable();
    let at = |share: f64| times[((times.len() - 1) as f64 * share) as usize].as_secs_f64() * 1_000.0;
    println!("{what}: p50 {:.2} ms, p99 {:.2} ms ({} rounds)", at(0.5), at(0.99), times.len());
}
