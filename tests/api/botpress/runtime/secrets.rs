//! What programs are given and nobody else may have: it is sealed in the database, and not logged.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Program, WORKSPACE, file_contains};

const PAT: &str = "bp_pat_planted_token_77aa";
const SECRET: &str = "planted-secret-of-code-4f1d";
const GREETING: &str = "planted-greeting-90be";

/// An integration that tells of itself what it is given.
const CODE: &str = "exports.handler = async ({ headers, body }) => ({
    status: JSON.parse(body).type === 'fail' ? 418 : 200,
    body: JSON.parse(body).type === 'fail' ? 'a teapot' : JSON.stringify({ output: {
        token: process.env.BP_TOKEN,
        secret: process.env.SECRET_KEY,
        names: Object.keys(process.env).sort(),
        configuration: headers['x-bp-configuration'],
    } }),
})";

#[tokio::test(flavor = "multi_thread")]
async fn what_programs_are_given_is_in_neither_files_nor_logs() {
    let mut program = Program::new();
    program.serve(&[
        ("PARLANCE_LOG__LEVEL", "trace"),
        ("PARLANCE_BOOTSTRAP__BOTPRESS_PAT", PAT),
    ]);
    let client = crate::support::client();
    let url = program.url().to_owned();
    let call = async |method: Method, path: &str, headers: &[(&str, &str)], body: Value| -> Value {
        let mut request = client
            .request(method, format!("{url}{path}"))
            .bearer_auth(PAT)
            .header("x-workspace-id", WORKSPACE);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let answer = request.json(&body).send().await.expect("an answer");
        let status = answer.status();
        let body = answer.json().await.expect("JSON");
        assert_eq!(status, 200, "{body}");
        body
    };
    let integration = json!({
        "name": "teller", "version": "1.0.0", "code": CODE, "secrets": {"KEY": SECRET},
        "actions": {
            "tell": {"input": {"schema": {}}, "output": {"schema": {}}},
            "fail": {"input": {"schema": {}}, "output": {"schema": {}}},
        },
        "configuration": {"schema": {"type": "object"}},
    });
    let made = call(Method::POST, "/v1/admin/integrations", &[], integration).await;
    let integration = made["integration"]["id"].as_str().expect("an id");
    let made = call(Method::POST, "/v1/admin/bots", &[], json!({})).await;
    let bot = made["bot"]["id"].as_str().expect("an id");
    let install = json!({"integrations": {integration: {"configuration": {"greeting": GREETING}}}});
    call(Method::PUT, &format!("/v1/admin/bots/{bot}"), &[], install).await;
    let action = json!({"type": "teller:tell", "input": {}});
    let headers = [("x-bot-id", bot)];
    let told = call(Method::POST, "/v1/chat/actions", &headers, action).await;
    let told = &told["output"];
    let text = |name: &str| told[name].as_str().expect("a text").to_owned();
    assert_eq!(told["secret"], SECRET);
    assert_eq!(
        told["names"],
        json!([
            "BP_API_URL",
            "BP_LOG_FORMAT",
            "BP_TOKEN",
            "BP_WEBHOOK_URL",
            "SECRET_KEY"
        ])
    );
    let (token, configuration) = (text("token"), text("configuration"));
    assert!(token.starts_with("bp_int_"));
    // A failure is logged, and what was given is not in the line.
    let action = json!({"type": "teller:fail", "input": {}});
    let failed = client
        .post(format!("{url}/v1/chat/actions"))
        .bearer_auth(PAT);
    let failed = failed.header("x-workspace-id", WORKSPACE);
    let failed = failed.header("x-bot-id", bot).json(&action).send().await;
    assert_eq!(failed.expect("an answer").status(), 400);
    program.terminate();
    let (log, database) = (program.log(), program.path("parlance.db"));
    assert!(file_contains(&log, "/v1/chat/actions"), "calls are logged");
    assert!(file_contains(&database, integration));
    let line = "action_triggered (fail) failed in the integration teller";
    assert!(file_contains(&database, line));
    for secret in [PAT, SECRET, GREETING, &token, &configuration] {
        assert!(!file_contains(&log, secret), "{secret} in the log");
        assert!(
            !file_contains(&database, secret),
            "{secret} in the database"
        );
    }
}
