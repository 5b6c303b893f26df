//! What happens by itself: end users that no conversation has come of are purged.

use std::time::Duration;

use parlance::domain::{
    end_users::{self, background},
    tenancy::audit::{self, Actor},
};
use serde_json::json;

use super::{created, events, get, patched, scope, unlimited, unpurged};
use crate::support::{TestServer, WORKSPACE};

const DAY: Duration = Duration::from_secs(24 * 3600);

/// Does at once what the server does every minute.
pub async fn sweep(server: &TestServer) {
    let swept = background::delete_expired(server.server().app()).await;
    swept.expect("swept");
}

#[tokio::test]
async fn create_end_user_makes_one_that_is_purged_after_a_day_without_a_conversation() {
    let server = unlimited().await;
    let unused = created(&server, json!({"external_id": "a"})).await;
    let talking = created(&server, json!({})).await;
    let (app, agent) = (server.server().app(), scope(&server).agent);
    let end_user = talking.as_str().into();
    app.run_write_tx_as(Actor::System, move |change| {
        end_users::cancel_purge(change, &agent, &end_user)
    })
    .await
    .expect("noted");
    server.clock.advance(DAY - Duration::from_secs(1));
    // A change of the profile makes no conversation.
    let body = json!({"profile": {"first_name": "x"}});
    patched(&server, &unused, body).await.expect(200);
    sweep(&server).await;
    get(&server, &format!("/end-users/{unused}"))
        .await
        .expect(200);
    let told = events(&server).len();
    server.clock.advance(Duration::from_secs(1));
    sweep(&server).await;
    get(&server, &format!("/end-users/{unused}"))
        .await
        .expect(404);
    get(&server, &format!("/end-users/{talking}"))
        .await
        .expect(200);
    assert_eq!(events(&server).len(), told, "there is no event for it");
    let records = app
        .store()
        .read(|conn| audit::list_newest(conn, &WORKSPACE.into(), 1))
        .expect("records");
    assert_eq!(records[0].action, "end_user.purge");
    assert_eq!(records[0].actor, "system");
    // The external id is free again.
    created(&server, json!({"external_id": "a"})).await;
}

#[tokio::test]
async fn create_end_user_makes_one_that_stays_if_told_so() {
    let server = unpurged().await;
    let id = created(&server, json!({})).await;
    server.clock.advance(DAY * 400);
    sweep(&server).await;
    get(&server, &format!("/end-users/{id}")).await.expect(200);
}

#[tokio::test]
async fn a_start_does_what_became_due_before() {
    let mut server = unlimited().await;
    for _ in 0..250 {
        created(&server, json!({})).await;
    }
    server.stop().await;
    server.clock.advance(DAY);
    server.restart().await;
    // The server does it by itself; this waits for the same.
    sweep(&server).await;
    let left = get(&server, "/end-users/").await.json();
    assert_eq!(left["data"], json!([]));
}

#[tokio::test]
async fn what_is_due_is_done_by_itself() {
    let server = unlimited().await;
    let id = created(&server, json!({})).await;
    server.clock.advance(DAY);
    // Each turn is a request, so that the server has time to work, and a minute for its clock.
    for _ in 0..10_000 {
        server.clock.advance(Duration::from_secs(60));
        if get(&server, &format!("/end-users/{id}")).await.status == 404 {
            return;
        }
    }
    panic!("it is not purged");
}
