//! Texts that are answered whole, and the list of models.

use parlance::domain::shared::rate_limits::Rates;
use reqwest::Method;
use serde_json::{Value, json};

use super::{GENERATE, KEY, STREAM, names, saying, with_model, without_times};
use crate::{
    botpress::given::{Caller, Given, another_workspace, make_bot, member_with},
    cohere::model::{Speech, delta, end},
    support::{TestServer, WORKSPACE, assert_answer},
};

#[tokio::test]
async fn generate_text_is_answered_by_the_model() {
    let (given, model) = with_model(Speech::Says(vec!["Tues", "day."]), |_| {}).await;
    let bot = given.as_bot();
    let answer = bot
        .post(&given.server, GENERATE, saying("Which day follows Monday?"))
        .await
        .expect(200);
    insta::assert_json_snapshot!("text", without_times(answer.json()));
    let (key, asked) = model.asked().pop().expect("a question");
    assert_eq!(key, Some(format!("Bearer {KEY}")));
    insta::assert_json_snapshot!("text_prompt", asked);
    // Every caller of a bot may ask.
    for caller in [given.as_integration(), given.as_person()] {
        caller
            .post(&given.server, GENERATE, saying("Hello"))
            .await
            .expect(200);
    }
}

#[tokio::test]
async fn generate_text_maps_every_parameter() {
    let (given, model) = with_model(Speech::Says(vec!["{}"]), |_| {}).await;
    let image = "data:image/png;base64,aGk=";
    let body = json!({
        "model": "openai:gpt-4o", "temperature": 0.2, "maxTokens": 50, "stopSequences": ["END"],
        "responseFormat": "json", "reasoningEffort": "low", "systemPrompt": "Be brief.",
        "search": true, "meta": {"promptSource": "x"}, "unknown": 1, "stream": false,
        "options": {"requestId": "r-1", "skipCache": true, "debug": true},
        "tools": [
            {"name": "add", "description": "Adds", "parameters": {"type": "object"}, "strict": true},
            {"name": "now"},
        ],
        "toolControl": {"mode": "specific", "toolName": "add", "parallel": false},
        "messages": [
            {"role": "system", "content": "You calculate."},
            {"role": "user", "type": "multipart", "content": [
                {"type": "text", "text": "See:"},
                {"type": "image", "url": image},
                {"type": "audio", "url": "data:audio/wav;base64,aGk="},
            ]},
            {"role": "assistant", "type": "tool_calls", "content": null, "toolCalls": [
                {"id": "c1", "type": "function", "function": {"name": "add", "arguments": {"x": 1}}},
                {"id": "c2", "type": "function", "function": {"name": "now", "arguments": null}},
            ]},
            {"role": "user", "type": "tool_result", "toolResultCallId": "c1", "content": "1"},
        ],
    });
    let answer = given.as_bot().post(&given.server, GENERATE, body).await;
    let answer = without_times(answer.expect(200).json());
    assert_eq!(answer["metadata"]["requestId"], "r-1");
    assert_eq!(answer["metadata"]["model"], "local:large-model");
    assert_eq!(answer["metadata"]["reasoningEffort"], "low");
    insta::assert_json_snapshot!("parameter_warnings", answer["metadata"]["warnings"]);
    let (_, asked) = model.asked().pop().expect("a question");
    insta::assert_json_snapshot!("parameters", asked);
    for (control, expected) in [
        (json!({"mode": "auto"}), json!("auto")),
        (json!({"mode": "none"}), json!("none")),
        (json!({"mode": "required"}), json!("required")),
    ] {
        let mut body = saying("Hello");
        body["tools"] = json!([{"name": "now"}]);
        body["toolControl"] = control;
        let bot = given.as_bot();
        bot.post(&given.server, GENERATE, body).await.expect(200);
        let (_, asked) = model.asked().pop().expect("a question");
        assert_eq!(asked["tool_choice"], expected);
    }
}

#[tokio::test]
async fn generate_text_returns_calls_of_tools() {
    let call = json!({"choices": [{"delta": {"reasoning_content": "Hm.", "tool_calls": [
        {"index": 0, "id": "c1", "function": {"name": "add", "arguments": "{\"x\":1}"}},
    ]}}]});
    let text = format!("data: {call}\n\n{}", end("tool_calls"));
    let (given, _) = with_model(Speech::BreaksOff(text.leak()), |_| {}).await;
    let mut body = saying("One and one?");
    body["tools"] = json!([{"name": "add"}]);
    let answer = given.as_bot().post(&given.server, GENERATE, body).await;
    let answer = without_times(answer.expect(200).json());
    insta::assert_json_snapshot!("tool_calls", answer);
}

#[tokio::test]
async fn generate_text_names_lead_to_models() {
    let (given, model) = with_model(Speech::Says(vec!["Hi."]), |_| {}).await;
    for (name, expected, warnings) in [
        (json!(null), "small-model", 0),
        (json!("auto"), "small-model", 0),
        (json!("fast"), "small-model", 0),
        (json!("best"), "large-model", 0),
        (json!("openai:gpt-4o"), "large-model", 0),
        (json!(["anthropic:x", "best"]), "large-model", 1),
        (json!("anthropic:x"), "small-model", 1),
    ] {
        let mut body = saying("Hello");
        body["model"] = name.clone();
        let answer = given.as_bot().post(&given.server, GENERATE, body).await;
        let metadata = answer.expect(200).json()["metadata"].clone();
        let (_, asked) = model.asked().pop().expect("a question");
        assert_eq!(asked["model"], expected, "{name}");
        assert_eq!(metadata["model"], format!("local:{expected}"));
        let found = metadata["warnings"].as_array().map_or(0, Vec::len);
        assert_eq!(found, warnings, "{name}: {metadata}");
        if warnings > 0 {
            assert_eq!(metadata["warnings"][0]["type"], "fallback_used");
        }
    }
}

#[tokio::test]
async fn generate_text_without_a_model_server_is_a_clear_400() {
    let given = Given::new().await;
    for path in [GENERATE, STREAM] {
        let answer = given.as_bot().post(&given.server, path, saying("Hi")).await;
        assert_answer!("no_model_server", answer.expect(400));
    }
    let bot = given.as_bot();
    let models = bot.get(&given.server, "/v2/cognitive/models").await;
    assert_answer!("no_model_server", models.expect(400));
}

#[tokio::test]
async fn generate_text_passes_failures_on() {
    let refusal = json!({"error": {"message": format!("model is loading {KEY}")}});
    let speech = Speech::Refuses(503, refusal.clone());
    let (given, model) = with_model(speech, |_| {}).await;
    let bot = given.as_bot();
    let post = async |path| bot.post(&given.server, path, saying("Hi")).await;
    assert_answer!("model_unavailable", post(GENERATE).await.expect(502));
    assert_answer!("model_unavailable", post(STREAM).await.expect(502));
    model.say(Speech::Refuses(400, json!({"error": "too many tokens"})));
    assert_answer!("model_refuses", post(GENERATE).await.expect(400));
    assert_answer!("model_refuses", post(STREAM).await.expect(400));
    // An answer that breaks off can be repeated, because the client has nothing of it.
    model.say(Speech::BreaksOff(
        "data: {\"choices\":[{\"delta\":{\"content\":\"Tu\"}}]}\n\n",
    ));
    assert_answer!("model_breaks_off", post(GENERATE).await.expect(502));
    model.say(Speech::BreaksOff(
        "data: {\"error\":{\"message\":\"out of memory\"}}\n\n",
    ));
    assert_answer!("model_fails", post(GENERATE).await.expect(502));
    // The next model in the list answers.
    let answer = {
        model.say(Speech::Refuses(404, json!({"error": "no such model"})));
        let mut body = saying("Hi");
        body["model"] = json!(["best", "auto"]);
        bot.post(&given.server, GENERATE, body).await
    };
    answer.expect(400);
    let tried = model.asked().into_iter().rev().take(2);
    let tried: Vec<Value> = tried.map(|(_, asked)| asked["model"].clone()).collect();
    assert_eq!(tried, ["small-model", "large-model"]);
}

#[tokio::test]
async fn generate_text_bad_bodies_name_the_field() {
    let (given, model) = with_model(Speech::Says(vec!["Hi."]), |_| {}).await;
    let bot = given.as_bot();
    for (name, body) in [
        ("none", json!({})),
        ("empty", json!({"messages": []})),
        ("role", json!({"messages": [{"role": "x", "content": "a"}]})),
        (
            "content",
            json!({"messages": [{"role": "user", "content": 1}]}),
        ),
        (
            "part",
            json!({"messages": [{"role": "user", "content": [{"type": "video"}]}]}),
        ),
        (
            "part_url",
            json!({"messages": [{"role": "user", "content": [{"type": "image"}]}]}),
        ),
        (
            "image",
            json!({"messages": [{"role": "user", "content": [{"type": "image", "url": "file:///etc/passwd"}]}]}),
        ),
        (
            "audio",
            json!({"messages": [{"role": "user", "content": [{"type": "audio", "url": "data:audio/x;base64,aGk="}]}]}),
        ),
        (
            "result",
            json!({"messages": [{"role": "user", "type": "tool_result", "content": "1"}]}),
        ),
        (
            "model",
            json!({"messages": [{"role": "user", "content": "a"}], "model": 1}),
        ),
        (
            "stop",
            json!({"messages": [{"role": "user", "content": "a"}], "stopSequences": [1]}),
        ),
        (
            "tool",
            json!({"messages": [{"role": "user", "content": "a"}], "toolControl": {"mode": "specific"}}),
        ),
    ] {
        let answer = bot.post(&given.server, GENERATE, body.clone()).await;
        let answer = answer.expect(400).json();
        insta::assert_snapshot!(
            format!("bad_{name}"),
            answer["message"].as_str().expect("a text")
        );
        assert_eq!(answer["type"], "InvalidPayload");
        let streamed = bot.post(&given.server, STREAM, body).await.expect(400);
        assert_eq!(streamed.json()["message"], answer["message"]);
    }
    assert!(model.asked().is_empty());
}

#[tokio::test]
async fn generate_text_needs_a_caller_of_the_bot() {
    let (given, model) = with_model(Speech::Says(vec!["Hi."]), |_| {}).await;
    let server = &given.server;
    let bot = given.bot.id.as_str();
    let none = Caller::with("bp_bot_unknown").header("x-bot-id", bot);
    none.post(server, GENERATE, saying("Hi")).await.expect(401);
    let (_, stranger) = another_workspace(server).await;
    let stranger = Caller::with(&stranger).header("x-bot-id", bot);
    stranger
        .post(server, GENERATE, saying("Hi"))
        .await
        .expect(403);
    let viewer = Caller::with(&member_with(server, "viewer").await).header("x-bot-id", bot);
    viewer
        .post(server, GENERATE, saying("Hi"))
        .await
        .expect(403);
    viewer.get(server, "/v2/cognitive/models").await.expect(200);
    assert!(model.asked().is_empty());
    let unknown = given.as_bot().get(server, "/v2/cognitive/other").await;
    assert_eq!(unknown.json()["type"], "MethodNotFound");
}

#[tokio::test]
async fn generate_text_has_its_own_rate_limit() {
    let (given, _) = with_model(Speech::Says(vec!["Hi."]), |config| {
        config.limits.in_frozen_time = true;
        config.limits.botpress_ai = Rates {
            per_minute: 1,
            ..Rates::default()
        };
    })
    .await;
    let bot = given.as_bot();
    let post = || bot.post(&given.server, GENERATE, saying("Hi"));
    post().await.expect(200);
    assert_answer!("rate_limited", post().await.expect(429));
    bot.get(&given.server, "/v1/chat/users").await.expect(200);
}

#[tokio::test]
async fn generate_text_repeats_a_request_by_its_id() {
    let (given, model) = with_model(Speech::Says(vec!["Hi."]), |_| {}).await;
    let mut body = saying("Hello");
    body["options"] = json!({"requestId": "r-1"});
    let bot = given.as_bot();
    let first = bot
        .post(&given.server, GENERATE, body.clone())
        .await
        .expect(200);
    model.say(Speech::Says(vec!["Something else."]));
    let again = bot
        .post(&given.server, GENERATE, body.clone())
        .await
        .expect(200);
    assert_eq!(first.text, again.text);
    assert_eq!(model.asked().len(), 1);
    let streamed = bot
        .post(&given.server, STREAM, body.clone())
        .await
        .expect(200);
    let lines = super::lines(&streamed);
    assert_eq!(lines[0]["output"], "Hi.");
    assert_eq!(lines[1]["finished"], true);
    // Another caller has its own ids.
    let integration = given.as_integration();
    let other = integration
        .post(&given.server, GENERATE, body)
        .await
        .expect(200);
    assert_eq!(other.json()["output"], "Something else.");
}

#[tokio::test]
async fn generate_text_counts_cost_and_stops_at_the_limit() {
    let (given, _) = with_model(Speech::Says(vec!["Hi."]), |config| {
        config.ai.prices = names(&["small-model=10000/50000"]);
    })
    .await;
    let server = &given.server;
    let answer = given.as_bot().post(server, GENERATE, saying("Hi")).await;
    let metadata = answer.expect(200).json()["metadata"].clone();
    // 120 tokens at $10,000 and 9 at $50,000 for a million.
    assert_eq!(metadata["usage"]["inputCost"], 1.2);
    assert_eq!(metadata["usage"]["outputCost"], 0.45);
    assert_eq!(metadata["cost"], 1.65);
    let usage = async |kind: &str| {
        let path = format!("/v1/admin/usages/{}?type={kind}", given.bot.id);
        let usage = Caller::member().get(server, &path).await.expect(200).json();
        usage["usage"]["value"].clone()
    };
    assert_eq!(usage("ai_spend").await, 2);
    assert_eq!(usage("cognitive_calls").await, 1);
    let limit = json!({"monthlySpendingLimit": 1});
    let path = "/v1/admin/quotas/ai-spend";
    Caller::member().put(server, path, limit).await.expect(200);
    let answer = given.as_bot().post(server, GENERATE, saying("Hi")).await;
    assert_answer!("spent", answer.expect(403));
    let other = make_bot(server, WORKSPACE, Default::default()).await;
    let other = Caller::person().header("x-bot-id", other.id.as_str());
    other.post(server, STREAM, saying("Hi")).await.expect(403);
}

#[tokio::test]
async fn generate_text_is_bounded() {
    let (given, model) = with_model(Speech::Says(vec!["Hi."]), |config| {
        config.ai.media_bytes = 4;
        config.ai.concurrency = 1;
    })
    .await;
    let server = &given.server;
    let mut body = saying("Hi");
    body["messages"][0]["content"] = json!([
        {"type": "image", "url": "data:image/png;base64,aGk="},
        {"type": "image", "url": "data:image/png;base64,aGlo"},
    ]);
    let answer = given.as_bot().post(server, GENERATE, body).await;
    assert_answer!("media_bytes", answer.expect(400));
    let (told, heard) = tokio::sync::mpsc::channel(4);
    model.say(Speech::AsTold(std::sync::Arc::new(
        tokio::sync::Mutex::new(heard),
    )));
    told.send(delta("Hi")).await.expect("told");
    let running = given.as_bot().request(server, Method::POST, STREAM);
    let running = running.json(&saying("Hi")).send().await.expect("an answer");
    let answer = given.as_bot().post(server, GENERATE, saying("Hi")).await;
    assert_answer!("busy", answer.expect(429));
    told.send(end("stop")).await.expect("told");
    drop(told);
    running.text().await.expect("its end");
    model.say(Speech::Says(vec!["Hi."]));
    given
        .as_bot()
        .post(server, GENERATE, saying("Hi"))
        .await
        .expect(200);
}

#[tokio::test]
async fn list_models_lists_what_the_settings_name() {
    let (given, _) = with_model(Speech::Says(Vec::new()), |config| {
        config.ai.speech_model = Some("kokoro".to_owned());
        config.ai.prices = names(&["large-model=0.15/0.6"]);
    })
    .await;
    let bot = given.as_bot();
    let models = bot.get(&given.server, "/v2/cognitive/models").await;
    assert_answer!("models", models.expect(200));
    let nobody = TestServer::start().await;
    Caller::with("bp_bot_x")
        .header("x-bot-id", given.bot.id.as_str())
        .get(&nobody, "/v2/cognitive/models")
        .await
        .expect(401);
}
