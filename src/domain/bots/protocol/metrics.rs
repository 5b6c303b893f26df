//! Metrics of calls to bots and integrations, and of the delivery queue.

use std::sync::atomic::AtomicU64;

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

use super::{
    receiver::Endpoint,
    response::{CallFailure, CallResponse},
};
use crate::{
    domain::tenancy::app::App,
    kernel::{Result, Timestamp, clock::Stopwatch},
};

/// Upper bound of the first bucket of call durations, in seconds. Each bucket doubles it; the last one ends at
/// about 65 s.
const FIRST_BUCKET: f64 = 0.001;
const BUCKETS: u16 = 17;

/// Metrics of the runtime protocol. Clones share the values.
#[derive(Clone)]
pub struct Metrics {
    calls: Family<CallLabels, Counter>,
    durations: Family<OperationLabels, Histogram>,
    running: Family<TargetLabels, Gauge>,
    deliveries: Family<DeliveryLabels, Counter>,
    queue: Family<StateLabels, Gauge>,
    lag: Gauge<f64, AtomicU64>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct CallLabels {
    operation: &'static str,
    to: &'static str,
    outcome: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OperationLabels {
    operation: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct TargetLabels {
    to: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct DeliveryLabels {
    operation: &'static str,
    outcome: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct StateLabels {
    state: &'static str,
}

impl Default for Metrics {
    fn default() -> Self {
        Self {
            calls: Family::default(),
            durations: Family::new_with_constructor(|| {
                Histogram::new(exponential_buckets(FIRST_BUCKET, 2.0, BUCKETS))
            }),
            running: Family::default(),
            deliveries: Family::default(),
            queue: Family::default(),
            lag: Gauge::default(),
        }
    }
}

impl Metrics {
    /// Registers the metrics.
    pub fn register(&self, registry: &mut Registry) {
        registry.register(
            "protocol_calls",
            "Calls of bots and integrations by operation, way (url or code) and outcome: answered, \
             refused (another status than 2xx), or no_answer",
            self.calls.clone(),
        );
        registry.register_with_unit(
            "protocol_call",
            "Time that a call of a bot or an integration took, by operation",
            Unit::Seconds,
            self.durations.clone(),
        );
        registry.register(
            "protocol_calls_running",
            "Calls of bots and integrations without a response yet, by way",
            self.running.clone(),
        );
        registry.register(
            "deliveries",
            "Delivery attempts by operation and outcome: delivered, retried (failed, and retried \
             later), or given_up",
            self.deliveries.clone(),
        );
        registry.register(
            "deliveries_queue",
            "Deliveries in the queue: due now, or waiting for the time of their next attempt",
            self.queue.clone(),
        );
        registry.register_with_unit(
            "deliveries_lag",
            "Time for which the oldest due delivery has been due",
            Unit::Seconds,
            self.lag.clone(),
        );
    }

    /// Starts the measurement of a call. The call counts as running until the returned guard is dropped.
    pub(super) fn start_call(&self, operation: &'static str, endpoint: &Endpoint) -> CallTimer {
        let to = match endpoint {
            Endpoint::Url(_) => "url",
            Endpoint::Code { .. } => "code",
            Endpoint::BuiltIn => "built_in",
            Endpoint::Missing => "nowhere",
        };
        let running = self.running.get_or_create_owned(&TargetLabels { to });
        running.inc();
        CallTimer {
            metrics: self.clone(),
            running,
            labels: CallLabels {
                operation,
                to,
                outcome: "no_answer",
            },
            watch: Stopwatch::start(),
        }
    }

    /// Counts a delivery attempt.
    pub(in crate::domain) fn count_attempt(&self, operation: &'static str, outcome: &'static str) {
        let labels = DeliveryLabels { operation, outcome };
        self.deliveries.get_or_create(&labels).inc();
    }

    /// Updates the gauges of the delivery queue from the database.
    ///
    /// # Errors
    /// Errors of the store; the gauges then keep their values.
    pub async fn update_gauges(&self, app: &App) -> Result<()> {
        let now = app.clock().now();
        let queue = app.store().scan(move |conn| QueueFigures::read(conn, now));
        let queue = queue.await?;
        for (state, figure) in [("due", queue.due), ("waiting", queue.later)] {
            self.queue.get_or_create(&StateLabels { state }).set(figure);
        }
        let lag = queue.oldest.map(|oldest| now.since(oldest));
        self.lag.set(lag.unwrap_or_default().as_secs_f64());
        Ok(())
    }
}

/// A running call. A call that is abandoned before its response is not counted.
pub(super) struct CallTimer {
    metrics: Metrics,
    running: Gauge,
    labels: CallLabels,
    watch: Stopwatch,
}

impl CallTimer {
    /// Counts the call with its outcome.
    pub(super) fn finish(mut self, outcome: &std::result::Result<CallResponse, CallFailure>) {
        self.labels.outcome = match outcome {
            Ok(answer) if answer.is_success() => "answered",
            Ok(_) => "refused",
            Err(_) => "no_answer",
        };
        let operation = self.labels.operation;
        self.metrics.calls.get_or_create(&self.labels).inc();
        self.metrics
            .durations
            .get_or_create(&OperationLabels { operation })
            .observe(self.watch.elapsed().as_secs_f64());
    }
}

impl Drop for CallTimer {
    fn drop(&mut self) {
        self.running.dec();
    }
}

/// Size and age of the delivery queue.
struct QueueFigures {
    due: i64,
    later: i64,
    oldest: Option<Timestamp>,
}

const QUEUE: &str = "
    SELECT count(*) FILTER (WHERE due_at <= :now) AS due,
           count(*) FILTER (WHERE due_at > :now) AS later,
           min(due_at) FILTER (WHERE due_at <= :now) AS oldest
    FROM bot_deliveries";

impl QueueFigures {
    fn read(conn: &Connection, now: Timestamp) -> Result<Self> {
        let mut statement = conn.prepare_cached(QUEUE)?;
        Ok(statement.query_row(named_params! {":now": now}, |row| {
            Ok(Self {
                due: row.get("due")?,
                later: row.get("later")?,
                oldest: row.get("oldest")?,
            })
        })?)
    }
}
