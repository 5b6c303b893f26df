//! Requests from outside to the webhooks of integrations.

use reqwest::Method;
use serde_json::{Value, json};

use super::{Pair, column};
use crate::{
    botpress::given::Given,
    support::{Answer, TestServer, answer::redacted, assert_answer, send},
};

/// The path of the webhook of the integration.
pub fn webhook(server: &TestServer) -> String {
    let ids = column(server, "SELECT webhook_id FROM bot_integrations");
    format!("/webhook/{}", ids[0].as_str().expect("an id"))
}

async fn post(server: &TestServer, path: &str, body: &'static str) -> Answer {
    let request = server.request(Method::POST, path);
    send(request.header("X-Signature", "abc").body(body)).await
}

#[tokio::test]
async fn a_request_goes_to_the_integration_as_it_came_and_its_answer_back() {
    let pair = Pair::start().await;
    let server = &pair.given.server;
    pair.integration.answer_with(202, "challenge");
    let path = format!("{}/events/%C3%A9?a=1&b=%20", webhook(server));
    let answer = post(server, &path, "{ \"spaces\" :1 }").await.expect(202);
    assert_eq!(answer.text, "challenge");
    let mut shown = pair.integration.asked()[0].shown();
    let headers = shown["body"]["req"]["headers"].as_object_mut();
    let headers = headers.expect("headers");
    headers.retain(|name, _| name == "x-signature");
    insta::assert_snapshot!("webhook_received", redacted(shown));
    for method in ["GET", "PUT", "DELETE", "PATCH", "PURGE"] {
        let method = Method::from_bytes(method.as_bytes()).expect("a method");
        let request = server.request(method.clone(), &webhook(server));
        send(request).await.expect(202);
        let asked = pair.integration.asked();
        let request = &asked.last().expect("it was asked").json()["req"];
        assert_eq!(request["method"], method.as_str());
        assert_eq!(request["path"], "/");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn status_and_headers_of_code_go_back() {
    let integration = "exports.handler = async ({ body }) => {
        const { req } = JSON.parse(body)
        return {
            status: 201,
            headers: { 'Content-Type': 'text/plain', 'X-Path': req.path },
            body: req.body + '!',
        }
    }";
    let given = Given::running(
        TestServer::start().await,
        |_| {},
        |new| new.parts.code = Some(integration.to_owned()),
    )
    .await;
    let path = format!("{}/oauth", webhook(&given.server));
    let answer = post(&given.server, &path, "hey").await.expect(201);
    assert_eq!(answer.text, "hey!");
    assert_eq!(answer.header("content-type"), Some("text/plain"));
    assert_eq!(answer.header("x-path"), Some("/oauth"));
}

#[tokio::test]
async fn what_an_integration_does_not_take_can_be_sent_again() {
    let pair = Pair::start().await;
    let server = &pair.given.server;
    let path = webhook(server);
    // Its own errors are its answer.
    pair.integration.answer_with(500, "broken");
    assert_eq!(post(server, &path, "").await.expect(500).text, "broken");
    assert_answer!(
        "webhook_unknown",
        post(server, "/webhook/none", "").await.expect(404)
    );
    assert_answer!("webhook_nothing", post(server, "/webhook/", "").await);
    let request = server.request(Method::POST, &path).body(vec![0xff, 0xfe]);
    assert_answer!("webhook_no_text", send(request).await.expect(415));
    let given = Given::new().await;
    let path = webhook(&given.server);
    assert_answer!(
        "webhook_nowhere",
        post(&given.server, &path, "").await.expect(400)
    );
}

#[tokio::test]
async fn a_webhook_that_does_not_answer_says_when_to_come_back() {
    let server = TestServer::with(|config| config.deliveries.call_timeout_seconds = 1).await;
    let pair = Pair::on(server).await;
    pair.integration.reply(|_| None);
    let path = webhook(&pair.given.server);
    let answer = post(&pair.given.server, &path, "").await;
    assert_eq!(answer.header("retry-after"), Some("5"));
    assert_answer!("webhook_timeout", answer);
}

#[tokio::test]
async fn the_handler_of_a_webhook_may_create_messages_before_it_answers() {
    let pair = Pair::start().await;
    let given = &pair.given;
    let someone = pair.someone().await;
    // The integration's own request comes while the webhook waits.
    let (caller, url) = (given.as_integration(), given.server.server().url());
    let body = json!({
        "userId": someone.0, "conversationId": someone.1, "type": "text",
        "payload": {"text": "from outside"}, "tags": {},
    });
    let (sender, receiver) = std::sync::mpsc::channel::<Value>();
    let token = caller.token.clone();
    let headers = caller.headers.clone();
    let client = reqwest::Client::new();
    let handle = tokio::runtime::Handle::current();
    pair.integration.reply(move |asked| {
        if asked.operation() == "webhook_received" {
            let mut request = client
                .post(format!("{url}/v1/chat/messages"))
                .bearer_auth(&token)
                .json(&body);
            for (name, value) in &headers {
                request = request.header(*name, value);
            }
            let sender = sender.clone();
            handle.spawn(async move {
                let made = request.send().await.expect("an answer");
                // The test may be over.
                let _ = sender.send(made.json().await.expect("JSON"));
            });
        }
        Some((200, "{}".to_owned()))
    });
    post(&given.server, &webhook(&given.server), "x")
        .await
        .expect(200);
    pair.bot.wait(1).await;
    assert_eq!(pair.bot.texts(), ["from outside"]);
    let made = receiver.try_recv().expect("a message");
    assert_eq!(made["message"]["direction"], "incoming");
}
