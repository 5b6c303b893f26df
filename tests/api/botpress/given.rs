//! What the tests of Botpress begin with: a bot, an integration that is installed in it, and those who
//! call.

use parlance::{
    domain::{
        bots::{
            installations,
            integrations::{self, Integration, NewIntegration},
            manage::{self, Bot, NewBot},
        },
        tenancy::{
            api_keys::{self, KeyKind, KeyOwner},
            audit::Actor,
        },
    },
    kernel::ids::WorkspaceId,
};
use reqwest::{Method, RequestBuilder};
use serde_json::{Map, Value, json};

use crate::support::{Answer, BOTPRESS_PAT, TestServer, WORKSPACE, send};

/// A server with a bot that has an integration, and their tokens.
pub struct Given {
    pub server: TestServer,
    pub bot: Bot,
    pub integration: Integration,
    pub bot_token: String,
    pub integration_token: String,
}

/// Who makes a call.
#[derive(Debug, Clone)]
pub struct Caller {
    pub token: String,
    pub headers: Vec<(&'static str, String)>,
}

impl Caller {
    /// A caller with this token and without headers.
    pub fn with(token: &str) -> Self {
        Self {
            token: token.to_owned(),
            headers: Vec::new(),
        }
    }

    /// The first account, outside of any workspace.
    pub fn person() -> Self {
        Self::with(BOTPRESS_PAT)
    }

    /// The first account, in the first workspace.
    pub fn member() -> Self {
        Self::person().header("x-workspace-id", WORKSPACE)
    }

    /// The caller with one more header.
    pub fn header(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, value.to_owned()));
        self
    }

    /// A call of Botpress's API.
    pub async fn call(
        &self,
        server: &TestServer,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> Answer {
        let request = self.request(server, method, path);
        send(match body {
            Some(body) => request.json(&body),
            None => request,
        })
        .await
    }

    /// The same, before it is sent.
    pub fn request(&self, server: &TestServer, method: Method, path: &str) -> RequestBuilder {
        let request = server.request(method, path).bearer_auth(&self.token);
        let headers = self.headers.iter();
        headers.fold(request, |request, (name, value)| {
            request.header(*name, value)
        })
    }

    pub async fn get(&self, server: &TestServer, path: &str) -> Answer {
        self.call(server, Method::GET, path, None).await
    }

    pub async fn post(&self, server: &TestServer, path: &str, body: Value) -> Answer {
        self.call(server, Method::POST, path, Some(body)).await
    }

    pub async fn put(&self, server: &TestServer, path: &str, body: Value) -> Answer {
        self.call(server, Method::PUT, path, Some(body)).await
    }

    pub async fn patch(&self, server: &TestServer, path: &str, body: Value) -> Answer {
        self.call(server, Method::PATCH, path, Some(body)).await
    }

    pub async fn delete(&self, server: &TestServer, path: &str) -> Answer {
        self.call(server, Method::DELETE, path, None).await
    }
}

impl Given {
    /// A server with the bot `helper` that has the integration `whint`.
    pub async fn new() -> Self {
        Self::on(TestServer::start().await).await
    }

    /// The same on a server that runs.
    pub async fn on(server: TestServer) -> Self {
        Self::running(server, |_| {}, |_| {}).await
    }

    /// The same with a bot and an integration that run somewhere.
    pub async fn running(
        server: TestServer,
        of_bot: impl FnOnce(&mut NewBot),
        of_integration: impl FnOnce(&mut NewIntegration),
    ) -> Self {
        let mut bot = definition_of_bot();
        of_bot(&mut bot);
        let bot = make_bot(&server, WORKSPACE, bot).await;
        let mut integration = definition_of_integration("whint", "0.1.0");
        of_integration(&mut integration);
        let integration = put_integration(&server, WORKSPACE, integration).await;
        install(&server, &bot, &integration, json!({"greeting": "Hello"})).await;
        let workspace = WorkspaceId::from(WORKSPACE);
        let of_bot = KeyOwner::Agent(workspace.clone(), bot.id.clone());
        let of_integration = KeyOwner::Integration(workspace, integration.id.clone());
        Self {
            bot_token: token(&server, KeyKind::BotpressBot, of_bot).await,
            integration_token: token(&server, KeyKind::BotpressIntegration, of_integration).await,
            server,
            bot,
            integration,
        }
    }

    /// The bot.
    pub fn as_bot(&self) -> Caller {
        Caller::with(&self.bot_token).header("x-bot-id", self.bot.id.as_str())
    }

    /// The integration, in the bot.
    pub fn as_integration(&self) -> Caller {
        Caller::with(&self.integration_token)
            .header("x-bot-id", self.bot.id.as_str())
            .header("x-integration-id", self.integration.id.as_str())
    }

    /// The first account, as the bot.
    pub fn as_person(&self) -> Caller {
        Caller::person().header("x-bot-id", self.bot.id.as_str())
    }
}

/// What the bot `helper` declares.
fn definition_of_bot() -> NewBot {
    let definition = json!({
        "user": {"tags": {"plan": {}}},
        "conversation": {"tags": {"topic": {"title": "Topic"}}},
        "message": {"tags": {"origin": {}}},
        "states": {
            "memory": {"type": "conversation", "schema": object_of("note", "string")},
            "profile": {"type": "user", "schema": object_of("age", "number"), "expiry": 60_000.0},
            "counters": {"type": "bot", "schema": object_of("count", "number")},
        },
        "events": {"reminder": {"schema": object_of("text", "string")}},
    });
    NewBot {
        name: Some("helper".to_owned()),
        definition: serde_json::from_value(definition).expect("a definition"),
        ..NewBot::default()
    }
}

/// The schema of an object with one member.
fn object_of(name: &str, kind: &str) -> Value {
    json!({
        "type": "object",
        "properties": {name: {"type": kind}},
        "additionalProperties": false,
        "$schema": "http://json-schema.org/draft-07/schema#",
    })
}

/// Makes a bot.
pub async fn make_bot(server: &TestServer, workspace: &str, new: NewBot) -> Bot {
    let app = server.server().app();
    let (sealer, workspace) = (app.sealer().clone(), WorkspaceId::from(workspace));
    let made = app.run_write_tx_as(Actor::Operator, move |change| {
        manage::create_in_tx(change, &sealer, &workspace, None, new)
    });
    made.await.expect("a bot")
}

/// Makes an integration with a channel, an event, an action and states.
pub async fn make_integration(
    server: &TestServer,
    workspace: &str,
    name: &str,
    version: &str,
) -> Integration {
    put_integration(server, workspace, definition_of_integration(name, version)).await
}

/// An integration with a channel, an event, an action and states.
pub fn definition_of_integration(name: &str, version: &str) -> NewIntegration {
    let definition = json!({
        "configuration": {"schema": object_of("greeting", "string")},
        "channels": {
            "direct": {
                "messages": {
                    "text": {
                        "type": "object",
                        "required": ["text"],
                        "properties": {"text": {"type": "string"}},
                    },
                },
                "conversation": {
                    "tags": {"id": {}, "room": {}},
                    "creation": {"enabled": true, "requiredTags": ["id"]},
                },
                "message": {"tags": {"id": {}}},
            },
            "lobby": {"messages": {"text": {}}},
        },
        "user": {"tags": {"id": {}}, "creation": {"enabled": true, "requiredTags": []}},
        "states": {
            "cursor": {"type": "integration", "schema": object_of("position", "number")},
            "thread": {"type": "conversation", "schema": object_of("key", "string")},
        },
        "events": {"ping": {"schema": object_of("at", "string")}},
        "actions": {
            "whisper": {
                "input": {
                    "type": "object",
                    "required": ["text"],
                    "properties": {"text": {"type": "string"}},
                },
                "output": {"type": "object"},
            },
        },
    });
    NewIntegration {
        name: name.to_owned(),
        version: version.to_owned(),
        definition: serde_json::from_value(definition).expect("a definition"),
        ..NewIntegration::default()
    }
}

pub async fn put_integration(
    server: &TestServer,
    workspace: &str,
    new: NewIntegration,
) -> Integration {
    let workspace = WorkspaceId::from(workspace);
    let app = server.server().app();
    let sealer = app.sealer().clone();
    let made = app.run_write_tx_as(Actor::Operator, move |change| {
        integrations::create_in_tx(change, &sealer, &workspace, new)
    });
    made.await.expect("an integration")
}

/// Installs an integration in a bot.
pub async fn install(
    server: &TestServer,
    bot: &Bot,
    integration: &Integration,
    configuration: Value,
) {
    let app = server.server().app();
    let (sealer, bot, integration) = (app.sealer().clone(), bot.clone(), integration.clone());
    let configuration: Map<String, Value> =
        serde_json::from_value(configuration).expect("an object");
    let installed = app.run_write_tx_as(Actor::Operator, move |change| {
        installations::install(change, &sealer, &bot, &integration, &configuration)
    });
    installed.await.expect("an installation");
}

/// Makes a token.
pub async fn token(server: &TestServer, kind: KeyKind, owner: KeyOwner) -> String {
    let app = server.server().app();
    let made = app.run_write_tx_as(Actor::Operator, move |change| {
        api_keys::create(change, kind, &owner, "test")
    });
    let (_, token) = made.await.expect("a token");
    token.expose().to_owned()
}

/// Another workspace with an owner of its own, and a personal access token of theirs.
pub async fn another_workspace(server: &TestServer) -> (String, String) {
    use parlance::domain::tenancy::{
        accounts,
        members::{self, Role},
        workspaces,
    };
    let app = server.server().app();
    let made = app.run_write_tx_as(Actor::Operator, |change| {
        let workspace = workspaces::create(change, WorkspaceId::new_uuid(), "Another")?;
        let account = accounts::create(change, "other@example.localhost")?;
        members::add(change, &workspace.id, &account.id, Role::Owner)?;
        let owner = KeyOwner::Account(account.id);
        let (_, token) = api_keys::create(change, KeyKind::BotpressPat, &owner, "test")?;
        Ok((workspace.id.to_string(), token.expose().to_owned()))
    });
    made.await.expect("a workspace")
}

/// A personal access token of a new member of the first workspace with this role.
pub async fn member_with(server: &TestServer, role: &str) -> String {
    use parlance::domain::tenancy::{
        accounts,
        members::{self, Role},
    };
    let role = Role::parse(role).expect("a role");
    let app = server.server().app();
    let made = app.run_write_tx_as(Actor::Operator, move |change| {
        let account = accounts::create(change, &format!("{role}@example.localhost"))?;
        members::add(change, &WORKSPACE.into(), &account.id, role)?;
        let owner = KeyOwner::Account(account.id);
        let (_, token) = api_keys::create(change, KeyKind::BotpressPat, &owner, "test")?;
        Ok(token.expose().to_owned())
    });
    made.await.expect("a member")
}
