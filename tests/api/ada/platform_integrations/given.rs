//! What the tests of platform integrations begin with.

use parlance::{
    config::Config,
    domain::tenancy::{
        agents::{self, NewAgent},
        api_keys::{self, KeyKind, KeyOwner},
        audit::Actor,
    },
    kernel::{
        Secret,
        ids::{AgentId, WorkspaceId},
    },
};
use reqwest::{Method, RequestBuilder, header, redirect::Policy};
use serde_json::{Value, json};
use url::{Url, form_urlencoded::Serializer};

use crate::support::{Answer, TestServer, WORKSPACE, send};

pub const ADA_KEY: &str = "ada_test_key_1";
pub const INTEGRATIONS: &str = "/api/v2/platform-integrations/";

/// A server with a key of the agent `example`, and a browser that follows no redirects.
pub struct Ada {
    pub server: TestServer,
    pub browser: reqwest::Client,
}

/// Tokens of an installation.
pub struct Tokens {
    pub access: String,
    pub refresh: String,
    pub client_secret: String,
}

impl Ada {
    pub async fn start() -> Self {
        Self::with(|_| {}).await
    }

    pub async fn with(change: impl FnOnce(&mut Config)) -> Self {
        let server = TestServer::with(|config| {
            config.bootstrap.ada_key = Some(Secret::new(ADA_KEY));
            // Only what tests limits has any.
            config.limits.ada = parlance::domain::shared::rate_limits::Rates::default();
            change(config);
        })
        .await;
        Self {
            server,
            browser: browser(),
        }
    }

    pub async fn call(&self, key: &str, method: Method, path: &str, body: Option<Value>) -> Answer {
        let mut request = self.server.request(method, path).bearer_auth(key);
        if let Some(body) = body {
            request = request.json(&body);
        }
        send(request).await
    }

    /// A new integration: its id and its client secret.
    pub async fn create(&self, body: Value) -> (String, String) {
        let made = self
            .call(ADA_KEY, Method::POST, INTEGRATIONS, Some(body))
            .await;
        let made = made.expect(200).json();
        let text = |name: &str| made[name].as_str().expect("a text").to_owned();
        (text("id"), text("client_secret"))
    }

    /// A request of the browser's.
    pub fn visit(&self, method: Method, path: &str) -> RequestBuilder {
        let url = format!("{}{path}", self.server.server().url());
        self.browser.request(method, url)
    }

    /// Opens a page and sends the form on it with these fields, as a browser does. `action` is
    /// where the form goes.
    pub async fn send_form(&self, page: &str, action: &str, fields: &[(&str, &str)]) -> Answer {
        let shown = send(self.visit(Method::GET, page)).await;
        self.send_shown(&shown, action, fields).await
    }

    /// Sends the form of a page that was opened.
    pub async fn send_shown(
        &self,
        shown: &Answer,
        action: &str,
        fields: &[(&str, &str)],
    ) -> Answer {
        let cookie = shown.header("set-cookie").expect("a session");
        let cookie = cookie.split(';').next().expect("a cookie").to_owned();
        let (_, token) = shown
            .text
            .split_once("name=\"csrf\" value=\"")
            .expect("a token");
        let token = token.split('"').next().expect("a token");
        let mut body = Serializer::new(String::new());
        body.append_pair("csrf", token);
        body.extend_pairs(fields);
        let request = self
            .visit(Method::POST, action)
            .header(header::COOKIE, cookie)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(body.finish());
        send(request).await
    }

    /// Installs an integration in the agent `example` and returns the code of the callback.
    pub async fn install(&self, id: &str) -> String {
        let path = format!("/platform/integrations/{id}");
        let sent = self.send_form(&path, &path, &filled_in()).await.expect(303);
        code(&sent)
    }

    /// Asks for tokens.
    pub async fn token(&self, fields: &[(&str, &str)]) -> Answer {
        let body = Serializer::new(String::new()).extend_pairs(fields).finish();
        let request = self
            .visit(Method::POST, "/api/platform_integrations/oauth/token")
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(body);
        send(request).await
    }

    pub async fn redeem(&self, id: &str, secret: &str, code: &str) -> Answer {
        self.token(&[
            ("grant_type", "authorization_code"),
            ("client_id", id),
            ("client_secret", secret),
            ("code", code),
        ])
        .await
    }

    pub async fn refresh(&self, id: &str, secret: &str, refresh: &str) -> Answer {
        self.token(&[
            ("grant_type", "refresh_token"),
            ("client_id", id),
            ("client_secret", secret),
            ("refresh_token", refresh),
        ])
        .await
    }

    /// A new integration, installed, with tokens.
    pub async fn installed(&self) -> (String, String, Tokens) {
        let (id, secret) = self.create(shop()).await;
        let code = self.install(&id).await;
        let answer = self.redeem(&id, &secret, &code).await.expect(200);
        (id, secret, tokens(&answer))
    }

    /// The id of the installation that a token is for.
    pub async fn installation(&self, access: &str) -> String {
        let path = "/api/platform_integrations/oauth/self";
        let who = self.call(access, Method::GET, path, None).await.expect(200);
        let id = who.json()["platform_integration_installation_id"].clone();
        id.as_str().expect("an id").to_owned()
    }

    /// Another agent of the workspace, and a key of it.
    pub async fn other_agent(&self) -> String {
        let made = self.server.server().app();
        let made = made.run_write_tx_as(Actor::Operator, |change| {
            let workspace = WorkspaceId::from(WORKSPACE);
            let new = NewAgent {
                id: AgentId::new_uuid(),
                handle: "other".to_owned(),
                name: "other".to_owned(),
            };
            let agent = agents::create(change, &workspace, new)?;
            let owner = KeyOwner::Agent(workspace, agent.id);
            api_keys::create(change, KeyKind::Ada, &owner, "test")
        });
        made.await.expect("a key").1.expose().to_owned()
    }
}

pub fn browser() -> reqwest::Client {
    // Names the TLS library.
    let _ = crate::support::client();
    reqwest::Client::builder()
        .redirect(Policy::none())
        .build()
        .expect("a client")
}

/// The code in the address that a browser is sent on to.
pub fn code(sent: &Answer) -> String {
    let location = Url::parse(sent.header("location").expect("an address")).expect("an address");
    let mut pairs = location.query_pairs();
    let (_, code) = pairs.find(|(name, _)| name == "code").expect("a code");
    code.into_owned()
}

pub fn tokens(answer: &Answer) -> Tokens {
    let body = answer.json();
    let text = |name: &str| body[name].as_str().expect("a text").to_owned();
    Tokens {
        access: text("access_token"),
        refresh: text("refresh_token"),
        client_secret: text("client_secret"),
    }
}

/// The seed's integration.
pub fn shop() -> Value {
    json!({
        "name": "Connect to Cool Shop Knowledge Hub",
        "description": "Sync articles",
        "author": "Cool Shop",
        "contact": "help@coolshop.support",
        "uninstallation_url": "http://127.0.0.1:9/uninstall?shop=1",
        "oauth_callback_url": "http://127.0.0.1:9/callback?shop=1",
        "tags": ["knowledge"],
        "scopes": ["articles:read", "knowledge_sources:write"],
        "identifier_field_path": "credentials.knowledgeHubUrl",
        "error_codes": {"error_403": "Unauthorized", "error_404": "<b>Not Found</b>"},
        "configuration_fields": {
            "title": "Connect to Cool Shop Knowledge Hub",
            "type": "object",
            "required": ["credentials"],
            "properties": {
                "credentials": {
                    "type": "object",
                    "title": "My Knowledge Hub credentials",
                    "required": ["knowledgeHubUrl", "secretKey"],
                    "properties": {
                        "knowledgeHubUrl": {"type": "string", "title": "Knowledge Hub URL", "minLength": 3},
                        "secretKey": {"type": "string", "title": "Secret key", "format": "password"}
                    }
                },
                "sync": {"type": "boolean", "title": "Sync drafts"},
                "limit": {"type": "integer", "title": "Limit", "minimum": 1, "default": 50},
                "tags": {"type": "array", "title": "Tags", "items": {"type": "string"}},
                "plan": {"type": "string", "title": "Plan", "enum": ["free", "paid"]},
                "kinds": {"type": "array", "title": "Kinds",
                    "items": {"type": "string", "enum": ["faq", "guide"]}}
            }
        }
    })
}

/// The form of [`shop`], filled in.
pub fn filled_in() -> Vec<(&'static str, &'static str)> {
    vec![
        ("handle", "example"),
        ("/credentials/knowledgeHubUrl", "https://hub.example"),
        ("/credentials/secretKey", "planted-form-password"),
        ("/limit", "7"),
        ("/tags", "a\r\nb"),
        ("/plan", "paid"),
        ("/kinds", "guide"),
    ]
}
