//! A name of integrations belongs to one workspace: with a stranger in a workspace of their own, who knows
//! what the first workspace has.

use parlance::{
    domain::{
        bots::{
            integrations::{self, Integration, NewIntegration},
            manage::NewBot,
        },
        tenancy::{
            api_keys::{KeyKind, KeyOwner},
            audit::Actor,
        },
    },
    kernel::ids::WorkspaceId,
};
use serde_json::{Value, json};

use super::{
    given::{
        Caller, another_workspace, definition_of_integration, install, make_bot, put_integration,
        token,
    },
    runtime::{
        Pair, integration_logs,
        stand::Stand,
        webhooks::{GLOBAL, post, shared},
    },
};
use crate::support::{Answer, TestServer, WORKSPACE};

const INTEGRATIONS: &str = "/v1/admin/integrations";
const HUB: &str = "/v1/admin/hub/integrations";

/// The script that finds the identifier in the body.
const TEAM: &str = "body = parse_json!(.body)\nto_string!(body.team)";

/// Another workspace and its owner, in it.
struct Stranger {
    workspace: String,
    member: Caller,
}

impl Stranger {
    async fn new(server: &TestServer) -> Self {
        let (workspace, token) = another_workspace(server).await;
        let member = Caller::with(&token).header("x-workspace-id", &workspace);
        Self { workspace, member }
    }

    async fn create(&self, server: &TestServer, body: Value) -> Answer {
        self.member.post(server, INTEGRATIONS, body).await
    }

    /// A version of an integration with a script, installed in a bot of the stranger and found there by
    /// `team-1`.
    async fn namesake(
        &self,
        server: &TestServer,
        version: &str,
        url: &str,
        script: &str,
    ) -> Integration {
        let mut new = NewIntegration {
            dev: true,
            url: Some(url.to_owned()),
            ..definition_of_integration("whint", version)
        };
        let identifier = json!({"extractScript": script});
        new.definition.identifier = serde_json::from_value(identifier).expect("an identifier");
        let made = put_integration(server, &self.workspace, new).await;
        let bot = NewBot {
            dev: true,
            ..NewBot::default()
        };
        let bot = make_bot(server, &self.workspace, bot).await;
        install(server, &bot, &made, json!({})).await;
        let owner = KeyOwner::Integration(self.workspace.as_str().into(), made.id.clone());
        let caller = Caller::with(&token(server, KeyKind::BotpressIntegration, owner).await)
            .header("x-bot-id", bot.id.as_str())
            .header("x-integration-id", made.id.as_str());
        let body = json!({"identifier": "team-1"});
        let configured = caller.post(server, "/v1/chat/integrations/configure", body);
        configured.await.expect(200);
        made
    }
}

fn public(name: &str, version: &str) -> Value {
    json!({"name": name, "version": version, "public": true})
}

fn is_taken(answer: &Answer) -> bool {
    answer.status == 409 && answer.json()["type"] == "AlreadyExists"
}

async fn publish(server: &TestServer, name: &str, version: &str) -> String {
    let body = public(name, version);
    let made = Caller::member().post(server, INTEGRATIONS, body).await;
    let made = made.expect(200).json();
    made["integration"]["id"]
        .as_str()
        .expect("an id")
        .to_owned()
}

/// How often a stand was asked to take what came to a webhook.
fn received(stand: &Stand) -> usize {
    let asked = stand.asked();
    let received = asked
        .iter()
        .filter(|asked| asked.operation() == "webhook_received");
    received.count()
}

#[tokio::test]
async fn a_shared_webhook_is_not_taken_over_by_namesakes() {
    let pair = shared(None, TEAM).await;
    let server = &pair.given.server;
    let stranger = Stranger::new(server).await;
    let theirs = Stand::start().await;
    theirs.answer_with(200, "stolen");
    pair.integration.answer_with(200, "taken");
    let spy = format!("{TEAM}\n\"team-1\"");
    stranger
        .namesake(server, "99.0.0", theirs.url(), &spy)
        .await;
    let broken = "parse_json!(\"no json\")";
    stranger
        .namesake(server, "98.0.0", theirs.url(), broken)
        .await;
    for patch in 0..20 {
        let version = format!("90.0.{patch}");
        stranger
            .namesake(server, &version, theirs.url(), "\"other\"")
            .await;
    }
    let answer = post(server, GLOBAL, r#"{"team":"team-1"}"#).await;
    assert_eq!(answer.expect(200).text, "taken");
    assert_eq!((received(&pair.integration), received(&theirs)), (1, 0));
    let log = integration_logs(server);
    assert_eq!(
        log,
        Vec::<Value>::new(),
        "no script of the stranger has run"
    );
    // Theirs has an address of its own, which the first workspace does not see; nor is there another.
    let own = |workspace: &str| format!("/webhook/integration/workspace/{workspace}/whint");
    let answer = post(server, &own(&stranger.workspace), r#"{"team":"team-1"}"#).await;
    assert_eq!(answer.expect(200).text, "stolen");
    assert_eq!((received(&pair.integration), received(&theirs)), (1, 1));
    let answer = post(server, &own(WORKSPACE), r#"{"team":"team-1"}"#).await;
    assert_eq!(answer.expect(200).text, "taken");
    for nobodys in [own("none"), format!("{}/x", own(WORKSPACE))] {
        post(server, &nobodys, "{}").await.expect(404);
    }
    assert_eq!((received(&pair.integration), received(&theirs)), (2, 1));
}

#[tokio::test]
async fn a_shared_webhook_is_that_of_who_publishes_the_name() {
    let pair = shared(None, TEAM).await;
    let server = &pair.given.server;
    let stranger = Stranger::new(server).await;
    let theirs = Stand::start().await;
    theirs.answer_with(200, "published");
    pair.integration.answer_with(200, "private");
    let made = stranger.namesake(server, "1.0.0", theirs.url(), TEAM).await;
    let event = r#"{"team":"team-1"}"#;
    assert_eq!(post(server, GLOBAL, event).await.text, "private");
    let path = format!("{INTEGRATIONS}/{}", made.id);
    let body = json!({"public": true});
    stranger
        .member
        .put(server, &path, body.clone())
        .await
        .expect(200);
    assert_eq!(post(server, GLOBAL, event).await.text, "published");
    let own = format!("/webhook/integration/workspace/{WORKSPACE}/whint");
    assert_eq!(post(server, &own, event).await.text, "private");
    let log = integration_logs(server);
    let line = log.last().and_then(Value::as_str).expect("a line");
    assert!(line.starts_with("warn Another workspace has published the name whint"));
    assert!(line.ends_with(&own), "{line}");
    // It stays theirs, whatever becomes of the version.
    let hide = json!({"public": false});
    stranger.member.put(server, &path, hide).await.expect(200);
    assert_eq!(post(server, GLOBAL, event).await.text, "published");
    let path = format!("{INTEGRATIONS}/{}", pair.given.integration.id);
    let refused = Caller::member().put(server, &path, body).await;
    assert!(is_taken(&refused), "{}", refused.text);
}

#[tokio::test]
async fn a_public_name_is_published_by_one_workspace() {
    let server = TestServer::start().await;
    let stranger = Stranger::new(&server).await;
    let first = publish(&server, "acme/pay", "1.0.0").await;
    let refused = stranger.create(&server, public("acme/pay", "1.0.1")).await;
    assert!(is_taken(&refused), "{}", refused.text);
    crate::support::assert_answer!("publish_name_of_another", refused);
    // A private one of that name is nobody else's business, and cannot be made public.
    let private = json!({"name": "acme/pay", "version": "1.0.1"});
    let private = stranger.create(&server, private).await.expect(200).json();
    let id = private["integration"]["id"].as_str().expect("an id");
    let path = format!("{INTEGRATIONS}/{id}");
    let refused = stranger
        .member
        .put(&server, &path, json!({"public": true}))
        .await;
    assert!(is_taken(&refused), "{}", refused.text);
    let latest = format!("{HUB}/acme%2Fpay/latest");
    let found = stranger
        .member
        .get(&server, &latest)
        .await
        .expect(200)
        .json();
    assert_eq!(found["integration"]["id"], first.as_str());
    publish(&server, "acme/pay", "1.0.1").await;
    let found = stranger
        .member
        .get(&server, &latest)
        .await
        .expect(200)
        .json();
    assert_eq!(found["integration"]["version"], "1.0.1");
}

#[tokio::test]
async fn a_handle_claims_the_names_that_begin_with_it() {
    let server = TestServer::start().await;
    let stranger = Stranger::new(&server).await;
    for name in ["another/pay", "anOther/pay"] {
        let body = public(name, "1.0.0");
        let refused = Caller::member().post(&server, INTEGRATIONS, body).await;
        assert!(is_taken(&refused), "{}", refused.text);
    }
    // Nor has anyone else a private one, or one in development.
    for more in [json!({}), json!({"dev": true, "url": "http://127.0.0.1:9"})] {
        let mut body = json!({"name": "another/pay", "version": "1.0.0"});
        for (name, value) in more.as_object().expect("an object") {
            body[name] = value.clone();
        }
        let refused = Caller::member().post(&server, INTEGRATIONS, body).await;
        assert!(is_taken(&refused), "{}", refused.text);
        assert!(refused.text.contains("another/"), "{}", refused.text);
    }
    stranger
        .create(&server, public("another/pay", "1.0.0"))
        .await
        .expect(200);
    // Nobody is given the handle that names of others begin with.
    publish(&server, "acme/pay", "1.0.0").await;
    let body = json!({"name": "Acme"});
    let made = stranger
        .member
        .post(&server, "/v1/admin/workspaces", body)
        .await;
    let handle = made.expect(200).json()["handle"].clone();
    let handle = handle.as_str().expect("a handle");
    assert!(handle.starts_with("acme-"), "{handle}");
}

#[tokio::test]
async fn a_published_name_is_not_free_when_its_versions_or_its_workspace_are_gone() {
    let server = TestServer::start().await;
    let stranger = Stranger::new(&server).await;
    let made = stranger
        .create(&server, public("pay", "1.0.0"))
        .await
        .expect(200)
        .json();
    let id = made["integration"]["id"].as_str().expect("an id");
    let path = format!("{INTEGRATIONS}/{id}");
    stranger.member.delete(&server, &path).await.expect(200);
    let again = || async {
        let body = public("pay", "2.0.0");
        Caller::member().post(&server, INTEGRATIONS, body).await
    };
    assert!(is_taken(&again().await), "its workspace is there");
    stranger
        .create(&server, public("pay", "1.0.1"))
        .await
        .expect(200);
    let path = format!("/v1/admin/workspaces/{}", stranger.workspace);
    stranger.member.delete(&server, &path).await.expect(200);
    let page = Caller::person()
        .get(&server, &format!("{HUB}?name=pay"))
        .await;
    assert_eq!(page.expect(200).json()["integrations"], json!([]));
    assert!(is_taken(&again().await), "others may have it installed");
    // Only the operator gives it to somebody else.
    let given = server
        .server()
        .app()
        .run_write_tx_as(Actor::Operator, |change| {
            integrations::give_name(change, "pay", &WorkspaceId::from(WORKSPACE))
        });
    given.await.expect("it is given");
    again().await.expect(200);
}

#[tokio::test]
async fn a_name_that_others_publish_is_not_given_away() {
    let server = TestServer::start().await;
    let stranger = Stranger::new(&server).await;
    publish(&server, "pay", "1.0.0").await;
    let given = server
        .server()
        .app()
        .run_write_tx_as(Actor::Operator, move |change| {
            integrations::give_name(change, "pay", &stranger.workspace.as_str().into())
        });
    let refused = given.await.expect_err("it is in use");
    assert_eq!(refused.kind(), parlance::kernel::Kind::RelationConflict);
}

#[tokio::test]
async fn a_workspace_owns_so_many_names() {
    let server = TestServer::with(|config| config.bounds.integration_names = 2).await;
    publish(&server, "one", "1.0.0").await;
    publish(&server, "two", "1.0.0").await;
    publish(&server, "two", "1.0.1").await;
    let body = public("three", "1.0.0");
    let refused = Caller::member().post(&server, INTEGRATIONS, body).await;
    assert_eq!(refused.json()["type"], "LimitExceeded", "{}", refused.text);
    assert!(
        refused.text.contains("bounds.integration_names"),
        "{}",
        refused.text
    );
    // Others are only found at the address of their workspace.
    let body = json!({"name": "three", "version": "1.0.0"});
    Caller::member()
        .post(&server, INTEGRATIONS, body)
        .await
        .expect(200);
}

/// A customer's bot with a public integration of the first workspace, which has kept a token.
struct Customer {
    stranger: Stranger,
    bot: String,
    vendor: Caller,
}

const STATE: &str = "/v1/chat/states/integration";

fn token_state() -> Value {
    json!({"payload": {"position": 7}})
}

impl Customer {
    async fn new(server: &TestServer) -> Self {
        let stranger = Stranger::new(server).await;
        let new = NewIntegration {
            public: true,
            ..definition_of_integration("acme/pay", "1.0.0")
        };
        let made = put_integration(server, WORKSPACE, new).await;
        let bot = make_bot(server, &stranger.workspace, NewBot::default()).await;
        let customer = Self {
            vendor: vendor(server, WORKSPACE, &made, bot.id.as_str()).await,
            bot: bot.id.to_string(),
            stranger,
        };
        customer
            .install(server, json!({"pay": {"integrationId": made.id}}))
            .await;
        let path = format!("{STATE}/{}/cursor", made.id);
        customer
            .vendor
            .post(server, &path, token_state())
            .await
            .expect(200);
        customer
    }

    async fn install(&self, server: &TestServer, integrations: Value) -> Value {
        let path = format!("/v1/admin/bots/{}", self.bot);
        let body = json!({"integrations": integrations});
        let changed = self.stranger.member.put(server, &path, body).await;
        changed.expect(200).json()["bot"]["integrations"].clone()
    }
}

/// An integration with a token of its own, in a bot.
async fn vendor(
    server: &TestServer,
    workspace: &str,
    integration: &Integration,
    bot: &str,
) -> Caller {
    let owner = KeyOwner::Integration(workspace.into(), integration.id.clone());
    Caller::with(&token(server, KeyKind::BotpressIntegration, owner).await)
        .header("x-bot-id", bot)
        .header("x-integration-id", integration.id.as_str())
}

#[tokio::test]
async fn states_and_webhooks_go_by_owner_and_name() {
    let server = TestServer::start().await;
    let customer = Customer::new(&server).await;
    let before = customer.install(&server, json!({})).await["pay"].clone();
    // Another workspace's version in the place of the vendor's: here the customer's own.
    let new = definition_of_integration("acme/pay", "1.0.1");
    let other = put_integration(&server, &customer.stranger.workspace, new).await;
    let replaced = json!({"pay": {"integrationId": other.id}});
    let after = customer.install(&server, replaced).await["pay"].clone();
    assert_eq!(after["version"], "1.0.1");
    assert_ne!(after["webhookId"], before["webhookId"]);
    let caller = vendor(&server, &customer.stranger.workspace, &other, &customer.bot).await;
    let path = format!("{STATE}/{}/cursor", other.id);
    assert_eq!(
        caller.get(&server, &path).await.status,
        404,
        "it is the vendor's"
    );
    // A newer version of the vendor finds what the older one has kept, and the webhook.
    let new = NewIntegration {
        public: true,
        ..definition_of_integration("acme/pay", "1.1.0")
    };
    let newer = put_integration(&server, WORKSPACE, new).await;
    let id = before["id"].as_str().expect("an id");
    customer
        .install(&server, json!({"pay": {"integrationId": id}}))
        .await;
    let again = json!({"pay": {"integrationId": newer.id}});
    let again = customer.install(&server, again).await["pay"].clone();
    assert_eq!(again["webhookId"], before["webhookId"]);
    let caller = vendor(&server, WORKSPACE, &newer, &customer.bot).await;
    let path = format!("{STATE}/{}/cursor", newer.id);
    let found = caller.get(&server, &path).await.expect(200).json();
    assert_eq!(found["state"]["payload"], json!({"position": 7}));
}

#[tokio::test]
async fn a_workspace_is_deleted_whose_integrations_others_have_removed() {
    let server = TestServer::start().await;
    let customer = Customer::new(&server).await;
    let gone = make_bot(&server, &customer.stranger.workspace, NewBot::default()).await;
    let path = format!("/v1/admin/bots/{}", gone.id);
    let id = customer.install(&server, json!({})).await["pay"]["id"].clone();
    let body = json!({"integrations": {"pay": {"integrationId": id}}});
    let member = &customer.stranger.member;
    member.put(&server, &path, body.clone()).await.expect(200);
    let workspace = format!("/v1/admin/workspaces/{WORKSPACE}");
    let delete = || async { Caller::person().delete(&server, &workspace).await };
    assert_eq!(delete().await.status, 409, "two bots have it");
    member.delete(&server, &path).await.expect(200);
    customer.install(&server, json!({"pay": null})).await;
    delete().await.expect(200);
    let purged =
        parlance::domain::lifecycle::workspace_deletion::purge(server.server().app()).await;
    purged.expect("nothing stands in the way");
    let refused = member
        .put(&server, &format!("/v1/admin/bots/{}", customer.bot), body)
        .await;
    assert_eq!(
        refused.json()["type"],
        "ReferenceNotFound",
        "{}",
        refused.text
    );
    let left = server.server().app().store().read(|conn| {
        let sql = "SELECT count(*) FROM integrations WHERE name = 'acme/pay'";
        Ok(conn.query_row(sql, [], |row| row.get::<_, i64>(0))?)
    });
    assert_eq!(left.expect("a count"), 0);
}

#[tokio::test]
async fn a_name_that_is_only_held_goes_to_the_next_with_the_workspace() {
    let pair = Pair::start().await;
    let server = &pair.given.server;
    let stranger = Stranger::new(server).await;
    let theirs = Stand::start().await;
    theirs.answer_with(200, "next");
    stranger.namesake(server, "1.0.0", theirs.url(), TEAM).await;
    let event = r#"{"team":"team-1"}"#;
    post(server, GLOBAL, event).await.expect(404);
    assert_eq!(
        received(&theirs),
        0,
        "the first workspace has it, whatever it does with it"
    );
    let path = format!("/v1/admin/workspaces/{WORKSPACE}");
    Caller::person().delete(server, &path).await.expect(200);
    assert_eq!(post(server, GLOBAL, event).await.expect(200).text, "next");
}
