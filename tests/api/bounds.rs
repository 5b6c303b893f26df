//! Whatever a tenant can make many of has a bound, and the error names it.

use parlance::{config::Config, domain::tenancy::bounds::Settings};
use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    ada::platform_integrations::given::{Ada, INTEGRATIONS, shop},
    botpress::given::{Caller, Given},
    cohere::oauth::provider::Provider,
    support::{ADA_KEY, Answer, TestServer, send},
};

async fn server(change: impl FnOnce(&mut Settings)) -> TestServer {
    TestServer::with(|config: &mut Config| {
        config.limits.ada_end_users = Default::default();
        config.connectors.test_on_registration = false;
        change(&mut config.bounds);
    })
    .await
}

/// Asserts that an answer is a refusal, which names the setting.
fn refused(answer: Answer, setting: &str) {
    let answer = answer.expect(413);
    let name = format!("bounds.{setting}");
    assert!(answer.text.contains(&name), "{name}: {}", answer.text);
}

#[tokio::test]
async fn integrations_of_a_workspace() {
    let server = server(|bounds| bounds.service_integrations = 2).await;
    let create = async || {
        let body = json!({"name": "x", "type": "slack"});
        server
            .aloochat(Method::POST, "/integrations", Some(body))
            .await
    };
    create().await.expect(200);
    let second = create().await.expect(200).json();
    refused(create().await, "service_integrations");
    // A removed one makes room.
    let path = format!("/integrations/{}", second["id"].as_str().expect("an id"));
    server
        .aloochat(Method::DELETE, &path, None)
        .await
        .expect(200);
    create().await.expect(200);
    refused(create().await, "service_integrations");
}

#[tokio::test]
async fn connectors_and_authorizations_that_are_not_finished() {
    let server = server(|bounds| {
        bounds.connectors = 1;
        bounds.pending_authorizations = 2;
    })
    .await;
    let provider = Provider::start().await;
    let body = json!({"name": "Drive", "url": "http://127.0.0.1:9", "oauth": provider.oauth()});
    let create = || server.cohere(Method::POST, "/connectors", Some(body.clone()));
    let made = create().await;
    assert!(made.status.is_success(), "{}", made.text);
    refused(create().await, "connectors");
    let id = made.json()["connector"]["id"].clone();
    let path = format!(
        "/connectors/{}/oauth/authorize",
        id.as_str().expect("an id")
    );
    let begin = || server.cohere(Method::POST, &path, None);
    begin().await.expect(200);
    begin().await.expect(200);
    refused(begin().await, "pending_authorizations");
    // They end by themselves.
    server.clock.advance(std::time::Duration::from_secs(600));
    begin().await.expect(200);
}

#[tokio::test]
async fn platform_integrations_and_installations_of_an_agent() {
    let ada = Ada::with(|config| {
        config.bounds.platform_integrations = 1;
        config.bounds.platform_installations = 1;
    })
    .await;
    let (id, _) = ada.create(shop()).await;
    let key = crate::ada::platform_integrations::given::ADA_KEY;
    let more = ada
        .call(key, Method::POST, INTEGRATIONS, Some(shop()))
        .await;
    refused(more, "platform_integrations");
    ada.install(&id).await;
    let path = format!("/platform/integrations/{id}");
    let fields = crate::ada::platform_integrations::given::filled_in();
    let more = ada.send_form(&path, &path, &fields).await;
    refused(more, "platform_installations");
}

#[tokio::test]
async fn end_users_of_an_agent() {
    let server = server(|bounds| bounds.end_users = 1).await;
    let create = async || {
        let path = "/api/v2/end-users/";
        let request = server.request(Method::POST, path).bearer_auth(ADA_KEY);
        send(request.json(&json!({}))).await
    };
    create().await.expect(201);
    refused(create().await, "end_users");
}

/// What a bot has, each with a bound of its own.
struct World {
    given: Given,
    caller: Caller,
}

impl World {
    async fn new(change: impl FnOnce(&mut Settings)) -> Self {
        let given = Given::on(server(change).await).await;
        let caller = given.as_bot();
        Self { given, caller }
    }

    async fn post(&self, path: &str, body: Value) -> Answer {
        self.caller.post(&self.given.server, path, body).await
    }
}

#[tokio::test]
async fn conversations_and_their_participants() {
    let world = World::new(|bounds| {
        bounds.conversations = 1;
        bounds.participants = 1;
    })
    .await;
    let given = &world.given;
    let users = [given.user("a").await, given.user("b").await];
    let conversation = given.conversation("1").await;
    let body = json!({"channel": "direct", "tags": {"id": "2"}});
    let integration = given.as_integration();
    let more = integration
        .post(&given.server, "/v1/chat/conversations", body)
        .await;
    refused(more, "conversations");
    let path = format!("/v1/chat/conversations/{conversation}/participants");
    let add = async |user: &str| {
        let body = json!({"userId": user});
        integration.post(&given.server, &path, body).await
    };
    add(&users[0]).await.expect(200);
    refused(add(&users[1]).await, "participants");
    // Who is in it already is no other one.
    add(&users[0]).await.expect(200);
}

#[tokio::test]
async fn states_schedules_and_files_of_a_bot() {
    let world = World::new(|bounds| {
        bounds.states = 1;
        bounds.schedules = 1;
        bounds.files = 1;
    })
    .await;
    let users = [world.given.user("a").await, world.given.user("b").await];
    let state = async |user: &str, age: u32| {
        let path = format!("/v1/chat/states/user/{user}/profile");
        world.post(&path, json!({"payload": {"age": age}})).await
    };
    state(&users[0], 1).await.expect(200);
    refused(state(&users[1], 1).await, "states");
    state(&users[0], 2).await.expect(200);

    let schedule =
        json!({"type": "reminder", "payload": {"text": "x"}, "schedule": {"delay": 60_000}});
    let events = "/v1/chat/events";
    world.post(events, schedule.clone()).await.expect(201);
    refused(world.post(events, schedule).await, "schedules");
    let recurring = json!({"recurringEvents": {"hourly": {
        "schedule": {"cron": "0 * * * *"}, "type": "reminder", "payload": {"text": "hour"},
    }}});
    let path = format!("/v1/admin/bots/{}", world.given.bot.id);
    let member = Caller::member();
    let more = member.put(&world.given.server, &path, recurring).await;
    refused(more, "schedules");

    let caller = Caller::with(&world.given.bot_token);
    let file = async || {
        let body = json!({
            "botId": world.given.bot.id, "contents": "", "name": "a", "accessType": "private",
        });
        caller
            .post(&world.given.server, "/v1/storage/files", body)
            .await
    };
    file().await.expect(200);
    refused(file().await, "files");
}

#[tokio::test]
async fn messages_and_events_of_a_bot() {
    let world = World::new(|bounds| {
        bounds.messages = 2;
        bounds.events = 2;
    })
    .await;
    let given = &world.given;
    let (user, conversation) = (given.user("a").await, given.conversation("1").await);
    let from = |user: &str| {
        json!({
            "userId": user, "conversationId": conversation, "type": "text",
            "payload": {"text": "Hi"}, "tags": {},
        })
    };
    let messages = "/v1/chat/messages";
    let own = from(given.bot.id.as_str());
    let said = given.as_integration();
    let said = said.post(&given.server, messages, from(&user));
    said.await.expect(201);
    let answered = world.post(messages, own.clone()).await.expect(201).json();
    refused(world.post(messages, own.clone()).await, "messages");
    // A removed one makes room.
    let id = answered["message"]["id"].as_str().expect("an id");
    let path = format!("{messages}/{id}");
    let removed = world.caller.delete(&given.server, &path);
    removed.await.expect(200);
    world.post(messages, own).await.expect(201);

    let event = json!({"type": "reminder", "payload": {"text": "x"}});
    let events = "/v1/chat/events";
    world.post(events, event.clone()).await.expect(201);
    world.post(events, event.clone()).await.expect(201);
    refused(world.post(events, event).await, "events");
}

#[tokio::test]
async fn what_many_have_together_is_no_bound_of_one() {
    let world = World::new(|bounds| bounds.conversations = 2).await;
    world.given.conversation("1").await;
    let other = crate::botpress::given::make_bot(
        &world.given.server,
        crate::support::WORKSPACE,
        Default::default(),
    )
    .await;
    let app = world.given.server.server().app();
    let insert = app.run_write_tx_as(parlance::domain::tenancy::audit::Actor::Operator, move |change| {
        let sql = "
            INSERT INTO conversations (id, agent_seq, integration, channel, tags, created_at, updated_at)
            SELECT 'c' || value, (SELECT seq FROM agents WHERE id = ?), 'x', 'y', '{}', 0, 0
            FROM json_each('[1, 2, 3, 4, 5]')";
        change.conn.execute(sql, [other.id.as_str()])?;
        Ok(())
    });
    insert.await.expect("rows");
    world.given.conversation("2").await;
    let body = json!({"channel": "direct", "tags": {"id": "3"}});
    let more = world.given.as_integration();
    let more = more.post(&world.given.server, "/v1/chat/conversations", body);
    refused(more.await, "conversations");
}
