//! Usage: number of requests of a tenant by API class and day.
//!
//! A request that writes is counted in the transaction of its write. A request that only reads is counted in memory
//! and written about once a second, and when the server stops.

use std::{
    collections::HashMap,
    convert::Infallible,
    hash::Hash,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use quick_cache::sync::Cache;
use rusqlite::{Connection, OptionalExtension, named_params};
use tracing::warn;

use super::{api_keys, app::App, keyring::KeyUse};
use crate::{
    domain::shared::rate_limits::{self, ApiClass, RateLimitStatus, RateLimiter},
    kernel::{
        Clock, Result, Timestamp,
        clock::sleep_real_time,
        ids::{AccountId, AgentId, WorkspaceId},
    },
};

/// Interval between two writes of the usage that is in memory.
const FLUSH_INTERVAL: Duration = Duration::from_secs(1);

/// Subject of a rate limit.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Tenant {
    /// Workspace of the tenant.
    pub workspace: WorkspaceId,
    /// Agent, if the vendor limits each agent separately.
    pub agent: Option<AgentId>,
}

/// Key of a usage counter.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct UsageKey {
    /// Tenant of the request.
    pub tenant: Tenant,
    /// API class of the request.
    pub class: ApiClass,
    /// UTC day, in days since the epoch.
    pub day: i64,
}

const ADD_CALLS: &str = "
    INSERT INTO usage_daily (day, workspace_seq, agent_seq, class, calls)
    SELECT :day, workspaces.seq, coalesce(agents.seq, 0), :class, :calls
    FROM workspaces LEFT JOIN agents ON agents.id = :agent_id
    WHERE workspaces.id = :workspace_id AND (:agent_id IS NULL OR agents.seq IS NOT NULL)
    ON CONFLICT (day, workspace_seq, agent_seq, class)
    DO UPDATE SET calls = calls + excluded.calls";

/// Adds requests to the counters of their days. Skips workspaces and agents that no longer exist.
///
/// # Errors
/// Errors of the store.
pub fn add_calls(
    conn: &Connection,
    counts: impl IntoIterator<Item = (UsageKey, u64)>,
) -> Result<()> {
    let mut add = conn.prepare_cached(ADD_CALLS)?;
    for (counted, calls) in counts {
        add.execute(named_params! {
            ":workspace_id": counted.tenant.workspace,
            ":agent_id": counted.tenant.agent,
            ":class": counted.class,
            ":day": counted.day,
            ":calls": i64::try_from(calls).unwrap_or(i64::MAX),
        })?;
    }
    Ok(())
}

const FIND_CALLS: &str = "
    SELECT calls FROM usage_daily
    WHERE day = :day AND class = :class
      AND workspace_seq = (SELECT seq FROM workspaces WHERE id = :workspace_id)
      AND agent_seq = CASE WHEN :agent_id IS NULL THEN 0
                           ELSE (SELECT seq FROM agents WHERE id = :agent_id) END";

/// Returns the number of requests of a day that is stored.
///
/// # Errors
/// Errors of the store.
pub fn find_calls(conn: &Connection, counted: &UsageKey) -> Result<u64> {
    let calls = conn.prepare_cached(FIND_CALLS)?.query_row(
        named_params! {
            ":workspace_id": counted.tenant.workspace,
        ":agent_id": counted.tenant.agent,
            ":class": counted.class,
            ":day": counted.day,
        },
        |row| row.get::<_, i64>(0),
    );
    Ok(calls.optional()?.map_or(0, i64::unsigned_abs))
}

/// Cache of recently used rate limiters, by subject and API class. A limiter that is evicted starts again.
type LimiterCache<K> = Cache<(K, ApiClass), Arc<RateLimiter>>;

/// Maximum number of cached rate limiters of each kind of subject.
const MAX_CACHED_LIMITERS: usize = 100_000;

/// Rate limiters since the start of the server, and the usage that is not written yet.
pub(in crate::domain) struct Meter {
    limits: rate_limits::Settings,
    /// True if the error names the setting that limits the request.
    names_setting: bool,
    clock: Clock,
    limiters: LimiterCache<Tenant>,
    /// Rate limiters of people outside of any workspace. Their daily counts are not restored after a restart.
    account_limiters: LimiterCache<AccountId>,
    pending: Mutex<PendingUsage>,
}

/// Usage that is not written yet.
#[derive(Default)]
struct PendingUsage {
    calls: HashMap<UsageKey, u64>,
    key_uses: Vec<Arc<KeyUse>>,
}

impl Meter {
    pub(in crate::domain) fn new(
        limits: rate_limits::Settings,
        explains: bool,
        clock: Clock,
    ) -> Self {
        Self {
            limits,
            names_setting: explains,
            clock,
            limiters: Cache::new(MAX_CACHED_LIMITERS),
            account_limiters: Cache::new(MAX_CACHED_LIMITERS),
            pending: Mutex::default(),
        }
    }

    /// Returns the rate limiter of a tenant.
    pub(in crate::domain) fn limiter(&self, tenant: &Tenant, class: ApiClass) -> Arc<RateLimiter> {
        self.get_or_create(&self.limiters, (tenant.clone(), class))
    }

    /// Counts a request in a rate limiter. `stored` returns the stored number of requests of the day.
    ///
    /// # Errors
    /// `RateLimited`, and errors of `stored`.
    pub(in crate::domain) fn take_request(
        &self,
        allowance: &RateLimiter,
        counted: impl FnOnce() -> UsageKey,
        now: Timestamp,
        stored: impl FnOnce(&UsageKey) -> Result<u64>,
    ) -> Result<Option<RateLimitStatus>> {
        if self.are_suspended() {
            return Ok(None);
        }
        let taken = allowance.take((self.clock.monotonic_now(), now), || {
            let counted = counted();
            Ok(stored(&counted)?.saturating_add(self.pending_calls(&counted)))
        });
        taken.map_err(|refused| refused.into_error(self.names_setting))
    }

    /// Counts a request in the rate limiter of a person outside of any workspace.
    ///
    /// # Errors
    /// `RateLimited`.
    pub(in crate::domain) fn take_account_request(
        &self,
        account: &AccountId,
        class: ApiClass,
        now: Timestamp,
    ) -> Result<Option<RateLimitStatus>> {
        if self.are_suspended() {
            return Ok(None);
        }
        let key = (account.clone(), class);
        // Their requests are not stored.
        let at = (self.clock.monotonic_now(), now);
        let taken = self
            .get_or_create(&self.account_limiters, key)
            .take(at, || Ok(0));
        taken.map_err(|refused| refused.into_error(self.names_setting))
    }

    fn get_or_create<K: Clone + Eq + Hash>(
        &self,
        all: &LimiterCache<K>,
        key: (K, ApiClass),
    ) -> Arc<RateLimiter> {
        let class = key.1;
        let create = || Ok::<_, Infallible>(Arc::new(RateLimiter::new(&self.limits, class)));
        let Ok(limiter) = all.get_or_insert_with(&key, create);
        limiter
    }

    fn pending_calls(&self, counted: &UsageKey) -> u64 {
        let pending = self.pending.lock().unwrap_or_else(PoisonError::into_inner);
        pending.calls.get(counted).copied().unwrap_or(0)
    }

    /// True if rate limits are off because the clock is frozen and nothing would refill.
    fn are_suspended(&self) -> bool {
        !self.limits.in_frozen_time && self.clock.is_frozen()
    }

    /// Counts a request that has written nothing.
    pub(in crate::domain) fn count_request(&self, counted: UsageKey) {
        let mut pending = self.pending.lock().unwrap_or_else(PoisonError::into_inner);
        *pending.calls.entry(counted).or_default() += 1;
    }

    /// Queues the last use of a key for writing.
    pub(in crate::domain) fn queue_key_use(&self, used: Arc<KeyUse>) {
        let mut pending = self.pending.lock().unwrap_or_else(PoisonError::into_inner);
        pending.key_uses.push(used);
    }

    fn take_pending(&self) -> PendingUsage {
        let mut pending = self.pending.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut *pending)
    }

    fn restore_calls(&self, calls: HashMap<UsageKey, u64>) {
        let mut pending = self.pending.lock().unwrap_or_else(PoisonError::into_inner);
        for (counted, calls) in calls {
            *pending.calls.entry(counted).or_default() += calls;
        }
    }
}

/// Maximum number of rows that are deleted in one transaction.
const ROWS_PER_TRANSACTION: i64 = 1_000;

const DELETE_OLD: &str = "
    DELETE FROM usage_daily WHERE (day, workspace_seq, agent_seq, class) IN (
        SELECT day, workspace_seq, agent_seq, class FROM usage_daily WHERE day < :day LIMIT :limit)";

const HAS_OLD: &str = "SELECT EXISTS (SELECT 1 FROM usage_daily WHERE day < :day)";

/// Deletes the counters of days that are older than the retention time.
///
/// # Errors
/// Errors of the store.
pub(in crate::domain) async fn prune(app: &App) -> Result<()> {
    let retention_days = i64::try_from(app.settings().audit.usage_days).unwrap_or(i64::MAX);
    let day = app.clock().now().day().saturating_sub(retention_days);
    let is_old = |conn: &Connection| {
        let mut statement = conn.prepare_cached(HAS_OLD)?;
        Ok(statement.query_row(named_params! {":day": day}, |row| row.get(0))?)
    };
    while app.store().read(is_old)? {
        let removed = app.store().write(move |conn| {
            conn.prepare_cached(DELETE_OLD)?
                .execute(named_params! {":day": day, ":limit": ROWS_PER_TRANSACTION})?;
            Ok(())
        });
        removed.await?;
    }
    Ok(())
}

/// Writes the usage at intervals, until it is dropped.
pub async fn run(app: App) {
    loop {
        // Real time: a crash loses what is not flushed, regardless of the product clock.
        sleep_real_time(FLUSH_INTERVAL).await;
        if let Err(error) = flush(&app).await {
            warn!(?error, "usage counts cannot be stored; they are retried");
        }
    }
}

/// Writes the usage that is only in memory.
///
/// # Errors
/// Errors of the store; the counts then remain in memory.
pub async fn flush(app: &App) -> Result<()> {
    let PendingUsage {
        calls,
        key_uses: used,
    } = app.meter().take_pending();
    if calls.is_empty() && used.is_empty() {
        return Ok(());
    }
    let counted = calls.clone();
    let written = app
        .store()
        .write(move |conn| {
            add_calls(conn, counted)?;
            for used in used {
                let (key, at) = used.take_for_write();
                api_keys::set_last_used(conn, &key, at)?;
            }
            Ok(())
        })
        .await;
    if written.is_err() {
        app.meter().restore_calls(calls);
    }
    written
}
