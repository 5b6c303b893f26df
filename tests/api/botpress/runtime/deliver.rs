//! Deliveries: events to bots, messages to integrations.

use std::time::Duration;

use base64::{Engine, engine::general_purpose::STANDARD};
use parlance::{
    domain::webhooks::signature::{SignedContent, SigningKey, verify},
    kernel::clock::system_now,
};
use serde_json::json;

use super::{Pair, bot_logs, column, settled};
use crate::{
    botpress::given::{Caller, Given},
    support::{TestServer, answer::redacted, assert_is_system_time},
};

#[tokio::test]
async fn a_message_is_told_to_the_bot_and_its_answer_to_the_integration() {
    let pair = Pair::start().await;
    let someone = pair.someone().await;
    pair.say(&someone, "Hello").await;
    let given = &pair.given;
    let answer = json!({
        "userId": given.bot.id, "conversationId": someone.1, "type": "text",
        "payload": {"text": "Hi"}, "tags": {},
    });
    let answer = given
        .as_bot()
        .post(&given.server, "/v1/chat/messages", answer)
        .await
        .expect(201);
    pair.settled().await;
    let (bot, integration) = (pair.bot.asked(), pair.integration.asked());
    assert_eq!((bot.len(), integration.len()), (1, 1));
    let mut shown = bot[0].shown();
    let timestamp = shown["headers"]["webhook-timestamp"].take();
    assert_is_system_time(timestamp.as_str().expect("a time"));
    insta::assert_snapshot!("event_received", redacted(shown));
    insta::assert_snapshot!("message_created", redacted(integration[0].shown()));
    assert_eq!(integration[0].configuration(), json!({"greeting": "Hello"}));
    // What is told is what the API shows, but for the status, which the answer to it changes.
    let mut told = bot[0].json()["event"].clone();
    assert_eq!(told["status"], "pending");
    told["status"] = json!("processed");
    let path = format!("/v1/chat/events/{}", told["id"].as_str().expect("an id"));
    let shown = given.as_bot().get(&given.server, &path).await.expect(200);
    assert_eq!(told, shown.json()["event"]);
    assert_eq!(integration[0].json()["message"], answer.json()["message"]);
    assert!(column(&given.server, "SELECT seq FROM bot_deliveries").is_empty());
}

#[tokio::test]
async fn what_is_told_to_a_bot_is_signed() {
    let pair = Pair::start().await;
    pair.say(&pair.someone().await, "Hello").await;
    pair.settled().await;
    let asked = &pair.bot.asked()[0];
    let secret = STANDARD.encode(pair.given.bot.signing_secret.expose());
    let signed = SignedContent {
        id: asked.header("webhook-id"),
        timestamp: asked.header("webhook-timestamp").parse().expect("seconds"),
        body: asked.body.as_bytes(),
    };
    let keys = [SigningKey::parse(&secret).expect("a key")];
    let signature = asked.header("webhook-signature");
    let now = system_now();
    assert_eq!(verify(&keys, &signed, signature, now), Ok(()));
    let other = SignedContent {
        body: b"{}",
        ..signed
    };
    assert!(verify(&keys, &other, signature, now).is_err());
}

#[tokio::test]
async fn a_conversation_waits_for_its_first_message_and_no_other_does() {
    let pair = Pair::start().await;
    let first = pair.someone().await;
    let second = (first.0.clone(), pair.given.conversation("c2").await);
    pair.bot.reply(|asked| {
        let ready = asked.text() != "one";
        Some(if ready {
            (200, "{}".to_owned())
        } else {
            (503, "Worker not ready yet".to_owned())
        })
    });
    pair.say(&first, "one").await;
    pair.say(&first, "two").await;
    pair.say(&second, "other").await;
    pair.settled().await;
    let mut told = pair.bot.texts();
    told.sort();
    assert_eq!(told, ["one", "other"]);
    let clock = &pair.given.server.clock;
    clock.advance(Duration::from_millis(999));
    pair.settled().await;
    assert_eq!(pair.bot.asked().len(), 2);
    clock.advance(Duration::from_millis(1));
    pair.settled().await;
    assert_eq!(pair.bot.asked().len(), 3);
    pair.bot.answer_with(200, "{}");
    clock.advance(Duration::from_secs(5));
    pair.settled().await;
    assert_eq!(pair.bot.texts()[2..], ["one", "one", "two"]);
    insta::assert_json_snapshot!("tried_again", bot_logs(&pair.given.server));
    assert!(column(&pair.given.server, "SELECT id FROM bot_issues").is_empty());
}

#[tokio::test]
async fn what_waits_is_tried_at_once_where_a_bot_or_an_integration_is_deployed_anew() {
    let pair = Pair::start().await;
    let (given, someone) = (&pair.given, pair.someone().await);
    pair.bot.answer_with(503, "Worker not ready yet");
    pair.integration.answer_with(503, "Worker not ready yet");
    pair.say(&someone, "one").await;
    pair.say(&someone, "two").await;
    let bot = given.as_bot();
    given
        .message(&bot, given.bot.id.as_str(), &someone.1, "Hi")
        .await;
    pair.settled().await;
    assert_eq!(pair.bot.texts(), ["one"]);
    assert_eq!(pair.integration.asked().len(), 1);
    pair.bot.answer_with(200, "{}");
    pair.integration.answer_with(200, "{}");
    // Any other change leaves them waiting.
    let path = format!("/v1/admin/bots/{}", given.bot.id);
    let member = Caller::member();
    let renamed = member.put(&given.server, &path, json!({"name": "other"}));
    renamed.await.expect(200);
    pair.settled().await;
    assert_eq!(pair.bot.asked().len(), 1);
    let deployed = member.put(&given.server, &path, json!({"url": given.bot.url}));
    deployed.await.expect(200);
    pair.settled().await;
    assert_eq!(pair.bot.texts(), ["one", "one", "two"]);
    assert_eq!(pair.integration.asked().len(), 1);
    let path = format!("/v1/admin/integrations/{}", given.integration.id);
    let url = json!({"url": given.integration.url});
    let deployed = member.put(&given.server, &path, url);
    deployed.await.expect(200);
    pair.settled().await;
    assert_eq!(pair.integration.asked().len(), 2);
    assert!(column(&given.server, "SELECT seq FROM bot_deliveries").is_empty());
}

#[tokio::test]
async fn what_cannot_be_delivered_is_given_up_and_reported() {
    let pair = Pair::start().await;
    let someone = pair.someone().await;
    pair.bot.answer_with(500, r#"{"error":"oops"}"#);
    pair.say(&someone, "one").await;
    for wait in [0, 1, 5, 30, 120] {
        pair.given.server.clock.advance(Duration::from_secs(wait));
        pair.settled().await;
    }
    assert_eq!(pair.bot.texts(), ["one"; 5]);
    // What is refused is not tried again.
    let refusal = r#"{"id":"x","code":400,"type":"Runtime","message":"No such room"}"#;
    pair.bot.answer_with(400, refusal);
    pair.say(&someone, "two").await;
    pair.settled().await;
    assert_eq!(pair.bot.texts()[5..], ["two"]);
    let server = &pair.given.server;
    insta::assert_json_snapshot!("given_up_logs", bot_logs(server));
    let issue = "SELECT json_object('code', code, 'category', category, 'title', title,
        'description', description, 'data', json(grouped_data), 'count', events_count)
        FROM bot_issues";
    insta::assert_json_snapshot!("given_up_issues", column(server, issue));
    let events = "SELECT data FROM bot_issue_events ORDER BY seq";
    insta::assert_json_snapshot!("given_up_issue_events", column(server, events));
    assert!(column(server, "SELECT seq FROM bot_deliveries").is_empty());
}

#[tokio::test]
async fn a_restart_ends_what_was_under_way_and_begins_it_anew() {
    let mut pair = Pair::start().await;
    let someone = pair.someone().await;
    pair.bot.reply(|_| None);
    pair.say(&someone, "one").await;
    pair.say(&someone, "two").await;
    pair.bot.wait(1).await;
    pair.given.server.stop().await;
    pair.bot.answer_with(200, "{}");
    pair.given.server.restart().await;
    pair.settled().await;
    assert_eq!(pair.bot.texts(), ["one", "one", "two"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn deployed_code_answers_through_the_api_and_logs() {
    let bot = "exports.handler = async ({ headers, body }) => {
        const { event } = JSON.parse(body)
        console.log(JSON.stringify({ msg: 'got ' + event.type, visible_to_bot_owner: true }))
        console.warn('plain')
        const { message } = event.payload
        const answer = await fetch(process.env.BP_API_URL + '/v1/chat/messages', {
            method: 'POST',
            headers: {
                authorization: 'Bearer ' + process.env.BP_TOKEN,
                'x-bot-id': headers['x-bot-id'],
                'content-type': 'application/json',
            },
            body: JSON.stringify({
                conversationId: message.conversationId,
                userId: headers['x-bot-id'],
                type: 'text',
                payload: { text: message.payload.text.toUpperCase() },
                tags: {},
            }),
        })
        if (answer.status !== 201) throw new Error(await answer.text())
    }";
    let integration = "exports.handler = async ({ headers, body }) => {
        const { payload } = JSON.parse(body)
        console.log(headers['x-integration-alias'] + ' sends ' + payload.text)
        console.log(JSON.stringify({ msg: 'sent', visible_to_bot_owner: true }))
    }";
    let given = Given::running(
        TestServer::start().await,
        |new| new.code = Some(bot.to_owned()),
        |new| new.parts.code = Some(integration.to_owned()),
    )
    .await;
    let (user, conversation) = (given.user("u1").await, given.conversation("c1").await);
    let caller = given.as_integration();
    for text in ["one", "two"] {
        given.message(&caller, &user, &conversation, text).await;
    }
    settled(&given.server).await;
    // The bot and the integration run side by side: each one's lines are in order.
    let (sent, own): (Vec<_>, Vec<_>) = bot_logs(&given.server)
        .into_iter()
        .partition(|line| line == "info sent");
    insta::assert_json_snapshot!("code_bot_logs", own);
    assert_eq!(sent.len(), 2);
    let lines = "SELECT level || ' ' || message FROM integration_logs ORDER BY seq";
    insta::assert_json_snapshot!("code_integration_logs", column(&given.server, lines));
    // Each has a token of its own.
    let tokens = "SELECT kind FROM api_keys JOIN runtime_tokens ON key_id = id ORDER BY kind";
    assert_eq!(
        column(&given.server, tokens),
        ["botpress_bot", "botpress_integration"]
    );
}
