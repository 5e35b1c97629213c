//! Two ways to listen with the same SDK, each over a real homeserver on loopback: one sync after the other, as
//! [`Account::hear`] does it, and the SDK's own loop with a handler. From before somebody's client sends a message to where
//! the message is handed over. Two unoptimised builds compare as well as two optimised ones, and take a fraction of the time
//! to make: `cargo bench --workspace --profile dev --bench listening`.

#![recursion_limit = "256"]

use std::sync::Arc;
use std::time::{Duration, Instant};

use matrix_account::{Account, Credentials, Family, SignIn, SignedIn};
use matrix_sdk::config::SyncSettings;
use matrix_sdk::ruma::events::room::message::OriginalSyncRoomMessageEvent;
use matrix_sdk::ruma::{OwnedRoomId, RoomId};
use matrix_sdk::{Client, SqliteStoreConfig};
use matrix_town::{Human, Limits, Role, RoomOptions, Synapse};
use tokio::sync::mpsc;

/// Messages of each way in each kind of room, and pause between them: people do not write without one.
const ROUNDS: usize = 40;
const PAUSE: Duration = Duration::from_millis(1_500);
/// Messages that follow one another at once.
const WAIT: Duration = Duration::from_secs(30);

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(run());
}

async fn run() {
    matrix_town::prepare().await;
    let synapse = Synapse::start(Limits::None).await;
    let alice = Human::login(&synapse, "alice").await;
    let (ours, mut to_ours) = ours(&synapse).await;
    let (theirs, mut to_theirs) = theirs(&synapse).await;
    for encrypted in [false, true] {
        let rooms = [room(&alice, &ours, encrypted).await, room(&alice, &theirs, encrypted).await];
        let mut times = [Vec::new(), Vec::new()];
        for round in 0..ROUNDS {
            // One after the other, so that both meet the same load.
            for (way, room) in rooms.iter().enumerate() {
                let text = format!("message {round} of {way}");
                let said = Instant::now();
                alice.say(room, &text).await;
                let heard =
                    if way == 0 { until(&mut to_ours, &text).await } else { until(&mut to_theirs, &text).await };
                times[way].push(heard - said);
                // A second message right behind it, as people do.
                let text = format!("and {round} of {way}");
                let said = Instant::now();
                alice.say(room, &text).await;
                let heard =
                    if way == 0 { until(&mut to_ours, &text).await } else { until(&mut to_theirs, &text).await };
                times[way].push(heard - said);
            }
            tokio::time::sleep(PAUSE).await;
        }
        let kind = if encrypted { "encrypted" } else { "plain" };
        let medians = times.map(|mut times| {
            times.sort_unstable();
            (times[times.len() / 2], times[times.len() * 99 / 100])
        });
        for (way, (p50, p99)) in ["one sync after the other", "the SDK's loop"].iter().zip(medians) {
            println!("{kind}, {way}: p50 {:.1} ms, p99 {:.1} ms", millis(p50), millis(p99));
        }
        println!("{kind}, ratio of the p50s: {:.1}", millis(medians[1].0) / millis(medians[0].0));
    }
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

type Heard = mpsc::UnboundedReceiver<(String, Instant)>;

async fn until(heard: &mut Heard, text: &str) -> Instant {
    loop {
        let (body, at) = tokio::time::timeout(WAIT, heard.recv()).await.expect("it is heard").unwrap();
        if body == text {
            return at;
        }
    }
}

async fn room(alice: &Human, bot: &str, encrypted: bool) -> String {
    let room = alice.create_room(RoomOptions { encrypted, invite: &[bot], ..RoomOptions::default() }).await;
    alice.sees_join(&room, bot).await;
    room
}

/// A bot that listens as the house does.
async fn ours(synapse: &Synapse) -> (String, Heard) {
    synapse.register("ours", "pass", Role::User).await;
    let folder = Box::leak(Box::new(tempfile::tempdir().unwrap()));
    let how = SignIn {
        homeserver: synapse.url().to_owned(),
        user: synapse.user_id("ours"),
        credentials: Credentials::Password("pass".into()),
        store: folder.path().join("store"),
        store_key: [1; 32],
        device_name: "ours".into(),
        family: Family::default(),
    };
    let SignedIn { account, .. } = Account::sign_in(&how, None, None).await.unwrap();
    let (tell, heard) = mpsc::unbounded_channel();
    let user = account.user();
    #[expect(clippy::disallowed_methods, reason = "ends with the measurement")]
    tokio::spawn(async move {
        let mut token: Option<String> = None;
        loop {
            let Ok(found) = account.hear(token.as_deref(), WAIT).await else { return };
            for invite in found.invites {
                account.join(&invite.room, None).await.unwrap();
            }
            for event in found.events {
                let _ = tell.send((event.content["body"].as_str().unwrap_or_default().to_owned(), Instant::now()));
            }
            token = Some(found.token);
        }
    });
    (user, heard)
}

/// A bot with handlers and the SDK's own loop, as most bots are made.
async fn theirs(synapse: &Synapse) -> (String, Heard) {
    synapse.register("theirs", "pass", Role::User).await;
    let folder = Box::leak(Box::new(tempfile::tempdir().unwrap()));
    let client = Client::builder()
        .homeserver_url(synapse.url())
        .sqlite_store_with_config_and_cache_path(
            SqliteStoreConfig::new(folder.path()).key(Some(&[2; 32])),
            None::<std::path::PathBuf>,
        )
        .build()
        .await
        .unwrap();
    client.matrix_auth().login_username("theirs", "pass").send().await.unwrap();
    let (tell, heard) = mpsc::unbounded_channel();
    let tell = Arc::new(tell);
    client.add_event_handler(move |event: OriginalSyncRoomMessageEvent| {
        let tell = tell.clone();
        async move {
            let _ = tell.send((event.content.body().to_owned(), Instant::now()));
        }
    });
    let user = client.user_id().unwrap().to_string();
    let inviting = client.clone();
    #[expect(clippy::disallowed_methods, reason = "ends with the measurement")]
    tokio::spawn(async move {
        loop {
            let invited: Vec<OwnedRoomId> =
                inviting.invited_rooms().iter().map(|room| room.room_id().to_owned()).collect();
            for room in invited {
                let _ = inviting.join_room_by_id(AsRef::<RoomId>::as_ref(&room)).await;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    });
    #[expect(clippy::disallowed_methods, reason = "ends with the measurement")]
    tokio::spawn(async move { client.sync(SyncSettings::default()).await });
    (user, heard)
}
