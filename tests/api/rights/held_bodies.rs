//! Bodies that come after their caller has lost the right to send them: in each dialect, with each kind of
//! credential. The answer is that of a new call, and nothing is changed.

use std::time::Duration;

use parlance::{config::Profile, domain::tenancy::members::Role, kernel::Secret};
use reqwest::Method;
use serde_json::json;

use super::held::{Held, count, remove_member, revoke, set_role};
use crate::{
    ada::platform_integrations::given::{ADA_KEY, Ada, INTEGRATIONS, filled_in, shop},
    botpress::given::{Caller, Given, member_with},
    chat::given::{Given as Chat, install},
    support::{
        ADA_END_USERS_KEY, ALOOCHAT_KEY, BOTPRESS_PAT, COHERE_KEY, OPERATOR_KEY, TestServer,
        WORKSPACE, send,
    },
};

#[tokio::test]
async fn a_company_key() {
    let server = TestServer::start().await;
    let body = json!({"name": "Shop", "type": "slack"});
    let held = Held::post("/api/public/integrations", &body).header("x-api-key", ALOOCHAT_KEY);
    let taken = revoke(&server, ALOOCHAT_KEY);
    held.refused(&server, 401, taken).await;
    assert_eq!(count(&server, "service_integrations"), 0);
}

#[tokio::test]
async fn a_cohere_key() {
    for (path, body) in [
        (
            "/v1/connectors",
            json!({"name": "Docs", "url": "http://127.0.0.1:9/search"}),
        ),
        // It changes nothing, and answers from what only the caller may read.
        ("/v1/chat", json!({"message": "Hello"})),
    ] {
        let server = TestServer::start().await;
        let held = Held::post(path, &body).bearer(COHERE_KEY);
        held.refused(&server, 401, revoke(&server, COHERE_KEY))
            .await;
        assert_eq!(count(&server, "connectors"), 0);
    }
}

#[tokio::test]
async fn ada_keys() {
    let ada = Ada::start().await;
    let held = Held::post("/api/v2/end-users/", &json!({"profile": {}})).bearer(ADA_KEY);
    held.refused(&ada.server, 401, revoke(&ada.server, ADA_KEY))
        .await;
    assert_eq!(count(&ada.server, "end_users"), 0);
    let path = "/api/end-users/v1/000000000000000000000000";
    let held = Held::new(Method::PATCH, path, &json!({"profile": {}})).bearer(ADA_END_USERS_KEY);
    held.refused(&ada.server, 401, revoke(&ada.server, ADA_END_USERS_KEY))
        .await;
}

#[tokio::test]
async fn an_access_token_of_an_installation() {
    let ada = Ada::start().await;
    let (id, _, tokens) = ada.installed().await;
    let installation = ada.installation(&tokens.access).await;
    let path = format!("{INTEGRATIONS}{id}/installations/{installation}");
    let body = json!({"status": "complete"});
    let held = || Held::new(Method::PATCH, &path, &body).bearer(&tokens.access);
    let ended = async { ada.server.clock.advance(Duration::from_secs(30 * 86_400)) };
    held().refused(&ada.server, 401, ended).await;
    let (id, _, tokens) = ada.installed().await;
    let installation = ada.installation(&tokens.access).await;
    let path = format!("{INTEGRATIONS}{id}/installations/{installation}");
    let held = Held::new(Method::PATCH, &path, &body).bearer(&tokens.access);
    let uninstalled = async {
        let fields = [("handle", "example"), ("installation", &installation)];
        let page = "/platform/connections?handle=example";
        let sent = ada.send_form(page, "/platform/connections/uninstall", &fields);
        sent.await.expect(303);
    };
    held.refused(&ada.server, 401, uninstalled).await;
}

#[tokio::test]
async fn a_personal_access_token() {
    let server = TestServer::start().await;
    for (path, body) in [
        ("/v1/admin/account/pats", json!({"note": "one that lasts"})),
        ("/v1/admin/workspaces", json!({"name": "Another"})),
    ] {
        let role = if path.ends_with("pats") {
            "viewer"
        } else {
            "manager"
        };
        let token = member_with(&server, role).await;
        let (keys, workspaces) = (count(&server, "api_keys"), count(&server, "workspaces"));
        let held = Held::post(path, &body).bearer(&token);
        held.refused(&server, 401, revoke(&server, &token)).await;
        assert_eq!(count(&server, "api_keys"), keys);
        assert_eq!(count(&server, "workspaces"), workspaces);
    }
}

#[tokio::test]
async fn a_member_who_is_removed_or_demoted() {
    let server = TestServer::start().await;
    let token = member_with(&server, "administrator").await;
    let body = json!({"email": "guest@example.localhost", "role": "viewer"});
    let held = || {
        Held::post("/v1/admin/workspace-members", &body)
            .bearer(&token)
            .header("x-workspace-id", WORKSPACE)
    };
    let members = count(&server, "members");
    let email = "administrator@example.localhost";
    let demoted = set_role(&server, email, Role::Viewer);
    held().refused(&server, 403, demoted).await;
    set_role(&server, email, Role::Manager).await;
    held()
        .refused(&server, 403, remove_member(&server, email))
        .await;
    assert_eq!(count(&server, "members"), members - 1);
    // For the workspace itself, who is no member is told that it is not there.
    let body = json!({"name": "Taken over"});
    let path = format!("/v1/admin/workspaces/{WORKSPACE}");
    let token = member_with(&server, "manager").await;
    set_role(&server, "manager@example.localhost", Role::Administrator).await;
    let held = Held::new(Method::PUT, &path, &body).bearer(&token);
    let removed = remove_member(&server, "manager@example.localhost");
    held.refused(&server, 404, removed).await;
}

#[tokio::test]
async fn those_who_act_in_a_bot() {
    let given = Given::new().await;
    let server = &given.server;
    let path = "/v1/chat/users";
    let body = json!({"tags": {}});
    let of = |caller: &Caller| {
        let held = Held::post(path, &body).bearer(&caller.token);
        caller
            .headers
            .iter()
            .fold(held, |held, (name, value)| held.header(name, value))
    };
    let removed = async {
        let id = &given.integration.id;
        let body = json!({"integrations": {id.as_str(): null}});
        let path = format!("/v1/admin/bots/{}", given.bot.id);
        Caller::member().put(server, &path, body).await.expect(200);
    };
    of(&given.as_integration())
        .refused(server, 403, removed)
        .await;
    let token = revoke(server, &given.integration_token);
    let file = json!({
        "botId": given.bot.id, "name": "note", "accessType": "private", "contents": "text",
    });
    Held::post("/v1/storage/files", &file)
        .bearer(&given.integration_token)
        .refused(server, 401, token)
        .await;
    of(&given.as_bot())
        .refused(server, 401, revoke(server, &given.bot_token))
        .await;
    of(&given.as_person())
        .refused(server, 401, revoke(server, BOTPRESS_PAT))
        .await;
    assert_eq!(count(server, "end_users"), 0);
    assert_eq!(count(server, "bot_files"), 0);
}

#[tokio::test]
async fn a_user_of_the_chat() {
    let chat = Chat::new().await;
    let user = chat.user().await;
    let path = format!("{}/conversations", chat.path);
    let held = || Held::post(&path, &json!({})).header("x-user-key", &user.key);
    let rotated = async {
        let configuration = json!({"encryptionKey": "the-owners-own"});
        install(&chat.server, &chat.bot.id, configuration).await;
    };
    held().refused(&chat.server, 401, rotated).await;
    let off = async {
        let id = crate::chat::given::integration(&chat.server).await;
        let body = json!({"integrations": {id: null}});
        let path = format!("/v1/admin/bots/{}", chat.bot.id);
        let answer = Caller::member().put(&chat.server, &path, body).await;
        answer.expect(200);
    };
    held().refused(&chat.server, 404, off).await;
    assert_eq!(count(&chat.server, "conversations"), 0);
}

#[tokio::test]
async fn an_operator_key() {
    let server = TestServer::start().await;
    let at = json!({"at": "2030-01-01T00:00:00Z"});
    let held = Held::post("/console/api/clock/freeze", &at).bearer(OPERATOR_KEY);
    let before = server.clock.now();
    held.refused(&server, 401, revoke(&server, OPERATOR_KEY))
        .await;
    assert_eq!(server.clock.now(), before);
}

#[tokio::test]
async fn a_session_of_the_operators_pages() {
    let ada = Ada::with(|config| {
        config.server.profile = Profile::Production;
        config.bootstrap.operator_key = Some(Secret::new(OPERATOR_KEY));
    })
    .await;
    let (id, _) = ada.create(shop()).await;
    let path = format!("/platform/integrations/{id}");
    let fields = [("next", path.as_str()), ("operator_key", OPERATOR_KEY)];
    let signed_in = ada.send_form(&path, "/platform/sign-in", &fields).await;
    let cookie = signed_in.expect(303);
    let cookie = cookie.header("set-cookie").expect("a session");
    let cookie = cookie.split(';').next().expect("a cookie").to_owned();
    let shown = send(ada.visit(Method::GET, &path).header("cookie", &cookie)).await;
    let (_, token) = shown
        .text
        .split_once("name=\"csrf\" value=\"")
        .expect("a form");
    let token = token.split('"').next().expect("a token");
    let mut form = url::form_urlencoded::Serializer::new(String::new());
    form.append_pair("csrf", token).extend_pairs(filled_in());
    let held = Held {
        method: Method::POST,
        path,
        headers: vec![
            (
                "content-type",
                "application/x-www-form-urlencoded".to_owned(),
            ),
            ("cookie", cookie),
        ],
        body: form.finish(),
    };
    held.refused(&ada.server, 401, revoke(&ada.server, OPERATOR_KEY))
        .await;
    assert_eq!(count(&ada.server, "platform_installations"), 0);
}
