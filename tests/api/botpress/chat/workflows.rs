//! The operations on workflows.

use std::time::Duration;

use futures_util::future::join_all;
use parlance::domain::bots::manage::maintenance;
use reqwest::Method;
use serde_json::{Value, json};

use super::{id_of, in_query};
use crate::{
    botpress::{
        given::{Caller, Given, another_workspace},
        runtime::{column, settled},
    },
    support::{Answer, TestServer, assert_answer, until},
};

const WORKFLOWS: &str = "/v1/chat/workflows";
const ONCE: &str = "/v1/chat/workflows/get-or-create";

impl Given {
    /// A new workflow with these members.
    pub async fn workflow(&self, members: Value) -> String {
        let mut body = json!({"name": "job", "status": "listening"});
        for (name, value) in members.as_object().expect("members") {
            body[name.as_str()] = value.clone();
        }
        let made = self.as_bot().post(&self.server, WORKFLOWS, body).await;
        id_of(&made.expect(201), "workflow")
    }

    async fn put_workflow(&self, id: &str, body: Value) -> Answer {
        let path = format!("{WORKFLOWS}/{id}");
        self.as_bot().put(&self.server, &path, body).await
    }
}

fn ids(answer: &Answer) -> Vec<String> {
    let listed = answer.json()["workflows"]
        .as_array()
        .expect("a list")
        .clone();
    let ids = listed.iter().map(|one| one["id"].as_str().expect("an id"));
    ids.map(str::to_owned).collect()
}

#[tokio::test]
async fn create_workflow() {
    let given = Given::new().await;
    let (server, bot) = (&given.server, given.as_bot());
    let (user, conversation) = (given.user("u").await, given.conversation("c").await);
    let parent = given.workflow(json!({})).await;
    let body = json!({
        "name": "job", "status": "pending", "input": {"n": [1]}, "tags": {"kind": "x", "plugin#key": "y"},
        "conversationId": conversation, "userId": user, "parentWorkflowId": parent,
        "timeoutAt": "2026-03-01T14:00:00+01:00", "unknown": 1,
    });
    let made = bot.post(server, WORKFLOWS, body).await.expect(201);
    assert_answer!("create_workflow", made);
    let path = format!("{WORKFLOWS}/{}", id_of(&made, "workflow"));
    assert_eq!(bot.get(server, &path).await.json(), made.json());
    // A person acts as the bot.
    let person = given.as_person();
    assert_eq!(person.get(server, &path).await.json(), made.json());
    let least = json!({"name": "job", "status": "listening"});
    let made = bot.post(server, WORKFLOWS, least).await.expect(201);
    assert_answer!("create_workflow_least", made);
}

#[tokio::test]
async fn create_workflow_refuses() {
    let given = Given::new().await;
    let (server, bot) = (&given.server, given.as_bot());
    let event = json!({"type": "reminder", "payload": {"text": "x"}});
    let event = bot.post(server, "/v1/chat/events", event).await;
    let event = id_of(&event.expect(201), "event");
    let base = json!({"name": "job", "status": "listening"});
    for (name, members) in [
        ("nothing", json!({"name": null, "status": null})),
        ("status", json!({"status": "completed"})),
        ("name", json!({"name": "x".repeat(201)})),
        ("input", json!({"input": [1]})),
        ("no_event", json!({"status": "in_progress"})),
        (
            "unknown_event",
            json!({"status": "in_progress", "eventId": "e"}),
        ),
        (
            "ended_event",
            json!({"status": "in_progress", "eventId": event}),
        ),
        ("timeout", json!({"timeoutAt": "soon"})),
        ("parent", json!({"parentWorkflowId": "p"})),
        ("conversation", json!({"conversationId": "c"})),
        ("user", json!({"userId": "u"})),
        ("tag_value", json!({"tags": {"k": "x".repeat(501)}})),
        ("tag_name", json!({"tags": {"x".repeat(201): "v"}})),
        (
            "tags",
            json!({"tags": (0..101).map(|n| (n.to_string(), json!("v"))).collect::<serde_json::Map<_, _>>()}),
        ),
    ] {
        let mut body = base.clone();
        for (name, value) in members.as_object().expect("members") {
            body[name.as_str()] = value.clone();
        }
        let answer = bot.post(server, WORKFLOWS, body).await.expect(400);
        insta::assert_snapshot!(format!("create_workflow_{name}"), answer.shown());
    }
    assert!(column(server, "SELECT seq FROM workflows").is_empty());
}

#[tokio::test]
async fn get_workflow_is_for_the_bot_alone() {
    let given = Given::new().await;
    let server = &given.server;
    let id = given.workflow(json!({})).await;
    let path = format!("{WORKFLOWS}/{id}");
    let new = json!({"name": "job", "status": "listening"});
    let calls = [
        (Method::POST, WORKFLOWS, Some(new.clone())),
        (Method::POST, ONCE, Some(new)),
        (Method::GET, WORKFLOWS, None),
        (Method::GET, &path, None),
        (Method::PUT, &path, Some(json!({"status": "completed"}))),
        (Method::DELETE, &path, None),
    ];
    let (_, stranger) = another_workspace(server).await;
    let stranger = Caller::with(&stranger).header("x-bot-id", given.bot.id.as_str());
    let nobody = Caller::with("bp_pat_none").header("x-bot-id", given.bot.id.as_str());
    let integration = given.as_integration();
    for (method, path, body) in calls {
        let answer = integration.call(server, method.clone(), path, body.clone());
        let answer = answer.await.expect(403);
        if method == Method::DELETE {
            assert_answer!("delete_workflow_integration", answer);
        }
        let answer = stranger.call(server, method.clone(), path, body.clone());
        answer.await.expect(403);
        nobody.call(server, method, path, body).await.expect(401);
    }
    assert_eq!(given.as_bot().get(server, &path).await.status, 200);
    // Another bot of the workspace does not see it.
    let other =
        crate::botpress::given::make_bot(server, crate::support::WORKSPACE, Default::default());
    let other = Caller::person().header("x-bot-id", other.await.id.as_str());
    assert_answer!(
        "get_workflow_missing",
        other.get(server, &path).await.expect(404)
    );
    let put = other.put(server, &path, json!({})).await.expect(404);
    assert_answer!("update_workflow_missing", put);
    other.delete(server, &path).await.expect(404);
    assert!(ids(&other.get(server, WORKFLOWS).await).is_empty());
}

#[tokio::test]
async fn create_workflow_stops_at_the_bound() {
    let server = TestServer::with(|config| config.bounds.workflows = 1).await;
    let given = Given::on(server).await;
    let id = given.workflow(json!({})).await;
    let bot = given.as_bot();
    let body = json!({"name": "another", "status": "pending"});
    for path in [WORKFLOWS, ONCE] {
        let answer = bot.post(&given.server, path, body.clone()).await;
        assert_answer!("create_workflow_bound", answer.expect(413));
    }
    let path = format!("{WORKFLOWS}/{id}");
    bot.delete(&given.server, &path).await.expect(200);
    until("the count", async || {
        let made = bot.post(&given.server, WORKFLOWS, body.clone()).await;
        made.status == 201
    })
    .await;
}

#[tokio::test]
async fn update_workflow() {
    let given = Given::new().await;
    let user = given.user("u").await;
    let id = given.workflow(json!({"tags": {"a": "1", "b": "2"}})).await;
    given.server.clock.advance(Duration::from_secs(1));
    let body = json!({
        "output": {"n": 1}, "timeoutAt": "2026-03-01T12:30:00Z", "userId": user, "tags": {"b": "", "c": "3"},
        "failureReason": "none yet", "eventId": "no matter",
    });
    let changed = given.put_workflow(&id, body).await.expect(200);
    assert_answer!("update_workflow", changed);
    let paused = given.put_workflow(&id, json!({"status": "paused"})).await;
    assert_eq!(paused.expect(200).json()["workflow"]["status"], "paused");
    let failed = json!({"status": "failed", "failureReason": "x".repeat(2001)});
    let failed = given.put_workflow(&id, failed).await.expect(200).json();
    let reason = failed["workflow"]["failureReason"].as_str();
    assert_eq!(reason.map(str::len), Some(2000));
    assert_eq!(
        failed["workflow"]["completedAt"],
        "2026-03-01T12:00:01.000Z"
    );
}

#[tokio::test]
async fn update_workflow_refuses() {
    let given = Given::new().await;
    let id = given.workflow(json!({})).await;
    for (name, status, body) in [
        ("status", 400, json!({"status": "pending"})),
        ("output", 400, json!({"output": 1})),
        ("no_event", 400, json!({"status": "in_progress"})),
        (
            "unknown_event",
            400,
            json!({"status": "in_progress", "eventId": "e"}),
        ),
        ("past", 400, json!({"timeoutAt": "2026-03-01T12:00:00Z"})),
        ("user", 400, json!({"userId": "u"})),
    ] {
        let answer = given.put_workflow(&id, body).await.expect(status);
        insta::assert_snapshot!(format!("update_workflow_{name}"), answer.shown());
    }
    let done = json!({"status": "completed", "output": {"n": 1}});
    let done = given.put_workflow(&id, done).await.expect(200).json();
    for body in [
        json!({"output": {}}),
        json!({"tags": {"a": "b"}}),
        json!({"status": "completed"}),
        json!({"status": "failed"}),
        json!({"status": "listening"}),
    ] {
        let answer = given.put_workflow(&id, body).await.expect(409);
        assert_answer!("update_workflow_ended", answer);
    }
    let path = format!("{WORKFLOWS}/{id}");
    assert_eq!(given.as_bot().get(&given.server, &path).await.json(), done);
    // A workflow whose time has run out can still fail or be completed.
    let id = given.workflow(json!({})).await;
    given.server.clock.advance(Duration::from_secs(300));
    settled(&given.server).await;
    let cancel = given
        .put_workflow(&id, json!({"status": "cancelled"}))
        .await;
    assert_answer!("update_workflow_timed_out", cancel.expect(409));
    let tags = given.put_workflow(&id, json!({"tags": {"a": "b"}})).await;
    tags.expect(409);
    let body = json!({"status": "completed", "output": {"late": true}});
    given.put_workflow(&id, body).await.expect(200);
}

#[tokio::test]
async fn list_workflows() {
    let given = Given::new().await;
    let (server, bot) = (&given.server, given.as_bot());
    let (user, conversation) = (given.user("u").await, given.conversation("c").await);
    let one = given.workflow(json!({"tags": {"k": "1", "l": "x"}})).await;
    let two = given
        .workflow(json!({"name": "other", "tags": {"k": "1"}, "conversationId": conversation}))
        .await;
    let three = given
        .workflow(json!({"parentWorkflowId": one, "userId": user}))
        .await;
    given
        .put_workflow(&one, json!({"status": "completed"}))
        .await
        .expect(200);
    given
        .put_workflow(&two, json!({"status": "paused"}))
        .await
        .expect(200);
    for (query, expected) in [
        (String::new(), vec![&three, &two, &one]),
        ("name=job".to_owned(), vec![&three, &one]),
        (
            "statuses=completed&statuses=&statuses=completed".to_owned(),
            vec![&one],
        ),
        (
            "statuses=completed&statuses=paused".to_owned(),
            vec![&two, &one],
        ),
        (
            "statuses=paused&statuses=listening".to_owned(),
            vec![&three, &two],
        ),
        ("statuses=listening&name=job".to_owned(), vec![&three]),
        ("tags.k=1".to_owned(), vec![&two, &one]),
        ("tags.k=1&tags.l=x".to_owned(), vec![&one]),
        ("tags.k=1&statuses=paused".to_owned(), vec![&two]),
        ("tags.k=2".to_owned(), vec![]),
        (format!("conversationId={conversation}"), vec![&two]),
        (format!("conversationId={conversation}&name=job"), vec![]),
        (format!("userId={user}"), vec![&three]),
        (format!("parentWorkflowId={one}"), vec![&three]),
        ("parentWorkflowId=none".to_owned(), vec![]),
    ] {
        let listed = bot
            .get(server, &format!("{WORKFLOWS}?{query}"))
            .await
            .expect(200);
        let expected: Vec<_> = expected.into_iter().cloned().collect();
        assert_eq!(ids(&listed), expected, "{query}");
    }
    let unknown = bot.get(server, &format!("{WORKFLOWS}?statuses=done")).await;
    assert_answer!("list_workflows_status", unknown.expect(400));
    let token = bot.get(server, &format!("{WORKFLOWS}?nextToken=x")).await;
    assert_eq!(token.expect(400).json()["type"], "InvalidQuery");
}

#[tokio::test]
async fn list_workflows_goes_page_by_page() {
    let given = Given::new().await;
    let (server, bot) = (&given.server, given.as_bot());
    let mut made = Vec::new();
    for number in 0..23 {
        made.push(
            given
                .workflow(json!({"tags": {"n": number.to_string()}}))
                .await,
        );
    }
    made.reverse();
    for filter in ["", "&name=job", "&statuses=listening"] {
        let first = bot
            .get(server, &format!("{WORKFLOWS}?{filter}"))
            .await
            .expect(200);
        let token = first.json()["meta"]["nextToken"].clone();
        let token = in_query(token.as_str().expect("a token"));
        let path = format!("{WORKFLOWS}?nextToken={token}{filter}");
        let second = bot.get(server, &path).await.expect(200);
        assert_eq!(second.json()["meta"], json!({}));
        assert_eq!([ids(&first), ids(&second)].concat(), made);
    }
}

#[tokio::test]
async fn get_or_create_workflow() {
    let given = Given::new().await;
    let (server, bot) = (&given.server, given.as_bot());
    let once = async |members: Value| -> String {
        let mut body = json!({"name": "lock", "status": "listening"});
        for (name, value) in members.as_object().expect("members") {
            body[name.as_str()] = value.clone();
        }
        id_of(&bot.post(server, ONCE, body).await.expect(200), "workflow")
    };
    let body =
        json!({"name": "lock", "status": "listening", "discriminateByStatusGroup": "active"});
    let made = bot.post(server, ONCE, body).await.expect(200);
    assert_answer!("get_or_create_workflow", made);
    let plain = id_of(&made, "workflow");
    let active = json!({"discriminateByStatusGroup": "active"});
    assert_eq!(once(active.clone()).await, plain);
    assert_eq!(once(json!({})).await, plain);
    // The name and all tags count.
    assert_ne!(once(json!({"name": "other"})).await, plain);
    let tagged = once(json!({"tags": {"a": "1", "b": "2"}})).await;
    assert_ne!(tagged, plain);
    assert_eq!(once(json!({"tags": {"b": "2", "a": "1"}})).await, tagged);
    let some = json!({"tags": {"a": "1", "b": "9"}, "discriminateByTags": ["a"]});
    assert_eq!(once(some.clone()).await, tagged);
    // And so does the group of the status.
    given
        .put_workflow(&plain, json!({"status": "completed"}))
        .await
        .expect(200);
    given
        .put_workflow(&tagged, json!({"status": "failed"}))
        .await
        .expect(200);
    let finished = json!({"discriminateByStatusGroup": "finished"});
    assert_eq!(once(finished).await, plain);
    let new = once(active).await;
    assert_ne!(new, plain);
    assert_eq!(once(json!({})).await, new, "the newest");
    let mut some_active = some.clone();
    some_active["discriminateByStatusGroup"] = json!("active");
    assert_ne!(once(some_active).await, tagged);
    let bad = json!({"name": "lock", "status": "listening", "discriminateByStatusGroup": "all"});
    let bad = bot.post(server, ONCE, bad).await.expect(400);
    assert_answer!("get_or_create_workflow_group", bad);
}

#[tokio::test]
async fn get_or_create_workflow_is_atomic() {
    let given = Given::new().await;
    let bot = given.as_bot();
    let body = json!({"name": "lock", "status": "pending", "discriminateByStatusGroup": "active"});
    let calls = (0..16).map(|_| bot.post(&given.server, ONCE, body.clone()));
    let answers = join_all(calls).await;
    let ids: Vec<_> = answers.iter().map(|one| id_of(one, "workflow")).collect();
    assert!(ids.iter().all(|id| *id == ids[0]), "{ids:?}");
}

#[tokio::test]
async fn delete_workflow_takes_states_and_events_along() {
    let given = Given::new().await;
    let (server, bot) = (&given.server, given.as_bot());
    let id = given.workflow(json!({})).await;
    let state = format!("/v1/chat/states/workflow/{id}/memory");
    let set = bot.post(server, &state, json!({"payload": {"n": 1}})).await;
    set.expect(200);
    let event = json!({"type": "reminder", "payload": {"text": "x"}, "workflowId": id});
    let event = bot.post(server, "/v1/chat/events", event).await.expect(201);
    assert_answer!("create_event_of_a_workflow", event);
    let path = format!("/v1/chat/events?workflowId={id}");
    let listed = bot.get(server, &path).await.expect(200).json();
    assert_eq!(listed["events"], json!([event.json()["event"]]));
    let none = bot.get(server, "/v1/chat/events?workflowId=none").await;
    assert_eq!(none.expect(200).json()["events"], json!([]));
    let unknown = json!({"type": "reminder", "payload": {"text": "x"}, "workflowId": "w"});
    let unknown = bot.post(server, "/v1/chat/events", unknown).await;
    assert_answer!("create_event_of_no_workflow", unknown.expect(400));
    let deleted = bot.delete(server, &format!("{WORKFLOWS}/{id}")).await;
    assert_answer!("delete_workflow", deleted.expect(200));
    assert_eq!(bot.get(server, &state).await.status, 404);
    for table in ["workflows", "states", "workflow_tags", "events"] {
        let sql = format!("SELECT 1 FROM {table}");
        assert!(column(server, &sql).is_empty(), "{table}");
    }
}

#[tokio::test]
async fn a_conversation_shows_its_current_workflow_and_takes_it_along() {
    let given = Given::new().await;
    let (server, bot) = (&given.server, given.as_bot());
    let conversation = given.conversation("c").await;
    let path = format!("/v1/chat/conversations/{conversation}");
    let current = async || {
        let shown = bot.get(server, &path).await.expect(200).json();
        shown["conversation"]["currentWorkflowId"].clone()
    };
    assert_eq!(current().await, Value::Null);
    let one = given
        .workflow(json!({"conversationId": conversation}))
        .await;
    assert_eq!(current().await, one);
    let two = given
        .workflow(json!({"conversationId": conversation, "tags": {"a": "b"}}))
        .await;
    assert_eq!(current().await, two, "the newest");
    let listed = bot.get(server, "/v1/chat/conversations").await.json();
    assert_eq!(listed["conversations"][0]["currentWorkflowId"], two);
    given
        .put_workflow(&two, json!({"status": "paused"}))
        .await
        .expect(200);
    assert_eq!(current().await, one);
    given
        .put_workflow(&one, json!({"status": "cancelled"}))
        .await
        .expect(200);
    assert_eq!(current().await, Value::Null);
    given
        .as_integration()
        .delete(server, &path)
        .await
        .expect(200);
    for table in ["workflows", "workflow_tags"] {
        let sql = format!("SELECT 1 FROM {table}");
        assert!(column(server, &sql).is_empty(), "{table}");
    }
}

#[tokio::test]
async fn a_deleted_user_takes_workflows_and_tasks_along() {
    let given = Given::new().await;
    let (server, bot) = (&given.server, given.as_bot());
    let (user, conversation) = (given.user("u").await, given.conversation("c").await);
    given
        .workflow(json!({"userId": user, "input": {"name": "Ann"}}))
        .await;
    given
        .workflow(json!({"conversationId": conversation}))
        .await;
    let body = json!({"type": "job", "conversationId": conversation, "userId": user, "data": {"name": "Ann"}});
    bot.post(server, "/v1/chat/tasks", body).await.expect(201);
    // A parent without the user is notified of a child with it.
    let parent = given.workflow(json!({})).await;
    let child = json!({"userId": user, "parentWorkflowId": parent, "input": {"name": "Ann"}});
    let child = given.workflow(child).await;
    given
        .put_workflow(&child, json!({"status": "completed"}))
        .await
        .expect(200);
    let shown = "SELECT payload FROM events WHERE payload LIKE '%Ann%'";
    assert_eq!(column(server, shown).len(), 1);
    let path = format!("/v1/chat/users/{user}");
    bot.delete(server, &path).await.expect(200);
    assert_eq!(column(server, "SELECT seq FROM workflows").len(), 2);
    assert!(column(server, shown).is_empty());
    assert!(column(server, "SELECT seq FROM tasks").is_empty());
}

#[tokio::test]
async fn ended_workflows_and_tasks_go_after_a_time() {
    let server = TestServer::with(|config| config.bots.workflow_days = 30).await;
    let given = Given::on(server).await;
    let (server, bot) = (&given.server, given.as_bot());
    let conversation = given.conversation("c").await;
    let far = json!("2027-01-01T00:00:00Z");
    let live = given.workflow(json!({"timeoutAt": far})).await;
    let ended = given.workflow(json!({"tags": {"a": "b"}})).await;
    given
        .put_workflow(&ended, json!({"status": "completed"}))
        .await
        .expect(200);
    for (status, timeout) in [("completed", json!(null)), ("paused", far)] {
        let mut body = json!({"type": "job", "conversationId": conversation});
        if !timeout.is_null() {
            body["timeoutAt"] = timeout;
        }
        let made = bot.post(server, "/v1/chat/tasks", body).await.expect(201);
        let path = format!("/v1/chat/tasks/{}", id_of(&made, "task"));
        bot.put(server, &path, json!({"status": status}))
            .await
            .expect(200);
    }
    let count = |table: &str| column(server, &format!("SELECT seq FROM {table}")).len();
    server.clock.advance(Duration::from_secs(30 * 86_400));
    maintenance::run_once(server.server().app())
        .await
        .expect("it runs");
    assert_eq!((count("workflows"), count("tasks")), (2, 2));
    server.clock.advance(Duration::from_secs(3600));
    until("the retention", async || {
        (count("workflows"), count("tasks")) == (1, 1)
    })
    .await;
    assert_eq!(
        bot.get(server, &format!("{WORKFLOWS}/{live}")).await.status,
        200
    );
}

#[tokio::test]
async fn create_workflow_bounds_its_data() {
    let given = Given::new().await;
    let (server, bot) = (&given.server, given.as_bot());
    let (large, least) = (
        json!({"a": "x".repeat(1 << 20)}),
        json!({"a": "x".repeat(1 << 19)}),
    );
    let too_large =
        |name: &str| format!("request/body/{name} must have 1048576 bytes of JSON at most");
    let body = json!({"name": "job", "status": "listening", "input": large});
    let refused = bot.post(server, WORKFLOWS, body).await.expect(400);
    assert_eq!(refused.json()["message"], too_large("input"));
    let id = given.workflow(json!({"input": least})).await;
    let refused = given.put_workflow(&id, json!({"output": large})).await;
    assert_eq!(refused.expect(400).json()["message"], too_large("output"));
    let changed = given.put_workflow(&id, json!({"output": least})).await;
    changed.expect(200);
    let conversation = given.conversation("c").await;
    let body = json!({"type": "job", "conversationId": conversation, "data": large});
    let refused = bot.post(server, "/v1/chat/tasks", body).await.expect(400);
    assert_eq!(refused.json()["message"], too_large("data"));
    let task = given.task(&conversation, json!({})).await;
    let path = format!("/v1/chat/tasks/{task}");
    let refused = bot.put(server, &path, json!({"data": large})).await;
    assert_eq!(refused.expect(400).json()["message"], too_large("data"));
}
