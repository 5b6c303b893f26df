//! `POST /v1/chat` with `stream`.

use reqwest::Method;
use serde_json::{Value, json};

use super::{
    chat::{chat, registered, with_handbook},
    connector::Reply,
};
use crate::support::{TestServer, assert_answer};

/// The events of a stream: one JSON object a line.
pub fn events(text: &str) -> Vec<Value> {
    assert!(text.ends_with('\n'), "{text:?}");
    let lines = text.lines();
    lines
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect()
}

pub fn types(events: &[Value]) -> Vec<&str> {
    let types = events.iter().map(|event| event["event_type"].as_str());
    types.map(|name| name.expect("a type")).collect()
}

/// What is told piece by piece is what the end says as a whole.
pub fn assert_consistent(events: &[Value]) {
    let (end, before) = events.split_last().expect("events");
    assert_eq!(end["event_type"], "stream-end");
    assert_eq!(end["is_finished"], true);
    assert!(before.iter().all(|event| event["is_finished"] == false));
    let text: String = before
        .iter()
        .filter_map(|event| event["text"].as_str())
        .collect();
    assert_eq!(end["response"]["text"], text);
    let citations: Vec<&Value> = before
        .iter()
        .filter_map(|event| event["citations"].as_array())
        .flatten()
        .collect();
    assert_eq!(end["response"]["citations"], json!(citations));
    assert_eq!(end["response"]["generation_id"], events[0]["generation_id"]);
    assert_eq!(end["finish_reason"], end["response"]["finish_reason"]);
}

#[tokio::test]
async fn chat_streams_in_the_documented_order() {
    let (server, _, id) = with_handbook().await;
    let body = json!({
        "message": "How long are backups kept?",
        "connectors": [{"id": id}],
        "conversation_id": "c-1",
        "stream": true,
    });
    let answer = chat(&server, body).await.expect(200);
    assert_eq!(
        answer.header("content-type"),
        Some("application/stream+json")
    );
    let told = events(&answer.text);
    assert_eq!(
        types(&told),
        [
            "stream-start",
            "search-queries-generation",
            "search-results",
            "text-generation",
            "text-generation",
            "citation-generation",
            "citation-generation",
            "stream-end",
        ]
    );
    assert_consistent(&told);
    let mut shown = answer;
    shown.text = json!(told).to_string().replace(&id, "handbook");
    assert_answer!("events", shown);
}

#[tokio::test]
async fn chat_streams_citations_between_the_text() {
    let (server, _, id) = with_handbook().await;
    for (quality, order) in [
        (
            "FAST",
            vec![
                "text-generation",
                "citation-generation",
                "text-generation",
                "citation-generation",
            ],
        ),
        ("off", vec!["text-generation"]),
    ] {
        let body = json!({
            "message": "How long are backups kept?",
            "connectors": [{"id": id}],
            "citation_quality": quality,
            "stream": true,
        });
        let told = events(&chat(&server, body).await.expect(200).text);
        let types = types(&told);
        assert_eq!(types[3..types.len() - 1], order, "{quality}");
        assert_consistent(&told);
    }
}

#[tokio::test]
async fn chat_streams_the_failure_of_a_connector() {
    let (server, _, id) = with_handbook().await;
    let (broken, broken_id) = registered(&server, "Broken", json!({})).await;
    broken.reply(Reply::With(
        502,
        None,
        json!({"detail": "The index is closed"}).to_string(),
    ));
    let body = json!({
        "message": "How long are backups kept?",
        "connectors": [{"id": id}, {"id": broken_id}],
        "stream": true,
    });
    let mut answer = chat(&server, body).await.expect(200);
    let told = events(&answer.text);
    assert_eq!(
        types(&told),
        [
            "stream-start",
            "search-queries-generation",
            "search-results",
            "stream-end"
        ]
    );
    let shown = json!(told).to_string();
    answer.text = shown.replace(&id, "handbook").replace(&broken_id, "broken");
    assert_answer!("failed_events", answer);
}

#[tokio::test]
async fn chat_streams_nothing_for_an_unknown_connector() {
    let server = TestServer::start().await;
    let body = json!({"message": "x", "connectors": [{"id": "nothing-123456"}], "stream": true});
    let answer = chat(&server, body).await.expect(404).json();
    assert_eq!(answer["message"], "connector 'nothing-123456' not found.");
}

#[tokio::test]
async fn chat_streams_events_to_who_asks_for_them() {
    let server = TestServer::start().await;
    let request = server
        .request(Method::POST, "/v1/chat")
        .bearer_auth(crate::support::COHERE_KEY)
        .header("Accepts", "text/event-stream")
        .json(&json!({"message": "hello", "stream": true}));
    let answer = crate::support::send(request).await.expect(200);
    assert_eq!(answer.header("content-type"), Some("text/event-stream"));
    assert!(
        answer.text.starts_with("event: stream-start\ndata: {"),
        "{}",
        answer.text
    );
    assert!(answer.text.ends_with("}\n\n"), "{}", answer.text);
}

/// Python's `splitlines` ends a line at each of these, and its client drops what is no whole JSON.
#[tokio::test]
async fn chat_streams_in_ascii() {
    let server = TestServer::start().await;
    let text = "Lunch\u{2028}is\u{2029}at\u{85}noon 😀 für alle.";
    let body = json!({"message": "When is lunch?", "stream": true, "documents": [{"id": "é", "text": text}]});
    let answer = chat(&server, body.clone()).await.expect(200);
    assert!(answer.text.is_ascii(), "{}", answer.text);
    let told = events(&answer.text);
    assert_consistent(&told);
    let end = told.last().expect("an end");
    assert_eq!(end["response"]["documents"][0]["text"], text);

    let request = server
        .request(Method::POST, "/v1/chat")
        .bearer_auth(crate::support::COHERE_KEY)
        .header("Accepts", "text/event-stream")
        .json(&body);
    let answer = crate::support::send(request).await.expect(200);
    assert!(answer.text.is_ascii(), "{}", answer.text);
}

/// The Python client for LangChain reads both counts, whatever happened.
#[tokio::test]
async fn chat_counts_tokens_whatever_happens() {
    let (server, _, id) = with_handbook().await;
    let (broken, broken_id) = registered(&server, "Broken", json!({})).await;
    broken.reply(Reply::With(502, None, "{}".to_owned()));
    let question = "How long are backups kept?";
    for body in [
        json!({"message": question}),
        json!({"message": question, "connectors": [{"id": id}]}),
        json!({"message": question, "search_queries_only": true}),
        json!({"message": question, "connectors": [{"id": broken_id}]}),
    ] {
        let mut streamed = body.clone();
        streamed["stream"] = json!(true);
        let told = events(&chat(&server, streamed).await.expect(200).text);
        let last = told.last().expect("an end");
        let meta = &last["response"]["meta"];
        assert!(meta["tokens"]["output_tokens"].is_u64(), "{body} {meta}");
        assert_eq!(meta["tokens"], meta["billed_units"]);
        if last["finish_reason"] == "COMPLETE" {
            assert!(meta["tokens"]["input_tokens"].as_u64() >= Some(7), "{meta}");
            assert!(meta["tokens"]["output_tokens"].as_u64() > Some(0), "{meta}");
        }
    }
}
