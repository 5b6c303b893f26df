//! Calls that their callers no longer wait for when the change is stored: it is stored all the same, what
//! follows from it happens without another call, and the call is counted once.

use std::{sync::mpsc, time::Duration};

use parlance::domain::tenancy::audit::Actor;
use reqwest::Method;
use serde_json::{Value, json};
use tokio::task::JoinHandle;

use crate::{
    ada::webhooks::receiver::Receiver,
    botpress::runtime::{Pair, column},
    support::{ADA_KEY, TestServer, client, send, until},
};

/// The longest that something may take which comes about by itself.
const PATIENCE: Duration = Duration::from_secs(20);

/// A change that does not end before it is told to: others wait behind it.
struct Held {
    release: mpsc::Sender<()>,
    change: JoinHandle<()>,
}

impl Held {
    async fn on(server: &TestServer) -> Self {
        let app = server.server().app().clone();
        let (release, released) = mpsc::channel();
        let (begun, began) = tokio::sync::oneshot::channel();
        let change = tokio::spawn(async move {
            let held = app.run_write_tx_as(Actor::System, move |_| {
                let _ = begun.send(());
                released.recv_timeout(PATIENCE).expect("it is released");
                Ok(())
            });
            held.await.expect("it does nothing");
        });
        began.await.expect("it begins");
        Self { release, change }
    }

    async fn release(self) {
        self.release.send(()).expect("it waits");
        self.change.await.expect("it ends");
    }
}

/// How many connections the server has, that of this question among them.
async fn connections(server: &TestServer) -> String {
    let url = format!("{}/metrics", server.server().url());
    let answer = client().get(url).send().await.expect("an answer");
    let text = answer.text().await.expect("text");
    let mut lines = text.lines();
    let line = lines.find(|line| line.starts_with("parlance_http_connections "));
    line.expect("the metric").to_owned()
}

/// Sends a request, and closes its connection once its change waits to be stored.
async fn abandon(server: &TestServer, request: reqwest::RequestBuilder) {
    let before = connections(server).await;
    let depth = &server.server().app().store().metrics().queue_depth;
    let request = request.build().expect("a request");
    let call = tokio::spawn(async move { client().execute(request).await });
    until("the change waits", async || depth.get() == 1).await;
    call.abort();
    // The server drops the call once it notices.
    let gone = async || connections(server).await == before;
    until("the connection is gone", gone).await;
}

fn new_end_user(server: &TestServer) -> reqwest::RequestBuilder {
    let request = server.request(Method::POST, "/api/v2/end-users/");
    request
        .bearer_auth(ADA_KEY)
        .json(&json!({"profile": {"first_name": "Ann"}}))
}

async fn with_receiver(server: &TestServer) -> Receiver {
    let receiver = Receiver::start().await;
    let webhook = server.request(Method::POST, "/api/v2/webhooks/");
    let body = json!({"url": receiver.url(), "event_filters": ["v1.end_user.created"]});
    let made = send(webhook.bearer_auth(ADA_KEY).json(&body)).await;
    made.expect(201);
    receiver
}

/// How many calls are counted, once what is counted in memory is written down too.
async fn counted(server: &mut TestServer) -> Value {
    server.restart().await;
    column(server, "SELECT sum(calls) FROM usage_daily").remove(0)
}

#[tokio::test]
async fn a_webhook_is_delivered_though_the_caller_has_gone() {
    let mut server = TestServer::start().await;
    let receiver = with_receiver(&server).await;
    let before = counted(&mut server).await;
    let held = Held::on(&server).await;
    abandon(&server, new_end_user(&server)).await;
    held.release().await;
    until("the delivery", async || receiver.count() == 1).await;
    let after = counted(&mut server).await;
    assert_eq!(after.as_i64(), before.as_i64().map(|before| before + 1));
}

#[tokio::test]
async fn a_webhook_is_delivered_though_the_callers_time_was_over() {
    let mut server = TestServer::with(|config| config.server.request_timeout_seconds = 1).await;
    let receiver = with_receiver(&server).await;
    let before = counted(&mut server).await;
    let held = Held::on(&server).await;
    let answer = send(new_end_user(&server)).await;
    answer.expect(504);
    held.release().await;
    until("the delivery", async || receiver.count() == 1).await;
    let after = counted(&mut server).await;
    assert_eq!(after.as_i64(), before.as_i64().map(|before| before + 1));
}

#[tokio::test]
async fn a_bot_is_told_though_the_caller_has_gone() {
    let pair = Pair::start().await;
    let someone = pair.someone().await;
    pair.settled().await;
    let told = pair.bot.asked().len();
    let server = &pair.given.server;
    let (caller, body) = (
        pair.given.as_integration(),
        json!({
            "userId": someone.0, "conversationId": someone.1,
            "type": "text", "payload": {"text": "hello"}, "tags": {},
        }),
    );
    let held = Held::on(server).await;
    let request = caller.request(server, Method::POST, "/v1/chat/messages");
    abandon(server, request.json(&body)).await;
    held.release().await;
    until("the bot is told", async || pair.bot.asked().len() > told).await;
}
