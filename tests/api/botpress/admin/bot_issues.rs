//! What goes wrong in bots.

use std::{collections::BTreeMap, time::Duration};

use parlance::domain::{
    bots::manage::issues::{self, Category, IssueValue, Occurrence},
    tenancy::audit::Actor,
};
use serde_json::Value;

use super::{role, stranger, text};
use crate::{
    botpress::given::{Caller, Given},
    support::{TestServer, assert_answer},
};

async fn happen(given: &Given, operation: &str, detail: &str) {
    let datum = |raw: &str| IssueValue {
        raw: raw.to_owned(),
        pretty: Some(raw.to_uppercase()),
    };
    let occurrence = Occurrence {
        code: "bot_failed".to_owned(),
        category: Category::UserCode,
        title: "The bot failed".to_owned(),
        description: "Its code threw an error".to_owned(),
        resolution_link: None,
        group_data: BTreeMap::from([("operation".to_owned(), datum(operation))]),
        data: BTreeMap::from([("detail".to_owned(), datum(detail))]),
    };
    let app = given.server.server().app();
    let (settings, bot) = (app.bot_settings().clone(), given.bot.id.clone());
    let recorded = app.run_write_tx_as(Actor::System, move |change| {
        issues::record(change, &settings, &bot, &occurrence)
    });
    recorded.await.expect("an issue");
}

fn path(given: &Given) -> String {
    format!("/v1/admin/bots/{}/issues", given.bot.id)
}

async fn listed(given: &Given) -> Value {
    let listed = Caller::member().get(&given.server, &path(given)).await;
    listed.expect(200).json()
}

#[tokio::test]
async fn get_bot_issue_shows_one() {
    let given = Given::new().await;
    happen(&given, "register", "first").await;
    let listed = listed(&given).await;
    let id = text(&listed["issues"][0]["id"]);
    let of_issue = format!("{}/{id}", path(&given));
    let found = Caller::member().get(&given.server, &of_issue).await;
    assert_eq!(found.expect(200).json()["issue"], listed["issues"][0]);
    let missing = format!("{}/none", path(&given));
    let missing = Caller::member().get(&given.server, &missing).await;
    assert_answer!("get_bot_issue_missing", missing.expect(404));
    let stranger = stranger(&given.server).await;
    stranger.get(&given.server, &of_issue).await.expect(404);
}

#[tokio::test]
async fn list_bot_issues_groups_what_is_alike() {
    let given = Given::new().await;
    happen(&given, "register", "first").await;
    given.server.clock.advance(Duration::from_secs(60));
    happen(&given, "register", "second").await;
    happen(&given, "event_received", "third").await;
    let answer = Caller::member().get(&given.server, &path(&given)).await;
    assert_answer!("list_bot_issues", answer.expect(200));
    let issue = text(&listed(&given).await["issues"][1]["id"]);
    let events = format!("{}/{issue}/events", path(&given));
    let answer = Caller::member().get(&given.server, &events).await;
    assert_answer!("list_bot_issue_events", answer.expect(200));
}

#[tokio::test]
async fn list_bot_issues_is_paged_and_bounded() {
    let server = TestServer::with(|config| {
        config.bots.issues = 22;
        config.bots.issue_events = 3;
    });
    let given = Given::on(server.await).await;
    for number in 0..25 {
        given.server.clock.advance(Duration::from_secs(1));
        happen(&given, &format!("operation {number}"), "").await;
    }
    for _ in 0..5 {
        happen(&given, "operation 24", "again").await;
    }
    let first = listed(&given).await;
    assert_eq!(first["issues"].as_array().map(Vec::len), Some(20));
    assert_eq!(first["issues"][0]["eventsCount"], 6);
    let token = first["meta"]["nextToken"].as_str().expect("a token");
    let token: String = url::form_urlencoded::byte_serialize(token.as_bytes()).collect();
    let second = format!("{}?nextToken={token}", path(&given));
    let second = Caller::member().get(&given.server, &second).await.json();
    assert_eq!(
        second["issues"].as_array().map(Vec::len),
        Some(2),
        "the oldest went"
    );
    let issue = text(&first["issues"][0]["id"]);
    let events = format!("{}/{issue}/events", path(&given));
    let events = Caller::member().get(&given.server, &events).await.json();
    assert_eq!(events["issueEvents"].as_array().map(Vec::len), Some(3));
}

#[tokio::test]
async fn delete_bot_issue_begins_anew() {
    let given = Given::new().await;
    happen(&given, "register", "first").await;
    let issue = text(&listed(&given).await["issues"][0]["id"]);
    let one = format!("{}/{issue}", path(&given));
    role(&given.server, "viewer")
        .await
        .delete(&given.server, &one)
        .await
        .expect(403);
    let deleted = Caller::member().delete(&given.server, &one).await;
    assert_eq!(deleted.expect(200).text, "{}");
    let gone = Caller::member().delete(&given.server, &one).await;
    assert_answer!("delete_bot_issue_gone", gone.expect(404));
    happen(&given, "register", "second").await;
    assert_eq!(listed(&given).await["issues"][0]["eventsCount"], 1);
}

#[tokio::test]
async fn list_bot_issue_events_is_for_the_bots_workspace() {
    let given = Given::new().await;
    happen(&given, "register", "first").await;
    let issue = text(&listed(&given).await["issues"][0]["id"]);
    let other = stranger(&given.server).await;
    for path in [
        path(&given),
        format!("{}/{issue}/events", path(&given)),
        "/v1/admin/bots/none/issues".to_owned(),
    ] {
        other.get(&given.server, &path).await.expect(404);
    }
    let one = format!("{}/{issue}", path(&given));
    other.delete(&given.server, &one).await.expect(404);
    let missing = format!("{}/none/events", path(&given));
    Caller::member()
        .get(&given.server, &missing)
        .await
        .expect(404);
    assert_eq!(listed(&given).await["issues"][0]["eventsCount"], 1);
}
