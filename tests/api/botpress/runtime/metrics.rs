//! What `/metrics` says of telling and asking bots and integrations.

use std::time::Duration;

use reqwest::Method;
use serde_json::json;

use super::Pair;
use crate::support::send;

impl Pair {
    /// The lines about the protocol and the queue. Durations differ.
    async fn measured(&self) -> String {
        let metrics = send(self.given.server.request(Method::GET, "/metrics")).await;
        let text = metrics.expect(200).text;
        let wanted = |line: &&str| {
            let line = line.strip_prefix("parlance_").unwrap_or_default();
            let of = ["protocol", "deliveries"];
            of.iter().any(|name| line.starts_with(name))
                && !line.contains("_sum")
                && !line.contains("_bucket")
        };
        let mut lines: Vec<&str> = text.lines().filter(wanted).collect();
        lines.sort_unstable();
        lines.join("\n")
    }
}

#[tokio::test]
async fn metrics_count_what_is_told_and_asked() {
    let pair = Pair::start().await;
    let someone = pair.someone().await;
    pair.say(&someone, "one").await;
    pair.settled().await;
    pair.bot.answer_with(503, "Worker not ready yet");
    pair.say(&someone, "two").await;
    pair.say(&someone, "three").await;
    pair.settled().await;
    let given = &pair.given;
    let action = json!({"type": "whint:whisper", "input": {"text": "Hello"}});
    let called = given.as_bot();
    let called = called.post(&given.server, "/v1/chat/actions", action).await;
    called.expect(400);
    insta::assert_snapshot!("metrics_waiting", pair.measured().await);
    let clock = &given.server.clock;
    clock.advance(Duration::from_secs(1));
    pair.settled().await;
    pair.bot.answer_with(400, "No");
    clock.advance(Duration::from_secs(5));
    pair.settled().await;
    insta::assert_snapshot!("metrics_given_up", pair.measured().await);
}

#[tokio::test]
async fn metrics_show_calls_that_run() {
    let pair = Pair::start().await;
    let someone = pair.someone().await;
    pair.bot.reply(|_| None);
    pair.say(&someone, "one").await;
    pair.bot.wait(1).await;
    let measured = pair.measured().await;
    let line = r#"parlance_protocol_calls_running{to="url"} 1"#;
    assert!(measured.contains(line), "{measured}");
}
