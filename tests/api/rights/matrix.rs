//! Who may call what: for each operation of each document, the status that each kind of credential gets.
//!
//! Requests have an empty object for a body and, where nothing else is said, ids that nothing has: 400, 404
//! and the like mean that the caller was let in. An operation that is new is not in the snapshot, and so
//! fails the test until somebody has looked at its row.

use std::{fmt::Write as _, time::Duration};

use parlance::{
    config::Config,
    domain::{
        retrieval::folders,
        tenancy::api_keys::{KeyKind, KeyOwner},
    },
    kernel::{Secret, ids::WorkspaceId},
};
use reqwest::Method;
use serde_json::json;

use super::held::revoke;
use crate::{
    ada::platform_integrations::given::Ada,
    botpress::given::{make_bot, token},
    chat::{
        given::Given as Chat,
        keys::{own_keys, sign},
    },
    edge::operations::documented_paths,
    support::{
        ADA_END_USERS_KEY, ADA_KEY, ALOOCHAT_KEY, COHERE_KEY, OPERATOR_KEY, TestServer, WORKSPACE,
        send,
    },
};

/// A kind of credential: its name, and the headers that carry it.
pub struct Credential {
    name: &'static str,
    headers: Vec<(&'static str, String)>,
    /// True if it is none, or not good any more: it must open what is open to all, and nothing else.
    void: bool,
}

impl Credential {
    pub fn none() -> Self {
        Self {
            name: "none",
            headers: Vec::new(),
            void: true,
        }
    }

    pub fn bearer(name: &'static str, token: &str) -> Self {
        Self::none()
            .named(name)
            .header("authorization", &format!("Bearer {token}"))
    }

    pub fn of_header(name: &'static str, header: &'static str, key: &str) -> Self {
        Self::none().named(name).header(header, key)
    }

    fn named(mut self, name: &'static str) -> Self {
        self.name = name;
        self.void = false;
        self
    }

    /// One that is wrong or has ended.
    pub fn void(mut self) -> Self {
        self.void = true;
        self
    }

    pub fn header(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, value.to_owned()));
        self
    }
}

/// An operation with the path that is asked.
struct Operation {
    id: String,
    method: Method,
    path: String,
}

/// Settings under which many calls are made at once, most of them with wrong keys.
pub fn many_calls(config: &mut Config) {
    config.wrong_keys.delay_ms = 0;
}

/// The matrix of a document. `fill` gives what stands for a parameter; `last` names operations that take away
/// what others need.
pub async fn matrix(
    server: &TestServer,
    (document, webhook): (&str, &str),
    credentials: &[Credential],
    fill: impl Fn(&str, &str) -> String,
    last: &[&str],
) -> String {
    let mut operations = Vec::new();
    for path in documented_paths(server, webhook).await {
        if path.document != document {
            continue;
        }
        for (method, operation) in &path.operations {
            operations.push(Operation {
                id: operation["operationId"].as_str().expect("an id").to_owned(),
                method: method.to_ascii_uppercase().parse().expect("a method"),
                path: filled(&path.path, &fill),
            });
        }
    }
    operations.sort_by_key(|operation| {
        let place = last.iter().position(|id| *id == operation.id);
        (place.map_or(0, |place| place + 1), operation.id.clone())
    });
    let names: Vec<&str> = credentials.iter().map(|one| one.name).collect();
    let mut rows = format!("{}\n", names.join(" "));
    for operation in &operations {
        let mut row = String::new();
        let mut of_none = None;
        for credential in credentials {
            let status = status(server, operation, credential).await;
            assert!(status < 500, "{}: {status}", operation.id);
            if credential.void {
                // Only what is open to all may be answered otherwise than with 401, and then to all alike.
                let expected = *of_none.get_or_insert(status);
                assert_eq!(status, expected, "{}: {}", operation.id, credential.name);
            }
            write!(row, "{status} ").expect("a text");
        }
        writeln!(rows, "{row}{}", operation.id).expect("a text");
    }
    rows
}

fn filled(path: &str, fill: &impl Fn(&str, &str) -> String) -> String {
    let mut before = "";
    let segments = path.split('/').map(|segment| {
        let filled = match segment.strip_prefix('{') {
            Some(name) => fill(before, name.trim_end_matches('}')),
            None => segment.to_owned(),
        };
        before = segment;
        filled
    });
    segments.collect::<Vec<_>>().join("/")
}

async fn status(server: &TestServer, operation: &Operation, credential: &Credential) -> u16 {
    let mut request = server.request(operation.method.clone(), &operation.path);
    for (name, value) in &credential.headers {
        request = request.header(*name, value);
    }
    if [Method::POST, Method::PUT, Method::PATCH].contains(&operation.method) {
        request = request.json(&json!({}));
    }
    send(request).await.status.as_u16()
}

fn nothing(_: &str, _: &str) -> String {
    "0".repeat(24)
}

#[tokio::test]
async fn aloochat() {
    let server = TestServer::with(many_calls).await;
    let gone = server.other_workspace().await;
    revoke(&server, &gone).await;
    let other = server.other_workspace().await;
    let key = |name, key: &str| Credential::of_header(name, "x-api-key", key);
    let credentials = [
        Credential::none(),
        key("wrong", "aloo_wrong_key").void(),
        key("revoked", &gone).void(),
        key("cohere", COHERE_KEY).void(),
        key("other_workspace", &other),
        key("company", ALOOCHAT_KEY),
    ];
    let found = matrix(&server, ("aloochat", ""), &credentials, nothing, &[]).await;
    insta::assert_snapshot!(found);
}

#[tokio::test]
async fn cohere() {
    let server = TestServer::with(many_calls).await;
    let gone = server.other_workspace_with(KeyKind::Cohere).await;
    revoke(&server, &gone).await;
    let other = server.other_workspace_with(KeyKind::Cohere).await;
    let credentials = [
        Credential::none(),
        Credential::bearer("wrong", "co_wrong_key").void(),
        Credential::bearer("revoked", &gone).void(),
        Credential::bearer("ada", ADA_KEY).void(),
        Credential::bearer("other_workspace", &other),
        Credential::bearer("organization", COHERE_KEY),
    ];
    let found = matrix(&server, ("cohere", ""), &credentials, nothing, &[]).await;
    insta::assert_snapshot!(found);
}

/// The credentials of Ada's documents: keys of agents, and tokens of installations.
async fn of_ada(ada: &Ada) -> Vec<Credential> {
    let (_, _, ended) = ada.installed().await;
    ada.server.clock.advance(Duration::from_secs(30 * 86_400));
    let (_, _, tokens) = ada.installed().await;
    let gone = ada.other_agent().await;
    revoke(&ada.server, &gone).await;
    vec![
        Credential::none(),
        Credential::bearer("wrong", "ada_wrong_key").void(),
        Credential::bearer("revoked", &gone).void(),
        Credential::bearer("expired_token", &ended.access).void(),
        Credential::bearer("refresh_token", &tokens.refresh).void(),
        Credential::bearer("cohere", COHERE_KEY).void(),
        Credential::bearer("end_users_v1", ADA_END_USERS_KEY),
        Credential::bearer("installation", &tokens.access),
        Credential::bearer("agent", crate::ada::platform_integrations::given::ADA_KEY),
    ]
}

#[tokio::test]
async fn ada() {
    let ada = Ada::with(many_calls).await;
    let credentials = of_ada(&ada).await;
    let found = matrix(&ada.server, ("ada", ""), &credentials, nothing, &[]).await;
    insta::assert_snapshot!(found);
}

#[tokio::test]
async fn ada_end_users_v1() {
    let ada = Ada::with(many_calls).await;
    let credentials = of_ada(&ada).await;
    let document = ("ada-end-users-v1", "");
    let found = matrix(&ada.server, document, &credentials, nothing, &[]).await;
    insta::assert_snapshot!(found);
}

#[tokio::test]
async fn chat() {
    let server = TestServer::with(many_calls).await;
    let chat = Chat::on(server, None).await;
    let of_server = chat.user().await;
    let elsewhere = {
        let bot = make_bot(&chat.server, WORKSPACE, Default::default()).await;
        crate::chat::given::open(&chat.server, &bot.id).await
    };
    let path = format!("{elsewhere}/users");
    let made = send(chat.server.request(Method::POST, &path).json(&json!({}))).await;
    let foreign = made.expect(201).json()["key"].clone();
    let (chat, own) = own_keys(chat).await;
    let now = chat.server.clock.now().as_seconds();
    let key = |name, key: &str| Credential::of_header(name, "x-user-key", key);
    let good = sign(&own, &json!({"id": "ann"}));
    let path = "/users/get-or-create";
    let made = chat.call(Some(&good), Method::POST, path, Some(json!({})));
    assert_eq!(made.await.status, 201);
    let credentials = [
        Credential::none(),
        key("wrong", "no-key").void(),
        key("another_installation", foreign.as_str().expect("a key")).void(),
        key("rotated", &of_server.key).void(),
        key(
            "expired",
            &sign(&own, &json!({"id": "ann", "exp": now - 1})),
        )
        .void(),
        key("unknown_user", &sign(&own, &json!({"id": "nobody"}))),
        key("user", &good),
    ];
    let webhook = chat.path.trim_start_matches("/webhook/").to_owned();
    let document = ("chat", webhook.as_str());
    let last = ["getOrCreateUser", "deleteUser"];
    let found = matrix(&chat.server, document, &credentials, nothing, &last).await;
    insta::assert_snapshot!(found);
}

#[tokio::test]
async fn console() {
    let server = TestServer::with(many_calls).await;
    let gone = token(&server, KeyKind::Operator, KeyOwner::Operator).await;
    revoke(&server, &gone).await;
    let credentials = [
        Credential::none(),
        Credential::bearer("wrong", "plop_wrong_key").void(),
        Credential::bearer("revoked", &gone).void(),
        Credential::bearer("company", ALOOCHAT_KEY).void(),
        Credential::bearer("operator", OPERATOR_KEY),
    ];
    let found = matrix(
        &server,
        ("console", ""),
        &credentials,
        nothing,
        &["resume_clock"],
    )
    .await;
    insta::assert_snapshot!(found);
}

#[tokio::test]
async fn connector() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().to_owned();
    let server = TestServer::with(|config| {
        many_calls(config);
        config.connectors.folder.push(folders::FolderSettings {
            name: "docs".to_owned(),
            path,
            token: Some(Secret::new("folder-token")),
        });
    })
    .await;
    let workspace = KeyOwner::Workspace(WorkspaceId::from(WORKSPACE));
    let key = token(&server, KeyKind::Cohere, workspace).await;
    let credentials = [
        Credential::none(),
        Credential::bearer("wrong", "no-token").void(),
        Credential::bearer("cohere", &key).void(),
        Credential::bearer("folder", "folder-token"),
    ];
    let docs = |_: &str, _: &str| "docs".to_owned();
    let found = matrix(&server, ("connector", ""), &credentials, docs, &[]).await;
    insta::assert_snapshot!(found);
}
