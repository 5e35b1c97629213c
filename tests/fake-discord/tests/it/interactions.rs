//! Commands, components and modals, as the bot must answer them.

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use fake_discord::{Interaction, Kind, permissions};
use serde_json::{Value, json};

use crate::client::{Answer, Scene, call, text};

impl Scene {
    async fn with_commands() -> Self {
        let scene = Self::new().await;
        let option = json!({"type": 3, "name": "name", "description": "d", "required": true, "autocomplete": true});
        let number = json!({"type": 4, "name": "count", "description": "d", "min_value": 1, "max_value": 5});
        let choice =
            json!({"type": 3, "name": "tone", "description": "d", "choices": [{"name": "Kind", "value": "kind"}]});
        let commands = json!([
            {"name": "hello", "description": "d", "options": [option, number, choice]},
            {"name": "admin", "description": "d", "default_member_permissions": "32", "contexts": [0]},
            {"name": "Inspect", "type": 3},
        ]);
        let path = format!("/applications/{}/commands", scene.fake.application_id());
        assert_eq!(call(&scene.fake, "PUT", &path, commands).await.status, 200);
        scene
    }

    fn hello(&self) -> Interaction {
        self.fake.slash(self.ada, self.channel, "hello", &[("name", json!("x"))])
    }

    async fn respond(&self, to: &Interaction, body: Value) -> Answer {
        let path = format!("/interactions/{}/{}/callback", to.id(), self.fake.interaction_token(to));
        call(&self.fake, "POST", &path, body).await
    }

    fn token(&self, of: &Interaction) -> String {
        format!("/webhooks/{}/{}", self.fake.application_id(), self.fake.interaction_token(of))
    }
}

fn says(content: &str) -> Value {
    json!({"type": 4, "data": text(content)})
}

/// The message of a panic.
fn panics(act: impl FnOnce()) -> String {
    let hook = std::panic::catch_unwind(AssertUnwindSafe(act)).expect_err("it panics");
    hook.downcast_ref::<String>().cloned().or_else(|| hook.downcast_ref::<&str>().map(|&text| text.to_owned())).unwrap()
}

#[tokio::test]
async fn an_interaction_is_answered_once_and_in_time() {
    let scene = Scene::with_commands().await;
    let used = scene.hello();
    assert_eq!(scene.respond(&used, says("hi")).await.status, 204);
    scene.refused(&scene.respond(&used, says("hi")).await, 400, 40060, "already been acknowledged");
    let answers = used.answered().await;
    assert_eq!((answers[0].content.as_str(), answers[0].author_id), ("hi", scene.fake.bot_id()));
    assert_eq!(answers[0].raw["interaction_metadata"]["user"]["id"], scene.ada.to_string());
    let late = scene.hello();
    tokio::time::sleep(Duration::from_millis(3_050)).await;
    scene.refused(&scene.respond(&late, says("hi")).await, 404, 10062, "/hello was not answered within 3 s");
    let unknown = call(&scene.fake, "POST", "/interactions/1/x/callback", says("hi")).await;
    scene.refused(&unknown, 404, 10062, "Unknown interaction");
}

#[tokio::test]
async fn wrong_callbacks_are_refused() {
    let scene = Scene::with_commands().await;
    let used = scene.hello();
    let data = |kind: u64, data: Value| json!({"type": kind, "data": data});
    let input = |id: &str| json!({"type": 18, "label": "L", "component": {"type": 4, "custom_id": id, "style": 1}});
    let modal = |title: &str, parts: Value| data(9, json!({"custom_id": "m", "title": title, "components": parts}));
    let cases = [
        (data(6, Value::Null), "type 6 is invalid"),
        (data(8, json!({"choices": []})), "type 8 is invalid"),
        (data(99, Value::Null), "type 99 is invalid"),
        (data(4, text(&"x".repeat(2_001))), "2000"),
        (data(5, json!({"content": "x"})), "only flags"),
        (modal(&"x".repeat(46), json!([input("a")])), "between 1 and 45"),
        (modal("T", json!([])), "between 1 and 5"),
        (modal("T", json!(vec![input("a"); 6])), "between 1 and 5"),
        (modal("T", json!([input("a"), input("a")])), "duplicated"),
        (modal("T", json!([{"type": 2}])), "type"),
        (json!({"data": {}}), "required"),
    ];
    for (body, line) in cases {
        scene.refused(&scene.respond(&used, body).await, 400, 50035, line);
    }
    scene.refused(&scene.respond(&used, data(4, json!({"allowed_mentions": {}}))).await, 400, 50006, "empty");
    scene.respond(&used, json!({"type": 4, "data": {"content": "no thought of mentions"}})).await;
    assert!(used.violations()[0].contains("allowed_mentions is absent"));
    let again = scene.hello();
    scene.respond(&again, modal("T", json!([input("a")]))).await;
    let sent = scene.fake.submit(scene.ada, &again, &[("a", "x")]);
    scene.fake.take_violations();
    scene.refused(&scene.respond(&sent, modal("T", json!([input("a")]))).await, 400, 50035, "type 9 is invalid");
}

#[tokio::test]
async fn a_deferral_is_followed_by_an_edit_and_more() {
    let scene = Scene::with_commands().await;
    let used = scene.hello();
    let path = scene.token(&used);
    let early = call(&scene.fake, "POST", &path, text("x")).await;
    scene.refused(&early, 404, 10015, "before the first answer");
    assert_eq!(scene.respond(&used, json!({"type": 5})).await.status, 204);
    assert_eq!(used.messages()[0].flags, 1 << 7);
    let edited = call(&scene.fake, "PATCH", &format!("{path}/messages/@original"), text("done")).await;
    assert_eq!(edited.body["flags"], 0);
    let mut whisper = text("psst");
    whisper["flags"] = json!(64);
    let more = call(&scene.fake, "POST", &path, whisper).await;
    let answers = used.answered().await;
    assert_eq!(answers.iter().map(|answer| answer.content.as_str()).collect::<Vec<_>>(), ["done", "psst"]);
    assert_eq!((answers[0].ephemeral_to, answers[1].ephemeral_to), (None, Some(scene.ada)));
    let one = format!("{path}/messages/{}", more.body["id"].as_str().unwrap());
    assert_eq!(call(&scene.fake, "DELETE", &one, Value::Null).await.status, 204);
    assert_eq!(used.messages().len(), 1);
    assert_eq!(call(&scene.fake, "GET", &format!("{path}/messages/@original"), Value::Null).await.status, 200);
    scene.fake.forgive("before the first answer");
    scene.fake.forgive("used again");
    scene.clean();
    let second = scene.hello();
    scene.respond(&second, json!({"type": 5, "data": {"flags": 64}})).await;
    call(&scene.fake, "POST", &scene.token(&second), text("instead of an edit")).await;
    let answers = second.answered_when(|all| all.len() == 1, Duration::from_secs(1)).await;
    assert_eq!((answers[0].content.as_str(), answers[0].ephemeral_to), ("instead of an edit", Some(scene.ada)));
    second.ages(Duration::from_secs(15 * 60));
    let stale = call(&scene.fake, "POST", &scene.token(&second), text("too late")).await;
    scene.refused(&stale, 401, 50027, "15 minutes");
    let third = scene.hello();
    let path =
        format!("/interactions/{}/{}/callback?with_response=true", third.id(), scene.fake.interaction_token(&third));
    let answer = call(&scene.fake, "POST", &path, says("hi")).await;
    assert_eq!(answer.body["resource"]["message"]["content"], "hi");
}

#[tokio::test]
async fn buttons_change_their_message_or_open_modals() {
    let scene = Scene::with_commands().await;
    let mut body = text("Press");
    let go = json!({"type": 2, "style": 1, "label": "Go", "custom_id": "go"});
    let off = json!({"type": 2, "style": 1, "label": "Off", "custom_id": "off", "disabled": true});
    body["components"] = json!([{"type": 1, "components": [go, off]}]);
    let sent = scene.post(body).await;
    let message = sent.body["id"].as_str().unwrap().parse().unwrap();
    let clicked = scene.fake.click(scene.ada, message, "go");
    assert_eq!(scene.respond(&clicked, json!({"type": 7, "data": text("Pressed")})).await.status, 204);
    assert_eq!(clicked.answered().await[0].content, "Pressed");
    let clicked = scene.fake.click(scene.ada, message, "go");
    scene.respond(&clicked, json!({"type": 6})).await;
    let path = format!("{}/messages/@original", scene.token(&clicked));
    let mut edit = text("Again");
    edit["components"] = json!([]);
    assert_eq!(call(&scene.fake, "PATCH", &path, edit).await.status, 200);
    assert_eq!(clicked.answered().await[0].content, "Again");
    scene.clean();
    assert!(panics(|| drop(scene.fake.click(scene.ada, message, "go"))).contains("no component"));
    let used = scene.hello();
    let mut hidden = text("secret");
    hidden["flags"] = json!(64);
    hidden["components"] =
        json!([{"type": 1, "components": [{"type": 2, "style": 1, "label": "Go", "custom_id": "s"}]}]);
    scene.respond(&used, json!({"type": 4, "data": hidden})).await;
    let bob = scene.fake.user("Bob");
    scene.fake.join(scene.guild, bob);
    let secret = used.answered().await[0].id;
    assert!(used.is_ephemeral());
    assert!(panics(|| drop(scene.fake.click(bob, secret, "s"))).contains("another user"));
    let opened = scene.fake.click(scene.ada, secret, "s");
    assert_eq!(opened.messages().len(), 0);
    let public = call(&scene.fake, "GET", &format!("{}/{secret}", scene.messages()), Value::Null).await;
    scene.refused(&public, 404, 10008, "Unknown Message");
}

#[tokio::test]
async fn a_person_can_only_do_what_the_client_allows() {
    let scene = Scene::with_commands().await;
    let slash = |path: &str, options: &[(&str, Value)]| {
        panics(|| drop(scene.fake.slash(scene.ada, scene.channel, path, options)))
    };
    assert!(slash("nothing", &[]).contains("no command \"nothing\""));
    assert!(slash("hello", &[]).contains("\"name\" is required"));
    assert!(slash("hello", &[("name", json!("x")), ("other", json!(1))]).contains("no option \"other\""));
    assert!(slash("hello", &[("name", json!(1))]).contains("no value"));
    assert!(slash("hello", &[("name", json!("x")), ("count", json!(9))]).contains("takes 1 to 5"));
    assert!(slash("hello", &[("name", json!("x")), ("tone", json!("rude"))]).contains("no choice"));
    assert!(slash("hello", &[("name", json!("x")), ("name", json!("y"))]).contains("given twice"));
    assert!(slash("hello there", &[]).contains("no subcommand"));
    assert!(slash("admin", &[]).contains("does not see the command"));
    let role = scene.fake.role(scene.guild, "Admins", permissions::MANAGE_GUILD);
    scene.fake.give_role(scene.guild, scene.ada, role);
    scene.fake.slash(scene.ada, scene.channel, "admin", &[]);
    let direct = scene.fake.dm(scene.ada);
    assert!(panics(|| drop(scene.fake.slash(scene.ada, direct, "admin", &[]))).contains("cannot be used here"));
    let named = scene.fake.slash(scene.ada, scene.channel, "hello", &[("name", json!("x")), ("tone", json!("Kind"))]);
    let input = json!({"type": 4, "custom_id": "a", "style": 1, "min_length": 3, "max_length": 5});
    let part = json!({"type": 18, "label": "L", "component": input});
    let modal = json!({"custom_id": "m", "title": "T", "components": [part]});
    scene.respond(&named, json!({"type": 9, "data": modal})).await;
    let submit = |values: &[(&str, &str)]| panics(|| drop(scene.fake.submit(scene.ada, &named, values)));
    assert!(submit(&[]).contains("is required"));
    assert!(submit(&[("a", "ab")]).contains("3 to 5"));
    assert!(submit(&[("a", "abcdef")]).contains("3 to 5"));
    assert!(submit(&[("b", "abc")]).contains("no field"));
    scene.fake.submit(scene.ada, &named, &[("a", "abc")]);
}

#[tokio::test]
async fn completions_have_few_short_choices() {
    let scene = Scene::with_commands().await;
    let fake = &scene.fake;
    let completing = fake.completes(scene.ada, scene.channel, "hello", "name", "ab", &[]);
    let answering = async {
        let asked = fake.until(|fake| fake.pending_interactions().pop(), Duration::from_secs(1)).await;
        let choice = |length: usize| json!({"name": "x".repeat(length), "value": "x"});
        let many = json!({"type": 8, "data": {"choices": vec![choice(1); 26]}});
        scene.refused(&scene.respond(&asked, many).await, 400, 50035, "25 or fewer");
        let long = json!({"type": 8, "data": {"choices": [choice(101)]}});
        scene.refused(&scene.respond(&asked, long).await, 400, 50035, "between 1 and 100");
        scene.refused(&scene.respond(&asked, json!({"type": 5})).await, 400, 50035, "type 5 is invalid");
        let fine = json!({"type": 8, "data": {"choices": [choice(1)]}});
        assert_eq!(scene.respond(&asked, fine).await.status, 204);
    };
    let (choices, ()) = futures::join!(completing, answering);
    assert_eq!(choices, [("x".to_owned(), "x".to_owned())]);
}

#[tokio::test]
async fn context_menus_carry_their_message() {
    let scene = Scene::with_commands().await;
    let thread = scene.fake.thread(scene.channel, "thread");
    let said = scene.fake.says(scene.ada, thread, "look at me");
    let used = scene.fake.context_menu(scene.ada, thread, "Inspect", said);
    scene.respond(&used, says("seen")).await;
    assert_eq!(used.answered().await[0].channel, thread);
    assert_eq!(used.answered().await[0].raw["type"], 23);
    let voice = scene.fake.channel(scene.guild, "talk", Kind::Voice);
    assert!(panics(|| drop(scene.fake.context_menu(scene.ada, voice, "Inspect", said))).contains("another channel"));
}
