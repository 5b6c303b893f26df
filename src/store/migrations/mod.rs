//! The migrations. A file's `user_version` is the number of migrations that it has. New migrations are only
//! appended; none is ever reverted.

use rusqlite::{Connection, Transaction, TransactionBehavior};

/// A migration.
#[derive(Debug, Clone, Copy)]
pub(super) struct Migration {
    pub(super) name: &'static str,
    pub(super) sql: &'static str,
}

/// All migrations, in order.
pub(super) const ALL: &[Migration] = &[
    Migration {
        name: "0001_foundation",
        sql: include_str!("0001_foundation.sql"),
    },
    Migration {
        name: "0002_webhooks",
        sql: include_str!("0002_webhooks.sql"),
    },
    Migration {
        name: "0003_end_users",
        sql: include_str!("0003_end_users.sql"),
    },
    Migration {
        name: "0004_platform_integrations",
        sql: include_str!("0004_platform_integrations.sql"),
    },
    Migration {
        name: "0005_webhook_removal",
        sql: include_str!("0005_webhook_removal.sql"),
    },
    Migration {
        name: "0006_connectors",
        sql: include_str!("0006_connectors.sql"),
    },
    Migration {
        name: "0007_folders",
        sql: include_str!("0007_folders.sql"),
    },
    Migration {
        name: "0008_chat_turns",
        sql: include_str!("0008_chat_turns.sql"),
    },
    Migration {
        name: "0009_botpress",
        sql: include_str!("0009_botpress.sql"),
    },
    Migration {
        name: "0010_workspaces",
        sql: include_str!("0010_workspaces.sql"),
    },
    Migration {
        name: "0011_runtime",
        sql: include_str!("0011_runtime.sql"),
    },
    Migration {
        name: "0012_declarations",
        sql: include_str!("0012_declarations.sql"),
    },
    Migration {
        name: "0013_webchat",
        sql: include_str!("0013_webchat.sql"),
    },
    Migration {
        name: "0014_webhook_deliveries",
        sql: include_str!("0014_webhook_deliveries.sql"),
    },
    Migration {
        name: "0015_fewer_trees",
        sql: include_str!("0015_fewer_trees.sql"),
    },
    Migration {
        name: "0016_webhook_queue",
        sql: include_str!("0016_webhook_queue.sql"),
    },
    Migration {
        name: "0017_message_index",
        sql: include_str!("0017_message_index.sql"),
    },
    Migration {
        name: "0018_time",
        sql: include_str!("0018_time.sql"),
    },
    Migration {
        name: "0019_names",
        sql: include_str!("0019_names.sql"),
    },
    Migration {
        name: "0020_webhook_addresses",
        sql: include_str!("0020_webhook_addresses.sql"),
    },
    Migration {
        name: "0021_numbers",
        sql: include_str!("0021_numbers.sql"),
    },
    Migration {
        name: "0024_installations",
        sql: include_str!("0024_installations.sql"),
    },
    Migration {
        name: "0026_folder_reading",
        sql: include_str!("0026_folder_reading.sql"),
    },
    Migration {
        name: "0027_interfaces",
        sql: include_str!("0027_interfaces.sql"),
    },
    Migration {
        name: "0028_plugins",
        sql: include_str!("0028_plugins.sql"),
    },
    Migration {
        name: "0029_event_outcomes",
        sql: include_str!("0029_event_outcomes.sql"),
    },
    Migration {
        name: "0030_profiles",
        sql: include_str!("0030_profiles.sql"),
    },
    Migration {
        name: "0031_bot_versions",
        sql: include_str!("0031_bot_versions.sql"),
    },
    Migration {
        name: "0032_workflows",
        sql: include_str!("0032_workflows.sql"),
    },
    Migration {
        name: "0033_files",
        sql: include_str!("0033_files.sql"),
    },
    Migration {
        name: "0034_tables",
        sql: include_str!("0034_tables.sql"),
    },
    Migration {
        name: "0036_disabled_channels",
        sql: include_str!("0036_disabled_channels.sql"),
    },
];

/// A failed migration. The file is as the previous migration left it.
#[derive(Debug, thiserror::Error)]
#[error("migration {name} failed")]
pub(super) struct MigrationError {
    pub(super) name: &'static str,
    #[source]
    pub(super) source: rusqlite::Error,
}

/// Returns the version of a file that has all of `migrations`.
pub(super) fn version_of(migrations: &[Migration]) -> i64 {
    i64::try_from(migrations.len()).expect("the list of migrations is short")
}

/// Applies all of `migrations` to an empty file, in one transaction. The connection must not enforce foreign keys.
pub(super) fn create(
    connection: &mut Connection,
    migrations: &[Migration],
) -> Result<(), MigrationError> {
    let name = migrations.last().map_or("none", |last| last.name);
    let failed = |source| MigrationError { name, source };
    let transaction = connection.transaction().map_err(failed)?;
    for (version, migration) in (1..).zip(migrations) {
        migrate(&transaction, migration, version).map_err(|source| MigrationError {
            name: migration.name,
            source,
        })?;
    }
    check_references(&transaction)
        .and_then(|()| transaction.commit())
        .map_err(failed)
}

/// Applies the missing migrations, each in its own transaction. The connection must not enforce foreign keys,
/// so that a migration may rebuild a table that others refer to. Instead, all references are checked before
/// each commit.
pub(super) fn apply(
    connection: &mut Connection,
    migrations: &[Migration],
) -> Result<(), MigrationError> {
    for (version, migration) in (1..).zip(migrations) {
        apply_one(connection, migration, version).map_err(|source| MigrationError {
            name: migration.name,
            source,
        })?;
    }
    Ok(())
}

/// Migrates a file from the previous version to `version`.
fn apply_one(
    connection: &mut Connection,
    migration: &Migration,
    version: i64,
) -> rusqlite::Result<()> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let found: i64 = transaction.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    if found >= version {
        return Ok(());
    }
    migrate(&transaction, migration, version)?;
    check_references(&transaction)?;
    transaction.commit()
}

fn migrate(
    transaction: &Transaction<'_>,
    migration: &Migration,
    version: i64,
) -> rusqlite::Result<()> {
    transaction.execute_batch(migration.sql)?;
    transaction.pragma_update(None, "user_version", version)
}

fn check_references(transaction: &Transaction<'_>) -> rusqlite::Result<()> {
    let mut check = transaction.prepare("PRAGMA foreign_key_check")?;
    if check.exists([])? {
        return Err(rusqlite::Error::SqliteFailure(
            rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_CONSTRAINT_FOREIGNKEY),
            Some("rows would refer to rows that do not exist".to_owned()),
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests;
