//! Public integrations.

use serde_json::{Value, json};

use super::{stranger, text, tidy};
use crate::{
    botpress::given::{Caller, Given},
    support::{TestServer, assert_answer},
};

/// The integration that every server has, and an older version of it.
const CHAT: &str = "chat@1.0.0";
const OLD_CHAT: &str = "chat@0.7.6";

const ALL: &str = "/v1/admin/hub/integrations";

async fn create(server: &TestServer, name: &str, version: &str, public: bool) -> String {
    let body = json!({"name": name, "version": version, "public": public});
    let made = Caller::member()
        .post(server, "/v1/admin/integrations", body)
        .await;
    text(&made.expect(200).json()["integration"]["id"])
}

fn names(page: &Value) -> Vec<String> {
    let all = page["integrations"].as_array().expect("integrations");
    all.iter()
        .map(|one| format!("{}@{}", text(&one["name"]), text(&one["version"])))
        .collect()
}

#[tokio::test]
async fn list_public_integrations_shows_those_of_every_workspace() {
    let server = TestServer::start().await;
    for (name, version, public) in [
        ("shared", "0.9.0", true),
        ("shared", "0.10.0", true),
        ("shared", "0.11.0", false),
        ("own", "1.0.0", false),
        ("other", "1.0.0", true),
    ] {
        create(&server, name, version, public).await;
    }
    let other = stranger(&server).await;
    for (query, expected) in [
        (
            "",
            vec![
                "other@1.0.0",
                "shared@0.10.0",
                "shared@0.9.0",
                CHAT,
                OLD_CHAT,
            ],
        ),
        (
            "?version=latest",
            vec!["other@1.0.0", "shared@0.10.0", CHAT],
        ),
        ("?name=shared&version=0.9.0", vec!["shared@0.9.0"]),
        ("?name=own", vec![]),
    ] {
        for caller in [Caller::person(), other.clone()] {
            let page = caller.get(&server, &format!("{ALL}{query}")).await;
            assert_eq!(names(&page.expect(200).json()), expected, "{query}");
        }
    }
    let bad = Caller::person()
        .get(&server, &format!("{ALL}?nextToken=x"))
        .await;
    assert_answer!(bad.expect(400));
}

#[tokio::test]
async fn list_public_integrations_is_paged() {
    let server = TestServer::start().await;
    for number in 0..21 {
        create(&server, "shared", &format!("0.0.{number}"), true).await;
    }
    let first = Caller::person().get(&server, ALL).await.json();
    assert_eq!(names(&first).len(), 20);
    let token = first["meta"]["nextToken"].as_str().expect("a token");
    let token: String = url::form_urlencoded::byte_serialize(token.as_bytes()).collect();
    let second = Caller::person()
        .get(&server, &format!("{ALL}?nextToken={token}"))
        .await;
    assert_eq!(names(&second.json()), ["shared@0.0.0", CHAT, OLD_CHAT]);
}

#[tokio::test]
async fn get_public_integration_by_id_is_for_everyone() {
    let server = TestServer::start().await;
    let public = create(&server, "shared", "1.0.0", true).await;
    let own = create(&server, "own", "1.0.0", false).await;
    let other = stranger(&server).await;
    let found = other
        .get(&server, &format!("{ALL}/{public}"))
        .await
        .expect(200);
    assert_answer!(
        "get_public_integration_by_id",
        tidy(&server, found, &[(&public, "{id}")])
    );
    for id in [own.as_str(), "none"] {
        let missing = Caller::person().get(&server, &format!("{ALL}/{id}")).await;
        assert_eq!(missing.expect(404).json()["type"], "ResourceNotFound");
    }
}

#[tokio::test]
async fn get_public_integration_finds_the_latest() {
    let server = TestServer::start().await;
    create(&server, "acme/shared", "0.9.0", true).await;
    create(&server, "acme/shared", "0.10.0", true).await;
    create(&server, "acme/shared", "0.11.0", false).await;
    let get = |version: &str| format!("{ALL}/acme%2Fshared/{version}");
    let other = stranger(&server).await;
    let latest = other.get(&server, &get("latest")).await.expect(200).json();
    assert_eq!(latest["integration"]["version"], "0.10.0");
    other.get(&server, &get("0.9.0")).await.expect(200);
    let hidden = other.get(&server, &get("0.11.0")).await;
    assert_answer!("get_public_integration_hidden", hidden.expect(404));
}

#[tokio::test]
async fn create_integration_sets_the_visibility() {
    let server = TestServer::start().await;
    let other = stranger(&server).await;
    for (name, body, visibility) in [
        ("a1", json!({"visibility": "unlisted"}), "unlisted"),
        (
            "b1",
            json!({"visibility": "public", "public": false}),
            "public",
        ),
        (
            "c1",
            json!({"visibility": "private", "public": true}),
            "private",
        ),
        ("d1", json!({"public": true}), "public"),
    ] {
        let mut body = body;
        body["name"] = json!(name);
        body["version"] = json!("1.0.0");
        let made = Caller::member()
            .post(&server, "/v1/admin/integrations", body)
            .await;
        let made = made.expect(200).json()["integration"].clone();
        assert_eq!(made["visibility"], visibility);
        assert_eq!(made["public"], visibility != "private");
        let read = other.get(&server, &format!("{ALL}/{name}/latest")).await;
        assert_eq!(read.status == 200, visibility != "private", "{name}");
        let list = other
            .get(&server, &format!("{ALL}?name={name}"))
            .await
            .json();
        assert_eq!(
            names(&list).len(),
            usize::from(visibility == "public"),
            "{name}"
        );
        let path = format!("/v1/admin/integrations/{}", text(&made["id"]));
        let hidden = json!({"visibility": "unlisted"});
        let hidden = Caller::member()
            .put(&server, &path, hidden)
            .await
            .expect(200);
        assert_eq!(hidden.json()["integration"]["visibility"], "unlisted");
    }
    let list = Caller::member()
        .get(&server, "/v1/admin/integrations?name=d1")
        .await;
    let entry = &list.expect(200).json()["integrations"][0];
    assert_eq!(entry["ownerWorkspace"]["id"], crate::support::WORKSPACE);
    assert_eq!(entry["meta"], json!({"installs": 0, "views": 0}));
}

#[tokio::test]
async fn get_public_integration_needs_a_person() {
    let given = Given::new().await;
    let bot = Caller::with(&given.bot_token);
    let refused = bot.get(&given.server, &format!("{ALL}/whint/0.1.0")).await;
    refused.expect(403);
}

#[tokio::test]
async fn update_bot_installs_public_integrations_of_others() {
    let server = TestServer::start().await;
    let id = create(&server, "shared", "1.0.0", true).await;
    let other = stranger(&server).await;
    let bot = other
        .post(&server, "/v1/admin/bots", json!({}))
        .await
        .expect(200)
        .json();
    let path = format!("/v1/admin/bots/{}", text(&bot["bot"]["id"]));
    let body = json!({"integrations": {&id: {}}});
    other.put(&server, &path, body).await.expect(200);
    let integration = format!("/v1/admin/integrations/{id}");
    Caller::member()
        .delete(&server, &integration)
        .await
        .expect(409);
    let hidden = json!({"public": false});
    Caller::member()
        .put(&server, &integration, hidden)
        .await
        .expect(409);
}
