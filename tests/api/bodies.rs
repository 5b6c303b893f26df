//! Bodies as clients and what stands before them send them: with a byte order mark, compressed, in another
//! charset, or not JSON at all.

use std::io::Write;

use flate2::{Compression, write::GzEncoder};
use reqwest::{Method, RequestBuilder};
use serde_json::json;

use crate::{
    botpress::given::Caller,
    chat::given as chat,
    support::{
        ADA_END_USERS_KEY, ADA_KEY, ALOOCHAT_KEY, COHERE_KEY, TestServer, assert_answer, send,
    },
};

const MARK: &[u8] = b"\xef\xbb\xbf";

/// Bytes compressed with gzip.
pub fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).expect("memory");
    encoder.finish().expect("memory")
}

/// A call with a body for each dialect, the body, and the status of a success.
fn calls(given: &chat::Given) -> Vec<(RequestBuilder, String, u16)> {
    let server = &given.server;
    let json = |method, path: &str| {
        server
            .request(method, path)
            .header("content-type", "application/json")
    };
    let call = |request, body: serde_json::Value, status| (request, body.to_string(), status);
    vec![
        call(
            json(Method::POST, "/api/public/integrations").header("x-api-key", ALOOCHAT_KEY),
            json!({"name": "a", "type": "slack"}),
            200,
        ),
        call(
            json(Method::POST, "/v1/connectors").bearer_auth(COHERE_KEY),
            json!({"url": "http://127.0.0.1:9/search"}),
            400,
        ),
        call(
            json(Method::POST, "/api/v2/end-users/").bearer_auth(ADA_KEY),
            json!({"external_id": "e-1"}),
            201,
        ),
        call(
            json(Method::PATCH, "/api/end-users/v1/0123456789abcdef01234567")
                .bearer_auth(ADA_END_USERS_KEY),
            json!({"profile": {}}),
            404,
        ),
        call(
            Caller::member().request(server, Method::POST, "/v1/admin/bots"),
            json!({"name": "b"}),
            201,
        ),
        call(
            json(Method::POST, &format!("{}/users", given.path)),
            json!({}),
            201,
        ),
        call(
            json(Method::POST, "/console/api/clock/advance")
                .bearer_auth(crate::support::OPERATOR_KEY),
            json!({"seconds": 1}),
            200,
        ),
    ]
}

fn sent(request: &RequestBuilder, body: impl Into<reqwest::Body>) -> RequestBuilder {
    request.try_clone().expect("no body yet").body(body)
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_are_read_with_a_mark_and_compressed() {
    let given = chat::Given::new().await;
    for (request, body, _) in calls(&given) {
        let plain = send(sent(&request, body.clone())).await;
        let allowed = [200, 201, 404, 400];
        assert!(allowed.contains(&plain.status.as_u16()), "{}", plain.text);
        let same = async |request: RequestBuilder| {
            let answer = send(request).await;
            assert_eq!(answer.status, plain.status, "{body}: {}", answer.text);
        };
        let marked = [MARK, body.as_bytes()].concat();
        // A second one of the same name is another matter.
        if !body.contains("external_id") {
            same(sent(&request, marked.clone())).await;
            let packed = gzip(&marked);
            same(sent(&request, packed).header("content-encoding", "gzip")).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_body_is_answered_with_what_is_wrong_with_it() {
    let given = chat::Given::new().await;
    let mut shown = String::new();
    for (request, body, _) in calls(&given) {
        for (name, bytes, encoding) in [
            ("form", b"a=b&c=d".to_vec(), None),
            ("packed", gzip(body.as_bytes()), None),
            ("plain", body.into_bytes(), Some("gzip")),
            ("unknown", b"{}".to_vec(), Some("zstd")),
        ] {
            let mut request = sent(&request, bytes);
            if let Some(encoding) = encoding {
                request = request.header("content-encoding", encoding);
            }
            let answer = send(request).await;
            assert!(answer.status.is_client_error(), "{}", answer.text);
            let begins_with_it = answer
                .text
                .contains("\"expected value at line 1 column 1\"");
            assert!(!begins_with_it, "{}", answer.text);
            shown.push_str(&format!("{name} {}\n", answer.shown()));
        }
    }
    insta::assert_snapshot!("broken_bodies", shown);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_is_bounded_once_it_is_inflated() {
    let server = TestServer::with(|config| config.server.body_limit_bytes = 100_000).await;
    let post = |body: Vec<u8>| {
        let request = server
            .request(Method::POST, "/api/public/integrations")
            .header("x-api-key", ALOOCHAT_KEY)
            .header("content-type", "application/json")
            .header("content-encoding", "gzip");
        send(request.body(body))
    };
    let body = |length: usize| {
        let name = "x".repeat(length);
        gzip(
            json!({"name": "a", "type": "slack", "note": name})
                .to_string()
                .as_bytes(),
        )
    };
    post(body(50_000)).await.expect(200);
    let bomb = body(20_000_000);
    assert!(bomb.len() < 50_000);
    let refused = post(bomb).await.expect(413);
    assert!(refused.text.contains("100000 bytes"), "{}", refused.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn inflated_bodies_count_in_the_memory_of_all() {
    let server = TestServer::with(|config| {
        config.server.body_limit_bytes = 300_000;
        config.server.body_memory_bytes = 300_000;
    })
    .await;
    let whole = json!({"name": "a", "type": "slack", "note": "x".repeat(290_000)}).to_string();
    // Two layers, each of which is in memory.
    let twice = gzip(&gzip(whole.as_bytes()));
    let request = server
        .request(Method::POST, "/api/public/integrations")
        .header("x-api-key", ALOOCHAT_KEY)
        .header("content-type", "application/json")
        .header("content-encoding", "gzip, gzip");
    send(request.body(twice)).await.expect(200);
    let stored = gzip_stored(&gzip_stored(whole.as_bytes()));
    assert!(stored.len() < 300_000);
    let request = server
        .request(Method::POST, "/api/public/integrations")
        .header("x-api-key", ALOOCHAT_KEY)
        .header("content-type", "application/json")
        .header("content-encoding", "gzip, gzip");
    let refused = send(request.body(stored)).await.expect(413);
    assert!(
        refused.text.contains("server.body_memory_bytes"),
        "{}",
        refused.text
    );
}

/// Bytes in the form of gzip, as long as they were.
fn gzip_stored(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::none());
    encoder.write_all(bytes).expect("memory");
    encoder.finish().expect("memory")
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_with_code_may_be_longer_than_others() {
    let server = TestServer::with(|config| {
        config.server.body_limit_bytes = 100_000;
        config.server.code_body_limit_bytes = 1_000_000;
    })
    .await;
    let member = Caller::member();
    let code = |length: usize| format!("exports.handler = '{}'", "x".repeat(length));
    let integration =
        |length: usize| json!({"name": "long", "version": "1.0.0", "code": code(length)});
    let path = "/v1/admin/integrations";
    let made = member.post(&server, path, integration(900_000)).await;
    let id = made.expect(200).json()["integration"]["id"].clone();
    let path = format!("{path}/{}", id.as_str().expect("an id"));
    let body = json!({"code": code(900_000)});
    member.put(&server, &path, body.clone()).await.expect(200);
    let check = format!("{path}/validate");
    member.put(&server, &check, body).await.expect(200);
    let refused = member
        .put(&server, &path, json!({"code": code(1_000_000)}))
        .await;
    assert_answer!("a_body_with_too_much_code", refused.expect(413));
    // Other operations have the limit of all.
    let long = json!({"name": "x".repeat(200_000)});
    for path in ["/v1/admin/workspaces", "/v1/admin/interfaces"] {
        member.post(&server, path, long.clone()).await.expect(413);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_values_of_a_body_count_in_the_memory_of_all() {
    let server = TestServer::with(|config| {
        config.server.body_limit_bytes = 1_000_000;
        config.server.code_body_limit_bytes = 1_000_000;
        config.server.body_memory_bytes = 10_000_000;
    })
    .await;
    // As the vendor's command line sends the code of a plugin in a bot.
    let bot = |bytes: usize| {
        let code = json!({"type": "Buffer", "data": vec![1; bytes]});
        json!({"name": "a", "unknown": {"code": code}})
    };
    let path = "/v1/admin/bots";
    let member = Caller::member();
    member.post(&server, path, bot(50_000)).await.expect(200);
    let refused = member.post(&server, path, bot(400_000)).await;
    assert_answer!("a_body_with_too_many_values", refused.expect(413));
}
