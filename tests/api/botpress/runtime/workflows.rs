//! The rounds of workflows: what the bot is told, what it acknowledges, and what follows from the end of its call.

use std::time::Duration;

use serde_json::{Value, json};

use super::{Pair, bot_logs, column, settled};
use crate::{
    botpress::given::{Caller, Given},
    support::{TestServer, answer::redacted, assert_answer},
};

const WORKFLOWS: &str = "/v1/chat/workflows";

/// A bot that does in each round of a workflow the next step of its input, and counts the rounds in a tag.
const BOT: &str = concat!(
    include_str!("../../../bot_api.js"),
    r"
    exports.handler = async ({ headers, body }) => {
        const { event } = JSON.parse(body)
        const api = apiOf(headers)
        const eventId = event.id
        if (event.type === 'message_created') {
            const input = { steps: ['none', 'complete'] }
            await api('POST', '/v1/chat/workflows', { name: 'talk', status: 'in_progress', input, eventId })
            if (event.payload.message.payload.text === 'fail') throw new Error('oops')
            return
        }
        if (event.type === 'reminder') {
            const update = { status: 'in_progress', eventId }
            await api('PUT', '/v1/chat/workflows/' + event.workflowId, update)
            return
        }
        const { type, workflow, childWorkflow } = event.payload
        console.log([workflow.name, type, workflow.status, childWorkflow?.status ?? ''].join(' ').trim())
        const put = (body) => api('PUT', '/v1/chat/workflows/' + workflow.id, body)
        if (type === 'workflow_timedout') return put({ status: 'failed', failureReason: 'too late' })
        if (type.startsWith('child')) return
        const n = Number(workflow.tags.n ?? 0)
        await put({ tags: { n: String(n + 1) } })
        const steps = (workflow.input.steps?.[n] ?? workflow.input.always ?? 'none').split(' ')
        for (const step of steps) {
            if (step === 'ack') await put({ status: 'in_progress', eventId })
            if (step === 'throw') throw new Error('oops')
            if (step === 'complete') await put({ status: 'completed', output: { rounds: n + 1 } })
            if (step === 'listen') await put({ status: 'listening' })
            if (step === 'extend') await put({ timeoutAt: new Date(Date.parse(workflow.timeoutAt) + 300000).toISOString() })
        }
    }"
);

/// A server with that bot.
struct Driver {
    given: Given,
}

impl Driver {
    async fn start() -> Self {
        let server = TestServer::with(|config| config.deliveries.jitter_percent = 0).await;
        let given = Given::running(server, |new| new.code = Some(BOT.to_owned()), |_| {}).await;
        Self { given }
    }

    fn server(&self) -> &TestServer {
        &self.given.server
    }

    /// Creates a workflow and waits until the bot was told.
    async fn create(&self, body: Value) -> String {
        let bot = self.given.as_bot();
        let made = bot.post(self.server(), WORKFLOWS, body).await.expect(201);
        settled(self.server()).await;
        made.json()["workflow"]["id"]
            .as_str()
            .expect("an id")
            .to_owned()
    }

    async fn workflow(&self, id: &str) -> Value {
        show(&self.given.as_bot(), self.server(), id).await
    }

    /// Lets time pass, and what is due happen.
    async fn pass(&self, milliseconds: u64) {
        let clock = &self.server().clock;
        clock.advance(Duration::from_millis(milliseconds));
        settled(self.server()).await;
    }

    /// What the bot was told: name, type of the update, and status.
    fn told(&self) -> Vec<String> {
        let lines = bot_logs(self.server()).into_iter();
        let lines = lines.filter_map(|line| Some(line.as_str()?.strip_prefix("info ")?.to_owned()));
        lines.filter(|line| line.contains("workflow_")).collect()
    }
}

async fn show(bot: &Caller, server: &TestServer, id: &str) -> Value {
    let answer = bot.get(server, &format!("{WORKFLOWS}/{id}")).await;
    answer.expect(200).json()["workflow"].clone()
}

/// A new workflow with these steps.
fn steps(steps: &[&str]) -> Value {
    json!({"name": "job", "status": "pending", "input": {"steps": steps}})
}

#[tokio::test(flavor = "multi_thread")]
async fn a_workflow_goes_through_three_rounds() {
    let driver = Driver::start().await;
    let id = driver
        .create(steps(&["ack", "ack extend", "ack complete"]))
        .await;
    assert_eq!(driver.told(), ["job workflow_started pending"]);
    assert_eq!(driver.workflow(&id).await["status"], "pending");
    // There is a pause between two rounds.
    driver.pass(999).await;
    assert_eq!(driver.told().len(), 1);
    driver.pass(1).await;
    assert_eq!(driver.told()[1..], ["job workflow_continued pending"]);
    assert_eq!(
        driver.workflow(&id).await["timeoutAt"],
        "2026-03-01T12:10:00.000Z"
    );
    driver.pass(1000).await;
    assert_eq!(driver.told()[2..], ["job workflow_continued pending"]);
    insta::assert_snapshot!("completed_workflow", redacted(driver.workflow(&id).await));
    driver.pass(3_600_000).await;
    assert_eq!(driver.told().len(), 3);
    assert!(column(driver.server(), "SELECT seq FROM bot_deliveries").is_empty());
    // Each round is an event.
    let path = format!("/v1/chat/events?workflowId={id}");
    let bot = driver.given.as_bot();
    let events = bot.get(driver.server(), &path).await.expect(200).json();
    let events = events["events"].as_array().expect("a list").clone();
    let kinds: Vec<_> = events
        .iter()
        .map(|event| &event["payload"]["type"])
        .collect();
    assert_eq!(
        kinds,
        [
            "workflow_continued",
            "workflow_continued",
            "workflow_started"
        ]
    );
    assert!(events.iter().all(|event| event["status"] == "processed"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_workflow_that_is_never_acknowledged_fails_after_three_repeats() {
    let driver = Driver::start().await;
    let id = driver.create(steps(&[])).await;
    for (wait, told) in [(999, 1), (1, 2), (1999, 2), (1, 3), (3999, 3), (1, 4)] {
        driver.pass(wait).await;
        assert_eq!(driver.told().len(), told);
    }
    assert!(
        driver
            .told()
            .iter()
            .all(|line| line == "job workflow_started pending")
    );
    insta::assert_snapshot!("unacknowledged", redacted(driver.workflow(&id).await));
    driver.pass(3_600_000).await;
    assert_eq!(driver.told().len(), 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_workflow_whose_rounds_fail_is_continued_three_times() {
    let driver = Driver::start().await;
    let body = json!({"name": "job", "status": "pending", "input": {"always": "ack throw"}});
    let id = driver.create(body).await;
    for wait in [1000, 2000, 4000] {
        assert_eq!(driver.workflow(&id).await["status"], "pending");
        driver.pass(wait).await;
    }
    assert_eq!(driver.told()[0], "job workflow_started pending");
    assert_eq!(driver.told()[1..], ["job workflow_continued pending"; 3]);
    insta::assert_snapshot!("failing", redacted(driver.workflow(&id).await));
    // A round that succeeds begins the count anew.
    let failing = [
        "ack throw",
        "ack throw",
        "ack",
        "ack throw",
        "ack throw",
        "ack complete",
    ];
    let id = driver.create(steps(&failing)).await;
    for wait in [1000, 2000, 1000, 1000, 2000] {
        driver.pass(wait).await;
    }
    assert_eq!(driver.workflow(&id).await["output"], json!({"rounds": 6}));
    // Before it acknowledges, it is told the same again.
    let id = driver.create(steps(&["throw", "complete"])).await;
    driver.pass(1000).await;
    assert_eq!(driver.workflow(&id).await["status"], "completed");
    assert_eq!(
        driver.told().last().expect("a line"),
        "job workflow_started pending"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_workflow_times_out_once() {
    let driver = Driver::start().await;
    let mut body = steps(&["ack"]);
    body["status"] = json!("listening");
    body["timeoutAt"] = json!("2026-03-01T12:01:00Z");
    let id = driver.create(body).await;
    driver.pass(59_999).await;
    assert!(driver.told().is_empty());
    driver.pass(1).await;
    assert_eq!(driver.told(), ["job workflow_timedout timedout"]);
    insta::assert_snapshot!("timed_out", redacted(driver.workflow(&id).await));
    driver.pass(3_600_000).await;
    assert_eq!(driver.told().len(), 1);
    // A time that has passed already ends it without a first round.
    let mut body = steps(&["complete"]);
    body["timeoutAt"] = json!("2020-01-01T00:00:00Z");
    let id = driver.create(body).await;
    assert_eq!(driver.told()[1..], ["job workflow_timedout timedout"]);
    assert_eq!(driver.workflow(&id).await["failureReason"], "too late");
    // Without a time, it is five minutes.
    let body = json!({"name": "default", "status": "listening"});
    driver.create(body).await;
    driver.pass(299_999).await;
    assert_eq!(driver.told().len(), 2);
    driver.pass(1).await;
    assert_eq!(driver.told()[2..], ["default workflow_timedout timedout"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_parent_is_told_of_its_children() {
    let driver = Driver::start().await;
    let (server, bot) = (driver.server(), driver.given.as_bot());
    let parent = json!({"name": "parent", "status": "listening"});
    let parent = driver.create(parent).await;
    let mut child = steps(&["ack complete"]);
    child["parentWorkflowId"] = json!(parent);
    let done = driver.create(child.clone()).await;
    let expected = [
        "job workflow_started pending",
        "parent child_workflow_finished listening completed",
    ];
    assert_eq!(driver.told(), expected);
    child["status"] = json!("listening");
    let gone = driver.create(child.clone()).await;
    let path = format!("{WORKFLOWS}/{gone}");
    let deleted = bot.delete(server, &path).await.expect(200);
    assert_eq!(deleted.json(), json!({}));
    settled(server).await;
    let expected = ["parent child_workflow_deleted listening listening"];
    assert_eq!(driver.told()[2..], expected);
    // A cancelled child has no output, and a child whose time runs out is no news.
    let cancelled = driver.create(child.clone()).await;
    let path = format!("{WORKFLOWS}/{cancelled}");
    let body = json!({"status": "cancelled", "output": {"a": 1}});
    let answer = bot.put(server, &path, body).await.expect(200);
    assert_answer!("cancelled_workflow", answer);
    settled(server).await;
    let expected = ["parent child_workflow_finished listening cancelled"];
    assert_eq!(driver.told()[3..], expected);
    let path = format!("{WORKFLOWS}?parentWorkflowId={parent}");
    let listed = bot.get(server, &path).await.expect(200).json();
    assert_eq!(listed["workflows"].as_array().expect("a list").len(), 2);
    // Children outlive their parent.
    let path = format!("{WORKFLOWS}/{parent}");
    bot.delete(server, &path).await.expect(200);
    assert_eq!(
        driver.workflow(&done).await["parentWorkflowId"],
        Value::Null
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_workflow_in_progress_belongs_to_the_event_that_the_bot_handles() {
    let driver = Driver::start().await;
    let given = &driver.given;
    let (user, conversation) = (given.user("u1").await, given.conversation("c1").await);
    let integration = given.as_integration();
    given
        .message(&integration, &user, &conversation, "ok")
        .await;
    settled(&given.server).await;
    assert!(driver.told().is_empty());
    driver.pass(1000).await;
    assert_eq!(driver.told(), ["talk workflow_continued pending"]);
    driver.pass(1000).await;
    let list = given.as_bot().get(&given.server, WORKFLOWS).await.json();
    assert_eq!(list["workflows"][0]["status"], "completed");
    assert_eq!(driver.told()[1..], ["talk workflow_continued pending"]);
    // Also if the call fails, which is not repeated.
    given
        .message(&integration, &user, &conversation, "fail")
        .await;
    settled(&given.server).await;
    driver.pass(1000).await;
    assert_eq!(driver.told()[2..], ["talk workflow_continued pending"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_listening_workflow_goes_on_with_an_event() {
    let driver = Driver::start().await;
    let (server, bot) = (driver.server(), driver.given.as_bot());
    let id = driver.create(steps(&["ack listen", "ack complete"])).await;
    assert_eq!(driver.workflow(&id).await["status"], "listening");
    driver.pass(60_000).await;
    assert_eq!(driver.told().len(), 1);
    let event = json!({"type": "reminder", "payload": {"text": "x"}, "workflowId": id});
    let made = bot.post(server, "/v1/chat/events", event).await.expect(201);
    assert_eq!(made.json()["event"]["workflowId"], id);
    settled(server).await;
    driver.pass(1000).await;
    assert_eq!(driver.told()[1..], ["job workflow_continued pending"]);
    assert_eq!(driver.workflow(&id).await["status"], "completed");
}

/// Creates a pending workflow of a bot at a url.
async fn pending(pair: &Pair) -> String {
    let (given, body) = (&pair.given, json!({"name": "job", "status": "pending"}));
    let made = given.as_bot().post(&given.server, WORKFLOWS, body).await;
    let made = made.expect(201).json();
    made["workflow"]["id"].as_str().expect("an id").to_owned()
}

/// The type and the status that each request tells.
fn told(pair: &Pair) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    let told = |asked: &super::stand::Asked| {
        let payload = &asked.json()["event"]["payload"];
        (text(&payload["type"]), text(&payload["workflow"]["status"]))
    };
    pair.bot.asked().iter().map(told).collect()
}

fn one(kind: &str, status: &str) -> (String, String) {
    (kind.to_owned(), status.to_owned())
}

#[tokio::test]
async fn a_bot_is_told_of_a_workflow_with_its_conversation_and_user() {
    let pair = Pair::start().await;
    let (user, conversation) = pair.someone().await;
    let given = &pair.given;
    let body = json!({
        "name": "job", "status": "pending", "input": {"n": 1}, "tags": {"kind": "x"},
        "conversationId": conversation, "userId": user,
    });
    let bot = given.as_bot();
    bot.post(&given.server, WORKFLOWS, body).await.expect(201);
    pair.settled().await;
    let mut shown = pair.bot.asked()[0].shown();
    shown["headers"]["webhook-timestamp"].take();
    insta::assert_snapshot!("workflow_update", redacted(shown));
}

#[tokio::test]
async fn a_restart_tells_an_acknowledged_workflow_again() {
    let mut pair = Pair::start().await;
    pair.bot.reply(|_| None);
    let id = pending(&pair).await;
    pair.bot.wait(1).await;
    let event = pair.bot.asked()[0].json()["event"]["id"].clone();
    let (bot, path) = (pair.given.as_bot(), format!("{WORKFLOWS}/{id}"));
    let body = json!({"status": "in_progress", "eventId": event});
    bot.put(&pair.given.server, &path, body.clone())
        .await
        .expect(200);
    pair.given.server.stop().await;
    pair.given.server.restart().await;
    pair.bot.wait(2).await;
    let expected = [
        one("workflow_started", "pending"),
        one("workflow_started", "in_progress"),
    ];
    assert_eq!(told(&pair), expected);
    assert_eq!(pair.bot.asked()[1].json()["event"]["id"], event);
    // It may acknowledge once more, and be told to go on with it.
    bot.put(&pair.given.server, &path, body).await.expect(200);
    pair.given.server.stop().await;
    pair.bot.answer_with(200, "{}");
    pair.given.server.restart().await;
    pair.settled().await;
    assert_eq!(
        show(&bot, &pair.given.server, &id).await["status"],
        "pending"
    );
    pair.given.server.clock.advance(Duration::from_secs(1));
    pair.settled().await;
    assert_eq!(told(&pair)[3..], [one("workflow_continued", "pending")]);
}

#[tokio::test]
async fn a_restart_does_not_tell_a_workflow_that_has_ended() {
    let mut pair = Pair::start().await;
    pair.bot.reply(|_| None);
    let id = pending(&pair).await;
    pair.bot.wait(1).await;
    let (bot, path) = (pair.given.as_bot(), format!("{WORKFLOWS}/{id}"));
    let body = json!({"status": "completed"});
    bot.put(&pair.given.server, &path, body).await.expect(200);
    pair.given.server.stop().await;
    pair.bot.answer_with(200, "{}");
    pair.given.server.restart().await;
    pair.settled().await;
    assert_eq!(pair.bot.asked().len(), 1);
    assert!(column(&pair.given.server, "SELECT seq FROM bot_deliveries").is_empty());
}

#[tokio::test]
async fn a_bot_that_cannot_be_reached_is_told_later() {
    let pair = Pair::start().await;
    pair.bot.answer_with(503, "Worker not ready yet");
    let id = pending(&pair).await;
    pair.settled().await;
    pair.bot.answer_with(200, "{}");
    pair.given.server.clock.advance(Duration::from_secs(1));
    pair.settled().await;
    assert_eq!(
        told(&pair),
        [
            one("workflow_started", "pending"),
            one("workflow_started", "pending")
        ]
    );
    // It is the same delivery, and not a repeat of the round.
    let ids: Vec<_> = pair
        .bot
        .asked()
        .iter()
        .map(|asked| asked.json()["event"]["id"].clone())
        .collect();
    assert_eq!(ids[0], ids[1]);
    // A workflow that has ended meanwhile is not told any more.
    pair.bot.answer_with(503, "Worker not ready yet");
    pair.given.server.clock.advance(Duration::from_secs(1));
    pair.settled().await;
    assert_eq!(pair.bot.asked().len(), 3);
    let (bot, path) = (pair.given.as_bot(), format!("{WORKFLOWS}/{id}"));
    let body = json!({"status": "cancelled"});
    bot.put(&pair.given.server, &path, body).await.expect(200);
    pair.given.server.clock.advance(Duration::from_secs(600));
    pair.settled().await;
    assert_eq!(pair.bot.asked().len(), 3);
    assert!(column(&pair.given.server, "SELECT seq FROM bot_deliveries").is_empty());
}

#[tokio::test]
async fn no_workflow_is_told_twice_at_once() {
    let pair = Pair::start().await;
    pair.bot.reply(|_| None);
    let id = pending(&pair).await;
    pair.bot.wait(1).await;
    // It times out while the bot still handles its start.
    pair.given.server.clock.advance(Duration::from_secs(300));
    let bot = pair.given.as_bot();
    crate::support::until("the timeout", async || {
        show(&bot, &pair.given.server, &id).await["status"] == "timedout"
    })
    .await;
    assert_eq!(told(&pair), [one("workflow_started", "pending")]);
}

#[tokio::test]
async fn waits_of_workflows_and_tasks_end_after_the_clock_went_back() {
    let pair = Pair::start().await;
    let given = &pair.given;
    let (_, conversation) = pair.someone().await;
    let (server, bot) = (&given.server, given.as_bot());
    let before = server.clock.now();
    server.clock.advance(Duration::from_secs(400 * 86_400));
    let id = pending(&pair).await;
    pair.settled().await;
    let body = json!({"type": "job", "conversationId": conversation});
    bot.post(server, "/v1/chat/tasks", body).await.expect(201);
    server.clock.freeze(Some(before));
    pair.settled().await;
    crate::support::until("the second round", async || {
        pair.settled().await;
        pair.bot.asked().len() >= 2
    })
    .await;
    crate::support::until("the timeouts", async || {
        server.clock.advance(Duration::from_secs(60));
        pair.settled().await;
        let task = bot.get(server, "/v1/chat/tasks").await.json();
        show(&bot, server, &id).await["status"] != "pending"
            && task["tasks"][0]["status"] == "timeout"
    })
    .await;
    assert!(server.clock.now().since(before) < Duration::from_secs(3600));
}

#[tokio::test]
async fn a_workflow_of_a_bot_that_cannot_be_called_fails() {
    let server = TestServer::with(|config| config.deliveries.jitter_percent = 0).await;
    let given = Given::on(server).await;
    let (server, bot) = (&given.server, given.as_bot());
    let create = async |body: Value| {
        let made = bot.post(server, WORKFLOWS, body).await.expect(201);
        made.json()["workflow"]["id"]
            .as_str()
            .expect("an id")
            .to_owned()
    };
    let parent = create(json!({"name": "parent", "status": "listening"})).await;
    let child = json!({"name": "job", "status": "pending", "parentWorkflowId": parent});
    let id = create(child).await;
    for (seconds, status) in [(1, "pending"), (2, "pending"), (4, "failed")] {
        assert_eq!(show(&bot, server, &id).await["status"], "pending");
        server.clock.advance(Duration::from_secs(seconds));
        settled(server).await;
        assert_eq!(show(&bot, server, &id).await["status"], status);
    }
    assert_eq!(
        show(&bot, server, &id).await["failureReason"],
        "The bot failed 4 times to handle workflow_started: the bot has no code and no URL, or is blocked"
    );
    let kinds = column(server, "SELECT workflow_update FROM events ORDER BY seq");
    assert_eq!(kinds.len(), 5);
    assert_eq!(kinds[4], "child_workflow_finished");
}
