//! Files, and for whom a token acts.

use reqwest::Method;
use serde_json::json;

use super::id_of;
use crate::{
    botpress::given::{Caller, Given, another_workspace},
    support::{assert_answer, send},
};

const FILES: &str = "/v1/storage/files";

#[tokio::test]
async fn create_file_and_download_file() {
    let given = Given::new().await;
    let server = &given.server;
    let caller = Caller::with(&given.bot_token);
    for (access, status) in [("private", 401), ("public", 200)] {
        let body = json!({
            "botId": given.bot.id, "contents": "Grüezi", "name": "a.txt", "accessType": access,
        });
        let made = caller.post(server, FILES, body).await.expect(200);
        insta::assert_snapshot!(format!("create_file_{access}"), made.shown());
        let path = format!("{FILES}/{}", id_of(&made, "file"));
        assert_eq!(
            caller.get(server, &path).await.expect(200).json(),
            made.json()
        );
        let download = format!("{path}/download");
        let read = caller.get(server, &download).await.expect(200);
        assert_eq!(read.text, "Grüezi");
        assert_eq!(read.header("x-content-type-options"), Some("nosniff"));
        let nobody = send(server.request(Method::GET, &download)).await;
        assert_eq!(nobody.status.as_u16(), status);
    }
}

#[tokio::test]
async fn create_file_refuses_what_is_malformed() {
    let given = Given::new().await;
    let bot = given.bot.id.to_string();
    for (name, body) in [
        (
            "access",
            json!({"botId": bot, "contents": "", "name": "a", "accessType": "x"}),
        ),
        (
            "name",
            json!({"botId": bot, "contents": "", "accessType": "public"}),
        ),
    ] {
        let answer = Caller::person().post(&given.server, FILES, body).await;
        insta::assert_snapshot!(
            format!("create_file_bad_{name}"),
            answer.expect(400).shown()
        );
    }
    let body = json!({"botId": "none", "contents": "", "name": "a", "accessType": "public"});
    let answer = Caller::person().post(&given.server, FILES, body).await;
    assert_answer!("create_file_unknown_bot", answer.expect(403));
}

#[tokio::test]
async fn get_file_delete_file_and_list_files_are_for_those_of_the_bot() {
    let given = Given::new().await;
    let server = &given.server;
    let integration = Caller::with(&given.integration_token);
    let body = json!({
        "botId": given.bot.id, "contents": "x", "name": "a", "accessType": "private",
    });
    let made = integration.post(server, FILES, body).await.expect(200);
    let path = format!("{FILES}/{}", id_of(&made, "file"));
    let (_, token) = another_workspace(server).await;
    let other = Caller::with(&token);
    assert_eq!(other.get(server, &path).await.status, 404);
    assert_eq!(other.delete(server, &path).await.status, 404);
    assert_eq!(
        other.get(server, &format!("{path}/download")).await.status,
        404
    );
    let list = format!("{FILES}?botId={}", given.bot.id);
    assert_eq!(other.get(server, &list).await.status, 403);
    let listed = integration.get(server, &list).await.expect(200);
    assert_answer!("list_files", listed);
    let unnamed = integration.get(server, FILES).await;
    assert_answer!("list_files_of_no_bot", unnamed.expect(400));
    assert_eq!(
        integration.delete(server, &path).await.expect(200).json(),
        json!({})
    );
    assert_eq!(integration.get(server, &path).await.status, 404);
}

#[tokio::test]
async fn list_files_has_the_newest_first() {
    let given = Given::new().await;
    let caller = Caller::with(&given.bot_token);
    for name in ["a", "b"] {
        let body = json!({
            "botId": given.bot.id, "contents": "", "name": name, "accessType": "private",
        });
        caller.post(&given.server, FILES, body).await.expect(200);
    }
    let list = format!("{FILES}?botId={}", given.bot.id);
    let listed = caller.get(&given.server, &list).await.expect(200).json();
    assert_eq!(listed["files"][0]["name"], "b");
    assert_eq!(listed["files"][1]["name"], "a");
}

#[tokio::test]
async fn get_file_that_is_not_there() {
    let given = Given::new().await;
    let answer = Caller::person()
        .get(&given.server, &format!("{FILES}/none"))
        .await;
    assert_answer!(answer.expect(404));
}

#[tokio::test]
async fn delete_file_that_is_not_there() {
    let given = Given::new().await;
    let answer = Caller::person()
        .delete(&given.server, &format!("{FILES}/none"))
        .await;
    assert_eq!(answer.status, 404);
}

#[tokio::test]
async fn download_file_that_is_not_there() {
    let given = Given::new().await;
    let path = format!("{FILES}/none/download");
    assert_eq!(Caller::person().get(&given.server, &path).await.status, 404);
}

#[tokio::test]
async fn introspect_says_for_whom_a_token_acts() {
    let given = Given::new().await;
    let path = "/v1/admin/introspect";
    let body = json!({"botId": given.bot.id});
    let bot = given.bot.id.as_str();
    for token in [&given.bot_token, &given.integration_token] {
        let answer = Caller::with(token)
            .post(&given.server, path, body.clone())
            .await;
        let answer = answer.expect(200).json();
        assert_eq!(
            (&answer["botId"], &answer["userId"]),
            (&json!(bot), &json!(bot))
        );
        assert_eq!(answer["workspaceId"], crate::support::WORKSPACE);
    }
    let person = Caller::person()
        .post(&given.server, path, body.clone())
        .await;
    assert_answer!("introspect", person.expect(200));
    let (_, token) = another_workspace(&given.server).await;
    let other = Caller::with(&token).post(&given.server, path, body).await;
    assert_eq!(other.status, 403);
}
