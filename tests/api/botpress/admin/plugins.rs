//! Plugins of a workspace, and public ones.

use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::{Value, json};

use super::{interfaces, role, stranger, text, tidy};
use crate::{
    botpress::given::{Caller, Given},
    support::{TestServer, assert_answer},
};

pub const ALL: &str = "/v1/admin/plugins";
const HUB: &str = "/v1/admin/hub/plugins";

/// A plugin that needs an interface and an integration.
pub fn whole(interface: &str, integration: &str) -> Value {
    let item = json!({"$ref": "interface:item-source/entities/item", "title": "The item"});
    json!({
        "name": "reader",
        "version": "1.2.3",
        "title": "Reader",
        "description": "Reads items",
        "code": {"node": "module.exports = {}", "browser": "export default {}"},
        "configuration": {"title": "Settings", "schema": {
            "type": "object",
            "required": ["foo"],
            "properties": {"foo": {"type": "string"}, "item": item},
        }},
        "states": {"memory": {"type": "conversation", "schema": {
            "type": "object", "properties": {"last": item},
        }}},
        "events": {"done": {"schema": {"type": "object", "properties": {"item": item}}}},
        "actions": {"doSomething": {
            "attributes": {"color": "blue"},
            "input": {"schema": {"type": "object", "properties": {"item": item}}},
            "output": {"schema": {"type": "object", "items": [item]}},
        }},
        "user": {"tags": {"level": {"title": "Level"}}},
        "conversation": {"tags": {"topic": {}}},
        "message": {"tags": {"kind": {}}},
        "dependencies": {
            "interfaces": {"item-source": {
                "id": interface, "name": "readable", "version": ">=1.0.0 <2.0.0", "extra": {},
            }},
            "integrations": {"store": {"id": integration, "name": "store", "version": "0.1.0"}},
        },
        "attributes": {"family": "items"},
        "readme": BASE64_STANDARD.encode("# Reader"),
        "visibility": "public",
        "definition": {"ignored": true},
    })
}

/// An integration that implements the interface `readable` by its entity `book`, which has a color.
pub async fn store(server: &TestServer, interface: &str, public: bool) -> String {
    let object = json!({"type": "object"});
    let body = json!({
        "name": "store",
        "version": "0.1.0",
        "public": public,
        "entities": {"book": {"schema": {
            "type": "object",
            "properties": {"id": {"type": "string"}, "color": {"type": "string"}},
        }}},
        "actions": {"readBook": {"input": {"schema": object}, "output": {"schema": object}}},
        "interfaces": {"readable<book>": {
            "id": interface,
            "entities": {"item": {"name": "book"}},
            "actions": {"read": {"name": "readBook"}},
        }},
    });
    let created = Caller::member()
        .post(server, "/v1/admin/integrations", body)
        .await;
    text(&created.expect(200).json()["integration"]["id"])
}

pub async fn create(server: &TestServer, body: Value) -> Value {
    let created = Caller::member().post(server, ALL, body).await;
    created.expect(200).json()["plugin"].clone()
}

fn small(version: &str, visibility: &str) -> Value {
    json!({
        "name": "reader", "version": version, "visibility": visibility,
        "code": {"node": "", "browser": ""},
    })
}

/// The ids of an interface, an integration that implements it, and a plugin that needs both.
pub async fn with_dependencies(server: &TestServer) -> (String, String, String) {
    let interface = text(&interfaces::create(server, interfaces::whole()).await["id"]);
    let integration = store(server, &interface, true).await;
    let plugin = create(server, whole(&interface, &integration)).await;
    (interface, integration, text(&plugin["id"]))
}

#[tokio::test]
async fn create_plugin_keeps_what_it_defines() {
    let server = TestServer::start().await;
    let interface = text(&interfaces::create(&server, interfaces::whole()).await["id"]);
    let integration = store(&server, &interface, true).await;
    let body = whole(&interface, &integration);
    let created = Caller::member().post(&server, ALL, body).await.expect(200);
    let id = text(&created.json()["plugin"]["id"]);
    for path in [
        format!("{ALL}/{id}"),
        format!("{ALL}/reader/1.2.3"),
        format!("{ALL}/reader/%5E1.0.0"),
        format!("{HUB}/{id}"),
        format!("{HUB}/reader/latest"),
    ] {
        let read = Caller::member().get(&server, &path).await;
        assert_eq!(read.expect(200).json(), created.json(), "{path}");
    }
    let ids = [
        (id.as_str(), "{id}"),
        (&interface, "{interface}"),
        (&integration, "{integration}"),
    ];
    assert_answer!(tidy(&server, created, &ids));
}

#[tokio::test]
async fn create_plugin_refuses_what_is_malformed() {
    let server = TestServer::start().await;
    let none = "00000000-0000-4000-8000-000000000000";
    for (name, member) in [
        ("name", json!({"name": "Upper case"})),
        ("version", json!({"version": "1"})),
        ("code", json!({"code": {"node": "x"}})),
        (
            "state",
            json!({"states": {"a#b": {"type": "bot", "schema": {}}}}),
        ),
        ("schema", json!({"configuration": {"schema": {"type": 5}}})),
        ("visibility", json!({"visibility": "secret"})),
        ("tag", json!({"user": {"tags": {"a:b": {}}}})),
        (
            "interface",
            json!({"dependencies": {"interfaces": {
                "a": {"id": none, "name": "a", "version": "1.0.0"},
            }}}),
        ),
        (
            "integration",
            json!({"dependencies": {"integrations": {
                "a": {"id": none, "name": "a", "version": "1.0.0"},
            }}}),
        ),
    ] {
        let mut body = small("1.0.0", "private");
        for (name, value) in member.as_object().expect("an object") {
            body[name] = value.clone();
        }
        let refused = Caller::member().post(&server, ALL, body).await.expect(400);
        insta::assert_snapshot!(format!("create_plugin_{name}"), refused.shown());
    }
}

#[tokio::test]
async fn create_plugin_needs_a_developer_and_room() {
    let server = TestServer::with(|config| config.bounds.plugins = 1).await;
    let viewer = role(&server, "viewer").await;
    viewer
        .post(&server, ALL, small("1.0.0", "public"))
        .await
        .expect(403);
    let developer = role(&server, "developer").await;
    developer
        .post(&server, ALL, small("1.0.0", "public"))
        .await
        .expect(200);
    let refused = developer
        .post(&server, ALL, small("1.0.1", "public"))
        .await
        .expect(413);
    assert!(refused.text.contains("bounds.plugins"), "{}", refused.text);
    let other = stranger(&server).await;
    let taken = other.post(&server, ALL, small("2.0.0", "unlisted")).await;
    assert_answer!("create_plugin_of_another", taken.expect(409));
    let again = other.post(&server, ALL, small("2.0.0", "private")).await;
    again.expect(200);
}

#[tokio::test]
async fn update_plugin_sets_what_is_named_and_removes_what_is_null() {
    let server = TestServer::start().await;
    let (_, _, id) = with_dependencies(&server).await;
    let path = format!("{ALL}/{id}");
    let body = json!({
        "title": "Renamed",
        "configuration": null,
        "states": {"memory": null, "other": {"type": "bot", "schema": {}, "expiry": 1000}},
        "events": {"done": null},
        "actions": {"doSomething": {
            "input": {"schema": {}}, "output": {"schema": {}}, "attributes": {"color": null},
        }},
        "user": {"tags": {"level": null, "other": {}}},
        "dependencies": {"interfaces": {"item-source": null}, "integrations": {"store": null}},
        "attributes": {"family": null},
        "visibility": "unlisted",
        "code": {"node": "// New"},
    });
    let updated = Caller::member().put(&server, &path, body).await.expect(200);
    let read = Caller::member().get(&server, &path).await;
    assert_eq!(read.json(), updated.json());
    let other = stranger(&server).await;
    for (platform, code) in [("node", "// New"), ("browser", "export default {}")] {
        let read = other
            .get(&server, &format!("{HUB}/{id}/code/{platform}"))
            .await;
        assert_eq!(read.expect(200).json(), json!({"code": code}));
    }
    // An unlisted plugin is in no list.
    let list = other.get(&server, HUB).await.expect(200).json();
    assert_eq!(list["plugins"], json!([]));
    assert_answer!(tidy(&server, updated, &[(&id, "{id}")]));
    let title = json!({"title": "Theirs"});
    other.put(&server, &path, title.clone()).await.expect(404);
    let missing = Caller::member()
        .put(&server, &format!("{ALL}/none"), title)
        .await;
    assert_answer!("update_plugin_missing", missing.expect(404));
    let bad = json!({"events": {"a b": {"schema": {}}}});
    Caller::member().put(&server, &path, bad).await.expect(400);
}

#[tokio::test]
async fn list_plugins_filters() {
    let server = TestServer::start().await;
    for (version, visibility) in [
        ("0.9.0", "public"),
        ("0.10.0", "private"),
        ("0.2.0", "unlisted"),
    ] {
        create(&server, small(version, visibility)).await;
    }
    let other = stranger(&server).await;
    for (caller, all, query, expected) in [
        (&Caller::member(), ALL, "", vec!["0.2.0", "0.10.0", "0.9.0"]),
        (&Caller::member(), ALL, "?version=latest", vec!["0.10.0"]),
        (&Caller::member(), ALL, "?name=none", vec![]),
        (&other, ALL, "", vec![]),
        (&other, HUB, "", vec!["0.9.0"]),
        (&other, HUB, "?name=reader&version=0.9.0", vec!["0.9.0"]),
        (&other, HUB, "?version=0.10.0", vec![]),
    ] {
        let page = caller
            .get(&server, &format!("{all}{query}"))
            .await
            .expect(200)
            .json();
        let versions = page["plugins"].as_array().expect("plugins");
        let versions: Vec<_> = versions.iter().map(|one| text(&one["version"])).collect();
        assert_eq!(versions, expected, "{all}{query}");
    }
    let hidden = other.get(&server, &format!("{HUB}/reader/0.10.0")).await;
    assert_answer!("get_public_plugin_hidden", hidden.expect(404));
    let bad = other.get(&server, &format!("{HUB}?nextToken=x")).await;
    assert_eq!(bad.expect(400).json()["type"], "InvalidQuery");
}

#[tokio::test]
async fn get_plugin_code_has_two_platforms() {
    let server = TestServer::start().await;
    let body = json!({
        "name": "reader", "version": "1.0.0", "code": {"node": "a", "browser": "b"},
    });
    let id = text(&create(&server, body).await["id"]);
    for (platform, code) in [("node", "a"), ("browser", "b")] {
        let read = Caller::member()
            .get(&server, &format!("{ALL}/{id}/code/{platform}"))
            .await;
        assert_eq!(read.expect(200).json(), json!({"code": code}));
    }
    let unknown = Caller::member()
        .get(&server, &format!("{ALL}/{id}/code/deno"))
        .await;
    assert_answer!("get_plugin_code_platform", unknown.expect(400));
    let missing = Caller::member()
        .get(&server, &format!("{ALL}/none/code/node"))
        .await;
    assert_eq!(missing.expect(404).json()["type"], "ResourceNotFound");
    let private = Caller::person()
        .get(&server, &format!("{HUB}/{id}/code/node"))
        .await;
    assert_eq!(private.expect(404).json()["type"], "ResourceNotFound");
    let other = stranger(&server).await;
    other
        .get(&server, &format!("{ALL}/{id}/code/node"))
        .await
        .expect(404);
}

#[tokio::test]
async fn get_dereferenced_plugin_has_the_entities_of_integrations() {
    let server = TestServer::start().await;
    let (_, integration, id) = with_dependencies(&server).await;
    let properties = |plugin: &Value| {
        let schema = &plugin["plugin"]["actions"]["doSomething"]["input"]["schema"];
        schema["properties"]["item"].clone()
    };
    let bound = format!("dereferenced?interfaces.item-source={integration}");
    let read = Caller::member()
        .get(&server, &format!("{ALL}/{id}/{bound}"))
        .await;
    let read = read.expect(200).json();
    assert_eq!(
        properties(&read),
        json!({
            "type": "object", "title": "The item",
            "properties": {"id": {"type": "string"}, "color": {"type": "string"}},
        })
    );
    let hub = Caller::person()
        .get(&server, &format!("{HUB}/{id}/{bound}"))
        .await;
    assert_eq!(hub.expect(200).json(), read);
    // An interface that is not named has its own entity.
    let base = Caller::member()
        .get(&server, &format!("{ALL}/{id}/dereferenced?interfaces.x=y"))
        .await;
    assert_eq!(
        properties(&base.expect(200).json()),
        json!({
            "type": "object", "title": "The item", "required": ["id"],
            "properties": {"id": {"type": "string"}},
        })
    );
    let bare = Caller::member()
        .get(&server, &format!("{ALL}/{id}/dereferenced"))
        .await;
    assert_answer!("get_dereferenced_plugin_without", bare.expect(400));
    let none = format!("{ALL}/{id}/dereferenced?interfaces.item-source=none");
    let none = Caller::member().get(&server, &none).await;
    assert_answer!("get_dereferenced_plugin_none", none.expect(400));
    let body = json!({"name": "plain", "version": "1.0.0"});
    let plain = Caller::member()
        .post(&server, "/v1/admin/integrations", body)
        .await
        .json();
    let plain = text(&plain["integration"]["id"]);
    let path = format!("{ALL}/{id}/dereferenced?interfaces.item-source={plain}");
    let unable = Caller::member().get(&server, &path).await;
    assert_eq!(unable.expect(400).json()["type"], "ReferenceNotFound");
    let path = format!("{ALL}/none/{bound}");
    let missing = Caller::member().get(&server, &path).await;
    assert_eq!(missing.expect(404).json()["type"], "ResourceNotFound");
}

#[tokio::test]
async fn delete_plugin_frees_the_interface() {
    let server = TestServer::start().await;
    let interface = text(&interfaces::create(&server, interfaces::whole()).await["id"]);
    let mut body = small("1.0.0", "private");
    body["dependencies"] = json!({"interfaces": {"items": {
        "id": interface, "name": "readable", "version": "1.2.3",
    }}});
    let id = text(&create(&server, body).await["id"]);
    let interface = format!("/v1/admin/interfaces/{interface}");
    let refused = Caller::member().delete(&server, &interface).await;
    assert_answer!("delete_interface_of_a_plugin", refused.expect(409));
    let path = format!("{ALL}/{id}");
    let other = stranger(&server).await;
    other.delete(&server, &path).await.expect(404);
    role(&server, "viewer")
        .await
        .delete(&server, &path)
        .await
        .expect(403);
    Caller::member().delete(&server, &path).await.expect(200);
    Caller::member().get(&server, &path).await.expect(404);
    Caller::member()
        .delete(&server, &interface)
        .await
        .expect(200);
}

#[tokio::test]
async fn list_public_plugins_needs_a_person() {
    let given = Given::new().await;
    let bot = Caller::with(&given.bot_token);
    bot.get(&given.server, HUB).await.expect(403);
    Caller::with("bp_pat_unknown")
        .get(&given.server, HUB)
        .await
        .expect(401);
}

/// A private and a public plugin: their ids.
async fn private_and_public(server: &TestServer) -> [String; 2] {
    let private = create(server, small("1.0.0", "private")).await;
    let public = create(server, small("2.0.0", "public")).await;
    [text(&private["id"]), text(&public["id"])]
}

#[tokio::test]
async fn get_plugin_is_not_for_others() {
    let server = TestServer::start().await;
    let [private, _] = private_and_public(&server).await;
    let path = format!("{ALL}/{private}");
    let viewer = role(&server, "viewer").await;
    let read = viewer.get(&server, &path).await.expect(200).json();
    assert_eq!(read["plugin"]["version"], "1.0.0");
    let other = stranger(&server).await;
    let missing = other.get(&server, &path).await;
    assert_eq!(missing.expect(404).json()["type"], "ResourceNotFound");
}

#[tokio::test]
async fn get_plugin_by_name_finds_the_highest_of_a_range() {
    let server = TestServer::start().await;
    private_and_public(&server).await;
    let get = async |version: &str| {
        let path = format!("{ALL}/reader/{version}");
        Caller::member().get(&server, &path).await
    };
    for (wanted, found) in [("latest", "2.0.0"), ("%3C2.0.0", "1.0.0"), ("*", "2.0.0")] {
        let read = get(wanted).await.expect(200).json();
        assert_eq!(read["plugin"]["version"], found, "{wanted}");
    }
    let none = get("%3E3").await.expect(404).json();
    assert_eq!(none["type"], "ResourceNotFound");
    assert_eq!(
        get("newest").await.expect(400).json()["type"],
        "InvalidQuery"
    );
}

#[tokio::test]
async fn get_public_plugin_finds_public_versions_only() {
    let server = TestServer::start().await;
    private_and_public(&server).await;
    let get = async |version: &str| {
        let path = format!("{HUB}/reader/{version}");
        Caller::person().get(&server, &path).await
    };
    let latest = get("latest").await.expect(200).json();
    assert_eq!(latest["plugin"]["version"], "2.0.0");
    assert_eq!(
        get("1.0.0").await.expect(404).json()["type"],
        "ResourceNotFound"
    );
    assert_eq!(
        get("newest").await.expect(400).json()["type"],
        "InvalidQuery"
    );
}

#[tokio::test]
async fn get_public_plugin_by_id_hides_private_ones() {
    let server = TestServer::start().await;
    let [private, public] = private_and_public(&server).await;
    let other = stranger(&server).await;
    other
        .get(&server, &format!("{HUB}/{public}"))
        .await
        .expect(200);
    for id in [private.as_str(), "none"] {
        let missing = other.get(&server, &format!("{HUB}/{id}")).await;
        assert_eq!(missing.expect(404).json()["type"], "ResourceNotFound");
    }
}

#[tokio::test]
async fn get_public_plugin_code_hides_private_ones() {
    let server = TestServer::start().await;
    let [private, public] = private_and_public(&server).await;
    let other = stranger(&server).await;
    let code = other
        .get(&server, &format!("{HUB}/{public}/code/node"))
        .await;
    assert_eq!(code.expect(200).json(), json!({"code": ""}));
    let hidden = other
        .get(&server, &format!("{HUB}/{private}/code/node"))
        .await;
    assert_eq!(hidden.expect(404).json()["type"], "ResourceNotFound");
    let unknown = other
        .get(&server, &format!("{HUB}/{public}/code/deno"))
        .await;
    assert_eq!(unknown.expect(400).json()["type"], "InvalidQuery");
}

#[tokio::test]
async fn get_dereferenced_public_plugin_by_id_uses_public_integrations() {
    let server = TestServer::start().await;
    let (interface, integration, id) = with_dependencies(&server).await;
    let other = stranger(&server).await;
    let get = async |integration: &str| {
        let query = format!("interfaces.item-source={integration}");
        let path = format!("{HUB}/{id}/dereferenced?{query}");
        other.get(&server, &path).await
    };
    let read = get(&integration).await.expect(200).json();
    let schema = &read["plugin"]["events"]["done"]["schema"]["properties"]["item"];
    assert!(schema["properties"]["color"].is_object(), "{schema}");
    let path = format!("/v1/admin/integrations/{integration}");
    let private = json!({"public": false});
    Caller::member()
        .put(&server, &path, private)
        .await
        .expect(200);
    let refused = get(&integration).await.expect(400);
    assert_eq!(refused.json()["type"], "ReferenceNotFound");
    let bare = other
        .get(&server, &format!("{HUB}/{id}/dereferenced"))
        .await;
    assert_eq!(bare.expect(400).json()["type"], "InvalidQuery");
    let path = format!("{HUB}/{interface}/dereferenced?interfaces.a=b");
    let foreign = other.get(&server, &path).await;
    assert_eq!(foreign.expect(404).json()["type"], "ResourceNotFound");
}
