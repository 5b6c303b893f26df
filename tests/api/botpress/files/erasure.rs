//! Erasing a user, a bot or a workspace leaves nothing of its files: no row, no term, and no byte in the database file.

use serde_json::json;

use super::{FILES, count, index, store, until_nothing_is_left};
use crate::{
    botpress::given::{Caller, Given},
    support::{TestServer, WORKSPACE, file_contains, until},
};

const PLANTED: &str = "plantedsecretword";

/// A server with a file of the bot and one of a user, each with planted bytes, text and tags.
async fn planted() -> (Given, String) {
    let given = Given::new().await;
    let user = given.user("1").await;
    let as_user = given.as_bot().header("x-user-id", &user);
    let text = format!("A {PLANTED} in a sentence.");
    let more = json!({"tags": {"note": PLANTED}, "metadata": {"note": PLANTED}});
    index(&given.server, &as_user, "of-user.txt", &text, more).await;
    (given, user)
}

/// Asserts that the database file has nothing of what was planted, once it is stopped.
async fn assert_gone(mut server: TestServer) {
    let path = server.config.store.path.clone();
    server.stop().await;
    assert!(!file_contains(&path, PLANTED));
}

#[tokio::test]
async fn delete_user_leaves_nothing_of_the_users_files() {
    let (given, user) = planted().await;
    let (server, bot) = (&given.server, given.as_bot());
    let path = format!("/v1/chat/users/{user}");
    bot.delete(server, &path).await.expect(200);
    assert_eq!(count(server, "files"), 0);
    until_nothing_is_left(server).await;
    assert_gone(given.server).await;
}

#[tokio::test]
async fn delete_uploaded_file_leaves_nothing_in_the_database_file() {
    let (given, _) = planted().await;
    let (server, bot) = (&given.server, given.as_bot());
    bot.delete(server, &format!("{FILES}/of-user.txt"))
        .await
        .expect(200);
    until_nothing_is_left(server).await;
    assert_gone(given.server).await;
}

#[tokio::test]
async fn delete_bot_leaves_nothing_of_its_files() {
    let (given, _) = planted().await;
    let server = &given.server;
    store(
        server,
        &given.as_bot(),
        "large",
        &PLANTED.repeat(200_000),
        json!({}),
    )
    .await;
    given
        .as_bot()
        .post(
            server,
            "/v1/files/knowledge-bases",
            json!({"name": PLANTED}),
        )
        .await
        .expect(200);
    let path = format!("/v1/admin/bots/{}", given.bot.id);
    Caller::member().delete(server, &path).await.expect(200);
    server.clock.advance(std::time::Duration::from_secs(86_400));
    until("the bot is gone", async || count(server, "bots") == 0).await;
    until_nothing_is_left(server).await;
    assert_eq!(count(server, "knowledge_bases"), 0);
    assert_gone(given.server).await;
}

#[tokio::test]
async fn delete_workspace_leaves_nothing_of_its_files() {
    let (given, _) = planted().await;
    let server = &given.server;
    let path = format!("/v1/admin/workspaces/{WORKSPACE}");
    Caller::member().delete(server, &path).await.expect(200);
    server.clock.advance(std::time::Duration::from_secs(86_400));
    until("the files are gone", async || count(server, "files") == 0).await;
    until_nothing_is_left(server).await;
    assert_gone(given.server).await;
}
