//! `PATCH /api/v2/end-users/{end_user_id}`.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use super::{UNKNOWN, created, get, patched, unlimited, unlimited_with, v2};
use crate::support::assert_answer;

#[tokio::test]
async fn patch_end_user_by_id_changes_what_is_named() {
    let server = unlimited().await;
    let body = json!({"external_id": "a", "profile": {
        "first_name": "Ada", "last_name": "Byron", "metadata": {"plan": "free", "trial": true},
    }});
    let id = created(&server, body).await;
    server.clock.advance(Duration::from_millis(1500));
    let body = json!({"external_id": "B", "profile": {
        "last_name": "Lovelace", "first_name": null, "language": "en-US",
        "metadata": {"plan": "pro", "trial": null, "seats": 3},
        "system_properties": {"sunshine_user_id": null},
    }});
    let answer = patched(&server, &id, body).await;
    assert_answer!(answer);
    let read = get(&server, &format!("/end-users/{id}")).await;
    assert_eq!(read.json(), answer.json());
}

#[tokio::test]
async fn system_properties_cannot_be_changed() {
    let server = unlimited().await;
    let id = created(&server, json!({"external_id": "a"})).await;
    for (name, properties) in [
        ("read_only", json!({"sunshine_user_id": "not mine to set"})),
        ("read_only_other", json!({"other": 1})),
    ] {
        let body = json!({"profile": {"last_name": "X", "system_properties": properties}});
        let refused = patched(&server, &id, body.clone()).await;
        insta::assert_snapshot!(name, refused.shown());
        let made = v2(&server, Method::POST, "/end-users/", Some(body)).await;
        assert_eq!(made.status, 400);
    }
    let read = get(&server, &format!("/end-users/{id}")).await.json();
    assert_eq!(read["profile"]["last_name"], json!(null));
    let body = json!({"profile": read["profile"]});
    assert_eq!(patched(&server, &id, body).await.status, 200);
}

#[tokio::test]
async fn patch_end_user_by_id_keeps_whatever_it_answers() {
    let server = unlimited().await;
    let body = json!({"external_id": "a", "profile": {
        "first_name": "Ada", "email": "ada@example.com", "metadata": {"plan": "free"},
    }});
    let id = created(&server, body).await;
    // Which columns are written depends on what changes.
    for body in [
        json!({"profile": {"first_name": "Augusta"}}),
        json!({"profile": {"email": "augusta@example.com"}}),
        json!({"external_id": "b", "profile": {}}),
        json!({"profile": {"metadata": {"plan": "pro", "seats": 3}}}),
        json!({"external_id": "c", "profile": {
            "last_name": "King", "email": null, "metadata": {"plan": null},
        }}),
    ] {
        let before = get(&server, &format!("/end-users/{id}")).await.json();
        let answer = patched(&server, &id, body.clone()).await.expect(200);
        assert_ne!(answer.json(), before, "{body}");
        let read = get(&server, &format!("/end-users/{id}")).await;
        assert_eq!(read.text, answer.text, "{body}");
    }
    assert_answer!(get(&server, &format!("/end-users/{id}")).await);
}

#[tokio::test]
async fn patch_end_user_by_id_needs_a_profile_and_takes_an_empty_one() {
    let server = unlimited().await;
    let id = created(&server, json!({"external_id": "a"})).await;
    for (name, body) in [
        ("no_profile", json!({"external_id": "b"})),
        ("profile_null", json!({"profile": null})),
        ("external_id", json!({"external_id": "", "profile": {}})),
        ("email", json!({"profile": {"email": true}})),
        ("metadata", json!({"profile": {"metadata": {"a": ["b"]}}})),
    ] {
        let refused = patched(&server, &id, body).await;
        assert_eq!(refused.status, 400, "{name}");
        insta::assert_snapshot!(format!("bad_patch_{name}"), refused.shown());
    }
    let before = get(&server, &format!("/end-users/{id}")).await.json();
    server.clock.advance(Duration::from_secs(1));
    let same = patched(&server, &id, json!({"profile": {}}))
        .await
        .expect(200);
    assert_eq!(same.json(), before, "not even updated_at");
    let cleared = patched(&server, &id, json!({"external_id": null, "profile": {}})).await;
    assert_eq!(cleared.expect(200).json()["external_id"], Value::Null);
}

#[tokio::test]
async fn patch_end_user_by_id_answers_409_for_an_external_id_that_is_taken() {
    let server = unlimited().await;
    created(&server, json!({"external_id": "taken"})).await;
    let id = created(&server, json!({"external_id": "own"})).await;
    let body = json!({"external_id": "TAKEN", "profile": {"first_name": "x"}});
    assert_answer!(patched(&server, &id, body).await);
    let read = get(&server, &format!("/end-users/{id}")).await.json();
    assert_eq!(read["profile"]["first_name"], Value::Null, "nothing of it");
    let own = json!({"external_id": "OWN", "profile": {}});
    patched(&server, &id, own).await.expect(200);
}

#[tokio::test]
async fn patch_end_user_by_id_answers_404_for_a_missing_one() {
    let server = unlimited().await;
    assert_answer!(patched(&server, UNKNOWN, json!({"profile": {}})).await);
}

#[tokio::test]
async fn patch_end_user_by_id_keeps_metadata_within_10_kb() {
    let server = unlimited().await;
    let id = created(&server, json!({})).await;
    let set = |name: &str, size: usize| json!({"profile": {"metadata": {name: "x".repeat(size)}}});
    patched(&server, &id, set("a", 6000)).await.expect(200);
    assert_answer!(patched(&server, &id, set("b", 6000)).await);
    patched(&server, &id, set("a", 1)).await.expect(200);
    patched(&server, &id, set("b", 6000)).await.expect(200);
    let all = json!({"profile": {"metadata": null}});
    let cleared = patched(&server, &id, all).await.expect(200).json();
    assert_eq!(cleared["profile"]["metadata"], json!({}));
}

#[tokio::test]
async fn patch_end_user_by_id_replaces_metadata_if_told_so() {
    let server = unlimited_with(|config| {
        config.ada.metadata_update = parlance::dialects::ada::MetadataUpdate::Replace;
    })
    .await;
    let body = json!({"profile": {"metadata": {"a": 1, "b": 2}}});
    let id = created(&server, body).await;
    let body = json!({"profile": {"metadata": {"b": 3, "c": null}}});
    let patched = patched(&server, &id, body).await.expect(200).json();
    assert_eq!(patched["profile"]["metadata"], json!({"b": 3}));
}

#[tokio::test]
async fn patch_end_user_by_id_is_audited_without_naming_the_person() {
    let server = unlimited().await;
    let id = created(&server, json!({"external_id": "person"})).await;
    let body = json!({"profile": {"email": "ada@example.com"}});
    patched(&server, &id, body).await.expect(200);
    patched(&server, &id, json!({"profile": {}}))
        .await
        .expect(200);
    let path = format!("/end-users/{id}");
    let bad = Some(json!({"profile": 1}));
    v2(&server, Method::PATCH, &path, bad).await.expect(400);
    let store = server.server().app().store();
    let workspace = crate::support::WORKSPACE.into();
    let records = store
        .read(|conn| parlance::domain::tenancy::audit::list_newest(conn, &workspace, 3))
        .expect("records");
    assert_eq!(records[0].action, "end_user.update");
    assert_eq!(records[1].action, "end_user.create");
    for record in &records[..2] {
        assert_eq!(record.resource_id, id);
        assert_eq!(record.resource_name, None);
        assert!(record.actor.starts_with("key:"));
    }
}
