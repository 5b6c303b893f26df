//! Maximum number of rows of each kind that a tenant can have, beside the quotas of its plan ([`super::quotas`]).
//! These bounds prevent a tenant from filling the disk with rows that cost nothing to create.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use rusqlite::{ErrorCode, ToSql, params};
use serde::{Deserialize, Serialize};

use super::write_tx::WriteTx;
use crate::kernel::{Error, Kind, Result, clock::Stopwatch};

/// Bounds up to this number are checked with a count for each new row.
const MAX_UNCACHED_BOUND: u64 = 1_000;
/// Interval, in real time, after which the rows of an owner that has reached a larger bound are counted again.
const RECOUNT_INTERVAL: Duration = Duration::from_secs(1);
/// Maximum number of cached counts.
const MAX_CACHED_COUNTS: usize = 10_000;

/// Maximum number of rows of each kind that a tenant can have.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Aloochat integrations of a workspace.
    pub service_integrations: u64,
    /// Connectors of a workspace.
    pub connectors: u64,
    /// Pending authorizations of connectors of a user.
    pub pending_authorizations: u64,
    /// Platform integrations of an agent.
    pub platform_integrations: u64,
    /// Installations of platform integrations in an agent.
    pub platform_installations: u64,
    /// End users of an agent.
    pub end_users: u64,
    /// Conversations of a bot.
    pub conversations: u64,
    /// Participants of a conversation.
    pub participants: u64,
    /// Messages of a bot in all its conversations.
    pub messages: u64,
    /// Events of a bot. Events that the server creates count too, but are never rejected.
    pub events: u64,
    /// States of a bot and its integrations.
    pub states: u64,
    /// Scheduled events, scheduled messages and recurring events of a bot.
    pub schedules: u64,
    /// Tracked numbers of a bot, one for each name and day.
    pub counters: u64,
    /// Workflows of a bot.
    pub workflows: u64,
    /// Tasks of a bot.
    pub tasks: u64,
    /// Activities of a task; the oldest go first.
    pub task_activities: u64,
    /// Files of a bot: of those with a key, and of those of the older API.
    pub files: u64,
    /// Passages of the indexed files of a bot.
    pub file_passages: u64,
    /// Knowledge bases of a bot.
    pub knowledge_bases: u64,
    /// Names of integrations that belong to a workspace, also those without a version.
    pub integration_names: u64,
    /// Versions of interfaces of a workspace.
    pub interfaces: u64,
    /// Versions of plugins of a workspace.
    pub plugins: u64,
    /// Plugins of a bot.
    pub bot_plugins: u64,
    /// Implementations of interfaces of one version of an integration.
    pub implementations: u64,
    /// Configurations of an integration in addition to the default one.
    pub configurations: u64,
    /// Secrets of a bot, and of a version of an integration.
    pub secrets: u64,
    /// API keys of a bot, and of a version of an integration.
    pub api_keys: u64,
    /// Stored versions of a bot.
    pub bot_versions: u64,
    /// Preferences of an account, and of a workspace.
    pub preferences: u64,
    /// Tables of a bot.
    pub tables: u64,
    /// Rows of a table.
    pub table_rows: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            service_integrations: 10_000,
            connectors: 1_000,
            pending_authorizations: 100,
            platform_integrations: 1_000,
            platform_installations: 10_000,
            end_users: 10_000_000,
            conversations: 10_000_000,
            participants: 10_000,
            messages: 10_000_000,
            events: 10_000_000,
            states: 1_000_000,
            schedules: 100_000,
            counters: 100_000,
            workflows: 1_000_000,
            tasks: 1_000_000,
            task_activities: 100,
            files: 100_000,
            file_passages: 1_000_000,
            knowledge_bases: 1_000,
            integration_names: 1_000,
            interfaces: 1_000,
            plugins: 1_000,
            bot_plugins: 20,
            implementations: 100,
            configurations: 100,
            secrets: 1_000,
            api_keys: 100,
            bot_versions: 100,
            preferences: 1_000,
            tables: 100,
            table_rows: 10_000_000,
        }
    }
}

impl Settings {
    /// Requires that an integration may have this number of configurations. The server checks a script for each of
    /// them.
    ///
    /// # Errors
    /// `LimitExceeded`.
    pub(in crate::domain) fn require_configurations(&self, count: usize) -> Result<()> {
        let max = self.configurations;
        if u64::try_from(count).unwrap_or(u64::MAX) <= max {
            return Ok(());
        }
        let text = format!("An integration can have {max} configurations (bounds.configurations)");
        Err(Error::new(Kind::LimitExceeded, text))
    }
}

/// Bound on the rows of one kind.
pub(in crate::domain) struct Bound {
    /// Label of the owner in the error text: "A workspace".
    pub(in crate::domain) owner_label: &'static str,
    /// Label of the rows in the error text: "connectors".
    pub(in crate::domain) items_label: &'static str,
    /// Name of the setting in `[bounds]`.
    pub(in crate::domain) setting: &'static str,
    pub(in crate::domain) limit: fn(&Settings) -> u64,
    /// SQL for the largest row number of the table, or of the owner's rows (`?1`), which is at least the number of
    /// rows. `None` for small tables and for those without such numbers.
    pub(in crate::domain) max_number_sql: Option<&'static str>,
    /// SQL that returns one row for each row of the owner.
    pub(in crate::domain) rows_sql: &'static str,
}

/// Settings and cached counts that bounds are checked against.
#[derive(Clone, Copy)]
pub(in crate::domain) struct BoundsCheck<'a> {
    pub(in crate::domain) settings: &'a Settings,
    pub(in crate::domain) counts: &'a CountCache,
}

/// Cached row counts, by setting and owner, for tables that have more rows than the bound of one owner.
#[derive(Default)]
pub(in crate::domain) struct CountCache(Mutex<HashMap<(&'static str, String), CachedCount>>);

struct CachedCount {
    /// Upper estimate: deleted rows are not subtracted.
    rows: u64,
    age: Stopwatch,
}

impl CountCache {
    /// Returns the maximum number of existing rows, and adds one for the row that follows.
    fn reserve_row(
        &self,
        key: (&'static str, String),
        max: u64,
        count: impl FnOnce() -> Result<u64>,
    ) -> Result<u64> {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = counts.get_mut(&key)
            && (known.rows < max || known.age.elapsed() < RECOUNT_INTERVAL)
        {
            let rows = known.rows;
            known.rows = rows.saturating_add(1).min(max);
            return Ok(rows);
        }
        let rows = count()?;
        if counts.len() >= MAX_CACHED_COUNTS {
            counts.clear();
        }
        let known = CachedCount {
            rows: rows.saturating_add(1).min(max),
            age: Stopwatch::start(),
        };
        counts.insert(key, known);
        Ok(rows)
    }
}

impl Bound {
    /// Requires that an owner may have one more row, which the caller inserts next.
    ///
    /// # Errors
    /// `LimitExceeded`, and errors of the store.
    pub(in crate::domain) fn require(
        &self,
        tx: &WriteTx<'_>,
        owner: impl ToSql + ToString,
    ) -> Result<()> {
        let Some(bounds) = tx.bounds() else {
            return Ok(());
        };
        let max = (self.limit)(bounds.settings);
        if let Some(last) = self.max_number_sql {
            let mut statement = tx.conn.prepare_cached(last)?;
            let last: Option<i64> = match statement.parameter_count() {
                0 => statement.query_row([], |row| row.get(0))?,
                _ => statement.query_row([&owner], |row| row.get(0))?,
            };
            if last.unwrap_or(0).unsigned_abs() < max {
                return Ok(());
            }
        }
        let rows = if max <= MAX_UNCACHED_BOUND {
            self.count_rows(tx, &owner, max)?
        } else {
            let key = (self.setting, owner.to_string());
            bounds
                .counts
                .reserve_row(key, max, || self.count_rows(tx, &owner, max))?
        };
        if rows >= max {
            return Err(self.limit_error(max));
        }
        Ok(())
    }

    fn count_rows(&self, tx: &WriteTx<'_>, owner: &dyn ToSql, max: u64) -> Result<u64> {
        let sql = format!("SELECT count(*) FROM ({} LIMIT ?2)", self.rows_sql);
        let max = i64::try_from(max).unwrap_or(i64::MAX);
        let mut statement = tx.conn.prepare_cached(&sql)?;
        match statement.query_row(params![owner, max], |row| row.get::<_, i64>(0)) {
            Ok(count) => Ok(count.unsigned_abs()),
            // Damage to other rows must not prevent an insert that is possible.
            Err(error) if error.sqlite_error_code() == Some(ErrorCode::DatabaseCorrupt) => {
                tracing::warn!(%error, setting = self.setting, "rows cannot be counted");
                Ok(0)
            }
            Err(error) => Err(error.into()),
        }
    }

    fn limit_error(&self, max: u64) -> Error {
        let Self {
            owner_label: of,
            items_label: things,
            setting,
            ..
        } = self;
        let text = format!("{of} can have {max} {things} (bounds.{setting})");
        Error::new(Kind::LimitExceeded, text)
    }
}
