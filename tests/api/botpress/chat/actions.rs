//! Actions, and what an integration sets of itself.

use serde_json::{Value, json};

use crate::{
    botpress::{
        given::{Caller, Given},
        runtime::Pair,
    },
    support::assert_answer,
};

const ACTIONS: &str = "/v1/chat/actions";

#[tokio::test]
async fn call_action_is_resolved_and_checked_before_it_runs() {
    let given = Given::new().await;
    for (name, body) in [
        (
            "runs",
            json!({"type": "whint:whisper", "input": {"text": "Hello"}}),
        ),
        ("input", json!({"type": "whint:whisper", "input": {}})),
        ("unknown", json!({"type": "whint:shout", "input": {}})),
        (
            "not_installed",
            json!({"type": "other:whisper", "input": {}}),
        ),
        ("unnamed", json!({"type": "whisper", "input": {}})),
        ("no_input", json!({"type": "whint:whisper"})),
    ] {
        let answer = given.as_bot().post(&given.server, ACTIONS, body).await;
        insta::assert_snapshot!(format!("call_action_{name}"), answer.expect(400).shown());
    }
}

#[tokio::test]
async fn configure_integration_sets_what_it_is_found_by() {
    let given = Given::new().await;
    let path = "/v1/chat/integrations/configure";
    let body = json!({"identifier": "team-1"});
    let set = given
        .as_integration()
        .post(&given.server, path, body.clone())
        .await;
    assert_eq!(set.expect(200).json(), json!({}));
    let bot = format!("/v1/admin/bots/{}", given.bot.id);
    let bot = Caller::member().get(&given.server, &bot).await.expect(200);
    let installed = &bot.json()["bot"]["integrations"][given.integration.id.as_str()];
    assert_eq!(installed["identifier"], "team-1");
    assert_eq!(installed["configuration"], json!({"greeting": "Hello"}));
    let by_bot = given.as_bot().post(&given.server, path, body).await;
    assert_answer!("configure_integration_by_the_bot", by_bot.expect(403));
    let bad = json!({"identifier": 5, "scheduleRegisterCall": "often"});
    let bad = given.as_integration().post(&given.server, path, bad).await;
    assert_answer!("configure_integration_bad", bad.expect(400));
}

#[tokio::test]
async fn configure_integration_keeps_and_removes_the_identifier() {
    let given = Given::new().await;
    let bot = format!("/v1/admin/bots/{}", given.bot.id);
    for (body, expected) in [
        (json!({"identifier": "team-1"}), json!("team-1")),
        (json!({}), json!("team-1")),
        (
            json!({"scheduleRegisterCall": "bi-monthly"}),
            json!("team-1"),
        ),
        (
            json!({"sandboxIdentifiers": {"upsert": ["a"]}}),
            json!("team-1"),
        ),
        (
            json!({"identifier": null, "sandboxIdentifiers": null}),
            json!(null),
        ),
        (json!({"identifier": null}), json!(null)),
    ] {
        let path = "/v1/chat/integrations/configure";
        let set = given.as_integration().post(&given.server, path, body).await;
        assert_eq!(set.expect(200).json(), json!({}));
        let read = Caller::member().get(&given.server, &bot).await.expect(200);
        let installed = &read.json()["bot"]["integrations"][given.integration.id.as_str()];
        assert_eq!(installed["identifier"], expected);
    }
}

#[tokio::test]
async fn call_action_passes_on_members_that_the_schema_does_not_name() {
    let pair = Pair::start().await;
    let given = &pair.given;
    pair.integration
        .answer_with(200, r#"{"output": {"seen": true}}"#);
    let input = json!({"text": "Hello", "userId": "u", "more": {"a": 1}});
    let body = json!({"type": "whint:whisper", "input": input});
    let answer = given.as_bot().post(&given.server, ACTIONS, body).await;
    assert_eq!(answer.expect(200).json()["output"], json!({"seen": true}));
    let asked = pair.integration.asked();
    assert_eq!(asked.last().expect("it was asked").json()["input"], input);
}

#[tokio::test]
async fn call_action_allows_members_that_a_closed_schema_does_not_name() {
    let pair = Pair::start().await;
    let (given, server) = (&pair.given, &pair.given.server);
    let closed = |properties: Value| {
        json!({"schema": {
            "type": "object", "properties": properties, "required": ["file"], "additionalProperties": false,
        }})
    };
    let file = json!({
        "type": "object", "properties": {"id": {"type": "string"}}, "required": ["id"], "additionalProperties": false,
    });
    let action =
        json!({"input": closed(json!({"file": file})), "output": closed(json!({"file": file}))});
    let path = format!("/v1/admin/integrations/{}", given.integration.id);
    let body = json!({"actions": {"whisper": action}});
    let changed = Caller::member().put(server, &path, body).await;
    changed.expect(200);
    pair.integration.answer_with(
        200,
        r#"{"output": {"file": {"id": "1", "n": 1}, "more": 2}}"#,
    );
    let input = json!({"file": {"id": "1", "status": "pending"}, "more": true});
    let body = json!({"type": "whint:whisper", "input": input});
    let answer = given.as_bot().post(server, ACTIONS, body).await.expect(200);
    assert_eq!(
        answer.json()["output"],
        json!({"file": {"id": "1", "n": 1}, "more": 2})
    );
    let asked = pair.integration.asked();
    assert_eq!(asked.last().expect("it was asked").json()["input"], input);
    let body = json!({"type": "whint:whisper", "input": {"file": {"more": 1, "id": 5}, "more": 1}});
    let answer = given.as_bot().post(server, ACTIONS, body).await.expect(400);
    assert_eq!(
        answer.json()["message"],
        "request/body/input/file/id must be a string"
    );
}
