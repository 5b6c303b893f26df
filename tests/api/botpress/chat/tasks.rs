//! The operations on tasks, and their activities.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use super::{id_of, in_query};
use crate::{
    botpress::{
        given::{Caller, Given, another_workspace, make_bot},
        runtime::{column, settled},
    },
    support::{Answer, TestServer, WORKSPACE, assert_answer, until},
};

const TASKS: &str = "/v1/chat/tasks";

impl Given {
    /// A new task of a conversation with these members.
    pub async fn task(&self, conversation: &str, members: Value) -> String {
        let mut body = json!({"type": "job", "conversationId": conversation});
        for (name, value) in members.as_object().expect("members") {
            body[name.as_str()] = value.clone();
        }
        let made = self.as_bot().post(&self.server, TASKS, body).await;
        id_of(&made.expect(201), "task")
    }

    async fn put_task(&self, id: &str, body: Value) -> Answer {
        let path = format!("{TASKS}/{id}");
        self.as_bot().put(&self.server, &path, body).await
    }

    async fn activities(&self, task: &str, token: &str) -> Answer {
        let bot = &self.bot.id;
        let path = format!("/v1/admin/activities?taskId={task}&botId={bot}{token}");
        Caller::member().get(&self.server, &path).await
    }
}

fn ids(answer: &Answer) -> Vec<String> {
    let listed = answer.json()["tasks"].as_array().expect("a list").clone();
    let ids = listed.iter().map(|one| one["id"].as_str().expect("an id"));
    ids.map(str::to_owned).collect()
}

#[tokio::test]
async fn create_task() {
    let given = Given::new().await;
    let (server, bot) = (&given.server, given.as_bot());
    let (user, conversation) = (given.user("u").await, given.conversation("c").await);
    let parent = given.task(&conversation, json!({})).await;
    let body = json!({
        "title": "Refund", "description": "Refund the order", "type": "refund", "data": {"order": 7},
        "parentTaskId": parent, "conversationId": conversation, "userId": user,
        "timeoutAt": "2026-03-01T13:00:00Z", "tags": {"kind": "x"}, "unknown": 1,
    });
    let made = bot.post(server, TASKS, body).await.expect(201);
    assert_answer!("create_task", made);
    let path = format!("{TASKS}/{}", id_of(&made, "task"));
    assert_eq!(bot.get(server, &path).await.json(), made.json());
    let least = bot.get(server, &format!("{TASKS}/{parent}")).await;
    assert_answer!("create_task_least", least.expect(200));
    assert_eq!(
        given.as_person().get(server, &path).await.json(),
        made.json()
    );
}

#[tokio::test]
async fn create_task_refuses() {
    let given = Given::new().await;
    let (server, bot) = (&given.server, given.as_bot());
    let conversation = given.conversation("c").await;
    for (name, members) in [
        ("nothing", json!({"type": null, "conversationId": null})),
        ("title", json!({"title": "x".repeat(2001)})),
        ("data", json!({"data": "x"})),
        ("timeout", json!({"timeoutAt": "soon"})),
        ("parent", json!({"parentTaskId": "t"})),
        ("conversation", json!({"conversationId": "c"})),
        ("user", json!({"userId": "u"})),
        ("tag", json!({"tags": {"k": "x".repeat(501)}})),
    ] {
        let mut body = json!({"type": "job", "conversationId": conversation});
        for (name, value) in members.as_object().expect("members") {
            body[name.as_str()] = value.clone();
        }
        let answer = bot.post(server, TASKS, body).await.expect(400);
        insta::assert_snapshot!(format!("create_task_{name}"), answer.shown());
    }
    assert!(column(server, "SELECT seq FROM tasks").is_empty());
}

#[tokio::test]
async fn get_task_is_for_the_bot_alone() {
    let given = Given::new().await;
    let server = &given.server;
    let conversation = given.conversation("c").await;
    let id = given.task(&conversation, json!({})).await;
    let path = format!("{TASKS}/{id}");
    let new = json!({"type": "job", "conversationId": conversation});
    let calls = [
        (Method::POST, TASKS, Some(new)),
        (Method::GET, TASKS, None),
        (Method::GET, &path, None),
        (Method::PUT, &path, Some(json!({"status": "completed"}))),
        (Method::DELETE, &path, None),
    ];
    let (_, stranger) = another_workspace(server).await;
    let stranger = Caller::with(&stranger).header("x-bot-id", given.bot.id.as_str());
    let nobody = Caller::with("bp_pat_none").header("x-bot-id", given.bot.id.as_str());
    let integration = given.as_integration();
    for (method, path, body) in calls {
        for caller in [&integration, &stranger] {
            let answer = caller.call(server, method.clone(), path, body.clone());
            answer.await.expect(403);
        }
        nobody.call(server, method, path, body).await.expect(401);
    }
    let other = make_bot(server, WORKSPACE, Default::default()).await;
    let other = Caller::person().header("x-bot-id", other.id.as_str());
    assert_answer!(
        "get_task_missing",
        other.get(server, &path).await.expect(404)
    );
    other.put(server, &path, json!({})).await.expect(404);
    other.delete(server, &path).await.expect(404);
    assert!(ids(&other.get(server, TASKS).await).is_empty());
}

#[tokio::test]
async fn create_task_stops_at_the_bound() {
    let server = TestServer::with(|config| config.bounds.tasks = 1).await;
    let given = Given::on(server).await;
    let conversation = given.conversation("c").await;
    given.task(&conversation, json!({})).await;
    let body = json!({"type": "job", "conversationId": conversation});
    let answer = given.as_bot().post(&given.server, TASKS, body).await;
    assert_answer!("create_task_bound", answer.expect(413));
}

#[tokio::test]
async fn update_task_and_list_activities() {
    let given = Given::new().await;
    let (server, bot) = (&given.server, given.as_bot());
    let conversation = given.conversation("c").await;
    let id = given.task(&conversation, json!({"tags": {"a": "1"}})).await;
    let path = format!("/v1/chat/conversations/{conversation}");
    let current = async || {
        let shown = bot.get(server, &path).await.expect(200).json();
        shown["conversation"]["currentTaskId"].clone()
    };
    assert_eq!(current().await, Value::Null);
    server.clock.advance(Duration::from_secs(1));
    let body = json!({
        "title": "New", "description": "newer", "data": {"n": 2}, "status": "in_progress",
        "timeoutAt": "2026-03-01T12:30:00Z", "tags": {"a": "", "b": "2"},
    });
    let changed = given.put_task(&id, body).await.expect(200);
    assert_answer!("update_task", changed);
    assert_eq!(current().await, id);
    // Each status can follow each; the same again is no change.
    for status in ["completed", "pending", "pending", "cancelled"] {
        server.clock.advance(Duration::from_secs(1));
        let changed = given.put_task(&id, json!({"status": status})).await;
        assert_eq!(changed.expect(200).json()["task"]["status"], status);
    }
    assert_answer!(
        "list_activities",
        given.activities(&id, "").await.expect(200)
    );
    for (name, status, body) in [
        ("status", 400, json!({"status": "done"})),
        ("past", 400, json!({"timeoutAt": "2026-03-01T12:00:00Z"})),
    ] {
        let answer = given.put_task(&id, body).await.expect(status);
        insta::assert_snapshot!(format!("update_task_{name}"), answer.shown());
    }
}

#[tokio::test]
async fn list_activities_refuses() {
    let given = Given::new().await;
    let server = &given.server;
    let conversation = given.conversation("c").await;
    let id = given.task(&conversation, json!({})).await;
    assert_answer!(
        "list_activities_missing",
        given.activities("t", "").await.expect(404)
    );
    let path = format!("/v1/admin/activities?taskId={id}&botId=b");
    let answer = Caller::member().get(server, &path).await;
    assert_answer!("list_activities_bot", answer.expect(404));
    let answer = Caller::member().get(server, "/v1/admin/activities").await;
    assert_answer!("list_activities_nothing", answer.expect(400));
    let (workspace, stranger) = another_workspace(server).await;
    let path = format!("/v1/admin/activities?taskId={id}&botId={}", given.bot.id);
    let stranger = Caller::with(&stranger).header("x-workspace-id", workspace.as_str());
    stranger.get(server, &path).await.expect(404);
    let nobody = Caller::with("bp_pat_none").header("x-workspace-id", WORKSPACE);
    nobody.get(server, &path).await.expect(401);
}

#[tokio::test]
async fn a_task_keeps_so_many_activities_and_the_newest() {
    let server = TestServer::with(|config| config.bounds.task_activities = 22).await;
    let given = Given::on(server).await;
    let conversation = given.conversation("c").await;
    let id = given.task(&conversation, json!({})).await;
    for round in 0..30 {
        let status = ["blocked", "paused"][round % 2];
        given
            .put_task(&id, json!({"status": status}))
            .await
            .expect(200);
    }
    let first = given.activities(&id, "").await.expect(200).json();
    let token = in_query(first["meta"]["nextToken"].as_str().expect("a token"));
    let second = given.activities(&id, &format!("&nextToken={token}")).await;
    let second = second.expect(200).json();
    let count = |page: &Value| page["activities"].as_array().expect("a list").len();
    assert_eq!((count(&first), count(&second)), (20, 2));
    assert_eq!(
        first["activities"][0]["data"],
        json!({"from": "blocked", "to": "paused"})
    );
}

#[tokio::test]
async fn list_tasks_by_filters() {
    let given = Given::new().await;
    let (server, bot) = (&given.server, given.as_bot());
    let (user, conversation) = (given.user("u").await, given.conversation("c").await);
    let other = given.conversation("d").await;
    let one = given.task(&conversation, json!({"tags": {"k": "1"}})).await;
    let two = given
        .task(&other, json!({"type": "talk", "parentTaskId": one}))
        .await;
    let three = given.task(&conversation, json!({"userId": user})).await;
    given
        .put_task(&one, json!({"status": "blocked"}))
        .await
        .expect(200);
    for (query, expected) in [
        (String::new(), vec![&three, &two, &one]),
        ("type=talk".to_owned(), vec![&two]),
        ("status=blocked".to_owned(), vec![&one]),
        (
            "status=blocked&status=pending&type=job".to_owned(),
            vec![&three, &one],
        ),
        ("tags.k=1".to_owned(), vec![&one]),
        (format!("conversationId={conversation}"), vec![&three, &one]),
        (format!("userId={user}"), vec![&three]),
        (format!("parentTaskId={one}"), vec![&two]),
    ] {
        let listed = bot
            .get(server, &format!("{TASKS}?{query}"))
            .await
            .expect(200);
        let expected: Vec<_> = expected.into_iter().cloned().collect();
        assert_eq!(ids(&listed), expected, "{query}");
    }
    let unknown = bot.get(server, &format!("{TASKS}?status=done")).await;
    assert_answer!("list_tasks_status", unknown.expect(400));
}

#[tokio::test]
async fn delete_task_after_its_timeout_takes_its_states_along() {
    let given = Given::running(
        TestServer::start().await,
        |new| {
            let states = json!({"memory": {"type": "task", "schema": {"type": "object"}}});
            let states: std::collections::BTreeMap<String, _> =
                serde_json::from_value(states).expect("definitions");
            new.definition.states.extend(states);
        },
        |_| {},
    )
    .await;
    let (server, bot) = (&given.server, given.as_bot());
    let conversation = given.conversation("c").await;
    let id = given.task(&conversation, json!({})).await;
    let path = format!("{TASKS}/{id}");
    server.clock.advance(Duration::from_secs(300));
    until("the timeout", async || {
        settled(server).await;
        bot.get(server, &path).await.json()["task"]["status"] == "timeout"
    })
    .await;
    let listed = given.activities(&id, "").await.json();
    assert_eq!(
        listed["activities"][0]["data"],
        json!({"from": "pending", "to": "timeout"})
    );
    let state = format!("/v1/chat/states/task/{id}/memory");
    let set = bot.post(server, &state, json!({"payload": {"n": 1}})).await;
    set.expect(200);
    let deleted = bot.delete(server, &path).await.expect(200);
    assert_eq!(deleted.json(), json!({}));
    for table in ["tasks", "task_tags", "task_activities", "states"] {
        let sql = format!("SELECT 1 FROM {table}");
        assert!(column(server, &sql).is_empty(), "{table}");
    }
    assert_eq!(bot.get(server, &state).await.status, 404);
}
