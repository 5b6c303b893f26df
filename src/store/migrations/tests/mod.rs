//! Tests of migrations that rebuild tables with rows.

mod names;

use rusqlite::Connection;

use super::{ALL, apply};

/// Returns a database with all migrations up to the one with this name suffix. `rows` are inserted before
/// that last one.
fn migrate_to(name: &str, rows: &str) -> Connection {
    let steps = ALL.iter().position(|step| step.name.ends_with(name));
    let steps = steps.unwrap();
    let mut connection = Connection::open_in_memory().unwrap();
    let enforce = |connection: &Connection, on: bool| {
        connection.pragma_update(None, "foreign_keys", on).unwrap();
    };
    enforce(&connection, false);
    apply(&mut connection, &ALL[..steps]).unwrap();
    connection.execute_batch(rows).unwrap();
    apply(&mut connection, &ALL[..=steps]).unwrap();
    enforce(&connection, true);
    connection
}

/// Runs a query and returns one line per row, with spaces between the columns.
fn query_lines(connection: &Connection, sql: &str) -> Vec<String> {
    let mut statement = connection.prepare(sql).unwrap();
    let columns = statement.column_count();
    let rows = statement.query_map([], |row| {
        let values = (0..columns).map(|column| {
            row.get(column).map(|value| match value {
                rusqlite::types::Value::Null => "-".to_owned(),
                rusqlite::types::Value::Integer(number) => number.to_string(),
                rusqlite::types::Value::Text(text) => text,
                other => format!("{other:?}"),
            })
        });
        let values: Vec<String> = values.collect::<rusqlite::Result<_>>()?;
        Ok(values.join(" "))
    });
    rows.unwrap().collect::<rusqlite::Result<_>>().unwrap()
}

const WEBHOOK_ROWS: &str = "
    INSERT INTO workspaces (id, name, created_at, updated_at) VALUES ('w', 'w', 0, 0);
    INSERT INTO agents (id, workspace_id, handle, name, created_at, updated_at)
    VALUES ('a', 'w', 'a', 'a', 0, 0), ('b', 'w', 'b', 'b', 0, 0);
    INSERT INTO webhook_endpoints
        (seq, id, agent_id, url, description, event_filters, enabled, secret, created_at,
         updated_at, deleted_at)
    VALUES (1, 'ep_1', 'a', '', '', '[]', 1, x'', 0, 0, NULL),
           (2, 'ep_2', 'a', '', '', '[]', 0, x'', 0, 0, 5),
           (3, 'ep_3', 'b', '', '', '[]', 1, x'', 0, 0, NULL);
    INSERT INTO webhook_messages
        (seq, id, agent_id, event_type, payload, created_at, previous_seq)
    VALUES (10, 'msg_10', 'a', 't', '{\"n\":10}', 100, NULL),
           (20, 'msg_20', 'b', 't', '{\"n\":20}', 200, NULL),
           (30, 'msg_30', 'a', 'u', '{\"n\":30}', 300, 10);
    INSERT INTO webhook_deliveries
        (seq, message_seq, endpoint_seq, state, attempts, manual, due_at, lease_until)
    VALUES (1, 30, 1, 'pending', 2, 1, 7, 7),
           (2, 10, 1, 'delivered', 1, 0, NULL, NULL),
           (3, 10, 2, 'failed', 3, 0, NULL, NULL),
           (4, 20, 3, 'pending', 0, 0, 9, NULL);
    INSERT INTO webhook_attempts
        (seq, id, delivery_seq, endpoint_seq, url, manual, succeeded, status, response, error,
         started_at, duration_ms)
    VALUES (5, 'atmpt_5', 2, 1, 'u', 0, 1, 200, x'626F6479', NULL, 101, 11),
           (6, 'atmpt_6', 3, 2, 'u', 1, 0, NULL, x'', 'none', 102, 12),
           (9, 'atmpt_9', 1, 1, 'u', 0, 0, 500, x'6E6F', NULL, 301, 13);";

#[test]
fn webhook_deliveries_are_carried_over() {
    let connection = migrate_to("_webhook_deliveries", WEBHOOK_ROWS);
    let all = |sql: &str| query_lines(&connection, sql);
    assert_eq!(
        all(
            "SELECT seq, id, agent_id, event_type, payload, created_at, previous_seq
             FROM webhook_messages ORDER BY seq"
        ),
        [
            r#"10 msg_10 a t {"n":10} 100 -"#,
            r#"20 msg_20 b t {"n":20} 200 -"#,
            r#"30 msg_30 a u {"n":30} 300 10"#,
        ]
    );
    let deliveries = "
        SELECT endpoint_seq, message_seq, state, attempts, manual, due_at, lease_until
        FROM webhook_deliveries ORDER BY endpoint_seq, message_seq";
    assert_eq!(
        all(deliveries),
        [
            "1 10 delivered 1 0 - -",
            "1 30 pending 2 1 7 7",
            "2 10 failed 3 0 - -",
            "3 20 pending 0 0 9 -",
        ]
    );
    let attempts = "
        SELECT seq, id, endpoint_seq, message_seq, url, manual, succeeded, status,
               CAST(response AS TEXT), error, started_at, duration_ms
        FROM webhook_attempts ORDER BY seq";
    assert_eq!(
        all(attempts),
        [
            "5 atmpt_5 1 10 u 0 1 200 body - 101 11",
            "6 atmpt_6 2 10 u 1 0 -  none 102 12",
            "9 atmpt_9 1 30 u 0 0 500 no - 301 13",
        ]
    );
    assert!(all("SELECT name FROM sqlite_schema WHERE name LIKE 'old%'").is_empty());
    // A delivered message is deleted with all its dependents, even if its endpoint is about to be deleted.
    let execute = |sql: &str| connection.execute(sql, []).unwrap();
    execute("DELETE FROM webhook_messages WHERE seq = 10");
    assert_eq!(
        all(deliveries),
        ["1 30 pending 2 1 7 7", "3 20 pending 0 0 9 -"]
    );
    assert_eq!(all(attempts), ["9 atmpt_9 1 30 u 0 0 500 no - 301 13"]);
    execute("DELETE FROM agents WHERE id = 'a'");
    assert_eq!(all(deliveries), ["3 20 pending 0 0 9 -"]);
    assert!(all(attempts).is_empty());
    execute("DELETE FROM webhook_endpoints WHERE seq = 3");
    assert!(all(deliveries).is_empty());
    assert!(all("PRAGMA foreign_key_check").is_empty());
}

#[test]
fn attempts_lose_what_may_be_secret_of_their_addresses() {
    let addresses = [
        ("https://a.example/x", "https://a.example/x"),
        ("https://a.example/x?key=s", "https://a.example/x?[hidden]"),
        (
            "https://a.example/x?k=s#f?@",
            "https://a.example/x?[hidden]",
        ),
        ("https://a.example/x#s", "https://a.example/x"),
        (
            "https://u:s@a.example:1/@x?k",
            "https://a.example:1/@x?[hidden]",
        ),
        ("https://s@a.example", "https://a.example"),
        ("https://a.example/@x", "https://a.example/@x"),
    ];
    let rows: Vec<String> = (1..)
        .zip(addresses)
        .map(|(seq, (url, _))| format!("({seq}, '{seq}', 1, 1, '{url}', 0, 1, x'', 0, 0)"))
        .collect();
    let plant = format!(
        "INSERT INTO workspaces (id, name, created_at, updated_at) VALUES ('w', 'w', 0, 0);
         INSERT INTO agents (seq, id, workspace_id, handle, name, created_at, updated_at)
         VALUES (1, 'a', 'w', 'a', 'a', 0, 0);
         INSERT INTO webhook_endpoints
             (seq, id, agent_id, url, description, event_filters, enabled, secret, created_at,
              updated_at)
         VALUES (1, 'ep_1', 'a', '', '', '[]', 1, x'', 0, 0);
         INSERT INTO webhook_messages
             (seq, id, agent_seq, event_type, payload, created_at)
         VALUES (1, 'msg_1', 1, 't', '{{}}', 0);
         INSERT INTO webhook_deliveries (message_seq, endpoint_seq, state)
         VALUES (1, 1, 'delivered');
         INSERT INTO webhook_attempts
             (seq, id, endpoint_seq, message_seq, url, manual, succeeded, response, started_at,
              duration_ms)
         VALUES {}",
        rows.join(", ")
    );
    let connection = migrate_to("_webhook_addresses", &plant);
    let shown = query_lines(&connection, "SELECT url FROM webhook_attempts ORDER BY seq");
    assert_eq!(shown, addresses.map(|(_, shown)| shown));
}

#[test]
fn webhook_messages_come_to_be_found_by_the_number_of_their_agent() {
    let plant = "
        INSERT INTO workspaces (id, name, created_at, updated_at) VALUES ('w', 'w', 0, 0);
        INSERT INTO agents (seq, id, workspace_id, handle, name, created_at, updated_at)
        VALUES (4, 'a', 'w', 'a', 'a', 0, 0), (2, 'b', 'w', 'b', 'b', 0, 0);
        INSERT INTO webhook_endpoints
            (seq, id, agent_id, url, description, event_filters, enabled, secret, created_at,
             updated_at)
        VALUES (1, 'ep_1', 'a', '', '', '[]', 1, x'', 0, 0);
        INSERT INTO webhook_messages
            (seq, id, agent_id, event_type, payload, created_at, previous_seq)
        VALUES (10, 'msg_10', 'a', 't', '{}', 100, NULL), (20, 'msg_20', 'b', 'u', '[]', 200, 10),
               (30, 'msg_30', 'a', 't', '{}', 300, NULL);
        INSERT INTO webhook_deliveries (message_seq, endpoint_seq, state)
        VALUES (10, 1, 'delivered'), (30, 1, 'failed');";
    let connection = migrate_to("_webhook_queue", plant);
    let all = |sql: &str| query_lines(&connection, sql);
    let messages = "
        SELECT seq, id, agent_seq, event_type, payload, created_at, previous_seq
        FROM webhook_messages ORDER BY agent_seq, created_at";
    let of_b = "20 msg_20 2 u [] 200 10";
    assert_eq!(
        all(messages),
        [of_b, "10 msg_10 4 t {} 100 -", "30 msg_30 4 t {} 300 -"]
    );
    assert!(all("SELECT name FROM sqlite_schema WHERE name LIKE 'old%'").is_empty());
    // Deliveries are deleted with their message, and messages with their agent.
    let deliveries = "SELECT message_seq, state FROM webhook_deliveries ORDER BY 1";
    assert_eq!(all(deliveries), ["10 delivered", "30 failed"]);
    let execute = |sql: &str| connection.execute(sql, []).unwrap();
    execute("INSERT INTO webhook_queue (endpoint_seq, message_seq) VALUES (1, 10), (1, 30)");
    execute("DELETE FROM webhook_messages WHERE seq = 10");
    let queue = "SELECT message_seq FROM webhook_queue";
    assert_eq!(
        (all(deliveries), all(queue)),
        (vec!["30 failed".to_owned()], vec!["30".to_owned()])
    );
    execute("DELETE FROM agents WHERE id = 'a'");
    assert!(all(deliveries).is_empty() && all(queue).is_empty());
    assert_eq!(all(messages), [of_b]);
    assert!(all("PRAGMA foreign_key_check").is_empty());
}

const WORKSPACE_ROWS: &str = "
    INSERT INTO workspaces (seq, id, name, created_at, updated_at)
    VALUES (3, 'v', 'v', 0, 0), (5, 'w', 'w', 0, 0);
    INSERT INTO agents (seq, id, workspace_id, handle, name, created_at, updated_at)
    VALUES (7, 'a', 'w', 'a', 'a', 0, 0);
    INSERT INTO audit_records (seq, id, workspace_id, at, actor, action, resource_id)
    VALUES (1, 'r1', 'w', 1, 'system', 'x', 'y'), (2, 'r2', NULL, 2, 'system', 'x', 'y'),
           (3, 'r3', 'v', 3, 'system', 'x', 'y'), (4, 'r4', 'gone', 4, 'system', 'x', 'y'),
           (9, 'r9', 'w', 9, 'system', 'x', 'y');
    INSERT INTO service_integrations
        (seq, id, workspace_id, service, name, config, secrets, is_active, visibility, created_at,
         updated_at)
    VALUES (1, 's1', 'w', 's', 'n', '{}', x'01', 1, 'private', 1, 2),
           (2, 's2', 'v', 's', 'n', '{}', NULL, 0, 'public', 3, 4),
           (8, 's8', 'w', 's', 'n', '{}', NULL, 0, 'public', 5, 6);
    INSERT INTO conversations
        (seq, id, agent_seq, integration, channel, tags, created_at, updated_at)
    VALUES (1, 'c', 7, 'i', 'c', '{}', 0, 0);
    INSERT INTO messages
        (seq, id, agent_seq, conversation_seq, incoming, type, payload, tags, created_at)
    VALUES (1, 'm1', 7, 1, 0, 't', '{}', '{\"i:a\":\"1\",\"i:\\\"q\\\"\":\"two\"}', 0),
           (2, 'm2', 7, 1, 0, 't', '{}', '{\"i:a\":\"1\"}', 0),
           (3, 'm3', 7, 1, 0, 't', '{}', '{}', 0);
    INSERT INTO message_tags (agent_seq, name, value, of_seq)
    VALUES (7, 'i:a', '1', 1), (7, 'i:\"q\"', 'two', 1), (7, 'i:a', '1', 2);";

#[test]
fn rows_of_a_workspace_come_to_lie_side_by_side() {
    let connection = migrate_to("_fewer_trees", WORKSPACE_ROWS);
    let all = |sql: &str| query_lines(&connection, sql);
    let execute = |sql: &str| connection.execute(sql, []).unwrap();
    assert_eq!(
        all(
            "SELECT seq >> 32, seq & 4294967295, id, workspace_id, at FROM audit_records ORDER BY seq"
        ),
        [
            "0 1 r2 - 2",
            "0 2 r4 gone 4",
            "3 1 r3 v 3",
            "5 1 r1 w 1",
            "5 2 r9 w 9"
        ]
    );
    let integrations = "
        SELECT seq >> 32, seq & 4294967295, id, workspace_id, hex(secrets), is_active, created_at
        FROM service_integrations ORDER BY seq";
    assert_eq!(
        all(integrations),
        ["3 1 s2 v  0 3", "5 1 s1 w 01 1 1", "5 2 s8 w  0 5"]
    );
    execute("DELETE FROM workspaces WHERE id = 'v'");
    assert_eq!(all(integrations), ["5 1 s1 w 01 1 1", "5 2 s8 w  0 5"]);
    let tags = "SELECT agent_seq, name, value, of_seq FROM message_tags ORDER BY of_seq, name";
    assert_eq!(all(tags), [r#"7 i:"q" two 1"#, "7 i:a 1 1", "7 i:a 1 2"]);
    execute("DELETE FROM messages WHERE seq = 1");
    assert_eq!(all(tags), ["7 i:a 1 2"]);
    execute("DELETE FROM conversations WHERE seq = 1");
    assert!(all(tags).is_empty());
    assert!(all("SELECT name FROM sqlite_schema WHERE name LIKE 'old%'").is_empty());
    assert!(all("PRAGMA foreign_key_check").is_empty());
}

const MESSAGE_ROWS: &str = "
    INSERT INTO workspaces (seq, id, name, created_at, updated_at) VALUES (3, 'w', 'w', 0, 0);
    INSERT INTO agents (seq, id, workspace_id, handle, name, created_at, updated_at)
    VALUES (7, 'a', 'w', 'a', 'a', 0, 0), (8, 'b', 'w', 'b', 'b', 0, 0);
    INSERT INTO end_users (seq, id, agent_id, metadata, system_properties, created_at, updated_at)
    VALUES (4, 'u', 'a', '{}', '{}', 0, 0);
    INSERT INTO conversations
        (seq, id, agent_seq, integration, channel, tags, created_at, updated_at)
    VALUES (1, 'c', 7, 'i', 'c', '{}', 0, 0), (2, 'd', 8, 'i', 'c', '{}', 0, 0),
           (3, 'e', 7, 'i', 'c', '{}', 0, 0);
    INSERT INTO messages
        (seq, id, agent_seq, conversation_seq, user_seq, incoming, type, payload, tags, created_at)
    VALUES (1, 'm1', 7, 1, 4, 1, 't', '{\"n\":1}', '{\"i:a\":\"1\"}', 10),
           (2, 'm2', 7, 1, NULL, 0, 't', '{}', '{}', 20),
           (3, 'm3', 8, 2, NULL, 0, 't', '{}', '{}', 30),
           (4, 'm4', 7, 3, 4, 1, 't', '{}', '{}', 40),
           (9, 'm9', 7, 1, NULL, 0, 't', '{}', '{}', 90);
    DELETE FROM messages WHERE seq = 9;
    INSERT INTO message_tags (agent_seq, name, value, of_seq) VALUES (7, 'i:a', '1', 1);
    INSERT INTO events (id, agent_seq, type, payload, message_seq, after_message, created_at)
    VALUES ('e1', 7, 't', '{}', 1, 1, 0), ('e2', 7, 't', '{}', 2, 2, 0);
    INSERT INTO usage_daily (workspace_id, agent_id, class, day, calls)
    VALUES ('w', '', 'aloochat', 20000, 5), ('w', 'a', 'botpress_chat', 20000, 7),
           ('w', 'gone', 'botpress_chat', 20000, 9);";

#[test]
fn messages_are_found_by_tables_beside_them() {
    let connection = migrate_to("_message_index", MESSAGE_ROWS);
    let all = |sql: &str| query_lines(&connection, sql);
    let execute = |sql: &str| connection.execute(sql, []).unwrap();
    let messages = "
        SELECT seq, id, agent_seq, conversation_seq, user_seq, incoming, payload, tags, created_at
        FROM messages ORDER BY seq";
    assert_eq!(
        all(messages),
        [
            r#"1 m1 7 1 4 1 {"n":1} {"i:a":"1"} 10"#,
            "2 m2 7 1 - 0 {} {} 20",
            "3 m3 8 2 - 0 {} {} 30",
            "4 m4 7 3 4 1 {} {} 40"
        ]
    );
    let found = || {
        let tables = ["of_conversation", "of_user", "of_agent"].map(|table| {
            let rows = all(&format!("SELECT * FROM messages_{table}"));
            rows.join(", ")
        });
        tables.join("; ") + "; " + &all("SELECT of_seq FROM message_tags").join(", ")
    };
    assert_eq!(
        found(),
        "1 1, 1 2, 2 3, 3 4; 4 1, 4 4; 7 0 20 2, 7 1 10 1, 7 1 40 4, 8 0 30 3; 1"
    );
    assert_eq!(all("SELECT until FROM messages_indexed"), ["4"]);
    let usage = "SELECT * FROM usage_daily";
    assert_eq!(
        all(usage),
        ["20000 3 0 aloochat 5", "20000 3 7 botpress_chat 7"]
    );
    // A sequence number is never reused.
    execute(
        "INSERT INTO messages
             (id, agent_seq, conversation_seq, incoming, type, payload, tags, created_at)
         VALUES ('m10', 7, 3, 0, 't', '{}', '{}', 100)",
    );
    assert_eq!(all("SELECT max(seq) FROM messages"), ["10"]);
    execute("DELETE FROM messages WHERE seq = 10");
    // A deletion also removes the index rows, and the rows of dependents.
    execute("DELETE FROM conversations WHERE seq = 1");
    assert_eq!(found(), "2 3, 3 4; 4 4; 7 1 40 4, 8 0 30 3; ");
    assert!(all("SELECT id FROM events").is_empty());
    execute("DELETE FROM end_users WHERE seq = 4");
    assert_eq!(found(), "2 3; ; 8 0 30 3; ");
    execute("DELETE FROM agents WHERE seq = 7");
    assert_eq!(all(usage), ["20000 3 0 aloochat 5"]);
    execute("DELETE FROM agents WHERE seq = 8");
    assert_eq!(found(), "; ; ; ");
    assert!(all(messages).is_empty());
    assert!(all("PRAGMA foreign_key_check").is_empty());
}
