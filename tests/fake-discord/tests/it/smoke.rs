//! A whole life in short: connect, hear, answer, command, modal.

use std::time::Duration;

use fake_discord::{FakeDiscord, Kind};
use serde_json::json;

use crate::client::{Gateway, USUAL, call, text};

#[tokio::test]
async fn a_bot_hears_a_message_and_answers_through_a_webhook() {
    let fake = FakeDiscord::start().await;
    let guild = fake.guild("Lounge");
    let channel = fake.channel(guild, "general", Kind::Text);
    let ada = fake.user("Ada");
    fake.join(guild, ada);
    let (mut gateway, ready) = Gateway::identified(&fake, USUAL).await;
    assert_eq!(ready["user"]["id"], fake.bot_id().to_string());
    assert_eq!(ready["resume_gateway_url"], format!("{}/resume", fake.gateway_url()));
    let created = gateway.event("GUILD_CREATE").await;
    assert_eq!(created["channels"][0]["name"], "general");

    let message = fake.says(ada, channel, "hello there");
    let heard = gateway.event("MESSAGE_CREATE").await;
    assert_eq!((heard["id"].clone(), heard["content"].clone()), (json!(message.to_string()), json!("hello there")));
    assert_eq!(heard["member"]["roles"], json!([]));

    call(&fake, "POST", &format!("/channels/{channel}/typing"), json!(null)).await;
    assert_eq!(fake.typing(channel).len(), 1);
    let path = format!("/channels/{channel}/webhooks");
    let webhook = call(&fake, "POST", &path, json!({"name": "Abbey"})).await.body;
    gateway.event("WEBHOOKS_UPDATE").await;
    let path =
        format!("/webhooks/{}/{}?wait=true", webhook["id"].as_str().unwrap(), webhook["token"].as_str().unwrap());
    let mut body = text("Hi <@1>");
    body["username"] = json!("Abbey the Wise");
    let sent = call(&fake, "POST", &path, body).await;
    assert_eq!(sent.status, 200, "{sent:?}");
    let echoed = gateway.event("MESSAGE_CREATE").await;
    assert_eq!(echoed["application_id"], fake.application_id().to_string());
    let found = fake.until(|fake| fake.bot_messages(channel).pop(), Duration::from_secs(1)).await;
    assert_eq!((found.author_name.as_str(), found.content.as_str()), ("Abbey the Wise", "Hi <@1>"));
    assert!(fake.violations().is_empty(), "{:?}", fake.violations());
}

#[tokio::test]
async fn a_command_opens_a_modal_and_its_submission_is_answered() {
    let fake = FakeDiscord::start().await;
    let guild = fake.guild("Lounge");
    let channel = fake.channel(guild, "general", Kind::Text);
    let ada = fake.user("Ada");
    fake.join(guild, ada);
    fake.user_locale(ada, "de");
    let application = fake.application_id();
    let name = json!({"type": 3, "name": "name", "description": "Which", "required": true, "autocomplete": true});
    let commands = json!([{"name": "memory", "description": "Memory", "options": [
        {"type": 1, "name": "edit", "description": "Edit", "options": [name]},
    ]}]);
    let put = call(&fake, "PUT", &format!("/applications/{application}/commands"), commands).await;
    assert_eq!(put.status, 200, "{put:?}");
    let (mut gateway, _) = Gateway::identified(&fake, USUAL).await;

    let respond = async |interaction: &serde_json::Value, body| {
        let (id, token) = (interaction["id"].as_str().unwrap(), interaction["token"].as_str().unwrap());
        let answer = call(&fake, "POST", &format!("/interactions/{id}/{token}/callback"), body).await;
        assert_eq!(answer.status, 204, "{answer:?}");
    };
    let bot = async {
        let asked = gateway.event("INTERACTION_CREATE").await;
        assert_eq!(asked["data"]["options"][0]["options"][0]["focused"], true);
        respond(&asked, json!({"type": 8, "data": {"choices": [{"name": "Abbey", "value": "abbey"}]}})).await;
    };
    let (choices, ()) = futures::join!(fake.completes(ada, channel, "memory edit", "name", "ab", &[]), bot);
    assert_eq!(choices, [("Abbey".to_owned(), "abbey".to_owned())]);

    let used = fake.slash(ada, channel, "memory edit", &[("name", json!("abbey"))]);
    let heard = gateway.event("INTERACTION_CREATE").await;
    assert_eq!((heard["locale"].clone(), heard["guild_locale"].clone()), (json!("de"), json!("en-US")));
    let input = json!({"type": 4, "custom_id": "text", "style": 2, "min_length": 3, "required": true});
    let label = json!({"type": 18, "label": "Text", "component": input});
    respond(&heard, json!({"type": 9, "data": {"custom_id": "m", "title": "Edit", "components": [label]}})).await;
    assert_eq!(used.modal().await["title"], "Edit");

    let sent = fake.submit(ada, &used, &[("text", "a fine text")]);
    let heard = gateway.event("INTERACTION_CREATE").await;
    assert_eq!(heard["data"]["components"][0]["component"]["value"], "a fine text");
    respond(&heard, json!({"type": 5, "data": {"flags": 64}})).await;
    assert!(sent.acked().await < Duration::from_secs(3));
    let path = format!("/webhooks/{application}/{}/messages/@original", heard["token"].as_str().unwrap());
    let edited = call(&fake, "PATCH", &path, text("Saved.")).await;
    assert_eq!(edited.status, 200, "{edited:?}");
    let answers = sent.answered().await;
    assert_eq!(answers[0].content, "Saved.");
    assert_eq!(answers[0].ephemeral_to, Some(ada));
    assert!(sent.is_ephemeral());
    assert!(fake.violations().is_empty(), "{:?}", fake.violations());
}
