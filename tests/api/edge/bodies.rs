//! A request that is refused before its body is read keeps its answer: the rest of the body is read and
//! dropped within bounds.

use super::raw::{Raw, RawAnswer};
use crate::support::{ADA_KEY, ALOOCHAT_KEY, COHERE_KEY, TestServer};

/// How a body is sent.
#[derive(Debug, Clone, Copy)]
enum Framing {
    Length,
    Chunked,
}

/// A request with a body of so many bytes, which a client sends whole before it reads.
async fn upload(
    raw: &mut Raw,
    path: &str,
    bytes: usize,
    framing: Framing,
    more: &str,
) -> RawAnswer {
    let framed = match framing {
        Framing::Length => format!("Content-Length: {bytes}"),
        Framing::Chunked => "Transfer-Encoding: chunked".to_owned(),
    };
    let head = format!(
        "POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
         {framed}\r\n{more}\r\n"
    );
    raw.send(head).await;
    let piece = vec![b' '; 65_536];
    let mut left = bytes;
    while left > 0 {
        let length = left.min(piece.len());
        if matches!(framing, Framing::Chunked) {
            raw.send(format!("{length:x}\r\n")).await;
        }
        raw.send(&piece[..length]).await;
        if matches!(framing, Framing::Chunked) {
            raw.send("\r\n").await;
        }
        left -= length;
    }
    if matches!(framing, Framing::Chunked) {
        raw.send("0\r\n\r\n").await;
    }
    raw.answer().await
}

const PLACES: [(&str, u16); 10] = [
    ("/v1/connectors", 401),
    ("/v1/chat", 401),
    ("/api/v2/webhooks", 401),
    ("/api/public/integrations", 401),
    ("/v1/admin/bots", 401),
    ("/v1/chat/messages", 401),
    ("/console/api/clock/freeze", 401),
    ("/webhook/nobody", 404),
    ("/v1/nothing", 404),
    ("/platform/sign-in", 403),
];

#[tokio::test]
async fn a_refusal_arrives_and_the_connection_goes_on() {
    let server = TestServer::start().await;
    for framing in [Framing::Length, Framing::Chunked] {
        let mut raw = Raw::open(&server).await;
        for (path, status) in PLACES {
            for bytes in [1_000, 1_000_000, 9_000_000] {
                let answer = upload(&mut raw, path, bytes, framing, "").await;
                assert_eq!(answer.status, status, "{path} {bytes} {framing:?}");
                assert!(answer.header("connection").is_none(), "{path} {answer:?}");
            }
        }
    }
}

#[tokio::test]
async fn a_body_beyond_the_cap_is_refused_with_an_answer_that_arrives() {
    let server = TestServer::start().await;
    let keys = format!("Authorization: Bearer {COHERE_KEY}\r\nx-api-key: {ALOOCHAT_KEY}\r\n");
    for framing in [Framing::Length, Framing::Chunked] {
        let mut raw = Raw::open(&server).await;
        for path in ["/v1/connectors", "/api/public/integrations"] {
            for bytes in [12_000_000, 25_000_000] {
                let answer = upload(&mut raw, path, bytes, framing, &keys).await;
                assert_eq!(answer.status, 413, "{path} {bytes} {framing:?}");
                assert!(answer.body.starts_with('{'), "{answer:?}");
            }
        }
    }
}

#[tokio::test]
async fn no_more_than_the_bound_is_dropped() {
    let server = TestServer::with(|config| config.server.drain_bytes = 200_000).await;
    let mut raw = Raw::open(&server).await;
    let answer = upload(&mut raw, "/v1/connectors", 150_000, Framing::Length, "").await;
    assert_eq!((answer.status, answer.header("connection")), (401, None));
    raw.send("POST /v1/connectors HTTP/1.1\r\nHost: localhost\r\nContent-Length: 50000000\r\n\r\n")
        .await;
    let answer = raw.answer().await;
    assert_eq!(answer.status, 413);
    // The client is told that the connection ends, since the body is not read to its end.
    assert_eq!(answer.header("connection"), Some("close"));
    let piece = vec![b' '; 65_536];
    let mut taken = 0;
    while taken < 50_000_000 && raw.try_send(&piece).await {
        taken += piece.len();
    }
    // What lies in the buffers of both systems was not read.
    assert!(taken < 30_000_000, "{taken}");
}

#[tokio::test]
async fn a_broken_body_is_answered_and_its_connection_ends_well() {
    let server = TestServer::start().await;
    let mut raw = Raw::open(&server).await;
    let key = format!("Authorization: Bearer {ADA_KEY}\r\n");
    raw.send(format!(
        "POST /api/v2/webhooks HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
         Transfer-Encoding: chunked\r\n{key}\r\nnot a length\r\n"
    ))
    .await;
    raw.send(vec![b'x'; 300_000]).await;
    let answer = raw.answer().await;
    assert_eq!(answer.status, 400);
    assert!(answer.header("x-request-id").is_some());
    assert!(raw.ends_well().await);
}

#[tokio::test]
async fn a_head_that_is_no_request_is_answered_and_its_connection_ends_well() {
    let server = TestServer::with(|config| config.server.header_bytes = 8192).await;
    let mut raw = Raw::open(&server).await;
    raw.send(format!(
        "GET /healthz HTTP/1.1\r\nX-Long: {}\r\n\r\n",
        "x".repeat(100_000)
    ))
    .await;
    assert_eq!(raw.answer().await.status, 431);
    assert!(raw.ends_well().await);
    let mut raw = Raw::open(&server).await;
    raw.send(format!(
        "GET /healthz HTTP/9.9\r\n{}",
        "x\r\n".repeat(1_000)
    ))
    .await;
    assert_eq!(raw.answer().await.status, 400);
    assert!(raw.ends_well().await);
}

#[tokio::test]
async fn bodies_have_a_bounded_memory_together() {
    let server = TestServer::with(|config| {
        config.server.body_limit_bytes = 1_000_000;
        config.server.body_memory_bytes = 1_500_000;
    })
    .await;
    let head = format!(
        "POST /api/public/integrations HTTP/1.1\r\nHost: localhost\r\n\
         Content-Type: application/json\r\nx-api-key: {ALOOCHAT_KEY}\r\nContent-Length: 900000\r\n\r\n"
    );
    // Two of this size do not fit, though neither is whole yet.
    let mut first = Raw::open(&server).await;
    first.send(&head).await;
    first.send(vec![b' '; 899_999]).await;
    let mut second = Raw::open(&server).await;
    second.send(&head).await;
    second.send(vec![b' '; 899_999]).await;
    let refused = tokio::select! {
        answer = first.answer() => answer,
        answer = second.answer() => answer,
    };
    assert_eq!(refused.status, 503, "{refused:?}");
    assert_eq!(refused.header("retry-after"), Some("1"));
    assert!(
        refused.body.contains("server.body_memory_bytes"),
        "{refused:?}"
    );
    // A small one passes.
    let small = server
        .aloochat(
            reqwest::Method::POST,
            "/integrations",
            Some(serde_json::json!({})),
        )
        .await;
    assert_eq!(small.status, 400);
}
