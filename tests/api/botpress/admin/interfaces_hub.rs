//! Public interfaces, and those that the server has by itself.

use serde_json::{Value, json};

use super::{interfaces::create, stranger, text, tidy};
use crate::{
    botpress::given::{Caller, Given},
    support::{TestServer, assert_answer},
};

const HUB: &str = "/v1/admin/hub/interfaces";

/// The interfaces of a fresh server: names and versions of botpress-today.md §0.9.
const SHIPPED: [&str; 14] = [
    "creatable@0.0.3",
    "deletable@0.0.3",
    "files-readonly@0.3.0",
    "hitl@2.1.0",
    "listable@0.0.3",
    "llm@11.0.0",
    "message-state@0.0.1",
    "proactive-conversation@0.0.4",
    "proactive-user@0.0.3",
    "readable@0.0.3",
    "speech-to-text@2.0.2",
    "text-to-image@2.1.2",
    "typing-indicator@0.0.4",
    "updatable@0.0.3",
];

fn names(page: &Value) -> Vec<String> {
    let all = page["interfaces"].as_array().expect("interfaces");
    let mut names: Vec<String> = all
        .iter()
        .map(|one| format!("{}@{}", text(&one["name"]), text(&one["version"])))
        .collect();
    names.sort();
    names
}

async fn publish(server: &TestServer, name: &str, version: &str) -> String {
    let body = json!({"name": name, "version": version, "public": true});
    text(&create(server, body).await["id"])
}

#[tokio::test]
async fn list_public_interfaces_has_those_of_a_fresh_server() {
    let mut server = TestServer::start().await;
    let page = Caller::person().get(&server, HUB).await.expect(200);
    assert_eq!(names(&page.json()), SHIPPED);
    assert_answer!(tidy(&server, page, &[]));
    server.restart().await;
    let page = Caller::person().get(&server, HUB).await.expect(200);
    assert_eq!(names(&page.json()), SHIPPED);
    let own = Caller::member().get(&server, "/v1/admin/interfaces").await;
    assert_eq!(names(&own.json()), [""; 0]);
}

#[tokio::test]
async fn get_public_interface_shows_the_shipped_ones() {
    let server = TestServer::start().await;
    let mut found = Vec::new();
    for shipped in SHIPPED {
        let (name, version) = shipped.split_once('@').expect("a version");
        let read = Caller::person()
            .get(&server, &format!("{HUB}/{name}/{version}"))
            .await;
        let read = read.expect(200).json()["interface"].clone();
        let by_id = Caller::person()
            .get(&server, &format!("{HUB}/{}", text(&read["id"])))
            .await;
        assert_eq!(by_id.expect(200).json()["interface"], read);
        let parts = ["entities", "actions", "events", "channels"].map(|part| {
            let parts = read[part].as_object().expect("an object");
            parts.keys().cloned().collect::<Vec<_>>().join(" ")
        });
        found.push(format!("{shipped}: {}", parts.join(" | ")));
    }
    insta::assert_snapshot!(found.join("\n"));
}

#[tokio::test]
async fn get_public_interface_prefers_published_ones() {
    let server = TestServer::start().await;
    let get = async |version: &str| {
        let read = Caller::person()
            .get(&server, &format!("{HUB}/hitl/{version}"))
            .await;
        read.expect(200).json()["interface"].clone()
    };
    let shipped = get("2.1.0").await;
    let older = publish(&server, "hitl", "2.0.0").await;
    // A published version precedes a shipped one that is higher.
    for version in ["latest", "%3E%3D2.0.0%20%3C3.0.0", "2.0.0"] {
        assert_eq!(get(version).await["id"], older, "{version}");
    }
    assert_eq!(get("2.1.0").await["id"], shipped["id"]);
    let same = publish(&server, "hitl", "2.1.0").await;
    assert_eq!(get("2.1.0").await["id"], same);
    let page = Caller::person()
        .get(&server, &format!("{HUB}?name=hitl"))
        .await;
    assert_eq!(names(&page.json()), ["hitl@2.0.0", "hitl@2.1.0"]);
    // Code that was made for the shipped one contains its id.
    let path = format!("{HUB}/{}", text(&shipped["id"]));
    assert_eq!(
        Caller::person().get(&server, &path).await.json()["interface"],
        shipped
    );
    let missing = Caller::person()
        .get(&server, &format!("{HUB}/hitl/1.0.0"))
        .await;
    assert_answer!("get_public_interface_missing", missing.expect(404));
    let bad = Caller::person()
        .get(&server, &format!("{HUB}/hitl/newest"))
        .await;
    assert_eq!(bad.expect(400).json()["type"], "InvalidQuery");
}

#[tokio::test]
async fn get_public_interface_by_id_hides_private_ones() {
    let server = TestServer::start().await;
    let private = text(&create(&server, json!({"name": "a1", "version": "1.0.0"})).await["id"]);
    let public = publish(&server, "b1", "1.0.0").await;
    let other = stranger(&server).await;
    other
        .get(&server, &format!("{HUB}/{public}"))
        .await
        .expect(200);
    for id in [private.as_str(), "none"] {
        let missing = Caller::person().get(&server, &format!("{HUB}/{id}")).await;
        assert_eq!(missing.expect(404).json()["type"], "ResourceNotFound");
    }
    let hidden = Caller::person()
        .get(&server, &format!("{HUB}/a1/latest"))
        .await;
    hidden.expect(404);
}

#[tokio::test]
async fn create_integration_implements_a_shipped_interface() {
    let server = TestServer::start().await;
    let read = Caller::person()
        .get(&server, &format!("{HUB}/typing-indicator/latest"))
        .await;
    let id = text(&read.json()["interface"]["id"]);
    let schema = json!({"schema": {"type": "object"}});
    let action = json!({"input": schema, "output": schema});
    let body = json!({
        "name": "chatter",
        "version": "0.1.0",
        "actions": {"startTypingIndicator": action},
        "interfaces": {"typing-indicator": {
            "id": id,
            "actions": {"startTypingIndicator": {"name": "startTypingIndicator"}},
        }},
    });
    let made = Caller::member()
        .post(&server, "/v1/admin/integrations", body)
        .await;
    let interfaces = made.expect(200).json()["integration"]["interfaces"].clone();
    assert_eq!(interfaces["typing-indicator"]["version"], "0.0.4");
    let path = format!("/v1/admin/interfaces/{id}");
    Caller::member().delete(&server, &path).await.expect(404);
    let title = json!({"title": "Theirs"});
    Caller::member()
        .put(&server, &path, title)
        .await
        .expect(404);
}

#[tokio::test]
async fn list_public_interfaces_needs_a_person() {
    let given = Given::new().await;
    let bot = Caller::with(&given.bot_token);
    bot.get(&given.server, HUB).await.expect(403);
    let unknown = Caller::with("bp_pat_unknown");
    unknown.get(&given.server, HUB).await.expect(401);
    let bad = Caller::person()
        .get(&given.server, &format!("{HUB}?nextToken=x"))
        .await;
    assert_eq!(bad.expect(400).json()["type"], "InvalidQuery");
}
