//! Queries of rows.

use serde_json::{Value, json};

use super::{column, fill, find, make};
use crate::{
    botpress::given::Given,
    support::{TestServer, assert_answer},
};

async fn with_cities() -> Given {
    let given = Given::new().await;
    fill_cities(&given).await;
    given
}

async fn fill_cities(given: &Given) {
    make(given, "citiesTable").await;
    fill(given, "citiesTable", json!([
        {"name": "Bern", "people": 133, "note": "capital with bears", "more": {"canton": {"id": "BE"}}},
        {"name": "Basel", "people": 173, "note": "city at the Rhine", "more": {"canton": {"id": "BS"}}},
        {"name": "Biel", "people": 55, "note": "city of watches", "more": {"canton": {"id": "BE"}}},
        {"name": "Chur", "people": 37, "note": "oldest city, a city of cities"},
        {"people": null},
    ])).await;
}

#[tokio::test]
async fn find_table_rows_shows_a_page() {
    let given = with_cities().await;
    let (server, bot) = (&given.server, given.as_bot());
    let path = "/v1/tables/citiesTable/rows/find";
    let found = bot
        .post(server, path, json!({"limit": 2, "offset": 1}))
        .await;
    assert_answer!("find_table_rows", found.expect(200));
    for (query, ids) in [
        (json!({}), vec![1, 2, 3, 4, 5]),
        (json!({"orderDirection": "desc", "limit": 2}), vec![5, 4]),
        (json!({"orderBy": "people"}), vec![5, 4, 3, 1, 2]),
        (
            json!({"orderBy": "people", "orderDirection": "desc", "limit": 2}),
            vec![2, 1],
        ),
        (
            json!({"orderBy": "people", "limit": 2, "offset": 3}),
            vec![1, 2],
        ),
        (json!({"orderBy": "createdAt", "limit": 1}), vec![1]),
        (json!({"filter": {"more.canton.id": "BE"}}), vec![1, 3]),
        (
            json!({"filter": {"more.canton.id": "BE"}, "limit": 1, "offset": 1}),
            vec![3],
        ),
        (
            json!({"filter": {"people": {"$gt": 50, "$lt": 150}}, "orderBy": "name"}),
            vec![1, 3],
        ),
        (
            json!({"filter": {"name": {"$in": ["Chur", "Bern", "Never"]}}}),
            vec![1, 4],
        ),
        (
            json!({"filter": {"name": {"$in": ["Chur", "Bern"]}}, "orderDirection": "desc"}),
            vec![4, 1],
        ),
        (json!({"filter": {"name": null}}), vec![5]),
        (
            json!({"filter": {"id": {"$in": [3, 2, 99]}, "people": {"$ne": 55}}}),
            vec![2],
        ),
        (
            json!({"filter": {"createdAt": {"$gt": "2000-01-01"}}, "limit": 1}),
            vec![1],
        ),
        (
            json!({"filter": {"$or": [{"name": "Bern"}, {"note": {"$regex": "^CITY", "$options": "i"}}]}}),
            vec![1, 2, 3],
        ),
        (json!({"offset": 9}), vec![]),
    ] {
        let found = find(&given, "citiesTable", query.clone()).await;
        let ids: Vec<Value> = ids.into_iter().map(Value::from).collect();
        assert_eq!(column(&found, "id"), ids, "{query}");
    }
    let found = find(&given, "citiesTable", json!({"limit": 4})).await;
    assert_eq!(found["hasMore"], true);
    let found = find(&given, "citiesTable", json!({"limit": 5})).await;
    assert_eq!(found["hasMore"], false);
}

#[tokio::test]
async fn find_table_rows_selects_paths() {
    let given = with_cities().await;
    let query = json!({"select": ["name", "more.canton.id", "createdAt"], "limit": 1});
    let path = "/v1/tables/citiesTable/rows/find";
    let found = given.as_bot().post(&given.server, path, query).await;
    assert_answer!("find_table_rows_select", found.expect(200));
}

#[tokio::test]
async fn find_table_rows_searches() {
    let given = with_cities().await;
    let found = find(
        &given,
        "citiesTable",
        json!({"search": "city", "limit": 10}),
    )
    .await;
    assert_eq!(column(&found, "id")[3..], [json!(1), json!(5)]);
    assert_eq!(column(&found, "id")[0], 4);
    let similar: Vec<f64> = column(&found, "similarity")
        .iter()
        .map(|similarity| similarity.as_f64().expect("a number"))
        .collect();
    assert!(
        similar[0] > similar[2] && similar[2] > 0.0 && similar[3] == 0.0,
        "{similar:?}"
    );
    let found = find(
        &given,
        "citiesTable",
        json!({"search": "bears", "filter": {"people": {"$gt": 100}}}),
    )
    .await;
    assert_eq!(column(&found, "id"), [json!(1), json!(2)]);
    let found = find(
        &given,
        "citiesTable",
        json!({"search": "\"' OR NEAR( *", "limit": 1}),
    )
    .await;
    assert_eq!(found["rows"].as_array().map(Vec::len), Some(1));
}

#[tokio::test]
async fn find_table_rows_groups() {
    let given = with_cities().await;
    fill(
        &given,
        "citiesTable",
        json!([{"name": "Thun", "people": 44, "note": "city of watches"}]),
    )
    .await;
    let query = json!({
        "filter": {"people": {"$exists": true}},
        "group": {"note": "key", "people": ["count", "sum", "avg", "min", "max"]},
        "limit": 2,
        "offset": 2,
    });
    let path = "/v1/tables/citiesTable/rows/find";
    let found = given.as_bot().post(&given.server, path, query).await;
    assert_answer!("find_table_rows_group", found.expect(200));
}

#[tokio::test]
async fn find_table_rows_names_what_is_wrong() {
    let given = with_cities().await;
    let (server, bot) = (&given.server, given.as_bot());
    let mut shown = String::new();
    for query in [
        json!({"limit": 0}),
        json!({"limit": 1001}),
        json!({"offset": -1}),
        json!({"orderBy": "never"}),
        json!({"orderDirection": "up"}),
        json!({"search": "x".repeat(1025)}),
        json!({"filter": []}),
        json!({"filter": {"people": {"$near": 1}}}),
        json!({"filter": {"$where": "1"}}),
        json!({"filter": {"name": {"$regex": "("}}}),
        json!({"group": {"never": "key"}}),
        json!({"group": {"people": "median"}}),
        json!({"group": {}}),
    ] {
        let path = "/v1/tables/citiesTable/rows/find";
        let refused = bot.post(server, path, query).await.expect(400).json();
        shown.push_str(&format!("{} {}\n", refused["type"], refused["message"]));
    }
    insta::assert_snapshot!("find_table_rows_broken", shown);
    let found = find(
        &given,
        "citiesTable",
        json!({"filter": {"never.a": {"$ne": 1}}, "limit": 1}),
    )
    .await;
    assert_eq!(found["rows"].as_array().map(Vec::len), Some(1));
    assert_eq!(found["warnings"].as_array().map(Vec::len), Some(1));
}

#[tokio::test]
async fn find_table_rows_reads_a_bounded_number_of_rows() {
    let server = TestServer::with(|config| config.tables.max_scanned_rows = 4).await;
    let given = Given::on(server).await;
    fill_cities(&given).await;
    let (server, bot) = (&given.server, given.as_bot());
    let path = "/v1/tables/citiesTable/rows/find";
    let refused = bot
        .post(server, path, json!({"filter": {"people": 1}}))
        .await;
    assert_answer!("find_table_rows_scan", refused.expect(400));
    bot.post(server, path, json!({"search": "city"}))
        .await
        .expect(400);
    bot.post(server, path, json!({"orderBy": "people"}))
        .await
        .expect(400);
    // These read only what they show.
    for query in [
        json!({}),
        json!({"filter": {"name": "Chur"}}),
        json!({"filter": {"id": 5}}),
    ] {
        bot.post(server, path, query).await.expect(200);
    }
    let deleted = json!({"filter": {"people": 1}});
    bot.post(server, "/v1/tables/citiesTable/rows/delete", deleted)
        .await
        .expect(400);
    let upserted = json!({"keyColumn": "people", "rows": [{"people": 1}]});
    bot.post(server, "/v1/tables/citiesTable/rows/upsert", upserted)
        .await
        .expect(400);
    bot.put(
        server,
        "/v1/tables/citiesTable",
        json!({"keyColumn": "people"}),
    )
    .await
    .expect(400);
}
