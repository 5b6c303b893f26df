//! States.

use std::time::Duration;

use serde_json::json;

use crate::{
    botpress::given::{Caller, Given, install, make_integration},
    support::{WORKSPACE, assert_answer},
};

#[tokio::test]
async fn set_state_replaces_and_null_clears() {
    let given = Given::new().await;
    let (server, bot) = (&given.server, given.as_bot());
    let path = format!("/v1/chat/states/bot/{}/counters", given.bot.id);
    let missing = bot.get(server, &path).await;
    assert_answer!("get_state_never_set", missing.expect(404));
    let set = bot
        .post(server, &path, json!({"payload": {"count": 1}}))
        .await
        .expect(200);
    assert_answer!("set_state", set);
    assert_eq!(bot.get(server, &path).await.json(), set.json());
    server.clock.advance(Duration::from_secs(1));
    let emptied = bot
        .post(server, &path, json!({"payload": {}}))
        .await
        .expect(200);
    assert_eq!(emptied.json()["state"]["payload"], json!({}));
    assert_eq!(emptied.json()["state"]["id"], set.json()["state"]["id"]);
    let cleared = bot
        .post(server, &path, json!({"payload": null}))
        .await
        .expect(200);
    assert_eq!(cleared.json()["state"]["payload"], json!({}));
    assert_eq!(bot.get(server, &path).await.status, 404);
}

#[tokio::test]
async fn get_state_of_each_kind() {
    let given = Given::new().await;
    let server = &given.server;
    let (user, conversation) = (given.user("1").await, given.conversation("1").await);
    let (bot, integration) = (given.as_bot(), given.as_integration());
    let own = given.integration.id.to_string();
    for (name, caller, path, payload) in [
        (
            "conversation",
            &bot,
            format!("conversation/{conversation}/memory"),
            json!({"note": "a"}),
        ),
        (
            "user",
            &bot,
            format!("user/{user}/profile"),
            json!({"age": 1}),
        ),
        (
            "thread",
            &integration,
            format!("conversation/{conversation}/thread"),
            json!({"key": "a"}),
        ),
        (
            "integration",
            &integration,
            format!("integration/{own}/cursor"),
            json!({"position": 1}),
        ),
    ] {
        let path = format!("/v1/chat/states/{path}");
        let set = caller
            .post(server, &path, json!({"payload": payload}))
            .await
            .expect(200);
        let found = caller.get(server, &path).await.expect(200);
        assert_eq!(found.json(), set.json());
        insta::assert_snapshot!(format!("get_state_{name}"), found.shown());
    }
    // Neither sees what the other keeps.
    for (caller, path) in [
        (&bot, format!("conversation/{conversation}/thread")),
        (&bot, format!("integration/{own}/cursor")),
        (&integration, format!("conversation/{conversation}/memory")),
        (&integration, "integration/none/cursor".to_owned()),
        (&bot, "nothing/at/all".to_owned()),
    ] {
        let answer = caller.get(server, &format!("/v1/chat/states/{path}")).await;
        assert_eq!(answer.json()["type"], "ResourceNotFound", "{path}");
    }
    let other = make_integration(server, WORKSPACE, "other", "1.0.0").await;
    install(server, &given.bot, &other, json!({})).await;
    let other = given
        .as_person()
        .header("x-integration-id", other.id.as_str());
    let path = format!("/v1/chat/states/user/{user}/profile");
    assert_eq!(other.get(server, &path).await.status, 404);
}

#[tokio::test]
async fn set_state_refuses_what_is_not_declared() {
    let given = Given::new().await;
    let (server, bot) = (&given.server, given.as_bot());
    let own = format!("bot/{}", given.bot.id);
    for (name, status, path, body) in [
        (
            "undeclared",
            404,
            format!("{own}/none"),
            json!({"payload": {}}),
        ),
        (
            "other_kind",
            404,
            format!("{own}/profile"),
            json!({"payload": {}}),
        ),
        (
            "payload",
            400,
            format!("{own}/counters"),
            json!({"payload": {"count": "x"}}),
        ),
        (
            "expiry",
            400,
            format!("{own}/counters"),
            json!({"payload": {}, "expiry": 0}),
        ),
        (
            "long_expiry",
            400,
            format!("{own}/counters"),
            json!({"payload": {}, "expiry": 2_592_000_001_i64}),
        ),
        ("no_payload", 400, format!("{own}/counters"), json!({})),
        (
            "owner",
            404,
            "user/none/profile".to_owned(),
            json!({"payload": {}}),
        ),
    ] {
        let path = format!("/v1/chat/states/{path}");
        let answer = bot.post(server, &path, body).await;
        insta::assert_snapshot!(format!("set_state_{name}"), answer.expect(status).shown());
    }
}

#[tokio::test]
async fn set_state_expires_after_the_last_touch() {
    let given = Given::new().await;
    let (server, bot) = (&given.server, given.as_bot());
    let user = given.user("1").await;
    let declared = format!("/v1/chat/states/user/{user}/profile");
    let own = format!("/v1/chat/states/bot/{}/counters", given.bot.id);
    bot.post(server, &declared, json!({"payload": {"age": 1}}))
        .await
        .expect(200);
    let body = json!({"payload": {"count": 1}, "expiry": 90_000});
    let set = bot.post(server, &own, body).await.expect(200);
    server.clock.advance(Duration::from_secs(59));
    // Reading is no touch, patching is one.
    assert_eq!(bot.get(server, &declared).await.status, 200);
    bot.patch(server, &own, json!({"payload": {"count": 2}}))
        .await
        .expect(200);
    server.clock.advance(Duration::from_secs(1));
    assert_eq!(bot.get(server, &declared).await.status, 404);
    server.clock.advance(Duration::from_secs(88));
    assert_eq!(bot.get(server, &own).await.status, 200);
    server.clock.advance(Duration::from_secs(1));
    assert_eq!(bot.get(server, &own).await.status, 404);
    let anew = bot
        .patch(server, &own, json!({"payload": {}}))
        .await
        .expect(200);
    assert_eq!(
        anew.json()["state"]["payload"],
        json!({}),
        "what has ended is gone"
    );
    assert_ne!(anew.json()["state"]["id"], set.json()["state"]["id"]);
}

#[tokio::test]
async fn patch_state_merges_members_and_checks_the_whole() {
    let given = Given::new().await;
    let (server, bot) = (&given.server, given.as_bot());
    let path = format!("/v1/chat/states/bot/{}/counters", given.bot.id);
    let patched = bot
        .patch(server, &path, json!({"payload": {"count": 1}}))
        .await;
    assert_answer!("patch_state", patched.expect(200));
    let same = bot
        .patch(server, &path, json!({"payload": {}}))
        .await
        .expect(200);
    assert_eq!(same.json()["state"]["payload"], json!({"count": 1}));
    let broken = bot
        .patch(server, &path, json!({"payload": {"more": 1}}))
        .await;
    assert_answer!("patch_state_broken", broken.expect(400));
    let kept = bot.get(server, &path).await.expect(200);
    assert_eq!(kept.json()["state"]["payload"], json!({"count": 1}));
}

#[tokio::test]
async fn patches_of_one_state_at_one_time_all_happen_and_are_checked() {
    let given = Given::new().await;
    let (server, bot) = (&given.server, given.as_bot());
    let numbers = json!({"type": "object", "additionalProperties": {"type": "integer"}});
    let body = json!({"states": {"notes": {"type": "bot", "schema": numbers}}});
    let path = format!("/v1/admin/bots/{}", given.bot.id);
    Caller::member().put(server, &path, body).await.expect(200);
    let path = format!("/v1/chat/states/bot/{}/notes", given.bot.id);
    let patches = (0..60).map(|number| {
        let (bot, path) = (&bot, &path);
        async move {
            let value = if number % 10 == 9 {
                json!("x")
            } else {
                json!(number)
            };
            let name = format!("m{number}");
            let body = json!({"payload": {name: value}});
            bot.patch(server, path, body).await.status.as_u16()
        }
    });
    let statuses = futures_util::future::join_all(patches).await;
    for (number, status) in statuses.iter().enumerate() {
        assert_eq!(
            *status,
            if number % 10 == 9 { 400 } else { 200 },
            "{number}"
        );
    }
    let state = bot.get(server, &path).await.expect(200).json();
    let members = state["state"]["payload"].as_object().expect("an object");
    assert_eq!(members.len(), 54);
}
