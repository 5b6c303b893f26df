//! The built-in integration `local-llm`.

use serde_json::{Value, json};

use super::{saying, with_model};
use crate::{
    botpress::given::{Caller, Given},
    cohere::model::Speech,
    support::{Answer, answer::redacted, until},
};

/// Installs the integration under its own name.
pub async fn install(given: &Given) {
    let path = "/v1/admin/hub/integrations/local-llm/latest";
    let found = Caller::member().get(&given.server, path).await.expect(200);
    let id = found.json()["integration"]["id"].clone();
    let path = format!("/v1/admin/bots/{}", given.bot.id);
    let body = json!({"integrations": {
        "local-llm": {"integrationId": id, "enabled": true, "configuration": {}},
    }});
    let changed = Caller::member().put(&given.server, &path, body).await;
    changed.expect(200);
    until("the integration is registered", async || {
        let bot = Caller::member().get(&given.server, &path).await;
        bot.expect(200).json()["bot"]["integrations"]["local-llm"]["status"] == "registered"
    })
    .await;
}

pub async fn act(given: &Given, action: &str, input: Value) -> Answer {
    let body = json!({"type": format!("local-llm:{action}"), "input": input});
    let bot = given.as_bot();
    bot.post(&given.server, "/v1/chat/actions", body).await
}

#[tokio::test]
async fn local_llm_implements_the_interface() {
    let (given, _) = with_model(Speech::Says(vec!["Hi."]), |_| {}).await;
    let path = "/v1/admin/hub/integrations/local-llm/latest";
    let found = Caller::member().get(&given.server, path).await.expect(200);
    let found = found.json()["integration"]["interfaces"].clone();
    insta::assert_snapshot!("interfaces", redacted(found));
    let without = Given::new().await;
    Caller::member()
        .get(&without.server, path)
        .await
        .expect(404);
}

#[tokio::test]
async fn local_llm_generates_content() {
    let (given, model) = with_model(Speech::Says(vec!["Hi", "."]), |_| {}).await;
    install(&given).await;
    let mut input = saying("Hello");
    input["systemPrompt"] = json!("Be brief.");
    input["model"] = json!({"id": "openai:gpt-4o"});
    input["temperature"] = json!(0.5);
    input["topP"] = json!(0.9);
    input["maxTokens"] = json!(20);
    input["stopSequences"] = json!(["END"]);
    input["responseFormat"] = json!("json_object");
    input["tools"] = json!([{"type": "function", "function": {"name": "now", "argumentsSchema": {"type": "object"}}}]);
    input["toolChoice"] = json!({"type": "any"});
    let answer = act(&given, "generateContent", input).await.expect(200);
    insta::assert_snapshot!("content", redacted(answer.json()));
    let (_, asked) = model.asked().pop().expect("a question");
    insta::assert_json_snapshot!("content_prompt", asked);
    let models = act(&given, "listLanguageModels", json!({}))
        .await
        .expect(200);
    let models = models.json()["output"]["models"].clone();
    assert_eq!(models[0]["id"], "local:small-model");
    assert_eq!(models[1]["input"]["maxTokens"], 32768);
    // The action's own schema holds.
    let wrong = act(&given, "generateContent", json!({})).await.expect(400);
    assert_eq!(wrong.json()["type"], "InvalidDataFormat");
}

#[tokio::test]
async fn local_llm_passes_failures_on() {
    let refusal = Speech::Refuses(400, json!({"error": "too many tokens"}));
    let (mut given, _) = with_model(refusal, |_| {}).await;
    install(&given).await;
    let answer = act(&given, "generateContent", saying("Hello")).await;
    assert_failure(&answer, "too many tokens");
    // Without a model server the integration leaves the Hub, and stays installed.
    given.server.config.answers.upstream.url = None;
    given.server.restart().await;
    let path = "/v1/admin/hub/integrations/local-llm/latest";
    Caller::member().get(&given.server, path).await.expect(404);
    let answer = act(&given, "generateContent", saying("Hello")).await;
    assert_failure(&answer, "no model server is configured");
}

/// Asserts that an action failed with this in its text.
fn assert_failure(answer: &Answer, text: &str) {
    assert_eq!(answer.status, 400);
    let body = answer.json();
    assert_eq!(body["type"], "Runtime");
    let message = body["message"].as_str().expect("a text");
    assert!(message.contains(text), "{message}");
}
