//! Bodies of requests to webhooks that are compressed, in another charset, or no text.

use reqwest::Method;
use serde_json::Value;

use super::{Pair, integration_logs, webhooks::webhook};
use crate::{bodies::gzip, support::send};

/// `hello` in brotli.
const BROTLI: &[u8] = &[0x0b, 0x02, 0x80, b'h', b'e', b'l', b'l', b'o', 0x03];

/// `hello` in the deflate of RFC 1951, in one stored block.
const RAW: &[u8] = &[0x01, 5, 0, 0xfa, 0xff, b'h', b'e', b'l', b'l', b'o'];

/// The mail that SendGrid posts for one in latin1.
const MAIL: &[u8] = b"--xYzZY\r\nContent-Disposition: form-data; name=\"charsets\"\r\n\r\n\
    {\"to\":\"UTF-8\",\"text\":\"iso-8859-1\"}\r\n--xYzZY\r\n\
    Content-Disposition: form-data; name=\"to\"\r\n\r\nJos\xc3\xa9\r\n--xYzZY\r\n\
    Content-Disposition: form-data; name=\"text\"\r\n\r\ncaf\xe9\r\n--xYzZY--\r\n";

async fn post(pair: &Pair, headers: &[(&str, &str)], body: &[u8]) -> u16 {
    let server = &pair.given.server;
    let request = server.request(Method::POST, &webhook(server));
    let request = headers.iter().fold(request, |request, (name, value)| {
        request.header(*name, *value)
    });
    send(request.body(body.to_vec())).await.status.as_u16()
}

/// The request that the integration was given last.
fn given(pair: &Pair) -> Value {
    let asked = pair.integration.asked();
    asked.last().expect("it was asked").json()["req"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn compressed_bodies_are_inflated() {
    let pair = Pair::start().await;
    pair.integration.answer_with(200, "taken");
    for (encoding, body) in [
        ("gzip", gzip(b"hello")),
        ("deflate", RAW.to_vec()),
        ("br", BROTLI.to_vec()),
    ] {
        assert_eq!(
            post(&pair, &[("content-encoding", encoding)], &body).await,
            200
        );
        let given = given(&pair);
        assert_eq!(given["body"], "hello", "{encoding}");
        assert_eq!(given["headers"]["content-encoding"], Value::Null);
        assert_eq!(given["headers"]["content-length"], "5");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn text_in_a_declared_charset_is_decoded() {
    let pair = Pair::start().await;
    pair.integration.answer_with(200, "taken");
    let latin = "text/plain; charset=ISO-8859-1";
    assert_eq!(
        post(&pair, &[("content-type", latin)], b"caf\xe9").await,
        200
    );
    assert_eq!(given(&pair)["body"], "café");
    assert_eq!(
        given(&pair)["headers"]["content-type"],
        "text/plain; charset=utf-8"
    );
    let form = "multipart/form-data; boundary=xYzZY";
    assert_eq!(post(&pair, &[("content-type", form)], MAIL).await, 200);
    let body = given(&pair)["body"].as_str().expect("a text").to_owned();
    assert!(body.contains("José") && body.contains("café"), "{body}");
    // A signature may cover the bytes of a text that is UTF-8, so that it stays as it is.
    assert_eq!(post(&pair, &[], b"\xef\xbb\xbf{}").await, 200);
    assert_eq!(given(&pair)["body"], "\u{feff}{}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_text_is_refused_and_logged() {
    let pair = Pair::start().await;
    pair.integration.answer_with(200, "taken");
    let before = pair.integration.asked().len();
    let png = b"\x89PNG\xff\xfe";
    assert_eq!(
        post(&pair, &[("content-type", "image/png")], png).await,
        415
    );
    assert_eq!(
        post(&pair, &[("content-encoding", "gzip")], b"hello").await,
        400
    );
    assert_eq!(
        post(&pair, &[("content-encoding", "zstd")], b"hello").await,
        415
    );
    assert_eq!(pair.integration.asked().len(), before);
    let log: Vec<String> = integration_logs(&pair.given.server)
        .iter()
        .map(|line| line.as_str().expect("a text").to_owned())
        .collect();
    assert_eq!(log.len(), 3, "{log:?}");
    assert!(log[0].starts_with("error A request to the webhook was refused: The body is not text"));
    assert!(log[0].contains("image/png"), "{}", log[0]);
    assert!(
        log[1].contains("cannot be decoded as gzip") && log[2].contains("zstd"),
        "{log:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn inflating_ends_at_the_cap() {
    let server = crate::support::TestServer::with(|config| {
        config.server.body_limit_bytes = 100_000;
        config.deliveries.jitter_percent = 0;
    });
    let pair = Pair::on(server.await).await;
    let bomb = gzip(&vec![b'x'; 5_000_000]);
    assert!(bomb.len() < 100_000);
    assert_eq!(
        post(&pair, &[("content-encoding", "gzip")], &bomb).await,
        413
    );
}
