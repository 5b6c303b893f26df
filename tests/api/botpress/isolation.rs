//! Two workspaces on one server: whatever the people of one do, nothing changes of what the people of the
//! other see, and nothing of theirs is shown or changed.

use parlance::{
    domain::tenancy::{
        accounts,
        api_keys::{self, KeyKind, KeyOwner},
        audit::Actor,
        members::{self, Role},
        workspaces,
    },
    kernel::ids::WorkspaceId,
};
use proptest::{collection::vec, prelude::*, test_runner::TestCaseError};
use reqwest::Method;
use serde_json::{Value, json};

use super::given::Caller;
use crate::support::TestServer;

/// What one does in one's own workspace.
#[derive(Debug, Clone, Copy)]
enum Deed {
    CreateBot,
    RenameBot,
    DeleteBot,
    CreateIntegration,
    Invite,
    RemoveMember,
    Rename,
    SetPaymentMethod,
    Pay,
    StopPaying,
    CreateUser,
    CreateConversation,
    CreateEvent,
    CreateToken,
}

const DEEDS: [Deed; 14] = [
    Deed::CreateBot,
    Deed::RenameBot,
    Deed::DeleteBot,
    Deed::CreateIntegration,
    Deed::Invite,
    Deed::RemoveMember,
    Deed::Rename,
    Deed::SetPaymentMethod,
    Deed::Pay,
    Deed::StopPaying,
    Deed::CreateUser,
    Deed::CreateConversation,
    Deed::CreateEvent,
    Deed::CreateToken,
];

/// One step: who does what, and with which of the things there are.
#[derive(Debug, Clone, Copy)]
struct Step {
    side: usize,
    deed: Deed,
    which: usize,
}

fn step() -> impl Strategy<Value = Step> {
    let deed = (0..DEEDS.len()).prop_map(|index| DEEDS[index]);
    (0..2_usize, deed, 0..8_usize).prop_map(|(side, deed, which)| Step { side, deed, which })
}

/// A workspace with the token of its owner, and the ids of what was made in it.
struct Side {
    workspace: String,
    person: Caller,
    made: usize,
    bots: Vec<String>,
    integrations: Vec<String>,
    members: Vec<String>,
    users: Vec<String>,
}

impl Side {
    async fn new(server: &TestServer, name: &'static str) -> Self {
        let app = server.server().app();
        let made = app.run_write_tx_as(Actor::Operator, move |change| {
            let workspace = workspaces::create(change, WorkspaceId::new_uuid(), name)?;
            let account = accounts::create(change, &format!("{name}@example.localhost"))?;
            members::add(change, &workspace.id, &account.id, Role::Owner)?;
            let owner = KeyOwner::Account(account.id);
            let (_, token) = api_keys::create(change, KeyKind::BotpressPat, &owner, "test")?;
            Ok((workspace.id.to_string(), token.expose().to_owned()))
        });
        let (workspace, token) = made.await.expect("a workspace");
        Self {
            workspace,
            person: Caller::with(&token),
            made: 0,
            bots: Vec::new(),
            integrations: Vec::new(),
            members: Vec::new(),
            users: Vec::new(),
        }
    }

    fn member(&self) -> Caller {
        self.person
            .clone()
            .header("x-workspace-id", &self.workspace)
    }

    fn in_bot(&self, which: usize) -> Option<Caller> {
        let bot = pick(&self.bots, which)?;
        Some(self.person.clone().header("x-bot-id", bot))
    }

    fn path(&self, rest: &str) -> String {
        format!("/v1/admin/workspaces/{}{rest}", self.workspace)
    }

    /// A name that is said nowhere else.
    fn name(&mut self, what: &str) -> String {
        self.made += 1;
        format!("{what}{}", self.made)
    }

    /// Does something, and remembers what came of it.
    async fn act(&mut self, server: &TestServer, step: Step) {
        let (member, which) = (self.member(), step.which);
        let put = async |path: String, body: Value| {
            member.put(server, &path, body).await;
        };
        match step.deed {
            Deed::CreateBot => {
                let body = json!({
                    "name": self.name("bot"),
                    "user": {"tags": {"own": {}}},
                    "events": {"ping": {"schema": {}}},
                });
                let made = member.post(server, "/v1/admin/bots", body).await;
                self.bots.extend(id_in(&made.json()["bot"]));
            }
            Deed::RenameBot => {
                if let Some(bot) = pick(&self.bots, which).cloned() {
                    let name = self.name("renamed");
                    put(format!("/v1/admin/bots/{bot}"), json!({"name": name})).await;
                }
            }
            Deed::DeleteBot => {
                if let Some(bot) = pick(&self.bots, which).cloned() {
                    member
                        .delete(server, &format!("/v1/admin/bots/{bot}"))
                        .await;
                }
            }
            Deed::CreateIntegration => {
                let body = json!({"name": self.name("int"), "version": "0.1.0"});
                let made = member.post(server, "/v1/admin/integrations", body).await;
                self.integrations.extend(id_in(&made.json()["integration"]));
            }
            Deed::Invite => {
                let email = format!("{}@{}.localhost", self.name("m"), self.workspace);
                let body = json!({"email": email, "role": "viewer"});
                let path = "/v1/admin/workspace-members";
                let made = member.post(server, path, body).await;
                self.members.extend(id_in(&made.json()));
            }
            Deed::RemoveMember => {
                if let Some(id) = pick(&self.members, which).cloned() {
                    let path = format!("/v1/admin/workspace-members/{id}");
                    member.delete(server, &path).await;
                }
            }
            Deed::Rename => {
                let name = self.name("workspace");
                put(
                    self.path(""),
                    json!({"name": name, "spendingLimit": 5 + which}),
                )
                .await;
            }
            Deed::SetPaymentMethod => {
                let body = json!({"stripePaymentMethodId": "pm_card_visa"});
                put(self.path("/billing/payment-method"), body).await;
            }
            Deed::Pay => put(self.path("/change-plan"), json!({"plan": "premium"})).await,
            Deed::StopPaying => put(self.path("/change-plan"), json!({"plan": "free"})).await,
            Deed::CreateUser => {
                if let Some(bot) = self.in_bot(which) {
                    let body = json!({"tags": {"own": self.workspace}, "name": self.name("user")});
                    let made = bot.post(server, "/v1/chat/users", body).await;
                    self.users.extend(id_in(&made.json()["user"]));
                }
            }
            Deed::CreateConversation => {
                if let Some(bot) = self.in_bot(which) {
                    let body = json!({"channel": "x", "tags": {}});
                    bot.post(server, "/v1/chat/conversations", body).await;
                }
            }
            Deed::CreateEvent => {
                if let Some(bot) = self.in_bot(which) {
                    let body = json!({"type": "ping", "payload": {}});
                    bot.post(server, "/v1/chat/events", body).await;
                }
            }
            Deed::CreateToken => {
                let body = json!({"note": self.name("token")});
                self.person
                    .post(server, "/v1/admin/account/pats", body)
                    .await;
            }
        }
    }

    /// Everything that its people see.
    async fn view(&self, server: &TestServer) -> Vec<(String, String)> {
        let mut paths = vec![
            "/v1/admin/account/me".to_owned(),
            "/v1/admin/account/pats".to_owned(),
            "/v1/admin/workspaces".to_owned(),
            "/v1/admin/workspace-members".to_owned(),
            "/v1/admin/bots".to_owned(),
            "/v1/admin/integrations".to_owned(),
            self.path("/usages?type=bot_count"),
            self.path("/usages?type=integrations_owned_count"),
            self.path("/usages?type=workspace_member_count"),
            self.path("/quotas"),
            self.path("/audit-records"),
            self.path("/billing/details"),
            self.path("/billing/invoices"),
        ];
        paths.extend(self.bots.iter().map(|id| format!("/v1/admin/bots/{id}")));
        let mut seen = Vec::new();
        for path in paths {
            let answer = self.member().get(server, &path).await;
            seen.push((path, shown(&answer.text)));
        }
        for bot in &self.bots {
            for what in ["users", "conversations", "events"] {
                let path = format!("/v1/chat/{what}");
                let caller = self.person.clone().header("x-bot-id", bot);
                let answer = caller.get(server, &path).await;
                seen.push((format!("{bot} {path}"), shown(&answer.text)));
            }
        }
        seen
    }

    /// Requests that would show or change what is here, if another could make them.
    fn targets(&self) -> Vec<(Method, String, Option<Value>)> {
        let mut targets = vec![
            (Method::GET, self.path(""), None),
            (Method::PUT, self.path(""), Some(json!({"name": "taken"}))),
            (Method::GET, self.path("/audit-records"), None),
            (Method::GET, self.path("/billing/invoices"), None),
            (Method::GET, self.path("/usages?type=bot_count"), None),
            (Method::DELETE, self.path(""), None),
        ];
        let usage = format!("/v1/admin/usages/{}?type=bot_count", self.workspace);
        targets.push((Method::GET, usage, None));
        for (what, ids) in [
            ("bots", &self.bots),
            ("integrations", &self.integrations),
            ("workspace-members", &self.members),
        ] {
            for id in ids {
                let path = format!("/v1/admin/{what}/{id}");
                let body = match what {
                    "workspace-members" => json!({"role": "owner"}),
                    _ => json!({"name": "taken"}),
                };
                targets.push((Method::PUT, path.clone(), Some(body)));
                targets.push((Method::DELETE, path.clone(), None));
                targets.push((Method::GET, path, None));
            }
        }
        targets
    }
}

fn pick(ids: &[String], which: usize) -> Option<&String> {
    ids.get(which % ids.len().max(1))
}

fn id_in(value: &Value) -> Option<String> {
    value["id"].as_str().map(str::to_owned)
}

/// A body without the ids of errors, which differ each time.
fn shown(text: &str) -> String {
    match serde_json::from_str::<Value>(text) {
        Ok(mut body) if body.get("code").is_some() => {
            body["id"] = Value::Null;
            body.to_string()
        }
        _ => text.to_owned(),
    }
}

async fn check(steps: Vec<Step>) -> Result<(), TestCaseError> {
    let server = TestServer::start().await;
    let mut sides = [
        Side::new(&server, "first").await,
        Side::new(&server, "second").await,
    ];
    for step in steps {
        let other = 1 - step.side;
        let before = sides[other].view(&server).await;
        sides[step.side].act(&server, step).await;
        prop_assert_eq!(
            sides[other].view(&server).await,
            before.clone(),
            "{:?}",
            step
        );
        let caller = sides[step.side].member();
        let mut targets = sides[other].targets();
        for _ in 0..4.min(targets.len()) {
            let target = targets.swap_remove(step.which % targets.len());
            let (method, path, body) = target;
            let answer = caller.call(&server, method.clone(), &path, body).await;
            let refused = matches!(answer.status.as_u16(), 403..=405);
            prop_assert!(refused, "{} {}: {}", method, path, answer.text);
        }
        let after = sides[other].view(&server).await;
        prop_assert_eq!(after, before, "what {:?} tried", step);
        let own: String = sides[step.side]
            .view(&server)
            .await
            .into_iter()
            .map(|(_, seen)| seen)
            .collect();
        let foreign = &sides[other];
        let ids = [
            &foreign.bots,
            &foreign.integrations,
            &foreign.users,
            &foreign.members,
        ];
        for id in ids.into_iter().flatten().chain([&foreign.workspace]) {
            prop_assert!(!own.contains(id.as_str()), "{} is shown to another", id);
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 6,
        max_shrink_iters: 60,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn no_workspace_sees_or_changes_what_is_anothers(steps in vec(step(), 4..16)) {
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        runtime.block_on(check(steps))?;
    }
}
