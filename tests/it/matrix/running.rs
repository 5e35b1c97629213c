//! The real program on Matrix: killed anywhere, started again, and with its store lost.

use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use fake_llm::FakeLlm;
use greenroom::crash::{MATRIX, POINTS};
use matrix_town::{Human, Role, RoomOptions, Setup, Synapse};
use serde_json::json;
use tokio::process::{Child, Command};

use super::town::{SOON, password};

/// Points of a message's way that every answer passes.
const ON_THE_WAY: [&str; 6] =
    ["message stored", "lane claimed", "first text", "answer stored", "part sent", "all parts sent"];
/// After this long without having fallen, a program is killed where it is.
const FALLS_WITHIN: Duration = Duration::from_secs(15);

/// The program with a folder of its own.
pub struct Program<'a> {
    pub folder: &'a Path,
    pub synapse: &'a Synapse,
    pub llm: &'a FakeLlm,
    pub account: &'a str,
    /// More of its settings.
    pub more: Vec<(&'a str, String)>,
}

impl Program<'_> {
    fn command(&self, command: &str) -> Command {
        let mut program = Command::new(crate::program());
        program
            .arg(command)
            .env_clear()
            .env("GREENROOM_DATA_DIR", self.folder)
            .env("LLM_BASE_URL", self.llm.url())
            .env("LLM_MODEL", "fake-model")
            .env("MATRIX_HOMESERVER", self.synapse.url())
            .env("MATRIX_USER", self.synapse.user_id(self.account))
            .env("MATRIX_PASSWORD", password(self.account))
            .env("MATRIX_STREAMING", "fast")
            .env("HTTP_ADDR", "127.0.0.1:0")
            .env("METRICS_ADDR", "127.0.0.1:0")
            .env("GREENROOM_LOG_FORMAT", "text")
            .envs(self.more.iter().cloned())
            .stdout(Stdio::null())
            .stderr(std::fs::File::create(self.log()).unwrap())
            .kill_on_drop(true);
        program
    }

    fn log(&self) -> std::path::PathBuf {
        self.folder.join("stderr")
    }

    /// What the last program said.
    pub fn said(&self) -> String {
        String::from_utf8_lossy(&std::fs::read(self.log()).unwrap()).into_owned()
    }

    pub fn start(&self) -> Child {
        self.command("run").spawn().unwrap()
    }

    /// Waits until a program ends; its exit code.
    async fn ended(&self, mut child: Child) -> i32 {
        let ended = tokio::time::timeout(SOON, child.wait()).await.unwrap().unwrap();
        ended.code().unwrap_or(-1)
    }

    /// Stops a program as a service manager does, once it is up.
    pub async fn stopped(&self, child: Child) -> String {
        let began = Instant::now();
        while !self.said().contains("signed in to Matrix") {
            assert!(began.elapsed() < SOON, "it does not start: {}", self.said());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let id = child.id().unwrap().to_string();
        assert!(std::process::Command::new("kill").arg(id).status().unwrap().success());
        let code = self.ended(child).await;
        assert_eq!(code, 0, "{}", self.said());
        self.said()
    }

    /// A program that falls at a point, as by `kill -9`.
    pub fn falling_at(&self, point: &str) -> Child {
        self.command("run").env("GREENROOM_TEST_CRASH_AT", format!("{point}:1")).spawn().unwrap()
    }
}

/// A room of somebody and the house, which is running; after its greeting.
pub async fn room(human: &Human, house: &str, encrypted: bool) -> String {
    let room = human.create_room(RoomOptions { encrypted, invite: &[house], ..RoomOptions::default() }).await;
    human.sees_join(&room, house).await;
    human.until(|seen| seen.messages(&room).any(|said| said.sender == house).then_some(()), SOON).await;
    room
}

/// How often the house said something with these words in a room, as far as somebody saw it.
fn times(human: &Human, room: &str, house: &str, words: &str) -> usize {
    let messages = human.messages(room);
    messages.iter().filter(|said| said.sender == house && said.body().contains(words)).count()
}

/// Small here; `GREENROOM_TEST_MATRIX_KILLS=40` makes it large.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_anywhere_it_answers_once_what_it_had_heard() {
    #[expect(clippy::disallowed_methods, reason = "a switch of the tests, not a setting")]
    let rounds = std::env::var("GREENROOM_TEST_MATRIX_KILLS").ok().and_then(|n| n.parse().ok()).unwrap_or(8_usize);
    matrix_town::prepare().await;
    let synapse = Synapse::shared().await;
    let (llm, folder) = (FakeLlm::start().await, tempfile::tempdir().unwrap());
    let account = "house-killed";
    synapse.register(account, &password(account), Role::User).await;
    let (house, robin) = (synapse.user_id(account), Human::login(synapse, "robin-killed").await);
    let program = Program { folder: folder.path(), synapse, llm: &llm, account, more: Vec::new() };
    let mut running = program.start();
    let rooms = [room(&robin, &house, false).await, room(&robin, &house, true).await];
    for room in &rooms {
        robin.say(room, "@abbey question first").await;
        let house = &house;
        robin
            .until(
                |seen| {
                    seen.messages(room)
                        .any(|said| said.sender == *house && said.body().contains("question first"))
                        .then_some(())
                },
                SOON,
            )
            .await;
    }
    let device = robin.keys_of(&house).await.devices;
    assert_eq!(device.len(), 1);
    program.stopped(running).await;
    // The points of listening, those of the answer, and anywhere in between.
    let points: Vec<Option<&str>> = MATRIX.iter().chain(&ON_THE_WAY).map(|point| Some(*point)).chain([None]).collect();
    assert!(ON_THE_WAY.iter().all(|point| POINTS.contains(point)));
    for round in 0..rounds {
        // Each point meets plain and encrypted rooms.
        let (room, point) = (&rooms[(round + round / points.len()) % 2], points[round % points.len()]);
        let question = format!("question number{round}x");
        let began = Instant::now();
        running = match point {
            Some(point) => program.falling_at(point),
            None => program.start(),
        };
        robin.say(room, &format!("@abbey {question}")).await;
        match point {
            Some(_) => {
                if tokio::time::timeout(FALLS_WITHIN, running.wait()).await.is_err() {
                    running.kill().await.unwrap();
                }
            }
            None => {
                tokio::time::sleep(Duration::from_millis(700 + 60 * round as u64)).await;
                running.kill().await.unwrap();
            }
        }
        let fell = began.elapsed();
        let again = program.start();
        let answered = |seen: &matrix_town::Seen| {
            seen.messages(room).any(|said| said.sender == house && said.body().contains(&question)).then_some(())
        };
        robin.until(answered, SOON).await;
        program.stopped(again).await;
        // Whatever a dead program left behind would have been sent by now.
        assert_eq!(times(&robin, room, &house, &question), 1, "round {round}, {point:?}");
        println!("round {round}: fell at {point:?} after {fell:?}, answered after {:?}", began.elapsed());
    }
    let after = robin.keys_of(&house).await.devices;
    assert_eq!(after.iter().map(|device| &device.id).collect::<Vec<_>>(), [&device[0].id], "no second device");
    assert!(after[0].signed_by_owner);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_store_is_made_anew_verified_and_the_house_can_read_again() {
    matrix_town::prepare().await;
    let synapse = Synapse::shared().await;
    let (llm, folder) = (FakeLlm::start().await, tempfile::tempdir().unwrap());
    let account = "house-lost";
    synapse.register(account, &password(account), Role::User).await;
    let (house, robin) = (synapse.user_id(account), Human::login(synapse, "robin-lost").await);
    let program = Program { folder: folder.path(), synapse, llm: &llm, account, more: Vec::new() };
    let running = program.start();
    let room = room(&robin, &house, true).await;
    let key = folder.path().join("matrix.recovery-key");
    let began = Instant::now();
    while !key.exists() {
        assert!(began.elapsed() < SOON, "the recovery key is not shown");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let shown = std::fs::read_to_string(&key).unwrap();
    let said = program.stopped(running).await;
    assert!(said.contains("matrix.recovery-key") && !said.contains(shown.trim()), "{said}");
    let before = robin.keys_of(&house).await.devices;
    assert!(before.len() == 1 && before[0].signed_by_owner, "{before:?}");
    let doctor = program.command("doctor").stdout(Stdio::piped()).output().await.unwrap();
    let found = String::from_utf8_lossy(&doctor.stdout).into_owned();
    assert!(found.contains(&format!("signed in as {house}, device {}\n", before[0].id)), "{found}");
    std::fs::remove_file(&key).unwrap();
    std::fs::remove_dir_all(folder.path().join("matrix")).unwrap();
    let again = program.start();
    let began = Instant::now();
    let after = loop {
        let devices = robin.keys_of(&house).await.devices;
        if devices.len() == 1 && devices[0].id != before[0].id && devices[0].signed_by_owner {
            break devices;
        }
        assert!(began.elapsed() < SOON, "no verified device: {devices:?}");
        tokio::time::sleep(Duration::from_millis(200)).await;
    };
    robin.sees_device(&house, &after[0].id).await;
    robin.say(&room, "@abbey can you read me").await;
    let answered = |seen: &matrix_town::Seen| {
        seen.messages(&room).find(|said| said.sender == house && said.body().contains("can you read me")).cloned()
    };
    assert!(robin.until(answered, SOON).await.encrypted);
    assert!(!key.exists(), "it is the same key as before");
    program.stopped(again).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_only_a_person_can_mend_is_said_in_one_sentence() {
    matrix_town::prepare().await;
    let synapse = Synapse::shared().await;
    let (llm, folder) = (FakeLlm::start().await, tempfile::tempdir().unwrap());
    synapse.register("house-stranger", "something else", Role::User).await;
    let program = Program { folder: folder.path(), synapse, llm: &llm, account: "house-stranger", more: Vec::new() };
    let code = program.ended(program.start()).await;
    let said = program.said();
    assert!(code == 1 && said.contains("MATRIX_PASSWORD"), "{code}: {said}");
    assert!(!said.contains(&password("house-stranger")));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_said_while_it_was_away_is_caught_up_with() {
    matrix_town::prepare().await;
    let synapse = Synapse::shared().await;
    let (llm, folder) = (FakeLlm::start().await, tempfile::tempdir().unwrap());
    let account = "house-away";
    synapse.register(account, &password(account), Role::User).await;
    let house = synapse.user_id(account);
    let (robin, kim) = tokio::join!(Human::login(synapse, "robin-away"), Human::login(synapse, "kim-away"));
    let program = Program { folder: folder.path(), synapse, llm: &llm, account, more: Vec::new() };
    let running = program.start();
    let room = room(&robin, &house, true).await;
    robin.invite(&room, kim.id()).await;
    kim.join(&room).await;
    robin.sees_join(&room, kim.id()).await;
    program.stopped(running).await;
    // More than one sync brings: the oldest is asked for.
    // And it is somebody else who goes on: what one member says in a row is answered together.
    robin.say(&room, "@abbey the first of many").await;
    for n in 0..80 {
        kim.say(&room, &format!("we go on talking {n}")).await;
    }
    let again = program.start();
    let answered = |seen: &matrix_town::Seen| {
        let mut said = seen.messages(&room).filter(|said| said.sender == house);
        said.any(|said| said.body().contains("the first of many")).then_some(())
    };
    robin.until(answered, SOON).await;
    program.stopped(again).await;
    assert_eq!(times(&robin, &room, &house, "the first of many"), 1);
}

/// Waits until a user has one device, which is verified; its id.
async fn verified(by: &Human, user: &str) -> String {
    let began = Instant::now();
    loop {
        let devices = by.keys_of(user).await.devices;
        if let [device] = &devices[..]
            && device.signed_by_owner
        {
            return device.id.clone();
        }
        assert!(began.elapsed() < SOON, "no verified device of {user}: {devices:?}");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn characters_with_accounts_are_the_same_devices_after_a_restart() {
    matrix_town::prepare().await;
    let registration = json!({
        "id": "greenroom", "url": null, "as_token": "token-of-the-house", "hs_token": "token-of-the-town",
        "sender_localpart": "_greenroom", "rate_limited": false,
        "namespaces": {"users": [{"exclusive": true, "regex": "@_greenroom_.*"}], "rooms": [], "aliases": []},
    });
    let registration = registration.to_string();
    let synapse = Synapse::with(Setup { appservices: vec![registration.clone()], ..Setup::default() }).await;
    let (llm, folder) = (FakeLlm::start().await, tempfile::tempdir().unwrap());
    for account in ["house", "abbey"] {
        synapse.register(account, &password(account), Role::User).await;
    }
    let (robin, kim) = tokio::join!(Human::login(&synapse, "robin"), Human::login(&synapse, "kim"));
    let house = synapse.user_id("house");
    let users = ["abbey", "_greenroom_aviva", "_greenroom_abi"].map(|user| synapse.user_id(user));
    let more = vec![
        ("MATRIX_LOGINS", format!("abbey {} {}", users[0], password("abbey"))),
        ("MATRIX_APPSERVICE", registration),
    ];
    let program = Program { folder: folder.path(), synapse: &synapse, llm: &llm, account: "house", more };
    let running = program.start();
    let room = room(&robin, &house, true).await;
    robin.invite(&room, kim.id()).await;
    kim.join(&room).await;
    robin.sees_join(&room, kim.id()).await;
    let says = async |slug: &str, user: &str, question: &str| {
        let is_theirs = |said: &&matrix_town::Event| said.sender == user;
        let before = robin.look(|seen| seen.messages(&room).filter(is_theirs).count());
        robin.say(&room, &format!("@{slug} {question}")).await;
        let answer = robin.until(|seen| seen.messages(&room).filter(is_theirs).nth(before).cloned(), SOON).await;
        assert!(answer.encrypted, "{answer:?}");
    };
    let slugs = ["abbey", "aviva", "abi"];
    let mut devices = Vec::new();
    for (slug, user) in slugs.iter().zip(&users) {
        says(slug, user, "before").await;
        devices.push(verified(&robin, user).await);
    }
    program.stopped(running).await;
    let doctor = program.command("doctor").stdout(Stdio::piped()).output().await.unwrap();
    let found = String::from_utf8_lossy(&doctor.stdout).into_owned();
    for ((slug, user), device) in slugs.iter().zip(&users).zip(&devices) {
        assert!(found.contains(&format!("; for {slug} as {user}, device {device}")), "{found}");
    }
    // They are who they were; and one whose device somebody signed out is another device, which others trust.
    let gone = format!("/_synapse/admin/v2/users/{}/devices/{}", matrix_town::encoded(&users[2]), devices[2]);
    synapse.admin("DELETE", &gone, json!({})).await.unwrap();
    let doctor = program.command("doctor").stdout(Stdio::piped()).output().await.unwrap();
    let found = String::from_utf8_lossy(&doctor.stdout).into_owned();
    assert!(found.contains("abi: the homeserver does not take the session of device"), "{found}");
    let again = program.start();
    for (slug, user) in slugs.iter().zip(&users) {
        says(slug, user, "after").await;
    }
    for (user, device) in users.iter().zip(&devices).take(2) {
        assert_eq!(verified(&robin, user).await, *device);
    }
    assert_ne!(verified(&robin, &users[2]).await, devices[2]);
    let said = program.stopped(again).await;
    for secret in ["token-of-the-house", &password("abbey"), &password("house")] {
        assert!(!said.contains(secret), "{said}");
    }
    for user in &users {
        let answers = robin.look(|seen| seen.messages(&room).filter(|said| said.sender == *user).count());
        assert_eq!(answers, 2, "{user}");
    }
    // What the homeserver does not know any more, the doctor names.
    let strangers = vec![("MATRIX_APPSERVICE", program.more[1].1.replace("token-of-the-house", "another"))];
    let program = Program { more: strangers, ..program };
    let doctor = program.command("doctor").stdout(Stdio::piped()).output().await.unwrap();
    let found = String::from_utf8_lossy(&doctor.stdout).into_owned();
    assert!(found.contains("does not know the registration in MATRIX_APPSERVICE"), "{found}");
}
