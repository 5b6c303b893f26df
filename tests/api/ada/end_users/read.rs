//! Reading: by id, by external id, and page by page.

use reqwest::{Method, header};
use serde_json::{Value, json};

use super::{UNKNOWN, created, get, id_of, unlimited, v2};
use crate::support::{ADA_KEY, TestServer, assert_answer, send};

#[tokio::test]
async fn get_end_user_by_id_reads_one() {
    let server = unlimited().await;
    let id = created(&server, json!({"profile": {"email": "ada@example.com"}})).await;
    assert_answer!(get(&server, &format!("/end-users/{id}")).await);
    assert_eq!(id.len(), 24);
}

#[tokio::test]
async fn get_end_user_by_id_answers_404_for_a_missing_one() {
    let server = unlimited().await;
    for id in [UNKNOWN, "x", "65a17e3f"] {
        assert_answer!("missing", get(&server, &format!("/end-users/{id}")).await);
    }
}

#[tokio::test]
async fn get_end_users_is_a_page_oldest_first() {
    let server = unlimited().await;
    assert_answer!("empty_page", get(&server, "/end-users/").await);
    for name in ["one", "two", "three"] {
        created(&server, json!({"profile": {"first_name": name}})).await;
    }
    assert_answer!("page", get(&server, "/end-users/?limit=2").await);
}

fn names(page: &Value) -> Vec<&str> {
    let items = page["data"].as_array().expect("a list").iter();
    items
        .map(|item| item["profile"]["first_name"].as_str().expect("a name"))
        .collect()
}

#[tokio::test]
async fn get_end_users_gives_the_address_of_the_next_page() {
    let server = unlimited().await;
    for number in 0..5 {
        created(
            &server,
            json!({"profile": {"first_name": number.to_string()}}),
        )
        .await;
    }
    let mut url = format!("{}/api/v2/end-users?limit=2", server.server().url());
    let mut pages = Vec::new();
    loop {
        let request = server.client.get(&url).bearer_auth(ADA_KEY);
        let page = send(request).await.expect(200).json();
        pages.push(names(&page).join(" "));
        match page["meta"]["next_page_url"].as_str() {
            Some(next) => url = next.to_owned(),
            None => break,
        }
    }
    assert_eq!(pages, ["0 1", "2 3", "4"]);
    // The address is that of the host the caller used.
    let request = server
        .request(Method::GET, "/api/v2/end-users/?limit=1")
        .bearer_auth(ADA_KEY)
        .header(header::HOST, "example.localhost:4600");
    let page = send(request).await.expect(200).json();
    let next = page["meta"]["next_page_url"].as_str().expect("a url");
    assert!(
        next.starts_with("http://example.localhost:4600/api/v2/end-users/?cursor="),
        "{next}"
    );
    assert!(next.ends_with("&limit=1"), "{next}");
}

#[tokio::test]
async fn get_end_users_has_pages_of_100_by_default() {
    let server = unlimited().await;
    for _ in 0..101 {
        created(&server, json!({})).await;
    }
    let page = get(&server, "/end-users/").await.json();
    assert_eq!(page["data"].as_array().expect("a list").len(), 100);
    assert!(page["meta"]["next_page_url"].is_string());
}

#[tokio::test]
async fn get_end_users_finds_one_by_its_external_id() {
    let server = unlimited().await;
    let id = created(&server, json!({"external_id": "Crm 1/ä"})).await;
    for written in ["crm%201%2F%C3%A4", "CRM+1/%C3%84"] {
        let found = get(&server, &format!("/end-users?external_id={written}")).await;
        assert_eq!(id_of(&found.expect(200).json()), id);
    }
    assert_answer!(
        "one",
        get(&server, "/end-users/?external_id=crm%201/%C3%A4").await
    );
    assert_answer!(
        "missing",
        get(&server, "/end-users/?external_id=crm-2").await
    );
}

#[tokio::test]
async fn get_end_users_refuses_bad_parameters() {
    let server = unlimited().await;
    let long = format!("?external_id={}", "x".repeat(37));
    for (name, query) in [
        ("limit_zero", "?limit=0"),
        ("limit_large", "?limit=101"),
        ("limit_text", "?limit=ten"),
        ("cursor_unknown", "?cursor=000000000000000000000000"),
        (
            "both_cursor",
            "?external_id=a&cursor=000000000000000000000000",
        ),
        ("both_limit", "?external_id=a&limit=1"),
        ("external_id_long", &long),
    ] {
        let refused = get(&server, &format!("/end-users/{query}")).await;
        assert_eq!(refused.status, 400, "{name}");
        insta::assert_snapshot!(format!("bad_list_{name}"), refused.shown());
    }
}

#[tokio::test]
async fn get_end_users_goes_on_where_an_erased_end_user_stood() {
    let mut server = unlimited().await;
    for number in 0..4 {
        created(
            &server,
            json!({"profile": {"first_name": number.to_string()}}),
        )
        .await;
    }
    let page = get(&server, "/end-users?limit=2").await.json();
    let next = page["meta"]["next_page_url"].as_str().expect("a url");
    let (_, cursor) = next.split_once("cursor=").expect("a cursor");
    let (cursor, _) = cursor.split_once('&').expect("and the limit");
    let erase = json!({"identifiers": [{"type": "end_user_id", "value": cursor}]});
    v2(&server, Method::POST, "/end-users/delete", Some(erase))
        .await
        .expect(202);
    super::deletion::run(&server).await;
    server.restart().await;
    let page = get(&server, &format!("/end-users?cursor={cursor}")).await;
    assert_eq!(names(&page.expect(200).json()), ["3"]);
    // A week later that place is forgotten.
    server
        .clock
        .advance(std::time::Duration::from_secs(7 * 24 * 3600));
    super::time::sweep(&server).await;
    get(&server, &format!("/end-users?cursor={cursor}"))
        .await
        .expect(400);
}

#[tokio::test]
async fn get_end_users_takes_a_parameter_without_a_value_for_none() {
    let server = unlimited().await;
    created(&server, json!({})).await;
    for query in [
        "?cursor=",
        "?external_id=",
        "?external_id=&cursor=&limit=20",
    ] {
        let page = get(&server, &format!("/end-users/{query}"))
            .await
            .expect(200);
        assert_eq!(
            page.json()["data"].as_array().map(Vec::len),
            Some(1),
            "{query}"
        );
    }
}

#[tokio::test]
async fn get_end_users_gives_the_next_page_at_the_public_url() {
    let server = TestServer::with(|config| {
        let url = "https://parlance.example.com".to_owned();
        config.server.public_url = Some(url.try_into().expect("an address"));
    })
    .await;
    for _ in 0..2 {
        created(&server, json!({})).await;
    }
    let page = get(&server, "/end-users/?limit=1").await.expect(200).json();
    let next = page["meta"]["next_page_url"].as_str().expect("a url");
    let start = "https://parlance.example.com/api/v2/end-users/?cursor=";
    assert!(next.starts_with(start), "{next}");
}
