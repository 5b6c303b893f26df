//! `/inbox/{name}`: the test inbox.

use parlance::kernel::clock::system_now;
use reqwest::{Method, header};
use serde_json::{Value, json};

use super::{ada, create, deliver, one, settled, start, start_with};
use crate::{
    ada::end_users::deletion,
    support::{Answer, TestServer, assert_answer, file_contains, send},
};

async fn post(server: &TestServer, path: &str, body: &str) -> Answer {
    let request = server.request(Method::POST, path);
    send(
        request
            .header("content-type", "text/plain")
            .body(body.to_owned()),
    )
    .await
}

async fn inbox(server: &TestServer, name: &str) -> Value {
    let path = format!("/inbox/{name}.json");
    send(server.request(Method::GET, &path))
        .await
        .expect(200)
        .json()
}

#[tokio::test]
async fn a_delivery_is_shown_with_a_good_verdict() {
    let mut server = start().await;
    let url = format!("{}/inbox/example", server.server().url());
    let id = create(&server, &url).await;
    deliver(&server).await;
    let shown = inbox(&server, "example").await;
    let request = &shown["requests"][0];
    assert_eq!(request["verified"], true);
    assert_eq!(request["reason"], "signed with the endpoint's secret");
    assert!(
        request["body"]
            .as_str()
            .expect("a body")
            .contains("v1.end_user.created")
    );
    // With the old secret's signature beside the new one's.
    let path = format!("{}/secret/rotate/", one(&id));
    ada(&server, Method::POST, &path, Some(json!({})))
        .await
        .expect(200);
    deliver(&server).await;
    assert_eq!(
        inbox(&server, "example").await["requests"][0]["verified"],
        true
    );
    let page = send(server.request(Method::GET, "/inbox/example"))
        .await
        .expect(200);
    assert!(page.text.contains("Signature verified"));
    server.restart().await;
    let kept = inbox(&server, "example").await["requests"]
        .as_array()
        .map(Vec::len);
    assert_eq!(kept, Some(2), "it survives a restart");
}

#[tokio::test]
async fn what_is_not_signed_so_has_another_verdict() {
    let server = start().await;
    let answer = post(&server, "/inbox/alone", "hello").await.expect(200);
    assert_eq!(answer.json()["verified"], Value::Null);
    let url = format!("{}/inbox/example", server.server().url());
    create(&server, &url).await;
    let answer = post(&server, "/inbox/example?a=1", "hello")
        .await
        .expect(200);
    assert_answer!("no_headers", answer);
    let signed = |timestamp: i64| {
        let request = server.request(Method::PUT, "/inbox/example").body("hello");
        let request = request
            .header("webhook-id", "msg_1")
            .header("webhook-timestamp", timestamp.to_string())
            .header("webhook-signature", "v1,AAAA");
        send(request)
    };
    let now = system_now().as_seconds();
    assert_answer!("bad_signature", signed(now).await);
    assert_answer!("bad_time", signed(now - 301).await);
    let shown = inbox(&server, "example").await;
    assert_eq!(shown["requests"].as_array().map(Vec::len), Some(3));
    assert_eq!(shown["requests"][2]["path"], "/inbox/example?a=1");
    assert_eq!(shown["requests"][0]["method"], "PUT");
}

#[tokio::test]
async fn it_answers_the_status_it_is_told() {
    let server = start().await;
    let request = server.request(Method::POST, "/inbox/example/settings");
    send(request.json(&json!({"status": 503})))
        .await
        .expect(200);
    post(&server, "/inbox/example", "x").await.expect(503);
    let form = server.request(Method::POST, "/inbox/example/settings");
    let form = form
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body("status=204");
    // The client follows the redirect to the page.
    let page = send(form).await.expect(200);
    assert!(page.text.contains("New ones are answered with 204"));
    assert_eq!(
        post(&server, "/inbox/example", "x").await.expect(204).text,
        ""
    );
    post(&server, "/inbox/other", "x").await.expect(200);
    for status in [
        json!({"status": 199}),
        json!({"status": 600}),
        json!({}),
        json!([]),
    ] {
        let request = server.request(Method::POST, "/inbox/example/settings");
        assert_answer!("bad_status", send(request.json(&status)).await);
    }
    let shown = inbox(&server, "example").await;
    assert_eq!(shown["status"], 204);
    assert_eq!(shown["requests"][1]["status"], 503);
}

#[tokio::test]
async fn what_a_request_brings_along_is_text() {
    let server = start().await;
    let script = "<script>alert('x')</script>{{requests}}\"'";
    let request = server.request(Method::POST, "/inbox/example?<img src=x>");
    let request = request.header("x-evil", script).body(script);
    send(request).await.expect(200);
    let page = send(server.request(Method::GET, "/inbox/example"))
        .await
        .expect(200);
    assert!(!page.text.contains("<script") && !page.text.contains("<img src=x"));
    assert!(
        page.text
            .contains("&#60;script&#62;alert(&#39;x&#39;)&#60;/script&#62;{{requests}}")
    );
    let policy = page.header("content-security-policy").expect("a policy");
    assert!(policy.starts_with("default-src 'none'"));
}

#[tokio::test]
async fn size_and_count_are_bounded() {
    let server = start_with(|config| {
        config.inbox.max_requests = 2;
        config.inbox.max_inboxes = 2;
        config.inbox.max_body_bytes = 4;
    })
    .await;
    for body in ["1", "2", "3 is long"] {
        post(&server, "/inbox/one", body).await.expect(200);
    }
    let shown = inbox(&server, "one").await;
    let bodies: Vec<_> = shown["requests"]
        .as_array()
        .expect("a list")
        .iter()
        .collect();
    assert_eq!(bodies.len(), 2);
    assert_eq!(
        (&bodies[0]["body"], &bodies[0]["truncated"]),
        (&json!("3 is"), &json!(true))
    );
    assert_eq!(
        (&bodies[1]["body"], &bodies[1]["truncated"]),
        (&json!("2"), &json!(false))
    );
    for name in ["two", "three"] {
        server.clock.advance(std::time::Duration::from_secs(1));
        post(&server, &format!("/inbox/{name}"), "x")
            .await
            .expect(200);
    }
    let list = send(server.request(Method::GET, "/inbox"))
        .await
        .expect(200);
    assert!(list.text.contains("/inbox/three") && !list.text.contains("/inbox/one\""));
    assert_eq!(inbox(&server, "one").await["requests"], json!([]));
}

#[tokio::test]
async fn names_and_methods_are_checked() {
    let server = start().await;
    let long = format!("/inbox/{}", "x".repeat(65));
    for path in ["/inbox/a.b", "/inbox/a%20b", "/inbox/%3Cb%3E", &long] {
        assert_answer!("bad_name", post(&server, path, "x").await);
    }
    send(server.request(Method::DELETE, "/inbox/x"))
        .await
        .expect(405);
    post(&server, "/inbox/x", "1").await.expect(200);
    let cleared = post(&server, "/inbox/x/clear", "").await.expect(200);
    assert_eq!(cleared.json(), json!({"name": "x"}));
    assert_eq!(inbox(&server, "x").await["requests"], json!([]));
}

#[tokio::test]
async fn json_is_answered_to_who_asks_for_it_and_pages_need_no_network() {
    let server = start().await;
    post(&server, "/inbox/example", "{\"a\":1}")
        .await
        .expect(200);
    let asked = server.request(Method::GET, "/inbox/example");
    let asked = send(asked.header(header::ACCEPT, "application/json")).await;
    assert_eq!(asked.expect(200).json()["requests"][0]["body"], "{\"a\":1}");
    for path in ["/inbox/", "/inbox/example", "/inbox/unused"] {
        let page = send(server.request(Method::GET, path)).await.expect(200);
        let links = page
            .text
            .split("href=\"")
            .skip(1)
            .chain(page.text.split("action=\"").skip(1));
        for link in links {
            let link = link.split('"').next().expect("a link");
            assert!(link.starts_with('/'), "{path} links to {link}");
            if !link.ends_with("settings") && !link.ends_with("clear") {
                send(server.request(Method::GET, link)).await.expect(200);
            }
        }
    }
}

#[tokio::test]
async fn submit_a_bulk_end_user_deletion_request_reaches_the_inbox() {
    let mut server = start().await;
    let url = format!("{}/inbox/example", server.server().url());
    create(&server, &url).await;
    let mut ids = Vec::new();
    for name in ["erased-9d02", "kept-9d02"] {
        let body = json!({"profile": {"first_name": name}});
        let made = ada(&server, Method::POST, "/api/v2/end-users/", Some(body)).await;
        let id = made.expect(201).json()["end_user_id"].clone();
        ids.push(id.as_str().expect("an id").to_owned());
    }
    settled(&server).await;
    // Others tell of end users without tags, and more than is kept of a body.
    let untagged = json!({"data": {"end_user_id": ids[0]}, "more": "x".repeat(300_000)});
    post(&server, "/inbox/example", &untagged.to_string()).await;
    let bodies = async || {
        let shown = inbox(&server, "example").await;
        let requests = shown["requests"].as_array().expect("a list").clone();
        let body = |request: Value| request["body"].as_str().expect("a body").to_owned();
        requests.into_iter().map(body).collect::<Vec<_>>()
    };
    let received = bodies().await;
    assert_eq!(received.len(), 3);
    let late = received.iter().find(|body| body.contains("erased-9d02"));
    let late = late.expect("the event").clone();
    deletion::erase(&server, &ids[0]).await;
    let left = bodies().await;
    assert_eq!(left.len(), 1);
    assert!(left[0].contains("kept-9d02"));
    // What was on its way is answered and not kept.
    post(&server, "/inbox/example", &late).await.expect(200);
    assert_eq!(bodies().await, left);
    server.stop().await;
    let path = &server.config.store.path;
    assert!(!file_contains(path, "erased-9d02") && file_contains(path, "kept-9d02"));
}
