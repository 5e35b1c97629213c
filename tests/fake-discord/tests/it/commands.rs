//! Registering commands.

use serde_json::{Value, json};

use crate::client::{Scene, call};

fn option(name: &str) -> Value {
    json!({"type": 3, "name": name, "description": "d"})
}

#[tokio::test]
async fn wrong_commands_are_refused() {
    let scene = Scene::new().await;
    let fake = &scene.fake;
    let path = format!("/applications/{}/commands", fake.application_id());
    let hello = |more: Value| {
        let mut command = json!({"name": "hello", "description": "d"});
        for (name, value) in more.as_object().unwrap() {
            command[name] = value.clone();
        }
        json!([command])
    };
    let options = |options: Value| hello(json!({ "options": options }));
    let long = |length: usize| "x".repeat(length);
    let mut required = option("b");
    required["required"] = json!(true);
    let many: Vec<Value> = (0..26).map(|number| option(&format!("o{number}"))).collect();
    let choices = |choices: Value| options(json!([{"type": 3, "name": "a", "description": "d", "choices": choices}]));
    let big: Vec<Value> = (0..25).map(|n| json!({"name": format!("{n}{}", long(90)), "value": long(100)})).collect();
    let fat: Vec<Value> =
        (0..2).map(|n| json!({"type": 3, "name": format!("o{n}"), "description": "d", "choices": big})).collect();
    let inner =
        json!({"type": 1, "name": "a", "description": "d", "options": [{"type": 1, "name": "b", "description": "d"}]});
    let cases = [
        (hello(json!({"name": "Hello"})), "Command name is invalid"),
        (hello(json!({"name": "hel lo"})), "Command name is invalid"),
        (hello(json!({"name": long(33)})), "between 1 and 32"),
        (hello(json!({"description": ""})), "between 1 and 100"),
        (hello(json!({"description": long(101)})), "between 1 and 100"),
        (hello(json!({"description_localizations": {"de": long(101)}})), "description_localizations"),
        (hello(json!({"name_localizations": {"de": "Hallo"}})), "Command name is invalid"),
        (hello(json!({"name_localizations": {"xx": "hallo"}})), "locales"),
        (hello(json!({"nmae": "x"})), "no such field"),
        (hello(json!({"type": 9})), "type"),
        (json!([{"name": "hello"}]), "required"),
        (json!([{"name": "Look", "type": 3, "description": "d"}]), "cannot have description"),
        (json!([hello(json!({}))[0], hello(json!({}))[0]]), "must be unique"),
        (options(json!([option("a"), option("a")])), "Option names must be unique"),
        (options(json!([option("a"), required])), "Required options"),
        (options(json!(many)), "between 0 and 25"),
        (options(json!([{"type": 1, "name": "a", "description": "d"}, option("b")])), "mutually exclusive"),
        (options(json!([inner])), "holds no subcommands"),
        (options(json!([{"type": 2, "name": "a", "description": "d", "options": [option("b")]}])), "subcommands only"),
        (choices(json!(vec![json!({"name": "a", "value": "a"}); 26])), "between 0 and 25"),
        (choices(json!([{"name": long(101), "value": "a"}])), "between 1 and 100"),
        (choices(json!([{"name": "a", "value": 1}])), "not of the option's type"),
        (options(json!(fat)), "8000"),
    ];
    for (body, line) in cases {
        scene.refused(&call(fake, "PUT", &path, body).await, 400, 50035, line);
    }
    let menus: Vec<Value> = (0..16).map(|number| json!({"name": format!("Menu {number}"), "type": 3})).collect();
    scene.refused(&call(fake, "PUT", &path, json!(menus)).await, 400, 30032, "15");
    let chats: Vec<Value> = (0..101).map(|number| json!({"name": format!("c{number}"), "description": "d"})).collect();
    scene.refused(&call(fake, "PUT", &path, json!(chats)).await, 400, 30032, "100");
    assert!(fake.commands().is_empty());
    let other = call(fake, "PUT", "/applications/1/commands", json!([])).await;
    scene.refused(&other, 403, 20012, "not authorized");
}

#[tokio::test]
async fn commands_keep_their_ids_and_versions() {
    let scene = Scene::new().await;
    let fake = &scene.fake;
    let path = format!("/applications/{}/commands", fake.application_id());
    let command = json!({"name": "hello", "description": "d", "name_localizations": {"de": "hallo"}});
    let first = call(fake, "PUT", &path, json!([command])).await.body;
    let again = call(fake, "PUT", &path, json!([command])).await.body;
    assert_eq!(first, again);
    assert!(first[0]["version"].is_string());
    let listed = call(fake, "GET", &path, Value::Null).await.body;
    assert!(listed[0]["name_localizations"].is_null());
    let listed = call(fake, "GET", &format!("{path}?with_localizations=true"), Value::Null).await.body;
    assert_eq!(listed[0]["name_localizations"]["de"], "hallo");
    let one = format!("{path}/{}", first[0]["id"].as_str().unwrap());
    let changed = call(fake, "PATCH", &one, json!({"description": "new"})).await.body;
    assert_eq!((changed["description"].clone(), changed["id"].clone()), (json!("new"), first[0]["id"].clone()));
    assert_ne!(changed["version"], first[0]["version"]);
    assert_eq!(call(fake, "POST", &path, json!({"name": "two", "description": "d"})).await.status, 201);
    assert_eq!(call(fake, "DELETE", &one, Value::Null).await.status, 204);
    assert_eq!(fake.commands().len(), 1);
    assert_eq!(fake.command_writes(), 5);
    let guild = format!("/applications/{}/guilds/{}/commands", fake.application_id(), scene.guild);
    call(fake, "PUT", &guild, json!([command])).await;
    assert_eq!(fake.guild_commands(scene.guild)[0]["guild_id"], scene.guild.to_string());
    scene.clean();
    scene.refused(&call(fake, "GET", &one, Value::Null).await, 404, 10063, "Unknown application command");
}

#[tokio::test]
async fn a_day_has_two_hundred_new_commands() {
    let scene = Scene::new().await;
    let path = format!("/applications/{}/guilds/{}/commands", scene.fake.application_id(), scene.guild);
    for round in 0..2 {
        let many: Vec<Value> =
            (0..100).map(|number| json!({"name": format!("c{round}-{number}"), "description": "d"})).collect();
        assert_eq!(call(&scene.fake, "PUT", &path, json!(many)).await.status, 200);
    }
    let answer = call(&scene.fake, "PUT", &path, json!([{"name": "more", "description": "d"}])).await;
    scene.refused(&answer, 400, 30034, "daily");
}
