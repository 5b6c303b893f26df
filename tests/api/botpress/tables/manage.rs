//! Tables: they are created, listed, changed, duplicated and deleted.

use serde_json::{Value, json};

use super::{column, fill, find, make, text};
use crate::{
    botpress::given::Given,
    support::{TestServer, assert_answer, until},
};

#[tokio::test]
async fn create_table_takes_three_shapes() {
    let given = Given::new().await;
    let (server, bot) = (&given.server, given.as_bot());
    let body = json!({
        "name": "ordersTable", "factor": 2, "tags": {"of": "shop"}, "keyColumn": "number", "unknown": 1,
        "schema": {
            "type": "object",
            "properties": {
                "number": {"type": "string", "x-zui": {"index": 5, "searchable": true, "other": 1}},
                "paid": {"type": "boolean", "nullable": false},
                "at": {"type": "string", "format": "date-time"},
                "total": {"anyOf": [{"type": "integer"}, {"type": "null"}]},
                "greeting": {
                    "type": "string",
                    "x-zui": {"computed": {"action": "ai", "dependencies": ["number"], "prompt": "Greet"}},
                },
            },
        },
    });
    let made = bot.post(server, "/v1/tables", body).await;
    assert_answer!("create_table", made.expect(200));
    let body = json!({"name": "sampleTable", "schema": {"city": "Bern", "people": 5, "list": [1], "void": null}});
    let made = bot
        .post(server, "/v1/tables", body)
        .await
        .expect(200)
        .json();
    let properties = &made["table"]["schema"]["properties"];
    assert_eq!(properties["people"]["type"], "number");
    assert_eq!(properties["list"]["type"], "array");
    assert_eq!(properties["void"]["nullable"], true);
    let again = json!({"name": "sampleTable", "schema": {"city": "Bern"}});
    assert_answer!(
        "create_table_again",
        bot.post(server, "/v1/tables", again).await.expect(409)
    );
}

#[tokio::test]
async fn create_table_names_what_is_wrong() {
    let given = Given::new().await;
    let (server, bot) = (&given.server, given.as_bot());
    let mut shown = String::new();
    let many: Value = (0..21)
        .map(|number| (format!("c{number}"), json!("x")))
        .collect();
    for (body, status) in [
        (json!({}), 400),
        (json!({"name": "orders", "schema": {}}), 400),
        (json!({"name": "aTable", "schema": {"id": "x"}}), 400),
        (
            json!({"name": "aTable", "schema": {"a": {"type": "string", "pattern": "("}}}),
            400,
        ),
        (
            json!({"name": "aTable", "schema": {"a": "x"}, "keyColumn": "b"}),
            400,
        ),
        (
            json!({"name": "aTable", "schema": {"a": [1]}, "keyColumn": "a"}),
            400,
        ),
        (json!({"name": "aTable", "schema": {}, "factor": 31}), 400),
        (
            json!({"name": "aTable", "schema": {}, "tags": {"a": 1}}),
            400,
        ),
        (json!({"name": "aTable", "schema": many}), 413),
    ] {
        let refused = bot.post(server, "/v1/tables", body).await.expect(status);
        shown.push_str(&format!("{}\n", refused.json()["message"]));
    }
    insta::assert_snapshot!("create_table_broken", shown);
}

#[tokio::test]
async fn create_table_stops_at_the_bound() {
    let given = Given::on(TestServer::with(|config| config.bounds.tables = 1).await).await;
    make(&given, "oneTable").await;
    let body = json!({"name": "twoTable", "schema": {}});
    let more = given.as_bot().post(&given.server, "/v1/tables", body).await;
    assert_answer!("create_table_bound", more.expect(413));
    // A deleted table does not count.
    let bot = given.as_bot();
    bot.delete(&given.server, "/v1/tables/oneTable")
        .await
        .expect(200);
    make(&given, "oneTable").await;
}

#[tokio::test]
async fn get_or_create_table_leaves_what_is_there() {
    let given = Given::new().await;
    let (server, bot) = (&given.server, given.as_bot());
    let body = json!({"schema": {"city": {"type": "string"}}, "factor": 3});
    let path = "/v1/tables/citiesTable";
    let made = bot.post(server, path, body).await;
    assert_answer!("get_or_create_table", made.expect(200));
    fill(&given, "citiesTable", json!([{"city": "Bern"}])).await;
    let body = json!({"schema": {"other": {"type": "number"}}});
    let found = bot.post(server, path, body).await.expect(200).json();
    assert_eq!(
        (&found["created"], &found["rows"]),
        (&json!(false), &json!(1))
    );
    assert_eq!(found["table"]["factor"], 3);
    assert!(found["table"]["schema"]["properties"]["other"].is_null());
    let id = text(&found["table"]["id"]);
    let by_id = bot
        .post(server, &format!("/v1/tables/{id}"), json!({"schema": {}}))
        .await;
    assert_eq!(by_id.expect(200).json()["table"]["name"], "citiesTable");
    bot.post(server, path, json!({})).await.expect(400);
}

#[tokio::test]
async fn list_tables_filters_by_tags() {
    let given = Given::new().await;
    let (server, bot) = (&given.server, given.as_bot());
    for (name, tags) in [
        ("oneTable", json!({"a": "x", "b": "y"})),
        ("twoTable", json!({"a": "x"})),
    ] {
        let body = json!({"name": name, "schema": {"a": "b"}, "tags": tags});
        bot.post(server, "/v1/tables", body).await.expect(200);
    }
    for (query, names) in [
        ("", vec!["oneTable", "twoTable"]),
        ("?tags.a=x", vec!["oneTable", "twoTable"]),
        ("?tags.a=x&tags.b=y", vec!["oneTable"]),
        ("?tags[b]=y", vec!["oneTable"]),
        ("?tags=%7B%22b%22%3A%22y%22%7D", vec!["oneTable"]),
        ("?tags.a=z", vec![]),
    ] {
        let listed = bot
            .get(server, &format!("/v1/tables{query}"))
            .await
            .expect(200)
            .json();
        let tables = listed["tables"].as_array().expect("a list");
        let found: Vec<_> = tables.iter().map(|table| text(&table["name"])).collect();
        assert_eq!(found, names, "{query}");
    }
}

#[tokio::test]
async fn get_table_counts_rows() {
    let given = Given::new().await;
    let (server, bot) = (&given.server, given.as_bot());
    make(&given, "citiesTable").await;
    fill(
        &given,
        "citiesTable",
        json!([{"name": "Bern"}, {"name": "Basel"}]),
    )
    .await;
    let found = bot.get(server, "/v1/tables/citiesTable").await;
    assert_answer!("get_table", found.expect(200));
    let missing = bot.get(server, "/v1/tables/neverTable").await;
    assert_answer!("get_table_missing", missing.expect(404));
}

#[tokio::test]
async fn update_table_changes_columns() {
    let given = Given::new().await;
    let (server, bot) = (&given.server, given.as_bot());
    make(&given, "citiesTable").await;
    let rows =
        json!([{"name": "Bern", "people": 5, "note": "old"}, {"name": "Basel", "people": 7}]);
    fill(&given, "citiesTable", rows).await;
    let path = "/v1/tables/citiesTable";
    let body = json!({
        "name": "townsTable", "tags": {"a": "b"}, "factor": 2, "isComputeEnabled": false,
        "schema": {"people": {"type": "string"}, "more": null, "area": {"type": "number"}},
    });
    let changed = bot.put(server, path, body).await;
    assert_answer!("update_table", changed.expect(200));
    let found = find(&given, "townsTable", json!({})).await;
    assert_eq!(column(&found, "people"), [json!(null), json!(null)]);
    assert_eq!(column(&found, "note"), [json!("old"), json!(null)]);
    // The values are gone from the rows as well, not only out of sight.
    until("the values are cleared", async || {
        let jobs = bot
            .get(server, "/v1/tables/townsTable/jobs")
            .await
            .expect(200)
            .json();
        jobs["jobs"][0]["type"] == "clear_column" && jobs["jobs"][0]["status"] == "completed"
    })
    .await;
    let stored: String = given
        .server
        .server()
        .app()
        .store()
        .read(|conn| {
            let sql = "SELECT group_concat(data) FROM bot_table_rows";
            Ok(conn.query_row(sql, [], |row| row.get(0))?)
        })
        .expect("rows");
    assert_eq!(stored, r#"{"1":"Bern","3":"old"},{"1":"Basel"}"#);
    for (body, status) in [
        (json!({"factor": 1}), 400),
        (json!({"name": "x"}), 400),
        (json!({"keyColumn": "never"}), 400),
        (json!({"schema": {"id": {"type": "string"}}}), 400),
    ] {
        bot.put(server, "/v1/tables/townsTable", body)
            .await
            .expect(status);
    }
    make(&given, "otherTable").await;
    let taken = bot
        .put(
            server,
            "/v1/tables/otherTable",
            json!({"name": "townsTable"}),
        )
        .await;
    assert_answer!("update_table_taken", taken.expect(409));
}

#[tokio::test]
async fn update_table_of_a_frozen_one_changes_no_schema() {
    let given = Given::new().await;
    let (server, bot) = (&given.server, given.as_bot());
    let body = json!({"name": "fixedTable", "schema": {"a": "b"}, "frozen": true});
    bot.post(server, "/v1/tables", body).await.expect(200);
    let path = "/v1/tables/fixedTable";
    let refused = bot.put(server, path, json!({"schema": {"b": "c"}})).await;
    assert_answer!("update_table_frozen", refused.expect(403));
    bot.put(server, path, json!({"name": "freeTable"}))
        .await
        .expect(403);
    let rename = json!({"name": "a", "newName": "b"});
    bot.put(server, &format!("{path}/column"), rename)
        .await
        .expect(403);
    bot.put(server, path, json!({"tags": {"a": "b"}}))
        .await
        .expect(200);
    fill(&given, "fixedTable", json!([{"a": "x"}])).await;
    let freed = bot
        .put(server, path, json!({"frozen": false, "schema": {"b": "c"}}))
        .await;
    assert!(freed.expect(200).json()["table"]["schema"]["properties"]["b"].is_object());
}

#[tokio::test]
async fn update_table_sets_a_key_only_if_it_is_unique() {
    let given = Given::new().await;
    let (server, bot) = (&given.server, given.as_bot());
    make(&given, "citiesTable").await;
    let rows =
        json!([{"name": "Bern", "people": 5}, {"name": "Basel", "people": 5}, {"people": null}]);
    fill(&given, "citiesTable", rows).await;
    let path = "/v1/tables/citiesTable";
    let refused = bot
        .put(
            server,
            path,
            json!({"keyColumn": "people", "tags": {"a": "b"}}),
        )
        .await;
    assert_answer!("update_table_duplicate_key", refused.expect(400));
    let found = bot.get(server, path).await.expect(200).json();
    assert_eq!(found["table"]["keyColumn"], "name");
    assert_eq!(found["table"]["tags"], json!({}));
    let dropped = bot
        .put(server, path, json!({"keyColumn": null}))
        .await
        .expect(200)
        .json();
    assert_eq!(dropped["table"]["keyColumn"], json!(null));
    fill(&given, "citiesTable", json!([{"name": "Bern"}])).await;
    bot.put(server, path, json!({"keyColumn": "name"}))
        .await
        .expect(400);
    let deleted = json!({"filter": {"name": "Bern", "people": null}});
    bot.post(server, &format!("{path}/rows/delete"), deleted)
        .await
        .expect(200);
    bot.put(server, path, json!({"keyColumn": "name"}))
        .await
        .expect(200);
    let found = find(&given, "citiesTable", json!({"filter": {"name": "Basel"}})).await;
    assert_eq!(column(&found, "id"), [json!(2)]);
}

#[tokio::test]
async fn update_table_tells_which_computed_columns_are_stale() {
    let given = Given::new().await;
    let (server, bot) = (&given.server, given.as_bot());
    let computed = json!({"action": "ai", "dependencies": ["city"], "prompt": "Greet"});
    let body = json!({"name": "aiTable", "schema": {
        "city": {"type": "string"}, "greeting": {"type": "string", "x-zui": {"computed": computed}},
    }});
    bot.post(server, "/v1/tables", body).await.expect(200);
    let made = fill(
        &given,
        "aiTable",
        json!([{"city": "Bern", "greeting": "mine"}]),
    )
    .await;
    assert_eq!(made["rows"][0]["greeting"], json!(null));
    assert_eq!(
        made["rows"][0]["computed"],
        json!({"greeting": {"status": "pending"}})
    );
    assert_eq!(made["rows"][0]["stale"], json!(["greeting"]));
    assert_eq!(made["warnings"].as_array().map(Vec::len), Some(1));
    let path = "/v1/tables/aiTable";
    assert_eq!(bot.get(server, path).await.expect(200).json()["stale"], 1);
    let changed = bot
        .put(
            server,
            path,
            json!({"schema": {"city": {"type": "number"}}}),
        )
        .await;
    assert_eq!(
        changed.expect(200).json()["staleColumns"],
        json!(["greeting"])
    );
    bot.put(server, path, json!({"isComputeEnabled": false}))
        .await
        .expect(200);
    assert_eq!(bot.get(server, path).await.expect(200).json()["stale"], 0);
    let found = find(&given, "aiTable", json!({})).await;
    assert_eq!(found["rows"][0]["computed"], json!({}));
}

#[tokio::test]
async fn rename_table_column_keeps_the_values() {
    let given = Given::new().await;
    let (server, bot) = (&given.server, given.as_bot());
    make(&given, "citiesTable").await;
    fill(&given, "citiesTable", json!([{"name": "Bern"}])).await;
    let path = "/v1/tables/citiesTable/column";
    let renamed = bot
        .put(server, path, json!({"name": "name", "newName": "city"}))
        .await;
    assert_answer!("rename_table_column", renamed.expect(200));
    let found = find(&given, "citiesTable", json!({"filter": {"city": "Bern"}})).await;
    assert_eq!(column(&found, "city"), [json!("Bern")]);
    for (body, status) in [
        (json!({"name": "never", "newName": "a"}), 404),
        (json!({"name": "city", "newName": "people"}), 409),
        (json!({"name": "city", "newName": "id"}), 400),
        (json!({"name": "city", "newName": ""}), 400),
    ] {
        bot.put(server, path, body).await.expect(status);
    }
}

#[tokio::test]
async fn duplicate_table_copies_rows() {
    let given = Given::new().await;
    let (server, bot) = (&given.server, given.as_bot());
    make(&given, "citiesTable").await;
    let rows: Vec<Value> = (0..1000)
        .map(|number| json!({"name": format!("city {number}")}))
        .collect();
    fill(&given, "citiesTable", json!(rows)).await;
    fill(&given, "citiesTable", json!([{"name": "Bern"}])).await;
    let path = "/v1/tables/citiesTable/duplicate";
    let copy = bot.post(server, path, json!({})).await.expect(200).json();
    assert_eq!(copy["table"]["name"], "citiesCopyTable");
    assert_eq!(copy["rows"], 1001);
    let found = find(
        &given,
        "citiesCopyTable",
        json!({"filter": {"name": "Bern"}}),
    )
    .await;
    assert_eq!(column(&found, "id"), [json!(1001)]);
    let made = fill(
        &given,
        "citiesCopyTable",
        json!([{"name": "Bern"}, {"name": "Chur"}]),
    )
    .await;
    assert_eq!(made["errors"].as_array().map(Vec::len), Some(1));
    assert_eq!(made["rows"][0]["id"], 1002);
    let body = json!({"tableName": "emptyTable", "schemaOnly": true, "factor": 4});
    let copy = bot.post(server, path, body).await;
    assert_answer!("duplicate_table", copy.expect(200));
    bot.post(server, path, json!({"tableName": "emptyTable"}))
        .await
        .expect(409);
    bot.post(server, path, json!({"tableName": "empty"}))
        .await
        .expect(400);
    bot.post(
        server,
        "/v1/tables/emptyTable/duplicate",
        json!({"factor": 1}),
    )
    .await
    .expect(400);
}

#[tokio::test]
async fn delete_table_frees_the_name() {
    let given = Given::new().await;
    let (server, bot) = (&given.server, given.as_bot());
    make(&given, "citiesTable").await;
    fill(&given, "citiesTable", json!([{"name": "Bern"}])).await;
    let path = "/v1/tables/citiesTable";
    assert_eq!(bot.delete(server, path).await.expect(200).json(), json!({}));
    bot.get(server, path).await.expect(404);
    bot.delete(server, path).await.expect(404);
    make(&given, "citiesTable").await;
    let found = find(&given, "citiesTable", json!({})).await;
    assert_eq!(found["rows"], json!([]));
    let app = server.server().app().clone();
    until("the rows are deleted", async || {
        let count = app.store().read(|conn| {
            let sql = "SELECT count(*) FROM bot_table_rows";
            Ok(conn.query_row(sql, [], |row| row.get::<_, i64>(0))?)
        });
        count.expect("a count") == 0
    })
    .await;
}

/// Makes rows of the maximum size in a table of the maximum factor.
async fn fill_with_large_rows(given: &Given, table: &str, rows: usize) {
    let body = json!({
        "name": table, "factor": 30, "schema": {"note": {"type": "string"}, "people": {"type": "number"}},
    });
    let made = given.as_bot().post(&given.server, "/v1/tables", body).await;
    made.expect(200);
    let small: Vec<Value> = (0..rows).map(|_| json!({"note": "x"})).collect();
    fill(given, table, json!(small)).await;
    let store = given.server.server().app().store();
    let enlarged = store.write(|conn| {
        let sql = "UPDATE bot_table_rows SET data = json_object('1', hex(zeroblob(60000)))";
        Ok(conn.execute(sql, [])?)
    });
    assert_eq!(enlarged.await.expect("a write"), rows);
}

#[tokio::test]
async fn update_table_rows_bounds_its_answer() {
    let given = Given::new().await;
    let (server, bot) = (&given.server, given.as_bot());
    fill_with_large_rows(&given, "largeTable", 400).await;
    let rows: Vec<Value> = (1..=400)
        .map(|id| json!({"id": id, "people": id}))
        .collect();
    let path = "/v1/tables/largeTable/rows";
    let body = json!({"rows": rows});
    let updated = bot.put(server, path, body).await.expect(200).json();
    let written = updated["rows"].as_array().expect("rows").len();
    let errors = updated["errors"].as_array().expect("errors");
    assert!((200..320).contains(&written), "{written}");
    assert_eq!(written + errors.len(), 400);
    let text = "not written, because an answer can have 33554432 bytes of rows";
    assert_eq!(errors[0], format!("rows[{written}]: {text}"));
    let body = json!({"keyColumn": "id", "rows": rows});
    let path = "/v1/tables/largeTable/rows/upsert";
    let updated = bot.post(server, path, body).await.expect(200).json();
    let written = updated["updated"].as_array().expect("rows").len();
    assert!((200..320).contains(&written), "{written}");
    let changed = server.server().app().store().read(|conn| {
        let sql = "SELECT count(*) FROM bot_table_rows WHERE data ->> '2' IS NOT NULL";
        Ok(conn.query_row(sql, [], |row| row.get::<_, i64>(0))?)
    });
    assert_eq!(usize::try_from(changed.expect("a count")), Ok(written));
}

#[tokio::test(flavor = "multi_thread")]
async fn duplicate_table_shows_no_part_of_a_copy() {
    let given = Given::new().await;
    let (server, bot) = (&given.server, given.as_bot());
    fill_with_large_rows(&given, "largeTable", 1000).await;
    let path = "/v1/tables/largeTable/duplicate";
    let mut copying = std::pin::pin!(bot.post(server, path, json!({"tableName": "copyTable"})));
    let mut looks = 0;
    let copied = loop {
        tokio::select! {
            copied = &mut copying => break copied,
            listed = bot.get(server, "/v1/tables") => {
                let listed = listed.expect(200).json();
                let tables = listed["tables"].as_array().expect("tables");
                let names: Vec<_> = tables.iter().map(|table| &table["name"]).collect();
                assert!(names == ["largeTable"] || looks > 0, "{names:?}");
                if names.len() == 2 {
                    let copy = bot.get(server, "/v1/tables/copyTable").await.expect(200);
                    assert_eq!(copy.json()["rows"], 1000);
                }
                looks += 1;
            }
        }
    };
    assert_eq!(copied.expect(200).json()["rows"], 1000);
    assert!(looks > 1, "{looks}");
}

#[tokio::test(flavor = "multi_thread")]
async fn duplicate_table_leaves_nothing_when_its_call_or_the_server_ends() {
    let mut given = Given::new().await;
    fill_with_large_rows(&given, "largeTable", 1000).await;
    let count = |server: &TestServer, sql: &str| {
        let counted = server
            .server()
            .app()
            .store()
            .read(|conn| Ok(conn.query_row(sql, [], |row| row.get::<_, i64>(0))?));
        counted.expect("a count")
    };
    let rows = "SELECT count(*) FROM bot_table_rows";
    let tables = "SELECT count(*) FROM bot_tables";
    {
        let bot = given.as_bot();
        let path = "/v1/tables/largeTable/duplicate";
        let mut copying = std::pin::pin!(bot.post(&given.server, path, json!({})));
        while count(&given.server, rows) == 1000 {
            tokio::select! {
                _ = &mut copying => panic!("the copy was faster"),
                () = tokio::task::yield_now() => {}
            }
        }
    }
    until("the part is deleted", async || {
        count(&given.server, tables) == 1
    })
    .await;
    assert_eq!(count(&given.server, rows), 1000);
    // A copy that a killed server leaves is hidden, and purged at the next start.
    let sql = "UPDATE bot_tables SET deleted_at = 1, name = '-' || id";
    let hidden = given
        .server
        .server()
        .app()
        .store()
        .write(|conn| Ok(conn.execute(sql, [])?));
    hidden.await.expect("a write");
    given.server.restart().await;
    until("the copy is deleted", async || {
        count(&given.server, tables) == 0
    })
    .await;
    assert_eq!(count(&given.server, rows), 0);
}
