//! Tests of the migrations for names of integrations and for row numbers.

use super::{migrate_to, query_lines};

const NAME_ROWS: &str = "
    INSERT INTO workspaces (seq, id, name, handle, created_at, updated_at)
    VALUES (1, 'v', 'v', 'victim', 0, 0), (2, 's', 's', 'stranger', 0, 0), (3, 'c', 'c', 'customer', 0, 0);
    INSERT INTO agents (seq, id, workspace_id, handle, name, created_at, updated_at)
    VALUES (7, 'a', 'c', 'a', 'a', 0, 0), (8, 'b', 'c', 'b', 'b', 0, 0);
    INSERT INTO integrations
        (seq, id, workspace_id, name, version, version_order, public, built_in, title, description,
         definition, created_at, updated_at)
    VALUES (1, 'i1', 'v', 'pay', '1.0.0', '1', 0, 0, '', '', '{}', 0, 0),
           (2, 'i2', 'v', 'pay', '1.0.1', '2', 1, 0, '', '', '{}', 0, 0),
           (3, 'i3', 's', 'pay', '9.0.0', '9', 1, 0, '', '', '{}', 0, 0),
           (4, 'i4', 's', 'slack', '1.0.0', '1', 0, 0, '', '', '{}', 0, 0),
           (5, 'i5', 'c', 'slack', '1.0.0', '1', 0, 0, '', '', '{}', 0, 0),
           (6, 'i6', 's', 'victim/own', '1.0.0', '1', 0, 0, '', '', '{}', 0, 0),
           (7, 'i7', 's', 'chat', '0.0.1', '0', 1, 0, '', '', '{}', 0, 0),
           (8, 'i8', 'v', 'chat', '0.7.6', '7', 0, 1, '', '', '{}', 0, 0);
    INSERT INTO bot_integrations
        (seq, agent_seq, integration_seq, webhook_id, enabled, status, configuration, removed_at,
         created_at, updated_at)
    VALUES (1, 7, 2, 'w1', 0, 'unregistered', x'', 5, 0, 0), (2, 7, 5, 'w2', 1, 'registered', x'', NULL, 0, 0),
           (3, 7, 4, 'w3', 0, 'unregistered', x'', 5, 0, 0), (4, 8, 8, 'w4', 1, 'registered', x'', NULL, 0, 0),
           (5, 8, 3, 'w5', 1, 'registered', x'', NULL, 0, 0);
    INSERT INTO states
        (id, agent_seq, integration, type, owner_id, name, payload, created_at, updated_at)
    VALUES ('s1', 7, 'pay', 'integration', '', 'n', '{}', 0, 0), ('s2', 7, 'slack', 'integration', '', 'n', '{}', 0, 0),
           ('s3', 7, 'gone', 'integration', '', 'n', '{}', 0, 0), ('s4', 7, '', 'bot', '', 'n', '{}', 0, 0),
           ('s5', 8, 'pay', 'integration', '', 'n', '{}', 0, 0);
    INSERT INTO end_users (seq, id, agent_id, metadata, system_properties, created_at, updated_at)
    VALUES (1, 'u1', 'a', '{}', '{}', 0, 0), (2, 'u2', 'a', '{}', '{}', 0, 0), (3, 'u3', 'a', '{}', '{}', 0, 0),
           (4, 'u4', 'b', '{}', '{}', 0, 0);
    INSERT INTO user_tags (agent_seq, name, value, of_seq)
    VALUES (7, 'slack:id', '1', 1), (7, 'plan', 'x', 3);
    INSERT INTO conversations
        (seq, id, agent_seq, integration, channel, tags, created_at, updated_at)
    VALUES (1, 'c', 7, 'pay', 'c', '{}', 0, 0);
    INSERT INTO conversation_participants (conversation_seq, user_seq) VALUES (1, 1), (1, 2);
    INSERT INTO webchat_users (agent_seq, fid, user_seq) VALUES (8, 'u4', 4);";

#[test]
fn names_come_to_belong_to_those_who_had_them_first() {
    let connection = migrate_to("_names", NAME_ROWS);
    let all = |sql: &str| query_lines(&connection, sql);
    assert_eq!(
        all("SELECT name, workspace_id, published FROM integration_names ORDER BY name"),
        ["chat v 1", "pay v 1", "slack c 0"],
        "not who was there before it was installed, nor who has the handle of another in it"
    );
    assert_eq!(
        all("SELECT id FROM integrations WHERE public ORDER BY seq"),
        ["i2"]
    );
    assert_eq!(
        all("SELECT integration_seq, level FROM integration_logs ORDER BY 1"),
        ["3 warn", "7 warn"]
    );
    assert_eq!(
        all("SELECT id, integration FROM states ORDER BY id"),
        ["s1 v/pay", "s2 c/slack", "s3 c/gone", "s4 ", "s5 s/pay"]
    );
    assert_eq!(
        all("SELECT id, integration FROM end_users ORDER BY id"),
        ["u1 c/slack", "u2 v/pay", "u3 -", "u4 v/chat"]
    );
    assert!(all("PRAGMA foreign_key_check").is_empty());
}

#[test]
fn a_number_of_a_row_is_never_given_out_twice() {
    let plant = "
        INSERT INTO workspaces (seq, id, name, created_at, updated_at) VALUES (7, 'w', 'W', 0, 0);
        INSERT INTO agents (seq, id, workspace_id, handle, name, created_at, updated_at)
        VALUES (9, 'a', 'w', 'a', 'A', 0, 0);";
    let connection = migrate_to("_numbers", plant);
    connection
        .execute_batch("DELETE FROM agents; DELETE FROM workspaces;")
        .unwrap();
    connection
        .execute_batch(
            "INSERT INTO workspaces (id, name, created_at, updated_at) VALUES ('v', 'V', 0, 0);
             INSERT INTO agents (id, workspace_id, handle, name, created_at, updated_at)
             VALUES ('b', 'v', 'b', 'B', 0, 0);",
        )
        .unwrap();
    let seqs = query_lines(
        &connection,
        "SELECT seq FROM workspaces UNION ALL SELECT seq FROM agents",
    );
    assert_eq!(seqs, ["8", "10"]);
    // All other tables are numbered by something else, or nothing stores their row numbers.
    let others = "SELECT name FROM sqlite_schema WHERE type = 'table'
        AND sql LIKE '%seq %INTEGER PRIMARY KEY%' AND sql NOT LIKE '%AUTOINCREMENT%' ORDER BY name";
    let expected = "audit_records bot_code bot_issue_events bot_logs bots charges chat_turns connector_logs \
        folder_files folder_passages inbox_requests integration_code integration_logs \
        platform_uninstalls service_integrations webchat_keys webhook_attempts";
    assert_eq!(query_lines(&connection, others).join(" "), expected);
    assert_eq!(query_lines(&connection, "PRAGMA integrity_check"), ["ok"]);
}
