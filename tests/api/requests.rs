//! What holds for every request: its id, unknown paths and methods, the body cap.

use reqwest::Method;

use crate::support::{ALOOCHAT_KEY, TestServer, assert_answer, send};

#[tokio::test]
async fn a_request_id_is_taken_over_or_made() {
    let server = TestServer::start().await;
    let get = |id: Option<&'static str>| {
        let mut request = server.request(Method::GET, "/api/public/integrations");
        if let Some(id) = id {
            request = request.header("x-request-id", id);
        }
        send(request)
    };
    assert_eq!(
        get(Some("my-id-1")).await.header("x-request-id"),
        Some("my-id-1")
    );
    let (one, two) = (get(None).await, get(None).await);
    let (one, two) = (one.header("x-request-id"), two.header("x-request-id"));
    assert!(one.is_some_and(|id| id.len() == 36));
    assert_ne!(one, two);
    let long: &'static str = Box::leak("x".repeat(1000).into_boxed_str());
    assert_eq!(
        get(Some(long)).await.header("x-request-id").map(str::len),
        Some(36)
    );
    let blank = get(Some("two words")).await;
    assert_eq!(blank.header("x-request-id").map(str::len), Some(36));
}

#[tokio::test]
async fn an_unknown_path_is_answered_by_the_dialect_that_owns_it() {
    let server = TestServer::start().await;
    for path in [
        "/api/public",
        "/api/public/",
        "/api/public/nothing",
        "/api/public/integrations/a/b",
    ] {
        let answer = send(server.request(Method::GET, path)).await;
        assert_answer!("aloochat_no_operation", answer);
    }
    assert_answer!(
        "no_dialect",
        send(server.request(Method::GET, "/v9/nothing")).await
    );
    assert_answer!(
        "no_console",
        send(server.request(Method::GET, "/console/api/nothing")).await
    );
    let answer = send(server.request(Method::PATCH, "/api/public/integrations")).await;
    assert_answer!("aloochat_no_method", answer);
    let answer = send(server.request(Method::POST, "/healthz")).await;
    assert!(answer.status.is_success() || answer.status == 405);
}

#[tokio::test]
async fn a_body_beyond_the_cap_is_refused_announced_or_not() {
    let server = TestServer::with(|config| config.server.body_limit_bytes = 2000).await;
    let body = format!(
        "{{\"name\": \"{}\", \"type\": \"slack\"}}",
        "x".repeat(3000)
    );
    let post = |body: reqwest::Body| {
        let request = server
            .request(Method::POST, "/api/public/integrations")
            .header("x-api-key", ALOOCHAT_KEY)
            .header("content-type", "application/json");
        send(request.body(body))
    };
    assert_answer!("too_large", post(body.clone().into()).await);
    let chunks = body.into_bytes();
    let chunks: Vec<Result<Vec<u8>, std::io::Error>> =
        chunks.chunks(500).map(|chunk| Ok(chunk.to_vec())).collect();
    let chunked = reqwest::Body::wrap_stream(futures_util::stream::iter(chunks));
    assert_answer!("too_large", post(chunked).await);
}
