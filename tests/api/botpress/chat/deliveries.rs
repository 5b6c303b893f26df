//! What the runtime is to deliver: rows written with their cause, and only for those who can take them.

use parlance::domain::bots::manage::NewBot;
use serde_json::json;

use super::message;
use crate::{
    botpress::{
        given::{Caller, Given, install, make_bot},
        runtime::stand::Stand,
    },
    support::{TestServer, WORKSPACE},
};

/// Operation, and whether it is for an integration, of each waiting delivery.
fn deliveries(server: &TestServer) -> Vec<(String, bool)> {
    let store = server.server().app().store();
    let found = store.read(|conn| {
        let sql = "SELECT operation, installation_seq IS NOT NULL FROM bot_deliveries ORDER BY seq";
        let mut statement = conn.prepare(sql)?;
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(rows.collect::<Result<_, _>>()?)
    });
    found.expect("rows")
}

#[tokio::test]
async fn create_message_tells_those_who_can_take_it() {
    let given = Given::new().await;
    let server = &given.server;
    let (user, conversation) = (given.user("1").await, given.conversation("1").await);
    given
        .message(&given.as_integration(), &user, &conversation, "in")
        .await;
    given
        .message(&given.as_bot(), given.bot.id.as_str(), &conversation, "out")
        .await;
    assert_eq!(deliveries(server), [], "neither has code or a url");

    // What is under way stands in the database until it is answered.
    let stand = Stand::start().await;
    stand.reply(|_| None);
    let with_url = NewBot {
        url: Some(stand.url().to_owned()),
        dev: true,
        ..NewBot::default()
    };
    let bot = make_bot(server, WORKSPACE, with_url).await;
    install(server, &bot, &given.integration, json!({})).await;
    let as_bot = Caller::person().header("x-bot-id", bot.id.as_str());
    let as_integration = as_bot
        .clone()
        .header("x-integration-id", given.integration.id.as_str());
    let body = json!({"channel": "lobby", "tags": {}});
    let made = as_bot
        .post(server, "/v1/chat/conversations", body)
        .await
        .expect(201);
    let conversation = super::id_of(&made, "conversation");
    let body = message(bot.id.as_str(), &conversation, "Hello");
    as_integration
        .post(server, "/v1/chat/messages", body.clone())
        .await
        .expect(201);
    let event = json!({"type": "ping", "payload": {}});
    as_integration
        .post(server, "/v1/chat/events", event)
        .await
        .expect(201);
    let mut later = body.clone();
    later["schedule"] = json!({"delay": 1000});
    as_integration
        .post(server, "/v1/chat/messages", later)
        .await
        .expect(201);
    as_bot
        .post(server, "/v1/chat/messages", body)
        .await
        .expect(201);
    let told = ("event_received".to_owned(), false);
    assert_eq!(deliveries(server), [told.clone(), told]);

    let path = format!("/v1/chat/conversations/{conversation}");
    as_bot.delete(server, &path).await.expect(200);
    assert_eq!(deliveries(server).len(), 1, "what is gone is not delivered");
}
