//! What pages may do in a browser: every answer that one could show or run has a policy.

use parlance::domain::bots::manage::NewBot;
use reqwest::{Method, header};
use serde_json::json;

use crate::{
    botpress::given::{Caller, make_bot},
    support::{Answer, TestServer, WORKSPACE, send},
};

async fn get(server: &TestServer, path: &str) -> Answer {
    send(server.request(Method::GET, path)).await
}

/// The directives of an answer's only policy.
fn policy(answer: &Answer, path: &str) -> Vec<String> {
    let policies: Vec<_> = answer
        .headers
        .get_all("content-security-policy")
        .iter()
        .collect();
    let [policy] = policies[..] else {
        panic!("{path} has not one policy: {policies:?}");
    };
    let policy = policy.to_str().expect("a text");
    policy.split("; ").map(str::to_owned).collect()
}

#[tokio::test]
async fn every_page_has_a_policy_and_none_but_a_chat_may_be_framed() {
    let server = TestServer::start().await;
    let bot = make_bot(&server, WORKSPACE, NewBot::default()).await;
    let off = format!("/chat/{}", bot.id);
    send(server.request(Method::POST, "/inbox/example"))
        .await
        .expect(200);
    let mut pages = vec![
        "/".to_owned(),
        "/inbox/".to_owned(),
        "/inbox/example".to_owned(),
        "/platform/connections".to_owned(),
        "/platform/nothing".to_owned(),
        "/v1/connectors/oauth/token?state=none&code=1".to_owned(),
        "/chat/nobody".to_owned(),
        off,
    ];
    for name in [
        "ada",
        "ada-end-users-v1",
        "aloochat",
        "botpress",
        "chat",
        "cohere",
        "connector",
        "console",
    ] {
        pages.push(format!("/docs/{name}"));
    }
    pages.push("/api/end-users/v1/docs".to_owned());
    for path in &pages {
        let page = get(&server, path).await;
        assert_eq!(
            page.header("content-type"),
            Some("text/html; charset=utf-8"),
            "{path}"
        );
        let policy = policy(&page, path);
        for directive in [
            "default-src 'none'",
            "base-uri 'none'",
            "frame-ancestors 'none'",
        ] {
            assert!(
                policy.iter().any(|known| known == directive),
                "{path}: {policy:?}"
            );
        }
        let scripts = policy
            .iter()
            .find(|directive| directive.starts_with("script-src"));
        assert!(
            scripts.is_none_or(|scripts| scripts == "script-src 'self'"),
            "{path}: {policy:?}"
        );
        assert_eq!(
            page.header("x-content-type-options"),
            Some("nosniff"),
            "{path}"
        );
        assert!(page.header("referrer-policy").is_some(), "{path}");
        assert!(
            !page.text.contains("<script>"),
            "{path} has a script within it"
        );
        // What the browser keeps is not to lose it.
        if let Some(tag) = page.header("etag") {
            let request = server
                .request(Method::GET, path)
                .header(header::IF_NONE_MATCH, tag);
            let kept = send(request).await.expect(304);
            let again = kept.header("content-security-policy");
            assert!(
                again.is_none() || again == page.header("content-security-policy"),
                "{path}"
            );
        }
    }
    assert!(pages.len() > 15);
}

#[tokio::test]
async fn files_of_others_and_parts_of_pages_have_one_too() {
    let server = TestServer::start().await;
    let bot = make_bot(&server, WORKSPACE, NewBot::default()).await;
    let member = Caller::member();
    let file = json!({
        "botId": bot.id, "name": "x.html", "accessType": "public", "contents": "<script></script>",
    });
    let file = member.post(&server, "/v1/storage/files", file).await.json();
    let file = file["file"]["publicUrl"].as_str().expect("an address");
    let file = file
        .strip_prefix(&server.server().url())
        .expect("of this server");
    for path in [
        "/assets/icon.svg",
        "/assets/docs.js",
        "/chat/embed.js",
        "/openapi/ada.yaml",
        file,
    ] {
        let answer = get(&server, path).await.expect(200);
        let policy = policy(&answer, path);
        assert_eq!(policy[0], "default-src 'none'", "{path}");
        assert_eq!(
            answer.header("x-content-type-options"),
            Some("nosniff"),
            "{path}"
        );
    }
    // Answers of APIs are no pages.
    let answer = get(&server, "/healthz").await.expect(200);
    assert_eq!(answer.header("content-security-policy"), None);
}
