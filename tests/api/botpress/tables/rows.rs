//! Rows: they are created, updated, upserted and deleted, each by itself.

use serde_json::{Value, json};

use super::{column, fill, find, make};
use crate::{
    botpress::given::Given,
    support::{TestServer, assert_answer},
};

#[tokio::test]
async fn create_table_rows_reports_each_row() {
    let given = Given::new().await;
    let (server, bot) = (&given.server, given.as_bot());
    make(&given, "citiesTable").await;
    let body = json!({"waitComputed": true, "rows": [
        {"name": "Bern", "people": "133", "more": {"a": [1]}, "never": 1, "id": 77},
        {"name": "Basel", "people": "many"},
        {"name": "Bern"},
        {"name": "Chur", "note": "x".repeat(5000)},
        {"name": 5, "more": "[]"},
        {"name": null},
    ]});
    let path = "/v1/tables/citiesTable/rows";
    let made = bot.post(server, path, body).await;
    assert_answer!("create_table_rows", made.expect(200));
    for body in [
        json!({}),
        json!({"rows": []}),
        json!({"rows": [1]}),
        json!({"rows": vec![json!({}); 1001]}),
    ] {
        let refused = bot.post(server, path, body).await.expect(400);
        assert!(refused.text.contains("rows"), "{}", refused.text);
    }
}

#[tokio::test]
async fn create_table_rows_keeps_to_enum_pattern_and_nullable() {
    let given = Given::new().await;
    let (server, bot) = (&given.server, given.as_bot());
    let body = json!({"name": "rulesTable", "schema": {
        "size": {"type": "string", "enum": ["S", "M"]},
        "code": {"type": "string", "pattern": "^[A-Z]+$"},
        "must": {"type": "number", "nullable": false},
        "at": {"type": "string", "format": "date-time"},
    }});
    bot.post(server, "/v1/tables", body).await.expect(200);
    let made = fill(
        &given,
        "rulesTable",
        json!([
            {"size": "S", "code": "AB", "must": 1, "at": "2026-01-31T09:30:00Z"},
            {"size": "L", "must": 1},
            {"code": "ab", "must": 1},
            {"size": "S"},
            {"must": null},
            {"must": 1, "at": "soon"},
        ]),
    )
    .await;
    assert_eq!(made["rows"].as_array().map(Vec::len), Some(1));
    insta::assert_json_snapshot!("create_table_rows_rules", made["errors"]);
}

#[tokio::test]
async fn create_table_rows_stops_at_quota_and_bound() {
    let server = TestServer::with(|config| {
        config.plans.community.table_rows = 10;
        config.bounds.table_rows = 3;
    });
    let given = Given::on(server.await).await;
    let (server, bot) = (&given.server, given.as_bot());
    make(&given, "citiesTable").await;
    fill(&given, "citiesTable", json!([{"name": "a"}, {"name": "b"}])).await;
    let path = "/v1/tables/citiesTable/rows";
    let more = bot.post(server, path, json!({"rows": [{}, {}]})).await;
    assert_answer!("create_table_rows_bound", more.expect(413));
    let body = json!({"name": "wideTable", "schema": {"a": "b"}, "factor": 5});
    bot.post(server, "/v1/tables", body).await.expect(200);
    let path = "/v1/tables/wideTable/rows";
    let more = bot
        .post(server, path, json!({"rows": [{"a": "c"}, {"a": "d"}]}))
        .await;
    assert_answer!("create_table_rows_quota", more.expect(403));
    fill(&given, "wideTable", json!([{"a": "c"}])).await;
    let usage = crate::botpress::given::Caller::member()
        .get(
            server,
            &format!("/v1/admin/usages/{}?type=table_row_count", given.bot.id),
        )
        .await;
    assert_eq!(usage.expect(200).json()["usage"]["value"], 7);
}

#[tokio::test]
async fn get_table_row_shows_one() {
    let given = Given::new().await;
    let (server, bot) = (&given.server, given.as_bot());
    make(&given, "citiesTable").await;
    fill(&given, "citiesTable", json!([{"name": "Bern"}])).await;
    let found = bot.get(server, "/v1/tables/citiesTable/row?id=1").await;
    assert_answer!("get_table_row", found.expect(200));
    for id in ["2", "0", "-1", "2147483648", "9223372036854775807"] {
        let missing = bot
            .get(server, &format!("/v1/tables/citiesTable/row?id={id}"))
            .await;
        assert!(missing.expect(404).text.contains("not found"));
    }
    bot.get(server, "/v1/tables/citiesTable/row")
        .await
        .expect(400);
    bot.get(server, "/v1/tables/citiesTable/row?id=x")
        .await
        .expect(400);
}

#[tokio::test]
async fn update_table_rows_changes_given_values() {
    let given = Given::new().await;
    let (server, bot) = (&given.server, given.as_bot());
    make(&given, "citiesTable").await;
    let rows = json!([{"name": "Bern", "people": 1, "note": "n"}, {"name": "Basel", "people": 2}]);
    fill(&given, "citiesTable", rows).await;
    let path = "/v1/tables/citiesTable/rows";
    let body = json!({"rows": [
        {"id": 1, "people": "3", "note": null},
        {"id": 2, "name": "Bern"},
        {"id": 3, "name": "Chur"},
        {"id": 2.0, "name": "Biel"},
    ]});
    let changed = bot.put(server, path, body).await;
    assert_answer!("update_table_rows", changed.expect(200));
    let found = find(
        &given,
        "citiesTable",
        json!({"filter": {"name": {"$in": ["Bern", "Basel", "Biel"]}}}),
    )
    .await;
    assert_eq!(column(&found, "name"), [json!("Bern"), json!("Biel")]);
    assert_eq!(column(&found, "people"), [json!(3), json!(2)]);
    let refused = bot
        .put(server, path, json!({"rows": [{"id": 1}, {"name": "x"}]}))
        .await;
    assert_answer!("update_table_rows_no_id", refused.expect(400));
}

#[tokio::test]
async fn upsert_table_rows_finds_by_key_id_or_column() {
    let given = Given::new().await;
    let (server, bot) = (&given.server, given.as_bot());
    make(&given, "citiesTable").await;
    fill(
        &given,
        "citiesTable",
        json!([{"name": "Bern", "people": 1, "note": "n"}]),
    )
    .await;
    let path = "/v1/tables/citiesTable/rows/upsert";
    let body = json!({"rows": [
        {"name": "Chur", "people": 9},
        {"name": "Bern", "people": 2},
        {"name": "Chur", "note": "last"},
        {"people": 5},
    ]});
    let written = bot.post(server, path, body).await;
    assert_answer!("upsert_table_rows", written.expect(200));
    let call = async |body: Value| bot.post(server, path, body).await.expect(200).json();
    let by_id =
        call(json!({"keyColumn": "id", "rows": [{"id": 1, "people": 3}, {"id": 99, "people": 4}]}))
            .await;
    assert_eq!(by_id["updated"][0]["id"], 1);
    assert_eq!(by_id["inserted"][0]["id"], 4);
    let by_column = call(
        json!({"keyColumn": "people", "rows": [{"people": "3", "note": "found"}, {"people": 8}]}),
    )
    .await;
    assert_eq!(by_column["updated"][0]["note"], "found");
    assert_eq!(by_column["updated"][0]["name"], "Bern");
    assert_eq!(by_column["inserted"][0]["people"], 8);
    let refused = bot
        .post(
            server,
            path,
            json!({"keyColumn": "never", "rows": [{"never": 1}]}),
        )
        .await;
    assert_answer!("upsert_table_rows_no_column", refused.expect(400));
}

#[tokio::test]
async fn delete_table_rows_selects() {
    let given = Given::new().await;
    let (server, bot) = (&given.server, given.as_bot());
    make(&given, "citiesTable").await;
    let rows: Vec<Value> = (1..=9)
        .map(|number| json!({"name": format!("c{number}"), "people": number}))
        .collect();
    fill(&given, "citiesTable", json!(rows)).await;
    let path = "/v1/tables/citiesTable/rows/delete";
    let call = async |body: Value| {
        let deleted = bot.post(server, path, body).await;
        deleted.expect(200).json()["deletedRows"].clone()
    };
    assert_eq!(call(json!({"ids": [1, 2, 2, 77]})).await, 2);
    assert_eq!(call(json!({"filter": {"people": {"$gt": 6}}})).await, 3);
    assert_eq!(call(json!({"filter": {"name": "c3"}})).await, 1);
    for body in [
        json!({}),
        json!({"deleteAllRows": false}),
        json!({"ids": [4], "deleteAllRows": true}),
        json!({"ids": "4"}),
        json!({"filter": {"people": {"$near": 1}}}),
    ] {
        bot.post(server, path, body).await.expect(400);
    }
    // Its key is free again.
    let made = fill(&given, "citiesTable", json!([{"name": "c3"}])).await;
    assert_eq!(made["rows"][0]["id"], 10);
    assert_eq!(call(json!({"deleteAllRows": true})).await, 4);
    let found = bot
        .get(server, "/v1/tables/citiesTable")
        .await
        .expect(200)
        .json();
    assert_eq!(found["rows"], 0);
    let made = fill(&given, "citiesTable", json!([{"name": "c3"}])).await;
    assert_eq!(made["rows"][0]["id"], 11);
}
