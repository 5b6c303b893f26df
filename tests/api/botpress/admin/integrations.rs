//! Versions of integrations.

use base64::{Engine, prelude::BASE64_STANDARD};
use parlance::domain::{
    bots::integrations,
    shared::rate_limits::ApiClass,
    tenancy::{api_keys::KeyKind, request_auth::AuthScope},
};
use reqwest::Method;
use serde_json::{Value, json};

use super::{role, stranger, text, tidy};
use crate::{
    botpress::given::{Caller, Given, make_integration},
    support::{BOTPRESS_PAT, TestServer, WORKSPACE, assert_answer, file_contains, send},
};

const ALL: &str = "/v1/admin/integrations";
const ICON: &str = "<svg xmlns=\"http://www.w3.org/2000/svg\"></svg>";

fn whole() -> Value {
    json!({
        "name": "acme/whint",
        "version": "1.2.3",
        "title": "Whint",
        "description": "Messages by webhook",
        "configuration": {
            "schema": {"type": "object", "properties": {"key": {"type": "string"}}},
            "identifier": {"required": true, "linkTemplateScript": "\"https://example.com\""},
        },
        "identifier": {
            "extractScript": "parse_json!(.body).team",
            "fallbackHandlerScript": "{\"status\": 404}",
        },
        "channels": {"direct": {
            "title": "Direct",
            "messages": {"text": {"schema": {"type": "object"}}},
            "conversation": {
                "tags": {"id": {}},
                "creation": {"enabled": true, "requiredTags": ["id"]},
            },
        }},
        "states": {"cursor": {"type": "integration", "schema": {"type": "object"}}},
        "events": {"ping": {"title": "Ping", "schema": {"type": "object"}}},
        "actions": {"whisper": {
            "input": {"schema": {"type": "object"}},
            "output": {"schema": {"type": "object"}},
        }},
        "user": {"tags": {"id": {}}, "creation": {"enabled": false, "requiredTags": []}},
        "code": "module.exports = {}",
        "icon": BASE64_STANDARD.encode(ICON),
        "readme": BASE64_STANDARD.encode("# Whint"),
        "secrets": {"CLIENT_SECRET": "planted-secret-51d0"},
        "attributes": {"color": "blue"},
        "entities": {"item": {"title": "Item", "schema": {"type": "object"}}},
    })
}

async fn create(server: &TestServer, body: Value) -> Value {
    let made = Caller::member().post(server, ALL, body).await;
    made.expect(200).json()["integration"].clone()
}

async fn version(server: &TestServer, name: &str, version: &str) -> String {
    let made = create(server, json!({"name": name, "version": version})).await;
    text(&made["id"])
}

#[tokio::test]
async fn create_integration_takes_what_it_declares() {
    let server = TestServer::start().await;
    let made = Caller::member()
        .post(&server, ALL, whole())
        .await
        .expect(200);
    let id = text(&made.json()["integration"]["id"]);
    let read = Caller::member().get(&server, &format!("{ALL}/{id}")).await;
    assert_eq!(read.expect(200).json(), made.json());
    let named = Caller::member()
        .get(&server, &format!("{ALL}/acme%2Fwhint/1.2.3"))
        .await;
    assert_eq!(named.expect(200).json(), made.json());
    assert_answer!(tidy(&server, made, &[(&id, "{id}")]));
}

#[tokio::test]
async fn create_integration_fills_in_what_is_left_out() {
    let server = TestServer::start().await;
    let channel = json!({"messages": {}});
    let body = json!({"name": "small", "version": "0.0.1", "channels": {"direct": channel}});
    let made = Caller::member().post(&server, ALL, body).await.expect(200);
    let id = text(&made.json()["integration"]["id"]);
    assert_answer!(tidy(&server, made, &[(&id, "{id}")]));
}

#[tokio::test]
async fn create_integration_refuses_what_is_malformed() {
    let server = TestServer::start().await;
    for (name, member) in [
        ("name", json!({"name": "Upper case"})),
        ("version", json!({"version": "latest"})),
        (
            "identifier",
            json!({"events": {"no-hyphens": {"schema": {}}}}),
        ),
        (
            "schema",
            json!({"states": {"cursor": {"type": "user", "schema": {"type": 5}}}}),
        ),
        (
            "script",
            json!({"identifier": {"extractScript": "to_string("}}),
        ),
        (
            "link",
            json!({"configuration": {"identifier": {"linkTemplateScript": "http_request()"}}}),
        ),
        (
            "tags",
            json!({"user": {"creation": {"enabled": true, "requiredTags": ["id"]}}}),
        ),
        (
            "icon",
            json!({"icon": BASE64_STANDARD.encode("<html><svg></svg></html>")}),
        ),
        ("base64", json!({"readme": "not base64!"})),
        ("url", json!({"url": "http://127.0.0.1:1"})),
        ("title", json!({"title": "x".repeat(65)})),
        ("secret", json!({"secrets": {"a=b": "c"}})),
        ("missing", json!({"version": null})),
    ] {
        let mut body = json!({"name": "whint", "version": "1.0.0"});
        for (name, value) in member.as_object().expect("an object") {
            body[name] = value.clone();
        }
        let answer = Caller::member().post(&server, ALL, body).await.expect(400);
        insta::assert_snapshot!(format!("create_integration_{name}"), answer.shown());
    }
}

#[tokio::test]
async fn create_integration_takes_each_version_once() {
    let server = TestServer::start().await;
    let body = json!({"name": "whint", "version": "1.0.0"});
    create(&server, body.clone()).await;
    let again = Caller::member().post(&server, ALL, body.clone()).await;
    assert_answer!("create_integration_again", again.expect(409));
    let public = json!({"name": "shared", "version": "1.0.0", "public": true});
    create(&server, public.clone()).await;
    let other = stranger(&server).await;
    other.post(&server, ALL, body).await.expect(200);
    other.post(&server, ALL, public).await.expect(409);
}

#[tokio::test]
async fn create_integration_needs_a_developer() {
    let server = TestServer::start().await;
    let body = json!({"name": "whint", "version": "1.0.0"});
    for (name, status) in [("viewer", 403), ("billing", 403), ("developer", 200)] {
        let caller = role(&server, name).await;
        assert_eq!(
            caller.post(&server, ALL, body.clone()).await.status,
            status,
            "{name}"
        );
    }
}

#[tokio::test]
async fn update_integration_sets_what_is_named_and_removes_what_is_null() {
    let server = TestServer::start().await;
    let made = create(&server, whole()).await;
    let id = text(&made["id"]);
    let body = json!({
        "title": "Renamed",
        "configuration": {"identifier": {"linkTemplateScript": null, "required": false}},
        "identifier": {"fallbackHandlerScript": null},
        "channels": {
            "direct": {
                "messages": {"text": null, "image": {"schema": {}}},
                "message": {"tags": {"id": {}}},
            },
            "lobby": {"title": "Lobby"},
        },
        "states": {"cursor": null},
        "actions": {"whisper": null},
        "user": {"tags": {"id": null, "name": {}}},
        "secrets": {"CLIENT_SECRET": null, "OTHER": "b"},
    });
    let path = format!("{ALL}/{id}");
    let changed = Caller::member().put(&server, &path, body).await.expect(200);
    let read = Caller::member().get(&server, &path).await;
    assert_eq!(read.json(), changed.json());
    assert_answer!(tidy(&server, changed, &[(&id, "{id}")]));
}

#[tokio::test]
async fn update_integration_refuses_what_is_malformed_or_anothers() {
    let server = TestServer::start().await;
    let path = format!("{ALL}/{}", version(&server, "whint", "1.0.0").await);
    let script = json!({"identifier": {"extractScript": "("}});
    Caller::member()
        .put(&server, &path, script)
        .await
        .expect(400);
    let required = json!({"user": {"creation": {"enabled": true, "requiredTags": ["id"]}}});
    Caller::member()
        .put(&server, &path, required)
        .await
        .expect(400);
    let url = json!({"url": "http://127.0.0.1:1"});
    Caller::member().put(&server, &path, url).await.expect(400);
    let title = json!({"title": "Theirs"});
    stranger(&server)
        .await
        .put(&server, &path, title.clone())
        .await
        .expect(404);
    role(&server, "viewer")
        .await
        .put(&server, &path, title.clone())
        .await
        .expect(403);
    let missing = format!("{ALL}/none");
    let missing = Caller::member().put(&server, &missing, title).await;
    assert_answer!("update_integration_missing", missing.expect(404));
}

fn names(page: &Value) -> Vec<String> {
    let all = page["integrations"].as_array().expect("integrations");
    all.iter()
        .map(|one| format!("{}@{}", text(&one["name"]), text(&one["version"])))
        .collect()
}

#[tokio::test]
async fn list_integrations_filters() {
    let server = TestServer::start().await;
    for (name, number) in [("whint", "0.9.0"), ("whint", "0.10.0"), ("other", "1.0.0")] {
        version(&server, name, number).await;
    }
    create(
        &server,
        json!({"name": "whint", "version": "2.0.0", "dev": true}),
    )
    .await;
    for (query, expected) in [
        (
            "",
            vec!["whint@2.0.0", "other@1.0.0", "whint@0.10.0", "whint@0.9.0"],
        ),
        ("?name=whint&dev=false", vec!["whint@0.10.0", "whint@0.9.0"]),
        ("?dev=true", vec!["whint@2.0.0"]),
        ("?version=latest", vec!["other@1.0.0", "whint@0.10.0"]),
        ("?name=whint&version=0.9.0", vec!["whint@0.9.0"]),
        ("?name=none", vec![]),
    ] {
        let page = Caller::member()
            .get(&server, &format!("{ALL}{query}"))
            .await;
        assert_eq!(names(&page.expect(200).json()), expected, "{query}");
    }
    let theirs = stranger(&server).await.get(&server, ALL).await;
    assert_answer!("list_integrations_of_another", theirs.expect(200));
    let bad = Caller::member()
        .get(&server, &format!("{ALL}?nextToken=x"))
        .await;
    assert_eq!(bad.expect(400).json()["type"], "InvalidQuery");
}

#[tokio::test]
async fn list_integrations_is_paged() {
    let server = TestServer::start().await;
    for number in 0..25 {
        version(&server, "whint", &format!("0.0.{number}")).await;
    }
    let first = Caller::member().get(&server, ALL).await.expect(200).json();
    let token = first["meta"]["nextToken"].as_str().expect("a token");
    let token: String = url::form_urlencoded::byte_serialize(token.as_bytes()).collect();
    version(&server, "whint", "9.0.0").await;
    let second = Caller::member()
        .get(&server, &format!("{ALL}?nextToken={token}"))
        .await;
    let all = [names(&first), names(&second.json())].concat();
    let expected: Vec<String> = (0..25).rev().map(|n| format!("whint@0.0.{n}")).collect();
    assert_eq!(all, expected);
}

#[tokio::test]
async fn get_integration_by_name_finds_the_latest() {
    let server = TestServer::start().await;
    for number in ["0.9.0", "0.10.0", "0.11.0-rc1"] {
        version(&server, "whint", number).await;
    }
    create(
        &server,
        json!({"name": "whint", "version": "2.0.0", "dev": true}),
    )
    .await;
    let get = |version: &str| format!("{ALL}/whint/{version}");
    let latest = Caller::member()
        .get(&server, &get("latest"))
        .await
        .expect(200);
    assert_eq!(latest.json()["integration"]["version"], "0.11.0-rc1");
    Caller::member()
        .get(&server, &get("0.9.0"))
        .await
        .expect(200);
    let missing = Caller::member().get(&server, &get("3.0.0")).await;
    assert_answer!("get_integration_by_name_missing", missing.expect(404));
    stranger(&server)
        .await
        .get(&server, &get("0.9.0"))
        .await
        .expect(404);
}

#[tokio::test]
async fn get_integration_is_not_for_others() {
    let server = TestServer::start().await;
    let path = format!("{ALL}/{}", version(&server, "whint", "1.0.0").await);
    role(&server, "viewer")
        .await
        .get(&server, &path)
        .await
        .expect(200);
    stranger(&server)
        .await
        .get(&server, &path)
        .await
        .expect(404);
    let missing = Caller::member().get(&server, &format!("{ALL}/none")).await;
    assert_answer!(missing.expect(404));
}

#[tokio::test]
async fn delete_integration_is_refused_while_it_is_installed() {
    let given = Given::new().await;
    let server = &given.server;
    let (id, bot) = (given.integration.id.as_str(), given.bot.id.as_str());
    let path = format!("{ALL}/{id}");
    let refused = Caller::member().delete(server, &path).await;
    assert_answer!("delete_integration_installed", refused.expect(409));
    let body = json!({"integrations": {id: null}});
    let bot = format!("/v1/admin/bots/{bot}");
    Caller::member().put(server, &bot, body).await.expect(200);
    role(server, "viewer")
        .await
        .delete(server, &path)
        .await
        .expect(403);
    stranger(server)
        .await
        .delete(server, &path)
        .await
        .expect(404);
    let deleted = Caller::member().delete(server, &path).await.expect(200);
    assert_eq!(deleted.text, "{}");
    Caller::member().delete(server, &path).await.expect(404);
    let token = given.as_integration().get(server, "/v1/chat/users/x").await;
    assert_eq!(token.status, 401, "its token is gone");
}

#[tokio::test]
async fn create_integration_serves_icon_and_readme() {
    let server = TestServer::start().await;
    let made = create(&server, whole()).await;
    let get = |url: &str| {
        let path = url.replace(&server.server().url(), "");
        send(server.request(Method::GET, &path))
    };
    let icon = get(&text(&made["iconUrl"])).await.expect(200);
    assert_eq!(icon.text, ICON);
    assert_eq!(icon.header("content-type"), Some("image/svg+xml"));
    assert!(
        icon.header("content-security-policy")
            .is_some_and(|policy| policy.contains("sandbox"))
    );
    let readme = get(&text(&made["readmeUrl"])).await.expect(200);
    assert_eq!(readme.text, "# Whint");
    assert_eq!(readme.header("x-content-type-options"), Some("nosniff"));
    let next = create(&server, json!({"name": "acme/whint", "version": "2.0.0"})).await;
    let shared = get(&text(&next["iconUrl"])).await.expect(200);
    assert_eq!(shared.text, ICON, "all versions have it");
    assert_eq!(next["readmeUrl"], "");
    let plain = create(&server, json!({"name": "plain", "version": "1.0.0"})).await;
    let default = get(&text(&plain["iconUrl"])).await.expect(200);
    assert!(default.text.starts_with("<svg"));
    for path in ["icon", "readme"] {
        let missing = format!("/v1/storage/integrations/none/{path}");
        let missing = send(server.request(Method::GET, &missing))
            .await
            .expect(404);
        assert_eq!(missing.json()["type"], "ResourceNotFound");
    }
}

#[tokio::test]
async fn create_integration_in_development_does_without_files_that_are_only_named() {
    let server = TestServer::start().await;
    let body = json!({
        "name": "draft", "version": "0.1.0", "dev": true, "url": "http://127.0.0.1:9",
        "icon": "icon.svg", "readme": "hub.md",
    });
    let made = create(&server, body.clone()).await;
    assert_eq!(made["readmeUrl"], "");
    let path = format!("{ALL}/{}", text(&made["id"]));
    let again = json!({"url": "http://127.0.0.1:9", "icon": "icon.svg"});
    Caller::member()
        .put(&server, &path, again)
        .await
        .expect(200);
    let again = json!({"icon": "icon.svg"});
    Caller::member()
        .put(&server, &path, again)
        .await
        .expect(400);
}

/// Versions that the official clients ask for (botpress-today.md §0.3).
#[tokio::test]
async fn get_integration_by_name_takes_ranges() {
    let server = TestServer::start().await;
    for number in ["0.9.0", "0.10.0", "1.2.3", "2.0.0-rc1", "3.0.0"] {
        let body = json!({"name": "acme/whint", "version": number, "public": true});
        create(&server, body).await;
    }
    let dev = json!({"name": "acme/whint", "version": "4.0.0", "dev": true});
    create(&server, dev).await;
    for (range, expected) in [
        ("%3C9.0.0", "3.0.0"),
        ("<9.0.0", "3.0.0"),
        ("%3C1.0.0", "0.10.0"),
        ("%5E1.2", "1.2.3"),
        ("~1.2", "1.2.3"),
        ("1.x", "1.2.3"),
        ("%3E%3D1%20%3C3", "1.2.3"),
        ("%3E%3D1.0.0%20%3C2.0.0", "1.2.3"),
        ("%3E%3D7%20%7C%7C%200.9.0", "0.9.0"),
        ("*", "3.0.0"),
    ] {
        for path in [ALL, "/v1/admin/hub/integrations"] {
            let path = format!("{path}/acme%2Fwhint/{range}");
            let found = Caller::member()
                .get(&server, &path)
                .await
                .expect(200)
                .json();
            assert_eq!(found["integration"]["version"], expected, "{path}");
        }
    }
    for (version, status, kind) in [
        ("%3E9", 404, "ResourceNotFound"),
        ("9.0.0", 404, "ResourceNotFound"),
        ("newest", 400, "InvalidQuery"),
        ("1.2.3.4", 400, "InvalidQuery"),
        (&"1%7C%7C".repeat(200), 400, "InvalidQuery"),
    ] {
        for path in [ALL, "/v1/admin/hub/integrations"] {
            let path = format!("{path}/acme%2Fwhint/{version}");
            let refused = Caller::member().get(&server, &path).await.expect(status);
            assert_eq!(refused.json()["type"], kind, "{path}");
        }
    }
    let unknown = Caller::member()
        .get(&server, &format!("{ALL}/none/%3C1.0.0"))
        .await;
    assert_eq!(unknown.expect(404).json()["type"], "ResourceNotFound");
    let path = format!("{ALL}/acme%2Fwhint/newest");
    let refused = Caller::member().get(&server, &path).await;
    assert_answer!("get_integration_by_name_no_range", refused);
}

#[tokio::test]
async fn a_version_has_so_many_secrets() {
    let server = TestServer::with(|config| config.bounds.secrets = 2).await;
    let body = json!({"name": "whint", "version": "0.1.0", "secrets": {"A": "1", "B": "2"}});
    let made = create(&server, body).await;
    let path = format!("{ALL}/{}", text(&made["id"]));
    let put = async |secrets: Value| {
        let body = json!({"secrets": secrets});
        Caller::member().put(&server, &path, body).await
    };
    put(json!({"A": "3", "B": null, "C": "4"}))
        .await
        .expect(200);
    let refused = put(json!({"D": "5"})).await;
    assert_eq!(refused.json()["type"], "LimitExceeded", "{}", refused.text);
    assert!(refused.text.contains("bounds.secrets"), "{}", refused.text);
}

#[tokio::test]
async fn get_integration_names_secrets_for_its_own_workspace() {
    let server = TestServer::start().await;
    let secrets = json!({"ZWEI": "b", "EINS": "a"});
    let body = json!({"name": "shared", "version": "0.1.0", "public": true, "secrets": secrets});
    let made = create(&server, body).await;
    assert_eq!(made["secrets"], json!(["EINS", "ZWEI"]));
    let path = format!("/v1/admin/hub/integrations/{}", text(&made["id"]));
    for path in [path.as_str(), "/v1/admin/hub/integrations/shared/0.1.0"] {
        let public = Caller::person().get(&server, path).await.expect(200);
        assert_eq!(public.json()["integration"]["secrets"], json!([]));
    }
}

#[tokio::test]
async fn create_integration_seals_secrets() {
    let mut server = TestServer::start().await;
    let made = create(&server, whole()).await;
    assert!(!made.to_string().contains("planted-secret-51d0"));
    let id = text(&made["id"]);
    let read = Caller::member().get(&server, &format!("{ALL}/{id}")).await;
    assert!(!read.text.contains("planted-secret-51d0"));
    let call = server.server().app().admit_in_scope(
        &AuthScope::Workspace(WORKSPACE),
        BOTPRESS_PAT,
        &[KeyKind::BotpressPat],
        ApiClass::BotpressAdmin,
    );
    let call = call.expect("a call");
    let secrets = integrations::load_own_secrets(&call, &id.as_str().into()).expect("secrets");
    assert_eq!(secrets["CLIENT_SECRET"].expose(), "planted-secret-51d0");
    drop(call);
    server.stop().await;
    assert!(!file_contains(
        &server.config.store.path,
        "planted-secret-51d0"
    ));
}

#[tokio::test]
async fn every_operation_wants_a_key_a_workspace_and_keeps_to_limits() {
    let server = TestServer::with(|config| {
        config.limits.in_frozen_time = true;
        config.limits.botpress_admin.per_second = 1;
    })
    .await;
    let integration = make_integration(&server, WORKSPACE, "whint", "0.1.0").await;
    let id = integration.id.as_str();
    let bot = "/v1/admin/bots";
    let paths = [
        (Method::POST, bot.to_owned()),
        (Method::GET, bot.to_owned()),
        (Method::GET, format!("{bot}/x")),
        (Method::PUT, format!("{bot}/x")),
        (Method::DELETE, format!("{bot}/x")),
        (Method::POST, format!("{bot}/x/transfer")),
        (Method::GET, format!("{bot}/x/logs")),
        (Method::GET, format!("{bot}/x/webchat")),
        (Method::GET, format!("{bot}/x/analytics")),
        (Method::GET, format!("{bot}/x/issues")),
        (Method::DELETE, format!("{bot}/x/issues/y")),
        (Method::GET, format!("{bot}/x/issues/y/events")),
        (Method::POST, ALL.to_owned()),
        (Method::GET, ALL.to_owned()),
        (Method::GET, format!("{ALL}/{id}")),
        (Method::PUT, format!("{ALL}/{id}")),
        (Method::DELETE, format!("{ALL}/{id}")),
        (Method::GET, format!("{ALL}/{id}/logs")),
        (Method::GET, format!("{ALL}/whint/0.1.0")),
        (Method::GET, "/v1/admin/hub/integrations".to_owned()),
        (Method::GET, "/v1/admin/hub/integrations/x".to_owned()),
        (
            Method::GET,
            "/v1/admin/hub/integrations/whint/0.1.0".to_owned(),
        ),
    ];
    for (method, path) in paths {
        let place = format!("{method} {path}");
        let nobody = send(server.request(method.clone(), &path)).await;
        assert_eq!(nobody.status, 401, "{place}");
        let in_hub = path.contains("/hub/");
        if !in_hub {
            let nowhere = Caller::person()
                .call(&server, method.clone(), &path, None)
                .await;
            assert_eq!(nowhere.status, 400, "{place}");
            assert!(nowhere.text.contains("x-workspace-id"), "{place}");
        }
        server.clock.advance(std::time::Duration::from_secs(10));
        let caller = if in_hub {
            Caller::person()
        } else {
            Caller::member()
        };
        let admitted = if in_hub { "/v1/admin/account/me" } else { bot };
        assert_eq!(caller.get(&server, admitted).await.status, 200);
        let limited = caller.call(&server, method, &path, None).await;
        assert_eq!(limited.status, 429, "{place}");
        assert_eq!(limited.header("retry-after"), Some("1"), "{place}");
    }
}
