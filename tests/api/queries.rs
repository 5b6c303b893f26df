//! Query parameters: arrays in every spelling, and lists that refuse what they do not know.

use reqwest::Method;
use serde_json::Value;

use crate::{
    botpress::given::{Caller, Given},
    chat::given as chat,
    support::{
        ADA_END_USERS_KEY, ADA_KEY, ALOOCHAT_KEY, Answer, COHERE_KEY, OPERATOR_KEY, TestServer,
        send,
    },
};

fn count(answer: Answer) -> usize {
    let listed = answer.expect(200).json();
    listed["conversations"].as_array().expect("a list").len()
}

#[tokio::test]
async fn arrays_are_read_in_every_spelling() {
    let given = Given::new().await;
    let server = &given.server;
    let (one, two) = (given.user("u1").await, given.user("u2").await);
    let both = given.conversation("c1").await;
    let other = given.conversation("c2").await;
    let integration = given.as_integration();
    for (conversation, user) in [(&both, &one), (&both, &two), (&other, &one)] {
        let path = format!("/v1/chat/conversations/{conversation}/participants");
        let body = serde_json::json!({"userId": user});
        let added = integration.post(server, &path, body).await;
        assert!(added.status.is_success(), "{}", added.text);
    }
    let bot = given.as_bot();
    for (query, found) in [
        (format!("participantIds={one}"), 2),
        (format!("participantIds={one}&participantIds={two}"), 1),
        (format!("participantIds[]={one}&participantIds[]={two}"), 1),
        (
            format!("participantIds[0]={one}&participantIds[1]={two}"),
            1,
        ),
        (format!("participantIds%5B%5D={two}"), 1),
        (format!("participantIds%5B0%5D={two}&channel=direct"), 1),
        ("integrationName=whint".to_owned(), 2),
        ("integrationName=another".to_owned(), 0),
        ("channel=none".to_owned(), 0),
    ] {
        let path = format!("/v1/chat/conversations?{query}");
        assert_eq!(count(bot.get(server, &path).await), found, "{query}");
    }
}

#[tokio::test]
async fn an_array_of_cohere_is_read_in_every_spelling() {
    let server = TestServer::start().await;
    for query in [
        "connectorIds=a",
        "connectorIds[]=a&connectorIds[]=b",
        "connectorIds[0]=a",
    ] {
        let path = format!("/connectors/logs?{query}");
        server.cohere(Method::GET, &path, None).await.expect(200);
    }
    let path = "/connectors/logs?connectorId=a";
    let refused = server.cohere(Method::GET, path, None).await.expect(400);
    assert!(refused.text.contains("connectorId"), "{}", refused.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_of_each_dialect_names_what_it_does_not_know() {
    let given = chat::Given::new().await;
    let server = &given.server;
    let user = given.user().await;
    let get = |path: &str| server.request(Method::GET, path);
    let (ada, console) = ("/api/v2", "/console/api");
    let mut shown = String::new();
    for request in [
        get("/api/public/integrations?page=2").header("x-api-key", ALOOCHAT_KEY),
        get("/v1/connectors?order=name").bearer_auth(COHERE_KEY),
        get(&format!("{ada}/end-users/?externalId=e")).bearer_auth(ADA_KEY),
        get(&format!("{ada}/webhooks?event=e")).bearer_auth(ADA_KEY),
        get("/api/end-users/v1/?limt=1").bearer_auth(ADA_END_USERS_KEY),
        Caller::member().request(server, Method::GET, "/v1/admin/bots?developer=1&tag=2"),
        Caller::member().request(server, Method::GET, "/v1/admin/integrations?name[]=x"),
        get(&format!("{}/conversations?participantIds=u", given.path))
            .header("x-user-key", &user.key),
        get(&format!("{console}/webhooks?agent=a")).bearer_auth(OPERATOR_KEY),
    ] {
        let answer = send(request).await.expect(400);
        shown.push_str(&format!("{}\n", answer.shown()));
    }
    insta::assert_snapshot!("unknown_parameters", shown);
    // A caller without a key learns nothing of them.
    let refused = send(get("/api/public/integrations?page=2")).await;
    assert_eq!(refused.status, 401, "{}", refused.text);
    // One thing that is read is no list.
    let path = "/v1/admin/workspaces/11111111-1111-1111-aaaa-111111111111?x=1";
    Caller::person().get(server, path).await.expect(200);
}

#[tokio::test]
async fn parameters_of_the_vendors_current_documents_are_taken() {
    let server = TestServer::start().await;
    let given = Given::on(server).await;
    let (server, member, bot) = (&given.server, Caller::member(), given.as_bot());
    for (caller, path) in [
        (
            &bot,
            "/v1/chat/conversations?sortField=createdAt&sortDirection=asc&afterDate=2026-01-01",
        ),
        (&bot, "/v1/chat/events?status=pending&workflowId=w"),
        (&bot, "/v1/chat/messages?beforeDate=2026-01-01T00:00:00Z"),
        (&bot, "/v1/chat/users?rangeField=createdAt&tags[x]=y"),
        (&member, "/v1/admin/bots?tags[a]=b&sortField=createdAt"),
        (
            &member,
            "/v1/admin/integrations?limit=5&search=x&visibility=public",
        ),
        (
            &member,
            "/v1/admin/hub/integrations?limit=5&interfaceName=llm",
        ),
    ] {
        caller.get(server, path).await.expect(200);
    }
    let workspaces = async |query: &str| -> Vec<Value> {
        let path = format!("/v1/admin/workspaces{query}");
        let listed = Caller::person().get(server, &path).await.expect(200).json();
        listed["workspaces"].as_array().expect("a list").clone()
    };
    let all = workspaces("").await;
    let handle = all[0]["handle"].as_str().expect("a handle");
    assert_eq!(workspaces(&format!("?handle={handle}")).await.len(), 1);
    assert_eq!(workspaces("?handle=nobodys").await.len(), 0);
}
