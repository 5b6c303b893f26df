//! Exports and imports.

use serde_json::{Value, json};

use super::{column, fill, find, make, text};
use crate::{
    botpress::given::{Caller, Given},
    support::{Answer, assert_answer, until},
};

/// Waits until the newest job of a table has ended, and returns it.
async fn ended(given: &Given, table: &str) -> Value {
    let path = format!("/v1/tables/{table}/jobs");
    let mut job = Value::Null;
    until("the job ends", async || {
        let listed = given
            .as_bot()
            .get(&given.server, &path)
            .await
            .expect(200)
            .json();
        job = listed["jobs"][0].clone();
        ["completed", "failed"].contains(&job["status"].as_str().expect("a status"))
    })
    .await;
    job
}

/// Contents of a file of the bot, as its address has them.
async fn contents(given: &Given, file: &str) -> Vec<u8> {
    let path = format!("/v1/files/{file}");
    let found = given.as_bot().get(&given.server, &path).await;
    let url = text(&found.expect(200).json()["file"]["url"]);
    let answer = given.server.client.get(url).send().await;
    let bytes = answer.expect("an answer").bytes().await;
    bytes.expect("the bytes").to_vec()
}

/// Makes a file of the bot, and returns its id.
async fn upload(given: &Given, contents: &str) -> String {
    let path = "/v1/storage/files";
    let body = json!({
        "name": "rows", "contents": contents, "accessType": "private", "botId": given.bot.id.as_str(),
    });
    let made: Answer = Caller::with(&given.bot_token)
        .post(&given.server, path, body)
        .await;
    let made = made.json();
    text(&made["file"]["id"])
}

async fn with_rows() -> Given {
    let given = Given::new().await;
    make(&given, "citiesTable").await;
    let rows = json!([
        {"name": "Bern, BE", "people": 5, "more": {"a": [1]}},
        {"name": "Basel \"BS\"", "note": "two\nlines"},
    ]);
    fill(&given, "citiesTable", rows).await;
    given
}

#[tokio::test]
async fn export_table_makes_a_file() {
    let given = with_rows().await;
    let (server, bot) = (&given.server, given.as_bot());
    let path = "/v1/tables/citiesTable/export";
    let started = bot
        .get(server, &format!("{path}?format=csv&compress=false"))
        .await;
    assert_answer!("export_table", started.expect(200));
    let job = ended(&given, "citiesTable").await;
    assert_eq!(
        (&job["status"], &job["progress"]),
        (&json!("completed"), &json!(100))
    );
    let csv = contents(&given, &text(&job["outputFileId"])).await;
    insta::assert_snapshot!("export_table_csv", String::from_utf8(csv).expect("text"));
    bot.get(server, &format!("{path}?format=json&compress=false"))
        .await
        .expect(200);
    let job = ended(&given, "citiesTable").await;
    let exported: Value =
        serde_json::from_slice(&contents(&given, &text(&job["outputFileId"])).await).expect("JSON");
    insta::assert_json_snapshot!("export_table_json", exported);
    bot.get(server, path).await.expect(200);
    let job = ended(&given, "citiesTable").await;
    assert!(
        contents(&given, &text(&job["outputFileId"]))
            .await
            .starts_with(&[0x1f, 0x8b])
    );
    bot.get(server, &format!("{path}?format=xml"))
        .await
        .expect(400);
}

#[tokio::test]
async fn import_table_reads_what_an_export_made() {
    let given = with_rows().await;
    let (server, bot) = (&given.server, given.as_bot());
    for format in ["csv", "json"] {
        let path = format!("/v1/tables/citiesTable/export?format={format}");
        bot.get(server, &path).await.expect(200);
        let job = ended(&given, "citiesTable").await;
        let copy = json!({"tableName": format!("{format}Table"), "schemaOnly": true});
        bot.post(server, "/v1/tables/citiesTable/duplicate", copy)
            .await
            .expect(200);
        let path = format!("/v1/tables/{format}Table/import");
        let body = json!({"fileId": job["outputFileId"]});
        bot.post(server, &path, body.clone()).await.expect(200);
        let job = ended(&given, &format!("{format}Table")).await;
        assert_eq!(job["status"], "completed");
        assert_eq!(job["inputFileId"], body["fileId"]);
        let (original, copy) = (
            find(&given, "citiesTable", json!({})).await,
            find(&given, &format!("{format}Table"), json!({})).await,
        );
        for name in ["name", "people", "note", "more"] {
            assert_eq!(
                column(&copy, name),
                column(&original, name),
                "{format} {name}"
            );
        }
        // Once more: the rows are known by their key.
        bot.post(server, &path, body).await.expect(200);
        ended(&given, &format!("{format}Table")).await;
        let copy = find(&given, &format!("{format}Table"), json!({})).await;
        assert_eq!(copy["rows"].as_array().map(Vec::len), Some(2));
    }
}

#[tokio::test]
async fn import_table_reports_what_it_leaves_out() {
    let given = with_rows().await;
    let (server, bot) = (&given.server, given.as_bot());
    let file = upload(&given, "name,people\nChur,many\nThun,4\n").await;
    let path = "/v1/tables/citiesTable/import";
    bot.post(server, path, json!({"fileId": file}))
        .await
        .expect(200);
    assert_eq!(ended(&given, "citiesTable").await["status"], "completed");
    let found = find(&given, "citiesTable", json!({"filter": {"people": 4}})).await;
    assert_eq!(column(&found, "name"), [json!("Thun")]);
    for file in [
        "00000000-0000-4000-8000-000000000000".to_owned(),
        upload(&given, "{\"rows\": 5}").await,
    ] {
        bot.post(server, path, json!({"fileId": file}))
            .await
            .expect(200);
        assert_eq!(ended(&given, "citiesTable").await["status"], "failed");
    }
    let logs = format!(
        "/v1/admin/bots/{}/logs?timeStart=2000-01-01T00:00:00Z&timeEnd=2100-01-01T00:00:00Z",
        given.bot.id
    );
    let logs = Caller::member().get(server, &logs).await.expect(200).json();
    let lines: Vec<String> = logs["logs"]
        .as_array()
        .expect("lines")
        .iter()
        .map(|line| text(&line["message"]))
        .collect();
    let missing = "import of the table citiesTable: failed: File \"00000000-0000-4000-8000-000000000000\" not found";
    let dropped = "import of the table citiesTable: rows[0]: column \"people\" must be a number";
    assert!(lines.iter().any(|line| line == missing), "{lines:?}");
    assert!(lines.iter().any(|line| line == dropped), "{lines:?}");
    let refused = bot.post(server, path, json!({})).await.expect(400);
    assert!(refused.text.contains("fileId"), "{}", refused.text);
}

#[tokio::test]
async fn get_table_jobs_begins_with_the_newest() {
    let given = with_rows().await;
    let (server, bot) = (&given.server, given.as_bot());
    bot.get(server, "/v1/tables/citiesTable/export")
        .await
        .expect(200);
    ended(&given, "citiesTable").await;
    bot.post(
        server,
        "/v1/tables/citiesTable/import",
        json!({"fileId": "x"}),
    )
    .await
    .expect(200);
    ended(&given, "citiesTable").await;
    let listed = bot.get(server, "/v1/tables/citiesTable/jobs").await;
    assert_answer!("get_table_jobs", listed.expect(200));
}

#[tokio::test]
async fn export_table_continues_after_a_restart() {
    let mut given = with_rows().await;
    // As a stop of the server left it.
    let app = given.server.server().app().clone();
    let stopped = app.store().write(|conn| {
        conn.execute_batch(
            "INSERT INTO bot_table_jobs (id, table_seq, type, status, format, created_at, updated_at)
             SELECT 'ffffffff-0000-4000-8000-000000000001', seq, 'export', 'in_progress', 'csv', 0, 0 FROM bot_tables",
        )?;
        Ok(())
    });
    stopped.await.expect("a job");
    drop(app);
    given.server.restart().await;
    let job = ended(&given, "citiesTable").await;
    assert_eq!(job["status"], "completed");
    assert!(
        !contents(&given, &text(&job["outputFileId"]))
            .await
            .is_empty()
    );
}

#[tokio::test]
async fn import_table_writes_no_record_twice() {
    let mut given = Given::new().await;
    let bot = given.as_bot();
    let body = json!({"name": "plainTable", "schema": {"name": {"type": "string"}}});
    bot.post(&given.server, "/v1/tables", body)
        .await
        .expect(200);
    let file = upload(&given, "name\na\nb\nc\n").await;
    // Two records were written before the stop.
    fill(&given, "plainTable", json!([{"name": "a"}, {"name": "b"}])).await;
    let app = given.server.server().app().clone();
    let stopped = app.store().write(move |conn| {
        let sql = "INSERT INTO bot_table_jobs (id, table_seq, type, status, input_file, position, created_at, updated_at)
                   SELECT 'ffffffff-0000-4000-8000-000000000002', seq, 'import', 'in_progress', ?1, 2, 0, 0 FROM bot_tables";
        conn.execute(sql, [file])?;
        Ok(())
    });
    stopped.await.expect("a job");
    drop(app);
    given.server.restart().await;
    assert_eq!(ended(&given, "plainTable").await["status"], "completed");
    let found = find(&given, "plainTable", json!({})).await;
    assert_eq!(column(&found, "name"), [json!("a"), json!("b"), json!("c")]);
}

#[tokio::test]
async fn export_table_waits_in_a_bounded_queue() {
    let given = with_rows().await;
    let app = given.server.server().app().clone();
    let planted = app.store().write(|conn| {
        conn.execute_batch(
            "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000)
             INSERT INTO bot_table_jobs (id, table_seq, type, status, format, created_at, updated_at)
             SELECT 'j' || i, seq, 'export', 'pending', 'csv', 0, 0 FROM n, bot_tables",
        )?;
        Ok(())
    });
    planted.await.expect("jobs");
    let path = "/v1/tables/citiesTable/export";
    let refused = given.as_bot().get(&given.server, path).await;
    assert_answer!("export_table_bound", refused.expect(413));
}
