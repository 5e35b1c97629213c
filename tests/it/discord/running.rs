//! The real program on Discord: how it starts, what stops it, and how it stops.

use std::process::Stdio;
use std::time::Duration;

use fake_discord::{FakeDiscord, Kind};
use fake_llm::FakeLlm;
use tokio::process::{Child, Command};

use super::town::SOON;

/// The program with a folder of its own, against a fake model and a fake Discord.
fn program(folder: &std::path::Path, fake: &FakeDiscord, llm: &FakeLlm, token: &str, command: &str) -> Command {
    let mut program = Command::new(crate::program());
    program
        .arg(command)
        .env_clear()
        .env("GREENROOM_DATA_DIR", folder)
        .env("LLM_BASE_URL", llm.url())
        .env("LLM_MODEL", "fake-model")
        .env("DISCORD_TOKEN", token)
        .env("DISCORD_API_URL", fake.url())
        .env("HTTP_ADDR", "127.0.0.1:0")
        .env("METRICS_ADDR", "127.0.0.1:0")
        .env("GREENROOM_LOG_FORMAT", "text")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    program
}

/// What a program said until it ended, and its exit code.
async fn ended(child: Child) -> (i32, String) {
    let output = tokio::time::timeout(SOON, child.wait_with_output()).await.unwrap().unwrap();
    let said = [output.stdout, output.stderr].concat();
    (output.status.code().unwrap_or(-1), String::from_utf8_lossy(&said).into_owned())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_only_a_person_can_mend_stops_the_house_with_one_sentence() {
    let (fake, llm) = (FakeDiscord::start().await, FakeLlm::start().await);
    let folder = tempfile::tempdir().unwrap();
    fake.forgive("401");
    let wrong = program(folder.path(), &fake, &llm, "wrong-token", "run").spawn().unwrap();
    let (code, said) = ended(wrong).await;
    assert!(code == 1 && said.contains("DISCORD_TOKEN is not accepted"), "{code}: {said}");
    assert!(!said.contains("wrong-token"));
    fake.message_content_allowed(false);
    fake.forgive("4014");
    let token = fake.token();
    let refused = program(folder.path(), &fake, &llm, &token, "run").spawn().unwrap();
    let (code, said) = ended(refused).await;
    assert!(code == 1 && said.contains("DISCORD_MESSAGE_CONTENT=off"), "{code}: {said}");
    let (code, said) = ended(program(folder.path(), &fake, &llm, &token, "doctor").spawn().unwrap()).await;
    assert!(code == 1 && said.contains("message content intent"), "{code}: {said}");
    fake.message_content_allowed(true);
    let (code, said) = ended(program(folder.path(), &fake, &llm, &token, "doctor").spawn().unwrap()).await;
    assert!(code == 0 && said.contains("in 0 servers"), "{code}: {said}");
    let guild = fake.guild("Strict");
    fake.bot_permissions(guild, 1 << 10 | 1 << 11);
    let (code, said) = ended(program(folder.path(), &fake, &llm, &token, "doctor").spawn().unwrap()).await;
    assert!(code == 0 && said.contains("in 1 of 1 servers it may not manage webhooks"), "{code}: {said}");
    assert!(!said.contains(&token));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_and_started_again_it_answers_once_what_it_had_heard() {
    let (fake, llm) = (FakeDiscord::start().await, FakeLlm::start().await);
    let guild = fake.guild("Town");
    let (lounge, robin) = (fake.channel(guild, "lounge", Kind::Text), fake.user("robin"));
    fake.join(guild, robin);
    let folder = tempfile::tempdir().unwrap();
    let token = fake.token();
    fake.identify_window(Duration::ZERO);
    for round in 0..3 {
        let mut house = program(folder.path(), &fake, &llm, &token, "run").spawn().unwrap();
        fake.until(|fake| (fake.sessions() == 1).then_some(()), SOON).await;
        let question = format!("@Abbey question {round}");
        fake.says(robin, lounge, &question);
        // Killed somewhere between hearing it and having answered.
        tokio::time::sleep(Duration::from_millis(40 * round)).await;
        house.kill().await.unwrap();
        house.wait().await.unwrap();
        let again = program(folder.path(), &fake, &llm, &token, "run").spawn().unwrap();
        let answered = |fake: &FakeDiscord| {
            let said = fake.bot_messages(lounge);
            said.iter().any(|message| message.content.contains(&format!("question {round}"))).then_some(())
        };
        fake.until(answered, SOON).await;
        // SIGTERM: what is under way is finished, and Discord keeps the session.
        let id = again.id().unwrap().to_string();
        assert!(std::process::Command::new("kill").arg(id).status().unwrap().success());
        let (code, said) = ended(again).await;
        assert_eq!(code, 0, "{said}");
        let said = fake.bot_messages(lounge);
        let answers = said.iter().filter(|message| message.content.contains(&format!("question {round}"))).count();
        assert_eq!(answers, 1, "round {round}: {said:?}");
    }
    assert!(!fake.close_codes().iter().any(|code| matches!(code, Some(1_000 | 1_001))), "{:?}", fake.close_codes());
    assert_eq!(fake.violations(), Vec::<String>::new());
}
