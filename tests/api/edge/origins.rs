//! What acts by a cookie or by nothing takes changes from pages of this server and from programs alone.

use reqwest::{Method, RequestBuilder, header};
use serde_json::{Value, json};

use crate::{
    ada::platform_integrations::given::{Ada, shop},
    support::{ALOOCHAT_KEY, Answer, OPERATOR_KEY, TestServer, send},
};

/// What browsers say of a request of another site's page.
const FOREIGN: [&[(&str, &str)]; 6] = [
    &[
        ("sec-fetch-site", "cross-site"),
        ("origin", "https://evil.example"),
    ],
    &[("sec-fetch-site", "cross-site"), ("origin", "null")],
    &[
        ("sec-fetch-site", "same-site"),
        ("origin", "http://localhost:3000"),
    ],
    &[("origin", "https://evil.example")],
    &[("origin", "http://localhost:3000")],
    // A page in a sandbox, such as that of an integration's wizard.
    &[("origin", "null")],
];

fn with(request: RequestBuilder, headers: &[(&str, &str)]) -> RequestBuilder {
    let add = |request: RequestBuilder, (name, value): &(&str, &str)| request.header(*name, *value);
    headers.iter().fold(request, add)
}

/// A request with a form.
fn form(request: RequestBuilder, body: &'static str) -> RequestBuilder {
    let kind = "application/x-www-form-urlencoded";
    request.header(header::CONTENT_TYPE, kind).body(body)
}

/// What a page of this server says, with and without the newer header, and what a program does.
fn own(server: &TestServer) -> [Vec<(&'static str, String)>; 3] {
    let url = server.server().url();
    [
        vec![
            ("sec-fetch-site", "same-origin".to_owned()),
            ("origin", url.clone()),
        ],
        vec![("origin", url)],
        Vec::new(),
    ]
}

async fn kept(server: &TestServer) -> Value {
    send(server.request(Method::GET, "/inbox/example.json"))
        .await
        .json()
}

#[tokio::test]
async fn forms_of_other_sites_do_not_touch_an_inbox() {
    let server = TestServer::start().await;
    let post = |path: &str| server.request(Method::POST, path);
    // Whoever likes may fill it.
    for headers in FOREIGN {
        send(with(post("/inbox/example"), headers))
            .await
            .expect(200);
        let put = server.request(Method::PUT, "/inbox/example");
        send(with(put, headers)).await.expect(200);
    }
    let before = kept(&server).await;
    let settings = || form(post("/inbox/example/settings"), "status=503");
    let clear = || form(post("/inbox/example/clear"), "a=b");
    for headers in FOREIGN {
        send(with(settings(), headers)).await.expect(403);
        send(with(clear(), headers)).await.expect(403);
    }
    assert_eq!(kept(&server).await, before);
    for headers in own(&server) {
        send(post("/inbox/example")).await;
        let headers: Vec<_> = headers
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        send(with(settings(), &headers)).await.expect(200);
        assert_eq!(kept(&server).await["status"], 503);
        send(with(clear(), &headers)).await.expect(200);
        assert_eq!(kept(&server).await["requests"], json!([]));
    }
}

#[tokio::test]
async fn forms_of_other_sites_install_and_remove_nothing() {
    let ada = Ada::start().await;
    let (id, _) = ada.create(shop()).await;
    let install = format!("/platform/integrations/{id}");
    for path in [
        install.as_str(),
        "/platform/connections/uninstall",
        "/platform/sign-in",
    ] {
        for headers in FOREIGN {
            let request = form(ada.server.request(Method::POST, path), "csrf=x");
            let answer = send(with(request, headers)).await.expect(403);
            assert!(
                answer.text.contains("a page of another site"),
                "{}",
                answer.text
            );
            // To read is no change.
            let page = ada.server.request(Method::GET, &install);
            send(with(page, headers)).await.expect(200);
        }
    }
}

async fn freeze(server: &TestServer, headers: &[(&str, &str)]) -> Answer {
    let request = server.request(Method::POST, "/console/api/clock/freeze");
    send(
        with(request, headers)
            .bearer_auth(OPERATOR_KEY)
            .json(&json!({})),
    )
    .await
}

#[tokio::test]
async fn pages_of_other_sites_do_not_control_the_server() {
    let server = TestServer::start().await;
    for headers in FOREIGN {
        let answer = freeze(&server, headers).await.expect(403);
        assert_eq!(answer.json()["error"]["kind"], "forbidden");
    }
    for headers in own(&server) {
        let headers: Vec<_> = headers
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        freeze(&server, &headers).await.expect(200);
    }
}

#[tokio::test]
async fn calls_with_a_key_are_for_pages_of_any_site() {
    let server = TestServer::start().await;
    for headers in FOREIGN {
        let request = server.request(Method::POST, "/api/public/integrations");
        let request = with(request, headers).header("x-api-key", ALOOCHAT_KEY);
        let body = json!({"name": "A shop", "type": "shopify", "config": {}});
        send(request.json(&body)).await.expect(200);
        // Token endpoints have a form of their own.
        let token = server.request(Method::POST, "/api/platform_integrations/oauth/token");
        let refused = send(form(with(token, headers), "a=b")).await;
        assert_ne!(refused.status, 403, "{}", refused.text);
    }
}
