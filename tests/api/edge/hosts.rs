//! The hosts that a server answers to: a page that has a name of its own lead here is not this server's.

use parlance::config::{Config, Profile};
use reqwest::{Method, header};
use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use super::raw::{Raw, RawAnswer};
use crate::support::{OPERATOR_KEY, TestServer, send};

/// What a request line and these lines after it are answered.
async fn ask(server: &TestServer, line: &str, headers: &str) -> RawAnswer {
    let mut raw = Raw::open(server).await;
    raw.send(format!("{line}\r\n{headers}\r\n")).await;
    raw.answer().await
}

/// The status for a `Host`.
async fn status_for(server: &TestServer, host: &str) -> u16 {
    let answer = ask(
        server,
        "GET /healthz HTTP/1.1",
        &format!("Host: {host}\r\n"),
    )
    .await;
    assert!(
        answer.header("x-request-id").is_some(),
        "{host}: {answer:?}"
    );
    answer.status
}

async fn with(change: impl FnOnce(&mut Config)) -> TestServer {
    TestServer::with(change).await
}

fn list(config: &mut Config, hosts: &[&str]) {
    let hosts = hosts.iter().map(|host| (*host).to_owned().try_into());
    let hosts: Result<_, _> = hosts.collect();
    config.server.allowed_hosts = hosts.expect("hosts");
}

fn public_url(config: &mut Config, url: &str) {
    config.server.public_url = Some(url.to_owned().try_into().expect("a url"));
}

#[tokio::test]
async fn each_dialect_refuses_another_host_in_its_own_shape() {
    let server = TestServer::start().await;
    for (name, path) in [
        ("ada", "/api/v2/end-users/"),
        ("ada_v1", "/api/end-users/v1/"),
        ("aloochat", "/api/public/integrations"),
        ("cohere", "/v1/connectors"),
        ("cohere_unprefixed", "/chat"),
        ("connector", "/folders/manuals/search"),
        ("botpress", "/v1/admin/bots"),
        ("console", "/console/api/clock"),
        ("webhook", "/webhook/none"),
        ("inbox", "/inbox/example.json"),
        ("pages", "/"),
    ] {
        let request = server.request(Method::GET, path);
        let answer = send(request.header(header::HOST, "Evil.example:4600")).await;
        for named in ["server.allowed_hosts", "evil.example"] {
            assert!(answer.text.contains(named), "{path}: {}", answer.text);
        }
        insta::assert_snapshot!(format!("other_host_{name}"), answer.expect(421).shown());
    }
    for path in ["/platform/connections", "/chat/example"] {
        let request = server.request(Method::GET, path);
        let answer = send(request.header(header::HOST, "evil.example")).await;
        let answer = answer.expect(421);
        assert_eq!(
            answer.header("content-type"),
            Some("text/html; charset=utf-8")
        );
        for named in ["server.allowed_hosts", "evil.example"] {
            assert!(answer.text.contains(named), "{path}: {}", answer.text);
        }
    }
}

#[tokio::test]
async fn a_page_that_rebinds_its_name_reads_and_changes_nothing() {
    let server = TestServer::start().await;
    let own = server
        .request(Method::POST, "/inbox/example")
        .body("a secret");
    send(own).await.expect(200);
    for (method, path) in [
        (Method::GET, "/inbox/example.json"),
        (Method::POST, "/inbox/example/clear"),
        (Method::GET, "/platform/connections"),
        (Method::POST, "/platform/integrations/x"),
        (Method::POST, "/console/api/clock/freeze"),
        (Method::OPTIONS, "/console/api/clock/freeze"),
    ] {
        let request = server.request(method, path).bearer_auth(OPERATOR_KEY);
        let request = request
            .header(header::HOST, "evil.example")
            // As the browser has it: to it the page is of this origin.
            .header(header::ORIGIN, "http://evil.example")
            .header("sec-fetch-site", "same-origin")
            .json(&json!({}));
        let answer = send(request).await.expect(421);
        assert!(!answer.text.contains("a secret"), "{path}");
        assert_eq!(answer.header("access-control-allow-origin"), None, "{path}");
    }
    let kept = send(server.request(Method::GET, "/inbox/example.json")).await;
    assert_eq!(kept.json()["requests"].as_array().map(Vec::len), Some(1));
}

#[tokio::test]
async fn hosts_of_this_machine_are_answered_and_what_is_no_host_is_refused() {
    let server = TestServer::start().await;
    for host in [
        "localhost",
        "LOCALHOST:1",
        "localhost.",
        "example.localhost:4600",
        "127.0.0.1",
        "127.3.2.1:80",
        "[::1]",
        "[::1]:4600",
        "[::ffff:127.0.0.1]:4600",
    ] {
        assert_eq!(status_for(&server, host).await, 200, "{host}");
    }
    for host in [
        "192.0.2.7",
        "[2001:db8::1]",
        "localhost.example",
        "127.0.0.1.example",
        "evil.example",
    ] {
        assert_eq!(status_for(&server, host).await, 421, "{host}");
    }
    for host in [
        "",
        "localhost:",
        "localhost:x",
        "localhost:70000",
        "localhost:80:80",
        "me@localhost",
        "evil.example@localhost",
        "localhost/",
        "localhost, evil.example",
        "127.1",
        "0x7f.0.0.1",
        "2130706433",
        "::1",
        "[::1",
        "[::1]80",
        "\u{e9}.localhost",
        &"a".repeat(5_000),
    ] {
        assert_eq!(status_for(&server, host).await, 400, "{host}");
    }
}

#[tokio::test]
async fn a_request_names_its_host_once() {
    let server = TestServer::start().await;
    let get = "GET /healthz HTTP/1.1";
    for (line, headers, status) in [
        (get, "", 400),
        (get, "Host: localhost\r\nHost: localhost\r\n", 400),
        (get, "Host: localhost\r\nHost: evil.example\r\n", 400),
        // One of HTTP/1.0 need not, and must not name another.
        ("GET /healthz HTTP/1.0", "", 200),
        ("GET /healthz HTTP/1.0", "Host: evil.example\r\n", 421),
        // A whole address as the target.
        (
            "GET http://localhost/healthz HTTP/1.1",
            "Host: localhost\r\n",
            200,
        ),
        ("GET http://localhost/healthz HTTP/1.1", "", 400),
        (
            "GET http://evil.example/healthz HTTP/1.1",
            "Host: localhost\r\n",
            421,
        ),
        (
            "GET http://localhost/healthz HTTP/1.1",
            "Host: evil.example\r\n",
            421,
        ),
        (
            "GET http://me@localhost/healthz HTTP/1.1",
            "Host: localhost\r\n",
            400,
        ),
    ] {
        let answer = ask(&server, line, headers).await;
        assert_eq!(answer.status, status, "{line} {headers:?}: {answer:?}");
    }
    let missing = ask(&server, "GET /v1/connectors HTTP/1.1", "").await;
    assert!(missing.body.contains("no Host"), "{missing:?}");
}

/// The first byte of the head of an answer over HTTP/2, and those after it. `fields` is the block of the
/// request's fields.
async fn ask_http2(server: &TestServer, fields: &[u8]) -> Vec<u8> {
    let url = server.server().url();
    let address = url.strip_prefix("http://").expect("an address");
    let mut stream = TcpStream::connect(address).await.expect("a connection");
    let length = u8::try_from(fields.len()).expect("a short block");
    let settings = [0, 0, 0, 4, 0, 0, 0, 0, 0];
    // HEADERS with END_STREAM and END_HEADERS, of stream 1.
    let head = [0, 0, length, 1, 5, 0, 0, 0, 1];
    let preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
    let sent = [&preface[..], &settings, &head, fields].concat();
    stream.write_all(&sent).await.expect("it is taken");
    loop {
        let mut frame = [0; 9];
        stream.read_exact(&mut frame).await.expect("a frame");
        let length = u32::from_be_bytes([0, frame[0], frame[1], frame[2]]) as usize;
        let mut payload = vec![0; length];
        stream.read_exact(&mut payload).await.expect("a payload");
        if frame[3] == 1 {
            return payload;
        }
    }
}

#[tokio::test]
async fn over_http_2_the_authority_is_the_host() {
    let server = TestServer::start().await;
    // GET, http, /
    let request = [0x82, 0x86, 0x84];
    let authority = |host: &str| {
        let length = u8::try_from(host.len()).expect("a short host");
        [&[0x01, length], host.as_bytes()].concat()
    };
    let host = |host: &str| {
        let length = u8::try_from(host.len()).expect("a short host");
        [&[0x00, 0x04][..], b"host", &[length], host.as_bytes()].concat()
    };
    // The statuses as HPACK has them: two of its table, and 421 as a literal.
    let (ok, bad, misdirected) = (&[0x88][..], &[0x8c][..], &[0x48, 0x82, 0x68, 0x41][..]);
    for (fields, status) in [
        (authority("localhost:4600"), ok),
        (authority("evil.example"), misdirected),
        (host("localhost"), ok),
        (host("evil.example"), misdirected),
        (
            [authority("localhost"), host("evil.example")].concat(),
            misdirected,
        ),
        (Vec::new(), bad),
    ] {
        let answer = ask_http2(&server, &[&request[..], &fields].concat()).await;
        assert!(answer.starts_with(status), "{fields:?}: {answer:?}");
    }
}

#[tokio::test]
async fn the_settings_add_hosts() {
    let server = with(|config| {
        list(config, &["parlance", "*.corp.example", "192.0.2.7"]);
        public_url(config, "https://talk.example.com");
        let tunnel = "https://tunnel.example.net".to_owned();
        config.botpress.webhook_url = Some(tunnel.try_into().expect("a url"));
    })
    .await;
    for host in [
        "Parlance:4600",
        "a.corp.example",
        "192.0.2.7:80",
        "talk.example.com",
        "chat.talk.example.com",
        "webhook.talk.example.com",
        "tunnel.example.net",
        "localhost",
    ] {
        assert_eq!(status_for(&server, host).await, 200, "{host}");
    }
    for host in [
        "corp.example",
        "x.talk.example.com",
        "example.com",
        "192.0.2.8",
    ] {
        assert_eq!(status_for(&server, host).await, 421, "{host}");
    }
}

#[tokio::test]
async fn in_production_any_host_is_answered_until_the_settings_name_one() {
    let production = |config: &mut Config| config.server.profile = Profile::Production;
    let any = with(production).await;
    assert_eq!(status_for(&any, "any.example").await, 200);
    assert_eq!(status_for(&any, "any.example@localhost").await, 400);
    let known = with(|config| {
        production(config);
        public_url(config, "https://talk.example.com");
    })
    .await;
    let listed = with(|config| {
        production(config);
        list(config, &["talk.example.com"]);
    })
    .await;
    for server in [known, listed] {
        assert_eq!(status_for(&server, "talk.example.com").await, 200);
        assert_eq!(status_for(&server, "any.example").await, 421);
    }
}

#[tokio::test]
async fn what_a_trusted_proxy_names_must_be_a_host_of_the_server_too() {
    for (trusted, forwarded, status) in [
        (true, "talk.example.com", 200),
        (true, "talk.example.com, inner", 200),
        (true, "evil.example", 421),
        (true, "<script>", 400),
        (false, "evil.example", 200),
    ] {
        let server = with(|config| {
            config.server.trust_forwarded = trusted;
            list(config, &["talk.example.com"]);
        })
        .await;
        let request = server.request(Method::GET, "/healthz");
        let answer = send(request.header("x-forwarded-host", forwarded)).await;
        assert_eq!(answer.status, status, "{forwarded}");
        // And the proxy itself must name one, since a page can set the header as well.
        let request = server.request(Method::GET, "/healthz");
        let request = request.header("x-forwarded-host", "talk.example.com");
        send(request.header(header::HOST, "evil.example"))
            .await
            .expect(421);
    }
}
