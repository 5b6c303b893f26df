//! What the plan of the workspace allows of messages and files.

use std::time::Duration;

use serde_json::json;

use super::message;
use crate::{
    botpress::given::Given,
    support::{TestServer, assert_answer},
};

const MESSAGES: &str = "/v1/chat/messages";
const FILES: &str = "/v1/storage/files";
const DAY: Duration = Duration::from_secs(86_400);

#[tokio::test]
async fn create_message_stops_users_at_the_quota_and_not_the_bot() {
    let server = TestServer::with(|config| config.plans.community.included_messages = 2).await;
    let given = Given::on(server).await;
    let (user, conversation) = (given.user("1").await, given.conversation("1").await);
    let (integration, bot) = (given.as_integration(), given.as_bot());
    given
        .message(&integration, &user, &conversation, "One")
        .await;
    let same = format!("{MESSAGES}/get-or-create");
    let mut tagged = message(&user, &conversation, "Two");
    tagged["tags"] = json!({"id": "m2"});
    let made = integration.post(&given.server, &same, tagged.clone()).await;
    let made = made.expect(200);
    let third = message(&user, &conversation, "Three");
    let beyond = integration
        .post(&given.server, MESSAGES, third.clone())
        .await;
    assert_answer!("quota_of_messages", beyond.expect(403));
    let mut new = tagged.clone();
    new["tags"]["id"] = json!("m3");
    let new = integration.post(&given.server, &same, new).await;
    assert_eq!(new.expect(403).json()["type"], "QuotaExceeded");
    let known = integration.post(&given.server, &same, tagged).await;
    assert_eq!(known.expect(200).json(), made.json(), "nothing is new");
    let own = given.bot.id.as_str();
    given.message(&bot, own, &conversation, "Still here").await;
    given.server.clock.advance(31 * DAY);
    integration
        .post(&given.server, MESSAGES, third)
        .await
        .expect(201);
}

#[tokio::test]
async fn create_file_stops_at_the_quota() {
    let server = TestServer::with(|config| config.plans.community.storage_bytes = 10).await;
    let given = Given::on(server).await;
    let create = async |contents: &str| {
        let bot = &given.bot.id;
        let body =
            json!({"botId": bot, "contents": contents, "name": "a", "accessType": "private"});
        given.as_bot().post(&given.server, FILES, body).await
    };
    create("1234567").await.expect(200);
    assert_answer!("quota_of_storage", create("éé").await.expect(403));
    create("890").await.expect(200);
}
