//! `POST /api/v2/end-users/delete` and `GET /api/v2/jobs/{job_id}`.

use std::time::Duration;

use parlance::domain::end_users::deletion;
use reqwest::Method;
use serde_json::{Value, json};

use super::{UNKNOWN, created, get, unlimited, unpurged, v2};
use crate::support::{ADA_KEY, Answer, TestServer, assert_answer, file_contains, send};

const DAY: Duration = Duration::from_secs(24 * 3600);

/// Runs what is due to its end. The server does so by itself, at a time of its own.
pub async fn run(server: &TestServer) {
    let run = deletion::run_due(server.server().app()).await;
    run.expect("run");
}

async fn submit(server: &TestServer, body: Value) -> Answer {
    v2(server, Method::POST, "/end-users/delete", Some(body)).await
}

fn job_of(submitted: &Answer) -> String {
    let job = submitted.json()["job_id"].clone();
    job.as_str().expect("an id").to_owned()
}

/// The job of a request, after it has run.
async fn done(server: &TestServer, identifiers: Value) -> Answer {
    let submitted = submit(server, json!({"identifiers": identifiers})).await;
    let job = job_of(&submitted.expect(202));
    run(server).await;
    get(server, &format!("/jobs/{job}")).await.expect(200)
}

/// Erases the end user with this id.
pub async fn erase(server: &TestServer, id: &str) {
    done(server, json!([{"type": "end_user_id", "value": id}])).await;
}

fn dispositions(job: &Answer) -> Vec<(String, u64)> {
    let job = job.json();
    let identifiers = job["identifiers"].as_array().expect("a list").iter();
    identifiers
        .map(|identifier| {
            let disposition = identifier["disposition"].as_str().expect("one");
            let matched = identifier["matched_chatters"].as_u64().expect("a count");
            (disposition.to_owned(), matched)
        })
        .collect()
}

#[tokio::test]
async fn submit_a_bulk_end_user_deletion_request_is_accepted() {
    let server = unlimited().await;
    let body = json!({
        "identifiers": [{"type": "email", "value": "nobody@example.com"}],
        "client_reference": "ticket-1",
    });
    let submitted = submit(&server, body).await;
    assert_answer!(submitted);
    assert_eq!(submitted.status, 202);
}

#[tokio::test]
async fn get_a_deletion_job_tells_what_became_of_each_identifier() {
    let server = unlimited().await;
    let by_email = created(&server, json!({"profile": {"email": "Ada@Example.com"}})).await;
    let twin = created(&server, json!({"profile": {"email": "ADA@example.com"}})).await;
    let by_external_id = created(&server, json!({"external_id": "Crm-1"})).await;
    let by_id = created(&server, json!({})).await;
    let by_chatter_id = created(&server, json!({})).await;
    let body = json!({"profile": {"metadata": {"tier": 3, "vip": true}}});
    let by_variable = created(&server, body).await;
    let body = json!({"profile": {"language": "tlh"}});
    let by_language = created(&server, body).await;
    let kept = created(&server, json!({"profile": {"metadata": {"tier": 4}}})).await;
    let done = done(
        &server,
        json!([
            {"type": "email", "value": " ada@example.COM "},
            {"type": "external_id", "value": "CRM-1 "},
            {"type": "end_user_id", "value": by_id},
            {"type": "chatter_id", "value": by_chatter_id},
            {"type": "variable_match", "variable": "tier", "value": "3"},
            {"type": "variable_match", "variable": "language", "value": "tlh"},
            {"type": "variable_match", "variable": "vip", "value": "true"},
            {"type": "end_user_id", "value": by_chatter_id},
            {"type": "end_user_id", "value": UNKNOWN},
            {"type": "email", "value": "no address"},
            {"type": "external_id", "value": "  "},
            {"type": "variable_match", "value": "3"},
        ]),
    )
    .await;
    assert_answer!(done);
    for id in [
        by_email,
        twin,
        by_external_id,
        by_id,
        by_chatter_id,
        by_variable,
        by_language,
    ] {
        get(&server, &format!("/end-users/{id}")).await.expect(404);
    }
    get(&server, &format!("/end-users/{kept}"))
        .await
        .expect(200);
}

#[tokio::test]
async fn get_a_deletion_job_answers_404_for_a_missing_one() {
    let server = unlimited().await;
    assert_answer!(get(&server, &format!("/jobs/{UNKNOWN}")).await);
}

#[tokio::test]
async fn submit_a_bulk_end_user_deletion_request_refuses_bad_bodies() {
    let server = unlimited().await;
    let many = vec![json!({"type": "email", "value": "a@b"}); 1001];
    for (name, body) in [
        ("empty", json!({})),
        ("none", json!({"identifiers": []})),
        ("many", json!({"identifiers": many})),
        (
            "type",
            json!({"identifiers": [{"type": "phone", "value": "1"}]}),
        ),
        ("value", json!({"identifiers": [{"type": "email"}]})),
        (
            "number",
            json!({"identifiers": [{"type": "email", "value": 1}]}),
        ),
    ] {
        let refused = submit(&server, body).await;
        assert_eq!(refused.status, 400, "{name}");
        insta::assert_snapshot!(format!("bad_deletion_{name}"), refused.shown());
    }
    let request = server
        .request(Method::POST, "/api/v2/end-users/delete")
        .bearer_auth(ADA_KEY);
    assert_answer!("no_body", send(request).await);
}

#[tokio::test]
async fn submit_a_bulk_end_user_deletion_request_takes_512_kb() {
    let server = unlimited().await;
    let body = |size: usize| {
        let frame = json!({"identifiers": [{"type": "email", "value": ""}]});
        let value = "x".repeat(size - frame.to_string().len());
        json!({"identifiers": [{"type": "email", "value": value}]})
    };
    submit(&server, body(512 * 1024)).await.expect(202);
    assert_answer!(submit(&server, body(512 * 1024 + 1)).await);
    let most = vec![json!({"type": "email", "value": "a@b"}); 1000];
    let most = submit(&server, json!({"identifiers": most}))
        .await
        .expect(202);
    assert_eq!(most.json()["submitted_count"], 1000);
}

#[tokio::test]
async fn submit_a_bulk_end_user_deletion_request_is_the_same_for_a_day() {
    let server = unlimited().await;
    let body = |value: &str, reference: Option<&str>| {
        json!({
            "identifiers": [{"type": "end_user_id", "value": value}],
            "client_reference": reference,
        })
    };
    let job = |body| async { job_of(&submit(&server, body).await.expect(202)) };
    let first = job(body(UNKNOWN, Some("a"))).await;
    assert_eq!(job(body(UNKNOWN, Some("a"))).await, first);
    assert_ne!(job(body(UNKNOWN, Some("b"))).await, first);
    assert_ne!(job(body("other", Some("a"))).await, first);
    let without = job(body(UNKNOWN, None)).await;
    assert_ne!(job(body(UNKNOWN, None)).await, without);
    run(&server).await;
    let again = submit(&server, body(UNKNOWN, Some("a"))).await.expect(202);
    assert_eq!(job_of(&again), first);
    assert_eq!(again.json()["status"], "completed");
    server.clock.advance(DAY - Duration::from_secs(1));
    assert_eq!(job(body(UNKNOWN, Some("a"))).await, first);
    server.clock.advance(Duration::from_secs(1));
    assert_ne!(job(body(UNKNOWN, Some("a"))).await, first);
}

#[tokio::test]
async fn submit_a_bulk_end_user_deletion_request_does_not_accept_the_same_again_for_a_week() {
    let server = unpurged().await;
    let person = json!({"profile": {"email": "ada@example.com"}});
    let by_email = json!([{"type": "email", "value": "ada@example.com"}]);
    created(&server, person.clone()).await;
    let first = done(&server, by_email.clone()).await;
    assert_eq!(dispositions(&first), [("accepted".to_owned(), 1)]);
    let id = created(&server, person).await;
    server.clock.advance(DAY * 7 - Duration::from_secs(1));
    let refused = done(&server, by_email.clone()).await;
    assert_answer!("cooldown", refused);
    let with_more = json!([
        {"type": "email", "value": "ADA@example.com"},
        {"type": "end_user_id", "value": UNKNOWN},
    ]);
    assert_eq!(done(&server, with_more).await.json()["status"], "partial");
    get(&server, &format!("/end-users/{id}")).await.expect(200);
    server.clock.advance(Duration::from_secs(1));
    let second = done(&server, by_email).await;
    assert_eq!(dispositions(&second), [("accepted".to_owned(), 1)]);
}

#[tokio::test]
async fn submit_a_bulk_end_user_deletion_request_erases_nobody_beyond_1000_matches() {
    let server = unlimited().await;
    let (app, scope) = (server.server().app(), super::scope(&server));
    let sealer = app.sealer().clone();
    let made = app.run_write_tx_as(
        parlance::domain::tenancy::audit::Actor::System,
        move |change| {
            for number in 0..1001 {
                let mut new = parlance::domain::end_users::NewEndUser::default();
                let Value::Object(metadata) = json!({"many": "x", "few": number < 1000}) else {
                    unreachable!()
                };
                new.profile.metadata = parlance::kernel::Patch::Value(metadata);
                parlance::domain::end_users::create_in_tx(change, &sealer, &scope, new)?;
            }
            Ok(())
        },
    );
    made.await.expect("made");
    let many = json!([{"type": "variable_match", "variable": "many", "value": "x"}]);
    let many = done(&server, many).await;
    assert_answer!("exceeds_limit", many);
    let few = json!([{"type": "variable_match", "variable": "few", "value": "true"}]);
    let few = done(&server, few).await;
    assert_eq!(dispositions(&few), [("accepted".to_owned(), 1000)]);
    let left = get(&server, "/end-users/").await.json();
    assert_eq!(left["data"].as_array().map(Vec::len), Some(1));
}

#[tokio::test]
async fn get_a_deletion_job_that_was_queued_before_a_restart_ends_after_it() {
    let mut server = unlimited().await;
    let mut identifiers = Vec::new();
    for number in 0..150 {
        let body = json!({"profile": {"email": format!("{number}-erased-7c21@example.com")}});
        let id = created(&server, body).await;
        identifiers.push(json!({"type": "end_user_id", "value": id}));
    }
    let kept = created(&server, json!({})).await;
    let submitted = submit(&server, json!({"identifiers": identifiers})).await;
    let job = job_of(&submitted.expect(202));
    server.restart().await;
    run(&server).await;
    let job = get(&server, &format!("/jobs/{job}"))
        .await
        .expect(200)
        .json();
    assert_eq!(job["status"], "completed");
    let left = get(&server, "/end-users/").await.json();
    assert_eq!(left["data"][0]["end_user_id"], kept.as_str());
    assert_eq!(left["data"].as_array().map(Vec::len), Some(1));
    // Its outcome is kept for a month.
    server.clock.advance(DAY * 30);
    super::time::sweep(&server).await;
    let id = job["job_id"].as_str().expect("an id");
    get(&server, &format!("/jobs/{id}")).await.expect(404);
}

#[tokio::test]
async fn submit_a_bulk_end_user_deletion_request_leaves_nothing_of_them_on_the_disk() {
    let mut server = unlimited().await;
    let body = json!({"external_id": "erased-id-51f0", "profile": {
        "first_name": "erased-name-51f0", "metadata": {"note": "erased-note-51f0"},
        "sensitive_metadata": {"fields": {"token": "erased-token-51f0"}},
    }});
    let id = created(&server, body).await;
    let other = created(&server, json!({})).await;
    for (of, name) in [
        (&id, "erased-name-77aa"),
        (&other, "kept"),
        (&id, "erased-name-93bb"),
    ] {
        let body = json!({"profile": {"first_name": name}});
        let path = format!("/end-users/{of}");
        v2(&server, Method::PATCH, &path, Some(body))
            .await
            .expect(200);
    }
    assert_eq!(super::events(&server).len(), 5);
    done(&server, json!([{"type": "end_user_id", "value": id}])).await;
    let told = super::events(&server);
    let told: Vec<_> = told.iter().map(|message| &message["tags"]).collect();
    assert_eq!(told, [&json!([other]), &json!([other])]);
    let store = server.server().app().store();
    let rows = store.read(|conn| {
        let sql = "SELECT (SELECT count(*) FROM end_users)
                        + (SELECT count(*) FROM end_user_sensitive)
                        + (SELECT count(*) FROM end_user_deletion_targets)";
        Ok(conn.query_row(sql, [], |row| row.get::<_, i64>(0))?)
    });
    assert_eq!(rows.expect("a count"), 1, "the other one");
    server.stop().await;
    for planted in ["erased-id-51f0", "erased-name-", "erased-note-51f0"] {
        assert!(
            !file_contains(&server.config.store.path, planted),
            "{planted}"
        );
    }
}

#[tokio::test]
async fn get_a_deletion_job_ends_by_itself() {
    let server = unlimited().await;
    let id = created(&server, json!({})).await;
    let body = json!({"identifiers": [{"type": "end_user_id", "value": id}]});
    let job = job_of(&submit(&server, body).await.expect(202));
    // Each turn is a request, so that the server has time to work.
    for _ in 0..10_000 {
        let job = get(&server, &format!("/jobs/{job}")).await.json();
        if job["status"] == "completed" {
            assert_eq!(job["identifiers"][0]["disposition"], "accepted");
            return;
        }
        assert!(
            ["queued", "in_progress"]
                .map(Value::from)
                .contains(&job["status"])
        );
    }
    panic!("the job does not end");
}

/// What a crash leaves behind: one identifier is settled and its end user not erased yet, the other
/// one was not looked for.
#[tokio::test]
async fn get_a_deletion_job_that_was_cut_short_goes_on_where_it_was() {
    let mut server = unlimited().await;
    let found = created(&server, json!({})).await;
    let open = created(&server, json!({"external_id": "open"})).await;
    let (agent, now) = (super::scope(&server).agent, server.clock.now().as_micros());
    let due = now + 3_600_000_000;
    let target = found.clone();
    let left = server.server().app().store().write(move |conn| {
        conn.execute(
            "INSERT INTO end_user_deletions
                (id, agent_id, request_hash, status, submitted_count, due_at, created_at)
             VALUES ('cut', ?1, zeroblob(32), 'in_progress', 2, ?2, ?3)",
            (agent.as_str(), due, now),
        )?;
        conn.execute(
            "INSERT INTO end_user_deletion_identifiers
                (deletion_id, position, kind, value, sought, disposition, matched)
             VALUES ('cut', 0, 'end_user_id', ?1, ?1, 'accepted', 1),
                    ('cut', 1, 'external_id', 'OPEN', 'open', NULL, 0)",
            [&target],
        )?;
        conn.execute(
            "INSERT INTO end_user_deletion_targets (deletion_id, end_user_id) VALUES ('cut', ?1)",
            [&target],
        )?;
        Ok(())
    });
    left.await.expect("written");
    run(&server).await;
    let job = get(&server, "/jobs/cut").await.json();
    assert_eq!(job["status"], "in_progress", "it is not due yet");
    assert_eq!(job["identifiers"][1].get("disposition"), None);
    get(&server, &format!("/end-users/{found}"))
        .await
        .expect(200);
    server.clock.advance(Duration::from_secs(3600));
    server.restart().await;
    run(&server).await;
    let job = get(&server, "/jobs/cut").await.expect(200);
    assert_eq!(job.json()["status"], "completed");
    assert_eq!(
        dispositions(&job),
        [("accepted".to_owned(), 1), ("accepted".to_owned(), 1)]
    );
    for id in [found, open] {
        get(&server, &format!("/end-users/{id}")).await.expect(404);
    }
}
