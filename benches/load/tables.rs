//! Tables of Botpress: finding rows of a large table by its key column, and creating rows.
//!
//! The rows that are there before are written into the database beside the server.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use parlance::store::{self, Store};
use rusqlite::params;
use serde_json::{Value, json};

use super::{
    client::Connection,
    phase::{self, Pace},
    process::Server,
    report::{Report, Target},
    requests::{Requests, request, write_request},
    settings::Settings,
    suite::{Against, Row, Suite},
};

const TOKEN: &str = "bp_pat_benchmark_0123456789abcdefghijklmnopqrstuv";
const AUTHORIZATION: &str =
    "authorization: Bearer bp_pat_benchmark_0123456789abcdefghijklmnopqrstuv";
/// The first workspace, as it is by default.
const WORKSPACE: &str = "11111111-1111-1111-aaaa-111111111111";
/// Rows of the table that is searched.
const ROWS: u64 = 1_000_000;
/// Rows that one query finds.
const FOUND: u64 = 20;
/// Rows that one call creates.
const CREATED: u64 = 100;
/// How many rows are written in one transaction.
const BATCH: u64 = 50_000;
/// A prime, by which the queries go through all rows, in no order.
const STEP: u64 = 982_451_653;

#[derive(Default)]
pub struct Tables {
    bot: String,
}

impl Suite for Tables {
    const NAME: &'static str = "tables";

    const ENVIRONMENT: &'static [(&'static str, &'static str)] = &[
        ("BOOTSTRAP__BOTPRESS_PAT", TOKEN),
        ("LIMITS__BOTPRESS_CHAT__PER_SECOND", "1000000"),
        ("LIMITS__BOTPRESS_CHAT__PER_MINUTE", "60000000"),
        ("LIMITS__BOTPRESS_CHAT__PER_DAY", "1000000000"),
        ("PLANS__COMMUNITY__TABLE_ROWS", "1000000000"),
        ("BOUNDS__TABLE_ROWS", "1000000000"),
    ];

    async fn rows(&mut self, server: &Server, _: &Server, _: &Settings) -> Result<Vec<Row>> {
        let mut connection = Connection::open(server.address).await?;
        self.bot = bot(&mut connection).await?;
        let table = table(&mut connection, &self.bot, "largeTable").await?;
        // Rows are created in this one.
        self::table(&mut connection, &self.bot, "writesTable").await?;
        fill(database(server)?, &table).await?;
        let one = find(&self.bot, 0);
        let page: Value = serde_json::from_slice(connection.call(&one).await?)?;
        let page = page["rows"].as_array().map_or(0, Vec::len) as u64;
        ensure!(page == FOUND, "a page of {page} rows");
        let bot = self.bot.clone();
        Ok(vec![Row {
            name: "POST find 20 of 1000000 rows by the key column",
            control: Against::Get,
            requests: Requests::new(move |number, buffer| {
                buffer.extend_from_slice(&find(&bot, number));
            }),
            ratio: Some(0.3),
            p99: None,
        }])
    }

    async fn more(
        &mut self,
        server: &Server,
        settings: &Settings,
        _: &[u64],
        report: &mut Report,
    ) -> Result<()> {
        let bot = self.bot.clone();
        let requests = Requests::new(move |number, buffer| create(buffer, &bot, number));
        let name = "tables: create 100 rows a call, full load";
        let measured = phase::run(server, &requests, settings).await?;
        let per_second = measured.per_second * CREATED as f64;
        report.fact(format!("{name}: rows a second"), format!("{per_second:.0}"));
        let target = format!("{name}: rows a second in thousands");
        report.target(Target::at_least(target, per_second / 1000.0, 20.0));
        phase::alone(name, server, &requests, Pace::Full, settings, report).await?;
        Ok(())
    }
}

fn database(server: &Server) -> Result<&Path> {
    let database = server.database.as_deref();
    database.context("a server without a database")
}

/// The headers of a person who acts as this bot.
fn in_bot(bot: &str) -> String {
    format!("{AUTHORIZATION}\r\nx-bot-id: {bot}")
}

async fn bot(connection: &mut Connection) -> Result<String> {
    let member = format!("{AUTHORIZATION}\r\nx-workspace-id: {WORKSPACE}");
    let made = request("POST", "/v1/admin/bots", &member, Some(r#"{"name":"bot"}"#));
    let made: Value = serde_json::from_slice(connection.call(&made).await?)?;
    let id = made["bot"]["id"].as_str();
    Ok(id.context("a bot without an id")?.to_owned())
}

/// Makes a table with a key column; gives its id.
async fn table(connection: &mut Connection, bot: &str, name: &str) -> Result<String> {
    let body = json!({
        "name": name, "keyColumn": "number",
        "schema": {"number": {"type": "number"}, "note": {"type": "string"}},
    });
    let made = request("POST", "/v1/tables", &in_bot(bot), Some(&body.to_string()));
    let made: Value = serde_json::from_slice(connection.call(&made).await?)?;
    let id = made["table"]["id"].as_str();
    Ok(id.context("a table without an id")?.to_owned())
}

/// Rows by twenty keys all over the table.
fn find(bot: &str, number: u64) -> Vec<u8> {
    let keys = (0..FOUND).map(|key| (number * FOUND + key) * (STEP % ROWS) % ROWS);
    let keys: Vec<String> = keys.map(|key| key.to_string()).collect();
    let body = format!(
        r#"{{"filter":{{"number":{{"$in":[{}]}}}},"limit":{FOUND}}}"#,
        keys.join(",")
    );
    let path = "/v1/tables/largeTable/rows/find";
    request("POST", path, &in_bot(bot), Some(&body))
}

/// Appends the request of new rows.
fn create(buffer: &mut Vec<u8>, bot: &str, number: u64) {
    let rows = (0..CREATED).map(|row| {
        let key = number * CREATED + row;
        format!(r#"{{"number":{key},"note":"Hello, how can I help you today?"}}"#)
    });
    let rows: Vec<String> = rows.collect();
    let body = format!(r#"{{"rows":[{}]}}"#, rows.join(","));
    let path = "/v1/tables/writesTable/rows";
    write_request(buffer, "POST", path, &in_bot(bot), Some(&body));
}

const TABLE_ROWS: &str = "
    WITH RECURSIVE n (i) AS (SELECT ?2 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < ?3)
    INSERT INTO bot_table_rows (seq, data, created_at, updated_at)
    SELECT (bot_tables.seq << 31) + i + 1, '{\"1\":' || i || ',\"2\":\"Hello, how can I help you today?\"}',
           created_at, created_at
    FROM n, bot_tables WHERE bot_tables.id = ?1 ORDER BY i";
const KEYS: &str = "
    WITH RECURSIVE n (i) AS (SELECT ?2 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < ?3)
    INSERT INTO bot_table_keys (table_seq, column_number, value, row_id)
    SELECT bot_tables.seq, 1, i, i + 1 FROM n, bot_tables WHERE bot_tables.id = ?1 ORDER BY i";
const COUNTS: &str =
    "UPDATE bot_tables SET last_row = ?3, row_count = ?3 WHERE id = ?1 AND ?2 < ?3";

/// A table of [`ROWS`] rows.
async fn fill(database: &Path, table: &str) -> Result<()> {
    let store = Store::open_for_command(&store::Settings {
        path: database.to_owned(),
        ..store::Settings::default()
    })?;
    for from in (0..ROWS).step_by(BATCH as usize) {
        let (table, until) = (table.to_owned(), ROWS.min(from + BATCH));
        let filled = store.write(move |conn| {
            for sql in [TABLE_ROWS, KEYS, COUNTS] {
                conn.execute(sql, params![table, from as i64, until as i64])?;
            }
            Ok(())
        });
        filled.await?;
    }
    store.close();
    Ok(())
}
