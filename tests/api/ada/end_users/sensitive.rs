//! Sensitive metadata: sealed, never shown, gone after a day.

use std::time::Duration;

use parlance::domain::{end_users, tenancy::sealed_columns};
use reqwest::Method;
use serde_json::{Map, Value, json};

use super::{created, events, get, patched, scope, time::sweep, unlimited, unpurged, v1};
use crate::support::{TestServer, file_contains};

const PLANTED: &str = "planted-sensitive-77aa";

/// What the agent itself sees of it.
fn kept(server: &TestServer, id: &str) -> Value {
    let agent = scope(server).agent;
    let values = end_users::load_sensitive_metadata(server.server().app(), &agent, &id.into());
    Value::Object(values.expect("values"))
}

/// The sealed values, as they are stored.
fn sealed(server: &TestServer) -> Vec<Vec<u8>> {
    let store = server.server().app().store();
    let sealed = store.read(|conn| {
        let mut statement = conn.prepare("SELECT sealed FROM end_user_sensitive")?;
        let rows = statement.query_map([], |row| row.get(0))?;
        Ok(rows.collect::<Result<Vec<_>, _>>()?)
    });
    sealed.expect("rows")
}

fn sensitive(fields: Value) -> Value {
    json!({"profile": {"sensitive_metadata": {"fields": fields}}})
}

fn in_a_file(server: &TestServer, bytes: &[u8]) -> bool {
    let path = &server.config.store.path;
    ["", "-wal"].iter().any(|suffix| {
        let mut name = path.clone().into_os_string();
        name.push(suffix);
        let found = std::fs::read(name).unwrap_or_default();
        found.windows(bytes.len()).any(|window| window == bytes)
    })
}

#[tokio::test]
async fn patch_end_user_by_id_keeps_sensitive_metadata_for_a_day_and_shows_it_nowhere() {
    let mut server = unpurged().await;
    let id = created(&server, sensitive(json!({"token": PLANTED, "pin": 1}))).await;
    server.clock.advance(Duration::from_secs(3600));
    let body = sensitive(json!({"pin": 2, "ok": true, "none": null}));
    let answer = patched(&server, &id, body).await.expect(200);
    assert_eq!(
        kept(&server, &id),
        json!({"ok": true, "pin": 2, "token": PLANTED})
    );
    let mut seen = vec![answer.text, get(&server, "/end-users/").await.text];
    seen.push(get(&server, &format!("/end-users/{id}")).await.text);
    seen.push(v1(&server, Method::GET, &format!("/{id}"), None).await.text);
    seen.push(Value::from(events(&server)).to_string());
    for text in seen {
        assert!(
            !text.contains(PLANTED) && !text.contains("sensitive"),
            "{text}"
        );
    }
    let stored = sealed(&server);
    assert_eq!(stored.len(), 3);
    assert!(in_a_file(&server, &stored[0]));

    // A day after the first request, what it set and nobody set again is gone at once …
    server.clock.advance(Duration::from_secs(23 * 3600 - 1));
    assert_eq!(
        kept(&server, &id),
        json!({"ok": true, "pin": 2, "token": PLANTED})
    );
    server.clock.advance(Duration::from_secs(1));
    assert_eq!(kept(&server, &id), json!({"ok": true, "pin": 2}));
    server.clock.advance(Duration::from_secs(3600));
    assert_eq!(kept(&server, &id), json!({}));
    // … and then from the disk.
    sweep(&server).await;
    assert_eq!(sealed(&server), [[0_u8; 0]; 0]);
    get(&server, &format!("/end-users/{id}")).await.expect(200);
    server.stop().await;
    for bytes in &stored {
        assert!(
            !in_a_file(&server, bytes),
            "the sealed value is still there"
        );
    }
    assert!(!file_contains(&server.config.store.path, PLANTED));
}

#[tokio::test]
async fn patch_end_user_by_id_removes_sensitive_metadata() {
    let server = unlimited().await;
    let id = created(&server, sensitive(json!({"a": 1, "b": "x", "c": false}))).await;
    patched(&server, &id, sensitive(json!({"a": null})))
        .await
        .expect(200);
    assert_eq!(kept(&server, &id), json!({"b": "x", "c": false}));
    let all = json!({"profile": {"sensitive_metadata": null}});
    patched(&server, &id, all).await.expect(200);
    assert_eq!(kept(&server, &id), Value::Object(Map::new()));
}

#[tokio::test]
async fn sensitive_metadata_is_another_agents_in_no_case() {
    let server = unlimited().await;
    let id = created(&server, sensitive(json!({"a": 1}))).await;
    let app = server.server().app();
    let other = parlance::kernel::ids::AgentId::new_uuid();
    let values = end_users::load_sensitive_metadata(app, &other, &id.as_str().into());
    assert_eq!(values.expect("values"), Map::new());
}

#[tokio::test]
async fn a_value_that_does_not_open_is_found_by_the_check() {
    let mut server = unlimited().await;
    server.damaged = true;
    let id = created(&server, sensitive(json!({"a": 1}))).await;
    let app = server.server().app();
    let unreadable = || {
        let found = app
            .store()
            .read(|conn| sealed_columns::find_unreadable(conn, Some(app.sealer())));
        let owners = found.expect("a list").listed.into_iter();
        owners
            .map(|value| value.owner.expect("an owner"))
            .collect::<Vec<_>>()
    };
    assert_eq!(unreadable(), [""; 0]);
    let broken = app.store().write(|conn| {
        conn.execute("UPDATE end_user_sensitive SET name = 'b'", [])?;
        Ok(())
    });
    broken.await.expect("changed");
    assert_eq!(unreadable(), [format!("end user {id}")]);
}
