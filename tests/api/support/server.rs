//! A server of a test's own: port 0, a temporary database, a frozen clock.

use parlance::{
    config::Config,
    domain::{
        bots::index_check,
        tenancy::{
            api_keys::{self, KeyKind, KeyOwner},
            audit::Actor,
            sealed_columns, workspaces,
        },
    },
    kernel::{Clock, Secret, Timestamp, ids::WorkspaceId},
    server::Server,
    store::check,
};
use reqwest::{Method, RequestBuilder};
use serde_json::Value;
use tempfile::TempDir;

use super::Answer;

/// The Aloochat key of the first workspace.
pub const ALOOCHAT_KEY: &str = "aloo_test_key";
/// The Ada platform key of the first agent.
pub const ADA_KEY: &str = "ada_test_key";
/// The Ada End Users API v1 key of the first agent.
pub const ADA_END_USERS_KEY: &str = "ada_eu_test_key";
/// The Cohere key of the first workspace.
pub const COHERE_KEY: &str = "co_test_key";
/// The Botpress personal access token of the first account.
pub const BOTPRESS_PAT: &str = "bp_pat_test_key";
/// The operator's key.
pub const OPERATOR_KEY: &str = "plop_test_key";
/// The first workspace.
pub const WORKSPACE: &str = "11111111-1111-1111-aaaa-111111111111";

/// A running server.
pub struct TestServer {
    server: Option<Server>,
    pub config: Config,
    pub clock: Clock,
    pub client: reqwest::Client,
    /// Set by a test that damages its own database, which is not checked then.
    pub damaged: bool,
    /// Lives as long as the database in it.
    _directory: TempDir,
}

impl TestServer {
    /// A server with the default settings.
    pub async fn start() -> Self {
        Self::with(|_| {}).await
    }

    /// A server with other settings.
    pub async fn with(change: impl FnOnce(&mut Config)) -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let mut config = Config::default();
        config.server.listen = "127.0.0.1:0".parse().expect("an address");
        config.store.path = directory.path().join("parlance.db");
        config.bootstrap.aloochat_key = Some(Secret::new(ALOOCHAT_KEY));
        config.bootstrap.ada_key = Some(Secret::new(ADA_KEY));
        config.bootstrap.ada_end_users_key = Some(Secret::new(ADA_END_USERS_KEY));
        config.bootstrap.cohere_key = Some(Secret::new(COHERE_KEY));
        config.bootstrap.botpress_pat = Some(Secret::new(BOTPRESS_PAT));
        config.bootstrap.operator_key = Some(Secret::new(OPERATOR_KEY));
        // The running program is that of the tests.
        config.runtime.executable = Some(env!("CARGO_BIN_EXE_parlance").into());
        change(&mut config);
        let noon = Timestamp::parse_rfc3339("2026-03-01T12:00:00Z").expect("a date");
        let clock = Clock::frozen_at(noon);
        Self {
            server: Some(start(&config, &clock).await),
            config,
            clock,
            client: crate::support::client(),
            damaged: false,
            _directory: directory,
        }
    }

    /// Stops the server and starts it again on the same database.
    pub async fn restart(&mut self) {
        self.stop().await;
        self.server = Some(start(&self.config, &self.clock).await);
    }

    /// Stops the server.
    pub async fn stop(&mut self) {
        self.assert_sound();
        if let Some(server) = self.server.take() {
            server.stop().await;
        }
    }

    /// `parlance check` finds nothing in the database of any test.
    fn assert_sound(&self) {
        let Some(server) = &self.server else { return };
        if self.damaged {
            return;
        }
        let (store, sealer) = (server.app().store(), server.app().sealer());
        let found = store.read(|conn| {
            let report = check(conn)?.to_string();
            let faults = index_check::find_faults(conn)?;
            let unreadable = sealed_columns::find_unreadable(conn, Some(sealer))?;
            Ok((report, faults, unreadable.listed))
        });
        let sound = ("sound".to_owned(), Vec::new(), Vec::new());
        assert_eq!(found.expect("a check"), sound);
    }

    pub fn server(&self) -> &Server {
        self.server.as_ref().expect("it runs")
    }

    /// A request to this server.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let url = format!("{}{path}", self.server().url());
        self.client.request(method, url)
    }

    /// An Aloochat call with the first workspace's key.
    pub async fn aloochat(&self, method: Method, path: &str, body: Option<Value>) -> Answer {
        self.aloochat_as(ALOOCHAT_KEY, method, path, body).await
    }

    /// An Aloochat call with another key.
    pub async fn aloochat_as(
        &self,
        key: &str,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> Answer {
        let path = format!("/api/public{path}");
        let mut request = self.request(method, &path).header("x-api-key", key);
        if let Some(body) = body {
            request = request.json(&body);
        }
        send(request).await
    }

    /// A Cohere call with the first workspace's key.
    pub async fn cohere(&self, method: Method, path: &str, body: Option<Value>) -> Answer {
        self.cohere_as(COHERE_KEY, method, path, body).await
    }

    /// A Cohere call with another key.
    pub async fn cohere_as(
        &self,
        key: &str,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> Answer {
        let request = self.request(method, &format!("/v1{path}"));
        let mut request = request.header("authorization", format!("Bearer {key}"));
        if let Some(body) = body {
            request = request.json(&body);
        }
        send(request).await
    }

    /// Another workspace, and an Aloochat key of it.
    pub async fn other_workspace(&self) -> String {
        self.other_workspace_with(KeyKind::Aloochat).await
    }

    /// Another workspace, and a key of this kind of it.
    pub async fn other_workspace_with(&self, kind: KeyKind) -> String {
        let made = self
            .server()
            .app()
            .run_write_tx_as(Actor::Operator, move |change| {
                let id = WorkspaceId::new_uuid();
                let workspace = workspaces::create(change, id, "Another workspace")?;
                let owner = KeyOwner::Workspace(workspace.id);
                api_keys::create(change, kind, &owner, "test")
            });
        let (_, key) = made.await.expect("a workspace with a key");
        key.expose().to_owned()
    }
}

impl Drop for TestServer {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            self.assert_sound();
        }
        // Something may still hold the store; its files must not stay open until all tests have ended.
        if let Some(server) = &self.server {
            server.app().store().close();
        }
    }
}

async fn start(config: &Config, clock: &Clock) -> Server {
    Server::start(config, clock.clone())
        .await
        .expect("the server starts")
}

/// Sends a request and reads the answer.
pub async fn send(request: RequestBuilder) -> Answer {
    Answer::of(request.send().await.expect("an answer")).await
}

/// A client. One TLS library serves the whole process, and it must be named once.
pub fn client() -> reqwest::Client {
    // Only fails if it was named before.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::new()
}
