//! Listing, giving away and deleting bots.

use parlance::domain::bots::manage::maintenance;
use rusqlite::Connection;
use serde_json::{Value, json};

use super::{role, stranger, text};
use crate::{
    botpress::given::{Caller, Given, another_workspace, make_bot},
    support::{TestServer, WORKSPACE, assert_answer},
};

fn ids(page: &Value) -> Vec<String> {
    let bots = page["bots"].as_array().expect("bots");
    bots.iter().map(|bot| text(&bot["id"])).collect()
}

#[tokio::test]
async fn list_bots_is_paged_newest_first_and_stable() {
    let server = TestServer::start().await;
    let example = server.server().started().agent.clone().expect("an agent");
    let mut made = vec![example.id.to_string()];
    for _ in 0..22 {
        made.push(
            make_bot(&server, WORKSPACE, Default::default())
                .await
                .id
                .to_string(),
        );
    }
    let member = Caller::member();
    let first = member
        .get(&server, "/v1/admin/bots?nextToken=")
        .await
        .expect(200)
        .json();
    make_bot(&server, WORKSPACE, Default::default()).await;
    let token = first["meta"]["nextToken"].as_str().expect("a token");
    let token: String = url::form_urlencoded::byte_serialize(token.as_bytes()).collect();
    let second = member
        .get(&server, &format!("/v1/admin/bots?nextToken={token}"))
        .await;
    let second = second.expect(200).json();
    assert_eq!(ids(&first).len(), 20);
    let all: Vec<String> = [ids(&first), ids(&second)].concat();
    made.reverse();
    assert_eq!(all, made);
    assert_eq!(second["meta"], json!({}));
    let bad = member.get(&server, "/v1/admin/bots?nextToken=x").await;
    assert_answer!("list_bots_token", bad.expect(400));
}

#[tokio::test]
async fn list_bots_filters_those_in_development_and_those_of_others() {
    let server = TestServer::start().await;
    let made = Caller::member()
        .post(&server, "/v1/admin/bots", json!({"dev": true}))
        .await;
    let dev = text(&made.expect(200).json()["bot"]["id"]);
    let only = Caller::member()
        .get(&server, "/v1/admin/bots?dev=true")
        .await;
    assert_eq!(ids(&only.json()), [dev.as_str()]);
    let others = Caller::member()
        .get(&server, "/v1/admin/bots?dev=false")
        .await;
    assert!(!ids(&others.json()).contains(&dev));
    let stranger = stranger(&server).await;
    let none = stranger.get(&server, "/v1/admin/bots").await;
    assert_answer!(none.expect(200));
}

/// How many rows belong to agents that are gone.
fn left(server: &TestServer) -> i64 {
    let conn = Connection::open(&server.config.store.path).expect("the database");
    let count = |sql: &str| conn.query_row(sql, [], |row| row.get::<_, i64>(0));
    [
        "SELECT count(*) FROM agents WHERE deleted_at IS NOT NULL",
        "SELECT count(*) FROM bots WHERE agent_seq NOT IN (SELECT seq FROM agents)",
        "SELECT count(*) FROM end_users",
        "SELECT count(*) FROM conversations",
        "SELECT count(*) FROM messages",
        "SELECT count(*) FROM messages_of_agent",
        "SELECT count(*) FROM user_tags",
        "SELECT count(*) FROM bot_integrations",
        "SELECT count(*) FROM api_keys WHERE kind = 'botpress_bot'",
    ]
    .iter()
    .map(|sql| count(sql).expect("a count"))
    .sum()
}

#[tokio::test]
async fn delete_bot_takes_everything_of_it() {
    // Of the messages, the index tables have some, and memory has the others.
    let server = TestServer::with(|config| config.bots.unindexed_messages = 4).await;
    let mut given = Given::on(server).await;
    let conversation = given.conversation("1").await;
    for text in 0..10 {
        let (bot, text) = (given.as_bot(), text.to_string());
        let id = given.bot.id.as_str();
        given.message(&bot, id, &conversation, &text).await;
    }
    let user = json!({"tags": {"plan": "gold"}});
    for _ in 0..3 {
        let made = given
            .as_bot()
            .post(&given.server, "/v1/chat/users", user.clone())
            .await;
        made.expect(201);
    }
    assert!(left(&given.server) > 0);
    let path = format!("/v1/admin/bots/{}", given.bot.id);
    let deleted = Caller::member()
        .delete(&given.server, &path)
        .await
        .expect(200);
    assert_eq!(deleted.text, "{}");
    assert_answer!(
        "delete_bot_gone",
        Caller::member().get(&given.server, &path).await.expect(404)
    );
    Caller::member()
        .delete(&given.server, &path)
        .await
        .expect(404);
    let token = given.as_bot().get(&given.server, "/v1/chat/users/x").await;
    assert_eq!(token.status, 401, "its token is gone");
    let integration = given
        .as_integration()
        .get(&given.server, "/v1/chat/users/x")
        .await;
    assert_eq!(integration.status, 403);
    let id = given.bot.id.to_string();
    let listed = Caller::member()
        .get(&given.server, "/v1/admin/bots")
        .await
        .json();
    assert!(!ids(&listed).contains(&id));
    // What the server has no time for is done at the next start.
    given.server.restart().await;
    let work = maintenance::run_once(given.server.server().app()).await;
    work.expect("the work");
    assert_eq!(left(&given.server), 0);
    let integration = format!("/v1/admin/integrations/{}", given.integration.id);
    Caller::member()
        .delete(&given.server, &integration)
        .await
        .expect(200);
}

#[tokio::test]
async fn delete_bot_of_the_last_one_does_not_keep_the_server_from_starting() {
    let mut server = TestServer::start().await;
    let agent = server.server().started().agent.clone().expect("an agent");
    let path = format!("/v1/admin/bots/{}", agent.id);
    Caller::member().delete(&server, &path).await.expect(200);
    server.restart().await;
    assert!(server.server().started().agent.is_none());
    let made = Caller::member()
        .post(&server, "/v1/admin/bots", json!({}))
        .await;
    made.expect(200);
    server.restart().await;
    assert!(server.server().started().agent.is_some());
}

#[tokio::test]
async fn delete_bot_needs_a_developer_of_its_workspace() {
    let given = Given::new().await;
    let server = &given.server;
    let path = format!("/v1/admin/bots/{}", given.bot.id);
    stranger(server)
        .await
        .delete(server, &path)
        .await
        .expect(404);
    role(server, "viewer")
        .await
        .delete(server, &path)
        .await
        .expect(403);
    role(server, "billing")
        .await
        .delete(server, &path)
        .await
        .expect(403);
    role(server, "developer")
        .await
        .delete(server, &path)
        .await
        .expect(200);
}

/// Makes the first account a member of another workspace with a role; gives its id.
async fn target(server: &TestServer, role: &str) -> String {
    use parlance::domain::tenancy::{
        accounts,
        audit::Actor,
        members::{self, Role},
    };
    let (workspace, _) = another_workspace(server).await;
    let (role, id) = (Role::parse(role).expect("a role"), workspace.clone());
    let joined = server
        .server()
        .app()
        .run_write_tx_as(Actor::Operator, move |change| {
            let account = members::list(change.conn, &WORKSPACE.into())?;
            let account = account
                .first()
                .expect("the first account")
                .account_id
                .clone();
            let _ = accounts::create(change, "unused@example.localhost")?;
            members::add(change, &id.as_str().into(), &account, role)
        });
    joined.await.expect("a member");
    workspace
}

#[tokio::test]
async fn transfer_bot_gives_it_to_another_workspace() {
    let server = TestServer::start().await;
    let bot = make_bot(&server, WORKSPACE, Default::default()).await;
    let workspace = target(&server, "developer").await;
    let path = format!("/v1/admin/bots/{}", bot.id);
    let body = json!({"targetWorkspaceId": workspace});
    let moved = Caller::member()
        .post(&server, &format!("{path}/transfer"), body)
        .await;
    assert_eq!(moved.expect(200).text, "{}");
    Caller::member().get(&server, &path).await.expect(404);
    let there = Caller::person().header("x-workspace-id", &workspace);
    there.get(&server, &path).await.expect(200);
}

#[tokio::test]
async fn transfer_bot_stays_within_the_quotas_of_the_other_workspace() {
    let server = TestServer::with(|config| {
        config.plans.community.bots = 3;
        config.plans.community.storage_bytes = 4;
    })
    .await;
    let workspace = target(&server, "developer").await;
    let bot = make_bot(&server, WORKSPACE, Default::default()).await;
    let transfer = async |to: &str| {
        let path = format!("/v1/admin/bots/{}/transfer", bot.id);
        let body = json!({"targetWorkspaceId": to});
        Caller::member().post(&server, &path, body).await
    };
    let file = async |bot: &str, contents: &str| {
        let body =
            json!({"botId": bot, "contents": contents, "name": "a", "accessType": "private"});
        let person = Caller::person();
        let made = person.post(&server, "/v1/storage/files", body).await;
        made.expect(200).json()["file"]["id"].clone()
    };
    let other = make_bot(&server, &workspace, Default::default()).await;
    let full = file(other.id.as_str(), "abc").await;
    file(bot.id.as_str(), "de").await;
    assert_answer!("transfer_bot_files", transfer(&workspace).await.expect(403));
    let path = format!("/v1/storage/files/{}", full.as_str().expect("an id"));
    Caller::person().delete(&server, &path).await.expect(200);
    make_bot(&server, &workspace, Default::default()).await;
    let third = make_bot(&server, &workspace, Default::default()).await;
    assert_answer!("transfer_bot_full", transfer(&workspace).await.expect(403));
    Caller::person()
        .header("x-workspace-id", &workspace)
        .delete(&server, &format!("/v1/admin/bots/{}", third.id))
        .await
        .expect(200);
    // Where it is already, it takes nothing.
    make_bot(&server, WORKSPACE, Default::default()).await;
    transfer(WORKSPACE).await.expect(200);
    transfer(&workspace).await.expect(200);
}

#[tokio::test]
async fn transfer_bot_needs_roles_in_both_workspaces() {
    let given = Given::new().await;
    let server = &given.server;
    let path = format!("/v1/admin/bots/{}/transfer", given.bot.id);
    let workspace = target(server, "viewer").await;
    let body = json!({"targetWorkspaceId": workspace});
    let low = Caller::member()
        .post(server, &path, body.clone())
        .await
        .expect(403);
    assert_eq!(low.json()["type"], "Forbidden");
    let developer = role(server, "developer").await;
    developer
        .post(server, &path, body.clone())
        .await
        .expect(403);
    let unknown = json!({"targetWorkspaceId": "99999999-9999-9999-aaaa-999999999999"});
    let unknown = Caller::member().post(server, &path, unknown).await;
    assert_answer!("transfer_bot_unknown", unknown.expect(400));
    let short = json!({"targetWorkspaceId": "short"});
    let short = Caller::member().post(server, &path, short).await;
    assert_answer!("transfer_bot_short", short.expect(400));
    let missing = Caller::member()
        .post(server, "/v1/admin/bots/none/transfer", body)
        .await;
    missing.expect(404);
}

#[tokio::test]
async fn transfer_bot_keeps_integrations_where_they_can_be_used() {
    let given = Given::new().await;
    let server = &given.server;
    let path = format!("/v1/admin/bots/{}/transfer", given.bot.id);
    let workspace = target(server, "owner").await;
    let body = json!({"targetWorkspaceId": workspace});
    let kept = Caller::member()
        .post(server, &path, body.clone())
        .await
        .expect(409);
    assert_eq!(kept.json()["type"], "RelationConflict");
    let integration = format!("/v1/admin/integrations/{}", given.integration.id);
    let public = json!({"public": true});
    Caller::member()
        .put(server, &integration, public)
        .await
        .expect(200);
    Caller::member().post(server, &path, body).await.expect(200);
    let user = json!({"tags": {}});
    given
        .as_bot()
        .post(server, "/v1/chat/users", user)
        .await
        .expect(201);
    let hidden = json!({"public": false});
    let refused = Caller::member().put(server, &integration, hidden).await;
    assert_eq!(refused.expect(409).json()["type"], "RelationConflict");
}
