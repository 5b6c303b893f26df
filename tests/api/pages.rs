//! The pages and documents that the server shows, and the endpoints for whatever watches it.

use parlance::http::AllowedHost;
use reqwest::{Method, header};

use crate::support::{TestServer, send};

#[tokio::test]
async fn the_landing_page_lists_each_dialect_with_its_addresses() {
    let server = TestServer::start().await;
    let page = send(server.request(Method::GET, "/")).await.expect(200);
    assert_eq!(
        page.header("content-type"),
        Some("text/html; charset=utf-8")
    );
    for place in [
        "Aloochat".to_owned(),
        format!("{}/api/public", server.server().url()),
        "href=\"/docs/aloochat\"".to_owned(),
        "href=\"/openapi/aloochat.json\"".to_owned(),
        "href=\"/openapi/aloochat.yaml\"".to_owned(),
        "href=\"/docs/console\"".to_owned(),
    ] {
        assert!(page.text.contains(&place), "{place}");
    }
    assert!(
        !page.text.contains("{{"),
        "every place of the page is filled"
    );
}

#[tokio::test]
async fn pages_need_no_network() {
    let server = TestServer::start().await;
    let paths = ["/", "/docs/aloochat", "/docs/console"];
    for path in paths {
        let page = send(server.request(Method::GET, path)).await.expect(200);
        for start in ["src=\"", "href=\""] {
            for (_, rest) in page
                .text
                .match_indices(start)
                .map(|(at, _)| page.text.split_at(at))
            {
                let link = rest[start.len()..].split('"').next().expect("a link");
                assert!(link.starts_with('/'), "{path} links to {link}");
                let target = send(server.request(Method::GET, link)).await;
                assert_eq!(target.status, 200, "{path} links to {link}");
            }
        }
    }
}

#[tokio::test]
async fn documents_name_the_address_that_they_were_asked_at() {
    let server = TestServer::start().await;
    for path in ["/openapi/aloochat.json", "/openapi/aloochat.yaml"] {
        let request = server.request(Method::GET, path);
        let document = send(request.header(header::HOST, "parlance.localhost:8080")).await;
        let address = "http://parlance.localhost:8080/api/public";
        assert!(document.expect(200).text.contains(address), "{path}");
    }
    let own = format!("{}/api/public", server.server().url());
    assert_eq!(forwarded(&server, "parlance.example.com").await, own);
}

#[tokio::test]
async fn documents_name_the_address_that_a_trusted_proxy_was_asked_at() {
    let server = TestServer::with(|config| {
        config.server.trust_forwarded = true;
        config.server.allowed_hosts = vec![proxy()];
    })
    .await;
    assert_eq!(
        forwarded(&server, "parlance.example.com").await,
        "https://parlance.example.com/api/public"
    );
    let request = server.request(Method::GET, "/");
    let page = send(request.header("x-forwarded-host", "<script>")).await;
    assert!(!page.expect(400).text.contains("<script>"));
}

/// The host that the proxy is known as.
fn proxy() -> AllowedHost {
    let host = "parlance.example.com".to_owned();
    host.try_into().expect("a host")
}

#[tokio::test]
async fn documents_name_the_public_url() {
    let server = TestServer::with(|config| {
        let url = "https://chat.example.com:8443/".to_owned();
        config.server.public_url = Some(url.try_into().expect("an address"));
        config.server.trust_forwarded = true;
        config.server.allowed_hosts = vec![proxy()];
    })
    .await;
    let public = "https://chat.example.com:8443/api/public";
    assert_eq!(forwarded(&server, "parlance.example.com").await, public);
}

#[tokio::test]
async fn pages_are_compressed_and_not_sent_twice() {
    let server = TestServer::start().await;
    let script = "/assets/swagger-ui.js";
    let plain = send(server.request(Method::GET, script)).await.expect(200);
    assert_eq!(plain.header("content-encoding"), None);
    let request = server.request(Method::GET, script);
    let small = request
        .header(header::ACCEPT_ENCODING, "gzip")
        .send()
        .await
        .expect("an answer");
    assert_eq!(small.headers()[header::CONTENT_ENCODING], "gzip");
    let bytes = small.bytes().await.expect("bytes");
    assert!(bytes.starts_with(&[0x1f, 0x8b]));
    assert!(bytes.len() * 2 < plain.text.len(), "{} bytes", bytes.len());
    let tag = plain.header("etag").expect("a tag");
    let request = server
        .request(Method::GET, script)
        .header(header::IF_NONE_MATCH, tag);
    assert_eq!(send(request).await.expect(304).text, "");
    // What is small is sent as it is.
    let request = server.request(Method::GET, "/healthz");
    let tiny = send(request.header(header::ACCEPT_ENCODING, "gzip"))
        .await
        .expect(200);
    assert_eq!(tiny.header("content-encoding"), None);
}

#[tokio::test]
async fn health_and_readiness() {
    let server = TestServer::start().await;
    for path in ["/healthz", "/readyz"] {
        let answer = send(server.request(Method::GET, path)).await.expect(200);
        assert_eq!(answer.json()["status"], "ok", "{path}");
    }
}

#[tokio::test]
async fn metrics_count_requests_by_dialect_operation_and_status() {
    let server = TestServer::start().await;
    server
        .aloochat(Method::GET, "/integrations", None)
        .await
        .expect(200);
    server
        .aloochat(Method::GET, "/integrations/42", None)
        .await
        .expect(404);
    server
        .aloochat(Method::GET, "/nothing", None)
        .await
        .expect(404);
    let metrics = send(server.request(Method::GET, "/metrics"))
        .await
        .expect(200);
    for (labels, count) in [
        ("operation=\"list_integrations\",status=\"200\"", 1),
        ("operation=\"get_integration\",status=\"404\"", 1),
        ("operation=\"none\",status=\"404\"", 1),
    ] {
        let line = format!("parlance_http_requests_total{{dialect=\"aloochat\",{labels}}} {count}");
        assert!(metrics.text.contains(&line), "{line} in {}", metrics.text);
    }
    for name in [
        "parlance_http_request_duration_seconds_bucket",
        "parlance_store_batch_size_bucket",
        "parlance_store_queue_depth",
        "parlance_store_commit_seconds_bucket",
    ] {
        assert!(metrics.text.contains(name), "{name}");
    }
    assert!(metrics.text.ends_with("# EOF\n"));
}

/// The address in a document that a proxy asks for.
async fn forwarded(server: &TestServer, host: &str) -> String {
    let request = server
        .request(Method::GET, "/openapi/aloochat.json")
        .header("x-forwarded-proto", "https")
        .header("x-forwarded-host", host);
    let document = send(request).await.expect(200).json();
    let address = document["servers"][0]["url"].as_str();
    address.expect("an address").to_owned()
}

/// What a page of this machine may do, by the answer to its preflight and to the call itself.
async fn allowed(server: &TestServer, path: &str, origin: &str) -> [Option<String>; 4] {
    let preflight = server
        .request(Method::OPTIONS, path)
        .header(header::ORIGIN, origin)
        .header(header::ACCESS_CONTROL_REQUEST_METHOD, "POST")
        .header(header::ACCESS_CONTROL_REQUEST_HEADERS, HEADERS);
    let preflight = send(preflight).await;
    let call = server.request(Method::GET, path);
    let call = send(call.header(header::ORIGIN, origin)).await;
    let text = |value: Option<&str>| value.map(str::to_owned);
    [
        text(preflight.header("access-control-allow-headers")),
        text(preflight.header("access-control-allow-credentials")),
        text(call.header("access-control-allow-origin")),
        text(call.header("access-control-allow-credentials")),
    ]
}

const HEADERS: &str = "authorization,content-type,x-bot-id,x-integration-id,x-workspace-id";

#[tokio::test]
async fn pages_of_this_machine_call_botpress_with_credentials_and_nothing_else() {
    let server = TestServer::start().await;
    let here = "http://localhost:5173";
    let yes = |text: &str| Some(text.to_owned());
    for path in ["/v1/admin/account/me", "/v1/chat/messages"] {
        let expected = [yes(HEADERS), yes("true"), yes(here), yes("true")];
        assert_eq!(allowed(&server, path, here).await, expected, "{path}");
        let none = [None, None, None, None];
        let elsewhere = "https://example.com";
        assert_eq!(allowed(&server, path, elsewhere).await, none, "{path}");
    }
    let without = [yes(HEADERS), None, yes(here), None];
    for path in [
        "/",
        "/api/public/integrations",
        "/v1/connectors",
        "/platform/connections",
    ] {
        assert_eq!(allowed(&server, path, here).await, without, "{path}");
    }
}

#[tokio::test]
async fn a_browser_that_is_lost_gets_a_page_with_a_way_home() {
    let server = TestServer::start().await;
    let accept = "text/html,application/xhtml+xml,*/*;q=0.8";
    for path in ["/nope", "/docs/nope", "/openapi/nope.json"] {
        let request = server.request(Method::GET, path);
        let page = send(request.header(header::ACCEPT, accept)).await;
        assert_eq!(page.status, 404, "{path}");
        assert_eq!(
            page.header("content-type"),
            Some("text/html; charset=utf-8"),
            "{path}"
        );
        assert!(page.text.contains("<h1>Nothing here</h1>") && page.text.contains("href=\"/\""));
        // Programs read JSON.
        let json = send(server.request(Method::GET, path)).await;
        assert_eq!(json.status, 404);
        assert!(json.text.starts_with('{'), "{}", json.text);
    }
}

#[tokio::test]
async fn doubled_slashes_before_a_path_are_one() {
    let server = TestServer::start().await;
    for (path, status) in [
        ("//healthz", 200),
        ("//docs/ada", 200),
        ("//platform/connections", 200),
        ("/platform//connections", 200),
        ("//nope", 404),
    ] {
        let url = format!("{}{path}", server.server().url());
        let answer = send(reqwest::Client::new().get(url)).await;
        assert_eq!(answer.status, status, "{path}");
    }
}
