//! `/api/end-users/v1`: list, read and change, with the error body of that version.

use std::time::Duration;

use reqwest::Method;
use serde_json::json;

use super::{UNKNOWN, created, get, unlimited, v1};
use crate::support::{ADA_END_USERS_KEY, assert_answer, send};

#[tokio::test]
async fn v1_get_end_users_is_a_page_oldest_first() {
    let server = unlimited().await;
    for name in ["one", "two", "three"] {
        created(&server, json!({"profile": {"first_name": name}})).await;
    }
    let page = v1(&server, Method::GET, "/?limit=2", None).await;
    assert_answer!(page);
    let page = page.json();
    let next = page["meta"]["next_page_url"].as_str().expect("a url");
    let request = server.client.get(next).bearer_auth(ADA_END_USERS_KEY);
    let rest = send(request).await.expect(200).json();
    assert_eq!(rest["data"][0]["profile"]["first_name"], "three");
    assert_eq!(rest["meta"]["next_page_url"], json!(null));
}

#[tokio::test]
async fn v1_get_end_users_refuses_bad_parameters() {
    let server = unlimited().await;
    for (name, query) in [
        ("limit", "?limit=101"),
        ("text", "?limit=ten"),
        ("cursor", "?cursor=000000000000000000000000"),
    ] {
        let refused = v1(&server, Method::GET, &format!("/{query}"), None).await;
        assert_eq!(refused.status, 400, "{name}");
        insta::assert_snapshot!(format!("bad_v1_list_{name}"), refused.shown());
    }
}

#[tokio::test]
async fn v1_get_end_user_by_id_reads_one() {
    let server = unlimited().await;
    let id = created(&server, json!({"profile": {"email": "ada@example.com"}})).await;
    let read = v1(&server, Method::GET, &format!("/{id}"), None).await;
    assert_eq!(read.status, 200);
    let by_v2 = get(&server, &format!("/end-users/{id}")).await;
    assert_eq!(read.json(), by_v2.json());
    assert_answer!(
        "missing",
        v1(&server, Method::GET, &format!("/{UNKNOWN}"), None).await
    );
}

#[tokio::test]
async fn update_end_user_by_id_changes_what_is_named() {
    let server = unlimited().await;
    let body = json!({"profile": {"first_name": "Ada", "metadata": {"plan": "free", "a": 1}}});
    let id = created(&server, body).await;
    server.clock.advance(Duration::from_secs(1));
    let body = json!({
        // What came with v2 is no part of this version.
        "external_id": "ignored",
        "profile": {
            "last_name": "Lovelace", "language": "en-US", "display_name": "ignored",
            "metadata": {"plan": "pro", "a": null},
        },
    });
    let path = format!("/{id}");
    assert_answer!(v1(&server, Method::PATCH, &path, Some(body)).await);
}

#[tokio::test]
async fn update_end_user_by_id_refuses_bad_bodies() {
    let server = unlimited().await;
    let path = format!("/{}", created(&server, json!({})).await);
    for (name, body) in [
        ("no_profile", json!({})),
        ("email", json!({"profile": {"email": 5}})),
        ("float", json!({"profile": {"metadata": {"a": 0.5}}})),
    ] {
        let refused = v1(&server, Method::PATCH, &path, Some(body)).await;
        assert_eq!(refused.status, 400, "{name}");
        insta::assert_snapshot!(format!("bad_v1_patch_{name}"), refused.shown());
    }
    let missing = json!({"profile": {}});
    let missing = v1(
        &server,
        Method::PATCH,
        &format!("/{UNKNOWN}"),
        Some(missing),
    )
    .await;
    assert_answer!("missing", missing);
}

#[tokio::test]
async fn update_end_user_by_id_takes_4_kb() {
    let server = unlimited().await;
    let path = format!("/{}", created(&server, json!({})).await);
    let body = |size: usize| {
        let frame = json!({"profile": {"first_name": ""}}).to_string().len();
        json!({"profile": {"first_name": "x".repeat(size - frame)}})
    };
    v1(&server, Method::PATCH, &path, Some(body(4096)))
        .await
        .expect(200);
    let refused = v1(&server, Method::PATCH, &path, Some(body(4097))).await;
    assert_answer!("too_large", refused);
    // The same without an announced length.
    let text = body(4097).to_string();
    let halves = [text[..2000].to_owned(), text[2000..].to_owned()];
    let stream = futures_util::stream::iter(halves.map(Ok::<_, std::io::Error>));
    let request = server
        .request(Method::PATCH, &format!("/api/end-users/v1{path}"))
        .bearer_auth(ADA_END_USERS_KEY)
        .header("content-type", "application/json")
        .body(reqwest::Body::wrap_stream(stream));
    assert_answer!("too_large", send(request).await);
}
