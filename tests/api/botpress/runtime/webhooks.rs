//! Requests from outside to the webhooks of integrations.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use super::{Pair, bot_logs, column, integration_logs};
use crate::{
    botpress::given::Given,
    support::{Answer, TestServer, answer::redacted, assert_answer, send},
};

/// The path of the webhook of the integration.
pub fn webhook(server: &TestServer) -> String {
    let ids = column(server, "SELECT webhook_id FROM bot_integrations");
    format!("/webhook/{}", ids[0].as_str().expect("an id"))
}

pub async fn post(server: &TestServer, path: &str, body: &'static str) -> Answer {
    let request = server.request(Method::POST, path);
    send(request.header("X-Signature", "abc").body(body)).await
}

#[tokio::test]
async fn a_request_goes_to_the_integration_as_it_came_and_its_answer_back() {
    let pair = Pair::start().await;
    let server = &pair.given.server;
    pair.integration.answer_with(202, "challenge");
    let path = format!("{}/events/%C3%A9?a=1&b=%20", webhook(server));
    let answer = post(server, &path, "{ \"spaces\" :1 }").await.expect(202);
    assert_eq!(answer.text, "challenge");
    let mut shown = pair.integration.asked()[0].shown();
    let headers = shown["body"]["req"]["headers"].as_object_mut();
    let headers = headers.expect("headers");
    headers.retain(|name, _| name == "x-signature");
    insta::assert_snapshot!("webhook_received", redacted(shown));
    for method in ["GET", "PUT", "DELETE", "PATCH", "PURGE"] {
        let method = Method::from_bytes(method.as_bytes()).expect("a method");
        let request = server.request(method.clone(), &webhook(server));
        send(request).await.expect(202);
        let asked = pair.integration.asked();
        let request = &asked.last().expect("it was asked").json()["req"];
        assert_eq!(request["method"], method.as_str());
        assert_eq!(request["path"], "/");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn status_and_headers_of_code_go_back() {
    let integration = "exports.handler = async ({ body }) => {
        const { req } = JSON.parse(body)
        return {
            status: 201,
            headers: { 'Content-Type': 'text/plain', 'X-Path': req.path },
            body: req.body + '!',
        }
    }";
    let given = Given::running(
        TestServer::start().await,
        |_| {},
        |new| new.parts.code = Some(integration.to_owned()),
    )
    .await;
    let path = format!("{}/oauth", webhook(&given.server));
    let answer = post(&given.server, &path, "hey").await.expect(201);
    assert_eq!(answer.text, "hey!");
    assert_eq!(answer.header("content-type"), Some("text/plain"));
    assert_eq!(answer.header("x-path"), Some("/oauth"));
}

#[tokio::test(flavor = "multi_thread")]
async fn code_does_not_speak_for_the_connection() {
    let integration = "exports.handler = async ({ body }) => {
        const { req } = JSON.parse(body)
        return { status: Number(req.path.slice(1)), body: 'hi' }
    }";
    let given = Given::running(
        TestServer::start().await,
        |_| {},
        |new| new.parts.code = Some(integration.to_owned()),
    )
    .await;
    for status in [100, 101, 103, 199] {
        let path = format!("{}/{status}", webhook(&given.server));
        let answer = post(&given.server, &path, "hey").await.expect(502);
        assert!(answer.header("x-request-id").is_some(), "{status}");
    }
}

/// What an integration answers that wants to be a page of this server.
const GREEDY: &str = "exports.handler = async ({ headers, body }) => {
    if (headers['x-bp-operation'] !== 'webhook_received') return { status: 200 }
    const { req } = JSON.parse(body)
    const redirect = req.path === '/begin'
    return {
        status: redirect ? 302 : 200,
        headers: {
            'Content-Type': 'text/html',
            'Content-Security-Policy': \"sandbox allow-same-origin allow-scripts; default-src 'self'\",
            'Set-Cookie': req.query === 'own' ? 'parlance_pages=x; Path=/platform' : 'step=2; Path=/; Domain=localhost; HttpOnly',
            'Clear-Site-Data': '\"*\"',
            'Service-Worker-Allowed': '/',
            'Strict-Transport-Security': 'max-age=31536000; includeSubDomains',
            'Alt-Svc': 'h3=\":443\"',
            'X-Seen-Cookie': req.headers.cookie || 'none',
            ...(redirect ? { Location: 'https://provider.example/authorize?state=1' } : {}),
        },
        body: '<script>fetch(\"/inbox/x.json\")</script>',
    }
}";

async fn greedy() -> Given {
    Given::running(
        TestServer::start().await,
        |_| {},
        |new| new.parts.code = Some(GREEDY.to_owned()),
    )
    .await
}

/// The client of a browser that follows no redirect.
fn visit(server: &TestServer, path: &str) -> reqwest::RequestBuilder {
    let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none());
    let client = client.build().expect("a client");
    client.get(format!("{}{path}", server.server().url()))
}

/// Asserts that an answer of tenants' code acts on nothing but its own address.
fn assert_contained(answer: &Answer, own: &str) {
    let policies = answer.headers.get_all("content-security-policy");
    let last = policies.iter().next_back().expect("a policy");
    let last = last.to_str().expect("a text");
    assert!(last.starts_with("sandbox allow-"), "{last}");
    assert!(
        last.contains("allow-forms") && last.contains("allow-scripts"),
        "{last}"
    );
    assert!(!last.contains("same-origin"), "{last}");
    for name in [
        "clear-site-data",
        "service-worker-allowed",
        "strict-transport-security",
        "alt-svc",
    ] {
        assert_eq!(answer.header(name), None, "{name}");
    }
    let cookie = format!("step=2; HttpOnly; Path={own}");
    assert_eq!(answer.header("set-cookie"), Some(cookie.as_str()));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_integration_answers_is_no_page_of_this_server() {
    let given = greedy().await;
    let server = &given.server;
    let webhook = webhook(server);
    let id = webhook.strip_prefix("/webhook/").expect("an id");
    for (path, own) in [
        (webhook.clone(), webhook.as_str()),
        (format!("{webhook}/deep/page?a=1"), &webhook),
        (format!("/webhook/oauth?state={id}"), "/webhook/oauth"),
    ] {
        let answer = send(visit(server, &path)).await.expect(200);
        assert_contained(&answer, own);
        assert!(answer.text.contains("<script>"), "{}", answer.text);
        assert_eq!(answer.header("content-type"), Some("text/html"));
    }
    // A redirect leads on.
    let answer = send(visit(server, &format!("{webhook}/begin")))
        .await
        .expect(302);
    assert_contained(&answer, &webhook);
    let location = "https://provider.example/authorize?state=1";
    assert_eq!(answer.header("location"), Some(location));
    // Nobody's code sets or sees the session of this server's pages.
    let answer = send(visit(server, &format!("{webhook}?own")))
        .await
        .expect(200);
    assert_eq!(answer.header("set-cookie"), None);
    let request = visit(server, &webhook).header("cookie", "a=b; parlance_pages=x.y");
    let answer = send(request).await.expect(200);
    assert_eq!(answer.header("x-seen-cookie"), Some("a=b"));
}

#[tokio::test]
async fn forms_of_a_page_in_a_sandbox_reach_their_webhook() {
    let pair = Pair::start().await;
    let server = &pair.given.server;
    for (site, origin) in [
        ("cross-site", "null"),
        ("cross-site", "https://provider.example"),
    ] {
        let request = server.request(Method::POST, &webhook(server));
        let request = request
            .header("sec-fetch-site", site)
            .header("origin", origin);
        send(request.body("step=2")).await.expect(200);
        let asked = pair.integration.asked();
        assert_eq!(
            asked.last().expect("it was asked").json()["req"]["body"],
            "step=2"
        );
    }
}

#[tokio::test]
async fn what_a_fallback_script_answers_is_no_page_of_this_server() {
    let fallback = "{\"headers\": {\"Content-Type\": \"text/html\", \"Clear-Site-Data\": \"*\", \
         \"Set-Cookie\": \"step=2; Path=/; HttpOnly\"}, \"body\": \"<script></script>\"}";
    let pair = shared(Some(fallback), "null").await;
    let server = &pair.given.server;
    let answer = send(visit(server, GLOBAL)).await.expect(200);
    assert_contained(&answer, GLOBAL);
}

#[tokio::test]
async fn what_an_integration_does_not_take_can_be_sent_again() {
    let pair = Pair::start().await;
    let server = &pair.given.server;
    let path = webhook(server);
    // Its own errors are its answer.
    pair.integration.answer_with(500, "broken");
    assert_eq!(post(server, &path, "").await.expect(500).text, "broken");
    let thrown = r#"{"id":"1","code":400,"type":"Runtime","message":"No token"}"#;
    pair.integration.answer_with(400, thrown);
    post(server, &path, "").await.expect(400);
    // What it refuses is no failure.
    pair.integration
        .answer_with(401, r#"{"message":"Bad signature"}"#);
    post(server, &path, "").await.expect(401);
    let lines = integration_logs(server);
    insta::assert_json_snapshot!("webhook_failed_logs", lines);
    assert_eq!(bot_logs(server), lines);
    assert_answer!(
        "webhook_unknown",
        post(server, "/webhook/none", "").await.expect(404)
    );
    assert_answer!("webhook_nothing", post(server, "/webhook/", "").await);
    let request = server
        .request(Method::POST, &path)
        .body(vec![0x89, 0x00, 0xff]);
    assert_answer!("webhook_no_text", send(request).await.expect(415));
    let given = Given::new().await;
    let path = webhook(&given.server);
    assert_answer!(
        "webhook_nowhere",
        post(&given.server, &path, "").await.expect(400)
    );
}

#[tokio::test]
async fn a_webhook_that_does_not_answer_says_when_to_come_back() {
    let server = TestServer::with(|config| config.deliveries.call_timeout_seconds = 1).await;
    let pair = Pair::on(server).await;
    pair.integration.reply(|_| None);
    let path = webhook(&pair.given.server);
    let answer = post(&pair.given.server, &path, "").await;
    assert_eq!(answer.header("retry-after"), Some("5"));
    let lines = integration_logs(&pair.given.server);
    insta::assert_json_snapshot!("webhook_timeout_logs", lines);
    assert_answer!("webhook_timeout", answer);
}

#[tokio::test]
async fn the_handler_of_a_webhook_may_create_messages_before_it_answers() {
    let pair = Pair::start().await;
    let given = &pair.given;
    let someone = pair.someone().await;
    // The integration's own request comes while the webhook waits.
    let (caller, url) = (given.as_integration(), given.server.server().url());
    let body = json!({
        "userId": someone.0, "conversationId": someone.1, "type": "text",
        "payload": {"text": "from outside"}, "tags": {},
    });
    let (sender, receiver) = std::sync::mpsc::channel::<Value>();
    let token = caller.token.clone();
    let headers = caller.headers.clone();
    let client = reqwest::Client::new();
    let handle = tokio::runtime::Handle::current();
    pair.integration.reply(move |asked| {
        if asked.operation() == "webhook_received" {
            let mut request = client
                .post(format!("{url}/v1/chat/messages"))
                .bearer_auth(&token)
                .json(&body);
            for (name, value) in &headers {
                request = request.header(*name, value);
            }
            let sender = sender.clone();
            handle.spawn(async move {
                let made = request.send().await.expect("an answer");
                // The test may be over.
                let _ = sender.send(made.json().await.expect("JSON"));
            });
        }
        Some((200, "{}".to_owned()))
    });
    post(&given.server, &webhook(&given.server), "x")
        .await
        .expect(200);
    pair.bot.wait(1).await;
    assert_eq!(pair.bot.texts(), ["from outside"]);
    let made = tokio::task::spawn_blocking(move || receiver.recv_timeout(Duration::from_secs(30)));
    let made = made.await.expect("no panic").expect("a message");
    assert_eq!(made["message"]["direction"], "incoming");
}

/// A pair whose integration finds its installation by the team in the body.
pub async fn shared(fallback: Option<&str>, extract: &str) -> Pair {
    shared_by(Pair::start().await, fallback, extract).await
}

async fn shared_by(pair: Pair, fallback: Option<&str>, extract: &str) -> Pair {
    let path = format!("/v1/admin/integrations/{}", pair.given.integration.id);
    let body = json!({
        "identifier": {"extractScript": extract, "fallbackHandlerScript": fallback},
        "secrets": {"KEY": "s3cret"},
    });
    let member = crate::botpress::given::Caller::member();
    let server = &pair.given.server;
    member.put(server, &path, body).await.expect(200);
    let path = "/v1/chat/integrations/configure";
    let identifier = json!({"identifier": "team-1"});
    let integration = pair.given.as_integration();
    integration.post(server, path, identifier).await.expect(200);
    pair.settled().await;
    pair
}

pub const GLOBAL: &str = "/webhook/integration/global/whint";

#[tokio::test]
async fn the_shared_webhook_finds_the_installation_by_its_script() {
    let extract = "body = parse_json!(.body)\nto_string!(body.team)";
    let fallback = "{\"status\": 202, \"body\": join!([.method, .secrets.KEY], \" \")}";
    let pair = shared(Some(fallback), extract).await;
    let server = &pair.given.server;
    pair.integration.answer_with(200, "taken");
    let taken = post(server, GLOBAL, r#"{"team":"team-1"}"#).await;
    assert_eq!(taken.expect(200).text, "taken");
    let asked = pair.integration.asked();
    let request = asked.last().expect("it was asked");
    assert_eq!(request.operation(), "webhook_received");
    assert_eq!(request.json()["req"]["body"], r#"{"team":"team-1"}"#);
    let nobodys = post(server, GLOBAL, r#"{"team":"team-2"}"#).await;
    assert_eq!(nobodys.expect(202).text, "POST s3cret");
    assert_eq!(pair.integration.asked().len(), asked.len());
    let unknown = "/webhook/integration/global/none";
    assert_answer!(
        "shared_unknown",
        post(server, unknown, "{}").await.expect(404)
    );
}

#[tokio::test]
async fn a_request_that_is_nobodys_is_not_found() {
    let pair = shared(None, "body = parse_json!(.body)\nto_string!(body.team)").await;
    let server = &pair.given.server;
    let nobodys = post(server, GLOBAL, r#"{"team":"team-2"}"#).await;
    assert_answer!("shared_nobodys", nobodys.expect(404));
    // A script that fails has found nobody.
    let nobodys = post(server, GLOBAL, "no json").await;
    assert_answer!("shared_nobodys", nobodys.expect(404));
    let lines = "SELECT level || ' ' || message FROM integration_logs";
    let lines = column(server, lines);
    let line = lines.last().and_then(Value::as_str).expect("a line");
    assert!(
        line.starts_with("warn The extract script found no identifier in a POST request: "),
        "{line}"
    );
}

/// The memory and the time of a script are taken back: it has found nobody, the integration's log says which
/// limit it was, and everything else goes on.
#[tokio::test]
async fn a_script_that_breaks_a_limit_is_told_to_its_developer() {
    let bomb = "r = to_string!(.body)\na = replace(r, \"x\", r)\nb = replace(a, \"x\", r)\n\
        c = replace(b, \"x\", r)\nreplace(c, \"x\", r)";
    let looping = "items = split(to_string!(.body), \"x\")\ncount = 0\n\
        for_each(items) -> |_i, _one| { for_each(items) -> |_j, _other| { count = count + 1 } }\n\"none\"";
    let body: &'static str = Box::leak("x".repeat(3000).into_boxed_str());
    for (script, limit) in [
        (
            bomb,
            "memory of 16777216 bytes (runtime.script_memory_bytes)",
        ),
        (looping, "ran for longer than 100ms"),
    ] {
        let server = TestServer::with(|config| {
            config.runtime.script_memory_bytes = 16 * 1024 * 1024;
        });
        let pair = shared_by(Pair::on(server.await).await, None, script).await;
        let server = &pair.given.server;
        let nobodys = post(server, GLOBAL, body).await.expect(404);
        assert_eq!(
            nobodys.json()["type"],
            "ResourceNotFound",
            "{}",
            nobodys.text
        );
        let lines = column(server, "SELECT message FROM integration_logs");
        let line = lines.last().and_then(Value::as_str).expect("a line");
        assert!(line.contains(limit), "{line}");
        post(server, GLOBAL, body).await.expect(404);
        let health = server.request(Method::GET, "/healthz");
        send(health).await.expect(200);
    }
}

#[tokio::test]
async fn who_comes_back_with_a_state_is_given_to_its_installation() {
    let pair = Pair::start().await;
    let server = &pair.given.server;
    let webhook = webhook(server);
    let state = webhook.strip_prefix("/webhook/").expect("an id");
    let path = format!("/webhook/oauth?code=1&state={state}");
    let request = server.request(Method::GET, &path);
    send(request).await.expect(200);
    let request = &pair.integration.asked()[0].json()["req"];
    assert_eq!(request["path"], "/oauth");
    assert_eq!(request["query"], format!("code=1&state={state}"));
    let nobody = server.request(Method::GET, "/webhook/oauth?code=1");
    assert_answer!("oauth_no_state", send(nobody).await.expect(404));
}

#[tokio::test]
async fn an_installation_that_was_to_be_linked_is_registered_when_it_is() {
    let pair = Pair::start().await;
    let server = &pair.given.server;
    let member = crate::botpress::given::Caller::member();
    let path = format!("/v1/admin/integrations/{}", pair.given.integration.id);
    let link = "\"https://example.com/{{ to_string!(.webhookId) }}\"";
    let link = link.replace("{{ to_string!(.webhookId) }}", "link");
    let link = json!({"required": true, "linkTemplateScript": link});
    let body = json!({"configuration": {"identifier": link}});
    member.put(server, &path, body).await.expect(200);
    let bot = format!("/v1/admin/bots/{}", pair.given.bot.id);
    let id = pair.given.integration.id.as_str();
    let body = json!({"integrations": {id: {}}});
    let waits = member.put(server, &bot, body).await.expect(200).json();
    let waits = &waits["bot"]["integrations"][id];
    assert_eq!(waits["status"], "unregistered");
    assert_eq!(
        waits["statusReason"],
        "It has to be linked first: https://example.com/link"
    );
    pair.settled().await;
    assert!(pair.integration.asked().is_empty());
    let path = "/v1/chat/integrations/configure";
    let body = json!({"identifier": "team-1"});
    let integration = pair.given.as_integration();
    integration.post(server, path, body).await.expect(200);
    pair.settled().await;
    assert_eq!(pair.integration.asked()[0].operation(), "register");
    let linked = member.get(server, &bot).await.expect(200).json();
    let linked = &linked["bot"]["integrations"][id];
    assert_eq!(linked["status"], "registered");
}
