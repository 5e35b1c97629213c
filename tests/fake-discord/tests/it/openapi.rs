//! Requests against Discord's published document, where there is one.

use serde_json::{Value, json};

use crate::client::{Scene, call, text};

#[tokio::test]
async fn the_published_document_has_its_say() {
    let scene = Scene::new().await;
    #[expect(clippy::disallowed_methods, reason = "tests have no settings")]
    let Ok(path) = std::env::var("DISCORD_OPENAPI") else {
        eprintln!("DISCORD_OPENAPI names no document: nothing was checked");
        return;
    };
    assert!(scene.fake.check_against(path.as_ref()));
    assert_eq!(scene.post(text("fine")).await.status, 200);
    scene.clean();
    let mut odd = text("x");
    odd["embeds"] = json!([{"title": "t", "fields": [{"name": "a", "value": "b", "inline": "yes"}]}]);
    assert_eq!(scene.post(odd).await.status, 200);
    assert!(scene.fake.take_violations()[0].contains("the document says"));
    call(&scene.fake, "GET", "/users/@me?fields=all", Value::Null).await;
    assert!(scene.fake.take_violations()[0].contains("no parameter \"fields\""));
    assert!(!scene.fake.check_against("/nowhere".as_ref()));
}
