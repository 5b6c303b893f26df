//! Each type of error, brought about.

use std::collections::BTreeSet;

use reqwest::{Method, header::CONTENT_TYPE};
use serde_json::{Value, json};

use super::given::{Caller, Given, another_workspace, install, make_integration};
use crate::support::{Answer, BOTPRESS_PAT, TestServer, WORKSPACE, send};

/// The types of the seed and those of later clients, with their statuses.
const TYPES: [(&str, u16); 22] = [
    ("Unknown", 500),
    ("Internal", 500),
    ("Unauthorized", 401),
    ("Forbidden", 403),
    ("PayloadTooLarge", 413),
    ("InvalidPayload", 400),
    ("UnsupportedMediaType", 415),
    ("MethodNotFound", 405),
    ("ResourceNotFound", 404),
    ("InvalidJsonSchema", 400),
    ("InvalidDataFormat", 400),
    ("InvalidIdentifier", 400),
    ("RelationConflict", 409),
    ("ReferenceNotFound", 400),
    ("InvalidQuery", 400),
    ("Runtime", 400),
    ("AlreadyExists", 409),
    ("RateLimited", 429),
    ("PaymentRequired", 402),
    ("QuotaExceeded", 403),
    ("LimitExceeded", 413),
    ("ReferenceConstraint", 409),
];

const BOTS: &str = "/v1/admin/bots";

/// Something that is answered with an error of this type.
async fn provoke(name: &str) -> Answer {
    match name {
        "Unknown" => out_of_time().await,
        "Internal" => broken_row().await,
        "PayloadTooLarge" => too_large().await,
        "RateLimited" => too_many().await,
        "QuotaExceeded" => beyond_the_plan().await,
        "LimitExceeded" => beyond_every_plan().await,
        "RelationConflict" => used_elsewhere().await,
        "Runtime" => without_code().await,
        "ReferenceConstraint" => implemented().await,
        _ => simple(name).await,
    }
}

/// Those that one request brings about.
async fn simple(name: &str) -> Answer {
    let server = TestServer::start().await;
    let member = Caller::member();
    let schema = json!({"type": "object", "properties": {"a": {"type": "string"}}});
    let (method, path, body) = match name {
        "Unauthorized" => {
            let stranger = Caller::with("bp_pat_unknown");
            return stranger.get(&server, "/v1/admin/account/me").await;
        }
        "Forbidden" => {
            let (workspace, _) = another_workspace(&server).await;
            let intruder = Caller::person().header("x-workspace-id", &workspace);
            return intruder.post(&server, BOTS, json!({})).await;
        }
        "UnsupportedMediaType" => {
            let request = server
                .request(Method::POST, BOTS)
                .bearer_auth(BOTPRESS_PAT)
                .header("x-workspace-id", WORKSPACE)
                .header(CONTENT_TYPE, "text/plain");
            return send(request.body("name: x")).await;
        }
        "InvalidPayload" => (Method::POST, BOTS, json!({"name": 5})),
        "MethodNotFound" => (Method::DELETE, BOTS, Value::Null),
        "ResourceNotFound" => (Method::GET, "/v1/admin/bots/none", Value::Null),
        "InvalidJsonSchema" => (
            Method::POST,
            BOTS,
            json!({"events": {"ping": {"schema": {"type": 5}}}}),
        ),
        "InvalidDataFormat" => (
            Method::POST,
            BOTS,
            json!({"configuration": {"data": {"a": 1}, "schema": schema}}),
        ),
        "InvalidIdentifier" => (
            Method::POST,
            BOTS,
            json!({"events": {"Bad name": {"schema": {}}}}),
        ),
        "ReferenceNotFound" => (
            Method::POST,
            "/v1/admin/workspaces/11111111-1111-1111-aaaa-111111111111/billing/invoices/\
             charge-unpaid",
            json!({"invoiceIds": ["none"]}),
        ),
        "InvalidQuery" => (Method::GET, "/v1/admin/workspaces?nextToken=x", Value::Null),
        "AlreadyExists" => (
            Method::POST,
            "/v1/admin/workspace-members",
            json!({"email": "owner@example.localhost", "role": "viewer"}),
        ),
        "PaymentRequired" => (
            Method::PUT,
            "/v1/admin/workspaces/11111111-1111-1111-aaaa-111111111111/change-plan",
            json!({"plan": "premium"}),
        ),
        other => panic!("nothing is known to bring about {other}"),
    };
    let body = (!body.is_null()).then_some(body);
    member.call(&server, method, path, body).await
}

/// A server that is given no time at all.
async fn out_of_time() -> Answer {
    use parlance::domain::tenancy::audit::Actor;
    let server = TestServer::with(|config| config.server.request_timeout_seconds = 0).await;
    // The bot cannot be made before the change that stands in front of it is let go.
    let (started, has_started) = tokio::sync::oneshot::channel();
    let (let_go, is_let_go) = tokio::sync::oneshot::channel::<()>();
    let app = server.server().app().clone();
    let standing = tokio::spawn(async move {
        let stands = app.run_write_tx_as(Actor::Operator, move |_| {
            started.send(()).ok();
            is_let_go.blocking_recv().ok();
            Ok(())
        });
        stands.await
    });
    has_started.await.expect("a change that stands");
    let answer = Caller::member().post(&server, BOTS, json!({})).await;
    drop(let_go);
    let stood = standing.await.expect("a task that ended");
    stood.expect("a change that was let go");
    answer
}

/// A bot whose row was damaged.
async fn broken_row() -> Answer {
    use parlance::domain::tenancy::audit::Actor;
    let given = Given::new().await;
    let app = given.server.server().app();
    let damaged = app.run_write_tx_as(Actor::Operator, |change| {
        let done = change.conn.execute("UPDATE bots SET medias = '5'", []);
        done.map(|_| ()).map_err(Into::into)
    });
    damaged.await.expect("a damaged row");
    let path = format!("{BOTS}/{}", given.bot.id);
    Caller::member().get(&given.server, &path).await
}

async fn too_large() -> Answer {
    let server = TestServer::with(|config| config.server.body_limit_bytes = 1000).await;
    let body = json!({"name": "x".repeat(1000)});
    Caller::person()
        .post(&server, "/v1/admin/workspaces", body)
        .await
}

async fn too_many() -> Answer {
    let server = TestServer::with(|config| {
        config.limits.in_frozen_time = true;
        config.limits.botpress_admin.per_day = 1;
    })
    .await;
    let path = "/v1/admin/account/me";
    Caller::person().get(&server, path).await.expect(200);
    Caller::person().get(&server, path).await
}

async fn beyond_the_plan() -> Answer {
    let server = TestServer::with(|config| config.plans.community.bots = 1).await;
    Caller::member().post(&server, BOTS, json!({})).await
}

async fn beyond_every_plan() -> Answer {
    let server = TestServer::with(|config| config.plans.max_tokens = 1).await;
    let path = "/v1/admin/account/pats";
    Caller::person()
        .post(&server, path, json!({"note": "x"}))
        .await
}

/// A workspace whose integration a bot of another one has.
async fn used_elsewhere() -> Answer {
    let given = Given::new().await;
    let server = &given.server;
    let (workspace, token) = another_workspace(server).await;
    let integration = make_integration(server, &workspace, "shared", "1.0.0").await;
    install(server, &given.bot, &integration, json!({})).await;
    let path = format!("/v1/admin/workspaces/{workspace}");
    Caller::with(&token).delete(server, &path).await
}

/// An action of an integration without code.
async fn without_code() -> Answer {
    let given = Given::new().await;
    let body = json!({"type": "whint:whisper", "input": {"text": "x"}});
    given
        .as_bot()
        .post(&given.server, "/v1/chat/actions", body)
        .await
}

/// An interface that an integration implements.
async fn implemented() -> Answer {
    let server = TestServer::start().await;
    let member = Caller::member();
    let body = json!({"name": "readable", "version": "1.0.0"});
    let created = member.post(&server, "/v1/admin/interfaces", body).await;
    let created = created.expect(200).json();
    let id = created["interface"]["id"].as_str().expect("an id");
    let body = json!({"name": "store", "version": "1.0.0", "interfaces": {"readable": {"id": id}}});
    let implemented = member.post(&server, "/v1/admin/integrations", body).await;
    implemented.expect(200);
    member
        .delete(&server, &format!("/v1/admin/interfaces/{id}"))
        .await
}

#[tokio::test]
async fn each_type_is_brought_about() {
    let document = parlance::dialects::botpress::document(&Default::default());
    let document: Value = serde_json::from_str(&document.json("")).expect("JSON");
    let listed = &document["components"]["schemas"]["ErrorType"]["enum"];
    let listed: BTreeSet<&str> = listed
        .as_array()
        .expect("the types")
        .iter()
        .filter_map(Value::as_str)
        .collect();
    assert_eq!(listed, TYPES.iter().map(|(name, _)| *name).collect());
    let mut wrong = Vec::new();
    for (name, status) in TYPES {
        let answer = provoke(name).await;
        let body = answer.json();
        let described = body["description"]
            .as_str()
            .is_some_and(|text| !text.is_empty());
        let told = body["message"]
            .as_str()
            .is_some_and(|text| !text.is_empty());
        let id = body["id"].as_str().is_some_and(|id| id.starts_with("err_"));
        let same = body["type"] == name
            && body["status"] == status
            && body["code"] == status
            && answer.status.as_u16() == status;
        if !(same && described && told && id) {
            wrong.push(format!("{name}: {body}"));
        }
    }
    assert_eq!(wrong, [""; 0]);
}

/// Of what is not idempotent, the SDK repeats 429 and 502 alone.
#[tokio::test]
async fn without_a_database_the_answer_is_one_that_the_sdk_repeats() {
    let mut server = TestServer::start().await;
    // What is closed cannot be checked.
    server.damaged = true;
    let store = server.server().app().store().clone();
    tokio::task::spawn_blocking(move || store.close())
        .await
        .expect("it is closed");
    let answer = Caller::member().post(&server, BOTS, json!({})).await;
    let answer = answer.expect(502);
    assert_eq!(answer.header("retry-after"), Some("1"));
    let body = answer.json();
    assert_eq!(body["type"], "Unknown");
    assert_eq!((&body["code"], &body["status"]), (&json!(502), &json!(502)));
}

/// Telegram's integration looks for `not found` in what is said of a state (botpress-today.md §10.3).
#[tokio::test]
async fn what_is_not_there_is_said_to_be_not_found() {
    let given = crate::botpress::given::Given::new().await;
    let (server, bot) = (&given.server, given.as_bot());
    let state = format!("/v1/chat/states/bot/{}/counters", given.bot.id);
    let never_set = bot.get(server, &state).await.expect(404).json();
    assert_eq!(never_set["message"], "State \"counters\" not found");
    let workspace = format!("/v1/admin/workspaces/{WORKSPACE}");
    for (caller, path) in [
        (&bot, "/v1/chat/users/none".to_owned()),
        (&bot, "/v1/chat/conversations/none".to_owned()),
        (&bot, "/v1/chat/conversations/none/participants".to_owned()),
        (&bot, "/v1/chat/messages/none".to_owned()),
        (&bot, "/v1/chat/events/none".to_owned()),
        (&bot, "/v1/chat/states/user/none/counters".to_owned()),
        (&bot, "/v1/storage/files/none".to_owned()),
        (&Caller::member(), "/v1/admin/bots/none".to_owned()),
        (&Caller::member(), "/v1/admin/bots/none/issues".to_owned()),
        (
            &Caller::member(),
            format!("/v1/admin/bots/{}/issues/none/events", given.bot.id),
        ),
        (&Caller::member(), "/v1/admin/integrations/none".to_owned()),
        (
            &Caller::member(),
            "/v1/admin/integrations/none/1.0.0".to_owned(),
        ),
        (
            &Caller::member(),
            "/v1/admin/hub/integrations/none".to_owned(),
        ),
        (
            &Caller::member(),
            "/v1/admin/hub/integrations/none/latest".to_owned(),
        ),
        (&Caller::member(), "/v1/admin/interfaces/none".to_owned()),
        (
            &Caller::member(),
            "/v1/admin/interfaces/none/latest".to_owned(),
        ),
        (
            &Caller::member(),
            "/v1/admin/hub/interfaces/none".to_owned(),
        ),
        (
            &Caller::member(),
            "/v1/admin/hub/interfaces/none/1.0.0".to_owned(),
        ),
        (&Caller::member(), "/v1/admin/workspaces/none".to_owned()),
        (
            &Caller::member(),
            "/v1/admin/usages/none?type=bot_count".to_owned(),
        ),
        (&Caller::member(), "/webhook/none".to_owned()),
        (
            &Caller::member(),
            "/webhook/integration/global/none".to_owned(),
        ),
        (&Caller::member(), "/webhook/oauth".to_owned()),
    ] {
        let answer = caller.get(server, &path).await;
        if answer.status != 404 {
            // Callers without the right get another answer.
            assert_ne!(
                answer.json()["type"],
                "ResourceNotFound",
                "{path}: {}",
                answer.text
            );
            panic!("{path}: {} {}", answer.status, answer.text);
        }
        let message = answer.json()["message"]
            .as_str()
            .expect("a text")
            .to_owned();
        assert!(
            message.to_lowercase().contains("not found"),
            "{path}: {message}"
        );
    }
    let gone = format!("{workspace}/members/none");
    let lost = Caller::member().get(server, &gone).await;
    assert_eq!(lost.json()["type"], "MethodNotFound");
}
