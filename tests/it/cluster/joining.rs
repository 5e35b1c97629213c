//! Who may share a house.

use std::process::Stdio;

use greenroom::testing::Engine;
use greenroom::vault::Vault;
use tokio::process::Command;

use super::town::{STILL, Town};

/// What a command says that ends at once, as one that cannot start.
async fn refusal(mut command: Command) -> String {
    let ending = command.stderr(Stdio::piped()).output();
    let output = tokio::time::timeout(STILL, ending).await.expect("it ends").unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{said}");
    said
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn settings_that_several_processes_cannot_share_are_refused_in_a_sentence() {
    let sqlite = Town::on(Engine::Sqlite).await;
    for role in ["gateway", "worker"] {
        let said = refusal(sqlite.command(role, role)).await;
        assert!(said.contains("DATABASE_URL") && said.contains(role) && said.lines().count() == 1, "{said}");
    }
    let mut german = sqlite.command("worker", "worker");
    german.env("GREENROOM_LOCALE", "de");
    let said = refusal(german).await;
    assert!(said.contains("in einem Prozess"), "{said}");

    let town = Town::on(Engine::Postgres).await;
    let mut frontless = town.command("gateway", "g0");
    frontless.env_remove("GREENROOM_TEST_FAKE_PLATFORM");
    let said = refusal(frontless).await;
    assert!(said.contains("DISCORD_TOKEN"), "{said}");
    for role in ["gateway", "worker"] {
        let mut mute = town.command(role, role);
        mute.env_remove("LLM_BASE_URL");
        let said = refusal(mute).await;
        assert!(said.contains("LLM_BASE_URL"), "{said}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_process_with_another_keyset_or_another_time_is_refused_in_a_sentence() {
    let town = Town::on(Engine::Postgres).await;
    let worker = town.start("worker", "w1");
    town.holder("chore vectors", None).await;
    let other = town.scratch.path().join("other-keyset.json");
    Vault::open(&other).unwrap();
    let mut stranger = town.command("worker", "w2");
    stranger.env("GREENROOM_KEYSET", other);
    let said = refusal(stranger).await;
    assert!(said.contains("GREENROOM_KEYSET"), "{said}");
    town.stop(worker).await;

    // From the next connection on, the database's clock is an hour behind.
    town.change(
        "CREATE FUNCTION public.clock_timestamp() RETURNS timestamptz LANGUAGE sql \
         AS 'SELECT pg_catalog.clock_timestamp() - INTERVAL ''1 hour'''",
    )
    .await;
    town.change(
        "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET search_path = public, pg_catalog', current_database()); \
         END $$",
    )
    .await;
    let said = refusal(town.command("worker", "w3")).await;
    let seconds = said.split("clock is ").nth(1).and_then(|rest| rest.split(' ').next()?.parse().ok());
    assert!(seconds.is_some_and(|seconds: u64| (3_500..=3_600).contains(&seconds)), "{said}");
}
