//! Metrics of tunnels, collected at each scrape.

use std::fmt;

use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, EncodeLabelSet, EncodeMetric},
    metrics::{MetricType, counter::ConstCounter, gauge::ConstGauge},
};

use crate::net::tunnels::{OUTCOMES, Tunnels};

/// Collects the metrics of the tunnels.
#[derive(Debug)]
pub struct TunnelMetrics(Tunnels);

impl TunnelMetrics {
    /// Creates the collector of these tunnels.
    #[must_use]
    pub fn new(tunnels: &Tunnels) -> Self {
        Self(tunnels.clone())
    }
}

#[derive(Debug, Clone, EncodeLabelSet)]
struct OutcomeLabels {
    outcome: &'static str,
}

impl Collector for TunnelMetrics {
    fn encode(&self, mut encoder: DescriptorEncoder) -> fmt::Result {
        let stats = self.0.stats();
        let help = "Tunnels that have a client";
        let gauge = encoder.encode_descriptor("tunnels_open", help, None, MetricType::Gauge)?;
        ConstGauge::new(u64::try_from(stats.open).unwrap_or(u64::MAX)).encode(gauge)?;
        let help = "Clients that have connected to tunnels";
        let name = "tunnel_connections";
        let counter = encoder.encode_descriptor(name, help, None, MetricType::Counter)?;
        ConstCounter::new(stats.connections).encode(counter)?;
        let help = "Requests through tunnels by outcome";
        let name = "tunnel_requests";
        let mut family = encoder.encode_descriptor(name, help, None, MetricType::Counter)?;
        for (outcome, count) in OUTCOMES.into_iter().zip(stats.requests) {
            let labels = OutcomeLabels { outcome };
            ConstCounter::new(count).encode(family.encode_family(&labels)?)?;
        }
        Ok(())
    }
}
