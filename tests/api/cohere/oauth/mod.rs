//! Authorization of connectors by their users.

mod begin;
mod callback;
pub mod provider;
mod refresh;
mod secrets;

use parlance::domain::{
    retrieval::connectors::{Document, SearchFailure, SearchOptions},
    tenancy::{
        api_keys::{self, KeyKind, KeyOwner},
        audit::Actor,
    },
};
use reqwest::{Client, Method, redirect::Policy};
use serde_json::{Value, json};

use self::provider::Provider;
use super::{connector::Connector, created, path_of, search::search};
use crate::support::{Answer, COHERE_KEY, TestServer, WORKSPACE, send};

/// A connector of a provider, registered.
pub struct Setup {
    pub server: TestServer,
    pub provider: Provider,
    pub connector: Connector,
    pub shown: Value,
}

impl Setup {
    pub async fn new() -> Self {
        let (server, provider) = (TestServer::start().await, Provider::start().await);
        let connector = Connector::start().await;
        let body = json!({"name": "Drive", "url": connector.url(), "oauth": provider.oauth()});
        let shown = created(&server, body).await;
        Self {
            server,
            provider,
            connector,
            shown,
        }
    }

    pub fn path(&self) -> String {
        path_of(&self.shown)
    }

    /// Asks for the address to authorize the connector at, as the holder of a key.
    pub async fn begin(&self, key: &str, query: &str) -> String {
        let path = format!("{}/oauth/authorize{query}", self.path());
        let answer = self.server.cohere_as(key, Method::POST, &path, None).await;
        let address = answer.expect(200).json()["redirect_url"].clone();
        address.as_str().expect("an address").to_owned()
    }

    /// Authorizes the connector for the first workspace's key.
    pub async fn authorized(&self) {
        let address = self.begin(COHERE_KEY, "").await;
        visit(&self.provider.allow(&address)).await.expect(200);
    }

    /// How the authorization stands for the holder of a key.
    pub async fn status(&self, key: &str) -> Value {
        let path = self.path();
        let answer = self.server.cohere_as(key, Method::GET, &path, None);
        answer.await.expect(200).json()["connector"]["auth_status"].clone()
    }

    pub async fn search(&self) -> Result<Vec<Document>, SearchFailure> {
        search(&self.server, &self.shown, &SearchOptions::default()).await
    }

    /// The message of a search that fails.
    pub async fn failure(&self) -> String {
        let failed = self.search().await.expect_err("a failure");
        let id = self.shown["id"].as_str().expect("an id");
        failed.to_string().replace(id, "[id]")
    }

    /// The token that the connector was sent last.
    pub fn last_token(&self) -> Option<String> {
        self.connector.asked().last()?.authorization.clone()
    }
}

/// A browser that shows where it is sent.
pub async fn visit(address: &str) -> Answer {
    let browser = Client::builder().redirect(Policy::none()).build();
    send(browser.expect("a browser").get(address)).await
}

/// Another key of the first workspace: another user.
pub async fn another_user(server: &TestServer) -> String {
    let made = server
        .server()
        .app()
        .run_write_tx_as(Actor::Operator, |change| {
            let owner = KeyOwner::Workspace(WORKSPACE.into());
            api_keys::create(change, KeyKind::Cohere, &owner, "another user")
        });
    let (_, key) = made.await.expect("a key");
    key.expose().to_owned()
}
