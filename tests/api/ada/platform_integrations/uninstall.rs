//! Uninstalling: the tokens are void at once, and the integration is told by a signed request.

use std::time::Duration;

use base64::{Engine, engine::general_purpose::STANDARD};
use parlance::kernel::mac::hmac_sha256;
use reqwest::Method;
use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

use super::given::{Ada, INTEGRATIONS, Tokens, shop, tokens};
use crate::support::{assert_is_system_time, send};

/// An integration's own server, which answers as the test says.
struct Receiver(TcpListener);

/// One request that it has got, still to be answered.
struct Told {
    stream: TcpStream,
    text: String,
}

impl Receiver {
    async fn start() -> Self {
        Self(TcpListener::bind("127.0.0.1:0").await.expect("a port"))
    }

    fn url(&self) -> String {
        format!("http://{}", self.0.local_addr().expect("an address"))
    }

    async fn told(&self) -> Told {
        let (mut stream, _) = self.0.accept().await.expect("a request");
        let mut bytes = Vec::new();
        while !bytes.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            let read = stream.read(&mut byte).await.expect("a byte");
            assert_eq!(read, 1, "the request ended early");
            bytes.push(byte[0]);
        }
        Told {
            stream,
            text: String::from_utf8(bytes).expect("UTF-8"),
        }
    }
}

impl Told {
    fn header(&self, name: &str) -> &str {
        let mut lines = self.text.lines().filter_map(|line| line.split_once(": "));
        let found = lines.find(|(header, _)| header.eq_ignore_ascii_case(name));
        found.unwrap_or_else(|| panic!("{name} in {}", self.text)).1
    }

    async fn answer(mut self, status: &str) {
        let answer = format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
        self.stream
            .write_all(answer.as_bytes())
            .await
            .expect("sent");
    }
}

async fn installed(ada: &Ada, receiver: &Receiver) -> (String, String, Tokens) {
    let mut body = shop();
    body["uninstallation_url"] = json!(format!("{}/bye?shop=1", receiver.url()));
    let (id, secret) = ada.create(body).await;
    let code = ada.install(&id).await;
    let given = tokens(&ada.redeem(&id, &secret, &code).await.expect(200));
    let installation = ada.installation(&given.access).await;
    (id, installation, given)
}

async fn uninstall(ada: &Ada, installation: &str) {
    let fields = [("handle", "example"), ("installation", installation)];
    let sent = ada
        .send_form(
            "/platform/connections",
            "/platform/connections/uninstall",
            &fields,
        )
        .await
        .expect(303);
    assert_eq!(
        sent.header("location"),
        Some("/platform/connections?handle=example")
    );
}

/// The connections page, once it has this text.
async fn page_with(ada: &Ada, text: &str) -> String {
    loop {
        let page = send(ada.visit(Method::GET, "/platform/connections"))
            .await
            .text;
        if page.contains(text) {
            return page;
        }
    }
}

fn check_signature(told: &Told, receiver: &Receiver, secret: &str) {
    let timestamp = told.header("x-ada-timestamp-v2");
    assert_is_system_time(timestamp);
    let text = format!("delete\n{}/bye\n\n{timestamp}", receiver.url());
    let expected = STANDARD.encode(hmac_sha256(secret.as_bytes(), text.as_bytes()));
    assert_eq!(told.header("x-ada-signature-v2"), expected);
}

#[tokio::test]
async fn an_uninstalled_installation_is_gone_and_its_integration_told() {
    let ada = Ada::start().await;
    let receiver = Receiver::start().await;
    let (id, installation, given) = installed(&ada, &receiver).await;
    uninstall(&ada, &installation).await;
    let path = format!("{INTEGRATIONS}{id}/installations/self");
    ada.call(&given.access, Method::GET, &path, None)
        .await
        .expect(401);
    let told = receiver.told().await;
    let line = format!("DELETE /bye?shop=1&installation_id={installation} HTTP/1.1\r\n");
    assert!(told.text.starts_with(&line), "{}", told.text);
    check_signature(&told, &receiver, &given.client_secret);
    let page = page_with(&ada, "sending now").await;
    assert!(page.contains("Nothing is installed"), "{page}");
    told.answer("204 No Content").await;
    loop {
        let page = send(ada.visit(Method::GET, "/platform/connections")).await;
        if !page.text.contains("sending now") {
            break;
        }
    }
    let fields = [
        ("handle", "example"),
        ("installation", installation.as_str()),
    ];
    let page = "/platform/integrations/".to_owned() + &id;
    let again = ada
        .send_form(&page, "/platform/connections/uninstall", &fields)
        .await;
    assert_eq!(again.status, 404);
}

#[tokio::test]
async fn what_fails_is_tried_again_also_after_a_restart() {
    let mut ada = Ada::start().await;
    let receiver = Receiver::start().await;
    let (_, installation, given) = installed(&ada, &receiver).await;
    uninstall(&ada, &installation).await;
    receiver.told().await.answer("500 Oh").await;
    let page = page_with(&ada, "attempt 1 failed").await;
    assert!(
        page.contains("(it answered 500); the next is at 2026-03-01T12:00:05+00:00"),
        "{page}"
    );
    ada.server.restart().await;
    ada.server.clock.advance(Duration::from_secs(5));
    let told = receiver.told().await;
    check_signature(&told, &receiver, &given.client_secret);
    // A redirect is not followed and is no success.
    told.answer("302 Found\r\nlocation: /elsewhere").await;
    page_with(&ada, "attempt 2 failed").await;
    for (attempt, wait) in [(3, 300), (4, 1_800), (5, 7_200), (6, 18_000), (7, 36_000)] {
        ada.server.clock.advance(Duration::from_secs(wait));
        let told = receiver.told().await;
        check_signature(&told, &receiver, &given.client_secret);
        told.answer("503 No").await;
        page_with(&ada, &format!("attempt {attempt} failed")).await;
    }
    ada.server.clock.advance(Duration::from_secs(36_000));
    receiver.told().await.answer("500 Oh").await;
    // That was the last one.
    loop {
        let page = send(ada.visit(Method::GET, "/platform/connections")).await;
        if !page.text.contains("Pending uninstall notifications") {
            break;
        }
    }
}
