//! Pinging code that was just deployed.

use serde_json::{Value, json};

use super::{bot_logs, column, settled};
use crate::{
    botpress::given::{Caller, Given, make_bot},
    support::{TestServer, WORKSPACE, answer::redacted},
};

/// A bot whose code is deployed as its developer does it; what waits has been done.
async fn deployed(server: &TestServer, code: &str) -> String {
    let bot = make_bot(server, WORKSPACE, Default::default()).await;
    deploy(server, bot.id.as_str(), code).await;
    bot.id.to_string()
}

async fn deploy(server: &TestServer, bot: &str, code: &str) {
    let path = format!("/v1/admin/bots/{bot}");
    let deployed = Caller::member();
    let deployed = deployed.put(server, &path, json!({"code": code})).await;
    deployed.expect(200);
    settled(server).await;
}

fn issues(server: &TestServer) -> Vec<Value> {
    let sql = "SELECT json_object('code', code, 'category', category, 'title', title,
        'description', description) FROM bot_issues ORDER BY seq";
    column(server, sql)
}

#[tokio::test(flavor = "multi_thread")]
async fn code_is_pinged_when_it_is_deployed_and_so_loaded() {
    let server = TestServer::start().await;
    let code = "exports.handler = ({ method, path, query, headers, body }) => {
        delete headers['user-agent']
        console.log(JSON.stringify({ method, path, query, headers, body }))
        return { status: 200 }
    }";
    let bot = deployed(&server, code).await;
    let lines = column(&server, "SELECT message FROM bot_logs");
    insta::assert_snapshot!("ping", redacted(lines[0].clone()));
    let warm = server.server().app().engine().stats().warm;
    assert_eq!((warm.len(), warm[0].calls), (1, 1));
    assert_eq!(warm[0].program, bot);
}

#[tokio::test(flavor = "multi_thread")]
async fn code_that_cannot_be_loaded_is_reported_when_it_is_deployed() {
    let server = TestServer::start().await;
    deployed(&server, "throw new Error('no such thing')").await;
    insta::assert_json_snapshot!("ping_not_loaded_logs", bot_logs(&server));
    insta::assert_json_snapshot!("ping_not_loaded_issues", issues(&server));
    assert!(column(&server, "SELECT seq FROM bot_deliveries").is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn code_need_not_know_what_a_ping_is() {
    let server = TestServer::start().await;
    for code in [
        "exports.handler = ({ body }) => JSON.parse(body).event.payload",
        "exports.handler = () => ({ status: 500, body: 'what?' })",
    ] {
        deployed(&server, code).await;
    }
    assert_eq!(bot_logs(&server), Vec::<Value>::new());
    assert_eq!(issues(&server), Vec::<Value>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn code_that_is_deployed_again_takes_the_place_of_the_old() {
    let server = TestServer::start().await;
    let says = |what: &str| format!("exports.handler = () => {{ console.log('{what}') }}");
    let bot = deployed(&server, &says("old")).await;
    deploy(&server, &bot, &says("new")).await;
    assert_eq!(bot_logs(&server), ["info old", "info new"]);
}

#[tokio::test]
async fn a_bot_at_a_url_is_not_pinged() {
    let pair = super::Pair::start().await;
    deploy(&pair.given.server, pair.given.bot.id.as_str(), "//").await;
    assert!(pair.bot.asked().is_empty());
    let given = Given::new().await;
    settled(&given.server).await;
    assert_eq!(bot_logs(&given.server), Vec::<Value>::new());
}
