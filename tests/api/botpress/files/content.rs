//! Reading the bytes of files at their addresses.

use std::time::Duration;

use reqwest::Method;
use serde_json::json;

use super::{read, store, upsert};
use crate::{
    botpress::given::Given,
    support::{assert_answer, send},
};

#[tokio::test]
async fn get_uploaded_file_has_an_address_that_is_valid_for_an_hour() {
    let given = Given::new().await;
    let (server, bot) = (&given.server, given.as_bot());
    let file = store(server, &bot, "a.txt", "Hello", json!({})).await;
    let url = file["url"].as_str().expect("an address");
    let answer = read(server, &file["url"]).await.expect(200);
    assert_eq!(answer.text, "Hello");
    assert_eq!(answer.header("content-type"), Some("text/plain"));
    assert_eq!(answer.header("accept-ranges"), Some("bytes"));
    let (bare, _) = url.split_once('?').expect("a query");
    let refused = read(server, &json!(bare)).await;
    assert_answer!("private_without_signature", refused.expect(403));
    let other = store(server, &bot, "b.txt", "other", json!({})).await;
    let (_, signature) = url.split_once('?').expect("a query");
    let (bare, _) = other["url"]
        .as_str()
        .and_then(|url| url.split_once('?'))
        .expect("a query");
    let crossed = read(server, &json!(format!("{bare}?{signature}"))).await;
    assert_eq!(crossed.status, 403);
    server.clock.advance(Duration::from_secs(3_601));
    assert_eq!(read(server, &file["url"]).await.status, 403);
}

#[tokio::test]
async fn get_uploaded_file_has_a_permanent_address_for_public_content() {
    let given = Given::new().await;
    let (server, bot) = (&given.server, given.as_bot());
    let public = json!({"accessPolicies": ["public_content"]});
    let file = store(server, &bot, "a.html", "<script>1</script>", public).await;
    let url = file["url"].as_str().expect("an address");
    assert!(!url.contains('?'), "{url}");
    server.clock.advance(Duration::from_secs(100 * 86_400));
    let answer = read(server, &file["url"]).await.expect(200);
    assert_eq!(answer.header("content-type"), Some("text/html"));
    assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
    assert_eq!(
        answer.header("content-disposition"),
        Some("attachment; filename*=UTF-8''a.html")
    );
    let policy = answer.header("content-security-policy").expect("a policy");
    assert!(policy.contains("sandbox"), "{policy}");
    assert!(policy.contains("default-src 'none'"), "{policy}");
    let hidden = bot
        .put(server, "/v1/files/a.html", json!({"accessPolicies": []}))
        .await;
    hidden.expect(200);
    assert_eq!(read(server, &file["url"]).await.status, 403);
}

#[tokio::test]
async fn get_uploaded_file_serves_ranges_and_conditions() {
    let given = Given::new().await;
    let server = &given.server;
    let bytes: String = (0..700_000_u32)
        .map(|index| char::from(b'a' + (index % 26) as u8))
        .collect();
    let file = store(server, &given.as_bot(), "a.bin", &bytes, json!({})).await;
    let url = file["url"].as_str().expect("an address");
    let whole = read(server, &file["url"]).await.expect(200);
    assert!(whole.text == bytes);
    let etag = whole.header("etag").expect("an etag").to_owned();
    for (range, part) in [
        ("bytes=0-0", &bytes[..1]),
        ("bytes=262140-262150", &bytes[262_140..262_151]),
        ("bytes=524280-", &bytes[524_280..]),
        ("bytes=-7", &bytes[699_993..]),
    ] {
        let answer = send(server.client.get(url).header("range", range))
            .await
            .expect(206);
        assert!(answer.text == part, "{range}");
        let shown = answer.header("content-range").expect("a range");
        assert!(shown.ends_with("/700000"), "{shown}");
    }
    let beyond = send(server.client.get(url).header("range", "bytes=700000-")).await;
    assert_eq!(
        beyond.expect(416).header("content-range"),
        Some("bytes */700000")
    );
    let same = send(server.client.get(url).header("if-none-match", &etag)).await;
    assert_eq!(same.expect(304).text, "");
    let changed = server
        .client
        .get(url)
        .header("range", "bytes=0-0")
        .header("if-range", "\"x\"");
    assert_eq!(send(changed).await.expect(200).text.len(), 700_000);
    let head = send(server.client.head(url)).await.expect(200);
    assert_eq!(head.header("content-length"), Some("700000"));
}

#[tokio::test]
async fn upsert_file_lets_pages_of_other_sites_send_and_read() {
    let given = Given::new().await;
    let server = &given.server;
    let file = upsert(server, &given.as_bot(), json!({"key": "a", "size": 1})).await;
    let url = file["uploadUrl"].as_str().expect("an address");
    let preflight = server
        .client
        .request(Method::OPTIONS, url)
        .header("origin", "https://shop.example.com")
        .header("access-control-request-method", "PUT")
        .header(
            "access-control-request-headers",
            "content-type,x-amz-tagging",
        );
    let answer = send(preflight).await.expect(204);
    assert_eq!(answer.header("access-control-allow-origin"), Some("*"));
    let methods = answer
        .header("access-control-allow-methods")
        .unwrap_or_default();
    assert!(methods.contains("PUT"), "{methods}");
    assert_eq!(
        answer.header("access-control-allow-headers"),
        Some("content-type,x-amz-tagging")
    );
    let put = server
        .client
        .put(url)
        .header("origin", "https://shop.example.com");
    let sent = send(put.body("x")).await.expect(200);
    assert_eq!(sent.header("access-control-allow-origin"), Some("*"));
}

#[tokio::test]
async fn get_uploaded_file_of_an_address_that_is_none() {
    let given = Given::new().await;
    let server = &given.server;
    let missing = send(server.request(Method::GET, "/v1/storage/contents/none")).await;
    assert_answer!("content_not_found", missing.expect(404));
    let deleted = send(server.request(Method::DELETE, "/v1/storage/contents/none")).await;
    assert_eq!(deleted.status, 405);
    assert_eq!(deleted.header("allow"), Some("GET, HEAD, PUT"));
}
