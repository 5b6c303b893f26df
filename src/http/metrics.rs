//! `/metrics`: what Prometheus reads.

use std::{sync::Arc, time::Duration};

use poem::{Endpoint, EndpointExt, IntoResponse, Response, endpoint::make};
use prometheus_client::{
    encoding::{EncodeLabelSet, text::encode},
    metrics::{
        counter::Counter,
        family::Family,
        histogram::{Histogram, exponential_buckets},
    },
    registry::Registry,
};
use tracing::warn;

use crate::domain::Domain;

/// The first bucket of request durations, in seconds.
const FASTEST: f64 = 0.000_25;
/// The number of buckets; each is twice the one before, so the last ends at about 8 s.
const BUCKETS: u16 = 16;

/// The counters of requests. Clones share them.
#[derive(Clone)]
pub struct Metrics(Arc<Inner>);

struct Inner {
    registry: Registry,
    requests: Family<RequestLabels, Counter>,
    durations: Family<OperationLabels, Histogram>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RequestLabels {
    dialect: &'static str,
    operation: &'static str,
    status: u16,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OperationLabels {
    dialect: &'static str,
    operation: &'static str,
}

impl Metrics {
    /// New counters, beside those that `others` adds.
    #[must_use]
    pub fn new(others: impl FnOnce(&mut Registry)) -> Self {
        let mut registry = Registry::with_prefix("parlance");
        let requests = Family::default();
        let durations = Family::new_with_constructor(
            (|| Histogram::new(exponential_buckets(FASTEST, 2.0, BUCKETS))) as fn() -> Histogram,
        );
        registry.register(
            "http_requests",
            "Requests by dialect, operation and status",
            requests.clone(),
        );
        registry.register(
            "http_request_duration_seconds",
            "Time from the request's head to its answer, by dialect and operation",
            durations.clone(),
        );
        others(&mut registry);
        Self(Arc::new(Inner {
            registry,
            requests,
            durations,
        }))
    }

    /// Counts an answered request.
    pub fn count_request(
        &self,
        dialect: &'static str,
        operation: &'static str,
        status: u16,
        took: Duration,
    ) {
        self.0
            .requests
            .get_or_create(&RequestLabels {
                dialect,
                operation,
                status,
            })
            .inc();
        self.0
            .durations
            .get_or_create(&OperationLabels { dialect, operation })
            .observe(took.as_secs_f64());
    }

    /// The page that Prometheus reads.
    #[must_use]
    pub fn endpoint(&self, domain: &Domain) -> impl Endpoint<Output = Response> + use<> {
        let (metrics, domain) = (self.clone(), domain.clone());
        make(move |_| {
            let (metrics, domain) = (metrics.clone(), domain.clone());
            async move {
                let webhooks = domain.webhooks().metrics();
                if let Err(error) = webhooks.measure(&domain).await {
                    warn!(%error, "the metrics of webhooks are those of the last time");
                }
                if let Err(error) = domain.telling().measure(&domain).await {
                    warn!(%error, "the metrics of deliveries are those of the last time");
                }
                metrics.page()
            }
        })
        .map_to_response()
    }

    fn page(&self) -> Response {
        let mut text = String::new();
        match encode(&mut text, &self.0.registry) {
            Ok(()) => text
                .with_content_type("application/openmetrics-text; version=1.0.0; charset=utf-8")
                .into_response(),
            Err(_) => poem::http::StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        }
    }
}
