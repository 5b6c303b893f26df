//! Decrypts all sealed values, to check that the key fits.

use std::fmt;

use rusqlite::Connection;
use strum::VariantArray;

use super::SealedColumn;
use crate::{
    kernel::Result,
    store::{Sealer, seal::SealError},
};

/// Maximum number of values that are listed.
const MAX_LISTED: usize = 100;

/// Sealed values that the key does not decrypt.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UnreadableValues {
    /// The first 100 values.
    pub listed: Vec<UnreadableValue>,
    /// Number of further values.
    pub unlisted: usize,
}

/// Sealed value that the key does not decrypt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnreadableValue {
    /// Column of the value.
    pub column: SealedColumn,
    /// Label of the owner; `None` if the row refers to a missing row.
    pub owner: Option<String>,
    /// Reason of the failure.
    pub reason: SealError,
}

impl UnreadableValues {
    /// Returns the number of values.
    #[must_use]
    pub fn count(&self) -> usize {
        self.listed.len() + self.unlisted
    }

    fn add(&mut self, value: UnreadableValue) {
        if self.listed.len() < MAX_LISTED {
            self.listed.push(value);
        } else {
            self.unlisted += 1;
        }
    }
}

impl fmt::Display for UnreadableValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (table, column) = self.column.name();
        let owner = self.owner.as_deref().unwrap_or("a row without an owner");
        write!(f, "{owner}: {table}.{column}: {}", self.reason)
    }
}

/// Decrypts every sealed value of every tenant. Without a key, every value is unreadable.
///
/// # Errors
/// Errors of the store.
pub fn find_unreadable(conn: &Connection, sealer: Option<&Sealer>) -> Result<UnreadableValues> {
    let mut found = UnreadableValues::default();
    for column in SealedColumn::VARIANTS.iter().copied() {
        let mut statement = conn.prepare(column.values_sql())?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let Some(sealed) = row.get::<_, Option<Vec<u8>>>(2)? else {
                continue;
            };
            // Without the row that it refers to, a row has no id that its value could be sealed for.
            let row_id: Option<String> = row.get(1)?;
            let opened = match (sealer, row_id) {
                (Some(sealer), Some(row_id)) => column.open(sealer, &row_id, &sealed).map(drop),
                _ => Err(SealError::Broken),
            };
            if let Err(reason) = opened {
                let owner = row.get(0)?;
                found.add(UnreadableValue {
                    column,
                    owner,
                    reason,
                });
            }
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use rusqlite::{Connection, config::DbConfig};
    use tempfile::TempDir;

    use super::*;
    use crate::{
        kernel::Secret,
        store::{Settings, Store, seal},
    };

    /// Columns of bytes that are not sealed: hashes, files, received bodies, group keys. A new column of bytes belongs
    /// here or in [`SealedColumn`].
    const NOT_SEALED: [(&str, &str); 15] = [
        ("api_keys", "hash"),
        ("blob_chunks", "bytes"),
        ("bot_files", "contents"),
        ("bot_issues", "group_key"),
        ("connector_oauth_states", "hash"),
        ("end_user_deletions", "request_hash"),
        ("inbox_requests", "body"),
        ("integration_icons", "icon"),
        ("integrations", "readme"),
        ("meta", "value"),
        ("packages", "icon"),
        ("packages", "readme"),
        ("platform_integrations", "client_secret_hash"),
        ("platform_tokens", "hash"),
        ("webhook_attempts", "response"),
    ];

    /// Database with one row in every table, and a key. All numbers are 1 and all texts "1", so that rows refer to
    /// each other.
    struct Fixture {
        _directory: TempDir,
        _store: Store,
        sealer: Sealer,
        connection: Connection,
    }

    /// Returns the name and type of each column of a table.
    fn columns(connection: &Connection, table: &str) -> Vec<(String, String)> {
        let sql = "SELECT name, type FROM pragma_table_info(?1)";
        let mut statement = connection.prepare(sql).unwrap();
        let columns = statement
            .query_map([table], |row| Ok((row.get(0)?, row.get(1)?)))
            .unwrap();
        columns.collect::<rusqlite::Result<_>>().unwrap()
    }

    fn tables(connection: &Connection) -> Vec<String> {
        let sql = "SELECT name FROM pragma_table_list WHERE type = 'table' AND schema = 'main'
                   AND name NOT LIKE 'sqlite_%' ORDER BY name";
        let mut statement = connection.prepare(sql).unwrap();
        let tables = statement.query_map([], |row| row.get(0)).unwrap();
        tables.collect::<rusqlite::Result<_>>().unwrap()
    }

    impl Fixture {
        async fn new() -> Self {
            let directory = TempDir::new().unwrap();
            let path = directory.path().join("test.db");
            let settings = Settings {
                path: path.clone(),
                ..Settings::default()
            };
            let store = Store::open(&settings).unwrap();
            let key = seal::Settings {
                key: Some(Secret::new("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=")),
                key_file: None,
            };
            let sealer = Sealer::load(&store, &key).await.unwrap();
            let connection = Connection::open(path).unwrap();
            connection
                .execute_batch("PRAGMA foreign_keys = OFF; PRAGMA ignore_check_constraints = ON")
                .unwrap();
            connection
                .set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER, false)
                .unwrap();
            for table in tables(&connection) {
                let values = columns(&connection, &table)
                    .iter()
                    .map(|(name, kind)| match (name.as_str(), kind.as_str()) {
                        ("deleted_at", _) => "NULL",
                        (_, "BLOB") => "x'01'",
                        (_, "TEXT") => "'1'",
                        _ => "1",
                    })
                    .collect::<Vec<_>>()
                    .join(", ");
                let sql = format!("INSERT OR IGNORE INTO {table} VALUES ({values})");
                connection.execute(&sql, []).unwrap();
            }
            let fixture = Self {
                _directory: directory,
                _store: store,
                sealer,
                connection,
            };
            for column in SealedColumn::VARIANTS {
                fixture.seal(*column);
            }
            fixture
        }

        /// Seals the only value of a column for the row in which the check finds it.
        fn seal(&self, column: SealedColumn) {
            let row_id: String = self
                .connection
                .query_row(column.values_sql(), [], |row| row.get(1))
                .unwrap();
            self.overwrite(column, &column.seal(&self.sealer, &row_id, b"a secret"));
        }

        fn overwrite(&self, column: SealedColumn, value: &[u8]) {
            let (table, name) = column.name();
            let sql = format!("UPDATE {table} SET {name} = ?1");
            assert_eq!(self.connection.execute(&sql, [value]).unwrap(), 1);
        }

        fn find_unreadable(&self) -> Vec<UnreadableValue> {
            find_unreadable(&self.connection, Some(&self.sealer))
                .unwrap()
                .listed
        }
    }

    #[tokio::test]
    async fn each_column_that_is_overwritten_is_found_and_named() {
        let fixture = Fixture::new().await;
        assert_eq!(fixture.find_unreadable(), []);
        for column in SealedColumn::VARIANTS.iter().copied() {
            let (table, name) = column.name();
            for (value, reason) in [
                (&[1; 60][..], SealError::Broken),
                (&[9; 60], SealError::UnknownVersion(9)),
                (&[], SealError::Broken),
            ] {
                fixture.overwrite(column, value);
                let found = fixture.find_unreadable();
                assert_eq!(found.len(), 1, "{table}.{name}: {found:?}");
                assert_eq!((found[0].column, found[0].reason), (column, reason));
                let text = found[0].to_string();
                let owner = found[0].owner.as_deref().unwrap();
                assert!(
                    text.contains(&format!("{owner}: {table}.{name}: ")),
                    "{text}"
                );
            }
            fixture.seal(column);
        }
        assert_eq!(fixture.find_unreadable(), []);
    }

    #[tokio::test]
    async fn a_value_that_stands_in_another_row_is_found() {
        let fixture = Fixture::new().await;
        for column in SealedColumn::VARIANTS.iter().copied() {
            fixture.overwrite(
                column,
                &column.seal(&fixture.sealer, "another", b"a secret"),
            );
            assert_eq!(fixture.find_unreadable().len(), 1, "{column:?}");
            fixture.seal(column);
        }
    }

    #[tokio::test]
    async fn every_column_of_bytes_is_sealed_or_known_not_to_be() {
        let fixture = Fixture::new().await;
        let in_schema: BTreeSet<_> = tables(&fixture.connection)
            .into_iter()
            .flat_map(|table| {
                let columns = columns(&fixture.connection, &table).into_iter();
                let bytes = columns.filter(|(_, kind)| kind == "BLOB");
                bytes
                    .map(move |(name, _)| (table.clone(), name))
                    .collect::<Vec<_>>()
            })
            .collect();
        let sealed = SealedColumn::VARIANTS.iter().map(|column| column.name());
        let known = sealed
            .chain(NOT_SEALED)
            .map(|(table, column)| (table.to_owned(), column.to_owned()))
            .collect();
        assert_eq!(in_schema, known);
    }

    #[tokio::test]
    async fn many_are_counted_and_the_first_are_named() {
        let fixture = Fixture::new().await;
        fixture
            .connection
            .execute_batch(
                "WITH RECURSIVE n (i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i < 250)
                 INSERT INTO runtime_tokens SELECT 'o' || i, '1', x'01' FROM n",
            )
            .unwrap();
        let found = find_unreadable(&fixture.connection, Some(&fixture.sealer)).unwrap();
        assert_eq!((found.listed.len(), found.count()), (100, 249));
        let all = find_unreadable(&fixture.connection, None).unwrap();
        assert_eq!(all.count(), 249 + SealedColumn::VARIANTS.len());
    }
}
