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

/// The vendor's CLI finds a shipped interface in the Hub, and updates it by that id.
#[tokio::test]
async fn update_interface_copies_a_shipped_one_into_the_workspace() {
    let server = TestServer::start().await;
    let member = Caller::member();
    let read = Caller::person()
        .get(&server, &format!("{HUB}/hitl/2.1.0"))
        .await;
    let shipped = read.expect(200).json()["interface"].clone();
    let path = format!("/v1/admin/interfaces/{}", text(&shipped["id"]));
    for bad in [json!({"title": 5}), json!({"icon": "AAAA"})] {
        member.put(&server, &path, bad).await.expect(400);
    }
    let by_name = "/v1/admin/interfaces/hitl/2.1.0";
    member.get(&server, by_name).await.expect(404);
    let body = json!({"title": "Ours", "actions": {"stopHitl": null}});
    let own = member.put(&server, &path, body).await.expect(200).json()["interface"].clone();
    assert_ne!(own["id"], shipped["id"]);
    assert_eq!(own["name"], "hitl");
    assert_eq!(own["version"], "2.1.0");
    assert_eq!(own["title"], "Ours");
    assert_eq!(own["public"], false);
    assert_eq!(own["description"], shipped["description"]);
    assert_eq!(own["channels"], shipped["channels"]);
    let mut actions = shipped["actions"].clone();
    actions
        .as_object_mut()
        .expect("actions")
        .remove("stopHitl")
        .expect("an action");
    assert_eq!(own["actions"], actions);
    let found = member.get(&server, by_name).await.expect(200).json();
    assert_eq!(found["interface"], own);
    // The Hub has the copy only once it is public. The same update by the shipped id is one of the copy.
    let get = async || {
        let read = Caller::person()
            .get(&server, &format!("{HUB}/hitl/2.1.0"))
            .await;
        read.expect(200).json()["interface"].clone()
    };
    assert_eq!(get().await, shipped);
    let again = member
        .put(&server, &path, json!({"public": true}))
        .await
        .expect(200)
        .json();
    assert_eq!(again["interface"]["id"], own["id"]);
    assert_eq!(get().await["id"], own["id"]);
    let other = stranger(&server).await;
    let theirs = other
        .put(&server, &path, json!({"title": "Theirs"}))
        .await
        .expect(200)
        .json();
    assert_ne!(theirs["interface"]["id"], own["id"]);
    assert_eq!(theirs["interface"]["actions"], shipped["actions"]);
    other
        .put(&server, &path, json!({"public": true}))
        .await
        .expect(409);
    let by_id = Caller::person()
        .get(&server, &format!("{HUB}/{}", text(&shipped["id"])))
        .await;
    assert_eq!(by_id.expect(200).json()["interface"], shipped);
    member.delete(&server, &path).await.expect(404);
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
