//! Personal access tokens.

use serde_json::json;

use crate::{
    botpress::given::{Caller, another_workspace},
    support::{BOTPRESS_PAT, TestServer, assert_answer, file_contains},
};

const PATH: &str = "/v1/admin/account/pats";

#[tokio::test]
async fn create_personal_access_token_shows_the_value_once() {
    let mut server = TestServer::start().await;
    let made = Caller::person()
        .post(&server, PATH, json!({"note": "laptop"}))
        .await
        .expect(200);
    let pat = &made.json()["pat"];
    let value = pat["value"].as_str().expect("a value").to_owned();
    assert!(value.starts_with("bp_pat_") && value.len() == 43, "{value}");
    let mut shown = made.json();
    shown["pat"]["value"] = json!("[token]");
    shown["pat"]["id"] = json!("[uuid]");
    insta::assert_snapshot!(serde_json::to_string_pretty(&shown).expect("JSON"));
    let listed = Caller::with(&value).get(&server, PATH).await.expect(200);
    assert!(!listed.text.contains(&value));
    server.stop().await;
    assert!(!file_contains(&server.config.store.path, &value));
}

#[tokio::test]
async fn create_personal_access_token_needs_a_note() {
    let server = TestServer::start().await;
    for (name, body) in [
        ("missing", json!({})),
        ("type", json!({"note": 5})),
        ("long", json!({"note": "x".repeat(501)})),
    ] {
        let answer = Caller::person().post(&server, PATH, body).await;
        insta::assert_snapshot!(format!("create_token_{name}"), answer.expect(400).shown());
    }
}

#[tokio::test]
async fn create_personal_access_token_stops_at_the_limit() {
    let server = TestServer::with(|config| config.plans.max_tokens = 2).await;
    let note = json!({"note": "one"});
    let caller = Caller::person();
    caller.post(&server, PATH, note.clone()).await.expect(200);
    assert_answer!(caller.post(&server, PATH, note).await.expect(413));
}

#[tokio::test]
async fn list_personal_access_tokens_shows_ones_own() {
    let server = TestServer::start().await;
    for note in ["first", "second"] {
        Caller::person()
            .post(&server, PATH, json!({"note": note}))
            .await
            .expect(200);
    }
    assert_answer!(
        "list_tokens",
        Caller::person().get(&server, PATH).await.expect(200)
    );
    let (_, other) = another_workspace(&server).await;
    let others = Caller::with(&other).get(&server, PATH).await.expect(200);
    assert_eq!(others.json()["pats"].as_array().expect("tokens").len(), 1);
}

#[tokio::test]
async fn delete_personal_access_token_ends_it() {
    let server = TestServer::start().await;
    let made = Caller::person()
        .post(&server, PATH, json!({"note": "lost"}))
        .await
        .expect(200)
        .json();
    let token = Caller::with(made["pat"]["value"].as_str().expect("a value"));
    token.get(&server, PATH).await.expect(200);
    let path = format!("{PATH}/{}", made["pat"]["id"].as_str().expect("an id"));
    let (_, other) = another_workspace(&server).await;
    let foreign = Caller::with(&other).delete(&server, &path).await;
    assert_eq!(foreign.status, 404, "another's");
    let deleted = Caller::with(BOTPRESS_PAT).delete(&server, &path).await;
    assert_eq!(deleted.expect(200).text, "{}");
    assert_eq!(token.get(&server, PATH).await.status, 401);
    let again = Caller::person().delete(&server, &path).await;
    assert_answer!("delete_token_twice", again.expect(404));
}
