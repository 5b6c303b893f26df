//! What webhook endpoints are told of end users (seed 003).

use parlance::domain::{
    end_users::{self, EndUserChanges, METAVARIABLES, MetadataUpdate},
    tenancy::audit::Actor,
    webhooks::EVENT_TYPES,
};
use reqwest::Method;
use serde_json::{Map, Value, json};

use super::{created, events, get, patched, scope, unlimited, v1, v2};
use crate::support::TestServer;

fn told(server: &TestServer) -> Vec<String> {
    let types = events(server).into_iter();
    types
        .map(|event| event["type"].as_str().expect("a type").to_owned())
        .collect()
}

#[tokio::test]
async fn create_end_user_tells_of_it_once() {
    let server = unlimited().await;
    let body = json!({"external_id": "a", "profile": {
        "email": "ada@example.com", "metadata": {"plan": "pro"},
        "sensitive_metadata": {"fields": {"token": "s3cret"}},
    }});
    let id = created(&server, body.clone()).await;
    // It is known already.
    v2(&server, Method::POST, "/end-users", Some(body))
        .await
        .expect(200);
    let told = events(&server);
    assert_eq!(told.len(), 1);
    // As text: in this order too.
    assert_eq!(
        told[0].to_string(),
        json!({
            "type": "v1.end_user.created",
            "timestamp": "2026-03-01T12:00:00.000Z",
            "data": get(&server, &format!("/end-users/{id}")).await.json(),
            "tags": [id],
        })
        .to_string()
    );
}

#[tokio::test]
async fn the_examples_of_the_events_have_the_members_of_an_end_user() {
    let server = unlimited().await;
    let id = created(&server, json!({})).await;
    let end_user = get(&server, &format!("/end-users/{id}")).await.json();
    let names = |value: &Value, path| -> Vec<String> {
        let members = value.pointer(path).and_then(Value::as_object);
        members.expect("an object").keys().cloned().collect()
    };
    let mut compared = 0;
    for event_type in EVENT_TYPES {
        if event_type.name.starts_with("v1.end_user.") {
            for path in ["", "/profile", "/profile/system_properties"] {
                let example = names(&event_type.example(), path);
                assert_eq!(example, names(&end_user, path), "{}", event_type.name);
            }
            compared += 1;
        }
    }
    assert_eq!(compared, 2);
}

#[tokio::test]
async fn patch_end_user_by_id_tells_of_changes() {
    let server = unlimited().await;
    let id = created(&server, json!({})).await;
    let mut expected = 1;
    for (body, is_told) in [
        (json!({"profile": {"first_name": "Ada"}}), true),
        (json!({"profile": {"first_name": "Ada"}}), false),
        (json!({"profile": {}}), false),
        (json!({"profile": {"metadata": {"plan": "pro"}}}), true),
        (
            json!({"profile": {"metadata": {"plan": "pro", "none": null}}}),
            false,
        ),
        (json!({"external_id": "a", "profile": {}}), true),
        (json!({"external_id": "A", "profile": {}}), false),
        (
            json!({"profile": {"sensitive_metadata": {"fields": {"token": "x"}}}}),
            false,
        ),
        (
            json!({"profile": {"metadata": {"browser": "x", "plan": null}}}),
            true,
        ),
    ] {
        patched(&server, &id, body.clone()).await.expect(200);
        expected += usize::from(is_told);
        let events = events(&server);
        assert_eq!(events.len(), expected, "{body}");
        let last = events.last().expect("an event");
        if is_told {
            assert_eq!(last["type"], "v1.end_user.updated");
            assert_eq!(last["tags"], json!([id]));
            let now = get(&server, &format!("/end-users/{id}")).await.json();
            assert_eq!(last["data"], now);
        }
    }
    let refused = json!({"profile": {"first_name": "x", "metadata": {"a": 1.5}}});
    patched(&server, &id, refused).await.expect(400);
    assert_eq!(events(&server).len(), expected);
}

#[tokio::test]
async fn patch_end_user_by_id_does_not_tell_of_metavariables_alone() {
    let server = unlimited().await;
    let id = created(&server, json!({})).await;
    for name in METAVARIABLES {
        let body = json!({"profile": {"metadata": {name: "x"}}});
        patched(&server, &id, body).await.expect(200);
    }
    assert_eq!(told(&server), ["v1.end_user.created"]);
    let read = get(&server, &format!("/end-users/{id}")).await.json();
    assert_eq!(
        read["profile"]["metadata"].as_object().map(Map::len),
        Some(20)
    );
}

#[tokio::test]
async fn update_end_user_by_id_tells_of_changes_too() {
    let server = unlimited().await;
    let id = created(&server, json!({})).await;
    let body = json!({"profile": {"first_name": "Ada"}});
    v1(&server, Method::PATCH, &format!("/{id}"), Some(body))
        .await
        .expect(200);
    assert_eq!(
        told(&server),
        ["v1.end_user.created", "v1.end_user.updated"]
    );
}

/// A change as a channel of the agent makes it.
#[tokio::test]
async fn system_properties_are_not_told() {
    let server = unlimited().await;
    let id = created(&server, json!({})).await;
    let app = server.server().app();
    let (scope, sealer) = (scope(&server), app.sealer().clone());
    let Value::Object(properties) = json!({"sunshine_user_id": "sun-1"}) else {
        unreachable!()
    };
    let changes = EndUserChanges {
        system_properties: Some(properties),
        ..EndUserChanges::default()
    };
    let end_user = id.as_str().into();
    app.run_write_tx_as(Actor::System, move |change| {
        let how = MetadataUpdate::Merge;
        end_users::update_in_tx(change, &sealer, &scope, &end_user, changes, how)
    })
    .await
    .expect("changed");
    assert_eq!(told(&server), ["v1.end_user.created"]);
    let read = get(&server, &format!("/end-users/{id}")).await.json();
    let shown = &read["profile"]["system_properties"];
    assert_eq!(shown, &json!({"sunshine_user_id": "sun-1"}));
}

/// A change through another dialect, which makes end users as a part of its own change.
#[tokio::test]
async fn what_another_dialect_makes_is_seen_and_told() {
    let server = unlimited().await;
    let app = server.server().app();
    let (scope, sealer) = (scope(&server), app.sealer().clone());
    let made = app
        .run_write_tx_as(Actor::System, move |change| {
            end_users::create_in_tx(change, &sealer, &scope, end_users::NewEndUser::default())
        })
        .await
        .expect("made");
    get(&server, &format!("/end-users/{}", made.id))
        .await
        .expect(200);
    assert_eq!(told(&server), ["v1.end_user.created"]);
}
