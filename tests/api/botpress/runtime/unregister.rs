//! The rights of an integration while it unregisters an installation: it acts in the bot until that has ended
//! or been given up, also if the bot is gone.

use std::sync::{Arc, Mutex};

use parlance::domain::bots::manage::maintenance;
use serde_json::{Value, json};

use super::{Pair, column};
use crate::{botpress::given::Caller, support::WORKSPACE};

const READ: &str = "The test reads this";

/// The answers of the API to the integration while it unregistered.
#[derive(Clone, Default)]
struct Told(Arc<Mutex<Vec<(u16, Value)>>>);

impl Told {
    fn take(&self) -> Vec<(u16, Value)> {
        std::mem::take(&mut *self.0.lock().expect(READ))
    }
}

impl Pair {
    fn cursor(&self) -> String {
        format!(
            "/v1/chat/states/integration/{}/cursor",
            self.given.integration.id
        )
    }

    /// The installation has kept something, and reads it when it unregisters.
    async fn reads_when_it_unregisters(&self) -> Told {
        let given = &self.given;
        let caller = given.as_integration();
        let state = json!({"payload": {"position": 7}});
        let set = caller.post(&given.server, &self.cursor(), state).await;
        set.expect(200);
        let url = format!("{}{}", given.server.server().url(), self.cursor());
        let told = Told::default();
        let (noted, handle) = (told.clone(), tokio::runtime::Handle::current());
        self.integration.reply(move |asked| {
            if asked.operation() == "unregister" {
                let mut request = reqwest::Client::new().get(&url).bearer_auth(&caller.token);
                for (name, value) in &caller.headers {
                    request = request.header(*name, value);
                }
                let (sender, receiver) = std::sync::mpsc::channel();
                handle.spawn(async move {
                    let answer = request.send().await.expect("an answer");
                    let status = answer.status().as_u16();
                    // The test may be over.
                    let _ = sender.send((status, answer.json().await.expect("JSON")));
                });
                // The server that answers has threads of its own.
                let answer = tokio::task::block_in_place(|| receiver.recv());
                noted.0.lock().expect(READ).push(answer.expect("an answer"));
            }
            Some((200, "{}".to_owned()))
        });
        told
    }

    async fn install_as(&self, body: Value) {
        let path = format!("/v1/admin/bots/{}", self.given.bot.id);
        let body = json!({"integrations": {self.given.integration.id.as_str(): body}});
        let server = &self.given.server;
        Caller::member().put(server, &path, body).await.expect(200);
        self.settled().await;
    }

    async fn remove_at(&self, path: &str) {
        let server = &self.given.server;
        Caller::member().delete(server, path).await.expect(200);
        self.clean().await;
    }

    async fn clean(&self) {
        self.settled().await;
        let app = self.given.server.server().app();
        maintenance::run_once(app).await.expect("the work on bots");
        parlance::domain::lifecycle::workspace_deletion::purge(app)
            .await
            .expect("that on workspaces");
    }

    /// The status of a call of the integration now.
    async fn status_of_call(&self) -> u16 {
        let caller = self.given.as_integration();
        let answer = caller.get(&self.given.server, &self.cursor()).await;
        answer.status.as_u16()
    }
}

fn assert_read(told: &Told) {
    let told = told.take();
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!(told[0].0, 200, "{}", told[0].1);
    assert_eq!(told[0].1["state"]["payload"], json!({"position": 7}));
}

#[tokio::test(flavor = "multi_thread")]
async fn unregister_uses_the_api_when_an_installation_is_switched_off_or_removed() {
    let pair = Pair::start().await;
    let told = pair.reads_when_it_unregisters().await;
    pair.install_as(json!({"enabled": false})).await;
    assert_read(&told);
    assert_eq!(pair.status_of_call().await, 403, "it has ended");
    pair.install_as(json!({"enabled": true})).await;
    assert_eq!(pair.status_of_call().await, 200);
    pair.install_as(Value::Null).await;
    assert_read(&told);
    assert_eq!(pair.status_of_call().await, 403, "it has ended");
}

#[tokio::test(flavor = "multi_thread")]
async fn unregister_uses_the_api_when_the_bot_is_gone() {
    let pair = Pair::start().await;
    let told = pair.reads_when_it_unregisters().await;
    pair.remove_at(&format!("/v1/admin/bots/{}", pair.given.bot.id))
        .await;
    assert_read(&told);
    assert_eq!(pair.status_of_call().await, 403);
    assert!(column(&pair.given.server, "SELECT seq FROM states").is_empty());
}

/// Until it is given up: retries have the same rights, and nobody else has any.
#[tokio::test(flavor = "multi_thread")]
async fn an_integration_acts_in_a_deleted_bot_until_unregister_is_given_up() {
    let pair = Pair::start().await;
    let server = &pair.given.server;
    pair.reads_when_it_unregisters().await;
    pair.integration.answer_with(503, "Worker not ready yet");
    pair.remove_at(&format!("/v1/admin/bots/{}", pair.given.bot.id))
        .await;
    for _ in 0..2 {
        pair.clean().await;
        assert_eq!(pair.status_of_call().await, 200);
    }
    let caller = pair.given.as_integration();
    let set = json!({"payload": {"position": 8}});
    caller.post(server, &pair.cursor(), set).await.expect(200);
    // The bot is gone for everyone else, and for the integration in its own name.
    let bot = pair.given.as_bot();
    assert_eq!(bot.get(server, "/v1/chat/users").await.status, 401);
    for other in [
        pair.given.as_person(),
        Caller::with(&pair.given.integration_token)
            .header("x-bot-id", pair.given.bot.id.as_str())
            .header("x-integration-id", "00000000-0000-4000-8000-000000000000"),
    ] {
        let refused = other.get(server, &pair.cursor()).await.expect(403);
        assert!(
            refused.text.contains("does not act for the bot"),
            "{}",
            refused.text
        );
    }
    let refusal = r#"{"message":"No such webhook"}"#;
    pair.integration.answer_with(400, refusal);
    server.clock.advance(std::time::Duration::from_secs(3600));
    pair.clean().await;
    assert_eq!(pair.status_of_call().await, 403, "it was given up");
}

/// The code of the integration has a token of the workspace that is deleted.
#[tokio::test(flavor = "multi_thread")]
async fn unregister_uses_the_api_when_the_workspace_is_gone() {
    let code = "exports.handler = async ({ headers, body }) => {
        const operation = headers['x-bp-operation']
        const url = process.env.BP_API_URL + '/v1/chat/states/integration/' + headers['x-integration-id'] + '/cursor'
        const call = (method, payload) => fetch(url, {
            method,
            headers: {
                authorization: 'Bearer ' + process.env.BP_TOKEN, 'x-bot-id': headers['x-bot-id'],
                'x-integration-id': headers['x-integration-id'], 'content-type': 'application/json',
            },
            body: payload && JSON.stringify({ payload }),
        })
        if (operation === 'register') await call('POST', { position: 9 })
        if (operation === 'unregister') {
            const answer = await call('GET')
            const { state } = await answer.json()
            if (state?.payload.position !== 9) return { status: 400, body: 'told ' + answer.status }
        }
        return { status: 200 }
    }";
    let server = crate::support::TestServer::start().await;
    let given = crate::botpress::given::Given::running(
        server,
        |_| {},
        |new| new.parts.code = Some(code.to_owned()),
    )
    .await;
    let server = &given.server;
    let bot = format!("/v1/admin/bots/{}", given.bot.id);
    let body = json!({"integrations": {given.integration.id.as_str(): {}}});
    Caller::member().put(server, &bot, body).await.expect(200);
    super::settled(server).await;
    let status = "SELECT status FROM bot_integrations";
    assert_eq!(column(server, status), [json!("registered")]);
    let app = server.server().app();
    let gone = format!("/v1/admin/workspaces/{WORKSPACE}");
    Caller::member().delete(server, &gone).await.expect(200);
    super::settled(server).await;
    let failed = "SELECT message FROM integration_logs WHERE level = 'error'";
    assert_eq!(column(server, failed), Vec::<Value>::new());
    maintenance::run_once(app).await.expect("the work on bots");
    parlance::domain::lifecycle::workspace_deletion::purge(app)
        .await
        .expect("that on workspaces");
    assert!(column(server, "SELECT seq FROM bot_integrations").is_empty());
    // The server's own workspace and its keys stay.
    let left = format!(
        "SELECT id FROM api_keys WHERE workspace_id = '{WORKSPACE}' AND revoked_at IS NULL"
    );
    assert!(column(server, &left).is_empty());
}
