//! Consistency check of the tables that repeat columns of other rows as an index: the message index and the
//! tables of tags.

use rusqlite::Connection;

use super::messages::INDEX_FAULTS;
use crate::kernel::Result;

/// Faults of the other tables of tags, each with the SQL that counts it.
const TAG_FAULTS: [(&str, &str); 4] = [
    (
        "tags of conversations are missing in conversation_tags",
        "SELECT count(*) FROM conversations AS c, json_each(c.tags) AS tag
         WHERE NOT EXISTS (SELECT 1 FROM conversation_tags AS found
                           WHERE found.agent_seq = c.agent_seq AND found.name = tag.key
                             AND found.value = tag.value AND found.of_seq = c.seq)",
    ),
    (
        "rows of conversation_tags match no tag",
        "SELECT count(*) FROM conversation_tags AS found
         LEFT JOIN conversations AS c ON c.seq = found.of_seq
         WHERE c.agent_seq IS NOT found.agent_seq
            OR NOT EXISTS (SELECT 1 FROM json_each(c.tags) AS tag
                           WHERE tag.key = found.name AND tag.value = found.value)",
    ),
    (
        "tags of users are missing in user_tags",
        "SELECT count(*) FROM end_users AS u, json_each(u.tags) AS tag
         WHERE NOT EXISTS (SELECT 1 FROM user_tags AS found
                           WHERE found.name = tag.key AND found.value = tag.value
                             AND found.of_seq = u.seq)",
    ),
    (
        "rows of user_tags match no tag",
        "SELECT count(*) FROM user_tags AS found
         LEFT JOIN end_users AS u ON u.seq = found.of_seq
         WHERE NOT EXISTS (SELECT 1 FROM json_each(u.tags) AS tag
                           WHERE tag.key = found.name AND tag.value = found.value)",
    ),
];

/// Finds missing and surplus rows in these tables; returns a sentence for each fault.
///
/// # Errors
/// Errors of the store.
pub fn find_faults(conn: &Connection) -> Result<Vec<String>> {
    let mut found = Vec::new();
    for (fault, sql) in INDEX_FAULTS.into_iter().chain(TAG_FAULTS) {
        let rows: i64 = conn.query_row(sql, [], |row| row.get(0))?;
        if rows > 0 {
            found.push(format!("{rows} {fault}"));
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use rusqlite::Connection;
    use tempfile::TempDir;

    use super::*;
    use crate::store::{Settings, Store, check};

    const ROWS: &str = "
        INSERT INTO workspaces (id, name, created_at, updated_at) VALUES ('w', 'w', 0, 0);
        INSERT INTO agents (seq, id, workspace_id, handle, name, created_at, updated_at)
        VALUES (1, 'a', 'w', 'a', 'a', 0, 0);
        INSERT INTO end_users
            (seq, id, agent_id, metadata, system_properties, tags, created_at, updated_at)
        VALUES (2, 'u', 'a', '{}', '{}', '{\"id\":\"5\"}', 0, 0);
        INSERT INTO user_tags VALUES (1, 'id', '5', 2);
        INSERT INTO conversations
            (seq, id, agent_seq, integration, channel, tags, created_at, updated_at)
        VALUES (3, 'c', 1, 'i', 'c', '{\"id\":\"6\"}', 0, 0);
        INSERT INTO conversation_tags VALUES (1, 'id', '6', 3);
        INSERT INTO messages
            (seq, id, agent_seq, conversation_seq, user_seq, incoming, type, payload, tags,
             created_at)
        VALUES (4, 'm', 1, 3, 2, 1, 'text', '{}', '{\"id\":\"7\"}', 8),
               (5, 'n', 1, 3, NULL, 0, 'text', '{}', '{}', 9),
               -- Not written to the other tables yet.
               (6, 'o', 1, 3, NULL, 0, 'text', '{}', '{}', 9);
        INSERT INTO messages_of_conversation VALUES (3, 4), (3, 5);
        INSERT INTO messages_of_user VALUES (2, 4);
        INSERT INTO messages_of_agent VALUES (1, 1, 8, 4), (1, 0, 9, 5);
        INSERT INTO message_tags VALUES (1, 'id', '7', 4);
        UPDATE messages_indexed SET until = 5;";

    fn database() -> (TempDir, Connection) {
        let directory = TempDir::new().unwrap();
        let path = directory.path().join("test.db");
        let settings = Settings {
            path: path.clone(),
            ..Settings::default()
        };
        Store::open(&settings).unwrap().close();
        let connection = Connection::open(path).unwrap();
        connection
            .execute_batch("PRAGMA foreign_keys = OFF")
            .unwrap();
        connection.execute_batch(ROWS).unwrap();
        (directory, connection)
    }

    #[test]
    fn each_row_that_is_missing_or_of_nothing_is_found() {
        let (_directory, connection) = database();
        assert_eq!(find_faults(&connection).unwrap(), [""; 0]);
        for (damage, fault) in [
            (
                "DELETE FROM messages_of_conversation WHERE seq = 5",
                "1 messages are missing in messages_of_conversation",
            ),
            (
                "DELETE FROM messages_of_user",
                "1 messages are missing in messages_of_user",
            ),
            (
                "DELETE FROM messages_of_agent",
                "2 messages are missing in messages_of_agent",
            ),
            (
                "DELETE FROM message_tags",
                "1 tags of messages are missing in message_tags",
            ),
            (
                "INSERT INTO messages_of_conversation VALUES (3, 9)",
                "1 rows of messages_of_conversation match no message",
            ),
            (
                "INSERT INTO messages_of_user VALUES (2, 5)",
                "1 rows of messages_of_user match no message",
            ),
            (
                "INSERT INTO messages_of_agent VALUES (1, 1, 7, 4)",
                "1 rows of messages_of_agent match no message",
            ),
            (
                "INSERT INTO message_tags VALUES (1, 'id', '8', 4)",
                "1 rows of message_tags match no tag",
            ),
            (
                "DELETE FROM conversation_tags",
                "1 tags of conversations are missing in conversation_tags",
            ),
            (
                "INSERT INTO conversation_tags VALUES (1, 'x', '6', 3)",
                "1 rows of conversation_tags match no tag",
            ),
            (
                "DELETE FROM user_tags",
                "1 tags of users are missing in user_tags",
            ),
            (
                "INSERT INTO user_tags VALUES (1, 'id', '6', 2)",
                "1 rows of user_tags match no tag",
            ),
        ] {
            connection.execute_batch("SAVEPOINT whole").unwrap();
            connection.execute_batch(damage).unwrap();
            assert_eq!(find_faults(&connection).unwrap(), [fault], "{damage}");
            connection.execute_batch("ROLLBACK TO whole").unwrap();
        }
        assert_eq!(find_faults(&connection).unwrap(), [""; 0]);
    }

    /// SQLite's own integrity check also covers the terms of folders and the constraints of columns.
    #[test]
    fn damaged_terms_and_values_are_found_by_the_check() {
        let (_directory, connection) = database();
        connection
            .execute_batch(
                "CREATE VIRTUAL TABLE folder_terms_1 USING fts5
                     (terms, content = '', contentless_delete = 1);
                 INSERT INTO folder_terms_1 (rowid, terms) VALUES (1, 'some terms to be found');",
            )
            .unwrap();
        let found = |damage: &str| {
            connection.execute_batch("SAVEPOINT whole").unwrap();
            connection.execute_batch(damage).unwrap();
            let report = check(&connection).unwrap().to_string();
            connection.execute_batch("ROLLBACK TO whole").unwrap();
            report
        };
        assert_eq!(found(""), "sound");
        let report = found("UPDATE folder_terms_1_data SET block = zeroblob(30) WHERE id > 10");
        assert!(report.contains("folder_terms_1"), "{report}");
        let report = found(
            "PRAGMA ignore_check_constraints = ON;
             UPDATE messages SET payload = '{' WHERE seq = 4;
             PRAGMA ignore_check_constraints = OFF;",
        );
        assert!(
            report.contains("CHECK constraint failed in messages"),
            "{report}"
        );
    }
}
