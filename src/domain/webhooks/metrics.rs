//! Metrics of the dispatcher and of its queue.

use std::time::Duration;

use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{
        counter::Counter,
        family::Family,
        gauge::Gauge,
        histogram::{Histogram, exponential_buckets},
    },
    registry::{Registry, Unit},
};
use rusqlite::{Connection, named_params};

use crate::{
    domain::tenancy::app::App,
    kernel::{Result, Timestamp},
};

/// Upper bound of the first bucket of attempt durations, in seconds. Each bound is twice the previous one; the
/// last is about 16 s.
const FIRST_BUCKET_SECONDS: f64 = 0.001;
const BUCKET_COUNT: u16 = 15;

/// The metrics of webhooks. Clones share the values.
#[derive(Clone)]
pub struct Metrics {
    deliveries: Family<StateLabels, Gauge>,
    /// Number of deliveries that the dispatcher has leased and not yet recorded.
    pub(super) in_memory: Gauge,
    endpoints: Family<StateLabels, Gauge>,
    attempts: Family<OutcomeLabels, Counter>,
    durations: Histogram,
    disabled: Family<ReasonLabels, Counter>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct StateLabels {
    state: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OutcomeLabels {
    outcome: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ReasonLabels {
    reason: &'static str,
}

/// The reason for which the dispatcher disables an endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum DisableReason {
    /// The endpoint answered 410.
    Gone,
    /// Every attempt has failed for too long.
    Failing,
}

impl Default for Metrics {
    fn default() -> Self {
        Self {
            deliveries: Family::default(),
            in_memory: Gauge::default(),
            endpoints: Family::default(),
            attempts: Family::default(),
            durations: Histogram::new(exponential_buckets(FIRST_BUCKET_SECONDS, 2.0, BUCKET_COUNT)),
            disabled: Family::default(),
        }
    }
}

impl Metrics {
    /// Registers the metrics under names that begin with `webhook_`.
    pub fn register(&self, registry: &mut Registry) {
        registry.register(
            "webhook_deliveries",
            "Deliveries in the queue: due now, or waiting for the time of their next attempt",
            self.deliveries.clone(),
        );
        registry.register(
            "webhook_deliveries_in_memory",
            "Deliveries in the dispatcher's memory: waiting, being attempted, or not stored yet",
            self.in_memory.clone(),
        );
        registry.register(
            "webhook_endpoints",
            "Endpoints by state: enabled or disabled",
            self.endpoints.clone(),
        );
        registry.register(
            "webhook_attempts",
            "Attempts by outcome: delivered, refused (another status than 2xx), or no_answer",
            self.attempts.clone(),
        );
        registry.register_with_unit(
            "webhook_attempt",
            "Time that an attempt took",
            Unit::Seconds,
            self.durations.clone(),
        );
        registry.register(
            "webhook_endpoints_disabled",
            "Endpoints that the server disabled: gone (410), or failing for too long",
            self.disabled.clone(),
        );
    }

    pub(super) fn record_attempt(&self, outcome: &'static str, took: Duration) {
        self.attempts
            .get_or_create(&OutcomeLabels { outcome })
            .inc();
        self.durations.observe(took.as_secs_f64());
    }

    pub(super) fn record_disabled(&self, reason: DisableReason) {
        let reason = match reason {
            DisableReason::Gone => "gone",
            DisableReason::Failing => "failing",
        };
        self.disabled.get_or_create(&ReasonLabels { reason }).inc();
    }

    /// Updates the numbers of deliveries and endpoints from the database.
    ///
    /// # Errors
    /// Errors of the store; the gauges then keep their last values.
    pub async fn update_gauges(&self, app: &App) -> Result<()> {
        let now = app.clock().now();
        let queue = app.store().scan(move |conn| QueueCounts::load(conn, now));
        let queue = queue.await?;
        // Deliveries in memory are leased, so the database counts them as due later.
        let waiting = queue.waiting.saturating_sub(self.in_memory.get()).max(0);
        for (family, state, figure) in [
            (&self.deliveries, "due", queue.due),
            (&self.deliveries, "waiting", waiting),
            (&self.endpoints, "enabled", queue.enabled),
            (&self.endpoints, "disabled", queue.disabled),
        ] {
            family.get_or_create(&StateLabels { state }).set(figure);
        }
        Ok(())
    }
}

/// The counts that are read from the database.
struct QueueCounts {
    enabled: i64,
    disabled: i64,
    due: i64,
    waiting: i64,
}

const COUNT_QUEUE: &str = "
    SELECT count(*) FILTER (WHERE enabled = 1) AS enabled,
           count(*) FILTER (WHERE enabled = 0) AS disabled,
           coalesce(sum(due), 0) AS due, coalesce(sum(later), 0) AS later
    FROM (
        SELECT enabled,
            (SELECT count(*) FROM webhook_queue WHERE endpoint_seq = e.seq)
            + (SELECT count(*) FROM webhook_deliveries
               WHERE state = 'pending' AND endpoint_seq = e.seq AND due_at <= :now) AS due,
            (SELECT count(*) FROM webhook_deliveries
             WHERE state = 'pending' AND endpoint_seq = e.seq AND due_at > :now) AS later
        FROM webhook_endpoints e WHERE deleted_at IS NULL)";

impl QueueCounts {
    fn load(conn: &Connection, now: Timestamp) -> Result<Self> {
        let mut statement = conn.prepare_cached(COUNT_QUEUE)?;
        Ok(statement.query_row(named_params! {":now": now}, |row| {
            Ok(Self {
                enabled: row.get("enabled")?,
                disabled: row.get("disabled")?,
                due: row.get("due")?,
                waiting: row.get("later")?,
            })
        })?)
    }
}
