//! The matrix of Botpress: tokens of people by their role, of bots and of integrations.

use parlance::domain::{
    bots::manage::NewBot,
    tenancy::api_keys::{KeyKind, KeyOwner},
};

use super::{
    held::revoke,
    matrix::{Credential, many_calls, matrix},
};
use crate::{
    botpress::given::{Given, another_workspace, make_bot, member_with, token},
    support::{BOTPRESS_PAT, COHERE_KEY, TestServer, WORKSPACE},
};

/// Operations that take away what the rest needs, in the order in which they are called.
const LAST: [&str; 2] = ["deleteWorkspace", "deleteAccount"];

#[tokio::test]
async fn botpress() {
    let given = Given::on(TestServer::with(many_calls).await).await;
    let server = &given.server;
    let in_bot = |credential: Credential| {
        credential
            .header("x-workspace-id", WORKSPACE)
            .header("x-bot-id", given.bot.id.as_str())
    };
    let person = |name, token: &str| in_bot(Credential::bearer(name, token));
    let other_bot = make_bot(server, WORKSPACE, NewBot::default()).await;
    let other_bot = KeyOwner::Agent(WORKSPACE.into(), other_bot.id);
    let other_bot = token(server, KeyKind::BotpressBot, other_bot).await;
    let (_, stranger) = another_workspace(server).await;
    let gone = KeyOwner::Agent(WORKSPACE.into(), given.bot.id.clone());
    let gone = token(server, KeyKind::BotpressBot, gone).await;
    revoke(server, &gone).await;
    let integration = |name, token: &str| {
        person(name, token).header("x-integration-id", given.integration.id.as_str())
    };
    let bot_key = KeyOwner::Agent(WORKSPACE.into(), given.bot.id.clone());
    let bot_key = token(server, KeyKind::BotpressBotKey, bot_key).await;
    let integration_key = KeyOwner::Integration(WORKSPACE.into(), given.integration.id.clone());
    let integration_key = token(server, KeyKind::BotpressIntegrationKey, integration_key).await;
    let credentials = [
        in_bot(Credential::none()),
        person("wrong", "bp_pat_wrong_key").void(),
        person("revoked_bot", &gone).void(),
        person("cohere", COHERE_KEY).void(),
        person("stranger", &stranger),
        person("other_bot", &other_bot),
        person("bot", &given.bot_token),
        integration("integration", &given.integration_token),
        person("bot_key", &bot_key),
        person("integration_key", &integration_key),
        person("viewer", &member_with(server, "viewer").await),
        person("billing", &member_with(server, "billing").await),
        person("developer", &member_with(server, "developer").await),
        person("manager", &member_with(server, "manager").await),
        person("administrator", &member_with(server, "administrator").await),
        person("owner", BOTPRESS_PAT),
    ];
    let fill = |before: &str, _: &str| match before {
        "workspaces" | "payment-methods" => WORKSPACE.to_owned(),
        _ => "00000000-0000-0000-0000-000000000000".to_owned(),
    };
    let found = matrix(server, ("botpress", ""), &credentials, fill, &LAST).await;
    insta::assert_snapshot!(found);
}
