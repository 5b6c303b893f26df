//! A bot's own actions.

use serde_json::{Value, json};

use super::{Pair, bot_logs};
use crate::{
    botpress::given::Caller,
    support::{answer::redacted, assert_answer},
};

const ACTIONS: &str = "/v1/chat/actions";

impl Pair {
    /// Has the bot declare the action `doIt`.
    async fn with_action() -> Self {
        let pair = Self::start().await;
        let number = |name: &str| {
            json!({"schema": {"type": "object", "required": [name],
                "properties": {name: {"type": "number"}}}})
        };
        let action = json!({"title": "Do it", "input": number("n"), "output": number("m")});
        let body = json!({"actions": {"doIt": action}});
        let path = format!("/v1/admin/bots/{}", pair.given.bot.id);
        let member = Caller::member();
        let changed = member
            .put(&pair.given.server, &path, body)
            .await
            .expect(200);
        assert_eq!(changed.json()["bot"]["actions"]["doIt"], action);
        pair
    }

    async fn act(&self, kind: &str, input: Value) -> crate::support::Answer {
        let body = json!({"type": kind, "input": input});
        self.given
            .as_bot()
            .post(&self.given.server, ACTIONS, body)
            .await
    }
}

#[tokio::test]
async fn call_action_of_the_bot_itself() {
    let pair = Pair::with_action().await;
    pair.bot.answer_with(200, r#"{"output": {"m": 2}}"#);
    let answer = pair.act("doIt", json!({"n": 1})).await.expect(200);
    assert_eq!(answer.json()["output"], json!({"m": 2}));
    let mut asked = pair.bot.asked()[0].shown();
    asked["headers"]["webhook-timestamp"].take();
    insta::assert_snapshot!("bot_action_triggered", redacted(asked));
    assert!(pair.integration.asked().is_empty());
    let person = pair.given.as_person();
    let body = json!({"type": "doIt", "input": {"n": 1}});
    person
        .post(&pair.given.server, ACTIONS, body)
        .await
        .expect(200);
}

#[tokio::test]
async fn call_action_of_the_bot_is_checked() {
    let pair = Pair::with_action().await;
    let input = pair.act("doIt", json!({"n": "x"})).await;
    assert_answer!("bot_action_input", input.expect(400));
    let unknown = pair.act("other", json!({})).await;
    assert_answer!("bot_action_unknown", unknown.expect(400));
    assert!(pair.bot.asked().is_empty());
    pair.bot.answer_with(200, r#"{"output": {"m": "x"}}"#);
    let output = pair.act("doIt", json!({"n": 1})).await;
    assert_answer!("bot_action_output", output.expect(400));
    let failure = r#"{"id":"x","code":400,"type":"Runtime","message":"No such room"}"#;
    pair.bot.answer_with(400, failure);
    let failed = pair.act("doIt", json!({"n": 1})).await;
    assert_answer!("bot_action_failed", failed.expect(400));
    insta::assert_json_snapshot!("bot_action_logs", bot_logs(&pair.given.server));
    // A name without a colon is an action of the integration that calls.
    let integration = pair.given.as_integration();
    let body = json!({"type": "doIt", "input": {"n": 1}});
    let answer = integration.post(&pair.given.server, ACTIONS, body).await;
    assert_eq!(answer.json()["type"], "ReferenceNotFound");
    let path = format!("/v1/admin/bots/{}", pair.given.bot.id);
    let blocked = json!({"blocked": true});
    Caller::member()
        .put(&pair.given.server, &path, blocked)
        .await
        .expect(200);
    let answer = pair.act("doIt", json!({"n": 1})).await;
    assert!(answer.status.is_client_error(), "{}", answer.text);
}
