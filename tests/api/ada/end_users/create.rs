//! `POST /api/v2/end-users/`.

use reqwest::{Method, header};
use serde_json::json;

use super::{created, get, id_of, unlimited, v2};
use crate::support::{ADA_KEY, assert_answer, send};

#[tokio::test]
async fn create_end_user_shows_what_was_made() {
    let server = unlimited().await;
    let body = json!({
        "external_id": "CRM-1042",
        "profile": {
            "first_name": "Ada", "last_name": null, "display_name": "Ada L.",
            "avatar": "https://example.com/a.png", "email": "Ada@example.com",
            "language": "en-US",
            "metadata": {"plan": "pro", "seats": 3, "trial": false, "gone": null},
            "sensitive_metadata": {"fields": {"token": "s3cret", "pin": 1234, "ok": true}},
            "system_properties": {"sunshine_user_id": null},
        },
    });
    let made = v2(&server, Method::POST, "/end-users/", Some(body)).await;
    assert_answer!(made);
    assert_eq!(made.status, 201);
    let id = id_of(&made.json());
    assert_eq!(
        get(&server, &format!("/end-users/{id}")).await.json(),
        made.json()
    );
}

#[tokio::test]
async fn create_end_user_needs_no_body() {
    let server = unlimited().await;
    let request = server
        .request(Method::POST, "/api/v2/end-users")
        .bearer_auth(ADA_KEY);
    let made = send(request).await;
    assert_answer!("empty", made);
    for body in [
        json!({}),
        json!({"external_id": null}),
        json!({"profile": {}}),
    ] {
        let made = v2(&server, Method::POST, "/end-users", Some(body)).await;
        assert_answer!("empty", made);
    }
}

#[tokio::test]
async fn create_end_user_answers_200_for_a_known_external_id_and_applies_nothing() {
    let server = unlimited().await;
    let first = json!({"external_id": "Crm-1", "profile": {"first_name": "Ada"}});
    let first = v2(&server, Method::POST, "/end-users", Some(first)).await;
    let again = json!({"external_id": "cRM-1", "profile": {"first_name": "Other"}});
    let again = v2(&server, Method::POST, "/end-users", Some(again)).await;
    assert_eq!(first.status, 201);
    assert_eq!(again.status, 200);
    assert_eq!(again.json(), first.json());
    // What is wrong is refused all the same.
    let bad = json!({"external_id": "crm-1", "profile": {"metadata": {"x": 1.5}}});
    v2(&server, Method::POST, "/end-users", Some(bad))
        .await
        .expect(400);
}

#[tokio::test]
async fn create_end_user_refuses_bad_bodies() {
    let server = unlimited().await;
    let fields = |count: usize| -> serde_json::Map<_, _> {
        (0..count).map(|n| (format!("k{n}"), json!(1))).collect()
    };
    let sensitive = |fields| json!({"profile": {"sensitive_metadata": {"fields": fields}}});
    for (name, body) in [
        ("array", json!([])),
        ("external_id_empty", json!({"external_id": ""})),
        ("external_id_long", json!({"external_id": "x".repeat(37)})),
        ("external_id_bracket", json!({"external_id": "a<b"})),
        ("external_id_number", json!({"external_id": 5})),
        ("first_name", json!({"profile": {"first_name": 5}})),
        (
            "metadata_float",
            json!({"profile": {"metadata": {"a": 1.5}}}),
        ),
        (
            "metadata_nested",
            json!({"profile": {"metadata": {"a": {"b": 1}}}}),
        ),
        (
            "metadata_large",
            json!({"profile": {"metadata": {"a": "x".repeat(10 * 1024)}}}),
        ),
        (
            "sensitive_no_fields",
            json!({"profile": {"sensitive_metadata": {}}}),
        ),
        ("sensitive_empty", sensitive(json!({"a": ""}))),
        ("sensitive_name", sensitive(json!({"a b": "x"}))),
        ("sensitive_many", sensitive(json!(fields(21)))),
        ("sensitive_nested", sensitive(json!({"a": []}))),
        (
            "sensitive_and_metadata",
            json!({"profile": {
                "metadata": {"a": 1}, "sensitive_metadata": {"fields": {"a": 2}},
            }}),
        ),
    ] {
        let refused = v2(&server, Method::POST, "/end-users", Some(body)).await;
        assert_eq!(refused.status, 400, "{name}");
        insta::assert_snapshot!(format!("bad_create_{name}"), refused.shown());
    }
    let all = sensitive(json!(fields(20)));
    v2(&server, Method::POST, "/end-users", Some(all))
        .await
        .expect(201);
    let longest = json!({"external_id": "é".repeat(36)});
    created(&server, longest).await;
}

#[tokio::test]
async fn create_end_user_refuses_what_is_no_json() {
    let server = unlimited().await;
    let request = || {
        server
            .request(Method::POST, "/api/v2/end-users")
            .bearer_auth(ADA_KEY)
    };
    assert_answer!("no_json", send(request().body("{")).await);
    let form = request()
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body("a=1");
    assert_answer!("form", send(form).await);
    let huge = request().body("x".repeat(10 * 1024 * 1024 + 1));
    assert_answer!("huge", send(huge).await);
}
