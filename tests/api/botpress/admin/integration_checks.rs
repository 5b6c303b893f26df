//! Trials of changes of integrations, and requests for verification.

use serde_json::{Value, json};

use super::{role, stranger};
use crate::{
    botpress::{
        given::{Caller, Given},
        runtime::column,
    },
    support::{TestServer, WORKSPACE, assert_answer},
};

const PATH: &str = "/v1/admin/integrations";
const VALIDATE: &str = "/v1/admin/integrations/validate";

fn new(name: &str) -> Value {
    json!({
        "name": name, "version": "1.0.0", "secrets": {"TOKEN": "s"},
        "channels": {"direct": {"messages": {"text": {"schema": {"type": "object"}}}}},
    })
}

#[tokio::test]
async fn validate_integration_creation_writes_nothing() {
    let server = TestServer::start().await;
    let caller = Caller::member();
    let counts = || {
        let sql =
            "SELECT (SELECT count(*) FROM integrations) + (SELECT count(*) FROM integration_names)
                          + (SELECT count(*) FROM audit_records)";
        column(&server, sql)
    };
    let before = counts();
    for _ in 0..2 {
        let passed = caller.post(&server, VALIDATE, new("telegram")).await;
        assert_eq!(passed.expect(200).json(), json!({}));
    }
    assert_eq!(counts(), before);
    caller
        .post(&server, PATH, new("telegram"))
        .await
        .expect(200);
    let taken = caller.post(&server, VALIDATE, new("telegram")).await;
    assert_answer!("validate_creation_taken", taken.expect(409));
}

#[tokio::test]
async fn validate_integration_creation_refuses_what_creation_refuses() {
    let server = TestServer::start().await;
    let caller = Caller::member();
    let mut schema = new("telegram");
    schema["channels"]["direct"]["messages"]["text"]["schema"] = json!({"type": 5});
    let mut script = new("telegram");
    script["identifier"] = json!({"extractScript": "nonsense("});
    for body in [json!({}), new("Telegram"), schema, script] {
        let tried = caller
            .post(&server, VALIDATE, body.clone())
            .await
            .expect(400);
        let created = caller.post(&server, PATH, body).await.expect(400);
        assert_eq!(tried.json()["message"], created.json()["message"]);
    }
    let viewer = role(&server, "viewer").await;
    viewer.post(&server, VALIDATE, new("x1")).await.expect(403);
    let unknown = Caller::with("bp_pat_unknown").header("x-workspace-id", WORKSPACE);
    unknown.post(&server, VALIDATE, new("x1")).await.expect(401);
}

#[tokio::test]
async fn validate_integration_update_writes_nothing() {
    let given = Given::new().await;
    let server = &given.server;
    let caller = Caller::member();
    let path = format!("{PATH}/{}", given.integration.id);
    let validate = format!("{path}/validate");
    let before = caller.get(server, &path).await.expect(200).json();
    let body = json!({"title": "New", "code": "exports.handler = 1", "events": {"ping": null}});
    let passed = caller.put(server, &validate, body).await;
    assert_eq!(passed.expect(200).json(), json!({}));
    assert_eq!(caller.get(server, &path).await.expect(200).json(), before);
    assert_eq!(
        column(server, "SELECT count(*) FROM integration_code").len(),
        1
    );
    let bad = json!({"events": {"Bad-name": {"schema": {}}}});
    let refused = caller.put(server, &validate, bad).await;
    assert_answer!("validate_update_name", refused.expect(400));
    let stranger = stranger(server).await;
    stranger.put(server, &validate, json!({})).await.expect(404);
    let viewer = role(server, "viewer").await;
    viewer.put(server, &validate, json!({})).await.expect(403);
    let missing = caller
        .put(server, &format!("{PATH}/none/validate"), json!({}))
        .await;
    assert_answer!("validate_update_missing", missing.expect(404));
}

#[tokio::test]
async fn request_integration_verification_stays_pending() {
    let given = Given::new().await;
    let server = &given.server;
    let caller = Caller::member();
    let request = format!("{PATH}/request-verification");
    let path = format!("{PATH}/{}", given.integration.id);
    let status = async || {
        let found = caller.get(server, &path).await.expect(200).json();
        found["integration"]["verificationStatus"].clone()
    };
    assert_eq!(status().await, "unapproved");
    let body = json!({"integrationId": given.integration.id});
    for _ in 0..2 {
        let asked = caller.post(server, &request, body.clone()).await;
        assert_eq!(asked.expect(200).json(), json!({}));
    }
    assert_eq!(status().await, "pending");
    let stranger = stranger(server).await;
    let foreign = stranger.post(server, &request, body.clone()).await;
    assert_answer!("request_verification_of_another", foreign.expect(400));
    let nothing = caller.post(server, &request, json!({})).await;
    assert_answer!("request_verification_of_nothing", nothing.expect(400));
    let viewer = role(server, "viewer").await;
    viewer.post(server, &request, body).await.expect(403);
}
