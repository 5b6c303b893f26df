//! Messages to integrations are not repeated once their code may have run.

use std::time::Duration;

use super::{Pair, bot_logs, column};

impl Pair {
    /// Has the bot write something, and lets all the time of retries pass.
    async fn answer(&self, conversation: &str) {
        let bot = self.given.as_bot();
        let user = self.given.bot.id.as_str();
        self.given.message(&bot, user, conversation, "Hi").await;
        for wait in [0, 1, 5, 30, 120] {
            self.given.server.clock.advance(Duration::from_secs(wait));
            self.settled().await;
        }
    }
}

#[tokio::test]
async fn a_message_is_not_repeated_after_the_code_has_failed() {
    let pair = Pair::start().await;
    let (_, conversation) = pair.someone().await;
    pair.integration.answer_with(500, r#"{"error":"oops"}"#);
    pair.answer(&conversation).await;
    assert_eq!(pair.integration.texts(), ["Hi"]);
    let issues = "SELECT code FROM bot_issues";
    assert_eq!(
        column(&pair.given.server, issues),
        ["integration_call_failed"]
    );
    assert!(column(&pair.given.server, "SELECT seq FROM bot_deliveries").is_empty());
    // The next message is sent.
    pair.integration.answer_with(200, "{}");
    pair.answer(&conversation).await;
    assert_eq!(pair.integration.texts(), ["Hi", "Hi"]);
}

#[tokio::test]
async fn a_message_that_did_not_reach_the_code_is_tried_as_often_as_others() {
    let pair = Pair::start().await;
    let (_, conversation) = pair.someone().await;
    pair.integration.answer_with(503, "Worker not ready yet");
    pair.answer(&conversation).await;
    assert_eq!(pair.integration.texts(), ["Hi"; 5]);
}

#[tokio::test]
async fn a_message_is_repeated_once_after_the_connection_has_failed() {
    let pair = Pair::start().await;
    let (_, conversation) = pair.someone().await;
    let path = format!("/v1/admin/integrations/{}", pair.given.integration.id);
    let nowhere = serde_json::json!({"url": "http://127.0.0.1:9"});
    let member = crate::botpress::given::Caller::member();
    let server = &pair.given.server;
    member.put(server, &path, nowhere).await.expect(200);
    pair.settled().await;
    pair.answer(&conversation).await;
    let logs = bot_logs(server);
    let tried = logs
        .iter()
        .filter(|line| line.to_string().contains("message_created"));
    assert_eq!(tried.count(), 2, "{logs:?}");
}
