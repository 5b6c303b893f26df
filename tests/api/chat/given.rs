//! What the tests of the chat begin with: a bot that has it, and users who call.

use parlance::{
    domain::{
        bots::manage::{Bot, NewBot},
        webchat,
    },
    kernel::ids::AgentId,
};
use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    botpress::given::{Caller, make_bot},
    support::{Answer, TestServer, WORKSPACE, send},
};

/// A bot that repeats what it is told, and answers a custom event with one.
pub const ECHO: &str = r"
    const api = (path, body) => fetch(process.env.BP_API_URL + path, {
        method: 'POST',
        headers: {
            authorization: 'Bearer ' + process.env.BP_TOKEN,
            'content-type': 'application/json',
            'x-bot-id': globalThis.bot,
        },
        body: JSON.stringify(body),
    })
    exports.handler = async (request) => {
        globalThis.bot = request.headers['x-bot-id']
        const { event } = JSON.parse(request.body)
        if (event?.type === 'message_created') {
            const { message } = event.payload
            await api('/v1/chat/messages', {
                conversationId: message.conversationId,
                userId: globalThis.bot,
                type: message.type,
                payload: message.payload,
                tags: {},
            })
        } else if (event?.type === 'chat:custom') {
            const { conversationId, payload } = event.payload
            await api('/v1/chat/actions', { type: 'chat:sendEvent', input: { conversationId, payload } })
        }
        return { status: 200 }
    }";

/// A server with a bot that has the chat.
pub struct Given {
    pub server: TestServer,
    pub bot: Bot,
    /// Where its API is: `/webhook/…`.
    pub path: String,
}

/// A user of the chat.
#[derive(Debug, Clone)]
pub struct User {
    pub id: String,
    pub key: String,
}

impl Given {
    /// A bot without code.
    pub async fn new() -> Self {
        Self::on(TestServer::start().await, None).await
    }

    /// A bot that repeats what it is told.
    pub async fn echo() -> Self {
        Self::on(TestServer::start().await, Some(ECHO)).await
    }

    pub async fn on(server: TestServer, code: Option<&str>) -> Self {
        let new = NewBot {
            name: Some("echo".to_owned()),
            code: code.map(str::to_owned),
            ..NewBot::default()
        };
        let bot = make_bot(&server, WORKSPACE, new).await;
        let path = open(&server, &bot.id).await;
        Self { server, bot, path }
    }

    /// A call with this key.
    pub async fn call(
        &self,
        key: Option<&str>,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> Answer {
        let path = format!("{}{path}", self.path);
        let mut request = self.server.request(method, &path);
        if let Some(key) = key {
            request = request.header("x-user-key", key);
        }
        if let Some(body) = body {
            request = request.json(&body);
        }
        send(request).await
    }

    pub async fn get(&self, user: &User, path: &str) -> Answer {
        self.call(Some(&user.key), Method::GET, path, None).await
    }

    pub async fn post(&self, user: &User, path: &str, body: Value) -> Answer {
        self.call(Some(&user.key), Method::POST, path, Some(body))
            .await
    }

    pub async fn put(&self, user: &User, path: &str, body: Value) -> Answer {
        self.call(Some(&user.key), Method::PUT, path, Some(body))
            .await
    }

    pub async fn delete(&self, user: &User, path: &str) -> Answer {
        self.call(Some(&user.key), Method::DELETE, path, None).await
    }

    /// A new user.
    pub async fn user(&self) -> User {
        self.user_with(json!({})).await
    }

    /// A new user of whom this is said.
    pub async fn user_with(&self, body: Value) -> User {
        let answer = self.call(None, Method::POST, "/users", Some(body)).await;
        let made = answer.expect(201).json();
        User {
            id: text(&made["user"]["id"]),
            key: text(&made["key"]),
        }
    }

    /// A new conversation of a user.
    pub async fn conversation(&self, user: &User) -> String {
        let made = self.post(user, "/conversations", json!({})).await;
        text(&made.expect(201).json()["conversation"]["id"])
    }

    /// Has a user write something: the id of the message.
    pub async fn say(&self, user: &User, conversation: &str, words: &str) -> String {
        let body = message(conversation, words);
        let made = self.post(user, "/messages", body).await;
        text(&made.expect(201).json()["message"]["id"])
    }

    /// Waits until everything that is due has been told.
    pub async fn settled(&self) {
        self.server
            .server()
            .app()
            .delivery_doorbell()
            .wait_idle()
            .await;
    }
}

/// Gives a bot the chat: where its API is.
pub async fn open(server: &TestServer, bot: &AgentId) -> String {
    let app = server.server().app();
    let agent = app
        .store()
        .read(|conn| parlance::domain::tenancy::agents::find_by_id(conn, bot))
        .expect("an agent");
    let actor = parlance::domain::tenancy::audit::Actor::Operator;
    let id = webchat::ensure_installed_as(app, actor, &agent).await;
    format!("/webhook/{}", id.expect("a webhook"))
}

/// The body of a text message.
pub fn message(conversation: &str, words: &str) -> Value {
    json!({"conversationId": conversation, "payload": {"type": "text", "text": words}})
}

pub fn text(value: &Value) -> String {
    value.as_str().expect("a text").to_owned()
}

/// Installs the chat by hand, configured so: where its API is.
pub async fn install(server: &TestServer, bot: &AgentId, configuration: Value) -> String {
    let id = integration(server).await;
    let body = json!({"integrations": {&id: {"enabled": true, "configuration": configuration}}});
    let path = format!("/v1/admin/bots/{bot}");
    let changed = Caller::member().put(server, &path, body).await;
    let changed = changed.expect(200).json();
    let webhook = text(&changed["bot"]["integrations"][&id]["webhookId"]);
    format!("/webhook/{webhook}")
}

/// The id of the integration, as the hub shows it.
pub async fn integration(server: &TestServer) -> String {
    let path = "/v1/admin/hub/integrations/chat/latest";
    let found = Caller::person().get(server, path).await.expect(200).json();
    text(&found["integration"]["id"])
}
