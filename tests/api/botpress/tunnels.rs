//! The tunnels that `bp dev` opens (botpress.md §5).

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use parlance::{
    config::{Config, Profile},
    kernel::clock::sleep_real_time,
};
use reqwest::Method;
use serde_json::{Value, json};
use tokio::{net::TcpStream, task::JoinHandle};
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, connect_async,
    tungstenite::{
        Error, Message,
        client::IntoClientRequest,
        protocol::{CloseFrame, frame::coding::CloseCode},
    },
};

use super::{
    given::Given,
    runtime::{bot_logs, column, settled},
};
use crate::support::{TestServer, assert_answer, send};

const ID: &str = "9b2f6f0e-41a5-4f0e-8a52-6fd4ffb1b1a1";

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

async fn connect_with(
    server: &TestServer,
    path: &str,
    headers: &[(&'static str, &str)],
) -> Result<Socket, Error> {
    let url = format!("{}{path}", server.server().url()).replace("http://", "ws://");
    let mut request = url.into_client_request().expect("a request");
    for (name, value) in headers {
        let value = value.parse().expect("a value");
        request.headers_mut().insert(*name, value);
    }
    connect_async(request).await.map(|(socket, _)| socket)
}

async fn connect(server: &TestServer, path: &str) -> Socket {
    let socket = connect_with(server, path, &[("user-agent", "tunnel-client")]).await;
    socket.expect("a connection")
}

/// The status that a handshake is refused with, and the message.
async fn refused(server: &TestServer, path: &str, headers: &[(&'static str, &str)]) -> String {
    match connect_with(server, path, headers).await {
        Err(Error::Http(response)) => {
            let body = response.body().clone().unwrap_or_default();
            let body: Value = serde_json::from_slice(&body).unwrap_or_default();
            format!("{} {}", response.status().as_u16(), body["message"])
        }
        other => panic!("{other:?}"),
    }
}

/// The next text frame.
async fn heard(socket: &mut Socket) -> Value {
    loop {
        match socket.next().await.expect("a message").expect("a message") {
            Message::Text(text) => return serde_json::from_str(&text).expect("JSON"),
            Message::Ping(_) => {}
            other => panic!("{other:?}"),
        }
    }
}

async fn say(socket: &mut Socket, frame: Value) {
    let text = Message::Text(frame.to_string().into());
    socket.send(text).await.expect("said");
}

/// How the server ends the connection.
async fn closed(mut socket: Socket) -> (u16, String) {
    while let Some(message) = socket.next().await {
        if let Ok(Message::Close(frame)) = message {
            let CloseFrame { code, reason } = frame.expect("a reason");
            return (u16::from(code), reason.to_string());
        }
    }
    panic!("it just ended");
}

/// A program at the end of a tunnel: it answers each request with what this makes of it.
fn answering(
    mut socket: Socket,
    answer: impl Fn(&Value) -> Value + Send + 'static,
) -> JoinHandle<Vec<Value>> {
    tokio::spawn(async move {
        let mut asked = Vec::new();
        while let Some(Ok(message)) = socket.next().await {
            let Message::Text(text) = message else {
                continue;
            };
            let request: Value = serde_json::from_str(&text).expect("JSON");
            let mut response = answer(&request);
            response["type"] = "response".into();
            response["requestId"] = request["id"].clone();
            say(&mut socket, response).await;
            asked.push(request);
        }
        asked
    })
}

#[tokio::test]
async fn a_request_goes_through_and_its_answer_comes_back() {
    let server = TestServer::start().await;
    let mut socket = connect(&server, &format!("/{ID}")).await;
    say(&mut socket, json!({"type": "hello"})).await;
    let request = server
        .request(Method::PUT, &format!("/{ID}/a%20b/c?d=e%20f&d=g"))
        .header("x-seen", "1")
        .header("x-seen", "2")
        .body("grüß \"dich\"");
    let answer = tokio::spawn(send(request));
    let mut asked = heard(&mut socket).await;
    let id = asked["id"].take();
    asked["headers"]
        .as_object_mut()
        .expect("headers")
        .retain(|name, _| name.starts_with("x-"));
    insta::assert_json_snapshot!("request", asked);
    let response = json!({
        "requestId": id, "status": 201, "body": "fine ✓",
        "headers": {
            "content-type": "text/plain", "x-number": 7, "clear-site-data": "*",
            "set-cookie": ["a=1", "b=2; Path=/", "parlance_pages=x; Path=/platform"],
            "content-security-policy": "sandbox allow-same-origin",
            "content-length": "999", "connection": "close",
        },
    });
    say(&mut socket, response).await;
    let answer = answer.await.expect("no panic");
    assert_eq!(
        (answer.status.as_u16(), answer.text.as_str()),
        (201, "fine ✓")
    );
    assert_eq!(answer.header("x-number"), Some("7"));
    let cookies: Vec<_> = answer.headers.get_all("set-cookie").iter().collect();
    assert_eq!(
        cookies,
        [&format!("a=1; Path=/{ID}"), &format!("b=2; Path=/{ID}")]
    );
    assert_eq!(answer.header("clear-site-data"), None);
    let policies = answer.headers.get_all("content-security-policy");
    let last = policies.iter().next_back().expect("a policy");
    let last = last.to_str().expect("a text");
    assert!(
        last.starts_with("sandbox") && !last.contains("same-origin"),
        "{last}"
    );
}

#[tokio::test]
async fn the_address_itself_is_the_root_and_what_has_no_body_has_none() {
    let mut server = TestServer::start().await;
    let program = answering(
        connect(&server, "/some-tunnel-id").await,
        |asked| json!({"status": 200, "body": asked.to_string()}),
    );
    for path in ["/some-tunnel-id", "/some-tunnel-id/"] {
        let answer = send(server.request(Method::GET, path)).await.expect(200);
        let asked = answer.json();
        assert_eq!(
            (&asked["path"], &asked["method"]),
            (&json!("/"), &json!("GET"))
        );
        assert_eq!((asked.get("body"), asked.get("query")), (None, None));
        assert_eq!(asked["headers"].get("host"), None);
    }
    server.stop().await;
    assert_eq!(program.await.expect("no panic").len(), 2);
}

#[tokio::test]
async fn without_a_client_there_is_503_and_elsewhere_what_was_there() {
    let server = TestServer::start().await;
    let answer = send(server.request(Method::POST, &format!("/{ID}/x"))).await;
    assert_eq!(answer.header("retry-after"), Some("1"));
    assert_answer!("no_client", answer);
    assert_answer!(
        "no_tunnel",
        send(server.request(Method::GET, "/nothing")).await
    );
    // One that was open is a tunnel, whatever its name.
    let mut socket = connect(&server, "/nothing").await;
    socket.close(None).await.expect("closed");
    while socket.next().await.is_some() {}
    let mut status = 502;
    while status != 503 {
        status = send(server.request(Method::GET, "/nothing"))
            .await
            .status
            .as_u16();
        assert!([502, 503].contains(&status), "{status}");
    }
}

#[tokio::test]
async fn paths_of_the_server_are_no_tunnels() {
    let server = TestServer::start().await;
    let invalid = (4000, "invalid url".to_owned());
    for path in ["/a.b", "/a/b", "/a?b"] {
        assert_eq!(
            closed(connect(&server, path).await).await,
            invalid,
            "{path}"
        );
    }
    // What has a page or an operation stays that.
    for (path, status) in [
        ("/", 200),
        ("/healthz", 200),
        ("/inbox/x", 200),
        ("/v1/chat/x", 405),
        ("/v1", 404),
        ("/api", 404),
        ("/docs", 404),
        ("/webhook", 405),
    ] {
        let said = refused(&server, path, &[]).await;
        assert!(said.starts_with(&status.to_string()), "{path}: {said}");
    }
}

#[tokio::test]
async fn what_is_not_of_the_protocol_ends_the_connection() {
    let server = TestServer::start().await;
    for frame in ["hello", "{}", r#"{"requestId":"x","status":"200"}"#] {
        let mut socket = connect(&server, &format!("/{ID}")).await;
        socket
            .send(Message::Text(frame.into()))
            .await
            .expect("said");
        let wrong = (4002, "invalid response payload".to_owned());
        assert_eq!(closed(socket).await, wrong, "{frame}");
    }
}

#[tokio::test]
async fn what_is_too_large_ends_the_connection() {
    let server = TestServer::with(|config| config.tunnel.message_bytes = 1000).await;
    let mut socket = connect(&server, &format!("/{ID}")).await;
    let large = json!({"requestId": "x", "status": 200, "body": "a".repeat(1000)});
    say(&mut socket, large).await;
    assert_eq!(closed(socket).await.0, 1009);
}

#[tokio::test]
async fn a_client_that_reconnects_has_its_tunnel_back() {
    let mut server = TestServer::start().await;
    let path = format!("/{ID}");
    let mut old = connect(&server, &path).await;
    let waits = tokio::spawn(send(server.request(Method::GET, &path)));
    let asked = heard(&mut old).await;
    // The old connection is not over for the server yet.
    let new = answering(connect(&server, &path).await, |_| json!({"status": 202}));
    send(server.request(Method::GET, &path)).await.expect(202);
    say(&mut old, json!({"requestId": asked["id"], "status": 201})).await;
    assert_eq!(waits.await.expect("no panic").status.as_u16(), 201);
    // That it ends does not take the new one away.
    old.close(None).await.expect("closed");
    while old.next().await.is_some() {}
    send(server.request(Method::GET, &path)).await.expect(202);
    server.stop().await;
    assert_eq!(new.await.expect("no panic").len(), 2);
}

#[tokio::test]
async fn a_client_that_goes_away_leaves_502() {
    let server = TestServer::start().await;
    let path = format!("/{ID}");
    let mut socket = connect(&server, &path).await;
    let waits = tokio::spawn(send(server.request(Method::GET, &path)));
    heard(&mut socket).await;
    drop(socket);
    assert_answer!("lost", waits.await.expect("no panic"));
}

#[tokio::test]
async fn a_client_that_takes_too_long_leaves_504_and_one_that_is_dead_is_noticed() {
    let mut server = TestServer::with(|config| {
        config.tunnel.timeout_seconds = 1;
        config.tunnel.ping_seconds = 1;
    })
    .await;
    let path = format!("/{ID}");
    let silent = connect(&server, &path).await;
    assert_answer!("late", send(server.request(Method::GET, &path)).await);
    // It does not even answer pings, since nobody reads from it.
    let open = || server.server().app().tunnels().stats().open;
    while open() > 0 {
        sleep_real_time(Duration::from_millis(20)).await;
    }
    drop(silent);
    // One that answers pings stays.
    let alive = answering(connect(&server, &path).await, |_| json!({"status": 200}));
    let slow = send(server.request(Method::GET, &path)).await;
    assert_eq!(slow.status.as_u16(), 200);
    server.stop().await;
    assert_eq!(alive.await.expect("no panic").len(), 1);
}

#[tokio::test]
async fn only_this_machine_and_what_is_allowed_open_tunnels() {
    let server = TestServer::start().await;
    let path = format!("/{ID}");
    for headers in [
        ("origin", "https://example.com"),
        ("x-forwarded-for", "127.0.0.1"),
        ("forwarded", "for=127.0.0.1"),
    ] {
        let said = refused(&server, &path, &[headers]).await;
        assert!(said.starts_with("403 "), "{said}");
    }
    let page = [("origin", "http://localhost:4600")];
    assert!(connect_with(&server, &path, &page).await.is_ok());
    let behind = |config: &mut Config| {
        config.server.trust_forwarded = true;
        config.tunnel.allow = vec!["192.0.2.0/24".parse().expect("a network")];
        config.tunnel.max_tunnels = 1;
    };
    let server = TestServer::with(behind).await;
    let stranger = [("x-forwarded-for", "192.0.2.7, 198.51.100.7")];
    insta::assert_snapshot!(refused(&server, &path, &stranger).await);
    let friend = [("x-forwarded-for", "198.51.100.7, 192.0.2.7")];
    let first = connect_with(&server, &path, &friend).await;
    let said = refused(&server, "/another", &friend).await;
    insta::assert_snapshot!("too_many", said);
    assert!(first.is_ok());
}

#[tokio::test]
async fn in_production_there_are_none_unless_it_is_said() {
    let production = |config: &mut Config| config.server.profile = Profile::Production;
    let server = TestServer::with(production).await;
    let path = format!("/{ID}");
    assert!(refused(&server, &path, &[]).await.starts_with("404 "));
    send(server.request(Method::GET, &path)).await.expect(404);
    let server = TestServer::with(|config| {
        production(config);
        config.tunnel.enabled = Some(true);
    })
    .await;
    assert!(connect_with(&server, &path, &[]).await.is_ok());
}

#[tokio::test]
async fn a_server_that_stops_says_so() {
    let mut server = TestServer::start().await;
    let socket = connect(&server, &format!("/{ID}")).await;
    let ended = tokio::spawn(closed(socket));
    server.stop().await;
    let stops = (u16::from(CloseCode::Away), "the server stops".to_owned());
    assert_eq!(ended.await.expect("no panic"), stops);
}

#[tokio::test]
async fn the_metrics_tell_of_tunnels() {
    let mut server = TestServer::start().await;
    let path = format!("/{ID}");
    send(server.request(Method::GET, &path)).await.expect(503);
    let program = answering(connect(&server, &path).await, |_| json!({"status": 200}));
    send(server.request(Method::GET, &path)).await.expect(200);
    let page = send(server.request(Method::GET, "/metrics")).await.text;
    for line in [
        "parlance_tunnels_open 1",
        "parlance_tunnel_connections_total 1",
        "parlance_tunnel_requests_total{outcome=\"answered\"} 1",
        "parlance_tunnel_requests_total{outcome=\"not_connected\"} 1",
        "parlance_http_requests_total{dialect=\"botpress-tunnels\",operation=\"none\",status=\"503\"} 1",
    ] {
        assert!(page.contains(line), "{line} in {page}");
    }
    server.stop().await;
    program.await.expect("no panic");
}

/// A bot whose url is a tunnel of this server, in production, where no address of this machine may be
/// called.
#[tokio::test]
async fn deliveries_go_through_a_tunnel_and_wait_for_its_client() {
    let server = TestServer::with(|config| {
        config.server.profile = Profile::Production;
        config.tunnel.enabled = Some(true);
        config.deliveries.jitter_percent = 0;
    })
    .await;
    let url = format!("{}/{ID}", server.server().url());
    let mut given = Given::running(
        server,
        |new| {
            new.url = Some(url);
            new.dev = true;
        },
        |_| {},
    )
    .await;
    let (user, conversation) = (given.user("u1").await, given.conversation("c1").await);
    let caller = given.as_integration();
    given.message(&caller, &user, &conversation, "one").await;
    given.message(&caller, &user, &conversation, "two").await;
    settled(&given.server).await;
    insta::assert_json_snapshot!("waits", bot_logs(&given.server));
    let socket = connect(&given.server, &format!("/{ID}")).await;
    let program = answering(socket, |_| json!({"status": 200, "body": "{}"}));
    given.server.clock.advance(Duration::from_secs(1));
    settled(&given.server).await;
    assert!(column(&given.server, "SELECT seq FROM bot_deliveries").is_empty());
    given.server.stop().await;
    let asked = program.await.expect("no panic");
    let texts = asked.iter().map(|asked| {
        let body: Value =
            serde_json::from_str(asked["body"].as_str().expect("a text")).expect("JSON");
        assert_eq!(asked["headers"]["x-bp-operation"], "event_received");
        assert!(asked["headers"]["webhook-signature"].is_string());
        body["event"]["payload"]["message"]["payload"]["text"].clone()
    });
    assert_eq!(texts.collect::<Vec<_>>(), ["one", "two"]);
}
