//! States that are set once, their expiry, and states of tasks, workflows and plugins.

use std::{collections::BTreeSet, time::Duration};

use futures_util::future::join_all;
use parlance::domain::bots::manage::NewBot;
use serde_json::{Value, json};

use crate::{
    botpress::given::{Caller, Given, another_workspace},
    support::{Answer, TestServer, assert_answer},
};

fn object() -> Value {
    json!({"type": "object", "properties": {"n": {"type": "number"}}, "additionalProperties": false})
}

/// A bot with states of a task, of a workflow and of plugins.
async fn given() -> Given {
    let declare = |new: &mut NewBot| {
        let more = json!({
            "job": {"type": "task", "schema": object()},
            "flow": {"type": "workflow", "schema": object()},
            "synchronizer#table": {"type": "bot", "schema": object()},
            "one#twice": {"type": "bot", "schema": object()},
            "two#twice": {"type": "bot", "schema": object()},
            "one#user": {"type": "user", "schema": object()},
        });
        let more: std::collections::BTreeMap<String, _> =
            serde_json::from_value(more).expect("definitions");
        new.definition.states.extend(more);
    };
    Given::running(TestServer::start().await, declare, |_| {}).await
}

fn payload(answer: &Answer) -> Value {
    answer.json()["state"]["payload"].clone()
}

#[tokio::test]
async fn get_or_set_state_sets_once() {
    let given = given().await;
    let (server, bot) = (&given.server, given.as_bot());
    let path = format!("/v1/chat/states/bot/{}/counters", given.bot.id);
    let once = format!("{path}/get-or-set");
    let body = json!({"payload": {"count": 1}, "expiry": 10_000});
    let set = bot.post(server, &once, body).await.expect(200);
    assert_answer!("get_or_set_state", set);
    server.clock.advance(Duration::from_secs(5));
    // The stored state stays, and so does its expiry; a payload that breaks the schema does not matter.
    for body in [
        json!({"payload": {"count": 2}, "expiry": 60_000}),
        json!({"payload": {"count": "x"}}),
    ] {
        let again = bot.post(server, &once, body).await.expect(200);
        assert_eq!(again.json(), set.json());
    }
    assert_eq!(
        bot.get(server, &path).await.json()["state"],
        set.json()["state"]
    );
    server.clock.advance(Duration::from_secs(5));
    assert_eq!(bot.get(server, &path).await.status, 404);
    let anew = bot.post(server, &once, json!({"payload": {"count": 3}}));
    assert_eq!(payload(&anew.await.expect(200)), json!({"count": 3}));
    let cleared = bot.post(server, &path, json!({"payload": null}));
    cleared.await.expect(200);
    let anew = bot.post(server, &once, json!({"payload": {"count": 4}}));
    assert_eq!(payload(&anew.await.expect(200)), json!({"count": 4}));
}

#[tokio::test]
async fn get_or_set_state_is_atomic() {
    let given = given().await;
    let (server, bot) = (&given.server, given.as_bot());
    let once = format!("/v1/chat/states/bot/{}/counters/get-or-set", given.bot.id);
    let calls = (0..16).map(|n| bot.post(server, &once, json!({"payload": {"count": n}})));
    let answers = join_all(calls).await;
    let states: BTreeSet<String> = answers
        .iter()
        .map(|answer| answer.json()["state"].to_string())
        .collect();
    assert_eq!(states.len(), 1);
}

#[tokio::test]
async fn get_or_set_state_refuses() {
    let given = given().await;
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
            "owner",
            404,
            "user/none/profile".to_owned(),
            json!({"payload": {}}),
        ),
        (
            "payload",
            400,
            format!("{own}/counters"),
            json!({"payload": {"count": "x"}}),
        ),
        (
            "null",
            400,
            format!("{own}/counters"),
            json!({"payload": null}),
        ),
        (
            "expiry",
            400,
            format!("{own}/counters"),
            json!({"payload": {}, "expiry": 0}),
        ),
    ] {
        let path = format!("/v1/chat/states/{path}/get-or-set");
        let answer = bot.post(server, &path, body).await.expect(status);
        insta::assert_snapshot!(format!("get_or_set_state_{name}"), answer.shown());
    }
    let path = format!("/v1/chat/states/{own}/counters/get-or-set");
    let body = json!({"payload": {"count": 1}});
    let (_, stranger) = another_workspace(server).await;
    let stranger = Caller::with(&stranger).header("x-bot-id", given.bot.id.as_str());
    assert_eq!(stranger.post(server, &path, body.clone()).await.status, 403);
    let nobody = Caller::with("bp_pat_none").header("x-bot-id", given.bot.id.as_str());
    assert_eq!(nobody.post(server, &path, body).await.status, 401);
}

#[tokio::test]
async fn get_or_set_state_stops_at_the_bound() {
    let server = TestServer::with(|config| config.bounds.states = 1).await;
    let given = Given::on(server).await;
    let bot = given.as_bot();
    let workflow = given.workflow(json!({})).await;
    let path = |name: &str| format!("/v1/chat/states/workflow/{workflow}/{name}/get-or-set");
    let body = json!({"payload": {}});
    let first = bot.post(&given.server, &path("a"), body.clone()).await;
    first.expect(200);
    let second = bot.post(&given.server, &path("b"), body.clone()).await;
    let text = second.expect(413).text;
    assert!(text.contains("bounds.states"), "{text}");
    // The stored one is still found.
    bot.post(&given.server, &path("a"), body).await.expect(200);
}

#[tokio::test]
async fn set_state_expiry_restarts_the_time() {
    let given = given().await;
    let (server, bot) = (&given.server, given.as_bot());
    let path = format!("/v1/chat/states/bot/{}/counters", given.bot.id);
    let expiry = format!("{path}/expiry");
    let unset = bot.post(server, &expiry, json!({"expiry": 1})).await;
    assert_answer!("set_state_expiry_never_set", unset.expect(404));
    let set = bot.post(
        server,
        &path,
        json!({"payload": {"count": 1}, "expiry": 1000}),
    );
    let set = set.await.expect(200).json();
    let changed = bot.post(server, &expiry, json!({"expiry": 5000})).await;
    assert_eq!(changed.expect(200).json(), set);
    server.clock.advance(Duration::from_secs(4));
    assert_eq!(bot.get(server, &path).await.json(), set);
    let never = bot.post(server, &expiry, json!({"expiry": null}));
    never.await.expect(200);
    server.clock.advance(Duration::from_secs(3600));
    assert_eq!(bot.get(server, &path).await.json(), set);
    bot.post(server, &expiry, json!({"expiry": 1000}))
        .await
        .expect(200);
    server.clock.advance(Duration::from_secs(1));
    assert_eq!(bot.get(server, &path).await.status, 404);
    assert_eq!(
        bot.post(server, &expiry, json!({"expiry": 1})).await.status,
        404
    );
    for (name, body) in [
        ("none", json!({})),
        ("short", json!({"expiry": 0.5})),
        ("long", json!({"expiry": 2_592_000_001_i64})),
        ("text", json!({"expiry": "1"})),
    ] {
        let answer = bot.post(server, &expiry, body).await.expect(400);
        insta::assert_snapshot!(format!("set_state_expiry_{name}"), answer.shown());
    }
}

#[tokio::test]
async fn set_state_of_tasks_and_workflows() {
    let given = given().await;
    let (server, bot) = (&given.server, given.as_bot());
    let conversation = given.conversation("c").await;
    let task = given.task(&conversation, json!({})).await;
    let undeclared = &format!("/v1/chat/states/task/{task}/other");
    let task = &format!("/v1/chat/states/task/{task}/job");
    let set = bot.post(server, task, json!({"payload": {"n": 1}})).await;
    assert_answer!("set_state_of_a_task", set.expect(200));
    assert_eq!(payload(&bot.get(server, task).await), json!({"n": 1}));
    let broken = bot.post(server, task, json!({"payload": {"n": "x"}})).await;
    assert_eq!(broken.json()["type"], "InvalidDataFormat");
    let answer = bot.post(server, undeclared, json!({"payload": {}})).await;
    assert_eq!(answer.json()["type"], "ResourceNotFound");
    let missing = "/v1/chat/states/task/t/job";
    let answer = bot.post(server, missing, json!({"payload": {}})).await;
    assert_answer!("set_state_of_no_task", answer.expect(404));
    // States of workflows need no declaration, but keep to one.
    let workflow = given.workflow(json!({})).await;
    for (name, value, status) in [
        ("anything", json!({"a": [1]}), 200),
        ("alias%23name", json!({"b": 1}), 200),
        ("flow", json!({"n": 1}), 200),
        ("flow", json!({"n": "x"}), 400),
    ] {
        let path = format!("/v1/chat/states/workflow/{workflow}/{name}");
        let body = json!({"payload": value});
        let set = bot.post(server, &path, body).await.expect(status);
        if status == 200 {
            assert_eq!(bot.get(server, &path).await.json(), set.json(), "{path}");
        }
    }
    let other = bot
        .get(server, "/v1/chat/states/workflow/w2/anything")
        .await;
    assert_answer!("get_state_of_another_workflow", other.expect(404));
    let integration = given.as_integration();
    let path = format!("/v1/chat/states/workflow/{workflow}/anything");
    assert_eq!(integration.get(server, &path).await.status, 404);
    let long = format!("/v1/chat/states/workflow/{workflow}/{}", "x".repeat(201));
    let answer = bot.post(server, &long, json!({"payload": {}})).await;
    assert_answer!("set_state_long_name", answer.expect(404));
}

#[tokio::test]
async fn get_state_of_a_plugin_without_its_alias() {
    let given = given().await;
    let (server, bot) = (&given.server, given.as_bot());
    let own = format!("/v1/chat/states/bot/{}", given.bot.id);
    let bare = format!("{own}/table");
    let set = bot.post(server, &bare, json!({"payload": {"n": 1}})).await;
    let set = set.expect(200).json();
    assert_eq!(set["state"]["name"], "synchronizer#table");
    let full = format!("{own}/synchronizer%23table");
    assert_eq!(bot.get(server, &full).await.json(), set);
    let once = format!("{bare}/get-or-set");
    let found = bot.post(server, &once, json!({"payload": {}})).await;
    assert_eq!(found.json()["state"], set["state"]);
    // Two plugins have one, and the only one of a user is no state of the bot.
    for name in ["twice", "user"] {
        let path = format!("{own}/{name}");
        let answer = bot.post(server, &path, json!({"payload": {}})).await;
        assert_eq!(answer.json()["type"], "ResourceNotFound", "{name}");
    }
}

#[tokio::test]
async fn update_bot_takes_states_of_tasks_and_workflows() {
    let given = Given::new().await;
    let path = format!("/v1/admin/bots/{}", given.bot.id);
    let states = json!({
        "job": {"type": "task", "schema": object()},
        "flow": {"type": "workflow", "schema": object()},
    });
    let member = Caller::member();
    let body = json!({"states": states});
    member.put(&given.server, &path, body).await.expect(200);
    let shown = member.get(&given.server, &path).await.expect(200).json();
    assert_eq!(shown["bot"]["states"]["job"]["type"], "task");
    assert_eq!(shown["bot"]["states"]["flow"]["type"], "workflow");
}
