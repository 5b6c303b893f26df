//! Metrics of running programs, collected at each scrape.

use std::fmt;

use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, EncodeLabelSet, EncodeMetric},
    metrics::{MetricType, counter::ConstCounter, gauge::ConstGauge},
};

use crate::engine::{Engine, EngineKind, Stats, WarmProgram};

/// Collects the metrics of an engine.
pub struct ProgramMetrics(Engine);

impl ProgramMetrics {
    /// Creates the collector of an engine.
    #[must_use]
    pub fn new(engine: &Engine) -> Self {
        Self(engine.clone())
    }
}

impl fmt::Debug for ProgramMetrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Programs")
    }
}

#[derive(Debug, Clone, EncodeLabelSet)]
struct ProgramLabels {
    program: String,
    engine: &'static str,
}

#[derive(Debug, Clone, EncodeLabelSet)]
struct CallLabels {
    engine: &'static str,
    outcome: &'static str,
}

#[derive(Debug, Clone, EncodeLabelSet)]
struct EngineLabels {
    engine: &'static str,
}

const ENGINES: [EngineKind; 2] = [EngineKind::Embedded, EngineKind::Node];

impl Collector for ProgramMetrics {
    fn encode(&self, mut encoder: DescriptorEncoder) -> fmt::Result {
        let stats = self.0.stats();
        encode_gauge(
            &mut encoder,
            &stats,
            "runtime_memory_bytes",
            "Memory of a loaded program",
            |warm| warm.memory,
        )?;
        encode_gauge(
            &mut encoder,
            &stats,
            "runtime_running_calls",
            "Running calls",
            |warm| warm.running as u64,
        )?;
        encode_counts(&mut encoder, &stats)?;
        let help = "Log lines of programs that were dropped";
        let dropped = ConstCounter::new(stats.dropped_lines);
        let name = "runtime_dropped_log_lines";
        dropped.encode(encoder.encode_descriptor(name, help, None, MetricType::Counter)?)
    }
}

/// Encodes a gauge for each loaded program.
fn encode_gauge(
    encoder: &mut DescriptorEncoder<'_>,
    stats: &Stats,
    name: &str,
    help: &str,
    value: impl Fn(&WarmProgram) -> u64,
) -> fmt::Result {
    let mut family = encoder.encode_descriptor(name, help, None, MetricType::Gauge)?;
    for warm in &stats.warm {
        let labels = ProgramLabels {
            program: warm.program.clone(),
            engine: warm.engine.name(),
        };
        ConstGauge::new(value(warm)).encode(family.encode_family(&labels)?)?;
    }
    Ok(())
}

/// Encodes the numbers of calls by outcome, and of loads, for each engine.
fn encode_counts(encoder: &mut DescriptorEncoder<'_>, stats: &Stats) -> fmt::Result {
    let help = "Calls of programs by engine and outcome";
    let mut calls = encoder.encode_descriptor("runtime_calls", help, None, MetricType::Counter)?;
    for engine in ENGINES {
        let outcomes = [("answered", stats.answered), ("failed", stats.failed)];
        for (outcome, counts) in outcomes {
            let labels = CallLabels {
                engine: engine.name(),
                outcome,
            };
            ConstCounter::new(counts[engine as usize]).encode(calls.encode_family(&labels)?)?;
        }
    }
    let help = "Programs that were loaded, by engine";
    let mut loads = encoder.encode_descriptor("runtime_loads", help, None, MetricType::Counter)?;
    for engine in ENGINES {
        let labels = EngineLabels {
            engine: engine.name(),
        };
        let count = ConstCounter::new(stats.loaded[engine as usize]);
        count.encode(loads.encode_family(&labels)?)?;
    }
    Ok(())
}
