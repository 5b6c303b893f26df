//! Nothing that a stranger wrote runs on the thread that everybody's changes wait for. In builds with debug
//! assertions the server refuses it there, so that every other test would find out.

#![cfg(debug_assertions)]

use std::time::Duration;

use futures_util::FutureExt;
use parlance::{
    domain::{App, tenancy::audit::Actor},
    kernel::{
        schema::{Limits, Schema},
        violation::Location,
    },
    net::outbound::OutboundRequest,
};
use serde_json::json;

use crate::support::TestServer;

/// The error of a change in whose transaction this is done.
async fn done_in_a_change(server: &TestServer, work: impl FnOnce(&App) + Send + 'static) -> String {
    let app = server.server().app().clone();
    let within = app.clone();
    let changed = app.run_write_tx_as(Actor::System, move |_| {
        work(&within);
        Ok(())
    });
    changed
        .await
        .expect_err("it does not run there")
        .to_string()
}

#[tokio::test]
async fn no_schema_script_program_or_call_runs_on_the_writers_thread() {
    let server = TestServer::start().await;
    let schema = json!({"type": "string", "pattern": "^a+$"});
    let compiled = Schema::compile(&schema, &Limits::default()).expect("a schema");
    let refusals = [
        done_in_a_change(&server, move |_| {
            drop(Schema::compile(&schema, &Limits::default()))
        })
        .await,
        done_in_a_change(&server, move |_| {
            drop(compiled.check(&json!("aaa"), Location::Body, &Limits::default()));
        })
        .await,
        done_in_a_change(&server, |app| {
            drop(app.scripts().run("true", &json!({})).now_or_never());
        })
        .await,
        done_in_a_change(&server, |app| {
            drop(app.scripts().check("true").now_or_never());
        })
        .await,
        done_in_a_change(&server, |app| {
            let request = OutboundRequest {
                method: "GET",
                url: "http://127.0.0.1:9".to_owned(),
                headers: Vec::new(),
                body: Vec::new(),
                timeout: Duration::from_secs(1),
                max_response: 1,
            };
            drop(app.outbound().send(request).now_or_never());
        })
        .await,
    ];
    let words = ["compilation", "JSON Schema", "script", "script", "call"];
    for (refusal, word) in refusals.iter().zip(words) {
        let expected = "runs on a critical thread";
        assert!(
            refusal.contains(word) && refusal.contains(expected),
            "{refusal}"
        );
    }
}
