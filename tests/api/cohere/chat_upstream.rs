//! `POST /v1/chat`, answered by a model.

use std::sync::Arc;

use futures_util::StreamExt;
use parlance::kernel::Secret;
use reqwest::Method;
use serde_json::{Value, json};
use tokio::sync::mpsc;

use super::{
    chat::{chat, handbook, registered, reply},
    chat_stream::{assert_consistent, events, types},
    connector::Connector,
    model::{Model, Speech, delta, end},
};
use crate::support::{COHERE_KEY, TestServer, assert_answer};

const KEY: &str = "sk-planted-upstream-key";

async fn with_model(speech: Speech) -> (TestServer, Model, Connector, String) {
    let model = Model::start(speech).await;
    let url = model.url();
    let server = TestServer::with(|config| {
        config.answers.upstream.url = Some(url);
        config.answers.upstream.key = Some(Secret::new(KEY));
        config.answers.upstream.model = "small-model".to_owned();
    })
    .await;
    let (connector, id) = registered(&server, "Handbook", json!({"excludes": ["internal"]})).await;
    reply(&connector, handbook()).await;
    (server, model, connector, id)
}

fn question(id: &str) -> Value {
    json!({
        "message": "How long are backups kept?",
        "preamble": "Be brief.",
        "connectors": [{"id": id}],
        "temperature": 0.2, "p": 0.9, "seed": 7, "max_tokens": 50, "stop_sequences": ["END"],
    })
}

#[tokio::test]
async fn chat_is_answered_by_a_model() {
    let texts = vec![
        "They are kept ",
        "for 30 days 😀 [",
        "1]. Lunch is at noon.",
        " [2][1]",
    ];
    let (server, model, _, id) = with_model(Speech::Says(texts)).await;
    let mut answer = chat(&server, question(&id)).await;
    answer.text = answer.text.replace(&id, "handbook");
    assert_answer!("by_model", answer);
    let (key, asked) = model.asked().pop().expect("a question");
    assert_eq!(key, Some(format!("Bearer {KEY}")));
    let prompt = asked["messages"].to_string();
    assert!(!prompt.contains("Rumpelstiltskin"), "{prompt}");
    insta::assert_json_snapshot!("prompt", asked);
}

#[tokio::test]
async fn chat_streams_what_a_model_writes_as_it_comes() {
    let (told, heard) = mpsc::channel(8);
    let heard = Arc::new(tokio::sync::Mutex::new(heard));
    let (server, _, _, id) = with_model(Speech::AsTold(heard)).await;
    let mut body = question(&id);
    body["stream"] = json!(true);
    body["citation_quality"] = json!("fast");
    let request = server
        .request(Method::POST, "/v1/chat")
        .bearer_auth(COHERE_KEY)
        .json(&body);
    let mut lines = request.send().await.expect("an answer").bytes_stream();
    let mut read = String::new();
    let mut read_until = async |wanted: &str| {
        while !read.contains(wanted) {
            let more = lines.next().await.expect("more").expect("bytes");
            read.push_str(std::str::from_utf8(&more).expect("UTF-8"));
        }
        read.clone()
    };
    // The end is not there yet: this is not held back until it is.
    told.send(delta("They are kept")).await.expect("told");
    read_until("They are kept").await;
    told.send(delta(" for 30 days. [1] And"))
        .await
        .expect("told");
    read_until("citation-generation").await;
    told.send(delta(" more") + &end("length"))
        .await
        .expect("told");
    let told = events(&read_until("stream-end").await);
    assert_consistent(&told);
    let types = types(&told);
    assert_eq!(
        types[..3],
        [
            "stream-start",
            "search-queries-generation",
            "search-results"
        ]
    );
    assert_eq!(told.last().expect("an end")["finish_reason"], "MAX_TOKENS");
}

/// Who goes away takes the work along with the next word that cannot be written: the model is given
/// up, and nothing is stored.
#[tokio::test]
async fn chat_streams_give_a_model_up_with_their_reader() {
    let (told, heard) = mpsc::channel(1);
    let heard = Arc::new(tokio::sync::Mutex::new(heard));
    let (server, model, _, id) = with_model(Speech::AsTold(heard)).await;
    let mut body = question(&id);
    body["stream"] = json!(true);
    body["conversation_id"] = json!("c-1");
    let request = server
        .request(Method::POST, "/v1/chat")
        .bearer_auth(COHERE_KEY)
        .json(&body);
    let mut lines = request.send().await.expect("an answer").bytes_stream();
    told.send(delta("They are kept")).await.expect("told");
    let mut read = String::new();
    while !read.contains("They are kept") {
        let more = lines.next().await.expect("more").expect("bytes");
        read.push_str(std::str::from_utf8(&more).expect("UTF-8"));
    }
    drop(lines);
    let talks = async {
        while told.send(delta(" on and on.")).await.is_ok() {
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        () = model.wait_for_a_lost_reader() => {}
        () = talks => {}
    }
    model.say(Speech::Says(vec!["Hello."]));
    let alone = json!({"message": "hello", "conversation_id": "c-1"});
    let answer = chat(&server, alone).await.expect(200).json();
    assert_eq!(answer["chat_history"].as_array().expect("turns").len(), 2);
}

#[tokio::test]
async fn chat_has_a_model_say_what_to_search_for() {
    let (server, model, connector, id) = with_model(Speech::Says(vec!["Yes."])).await;
    model.search_for("- retention of backups\n- lunch\n");
    let mut body = question(&id);
    body["chat_history"] = json!([{"role": "USER", "message": "How are backups made?"}]);
    let answer = chat(&server, body.clone()).await.expect(200).json();
    assert_eq!(
        answer["search_results"].as_array().expect("results").len(),
        2
    );
    // Both found the same documents, which are there once.
    assert_eq!(answer["documents"].as_array().expect("documents").len(), 2);
    let asked: Vec<Value> = connector
        .asked()
        .into_iter()
        .map(|asked| asked.body["query"].clone())
        .collect();
    assert!(
        asked.contains(&json!("retention of backups")) && asked.contains(&json!("lunch")),
        "{asked:?}"
    );
    model.search_for("none");
    let answer = chat(&server, body).await.expect(200).json();
    assert_eq!(answer["is_search_required"], false);
}

#[tokio::test]
async fn chat_says_that_a_model_failed() {
    let error = json!({"error": {"message": "Rate limit reached", "type": "requests"}});
    let (server, model, _, id) = with_model(Speech::Refuses(429, error)).await;
    let answer = chat(&server, question(&id)).await;
    assert_eq!(answer.header("retry-after"), Some("2"));
    assert_answer!("model_refuses", answer);

    let mut streamed = question(&id);
    streamed["stream"] = json!(true);
    let told = events(&chat(&server, streamed.clone()).await.expect(200).text);
    let last = told.last().expect("an end");
    assert_eq!(last["finish_reason"], "ERROR");
    assert_eq!(
        last["response"]["meta"]["warnings"],
        json!(["the model's server answered with status code 429: Rate limit reached"])
    );

    for broken in [
        "data: {\"choices\": [{\"delta\": {\"content\": \"They\"}}]}\n\n",
        "data: nonsense\n\n",
        "",
    ] {
        model.say(Speech::BreaksOff(broken));
        let told = events(&chat(&server, streamed.clone()).await.expect(200).text);
        assert_eq!(
            told.last().expect("an end")["finish_reason"],
            "ERROR",
            "{broken}"
        );
        let whole = chat(&server, question(&id)).await.expect(200).json();
        assert_eq!(whole["finish_reason"], "ERROR", "{broken}");
    }
}

#[tokio::test]
async fn chat_finds_what_a_model_does_not_cite() {
    let text = vec!["Sure! Backups are made each night. Penguins swim well."];
    let (server, _, _, id) = with_model(Speech::Says(text)).await;
    let answer = chat(&server, question(&id)).await.expect(200).json();
    assert_eq!(answer["citations"].as_array().expect("citations").len(), 1);
    assert_eq!(
        answer["citations"][0]["text"],
        "Backups are made each night."
    );
    assert_eq!(
        answer["citations"][0]["document_ids"],
        json!([format!("{id}_0")])
    );
}

#[tokio::test]
async fn chat_gives_no_key_of_a_model_away() {
    let error = json!({"error": {"message": format!("Incorrect API key provided: {KEY}")}});
    let (mut server, model, _, id) = with_model(Speech::Refuses(401, error.clone())).await;
    for status in [401, 400, 429, 500] {
        model.say(Speech::Refuses(status, error.clone()));
        let answer = chat(&server, question(&id)).await;
        assert!(
            answer.text.contains("Incorrect API key provided: [key]"),
            "{}",
            answer.text
        );
        assert!(!answer.text.contains(KEY));
    }
    server.stop().await;
    assert!(!crate::support::file_contains(
        &server.config.store.path,
        KEY
    ));
}

#[tokio::test]
async fn chat_counts_for_a_model_that_does_not() {
    let untold = "data: {\"choices\": [{\"delta\": {\"content\": \"They are kept for 30 days. [1]\"}, \
        \"finish_reason\": \"stop\"}]}\n\ndata: [DONE]\n\n";
    let (server, _, _, id) = with_model(Speech::BreaksOff(untold)).await;
    let answer = chat(&server, question(&id)).await.expect(200).json();
    assert_eq!(answer["finish_reason"], "COMPLETE");
    let tokens = &answer["meta"]["tokens"];
    assert_eq!(tokens["output_tokens"], 7);
    // The question, and the documents with what is said of them.
    assert!(tokens["input_tokens"].as_u64() > Some(80), "{tokens}");
}

/// Who goes away takes the model along, although no part of the answer is on its way yet.
#[tokio::test]
async fn chat_gives_a_model_up_with_its_caller() {
    let (told, heard) = mpsc::channel(1);
    let heard = Arc::new(tokio::sync::Mutex::new(heard));
    let (server, model, _, id) = with_model(Speech::AsTold(heard)).await;
    let mut body = question(&id);
    body["conversation_id"] = json!("c-1");
    let request = server
        .request(Method::POST, "/v1/chat")
        .bearer_auth(COHERE_KEY)
        .json(&body);
    let call = tokio::spawn(request.send());
    told.send(delta("They are kept")).await.expect("told");
    crate::support::until("the model is asked", async || !model.asked().is_empty()).await;
    call.abort();
    let talks = async {
        while told.send(delta(" on and on.")).await.is_ok() {
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        () = model.wait_for_a_lost_reader() => {}
        () = talks => {}
    }
    model.say(Speech::Says(vec!["Hello."]));
    let alone = json!({"message": "hello", "conversation_id": "c-1"});
    let answer = chat(&server, alone).await.expect(200).json();
    assert_eq!(answer["chat_history"].as_array().expect("turns").len(), 2);
}

/// Clients ask three times where an answer is a 5xx: a wrong key is wrong each time.
#[tokio::test]
async fn chat_tells_what_a_repetition_mends() {
    let error = json!({"error": {"message": "Incorrect API key provided"}});
    let (server, model, _, id) = with_model(Speech::Refuses(401, error.clone())).await;
    let answer = chat(&server, question(&id)).await;
    assert_answer!("model_refuses_the_key", answer);
    for (status, expected) in [
        (400, 400),
        (402, 400),
        (403, 400),
        (404, 400),
        (422, 400),
        (302, 400),
        (501, 400),
        (408, 503),
        (429, 503),
        (500, 503),
        (502, 503),
    ] {
        model.say(Speech::Refuses(status, error.clone()));
        chat(&server, question(&id)).await.expect(expected);
    }
    let mut server = server;
    server.config.answers.upstream.url = Some("ftp://127.0.0.1/v1".to_owned());
    server.restart().await;
    let answer = chat(&server, question(&id)).await.expect(400).json();
    let text = answer["message"].as_str().expect("a message");
    assert!(text.starts_with("the model did not answer"), "{text}");
}
