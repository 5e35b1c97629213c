//! Synapse's own limits, and application services.

use std::time::Duration;

use matrix_town::{Human, Limits, Role, RoomOptions, Setup, Synapse};
use serde_json::json;

use crate::bounded;

/// One process that can do both: a server takes seconds to start.
#[tokio::test]
async fn under_default_limits_quick_senders_are_told_to_wait_and_services_act_for_their_users() {
    bounded(async {
        let registration = json!({
            "id": "town", "url": null, "as_token": "town-as", "hs_token": "town-hs", "sender_localpart": "town-bot",
            "rate_limited": false,
            "namespaces": {"users": [{"exclusive": true, "regex": "@_town_.*"}], "rooms": [], "aliases": []},
        });
        let setup = Setup { limits: Limits::Default, appservices: vec![registration.to_string()], ..Setup::default() };
        let synapse = Synapse::with(setup).await;
        let alice = Human::login(&synapse, "alice").await;
        let room = alice.create_room(RoomOptions { name: Some("Hall"), ..RoomOptions::default() }).await;
        let mut refusals = Vec::new();
        for number in 0..20 {
            refusals.extend(alice.try_say(&room, &format!("quick {number}")).await.err());
            // Synapse takes half a second for each.
            if refusals.len() == 3 {
                break;
            }
        }
        let first = refusals.get(2).expect("three of twenty are too many");
        assert_eq!((first.status, first.code.as_str()), (429, "M_LIMIT_EXCEEDED"));
        let wait = first.retry_after.unwrap();
        assert!(wait > Duration::ZERO && wait < Duration::from_secs(60), "{wait:?}");

        let path = format!("/_synapse/admin/v1/users/{}/override_ratelimit", alice.id());
        synapse.admin("POST", &path, json!({"messages_per_second": 0, "burst_count": 0})).await.unwrap();
        for number in 0..20 {
            alice.say(&room, &format!("allowed {number}")).await;
        }

        let ghost = json!({"type": "m.login.application_service", "username": "_town_luna"});
        let made = synapse.call("town-as", "POST", "/_matrix/client/v3/register", ghost).await.unwrap();
        assert_eq!(made["user_id"], synapse.user_id("_town_luna"));
        let taken = synapse.register("bob", "secret", Role::User).await;
        assert_eq!(taken.user_id, synapse.user_id("bob"));
    })
    .await;
}
