//! Links of wizards and of OAuth (botpress-today.md §0.6): the state leads to the installation, at the root
//! and below the webhooks.

use reqwest::{Method, RequestBuilder, redirect::Policy};
use serde_json::json;

use super::{Pair, column, integration_logs, webhooks::webhook};
use crate::{
    botpress::given::{Caller, Given},
    support::{TestServer, assert_answer, send},
};

/// A request to a path at the host of the server, or at another one; no redirect is followed.
fn visit(server: &TestServer, method: Method, path: &str, host: Option<&str>) -> RequestBuilder {
    let client = reqwest::Client::builder().redirect(Policy::none());
    let client = client.build().expect("a client");
    let request = client.request(method, format!("{}{path}", server.server().url()));
    match host {
        Some(host) => request.header("host", host),
        None => request,
    }
}

fn id(server: &TestServer) -> String {
    let webhook = webhook(server);
    webhook.strip_prefix("/webhook/").expect("an id").to_owned()
}

#[tokio::test]
async fn links_of_wizards_lead_to_the_installation_of_their_state() {
    let pair = Pair::start().await;
    let server = &pair.given.server;
    let id = id(server);
    for (path, query, seen) in [
        (
            "/oauth/wizard/start",
            format!("state={id}"),
            "/oauth/wizard/start",
        ),
        (
            "/webhook/oauth/wizard/start",
            format!("state={id}"),
            "/oauth/wizard/start",
        ),
        (
            "/oauth/wizard/start-confirm",
            format!("a=1&state={id}"),
            "/oauth/wizard/start-confirm",
        ),
        (
            "/oauth/start",
            format!("state={id}&env=dev"),
            "/oauth/start",
        ),
        (
            "/webhook/oauth/start",
            format!("state={id}"),
            "/oauth/start",
        ),
        ("/oauth/select", format!("state={id}"), "/oauth/select"),
        ("/oauth", format!("code=1&state={id}"), "/oauth"),
        ("/webhook/oauth", format!("code=1&state={id}"), "/oauth"),
        ("/oauth/", format!("state={id}"), "/oauth/"),
        // Some put more into the state.
        ("/oauth", format!("state=sandbox_{id}"), "/oauth"),
        (
            "/oauth",
            format!("state=%7B%22id%22%3A%22{id}%22%7D"),
            "/oauth",
        ),
    ] {
        for method in [Method::GET, Method::POST] {
            let request = visit(server, method.clone(), &format!("{path}?{query}"), None);
            send(request.body("step=2")).await.expect(200);
            let asked = pair.integration.asked();
            let asked = asked.last().expect("it was asked").json();
            let request = &asked["req"];
            assert_eq!(request["path"], seen, "{path}");
            assert_eq!(request["query"], query.as_str(), "{path}");
            assert_eq!(request["method"], method.as_str());
        }
    }
    let times = pair.integration.asked().len();
    for path in [
        "/oauth/wizard/start".to_owned(),
        "/oauth/wizard/start?state=".to_owned(),
        format!("/oauth/wizard/start?state={}", "0".repeat(36)),
        format!("/oauth?state={}", "x".repeat(20_000)),
        format!("/oauthx?state={id}"),
    ] {
        let answer = send(visit(server, Method::GET, &path, None)).await;
        answer.expect(404);
    }
    assert_eq!(pair.integration.asked().len(), times);
    let nobodys = send(visit(server, Method::GET, "/oauth/start?state=none", None)).await;
    assert_answer!("oauth_unknown_state", nobodys);
}

/// The official clients make `webhook.` of an address that begins with `api.`, and put nothing before the id.
#[tokio::test]
async fn hosts_of_webhooks_have_them_at_the_root() {
    let pair = Pair::start().await;
    let server = &pair.given.server;
    let id = id(server);
    for (host, path) in [
        ("webhook.localhost", format!("/{id}/events")),
        ("WEBHOOK.localhost:4600", format!("/{id}/events?a=1")),
        ("chat.localhost", format!("/{id}/events")),
        ("webhook.localhost", format!("/webhook/{id}/events")),
    ] {
        send(visit(server, Method::POST, &path, Some(host)))
            .await
            .expect(200);
        let asked = pair.integration.asked();
        let asked = asked.last().expect("it was asked").json();
        assert_eq!(asked["req"]["path"], "/events", "{host}{path}");
    }
    let path = format!("/oauth/start?state={id}");
    send(visit(server, Method::GET, &path, Some("webhook.localhost")))
        .await
        .expect(200);
    let times = pair.integration.asked().len();
    for (host, path) in [
        ("localhost", format!("/{id}/events")),
        ("hooks.localhost", format!("/{id}")),
        ("webhook.localhost", "/none".to_owned()),
    ] {
        let answer = send(visit(server, Method::POST, &path, Some(host))).await;
        assert_eq!(answer.status, 404, "{host}{path}");
    }
    // The pages of the server are there under every host.
    let health = visit(server, Method::GET, "/healthz", Some("webhook.localhost"));
    send(health).await.expect(200);
    assert_eq!(pair.integration.asked().len(), times);
}

#[tokio::test]
async fn a_wizard_ends_at_a_page_of_this_server() {
    let server = TestServer::start().await;
    for path in ["/app/oauth/interstitial", "/oauth/interstitial"] {
        let good = visit(&server, Method::GET, &format!("{path}?success=true"), None);
        let good = send(good).await.expect(200);
        assert!(good.text.contains("<h1>Connected</h1>"), "{}", good.text);
        let query = "success=false&errorMessage=%3Cscript%3Ealert(1)%3C/script%3E%7B%7Btitle%7D%7D";
        let bad = visit(&server, Method::GET, &format!("{path}?{query}"), None);
        let bad = send(bad).await.expect(200);
        assert!(bad.text.contains("<h1>Not connected</h1>"), "{}", bad.text);
        assert!(
            bad.text.contains("&#60;script&#62;alert(1)"),
            "{}",
            bad.text
        );
        assert!(!bad.text.contains("<script"), "{}", bad.text);
        let policy = bad.header("content-security-policy").expect("a policy");
        assert!(policy.contains("default-src 'none'"), "{policy}");
        let posted = send(visit(&server, Method::POST, path, None)).await;
        assert_eq!(posted.expect(405).header("allow"), Some("GET, HEAD"));
    }
}

/// An integration whose wizard sets the identifier with the header that the SDK has for it.
const WIZARD: &str = "exports.handler = async ({ headers, body }) => {
    if (headers['x-bp-operation'] !== 'webhook_received') return { status: 200 }
    const { req } = JSON.parse(body)
    if (req.path === '/oauth/wizard/end') {
        return { status: 303, headers: {
            location: process.env.BP_WEBHOOK_URL.replace('webhook', 'app') + '/oauth/interstitial?success=true',
            'x-bp-integration-identifier': 'team-7',
            'x-bp-disable-interstitial': 'true',
        } }
    }
    const next = new URL('/oauth/wizard/end?state=' + headers['x-webhook-id'], process.env.BP_WEBHOOK_URL)
    return { status: 303, headers: { location: next.toString() } }
}";

#[tokio::test(flavor = "multi_thread")]
async fn a_wizard_links_its_installation() {
    let given = Given::running(
        TestServer::start().await,
        |_| {},
        |new| {
            new.parts.code = Some(WIZARD.to_owned());
            let link = &mut new.definition.configuration.identifier;
            link.required = true;
            let script = "webhookUrl = to_string!(.webhookUrl)\nwebhookId = to_string!(.webhookId)\n\
                \"{{ webhookUrl }}/oauth/wizard/start?state={{ webhookId }}\"";
            link.link_template_script = Some(script.to_owned());
        },
    )
    .await;
    let (server, key) = (&given.server, given.integration.id.as_str());
    let bot = format!("/v1/admin/bots/{}", given.bot.id);
    let member = Caller::member();
    let body = json!({"integrations": {key: {}}});
    let waits = member.put(server, &bot, body).await.expect(200).json();
    let reason = waits["bot"]["integrations"][key]["statusReason"].clone();
    let reason = reason.as_str().expect("a reason");
    let start = reason
        .strip_prefix("It has to be linked first: ")
        .expect("a link");
    // As a browser does, from the link on.
    let browser = reqwest::Client::new();
    let end = browser.get(start).send().await.expect("an answer");
    assert_eq!(end.status(), 200);
    assert_eq!(end.url().path(), "/app/oauth/interstitial");
    super::settled(server).await;
    let linked = member.get(server, &bot).await.expect(200).json();
    let linked = &linked["bot"]["integrations"][key];
    assert_eq!(
        (&linked["identifier"], &linked["status"]),
        (&json!("team-7"), &json!("registered"))
    );
    // The header is for this server.
    let path = format!("/oauth/wizard/end?state={}", id(server));
    let answer = send(visit(server, Method::GET, &path, None)).await;
    assert_eq!(
        answer.expect(303).header("x-bp-integration-identifier"),
        None
    );
    let kept = column(server, "SELECT identifier FROM bot_integrations");
    assert_eq!(kept, [json!("team-7")]);
    assert!(integration_logs(server).is_empty());
}
