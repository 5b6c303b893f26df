//! `/v2/cognitive`, answered by a stand-in for a model server.

mod engine;
mod erasure;
mod llm;
mod media;
mod streams;
mod texts;
mod upstream;

use parlance::{config::Config, kernel::Secret};
use serde_json::Value;

use super::given::Given;
use crate::{
    cohere::model::{Model, Speech},
    support::{Answer, TestServer},
};

const GENERATE: &str = "/v2/cognitive/generate-text";
const STREAM: &str = "/v2/cognitive/generate-text-stream";
const KEY: &str = "sk-planted-upstream-key";

/// A server with a bot and a model that speaks like this.
async fn with_model(speech: Speech, change: impl FnOnce(&mut Config)) -> (Given, Model) {
    let model = Model::start(speech).await;
    let url = model.url();
    let server = TestServer::with(|config| {
        config.answers.upstream.url = Some(url);
        config.answers.upstream.key = Some(Secret::new(KEY));
        config.answers.upstream.model = "small-model".to_owned();
        config.ai.models = names(&["best=large-model", "openai:gpt-4o=large-model"]);
        change(config);
    })
    .await;
    (Given::on(server).await, model)
}

/// Names or prices of models.
fn names<T: std::str::FromStr<Err: std::fmt::Debug>>(texts: &[&str]) -> Vec<T> {
    let names = texts.iter().map(|text| text.parse().expect("a name"));
    names.collect()
}

/// A message of a user, as a request.
fn saying(text: &str) -> Value {
    serde_json::json!({"messages": [{"role": "user", "content": text}]})
}

/// JSON without the times, which differ.
fn without_times(mut body: Value) -> Value {
    let metadata = body.get_mut("metadata");
    if let Some(metadata) = metadata.and_then(Value::as_object_mut) {
        for name in ["latency", "ttft"] {
            if let Some(time) = metadata.remove(name) {
                assert!(time.is_u64(), "{name} is {time}");
            }
        }
    }
    body
}

/// The lines of a stream.
fn lines(answer: &Answer) -> Vec<Value> {
    assert_eq!(answer.header("content-type"), Some("application/x-ndjson"));
    let lines = answer.text.lines().map(|line| {
        let line = serde_json::from_str(line).expect("JSON in a line");
        without_times(line)
    });
    lines.collect()
}
