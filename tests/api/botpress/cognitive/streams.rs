//! Texts as streams.

use std::sync::Arc;

use futures_util::StreamExt;
use reqwest::Method;
use serde_json::{Value, json};
use tokio::sync::{Mutex, mpsc};

use super::{STREAM, lines, saying, with_model};
use crate::cohere::model::{Speech, delta, end};

#[tokio::test]
async fn generate_text_stream_ends_with_metadata_and_calls() {
    let call = json!({"choices": [{"delta": {"tool_calls": [
        {"index": 0, "id": "c1", "function": {"name": "add", "arguments": "{\"x\":1}"}},
    ]}}]});
    let thought = json!({"choices": [{"delta": {"reasoning": "Hm. ü"}}]});
    let text = format!(
        "data: {thought}\n\n{}data: {call}\n\n{}",
        delta("On it."),
        end("tool_calls")
    );
    let (given, _) = with_model(Speech::BreaksOff(text.leak()), |_| {}).await;
    let bot = given.as_bot();
    let mut body = saying("One and one?");
    body["stream"] = json!(true);
    let answer = bot.post(&given.server, STREAM, body).await.expect(200);
    assert!(answer.text.is_ascii());
    insta::assert_json_snapshot!("stream", lines(&answer));
}

#[tokio::test]
async fn generate_text_stream_sends_parts_as_they_come() {
    let (told, heard) = mpsc::channel(8);
    let speech = Speech::AsTold(Arc::new(Mutex::new(heard)));
    let (given, _) = with_model(speech, |_| {}).await;
    let request = given.as_bot().request(&given.server, Method::POST, STREAM);
    // The model has accepted the request, and has written nothing yet.
    let answer = request
        .json(&saying("Hello"))
        .send()
        .await
        .expect("an answer");
    assert_eq!(answer.status(), 200);
    let mut body = answer.bytes_stream();
    let mut read = String::new();
    let mut read_until = async |wanted: &str| {
        while !read.contains(wanted) {
            let more = body.next().await.expect("more").expect("bytes");
            read.push_str(std::str::from_utf8(&more).expect("UTF-8"));
        }
        read.clone()
    };
    told.send(delta("Good")).await.expect("told");
    assert!(!read_until("\"Good\"").await.contains("finished"));
    told.send(delta(" morning") + &end("length"))
        .await
        .expect("told");
    let read = read_until("finished").await;
    let last: Value = serde_json::from_str(read.lines().last().expect("a line")).expect("JSON");
    assert_eq!(last["metadata"]["stopReason"], "max_tokens");
    assert_eq!(last["metadata"]["usage"]["outputTokens"], 9);
}

#[tokio::test]
async fn generate_text_stream_ends_with_the_reason_of_a_failure() {
    let broken = delta("Tu") + "data: {\"error\":{\"message\":\"out of memory\"}}\n\n";
    let (given, model) = with_model(Speech::BreaksOff(broken.leak()), |_| {}).await;
    let bot = given.as_bot();
    let answer = bot
        .post(&given.server, STREAM, saying("Hi"))
        .await
        .expect(200);
    insta::assert_json_snapshot!("stream_fails", lines(&answer));
    model.say(Speech::BreaksOff(delta("Tu").leak()));
    let answer = bot
        .post(&given.server, STREAM, saying("Hi"))
        .await
        .expect(200);
    let last = lines(&answer).pop().expect("a line");
    assert_eq!(
        last["error"],
        "the model did not finish: its answer broke off"
    );
    assert_eq!(last["metadata"]["stopReason"], "other");
}

#[tokio::test]
async fn generate_text_stream_gives_the_model_up_with_its_reader() {
    let (told, heard) = mpsc::channel(1);
    let speech = Speech::AsTold(Arc::new(Mutex::new(heard)));
    let (given, model) = with_model(speech, |_| {}).await;
    let request = given.as_bot().request(&given.server, Method::POST, STREAM);
    told.send(delta("Hi")).await.expect("told");
    let mut body = request
        .json(&saying("Hello"))
        .send()
        .await
        .expect("an answer")
        .bytes_stream();
    body.next().await.expect("a line").expect("bytes");
    drop(body);
    let talks = async {
        while told.send(delta(" on and on.")).await.is_ok() {
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        () = model.wait_for_a_lost_reader() => {}
        () = talks => {}
    }
}

#[tokio::test]
async fn generate_text_stream_is_as_long_as_the_settings_allow() {
    let (told, heard) = mpsc::channel(8);
    let speech = Speech::AsTold(Arc::new(Mutex::new(heard)));
    let (given, _) = with_model(speech, |config| config.ai.timeout_seconds = 5).await;
    told.send(delta("Hi")).await.expect("told");
    let bot = given.as_bot();
    let answer = bot
        .post(&given.server, STREAM, saying("Hi"))
        .await
        .expect(200);
    let last = lines(&answer).pop().expect("a line");
    assert_eq!(
        last["error"],
        "no complete answer within 5s (ai.timeout_seconds)"
    );
}
