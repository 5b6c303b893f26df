//! Keys, members and agents: rules of the domain that no dialect shows yet.

use parlance::{
    domain::tenancy::{
        accounts,
        agents::{self, NewAgent},
        api_keys::{self, KeyFilter, KeyKind, KeyOwner},
        audit::{self, Actor},
        members::{self, Role},
    },
    kernel::{
        Kind,
        ids::{AgentId, ApiKeyId, IntegrationId, WorkspaceId},
    },
};
use reqwest::Method;
use serde_json::json;

use crate::support::{TestServer, WORKSPACE};

fn workspace() -> WorkspaceId {
    WORKSPACE.into()
}

#[tokio::test]
async fn a_revoked_key_is_refused_at_the_next_call() {
    let server = TestServer::start().await;
    let app = server.server().app().clone();
    for _ in 0..20 {
        let (key, value) = app
            .run_write_tx_as(Actor::Operator, |change| {
                api_keys::create(
                    change,
                    KeyKind::Aloochat,
                    &KeyOwner::Workspace(workspace()),
                    "t",
                )
            })
            .await
            .expect("a key");
        let call = || server.aloochat_as(value.expose(), Method::GET, "/integrations/types", None);
        call().await.expect(200);
        let id = key.id.clone();
        app.run_write_tx_as(Actor::Operator, move |change| api_keys::revoke(change, &id))
            .await
            .expect("revoked");
        call().await.expect(401);
    }
}

#[tokio::test]
async fn a_key_of_another_kind_is_refused() {
    let server = TestServer::start().await;
    let app = server.server().app();
    let (_, cohere) = app
        .run_write_tx_as(Actor::Operator, |change| {
            api_keys::create(
                change,
                KeyKind::Cohere,
                &KeyOwner::Workspace(workspace()),
                "t",
            )
        })
        .await
        .expect("a key");
    let path = "/integrations/types";
    server
        .aloochat_as(cohere.expose(), Method::GET, path, None)
        .await
        .expect(401);
}

#[tokio::test]
async fn a_key_belongs_to_an_owner_of_its_kind() {
    let server = TestServer::start().await;
    let made = server
        .server()
        .app()
        .run_write_tx_as(Actor::Operator, |change| {
            let agent = agents::find(change.conn, &workspace(), "example")?;
            let account = accounts::find_oldest(change.conn)?.expect("an account");
            let owners = [
                KeyOwner::Account(account.id),
                KeyOwner::Workspace(workspace()),
                KeyOwner::Agent(workspace(), agent.id),
                KeyOwner::Integration(workspace(), IntegrationId::new_uuid()),
                KeyOwner::Operator,
            ];
            let mut fits = Vec::new();
            for kind in KeyKind::ALL {
                for (index, owner) in owners.iter().enumerate() {
                    if api_keys::create(change, *kind, owner, "t").is_ok() {
                        fits.push((kind.as_str(), index));
                    }
                }
            }
            Ok(fits)
        });
    assert_eq!(
        made.await.expect("a list"),
        [
            ("botpress_pat", 0),
            ("botpress_bot", 2),
            ("botpress_integration", 3),
            ("botpress_bak", 2),
            ("botpress_iak", 3),
            ("ada", 2),
            ("ada_end_users", 2),
            ("cohere", 1),
            ("aloochat", 1),
            ("operator", 4),
        ]
    );
}

#[tokio::test]
async fn a_new_end_users_key_kills_the_agents_old_one() {
    let server = TestServer::start().await;
    let app = server.server().app();
    let valid = app.run_write_tx_as(Actor::Operator, |change| {
        let agent = agents::find(change.conn, &workspace(), "example")?;
        let owner = KeyOwner::Agent(workspace(), agent.id.clone());
        api_keys::create(change, KeyKind::AdaEndUsers, &owner, "second")?;
        let other = NewAgent {
            id: AgentId::new_uuid(),
            handle: "other".to_owned(),
            name: "Other".to_owned(),
        };
        let other = agents::create(change, &workspace(), other)?;
        let owner = KeyOwner::Agent(workspace(), other.id);
        api_keys::create(change, KeyKind::AdaEndUsers, &owner, "of another agent")?;
        let filter = KeyFilter {
            kind: Some(KeyKind::AdaEndUsers),
            ..KeyFilter::default()
        };
        let keys = api_keys::list(change.conn, &filter)?;
        Ok(keys
            .into_iter()
            .map(|key| (key.name, key.revoked_at.is_none()))
            .collect::<Vec<_>>())
    });
    let expected = [
        ("fixed", false),
        ("second", true),
        ("of another agent", true),
    ];
    assert_eq!(
        valid.await.expect("a list"),
        expected.map(|(name, valid)| (name.to_owned(), valid))
    );
}

#[tokio::test]
async fn the_last_use_of_a_key_is_written_down() {
    let mut server = TestServer::start().await;
    server
        .aloochat(Method::GET, "/integrations", None)
        .await
        .expect(200);
    let used = server.clock.now();
    server.restart().await;
    let filter = KeyFilter {
        kind: Some(KeyKind::Aloochat),
        ..KeyFilter::default()
    };
    let store = server.server().app().store();
    let keys = store
        .read(|conn| api_keys::list(conn, &filter))
        .expect("keys");
    assert_eq!(keys[0].last_used_at, Some(used));
}

#[tokio::test]
async fn every_change_leaves_an_audit_record() {
    let server = TestServer::start().await;
    let body = json!({"name": "audited", "type": "slack"});
    let created = server.aloochat(Method::POST, "/integrations", Some(body));
    let id = created.await.expect(200).json()["id"]
        .as_str()
        .expect("an id")
        .to_owned();
    let path = format!("/integrations/{id}");
    let body = json!({"name": "changed"});
    server
        .aloochat(Method::PUT, &path, Some(body))
        .await
        .expect(200);
    // One that fails leaves none.
    let body = json!({"agent_id": "no uuid"});
    server
        .aloochat(Method::PUT, &path, Some(body))
        .await
        .expect(400);
    server
        .aloochat(Method::DELETE, &path, None)
        .await
        .expect(200);
    let store = server.server().app().store();
    let records = store
        .read(|conn| audit::list_newest(conn, &workspace(), 3))
        .expect("records");
    let told: Vec<_> = records
        .iter()
        .map(|record| (record.action.as_str(), record.resource_name.as_deref()))
        .collect();
    assert_eq!(
        told,
        [
            ("integration.delete", None),
            ("integration.update", Some("changed")),
            ("integration.create", Some("audited")),
        ]
    );
    assert!(records.iter().all(|record| record.resource_id == id));
    assert!(
        records
            .iter()
            .all(|record| record.actor.starts_with("key:"))
    );
}

#[tokio::test]
async fn members_have_roles_and_a_workspace_keeps_an_owner() {
    let server = TestServer::start().await;
    let done = server
        .server()
        .app()
        .run_write_tx_as(Actor::Operator, |change| {
            let owner = accounts::find_by_email(change.conn, "OWNER@example.localhost")?;
            let guest = accounts::create(change, "guest@example.localhost")?;
            members::add(change, &workspace(), &guest.id, Role::Viewer)?;
            let twice = members::add(change, &workspace(), &guest.id, Role::Owner);
            assert_eq!(twice.expect_err("a member already").kind(), Kind::Conflict);
            let last = members::set_role(change, &workspace(), &owner.id, Role::Viewer);
            assert_eq!(last.expect_err("no owner left").kind(), Kind::Forbidden);
            Ok((owner, guest))
        });
    // That change failed in part and says so only to the test; now the rest.
    let (owner, guest) = done.await.expect("accounts");
    let listed = server
        .server()
        .app()
        .run_write_tx_as(Actor::Operator, move |change| {
            members::set_role(change, &workspace(), &guest.id, Role::Owner)?;
            members::set_role(change, &workspace(), &owner.id, Role::Viewer)?;
            members::remove(change, &workspace(), &owner.id)?;
            assert_eq!(
                members::find_role(change.conn, &workspace(), &owner.id)?,
                None
            );
            members::list(change.conn, &workspace())
        });
    let listed = listed.await.expect("members");
    assert_eq!(listed.len(), 1);
    assert_eq!(
        (listed[0].role, listed[0].email.as_str()),
        (Role::Owner, "guest@example.localhost")
    );
}

#[tokio::test]
async fn handles_are_unique_and_well_formed() {
    let server = TestServer::start().await;
    for (handle, kind) in [
        ("example", Kind::Conflict),
        ("", Kind::Invalid),
        ("Upper", Kind::Invalid),
        ("-x", Kind::Invalid),
        ("a.b", Kind::Invalid),
    ] {
        let new = NewAgent {
            id: AgentId::new_uuid(),
            handle: handle.to_owned(),
            name: "x".to_owned(),
        };
        let made = server
            .server()
            .app()
            .run_write_tx_as(Actor::Operator, |change| {
                agents::create(change, &workspace(), new)
            });
        assert_eq!(made.await.expect_err(handle).kind(), kind, "{handle:?}");
    }
}

#[tokio::test]
async fn revoking_what_is_not_there_says_so() {
    let server = TestServer::start().await;
    let revoked = server
        .server()
        .app()
        .run_write_tx_as(Actor::Operator, |change| {
            api_keys::revoke(change, &ApiKeyId::new_uuid())
        });
    assert_eq!(
        revoked.await.expect_err("no such key").kind(),
        Kind::NotFound
    );
}

#[tokio::test]
async fn a_fixed_key_that_was_revoked_stays_revoked() {
    let mut server = TestServer::start().await;
    let path = "/integrations/types";
    server.aloochat(Method::GET, path, None).await.expect(200);
    server.restart().await;
    server.aloochat(Method::GET, path, None).await.expect(200);
    let revoked = server
        .server()
        .app()
        .run_write_tx_as(Actor::Operator, |change| {
            let filter = KeyFilter {
                kind: Some(KeyKind::Aloochat),
                ..KeyFilter::default()
            };
            let keys = api_keys::list(change.conn, &filter)?;
            assert_eq!(keys.len(), 1, "a second start makes no second key");
            api_keys::revoke(change, &keys[0].id)
        });
    revoked.await.expect("revoked");
    server.restart().await;
    server.aloochat(Method::GET, path, None).await.expect(401);
}
