//! Interfaces of a workspace, and the integrations that implement them.

use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::{Value, json};

use super::{role, stranger, text, tidy};
use crate::{
    botpress::given::Caller,
    support::{TestServer, assert_answer},
};

const ALL: &str = "/v1/admin/interfaces";
const INTEGRATIONS: &str = "/v1/admin/integrations";

/// A reference to the entity `item`.
fn item() -> Value {
    json!({"$ref": "item", "x-zui": {"title": "Item"}})
}

fn with_item() -> Value {
    json!({"schema": {"type": "object", "required": ["item"], "properties": {"item": item()}}})
}

pub fn whole() -> Value {
    json!({
        "name": "readable",
        "version": "1.2.3",
        "title": "Readable",
        "description": "Reads items",
        "entities": {"item": {"title": "Item", "schema": {
            "type": "object", "required": ["id"], "properties": {"id": {"type": "string"}},
        }}},
        "events": {"changed": {
            "schema": {"allOf": [item(), {"type": "object"}]},
            "attributes": {"hidden": "true"},
        }},
        "actions": {"read": {
            "title": "Read",
            "billable": true,
            "cacheable": false,
            "attributes": {"color": "blue", "size": "small"},
            "input": {"schema": {"type": "object", "properties": {"id": {"type": "string"}}}},
            "output": with_item(),
        }},
        "channels": {"thread": {"title": "Thread", "messages": {
            "text": {"schema": {"type": "object"}},
            "image": {"schema": {"type": "object"}},
        }}},
        "nameTemplate": {"script": "{{name}}", "language": "handlebars"},
        "attributes": {"family": "items"},
        "sdkVersion": "7.2.2",
        "icon": BASE64_STANDARD.encode("<svg xmlns=\"http://www.w3.org/2000/svg\"></svg>"),
        "readme": BASE64_STANDARD.encode("# Readable"),
        "public": true,
        "unknown": {"member": 1},
    })
}

pub async fn create(server: &TestServer, body: Value) -> Value {
    let created = Caller::member().post(server, ALL, body).await;
    created.expect(200).json()["interface"].clone()
}

async fn version(server: &TestServer, name: &str, version: &str) -> String {
    let created = create(server, json!({"name": name, "version": version})).await;
    text(&created["id"])
}

/// An integration that implements the interface with this id.
fn implementation(id: &str) -> Value {
    json!({
        "name": "store",
        "version": "0.1.0",
        "entities": {"book": {"schema": {"type": "object"}}},
        "actions": {"readBook": {
            "input": {"schema": {"type": "object"}},
            "output": {"schema": {"type": "object", "properties": {"item": {"$ref": "book"}}}},
        }},
        "events": {"bookChanged": {"schema": {}}},
        "interfaces": {"readable<book>": {
            "id": id,
            "entities": {"item": {"name": "book"}},
            "actions": {"read": {"name": "readBook"}},
            "events": {"changed": {"name": "bookChanged"}},
        }},
    })
}

#[tokio::test]
async fn create_interface_keeps_what_it_defines() {
    let server = TestServer::start().await;
    let created = Caller::member()
        .post(&server, ALL, whole())
        .await
        .expect(200);
    let interface = created.json()["interface"].clone();
    let id = text(&interface["id"]);
    for path in [format!("{ALL}/{id}"), format!("{ALL}/readable/1.2.3")] {
        let read = Caller::member().get(&server, &path).await;
        assert_eq!(read.expect(200).json(), created.json());
    }
    for (member, contains) in [("iconUrl", "<svg"), ("readmeUrl", "# Readable")] {
        let url = text(&interface[member]);
        let path = url.strip_prefix(&server.server().url()).expect("a path");
        let file = Caller::with("").get(&server, path).await.expect(200);
        assert!(file.text.contains(contains), "{member}: {}", file.text);
    }
    assert_answer!(tidy(&server, created, &[(&id, "{id}")]));
}

#[tokio::test]
async fn create_interface_refuses_what_is_malformed() {
    let server = TestServer::start().await;
    let long = "x".repeat(201);
    for (name, member) in [
        ("name", json!({"name": "Upper case"})),
        ("version", json!({"version": "latest"})),
        (
            "identifier",
            json!({"events": {"no-hyphens": {"schema": {}}}}),
        ),
        ("entity", json!({"entities": {"a/b": {"schema": {}}}})),
        (
            "schema",
            json!({"entities": {"item": {"schema": {"type": 5}}}}),
        ),
        (
            "reference",
            json!({"entities": {"item": {"schema": {"$ref": "#/missing"}}}}),
        ),
        ("attribute", json!({"attributes": {"color": long}})),
        ("icon", json!({"icon": "PGh0bWw+"})),
        ("title", json!({"title": ""})),
        ("missing", json!({"version": null})),
    ] {
        let mut body = json!({"name": "readable", "version": "1.0.0"});
        for (name, value) in member.as_object().expect("an object") {
            body[name] = value.clone();
        }
        let refused = Caller::member().post(&server, ALL, body).await.expect(400);
        insta::assert_snapshot!(format!("create_interface_{name}"), refused.shown());
    }
}

#[tokio::test]
async fn create_interface_takes_each_version_once() {
    let server = TestServer::start().await;
    let body = json!({"name": "readable", "version": "1.0.0"});
    create(&server, body.clone()).await;
    let again = Caller::member().post(&server, ALL, body.clone()).await;
    assert_answer!("create_interface_again", again.expect(409));
    create(
        &server,
        json!({"name": "shared", "version": "1.0.0", "public": true}),
    )
    .await;
    let other = stranger(&server).await;
    other.post(&server, ALL, body).await.expect(200);
    // The name of a public version is its owner's: ranges select among all versions of a name.
    let public = json!({"name": "shared", "version": "2.0.0", "public": true});
    let taken = other.post(&server, ALL, public).await;
    assert_answer!("create_interface_of_another", taken.expect(409));
    other
        .post(&server, ALL, json!({"name": "shared", "version": "1.0.0"}))
        .await
        .expect(200);
}

#[tokio::test]
async fn create_interface_needs_a_developer_and_room() {
    let server = TestServer::with(|config| config.bounds.interfaces = 1).await;
    let body = |version: &str| json!({"name": "readable", "version": version});
    let viewer = role(&server, "viewer").await;
    viewer.post(&server, ALL, body("1.0.0")).await.expect(403);
    let workspace = crate::support::WORKSPACE;
    let stranger = Caller::with("bp_pat_unknown").header("x-workspace-id", workspace);
    stranger.post(&server, ALL, body("1.0.0")).await.expect(401);
    let developer = role(&server, "developer").await;
    developer
        .post(&server, ALL, body("1.0.0"))
        .await
        .expect(200);
    let refused = developer.post(&server, ALL, body("1.0.1")).await;
    assert_answer!(refused.expect(413));
    let large = json!({"entities": {"item": {"schema": {"description": "x".repeat(1 << 20)}}}});
    let path = format!("{ALL}/readable/1.0.0");
    let known = developer.get(&server, &path).await.json();
    let path = format!("{ALL}/{}", text(&known["interface"]["id"]));
    let refused = developer.put(&server, &path, large).await.expect(413);
    assert_eq!(refused.json()["type"], "LimitExceeded");
}

#[tokio::test]
async fn update_interface_sets_what_is_named_and_removes_what_is_null() {
    let server = TestServer::start().await;
    let id = text(&create(&server, whole()).await["id"]);
    let body = json!({
        "title": "Renamed",
        "entities": {"other": {"schema": {}}},
        "events": {"changed": null},
        "actions": {"read": {
            "input": {"schema": {}},
            "output": {"schema": {}},
            "attributes": {"size": null, "shape": "round"},
        }},
        "channels": {"thread": {"messages": {"image": null, "file": {"schema": {}}}}},
        "nameTemplate": null,
        "attributes": {"family": null},
        "public": false,
    });
    let path = format!("{ALL}/{id}");
    let updated = Caller::member().put(&server, &path, body).await.expect(200);
    let read = Caller::member().get(&server, &path).await;
    assert_eq!(read.json(), updated.json());
    let hidden = format!("/v1/admin/hub/interfaces/{id}");
    Caller::person().get(&server, &hidden).await.expect(404);
    assert_answer!(tidy(&server, updated, &[(&id, "{id}")]));
}

#[tokio::test]
async fn update_interface_refuses_what_is_malformed_or_anothers() {
    let server = TestServer::start().await;
    let path = format!("{ALL}/{}", version(&server, "readable", "1.0.0").await);
    let entity = json!({"entities": {"a b": {"schema": {}}}});
    let refused = Caller::member().put(&server, &path, entity).await;
    assert_answer!("update_interface_entity", refused.expect(400));
    let title = json!({"title": "Theirs"});
    let other = stranger(&server).await;
    other.put(&server, &path, title.clone()).await.expect(404);
    let viewer = role(&server, "viewer").await;
    viewer.put(&server, &path, title.clone()).await.expect(403);
    let missing = Caller::member()
        .put(&server, &format!("{ALL}/none"), title)
        .await;
    assert_answer!("update_interface_missing", missing.expect(404));
}

#[tokio::test]
async fn list_interfaces_filters_and_pages() {
    let server = TestServer::start().await;
    for (name, number) in [("a1", "0.9.0"), ("a1", "0.10.0"), ("b1", "1.0.0")] {
        version(&server, name, number).await;
    }
    let names = |page: &Value| {
        let all = page["interfaces"].as_array().expect("interfaces");
        all.iter()
            .map(|one| format!("{}@{}", text(&one["name"]), text(&one["version"])))
            .collect::<Vec<_>>()
    };
    for (query, expected) in [
        ("", vec!["b1@1.0.0", "a1@0.10.0", "a1@0.9.0"]),
        ("?version=latest", vec!["b1@1.0.0", "a1@0.10.0"]),
        ("?name=a1&version=0.9.0", vec!["a1@0.9.0"]),
        ("?name=none", vec![]),
    ] {
        let page = Caller::member()
            .get(&server, &format!("{ALL}{query}"))
            .await;
        assert_eq!(names(&page.expect(200).json()), expected, "{query}");
    }
    let theirs = stranger(&server).await.get(&server, ALL).await;
    assert_eq!(names(&theirs.expect(200).json()), [""; 0]);
    let bad = Caller::member()
        .get(&server, &format!("{ALL}?nextToken=x"))
        .await;
    assert_eq!(bad.expect(400).json()["type"], "InvalidQuery");
    for number in 0..20 {
        version(&server, "c1", &format!("0.0.{number}")).await;
    }
    let first = Caller::member().get(&server, ALL).await.json();
    let token = text(&first["meta"]["nextToken"]);
    let token: String = url::form_urlencoded::byte_serialize(token.as_bytes()).collect();
    let second = Caller::member()
        .get(&server, &format!("{ALL}?nextToken={token}"))
        .await;
    assert_eq!(names(&first).len(), 20);
    assert_eq!(names(&second.json()), ["b1@1.0.0", "a1@0.10.0", "a1@0.9.0"]);
}

#[tokio::test]
async fn get_interface_by_name_finds_the_highest_of_a_range() {
    let server = TestServer::start().await;
    for number in ["0.9.0", "0.10.0", "1.0.0-rc.1", "1.2.0", "2.0.0"] {
        version(&server, "acme/readable", number).await;
    }
    let get = |version: &str| format!("{ALL}/acme%2Freadable/{version}");
    for (wanted, found) in [
        ("latest", "2.0.0"),
        ("0.9.0", "0.9.0"),
        ("%3C1.0.0", "0.10.0"),
        ("%3E%3D1.0.0%20%3C2.0.0", "1.2.0"),
        ("%5E0.9.0", "0.9.0"),
        ("1.x", "1.2.0"),
        ("%3E%3D1.0.0-rc.0%20%3C1.0.0", "1.0.0-rc.1"),
    ] {
        let read = Caller::member()
            .get(&server, &get(wanted))
            .await
            .expect(200);
        assert_eq!(read.json()["interface"]["version"], found, "{wanted}");
    }
    let none = Caller::member().get(&server, &get("%3E3")).await;
    assert_answer!("get_interface_by_name_missing", none.expect(404));
    let bad = Caller::member().get(&server, &get("newest")).await;
    assert_answer!("get_interface_by_name_bad", bad.expect(400));
    let other = stranger(&server).await;
    other.get(&server, &get("0.9.0")).await.expect(404);
}

#[tokio::test]
async fn get_interface_is_not_for_others() {
    let server = TestServer::start().await;
    let path = format!("{ALL}/{}", version(&server, "readable", "1.0.0").await);
    let viewer = role(&server, "viewer").await;
    viewer.get(&server, &path).await.expect(200);
    let other = stranger(&server).await;
    other.get(&server, &path).await.expect(404);
    // An id of another kind is a missing interface.
    let body = json!({"name": "whint", "version": "1.0.0"});
    let integration = Caller::member()
        .post(&server, INTEGRATIONS, body)
        .await
        .json();
    let id = text(&integration["integration"]["id"]);
    let missing = Caller::member().get(&server, &format!("{ALL}/{id}")).await;
    assert_eq!(missing.expect(404).json()["type"], "ResourceNotFound");
}

#[tokio::test]
async fn delete_interface_waits_for_its_implementations() {
    let server = TestServer::start().await;
    let id = text(&create(&server, whole()).await["id"]);
    let path = format!("{ALL}/{id}");
    let implemented = Caller::member()
        .post(&server, INTEGRATIONS, implementation(&id))
        .await
        .expect(200)
        .json();
    let refused = Caller::member().delete(&server, &path).await;
    assert_answer!("delete_interface_in_use", refused.expect(409));
    let integration = text(&implemented["integration"]["id"]);
    let integration = format!("{INTEGRATIONS}/{integration}");
    Caller::member()
        .delete(&server, &integration)
        .await
        .expect(200);
    let viewer = role(&server, "viewer").await;
    viewer.delete(&server, &path).await.expect(403);
    Caller::member().delete(&server, &path).await.expect(200);
    let missing = Caller::member().delete(&server, &path).await;
    assert_answer!("delete_interface_missing", missing.expect(404));
}

#[tokio::test]
async fn create_integration_implements_interfaces() {
    let server = TestServer::start().await;
    let id = text(&create(&server, whole()).await["id"]);
    let implemented = Caller::member()
        .post(&server, INTEGRATIONS, implementation(&id))
        .await
        .expect(200);
    let integration = implemented.json()["integration"].clone();
    let of_output = &integration["actions"]["readBook"]["output"]["schema"];
    assert_eq!(of_output["properties"]["item"], json!({"$ref": "book"}));
    insta::assert_snapshot!(
        serde_json::to_string_pretty(&integration["interfaces"])
            .expect("JSON")
            .replace(&id, "{id}")
    );
    let body = json!({"name": "plain", "version": "0.1.0"});
    Caller::member()
        .post(&server, INTEGRATIONS, body)
        .await
        .expect(200);
    let count = async |query: &str| {
        let page = Caller::member()
            .get(&server, &format!("{INTEGRATIONS}?{query}"))
            .await;
        page.expect(200).json()["integrations"]
            .as_array()
            .expect("a list")
            .len()
    };
    assert_eq!(count(&format!("interfaceId={id}")).await, 1);
    assert_eq!(count("interfaceName=readable").await, 1);
    assert_eq!(count("interfaceName=read").await, 0);
    assert_eq!(
        count(&format!("interfaceId={}", text(&integration["id"]))).await,
        0
    );
    // Null removes the implementation, and the action stays.
    let path = format!("{INTEGRATIONS}/{}", text(&integration["id"]));
    let body = json!({"interfaces": {"readable<book>": null}});
    let updated = Caller::member()
        .put(&server, &path, body)
        .await
        .expect(200)
        .json();
    assert_eq!(updated["integration"]["interfaces"], json!({}));
    assert!(updated["integration"]["actions"]["readBook"].is_object());
    assert_eq!(count(&format!("interfaceId={id}")).await, 0);
}

#[tokio::test]
async fn create_integration_refuses_broken_implementations() {
    let server = TestServer::with(|config| config.bounds.implementations = 1).await;
    let id = text(&create(&server, whole()).await["id"]);
    let private = version(&server, "hidden", "1.0.0").await;
    let other = stranger(&server).await;
    let foreign = implementation(&private);
    let refused = other.post(&server, INTEGRATIONS, foreign).await.expect(400);
    assert_eq!(
        refused.json()["type"],
        "ReferenceNotFound",
        "{}",
        refused.text
    );
    let key = "readable<book>";
    for (name, member, value) in [
        ("id", "id", json!("00000000-0000-4000-8000-000000000000")),
        ("entity", "entities", json!({"item": {"name": "none"}})),
        ("unmapped", "actions", json!({})),
        ("event", "events", json!({"changed": {"name": "none"}})),
    ] {
        let mut body = implementation(&id);
        body["interfaces"][key][member] = value;
        let refused = Caller::member().post(&server, INTEGRATIONS, body).await;
        let name = format!("create_integration_implementation_{name}");
        insta::assert_snapshot!(name, refused.expect(400).shown());
    }
    let mut body = implementation(&id);
    body["interfaces"]["other"] = body["interfaces"][key].clone();
    let refused = Caller::member().post(&server, INTEGRATIONS, body).await;
    assert!(refused.expect(413).text.contains("bounds.implementations"));
    // A mapped action cannot be removed alone.
    let made = Caller::member()
        .post(&server, INTEGRATIONS, implementation(&id))
        .await;
    let path = format!(
        "{INTEGRATIONS}/{}",
        text(&made.expect(200).json()["integration"]["id"])
    );
    let body = json!({"actions": {"readBook": null}});
    Caller::member().put(&server, &path, body).await.expect(400);
    let body = json!({"actions": {"readBook": null}, "interfaces": {key: null}});
    Caller::member().put(&server, &path, body).await.expect(200);
}
