//! Metrics of the writer.

use prometheus_client::{
    metrics::{
        gauge::Gauge,
        histogram::{Histogram, exponential_buckets},
    },
    registry::{Registry, Unit},
};

/// The writer's metrics.
#[derive(Debug, Clone)]
pub struct Metrics {
    /// Number of jobs per commit.
    pub batch_size: Histogram,
    /// Duration of COMMIT in seconds: mostly the wait for the disk.
    pub commit_seconds: Histogram,
    /// Number of jobs that wait for the writer.
    pub queue_depth: Gauge,
}

impl Metrics {
    pub(super) fn new() -> Self {
        Self {
            batch_size: Histogram::new(exponential_buckets(1.0, 2.0, 10)),
            commit_seconds: Histogram::new(exponential_buckets(0.000_1, 2.0, 15)),
            queue_depth: Gauge::default(),
        }
    }

    /// Adds the metrics to a registry, under names that begin with `store_`.
    pub fn register(&self, registry: &mut Registry) {
        registry.register(
            "store_batch_size",
            "Jobs per commit",
            self.batch_size.clone(),
        );
        registry.register_with_unit(
            "store_commit",
            "Time that a commit took",
            Unit::Seconds,
            self.commit_seconds.clone(),
        );
        registry.register(
            "store_queue_depth",
            "Jobs that wait for the writer",
            self.queue_depth.clone(),
        );
    }
}
