//! A second identical deployment, with the calls of the vendor's CLI (botpress-today.md §0.4).

use serde_json::{Value, json};

use super::{Pair, settled};
use crate::{botpress::given::Caller, support::TestServer};

/// A member, as the CLI calls.
fn cli() -> Caller {
    Caller::member().header("x-multiple-integrations", "true")
}

/// An object without the times that each deployment changes.
fn without_times(mut value: Value) -> Value {
    fn strip(value: &mut Value) {
        match value {
            Value::Object(members) => {
                members.retain(|name, _| name != "updatedAt" && name != "deployedAt");
                members.values_mut().for_each(strip);
            }
            Value::Array(items) => items.iter_mut().for_each(strip),
            _ => {}
        }
    }
    strip(&mut value);
    value
}

async fn get(server: &TestServer, path: &str) -> Value {
    without_times(cli().get(server, path).await.expect(200).json())
}

#[tokio::test]
async fn an_identical_deployment_registers_nothing_again() {
    let pair = Pair::start().await;
    let server = &pair.given.server;
    let integration = format!("/v1/admin/integrations/{}", pair.given.integration.id);
    let bot = format!("/v1/admin/bots/{}", pair.given.bot.id);
    let version = json!({
        "title": "Whint",
        "url": pair.integration.url(),
        "channels": {"direct": {"messages": {"text": {"schema": {"type": "object"}}}}},
        "actions": {"shout": {"input": {"schema": {}}, "output": {"schema": {}}}, "old": null},
        "configuration": {"schema": {"type": "object"}},
        "attributes": {"family": "tests", "old": null},
    });
    let deployed = json!({
        "url": pair.bot.url(),
        "integrations": {"loud": {
            "integrationId": pair.given.integration.id,
            "enabled": true,
            "configurationType": null,
            "configuration": {"greeting": "Hi"},
            "disabledChannels": ["lobby"],
        }},
        "events": {"reminder": {"schema": {"type": "object"}}, "old": null},
        "recurringEvents": {"daily": {
            "type": "reminder", "payload": {}, "schedule": {"cron": "0 0 * * *"},
        }},
        "user": {"tags": {"plan": {}}},
        "tags": {"team": "blue"},
    });
    let deploy = async || {
        cli()
            .put(server, &integration, version.clone())
            .await
            .expect(200);
        let done = cli().put(server, &bot, deployed.clone()).await.expect(200);
        settled(server).await;
        without_times(done.json())
    };
    deploy().await;
    let asked = pair.integration.asked().len();
    let (seen_bot, seen_integration) = (get(server, &bot).await, get(server, &integration).await);
    assert_eq!(
        seen_bot["bot"]["integrations"]["loud"]["status"],
        "registered"
    );
    for _ in 0..2 {
        let answer = deploy().await;
        assert_eq!(answer, seen_bot, "the status is not pending again");
    }
    assert_eq!(
        pair.integration.asked().len(),
        asked,
        "register is not called again"
    );
    assert_eq!(get(server, &bot).await, seen_bot);
    assert_eq!(get(server, &integration).await, seen_integration);
}

#[tokio::test]
async fn a_failed_registration_is_repeated_by_the_same_deployment() {
    let pair = Pair::start().await;
    let server = &pair.given.server;
    let bot = format!("/v1/admin/bots/{}", pair.given.bot.id);
    let entry = json!({"integrationId": pair.given.integration.id, "enabled": true});
    let body = json!({"integrations": {"loud": entry}});
    let refusal = r#"{"id":"x","code":400,"type":"Runtime","message":"Wrong token"}"#;
    pair.integration.answer_with(400, refusal);
    for (status, expected) in [(400, "registration_failed"), (200, "registered")] {
        let text = if status == 200 { "{}" } else { refusal };
        pair.integration.answer_with(status, text);
        cli().put(server, &bot, body.clone()).await.expect(200);
        settled(server).await;
        let seen = get(server, &bot).await;
        assert_eq!(seen["bot"]["integrations"]["loud"]["status"], expected);
    }
    assert_eq!(pair.integration.asked().len(), 2);
}
