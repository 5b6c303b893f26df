//! Secrets: tokens are stored as hashes, configurations and signing secrets sealed, and none of them is
//! logged.

use reqwest::Method;
use serde_json::{Value, json};

use super::given::{Caller, Given, install, make_integration};
use crate::support::{Program, WORKSPACE, file_contains};

const PLANTED: [&str; 2] = ["planted-bot-key-31c7", "planted-installation-key-88d0"];

#[tokio::test]
async fn nothing_secret_stands_in_the_database() {
    let mut given = Given::new().await;
    let configuration = json!({"data": {"key": PLANTED[0]}, "schema": {"type": "object"}});
    let body = json!({"configuration": configuration});
    let member = Caller::member();
    let made = member
        .post(&given.server, "/v1/admin/bots", body)
        .await
        .expect(200)
        .json();
    let other = make_integration(&given.server, WORKSPACE, "other", "1.0.0").await;
    install(
        &given.server,
        &given.bot,
        &other,
        json!({"greeting": PLANTED[1]}),
    )
    .await;
    let bot = format!("/v1/admin/bots/{}", given.bot.id);
    let bot = member.get(&given.server, &bot).await.expect(200).json();
    // Whoever may read the bot may read them.
    assert_eq!(made["bot"]["configuration"]["data"]["key"], PLANTED[0]);
    let installed = &bot["bot"]["integrations"][other.id.as_str()];
    assert_eq!(installed["configuration"]["greeting"], PLANTED[1]);
    let signing = bot["bot"]["signingSecret"]
        .as_str()
        .expect("a secret")
        .to_owned();
    let database = given.server.config.store.path.clone();
    given.server.stop().await;
    let tokens = [given.bot_token.clone(), given.integration_token.clone()];
    let secrets = PLANTED
        .map(str::to_owned)
        .into_iter()
        .chain(tokens)
        .chain([signing]);
    for secret in secrets {
        assert!(!file_contains(&database, &secret), "{secret}");
    }
    assert!(file_contains(&database, given.bot.id.as_str()));
}

#[tokio::test]
async fn nothing_secret_is_logged() {
    let mut program = Program::new();
    let token = "bp_pat_planted_token_5e0b";
    program.serve(&[
        ("PARLANCE_LOG__LEVEL", "trace"),
        ("PARLANCE_BOOTSTRAP__BOTPRESS_PAT", token),
    ]);
    let client = crate::support::client();
    let call = |method, path: &str| {
        client
            .request(method, format!("{}{path}", program.url()))
            .bearer_auth(token)
            .header("x-workspace-id", WORKSPACE)
    };
    let configuration = json!({"data": {"key": PLANTED[0]}, "schema": {"type": "object"}});
    let made = call(Method::POST, "/v1/admin/bots").json(&json!({"configuration": configuration}));
    let made: Value = made
        .send()
        .await
        .expect("an answer")
        .json()
        .await
        .expect("JSON");
    let id = made["bot"]["id"].as_str().expect("an id").to_owned();
    let signing = made["bot"]["signingSecret"]
        .as_str()
        .expect("a secret")
        .to_owned();
    let user = call(Method::POST, "/v1/chat/users")
        .header("x-bot-id", &id)
        .json(&json!({"tags": {}, "name": PLANTED[1]}));
    assert_eq!(user.send().await.expect("an answer").status(), 201);
    program.terminate();
    let log = program.log();
    assert!(file_contains(&log, "/v1/chat/users"), "calls are logged");
    for secret in [token, PLANTED[0], PLANTED[1], &signing] {
        assert!(!file_contains(&log, secret), "{secret}");
    }
}
