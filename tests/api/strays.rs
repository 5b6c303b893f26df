//! Requests whose client has a wrong base address: `/v1` twice, and paths that are nowhere.

use reqwest::Method;

use crate::{
    botpress::given::Given,
    support::{
        ADA_END_USERS_KEY, ADA_KEY, ALOOCHAT_KEY, BOTPRESS_PAT, COHERE_KEY, TestServer, send,
    },
};

#[tokio::test]
async fn a_version_twice_works_as_once() {
    let given = Given::new().await;
    let (server, bot) = (&given.server, given.as_bot());
    for path in [
        "/v1/v1/chat/conversations",
        "/v1/v1/v1/chat/conversations?channel=channel",
    ] {
        bot.get(server, path).await.expect(200);
    }
    let (method, path) = (Method::GET, "/v1/v1/admin/account/me");
    let person = crate::botpress::given::Caller::person();
    person.call(server, method, path, None).await.expect(200);
    let lost = bot.get(server, "/v1/v1/nothing").await.expect(405);
    assert_eq!(lost.json()["type"], "MethodNotFound");
}

#[tokio::test]
async fn an_unknown_path_is_answered_in_the_body_of_the_senders_vendor() {
    let server = TestServer::start().await;
    let mut shown = String::new();
    for path in ["/v1/nothing", "/nothing", "/api/nothing"] {
        let get = || server.request(Method::GET, path);
        for (name, request) in [
            ("x-bot-id", get().header("x-bot-id", "b")),
            ("x-workspace-id", get().header("x-workspace-id", "w")),
            ("a key of Botpress", get().bearer_auth(BOTPRESS_PAT)),
            ("a key of Cohere", get().bearer_auth(COHERE_KEY)),
            (
                "a key of Cohere in BEARER",
                get().header("authorization", format!("BEARER {COHERE_KEY}")),
            ),
            ("a key of Ada", get().bearer_auth(ADA_KEY)),
            (
                "a key of Ada's version 1",
                get().bearer_auth(ADA_END_USERS_KEY),
            ),
            ("x-api-key", get().header("x-api-key", ALOOCHAT_KEY)),
            ("nobody", get()),
        ] {
            let answer = send(request).await;
            shown.push_str(&format!("{path}, {name}: {}\n", answer.shown()));
        }
    }
    insta::assert_snapshot!("strays", shown);
}

#[tokio::test]
async fn an_operation_that_is_there_answers_whoever_asks() {
    let server = TestServer::start().await;
    let request = server
        .request(Method::GET, "/v1/connectors")
        .header("x-bot-id", "b");
    let answer = send(request.bearer_auth(COHERE_KEY)).await;
    answer.expect(200);
}
