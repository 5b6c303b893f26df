//! What a bot asks an integration, and waits for: actions, users, conversations.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{Pair, bot_logs, integration_logs};
use crate::{
    botpress::given::{Caller, Given},
    support::{TestServer, answer::redacted, assert_answer},
};

const ACTIONS: &str = "/v1/chat/actions";

fn whisper() -> Value {
    json!({"type": "whint:whisper", "input": {"text": "Hello"}})
}

#[tokio::test]
async fn call_action_returns_what_the_integration_answers() {
    let pair = Pair::start().await;
    let given = &pair.given;
    pair.integration
        .answer_with(200, r#"{"output":{"heard":true},"meta":{"cards":[]}}"#);
    let answer = given.as_bot().post(&given.server, ACTIONS, whisper()).await;
    let answer = answer.expect(200).json();
    assert_eq!(answer, json!({"output": {"heard": true}}));
    insta::assert_snapshot!(
        "action_triggered",
        redacted(pair.integration.asked()[0].shown())
    );
}

#[tokio::test]
async fn an_integration_is_told_by_which_alias_it_is_installed() {
    let pair = Pair::start().await;
    let given = &pair.given;
    pair.integration.answer_with(200, r#"{"output":{}}"#);
    let alias = || {
        pair.integration
            .asked()
            .pop()
            .map(|asked| asked.header("x-integration-alias").to_owned())
    };
    given
        .as_bot()
        .post(&given.server, ACTIONS, whisper())
        .await
        .expect(200);
    assert_eq!(
        alias().as_deref(),
        Some("whint"),
        "its name, without an alias"
    );
    let entry = json!({"integrationId": given.integration.id, "enabled": true, "configuration": {"greeting": "Hi"}});
    let path = format!("/v1/admin/bots/{}", given.bot.id);
    let person = Caller::member();
    person
        .put(
            &given.server,
            &path,
            json!({"integrations": {"loud": entry}}),
        )
        .await
        .expect(200);
    given
        .as_bot()
        .post(&given.server, ACTIONS, whisper())
        .await
        .expect(200);
    assert_eq!(alias().as_deref(), Some("loud"));
}

#[tokio::test]
async fn call_action_fails_with_the_integrations_own_words() {
    let pair = Pair::start().await;
    let given = &pair.given;
    for (name, status, body) in [
        (
            "runtime_error",
            400,
            r#"{"id":"1","code":400,"type":"Runtime","message":"No such room"}"#,
        ),
        ("thrown", 500, r#"{"error":"oops"}"#),
        ("no_output", 200, "{}"),
        ("no_object", 200, r#"{"output":3}"#),
        ("no_json", 200, "done"),
    ] {
        pair.integration.answer_with(status, body);
        let answer = given.as_bot().post(&given.server, ACTIONS, whisper()).await;
        insta::assert_snapshot!(format!("call_action_{name}"), answer.expect(400).shown());
    }
    // Whoever waits is told: it is no issue.
    assert!(super::column(&given.server, "SELECT id FROM bot_issues").is_empty());
    // Both developers find it in their logs.
    insta::assert_json_snapshot!("call_action_failed_logs", integration_logs(&given.server));
    assert_eq!(bot_logs(&given.server), integration_logs(&given.server));
}

#[tokio::test]
async fn create_user_that_fails_is_logged_without_what_was_asked() {
    let pair = Pair::start().await;
    let server = &pair.given.server;
    let body = json!({"integrationName": "whint", "tags": {"id": "planted-tag"}});
    let refusal = r#"{"id":"1","code":400,"type":"Runtime","message":"No such room"}"#;
    for (status, answer) in [(400, refusal), (200, "{}")] {
        pair.integration.answer_with(status, answer);
        let created = pair.given.as_bot();
        let created = created.post(server, "/v1/chat/users", body.clone()).await;
        created.expect(400);
    }
    let lines = integration_logs(server);
    assert_eq!(
        lines,
        [
            "error create_user failed in the integration whint: No such room.",
            "error create_user failed in the integration whint: \
             The integration whint declined to create a user.",
        ]
    );
    assert_eq!(bot_logs(server), lines);
}

#[tokio::test]
async fn call_action_does_not_wait_for_ever() {
    let server = TestServer::with(|config| config.deliveries.call_timeout_seconds = 1).await;
    let pair = Pair::on(server).await;
    let given = &pair.given;
    pair.integration.reply(|_| None);
    let answer = given.as_bot().post(&given.server, ACTIONS, whisper()).await;
    assert_answer!("call_action_timeout", answer.expect(400));
}

#[tokio::test]
async fn call_action_of_an_integration_that_runs_nowhere() {
    let given = Given::new().await;
    let answer = given.as_bot().post(&given.server, ACTIONS, whisper()).await;
    assert_answer!("call_action_nowhere", answer.expect(400));
}

#[tokio::test(flavor = "multi_thread")]
async fn code_that_is_asked_may_ask_back() {
    let integration = "exports.handler = async ({ headers, body }) => {
        const { type, input } = JSON.parse(body)
        const api = (path, body) => fetch(process.env.BP_API_URL + path, {
            method: 'POST',
            headers: {
                authorization: 'Bearer ' + process.env.BP_TOKEN,
                'x-bot-id': headers['x-bot-id'],
                'x-integration-id': headers['x-integration-id'],
                'content-type': 'application/json',
            },
            body: JSON.stringify(body),
        })
        if (input.text === 'end') return { status: 200, body: JSON.stringify({ output: { depth: 0 } }) }
        const inner = await api('/v1/chat/actions', { type, input: { text: 'end' } })
        const { output } = await inner.json()
        return { status: 200, body: JSON.stringify({ output: { depth: output.depth + 1 } }) }
    }";
    let given = Given::running(
        TestServer::start().await,
        |_| {},
        |new| new.parts.code = Some(integration.to_owned()),
    )
    .await;
    let given = Arc::new(given);
    let many = (0..8).map(|_| {
        let given = given.clone();
        tokio::spawn(async move {
            let answer = given.as_bot().post(&given.server, ACTIONS, whisper()).await;
            answer.expect(200).json()
        })
    });
    for one in many.collect::<Vec<_>>() {
        let answer = one.await.expect("an answer");
        assert_eq!(answer, json!({"output": {"depth": 1}}));
    }
}

#[tokio::test]
async fn create_user_is_left_to_the_integration() {
    let pair = Pair::start().await;
    let given = &pair.given;
    let made = given.user("u1").await;
    pair.integration
        .answer_with(200, &json!({"user": {"id": made}}).to_string());
    let body = json!({"integrationName": "whint", "tags": {"id": "u2"}});
    let users = "/v1/chat/users";
    let answer = given.as_bot().post(&given.server, users, body).await;
    assert_eq!(answer.expect(201).json()["user"]["id"], made);
    insta::assert_snapshot!("create_user", redacted(pair.integration.asked()[0].shown()));
    // One that is there is not asked for.
    let path = "/v1/chat/users/get-or-create";
    let body = json!({"integrationName": "whint", "tags": {"whint:id": "u1"}});
    let known = given.as_bot().post(&given.server, path, body).await;
    assert_eq!(known.expect(200).json()["user"]["id"], made);
    assert_eq!(pair.integration.asked().len(), 1);
    let body = json!({"integrationName": "whint", "tags": {"id": "u3"}});
    for (name, reply) in [
        ("declined", "{}"),
        ("empty", ""),
        ("unknown", r#"{"user":{"id":"nobody"}}"#),
    ] {
        pair.integration.answer_with(200, reply);
        let answer = given.as_bot().post(&given.server, path, body.clone()).await;
        insta::assert_snapshot!(format!("create_user_{name}"), answer.expect(400).shown());
    }
}

#[tokio::test]
async fn create_conversation_is_left_to_the_integration() {
    let pair = Pair::start().await;
    let given = &pair.given;
    let made = given.conversation("c1").await;
    pair.integration
        .answer_with(200, &json!({"conversation": {"id": made}}).to_string());
    let body = json!({"integrationName": "whint", "channel": "direct", "tags": {"id": "c2"}});
    let path = "/v1/chat/conversations";
    let answer = given.as_bot().post(&given.server, path, body).await;
    assert_eq!(answer.expect(201).json()["conversation"]["id"], made);
    insta::assert_snapshot!(
        "create_conversation",
        redacted(pair.integration.asked()[0].shown())
    );
    let path = "/v1/chat/conversations/get-or-create";
    let body = json!({"integrationName": "whint", "channel": "direct", "tags": {"id": "c1"}});
    let known = given.as_bot().post(&given.server, path, body).await;
    assert_eq!(known.expect(200).json()["conversation"]["id"], made);
    assert_eq!(pair.integration.asked().len(), 1);
}
