//! Roles: what each may do, for every operation on workspaces.

use reqwest::Method;
use serde_json::{Value, json};

use super::people::{of_first, with_role};
use crate::{
    botpress::given::{Caller, Given, another_workspace},
    support::{TestServer, send},
};

/// An operation with the least role that may use it; `billing` stands for that role and for
/// administrators and owners.
struct Case {
    method: Method,
    path: String,
    body: Option<Value>,
    least: &'static str,
}

fn cases() -> Vec<Case> {
    let case = |method, path: String, body, least| Case {
        method,
        path,
        body,
        least,
    };
    let members = || "/v1/admin/workspace-members".to_owned();
    let put = |rest, body, least| case(Method::PUT, of_first(rest), Some(body), least);
    let get = |rest, least| case(Method::GET, of_first(rest), None, least);
    let new = json!({"email": "new@example.localhost", "role": "viewer"});
    let method = json!({"stripePaymentMethodId": "pm_card_visa"});
    vec![
        get("", "viewer"),
        get("/usages?type=bot_count", "viewer"),
        get("/quota?type=bot_count", "viewer"),
        get("/quotas", "viewer"),
        get("/audit-records", "manager"),
        get("/billing/details", "billing"),
        get("/billing/invoices", "billing"),
        put("", json!({"name": "Ours"}), "administrator"),
        put("", json!({"spendingLimit": 7}), "billing"),
        put("/change-plan", json!({"plan": "free"}), "billing"),
        put("/billing/payment-method", method, "billing"),
        case(
            Method::POST,
            of_first("/billing/invoices/charge-unpaid"),
            Some(json!({})),
            "billing",
        ),
        case(Method::GET, members(), None, "viewer"),
        case(Method::POST, members(), Some(new), "manager"),
        case(
            Method::PUT,
            format!("{}/none", members()),
            Some(json!({"role": "viewer"})),
            "manager",
        ),
        case(Method::DELETE, of_first(""), None, "owner"),
    ]
}

const ROLES: [&str; 6] = [
    "viewer",
    "billing",
    "developer",
    "manager",
    "administrator",
    "owner",
];

fn may(role: &str, least: &str) -> bool {
    let rank = |role| ROLES.iter().position(|one| *one == role);
    match least {
        "billing" => role == "billing" || rank(role) >= rank("administrator"),
        _ => rank(role) >= rank(least),
    }
}

#[tokio::test]
async fn each_operation_is_for_the_roles_that_may() {
    for role in ROLES {
        let server = TestServer::start().await;
        let caller = match role {
            "owner" => Caller::member(),
            other => with_role(&server, other).await,
        };
        for case in cases() {
            let (method, path) = (case.method, &case.path);
            let answer = caller.call(&server, method.clone(), path, case.body).await;
            let refused = answer.status == 403;
            let told = format!("{role}: {method} {path}: {}", answer.text);
            assert_eq!(!refused, may(role, case.least), "{told}");
            assert!(answer.status != 500, "{told}");
        }
    }
}

#[tokio::test]
async fn strangers_bots_and_nobody_are_refused() {
    let given = Given::new().await;
    let server = &given.server;
    let (_, token) = another_workspace(server).await;
    let stranger = Caller::with(&token).header("x-workspace-id", crate::support::WORKSPACE);
    let bot = Caller::with(&given.bot_token).header("x-workspace-id", crate::support::WORKSPACE);
    for case in cases() {
        let (method, path) = (case.method, &case.path);
        let of_members = path.starts_with("/v1/admin/workspace-members");
        let answer = stranger.call(server, method.clone(), path, case.body.clone());
        let status = if of_members { 403 } else { 404 };
        assert_eq!(answer.await.status, status, "{method} {path}");
        let answer = bot.call(server, method.clone(), path, case.body.clone());
        assert_eq!(answer.await.status, status, "{method} {path} by a bot");
        let mut nobody = server.request(method.clone(), path);
        if let Some(body) = case.body {
            nobody = nobody.json(&body);
        }
        assert_eq!(send(nobody).await.status, 401, "{method} {path} by nobody");
    }
    for path in ["/v1/admin/workspaces", "/v1/admin/account/pats"] {
        assert_eq!(bot.get(server, path).await.status, 403, "{path}");
        let nobody = server.request(Method::GET, path);
        assert_eq!(send(nobody).await.status, 401, "{path}");
    }
}

#[tokio::test]
async fn operations_stop_at_the_limit_of_the_workspace() {
    for case in cases() {
        let server = TestServer::with(|config| {
            config.limits.in_frozen_time = true;
            config.limits.botpress_admin.per_minute = 1;
        })
        .await;
        let (method, path) = (case.method, &case.path);
        let caller = Caller::member();
        let call = || caller.call(&server, method.clone(), path, case.body.clone());
        let first = call().await;
        assert_ne!(first.status, 429, "{method} {path}: {}", first.text);
        if case.least == "owner" {
            continue;
        }
        let second = call().await;
        assert_eq!(second.status, 429, "{method} {path}");
        assert!(second.header("retry-after").is_some());
    }
}
