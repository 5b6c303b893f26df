//! The SQLite store: one file, one writer thread with group commit, pools of readers, migrations, sealing of
//! secrets, backup and restore.
//!
//! It knows no table except its own `meta`. The domain owns the meaning of the tables; this module only
//! applies the SQL files of the migrations.

mod backup;
mod batch;
mod check;
mod checkpoint;
mod commit_hook;
mod connection;
mod database;
mod files;
mod health;
mod identity;
mod job;
mod lock;
mod log_limit;
pub mod meta;
mod metrics;
mod migrations;
mod open_error;
mod readers;
mod restore;
pub mod seal;
mod settings;
mod sql_types;
mod sqlite_build;
mod sqlite_fault;
mod startup;
mod writer;

#[cfg(test)]
mod tests;

pub use backup::{BackupError, BackupReport, backup};
pub use check::{CheckReport, ForeignKeyViolation, check};
pub use commit_hook::CommitHook;
pub use database::Store;
pub use files::{append_suffix, write_private};
pub use health::Health;
pub use lock::LockHolder;
pub use metrics::Metrics;
pub use open_error::OpenError;
pub use restore::{RestoreReport, restore};
pub use seal::Sealer;
pub use settings::{Settings, Synchronous};
pub use sqlite_build::{SqliteBuild, sqlite_build};
