//! Folders of this server are connectors of the first workspace: a chat over one's own documents
//! needs nothing else.

use parlance::{
    config::Profile,
    domain::{
        retrieval::folders::{self, FolderSettings},
        tenancy::api_keys::KeyKind,
    },
    kernel::Secret,
};
use reqwest::Method;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::{chat::chat, created};
use crate::support::{TestServer, assert_answer, file_contains};

const TOKEN: &str = "planted-folder-token";

async fn with_folder(profile: Profile, token: Option<&str>) -> (TestServer, TempDir) {
    let documents = tempfile::tempdir().expect("a directory");
    let text = "# Guide\n\n## Backups\n\nA backup runs every night. It is kept for 30 days. The café 東京 is closed.\n";
    std::fs::write(documents.path().join("guide.md"), text).expect("it is written");
    let folder = FolderSettings {
        name: "manuals".to_owned(),
        path: documents.path().to_owned(),
        token: token.map(Secret::new),
    };
    let server = TestServer::with(|config| {
        config.server.profile = profile;
        config.connectors.folder = vec![folder];
    })
    .await;
    let scanned = folders::scan(server.server().app(), "manuals").await;
    assert_eq!(scanned.expect("it is scanned").files, 1);
    (server, documents)
}

async fn connectors(server: &TestServer) -> Vec<Value> {
    let listed = server.cohere(Method::GET, "/connectors", None).await;
    let listed = listed.expect(200).json();
    listed["connectors"].as_array().expect("connectors").clone()
}

#[tokio::test]
async fn chat_answers_from_a_folder() {
    // Without a token, and where private addresses are not called.
    for profile in [Profile::Dev, Profile::Production] {
        let (server, _documents) = with_folder(profile, None).await;
        let registered = connectors(&server).await;
        let id = registered[0]["id"].as_str().expect("an id");
        let body = json!({"message": "How long is a backup kept?", "connectors": [{"id": id}]});
        let mut answer = chat(&server, body).await;
        answer.text = answer.text.replace(id, "manuals");
        // When the file was written differs from run to run.
        let mut shown = answer.json();
        shown["documents"][0]["timestamp"] = json!("[time]");
        answer.text = shown.to_string();
        assert_answer!("from_a_folder", answer);
    }
}

#[tokio::test]
async fn chat_searches_a_folder_once_it_is_registered_and_no_more_after() {
    let (mut server, _documents) = with_folder(Profile::Dev, Some(TOKEN)).await;
    let first = connectors(&server).await;
    assert_eq!(first.len(), 1);
    // On another port, which it listens on now, it is the same connector.
    server.restart().await;
    let second = connectors(&server).await;
    assert_eq!(second.len(), 1);
    assert_eq!(second[0]["id"], first[0]["id"]);
    assert_eq!(
        second[0]["url"],
        json!(format!("{}/folders/manuals/search", server.server().url()))
    );
    // Who deletes it does not want it back.
    let path = format!("/connectors/{}", first[0]["id"].as_str().expect("an id"));
    server.cohere(Method::DELETE, &path, None).await.expect(200);
    server.restart().await;
    assert_eq!(connectors(&server).await, [json!(null); 0]);
}

#[tokio::test]
async fn chat_of_another_organization_needs_the_folders_token() {
    let (server, _documents) = with_folder(Profile::Dev, Some(TOKEN)).await;
    let other = server.other_workspace_with(KeyKind::Cohere).await;
    let url = format!("{}/folders/manuals/search", server.server().url());
    let create = async |token: &str| {
        let body =
            json!({"name": "x", "url": url, "service_auth": {"type": "bearer", "token": token}});
        server
            .cohere_as(&other, Method::POST, "/connectors", Some(body))
            .await
    };
    let refused = create("guessed").await.expect(400).json();
    let text = refused["message"].as_str().expect("a message");
    assert!(text.contains("status code 401"), "{text}");
    create(TOKEN).await.expect(200);
    // Without a token as well.
    let body = json!({"name": "x", "url": url});
    server
        .cohere_as(&other, Method::POST, "/connectors", Some(body))
        .await
        .expect(400);
    let own = created(
        &server,
        json!({"name": "x", "url": url, "service_auth": {"type": "bearer", "token": TOKEN}}),
    )
    .await;
    assert_eq!(
        own.get("service_auth").and_then(|auth| auth.get("token")),
        None
    );
}

#[tokio::test]
async fn chat_keeps_the_token_of_a_folder_sealed() {
    let (mut server, _documents) = with_folder(Profile::Dev, Some(TOKEN)).await;
    assert!(!json!(connectors(&server).await).to_string().contains(TOKEN));
    server.stop().await;
    assert!(!file_contains(&server.config.store.path, TOKEN));
}
