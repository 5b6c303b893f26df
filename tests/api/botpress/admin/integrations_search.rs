//! Lists of integrations: their search, their orders, and what else selects integrations.

use serde_json::{Value, json};

use super::{stranger, text};
use crate::{
    botpress::given::Caller,
    support::{TestServer, assert_answer},
};

const ALL: &str = "/v1/admin/integrations";
const HUB: &str = "/v1/admin/hub/integrations";

async fn create(server: &TestServer, body: Value) -> String {
    let made = Caller::member().post(server, ALL, body).await;
    text(&made.expect(200).json()["integration"]["id"])
}

/// A server with the public integrations `alpha` and `beta` and the private `gamma`.
async fn prepare() -> (TestServer, [String; 3]) {
    let server = TestServer::start().await;
    let interface = json!({"name": "readable", "version": "1.0.0", "public": true});
    let made = Caller::member()
        .post(&server, "/v1/admin/interfaces", interface)
        .await;
    let interface = text(&made.expect(200).json()["interface"]["id"]);
    let action = json!({"input": {"schema": {}}, "output": {"schema": {}}});
    let alpha = json!({
        "name": "alpha", "version": "1.0.0", "title": "Mail", "visibility": "public",
        "description": "Sends letters", "actions": {"sendLetter": &action, "list": &action},
        "interfaces": {"readable": {"id": interface}},
    });
    let beta = json!({
        "name": "beta", "version": "1.0.0", "title": "Letters", "visibility": "public",
        "actions": {"letterCount": &action},
    });
    let gamma = json!({"name": "gamma", "version": "1.0.0", "title": "Readable notes"});
    let mut ids = Vec::new();
    for body in [alpha, beta, gamma] {
        ids.push(create(&server, body).await);
        server.clock.advance(std::time::Duration::from_secs(60));
    }
    let ids = ids.try_into().expect("three");
    (server, ids)
}

async fn names(server: &TestServer, caller: &Caller, path: &str) -> Vec<String> {
    let page = caller.get(server, path).await.expect(200).json();
    let all = page["integrations"]
        .as_array()
        .expect("integrations")
        .clone();
    let mut names: Vec<String> = all.iter().map(|one| text(&one["name"])).collect();
    names.retain(|name| name != "chat");
    names
}

#[tokio::test]
async fn lists_search_in_names_texts_actions_and_interfaces() {
    let (server, _) = prepare().await;
    let member = Caller::member();
    for (search, own, hub) in [
        ("ALPHA", vec!["alpha"], vec!["alpha"]),
        ("letter", vec!["beta", "alpha"], vec!["beta", "alpha"]),
        ("readable", vec!["gamma", "alpha"], vec!["alpha"]),
        ("sendl", vec!["alpha"], vec!["alpha"]),
        ("100%25", vec![], vec![]),
        ("", vec!["gamma", "beta", "alpha"], vec!["beta", "alpha"]),
    ] {
        let query = format!("?search={search}");
        let found = names(&server, &member, &format!("{ALL}{query}")).await;
        assert_eq!(found, own, "{search}");
        let found = names(&server, &Caller::person(), &format!("{HUB}{query}")).await;
        assert_eq!(found, hub, "{search}");
    }
    let page = member.get(&server, &format!("{ALL}?search=letter")).await;
    let page = page.expect(200).json();
    let matched: Vec<&Value> = page["integrations"]
        .as_array()
        .expect("integrations")
        .iter()
        .map(|one| &one["matchedOn"])
        .collect();
    insta::assert_json_snapshot!(matched);
    let page = member.get(&server, ALL).await.expect(200).json();
    assert_eq!(page["integrations"][0].get("matchedOn"), None);
}

#[tokio::test]
async fn lists_are_sorted() {
    let (server, [alpha, beta, gamma]) = prepare().await;
    let member = Caller::member();
    let title = json!({"title": "Mail 2"});
    let path = format!("{ALL}/{alpha}");
    member.put(&server, &path, title).await.expect(200);
    for installed in [vec![&beta], vec![&beta, &gamma]] {
        let entries = installed.iter().map(|id| ((*id).clone(), json!({})));
        let entries: serde_json::Map<String, Value> = entries.collect();
        let made = member.post(&server, "/v1/admin/bots", json!({})).await;
        let bot = text(&made.expect(200).json()["bot"]["id"]);
        let path = format!("/v1/admin/bots/{bot}");
        let body = json!({"integrations": entries});
        member.put(&server, &path, body).await.expect(200);
    }
    for (query, expected) in [
        ("sortBy=name", ["alpha", "beta", "gamma"]),
        ("sortBy=name&direction=desc", ["gamma", "beta", "alpha"]),
        ("sortBy=createdAt", ["gamma", "beta", "alpha"]),
        ("direction=asc", ["alpha", "beta", "gamma"]),
        ("sortBy=updatedAt", ["alpha", "gamma", "beta"]),
        ("sortBy=updatedAt&direction=asc", ["beta", "gamma", "alpha"]),
        ("sortBy=installCount", ["beta", "gamma", "alpha"]),
        (
            "sortBy=popularity&direction=asc",
            ["alpha", "gamma", "beta"],
        ),
    ] {
        let found = names(&server, &member, &format!("{ALL}?{query}")).await;
        assert_eq!(found, expected, "{query}");
    }
    let bad = member.get(&server, &format!("{ALL}?sortBy=color")).await;
    assert_answer!("list_integrations_bad_order", bad.expect(400));
}

#[tokio::test]
async fn each_order_is_paged() {
    let server = TestServer::start().await;
    let mut expected: Vec<String> = (0..45).map(|number| format!("whint-{number:02}")).collect();
    for name in &expected {
        create(&server, json!({"name": name, "version": "1.0.0"})).await;
    }
    for order in ["name", "createdAt", "updatedAt"] {
        for direction in ["asc", "desc"] {
            let mut found = Vec::new();
            let mut path = format!("{ALL}?sortBy={order}&direction={direction}");
            loop {
                let page = Caller::member()
                    .get(&server, &path)
                    .await
                    .expect(200)
                    .json();
                let all = page["integrations"]
                    .as_array()
                    .expect("integrations")
                    .clone();
                found.extend(all.iter().map(|one| text(&one["name"])));
                let Some(token) = page["meta"]["nextToken"].as_str() else {
                    break;
                };
                let token: String =
                    url::form_urlencoded::byte_serialize(token.as_bytes()).collect();
                path = format!("{ALL}?sortBy={order}&direction={direction}&nextToken={token}");
            }
            if order == "updatedAt" {
                // Several can have one time, and then the newest is first.
                found.sort();
                expected.sort();
            } else if direction == "desc" {
                expected.sort_by(|left, right| right.cmp(left));
            } else {
                expected.sort();
            }
            assert_eq!(found, expected, "{order} {direction}");
        }
    }
}

#[tokio::test]
async fn lists_select_by_bot_verification_and_visibility() {
    let (server, [alpha, _, gamma]) = prepare().await;
    let member = Caller::member();
    let made = member.post(&server, "/v1/admin/bots", json!({})).await;
    let bot = text(&made.expect(200).json()["bot"]["id"]);
    let path = format!("/v1/admin/bots/{bot}");
    let body = json!({"integrations": {&alpha: {}, &gamma: {}}});
    member.put(&server, &path, body).await.expect(200);
    let request = json!({"integrationId": gamma});
    let path = format!("{ALL}/request-verification");
    member.post(&server, &path, request).await.expect(200);
    let unlisted = json!({"name": "delta", "version": "1.0.0", "visibility": "unlisted"});
    create(&server, unlisted).await;
    let by_bot = format!("installedByBotId={bot}");
    for (query, expected) in [
        (by_bot.as_str(), vec!["gamma", "alpha"]),
        ("installedByBotId=none", vec![]),
        ("verificationStatus=pending", vec!["gamma"]),
        ("visibility=public", vec!["beta", "alpha"]),
        ("visibility=private", vec!["gamma"]),
    ] {
        let found = names(&server, &member, &format!("{ALL}?{query}")).await;
        assert_eq!(found, expected, "{query}");
    }
    let path = format!("{HUB}?{by_bot}");
    assert_eq!(names(&server, &Caller::person(), &path).await, ["alpha"]);
    let other = stranger(&server).await;
    assert_eq!(names(&server, &other, &path).await, Vec::<String>::new());
}
